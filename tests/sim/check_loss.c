/* Invariant 1, loss: what was taken on stays where it was taken on, and comes to an end that its
 * sender knows. */
#include "tests/sim/check.h"

#include "proto/codec/message_type.h"

struct state {
    size_t next; /* the record that is looked at after the next step */
};

static void check_kept(struct sim *sim, struct node *node, const struct record *record)
{
    struct store_message message;
    const struct key *sender = &sim->nodes[record->sender].key;
    if (node->disk->verbs->find_message(node->disk, sender, &record->id, &message) != REASON_NONE ||
        !digest_equal(&message.digest, &record->digest))
        sim_violated(sim, 1, &record->id, "%s took it on and does not have it",
                     sim_node_name(node->index));
}

static void stepped(void *context, struct node *node)
{
    struct state *state = context;
    struct sim *sim = node->sim;
    if (sim->records.count == 0)
        return;
    const struct record *record = &sim->records.rows[state->next++ % sim->records.count];
    check_kept(sim, &sim->nodes[record->sender], record);
    if (record->gateway_seq != 0)
        check_kept(sim, &sim->nodes[NODE_GATEWAY], record);
    for (size_t i = 0; i < record->place_count; i++) {
        if (record->places[i].is_taken)
            check_kept(sim, &sim->nodes[record->places[i].node], record);
    }
}

/* Every message: ended at its sender, and at every destination, and the sender has heard it. */
static void check_end(struct sim *sim, const struct record *record)
{
    struct node *sender = &sim->nodes[record->sender];
    if (!entry_state_is_terminal(record->sent))
        sim_violated(sim, 1, &record->id, "its sender still owes it to the gateway");
    if (record->sent == ENTRY_DELIVERED && record->gateway_seq == 0)
        sim_violated(sim, 1, &record->id, "its sender believes it in custody, and it is not");
    for (size_t i = 0; i < record->place_count; i++) {
        const struct place *place = &record->places[i];
        struct outcome outcome;
        if (place->node == NODE_HOSTILE)
            continue; /* it need not answer */
        if (!entry_state_is_terminal(place->state))
            sim_violated(sim, 1, &record->id, "not at its end at %s", sim_node_name(place->node));
        else if (session_outcome(sender->session, &record->id, &sim->nodes[place->node].key,
                                 &outcome) != REASON_NONE)
            sim_violated(sim, 4, &record->id, "its sender was not told how it ended at %s",
                         sim_node_name(place->node));
    }
}

static void ended(void *context, struct sim *sim)
{
    (void)context;
    size_t submitted = 0;
    for (size_t i = 0; i < sim->intent_count; i++)
        submitted += sim->intents[i].is_done;
    if (submitted != sim->records.count)
        sim_violated(sim, 5, NULL, "%zu submissions became %zu messages", submitted,
                     sim->records.count);
    for (size_t i = 0; i < sim->records.count && !sim->violation.is_set; i++)
        check_end(sim, &sim->records.rows[i]);
}

const struct checker check_loss = {
    .name = "loss",
    .state_bytes = sizeof(struct state),
    .stepped = stepped,
    .ended = ended,
};
