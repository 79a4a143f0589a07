/* The raw ends of a connection speak with ZeroMQ's own, and with each other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/raw_zmtp.h"
#include "tests/unit/link_fixture.h"

static struct raw_zmtp_options options_of(const struct fixture *fixture, size_t who)
{
    return (struct raw_zmtp_options){.endpoint = link_server_endpoint(fixture->server),
                                     .key = fixture->keys[who],
                                     .server_key = fixture->server_key.public_key,
                                     .timeout_ms = WAIT_MS};
}

static void test_stranger_stops_at_the_key(void **state)
{
    struct fixture *fixture = *state;
    struct raw_zmtp raw;
    struct raw_zmtp_options options = options_of(fixture, A);
    options.key = (struct curve_pair){0};
    options.timeout_ms = 500; /* a refusal may be silence */
    assert_true(raw_zmtp_open(&options, RAW_WELCOMED, &raw));
    assert_false(raw_zmtp_advance(&raw));
    assert_int_equal(raw.stage, RAW_CLOSED);
}

static void test_stages(void **state)
{
    struct fixture *fixture = *state;
    struct raw_zmtp raw;
    struct raw_zmtp_options options = options_of(fixture, A);
    for (enum raw_stage stage = RAW_DIALLED; stage <= RAW_READY; stage++) {
        assert_true(raw_zmtp_open(&options, stage, &raw));
        assert_int_equal(raw.stage, stage);
        if (stage % 2 == 0)
            raw_zmtp_close(&raw);
        else
            raw_zmtp_reset(&raw);
        assert_int_equal(raw.stage, RAW_CLOSED);
    }
    options.server_key = fixture->keys[B].public_key;
    options.timeout_ms = 500;
    assert_false(raw_zmtp_open(&options, RAW_READY, &raw));
}

/* ---- both ends raw ---- */

struct ends {
    int listener;
    struct curve_pair key;
    struct raw_zmtp server;
    bool is_accepted;
};

static void *accept_one(void *argument)
{
    struct ends *ends = argument;
    ends->is_accepted = raw_zmtp_accept(ends->listener, &ends->key, WAIT_MS, &ends->server);
    return NULL;
}

static void test_both_ends(void **state)
{
    static uint8_t large[300 * 1024];
    struct fixture *fixture = *state;
    char endpoint[LINK_ENDPOINT_BYTES_MAX + 1];
    struct ends ends = {.listener = raw_zmtp_listen(0, endpoint), .key = fixture->server_key};
    struct raw_zmtp client;
    struct raw_part part;
    pthread_t thread;
    assert_true(ends.listener >= 0);
    assert_int_equal(pthread_create(&thread, NULL, accept_one, &ends), 0);
    struct raw_zmtp_options options = options_of(fixture, B);
    options.endpoint = endpoint;
    options.identity = bytes_of_text("chosen");
    assert_true(raw_zmtp_open(&options, RAW_READY, &client));
    (void)pthread_join(thread, NULL);
    assert_true(ends.is_accepted);
    assert_int_equal(ends.server.identity_size, 6);
    assert_memory_equal(ends.server.identity, "chosen", 6);
    assert_memory_equal(ends.server.peer_public, client.own_public, RAW_KEY_BYTES);
    memset(large, 7, sizeof large);
    assert_true(raw_zmtp_push(&client, (struct bytes){large, sizeof large}, RAW_MORE));
    int64_t until_ms = now_ms() + WAIT_MS;
    while (!raw_zmtp_receive(&ends.server, 1, &part)) {
        assert_true(now_ms() < until_ms);
        (void)raw_zmtp_flush(&client);
    }
    assert_int_equal(part.flags, RAW_MORE);
    assert_int_equal(part.bytes.size, sizeof large);
    assert_memory_equal(part.bytes.data, large, sizeof large);
    assert_true(raw_zmtp_send(&ends.server, bytes_of_text("back"), 0));
    assert_true(raw_zmtp_receive(&client, WAIT_MS, &part));
    assert_true(bytes_equal(part.bytes, bytes_of_text("back")));
    raw_zmtp_reset(&client);
    assert_false(raw_zmtp_receive(&ends.server, WAIT_MS, &part));
    assert_int_equal(ends.server.stage, RAW_CLOSED);
    (void)close(ends.listener);
}

/* ---- with ZeroMQ ---- */

static void test_dealer_dials(void **state)
{
    struct fixture *fixture = *state;
    char endpoint[LINK_ENDPOINT_BYTES_MAX + 1];
    struct raw_zmtp server;
    struct raw_part part;
    int listener = raw_zmtp_listen(0, endpoint);
    struct link_client_options options = {.endpoint = endpoint,
                                          .key = fixture->keys[A],
                                          .server_public_key = fixture->server_key.public_key};
    struct link_client *client = NULL;
    assert_int_equal(link_client_new(&options, &client), REASON_NONE);
    assert_true(raw_zmtp_accept(listener, &fixture->server_key, WAIT_MS, &server));
    assert_true(raw_zmtp_send(&server, bytes_of_text("to a dealer"), 0));
    struct link_event event;
    int64_t until_ms = now_ms() + WAIT_MS;
    do {
        while (!link_client_receive(client, &event))
            wait_on(link_client_fd(client), until_ms);
    } while (event.kind != LINK_FRAME);
    assert_true(bytes_equal(event.bytes, bytes_of_text("to a dealer")));
    assert_int_equal(link_client_send(client, bytes_of_text("from it")), REASON_NONE);
    do
        assert_true(raw_zmtp_receive(&server, WAIT_MS, &part));
    while ((part.flags & RAW_COMMAND) != 0 || part.bytes.size == 0); /* a client's first is empty */
    assert_true(bytes_equal(part.bytes, bytes_of_text("from it")));
    link_client_destroy(&client);
    raw_zmtp_close(&server);
    (void)close(listener);
}

static void test_router_answers(void **state)
{
    struct fixture *fixture = *state;
    struct raw_zmtp raw;
    struct raw_part part;
    struct raw_zmtp_options options = options_of(fixture, A);
    assert_true(raw_zmtp_open(&options, RAW_READY, &raw));
    assert_true(raw_zmtp_send_command(&raw, "PING",
                                      bytes_of_text("\x01\x01"
                                                    "context")));
    assert_true(raw_zmtp_receive(&raw, WAIT_MS, &part));
    assert_int_equal(part.flags, RAW_COMMAND);
    assert_true(bytes_equal(part.bytes, bytes_of_text("\x04PONGcontext")));
    raw_zmtp_close(&raw);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_stages, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_stranger_stops_at_the_key, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_both_ends, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_dealer_dials, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_router_answers, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
