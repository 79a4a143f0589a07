/* backoff - how long to wait before the next attempt: exponential with full jitter.
 *
 * delay = uniform(BACKOFF_FLOOR_MS, min(BACKOFF_CAP_MS, BACKOFF_BASE_MS * 2^(attempts-1))).
 * Full jitter spreads the returning load of many dossiers after an outage best (M. Brooker,
 * "Exponential Backoff and Jitter", AWS Architecture Blog, 2015).
 */
#pragma once

#include <stdint.h>

enum {
    BACKOFF_BASE_MS = 1000, /* a restart of the other side is over by then */
    BACKOFF_FLOOR_MS = 100, /* never a busy loop */
    BACKOFF_CAP_MS =
        60 * 60 * 1000, /* an agency that was down for a night is tried within the hour */
};

/* attempts: how many have failed, from 1. random: uniform over all 32 bits.
 * at_least_ms: what the other side asked for (Retry-After); it is honoured up to the cap. */
uint32_t backoff_delay_ms(uint32_t attempts, uint32_t random, uint32_t at_least_ms);
