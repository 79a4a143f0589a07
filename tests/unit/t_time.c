/* RFC 3339 times with their offset, both ways. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "proto/base/time.h"

static void assert_formats(int64_t ms, int32_t offset_minutes, const char *expected)
{
    char text[TIME_TEXT_BYTES];
    stamp_format((struct stamp){{ms}, offset_minutes}, text);
    assert_string_equal(text, expected);
}

static void test_known_moments_format(void **state)
{
    (void)state;
    assert_formats(0, 0, "1970-01-01T00:00:00.000+00:00");
    assert_formats(1791426600123, VIETNAM_OFFSET_MINUTES, "2026-10-08T09:30:00.123+07:00");
    assert_formats(1709164800000, 0, "2024-02-29T00:00:00.000+00:00");
    assert_formats(-1, 0, "1969-12-31T23:59:59.999+00:00");
    assert_formats(0, -210, "1969-12-31T20:30:00.000-03:30");
    assert_formats(4102444799999, 0, "2099-12-31T23:59:59.999+00:00");
}

static void test_any_number_formats_within_its_bound(void **state)
{
    (void)state;
    static const int64_t moments[] = {INT64_MIN,       INT64_MIN / 2, -62135596800001,
                                      253402300800000, INT64_MAX / 2, INT64_MAX};
    for (size_t i = 0; i < sizeof moments / sizeof *moments; i++) {
        char text[TIME_TEXT_BYTES];
        stamp_format((struct stamp){{moments[i]}, OFFSET_MINUTES_MAX}, text);
        assert_true(strlen(text) < TIME_TEXT_BYTES);
    }
    assert_formats(INT64_MIN, -OFFSET_MINUTES_MAX, "0000-01-01T10:00:00.000-14:00");
    assert_formats(INT64_MAX, OFFSET_MINUTES_MAX, "9999-12-31T13:59:59.999+14:00");
}

static void test_every_format_parses_back(void **state)
{
    (void)state;
    static const int32_t offsets[] = {0, VIETNAM_OFFSET_MINUTES, -OFFSET_MINUTES_MAX,
                                      OFFSET_MINUTES_MAX};
    const int64_t step_ms = INT64_C(86400000) * 29 + 3723004;
    for (int64_t ms = 0; ms < INT64_C(4102444800000); ms += step_ms) {
        for (size_t i = 0; i < sizeof offsets / sizeof *offsets; i++) {
            char text[TIME_TEXT_BYTES];
            struct stamp back;
            stamp_format((struct stamp){{ms}, offsets[i]}, text);
            assert_true(stamp_parse(bytes_of_text(text), &back));
            assert_int_equal(back.at.ms, ms);
            assert_int_equal(back.offset_minutes, offsets[i]);
        }
    }
}

static void test_other_spellings_of_rfc_3339(void **state)
{
    (void)state;
    struct stamp stamp;
    assert_true(stamp_parse(bytes_of_text("2026-10-08T02:30:00Z"), &stamp));
    assert_int_equal(stamp.at.ms, 1791426600000);
    assert_int_equal(stamp.offset_minutes, 0);
    assert_true(stamp_parse(bytes_of_text("2026-10-08t02:30:00z"), &stamp));
    assert_true(stamp_parse(bytes_of_text("2026-10-08T02:30:00.5Z"), &stamp));
    assert_int_equal(stamp.at.ms, 1791426600500);
    assert_true(stamp_parse(bytes_of_text("2026-10-08T02:30:00.1239999999Z"), &stamp));
    assert_int_equal(stamp.at.ms, 1791426600123);
}

static void test_what_is_not_a_time_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        "2026",
        "2026-10-08",
        "2026-10-08T02:30:00",
        "2026-10-08 02:30:00Z",
        "2026-13-08T02:30:00Z",
        "2026-00-08T02:30:00Z",
        "2026-02-29T02:30:00Z",
        "2100-02-29T02:30:00Z",
        "2026-04-31T02:30:00Z",
        "2026-10-00T02:30:00Z",
        "2026-10-08T24:00:00Z",
        "2026-10-08T02:60:00Z",
        "2026-10-08T02:30:60Z",
        "2026-10-08T02:30:00.Z",
        "2026-10-08T02:30:00+7:00",
        "2026-10-08T02:30:00+14:01",
        "2026-10-08T02:30:00+07:60",
        "2026-10-08T02:30:00Zx",
        "2026-10-08T02:30:00+0700",
        "+026-10-08T02:30:00Z",
        "2026-10-08T02:30:0",
        "2026/10/08T02:30:00Z",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct stamp stamp = {{7}, 7};
        assert_false(stamp_parse(bytes_of_text(wrong[i]), &stamp));
        assert_int_equal(stamp.at.ms, 7);
    }
}

static void test_leap_years_are_those_of_the_calendar(void **state)
{
    (void)state;
    struct stamp stamp;
    assert_true(stamp_parse(bytes_of_text("2000-02-29T00:00:00Z"), &stamp));
    assert_true(stamp_parse(bytes_of_text("2028-02-29T00:00:00Z"), &stamp));
    assert_false(stamp_parse(bytes_of_text("1900-02-29T00:00:00Z"), &stamp));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_moments_format),
        cmocka_unit_test(test_any_number_formats_within_its_bound),
        cmocka_unit_test(test_every_format_parses_back),
        cmocka_unit_test(test_other_spellings_of_rfc_3339),
        cmocka_unit_test(test_what_is_not_a_time_is_refused),
        cmocka_unit_test(test_leap_years_are_those_of_the_calendar),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
