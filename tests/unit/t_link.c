/* The link's two ends over loopback: who is let in, whose frames are whose, and what is passed
 * over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zmq.h>

#include "proto/link/link.h"

enum { WAIT_MS = 20000, PEERS = 5 };

/* a and b may be carried by host, c by other; each may come by itself as well. */
static const char *const names[PEERS] = {"a", "b", "c", "host", "other"};
static const char *const carriers[PEERS] = {"host", "host", "other", NULL, NULL};
enum { A, B, C, HOST, OTHER };

struct fixture {
    struct curve_pair server_key;
    struct curve_pair keys[PEERS];
    struct link_peer peers[PEERS];
    struct link_server *server;
};

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    assert_int_equal(curve_pair_make(&fixture->server_key), REASON_NONE);
    for (size_t i = 0; i < PEERS; i++) {
        assert_int_equal(curve_pair_make(&fixture->keys[i]), REASON_NONE);
        fixture->peers[i] = (struct link_peer){.key = key_of(names[i]),
                                               .public_key = fixture->keys[i].public_key,
                                               .is_carrier = carriers[i] == NULL};
        if (carriers[i] != NULL)
            fixture->peers[i].carrier = key_of(carriers[i]);
    }
    struct link_server_options options = {
        .endpoint = "tcp://127.0.0.1:0", .key = fixture->server_key, .io_threads = 1};
    assert_int_equal(link_server_new(&options, &fixture->server), REASON_NONE);
    assert_int_equal(link_server_set_peers(fixture->server, fixture->peers, PEERS), REASON_NONE);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    link_server_destroy(&fixture->server);
    free(fixture);
    return 0;
}

static void wait_on(int fd, int64_t until_ms)
{
    int64_t left = until_ms - now_ms();
    if (left <= 0)
        fail_msg("nothing came within %d ms", WAIT_MS);
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    (void)poll(&wait, 1, (int)left);
}

static struct link_event next_at_client(struct link_client *client)
{
    struct link_event event;
    int64_t until_ms = now_ms() + WAIT_MS;
    while (!link_client_receive(client, &event))
        wait_on(link_client_fd(client), until_ms);
    return event;
}

static struct link_event next_at_server(struct fixture *fixture)
{
    struct link_event event;
    int64_t until_ms = now_ms() + WAIT_MS;
    while (!link_server_receive(fixture->server, &event))
        wait_on(link_server_fd(fixture->server), until_ms);
    return event;
}

/* A connection with the key of one peer, as a carrier or not, whatever the server holds it for. */
static struct link_client *dial(struct fixture *fixture, size_t peer, bool is_carrier)
{
    struct link_client *client = NULL;
    struct link_client_options options = {.endpoint = link_server_endpoint(fixture->server),
                                          .key = fixture->keys[peer],
                                          .server_public_key = fixture->server_key.public_key,
                                          .is_carrier = is_carrier};
    assert_int_equal(link_client_new(&options, &client), REASON_NONE);
    assert_int_equal(next_at_client(client).kind, LINK_PEER_CONNECTED);
    return client;
}

static void send_text(struct link_client *client, const char *text)
{
    assert_int_equal(link_client_send(client, bytes_of_text(text)), REASON_NONE);
}

static void send_for(struct link_client *client, const char *name, const char *text)
{
    struct key key = key_of(name);
    assert_int_equal(link_client_send_for(client, &key, bytes_of_text(text)), REASON_NONE);
}

static enum reason answer(struct fixture *fixture, const char *name, const char *text)
{
    struct key key = key_of(name);
    return link_server_send(fixture->server, &key, bytes_of_text(text));
}

/* carrier: whose connection the participant's frames come over; "": its own. */
static void assert_way(struct fixture *fixture, const char *name, const char *carrier)
{
    struct key key = key_of(name), way;
    assert_true(link_server_way(fixture->server, &key, &way));
    assert_string_equal(way.text, carrier);
}

static void assert_frame(const struct link_event *event, const char *name, const char *text)
{
    assert_int_equal(event->kind, LINK_FRAME);
    assert_string_equal(event->peer.text, name);
    assert_true(bytes_equal(event->bytes, bytes_of_text(text)));
}

/* The next event but one is this frame, and it begins a connection. Answers its number. */
static uint64_t expect_first(struct fixture *fixture, const char *name, const char *text)
{
    struct link_event event = next_at_server(fixture);
    assert_int_equal(event.kind, LINK_PEER_CONNECTED);
    assert_string_equal(event.peer.text, name);
    uint64_t connection = event.connection;
    event = next_at_server(fixture);
    assert_frame(&event, name, text);
    assert_int_equal(event.connection, connection);
    return connection;
}

static void expect_next(struct fixture *fixture, const char *name, const char *text,
                        uint64_t connection)
{
    struct link_event event = next_at_server(fixture);
    assert_frame(&event, name, text);
    assert_int_equal(event.connection, connection);
}

static void expect_answer(struct link_client *client, const char *name, const char *text)
{
    struct link_event event = next_at_client(client);
    assert_frame(&event, name, text);
}

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

static struct raw raw_open(int type, const struct curve_pair *key)
{
    int linger_ms = 0;
    struct raw raw = {.context = zmq_ctx_new()};
    raw.socket = zmq_socket(raw.context, type);
    assert_non_null(raw.socket);
    assert_int_equal(zmq_setsockopt(raw.socket, ZMQ_LINGER, &linger_ms, sizeof linger_ms), 0);
    assert_int_equal(zmq_setsockopt(raw.socket, ZMQ_CURVE_SECRETKEY, key->secret_key.text,
                                    CURVE_KEY_TEXT_BYTES - 1),
                     0);
    return raw;
}

static struct raw raw_dial(struct fixture *fixture, size_t peer)
{
    const size_t size = CURVE_KEY_TEXT_BYTES - 1;
    const char *server_key = fixture->server_key.public_key.text;
    const char *own_key = fixture->keys[peer].public_key.text;
    struct raw raw = raw_open(ZMQ_DEALER, &fixture->keys[peer]);
    assert_int_equal(zmq_setsockopt(raw.socket, ZMQ_CURVE_SERVERKEY, server_key, size), 0);
    assert_int_equal(zmq_setsockopt(raw.socket, ZMQ_CURVE_PUBLICKEY, own_key, size), 0);
    assert_int_equal(zmq_connect(raw.socket, link_server_endpoint(fixture->server)), 0);
    return raw;
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
    uint8_t id[16];
    size_t size = sizeof endpoint;
    int on = 1;
    struct link_client *client = NULL;
    struct raw server = raw_open(ZMQ_ROUTER, &fixture->server_key);
    assert_int_equal(zmq_setsockopt(server.socket, ZMQ_CURVE_SERVER, &on, sizeof on), 0);
    assert_int_equal(zmq_bind(server.socket, "tcp://127.0.0.1:*"), 0);
    assert_int_equal(zmq_getsockopt(server.socket, ZMQ_LAST_ENDPOINT, endpoint, &size), 0);
    struct link_client_options options = {.endpoint = endpoint,
                                          .key = fixture->keys[A],
                                          .server_public_key = fixture->server_key.public_key,
                                          .is_carrier = is_carrier};
    assert_int_equal(link_client_new(&options, &client), REASON_NONE);
    assert_int_equal(next_at_client(client).kind, LINK_PEER_CONNECTED);
    if (is_carrier)
        send_for(client, "a", "hello");
    else
        send_text(client, "hello");
    int id_size = zmq_recv(server.socket, id, sizeof id, 0);
    assert_true(id_size > 0);
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

static void test_a_participant_is_taken_away_from_its_carrier(void **state)
{
    struct fixture *fixture = *state;
    struct link_client *host = dial(fixture, HOST, true);
    send_for(host, "a", "begin");
    (void)expect_first(fixture, "a", "begin");
    send_for(host, "b", "begin");
    uint64_t of_b = expect_first(fixture, "b", "begin");
    fixture->peers[A].carrier = key_of("other");
    assert_int_equal(link_server_set_peers(fixture->server, fixture->peers, PEERS), REASON_NONE);
    assert_int_equal(answer(fixture, "a", "no more"), REASON_LINK_LOST);
    assert_int_equal(answer(fixture, "b", "still"), REASON_NONE);
    expect_answer(host, "b", "still");
    send_for(host, "a", "no more");
    send_for(host, "b", "still");
    expect_next(fixture, "b", "still", of_b);
    struct link_client *other = dial(fixture, OTHER, true);
    send_for(other, "a", "by the other");
    (void)expect_first(fixture, "a", "by the other");
    link_client_destroy(&other);
    /* Not carried by anybody, it still comes by itself. */
    fixture->peers[A].carrier = (struct key){0};
    assert_int_equal(link_server_set_peers(fixture->server, fixture->peers, PEERS), REASON_NONE);
    assert_int_equal(answer(fixture, "a", "no more"), REASON_LINK_LOST);
    struct link_client *a = dial(fixture, A, false);
    send_text(a, "by itself");
    (void)expect_first(fixture, "a", "by itself");
    link_client_destroy(&a);
    link_client_destroy(&host);
}

static void test_a_carrier_is_taken_out(void **state)
{
    struct fixture *fixture = *state;
    struct link_client *host = dial(fixture, HOST, true);
    send_for(host, "a", "begin");
    (void)expect_first(fixture, "a", "begin");
    struct link_client *c = dial(fixture, C, false);
    send_text(c, "begin");
    uint64_t of_c = expect_first(fixture, "c", "begin");
    const struct link_peer left[] = {fixture->peers[A], fixture->peers[C]};
    assert_int_equal(link_server_set_peers(fixture->server, left, 2), REASON_NONE);
    assert_int_equal(answer(fixture, "a", "no more"), REASON_LINK_LOST);
    assert_int_equal(answer(fixture, "c", "still"), REASON_NONE);
    expect_answer(c, "", "still");
    send_for(host, "a", "no more");
    send_text(c, "still");
    expect_next(fixture, "c", "still", of_c);
    link_client_destroy(&c);
    link_client_destroy(&host);
}

/* The names stay, the keys do not: what was connected with the old ones is out. */
static void test_a_replaced_key_ends_its_connection(void **state)
{
    struct fixture *fixture = *state;
    struct link_client *host = dial(fixture, HOST, true);
    struct link_client *c = dial(fixture, C, false);
    send_for(host, "a", "begin");
    (void)expect_first(fixture, "a", "begin");
    send_text(c, "begin");
    (void)expect_first(fixture, "c", "begin");
    static const size_t replaced[] = {HOST, C};
    for (size_t i = 0; i < 2; i++) {
        struct curve_pair *key = &fixture->keys[replaced[i]];
        assert_int_equal(curve_pair_make(key), REASON_NONE);
        fixture->peers[replaced[i]].public_key = key->public_key;
    }
    assert_int_equal(link_server_set_peers(fixture->server, fixture->peers, PEERS), REASON_NONE);
    assert_int_equal(answer(fixture, "a", "no more"), REASON_LINK_LOST);
    assert_int_equal(answer(fixture, "c", "no more"), REASON_LINK_LOST);
    send_for(host, "a", "with the old key");
    send_text(c, "with the old key");
    struct link_client *host_again = dial(fixture, HOST, true);
    struct link_client *c_again = dial(fixture, C, false);
    send_for(host_again, "a", "with the new one");
    (void)expect_first(fixture, "a", "with the new one");
    send_text(c_again, "with the new one");
    (void)expect_first(fixture, "c", "with the new one");
    link_client_destroy(&c_again);
    link_client_destroy(&host_again);
    link_client_destroy(&c);
    link_client_destroy(&host);
}

/* A connection is reported before its first frame: that one waits, and does not outlive the peer.
 */
static void test_a_frame_that_waits_goes_with_its_participant(void **state)
{
    struct fixture *fixture = *state;
    struct link_client *host = dial(fixture, HOST, true);
    send_for(host, "a", "waits");
    assert_int_equal(next_at_server(fixture).kind, LINK_PEER_CONNECTED);
    fixture->peers[A].carrier = (struct key){0};
    assert_int_equal(link_server_set_peers(fixture->server, fixture->peers, PEERS), REASON_NONE);
    send_for(host, "b", "next");
    (void)expect_first(fixture, "b", "next");
    link_client_destroy(&host);
}

static void test_a_key_that_is_none_changes_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct link_client *host = dial(fixture, HOST, true);
    send_for(host, "a", "begin");
    uint64_t connection = expect_first(fixture, "a", "begin");
    struct link_peer bad = fixture->peers[B];
    memcpy(bad.public_key.text, "short", sizeof "short");
    assert_int_equal(link_server_set_peers(fixture->server, &bad, 1), REASON_KEY_UNREADABLE);
    assert_int_equal(answer(fixture, "a", "still"), REASON_NONE);
    expect_answer(host, "a", "still");
    send_for(host, "a", "still");
    expect_next(fixture, "a", "still", connection);
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
    struct link_client *host = dial(fixture, HOST, true);
    struct link_client *c = dial(fixture, C, false);
    send_for(host, "a", "begin");
    (void)expect_first(fixture, "a", "begin");
    send_for(host, "b", "begin");
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
        struct link_event event = next_at_client(host);
        assert_int_equal(event.kind, LINK_FRAME);
        assert_string_equal(event.peer.text, "a");
        assert_int_equal(event.bytes.size, FRAME_BYTES);
    }
    int64_t until_ms = now_ms() + WAIT_MS;
    while (answer(fixture, "b", "after") != REASON_NONE)
        assert_true(now_ms() < until_ms);
    struct link_event event = next_at_client(host);
    while (event.bytes.size == FRAME_BYTES) /* what came in after the queue had been told full */
        event = next_at_client(host);
    assert_frame(&event, "b", "after");
    link_client_destroy(&c);
    link_client_destroy(&host);
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
        cmocka_unit_test_setup_teardown(test_a_carriers_frames_of_another_shape_are_passed_over,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_participants_frames_of_another_shape_are_passed_over,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_client_passes_over_what_is_not_for_it, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_the_latest_connection_of_a_participant_counts, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_participant_is_taken_away_from_its_carrier, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_carrier_is_taken_out, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_replaced_key_ends_its_connection, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_frame_that_waits_goes_with_its_participant, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_key_that_is_none_changes_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_full_queue_is_busy, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
