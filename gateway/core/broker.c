#include "gateway/core/broker_parts.h"

#include <string.h>

#include "gateway/custody/due.h"
#include "proto/base/check.h"

#define NOTE_LEDGER "ledger-id"

/* ---- life cycle ---- */

static struct outbox_options outbox_options(const struct broker_options *options)
{
    return (struct outbox_options){
        .destinations_max = options->participants_max,
        .flights_max = options->flights_max,
    };
}

static uint32_t index_slots(uint32_t participants_max)
{
    uint32_t slots = 64;
    while (slots < 2 * participants_max)
        slots *= 2;
    return slots;
}

static struct fetch_options fetch_options(const struct broker_options *options)
{
    return (struct fetch_options){
        .blobs = options->blobs,
        .size_max_bytes = options->attachment_bytes_max,
        .peers_max = options->participants_max,
        .hash = options->crypto->hash,
    };
}

size_t broker_memory_bytes(const struct broker_options *options)
{
    enum { ALIGNMENT_SLACK = 4096 };
    struct outbox_options outbox = outbox_options(options);
    struct fetch_options fetch = fetch_options(options);
    return sizeof(struct broker) + plan_memory_bytes() + sealer_memory_bytes() +
           ledger_memory_bytes() + outbox_memory_bytes(&outbox) + fetch_memory_bytes(&fetch) +
           options->participants_max * sizeof(struct peer) +
           index_slots(options->participants_max) * sizeof(uint32_t) +
           BROKER_SEQUENCES_MAX * sizeof(struct last_sequence) +
           ROOM_RECORDS_MAX * sizeof(struct ledger_fact) + STEP_REPLIES_MAX * sizeof(struct reply) +
           ROOM_DELIVERIES_MAX * sizeof(struct delivery) +
           STEP_EVENTS_MAX * sizeof(struct broker_transition) +
           BROKER_INTAKES_MAX * sizeof(struct intake *) + BLOB_CHUNK_BYTES_MAX + STEP_ARENA_BYTES +
           2 * SCRATCH_BYTES + ALIGNMENT_SLACK;
}

static void *take(struct arena *memory, size_t size)
{
    void *piece = arena_take(memory, size);
    check(piece != NULL);
    return piece;
}

static struct arena sub_arena(struct arena *memory, size_t size)
{
    return (struct arena){.block = take(memory, size), .limit_bytes = size};
}

static void set_room(struct broker *broker)
{
    broker->room.max = (struct room_need){{[ROOM_MESSAGES] = PLAN_MESSAGES_MAX,
                                           [ROOM_PARCELS] = PLAN_PARCELS_MAX,
                                           [ROOM_ENTRIES] = PLAN_ENTRIES_MAX,
                                           [ROOM_MOVES] = PLAN_MOVES_MAX,
                                           [ROOM_NOTES] = PLAN_NOTES_MAX,
                                           [ROOM_ROUTES] = PLAN_ROUTES_MAX,
                                           [ROOM_RECORDS] = ROOM_RECORDS_MAX,
                                           [ROOM_REPLIES] = STEP_REPLIES_MAX,
                                           [ROOM_DELIVERIES] = ROOM_DELIVERIES_MAX,
                                           [ROOM_BYTES] = STEP_ARENA_BYTES}};
    const struct room_need *own = broker->options.step_max;
    for (int kind = 0; own != NULL && kind < ROOM_KINDS; kind++) {
        check(own->of[kind] >= room_least.of[kind]);
        check(own->of[kind] <= broker->room.max.of[kind]);
        broker->room.max.of[kind] = own->of[kind];
    }
}

struct broker *broker_new(const struct broker_options *options, struct arena *memory)
{
    struct broker *broker = take(memory, sizeof *broker);
    *broker = (struct broker){.options = *options};
    broker->step = sub_arena(memory, STEP_ARENA_BYTES);
    broker->scratch = sub_arena(memory, SCRATCH_BYTES);
    broker->build = sub_arena(memory, SCRATCH_BYTES);
    plan_init(&broker->plan, memory, &broker->step);
    sealer_init(&broker->sealer, &options->self, options->offset_minutes, options->crypto, memory,
                &broker->build);
    ledger_init(&broker->ledger, options->crypto->hash, &broker->plan, memory);
    struct outbox_options outbox = outbox_options(options);
    broker->outbox = outbox_new(&outbox, memory);
    struct fetch_options fetch = fetch_options(options);
    fetch.emit = broker_emit_file;
    fetch.entitle = broker_entitle;
    fetch.draw = broker_draw;
    fetch.context = broker;
    broker->fetch = fetch_new(&fetch, memory);
    broker->peers = take(memory, options->participants_max * sizeof(struct peer));
    uint32_t slots = index_slots(options->participants_max);
    broker->peer_index = take(memory, slots * sizeof(uint32_t));
    memset(broker->peer_index, 0, slots * sizeof(uint32_t));
    broker->peer_index_mask = slots - 1;
    broker->sequences = take(memory, BROKER_SEQUENCES_MAX * sizeof(struct last_sequence));
    memset(broker->sequences, 0, BROKER_SEQUENCES_MAX * sizeof(struct last_sequence));
    broker->records = take(memory, ROOM_RECORDS_MAX * sizeof(struct ledger_fact));
    broker->replies = take(memory, STEP_REPLIES_MAX * sizeof(struct reply));
    broker->deliveries = take(memory, ROOM_DELIVERIES_MAX * sizeof(struct delivery));
    broker->events = take(memory, STEP_EVENTS_MAX * sizeof(struct broker_transition));
    broker->intakes = take(memory, BROKER_INTAKES_MAX * sizeof(struct intake *));
    broker->chunk = take(memory, BLOB_CHUNK_BYTES_MAX);
    buffer_init(&broker->frame, FRAME_BYTES_MAX);
    set_room(broker);
    broker->store_state = REASON_STORE_BUSY; /* until broker_load */
    return broker;
}

void broker_release(struct broker *broker)
{
    buffer_release(&broker->frame);
    sealer_release(&broker->sealer);
    registry_destroy(&broker->registry);
}

void broker_set_registry(struct broker *broker, struct registry *registry)
{
    struct registry *retained = registry_retain(registry);
    registry_destroy(&broker->registry);
    broker->registry = retained;
    broker->registry_version = registry_version(retained);
    broker->readings++;
    for (uint32_t i = 0; i < broker->peer_count; i++) {
        wake_begin(&broker->peers[i].wake);
        broker->peers[i].heartbeat_due = (mono_t){0}; /* they hear of it now */
    }
    broker->tick_due = (mono_t){0};
}

static enum reason load_ledger_id(struct broker *broker)
{
    struct store *store = broker->options.store;
    struct bytes id;
    enum reason reason = store->verbs->read_note(store, bytes_of_text(NOTE_LEDGER), &id);
    if (reason == REASON_NOT_FOUND) {
        const struct crypto_port *crypto = broker->options.crypto;
        crypto->random(crypto->context, broker->ledger.id, LEDGER_ID_BYTES);
        broker->ledger_id_is_new = true;
        return REASON_NONE;
    }
    if (reason == REASON_NONE && id.size != LEDGER_ID_BYTES)
        return REASON_STORE_CORRUPT;
    if (reason == REASON_NONE)
        memcpy(broker->ledger.id, id.data, LEDGER_ID_BYTES);
    broker->ledger_id_is_new = false;
    return reason;
}

static enum reason load_backlogs(struct broker *broker)
{
    struct store *store = broker->options.store;
    struct store_count *counts =
        arena_take(&broker->step, PARTICIPANTS_MAX * sizeof(struct store_count));
    size_t count = 0;
    check(counts != NULL); /* broker_parts.h */
    enum reason reason = store->verbs->counts(store, counts, PARTICIPANTS_MAX, &count);
    for (size_t i = 0; reason == REASON_NONE && i < count; i++) {
        struct peer *peer = broker_get_peer(broker, &counts[i].destination);
        if (peer != NULL)
            outbox_set_backlog(broker->outbox, peer->destination,
                               counts[i].count[ENTRY_QUEUED] + counts[i].count[ENTRY_DEFERRED] +
                                   counts[i].count[ENTRY_HELD]);
    }
    return reason;
}

enum reason broker_load(struct broker *broker, wall_t wall)
{
    struct store *store = broker->options.store;
    struct store_positions positions;
    uint64_t recovered;
    broker->wall = wall;
    enum reason reason = store->verbs->recover(store, &recovered);
    if (reason == REASON_NONE)
        reason = store->verbs->positions(store, &positions);
    if (reason == REASON_NONE)
        reason = broker_load_clock(broker, &positions);
    if (reason == REASON_NONE)
        reason = load_ledger_id(broker);
    if (reason == REASON_NONE)
        reason = ledger_load(&broker->ledger, store, &positions);
    if (reason == REASON_NONE) {
        plan_set_positions(&broker->plan, &positions);
        outbox_clear(broker->outbox);
        reason = load_backlogs(broker);
    }
    for (uint32_t i = 0; reason == REASON_NONE && i < broker->peer_count; i++)
        reason = store->verbs->last_id(store, &broker->peers[i].key, &broker->peers[i].last_id);
    for (uint32_t i = 0; reason == REASON_NONE && i < broker->peer_count; i++) {
        if (broker->peers[i].is_connected)
            outbox_open(broker->outbox, broker->peers[i].destination,
                        broker->peers[i].window_messages);
    }
    broker->store_state = reason;
    return reason;
}

/* ---- the step ---- */

static void leave(void *context, uint32_t destination, const struct entry *entry,
                  const struct store_message *message)
{
    broker_deliver(context, destination, entry, &message->sender, &message->id, NULL, 0);
}

/* What comes back, by piece: the rest follows in the next step. */
static void lease_due(struct broker *broker)
{
    static const struct room_need lease = {
        {[ROOM_MOVES] = 1, [ROOM_DELIVERIES] = 1, [ROOM_BYTES] = ROOM_DELIVERY_BYTES}};
    uint32_t destinations = outbox_destination_count(broker->outbox);
    size_t left = broker_fit_count(broker, &lease, STEP_LEASES_MAX);
    uint32_t i = 0;
    for (; i < destinations && left >= OUTBOX_FETCH_MAX; i++) {
        size_t before = broker->delivery_count;
        due_lease(broker->options.store, broker->outbox, &broker->plan,
                  (broker->lease_from + i) % destinations, broker->now, broker->wall, leave,
                  broker);
        left -= broker->delivery_count - before;
    }
    if (i < destinations)
        broker->more_to_do = true;
    if (destinations > 0)
        broker->lease_from = (broker->lease_from + i) % destinations;
}

/* All of a tick fits, or it waits for the next step. */
static void tick(struct broker *broker)
{
    static const struct room_need need = {
        {[ROOM_MOVES] = OUTBOX_TICK_MAX,
         [ROOM_REPLIES] = 2 * FETCH_WANTED_MAX,
         [ROOM_BYTES] = 2 * FETCH_WANTED_MAX * ROOM_SMALL_FRAME_BYTES}};
    if (!broker_tick_peers(broker) || !broker_fits(broker, &need)) {
        broker->more_to_do = true;
        return;
    }
    broker_hear_clocks(broker);
    fetch_tick(broker->fetch, broker->now);
    outbox_tick(broker->outbox, broker->now, broker->wall, plan_change, &broker->plan);
    broker_expire(broker);
    broker->tick_due = (mono_t){broker->now.ms + BROKER_TICK_MS};
}

/* Each file that is wanted may be asked for, or be told as ended. */
static void settle_files(struct broker *broker)
{
    static const struct room_need need = {
        {[ROOM_REPLIES] = FETCH_WANTED_MAX,
         [ROOM_BYTES] = FETCH_WANTED_MAX * ROOM_SMALL_FRAME_BYTES}};
    if (broker_fits(broker, &need))
        fetch_settle(broker->fetch, broker->now);
    else
        broker->more_to_do = true;
}

void broker_begin(struct broker *broker, mono_t now, wall_t wall)
{
    broker->now = now;
    broker->event_count = 0;
    if (broker->store_state != REASON_NONE && now.ms >= broker->retry_at.ms) {
        (void)broker_load(broker, broker_time(broker, now, wall));
        broker->retry_at = (mono_t){now.ms + BROKER_RETRY_AFTER_MS};
    }
    broker_look_at_clock(broker, wall);
    wall = broker->wall;
    plan_begin(&broker->plan);
    sealer_begin(&broker->sealer);
    ledger_begin(&broker->ledger);
    broker->drafts = NULL;
    broker->record_count = 0;
    broker->room.reserved = room_closing;
    broker->events_left_out = 0;
    broker->finished_count = broker->returned_count = 0;
    broker->reply_count = broker->delivery_count = 0;
    broker->intake_count = 0;
    broker->more_to_do = false;
    broker->step_reason = REASON_NONE;
    if (broker->store_state != REASON_NONE) {
        if (now.ms >= broker->tick_due.ms) {
            (void)broker_tick_peers(broker);
            broker->tick_due = (mono_t){now.ms + BROKER_TICK_MS};
        }
        return;
    }
    /* First what the store knows: later in the step it and the plan would disagree. */
    lease_due(broker);
    broker_wake_peers(broker);
    broker_return(broker);
    if (now.ms >= broker->tick_due.ms)
        tick(broker);
    settle_files(broker);
    /* Before new frames, which may take all room of this step and of every later one. */
    broker_admit_waiting(broker);
}

bool broker_has_room(const struct broker *broker)
{
    return broker->queued_count + broker->intake_count < BROKER_QUEUE_MAX;
}

/* For somebody that participants_max of the settings leaves no place for. */
static void turn_stranger_away(struct broker *broker, struct intake *intake)
{
    static const struct room_need need = {
        {[ROOM_REPLIES] = 1, [ROOM_BYTES] = ROOM_SMALL_FRAME_BYTES}};
    struct frame frame = {.kind = FRAME_GOODBYE, .goodbye = REASON_BUSY};
    broker->intakes[broker->intake_count++] = intake;
    if (!broker_fits(broker, &need))
        return; /* it hears of the next */
    broker_reply_frame(broker, &intake->peer, &frame);
    if (allowance_take(&broker->strangers, broker->now, (struct allowance_cost){.lines = 1}))
        broker_event(broker, &(struct broker_transition){.event = "peer_refused",
                                                         .from = intake->peer,
                                                         .reason = REASON_BUSY});
}

void broker_intake(struct broker *broker, struct intake *intake)
{
    check(broker_has_room(broker));
    struct peer *peer = broker_get_peer(broker, &intake->peer);
    intake->references++;
    if (peer == NULL) {
        turn_stranger_away(broker, intake);
        return;
    }
    peer->heard = broker->now;
    peer->heard_wall = broker->wall;
    peer->allowance.line = allowance_of_line(&broker->lines, &intake->carrier);
    broker_queue_intake(broker, peer, intake);
}

enum turn broker_take_intake(struct broker *broker, struct peer *peer, struct intake *intake)
{
    if (intake->connection < peer->connection)
        return TURN_DONE; /* what an older connection of this peer still had on its way */
    bool is_hello = intake->reason == REASON_NONE && intake->frame.kind == FRAME_HELLO;
    if (peer->is_connected && intake->connection != peer->connection && !is_hello)
        broker_close_peer(broker, peer, REASON_LINK_LOST); /* broker_peers.c: one connection */
    if (broker->store_state == REASON_NONE && outbox_is_closing(broker->outbox, peer->destination))
        return TURN_WAITS;
    if (intake->reason != REASON_NONE)
        return broker_refuse_frame(broker, peer, intake);
    if (intake->frame.kind != FRAME_PARCELS)
        return broker_peer_frame(broker, peer, intake);
    return broker_admit_parcels(broker, peer, intake);
}

void broker_peer_gone(struct broker *broker, const struct key *key)
{
    struct peer *peer = broker_find_peer(broker, key);
    if (peer != NULL && peer->is_connected)
        broker_close_peer(broker, peer, REASON_LINK_LOST);
}

/* ---- the end of the step --------------------------------------------------------------------- */

bool broker_has_plan(const struct broker *broker)
{
    return broker->store_state == REASON_NONE && !plan_is_empty(&broker->plan);
}

enum reason broker_end(struct broker *broker, const struct store_plan **ret_plan)
{
    broker_take_turns(broker);
    if (broker->store_state == REASON_NONE) {
        broker_admit_waiting(broker);
        enum reason reason = broker_write_receipts(broker);
        if (reason == REASON_NONE)
            reason = broker->step_reason;
        if (reason != REASON_NONE)
            return reason;
        if (broker->ledger_id_is_new)
            plan_note(&broker->plan, bytes_of_text(NOTE_LEDGER),
                      (struct bytes){broker->ledger.id, LEDGER_ID_BYTES});
    }
    *ret_plan = broker_has_plan(broker) ? &broker->plan.store : NULL;
    return REASON_NONE;
}

mono_t broker_deadline(const struct broker *broker)
{
    if (broker->store_state != REASON_NONE) /* nothing leaves before it is read again */
        return broker->retry_at.ms < broker->tick_due.ms ? broker->retry_at : broker->tick_due;
    if (broker->more_to_do)
        return broker->now;
    mono_t outbox = outbox_deadline(broker->outbox, broker->now, broker->wall);
    return outbox.ms < broker->tick_due.ms ? outbox : broker->tick_due;
}

void broker_status(const struct broker *broker, struct broker_status *ret_status)
{
    *ret_status = (struct broker_status){
        .store = broker->store_state,
        .clock = broker->clock.state,
        .ledger_size = broker->ledger.committed.size,
        .peer_count = broker->peer_count,
    };
    merkle_root(&broker->ledger.committed, broker->ledger.hash, &ret_status->ledger_root);
    memcpy(ret_status->ledger_id, broker->ledger.id, LEDGER_ID_BYTES);
}

void broker_peer_status(const struct broker *broker, size_t index,
                        struct broker_peer_status *ret_status)
{
    check(index < broker->peer_count);
    const struct peer *peer = &broker->peers[index];
    const struct window *window = outbox_window(broker->outbox, peer->destination);
    struct standing trouble;
    broker_peer_trouble(broker, peer, &trouble);
    *ret_status = (struct broker_peer_status){
        .key = peer->key,
        .is_connected = peer->is_connected,
        .last_heard = peer->heard_wall,
        .backlog = outbox_backlog(broker->outbox, peer->destination),
        .under_way = window->under_way,
        .breaker_is_open = window->state == WINDOW_OPEN,
        .trouble = trouble,
        .witnessed_size = peer->head.tree_size,
        .alarm = broker_past_alarm(broker, peer),
    };
}
