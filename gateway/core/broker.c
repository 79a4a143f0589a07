/* The broker's life cycle, and its step: begin, frames in turn, end, committed or aborted. It is
 * policy over the engine of gateway/custody (step.h), which owns plan, queues and turns. What a
 * message goes through: broker_admit.c; peers: broker_peers.c; receipts: broker_receipts.c; the
 * ledger: ledger.c. Only the loop's thread comes here, and no function makes a system call. */
#include "gateway/core/broker_parts.h"

#include <string.h>

#include "proto/base/check.h"

#define NOTE_LEDGER "ledger-id"
#define NOTE_SIGNER "ledger-signer"

/* ---- life cycle ---- */

static struct step_options step_options(const struct broker_options *options)
{
    return (struct step_options){
        .self = options->self,
        .offset_minutes = options->offset_minutes,
        .peers_max = options->participants_max,
        .flights_max = options->flights_max,
        .attachment_bytes_max = options->attachment_bytes_max,
        .store = options->store,
        .blobs = options->blobs,
        .crypto = options->crypto,
        .step_max = options->step_max,
        .replies_max = BROKER_REPLIES_MAX,
        .deliveries_max = ROOM_DELIVERIES_MAX,
        .events_max = BROKER_EVENTS_MAX,
        .arena_bytes = BROKER_STEP_BYTES,
        .scratch_bytes = BROKER_SCRATCH_BYTES,
        .intakes_max = BROKER_STEP_INTAKES_MAX,
        .queue_max = BROKER_QUEUE_MAX,
        .turn_work = BROKER_TURN_WORK,
        .shared_work = BROKER_SHARED_WORK,
        .quick_work = BROKER_QUICK_WORK,
        .quick_leases = BROKER_QUICK_LEASES,
        .quick_returns = BROKER_QUICK_RETURNS,
        .clock_quorum = BROKER_CLOCK_QUORUM,
        .peers_are_authors = true,
    };
}

/* The whole of it, from the bounds of the settings: the core never asks the system for memory
 * again. */
size_t broker_memory_bytes(const struct broker_options *options)
{
    enum { ALIGNMENT_SLACK = 256 };
    struct step_options step = step_options(options);
    return sizeof(struct broker) + step_memory_bytes(&step) + ledger_memory_bytes() +
           jobs_memory_bytes() + options->participants_max * sizeof(struct adapter) +
           BROKER_SEQUENCES_MAX * sizeof(struct last_sequence) +
           ROOM_RECORDS_MAX * sizeof(struct ledger_fact) + ALIGNMENT_SLACK;
}

/* broker_memory_bytes counts what is taken here: a shortage is a mistake of the two. */
static void *take(struct arena *memory, size_t size)
{
    void *piece = arena_take(memory, size);
    check(piece != NULL);
    return memset(piece, 0, size);
}

struct broker *broker_new(const struct broker_options *options, struct arena *memory)
{
    struct step_options of_step = step_options(options);
    struct broker *broker = take(memory, sizeof *broker);
    broker->options = *options;
    step_init(&broker->step, &of_step, memory);
    ledger_init(&broker->ledger, options->crypto->hash, &broker->step.plan, memory);
    broker->adapters = take(memory, options->participants_max * sizeof(struct adapter));
    broker->sequences = take(memory, BROKER_SEQUENCES_MAX * sizeof(struct last_sequence));
    broker->records = take(memory, ROOM_RECORDS_MAX * sizeof(struct ledger_fact));
    const struct job_hand hand = broker_job_hand(broker);
    broker->jobs = jobs_new(&broker->step, &hand, memory);
    return broker;
}

/* The memory itself is the caller's arena's. */
void broker_release(struct broker *broker)
{
    step_release(&broker->step);
    registry_destroy(&broker->registry);
}

/* Whatever waited because of the registry may go on now, so each peer is looked at again; adapters
 * hear the new reading's number with a heartbeat at once and ask their own questions anew. */
void broker_set_registry(struct broker *broker, struct registry *registry)
{
    struct registry *retained = registry_retain(registry);
    registry_destroy(&broker->registry);
    broker->registry = retained;
    broker->registry_version = registry_version(retained);
    broker->readings++;
    for (uint32_t i = 0; i < broker->step.peer_count; i++) {
        step_wake(&broker->step.peers[i]);
        broker->step.peers[i].heartbeat_due = (mono_t){0}; /* they hear of it now */
    }
    broker->step.tick_due = (mono_t){0};
}

/* The id is drawn once in the life of a store and noted with the first commit. It tells a ledger
 * that was begun anew from one that goes on, which no size could. */
static enum reason load_ledger_id(struct broker *broker)
{
    struct store *store = broker->options.store;
    struct bytes id;
    enum reason reason = store->verbs->read_note(store, bytes_of_text(NOTE_LEDGER), &id);
    broker->ledger_id_is_new = reason == REASON_NOT_FOUND;
    if (broker->ledger_id_is_new) {
        const struct crypto_port *crypto = broker->options.crypto;
        crypto->random(crypto->context, broker->ledger.id, LEDGER_ID_BYTES);
        return REASON_NONE;
    }
    if (reason == REASON_NONE && id.size != LEDGER_ID_BYTES)
        return REASON_STORE_CORRUPT;
    if (reason == REASON_NONE)
        memcpy(broker->ledger.id, id.data, LEDGER_ID_BYTES);
    return reason;
}

static enum reason load_signer(struct broker *broker)
{
    struct store *store = broker->options.store;
    struct bytes signer;
    broker->head_signer = (struct digest){{0}};
    enum reason reason = store->verbs->read_note(store, bytes_of_text(NOTE_SIGNER), &signer);
    if (reason == REASON_NONE && signer.size != DIGEST_BYTES)
        return REASON_STORE_CORRUPT;
    if (reason == REASON_NONE)
        memcpy(broker->head_signer.bytes, signer.data, DIGEST_BYTES);
    return reason == REASON_NOT_FOUND ? REASON_NONE : reason;
}

/* Our ids keep growing over restarts, also when the clock stepped back meanwhile: adapters go
 * through what we said in their order (adapters/core/session_offers.c). */
static enum reason load_last_id(struct broker *broker)
{
    struct store *store = broker->options.store;
    struct id_maker *maker = &broker->step.sealer.maker;
    struct message_id last_id;
    enum reason reason = store->verbs->last_id(store, &broker->options.self, &last_id);
    if (reason == REASON_NONE && id_compare(&last_id, &maker->last) > 0)
        maker->last = last_id;
    return reason;
}

/* Also after a commit that failed: memory may be ahead of the disk, and the disk is right. */
enum reason broker_load(struct broker *broker, wall_t wall)
{
    struct step *step = &broker->step;
    enum reason reason = step_load(step, wall);
    if (reason == REASON_NONE)
        reason = load_ledger_id(broker);
    if (reason == REASON_NONE)
        reason = load_signer(broker);
    if (reason == REASON_NONE)
        reason = load_last_id(broker);
    if (reason == REASON_NONE)
        reason = ledger_load(&broker->ledger, broker->options.store, &step->plan.base);
    if (reason == REASON_NONE)
        reason = broker_load_redirects(broker);
    if (reason == REASON_NONE)
        reason = broker_load_restore(broker);
    if (reason == REASON_NONE)
        reason = jobs_load(broker->jobs, broker->gap.until);
    for (uint32_t i = 0; i < step->peer_count; i++) {
        broker->adapters[i].has_last_id = false;
        broker->adapters[i].noted = (struct past_note){0}; /* it may not be on disk */
    }
    step->store_state = reason;
    return reason;
}

wall_t broker_time(const struct broker *broker, mono_t now, wall_t wall)
{
    return step_time(&broker->step, now, wall);
}

struct jobs *broker_jobs(const struct broker *broker)
{
    return broker->jobs;
}

/* An operator's decision is evidence like any other: who looks at an expiry years later sees by
 * whose word the clock was believed (invariant 7). */
enum reason broker_trust_clock(struct broker *broker)
{
    struct step *step = &broker->step;
    if (step->store_state != REASON_NONE)
        return step->store_state;
    if (!step_fits(step, &room_fact))
        return REASON_BUSY;
    step_trust_clock(step);
    broker_record(broker, &(struct ledger_fact){.kind = LEDGER_OPERATOR,
                                                .sender = step->options.self,
                                                .reason = REASON_CLOCK_IN_DOUBT});
    return REASON_NONE;
}

/* ---- the step ---- */

/* The last head speaks for all before it, and witnesses judge it by what its certificate is when
 * they see it. When another certificate signs from now on, the old one may end or be revoked, and a
 * witness that was away would refuse that head for good: the change is an entry, and its head a new
 * one. */
static void record_signer(struct broker *broker)
{
    const struct crypto_port *crypto = broker->options.crypto;
    crypto->signer(crypto->context, &broker->signer);
    if (digest_is_zero(&broker->head_signer) ||
        digest_equal(&broker->head_signer, &broker->signer) ||
        !step_fits(&broker->step, &room_fact))
        return;
    broker_record(broker, &(struct ledger_fact){.kind = LEDGER_OPERATOR,
                                                .sender = broker->step.options.self,
                                                .evidence = broker->signer});
}

/* Peers first, over several steps if there are many; only a round that is done lets entries
 * expire, so that what is due is looked at once a tick and not once a step. */
static void tick(struct broker *broker)
{
    struct step *step = &broker->step;
    bool has_store = step->store_state == REASON_NONE;
    bool is_done = broker_tick_peers(broker);
    if (!is_done && has_store)
        step->more_to_do = true;
    else if (step_tick(step)) {
        broker_expire(broker);
        broker_move_redirected(broker);
    }
}

void broker_begin(struct broker *broker, mono_t now, wall_t wall)
{
    struct step *step = &broker->step;
    if (step_wants_load(step, now))
        (void)broker_load(broker, step_time(step, now, wall));
    step_begin(step, now, wall);
    ledger_begin(&broker->ledger);
    if (step->store_state == REASON_NONE && broker->is_restored)
        broker_record_restore(broker);
    if (step->store_state == REASON_NONE)
        record_signer(broker);
    if (step_is_tick(step))
        tick(broker);
    if (step->store_state != REASON_NONE)
        return;
    jobs_step(broker->jobs);
    step_settle_files(step);
    /* Before new frames, which may take all room of this step and of every later one. */
    broker_admit_waiting(broker);
}

/* Asked before each frame is taken from the pool; what finds no room stays there, and so at its
 * sender. */
bool broker_has_room(const struct broker *broker)
{
    return step_has_queue_room(&broker->step);
}

/* For somebody that participants_max of the settings leaves no place for. */
static void turn_stranger_away(struct broker *broker, struct intake *intake)
{
    static const struct room_need need = {
        {[ROOM_REPLIES] = 1, [ROOM_BYTES] = ROOM_SMALL_FRAME_BYTES}};
    struct step *step = &broker->step;
    struct frame frame = {.kind = FRAME_GOODBYE, .goodbye = REASON_BUSY};
    intake->references++;
    step_give_back(step, intake);
    if (!step_fits(step, &need))
        return; /* it hears of the next */
    step_reply_frame(step, &intake->peer, &frame);
    if (allowance_take(&broker->strangers, step->now, (struct allowance_cost){.lines = 1}))
        step_note(step, &(struct transition){
                            .event = "peer_refused", .from = intake->peer, .reason = REASON_BUSY});
}

void broker_intake(struct broker *broker, struct intake *intake)
{
    check(broker_has_room(broker));
    struct peer *peer = step_get_peer(&broker->step, &intake->peer);
    if (peer == NULL) {
        turn_stranger_away(broker, intake);
        return;
    }
    peer->allowance.line = allowance_of_line(&broker->lines, &intake->carrier);
    step_queue(&broker->step, peer, intake);
}

/* The order of these questions decides whose frame it is: an older connection's is dropped, a
 * newer one's ends the session, and only then is it looked at what the frame says. */
static enum turn take_intake(struct broker *broker, struct peer *peer, struct intake *intake)
{
    struct step *step = &broker->step;
    uint64_t connection = adapter_of(broker, peer)->connection;
    if (intake->connection < connection)
        return TURN_DONE; /* what an older connection of this peer still had on its way */
    bool is_hello = intake->reason == REASON_NONE && intake->frame.kind == FRAME_HELLO;
    if (peer->is_connected && intake->connection != connection && !is_hello)
        step_disconnect(step, peer, REASON_LINK_LOST, "peer_down"); /* broker_peers.c */
    if (step_is_closing(step, peer))
        return TURN_WAITS;
    if (intake->reason != REASON_NONE)
        return broker_refuse_frame(broker, peer, intake);
    if (intake->frame.kind != FRAME_PARCELS)
        return broker_peer_frame(broker, peer, intake);
    return broker_admit_parcels(broker, peer, intake);
}

/* The link has told that frames to it were lost: both sides begin again from what they have on
 * disk. */
void broker_peer_gone(struct broker *broker, const struct key *key)
{
    struct peer *peer = step_find_peer(&broker->step, key);
    if (peer != NULL && peer->is_connected)
        step_disconnect(&broker->step, peer, REASON_LINK_LOST, "peer_down");
}

/* Receipts come last, when all is known that they tell: one for each sender, one head, one
 * signature. */
enum reason broker_end(struct broker *broker, const struct store_plan **ret_plan)
{
    struct step *step = &broker->step;
    struct peer *peer;
    struct intake *intake;
    while ((intake = step_next(step, &peer)) != NULL)
        step_took(step, take_intake(broker, peer, intake));
    if (step->store_state == REASON_NONE) {
        broker_admit_waiting(broker);
        enum reason reason = broker_write_receipts(broker);
        if (reason != REASON_NONE)
            return reason;
        if (broker->ledger_id_is_new)
            plan_note(&step->plan, bytes_of_text(NOTE_LEDGER),
                      (struct bytes){broker->ledger.id, LEDGER_ID_BYTES});
        if (step->plan.store.segment != NULL &&
            !digest_equal(&broker->head_signer, &broker->signer))
            plan_note(&step->plan, bytes_of_text(NOTE_SIGNER),
                      (struct bytes){broker->signer.bytes, DIGEST_BYTES});
    }
    return step_end(step, ret_plan);
}

void broker_committed(struct broker *broker, const struct step_effects *effects)
{
    if (step_has_plan(&broker->step)) {
        if (broker->step.plan.store.segment != NULL)
            broker->head_signer = broker->signer;
        ledger_adopt(&broker->ledger);
        broker->ledger_id_is_new = broker->is_restored = false;
    }
    step_committed(&broker->step, effects);
}

void broker_aborted(struct broker *broker, enum reason reason, const struct step_effects *effects)
{
    step_aborted(&broker->step, reason, effects);
}

mono_t broker_deadline(const struct broker *broker)
{
    return step_deadline(&broker->step);
}

/* The size and root that are on disk, not those that this step is about to make. */
void broker_status(const struct broker *broker, struct broker_status *ret_status)
{
    *ret_status = (struct broker_status){
        .store = broker->step.store_state,
        .clock = step_clock_report(&broker->step),
        .ledger_size = broker->ledger.committed.size,
        .peer_count = broker->step.peer_count,
        .put_back = broker->gap.until,
    };
    merkle_root(&broker->ledger.committed, broker->ledger.hash, &ret_status->ledger_root);
    memcpy(ret_status->ledger_id, broker->ledger.id, LEDGER_ID_BYTES);
}

void broker_peer_status(const struct broker *broker, size_t index,
                        struct broker_peer_status *ret_status)
{
    check(index < broker->step.peer_count);
    const struct peer *peer = &broker->step.peers[index];
    const struct window *window = outbox_window(broker->step.outbox, peer->index);
    struct standing trouble;
    broker_peer_trouble(broker, peer, &trouble);
    *ret_status = (struct broker_peer_status){
        .key = peer->key,
        .is_connected = peer->is_connected,
        .link_version = peer->link_version,
        .last_heard = peer->heard_wall,
        .backlog = outbox_backlog(broker->step.outbox, peer->index),
        .under_way = window->under_way,
        .breaker_is_open = window->state != WINDOW_CLOSED,
        .trouble = trouble,
        .witnessed_size = adapter_of(broker, peer)->head.tree_size,
        .registry_version = adapter_of(broker, peer)->registry_version,
        .registry_since = adapter_of(broker, peer)->registry_since,
        .alarm = broker_past_alarm(broker, peer),
    };
}
