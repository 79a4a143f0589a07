/* Invariant 4, who may say it: an end counts from the one who may say it, at the gateway and on the
 * sender's screen. Delivered is the recipient's word; refused the recipient's, or the gateway's of
 * what it did not take; custody, expired and withdrawn the gateway's (and expired the recipient's,
 * of what came too late). And nobody but a message's destinations has a word on it. */
#include "tests/sim/check.h"

#include "proto/codec/message_type.h"

struct state {
    size_t next; /* the record that is looked at after the next step */
};

/* ---- at the gateway ---- */

/* The receipt that an end names: of this commit, or of an earlier one. */
static int signer_of(struct node *node, uint64_t receipt_seq)
{
    struct store_message receipt;
    if (node->disk->verbs->read_message(node->disk, receipt_seq, &receipt) != REASON_NONE)
        return NOWHERE;
    return sim_node_of(&receipt.sender);
}

static void committed(void *state, struct node *node, const struct store_plan *plan)
{
    (void)state;
    struct sim *sim = node->sim;
    for (size_t i = 0; node->index == NODE_GATEWAY && i < plan->move_count; i++) {
        const struct store_move *move = &plan->moves[i];
        const struct record *record = record_of_seq(&sim->records, move->message_seq);
        int place = sim_node_of(&move->destination);
        bool is_recipients = move->state == ENTRY_DELIVERED || move->state == ENTRY_REFUSED;
        if (record != NULL && is_recipients && signer_of(node, move->receipt_seq) != place)
            sim_violated(sim, 4, &record->id, "at %s it ends %s by the word of %s",
                         sim_node_name(place), entry_state_name(move->state),
                         sim_node_name(signer_of(node, move->receipt_seq)));
    }
}

/* ---- on the sender's screen ---- */

static bool is_true(const struct place *place, uint32_t receipt_type)
{
    switch (receipt_type) {
    case MESSAGE_TYPE_RECEIPT_DELIVERED:
        return place->is_at_office;
    case MESSAGE_TYPE_RECEIPT_REFUSED:
        return place->is_settled && !place->is_at_office;
    case MESSAGE_TYPE_RECEIPT_EXPIRED:
        return place->is_settled || place->state == ENTRY_EXPIRED;
    case MESSAGE_TYPE_RECEIPT_WITHDRAWN:
        return place->state == ENTRY_WITHDRAWN;
    default:
        return false;
    }
}

static void check_told(struct sim *sim, const struct record *record, struct session *session,
                       int about)
{
    struct outcome outcome;
    const struct place *place = record_place((struct record *)(uintptr_t)record, about);
    if (session_outcome(session, &record->id, &sim->nodes[about].key, &outcome) != REASON_NONE)
        return;
    if (about == NODE_GATEWAY) {
        if (outcome.receipt_type == MESSAGE_TYPE_RECEIPT_CUSTODY && record->gateway_seq == 0)
            sim_violated(sim, 4, &record->id, "its sender sees it in custody, and it is not");
        if (outcome.receipt_type == MESSAGE_TYPE_RECEIPT_DELIVERED)
            sim_violated(sim, 4, &record->id, "its sender sees it delivered by the gateway");
        return;
    }
    if (place == NULL)
        sim_violated(sim, 4, &record->id, "its sender sees what %s says of it, who never had it",
                     sim_node_name(about));
    else if (about != NODE_HOSTILE && !is_true(place, outcome.receipt_type))
        sim_violated(sim, 4, &record->id, "its sender sees type %u at %s, which never said so",
                     outcome.receipt_type, sim_node_name(about));
}

static void stepped(void *context, struct node *node)
{
    struct state *state = context;
    struct sim *sim = node->sim;
    if (sim->records.count == 0)
        return;
    const struct record *record = &sim->records.rows[state->next++ % sim->records.count];
    struct session *session = sim->nodes[record->sender].session;
    for (int about = 0; session != NULL && about < NODES; about++) {
        if (sim->nodes[about].is_used)
            check_told(sim, record, session, about);
    }
}

const struct checker check_authority = {.name = "authority",
                                        .state_bytes = sizeof(struct state),
                                        .committed = committed,
                                        .stepped = stepped};
