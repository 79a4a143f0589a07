/* Building: the outer fields, receipts and heads are written from our own types; a business body is
 * packed by protobuf-c. Fields stand in the order of their numbers, as protobuf-c writes them. */
#include "proto/codec/envelope.h"

#include "proto/base/limits.h"
#include "proto/codec/body_rules.h"
#include "proto/codec/envelope_fields.h"
#include "proto/codec/message_type.h"
#include "proto/codec/wire.h"
#include "schema/body.pb-c.h"

struct draft {
    const struct envelope *envelope;
    const Lienthong__V1__Body *body; /* of business types */
};

static struct bytes id_bytes(const struct message_id *id)
{
    return (struct bytes){id->bytes, id_is_zero(id) ? 0 : MESSAGE_ID_BYTES};
}

static struct bytes digest_bytes(const struct digest *digest)
{
    return (struct bytes){digest->bytes, DIGEST_BYTES};
}

static void put_stamp(struct wire_writer *writer, const void *value)
{
    const struct stamp *stamp = value;
    wire_put_sint(writer, STAMP_AT, stamp->at.ms);
    wire_put_sint(writer, STAMP_OFFSET, stamp->offset_minutes);
}

static void put_time(struct wire_writer *writer, uint32_t number, const struct stamp *stamp)
{
    if (stamp->at.ms != 0)
        wire_put_message_always(writer, number, put_stamp, stamp);
}

static void put_attachment(struct wire_writer *writer, const void *value)
{
    const struct attachment *attachment = value;
    wire_put_bytes(writer, ATTACHMENT_DIGEST, digest_bytes(&attachment->digest));
    wire_put_uint(writer, ATTACHMENT_SIZE, attachment->size_bytes);
    wire_put_bytes(writer, ATTACHMENT_NAME, attachment->name);
    wire_put_bytes(writer, ATTACHMENT_MEDIA_TYPE, attachment->media_type);
    wire_put_bytes(writer, ATTACHMENT_COMPONENT, attachment->component_code);
}

static void put_item(struct wire_writer *writer, const void *value)
{
    const struct receipt_item *item = value;
    wire_put_bytes(writer, ITEM_ID, id_bytes(&item->message_id));
    wire_put_bytes(writer, ITEM_DIGEST, digest_bytes(&item->digest));
    wire_put_bytes(writer, ITEM_DESTINATION, key_bytes(&item->destination));
    wire_put_uint(writer, ITEM_REASON, (uint32_t)item->reason);
    wire_put_bytes(writer, ITEM_TEXT, item->text);
    wire_put_sint(writer, ITEM_AT, item->at.ms);
    wire_put_bytes(writer, ITEM_OFFICE_REFERENCE, item->office_reference);
    wire_put_bytes(writer, ITEM_RECIPIENTS, item->recipients);
}

static void put_receipt(struct wire_writer *writer, const void *value)
{
    const struct receipt *receipt = value;
    for (size_t i = 0; i < receipt->item_count; i++)
        wire_put_message_always(writer, RECEIPT_ITEMS, put_item, &receipt->items[i]);
    wire_put_bytes(writer, RECEIPT_LEDGER_ID, receipt->ledger_id);
    wire_put_uint(writer, RECEIPT_FIRST_INDEX, receipt->ledger_first_index);
    wire_put_bytes(writer, RECEIPT_REGISTRY_VERSION, receipt->registry_version);
}

static void put_tree_head(struct wire_writer *writer, const void *value)
{
    const struct tree_head *head = value;
    wire_put_bytes(writer, HEAD_LEDGER_ID, head->ledger_id);
    wire_put_uint(writer, HEAD_TREE_SIZE, head->tree_size);
    wire_put_bytes(writer, HEAD_ROOT, digest_bytes(&head->root));
    wire_put_sint(writer, HEAD_AT, head->at.ms);
}

static void put_body(struct wire_writer *writer, const void *value)
{
    const struct draft *draft = value;
    const struct envelope *envelope = draft->envelope;
    if (envelope->type == MESSAGE_TYPE_LEDGER_HEAD) {
        wire_put_message_always(writer, BODY_TREE_HEAD, put_tree_head, &envelope->tree_head);
    } else if (envelope->type > MESSAGE_TYPE_BUSINESS_COUNT) {
        wire_put_message_always(writer, BODY_RECEIPT, put_receipt, &envelope->receipt);
    } else if (writer->at != NULL) {
        writer->size += lienthong__v1__body__pack(draft->body, writer->at + writer->size);
    } else {
        writer->size += lienthong__v1__body__get_packed_size(draft->body);
    }
}

static void put_envelope(struct wire_writer *writer, const struct draft *draft)
{
    const struct envelope *envelope = draft->envelope;
    bool is_reply = !id_is_zero(&envelope->in_reply_to);
    bool has_body = draft->body != NULL || envelope->type > MESSAGE_TYPE_BUSINESS_COUNT;
    wire_put_bytes(writer, FIELD_ID, id_bytes(&envelope->id));
    wire_put_bytes(writer, FIELD_SENDER, key_bytes(&envelope->sender));
    wire_put_bytes(writer, FIELD_RECIPIENT, key_bytes(&envelope->recipient));
    wire_put_uint(writer, FIELD_TYPE, envelope->type);
    wire_put_bytes(writer, FIELD_DOSSIER_CODE, envelope->dossier_code);
    wire_put_bytes(writer, FIELD_PROCEDURE_CODE, envelope->procedure_code);
    wire_put_uint(writer, FIELD_SEQUENCE, envelope->sequence);
    put_time(writer, FIELD_SOURCE_TIME, &envelope->source_time);
    put_time(writer, FIELD_CREATED, &envelope->created);
    put_time(writer, FIELD_EXPIRES, &envelope->expires);
    if (is_reply) {
        wire_put_bytes(writer, FIELD_REPLY_ID, id_bytes(&envelope->in_reply_to));
        wire_put_bytes(writer, FIELD_REPLY_DIGEST, digest_bytes(&envelope->in_reply_to_digest));
    }
    for (size_t i = 0; i < envelope->attachment_count; i++)
        wire_put_message_always(writer, FIELD_ATTACHMENTS, put_attachment,
                                &envelope->attachments[i]);
    if (has_body)
        wire_put_message_always(writer, FIELD_BODY, put_body, draft);
}

/* Nothing may be sealed that a recipient would refuse. */
static enum reason check_built(struct bytes document, struct arena *scratch)
{
    struct envelope parsed;
    size_t used = scratch->used;
    const char *ignored;
    enum reason reason = envelope_parse(document, scratch, &parsed);
    if (reason == REASON_NONE)
        reason = envelope_check_content(&parsed, parsed.body, &ignored);
    scratch->used = used;
    return reason;
}

enum reason envelope_build(const struct envelope *envelope, const struct Lienthong__V1__Body *body,
                           struct arena *scratch, struct buffer *ret_document)
{
    struct draft draft = {envelope, body};
    struct wire_writer writer = {0};
    put_envelope(&writer, &draft);
    size_t size = writer.size;
    size_t start = ret_document->size;
    if (size > ENVELOPE_BYTES_MAX)
        return REASON_ENVELOPE_TOO_LARGE;
    uint8_t *room = buffer_extend(ret_document, size);
    if (room == NULL)
        return REASON_OUT_OF_MEMORY;
    writer = (struct wire_writer){.at = room};
    put_envelope(&writer, &draft);
    enum reason reason = check_built((struct bytes){room, size}, scratch);
    if (reason != REASON_NONE)
        ret_document->size = start;
    return reason;
}
