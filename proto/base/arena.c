/* Memory that is given back all at once. Its limit is taken at the start, so that a program that
 * has started does not run out of it later; pieces are aligned for any type. */
#include "proto/base/arena.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

/* The system gives pages only when they are first written to: a large arena that is hardly used
 * costs little more than its address. */
bool arena_init(struct arena *arena, size_t limit_bytes)
{
    uint8_t *block = malloc(limit_bytes);
    if (block == NULL)
        return false;
    *arena = (struct arena){.block = block, .limit_bytes = limit_bytes};
    return true;
}

void arena_release(struct arena *arena)
{
    free(arena->block);
    *arena = (struct arena){0};
}

void arena_reset(struct arena *arena)
{
    arena->used = 0;
}

/* Written without sums that could wrap: size_bytes may be a product of counts from outside. NULL at
 * the bound is a value, and becomes REASON_OUT_OF_MEMORY at the caller (invariant 8). */
void *arena_take(struct arena *arena, size_t size_bytes)
{
    size_t mask = alignof(max_align_t) - 1;
    size_t start = (arena->used + mask) & ~mask;
    if (start > arena->limit_bytes || size_bytes > arena->limit_bytes - start)
        return NULL;
    arena->used = start + size_bytes;
    return arena->block + start;
}

struct bytes arena_copy(struct arena *arena, struct bytes from)
{
    uint8_t *room = arena_take(arena, from.size);
    if (room == NULL)
        return (struct bytes){0};
    if (from.size > 0)
        memcpy(room, from.data, from.size);
    return (struct bytes){room, from.size};
}
