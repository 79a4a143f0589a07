/* The kind "rest" of the table of kinds (port/kind.h). It has no settings of its own: office.* and
 * the mapping say everything. Files are read once, here; rest_office.c keeps what it needs of
 * them. */
#include <stdio.h>

#include "adapters/http/office_files.h"
#include "adapters/rest/rest_office.h"

static enum reason rest_open(const struct office_settings *settings, const void *own,
                             const char *state_directory, struct office **ret_office,
                             char ret_fault[OFFICE_FAULT_BYTES])
{
    struct office_files files;
    const char *what;
    (void)own;
    (void)state_directory;
    enum reason reason = office_files_read(settings, &files, &what);
    (void)snprintf(ret_fault, OFFICE_FAULT_BYTES, "%s", what);
    const struct rest_options options = {
        .base_url = settings->url,
        .ca_file = settings->ca_file[0] == 0 ? NULL : settings->ca_file,
        .mapping = buffer_view(&files.mapping),
        .credentials = files.credentials,
        .connect_timeout_ms = (uint32_t)settings->connect_timeout_ms,
        .timeout_ms = (uint32_t)settings->timeout_ms,
        .calls_max = (uint32_t)settings->window,
    };
    if (reason == REASON_NONE)
        reason = rest_office_new(&options, ret_office, ret_fault);
    office_files_release(&files);
    return reason;
}

const struct office_kind office_kind_rest = {.name = "rest", .open = rest_open};
