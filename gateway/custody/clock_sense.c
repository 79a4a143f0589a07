/* Whether the wall clock may be believed, from four witnesses: the monotonic clock of this
 * process, the time that the store noted last, the peers' clocks, and an operator.
 *
 *    TRUSTED ─jump──────────────▶ STEPPED ┐
 *    start ─before the last note─▶ BEHIND ├─ peers agree, or time passes, or an operator ─▶ TRUSTED
 *    start ─long after it────────▶ AHEAD  ┤
 *    TRUSTED ─most peers differ─▶ OUTVOTED┘
 *
 * In doubt, what a date would decide waits (clock_temper), because neither an expiry nor a refusal
 * can be undone (invariant 14). No peer alone can bring a doubt about or end one: quorum. */
#include "gateway/custody/clock_sense.h"

#include <stddef.h>

#include "proto/base/limits.h"

static void clock_move(struct clock_sense *clock, enum clock_state to)
{
    clock->state = to;
}

static int64_t distance(int64_t a, int64_t b)
{
    return a > b ? a - b : b - a;
}

static void trust(struct clock_sense *clock, mono_t now, wall_t wall)
{
    clock_move(clock, CLOCK_TRUSTED);
    clock->anchor = wall;
    clock->anchor_at = now;
    clock->is_from_start = false;
}

/* last_known 0: a new store, which has no witness of the past; the first look is then believed. */
void clock_start(struct clock_sense *clock, wall_t last_known, uint32_t quorum)
{
    *clock = (struct clock_sense){
        .quorum = quorum,
        .anchor = last_known,
        .is_from_start = last_known.ms != 0,
    };
}

/* What the clock would show had it gone on from its last good moment. */
static wall_t by_monotonic(const struct clock_sense *clock, mono_t now)
{
    return (wall_t){clock->anchor.ms + (now.ms - clock->anchor_at.ms)};
}

/* What the wall clock looks like from the anchor. */
static enum clock_state judge(const struct clock_sense *clock, mono_t now, wall_t wall)
{
    int64_t ahead_ms = wall.ms - by_monotonic(clock, now).ms;
    if (!clock->is_from_start)
        return ahead_ms >= -CLOCK_STEP_MAX_MS && ahead_ms <= CLOCK_STEP_MAX_MS ? CLOCK_TRUSTED
                                                                               : CLOCK_STEPPED;
    if (ahead_ms < -CLOCK_SKEW_MAX_MS)
        return CLOCK_BEHIND;
    return ahead_ms > CLOCK_STANDSTILL_MAX_MS ? CLOCK_AHEAD : CLOCK_TRUSTED;
}

static void first_look(struct clock_sense *clock, mono_t now, wall_t wall)
{
    clock->has_looked = true;
    clock->since = now;
    clock->anchor_at = now;
    if (!clock->is_from_start)
        clock->anchor = wall;
}

/* A clock that came back to where it should be is believed again at once: what is measured is its
 * distance from the anchor, not that it moved. */
bool clock_look(struct clock_sense *clock, mono_t now, wall_t wall)
{
    enum clock_state before = clock->state;
    int64_t offset_ms = wall.ms - now.ms;
    if (!clock->has_looked)
        first_look(clock, now, wall);
    else if (distance(offset_ms, clock->offset_ms) > CLOCK_STEP_MAX_MS)
        clock->since = now;
    clock->offset_ms = offset_ms;
    if (clock->state == CLOCK_OUTVOTED) /* the peers decide, in clock_hear */
        return false;
    enum clock_state found = judge(clock, now, wall);
    if (found == CLOCK_TRUSTED)
        trust(clock, now, wall);
    else
        clock_move(clock, found);
    clock->is_accepted = clock->is_accepted && found == CLOCK_TRUSTED;
    return clock->state != before;
}

wall_t clock_time(const struct clock_sense *clock, mono_t now, wall_t wall)
{
    if (!clock->has_looked)
        return wall;
    if (clock->state == CLOCK_AHEAD || clock->state == CLOCK_OUTVOTED)
        return wall; /* mostly it was only switched off: a time of its own would be a guess */
    /* The shell asks between two looks too: what jumped since the last one is not followed. */
    bool keeps_step = clock->state == CLOCK_TRUSTED &&
                      distance(wall.ms - now.ms, clock->offset_ms) <= CLOCK_STEP_MAX_MS;
    return keeps_step ? wall : by_monotonic(clock, now);
}

bool clock_in_doubt(const struct clock_sense *clock)
{
    return clock->state != CLOCK_TRUSTED;
}

const char *clock_state_name(enum clock_state state)
{
    static const char *const names[] = {
        [CLOCK_TRUSTED] = "trusted", [CLOCK_STEPPED] = "stepped",   [CLOCK_BEHIND] = "behind",
        [CLOCK_AHEAD] = "ahead",     [CLOCK_OUTVOTED] = "outvoted",
    };
    return names[state];
}

/* An operator's word outweighs the peers until the clock jumps again (is_accepted). */
bool clock_accept(struct clock_sense *clock, mono_t now)
{
    if (!clock->has_looked || !clock_in_doubt(clock))
        return false;
    clock->is_accepted = true;
    trust(clock, now, (wall_t){now.ms + clock->offset_ms});
    return true;
}

/* ---- what the others say ---- */

void clock_voice_say(struct clock_voice *voice, mono_t now, wall_t its_wall)
{
    *voice = (struct clock_voice){true, now, its_wall.ms - now.ms};
}

/* Offsets and not times are compared, since each peer spoke at another moment; a voice that is
 * older than CLOCK_VOICE_MS counts no more. */
void clock_voice_count(const struct clock_voice *voice, const struct clock_sense *clock, mono_t now,
                       uint32_t *agreeing, uint32_t *differing)
{
    if (!voice->is_heard || now.ms - voice->at.ms > CLOCK_VOICE_MS)
        return;
    if (distance(voice->offset_ms, clock->offset_ms) <= CLOCK_SKEW_MAX_MS)
        ++*agreeing;
    else
        ++*differing;
}

/* A doubt ends by a majority that has stood for a while, or, where too few are heard, by time
 * alone: a gateway whose peers are all away must not wait for ever. */
bool clock_hear(struct clock_sense *clock, mono_t now, uint32_t agreeing, uint32_t differing)
{
    if (!clock->has_looked)
        return false;
    if (clock->state == CLOCK_TRUSTED) {
        if (clock->is_accepted || differing <= clock->quorum || differing <= agreeing)
            return false;
        clock_move(clock, CLOCK_OUTVOTED);
        clock->since = now;
        return true;
    }
    int64_t stood_ms = now.ms - clock->since.ms;
    bool is_confirmed =
        stood_ms >= CLOCK_HEARING_MS && agreeing >= clock->quorum && agreeing > differing;
    bool is_settled = stood_ms >= CLOCK_SETTLED_MS && agreeing >= differing;
    if (!is_confirmed && !is_settled)
        return false;
    trust(clock, now, (wall_t){now.ms + clock->offset_ms});
    return true;
}

/* ---- what hangs on it ---- */

/* Refusals that another time would not have made. */
static bool clock_decides(enum reason reason)
{
    static const enum reason by_date[] = {
        REASON_CLOCK_SKEW,
        REASON_EXPIRED,
        REASON_CERTIFICATE_EXPIRED,
        REASON_CERTIFICATE_NOT_YET_VALID,
        REASON_CERTIFICATE_UNTRUSTED, /* anchors, middle certificates and lists have dates too */
        REASON_PROCEDURE_UNKNOWN,
        REASON_AGENCY_UNKNOWN,
        REASON_AGENCY_NOT_IN_FORCE,
        REASON_ROUTE_MISSING,
        REASON_LIFE_EXCEEDED,
    };
    for (size_t i = 0; i < sizeof by_date / sizeof *by_date; i++) {
        if (by_date[i] == reason)
            return true;
    }
    return false;
}

enum reason clock_temper(const struct clock_sense *clock, enum reason reason, wall_t judged_at,
                         wall_t time)
{
    bool is_unsure = clock_in_doubt(clock) || distance(judged_at.ms, time.ms) > CLOCK_SKEW_MAX_MS;
    return is_unsure && clock_decides(reason) ? REASON_CLOCK_IN_DOUBT : reason;
}
