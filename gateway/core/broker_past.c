/* Adapters whose past is not what it was: two programs with one key, and a state that was put back.
 *
 * Each process draws an incarnation. One that comes again after another one is no restart: two
 * programs take turns. A witness says which head of the ledger it has on disk: one that has seen
 * less than before lost what it had. And a sender numbers its messages within a dossier: another
 * message under a number that was used is one of before the loss, or one that was entered twice.
 *
 * None of that ends anything: the message with a repeated number is taken and held, under that
 * reason, until a person has compared the two (invariant 14). At most one alarm a minute for each
 * participant. What has to be known after a restart of ours stands in a note of the store.
 */
#include "gateway/core/broker_parts.h"

#include <stdio.h>
#include <string.h>

#define NOTE_PAST "past/"

enum {
    PAST_ALARM_INTERVAL_MS = 60 * 1000,
    /* How old what is noted of a witness gets: a row in that time, of each whose head has grown. */
    PAST_NOTE_INTERVAL_MS = 10 * 1000,
    /* Two programs take the connection from one another every few seconds; a person who starts one
     * copy, looks, and starts the other again is slower. */
    TAKE_TURNS_MS = 5 * 60 * 1000,
};

/* ---- what outlives this process ---- */

static struct bytes note_name(struct broker *broker, const struct peer *peer)
{
    char *name = plan_take(&broker->step.plan, sizeof NOTE_PAST + PARTICIPANT_KEY_BYTES_MAX);
    int size = snprintf(name, sizeof NOTE_PAST + PARTICIPANT_KEY_BYTES_MAX, NOTE_PAST "%s",
                        peer->key.text);
    return (struct bytes){(const uint8_t *)name, (size_t)size};
}

/* At the first hello after our own start: an adapter may be put back while we are away, and one
 * that gave reason does not lose it by our restart. */
static void recall_past(struct broker *broker, struct peer *peer)
{
    struct adapter *adapter = adapter_of(broker, peer);
    struct store *store = broker->options.store;
    struct bytes note;
    if (adapter->is_recalled)
        return;
    enum reason reason = store->verbs->read_note(store, note_name(broker, peer), &note);
    if (reason == REASON_NONE && note.size != sizeof adapter->noted)
        reason = REASON_NOT_FOUND; /* another release wrote it, with another shape */
    if (reason != REASON_NONE && reason != REASON_NOT_FOUND) {
        step_fail(&broker->step, reason);
        return;
    }
    adapter->is_recalled = true;
    if (reason == REASON_NOT_FOUND)
        return;
    memcpy(&adapter->noted, note.data, sizeof adapter->noted);
    adapter->head = adapter->noted.head;
    adapter->past_alarm = adapter->noted.alarm;
    adapter->past_alarm_since = (mono_t){broker->step.now.ms - TAKE_TURNS_MS - 1};
}

void broker_note_past(struct broker *broker, struct peer *peer)
{
    struct adapter *adapter = adapter_of(broker, peer);
    bool is_due = adapter->noted.alarm != adapter->past_alarm ||
                  (adapter->noted.head.tree_size != adapter->head.tree_size &&
                   broker->step.now.ms >= adapter->note_due.ms);
    if (!adapter->is_recalled || !is_due)
        return;
    adapter->noted = (struct past_note){.alarm = adapter->past_alarm, .head = adapter->head};
    adapter->note_due = (mono_t){broker->step.now.ms + PAST_NOTE_INTERVAL_MS};
    uint8_t *value = plan_take(&broker->step.plan, sizeof adapter->noted);
    memcpy(value, &adapter->noted, sizeof adapter->noted);
    plan_note(&broker->step.plan, note_name(broker, peer),
              (struct bytes){value, sizeof adapter->noted});
}

/* ---- what a hello shows ---- */

static void alarm_past(struct broker *broker, struct peer *peer, enum reason reason)
{
    struct step *step = &broker->step;
    struct adapter *adapter = adapter_of(broker, peer);
    bool is_told = adapter->past_alarm == reason && step->now.ms < adapter->past_alarm_due.ms;
    adapter->past_alarm = reason;
    adapter->past_alarm_since = step->now;
    if (is_told || step->store_state != REASON_NONE)
        return;
    adapter->past_alarm_due = (mono_t){step->now.ms + PAST_ALARM_INTERVAL_MS};
    broker_record(
        broker, &(struct ledger_fact){.kind = LEDGER_ALARM, .sender = peer->key, .reason = reason});
    step_note(step, &(struct transition){.event = "alarm", .from = peer->key, .reason = reason});
}

enum reason broker_past_alarm(const struct broker *broker, const struct peer *peer)
{
    const struct adapter *adapter = adapter_of(broker, peer);
    bool is_recent = broker->step.now.ms - adapter->past_alarm_since.ms <= TAKE_TURNS_MS;
    return is_recent ? adapter->past_alarm : REASON_NONE;
}

static bool is_drawn(const uint8_t *incarnation)
{
    static const uint8_t none[INCARNATION_BYTES];
    return memcmp(incarnation, none, INCARNATION_BYTES) != 0;
}

static bool is_same_process(const uint8_t *one, const uint8_t *other)
{
    return memcmp(one, other, INCARNATION_BYTES) == 0;
}

/* True: an incarnation of a moment ago is back. */
static bool takes_turns(const struct broker *broker, const struct adapter *adapter,
                        const struct frame_hello *hello)
{
    return is_drawn(adapter->incarnation_before) &&
           is_same_process(adapter->incarnation_before, hello->incarnation) &&
           broker->step.now.ms - adapter->incarnation_since.ms <= TAKE_TURNS_MS;
}

/* Another ledger's size says nothing about ours; a witness that has seen none at all is as one of
 * a state that was put back to its first day. */
static bool has_lost_heads(const struct adapter *adapter, const struct frame_hello *hello)
{
    const struct head_seen *before = &adapter->head;
    const struct head_seen *now = &hello->head_seen;
    bool is_same =
        now->tree_size == 0 || memcmp(before->ledger_id, now->ledger_id, LEDGER_ID_BYTES) == 0;
    return is_same && before->tree_size > now->tree_size;
}

void broker_compare_past(struct broker *broker, struct peer *peer, const struct frame_hello *hello)
{
    struct adapter *adapter = adapter_of(broker, peer);
    recall_past(broker, peer);
    if (is_same_process(adapter->incarnation, hello->incarnation))
        return;
    if (takes_turns(broker, adapter, hello))
        alarm_past(broker, peer, REASON_TWO_PROGRAMS_ONE_KEY);
    else if (hello->put_back.ms != 0)
        step_note_peer(&broker->step, peer, "peer_put_back", REASON_STORE_PUT_BACK);
    else if (has_lost_heads(adapter, hello) && adapter->past_alarm != REASON_TWO_PROGRAMS_ONE_KEY)
        alarm_past(broker, peer, REASON_STORE_ROLLED_BACK);
    memcpy(adapter->incarnation_before, adapter->incarnation, INCARNATION_BYTES);
    memcpy(adapter->incarnation, hello->incarnation, INCARNATION_BYTES);
    adapter->incarnation_since = broker->step.now;
    peer->readings = 0;
    step_wake(peer); /* another process: it may know what the last one did not */
}

/* ---- numbers within a dossier ---- */

static uint64_t class_of(const struct envelope *envelope)
{
    enum { ODD = 0x5bd1 };
    uint64_t sender = hash_bytes(key_bytes(&envelope->sender));
    uint64_t class = (sender * UINT64_C(0x9e3779b97f4a7c15)) ^ hash_bytes(envelope->dossier_code);
    return class == 0 ? ODD : class;
}

static bool has_number(const struct store_message *message, const struct envelope *envelope)
{
    return message->sequence == envelope->sequence &&
           message->type <= MESSAGE_TYPE_BUSINESS_COUNT && !key_is_none(&message->recipient) &&
           key_equal(&message->sender, &envelope->sender) && !id_equal(&message->id, &envelope->id);
}

static enum reason is_used(struct broker *broker, const struct envelope *envelope,
                           const struct key *agency, uint64_t message_seq)
{
    struct store *store = broker->options.store;
    struct store_message message;
    (void)agency;
    enum reason reason = store->verbs->read_message(store, message_seq, &message);
    bool is_other = reason == REASON_NONE && !has_number(&message, envelope);
    return is_other ? REASON_NOT_FOUND : reason;
}

/* Whether this step or the store has another message of this sender under this number. Memory is
 * not asked: it also holds what a step that failed had taken. */
static enum reason find_other(struct broker *broker, struct peer *peer,
                              const struct envelope *envelope)
{
    for (size_t i = 0; i < broker->step.plan.store.message_count; i++) {
        const struct store_message *planned = &broker->step.plan.messages[i];
        if (bytes_equal(planned->dossier_code, envelope->dossier_code) &&
            has_number(planned, envelope))
            return REASON_SEQUENCE_REPEATED;
    }
    enum reason reason = broker_search_dossier(broker, peer, envelope, NULL, is_used);
    return reason == REASON_NONE        ? REASON_SEQUENCE_REPEATED
           : reason == REASON_NOT_FOUND ? REASON_NONE
                                        : reason;
}

enum reason broker_compare_sequence(struct broker *broker, struct peer *peer,
                                    const struct envelope *envelope)
{
    if (envelope->sequence == 0)
        return REASON_NONE;
    uint64_t class = class_of(envelope);
    struct last_sequence *last = &broker->sequences[(class >> 32) % BROKER_SEQUENCES_MAX];
    bool is_known = last->class == class;
    bool is_next = is_known && envelope->sequence > last->sequence;
    /* Of who gave reason each number is looked up: behind one that is free (its message was
     * refused) there may be one that is not. Of others what memory has not seen is believed. */
    bool gave_reason = adapter_of(broker, peer)->past_alarm != REASON_NONE;
    enum reason reason = REASON_NONE;
    if (gave_reason || (is_known && !is_next))
        reason = find_other(broker, peer, envelope);
    /* A number that was used says nothing of those that follow it: they were used too, perhaps. */
    if (reason == REASON_NONE && (!is_known || is_next))
        *last = (struct last_sequence){class, envelope->sequence};
    if (reason == REASON_SEQUENCE_REPEATED)
        alarm_past(broker, peer, REASON_SEQUENCE_REPEATED);
    return reason;
}
