/* rules - what a message of the schema may hold, as a table; one walk checks bytes against it.
 *
 * The walk reads the wire format itself, before and without unpacking: wrong wire types, repeated
 * singular fields (which other readers resolve differently: last one wins, or merged), too many
 * elements, bad UTF-8, lengths and values out of bounds are refused. Fields that the table does
 * not have are skipped, up to UNKNOWN_FIELDS_MAX in one message: newer writers may add some.
 *
 * Reasons: REASON_ENVELOPE_MALFORMED (not the wire format of this message), REASON_FIELD_MISSING,
 * _TOO_LONG, _INVALID.
 */
#ifndef PROTO_CODEC_RULES_H
#define PROTO_CODEC_RULES_H

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
    FIELD_BYTES,    /* bytes, or a message that the caller walks: min to max bytes, or empty */
    FIELD_UINT,     /* uint32, uint64, bool, enum: min to max, or 0 */
    FIELD_TIME,     /* sint64, milliseconds since 1970 UTC, years up to 9999 either way */
    FIELD_OFFSET,   /* sint32, minutes east of UTC */
    FIELD_MESSAGE,  /* a message with rules of its own */
};

struct field_rule {
    enum field_kind kind;
    uint64_t min; /* TEXT, BYTES: bytes; UINT: value */
    uint64_t max;
    uint32_t characters_max; /* TEXT: code points; 0: as many as max allows */
    uint32_t repeated_max;   /* elements; 0: a singular field. Elements obey min, empty ones too */
    const struct message_rule *message;
};

struct message_rule {
    const struct field_rule *fields; /* by field number */
    uint32_t field_count;            /* one more than the largest number */
    bool is_choice;                  /* exactly one field must be there (a oneof) */
    uint64_t required;               /* RULE_BIT(number) of the fields that must not be empty */
};

#define RULE_BIT(number) (UINT64_C(1) << (number))

/* What the walk found for one field. */
struct field_value {
    bool is_present;
    uint32_t count;     /* elements of a repeated field */
    uint64_t value;     /* UINT; TIME and OFFSET still zigzag */
    struct bytes bytes; /* TEXT, BYTES, MESSAGE */
};

/* ret_values: NULL, or room for rule->field_count zeroed values, by field number. */
enum reason rules_walk(struct bytes message, const struct message_rule *rule,
                       struct field_value *ret_values);

/* The check of one value alone, for who has it in another form than bytes of the wire. */
enum reason rules_check_text(const struct field_rule *rule, struct bytes text);
enum reason rules_check_uint(const struct field_rule *rule, uint64_t value);

/* The next element of a repeated field of a message that was walked; false after the last. */
bool rules_next_element(struct bytes *rest, uint32_t number, struct bytes *ret_element);

#endif
