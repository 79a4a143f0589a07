/* Operators' hands on entries, and the end of their life. What an operator may not do has a reason
 * that says what can be done instead (invariant 15); what he did is in the ledger. The API in front
 * of it: gateway/operators/operators_messages.c. */
#include "gateway/core/broker_parts.h"

static struct ledger_fact fact_of(enum ledger_kind kind, const struct store_message *message,
                                  const struct entry *entry)
{
    return (struct ledger_fact){
        .kind = kind,
        .sender = message->sender,
        .destination = entry->destination,
        .message_id = message->id,
        .digest = message->digest,
        .type = message->type,
        .reason = entry->reason,
    };
}

/* A transfer that ended without being delivered leaves its dossier with nobody: the next transfer
 * of it is routed by its procedure again. A store that cannot say fails the step, since half of the
 * truth on disk would send the dossier to the wrong agency. */
void broker_end_route(struct broker *broker, const struct key *sender, const struct message_id *id,
                      const struct key *destination)
{
    struct store *store = broker->options.store;
    struct store_message message;
    struct store_route route;
    enum reason reason = store->verbs->find_message(store, sender, id, &message);
    if (reason != REASON_NONE || message.type != MESSAGE_TYPE_TRANSFER) {
        if (reason != REASON_NONE)
            step_fail(&broker->step, reason);
        return;
    }
    bool is_recipients = key_equal(&message.recipient, destination);
    struct bytes code = arena_copy(&broker->step.arena, message.dossier_code);
    uint64_t seq = message.seq;
    /* Another participant may have taken it over. */
    reason = store->verbs->find_route(store, code, &route);
    if (reason != REASON_NONE && reason != REASON_NOT_FOUND)
        step_fail(&broker->step, reason);
    if (reason == REASON_NONE && route.message_seq == seq)
        is_recipients = key_equal(&route.agency, destination);
    if (is_recipients && reason == REASON_NONE)
        plan_route(&broker->step.plan, &(struct store_route){.dossier_code = code,
                                                             .registry_version = bytes_of_text(
                                                                 broker->registry_version),
                                                             .message_seq = seq,
                                                             .is_later = true});
}

/* Ends an entry that is not under way, and tells its sender by a receipt of the gateway's own. */
static void end_entry(struct broker *broker, const struct store_message *message, struct peer *peer,
                      struct entry *entry, enum entry_state state, enum reason reason)
{
    bool is_expiry = state == ENTRY_EXPIRED;
    (void)step_move(&broker->step, peer, entry, state, reason);
    if (!entry->is_receipt) {
        const struct ledger_fact fact =
            fact_of(is_expiry ? LEDGER_EXPIRED : LEDGER_WITHDRAWN, message, entry);
        (void)broker_tell(broker, &message->sender,
                          is_expiry ? MESSAGE_TYPE_RECEIPT_EXPIRED : MESSAGE_TYPE_RECEIPT_WITHDRAWN,
                          &fact, (struct bytes){0});
    }
    step_note_entry(&broker->step, entry_state_name(state), message, entry);
    if (message->type == MESSAGE_TYPE_TRANSFER)
        broker_end_route(broker, &message->sender, &message->id, &entry->destination);
    if (!entry->is_receipt)
        broker_tell_copy(broker, entry->message_seq, &entry->destination, state);
}

/* Whether its sender can be told: it needs a place, of which participants_max leaves so many. */
static bool can_be_told(struct broker *broker, const struct store_message *message,
                        const struct entry *entry)
{
    return entry->is_receipt || step_get_peer(&broker->step, &message->sender) != NULL;
}

/* Of what was ever sent, nothing ends as long as it may only be us who have not heard how: while we
 * were away an agency's answer may have waited for longer than that message's life and the grace
 * behind it. So adapters first have had the time to come back and to tell it (invariant 14). */
static int64_t grace_ms(struct broker *broker)
{
    if (broker->hears_until.ms == 0)
        broker->hears_until.ms = broker->step.now.ms + BROKER_EXPIRY_HEAR_MS;
    return broker->step.now.ms < broker->hears_until.ms ? broker->step.wall.ms
                                                        : BROKER_EXPIRY_GRACE_MS;
}

/* Some a step: after a night without the store thousands may be due at once, and each is a
 * receipt. */
void broker_expire(struct broker *broker)
{
    struct entry entries[STEP_EXPIRIES_MAX];
    size_t count = step_expired(&broker->step, grace_ms(broker), entries);
    for (size_t i = 0; i < count && step_fits(&broker->step, &room_end); i++) {
        struct store_message message;
        struct peer *peer;
        if (step_is_idle(&broker->step, &entries[i], &message, &peer) &&
            can_be_told(broker, &message, &entries[i]))
            end_entry(broker, &message, peer, &entries[i], ENTRY_EXPIRED, REASON_LIFE_EXCEEDED);
    }
}

static enum reason hold(struct broker *broker, const struct store_message *message,
                        struct entry *entry, struct peer *peer)
{
    struct step *step = &broker->step;
    struct flight *flight = step_flight(step, peer, message);
    if (flight == NULL && entry->state == ENTRY_HELD)
        return REASON_HELD_ALREADY;
    if (flight != NULL && flight->is_taken)
        return REASON_UNDER_WAY; /* the agency has it: nothing here to hold */
    if (flight == NULL) {
        (void)step_move(step, peer, entry, ENTRY_HELD, REASON_HELD_BY_OPERATOR);
        return REASON_NONE;
    }
    outbox_end(step->outbox, flight, ENTRY_HELD, REASON_NONE, 0, entry);
    entry_explain(entry, REASON_HELD_BY_OPERATOR, step->wall);
    (void)plan_move(&step->plan, entry);
    return REASON_NONE;
}

/* Withdrawn or declared expired is only what never left: of what was sent once, the agency may
 * have it, and a person's wish is no evidence that it has not (invariant 14). To hold and to
 * release end nothing and may be done at any time. */
enum reason broker_operate(struct broker *broker, uint64_t message_seq,
                           const struct key *destination, enum broker_operation operation)
{
    struct step *step = &broker->step;
    struct store_message message;
    struct entry entry;
    struct peer *peer;
    if (step->store_state != REASON_NONE)
        return step->store_state;
    if (!step_fits(step, &room_end))
        return REASON_BUSY;
    enum reason reason = step_find_live(step, message_seq, destination, &entry, &message, &peer);
    if (reason != REASON_NONE)
        return reason;
    if (operation == BROKER_HOLD || operation == BROKER_RELEASE) {
        bool is_hold = operation == BROKER_HOLD;
        reason =
            is_hold ? hold(broker, &message, &entry, peer) : step_release_entry(step, peer, &entry);
        if (reason != REASON_NONE)
            return reason;
        /* What an operator did is evidence too. */
        const struct ledger_fact fact = fact_of(LEDGER_OPERATOR, &message, &entry);
        broker_record(broker, &fact);
        step_note_entry(step, is_hold ? "held" : "released", &message, &entry);
        return REASON_NONE;
    }
    /* A receipt is how its sender hears of the end of another message: it is not taken back. */
    if (step_flight(step, peer, &message) != NULL)
        return REASON_UNDER_WAY;
    if (entry.attempts > 0 || entry.is_receipt)
        return entry.is_receipt ? REASON_RECEIPT_STAYS : REASON_SENT_BEFORE;
    if (!can_be_told(broker, &message, &entry))
        return REASON_BUSY;
    if (operation == BROKER_WITHDRAW)
        end_entry(broker, &message, peer, &entry, ENTRY_WITHDRAWN, REASON_WITHDRAWN_BY_OPERATOR);
    else
        end_entry(broker, &message, peer, &entry, ENTRY_EXPIRED, REASON_LIFE_EXCEEDED);
    return REASON_NONE;
}
