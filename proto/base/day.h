/* day - a civil day in Vietnam (UTC+7), as dates stand in catalogues, decrees and appointments.
 *
 * A type of its own, so that a day and a moment (wall_t) cannot be mixed up.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/bytes.h"
#include "proto/base/time.h"

typedef struct {
    int32_t number; /* days since 1970-01-01 */
} civil_day_t;

enum { DAY_TEXT_BYTES = 11 /* "2025-02-28" and its terminator */ };

/* No limit: before every day, after every day. */
#define DAY_FIRST ((civil_day_t){INT32_MIN})
#define DAY_LAST  ((civil_day_t){INT32_MAX})

enum weekday { MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, SATURDAY, SUNDAY };

/* The day that this moment belongs to in Vietnam. */
civil_day_t day_of(wall_t moment);
/* 00:00 of that day in Vietnam. The day is not DAY_FIRST or DAY_LAST. */
wall_t day_start(civil_day_t day);
enum weekday day_weekday(civil_day_t day);
int day_year(civil_day_t day);
/* "YYYY-MM-DD", a date of the Gregorian calendar. */
bool day_parse(struct bytes text, civil_day_t *ret_day);
/* ret_text holds DAY_TEXT_BYTES; DAY_FIRST and DAY_LAST read "". */
void day_format(civil_day_t day, char *ret_text);
