/* A frame that cannot leave: whoever missed it is remembered, whatever else failed before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "gateway/shell/gateway.h"

enum { FRAMES = 3 * GATEWAY_GONE_MAX };

static struct gateway gateway;

static bool is_remembered(const char *peer)
{
    struct key key = key_of(peer);
    for (size_t i = 0; i < gateway.gone_count; i++) {
        if (key_equal(&gateway.gone[i], &key))
            return true;
    }
    return false;
}

static void every_peer_that_missed_a_frame_is_remembered(void **state)
{
    (void)state;
    struct link_server_options options = {.endpoint = "tcp://127.0.0.1:0", .io_threads = 1};
    struct key loud = key_of("loud");
    struct key quiet = key_of("quiet");
    assert_int_equal(curve_pair_make(&options.key), REASON_NONE);
    assert_int_equal(link_server_new(&options, &gateway.link), REASON_NONE);
    for (int i = 0; i < FRAMES; i++) /* all that one peer was owed: it is not there any more */
        gateway_send(&gateway, &loud, bytes_of_text("frame"));
    gateway_send(&gateway, &quiet, bytes_of_text("frame"));
    assert_true(is_remembered("loud"));
    assert_true(is_remembered("quiet"));
    link_server_destroy(&gateway.link);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_peer_that_missed_a_frame_is_remembered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
