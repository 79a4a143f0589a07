/* Invariant 6, order: messages of one dossier from one sender come into custody in the order in
 * which they were submitted, and to one office in the order in which they came into custody. */
#include "tests/sim/check.h"

struct state {
    uint64_t custody[NODES][DOSSIERS_MAX]; /* sequence that was taken last, by sender */
    /* The gateway's number of what was called for last. Where the dossier was never transferred to
     * or from, each sender has an order of his own. */
    uint64_t office[NODES][NODES][DOSSIERS_MAX];
};

static void committed(void *context, struct node *node, const struct store_plan *plan)
{
    struct state *state = context;
    struct sim *sim = node->sim;
    for (size_t i = 0; node->index == NODE_GATEWAY && i < plan->message_count; i++) {
        const struct store_message *message = &plan->messages[i];
        const struct record *record = record_find(&sim->records, &message->id);
        if (record == NULL || !is_business(message->type) || record->dossier == NOWHERE ||
            record->sender != sim_node_of(&message->sender) || key_is_none(&message->recipient))
            continue;
        uint64_t *last = &state->custody[record->sender][record->dossier];
        if (record->sequence <= *last)
            sim_violated(sim, 6, &message->id, "number %llu of its dossier is taken after %llu",
                         (unsigned long long)record->sequence, (unsigned long long)*last);
        *last = record->sequence;
    }
}

static void called(void *context, struct node *node, const struct store_message *message,
                   struct record *record)
{
    struct state *state = context;
    if (record == NULL || record->dossier == NOWHERE)
        return;
    bool is_own = node->index == NODE_PORTAL || record->has_own_line;
    int line = is_own ? record->sender : node->index;
    uint64_t *last = &state->office[node->index][line][record->dossier];
    /* The gateway's number of custody is the order that it owes. */
    if (record->gateway_seq < *last)
        sim_violated(node->sim, 6, &message->id,
                     "the office of %s is called for it after a later one of its dossier",
                     sim_node_name(node->index));
    else
        *last = record->gateway_seq;
}

const struct checker check_order = {
    .name = "order", .state_bytes = sizeof(struct state), .committed = committed, .called = called};
