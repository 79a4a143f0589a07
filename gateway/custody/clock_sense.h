/* clock_sense - whether our wall clock may be believed, and the time that a core goes by. Pure;
 * used on both sides.
 *
 * A wall clock that jumps (a dead battery, a wrong NTP server, a hand) must end nothing (invariant
 * 14). So a core does not go by the wall clock but by a time of its own: the wall clock while it
 * keeps step with the monotonic one, and when it does not, the last good time and what has passed
 * since on the monotonic clock. While in doubt nothing terminal is decided by a date: no expiry, no
 * refusal for a date or a certificate (clock_temper). Such messages are put off with
 * REASON_CLOCK_IN_DOUBT; everything else goes on.
 *
 *   TRUSTED ── wall leaves the monotonic clock ──────────▶ STEPPED    [clock_look]
 *      ▲    ── start: before the last known time ────────▶ BEHIND     [clock_look]
 *      │    ── start: long after it ─────────────────────▶ AHEAD      [clock_look]
 *      │    ── most peers show another time ─────────────▶ OUTVOTED   [clock_hear]
 *      │
 *      ├── wall is back where the monotonic clock says (not OUTVOTED)           [clock_look]
 *      ├── after CLOCK_HEARING_MS: a quorum of peers, and most of them, agree   [clock_hear]
 *      ├── CLOCK_SETTLED_MS without another step, and no majority against it    [clock_hear]
 *      └── an operator says so                                                  [clock_accept]
 *
 * What an operator has said stands until the wall clock steps again: peers that still differ are
 * then the ones that are off.
 *
 * The quorum is more than one where there are many peers: one of them alone can end no doubt. One
 * alone can raise none either, and a doubt that a majority raises costs delay, never an outcome.
 *
 * Calling sequence: clock_start with the last time that the store knows; clock_look at the begin of
 * every step; clock_time for every time that is written or compared; clock_hear now and then;
 * clock_time, once in CLOCK_NOTE_MS, for the store: its last known time.
 */
#pragma once

#include "proto/base/reason.h"
#include "proto/base/time.h"

enum clock_state { CLOCK_TRUSTED = 0, CLOCK_STEPPED, CLOCK_BEHIND, CLOCK_AHEAD, CLOCK_OUTVOTED };

enum {
    /* Between two looks, half a second apart: NTP slews by 0.25 ms in that time and steps past
     * 128 ms, so this is no correction but another time; yet small beside any life or date. */
    CLOCK_STEP_MAX_MS = 60 * 1000,
    /* A program that stood still for longer than this asks its peers before it ends anything. */
    CLOCK_STANDSTILL_MAX_MS = 60 * 60 * 1000,
    CLOCK_HEARING_MS = 30 * 1000, /* every peer that is there has connected and said its time */
    CLOCK_VOICE_MS = 120 * 1000,  /* how long what a peer said is counted: two of the longest waits
                                     between hellos of one that is turned away */
    CLOCK_SETTLED_MS = 24 * 60 * 60 * 1000, /* well beyond the hour that a wrong NTP server lasts */
    CLOCK_NOTE_MS = 60 * 1000,              /* how old the store's last known time gets */
};

struct clock_sense {
    enum clock_state state;
    uint32_t quorum;
    bool has_looked;
    bool is_accepted; /* by an operator: no peer outvotes it before it steps again */
    /* What the time is measured from. At the start the last known time; later the last good one. */
    wall_t anchor;
    mono_t anchor_at;
    bool is_from_start; /* the anchor is, and so only a lower bound */
    int64_t offset_ms;  /* wall less monotonic, at the last look */
    mono_t since;       /* the last step of the wall clock, or the begin of the doubt */
};

/* For people: what the wall clock shows, and the time that is gone by. */
struct clock_report {
    enum clock_state state;
    wall_t shows, goes_by;
};

/* What a peer said its time is. Zeroed: nothing yet. */
struct clock_voice {
    bool is_heard;
    mono_t at;
    int64_t offset_ms; /* its wall clock less our monotonic one */
};

/* last_known: 0 at a first start. quorum: how many peers must agree at least to end a doubt. */
void clock_start(struct clock_sense *clock, wall_t last_known, uint32_t quorum);
/* True: the state has changed. */
bool clock_look(struct clock_sense *clock, mono_t now, wall_t wall);
/* The time to go by, given what both clocks show. */
wall_t clock_time(const struct clock_sense *clock, mono_t now, wall_t wall);
bool clock_in_doubt(const struct clock_sense *clock);
/* "trusted", "stepped", "behind", "ahead", "outvoted": for status and health. */
const char *clock_state_name(enum clock_state state);
/* An operator says that the wall clock, as clock_look saw it last, is right. True: a doubt is over.
 */
bool clock_accept(struct clock_sense *clock, mono_t now);

/* its_wall: as frames bring it, within the years that proto/codec/rules.h allows. */
void clock_voice_say(struct clock_voice *voice, mono_t now, wall_t its_wall);
/* Adds one to agreeing or differing, when the voice counts. */
void clock_voice_count(const struct clock_voice *voice, const struct clock_sense *clock, mono_t now,
                       uint32_t *agreeing, uint32_t *differing);
/* After a count of all voices. True: the state has changed. */
bool clock_hear(struct clock_sense *clock, mono_t now, uint32_t agreeing, uint32_t differing);

/* The reason as it may be said now: REASON_CLOCK_IN_DOUBT for a judgement by date while in doubt,
 * or when it was judged at another time (judged_at) than the one that we go by (time). */
enum reason clock_temper(const struct clock_sense *clock, enum reason reason, wall_t judged_at,
                         wall_t time);
