/* Days of Vietnam's calendar. Registers, holidays and working days are in local days, and the
 * country has one offset and no summer time, so a day is a number and 24 hours. */
#include "proto/base/day.h"

#include <string.h>

static const int64_t ms_per_day = INT64_C(24) * 60 * 60 * 1000;
static const int64_t offset_ms = INT64_C(60) * 1000 * VIETNAM_OFFSET_MINUTES;

/* Divided before the offset is added: a moment at the end of int64_t, as a broken clock may give
 * it, must not overflow. */
civil_day_t day_of(wall_t moment)
{
    int64_t local = moment.ms / ms_per_day * ms_per_day;
    int64_t rest = moment.ms - local + offset_ms;
    int64_t number = moment.ms / ms_per_day + rest / ms_per_day;
    if (rest < 0 && rest % ms_per_day != 0)
        number--;
    if (number <= INT32_MIN)
        return (civil_day_t){INT32_MIN + 1};
    if (number >= INT32_MAX)
        return (civil_day_t){INT32_MAX - 1};
    return (civil_day_t){(int32_t)number};
}

wall_t day_start(civil_day_t day)
{
    return (wall_t){day.number * ms_per_day - offset_ms};
}

enum weekday day_weekday(civil_day_t day)
{
    /* 1970-01-01 was a Thursday. */
    int64_t since_monday = ((int64_t)day.number % 7 + 7 + THURSDAY) % 7;
    return (enum weekday)since_monday;
}

static void format_start(civil_day_t day, char ret_text[TIME_TEXT_BYTES])
{
    stamp_format((struct stamp){day_start(day), VIETNAM_OFFSET_MINUTES}, ret_text);
}

int day_year(civil_day_t day)
{
    enum { YEAR_DIGITS = 4 };
    char text[TIME_TEXT_BYTES];
    int year = 0;
    format_start(day, text);
    for (size_t i = 0; i < YEAR_DIGITS; i++)
        year = year * 10 + (text[i] - '0');
    return year;
}

bool day_parse(struct bytes text, civil_day_t *ret_day)
{
    static const char midnight[] = "T00:00:00+07:00";
    enum { DATE_SIZE = DAY_TEXT_BYTES - 1 };
    char whole[DATE_SIZE + sizeof midnight];
    struct stamp stamp;
    if (text.size != DATE_SIZE)
        return false;
    memcpy(whole, text.data, DATE_SIZE);
    memcpy(whole + DATE_SIZE, midnight, sizeof midnight);
    if (!stamp_parse(bytes_of_text(whole), &stamp))
        return false;
    *ret_day = day_of(stamp.at);
    return true;
}

void day_format(civil_day_t day, char *ret_text)
{
    char text[TIME_TEXT_BYTES] = "";
    if (day.number != INT32_MIN && day.number != INT32_MAX)
        format_start(day, text);
    memcpy(ret_text, text, DAY_TEXT_BYTES - 1);
    ret_text[DAY_TEXT_BYTES - 1] = 0;
}
