/* Exponential backoff with full jitter: those that failed together must not come back together.
 * The random number is the caller's, since this is pure code; multiplied and shifted instead of
 * taken modulo, which keeps it even. What the other side asks for as a least wait is heard up to
 * the cap. */
#include "routing/outbox/backoff.h"

#include "proto/base/check.h"

/* The floor keeps a draw near zero from becoming a second attempt in the same moment. */
uint32_t backoff_delay_ms(uint32_t attempts, uint32_t random, uint32_t at_least_ms)
{
    enum { DOUBLINGS_MAX = 12 }; /* 1 s * 2^12 is past the cap */
    check(attempts > 0);
    uint32_t doublings = attempts - 1 < DOUBLINGS_MAX ? attempts - 1 : DOUBLINGS_MAX;
    uint64_t ceiling = (uint64_t)BACKOFF_BASE_MS << doublings;
    if (ceiling > BACKOFF_CAP_MS)
        ceiling = BACKOFF_CAP_MS;
    uint64_t span = ceiling - BACKOFF_FLOOR_MS + 1;
    uint32_t delay = BACKOFF_FLOOR_MS + (uint32_t)(span * random >> 32);
    uint32_t asked = at_least_ms < BACKOFF_CAP_MS ? at_least_ms : BACKOFF_CAP_MS;
    return delay > asked ? delay : asked;
}
