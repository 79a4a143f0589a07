/* Refused handshakes are told of at once and then once a minute, however many there are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "proto/link/refusals.h"

enum { FLOOD = 10000 };

static struct refusals refusals;

static int set_up(void **state)
{
    (void)state;
    return refusals_init(&refusals) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    refusals_release(&refusals);
    return 0;
}

static void add(uint8_t number)
{
    uint8_t key[CURVE_KEY_BYTES];
    memset(key, number, sizeof key);
    refusals_add(&refusals, key);
}

/* How many are due, and how many handshakes they tell of. */
static size_t take_all(int64_t now_ms, uint64_t *ret_handshakes)
{
    struct curve_key key;
    uint64_t count;
    size_t reports = 0;
    *ret_handshakes = 0;
    while (refusals_next(&refusals, (mono_t){now_ms}, &key, &count)) {
        reports++;
        *ret_handshakes += count;
    }
    return reports;
}

static void test_a_key_is_told_at_once_and_then_once_a_minute(void **state)
{
    (void)state;
    struct curve_key key, again;
    uint64_t count = 0;
    assert_int_equal(take_all(0, &count), 0);
    add(1);
    assert_true(refusals_next(&refusals, (mono_t){5}, &key, &count));
    assert_int_equal(count, 1);
    assert_int_equal(strlen(key.text), CURVE_KEY_TEXT_BYTES - 1);
    for (int i = 0; i < FLOOD; i++)
        add(1);
    assert_int_equal(take_all(5 + REFUSALS_TOLD_MS - 1, &count), 0);
    add(2); /* another one does not wait for that */
    assert_int_equal(take_all(5 + REFUSALS_TOLD_MS - 1, &count), 1);
    assert_true(refusals_next(&refusals, (mono_t){5 + REFUSALS_TOLD_MS}, &again, &count));
    assert_int_equal(count, FLOOD);
    assert_string_equal(again.text, key.text);
    assert_int_equal(refusals_total(&refusals), FLOOD + 2);
}

static void test_without_a_key_they_share_a_report(void **state)
{
    (void)state;
    struct curve_key key;
    uint64_t count = 0;
    refusals_add(&refusals, NULL);
    refusals_add(&refusals, NULL);
    assert_true(refusals_next(&refusals, (mono_t){0}, &key, &count));
    assert_string_equal(key.text, "");
    assert_int_equal(count, 2);
}

static void test_a_flood_of_keys_is_bounded_and_all_of_it_is_counted(void **state)
{
    (void)state;
    uint64_t told = 0;
    uint64_t handshakes = 0;
    size_t reports = 0;
    for (int i = 1; i <= 200; i++) {
        add((uint8_t)i);
        reports += take_all(i, &handshakes);
        told += handshakes;
    }
    assert_int_equal(reports, REFUSALS_KEYS_MAX + 1);
    assert_int_equal(take_all(200 + REFUSALS_TOLD_MS, &handshakes), 1);
    assert_int_equal(told + handshakes, 200);
}

static void test_a_key_that_gave_up_makes_room(void **state)
{
    (void)state;
    uint64_t handshakes;
    for (int i = 1; i <= REFUSALS_KEYS_MAX; i++)
        add((uint8_t)i);
    assert_int_equal(take_all(0, &handshakes), REFUSALS_KEYS_MAX);
    assert_int_equal(take_all(REFUSALS_TOLD_MS, &handshakes), 0);
    struct curve_key key;
    add(REFUSALS_KEYS_MAX + 1);
    assert_true(refusals_next(&refusals, (mono_t){REFUSALS_TOLD_MS}, &key, &handshakes));
    assert_string_not_equal(key.text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_key_is_told_at_once_and_then_once_a_minute, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_without_a_key_they_share_a_report, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_flood_of_keys_is_bounded_and_all_of_it_is_counted,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_key_that_gave_up_makes_room, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
