/* allowance - how much one peer may make us write of what is refused, repeated or alarming: ledger
 * entries, rows of the store and lines of the log, so many of each in a second, whatever the number
 * of its connections (invariants 8 and 13).
 *
 * Before something of that kind is written, allowance_take asks for all that it writes. False: it
 * is not written and counts as left out; whoever is answered hears "busy" and keeps what he has, so
 * that an honest peer loses nothing. allowance_tell says once a second, in one line, how many were
 * left out.
 *
 * Those who come over one carrier's connection share one more, the carrier's (line): as its key may
 * speak for a hundred, a hundred shares would be its own. Each may have as much of it as is left to
 * the others (dynamic thresholds: Choudhury and Hahne, 1998): who comes alone half of it, and one
 * that floods never all.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/key.h"
#include "proto/base/limits.h"
#include "proto/base/time.h"

enum {
    ALLOWANCE_PER_SECOND_MAX = 200, /* of each kind: an hour of it is a 100 MB of log */
    ALLOWANCE_SECOND_MS = 1000,
};

struct allowance {
    struct allowance *line; /* of the carrier whose connection it comes over; NULL: its own */
    mono_t since;
    uint32_t records, rows, lines; /* since then */
    uint64_t left_out;             /* and not told yet */
    mono_t told;
};

/* What one piece of news writes. */
struct allowance_cost {
    uint32_t records, rows, lines;
};

/* True: it may be written, and counts. */
bool allowance_take(struct allowance *allowance, mono_t now, struct allowance_cost cost);
/* Nothing more may be written in this second. */
bool allowance_is_spent(struct allowance *allowance, mono_t now);
/* Something was not even tried. */
void allowance_leave_out(struct allowance *allowance);
/* How many were left out since the last time; 0: none, or it was told less than a second ago. */
uint64_t allowance_tell(struct allowance *allowance, mono_t now);

/* Of each carrier, made when it is asked for first. Zeroed: none. */
struct allowance_lines {
    struct {
        struct key carrier;
        struct allowance allowance;
    } lines[CARRIERS_MAX];
    uint32_t count;
};

/* NULL: the key is none. */
struct allowance *allowance_of_line(struct allowance_lines *lines, const struct key *carrier);
