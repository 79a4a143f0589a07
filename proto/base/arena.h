/* arena - memory with one lifetime: taken piece by piece, given back all at once.
 *
 * Owns one block of limit_bytes, allocated at arena_init. arena_take never calls malloc: at the end
 * of the block it answers NULL, which callers turn into REASON_OUT_OF_MEMORY or REASON_BUSY.
 * Pieces are aligned for any type and not cleared. arena_reset keeps the block.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "proto/base/bytes.h"

struct arena {
    uint8_t *block;
    size_t used;
    size_t limit_bytes;
};

/* False when the block cannot be had. */
bool arena_init(struct arena *arena, size_t limit_bytes);
void arena_release(struct arena *arena);
void arena_reset(struct arena *arena);
void *arena_take(struct arena *arena, size_t size_bytes);
/* A copy that lives as long as the arena's content; .data is NULL when there is no room. */
struct bytes arena_copy(struct arena *arena, struct bytes from);
