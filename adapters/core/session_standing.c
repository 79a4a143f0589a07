/* Where messages stand, for people (invariant 15): gateway/custody/standing.h has the table.
 *
 *   our office ──▶ entries for it ──STANDING, when a reason changes──▶ gateway ──▶ who asks there
 *   gateway ◀──ASK, for what has no receipt after a while── us ◀── AWAITED entries, one a recipient
 *           ──STANDING──▶ the reason of such an entry ──▶ track, queues
 *
 * Nothing of it is evidence and nothing is decided by it. What is lost is said again: all that our
 * office has not accepted after each Welcome, and what we await is asked for round by round.
 */
#include "adapters/core/session_parts.h"

/* ---- what our views show ---- */

/* AWAITED entries: attempts is 1 when the gateway itself is what the message waits for
 * (routing/outbox/entry.h). */
static void stand_at_gateway(const struct session *session, const struct entry *entry,
                             struct standing *standing)
{
    bool is_awaited = entry->state == ENTRY_AWAITED;
    standing->party = session->gateway->key;
    if (session->link != LINK_WELCOMED) {
        bool is_turned_away = session->link == LINK_GREETED && session->goodbye != REASON_NONE &&
                              session->goodbye != REASON_SHUTDOWN;
        standing->reason = is_turned_away                    ? session->goodbye
                           : session->refused != REASON_NONE ? session->refused
                                                             : REASON_GATEWAY_UNREACHABLE;
        standing->since = session->link_since;
    } else if (is_awaited && session->gateway_trouble != REASON_NONE) {
        standing->reason = session->gateway_trouble;
        standing->since = session->gateway_trouble_since;
    } else if (is_awaited && entry->attempts == 0) {
        standing->party = entry->destination;
    } else if (!is_awaited && entry->state != ENTRY_LEASED) {
        standing_of_queue(session->step.outbox, session->gateway->index, entry, session->step.now,
                          session->step.wall, standing);
    }
}

static void stand_at_office(const struct session *session, const struct entry *entry,
                            struct standing *standing)
{
    bool is_called = session->options.office_window > 0;
    if (entry->state != ENTRY_LEASED && is_called)
        standing_of_queue(session->step.outbox, session->office->index, entry, session->step.now,
                          session->step.wall, standing);
    if (standing->reason == REASON_NONE && (entry->state == ENTRY_LEASED || !is_called))
        standing->reason = REASON_ANSWER_AWAITED;
}

/* Without a look at the line that it stands in. */
static void stand_alone(const struct session *session, const struct entry *entry,
                        struct standing *standing)
{
    *standing = (struct standing){
        .reason = entry->reason, .since = entry->since, .party = session->options.self};
    if (session->step.store_state != REASON_NONE) {
        standing->reason = session->step.store_state;
        standing->since = session->step.failed_since;
    } else if (entry->state != ENTRY_HELD) {
        if (key_equal(&entry->destination, &session->office->key))
            stand_at_office(session, entry, standing);
        else
            stand_at_gateway(session, entry, standing);
    }
}

/* What an operator holds at the gateway waits for that person, wherever it stands in its line. */
static struct entry find_first(struct session *session, const struct entry *entry)
{
    struct store *store = session->options.store;
    struct entry first;
    bool is_queued = entry->state == ENTRY_QUEUED || entry->state == ENTRY_DEFERRED;
    bool is_behind = entry->state == ENTRY_AWAITED && entry->reason != REASON_HELD_BY_OPERATOR;
    bool is_found = is_queued   ? standing_first(store, entry, &first)
                    : is_behind ? standing_first_awaited(store, entry, &first)
                                : false;
    return is_found ? first : *entry;
}

void session_standing(struct session *session, const struct entry *entry,
                      struct standing *ret_standing)
{
    struct store *store = session->options.store;
    struct store_message ahead;
    const struct entry first = find_first(session, entry);
    stand_alone(session, &first, ret_standing);
    if (first.message_seq >= entry->message_seq)
        return;
    ret_standing->next = (wall_t){0};
    if (ret_standing->reason == REASON_NONE)
        ret_standing->reason = REASON_BEHIND_EARLIER;
    if (store->verbs->read_message(store, first.message_seq, &ahead) == REASON_NONE)
        ret_standing->behind = ahead.id;
}

/* ---- what the gateway is told ---- */

static void tell(struct session *session, const struct standing_item *items, size_t count)
{
    struct frame frame = {.kind = FRAME_STANDING, .standing = {.items = items, .count = count}};
    step_reply_frame(&session->step, &session->gateway->key, &frame);
}

void session_tell_standing(struct session *session, const struct message_id *id,
                           const struct entry *entry)
{
    if (session->link != LINK_WELCOMED)
        return; /* after the next Welcome all of it is said */
    tell(session,
         &(struct standing_item){.id = *id, .reason = entry->reason, .since = entry->since}, 1);
}

/* A new session: the gateway forgot what we said, and we ask anew for all that we await. */
void session_begin_standing(struct session *session)
{
    session->office_told = REASON_NONE;
    session->is_telling = true;
    session->told_seq = 0;
    session->ask_due = session->step.now;
    session->gateway_trouble = REASON_NONE;
}

static void tell_office(struct session *session)
{
    const struct window *window = outbox_window(session->step.outbox, session->office->index);
    bool is_failing = window->state != WINDOW_CLOSED;
    enum reason reason = is_failing ? window->reason : REASON_NONE;
    if (reason == session->office_told)
        return;
    session->office_told = reason;
    tell(session,
         &(struct standing_item){
             .reason = reason,
             .since = standing_moment(window->since, session->step.now, session->step.wall)},
         1);
}

static size_t list_page(struct session *session, const struct key *destination,
                        enum entry_state state, uint64_t *after_seq, struct entry *ret_entries,
                        size_t limit)
{
    struct store *store = session->options.store;
    size_t count = 0;
    const struct store_filter filter = {
        .destination = *destination,
        .state = state,
        .after_seq = *after_seq,
    };
    if (store->verbs->list(store, &filter, ret_entries, limit, &count) != REASON_NONE)
        return 0;
    *after_seq = count == limit ? ret_entries[count - 1].message_seq + 1 : 0;
    return count;
}

/* A page of what our office has not accepted, as far as there is something to say of it. */
static void tell_page(struct session *session)
{
    struct store *store = session->options.store;
    struct entry entries[STANDING_ITEMS_MAX];
    struct standing_item items[STANDING_ITEMS_MAX];
    size_t told = 0;
    size_t count = list_page(session, &session->office->key, (enum entry_state)0,
                             &session->told_seq, entries, STANDING_ITEMS_MAX);
    for (size_t i = 0; i < count; i++) {
        struct store_message message;
        if (entries[i].reason == REASON_NONE ||
            store->verbs->read_message(store, entries[i].message_seq, &message) != REASON_NONE)
            continue;
        items[told++] = (struct standing_item){
            .id = message.id, .reason = entries[i].reason, .since = entries[i].since};
    }
    if (told > 0)
        tell(session, items, told);
    session->is_telling = session->told_seq != 0;
}

/* ---- what the gateway is asked ---- */

static void ask(struct session *session)
{
    static const struct key any;
    struct store *store = session->options.store;
    struct entry entries[STANDING_ASK_MAX];
    struct message_id ids[STANDING_ASK_MAX];
    size_t asked = 0;
    size_t count =
        list_page(session, &any, ENTRY_AWAITED, &session->asked_seq, entries, STANDING_ASK_MAX);
    for (size_t i = 0; i < count; i++) {
        struct store_message message;
        bool is_again = i > 0 && entries[i].message_seq == entries[i - 1].message_seq;
        if (is_again ||
            store->verbs->read_message(store, entries[i].message_seq, &message) != REASON_NONE ||
            session->step.wall.ms - message.custody.ms < SESSION_ASK_AGE_MS)
            continue;
        ids[asked++] = message.id;
    }
    session->asks_all = session->asks_all && session->asked_seq != 0;
    if (asked == 0)
        return;
    struct frame frame = {.kind = FRAME_ASK, .taken = {.ids = ids, .count = asked}};
    step_reply_frame(&session->step, &session->gateway->key, &frame);
}

void session_standing_tick(struct session *session)
{
    /* A page of items is a few kilobytes. */
    static const struct room_need need = {
        {[ROOM_REPLIES] = 3, [ROOM_BYTES] = ROOM_HEAD_FRAME_BYTES}};
    if (session->link != LINK_WELCOMED || !step_fits(&session->step, &need))
        return;
    tell_office(session);
    if (session->is_telling)
        tell_page(session);
    if (session->step.now.ms < session->ask_due.ms)
        return;
    session->ask_due = (mono_t){session->step.now.ms + SESSION_ASK_MS};
    if (session_is_recovering(session))
        session_ask_back(session);
    else if (session->is_offering)
        session_ask_forgotten(session);
    else
        ask(session);
}

/* ---- what it answers ---- */

static void hear_item(struct session *session, const struct standing_item *item)
{
    struct store *store = session->options.store;
    struct store_message message;
    struct entry entry;
    enum reason reason =
        reason_is_known((uint32_t)item->reason) ? item->reason : REASON_OFFICE_UNKNOWN;
    if (id_is_zero(&item->id)) {
        session->gateway_trouble = reason;
        session->gateway_trouble_since = item->since;
        return;
    }
    if (store->verbs->find_message(store, &session->options.self, &item->id, &message) !=
        REASON_NONE)
        return;
    if (reason == REASON_MESSAGE_FORGOTTEN) {
        session_offer_again(session, &message);
        return;
    }
    if (store->verbs->read_entry(store, message.seq, &item->destination, &entry) != REASON_NONE)
        return;
    plan_apply_moves(&session->step.plan, &entry);
    wall_t since = reason == REASON_NONE ? message.custody : item->since;
    uint32_t is_of_gateway = item->is_of_gateway;
    if (entry.state != ENTRY_AWAITED ||
        (entry.reason == reason && entry.since.ms == since.ms && entry.attempts == is_of_gateway))
        return;
    entry.reason = reason;
    entry.since = since;
    entry.attempts = is_of_gateway; /* routing/outbox/entry.h */
    plan_move(&session->step.plan, &entry);
}

enum turn session_hear_standing(struct session *session, struct intake *intake)
{
    static const struct room_need move = {{[ROOM_MOVES] = 1}};
    const struct frame_standing *frame = &intake->frame.standing;
    size_t limit = step_fit_count(&session->step, &move, frame->count - intake->done);
    for (size_t i = 0; i < limit; i++, intake->done++)
        hear_item(session, &frame->items[intake->done]);
    if (intake->done == frame->count)
        session_hear_back(session, frame);
    session->is_unheard = session->is_unheard && session->gateway_trouble != REASON_NONE;
    if (session->asks_all || session->is_offering)
        session->ask_due = session->step.now;
    return intake->done == frame->count ? TURN_DONE : TURN_FULL;
}

/* ---- receipts that are awaited ---- */

/* A store that cannot say ends the step: an entry that was taken for none would wait for ever. */
static bool find_awaited(struct session *session, uint64_t message_seq, const struct key *recipient,
                         struct entry *ret_entry)
{
    struct store *store = session->options.store;
    const struct plan *plan = &session->step.plan;
    enum reason reason = store->verbs->read_entry(store, message_seq, recipient, ret_entry);
    bool is_found = reason == REASON_NONE;
    if (!is_found && reason != REASON_NOT_FOUND)
        step_fail(&session->step, reason);
    for (size_t i = 0; !is_found && i < plan->store.entry_count; i++) {
        is_found = plan->entries[i].message_seq == message_seq &&
                   key_equal(&plan->entries[i].destination, recipient);
        if (is_found)
            *ret_entry = plan->entries[i];
    }
    if (is_found)
        plan_apply_moves(plan, ret_entry);
    return is_found;
}

/* An entry for each recipient that custody names, so that what has no receipt yet can be listed,
 * asked for and shown without reading every message. */
void session_await(struct session *session, uint64_t message_seq, const struct receipt_item *item)
{
    struct bytes rest = item->recipients;
    for (size_t i = 0; i < ROUTE_DESTINATIONS_MAX && rest.size > 0; i++) {
        size_t size = 0;
        struct entry entry = {.message_seq = message_seq,
                              .state = ENTRY_AWAITED,
                              .due = session->step.wall,
                              .since = session->step.wall};
        while (size < rest.size && rest.data[size] != ' ')
            size++;
        bool is_key = key_parse((struct bytes){rest.data, size}, &entry.destination);
        struct entry known;
        rest = size < rest.size ? (struct bytes){rest.data + size + 1, rest.size - size - 1}
                                : (struct bytes){NULL, 0};
        bool is_local = is_key && (key_equal(&entry.destination, &session->office->key) ||
                                   key_equal(&entry.destination, &session->gateway->key));
        /* Custody may be told twice, and after the receipt of a recipient that the message names.
         */
        if (is_key && !is_local &&
            !find_awaited(session, message_seq, &entry.destination, &known) &&
            !session_has_outcome(session, &item->message_id, &entry.destination))
            plan_entry(&session->step.plan, &entry);
    }
}

enum reason session_end_awaited(struct session *session, uint64_t message_seq,
                                const struct key *recipient, enum entry_state state,
                                enum reason why, uint64_t receipt_seq)
{
    struct entry entry;
    if (!find_awaited(session, message_seq, recipient, &entry))
        return REASON_NONE; /* custody is not here yet, or is of before such entries were kept */
    if (entry.state != ENTRY_AWAITED) /* it has ended, or is one of the queue to the gateway */
        return entry.state == state ? REASON_NONE : REASON_RECEIPT_FORBIDDEN;
    entry_move(&entry, state);
    entry.reason = why;
    entry.receipt_seq = receipt_seq;
    plan_move(&session->step.plan, &entry);
    return REASON_NONE;
}
