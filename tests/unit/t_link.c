/* The link's two ends over loopback: who is let in, whose frames are whose, and what is passed
 * over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <poll.h>
#include <string.h>
#include <zmq.h>

#include "tests/unit/link_fixture.h"
#include "tests/unit/link_raw.h"

static void test_a_participant_on_its_own_connection(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(answer(fixture, "a", "too early"), REASON_LINK_LOST);
    assert_int_equal(answer(fixture, "stranger", "nobody"), REASON_LINK_LOST);
    struct link_client *a = dial(fixture, A, false);
    send_text(a, "one");
    uint64_t connection = expect_first(fixture, "a", "one");
    send_text(a, "two");
    expect_next(fixture, "a", "two", connection);
    assert_int_equal(answer(fixture, "a", "three"), REASON_NONE);
    expect_answer(a, "", "three");
    link_client_destroy(&a);
}

static void test_an_unknown_key_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct link_client *client = NULL;
    struct link_client_options options = {.endpoint = link_server_endpoint(fixture->server),
                                          .server_public_key = fixture->server_key.public_key};
    assert_int_equal(curve_pair_make(&options.key), REASON_NONE);
    assert_int_equal(link_client_new(&options, &client), REASON_NONE);
    assert_int_equal(next_at_client(client).kind, LINK_PEER_REFUSED);
    struct link_event event = next_at_server(fixture);
    assert_int_equal(event.kind, LINK_PEER_REFUSED);
    assert_int_equal(event.reason, REASON_LINK_REFUSED);
    link_client_destroy(&client);
}

static void test_a_carrier_carries_named_frames_both_ways(void **state)
{
    struct fixture *fixture = *state;
    struct link_client *host = dial(fixture, HOST, true);
    send_for(host, "a", "of a");
    uint64_t of_a = expect_first(fixture, "a", "of a");
    assert_int_equal(answer(fixture, "b", "too early"), REASON_LINK_LOST);
    send_for(host, "b", "of b");
    uint64_t of_b = expect_first(fixture, "b", "of b");
    assert_int_not_equal(of_a, of_b);
    send_for(host, "a", "");
    expect_next(fixture, "a", "", of_a);
    assert_int_equal(answer(fixture, "b", "for b"), REASON_NONE);
    assert_int_equal(answer(fixture, "a", "for a"), REASON_NONE);
    expect_answer(host, "b", "for b");
    expect_answer(host, "a", "for a");
    /* It is nobody that frames go to. */
    assert_int_equal(answer(fixture, "host", "?"), REASON_LINK_LOST);
    link_client_destroy(&host);
}

static void test_a_carrier_speaks_for_its_own_alone(void **state)
{
    struct fixture *fixture = *state;
    static const char *const others[] = {"c", "stranger", "host", "other"};
    struct link_client *host = dial(fixture, HOST, true);
    send_for(host, "a", "begin");
    uint64_t connection = expect_first(fixture, "a", "begin");
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        send_for(host, others[i], "forged");
        send_for(host, "a", "true");
        expect_next(fixture, "a", "true", connection);
        assert_int_equal(answer(fixture, others[i], "?"), REASON_LINK_LOST);
    }
    struct key no_key = {.text = "Not A Key"};
    assert_int_equal(link_client_send_for(host, &no_key, bytes_of_text("forged")), REASON_NONE);
    send_for(host, "a", "true");
    expect_next(fixture, "a", "true", connection);
    link_client_destroy(&host);
}

/* ZeroMQ itself, for shapes that no link makes. */
struct raw {
    void *context;
    void *socket;
};

static struct raw raw_listener(const struct curve_pair *key)
{
    int linger_ms = 0;
    struct raw raw = {.context = zmq_ctx_new()};
    raw.socket = zmq_socket(raw.context, ZMQ_ROUTER);
    assert_non_null(raw.socket);
    assert_int_equal(zmq_setsockopt(raw.socket, ZMQ_LINGER, &linger_ms, sizeof linger_ms), 0);
    assert_int_equal(zmq_setsockopt(raw.socket, ZMQ_CURVE_SECRETKEY, key->secret_key.text,
                                    CURVE_KEY_TEXT_BYTES - 1),
                     0);
    return raw;
}

/* receive_max 0: what it takes from the line is not bounded. */
static struct raw raw_dial_slow(struct fixture *fixture, size_t peer, int receive_max)
{
    const struct curve_key *server_key = &fixture->server_key.public_key;
    struct raw raw = {.context = zmq_ctx_new()};
    raw.socket = raw_dealer(raw.context, server_key, &fixture->keys[peer]);
    raw_name(raw.socket, server_key, &fixture->keys[peer]);
    assert_int_equal(zmq_setsockopt(raw.socket, ZMQ_RCVHWM, &receive_max, sizeof receive_max), 0);
    assert_int_equal(zmq_connect(raw.socket, link_server_endpoint(fixture->server)), 0);
    return raw;
}

static struct raw raw_dial(struct fixture *fixture, size_t peer)
{
    return raw_dial_slow(fixture, peer, 0);
}

/* A carrier's message: for whom it is, and its size. */
static size_t raw_receive(struct raw *raw, char *ret_name, size_t name_size)
{
    static uint8_t content[FRAME_BYTES_MAX];
    int wait_ms = WAIT_MS;
    assert_int_equal(zmq_setsockopt(raw->socket, ZMQ_RCVTIMEO, &wait_ms, sizeof wait_ms), 0);
    int size = zmq_recv(raw->socket, ret_name, name_size - 1, 0);
    assert_in_range(size, 1, name_size - 1);
    ret_name[size] = 0;
    size = zmq_recv(raw->socket, content, sizeof content, 0);
    assert_true(size >= 0);
    return (size_t)size;
}

static void raw_close(struct raw *raw)
{
    (void)zmq_close(raw->socket);
    (void)zmq_ctx_term(raw->context);
}

/* The parts of one message, up to NULL. */
static void raw_send(struct raw *raw, const char *const parts[])
{
    for (size_t i = 0; parts[i] != NULL; i++) {
        int more = parts[i + 1] != NULL ? ZMQ_SNDMORE : 0;
        assert_true(zmq_send(raw->socket, parts[i], strlen(parts[i]), more) >= 0);
    }
}

static const char *const shapes_of_a_carrier[][5] = {
    {"alone"},
    {"a"},
    {""},
    {"", "nobody"},
    {"a", "x", "y"},
    {"a", "x", "y", "z"},
    {"A", "capital"},
    {"a ", "blank"},
    {"abcdefghijklmnopq", "too long"},
    {"other", "not a participant"},
};

static void test_a_carriers_frames_of_another_shape_are_passed_over(void **state)
{
    struct fixture *fixture = *state;
    struct raw host = raw_dial(fixture, HOST);
    for (size_t i = 0; i < sizeof shapes_of_a_carrier / sizeof *shapes_of_a_carrier; i++)
        raw_send(&host, shapes_of_a_carrier[i]);
    raw_send(&host, (const char *const[]){"b", "good", NULL});
    (void)expect_first(fixture, "b", "good");
    assert_int_equal(answer(fixture, "a", "?"), REASON_LINK_LOST);
    raw_close(&host);
}

static void test_what_is_far_too_long_for_a_name_is_cut(void **state)
{
    static const uint8_t name[64 * 1024];
    struct fixture *fixture = *state;
    struct raw host = raw_dial(fixture, HOST);
    struct link_event event = {.kind = LINK_FRAME};
    int64_t until_ms = now_ms() + WAIT_MS;
    assert_true(zmq_send(host.socket, name, sizeof name, ZMQ_SNDMORE) >= 0);
    assert_true(zmq_send(host.socket, "x", 1, 0) >= 0);
    while (event.kind != LINK_PEER_REFUSED) {
        struct pollfd wait = {.fd = link_server_fd(fixture->server), .events = POLLIN};
        assert_true(now_ms() < until_ms);
        (void)poll(&wait, 1, 10);
        while (event.kind != LINK_PEER_REFUSED && link_server_receive(fixture->server, &event))
            continue;
    }
    assert_int_equal(event.reason, REASON_LINK_LIMIT);
    raw_close(&host);
}

static void test_a_participants_frames_of_another_shape_are_passed_over(void **state)
{
    struct fixture *fixture = *state;
    struct raw a = raw_dial(fixture, A);
    raw_send(&a, (const char *const[]){"a", "named by itself", NULL});
    raw_send(&a, (const char *const[]){"b", "forged", NULL});
    raw_send(&a, (const char *const[]){"", "empty", NULL});
    raw_send(&a, (const char *const[]){"x", "y", "z", NULL});
    raw_send(&a, (const char *const[]){"good", NULL});
    (void)expect_first(fixture, "a", "good");
    assert_int_equal(answer(fixture, "b", "?"), REASON_LINK_LOST);
    raw_close(&a);
}

/* A server that is not ours, and a client of it. */
static void expect_one_of(struct fixture *fixture, bool is_carrier, const char *const messages[][5],
                          size_t count, const char *peer)
{
    char endpoint[LINK_ENDPOINT_BYTES_MAX + 1];
    uint8_t id[ROUTING_ID_BYTES], greeting;
    size_t size = sizeof endpoint;
    int on = 1;
    struct link_client *client = NULL;
    struct raw server = raw_listener(&fixture->server_key);
    assert_int_equal(zmq_setsockopt(server.socket, ZMQ_CURVE_SERVER, &on, sizeof on), 0);
    assert_int_equal(zmq_bind(server.socket, "tcp://127.0.0.1:*"), 0);
    assert_int_equal(zmq_getsockopt(server.socket, ZMQ_LAST_ENDPOINT, endpoint, &size), 0);
    struct link_client_options options = {.endpoint = endpoint,
                                          .key = fixture->keys[A],
                                          .server_public_key = fixture->server_key.public_key,
                                          .is_carrier = is_carrier};
    assert_int_equal(link_client_new(&options, &client), REASON_NONE);
    assert_int_equal(next_at_client(client).kind, LINK_PEER_CONNECTED);
    int id_size = zmq_recv(server.socket, id, sizeof id, 0);
    assert_int_equal(id_size, ROUTING_ID_BYTES);
    assert_int_equal(zmq_recv(server.socket, &greeting, sizeof greeting, 0), 0);
    for (size_t i = 0; i < count; i++) {
        assert_true(zmq_send(server.socket, id, (size_t)id_size, ZMQ_SNDMORE) > 0);
        raw_send(&server, messages[i]);
    }
    expect_answer(client, peer, "good");
    link_client_destroy(&client);
    raw_close(&server);
}

static void test_a_client_passes_over_what_is_not_for_it(void **state)
{
    struct fixture *fixture = *state;
    static const char *const to_carrier[][5] = {
        {"alone"}, {""}, {"", "x"}, {"A", "x"}, {"a", "x", "y"}, {"b", "good"}};
    static const char *const to_adapter[][5] = {
        {"a", "named"}, {"", "x"}, {"x", "y", "z"}, {"good"}};
    expect_one_of(fixture, true, to_carrier, sizeof to_carrier / sizeof *to_carrier, "b");
    expect_one_of(fixture, false, to_adapter, sizeof to_adapter / sizeof *to_adapter, "");
}

/* carrier: whose connection the participant's frames come over; "": its own. */
static void assert_way(struct fixture *fixture, const char *name, const char *carrier)
{
    struct key key = key_of(name), way;
    assert_true(link_server_way(fixture->server, &key, &way));
    assert_string_equal(way.text, carrier);
}

static void test_the_latest_connection_of_a_participant_counts(void **state)
{
    struct fixture *fixture = *state;
    struct link_client *host = dial(fixture, HOST, true);
    struct link_client *a = dial(fixture, A, false);
    send_for(host, "a", "carried");
    uint64_t carried = expect_first(fixture, "a", "carried");
    send_text(a, "by itself");
    assert_way(fixture, "a", "host");
    uint64_t direct = expect_first(fixture, "a", "by itself");
    assert_way(fixture, "a", "");
    assert_int_not_equal(carried, direct);
    assert_int_equal(answer(fixture, "a", "one"), REASON_NONE);
    expect_answer(a, "", "one");
    send_for(host, "b", "beside");
    (void)expect_first(fixture, "b", "beside");
    send_text(a, "still");
    expect_next(fixture, "a", "still", direct);
    send_for(host, "a", "carried again");
    assert_int_not_equal(expect_first(fixture, "a", "carried again"), direct);
    assert_way(fixture, "a", "host");
    assert_int_equal(answer(fixture, "a", "two"), REASON_NONE);
    expect_answer(host, "a", "two");
    /* The carrier's next connection is a new one of everybody whose frames it brings. */
    struct link_client *again = dial(fixture, HOST, true);
    send_for(again, "a", "anew");
    assert_int_not_equal(expect_first(fixture, "a", "anew"), carried);
    assert_int_equal(answer(fixture, "a", "three"), REASON_NONE);
    expect_answer(again, "a", "three");
    link_client_destroy(&again);
    link_client_destroy(&a);
    link_client_destroy(&host);
}

/* What a carrier does not read fills its queue and ZeroMQ's, the kernel's and its own; then it is
 * told, for whomever the frame is, and nobody else feels it. */
static void test_a_full_queue_is_busy(void **state)
{
    struct fixture *fixture = *state;
    enum { FRAME_BYTES = 64 * 1024, KERNEL_BYTES_MAX = 64 * 1024 * 1024 };
    static uint8_t content[FRAME_BYTES];
    const size_t most = 2 * LINK_SEND_QUEUE_MAX + KERNEL_BYTES_MAX / FRAME_BYTES;
    const struct key a = key_of("a");
    struct raw host = raw_dial_slow(fixture, HOST, 1);
    struct link_client *c = dial(fixture, C, false);
    char name[8];
    raw_send(&host, (const char *const[]){"a", "begin", NULL});
    (void)expect_first(fixture, "a", "begin");
    raw_send(&host, (const char *const[]){"b", "begin", NULL});
    (void)expect_first(fixture, "b", "begin");
    send_text(c, "begin");
    (void)expect_first(fixture, "c", "begin");
    size_t queued = 0;
    enum reason reason = REASON_NONE;
    while (reason == REASON_NONE && queued <= most) {
        reason = link_server_send(fixture->server, &a, (struct bytes){content, sizeof content});
        queued += reason == REASON_NONE ? 1 : 0;
    }
    assert_int_equal(reason, REASON_BUSY);
    assert_true(queued >= LINK_SEND_QUEUE_MAX);
    assert_int_equal(answer(fixture, "c", "beside"), REASON_NONE);
    expect_answer(c, "", "beside");
    for (size_t i = 0; i < queued; i++) {
        assert_int_equal(raw_receive(&host, name, sizeof name), FRAME_BYTES);
        assert_string_equal(name, "a");
    }
    int64_t until_ms = now_ms() + WAIT_MS;
    while (answer(fixture, "b", "after") != REASON_NONE)
        assert_true(now_ms() < until_ms);
    size_t size = raw_receive(&host, name, sizeof name);
    while (size == FRAME_BYTES) /* what came in after the queue had been told full */
        size = raw_receive(&host, name, sizeof name);
    assert_int_equal(size, strlen("after"));
    assert_string_equal(name, "b");
    link_client_destroy(&c);
    raw_close(&host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_participant_on_its_own_connection, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_an_unknown_key_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_carrier_carries_named_frames_both_ways, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_carrier_speaks_for_its_own_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_is_far_too_long_for_a_name_is_cut, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_carriers_frames_of_another_shape_are_passed_over,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_participants_frames_of_another_shape_are_passed_over,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_client_passes_over_what_is_not_for_it, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_the_latest_connection_of_a_participant_counts, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_full_queue_is_busy, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
