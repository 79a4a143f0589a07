/* Invariants 6 and 14, pasts: an adapter whose store was put back to an older copy is noticed by
 * the gateway, and nobody else is taken for one. It numbers its messages anew: one under a number
 * that another message of that dossier has waits at the gateway until a person has compared the
 * two, instead of being passed on beside it. */
#include "tests/sim/check.h"

#include "proto/log/log.h"

#include <string.h>

enum { NUMBERS_MAX = 64 }; /* of one sender in one dossier */

struct state {
    bool is_used[NODES][DOSSIERS_MAX][NUMBERS_MAX]; /* by a message in custody */
};

/* Every entry of the message is held in the commit that makes it. */
static bool waits_for_a_person(const struct store_plan *plan, uint64_t message_seq)
{
    size_t entries = 0;
    size_t held = 0;
    for (size_t i = 0; i < plan->entry_count; i++)
        entries += plan->entries[i].message_seq == message_seq;
    for (size_t i = 0; i < plan->move_count; i++)
        held += plan->moves[i].message_seq == message_seq && plan->moves[i].state == ENTRY_HELD &&
                plan->moves[i].reason == REASON_SEQUENCE_REPEATED;
    return held == entries;
}

static void committed(void *context, struct node *node, const struct store_plan *plan)
{
    struct state *state = context;
    struct sim *sim = node->sim;
    for (size_t i = 0; node->index == NODE_GATEWAY && i < plan->message_count; i++) {
        const struct store_message *message = &plan->messages[i];
        int sender = sim_node_of(&message->sender);
        int dossier = workload_dossier(sim, message->dossier_code);
        if (!is_business(message->type) || key_is_none(&message->recipient) || dossier == NOWHERE ||
            message->sequence >= NUMBERS_MAX)
            continue;
        bool *is_used = &state->is_used[sender][dossier][message->sequence];
        if (sim->is_lost && sender == sim->lost_node && rollback_is_noticed(sim) && *is_used &&
            !waits_for_a_person(plan, message->seq)) {
            sim->is_lost = false; /* so that it is seen */
            sim_violated(sim, 6, &message->id, "number %llu of its dossier is passed on twice",
                         (unsigned long long)message->sequence);
        }
        *is_used = true;
    }
}

static void logged(void *state, struct node *node, const struct log_line *line, struct bytes text)
{
    (void)state;
    (void)text;
    struct sim *sim = node->sim;
    if (node->index != NODE_GATEWAY || strcmp(line->event, "alarm") != 0 ||
        (line->reason != REASON_STORE_ROLLED_BACK && line->reason != REASON_TWO_PROGRAMS_ONE_KEY))
        return;
    struct key about;
    if (!key_parse(line->from, &about) || sim_node_of(&about) == NOWHERE)
        return;
    int about_node = sim_node_of(&about);
    sim->alarms_about[about_node]++;
    /* Somebody else who has its key shows another past, or none. */
    bool is_so =
        sim->is_lost || about_node == NODE_HOSTILE || sim->swarm.count[MISHAP_HOSTILE_TWIN] > 0;
    if (!is_so)
        sim_violated(sim, 14, NULL, "%s is taken for one that was put back",
                     sim_node_name(about_node));
}

const struct checker check_past = {.name = "past",
                                   .state_bytes = sizeof(struct state),
                                   .sees_lost = true,
                                   .committed = committed,
                                   .logged = logged};
