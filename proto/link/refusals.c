/* Refused connections, counted by key, so that the log has a line a while for each key and not one
 * for each attempt. Keys that are too many share one entry: an attacker makes keys as he likes. */
#include "proto/link/refusals.h"

#include <string.h>
#include <zmq.h>

/* The shared entry is in use for ever; it has no key, and its place is the last one. */
bool refusals_init(struct refusals *refusals)
{
    *refusals = (struct refusals){0};
    refusals->entries[REFUSALS_KEYS_MAX].is_used = true;
    return pthread_mutex_init(&refusals->lock, NULL) == 0;
}

void refusals_release(struct refusals *refusals)
{
    (void)pthread_mutex_destroy(&refusals->lock);
}

/* The entry of the key, else a free one for it, else the one that many share. */
static struct refusal *entry_of(struct refusals *refusals, const uint8_t *public_key)
{
    struct refusal *shared = &refusals->entries[REFUSALS_KEYS_MAX];
    struct refusal *free_one = NULL;
    if (public_key == NULL)
        return shared;
    for (struct refusal *entry = refusals->entries; entry < shared; entry++) {
        if (entry->is_used && memcmp(entry->public_key, public_key, CURVE_KEY_BYTES) == 0)
            return entry;
        if (!entry->is_used && free_one == NULL)
            free_one = entry;
    }
    if (free_one == NULL)
        return shared;
    *free_one = (struct refusal){.is_used = true};
    memcpy(free_one->public_key, public_key, CURVE_KEY_BYTES);
    return free_one;
}

void refusals_add(struct refusals *refusals, const uint8_t *public_key)
{
    pthread_mutex_lock(&refusals->lock);
    entry_of(refusals, public_key)->count++;
    refusals->total++;
    pthread_mutex_unlock(&refusals->lock);
}

/* Due: told of never, or long enough ago. Where that long ago nothing came, a key gives way. */
static bool take(struct refusals *refusals, mono_t now, struct refusal *ret_taken)
{
    struct refusal *shared = &refusals->entries[REFUSALS_KEYS_MAX];
    for (struct refusal *entry = refusals->entries; entry <= shared; entry++) {
        bool is_quiet = !entry->is_told || now.ms - entry->told.ms >= REFUSALS_TOLD_MS;
        if (!entry->is_used || !is_quiet)
            continue;
        if (entry->count == 0) {
            entry->is_used = entry == shared;
            continue;
        }
        *ret_taken = *entry;
        entry->count = 0;
        entry->is_told = true;
        entry->told = now;
        return true;
    }
    return false;
}

bool refusals_next(struct refusals *refusals, mono_t now, struct curve_key *ret_key,
                   uint64_t *ret_count)
{
    static const uint8_t none[CURVE_KEY_BYTES];
    struct refusal taken;
    pthread_mutex_lock(&refusals->lock);
    bool is_due = take(refusals, now, &taken);
    pthread_mutex_unlock(&refusals->lock);
    if (!is_due)
        return false;
    *ret_key = (struct curve_key){0};
    if (memcmp(taken.public_key, none, sizeof none) != 0)
        (void)zmq_z85_encode(ret_key->text, taken.public_key, sizeof taken.public_key);
    *ret_count = taken.count;
    return true;
}

uint64_t refusals_total(struct refusals *refusals)
{
    pthread_mutex_lock(&refusals->lock);
    uint64_t total = refusals->total;
    pthread_mutex_unlock(&refusals->lock);
    return total;
}
