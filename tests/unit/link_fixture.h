/* link_fixture - the link's server, and what dials it: participants and carriers, over loopback.
 * Include after cmocka.
 *
 * set_up and tear_down are a test's; dial connects a peer; send_… and expect_… are one frame each
 * from and to a client; answer is one from the server. Whoever waits does so for WAIT_MS at most.
 */
#pragma once

#include <poll.h>
#include <stdlib.h>
#include <time.h>

#include "proto/link/link.h"
#include "tests/support/patience.h"

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

static inline int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static inline int set_up(void **state)
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

static inline int tear_down(void **state)
{
    struct fixture *fixture = *state;
    link_server_destroy(&fixture->server);
    free(fixture);
    return 0;
}

static inline void wait_on(int fd, int64_t until_ms)
{
    int64_t left = until_ms - now_ms();
    if (left <= 0)
        fail_msg("nothing came within %d ms", patience_ms(WAIT_MS));
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    (void)poll(&wait, 1, (int)left);
}

static inline struct link_event next_at_client(struct link_client *client)
{
    struct link_event event;
    int64_t until_ms = now_ms() + patience_ms(WAIT_MS);
    while (!link_client_receive(client, &event))
        wait_on(link_client_fd(client), until_ms);
    return event;
}

static inline struct link_event next_at_server(struct fixture *fixture)
{
    struct link_event event;
    int64_t until_ms = now_ms() + patience_ms(WAIT_MS);
    while (!link_server_receive(fixture->server, &event))
        wait_on(link_server_fd(fixture->server), until_ms);
    return event;
}

/* A connection with the key of one peer, as a carrier or not, whatever the server holds it for. */
static inline struct link_client *dial(struct fixture *fixture, size_t peer, bool is_carrier)
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

static inline void send_text(struct link_client *client, const char *text)
{
    assert_int_equal(link_client_send(client, bytes_of_text(text)), REASON_NONE);
}

static inline void send_for(struct link_client *client, const char *name, const char *text)
{
    struct key key = key_of(name);
    assert_int_equal(link_client_send_for(client, &key, bytes_of_text(text)), REASON_NONE);
}

static inline enum reason answer(struct fixture *fixture, const char *name, const char *text)
{
    struct key key = key_of(name);
    return link_server_send(fixture->server, &key, bytes_of_text(text));
}

static inline void assert_frame(const struct link_event *event, const char *name, const char *text)
{
    assert_int_equal(event->kind, LINK_FRAME);
    assert_string_equal(event->peer.text, name);
    assert_true(bytes_equal(event->bytes, bytes_of_text(text)));
}

/* The next event but one is this frame, and it begins a connection. Answers its number. A client
 * whose key was taken away dials again by itself, and its refusal may come in between. */
static inline uint64_t expect_first(struct fixture *fixture, const char *name, const char *text)
{
    struct link_event event;
    do
        event = next_at_server(fixture);
    while (event.kind == LINK_PEER_REFUSED);
    assert_int_equal(event.kind, LINK_PEER_CONNECTED);
    assert_string_equal(event.peer.text, name);
    uint64_t connection = event.connection;
    event = next_at_server(fixture);
    assert_frame(&event, name, text);
    assert_int_equal(event.connection, connection);
    return connection;
}

static inline void expect_next(struct fixture *fixture, const char *name, const char *text,
                               uint64_t connection)
{
    struct link_event event = next_at_server(fixture);
    assert_frame(&event, name, text);
    assert_int_equal(event.connection, connection);
}

static inline void expect_answer(struct link_client *client, const char *name, const char *text)
{
    struct link_event event = next_at_client(client);
    assert_frame(&event, name, text);
}
