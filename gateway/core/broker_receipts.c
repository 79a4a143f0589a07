/* What the receipts of the adapters settle. */
#include "gateway/core/broker_parts.h"

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

/* What an item settled, or that it is an alarm, as evidence. An alarm counts against its signer's
 * share; the receipt itself is kept whole. A recipient that let a message expire says so to us; to
 * the sender the end of a life is ours to say, under our own signature. */
static void record_item(struct broker *broker, struct peer *peer, const struct sealed *sealed,
                        const struct receipt_item *item, enum ledger_kind kind, enum reason reason)
{
    const struct envelope *envelope = &sealed->envelope;
    const struct ledger_fact fact = {
        .kind = kind,
        .sender = envelope->recipient,
        .destination = peer->key,
        .message_id = item->message_id,
        .digest = item->digest,
        .type = envelope->type,
        .reason = reason,
        .evidence = sealed->digest,
    };
    if (kind == LEDGER_ALARM && !allowance_take(&peer->allowance, broker->step.now,
                                                (struct allowance_cost){.records = 1, .lines = 1}))
        return;
    if (kind == LEDGER_EXPIRED)
        (void)broker_tell(broker, &envelope->recipient, MESSAGE_TYPE_RECEIPT_EXPIRED, &fact,
                          (struct bytes){0});
    else
        broker_record(broker, &fact);
    step_note(&broker->step, &(struct transition){
                                 .event = kind == LEDGER_ALARM ? "alarm" : "settled",
                                 .from = envelope->recipient,
                                 .to = peer->key,
                                 .type = envelope->type,
                                 .id = item->message_id,
                                 .state = kind == LEDGER_DELIVERED ? ENTRY_DELIVERED
                                          : kind == LEDGER_REFUSED ? ENTRY_REFUSED
                                          : kind == LEDGER_EXPIRED ? ENTRY_EXPIRED
                                                                   : (enum entry_state)0,
                                 .reason = reason,
                             });
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
    return step_get_peer(&broker->step, recipient) == NULL ? REASON_BUSY : REASON_NONE;
}

/* NONE, DUPLICATE, an alarm's reason, or why the store cannot say. ret_is_lost: of what its signer
 * speaks nothing is here, and it may have been before our store was put back. Another end than the
 * one that is here is an alarm all the same. */
static enum reason settle(struct broker *broker, struct peer *peer, const struct key *sender,
                          const struct receipt_item *item, enum entry_state state,
                          uint64_t receipt_seq, bool *ret_is_lost)
{
    uint64_t message_seq;
    enum reason reason =
        step_settle(&broker->step, peer, sender, item, state, receipt_seq, &message_seq);
    if (reason == REASON_NONE)
        broker_tell_copy(broker, message_seq, &peer->key, state);
    *ret_is_lost = reason == REASON_NOT_FOUND && broker_is_of_gap(broker, &item->message_id);
    return reason == REASON_NOT_FOUND || reason == REASON_RECEIPT_FORBIDDEN ? REASON_REPLY_UNKNOWN
                                                                            : reason;
}

/* True: its row is in the plan. A receipt is kept as its signer made it and forwarded as those
 * bytes (invariant 2); each of its items settles one debt, or is an alarm. When the store cannot
 * say, the whole step fails: half of a receipt must not be settled. */
bool broker_take_receipt(struct broker *broker, struct peer *peer, const struct sealed *sealed,
                         struct store_message **ret_message)
{
    struct step *step = &broker->step;
    const struct envelope *envelope = &sealed->envelope;
    size_t verdict = 0;
    while (verdict < VERDICTS && verdicts[verdict].type != envelope->type)
        verdict++;
    enum reason why =
        verdict == VERDICTS ? REASON_POLICY_FORBIDDEN : check_recipient(broker, envelope);
    if (why == REASON_NONE && step_is_put_off(step, peer, envelope))
        why = REASON_BUSY;
    if (why != REASON_NONE) {
        (void)broker_turn_away(broker, peer, sealed, why);
        return false;
    }
    struct store_message *message = step_plan_sealed(step, sealed, &envelope->recipient);
    bool tells_something = false;
    for (size_t i = 0; i < envelope->receipt.item_count; i++) {
        const struct receipt_item *item = &envelope->receipt.items[i];
        bool is_lost;
        enum reason reason = settle(broker, peer, &envelope->recipient, item,
                                    verdicts[verdict].state, message->seq, &is_lost);
        bool is_settled = reason == REASON_NONE;
        tells_something = tells_something || is_settled || reason == REASON_DUPLICATE;
        /* Its sender offers it again, and then the recipient says this once more. */
        if (reason == REASON_DUPLICATE || is_lost)
            continue;
        if (reason_class(reason) == REASON_CLASS_TRANSIENT) {
            step_fail(step, reason);
            break;
        }
        if (is_settled && verdicts[verdict].state != ENTRY_DELIVERED)
            broker_end_route(broker, &envelope->recipient, &item->message_id, &peer->key);
        record_item(broker, peer, sealed, item, is_settled ? verdicts[verdict].kind : LEDGER_ALARM,
                    is_settled ? item->reason : reason);
    }
    /* What is only alarms is evidence against its signer, and no news for anybody else. Of a mixed
     * one the receiver takes what its signer may say: the custody receipts told it whom each of its
     * messages went to (adapters/core/session_receipts.c). */
    if (tells_something && verdicts[verdict].state != ENTRY_EXPIRED)
        step_owe(step, message, step_get_peer(step, &envelope->recipient), sealed->parcel,
                 sealed->document_index, STEP_LINE_NONE, (wall_t){0});
    step_reply_taken(step, peer, &envelope->id);
    *ret_message = message;
    return true;
}
