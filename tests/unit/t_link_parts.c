/* A message whose parts do not end: its connection is cut before it fills the memory, and nobody
 * else's is. The line is a relay of the test's, so that it can stand still in the middle. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#include "proto/link/link.h"
#include "proto/link/connections.h"
#include "tests/support/patience.h"
#include "tests/unit/link_raw.h"

enum {
    WAIT_MS = 20000,
    PARTS = 512,
    PART_BYTES = 64 * 1024,
    TRICKLE_BYTES = 16 * 1024, /* a turn: the bound is reached long before the end */
    BACKLOG_FRAMES = 16,
    LOOKS = 50,
};

static atomic_llong server_ms;

static mono_t server_clock(void)
{
    return (mono_t){atomic_load(&server_ms)};
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- a line between a client and the server ---------------------------------------------------
 */

struct relay {
    int listener, client, server;
    char endpoint[64];
    size_t forwarded; /* to the server */
    size_t limit;     /* of that */
    bool is_cut;      /* by the server */
};

static struct sockaddr_in address_of(const char *endpoint)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const char *port = strrchr(endpoint, ':');
    address.sin_port = htons((uint16_t)(port == NULL ? 0 : strtol(port + 1, NULL, 10)));
    return address;
}

static void relay_open(struct relay *relay, size_t limit)
{
    struct sockaddr_in address = address_of("");
    socklen_t size = sizeof address;
    *relay = (struct relay){.client = -1, .server = -1, .limit = limit};
    relay->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(relay->listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(relay->listener, 1), 0);
    assert_int_equal(getsockname(relay->listener, (struct sockaddr *)&address, &size), 0);
    (void)snprintf(relay->endpoint, sizeof relay->endpoint, "tcp://127.0.0.1:%u",
                   (unsigned)ntohs(address.sin_port));
}

static void relay_close(struct relay *relay)
{
    (void)close(relay->listener);
    (void)close(relay->client);
    (void)close(relay->server);
}

/* Once the client has dialled. One connection is enough. */
static void relay_accept(struct relay *relay, const char *endpoint)
{
    struct pollfd wait = {.fd = relay->listener, .events = POLLIN};
    struct sockaddr_in address = address_of(endpoint);
    assert_int_equal(poll(&wait, 1, patience_ms(WAIT_MS)), 1);
    relay->client = accept(relay->listener, NULL, NULL);
    relay->server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(relay->client >= 0);
    assert_int_equal(connect(relay->server, (struct sockaddr *)&address, sizeof address), 0);
}

/* What there is, at most max; 0: nothing; -1: the other end has closed. */
static ssize_t pass(int from, int to, size_t max)
{
    char bytes[64 * 1024];
    ssize_t size = recv(from, bytes, max < sizeof bytes ? max : sizeof bytes, MSG_DONTWAIT);
    if (size <= 0)
        return size == 0 || errno != EAGAIN ? -1 : 0;
    return send(to, bytes, (size_t)size, MSG_NOSIGNAL) == size ? size : -1;
}

static void relay_step(struct relay *relay)
{
    ssize_t to_server = 0;
    do {
        if (relay->forwarded < relay->limit)
            to_server = pass(relay->client, relay->server, relay->limit - relay->forwarded);
        else
            to_server = 0;
        relay->forwarded += to_server > 0 ? (size_t)to_server : 0;
    } while (to_server > 0);
    ssize_t back = pass(relay->server, relay->client, SIZE_MAX);
    relay->is_cut = relay->is_cut || to_server < 0 || back < 0;
}

/* ---- the ends ---------------------------------------------------------------------------------
 */

struct fixture {
    struct curve_pair server_key, keys[2];
    struct link_server *server;
    struct relay relay;
    void *context, *socket; /* ZeroMQ itself, for shapes that no link makes */
    struct link_client *honest;
    size_t honest_frames, other_frames, refusals;
    bool is_known; /* both are; from then on each turn is time for a look */
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    struct link_peer peers[3] = {{.key = key_of("host"), .is_carrier = true},
                                 {.key = key_of("honest")},
                                 {.key = key_of("a"), .carrier = key_of("host")}};
    struct curve_pair unused;
    assert_non_null(fixture);
    assert_int_equal(curve_pair_make(&fixture->server_key), REASON_NONE);
    assert_int_equal(curve_pair_make(&unused), REASON_NONE);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(curve_pair_make(&fixture->keys[i]), REASON_NONE);
        peers[i].public_key = fixture->keys[i].public_key;
    }
    peers[2].public_key = unused.public_key;
    struct link_server_options options = {.endpoint = "tcp://127.0.0.1:0",
                                          .key = fixture->server_key,
                                          .io_threads = 1,
                                          .clock = server_clock};
    assert_int_equal(link_server_new(&options, &fixture->server), REASON_NONE);
    assert_int_equal(link_server_set_peers(fixture->server, peers, 3), REASON_NONE);
    struct link_client_options client = {.endpoint = link_server_endpoint(fixture->server),
                                         .key = fixture->keys[1],
                                         .server_public_key = fixture->server_key.public_key};
    assert_int_equal(link_client_new(&client, &fixture->honest), REASON_NONE);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    link_client_destroy(&fixture->honest);
    if (fixture->socket != NULL) {
        relay_close(&fixture->relay);
        (void)zmq_close(fixture->socket);
        (void)zmq_ctx_term(fixture->context);
    }
    link_server_destroy(&fixture->server);
    free(fixture);
    return 0;
}

static void send_part(struct fixture *fixture, size_t size, int flags)
{
    char *bytes = calloc(1, size);
    assert_non_null(bytes);
    assert_int_equal(zmq_send(fixture->socket, bytes, size, flags), size);
    free(bytes);
}

static void send_frame(struct fixture *fixture, size_t size)
{
    assert_int_equal(zmq_send(fixture->socket, "a", 1, ZMQ_SNDMORE), 1);
    send_part(fixture, size, 0);
}

/* Everything has its turn, and the honest one says something. */
static void turn(struct fixture *fixture)
{
    struct link_event event;
    struct key honest = key_of("honest");
    if (fixture->is_known)
        atomic_fetch_add(&server_ms, CONNECTIONS_LOOK_MS);
    while (link_client_receive(fixture->honest, &event))
        assert_int_not_equal(event.kind, LINK_PEER_REFUSED);
    (void)link_client_send(fixture->honest, bytes_of_text("."));
    if (fixture->socket != NULL)
        relay_step(&fixture->relay);
    while (link_server_receive(fixture->server, &event)) {
        bool is_honest = key_equal(&event.peer, &honest);
        fixture->honest_frames += event.kind == LINK_FRAME && is_honest;
        fixture->other_frames += event.kind == LINK_FRAME && !is_honest;
        fixture->refusals += event.kind == LINK_PEER_REFUSED ? event.count : 0;
    }
    struct pollfd wait = {.fd = link_server_fd(fixture->server), .events = POLLIN};
    (void)poll(&wait, 1, 1);
}

/* Over the relay, as the carrier. */
static void dial_relay(struct fixture *fixture, size_t limit)
{
    int64_t until_ms = now_ms() + patience_ms(WAIT_MS);
    relay_open(&fixture->relay, SIZE_MAX);
    fixture->context = zmq_ctx_new();
    void *socket = fixture->socket =
        raw_dealer(fixture->context, &fixture->server_key.public_key, &fixture->keys[0]);
    raw_name(socket, &fixture->server_key.public_key, &fixture->keys[0]);
    assert_int_equal(zmq_connect(socket, fixture->relay.endpoint), 0);
    relay_accept(&fixture->relay, link_server_endpoint(fixture->server));
    /* Its first frame makes it one of the carrier's, and no stranger. */
    send_frame(fixture, 1);
    while (fixture->other_frames == 0 || fixture->honest_frames == 0) {
        assert_true(now_ms() < until_ms);
        turn(fixture);
    }
    fixture->other_frames = 0;
    fixture->is_known = true;
    fixture->relay.limit =
        limit < SIZE_MAX - fixture->relay.forwarded ? fixture->relay.forwarded + limit : SIZE_MAX;
}

/* It trickles, so that nothing else ends the connection: were it not cut, the end would come. */
static void test_a_message_without_end_is_cut(void **state)
{
    struct fixture *fixture = *state;
    int64_t until_ms = now_ms() + patience_ms(WAIT_MS);
    dial_relay(fixture, 0);
    for (int i = 0; i < PARTS; i++)
        send_part(fixture, PART_BYTES, i + 1 < PARTS ? ZMQ_SNDMORE : 0);
    while (!fixture->relay.is_cut) {
        assert_in_range(fixture->relay.forwarded, 0, PARTS * PART_BYTES - 1);
        fixture->relay.limit = fixture->relay.forwarded + TRICKLE_BYTES;
        turn(fixture);
    }
    assert_true(fixture->relay.forwarded > CONNECTIONS_UNFINISHED_BYTES);
    size_t honest_frames = fixture->honest_frames;
    while (fixture->honest_frames <= honest_frames || fixture->refusals == 0) {
        assert_true(now_ms() < until_ms);
        turn(fixture);
    }
    assert_int_equal(fixture->refusals, 1);
    assert_int_equal(fixture->other_frames, 0);
}

/* The largest frame of a carrier stands still in its middle for as long as it likes. */
static void test_a_slow_line_is_not_cut(void **state)
{
    struct fixture *fixture = *state;
    int64_t until_ms = now_ms() + patience_ms(WAIT_MS);
    dial_relay(fixture, FRAME_BYTES_MAX / 2);
    send_frame(fixture, FRAME_BYTES_MAX);
    while (fixture->relay.forwarded < fixture->relay.limit || fixture->honest_frames < LOOKS) {
        assert_true(now_ms() < until_ms);
        turn(fixture);
    }
    fixture->relay.limit = SIZE_MAX;
    while (fixture->other_frames == 0) {
        assert_true(now_ms() < until_ms);
        turn(fixture);
    }
    assert_false(fixture->relay.is_cut);
    assert_int_equal(fixture->refusals, 0);
}

/* Many whole frames that nobody has received yet are no message without end. */
static void test_a_backlog_is_not_cut(void **state)
{
    struct fixture *fixture = *state;
    int64_t until_ms = now_ms() + patience_ms(WAIT_MS);
    dial_relay(fixture, SIZE_MAX);
    for (int i = 0; i < BACKLOG_FRAMES; i++)
        send_frame(fixture, FRAME_BYTES_MAX / 2);
    size_t before = fixture->relay.forwarded;
    while (fixture->relay.forwarded < before + BACKLOG_FRAMES * FRAME_BYTES_MAX / 2) {
        assert_true(now_ms() < until_ms);
        relay_step(&fixture->relay);
    }
    while (fixture->other_frames < BACKLOG_FRAMES) {
        assert_true(now_ms() < until_ms);
        turn(fixture);
    }
    for (int i = 0; i < LOOKS; i++)
        turn(fixture);
    assert_false(fixture->relay.is_cut);
    assert_int_equal(fixture->refusals, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_message_without_end_is_cut, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_slow_line_is_not_cut, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_backlog_is_not_cut, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
