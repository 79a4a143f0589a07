/* lease_table - the entries that are LEASED now, in memory.
 *
 * Most messages are leased when they are taken in and end a moment later. Keeping the leased ones
 * out of the database's indexes makes that path cost one row instead of eight index changes. What
 * stands on the disk is said in store_sqlite_lease.c; this is the index over it, rebuilt at open.
 *
 * Found by place (which entry) and by class (destination and order, for the FIFO rule). Bounded by
 * what the caller leases: its windows, MESSAGE_WINDOW_MAX for each destination.
 */
#pragma once

#include "routing/outbox/entry.h"

/* An entry with the numbers that the store knows it by. */
struct leased {
    uint64_t place;         /* of the entry: see store_sqlite_internal.h */
    uint64_t destination;   /* participant number */
    uint64_t batch;         /* row of the lease table that holds it; 0: not written yet */
    struct entry entry;     /* .destination is filled in as well */
    uint32_t next_of_place; /* chains of the two hashes, and of the free slots */
    uint32_t next_of_class;
};

struct lease_table {
    struct leased *slots; /* slot 0 is never used: 0 ends a chain */
    uint32_t *heads_of_place;
    uint32_t *heads_of_class;
    uint32_t capacity; /* slots and heads; a power of two */
    uint32_t used;     /* slots ever used, slot 0 included */
    uint32_t free;     /* chain of slots that were given back */
    uint32_t count;
    uint64_t seed;
};

/* seed: a number that nobody knows. Senders choose dossiers, and so classes: without it they could
 * choose some that all meet in one chain. */
void lease_table_init(struct lease_table *table, uint64_t seed);
void lease_table_release(struct lease_table *table);
/* Empties it and keeps its memory. */
void lease_table_clear(struct lease_table *table);
/* NULL when there is no memory. The place must not be in the table. The pointer, like all others
 * given out, is good until the next add or remove. */
struct leased *lease_table_add(struct lease_table *table, uint64_t place, uint64_t destination,
                               const struct entry *entry);
struct leased *lease_table_find(const struct lease_table *table, uint64_t place);
void lease_table_remove(struct lease_table *table, struct leased *leased);
/* True when one of this destination and order has a smaller seq. */
bool lease_table_has_earlier(const struct lease_table *table, uint64_t destination, uint64_t order,
                             uint64_t seq);
/* Walks all: start with NULL; NULL at the end. */
struct leased *lease_table_next(const struct lease_table *table, const struct leased *after);
