/* The gateway's word since when it has had a message, for the one whom it goes to: today the
 * certificate of its seal has ended, or was revoked, and its seal is judged at our custody
 * (adapters/core/session_proof.c). A custody receipt that names its receiver as the destination; it
 * goes through the outbox before the message comes again, sealed with our certificate of today.
 *
 * It says nothing new, so it is no entry of the ledger, which has the custody itself. Who asks too
 * often is asked to wait: the message stays put off meanwhile.
 */
#include "gateway/core/broker_parts.h"

/* Told again to one who asked where its messages stand, because its disk was lost: a receipt of
 * anybody, that is owed to nobody any more. Of whom, the question does not say. */
static enum reason find_told(struct broker *broker, struct peer *peer, const struct message_id *id,
                             struct store_message *ret_message)
{
    struct store *store = broker->options.store;
    enum reason reason = REASON_NOT_FOUND;
    /* Who asks for much is answered some now, and asks again: each step begins with another one,
     * so that also the last of many participants has its turn. */
    uint32_t count = broker->step.peer_count;
    for (uint32_t i = 0; i < count && peer->credit > 0; i++) {
        const struct key *sender = &broker->step.peers[(broker->step.number + i) % count].key;
        peer->credit -= BROKER_WORK_READ;
        reason = store->verbs->find_message(store, sender, id, ret_message);
        if (reason != REASON_NOT_FOUND)
            break;
    }
    return reason;
}

static enum reason find_asked(struct broker *broker, struct peer *peer, const struct message_id *id,
                              struct store_message *ret_message)
{
    struct store *store = broker->options.store;
    const struct flight *flight = outbox_find(broker->step.outbox, peer->index, NULL, id);
    /* What is said on the line and not owed are receipts, most of them our own. */
    const struct key *sender = flight == NULL ? &broker->options.self : &flight->sender;
    enum reason reason = store->verbs->find_message(store, sender, id, ret_message);
    if (reason == REASON_NOT_FOUND && flight == NULL)
        reason = find_told(broker, peer, id, ret_message);
    bool is_for_it = flight != NULL || key_equal(&ret_message->recipient, &peer->key);
    return reason == REASON_NONE && !is_for_it ? REASON_NOT_FOUND : reason;
}

void broker_prove_custody(struct broker *broker, struct peer *peer, const struct frame_taken *frame)
{
    static const struct allowance_cost cost = {.rows = 3, .lines = 1};
    struct step *step = &broker->step;
    struct store_message message;
    if (!examine_is_of_time(frame->reason))
        return;
    for (size_t i = 0; i < frame->count && step_fits(step, &room_end); i++) {
        peer->credit -= BROKER_WORK_READ;
        if (find_asked(broker, peer, &frame->ids[i], &message) != REASON_NONE)
            continue;
        if (!allowance_take(&peer->allowance, step->now, cost))
            return;
        const struct receipt_item item = {
            .message_id = message.id,
            .digest = message.digest,
            .destination = peer->key,
            .at = broker_custody_of(broker, &message),
        };
        (void)step_tell(step, &peer->key, MESSAGE_TYPE_RECEIPT_CUSTODY, true, &item);
        step_note(step, &(struct transition){.event = "custody_proven",
                                             .from = message.sender,
                                             .to = peer->key,
                                             .type = message.type,
                                             .id = message.id,
                                             .reason = frame->reason});
    }
}
