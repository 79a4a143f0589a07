/* Whether the wall clock may be believed: clock_sense.h has the rule, here it meets the step. */
#include <string.h>

#include "gateway/custody/step_parts.h"

#define NOTE_CLOCK "clock"

wall_t step_time(const struct step *step, mono_t now, wall_t wall)
{
    return clock_time(&step->clock, now, wall);
}

/* Called within a step: what follows in it already goes by the accepted time. */
void step_trust_clock(struct step *step)
{
    if (!clock_accept(&step->clock, step->now))
        return;
    step->wall = (wall_t){step->now.ms + step->clock.offset_ms};
    step_note(step, &(struct transition){.event = "clock_accepted", .from = step->options.self});
}

struct clock_report step_clock_report(const struct step *step)
{
    return (struct clock_report){
        .state = step->clock.state,
        .shows = {step->now.ms + step->clock.offset_ms},
        .goes_by = step->wall,
    };
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

enum reason step_load_clock(struct step *step, const struct store_positions *positions)
{
    struct bytes note;
    wall_t last_known = {0};
    if (step->clock_is_known)
        return REASON_NONE; /* the process goes on, and its monotonic clock with it */
    enum reason reason =
        step->store->verbs->read_note(step->store, bytes_of_text(NOTE_CLOCK), &note);
    if (reason == REASON_NONE && note.size == sizeof last_known.ms)
        memcpy(&last_known.ms, note.data, sizeof last_known.ms);
    else if (reason == REASON_NOT_FOUND)
        reason = last_custody(step->store, positions, &last_known);
    else if (reason == REASON_NONE)
        reason = REASON_STORE_CORRUPT;
    if (reason != REASON_NONE)
        return reason;
    clock_start(&step->clock, last_known, step->options.clock_quorum);
    step->clock_is_known = true;
    return REASON_NONE;
}

static void note_change(struct step *step)
{
    bool is_doubt = clock_in_doubt(&step->clock);
    step_note(step, &(struct transition){
                        .event = is_doubt ? "clock_in_doubt" : "clock_agreed",
                        .from = step->options.self,
                        .reason = is_doubt ? REASON_CLOCK_IN_DOUBT : REASON_NONE,
                    });
}

void step_look_at_clock(struct step *step, wall_t wall)
{
    if (step->clock_is_known && clock_look(&step->clock, step->now, wall))
        note_change(step);
    step->wall = clock_time(&step->clock, step->now, wall);
}

/* A time in doubt is never noted: it would be the measure of the next start. */
static void note_time(struct step *step)
{
    if (clock_in_doubt(&step->clock) || step->now.ms < step->clock_note_due.ms)
        return;
    step->clock_note_due = (mono_t){step->now.ms + CLOCK_NOTE_MS};
    uint8_t *value = plan_take(&step->plan, sizeof step->wall.ms);
    memcpy(value, &step->wall.ms, sizeof step->wall.ms);
    plan_note(&step->plan, bytes_of_text(NOTE_CLOCK), (struct bytes){value, sizeof step->wall.ms});
}

void step_hear_clocks(struct step *step)
{
    uint32_t agreeing = 0;
    uint32_t differing = 0;
    for (uint32_t i = 0; i < step->peer_count; i++)
        clock_voice_count(&step->peers[i].voice, &step->clock, step->now, &agreeing, &differing);
    if (clock_hear(&step->clock, step->now, agreeing, differing))
        note_change(step);
    note_time(step);
}
