#include <stdlib.h>
#include <string.h>

#include "proto/base/check.h"
#include "proto/codec/message_type.h"
#include "tests/sim/check.h"

enum { CHECKERS = 18 };
static const struct checker *const all[CHECKERS] = {
    &check_loss,   &check_speak,  &check_once,   &check_order,   &check_policy,   &check_outcome,
    &check_ledger, &check_digest, &check_bounds, &check_privacy, &check_terminal, &check_authority,
    &check_files,  &check_rows,   &check_fair,   &check_past,    &check_purge,    &check_due,
};
_Static_assert(CHECKERS <= (int)SIM_CHECKERS_MAX, "every checker has a place for its state");

void checkers_open(struct sim *sim)
{
    for (size_t i = 0; i < CHECKERS; i++) {
        sim->check_states[i] = calloc(1, all[i]->state_bytes + 1);
        check(sim->check_states[i] != NULL);
    }
    check(arena_init(&sim->parse, FRAME_ARENA_BYTES + 2 * ENVELOPE_ARENA_BYTES));
}

void checkers_clear(struct sim *sim)
{
    for (size_t i = 0; i < CHECKERS; i++)
        memset(sim->check_states[i], 0, all[i]->state_bytes);
}

void checkers_forget(struct sim *sim, bool was_put_back)
{
    for (size_t i = 0; i < CHECKERS; i++) {
        if (all[i]->forget != NULL)
            all[i]->forget(sim->check_states[i]);
        else
            memset(sim->check_states[i], 0, all[i]->state_bytes);
        if (was_put_back && all[i]->resume != NULL)
            all[i]->resume(sim->check_states[i], sim);
    }
}

void checkers_close(struct sim *sim)
{
    for (size_t i = 0; i < CHECKERS; i++)
        free(sim->check_states[i]);
    arena_release(&sim->parse);
}

void checkers_committed(struct node *node, const struct store_plan *plan)
{
    for (size_t i = 0; i < CHECKERS; i++) {
        if (all[i]->committed != NULL && (!node->sim->is_lost || all[i]->sees_lost))
            all[i]->committed(node->sim->check_states[i], node, plan);
    }
}

static void see_documents(struct sim *sim, int from, int to, const struct parcel *parcel)
{
    for (size_t i = 0; i < parcel->document_count; i++) {
        struct envelope envelope = {.receipt.item_count = 0};
        struct seen_document document = {from, to, parcel, &envelope, {{0}}, NULL};
        if (envelope_parse(parcel->documents[i], &sim->parse, &envelope) != REASON_NONE) {
            sim_violated(sim, 2, NULL, "%s sends a document that does not parse",
                         sim_node_name(from));
            continue;
        }
        sim->nodes[from].model.port.hash(&parcel->documents[i], 1, &document.digest);
        document.record =
            is_business(envelope.type) ? record_find(&sim->records, &envelope.id) : NULL;
        if (document.record != NULL && sim_node_of(&envelope.sender) != document.record->sender)
            document.record = NULL;
        sim->hostile.ids[sim->hostile.id_count++ % HEARD_IDS] = envelope.id;
        sim_note(sim, from, "sends", &envelope.id, to * 100 + (int)envelope.type);
        for (size_t j = 0; j < envelope.receipt.item_count; j++)
            sim_note(sim, from, "tells", &envelope.receipt.items[j].message_id,
                     to * 100 + (int)envelope.type);
        for (size_t j = 0; j < CHECKERS; j++) {
            if (all[j]->document != NULL)
                all[j]->document(sim->check_states[j], sim, &document);
        }
    }
}

void checkers_sent(struct sim *sim, int from, int to, struct bytes bytes)
{
    struct frame frame;
    arena_reset(&sim->parse);
    trace_mix(&sim->trace, bytes);
    if (frame_parse(bytes, &sim->parse, &frame) != REASON_NONE) {
        sim_violated(sim, 8, NULL, "%s sends a frame that does not parse", sim_node_name(from));
        return;
    }
    for (size_t i = 0; i < CHECKERS; i++) {
        if (all[i]->sent != NULL)
            all[i]->sent(sim->check_states[i], sim, from, to, &frame);
    }
    if (frame.kind == FRAME_PARCELS) {
        for (size_t i = 0; i < frame.parcels.count; i++)
            see_documents(sim, from, to, &frame.parcels.parcels[i]);
    }
}

void checkers_called(struct node *node, const struct store_message *message, struct record *record)
{
    for (size_t i = 0; i < CHECKERS; i++) {
        if (all[i]->called != NULL)
            all[i]->called(node->sim->check_states[i], node, message, record);
    }
}

void checkers_logged(struct node *node, const struct log_line *line, struct bytes text)
{
    for (size_t i = 0; i < CHECKERS; i++) {
        if (all[i]->logged != NULL)
            all[i]->logged(node->sim->check_states[i], node, line, text);
    }
}

void checkers_stepped(struct node *node)
{
    if (node->sim->is_lost)
        return;
    for (size_t i = 0; i < CHECKERS; i++) {
        if (all[i]->stepped != NULL)
            all[i]->stepped(node->sim->check_states[i], node);
    }
}

void checkers_ended(struct sim *sim)
{
    for (size_t i = 0; i < CHECKERS; i++) {
        if (all[i]->ended != NULL)
            all[i]->ended(sim->check_states[i], sim);
    }
}

struct bytes plan_document(const struct store_plan *plan, const struct store_message *message,
                           const struct store_parcel **ret_parcel)
{
    for (size_t i = 0; i < plan->parcel_count; i++) {
        const struct store_parcel *parcel = &plan->parcels[i];
        if (parcel->seq != message->parcel_seq || message->document_index >= parcel->document_count)
            continue;
        *ret_parcel = parcel;
        return parcel->documents[message->document_index];
    }
    return (struct bytes){0};
}

bool is_business(uint32_t type)
{
    return type >= 1 && type <= MESSAGE_TYPE_BUSINESS_COUNT;
}
