#include "proto/codec/rules.h"

#include "proto/base/check.h"
#include "proto/base/time.h"
#include "proto/base/utf8.h"

struct walk {
    const struct message_rule *rule;
    struct field_value *values;
    uint64_t seen;   /* fields that are there */
    uint64_t filled; /* and not empty */
    uint32_t counts[FIELD_NUMBERS_MAX];
};

static enum reason walk_message(struct bytes message, const struct message_rule *rule,
                                struct field_value *ret_values, unsigned depth);

static enum reason check_size(const struct field_rule *rule, size_t size)
{
    if (size > rule->max)
        return REASON_FIELD_TOO_LONG;
    bool may_be_empty = rule->repeated_max == 0 && size == 0;
    return size < rule->min && !may_be_empty ? REASON_FIELD_INVALID : REASON_NONE;
}

enum reason rules_check_text(const struct field_rule *rule, struct bytes text)
{
    size_t characters;
    enum reason reason = check_size(rule, text.size);
    if (reason != REASON_NONE)
        return reason;
    if (!utf8_is_valid(text, &characters))
        return REASON_FIELD_INVALID;
    bool too_long = rule->characters_max > 0 && characters > rule->characters_max;
    return too_long ? REASON_FIELD_TOO_LONG : REASON_NONE;
}

enum reason rules_check_uint(const struct field_rule *rule, uint64_t value)
{
    bool valid = value == 0 || (value >= rule->min && value <= rule->max);
    return valid ? REASON_NONE : REASON_FIELD_INVALID;
}

static enum reason check_sint(uint64_t zigzag, int64_t magnitude_max)
{
    int64_t value = wire_zigzag_decode(zigzag);
    bool valid = value >= -magnitude_max && value <= magnitude_max;
    return valid ? REASON_NONE : REASON_FIELD_INVALID;
}

static enum reason check_value(const struct field_rule *rule, const struct wire_field *field,
                               unsigned depth)
{
    switch (rule->kind) {
    case FIELD_TEXT:
        return rules_check_text(rule, field->bytes);
    case FIELD_BYTES:
        return check_size(rule, field->bytes.size);
    case FIELD_UINT:
        return rules_check_uint(rule, field->value);
    case FIELD_TIME:
        return check_sint(field->value, TIME_MS_MAX);
    case FIELD_OFFSET:
        return check_sint(field->value, OFFSET_MINUTES_MAX);
    case FIELD_MESSAGE:
        return walk_message(field->bytes, rule->message, NULL, depth + 1);
    case FIELD_NONE:
        break;
    }
    return REASON_ENVELOPE_MALFORMED;
}

static bool is_varint(enum field_kind kind)
{
    return kind == FIELD_UINT || kind == FIELD_TIME || kind == FIELD_OFFSET;
}

static enum reason take_field(struct walk *walk, const struct wire_field *field, unsigned depth)
{
    const struct field_rule *rule = &walk->rule->fields[field->number];
    uint64_t bit = RULE_BIT(field->number);
    if (field->type != (is_varint(rule->kind) ? WIRE_VARINT : WIRE_BYTES))
        return REASON_ENVELOPE_MALFORMED;
    if (rule->repeated_max == 0 && (walk->seen & bit) != 0)
        return REASON_ENVELOPE_MALFORMED;
    if (rule->repeated_max > 0 && ++walk->counts[field->number] > rule->repeated_max)
        return REASON_FIELD_TOO_LONG;
    enum reason reason = check_value(rule, field, depth);
    if (reason != REASON_NONE)
        return reason;
    walk->seen |= bit;
    if (field->value != 0 || field->bytes.size > 0)
        walk->filled |= bit;
    if (walk->values != NULL)
        walk->values[field->number] =
            (struct field_value){true, walk->counts[field->number], field->value, field->bytes};
    return REASON_NONE;
}

static enum reason finish(const struct walk *walk)
{
    const struct message_rule *rule = walk->rule;
    if ((walk->filled & rule->required) != rule->required)
        return REASON_FIELD_MISSING;
    if (rule->is_choice && walk->seen == 0)
        return REASON_FIELD_MISSING;
    if (rule->is_choice && (walk->seen & (walk->seen - 1)) != 0)
        return REASON_ENVELOPE_MALFORMED;
    return REASON_NONE;
}

/* Calls itself for sub-messages, as deep as the tables nest: MESSAGE_DEPTH_MAX. */
static enum reason walk_message(struct bytes message, const struct message_rule *rule,
                                struct field_value *ret_values, unsigned depth)
{
    struct walk walk = {.rule = rule, .values = ret_values};
    struct wire_field field;
    uint32_t unknown_count = 0;
    enum wire_step step;
    check(depth < MESSAGE_DEPTH_MAX && rule->field_count <= FIELD_NUMBERS_MAX);
    while ((step = wire_next(&message, &field)) == WIRE_FIELD) {
        bool known = field.number < rule->field_count && rule->fields[field.number].kind != 0;
        if (!known && ++unknown_count > UNKNOWN_FIELDS_MAX)
            return REASON_ENVELOPE_MALFORMED;
        enum reason reason = known ? take_field(&walk, &field, depth) : REASON_NONE;
        if (reason != REASON_NONE)
            return reason;
    }
    return step == WIRE_END ? finish(&walk) : REASON_ENVELOPE_MALFORMED;
}

enum reason rules_walk(struct bytes message, const struct message_rule *rule,
                       struct field_value *ret_values)
{
    return walk_message(message, rule, ret_values, 0);
}

bool rules_next_element(struct bytes *rest, uint32_t number, struct bytes *ret_element)
{
    struct wire_field field;
    while (wire_next(rest, &field) == WIRE_FIELD) {
        if (field.number == number) {
            *ret_element = field.bytes;
            return true;
        }
    }
    return false;
}
