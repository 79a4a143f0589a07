/* What the outbox decides by: failures, back-off, breakers, and the arrows of states. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "routing/outbox/backoff.h"
#include "routing/outbox/entry.h"
#include "routing/outbox/failure.h"
#include "routing/outbox/window.h"

/* Whatever the reason, and however often: invariant 14. */
static void nothing_ends_on_unsure_ground(void **state)
{
    (void)state;
    static const enum failure_ground unsure[] = {FAILURE_OURS, FAILURE_TRANSPORT};
    for (uint32_t number = 0; number < 1000; number++) {
        for (size_t i = 0; reason_is_known(number) && i < sizeof unsure / sizeof *unsure; i++) {
            for (uint32_t attempts = 1; attempts < 4 * FAILURE_UNKNOWN_MAX; attempts++) {
                enum failure_action action =
                    failure_decide((enum reason)number, unsure[i], attempts);
                assert_true(action == FAILURE_DEFER || action == FAILURE_LOGIN ||
                            action == FAILURE_LOOKUP);
            }
        }
    }
    assert_int_equal(failure_decide(REASON_STORE_CORRUPT, FAILURE_OURS, 1), FAILURE_DEFER);
    assert_int_equal(failure_decide(REASON_OFFICE_TLS, FAILURE_TRANSPORT, 500), FAILURE_DEFER);
    assert_int_equal(failure_decide(REASON_OFFICE_REFUSED, FAILURE_TRANSPORT, 1), FAILURE_DEFER);
    assert_int_equal(failure_decide(REASON_FIELD_INVALID, FAILURE_RULE, 1), FAILURE_REFUSE);
}

static void waits_grow_and_are_bounded(void **state)
{
    (void)state;
    uint32_t before = 0;
    for (uint32_t attempts = 1; attempts < 40; attempts++) {
        uint32_t longest = backoff_delay_ms(attempts, UINT32_MAX, 0);
        assert_true(longest >= before && longest <= BACKOFF_CAP_MS);
        assert_int_equal(backoff_delay_ms(attempts, 0, 0), BACKOFF_FLOOR_MS);
        before = longest;
    }
    assert_int_equal(before, BACKOFF_CAP_MS);
    assert_int_equal(backoff_delay_ms(1, 0, 5000), 5000); /* Retry-After */
    assert_int_equal(backoff_delay_ms(1, 0, UINT32_MAX), BACKOFF_CAP_MS);
}

static void a_breaker_opens_probes_and_closes_slowly(void **state)
{
    (void)state;
    struct window window;
    mono_t now = {0};
    window_init(&window, 16);
    for (int i = 0; i < WINDOW_FAILURES_MAX; i++) {
        assert_true(window_room(&window, now) > 0);
        window_left(&window);
        window_failed(&window, REASON_OFFICE_UNREACHABLE, now);
    }
    assert_int_equal(window.state, WINDOW_OPEN);
    assert_int_equal(window_room(&window, now), 0);
    now.ms += WINDOW_REOPEN_FIRST_MS;
    assert_int_equal(window_room(&window, now), 1); /* one probe */
    window_left(&window);
    assert_int_equal(window_room(&window, now), 0);
    window_failed(&window, REASON_OFFICE_UNREACHABLE, now);
    assert_int_equal(window.state, WINDOW_OPEN); /* at once, and for longer */
    now.ms += WINDOW_REOPEN_FIRST_MS;
    assert_int_equal(window_room(&window, now), 0);
    now.ms += WINDOW_REOPEN_FIRST_MS;
    assert_int_equal(window_room(&window, now), 1);
    window_left(&window);
    window_succeeded(&window);
    assert_int_equal(window.state, WINDOW_CLOSED);
    assert_int_equal(window_room(&window, now), 2); /* not 16 at once */
}

/* A batch that fails whole opens it once: the second failure of the same moment teaches nothing. */
static void a_breaker_is_opened_once_by_what_fails_together(void **state)
{
    (void)state;
    enum { BATCH = 64 };
    struct window window;
    mono_t now = {1000};
    window_init(&window, BATCH);
    for (int i = 0; i < BATCH; i++)
        window_left(&window);
    for (int i = 0; i < BATCH; i++)
        window_failed(&window, REASON_OFFICE_UNREACHABLE, now);
    assert_int_equal(window.state, WINDOW_OPEN);
    now.ms += WINDOW_REOPEN_FIRST_MS;
    assert_int_equal(window_room(&window, now), 1);
}

/* Every pair of states: only the arrows of entry.h exist, and terminal states have none. */
static void states_move_only_along_their_arrows(void **state)
{
    (void)state;
    for (int from = ENTRY_QUEUED; from <= ENTRY_WITHDRAWN; from++) {
        for (int to = ENTRY_QUEUED; to <= ENTRY_WITHDRAWN; to++) {
            bool may = entry_may_move((enum entry_state)from, (enum entry_state)to);
            if (entry_state_is_terminal((enum entry_state)from))
                assert_false(may);
            else if (entry_state_is_terminal((enum entry_state)to))
                assert_true(may);
        }
        assert_false(entry_may_move((enum entry_state)from, (enum entry_state)from));
    }
    assert_true(entry_may_move(ENTRY_LEASED, ENTRY_DEFERRED));
    assert_false(entry_may_move(ENTRY_QUEUED, ENTRY_DEFERRED));
    assert_false(entry_may_move(ENTRY_HELD, ENTRY_LEASED));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_ends_on_unsure_ground),
        cmocka_unit_test(waits_grow_and_are_bounded),
        cmocka_unit_test(a_breaker_opens_probes_and_closes_slowly),
        cmocka_unit_test(a_breaker_is_opened_once_by_what_fails_together),
        cmocka_unit_test(states_move_only_along_their_arrows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
