/* portal_rules - how a table of fields is checked; portal_fields.c has the tables. */
#pragma once

#include <stdint.h>

#include "tests/standins/portal/portal_fields.h"

enum field_type {
    FIELD_TEXT,     /* bound: characters */
    FIELD_CODE,     /* one of codes, as a string */
    FIELD_NUMBER,   /* one of codes, as a string or a number */
    FIELD_AMOUNT,   /* a whole number that is not negative, or a string of its digits */
    FIELD_DATE,     /* yyyyMMddHHmmss */
    FIELD_MOMENT,   /* ISO 8601 with offset */
    FIELD_ADDRESS,  /* http:// or https:// */
    FIELD_OBJECT,   /* of table */
    FIELD_LIST,     /* bound: entries, each of table */
    FIELD_ANYTHING, /* an object that another system defines */
};

/* Sets of states: bit n stands for state n. Bit 0: also while no state is given. */
enum { NEVER = 0, ALWAYS = 0xffff };
#define IN_STATE(n) (1U << (n))

struct field_table;
struct field_rule {
    const char *name;
    enum field_type type;
    uint16_t bound;
    uint16_t required; /* set of states in which it may not be left out */
    const char *codes; /* separated by blanks */
    const struct field_table *table;
};
struct field_table {
    const struct field_rule *rules;
    size_t count;
};

/* Checks every field of the entry, then that no required one is missing. An empty text counts as
 * left out. Tables nest as deep as they are written, lists are bounded: the work is too. */
bool entry_is_faulty(const struct field_table *table, const json_t *entry, int state,
                     struct portal_fault *ret_fault);
bool fault_at(struct portal_fault *ret_fault, const char *field);
