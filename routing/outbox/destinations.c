/* The destinations of an outbox: found by key, opened, and what is told about each. Their state
 * changes here (open) and in outbox.c (close, and the end of closing). */
#include "proto/base/check.h"
#include "routing/outbox/outbox_parts.h"

static uint32_t *bucket_of(const struct outbox *outbox, const struct key *key)
{
    uint64_t hash = hash_bytes(key_bytes(key));
    return &outbox->key_buckets[(uint32_t)(hash >> 32) & outbox->key_mask];
}

/* Without a seed, unlike flights: keys come from the registry, and nobody outside chooses one. */
uint32_t outbox_find_destination(const struct outbox *outbox, const struct key *key)
{
    uint32_t i = *bucket_of(outbox, key);
    while (i != NONE && !key_equal(&outbox->destinations[i].key, key))
        i = outbox->destinations[i].next_same_key;
    return i;
}

/* A destination is never forgotten: its number stands in flights and at the step's peers, and the
 * registry bounds how many there are. NONE when all places are taken. */
uint32_t outbox_destination(struct outbox *outbox, const struct key *key)
{
    uint32_t *bucket = bucket_of(outbox, key);
    uint32_t found = outbox_find_destination(outbox, key);
    if (found != NONE || outbox->destination_count == outbox->destinations_max)
        return found;
    struct destination *new = &outbox->destinations[outbox->destination_count];
    *new = (struct destination){.key = *key,
                                .next_same_key = *bucket,
                                .first_sent = NONE,
                                .lease_ms = outbox->lease_ms,
                                .look_again = true};
    window_init(&new->window, 0);
    *bucket = outbox->destination_count;
    return outbox->destination_count++;
}

void outbox_set_lease(struct outbox *outbox, uint32_t destination, uint32_t lease_ms)
{
    destination_at(outbox, destination)->lease_ms = lease_ms;
}

const struct window *outbox_window(const struct outbox *outbox, uint32_t destination)
{
    return &destination_at(outbox, destination)->window;
}

uint64_t outbox_backlog(const struct outbox *outbox, uint32_t destination)
{
    return destination_at(outbox, destination)->backlog;
}

void outbox_set_backlog(struct outbox *outbox, uint32_t destination, uint64_t count)
{
    destination_at(outbox, destination)->backlog = count;
}

/* A backlog is what the store holds and no flight has; below zero somebody counted an entry twice.
 */
void outbox_backlog_changed(struct outbox *outbox, uint32_t destination, int change)
{
    struct destination *to = destination_at(outbox, destination);
    check(change >= 0 || to->backlog >= (uint64_t)-change);
    to->backlog += (uint64_t)change;
    to->look_again = true;
}

/* Something outside of this outbox changed what may leave: the registry, an operator, the store. */
void outbox_look_again(struct outbox *outbox, uint32_t destination)
{
    destination_at(outbox, destination)->look_again = true;
}

/* Called after a look into the store: until that moment, or until something changes, there is
 * nothing to be found there. */
void outbox_next_due(struct outbox *outbox, uint32_t destination, wall_t next_due)
{
    struct destination *to = destination_at(outbox, destination);
    to->next_due = next_due;
    to->look_again = false;
}

/* What was under way over the connection before still is: it stays in the new window's count, or
 * the same peer could have twice its window. */
void outbox_open(struct outbox *outbox, uint32_t destination, uint32_t window_messages)
{
    struct destination *to = destination_at(outbox, destination);
    check(to->state != DESTINATION_CLOSING);
    if (to->state == DESTINATION_CLOSED || to->window.size_max == 0) {
        uint32_t under_way = to->window.under_way;
        window_init(&to->window, window_messages);
        to->window.under_way = under_way;
    }
    to->window.size_max = window_messages;
    to->state = DESTINATION_OPEN;
    to->look_again = true;
}

/* A smaller window takes nothing back that is under way: it lets nothing more leave until enough
 * has been taken. */
void outbox_set_window_bytes(struct outbox *outbox, uint32_t destination, uint32_t window_bytes)
{
    struct destination *to = destination_at(outbox, destination);
    if (to->window_bytes != window_bytes)
        to->look_again = true;
    to->window_bytes = window_bytes;
}

bool outbox_is_open(const struct outbox *outbox, uint32_t destination)
{
    return destination_at(outbox, destination)->state == DESTINATION_OPEN;
}

bool outbox_is_closing(const struct outbox *outbox, uint32_t destination)
{
    return destination_at(outbox, destination)->state == DESTINATION_CLOSING;
}
