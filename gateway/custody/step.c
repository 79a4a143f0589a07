/* The engine's life cycle: memory, load, begin, end. What a step collects: step_collect.c; whose
 * turn it is: step_turn.c; peers: step_peers.c; what leaves: step_send.c, step_dispatch.c. A step
 * runs on the loop's thread, makes no system call, and changes nothing outside of itself before its
 * plan is committed. */
#include "gateway/custody/step_parts.h"

#include "proto/base/check.h"

_Static_assert(PARTICIPANTS_MAX * sizeof(struct store_count) < 2 * 1024 * 1024,
               "backlogs are counted in the arena of a step");

/* ---- life cycle ---- */

static struct outbox_options outbox_options(const struct step_options *options)
{
    return (struct outbox_options){.destinations_max = options->peers_max,
                                   .flights_max = options->flights_max};
}

static struct fetch_options fetch_options(const struct step_options *options)
{
    return (struct fetch_options){
        .blobs = options->blobs,
        .size_max_bytes = options->attachment_bytes_max,
        .peers_max = options->peers_max,
        .emit = step_emit_file,
        .entitle = step_entitle,
        .draw = options->peers_are_authors ? step_draw : NULL,
        .hash = options->crypto->hash,
    };
}

/* What a step gives back: what it finished, messages whose files had come, and those that found no
 * place at all. */
static size_t intakes_max(const struct step_options *options)
{
    return options->intakes_max + 2 * FETCH_WAITING_MAX + options->queue_max;
}

size_t step_memory_bytes(const struct step_options *options)
{
    enum { ALIGNMENT_SLACK = 4096 };
    struct outbox_options outbox = outbox_options(options);
    struct fetch_options fetch = fetch_options(options);
    return plan_memory_bytes() + sealer_memory_bytes() + outbox_memory_bytes(&outbox) +
           fetch_memory_bytes(&fetch) + options->peers_max * sizeof(struct peer) +
           options->replies_max * sizeof(struct reply) +
           options->deliveries_max * sizeof(struct delivery) +
           options->events_max * sizeof(struct transition) +
           intakes_max(options) * sizeof(struct intake *) + BLOB_CHUNK_BYTES_MAX +
           options->arena_bytes + 2 * options->scratch_bytes + ALIGNMENT_SLACK;
}

static void *take(struct arena *memory, size_t size)
{
    void *piece = arena_take(memory, size);
    check(piece != NULL);
    return piece;
}

/* A piece of the memory that was taken at the start: what a step puts into it is bounded by it,
 * whoever sent it. */
static struct arena sub_arena(struct arena *memory, size_t size)
{
    return (struct arena){.block = take(memory, size), .limit_bytes = size};
}

/* step_max is the simulator's: small bounds make full steps common, which in life are rare. */
static void set_room(struct step *step)
{
    const struct step_options *options = &step->options;
    step->room.max = (struct room_need){{[ROOM_MESSAGES] = PLAN_MESSAGES_MAX,
                                         [ROOM_PARCELS] = PLAN_PARCELS_MAX,
                                         [ROOM_ENTRIES] = PLAN_ENTRIES_MAX,
                                         [ROOM_MOVES] = PLAN_MOVES_MAX,
                                         [ROOM_NOTES] = PLAN_NOTES_MAX,
                                         [ROOM_ROUTES] = PLAN_ROUTES_MAX,
                                         [ROOM_DEADLINES] = PLAN_DEADLINES_MAX,
                                         [ROOM_RECORDS] = ROOM_RECORDS_MAX,
                                         [ROOM_REPLIES] = options->replies_max,
                                         [ROOM_DELIVERIES] = options->deliveries_max,
                                         [ROOM_BYTES] = options->arena_bytes}};
    const struct room_need *own = options->step_max;
    for (int kind = 0; own != NULL && kind < ROOM_KINDS; kind++) {
        check(own->of[kind] >= room_least.of[kind]);
        check(own->of[kind] <= step->room.max.of[kind]);
        step->room.max.of[kind] = own->of[kind];
    }
}

void step_init(struct step *step, const struct step_options *options, struct arena *memory)
{
    struct outbox_options outbox = outbox_options(options);
    struct fetch_options fetch = fetch_options(options);
    *step = (struct step){.options = *options, .store = options->store};
    step->arena = sub_arena(memory, options->arena_bytes);
    step->scratch = sub_arena(memory, options->scratch_bytes);
    step->build = sub_arena(memory, options->scratch_bytes);
    plan_init(&step->plan, memory, &step->arena);
    sealer_init(&step->sealer, &options->self, options->offset_minutes, options->crypto, memory,
                &step->build);
    outbox.seed = step_draw(step);
    step->outbox = outbox_new(&outbox, memory);
    fetch.context = step;
    step->fetch = fetch_new(&fetch, memory);
    step->peers = take(memory, options->peers_max * sizeof(struct peer));
    step->replies = take(memory, options->replies_max * sizeof(struct reply));
    step->deliveries = take(memory, options->deliveries_max * sizeof(struct delivery));
    step->events = take(memory, options->events_max * sizeof(struct transition));
    step->intakes = take(memory, intakes_max(options) * sizeof(struct intake *));
    step->chunk = take(memory, BLOB_CHUNK_BYTES_MAX);
    buffer_init(&step->frame, FRAME_BYTES_MAX);
    set_room(step);
    step->store_state = REASON_STORE_BUSY; /* until step_load */
}

/* The rest lies in the arena, which is its owner's. */
void step_release(struct step *step)
{
    buffer_release(&step->frame);
    sealer_release(&step->sealer);
}

/* ---- the store ---- */

/* A destination for which no place is left stays in the store: nobody of that key is admitted any
 * more. */
static enum reason load_backlogs(struct step *step)
{
    struct store_count *counts =
        plan_take(&step->plan, PARTICIPANTS_MAX * sizeof(struct store_count));
    size_t count = 0;
    enum reason reason = step->store->verbs->counts(step->store, counts, PARTICIPANTS_MAX, &count);
    for (size_t i = 0; reason == REASON_NONE && i < count; i++) {
        struct peer *peer = step_get_peer(step, &counts[i].destination);
        if (peer != NULL)
            outbox_set_backlog(step->outbox, peer->index,
                               counts[i].count[ENTRY_QUEUED] + counts[i].count[ENTRY_DEFERRED] +
                                   counts[i].count[ENTRY_HELD]);
    }
    return reason;
}

/* Everything in memory that the store knows better is taken from the store: leases of the last run
 * end here (recover), queues are counted anew, connected peers are opened again. Also after a
 * failed commit, while connections live on. */
enum reason step_load(struct step *step, wall_t wall)
{
    struct store *store = step->store;
    struct store_positions positions;
    uint64_t recovered;
    step->wall = wall;
    enum reason reason = store->verbs->recover(store, &recovered);
    if (reason == REASON_NONE)
        reason = store->verbs->positions(store, &positions);
    if (reason == REASON_NONE)
        reason = step_load_clock(step, &positions);
    if (reason == REASON_NONE) {
        plan_set_positions(&step->plan, &positions);
        outbox_clear(step->outbox);
        reason = load_backlogs(step);
    }
    for (uint32_t i = 0; reason == REASON_NONE && i < step->peer_count; i++) {
        if (step->peers[i].is_connected)
            outbox_open(step->outbox, i, step->peers[i].window_messages);
    }
    step->store_state = reason;
    return reason;
}

/* After a failure not before the time that was set then: a disk that is full is not asked in every
 * round. */
bool step_wants_load(const struct step *step, mono_t now)
{
    return step->store_state != REASON_NONE && now.ms >= step->retry_at.ms;
}

/* ---- begin ---- */

/* "served" is where the last look ended: senders to one destination take turns, so that one that
 * sends a thousand messages does not stand before another's one. */
static size_t lease_due(struct step *step, uint32_t destination, size_t limit)
{
    struct outbox *outbox = step->outbox;
    struct store *store = step->store;
    struct entry entries[OUTBOX_FETCH_MAX];
    size_t count = 0;
    size_t leased = 0;
    wall_t next_due = {0};
    wall_t until;
    size_t wanted = outbox_wanted(outbox, destination, step->now, step->wall, &until);
    /* Of what failed before many are looked at, though few may leave: outbox_sort chooses. */
    if (wanted > limit && !window_is_careful(outbox_window(outbox, destination)))
        wanted = limit;
    struct peer *peer = &step->peers[destination];
    if (wanted == 0 || store->verbs->due(store, &peer->key, until, &peer->served, entries, wanted,
                                         &count, &next_due) != REASON_NONE)
        return 0;
    outbox_next_due(outbox, destination, next_due);
    if (count == wanted)
        outbox_look_again(outbox, destination);
    outbox_sort(outbox, destination, entries, count);
    for (size_t i = 0; i < count; i++) {
        struct store_message message;
        struct entry *entry = &entries[i];
        if (leased == limit || !outbox_has_room(outbox, destination, step->now)) {
            outbox_look_again(outbox, destination); /* the rest stays due */
            break;
        }
        if (store->verbs->read_message(store, entry->message_seq, &message) != REASON_NONE) {
            outbox_look_again(outbox, destination); /* not now: it stays due */
            continue;
        }
        if (!outbox_lease(outbox, destination, entry, &message.sender, &message.id, &message.digest,
                          step->now, step->wall))
            continue;
        plan_move(&step->plan, entry);
        step_deliver(step, destination, entry, &message.sender, &message.id, NULL, 0);
        peer->served = message.sender;
        leased++;
    }
    return leased;
}

/* What is due comes from the store, by piece: the rest follows in the next step. */
static void lease_all(struct step *step)
{
    static const struct room_need lease = {
        {[ROOM_MOVES] = 1, [ROOM_DELIVERIES] = 1, [ROOM_BYTES] = ROOM_DELIVERY_BYTES}};
    size_t limit = step_is_quick(step) ? step->options.quick_leases : STEP_LEASES_MAX;
    size_t left = step_fit_count(step, &lease, limit);
    uint32_t i = 0;
    for (; i < step->peer_count && left > 0; i++)
        left -= lease_due(step, (step->lease_from + i) % step->peer_count, left);
    if (i < step->peer_count)
        step->more_to_do = true;
    if (step->peer_count > 0)
        step->lease_from = (step->lease_from + i) % step->peer_count;
}

/* One time for all that a step decides: nothing in it asks a clock again, so that a step can be
 * repeated in the simulator with the same outcome. */
void step_begin(struct step *step, mono_t now, wall_t wall)
{
    step->now = now;
    step->number++;
    step->event_count = 0;
    step->events_left_out = 0;
    step_look_at_clock(step, wall);
    plan_begin(&step->plan);
    sealer_begin(&step->sealer);
    step->drafts = NULL;
    step->room.reserved = room_closing;
    step->record_count = step->reply_count = step->delivery_count = 0;
    step->finished_count = step->returned_count = step->waiting_count = 0;
    step->work_done = step->heavy_work = 0;
    step->heavy_limit = -1;
    step->has_full = false;
    step->more_to_do = false;
    step->failure = REASON_NONE;
    if (step->store_state != REASON_NONE) {
        step->retry_at =
            step_wants_load(step, now) ? (mono_t){now.ms + STEP_RETRY_MS} : step->retry_at;
        return;
    }
    /* First what the store knows: later in the step it and the plan would disagree. */
    lease_all(step);
    step_wake_peers(step);
    step_return(step);
}

/* Things that only time brings about are looked at once in STEP_TICK_MS, and not in every step. */
bool step_is_tick(const struct step *step)
{
    return step->now.ms >= step->tick_due.ms;
}

bool step_tick(struct step *step)
{
    static const struct room_need need = {
        {[ROOM_MOVES] = OUTBOX_TICK_MAX,
         [ROOM_REPLIES] = 2 * FETCH_WANTED_MAX,
         [ROOM_BYTES] = 2 * FETCH_WANTED_MAX * ROOM_SMALL_FRAME_BYTES}};
    bool has_store = step->store_state == REASON_NONE;
    if (has_store && !step_fits(step, &need)) {
        step->more_to_do = true; /* all of a tick fits, or it waits for the next step */
        return false;
    }
    step->tick_due = (mono_t){step->now.ms + STEP_TICK_MS};
    if (!has_store)
        return false;
    step_hear_clocks(step);
    fetch_tick(step->fetch, step->now);
    outbox_tick(step->outbox, step->now, step->wall, plan_change, &step->plan);
    return true;
}

/* Each file that is wanted may be asked for, or be told as ended. */
void step_settle_files(struct step *step)
{
    static const struct room_need need = {
        {[ROOM_REPLIES] = FETCH_WANTED_MAX,
         [ROOM_BYTES] = FETCH_WANTED_MAX * ROOM_SMALL_FRAME_BYTES}};
    if (step_fits(step, &need))
        fetch_settle(step->fetch, step->now);
    else
        step->more_to_do = true;
}

/* A message whose files have come is admitted as if it had just arrived; its peer is told of a step
 * that fails like any that gave something in it (gave_in). */
bool step_next_waiting(struct step *step, const struct room_need *need, struct peer **ret_peer,
                       struct intake **ret_intake, struct sealed **ret_sealed,
                       enum reason *ret_reason)
{
    if (step->waiting_count == 2 * STEP_WAITING_MAX || !step_fits(step, need)) {
        step->more_to_do = true;
        return false;
    }
    if (!fetch_ready(step->fetch, ret_intake, ret_sealed, ret_reason))
        return false;
    step->waiting_count++;
    *ret_peer = step_find_peer(step, &(*ret_intake)->peer);
    (*ret_peer)->gave_in = step->number;
    step_give_back(step, *ret_intake);
    return true;
}

/* ---- end ---- */

/* Noted and told by step_end: whoever finds it is deep inside, and what it did goes with the
 * plan. */
void step_fail(struct step *step, enum reason reason)
{
    step->failure = reason;
}

bool step_has_plan(const struct step *step)
{
    return step->store_state == REASON_NONE && !plan_is_empty(&step->plan);
}

/* Nothing else says when an entry ended: its receipt may come from elsewhere, or there is none. */
static void date_ends(struct step *step)
{
    for (size_t i = 0; i < step->plan.store.move_count; i++) {
        if (entry_state_is_terminal(step->plan.moves[i].state))
            step->plan.moves[i].due = step->wall;
    }
}

/* No plan is a step that wrote nothing; its frames leave all the same. */
enum reason step_end(struct step *step, const struct store_plan **ret_plan)
{
    if (step->store_state == REASON_NONE) {
        enum reason reason = sealer_seal(&step->sealer, &step->plan, step->wall);
        if (reason == REASON_NONE)
            reason = step->failure;
        if (reason != REASON_NONE)
            return reason;
        date_ends(step);
    }
    *ret_plan = step_has_plan(step) ? &step->plan.store : NULL;
    return REASON_NONE;
}

mono_t step_deadline(const struct step *step)
{
    if (step->store_state != REASON_NONE) /* nothing leaves before it is read again */
        return step->retry_at.ms < step->tick_due.ms ? step->retry_at : step->tick_due;
    if (step->more_to_do)
        return step->now;
    mono_t due = outbox_deadline(step->outbox, step->now, step->wall);
    if (step->tick_due.ms < due.ms)
        due = step->tick_due;
    return step->first_ready != NULL && step->heavy_due.ms < due.ms ? step->heavy_due : due;
}
