/* The portal, which has a copy of a message, hears once that it came to nothing at its recipient:
 * whichever of the two ends first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "proto/codec/message_type.h"
#include "tests/support/lone_gateway.h"

#define DOSSIER "H38.09-261124-0001"

static void step(struct lone_gateway *gateway)
{
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
}

/* Everybody is connected but those. */
static struct lone_gateway *open_without(const char *away)
{
    static const char *const all[] = {"centre", "stp", "portal"};
    struct lone_gateway *gateway = lone_gateway_open();
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (strcmp(all[i], away) != 0)
            lone_gateway_hello(gateway, all[i], 64);
    }
    step(gateway);
    return gateway;
}

static void answer(struct lone_gateway *gateway, const struct lone_message *message,
                   const char *who, uint32_t type, enum reason reason)
{
    const struct receipt_item item = {.message_id = message->id,
                                      .digest = message->digest,
                                      .destination = key_of(who),
                                      .reason = reason,
                                      .at = {1795500000000}};
    (void)lone_gateway_put_receipt(gateway, who, "stp", type, &item, 1);
    step(gateway);
}

static void operate(struct lone_gateway *gateway, const struct lone_message *message,
                    const char *at, enum broker_operation operation)
{
    struct store *store = gateway->store;
    struct key key = key_of(at);
    struct store_message stored;
    assert_int_equal(store->verbs->find_message(store, &message->sender, &message->id, &stored),
                     REASON_NONE);
    lone_gateway_begin(gateway);
    assert_int_equal(broker_operate(gateway->broker, stored.seq, &key, operation), REASON_NONE);
    assert_int_equal(lone_gateway_end(gateway), REASON_NONE);
}

/* The receipts that are owed to the portal; the item of the last. */
static size_t told(struct lone_gateway *gateway, uint32_t *ret_type, struct receipt_item *ret_item)
{
    struct store *store = gateway->store;
    struct arena arena;
    struct entry entries[8];
    const struct store_filter filter = {.destination = key_of("portal")};
    size_t count = 0, receipts = 0;
    assert_true(arena_init(&arena, ENVELOPE_ARENA_BYTES));
    assert_int_equal(store->verbs->list(store, &filter, entries, 8, &count), REASON_NONE);
    for (size_t i = 0; i < count; i++) {
        struct store_document found;
        struct envelope envelope;
        if (!entries[i].is_receipt)
            continue;
        arena_reset(&arena);
        assert_int_equal(store->verbs->read_document(store, entries[i].message_seq, &found),
                         REASON_NONE);
        assert_int_equal(envelope_parse(found.document, &arena, &envelope), REASON_NONE);
        assert_true(key_equal(&envelope.recipient, &filter.destination));
        assert_int_equal(envelope.receipt.item_count, 1);
        assert_int_equal(envelope.receipt.ledger_id.size, 0); /* nothing new is said */
        *ret_type = envelope.type;
        *ret_item = envelope.receipt.items[0];
        receipts++;
    }
    arena_release(&arena);
    return receipts;
}

static void assert_told(struct lone_gateway *gateway, const struct lone_message *message,
                        uint32_t type, enum reason reason)
{
    struct receipt_item item;
    uint32_t said;
    assert_int_equal(told(gateway, &said, &item), 1);
    assert_int_equal(said, type);
    assert_int_equal(item.reason, reason);
    assert_true(id_equal(&item.message_id, &message->id));
    assert_true(digest_equal(&item.digest, &message->digest));
    assert_string_equal(item.sender.text, "stp");
    assert_string_equal(item.destination.text, "centre");
}

static size_t told_count(struct lone_gateway *gateway)
{
    struct receipt_item item;
    uint32_t type;
    return told(gateway, &type, &item);
}

static void a_withdrawal_is_told_when_the_portal_has_its_copy(void **state)
{
    (void)state;
    struct lone_gateway *gateway = open_without("centre");
    struct lone_message message = lone_gateway_put_progress(gateway, "stp", DOSSIER);
    step(gateway);
    answer(gateway, &message, "portal", MESSAGE_TYPE_RECEIPT_DELIVERED, REASON_NONE);
    assert_int_equal(told_count(gateway), 0); /* the centre may still get it */
    operate(gateway, &message, "centre", BROKER_WITHDRAW);
    assert_told(gateway, &message, MESSAGE_TYPE_RECEIPT_WITHDRAWN, REASON_WITHDRAWN_BY_OPERATOR);
    lone_gateway_close(&gateway);
}

static void the_end_of_a_life_is_told(void **state)
{
    (void)state;
    struct lone_gateway *gateway = open_without("centre");
    struct lone_message message = lone_gateway_put_progress(gateway, "stp", DOSSIER);
    step(gateway);
    answer(gateway, &message, "portal", MESSAGE_TYPE_RECEIPT_DELIVERED, REASON_NONE);
    operate(gateway, &message, "centre", BROKER_EXPIRE);
    assert_told(gateway, &message, MESSAGE_TYPE_RECEIPT_EXPIRED, REASON_LIFE_EXCEEDED);
    lone_gateway_close(&gateway);
}

static void a_portal_that_is_away_is_told_after_its_copy(void **state)
{
    (void)state;
    struct lone_gateway *gateway = open_without("portal");
    struct lone_message message = lone_gateway_put_progress(gateway, "stp", DOSSIER);
    step(gateway);
    answer(gateway, &message, "centre", MESSAGE_TYPE_RECEIPT_REFUSED, REASON_OFFICE_REFUSED);
    assert_int_equal(told_count(gateway), 0); /* it knows nothing of the message yet */
    lone_gateway_hello(gateway, "portal", 64);
    step(gateway);
    answer(gateway, &message, "portal", MESSAGE_TYPE_RECEIPT_DELIVERED, REASON_NONE);
    assert_told(gateway, &message, MESSAGE_TYPE_RECEIPT_REFUSED, REASON_OFFICE_REFUSED);
    answer(gateway, &message, "portal", MESSAGE_TYPE_RECEIPT_DELIVERED, REASON_NONE);
    assert_int_equal(told_count(gateway), 1); /* once */
    lone_gateway_close(&gateway);
}

/* Both in one step, in either order. */
static void both_ends_may_come_at_once(void **state)
{
    (void)state;
    for (int order = 0; order < 2; order++) {
        struct lone_gateway *gateway = open_without("");
        struct lone_message message = lone_gateway_put_progress(gateway, "stp", DOSSIER);
        struct receipt_item refused = {.message_id = {{0}}, .reason = REASON_OFFICE_REFUSED};
        struct receipt_item delivered;
        step(gateway);
        refused.message_id = message.id;
        refused.digest = message.digest;
        refused.destination = key_of("centre");
        refused.at = (wall_t){1795500000000};
        delivered = refused;
        delivered.reason = REASON_NONE;
        delivered.destination = key_of("portal");
        for (int i = 0; i < 2; i++) {
            if (i == order)
                (void)lone_gateway_put_receipt(gateway, "centre", "stp",
                                               MESSAGE_TYPE_RECEIPT_REFUSED, &refused, 1);
            else
                (void)lone_gateway_put_receipt(gateway, "portal", "stp",
                                               MESSAGE_TYPE_RECEIPT_DELIVERED, &delivered, 1);
        }
        step(gateway);
        assert_told(gateway, &message, MESSAGE_TYPE_RECEIPT_REFUSED, REASON_OFFICE_REFUSED);
        lone_gateway_close(&gateway);
    }
}

static void what_arrives_is_not_told(void **state)
{
    (void)state;
    struct lone_gateway *gateway = open_without("");
    struct lone_message message = lone_gateway_put_progress(gateway, "stp", DOSSIER);
    step(gateway);
    answer(gateway, &message, "centre", MESSAGE_TYPE_RECEIPT_DELIVERED, REASON_NONE);
    answer(gateway, &message, "portal", MESSAGE_TYPE_RECEIPT_DELIVERED, REASON_NONE);
    assert_int_equal(told_count(gateway), 0);
    lone_gateway_close(&gateway);
}

/* Its own copy that came to nothing is not told to it. */
static void a_copy_that_was_withdrawn_itself_is_no_news(void **state)
{
    (void)state;
    struct lone_gateway *gateway = open_without("portal");
    struct lone_message message = lone_gateway_put_progress(gateway, "stp", DOSSIER);
    step(gateway);
    operate(gateway, &message, "portal", BROKER_WITHDRAW);
    answer(gateway, &message, "centre", MESSAGE_TYPE_RECEIPT_REFUSED, REASON_OFFICE_REFUSED);
    assert_int_equal(told_count(gateway), 0);
    lone_gateway_close(&gateway);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_withdrawal_is_told_when_the_portal_has_its_copy),
        cmocka_unit_test(the_end_of_a_life_is_told),
        cmocka_unit_test(a_portal_that_is_away_is_told_after_its_copy),
        cmocka_unit_test(both_ends_may_come_at_once),
        cmocka_unit_test(what_arrives_is_not_told),
        cmocka_unit_test(a_copy_that_was_withdrawn_itself_is_no_news),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
