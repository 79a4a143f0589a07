/* envelope - from bytes to a checked envelope, and from a draft to the bytes that are sealed.
 *
 * envelope_parse checks everything that can be checked without knowing who is asking: sizes,
 * required fields, UTF-8, ids, that the body matches the type, receipts' items. What comes out is
 * safe to look at; who sent it and whether it may is still unknown. All views point into the
 * document or the arena and live as long as both.
 *
 * Errors: REASON_ENVELOPE_MALFORMED, _TOO_LARGE, REASON_FIELD_MISSING, _TOO_LONG, _INVALID,
 * REASON_MESSAGE_TYPE_UNKNOWN, REASON_DOSSIER_CODE_INVALID, REASON_ATTACHMENT_TOO_LARGE (above
 * BLOB_BYTES_HARD_MAX; the configured limit is the caller's), REASON_OUT_OF_MEMORY (arena full).
 *
 * Fields that this version does not know are skipped and stay in the document. A field that may
 * stand once and stands twice is refused: readers would not agree on which one counts.
 */
#pragma once

#include "proto/base/arena.h"
#include "proto/base/digest.h"
#include "proto/base/id.h"
#include "proto/base/key.h"
#include "proto/base/reason.h"
#include "proto/base/time.h"

struct Lienthong__V1__Body; /* schema/body.pb-c.h, for those who look inside */

struct attachment {
    struct digest digest;
    uint64_t size_bytes;
    struct bytes name;
    struct bytes media_type;
    struct bytes component_code;
};

struct receipt_item {
    struct message_id message_id; /* zero: the refused bytes had no readable id */
    struct digest digest;
    struct key destination; /* none in custody */
    enum reason reason;
    struct bytes text;
    wall_t at;
    struct bytes office_reference;
    struct bytes acting_for; /* the person who took or refused it; empty: not said */
    struct bytes recipients; /* custody: keys, a blank between two; empty: an older gateway */
    struct key sender;       /* of the message, to one who has a copy of it; else none */
};

struct receipt {
    const struct receipt_item *items;
    size_t item_count;      /* 1 to RECEIPT_ITEMS_MAX */
    struct bytes ledger_id; /* 16 bytes or empty */
    uint64_t ledger_first_index;
    struct bytes registry_version;
};

struct tree_head {
    struct bytes ledger_id; /* 16 bytes */
    uint64_t tree_size;
    struct digest root;
    wall_t at;
};

struct envelope {
    struct bytes document; /* the exact bytes: what is hashed, signed, stored and forwarded */
    struct message_id id;
    struct key sender;
    struct key recipient; /* none: to be routed */
    uint32_t type;        /* MessageType, known */
    struct bytes dossier_code;
    struct bytes procedure_code;
    uint64_t sequence;
    struct stamp source_time;
    struct stamp created;
    struct stamp expires;          /* .at.ms 0: none */
    struct message_id in_reply_to; /* zero: none */
    struct digest in_reply_to_digest;
    const struct attachment *attachments;
    size_t attachment_count;
    struct bytes acting_for; /* the person on whose word it was sent; empty: not said */
    const struct Lienthong__V1__Body *body; /* NULL: the type is no business type */
    struct receipt receipt;                 /* when the type is one of the receipts */
    struct tree_head tree_head;             /* when the type is LEDGER_HEAD */
};

/* An arena with this much room left parses any document of ENVELOPE_BYTES_MAX. Ordinary ones take
 * about twice their size. */
enum { ENVELOPE_ARENA_BYTES = 1024 * 1024 };

enum reason envelope_parse(struct bytes document, struct arena *arena,
                           struct envelope *ret_envelope);

/* What a message needs beyond its form: its codes, attachments' names that people and their file
 * systems can take (base/file_name.h), media types (RFC 6838: printable US-ASCII), and a body that
 * says what its type is for (schema/body_needs.def), with times in milliseconds, and a person's
 * name that reads as it is (base/person_name.h). Asked where a message is made and where it is
 * taken in; what was stored before is read as it is. body: a parsed envelope's own, or a draft's;
 * NULL: it is not looked at.
 * REASON_FIELD_INVALID, _MISSING, _TOO_LONG or REASON_TIME_NOT_MS: ret_field, which lives for ever,
 * says which. */
enum reason envelope_check_content(const struct envelope *envelope,
                                   const struct Lienthong__V1__Body *body, const char **ret_field);

/* The bytes of an envelope; .document and .body are ignored. body: of a business type;
 * NULL otherwise: receipts and heads are made of .receipt or .tree_head. Appends to
 * ret_document, unchanged on failure. What was built parses: a draft that would be refused is
 * refused here, with the same reason. scratch (room: see ENVELOPE_ARENA_BYTES) is left as it was.
 */
enum reason envelope_build(const struct envelope *envelope, const struct Lienthong__V1__Body *body,
                           struct arena *scratch, struct buffer *ret_document);
