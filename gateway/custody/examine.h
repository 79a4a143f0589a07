/* examine - from a frame's bytes to sealed messages: parse, hash, verify. Pure; for worker threads.
 *
 *   frame ─frame_parse▶ parcels ─envelope_parse▶ envelope ─verify▶ struct sealed
 *
 * struct sealed is the only type that admission takes, and nothing but examine_frame makes one: an
 * unverified message cannot be routed because it does not compile. A message that failed has its
 * reason in .verdict and is carried on all the same, so that its refusal is recorded and answered.
 *
 * Everything that comes out lives in the intake: its copy of the frame's bytes and its arena.
 */
#pragma once

#include "gateway/port/crypto.h"
#include "proto/base/arena.h"
#include "proto/codec/envelope.h"
#include "proto/codec/frame.h"

enum {
    /* Documents in one frame; bounds the memory and the time of one examination. */
    EXAMINE_MESSAGES_MAX = 512,
};

struct sealed {
    struct envelope envelope; /* .document is always set; the rest only when it could be parsed */
    struct digest digest;     /* SHA-256 of the document */
    const struct parcel *parcel;
    uint32_t document_index; /* in that parcel */
    bool is_parsed;
    bool has_files; /* the core's: its sender sent or showed every attachment */
    enum reason
        verdict;       /* REASON_NONE: the seal of a registered, valid signer, who is the sender */
    const char *field; /* that a FIELD_ reason is about, for its receipt; NULL: not known */
};

/* One frame on its way through the pipeline. Made and freed by the shell; the core counts
 * references while messages of it wait. */
struct intake {
    struct key peer; /* who is connected; from the transport */
    uint64_t connection;
    struct key carrier; /* whose connection it came over; none: its own */
    struct bytes bytes; /* owned by the shell */
    struct arena arena; /* owned by the shell */
    wall_t arrived;
    /* filled in by examine_frame */
    enum reason reason;   /* of the frame as a whole */
    struct digest digest; /* of the frame's bytes; only when reason is not NONE */
    struct frame frame;
    struct sealed *messages; /* of a FRAME_PARCELS or FRAME_LEDGER_HEAD */
    size_t message_count;
    const struct parcel *parcels; /* of the same */
    size_t parcel_count;
    size_t parcels_examined;
    /* the core's */
    unsigned int references;
    struct intake *next; /* of the same peer, while it waits for its turn */
    size_t done;         /* messages or ids of it that were taken */
    uint32_t wasted;     /* pieces of it that were refused, repeated or about nothing */
};

/* How large an arena examine_frame needs for a frame of that size. */
size_t examine_memory_bytes(size_t frame_bytes);
/* True: the frame is a piece of a file or malformed, so examine_memory_bytes(0) is enough for it,
 * whatever its size. */
bool examine_is_chunk(struct bytes frame);
/* True: it carries nothing that is signed, or is malformed, and is short: examining it costs less
 * than handing it to another thread does. */
bool examine_is_light(struct bytes frame);
/* The same in pieces, for who has others to look after as well: first the frame, then one parcel
 * and its signature at a time. False: it is done. */
bool examine_begin(struct intake *intake, const struct crypto_port *crypto);
bool examine_next(struct intake *intake, const struct crypto_port *crypto, wall_t now);
/* Fills in the intake. now: for the validity of certificates. */
void examine_frame(struct intake *intake, const struct crypto_port *crypto, wall_t now);
/* A certificate ended, or was revoked, or the one of its issuer ended (untrusted): it may have been
 * good at some time before. */
bool examine_is_of_time(enum reason verdict);
/* Judges the seal of one parsed message anew, as it stood at that time: one that a custodian is
 * known to have had it at. arena: for a manifest. */
void examine_at(struct sealed *sealed, const struct crypto_port *crypto, struct arena *arena,
                wall_t at);
