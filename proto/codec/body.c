/* A body is read twice: by the tables of body_rules.c, which bound it and give receipts and heads
 * in our own types, and by protobuf-c, for those who look inside. The tables go first, because
 * protobuf-c alone would take memory for whatever a stranger wrote (invariant 8). Nothing here
 * keeps memory: all of it is the caller's arena's. */
#include "proto/codec/body.h"

#include "proto/codec/body_rules.h"
#include "proto/codec/message_type.h"
#include "schema/body.pb-c.h"

/* ---- unpacking into the arena ---- */

struct arena_allocator {
    struct arena *arena;
    bool is_exhausted;
};

/* protobuf-c says NULL both for bytes that it cannot read and for memory that ran out. The flag
 * tells the two apart, because the first is the sender's fault for good and the second passes. */
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

/* What an item must say to count as evidence (schema/body.proto). A refusal without its reason
 * leaves nobody to act (invariant 15), and a delivery without its destination could be taken for
 * that of any recipient (invariant 4). A refusal may lack the message's id: the bytes that were
 * refused may have carried none that could be read. */
static enum reason check_item(uint32_t type, const struct receipt_item *item)
{
    bool says_why = item->reason != REASON_NONE;
    bool has_id = !id_is_zero(&item->message_id);
    if (has_id && !id_is_valid(&item->message_id))
        return REASON_FIELD_INVALID;
    switch (type) {
    case MESSAGE_TYPE_RECEIPT_CUSTODY:
        if (says_why)
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

static enum reason check_items(uint32_t type, const struct receipt *receipt)
{
    enum reason reason = REASON_NONE;
    for (size_t i = 0; reason == REASON_NONE && i < receipt->item_count; i++)
        reason = check_item(type, &receipt->items[i]);
    return reason;
}

/* A business type has the number of its field in Body. All receipts share one field, for the type
 * in the envelope already says which kind of receipt it is. */
static uint32_t body_kind_of(uint32_t type)
{
    if (type <= MESSAGE_TYPE_BUSINESS_COUNT)
        return type;
    return type == MESSAGE_TYPE_LEDGER_HEAD ? BODY_TREE_HEAD : BODY_RECEIPT;
}

/* The kind in the body must agree with the type in the envelope: policy and routing decide by the
 * type alone, and a `progress` that carried a `result` would pass under the rules of the wrong
 * one. */
enum reason body_parse(struct bytes message, struct arena *arena, struct envelope *envelope)
{
    struct body_content content = {0};
    Lienthong__V1__Body *body;
    enum reason reason = rules_read(message, &body_rule, arena, &content);
    if (reason != REASON_NONE)
        return reason;
    if (content.kind != body_kind_of(envelope->type))
        return REASON_FIELD_INVALID;
    if (envelope->type <= MESSAGE_TYPE_BUSINESS_COUNT) {
        reason = unpack(message, arena, &body);
        if (reason != REASON_NONE)
            return reason;
        envelope->body = body;
    }
    envelope->receipt = content.receipt;
    envelope->tree_head = content.tree_head;
    return check_items(envelope->type, &envelope->receipt);
}

void body_write(struct wire_writer *writer, const struct envelope *envelope)
{
    const struct body_content content = {.kind = body_kind_of(envelope->type),
                                         .receipt = envelope->receipt,
                                         .tree_head = envelope->tree_head};
    rules_write(writer, &body_rule, &content);
}
