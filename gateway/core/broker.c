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
           STEP_RECORDS_MAX * sizeof(struct ledger_fact) + STEP_REPLIES_MAX * sizeof(struct reply) +
           STEP_DELIVERIES_MAX * sizeof(struct delivery) +
           STEP_EVENTS_MAX * sizeof(struct broker_transition) +
           BROKER_STEP_INTAKES_MAX * sizeof(struct intake *) + BLOB_CHUNK_BYTES_MAX +
           STEP_ARENA_BYTES + 2 * SCRATCH_BYTES + ALIGNMENT_SLACK;
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

static enum reason emit_blob_frame(void *context, const struct key *peer,
                                   const struct frame *frame);

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
    fetch.emit = emit_blob_frame;
    fetch.entitle = broker_entitle;
    fetch.draw = broker_draw;
    fetch.context = broker;
    broker->fetch = fetch_new(&fetch, memory);
    broker->peers = take(memory, options->participants_max * sizeof(struct peer));
    uint32_t slots = index_slots(options->participants_max);
    broker->peer_index = take(memory, slots * sizeof(uint32_t));
    memset(broker->peer_index, 0, slots * sizeof(uint32_t));
    broker->peer_index_mask = slots - 1;
    broker->records = take(memory, STEP_RECORDS_MAX * sizeof(struct ledger_fact));
    broker->replies = take(memory, STEP_REPLIES_MAX * sizeof(struct reply));
    broker->deliveries = take(memory, STEP_DELIVERIES_MAX * sizeof(struct delivery));
    broker->events = take(memory, STEP_EVENTS_MAX * sizeof(struct broker_transition));
    broker->intakes = take(memory, BROKER_STEP_INTAKES_MAX * sizeof(struct intake *));
    broker->chunk = take(memory, BLOB_CHUNK_BYTES_MAX);
    buffer_init(&broker->frame, FRAME_BYTES_MAX);
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
        arena_take(&broker->step, broker->options.participants_max * sizeof(struct store_count));
    size_t count = 0;
    check(counts != NULL);
    enum reason reason =
        store->verbs->counts(store, counts, broker->options.participants_max, &count);
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

static void tick(struct broker *broker)
{
    broker_tick_peers(broker);
    broker_hear_clocks(broker);
    fetch_tick(broker->fetch, broker->now);
    outbox_tick(broker->outbox, broker->now, broker->wall, plan_change, &broker->plan);
    broker_expire(broker);
    broker->tick_due = (mono_t){broker->now.ms + BROKER_TICK_MS};
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
    broker->record_count = broker->fact_count = 0;
    broker->reply_count = broker->delivery_count = 0;
    broker->intake_count = 0;
    broker->more_to_do = false;
    broker->step_reason = REASON_NONE;
    if (broker->store_state != REASON_NONE) {
        if (now.ms >= broker->tick_due.ms) {
            broker_tick_peers(broker);
            broker->tick_due = (mono_t){now.ms + BROKER_TICK_MS};
        }
        return;
    }
    /* First what the store knows: later in the step it and the plan would disagree. */
    uint32_t destinations = outbox_destination_count(broker->outbox);
    for (uint32_t i = 0; i < destinations; i++) {
        if (!plan_has_room(&broker->plan)) {
            broker->more_to_do = true;
            break;
        }
        due_lease(broker->options.store, broker->outbox, &broker->plan, i, now, wall, leave,
                  broker);
    }
    broker_wake_peers(broker);
    if (now.ms >= broker->tick_due.ms)
        tick(broker);
    /* Before new frames, which may take all room of this step and of every later one. */
    broker_admit_waiting(broker);
}

bool broker_has_room(const struct broker *broker)
{
    enum { REPLIES_RESERVE = 2 * EXAMINE_MESSAGES_MAX };
    return broker->intake_count < BROKER_STEP_INTAKES_MAX && plan_has_room(&broker->plan) &&
           broker->record_count < STEP_RECORDS_MAX - PLAN_RESERVE &&
           broker->record_count + broker->fact_count < LEDGER_STEP_ENTRIES_MAX - PLAN_RESERVE &&
           broker->reply_count < STEP_REPLIES_MAX - REPLIES_RESERVE;
}

void broker_intake(struct broker *broker, struct intake *intake)
{
    check(broker->intake_count < BROKER_STEP_INTAKES_MAX);
    broker->intakes[broker->intake_count++] = intake;
    intake->references++;
    struct peer *peer = broker_get_peer(broker, &intake->peer);
    if (peer == NULL) { /* participants_max of the settings */
        struct frame frame = {.kind = FRAME_GOODBYE, .goodbye = REASON_BUSY};
        broker_reply_frame(broker, &intake->peer, &frame);
        broker_event(broker, &(struct broker_transition){.event = "peer_refused",
                                                         .from = intake->peer,
                                                         .reason = REASON_BUSY});
        return;
    }
    if (intake->connection < peer->connection)
        return; /* what an older connection of this peer still had on its way */
    peer->heard = broker->now;
    peer->heard_wall = broker->wall;
    bool is_hello = intake->reason == REASON_NONE && intake->frame.kind == FRAME_HELLO;
    if (peer->is_connected && intake->connection != peer->connection && !is_hello)
        broker_close_peer(broker, peer, REASON_LINK_LOST); /* broker_peers.c: one connection */
    if (intake->reason != REASON_NONE)
        broker_refuse_frame(broker, peer, intake);
    else if (intake->frame.kind != FRAME_PARCELS)
        broker_peer_frame(broker, peer, intake);
    else
        broker_admit_parcels(broker, peer, intake);
}

void broker_peer_gone(struct broker *broker, const struct key *key)
{
    struct peer *peer = broker_find_peer(broker, key);
    if (peer != NULL && peer->is_connected)
        broker_close_peer(broker, peer, REASON_LINK_LOST);
}

/* ---- what is collected
 * ---------------------------------------------------------------------------- */

void broker_reply(struct broker *broker, const struct reply *reply)
{
    if (broker->reply_count < STEP_REPLIES_MAX)
        broker->replies[broker->reply_count++] = *reply;
}

/* A receipt names many messages, and who repeats one of them mostly repeats its neighbours too: it
 * is told once in a step, not once for each. Neighbours come one after another, so that looking a
 * few replies back is enough. */
void broker_reply_stored(struct broker *broker, const struct key *peer, uint64_t message_seq)
{
    enum { LOOK_BACK = 16 };
    for (size_t i = broker->reply_count; i > 0 && broker->reply_count - i < LOOK_BACK; i--) {
        const struct reply *reply = &broker->replies[i - 1];
        if (reply->kind == REPLY_STORED && reply->message_seq == message_seq &&
            key_equal(&reply->peer, peer))
            return;
    }
    broker_reply(broker,
                 &(struct reply){.kind = REPLY_STORED, .peer = *peer, .message_seq = message_seq});
}

void broker_reply_frame(struct broker *broker, const struct key *peer, const struct frame *frame)
{
    arena_reset(&broker->build);
    buffer_clear(&broker->frame);
    if (frame_build(frame, &broker->build, &broker->frame) != REASON_NONE)
        return;
    struct bytes copy = arena_copy(&broker->step, buffer_view(&broker->frame));
    if (copy.data != NULL)
        broker_reply(broker, &(struct reply){.kind = REPLY_FRAME, .peer = *peer, .frame = copy});
}

/* Blob frames are not evidence and promise nothing that is not already fsynced. While frames may
 * leave they are sent at once, so that only one chunk is in memory. */
static enum reason emit_blob_frame(void *context, const struct key *peer, const struct frame *frame)
{
    struct broker *broker = context;
    if (broker->effects == NULL) {
        broker_reply_frame(broker, peer, frame);
        return REASON_NONE;
    }
    arena_reset(&broker->build);
    buffer_clear(&broker->frame);
    enum reason reason = frame_build(frame, &broker->build, &broker->frame);
    if (reason != REASON_NONE)
        return reason;
    const struct broker_effects *effects = broker->effects;
    return (effects->send_file != NULL ? effects->send_file : effects->send)(
        effects->context, peer, buffer_view(&broker->frame));
}

void broker_fail_step(struct broker *broker, enum reason reason)
{
    broker->step_reason = reason;
}

void broker_event(struct broker *broker, const struct broker_transition *transition)
{
    if (broker->event_count < STEP_EVENTS_MAX)
        broker->events[broker->event_count++] = *transition;
}

void broker_deliver(struct broker *broker, uint32_t destination, const struct entry *entry,
                    const struct key *sender, const struct message_id *id,
                    const struct parcel *parcel, uint32_t document_index)
{
    check(broker->delivery_count < STEP_DELIVERIES_MAX);
    broker->deliveries[broker->delivery_count++] = (struct delivery){
        .item = {entry->message_seq, parcel, document_index},
        .destination = destination,
        .sender = *sender,
        .id = *id,
    };
}

void broker_owe(struct broker *broker, const struct store_message *message,
                const struct key *destination, const struct parcel *parcel, uint32_t document_index,
                bool is_receipt, wall_t expires)
{
    struct entry entry = {
        .message_seq = message->seq,
        .destination = *destination,
        .order = is_receipt ? 0 : hash_bytes(message->dossier_code),
        .state = ENTRY_QUEUED,
        .due = broker->wall,
        .expires = expires,
        .size_bytes = parcel == NULL ? 0 : (uint32_t)parcel->documents[document_index].size,
        .is_receipt = is_receipt,
    };
    struct peer *peer = broker_get_peer(broker, destination);
    check(peer != NULL);
    bool leaves = outbox_admit(broker->outbox, &entry, &message->sender, &message->id,
                               &message->digest, broker->now, broker->wall);
    plan_entry(&broker->plan, &entry);
    if (leaves)
        broker_deliver(broker, peer->destination, &entry, &message->sender, &message->id, parcel,
                       document_index);
}

/* ---- the end of the step
 * -------------------------------------------------------------------------- */

bool broker_has_plan(const struct broker *broker)
{
    return broker->store_state == REASON_NONE && !plan_is_empty(&broker->plan);
}

enum reason broker_end(struct broker *broker, const struct store_plan **ret_plan)
{
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
    *ret_status = (struct broker_peer_status){
        .key = peer->key,
        .is_connected = peer->is_connected,
        .last_heard = peer->heard_wall,
        .backlog = outbox_backlog(broker->outbox, peer->destination),
        .under_way = window->under_way,
        .breaker_is_open = window->state == WINDOW_OPEN,
    };
}
