/* A connection that brings a routing id along is passed over: with that of another's connection
 * which is gone, it would be sent what is for that one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <poll.h>
#include <string.h>
#include <zmq.h>

#include "proto/link/link.h"

enum { WAIT_MS = 20000, KEY_BYTES = CURVE_KEY_TEXT_BYTES - 1 };

static struct link_event next_event(struct link_server *server)
{
    struct link_event event;
    while (!link_server_receive(server, &event)) {
        struct pollfd wait = {.fd = link_server_fd(server), .events = POLLIN};
        assert_int_not_equal(poll(&wait, 1, WAIT_MS), 0);
    }
    return event;
}

/* ZeroMQ itself: a link names nothing. routing_id NULL: none. It stands when a frame was sent. */
static void *dial(void *context, const struct curve_pair *server, const struct curve_pair *key,
                  const char *endpoint, const char *routing_id, const char *frame)
{
    int linger_ms = 0, on = 1, wait_ms = WAIT_MS;
    void *socket = zmq_socket(context, ZMQ_DEALER);
    assert_non_null(socket);
    assert_int_equal(zmq_setsockopt(socket, ZMQ_LINGER, &linger_ms, sizeof linger_ms), 0);
    assert_int_equal(zmq_setsockopt(socket, ZMQ_IMMEDIATE, &on, sizeof on), 0);
    assert_int_equal(zmq_setsockopt(socket, ZMQ_SNDTIMEO, &wait_ms, sizeof wait_ms), 0);
    assert_int_equal(
        zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, server->public_key.text, KEY_BYTES), 0);
    assert_int_equal(zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, key->public_key.text, KEY_BYTES),
                     0);
    assert_int_equal(zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, key->secret_key.text, KEY_BYTES),
                     0);
    if (routing_id != NULL)
        assert_int_equal(zmq_setsockopt(socket, ZMQ_ROUTING_ID, routing_id, strlen(routing_id)), 0);
    assert_int_equal(zmq_connect(socket, endpoint), 0);
    assert_int_equal(zmq_send(socket, frame, strlen(frame), 0), (int)strlen(frame));
    return socket;
}

static void test_a_connection_that_names_itself_is_passed_over(void **state)
{
    static const char *const ids[] = {"same", "fives", "longer than one that is drawn"};
    struct curve_pair server_key, key;
    struct link_server *server = NULL;
    struct link_peer peer = {.key = key_of("a")};
    void *context = zmq_ctx_new();
    (void)state;
    assert_int_equal(curve_pair_make(&server_key), REASON_NONE);
    assert_int_equal(curve_pair_make(&key), REASON_NONE);
    peer.public_key = key.public_key;
    struct link_server_options options = {
        .endpoint = "tcp://127.0.0.1:0", .key = server_key, .io_threads = 1};
    assert_int_equal(link_server_new(&options, &server), REASON_NONE);
    assert_int_equal(link_server_set_peers(server, &peer, 1), REASON_NONE);
    const char *endpoint = link_server_endpoint(server);
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        void *named = dial(context, &server_key, &key, endpoint, ids[i], "named");
        void *drawn = dial(context, &server_key, &key, endpoint, NULL, "drawn");
        assert_int_equal(next_event(server).kind, LINK_PEER_CONNECTED);
        struct link_event event = next_event(server);
        assert_int_equal(event.kind, LINK_FRAME);
        assert_true(bytes_equal(event.bytes, bytes_of_text("drawn")));
        assert_int_equal(link_server_send(server, &peer.key, bytes_of_text("for a")), REASON_NONE);
        char answer[8];
        assert_int_equal(zmq_recv(drawn, answer, sizeof answer, 0), 5);
        assert_int_equal(zmq_close(named), 0);
        assert_int_equal(zmq_close(drawn), 0);
    }
    assert_int_equal(zmq_ctx_term(context), 0);
    link_server_destroy(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_connection_that_names_itself_is_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
