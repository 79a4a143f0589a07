/* Messages whose rows have gone: they stay in the image, and are shown to nobody. */
#include "proto/base/check.h"
#include "tests/support/store_memory_image.h"

void memory_check_row(const struct store_memory_image *image, const struct store_message *message)
{
    check((message->gone & STORE_PART_ROW) == 0 ||
          (message->seq < image->messages.count &&
           (message->gone & STORE_PARTS_OF_CONTENT) == STORE_PARTS_OF_CONTENT));
}

enum reason memory_next_message(struct store *store, uint64_t after_seq, uint64_t *ret_seq)
{
    const struct store_memory_image *image = memory_image_of(store);
    for (uint64_t seq = after_seq + 1; seq <= image->messages.count; seq++) {
        if (!memory_has_row(image, seq))
            continue;
        *ret_seq = seq;
        return REASON_NONE;
    }
    return REASON_NOT_FOUND;
}

enum reason memory_forgotten_id(struct store *store, const struct key *sender,
                                struct message_id *ret_id)
{
    const struct memory_participant *known =
        memory_find_participant(memory_image_of(store), sender);
    *ret_id = known == NULL ? (struct message_id){{0}} : known->forgotten;
    return REASON_NONE;
}
