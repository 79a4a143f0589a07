/* What adapters say in the wrong number, order or moment: the gateway answers, goes on, and every
 * entry has its one outcome (invariants 4 and 8). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#include "gateway/custody/fetch.h"
#include "proto/codec/message_type.h"
#include "tests/support/lone_gateway.h"

#define COPY   "2.000635" /* of stp */
#define PERMIT "1.000001" /* of sxd */

static struct receipt_item about(const struct lone_message *message)
{
    return (struct receipt_item){.message_id = message->id,
                                 .digest = message->digest,
                                 .destination = key_of("stp"),
                                 .at = {1795500000000}};
}

/* A gateway to which the sender and the recipient of COPY are connected. */
static struct lone_gateway *open_with_both(void)
{
    struct lone_gateway *gateway = lone_gateway_open();
    lone_gateway_hello(gateway, "centre", 64);
    lone_gateway_hello(gateway, "stp", 64);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    return gateway;
}

/* A transfer to stp that has been sent to it. */
static struct lone_message put_under_way(struct lone_gateway *gateway)
{
    struct lone_message message = lone_gateway_put_transfer(gateway, COPY, "H38.09-261124-0001");
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(lone_gateway_state(gateway, &message, "stp"), ENTRY_LEASED);
    return message;
}

/* A receipt that names a message twice: the first item is its outcome. */
static void a_receipt_names_a_message_twice(void **state)
{
    (void)state;
    struct lone_gateway *gateway = open_with_both();
    struct lone_message message = put_under_way(gateway);
    struct receipt_item items[] = {about(&message), about(&message)};
    (void)lone_gateway_put_receipt(gateway, "stp", "centre", MESSAGE_TYPE_RECEIPT_DELIVERED, items,
                                   2);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(gateway->taken, 1);
    assert_int_equal(lone_gateway_state(gateway, &message, "stp"), ENTRY_DELIVERED);
    lone_gateway_close(&gateway);
}

/* Two receipts of one step about a message that is not under way any more. */
static void two_receipts_settle_a_waiting_message(void **state)
{
    (void)state;
    struct lone_gateway *gateway = open_with_both();
    struct lone_message message = lone_gateway_put_transfer(gateway, COPY, "H38.09-261124-0001");
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    struct receipt_item item = about(&message);
    lone_gateway_hello(gateway, "stp", 64); /* what was under way goes back to the queue */
    struct receipt_item refused = item;
    refused.reason = REASON_OFFICE_REFUSED;
    (void)lone_gateway_put_receipt(gateway, "stp", "centre", MESSAGE_TYPE_RECEIPT_REFUSED, &refused,
                                   1);
    (void)lone_gateway_put_receipt(gateway, "stp", "centre", MESSAGE_TYPE_RECEIPT_DELIVERED, &item,
                                   1);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(gateway->taken, 2);
    assert_int_equal(lone_gateway_state(gateway, &message, "stp"), ENTRY_REFUSED);
    lone_gateway_close(&gateway);
}

/* Two operators press the same button at once. */
static void an_entry_is_withdrawn_twice_in_one_step(void **state)
{
    (void)state;
    struct lone_gateway *gateway = lone_gateway_open();
    struct key stp = key_of("stp");
    struct store_message stored;
    lone_gateway_hello(gateway, "centre", 64);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    struct lone_message message = lone_gateway_put_transfer(gateway, COPY, "H38.09-261124-0001");
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(
        gateway->store->verbs->find_message(gateway->store, &message.sender, &message.id, &stored),
        REASON_NONE);
    lone_gateway_begin(gateway);
    assert_int_equal(broker_operate(gateway->broker, stored.seq, &stp, BROKER_WITHDRAW),
                     REASON_NONE);
    assert_int_equal(broker_operate(gateway->broker, stored.seq, &stp, BROKER_WITHDRAW),
                     REASON_HAS_ENDED);
    assert_int_equal(broker_operate(gateway->broker, stored.seq, &stp, BROKER_HOLD),
                     REASON_HAS_ENDED);
    assert_int_equal(lone_gateway_end(gateway), REASON_NONE);
    assert_int_equal(lone_gateway_state(gateway, &message, "stp"), ENTRY_WITHDRAWN);
    lone_gateway_close(&gateway);
}

/* The disk fills up, a peer goes, the disk has room again: what is planned in between is not of
 * this store. */
static void a_peer_goes_while_nothing_can_be_committed(void **state)
{
    (void)state;
    struct lone_gateway *gateway = lone_gateway_open();
    struct key stp = key_of("stp");
    lone_gateway_hello(gateway, "centre", 64);
    lone_gateway_hello(gateway, "stp", 64);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    gateway->commit_reason = gateway->load_reason = REASON_STORE_FULL;
    struct lone_message message = lone_gateway_put_transfer(gateway, COPY, "H38.09-261124-0001");
    assert_int_equal(lone_gateway_step(gateway), REASON_STORE_FULL);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE); /* cannot load */
    gateway->commit_reason = gateway->load_reason = REASON_NONE;
    lone_gateway_begin(gateway); /* it is not tried again yet */
    broker_peer_gone(gateway->broker, &stp);
    assert_int_equal(lone_gateway_end(gateway), REASON_NONE);
    assert_int_equal(lone_gateway_state(gateway, &message, "stp"), 0);
    lone_gateway_wait(gateway, STEP_RETRY_MS);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    lone_gateway_hello(gateway, "stp", 64);
    message = put_under_way(gateway);
    lone_gateway_close(&gateway);
}

/* An adapter whose commit failed has nothing of what is under way: it comes again, and not before
 * the adapter asked for it. */
static void a_peer_has_taken_nothing(void **state)
{
    (void)state;
    struct lone_gateway *gateway = open_with_both();
    struct lone_message message = put_under_way(gateway);
    lone_gateway_put_nothing_taken(gateway, "stp", 5000);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(lone_gateway_state(gateway, &message, "stp"), ENTRY_QUEUED);
    lone_gateway_wait(gateway, 5000);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(lone_gateway_state(gateway, &message, "stp"), ENTRY_LEASED);
    lone_gateway_close(&gateway);
}

/* A signed "delivered" about a message that its signer never got goes no further. */
static void a_receipt_about_nothing_is_not_passed_on(void **state)
{
    (void)state;
    struct lone_gateway *gateway = lone_gateway_open();
    lone_gateway_hello(gateway, "centre", 64);
    lone_gateway_hello(gateway, "sxd", 64);
    lone_gateway_hello(gateway, "stp", 64);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    struct lone_message message = lone_gateway_put_transfer(gateway, COPY, "H38.09-261124-0001");
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    struct receipt_item item = {.message_id = message.id, .destination = key_of("sxd")};
    struct lone_message forged = lone_gateway_put_receipt(gateway, "sxd", "centre",
                                                          MESSAGE_TYPE_RECEIPT_DELIVERED, &item, 1);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(gateway->taken, 1);
    assert_int_equal(lone_gateway_state(gateway, &message, "stp"), ENTRY_LEASED);
    assert_int_equal(lone_gateway_state(gateway, &forged, "centre"), 0);
    lone_gateway_close(&gateway);
}

/* More than one step can record: the rest is told "not now". */
static void receipts_name_more_than_a_step_holds(void **state)
{
    (void)state;
    struct lone_gateway *gateway = open_with_both();
    for (size_t i = 0; i < 4; i++)
        lone_gateway_put_strange_receipts(gateway, "stp", 24);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_true(gateway->taken > 0 && gateway->not_taken > 0);
    assert_int_equal(gateway->not_taken_reason, REASON_BUSY);
    while (gateway->frame_count > 0)
        assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    lone_gateway_close(&gateway);
}

/* A peer cannot fill the gateway with queues for names that it made up. */
static void receipts_go_to_strangers(void **state)
{
    (void)state;
    struct lone_gateway *gateway = lone_gateway_open();
    lone_gateway_hello(gateway, "stp", 64);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    struct lone_message message = {.sender = key_of("centre"), .id.bytes = {[6] = 0x70, 1, 0x80}};
    struct receipt_item item = about(&message);
    for (size_t i = 0; i < 20; i++) {
        char name[8];
        (void)snprintf(name, sizeof name, "x%zu", i);
        (void)lone_gateway_put_receipt(gateway, "stp", name, MESSAGE_TYPE_RECEIPT_DELIVERED, &item,
                                       1);
    }
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(gateway->taken, 0);
    lone_gateway_hello(gateway, "centre", 64);
    lone_gateway_hello(gateway, "sxd", 64);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    message = lone_gateway_put_transfer(gateway, PERMIT, "H38.09-261124-0001");
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(lone_gateway_state(gateway, &message, "sxd"), ENTRY_LEASED);
    lone_gateway_close(&gateway);
}

/* The centre's line brings no file for what it sends; stp's messages find places all the same. */
static void a_peer_leaves_places_for_files_to_the_others(void **state)
{
    (void)state;
    struct lone_gateway *gateway = lone_gateway_open();
    char dossier[24];
    lone_gateway_hello(gateway, "centre", 64);
    lone_gateway_hello(gateway, "stp", 64);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    for (unsigned i = 0; i < 2 * FETCH_PEER_WAITING_MAX; i++) {
        (void)snprintf(dossier, sizeof dossier, "H38.09-261124-%04u", i + 1);
        (void)lone_gateway_put_with_file(gateway, "centre", dossier, (uint8_t)i);
    }
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(gateway->alive_intakes, FETCH_PEER_WAITING_MAX);
    assert_int_equal(gateway->not_taken, FETCH_PEER_WAITING_MAX);
    assert_int_equal(gateway->not_taken_reason, REASON_BUSY);
    (void)lone_gateway_put_with_file(gateway, "stp", "H38.09-261124-9999", 1);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(gateway->not_taken, 0);
    assert_int_equal(gateway->alive_intakes, FETCH_PEER_WAITING_MAX + 1);
    lone_gateway_close(&gateway);
}

/* A message whose file is there is taken although frames keep coming. */
static void a_flood_does_not_keep_out_what_waited(void **state)
{
    (void)state;
    struct lone_gateway *gateway = open_with_both();
    struct lone_message message =
        lone_gateway_put_with_file(gateway, "centre", "H38.09-261124-0001", 1);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    struct message_id none = message.id;
    for (int waited_ms = 0; waited_ms < FETCH_SILENT_MS; waited_ms += PEER_SILENT_MS / 2) {
        lone_gateway_put_taken(gateway, "centre", &none, 1); /* both are alive */
        lone_gateway_put_taken(gateway, "stp", &none, 1);
        assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
        assert_int_equal(gateway->not_taken, 0);
        lone_gateway_wait(gateway, PEER_SILENT_MS / 2);
    }
    /* The wait is given up in this step, to be told "not now". */
    for (size_t i = 0; i < 2 * BROKER_STEP_INTAKES_MAX; i++)
        lone_gateway_put_taken(gateway, "stp", &none, 1);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_true(gateway->frame_count > 0);
    assert_int_equal(gateway->not_taken, 1);
    lone_gateway_close(&gateway);
}

/* What one sender has piled up before a slow agency does not stand before what others send it. */
static void a_pile_of_one_sender_is_not_in_front_of_another(void **state)
{
    (void)state;
    enum { PILE = 40, WINDOW = 2, STEPS = 4 };
    struct lone_gateway *gateway = lone_gateway_open();
    char dossier[24];
    lone_gateway_hello(gateway, "centre", 64);
    lone_gateway_hello(gateway, "sxd", 64);
    for (unsigned i = 0; i < PILE; i++) {
        (void)snprintf(dossier, sizeof dossier, "H38.09-261124-%04u", i + 1);
        (void)lone_gateway_put_transfer(gateway, "2.000635", dossier);
    }
    struct lone_message other =
        lone_gateway_put_result(gateway, "sxd", "stp", "H38.09-261124-9999");
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    lone_gateway_hello(gateway, "stp", WINDOW);
    for (int i = 0; i < STEPS; i++)
        assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(gateway->sent_to_stp, 0); /* the window is full */
    assert_int_equal(lone_gateway_state(gateway, &other, "stp"), ENTRY_LEASED);
    lone_gateway_close(&gateway);
}

/* A sender that heard nothing of a whole window repeats it: one receipt answers all of it. */
static void a_window_that_is_repeated_is_answered_once(void **state)
{
    (void)state;
    enum { MESSAGES = 40 };
    struct lone_gateway *gateway = lone_gateway_open();
    char dossier[24];
    lone_gateway_hello(gateway, "centre", 64);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    uint64_t first_id = gateway->ids;
    for (int time = 0; time < 2; time++) {
        gateway->ids = first_id; /* the same messages */
        for (unsigned i = 0; i < MESSAGES; i++) {
            (void)snprintf(dossier, sizeof dossier, "H38.09-261124-%04u", i + 1);
            (void)lone_gateway_put_transfer(gateway, COPY, dossier);
        }
        assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
        assert_int_equal(gateway->parcels, 1);
        assert_int_equal(gateway->not_taken, 0);
    }
    lone_gateway_close(&gateway);
}

/* The way to a peer changes under its session: another connection without a hello. */
static void a_session_does_not_change_its_connection(void **state)
{
    (void)state;
    struct lone_gateway *gateway = open_with_both();
    struct lone_message message = put_under_way(gateway);
    gateway->connection = 2;
    struct message_id none = {{0}};
    lone_gateway_put_taken(gateway, "stp", &none, 1);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(gateway->goodbyes, 1);
    assert_int_equal(lone_gateway_state(gateway, &message, "stp"), ENTRY_QUEUED);
    lone_gateway_hello(gateway, "stp", 64);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(gateway->sent_to_stp, 1);
    gateway->connection = 1; /* what the connection before had on its way */
    lone_gateway_put_taken(gateway, "stp", &none, 1);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(gateway->goodbyes, 0);
    assert_int_equal(lone_gateway_state(gateway, &message, "stp"), ENTRY_LEASED);
    lone_gateway_close(&gateway);
}

static const struct store_verbs *real_verbs;

static enum reason fail_last_id_once(struct store *store, const struct key *sender,
                                     struct message_id *ret_id)
{
    static bool has_failed;
    bool fails = !has_failed;
    has_failed = true;
    return fails ? REASON_STORE_BUSY : real_verbs->last_id(store, sender, ret_id);
}

/* The store cannot say which id was the last, and can a moment later: two copies in one step are
 * one message all the same. */
static void copies_in_a_step_are_one_message(void **state)
{
    (void)state;
    struct lone_gateway *gateway = lone_gateway_open();
    real_verbs = gateway->real;
    gateway->verbs.last_id = fail_last_id_once;
    lone_gateway_hello(gateway, "centre", 64);
    lone_gateway_hello(gateway, "stp", 64);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    struct lone_message message =
        lone_gateway_put_transfer(gateway, "2.000635", "H38.09-261124-0001");
    lone_gateway_put(gateway, "centre", &gateway->frames[gateway->frame_count - 1]->frame);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(gateway->sent_to_stp, 1);
    assert_int_equal(lone_gateway_state(gateway, &message, "stp"), ENTRY_LEASED);
    lone_gateway_close(&gateway);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_in_a_step_are_one_message),
        cmocka_unit_test(a_receipt_names_a_message_twice),
        cmocka_unit_test(two_receipts_settle_a_waiting_message),
        cmocka_unit_test(an_entry_is_withdrawn_twice_in_one_step),
        cmocka_unit_test(a_peer_goes_while_nothing_can_be_committed),
        cmocka_unit_test(a_peer_has_taken_nothing),
        cmocka_unit_test(a_receipt_about_nothing_is_not_passed_on),
        cmocka_unit_test(receipts_name_more_than_a_step_holds),
        cmocka_unit_test(receipts_go_to_strangers),
        cmocka_unit_test(a_peer_leaves_places_for_files_to_the_others),
        cmocka_unit_test(a_flood_does_not_keep_out_what_waited),
        cmocka_unit_test(a_pile_of_one_sender_is_not_in_front_of_another),
        cmocka_unit_test(a_window_that_is_repeated_is_answered_once),
        cmocka_unit_test(a_session_does_not_change_its_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
