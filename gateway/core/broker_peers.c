/* The adapters' connections: hello, heartbeats, acknowledgements, attachments.
 *
 *   UNKNOWN ──hello accepted [accept_hello]──▶ CONNECTED
 *      ▲                                           │ silent, gone, goodbye, another connection
 *      └── nothing is under way [broker_return] ◀──┘ [broker_close_peer]
 *
 * What was under way comes back to the queue over as many steps as it needs; meanwhile a new hello,
 * and whatever else the peer says, waits for its turn.
 *
 * A session lives on the connection of its hello. A frame of a newer one that is not a hello says
 * that the way changed under a session whose other half noticed nothing, as when a line in between
 * was cut and came back, or an old frame came late: what was under way may be lost. Both halves
 * begin again: the peer is told that its hello is missing.
 */
#include "gateway/core/broker_parts.h"

#include <string.h>

#include "gateway/custody/entitle.h"
#include "proto/base/check.h"

static uint32_t *index_slot(const struct broker *broker, const struct key *key)
{
    uint32_t at = (uint32_t)(hash_bytes(key_bytes(key)) >> 32) & broker->peer_index_mask;
    while (broker->peer_index[at] != 0 &&
           !key_equal(&broker->peers[broker->peer_index[at] - 1].key, key))
        at = (at + 1) & broker->peer_index_mask;
    return &broker->peer_index[at];
}

struct peer *broker_find_peer(struct broker *broker, const struct key *key)
{
    uint32_t index = *index_slot(broker, key);
    return index == 0 ? NULL : &broker->peers[index - 1];
}

struct peer *broker_get_peer(struct broker *broker, const struct key *key)
{
    uint32_t *slot = index_slot(broker, key);
    if (*slot != 0)
        return &broker->peers[*slot - 1];
    if (broker->peer_count == broker->options.participants_max)
        return NULL;
    uint32_t destination = outbox_destination(broker->outbox, key);
    check(destination != OUTBOX_NO_DESTINATION);
    struct peer *peer = &broker->peers[broker->peer_count];
    *peer = (struct peer){.key = *key, .destination = destination};
    struct store *store = broker->options.store;
    if (store->verbs->last_id(store, key, &peer->last_id) != REASON_NONE)
        memset(peer->last_id.bytes, 0xff, MESSAGE_ID_BYTES); /* unknown: always look it up */
    *slot = ++broker->peer_count;
    return peer;
}

void broker_close_peer(struct broker *broker, struct peer *peer, enum reason reason)
{
    peer->is_connected = false;
    outbox_close(broker->outbox, peer->destination, REASON_LINK_LOST, broker->wall, broker->wall);
    fetch_peer_lost(broker->fetch, &peer->key);
    broker_event_of(
        broker, peer,
        &(struct broker_transition){.event = "peer_down", .from = peer->key, .reason = reason});
    broker_return(broker);
}

/* While the store cannot be read nothing is known of what is under way; broker_load forgets it. */
void broker_return(struct broker *broker)
{
    static const struct room_need move = {{[ROOM_MOVES] = 1}};
    size_t before = broker->plan.store.move_count;
    if (broker->store_state != REASON_NONE)
        return;
    size_t limit = broker_fit_count(broker, &move, STEP_RETURNS_MAX - broker->returned_count);
    if (outbox_return(broker->outbox, limit, plan_change, &broker->plan))
        broker->more_to_do = true;
    broker->returned_count += broker->plan.store.move_count - before;
}

static void say_heartbeat(struct broker *broker, const struct peer *peer, uint32_t window_bytes)
{
    struct frame frame = {
        .kind = FRAME_HEARTBEAT,
        .heartbeat = {.clock = broker->wall,
                      .window_messages = broker->options.window_messages,
                      .window_bytes = window_bytes,
                      .readings = broker->readings},
    };
    broker_reply_frame(broker, &peer->key, &frame);
}

static void say_goodbye(struct broker *broker, struct peer *peer, enum reason reason)
{
    struct frame frame = {.kind = FRAME_GOODBYE, .goodbye = reason};
    if (reason == REASON_CLOCK_SKEW)
        say_heartbeat(broker, peer, 0); /* our time: who was set right finds out by it */
    broker_reply_frame(broker, &peer->key, &frame);
    broker_event_of(
        broker, peer,
        &(struct broker_transition){.event = "peer_refused", .from = peer->key, .reason = reason});
}

/* The last sealed head, with the proof that it continues the one that this witness says it has
 * seen. What was sent may be lost: only the witness's own word moves peer->head on. */
static void send_head(struct broker *broker, struct peer *peer)
{
    const struct head_seen *seen = &peer->head;
    struct store *store = broker->options.store;
    struct store_document found;
    struct digest proof[MERKLE_PROOF_MAX];
    size_t count = 0;
    uint64_t head_seq = broker->plan.base.ledger_head_seq;
    uint64_t size = broker->ledger.committed.size;
    peer->head_due = (mono_t){broker->now.ms + BROKER_HEAD_INTERVAL_MS};
    if (head_seq == 0)
        return;
    bool is_same_ledger = memcmp(seen->ledger_id, broker->ledger.id, LEDGER_ID_BYTES) == 0;
    uint64_t from = is_same_ledger ? seen->tree_size : 0;
    /* A witness that has seen more than there is will find that nothing proves it, and say so. */
    if (from <= size && !ledger_prove(&broker->ledger, store, from, size, proof, &count))
        return; /* the store cannot say now: a head without its proof would be a false alarm */
    if (store->verbs->read_document(store, head_seq, &found) != REASON_NONE)
        return;
    struct frame frame = {
        .kind = FRAME_LEDGER_HEAD,
        .ledger_head = {.parcel = {&found.document, 1, found.manifest, found.signature,
                                   found.certificate},
                        .consistency = proof,
                        .consistency_count = count,
                        .from_tree_size = from},
    };
    broker_reply_frame(broker, &peer->key, &frame);
}

static enum reason check_hello(const struct broker *broker, const struct peer *peer,
                               const struct frame_hello *hello)
{
    if (hello->version_min > LINK_VERSION || hello->version_max < LINK_VERSION)
        return REASON_VERSION_UNSUPPORTED;
    if (!key_equal(&hello->participant, &peer->key))
        return REASON_SENDER_NOT_PEER;
    if (broker->registry == NULL || registry_participant(broker->registry, &peer->key) == NULL)
        return REASON_LINK_REFUSED;
    int64_t skew = hello->clock.ms - broker->wall.ms;
    if (clock_in_doubt(&broker->clock))
        return REASON_NONE; /* it may be ours that is wrong, and its word helps to tell */
    if (skew > CLOCK_SKEW_MAX_MS || skew < -CLOCK_SKEW_MAX_MS)
        return REASON_CLOCK_SKEW;
    return REASON_NONE;
}

static size_t connected_count(const struct broker *broker)
{
    size_t count = 0;
    for (size_t i = 0; i < broker->peer_count; i++)
        count += broker->peers[i].is_connected;
    return count;
}

static void accept_hello(struct broker *broker, struct peer *peer, uint64_t connection,
                         const struct frame_hello *hello)
{
    peer->is_connected = true;
    peer->connection = connection;
    peer->heartbeat_due = (mono_t){broker->now.ms + HEARTBEAT_INTERVAL_MS};
    peer->window_messages = hello->window_messages;
    peer->office = REASON_NONE; /* it says so again when there is something */
    outbox_open(broker->outbox, peer->destination, hello->window_messages);
    outbox_set_window_bytes(broker->outbox, peer->destination, hello->window_bytes);
    struct frame welcome = {
        .kind = FRAME_WELCOME,
        .welcome = {.version = LINK_VERSION,
                    .gateway = broker->options.self,
                    .window_messages = broker->options.window_messages,
                    .window_bytes = message_window_bytes(connected_count(broker)),
                    .clock = broker->wall,
                    .registry_version = bytes_of_text(broker->registry_version),
                    .attachment_bytes_max = broker->options.attachment_bytes_max},
    };
    broker_reply_frame(broker, &peer->key, &welcome);
    broker_compare_past(broker, peer, hello);
    peer->head = hello->head_seen;
    send_head(broker, peer);
    broker_event_of(broker, peer,
                    &(struct broker_transition){.event = "peer_up", .from = peer->key});
}

static enum turn take_hello(struct broker *broker, struct peer *peer, struct intake *intake)
{
    enum { HELLO_PIECES = 4 }; /* of work that comes to nothing: a head with its proof */
    /* Also of one that is turned away: so an outvoted clock finds out. */
    if (broker->registry != NULL && registry_participant(broker->registry, &peer->key) != NULL)
        clock_voice_say(&peer->voice, broker->now, intake->frame.hello.clock);
    enum reason reason = broker->store_state != REASON_NONE
                             ? broker->store_state
                             : check_hello(broker, peer, &intake->frame.hello);
    peer->credit -= BROKER_WORK_HELLO;
    /* An honest adapter greets once for each connection. */
    intake->wasted += intake->done++ == 0 ? HELLO_PIECES : 0;
    if (reason != REASON_NONE) {
        say_goodbye(broker, peer, reason);
        return TURN_DONE;
    }
    if (peer->is_connected)
        broker_close_peer(broker, peer, REASON_LINK_LOST);
    if (outbox_is_closing(broker->outbox, peer->destination))
        return TURN_WAITS;
    accept_hello(broker, peer, intake->connection, &intake->frame.hello);
    return TURN_DONE;
}

static bool taken(struct broker *broker, struct peer *peer, const struct message_id *id)
{
    struct flight *flight = outbox_find(broker->outbox, peer->destination, NULL, id);
    if (flight == NULL)
        return false;
    if (!flight->entry.is_receipt) {
        outbox_taken(broker->outbox, flight, broker->now);
        return true;
    }
    struct entry entry;
    outbox_end(broker->outbox, flight, ENTRY_DELIVERED, REASON_NONE, 0, &entry);
    plan_move(&broker->plan, &entry);
    return true;
}

static bool not_taken(struct broker *broker, struct peer *peer, const struct message_id *id,
                      const struct frame_taken *frame)
{
    struct flight *flight = outbox_find(broker->outbox, peer->destination, NULL, id);
    if (flight == NULL || flight->is_taken)
        return false;
    uint32_t random;
    const struct crypto_port *crypto = broker->options.crypto;
    crypto->random(crypto->context, (uint8_t *)&random, sizeof random);
    /* Only "not now" is a peer's to say without a signature; why it says so is kept and shown. */
    struct entry entry;
    outbox_put_off(broker->outbox, flight, frame->reason, random, frame->retry_after_ms,
                   broker->now, broker->wall, &entry);
    plan_move(&broker->plan, &entry);
    return true;
}

/* As many as fit, and as its turn allows: the rest stays for the next. */
static enum turn take_ids(struct broker *broker, struct peer *peer, struct intake *intake)
{
    enum { IDS_PER_PIECE = 64 }; /* that mean nothing to us: about the cost of one look-up */
    static const struct room_need move = {{[ROOM_MOVES] = 1}};
    const struct frame_taken *frame = &intake->frame.taken;
    size_t limit = broker_fit_count(broker, &move, frame->count - intake->done);
    size_t unknown = 0;
    enum turn turn = TURN_DONE;
    for (size_t i = 0; turn == TURN_DONE && i < limit; i++) {
        const struct message_id *id = &frame->ids[intake->done];
        peer->credit -= BROKER_WORK_ID;
        intake->done++;
        bool is_known = intake->frame.kind == FRAME_TAKEN ? taken(broker, peer, id)
                                                          : not_taken(broker, peer, id, frame);
        unknown += !is_known;
        if (peer->credit <= 0)
            turn = TURN_MORE;
    }
    intake->wasted += (uint32_t)(unknown / IDS_PER_PIECE);
    if (intake->done == frame->count)
        return TURN_DONE;
    return turn == TURN_MORE ? TURN_MORE : TURN_FULL;
}

/* The peer threw its step away, with everything that is under way to it. */
static enum turn nothing_taken(struct broker *broker, struct peer *peer, struct intake *intake)
{
    uint32_t asked_ms = intake->frame.taken.retry_after_ms;
    uint32_t wait_ms =
        asked_ms < OUTBOX_PUT_OFF_MAX_MS ? asked_ms : (uint32_t)OUTBOX_PUT_OFF_MAX_MS;
    wall_t later = {broker->wall.ms + wait_ms};
    if (intake->done == 0) {
        outbox_close(broker->outbox, peer->destination, intake->frame.taken.reason, broker->wall,
                     later);
        broker_return(broker);
        intake->done = 1;
    }
    if (outbox_is_closing(broker->outbox, peer->destination))
        return TURN_WAITS;
    outbox_open(broker->outbox, peer->destination, peer->window_messages);
    return TURN_DONE;
}

/* An adapter of ours asks only for what a message of its own names: who else does is worth a look.
 */
enum reason broker_entitle(void *context, const struct key *peer, const struct frame_blob *want,
                           uint64_t *ret_size_bytes)
{
    struct broker *broker = context;
    enum reason reason =
        entitle_check(broker->options.store, &broker->scratch, peer, want, ret_size_bytes);
    broker->forbidden_count += reason != REASON_NONE;
    if (reason == REASON_ATTACHMENT_FORBIDDEN)
        broker_event_of(
            broker, broker_find_peer(broker, peer),
            &(struct broker_transition){
                .event = "alarm", .from = *peer, .id = want->message_id, .reason = reason});
    return reason;
}

uint64_t broker_draw(void *context)
{
    const struct crypto_port *crypto = ((struct broker *)context)->options.crypto;
    uint64_t random;
    crypto->random(crypto->context, (uint8_t *)&random, sizeof random);
    return random;
}

static enum turn take_file_frame(struct broker *broker, struct peer *peer, struct intake *intake)
{
    uint32_t forbidden = broker->forbidden_count;
    peer->credit -= BROKER_WORK_FILE_FRAME + (int64_t)(intake->bytes.size / BROKER_WORK_BYTES);
    bool goes_on = fetch_frame(broker->fetch, &peer->key, &intake->frame, broker->now);
    intake->wasted +=
        intake->frame.kind == FRAME_BLOB_REFUSED || forbidden != broker->forbidden_count;
    if (goes_on)
        outbox_progress(broker->outbox, peer->destination, broker->now);
    return TURN_DONE;
}

static enum turn take_connected(struct broker *broker, struct peer *peer, struct intake *intake)
{
    const struct frame *frame = &intake->frame;
    switch (frame->kind) {
    case FRAME_TAKEN:
        return take_ids(broker, peer, intake);
    case FRAME_NOT_TAKEN:
        return frame->taken.count == 0 ? nothing_taken(broker, peer, intake)
                                       : take_ids(broker, peer, intake);
    case FRAME_BLOB_CHUNK:
    case FRAME_BLOB_WANT:
    case FRAME_BLOB_REFUSED:
        return take_file_frame(broker, peer, intake);
    case FRAME_HEARTBEAT:
        peer->head = frame->heartbeat.head_seen;
        if (frame->heartbeat.window_bytes != 0)
            outbox_set_window_bytes(broker->outbox, peer->destination,
                                    frame->heartbeat.window_bytes);
        clock_voice_say(&peer->voice, broker->now, frame->heartbeat.clock);
        intake->wasted += broker->now.ms - peer->heartbeat_heard.ms < HEARTBEAT_INTERVAL_MS / 8;
        peer->heartbeat_heard = broker->now;
        if (frame->heartbeat.readings > 1 && peer->readings != frame->heartbeat.readings)
            wake_begin(&peer->wake);
        peer->readings = frame->heartbeat.readings;
        return TURN_DONE;
    case FRAME_STANDING:
        return broker_hear_standing(broker, peer, intake);
    case FRAME_ASK:
        return broker_answer_ask(broker, peer, intake);
    case FRAME_GOODBYE:
        broker_close_peer(broker, peer, REASON_SHUTDOWN);
        return TURN_DONE;
    default: /* a gateway's own kinds */
        intake->reason = REASON_FRAME_MALFORMED;
        broker->options.crypto->hash(&intake->bytes, 1, &intake->digest);
        return broker_refuse_frame(broker, peer, intake);
    }
}

enum turn broker_peer_frame(struct broker *broker, struct peer *peer, struct intake *intake)
{
    /* Welcome and head, or what the files of one peer make us say. */
    enum { FRAMES_MAX = 2 + ROOM_FILE_FRAMES_MAX };
    static const struct room_need need = {{[ROOM_RECORDS] = 1, /* an alarm about its past */
                                           [ROOM_REPLIES] = FRAMES_MAX,
                                           [ROOM_BYTES] = FRAMES_MAX * ROOM_SMALL_FRAME_BYTES +
                                                          ROOM_HEAD_FRAME_BYTES +
                                                          ROOM_LEDGER_ENTRY_BYTES}};
    if (!broker_fits(broker, &need))
        return TURN_FULL;
    peer->credit -= BROKER_WORK_FRAME;
    if (intake->frame.kind == FRAME_HELLO)
        return take_hello(broker, peer, intake);
    if (!peer->is_connected) {
        intake->wasted++;
        say_goodbye(broker, peer, REASON_HELLO_MISSING);
        return TURN_DONE;
    }
    if (broker->store_state != REASON_NONE && intake->frame.kind != FRAME_HEARTBEAT &&
        intake->frame.kind != FRAME_ASK)
        return TURN_DONE; /* nothing can be settled now; the peer repeats it after its lease */
    return take_connected(broker, peer, intake);
}

static void say_left_out(struct broker *broker, const struct key *from, struct allowance *allowance)
{
    uint64_t count = allowance_tell(allowance, broker->now);
    if (count > 0)
        broker_event(
            broker, &(struct broker_transition){
                        .event = "left_out", .from = *from, .reason = REASON_BUSY, .count = count});
}

static void tick_peer(struct broker *broker, struct peer *peer)
{
    say_left_out(broker, &peer->key, &peer->allowance);
    if (!peer->is_connected)
        return;
    if (broker->now.ms - peer->heard.ms > PEER_SILENT_MS && peer->first_intake == NULL) {
        broker_close_peer(broker, peer, REASON_LINK_LOST);
        return;
    }
    if (broker->now.ms >= peer->head_due.ms && broker->store_state == REASON_NONE &&
        peer->head.tree_size != broker->ledger.committed.size)
        send_head(broker, peer);
    if (broker->now.ms < peer->heartbeat_due.ms)
        return;
    peer->heartbeat_due = (mono_t){broker->now.ms + HEARTBEAT_INTERVAL_MS};
    say_heartbeat(broker, peer, broker->window_bytes);
}

bool broker_tick_peers(struct broker *broker)
{
    enum { PEERS_MAX = 64 }; /* a head for each is a few milliseconds: others get their turn */
    static const struct room_need need = {
        {[ROOM_REPLIES] = 2, [ROOM_BYTES] = ROOM_HEAD_FRAME_BYTES + ROOM_SMALL_FRAME_BYTES}};
    for (uint32_t i = 0; broker->tick_at == 0 && i < broker->lines.count; i++)
        say_left_out(broker, &broker->lines.lines[i].carrier, &broker->lines.lines[i].allowance);
    if (broker->tick_at == 0)
        broker->window_bytes = message_window_bytes(connected_count(broker));
    for (uint32_t done = 0; broker->tick_at < broker->peer_count; done++) {
        if (done == PEERS_MAX || !broker_fits(broker, &need))
            return false;
        tick_peer(broker, &broker->peers[broker->tick_at++]);
    }
    broker->tick_at = 0;
    return true;
}

void broker_wake_peers(struct broker *broker)
{
    static const struct room_need page = {{[ROOM_MOVES] = WAKE_PAGE_MAX}};
    int pages = 0;
    for (uint32_t i = 0; i < broker->peer_count; i++) {
        struct peer *peer = &broker->peers[i];
        if (!peer->wake.is_wanted || !peer->is_connected)
            continue;
        if (pages++ == STEP_WAKES_MAX || !broker_fits(broker, &page)) {
            broker->more_to_do = true;
            return;
        }
        if (wake_page(&peer->wake, broker->options.store, broker->outbox, &broker->plan,
                      peer->destination, broker->wall))
            broker->more_to_do = true;
    }
}
