/* The kind "portal" of the table of kinds (port/kind.h): its settings become the options of
 * portal_office.c. The windows were checked with the settings, and cannot fail here. */
#include <stdio.h>

#include "adapters/portal/portal_office.h"
#include "adapters/portal/portal_setup.h"
#include "proto/base/check.h"

static enum reason portal_open(const struct office_settings *settings, const void *own,
                               const char *state_directory, struct office **ret_office,
                               char ret_fault[OFFICE_FAULT_BYTES])
{
    const struct portal_settings *portal = own;
    struct portal_setup setup;
    char ledger[FILE_PATH_BYTES_MAX];
    const char *what = "";
    if (!file_path_join(state_directory, PORTAL_LEDGER_NAME, ledger))
        return REASON_SETTINGS_INVALID;
    enum reason reason = portal_setup_read(settings, portal, "", "", &setup, &what);
    (void)snprintf(ret_fault, OFFICE_FAULT_BYTES, "%s", what);
    struct portal_options options = {
        .dialect = setup.options,
        .ledger = ledger,
        .ca_file = settings->ca_file[0] == 0 ? NULL : settings->ca_file,
        .connect_timeout_ms = (uint32_t)settings->connect_timeout_ms,
        .timeout_ms = (uint32_t)settings->timeout_ms,
        .calls_max = (uint32_t)settings->window,
        .requests_max = (uint32_t)portal->requests,
        .batch_max = (uint32_t)portal->batch,
        .keep_days = (uint32_t)portal->keep_days,
    };
    check(portal_windows_parse(portal->maintenance, &options.windows));
    if (reason == REASON_NONE)
        reason = portal_office_new(&options, ret_office, ret_fault);
    portal_setup_release(&setup);
    return reason;
}

const struct office_kind office_kind_portal = {
    .name = "portal",
    .has_book = true,
    .settings = portal_settings_table,
    .settings_count = PORTAL_SETTINGS_ROWS,
    .settings_fault = portal_settings_fault,
    .open = portal_open,
};
