/* Whether the wall clock may be believed: clock_sense.h has the rule, here it meets the broker. */
#include "gateway/core/broker_parts.h"

#include <string.h>

#define NOTE_CLOCK "clock"

wall_t broker_time(const struct broker *broker, mono_t now, wall_t wall)
{
    return clock_time(&broker->clock, now, wall);
}

void broker_trust_clock(struct broker *broker)
{
    clock_accept(&broker->clock);
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

enum reason broker_load_clock(struct broker *broker, const struct store_positions *positions)
{
    struct store *store = broker->options.store;
    struct bytes note;
    wall_t last_known = {0};
    if (broker->clock_is_known)
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
    clock_start(&broker->clock, last_known, BROKER_CLOCK_QUORUM);
    broker->clock_is_known = true;
    return REASON_NONE;
}

static void tell_change(struct broker *broker)
{
    bool is_doubt = clock_in_doubt(&broker->clock);
    broker_event(broker, &(struct broker_transition){
                             .event = is_doubt ? "clock_in_doubt" : "clock_agreed",
                             .from = broker->options.self,
                             .reason = is_doubt ? REASON_CLOCK_IN_DOUBT : REASON_NONE,
                         });
}

void broker_look_at_clock(struct broker *broker, wall_t wall)
{
    if (broker->clock_is_known && clock_look(&broker->clock, broker->now, wall))
        tell_change(broker);
    broker->wall = clock_time(&broker->clock, broker->now, wall);
}

/* A time in doubt is never noted: it would be the measure of the next start. */
static void note_time(struct broker *broker)
{
    if (clock_in_doubt(&broker->clock) || broker->now.ms < broker->clock_note_due.ms)
        return;
    broker->clock_note_due = (mono_t){broker->now.ms + CLOCK_NOTE_MS};
    uint8_t *value = plan_take(&broker->plan, sizeof broker->wall.ms);
    memcpy(value, &broker->wall.ms, sizeof broker->wall.ms);
    plan_note(&broker->plan, bytes_of_text(NOTE_CLOCK),
              (struct bytes){value, sizeof broker->wall.ms});
}

void broker_hear_clocks(struct broker *broker)
{
    uint32_t agreeing = 0;
    uint32_t differing = 0;
    for (uint32_t i = 0; i < broker->peer_count; i++)
        clock_voice_count(&broker->peers[i].voice, &broker->clock, broker->now, &agreeing,
                          &differing);
    if (clock_hear(&broker->clock, broker->now, agreeing, differing))
        tell_change(broker);
    note_time(broker);
}
