/* calendar - working time: when a dossier's clock runs, and when something is due.
 *
 * Working hours are 07:00-11:30 and 13:30-17:00 in Vietnam (UTC+7), Monday to Friday: exactly eight
 * hours, so that a working day and eight working hours are the same amount. Days off and made-up
 * working days are set by decree each year and the lunar new year cannot be computed simply, so
 * they are data, holidays.csv:
 *
 *   date               YYYY-MM-DD
 *   kind               "holiday" (a weekday off), "working" (a Saturday or Sunday worked), or
 *                      "known_to": the last day that the announcements cover; one row at most
 *   name_vi, name_en   what people call it
 *
 * Beyond what the file covers a calendar has weekends only, and a due date is provisional:
 * calendar_knows tells.
 *
 * Everything here is pure and constant after calendar_new; several threads may read at once.
 * Results are false beyond CALENDAR_SPAN_DAYS_MAX days: such a deadline is nonsense in the input.
 *
 * Sources: NĐ 61/2018/NĐ-CP Art. 18 and the published procedures ("sau 15 giờ thì tính từ ngày làm
 * việc tiếp theo"); NĐ 118/2025/NĐ-CP; working hours as provincial systems have them.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/day.h"
#include "proto/base/reason.h"
#include "proto/base/time.h"

enum {
    CALENDAR_DATES_MAX = 2000,     /* forty years of some fifty dates */
    CALENDAR_SPAN_DAYS_MAX = 3660, /* ten years: no procedure takes longer */
    CALENDAR_WARNING_DAYS = 61,    /* two months before its end its keepers are told */
    WORKING_HOURS_PER_DAY = 8,
};

struct calendar;
struct faults; /* routing/table/faults.h */

/* From the bytes of holidays.csv; .data NULL: weekends only. Faults are added, not cleared.
 * REASON_REGISTRY_INVALID: there are faults, and no calendar; REASON_OUT_OF_MEMORY. */
enum reason calendar_new(struct bytes holidays, struct faults *faults,
                         struct calendar **ret_calendar);
void calendar_destroy(struct calendar **calendar);

/* The last day that it knows: of known_to, without such a row the end of the last year with days
 * off; not beyond the first year without any. DAY_FIRST: it knows nothing. */
civil_day_t calendar_known_to(const struct calendar *calendar);
bool calendar_knows(const struct calendar *calendar, civil_day_t day);
bool calendar_is_working_day(const struct calendar *calendar, civil_day_t day);

/* The first moment at or after this one that lies in working time. */
bool calendar_next_working(const struct calendar *calendar, wall_t from, wall_t *ret_at);
/* When the statutory clock of a dossier received at that moment starts: received after 15:00 or on
 * a day off counts as the start of the next working day. */
bool calendar_processing_start(const struct calendar *calendar, wall_t received, wall_t *ret_at);
/* When the centre must have transferred it: online at once; on paper the same working day by its
 * end, or at the start of the next one when received after 15:00 or on a day off. */
bool calendar_transfer_due(const struct calendar *calendar, wall_t received, bool online,
                           wall_t *ret_due);

/* The moment when so much working time has passed; time of day is kept by whole days. The amount is
 * not negative. A sum that ends with a working day is due at its end, not on the next morning. */
bool calendar_add_working_days(const struct calendar *calendar, wall_t from, uint32_t days,
                               wall_t *ret_due);
/* Working time from one moment to a later one; 0 when to is not later. */
bool calendar_working_ms(const struct calendar *calendar, wall_t from, wall_t to, int64_t *ret_ms);

/* The statutory clock stops while the citizen supplements. The new deadline leaves as much working
 * time from resumed as the old one left from paused; a deadline that had passed by then stays.
 * resumed is not before paused. */
bool calendar_due_after_pause(const struct calendar *calendar, wall_t due, wall_t paused,
                              wall_t resumed, wall_t *ret_due);
