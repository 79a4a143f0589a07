/* The adapters' connections: hello, heartbeats, acknowledgements, attachments.
 *
 *   UNKNOWN ──hello accepted [accept_hello]──▶ CONNECTED
 *      ▲                                           │ silent, gone, goodbye, another connection
 *      └── nothing is under way [step_return] ◀──┘ [step_disconnect]
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

static void say_heartbeat(struct broker *broker, const struct peer *peer, uint32_t window_bytes)
{
    struct frame frame = {
        .kind = FRAME_HEARTBEAT,
        .heartbeat = {.clock = broker->step.wall,
                      .window_messages = broker->options.window_messages,
                      .window_bytes = window_bytes,
                      .readings = broker->readings},
    };
    step_reply_frame(&broker->step, &peer->key, &frame);
}

static void say_goodbye(struct broker *broker, struct peer *peer, enum reason reason)
{
    struct frame frame = {.kind = FRAME_GOODBYE, .goodbye = reason};
    if (reason == REASON_CLOCK_SKEW)
        say_heartbeat(broker, peer, 0); /* our time: who was set right finds out by it */
    step_reply_frame(&broker->step, &peer->key, &frame);
    step_note_peer(&broker->step, peer, "peer_refused", reason);
}

/* The last sealed head, with the proof that it continues the one that this witness says it has
 * seen. What was sent may be lost: only the witness's own word moves adapter->head on. */
static void send_head(struct broker *broker, struct peer *peer)
{
    struct adapter *adapter = adapter_of(broker, peer);
    const struct head_seen *seen = &adapter->head;
    struct store *store = broker->options.store;
    struct store_document found;
    struct digest proof[MERKLE_PROOF_MAX];
    size_t count = 0;
    uint64_t head_seq = broker->step.plan.base.ledger_head_seq;
    uint64_t size = broker->ledger.committed.size;
    adapter->head_due = (mono_t){broker->step.now.ms + BROKER_HEAD_INTERVAL_MS};
    if (head_seq == 0)
        return;
    bool is_same_ledger = memcmp(seen->ledger_id, broker->ledger.id, LEDGER_ID_BYTES) == 0;
    uint64_t from = is_same_ledger ? seen->tree_size : 0;
    /* A witness that has seen more than there is will find that nothing proves it, and say so. */
    enum reason reason =
        from > size ? REASON_NONE : ledger_prove(&broker->ledger, store, from, size, proof, &count);
    if (reason == REASON_LEDGER_PROOF_GONE) {
        from = count = 0; /* it was away for longer than the days of ids: told, not left waiting */
        if (!adapter->is_proof_gone)
            step_note_peer(&broker->step, peer, "head_unproven", reason);
        adapter->is_proof_gone = true;
    } else if (reason != REASON_NONE) {
        return; /* the store cannot say now: a head without its proof would be a false alarm */
    }
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
    step_reply_frame(&broker->step, &peer->key, &frame);
}

static enum reason check_hello(const struct broker *broker, const struct peer *peer,
                               const struct frame_hello *hello)
{
    if (hello->version_min > LINK_VERSION || hello->version_max < LINK_VERSION_OLDEST)
        return REASON_VERSION_UNSUPPORTED;
    if (!key_equal(&hello->participant, &peer->key))
        return REASON_SENDER_NOT_PEER;
    if (broker->registry == NULL || registry_participant(broker->registry, &peer->key) == NULL)
        return REASON_LINK_REFUSED;
    int64_t skew = hello->clock.ms - broker->step.wall.ms;
    if (clock_in_doubt(&broker->step.clock))
        return REASON_NONE; /* it may be ours that is wrong, and its word helps to tell */
    if (skew > CLOCK_SKEW_MAX_MS || skew < -CLOCK_SKEW_MAX_MS)
        return REASON_CLOCK_SKEW;
    return REASON_NONE;
}

static size_t connected_count(const struct broker *broker)
{
    size_t count = 0;
    for (size_t i = 0; i < broker->step.peer_count; i++)
        count += broker->step.peers[i].is_connected;
    return count;
}

/* What the adapter grants us, and no more than the registry lets it have. */
static uint32_t granted_window(const struct broker *broker, const struct peer *peer,
                               const struct frame_hello *hello)
{
    const struct participant *participant = registry_participant(broker->registry, &peer->key);
    uint32_t most = participant == NULL ? MESSAGE_WINDOW_MAX : participant->window_messages;
    return hello->window_messages < most ? hello->window_messages : most;
}

static uint32_t agreed_version(const struct frame_hello *hello)
{
    return hello->version_max < LINK_VERSION ? hello->version_max : LINK_VERSION;
}

/* Whose program is the older one; nothing when both know the same. */
static void note_behind(struct broker *broker, struct peer *peer, const struct frame_hello *hello)
{
    if (hello->version_max == LINK_VERSION)
        return;
    bool is_peer = hello->version_max < LINK_VERSION;
    step_note_of(&broker->step, peer,
                 &(struct transition){.event = "version_behind",
                                      .from = is_peer ? peer->key : broker->options.self,
                                      .to = is_peer ? broker->options.self : peer->key,
                                      .reason = REASON_VERSION_BEHIND});
}

/* Shown to people, and decides nothing; what has not a version's form is none. */
static void hear_registry(struct broker *broker, struct adapter *adapter, struct bytes version)
{
    if (bytes_equal(bytes_of_text(adapter->registry_version), version))
        return;
    bool is_one = registry_version_is_valid(version);
    if (is_one)
        memcpy(adapter->registry_version, version.data, version.size);
    adapter->registry_version[is_one ? version.size : 0] = 0;
    adapter->registry_since = is_one ? broker->step.wall : (wall_t){0};
}

/* The welcome leaves before everything that this hello brings about, so that the adapter knows the
 * windows before the first delivery. What the adapter has seen of the ledger is its own word,
 * which it may change: it moves what we prove, and nothing else. */
static void accept_hello(struct broker *broker, struct peer *peer, uint64_t connection,
                         const struct frame_hello *hello)
{
    struct adapter *adapter = adapter_of(broker, peer);
    adapter->connection = connection;
    peer->heartbeat_due = (mono_t){broker->step.now.ms + HEARTBEAT_INTERVAL_MS};
    step_connect(&broker->step, peer, agreed_version(hello), granted_window(broker, peer, hello),
                 hello->window_bytes);
    adapter->greeted = broker->step.now;
    adapter->offered_until = hello->offered_until;
    hear_registry(broker, adapter, hello->registry_version);
    if (hello->put_back.ms != 0)
        step_hold(&broker->step, peer); /* until all of before has been given back */
    struct frame welcome = {
        .kind = FRAME_WELCOME,
        .welcome = {.version = peer->link_version,
                    .gateway = broker->options.self,
                    .window_messages = broker->options.window_messages,
                    .window_bytes = message_window_bytes(connected_count(broker)),
                    .clock = broker->step.wall,
                    .registry_version = bytes_of_text(broker->registry_version),
                    .attachment_bytes_max = broker->options.attachment_bytes_max,
                    .forgot_since = broker->gap.from,
                    .forgot_until = broker->gap.until},
    };
    step_reply_frame(&broker->step, &peer->key, &welcome);
    broker_compare_past(broker, peer, hello);
    adapter->head = hello->head_seen;
    adapter->is_proof_gone = false;
    adapter->office = REASON_NONE; /* it says so again when there is something */
    memset(adapter->retold, 0, sizeof adapter->retold);
    send_head(broker, peer);
    step_note_peer(&broker->step, peer, "peer_up", REASON_NONE);
    note_behind(broker, peer, hello);
}

static enum turn take_hello(struct broker *broker, struct peer *peer, struct intake *intake)
{
    enum { HELLO_PIECES = 4 }; /* of work that comes to nothing: a head with its proof */
    /* Also of one that is turned away: so an outvoted clock finds out. */
    if (broker->registry != NULL && registry_participant(broker->registry, &peer->key) != NULL)
        clock_voice_say(&peer->voice, broker->step.now, intake->frame.hello.clock);
    enum reason reason = broker->step.store_state != REASON_NONE
                             ? broker->step.store_state
                             : check_hello(broker, peer, &intake->frame.hello);
    peer->credit -= BROKER_WORK_HELLO;
    /* An honest adapter greets once for each connection. */
    intake->wasted += intake->done++ == 0 ? HELLO_PIECES : 0;
    if (reason != REASON_NONE) {
        say_goodbye(broker, peer, reason);
        return TURN_DONE;
    }
    if (peer->is_connected)
        step_disconnect(&broker->step, peer, REASON_LINK_LOST, "peer_down");
    if (step_is_closing(&broker->step, peer))
        return TURN_WAITS;
    accept_hello(broker, peer, intake->connection, &intake->frame.hello);
    return TURN_DONE;
}

static void take_heartbeat(struct broker *broker, struct peer *peer, struct intake *intake)
{
    struct adapter *adapter = adapter_of(broker, peer);
    adapter->head = intake->frame.heartbeat.head_seen;
    adapter->offered_until = intake->frame.heartbeat.offered_until;
    if (intake->frame.heartbeat.registry_version.size > 0)
        hear_registry(broker, adapter, intake->frame.heartbeat.registry_version);
    step_take_heartbeat(&broker->step, peer, &intake->frame.heartbeat);
    intake->wasted += broker->step.now.ms - adapter->heartbeat_heard.ms < HEARTBEAT_INTERVAL_MS / 8;
    adapter->heartbeat_heard = broker->step.now;
}

/* What each kind costs its sender's turn is told by the case itself or by what it calls. A kind
 * that only a gateway sends is refused, with its digest, like a frame that cannot be read. */
static enum turn take_connected(struct broker *broker, struct peer *peer, struct intake *intake)
{
    struct step *step = &broker->step;
    switch (intake->frame.kind) {
    case FRAME_TAKEN:
        return step_take_ids(step, peer, intake, true);
    case FRAME_NOT_TAKEN:
        if (intake->done == 0)
            broker_prove_custody(broker, peer, &intake->frame.taken);
        return intake->frame.taken.count == 0 ? step_nothing_taken(step, peer, intake)
                                              : step_take_ids(step, peer, intake, true);
    case FRAME_BLOB_CHUNK:
    case FRAME_BLOB_WANT:
    case FRAME_BLOB_REFUSED:
        peer->credit -= BROKER_WORK_FILE_FRAME + (int64_t)(intake->bytes.size / BROKER_WORK_BYTES);
        step_take_file_frame(step, peer, intake);
        return TURN_DONE;
    case FRAME_STANDING:
        return broker_hear_standing(broker, peer, intake);
    case FRAME_ASK:
        return broker_answer_ask(broker, peer, intake);
    case FRAME_HEARTBEAT:
        take_heartbeat(broker, peer, intake);
        return TURN_DONE;
    case FRAME_GOODBYE:
        step_disconnect(step, peer, REASON_SHUTDOWN, "peer_down");
        return TURN_DONE;
    default: /* a gateway's own kinds */
        intake->reason = REASON_FRAME_MALFORMED;
        broker->options.crypto->hash(&intake->bytes, 1, &intake->digest);
        return broker_refuse_frame(broker, peer, intake);
    }
}

enum turn broker_peer_frame(struct broker *broker, struct peer *peer, struct intake *intake)
{
    if (!step_fits(&broker->step, &room_frame))
        return TURN_FULL;
    peer->credit -= BROKER_WORK_FRAME;
    if (intake->frame.kind == FRAME_HELLO)
        return take_hello(broker, peer, intake);
    if (!peer->is_connected) {
        intake->wasted++;
        say_goodbye(broker, peer, REASON_HELLO_MISSING);
        return TURN_DONE;
    }
    if (broker->step.store_state != REASON_NONE && intake->frame.kind != FRAME_HEARTBEAT &&
        intake->frame.kind != FRAME_ASK)
        return TURN_DONE; /* nothing can be settled now; the peer repeats it after its lease */
    return take_connected(broker, peer, intake);
}

static void tick_peer(struct broker *broker, struct peer *peer)
{
    const struct adapter *adapter = adapter_of(broker, peer);
    step_note_left_out(&broker->step, &peer->key, &peer->allowance);
    if (!peer->is_connected)
        return;
    if (broker->step.now.ms - peer->heard.ms > PEER_SILENT_MS && peer->first_intake == NULL) {
        step_disconnect(&broker->step, peer, REASON_LINK_LOST, "peer_down");
        return;
    }
    if (broker->step.store_state == REASON_NONE)
        broker_note_past(broker, peer);
    if (broker->step.now.ms >= adapter->head_due.ms && broker->step.store_state == REASON_NONE &&
        adapter->head.tree_size != broker->ledger.committed.size)
        send_head(broker, peer);
    if (broker->step.now.ms < peer->heartbeat_due.ms)
        return;
    peer->heartbeat_due = (mono_t){broker->step.now.ms + HEARTBEAT_INTERVAL_MS};
    say_heartbeat(broker, peer, broker->window_bytes);
}

/* True: all of them had their turn in this round. Stopped for want of room it goes on with the
 * next peer in the next step, so that those at the end of the table are not the ones that always
 * wait. */
bool broker_tick_peers(struct broker *broker)
{
    enum { PEERS_MAX = 64 }; /* a head for each is a few milliseconds: others get their turn */
    static const struct room_need need = {
        {[ROOM_NOTES] = 1,
         [ROOM_REPLIES] = 2,
         [ROOM_BYTES] = ROOM_HEAD_FRAME_BYTES + ROOM_SMALL_FRAME_BYTES + ROOM_NOTE_BYTES}};
    for (uint32_t i = 0; broker->tick_at == 0 && i < broker->lines.count; i++)
        step_note_left_out(&broker->step, &broker->lines.lines[i].carrier,
                           &broker->lines.lines[i].allowance);
    if (broker->tick_at == 0)
        broker->window_bytes = message_window_bytes(connected_count(broker));
    for (uint32_t done = 0; broker->tick_at < broker->step.peer_count; done++) {
        if (done == PEERS_MAX || !step_fits(&broker->step, &need))
            return false;
        tick_peer(broker, &broker->step.peers[broker->tick_at++]);
    }
    broker->tick_at = 0;
    return true;
}
