/* What receipts say of the messages that we sent: each item is judged by who may say it.
 *
 *   said                   counts from                              about
 *   CUSTODY, REFUSED       the gateway                              what we handed it
 *   EXPIRED, WITHDRAWN     the gateway                              a recipient of the message
 *   DELIVERED, REFUSED     that recipient alone, by its own key     the message, at its office
 *   CUSTODY, naming us     the gateway                              what it holds for us, since
 *                                                                   when (session_proof.c)
 *   EXPIRED, WITHDRAWN,    the gateway                              another one's message, of which
 *   REFUSED, with sender                                            we have a copy
 *
 * Who the recipients are the gateway says with its custody, under its signature; of a message that
 * names its recipient we know it ourselves. A receipt may hold items of both kinds: what its signer
 * may not say raises an alarm and is noted nowhere, and the others count all the same. Of a copy
 * that came to nothing at its recipient our office hears: the receipt is owed to it as a message.
 */
#include "adapters/core/session_parts.h"

/* Whatever others signed is kept with manifest, signature and certificate: evidence for the day on
 * which its sender says otherwise. */
struct store_message *session_plan_sealed(struct session *session, const struct sealed *sealed)
{
    struct plan *plan = &session->step.plan;
    struct store_message *message =
        step_plan_sealed(&session->step, sealed, &session->options.self);
    struct bytes *document = plan_take(plan, sizeof *document);
    *document = sealed->envelope.document;
    message->parcel_seq = plan_parcel(plan, document, 1, sealed->parcel->manifest,
                                      sealed->parcel->signature, sealed->parcel->certificate);
    return message;
}

/* The gateway's word on one of our messages: custody, or why not. */
static enum reason settle(struct session *session, const struct receipt_item *item,
                          uint32_t receipt_type, uint64_t receipt_seq)
{
    uint64_t message_seq;
    enum reason reason =
        step_settle(&session->step, session->gateway, &session->options.self, item,
                    receipt_type == MESSAGE_TYPE_RECEIPT_CUSTODY ? ENTRY_DELIVERED : ENTRY_REFUSED,
                    receipt_seq, &message_seq);
    if (reason == REASON_NONE && receipt_type == MESSAGE_TYPE_RECEIPT_CUSTODY)
        session_await(session, message_seq, item);
    return reason == REASON_DUPLICATE ? REASON_NONE : reason;
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
    reason = store->verbs->read_entry(store, seq, &session->gateway->key, &entry);
    if (reason != REASON_NONE)
        return reason;
    plan_apply_moves(&session->step.plan, &entry);
    return entry_state_is_live(entry.state) ? REASON_BUSY : REASON_RECEIPT_FORBIDDEN;
}

/* Whether the signer may say this of that message of ours. */
static enum reason check_item(struct session *session, const struct envelope *envelope,
                              const struct receipt_item *item, uint64_t *ret_message_seq)
{
    struct store *store = session->options.store;
    struct store_message message;
    bool is_gateways = key_equal(&envelope->sender, &session->gateway->key);
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
    *ret_message_seq = message.seq;
    if (is_gateways == is_delivery || (!is_gateways && !is_own) ||
        (is_gateways && key_is_none(&item->destination)))
        return REASON_RECEIPT_FORBIDDEN;
    return check_went_to(session, &message, is_gateways ? &item->destination : &envelope->sender);
}

/* The gateway speaks of what we handed it: it has it, or will not have it. */
static bool is_about_intake(const struct session *session, const struct envelope *envelope,
                            const struct receipt_item *item)
{
    return key_equal(&envelope->sender, &session->gateway->key) &&
           key_is_none(&item->destination) &&
           (envelope->type == MESSAGE_TYPE_RECEIPT_CUSTODY ||
            envelope->type == MESSAGE_TYPE_RECEIPT_REFUSED);
}

static enum entry_state end_of(uint32_t receipt_type)
{
    return receipt_type == MESSAGE_TYPE_RECEIPT_DELIVERED ? ENTRY_DELIVERED
           : receipt_type == MESSAGE_TYPE_RECEIPT_REFUSED ? ENTRY_REFUSED
           : receipt_type == MESSAGE_TYPE_RECEIPT_EXPIRED ? ENTRY_EXPIRED
                                                          : ENTRY_WITHDRAWN;
}

/* The gateway says it when our office has answered, so the copy is here. */
static enum reason check_copy(struct session *session, const struct envelope *envelope,
                              const struct receipt_item *item)
{
    struct store *store = session->options.store;
    struct store_message message;
    bool is_end = envelope->type != MESSAGE_TYPE_RECEIPT_CUSTODY &&
                  envelope->type != MESSAGE_TYPE_RECEIPT_DELIVERED;
    if (!is_end || !key_equal(&envelope->sender, &session->gateway->key) ||
        key_is_none(&item->destination) || key_equal(&item->destination, &session->options.self) ||
        key_equal(&item->sender, &session->options.self))
        return REASON_RECEIPT_FORBIDDEN;
    enum reason reason =
        store->verbs->find_message(store, &item->sender, &item->message_id, &message);
    if (reason == REASON_NONE && !digest_equal(&message.digest, &item->digest))
        return REASON_REPLY_DIGEST_MISMATCH;
    return reason;
}

static void note_item(struct session *session, const struct envelope *envelope,
                      const struct receipt_item *item, const struct key *about, enum reason reason)
{
    const struct transition line = {
        .event = reason == REASON_NONE ? "receipt" : "alarm",
        .from = reason == REASON_NONE ? *about : envelope->sender,
        .to = session->options.self,
        .type = envelope->type,
        .id = item->message_id,
        .reason = reason == REASON_NONE ? item->reason : reason,
    };
    if (reason == REASON_NONE)
        step_note(&session->step, &line);
    else
        step_note_of(&session->step, session->gateway, &line);
}

/* True: our office is to hear of it. */
static bool take_copy(struct session *session, const struct envelope *envelope,
                      const struct receipt_item *item)
{
    enum reason reason = check_copy(session, envelope, item);
    if (reason_class(reason) == REASON_CLASS_TRANSIENT)
        step_fail(&session->step, reason);
    else
        note_item(session, envelope, item, &item->destination, reason);
    return reason == REASON_NONE;
}

/* Three cases: the gateway about what we handed it, the gateway about a recipient, a recipient
 * about itself. Whose word it is decides under whose name the outcome is noted. */
static void take_own(struct session *session, const struct sealed *sealed,
                     const struct receipt_item *item, uint64_t receipt_seq)
{
    const struct envelope *envelope = &sealed->envelope;
    if (session_is_statement(session, envelope, item)) {
        session_take_statement(session, item, receipt_seq);
        return;
    }
    bool is_intake = is_about_intake(session, envelope, item);
    uint64_t message_seq = 0;
    enum reason reason = is_intake ? settle(session, item, envelope->type, receipt_seq)
                                   : check_item(session, envelope, item, &message_seq);
    bool is_gateways = key_equal(&envelope->sender, &session->gateway->key);
    const struct key *about = is_intake     ? &session->gateway->key
                              : is_gateways ? &item->destination
                                            : &envelope->sender;
    if (reason == REASON_NONE && !is_intake)
        reason = session_end_awaited(session, message_seq, about, end_of(envelope->type),
                                     item->reason, receipt_seq);
    if (reason_class(reason) == REASON_CLASS_TRANSIENT) {
        step_fail(&session->step, reason);
        return;
    }
    if (reason == REASON_NONE)
        session_note_outcome(session, &item->message_id, about, envelope->type, item->reason,
                             receipt_seq, item->at, item->recipients);
    /* It goes on to another participant, whose word counts from now on. */
    if (reason == REASON_NONE && !is_intake && envelope->type == MESSAGE_TYPE_RECEIPT_WITHDRAWN &&
        item->reason == REASON_REDIRECTED && item->recipients.size > 0) {
        session_note_recipients(session, &item->message_id, item->recipients);
        session_await(session, message_seq, item);
    }
    note_item(session, envelope, item, about, reason);
}

static void take_items(struct session *session, const struct sealed *sealed,
                       const struct store_message *receipt)
{
    const struct envelope *envelope = &sealed->envelope;
    bool is_for_office = false;
    for (size_t i = 0; i < envelope->receipt.item_count; i++) {
        const struct receipt_item *item = &envelope->receipt.items[i];
        if (key_is_none(&item->sender))
            take_own(session, sealed, item, receipt->seq);
        else
            is_for_office = take_copy(session, envelope, item) || is_for_office;
    }
    if (is_for_office)
        step_owe(&session->step, receipt, session->office, NULL, 0, STEP_LINE_NONE, (wall_t){0});
}

/* True: it speaks of a message whose custody has not reached us, so that we cannot tell yet. */
static bool comes_too_early(struct session *session, const struct envelope *envelope)
{
    for (size_t i = 0; i < envelope->receipt.item_count; i++) {
        const struct receipt_item *item = &envelope->receipt.items[i];
        uint64_t message_seq;
        if (!is_about_intake(session, envelope, item) &&
            check_item(session, envelope, item, &message_seq) == REASON_BUSY)
            return true;
    }
    return false;
}

/* "Taken" also answers a receipt that is addressed to somebody else: an alarm is noted, and the
 * gateway does not bring it again for ever. What only came too early is put off instead. */
void session_take_receipt(struct session *session, const struct sealed *sealed)
{
    struct step *step = &session->step;
    struct peer *gateway = session->gateway;
    const struct envelope *envelope = &sealed->envelope;
    if (!key_equal(&envelope->recipient, &session->options.self)) {
        step_note_message(step, gateway, "alarm", envelope, &session->options.self,
                          REASON_RECEIPT_FORBIDDEN);
    } else if (step_is_put_off(step, gateway, envelope)) {
        step_reply_not_now(step, gateway, &envelope->id, REASON_BUSY);
        return;
    } else if (comes_too_early(session, envelope)) {
        step_reply_not_now(step, gateway, &envelope->id, REASON_REPLY_UNKNOWN);
        return;
    } else {
        take_items(session, sealed, session_plan_sealed(session, sealed));
    }
    step_reply_taken(step, gateway, &envelope->id);
}
