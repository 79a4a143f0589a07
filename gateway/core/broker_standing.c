/* Where messages stand, for people (invariant 15): gateway/custody/standing.h has the table. What
 * adapters say of the messages that they took is shown and decides nothing. */
#include "gateway/core/broker_parts.h"

#include "proto/base/check.h"

/* One reason of several, the one that has to be mended first: who is not enrolled cannot connect,
 * who is away says nothing of an office, and an office that is down is why a window is shut. */
void broker_peer_trouble(const struct broker *broker, const struct peer *peer,
                         struct standing *ret_trouble)
{
    const struct window *window = outbox_window(broker->step.outbox, peer->index);
    struct standing trouble = {.party = peer->key};
    if (broker->registry == NULL || registry_participant(broker->registry, &peer->key) == NULL) {
        trouble.reason = REASON_NOT_ENROLLED;
        trouble.party = broker->options.self;
    } else if (!peer->is_connected) {
        trouble.reason = REASON_ADAPTER_AWAY;
        trouble.since = peer->heard_wall;
    } else if (adapter_of(broker, peer)->office != REASON_NONE) {
        trouble.reason = adapter_of(broker, peer)->office;
        trouble.since = adapter_of(broker, peer)->office_since;
    } else if (window->state != WINDOW_CLOSED) {
        trouble.reason = window->reason;
        trouble.since = standing_moment(window->since, broker->step.now, broker->step.wall);
    }
    *ret_trouble = trouble;
}

/* It left: the adapter has it, as far as we know. */
static void stand_under_way(struct broker *broker, const struct peer *peer,
                            const struct entry *entry, struct standing *standing)
{
    struct store *store = broker->options.store;
    struct store_message message;
    if (store->verbs->read_message(store, entry->message_seq, &message) != REASON_NONE)
        return;
    const struct flight *flight =
        outbox_find(broker->step.outbox, peer->index, &message.sender, &message.id);
    if (flight == NULL || !flight->is_taken)
        return; /* as after the last attempt */
    standing->reason = flight->entry.reason;
    standing->since = flight->entry.since;
    if (standing->reason != REASON_NONE)
        return;
    bool is_office = adapter_of(broker, peer)->office != REASON_NONE;
    standing->reason = is_office ? adapter_of(broker, peer)->office : REASON_ANSWER_AWAITED;
    standing->since = is_office ? adapter_of(broker, peer)->office_since
                                : standing_moment((mono_t){flight->deadline.ms - OUTBOX_TAKEN_MS},
                                                  broker->step.now, broker->step.wall);
}

/* Without a look at the line that it stands in. */
static void stand_alone(struct broker *broker, const struct entry *entry, struct standing *standing)
{
    const struct peer *peer = step_find_peer(&broker->step, &entry->destination);
    struct standing trouble = {.reason = REASON_ADAPTER_AWAY, .party = entry->destination};
    if (peer != NULL)
        broker_peer_trouble(broker, peer, &trouble);
    bool is_there = trouble.reason != REASON_NOT_ENROLLED && trouble.reason != REASON_ADAPTER_AWAY;
    if (broker->step.store_state != REASON_NONE) {
        standing->reason = broker->step.store_state;
        standing->since = broker->step.failed_since;
        standing->party = broker->options.self;
    } else if (entry->state == ENTRY_HELD) {
        standing->party = broker->options.self;
    } else if (!is_there) {
        *standing = trouble;
    } else if (entry->state == ENTRY_LEASED) {
        stand_under_way(broker, peer, entry, standing);
    } else {
        standing_of_queue(broker->step.outbox, peer->index, entry, broker->step.now,
                          broker->step.wall, standing);
        if (standing->reason == REASON_NONE) {
            standing->reason = trouble.reason; /* it takes no more before some have left it */
            standing->since = trouble.since;
        }
    }
}

/* What stands behind another in its dossier waits for what that one waits for: shown is the first
 * one's reason, and which it is. */
void broker_standing(struct broker *broker, const struct entry *entry,
                     struct standing *ret_standing)
{
    struct store *store = broker->options.store;
    struct store_message ahead;
    struct entry first;
    bool is_queued = entry->state == ENTRY_QUEUED || entry->state == ENTRY_DEFERRED;
    if (!is_queued || !standing_first(store, entry, &first))
        first = *entry;
    struct standing standing = {
        .reason = first.reason, .since = first.since, .party = first.destination};
    stand_alone(broker, &first, &standing);
    if (first.message_seq < entry->message_seq) {
        standing.next = (wall_t){0};
        if (standing.reason == REASON_NONE)
            standing.reason = REASON_BEHIND_EARLIER;
        if (store->verbs->read_message(store, first.message_seq, &ahead) == REASON_NONE)
            standing.behind = ahead.id;
    }
    *ret_standing = standing;
}

/* ---- what adapters say ---- */

/* A peer's clock may be anywhere; "since tomorrow" would only confuse whoever reads it. */
static wall_t plausible(const struct broker *broker, wall_t since)
{
    return since.ms > 0 && since.ms <= broker->step.wall.ms ? since : broker->step.wall;
}

/* True: it was news. */
static bool hear_item(struct broker *broker, struct peer *peer, const struct standing_item *item)
{
    enum reason reason =
        reason_is_known((uint32_t)item->reason) ? item->reason : REASON_OFFICE_UNKNOWN;
    if (id_is_zero(&item->id)) {
        bool is_news = adapter_of(broker, peer)->office != reason;
        adapter_of(broker, peer)->office = reason;
        adapter_of(broker, peer)->office_since = plausible(broker, item->since);
        return is_news;
    }
    struct flight *flight = outbox_find(broker->step.outbox, peer->index, NULL, &item->id);
    if (flight == NULL || !flight->is_taken)
        return false;
    bool is_news = flight->entry.reason != reason;
    outbox_explain(flight, reason, plausible(broker, item->since));
    return is_news;
}

enum turn broker_hear_standing(struct broker *broker, struct peer *peer, struct intake *intake)
{
    const struct frame_standing *frame = &intake->frame.standing;
    bool is_news = false;
    peer->credit -= STEP_WORK_ID * (int64_t)frame->count;
    for (size_t i = 0; i < frame->count; i++)
        is_news = hear_item(broker, peer, &frame->items[i]) || is_news;
    intake->wasted += !is_news;
    return TURN_DONE;
}

/* ---- what senders ask ---- */

struct answer {
    struct standing_item items[STANDING_ITEMS_MAX];
    size_t count;
    size_t told; /* about what waits */
};
_Static_assert(1 + STANDING_ASK_MAX * ROUTE_DESTINATIONS_MAX <= STANDING_ITEMS_MAX,
               "an answer has room for each place of each message");

static void add_item(struct answer *answer, const struct standing_item *item)
{
    check(answer->count < STANDING_ITEMS_MAX);
    answer->items[answer->count++] = *item;
    answer->told +=
        item->reason != REASON_MESSAGE_FORGOTTEN && item->reason != REASON_CONTENT_PURGED;
}

static void tell_purged(struct answer *answer, const struct message_id *id,
                        const struct key *destination, wall_t since)
{
    add_item(answer, &(struct standing_item){.id = *id,
                                             .destination = *destination,
                                             .reason = REASON_CONTENT_PURGED,
                                             .since = since,
                                             .is_of_gateway = true});
}

/* Its own slot; or that of the receipt that may be told again first of all, which is the newest or
 * one that nobody asks for any more. By number alone two would push each other out for ever. */
static struct retold *find_retold(struct adapter *adapter, uint64_t receipt_seq)
{
    struct retold *first = &adapter->retold[0];
    for (size_t i = 0; i < BROKER_RETOLD_MAX; i++) {
        struct retold *retold = &adapter->retold[i];
        if (retold->receipt_seq == receipt_seq)
            return retold;
        if (retold->due.ms < first->due.ms)
            first = retold;
    }
    return first;
}

/* A question names a message, not the place that it waits for: while one recipient is away for
 * weeks, its sender asks every few seconds, and has the others' receipts already. */
static bool may_tell_again(struct broker *broker, const struct peer *peer, uint64_t receipt_seq)
{
    struct retold *last = find_retold(adapter_of(broker, peer), receipt_seq);
    bool is_first = last->receipt_seq != receipt_seq;
    if (!is_first && broker->step.now.ms < last->due.ms)
        return false;
    uint32_t doubled_ms = 2 * last->gap_ms;
    last->gap_ms = is_first                                ? (uint32_t)BROKER_RETOLD_FIRST_MS
                   : doubled_ms > BROKER_RETOLD_GAP_MAX_MS ? (uint32_t)BROKER_RETOLD_GAP_MAX_MS
                                                           : doubled_ms;
    last->receipt_seq = receipt_seq;
    last->due = (mono_t){broker->step.now.ms + last->gap_ms};
    return true;
}

/* It has ended, and its sender asks still: one that was put back from a backup has lost the receipt
 * that it had taken. When that has gone by the table of retention, it hears so: nobody but its
 * signer could say it anew. */
static void tell_end_again(struct broker *broker, const struct peer *peer,
                           const struct message_id *id, const struct entry *entry,
                           struct answer *answer)
{
    struct store *store = broker->options.store;
    struct store_message message;
    struct entry receipt;
    if (entry->receipt_seq == 0)
        return;
    enum reason reason = store->verbs->read_message(store, entry->receipt_seq, &message);
    if (reason == REASON_NOT_FOUND)
        message.gone = STORE_PART_DOCUMENT; /* and its row with it */
    else if (reason != REASON_NONE)
        return;
    if ((message.gone & STORE_PART_DOCUMENT) != 0)
        tell_purged(answer, id, &entry->destination, entry->due);
    else if (store->verbs->read_entry(store, entry->receipt_seq, &peer->key, &receipt) ==
                 REASON_NONE &&
             receipt.state == ENTRY_DELIVERED && may_tell_again(broker, peer, entry->receipt_seq))
        step_reply_stored(&broker->step, peer, entry->receipt_seq);
}

/* What is not here is offered again; whose row went by its days is refused then, and ends so. */
static void answer_message(struct broker *broker, const struct peer *peer,
                           const struct message_id *id, struct answer *answer)
{
    struct store *store = broker->options.store;
    struct store_message message;
    struct entry entries[ROUTE_DESTINATIONS_MAX];
    size_t count = 0;
    enum reason reason = store->verbs->find_message(store, &peer->key, id, &message);
    if (reason == REASON_NOT_FOUND)
        add_item(answer, &(struct standing_item){
                             .id = *id, .reason = REASON_MESSAGE_FORGOTTEN, .is_of_gateway = true});
    if (reason != REASON_NONE)
        return;
    const struct key recipient = message.recipient;
    uint32_t gone = message.gone;
    if (store->verbs->entries_of(store, message.seq, entries, ROUTE_DESTINATIONS_MAX, &count) !=
        REASON_NONE)
        return;
    if (count == 0 && (gone & STORE_PART_NAMES) != 0) /* with its places */
        tell_purged(answer, id, &recipient, (wall_t){0});
    for (size_t i = 0; i < count; i++) {
        struct standing standing;
        if (!entry_state_is_live(entries[i].state)) {
            tell_end_again(broker, peer, id, &entries[i], answer);
            continue;
        }
        broker_standing(broker, &entries[i], &standing);
        add_item(answer, &(struct standing_item){
                             .id = *id,
                             .destination = entries[i].destination,
                             .reason = standing.reason,
                             .since = standing.since,
                             .is_of_gateway = key_equal(&standing.party, &broker->options.self),
                         });
    }
}

/* A sender hears only of messages of its own: they are looked up under its key, so that a guessed
 * id of another's shows nothing. */
enum turn broker_answer_ask(struct broker *broker, struct peer *peer, struct intake *intake)
{
    const struct frame_taken *ask = &intake->frame.taken;
    static const struct room_need need = {
        {[ROOM_REPLIES] = 2 * BROKER_BACK_PAGE_MAX + STANDING_ASK_MAX * ROUTE_DESTINATIONS_MAX + 1,
         [ROOM_BYTES] = ROOM_HEAD_FRAME_BYTES}};
    struct answer answer = {.count = 1};
    if (!step_fits(&broker->step, &need))
        return TURN_FULL;
    answer.items[0] = (struct standing_item){.reason = broker->step.store_state,
                                             .since = broker->step.failed_since,
                                             .is_of_gateway = true};
    for (size_t i = 0; broker->step.store_state == REASON_NONE && i < ask->count; i++)
        answer_message(broker, peer, &ask->ids[i], &answer);
    peer->credit -= BROKER_WORK_REPEAT * (int64_t)ask->count;
    struct frame frame = {.kind = FRAME_STANDING,
                          .standing = {.items = answer.items, .count = answer.count}};
    if (broker->step.store_state == REASON_NONE)
        answer.told += broker_give_back(broker, peer, ask, &frame.standing);
    /* About nothing that waits, and nothing was lost. */
    intake->wasted += broker->step.store_state == REASON_NONE && answer.told == 0;
    step_reply_frame(&broker->step, &peer->key, &frame);
    return TURN_DONE;
}
