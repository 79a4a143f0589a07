/* window - how much may be under way to one destination, and whether it is tried at all.
 *
 *              WINDOW_FAILURES_MAX failures in a row
 *   CLOSED ───────────────────────────────────────────▶ OPEN (nothing leaves until reopen_at)
 *     ▲  ▲                                                │ reopen_at reached   [window_room]
 *     │  └──────── probe succeeded ──── PROBING ◀─────────┘ room for exactly one
 *     │                                    │ probe failed: OPEN again, wait doubled
 *     └ slow re-open: the size starts again at 1 and doubles with every full round of successes
 *
 * Failures of what had left before it opened (a batch that fails whole) leave the wait as it is.
 *
 * Additive in effect, multiplicative at failure, as Postfix's qmgr_queue.c and TCP do it: a slow
 * agency delays only itself (invariant 6), and a returning one is not trampled.
 */
#ifndef ROUTING_OUTBOX_WINDOW_H
#define ROUTING_OUTBOX_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/time.h"

enum window_state { WINDOW_CLOSED = 0, WINDOW_OPEN, WINDOW_PROBING };

enum {
    WINDOW_FAILURES_MAX = 5, /* in a row, before the breaker opens */
    WINDOW_REOPEN_FIRST_MS = 1000,
    WINDOW_REOPEN_MAX_MS = 5 * 60 * 1000, /* an agency that came back is noticed in five minutes */
};

struct window {
    enum window_state state;
    uint32_t size;     /* how many may be under way now */
    uint32_t size_max; /* what the other side grants; 0: nothing may leave */
    uint32_t under_way;
    uint32_t failures;  /* in a row */
    uint32_t reopen_ms; /* next wait */
    mono_t reopen_at;   /* OPEN only */
};

/* Starts with the window fully open: whoever is new is not slow. */
void window_init(struct window *window, uint32_t size_max);
/* How many more may leave at now. May move OPEN to PROBING. */
uint32_t window_room(struct window *window, mono_t now);
/* Whether room can only come from what is under way. */
bool window_is_full(const struct window *window);
void window_left(struct window *window);
/* One that was under way is no longer: with success, with failure, or without a verdict. */
void window_succeeded(struct window *window);
void window_failed(struct window *window, mono_t now);
void window_returned(struct window *window);

#endif
