/* Two adapters behind a carrier, one part of the way renewed in the n-th step while the others go
 * on, n = 1, 2, 3 … until all is done before it: the real cores of all four exchange transfers, a
 * file, results and receipts, and everything arrives once, in the time that the sessions' own
 * time-outs give. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/support/trio.h"

enum {
    STEPS_MAX = 2000,
    STEPS_MIN = 20,
    UNDISTURBED_MS = 2000,
    /* Eight seconds of silence, and twice a heartbeat's time until the hello: none of these may
     * take longer, and most are told at once. */
    HEALED_MS = PEER_SILENT_MS + 2 * HEARTBEAT_INTERVAL_MS,
    CUT_MS = 30 * 1000,
    STANDSTILL_MS = 6 * 1000,
};

static bool run_once(enum trio_renewal renewal, size_t step, int64_t *ret_ms, bool *ret_came)
{
    struct trio *trio = trio_open(NULL, TRIO_GATEWAY);
    char text[256];
    trio_carry(trio, renewal, step);
    bool done = trio_run(trio);
    trio_describe(trio, text, sizeof text);
    *ret_ms = trio_elapsed_ms(trio);
    *ret_came = trio_has_renewed(trio);
    trio_close(&trio);
    if (!done)
        print_message("# step %zu: %s\n", step, text);
    return done;
}

static void renew_at_every_step(enum trio_renewal renewal, int64_t limit_ms)
{
    int64_t longest_ms = 0;
    bool came = true;
    size_t lost = 0;
    size_t step = 1;
    for (; came && step < STEPS_MAX; step++) {
        int64_t took_ms;
        lost += !run_once(renewal, step, &took_ms, &came);
        longest_ms = took_ms > longest_ms ? took_ms : longest_ms;
    }
    print_message("# %zu moments, at most %lld ms\n", step, (long long)longest_ms);
    assert_int_equal(lost, 0);
    assert_true(!came && step > STEPS_MIN);
    assert_true(longest_ms <= limit_ms);
}

static void nothing_is_renewed(void **state)
{
    (void)state;
    int64_t took_ms;
    bool came;
    assert_true(run_once(TRIO_NOTHING, 1, &took_ms, &came));
    assert_true(took_ms <= UNDISTURBED_MS);
}

static void the_adapter_restarts(void **state)
{
    (void)state;
    renew_at_every_step(TRIO_ADAPTER_RESTARTS, UNDISTURBED_MS + HEALED_MS);
}

static void the_carrier_restarts(void **state)
{
    (void)state;
    renew_at_every_step(TRIO_CARRIER_RESTARTS, UNDISTURBED_MS + HEALED_MS);
}

static void the_gateway_restarts(void **state)
{
    (void)state;
    renew_at_every_step(TRIO_GATEWAY_RESTARTS, UNDISTURBED_MS + HEALED_MS);
}

static void the_line_blinks(void **state)
{
    (void)state;
    renew_at_every_step(TRIO_LINE_BLINKS, UNDISTURBED_MS + HEALED_MS);
}

static void the_line_blinks_and_no_adapter_is_told(void **state)
{
    (void)state;
    renew_at_every_step(TRIO_LINE_BLINKS_UNNOTICED, UNDISTURBED_MS + HEALED_MS);
}

static void the_line_is_cut(void **state)
{
    (void)state;
    renew_at_every_step(TRIO_LINE_IS_CUT, CUT_MS + UNDISTURBED_MS + HEALED_MS);
}

static void the_agency_goes_direct(void **state)
{
    (void)state;
    renew_at_every_step(TRIO_AGENCY_GOES_DIRECT, STANDSTILL_MS + UNDISTURBED_MS + HEALED_MS);
}

static void the_agency_comes_back(void **state)
{
    (void)state;
    renew_at_every_step(TRIO_AGENCY_COMES_BACK, STANDSTILL_MS + UNDISTURBED_MS + HEALED_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_renewed),
        cmocka_unit_test(the_adapter_restarts),
        cmocka_unit_test(the_carrier_restarts),
        cmocka_unit_test(the_gateway_restarts),
        cmocka_unit_test(the_line_blinks),
        cmocka_unit_test(the_line_blinks_and_no_adapter_is_told),
        cmocka_unit_test(the_line_is_cut),
        cmocka_unit_test(the_agency_goes_direct),
        cmocka_unit_test(the_agency_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
