/* Flights are pieces of one fixed pool. Each is in a bucket of the id table, in a bucket of the
 * order table when it has an order class, and in one of two lists in order of deadline: SENT or
 * TAKEN. Deadlines are spans from "now" of a few lengths, so the place of a new one is at the end
 * or a few steps before it. */
#include "routing/outbox/outbox_parts.h"

#include <string.h>

#include "proto/base/check.h"

/* ---- lists and tables ---- */

static uint32_t index_of(const struct outbox *outbox, const struct flight *flight)
{
    return (uint32_t)(flight - outbox->flights);
}

static struct list *list_of(struct outbox *outbox, const struct flight *flight)
{
    return &outbox->lists[flight->is_taken ? LIST_TAKEN : LIST_SENT];
}

/* Of its destination, in no order: for giving all of it back. */
static void own_add(struct outbox *outbox, struct flight *flight)
{
    struct destination *to = &outbox->destinations[flight->destination];
    if (flight->is_taken)
        return;
    flight->own_before = NONE;
    flight->own_after = to->first_sent;
    if (to->first_sent != NONE)
        outbox->flights[to->first_sent].own_before = index_of(outbox, flight);
    to->first_sent = index_of(outbox, flight);
}

static void own_remove(struct outbox *outbox, const struct flight *flight)
{
    if (flight->is_taken)
        return;
    if (flight->own_before == NONE)
        outbox->destinations[flight->destination].first_sent = flight->own_after;
    else
        outbox->flights[flight->own_before].own_after = flight->own_after;
    if (flight->own_after != NONE)
        outbox->flights[flight->own_after].own_before = flight->own_before;
}

/* From the end backwards: a new deadline is mostly the latest one. */
void outbox_list_insert(struct outbox *outbox, struct flight *flight)
{
    own_add(outbox, flight);
    struct list *list = list_of(outbox, flight);
    uint32_t index = index_of(outbox, flight);
    uint32_t before = list->last;
    while (before != NONE && outbox->flights[before].deadline.ms > flight->deadline.ms)
        before = outbox->flights[before].before;
    flight->before = before;
    flight->after = before == NONE ? list->first : outbox->flights[before].after;
    if (before == NONE)
        list->first = index;
    else
        outbox->flights[before].after = index;
    if (flight->after == NONE)
        list->last = index;
    else
        outbox->flights[flight->after].before = index;
}

/* For what is overdue at once: no deadline in the list can be earlier. */
void outbox_list_prepend(struct outbox *outbox, struct flight *flight)
{
    own_add(outbox, flight);
    struct list *list = list_of(outbox, flight);
    uint32_t index = index_of(outbox, flight);
    flight->before = NONE;
    flight->after = list->first;
    if (list->first == NONE)
        list->last = index;
    else
        outbox->flights[list->first].before = index;
    list->first = index;
}

void outbox_list_remove(struct outbox *outbox, struct flight *flight)
{
    own_remove(outbox, flight);
    struct list *list = list_of(outbox, flight);
    if (flight->before == NONE)
        list->first = flight->after;
    else
        outbox->flights[flight->before].after = flight->after;
    if (flight->after == NONE)
        list->last = flight->before;
    else
        outbox->flights[flight->after].before = flight->before;
}

/* With the process's own seed, since ids are chosen by their senders, who must not be able to
 * choose a bucket. */
static uint32_t *id_bucket(const struct outbox *outbox, const struct message_id *id)
{
    uint64_t hash = hash_bytes_from(outbox->seed, (struct bytes){id->bytes, MESSAGE_ID_BYTES});
    return &outbox->id_buckets[(uint32_t)(hash >> 32) & outbox->bucket_mask];
}

/* Multiplied by the golden ratio's bits (Knuth, volume 3, §6.4): order classes of one destination
 * would otherwise share buckets. */
static uint32_t *order_bucket(const struct outbox *outbox, uint32_t destination, uint64_t order)
{
    uint64_t hash = (order ^ destination ^ outbox->seed) * UINT64_C(0x9e3779b97f4a7c15);
    return &outbox->order_buckets[(uint32_t)(hash >> 32) & outbox->bucket_mask];
}

bool outbox_order_is_under_way(const struct outbox *outbox, uint32_t destination, uint64_t order)
{
    if (order == 0)
        return false;
    for (uint32_t i = *order_bucket(outbox, destination, order); i != NONE;
         i = outbox->flights[i].next_same_order) {
        const struct flight *flight = &outbox->flights[i];
        if (flight->destination == destination && flight->entry.order == order)
            return true;
    }
    return false;
}

/* Whether there is room was asked before (may_leave), so that an empty pool is our own mistake. */
struct flight *outbox_flight_add(struct outbox *outbox, uint32_t destination,
                                 const struct entry *entry, const struct key *sender,
                                 const struct message_id *id, const struct digest *digest)
{
    uint32_t index = outbox->first_free;
    check(index != NONE);
    struct flight *flight = &outbox->flights[index];
    outbox->first_free = flight->after;
    outbox->flight_count++;
    outbox->destinations[destination].flight_count++;
    *flight = (struct flight){
        .entry = *entry,
        .sender = *sender,
        .id = *id,
        .digest = *digest,
        .destination = destination,
        .next_same_order = NONE,
    };
    uint32_t *bucket = id_bucket(outbox, id);
    flight->next_same_bucket = *bucket;
    *bucket = index;
    if (entry->order != 0) {
        uint32_t *same_order = order_bucket(outbox, destination, entry->order);
        flight->next_same_order = *same_order;
        *same_order = index;
    }
    return flight;
}

void outbox_flight_remove(struct outbox *outbox, struct flight *flight)
{
    uint32_t index = index_of(outbox, flight);
    uint32_t *link = id_bucket(outbox, &flight->id);
    while (*link != index) {
        check(*link != NONE);
        link = &outbox->flights[*link].next_same_bucket;
    }
    *link = flight->next_same_bucket;
    if (flight->entry.order != 0) {
        link = order_bucket(outbox, flight->destination, flight->entry.order);
        while (*link != index) {
            check(*link != NONE);
            link = &outbox->flights[*link].next_same_order;
        }
        *link = flight->next_same_order;
    }
    outbox_list_remove(outbox, flight);
    flight->after = outbox->first_free;
    outbox->first_free = index;
    outbox->flight_count--;
    outbox->destinations[flight->destination].flight_count--;
}

/* By destination as well, because a message and its copies have one id; sender NULL: any, for a
 * peer that answers names the id alone. */
struct flight *outbox_find(struct outbox *outbox, uint32_t destination, const struct key *sender,
                           const struct message_id *id)
{
    for (uint32_t i = *id_bucket(outbox, id); i != NONE; i = outbox->flights[i].next_same_bucket) {
        struct flight *flight = &outbox->flights[i];
        if (flight->destination == destination && id_equal(&flight->id, id) &&
            (sender == NULL || key_equal(&flight->sender, sender)))
            return flight;
    }
    return NULL;
}

/* 0xff in every byte is NONE. */
void outbox_forget_flights(struct outbox *outbox)
{
    memset(outbox->id_buckets, 0xff, (outbox->bucket_mask + 1) * sizeof(uint32_t));
    memset(outbox->order_buckets, 0xff, (outbox->bucket_mask + 1) * sizeof(uint32_t));
    for (uint32_t i = 0; i < outbox->flights_max; i++)
        outbox->flights[i].after = i + 1 < outbox->flights_max ? i + 1 : NONE;
    outbox->first_free = outbox->flights_max > 0 ? 0 : NONE;
    outbox->flight_count = 0;
    for (uint32_t i = 0; i < outbox->destination_count; i++)
        outbox->destinations[i].first_sent = NONE;
    for (int name = 0; name < LISTS; name++)
        outbox->lists[name] = (struct list){NONE, NONE};
}
