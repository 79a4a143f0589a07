/* What the gateway says for itself, and what the receipts of the adapters settle. */
#include "gateway/core/broker_parts.h"

#include "proto/base/check.h"

/* ---- facts become receipts ------------------------------------------------------------------- */

static struct receipt_draft *find_draft(struct broker *broker, const struct key *to, uint32_t type,
                                        bool is_queued)
{
    for (struct receipt_draft *draft = broker->drafts; draft != NULL; draft = draft->next) {
        if (draft->type == type && draft->is_queued == is_queued && key_equal(&draft->to, to) &&
            draft->count < RECEIPT_ITEMS_MAX)
            return draft;
    }
    room_reserve(&broker->room, &room_receipt);
    struct receipt_draft *draft = plan_take(&broker->plan, sizeof *draft);
    *draft = (struct receipt_draft){
        .to = *to, .type = type, .is_queued = is_queued, .next = broker->drafts};
    broker->drafts = draft;
    return draft;
}

void broker_tell(struct broker *broker, const struct key *to, uint32_t type, bool is_queued,
                 const struct fact *fact)
{
    room_reserve(&broker->room, &room_fact);
    struct receipt_draft *draft = find_draft(broker, to, type, is_queued);
    struct fact *copy = plan_take(&broker->plan, sizeof *copy);
    *copy = *fact;
    copy->next = NULL;
    if (draft->last == NULL)
        draft->first = copy;
    else
        draft->last->next = copy;
    draft->last = copy;
    draft->count++;
}

void broker_record(struct broker *broker, const struct ledger_fact *fact)
{
    check(broker->record_count < ROOM_RECORDS_MAX);
    broker->records[broker->record_count++] = *fact;
}

static enum reason write_receipt(struct broker *broker, const struct receipt_draft *draft)
{
    struct receipt_item *items = plan_take(&broker->plan, draft->count * sizeof *items);
    uint64_t first_index = 0;
    size_t count = 0;
    for (const struct fact *fact = draft->first; fact != NULL; fact = fact->next) {
        uint64_t index = ledger_append(&broker->ledger, &fact->ledger);
        if (count == 0)
            first_index = index;
        items[count++] = fact->item;
    }
    struct envelope envelope = {
        .recipient = draft->to,
        .type = draft->type,
        .receipt = {.items = items,
                    .item_count = count,
                    .ledger_id = {broker->ledger.id, LEDGER_ID_BYTES},
                    .ledger_first_index = first_index,
                    .registry_version = bytes_of_text(broker->registry_version)},
    };
    size_t index;
    struct store_message *message;
    enum reason reason =
        sealer_add(&broker->sealer, &broker->plan, &envelope, NULL, broker->wall, &index, &message);
    if (reason != REASON_NONE)
        return reason;
    for (const struct fact *fact = draft->first; fact != NULL; fact = fact->next) {
        if (fact->about != NULL)
            fact->about->receipt_seq = message->seq;
    }
    if (draft->is_queued)
        broker_owe(broker, message, &draft->to, &broker->sealer.parcels[index], 0, true,
                   (wall_t){0});
    else
        broker_reply(broker, &(struct reply){
                                 .kind = REPLY_SEALED, .peer = draft->to, .sealed_index = index});
    return REASON_NONE;
}

static enum reason write_head(struct broker *broker)
{
    struct envelope envelope = {.type = MESSAGE_TYPE_LEDGER_HEAD};
    size_t index;
    struct store_message *message;
    ledger_head(&broker->ledger, broker->wall, &envelope.tree_head);
    enum reason reason =
        sealer_add(&broker->sealer, &broker->plan, &envelope, NULL, broker->wall, &index, &message);
    if (reason == REASON_NONE)
        ledger_finish(&broker->ledger, message->seq);
    return reason;
}

enum reason broker_write_receipts(struct broker *broker)
{
    /* What was kept for this is used now. */
    broker->room.reserved = (struct room_need){{0}};
    for (size_t i = 0; i < broker->record_count; i++)
        (void)ledger_append(&broker->ledger, &broker->records[i]);
    for (const struct receipt_draft *draft = broker->drafts; draft != NULL; draft = draft->next) {
        enum reason reason = write_receipt(broker, draft);
        if (reason != REASON_NONE)
            return reason;
    }
    if (!ledger_has_news(&broker->ledger))
        return REASON_NONE;
    enum reason reason = write_head(broker);
    return reason == REASON_NONE ? sealer_seal(&broker->sealer, &broker->plan, broker->wall)
                                 : reason;
}

/* ---- refusals -------------------------------------------------------------------------------- */

/* What a refusal writes: its entry and its line, the row of what is remembered, and for the first
 * of a step the rows of its receipt and of the head. A flood is told "busy" and not recorded:
 * nothing was accepted, nothing is lost. */
static bool may_refuse(struct broker *broker, struct peer *peer, bool is_remembered)
{
    struct allowance_cost cost = {.records = 1, .rows = is_remembered, .lines = 1};
    bool is_first = true;
    for (const struct receipt_draft *draft = broker->drafts; draft != NULL; draft = draft->next)
        is_first = is_first && !(draft->type == MESSAGE_TYPE_RECEIPT_REFUSED &&
                                 key_equal(&draft->to, &peer->key));
    cost.rows += is_first ? 2 : 0;
    return allowance_take(&peer->allowance, broker->now, cost);
}

static void tell_refusal(struct broker *broker, struct peer *peer, const struct message_id *id,
                         const struct digest *digest, uint32_t type, enum reason reason,
                         const char *field, struct store_message *about)
{
    struct fact fact = {
        .item = {.message_id = *id,
                 .digest = *digest,
                 .reason = reason,
                 .text = bytes_of_text(field != NULL ? field : ""),
                 .at = broker->wall},
        .ledger = {.kind = LEDGER_REFUSED,
                   .at = broker->wall,
                   .sender = peer->key,
                   .message_id = *id,
                   .digest = *digest,
                   .type = type,
                   .reason = reason,
                   .registry_version = broker->registry_version},
        .about = about,
    };
    broker_tell(broker, &peer->key, MESSAGE_TYPE_RECEIPT_REFUSED, false, &fact);
}

/* What its true sender said and may not say is remembered like what was taken, without a
 * destination: the same message again gets the same answer, also when the registry or a clock has
 * changed in between, and has one outcome (invariant 4). */
static bool is_remembered(const struct peer *peer, const struct sealed *sealed, enum reason reason)
{
    return sealed->is_parsed && sealed->verdict == REASON_NONE && reason != REASON_ID_REUSED &&
           key_equal(&sealed->envelope.sender, &peer->key) &&
           sealed->envelope.type <= MESSAGE_TYPE_BUSINESS_COUNT;
}

struct store_message *broker_refuse(struct broker *broker, struct peer *peer,
                                    const struct sealed *sealed, enum reason reason)
{
    static const struct key nobody;
    const struct envelope *envelope = &sealed->envelope;
    struct message_id id = sealed->is_parsed ? envelope->id : (struct message_id){0};
    struct bytes dossier_code = sealed->is_parsed ? envelope->dossier_code : (struct bytes){0};
    uint32_t type = sealed->is_parsed ? envelope->type : 0;
    bool is_kept = is_remembered(peer, sealed, reason);
    if (!may_refuse(broker, peer, is_kept)) {
        if (sealed->is_parsed)
            broker_reply(broker, &(struct reply){.kind = REPLY_NOT_TAKEN,
                                                 .peer = peer->key,
                                                 .id = id,
                                                 .reason = REASON_BUSY});
        return NULL;
    }
    struct store_message *message = is_kept ? broker_plan_sealed(broker, sealed, &nobody) : NULL;
    tell_refusal(broker, peer, &id, &sealed->digest, type, reason, sealed->field, message);
    broker_event(broker, &(struct broker_transition){.event = "refused",
                                                     .from = peer->key,
                                                     .type = type,
                                                     .id = id,
                                                     .dossier_code = dossier_code,
                                                     .reason = reason});
    return message;
}

enum turn broker_refuse_frame(struct broker *broker, struct peer *peer, struct intake *intake)
{
    static const struct room_need need = {
        {[ROOM_MESSAGES] = 1,
         [ROOM_PARCELS] = 1,
         [ROOM_ENTRIES] = 1,
         [ROOM_RECORDS] = 1,
         [ROOM_REPLIES] = 1,
         [ROOM_DELIVERIES] = 1,
         [ROOM_BYTES] = ROOM_FACT_ALL_BYTES + ROOM_RECEIPT_BYTES}};
    static const struct message_id no_id;
    if (!broker_fits(broker, &need))
        return TURN_FULL;
    peer->credit -= BROKER_WORK_FRAME;
    intake->wasted++;
    if (broker->store_state != REASON_NONE || !may_refuse(broker, peer, false))
        return TURN_DONE;
    tell_refusal(broker, peer, &no_id, &intake->digest, 0, intake->reason, NULL, NULL);
    broker_event(broker, &(struct broker_transition){
                             .event = "refused", .from = peer->key, .reason = intake->reason});
    return TURN_DONE;
}

/* ---- receipts of adapters -------------------------------------------------------------------- */

static const struct {
    uint32_t type;
    enum entry_state state;
    enum ledger_kind kind;
} verdicts[] = {
    {MESSAGE_TYPE_RECEIPT_DELIVERED, ENTRY_DELIVERED, LEDGER_DELIVERED},
    {MESSAGE_TYPE_RECEIPT_REFUSED, ENTRY_REFUSED, LEDGER_REFUSED},
    {MESSAGE_TYPE_RECEIPT_EXPIRED, ENTRY_EXPIRED, LEDGER_EXPIRED},
};
enum { VERDICTS = sizeof verdicts / sizeof *verdicts };

/* An alarm counts against its signer's share; the receipt itself is kept whole as its evidence. */
static void record_item(struct broker *broker, struct peer *peer, const struct sealed *sealed,
                        const struct receipt_item *item, enum ledger_kind kind, uint32_t type,
                        enum reason reason)
{
    if (kind == LEDGER_ALARM && !allowance_take(&peer->allowance, broker->now,
                                                (struct allowance_cost){.records = 1, .lines = 1}))
        return;
    struct ledger_fact fact = {
        .kind = kind,
        .at = broker->wall,
        .sender = sealed->envelope.recipient,
        .destination = peer->key,
        .message_id = item->message_id,
        .digest = item->digest,
        .type = type,
        .reason = reason,
        .registry_version = broker->registry_version,
        .evidence = sealed->digest,
    };
    broker_record(broker, &fact);
    broker_event(broker, &(struct broker_transition){
                             .event = kind == LEDGER_ALARM ? "alarm" : "settled",
                             .from = sealed->envelope.recipient,
                             .to = peer->key,
                             .type = type,
                             .id = item->message_id,
                             .state = kind == LEDGER_DELIVERED ? ENTRY_DELIVERED
                                      : kind == LEDGER_REFUSED ? ENTRY_REFUSED
                                      : kind == LEDGER_EXPIRED ? ENTRY_EXPIRED
                                                               : (enum entry_state)0,
                             .reason = reason,
                         });
}

/* An entry that is not under way: its lease ended, or it was held. False: nothing to settle. */
static enum reason settle_stored(struct broker *broker, struct peer *peer, const struct key *sender,
                                 const struct receipt_item *item, enum entry_state state,
                                 uint64_t receipt_seq)
{
    struct store *store = broker->options.store;
    struct store_message message;
    struct entry entry;
    enum reason reason = store->verbs->find_message(store, sender, &item->message_id, &message);
    if (reason != REASON_NONE)
        return reason == REASON_NOT_FOUND ? REASON_REPLY_UNKNOWN : reason;
    if (!digest_equal(&message.digest, &item->digest))
        return REASON_REPLY_DIGEST_MISMATCH;
    reason = store->verbs->read_entry(store, message.seq, &peer->key, &entry);
    if (reason != REASON_NONE)
        return reason == REASON_NOT_FOUND ? REASON_REPLY_UNKNOWN : reason;
    plan_apply_moves(&broker->plan, &entry); /* a receipt may name one message twice */
    if (entry.state == state)
        return REASON_DUPLICATE;
    if (entry_state_is_terminal(entry.state))
        return REASON_REPLY_UNKNOWN; /* it has had its one outcome */
    entry_move(&entry, state);
    entry.reason = item->reason;
    entry.receipt_seq = receipt_seq;
    plan_move(&broker->plan, &entry);
    outbox_backlog_changed(broker->outbox, peer->destination, -1);
    return REASON_NONE;
}

static enum reason settle_item(struct broker *broker, struct peer *peer, const struct key *sender,
                               const struct receipt_item *item, enum entry_state state,
                               uint64_t receipt_seq)
{
    struct flight *flight =
        outbox_find(broker->outbox, peer->destination, sender, &item->message_id);
    if (flight == NULL)
        return settle_stored(broker, peer, sender, item, state, receipt_seq);
    if (!digest_equal(&flight->digest, &item->digest))
        return REASON_REPLY_DIGEST_MISMATCH;
    struct entry entry;
    outbox_end(broker->outbox, flight, state, item->reason, receipt_seq, &entry);
    plan_move(&broker->plan, &entry);
    return REASON_NONE;
}

/* A recipient that let a message expire says so to us; to the sender the end of a life is ours to
 * say, under our own signature. */
static void tell_expiry(struct broker *broker, const struct peer *peer, const struct sealed *sealed,
                        const struct receipt_item *item)
{
    struct fact fact = {
        .item = {.message_id = item->message_id,
                 .digest = item->digest,
                 .destination = peer->key,
                 .reason = item->reason,
                 .at = broker->wall},
        .ledger = {.kind = LEDGER_EXPIRED,
                   .at = broker->wall,
                   .sender = sealed->envelope.recipient,
                   .destination = peer->key,
                   .message_id = item->message_id,
                   .digest = item->digest,
                   .type = sealed->envelope.type,
                   .reason = item->reason,
                   .registry_version = broker->registry_version,
                   .evidence = sealed->digest},
    };
    broker_tell(broker, &sealed->envelope.recipient, MESSAGE_TYPE_RECEIPT_EXPIRED, true, &fact);
    broker_event(broker, &(struct broker_transition){.event = "settled",
                                                     .from = sealed->envelope.recipient,
                                                     .to = peer->key,
                                                     .type = sealed->envelope.type,
                                                     .id = item->message_id,
                                                     .state = ENTRY_EXPIRED,
                                                     .reason = item->reason});
}

/* A place in memory and a queue in the store are given to those in the registry, and to those who
 * have left it but whose message this receipt is about; never to a name that a peer made up. */
static enum reason check_recipient(struct broker *broker, const struct envelope *envelope)
{
    struct store *store = broker->options.store;
    struct store_message message;
    const struct key *recipient = &envelope->recipient;
    if (key_is_none(recipient) || key_equal(recipient, &broker->options.self))
        return REASON_POLICY_FORBIDDEN;
    if (broker->registry == NULL || registry_participant(broker->registry, recipient) == NULL) {
        enum reason reason = store->verbs->find_message(
            store, recipient, &envelope->receipt.items[0].message_id, &message);
        if (reason != REASON_NONE)
            return reason == REASON_NOT_FOUND ? REASON_POLICY_FORBIDDEN : reason;
    }
    return broker_get_peer(broker, recipient) == NULL ? REASON_BUSY : REASON_NONE;
}

/* About nothing that is under way, from one who had his share of alarms: most likely the next of
 * them. Whoever is honest says it again in a moment. */
static bool is_put_off(struct broker *broker, struct peer *peer, const struct envelope *envelope)
{
    if (!allowance_is_spent(&peer->allowance, broker->now))
        return false;
    for (size_t i = 0; i < envelope->receipt.item_count; i++) {
        if (outbox_find(broker->outbox, peer->destination, &envelope->recipient,
                        &envelope->receipt.items[i].message_id) != NULL)
            return false;
    }
    allowance_leave_out(&peer->allowance);
    return true;
}

bool broker_take_receipt(struct broker *broker, struct peer *peer, const struct sealed *sealed,
                         struct store_message **ret_message)
{
    const struct envelope *envelope = &sealed->envelope;
    size_t verdict = 0;
    while (verdict < VERDICTS && verdicts[verdict].type != envelope->type)
        verdict++;
    enum reason why =
        verdict == VERDICTS ? REASON_POLICY_FORBIDDEN : check_recipient(broker, envelope);
    if (why == REASON_NONE && is_put_off(broker, peer, envelope))
        why = REASON_BUSY;
    if (why != REASON_NONE) {
        (void)broker_turn_away(broker, peer, sealed, why);
        return false;
    }
    struct store_message *message = broker_plan_sealed(broker, sealed, &envelope->recipient);
    bool is_expiry = verdicts[verdict].state == ENTRY_EXPIRED;
    bool tells_something = false;
    for (size_t i = 0; i < envelope->receipt.item_count; i++) {
        const struct receipt_item *item = &envelope->receipt.items[i];
        enum reason reason = settle_item(broker, peer, &envelope->recipient, item,
                                         verdicts[verdict].state, message->seq);
        tells_something = tells_something || reason == REASON_NONE || reason == REASON_DUPLICATE;
        if (reason == REASON_DUPLICATE)
            continue;
        if (reason_class(reason) == REASON_CLASS_TRANSIENT) {
            broker_fail_step(broker, reason);
            break;
        }
        bool is_settled = reason == REASON_NONE;
        if (is_settled && is_expiry) {
            tell_expiry(broker, peer, sealed, item);
            continue;
        }
        record_item(broker, peer, sealed, item, is_settled ? verdicts[verdict].kind : LEDGER_ALARM,
                    envelope->type, is_settled ? item->reason : reason);
    }
    /* What is only alarms is evidence against its signer, and no news for anybody else. Of a mixed
     * one the receiver takes what its signer may say: the custody receipts told it whom each of its
     * messages went to (adapters/core/session_receipts.c). */
    if (tells_something && !is_expiry)
        broker_owe(broker, message, &envelope->recipient, sealed->parcel, sealed->document_index,
                   true, (wall_t){0});
    broker_reply(broker,
                 &(struct reply){.kind = REPLY_TAKEN, .peer = peer->key, .id = envelope->id});
    *ret_message = message;
    return true;
}
