/* redial - how long to wait after a handshake that failed: exponential with jitter.
 *
 * The n-th wait in a row is drawn from [w / 2, w], w = min(max_ms, min_ms · 2^(n-1)). So whoever
 * has waited for T in all waits at most 2 T + min_ms for the next attempt, and never more than
 * max_ms. Pure: the draw comes from a seed.
 */
#pragma once

#include <stdint.h>

struct redial {
    int64_t min_ms, max_ms;
    int64_t wait_ms; /* the next one, without its jitter */
    uint64_t draw;
};

/* 0 < min_ms <= max_ms. Seeds that differ give waits that differ. */
void redial_init(struct redial *redial, int64_t min_ms, int64_t max_ms, uint64_t seed);
/* It has worked: the next wait is the shortest again. */
void redial_reset(struct redial *redial);
int64_t redial_next_ms(struct redial *redial);
