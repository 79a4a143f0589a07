/* Attachments between two ends of a link: offer, want, chunks. The receiver grants bytes and the
 * sender never sends more, so both know what is under way; after a loss the receiver says where to
 * go on, and nothing is sent twice that it has on disk. What the peer says never reaches a check:
 * it moves a transfer, is refused, or is passed over. The diagram of the states: exchange.h. */
#include "proto/blob/exchange.h"

#include "proto/base/check.h"

/* ---- both ends ------------------------------------------------------------------------------- */

/* A scan of BLOB_TRANSFERS_MAX places; a digest stands in one of them at most. */
static struct blob_transfer *find(struct blob_transfer *transfers, const struct digest *digest)
{
    for (size_t i = 0; i < BLOB_TRANSFERS_MAX; i++) {
        if (transfers[i].state != BLOB_IDLE && digest_equal(&transfers[i].digest, digest))
            return &transfers[i];
    }
    return NULL;
}

static struct blob_transfer *find_idle(struct blob_transfer *transfers)
{
    for (size_t i = 0; i < BLOB_TRANSFERS_MAX; i++) {
        if (transfers[i].state == BLOB_IDLE)
            return &transfers[i];
    }
    return NULL;
}

/* The only assignment to .state. */
static void transfer_move(struct blob_transfer *transfer, enum blob_state to)
{
    transfer->state = to;
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* ---- sender ---------------------------------------------------------------------------------- */

void blob_sender_init(struct blob_sender *sender)
{
    *sender = (struct blob_sender){0};
}

void blob_sender_reset(struct blob_sender *sender)
{
    blob_sender_init(sender);
}

/* One that has nothing to send until its receiver says more. It may give up its place: when the
 * receiver does say more, that BlobWant begins the transfer again where it left off. */
static struct blob_transfer *find_waiting(struct blob_transfer *transfers)
{
    for (size_t i = 0; i < BLOB_TRANSFERS_MAX; i++) {
        if (transfers[i].state == BLOB_OFFERED || transfers[i].offset >= transfers[i].credit_until)
            return &transfers[i];
    }
    return NULL;
}

/* A transfer that could send at once keeps its place, and the new one is told to wait: to begin
 * many files at once would finish none of them sooner. */
bool blob_sender_offer(struct blob_sender *sender, const struct digest *digest, uint64_t size_bytes,
                       struct frame *ret_offer)
{
    struct blob_transfer *transfer = find(sender->transfers, digest);
    if (transfer == NULL) {
        transfer = find_idle(sender->transfers);
        if (transfer == NULL)
            transfer = find_waiting(sender->transfers);
        if (transfer == NULL)
            return false;
        *transfer = (struct blob_transfer){.digest = *digest, .size_bytes = size_bytes};
        transfer_move(transfer, BLOB_OFFERED);
    }
    *ret_offer = (struct frame){.kind = FRAME_BLOB_OFFER,
                                .blob = {.digest = *digest, .size_bytes = transfer->size_bytes}};
    return true;
}

/* The receiver may name any numbers. An offset beyond the file is passed over, and credit is cut at
 * the file's end and at BLOB_WINDOW_BYTES ahead, so that a receiver that grants without bound makes
 * us read and queue no more than an honest one does (invariant 8). */
enum blob_outcome blob_sender_answer(struct blob_sender *sender, const struct frame *answer,
                                     struct digest *ret_digest, enum reason *ret_reason)
{
    const struct frame_blob *blob = &answer->blob;
    struct blob_transfer *transfer = find(sender->transfers, &blob->digest);
    if (transfer == NULL)
        return BLOB_UNKNOWN;
    if (answer->kind == FRAME_BLOB_REFUSED) {
        *ret_digest = blob->digest;
        *ret_reason = blob->reason;
        transfer_move(transfer, BLOB_IDLE);
        return BLOB_FAILED;
    }
    if (answer->kind != FRAME_BLOB_WANT || blob->offset > transfer->size_bytes)
        return BLOB_UNKNOWN;
    if (blob->offset == transfer->size_bytes) {
        *ret_digest = blob->digest;
        transfer_move(transfer, BLOB_IDLE);
        return BLOB_COMPLETE;
    }
    /* The first want says where to begin. A later one grants more; one that grants nothing more
     * comes from a receiver that begins again: it lost what lies between. */
    uint64_t credit = smaller(blob->credit_until, transfer->size_bytes);
    credit = smaller(credit, blob->offset + BLOB_WINDOW_BYTES);
    if (transfer->state == BLOB_OFFERED || blob->credit_until <= transfer->credit_until) {
        transfer->offset = blob->offset;
        transfer->credit_until = credit; /* what was granted before is granted no more */
        transfer_move(transfer, BLOB_SENDING);
    } else if (credit > transfer->credit_until) {
        transfer->credit_until = credit;
    }
    return BLOB_CONTINUE;
}

bool blob_sender_next(const struct blob_sender *sender, struct digest *ret_digest,
                      uint64_t *ret_offset, size_t *ret_size)
{
    /* The one that has sent least goes next: so transfers take turns. */
    const struct blob_transfer *next = NULL;
    for (size_t i = 0; i < BLOB_TRANSFERS_MAX; i++) {
        const struct blob_transfer *transfer = &sender->transfers[i];
        if (transfer->state != BLOB_SENDING || transfer->offset >= transfer->credit_until)
            continue;
        if (next == NULL || transfer->offset < next->offset)
            next = transfer;
    }
    if (next == NULL)
        return false;
    *ret_digest = next->digest;
    *ret_offset = next->offset;
    *ret_size = (size_t)smaller(next->credit_until - next->offset, BLOB_CHUNK_BYTES_MAX);
    return true;
}

void blob_sender_sent(struct blob_sender *sender, const struct digest *digest, size_t size)
{
    struct blob_transfer *transfer = find(sender->transfers, digest);
    check(transfer != NULL && transfer->state == BLOB_SENDING);
    transfer->offset += size;
    check(transfer->offset <= transfer->size_bytes);
}

/* ---- receiver -------------------------------------------------------------------------------- */

void blob_receiver_init(struct blob_receiver *receiver, uint64_t size_max_bytes)
{
    *receiver = (struct blob_receiver){.size_max_bytes = size_max_bytes};
}

void blob_receiver_reset(struct blob_receiver *receiver)
{
    blob_receiver_init(receiver, receiver->size_max_bytes);
}

static struct frame refusal(const struct digest *digest, enum reason reason)
{
    return (struct frame){.kind = FRAME_BLOB_REFUSED,
                          .blob = {.digest = *digest, .reason = reason}};
}

/* What each transfer may have under way, now that so many share the window. */
static uint64_t share(const struct blob_receiver *receiver)
{
    uint64_t count = 0;
    for (size_t i = 0; i < BLOB_TRANSFERS_MAX; i++)
        count += receiver->transfers[i].state != BLOB_IDLE;
    return BLOB_WINDOW_BYTES / (count > 0 ? count : 1);
}

static struct frame want(const struct blob_receiver *receiver, struct blob_transfer *transfer)
{
    transfer->credit_until = smaller(transfer->offset + share(receiver), transfer->size_bytes);
    return (struct frame){.kind = FRAME_BLOB_WANT,
                          .blob = {.digest = transfer->digest,
                                   .offset = transfer->offset,
                                   .credit_until = transfer->credit_until}};
}

/* have_bytes is what the disk has of that file from that sender. An offer for a transfer that is
 * under way begins it again from there: the sender has lost its place, or the connection was
 * another. */
void blob_receiver_offer(struct blob_receiver *receiver, const struct frame_blob *offer,
                         uint64_t have_bytes, struct frame *ret_answer)
{
    if (offer->size_bytes > receiver->size_max_bytes) {
        *ret_answer = refusal(&offer->digest, REASON_ATTACHMENT_TOO_LARGE);
        return;
    }
    if (have_bytes >= offer->size_bytes) {
        *ret_answer = (struct frame){.kind = FRAME_BLOB_WANT,
                                     .blob = {.digest = offer->digest,
                                              .offset = offer->size_bytes,
                                              .credit_until = offer->size_bytes}};
        return;
    }
    struct blob_transfer *transfer = find(receiver->transfers, &offer->digest);
    if (transfer == NULL)
        transfer = find_idle(receiver->transfers);
    if (transfer == NULL) {
        *ret_answer = refusal(&offer->digest, REASON_BUSY);
        return;
    }
    *transfer = (struct blob_transfer){
        .digest = offer->digest, .size_bytes = offer->size_bytes, .offset = have_bytes};
    transfer_move(transfer, BLOB_RECEIVING);
    *ret_answer = want(receiver, transfer);
}

/* What was already written is dropped without a word: after a repeated want the same bytes are
 * still on their way. A gap ends the transfer, for the next offer finds out where to go on; a chunk
 * that says nothing or exceeds size or credit is a sender that does not keep the rules. */
enum blob_step blob_receiver_chunk(struct blob_receiver *receiver, const struct frame_blob *chunk,
                                   struct frame *ret_answer)
{
    struct blob_transfer *transfer = find(receiver->transfers, &chunk->digest);
    if (transfer == NULL || chunk->offset < transfer->offset)
        return BLOB_DROP;
    uint64_t room = transfer->credit_until - transfer->offset;
    enum reason reason = REASON_NONE;
    if (chunk->offset > transfer->offset)
        reason = REASON_LINK_LOST; /* something between was lost: begin again from here */
    else if (chunk->content.size == 0)
        reason = REASON_FIELD_INVALID;
    else if (chunk->content.size > transfer->size_bytes - transfer->offset)
        reason = REASON_ATTACHMENT_LONG;
    else if (chunk->content.size > room)
        reason = REASON_FIELD_INVALID;
    if (reason == REASON_NONE)
        return BLOB_WRITE;
    *ret_answer = refusal(&chunk->digest, reason);
    transfer_move(transfer, BLOB_IDLE);
    return BLOB_REFUSE;
}

/* Only what was written counts, not what was received: credit follows the disk, so that a slow disk
 * slows the sender down and fills no memory. */
bool blob_receiver_written(struct blob_receiver *receiver, const struct frame_blob *chunk)
{
    struct blob_transfer *transfer = find(receiver->transfers, &chunk->digest);
    check(transfer != NULL && transfer->offset == chunk->offset);
    transfer->offset += chunk->content.size;
    return transfer->offset == transfer->size_bytes;
}

bool blob_receiver_grant(struct blob_receiver *receiver, const struct digest *digest,
                         struct frame *ret_answer)
{
    struct blob_transfer *transfer = find(receiver->transfers, digest);
    check(transfer != NULL);
    /* Half a share used: say so, and the sender never stands still. */
    bool is_half = transfer->credit_until - transfer->offset <= share(receiver) / 2;
    if (!is_half || transfer->credit_until == transfer->size_bytes)
        return false;
    *ret_answer = want(receiver, transfer);
    return true;
}

/* The last want has the file's size as its offset, which is how the sender knows that it is there.
 */
void blob_receiver_finished(struct blob_receiver *receiver, const struct digest *digest,
                            enum reason outcome, struct frame *ret_answer)
{
    struct blob_transfer *transfer = find(receiver->transfers, digest);
    check(transfer != NULL);
    if (outcome == REASON_NONE)
        *ret_answer = want(receiver, transfer);
    else
        *ret_answer = refusal(digest, outcome);
    transfer_move(transfer, BLOB_IDLE);
}
