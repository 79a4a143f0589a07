/* What came before, and what cannot come in: the same message again is answered again, another
 * under the same id is refused, and a refusal is told, recorded and remembered. */
#include "gateway/core/broker_parts.h"

#include <string.h>

/* A line about what a peer brought: from the one who is connected, whatever the document says. */
static struct transition line_of(const char *event, const struct peer *peer,
                                 const struct sealed *sealed, enum reason reason)
{
    const struct envelope *envelope = &sealed->envelope;
    struct transition line = {.event = event, .from = peer->key, .reason = reason};
    if (sealed->is_parsed) {
        line.type = envelope->type;
        line.id = envelope->id;
        line.dossier_code = envelope->dossier_code;
    }
    return line;
}

static struct ledger_fact fact_of(enum ledger_kind kind, const struct peer *peer,
                                  const struct sealed *sealed, enum reason reason)
{
    return (struct ledger_fact){
        .kind = kind,
        .sender = peer->key,
        .message_id = sealed->is_parsed ? sealed->envelope.id : (struct message_id){{0}},
        .digest = sealed->digest,
        .type = sealed->is_parsed ? sealed->envelope.type : 0,
        .reason = reason,
    };
}

/* ---- messages that came before ---- */

/* One that is alarming too often is only counted; it is refused like the others, or told "busy". */
static void alarm_reused_id(struct broker *broker, struct peer *peer, const struct sealed *sealed)
{
    const struct ledger_fact fact = fact_of(LEDGER_ALARM, peer, sealed, REASON_ID_REUSED);
    const struct transition line = line_of("alarm", peer, sealed, REASON_ID_REUSED);
    if (!allowance_take(&peer->allowance, broker->step.now,
                        (struct allowance_cost){.records = 1, .lines = 1}))
        return;
    broker_record(broker, &fact);
    step_note(&broker->step, &line);
}

/* The largest id of this peer: the store's, or one of this step's, which may have begun without it
 * when the store could not say. */
static void load_last_id(struct broker *broker, const struct peer *peer, struct adapter *adapter)
{
    struct store *store = broker->options.store;
    const struct plan *plan = &broker->step.plan;
    adapter->has_last_id =
        store->verbs->last_id(store, &peer->key, &adapter->last_id) == REASON_NONE;
    for (size_t i = 0; adapter->has_last_id && i < plan->store.message_count; i++) {
        if (key_equal(&plan->messages[i].sender, &peer->key))
            broker_remember_id(broker, peer, &plan->messages[i].id);
    }
}

/* True: its id is above all that were taken from this peer, which saves the common look-up. */
static bool is_surely_new(struct broker *broker, const struct peer *peer,
                          const struct message_id *id)
{
    struct adapter *adapter = adapter_of(broker, peer);
    if (!adapter->has_last_id)
        load_last_id(broker, peer, adapter);
    return adapter->has_last_id && id_compare(id, &adapter->last_id) > 0;
}

/* Whose word on a message is still to come, for its sender: its places that have not ended. */
static enum reason name_live(struct broker *broker, uint64_t message_seq, struct bytes *ret_keys)
{
    enum { PLACES_MAX = ROUTE_DESTINATIONS_MAX + SUCCESSOR_HOPS_MAX };
    struct store *store = broker->options.store;
    struct entry places[PLACES_MAX];
    size_t count = 0;
    size_t size = 0;
    enum reason reason = store->verbs->entries_of(store, message_seq, places, PLACES_MAX, &count);
    if (reason != REASON_NONE)
        return reason;
    uint8_t *text =
        plan_take(&broker->step.plan, (count + 1) * (size_t)(PARTICIPANT_KEY_BYTES_MAX + 1));
    for (size_t i = 0; i < count; i++) {
        struct bytes key = key_bytes(&places[i].destination);
        plan_apply_moves(&broker->step.plan, &places[i]);
        if (!entry_state_is_live(places[i].state))
            continue;
        if (size > 0)
            text[size++] = ' ';
        memcpy(text + size, key.data, key.size);
        size += key.size;
    }
    *ret_keys = (struct bytes){text, size};
    return REASON_NONE;
}

/* The receipt of then has gone by the table of retention; its row says which kind it was. Its
 * sender is told anew, under our seal of today: taken or refused, when, and that all of it is over
 * and purged, or whose word is still to come. The ledger has that already, so it is no entry there;
 * and it is owed like a message, apart from the receipts of this step that are entries. */
static void tell_anew(struct broker *broker, struct peer *peer, const struct sealed *sealed,
                      uint32_t receipt_type)
{
    static const struct allowance_cost cost = {.rows = 3, .lines = 1};
    struct store *store = broker->options.store;
    struct store_message message;
    const struct message_id *id = &sealed->envelope.id;
    struct bytes live;
    if (store->verbs->find_message(store, &peer->key, id, &message) != REASON_NONE ||
        name_live(broker, message.seq, &live) != REASON_NONE)
        return; /* the store cannot say now: it is asked again */
    if (!allowance_take(&peer->allowance, broker->step.now, cost)) {
        step_reply_not_now(&broker->step, peer, id, REASON_BUSY);
        return;
    }
    const struct receipt_item item = {
        .message_id = *id,
        .digest = sealed->digest,
        /* Custody has no reason (body.c); of a refusal nobody knows any more which it was. */
        .reason =
            receipt_type == MESSAGE_TYPE_RECEIPT_REFUSED ? REASON_CONTENT_PURGED : REASON_NONE,
        .at = message.custody,
        .text = bytes_of_text(live.size > 0 ? "" : reason_code(REASON_CONTENT_PURGED)),
        .recipients = live,
    };
    (void)step_tell(&broker->step, &peer->key, receipt_type, true, &item);
}

/* With the receipt that was given then, byte for byte, as long as it is here (invariant 5). */
static void answer_again(struct broker *broker, struct peer *peer, const struct sealed *sealed,
                         uint64_t receipt_seq)
{
    struct store *store = broker->options.store;
    struct store_message receipt;
    enum reason reason = store->verbs->read_message(store, receipt_seq, &receipt);
    if (reason == REASON_NOT_FOUND) /* its message is held; what was refused at the door is not */
        receipt = (struct store_message){.type = MESSAGE_TYPE_RECEIPT_CUSTODY,
                                         .gone = STORE_PART_DOCUMENT};
    else if (reason != REASON_NONE)
        return;
    if ((receipt.gone & STORE_PART_DOCUMENT) == 0)
        step_reply_stored(&broker->step, peer, receipt_seq);
    else
        tell_anew(broker, peer, sealed, receipt.type);
}

enum reason broker_check_duplicate(struct broker *broker, struct peer *peer,
                                   const struct sealed *sealed)
{
    struct step *step = &broker->step;
    const struct envelope *envelope = &sealed->envelope;
    uint64_t receipt_seq;
    if (is_surely_new(broker, peer, &envelope->id))
        return REASON_NONE;
    enum reason reason = step_check_seen(step, sealed, &receipt_seq);
    if (reason == REASON_ID_REUSED)
        alarm_reused_id(broker, peer, sealed);
    if (reason == REASON_ID_TOO_OLD && message_type_is_receipt((enum message_type)envelope->type)) {
        step_reply_taken(step, peer, &envelope->id); /* of what is over, and was taken then */
        return REASON_DUPLICATE;
    }
    if (reason != REASON_DUPLICATE)
        return reason;
    /* The copy in this step's own plan is answered by this step's receipt. */
    if (receipt_seq != 0)
        answer_again(broker, peer, sealed, receipt_seq);
    else if (message_type_is_receipt((enum message_type)envelope->type))
        step_reply_taken(step, peer, &envelope->id);
    const struct transition line = line_of("duplicate", peer, sealed, REASON_DUPLICATE);
    step_note_of(step, peer, &line);
    return REASON_DUPLICATE;
}

/* Ids begin with their time, so that a sender's next one is nearly always above all before: then
 * no row is asked. One that is not is looked up; memory only saves the question, it never answers
 * it. */
void broker_remember_id(struct broker *broker, const struct peer *peer, const struct message_id *id)
{
    struct adapter *adapter = adapter_of(broker, peer);
    if (adapter->has_last_id && id_compare(id, &adapter->last_id) > 0)
        adapter->last_id = *id;
}

/* ---- refusals ---- */

/* What a refusal writes: its entry and its line, the row of what is remembered, and for the first
 * of a step the rows of its receipt and of the head. A flood is told "busy" and not recorded:
 * nothing was accepted, nothing is lost. */
static bool may_refuse(struct broker *broker, struct peer *peer, bool is_remembered)
{
    struct allowance_cost cost = {.records = 1, .rows = is_remembered, .lines = 1};
    bool is_first = true;
    for (const struct draft *draft = broker->step.drafts; draft != NULL; draft = draft->next)
        is_first = is_first && !(draft->type == MESSAGE_TYPE_RECEIPT_REFUSED &&
                                 key_equal(&draft->to, &peer->key));
    cost.rows += is_first ? 2 : 0;
    return allowance_take(&peer->allowance, broker->step.now, cost);
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

/* What somebody says of a dossier that is none of his is no part of its history: there it would
 * crowd out what is looked up in it. */
static bool is_of_dossier(struct broker *broker, struct peer *peer, const struct sealed *sealed,
                          enum reason reason)
{
    struct key agency = {{0}};
    return reason != REASON_DOSSIER_OF_ANOTHER &&
           broker_find_dossier(broker, &sealed->envelope, &agency) == REASON_NONE &&
           broker_check_voice(broker, peer, &sealed->envelope, &agency) == REASON_NONE;
}

static struct store_message *refuse(struct broker *broker, struct peer *peer,
                                    const struct sealed *sealed, enum reason reason)
{
    static const struct key nobody;
    struct step *step = &broker->step;
    bool is_kept = is_remembered(peer, sealed, reason);
    if (!may_refuse(broker, peer, is_kept)) {
        if (sealed->is_parsed)
            step_reply_not_now(step, peer, &sealed->envelope.id, REASON_BUSY);
        return NULL;
    }
    const struct ledger_fact fact = fact_of(LEDGER_REFUSED, peer, sealed, reason);
    const struct transition line = line_of("refused", peer, sealed, reason);
    struct told *told =
        broker_tell(broker, &peer->key, MESSAGE_TYPE_RECEIPT_REFUSED, &fact, (struct bytes){0});
    told->item.text = bytes_of_text(sealed->field != NULL ? sealed->field : "");
    step_note(step, &line);
    if (!is_kept)
        return NULL;
    struct store_message *message = step_plan_sealed(step, sealed, &nobody);
    if (!is_of_dossier(broker, peer, sealed, reason))
        message->dossier_code = (struct bytes){NULL, 0};
    told->receipt_seq = &message->receipt_seq;
    broker_remember_id(broker, peer, &message->id);
    return message;
}

/* Its sender seals it again when it hears why (adapters/core/session_proof.c). Untrusted: an issuer
 * of the certificate has ended, or is taken out of the anchors; its owner may have another one. */
static bool may_be_sealed_again(const struct peer *peer, const struct sealed *sealed,
                                enum reason reason)
{
    return examine_is_of_time(reason) && key_equal(&sealed->envelope.sender, &peer->key);
}

/* Beside what is transient: a message from the future may be one by the sender's clock or by ours,
 * and becomes the present by waiting; a certificate that is not known may be known after the next
 * reload (broker.h). A receipt that refuses them would be for good. */
static bool may_come_right(enum reason reason)
{
    return reason_class(reason) == REASON_CLASS_TRANSIENT || reason == REASON_CLOCK_SKEW ||
           reason == REASON_CERTIFICATE_UNKNOWN;
}

struct store_message *broker_turn_away(struct broker *broker, struct peer *peer,
                                       const struct sealed *sealed, enum reason reason)
{
    if (reason == REASON_DUPLICATE)
        return NULL;
    bool is_of_time = may_be_sealed_again(peer, sealed, reason);
    if (!is_of_time && !may_come_right(reason))
        return refuse(broker, peer, sealed, reason);
    step_reply_not_now(&broker->step, peer, &sealed->envelope.id, reason);
    /* What a person at the sender or here has to mend is told; the rest ends by itself. */
    if (reason == REASON_CLOCK_SKEW || reason == REASON_CLOCK_IN_DOUBT ||
        reason == REASON_CERTIFICATE_UNKNOWN || is_of_time) {
        const struct transition line = line_of("put_off", peer, sealed, reason);
        step_note_of(&broker->step, peer, &line);
    }
    return NULL;
}

/* A frame that cannot be read has no id to answer: its digest is what the receipt names, so that
 * its sender can tell which of his frames it was. */
enum turn broker_refuse_frame(struct broker *broker, struct peer *peer, struct intake *intake)
{
    if (!step_fits(&broker->step, &room_end))
        return TURN_FULL;
    peer->credit -= BROKER_WORK_FRAME;
    intake->wasted++;
    if (broker->step.store_state != REASON_NONE)
        return TURN_DONE;
    const struct sealed as_a_whole = {.digest = intake->digest};
    if (may_refuse(broker, peer, false)) {
        const struct ledger_fact fact = fact_of(LEDGER_REFUSED, peer, &as_a_whole, intake->reason);
        (void)broker_tell(broker, &peer->key, MESSAGE_TYPE_RECEIPT_REFUSED, &fact,
                          (struct bytes){0});
        const struct transition line = line_of("refused", peer, &as_a_whole, intake->reason);
        step_note(&broker->step, &line);
    }
    return TURN_DONE;
}
