/* exchange - moving blobs over a link: offer, want with credit, chunks, done. Pure: no disk, no
 * socket.
 *
 *   sender                                   receiver
 *   OFFERED  ── BlobOffer ──────────────▶    has it all: BlobWant(offset = size)
 *            ◀─ BlobWant(offset, credit) ──  RECEIVING from what is already durable
 *   SENDING  ── BlobChunk … up to credit ▶   writes, verifies at the end
 *            ◀─ BlobWant(offset, credit) ──  more credit, as it writes
 *   DONE     ◀─ BlobWant(offset = size) ───  complete, verified, fsynced
 *   REFUSED  ◀─ BlobRefused(reason) ───────
 *
 * One struct blob_sender and one struct blob_receiver per peer; each at most BLOB_TRANSFERS_MAX at
 * once, more are told to wait by the caller (queue in the store, not here). The receiver divides
 * its window among those that are under way; one that had more uses it up before it is granted its
 * share. After a lost connection the caller says blob_sender_reset / blob_receiver_reset and offers
 * again: transfers resume at the receiver's offset. A BlobWant that grants nothing new rewinds the
 * sender to its offset and its credit, so a receiver that lost chunks repeats its want. A sender
 * whose places are all taken gives the place of a transfer that waits for its receiver to a new
 * one. A chunk out of place, past the size or past the credit is refused.
 */
#pragma once

#include "proto/base/limits.h"
#include "proto/codec/frame.h"

enum blob_state { BLOB_IDLE = 0, BLOB_OFFERED, BLOB_SENDING, BLOB_RECEIVING };

struct blob_transfer {
    enum blob_state state;
    struct digest digest;
    uint64_t size_bytes;
    uint64_t offset; /* sender: next byte to send; receiver: bytes written */
    uint64_t credit_until;
};

struct blob_sender {
    struct blob_transfer transfers[BLOB_TRANSFERS_MAX];
};

struct blob_receiver {
    struct blob_transfer transfers[BLOB_TRANSFERS_MAX];
    uint64_t size_max_bytes;
};

void blob_sender_init(struct blob_sender *sender);
void blob_sender_reset(struct blob_sender *sender);
/* Starts an offer; false when BLOB_TRANSFERS_MAX are under way. ret_offer is the frame to send.
 * Offering a blob that is already under way is true and changes nothing. */
bool blob_sender_offer(struct blob_sender *sender, const struct digest *digest, uint64_t size_bytes,
                       struct frame *ret_offer);

enum blob_outcome {
    BLOB_CONTINUE, /* nothing to tell the owner */
    BLOB_COMPLETE, /* the receiver has all of it */
    BLOB_FAILED,   /* refused: ret_reason */
    BLOB_UNKNOWN,  /* no such transfer: ignore */
};

/* A BlobWant or BlobRefused arrived. */
enum blob_outcome blob_sender_answer(struct blob_sender *sender, const struct frame *answer,
                                     struct digest *ret_digest, enum reason *ret_reason);
/* The next chunk that may be sent now: what to read from the blobs port. False: none has credit.
 * Transfers take turns. Call blob_sender_sent after the chunk left. */
bool blob_sender_next(const struct blob_sender *sender, struct digest *ret_digest,
                      uint64_t *ret_offset, size_t *ret_size);
void blob_sender_sent(struct blob_sender *sender, const struct digest *digest, size_t size);

void blob_receiver_init(struct blob_receiver *receiver, uint64_t size_max_bytes);
void blob_receiver_reset(struct blob_receiver *receiver);
/* An offer arrived and the blobs port says have_bytes of it are durable (size_bytes: all of it).
 * ret_answer is the frame to send: BlobWant or BlobRefused. */
void blob_receiver_offer(struct blob_receiver *receiver, const struct frame_blob *offer,
                         uint64_t have_bytes, struct frame *ret_answer);

enum blob_step {
    BLOB_WRITE,  /* write the content, then call blob_receiver_written */
    BLOB_DROP,   /* stale or repeated: ignore */
    BLOB_REFUSE, /* ret_answer is a BlobRefused to send; the caller abandons the partial blob */
};
enum blob_step blob_receiver_chunk(struct blob_receiver *receiver, const struct frame_blob *chunk,
                                   struct frame *ret_answer);
/* The content was written. True: it was the last; call the blobs port's finish, then
 * blob_receiver_finished. */
bool blob_receiver_written(struct blob_receiver *receiver, const struct frame_blob *chunk);
/* Later, when more may come. True: ret_answer (more credit) is to be sent. */
bool blob_receiver_grant(struct blob_receiver *receiver, const struct digest *digest,
                         struct frame *ret_answer);
/* outcome: REASON_NONE when the blob was verified and fsynced. */
void blob_receiver_finished(struct blob_receiver *receiver, const struct digest *digest,
                            enum reason outcome, struct frame *ret_answer);
