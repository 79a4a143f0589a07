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

void fetch_receive_want(struct fetch *fetch, struct peer *peer, const struct frame *want)
{
    struct blobs *blobs = fetch->options.blobs;
    struct digest digest;
    enum reason reason;
    if (blob_sender_answer(&peer->sender, want, &digest, &reason) != BLOB_UNKNOWN)
        return;
    uint64_t size_bytes = 0;
    struct frame offer;
    reason = fetch->options.entitle(fetch->options.context, &peer->key, &want->blob);
    if (reason == REASON_NONE)
        reason = blobs->verbs->find(blobs, &want->blob.digest, &size_bytes);
    if (reason == REASON_NONE && want->blob.offset >= size_bytes)
        return; /* the peer says that it has all of it */
    if (reason == REASON_NONE &&
        !blob_sender_offer(&peer->sender, &want->blob.digest, size_bytes, &offer))
        reason = REASON_BUSY;
    if (reason != REASON_NONE) {
        refuse(fetch, &peer->key, &want->blob.digest, reason);
        return;
    }
    (void)blob_sender_answer(&peer->sender, want, &digest, &reason);
}

/* True: sent. False: nothing more can be sent to this peer now. */
static bool serve_chunk(struct fetch *fetch, struct peer *peer, uint8_t *scratch)
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
    if (reason != REASON_NONE || got == 0) {
        /* It was here and is not any more, or is damaged: never serve it. A disk that fails now may
         * read it later: only "not now". */
        bool is_transient = reason != REASON_NONE && reason_class(reason) == REASON_CLASS_TRANSIENT;
        struct frame refusal = {
            .kind = FRAME_BLOB_REFUSED,
            .blob = {.digest = digest, .reason = is_transient ? reason : REASON_ATTACHMENT_MISSING},
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

bool fetch_serve(struct fetch *fetch, uint8_t *scratch)
{
    bool more = false;
    for (uint32_t i = 0; i < fetch->peer_count; i++) {
        int chunks = 0;
        while (chunks < FETCH_SERVE_CHUNKS_MAX && serve_chunk(fetch, &fetch->peers[i], scratch))
            chunks++;
        more = more || chunks == FETCH_SERVE_CHUNKS_MAX;
    }
    return more;
}

bool fetch_is_serving(const struct fetch *fetch, const struct key *peer)
{
    const struct peer *found = fetch_find_peer(fetch, peer);
    return found != NULL && !blob_sender_is_idle(&found->sender);
}
