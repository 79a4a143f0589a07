/* The transitions of the clock, one function for each arrow of the diagram in deadline.h. None of
 * them reads a clock or decides whether a message is good: what arrives is evidence, and what is
 * odd about it becomes a mark that people see. */
#include "routing/deadline/deadline.h"

static const int64_t ms_per_day = INT64_C(24) * 60 * 60 * 1000;

/* A procedure of 0 days is done when it is handed over: its deadline is that of the transfer on
 * paper. */
bool deadline_by_law(const struct calendar *calendar, wall_t received, uint32_t processing_days,
                     wall_t *ret_due)
{
    wall_t start;
    if (!calendar_processing_start(calendar, received, &start))
        return false;
    return processing_days == 0
               ? calendar_transfer_due(calendar, start, false, ret_due)
               : calendar_add_working_days(calendar, start, processing_days, ret_due);
}

bool deadline_is_later(wall_t law, wall_t due)
{
    return day_of(due).number > day_of(law).number;
}

/* A due date beyond what was announced may move with the next announcement, and is shown so. */
static void mark_unknown(struct deadline *deadline, const struct calendar *calendar)
{
    if (calendar == NULL || !calendar_knows(calendar, day_of(deadline->due)))
        deadline->marks |= DEADLINE_PROVISIONAL;
    else
        deadline->marks &= ~(uint32_t)DEADLINE_PROVISIONAL;
}

/* The first transfer. The appointment that the citizen was given counts, also where the law would
 * give more; where the message has none it is what the law gives. */
static void begin(struct deadline *deadline, const struct calendar *calendar,
                  const uint32_t *processing_days, const struct deadline_event *event, wall_t at)
{
    wall_t law;
    *deadline = (struct deadline){.state = DEADLINE_RUNNING, .received = at};
    bool has_law = calendar != NULL && processing_days != NULL &&
                   deadline_by_law(calendar, at, *processing_days, &law);
    deadline->due = event->moments.due;
    if (has_law && deadline->due.ms == 0)
        deadline->due = law;
    deadline->appointed = deadline->due;
    if (deadline->due.ms == 0)
        return;
    mark_unknown(deadline, calendar);
    if (has_law && deadline_is_later(law, deadline->due) && calendar_knows(calendar, day_of(law)))
        deadline->marks |= DEADLINE_LATER_THAN_LAW;
}

/* The second request for papers is counted and marked, also while the clock stands already: QĐ 766
 * counts such a dossier as late whatever its day. */
static bool pause(struct deadline *deadline, wall_t at, bool is_supplement)
{
    if (is_supplement && ++deadline->supplements > 1)
        deadline->marks |= DEADLINE_SUPPLEMENT_REPEATED;
    if (deadline->state != DEADLINE_RUNNING)
        return is_supplement;
    deadline->state = DEADLINE_PAUSED;
    deadline->paused = at;
    return true;
}

/* What the message says counts before what is reckoned. */
static bool resume(struct deadline *deadline, const struct calendar *calendar, wall_t at,
                   wall_t said)
{
    wall_t due = said;
    if (deadline->state != DEADLINE_PAUSED)
        return false;
    if (at.ms < deadline->paused.ms)
        at = deadline->paused;
    if (due.ms == 0 &&
        (calendar == NULL || deadline->due.ms == 0 ||
         !calendar_due_after_pause(calendar, deadline->due, deadline->paused, at, &due)))
        due = deadline->due;
    deadline->state = DEADLINE_RUNNING;
    deadline->paused = (wall_t){0};
    deadline->due = due;
    if (due.ms != 0)
        mark_unknown(deadline, calendar);
    return true;
}

/* Once: a second appointment is kept as a mark and moves nothing. Told less than a day before the
 * old one it counts all the same, and is marked. */
static bool extend(struct deadline *deadline, const struct calendar *calendar, wall_t at,
                   wall_t due)
{
    if (deadline->state == DEADLINE_FINISHED || due.ms == 0)
        return false;
    if (++deadline->extensions > 1) {
        deadline->marks |= DEADLINE_EXTENSION_REPEATED;
        return true;
    }
    if (deadline->due.ms != 0 && at.ms > deadline->due.ms - ms_per_day)
        deadline->marks |= DEADLINE_EXTENSION_LATE;
    deadline->due = due;
    mark_unknown(deadline, calendar);
    return true;
}

/* The first end counts: what comes later, such as the hand-over to the citizen, changes nothing. */
static bool finish(struct deadline *deadline, wall_t at)
{
    if (deadline->state == DEADLINE_FINISHED)
        return false;
    deadline->state = DEADLINE_FINISHED;
    deadline->paused = (wall_t){0};
    deadline->finished = at;
    return true;
}

/* A result that the centre sends back, or a transfer to another agency: the appointment stays. */
static bool open_again(struct deadline *deadline)
{
    if (deadline->state != DEADLINE_FINISHED)
        return false;
    deadline->state = DEADLINE_RUNNING;
    deadline->finished = (wall_t){0};
    return true;
}

/* What the body says of when it happened goes before the moment when the message was taken: an
 * agency may have been cut off for days. Of a dossier whose transfer never came by here nothing is
 * known, and what follows about it changes nothing. */
bool deadline_apply(struct deadline *deadline, const struct calendar *calendar,
                    const uint32_t *processing_days, const struct deadline_event *event)
{
    wall_t at = event->moments.happened.ms != 0 ? event->moments.happened : event->at;
    bool is_known = deadline->state != 0;
    if (event->type == MESSAGE_TYPE_TRANSFER && !is_known) {
        begin(deadline, calendar, processing_days, event, at);
        return true;
    }
    if (!is_known)
        return false;
    switch (event->type) {
    case MESSAGE_TYPE_TRANSFER: /* to another agency: the citizen's appointment stays */
    case MESSAGE_TYPE_RESULT_OBJECTION:
        return open_again(deadline);
    case MESSAGE_TYPE_SUPPLEMENT_REQUEST:
    case MESSAGE_TYPE_SUSPEND:
        return pause(deadline, at, event->type == MESSAGE_TYPE_SUPPLEMENT_REQUEST);
    case MESSAGE_TYPE_SUPPLEMENT:
    case MESSAGE_TYPE_RESUME:
        return resume(deadline, calendar, at, event->moments.due);
    case MESSAGE_TYPE_EXTENSION:
        return extend(deadline, calendar, at, event->moments.due);
    case MESSAGE_TYPE_RESULT:
    case MESSAGE_TYPE_REFUSAL:
    case MESSAGE_TYPE_WITHDRAWAL:
    case MESSAGE_TYPE_HANDED_OVER:
        return finish(deadline, at);
    default:
        return false;
    }
}

/* While the clock stands nobody is late, whatever the date; what has no due date is never late. */
enum deadline_standing deadline_standing(const struct deadline *deadline, wall_t now)
{
    bool has_due = deadline->due.ms != 0;
    if (deadline->state == DEADLINE_FINISHED)
        return has_due && deadline->finished.ms > deadline->due.ms ? STANDING_FINISHED_LATE
                                                                   : STANDING_FINISHED_IN_TIME;
    if (deadline->state == DEADLINE_PAUSED)
        return STANDING_PAUSED;
    if (!has_due)
        return STANDING_IN_TIME;
    if (now.ms > deadline->due.ms)
        return STANDING_OVERDUE;
    return day_of(now).number == day_of(deadline->due).number ? STANDING_DUE_TODAY
                                                              : STANDING_IN_TIME;
}

static const char *const standing_names[STANDING_COUNT] = {
    [STANDING_IN_TIME] = "in_time",
    [STANDING_DUE_TODAY] = "due_today",
    [STANDING_OVERDUE] = "overdue",
    [STANDING_PAUSED] = "paused",
    [STANDING_FINISHED_IN_TIME] = "finished_in_time",
    [STANDING_FINISHED_LATE] = "finished_late",
};

const char *deadline_standing_name(enum deadline_standing standing)
{
    return standing > 0 && standing < STANDING_COUNT ? standing_names[standing] : "unknown";
}

bool deadline_standing_parse(struct bytes name, enum deadline_standing *ret_standing)
{
    for (int i = STANDING_IN_TIME; i < STANDING_COUNT; i++) {
        if (!bytes_equal(name, bytes_of_text(standing_names[i])))
            continue;
        *ret_standing = (enum deadline_standing)i;
        return true;
    }
    return false;
}

/* A scan of agencies for each dossier: whoever counts holds a few dozen of them. At the limit an
 * agency without a place is left out, and the others go on counting. */
size_t deadline_count_add(const struct deadline *deadline, const struct key *agency, wall_t now,
                          struct deadline_count *counts, size_t count, size_t limit)
{
    enum deadline_standing standing = deadline_standing(deadline, now);
    size_t at = 0;
    while (at < count && !key_equal(&counts[at].agency, agency))
        at++;
    if (at == limit || deadline->state == DEADLINE_FINISHED)
        return count;
    if (at == count)
        counts[count++] = (struct deadline_count){.agency = *agency};
    counts[at].open++;
    counts[at].overdue += standing == STANDING_OVERDUE;
    counts[at].due_today += standing == STANDING_DUE_TODAY;
    counts[at].paused += standing == STANDING_PAUSED;
    return count;
}

/* Asked where an extension is made, so that its sender hears of it before it is signed; one that
 * comes all the same is only marked (extend). */
enum reason deadline_check_extension(const struct deadline *deadline, wall_t due)
{
    if (deadline->extensions > 0)
        return REASON_EXTENSION_REPEATED;
    return deadline->due.ms != 0 && due.ms <= deadline->due.ms ? REASON_FIELD_INVALID : REASON_NONE;
}
