/* Civil days in Vietnam. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "proto/base/day.h"

static civil_day_t day(const char *text)
{
    civil_day_t parsed = DAY_FIRST;
    assert_true(day_parse(bytes_of_text(text), &parsed));
    return parsed;
}

static void test_parse_and_format(void **state)
{
    (void)state;
    static const char *const texts[] = {"1970-01-01", "1969-12-31", "2024-02-29", "2025-02-28",
                                        "2026-11-24", "9999-12-31", "0001-01-01"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char text[DAY_TEXT_BYTES];
        day_format(day(texts[i]), text);
        assert_string_equal(text, texts[i]);
    }
    assert_int_equal(day("1970-01-01").number, 0);
    assert_int_equal(day("1969-12-31").number, -1);
    char text[DAY_TEXT_BYTES];
    day_format(DAY_LAST, text);
    assert_string_equal(text, "");
}

static void test_strange_dates_are_refused(void **state)
{
    (void)state;
    static const char *const refused[] = {"",           "2025-2-28",   "2025-02-29", "2025-13-01",
                                          "28/02/2025", "2025-02-281", "2025-00-10", "2025 02 28"};
    civil_day_t kept = {7};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        assert_false(day_parse(bytes_of_text(refused[i]), &kept));
    assert_int_equal(kept.number, 7);
}

static void test_the_day_changes_at_midnight_in_vietnam(void **state)
{
    (void)state;
    static const char *const days[] = {"2025-03-01", "1969-12-31", "1970-01-01"};
    for (size_t i = 0; i < sizeof days / sizeof *days; i++) {
        wall_t start = day_start(day(days[i]));
        assert_int_equal(day_of(start).number, day(days[i]).number);
        assert_int_equal(day_of((wall_t){start.ms - 1}).number, day(days[i]).number - 1);
        assert_int_equal(day_of((wall_t){start.ms + 86399999}).number, day(days[i]).number);
    }
    assert_int_equal(day_start(day("1970-01-01")).ms, -7 * 3600 * 1000);
}

static void test_any_moment_has_a_day(void **state)
{
    (void)state;
    assert_true(day_of((wall_t){INT64_MAX}).number > 0);
    assert_true(day_of((wall_t){INT64_MIN}).number < 0);
}

static void test_weekday_and_year(void **state)
{
    (void)state;
    assert_int_equal(day_weekday(day("2026-11-24")), TUESDAY);
    assert_int_equal(day_weekday(day("2025-03-01")), SATURDAY);
    assert_int_equal(day_weekday(day("1969-12-31")), WEDNESDAY);
    assert_int_equal(day_year(day("2025-12-31")), 2025);
    assert_int_equal(day_year(day("2026-01-01")), 2026);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse_and_format),
        cmocka_unit_test(test_strange_dates_are_refused),
        cmocka_unit_test(test_the_day_changes_at_midnight_in_vietnam),
        cmocka_unit_test(test_any_moment_has_a_day),
        cmocka_unit_test(test_weekday_and_year),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
