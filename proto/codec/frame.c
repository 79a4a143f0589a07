/* What schema/link.proto says, as tables of codec/rules.h. Nothing is unpacked: views point into
 * the frame's bytes, since copying would move every document and every chunk once more. A frame is
 * measured first and then written straight into the buffer, with one copy of each document.
 *
 * A unit test compares what is built from these tables with what protobuf-c packs. */
#include "proto/codec/frame.h"

#include <string.h>

#include "proto/base/check.h"
#include "proto/codec/rules.h"

enum { FRAME_NAME_BYTES_MAX = 64 /* program, registry version */ };

/* clang-format off */
#define WINDOW_BYTES(type) \
    RULE_UINT(type, window_bytes, MESSAGE_WINDOW_BYTES_MIN, MESSAGE_WINDOW_BYTES_MAX)

/* Marked by the size of the tree: a witness that has seen none says nothing. */
RULE_MARKED(seen, RULE_BIT(1) | RULE_BIT(2) | RULE_BIT(3), 2,
    [1] = RULE_ARRAY(struct head_seen, ledger_id),
    [2] = RULE_UPTO(struct head_seen, tree_size, UINT64_MAX),
    [3] = RULE_ARRAY(struct head_seen, root));

RULE(hello, RULE_BIT(1) | RULE_BIT(2) | RULE_BIT(3) | RULE_BIT(5) | RULE_BIT(7),
    [1] = RULE_UINT(struct frame_hello, version_min, 1, UINT32_MAX),
    [2] = RULE_UINT(struct frame_hello, version_max, 1, UINT32_MAX),
    [3] = RULE_KEY(struct frame_hello, participant),
    [4] = RULE_TEXT(struct frame_hello, program, FRAME_NAME_BYTES_MAX),
    [5] = RULE_UINT(struct frame_hello, window_messages, 1, MESSAGE_WINDOW_MAX),
    [6] = RULE_TIME(struct frame_hello, clock),
    [7] = RULE_ARRAY(struct frame_hello, incarnation),
    [8] = RULE_STRUCT(struct frame_hello, head_seen, seen_rule),
    [9] = WINDOW_BYTES(struct frame_hello),
    [10] = RULE_TIME(struct frame_hello, put_back),
    [11] = RULE_TIME(struct frame_hello, offered_until),
    [12] = RULE_TEXT(struct frame_hello, registry_version, FRAME_NAME_BYTES_MAX));

RULE(welcome, RULE_BIT(1) | RULE_BIT(2) | RULE_BIT(3),
    [1] = RULE_UINT(struct frame_welcome, version, 1, UINT32_MAX),
    [2] = RULE_KEY(struct frame_welcome, gateway),
    [3] = RULE_UINT(struct frame_welcome, window_messages, 1, MESSAGE_WINDOW_MAX),
    [4] = RULE_TIME(struct frame_welcome, clock),
    [5] = RULE_TEXT(struct frame_welcome, registry_version, FRAME_NAME_BYTES_MAX),
    [6] = RULE_UPTO(struct frame_welcome, attachment_bytes_max, BLOB_BYTES_HARD_MAX),
    [7] = WINDOW_BYTES(struct frame_welcome),
    [8] = RULE_TIME(struct frame_welcome, forgot_since),
    [9] = RULE_TIME(struct frame_welcome, forgot_until));

RULE(heartbeat, 0,
    [1] = RULE_TIME(struct frame_heartbeat, clock),
    [2] = RULE_UPTO(struct frame_heartbeat, window_messages, MESSAGE_WINDOW_MAX),
    [3] = RULE_STRUCT(struct frame_heartbeat, head_seen, seen_rule),
    [4] = RULE_UPTO(struct frame_heartbeat, readings, UINT32_MAX),
    [5] = WINDOW_BYTES(struct frame_heartbeat),
    [6] = RULE_TIME(struct frame_heartbeat, offered_until),
    [7] = RULE_TEXT(struct frame_heartbeat, registry_version, FRAME_NAME_BYTES_MAX));

/* A document that is too large is refused by envelope_parse, with a receipt of its own. */
RULE(parcel, RULE_BIT(1),
    [1] = RULE_VIEWS(struct parcel, documents, document_count, 1, FRAME_BYTES_MAX,
                     PARCEL_MESSAGES_MAX),
    [2] = RULE_VIEW(struct parcel, manifest, 0, MANIFEST_BYTES_MAX),
    [3] = RULE_VIEW(struct parcel, signature, 0, SIGNATURE_BYTES_MAX),
    [4] = RULE_VIEW(struct parcel, certificate, 0, CERTIFICATE_BYTES_MAX));

RULE(parcels, RULE_BIT(1),
    [1] = RULE_STRUCTS(struct frame_parcels, parcels, count, parcel_rule, FRAME_PARCELS_MAX));

RULE(taken, 0,
    [1] = RULE_ARRAYS(struct frame_taken, ids, count, MESSAGE_WINDOW_MAX));

RULE(not_taken, 0,
    [1] = RULE_ARRAYS(struct frame_taken, ids, count, MESSAGE_WINDOW_MAX),
    [2] = RULE_UPTO(struct frame_taken, reason, UINT32_MAX),
    [3] = RULE_UPTO(struct frame_taken, retry_after_ms, UINT32_MAX));

RULE(offer, RULE_BIT(1),
    [1] = RULE_ARRAY(struct frame_blob, digest),
    [2] = RULE_UPTO(struct frame_blob, size_bytes, UINT64_MAX));

RULE(want, RULE_BIT(1) | RULE_BIT(4) | RULE_BIT(5),
    [1] = RULE_ARRAY(struct frame_blob, digest),
    [2] = RULE_UPTO(struct frame_blob, offset, UINT64_MAX),
    [3] = RULE_UPTO(struct frame_blob, credit_until, UINT64_MAX),
    [4] = RULE_KEY(struct frame_blob, sender),
    [5] = RULE_ARRAY(struct frame_blob, message_id));

RULE(chunk, RULE_BIT(1) | RULE_BIT(3),
    [1] = RULE_ARRAY(struct frame_blob, digest),
    [2] = RULE_UPTO(struct frame_blob, offset, UINT64_MAX),
    [3] = RULE_VIEW(struct frame_blob, content, 0, BLOB_CHUNK_BYTES_MAX));

RULE(refused, RULE_BIT(1) | RULE_BIT(2),
    [1] = RULE_ARRAY(struct frame_blob, digest),
    [2] = RULE_UPTO(struct frame_blob, reason, UINT32_MAX));

RULE(ledger_head, RULE_BIT(1),
    [1] = RULE_STRUCT(struct frame_ledger_head, parcel, parcel_rule),
    [2] = RULE_ARRAYS(struct frame_ledger_head, consistency, consistency_count,
                      CONSISTENCY_HASHES_MAX),
    [3] = RULE_UPTO(struct frame_ledger_head, from_tree_size, UINT64_MAX));

RULE(goodbye, 0,
    [1] = {.kind = FIELD_UINT, .max = UINT32_MAX, .form = FORM_NUMBER,
           .size = sizeof(enum reason)});

RULE(standing_item, 0,
    [1] = RULE_ID(struct standing_item, id),
    [2] = RULE_KEY(struct standing_item, destination),
    [3] = RULE_UPTO(struct standing_item, reason, UINT32_MAX),
    [4] = RULE_TIME(struct standing_item, since),
    [5] = RULE_UPTO(struct standing_item, is_of_gateway, 1));

RULE(standing, 0,
    [1] = RULE_STRUCTS(struct frame_standing, items, count, standing_item_rule,
                       STANDING_ITEMS_MAX),
    [2] = RULE_ID(struct frame_standing, own_until),
    [3] = RULE_UPTO(struct frame_standing, own_is_all, 1),
    [4] = RULE_UPTO(struct frame_standing, others_until, UINT64_MAX),
    [5] = RULE_UPTO(struct frame_standing, others_is_all, 1));

RULE(ask, 0,
    [1] = RULE_ARRAYS(struct frame_taken, ids, count, STANDING_ASK_MAX),
    [2] = RULE_ID(struct frame_taken, own_after),
    [3] = RULE_UPTO(struct frame_taken, wants_own, 1),
    [4] = RULE_TIME(struct frame_taken, others_since),
    [5] = RULE_UPTO(struct frame_taken, others_after, UINT64_MAX));

static const struct field_rule frame_fields[] = {
    [FRAME_HELLO] = RULE_STRUCT(struct frame, hello, hello_rule),
    [FRAME_WELCOME] = RULE_STRUCT(struct frame, welcome, welcome_rule),
    [FRAME_HEARTBEAT] = RULE_STRUCT(struct frame, heartbeat, heartbeat_rule),
    [FRAME_PARCELS] = RULE_STRUCT(struct frame, parcels, parcels_rule),
    [FRAME_TAKEN] = RULE_STRUCT(struct frame, taken, taken_rule),
    [FRAME_NOT_TAKEN] = RULE_STRUCT(struct frame, taken, not_taken_rule),
    [FRAME_BLOB_OFFER] = RULE_STRUCT(struct frame, blob, offer_rule),
    [FRAME_BLOB_WANT] = RULE_STRUCT(struct frame, blob, want_rule),
    [FRAME_BLOB_CHUNK] = RULE_STRUCT(struct frame, blob, chunk_rule),
    [FRAME_BLOB_REFUSED] = RULE_STRUCT(struct frame, blob, refused_rule),
    [FRAME_LEDGER_HEAD] = RULE_STRUCT(struct frame, ledger_head, ledger_head_rule),
    [FRAME_GOODBYE] = RULE_STRUCT(struct frame, goodbye, goodbye_rule),
    [FRAME_STANDING] = RULE_STRUCT(struct frame, standing, standing_rule),
    [FRAME_ASK] = RULE_STRUCT(struct frame, taken, ask_rule),
};
/* clang-format on */
static const struct message_rule frame_rule = {
    .fields = frame_fields,
    .field_count = sizeof frame_fields / sizeof *frame_fields,
    .is_choice = true,
    .choice_at = offsetof(struct frame, kind),
};
_Static_assert(sizeof(enum frame_kind) == sizeof(uint32_t), "the choice of frame_rule");

uint32_t frame_since(enum frame_kind kind)
{
    return kind == FRAME_STANDING || kind == FRAME_ASK ? 2 : LINK_VERSION_OLDEST;
}

/* ---- parsing ---- */

/* A program that names no bytes takes the most (schema/link.proto). */
static void set_window_bytes(uint32_t *window_bytes)
{
    if (*window_bytes == 0)
        *window_bytes = MESSAGE_WINDOW_BYTES_MAX;
}

/* What no table says: what depends on two fields, or on nothing being there. */
static bool is_sound(struct frame *frame)
{
    switch (frame->kind) {
    case FRAME_HELLO:
        set_window_bytes(&frame->hello.window_bytes);
        return frame->hello.version_min <= frame->hello.version_max;
    case FRAME_WELCOME:
        set_window_bytes(&frame->welcome.window_bytes);
        return true;
    case FRAME_LEDGER_HEAD:
        return frame->ledger_head.parcel.document_count == 1;
    default:
        return true;
    }
}

enum reason frame_parse(struct bytes bytes, struct arena *arena, struct frame *ret_frame)
{
    struct frame frame;
    if (bytes.size > FRAME_BYTES_MAX)
        return REASON_FRAME_TOO_LARGE;
    memset(&frame, 0, sizeof frame);
    enum reason reason = rules_read(bytes, &frame_rule, arena, &frame);
    if (reason == REASON_OUT_OF_MEMORY)
        return reason;
    if (reason != REASON_NONE || !is_sound(&frame))
        return REASON_FRAME_MALFORMED;
    *ret_frame = frame;
    return REASON_NONE;
}

/* ---- building ---- */

/* Bounds that our own callers keep: whoever fills a frame counts by frame_document_cost and
 * frame_parcel_cost, so that a breach is a mistake of ours and never a peer's. */
static void check_parcel(const struct parcel *parcel)
{
    check(parcel->document_count >= 1 && parcel->document_count <= PARCEL_MESSAGES_MAX);
}

/* The counts are the caller's to keep. */
static void check_counts(const struct frame *frame)
{
    const struct bytes *content = &frame->blob.content;
    switch (frame->kind) {
    case FRAME_PARCELS:
        check(frame->parcels.count >= 1 && frame->parcels.count <= FRAME_PARCELS_MAX);
        for (size_t i = 0; i < frame->parcels.count; i++)
            check_parcel(&frame->parcels.parcels[i]);
        break;
    case FRAME_TAKEN:
    case FRAME_NOT_TAKEN:
    case FRAME_ASK:
        check(frame->taken.count <= MESSAGE_WINDOW_MAX);
        break;
    case FRAME_BLOB_CHUNK:
        check(content->size >= 1 && content->size <= BLOB_CHUNK_BYTES_MAX);
        break;
    case FRAME_LEDGER_HEAD:
        check(frame->ledger_head.parcel.document_count == 1 &&
              frame->ledger_head.consistency_count <= CONSISTENCY_HASHES_MAX);
        break;
    case FRAME_STANDING:
        check(frame->standing.count <= STANDING_ITEMS_MAX);
        break;
    default:
        break;
    }
}

enum reason frame_build(const struct frame *frame, struct arena *scratch, struct buffer *ret_bytes)
{
    (void)scratch;
    struct wire_writer writer = {0};
    check_counts(frame);
    rules_write(&writer, &frame_rule, frame);
    if (writer.size > FRAME_BYTES_MAX)
        return REASON_FRAME_TOO_LARGE;
    uint8_t *room = buffer_extend(ret_bytes, writer.size);
    if (room == NULL)
        return REASON_OUT_OF_MEMORY;
    writer = (struct wire_writer){.at = room + writer.size};
    rules_write(&writer, &frame_rule, frame);
    return REASON_NONE;
}

/* A field's number below 16 and its wire type take one byte; all fields of a parcel are below. */
static size_t field_cost(size_t size)
{
    return 1 + wire_varint_size(size) + size;
}

size_t frame_document_cost(size_t document_bytes)
{
    return field_cost(document_bytes);
}

/* The lengths of the parcel and of the list around it are not known before the documents are, so
 * that each is counted with the longest that a frame can need. */
size_t frame_parcel_cost(const struct parcel *parcel_without_documents)
{
    const struct parcel *parcel = parcel_without_documents;
    size_t headers = 2 * field_cost(0) + 2 * (wire_varint_size(FRAME_BYTES_MAX) - 1);
    return headers + field_cost(parcel->manifest.size) + field_cost(parcel->signature.size) +
           field_cost(parcel->certificate.size);
}
