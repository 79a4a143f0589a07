/* One walk over the wire format, driven by tables: it checks every field against its row and, where
 * the caller has a struct, puts the value into its member. Singular fields are put there as they
 * come; the elements of repeated ones are counted first and read in a second walk, so that their
 * list is taken from the arena in one piece. What it costs is bounded by the tables and by nothing
 * of the sender's: depth, elements, unknown fields, bytes (invariant 8). The tables: body_rules.c,
 * envelope.c, frame.c. */
#include "proto/codec/rules.h"

#include <string.h>

#include "proto/base/check.h"
#include "proto/base/key.h"
#include "proto/base/time.h"
#include "proto/base/utf8.h"

struct walk {
    const struct message_rule *rule;
    struct arena *arena;
    uint8_t *into;     /* NULL: checked only */
    unsigned depth;    /* of this message below the outermost */
    uint64_t seen;     /* fields that are there */
    uint64_t filled;   /* and not empty */
    uint64_t repeated; /* and whose elements are still to be read */
    uint32_t counts[FIELD_NUMBERS_MAX];
};

static enum reason walk_message(struct bytes message, const struct message_rule *rule,
                                struct arena *arena, uint8_t *into, unsigned depth);

/* ---- checks ---- */

/* Empty is absent (proto3), unless it is an element of a list, whose place says that it is there.
 */
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

/* Far below the ends of int64_t on purpose: sums and differences of moments are taken without a
 * check for overflow everywhere else. */
static enum reason check_sint(uint64_t zigzag, int64_t magnitude_max)
{
    int64_t value = wire_zigzag_decode(zigzag);
    bool valid = value >= -magnitude_max && value <= magnitude_max;
    return valid ? REASON_NONE : REASON_FIELD_INVALID;
}

static enum reason check_value(const struct field_rule *rule, const struct wire_field *field)
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
    case FIELD_NONE:
        break;
    }
    return REASON_ENVELOPE_MALFORMED;
}

static bool is_varint(enum field_kind kind)
{
    return kind == FIELD_UINT || kind == FIELD_TIME || kind == FIELD_OFFSET;
}

/* ---- into the struct ---- */

static bool is_zero(const uint8_t *at, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (at[i] != 0)
            return false;
    }
    return true;
}

/* In the width of the member; the bounds of its row are within it. */
static void put_number(const struct field_rule *rule, uint64_t value, uint8_t *at)
{
    int64_t number = rule->kind == FIELD_UINT ? (int64_t)value : wire_zigzag_decode(value);
    int32_t narrow = (int32_t)number;
    bool flag = number != 0;
    if (rule->size == sizeof number)
        memcpy(at, &number, sizeof number);
    else if (rule->size == sizeof narrow)
        memcpy(at, &narrow, sizeof narrow);
    else
        memcpy(at, &flag, sizeof flag);
}

/* Through memcpy, because a member is known by place and size alone, and C lets no pointer of
 * another type write it. An id of zeros would mean "none" to all our code, and is refused for
 * that. */
static enum reason put_value(const struct field_rule *rule, const struct wire_field *field,
                             uint8_t *at)
{
    struct bytes bytes = field->bytes;
    bool good = true;
    switch (rule->form) {
    case FORM_VIEW:
        memcpy(at, &bytes, sizeof bytes);
        break;
    case FORM_ID:
        good = bytes.size == 0 || !is_zero(bytes.data, bytes.size);
        __attribute__((fallthrough));
    case FORM_ARRAY:
        if (bytes.size > 0)
            memcpy(at, bytes.data, bytes.size);
        break;
    case FORM_KEY:
        good = bytes.size == 0 || key_parse(bytes, (struct key *)(void *)at);
        break;
    case FORM_NUMBER:
        put_number(rule, field->value, at);
        break;
    case FORM_STRUCT:
    case FORM_NONE:
        break;
    }
    return good ? REASON_NONE : REASON_FIELD_INVALID;
}

/* One value, of a singular field or one element. at NULL: checked only. */
static enum reason take_value(const struct walk *walk, const struct field_rule *rule,
                              const struct wire_field *field, uint8_t *at)
{
    if (rule->kind == FIELD_MESSAGE) {
        bool is_none = rule->message->mark != 0 && field->bytes.size == 0;
        return is_none
                   ? REASON_NONE
                   : walk_message(field->bytes, rule->message, walk->arena, at, walk->depth + 1);
    }
    enum reason reason = check_value(rule, field);
    return reason == REASON_NONE && at != NULL ? put_value(rule, field, at) : reason;
}

/* ---- the walk ---- */

/* A singular field that stands twice is refused: the protobuf libraries take the last one or merge
 * the two, so that the signer and a later reader could see different values under one signature. */
static enum reason take_field(struct walk *walk, const struct wire_field *field)
{
    const struct field_rule *rule = &walk->rule->fields[field->number];
    uint64_t bit = RULE_BIT(field->number);
    bool is_kept = walk->into != NULL && rule->form != FORM_NONE;
    enum reason reason = REASON_NONE;
    if (field->type != (is_varint(rule->kind) ? WIRE_VARINT : WIRE_BYTES))
        return REASON_ENVELOPE_MALFORMED;
    if (rule->repeated_max == 0 && (walk->seen & bit) != 0)
        return REASON_ENVELOPE_MALFORMED;
    if (rule->repeated_max > 0 && ++walk->counts[field->number] > rule->repeated_max)
        return REASON_FIELD_TOO_LONG;
    if (is_kept && rule->repeated_max > 0)
        walk->repeated |= bit;
    else
        reason = take_value(walk, rule, field, is_kept ? walk->into + rule->at : NULL);
    walk->seen |= bit;
    if (field->value != 0 || field->bytes.size > 0)
        walk->filled |= bit;
    return reason;
}

/* The second walk over the same bytes, which the first one found sound: the list has room for
 * exactly as many elements as were counted there. */
static enum reason read_elements(const struct walk *walk, uint32_t number, struct bytes rest)
{
    const struct field_rule *rule = &walk->rule->fields[number];
    size_t count = walk->counts[number];
    uint8_t *list = arena_take(walk->arena, count * rule->size);
    uint8_t *at = list;
    struct wire_field field;
    enum reason reason = REASON_NONE;
    if (list == NULL)
        return REASON_OUT_OF_MEMORY;
    memset(list, 0, count * rule->size);
    while (reason == REASON_NONE && wire_next(&rest, &field) == WIRE_FIELD) {
        if (field.number != number)
            continue;
        reason = take_value(walk, rule, &field, at);
        at += rule->size;
    }
    memcpy(walk->into + rule->at, &list, sizeof list);
    memcpy(walk->into + rule->count_at, &count, sizeof count);
    return reason;
}

/* Questions about the message as a whole, asked before elements are read: memory is not spent on a
 * message that is refused anyway. Of a choice (a oneof) exactly one field may be there. */
static enum reason finish(struct walk *walk, struct bytes message)
{
    const struct message_rule *rule = walk->rule;
    enum reason reason = REASON_NONE;
    if ((walk->filled & rule->required) != rule->required)
        return REASON_FIELD_MISSING;
    if (rule->is_choice && walk->seen == 0)
        return REASON_FIELD_MISSING;
    if (rule->is_choice && (walk->seen & (walk->seen - 1)) != 0)
        return REASON_ENVELOPE_MALFORMED;
    if (rule->is_choice && walk->into != NULL) {
        uint32_t choice = (uint32_t)__builtin_ctzll(walk->seen);
        memcpy(walk->into + rule->choice_at, &choice, sizeof choice);
    }
    for (; reason == REASON_NONE && walk->repeated != 0; walk->repeated &= walk->repeated - 1)
        reason = read_elements(walk, (uint32_t)__builtin_ctzll(walk->repeated), message);
    return reason;
}

/* Calls itself for sub-messages, as deep as the tables nest: MESSAGE_DEPTH_MAX. */
static enum reason walk_message(struct bytes message, const struct message_rule *rule,
                                struct arena *arena, uint8_t *into, unsigned depth)
{
    struct walk walk = {.rule = rule, .arena = arena, .into = into, .depth = depth};
    struct bytes rest = message;
    struct wire_field field;
    uint32_t unknown_count = 0;
    enum wire_step step;
    check(depth < MESSAGE_DEPTH_MAX && rule->field_count <= FIELD_NUMBERS_MAX);
    while ((step = wire_next(&rest, &field)) == WIRE_FIELD) {
        bool known = field.number < rule->field_count && rule->fields[field.number].kind != 0;
        if (!known && ++unknown_count > UNKNOWN_FIELDS_MAX)
            return REASON_ENVELOPE_MALFORMED;
        enum reason reason = known ? take_field(&walk, &field) : REASON_NONE;
        if (reason != REASON_NONE)
            return reason;
    }
    return step == WIRE_END ? finish(&walk, message) : REASON_ENVELOPE_MALFORMED;
}

enum reason rules_read(struct bytes message, const struct message_rule *rule, struct arena *arena,
                       void *ret_struct)
{
    return walk_message(message, rule, arena, ret_struct, 0);
}

/* ---- out of the struct ---- */

/* The counterpart of put_number; a narrow value comes back without its sign, which write_value
 * restores for the signed kinds. */
static uint64_t number_at(const struct field_rule *rule, const uint8_t *at)
{
    uint64_t wide;
    uint32_t narrow;
    if (rule->size == sizeof wide) {
        memcpy(&wide, at, sizeof wide);
        return wide;
    }
    if (rule->size != sizeof narrow)
        return *at; /* a bool */
    memcpy(&narrow, at, sizeof narrow);
    return narrow;
}

/* Whether a value says anything: what does not is left out, as proto3 says. */
static bool says_something(const struct field_rule *rule, const uint8_t *at)
{
    if (rule->form == FORM_ID)
        return !is_zero(at, rule->size);
    if (rule->form != FORM_STRUCT || rule->message->mark == 0)
        return true;
    const struct field_rule *mark = &rule->message->fields[rule->message->mark];
    return !is_zero(at + mark->at, mark->size);
}

static void write_value(struct wire_writer *writer, uint32_t number, const struct field_rule *rule,
                        const uint8_t *at)
{
    const void *value = at;
    size_t behind = writer->size;
    struct bytes bytes = {at, rule->size};
    switch (rule->form) {
    case FORM_NUMBER:
        if (rule->kind == FIELD_UINT)
            wire_put_uint(writer, number, number_at(rule, at));
        else if (rule->size == sizeof(int32_t))
            wire_put_sint(writer, number, (int32_t)number_at(rule, at));
        else
            wire_put_sint(writer, number, (int64_t)number_at(rule, at));
        break;
    case FORM_VIEW:
    case FORM_KEY:
        bytes = rule->form == FORM_KEY ? key_bytes(value) : *(const struct bytes *)value;
        if (bytes.size > 0 || rule->repeated_max > 0)
            wire_put_bytes(writer, number, bytes);
        break;
    case FORM_ARRAY:
    case FORM_ID:
        wire_put_bytes(writer, number, bytes);
        break;
    case FORM_STRUCT:
        rules_write(writer, rule->message, value);
        wire_end_message(writer, number, behind);
        break;
    case FORM_NONE:
        break;
    }
}

static void write_field(struct wire_writer *writer, uint32_t number, const struct field_rule *rule,
                        const uint8_t *from)
{
    const uint8_t *list;
    size_t count;
    if (rule->repeated_max == 0) {
        if (says_something(rule, from + rule->at))
            write_value(writer, number, rule, from + rule->at);
        return;
    }
    memcpy(&list, from + rule->at, sizeof list);
    memcpy(&count, from + rule->count_at, sizeof count);
    for (size_t i = count; i-- > 0;)
        write_value(writer, number, rule, list + i * rule->size);
}

/* From the last field to the first, because the writer goes from the end to the front (wire.c): on
 * the wire the numbers ascend, as protobuf-c has them. */
void rules_write(struct wire_writer *writer, const struct message_rule *rule, const void *from)
{
    uint32_t first = 1, end = rule->field_count;
    if (rule->is_choice) {
        memcpy(&first, (const uint8_t *)from + rule->choice_at, sizeof first);
        check(first < end);
        end = first + 1;
    }
    for (uint32_t number = end; number-- > first;) {
        if (rule->fields[number].form != FORM_NONE)
            write_field(writer, number, &rule->fields[number], from);
    }
}
