/* Messages on their way in: sealed ─authorise▶ admitted ─resolve▶ routed ─plan▶ one commit. Each
 * stage has its type, and only the function of that name makes one: what was not verified cannot be
 * routed, because it does not compile (invariant 3). Refusals: broker_refuse.c; files that have to
 * come first: gateway/custody/fetch.c. */
#include "gateway/core/broker_parts.h"

#include <string.h>

#include "proto/codec/body_moments.h"

/* A message that may come in: nothing but authorise makes one. */
struct admitted {
    struct peer *peer;
    struct intake *intake;
    struct sealed *sealed;
    struct former former; /* it was in custody before */
};

/* Where it goes: nothing but resolve makes one. */
struct routed {
    struct admitted admitted;
    struct route_decision decision;
    struct peer *peers[ROUTE_DESTINATIONS_MAX]; /* of its destinations */
    enum step_line line;
    bool is_repeated; /* its number in the dossier is another message's: it is held */
    bool is_rerouted; /* its dossier has been somewhere before */
};

/* Documents of one parcel that were taken in this step: stored together as they came. */
struct taken_parcel {
    const struct parcel *parcel;
    struct bytes documents[PARCEL_MESSAGES_MAX];
    struct store_message *messages[PARCEL_MESSAGES_MAX];
    size_t count;
};

/* ---- authorise, resolve ---- */

/* Sealed by a clock that shows what has not come yet. While that may be ours, or still is the
 * sender's, it waits. When both agree, the sender's was wrong and is mended: to wait for the time
 * that it showed would be for good. A receipt tells what was, whatever time it gives. */
static bool is_of_the_future(const struct broker *broker, const struct peer *peer,
                             const struct envelope *envelope)
{
    uint32_t agreeing = 0;
    uint32_t differing = 0;
    if (envelope->created.at.ms <= broker->step.wall.ms + CLOCK_SKEW_MAX_MS ||
        message_type_is_receipt((enum message_type)envelope->type))
        return false;
    clock_voice_count(&peer->voice, &broker->step.clock, broker->step.now, &agreeing, &differing);
    return clock_in_doubt(&broker->step.clock) || agreeing == 0;
}

/* In this order, because each question relies on those before: a signature that is sound, then
 * that its signer is who is connected, then whether we have had it, and only then what a date or a
 * policy says. A duplicate is answered although it has expired by now: its outcome stands already
 * (invariant 5). */
static enum reason authorise(struct broker *broker, struct peer *peer, struct intake *intake,
                             struct sealed *sealed, struct admitted *ret_admitted)
{
    const struct envelope *envelope = &sealed->envelope;
    struct former former = {.receipt = NULL};
    bool is_former = broker_find_former(broker, peer, intake, sealed, &former);
    if (sealed->verdict != REASON_NONE)
        return sealed->verdict;
    if (!key_equal(&envelope->sender, &peer->key))
        return REASON_SENDER_NOT_PEER;
    enum reason reason = broker_check_duplicate(broker, peer, sealed);
    if (reason != REASON_NONE)
        return reason;
    if (envelope->type == MESSAGE_TYPE_LEDGER_HEAD)
        return REASON_POLICY_FORBIDDEN;
    if (!is_former && is_of_the_future(broker, peer, envelope))
        return REASON_CLOCK_SKEW;
    if (!is_former && envelope->expires.at.ms != 0 &&
        envelope->expires.at.ms <= broker->step.wall.ms &&
        !broker_is_of_gap(broker, &envelope->id)) /* its recipient knows how it ended */
        return REASON_EXPIRED;
    *ret_admitted = (struct admitted){peer, intake, sealed, former};
    return REASON_NONE;
}

/* A reply names the message that it answers by id and digest; that message came from the one who is
 * answered, or whose work that one has taken over, or from the sender itself. */
static enum reason check_reply(struct broker *broker, const struct envelope *envelope,
                               const struct route_decision *decision)
{
    if (id_is_zero(&envelope->in_reply_to))
        return REASON_NONE;
    struct store *store = broker->options.store;
    struct store_message answered;
    const struct key authors[] = {decision->destinations[0].key, decision->heir_of,
                                  envelope->recipient, envelope->sender};
    enum reason reason = REASON_NOT_FOUND;
    for (size_t i = 0; i < sizeof authors / sizeof *authors && reason == REASON_NOT_FOUND; i++) {
        if (!key_is_none(&authors[i]))
            reason =
                store->verbs->find_message(store, &authors[i], &envelope->in_reply_to, &answered);
    }
    if (reason == REASON_NOT_FOUND)
        return broker_check_lost_reply(broker, envelope, &decision->destinations[0].key);
    if (reason != REASON_NONE)
        return reason;
    return digest_equal(&answered.digest, &envelope->in_reply_to_digest)
               ? REASON_NONE
               : REASON_REPLY_DIGEST_MISMATCH;
}

/* What is asked of a message by the rules of today, for ret_routed->decision. */
static enum reason decide(struct broker *broker, const struct admitted *admitted,
                          const struct route_question *question, struct routed *ret_routed)
{
    const struct envelope *envelope = &admitted->sealed->envelope;
    enum reason reason =
        broker_check_voice(broker, admitted->peer, envelope, &question->agency_of_dossier);
    if (reason == REASON_DOSSIER_OF_ANOTHER && broker_is_incomplete(broker, admitted->peer))
        return REASON_MESSAGE_FORGOTTEN; /* it may be his by a transfer that comes back */
    if (reason == REASON_NONE)
        reason = route_resolve(broker->registry, question, &ret_routed->decision);
    if (reason == REASON_NONE)
        broker_redirect_route(broker, &ret_routed->decision);
    return reason;
}

/* Of what came back the reply alone is asked for, and only to wait for what it answers. */
static enum reason check_context(struct broker *broker, const struct admitted *admitted,
                                 const struct routed *routed)
{
    const struct envelope *envelope = &admitted->sealed->envelope;
    const struct key *first = &routed->decision.destinations[0].key;
    enum reason reason = check_reply(broker, envelope, &routed->decision);
    if (admitted->former.receipt != NULL)
        return reason_class(reason) == REASON_CLASS_TRANSIENT ? reason : REASON_NONE;
    return reason != REASON_NONE ? reason
                                 : broker_check_order(broker, admitted->peer, envelope, first);
}

/* Store first, rules after: which agency has the dossier decides what the rules are asked. After a
 * reason other than NONE ret_routed is not to be used, but for is_repeated. */
static enum reason resolve(struct broker *broker, const struct admitted *admitted,
                           struct routed *ret_routed)
{
    const struct envelope *envelope = &admitted->sealed->envelope;
    struct route_question question = {
        .sender = envelope->sender,
        .type = (enum message_type)envelope->type,
        .recipient = envelope->recipient,
        .procedure_code = envelope->procedure_code,
        .dossier_code = envelope->dossier_code,
        .at = broker->step.wall,
    };
    struct body_moments moments;
    body_moments(envelope->type, envelope->body, &moments);
    /* What carries no reception of its own says when it was made. */
    bool is_transfer = envelope->type == MESSAGE_TYPE_TRANSFER;
    question.received =
        is_transfer && moments.happened.ms != 0 ? moments.happened : envelope->created.at;
    question.area_code = moments.area_code;
    enum reason reason = broker_find_dossier(broker, envelope, &question.agency_of_dossier);
    if (reason == REASON_NONE && admitted->former.receipt == NULL)
        reason = decide(broker, admitted, &question, ret_routed);
    else if (reason == REASON_NONE)
        (void)broker_route_former(broker, &admitted->former, &ret_routed->decision);
    for (size_t i = 0; reason == REASON_NONE && i < ret_routed->decision.destination_count; i++) {
        ret_routed->peers[i] =
            step_get_peer(&broker->step, &ret_routed->decision.destinations[i].key);
        if (ret_routed->peers[i] == NULL)
            reason = REASON_BUSY; /* participants_max of the settings */
    }
    if (reason == REASON_NONE)
        reason = check_context(broker, admitted, ret_routed);
    ret_routed->admitted = *admitted;
    ret_routed->line = broker_line(broker, envelope, &question.agency_of_dossier);
    ret_routed->is_rerouted = !key_is_none(&question.agency_of_dossier);
    return reason;
}

/* ---- plan ---- */

/* Counted from custody on our clock; a sender may ask for less than policy gives, and never for
 * more. What we may have had before our store was put back is not ended by its sender's time here:
 * its recipient may have it, and that one's word counts. */
static wall_t end_of_life(const struct broker *broker, const struct envelope *envelope,
                          int64_t life_ms)
{
    wall_t by_policy = {broker->step.wall.ms + life_ms};
    bool sooner = envelope->expires.at.ms != 0 && envelope->expires.at.ms < by_policy.ms &&
                  !broker_is_of_gap(broker, &envelope->id);
    return sooner ? envelope->expires.at : by_policy;
}

/* Whom the message goes to, for its sender: whose word about it counts. */
static struct bytes name_recipients(struct broker *broker, const struct route_decision *decision)
{
    uint8_t *text = plan_take(&broker->step.plan,
                              decision->destination_count * (PARTICIPANT_KEY_BYTES_MAX + 1));
    size_t size = 0;
    for (size_t i = 0; i < decision->destination_count; i++) {
        struct bytes key = key_bytes(&decision->destinations[i].key);
        if (i > 0)
            text[size++] = ' ';
        memcpy(text + size, key.data, key.size);
        size += key.size;
    }
    return (struct bytes){text, size};
}

/* The receipt's number is written into the message's row by the same plan, so that a repeat can be
 * answered with the original receipt (invariant 5). */
static void tell_custody(struct broker *broker, const struct sealed *sealed,
                         const struct route_decision *decision, struct store_message *message)
{
    const struct ledger_fact fact = {
        .kind = LEDGER_CUSTODY,
        .sender = message->sender,
        .destination = message->recipient,
        .message_id = message->id,
        .digest = message->digest,
        .type = message->type,
        .judged = decision->judged,
    };
    broker_tell(broker, &message->sender, MESSAGE_TYPE_RECEIPT_CUSTODY, &fact,
                name_recipients(broker, decision))
        ->receipt_seq = &message->receipt_seq;
    step_note_message(&broker->step, NULL, "custody", &sealed->envelope, &message->recipient,
                      REASON_NONE);
}

/* One plan: the message, a debt for each destination, the dossier's route and the fact for the
 * receipt. All of it is on disk, or nothing is (invariants 1 and 7). */
static struct store_message *take_custody(struct broker *broker, const struct routed *routed)
{
    struct step *step = &broker->step;
    const struct sealed *sealed = routed->admitted.sealed;
    const struct envelope *envelope = &sealed->envelope;
    const struct route_decision *decision = &routed->decision;
    struct store_message *message = step_plan_sealed(step, sealed, &decision->destinations[0].key);
    for (size_t i = 0; i < decision->destination_count; i++) {
        struct peer *peer = routed->peers[i];
        wall_t end = end_of_life(broker, envelope, decision->destinations[i].life_ms);
        if (!routed->is_repeated) {
            step_owe(step, message, peer, sealed->parcel, sealed->document_index, routed->line,
                     end);
            continue;
        }
        (void)step_owe_as(step, message, peer, routed->line, ENTRY_HELD, REASON_SEQUENCE_REPEATED,
                          (uint32_t)envelope->document.size, end);
        step_note_message(step, NULL, "held", envelope, &peer->key, REASON_SEQUENCE_REPEATED);
    }
    /* One to the centre, of the portal, does not say yet which agency it is for. */
    if (envelope->type == MESSAGE_TYPE_TRANSFER && decision->destinations[0].role == ROLE_AGENCY &&
        !broker_is_overtaken(broker, envelope))
        plan_route(&step->plan, &(struct store_route){.dossier_code = envelope->dossier_code,
                                                      .agency = decision->destinations[0].key,
                                                      .registry_version =
                                                          bytes_of_text(broker->registry_version),
                                                      .message_seq = message->seq,
                                                      .is_later = routed->is_rerouted});
    if (routed->admitted.former.receipt != NULL)
        broker_take_former(broker, &routed->admitted.former, sealed, message);
    else
        tell_custody(broker, sealed, decision, message);
    return message;
}

/* Each is for a person to look at: a flood of them is alarming, and waits at its sender. */
static bool may_hold(struct broker *broker, struct peer *peer)
{
    return allowance_take(&peer->allowance, broker->step.now,
                          (struct allowance_cost){.rows = 1, .lines = 2});
}

/* One message through the whole pipeline; there is room for it. The row in the plan, or NULL when
 * nothing is kept of it. */
static struct store_message *admit(struct broker *broker, struct peer *peer, struct intake *intake,
                                   struct sealed *sealed)
{
    struct admitted admitted;
    struct routed routed;
    struct store_message *message = NULL;
    if (broker_is_former(broker, peer, sealed)) {
        intake->wasted += !broker_former_is_used(intake, sealed);
        return NULL; /* said of the message behind it */
    }
    enum reason reason = authorise(broker, peer, intake, sealed, &admitted);
    if (reason == REASON_NONE &&
        message_type_is_receipt((enum message_type)sealed->envelope.type)) {
        if (broker_take_receipt(broker, peer, sealed, &message))
            broker_remember_id(broker, peer, &sealed->envelope.id);
        else
            intake->wasted++;
        return message;
    }
    if (reason == REASON_NONE)
        reason = resolve(broker, &admitted, &routed);
    if (reason == REASON_NONE && sealed->envelope.attachment_count > 0 &&
        fetch_message(broker->step.fetch, intake, sealed, broker->step.now, &reason) == FETCH_WAITS)
        return NULL;
    if (reason == REASON_NONE)
        reason = broker_compare_sequence(broker, peer, &sealed->envelope);
    routed.is_repeated = reason == REASON_SEQUENCE_REPEATED;
    if (routed.is_repeated && !may_hold(broker, peer))
        reason = REASON_BUSY;
    if (reason == REASON_NONE || reason == REASON_SEQUENCE_REPEATED) {
        step_note_taken(&broker->step, peer);
        message = take_custody(broker, &routed);
        broker_remember_id(broker, peer, &sealed->envelope.id);
    } else {
        intake->wasted++;
        peer->credit -= BROKER_WORK_REPEAT;
        message = broker_turn_away(
            broker, peer, sealed,
            clock_temper(&broker->step.clock, reason, intake->arrived, broker->step.wall));
    }
    return message;
}

/* Documents of one parcel share its manifest and signature, so they are stored under one row;
 * those that were refused are left out, and the manifest still lists their digests. */
static void keep(struct taken_parcel *taken, const struct sealed *sealed,
                 struct store_message *message)
{
    taken->documents[taken->count] = sealed->envelope.document;
    taken->messages[taken->count++] = message;
}

static void plan_taken(struct broker *broker, const struct taken_parcel *taken)
{
    if (taken->count == 0)
        return;
    struct bytes *documents = plan_take(&broker->step.plan, taken->count * sizeof *documents);
    for (size_t i = 0; i < taken->count; i++)
        documents[i] = taken->documents[i];
    uint64_t seq = plan_parcel(&broker->step.plan, documents, taken->count, taken->parcel->manifest,
                               taken->parcel->signature, taken->parcel->certificate);
    for (size_t i = 0; i < taken->count; i++) {
        taken->messages[i]->parcel_seq = seq;
        taken->messages[i]->document_index = (uint32_t)i;
    }
}

static size_t items_of(const struct sealed *sealed)
{
    return sealed->is_parsed ? sealed->envelope.receipt.item_count : 0;
}

/* What a message costs the core, in the units that turns are paid with (step_turn.c): its own, its
 * bytes, and each item of a receipt, which is a look-up and a row. */
static int64_t work_of(const struct sealed *sealed)
{
    return BROKER_WORK_MESSAGE + (int64_t)(sealed->envelope.document.size / BROKER_WORK_BYTES +
                                           BROKER_WORK_ITEM * items_of(sealed));
}

/* Without a session, or while nothing can be committed: all of it is still the sender's. */
static enum turn put_all_off(struct broker *broker, struct peer *peer, struct intake *intake)
{
    static const struct room_need need = {{[ROOM_REPLIES] = 1}};
    enum reason reason = peer->is_connected ? broker->step.store_state : REASON_HELLO_MISSING;
    peer->credit -= BROKER_WORK_FRAME;
    intake->wasted++;
    for (; intake->done < intake->message_count; intake->done++) {
        if (!step_fits(&broker->step, &need))
            return TURN_FULL;
        if (intake->messages[intake->done].is_parsed)
            step_reply_not_now(&broker->step, peer, &intake->messages[intake->done].envelope.id,
                               reason);
    }
    return TURN_DONE;
}

/* A parcel is not cut by the end of a turn, only by want of room: its documents that come later
 * would need a second row with the same manifest and signature. */
enum turn broker_admit_parcels(struct broker *broker, struct peer *peer, struct intake *intake)
{
    struct taken_parcel taken = {0};
    enum turn turn = TURN_DONE;
    if (!peer->is_connected || broker->step.store_state != REASON_NONE)
        return put_all_off(broker, peer, intake);
    for (; turn == TURN_DONE && intake->done < intake->message_count; intake->done++) {
        struct sealed *sealed = &intake->messages[intake->done];
        bool is_next_parcel = sealed->parcel != taken.parcel;
        const struct room_need need = room_message(items_of(sealed));
        if (!step_fits(&broker->step, &need))
            turn = TURN_FULL;
        else if (is_next_parcel && peer->credit <= 0)
            turn = TURN_MORE;
        if (turn != TURN_DONE)
            break;
        if (is_next_parcel) {
            plan_taken(broker, &taken);
            taken = (struct taken_parcel){.parcel = sealed->parcel};
        }
        peer->credit -= work_of(sealed);
        struct store_message *message = admit(broker, peer, intake, sealed);
        if (message != NULL)
            keep(&taken, sealed, message);
    }
    plan_taken(broker, &taken);
    return turn;
}

/* Its files do not come. Several copies of one message may have waited for them: the first has the
 * refusal, and the others are its duplicates (invariant 4). */
static struct store_message *refuse_after_wait(struct broker *broker, struct peer *peer,
                                               struct intake *intake, struct sealed *sealed,
                                               enum reason reason)
{
    enum reason seen = broker_check_duplicate(broker, peer, sealed);
    enum reason why = seen != REASON_NONE ? seen
                                          : clock_temper(&broker->step.clock, reason,
                                                         intake->arrived, broker->step.wall);
    return broker_turn_away(broker, peer, sealed, why);
}

/* It was verified when it came, and is taken now: its custody stands for that its seal was good
 * then (broker_prove.c). */
static struct store_message *admit_after_wait(struct broker *broker, struct peer *peer,
                                              struct intake *intake, struct sealed *sealed)
{
    bool is_long = broker->step.wall.ms - intake->arrived.ms > CLOCK_SKEW_MAX_MS / 2;
    arena_reset(&broker->step.scratch);
    if (is_long && sealed->verdict == REASON_NONE)
        examine_at(sealed, broker->options.crypto, &broker->step.scratch, broker->step.wall);
    return admit(broker, peer, intake, sealed);
}

void broker_admit_waiting(struct broker *broker)
{
    const struct room_need need = room_message(0);
    struct peer *peer;
    struct intake *intake;
    struct sealed *sealed;
    enum reason reason;
    while (step_next_waiting(&broker->step, &need, &peer, &intake, &sealed, &reason)) {
        if (!peer->is_connected || intake->connection != adapter_of(broker, peer)->connection)
            continue; /* the sender has it and sends it again */
        struct taken_parcel taken = {.parcel = sealed->parcel};
        struct store_message *message =
            reason == REASON_NONE ? admit_after_wait(broker, peer, intake, sealed)
                                  : refuse_after_wait(broker, peer, intake, sealed, reason);
        if (message != NULL)
            keep(&taken, sealed, message);
        plan_taken(broker, &taken);
    }
}
