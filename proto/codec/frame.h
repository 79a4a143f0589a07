/* frame - what one ZeroMQ message holds, parsed and built. Pure: no socket here.
 *
 * frame_parse checks sizes and counts (base/limits.h); documents inside parcels are still opaque
 * bytes: one above ENVELOPE_BYTES_MAX is refused by envelope_parse, with a reason of its own. Views
 * point into the frame's bytes or the arena. Unknown fields are skipped; a frame of an unknown
 * kind, or of two, is malformed.
 *
 * Errors: REASON_FRAME_MALFORMED, REASON_FRAME_TOO_LARGE, REASON_OUT_OF_MEMORY.
 */
#pragma once

#include "proto/base/arena.h"
#include "proto/base/digest.h"
#include "proto/base/id.h"
#include "proto/base/key.h"
#include "proto/base/reason.h"
#include "proto/base/time.h"

/* A hello names the lowest and the highest version of the link that its program speaks, the welcome
 * the one that both use, the highest that both know. 1: release 1.0. 2: release 1.1, STANDING and
 * ASK. A version that a release has spoken is spoken by the next MAJOR's programs not any more, and
 * by all until then (ops/decisions/versions.md). */
enum { LINK_VERSION_OLDEST = 1, LINK_VERSION = 2, INCARNATION_BYTES = 16, LEDGER_ID_BYTES = 16 };

enum frame_kind {
    FRAME_HELLO = 1,
    FRAME_WELCOME,
    FRAME_HEARTBEAT,
    FRAME_PARCELS,
    FRAME_TAKEN,
    FRAME_NOT_TAKEN,
    FRAME_BLOB_OFFER,
    FRAME_BLOB_WANT,
    FRAME_BLOB_CHUNK,
    FRAME_BLOB_REFUSED,
    FRAME_LEDGER_HEAD,
    FRAME_GOODBYE,
    FRAME_STANDING,
    FRAME_ASK,
};

/* The first version that has frames of that kind. Whoever sends one on a link of an older version
 * is answered as for bytes that cannot be read. */
uint32_t frame_since(enum frame_kind kind);

struct parcel {
    const struct bytes *documents;
    size_t document_count; /* 1 to PARCEL_MESSAGES_MAX */
    struct bytes manifest;
    struct bytes signature;
    struct bytes certificate;
};

struct head_seen {
    uint8_t ledger_id[LEDGER_ID_BYTES];
    uint64_t tree_size; /* 0: none seen yet */
    struct digest root;
};

struct frame_hello {
    uint32_t version_min;
    uint32_t version_max;
    struct key participant;
    struct bytes program;
    uint32_t window_messages;
    uint32_t window_bytes; /* absent: MESSAGE_WINDOW_BYTES_MAX */
    wall_t clock;
    uint8_t incarnation[INCARNATION_BYTES];
    struct head_seen head_seen;
    wall_t put_back; /* when its store was, while it wants back what it sent since; 0: it was not */
    wall_t offered_until;          /* the last welcome.forgot_until that it has made up for */
    struct bytes registry_version; /* any text; empty: it does not say (release 1.1 and before) */
};

struct frame_welcome {
    uint32_t version;
    struct key gateway;
    uint32_t window_messages;
    uint32_t window_bytes; /* absent: MESSAGE_WINDOW_BYTES_MAX */
    wall_t clock;
    struct bytes registry_version;
    uint64_t attachment_bytes_max;
    wall_t forgot_since, forgot_until; /* what it took between may be gone there; 0: nothing */
};

struct frame_heartbeat {
    wall_t clock;
    uint32_t window_messages;
    uint32_t window_bytes;      /* 0: as before */
    struct head_seen head_seen; /* of an adapter */
    uint32_t readings;          /* of its registry; another number: offer again what waits for it */
    wall_t offered_until;       /* adapter only: as in frame_hello */
    struct bytes registry_version; /* adapter only; empty: as it said last */
};

struct frame_parcels {
    const struct parcel *parcels;
    size_t count; /* 1 to FRAME_PARCELS_MAX */
};

struct frame_taken { /* FRAME_TAKEN, FRAME_NOT_TAKEN, FRAME_ASK */
    const struct message_id *ids;
    size_t count;                /* at most MESSAGE_WINDOW_MAX; ASK: STANDING_ASK_MAX */
    enum reason reason;          /* NOT_TAKEN only */
    uint32_t retry_after_ms;     /* NOT_TAKEN only */
    struct message_id own_after; /* ASK only: with wants_own */
    bool wants_own;              /* what it sent itself after that id */
    wall_t others_since;         /* ASK only: what was sent to it, in custody since then; 0: none */
    uint64_t others_after;
};

/* Why a message has not ended, for people (schema/link.proto). */
struct standing_item {
    struct message_id id;   /* zero: whatever else the speaker has */
    struct key destination; /* none: the speaker */
    enum reason reason;     /* any number: reason_is_known before it is used */
    wall_t since;
    bool is_of_gateway; /* the reason is about the gateway, not about that recipient */
};

struct frame_standing {
    const struct standing_item *items;
    size_t count;                /* at most STANDING_ITEMS_MAX */
    struct message_id own_until; /* what the asking side sent, up to this id, left before this */
    bool own_is_all;
    uint64_t others_until; /* what others sent to it, likewise */
    bool others_is_all;
};

struct frame_blob { /* FRAME_BLOB_* */
    struct digest digest;
    uint64_t size_bytes;   /* OFFER */
    uint64_t offset;       /* WANT, CHUNK */
    uint64_t credit_until; /* WANT */
    struct key sender;     /* WANT: the message that the file is wanted for */
    struct message_id message_id;
    struct bytes content; /* CHUNK */
    enum reason reason;   /* REFUSED */
};

enum { CONSISTENCY_HASHES_MAX = 128 }; /* a tree of 2^64 leaves has paths of at most 64, twice */

struct frame_ledger_head {
    struct parcel parcel;
    const struct digest *consistency;
    size_t consistency_count;
    uint64_t from_tree_size; /* where the proof begins */
};

struct frame {
    enum frame_kind kind;
    union {
        struct frame_hello hello;
        struct frame_welcome welcome;
        struct frame_heartbeat heartbeat;
        struct frame_parcels parcels;
        struct frame_taken taken;
        struct frame_blob blob;
        struct frame_standing standing;
        struct frame_ledger_head ledger_head;
        enum reason goodbye;
    };
};

/* An arena with this much room left parses any frame: its lists, not its bytes, are in the arena.
 */
enum { FRAME_ARENA_BYTES = 128 * 1024 };

enum reason frame_parse(struct bytes bytes, struct arena *arena, struct frame *ret_frame);

/* Appends the bytes of frame; one copy of each document. REASON_FRAME_TOO_LARGE past
 * FRAME_BYTES_MAX, REASON_OUT_OF_MEMORY at the buffer's end: ret_bytes unchanged. The counts are
 * the caller's to keep (checked). Nothing is taken from scratch. */
enum reason frame_build(const struct frame *frame, struct arena *scratch, struct buffer *ret_bytes);

/* Upper bounds of what a document, and a parcel around its documents, take in a frame: for filling
 * frames without building them twice. The costs of the parcels and documents of one frame, added,
 * are at least its size. */
size_t frame_document_cost(size_t document_bytes);
size_t frame_parcel_cost(const struct parcel *parcel_without_documents);
