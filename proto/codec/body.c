#include "proto/codec/body.h"

#include "proto/base/limits.h"
#include "proto/codec/body_rules.h"
#include "proto/codec/message_type.h"
#include "schema/body.pb-c.h"

#include <string.h>

/* ---- unpacking into the arena ---- */

struct arena_allocator {
    struct arena *arena;
    bool is_exhausted;
};

static void *allocate(void *data, size_t size)
{
    struct arena_allocator *allocator = data;
    void *room = arena_take(allocator->arena, size);
    if (room == NULL)
        allocator->is_exhausted = true;
    return room;
}

/* The arena takes everything back at once. */
static void keep(void *data, void *pointer)
{
    (void)data;
    (void)pointer;
}

/* The walk has bounded counts, sizes and depth, so what this takes is bounded as well. */
static enum reason unpack(struct bytes message, struct arena *arena, Lienthong__V1__Body **ret_body)
{
    struct arena_allocator state = {.arena = arena};
    ProtobufCAllocator allocator = {.alloc = allocate, .free = keep, .allocator_data = &state};
    Lienthong__V1__Body *body = lienthong__v1__body__unpack(&allocator, message.size, message.data);
    if (body == NULL)
        return state.is_exhausted ? REASON_OUT_OF_MEMORY : REASON_ENVELOPE_MALFORMED;
    *ret_body = body;
    return REASON_NONE;
}

/* ---- receipts and heads ---- */

static struct bytes bytes_of(ProtobufCBinaryData from)
{
    return (struct bytes){from.data, from.len};
}

static enum reason check_item(uint32_t type, const struct receipt_item *item)
{
    bool says_why = item->reason != REASON_NONE;
    bool has_id = !id_is_zero(&item->message_id);
    if (has_id && !id_is_valid(&item->message_id))
        return REASON_FIELD_INVALID;
    switch (type) {
    case MESSAGE_TYPE_RECEIPT_CUSTODY:
        if (says_why || !key_is_none(&item->destination))
            return REASON_FIELD_INVALID;
        return has_id ? REASON_NONE : REASON_FIELD_MISSING;
    case MESSAGE_TYPE_RECEIPT_DELIVERED:
        if (says_why)
            return REASON_FIELD_INVALID;
        return has_id && !key_is_none(&item->destination) ? REASON_NONE : REASON_FIELD_MISSING;
    case MESSAGE_TYPE_RECEIPT_REFUSED:
        return says_why ? REASON_NONE : REASON_FIELD_MISSING;
    default:
        return has_id ? REASON_NONE : REASON_FIELD_MISSING;
    }
}

static enum reason read_item(uint32_t type, const Lienthong__V1__ReceiptItem *from,
                             struct receipt_item *ret_item)
{
    struct receipt_item item = {.reason = (enum reason)from->reason,
                                .text = bytes_of_text(from->text),
                                .at = {from->at_ms},
                                .office_reference = bytes_of_text(from->office_reference),
                                .recipients = bytes_of_text(from->recipients)};
    struct bytes destination = bytes_of_text(from->destination);
    if (destination.size > 0 && !key_parse(destination, &item.destination))
        return REASON_FIELD_INVALID;
    if (from->message_id.len > 0)
        memcpy(item.message_id.bytes, from->message_id.data, MESSAGE_ID_BYTES);
    memcpy(item.digest.bytes, from->sha256.data, DIGEST_BYTES);
    *ret_item = item;
    return check_item(type, ret_item);
}

static enum reason read_receipt(const Lienthong__V1__Receipt *from, struct arena *arena,
                                struct envelope *envelope)
{
    struct receipt_item *items = arena_take(arena, from->n_items * sizeof *items);
    if (items == NULL)
        return REASON_OUT_OF_MEMORY;
    for (size_t i = 0; i < from->n_items; i++) {
        enum reason reason = read_item(envelope->type, from->items[i], &items[i]);
        if (reason != REASON_NONE)
            return reason;
    }
    envelope->receipt = (struct receipt){
        .items = items,
        .item_count = from->n_items,
        .ledger_id = bytes_of(from->ledger_id),
        .ledger_first_index = from->ledger_first_index,
        .registry_version = bytes_of_text(from->registry_version),
    };
    return REASON_NONE;
}

static void read_tree_head(const Lienthong__V1__TreeHead *from, struct tree_head *ret_head)
{
    *ret_head = (struct tree_head){
        .ledger_id = bytes_of(from->ledger_id), .tree_size = from->tree_size, .at = {from->at_ms}};
    memcpy(ret_head->root.bytes, from->root_sha256.data, DIGEST_BYTES);
}

static uint32_t body_kind_of(uint32_t type)
{
    if (type <= MESSAGE_TYPE_BUSINESS_COUNT)
        return type;
    return type == MESSAGE_TYPE_LEDGER_HEAD ? BODY_TREE_HEAD : BODY_RECEIPT;
}

enum reason body_parse(struct bytes message, struct arena *arena, struct envelope *envelope)
{
    struct field_value kinds[BODY_FIELD_COUNT] = {0};
    Lienthong__V1__Body *body;
    enum reason reason = rules_walk(message, &body_rule, kinds);
    if (reason != REASON_NONE)
        return reason;
    if (!kinds[body_kind_of(envelope->type)].is_present)
        return REASON_FIELD_INVALID;
    reason = unpack(message, arena, &body);
    if (reason != REASON_NONE)
        return reason;
    envelope->body = body;
    if (envelope->type == MESSAGE_TYPE_LEDGER_HEAD)
        read_tree_head(body->tree_head, &envelope->tree_head);
    else if (message_type_is_receipt((enum message_type)envelope->type))
        reason = read_receipt(body->receipt, arena, envelope);
    return reason;
}
