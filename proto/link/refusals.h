/* refusals - handshakes that failed at a link's server, gathered, so that whoever dials again and
 * again with a key that is not admitted cannot fill a log.
 *
 * Each refused key is told of at once, and after that once in REFUSALS_TOLD_MS with how often it
 * was refused meanwhile. At most REFUSALS_KEYS_MAX keys have an entry of their own; those beyond,
 * and handshakes that ended before the client's key was known, share one without a key. So there
 * are at most REFUSALS_KEYS_MAX + 1 reports in REFUSALS_TOLD_MS, whatever arrives.
 *
 * refusals_add from any thread; the others from one. No time of its own: see refusals_next.
 */
#pragma once

#include <pthread.h>

#include "proto/link/link.h"

enum {
    REFUSALS_KEYS_MAX = 16, /* adapters that an operator has forgotten at one time, and some more */
    REFUSALS_TOLD_MS = 60 * 1000,
};

struct refusal {
    uint8_t public_key[CURVE_KEY_BYTES]; /* zero: not known, or beyond REFUSALS_KEYS_MAX */
    bool is_used;
    bool is_told; /* at .told */
    mono_t told;
    uint64_t count; /* not told yet */
};

struct refusals {
    pthread_mutex_t lock;
    uint64_t total;
    struct refusal entries[REFUSALS_KEYS_MAX + 1]; /* the last one: those without a key */
};

bool refusals_init(struct refusals *refusals);
void refusals_release(struct refusals *refusals);
/* public_key: CURVE_KEY_BYTES; NULL: not known. */
void refusals_add(struct refusals *refusals, const uint8_t *public_key);
/* Takes one that is due; false: none is. ret_key: its key in Z85, empty when there is none. now:
 * a monotonic clock. */
bool refusals_next(struct refusals *refusals, mono_t now, struct curve_key *ret_key,
                   uint64_t *ret_count);
uint64_t refusals_total(struct refusals *refusals);
