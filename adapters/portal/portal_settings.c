/* What an operator may set of the kind "portal". Paths and codes are settings because the
 * interface is to be replaced (decree 278/2025/NĐ-CP) and provinces stand behind different
 * platforms; what the words mean is the mapping's. */
#include "adapters/portal/portal_settings.h"

#include "adapters/portal/portal_office.h"

#define ROW(name, kind, member, ...)                                                               \
    SETTING_ROW(name, kind, struct portal_settings, member, __VA_ARGS__)

const struct setting portal_settings_table[PORTAL_SETTINGS_ROWS] = {
#include "adapters/portal/portal_settings.def"
};

_Static_assert(sizeof(struct portal_settings) <= KIND_SETTINGS_BYTES_MAX, "kind.h");

const char *portal_settings_fault(const void *own)
{
    const struct portal_settings *settings = own;
    struct portal_windows windows;
    return portal_windows_parse(settings->maintenance, &windows) ? NULL : "portal.maintenance";
}
