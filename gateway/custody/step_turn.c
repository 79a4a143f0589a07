/* Whose turn it is: what arrived waits at its peer, and the peers take turns.
 *
 * Each has a queue of frames and a credit of work (deficit round robin: Shreedhar and Varghese,
 * 1995). A turn adds turn_work to the credit; what is taken is paid from it, message by message, so
 * a frame may need many turns and steps. A peer that is alone has all of the step. While others are
 * there too, a step ends after shared_work, whoever sends how much, so that nobody waits long for
 * the step of another's frames (invariant 13).
 *
 * What does not fit into the step any more stays at the head of its queue, and its peer is among
 * the first of the next step; its frame's intake.done says how far it is.
 */
#include "gateway/custody/step_parts.h"

#include "proto/base/check.h"

static void push_ready(struct step *step, struct peer *peer)
{
    peer->next_ready = NULL;
    if (step->last_ready == NULL)
        step->first_ready = peer;
    else
        step->last_ready->next_ready = peer;
    step->last_ready = peer;
}

static void push_first(struct step *step, struct peer *peer)
{
    peer->next_ready = step->first_ready;
    step->first_ready = peer;
    if (step->last_ready == NULL)
        step->last_ready = peer;
}

static struct peer *pop_ready(struct step *step)
{
    struct peer *peer = step->first_ready;
    step->first_ready = peer->next_ready;
    if (step->first_ready == NULL)
        step->last_ready = NULL;
    return peer;
}

bool step_has_queue_room(const struct step *step)
{
    return step->queued_count + step->intake_count < step->options.queue_max;
}

void step_queue(struct step *step, struct peer *peer, struct intake *intake)
{
    intake->references++;
    intake->next = NULL;
    intake->done = 0;
    peer->heard = step->now;
    peer->heard_wall = step->wall;
    step->queued_count++;
    if (peer->last_intake != NULL) {
        peer->last_intake->next = intake;
        peer->last_intake = intake;
        return;
    }
    peer->first_intake = peer->last_intake = intake;
    push_ready(step, peer);
}

void step_give_back(struct step *step, struct intake *intake)
{
    step->intakes[step->intake_count++] = intake;
}

static void finish_intake(struct step *step, struct peer *peer)
{
    struct intake *intake = peer->first_intake;
    peer->first_intake = intake->next;
    if (peer->first_intake == NULL)
        peer->last_intake = NULL;
    step->queued_count--;
    step->finished_count++;
    step_give_back(step, intake);
}

/* Others were there lately, so that they may be in a moment. */
static bool is_shared(const struct step *step)
{
    enum { LATELY_MS = 1000 };
    return step->now.ms - step->shared_at.ms < LATELY_MS;
}

/* False: nobody has a turn in this step any more. */
static bool begin_turn(struct step *step)
{
    bool is_over = is_shared(step) && step->work_done >= step->options.shared_work;
    if (step->first_ready == NULL || is_over || step->finished_count == step->options.intakes_max)
        return false;
    struct peer *peer = pop_ready(step);
    if (step->last_worker != NULL && step->last_worker != peer)
        step->shared_at = step->now;
    step->worker = peer;
    step->last_worker = peer;
    peer->credit += step->options.turn_work;
    return true;
}

/* FULL: the step is. WAITS: something of this peer must end first. */
static void end_turn(struct step *step, enum turn turn)
{
    struct peer *peer = step->worker;
    step->worker = NULL;
    if (turn == TURN_MORE) {
        push_ready(step, peer);
        return;
    }
    if (peer->credit > 0)
        peer->credit = 0; /* nothing is saved up */
    if (turn == TURN_DONE)
        return;
    /* For the next step: the smaller pieces of others may fit into this one. */
    peer->next_ready = step->first_stuck;
    step->first_stuck = peer;
}

static void end_turns(struct step *step)
{
    while (step->first_stuck != NULL) {
        struct peer *peer = step->first_stuck;
        step->first_stuck = peer->next_ready;
        push_first(step, peer);
    }
    step->more_to_do = step->more_to_do || step->first_ready != NULL;
}

struct intake *step_next(struct step *step, struct peer **ret_peer)
{
    while (step->worker != NULL || begin_turn(step)) {
        struct peer *peer = step->worker;
        bool is_full = step->finished_count == step->options.intakes_max;
        if (peer->first_intake != NULL && peer->credit > 0 && !is_full) {
            step->credit_before = peer->credit;
            *ret_peer = peer;
            return peer->first_intake;
        }
        end_turn(step, peer->first_intake == NULL    ? TURN_DONE
                       : is_full && peer->credit > 0 ? TURN_FULL
                                                     : TURN_MORE);
    }
    end_turns(step);
    return NULL;
}

void step_took(struct step *step, enum turn turn)
{
    struct peer *peer = step->worker;
    const struct intake *intake = peer->first_intake;
    step->work_done += step->credit_before - peer->credit;
    bool is_begun = turn == TURN_DONE || intake->done > 0;
    if (is_begun && intake->reason == REASON_NONE && intake->frame.kind == FRAME_PARCELS)
        peer->gave_in = step->number;
    if (turn == TURN_DONE)
        finish_intake(step, peer);
    else if (turn != TURN_MORE)
        end_turn(step, turn);
}
