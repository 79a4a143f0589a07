/* What receipts say of the messages that we sent: each item is judged by who may say it.
 *
 *   said                   counts from                              about
 *   CUSTODY, REFUSED       the gateway                              what we handed it
 *   EXPIRED, WITHDRAWN     the gateway                              a recipient of the message
 *   DELIVERED, REFUSED     that recipient alone, by its own key     the message, at its office
 *
 * Who the recipients are the gateway says with its custody, under its signature; of a message that
 * names its recipient we know it ourselves. A receipt may hold items of both kinds: what its signer
 * may not say raises an alarm and is noted nowhere, and the others count all the same.
 */
#include "adapters/core/session_parts.h"

/* An entry of ours towards the gateway that is not under way. */
static enum reason settle_stored(struct session *session, const struct store_message *message,
                                 enum entry_state state, enum reason why, uint64_t receipt_seq)
{
    struct store *store = session->options.store;
    struct entry entry;
    enum reason reason =
        store->verbs->read_entry(store, message->seq, &session->options.gateway, &entry);
    if (reason != REASON_NONE)
        return reason;
    plan_apply_moves(&session->plan, &entry); /* a receipt may name one message twice */
    if (entry_state_is_terminal(entry.state)) /* one outcome: the same again, or a contradiction */
        return entry.state == state ? REASON_NONE : REASON_RECEIPT_FORBIDDEN;
    entry_move(&entry, state);
    entry.reason = why;
    entry.receipt_seq = receipt_seq;
    plan_move(&session->plan, &entry);
    outbox_backlog_changed(session->outbox, session->to_gateway, -1);
    return REASON_NONE;
}

/* The gateway's word on one of our messages: custody, or why not. */
static enum reason settle(struct session *session, const struct receipt_item *item,
                          uint32_t receipt_type, uint64_t receipt_seq)
{
    struct store *store = session->options.store;
    struct store_message message;
    enum entry_state state =
        receipt_type == MESSAGE_TYPE_RECEIPT_CUSTODY ? ENTRY_DELIVERED : ENTRY_REFUSED;
    struct flight *flight = outbox_find(session->outbox, session->to_gateway,
                                        &session->options.self, &item->message_id);
    if (flight != NULL) {
        if (!digest_equal(&flight->digest, &item->digest))
            return REASON_REPLY_DIGEST_MISMATCH;
        struct entry entry;
        outbox_end(session->outbox, flight, state, item->reason, receipt_seq, &entry);
        plan_move(&session->plan, &entry);
        return REASON_NONE;
    }
    enum reason reason =
        store->verbs->find_message(store, &session->options.self, &item->message_id, &message);
    if (reason != REASON_NONE)
        return reason;
    if (!digest_equal(&message.digest, &item->digest))
        return REASON_REPLY_DIGEST_MISMATCH;
    return settle_stored(session, &message, state, item->reason, receipt_seq);
}

/* Whether one of our messages went to that participant. BUSY: not known yet, custody has not
 * reached us; it comes with the message's next repetition. */
static enum reason check_went_to(struct session *session, const struct store_message *message,
                                 const struct key *who)
{
    struct store *store = session->options.store;
    struct entry entry;
    uint64_t seq = message->seq; /* the message's views end with the next call */
    if (key_equal(&message->recipient, who))
        return REASON_NONE;
    enum reason reason = session_check_recipient(session, &message->id, who);
    if (reason != REASON_NOT_FOUND)
        return reason;
    reason = store->verbs->read_entry(store, seq, &session->options.gateway, &entry);
    if (reason != REASON_NONE)
        return reason;
    plan_apply_moves(&session->plan, &entry);
    return entry_state_is_live(entry.state) ? REASON_BUSY : REASON_RECEIPT_FORBIDDEN;
}

/* Whether the signer may say this of that message of ours. */
static enum reason check_item(struct session *session, const struct envelope *envelope,
                              const struct receipt_item *item)
{
    struct store *store = session->options.store;
    struct store_message message;
    bool is_gateways = key_equal(&envelope->sender, &session->options.gateway);
    bool is_delivery = envelope->type == MESSAGE_TYPE_RECEIPT_DELIVERED ||
                       envelope->type == MESSAGE_TYPE_RECEIPT_REFUSED;
    bool is_own =
        key_is_none(&item->destination) || key_equal(&item->destination, &envelope->sender);
    enum reason reason =
        store->verbs->find_message(store, &session->options.self, &item->message_id, &message);
    if (reason != REASON_NONE)
        return reason;
    if (!digest_equal(&message.digest, &item->digest))
        return REASON_REPLY_DIGEST_MISMATCH;
    if (is_gateways == is_delivery || (!is_gateways && !is_own) ||
        (is_gateways && key_is_none(&item->destination)))
        return REASON_RECEIPT_FORBIDDEN;
    return check_went_to(session, &message, is_gateways ? &item->destination : &envelope->sender);
}

/* The gateway speaks of what we handed it: it has it, or will not have it. */
static bool is_about_intake(const struct session *session, const struct envelope *envelope,
                            const struct receipt_item *item)
{
    return key_equal(&envelope->sender, &session->options.gateway) &&
           key_is_none(&item->destination) &&
           (envelope->type == MESSAGE_TYPE_RECEIPT_CUSTODY ||
            envelope->type == MESSAGE_TYPE_RECEIPT_REFUSED);
}

static void take_item(struct session *session, const struct sealed *sealed,
                      const struct receipt_item *item, uint64_t receipt_seq)
{
    const struct envelope *envelope = &sealed->envelope;
    bool is_intake = is_about_intake(session, envelope, item);
    enum reason reason = is_intake ? settle(session, item, envelope->type, receipt_seq)
                                   : check_item(session, envelope, item);
    bool is_gateways = key_equal(&envelope->sender, &session->options.gateway);
    const struct key *about = is_intake     ? &session->options.gateway
                              : is_gateways ? &item->destination
                                            : &envelope->sender;
    if (reason_class(reason) == REASON_CLASS_TRANSIENT) {
        session_fail_step(session, reason);
        return;
    }
    if (reason == REASON_NONE)
        session_note_outcome(session, &item->message_id, about, envelope->type, item->reason,
                             receipt_seq, item->at, item->recipients);
    const struct transition line = {
        .event = reason == REASON_NONE ? "receipt" : "alarm",
        .from = reason == REASON_NONE ? *about : envelope->sender,
        .to = session->options.self,
        .type = envelope->type,
        .id = item->message_id,
        .reason = reason == REASON_NONE ? item->reason : reason,
    };
    if (reason == REASON_NONE)
        session_event(session, &line);
    else
        session_event_of(session, &line);
}

/* True: it speaks of a message whose custody has not reached us, so that we cannot tell yet. */
static bool comes_too_early(struct session *session, const struct envelope *envelope)
{
    for (size_t i = 0; i < envelope->receipt.item_count; i++) {
        const struct receipt_item *item = &envelope->receipt.items[i];
        if (!is_about_intake(session, envelope, item) &&
            check_item(session, envelope, item) == REASON_BUSY)
            return true;
    }
    return false;
}

/* About nothing that we are waiting for, after too many alarms in this second: most likely the next
 * of them. If not, it comes again in a moment. */
static bool is_put_off(struct session *session, const struct envelope *envelope)
{
    if (!allowance_is_spent(&session->allowance, session->now))
        return false;
    for (size_t i = 0; i < envelope->receipt.item_count; i++) {
        if (outbox_find(session->outbox, session->to_gateway, &session->options.self,
                        &envelope->receipt.items[i].message_id) != NULL)
            return false;
    }
    session->allowance.left_out++;
    return true;
}

void session_take_receipt(struct session *session, const struct sealed *sealed)
{
    const struct envelope *envelope = &sealed->envelope;
    if (!key_equal(&envelope->recipient, &session->options.self)) {
        session_log_message(session, "alarm", sealed, REASON_RECEIPT_FORBIDDEN);
        session_reply_taken(session, &envelope->id);
        return;
    }
    if (is_put_off(session, envelope)) {
        session_reply_not_now(session, &envelope->id, REASON_BUSY);
        return;
    }
    if (comes_too_early(session, envelope)) {
        session_reply_not_now(session, &envelope->id, REASON_REPLY_UNKNOWN);
        return;
    }
    struct store_message *message = session_plan_sealed(session, sealed);
    for (size_t i = 0; i < envelope->receipt.item_count; i++)
        take_item(session, sealed, &envelope->receipt.items[i], message->seq);
    session_reply_taken(session, &envelope->id);
}
