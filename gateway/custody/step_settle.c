/* What is known already, and how entries end. */
#include "gateway/custody/step_parts.h"

/* What is not found and not above what was forgotten may have been here: it is no new message. */
static enum reason check_forgotten(struct step *step, const struct envelope *envelope)
{
    struct message_id forgotten;
    enum reason reason =
        step->store->verbs->forgotten_id(step->store, &envelope->sender, &forgotten);
    if (reason != REASON_NONE)
        return reason;
    return id_compare(&envelope->id, &forgotten) > 0 ? REASON_NONE : REASON_ID_TOO_OLD;
}

/* This step's own plan first: a copy may stand in the same frame. Then the store; memory that
 * could be wrong after a failure is not asked. */
enum reason step_check_seen(struct step *step, const struct sealed *sealed,
                            uint64_t *ret_receipt_seq)
{
    const struct envelope *envelope = &sealed->envelope;
    struct store_message stored;
    const struct store_message *earlier =
        plan_find_message(&step->plan, &envelope->sender, &envelope->id);
    *ret_receipt_seq = 0;
    if (earlier == NULL) {
        enum reason reason = step->store->verbs->find_message(step->store, &envelope->sender,
                                                              &envelope->id, &stored);
        if (reason != REASON_NONE)
            return reason == REASON_NOT_FOUND ? check_forgotten(step, envelope) : reason;
        earlier = &stored;
        *ret_receipt_seq = stored.receipt_seq;
    }
    return digest_equal(&earlier->digest, &sealed->digest) ? REASON_DUPLICATE : REASON_ID_REUSED;
}

struct flight *step_flight(struct step *step, const struct peer *peer,
                           const struct store_message *message)
{
    return outbox_find(step->outbox, peer->index, &message->sender, &message->id);
}

/* For entries that wait: those under way are ended by the outbox, which has their flights. */
struct store_move *step_move(struct step *step, struct peer *peer, struct entry *entry,
                             enum entry_state state, enum reason reason)
{
    entry_move(entry, state);
    entry_explain(entry, reason, step->wall);
    if (entry_state_is_terminal(state))
        outbox_backlog_changed(step->outbox, peer->index, -1);
    return plan_move(&step->plan, entry);
}

/* ---- by receipts ---- */

/* An entry that is not under way: its lease ended, or it was held. */
static enum reason settle_stored(struct step *step, struct peer *peer, const struct key *sender,
                                 const struct receipt_item *item, enum entry_state state,
                                 uint64_t receipt_seq, uint64_t *ret_message_seq)
{
    struct store *store = step->store;
    struct store_message message;
    struct entry entry;
    enum reason reason = store->verbs->find_message(store, sender, &item->message_id, &message);
    if (reason != REASON_NONE)
        return reason;
    if (!digest_equal(&message.digest, &item->digest))
        return REASON_REPLY_DIGEST_MISMATCH;
    reason = store->verbs->read_entry(store, message.seq, &peer->key, &entry);
    if (reason != REASON_NONE)
        return reason;
    plan_apply_moves(&step->plan, &entry); /* a receipt may name one message twice */
    if (entry.state == state)
        return REASON_DUPLICATE;
    if (entry_state_is_terminal(entry.state)) /* it has had its one outcome */
        return REASON_RECEIPT_FORBIDDEN;
    step_move(step, peer, &entry, state, item->reason)->receipt_seq = receipt_seq;
    *ret_message_seq = message.seq;
    return REASON_NONE;
}

/* A receipt counts for exactly the bytes that were sent: another digest is no outcome of this
 * message, whoever signs it (invariant 4). Whether the signer may say it, the core has asked
 * before. */
enum reason step_settle(struct step *step, struct peer *peer, const struct key *sender,
                        const struct receipt_item *item, enum entry_state state,
                        uint64_t receipt_seq, uint64_t *ret_message_seq)
{
    struct flight *flight = outbox_find(step->outbox, peer->index, sender, &item->message_id);
    struct entry entry;
    if (flight == NULL)
        return settle_stored(step, peer, sender, item, state, receipt_seq, ret_message_seq);
    if (!digest_equal(&flight->digest, &item->digest))
        return REASON_REPLY_DIGEST_MISMATCH;
    outbox_end(step->outbox, flight, state, item->reason, receipt_seq, &entry);
    plan_move(&step->plan, &entry);
    *ret_message_seq = entry.message_seq;
    return REASON_NONE;
}

/* A receipt of which nothing is under way mostly ends as a refusal or an alarm; once its peer has
 * spent what he may make us write, it waits unlooked at. One that settles something is always
 * taken. */
bool step_is_put_off(struct step *step, struct peer *peer, const struct envelope *envelope)
{
    if (!allowance_is_spent(&peer->allowance, step->now))
        return false;
    for (size_t i = 0; i < envelope->receipt.item_count; i++) {
        if (outbox_find(step->outbox, peer->index, &envelope->recipient,
                        &envelope->receipt.items[i].message_id) != NULL)
            return false;
    }
    allowance_leave_out(&peer->allowance);
    return true;
}

/* ---- by the end of a life ---- */

size_t step_expired(struct step *step, int64_t grace_ms, struct entry *ret_entries)
{
    size_t count = 0;
    if (clock_in_doubt(&step->clock))
        return 0; /* nobody's life ends by a clock that may be wrong (invariant 14) */
    wall_t sent_now = {step->wall.ms - grace_ms};
    if (step->store->verbs->expired(step->store, step->wall, sent_now, ret_entries,
                                    STEP_EXPIRIES_MAX, &count) != REASON_NONE)
        return 0;
    return count;
}

/* An entry that is under way is never ended by a clock: its recipient may have taken it already,
 * and the one outcome is then his to say (invariants 4 and 14). */
bool step_is_idle(struct step *step, struct entry *entry, struct store_message *ret_message,
                  struct peer **ret_peer)
{
    struct peer *peer = step_get_peer(step, &entry->destination);
    plan_apply_moves(&step->plan, entry);
    if (peer == NULL || entry->state == ENTRY_LEASED || entry_state_is_terminal(entry->state) ||
        step->store->verbs->read_message(step->store, entry->message_seq, ret_message) !=
            REASON_NONE)
        return false;
    *ret_peer = peer;
    return step_flight(step, peer, ret_message) == NULL;
}

/* ---- by an operator ---- */

enum reason step_find_live(struct step *step, uint64_t message_seq, const struct key *destination,
                           struct entry *ret_entry, struct store_message *ret_message,
                           struct peer **ret_peer)
{
    struct store *store = step->store;
    enum reason reason = store->verbs->read_entry(store, message_seq, destination, ret_entry);
    if (reason == REASON_NONE)
        reason = store->verbs->read_message(store, message_seq, ret_message);
    if (reason != REASON_NONE)
        return reason;
    plan_apply_moves(&step->plan, ret_entry);
    *ret_peer = step_find_peer(step, destination);
    if (ret_entry->state == ENTRY_AWAITED)
        return REASON_UNDER_WAY;
    return *ret_peer != NULL && entry_state_is_live(ret_entry->state) ? REASON_NONE
                                                                      : REASON_HAS_ENDED;
}

/* Also one that is deferred: an operator who has mended the cause does not wait for the
 * back-off. */
enum reason step_release_entry(struct step *step, struct peer *peer, struct entry *entry)
{
    if (entry->state != ENTRY_HELD && entry->state != ENTRY_DEFERRED)
        return entry->state == ENTRY_LEASED ? REASON_UNDER_WAY : REASON_NOT_HELD;
    entry->due = step->wall;
    step_move(step, peer, entry, ENTRY_QUEUED, REASON_NONE);
    outbox_look_again(step->outbox, peer->index);
    return REASON_NONE;
}
