/* Receipts: any bytes as the body of each kind of receipt are refused, or become items that say
 * what that kind may say, and say it again when they are built. The first byte chooses the kind. */
#include <stdlib.h>
#include <string.h>

#include "proto/base/check.h"
#include "proto/codec/envelope.h"
#include "proto/codec/message_type.h"
#include "proto/codec/wire.h"

static const struct message_id id = {{1, 2, 3, 4, 5, 6, 0x70, 7, 0x80, 8, 9, 10, 11, 12, 13, 14}};

/* By the numbers of schema/envelope.proto, the last first. */
static void put_envelope(struct wire_writer *writer, uint32_t type, struct bytes body)
{
    wire_put_bytes(writer, 15, body);
    size_t behind = writer->size;
    wire_put_sint(writer, 1, 1791426600000);
    wire_end_message(writer, 9, behind);
    wire_put_uint(writer, 4, type);
    wire_put_bytes(writer, 2, bytes_of_text("stnmt"));
    wire_put_bytes(writer, 1, (struct bytes){id.bytes, MESSAGE_ID_BYTES});
}

static void check_item(uint32_t type, const struct receipt_item *item)
{
    bool has_id = !id_is_zero(&item->message_id);
    bool has_reason = item->reason != REASON_NONE;
    bool has_destination = !key_is_none(&item->destination);
    check(!digest_is_zero(&item->digest) || has_id || type == MESSAGE_TYPE_RECEIPT_REFUSED);
    check(has_id || type == MESSAGE_TYPE_RECEIPT_REFUSED);
    check(!has_id || id_is_valid(&item->message_id));
    check(!has_reason ||
          (type != MESSAGE_TYPE_RECEIPT_CUSTODY && type != MESSAGE_TYPE_RECEIPT_DELIVERED));
    check(has_reason || type != MESSAGE_TYPE_RECEIPT_REFUSED);
    check(has_destination || type != MESSAGE_TYPE_RECEIPT_DELIVERED);
    check(!has_destination || type != MESSAGE_TYPE_RECEIPT_CUSTODY);
    check(item->text.size <= REASON_TEXT_BYTES_MAX && item->office_reference.size <= 64);
    check(item->acting_for.size <= UTF8_BYTES_MAX * PERSON_NAME_CHARACTERS_MAX);
}

static void check_envelope(const struct envelope *envelope, struct arena *arena)
{
    struct buffer built;
    struct envelope again;
    const struct receipt *receipt = &envelope->receipt;
    for (size_t i = 0; i < receipt->item_count; i++)
        check_item(envelope->type, &receipt->items[i]);
    if (envelope->type != MESSAGE_TYPE_LEDGER_HEAD)
        check(receipt->item_count >= 1 && receipt->item_count <= RECEIPT_ITEMS_MAX);
    buffer_init(&built, ENVELOPE_BYTES_MAX);
    check(envelope_build(envelope, NULL, arena, &built) == REASON_NONE);
    check(envelope_parse(buffer_view(&built), arena, &again) == REASON_NONE);
    check(again.receipt.item_count == receipt->item_count);
    for (size_t i = 0; i < receipt->item_count; i++)
        check(digest_equal(&again.receipt.items[i].digest, &receipt->items[i].digest) &&
              id_equal(&again.receipt.items[i].message_id, &receipt->items[i].message_id) &&
              again.receipt.items[i].reason == receipt->items[i].reason);
    buffer_release(&built);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena arena;
    static uint8_t document[2 * ENVELOPE_BYTES_MAX];
    struct envelope envelope;
    if (size == 0 || size > ENVELOPE_BYTES_MAX)
        return 0;
    check(arena.block != NULL || arena_init(&arena, 4 * ENVELOPE_ARENA_BYTES));
    arena_reset(&arena);
    uint32_t type = MESSAGE_TYPE_RECEIPT_CUSTODY +
                    data[0] % (MESSAGE_TYPE_LEDGER_HEAD - MESSAGE_TYPE_RECEIPT_CUSTODY + 1);
    struct wire_writer writer = {.at = document + sizeof document};
    put_envelope(&writer, type, (struct bytes){data + 1, size - 1});
    enum reason reason = envelope_parse((struct bytes){writer.at, writer.size}, &arena, &envelope);
    check(reason != REASON_OUT_OF_MEMORY);
    if (reason == REASON_NONE)
        check_envelope(&envelope, &arena);
    return 0;
}
