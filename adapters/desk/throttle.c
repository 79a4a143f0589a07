/* Failures by (name, address), in a table of fixed size. Names are not kept: what stands there is a
 * keyed hash. */
#include "adapters/desk/throttle.h"

#include <sodium.h>
#include <string.h>

void throttle_init(struct throttle *throttle)
{
    memset(throttle, 0, sizeof *throttle);
    randombytes_buf(throttle->secret, sizeof throttle->secret);
}

/* The secret is drawn at each start: nobody can work out which names share a bucket. */
static void key_make(const struct throttle *throttle, const char *name, const char *address,
                     uint8_t ret_key[THROTTLE_KEY_BYTES])
{
    crypto_generichash_state state;
    (void)crypto_generichash_init(&state, throttle->secret, sizeof throttle->secret,
                                  THROTTLE_KEY_BYTES);
    (void)crypto_generichash_update(&state, (const uint8_t *)name, strlen(name) + 1);
    (void)crypto_generichash_update(&state, (const uint8_t *)address, strlen(address));
    (void)crypto_generichash_final(&state, ret_key, THROTTLE_KEY_BYTES);
}

static size_t bucket_of(const uint8_t key[THROTTLE_KEY_BYTES])
{
    return (size_t)(key[0] | key[1] << 8) % THROTTLE_BUCKETS;
}

static const struct throttle_entry *find(const struct throttle *throttle,
                                         const uint8_t key[THROTTLE_KEY_BYTES])
{
    const struct throttle_entry *bucket = throttle->entries[bucket_of(key)];
    for (size_t i = 0; i < THROTTLE_WAYS; i++) {
        if (bucket[i].failures > 0 && memcmp(bucket[i].key, key, THROTTLE_KEY_BYTES) == 0)
            return &bucket[i];
    }
    return NULL;
}

/* Doubling from the fifth failure on: a person who mistyped waits a second, a program that
 * guesses five minutes for each word. */
static int64_t wait_of(uint32_t failures)
{
    int64_t wait_ms = THROTTLE_FIRST_MS;
    if (failures < THROTTLE_FREE)
        return 0;
    for (uint32_t i = THROTTLE_FREE; i < failures && wait_ms < THROTTLE_MAX_MS; i++)
        wait_ms *= 2;
    return wait_ms < THROTTLE_MAX_MS ? wait_ms : THROTTLE_MAX_MS;
}

int64_t throttle_wait_ms(const struct throttle *throttle, const char *name, const char *address,
                         mono_t now)
{
    uint8_t key[THROTTLE_KEY_BYTES];
    key_make(throttle, name, address, key);
    const struct throttle_entry *entry = find(throttle, key);
    if (entry == NULL)
        return 0;
    int64_t left_ms = entry->at.ms + wait_of(entry->failures) - now.ms;
    return left_ms > 0 ? left_ms : 0;
}

/* Where the bucket is full the oldest failure goes; its owner has waited longest already. */
void throttle_failed(struct throttle *throttle, const char *name, const char *address, mono_t now)
{
    uint8_t key[THROTTLE_KEY_BYTES];
    key_make(throttle, name, address, key);
    struct throttle_entry *bucket = throttle->entries[bucket_of(key)], *entry = bucket;
    for (size_t i = 0; i < THROTTLE_WAYS; i++) {
        if (bucket[i].failures > 0 && memcmp(bucket[i].key, key, sizeof key) == 0) {
            entry = &bucket[i];
            break;
        }
        if (bucket[i].at.ms < entry->at.ms)
            entry = &bucket[i];
    }
    if (memcmp(entry->key, key, sizeof key) != 0) {
        memcpy(entry->key, key, sizeof key);
        entry->failures = 0;
    }
    entry->failures++;
    entry->at = now;
}

void throttle_succeeded(struct throttle *throttle, const char *name, const char *address)
{
    uint8_t key[THROTTLE_KEY_BYTES];
    key_make(throttle, name, address, key);
    struct throttle_entry *bucket = throttle->entries[bucket_of(key)];
    for (size_t i = 0; i < THROTTLE_WAYS; i++) {
        if (memcmp(bucket[i].key, key, sizeof key) == 0)
            bucket[i] = (struct throttle_entry){0};
    }
}
