/* Invariant 5, once: one message, one custody, one row at its recipient, and no call of the office
 * after its answer was committed. */
#include "tests/sim/check.h"

static void committed(void *state, struct node *node, const struct store_plan *plan)
{
    (void)state;
    struct sim *sim = node->sim;
    for (size_t i = 0; i < plan->message_count; i++) {
        const struct store_message *message = &plan->messages[i];
        struct record *record = record_find(&sim->records, &message->id);
        if (record == NULL || !is_business(message->type) ||
            sim_node_of(&message->sender) != record->sender)
            continue;
        const struct place *place = record_place(record, node->index);
        if (node->index == NODE_GATEWAY && record->gateway_seq != 0)
            sim_violated(sim, 5, &message->id, "the gateway takes it a second time");
        else if (place != NULL && place->is_taken)
            sim_violated(sim, 5, &message->id, "%s takes it a second time",
                         sim_node_name(node->index));
    }
}

static void called(void *state, struct node *node, const struct store_message *message,
                   struct record *record)
{
    (void)state;
    const struct place *place = record == NULL ? NULL : record_place(record, node->index);
    struct digest digest;
    if (place == NULL)
        return;
    if (place->is_settled)
        sim_violated(node->sim, 5, &message->id, "the office of %s is called again after its end",
                     sim_node_name(node->index));
    if (record->has_file && record->intent != NOWHERE) {
        uint64_t size;
        (void)workload_file(node->sim->intents[record->intent].file, &digest);
        if (node->kept->verbs->find(node->kept, &digest, &size) != REASON_NONE)
            sim_violated(node->sim, 9, &message->id, "the office is called without its file");
    }
}

const struct checker check_once = {.name = "once", .committed = committed, .called = called};
