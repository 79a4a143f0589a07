/* Whose turn it is: what arrived waits at its peer, and the peers take turns.
 *
 * Each has a queue of frames and a credit of work (deficit round robin: Shreedhar and Varghese,
 * 1995). A turn adds turn_work to the credit; what is taken is paid from it, message by message, so
 * a frame may need many turns and steps. A peer that is alone has all of the step. While others are
 * there too, a step ends after shared_work, whoever sends how much, so that nobody waits long for
 * the step of another's frames (invariant 13).
 *
 * What a message waits for is the end of the step before it and of its own. When all send much,
 * long steps serve all best; but whoever sends little (an eighth, of late, of who sends most, in
 * work) would wait for what others send. While such a one is there steps are quick: he is served in
 * each, and all who send much have quick_work of it together, those first who had none, and of all
 * time STEP_HEAVY_SHARE_US of each millisecond: so half of the core's is left for whoever comes. As
 * long as they need less, nobody waits.
 *
 * What does not fit into the step any more stays at the head of its queue, and its peer is among
 * the first of the next step; its frame's intake.done says how far it is.
 */
#include "gateway/custody/step_parts.h"

enum { LATELY_MS = 1000 };

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

/* Frames that were given back in this step still count, for their memory is the step's until its
 * end. */
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
    return step->now.ms - step->shared_at.ms < LATELY_MS;
}

/* ---- who sends how much ---- */

/* Halved each quarter of a second, without a clock of its own: what somebody did half a minute ago
 * counts for nothing, and a shift by 63 or more would not be defined. */
static void add_lately(struct lately *lately, mono_t now, int64_t work)
{
    enum { HALF_LIFE_MS = 250, HALVES_MAX = 62 };
    int64_t halves = (now.ms - lately->since.ms) / HALF_LIFE_MS;
    if (halves > 0) {
        lately->work >>= halves < HALVES_MAX ? halves : HALVES_MAX;
        lately->since = (mono_t){lately->since.ms + halves * HALF_LIFE_MS};
    }
    lately->work += work;
}

static void note_work(struct step *step, struct peer *peer, int64_t work)
{
    add_lately(&peer->lately, step->now, work);
    add_lately(&step->most, step->now, 0);
    if (peer->lately.work > step->most.work)
        step->most.work = peer->lately.work;
}

static bool is_light(struct step *step, struct peer *peer)
{
    enum { PART = 8 };
    note_work(step, peer, 0); /* what is over is forgotten */
    return peer->lately.work * PART <= step->most.work;
}

void step_note_taken(struct step *step, struct peer *peer)
{
    if (is_light(step, peer))
        step->quick_at = step->now;
}

bool step_is_quick(const struct step *step)
{
    return step->options.quick_work > 0 && step->quick_at.ms != 0 &&
           step->now.ms - step->quick_at.ms < LATELY_MS;
}

/* ---- turns ---- */

static void put_aside(struct step *step, struct peer *peer)
{
    peer->next_ready = step->first_stuck;
    step->first_stuck = peer;
}

/* What those who send much have had of the core's time in this step, and when they may go on. */
static void charge_heavy(struct step *step)
{
    bool is_written = !plan_is_empty(&step->plan) || step->drafts != NULL;
    int64_t paid_us = (step->now.ms - step->heavy_at.ms) * STEP_HEAVY_SHARE_US;
    int64_t owed_us = step->heavy_owed_us > paid_us ? step->heavy_owed_us - paid_us : 0;
    owed_us += step->heavy_work * STEP_HEAVY_UNIT_US + (is_written ? STEP_HEAVY_PLAN_US : 0);
    int64_t beyond_us = owed_us - STEP_HEAVY_OWED_US;
    int64_t wait_ms = beyond_us > 0 ? beyond_us / STEP_HEAVY_SHARE_US + 1 : 0;
    step->heavy_owed_us = owed_us;
    step->heavy_at = step->now;
    step->heavy_due = (mono_t){step->now.ms + wait_ms};
}

/* Of this step; asked once, for what is served in it changes the answer. */
static int64_t heavy_limit(const struct step *step)
{
    if (!step_is_quick(step))
        return INT64_MAX;
    return step->now.ms < step->heavy_due.ms ? 0 : step->options.quick_work;
}

/* False: nobody has a turn in this step any more. */
static bool begin_turn(struct step *step)
{
    bool is_over = is_shared(step) && step->work_done >= step->options.shared_work;
    struct peer *peer = NULL;
    if (step->heavy_limit < 0)
        step->heavy_limit = heavy_limit(step);
    while (peer == NULL) {
        if (step->first_ready == NULL || is_over ||
            step->finished_count == step->options.intakes_max)
            return false;
        peer = pop_ready(step);
        step->is_worker_heavy = !is_light(step, peer);
        if (!step->is_worker_heavy || step->heavy_work < step->heavy_limit)
            continue;
        put_aside(step, peer);
        peer = NULL;
    }
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
    put_aside(step, peer); /* the smaller pieces of others may fit into this step */
    step->has_full = true;
}

static void end_turns(struct step *step)
{
    /* Those who wait for their time alone need no step before it (step_deadline). */
    bool waits_for_time = step->first_ready == NULL && step->heavy_limit == 0 && !step->has_full;
    if (step->heavy_work > 0 && step_is_quick(step))
        charge_heavy(step);
    while (step->first_stuck != NULL) {
        struct peer *peer = step->first_stuck;
        step->first_stuck = peer->next_ready;
        push_first(step, peer);
    }
    step->more_to_do = step->more_to_do || (step->first_ready != NULL && !waits_for_time);
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

/* Work is what the policy took off the credit; a frame that is begun is paid for as far as it
 * went. */
void step_took(struct step *step, enum turn turn)
{
    struct peer *peer = step->worker;
    const struct intake *intake = peer->first_intake;
    int64_t work = step->credit_before - peer->credit;
    step->work_done += work;
    step->heavy_work += step->is_worker_heavy ? work : 0;
    note_work(step, peer, work);
    bool is_begun = turn == TURN_DONE || intake->done > 0;
    if (is_begun && intake->reason == REASON_NONE && intake->frame.kind == FRAME_PARCELS)
        peer->gave_in = step->number;
    if (turn == TURN_DONE)
        finish_intake(step, peer);
    else if (turn != TURN_MORE)
        end_turn(step, turn);
}
