/* text_index - from a text to a number, in constant time: how a registry finds its rows.
 *
 * Open addressing at half load, so that a text that is not there is noticed after a few steps
 * whatever a hostile sender asks for: what is in the table comes from our own files alone.
 * Texts are views; they must outlive the index. The slots are the caller's.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/bytes.h"

struct text_index_slot {
    struct bytes text; /* .data is NULL in a free slot */
    uint32_t value;
};

struct text_index {
    struct text_index_slot *slots;
    size_t slot_count; /* a power of two */
    size_t limit;
    size_t count;
};

/* How many slots an index for so many texts needs. */
size_t text_index_slots(size_t entries_max);
/* Uses the caller's slots, text_index_slots of them, and clears them. */
void text_index_init(struct text_index *index, struct text_index_slot *slots, size_t slot_count);
/* False when the text is there already. The text is not empty, and the index not full. */
bool text_index_put(struct text_index *index, struct bytes text, uint32_t value);
bool text_index_find(const struct text_index *index, struct bytes text, uint32_t *ret_value);
