#include "adapters/core/session_parts.h"

#include <string.h>

#include "gateway/custody/due.h"
#include "proto/base/check.h"

/* ---- life cycle ---- */

static struct outbox_options outbox_options(const struct session_options *options)
{
    return (struct outbox_options){.destinations_max = 2, .flights_max = options->flights_max};
}

size_t session_memory_bytes(const struct session_options *options)
{
    enum { ALIGNMENT_SLACK = 4096 };
    struct outbox_options outbox = outbox_options(options);
    struct fetch_options fetch = session_fetch_options(options);
    return sizeof(struct session) + plan_memory_bytes() + sealer_memory_bytes() +
           outbox_memory_bytes(&outbox) + fetch_memory_bytes(&fetch) +
           SESSION_REPLIES_MAX * sizeof(struct session_reply) +
           SESSION_DELIVERIES_MAX * sizeof(struct session_delivery) +
           SESSION_DELIVERIES_MAX * sizeof(struct office_call) +
           SESSION_EVENTS_MAX * sizeof(struct transition) +
           (SESSION_INTAKES_MAX + FETCH_WAITING_MAX) * sizeof(struct intake *) +
           BLOB_CHUNK_BYTES_MAX + SESSION_STEP_BYTES + 2 * SESSION_SCRATCH_BYTES + ALIGNMENT_SLACK;
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

struct session *session_new(const struct session_options *options, struct arena *memory)
{
    struct session *session = take(memory, sizeof *session);
    *session = (struct session){.options = *options, .office = key_of(SESSION_OFFICE)};
    session->step = sub_arena(memory, SESSION_STEP_BYTES);
    session->scratch = sub_arena(memory, SESSION_SCRATCH_BYTES);
    session->build = sub_arena(memory, SESSION_SCRATCH_BYTES);
    plan_init(&session->plan, memory, &session->step);
    sealer_init(&session->sealer, &options->self, options->offset_minutes, options->crypto, memory,
                &session->build);
    struct outbox_options outbox = outbox_options(options);
    session->outbox = outbox_new(&outbox, memory);
    session->to_gateway = outbox_destination(session->outbox, &options->gateway);
    session->to_office = outbox_destination(session->outbox, &session->office);
    outbox_set_lease(session->outbox, session->to_office, SESSION_OFFICE_LEASE_MS);
    struct fetch_options fetch = session_fetch_options(options);
    fetch.emit = emit_blob_frame;
    fetch.entitle = session_entitle;
    fetch.context = session;
    session->fetch = fetch_new(&fetch, memory);
    session->replies = take(memory, SESSION_REPLIES_MAX * sizeof(struct session_reply));
    session->deliveries = take(memory, SESSION_DELIVERIES_MAX * sizeof(struct session_delivery));
    session->calls = take(memory, SESSION_DELIVERIES_MAX * sizeof(struct office_call));
    session->events = take(memory, SESSION_EVENTS_MAX * sizeof(struct transition));
    session->intakes =
        take(memory, (SESSION_INTAKES_MAX + FETCH_WAITING_MAX) * sizeof(struct intake *));
    session->chunk = take(memory, BLOB_CHUNK_BYTES_MAX);
    buffer_init(&session->frame, FRAME_BYTES_MAX);
    options->crypto->random(options->crypto->context, session->incarnation, INCARNATION_BYTES);
    session->readings = 1;
    session->store_state = REASON_STORE_BUSY; /* until session_load */
    return session;
}

void session_release(struct session *session)
{
    buffer_release(&session->frame);
    sealer_release(&session->sealer);
}

uint32_t session_random(struct session *session)
{
    uint32_t random;
    const struct crypto_port *crypto = session->options.crypto;
    crypto->random(crypto->context, (uint8_t *)&random, sizeof random);
    return random;
}

static enum reason load_backlogs(struct session *session)
{
    enum { DESTINATIONS_MAX = 8 };
    struct store *store = session->options.store;
    struct store_count counts[DESTINATIONS_MAX];
    size_t count = 0;
    enum reason reason = store->verbs->counts(store, counts, DESTINATIONS_MAX, &count);
    for (size_t i = 0; reason == REASON_NONE && i < count; i++) {
        uint32_t destination = outbox_destination(session->outbox, &counts[i].destination);
        if (destination != OUTBOX_NO_DESTINATION)
            outbox_set_backlog(session->outbox, destination,
                               counts[i].count[ENTRY_QUEUED] + counts[i].count[ENTRY_DEFERRED] +
                                   counts[i].count[ENTRY_HELD]);
    }
    return reason;
}

enum reason session_load(struct session *session, wall_t wall)
{
    struct store *store = session->options.store;
    struct store_positions positions;
    struct message_id last_id;
    uint64_t recovered;
    session->wall = wall;
    enum reason reason = store->verbs->recover(store, &recovered);
    if (reason == REASON_NONE)
        reason = store->verbs->positions(store, &positions);
    if (reason == REASON_NONE)
        reason = store->verbs->last_id(store, &session->options.self, &last_id);
    if (reason == REASON_NONE)
        reason = session_load_head(session);
    if (reason == REASON_NONE)
        reason = session_load_clock(session, &positions);
    if (reason == REASON_NONE) {
        /* Ids keep growing over restarts, also when the clock stepped back meanwhile. */
        if (id_compare(&last_id, &session->sealer.maker.last) > 0)
            session->sealer.maker.last = last_id;
        plan_set_positions(&session->plan, &positions);
        outbox_clear(session->outbox);
        reason = load_backlogs(session);
        if (session->options.office_window > 0)
            outbox_open(session->outbox, session->to_office, session->options.office_window);
        if (session->link == LINK_WELCOMED)
            outbox_open(session->outbox, session->to_gateway, session->window_messages);
    }
    session->store_state = reason;
    return reason;
}

/* ---- the step
 * ------------------------------------------------------------------------------------- */

static void leave(struct session *session, const struct entry *entry, bool is_to_office,
                  const struct message_id *id, const struct parcel *parcel, uint32_t document_index)
{
    if (is_to_office) {
        check(session->call_count < SESSION_DELIVERIES_MAX);
        session->calls[session->call_count++] =
            (struct office_call){entry->message_seq, entry->attempts};
    } else {
        check(session->delivery_count < SESSION_DELIVERIES_MAX);
        session->deliveries[session->delivery_count++] =
            (struct session_delivery){{entry->message_seq, parcel, document_index}, *id};
    }
}

static void leave_due(void *context, uint32_t destination, const struct entry *entry,
                      const struct store_message *message)
{
    struct session *session = context;
    leave(session, entry, destination == session->to_office, &message->id, NULL, 0);
}

static void pump(struct session *session, uint32_t destination)
{
    static const struct room_need leases = {
        {[ROOM_MOVES] = OUTBOX_FETCH_MAX,
         [ROOM_DELIVERIES] = OUTBOX_FETCH_MAX,
         [ROOM_BYTES] = OUTBOX_FETCH_MAX * ROOM_DELIVERY_BYTES}};
    if (!session_fits(session, &leases)) {
        session->more_to_do = true;
        return;
    }
    due_lease(session->options.store, session->outbox, &session->plan, destination, session->now,
              session->wall, leave_due, session);
}

static void wake(struct session *session, struct wake *wake, uint32_t destination)
{
    static const struct room_need page = {{[ROOM_MOVES] = WAKE_PAGE_MAX}};
    if (wake->is_wanted && !session_fits(session, &page))
        session->more_to_do = true;
    else if (wake->is_wanted && wake_page(wake, session->options.store, session->outbox,
                                          &session->plan, destination, session->wall))
        session->more_to_do = true;
}

void session_registry_read(struct session *session)
{
    session->readings++;
    wake_begin(&session->wake_gateway);
    wake_begin(&session->wake_office);
    session->heartbeat_due = session->tick_due = (mono_t){0};
}

static void tick(struct session *session)
{
    static const struct room_need need = {
        {[ROOM_MOVES] = OUTBOX_TICK_MAX,
         [ROOM_REPLIES] = 2 * FETCH_WANTED_MAX,
         [ROOM_BYTES] = 2 * FETCH_WANTED_MAX * ROOM_SMALL_FRAME_BYTES}};
    session_say_left_out(session);
    session_hear_clock(session);
    if (!session_fits(session, &need)) {
        session->more_to_do = true;
        return;
    }
    session->tick_due = (mono_t){session->now.ms + SESSION_TICK_MS};
    fetch_tick(session->fetch, session->now);
    outbox_tick(session->outbox, session->now, session->wall, plan_change, &session->plan);
    session_expire(session);
}

void session_begin(struct session *session, mono_t now, wall_t wall)
{
    session->now = now;
    session->event_count = 0;
    if (session->store_state != REASON_NONE && now.ms >= session->retry_at.ms) {
        (void)session_load(session, session_time(session, now, wall));
        session->retry_at = (mono_t){now.ms + SESSION_RETRY_MS};
    }
    session_look_at_clock(session, wall);
    wall = session->wall;
    plan_begin(&session->plan);
    sealer_begin(&session->sealer);
    session->reply_count = session->delivery_count = session->call_count = 0;
    session->intake_count = 0;
    session->returned_count = 0;
    session_begin_room(session);
    session->told = NULL;
    session->more_to_do = false;
    session->step_reason = REASON_NONE;
    bool is_tick = now.ms >= session->tick_due.ms;
    if (is_tick)
        session_link_tick(session);
    if (session->store_state != REASON_NONE) {
        if (is_tick)
            session->tick_due = (mono_t){now.ms + SESSION_TICK_MS};
        return;
    }
    /* First what the store knows: later in the step it and the plan would disagree. */
    pump(session, session->to_gateway);
    pump(session, session->to_office);
    wake(session, &session->wake_gateway, session->to_gateway);
    wake(session, &session->wake_office, session->to_office);
    session_return(session);
    if (is_tick)
        tick(session);
    session_settle_files(session);
}

/* ---- what is collected
 * ------------------------------------------------------------------------------ */

static void add_reply(struct session *session, const struct session_reply *reply)
{
    check(session->reply_count < SESSION_REPLIES_MAX); /* room for it was asked for */
    session->replies[session->reply_count++] = *reply;
}

void session_reply_frame(struct session *session, const struct frame *frame)
{
    arena_reset(&session->build);
    buffer_clear(&session->frame);
    if (frame_build(frame, &session->build, &session->frame) != REASON_NONE)
        return;
    struct bytes copy = arena_copy(&session->step, buffer_view(&session->frame));
    check(copy.data != NULL);
    add_reply(session, &(struct session_reply){.is_frame = true, .frame = copy});
}

void session_reply_taken(struct session *session, const struct message_id *id)
{
    add_reply(session, &(struct session_reply){.is_taken = true, .id = *id});
}

void session_reply_not_now(struct session *session, const struct message_id *id, enum reason reason)
{
    add_reply(session, &(struct session_reply){.id = *id, .reason = reason});
}

static enum reason emit_blob_frame(void *context, const struct key *peer, const struct frame *frame)
{
    struct session *session = context;
    (void)peer;
    if (session->effects == NULL) {
        session_reply_frame(session, frame);
        return REASON_NONE;
    }
    arena_reset(&session->build);
    buffer_clear(&session->frame);
    enum reason reason = frame_build(frame, &session->build, &session->frame);
    if (reason != REASON_NONE)
        return reason;
    return session->effects->send(session->effects->context, buffer_view(&session->frame));
}

void session_fail_step(struct session *session, enum reason reason)
{
    session->step_reason = reason;
}

void session_event(struct session *session, const struct transition *transition)
{
    if (session->event_count < SESSION_EVENTS_MAX)
        session->events[session->event_count++] = *transition;
    else
        session->allowance.left_out++;
}

void session_owe(struct session *session, const struct store_message *message,
                 const struct key *destination, const struct parcel *parcel,
                 uint32_t document_index, bool is_receipt, wall_t expires)
{
    bool is_to_office = key_equal(destination, &session->office);
    struct entry entry = {
        .message_seq = message->seq,
        .destination = *destination,
        .order = is_receipt ? 0 : hash_bytes(message->dossier_code),
        .state = ENTRY_QUEUED,
        .due = session->wall,
        .expires = expires,
        .size_bytes = parcel == NULL ? 0 : (uint32_t)parcel->documents[document_index].size,
        .is_receipt = is_receipt,
    };
    bool leaves = outbox_admit(session->outbox, &entry, &message->sender, &message->id,
                               &message->digest, session->now, session->wall);
    plan_entry(&session->plan, &entry);
    if (leaves)
        leave(session, &entry, is_to_office, &message->id, parcel, document_index);
}

/* ---- the end of the step
 * ------------------------------------------------------------------------------ */

/* While the store cannot be read, memory may hold flights whose commit failed: what a lost link
 * makes of them is not to be written. */
static bool has_plan(const struct session *session)
{
    return session->store_state == REASON_NONE && !plan_is_empty(&session->plan);
}

enum reason session_end(struct session *session, const struct store_plan **ret_plan)
{
    session_take_turns(session);
    if (session->store_state == REASON_NONE) {
        session_take_waiting(session);
        enum reason reason = session_write_receipts(session);
        if (reason == REASON_NONE)
            reason = sealer_seal(&session->sealer, &session->plan, session->wall);
        if (reason == REASON_NONE)
            reason = session->step_reason;
        if (reason != REASON_NONE)
            return reason;
    }
    *ret_plan = has_plan(session) ? &session->plan.store : NULL;
    return REASON_NONE;
}

static void send_frame(struct session *session, const struct frame *frame)
{
    arena_reset(&session->build);
    buffer_clear(&session->frame);
    if (frame_build(frame, &session->build, &session->frame) == REASON_NONE)
        (void)session->effects->send(session->effects->context, buffer_view(&session->frame));
}

/* Acknowledgements of one kind that stand next to each other leave as one frame. */
static size_t send_acknowledgements(struct session *session, size_t from)
{
    static _Thread_local struct message_id ids[SESSION_REPLIES_MAX];
    const struct session_reply *first = &session->replies[from];
    size_t count = 0;
    while (from + count < session->reply_count) {
        const struct session_reply *reply = &session->replies[from + count];
        if (reply->is_frame || reply->is_taken != first->is_taken || reply->reason != first->reason)
            break;
        ids[count++] = reply->id;
    }
    struct frame frame = {
        .kind = first->is_taken ? FRAME_TAKEN : FRAME_NOT_TAKEN,
        .taken = {ids, count, first->reason, first->is_taken ? 0 : SESSION_RETRY_MS},
    };
    send_frame(session, &frame);
    return count;
}

static enum reason dispatch_to_gateway(void *context, struct bytes frame)
{
    struct session *session = context;
    return session->effects->send(session->effects->context, frame);
}

static void dispatch_unsent(void *context, size_t index, enum reason reason)
{
    struct session *session = context;
    (void)reason;
    struct flight *flight = outbox_find(session->outbox, session->to_gateway,
                                        &session->options.self, &session->deliveries[index].id);
    if (flight != NULL)
        outbox_unsent(session->outbox, flight, session->now);
}

static void send_deliveries(struct session *session)
{
    if (session->delivery_count == 0)
        return;
    struct dispatch_item *items =
        plan_take(&session->plan, session->delivery_count * sizeof *items);
    for (size_t i = 0; i < session->delivery_count; i++)
        items[i] = session->deliveries[i].item;
    dispatch_items(session->options.store, items, session->delivery_count, &session->scratch,
                   &session->frame, dispatch_to_gateway, dispatch_unsent, session);
}

static void finish_step(struct session *session)
{
    for (size_t i = 0; i < session->event_count; i++)
        session->effects->transition(session->effects->context, &session->events[i]);
    for (size_t i = 0; i < session->intake_count; i++) {
        struct intake *intake = session->intakes[i];
        check(intake->references > 0);
        if (--intake->references == 0)
            session->effects->intake_done(session->effects->context, intake);
    }
    session->intake_count = 0;
    session->effects = NULL;
}

void session_committed(struct session *session, const struct session_effects *effects)
{
    session->effects = effects;
    if (has_plan(session)) {
        session->has_failed = false;
        plan_adopt(&session->plan);
    }
    for (size_t i = 0; i < session->reply_count;) {
        if (!session->replies[i].is_frame) {
            i += send_acknowledgements(session, i);
            continue;
        }
        (void)effects->send(effects->context, session->replies[i].frame);
        i++;
    }
    send_deliveries(session);
    if (fetch_serve(session->fetch, session->chunk))
        session->more_to_do = true;
    for (size_t i = 0; i < session->call_count; i++)
        effects->call_office(effects->context, session->calls[i].message_seq,
                             session->calls[i].attempt);
    finish_step(session);
}

void session_aborted(struct session *session, enum reason reason,
                     const struct session_effects *effects)
{
    session->effects = effects;
    session->store_state = reason;
    /* The next step tries to load; but a store that reads and cannot commit, a full disk, is tried
     * again only after a while. */
    session->retry_at = (mono_t){session->now.ms + (session->has_failed ? SESSION_RETRY_MS : 0)};
    session->has_failed = true;
    session->event_count = 0;
    session_event(session, &(struct transition){.event = "aborted", .reason = reason});
    struct frame frame = {.kind = FRAME_NOT_TAKEN, .taken = {NULL, 0, reason, SESSION_RETRY_MS}};
    if (session->intake_count > 0 ||
        (session->first_intake != NULL && session->first_intake->done > 0))
        send_frame(session, &frame);
    finish_step(session);
}

mono_t session_deadline(const struct session *session)
{
    if (session->store_state != REASON_NONE) /* nothing leaves before it is read again */
        return session->retry_at.ms < session->tick_due.ms ? session->retry_at : session->tick_due;
    if (session->more_to_do)
        return session->now;
    mono_t outbox = outbox_deadline(session->outbox, session->now, session->wall);
    return outbox.ms < session->tick_due.ms ? outbox : session->tick_due;
}

void session_status(const struct session *session, struct session_status *ret_status)
{
    *ret_status = (struct session_status){
        .is_linked = session->link == LINK_WELCOMED,
        .store = session->store_state,
        .clock = session->clock.state,
        .last_heard = session->heard_wall,
        .to_gateway = outbox_backlog(session->outbox, session->to_gateway) +
                      outbox_window(session->outbox, session->to_gateway)->under_way,
        .to_office = outbox_backlog(session->outbox, session->to_office) +
                     outbox_window(session->outbox, session->to_office)->under_way,
        .head = session->head,
        .ledger_alarm = session->ledger_alarm,
    };
}
