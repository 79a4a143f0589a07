/* The working calendar of calendar.h: reading holidays.csv, and walks over days and hours. Every
 * walk over days is bounded (CALENDAR_SPAN_DAYS_MAX), so that a table without a working day ends in
 * "cannot say" and not in a loop. Nothing here asks for today: the day comes in, and an old
 * deadline can be reckoned again years later. Who uses it: routing/deadline, and
 * route_explain.c. */
#include "routing/calendar/calendar.h"

#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/arena.h"
#include "proto/base/check.h"
#include "routing/table/csv_field.h"

enum column { DATE, KIND, NAME_VI, NAME_EN, COLUMN_COUNT };
enum kind { KIND_HOLIDAY, KIND_WORKING, KIND_KNOWN_TO, KIND_COUNT };
enum { NAME_BYTES_MAX = 255, PERIOD_COUNT = 2 };

static const struct csv_column columns[COLUMN_COUNT] = {
    [DATE] = {"date", true, BOUNDED_BY_READER, false},
    [KIND] = {"kind", true, BOUNDED_BY_READER, false},
    [NAME_VI] = {"name_vi", true, NAME_BYTES_MAX, false},
    [NAME_EN] = {"name_en", true, NAME_BYTES_MAX, false},
};

static const struct csv_shape shape = {"holidays.csv", columns, COLUMN_COUNT, CALENDAR_DATES_MAX};

static const int64_t ms_per_hour = INT64_C(60) * 60 * 1000;

/* From midnight. */
struct period {
    int64_t from_ms;
    int64_t to_ms;
};

/* 07:00 to 11:30 and 13:30 to 17:00, eight hours together (calendar.h). */
static const struct period periods[PERIOD_COUNT] = {
    {7 * 60 * 60 * 1000, (11 * 60 + 30) * 60 * 1000},
    {(13 * 60 + 30) * 60 * 1000, 17 * 60 * 60 * 1000},
};

static const int64_t reception_ends_ms = 15 * 60 * 60 * 1000;

struct date {
    civil_day_t day;
    enum kind kind;
};

struct calendar {
    struct arena arena;               /* holds this calendar */
    civil_day_t known_from, known_to; /* DAY_LAST, DAY_FIRST: no day */
    size_t count;
    struct date dates[]; /* by day */
};

static int compare(const void *left, const void *right)
{
    const struct date *a = left;
    const struct date *b = right;
    return (a->day.number > b->day.number) - (a->day.number < b->day.number);
}

/* The walk over the days that were read before is quadratic and bounded by CALENDAR_DATES_MAX, some
 * years of holidays. */
static void read_date(struct calendar *calendar, const struct csv_row *row)
{
    static const char *const kinds[KIND_COUNT] = {"holiday", "working", "known_to"};
    civil_day_t day = DAY_FIRST;
    size_t kind = KIND_COUNT;
    bool day_read = csv_read_day(row, DATE, DAY_FIRST, &day);
    if (!csv_read_choice(row, KIND, kinds, KIND_COUNT, &kind) || !day_read)
        return;
    if (kind == KIND_KNOWN_TO) {
        if (calendar->known_to.number != DAY_FIRST.number)
            csv_fault(row, KIND, FAULT_CALENDAR_END_REPEATED);
        calendar->known_to = day;
        return;
    }
    for (size_t i = 0; i < calendar->count; i++) {
        if (calendar->dates[i].day.number == day.number) {
            csv_fault(row, DATE, FAULT_DATE_REPEATED);
            return;
        }
    }
    calendar->dates[calendar->count++] = (struct date){day, (enum kind)kind};
}

/* The first or the last day of a year. */
static civil_day_t day_of_year(int year, const char *month_and_day)
{
    char text[16];
    civil_day_t day = DAY_FIRST;
    (void)snprintf(text, sizeof text, "%04d-%s", year, month_and_day);
    (void)day_parse(bytes_of_text(text), &day);
    return day;
}

/* From the first year with days off to the last of an unbroken row of them, and no further than
 * known_to says. */
static void find_extent(struct calendar *calendar, struct faults *faults)
{
    civil_day_t said = calendar->known_to;
    int last = 0;
    for (size_t i = 0; i < calendar->count; i++) {
        const struct date *date = &calendar->dates[i];
        int year = day_year(date->day);
        if (said.number != DAY_FIRST.number && date->day.number > said.number) {
            char text[DAY_TEXT_BYTES];
            day_format(date->day, text);
            faults_add(faults, FAULT_CALENDAR_BEYOND_END, shape.file, 0, columns[DATE].name,
                       bytes_of_text(text));
        }
        if (date->kind != KIND_HOLIDAY || (last != 0 && year > last + 1))
            continue;
        if (last == 0)
            calendar->known_from = day_of_year(year, "01-01");
        last = year;
    }
    civil_day_t end = last == 0 ? DAY_FIRST : day_of_year(last, "12-31");
    bool is_sooner = said.number != DAY_FIRST.number && said.number < end.number;
    calendar->known_to = is_sooner ? said : end;
}

/* Sorted once after reading: the file may be in any order, and look-ups are a binary search. */
static void read_dates(struct calendar *calendar, char *text, size_t size, struct faults *faults)
{
    struct csv_reader reader;
    struct csv_row row;
    if (!csv_open(&reader, &shape, text, size, faults))
        return;
    while (csv_next(&reader, &row))
        read_date(calendar, &row);
    qsort(calendar->dates, calendar->count, sizeof *calendar->dates, compare);
    find_extent(calendar, faults);
}

/* One block for the calendar, its dates and the text that they are read from. */
static struct calendar *allocate(struct bytes holidays, char **ret_text)
{
    size_t room = csv_count_lines(holidays);
    if (room > CALENDAR_DATES_MAX)
        room = CALENDAR_DATES_MAX;
    struct arena arena;
    struct calendar *calendar;
    size_t calendar_bytes = sizeof *calendar + room * sizeof *calendar->dates;
    size_t text_bytes = holidays.size + 1;
    if (!arena_init(&arena, calendar_bytes + text_bytes + alignof(max_align_t)))
        return NULL;
    calendar = arena_take(&arena, calendar_bytes);
    *ret_text = arena_take(&arena, text_bytes);
    check(calendar != NULL && *ret_text != NULL);
    calendar->arena = arena;
    calendar->count = 0;
    calendar->known_from = DAY_LAST;
    calendar->known_to = DAY_FIRST;
    return calendar;
}

enum reason calendar_new(struct bytes holidays, struct faults *faults,
                         struct calendar **ret_calendar)
{
    size_t before = faults_total(faults);
    char *text;
    if (holidays.size > CSV_FILE_BYTES_MAX) {
        faults_add(faults, FAULT_FILE_TOO_LARGE, shape.file, 0, NULL, (struct bytes){NULL, 0});
        return REASON_REGISTRY_INVALID;
    }
    struct calendar *calendar = allocate(holidays, &text);
    if (calendar == NULL)
        return REASON_OUT_OF_MEMORY;
    if (holidays.data != NULL) {
        memcpy(text, holidays.data, holidays.size);
        read_dates(calendar, text, holidays.size, faults);
    }
    if (faults_total(faults) > before) {
        calendar_destroy(&calendar);
        return REASON_REGISTRY_INVALID;
    }
    *ret_calendar = calendar;
    return REASON_NONE;
}

void calendar_destroy(struct calendar **calendar)
{
    if (*calendar != NULL) {
        struct arena arena = (*calendar)->arena;
        arena_release(&arena);
    }
    *calendar = NULL;
}

/* A year without a single holiday is one that nobody has entered yet: dates in it may be wrong by
 * the Tết holidays, and the caller says so. */
civil_day_t calendar_known_to(const struct calendar *calendar)
{
    return calendar->known_to;
}

bool calendar_knows(const struct calendar *calendar, civil_day_t day)
{
    return calendar->known_from.number <= day.number && day.number <= calendar->known_to.number;
}

/* What stands in the table counts before the weekday: a Saturday that is worked for a bridge day is
 * a working day. */
bool calendar_is_working_day(const struct calendar *calendar, civil_day_t day)
{
    struct date wanted = {.day = day};
    const struct date *found =
        bsearch(&wanted, calendar->dates, calendar->count, sizeof *calendar->dates, compare);
    if (found != NULL)
        return found->kind == KIND_WORKING;
    return day_weekday(day) < SATURDAY;
}

/* The first working day at or after this one. */
static bool next_working_day(const struct calendar *calendar, civil_day_t day, civil_day_t *ret_day)
{
    for (int32_t i = 0; i < CALENDAR_SPAN_DAYS_MAX; i++) {
        civil_day_t candidate = {day.number + i};
        if (calendar_is_working_day(calendar, candidate)) {
            *ret_day = candidate;
            return true;
        }
    }
    return false;
}

/* Days are Vietnam's (day.h), which has no summer time: every day is as long as another. */
static int64_t time_of_day(wall_t moment)
{
    return moment.ms - day_start(day_of(moment)).ms;
}

static wall_t at_time(civil_day_t day, int64_t time_ms)
{
    return (wall_t){day_start(day).ms + time_ms};
}

/* Dates of four-digit years: everything that follows adds at most ten years to one of them. */
static bool is_reasonable(wall_t moment)
{
    static const int64_t year_9900_ms = INT64_C(250245331200000);
    return moment.ms > -year_9900_ms && moment.ms < year_9900_ms;
}

/* The end of a period does not belong to it: at 11:30 the next working moment is 13:30. */
bool calendar_next_working(const struct calendar *calendar, wall_t from, wall_t *ret_at)
{
    if (!is_reasonable(from))
        return false;
    civil_day_t day = day_of(from);
    if (calendar_is_working_day(calendar, day)) {
        int64_t time_ms = time_of_day(from);
        for (size_t i = 0; i < PERIOD_COUNT; i++) {
            if (time_ms < periods[i].to_ms) {
                bool inside = time_ms >= periods[i].from_ms;
                *ret_at = inside ? from : at_time(day, periods[i].from_ms);
                return true;
            }
        }
    }
    if (!next_working_day(calendar, (civil_day_t){day.number + 1}, &day))
        return false;
    *ret_at = at_time(day, periods[0].from_ms);
    return true;
}

/* 15:00 itself is still in time. */
static bool is_received_in_time(const struct calendar *calendar, wall_t received)
{
    return calendar_is_working_day(calendar, day_of(received)) &&
           time_of_day(received) <= reception_ends_ms;
}

static bool next_day_start(const struct calendar *calendar, wall_t from, wall_t *ret_at)
{
    civil_day_t day;
    if (!next_working_day(calendar, (civil_day_t){day_of(from).number + 1}, &day))
        return false;
    *ret_at = at_time(day, periods[0].from_ms);
    return true;
}

/* What came after 15:00 counts from the next working day (NĐ 61/2018/NĐ-CP Art. 18). */
bool calendar_processing_start(const struct calendar *calendar, wall_t received, wall_t *ret_at)
{
    if (!is_reasonable(received))
        return false;
    if (is_received_in_time(calendar, received))
        return calendar_next_working(calendar, received, ret_at);
    return next_day_start(calendar, received, ret_at);
}

/* A dossier that came online is due at its agency when it comes in. One on paper has the rest of
 * the day, or, received too late, until the next working day begins. */
bool calendar_transfer_due(const struct calendar *calendar, wall_t received, bool online,
                           wall_t *ret_due)
{
    if (!is_reasonable(received))
        return false;
    if (online)
        *ret_due = received;
    else if (is_received_in_time(calendar, received))
        *ret_due = at_time(day_of(received), periods[PERIOD_COUNT - 1].to_ms);
    else
        return next_day_start(calendar, received, ret_due);
    return true;
}

/* Working time of one day that lies between two moments. */
static int64_t working_ms_of_day(const struct calendar *calendar, civil_day_t day, wall_t from,
                                 wall_t to)
{
    int64_t sum = 0;
    if (!calendar_is_working_day(calendar, day))
        return 0;
    for (size_t i = 0; i < PERIOD_COUNT; i++) {
        int64_t start = at_time(day, periods[i].from_ms).ms;
        int64_t stop = at_time(day, periods[i].to_ms).ms;
        start = start < from.ms ? from.ms : start;
        stop = stop > to.ms ? to.ms : stop;
        sum += stop > start ? stop - start : 0;
    }
    return sum;
}

/* Where in the day, from that moment on, so much working time has passed; it does lie in the day.
 */
static wall_t moment_within_day(civil_day_t day, wall_t from, int64_t amount_ms)
{
    wall_t at = from;
    for (size_t i = 0; i < PERIOD_COUNT; i++) {
        int64_t start = at_time(day, periods[i].from_ms).ms;
        int64_t stop = at_time(day, periods[i].to_ms).ms;
        start = start < from.ms ? from.ms : start;
        if (stop <= start)
            continue;
        if (amount_ms <= stop - start)
            return (wall_t){start + amount_ms};
        amount_ms -= stop - start;
        at.ms = stop;
    }
    return at;
}

/* Day by day, since holidays have no formula. The amount may end with the last moment of a day:
 * what is due at 17:00 is not put off to the next morning. */
static bool add_working_ms(const struct calendar *calendar, wall_t from, int64_t amount_ms,
                           wall_t *ret_due)
{
    wall_t at;
    if (!calendar_next_working(calendar, from, &at))
        return false;
    civil_day_t first = day_of(at);
    for (int32_t i = 0; i < CALENDAR_SPAN_DAYS_MAX; i++) {
        civil_day_t day = {first.number + i};
        wall_t end = day_start((civil_day_t){day.number + 1});
        int64_t available_ms = working_ms_of_day(calendar, day, at, end);
        if (available_ms > 0 && amount_ms <= available_ms) {
            *ret_due = moment_within_day(day, at, amount_ms);
            return true;
        }
        amount_ms -= available_ms;
        at = end;
    }
    return false;
}

bool calendar_add_working_days(const struct calendar *calendar, wall_t from, uint32_t days,
                               wall_t *ret_due)
{
    return add_working_ms(calendar, from, days * WORKING_HOURS_PER_DAY * ms_per_hour, ret_due);
}

/* The span is compared before the walk: two moments from outside may be centuries apart. */
bool calendar_working_ms(const struct calendar *calendar, wall_t from, wall_t to, int64_t *ret_ms)
{
    int64_t sum = 0;
    if (!is_reasonable(from) || !is_reasonable(to))
        return false;
    civil_day_t first = day_of(from);
    civil_day_t last = day_of(to);
    if ((int64_t)last.number - first.number > CALENDAR_SPAN_DAYS_MAX)
        return false;
    for (civil_day_t day = first; day.number <= last.number; day.number++)
        sum += working_ms_of_day(calendar, day, from, to);
    *ret_ms = sum;
    return true;
}

/* The working time that was left at the pause is left at its end. A clock that had run out before
 * the pause gets nothing back. */
bool calendar_due_after_pause(const struct calendar *calendar, wall_t due, wall_t paused,
                              wall_t resumed, wall_t *ret_due)
{
    int64_t left_ms;
    if (due.ms <= paused.ms) {
        *ret_due = due;
        return true;
    }
    return calendar_working_ms(calendar, paused, due, &left_ms) &&
           add_working_ms(calendar, resumed, left_ms, ret_due);
}
