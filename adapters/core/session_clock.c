/* Whether the wall clock may be believed: clock_sense.h has the rule, here it meets the session. */
#include "adapters/core/session_parts.h"

#include <string.h>

#define NOTE_CLOCK "clock"

wall_t session_time(const struct session *session, mono_t now, wall_t wall)
{
    return clock_time(&session->clock, now, wall);
}

void session_trust_clock(struct session *session)
{
    clock_accept(&session->clock);
}

/* A store of before this note: its last message was taken at a time that was good enough. */
static enum reason last_custody(struct store *store, const struct store_positions *positions,
                                wall_t *ret_last)
{
    struct store_message last;
    if (positions->next_message_seq <= 1)
        return REASON_NONE;
    enum reason reason = store->verbs->read_message(store, positions->next_message_seq - 1, &last);
    if (reason == REASON_NONE)
        *ret_last = last.custody;
    return reason == REASON_NOT_FOUND ? REASON_NONE : reason;
}

enum reason session_load_clock(struct session *session, const struct store_positions *positions)
{
    struct store *store = session->options.store;
    struct bytes note;
    wall_t last_known = {0};
    if (session->clock_is_known)
        return REASON_NONE; /* the process goes on, and its monotonic clock with it */
    enum reason reason = store->verbs->read_note(store, bytes_of_text(NOTE_CLOCK), &note);
    if (reason == REASON_NONE && note.size == sizeof last_known.ms)
        memcpy(&last_known.ms, note.data, sizeof last_known.ms);
    else if (reason == REASON_NOT_FOUND)
        reason = last_custody(store, positions, &last_known);
    else if (reason == REASON_NONE)
        reason = REASON_STORE_CORRUPT;
    if (reason != REASON_NONE)
        return reason;
    clock_start(&session->clock, last_known, SESSION_CLOCK_QUORUM);
    session->clock_is_known = true;
    return REASON_NONE;
}

static void tell_change(struct session *session)
{
    bool is_doubt = clock_in_doubt(&session->clock);
    session_event(session, &(struct transition){
                               .event = is_doubt ? "clock_in_doubt" : "clock_agreed",
                               .from = session->options.self,
                               .reason = is_doubt ? REASON_CLOCK_IN_DOUBT : REASON_NONE,
                           });
}

void session_look_at_clock(struct session *session, wall_t wall)
{
    if (session->clock_is_known && clock_look(&session->clock, session->now, wall))
        tell_change(session);
    session->wall = clock_time(&session->clock, session->now, wall);
}

/* A time in doubt is never noted: it would be the measure of the next start. */
static void note_time(struct session *session)
{
    if (clock_in_doubt(&session->clock) || session->now.ms < session->clock_note_due.ms)
        return;
    session->clock_note_due = (mono_t){session->now.ms + CLOCK_NOTE_MS};
    uint8_t *value = plan_take(&session->plan, sizeof session->wall.ms);
    memcpy(value, &session->wall.ms, sizeof session->wall.ms);
    plan_note(&session->plan, bytes_of_text(NOTE_CLOCK),
              (struct bytes){value, sizeof session->wall.ms});
}

void session_hear_clock(struct session *session)
{
    uint32_t agreeing = 0;
    uint32_t differing = 0;
    clock_voice_count(&session->voice, &session->clock, session->now, &agreeing, &differing);
    if (clock_hear(&session->clock, session->now, agreeing, differing))
        tell_change(session);
    note_time(session);
}
