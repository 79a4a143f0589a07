/* A program loses its disk and is put back from an older copy: nothing is lost, nothing is handed
 * to an office twice, and everybody knows in the end how each message ended. The real cores of
 * three programs; the copy is cut off at every moment of the traffic. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/support/trio.h"

enum { SECOND = 1000, COPIES_MS = 400, STEP_MS = 20, LOST_MS = 5 * SECOND };

static void run(struct trio *trio, int64_t copied_ms)
{
    char text[500];
    bool is_done = trio_run(trio);
    trio_describe(trio, text, sizeof text);
    if (!is_done || trio_doubled_count(trio) > 0)
        print_error("copied at %lld ms: %s\n", (long long)copied_ms, text);
    assert_true(is_done);
    assert_int_equal(trio_doubled_count(trio), 0);
    assert_int_equal(trio_office_count(trio, TRIO_AGENCY), TRIO_TRANSFERS);
    assert_int_equal(trio_office_count(trio, TRIO_CENTRE), TRIO_TRANSFERS);
}

static void lose_at_every_moment(enum trio_member member)
{
    for (int64_t copied_ms = 0; copied_ms <= COPIES_MS; copied_ms += STEP_MS) {
        struct trio *trio = trio_open(NULL, TRIO_GATEWAY);
        trio_put_back(trio, member, copied_ms, LOST_MS);
        run(trio, copied_ms);
        trio_close(&trio);
    }
}

static void a_gateway_is_put_back(void **state)
{
    (void)state;
    lose_at_every_moment(TRIO_GATEWAY);
}

static void a_sender_is_put_back(void **state)
{
    (void)state;
    lose_at_every_moment(TRIO_CENTRE);
}

static void a_recipient_is_put_back(void **state)
{
    (void)state;
    lose_at_every_moment(TRIO_AGENCY);
}

/* What the gateway took since the copy its sender had made long before: it had no line until then.
 * The recipient has none for longer, so that what is lost is on nobody's way. */
static void what_waited_long_is_offered_too(void **state)
{
    enum { AWAY_MS = 20 * 60 * SECOND, LATER_MS = 5 * SECOND };
    (void)state;
    for (int64_t copied_ms = 0; copied_ms <= COPIES_MS; copied_ms += 4 * STEP_MS) {
        struct trio *trio = trio_open(NULL, TRIO_GATEWAY);
        trio_stay_away(trio, TRIO_CENTRE, 0, AWAY_MS);
        trio_stay_away(trio, TRIO_AGENCY, 0, AWAY_MS + 2 * LATER_MS);
        trio_put_back(trio, TRIO_GATEWAY, AWAY_MS + copied_ms, AWAY_MS + LATER_MS);
        run(trio, copied_ms);
        trio_close(&trio);
    }
}

/* The gateway first, then an adapter asks it for what it had to be told anew itself. */
static void two_are_put_back(void **state)
{
    (void)state;
    for (int64_t copied_ms = 0; copied_ms <= COPIES_MS; copied_ms += 2 * STEP_MS) {
        struct trio *trio = trio_open(NULL, TRIO_GATEWAY);
        trio_put_back(trio, TRIO_GATEWAY, copied_ms, LOST_MS);
        trio_put_back(trio, TRIO_AGENCY, copied_ms / 2, LOST_MS + 10 * SECOND);
        run(trio, copied_ms);
        trio_close(&trio);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_gateway_is_put_back),
        cmocka_unit_test(a_sender_is_put_back),
        cmocka_unit_test(a_recipient_is_put_back),
        cmocka_unit_test(what_waited_long_is_offered_too),
        cmocka_unit_test(two_are_put_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
