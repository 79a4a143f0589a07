/* What a carrier's participants may have waiting at a server: together no more than a few of those
 * with a connection of their own, and in memory about what is counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <malloc.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "proto/link/link.h"
#include "tests/support/patience.h"

enum {
    WAIT_MS = 20000,
    CARRIED = 8,
    FRAME_BYTES = 64 * 1024,
    BOUND_BYTES = 16 * FRAME_BYTES, /* of one */
    SMALL_ROUNDS = 150,
    SMALL_OTHERS =
        100, /* frames of another between two that wait: more than libzmq reads at once */
};

static uint8_t content[FRAME_BYTES];
static struct curve_pair server_key, carrier_key, keys[CARRIED];

struct world {
    struct link_server *server;
    struct link_client *carrier;
    size_t taken, refused;
    bool has_ended;
};

static struct key name_of(size_t number)
{
    struct key key = {0};
    (void)snprintf(key.text, sizeof key.text, "a%zu", number);
    return key;
}

/* Nobody's turn but the first one's. */
static bool wants_first(void *context, const struct key *peer, size_t frame_bytes)
{
    struct key first = name_of(0);
    (void)context;
    (void)frame_bytes;
    return key_equal(peer, &first);
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void look(struct world *world)
{
    struct link_event event;
    struct pollfd wait = {.fd = link_server_fd(world->server), .events = POLLIN};
    (void)poll(&wait, 1, 1);
    while (link_server_receive(world->server, &event)) {
        world->taken += event.kind == LINK_FRAME;
        world->refused += event.kind == LINK_PEER_REFUSED && event.reason == REASON_LINK_LIMIT;
        world->has_ended = world->has_ended || event.kind == LINK_PEER_GONE;
    }
    while (link_client_receive(world->carrier, &event))
        continue;
}

static int set_up(void **state)
{
    static struct world world;
    struct link_peer peers[CARRIED + 1] = {{.key = key_of("host"), .is_carrier = true}};
    struct link_server_options options = {.endpoint = "tcp://127.0.0.1:0",
                                          .io_threads = 1,
                                          .receive_bytes_max = BOUND_BYTES,
                                          .wants = wants_first};
    world = (struct world){0};
    if (curve_pair_make(&server_key) != REASON_NONE || curve_pair_make(&carrier_key) != REASON_NONE)
        return -1;
    peers[0].public_key = carrier_key.public_key;
    for (size_t i = 0; i < CARRIED; i++) {
        if (curve_pair_make(&keys[i]) != REASON_NONE)
            return -1;
        peers[1 + i] = (struct link_peer){
            .key = name_of(i), .public_key = keys[i].public_key, .carrier = key_of("host")};
    }
    options.key = server_key;
    if (link_server_new(&options, &world.server) != REASON_NONE ||
        link_server_set_peers(world.server, peers, CARRIED + 1) != REASON_NONE)
        return -1;
    struct link_client_options dial = {.endpoint = link_server_endpoint(world.server),
                                       .key = carrier_key,
                                       .server_public_key = server_key.public_key,
                                       .is_carrier = true};
    *state = &world;
    return link_client_new(&dial, &world.carrier) == REASON_NONE ? 0 : -1;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    link_client_destroy(&world->carrier);
    link_server_destroy(&world->server);
    return 0;
}

static void send_for(struct world *world, size_t number, size_t bytes)
{
    struct key name = name_of(number);
    int64_t until_ms = now_ms() + patience_ms(WAIT_MS);
    while (link_client_send_for(world->carrier, &name, (struct bytes){content, bytes}) !=
           REASON_NONE) {
        assert_true(now_ms() < until_ms);
        look(world);
    }
}

/* Each is far below what one may have, and the host has sent for all: somebody is cut. */
static void those_of_a_carrier_have_a_bound_together(void **state)
{
    struct world *world = *state;
    enum { EACH = BOUND_BYTES / FRAME_BYTES * 2 / 3 };
    _Static_assert((CARRIED - 1) * EACH * FRAME_BYTES > LINK_CARRIER_PARTS * BOUND_BYTES,
                   "too few");
    for (size_t n = 0; n < EACH; n++)
        for (size_t i = 1; i < CARRIED; i++)
            send_for(world, i, FRAME_BYTES);
    int64_t until_ms = now_ms() + patience_ms(WAIT_MS);
    while (world->refused == 0) {
        assert_true(now_ms() < until_ms);
        look(world);
    }
    /* The first has its turn all the same. */
    send_for(world, 0, FRAME_BYTES);
    while (world->taken == 0) {
        assert_true(now_ms() < until_ms);
        look(world);
    }
}

/* A few small frames that wait do not keep what was read together with them. */
static void what_waits_takes_what_is_counted(void **state)
{
    struct world *world = *state;
    enum { SMALL_BYTES = 40, SLACK_BYTES = 1024 * 1024 };
    send_for(world, 0, SMALL_BYTES);
    int64_t until_ms = now_ms() + patience_ms(WAIT_MS);
    while (world->taken == 0) {
        assert_true(now_ms() < until_ms);
        look(world);
    }
    size_t before = mallinfo2().uordblks;
    for (size_t n = 0; n < SMALL_ROUNDS; n++) {
        send_for(world, 1, SMALL_BYTES);
        for (size_t i = 0; i < SMALL_OTHERS; i++)
            send_for(world, 0, SMALL_BYTES);
        look(world);
    }
    while (world->taken < 1 + SMALL_ROUNDS * SMALL_OTHERS) {
        assert_true(now_ms() < until_ms);
        look(world);
    }
    size_t after = mallinfo2().uordblks;
    assert_true(after < before + SLACK_BYTES);
}

/* What a connection left behind that nobody wants yet goes with it: the end is told at once. */
static void what_waits_goes_with_its_connection(void **state)
{
    struct world *world = *state;
    send_for(world, 1, FRAME_BYTES);
    send_for(world, 0, FRAME_BYTES);
    int64_t until_ms = now_ms() + patience_ms(WAIT_MS);
    while (world->taken == 0) {
        assert_true(now_ms() < until_ms);
        look(world);
    }
    struct link_event event;
    struct key waiting = name_of(1);
    link_client_destroy(&world->carrier);
    for (bool has_ended = false; !has_ended;) {
        assert_true(now_ms() < until_ms);
        struct pollfd wait = {.fd = link_server_fd(world->server), .events = POLLIN};
        (void)poll(&wait, 1, 1);
        while (link_server_receive(world->server, &event))
            has_ended =
                has_ended || (event.kind == LINK_PEER_GONE && key_equal(&event.peer, &waiting));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(those_of_a_carrier_have_a_bound_together, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_waits_takes_what_is_counted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_waits_goes_with_its_connection, set_up, tear_down),
    };
    (void)mallopt(M_ARENA_MAX, 1); /* mallinfo2 tells of the first one alone */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
