/* Invariants 1 and 9, commit then speak: what leaves a node is on its disk. */
#include "tests/sim/check.h"

#include "proto/codec/message_type.h"

static bool has_message(struct node *node, const struct key *sender, const struct message_id *id,
                        const struct digest *digest)
{
    struct store_message message;
    return node->disk->verbs->find_message(node->disk, sender, id, &message) == REASON_NONE &&
           (digest == NULL || digest_equal(&message.digest, digest));
}

static bool has_of_anybody(struct sim *sim, struct node *node, const struct message_id *id,
                           const struct digest *digest)
{
    for (int i = 0; i < NODES; i++) {
        struct key key = key_of(sim_node_name(i));
        if (has_message(node, &key, id, digest))
            return true;
    }
    (void)sim;
    return false;
}

static void sent(void *state, struct sim *sim, int from, int to, const struct frame *frame)
{
    (void)state;
    struct node *node = &sim->nodes[from];
    if (frame->kind == FRAME_LEDGER_HEAD) {
        struct store_positions positions;
        if (node->disk->verbs->positions(node->disk, &positions) == REASON_NONE &&
            to != NODE_HOSTILE && /* who may have made its claim up */
            positions.ledger_size < frame->ledger_head.from_tree_size)
            sim_violated(sim, 7, NULL, "a head is proved from a size that the ledger never had");
        return;
    }
    /* An adapter says "taken" also of what it refuses: its refusal is then on its disk. */
    if (frame->kind != FRAME_TAKEN || from != NODE_GATEWAY)
        return;
    for (size_t i = 0; i < frame->taken.count; i++) {
        if (!has_of_anybody(sim, node, &frame->taken.ids[i], NULL))
            sim_violated(sim, 1, &frame->taken.ids[i], "%s tells %s that it is taken, and has not",
                         sim_node_name(from), sim_node_name(to));
    }
}

/* A receipt stands in its speaker's store, and what it says is so. */
static void document(void *state, struct sim *sim, const struct seen_document *seen)
{
    (void)state;
    const struct envelope *envelope = seen->envelope;
    struct node *node = &sim->nodes[seen->from];
    if (!key_equal(&envelope->sender, &node->key))
        return;
    if (!has_message(node, &envelope->sender, &envelope->id, &seen->digest))
        sim_violated(sim, 1, &envelope->id, "%s sends what it has not committed",
                     sim_node_name(seen->from));
    if (!message_type_is_receipt((enum message_type)envelope->type))
        return;
    for (size_t i = 0; i < envelope->receipt.item_count; i++) {
        const struct receipt_item *item = &envelope->receipt.items[i];
        const struct record *record = record_find(&sim->records, &item->message_id);
        bool is_statement = !key_is_none(&item->destination); /* about another's message */
        if (envelope->type == MESSAGE_TYPE_RECEIPT_CUSTODY &&
            !(is_statement
                  ? has_of_anybody(sim, node, &item->message_id, &item->digest)
                  : has_message(node, &envelope->recipient, &item->message_id, &item->digest)))
            sim_violated(sim, 1, &item->message_id, "custody of what the gateway does not have");
        if (envelope->type != MESSAGE_TYPE_RECEIPT_DELIVERED || record == NULL ||
            record->sender != sim_node_of(&envelope->recipient))
            continue;
        struct record *changing = record_find(&sim->records, &item->message_id);
        const struct place *place = record_place(changing, seen->from);
        if (place == NULL || !place->is_at_office)
            sim_violated(sim, 9, &item->message_id, "%s says delivered, and its office has not",
                         sim_node_name(seen->from));
    }
}

const struct checker check_speak = {.name = "speak", .sent = sent, .document = document};
