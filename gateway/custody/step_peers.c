/* The peers: met, connected, gone; what they acknowledge, and the files that they exchange. A peer
 * has the index of its destination in the outbox, for as long as the program runs. */
#include "gateway/custody/step_parts.h"

#include "gateway/custody/entitle.h"

static const struct room_need one_move = {{[ROOM_MOVES] = 1}};

struct peer *step_find_peer(const struct step *step, const struct key *key)
{
    uint32_t index = outbox_find_destination(step->outbox, key);
    return index == OUTBOX_NO_DESTINATION ? NULL : &step->peers[index];
}

/* NULL: more keys were met than peers_max, over all registries since the start. */
struct peer *step_get_peer(struct step *step, const struct key *key)
{
    uint32_t index = outbox_destination(step->outbox, key);
    if (index == OUTBOX_NO_DESTINATION)
        return NULL;
    if (index == step->peer_count)
        step->peers[step->peer_count++] = (struct peer){.key = *key, .index = index};
    return &step->peers[index];
}

/* ---- connections ---- */

/* While the store cannot be read nothing is opened; step_load opens who is connected then. */
void step_connect(struct step *step, struct peer *peer, uint32_t link_version,
                  uint32_t window_messages, uint32_t window_bytes)
{
    peer->is_connected = true;
    peer->link_version = link_version;
    peer->window_messages = window_messages;
    peer->window_held = 0;
    outbox_set_window_bytes(step->outbox, peer->index, window_bytes);
    if (step->store_state == REASON_NONE)
        outbox_open(step->outbox, peer->index, window_messages);
}

void step_hold(struct step *step, struct peer *peer)
{
    if (peer->window_messages == 0)
        return;
    peer->window_held = peer->window_messages;
    peer->window_messages = 0;
    if (outbox_is_open(step->outbox, peer->index))
        outbox_open(step->outbox, peer->index, 0);
}

void step_let_go(struct step *step, struct peer *peer)
{
    if (peer->window_held == 0)
        return;
    peer->window_messages = peer->window_held;
    peer->window_held = 0;
    if (outbox_is_open(step->outbox, peer->index))
        outbox_open(step->outbox, peer->index, peer->window_messages);
}

/* What was under way comes back by pieces (step_return): thousands of rows in one commit would
 * hold up everybody else. */
void step_disconnect(struct step *step, struct peer *peer, enum reason reason, const char *event)
{
    peer->is_connected = false;
    outbox_close(step->outbox, peer->index, REASON_LINK_LOST, step->wall, step->wall);
    fetch_peer_lost(step->fetch, &peer->key);
    step_note_peer(step, peer, event, reason);
    step_return(step);
}

bool step_is_closing(const struct step *step, const struct peer *peer)
{
    return step->store_state == REASON_NONE && outbox_is_closing(step->outbox, peer->index);
}

/* While the store cannot be read nothing is known of what is under way; step_load forgets it. */
void step_return(struct step *step)
{
    size_t before = step->plan.store.move_count;
    if (step->store_state != REASON_NONE)
        return;
    size_t most = step_is_quick(step) ? step->options.quick_returns : STEP_RETURNS_MAX;
    size_t left = most > step->returned_count ? most - step->returned_count : 0;
    size_t limit = step_fit_count(step, &one_move, left);
    if (outbox_return(step->outbox, limit, plan_change, &step->plan))
        step->more_to_do = true;
    step->returned_count += step->plan.store.move_count - before;
}

void step_note_left_out(struct step *step, const struct key *from, struct allowance *allowance)
{
    uint64_t count = allowance_tell(allowance, step->now);
    if (count > 0)
        step_note(step,
                  &(struct transition){
                      .event = "left_out", .from = *from, .reason = REASON_BUSY, .count = count});
}

/* ---- what waits for another registry ----
 *
 * What was put off for a certificate or a name that was not known there (routing/outbox/failure.h)
 * has a back-off of its own, up to an hour. When either side has read its registry anew nothing is
 * gained by waiting: those entries become QUEUED and due, a page in each step, before anything else
 * is planned in it. What failed for another reason keeps its time. */

void step_wake(struct peer *peer)
{
    peer->is_wake_wanted = true;
    peer->woken_seq = 0;
}

static void bring_forward(struct step *step, const struct peer *peer, struct entry *entry)
{
    plan_apply_moves(&step->plan, entry);
    if (entry->state != ENTRY_DEFERRED || !failure_waits_for_registry(entry->reason))
        return;
    entry_move(entry, ENTRY_QUEUED);
    entry->due = step->wall;
    plan_move(&step->plan, entry);
    outbox_look_again(step->outbox, peer->index);
}

/* A store that cannot say is asked again. */
static void bring_page(struct step *step, struct peer *peer)
{
    struct entry entries[WAKE_PAGE_MAX];
    size_t count = 0;
    const struct store_filter filter = {
        .destination = peer->key,
        .state = ENTRY_DEFERRED,
        .after_seq = peer->woken_seq,
        .after_destination = peer->key,
    };
    bool is_empty = outbox_backlog(step->outbox, peer->index) == 0;
    if (!is_empty && step->store->verbs->list(step->store, &filter, entries, WAKE_PAGE_MAX,
                                              &count) != REASON_NONE) {
        step->more_to_do = true;
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (key_equal(&entries[i].destination, &peer->key))
            bring_forward(step, peer, &entries[i]);
        peer->woken_seq = entries[i].message_seq;
    }
    peer->is_wake_wanted = count == WAKE_PAGE_MAX;
    step->more_to_do = step->more_to_do || peer->is_wake_wanted;
}

void step_wake_peers(struct step *step)
{
    static const struct room_need page = {{[ROOM_MOVES] = WAKE_PAGE_MAX}};
    int pages = 0;
    for (uint32_t i = 0; i < step->peer_count; i++) {
        struct peer *peer = &step->peers[i];
        if (!peer->is_wake_wanted || !peer->is_connected)
            continue;
        if (pages++ == STEP_WAKES_MAX || !step_fits(step, &page)) {
            step->more_to_do = true;
            return;
        }
        bring_page(step, peer);
    }
}

/* Another number of readings: the peer has read its registry anew, so what it put off for an older
 * one may be tried at once. */
void step_take_heartbeat(struct step *step, struct peer *peer,
                         const struct frame_heartbeat *heartbeat)
{
    clock_voice_say(&peer->voice, step->now, heartbeat->clock);
    if (heartbeat->window_bytes != 0)
        outbox_set_window_bytes(step->outbox, peer->index, heartbeat->window_bytes);
    if (heartbeat->readings > 1 && peer->readings != heartbeat->readings)
        step_wake(peer);
    peer->readings = heartbeat->readings;
}

/* ---- acknowledgements ---- */

static bool taken(struct step *step, const struct peer *peer, const struct message_id *id,
                  bool is_custody)
{
    struct flight *flight = outbox_find(step->outbox, peer->index, NULL, id);
    struct entry entry;
    if (flight == NULL)
        return false;
    if (flight->entry.is_receipt) {
        outbox_end(step->outbox, flight, ENTRY_DELIVERED, REASON_NONE, 0, &entry);
        plan_move(&step->plan, &entry);
    } else if (is_custody) {
        outbox_taken(step->outbox, flight, step->now);
    }
    return true;
}

bool step_put_off(struct step *step, const struct peer *peer, const struct key *sender,
                  const struct message_id *id, enum reason reason, uint32_t at_least_ms)
{
    struct flight *flight = outbox_find(step->outbox, peer->index, sender, id);
    struct entry entry;
    if (flight == NULL || flight->is_taken)
        return false;
    outbox_put_off(step->outbox, flight, reason, (uint32_t)step_draw(step), at_least_ms, step->now,
                   step->wall, &entry);
    plan_move(&step->plan, &entry);
    return true;
}

/* Only "not now" is a peer's to say without a signature; why it says so is kept and shown. */
static bool not_taken(struct step *step, const struct peer *peer, const struct message_id *id,
                      const struct frame_taken *frame)
{
    return step_put_off(step, peer, NULL, id, frame->reason, frame->retry_after_ms);
}

enum turn step_take_ids(struct step *step, struct peer *peer, struct intake *intake,
                        bool is_custody)
{
    enum { IDS_PER_PIECE = 64 }; /* that mean nothing to us: about the cost of one look-up */
    const struct frame_taken *frame = &intake->frame.taken;
    size_t limit = step_fit_count(step, &one_move, frame->count - intake->done);
    size_t unknown = 0;
    enum turn turn = TURN_FULL;
    for (size_t i = 0; turn == TURN_FULL && i < limit; i++) {
        const struct message_id *id = &frame->ids[intake->done++];
        bool is_known = intake->frame.kind == FRAME_TAKEN ? taken(step, peer, id, is_custody)
                                                          : not_taken(step, peer, id, frame);
        unknown += !is_known;
        peer->credit -= STEP_WORK_ID;
        if (peer->credit <= 0)
            turn = TURN_MORE;
    }
    intake->wasted += (uint32_t)(unknown / IDS_PER_PIECE);
    return intake->done == frame->count ? TURN_DONE : turn;
}

/* "Nothing was taken" is said after a failed commit, when the peer cannot say which: all that is
 * under way to it comes back, and waits as long as it asked, up to a bound. */
enum turn step_nothing_taken(struct step *step, struct peer *peer, struct intake *intake)
{
    uint32_t asked_ms = intake->frame.taken.retry_after_ms;
    uint32_t wait_ms =
        asked_ms < OUTBOX_PUT_OFF_MAX_MS ? asked_ms : (uint32_t)OUTBOX_PUT_OFF_MAX_MS;
    if (intake->done++ == 0) {
        outbox_close(step->outbox, peer->index, intake->frame.taken.reason, step->wall,
                     (wall_t){step->wall.ms + wait_ms});
        step_return(step);
    }
    if (step_is_closing(step, peer))
        return TURN_WAITS;
    outbox_open(step->outbox, peer->index, peer->window_messages);
    return TURN_DONE;
}

/* ---- files ---- */

void step_take_file_frame(struct step *step, struct peer *peer, struct intake *intake)
{
    uint32_t forbidden = step->forbidden_count;
    if (fetch_frame(step->fetch, &peer->key, &intake->frame, step->now))
        outbox_progress(step->outbox, peer->index, step->now);
    intake->wasted +=
        intake->frame.kind == FRAME_BLOB_REFUSED || forbidden != step->forbidden_count;
}

/* Frames of a file's exchange are not evidence and promise nothing that is not already fsynced.
 * While frames may leave they are sent at once, so that only one chunk is in memory. */
enum reason step_emit_file(void *context, const struct key *peer, const struct frame *frame)
{
    struct step *step = context;
    if (step->effects != NULL)
        return step_send_frame(step, peer, frame);
    step_reply_frame(step, peer, frame);
    return REASON_NONE;
}

/* Who is honest asks only for what a message to it names: who else does is worth a look. */
enum reason step_entitle(void *context, const struct key *peer, const struct frame_blob *want,
                         uint64_t *ret_size_bytes)
{
    struct step *step = context;
    enum reason reason = entitle_check(step->store, &step->scratch, peer, want, ret_size_bytes);
    step->forbidden_count += reason != REASON_NONE;
    if (reason == REASON_ATTACHMENT_FORBIDDEN)
        step_note_of(
            step, step_find_peer(step, peer),
            &(struct transition){
                .event = "alarm", .from = *peer, .id = want->message_id, .reason = reason});
    return reason;
}

uint64_t step_draw(void *context)
{
    const struct crypto_port *crypto = ((struct step *)context)->options.crypto;
    uint64_t random;
    crypto->random(crypto->context, (uint8_t *)&random, sizeof random);
    return random;
}
