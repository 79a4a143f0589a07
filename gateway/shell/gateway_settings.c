/* What an operator may set of the gateway. Each row is documented in both languages, because
 * `--help-settings` and the manual are made of this table and of nothing else. Bounds of memory
 * follow from these numbers: broker_memory_bytes takes all of it at the start, and a value that is
 * too large fails there and not in the night. */
#include "gateway/shell/gateway_settings.h"

#define API_PORT_FALLBACK "-1"
#define ROW(name, kind, member, ...)                                                               \
    SETTING_ROW(name, kind, struct gateway_settings, member, __VA_ARGS__)

const struct setting gateway_settings_table[GATEWAY_SETTINGS_ROWS] = {
#include "gateway/shell/gateway_settings.def"
};
