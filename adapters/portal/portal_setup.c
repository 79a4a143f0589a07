#include "adapters/portal/portal_setup.h"

#include <string.h>

#include "gateway/api/json_text.h"

enum { CREDENTIALS_BYTES_MAX = 16 * 1024 };

enum reason portal_setup_read(const struct adapter_settings *settings, const char *files_base,
                              const char *files_token, struct portal_setup *ret_setup,
                              const char **ret_what)
{
    struct portal_setup *setup = ret_setup;
    struct buffer text;
    *setup = (struct portal_setup){.credentials = NULL};
    buffer_init(&setup->mapping, MAPPING_PROGRAM_BYTES_MAX);
    *ret_what = settings->office.mapping;
    enum reason reason = file_read(settings->office.mapping, &setup->mapping);
    if (reason == REASON_NONE && settings->office.credentials_file[0] != 0) {
        *ret_what = settings->office.credentials_file;
        buffer_init(&text, CREDENTIALS_BYTES_MAX);
        reason = file_read_secret(settings->office.credentials_file, &text);
        if (reason == REASON_NONE)
            reason = json_text_read(buffer_view(&text), &setup->credentials);
        if (text.size > 0)
            explicit_bzero(text.data, text.size);
        buffer_release(&text);
    }
    setup->settings = json_pack("{s:s, s:s, s:s, s:s}", "unit", settings->portal.unit, "dstcode",
                                settings->portal.dstcode, "auth_path", settings->portal.auth_path,
                                "integration_path", settings->portal.integration_path);
    if (reason == REASON_NONE && setup->settings == NULL)
        reason = REASON_OUT_OF_MEMORY;
    setup->options = (struct portal_dialect_options){
        .base_url = settings->office.url,
        .mapping = buffer_view(&setup->mapping),
        .settings = setup->settings,
        .credentials = setup->credentials,
        .headers = settings->portal.headers,
        .files_base = settings->portal.files_url[0] != 0 ? settings->portal.files_url : files_base,
        .files_token = files_token,
    };
    return reason;
}

void portal_setup_release(struct portal_setup *setup)
{
    buffer_release(&setup->mapping);
    json_decref(setup->credentials);
    json_decref(setup->settings);
}
