/* Messages that come back after our store was put back from a backup (broker_restore.c).
 *
 * Their senders kept our receipt of custody, and put it before the message, in the same frame:
 *
 *   our own seal, by a certificate that was good at the item's time; of a ledger that has ended
 *   ─an item has id and digest of the message▶ it was in custody then, for those recipients
 *
 * So nothing is decided anew: not by which rules it may come in, whom it goes to, or whether its
 * sender may speak of the dossier. Its seal is judged as of that custody, and it is owed to the
 * recipients of then, as one that was sent before: they may have it, so that no redirection moves
 * it to somebody else by itself. Its receipt is that one; the ledger says that it came back.
 *
 * Whatever is not proven in this way is a message as any other, by the rules of today.
 */
#include "gateway/core/broker_parts.h"

/* Who is offered one of these may be away; policy's life is counted from a custody that is over. */
#define FORMER_LIFE_MS (INT64_C(30) * 24 * 3600 * 1000)

/* The ledger of now gave no receipt that we do not have. */
bool broker_is_former(const struct broker *broker, const struct peer *peer,
                      const struct sealed *sealed)
{
    const struct envelope *envelope = &sealed->envelope;
    const struct bytes now = {broker->ledger.id, LEDGER_ID_BYTES};
    return broker->gap.until.ms != 0 && sealed->is_parsed &&
           envelope->type == MESSAGE_TYPE_RECEIPT_CUSTODY &&
           key_equal(&envelope->sender, &broker->options.self) &&
           key_equal(&envelope->recipient, &peer->key) &&
           envelope->receipt.ledger_id.size == LEDGER_ID_BYTES &&
           !bytes_equal(envelope->receipt.ledger_id, now);
}

static const struct receipt_item *
find_item(const struct envelope *receipt, const struct message_id *id, const struct digest *digest)
{
    for (size_t i = 0; i < receipt->receipt.item_count; i++) {
        const struct receipt_item *item = &receipt->receipt.items[i];
        if (id_equal(&item->message_id, id) && digest_equal(&item->digest, digest) &&
            key_is_none(&item->destination) && key_is_none(&item->sender))
            return item;
    }
    return NULL;
}

bool broker_former_is_used(const struct intake *intake, const struct sealed *receipt)
{
    const struct sealed *next = receipt + 1;
    return next < intake->messages + intake->message_count && next->is_parsed &&
           find_item(&receipt->envelope, &next->envelope.id, &next->digest) != NULL;
}

/* Time alone has ended the certificate of that seal, and it may have been good at that moment. */
static void judge_at(struct broker *broker, struct sealed *sealed, wall_t at)
{
    if (!examine_is_of_time(sealed->verdict))
        return;
    arena_reset(&broker->step.scratch);
    examine_at(sealed, broker->options.crypto, &broker->step.scratch, at);
}

/* Only the document just before it is looked at, so that a frame costs what its bytes do. */
bool broker_find_former(struct broker *broker, const struct peer *peer, const struct intake *intake,
                        struct sealed *sealed, struct former *ret_former)
{
    if (sealed == intake->messages || !sealed->is_parsed ||
        sealed->envelope.type > MESSAGE_TYPE_BUSINESS_COUNT ||
        !broker_is_former(broker, peer, sealed - 1))
        return false;
    struct sealed receipt = sealed[-1];
    struct former former = {.receipt = sealed - 1};
    struct route_decision decision;
    const struct receipt_item *item =
        find_item(&receipt.envelope, &sealed->envelope.id, &sealed->digest);
    former.item = item;
    if (item == NULL || item->at.ms > broker->gap.until.ms + CLOCK_SKEW_MAX_MS ||
        !broker_route_former(broker, &former, &decision))
        return false;
    judge_at(broker, &receipt, item->at);
    if (receipt.verdict != REASON_NONE)
        return false;
    judge_at(broker, sealed, item->at);
    *ret_former = former;
    return true;
}

/* One key of the list, and the rest of it behind the blank. */
static bool next_recipient(struct bytes *rest, struct key *ret_key)
{
    size_t size = 0;
    while (size < rest->size && rest->data[size] != ' ')
        size++;
    bool is_key = key_parse((struct bytes){rest->data, size}, ret_key);
    size_t used = size < rest->size ? size + 1 : size;
    *rest = (struct bytes){rest->data + used, rest->size - used};
    return is_key;
}

bool broker_route_former(const struct broker *broker, const struct former *former,
                         struct route_decision *ret_decision)
{
    struct bytes rest = former->item->recipients;
    size_t count = 0;
    *ret_decision = (struct route_decision){.reason = REASON_NONE};
    while (rest.size > 0 && count < ROUTE_DESTINATIONS_MAX) {
        struct route_destination *destination = &ret_decision->destinations[count];
        if (!next_recipient(&rest, &destination->key))
            return false;
        const struct agency *agency =
            broker->registry == NULL ? NULL : registry_agency(broker->registry, &destination->key);
        destination->role = agency == NULL ? ROLE_AGENCY : agency->role;
        destination->copy = count > 0;
        destination->life_ms = FORMER_LIFE_MS;
        count++;
    }
    ret_decision->destination_count = count;
    return count > 0 && rest.size == 0;
}

/* A transfer that was made after it, of the same sender, was taken before it came back. */
bool broker_is_overtaken(struct broker *broker, const struct envelope *envelope)
{
    struct store *store = broker->options.store;
    struct store_route route;
    struct store_message message;
    return broker->gap.until.ms != 0 &&
           store->verbs->find_route(store, envelope->dossier_code, &route) == REASON_NONE &&
           store->verbs->read_message(store, route.message_seq, &message) == REASON_NONE &&
           key_equal(&message.sender, &envelope->sender) && message.sequence > envelope->sequence;
}

/* One receipt may speak of several that come back. */
static uint64_t keep_receipt(struct broker *broker, const struct sealed *receipt)
{
    struct store *store = broker->options.store;
    struct plan *plan = &broker->step.plan;
    const struct envelope *envelope = &receipt->envelope;
    struct store_message found;
    const struct store_message *planned = plan_find_message(plan, &envelope->sender, &envelope->id);
    if (planned != NULL)
        return planned->seq;
    enum reason reason =
        store->verbs->find_message(store, &envelope->sender, &envelope->id, &found);
    if (reason == REASON_NONE)
        return found.seq;
    if (reason != REASON_NOT_FOUND) {
        step_fail(&broker->step, reason);
        return 0;
    }
    struct store_message *message = step_plan_sealed(&broker->step, receipt, &envelope->recipient);
    struct bytes *document = plan_take(plan, sizeof *document);
    *document = envelope->document;
    message->parcel_seq = plan_parcel(plan, document, 1, receipt->parcel->manifest,
                                      receipt->parcel->signature, receipt->parcel->certificate);
    return message->seq;
}

void broker_take_former(struct broker *broker, const struct former *former,
                        const struct sealed *sealed, struct store_message *message)
{
    const struct ledger_fact fact = {
        .kind = LEDGER_CAME_BACK,
        .sender = message->sender,
        .destination = message->recipient,
        .message_id = message->id,
        .digest = message->digest,
        .type = message->type,
        .evidence = former->receipt->digest,
    };
    struct plan *plan = &broker->step.plan;
    message->receipt_seq = keep_receipt(broker, former->receipt);
    for (size_t i = plan->store.entry_count; i > 0; i--) {
        struct entry *entry = &plan->entries[i - 1];
        if (entry->message_seq != message->seq)
            break;
        entry->attempts = entry->attempts == 0 ? 1 : entry->attempts;
    }
    broker_record(broker, &fact);
    step_note_message(&broker->step, NULL, "came_back", &sealed->envelope, &message->recipient,
                      REASON_NONE);
}

wall_t broker_custody_of(struct broker *broker, const struct store_message *message)
{
    struct store *store = broker->options.store;
    struct store_document found;
    struct envelope receipt;
    if (broker->gap.until.ms == 0 || message->receipt_seq == 0 ||
        store->verbs->read_document(store, message->receipt_seq, &found) != REASON_NONE)
        return message->custody;
    arena_reset(&broker->step.scratch);
    if (envelope_parse(found.document, &broker->step.scratch, &receipt) != REASON_NONE)
        return message->custody;
    const struct receipt_item *item = find_item(&receipt, &message->id, &message->digest);
    return item != NULL && item->at.ms < message->custody.ms ? item->at : message->custody;
}
