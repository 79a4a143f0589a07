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

/* The gateway's word since when it has a message, under a certificate that has ended: an adapter
 * lets it go, and it is given anew with the message. */
static bool is_statement(struct sim *sim, const struct message_id *id)
{
    struct node *gateway = &sim->nodes[NODE_GATEWAY];
    struct store_message message;
    return gateway->disk->verbs->find_message(gateway->disk, &gateway->key, id, &message) ==
               REASON_NONE &&
           message.type == MESSAGE_TYPE_RECEIPT_CUSTODY;
}

/* What an adapter refuses it keeps too, with its refusal. */
static void taken(struct sim *sim, int from, int to, const struct frame *frame)
{
    struct node *node = &sim->nodes[from];
    for (size_t i = 0; i < frame->taken.count; i++) {
        const struct message_id *id = &frame->taken.ids[i];
        if (!has_of_anybody(sim, node, id, NULL) && !is_statement(sim, id))
            sim_violated(sim, 1, id, "%s tells %s that it is taken, and has not",
                         sim_node_name(from), sim_node_name(to));
    }
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
    if (frame->kind == FRAME_TAKEN)
        taken(sim, from, to, frame);
}

/* "Taken" is the recipient's to say: what the gateway counts as handed over is there. Of messages
 * the recipient's receipt is the proof (check_authority.c); of the gateway's own receipts this. */
static void committed(void *state, struct node *node, const struct store_plan *plan)
{
    (void)state;
    struct sim *sim = node->sim;
    for (size_t i = 0; node->index == NODE_GATEWAY && i < plan->move_count; i++) {
        const struct store_move *move = &plan->moves[i];
        struct store_message receipt;
        int to = sim_node_of(&move->destination);
        if (move->state != ENTRY_DELIVERED || to == NODE_HOSTILE || to == NOWHERE ||
            node->disk->verbs->read_message(node->disk, move->message_seq, &receipt) !=
                REASON_NONE ||
            !message_type_is_receipt((enum message_type)receipt.type) ||
            receipt.type == MESSAGE_TYPE_RECEIPT_CUSTODY)
            continue;
        if (!has_message(&sim->nodes[to], &receipt.sender, &receipt.id, &receipt.digest))
            sim_violated(sim, 1, &receipt.id, "the gateway believes that %s has it, and it has not",
                         sim_node_name(to));
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

const struct checker check_speak = {
    .name = "speak", .committed = committed, .sent = sent, .document = document};
