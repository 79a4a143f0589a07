/* Queues of a link that are bounded in bytes: "busy" at the bound long before ZeroMQ's own count of
 * frames, others not held up, and room that is told of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <poll.h>
#include <string.h>
#include <time.h>
#include <zmq.h>

#include "proto/link/link.h"
#include "tests/support/patience.h"
#include "tests/unit/link_raw.h"

enum {
    WAIT_MS = 20000,
    FRAME_BYTES = 64 * 1024, /* as many as ZeroMQ holds are far beyond the kernel's buffers */
    BOUND_BYTES = 2 * 1024 * 1024,
    FAR_BYTES = 1024 * 1024 * 1024,
};

static uint8_t content[FRAME_BYTES];
static const struct bytes frame = {content, sizeof content};
static struct curve_pair server_key, keys[2];
static const struct key stalled = {.text = "stalled"}, other = {.text = "other"};

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int make_keys(void **state)
{
    (void)state;
    return curve_pair_make(&server_key) == REASON_NONE &&
                   curve_pair_make(&keys[0]) == REASON_NONE &&
                   curve_pair_make(&keys[1]) == REASON_NONE
               ? 0
               : -1;
}

static struct link_server *listen_with(struct link_server_options options, bool is_carrier)
{
    struct link_server *server = NULL;
    struct link_peer peers[] = {
        {.key = stalled, .public_key = keys[0].public_key, .is_carrier = is_carrier},
        {.key = other, .public_key = keys[1].public_key}};
    options.endpoint = "tcp://127.0.0.1:0";
    options.key = server_key;
    options.io_threads = 1;
    assert_int_equal(link_server_new(&options, &server), REASON_NONE);
    assert_int_equal(link_server_set_peers(server, peers, 2), REASON_NONE);
    return server;
}

/* A participant that takes one frame from the line and then no more until it is read. */
struct raw {
    void *context, *socket;
};

static struct raw dial(struct link_server *server, const struct curve_pair *key)
{
    int one = 1;
    struct raw raw = {.context = zmq_ctx_new()};
    raw.socket = raw_dealer(raw.context, &server_key.public_key, key);
    raw_name(raw.socket, &server_key.public_key, key);
    assert_int_equal(zmq_setsockopt(raw.socket, ZMQ_RCVHWM, &one, sizeof one), 0);
    assert_int_equal(zmq_connect(raw.socket, link_server_endpoint(server)), 0);
    assert_int_equal(zmq_send(raw.socket, "hello", 5, 0), 5);
    return raw;
}

static void hang_up(struct raw *raw)
{
    (void)zmq_close(raw->socket);
    (void)zmq_ctx_term(raw->context);
}

static void receive_hellos(struct link_server *server, size_t count)
{
    struct link_event event;
    int64_t until_ms = now_ms() + patience_ms(WAIT_MS);
    while (count > 0) {
        assert_true(now_ms() < until_ms);
        if (link_server_receive(server, &event))
            count -= event.kind == LINK_FRAME;
        struct pollfd wait = {.fd = link_server_fd(server), .events = POLLIN};
        (void)poll(&wait, 1, 1);
    }
}

/* How many frames find room. */
static size_t fill(struct link_server *server)
{
    size_t count = 0;
    enum reason reason = REASON_NONE;
    while (reason == REASON_NONE && count <= 4 * LINK_SEND_QUEUE_MAX) {
        reason = link_server_send(server, &stalled, frame);
        count += reason == REASON_NONE;
    }
    assert_int_equal(reason, REASON_BUSY);
    return count;
}

static void expect_bound(struct link_server_options options)
{
    struct link_server *server = listen_with(options, false);
    struct raw slow = dial(server, &keys[0]);
    struct raw quick = dial(server, &keys[1]);
    receive_hellos(server, 2);
    assert_in_range(fill(server), BOUND_BYTES / FRAME_BYTES, LINK_SEND_QUEUE_MAX - 1);
    /* The other one has its share. */
    for (int i = 0; i < LINK_SHARE_BYTES / FRAME_BYTES; i++) {
        assert_int_equal(link_server_send(server, &other, frame), REASON_NONE);
        assert_int_equal(zmq_recv(quick.socket, content, sizeof content, 0), FRAME_BYTES);
    }
    /* A list that keeps a participant keeps what is counted. */
    struct link_peer peers[] = {{.key = other, .public_key = keys[1].public_key},
                                {.key = stalled, .public_key = keys[0].public_key}};
    assert_int_equal(link_server_set_peers(server, peers, 2), REASON_NONE);
    assert_in_range(fill(server), 0, LINK_SEND_QUEUE_MAX - 1);
    /* It reads, and there is room again. */
    int64_t until_ms = now_ms() + patience_ms(WAIT_MS);
    while (link_server_send(server, &stalled, frame) == REASON_BUSY) {
        assert_true(now_ms() < until_ms);
        (void)zmq_recv(slow.socket, content, sizeof content, ZMQ_DONTWAIT);
    }
    hang_up(&slow);
    hang_up(&quick);
    link_server_destroy(&server);
}

static void test_one_participants_bytes_are_bounded(void **state)
{
    (void)state;
    expect_bound(
        (struct link_server_options){.send_bytes_max = BOUND_BYTES, .send_bytes_all = FAR_BYTES});
}

static void test_the_bytes_of_all_are_bounded(void **state)
{
    (void)state;
    expect_bound(
        (struct link_server_options){.send_bytes_max = FAR_BYTES, .send_bytes_all = BOUND_BYTES});
}

/* A gateway that takes one frame from the line and then no more until it is read. */
static struct raw listen_raw(char *ret_endpoint, size_t size)
{
    int one = 1, none = 0;
    struct raw raw = {.context = zmq_ctx_new()};
    raw.socket = zmq_socket(raw.context, ZMQ_ROUTER);
    assert_int_equal(zmq_setsockopt(raw.socket, ZMQ_LINGER, &none, sizeof none), 0);
    assert_int_equal(zmq_setsockopt(raw.socket, ZMQ_RCVHWM, &one, sizeof one), 0);
    assert_int_equal(zmq_setsockopt(raw.socket, ZMQ_CURVE_SERVER, &one, sizeof one), 0);
    assert_int_equal(zmq_setsockopt(raw.socket, ZMQ_CURVE_SECRETKEY, server_key.secret_key.text,
                                    CURVE_KEY_TEXT_BYTES - 1),
                     0);
    assert_int_equal(zmq_bind(raw.socket, "tcp://127.0.0.1:*"), 0);
    assert_int_equal(zmq_getsockopt(raw.socket, ZMQ_LAST_ENDPOINT, ret_endpoint, &size), 0);
    return raw;
}

static void read_some(struct raw *raw)
{
    for (int i = 0; i < 3; i++) /* id, name, frame */
        (void)zmq_recv(raw->socket, content, sizeof content, ZMQ_DONTWAIT);
}

/* A carrier's line to it, full to its bound. */
static struct link_client *open_full_line(struct raw *ret_server)
{
    char endpoint[LINK_ENDPOINT_BYTES_MAX + 1];
    *ret_server = listen_raw(endpoint, sizeof endpoint);
    struct link_client *client = NULL;
    struct link_event event;
    struct link_client_options options = {.endpoint = endpoint,
                                          .key = keys[0],
                                          .server_public_key = server_key.public_key,
                                          .is_carrier = true,
                                          .send_bytes_max = BOUND_BYTES};
    assert_int_equal(link_client_new(&options, &client), REASON_NONE);
    struct pollfd wait = {.fd = link_client_fd(client), .events = POLLIN};
    do
        assert_int_equal(poll(&wait, 1, patience_ms(WAIT_MS)), 1);
    while (!link_client_receive(client, &event));
    assert_int_equal(event.kind, LINK_PEER_CONNECTED);
    size_t count = 0;
    enum reason reason = REASON_NONE;
    while (reason == REASON_NONE && count < LINK_SEND_QUEUE_MAX) {
        reason = link_client_send_for(client, &other, frame);
        count += reason == REASON_NONE;
    }
    assert_int_equal(reason, REASON_BUSY);
    assert_in_range(count, BOUND_BYTES / FRAME_BYTES, LINK_SEND_QUEUE_MAX - 1);
    return client;
}

static void test_a_line_is_bounded_and_tells_of_room(void **state)
{
    (void)state;
    struct link_event event;
    struct raw server;
    struct link_client *client = open_full_line(&server);
    struct pollfd wait = {.fd = link_client_fd(client), .events = POLLIN};
    /* The server reads: the descriptor tells of room, without being asked again and again. */
    int64_t until_ms = now_ms() + patience_ms(WAIT_MS);
    while (link_client_send_for(client, &other, frame) == REASON_BUSY) {
        assert_true(now_ms() < until_ms);
        while (poll(&wait, 1, 1) == 0) {
            assert_true(now_ms() < until_ms);
            read_some(&server);
        }
        while (link_client_receive(client, &event))
            assert_int_not_equal(event.kind, LINK_PEER_GONE);
    }
    link_client_destroy(&client);
    hang_up(&server);
}

/* Who finds room before he is told of it is told all the same, once. */
static void test_a_line_with_early_room_comes_to_rest(void **state)
{
    (void)state;
    enum { REST_MS = 100 };
    struct link_event event;
    struct raw server;
    struct link_client *client = open_full_line(&server);
    struct pollfd wait = {.fd = link_client_fd(client), .events = POLLIN};
    int64_t until_ms = now_ms() + patience_ms(WAIT_MS);
    while (link_client_send_for(client, &other, frame) == REASON_BUSY) {
        assert_true(now_ms() < until_ms);
        read_some(&server);
    }
    do {
        assert_true(now_ms() < until_ms);
        while (zmq_recv(server.socket, content, sizeof content, ZMQ_DONTWAIT) >= 0)
            continue;
        while (link_client_receive(client, &event))
            continue;
    } while (poll(&wait, 1, REST_MS) != 0);
    link_client_destroy(&client);
    hang_up(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_participants_bytes_are_bounded),
        cmocka_unit_test(test_the_bytes_of_all_are_bounded),
        cmocka_unit_test(test_a_line_is_bounded_and_tells_of_room),
        cmocka_unit_test(test_a_line_with_early_room_comes_to_rest),
    };
    return cmocka_run_group_tests(tests, make_keys, NULL);
}
