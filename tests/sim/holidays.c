/* The calendar of a decade: its days off, and what is due when, worked out a second time by the
 * rules of routing/calendar and not by its code.
 *
 * An edition is announced once a year and covers the civil years from HOLIDAYS_FIRST_YEAR on, the
 * last of them to the end of November. Of a later day nobody knows more than its weekday. */
#include <stdio.h>

#include "proto/base/check.h"
#include "proto/base/day.h"
#include "tests/sim/world.h"

enum { DAYS_A_WEEK = 7, WEEKDAYS = 5, THURSDAY_NUMBER = 3, YEAR_DAYS = 365, EPOCH_YEAR = 1970 };
static const int64_t hour_ms = DAY_MS / 24;

static int64_t first_day(int year)
{
    enum { FOUR = 4, LEAP_YEARS_BEFORE = (EPOCH_YEAR - 1) / FOUR };
    return (int64_t)(year - EPOCH_YEAR) * YEAR_DAYS + (year - 1) / FOUR - LEAP_YEARS_BEFORE;
}

/* 0 is Monday. */
static int64_t weekday(int64_t day)
{
    return (day + THURSDAY_NUMBER) % DAYS_A_WEEK;
}

int64_t holidays_last_day(int edition)
{
    enum { DECEMBER = 31 };
    return edition == 0 ? -1 : first_day(HOLIDAYS_FIRST_YEAR + edition + 1) - DECEMBER - 1;
}

/* The Monday of the week in which the day of the year lies. */
static int64_t monday_of(int year, int64_t day_of_year)
{
    int64_t day = first_day(year) + day_of_year;
    return day - weekday(day);
}

/* A week of the lunar new year, which moves; and a Monday in spring that is made up for on the
 * Saturday behind it. */
static bool is_working_day(int edition, int64_t day)
{
    enum { LUNAR = 35, SPRING = 120, YEARS_OF_MOVES = 3 };
    bool is_weekday = weekday(day) < WEEKDAYS;
    int year = HOLIDAYS_FIRST_YEAR;
    while (first_day(year + 1) <= day)
        year++;
    if (day > holidays_last_day(edition) || day < first_day(HOLIDAYS_FIRST_YEAR))
        return is_weekday;
    int64_t lunar = monday_of(year, LUNAR + (int64_t)DAYS_A_WEEK * (year % YEARS_OF_MOVES));
    int64_t spring = monday_of(year, SPRING);
    if ((day >= lunar && day < lunar + WEEKDAYS) || day == spring)
        return false;
    return is_weekday || day == spring + WEEKDAYS;
}

struct bytes holidays_write(int edition, char *ret_text)
{
    char date[DAY_TEXT_BYTES];
    if (edition == 0)
        return (struct bytes){NULL, 0};
    int64_t last = holidays_last_day(edition);
    int used = snprintf(ret_text, HOLIDAYS_BYTES, "date,kind,name_vi,name_en\n");
    for (int64_t day = first_day(HOLIDAYS_FIRST_YEAR); day <= last; day++) {
        bool is_working = is_working_day(edition, day);
        if (is_working == (weekday(day) < WEEKDAYS))
            continue;
        day_format((civil_day_t){(int32_t)day}, date);
        used += snprintf(ret_text + used, HOLIDAYS_BYTES - (size_t)used, "%s,%s,N,D\n", date,
                         is_working ? "working" : "holiday");
    }
    day_format((civil_day_t){(int32_t)last}, date);
    used += snprintf(ret_text + used, HOLIDAYS_BYTES - (size_t)used, "%s,known_to,C,E\n", date);
    check(used < HOLIDAYS_BYTES);
    return (struct bytes){(const uint8_t *)ret_text, (size_t)used};
}

static int64_t next_working_day(int edition, int64_t day)
{
    do
        day++;
    while (!is_working_day(edition, day));
    return day;
}

/* Received after three o'clock or on a day off: as at the beginning of the next working day. Then
 * so many days of work, of which each but one that begins or goes on with a pause ends at the time
 * at which it began. */
int64_t holidays_due_ms(int edition, int64_t received_ms, unsigned int days)
{
    const int64_t zone_ms = 7 * hour_ms;
    const int64_t morning = 7 * hour_ms, noon = 23 * hour_ms / 2, after = 27 * hour_ms / 2;
    const int64_t late = 15 * hour_ms, evening = 17 * hour_ms;
    int64_t day = (received_ms + zone_ms) / DAY_MS;
    int64_t time = (received_ms + zone_ms) % DAY_MS;
    if (!is_working_day(edition, day) || time > late) {
        day = next_working_day(edition, day);
        time = morning;
    }
    bool is_from_start = time <= morning;
    if (time >= noon && time <= after)
        time = noon;
    for (unsigned int i = is_from_start ? 1 : 0; i < days; i++)
        day = next_working_day(edition, day);
    return day * DAY_MS + (is_from_start ? evening : time) - zone_ms;
}
