/* The settings of the kind, as the dialect takes them: read in the same way by the running adapter
 * and by the commands, so that both speak to the same portal with the same words. */
#include "adapters/portal/portal_setup.h"

enum reason portal_setup_read(const struct office_settings *office,
                              const struct portal_settings *portal, const char *files_base,
                              const char *files_token, struct portal_setup *ret_setup,
                              const char **ret_what)
{
    struct portal_setup *setup = ret_setup;
    enum reason reason = office_files_read(office, &setup->files, ret_what);
    setup->settings =
        json_pack("{s:s, s:s, s:s, s:s}", "unit", portal->unit, "dstcode", portal->dstcode,
                  "auth_path", portal->auth_path, "integration_path", portal->integration_path);
    if (reason == REASON_NONE && setup->settings == NULL)
        reason = REASON_OUT_OF_MEMORY;
    setup->options = (struct portal_dialect_options){
        .base_url = office->url,
        .mapping = buffer_view(&setup->files.mapping),
        .settings = setup->settings,
        .credentials = setup->files.credentials,
        .headers = portal->headers,
        .files_base = portal->files_url[0] != 0 ? portal->files_url : files_base,
        .files_token = files_token,
    };
    return reason;
}

void portal_setup_release(struct portal_setup *setup)
{
    office_files_release(&setup->files);
    json_decref(setup->settings);
}
