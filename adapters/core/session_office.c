/* The back office's answers, the receipts that follow from them, operators, life times. */
#include "adapters/core/session_parts.h"

#include "proto/base/check.h"

/* ---- receipts of ours
 * ------------------------------------------------------------------------------- */

void session_tell(struct session *session, const struct key *to, uint32_t type,
                  const struct receipt_item *item, size_t move)
{
    static const struct room_need later = {{[ROOM_MESSAGES] = 1,
                                            [ROOM_PARCELS] = 1,
                                            [ROOM_ENTRIES] = 1,
                                            [ROOM_DELIVERIES] = 1,
                                            [ROOM_BYTES] = SESSION_TOLD_BYTES}};
    room_reserve(&session->room, &later);
    struct told *told = plan_take(&session->plan, sizeof *told);
    *told =
        (struct told){.to = *to, .type = type, .item = *item, .move = move, .next = session->told};
    told->item.text = arena_copy(&session->step, item->text);
    told->item.office_reference = arena_copy(&session->step, item->office_reference);
    session->told = told;
}

static bool is_of(const struct told *told, const struct told *first)
{
    return !told->is_written && told->type == first->type && key_equal(&told->to, &first->to);
}

/* Everything that goes into one receipt with first; the ends of entries that it tells keep its seq.
 */
static size_t gather(struct session *session, struct told *first, uint64_t receipt_seq,
                     const struct receipt_item **ret_items)
{
    /* With the longest remarks fewer items fit into an envelope than a receipt may have. */
    enum { ITEMS_BYTES_MAX = ENVELOPE_BYTES_MAX / 2 };
    size_t count = 0;
    size_t bytes = 0;
    for (struct told *told = first; told != NULL && count < RECEIPT_ITEMS_MAX; told = told->next) {
        if (!is_of(told, first))
            continue;
        bytes += ROOM_ITEM_BYTES + told->item.text.size + told->item.office_reference.size;
        if (bytes > ITEMS_BYTES_MAX)
            break;
        count++;
    }
    struct receipt_item *items = plan_take(&session->plan, count * sizeof *items);
    size_t at = 0;
    for (struct told *told = first; at < count; told = told->next) {
        if (!is_of(told, first))
            continue;
        items[at++] = told->item;
        told->is_written = true;
        if (told->move != TOLD_NO_MOVE)
            session->plan.moves[told->move].receipt_seq = receipt_seq;
    }
    *ret_items = items;
    return count;
}

/* One receipt per (recipient, kind): what was told in this step to one sender goes together. */
enum reason session_write_receipts(struct session *session)
{
    /* What was kept for this is used now. */
    session->room.reserved = (struct room_need){{0}};
    for (struct told *told = session->told; told != NULL; told = told->next) {
        if (told->is_written)
            continue;
        struct envelope envelope = {.recipient = told->to, .type = told->type};
        /* The receipt is the next message of the plan. */
        uint64_t receipt_seq = session->plan.next_message_seq;
        envelope.receipt.item_count = gather(session, told, receipt_seq, &envelope.receipt.items);
        size_t index;
        struct store_message *message;
        enum reason reason = sealer_add(&session->sealer, &session->plan, &envelope, NULL,
                                        session->wall, &index, &message);
        if (reason != REASON_NONE)
            return reason;
        check(message->seq == receipt_seq);
        session_owe(session, message, &session->options.gateway, &session->sealer.parcels[index], 0,
                    true, (wall_t){0});
    }
    return REASON_NONE;
}

/* ---- the office
 * ---------------------------------------------------------------------------------------- */

static void log_entry(struct session *session, const char *event,
                      const struct store_message *message, const struct entry *entry)
{
    session_event(session, &(struct transition){
                               .event = event,
                               .from = message->sender,
                               .to = entry->destination,
                               .type = message->type,
                               .id = message->id,
                               .dossier_code = arena_copy(&session->step, message->dossier_code),
                               .state = entry->state,
                               .reason = entry->reason,
                               .attempt = entry->attempts,
                           });
}

static uint32_t receipt_type_of(enum entry_state state)
{
    return state == ENTRY_DELIVERED ? MESSAGE_TYPE_RECEIPT_DELIVERED
           : state == ENTRY_EXPIRED ? MESSAGE_TYPE_RECEIPT_EXPIRED
                                    : MESSAGE_TYPE_RECEIPT_REFUSED;
}

static void tell_end(struct session *session, const struct store_message *message,
                     const struct entry *entry, size_t move, struct bytes text,
                     struct bytes office_reference)
{
    struct receipt_item item = {
        .message_id = message->id,
        .digest = message->digest,
        .destination = session->options.self,
        .reason = entry->state == ENTRY_DELIVERED ? REASON_NONE : entry->reason,
        .text = text,
        .at = session->wall,
        .office_reference = office_reference,
    };
    session_tell(session, &message->sender, receipt_type_of(entry->state), &item, move);
}

static size_t last_move(const struct session *session)
{
    check(session->plan.store.move_count > 0);
    return session->plan.store.move_count - 1;
}

void session_tell_again(struct session *session, const struct key *sender,
                        const struct message_id *id)
{
    struct store *store = session->options.store;
    struct store_message message;
    struct entry entry;
    struct entry receipt;
    if (store->verbs->find_message(store, sender, id, &message) != REASON_NONE ||
        message_type_is_receipt((enum message_type)message.type) ||
        store->verbs->read_entry(store, message.seq, &session->office, &entry) != REASON_NONE ||
        !entry_state_is_terminal(entry.state) || entry.receipt_seq == 0 ||
        store->verbs->read_entry(store, entry.receipt_seq, &session->options.gateway, &receipt) !=
            REASON_NONE ||
        receipt.state != ENTRY_REFUSED)
        return;
    for (const struct told *told = session->told; told != NULL; told = told->next) {
        if (id_equal(&told->item.message_id, id) && key_equal(&told->to, sender))
            return; /* once a step is enough */
    }
    tell_end(session, &message, &entry, TOLD_NO_MOVE, (struct bytes){0}, (struct bytes){0});
}

/* An answer for an entry that is not under way: the inbox kind, or a call that outlived its lease.
 */
static enum reason answer_stored(struct session *session, const struct office_answer *answer,
                                 struct entry *ret_entry)
{
    struct store *store = session->options.store;
    struct entry entry;
    enum reason reason =
        store->verbs->read_entry(store, answer->message_seq, &session->office, &entry);
    if (reason != REASON_NONE)
        return reason;
    for (size_t i = 0; i < session->plan.store.move_count; i++) {
        if (session->plan.moves[i].message_seq == answer->message_seq &&
            key_equal(&session->plan.moves[i].destination, &session->office))
            return REASON_BUSY; /* this step has already changed it */
    }
    if (entry_state_is_terminal(entry.state)) {
        *ret_entry = entry;
        return REASON_DUPLICATE;
    }
    enum reason_class class = reason_class(answer->reason);
    if ((class != REASON_CLASS_OK && class != REASON_CLASS_PERMANENT) ||
        !failure_ground_is_sure(answer->ground))
        return REASON_NONE; /* it stays where it is and will be tried in its time */
    entry_move(&entry, class == REASON_CLASS_OK ? ENTRY_DELIVERED : ENTRY_REFUSED);
    entry.reason = answer->reason;
    plan_move(&session->plan, &entry);
    outbox_backlog_changed(session->outbox, session->to_office, -1);
    *ret_entry = entry;
    return REASON_NONE;
}

/* A call that this step has planned and an answer that comes with it: the answer of an earlier call
 * that the store could not keep. The office is not called again for what it has answered. */
static void forget_call(struct session *session, uint64_t message_seq)
{
    for (size_t i = 0; i < session->call_count; i++) {
        if (session->calls[i].message_seq == message_seq) {
            session->calls[i] = session->calls[--session->call_count];
            return;
        }
    }
}

static void answer_flight(struct session *session, struct flight *flight,
                          const struct office_answer *answer, struct entry *ret_entry)
{
    forget_call(session, answer->message_seq);
    if (reason_class(answer->reason) == REASON_CLASS_OK && failure_ground_is_sure(answer->ground))
        outbox_end(session->outbox, flight, ENTRY_DELIVERED, REASON_NONE, 0, ret_entry);
    else
        outbox_fail(session->outbox, flight, answer->reason, answer->ground,
                    session_random(session), answer->retry_after_ms, session->now, session->wall,
                    ret_entry);
    plan_move(&session->plan, ret_entry);
}

enum reason session_office_answer(struct session *session, const struct office_answer *answer)
{
    struct store *store = session->options.store;
    struct store_message message;
    struct entry entry = {0};
    if (session->store_state != REASON_NONE)
        return session->store_state;
    if (!session_has_room(session))
        return REASON_BUSY;
    if (answer->text.size > REASON_TEXT_BYTES_MAX ||
        answer->office_reference.size > REFERENCE_BYTES_MAX)
        return REASON_FIELD_TOO_LONG;
    enum reason reason = store->verbs->read_message(store, answer->message_seq, &message);
    if (reason != REASON_NONE)
        return reason;
    struct flight *flight =
        outbox_find(session->outbox, session->to_office, &message.sender, &message.id);
    if (flight != NULL) {
        answer_flight(session, flight, answer, &entry);
    } else {
        reason = answer_stored(session, answer, &entry);
        if (reason != REASON_NONE || entry.state == 0)
            return reason == REASON_DUPLICATE ? REASON_NONE : reason;
    }
    /* The second read: answering may have moved the store's buffer under the first. */
    reason = store->verbs->read_message(store, answer->message_seq, &message);
    if (reason != REASON_NONE) {
        session_fail_step(session, reason); /* the end is planned without its receipt */
        return reason;
    }
    if (entry_state_is_terminal(entry.state))
        tell_end(session, &message, &entry, last_move(session), answer->text,
                 answer->office_reference);
    log_entry(session, entry_state_name(entry.state), &message, &entry);
    return REASON_NONE;
}

/* ---- operators and life times
 * ---------------------------------------------------------------------- */

static enum reason operate_on(struct session *session, const struct store_message *message,
                              struct entry *entry, enum session_operation operation)
{
    uint32_t destination = outbox_destination(session->outbox, &entry->destination);
    struct flight *flight =
        outbox_find(session->outbox, destination, &message->sender, &message->id);
    bool is_to_office = destination == session->to_office;
    if (operation == SESSION_HOLD) {
        if (flight != NULL || !entry_may_move(entry->state, ENTRY_HELD))
            return REASON_FIELD_INVALID;
        entry_move(entry, ENTRY_HELD);
        entry->reason = REASON_HELD_BY_OPERATOR;
    } else if (operation == SESSION_RELEASE) {
        if (entry->state != ENTRY_HELD && entry->state != ENTRY_DEFERRED)
            return REASON_FIELD_INVALID;
        entry_move(entry, ENTRY_QUEUED);
        entry->reason = REASON_NONE;
        entry->due = session->wall;
        outbox_look_again(session->outbox, destination);
    } else {
        /* What may already be at the other side cannot be taken back here; nor can a receipt, which
         * is how somebody hears of the end of a message. */
        if (flight != NULL || entry->attempts > 0 || is_to_office || entry->is_receipt)
            return REASON_FIELD_INVALID;
        entry_move(entry, ENTRY_WITHDRAWN);
        entry->reason = REASON_WITHDRAWN;
        outbox_backlog_changed(session->outbox, destination, -1);
        session_note_outcome(session, &message->id, &session->options.gateway,
                             MESSAGE_TYPE_RECEIPT_WITHDRAWN, REASON_WITHDRAWN, 0, session->wall,
                             (struct bytes){0});
    }
    plan_move(&session->plan, entry);
    return REASON_NONE;
}

enum reason session_operate(struct session *session, uint64_t message_seq,
                            const struct key *destination, enum session_operation operation)
{
    struct store *store = session->options.store;
    struct store_message message;
    struct entry entry;
    if (session->store_state != REASON_NONE)
        return session->store_state;
    if (!session_has_room(session))
        return REASON_BUSY;
    if (outbox_destination(session->outbox, destination) == OUTBOX_NO_DESTINATION)
        return REASON_NOT_FOUND;
    enum reason reason = store->verbs->read_entry(store, message_seq, destination, &entry);
    if (reason == REASON_NONE)
        reason = store->verbs->read_message(store, message_seq, &message);
    if (reason == REASON_NONE)
        plan_apply_moves(&session->plan, &entry);
    if (reason == REASON_NONE && !entry_state_is_live(entry.state))
        reason = REASON_FIELD_INVALID;
    if (reason == REASON_NONE)
        reason = operate_on(session, &message, &entry, operation);
    if (reason == REASON_NONE)
        log_entry(session, entry_state_name(entry.state), &message, &entry);
    return reason;
}

/* Past its life and never tried: it ends here. Tried before: the office may have it although we do
 * not know, so a person decides. */
static void expire_entry(struct session *session, const struct store_message *message,
                         struct entry *entry, uint32_t destination)
{
    bool is_to_office = destination == session->to_office;
    if (entry->attempts > 0) {
        entry_move(entry, ENTRY_HELD);
        entry->reason = REASON_LIFE_EXCEEDED;
    } else {
        entry_move(entry, ENTRY_EXPIRED);
        entry->reason = REASON_LIFE_EXCEEDED;
        outbox_backlog_changed(session->outbox, destination, -1);
        if (!is_to_office)
            session_note_outcome(session, &message->id, &session->options.gateway,
                                 MESSAGE_TYPE_RECEIPT_EXPIRED, REASON_LIFE_EXCEEDED, 0,
                                 session->wall, (struct bytes){0});
    }
    plan_move(&session->plan, entry);
    if (is_to_office && entry->state == ENTRY_EXPIRED)
        tell_end(session, message, entry, last_move(session), (struct bytes){0}, (struct bytes){0});
    log_entry(session, entry_state_name(entry->state), message, entry);
}

void session_expire(struct session *session)
{
    static const struct room_need need = {{[ROOM_MESSAGES] = 1,
                                           [ROOM_PARCELS] = 1,
                                           [ROOM_ENTRIES] = 1,
                                           [ROOM_MOVES] = 1,
                                           [ROOM_NOTES] = 1,
                                           [ROOM_DELIVERIES] = 1,
                                           [ROOM_BYTES] = SESSION_TOLD_BYTES + SESSION_NOTE_BYTES}};
    struct store *store = session->options.store;
    struct entry entries[STEP_EXPIRIES_MAX];
    size_t count = 0;
    if (clock_in_doubt(&session->clock))
        return; /* nobody's life ends by a clock that may be wrong (invariant 14) */
    if (store->verbs->expired(store, session->wall, session->wall, entries, STEP_EXPIRIES_MAX,
                              &count) != REASON_NONE)
        return;
    for (size_t i = 0; i < count && session_fits(session, &need); i++) {
        struct store_message message;
        uint32_t destination = outbox_destination(session->outbox, &entries[i].destination);
        plan_apply_moves(&session->plan, &entries[i]);
        if (entries[i].state == ENTRY_LEASED || entry_state_is_terminal(entries[i].state) ||
            destination == OUTBOX_NO_DESTINATION ||
            store->verbs->read_message(store, entries[i].message_seq, &message) != REASON_NONE ||
            outbox_find(session->outbox, destination, &message.sender, &message.id) != NULL)
            continue;
        expire_entry(session, &message, &entries[i], destination);
    }
}
