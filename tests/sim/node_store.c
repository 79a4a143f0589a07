/* Around a node's commit: crashes on either side of it, a disk that is busy or full, and what the
 * records and the checkers learn from it. */
#include <string.h>

#include "proto/base/check.h"
#include "proto/codec/message_type.h"
#include "tests/sim/check.h"

/* The verbs stand in their node: so a store finds it. */
static struct node *node_of(struct store *store)
{
    return (struct node *)((uintptr_t)store->verbs - offsetof(struct node, verbs));
}

/* ---- what the records learn ---- */

static struct record *record_of_entry(struct node *node, uint64_t message_seq)
{
    struct store_message message;
    if (node->disk->verbs->read_message(node->disk, message_seq, &message) != REASON_NONE)
        return NULL;
    struct record *record = record_find(&node->sim->records, &message.id);
    return record != NULL && is_business(message.type) ? record : NULL;
}

static void learn_sent(struct node *node, const struct store_message *message)
{
    struct sim *sim = node->sim;
    struct record *record = record_add(&sim->records, &message->id);
    if (record == NULL) {
        sim_violated(sim, 5, &message->id, "one id for two messages, or too many messages");
        return;
    }
    record->digest = message->digest;
    record->sender = node->index;
    record->sent_ms = sim->now_ms;
    record->type = message->type;
    record->dossier = workload_dossier(sim, message->dossier_code);
    record->sequence = message->sequence;
    record->was_clock_off = node->clock_offset_ms != 0;
    record->intent = NOWHERE;
    const struct pending *pending = &sim->pending[node->index];
    for (size_t i = 0; i < pending->count; i++) {
        struct intent *intent = &sim->intents[pending->numbers[i]];
        if (!intent->is_in_step || !id_equal(&intent->id, &message->id))
            continue;
        record->intent = pending->numbers[i];
        record->has_file = intent->file != NOWHERE;
        record->has_life = intent->life_ms != 0;
        record->ends_ms = intent->ends_ms;
    }
}

static void learn_adapter_message(struct node *node, const struct store_message *message)
{
    if (!is_business(message->type))
        return;
    if (key_equal(&message->sender, &node->key)) {
        learn_sent(node, message);
        return;
    }
    struct record *record = record_find(&node->sim->records, &message->id);
    struct place *place = record == NULL ? NULL : record_place(record, node->index);
    if (place != NULL)
        place->is_taken = true;
}

static void learn_adapter_state(struct node *node, uint64_t message_seq,
                                const struct key *destination, enum entry_state state,
                                enum reason reason)
{
    struct record *record = record_of_entry(node, message_seq);
    if (record == NULL)
        return;
    if (sim_node_of(destination) == NODE_GATEWAY) {
        record->sent = state;
        record->sent_reason = reason;
        return;
    }
    struct place *place = record_place(record, node->index);
    if (place != NULL && entry_state_is_terminal(state))
        place->is_settled = true;
}

static void learn_from_adapter(struct node *node, const struct store_plan *plan)
{
    for (size_t i = 0; i < plan->message_count; i++)
        learn_adapter_message(node, &plan->messages[i]);
    for (size_t i = 0; i < plan->entry_count; i++)
        learn_adapter_state(node, plan->entries[i].message_seq, &plan->entries[i].destination,
                            plan->entries[i].state, REASON_NONE);
    for (size_t i = 0; i < plan->move_count; i++)
        learn_adapter_state(node, plan->moves[i].message_seq, &plan->moves[i].destination,
                            plan->moves[i].state, plan->moves[i].reason);
}

static bool is_of_plan(const struct store_plan *plan, uint64_t message_seq)
{
    for (size_t i = 0; i < plan->message_count; i++) {
        if (plan->messages[i].seq == message_seq)
            return true;
    }
    return false;
}

static void learn_route(struct dossier *dossier, int agency)
{
    dossier->before = dossier->agency;
    dossier->agency = agency;
}

/* The dossier is where it was before. */
static void forget_route(struct sim *sim, const struct record *record, enum entry_state state)
{
    struct dossier *dossier = record->dossier == NOWHERE ? NULL : &sim->dossiers[record->dossier];
    bool is_bad = entry_state_is_terminal(state) && state != ENTRY_DELIVERED;
    if (!is_bad || record->type != MESSAGE_TYPE_TRANSFER || dossier == NULL || sim->is_lost)
        return;
    bool is_second = record->intent != NOWHERE && sim->intents[record->intent].named != NOWHERE;
    if (is_second || dossier->before == NOWHERE)
        dossier->agency = dossier->before;
    dossier->before = NOWHERE;
}

static void learn_from_gateway(struct node *node, const struct store_plan *plan)
{
    struct sim *sim = node->sim;
    struct records *records = &sim->records;
    for (size_t i = 0; i < plan->message_count; i++) {
        const struct store_message *message = &plan->messages[i];
        struct record *record = record_find(records, &message->id);
        if (record == NULL || !is_business(message->type) ||
            sim_node_of(&message->sender) != record->sender || key_is_none(&message->recipient))
            continue; /* not ours, or refused */
        record->gateway_seq = message->seq;
        record->has_own_line = record->sender >= NODE_AGENCY && record->sender < NODE_PORTAL &&
                               record->dossier != NOWHERE &&
                               sim->dossiers[record->dossier].agency == NOWHERE;
        check(record_set_seq(records, message->seq, record));
        if (!record->is_to_go_back)
            record->custody_ms = sim->now_ms;
        if (message->type == MESSAGE_TYPE_TRANSFER && record->dossier != NOWHERE && !sim->is_lost)
            learn_route(&sim->dossiers[record->dossier], sim_node_of(&message->recipient));
    }
    for (size_t i = 0; i < plan->entry_count; i++) {
        const struct entry *entry = &plan->entries[i];
        struct record *record = record_of_seq(records, entry->message_seq);
        struct place *again =
            record == NULL ? NULL : record_place(record, sim_node_of(&entry->destination));
        if (again != NULL) /* after the gateway's store was put back */
            again->state = entry->state;
        else if (record != NULL && record->is_to_go_back && is_of_plan(plan, entry->message_seq))
            restored_violated(sim, 3, &record->id, "it comes back to somebody else than it went");
        else if (record != NULL && record->place_count < PLACES_MAX)
            record->places[record->place_count++] =
                (struct place){.node = sim_node_of(&entry->destination),
                               .state = entry->state,
                               .was_sent = entry->state == ENTRY_LEASED};
    }
    for (size_t i = 0; i < plan->move_count; i++) {
        const struct store_move *move = &plan->moves[i];
        struct record *record = record_of_seq(records, move->message_seq);
        struct place *place =
            record == NULL ? NULL : record_place(record, sim_node_of(&move->destination));
        if (place == NULL)
            continue;
        place->state = move->state;
        place->reason = move->reason;
        forget_route(sim, record, move->state);
        place->was_sent = place->was_sent || move->state == ENTRY_LEASED;
        sim_note(sim, NODE_GATEWAY, entry_state_name(move->state), &record->id, place->node);
    }
}

/* ---- the commit ---- */

static enum reason refuse(struct node *node)
{
    struct sim *sim = node->sim;
    if (swarm_happens(&sim->swarm, MISHAP_STORE_BUSY))
        return REASON_STORE_BUSY;
    if (swarm_happens(&sim->swarm, MISHAP_STORE_FULL))
        node->full_until_ms = sim->now_ms + dice_between(&sim->dice, 200, 20000);
    return !sim->swarm.is_calm && node->full_until_ms > sim->now_ms ? REASON_STORE_FULL
                                                                    : REASON_NONE;
}

static enum reason commit(struct store *store, const struct store_plan *plan)
{
    struct node *node = node_of(store);
    struct sim *sim = node->sim;
    enum reason reason = refuse(node);
    if (reason != REASON_NONE) {
        sim_note(sim, node->index, "cannot commit", NULL, (int)reason);
        return reason;
    }
    if (swarm_happens(&sim->swarm, MISHAP_CRASH_BEFORE_COMMIT)) {
        node->is_dying = true;
        return REASON_STORE_FAILED; /* nobody lives to hear it */
    }
    reason = node->commit(store, plan);
    if (reason != REASON_NONE)
        return reason;
    checkers_committed(node, plan);
    rollback_committed(node, plan);
    if (node->index == NODE_GATEWAY)
        learn_from_gateway(node, plan);
    else
        learn_from_adapter(node, plan);
    if (swarm_happens(&sim->swarm, MISHAP_CRASH_AFTER_COMMIT)) {
        node->is_dying = true;
    } else if (swarm_happens(&sim->swarm, MISHAP_CRASH_WHILE_SENDING)) {
        node->crash = CRASH_SENDING;
        node->sends_left = (unsigned int)dice_below(&sim->dice, 4);
    }
    return REASON_NONE;
}

void node_store_open(struct node *node)
{
    node->verbs = *node->disk->verbs;
    node->commit = node->verbs.commit;
    node->verbs.commit = commit;
    node->disk->verbs = &node->verbs;
}
