/* Attachments of messages that are on their way in: a message whose files are not all here waits,
 * with its frame, until they are or until it is known that they do not come.
 *
 *    message ─look_for_all─▶ all here ───────────────────────────────▶ READY
 *               ├─ room ─▶ WAITS: files wanted ─▶ received ─▶ fetch_ready ─▶ admitted again
 *               └─ none, or a file that cannot be ─▶ REFUSED with a reason
 *
 * All tables have a fixed size; a peer may hold as much of each as it leaves to the others
 * (fetch.h). What is transferred survives the step and the connection on disk, and nothing of it
 * is evidence, so no commit is waited for. */
#include "gateway/custody/fetch_parts.h"

#include "proto/base/check.h"

static size_t wanted_max(const struct fetch_options *options)
{
    size_t all = (size_t)options->peers_max * FETCH_PEER_WANTED_MAX;
    return all < FETCH_WANTED_MAX ? all : FETCH_WANTED_MAX;
}

size_t fetch_memory_bytes(const struct fetch_options *options)
{
    enum { ALIGNMENT_SLACK = 64 };
    return sizeof(struct fetch) + options->peers_max * sizeof(struct fetch_peer) +
           wanted_max(options) * sizeof(struct wanted) + BLOB_CHUNK_BYTES_MAX + ALIGNMENT_SLACK;
}

struct fetch *fetch_new(const struct fetch_options *options, struct arena *memory)
{
    struct fetch *fetch = arena_take(memory, sizeof *fetch);
    struct fetch_peer *peers = arena_take(memory, options->peers_max * sizeof(struct fetch_peer));
    struct wanted *wanted = arena_take(memory, wanted_max(options) * sizeof(struct wanted));
    uint8_t *piece = arena_take(memory, BLOB_CHUNK_BYTES_MAX);
    check(fetch != NULL && peers != NULL && wanted != NULL && piece != NULL);
    *fetch = (struct fetch){.options = *options,
                            .peers = peers,
                            .wanted = wanted,
                            .wanted_max = wanted_max(options),
                            .piece = piece};
    return fetch;
}

static struct fetch_peer *find_peer(const struct fetch *fetch, const struct key *key)
{
    for (uint32_t i = 0; i < fetch->peer_count; i++) {
        if (key_equal(&fetch->peers[i].key, key))
            return &fetch->peers[i];
    }
    return NULL;
}

/* Peers are never forgotten; their number is bounded by the registry (peers_max). NULL: all places
 * are taken, by keys of earlier registries. */
struct fetch_peer *fetch_get_peer(struct fetch *fetch, const struct key *key)
{
    struct fetch_peer *peer = find_peer(fetch, key);
    if (peer != NULL || fetch->peer_count == fetch->options.peers_max)
        return peer;
    peer = &fetch->peers[fetch->peer_count++];
    *peer = (struct fetch_peer){.key = *key, .looks = FETCH_LOOKS_PER_S, .looked = fetch->now};
    peer->doubted.ms = fetch->now.ms - FETCH_DOUBT_MS;
    peer->told.ms = fetch->now.ms - FETCH_PROGRESS_MS;
    blob_sender_init(&peer->sender);
    blob_receiver_init(&peer->receiver, fetch->options.size_max_bytes);
    return peer;
}

/* What could not be sent is not repeated here: the receiving end asks again, by its own clock. */
void fetch_emit_frame(struct fetch *fetch, const struct key *peer, const struct frame *frame)
{
    (void)fetch->options.emit(fetch->options.context, peer, frame);
}

_Static_assert(ATTACHMENTS_MAX <= 64, "struct waiting has a bit for each");

/* The bits of its places in the message's list; 0: the message does not name it. */
static uint64_t places_of(const struct sealed *sealed, const struct digest *digest)
{
    uint64_t places = 0;
    for (size_t i = 0; i < sealed->envelope.attachment_count; i++) {
        if (digest_equal(&sealed->envelope.attachments[i].digest, digest))
            places |= UINT64_C(1) << i;
    }
    return places;
}

/* One file may be waited for by several messages of its peer: each hears of it. */
void fetch_over(struct fetch *fetch, struct fetch_peer *peer, struct wanted *wanted,
                enum reason outcome)
{
    for (size_t i = 0; peer->waiting_count > 0 && i < fetch->waiting_count; i++) {
        struct waiting *waiting = &fetch->waiting[i];
        if (!key_equal(&waiting->intake->peer, &peer->key))
            continue;
        uint64_t places = places_of(waiting->sealed, &wanted->digest);
        if (places != 0 && outcome != REASON_NONE && waiting->reason == REASON_NONE)
            waiting->reason = outcome;
        waiting->missing &= ~places;
    }
    fetch_forget_wanted(fetch, peer, wanted);
}

/* ---- a message ---- */

/* The disk says another size than the message. Only a copy that was verified may contradict it: one
 * that is damaged is fetched again. */
static enum reason judge_size(struct fetch *fetch, const struct attachment *attachment,
                              uint64_t size_bytes, bool *ret_missing)
{
    struct blobs *blobs = fetch->options.blobs;
    uint8_t byte;
    size_t got;
    enum reason reason = blobs->verbs->read(blobs, &attachment->digest, 0, &byte, 1, &got);
    if (reason == REASON_STORE_CORRUPT || reason == REASON_NOT_FOUND) {
        *ret_missing = true;
        return REASON_NONE;
    }
    if (reason != REASON_NONE)
        return reason;
    return size_bytes > attachment->size_bytes ? REASON_ATTACHMENT_LONG : REASON_ATTACHMENT_SHORT;
}

/* NONE with *ret_missing: to be fetched. Otherwise it is here, or the reason why it is refused. */
static enum reason look_for(struct fetch *fetch, const struct attachment *attachment,
                            bool *ret_missing)
{
    struct blobs *blobs = fetch->options.blobs;
    uint64_t size_bytes;
    *ret_missing = false;
    if (attachment->size_bytes > fetch->options.size_max_bytes)
        return REASON_ATTACHMENT_TOO_LARGE;
    enum reason reason = blobs->verbs->find(blobs, &attachment->digest, &size_bytes);
    if (reason == REASON_NOT_FOUND) {
        *ret_missing = true;
        return REASON_NONE;
    }
    if (reason != REASON_NONE || size_bytes == attachment->size_bytes)
        return reason;
    return judge_size(fetch, attachment, size_bytes, ret_missing);
}

/* Bytes of frames that wait: of one peer, or of all (none). A frame counts once, however many of
 * its messages wait: those stand next to each other. */
static size_t waiting_bytes(const struct fetch *fetch, const struct key *peer)
{
    size_t bytes = 0;
    for (size_t i = 0; i < fetch->waiting_count; i++) {
        const struct intake *intake = fetch->waiting[i].intake;
        if ((peer == NULL || key_equal(&intake->peer, peer)) &&
            (i == 0 || fetch->waiting[i - 1].intake != intake))
            bytes += intake->bytes.size;
    }
    return bytes;
}

/* The peer's share with this message, and what it leaves to the others: see fetch.h. */
static bool has_room(const struct fetch *fetch, const struct fetch_peer *peer,
                     const struct intake *intake, size_t missing)
{
    bool is_counted =
        fetch->waiting_count > 0 && fetch->waiting[fetch->waiting_count - 1].intake == intake;
    size_t files = peer->wanted_count + missing;
    if (peer->waiting_count >= FETCH_PEER_WAITING_MAX || files > FETCH_PEER_WANTED_MAX ||
        peer->waiting_count >= FETCH_WAITING_MAX - fetch->waiting_count)
        return false;
    /* One peer alone, a gateway, has all of it. */
    size_t shared = fetch->options.peers_max > 1 ? files : missing;
    if (shared > fetch->wanted_max - fetch->wanted_count)
        return false;
    return is_counted || waiting_bytes(fetch, &peer->key) + intake->bytes.size <=
                             FETCH_WAITING_BYTES_MAX - waiting_bytes(fetch, NULL);
}

/* Places in the message's list, each file once: ret_missing to be fetched, ret_kept to be shown. */
static enum reason look_for_all(struct fetch *fetch, const struct sealed *sealed,
                                uint64_t *ret_missing, uint64_t *ret_kept)
{
    const struct attachment *attachments = sealed->envelope.attachments;
    bool must_show = fetch->options.draw != NULL && !sealed->has_files;
    uint64_t missing = 0;
    uint64_t kept = 0;
    for (size_t i = 0; i < sealed->envelope.attachment_count; i++) {
        bool is_missing;
        uint64_t place = UINT64_C(1) << i;
        enum reason reason = look_for(fetch, &attachments[i], &is_missing);
        if (reason != REASON_NONE)
            return reason;
        if ((places_of(sealed, &attachments[i].digest) & (place - 1)) != 0)
            continue; /* the same file twice in one message is one file */
        missing |= is_missing ? place : 0;
        kept |= !is_missing && must_show && attachments[i].size_bytes > 0 ? place : 0;
    }
    *ret_missing = missing;
    *ret_kept = kept;
    return REASON_NONE;
}

static void add_all(struct fetch *fetch, struct fetch_peer *peer, const struct envelope *envelope,
                    uint64_t missing, uint64_t kept)
{
    for (size_t i = 0; i < envelope->attachment_count; i++) {
        const struct attachment *attachment = &envelope->attachments[i];
        uint64_t place = UINT64_C(1) << i;
        if (((missing | kept) & place) == 0 || fetch_find_wanted(peer, &attachment->digest) != NULL)
            continue;
        struct wanted wanted = {.state = (kept & place) != 0 ? WANTED_KEPT : WANTED_QUEUED,
                                .digest = attachment->digest,
                                .size_bytes = attachment->size_bytes,
                                .sender = envelope->sender,
                                .message_id = envelope->id};
        check(fetch_add_wanted(fetch, peer, &wanted));
    }
}

/* Room is asked for before the first file, so that a message does not stop half-way with its files
 * holding places (invariant 8). */
enum fetch_answer fetch_message(struct fetch *fetch, struct intake *intake, struct sealed *sealed,
                                mono_t now, enum reason *ret_reason)
{
    uint64_t missing;
    uint64_t kept;
    fetch->now = now;
    enum reason reason = look_for_all(fetch, sealed, &missing, &kept);
    if (reason != REASON_NONE) {
        *ret_reason = reason;
        return FETCH_REFUSED;
    }
    uint64_t wanted = missing | kept;
    if (wanted == 0) {
        fetch_claim(fetch, sealed);
        return FETCH_READY;
    }
    struct fetch_peer *peer = fetch_get_peer(fetch, &intake->peer);
    size_t to_come = (size_t)__builtin_popcountll(missing);
    if (peer != NULL && to_come > 0 && !fetch_may_bring(fetch, peer, sealed, to_come)) {
        *ret_reason = REASON_ATTACHMENTS_UNCLAIMED;
        return FETCH_REFUSED;
    }
    if (peer == NULL || !has_room(fetch, peer, intake, (size_t)__builtin_popcountll(wanted))) {
        *ret_reason = REASON_BUSY;
        return FETCH_REFUSED;
    }
    peer->progress = now;
    add_all(fetch, peer, &sealed->envelope, missing, kept);
    fetch->waiting[fetch->waiting_count++] = (struct waiting){intake, sealed, wanted, REASON_NONE};
    peer->waiting_count++;
    intake->references++;
    fetch_go_on(fetch, peer);
    return FETCH_WAITS;
}

bool fetch_has_dossier(const struct fetch *fetch, struct bytes dossier_code)
{
    for (size_t i = 0; i < fetch->waiting_count; i++) {
        if (bytes_equal(fetch->waiting[i].sealed->envelope.dossier_code, dossier_code))
            return true;
    }
    return false;
}

/* For a file that the disk has lost or damaged: it is claimed already, so it counts against
 * nobody. */
bool fetch_again(struct fetch *fetch, const struct key *from, const struct fetch_file *file)
{
    struct fetch_peer *peer = fetch_get_peer(fetch, from);
    if (peer == NULL || file->size_bytes > fetch->options.size_max_bytes)
        return false;
    if (fetch_find_wanted(peer, &file->digest) != NULL)
        return true;
    struct wanted wanted = {.state = WANTED_QUEUED,
                            .digest = file->digest,
                            .size_bytes = file->size_bytes,
                            .sender = file->sender,
                            .message_id = file->message_id,
                            .is_claimed = true};
    if (peer->first == NULL)
        peer->progress = fetch->now;
    return peer->wanted_count < FETCH_PEER_WANTED_MAX && fetch_add_wanted(fetch, peer, &wanted);
}

/* ---- both ---- */

static bool progressed(struct fetch *fetch, struct fetch_peer *peer)
{
    if (fetch->now.ms - peer->told.ms < FETCH_PROGRESS_MS)
        return false;
    peer->told = fetch->now;
    return true;
}

/* True: the peer works on what it was sent, so that leases of messages to it may go on. Told once
 * in FETCH_PROGRESS_MS, for a file has thousands of frames. */
bool fetch_frame(struct fetch *fetch, const struct key *key, const struct frame *frame, mono_t now)
{
    fetch->now = now;
    struct fetch_peer *peer = fetch_get_peer(fetch, key);
    if (peer == NULL)
        return false;
    bool is_asked_for = false;
    if (frame->kind == FRAME_BLOB_CHUNK) {
        is_asked_for = fetch_receive_chunk(fetch, peer, &frame->blob);
    } else if (frame->kind == FRAME_BLOB_WANT) {
        is_asked_for = fetch_receive_want(fetch, peer, frame);
    } else if (frame->kind == FRAME_BLOB_REFUSED &&
               !fetch_receive_refusal(fetch, peer, &frame->blob)) {
        fetch_refused(fetch, peer, frame);
    }
    return is_asked_for && progressed(fetch, peer);
}

/* How long nothing came, and no fault of our disk. */
static bool is_silent(const struct fetch *fetch, const struct fetch_peer *peer,
                      const struct wanted *wanted)
{
    bool is_asked_for = wanted->state == WANTED_RECEIVING || wanted->state == WANTED_SHOWING;
    if (wanted->state == WANTED_FINISHING || wanted->owes_credit)
        return false;
    return fetch->now.ms - peer->progress.ms >= FETCH_SILENT_MS ||
           (is_asked_for && fetch->now.ms - wanted->progress.ms >= FETCH_STALLED_MS);
}

/* Silence ends a wait, so that a peer that goes to sleep in the middle of a file frees its places.
 */
void fetch_tick(struct fetch *fetch, mono_t now)
{
    fetch->now = now;
    for (uint32_t i = 0; fetch->wanted_count > 0 && i < fetch->peer_count; i++) {
        struct fetch_peer *peer = &fetch->peers[i];
        for (struct wanted *wanted = peer->first; wanted != NULL;) {
            struct wanted *next = wanted->next;
            if (is_silent(fetch, peer, wanted)) {
                fetch_end_transfer(fetch, peer, wanted, REASON_LEASE_EXPIRED);
                fetch_over(fetch, peer, wanted, REASON_LEASE_EXPIRED);
            }
            wanted = next;
        }
    }
}

/* What waited for the disk, or for a place, goes on. */
void fetch_settle(struct fetch *fetch, mono_t now)
{
    fetch->now = now;
    for (uint32_t i = 0; fetch->wanted_count > 0 && i < fetch->peer_count; i++) {
        if (fetch->peers[i].first != NULL)
            fetch_go_on(fetch, &fetch->peers[i]);
    }
}

bool fetch_ready(struct fetch *fetch, struct intake **ret_intake, struct sealed **ret_sealed,
                 enum reason *ret_reason)
{
    for (size_t i = 0; i < fetch->waiting_count; i++) {
        struct waiting waiting = fetch->waiting[i];
        if (waiting.missing != 0 && waiting.reason == REASON_NONE)
            continue;
        /* Keep the order of arrival: messages of one dossier may stand behind each other. */
        for (size_t j = i + 1; j < fetch->waiting_count; j++)
            fetch->waiting[j - 1] = fetch->waiting[j];
        fetch->waiting_count--;
        struct fetch_peer *peer = find_peer(fetch, &waiting.intake->peer);
        check(peer != NULL && peer->waiting_count > 0);
        peer->waiting_count--;
        *ret_intake = waiting.intake;
        *ret_sealed = waiting.sealed;
        *ret_reason = waiting.reason;
        waiting.sealed->has_files = waiting.reason == REASON_NONE;
        return true;
    }
    return false;
}

/* Its messages go back to it; what came of the files stays on disk, and the next attempt goes on
 * there. */
void fetch_peer_lost(struct fetch *fetch, const struct key *key)
{
    struct fetch_peer *peer = find_peer(fetch, key);
    if (peer == NULL)
        return;
    blob_sender_reset(&peer->sender);
    blob_receiver_reset(&peer->receiver);
    while (peer->first != NULL)
        fetch_forget_wanted(fetch, peer, peer->first);
    for (size_t i = 0; i < fetch->waiting_count; i++) {
        if (key_equal(&fetch->waiting[i].intake->peer, key))
            fetch->waiting[i].reason = REASON_LINK_LOST;
    }
}
