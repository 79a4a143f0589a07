/* Connections that are reset while they are full, again and again, with PINGs in what is left: the
 * condition on which libzmq asserts is never met. Both ends are victims. And what one peer makes a
 * link hold is bounded, whoever does not read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/effort.h"
#include "tests/support/raw_zmtp.h"
#include "tests/unit/link_fixture.h"
#include "tests/unit/link_raw.h"

enum {
    /* Each is a trial of its own, and takes a handshake's time: more of them find no more kinds. */
    RESETS = 500,
    RESETS_SANITIZED = 100, /* libzmq is not */
    RESETS_OF_CLIENT = 50,  /* each costs it a wait */
    BURST = 64,             /* frames, with a PING after each fourth */
    FRAME_BYTES = 4096,
};

static uint8_t content[FRAME_BYTES_MAX];

/* As a client of ours does, it dials again when it was turned away: where the server has no time to
 * look, those of one address are drawn by lot. */
static void open_own(struct fixture *fixture, size_t peer, struct raw_zmtp *ret_raw)
{
    enum { DIALS_MAX = 1000 };
    int dials = 0;
    uint8_t id[ROUTING_ID_BYTES];
    raw_make_id(&fixture->server_key.public_key, &fixture->keys[peer], id);
    struct raw_zmtp_options options = {.endpoint = link_server_endpoint(fixture->server),
                                       .key = fixture->keys[peer],
                                       .server_key = fixture->server_key.public_key,
                                       .identity = {id, sizeof id},
                                       .timeout_ms = WAIT_MS};
    while (!raw_zmtp_open(&options, RAW_READY, ret_raw)) {
        raw_zmtp_close(ret_raw);
        assert_in_range(++dials, 1, DIALS_MAX);
    }
}

/* Without waiting for anybody who reads: what the kernel takes. */
static void burst(struct raw_zmtp *raw)
{
    static const uint8_t ttl[2] = {0, 10};
    for (int i = 0; i < BURST && raw->stage == RAW_READY; i++) {
        if (!raw_zmtp_push(raw, (struct bytes){content, FRAME_BYTES}, 0))
            break;
        if (i % 4 == 3 && raw_zmtp_flush(raw))
            (void)raw_zmtp_send_command(raw, "PING", (struct bytes){ttl, sizeof ttl});
    }
}

static void take_some(struct fixture *fixture, int count)
{
    struct link_event event;
    while (count-- > 0 && link_server_receive(fixture->server, &event))
        continue;
}

/* The owner takes a little now and then, as one does that is busy. */
static void test_a_server_survives_resets_of_full_connections(void **state)
{
    struct fixture *fixture = *state;
    struct link_client *b = dial(fixture, B, false);
    unsigned resets = effort(RESETS, RESETS_SANITIZED);
    for (unsigned i = 0; i < resets; i++) {
        struct raw_zmtp raw;
        open_own(fixture, A, &raw);
        burst(&raw);
        raw_zmtp_reset(&raw);
        if (i % 16 == 0)
            take_some(fixture, 8);
    }
    send_text(b, "still here");
    struct link_event event = next_at_server(fixture);
    struct key key = key_of("b");
    while (event.kind != LINK_FRAME || !key_equal(&event.peer, &key))
        event = next_at_server(fixture);
    assert_frame(&event, "b", "still here");
    link_client_destroy(&b);
}

static void test_a_client_survives_resets_of_full_connections(void **state)
{
    struct fixture *fixture = *state;
    char endpoint[LINK_ENDPOINT_BYTES_MAX + 1];
    int listener = raw_zmtp_listen(0, endpoint);
    struct link_client *client = NULL;
    struct link_client_options options = {.endpoint = endpoint,
                                          .key = fixture->keys[A],
                                          .server_public_key = fixture->server_key.public_key,
                                          .reconnect_min_ms = 1,
                                          .reconnect_max_ms = 1};
    assert_int_equal(link_client_new(&options, &client), REASON_NONE);
    unsigned resets = effort(RESETS_OF_CLIENT, RESETS_OF_CLIENT);
    for (unsigned i = 0; i < resets; i++) {
        struct raw_zmtp raw;
        struct link_event event;
        assert_true(raw_zmtp_accept(listener, &fixture->server_key, WAIT_MS, &raw));
        burst(&raw);
        raw_zmtp_reset(&raw);
        if (i % 16 == 0)
            (void)link_client_receive(client, &event);
    }
    link_client_destroy(&client);
    (void)close(listener);
}

static size_t resident_bytes(void)
{
    size_t pages = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%zu %zu", &pages, &resident), 2);
    (void)fclose(file);
    return resident * (size_t)sysconf(_SC_PAGESIZE);
}

/* The owner reads nothing at all. */
static void test_a_flood_is_cut_and_the_others_are_not(void **state)
{
    struct fixture *fixture = *state;
#ifdef __SANITIZE_ADDRESS__
    enum { FLOODS = 8, SLACK_BYTES = 512 * 1024 * 1024 }; /* what was freed is kept for a while */
#else
    enum { FLOODS = 8, SLACK_BYTES = 64 * 1024 * 1024 };
#endif
    struct link_client *b = dial(fixture, B, false);
    send_text(b, "before");
    (void)expect_first(fixture, "b", "before");
    size_t before = resident_bytes();
    for (int i = 0; i < FLOODS; i++) {
        struct raw_zmtp raw;
        uint64_t most = 16 * (uint64_t)LINK_RECEIVE_BYTES;
        open_own(fixture, A, &raw);
        while (raw_zmtp_send(&raw, (struct bytes){content, FRAME_BYTES_MAX}, 0))
            assert_in_range(raw.bytes_sent, 0, most);
        assert_true(raw.bytes_sent > LINK_RECEIVE_BYTES);
        assert_in_range(resident_bytes(), 0, before + LINK_RECEIVE_BYTES + SLACK_BYTES);
    }
    send_text(b, "after");
    /* In whichever order: what is told of one waits for nobody. */
    struct key a = key_of("a"), other = key_of("b");
    for (bool is_told = false, is_there = false; !is_told || !is_there;) {
        struct link_event event = next_at_server(fixture);
        if (event.kind == LINK_PEER_REFUSED && event.reason == REASON_LINK_LIMIT)
            is_told = is_told || key_equal(&event.peer, &a);
        if (event.kind == LINK_FRAME && key_equal(&event.peer, &other)) {
            assert_frame(&event, "b", "after");
            is_there = true;
        }
    }
    link_client_destroy(&b);
}

static void test_a_flood_at_a_client_is_cut(void **state)
{
    struct fixture *fixture = *state;
    char endpoint[LINK_ENDPOINT_BYTES_MAX + 1];
    int listener = raw_zmtp_listen(0, endpoint);
    struct link_client *client = NULL;
    struct raw_zmtp raw;
    struct link_client_options options = {.endpoint = endpoint,
                                          .key = fixture->keys[A],
                                          .server_public_key = fixture->server_key.public_key};
    assert_int_equal(link_client_new(&options, &client), REASON_NONE);
    assert_true(raw_zmtp_accept(listener, &fixture->server_key, WAIT_MS, &raw));
    while (raw_zmtp_send(&raw, (struct bytes){content, FRAME_BYTES_MAX}, 0))
        assert_in_range(raw.bytes_sent, 0, 16 * (uint64_t)LINK_RECEIVE_BYTES);
    /* What waited is dropped, and that it had connected with it. */
    struct link_event event = next_at_client(client);
    assert_int_equal(event.kind, LINK_PEER_GONE);
    event = next_at_client(client);
    assert_int_equal(event.kind, LINK_PEER_REFUSED);
    assert_int_equal(event.reason, REASON_LINK_LIMIT);
    link_client_destroy(&client);
    (void)close(listener);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_server_survives_resets_of_full_connections, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_client_survives_resets_of_full_connections, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_flood_is_cut_and_the_others_are_not, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_flood_at_a_client_is_cut, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
