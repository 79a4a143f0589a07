/* Invariant 14, sure ground: an honest message ends badly only for what happened to it. Not for
 * what another participant planted, for a file that was damaged on the way, nor for a clock that
 * was wrong for a while: each end is held against what the world did to that message. */
#include "tests/sim/check.h"

#include "proto/codec/message_type.h"

enum {
    SURE_MS = 1000, /* clocks drift */
    SMALL_JUMP_MS =
        12 * 60 * 1000, /* operator.c: a small jump; a wrong clock is not in doubt yet */
};

/* Its time is over, by the world's own time. */
static bool is_past(const struct sim *sim, const struct record *record)
{
    int64_t early_ms = sim->swarm.count[MISHAP_CLOCK_JUMP] > 0 ? SMALL_JUMP_MS : SURE_MS;
    return record->has_life && record->ends_ms - early_ms <= sim->now_ms;
}

static uint64_t file_bytes(const struct sim *sim, const struct record *record)
{
    struct digest digest;
    return !record->has_file || record->intent == NOWHERE
               ? 0
               : workload_file(sim->intents[record->intent].file, &digest).size;
}

/* Its recipient was away for as long as policy gives it at the gateway. */
static bool is_past_policy(const struct sim *sim, const struct record *record)
{
    return sim->is_decade && record->gateway_seq != 0 &&
           sim->now_ms - record->custody_ms >= LIFE_HOURS * (DAY_MS / 24);
}

/* place: where it ended; NULL: at the gateway's door, or before. */
static bool is_deserved(const struct sim *sim, const struct record *record,
                        const struct place *place, enum reason reason)
{
    switch (reason) {
    case REASON_OFFICE_REFUSED:
        return place != NULL && place->is_office_refused;
    case REASON_EXPIRED:
    case REASON_LIFE_EXCEEDED:
        return is_past(sim, record) || record->was_expired || is_past_policy(sim, record);
    case REASON_PROCEDURE_UNKNOWN:
        return record->type == MESSAGE_TYPE_TRANSFER && record->dossier != NOWHERE &&
               !catalogue_has_code(sim, &sim->dossiers[record->dossier]);
    case REASON_CLOCK_SKEW:
        return place == NULL && sim->swarm.count[MISHAP_CLOCK_JUMP] > 0;
    case REASON_WITHDRAWN:
    case REASON_WITHDRAWN_BY_OPERATOR:
        return record->was_withdrawn;
    case REASON_POLICY_FORBIDDEN:
        return record->type == MESSAGE_TYPE_PROGRESS && sim->was_registry_second;
    case REASON_ROUTE_MISSING:
        return record->type == MESSAGE_TYPE_SUPPLEMENT;
    case REASON_ATTACHMENT_MISSING: /* its own adapter said so, when a usurper asked for it */
        return place == NULL && sim->swarm.count[MISHAP_GATEWAY_WANTS] > 0;
    case REASON_ATTACHMENT_TOO_LARGE:
        return file_bytes(sim, record) >
               (place == NULL ? sim->bounds.file_bytes_max : sim->bounds.adapter_file_bytes_max);
    default:
        return false;
    }
}

static void check_end(struct sim *sim, const struct record *record, const struct place *place,
                      enum entry_state state, enum reason reason)
{
    bool is_bad = state == ENTRY_REFUSED || state == ENTRY_EXPIRED || state == ENTRY_WITHDRAWN;
    if (is_bad && !is_deserved(sim, record, place, reason))
        sim_violated(sim, 14, &record->id, "it ends %s for %s, which it does not deserve",
                     entry_state_name(state), reason_code(reason));
    sim->seen.codes_refused += is_bad && place == NULL && reason == REASON_PROCEDURE_UNKNOWN;
    sim->seen.lives_ended += is_bad && place != NULL && reason == REASON_LIFE_EXCEEDED;
}

static bool is_in_doubt(const struct node *node)
{
    struct broker_status broker = {.clock.state = CLOCK_TRUSTED};
    struct session_status session = {.clock.state = CLOCK_TRUSTED};
    if (node->broker != NULL)
        broker_status(node->broker, &broker);
    if (node->session != NULL)
        session_status(node->session, &session);
    return broker.clock.state != CLOCK_TRUSTED || session.clock.state != CLOCK_TRUSTED;
}

/* Not what a receipt of somebody else says. */
static bool is_own_judgement(struct node *node, const struct store_move *move)
{
    struct store_message receipt;
    return move->receipt_seq == 0 || (node->disk->verbs->read_message(node->disk, move->receipt_seq,
                                                                      &receipt) == REASON_NONE &&
                                      key_equal(&receipt.sender, &node->key));
}

/* Whoever does not know what time it is ends nobody's life by it, however long ago that ended. */
static void check_doubt(struct node *node, const struct record *record,
                        const struct store_move *move)
{
    if (move->state == ENTRY_EXPIRED && move->reason == REASON_LIFE_EXCEEDED &&
        !record->was_expired && is_in_doubt(node) && is_own_judgement(node, move))
        sim_violated(node->sim, 14, &record->id, "%s ends its life while its clock is in doubt",
                     sim_node_name(node->index));
}

/* At the gateway, when it happens: the world's time is then known. */
static void committed(void *state, struct node *node, const struct store_plan *plan)
{
    (void)state;
    struct sim *sim = node->sim;
    for (size_t i = 0; i < plan->move_count; i++) {
        const struct store_move *move = &plan->moves[i];
        struct store_message message;
        struct record *record = NULL;
        if (node->disk->verbs->read_message(node->disk, move->message_seq, &message) == REASON_NONE)
            record = record_find(&sim->records, &message.id);
        if (record == NULL || !is_business(message.type) ||
            sim_node_of(&message.sender) != record->sender)
            continue;
        /* A recipient's entry is for its office; the sender's are for the gateway, where a message
         * has its custody, and for those that it awaits a receipt of. */
        bool is_recipients = node->index != NODE_GATEWAY && record->sender != node->index;
        int at = is_recipients ? node->index : sim_node_of(&move->destination);
        const struct place *place = record_place(record, at);
        if (at != NODE_HOSTILE)
            check_end(sim, record, place, move->state, move->reason);
        check_doubt(node, record, move);
    }
}

const struct checker check_terminal = {.name = "terminal", .committed = committed};
