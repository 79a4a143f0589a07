/* The sending half: a peer's BlobWant is served from the blobs port, within its credit, when the
 * peer is entitled to the file. */
#include "gateway/custody/fetch_parts.h"

/* "Not yours" sounds like "not here": nobody learns by asking which files there are. */
static void refuse(struct fetch *fetch, const struct key *peer, const struct digest *digest,
                   enum reason reason)
{
    bool is_missing = reason == REASON_NOT_FOUND || reason == REASON_ATTACHMENT_FORBIDDEN;
    struct frame refusal = {
        .kind = FRAME_BLOB_REFUSED,
        .blob = {.digest = *digest, .reason = is_missing ? REASON_ATTACHMENT_MISSING : reason},
    };
    fetch_emit_frame(fetch, peer, &refusal);
}

/* A look costs; so many a second, and as many saved up. */
static bool spend(const struct fetch *fetch, struct fetch_peer *peer, uint32_t looks)
{
    int64_t earned = (fetch->now.ms - peer->looked.ms) * FETCH_LOOKS_PER_S / 1000;
    if (earned > 0) {
        peer->looked = fetch->now;
        int64_t sum = peer->looks + earned;
        peer->looks = sum < FETCH_LOOKS_PER_S ? (uint32_t)sum : (uint32_t)FETCH_LOOKS_PER_S;
    }
    bool has_them = peer->looks >= looks;
    peer->looks -= has_them ? looks : peer->looks;
    return has_them;
}

/* The peer is owed a file that is damaged or gone: its author has it still, perhaps. An adapter has
 * no authors but itself, and its local system brings the file again. */
static void repair(struct fetch *fetch, const struct frame_blob *want, uint64_t size_bytes)
{
    const struct fetch_file file = {want->digest, size_bytes, want->sender, want->message_id};
    if (fetch->options.draw != NULL && fetch_again(fetch, &want->sender, &file))
        fetch_go_on(fetch, fetch_get_peer(fetch, &want->sender));
}

/* NONE: it is here, and the peer may have it. */
static enum reason look(struct fetch *fetch, struct fetch_peer *peer, const struct frame_blob *want,
                        uint64_t *ret_size_bytes)
{
    struct blobs *blobs = fetch->options.blobs;
    uint64_t declared;
    if (!spend(fetch, peer, 1))
        return REASON_BUSY;
    enum reason reason =
        fetch->options.entitle(fetch->options.context, &peer->key, want, &declared);
    if (reason != REASON_NONE) {
        (void)spend(fetch, peer, FETCH_LOOK_FORBIDDEN - 1);
        return reason;
    }
    reason = blobs->verbs->find(blobs, &want->digest, ret_size_bytes);
    bool is_damaged = reason == REASON_NONE && *ret_size_bytes != declared;
    if (reason != REASON_NOT_FOUND && !is_damaged)
        return reason;
    repair(fetch, want, declared);
    return REASON_ATTACHMENT_DAMAGED;
}

/* A want for a transfer that is under way costs nothing; a first one is looked into, and then
 * treated as the answer to an offer that was never sent. */
bool fetch_receive_want(struct fetch *fetch, struct fetch_peer *peer, const struct frame *want)
{
    struct digest digest;
    enum reason reason;
    uint64_t size_bytes;
    struct frame offer;
    if (blob_sender_answer(&peer->sender, want, &digest, &reason) != BLOB_UNKNOWN)
        return true;
    if (want->blob.credit_until <= want->blob.offset)
        return false; /* nothing is wanted: it has all of it */
    reason = look(fetch, peer, &want->blob, &size_bytes);
    if (reason == REASON_NONE && want->blob.offset >= size_bytes)
        return false;
    if (reason == REASON_NONE &&
        !blob_sender_offer(&peer->sender, &want->blob.digest, size_bytes, &offer))
        reason = REASON_BUSY;
    if (reason != REASON_NONE) {
        refuse(fetch, &peer->key, &want->blob.digest, reason);
        return false;
    }
    (void)blob_sender_answer(&peer->sender, want, &digest, &reason);
    return true;
}

/* Who says that our bytes are wrong may be right: the file is read again, and rarely, for it may
 * as well be a way to keep our disk busy. */
void fetch_refused(struct fetch *fetch, struct fetch_peer *peer, const struct frame *refusal)
{
    struct blobs *blobs = fetch->options.blobs;
    struct digest digest;
    enum reason reason;
    if (blob_sender_answer(&peer->sender, refusal, &digest, &reason) != BLOB_FAILED ||
        reason != REASON_ATTACHMENT_DIGEST || fetch->now.ms - peer->doubted.ms < FETCH_DOUBT_MS)
        return;
    peer->doubted = fetch->now;
    blobs->verbs->doubt(blobs, &digest);
}

/* True: sent. False: nothing more can be sent to this peer now. */
static bool serve_chunk(struct fetch *fetch, struct fetch_peer *peer, uint8_t *scratch)
{
    struct blobs *blobs = fetch->options.blobs;
    struct digest digest;
    uint64_t offset;
    size_t size;
    if (!blob_sender_next(&peer->sender, &digest, &offset, &size))
        return false;
    struct frame frame = {.kind = FRAME_BLOB_CHUNK, .blob = {.digest = digest, .offset = offset}};
    size_t got = 0;
    enum reason reason = blobs->verbs->read(blobs, &digest, offset, scratch, size, &got);
    if (reason == REASON_BUSY)
        return false;
    if (reason != REASON_NONE || got == 0) {
        /* It was here and is not any more, or is damaged: that is ours to mend, and only "not now"
         * for who wants it. */
        bool is_transient = reason != REASON_NONE && reason_class(reason) == REASON_CLASS_TRANSIENT;
        struct frame refusal = {
            .kind = FRAME_BLOB_REFUSED,
            .blob = {.digest = digest, .reason = is_transient ? reason : REASON_ATTACHMENT_DAMAGED},
        };
        struct digest ended;
        enum reason ignored;
        (void)blob_sender_answer(&peer->sender, &refusal, &ended, &ignored);
        fetch_emit_frame(fetch, &peer->key, &refusal);
        return true;
    }
    frame.blob.content = (struct bytes){scratch, got};
    if (fetch->options.emit(fetch->options.context, &peer->key, &frame) != REASON_NONE)
        return false;
    blob_sender_sent(&peer->sender, &digest, got);
    return true;
}

/* Chunks for a few peers a step, and the next step begins with those that had none: a file of 100
 * MiB must not hold up the messages of others (invariant 13). */
bool fetch_serve(struct fetch *fetch, uint8_t *scratch)
{
    bool more = false;
    int all = 0;
    uint32_t first = fetch->serve_next;
    for (uint32_t i = 0; i < fetch->peer_count; i++) {
        uint32_t at = (first + i) % fetch->peer_count;
        int chunks = 0;
        if (all >= FETCH_SERVE_ALL_CHUNKS_MAX) {
            fetch->serve_next = at; /* these are the first of the next step */
            return true;
        }
        while (chunks < FETCH_SERVE_CHUNKS_MAX && serve_chunk(fetch, &fetch->peers[at], scratch))
            chunks++;
        all += chunks;
        more = more || chunks == FETCH_SERVE_CHUNKS_MAX;
    }
    return more;
}
