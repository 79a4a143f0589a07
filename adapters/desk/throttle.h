/* throttle - how long who failed to sign in has to wait, by name and address together.
 *
 * An attempt counts as a failure from when it is given to the hasher until it turns out right, so
 * that a burst is not free. Free are THROTTLE_FREE failures; each one more doubles the wait, from a
 * second to five minutes. The same name from another address does not wait, and neither does
 * another name from the same address: nobody can lock anybody else out. A success forgets the
 * failures.
 *
 * A fixed table; where it is full, whoever failed longest ago within his bucket is forgotten.
 */
#pragma once

#include "proto/base/time.h"

enum {
    THROTTLE_BUCKETS = 1024,
    THROTTLE_WAYS = 8,
    THROTTLE_FREE = 5,
    THROTTLE_FIRST_MS = 1000,
    THROTTLE_MAX_MS = 5 * 60 * 1000,
    THROTTLE_KEY_BYTES = 16,
};

struct throttle_entry {
    uint8_t key[THROTTLE_KEY_BYTES];
    uint32_t failures;
    mono_t at; /* the last failure */
};

struct throttle {
    uint8_t secret[16]; /* so that nobody can aim at a bucket */
    struct throttle_entry entries[THROTTLE_BUCKETS][THROTTLE_WAYS];
};

void throttle_init(struct throttle *throttle);
/* Milliseconds until the next attempt is looked at; 0: now. */
int64_t throttle_wait_ms(const struct throttle *throttle, const char *name, const char *address,
                         mono_t now);
void throttle_failed(struct throttle *throttle, const char *name, const char *address, mono_t now);
void throttle_succeeded(struct throttle *throttle, const char *name, const char *address);
