/* Queues that another participant takes over: by the registry's handover days, and by what an
 * operator has decided.
 *
 *   entry for FROM ──▶ WITHDRAWN, redirected            its sender hears it in a receipt that names
 *         └──────────▶ a new entry for TO               all recipients from now on
 *
 * Nothing overtakes within a dossier: while FROM still has entries, what comes for it stands behind
 * them and moves in its turn. What was ever sent to FROM may be at its office, and stays until an
 * operator says that it is not (is_sent_too); so do receipts, which are about FROM's own messages.
 * Who takes over for good stands in the store: a kill between two steps loses nothing.
 */
#include "gateway/core/broker_parts.h"

#include <stdio.h>
#include <string.h>

#define NOTE_REDIRECTS "redirects"

enum {
    PAGE = 64, /* entries that one step looks at */
    LINE_BYTES = 2 * PARTICIPANT_KEY_BYTES_MAX + 8,
};

/* ---- who takes over ---- */

static struct redirect *find(struct broker *broker, const struct key *from)
{
    for (size_t i = 0; i < broker->redirect_count; i++) {
        if (key_equal(&broker->redirects[i].from, from))
            return &broker->redirects[i];
    }
    return NULL;
}

/* An operator's decision goes before the registry's day. Bounded by SUCCESSOR_HOPS_MAX, for the two
 * together could make a circle. */
struct key broker_heir(struct broker *broker, const struct key *key)
{
    struct key heir = *key;
    for (int hops = 0; hops < SUCCESSOR_HOPS_MAX; hops++) {
        const struct redirect *redirect = find(broker, &heir);
        const struct agency *agency =
            broker->registry == NULL ? NULL : registry_agency(broker->registry, &heir);
        if (redirect != NULL)
            heir = redirect->to;
        else if (agency != NULL && agency_heir(agency, day_of(broker->step.wall)) != agency)
            heir = agency_heir(agency, day_of(broker->step.wall))->key;
        else
            break;
    }
    return heir;
}

/* What stands before the next blank; it and the blank are taken off. */
static struct bytes take_word(struct bytes *rest)
{
    size_t size = 0;
    while (size < rest->size && rest->data[size] != ' ')
        size++;
    struct bytes word = {rest->data, size};
    size += size < rest->size;
    *rest = (struct bytes){rest->data + size, rest->size - size};
    return word;
}

/* "FROM TO sent " or "FROM TO unsent ", one behind the other. */
enum reason broker_load_redirects(struct broker *broker)
{
    struct store *store = broker->options.store;
    struct bytes rest;
    broker->redirect_count = 0;
    enum reason reason = store->verbs->read_note(store, bytes_of_text(NOTE_REDIRECTS), &rest);
    if (reason != REASON_NONE)
        return reason == REASON_NOT_FOUND ? REASON_NONE : reason;
    while (rest.size > 0) {
        struct redirect *redirect = &broker->redirects[broker->redirect_count];
        if (broker->redirect_count == BROKER_REDIRECTS_MAX ||
            !key_parse(take_word(&rest), &redirect->from) ||
            !key_parse(take_word(&rest), &redirect->to))
            return REASON_STORE_CORRUPT;
        redirect->is_sent_too = bytes_equal(take_word(&rest), bytes_of_text("sent"));
        broker->redirect_count++;
    }
    return REASON_NONE;
}

/* All of them in one note: they are few, and a note has one value. */
static void note_redirects(struct broker *broker)
{
    char *text = plan_take(&broker->step.plan, (size_t)BROKER_REDIRECTS_MAX * LINE_BYTES);
    size_t size = 0;
    for (size_t i = 0; i < broker->redirect_count; i++) {
        const struct redirect *redirect = &broker->redirects[i];
        size += (size_t)snprintf(text + size, LINE_BYTES, "%s %s %s ", redirect->from.text,
                                 redirect->to.text, redirect->is_sent_too ? "sent" : "unsent");
    }
    plan_note(&broker->step.plan, bytes_of_text(NOTE_REDIRECTS),
              (struct bytes){(const uint8_t *)text, size});
}

/* ---- an operator decides ---- */

static const struct room_need room_decision = {
    {[ROOM_NOTES] = 1,
     [ROOM_RECORDS] = 1,
     [ROOM_BYTES] = BROKER_REDIRECTS_MAX * LINE_BYTES + ROOM_LEDGER_ENTRY_BYTES}};

/* Somebody who can take it: of the same kind, in force, enrolled, and not on a way back to here. */
static enum reason check_heir(struct broker *broker, const struct key *from, const struct key *to)
{
    const struct registry *registry = broker->registry;
    const struct agency *old = registry == NULL ? NULL : registry_agency(registry, from);
    const struct agency *heir = registry == NULL ? NULL : registry_agency(registry, to);
    if (old == NULL || heir == NULL)
        return REASON_AGENCY_UNKNOWN;
    struct key end = broker_heir(broker, to);
    bool may = heir != old && heir->role == old->role && old->role == ROLE_AGENCY &&
               !key_equal(&end, from) && agency_in_force(heir, day_of(broker->step.wall)) &&
               registry_participant(registry, to) != NULL;
    return may ? REASON_NONE : REASON_REDIRECT_NOWHERE;
}

enum reason broker_redirect(struct broker *broker, const struct key *from, const struct key *to,
                            bool is_sent_too)
{
    struct step *step = &broker->step;
    struct redirect *redirect = find(broker, from);
    if (step->store_state != REASON_NONE)
        return step->store_state;
    if (!step_fits(step, &room_decision) ||
        (redirect == NULL && broker->redirect_count == BROKER_REDIRECTS_MAX))
        return REASON_BUSY;
    if (key_is_none(to)) {
        if (redirect == NULL)
            return REASON_NOT_FOUND;
        *redirect = broker->redirects[--broker->redirect_count];
    } else {
        enum reason reason = check_heir(broker, from, to);
        if (reason != REASON_NONE)
            return reason;
        if (redirect == NULL)
            redirect = &broker->redirects[broker->redirect_count++];
        *redirect = (struct redirect){*from, *to, is_sent_too};
    }
    note_redirects(broker);
    broker_record(broker, &(struct ledger_fact){.kind = LEDGER_OPERATOR,
                                                .sender = *from,
                                                .destination = *to,
                                                .reason = REASON_REDIRECTED});
    step_note(step, &(struct transition){.event = "redirect", .from = *from, .to = *to});
    step->tick_due = (mono_t){0};
    return REASON_NONE;
}

size_t broker_redirect_count(const struct broker *broker)
{
    return broker->redirect_count;
}

struct redirect broker_redirect_at(const struct broker *broker, size_t index)
{
    return broker->redirects[index];
}

/* ---- what comes in ---- */

/* A copy that goes to the heir as well is left out: nobody gets the same message twice. */
void broker_redirect_route(struct broker *broker, struct route_decision *decision)
{
    struct route_destination *first = &decision->destinations[0];
    struct key asked = key_is_none(&decision->heir_of) ? first->key : decision->heir_of;
    struct key heir = broker_heir(broker, &asked);
    if (first->role != ROLE_AGENCY || key_equal(&heir, &asked))
        return;
    const struct peer *peer = step_find_peer(&broker->step, &asked);
    bool is_moving = peer != NULL && outbox_backlog(broker->step.outbox, peer->index) > 0;
    first->key = is_moving ? asked : heir;
    for (size_t i = 1; i < decision->destination_count; i++) {
        if (key_equal(&decision->destinations[i].key, &first->key))
            decision->destinations[i--] = decision->destinations[--decision->destination_count];
    }
}

/* ---- what waits ---- */

static const struct room_need room_redirect = {
    {[ROOM_MESSAGES] = 1,
     [ROOM_PARCELS] = 1,
     [ROOM_ENTRIES] = 2,
     [ROOM_MOVES] = 2,
     [ROOM_ROUTES] = 1,
     [ROOM_RECORDS] = 2,
     [ROOM_DELIVERIES] = 2,
     [ROOM_BYTES] = ROOM_FACT_ALL_BYTES + ROOM_RECEIPT_BYTES + ROOM_LEDGER_ENTRY_BYTES +
                    RECEIPT_RECIPIENTS_BYTES_MAX + DOSSIER_CODE_BYTES_MAX + ROOM_DELIVERY_BYTES}};

/* All that the message goes to now, one in the place of another. */
static struct bytes name_recipients(struct broker *broker, uint64_t message_seq,
                                    const struct key *from, const struct key *to)
{
    struct store *store = broker->options.store;
    struct entry entries[ROUTE_DESTINATIONS_MAX + SUCCESSOR_HOPS_MAX];
    uint8_t *text = plan_take(&broker->step.plan, RECEIPT_RECIPIENTS_BYTES_MAX);
    struct bytes key = key_bytes(to);
    size_t size = key.size;
    size_t count = 0;
    memcpy(text, key.data, key.size);
    enum reason reason = store->verbs->entries_of(store, message_seq, entries,
                                                  sizeof entries / sizeof *entries, &count);
    if (reason != REASON_NONE)
        step_fail(&broker->step, reason);
    for (size_t i = 0; i < count; i++) {
        key = key_bytes(&entries[i].destination);
        if (key_equal(&entries[i].destination, from) || key_equal(&entries[i].destination, to) ||
            size + 1 + key.size > RECEIPT_RECIPIENTS_BYTES_MAX)
            continue;
        text[size++] = ' ';
        memcpy(text + size, key.data, key.size);
        size += key.size;
    }
    return (struct bytes){text, size};
}

/* The transfer's own destination, or where an earlier redirection took it; not one of its copies.
 */
static bool has_dossier(struct broker *broker, const struct store_message *message,
                        const struct key *agency)
{
    struct store *store = broker->options.store;
    struct store_route found;
    const struct store_route *route = plan_find_route(&broker->step.plan, message->dossier_code);
    if (key_equal(&message->recipient, agency))
        return true;
    if (route == NULL &&
        store->verbs->find_route(store, message->dossier_code, &found) == REASON_NONE)
        route = &found;
    return route != NULL && route->message_seq == message->seq && key_equal(&route->agency, agency);
}

/* The dossier goes with its transfer. */
static void move_route(struct broker *broker, const struct store_message *message,
                       const struct key *from, const struct key *to)
{
    if (message->type != MESSAGE_TYPE_TRANSFER || !has_dossier(broker, message, from))
        return;
    plan_route(&broker->step.plan,
               &(struct store_route){.dossier_code = message->dossier_code,
                                     .agency = *to,
                                     .registry_version = bytes_of_text(broker->registry_version),
                                     .message_seq = message->seq,
                                     .is_later = true});
}

static void move_entry(struct broker *broker, struct peer *from, struct peer *to,
                       struct store_message *message, struct entry *entry)
{
    struct step *step = &broker->step;
    struct entry old;
    struct store *store = broker->options.store;
    struct ledger_fact fact = {
        .kind = LEDGER_WITHDRAWN,
        .sender = message->sender,
        .destination = from->key,
        .message_id = message->id,
        .digest = message->digest,
        .type = message->type,
        .reason = REASON_REDIRECTED,
    };
    bool is_held = entry->state == ENTRY_HELD;
    enum reason why = entry->reason;
    /* Of the message's views only this one outlives the next question to the store. */
    message->dossier_code = arena_copy(&step->arena, message->dossier_code);
    message->procedure_code = (struct bytes){NULL, 0};
    move_route(broker, message, &from->key, &to->key);
    enum step_line line =
        entry->order == hash_bytes(message->dossier_code) ? STEP_LINE_DOSSIER : STEP_LINE_SENDER;
    (void)step_move(step, from, entry, ENTRY_WITHDRAWN, REASON_REDIRECTED);
    (void)broker_tell(broker, &message->sender, MESSAGE_TYPE_RECEIPT_WITHDRAWN, &fact,
                      name_recipients(broker, message->seq, &from->key, &to->key));
    fact.kind = LEDGER_CUSTODY;
    fact.destination = to->key;
    broker_record(broker, &fact);
    if (store->verbs->read_entry(store, message->seq, &to->key, &old) == REASON_NONE)
        return; /* it had a copy */
    if (is_held)
        (void)step_owe_as(step, message, to, line, ENTRY_HELD, why, entry->size_bytes,
                          entry->expires);
    else
        step_owe(step, message, to, NULL, 0, line, entry->expires);
    step_note_entry(step, "redirected", message, entry);
}

/* It has not left, and nothing of its dossier stands before it. */
static bool may_move(struct broker *broker, struct peer *peer, const struct entry *entry,
                     const struct store_message *message)
{
    const struct redirect *redirect = find(broker, &peer->key);
    bool was_sent = entry->attempts > 0 && (redirect == NULL || !redirect->is_sent_too);
    struct entry first;
    if (entry->is_receipt || was_sent || !entry_state_is_live(entry->state) ||
        entry->state == ENTRY_LEASED || step_flight(&broker->step, peer, message) != NULL)
        return false;
    return standing_first(broker->options.store, entry, &first) &&
           first.message_seq == entry->message_seq;
}

/* It was taken from there by a redirection of before, and that has ended: an entry ends once, so it
 * stays where it is, and an operator's word decides. */
static bool was_there(struct store *store, const struct entry *entry, const struct key *heir)
{
    struct entry old;
    return store->verbs->read_entry(store, entry->message_seq, heir, &old) == REASON_NONE &&
           old.state == ENTRY_WITHDRAWN;
}

/* Where this step has moved what stood before it, the next step sees it as the first. */
static enum reason check_first(struct broker *broker, const struct entry *entry)
{
    struct entry first;
    if (!standing_first(broker->options.store, entry, &first))
        return REASON_BUSY;
    if (first.message_seq == entry->message_seq)
        return REASON_NONE;
    plan_apply_moves(&broker->step.plan, &first);
    return entry_state_is_live(first.state) ? REASON_BEHIND_EARLIER : REASON_BUSY;
}

enum reason broker_redirect_entry(struct broker *broker, const struct entry *entry,
                                  const struct key *to)
{
    struct step *step = &broker->step;
    struct store *store = broker->options.store;
    struct store_message message;
    struct entry moved;
    struct peer *peer;
    struct peer *heir = step_get_peer(step, to);
    if (heir == NULL || !step_fits(step, &room_redirect))
        return REASON_BUSY;
    enum reason reason = check_heir(broker, &entry->destination, to);
    if (reason == REASON_NONE)
        reason =
            step_find_live(step, entry->message_seq, &entry->destination, &moved, &message, &peer);
    if (reason != REASON_NONE)
        return reason;
    if (step_flight(step, peer, &message) != NULL || moved.state == ENTRY_LEASED)
        return REASON_UNDER_WAY;
    if (moved.is_receipt || moved.attempts > 0)
        return moved.is_receipt ? REASON_RECEIPT_STAYS : REASON_SENT_BEFORE;
    reason = check_first(broker, &moved);
    if (reason == REASON_NONE && was_there(store, &moved, to))
        reason = REASON_HAS_ENDED;
    if (reason == REASON_NONE)
        reason = store->verbs->read_message(store, entry->message_seq, &message);
    if (reason == REASON_NONE && step_get_peer(step, &message.sender) == NULL)
        reason = REASON_BUSY;
    if (reason == REASON_NONE)
        move_entry(broker, peer, heir, &message, &moved);
    return reason;
}

/* False: there was no room for all of the page. */
static bool move_page(struct broker *broker, struct peer *peer, struct peer *heir,
                      const struct entry *entries, size_t count)
{
    struct step *step = &broker->step;
    struct store *store = broker->options.store;
    for (size_t i = 0; i < count; i++) {
        struct entry entry = entries[i];
        struct store_message message;
        if (!step_fits(step, &room_redirect))
            return false;
        broker->redirect_seq = entry.message_seq;
        plan_apply_moves(&step->plan, &entry);
        if (store->verbs->read_message(store, entry.message_seq, &message) != REASON_NONE ||
            !may_move(broker, peer, &entry, &message) || was_there(store, &entry, &heir->key) ||
            store->verbs->read_message(store, entry.message_seq, &message) != REASON_NONE ||
            step_get_peer(step, &message.sender) == NULL)
            continue;
        broker->redirect_moved = true;
        move_entry(broker, peer, heir, &message, &entry);
    }
    return true;
}

/* Goes round the queue of one that is taken over; true: its end is reached. */
static bool move_some(struct broker *broker, struct peer *peer, struct peer *heir)
{
    struct store *store = broker->options.store;
    struct entry entries[PAGE];
    size_t count = 0;
    const struct store_filter filter = {.destination = peer->key,
                                        .after_seq = broker->redirect_seq,
                                        .after_destination = peer->key};
    return store->verbs->list(store, &filter, entries, PAGE, &count) != REASON_NONE ||
           (move_page(broker, peer, heir, entries, count) && count < PAGE);
}

/* Called once a tick. Where it stopped is kept in memory alone: after a restart it begins anew, and
 * finds moved what was committed. How far it was in one queue says nothing of the next,
 * also when the rest of that one is passed over because its decision has been ended meanwhile. */
void broker_move_redirected(struct broker *broker)
{
    struct step *step = &broker->step;
    for (; broker->redirect_at < step->peer_count;
         broker->redirect_at++, broker->redirect_seq = 0) {
        struct peer *peer = &step->peers[broker->redirect_at];
        if (outbox_backlog(step->outbox, peer->index) == 0)
            continue;
        struct key key = broker_heir(broker, &peer->key);
        if (key_equal(&key, &peer->key))
            continue;
        struct peer *heir = step_get_peer(step, &key);
        peer = &step->peers[broker->redirect_at];
        if (heir == NULL)
            continue;
        if (!move_some(broker, peer, heir)) {
            step->more_to_do = true;
            return; /* the next step goes on */
        }
        /* What stood behind an entry that moved comes with the next round. */
        step->more_to_do = step->more_to_do || broker->redirect_moved;
        broker->redirect_moved = false;
    }
    broker->redirect_at = 0;
}
