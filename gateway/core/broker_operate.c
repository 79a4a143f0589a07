/* Operators' hands on entries, and the end of their life. */
#include "gateway/core/broker_parts.h"

#include "proto/base/check.h"

/* Tells the sender how one entry ended, by a receipt of the gateway's own that is queued for it. */
static void tell_end(struct broker *broker, const struct store_message *message,
                     const struct entry *entry, uint32_t receipt_type, enum ledger_kind kind)
{
    struct fact fact = {
        .item = {.message_id = message->id,
                 .digest = message->digest,
                 .destination = entry->destination,
                 .reason = entry->reason,
                 .at = broker->wall},
        .ledger = {.kind = kind,
                   .at = broker->wall,
                   .sender = message->sender,
                   .destination = entry->destination,
                   .message_id = message->id,
                   .digest = message->digest,
                   .type = message->type,
                   .reason = entry->reason,
                   .registry_version = broker->registry_version},
    };
    broker_tell(broker, &message->sender, receipt_type, true, &fact);
}

static void log_change(struct broker *broker, const char *event,
                       const struct store_message *message, const struct entry *entry)
{
    struct bytes dossier_code = arena_copy(&broker->step, message->dossier_code);
    broker_event(broker, &(struct broker_transition){
                             .event = event,
                             .from = message->sender,
                             .to = entry->destination,
                             .type = message->type,
                             .id = message->id,
                             .dossier_code = dossier_code,
                             .state = entry->state,
                             .reason = entry->reason,
                             .attempt = entry->attempts,
                         });
}

/* Ends an entry that is not under way. */
static void end_entry(struct broker *broker, const struct store_message *message,
                      struct entry *entry, enum entry_state state, enum reason reason)
{
    entry_move(entry, state);
    entry->reason = reason;
    plan_move(&broker->plan, entry);
    struct peer *peer = broker_get_peer(broker, &entry->destination);
    if (peer != NULL)
        outbox_backlog_changed(broker->outbox, peer->destination, -1);
    if (!entry->is_receipt)
        tell_end(broker, message, entry,
                 state == ENTRY_EXPIRED ? MESSAGE_TYPE_RECEIPT_EXPIRED
                                        : MESSAGE_TYPE_RECEIPT_WITHDRAWN,
                 state == ENTRY_EXPIRED ? LEDGER_EXPIRED : LEDGER_WITHDRAWN);
    log_change(broker, entry_state_name(state), message, entry);
}

/* An entry moves, is recorded and told to its sender. */
static const struct room_need end_need = {
    {[ROOM_MESSAGES] = 1,
     [ROOM_PARCELS] = 1,
     [ROOM_ENTRIES] = 1,
     [ROOM_MOVES] = 1,
     [ROOM_RECORDS] = 2,
     [ROOM_REPLIES] = 1,
     [ROOM_DELIVERIES] = 1,
     [ROOM_BYTES] = ROOM_FACT_ALL_BYTES + ROOM_RECEIPT_BYTES + ROOM_LEDGER_ENTRY_BYTES}};

/* Whether its sender can be told: it needs a place, of which participants_max leaves so many. */
static bool can_be_told(struct broker *broker, const struct store_message *message,
                        const struct entry *entry)
{
    return entry->is_receipt || broker_get_peer(broker, &message->sender) != NULL;
}

void broker_expire(struct broker *broker)
{
    struct store *store = broker->options.store;
    struct entry entries[STEP_EXPIRIES_MAX];
    size_t count = 0;
    if (clock_in_doubt(&broker->clock))
        return; /* nobody's life ends by a clock that may be wrong (invariant 14) */
    wall_t sent_now = {broker->wall.ms - BROKER_EXPIRY_GRACE_MS};
    if (store->verbs->expired(store, broker->wall, sent_now, entries, STEP_EXPIRIES_MAX, &count) !=
        REASON_NONE)
        return;
    for (size_t i = 0; i < count && broker_fits(broker, &end_need); i++) {
        struct store_message message;
        struct entry *entry = &entries[i];
        plan_apply_moves(&broker->plan, entry);
        if (entry->state == ENTRY_LEASED || entry_state_is_terminal(entry->state) ||
            store->verbs->read_message(store, entry->message_seq, &message) != REASON_NONE)
            continue;
        struct peer *peer = broker_get_peer(broker, &entry->destination);
        bool is_under_way = peer != NULL && outbox_find(broker->outbox, peer->destination,
                                                        &message.sender, &message.id) != NULL;
        if (is_under_way || !can_be_told(broker, &message, entry))
            continue;
        end_entry(broker, &message, entry, ENTRY_EXPIRED, REASON_LIFE_EXCEEDED);
    }
}

static enum reason hold(struct broker *broker, const struct store_message *message,
                        struct entry *entry, struct peer *peer)
{
    struct flight *flight =
        outbox_find(broker->outbox, peer->destination, &message->sender, &message->id);
    if (flight != NULL && flight->is_taken)
        return REASON_UNDER_WAY; /* the agency has it: nothing here to hold */
    if (flight != NULL) {
        outbox_end(broker->outbox, flight, ENTRY_HELD, REASON_NONE, 0, entry);
    } else {
        if (entry->state == ENTRY_HELD)
            return REASON_HELD_ALREADY;
        entry_move(entry, ENTRY_HELD);
    }
    entry_explain(entry, REASON_HELD_BY_OPERATOR, broker->wall);
    plan_move(&broker->plan, entry);
    return REASON_NONE;
}

void broker_hold_new(struct broker *broker, const struct store_message *message,
                     const struct key *destination, const struct sealed *sealed, wall_t expires,
                     enum reason reason)
{
    struct peer *peer = broker_get_peer(broker, destination);
    check(peer != NULL);
    struct entry entry = {
        .message_seq = message->seq,
        .destination = *destination,
        .order = hash_bytes(message->dossier_code),
        .state = ENTRY_QUEUED,
        .due = broker->wall,
        .expires = expires,
        .size_bytes = (uint32_t)sealed->envelope.document.size,
    };
    plan_entry(&broker->plan, &entry);
    entry_move(&entry, ENTRY_HELD);
    entry_explain(&entry, reason, broker->wall);
    plan_move(&broker->plan, &entry);
    outbox_backlog_changed(broker->outbox, peer->destination, 1);
    log_change(broker, "held", message, &entry);
}

static enum reason release(struct broker *broker, struct entry *entry, struct peer *peer)
{
    if (entry->state != ENTRY_HELD && entry->state != ENTRY_DEFERRED)
        return entry->state == ENTRY_LEASED ? REASON_UNDER_WAY : REASON_NOT_HELD;
    entry_move(entry, ENTRY_QUEUED);
    entry->due = broker->wall;
    entry_explain(entry, REASON_NONE, broker->wall);
    plan_move(&broker->plan, entry);
    outbox_look_again(broker->outbox, peer->destination);
    return REASON_NONE;
}

/* What an operator did is evidence too. */
static void record_operation(struct broker *broker, const struct store_message *message,
                             const struct entry *entry)
{
    struct ledger_fact fact = {
        .kind = LEDGER_OPERATOR,
        .at = broker->wall,
        .sender = message->sender,
        .destination = entry->destination,
        .message_id = message->id,
        .digest = message->digest,
        .type = message->type,
        .reason = entry->reason,
        .registry_version = broker->registry_version,
    };
    broker_record(broker, &fact);
}

enum reason broker_operate(struct broker *broker, uint64_t message_seq,
                           const struct key *destination, enum broker_operation operation)
{
    struct store *store = broker->options.store;
    struct store_message message;
    struct entry entry;
    if (broker->store_state != REASON_NONE)
        return broker->store_state;
    if (!broker_fits(broker, &end_need))
        return REASON_BUSY;
    enum reason reason = store->verbs->read_entry(store, message_seq, destination, &entry);
    if (reason == REASON_NONE)
        reason = store->verbs->read_message(store, message_seq, &message);
    if (reason != REASON_NONE)
        return reason;
    plan_apply_moves(&broker->plan, &entry);
    struct peer *peer = broker_find_peer(broker, destination);
    if (peer == NULL || !entry_state_is_live(entry.state))
        return REASON_HAS_ENDED;
    bool is_under_way =
        outbox_find(broker->outbox, peer->destination, &message.sender, &message.id) != NULL;
    if (operation == BROKER_HOLD || operation == BROKER_RELEASE) {
        reason = operation == BROKER_HOLD ? hold(broker, &message, &entry, peer)
                                          : release(broker, &entry, peer);
        if (reason == REASON_NONE) {
            record_operation(broker, &message, &entry);
            log_change(broker, operation == BROKER_HOLD ? "held" : "released", &message, &entry);
        }
        return reason;
    }
    /* A receipt is how its sender hears of the end of another message: it is not taken back. */
    if (is_under_way || entry.attempts > 0 || entry.is_receipt)
        return is_under_way       ? REASON_UNDER_WAY
               : entry.is_receipt ? REASON_RECEIPT_STAYS
                                  : REASON_SENT_BEFORE;
    if (!can_be_told(broker, &message, &entry))
        return REASON_BUSY;
    end_entry(broker, &message, &entry,
              operation == BROKER_WITHDRAW ? ENTRY_WITHDRAWN : ENTRY_EXPIRED,
              operation == BROKER_WITHDRAW ? REASON_WITHDRAWN_BY_OPERATOR : REASON_LIFE_EXCEEDED);
    return REASON_NONE;
}
