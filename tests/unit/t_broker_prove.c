/* The gateway's word since when it has had something: for whom it is, of everything that it tells,
 * also what it tells again because a disk was lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "proto/codec/message_type.h"
#include "tests/support/lone_gateway.h"

#define TO_STP "2.000635"

/* Custody receipts that were made in the step in which the peer says of the message that its seal's
 * certificate has ended. */
static size_t proofs_for(struct lone_gateway *gateway, const char *peer,
                         const struct lone_message *message)
{
    struct store *store = gateway->store;
    struct store_positions before, after;
    struct store_message made;
    struct frame frame = {
        .kind = FRAME_NOT_TAKEN,
        .taken = {.ids = &message->id, .count = 1, .reason = REASON_CERTIFICATE_EXPIRED}};
    size_t proofs = 0;
    assert_int_equal(store->verbs->positions(store, &before), REASON_NONE);
    lone_gateway_put(gateway, peer, &frame);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(store->verbs->positions(store, &after), REASON_NONE);
    for (uint64_t seq = before.next_message_seq; seq < after.next_message_seq; seq++) {
        assert_int_equal(store->verbs->read_message(store, seq, &made), REASON_NONE);
        proofs += made.type == MESSAGE_TYPE_RECEIPT_CUSTODY &&
                  bytes_equal(key_bytes(&made.recipient), bytes_of_text(peer));
    }
    return proofs;
}

/* Its disk is lost, it asks where its messages stand, and is told by a receipt of last year. */
static void a_receipt_that_is_told_again_is_proved(void **state)
{
    (void)state;
    struct lone_gateway *gateway = lone_gateway_open();
    lone_gateway_hello(gateway, "centre", 64);
    lone_gateway_hello(gateway, "stp", 64);
    lone_gateway_hello(gateway, "sxd", 64);
    struct lone_message message = lone_gateway_put_transfer(gateway, TO_STP, "H38.09-261124-0001");
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    const struct receipt_item item = {.message_id = message.id,
                                      .digest = message.digest,
                                      .destination = key_of("stp"),
                                      .at = {1795500000000}};
    struct lone_message receipt = lone_gateway_put_receipt(
        gateway, "stp", "centre", MESSAGE_TYPE_RECEIPT_DELIVERED, &item, 1);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(lone_gateway_state(gateway, &message, "stp"), ENTRY_DELIVERED);
    lone_gateway_put_taken(gateway, "centre", &receipt.id, 1);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(lone_gateway_state(gateway, &receipt, "centre"), ENTRY_DELIVERED);
    assert_int_equal(proofs_for(gateway, "centre", &receipt), 1); /* nobody owes it any more */
    assert_int_equal(proofs_for(gateway, "sxd", &receipt), 0);    /* it is not for it */
    lone_gateway_close(&gateway);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_receipt_that_is_told_again_is_proved)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
