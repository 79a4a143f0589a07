/* What the kind "portal" needs of the program around it: settings, links, and what the registry
 * knows of a dossier's procedure and agency. */
#include <stdio.h>

#include "adapters/portal/portal_office.h"
#include "adapters/portal/portal_setup.h"
#include "adapters/shell/adapter.h"
#include "gateway/api/json_text.h"
#include "proto/base/check.h"
#include "routing/registry/registry.h"

enum reason adapter_portal_start(struct adapter *adapter, char ret_fault[MAPPING_FAULT_BYTES])
{
    const struct adapter_settings *settings = &adapter->settings;
    struct portal_setup setup;
    char ledger[FILE_PATH_BYTES_MAX];
    const char *what = "";
    if (!file_path_join(settings->state_directory, PORTAL_LEDGER_NAME, ledger))
        return REASON_SETTINGS_INVALID;
    enum reason reason = portal_setup_read(settings, "", "", &setup, &what);
    (void)snprintf(ret_fault, MAPPING_FAULT_BYTES, "%s", what);
    struct portal_options options = {
        .dialect = setup.options,
        .ledger = ledger,
        .ca_file = settings->office.ca_file[0] == 0 ? NULL : settings->office.ca_file,
        .connect_timeout_ms = (uint32_t)settings->office.connect_timeout_ms,
        .timeout_ms = (uint32_t)settings->office.timeout_ms,
        .calls_max = (uint32_t)settings->office.window,
        .requests_max = (uint32_t)settings->portal.requests,
        .batch_max = (uint32_t)settings->portal.batch,
        .keep_days = (uint32_t)settings->portal.keep_days,
    };
    check(portal_windows_parse(settings->portal.maintenance, &options.windows));
    if (reason == REASON_NONE)
        reason = portal_office_new(&options, &adapter->office, ret_fault);
    portal_setup_release(&setup);
    return reason;
}

void adapter_portal_ready(struct adapter *adapter)
{
    const struct message_links *links = local_api_links(adapter->api);
    bool has_own = adapter->settings.portal.files_url[0] != 0;
    struct store_positions positions;
    bool has_history =
        adapter->store->verbs->positions(adapter->store, &positions) == REASON_NONE &&
        positions.next_message_seq > 1;
    portal_office_set_history(adapter->office, has_history);
    portal_office_set_files(
        adapter->office, has_own ? adapter->settings.portal.files_url : links->base, links->token);
}

/* The agency that the dossier is with: the sender, if it is one; otherwise who was named, or who is
 * competent for the procedure. */
static const struct agency *agency_of(const struct registry *registry, const json_t *envelope,
                                      const struct procedure *procedure)
{
    static const char *const names[] = {"sender", "recipient"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *text = json_string_value(json_object_get(envelope, names[i]));
        struct key key;
        if (text == NULL || !key_parse(bytes_of_text(text), &key))
            continue;
        const struct agency *agency = registry_agency(registry, &key);
        if (agency != NULL && agency->role == ROLE_AGENCY)
            return agency;
    }
    return procedure == NULL ? NULL : procedure->agency;
}

bool adapter_portal_describe(const struct adapter *adapter, json_t *message)
{
    const json_t *envelope = json_object_get(message, "envelope");
    const char *code = json_string_value(json_object_get(envelope, "procedure_code"));
    const struct procedure *procedure =
        code == NULL ? NULL : registry_procedure(adapter->registry, bytes_of_text(code));
    const struct agency *agency = agency_of(adapter->registry, envelope, procedure);
    json_t *known = json_object();
    bool described = json_put(message, "registry", known);
    if (described && procedure != NULL)
        described = json_put(known, "procedure",
                             json_pack("{s:s, s:s, s:s}", "code", procedure->code, "name",
                                       procedure->name_vi, "field_code", procedure->field_code));
    if (described && agency != NULL)
        described = json_put(known, "agency",
                             json_pack("{s:s, s:s, s:s}", "key", agency->key.text, "code",
                                       agency->official_code, "name", agency->name_vi));
    return described;
}
