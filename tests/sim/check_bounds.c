/* Invariant 8, bounds: windows, frames, frames that are kept, what a flood may write, and that no
 * core wants to run without pause when nothing can happen. */
#include "tests/sim/check.h"

#include "gateway/custody/allowance.h"
#include "gateway/custody/fetch.h"
#include "proto/codec/message_type.h"
#include "schema/ledger.pb-c.h"

enum {
    INTAKES_KEPT_MAX = FETCH_WAITING_MAX + BROKER_QUEUE_MAX,
    SECOND_MS = 1000,
    /* Two seconds may share a step's end. */
    REFUSALS_MAX = 2 * ALLOWANCE_PER_SECOND_MAX,
    /* A busy node steps for every frame, some two hundred times, and after each pause that it makes
     * for those who send little (gateway/custody/step_turn.c), twice two hundred; one that turns
     * in a circle, a thousand times: the world's time has no smaller steps. */
    STEPS_MAX = 800,
};

struct pace {
    int64_t second_ms;
    unsigned int steps;
};

struct state {
    int64_t second_ms;
    uint64_t refusals;
    struct pace paces[NODES];
};

static void check_pace(struct state *state, struct node *node)
{
    struct pace *pace = &state->paces[node->index];
    int64_t now_ms = node->sim->now_ms;
    if (now_ms - pace->second_ms >= SECOND_MS)
        *pace = (struct pace){.second_ms = now_ms};
    /* A purge beside no traffic does a page in each step (gateway/custody/job.h). */
    const struct purge *purge = &node->sim->purge;
    bool is_adapter = node->index > NODE_GATEWAY && node->index < NODE_HOSTILE;
    if ((node->index == NODE_GATEWAY && purge->job != 0) ||
        (is_adapter && purge->adapters[node->index].job != 0))
        pace->steps = 0;
    if (++pace->steps > STEPS_MAX)
        sim_violated(node->sim, 8, NULL, "%s runs without pause", sim_node_name(node->index));
}

static void stepped(void *state, struct node *node)
{
    struct sim *sim = node->sim;
    struct broker_status status;
    check_pace(state, node);
    if (node->intake_count > INTAKES_KEPT_MAX)
        sim_violated(sim, 8, NULL, "%s keeps %zu frames", sim_node_name(node->index),
                     node->intake_count);
    if (node->broker == NULL)
        return;
    broker_status(node->broker, &status);
    for (size_t i = 0; i < status.peer_count; i++) {
        struct broker_peer_status peer;
        broker_peer_status(node->broker, i, &peer);
        bool is_honest = sim_node_of(&peer.key) != NODE_HOSTILE;
        if (is_honest && peer.under_way > sim->bounds.adapter_window)
            sim_violated(sim, 8, NULL, "%u messages are under way to one adapter that grants %u",
                         peer.under_way, sim->bounds.adapter_window);
        /* Nobody gets more than is left for the others: half of all is the most. */
        if (peer.under_way > (sim->bounds.flights_max + 1) / 2)
            sim_violated(sim, 13, NULL, "%u of %u flights are %s's", peer.under_way,
                         sim->bounds.flights_max, sim_node_name(sim_node_of(&peer.key)));
    }
}

static void sent(void *state, struct sim *sim, int from, int to, const struct frame *frame)
{
    (void)state;
    (void)to;
    size_t documents = 0;
    for (size_t i = 0; frame->kind == FRAME_PARCELS && i < frame->parcels.count; i++)
        documents += frame->parcels.parcels[i].document_count;
    if (documents > EXAMINE_MESSAGES_MAX)
        sim_violated(sim, 8, NULL, "%s sends %zu documents in one frame", sim_node_name(from),
                     documents);
    if (frame->kind == FRAME_BLOB_CHUNK && frame->blob.content.size > BLOB_CHUNK_BYTES_MAX)
        sim_violated(sim, 8, NULL, "%s sends a chunk of %zu bytes", sim_node_name(from),
                     frame->blob.content.size);
}

static uint64_t refusals_in(const struct store_segment *segment)
{
    uint64_t refusals = 0;
    for (size_t i = 0; i < segment->entry_count; i++) {
        Lienthong__V1__LedgerEntry *entry = lienthong__v1__ledger_entry__unpack(
            NULL, segment->entries[i].size, segment->entries[i].data);
        if (entry == NULL)
            continue;
        refusals +=
            entry->kind == LIENTHONG__V1__ENTRY_KIND__REFUSED &&
            bytes_equal(bytes_of_text(entry->sender), bytes_of_text(sim_node_name(NODE_HOSTILE)));
        lienthong__v1__ledger_entry__free_unpacked(entry, NULL);
    }
    return refusals;
}

/* A step holds what it has room for. */
static void check_step(struct node *node, const struct store_plan *plan)
{
    const struct bounds *bounds = &node->sim->bounds;
    const struct room_need held = {{[ROOM_MESSAGES] = plan->message_count,
                                    [ROOM_PARCELS] = plan->parcel_count,
                                    [ROOM_ENTRIES] = plan->entry_count,
                                    [ROOM_MOVES] = plan->move_count,
                                    [ROOM_NOTES] = plan->note_count,
                                    [ROOM_ROUTES] = plan->route_count,
                                    [ROOM_DEADLINES] = plan->deadline_count}};
    for (int kind = 0; bounds->is_step_small && kind < ROOM_KINDS; kind++) {
        if (held.of[kind] > bounds->step_max.of[kind])
            sim_violated(node->sim, 8, NULL, "a step of %s holds %zu of kind %d, with room for %zu",
                         sim_node_name(node->index), held.of[kind], kind,
                         bounds->step_max.of[kind]);
    }
}

static void committed(void *context, struct node *node, const struct store_plan *plan)
{
    struct state *state = context;
    struct sim *sim = node->sim;
    check_step(node, plan);
    if (node->index != NODE_GATEWAY || plan->segment == NULL || !sim->has_hostile)
        return;
    if (sim->now_ms - state->second_ms >= SECOND_MS) {
        state->second_ms = sim->now_ms;
        state->refusals = 0;
    }
    state->refusals += refusals_in(plan->segment);
    if (state->refusals > REFUSALS_MAX)
        sim_violated(sim, 8, NULL, "%llu refusals of one peer are recorded in a second",
                     (unsigned long long)state->refusals);
}

const struct checker check_bounds = {.name = "bounds",
                                     .state_bytes = sizeof(struct state),
                                     .committed = committed,
                                     .stepped = stepped,
                                     .sent = sent};
