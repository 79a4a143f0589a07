/* A file that is here already is not sent again, but whoever names it in a message shows that he
 * has it: a digest is no secret (entitle.h), and to send one would hand the file to the recipient.
 * He sends one piece, whose place he cannot know before, and it is compared with ours. */
#include "gateway/custody/fetch_parts.h"

#include "proto/base/check.h"

static size_t piece_bytes(const struct wanted *wanted)
{
    return wanted->size_bytes < BLOB_CHUNK_BYTES_MAX ? (size_t)wanted->size_bytes
                                                     : BLOB_CHUNK_BYTES_MAX;
}

void fetch_ask_proof(struct fetch *fetch, struct wanted *wanted)
{
    uint64_t places = wanted->size_bytes - piece_bytes(wanted) + 1;
    check(wanted->is_kept && fetch->options.draw != NULL);
    wanted->piece_at = fetch->options.draw(fetch->options.context) % places;
    wanted->is_begun = true;
    struct frame want = {.kind = FRAME_BLOB_WANT,
                         .blob = {.digest = wanted->digest,
                                  .offset = wanted->piece_at,
                                  .credit_until = wanted->piece_at + piece_bytes(wanted)}};
    fetch_emit_answer(fetch, wanted, &want);
}

void fetch_end_proof(struct fetch *fetch, const struct wanted *wanted, enum reason outcome)
{
    struct frame answer = {.kind = FRAME_BLOB_REFUSED,
                           .blob = {.digest = wanted->digest, .reason = outcome}};
    if (outcome == REASON_NONE)
        answer = (struct frame){.kind = FRAME_BLOB_WANT,
                                .blob = {.digest = wanted->digest,
                                         .offset = wanted->size_bytes,
                                         .credit_until = wanted->size_bytes}};
    fetch_emit_answer(fetch, wanted, &answer);
}

bool fetch_check_proof(struct fetch *fetch, const struct wanted *wanted,
                       const struct frame_blob *chunk, enum reason *ret_outcome)
{
    struct blobs *blobs = fetch->options.blobs;
    size_t size = piece_bytes(wanted);
    size_t got = 0;
    if (!wanted->is_begun || chunk->offset != wanted->piece_at)
        return false;
    enum reason reason =
        blobs->verbs->read(blobs, &wanted->digest, wanted->piece_at, fetch->piece, size, &got);
    if (reason == REASON_NONE && !bytes_equal(chunk->content, (struct bytes){fetch->piece, got}))
        reason = REASON_ATTACHMENT_DIGEST;
    /* It went meanwhile, or our own copy cannot be read: no fault of his, who tries again. */
    if (reason != REASON_NONE && reason != REASON_ATTACHMENT_DIGEST)
        reason = REASON_BUSY;
    *ret_outcome = reason;
    return true;
}
