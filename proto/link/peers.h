/* peers - who is admitted to a link's server, and over which connection each one came last.
 *
 * A table for one thread at a time. Built whole from a list of peers; what a participant's
 * connection was stays when the list still allows it.
 */
#pragma once

#include "proto/link/account.h"
#include "proto/link/inbox.h"
#include "proto/link/link.h"
#include "proto/link/routing_id.h"

/* A connection made with a peer's key, whose id verified. */
struct line {
    bool is_used;
    bool is_cut; /* it has been shut down; what still comes over it is passed over */
    int fd;
    uint64_t number; /* the oldest has the least */
    uint8_t id[ROUTING_ID_BYTES];
};

struct admitted_peer {
    struct link_peer is; /* .key none: free slot */
    struct routing_secret secret;
    bool has_secret; /* it is made when it is needed first */
    struct line lines[LINK_CONNECTIONS_MAX];
    /* The way of a participant's last frame: a line of its own, or of its carrier. */
    bool has_way;
    bool is_carried;
    bool has_come; /* at all: is_carried tells how, also when the way has ended */
    uint8_t way[ROUTING_ID_BYTES];
    uint64_t connection;
    uint32_t strays; /* messages of its lines that were nobody's; LINK_STRAYS_PER_S are forgotten */
    mono_t strays_at;
    struct account *account; /* of what is under way to it, or over a carrier's lines; NULL: nothing
                              * yet, or not counted */
    uint16_t line;           /* of a carrier: 1 to CARRIERS_MAX, what its lines bring is counted */
    struct inbox *inbox;     /* NULL: nothing yet */
};

struct peers {
    struct admitted_peer *slots; /* open addressing by the key's hash, half full at most */
    size_t slot_count;
};

/* Replaces the table. What came over a connection that may not stay is dropped from its inbox.
 * ret_before: the old table, for lines that have to be cut, to be released by the caller. False
 * without memory: all is as before. */
bool peers_replace(struct peers *peers, const struct link_peer *list, size_t count,
                   struct inboxes *inboxes, struct peers *ret_before);
void peers_release(struct peers *peers, struct inboxes *inboxes);
/* NULL: not admitted. Valid until the table is replaced. */
struct admitted_peer *peers_find(const struct peers *peers, const struct key *key);
/* The participant of that name, if the carrier may carry it; NULL: it may not. */
struct admitted_peer *peers_find_carried(const struct peers *peers,
                                         const struct admitted_peer *carrier, struct bytes name);
bool peer_has_same_key(const struct admitted_peer *a, const struct admitted_peer *b);
/* NULL: no connection of the peer has that id. */
struct line *peer_line(struct admitted_peer *peer, const uint8_t id[ROUTING_ID_BYTES]);
