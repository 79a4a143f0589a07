/* The link to the gateway, and the participant's part as a witness of the ledger.
 *
 *   DOWN ──session_link_up: hello──▶ GREETED ──welcome [take_welcome]──▶ WELCOMED
 *     ▲                                 │                                    │
 *     └──── session_link_down, goodbye, silence [link_lost] ─────────────────┘
 */
#include "adapters/core/session_parts.h"

#include <string.h>

#include "gateway/custody/entitle.h"
#include "proto/ledger/merkle.h"

#define NOTE_HEAD "ledger-head"

static void link_move(struct session *session, enum session_link to)
{
    session->link = to;
}

static void say_hello(struct session *session)
{
    struct frame hello = {
        .kind = FRAME_HELLO,
        .hello = {.version_min = LINK_VERSION,
                  .version_max = LINK_VERSION,
                  .participant = session->options.self,
                  .program = bytes_of_text(session->options.program),
                  .window_messages = session->options.window_messages,
                  .window_bytes = message_window_bytes(1),
                  .clock = session->wall,
                  .head_seen = session->head},
    };
    memcpy(hello.hello.incarnation, session->incarnation, INCARNATION_BYTES);
    session_reply_frame(session, &hello);
    session->hello_is_out = session->may_be_refused = true;
    session->heartbeat_due = (mono_t){session->now.ms + HEARTBEAT_INTERVAL_MS};
}

void session_link_up(struct session *session)
{
    if (session->link == LINK_WELCOMED)
        session_link_down(session);
    link_move(session, LINK_GREETED);
    session->heard = session->now;
    say_hello(session);
}

static void link_lost(struct session *session, enum reason reason)
{
    if (session->link == LINK_DOWN)
        return;
    link_move(session, LINK_DOWN);
    outbox_close(session->outbox, session->to_gateway, session->wall);
    fetch_peer_lost(session->fetch, &session->options.gateway);
    session_event_of(session, &(struct transition){.event = "link_down",
                                                   .from = session->options.gateway,
                                                   .reason = reason});
    session_return(session);
}

void session_link_down(struct session *session)
{
    link_lost(session, REASON_LINK_LOST);
}

static void take_welcome(struct session *session, const struct frame_welcome *welcome)
{
    if (session->link != LINK_GREETED || !session->hello_is_out ||
        !key_equal(&welcome->gateway, &session->options.gateway))
        return;
    link_move(session, LINK_WELCOMED);
    session->hello_is_out = false;
    session->goodbye = REASON_NONE;
    clock_voice_say(&session->voice, session->now, welcome->clock);
    session->window_messages = welcome->window_messages;
    outbox_set_window_bytes(session->outbox, session->to_gateway, welcome->window_bytes);
    if (session->store_state == REASON_NONE) /* otherwise session_load does */
        outbox_open(session->outbox, session->to_gateway, welcome->window_messages);
    session_event(session,
                  &(struct transition){.event = "link_up", .from = session->options.gateway});
}

/* The connection stands: we greet again after a while, by the tick, and later each time. A goodbye
 * is the answer to a hello, or the end of a session: more of them say nothing and are not heard. */
static void take_goodbye(struct session *session, enum reason reason)
{
    bool was_welcomed = session->link == LINK_WELCOMED;
    if (session->link == LINK_DOWN || (!was_welcomed && !session->may_be_refused))
        return;
    if (was_welcomed || session->hello_wait_ms == 0)
        session->hello_wait_ms = HEARTBEAT_INTERVAL_MS;
    else if (session->hello_wait_ms < SESSION_HELLO_WAIT_MAX_MS / 2)
        session->hello_wait_ms *= 2;
    else
        session->hello_wait_ms = SESSION_HELLO_WAIT_MAX_MS;
    if (was_welcomed)
        link_lost(session, reason);
    else if (reason != session->goodbye)
        session_event(session, &(struct transition){.event = "link_down",
                                                    .from = session->options.gateway,
                                                    .reason = reason});
    session->goodbye = reason;
    session->may_be_refused = false;
    session->heartbeat_due = (mono_t){session->now.ms + session->hello_wait_ms};
    link_move(session, LINK_GREETED);
}

static void take_taken(struct session *session, const struct message_id *id)
{
    struct flight *flight =
        outbox_find(session->outbox, session->to_gateway, &session->options.self, id);
    /* A message ends with its custody receipt; only our receipts end when they are taken. */
    if (flight == NULL || !flight->entry.is_receipt)
        return;
    struct entry entry;
    outbox_end(session->outbox, flight, ENTRY_DELIVERED, REASON_NONE, 0, &entry);
    plan_move(&session->plan, &entry);
}

static void take_not_taken(struct session *session, const struct message_id *id,
                           const struct frame_taken *frame)
{
    struct flight *flight =
        outbox_find(session->outbox, session->to_gateway, &session->options.self, id);
    if (flight == NULL)
        return;
    /* Only "not now" can be said without a signature; why it is said is kept and shown. */
    struct entry entry;
    outbox_put_off(session->outbox, flight, frame->reason, session_random(session),
                   frame->retry_after_ms, session->now, session->wall, &entry);
    plan_move(&session->plan, &entry);
}

/* As many as fit: the rest stays for the next step. */
static enum turn take_ids(struct session *session, struct intake *intake)
{
    static const struct room_need move = {{[ROOM_MOVES] = 1}};
    const struct frame_taken *frame = &intake->frame.taken;
    size_t limit = session_fit_count(session, &move, frame->count - intake->done);
    for (size_t i = 0; i < limit; i++, intake->done++) {
        if (intake->frame.kind == FRAME_TAKEN)
            take_taken(session, &frame->ids[intake->done]);
        else
            take_not_taken(session, &frame->ids[intake->done], frame);
    }
    return intake->done == frame->count ? TURN_DONE : TURN_FULL;
}

/* "Everything that is under way, not now": the gateway threw its step away. */
static enum turn nothing_taken(struct session *session, struct intake *intake)
{
    uint32_t asked_ms = intake->frame.taken.retry_after_ms;
    uint32_t wait_ms =
        asked_ms < OUTBOX_PUT_OFF_MAX_MS ? asked_ms : (uint32_t)OUTBOX_PUT_OFF_MAX_MS;
    wall_t later = {session->wall.ms + wait_ms};
    if (session->link != LINK_WELCOMED)
        return TURN_DONE; /* nothing is under way */
    if (intake->done == 0) {
        outbox_close(session->outbox, session->to_gateway, later);
        session_return(session);
        intake->done = 1;
    }
    if (outbox_is_closing(session->outbox, session->to_gateway))
        return TURN_WAITS;
    outbox_open(session->outbox, session->to_gateway, session->window_messages);
    return TURN_DONE;
}

/* ---- witness
 * --------------------------------------------------------------------------------------- */

enum { HEAD_NOTE_BYTES = LEDGER_ID_BYTES + 8 + DIGEST_BYTES };

enum reason session_load_head(struct session *session)
{
    struct store *store = session->options.store;
    struct bytes note;
    enum reason reason = store->verbs->read_note(store, bytes_of_text(NOTE_HEAD), &note);
    if (reason == REASON_NOT_FOUND) {
        session->head = (struct head_seen){0};
        return REASON_NONE;
    }
    if (reason != REASON_NONE)
        return reason;
    if (note.size != HEAD_NOTE_BYTES)
        return REASON_STORE_CORRUPT;
    memcpy(session->head.ledger_id, note.data, LEDGER_ID_BYTES);
    memcpy(&session->head.tree_size, note.data + LEDGER_ID_BYTES, 8);
    memcpy(session->head.root.bytes, note.data + LEDGER_ID_BYTES + 8, DIGEST_BYTES);
    return REASON_NONE;
}

static void keep_head(struct session *session, const struct tree_head *head)
{
    memcpy(session->head.ledger_id, head->ledger_id.data, LEDGER_ID_BYTES);
    session->head.tree_size = head->tree_size;
    session->head.root = head->root;
    uint8_t *note = plan_take(&session->plan, HEAD_NOTE_BYTES);
    memcpy(note, head->ledger_id.data, LEDGER_ID_BYTES);
    memcpy(note + LEDGER_ID_BYTES, &head->tree_size, 8);
    memcpy(note + LEDGER_ID_BYTES + 8, head->root.bytes, DIGEST_BYTES);
    plan_note(&session->plan, bytes_of_text(NOTE_HEAD), (struct bytes){note, HEAD_NOTE_BYTES});
}

/* Once: what is wrong stays to be seen in the status, and a flood of heads fills no log. */
static void raise_ledger_alarm(struct session *session, enum reason reason)
{
    if (session->ledger_alarm)
        return;
    session->ledger_alarm = true;
    session_event_of(
        session,
        &(struct transition){.event = "alarm", .from = session->options.gateway, .reason = reason});
}

/* Late or repeated, as the next one shows; or of a gateway that shows us no proof any more. */
static void count_head_gap(struct session *session)
{
    if (session->now.ms < session->head_gap_due.ms)
        return; /* of the same moment: a line that was late brings many */
    session->head_gap_due = (mono_t){session->now.ms + SESSION_HEAD_GAP_MS};
    session->heartbeat_due = session->now; /* says at once what we have seen */
    if (++session->head_gaps >= SESSION_HEAD_GAPS_MAX)
        raise_ledger_alarm(session, REASON_LEDGER_UNPROVEN);
}

/* The head must be signed by the gateway and continue the one that we saw last (invariant 7). A
 * proof from another size is late or repeated and proves nothing either way: our heartbeat says
 * what we have seen, and the next head begins there. */
static void take_head(struct session *session, struct intake *intake)
{
    const struct sealed *sealed = &intake->messages[0];
    const struct frame_ledger_head *frame = &intake->frame.ledger_head;
    if (session->store_state != REASON_NONE || sealed->verdict != REASON_NONE ||
        sealed->envelope.type != MESSAGE_TYPE_LEDGER_HEAD ||
        !key_equal(&sealed->envelope.sender, &session->options.gateway))
        return;
    const struct tree_head *head = &sealed->envelope.tree_head;
    bool is_first = session->head.tree_size == 0;
    bool is_same_ledger =
        memcmp(session->head.ledger_id, head->ledger_id.data, LEDGER_ID_BYTES) == 0;
    if (is_same_ledger && frame->from_tree_size != session->head.tree_size) {
        count_head_gap(session);
        return;
    }
    bool continues =
        is_first ||
        (is_same_ledger &&
         merkle_consistency_verify(session->head.tree_size, &session->head.root, head->tree_size,
                                   &head->root, frame->consistency, frame->consistency_count,
                                   session->options.crypto->hash));
    if (!continues) {
        raise_ledger_alarm(session, REASON_LEDGER_INCONSISTENT);
        return;
    }
    session->head_gaps = 0;
    keep_head(session, head);
}

/* ---- frames and time
 * -------------------------------------------------------------------------------- */

enum reason session_entitle(void *context, const struct key *peer, const struct frame_blob *want,
                            uint64_t *ret_size_bytes)
{
    struct session *session = context;
    enum reason reason =
        entitle_check(session->options.store, &session->scratch, peer, want, ret_size_bytes);
    if (reason == REASON_ATTACHMENT_FORBIDDEN)
        session_event_of(session, &(struct transition){.event = "alarm",
                                                       .from = *peer,
                                                       .id = want->message_id,
                                                       .reason = reason});
    return reason;
}

static void take_heartbeat(struct session *session, const struct frame_heartbeat *heartbeat)
{
    clock_voice_say(&session->voice, session->now, heartbeat->clock);
    if (heartbeat->window_bytes != 0)
        outbox_set_window_bytes(session->outbox, session->to_gateway, heartbeat->window_bytes);
    if (heartbeat->readings > 1 && session->gateway_readings != heartbeat->readings)
        wake_begin(&session->wake_gateway);
    session->gateway_readings = heartbeat->readings;
}

enum turn session_link_frame(struct session *session, struct intake *intake)
{
    enum { FRAMES_MAX = 2 + ROOM_FILE_FRAMES_MAX };
    static const struct room_need need = {
        {[ROOM_NOTES] = 1,
         [ROOM_REPLIES] = FRAMES_MAX,
         [ROOM_BYTES] = FRAMES_MAX * ROOM_SMALL_FRAME_BYTES + SESSION_NOTE_BYTES}};
    const struct frame *frame = &intake->frame;
    bool may_settle = session->store_state == REASON_NONE;
    if (!session_fits(session, &need))
        return TURN_FULL;
    switch (frame->kind) {
    case FRAME_WELCOME:
        take_welcome(session, &frame->welcome);
        return TURN_DONE;
    case FRAME_TAKEN:
        return may_settle ? take_ids(session, intake) : TURN_DONE;
    case FRAME_NOT_TAKEN:
        if (!may_settle)
            return TURN_DONE;
        return frame->taken.count == 0 ? nothing_taken(session, intake) : take_ids(session, intake);
    case FRAME_BLOB_CHUNK:
    case FRAME_BLOB_WANT:
    case FRAME_BLOB_REFUSED:
        if (fetch_frame(session->fetch, &session->options.gateway, frame, session->now))
            outbox_progress(session->outbox, session->to_gateway, session->now);
        return TURN_DONE;
    case FRAME_LEDGER_HEAD:
        take_head(session, intake);
        return TURN_DONE;
    case FRAME_GOODBYE:
        take_goodbye(session, frame->goodbye);
        return TURN_DONE;
    case FRAME_HEARTBEAT:
        take_heartbeat(session, &frame->heartbeat);
        return TURN_DONE;
    default: /* an adapter's own kinds mean nothing here */
        return TURN_DONE;
    }
}

void session_link_tick(struct session *session)
{
    if (session->link == LINK_WELCOMED && session->now.ms - session->heard.ms > PEER_SILENT_MS) {
        link_lost(session, REASON_LINK_LOST);
        link_move(session, LINK_GREETED);
        session->heartbeat_due = session->now;
    }
    if (session->link == LINK_DOWN || session->now.ms < session->heartbeat_due.ms)
        return;
    if (session->link == LINK_GREETED) {
        say_hello(session);
        return;
    }
    session->heartbeat_due = (mono_t){session->now.ms + HEARTBEAT_INTERVAL_MS};
    struct frame frame = {
        .kind = FRAME_HEARTBEAT,
        .heartbeat = {.clock = session->wall,
                      .window_messages = session->options.window_messages,
                      .head_seen = session->head,
                      .readings = session->readings},
    };
    session_reply_frame(session, &frame);
}
