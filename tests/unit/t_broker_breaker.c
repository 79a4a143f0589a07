/* What one message causes is put off with its reason, delays nobody else's, and goes on when a
 * registry was read anew. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#include "tests/support/lone_gateway.h"

#define COPY "2.000635" /* of stp */

enum { UNKNOWN_SENDERS = 20, TOO_MANY_ATTEMPTS = 16 };

static void put_off(struct lone_gateway *gateway, const struct lone_message *message,
                    enum reason reason)
{
    struct frame frame = {
        .kind = FRAME_NOT_TAKEN,
        .taken = {.ids = &message->id, .count = 1, .reason = reason, .retry_after_ms = 1000}};
    lone_gateway_put(gateway, "stp", &frame);
}

static void heartbeat(struct lone_gateway *gateway, const char *peer, uint32_t readings)
{
    struct frame frame = {.kind = FRAME_HEARTBEAT,
                          .heartbeat = {.clock = {gateway->now_ms}, .readings = readings}};
    lone_gateway_put(gateway, peer, &frame);
}

static struct lone_gateway *open_with_both(void)
{
    struct lone_gateway *gateway = lone_gateway_open();
    lone_gateway_hello(gateway, "centre", 64);
    lone_gateway_hello(gateway, "stp", 64);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    return gateway;
}

static struct entry entry_of(struct lone_gateway *gateway, const struct lone_message *message)
{
    struct store *store = gateway->store;
    struct store_message stored;
    struct entry entry;
    struct key stp = key_of("stp");
    assert_int_equal(store->verbs->find_message(store, &message->sender, &message->id, &stored),
                     REASON_NONE);
    assert_int_equal(store->verbs->read_entry(store, stored.seq, &stp, &entry), REASON_NONE);
    return entry;
}

/* stp does not know the certificate of some messages: others reach it all the same, at once. */
static void an_unknown_sender_pauses_nobody_else(void **state)
{
    (void)state;
    struct lone_gateway *gateway = open_with_both();
    struct lone_message unknown[UNKNOWN_SENDERS];
    char dossier[24];
    for (unsigned i = 0; i < UNKNOWN_SENDERS; i++) {
        (void)snprintf(dossier, sizeof dossier, "H38.09-261124-%04u", i + 1);
        unknown[i] = lone_gateway_put_transfer(gateway, COPY, dossier);
    }
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    for (unsigned i = 0; i < UNKNOWN_SENDERS; i++)
        put_off(gateway, &unknown[i], REASON_CERTIFICATE_UNKNOWN);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    struct entry entry = entry_of(gateway, &unknown[0]);
    assert_int_equal(entry.state, ENTRY_DEFERRED);
    assert_int_equal(entry.reason, REASON_CERTIFICATE_UNKNOWN); /* staff see the cause */
    struct lone_message sound = lone_gateway_put_transfer(gateway, COPY, "H38.09-261124-9999");
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(lone_gateway_state(gateway, &sound, "stp"), ENTRY_LEASED);
    lone_gateway_close(&gateway);
}

/* A message that was put off often waits long; not when the registry was read anew over there. */
static void a_reading_wakes_what_waited_for_it(void **state)
{
    (void)state;
    struct lone_gateway *gateway = open_with_both();
    struct lone_message message = lone_gateway_put_transfer(gateway, COPY, "H38.09-261124-0001");
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    for (uint32_t i = 0; i < TOO_MANY_ATTEMPTS; i++) {
        put_off(gateway, &message, REASON_CERTIFICATE_UNKNOWN);
        heartbeat(gateway, "stp", 1);
        heartbeat(gateway, "centre", 1);
        assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
        struct entry entry = entry_of(gateway, &message);
        assert_int_equal(entry.state, ENTRY_DEFERRED);
        lone_gateway_wait(gateway, entry.due.ms - gateway->now_ms);
        heartbeat(gateway, "stp", 1); /* both are alive */
        heartbeat(gateway, "centre", 1);
        lone_gateway_hello(gateway, "stp", 64);
        lone_gateway_hello(gateway, "centre", 64);
        assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
        assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
        assert_int_equal(lone_gateway_state(gateway, &message, "stp"), ENTRY_LEASED);
    }
    put_off(gateway, &message, REASON_CERTIFICATE_UNKNOWN);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(lone_gateway_state(gateway, &message, "stp"), ENTRY_DEFERRED);
    heartbeat(gateway, "stp", 2);
    for (int step = 0; step < 3; step++)
        assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(lone_gateway_state(gateway, &message, "stp"), ENTRY_LEASED);
    lone_gateway_close(&gateway);
}

/* Nor when ours was. */
static void our_own_reading_wakes_it_too(void **state)
{
    (void)state;
    struct lone_gateway *gateway = open_with_both();
    struct lone_message message = lone_gateway_put_transfer(gateway, COPY, "H38.09-261124-0001");
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    put_off(gateway, &message, REASON_CERTIFICATE_UNKNOWN);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(lone_gateway_state(gateway, &message, "stp"), ENTRY_DEFERRED);
    broker_set_registry(gateway->broker, gateway->registry);
    for (int step = 0; step < 2; step++)
        assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(lone_gateway_state(gateway, &message, "stp"), ENTRY_LEASED);
    lone_gateway_close(&gateway);
}

/* The other way round: a sender's new certificate that this gateway has not read yet. Its message
 * waits with it, and comes in after the next reload; nothing is kept of it before. */
static void what_is_not_registered_here_yet_is_put_off(void **state)
{
    (void)state;
    struct lone_gateway *gateway = open_with_both();
    struct lone_message message = lone_gateway_put_transfer(gateway, COPY, "H38.09-261124-0001");
    struct intake *intake = gateway->frames[gateway->frame_count - 1];
    struct sealed *sealed = &intake->messages[0];
    sealed->verdict = REASON_CERTIFICATE_UNKNOWN;
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(gateway->not_taken, 1);
    assert_int_equal(gateway->not_taken_reason, REASON_CERTIFICATE_UNKNOWN);
    assert_int_equal(gateway->parcels, 0);
    assert_int_equal(gateway->lines, 1);
    assert_int_equal(lone_gateway_state(gateway, &message, "stp"), 0);
    /* A registered one that is not the sender's is another thing. */
    (void)lone_gateway_put_transfer(gateway, COPY, "H38.09-261124-0002");
    gateway->frames[gateway->frame_count - 1]->messages[0].verdict = REASON_SIGNER_NOT_SENDER;
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(gateway->not_taken, 0);
    assert_int_equal(gateway->parcels, 1);
    lone_gateway_close(&gateway);
}

static bool is_paused(const struct lone_gateway *gateway, const char *name)
{
    struct key key = key_of(name);
    struct broker_status status;
    struct broker_peer_status peer;
    broker_status(gateway->broker, &status);
    for (size_t i = 0; i < status.peer_count; i++) {
        broker_peer_status(gateway->broker, i, &peer);
        if (key_equal(&peer.key, &key))
            return peer.breaker_is_open;
    }
    fail_msg("%s is not known", name);
    return false;
}

/* One message at a time tries whether an office is back. Those who watch the pause from outside see
 * it through until one got there: a try is no end of it, or nobody would ever see a long one. */
static void a_pause_is_seen_until_one_got_there(void **state)
{
    (void)state;
    struct lone_gateway *gateway = open_with_both();
    struct lone_message messages[WINDOW_FAILURES_MAX];
    char dossier[24];
    for (unsigned i = 0; i < WINDOW_FAILURES_MAX; i++) {
        (void)snprintf(dossier, sizeof dossier, "H38.09-261124-%04u", i + 1);
        messages[i] = lone_gateway_put_transfer(gateway, COPY, dossier);
    }
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_false(is_paused(gateway, "stp"));
    for (unsigned i = 0; i < WINDOW_FAILURES_MAX; i++)
        put_off(gateway, &messages[i], REASON_OFFICE_UNREACHABLE);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_true(is_paused(gateway, "stp"));
    assert_false(is_paused(gateway, "centre"));
    lone_gateway_wait(gateway, entry_of(gateway, &messages[0]).due.ms - gateway->now_ms +
                                   WINDOW_REOPEN_FIRST_MS);
    heartbeat(gateway, "stp", 1);
    for (int step = 0; step < 2; step++)
        assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    const struct lone_message *probe = NULL;
    for (unsigned i = 0; i < WINDOW_FAILURES_MAX; i++) {
        if (lone_gateway_state(gateway, &messages[i], "stp") != ENTRY_LEASED)
            continue;
        assert_null(probe);
        probe = &messages[i];
    }
    assert_non_null(probe);
    assert_true(is_paused(gateway, "stp"));
    struct receipt_item item = {.message_id = probe->id,
                                .digest = probe->digest,
                                .destination = key_of("stp"),
                                .at = {1795500000000}};
    (void)lone_gateway_put_receipt(gateway, "stp", "centre", MESSAGE_TYPE_RECEIPT_DELIVERED, &item,
                                   1);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_false(is_paused(gateway, "stp"));
    lone_gateway_close(&gateway);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_registered_here_yet_is_put_off),
        cmocka_unit_test(an_unknown_sender_pauses_nobody_else),
        cmocka_unit_test(a_reading_wakes_what_waited_for_it),
        cmocka_unit_test(our_own_reading_wakes_it_too),
        cmocka_unit_test(a_pause_is_seen_until_one_got_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
