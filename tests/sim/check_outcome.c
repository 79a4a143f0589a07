/* Invariant 4, one terminal outcome: a destination's entry ends once; how it ended is how it was;
 * and its sender is told the same, by a receipt. */
#include "tests/sim/check.h"

#include <string.h>

#include "proto/codec/message_type.h"

static uint32_t receipt_of(enum entry_state state)
{
    return state == ENTRY_DELIVERED ? MESSAGE_TYPE_RECEIPT_DELIVERED
           : state == ENTRY_REFUSED ? MESSAGE_TYPE_RECEIPT_REFUSED
           : state == ENTRY_EXPIRED ? MESSAGE_TYPE_RECEIPT_EXPIRED
                                    : MESSAGE_TYPE_RECEIPT_WITHDRAWN;
}

/* Its recipient is away since its office took it, for longer than the gateway waits: nobody is
 * there who could say it, and its sender is told that its life has ended (broker.h). */
static bool is_out_of_reach(const struct sim *sim, const struct record *record,
                            const struct place *place, const struct store_move *move)
{
    const int64_t waits_ms = LIFE_HOURS * (DAY_MS / 24) + BROKER_EXPIRY_GRACE_MS;
    return sim->is_decade && move->reason == REASON_LIFE_EXCEEDED &&
           !sim->nodes[place->node].is_up && sim->now_ms - record->custody_ms >= waits_ms;
}

static void check_move(struct sim *sim, const struct record *record, const struct place *place,
                       const struct store_move *move)
{
    const char *where = sim_node_name(place->node);
    if (entry_state_is_terminal(place->state))
        sim_violated(sim, 4, &record->id, "at %s it was %s and becomes %s", where,
                     entry_state_name(place->state), entry_state_name(move->state));
    if ((move->state == ENTRY_DELIVERED || move->state == ENTRY_REFUSED) && move->receipt_seq == 0)
        sim_violated(sim, 4, &record->id, "at %s it ends %s without a receipt", where,
                     entry_state_name(move->state));
    if (move->state == ENTRY_DELIVERED && !place->is_at_office)
        sim_violated(sim, 9, &record->id, "delivered to %s, whose office does not have it", where);
    if (entry_state_is_terminal(move->state) && move->state != ENTRY_DELIVERED &&
        place->is_at_office && !is_out_of_reach(sim, record, place, move))
        sim_violated(sim, 4, &record->id, "the office of %s has it, and it ends %s", where,
                     entry_state_name(move->state));
}

static void committed(void *state, struct node *node, const struct store_plan *plan)
{
    (void)state;
    struct sim *sim = node->sim;
    for (size_t i = 0; node->index == NODE_GATEWAY && i < plan->move_count; i++) {
        const struct store_move *move = &plan->moves[i];
        struct record *record = record_of_seq(&sim->records, move->message_seq);
        const struct place *place =
            record == NULL ? NULL : record_place(record, sim_node_of(&move->destination));
        if (place != NULL && place->node != NODE_HOSTILE)
            check_move(sim, record, place, move);
    }
}

static void check_told(struct sim *sim, const struct record *record, const struct place *place)
{
    struct outcome outcome;
    struct session *session = sim->nodes[record->sender].session;
    if (session_outcome(session, &record->id, &sim->nodes[place->node].key, &outcome) ==
            REASON_NONE &&
        outcome.receipt_type != receipt_of(place->state))
        sim_violated(sim, 4, &record->id, "it ended %s at %s, and its sender was told type %u",
                     entry_state_name(place->state), sim_node_name(place->node),
                     outcome.receipt_type);
}

static void ended(void *state, struct sim *sim)
{
    (void)state;
    for (size_t i = 0; i < sim->records.count; i++) {
        const struct record *record = &sim->records.rows[i];
        bool has_failed = record->sent == ENTRY_REFUSED || record->sent == ENTRY_WITHDRAWN ||
                          record->sent == ENTRY_EXPIRED;
        if (has_failed && record->gateway_seq != 0)
            sim_violated(sim, 4, &record->id, "its sender has it %s, and the gateway in custody",
                         entry_state_name(record->sent));
        for (size_t j = 0; j < record->place_count; j++) {
            if (record->places[j].node != NODE_HOSTILE)
                check_told(sim, record, &record->places[j]);
        }
    }
}

const struct checker check_outcome = {.name = "outcome", .committed = committed, .ended = ended};
