/* Building: measured first, then written straight into the buffer, one copy of each document. */
#include "proto/codec/frame.h"

#include "proto/base/check.h"
#include "proto/codec/frame_fields.h"
#include "proto/codec/wire.h"

static struct bytes digest_bytes(const struct digest *digest)
{
    return (struct bytes){digest->bytes, DIGEST_BYTES};
}

static void put_seen(struct wire_writer *writer, const void *value)
{
    const struct head_seen *seen = value;
    wire_put_bytes(writer, SEEN_LEDGER_ID, (struct bytes){seen->ledger_id, LEDGER_ID_BYTES});
    wire_put_uint(writer, SEEN_TREE_SIZE, seen->tree_size);
    wire_put_bytes(writer, SEEN_ROOT, digest_bytes(&seen->root));
}

static void put_heartbeat(struct wire_writer *writer, const struct frame_heartbeat *heartbeat)
{
    wire_put_sint(writer, HEARTBEAT_CLOCK, heartbeat->clock.ms);
    wire_put_uint(writer, HEARTBEAT_WINDOW, heartbeat->window_messages);
    if (heartbeat->head_seen.tree_size > 0)
        wire_put_message_always(writer, HEARTBEAT_HEAD_SEEN, put_seen, &heartbeat->head_seen);
    wire_put_uint(writer, HEARTBEAT_READINGS, heartbeat->readings);
    wire_put_uint(writer, HEARTBEAT_WINDOW_BYTES, heartbeat->window_bytes);
}

static void put_hello(struct wire_writer *writer, const struct frame_hello *hello)
{
    wire_put_uint(writer, HELLO_VERSION_MIN, hello->version_min);
    wire_put_uint(writer, HELLO_VERSION_MAX, hello->version_max);
    wire_put_bytes(writer, HELLO_PARTICIPANT, key_bytes(&hello->participant));
    wire_put_bytes(writer, HELLO_PROGRAM, hello->program);
    wire_put_uint(writer, HELLO_WINDOW, hello->window_messages);
    wire_put_sint(writer, HELLO_CLOCK, hello->clock.ms);
    wire_put_bytes(writer, HELLO_INCARNATION,
                   (struct bytes){hello->incarnation, INCARNATION_BYTES});
    if (hello->head_seen.tree_size > 0)
        wire_put_message_always(writer, HELLO_HEAD_SEEN, put_seen, &hello->head_seen);
    wire_put_uint(writer, HELLO_WINDOW_BYTES, hello->window_bytes);
}

static void put_welcome(struct wire_writer *writer, const struct frame_welcome *welcome)
{
    wire_put_uint(writer, WELCOME_VERSION, welcome->version);
    wire_put_bytes(writer, WELCOME_GATEWAY, key_bytes(&welcome->gateway));
    wire_put_uint(writer, WELCOME_WINDOW, welcome->window_messages);
    wire_put_sint(writer, WELCOME_CLOCK, welcome->clock.ms);
    wire_put_bytes(writer, WELCOME_REGISTRY_VERSION, welcome->registry_version);
    wire_put_uint(writer, WELCOME_ATTACHMENT_MAX, welcome->attachment_bytes_max);
    wire_put_uint(writer, WELCOME_WINDOW_BYTES, welcome->window_bytes);
}

static void put_parcel(struct wire_writer *writer, const void *value)
{
    const struct parcel *parcel = value;
    check(parcel->document_count >= 1 && parcel->document_count <= PARCEL_MESSAGES_MAX);
    for (size_t i = 0; i < parcel->document_count; i++)
        wire_put_bytes_always(writer, PARCEL_DOCUMENTS, parcel->documents[i]);
    wire_put_bytes(writer, PARCEL_MANIFEST, parcel->manifest);
    wire_put_bytes(writer, PARCEL_SIGNATURE, parcel->signature);
    wire_put_bytes(writer, PARCEL_CERTIFICATE, parcel->certificate);
}

static void put_parcels(struct wire_writer *writer, const struct frame_parcels *parcels)
{
    check(parcels->count >= 1 && parcels->count <= FRAME_PARCELS_MAX);
    for (size_t i = 0; i < parcels->count; i++)
        wire_put_message_always(writer, PARCELS_PARCELS, put_parcel, &parcels->parcels[i]);
}

static void put_taken(struct wire_writer *writer, const struct frame_taken *taken, bool says_why)
{
    check(taken->count <= MESSAGE_WINDOW_MAX);
    for (size_t i = 0; i < taken->count; i++)
        wire_put_bytes_always(writer, TAKEN_IDS,
                              (struct bytes){taken->ids[i].bytes, MESSAGE_ID_BYTES});
    if (says_why) {
        wire_put_uint(writer, TAKEN_REASON, (uint32_t)taken->reason);
        wire_put_uint(writer, TAKEN_RETRY_AFTER, taken->retry_after_ms);
    }
}

static void put_blob(struct wire_writer *writer, enum frame_kind kind,
                     const struct frame_blob *blob)
{
    wire_put_bytes(writer, OFFER_DIGEST, digest_bytes(&blob->digest));
    if (kind == FRAME_BLOB_OFFER)
        wire_put_uint(writer, OFFER_SIZE, blob->size_bytes);
    if (kind == FRAME_BLOB_WANT) {
        wire_put_uint(writer, WANT_OFFSET, blob->offset);
        wire_put_uint(writer, WANT_CREDIT_UNTIL, blob->credit_until);
        wire_put_bytes(writer, WANT_SENDER, key_bytes(&blob->sender));
        wire_put_bytes(writer, WANT_MESSAGE_ID,
                       (struct bytes){blob->message_id.bytes, MESSAGE_ID_BYTES});
    }
    if (kind == FRAME_BLOB_CHUNK) {
        check(blob->content.size >= 1 && blob->content.size <= BLOB_CHUNK_BYTES_MAX);
        wire_put_uint(writer, CHUNK_OFFSET, blob->offset);
        wire_put_bytes(writer, CHUNK_CONTENT, blob->content);
    }
    if (kind == FRAME_BLOB_REFUSED)
        wire_put_uint(writer, REFUSED_REASON, (uint32_t)blob->reason);
}

static void put_ledger_head(struct wire_writer *writer, const struct frame_ledger_head *head)
{
    check(head->parcel.document_count == 1 && head->consistency_count <= CONSISTENCY_HASHES_MAX);
    wire_put_message_always(writer, LEDGER_HEAD_PARCEL, put_parcel, &head->parcel);
    for (size_t i = 0; i < head->consistency_count; i++)
        wire_put_bytes_always(writer, LEDGER_HEAD_CONSISTENCY, digest_bytes(&head->consistency[i]));
    wire_put_uint(writer, LEDGER_HEAD_FROM, head->from_tree_size);
}

static void put_standing_item(struct wire_writer *writer, const void *value)
{
    const struct standing_item *item = value;
    if (!id_is_zero(&item->id))
        wire_put_bytes(writer, STANDING_ITEM_ID, (struct bytes){item->id.bytes, MESSAGE_ID_BYTES});
    wire_put_bytes(writer, STANDING_ITEM_DESTINATION, key_bytes(&item->destination));
    wire_put_uint(writer, STANDING_ITEM_REASON, (uint32_t)item->reason);
    wire_put_sint(writer, STANDING_ITEM_SINCE, item->since.ms);
    wire_put_uint(writer, STANDING_ITEM_OF_GATEWAY, item->is_of_gateway);
}

static void put_standing(struct wire_writer *writer, const struct frame_standing *standing)
{
    check(standing->count <= STANDING_ITEMS_MAX);
    for (size_t i = 0; i < standing->count; i++)
        wire_put_message_always(writer, STANDING_ITEMS, put_standing_item, &standing->items[i]);
}

static void put_kind(struct wire_writer *writer, const void *value)
{
    const struct frame *frame = value;
    switch (frame->kind) {
    case FRAME_HELLO:
        put_hello(writer, &frame->hello);
        break;
    case FRAME_WELCOME:
        put_welcome(writer, &frame->welcome);
        break;
    case FRAME_HEARTBEAT:
        put_heartbeat(writer, &frame->heartbeat);
        break;
    case FRAME_PARCELS:
        put_parcels(writer, &frame->parcels);
        break;
    case FRAME_TAKEN:
    case FRAME_NOT_TAKEN:
        put_taken(writer, &frame->taken, frame->kind == FRAME_NOT_TAKEN);
        break;
    case FRAME_BLOB_OFFER:
    case FRAME_BLOB_WANT:
    case FRAME_BLOB_CHUNK:
    case FRAME_BLOB_REFUSED:
        put_blob(writer, frame->kind, &frame->blob);
        break;
    case FRAME_LEDGER_HEAD:
        put_ledger_head(writer, &frame->ledger_head);
        break;
    case FRAME_GOODBYE:
        wire_put_uint(writer, GOODBYE_REASON, (uint32_t)frame->goodbye);
        break;
    case FRAME_STANDING:
        put_standing(writer, &frame->standing);
        break;
    case FRAME_ASK:
        put_taken(writer, &frame->taken, false);
        break;
    }
}

enum reason frame_build(const struct frame *frame, struct arena *scratch, struct buffer *ret_bytes)
{
    (void)scratch;
    struct wire_writer writer = {0};
    wire_put_message_always(&writer, (uint32_t)frame->kind, put_kind, frame);
    if (writer.size > FRAME_BYTES_MAX)
        return REASON_FRAME_TOO_LARGE;
    uint8_t *room = buffer_extend(ret_bytes, writer.size);
    if (room == NULL)
        return REASON_OUT_OF_MEMORY;
    writer = (struct wire_writer){.at = room};
    wire_put_message_always(&writer, (uint32_t)frame->kind, put_kind, frame);
    return REASON_NONE;
}

static size_t field_cost(size_t size)
{
    return 1 + wire_varint_size(size) + size;
}

size_t frame_document_cost(size_t document_bytes)
{
    return field_cost(document_bytes);
}

size_t frame_parcel_cost(const struct parcel *parcel_without_documents)
{
    const struct parcel *parcel = parcel_without_documents;
    size_t headers = 2 * field_cost(0) + 2 * (wire_varint_size(FRAME_BYTES_MAX) - 1);
    return headers + field_cost(parcel->manifest.size) + field_cost(parcel->signature.size) +
           field_cost(parcel->certificate.size);
}
