/* The size of a frame on a link: what the bound allows passes, with CURVE's box around it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <poll.h>
#include <string.h>
#include <time.h>

#include "proto/link/link.h"
#include "tests/support/patience.h"

enum { WAIT_MS = 20000 };

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void wait_on(int fd, int64_t until_ms)
{
    int64_t left = until_ms - now_ms();
    if (left <= 0)
        fail_msg("nothing came within %d ms", patience_ms(WAIT_MS));
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    (void)poll(&wait, 1, (int)left);
}

static struct link_event next_at_client(struct link_client *client)
{
    struct link_event event;
    int64_t until_ms = now_ms() + patience_ms(WAIT_MS);
    while (!link_client_receive(client, &event))
        wait_on(link_client_fd(client), until_ms);
    return event;
}

static struct link_event next_at_server(struct link_server *server)
{
    struct link_event event;
    int64_t until_ms = now_ms() + patience_ms(WAIT_MS);
    while (!link_server_receive(server, &event))
        wait_on(link_server_fd(server), until_ms);
    return event;
}

static void test_the_largest_frame_passes_both_ways_and_a_larger_one_does_not(void **state)
{
    (void)state;
    static uint8_t bytes[FRAME_BYTES_MAX + 1];
    struct bytes frame = {bytes, FRAME_BYTES_MAX};
    struct link_server_options options = {.endpoint = "tcp://127.0.0.1:0", .io_threads = 1};
    struct link_client_options client_options = {0};
    struct link_server *server = NULL;
    struct link_client *client = NULL;
    struct link_peer peer = {.key = key_of("a")};
    assert_int_equal(curve_pair_make(&options.key), REASON_NONE);
    assert_int_equal(curve_pair_make(&client_options.key), REASON_NONE);
    assert_int_equal(link_server_new(&options, &server), REASON_NONE);
    peer.public_key = client_options.key.public_key;
    assert_int_equal(link_server_set_peers(server, &peer, 1), REASON_NONE);
    client_options.endpoint = link_server_endpoint(server);
    client_options.server_public_key = options.key.public_key;
    assert_int_equal(link_client_new(&client_options, &client), REASON_NONE);
    assert_int_equal(next_at_client(client).kind, LINK_PEER_CONNECTED);

    assert_int_equal(link_client_send(client, frame), REASON_NONE);
    assert_int_equal(next_at_server(server).kind, LINK_PEER_CONNECTED);
    assert_int_equal(next_at_server(server).bytes.size, FRAME_BYTES_MAX);
    assert_int_equal(link_server_send(server, &peer.key, frame), REASON_NONE);
    assert_int_equal(next_at_client(client).bytes.size, FRAME_BYTES_MAX);
    frame.size++;
    assert_int_equal(link_server_send(server, &peer.key, frame), REASON_FRAME_TOO_LARGE);
    assert_int_equal(link_client_send(client, frame), REASON_NONE);
    assert_int_equal(next_at_client(client).kind, LINK_PEER_GONE);
    link_client_destroy(&client);
    link_server_destroy(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_largest_frame_passes_both_ways_and_a_larger_one_does_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
