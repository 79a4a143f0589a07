/* The gateway after its store was put back from a backup (ops/backup): what it took, settled and
 * told since the backup is gone here, and known by others.
 *
 *   note "restored", of the restore command ──load──▶ a new ledger id ──first commit──▶
 *   entry RESTORED, which names id, size and root of the ledger before; the note becomes "gap"
 *
 * The entries of the backup stay the beginning of the tree. A witness that has seen more of the old
 * one records a break, which a person explains and closes there (adapters/core/session_link.c).
 * Senders ask where their messages stand; of what we have lost we say so, and they offer the same
 * bytes again (adapters/core/session_offers.c). What others say of messages that were made before
 * the restore, while these are not back, is no alarm: ids have their time in them. Replies to what
 * is not back yet wait for it, and so does what is new behind it in its dossier: the others are to
 * hear all of it in its order.
 */
#include "gateway/core/broker_parts.h"

#include <string.h>

#define NOTE_RESTORED "restored"
#define NOTE_GAP      "gap"

enum { GAP_NOTE_BYTES = 16 }; /* backup and restore, milliseconds; also of "restored" */
#define GAP_JOINED_MS (INT64_C(60) * 24 * 3600 * 1000) /* more than a message lives */

static enum reason read_gap(struct broker *broker, const char *name, struct gap *ret_gap)
{
    struct store *store = broker->options.store;
    struct bytes note;
    enum reason reason = store->verbs->read_note(store, bytes_of_text(name), &note);
    if (reason == REASON_NONE && note.size != GAP_NOTE_BYTES)
        return REASON_STORE_CORRUPT;
    if (reason != REASON_NONE)
        return reason;
    memcpy(&ret_gap->from.ms, note.data, 8);
    memcpy(&ret_gap->until.ms, note.data + 8, 8);
    return REASON_NONE;
}

enum reason broker_load_restore(struct broker *broker)
{
    const struct crypto_port *crypto = broker->options.crypto;
    struct ledger *ledger = &broker->ledger;
    broker->is_restored = false;
    broker->gap = (struct gap){.from = {0}};
    struct gap earlier = {.from = {0}};
    enum reason reason = read_gap(broker, NOTE_GAP, &earlier);
    if (reason == REASON_NONE || reason == REASON_NOT_FOUND)
        reason = read_gap(broker, NOTE_RESTORED, &broker->gap);
    if (reason == REASON_NOT_FOUND)
        broker->gap = earlier;
    if (reason != REASON_NONE)
        return reason == REASON_NOT_FOUND ? REASON_NONE : reason;
    /* Who was away since the one before makes up for both. */
    if (earlier.until.ms != 0 && earlier.from.ms < broker->gap.from.ms &&
        broker->gap.until.ms - earlier.until.ms < GAP_JOINED_MS)
        broker->gap.from = earlier.from;
    memcpy(broker->old_ledger_id, ledger->id, LEDGER_ID_BYTES);
    crypto->random(crypto->context, ledger->id, LEDGER_ID_BYTES);
    broker->is_restored = broker->ledger_id_is_new = true;
    return REASON_NONE;
}

static const struct room_need room_restored = {
    {[ROOM_NOTES] = 2,
     [ROOM_RECORDS] = 1,
     [ROOM_BYTES] = ROOM_LEDGER_ENTRY_BYTES + 2 * ROOM_NOTE_BYTES}};

void broker_record_restore(struct broker *broker)
{
    struct plan *plan = &broker->step.plan;
    if (!step_fits(&broker->step, &room_restored))
        return;
    struct ledger_fact fact = {.kind = LEDGER_RESTORED,
                               .sender = broker->options.self,
                               .tree_size = broker->ledger.committed.size};
    uint8_t *note = plan_take(plan, GAP_NOTE_BYTES);
    merkle_root(&broker->ledger.committed, broker->ledger.hash, &fact.digest);
    memcpy(fact.message_id.bytes, broker->old_ledger_id, LEDGER_ID_BYTES);
    broker_record(broker, &fact);
    memcpy(note, &broker->gap.from.ms, 8);
    memcpy(note + 8, &broker->gap.until.ms, 8);
    plan_note(plan, bytes_of_text(NOTE_GAP), (struct bytes){note, GAP_NOTE_BYTES});
    plan_note(plan, bytes_of_text(NOTE_RESTORED), (struct bytes){NULL, 0});
    step_note(&broker->step, &(struct transition){.event = "restored",
                                                  .from = broker->options.self,
                                                  .reason = REASON_LEDGER_BROKEN});
}

/* An id says when a message was made, not when we took it: it may have waited at its sender from
 * before the backup, for as long as that one was away. Nothing is lost of what was made since the
 * restore. */
bool broker_is_of_gap(const struct broker *broker, const struct message_id *id)
{
    return broker->gap.until.ms != 0 && id_time(id).ms < broker->gap.until.ms + CLOCK_SKEW_MAX_MS;
}

static bool has_offered(const struct broker *broker, const struct peer *peer)
{
    return broker->adapters[peer->index].offered_until.ms >= broker->gap.until.ms;
}

/* Of those whose messages we lost, the one who is answered still has it, or nobody has. */
enum reason broker_check_lost_reply(const struct broker *broker, const struct envelope *envelope,
                                    const struct key *recipient)
{
    const struct peer *peer = step_find_peer(&broker->step, recipient);
    if (!broker_is_of_gap(broker, &envelope->in_reply_to))
        return REASON_REPLY_UNKNOWN;
    return peer != NULL && has_offered(broker, peer) ? REASON_NONE : REASON_MESSAGE_FORGOTTEN;
}

enum { ORDER_MS = 10 * 60 * 1000 }; /* what was lost is offered within minutes of a hello */

static bool still_offers(const struct broker *broker, const struct peer *peer)
{
    return peer->is_connected && !has_offered(broker, peer) &&
           broker->step.now.ms - broker->adapters[peer->index].greeted.ms <= ORDER_MS;
}

bool broker_is_incomplete(const struct broker *broker, const struct peer *peer)
{
    for (uint32_t i = 0; broker->gap.until.ms != 0 && i < broker->step.peer_count; i++) {
        if (&broker->step.peers[i] != peer && still_offers(broker, &broker->step.peers[i]))
            return true;
    }
    return false;
}

/* Who has offered all that was lost sends what is new: it waits while the one that it is for still
 * offers, perhaps what came before it in the dossier. */
enum reason broker_check_order(const struct broker *broker, const struct peer *peer,
                               const struct envelope *envelope, const struct key *recipient)
{
    const struct peer *other = step_find_peer(&broker->step, recipient);
    bool begins = envelope->sequence <= 1 && id_is_zero(&envelope->in_reply_to);
    bool waits = broker->gap.until.ms != 0 && !begins && other != NULL &&
                 has_offered(broker, peer) && still_offers(broker, other);
    return waits ? REASON_MESSAGE_FORGOTTEN : REASON_NONE;
}

/* ---- to others that were put back ---- */

static size_t give_own(struct broker *broker, struct peer *peer, const struct message_id *after,
                       struct frame_standing *answer)
{
    struct store *store = broker->options.store;
    struct store_message message;
    uint64_t seqs[BROKER_BACK_PAGE_MAX];
    size_t count = 0;
    if (store->verbs->after_id(store, &peer->key, after, seqs, BROKER_BACK_PAGE_MAX, &count) !=
        REASON_NONE)
        return 0;
    for (size_t i = 0; i < count; i++) {
        peer->credit -= BROKER_WORK_REPEAT;
        if (store->verbs->read_message(store, seqs[i], &message) != REASON_NONE)
            return i;
        step_reply_stored(&broker->step, peer, seqs[i]);
        answer->own_until = message.id;
    }
    answer->own_is_all = count < BROKER_BACK_PAGE_MAX;
    return count;
}

/* Custody times ascend with the numbers, as far as clocks do. Of a number whose row has gone the
 * next one's counts. */
static uint64_t first_since(struct broker *broker, wall_t since)
{
    struct store *store = broker->options.store;
    uint64_t low = 1;
    uint64_t high = broker->step.plan.base.next_message_seq;
    while (low < high) {
        struct store_message message;
        uint64_t middle = low + (high - low) / 2;
        uint64_t seq = middle;
        enum reason reason = store->verbs->next_message(store, middle - 1, &seq);
        if (reason == REASON_NONE)
            reason = store->verbs->read_message(store, seq, &message);
        if (reason == REASON_NONE && message.custody.ms < since.ms)
            low = seq + 1;
        else
            high = middle;
    }
    return low;
}

static size_t give_others(struct broker *broker, struct peer *peer, const struct frame_taken *ask,
                          struct frame_standing *answer)
{
    enum { LOOKED_AT_MAX = 512 };
    struct store *store = broker->options.store;
    uint64_t end = broker->step.plan.base.next_message_seq;
    uint64_t seq =
        ask->others_after != 0 ? ask->others_after + 1 : first_since(broker, ask->others_since);
    size_t given = 0;
    for (size_t i = 0; i < LOOKED_AT_MAX && given < BROKER_BACK_PAGE_MAX && seq < end; i++, seq++) {
        struct entry entry;
        peer->credit -= BROKER_WORK_READ;
        enum reason reason = store->verbs->read_entry(store, seq, &peer->key, &entry);
        if (reason != REASON_NONE && reason != REASON_NOT_FOUND)
            return given;
        if (reason == REASON_NOT_FOUND || entry.attempts == 0)
            continue; /* what was never sent comes in its turn */
        peer->credit -= BROKER_WORK_MESSAGE + (int64_t)(entry.size_bytes / BROKER_WORK_BYTES);
        step_reply_stored(&broker->step, peer, seq);
        given++;
    }
    answer->others_until = seq - 1;
    answer->others_is_all = seq >= end;
    if (answer->others_is_all)
        step_let_go(&broker->step, peer);
    return given;
}

size_t broker_give_back(struct broker *broker, struct peer *peer, const struct frame_taken *ask,
                        struct frame_standing *answer)
{
    if (ask->wants_own)
        return give_own(broker, peer, &ask->own_after, answer);
    return ask->others_since.ms > 0 ? give_others(broker, peer, ask, answer) : 0;
}
