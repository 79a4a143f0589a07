/* peers - who is admitted to a link's server, and over which connection each one came last.
 *
 * A table for one thread. Built whole from a list of peers; what a participant's connection was
 * stays when the list still allows it.
 */
#ifndef PROTO_LINK_PEERS_H
#define PROTO_LINK_PEERS_H

#include "proto/link/account.h"
#include "proto/link/link.h"

enum { LINK_ROUTING_ID_BYTES = 5 /* a zero and a number: what a ROUTER draws */ };

struct peer {
    struct link_peer is; /* .key none: free slot */
    uint8_t routing_id[LINK_ROUTING_ID_BYTES];
    size_t routing_id_size; /* 0: no connection */
    bool is_carried;        /* the connection is its carrier's */
    uint64_t connection;
    struct account *account; /* of what is under way to it; NULL: nothing yet, or not counted */
};

struct peers {
    struct peer *slots; /* open addressing by the key's hash, half full at most */
    size_t slot_count;
};

/* Replaces the table. False without memory: all is as before. */
bool peers_replace(struct peers *peers, const struct link_peer *list, size_t count);
void peers_release(struct peers *peers);
/* NULL: not admitted. Valid until the table is replaced. */
struct peer *peers_find(const struct peers *peers, const struct key *key);
/* The participant of that name, if the carrier may carry it; NULL: it may not. */
struct peer *peers_find_carried(const struct peers *peers, const struct peer *carrier,
                                struct bytes name);

#endif
