/* Whose a connection is: nothing that a peer may choose decides it. Registered keys that bring ids
 * which are not their own, or none; and honest ones beside them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "tests/support/raw_zmtp.h"
#include "tests/unit/link_fixture.h"
#include "tests/unit/link_raw.h"

static bool open_as(struct fixture *fixture, size_t peer, struct bytes id, struct raw_zmtp *ret_raw)
{
    struct raw_zmtp_options options = {.endpoint = link_server_endpoint(fixture->server),
                                       .key = fixture->keys[peer],
                                       .server_key = fixture->server_key.public_key,
                                       .identity = id,
                                       .timeout_ms = WAIT_MS};
    return raw_zmtp_open(&options, RAW_READY, ret_raw);
}

static void open_own(struct fixture *fixture, size_t peer, struct raw_zmtp *ret_raw)
{
    uint8_t id[ROUTING_ID_BYTES];
    raw_make_id(&fixture->server_key.public_key, &fixture->keys[peer], id);
    assert_true(open_as(fixture, peer, (struct bytes){id, sizeof id}, ret_raw));
}

/* The server's other events go by; a frame of whoever is not awaited is a fault. It goes on
 * sending: what came before the server had heard of the connection was only passed over. */
static void expect_gone(struct fixture *fixture, struct raw_zmtp *raw)
{
    struct link_event event;
    struct raw_part part;
    int64_t until_ms = now_ms() + WAIT_MS;
    while (raw->stage != RAW_CLOSED) {
        assert_true(now_ms() < until_ms);
        while (link_server_receive(fixture->server, &event))
            assert_int_not_equal(event.kind, LINK_FRAME);
        assert_false(raw_zmtp_receive(raw, 1, &part));
        if (raw->stage != RAW_CLOSED)
            (void)raw_zmtp_send(raw, bytes_of_text("again"), 0);
    }
}

static void test_an_id_that_is_not_the_keys_own_is_cut(void **state)
{
    struct fixture *fixture = *state;
    static const uint8_t drawn[] = {0, 1, 2, 3, 4};
    uint8_t of_b[ROUTING_ID_BYTES], flipped[ROUTING_ID_BYTES];
    raw_make_id(&fixture->server_key.public_key, &fixture->keys[B], of_b);
    raw_make_id(&fixture->server_key.public_key, &fixture->keys[A], flipped);
    flipped[ROUTING_ID_BYTES - 1] ^= 1;
    const struct bytes ids[] = {{0},
                                {drawn, sizeof drawn},
                                bytes_of_text("a name of its own"),
                                {of_b, sizeof of_b},
                                {flipped, sizeof flipped}};
    struct link_client *b = dial(fixture, B, false);
    send_text(b, "begin");
    (void)expect_first(fixture, "b", "begin");
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        struct raw_zmtp raw;
        assert_true(open_as(fixture, A, ids[i], &raw));
        assert_true(raw_zmtp_send(&raw, bytes_of_text("mine"), 0));
        expect_gone(fixture, &raw);
        assert_int_equal(answer(fixture, "a", "nobody"), REASON_LINK_LOST);
        assert_int_equal(answer(fixture, "b", "for b"), REASON_NONE);
        expect_answer(b, "", "for b");
    }
    link_client_destroy(&b);
}

/* What is for the other one does not leave over a connection that has taken its id. */
static void test_an_id_that_has_become_free_leads_to_nobody(void **state)
{
    struct fixture *fixture = *state;
    uint8_t id[ROUTING_ID_BYTES];
    struct raw_zmtp b, thief, own;
    struct raw_part part;
    raw_make_id(&fixture->server_key.public_key, &fixture->keys[B], id);
    assert_true(open_as(fixture, B, (struct bytes){id, sizeof id}, &b));
    assert_true(raw_zmtp_send(&b, bytes_of_text("begin"), 0));
    (void)expect_first(fixture, "b", "begin");
    raw_zmtp_reset(&b);
    assert_int_equal(next_at_server(fixture).kind, LINK_PEER_GONE);
    assert_int_equal(answer(fixture, "b", "for b"), REASON_LINK_LOST);
    /* However it came to know it. */
    assert_true(open_as(fixture, A, (struct bytes){id, sizeof id}, &thief));
    assert_int_equal(answer(fixture, "b", "for b"), REASON_LINK_LOST);
    assert_true(raw_zmtp_send(&thief, bytes_of_text("mine"), 0));
    open_own(fixture, A, &own);
    assert_true(raw_zmtp_send(&own, bytes_of_text("honest"), 0));
    struct link_event event = next_at_server(fixture);
    while (event.kind != LINK_FRAME)
        event = next_at_server(fixture);
    assert_frame(&event, "a", "honest");
    assert_int_equal(answer(fixture, "b", "for b"), REASON_LINK_LOST);
    assert_false(raw_zmtp_receive(&thief, 0, &part));
    raw_zmtp_close(&own);
    raw_zmtp_close(&thief);
}

/* ZeroMQ ignores the later one, and asserts nothing. */
static void test_the_same_id_twice_stays_with_the_first(void **state)
{
    struct fixture *fixture = *state;
    uint8_t id[ROUTING_ID_BYTES];
    struct raw_zmtp first, second;
    raw_make_id(&fixture->server_key.public_key, &fixture->keys[A], id);
    assert_true(open_as(fixture, A, (struct bytes){id, sizeof id}, &first));
    assert_true(raw_zmtp_send(&first, bytes_of_text("one"), 0));
    uint64_t connection = expect_first(fixture, "a", "one");
    assert_true(open_as(fixture, A, (struct bytes){id, sizeof id}, &second));
    assert_true(raw_zmtp_send(&first, bytes_of_text("two"), 0));
    expect_next(fixture, "a", "two", connection);
    raw_zmtp_close(&second);
    raw_zmtp_close(&first);
}

/* Who comes again is let in at once, whatever is held of before; the oldest connection gives way.
 */
static void test_a_key_has_so_many_connections(void **state)
{
    struct fixture *fixture = *state;
    enum { MORE = 3 };
    struct raw_zmtp lines[LINK_CONNECTIONS_MAX + MORE];
    struct raw_part part;
    for (size_t i = 0; i < LINK_CONNECTIONS_MAX + MORE; i++) {
        open_own(fixture, A, &lines[i]);
        assert_true(raw_zmtp_send(&lines[i], bytes_of_text("here"), 0));
        struct link_event event = next_at_server(fixture);
        while (event.kind != LINK_FRAME)
            event = next_at_server(fixture);
        assert_frame(&event, "a", "here");
    }
    for (size_t i = 0; i < MORE; i++) {
        assert_false(raw_zmtp_receive(&lines[i], WAIT_MS, &part));
        assert_int_equal(lines[i].stage, RAW_CLOSED);
    }
    for (size_t i = MORE; i < LINK_CONNECTIONS_MAX + MORE; i++) {
        assert_true(raw_zmtp_send(&lines[i], bytes_of_text("still"), 0));
        struct link_event event = next_at_server(fixture);
        while (event.kind != LINK_FRAME)
            event = next_at_server(fixture);
        assert_frame(&event, "a", "still");
        raw_zmtp_close(&lines[i]);
    }
}

static void test_an_id_proves_its_key(void **state)
{
    struct fixture *fixture = *state;
    struct routing_secret client, server, other;
    uint8_t id[ROUTING_ID_BYTES], next[ROUTING_ID_BYTES];
    const struct curve_pair *a = &fixture->keys[A], *b = &fixture->keys[B];
    const struct curve_pair *centre = &fixture->server_key;
    assert_true(routing_secret_derive(&a->secret_key, &centre->public_key, &client));
    assert_true(routing_secret_derive(&centre->secret_key, &a->public_key, &server));
    assert_true(routing_secret_derive(&centre->secret_key, &b->public_key, &other));
    assert_memory_equal(&client, &server, sizeof client);
    routing_id_make(&client, id);
    routing_id_make(&client, next);
    assert_memory_not_equal(id, next, sizeof id);
    assert_true(routing_id_verify(&server, (struct bytes){id, sizeof id}));
    assert_true(routing_id_verify(&server, (struct bytes){next, sizeof next}));
    assert_false(routing_id_verify(&other, (struct bytes){id, sizeof id}));
    assert_false(routing_id_verify(&server, (struct bytes){id, sizeof id - 1}));
    assert_false(routing_id_verify(&server, (struct bytes){0}));
    for (size_t i = 0; i < sizeof id; i++) {
        id[i] ^= 1;
        assert_false(routing_id_verify(&server, (struct bytes){id, sizeof id}));
        id[i] ^= 1;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_an_id_proves_its_key, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_an_id_that_is_not_the_keys_own_is_cut, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_an_id_that_has_become_free_leads_to_nobody, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_the_same_id_twice_stays_with_the_first, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_key_has_so_many_connections, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
