/* Messages that came before: the same is answered again, another under the same id is refused. */
#include "gateway/core/broker_parts.h"

/* One that is alarming too often is only counted; it is refused like the others, or told "busy". */
static void alarm_reused_id(struct broker *broker, struct peer *peer, const struct sealed *sealed)
{
    if (!allowance_take(&peer->allowance, broker->now,
                        (struct allowance_cost){.records = 1, .lines = 1}))
        return;
    const struct envelope *envelope = &sealed->envelope;
    struct ledger_fact fact = {
        .kind = LEDGER_ALARM,
        .at = broker->wall,
        .sender = envelope->sender,
        .message_id = envelope->id,
        .digest = sealed->digest,
        .type = envelope->type,
        .reason = REASON_ID_REUSED,
        .registry_version = broker->registry_version,
    };
    broker_record(broker, &fact);
    broker_event(broker, &(struct broker_transition){.event = "alarm",
                                                     .from = envelope->sender,
                                                     .type = envelope->type,
                                                     .id = envelope->id,
                                                     .dossier_code = envelope->dossier_code,
                                                     .reason = REASON_ID_REUSED});
}

enum reason broker_check_duplicate(struct broker *broker, struct peer *peer,
                                   const struct sealed *sealed)
{
    const struct envelope *envelope = &sealed->envelope;
    if (id_compare(&envelope->id, &peer->last_id) > 0)
        return REASON_NONE;
    struct store *store = broker->options.store;
    struct store_message stored;
    const struct store_message *earlier =
        plan_find_message(&broker->plan, &envelope->sender, &envelope->id);
    bool is_in_plan = earlier != NULL;
    if (!is_in_plan) {
        enum reason reason =
            store->verbs->find_message(store, &envelope->sender, &envelope->id, &stored);
        if (reason == REASON_NOT_FOUND)
            return REASON_NONE;
        if (reason != REASON_NONE)
            return reason;
        earlier = &stored;
    }
    if (!digest_equal(&earlier->digest, &sealed->digest)) {
        alarm_reused_id(broker, peer, sealed);
        return REASON_ID_REUSED;
    }
    /* The copy in this step's own plan is answered by this step's receipt. */
    if (!is_in_plan && earlier->receipt_seq != 0)
        broker_reply_stored(broker, &peer->key, earlier->receipt_seq);
    else if (message_type_is_receipt((enum message_type)envelope->type))
        broker_reply(broker,
                     &(struct reply){.kind = REPLY_TAKEN, .peer = peer->key, .id = envelope->id});
    broker_event_of(broker, peer,
                    &(struct broker_transition){.event = "duplicate",
                                                .from = peer->key,
                                                .type = envelope->type,
                                                .id = envelope->id,
                                                .dossier_code = envelope->dossier_code,
                                                .reason = REASON_DUPLICATE});
    return REASON_DUPLICATE;
}
