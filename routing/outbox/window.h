/* window - how much may be under way to one destination, and whether it is tried at all.
 *
 *              WINDOW_FAILURES_MAX failures in a row
 *   CLOSED ───────────────────────────────────────────▶ OPEN (nothing leaves until reopen_at)
 *     ▲  ▲                                                │ reopen_at reached   [window_room]
 *     │  └──────── probe succeeded ──── PROBING ◀─────────┘ room for exactly one
 *     │                                    │ probe failed: OPEN again, wait doubled
 *     └ slow re-open: the size starts again at 1 and grows by one with every success
 *
 * Two kinds of failure (routing/outbox/failure.h). What speaks of the destination (window_failed)
 * opens it for a wait that doubles up to WINDOW_REOPEN_MAX_MS. What one message or the whole
 * destination may have caused (window_doubted) counts once for each message: so many *different*
 * ones in a row, with no success between them, open it too, but only for moments, because the next
 * message may be a sound one. A message that fails again teaches nothing: it counts nowhere, and
 * the outbox probes with those that have not failed yet. So the messages that an office stumbles
 * over delay themselves, and others for WINDOW_DOUBT_MS each, once.
 *
 * Failures of what had left before it opened (a batch that fails whole) leave the wait as it is.
 *
 * Additive in effect, multiplicative at failure, as Postfix's qmgr_queue.c and TCP do it: a slow
 * or broken agency delays only itself (invariant 6).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/reason.h"
#include "proto/base/time.h"

enum window_state { WINDOW_CLOSED = 0, WINDOW_OPEN, WINDOW_PROBING };

enum {
    WINDOW_FAILURES_MAX = 5, /* in a row, before the breaker opens */
    WINDOW_REOPEN_FIRST_MS = 1000,
    WINDOW_REOPEN_MAX_MS = 5 * 60 * 1000, /* an agency that came back is noticed in five minutes */
    /* Between probes with different messages, none of which may be at fault: ten in a second do
     * not harm an office that answers, and so many bad dossiers are behind us in six seconds. */
    WINDOW_DOUBT_MS = 100,
    WINDOW_DOUBTS_QUICK_MAX = 64,
    WINDOW_DOUBT_SLOW_MS = 2000, /* past that it is rather the destination */
};

struct window {
    enum window_state state;
    uint32_t size;     /* how many may be under way now */
    uint32_t size_max; /* what the other side grants; 0: nothing may leave */
    uint32_t under_way;
    uint32_t failures;  /* in a row */
    uint32_t doubts;    /* those of different messages, in a row */
    enum reason reason; /* of the last failure that counted; NONE after a success */
    mono_t since;       /* and of the first with that reason */
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
void window_failed(struct window *window, enum reason reason, mono_t now);
/* It failed, and whether it or the destination is at fault is not known. is_news: this message had
 * not failed so before. */
void window_doubted(struct window *window, enum reason reason, bool is_news, mono_t now);
/* Not everything that may leave has left: it is being tried out after failures. */
bool window_is_careful(const struct window *window);
void window_returned(struct window *window);
