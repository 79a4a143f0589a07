/* The session's life cycle, and its step: one begin, what arrived, one end, and then what the
 * commit made of it. Everything runs on the loop's thread and nothing here waits. Effects leave in
 * session_committed alone (invariant 1); after session_aborted nothing of the step has happened.
 * session_parts.h lists the other files. */
#include "adapters/core/session_parts.h"

#include "proto/base/check.h"

/* ---- life cycle ---- */

/* The same engine as the gateway's (gateway/custody/step.h) with two peers: the gateway, and our
 * own back office, which is local and is called instead of sent to. shared_work is unbounded: here
 * nobody waits behind another participant. */
static struct step_options step_options(const struct session_options *options)
{
    return (struct step_options){
        .self = options->self,
        .offset_minutes = options->offset_minutes,
        .peers_max = 2,
        .flights_max = options->flights_max,
        .attachment_bytes_max = options->attachment_bytes_max,
        .store = options->store,
        .blobs = options->blobs,
        .crypto = options->crypto,
        .step_max = options->step_max,
        .replies_max = SESSION_REPLIES_MAX,
        .deliveries_max = SESSION_DELIVERIES_MAX,
        .events_max = SESSION_EVENTS_MAX,
        .arena_bytes = SESSION_STEP_BYTES,
        .scratch_bytes = SESSION_SCRATCH_BYTES,
        .intakes_max = SESSION_INTAKES_MAX,
        .queue_max = SESSION_QUEUE_MAX,
        .turn_work = SESSION_TURN_WORK,
        .shared_work = INT64_MAX,
        .clock_quorum = SESSION_CLOCK_QUORUM,
    };
}

size_t session_memory_bytes(const struct session_options *options)
{
    enum { ALIGNMENT_SLACK = 64 };
    struct step_options step = step_options(options);
    return sizeof(struct session) + step_memory_bytes(&step) + jobs_memory_bytes() +
           ALIGNMENT_SLACK;
}

struct session *session_new(const struct session_options *options, struct arena *memory)
{
    struct step_options of_step = step_options(options);
    struct key office = key_of(SESSION_OFFICE);
    struct session *session = arena_take(memory, sizeof *session);
    check(session != NULL);
    *session = (struct session){.options = *options, .readings = 1};
    struct step *step = &session->step;
    step_init(step, &of_step, memory);
    session->gateway = step_get_peer(step, &options->gateway);
    session->office = step_get_peer(step, &office);
    session->office->is_local = true;
    session->office->is_connected = options->office_window > 0;
    session->office->window_messages = options->office_window;
    outbox_set_lease(step->outbox, session->office->index, SESSION_OFFICE_LEASE_MS);
    options->crypto->random(options->crypto->context, session->incarnation, INCARNATION_BYTES);
    const struct job_hand hand = session_job_hand(session);
    session->jobs = jobs_new(step, &hand, memory);
    return session;
}

void session_release(struct session *session)
{
    step_release(&session->step);
}

enum reason session_load(struct session *session, wall_t wall)
{
    struct store *store = session->options.store;
    struct id_maker *maker = &session->step.sealer.maker;
    struct message_id last_id;
    enum reason reason = step_load(&session->step, wall);
    if (reason == REASON_NONE)
        reason = store->verbs->last_id(store, &session->options.self, &last_id);
    /* Ids keep growing over restarts, also when the clock stepped back meanwhile. */
    if (reason == REASON_NONE && id_compare(&last_id, &maker->last) > 0)
        maker->last = last_id;
    if (reason == REASON_NONE)
        reason = session_load_head(session);
    if (reason == REASON_NONE)
        reason = session_load_restore(session);
    if (reason == REASON_NONE)
        reason = session_load_breaks(session);
    if (reason == REASON_NONE)
        reason = session_load_offers(session);
    if (reason == REASON_NONE)
        reason = jobs_load(session->jobs, session->look_until);
    step_wake(session->gateway); /* a renewed certificate is read at a start */
    session->step.store_state = reason;
    return reason;
}

struct jobs *session_jobs(const struct session *session)
{
    return session->jobs;
}

wall_t session_time(const struct session *session, mono_t now, wall_t wall)
{
    return step_time(&session->step, now, wall);
}

void session_trust_clock(struct session *session)
{
    step_trust_clock(&session->step);
}

/* A reading may know what was put off before: both directions look again, and the gateway hears of
 * it with the next heartbeat, which is now. */
void session_registry_read(struct session *session)
{
    session->readings++;
    step_wake(session->gateway);
    step_wake(session->office);
    session->gateway->heartbeat_due = session->step.tick_due = (mono_t){0};
}

/* ---- the step ---- */

void session_begin(struct session *session, mono_t now, wall_t wall)
{
    struct step *step = &session->step;
    if (step_wants_load(step, now))
        (void)session_load(session, step_time(step, now, wall));
    step_begin(step, now, wall);
    if (step_is_tick(step)) {
        step_note_left_out(step, &session->gateway->key, &session->gateway->allowance);
        session_link_tick(session);
        if (step_tick(step)) {
            session_expire(session);
            session_standing_tick(session);
        }
    }
    jobs_step(session->jobs);
    if (step->store_state == REASON_NONE)
        step_settle_files(step);
}

bool session_wants_frame(const struct session *session)
{
    return step_has_queue_room(&session->step);
}

void session_intake(struct session *session, struct intake *intake)
{
    check(session_wants_frame(session));
    step_queue(&session->step, session->gateway, intake);
}

/* A frame that cannot be read is noted and dropped: its sender is the gateway, whose frames are
 * not evidence, and what it carried is sent again. */
static enum turn take_intake(struct session *session, struct intake *intake)
{
    if (step_is_closing(&session->step, session->gateway))
        return TURN_WAITS;
    if (intake->reason != REASON_NONE) {
        step_note_peer(&session->step, session->gateway, "frame_refused", intake->reason);
        return TURN_DONE;
    }
    if (intake->frame.kind == FRAME_PARCELS)
        return session_take_parcels(session, intake);
    return session_link_frame(session, intake);
}

/* One receipt per (recipient, kind): what was told in this step to one sender goes together. */
static enum reason write_receipts(struct session *session)
{
    enum reason reason = REASON_NONE;
    for (const struct draft *draft = session->step.drafts; draft != NULL && reason == REASON_NONE;
         draft = draft->next) {
        struct envelope envelope = {0};
        reason = step_write(&session->step, draft, session->gateway, &envelope);
    }
    return reason;
}

/* Receipts are written last: the facts that frames and waiting messages told go into the same
 * ones. */
enum reason session_end(struct session *session, const struct store_plan **ret_plan)
{
    struct peer *gateway;
    struct intake *intake;
    while ((intake = step_next(&session->step, &gateway)) != NULL)
        step_took(&session->step, take_intake(session, intake));
    if (session->step.store_state == REASON_NONE) {
        session_take_waiting(session);
        enum reason reason = write_receipts(session);
        if (reason != REASON_NONE)
            return reason;
    }
    return step_end(&session->step, ret_plan);
}

void session_committed(struct session *session, const struct step_effects *effects)
{
    session->head_kept = session->head;
    step_committed(&session->step, effects);
}

void session_aborted(struct session *session, enum reason reason,
                     const struct step_effects *effects)
{
    /* A head that was told and is not kept would look like a store that was put back. */
    session->head = session->head_kept;
    step_aborted(&session->step, reason, effects);
}

mono_t session_deadline(const struct session *session)
{
    return step_deadline(&session->step);
}

static uint64_t live_at(const struct session *session, const struct peer *peer)
{
    const struct outbox *outbox = session->step.outbox;
    return outbox_backlog(outbox, peer->index) + outbox_window(outbox, peer->index)->under_way;
}

/* All from memory, so that the state can be asked for while the store is away (invariant 10). */
void session_status(const struct session *session, struct session_status *ret_status)
{
    *ret_status = (struct session_status){
        .is_linked = session->link == LINK_WELCOMED,
        .store = session->step.store_state,
        .clock = step_clock_report(&session->step),
        .last_heard = session->gateway->heard_wall,
        .to_gateway = live_at(session, session->gateway),
        .to_office = live_at(session, session->office),
        .head = session->head,
        .ledger_alarm = session->ledger_alarm || session->has_open_break,
        .is_contradicted = session->ledger_alarm,
        .has_open_break = session->has_open_break,
        .put_back = session->put_back,
        .last_put_back = session->look_until,
        .is_offering = session->is_offering,
    };
}
