#include "tests/standins/portal/portal_rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/day.h"
#include "proto/base/utf8.h"

bool fault_at(struct portal_fault *ret_fault, const char *field)
{
    (void)snprintf(ret_fault->field, sizeof ret_fault->field, "%s", field);
    return true;
}

const char *portal_text(const json_t *entry, const char *field)
{
    const char *text = json_string_value(json_object_get(entry, field));
    return text == NULL ? "" : text;
}

static bool is_digits(const char *text, size_t at_most)
{
    size_t size = strlen(text);
    return size > 0 && size <= at_most && strspn(text, "0123456789") == size;
}

int portal_code(const json_t *entry, const char *field)
{
    enum { CODE_DIGITS = 4 };
    const json_t *value = json_object_get(entry, field);
    if (json_is_integer(value) && json_integer_value(value) >= 0 &&
        json_integer_value(value) < 10000)
        return (int)json_integer_value(value);
    if (json_is_string(value) && is_digits(json_string_value(value), CODE_DIGITS))
        return (int)strtol(json_string_value(value), NULL, 10);
    return -1;
}

/* ---- types -------------------------------------------------------------------------------- */

static bool is_among(const char *text, const char *codes)
{
    size_t size = strlen(text);
    for (const char *code = codes; *code != 0;) {
        size_t length = strcspn(code, " ");
        if (length == size && memcmp(code, text, size) == 0)
            return true;
        code += length;
        code += strspn(code, " ");
    }
    return false;
}

static bool number_is_among(const json_t *value, const char *codes)
{
    char text[24];
    if (json_is_string(value))
        return is_among(json_string_value(value), codes);
    (void)snprintf(text, sizeof text, "%lld", (long long)json_integer_value(value));
    return json_is_integer(value) && is_among(text, codes);
}

static bool is_amount(const json_t *value)
{
    enum { DIGITS_MAX = 15 }; /* what a double holds exactly: many systems read it as one */
    if (json_is_integer(value))
        return json_integer_value(value) >= 0;
    return json_is_string(value) && is_digits(json_string_value(value), DIGITS_MAX);
}

static int two_digits(const char *text)
{
    return (text[0] - '0') * 10 + (text[1] - '0');
}

static bool is_date(const json_t *value)
{
    enum { DIGITS = 14, DAY_SIZE = 11 };
    const char *text = json_string_value(value);
    char day[DAY_SIZE];
    civil_day_t parsed;
    if (text == NULL || strlen(text) != DIGITS || !is_digits(text, DIGITS))
        return false;
    (void)snprintf(day, sizeof day, "%.4s-%.2s-%.2s", text, text + 4, text + 6);
    return day_parse(bytes_of_text(day), &parsed) && two_digits(text + 8) < 24 &&
           two_digits(text + 10) < 60 && two_digits(text + 12) < 60;
}

static bool is_moment(const json_t *value)
{
    struct stamp stamp;
    const char *text = json_string_value(value);
    return text != NULL && stamp_parse(bytes_of_text(text), &stamp);
}

static bool is_text(const json_t *value, size_t characters_max)
{
    size_t characters = 0;
    struct bytes text = {(const uint8_t *)json_string_value(value), json_string_length(value)};
    return json_is_string(value) && utf8_is_valid(text, &characters) &&
           characters <= characters_max;
}

static bool is_address(const json_t *value, size_t characters_max)
{
    const char *text = json_string_value(value);
    return is_text(value, characters_max) &&
           (strncmp(text, "http://", 7) == 0 || strncmp(text, "https://", 8) == 0) &&
           strpbrk(text, " \t\r\n") == NULL;
}

/* ---- entries ------------------------------------------------------------------------------ */

static bool list_is_faulty(const struct field_rule *rule, const json_t *list, int state,
                           struct portal_fault *ret_fault)
{
    size_t index;
    const json_t *entry;
    if (!json_is_array(list) || json_array_size(list) > rule->bound)
        return fault_at(ret_fault, rule->name);
    json_array_foreach(list, index, entry)
    {
        if (entry_is_faulty(rule->table, entry, state, ret_fault))
            return true;
    }
    return false;
}

static bool value_is_faulty(const struct field_rule *rule, const json_t *value, int state,
                            struct portal_fault *ret_fault)
{
    bool good = true;
    switch (rule->type) {
    case FIELD_TEXT:
        good = is_text(value, rule->bound);
        break;
    case FIELD_CODE:
        good = json_is_string(value) && is_among(json_string_value(value), rule->codes);
        break;
    case FIELD_NUMBER:
        good = number_is_among(value, rule->codes);
        break;
    case FIELD_AMOUNT:
        good = is_amount(value);
        break;
    case FIELD_DATE:
        good = is_date(value);
        break;
    case FIELD_MOMENT:
        good = is_moment(value);
        break;
    case FIELD_ADDRESS:
        good = is_address(value, rule->bound);
        break;
    case FIELD_OBJECT:
        return entry_is_faulty(rule->table, value, state, ret_fault);
    case FIELD_LIST:
        return list_is_faulty(rule, value, state, ret_fault);
    case FIELD_ANYTHING:
        good = json_is_object(value);
        break;
    }
    return !good && fault_at(ret_fault, rule->name);
}

static bool is_left_out(const json_t *value)
{
    return value == NULL || (json_is_string(value) && json_string_length(value) == 0);
}

static const struct field_rule *rule_of(const struct field_table *table, const char *name)
{
    for (size_t i = 0; i < table->count; i++)
        if (strcmp(table->rules[i].name, name) == 0)
            return &table->rules[i];
    return NULL;
}

bool entry_is_faulty(const struct field_table *table, const json_t *entry, int state,
                     struct portal_fault *ret_fault)
{
    const char *name;
    const json_t *value;
    if (!json_is_object(entry))
        return fault_at(ret_fault, "data");
    json_object_foreach((json_t *)entry, name, value)
    {
        const struct field_rule *rule = rule_of(table, name);
        if (rule == NULL)
            return fault_at(ret_fault, name);
        if (!is_left_out(value) && value_is_faulty(rule, value, state, ret_fault))
            return true;
    }
    for (size_t i = 0; i < table->count; i++) {
        const struct field_rule *rule = &table->rules[i];
        if ((rule->required >> state & 1U) != 0 && is_left_out(json_object_get(entry, rule->name)))
            return fault_at(ret_fault, rule->name);
    }
    return false;
}
