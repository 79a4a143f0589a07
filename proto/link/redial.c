/* Waits between two attempts to connect: doubled up to a bound, with up to half of each drawn off
 * at random. After an outage thousands come back, and must not come together. */
#include "proto/link/redial.h"

void redial_init(struct redial *redial, int64_t min_ms, int64_t max_ms, uint64_t seed)
{
    *redial = (struct redial){.min_ms = min_ms, .max_ms = max_ms, .draw = seed};
    redial_reset(redial);
}

void redial_reset(struct redial *redial)
{
    redial->wait_ms = redial->min_ms;
}

/* The step of a 64-bit LCG (D. Knuth, MMIX), whose upper half is good enough to spread thousands.
 */
int64_t redial_next_ms(struct redial *redial)
{
    int64_t wait = redial->wait_ms;
    redial->draw = redial->draw * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    int64_t off = (int64_t)((redial->draw >> 32) % (uint64_t)(wait / 2 + 1));
    redial->wait_ms = wait < redial->max_ms / 2 ? wait * 2 : redial->max_ms;
    return wait - off;
}
