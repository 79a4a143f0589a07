/* What an operator may set of a desk. It holds no key: what it may do, the adapter's token lets it
 * do, and the people's roles bound that further. */
#include "adapters/desk/desk_settings.h"

#include <string.h>

#include "proto/base/key.h"

#define ROW(name, kind, member, ...)                                                               \
    SETTING_ROW(name, kind, struct desk_settings, member, __VA_ARGS__)

const struct setting desk_settings_table[DESK_SETTINGS_ROWS] = {
#include "adapters/desk/desk_settings.def"
};

/* The schemes that the client and a browser's Origin know. */
static bool is_url(const char *text)
{
    return strncmp(text, "http://", 7) == 0 || strncmp(text, "https://", 8) == 0;
}

const char *desk_settings_fault(const void *values)
{
    const struct desk_settings *settings = values;
    struct key key;
    const struct api_doors *doors = &settings->doors;
    if (!key_parse(bytes_of_text(settings->participant), &key))
        return "participant";
    if (settings->adapter_url[0] != 0 && !is_url(settings->adapter_url))
        return "adapter.url";
    if (settings->gateway_url[0] != 0 && !is_url(settings->gateway_url))
        return "gateway.url";
    if (settings->public_url[0] != 0 && !is_url(settings->public_url))
        return "public_url";
    if (doors->port == API_PORT_NONE && doors->listen[0] == 0 && doors->socket[0] == 0)
        return "port";
    if (doors->listen[0] != 0 && (doors->certificate_file[0] == 0 || doors->key_file[0] == 0))
        return doors->certificate_file[0] == 0 ? "certificate_file" : "key_file";
    return NULL;
}
