/* deadline - the statutory clock of one dossier, from what is said about it.
 *
 *             SUPPLEMENT_REQUEST, SUSPEND
 *   RUNNING ───────────────────────────▶ PAUSED
 *      │    ◀───────────────────────────    │
 *      │          SUPPLEMENT, RESUME        │
 *      ├────────────── RESULT, REFUSAL, WITHDRAWAL, HANDED_OVER ──▶ FINISHED
 *      ◀────────────── RESULT_OBJECTION, TRANSFER ────────────────┘
 *
 * Received on paper after 15:00, or on a day off: the clock starts with the next working day. While
 * the citizen supplements it stands, and the working time that was left is left afterwards, unless
 * the message says another appointment. An extension moves the appointment once; it is told a day
 * before the old one. A second request for papers counts as late in the index of QĐ 766. The end is
 * the first of finished, handed over, stopped and refused; a result that the centre sends back
 * opens the dossier again.
 *
 * What comes a second time, too late or too far is kept as a mark and shown: the message itself is
 * evidence, and not ours to refuse where it arrives.
 *
 * Pure. Sources: domain notes of NĐ 61/2018 Art. 18, 19(9), NĐ 118/2025, QĐ 766 (calendar.h).
 */
#pragma once

#include "proto/base/key.h"
#include "proto/codec/body_moments.h"
#include "proto/codec/message_type.h"
#include "routing/calendar/calendar.h"

enum deadline_state { DEADLINE_RUNNING = 1, DEADLINE_PAUSED, DEADLINE_FINISHED };

/* Marks; bits. */
enum {
    DEADLINE_PROVISIONAL = 1,        /* the calendar does not reach so far */
    DEADLINE_LATER_THAN_LAW = 2,     /* the appointment, when it was received */
    DEADLINE_EXTENSION_LATE = 4,     /* told less than a day before the old appointment */
    DEADLINE_EXTENSION_REPEATED = 8, /* the second did not move it */
    DEADLINE_SUPPLEMENT_REPEATED = 16,
};

struct deadline {
    enum deadline_state state;
    uint32_t marks;
    uint32_t supplements, extensions; /* asked for, told */
    wall_t received;
    wall_t appointed; /* the first appointment; 0: none is known */
    wall_t due;       /* the appointment now */
    wall_t paused;    /* since when; 0: it runs */
    wall_t finished;
};

/* As people see it at a moment. */
enum deadline_standing {
    STANDING_IN_TIME = 1,
    STANDING_DUE_TODAY,
    STANDING_OVERDUE,
    STANDING_PAUSED,
    STANDING_FINISHED_IN_TIME,
    STANDING_FINISHED_LATE,
    STANDING_COUNT,
};

/* When a dossier received at that moment is due by law. 0 days: by the end of its working day.
 * False: it has no such moment (calendar.h). */
bool deadline_by_law(const struct calendar *calendar, wall_t received, uint32_t processing_days,
                     wall_t *ret_due);
/* The law counts working days, and appointments are given for the end of one: an appointment on the
 * last day is not later, whatever its hour. */
bool deadline_is_later(wall_t law, wall_t due);

struct deadline_event {
    enum message_type type;
    struct body_moments moments;
    wall_t at; /* when it was said; stands for a moment that the body does not give */
};
/* The clock after that event; .state 0 before the first. calendar NULL: none is known, and days are
 * not counted. processing_days NULL: of no known procedure. False: nothing changed. */
bool deadline_apply(struct deadline *deadline, const struct calendar *calendar,
                    const uint32_t *processing_days, const struct deadline_event *event);

enum deadline_standing deadline_standing(const struct deadline *deadline, wall_t now);
/* "due_today" */
const char *deadline_standing_name(enum deadline_standing standing);
bool deadline_standing_parse(struct bytes name, enum deadline_standing *ret_standing);

/* Open ones of one agency. */
struct deadline_count {
    struct key agency; /* none: not known */
    uint64_t open, overdue, due_today, paused;
};
/* Adds one to the counts, which are count many: how many there are then. An agency for which there
 * is no place is left out. */
size_t deadline_count_add(const struct deadline *deadline, const struct key *agency, wall_t now,
                          struct deadline_count *counts, size_t count, size_t limit);

/* May this extension be told? NONE, EXTENSION_REPEATED, or FIELD_INVALID: it is not later than the
 * appointment of now. */
enum reason deadline_check_extension(const struct deadline *deadline, wall_t due);
