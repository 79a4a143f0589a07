/* Waits after a refused handshake: they double, within their bounds, and differ between keys. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "proto/link/redial.h"

enum { MIN_MS = 250, MAX_MS = 60000, ROUNDS = 20, SEEDS = 100 };

static void test_waits_double_up_to_their_bound(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct redial redial;
        int64_t bound = MIN_MS;
        int64_t waited = 0;
        redial_init(&redial, MIN_MS, MAX_MS, seed);
        for (int i = 0; i < ROUNDS; i++) {
            int64_t wait = redial_next_ms(&redial);
            assert_in_range(wait, bound / 2, bound);
            assert_true(wait <= 2 * waited + MIN_MS);
            waited += wait;
            bound = bound * 2 < MAX_MS ? bound * 2 : MAX_MS;
        }
        assert_int_equal(bound, MAX_MS);
        redial_reset(&redial);
        assert_in_range(redial_next_ms(&redial), MIN_MS / 2, MIN_MS);
    }
}

/* Whoever was refused together does not come back together. */
static void test_two_keys_do_not_wait_alike(void **state)
{
    (void)state;
    int alike = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct redial one, other;
        redial_init(&one, MAX_MS, MAX_MS, seed);
        redial_init(&other, MAX_MS, MAX_MS, seed + 1);
        alike += redial_next_ms(&one) == redial_next_ms(&other);
    }
    assert_in_range(alike, 0, SEEDS / 10);
}

static void test_one_length_stays(void **state)
{
    (void)state;
    struct redial redial;
    redial_init(&redial, 1, 1, 7);
    for (int i = 0; i < ROUNDS; i++)
        assert_in_range(redial_next_ms(&redial), 0, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_waits_double_up_to_their_bound),
        cmocka_unit_test(test_two_keys_do_not_wait_alike),
        cmocka_unit_test(test_one_length_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
