/* The back office's answers, the receipts that follow from them, operators, life times. A message
 * that was taken ends at our office by the office's own word, or because its life is over and it
 * was never tried (invariant 14); the receipt that tells its sender is in the same commit
 * (invariant 7). */
#include "adapters/core/session_parts.h"
#include "proto/base/person_name.h"

static uint32_t receipt_type_of(enum entry_state state)
{
    return state == ENTRY_DELIVERED ? MESSAGE_TYPE_RECEIPT_DELIVERED
           : state == ENTRY_EXPIRED ? MESSAGE_TYPE_RECEIPT_EXPIRED
                                    : MESSAGE_TYPE_RECEIPT_REFUSED;
}

/* The sender hears how an entry ended. move: its end in the plan, which keeps the receipt's seq;
 * NULL: it is told once more. answer: what the office said with it; NULL. */
static void tell_end(struct session *session, const struct store_message *message,
                     const struct entry *entry, struct store_move *move,
                     const struct office_answer *answer)
{
    const struct receipt_item item = {
        .message_id = message->id,
        .digest = message->digest,
        .destination = session->options.self,
        .reason = entry->state == ENTRY_DELIVERED ? REASON_NONE : entry->reason,
        .text = answer == NULL ? (struct bytes){0} : answer->text,
        .at = session->step.wall,
        .office_reference = answer == NULL ? (struct bytes){0} : answer->office_reference,
        .acting_for = answer == NULL ? (struct bytes){0} : answer->acting_for,
    };
    struct told *told =
        step_tell(&session->step, &message->sender, receipt_type_of(entry->state), true, &item);
    told->receipt_seq = move == NULL ? NULL : &move->receipt_seq;
}

static bool is_told(const struct session *session, const struct key *to,
                    const struct message_id *id)
{
    for (const struct draft *draft = session->step.drafts; draft != NULL; draft = draft->next) {
        for (const struct told *told = draft->first; told != NULL; told = told->next) {
            if (id_equal(&told->item.message_id, id) && key_equal(&draft->to, to))
                return true;
        }
    }
    return false;
}

/* What our receipt said of a message beside its end; the texts are the store's. */
static bool find_told(struct session *session, uint64_t receipt_seq, const struct digest *digest,
                      struct office_answer *ret_answer)
{
    struct store *store = session->options.store;
    struct store_document found;
    struct envelope envelope;
    arena_reset(&session->step.scratch);
    if (store->verbs->read_document(store, receipt_seq, &found) != REASON_NONE ||
        envelope_parse(found.document, &session->step.scratch, &envelope) != REASON_NONE)
        return false;
    for (size_t i = 0; i < envelope.receipt.item_count; i++) {
        const struct receipt_item *item = &envelope.receipt.items[i];
        if (!digest_equal(&item->digest, digest))
            continue;
        *ret_answer = (struct office_answer){.office_reference = item->office_reference,
                                             .text = item->text,
                                             .acting_for = item->acting_for};
        return true;
    }
    return false;
}

/* How it ended at our office. Its places may have gone by the days of metadata: then nobody knows,
 * and that is what its sender hears, as a refusal, since "delivered" could be false. */
static bool find_end(struct session *session, const struct store_message *message,
                     struct entry *ret_entry)
{
    struct store *store = session->options.store;
    struct entry receipt;
    if ((message->gone & STORE_PART_NAMES) != 0) {
        *ret_entry = (struct entry){.state = ENTRY_REFUSED, .reason = REASON_CONTENT_PURGED};
        return true;
    }
    if (store->verbs->read_entry(store, message->seq, &session->office->key, ret_entry) !=
            REASON_NONE ||
        !entry_state_is_terminal(ret_entry->state) || ret_entry->receipt_seq == 0)
        return false;
    enum reason reason =
        store->verbs->read_entry(store, ret_entry->receipt_seq, &session->gateway->key, &receipt);
    return reason == REASON_NOT_FOUND || /* our receipt has gone by its days */
           (reason == REASON_NONE && entry_state_is_terminal(receipt.state));
}

/* The receipt that the gateway refused to take is the one case in which a sender would never hear
 * how his message ended: it is told once more, in a new receipt with the same content. */
void session_tell_again(struct session *session, const struct key *sender,
                        const struct message_id *id)
{
    struct store *store = session->options.store;
    struct store_message message;
    struct entry entry;
    if (store->verbs->find_message(store, sender, id, &message) != REASON_NONE ||
        message_type_is_receipt((enum message_type)message.type) ||
        !find_end(session, &message, &entry))
        return;
    if (!is_told(session, sender, id)) { /* once a step is enough */
        struct office_answer answer;
        message.dossier_code = message.procedure_code = (struct bytes){NULL, 0};
        bool is_known = find_told(session, entry.receipt_seq, &message.digest, &answer);
        tell_end(session, &message, &entry, NULL, is_known ? &answer : NULL);
    }
}

/* ---- the office ---- */

/* An answer for an entry that is not under way: the inbox kind, or a call that outlived its lease.
 */
static enum reason answer_stored(struct session *session, const struct office_answer *answer,
                                 struct entry *ret_entry, struct store_move **ret_move)
{
    struct store *store = session->options.store;
    const struct plan *plan = &session->step.plan;
    struct entry entry;
    enum reason reason =
        store->verbs->read_entry(store, answer->message_seq, &session->office->key, &entry);
    if (reason != REASON_NONE)
        return reason;
    for (size_t i = 0; i < plan->store.move_count; i++) {
        if (plan->moves[i].message_seq == answer->message_seq &&
            key_equal(&plan->moves[i].destination, &session->office->key))
            return REASON_BUSY; /* this step has already changed it */
    }
    if (entry_state_is_terminal(entry.state))
        return REASON_DUPLICATE;
    enum reason_class class = reason_class(answer->reason);
    if ((class != REASON_CLASS_OK && class != REASON_CLASS_PERMANENT) ||
        !failure_ground_is_sure(answer->ground))
        return REASON_NONE; /* it stays where it is and will be tried in its time */
    *ret_move =
        step_move(&session->step, session->office, &entry,
                  class == REASON_CLASS_OK ? ENTRY_DELIVERED : ENTRY_REFUSED, answer->reason);
    *ret_entry = entry;
    return REASON_NONE;
}

static struct store_move *answer_flight(struct session *session, struct flight *flight,
                                        const struct office_answer *answer, struct entry *ret_entry)
{
    struct step *step = &session->step;
    const struct message_id id = flight->id;
    enum reason before = flight->entry.reason;
    uint32_t random;
    session->options.crypto->random(session->options.crypto->context, (uint8_t *)&random,
                                    sizeof random);
    /* A call that this step has planned, and an answer that comes with it: of an earlier call, that
     * the store could not keep. The office is not called again for what it has answered. */
    step_recall(step, answer->message_seq);
    if (reason_class(answer->reason) == REASON_CLASS_OK && failure_ground_is_sure(answer->ground))
        outbox_end(step->outbox, flight, ENTRY_DELIVERED, REASON_NONE, 0, ret_entry);
    else
        outbox_fail(step->outbox, flight, answer->reason, answer->ground, random,
                    answer->retry_after_ms, step->now, step->wall, ret_entry);
    if (entry_state_is_live(ret_entry->state) &&
        (ret_entry->reason != before || ret_entry->state == ENTRY_HELD))
        session_tell_standing(session, &id, ret_entry);
    return plan_move(&step->plan, ret_entry);
}

/* The office's word becomes a signed receipt in the same commit as the end of the entry (invariant
 * 7). BUSY and a store that is away leave the answer with the caller, who gives it again. */
enum reason session_office_answer(struct session *session, const struct office_answer *answer)
{
    struct step *step = &session->step;
    struct store *store = session->options.store;
    struct store_message message;
    struct entry entry = {0};
    struct store_move *move = NULL;
    if (step->store_state != REASON_NONE)
        return step->store_state;
    if (session_is_recovering(session))
        return REASON_STORE_PUT_BACK;
    if (!session_has_room(session))
        return REASON_BUSY;
    if (answer->text.size > REASON_TEXT_BYTES_MAX ||
        answer->office_reference.size > REFERENCE_BYTES_MAX)
        return REASON_FIELD_TOO_LONG;
    if (answer->acting_for.size > 0 && !acting_for_is_valid(answer->acting_for))
        return REASON_FIELD_INVALID;
    enum reason reason = store->verbs->read_message(store, answer->message_seq, &message);
    if (reason != REASON_NONE)
        return reason;
    struct flight *flight = step_flight(step, session->office, &message);
    if (flight != NULL) {
        move = answer_flight(session, flight, answer, &entry);
    } else {
        reason = answer_stored(session, answer, &entry, &move);
        if (reason != REASON_NONE || move == NULL)
            return reason == REASON_DUPLICATE ? REASON_NONE : reason;
    }
    /* The second read: answering may have moved the store's buffer under the first. */
    reason = store->verbs->read_message(store, answer->message_seq, &message);
    if (reason != REASON_NONE) {
        step_fail(step, reason); /* the end is planned without its receipt */
        return reason;
    }
    if (entry_state_is_terminal(entry.state) && !entry.is_receipt)
        tell_end(session, &message, &entry, move, answer);
    step_note_entry(step, entry_state_name(entry.state), &message, &entry);
    return REASON_NONE;
}

/* ---- operators and life times ---- */

/* Nobody else hears of a message that never left: the local system finds it as an outcome of ours.
 */
static void note_own_end(struct session *session, const struct store_message *message,
                         uint32_t receipt_type, enum reason reason)
{
    session_note_outcome(session, &message->id, &session->gateway->key, receipt_type, reason, 0,
                         session->step.wall, (struct bytes){0});
}

static enum reason operate_on(struct session *session, const struct store_message *message,
                              struct entry *entry, struct peer *peer,
                              enum session_operation operation)
{
    struct step *step = &session->step;
    bool is_under_way = step_flight(step, peer, message) != NULL;
    if (is_under_way)
        return REASON_UNDER_WAY;
    if (operation == SESSION_RELEASE)
        return step_release_entry(step, peer, entry);
    if (operation == SESSION_HOLD) {
        if (entry->state == ENTRY_HELD)
            return REASON_HELD_ALREADY;
        step_move(step, peer, entry, ENTRY_HELD, REASON_HELD_BY_OPERATOR);
        return REASON_NONE;
    }
    /* What may already be at the other side cannot be taken back here; nor can a receipt, which is
     * how somebody hears of the end of a message. */
    if (entry->attempts > 0 || peer == session->office || entry->is_receipt)
        return entry->is_receipt ? REASON_RECEIPT_STAYS : REASON_SENT_BEFORE;
    bool is_expiry = operation == SESSION_EXPIRE;
    enum reason reason = is_expiry ? REASON_LIFE_EXCEEDED : REASON_WITHDRAWN;
    step_move(step, peer, entry, is_expiry ? ENTRY_EXPIRED : ENTRY_WITHDRAWN, reason);
    note_own_end(session, message,
                 is_expiry ? MESSAGE_TYPE_RECEIPT_EXPIRED : MESSAGE_TYPE_RECEIPT_WITHDRAWN, reason);
    return REASON_NONE;
}

enum reason session_operate(struct session *session, uint64_t message_seq,
                            const struct key *destination, enum session_operation operation)
{
    struct step *step = &session->step;
    struct store_message message;
    struct entry entry;
    struct peer *peer;
    if (step->store_state != REASON_NONE)
        return step->store_state;
    if (!session_has_room(session))
        return REASON_BUSY;
    enum reason reason = step_find_live(step, message_seq, destination, &entry, &message, &peer);
    if (reason == REASON_NONE)
        reason = operate_on(session, &message, &entry, peer, operation);
    if (reason == REASON_NONE && peer == session->office)
        session_tell_standing(session, &message.id, &entry);
    if (reason == REASON_NONE)
        step_note_entry(step, entry_state_name(entry.state), &message, &entry);
    return reason;
}

/* Past its life and never tried: it ends here. Tried before: the office may have it although we do
 * not know, so a person decides. */
static void expire_entry(struct session *session, const struct store_message *message,
                         struct entry *entry, struct peer *peer)
{
    enum entry_state state = entry->attempts > 0 ? ENTRY_HELD : ENTRY_EXPIRED;
    struct store_move *move = step_move(&session->step, peer, entry, state, REASON_LIFE_EXCEEDED);
    if (state == ENTRY_HELD && peer == session->office)
        session_tell_standing(session, &message->id, entry);
    if (state == ENTRY_EXPIRED && peer == session->office)
        tell_end(session, message, entry, move, NULL);
    else if (state == ENTRY_EXPIRED)
        note_own_end(session, message, MESSAGE_TYPE_RECEIPT_EXPIRED, REASON_LIFE_EXCEEDED);
    step_note_entry(&session->step, entry_state_name(state), message, entry);
}

void session_expire(struct session *session)
{
    struct entry entries[STEP_EXPIRIES_MAX];
    size_t count = step_expired(&session->step, 0, entries);
    for (size_t i = 0; i < count && step_fits(&session->step, &room_end); i++) {
        struct store_message message;
        struct peer *peer;
        if (step_is_idle(&session->step, &entries[i], &message, &peer))
            expire_entry(session, &message, &entries[i], peer);
    }
}
