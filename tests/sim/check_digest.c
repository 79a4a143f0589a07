/* Invariants 2 and 4, digests: a message travels as the bytes that its sender froze, whoever sends
 * it how often; and a receipt names the digest of just those bytes. */
#include "tests/sim/check.h"

#include "proto/codec/message_type.h"

/* A receipt of an honest participant that it really made: it keeps what it says. */
static bool is_own(struct sim *sim, const struct seen_document *seen)
{
    struct store_message message;
    int speaker = sim_node_of(&seen->envelope->sender);
    struct store *disk = speaker == NOWHERE ? NULL : sim->nodes[speaker].disk;
    return speaker != NODE_HOSTILE && disk != NULL &&
           disk->verbs->find_message(disk, &seen->envelope->sender, &seen->envelope->id,
                                     &message) == REASON_NONE;
}

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
        bool is_about_it = record != NULL && sim_node_of(&envelope->recipient) == record->sender;
        if (is_about_it && is_own(sim, seen) && !digest_equal(&item->digest, &record->digest))
            sim_violated(sim, 4, &item->message_id, "a receipt of %s names another digest",
                         sim_node_name(sim_node_of(&envelope->sender)));
    }
}

const struct checker check_digest = {.name = "digest", .document = document};
