/* The link's ends when they do not come together: a key that is enrolled later, an address that
 * cannot be listened on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <poll.h>
#include <time.h>

#include "proto/link/link.h"

enum { WAIT_MS = 20000, REDIAL_MS = 50 };

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static struct link_server *listen_with(const struct curve_pair *key)
{
    struct link_server *server = NULL;
    struct link_server_options options = {
        .endpoint = "tcp://127.0.0.1:0", .key = *key, .io_threads = 1};
    assert_int_equal(link_server_new(&options, &server), REASON_NONE);
    return server;
}

static enum link_event_kind next(struct link_client *client)
{
    struct link_event event;
    int64_t until_ms = now_ms() + WAIT_MS;
    while (!link_client_receive(client, &event)) {
        int64_t left = until_ms - now_ms();
        if (left <= 0)
            fail_msg("nothing came within %d ms", WAIT_MS);
        struct pollfd wait = {.fd = link_client_fd(client), .events = POLLIN};
        (void)poll(&wait, 1, (int)left);
    }
    return event.kind;
}

/* Whoever is started before the centre has enrolled its key gets through once it is. */
static void test_a_refused_key_is_tried_again(void **state)
{
    (void)state;
    struct curve_pair server_key;
    struct link_client *client = NULL;
    struct link_client_options options = {.reconnect_max_ms = REDIAL_MS};
    assert_int_equal(curve_pair_make(&server_key), REASON_NONE);
    assert_int_equal(curve_pair_make(&options.key), REASON_NONE);
    struct link_server *server = listen_with(&server_key);
    options.endpoint = link_server_endpoint(server);
    options.server_public_key = server_key.public_key;
    assert_int_equal(link_client_new(&options, &client), REASON_NONE);
    struct link_peer peer = {.key = key_of("late"), .public_key = options.key.public_key};
    mono_t now = {1};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(next(client), LINK_PEER_REFUSED);
        link_client_tick(client, now);
        now.ms += REDIAL_MS;
        if (i == 2)
            assert_int_equal(link_server_set_peers(server, &peer, 1), REASON_NONE);
        link_client_tick(client, now);
    }
    assert_int_equal(next(client), LINK_PEER_CONNECTED);
    assert_int_equal(link_client_send(client, bytes_of_text("at last")), REASON_NONE);
    link_client_destroy(&client);
    link_server_destroy(&server);
}

static void test_an_address_that_is_taken_is_named(void **state)
{
    (void)state;
    struct curve_pair key;
    struct link_server *second = NULL;
    assert_int_equal(curve_pair_make(&key), REASON_NONE);
    struct link_server *server = listen_with(&key);
    struct link_server_options options = {
        .endpoint = link_server_endpoint(server), .key = key, .io_threads = 1};
    assert_int_equal(link_server_new(&options, &second), REASON_LISTEN_FAILED);
    options.endpoint = "127.0.0.1:7610"; /* no tcp:// */
    assert_int_equal(link_server_new(&options, &second), REASON_LISTEN_FAILED);
    assert_null(second);
    link_server_destroy(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_refused_key_is_tried_again),
        cmocka_unit_test(test_an_address_that_is_taken_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
