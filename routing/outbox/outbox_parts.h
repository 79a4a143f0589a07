/* outbox_parts - what the files of the outbox share. Nobody else includes this.
 *
 *   outbox.c        leasing, answers, time
 *   destinations.c  the destinations
 *   flights.c       the pool of flights, its tables and lists
 */
#pragma once

#include "proto/base/check.h"
#include "routing/outbox/outbox.h"

#define NONE UINT32_MAX

enum list_name { LIST_SENT, LIST_TAKEN, LISTS };

struct list {
    uint32_t first, last;
};

/*   CLOSED ──outbox_open──▶ OPEN ──outbox_close──▶ CLOSING ──nothing is left [outbox_return]──┐
 *     ▲                                                                                       │
 *     └───────────────────────────────────────────────────────────────────────────────────────┘ */
enum destination_state { DESTINATION_CLOSED = 0, DESTINATION_OPEN, DESTINATION_CLOSING };

struct destination {
    struct key key;
    enum destination_state state;
    wall_t returned_due;         /* CLOSING: when what comes back is due again */
    enum reason returned_reason; /* why it did */
    wall_t returned_since;
    mono_t progress;        /* when it last showed that it works on what it was sent */
    uint32_t first_sent;    /* flights that it has not taken */
    uint32_t next_same_key; /* of the bucket */
    bool look_again;        /* the store may have due entries that we have not seen */
    uint32_t flight_count;
    uint64_t backlog;
    wall_t next_due; /* 0: none known */
    uint32_t lease_ms;
    struct window window;
    uint32_t window_bytes; /* of messages that it has not taken; 0: no bound */
    uint64_t bytes_under_way;
    uint32_t bytes_wanted; /* of the message that found no room in them; 0 none */
};

struct outbox {
    struct destination *destinations;
    uint32_t destination_count, destinations_max;
    struct flight *flights;
    uint32_t flights_max, flight_count, first_free;
    uint32_t *id_buckets, *order_buckets;
    uint32_t bucket_mask;
    uint64_t seed;
    uint32_t *key_buckets; /* of the destinations */
    uint32_t key_mask;
    uint32_t closing_count; /* destinations that are CLOSING */
    uint32_t lease_ms;
    struct list lists[LISTS];
};

static inline struct destination *destination_at(const struct outbox *outbox, uint32_t index)
{
    check(index < outbox->destination_count);
    return &outbox->destinations[index];
}

void outbox_forget_flights(struct outbox *outbox);
/* In order of deadline, behind its equals; and among what its destination has not taken. */
void outbox_list_insert(struct outbox *outbox, struct flight *flight);
void outbox_list_prepend(struct outbox *outbox, struct flight *flight);
void outbox_list_remove(struct outbox *outbox, struct flight *flight);
bool outbox_order_is_under_way(const struct outbox *outbox, uint32_t destination, uint64_t order);
struct flight *outbox_flight_add(struct outbox *outbox, uint32_t destination,
                                 const struct entry *entry, const struct key *sender,
                                 const struct message_id *id, const struct digest *digest);
void outbox_flight_remove(struct outbox *outbox, struct flight *flight);
