/* Moments with the offset that they were said with (RFC 3339): evidence shows the clock of who
 * wrote it, and calculations use milliseconds since 1970 alone (invariant 12). */
#include "proto/base/time.h"

/* Days since 1970-01-01 of a proleptic Gregorian date, and back: H. Hinnant,
 * "chrono-Compatible Low-Level Date Algorithms" (2013), days_from_civil and civil_from_days. */
static int64_t days_from_civil(int64_t year, int month, int day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static void civil_from_days(int64_t days, int *ret_year, int *ret_month, int *ret_day)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted_month = (5 * day_of_year + 2) / 153;
    *ret_day = (int)(day_of_year - (153 * shifted_month + 2) / 5 + 1);
    *ret_month = (int)(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
    *ret_year = (int)(year_of_era + era * 400 + (*ret_month <= 2));
}

static const int64_t ms_per_minute = 60 * 1000;
static const int64_t ms_per_day = 24 * 60 * 60 * 1000;

/* count digits and what follows them; the place behind. */
static char *write_number(char *at, int number, int count, char end)
{
    for (int i = count; i-- > 0; number /= 10)
        at[i] = (char)('0' + number % 10);
    at[count] = end;
    return at + count + 1;
}

/* Moments come from outside, too: one that has no year of four digits is shown as the first or the
 * last that has, a day apart from the ends for the offset. */
static int64_t shown_ms(int64_t ms)
{
    static const int64_t first_ms = INT64_C(-62167132800000); /* 0000-01-02 */
    static const int64_t last_ms = INT64_C(253402214399999);  /* 9999-12-30 */
    return ms < first_ms ? first_ms : ms > last_ms ? last_ms : ms;
}

void stamp_format(struct stamp stamp, char *ret_text)
{
    int64_t local = shown_ms(stamp.at.ms) + stamp.offset_minutes * ms_per_minute;
    int64_t days = local / ms_per_day;
    int64_t rest = local % ms_per_day;
    if (rest < 0) {
        rest += ms_per_day;
        days--;
    }
    int year;
    int month;
    int day;
    civil_from_days(days, &year, &month, &day);
    int minutes = stamp.offset_minutes < 0 ? -stamp.offset_minutes : stamp.offset_minutes;
    /* By hand: every line of the log has a time, and printf costs more than the rest of the line.
     */
    char *at = write_number(ret_text, year % 10000, 4, '-');
    at = write_number(at, month, 2, '-');
    at = write_number(at, day, 2, 'T');
    at = write_number(at, (int)(rest / 3600000), 2, ':');
    at = write_number(at, (int)(rest / 60000 % 60), 2, ':');
    at = write_number(at, (int)(rest / 1000 % 60), 2, '.');
    at = write_number(at, (int)(rest % 1000), 3, stamp.offset_minutes < 0 ? '-' : '+');
    at = write_number(at, minutes / 60 % 100, 2, ':');
    (void)write_number(at, minutes % 60, 2, 0);
}

/* Reads exactly count digits at *at and moves on; false at anything else. */
static bool read_number(struct bytes text, size_t *at, size_t count, int *ret_value)
{
    int value = 0;
    if (*at + count > text.size)
        return false;
    for (size_t i = 0; i < count; i++) {
        uint8_t digit = text.data[*at + i];
        if (digit < '0' || digit > '9')
            return false;
        value = value * 10 + (digit - '0');
    }
    *at += count;
    *ret_value = value;
    return true;
}

static bool read_mark(struct bytes text, size_t *at, char mark)
{
    if (*at >= text.size || text.data[*at] != (uint8_t)mark)
        return false;
    (*at)++;
    return true;
}

static bool read_date(struct bytes text, size_t *at, int64_t *ret_days)
{
    static const int month_days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year;
    int month;
    int day;
    if (!read_number(text, at, 4, &year) || !read_mark(text, at, '-') ||
        !read_number(text, at, 2, &month) || !read_mark(text, at, '-') ||
        !read_number(text, at, 2, &day))
        return false;
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (month < 1 || month > 12 || day < 1 ||
        day > month_days[month - 1] + (month == 2 && leap ? 1 : 0))
        return false;
    *ret_days = days_from_civil(year, month, day);
    return true;
}

/* RFC 3339 §5.6: both cases of T and Z. */
static bool read_either(struct bytes text, size_t *at, char one, char other)
{
    return read_mark(text, at, one) || read_mark(text, at, other);
}

static bool read_clock(struct bytes text, size_t *at, int64_t *ret_ms)
{
    int hour;
    int minute;
    int second;
    int64_t ms = 0;
    if (!read_number(text, at, 2, &hour) || !read_mark(text, at, ':') ||
        !read_number(text, at, 2, &minute) || !read_mark(text, at, ':') ||
        !read_number(text, at, 2, &second) || hour > 23 || minute > 59 || second > 59)
        return false;
    if (read_mark(text, at, '.')) {
        int digit;
        int64_t weight = 100;
        if (!read_number(text, at, 1, &digit))
            return false;
        do {
            ms += digit * weight;
            weight /= 10;
        } while (read_number(text, at, 1, &digit));
    }
    *ret_ms = ((int64_t)hour * 3600 + minute * 60 + second) * 1000 + ms;
    return true;
}

static bool read_offset(struct bytes text, size_t *at, int32_t *ret_minutes)
{
    int hours;
    int minutes;
    if (read_either(text, at, 'Z', 'z')) {
        *ret_minutes = 0;
        return true;
    }
    bool negative = read_mark(text, at, '-');
    if (!negative && !read_mark(text, at, '+'))
        return false;
    if (!read_number(text, at, 2, &hours) || !read_mark(text, at, ':') ||
        !read_number(text, at, 2, &minutes) || minutes > 59 ||
        hours * 60 + minutes > OFFSET_MINUTES_MAX)
        return false;
    *ret_minutes = negative ? -(hours * 60 + minutes) : hours * 60 + minutes;
    return true;
}

/* Strict: an offset is required, since a time without one is a different moment for each reader. A
 * leap second is refused; milliseconds since 1970 have no place for it. */
bool stamp_parse(struct bytes text, struct stamp *ret_stamp)
{
    size_t at = 0;
    int64_t days;
    int64_t ms;
    int32_t offset;
    if (!read_date(text, &at, &days) || !read_either(text, &at, 'T', 't') ||
        !read_clock(text, &at, &ms) || !read_offset(text, &at, &offset) || at != text.size)
        return false;
    *ret_stamp = (struct stamp){
        .at = {days * ms_per_day + ms - offset * ms_per_minute},
        .offset_minutes = offset,
    };
    return true;
}
