/* A file that is here already is not sent again, but whoever names it in a message shows that he
 * has it: a digest is no secret (entitle.h), and to send one would hand the file to the recipient.
 * A short file is shown whole, and hashed. Of a longer one he sends one piece, whose place he
 * cannot know before, and it is compared with ours; when they differ it may be ours that is
 * damaged, so the whole file is asked for, and its digest decides. */
#include "gateway/custody/fetch_parts.h"

#include "proto/base/check.h"

static bool is_short(const struct wanted *wanted)
{
    return wanted->size_bytes <= BLOB_CHUNK_BYTES_MAX;
}

static size_t piece_bytes(const struct wanted *wanted)
{
    return is_short(wanted) ? (size_t)wanted->size_bytes : BLOB_CHUNK_BYTES_MAX;
}

/* BUSY: not yet. */
static enum reason read_own(struct fetch *fetch, const struct wanted *wanted, size_t *ret_size)
{
    struct blobs *blobs = fetch->options.blobs;
    return blobs->verbs->read(blobs, &wanted->digest, wanted->piece_at, fetch->piece,
                              piece_bytes(wanted), ret_size);
}

/* The piece of a long file is read here before it is asked for: with a copy that cannot be read
 * nothing could be compared, and the whole file is fetched instead. */
bool fetch_ask_proof(struct fetch *fetch, struct fetch_peer *peer, struct wanted *wanted)
{
    uint64_t places = wanted->size_bytes - piece_bytes(wanted) + 1;
    size_t got;
    check(wanted->state == WANTED_KEPT && fetch->options.draw != NULL);
    wanted->piece_at = fetch->options.draw(fetch->options.context) % places;
    enum reason reason = is_short(wanted) ? REASON_NONE : read_own(fetch, wanted, &got);
    if (reason == REASON_BUSY)
        return false;
    if (reason != REASON_NONE) {
        fetch_from_start(fetch, peer, wanted);
        return false;
    }
    fetch_move(wanted, WANTED_SHOWING);
    wanted->progress = fetch->now;
    struct frame want = {.kind = FRAME_BLOB_WANT,
                         .blob = {.digest = wanted->digest,
                                  .offset = wanted->piece_at,
                                  .credit_until = wanted->piece_at + piece_bytes(wanted)}};
    fetch_emit_answer(fetch, wanted, &want);
    return true;
}

/* BUSY: our copy cannot decide it. */
static enum reason compare(struct fetch *fetch, const struct wanted *wanted,
                           const struct frame_blob *chunk)
{
    size_t got = 0;
    if (is_short(wanted)) {
        struct digest actual;
        fetch->options.hash(&chunk->content, 1, &actual);
        return digest_equal(&actual, &wanted->digest) ? REASON_NONE : REASON_ATTACHMENT_DIGEST;
    }
    if (read_own(fetch, wanted, &got) != REASON_NONE)
        return REASON_BUSY;
    return bytes_equal(chunk->content, (struct bytes){fetch->piece, got}) ? REASON_NONE
                                                                          : REASON_BUSY;
}

bool fetch_receive_proof(struct fetch *fetch, struct fetch_peer *peer, struct wanted *wanted,
                         const struct frame_blob *chunk)
{
    if (chunk->offset != wanted->piece_at)
        return false;
    peer->progress = fetch->now;
    enum reason outcome = compare(fetch, wanted, chunk);
    if (outcome == REASON_BUSY) {
        fetch_from_start(fetch, peer, wanted);
    } else {
        fetch_end_transfer(fetch, peer, wanted, outcome);
        fetch_over(fetch, peer, wanted, outcome);
    }
    fetch_go_on(fetch, peer);
    return true;
}
