/* What an operator may set of an adapter: rows of its own, the API's doors, and those that each
 * kind of office brings, which are moved to the place of the kind's struct in struct
 * adapter_settings. All kinds' rows are there whichever is in use, so that one file may be
 * switched from one kind to another. */
#include "adapters/shell/adapter_settings.h"

#include <string.h>

#include "proto/base/check.h"
#include "proto/base/key.h"
#include "proto/link/link.h"

#define ROW(name, kind, member, ...)                                                               \
    SETTING_ROW(name, kind, struct adapter_settings, member, __VA_ARGS__)

#define API_PORT_FALLBACK "7650"

#define KIND(name, english, vietnamese) " " #name
static const char kind_names[] =
#include "adapters/kinds.def"
    ;
#undef KIND
#define KIND(name, english, vietnamese) " " #name ": " english "."
static const char kinds_english[] = "What the back office is."
#include "adapters/kinds.def"
    ;
#undef KIND
#define KIND(name, english, vietnamese) " " #name ": " vietnamese "."
static const char kinds_vietnamese[] = "Cách làm việc với phần mềm cơ quan."
#include "adapters/kinds.def"
    ;
#undef KIND

static const struct setting own_rows[] = {
#include "adapters/shell/adapter_settings.def"
};

enum { OWN_ROWS = sizeof own_rows / sizeof *own_rows };

const struct setting *adapter_settings_rows(size_t *ret_count)
{
    static struct setting rows[SETTINGS_ROWS_MAX];
    size_t count = OWN_ROWS;
    memcpy(rows, own_rows, sizeof own_rows);
    for (size_t i = 0; i < OFFICE_KIND_COUNT; i++) {
        for (size_t k = 0; k < office_kinds[i]->settings_count; k++) {
            check(count < SETTINGS_ROWS_MAX);
            rows[count] = office_kinds[i]->settings[k];
            rows[count++].offset += offsetof(struct adapter_settings, kinds[i]);
        }
    }
    *ret_count = count;
    return rows;
}

const struct office_kind *adapter_settings_kind(const struct adapter_settings *settings)
{
    return office_kinds[settings->office.kind];
}

const void *adapter_settings_of_kind(const struct adapter_settings *settings)
{
    return settings->kinds[settings->office.kind].bytes;
}

static bool is_key(const char *text)
{
    struct key key;
    return key_parse(bytes_of_text(text), &key);
}

static bool is_url(const char *text)
{
    return strncmp(text, "http://", 7) == 0 || strncmp(text, "https://", 8) == 0;
}

const char *adapter_settings_fault(const void *values)
{
    const struct adapter_settings *settings = values;
    struct curve_key key;
    if (!is_key(settings->participant))
        return "participant";
    if (!is_key(settings->gateway.participant))
        return "gateway.participant";
    if (settings->gateway.public_key[0] != 0 &&
        !curve_key_parse(bytes_of_text(settings->gateway.public_key), &key))
        return "gateway.public_key";
    for (size_t i = 0; i < OFFICE_KIND_COUNT; i++) {
        const struct office_kind *kind = office_kinds[i];
        const char *fault =
            kind->settings_fault == NULL ? NULL : kind->settings_fault(settings->kinds[i].bytes);
        if (fault != NULL)
            return fault;
    }
    const char *door = api_doors_fault(&settings->api);
    if (door != NULL || adapter_settings_kind(settings)->open == NULL)
        return door;
    if (!is_url(settings->office.url))
        return "office.url";
    return settings->office.mapping[0] == 0 ? "office.mapping" : NULL;
}
