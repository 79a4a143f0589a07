/* An adapter after its store was put back from a backup (ops/backup): what it sent, took and told
 * since the backup is gone here, and known by the gateway and the office.
 *
 *   note "restored", of the restore command ──load──▶ RECOVERING ──all is back──▶ note "put-back"
 *
 * RECOVERING: nothing is submitted or handed to the office, so that nothing of ours gets an id or a
 * number that was used. We ask the gateway page by page (frame ASK)
 *   first for what we sent ourselves after the last id that we know, and store those bytes as ours:
 *     business messages are offered again, and end by the custody receipt that the gateway repeats;
 *     our receipts end the entries that they speak of without a call of the office;
 *   then for what it had sent us since the backup, also what has ended: our history is to know it.
 *     What our own receipts speak of has its end by them; an office with a book of its own is given
 *     what it had accepted once more, to be noted there. The rest is handed to the office, which is
 *     looked at first.
 * Receipts of others that we had taken come back because we ask where our messages stand
 * (session_standing.c).
 *
 * From then on whatever was made before the restore and is new to us may be known by the office:
 * its first call looks before it sends, as every later one does.
 */
#include "adapters/core/session_parts.h"

#include <string.h>

#define NOTE_RESTORED "restored"
#define NOTE_PUT_BACK "put-back"

enum {
    RESTORED_NOTE_BYTES = 16,
    PUT_BACK_NOTE_BYTES = 8,
    TOLD_NOTE_BYTES = 8 + 4 + 4,
    PAGE_AGAIN_MS = 250, /* its files are on their way */
};

static enum reason load_moment(struct session *session, const char *name, size_t size, size_t at,
                               wall_t *ret_moment)
{
    struct store *store = session->options.store;
    struct bytes note;
    enum reason reason = store->verbs->read_note(store, bytes_of_text(name), &note);
    *ret_moment = (wall_t){0};
    if (reason == REASON_NONE && note.size != size)
        return REASON_STORE_CORRUPT;
    if (reason == REASON_NONE)
        memcpy(&ret_moment->ms, note.data + at, 8);
    return reason == REASON_NOT_FOUND ? REASON_NONE : reason;
}

enum reason session_load_restore(struct session *session)
{
    enum reason reason =
        load_moment(session, NOTE_RESTORED, RESTORED_NOTE_BYTES, 8, &session->put_back);
    if (reason == REASON_NONE)
        reason = load_moment(session, NOTE_RESTORED, RESTORED_NOTE_BYTES, 0, &session->backed_up);
    session->has_own = false;
    session->others_after = 0;
    if (reason == REASON_NONE)
        reason = load_moment(session, NOTE_PUT_BACK, PUT_BACK_NOTE_BYTES, 0, &session->look_until);
    if (reason != REASON_NONE)
        return reason;
    if (session->put_back.ms != 0) {
        session->look_until = session->put_back;
        session->office->is_connected = false;
    }
    if (session->look_until.ms != 0)
        session->step.look_until = (wall_t){session->look_until.ms + CLOCK_SKEW_MAX_MS};
    return REASON_NONE;
}

bool session_is_recovering(const struct session *session)
{
    return session->put_back.ms != 0;
}

/* ---- what comes back ---- */

static enum entry_state end_of(uint32_t receipt_type)
{
    return receipt_type == MESSAGE_TYPE_RECEIPT_DELIVERED ? ENTRY_DELIVERED
           : receipt_type == MESSAGE_TYPE_RECEIPT_EXPIRED ? ENTRY_EXPIRED
                                                          : ENTRY_REFUSED;
}

static struct bytes told_name(struct session *session, const struct digest *digest)
{
    return session_note_name(&session->step.plan, NOTE_TOLD,
                             (struct bytes){digest->bytes, DIGEST_BYTES});
}

static void note_told(struct session *session, const struct envelope *envelope,
                      const struct receipt_item *item, uint64_t receipt_seq)
{
    uint8_t *value = plan_take(&session->step.plan, TOLD_NOTE_BYTES);
    uint32_t why = (uint32_t)item->reason;
    memcpy(value, &receipt_seq, 8);
    memcpy(value + 8, &envelope->type, 4);
    memcpy(value + 12, &why, 4);
    plan_note(&session->step.plan, told_name(session, &item->digest),
              (struct bytes){value, TOLD_NOTE_BYTES});
}

/* What we told of messages that still wait for our office here, or are to come back. A book is
 * given what was accepted in any case. */
static enum reason settle_told(struct session *session, const struct envelope *envelope,
                               uint64_t receipt_seq)
{
    enum reason reason = REASON_NONE;
    uint64_t ignored;
    bool is_for_book =
        session->options.office_has_book && end_of(envelope->type) == ENTRY_DELIVERED;
    for (size_t i = 0; i < envelope->receipt.item_count && reason == REASON_NONE; i++) {
        const struct receipt_item *item = &envelope->receipt.items[i];
        reason = is_for_book ? REASON_NOT_FOUND
                             : step_settle(&session->step, session->office, &envelope->recipient,
                                           item, end_of(envelope->type), receipt_seq, &ignored);
        if (reason == REASON_NOT_FOUND)
            note_told(session, envelope, item, receipt_seq);
        if (reason_class(reason) != REASON_CLASS_TRANSIENT)
            reason = REASON_NONE;
    }
    return reason;
}

enum reason session_find_told(struct session *session, const struct digest *digest,
                              enum entry_state *ret_state, enum reason *ret_why,
                              uint64_t *ret_receipt_seq)
{
    struct bytes note;
    uint32_t type;
    uint32_t why;
    if (session->look_until.ms == 0)
        return REASON_NOT_FOUND;
    enum reason reason = session_read_note(session, told_name(session, digest), &note);
    if (reason != REASON_NONE)
        return reason;
    if (note.size != TOLD_NOTE_BYTES)
        return REASON_STORE_CORRUPT;
    memcpy(ret_receipt_seq, note.data, 8);
    memcpy(&type, note.data + 8, 4);
    memcpy(&why, note.data + 12, 4);
    *ret_state = end_of(type);
    *ret_why = (enum reason)why;
    return REASON_NONE;
}

bool session_has_accepted(struct session *session, const struct digest *digest)
{
    enum entry_state state;
    enum reason why;
    uint64_t ignored;
    return session_find_told(session, digest, &state, &why, &ignored) == REASON_NONE &&
           state == ENTRY_DELIVERED;
}

void session_take_own(struct session *session, struct sealed *sealed)
{
    struct step *step = &session->step;
    const struct envelope *envelope = &sealed->envelope;
    bool is_receipt = message_type_is_receipt((enum message_type)envelope->type);
    uint64_t ignored;
    if (examine_is_of_time(sealed->verdict)) {
        arena_reset(&step->scratch);
        examine_at(sealed, session->options.crypto, &step->scratch, envelope->created.at);
    }
    enum reason seen =
        sealed->verdict == REASON_NONE ? step_check_seen(step, sealed, &ignored) : sealed->verdict;
    if (seen == REASON_DUPLICATE)
        return;
    if (seen != REASON_NONE) {
        step_note_message(step, session->gateway, "alarm", envelope, &session->options.self, seen);
        return;
    }
    struct store_message *message = session_plan_sealed(session, sealed);
    message->recipient = envelope->recipient;
    enum reason reason = is_receipt ? settle_told(session, envelope, message->seq)
                                    : session_note_own(session, envelope, message);
    if (reason != REASON_NONE) {
        step_fail(step, reason);
        return;
    }
    step_owe(step, message, session->gateway, sealed->parcel, sealed->document_index,
             is_receipt ? STEP_LINE_NONE : STEP_LINE_DOSSIER,
             is_receipt ? (wall_t){0} : envelope->expires.at);
    step_note_message(step, NULL, "back", envelope, &envelope->recipient, REASON_NONE);
}

/* ---- asking for it ---- */

void session_ask_back(struct session *session)
{
    struct store *store = session->options.store;
    struct frame frame = {.kind = FRAME_ASK};
    struct frame_taken *ask = &frame.taken;
    ask->wants_own = !session->has_own;
    if (ask->wants_own &&
        store->verbs->last_id(store, &session->options.self, &ask->own_after) != REASON_NONE)
        return;
    if (session->has_own) {
        ask->others_since = (wall_t){session->backed_up.ms - CLOCK_SKEW_MAX_MS};
        ask->others_after = session->others_after;
    }
    step_reply_frame(&session->step, &session->gateway->key, &frame);
}

static void finish(struct session *session)
{
    struct step *step = &session->step;
    uint8_t *note = plan_take(&step->plan, PUT_BACK_NOTE_BYTES);
    memcpy(note, &session->put_back.ms, PUT_BACK_NOTE_BYTES);
    plan_note(&step->plan, bytes_of_text(NOTE_RESTORED), (struct bytes){NULL, 0});
    plan_note(&step->plan, bytes_of_text(NOTE_PUT_BACK), (struct bytes){note, PUT_BACK_NOTE_BYTES});
    session->put_back = (wall_t){0};
    session->asks_all = true;
    if (session->options.office_window > 0)
        step_connect(step, session->office, LINK_VERSION, session->options.office_window, 0);
    step_note_peer(step, session->gateway, "recovered", REASON_NONE);
}

/* Its page lies before it on the line; one that was not planned whole is asked for again. */
static bool is_here(struct session *session, const struct message_id *id)
{
    struct store *store = session->options.store;
    struct store_message found;
    return id_is_zero(id) ||
           plan_find_message(&session->step.plan, &session->options.self, id) != NULL ||
           store->verbs->find_message(store, &session->options.self, id, &found) == REASON_NONE;
}

void session_hear_back(struct session *session, const struct frame_standing *frame)
{
    bool is_of_own = frame->own_is_all || !id_is_zero(&frame->own_until);
    bool is_of_others = frame->others_is_all || frame->others_until != 0;
    int64_t wait_ms = 0;
    if (!session_is_recovering(session) || (!is_of_own && !is_of_others))
        return;
    if (is_of_own && !session->has_own)
        session->has_own = frame->own_is_all && is_here(session, &frame->own_until);
    else if (is_of_others && session->has_own && session->page_is_short)
        wait_ms = PAGE_AGAIN_MS;
    else if (is_of_others && session->has_own && frame->others_is_all)
        finish(session);
    else if (is_of_others && session->has_own)
        session->others_after = frame->others_until;
    session->page_is_short = false;
    session->ask_due = (mono_t){session->step.now.ms + wait_ms};
}
