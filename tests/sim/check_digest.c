/* Invariants 2 and 4, digests: a message travels as the bytes that its sender froze, whoever sends
 * it how often; and a receipt names the digest of just those bytes. */
#include "tests/sim/check.h"

#include "proto/codec/message_type.h"

static void document(void *state, struct sim *sim, const struct seen_document *seen)
{
    (void)state;
    const struct envelope *envelope = seen->envelope;
    if (seen->record != NULL && !digest_equal(&seen->digest, &seen->record->digest))
        sim_violated(sim, 2, &envelope->id, "%s sends it with other bytes",
                     sim_node_name(seen->from));
    if (!message_type_is_receipt((enum message_type)envelope->type))
        return;
    for (size_t i = 0; i < envelope->receipt.item_count; i++) {
        const struct receipt_item *item = &envelope->receipt.items[i];
        const struct record *record = record_find(&sim->records, &item->message_id);
        /* What a stranger says, or what was refused unread, need not match. */
        bool is_of_honest = record != NULL && sim_node_of(&envelope->sender) != NODE_HOSTILE &&
                            sim_node_of(&envelope->recipient) == record->sender;
        if (is_of_honest && !digest_equal(&item->digest, &record->digest))
            sim_violated(sim, 4, &item->message_id, "a receipt of %s names another digest",
                         sim_node_name(sim_node_of(&envelope->sender)));
    }
}

const struct checker check_digest = {.name = "digest", .document = document};
