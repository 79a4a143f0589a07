/* Leased entries in memory: by place, and by destination and order class. Two chains over one
 * array of slots; slots that were freed are used again first, and the table only grows. Place 0
 * marks a free slot, since no entry has it. */
#include "gateway/store/lease_table.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_CAPACITY = 256 };

/* Places are consecutive numbers: unmixed, their low bits would be the destination, and one stuck
 * agency a single long chain. */
static uint64_t mix(uint64_t value)
{
    value = (value ^ (value >> 32)) * UINT64_C(0xd6e8feb86659fd93);
    return value ^ (value >> 32);
}

static uint32_t *head_of_place(const struct lease_table *table, uint64_t place)
{
    return &table->heads_of_place[mix(place) & (table->capacity - 1)];
}

/* The seed is the process's own: an order class is made from a dossier code, which a sender
 * chooses, and must not let him choose the chain. */
static uint32_t *head_of_class(const struct lease_table *table, uint64_t destination,
                               uint64_t order)
{
    return &table->heads_of_class[mix((order ^ table->seed) + mix(destination)) &
                                  (table->capacity - 1)];
}

void lease_table_init(struct lease_table *table, uint64_t seed)
{
    *table = (struct lease_table){.used = 1, .seed = seed};
}

void lease_table_release(struct lease_table *table)
{
    free(table->slots);
    free(table->heads_of_place);
    free(table->heads_of_class);
    lease_table_init(table, table->seed);
}

void lease_table_clear(struct lease_table *table)
{
    if (table->capacity != 0) {
        memset(table->slots, 0, table->capacity * sizeof *table->slots);
        memset(table->heads_of_place, 0, table->capacity * sizeof *table->heads_of_place);
        memset(table->heads_of_class, 0, table->capacity * sizeof *table->heads_of_class);
    }
    table->used = 1;
    table->free = 0;
    table->count = 0;
}

/* Order class 0 has no line to stand in, and nobody asks for its earlier ones. */
static void link_slot(struct lease_table *table, uint32_t slot)
{
    struct leased *leased = &table->slots[slot];
    uint32_t *head = head_of_place(table, leased->place);
    leased->next_of_place = *head;
    *head = slot;
    if (leased->entry.order == 0)
        return;
    head = head_of_class(table, leased->destination, leased->entry.order);
    leased->next_of_class = *head;
    *head = slot;
}

/* Before the lists are replaced everything is there: after a failure the table is as it was. */
static bool grow(struct lease_table *table)
{
    uint32_t capacity = table->capacity == 0 ? FIRST_CAPACITY : table->capacity * 2;
    struct leased *slots = calloc(capacity, sizeof *slots);
    uint32_t *places = calloc(capacity, sizeof *places);
    uint32_t *classes = calloc(capacity, sizeof *classes);
    if (slots == NULL || places == NULL || classes == NULL) {
        free(slots);
        free(places);
        free(classes);
        return false;
    }
    /* Growth happens only when every slot is taken, so all of them are linked again. */
    if (table->slots != NULL)
        memcpy(slots, table->slots, table->used * sizeof *slots);
    free(table->slots);
    free(table->heads_of_place);
    free(table->heads_of_class);
    table->slots = slots;
    table->heads_of_place = places;
    table->heads_of_class = classes;
    table->capacity = capacity;
    for (uint32_t slot = 1; slot < table->used; slot++)
        link_slot(table, slot);
    return true;
}

struct leased *lease_table_add(struct lease_table *table, uint64_t place, uint64_t destination,
                               const struct entry *entry)
{
    uint32_t slot = table->free;
    if (slot != 0) {
        table->free = table->slots[slot].next_of_place;
    } else {
        if (table->used >= table->capacity && !grow(table))
            return NULL;
        slot = table->used++;
    }
    table->slots[slot] =
        (struct leased){.place = place, .destination = destination, .entry = *entry};
    link_slot(table, slot);
    table->count++;
    return &table->slots[slot];
}

struct leased *lease_table_find(const struct lease_table *table, uint64_t place)
{
    if (table->count == 0)
        return NULL;
    for (uint32_t slot = *head_of_place(table, place); slot != 0;
         slot = table->slots[slot].next_of_place) {
        if (table->slots[slot].place == place)
            return &table->slots[slot];
    }
    return NULL;
}

void lease_table_remove(struct lease_table *table, struct leased *leased)
{
    uint32_t slot = (uint32_t)(leased - table->slots);
    uint32_t *link = head_of_place(table, leased->place);
    while (*link != slot)
        link = &table->slots[*link].next_of_place;
    *link = leased->next_of_place;
    if (leased->entry.order != 0) {
        link = head_of_class(table, leased->destination, leased->entry.order);
        while (*link != slot)
            link = &table->slots[*link].next_of_class;
        *link = leased->next_of_class;
    }
    *leased = (struct leased){.next_of_place = table->free};
    table->free = slot;
    table->count--;
}

bool lease_table_has_earlier(const struct lease_table *table, uint64_t destination, uint64_t order,
                             uint64_t seq)
{
    if (table->count == 0)
        return false;
    for (uint32_t slot = *head_of_class(table, destination, order); slot != 0;
         slot = table->slots[slot].next_of_class) {
        const struct leased *leased = &table->slots[slot];
        if (leased->entry.order == order && leased->destination == destination &&
            leased->entry.message_seq < seq)
            return true;
    }
    return false;
}

/* In the order of slots, which is no order that means anything. */
struct leased *lease_table_next(const struct lease_table *table, const struct leased *after)
{
    for (uint32_t slot = after == NULL ? 1 : (uint32_t)(after - table->slots) + 1;
         slot < table->used; slot++) {
        if (table->slots[slot].place != 0)
            return &table->slots[slot];
    }
    return NULL;
}
