/* Whose turn it is: what arrived waits at its participant, and the participants take turns.
 *
 * Each has a queue of frames and a credit of work (deficit round robin: Shreedhar and Varghese,
 * 1995). A turn adds BROKER_TURN_WORK to the credit; what is taken is paid from it, message by
 * message, so a frame may need many turns and steps. A participant that is alone has all of the
 * step. While others are there too, a step ends after BROKER_SHARED_WORK, whoever sends how much,
 * so that nobody waits long for the step of another's frames (invariant 13).
 *
 * What does not fit into the step any more stays at the head of its queue, and its participant is
 * among the first of the next step; its frame's intake.done says how far it is.
 */
#include "gateway/core/broker_parts.h"

#include "proto/base/check.h"

static void push_ready(struct broker *broker, struct peer *peer)
{
    peer->next_ready = NULL;
    if (broker->last_ready == NULL)
        broker->first_ready = peer;
    else
        broker->last_ready->next_ready = peer;
    broker->last_ready = peer;
}

static struct peer *pop_ready(struct broker *broker)
{
    struct peer *peer = broker->first_ready;
    broker->first_ready = peer->next_ready;
    if (broker->first_ready == NULL)
        broker->last_ready = NULL;
    return peer;
}

void broker_queue_intake(struct broker *broker, struct peer *peer, struct intake *intake)
{
    intake->next = NULL;
    intake->done = 0;
    broker->queued_count++;
    if (peer->last_intake != NULL) {
        peer->last_intake->next = intake;
        peer->last_intake = intake;
        return;
    }
    peer->first_intake = peer->last_intake = intake;
    push_ready(broker, peer);
}

/* It goes back to its owner when the step's frames have left. */
static void finish_intake(struct broker *broker, struct peer *peer)
{
    struct intake *intake = peer->first_intake;
    peer->first_intake = intake->next;
    if (peer->first_intake == NULL)
        peer->last_intake = NULL;
    broker->queued_count--;
    broker->finished_count++;
    broker->intakes[broker->intake_count++] = intake;
}

/* One turn. FULL: the step is. WAITS: something of this participant must end first. */
static enum turn take_turn(struct broker *broker, struct peer *peer)
{
    while (peer->first_intake != NULL && peer->credit > 0) {
        struct intake *intake = peer->first_intake;
        if (broker->finished_count == BROKER_STEP_INTAKES_MAX)
            return TURN_FULL;
        int64_t before = peer->credit;
        enum turn turn = broker_take_intake(broker, peer, intake);
        broker->work_done += before - peer->credit;
        if (turn == TURN_DONE)
            finish_intake(broker, peer);
        else if (turn != TURN_MORE)
            return turn;
    }
    return peer->first_intake == NULL ? TURN_DONE : TURN_MORE;
}

/* Others were there lately, so that they may be in a moment. */
static bool is_shared(const struct broker *broker)
{
    enum { LATELY_MS = 1000 };
    return broker->now.ms - broker->shared_at.ms < LATELY_MS;
}

static void note_who_is_there(struct broker *broker, const struct peer *peer)
{
    if (broker->last_worker != NULL && broker->last_worker != peer)
        broker->shared_at = broker->now;
    broker->last_worker = peer;
}

static void push_first(struct broker *broker, struct peer *peer)
{
    peer->next_ready = broker->first_ready;
    broker->first_ready = peer;
    if (broker->last_ready == NULL)
        broker->last_ready = peer;
}

/* False: nobody has a turn in this step any more. */
static bool goes_on(const struct broker *broker)
{
    bool is_over = is_shared(broker) && broker->work_done >= BROKER_SHARED_WORK;
    return broker->first_ready != NULL && !is_over &&
           broker->finished_count < BROKER_STEP_INTAKES_MAX;
}

void broker_take_turns(struct broker *broker)
{
    struct peer *next = NULL; /* of the next step: the smaller pieces of others may fit into this */
    broker->work_done = 0;
    while (goes_on(broker)) {
        struct peer *peer = pop_ready(broker);
        note_who_is_there(broker, peer);
        peer->credit += BROKER_TURN_WORK;
        enum turn turn = take_turn(broker, peer);
        if (turn == TURN_MORE) {
            push_ready(broker, peer);
            continue;
        }
        if (peer->credit > 0)
            peer->credit = 0; /* nothing is saved up */
        if (turn == TURN_DONE)
            continue;
        peer->next_ready = next;
        next = peer;
    }
    while (next != NULL) {
        struct peer *peer = next;
        next = peer->next_ready;
        push_first(broker, peer);
    }
    broker->more_to_do = broker->more_to_do || broker->first_ready != NULL;
}
