/* The link to the gateway, and the participant's part as a witness of the ledger.
 *
 *   DOWN ──session_link_up: hello──▶ GREETED ──welcome [take_welcome]──▶ WELCOMED
 *     ▲                                 │                                    │
 *     └──── session_link_down, goodbye, silence [link_lost] ─────────────────┘
 */
#include "adapters/core/session_parts.h"

#include <string.h>

#include "proto/ledger/merkle.h"

#define NOTE_HEAD "ledger-head"

static void link_move(struct session *session, enum session_link to)
{
    bool was_there = session->link == LINK_WELCOMED;
    session->link = to;
    if (was_there)
        session->link_since = session->gateway->heard_wall; /* the last that was heard */
}

void session_link_refused(struct session *session, enum reason reason)
{
    session->refused = reason;
}

/* Nothing while there is none: a session goes on without, and the gateway shows what it last heard.
 */
static struct bytes version_of_registry(const struct session *session)
{
    return session->registry == NULL ? (struct bytes){0}
                                     : bytes_of_text(registry_version(session->registry));
}

/* With the head that we have seen, which is the question for the proof; and with this process's
 * incarnation, by which the gateway notices two programs with one key. */
static void say_hello(struct session *session)
{
    struct frame hello = {
        .kind = FRAME_HELLO,
        .hello = {.version_min = LINK_VERSION_OLDEST,
                  .version_max = LINK_VERSION,
                  .participant = session->options.self,
                  .program = bytes_of_text(session->options.program),
                  .window_messages = session->options.window_messages,
                  .window_bytes = SESSION_WINDOW_BYTES,
                  .clock = session->step.wall,
                  .head_seen = session->head_kept,
                  .put_back = session->put_back,
                  .offered_until = session->offered_until,
                  .registry_version = version_of_registry(session)},
    };
    memcpy(hello.hello.incarnation, session->incarnation, INCARNATION_BYTES);
    step_reply_frame(&session->step, &session->gateway->key, &hello);
    session->hello_is_out = session->may_be_refused = true;
    session->gateway->heartbeat_due = (mono_t){session->step.now.ms + HEARTBEAT_INTERVAL_MS};
}

void session_link_up(struct session *session)
{
    if (session->link == LINK_WELCOMED)
        session_link_down(session);
    link_move(session, LINK_GREETED);
    session->refused = REASON_NONE;
    session->gateway->heard = session->step.now;
    say_hello(session);
}

static void link_lost(struct session *session, enum reason reason)
{
    if (session->link == LINK_DOWN)
        return;
    link_move(session, LINK_DOWN);
    step_disconnect(&session->step, session->gateway, reason, "link_down");
}

void session_link_down(struct session *session)
{
    link_lost(session, REASON_LINK_LOST);
}

/* Only as the answer to a hello of this connection, and only of the gateway that our registry
 * names: the link's key is the gateway's, and the frame says so again. */
static void take_welcome(struct session *session, const struct frame_welcome *welcome)
{
    if (session->link != LINK_GREETED || !session->hello_is_out ||
        !key_equal(&welcome->gateway, &session->gateway->key) ||
        welcome->version < LINK_VERSION_OLDEST || welcome->version > LINK_VERSION)
        return;
    link_move(session, LINK_WELCOMED);
    session->hello_is_out = false;
    session->goodbye = REASON_NONE;
    clock_voice_say(&session->gateway->voice, session->step.now, welcome->clock);
    step_connect(&session->step, session->gateway, welcome->version, welcome->window_messages,
                 welcome->window_bytes);
    session_begin_standing(session);
    session_begin_offers(session, welcome);
    step_note(&session->step,
              &(struct transition){.event = "link_up", .from = session->gateway->key});
    if (welcome->version < LINK_VERSION)
        step_note_peer(&session->step, session->gateway, "version_behind", REASON_VERSION_BEHIND);
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
        step_note_peer(&session->step, session->gateway, "link_down", reason);
    session->goodbye = reason;
    session->may_be_refused = false;
    session->gateway->heartbeat_due = (mono_t){session->step.now.ms + session->hello_wait_ms};
    link_move(session, LINK_GREETED);
}

/* ---- witness ---- */

enum { HEAD_NOTE_BYTES = LEDGER_ID_BYTES + 8 + DIGEST_BYTES };

enum reason session_load_head(struct session *session)
{
    struct store *store = session->options.store;
    struct bytes note;
    enum reason reason = store->verbs->read_note(store, bytes_of_text(NOTE_HEAD), &note);
    if (reason == REASON_NOT_FOUND) {
        session->head = session->head_kept = (struct head_seen){0};
        return REASON_NONE;
    }
    if (reason != REASON_NONE)
        return reason;
    if (note.size != HEAD_NOTE_BYTES)
        return REASON_STORE_CORRUPT;
    memcpy(session->head.ledger_id, note.data, LEDGER_ID_BYTES);
    memcpy(&session->head.tree_size, note.data + LEDGER_ID_BYTES, 8);
    memcpy(session->head.root.bytes, note.data + LEDGER_ID_BYTES + 8, DIGEST_BYTES);
    session->head_kept = session->head;
    return REASON_NONE;
}

static void keep_head(struct session *session, const struct tree_head *head)
{
    memcpy(session->head.ledger_id, head->ledger_id.data, LEDGER_ID_BYTES);
    session->head.tree_size = head->tree_size;
    session->head.root = head->root;
    uint8_t *note = plan_take(&session->step.plan, HEAD_NOTE_BYTES);
    memcpy(note, head->ledger_id.data, LEDGER_ID_BYTES);
    memcpy(note + LEDGER_ID_BYTES, &head->tree_size, 8);
    memcpy(note + LEDGER_ID_BYTES + 8, head->root.bytes, DIGEST_BYTES);
    plan_note(&session->step.plan, bytes_of_text(NOTE_HEAD), (struct bytes){note, HEAD_NOTE_BYTES});
}

void session_forget_head(struct session *session)
{
    session->head = (struct head_seen){0};
    plan_note(&session->step.plan, bytes_of_text(NOTE_HEAD), (struct bytes){NULL, 0});
    session->gateway->heartbeat_due = session->step.now; /* says so at once */
}

/* Once: what is wrong stays to be seen in the status, and a flood of heads fills no log. */
static void raise_ledger_alarm(struct session *session, enum reason reason)
{
    if (session->ledger_alarm)
        return;
    session->ledger_alarm = true;
    step_note_peer(&session->step, session->gateway, "alarm", reason);
}

/* Late or repeated, as the next one shows; or of a gateway that shows us no proof any more. One
 * that begins at nothing is its word that it has none left from where we were: then a person says
 * whether that is so, and we go on from there. */
static void count_head_gap(struct session *session, const struct tree_head *head, uint64_t from)
{
    enum reason reason = REASON_LEDGER_UNPROVEN;
    if (session->step.now.ms < session->head_gap_due.ms)
        return; /* of the same moment: a line that was late brings many */
    session->head_gap_due = (mono_t){session->step.now.ms + SESSION_HEAD_GAP_MS};
    session->gateway->heartbeat_due = session->step.now; /* says at once what we have seen */
    if (++session->head_gaps < SESSION_HEAD_GAPS_MAX)
        return;
    if (from == 0 && head->tree_size > session->head.tree_size)
        reason = session_take_break(session, head, REASON_LEDGER_PROOF_GONE);
    if (reason != REASON_NONE)
        raise_ledger_alarm(session, reason);
}

/* The head must be signed by the gateway and continue the one that we saw last (invariant 7). A
 * proof from another size is late or repeated and proves nothing either way: our heartbeat says
 * what we have seen, and the next head begins there. */
static void take_head(struct session *session, struct intake *intake)
{
    const struct sealed *sealed = &intake->messages[0];
    const struct frame_ledger_head *frame = &intake->frame.ledger_head;
    if (session->step.store_state != REASON_NONE || sealed->verdict != REASON_NONE ||
        sealed->envelope.type != MESSAGE_TYPE_LEDGER_HEAD ||
        !key_equal(&sealed->envelope.sender, &session->gateway->key))
        return;
    const struct tree_head *head = &sealed->envelope.tree_head;
    bool is_first = session->head.tree_size == 0;
    if (!is_first && memcmp(session->head.ledger_id, head->ledger_id.data, LEDGER_ID_BYTES) != 0) {
        enum reason reason = session_take_break(session, head, REASON_LEDGER_BROKEN);
        if (reason != REASON_NONE)
            raise_ledger_alarm(session, reason);
        return;
    }
    if (!is_first && frame->from_tree_size != session->head.tree_size) {
        count_head_gap(session, head, frame->from_tree_size);
        return;
    }
    bool continues = is_first || merkle_consistency_verify(
                                     session->head.tree_size, &session->head.root, head->tree_size,
                                     &head->root, frame->consistency, frame->consistency_count,
                                     session->options.crypto->hash);
    if (!continues) {
        raise_ledger_alarm(session, REASON_LEDGER_INCONSISTENT);
        return;
    }
    session->head_gaps = 0;
    keep_head(session, head);
}

/* ---- frames and time ---- */

/* A frame that settles something waits for the store; the link itself goes on without one, so that
 * the gateway hears that we live (invariant 10). */
enum turn session_link_frame(struct session *session, struct intake *intake)
{
    struct step *step = &session->step;
    struct peer *gateway = session->gateway;
    const struct frame *frame = &intake->frame;
    bool may_settle = step->store_state == REASON_NONE;
    if (!step_fits(step, &room_frame))
        return TURN_FULL;
    switch (frame->kind) {
    case FRAME_WELCOME:
        take_welcome(session, &frame->welcome);
        return TURN_DONE;
    case FRAME_TAKEN: /* a message ends with its custody receipt, only our receipts end by this */
        return may_settle ? step_take_ids(step, gateway, intake, false) : TURN_DONE;
    case FRAME_NOT_TAKEN:
        if (may_settle)
            session_seal_again(session, &frame->taken);
        if (may_settle && frame->taken.count > 0)
            return step_take_ids(step, gateway, intake, false);
        return may_settle && gateway->is_connected ? step_nothing_taken(step, gateway, intake)
                                                   : TURN_DONE;
    case FRAME_BLOB_CHUNK:
    case FRAME_BLOB_WANT:
    case FRAME_BLOB_REFUSED:
        step_take_file_frame(step, gateway, intake);
        return TURN_DONE;
    case FRAME_LEDGER_HEAD:
        take_head(session, intake);
        return TURN_DONE;
    case FRAME_GOODBYE:
        take_goodbye(session, frame->goodbye);
        return TURN_DONE;
    case FRAME_STANDING:
        return may_settle ? session_hear_standing(session, intake) : TURN_DONE;
    case FRAME_HEARTBEAT:
        step_take_heartbeat(step, gateway, &frame->heartbeat);
        return TURN_DONE;
    default: /* an adapter's own kinds mean nothing here */
        return TURN_DONE;
    }
}

/* Silence ends the session also while the connection stands: a carrier may have lost the gateway's
 * goodbye, or the host at the other end its power. We greet again on the same connection. */
void session_link_tick(struct session *session)
{
    if (session->link == LINK_WELCOMED &&
        session->step.now.ms - session->gateway->heard.ms > PEER_SILENT_MS) {
        link_lost(session, REASON_LINK_LOST);
        link_move(session, LINK_GREETED);
        session->gateway->heartbeat_due = session->step.now;
    }
    if (session->link == LINK_DOWN || session->step.now.ms < session->gateway->heartbeat_due.ms)
        return;
    if (session->link == LINK_GREETED) {
        say_hello(session);
        return;
    }
    session->gateway->heartbeat_due = (mono_t){session->step.now.ms + HEARTBEAT_INTERVAL_MS};
    struct frame frame = {
        .kind = FRAME_HEARTBEAT,
        .heartbeat = {.clock = session->step.wall,
                      .window_messages = session->options.window_messages,
                      .head_seen = session->head_kept,
                      .readings = session->readings,
                      .offered_until = session->offered_until,
                      .registry_version = version_of_registry(session)},
    };
    step_reply_frame(&session->step, &session->gateway->key, &frame);
}
