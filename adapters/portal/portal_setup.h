/* portal_setup - the portal's dialect as an adapter's settings describe it, for the adapter and for
 * the commands of `lienthong portal`. Reads the mapping and the credentials. */
#pragma once

#include "adapters/http/office_files.h"
#include "adapters/portal/portal_dialect.h"
#include "adapters/portal/portal_settings.h"

struct portal_setup {
    struct portal_dialect_options options;
    struct office_files files;
    json_t *settings;
};

/* files_base: the local API's address, used unless the settings name another; may be "". On failure
 * *ret_what is the file at fault. To be released in any case. */
enum reason portal_setup_read(const struct office_settings *office,
                              const struct portal_settings *portal, const char *files_base,
                              const char *files_token, struct portal_setup *ret_setup,
                              const char **ret_what);
void portal_setup_release(struct portal_setup *setup);
