/* allowance - how much one peer may make us write of what is refused, repeated or alarming: ledger
 * entries, rows of the store and lines of the log, so many of each in a second, whatever the number
 * of its connections (invariants 8 and 13).
 *
 * Before something of that kind is written, allowance_take asks for all that it writes. False: it
 * is not written and counts as left out; whoever is answered hears "busy" and keeps what he has, so
 * that an honest peer loses nothing. allowance_tell says once a second, in one line, how many were
 * left out.
 */
#ifndef GATEWAY_CUSTODY_ALLOWANCE_H
#define GATEWAY_CUSTODY_ALLOWANCE_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/time.h"

enum {
    ALLOWANCE_PER_SECOND_MAX = 200, /* of each kind: an hour of it is a 100 MB of log */
    ALLOWANCE_SECOND_MS = 1000,
};

struct allowance {
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
/* How many were left out since the last time; 0: none, or it was told less than a second ago. */
uint64_t allowance_tell(struct allowance *allowance, mono_t now);

#endif
