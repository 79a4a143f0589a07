/* Who may connect, by key, and what is known of each: a table that is made anew at every reload
 * and takes over what goes on. A connection survives a reload when its key is still admitted for
 * the same participant by the same way; all others are ended by the caller, who gets the table of
 * before. */
#include "proto/link/peers.h"

#include <stdlib.h>
#include <string.h>

/* The slot that holds the key, or the free one where it would go. Open addressing; the table has
 * twice as many slots as peers and one more, so that a free one ends every search. */
static struct admitted_peer *slot_of(const struct peers *peers, const struct key *key)
{
    size_t at = (size_t)(hash_bytes(key_bytes(key)) >> 32) % peers->slot_count;
    while (!key_is_none(&peers->slots[at].is.key) && !key_equal(&peers->slots[at].is.key, key))
        at = (at + 1) % peers->slot_count;
    return &peers->slots[at];
}

struct admitted_peer *peers_find(const struct peers *peers, const struct key *key)
{
    if (key_is_none(key) || peers->slot_count == 0)
        return NULL;
    struct admitted_peer *peer = slot_of(peers, key);
    return key_is_none(&peer->is.key) ? NULL : peer;
}

/* A carrier speaks for those alone whose row of the registry names it: a name that it may not use
 * is answered like one that nobody has (invariant 13). */
struct admitted_peer *peers_find_carried(const struct peers *peers,
                                         const struct admitted_peer *carrier, struct bytes name)
{
    struct key key;
    struct admitted_peer *peer = key_parse(name, &key) ? peers_find(peers, &key) : NULL;
    return peer != NULL && key_equal(&peer->is.carrier, &carrier->is.key) ? peer : NULL;
}

bool peer_has_same_key(const struct admitted_peer *a, const struct admitted_peer *b)
{
    return a != NULL && b != NULL &&
           memcmp(&a->is.public_key, &b->is.public_key, sizeof a->is.public_key) == 0;
}

struct line *peer_line(struct admitted_peer *peer, const uint8_t id[ROUTING_ID_BYTES])
{
    for (size_t i = 0; i < LINK_CONNECTIONS_MAX; i++) {
        struct line *line = &peer->lines[i];
        if (line->is_used && memcmp(line->id, id, ROUTING_ID_BYTES) == 0)
            return line;
    }
    return NULL;
}

/* A connection stays whose key is still admitted and that may still serve this participant. */
static bool may_stay(const struct peers *before, const struct admitted_peer *old,
                     const struct peers *after, const struct admitted_peer *new)
{
    if (!old->is_carried)
        return peer_has_same_key(old, new);
    return key_equal(&old->is.carrier, &new->is.carrier) &&
           peer_has_same_key(peers_find(before, &old->is.carrier),
                             peers_find(after, &new->is.carrier));
}

/* Carriers are numbered; who stays keeps his number, for what waits is counted under it. */
static void number_carriers(const struct peers *before, const struct peers *after)
{
    bool is_used[CARRIERS_MAX + 1] = {true};
    for (size_t i = 0; i < after->slot_count; i++) {
        struct admitted_peer *peer = &after->slots[i];
        const struct admitted_peer *old =
            peer->is.is_carrier ? peers_find(before, &peer->is.key) : NULL;
        peer->line = old != NULL ? old->line : 0;
        is_used[peer->line] = true;
    }
    uint16_t next = 1;
    for (size_t i = 0; i < after->slot_count; i++) {
        struct admitted_peer *peer = &after->slots[i];
        if (!peer->is.is_carrier || peer->line != 0)
            continue;
        while (next < CARRIERS_MAX && is_used[next])
            next++;
        peer->line = next; /* of those beyond the bound, the last is shared */
        is_used[next] = true;
    }
}

/* Account and inbox move to the new table whatever becomes of the connection: bytes that ZeroMQ
 * still holds stay counted, and a reload is no way to get rid of one's bounds. Frames of a
 * connection that may not stay are dropped; their sender sends them again. */
static void keep(const struct peers *before, struct admitted_peer *old, const struct peers *after,
                 struct admitted_peer *new, struct inboxes *inboxes)
{
    new->account = old->account; /* what waits for it waits, whichever way it comes */
    new->inbox = old->inbox;
    old->account = NULL;
    old->inbox = NULL;
    if (peer_has_same_key(old, new)) {
        new->secret = old->secret;
        new->has_secret = old->has_secret;
        memcpy(new->lines, old->lines, sizeof new->lines);
    }
    if (may_stay(before, old, after, new)) {
        new->has_way = old->has_way;
        new->has_come = old->has_come;
        new->is_carried = old->is_carried;
        new->connection = old->connection;
        memcpy(new->way, old->way, sizeof new->way);
    } else if (new->inbox != NULL) {
        inbox_clear(inboxes, new->inbox);
    }
}

/* Memory is taken before anything moves: after a failure the old table stands as it was. */
bool peers_replace(struct peers *peers, const struct link_peer *list, size_t count,
                   struct inboxes *inboxes, struct peers *ret_before)
{
    struct peers after = {.slot_count = 2 * count + 1};
    after.slots = calloc(after.slot_count, sizeof *after.slots);
    if (after.slots == NULL)
        return false;
    for (size_t i = 0; i < count; i++)
        slot_of(&after, &list[i].key)->is = list[i];
    for (size_t i = 0; i < after.slot_count; i++) {
        struct admitted_peer *old = peers_find(peers, &after.slots[i].is.key);
        if (old != NULL)
            keep(peers, old, &after, &after.slots[i], inboxes);
    }
    number_carriers(peers, &after);
    *ret_before = *peers;
    *peers = after;
    return true;
}

void peers_release(struct peers *peers, struct inboxes *inboxes)
{
    for (size_t i = 0; i < peers->slot_count; i++) {
        account_drop(peers->slots[i].account);
        inbox_drop(inboxes, &peers->slots[i].inbox);
        explicit_bzero(&peers->slots[i].secret, sizeof peers->slots[i].secret);
    }
    free(peers->slots);
    *peers = (struct peers){0};
}
