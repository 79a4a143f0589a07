/* rules - what a message of the schema may hold, as a table that checks, reads and writes it.
 *
 * A table has a row for each field: its kind, its bounds, and where it stands in a struct of ours.
 * rules_read walks the wire format itself, before and without unpacking by protobuf-c: wrong wire
 * types, repeated singular fields (which other readers resolve differently: last one wins, or
 * merged), too many elements, bad UTF-8, lengths and values out of bounds are refused. Fields that
 * the table does not have are skipped, up to UNKNOWN_FIELDS_MAX in one message: newer writers may
 * add some. rules_write writes what rules_read reads, in the order of the fields' numbers, as
 * protobuf-c does.
 *
 * Reasons: REASON_ENVELOPE_MALFORMED (not the wire format of this message), REASON_FIELD_MISSING,
 * _TOO_LONG, _INVALID, REASON_OUT_OF_MEMORY (the arena is full).
 *
 *     RULE(seen, RULE_BIT(1) | RULE_BIT(3),
 *          [1] = RULE_ARRAY(struct head_seen, ledger_id),
 *          [2] = RULE_UINT(struct head_seen, tree_size, 0, UINT64_MAX),
 *          [3] = RULE_ARRAY(struct head_seen, root));
 */
#pragma once

#include <stddef.h>

#include "proto/base/arena.h"
#include "proto/base/reason.h"
#include "proto/codec/wire.h"

enum {
    FIELD_NUMBERS_MAX = 64, /* field numbers of ours are below: one bit each in a word */
    UNKNOWN_FIELDS_MAX = 8, /* what newer versions may add; unpacking each costs memory */
    MESSAGE_DEPTH_MAX = 4,  /* Body, Receipt or Transfer, item, and one to spare */
};

/* The last millisecond of the year 9999: sums of such times never overflow. */
#define TIME_MS_MAX INT64_C(253402300799999)

enum field_kind {
    FIELD_NONE = 0, /* the schema has no such field */
    FIELD_TEXT,     /* string: UTF-8 without NUL, at most max bytes */
    FIELD_BYTES,    /* bytes, or a message that the caller reads: min to max bytes, or empty */
    FIELD_UINT,     /* uint32, uint64, bool, enum: min to max, or 0 */
    FIELD_TIME,     /* sint64, milliseconds since 1970 UTC, years up to 9999 either way */
    FIELD_OFFSET,   /* sint32, minutes east of UTC */
    FIELD_MESSAGE,  /* a message with rules of its own */
};

/* How a value stands in the struct. */
enum field_form {
    FORM_NONE = 0, /* not at all: it is checked only, and not written */
    FORM_VIEW,     /* struct bytes: into the message */
    FORM_ARRAY,    /* its max bytes; all zero when it is missing, and written all the same */
    FORM_ID,       /* its max bytes; all zero means that it is missing, so zeros are refused */
    FORM_KEY,      /* struct key */
    FORM_NUMBER,   /* an integer of .size bytes, a bool, an enum, a wall_t */
    FORM_STRUCT,   /* a struct by message->fields */
};

struct field_rule {
    enum field_kind kind;
    enum field_form form;
    uint64_t min; /* TEXT, BYTES: bytes; UINT: value */
    uint64_t max;
    uint32_t characters_max; /* TEXT: code points; 0: as many as max allows */
    uint32_t repeated_max;   /* elements; 0: a singular field. Elements obey min, empty ones too */
    const struct message_rule *message;
    size_t at;       /* of the member; repeated: of a pointer to the first element */
    size_t size;     /* of the member, or of one element */
    size_t count_at; /* repeated: of the size_t beside it */
};

struct message_rule {
    const struct field_rule *fields; /* by field number */
    uint32_t field_count;            /* one more than the largest number */
    bool is_choice;                  /* exactly one field must be there (a oneof) */
    size_t choice_at;                /* of a uint32_t or an enum: which one */
    uint64_t required;               /* RULE_BIT(number) of the fields that must not be empty */
    /* Number of the field that says whether a singular message of this kind is there at all: it is
     * not written when that is 0, and an empty one is read as none. 0: it is always there. */
    uint32_t mark;
};

#define RULE_BIT(number) (UINT64_C(1) << (number))

/* ret_struct: zeroed by the caller; NULL: checked only. Elements and views: as long as the message
 * and the arena's content. */
enum reason rules_read(struct bytes message, const struct message_rule *rule, struct arena *arena,
                       void *ret_struct);
void rules_write(struct wire_writer *writer, const struct message_rule *rule, const void *from);

/* The check of one value alone, for who has it in another form than bytes of the wire. */
enum reason rules_check_text(const struct field_rule *rule, struct bytes text);
enum reason rules_check_uint(const struct field_rule *rule, uint64_t value);

/* ---- rows ---- */

/* clang-format off */
#define RULE_AT(type, member) \
    .at = offsetof(type, member), .size = sizeof(((type *)0)->member)
#define RULE_VIEW(type, member, from, to) \
    {.kind = FIELD_BYTES, .min = (from), .max = (to), .form = FORM_VIEW, RULE_AT(type, member)}
#define RULE_TEXT(type, member, to) \
    {.kind = FIELD_TEXT, .max = (to), .form = FORM_VIEW, RULE_AT(type, member)}
#define RULE_KEY(type, member) \
    {.kind = FIELD_TEXT, .max = PARTICIPANT_KEY_BYTES_MAX, .form = FORM_KEY, RULE_AT(type, member)}
#define RULE_BYTES_AS(as, type, member) \
    {.kind = FIELD_BYTES, .form = (as), .min = sizeof(((type *)0)->member), \
     .max = sizeof(((type *)0)->member), RULE_AT(type, member)}
#define RULE_ARRAY(type, member)    RULE_BYTES_AS(FORM_ARRAY, type, member)
#define RULE_ID(type, member)       RULE_BYTES_AS(FORM_ID, type, member)
#define RULE_UINT(type, member, from, to) \
    {.kind = FIELD_UINT, .min = (from), .max = (to), .form = FORM_NUMBER, RULE_AT(type, member)}
#define RULE_UPTO(type, member, to) RULE_UINT(type, member, 0, to)
#define RULE_TIME(type, member)     {.kind = FIELD_TIME, .form = FORM_NUMBER, RULE_AT(type, member)}
#define RULE_STRUCT(type, member, of) \
    {.kind = FIELD_MESSAGE, .message = &(of), .form = FORM_STRUCT, RULE_AT(type, member)}
/* Repeated: `list` points at the first element, `count` is beside it. */
#define RULE_LIST_AT(type, list, count) \
    .at = offsetof(type, list), .size = sizeof(*((type *)0)->list), \
    .count_at = offsetof(type, count)
#define RULE_ARRAYS(type, list, count, most) \
    {.kind = FIELD_BYTES, .form = FORM_ARRAY, .min = sizeof(*((type *)0)->list), \
     .max = sizeof(*((type *)0)->list), .repeated_max = (most), RULE_LIST_AT(type, list, count)}
#define RULE_VIEWS(type, list, count, from, to, most) \
    {.kind = FIELD_BYTES, .form = FORM_VIEW, .min = (from), .max = (to), .repeated_max = (most), \
     RULE_LIST_AT(type, list, count)}
#define RULE_STRUCTS(type, list, count, of, most) \
    {.kind = FIELD_MESSAGE, .form = FORM_STRUCT, .message = &(of), .repeated_max = (most), \
     RULE_LIST_AT(type, list, count)}
/* A table and its message, "NAME_rule": RULE(name, needs, rows...). */
#define RULE_MARKED(name, needs, marked_by, ...) \
    static const struct field_rule name##_fields[] = {__VA_ARGS__}; \
    static const struct message_rule name##_rule = { \
        .fields = name##_fields, .field_count = sizeof name##_fields / sizeof *name##_fields, \
        .required = (needs), .mark = (marked_by)}
#define RULE(name, needs, ...)      RULE_MARKED(name, needs, 0, __VA_ARGS__)
/* clang-format on */
