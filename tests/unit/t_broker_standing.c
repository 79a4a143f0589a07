/* Where messages stand, for people (invariant 15): what the gateway works out, hears and answers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "gateway/core/broker_parts.h"
#include "tests/support/lone_gateway.h"

#define TO_STP "2.000635"

static const struct key stp = {"stp"};

static struct standing stands(struct lone_gateway *gateway, const struct lone_message *message)
{
    struct store *store = gateway->store;
    struct store_message stored;
    struct entry entry;
    struct standing standing;
    assert_int_equal(store->verbs->find_message(store, &message->sender, &message->id, &stored),
                     REASON_NONE);
    assert_int_equal(store->verbs->read_entry(store, stored.seq, &stp, &entry), REASON_NONE);
    broker_standing(gateway->broker, &entry, &standing);
    return standing;
}

static void say(struct lone_gateway *gateway, const struct standing_item *item)
{
    struct frame frame = {.kind = FRAME_STANDING, .standing = {.items = item, .count = 1}};
    lone_gateway_put(gateway, "stp", &frame);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
}

/* The answer about stp. */
static struct standing_item ask(struct lone_gateway *gateway, const struct lone_message *message)
{
    struct frame frame = {.kind = FRAME_ASK, .taken = {.ids = &message->id, .count = 1}};
    gateway->standing_count = 0;
    lone_gateway_put(gateway, "centre", &frame);
    (void)lone_gateway_step(gateway);
    assert_true(gateway->standing_count >= 1);
    for (size_t i = 0; i < gateway->standing_count; i++) {
        if (key_equal(&gateway->standing[i].destination, &stp))
            return gateway->standing[i];
    }
    return gateway->standing[0];
}

static struct lone_gateway *open_with_centre(void)
{
    struct lone_gateway *gateway = lone_gateway_open();
    lone_gateway_hello(gateway, "centre", 64);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    return gateway;
}

static void who_is_not_there_is_named(void **state)
{
    (void)state;
    struct lone_gateway *gateway = open_with_centre();
    struct lone_message first = lone_gateway_put_transfer(gateway, TO_STP, "H38.09-261124-0001");
    struct lone_message second = lone_gateway_put_transfer(gateway, TO_STP, "H38.09-261124-0001");
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    struct standing standing = stands(gateway, &first);
    assert_int_equal(standing.reason, REASON_ADAPTER_AWAY);
    assert_true(key_equal(&standing.party, &stp));
    standing = stands(gateway, &second); /* the same number again: a rule of ours holds it */
    assert_int_equal(standing.reason, REASON_SEQUENCE_REPEATED);
    assert_string_equal(standing.party.text, "gateway");
    assert_int_equal(ask(gateway, &first).reason, REASON_ADAPTER_AWAY);
    lone_gateway_close(&gateway);
}

static void what_the_office_says_reaches_the_sender(void **state)
{
    (void)state;
    struct lone_gateway *gateway = open_with_centre();
    lone_gateway_hello(gateway, "stp", 64);
    struct lone_message message = lone_gateway_put_transfer(gateway, TO_STP, "H38.09-261124-0001");
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    lone_gateway_put_taken(gateway, "stp", &message.id, 1);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(stands(gateway, &message).reason, REASON_ANSWER_AWAITED);
    struct standing_item office = {.reason = REASON_OFFICE_UNREACHABLE,
                                   .since = {gateway->now_ms - 5000}};
    say(gateway, &office);
    assert_int_equal(stands(gateway, &message).reason, REASON_OFFICE_UNREACHABLE);
    struct standing_item item = ask(gateway, &message);
    assert_int_equal(item.reason, REASON_OFFICE_UNREACHABLE);
    assert_int_equal(item.since.ms, gateway->now_ms - 5000);
    assert_false(item.is_of_gateway);
    struct standing_item own = {.id = message.id, .reason = REASON_OFFICE_REPLY_MALFORMED};
    say(gateway, &own); /* of the message itself: says more; without a time: now */
    assert_int_equal(stands(gateway, &message).since.ms, gateway->now_ms);
    assert_int_equal(ask(gateway, &message).reason, REASON_OFFICE_REPLY_MALFORMED);
    own.reason = office.reason = REASON_NONE;
    say(gateway, &own);
    say(gateway, &office);
    assert_int_equal(ask(gateway, &message).reason, REASON_ANSWER_AWAITED);
    own.reason = (enum reason)60000; /* of a newer version */
    say(gateway, &own);
    assert_int_equal(ask(gateway, &message).reason, REASON_OFFICE_UNKNOWN);
    assert_int_equal(lone_gateway_state(gateway, &message, "stp"), ENTRY_LEASED);
    lone_gateway_close(&gateway);
}

static void a_gateway_that_cannot_commit_says_so(void **state)
{
    (void)state;
    struct lone_gateway *gateway = open_with_centre();
    struct lone_message message = lone_gateway_put_transfer(gateway, TO_STP, "H38.09-261124-0001");
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    gateway->commit_reason = REASON_STORE_FULL;
    (void)lone_gateway_put_transfer(gateway, TO_STP, "H38.09-261124-0002");
    assert_int_equal(lone_gateway_step(gateway), REASON_STORE_FULL);
    assert_int_equal(gateway->not_taken_reason, REASON_STORE_FULL);
    gateway->load_reason = REASON_STORE_FULL;
    struct standing_item item = ask(gateway, &message);
    assert_int_equal(item.reason, REASON_STORE_FULL);
    assert_true(item.is_of_gateway);
    lone_gateway_close(&gateway);
}

/* A peer that threw its step away says why: the entries that come back have that reason. */
static void a_step_that_was_thrown_away_has_its_reason(void **state)
{
    (void)state;
    struct lone_gateway *gateway = open_with_centre();
    lone_gateway_hello(gateway, "stp", 64);
    struct lone_message message = lone_gateway_put_transfer(gateway, TO_STP, "H38.09-261124-0001");
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    struct frame frame = {.kind = FRAME_NOT_TAKEN,
                          .taken = {.reason = REASON_STORE_FULL, .retry_after_ms = 1000}};
    lone_gateway_put(gateway, "stp", &frame);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    struct standing standing = stands(gateway, &message);
    assert_int_equal(standing.reason, REASON_STORE_FULL);
    assert_int_equal(standing.since.ms, gateway->now_ms);
    assert_true(key_equal(&standing.party, &stp));
    lone_gateway_close(&gateway);
}

/* Only about one's own messages, and nothing that cannot be so. */
static void a_stranger_learns_nothing(void **state)
{
    (void)state;
    struct lone_gateway *gateway = open_with_centre();
    lone_gateway_hello(gateway, "sxd", 64);
    struct lone_message message = lone_gateway_put_transfer(gateway, TO_STP, "H38.09-261124-0001");
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    struct frame frame = {.kind = FRAME_ASK, .taken = {.ids = &message.id, .count = 1}};
    lone_gateway_put(gateway, "sxd", &frame);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(gateway->standing_count, 2); /* as of one that never was */
    assert_int_equal(gateway->standing[0].reason, REASON_NONE);
    assert_int_equal(gateway->standing[1].reason, REASON_MESSAGE_FORGOTTEN);
    assert_true(key_is_none(&gateway->standing[1].destination));
    lone_gateway_close(&gateway);
}

/* Progress of stp, of which the centre has said its word, and the portal is away. */
static struct lone_message ended_at_centre(struct lone_gateway *gateway, const char *dossier)
{
    struct lone_message message = lone_gateway_put_progress(gateway, "stp", dossier);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    const struct receipt_item item = {.message_id = message.id,
                                      .digest = message.digest,
                                      .destination = key_of("centre"),
                                      .at = {gateway->now_ms}};
    struct lone_message receipt = lone_gateway_put_receipt(
        gateway, "centre", "stp", MESSAGE_TYPE_RECEIPT_DELIVERED, &item, 1);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    lone_gateway_put_taken(gateway, "stp", &receipt.id, 1);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    return message;
}

/* The receipts that the answer brought. */
static size_t ask_of(struct lone_gateway *gateway, const struct message_id *ids, size_t count)
{
    const struct frame frame = {.kind = FRAME_ASK, .taken = {.ids = ids, .count = count}};
    lone_gateway_put(gateway, "stp", &frame);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(gateway->standing_count, 1 + count); /* that the portal is away, each time */
    return gateway->sent_to_stp;
}

/* Who asks for the portal's word every few seconds has the centre's already, or has lost it with
 * its disk and greets anew. */
static void a_receipt_that_is_there_is_told_again_rarely(void **state)
{
    (void)state;
    struct lone_gateway *gateway = open_with_centre();
    lone_gateway_hello(gateway, "stp", 64);
    struct lone_message message = ended_at_centre(gateway, "H38.09-261124-0001");
    size_t told = 0;
    const int rounds = 12 * 60; /* of five seconds: an hour */
    for (int round = 0; round < rounds; round++) {
        told += ask_of(gateway, &message.id, 1);
        lone_gateway_wait(gateway, 5000);
    }
    assert_in_range(told, 4, 9); /* after 0, 15, 45, 105 … seconds */
    lone_gateway_hello(gateway, "stp", 64);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(ask_of(gateway, &message.id, 1), 1);
    lone_gateway_close(&gateway);
}

/* What is asked for is old and new: however far apart their numbers are, none pushes another out
 * of what is remembered. */
static void many_receipts_are_told_again_as_rarely_as_one(void **state)
{
    enum { APART = BROKER_RETOLD_MAX, ASKED = 15, MESSAGES = APART + ASKED };
    struct message_id ids[2 * ASKED];
    (void)state;
    struct lone_gateway *gateway = open_with_centre();
    lone_gateway_hello(gateway, "stp", 64);
    for (int i = 0; i < MESSAGES; i++) {
        char dossier[32];
        (void)snprintf(dossier, sizeof dossier, "H38.09-261124-%04d", i + 1);
        struct message_id id = ended_at_centre(gateway, dossier).id;
        if (i < ASKED || i >= APART)
            ids[i < ASKED ? i : i - APART + ASKED] = id;
    }
    size_t told = 0;
    const int rounds = 12 * 60; /* of five seconds: an hour */
    for (int round = 0; round < rounds; round++) {
        told += ask_of(gateway, ids, 2 * ASKED);
        lone_gateway_wait(gateway, 5000);
    }
    assert_in_range(told, 2 * ASKED * 4, 2 * ASKED * 9);
    lone_gateway_close(&gateway);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_not_there_is_named),
        cmocka_unit_test(what_the_office_says_reaches_the_sender),
        cmocka_unit_test(a_gateway_that_cannot_commit_says_so),
        cmocka_unit_test(a_step_that_was_thrown_away_has_its_reason),
        cmocka_unit_test(a_stranger_learns_nothing),
        cmocka_unit_test(a_receipt_that_is_there_is_told_again_rarely),
        cmocka_unit_test(many_receipts_are_told_again_as_rarely_as_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
