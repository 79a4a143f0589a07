/* store_memory_table - numbers of rows under the hash of what they are looked up by: open
 * addressing, twice the room, nothing is ever taken out. Who looks compares the rows that may be
 * it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MEMORY_NONE UINT32_MAX

struct memory_slot {
    uint32_t hash;
    uint32_t number; /* and one; 0: empty */
};

struct memory_table {
    struct memory_slot *slots; /* owned */
    size_t count, room;        /* room: a power of two, or 0 */
};

/* Room for so many more. False: no memory, and all is as it was. */
bool memory_table_reserve(struct memory_table *table, size_t more);
/* Needs that room. */
void memory_table_add(struct memory_table *table, uint64_t hash, uint32_t number);
/* The next row that may be it; *probe is 0 at first. MEMORY_NONE: no more. */
uint32_t memory_table_next(const struct memory_table *table, uint64_t hash, size_t *probe);
/* Slots of its own. False: no memory. */
bool memory_table_copy(struct memory_table *own, const struct memory_table *table);
