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
#include "proto/link/zap.h"
#include "tests/support/patience.h"

enum { WAIT_MS = 20000 };

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static mono_t server_time;

static mono_t server_clock(void)
{
    return server_time;
}

static struct link_server *listen_with(const struct curve_pair *key)
{
    struct link_server *server = NULL;
    struct link_server_options options = {
        .endpoint = "tcp://127.0.0.1:0", .key = *key, .io_threads = 1, .clock = server_clock};
    assert_int_equal(link_server_new(&options, &server), REASON_NONE);
    return server;
}

static struct link_event next(struct link_client *client)
{
    struct link_event event;
    int64_t until_ms = now_ms() + patience_ms(WAIT_MS);
    while (!link_client_receive(client, &event)) {
        int64_t left = until_ms - now_ms();
        if (left <= 0)
            fail_msg("nothing came within %d ms", patience_ms(WAIT_MS));
        struct pollfd wait = {.fd = link_client_fd(client), .events = POLLIN};
        (void)poll(&wait, 1, (int)left);
    }
    return event;
}

static void expect_refused(struct link_client *client, enum reason reason)
{
    struct link_event event = next(client);
    assert_int_equal(event.kind, LINK_PEER_REFUSED);
    assert_int_equal(event.reason, reason);
}

/* The longest wait of all is over. */
static void let_redial(struct link_client *client, mono_t *now)
{
    link_client_tick(client, *now);
    now->ms += LINK_REFUSED_MAX_MS;
    link_client_tick(client, *now);
}

/* All that the server has to say of those whom it does not know; that a key which is known comes
 * too often is said too, where the machine is slow to tell of ends. */
static uint64_t told(struct link_server *server, struct bytes key)
{
    struct link_event event;
    uint64_t count = 0;
    while (link_server_receive(server, &event)) {
        if (event.kind != LINK_PEER_REFUSED || event.reason != REASON_LINK_REFUSED)
            continue;
        assert_true(bytes_equal(event.bytes, key));
        count += event.count;
    }
    return count;
}

/* Whoever is started before the centre has enrolled its key gets through once it is. */
static void test_a_refused_key_is_tried_again(void **state)
{
    (void)state;
    struct curve_pair server_key;
    struct link_client *client = NULL;
    struct link_client_options options = {0};
    assert_int_equal(curve_pair_make(&server_key), REASON_NONE);
    assert_int_equal(curve_pair_make(&options.key), REASON_NONE);
    struct link_server *server = listen_with(&server_key);
    options.endpoint = link_server_endpoint(server);
    options.server_public_key = server_key.public_key;
    assert_int_equal(link_client_new(&options, &client), REASON_NONE);
    struct link_peer peer = {.key = key_of("late"), .public_key = options.key.public_key};
    struct bytes key = bytes_of_text(peer.public_key.text);
    mono_t now = {1};
    for (int i = 0; i < 3; i++) {
        expect_refused(client, REASON_LINK_REFUSED);
        /* It is told of when it comes first, and then when the minute is over. */
        assert_int_equal(told(server, key), i == 0 ? 1 : 0);
        if (i == 2)
            assert_int_equal(link_server_set_peers(server, &peer, 1), REASON_NONE);
        let_redial(client, &now);
    }
    assert_int_equal(next(client).kind, LINK_PEER_CONNECTED);
    assert_int_equal(link_client_send(client, bytes_of_text("at last")), REASON_NONE);
    server_time.ms += 60 * 1000;
    assert_int_equal(told(server, key), 2);
    assert_int_equal(link_server_refusals(server), 3);
    link_client_destroy(&client);
    link_server_destroy(&server);
}

static void connect_once(const struct link_client_options *options)
{
    struct link_client *client = NULL;
    server_time.ms += 60 * 1000 / ZAP_CONNECTS_PER_MIN; /* not more often than a key may */
    assert_int_equal(link_client_new(options, &client), REASON_NONE);
    assert_int_equal(next(client).kind, LINK_PEER_CONNECTED);
    link_client_destroy(&client);
}

/* Whoever has another key of the server dials when it is ticked, and not by itself: while it was
 * not ticked others have come and gone MEANWHILE times. */
static void test_a_wrong_server_key_does_not_dial_by_itself(void **state)
{
    (void)state;
    enum { MEANWHILE = 100, RACING = 3 /* dialled before the first refusal was read */ };
    struct curve_pair server_key, other_key;
    struct link_client *client = NULL;
    struct link_client_options options = {.reconnect_min_ms = 1, .reconnect_max_ms = 1};
    assert_int_equal(curve_pair_make(&server_key), REASON_NONE);
    assert_int_equal(curve_pair_make(&other_key), REASON_NONE);
    assert_int_equal(curve_pair_make(&options.key), REASON_NONE);
    struct link_server *server = listen_with(&server_key);
    struct link_peer peer = {.key = key_of("wrong"), .public_key = options.key.public_key};
    assert_int_equal(link_server_set_peers(server, &peer, 1), REASON_NONE);
    options.endpoint = link_server_endpoint(server);
    options.server_public_key = other_key.public_key;
    assert_int_equal(link_client_new(&options, &client), REASON_NONE);
    mono_t now = {1};
    for (int i = 0; i < 3; i++) {
        expect_refused(client, REASON_LINK_LOST);
        let_redial(client, &now);
    }
    expect_refused(client, REASON_LINK_LOST);
    options.server_public_key = server_key.public_key;
    for (int i = 0; i < MEANWHILE; i++)
        connect_once(&options);
    (void)told(server, bytes_of_text(""));
    assert_in_range(link_server_refusals(server), 4, 4 + 4 * RACING);
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
    assert_int_equal(link_server_new(&options, &second), REASON_ADDRESS_TAKEN);
    options.endpoint = "127.0.0.1:7610"; /* no tcp:// */
    assert_int_equal(link_server_new(&options, &second), REASON_LISTEN_FAILED);
    assert_null(second);
    link_server_destroy(&server);
}

/* A carrier's frames under a name that it does not carry, until the line is cut; how many. Time
 * stands still, so that nothing is forgotten. */
static size_t send_strays(struct link_client *client)
{
    const struct key nobody = key_of("nobody");
    size_t sent = 0;
    for (;;) {
        struct link_event event;
        if (link_client_receive(client, &event)) {
            assert_int_equal(event.kind, LINK_PEER_GONE);
            return sent;
        }
        if (link_client_send_for(client, &nobody, bytes_of_text("stray")) == REASON_NONE)
            sent++;
    }
}

/* What is nobody's has a bound for each key. Who goes beyond loses the line; who does so again may
 * not come back for a while, and then has as much again. */
static void test_a_flood_of_strays_ends_its_line_and_the_key_rests(void **state)
{
    (void)state;
    struct curve_pair server_key;
    struct link_client *client = NULL;
    struct link_client_options options = {
        .is_carrier = true, .reconnect_min_ms = 1, .reconnect_max_ms = 1};
    assert_int_equal(curve_pair_make(&server_key), REASON_NONE);
    assert_int_equal(curve_pair_make(&options.key), REASON_NONE);
    struct link_server *server = listen_with(&server_key);
    struct link_peer peer = {
        .key = key_of("host"), .public_key = options.key.public_key, .is_carrier = true};
    assert_int_equal(link_server_set_peers(server, &peer, 1), REASON_NONE);
    options.endpoint = link_server_endpoint(server);
    options.server_public_key = server_key.public_key;
    assert_int_equal(link_client_new(&options, &client), REASON_NONE);
    assert_int_equal(next(client).kind, LINK_PEER_CONNECTED);
    assert_in_range(send_strays(client), LINK_STRAYS_MAX + 1, SIZE_MAX);
    assert_int_equal(next(client).kind, LINK_PEER_CONNECTED);
    (void)send_strays(client);
    expect_refused(client, REASON_LINK_LOST);
    server_time.ms += 60 * 1000;
    mono_t now = {1};
    let_redial(client, &now);
    assert_int_equal(next(client).kind, LINK_PEER_CONNECTED);
    link_client_destroy(&client);
    link_server_destroy(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_refused_key_is_tried_again),
        cmocka_unit_test(test_a_wrong_server_key_does_not_dial_by_itself),
        cmocka_unit_test(test_an_address_that_is_taken_is_named),
        cmocka_unit_test(test_a_flood_of_strays_ends_its_line_and_the_key_rests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
