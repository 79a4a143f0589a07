/* What one peer, and all of one carrier, may make us write in a second. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "gateway/custody/allowance.h"

static const struct allowance_cost one = {.records = 1, .lines = 1};

/* How many fit, and are counted. */
static uint32_t take_all(struct allowance *own, mono_t now)
{
    uint32_t taken = 0;
    while (taken <= ALLOWANCE_PER_SECOND_MAX && allowance_take(own, now, one))
        taken++;
    return taken;
}

static void a_peer_has_a_share_of_each_second(void **state)
{
    (void)state;
    struct allowance own = {0};
    assert_int_equal(take_all(&own, (mono_t){5000}), ALLOWANCE_PER_SECOND_MAX);
    assert_true(allowance_is_spent(&own, (mono_t){5999}));
    assert_true(allowance_take(&own, (mono_t){5999}, (struct allowance_cost){.rows = 1}));
    assert_int_equal(take_all(&own, (mono_t){6000}), ALLOWANCE_PER_SECOND_MAX);
    assert_int_equal(allowance_tell(&own, (mono_t){6000}), 2);
    assert_int_equal(allowance_tell(&own, (mono_t){7000}), 0);
}

/* A hundred names of one carrier have one share, and the first of them half of it. */
static void those_of_a_carrier_share_one(void **state)
{
    (void)state;
    enum { CROWD = 100 };
    static struct allowance crowd[CROWD];
    static struct allowance_lines lines;
    const struct key carrier = key_of("host"), nobody = {0};
    struct allowance *line = allowance_of_line(&lines, &carrier);
    assert_ptr_equal(allowance_of_line(&lines, &carrier), line);
    assert_null(allowance_of_line(&lines, &nobody));
    for (size_t i = 0; i < CROWD; i++)
        crowd[i].line = line;
    uint32_t taken = take_all(&crowd[0], (mono_t){5000});
    assert_int_equal(taken, ALLOWANCE_PER_SECOND_MAX / 2);
    assert_true(allowance_take(&crowd[1], (mono_t){5000}, one));
    taken++;
    for (size_t i = 1; i < CROWD; i++)
        taken += take_all(&crowd[i], (mono_t){5000});
    assert_true(taken <= ALLOWANCE_PER_SECOND_MAX);
    assert_true(allowance_is_spent(&crowd[0], (mono_t){5000}));
    /* One line of the log tells it for all. */
    assert_true(allowance_tell(line, (mono_t){5000}) >= CROWD);
    assert_int_equal(allowance_tell(&crowd[0], (mono_t){5000}), 0);
    /* Over a connection of its own it has a share of its own. */
    struct allowance other = {0};
    assert_int_equal(take_all(&other, (mono_t){5000}), ALLOWANCE_PER_SECOND_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_peer_has_a_share_of_each_second),
        cmocka_unit_test(those_of_a_carrier_share_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
