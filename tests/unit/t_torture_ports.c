/* The n-th call of a port fails, for n = 1, 2, 3 …: nothing is acknowledged that is not kept, and
 * nothing is lost. limit-seconds: 300 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/support/effort.h"
#include "tests/support/trio.h"

enum { CALLS_MAX = 5000, LONG_FAULT_CALLS = 40, SANITIZED_STRIDE = 7 };

static void nothing_fails(void **state)
{
    (void)state;
    struct port_faults faults = {0};
    struct trio *trio = trio_open(&faults, TRIO_GATEWAY);
    char text[256];
    bool done = trio_run(trio);
    trio_describe(trio, text, sizeof text);
    trio_close(&trio);
    if (!done)
        fail_msg("%s", text);
    assert_true(faults.calls > 40);
    assert_int_equal(faults.failures, 0);
}

static void torture(enum trio_member whose, uint64_t fail_count, uint64_t stride)
{
    bool has_failed = true;
    uint64_t lost = 0;
    uint64_t n = 1;
    stride = effort_stride(stride, SANITIZED_STRIDE);
    for (; has_failed && n < CALLS_MAX; n += stride) {
        struct port_faults faults = {.fail_at = n, .fail_count = fail_count};
        struct trio *trio = trio_open(&faults, whose);
        char text[256];
        bool done = trio_run(trio);
        has_failed = faults.failures > 0;
        trio_describe(trio, text, sizeof text);
        if (!done) {
            print_message("# call %llu (%s): %s\n", (unsigned long long)n,
                          faults.last == NULL ? "-" : faults.last, text);
            lost++;
        }
        trio_close(&trio);
    }
    assert_int_equal(lost, 0);
    assert_true(!has_failed && n > 40);
}

static void a_call_of_the_gateway_fails(void **state)
{
    (void)state;
    torture(TRIO_GATEWAY, 1, 1);
}

static void a_call_of_the_centre_fails(void **state)
{
    (void)state;
    torture(TRIO_CENTRE, 1, 1);
}

static void a_call_of_the_agency_fails(void **state)
{
    (void)state;
    torture(TRIO_AGENCY, 1, 1);
}

static void many_calls_fail_in_a_row(void **state)
{
    (void)state;
    for (int whose = TRIO_GATEWAY; whose < TRIO_MEMBERS; whose++)
        torture((enum trio_member)whose, LONG_FAULT_CALLS, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_fails),
        cmocka_unit_test(a_call_of_the_gateway_fails),
        cmocka_unit_test(a_call_of_the_centre_fails),
        cmocka_unit_test(a_call_of_the_agency_fails),
        cmocka_unit_test(many_calls_fail_in_a_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
