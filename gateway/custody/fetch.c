#include "gateway/custody/fetch_parts.h"

#include "proto/base/check.h"

size_t fetch_memory_bytes(const struct fetch_options *options)
{
    enum { ALIGNMENT_SLACK = 64 };
    return sizeof(struct fetch) + options->peers_max * sizeof(struct peer) + BLOB_CHUNK_BYTES_MAX +
           ALIGNMENT_SLACK;
}

struct fetch *fetch_new(const struct fetch_options *options, struct arena *memory)
{
    struct fetch *fetch = arena_take(memory, sizeof *fetch);
    struct peer *peers = arena_take(memory, options->peers_max * sizeof(struct peer));
    uint8_t *piece = arena_take(memory, BLOB_CHUNK_BYTES_MAX);
    check(fetch != NULL && peers != NULL && piece != NULL);
    *fetch = (struct fetch){.options = *options, .peers = peers, .piece = piece};
    return fetch;
}

struct peer *fetch_find_peer(const struct fetch *fetch, const struct key *key)
{
    for (uint32_t i = 0; i < fetch->peer_count; i++) {
        if (key_equal(&fetch->peers[i].key, key))
            return &fetch->peers[i];
    }
    return NULL;
}

static struct peer *get_peer(struct fetch *fetch, const struct key *key)
{
    struct peer *peer = fetch_find_peer(fetch, key);
    if (peer != NULL || fetch->peer_count == fetch->options.peers_max)
        return peer;
    peer = &fetch->peers[fetch->peer_count++];
    peer->key = *key;
    blob_sender_init(&peer->sender);
    blob_receiver_init(&peer->receiver, fetch->options.size_max_bytes);
    return peer;
}

void fetch_emit_frame(struct fetch *fetch, const struct key *peer, const struct frame *frame)
{
    (void)fetch->options.emit(fetch->options.context, peer, frame);
}

/* ---- receiving ---- */

static struct wanted *find_wanted(struct fetch *fetch, const struct key *peer,
                                  const struct digest *digest)
{
    for (size_t i = 0; i < fetch->wanted_count; i++) {
        struct wanted *wanted = &fetch->wanted[i];
        if (key_equal(&wanted->peer, peer) && digest_equal(&wanted->digest, digest))
            return wanted;
    }
    return NULL;
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

static void forget_wanted(struct fetch *fetch, struct wanted *wanted)
{
    *wanted = fetch->wanted[--fetch->wanted_count];
}

/* The file arrived from that peer, or will not: tell the messages that wait for it. */
static void tell_waiting(struct fetch *fetch, struct wanted *wanted, enum reason outcome)
{
    for (size_t i = 0; i < fetch->waiting_count; i++) {
        struct waiting *waiting = &fetch->waiting[i];
        uint64_t places = places_of(waiting->sealed, &wanted->digest);
        if (!key_equal(&waiting->intake->peer, &wanted->peer) || places == 0)
            continue;
        if (outcome != REASON_NONE && waiting->reason == REASON_NONE)
            waiting->reason = outcome;
        waiting->missing &= ~places;
    }
    forget_wanted(fetch, wanted);
}

static void wanted_over(struct fetch *fetch, struct wanted *wanted, enum reason outcome)
{
    struct digest digest = wanted->digest;
    bool has_come = outcome == REASON_NONE && !wanted->is_kept;
    tell_waiting(fetch, wanted, outcome);
    /* One file, several peers' messages: once it is here, it is here for all, but who only named it
     * may have to show it. There is nothing to show of an empty one. */
    for (size_t i = 0; has_come && i < fetch->wanted_count;) {
        struct wanted *other = &fetch->wanted[i];
        bool is_same = digest_equal(&other->digest, &digest);
        if (is_same && (fetch->options.draw == NULL || other->size_bytes == 0)) {
            tell_waiting(fetch, other, REASON_NONE);
            continue;
        }
        other->is_kept = other->is_kept || is_same;
        i++;
    }
}

void fetch_emit_answer(struct fetch *fetch, const struct wanted *wanted, struct frame *answer)
{
    if (answer->kind == FRAME_BLOB_WANT) {
        answer->blob.sender = wanted->sender;
        answer->blob.message_id = wanted->message_id;
    }
    fetch_emit_frame(fetch, &wanted->peer, answer);
}

/* Another peer is sending the same file: its partial form has one writer at a time. */
static bool is_under_way(const struct fetch *fetch, const struct wanted *wanted)
{
    for (size_t i = 0; i < fetch->wanted_count; i++) {
        const struct wanted *other = &fetch->wanted[i];
        if (other->is_begun && !other->is_kept && digest_equal(&other->digest, &wanted->digest))
            return true;
    }
    return false;
}

static bool begin_wanted(struct fetch *fetch, struct peer *peer, struct wanted *wanted)
{
    struct blobs *blobs = fetch->options.blobs;
    uint64_t offset;
    enum reason reason = blobs->verbs->begin(blobs, &wanted->digest, wanted->size_bytes, &offset);
    if (reason == REASON_BUSY)
        return false;
    if (reason != REASON_NONE) {
        wanted_over(fetch, wanted, reason);
        return true;
    }
    struct frame_blob offer = {.digest = wanted->digest, .size_bytes = wanted->size_bytes};
    struct frame answer;
    blob_receiver_offer(&peer->receiver, &offer, offset, &answer);
    if (answer.kind == FRAME_BLOB_REFUSED) {
        if (answer.blob.reason == REASON_BUSY)
            return false;
        wanted_over(fetch, wanted, answer.blob.reason);
        return true;
    }
    wanted->is_begun = true;
    fetch_emit_answer(fetch, wanted, &answer);
    return true;
}

/* Also the sender's places are BLOB_TRANSFERS_MAX, and a proof takes one as well. */
static bool receiver_has_room(const struct fetch *fetch, const struct peer *peer)
{
    size_t begun = 0;
    for (size_t i = 0; i < fetch->wanted_count; i++)
        begun += fetch->wanted[i].is_begun && key_equal(&fetch->wanted[i].peer, &peer->key);
    return begun < BLOB_TRANSFERS_MAX;
}

/* The partial form changed under us: a local system has put the same file there meanwhile, or it
 * was given up. That says nothing about the message: it is sent again and then looked for again. */
static enum reason unless_changed(enum reason reason)
{
    return reason == REASON_NOT_FOUND || reason == REASON_FIELD_INVALID ? REASON_BUSY : reason;
}

/* A whole file of size zero or one that was complete in its partial form needs no chunk. */
static bool finish_if_whole(struct fetch *fetch, struct wanted *wanted)
{
    struct blobs *blobs = fetch->options.blobs;
    uint64_t offset;
    if (blobs->verbs->begin(blobs, &wanted->digest, wanted->size_bytes, &offset) != REASON_NONE ||
        offset < wanted->size_bytes)
        return false;
    enum reason reason = unless_changed(blobs->verbs->finish(blobs, &wanted->digest));
    if (reason == REASON_NONE && wanted->size_bytes > 0 && fetch->options.draw != NULL) {
        wanted->is_kept = true; /* perhaps it was somebody else who sent it */
        fetch_ask_proof(fetch, wanted);
    } else {
        wanted_over(fetch, wanted, reason);
    }
    return true;
}

/* False: nothing more can begin now. */
static bool begin_next(struct fetch *fetch, struct peer *peer, struct wanted *wanted)
{
    if (wanted->is_kept)
        fetch_ask_proof(fetch, wanted);
    else if (!is_under_way(fetch, wanted) && !finish_if_whole(fetch, wanted))
        return begin_wanted(fetch, peer, wanted);
    return true;
}

static void begin_more(struct fetch *fetch, struct peer *peer)
{
    for (size_t i = 0; i < fetch->wanted_count && receiver_has_room(fetch, peer);) {
        struct wanted *wanted = &fetch->wanted[i];
        bool is_next = !wanted->is_begun && key_equal(&wanted->peer, &peer->key);
        size_t before = fetch->wanted_count;
        if (is_next && !begin_next(fetch, peer, wanted))
            return;
        if (fetch->wanted_count == before)
            i++;
    }
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
    return size_bytes > attachment->size_bytes ? REASON_ATTACHMENT_LONG : REASON_ATTACHMENT_SHORT;
}

static bool add_wanted(struct fetch *fetch, const struct key *peer, const struct envelope *envelope,
                       const struct attachment *attachment, bool is_kept, mono_t now)
{
    if (find_wanted(fetch, peer, &attachment->digest) != NULL)
        return true;
    if (fetch->wanted_count == FETCH_WANTED_MAX)
        return false;
    fetch->wanted[fetch->wanted_count++] = (struct wanted){
        .peer = *peer,
        .digest = attachment->digest,
        .size_bytes = attachment->size_bytes,
        .sender = envelope->sender,
        .message_id = envelope->id,
        .is_kept = is_kept,
        .progress = now,
    };
    return true;
}

/* What waits: of one peer, or of all (none). A frame counts once, however many of its messages
 * wait: those stand next to each other. */
struct share {
    size_t messages, files, bytes;
};

static struct share share_of(const struct fetch *fetch, const struct key *peer)
{
    struct share share = {0};
    for (size_t i = 0; i < fetch->waiting_count; i++) {
        const struct intake *intake = fetch->waiting[i].intake;
        if (peer != NULL && !key_equal(&intake->peer, peer))
            continue;
        share.messages++;
        if (i == 0 || fetch->waiting[i - 1].intake != intake)
            share.bytes += intake->bytes.size;
    }
    for (size_t i = 0; i < fetch->wanted_count; i++)
        share.files += peer == NULL || key_equal(&fetch->wanted[i].peer, peer);
    return share;
}

/* The peer's share with this message, and what it leaves to the others: see fetch.h. */
static bool has_room(const struct fetch *fetch, const struct intake *intake, size_t missing)
{
    struct share all = share_of(fetch, NULL);
    struct share own = share_of(fetch, &intake->peer);
    bool is_counted =
        fetch->waiting_count > 0 && fetch->waiting[fetch->waiting_count - 1].intake == intake;
    size_t bytes = is_counted ? 0 : intake->bytes.size;
    return own.messages < FETCH_WAITING_MAX - all.messages &&
           own.files + missing <= FETCH_WANTED_MAX - all.files &&
           (bytes == 0 || own.bytes + bytes <= FETCH_WAITING_BYTES_MAX - all.bytes);
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

enum fetch_answer fetch_message(struct fetch *fetch, struct intake *intake, struct sealed *sealed,
                                mono_t now, enum reason *ret_reason)
{
    const struct envelope *envelope = &sealed->envelope;
    uint64_t missing;
    uint64_t kept;
    enum reason reason = look_for_all(fetch, sealed, &missing, &kept);
    if (reason != REASON_NONE) {
        *ret_reason = reason;
        return FETCH_REFUSED;
    }
    uint64_t wanted = missing | kept;
    if (wanted == 0)
        return FETCH_READY;
    struct peer *peer = get_peer(fetch, &intake->peer);
    if (peer == NULL || !has_room(fetch, intake, (size_t)__builtin_popcountll(wanted))) {
        *ret_reason = REASON_BUSY;
        return FETCH_REFUSED;
    }
    for (size_t i = 0; i < envelope->attachment_count; i++) {
        uint64_t place = UINT64_C(1) << i;
        if ((wanted & place) != 0)
            check(add_wanted(fetch, &intake->peer, envelope, &envelope->attachments[i],
                             (kept & place) != 0, now));
    }
    fetch->waiting[fetch->waiting_count++] = (struct waiting){intake, sealed, wanted, REASON_NONE};
    intake->references++;
    begin_more(fetch, peer);
    return FETCH_WAITS;
}

static void receive_proof(struct fetch *fetch, struct wanted *wanted,
                          const struct frame_blob *chunk)
{
    enum reason outcome;
    if (!fetch_check_proof(fetch, wanted, chunk, &outcome))
        return;
    fetch_end_proof(fetch, wanted, outcome);
    wanted_over(fetch, wanted, outcome);
}

static void receive_chunk(struct fetch *fetch, struct peer *peer, const struct frame_blob *chunk,
                          mono_t now)
{
    struct blobs *blobs = fetch->options.blobs;
    struct frame answer;
    struct wanted *wanted = find_wanted(fetch, &peer->key, &chunk->digest);
    if (wanted == NULL)
        return;
    if (wanted->is_kept) {
        receive_proof(fetch, wanted, chunk);
        return;
    }
    enum blob_step step = blob_receiver_chunk(&peer->receiver, chunk, &answer);
    if (step == BLOB_DROP)
        return;
    enum reason reason = step == BLOB_REFUSE
                             ? answer.blob.reason
                             : unless_changed(blobs->verbs->write(blobs, &chunk->digest,
                                                                  chunk->offset, chunk->content));
    if (reason != REASON_NONE) {
        if (step != BLOB_REFUSE)
            blob_receiver_finished(&peer->receiver, &chunk->digest, reason, &answer);
        if (reason_class(reason) != REASON_CLASS_TRANSIENT)
            blobs->verbs->abandon(blobs, &chunk->digest);
        fetch_emit_frame(fetch, &peer->key, &answer);
        wanted_over(fetch, wanted, reason);
        return;
    }
    wanted->progress = now;
    bool is_complete;
    bool has_answer;
    blob_receiver_written(&peer->receiver, chunk, &is_complete, &has_answer, &answer);
    if (is_complete) {
        enum reason outcome = unless_changed(blobs->verbs->finish(blobs, &chunk->digest));
        blob_receiver_finished(&peer->receiver, &chunk->digest, outcome, &answer);
        fetch_emit_answer(fetch, wanted, &answer);
        wanted_over(fetch, wanted, outcome);
    } else if (has_answer) {
        fetch_emit_answer(fetch, wanted, &answer);
    }
}

/* ---- both
 * ---------------------------------------------------------------------------------------- */

void fetch_frame(struct fetch *fetch, const struct key *peer, const struct frame *frame, mono_t now)
{
    struct peer *from = get_peer(fetch, peer);
    if (from == NULL)
        return;
    if (frame->kind == FRAME_BLOB_CHUNK) {
        receive_chunk(fetch, from, &frame->blob, now);
        begin_more(fetch, from);
    } else if (frame->kind == FRAME_BLOB_WANT) {
        fetch_receive_want(fetch, from, frame);
    } else if (frame->kind == FRAME_BLOB_REFUSED) {
        struct wanted *wanted = find_wanted(fetch, peer, &frame->blob.digest);
        struct frame ignored;
        if (wanted != NULL && wanted->is_begun) {
            if (!wanted->is_kept)
                blob_receiver_finished(&from->receiver, &frame->blob.digest, frame->blob.reason,
                                       &ignored);
            wanted_over(fetch, wanted, frame->blob.reason);
            begin_more(fetch, from);
        } else {
            struct digest digest;
            enum reason reason;
            (void)blob_sender_answer(&from->sender, frame, &digest, &reason);
        }
    }
}

void fetch_tick(struct fetch *fetch, mono_t now)
{
    for (size_t i = 0; i < fetch->wanted_count;) {
        struct wanted *wanted = &fetch->wanted[i];
        if (now.ms - wanted->progress.ms < FETCH_SILENT_MS) {
            i++;
            continue;
        }
        struct peer *peer = fetch_find_peer(fetch, &wanted->peer);
        if (wanted->is_begun && wanted->is_kept) {
            fetch_end_proof(fetch, wanted, REASON_LEASE_EXPIRED);
        } else if (peer != NULL && wanted->is_begun) {
            struct frame ignored;
            blob_receiver_finished(&peer->receiver, &wanted->digest, REASON_LEASE_EXPIRED,
                                   &ignored);
        }
        wanted_over(fetch, wanted, REASON_LEASE_EXPIRED);
    }
    for (uint32_t i = 0; fetch->wanted_count > 0 && i < fetch->peer_count; i++)
        begin_more(fetch, &fetch->peers[i]);
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
        *ret_intake = waiting.intake;
        *ret_sealed = waiting.sealed;
        *ret_reason = waiting.reason;
        waiting.sealed->has_files = waiting.reason == REASON_NONE;
        return true;
    }
    return false;
}

void fetch_peer_lost(struct fetch *fetch, const struct key *peer)
{
    struct peer *found = fetch_find_peer(fetch, peer);
    if (found != NULL) {
        blob_sender_reset(&found->sender);
        blob_receiver_reset(&found->receiver);
    }
    for (size_t i = 0; i < fetch->wanted_count;) {
        if (key_equal(&fetch->wanted[i].peer, peer))
            forget_wanted(fetch, &fetch->wanted[i]);
        else
            i++;
    }
    for (size_t i = 0; i < fetch->waiting_count; i++) {
        if (key_equal(&fetch->waiting[i].intake->peer, peer))
            fetch->waiting[i].reason = REASON_LINK_LOST;
    }
}
