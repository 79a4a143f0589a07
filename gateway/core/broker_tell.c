/* What the gateway says and records for itself: facts, which become receipts and ledger entries. */
#include "gateway/core/broker_parts.h"

#include "proto/base/check.h"

static void stamp(const struct broker *broker, struct ledger_fact *fact)
{
    fact->at = broker->step.wall;
    fact->registry_version = broker->registry_version;
}

/* For the ledger alone, with no receipt. Place was asked for (room.h), so that none is left out.
 */
void broker_record(struct broker *broker, const struct ledger_fact *fact)
{
    check(broker->step.record_count < ROOM_RECORDS_MAX);
    struct ledger_fact *record = &broker->records[broker->step.record_count++];
    *record = *fact;
    stamp(broker, record);
}

/* A fact and its receipt's item, tied together: the ledger's index that the receipt names is known
 * only when all of them are appended, at the end of the step. */
struct told *broker_tell(struct broker *broker, const struct key *to, uint32_t type,
                         const struct ledger_fact *fact, struct bytes recipients)
{
    bool is_queued = type != MESSAGE_TYPE_RECEIPT_CUSTODY && type != MESSAGE_TYPE_RECEIPT_REFUSED;
    const struct receipt_item item = {
        .message_id = fact->message_id,
        .digest = fact->digest,
        .destination = is_queued ? fact->destination : (struct key){{0}},
        .reason = fact->reason,
        .at = broker->step.wall,
        .recipients = recipients,
    };
    struct ledger_fact *record = plan_take(&broker->step.plan, sizeof *record);
    *record = *fact;
    stamp(broker, record);
    struct told *told = step_tell(&broker->step, to, type, is_queued, &item);
    told->record = record;
    return told;
}

/* Its facts are appended in the order of its items, so that the first index and the item's place
 * give the entry of each: a sender finds the evidence of his message without being told each
 * index. */
static enum reason write_receipt(struct broker *broker, const struct draft *draft)
{
    struct peer *peer = step_get_peer(&broker->step, &draft->to);
    struct envelope envelope = {
        .receipt.registry_version = bytes_of_text(broker->registry_version),
    };
    check(peer != NULL);                /* nothing is told to somebody that there is no place for */
    if (draft->first->record != NULL) { /* else nothing new is said: broker_prove.c, _copies.c */
        envelope.receipt.ledger_id = (struct bytes){broker->ledger.id, LEDGER_ID_BYTES};
        envelope.receipt.ledger_first_index = broker->ledger.frontier.size;
    }
    for (const struct told *told = draft->first; told != NULL && told->record != NULL;
         told = told->next)
        (void)ledger_append(&broker->ledger, told->record);
    return step_write(&broker->step, draft, peer, &envelope);
}

static enum reason write_head(struct broker *broker)
{
    struct step *step = &broker->step;
    struct envelope envelope = {.type = MESSAGE_TYPE_LEDGER_HEAD};
    size_t index;
    struct store_message *message;
    ledger_head(&broker->ledger, step->wall, &envelope.tree_head);
    enum reason reason =
        sealer_add(&step->sealer, &step->plan, &envelope, NULL, step->wall, &index, &message);
    if (reason == REASON_NONE)
        ledger_finish(&broker->ledger, message->seq);
    return reason;
}

/* The head comes last, since it covers the entries of the receipts that it is signed with. */
enum reason broker_write_receipts(struct broker *broker)
{
    for (size_t i = 0; i < broker->step.record_count; i++)
        (void)ledger_append(&broker->ledger, &broker->records[i]);
    for (const struct draft *draft = broker->step.drafts; draft != NULL; draft = draft->next) {
        enum reason reason = write_receipt(broker, draft);
        if (reason != REASON_NONE)
            return reason;
    }
    return ledger_has_news(&broker->ledger) ? write_head(broker) : REASON_NONE;
}
