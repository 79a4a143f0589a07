/* Breaks of the gateway's ledger, as this witness saw them.
 *
 * Of one kind the ledger is the same: we were away for longer than the days that the gateway keeps
 * what would prove it from our head on (retention.csv, ids), so that it shows heads from nothing.
 *
 * A gateway whose store was put back from a backup goes on under a new ledger id, and says so in
 * its first entry. We cannot know whether that is all that happened. So the break is kept, with
 * both heads, and stays open until a person has asked and writes down what it was; our head is not
 * replaced before that. Then the new ledger is witnessed from its next head on, and the break with
 * its explanation is kept.
 */
#include "adapters/core/session_parts.h"

#include <string.h>

#define NOTE_BREAKS "ledger-breaks"

enum {
    HEAD_BYTES = LEDGER_ID_BYTES + 8 + DIGEST_BYTES,
    BREAK_BYTES = 2 * HEAD_BYTES + 8 + 8 + LEDGER_EXPLANATION_BYTES,
};
_Static_assert((int)BREAK_BYTES *(int)LEDGER_BREAKS_MAX <= (int)STORE_NOTE_BYTES_MAX, "one note");

static void put_head(uint8_t *note, const uint8_t *ledger_id, uint64_t size,
                     const struct digest *root)
{
    memcpy(note, ledger_id, LEDGER_ID_BYTES);
    memcpy(note + LEDGER_ID_BYTES, &size, 8);
    memcpy(note + LEDGER_ID_BYTES + 8, root->bytes, DIGEST_BYTES);
}

static void get_head(const uint8_t *note, struct head_seen *ret_head)
{
    memcpy(ret_head->ledger_id, note, LEDGER_ID_BYTES);
    memcpy(&ret_head->tree_size, note + LEDGER_ID_BYTES, 8);
    memcpy(ret_head->root.bytes, note + LEDGER_ID_BYTES + 8, DIGEST_BYTES);
}

enum reason session_breaks(struct session *session, struct ledger_break *ret_breaks,
                           size_t *ret_count)
{
    struct bytes note;
    enum reason reason = session_read_note(session, bytes_of_text(NOTE_BREAKS), &note);
    *ret_count = 0;
    if (reason != REASON_NONE)
        return reason == REASON_NOT_FOUND ? REASON_NONE : reason;
    if (note.size % BREAK_BYTES != 0 || note.size > BREAK_BYTES * LEDGER_BREAKS_MAX)
        return REASON_STORE_CORRUPT;
    for (size_t at = 0; at < note.size; at += BREAK_BYTES) {
        struct ledger_break *of = &ret_breaks[(*ret_count)++];
        const uint8_t *row = note.data + at;
        get_head(row, &of->before);
        get_head(row + HEAD_BYTES, &of->after);
        memcpy(&of->at.ms, row + 2 * HEAD_BYTES, 8);
        memcpy(&of->closed.ms, row + 2 * HEAD_BYTES + 8, 8);
        memcpy(of->explanation, row + 2 * HEAD_BYTES + 16, LEDGER_EXPLANATION_BYTES);
        of->explanation[LEDGER_EXPLANATION_BYTES - 1] = 0;
    }
    return REASON_NONE;
}

static void keep_breaks(struct session *session, const struct ledger_break *breaks, size_t count)
{
    uint8_t *note = plan_take(&session->step.plan, LEDGER_BREAKS_MAX * BREAK_BYTES);
    session->has_open_break = false;
    for (size_t i = 0; i < count; i++) {
        const struct ledger_break *of = &breaks[i];
        uint8_t *row = note + i * BREAK_BYTES;
        put_head(row, of->before.ledger_id, of->before.tree_size, &of->before.root);
        put_head(row + HEAD_BYTES, of->after.ledger_id, of->after.tree_size, &of->after.root);
        memcpy(row + 2 * HEAD_BYTES, &of->at.ms, 8);
        memcpy(row + 2 * HEAD_BYTES + 8, &of->closed.ms, 8);
        memcpy(row + 2 * HEAD_BYTES + 16, of->explanation, LEDGER_EXPLANATION_BYTES);
        session->has_open_break = session->has_open_break || of->closed.ms == 0;
    }
    plan_note(&session->step.plan, bytes_of_text(NOTE_BREAKS),
              (struct bytes){note, count * BREAK_BYTES});
}

/* The same ledger again, while nobody has said what it is. */
static bool is_known(const struct ledger_break *breaks, size_t count, const struct tree_head *head)
{
    for (size_t i = 0; i < count; i++) {
        if (breaks[i].closed.ms == 0 &&
            memcmp(breaks[i].after.ledger_id, head->ledger_id.data, LEDGER_ID_BYTES) == 0)
            return true;
    }
    return false;
}

enum reason session_take_break(struct session *session, const struct tree_head *head,
                               enum reason why)
{
    struct ledger_break breaks[LEDGER_BREAKS_MAX];
    struct room_need need = room_frame;
    size_t count;
    need.of[ROOM_BYTES] += LEDGER_BREAKS_MAX * BREAK_BYTES;
    if (!step_fits(&session->step, &need) || session_breaks(session, breaks, &count) != REASON_NONE)
        return REASON_NONE; /* the next head says it again */
    if (is_known(breaks, count, head))
        return REASON_NONE;
    if (count == LEDGER_BREAKS_MAX) /* too many to be honest: the first ones are kept */
        return REASON_LEDGER_INCONSISTENT;
    struct ledger_break *made = &breaks[count++];
    *made = (struct ledger_break){.before = session->head, .at = session->step.wall};
    memcpy(made->after.ledger_id, head->ledger_id.data, LEDGER_ID_BYTES);
    made->after.tree_size = head->tree_size;
    made->after.root = head->root;
    keep_breaks(session, breaks, count);
    session->asks_all = true; /* it may have lost what it took */
    session->ask_due = session->step.now;
    step_note_peer(&session->step, session->gateway, "alarm", why);
    return REASON_NONE;
}

/* A contradiction has no other ledger to go on with: what a person says of it is kept as a break
 * that is closed, and our head stands, so that the next head that does not continue it raises the
 * alarm again. With too many breaks kept already, the alarm ends without its text. */
static void explain_alarm(struct session *session, struct ledger_break *breaks, size_t *count)
{
    session->ledger_alarm = false;
    session->head_gaps = 0;
    if (*count == LEDGER_BREAKS_MAX)
        return;
    breaks[(*count)++] = (struct ledger_break){
        .before = session->head, .after = session->head, .at = session->step.wall};
}

/* Closes what is open, all with the same words: how many. */
static size_t close_open(struct ledger_break *breaks, size_t count, wall_t now,
                         struct bytes explanation)
{
    size_t closed = 0;
    for (size_t i = 0; i < count; i++) {
        if (breaks[i].closed.ms != 0)
            continue;
        breaks[i].closed = now;
        memcpy(breaks[i].explanation, explanation.data, explanation.size);
        closed++;
    }
    return closed;
}

enum reason session_explain_break(struct session *session, struct bytes explanation)
{
    struct ledger_break breaks[LEDGER_BREAKS_MAX];
    size_t count;
    if (session->step.store_state != REASON_NONE)
        return session->step.store_state;
    if (!session_has_room(session))
        return REASON_BUSY;
    if (explanation.size == 0)
        return REASON_FIELD_MISSING;
    if (explanation.size >= LEDGER_EXPLANATION_BYTES)
        return REASON_FIELD_TOO_LONG;
    enum reason reason = session_breaks(session, breaks, &count);
    if (reason != REASON_NONE)
        return reason;
    bool was_alarm = session->ledger_alarm;
    bool was_break = session->has_open_break;
    if (was_alarm)
        explain_alarm(session, breaks, &count);
    if (close_open(breaks, count, session->step.wall, explanation) == 0 && !was_alarm)
        return REASON_NOT_FOUND;
    keep_breaks(session, breaks, count);
    if (was_break) /* the new ledger is witnessed from its next head on */
        session_forget_head(session);
    step_note_peer(&session->step, session->gateway, "break_explained", REASON_NONE);
    return REASON_NONE;
}

enum reason session_load_breaks(struct session *session)
{
    struct ledger_break breaks[LEDGER_BREAKS_MAX];
    size_t count;
    enum reason reason = session_breaks(session, breaks, &count);
    session->has_open_break = false;
    for (size_t i = 0; i < count; i++)
        session->has_open_break = session->has_open_break || breaks[i].closed.ms == 0;
    return reason;
}
