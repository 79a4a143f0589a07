/* One value of a settings file: read strictly, with its unit written out. "30" for a duration is
 * refused, because half of all readers would take it for seconds and the other half for minutes.
 */
#include "proto/settings/value.h"

#include <string.h>

/* A number is at most 18 digits: it fits int64_t before any unit is applied. */
enum { DIGITS_MAX = 18 };

static bool is_text(enum setting_kind kind)
{
    return kind == SETTING_TEXT || kind == SETTING_PATH;
}

/* A row that gives neither bound has the kind's own: only plain integers may be negative. */
int64_t setting_min(const struct setting *setting)
{
    bool given = setting->min != 0 || setting->max != 0;
    if (given)
        return setting->min;
    return setting->kind == SETTING_INTEGER ? INT64_MIN : 0;
}

/* A text may be as long as its member holds, with the zero at its end. */
int64_t setting_max(const struct setting *setting)
{
    bool given = setting->min != 0 || setting->max != 0;
    if (given)
        return setting->max;
    return is_text(setting->kind) ? (int64_t)setting->field_bytes - 1 : INT64_MAX;
}

/* The member is written by its size alone, so that a row over a member of another type would write
 * beside it. */
bool setting_field_fits(const struct setting *setting)
{
    switch (setting->kind) {
    case SETTING_TEXT:
    case SETTING_PATH:
        return setting->field_bytes > 1 && setting_max(setting) < (int64_t)setting->field_bytes;
    case SETTING_BOOLEAN:
        return setting->field_bytes == sizeof(bool);
    case SETTING_CHOICE:
        return setting->field_bytes == sizeof(int) && setting->choices != NULL;
    case SETTING_INTEGER:
    case SETTING_DURATION:
    case SETTING_SIZE:
        return setting->field_bytes == sizeof(int64_t);
    case SETTING_RETIRED:
        return setting->field_bytes == 0;
    }
    return false;
}

/* Reads digits from the start of text; what follows them is the unit. */
static bool read_number(struct bytes text, int64_t *ret_number, struct bytes *ret_unit)
{
    size_t at = text.size > 0 && text.data[0] == '-' ? 1 : 0;
    size_t first = at;
    int64_t number = 0;
    while (at < text.size && text.data[at] >= '0' && text.data[at] <= '9') {
        if (at - first == DIGITS_MAX)
            return false;
        number = number * 10 + (text.data[at] - '0');
        at++;
    }
    if (at == first)
        return false;
    *ret_number = first == 1 ? -number : number;
    *ret_unit = (struct bytes){text.data + at, text.size - at};
    return true;
}

struct unit {
    const char *name;
    int64_t factor;
};

/* Of a duration no unit is the empty one, so that a bare number is no duration; bytes may be
 * counted without one. */
static const struct unit duration_units[] = {
    {"ms", 1}, {"s", 1000}, {"m", 60 * 1000}, {"h", 3600 * 1000L}, {"d", 86400 * 1000L}};
static const struct unit size_units[] = {
    {"", 1}, {"KiB", 1L << 10}, {"MiB", 1L << 20}, {"GiB", 1L << 30}};
static const struct unit no_units[] = {{"", 1}};

static enum value_verdict read_amount(struct bytes text, const struct unit *units, size_t count,
                                      int64_t *ret_amount)
{
    int64_t number;
    struct bytes unit;
    if (!read_number(text, &number, &unit))
        return VALUE_WRONG_KIND;
    for (size_t i = 0; i < count; i++) {
        if (!bytes_equal(unit, bytes_of_text(units[i].name)))
            continue;
        return __builtin_mul_overflow(number, units[i].factor, ret_amount) ? VALUE_OUT_OF_RANGE
                                                                           : VALUE_FITS;
    }
    return VALUE_WRONG_KIND;
}

static enum value_verdict read_integer(const struct setting *setting, struct bytes text, bool plain,
                                       int64_t *ret_number)
{
    int64_t number;
    enum value_verdict verdict;
    if (setting->kind == SETTING_DURATION)
        verdict = read_amount(text, duration_units, sizeof duration_units / sizeof *duration_units,
                              &number);
    else if (setting->kind == SETTING_SIZE)
        verdict = read_amount(text, size_units, sizeof size_units / sizeof *size_units, &number);
    else
        verdict = plain ? read_amount(text, no_units, 1, &number) : VALUE_WRONG_KIND;
    if (verdict != VALUE_FITS)
        return verdict;
    if (number < setting_min(setting) || number > setting_max(setting))
        return VALUE_OUT_OF_RANGE;
    *ret_number = number;
    return VALUE_FITS;
}

/* Only these two words. YAML 1.1 also reads "yes", "on" and "NO" as booleans, and NO may be a code
 * of something. */
static enum value_verdict read_boolean(struct bytes text, bool plain, bool *ret_value)
{
    bool yes = bytes_equal(text, bytes_of_text("true"));
    if (!plain || (!yes && !bytes_equal(text, bytes_of_text("false"))))
        return VALUE_WRONG_KIND;
    *ret_value = yes;
    return VALUE_FITS;
}

/* The member gets the word's position, so that the enum behind it has to have the table's order. */
static enum value_verdict read_choice(const struct setting *setting, struct bytes text,
                                      int *ret_position)
{
    const char *word = setting->choices;
    for (int position = 0;; position++) {
        size_t length = strcspn(word, " ");
        if (bytes_equal(text, (struct bytes){(const uint8_t *)word, length})) {
            *ret_position = position;
            return VALUE_FITS;
        }
        if (word[length] == 0)
            return VALUE_OUT_OF_RANGE;
        word += length + 1;
    }
}

/* Text without control characters; a path with its folder before it. */
static enum value_verdict read_text(const struct setting *setting, struct bytes text,
                                    const char *folder, char *ret_field)
{
    bool relative =
        setting->kind == SETTING_PATH && folder != NULL && text.size > 0 && text.data[0] != '/';
    size_t before = relative ? strlen(folder) + 1 : 0;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < ' ' || text.data[i] == 127)
            return VALUE_WRONG_KIND;
    }
    if ((int64_t)text.size < setting_min(setting) ||
        (int64_t)(before + text.size) > setting_max(setting))
        return VALUE_OUT_OF_RANGE;
    if (ret_field == NULL)
        return VALUE_FITS;
    if (relative) {
        memcpy(ret_field, folder, before - 1);
        ret_field[before - 1] = '/';
    }
    if (text.size > 0)
        memcpy(ret_field + before, text.data, text.size);
    ret_field[before + text.size] = 0;
    return VALUE_FITS;
}

/* values NULL: judged only, which is how load.c walks a file before it writes anything. A quoted
 * number is a text to YAML and none to us (plain). */
enum value_verdict value_read(const struct setting *setting, struct bytes text, bool plain,
                              const char *folder, void *values)
{
    char *field = values == NULL ? NULL : (char *)values + setting->offset;
    union {
        int64_t number;
        bool yes;
        int position;
    } value;
    enum value_verdict verdict = VALUE_WRONG_KIND;
    switch (setting->kind) {
    case SETTING_TEXT:
    case SETTING_PATH:
        return read_text(setting, text, folder, field);
    case SETTING_BOOLEAN:
        verdict = read_boolean(text, plain, &value.yes);
        break;
    case SETTING_CHOICE:
        verdict = read_choice(setting, text, &value.position);
        break;
    case SETTING_INTEGER:
    case SETTING_DURATION:
    case SETTING_SIZE:
        verdict = read_integer(setting, text, plain, &value.number);
        break;
    case SETTING_RETIRED:
        return VALUE_FITS;
    }
    if (verdict == VALUE_FITS && field != NULL)
        memcpy(field, &value, setting->field_bytes);
    return verdict;
}
