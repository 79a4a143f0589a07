#include "tests/support/store_memory_table.h"

#include <stdlib.h>
#include <string.h>

#include "proto/base/check.h"

enum { FIRST_ROOM = 64 };

/* All bits of it count, whatever the hash was made of. */
static uint64_t mix(uint64_t hash)
{
    hash ^= hash >> 32;
    hash *= UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 29;
}

static void put(struct memory_table *table, struct memory_slot slot)
{
    size_t at = slot.hash & (table->room - 1);
    while (table->slots[at].number != 0)
        at = (at + 1) & (table->room - 1);
    table->slots[at] = slot;
}

bool memory_table_reserve(struct memory_table *table, size_t more)
{
    struct memory_table larger = {.count = table->count, .room = table->room};
    while (2 * (table->count + more) > larger.room)
        larger.room = larger.room == 0 ? (size_t)FIRST_ROOM : 2 * larger.room;
    if (larger.room == table->room)
        return true;
    larger.slots = calloc(larger.room, sizeof *larger.slots);
    if (larger.slots == NULL)
        return false;
    for (size_t i = 0; i < table->room; i++) {
        if (table->slots[i].number != 0)
            put(&larger, table->slots[i]);
    }
    free(table->slots);
    *table = larger;
    return true;
}

void memory_table_add(struct memory_table *table, uint64_t hash, uint32_t number)
{
    check(2 * (table->count + 1) <= table->room);
    put(table, (struct memory_slot){(uint32_t)mix(hash), number + 1});
    table->count++;
}

uint32_t memory_table_next(const struct memory_table *table, uint64_t hash, size_t *probe)
{
    const uint32_t wanted = (uint32_t)mix(hash);
    while (table->room > 0) {
        const struct memory_slot *slot = &table->slots[(wanted + *probe) & (table->room - 1)];
        if (slot->number == 0)
            break;
        (*probe)++;
        if (slot->hash == wanted)
            return slot->number - 1;
    }
    return MEMORY_NONE;
}

bool memory_table_copy(struct memory_table *own, const struct memory_table *table)
{
    *own = *table;
    own->slots = NULL;
    if (table->room == 0)
        return true;
    own->slots = malloc(table->room * sizeof *own->slots);
    if (own->slots != NULL)
        memcpy(own->slots, table->slots, table->room * sizeof *own->slots);
    return own->slots != NULL;
}
