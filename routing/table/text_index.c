/* A table from texts to numbers: open addressing, half full at most, its size known before (the
 * registry counts its lines). Texts are the caller's and stay where they are. */
#include "routing/table/text_index.h"

#include <string.h>

#include "proto/base/check.h"
#include "proto/base/key.h"

size_t text_index_slots(size_t entries_max)
{
    enum { SLOTS_MIN = 8 };
    size_t slot_count = SLOTS_MIN;
    while (slot_count < 2 * entries_max)
        slot_count *= 2;
    return slot_count;
}

void text_index_init(struct text_index *index, struct text_index_slot *slots, size_t slot_count)
{
    check(slot_count > 0 && (slot_count & (slot_count - 1)) == 0);
    memset(slots, 0, slot_count * sizeof *slots);
    *index = (struct text_index){.slots = slots, .slot_count = slot_count, .limit = slot_count / 2};
}

/* The slot that holds the text, or the free one where it would go. */
static struct text_index_slot *find_slot(const struct text_index *index, struct bytes text)
{
    size_t mask = index->slot_count - 1;
    size_t at = (size_t)hash_bytes(text) & mask;
    while (index->slots[at].text.data != NULL && !bytes_equal(index->slots[at].text, text))
        at = (at + 1) & mask;
    return &index->slots[at];
}

/* False: the text is there already, and its first value stays; the caller tells of the
 * repetition. */
bool text_index_put(struct text_index *index, struct bytes text, uint32_t value)
{
    check(text.size > 0 && index->count < index->limit);
    struct text_index_slot *slot = find_slot(index, text);
    if (slot->text.data != NULL)
        return false;
    *slot = (struct text_index_slot){text, value};
    index->count++;
    return true;
}

bool text_index_find(const struct text_index *index, struct bytes text, uint32_t *ret_value)
{
    if (text.size == 0 || index->slot_count == 0)
        return false;
    const struct text_index_slot *slot = find_slot(index, text);
    if (slot->text.data == NULL)
        return false;
    *ret_value = slot->value;
    return true;
}
