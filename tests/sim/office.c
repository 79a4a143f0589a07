/* Back offices. An honest one takes a message once, whoever says what how often; under a fault it
 * is slow, in error, says no, forgets to answer, answers twice or for another dossier; or somebody
 * else answers in its place. */
#include "proto/base/check.h"
#include "tests/sim/check.h"

/* Shorter than an adapter's lease (SESSION_OFFICE_LEASE_MS), as its shell bounds a call. */
enum {
    CALL_MAX_MS = 120 * 1000,
    ANSWER_MAX_MS = 300,
    ANSWER_AGAIN_MS = 100,
    NEVER_SEQ = 1000000000
};

/* What the adapter hears of a call: a reason, and whose word it is. */
struct heard_answer {
    enum reason reason;
    enum failure_ground ground;
};

static void plan_answer(struct node *node, uint64_t message_seq, struct heard_answer heard,
                        int64_t delay_ms, int record)
{
    struct sim *sim = node->sim;
    if (sim->answer_count == OFFICE_ANSWERS_MAX)
        return; /* one that never comes: the lease ends */
    sim->answers[sim->answer_count++] = (struct planned_answer){
        .node = node->index,
        .at_ms = sim->now_ms + delay_ms,
        .answer = {.message_seq = message_seq,
                   .reason = heard.reason,
                   .ground = heard.ground,
                   .retry_after_ms = heard.reason == REASON_OFFICE_THROTTLED ? 5000 : 0,
                   .office_reference = bytes_of_text("SBN-1"),
                   .text = bytes_of_text(SECRET_TEXT),
                   .acting_for = bytes_of_text(SECRET_TEXT)},
        .record = record,
    };
}

/* What the office does with a message that it does not have yet. */
static enum reason decide(struct sim *sim, struct place *place)
{
    static const enum reason errors[] = {REASON_OFFICE_ERROR, REASON_OFFICE_UNREACHABLE,
                                         REASON_OFFICE_THROTTLED};
    if (place != NULL && place->is_office_refused)
        return REASON_OFFICE_REFUSED;
    if (swarm_happens(&sim->swarm, MISHAP_OFFICE_ERROR))
        return errors[dice_below(&sim->dice, 3)];
    if (swarm_happens(&sim->swarm, MISHAP_OFFICE_LOGIN))
        return REASON_OFFICE_LOGIN;
    if (swarm_happens(&sim->swarm, MISHAP_OFFICE_UNKNOWN))
        return REASON_OFFICE_UNKNOWN;
    if (swarm_happens(&sim->swarm, MISHAP_OFFICE_REFUSES)) {
        if (place != NULL)
            place->is_office_refused = true;
        return REASON_OFFICE_REFUSED;
    }
    return REASON_NONE;
}

static enum reason take(struct node *node, struct record *record, struct place *place)
{
    struct sim *sim = node->sim;
    if (record == NULL && swarm_happens(&sim->swarm, MISHAP_HOSTILE_OFFICE))
        return REASON_OFFICE_ERROR; /* what is wrong with it is wrong each time */
    if (place != NULL && place->is_at_office)
        return dice_below(&sim->dice, 4) == 0 ? REASON_OFFICE_DUPLICATE : REASON_NONE;
    enum reason reason = decide(sim, place);
    if (reason != REASON_NONE)
        return reason;
    if (place != NULL) {
        place->is_at_office = true;
        place->at_office_ms = sim->now_ms;
        sim_note(sim, node->index, "office has it", &record->id, record->dossier);
        workload_answer(sim, record, node->index);
    }
    return swarm_happens(&sim->swarm, MISHAP_OFFICE_TIMES_OUT) ? REASON_OFFICE_TIMEOUT
                                                               : REASON_NONE;
}

/* What is not known to be the office's own word: a page in front of it says anything, or a fault of
 * ours stands in the place of its answer. Nothing may end by it. */
static struct heard_answer hear_no_office(struct sim *sim, enum failure_ground ground)
{
    enum { CHOICES = 6 };
    static const enum reason of_strangers[CHOICES] = {
        REASON_NONE,           REASON_OFFICE_REFUSED, REASON_OFFICE_NOT_FOUND,
        REASON_OFFICE_UNKNOWN, REASON_OFFICE_LOGIN,   REASON_OFFICE_TLS};
    static const enum reason of_us[CHOICES] = {REASON_SETTINGS_INVALID, REASON_FILE_UNREADABLE,
                                               REASON_FIELD_INVALID,    REASON_NOT_FOUND,
                                               REASON_OUT_OF_MEMORY,    REASON_NONE};
    uint64_t at = dice_below(&sim->dice, CHOICES);
    return (struct heard_answer){ground == FAILURE_OURS ? of_us[at] : of_strangers[at], ground};
}

/* One call, and what is heard of it; the office may have the message or not. */
static struct heard_answer make_call(struct node *node, struct record *record, struct place *place)
{
    struct sim *sim = node->sim;
    bool is_stranger = swarm_happens(&sim->swarm, MISHAP_OFFICE_STRANGER);
    bool is_ours = !is_stranger && swarm_happens(&sim->swarm, MISHAP_OFFICE_OURS);
    bool is_lost_before = (is_stranger || is_ours) && dice_below(&sim->dice, 2) == 0;
    struct heard_answer heard = {.ground = FAILURE_SPOKEN};
    if (!is_lost_before)
        heard.reason = take(node, record, place);
    if (is_stranger || is_ours)
        heard = hear_no_office(sim, is_ours ? FAILURE_OURS : FAILURE_TRANSPORT);
    return heard;
}

/* A lying office names what was never asked of it: what does not exist, what we sent ourselves. */
static uint64_t other_message(struct node *node)
{
    struct store *disk = node->disk;
    struct store_positions positions;
    struct store_message message;
    check(disk->verbs->positions(disk, &positions) == REASON_NONE);
    uint64_t seq = 1 + dice_below(&node->sim->dice, positions.next_message_seq + 2);
    bool is_own = disk->verbs->read_message(disk, seq, &message) == REASON_NONE &&
                  key_equal(&message.sender, &node->key);
    return is_own ? seq : NEVER_SEQ;
}

void office_call(struct node *node, uint64_t message_seq, uint32_t attempt)
{
    struct sim *sim = node->sim;
    struct store_message message;
    if (node->disk->verbs->read_message(node->disk, message_seq, &message) != REASON_NONE) {
        sim_violated(sim, 1, NULL, "an office is called with a message that is not kept");
        return;
    }
    struct record *record = record_find(&sim->records, &message.id);
    if (record != NULL && sim_node_of(&message.sender) != record->sender)
        record = NULL;
    struct place *place = record == NULL ? NULL : record_place(record, node->index);
    sim_note(sim, node->index, "office called", &message.id, attempt);
    checkers_called(node, &message, record);
    if (place != NULL && place->is_at_office && attempt == 1 && (!sim->is_lost || sim->is_restored))
        restored_violated(sim, 5, &message.id, "an office is given for the first time what it has");
    bool is_slow = swarm_happens(&sim->swarm, MISHAP_OFFICE_SLOW);
    int64_t delay_ms = dice_between(&sim->dice, 1, is_slow ? CALL_MAX_MS : ANSWER_MAX_MS);
    struct heard_answer heard = make_call(node, record, place);
    int number = record == NULL ? NOWHERE : (int)(record - sim->records.rows);
    plan_answer(node, message_seq, heard, delay_ms, number);
    if (swarm_happens(&sim->swarm, MISHAP_OFFICE_TWICE))
        plan_answer(node, message_seq, heard, delay_ms + dice_between(&sim->dice, 0, 5000),
                    NOWHERE);
    if (swarm_happens(&sim->swarm, MISHAP_OFFICE_OTHER))
        plan_answer(node, other_message(node), (struct heard_answer){REASON_NONE, FAILURE_SPOKEN},
                    delay_ms, NOWHERE);
}

void office_give_answers(struct node *node)
{
    struct sim *sim = node->sim;
    for (size_t i = 0; i < sim->answer_count; i++) {
        struct planned_answer *planned = &sim->answers[i];
        if (planned->node != node->index || planned->at_ms > sim->now_ms)
            continue;
        enum reason reason = session_office_answer(node->session, &planned->answer);
        planned->is_given = reason_class(reason) != REASON_CLASS_TRANSIENT;
    }
}

void office_settle(struct node *node, bool is_committed)
{
    struct sim *sim = node->sim;
    size_t kept = 0;
    for (size_t i = 0; i < sim->answer_count; i++) {
        struct planned_answer planned = sim->answers[i];
        bool is_due = planned.node == node->index && planned.at_ms <= sim->now_ms;
        bool is_over = is_due && planned.is_given && is_committed;
        if (is_due && !is_over) { /* the adapter keeps it and offers it again */
            planned.is_given = false;
            planned.at_ms = sim->now_ms + ANSWER_AGAIN_MS;
        }
        if (!is_over)
            sim->answers[kept++] = planned;
    }
    sim->answer_count = kept;
}

int64_t office_next_ms(const struct sim *sim, int node)
{
    int64_t next = INT64_MAX;
    for (size_t i = 0; i < sim->answer_count; i++) {
        if (sim->answers[i].node == node && sim->answers[i].at_ms < next)
            next = sim->answers[i].at_ms;
    }
    return next;
}
