/* What an operator may set of a carrier. It has no signing key and no store: it carries frames
 * that it cannot read the documents of, so its CURVE key and the registry, which names whom it
 * carries, are all it needs. */
#include "adapters/carrier/carrier_settings.h"

#include "proto/base/key.h"

#define ROW(name, kind, member, ...)                                                               \
    SETTING_ROW(name, kind, struct carrier_settings, member, __VA_ARGS__)

const struct setting carrier_settings_table[CARRIER_SETTINGS_ROWS] = {
#include "adapters/carrier/carrier_settings.def"
};

static bool is_key(const char *text)
{
    struct key key;
    return key_parse(bytes_of_text(text), &key);
}

const char *carrier_settings_fault(const void *values)
{
    const struct carrier_settings *settings = values;
    struct curve_key key;
    if (!is_key(settings->carrier))
        return "carrier";
    if (!is_key(settings->gateway.participant))
        return "gateway.participant";
    if (settings->gateway.public_key[0] != 0 &&
        !curve_key_parse(bytes_of_text(settings->gateway.public_key), &key))
        return "gateway.public_key";
    return NULL;
}
