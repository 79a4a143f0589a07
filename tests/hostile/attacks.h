/* attacks - all of them: attacks.def is the table, attack_….c have the functions, one file a
 * family.
 */
#pragma once

#include "tests/hostile/assault.h"

/* What a row is judged by, beside aborts, thefts and false states. */
enum {
    ATTACK_ROWS = 1,    /* rows, ledger entries and log lines a second: what it says is refused,
                           repeated or alarming */
    ATTACK_LATENCY = 2, /* p50 and p99 of the honest agencies; of the adapter's office, when the
                           adapter is the victim */
    ATTACK_SHORT = 4,   /* also in the short form, which does not judge times */
    ATTACK_BLINKS = 8,  /* the honest agency that loses its connection is at work */
    ATTACK_SECOND = 16, /* may be the second one of a pair */
};

struct attack {
    const char *name;
    enum victim victim;
    attack_function *function;
    unsigned seconds;
    unsigned flags;
    const char *expected;
};

#define ATTACK(name, victim, seconds, flags, expected) void attack_##name(struct assault *assault);
#include "tests/hostile/attacks.def"
#undef ATTACK

extern const struct attack attacks[];
extern const size_t attack_count;
