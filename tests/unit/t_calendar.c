/* Working time: hours, days off, the 15:00 rule, deadlines, pauses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "routing/calendar/calendar.h"
#include "tests/unit/registry_fixture.h"

static struct faults faults;
static struct calendar *calendar;

static int open_calendar(void **state)
{
    (void)state;
    char *text = fixture_read("routing/data/holidays.csv");
    faults_init(&faults);
    enum reason reason = calendar_new(bytes_of_text(text), &faults, &calendar);
    free(text);
    return reason == REASON_NONE ? 0 : 1;
}

static int close_calendar(void **state)
{
    (void)state;
    calendar_destroy(&calendar);
    return 0;
}

/* "2026-11-24 15:00" in Vietnam. */
static wall_t at(const char *text)
{
    char whole[TIME_TEXT_BYTES];
    struct stamp stamp;
    (void)snprintf(whole, sizeof whole, "%.10sT%.5s:00+07:00", text, text + 11);
    assert_true(stamp_parse(bytes_of_text(whole), &stamp));
    return stamp.at;
}

static void assert_at(wall_t moment, const char *expected)
{
    char text[TIME_TEXT_BYTES];
    stamp_format((struct stamp){moment, VIETNAM_OFFSET_MINUTES}, text);
    text[10] = ' ';
    text[16] = 0;
    assert_string_equal(text, expected);
}

static bool works(const char *text)
{
    return calendar_is_working_day(calendar, day_of(fixture_day(text)));
}

static void test_days(void **state)
{
    (void)state;
    assert_true(works("2026-11-24"));
    assert_false(works("2026-11-28"));
    assert_false(works("2026-11-29"));
    assert_false(works("2025-09-02"));
    assert_false(works("2025-05-02"));
    assert_true(works("2025-04-26"));
    assert_true(works("2026-08-22"));
    assert_false(works("2026-02-20"));
    assert_true(works("2026-02-23"));
    assert_true(calendar_knows(calendar, day_of(fixture_day("2025-01-01"))));
    assert_true(calendar_knows(calendar, day_of(fixture_day("2026-12-31"))));
    assert_false(calendar_knows(calendar, day_of(fixture_day("2027-02-08")))); /* Tết */
    assert_false(calendar_knows(calendar, day_of(fixture_day("2024-12-31"))));
}

static void test_every_date_in_the_file_makes_a_difference(void **state)
{
    (void)state;
    size_t off = 0;
    size_t made_up = 0;
    civil_day_t day = day_of(fixture_day("2025-01-01"));
    for (; day_year(day) < 2027; day.number++) {
        bool weekend = day_weekday(day) >= SATURDAY;
        bool working = calendar_is_working_day(calendar, day);
        off += !weekend && !working;
        made_up += weekend && working;
    }
    assert_int_equal(off, 25);
    assert_int_equal(made_up, 3);
}

static void test_next_working_moment(void **state)
{
    (void)state;
    static const char *const examples[][2] = {
        {"2026-11-24 06:59", "2026-11-24 07:00"}, {"2026-11-24 07:00", "2026-11-24 07:00"},
        {"2026-11-24 11:29", "2026-11-24 11:29"}, {"2026-11-24 11:30", "2026-11-24 13:30"},
        {"2026-11-24 12:00", "2026-11-24 13:30"}, {"2026-11-24 16:59", "2026-11-24 16:59"},
        {"2026-11-24 17:00", "2026-11-25 07:00"}, {"2026-11-27 18:00", "2026-11-30 07:00"},
        {"2026-11-28 09:00", "2026-11-30 07:00"}, {"2026-02-13 17:00", "2026-02-23 07:00"},
        {"2025-04-25 18:00", "2025-04-26 07:00"},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        wall_t next;
        assert_true(calendar_next_working(calendar, at(examples[i][0]), &next));
        assert_at(next, examples[i][1]);
    }
}

static void test_received_after_fifteen_hundred(void **state)
{
    (void)state;
    static const struct {
        const char *received;
        const char *starts;
        const char *transferred;
    } examples[] = {
        {"2026-11-24 09:00", "2026-11-24 09:00", "2026-11-24 17:00"},
        {"2026-11-24 06:00", "2026-11-24 07:00", "2026-11-24 17:00"},
        {"2026-11-24 15:00", "2026-11-24 15:00", "2026-11-24 17:00"},
        {"2026-11-24 15:01", "2026-11-25 07:00", "2026-11-25 07:00"},
        {"2026-11-27 16:00", "2026-11-30 07:00", "2026-11-30 07:00"},
        {"2026-11-28 09:00", "2026-11-30 07:00", "2026-11-30 07:00"},
        {"2025-08-29 15:30", "2025-09-03 07:00", "2025-09-03 07:00"},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        wall_t received = at(examples[i].received);
        wall_t moment;
        assert_true(calendar_processing_start(calendar, received, &moment));
        assert_at(moment, examples[i].starts);
        assert_true(calendar_transfer_due(calendar, received, false, &moment));
        assert_at(moment, examples[i].transferred);
        assert_true(calendar_transfer_due(calendar, received, true, &moment));
        assert_int_equal(moment.ms, received.ms);
    }
    wall_t late = {at("2026-11-24 15:00").ms + 1};
    wall_t moment;
    assert_true(calendar_processing_start(calendar, late, &moment));
    assert_at(moment, "2026-11-25 07:00");
}

/* What is left of a deadline so many working hours from early on a Monday: whole days, and hours of
 * the day after them, of which four lie before noon. */
static bool add_hours(wall_t from, uint32_t hours, wall_t *ret_due)
{
    wall_t monday = at("2026-11-23 06:00");
    wall_t due;
    assert_true(calendar_add_working_days(calendar, monday, hours / 8, &due));
    assert_true(calendar_next_working(calendar, due, &due));
    due.ms += (int64_t)(hours % 8 > 4 ? hours % 8 + 2 : hours % 8) * 3600 * 1000;
    return calendar_due_after_pause(calendar, due, monday, from, ret_due);
}

static void test_adding_working_time(void **state)
{
    (void)state;
    static const struct {
        const char *from;
        uint32_t hours;
        const char *due;
    } examples[] = {
        {"2026-11-24 07:00", 8, "2026-11-24 17:00"},  {"2026-11-24 07:00", 9, "2026-11-25 08:00"},
        {"2026-11-24 09:00", 8, "2026-11-25 09:00"},  {"2026-11-24 10:30", 2, "2026-11-24 14:30"},
        {"2026-11-24 10:30", 1, "2026-11-24 11:30"},  {"2026-11-27 16:00", 8, "2026-11-30 16:00"},
        {"2026-11-28 08:00", 4, "2026-11-30 11:00"},  {"2026-11-24 09:00", 0, "2026-11-24 09:00"},
        {"2026-11-24 12:00", 0, "2026-11-24 13:30"},  {"2026-02-13 09:00", 8, "2026-02-23 09:00"},
        {"2025-04-25 09:00", 16, "2025-04-28 09:00"},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        wall_t due;
        assert_true(add_hours(at(examples[i].from), examples[i].hours, &due));
        assert_at(due, examples[i].due);
    }
    wall_t due;
    assert_true(calendar_add_working_days(calendar, at("2026-11-24 09:00"), 20, &due));
    assert_at(due, "2026-12-22 09:00");
}

static void test_working_time_between(void **state)
{
    (void)state;
    int64_t ms;
    for (uint32_t hours = 0; hours < 400; hours += 7) {
        wall_t from = at("2026-02-10 08:15");
        wall_t due;
        assert_true(add_hours(from, hours, &due));
        assert_true(calendar_working_ms(calendar, from, due, &ms));
        assert_int_equal(ms, (int64_t)hours * 3600 * 1000);
    }
    assert_true(calendar_working_ms(calendar, at("2026-11-25 09:00"), at("2026-11-24 09:00"), &ms));
    assert_int_equal(ms, 0);
    assert_true(calendar_working_ms(calendar, at("2026-11-28 00:00"), at("2026-11-29 23:00"), &ms));
    assert_int_equal(ms, 0);
}

static void test_a_pause_moves_the_deadline(void **state)
{
    (void)state;
    wall_t due;
    assert_true(calendar_due_after_pause(calendar, at("2026-11-27 09:00"), at("2026-11-25 09:00"),
                                         at("2026-12-07 14:00"), &due));
    assert_at(due, "2026-12-09 14:00");
    assert_true(calendar_due_after_pause(calendar, at("2026-11-27 09:00"), at("2026-11-25 09:00"),
                                         at("2026-11-25 09:00"), &due));
    assert_at(due, "2026-11-27 09:00");
    assert_true(calendar_due_after_pause(calendar, at("2026-11-24 09:00"), at("2026-11-25 09:00"),
                                         at("2026-12-07 14:00"), &due));
    assert_at(due, "2026-11-24 09:00");
}

static void test_nonsense_is_refused(void **state)
{
    (void)state;
    wall_t kept = {7};
    wall_t far = {INT64_MAX};
    wall_t now = at("2026-11-24 09:00");
    int64_t ms = 7;
    assert_false(calendar_next_working(calendar, far, &kept));
    assert_false(calendar_processing_start(calendar, (wall_t){INT64_MIN}, &kept));
    assert_false(calendar_transfer_due(calendar, far, false, &kept));
    assert_false(calendar_add_working_days(calendar, now, UINT32_MAX, &kept));
    assert_false(calendar_working_ms(calendar, now, far, &ms));
    assert_false(calendar_due_after_pause(calendar, far, now, now, &kept));
    assert_int_equal(kept.ms, 7);
    assert_int_equal(ms, 7);
}

static void test_without_a_file_there_are_weekends(void **state)
{
    (void)state;
    struct calendar *plain = NULL;
    assert_int_equal(calendar_new((struct bytes){NULL, 0}, &faults, &plain), REASON_NONE);
    assert_true(calendar_is_working_day(plain, day_of(fixture_day("2025-09-02"))));
    assert_false(calendar_is_working_day(plain, day_of(fixture_day("2026-11-29"))));
    assert_false(calendar_knows(plain, day_of(fixture_day("2026-06-01"))));
    calendar_destroy(&plain);
    assert_null(plain);
}

#define HOLIDAYS "date,kind,name_vi,name_en\n"

static void assert_known_to(const char *rows, const char *day)
{
    struct calendar *made = NULL;
    char text[DAY_TEXT_BYTES];
    faults_init(&faults);
    assert_int_equal(calendar_new(bytes_of_text(rows), &faults, &made), REASON_NONE);
    day_format(calendar_known_to(made), text);
    assert_string_equal(text, day);
    calendar_destroy(&made);
}

static void test_a_calendar_knows_its_last_day(void **state)
{
    (void)state;
    assert_known_to(HOLIDAYS, "");
    assert_known_to(HOLIDAYS "2026-09-02,holiday,a,b\n", "2026-12-31");
    /* New Year's Day is no secret, Tết is announced late: the file says how far it goes */
    assert_known_to(HOLIDAYS "2026-09-02,holiday,a,b\n2027-01-01,holiday,a,b\n"
                             "2027-01-31,known_to,a,b\n",
                    "2027-01-31");
    /* a gap: nothing is known of 2027, whatever stands behind it */
    assert_known_to(HOLIDAYS "2026-09-02,holiday,a,b\n2028-01-03,holiday,a,b\n"
                             "2028-12-31,known_to,a,b\n",
                    "2026-12-31");
}

static void test_dates_beyond_its_end_are_a_fault(void **state)
{
    (void)state;
    struct calendar *made = NULL;
    static const char *const bad[] = {
        HOLIDAYS "2026-09-02,holiday,a,b\n2027-09-02,holiday,a,b\n2026-12-31,known_to,a,b\n",
        HOLIDAYS "2026-09-02,holiday,a,b\n2026-12-30,known_to,a,b\n2026-12-31,known_to,a,b\n",
    };
    static const enum fault_kind kinds[] = {FAULT_CALENDAR_BEYOND_END, FAULT_CALENDAR_END_REPEATED};
    for (size_t i = 0; i < 2; i++) {
        faults_init(&faults);
        assert_int_equal(calendar_new(bytes_of_text(bad[i]), &faults, &made),
                         REASON_REGISTRY_INVALID);
        assert_null(made);
        assert_int_equal(faults.items[0].kind, kinds[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_days),
        cmocka_unit_test(test_a_calendar_knows_its_last_day),
        cmocka_unit_test(test_dates_beyond_its_end_are_a_fault),
        cmocka_unit_test(test_every_date_in_the_file_makes_a_difference),
        cmocka_unit_test(test_next_working_moment),
        cmocka_unit_test(test_received_after_fifteen_hundred),
        cmocka_unit_test(test_adding_working_time),
        cmocka_unit_test(test_working_time_between),
        cmocka_unit_test(test_a_pause_moves_the_deadline),
        cmocka_unit_test(test_nonsense_is_refused),
        cmocka_unit_test(test_without_a_file_there_are_weekends),
    };
    return cmocka_run_group_tests(tests, open_calendar, close_calendar);
}
