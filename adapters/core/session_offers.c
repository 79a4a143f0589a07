/* The gateway's store was put back from a backup: what it took in between it may not have.
 *
 * Its Welcome says between which moments. We go through its own receipts of custody of then, in the
 * order in which it gave them: their ids are of its clock and ascend (broker_load), while what they
 * speak of may have waited here for days before it. We ask where those messages stand, a page at a
 * time (frame ASK), and offer the same bytes again of whatever it does not know, also when it has
 * ended here: routes, answers and what others ask it for hang on it. Its receipt of then stands
 * before it, by which it goes where it went (gateway/core/broker_former.c). The recipients know
 * duplicates, and say once more how they ended. Of a dossier a round offers the first that is
 * missing, so that all come in their order. A round that offered something, or had no answer to one
 * of its questions, is followed by another one; one that did not ends it, and note "offered" keeps
 * the moment.
 */
#include "adapters/core/session_parts.h"

#include <string.h>

#define NOTE_OFFERED "offered"

enum {
    OFFERED_NOTE_BYTES = 8,
    ROUND_MS = 1000,
    /* What is new waits for what was lost, also in other dossiers; not for those that are away. */
    HOLD_MS = 120 * 1000,
};

enum reason session_load_offers(struct session *session)
{
    struct store *store = session->options.store;
    struct bytes note;
    enum reason reason = store->verbs->read_note(store, bytes_of_text(NOTE_OFFERED), &note);
    session->offered_until = (wall_t){0};
    if (reason == REASON_NONE && note.size != OFFERED_NOTE_BYTES)
        return REASON_STORE_CORRUPT;
    if (reason == REASON_NONE)
        memcpy(&session->offered_until.ms, note.data, OFFERED_NOTE_BYTES);
    return reason == REASON_NOT_FOUND ? REASON_NONE : reason;
}

static void begin_round(struct session *session)
{
    static const uint8_t lowest[ID_RANDOM_BYTES];
    struct id_maker maker = {{{0}}};
    int64_t from_ms = session->forgot_since.ms - CLOCK_SKEW_MAX_MS;
    session->is_offering = true;
    session->has_offered = session->is_unheard = false;
    session->offered_item = 0;
    memset(session->offered_dossiers, 0, sizeof session->offered_dossiers);
    id_make(&maker, (wall_t){from_ms > 0 ? from_ms : 0}, lowest, &session->offered_after);
}

void session_begin_offers(struct session *session, const struct frame_welcome *welcome)
{
    session->is_offering = false;
    if (welcome->forgot_until.ms <= session->offered_until.ms ||
        welcome->forgot_since.ms > welcome->forgot_until.ms)
        return;
    session->forgot_since = welcome->forgot_since;
    session->forgot_until = welcome->forgot_until;
    session->offer_end = session->step.plan.base.next_message_seq;
    session->hold_until = (mono_t){session->step.now.ms + HOLD_MS};
    step_hold(&session->step, session->gateway);
    begin_round(session);
}

/* Of a message of ours that the gateway gave custody of. */
static bool was_taken(struct session *session, const struct store_message *message)
{
    struct store *store = session->options.store;
    struct entry entry;
    return message->type <= MESSAGE_TYPE_BUSINESS_COUNT &&
           store->verbs->read_entry(store, message->seq, &session->gateway->key, &entry) ==
               REASON_NONE &&
           entry.state == ENTRY_DELIVERED;
}

static void end_round(struct session *session)
{
    if (session->has_offered) {
        begin_round(session);
        session->ask_due = (mono_t){session->step.now.ms + ROUND_MS}; /* it is on its way */
        return;
    }
    uint8_t *value = plan_take(&session->step.plan, OFFERED_NOTE_BYTES);
    memcpy(value, &session->forgot_until.ms, OFFERED_NOTE_BYTES);
    plan_note(&session->step.plan, bytes_of_text(NOTE_OFFERED),
              (struct bytes){value, OFFERED_NOTE_BYTES});
    session->offered_until = session->forgot_until;
    session->gateway->heartbeat_due = session->step.now; /* others wait for this word */
    session->is_offering = false;
    step_let_go(&session->step, session->gateway);
}

/* What one look may ask for; whatever it does not reach, the next one begins with. */
struct page {
    struct message_id ids[STANDING_ASK_MAX];
    size_t asked;
    size_t looked; /* items of receipts, RECEIPT_ITEMS_MAX at most */
};

/* The gateway's word that it took a message of ours. NOT_FOUND: nothing that is to be asked for;
 * nor is one whose content was purged here: it is over, and there are no bytes to offer. */
static enum reason take_item(struct session *session, const struct receipt_item *item,
                             struct page *page)
{
    struct store *store = session->options.store;
    struct store_message message;
    if (!key_is_none(&item->destination) || !key_is_none(&item->sender))
        return REASON_NOT_FOUND; /* about somebody else, or for somebody else */
    enum reason reason =
        store->verbs->find_message(store, &session->options.self, &item->message_id, &message);
    if (reason != REASON_NONE)
        return reason;
    if ((message.gone & STORE_PART_DOCUMENT) != 0)
        return REASON_NOT_FOUND;
    page->ids[page->asked] = item->message_id;
    page->asked += was_taken(session, &message);
    return REASON_NONE;
}

/* The items of a receipt, from offered_item on, which is 0 again when all were looked at. A receipt
 * whose content was purged speaks of what is over: there is nothing left to offer. */
static enum reason take_receipt(struct session *session, uint64_t seq, struct page *page)
{
    struct store *store = session->options.store;
    struct store_document found;
    struct envelope envelope;
    enum reason reason = store->verbs->read_document(store, seq, &found);
    arena_reset(&session->step.scratch);
    if (reason == REASON_NONE &&
        envelope_parse(found.document, &session->step.scratch, &envelope) != REASON_NONE)
        reason = REASON_CONTENT_PURGED;
    if (reason != REASON_NONE)
        return reason == REASON_CONTENT_PURGED ? REASON_NONE : reason;
    const struct receipt *receipt = &envelope.receipt;
    while (session->offered_item < receipt->item_count) {
        if (page->asked == STANDING_ASK_MAX || page->looked == RECEIPT_ITEMS_MAX)
            return REASON_NONE;
        reason = take_item(session, &receipt->items[session->offered_item], page);
        if (reason != REASON_NONE && reason != REASON_NOT_FOUND)
            return reason;
        session->offered_item++;
        page->looked++;
    }
    session->offered_item = 0;
    return REASON_NONE;
}

/* It came after the Welcome, and has a time of then: nothing before it is behind it. */
static bool is_of_now(const struct session *session, const struct store_message *receipt)
{
    return receipt->seq >= session->offer_end &&
           id_time(&receipt->id).ms > session->forgot_until.ms + CLOCK_SKEW_MAX_MS;
}

/* The messages of a page that are to be asked for. False: the store cannot say. */
static bool take_page(struct session *session, struct page *page, bool *ret_is_last)
{
    struct store *store = session->options.store;
    uint64_t seqs[STORE_IDS_MAX];
    size_t count = 0;
    if (store->verbs->after_id(store, &session->gateway->key, &session->offered_after, seqs,
                               STORE_IDS_MAX, &count) != REASON_NONE)
        return false;
    *ret_is_last = count < STORE_IDS_MAX;
    for (size_t i = 0; i < count; i++) {
        struct store_message receipt;
        if (store->verbs->read_message(store, seqs[i], &receipt) != REASON_NONE)
            return false;
        const struct message_id id = receipt.id;
        if (is_of_now(session, &receipt)) {
            *ret_is_last = true;
            return true;
        }
        if (receipt.type == MESSAGE_TYPE_RECEIPT_CUSTODY &&
            take_receipt(session, seqs[i], page) != REASON_NONE)
            return false;
        bool is_full = page->asked == STANDING_ASK_MAX || page->looked == RECEIPT_ITEMS_MAX;
        if (session->offered_item == 0)
            session->offered_after = id;
        if (session->offered_item > 0 || (is_full && i + 1 < count)) {
            *ret_is_last = false;
            return true;
        }
    }
    return true;
}

void session_ask_forgotten(struct session *session)
{
    struct page page = {.asked = 0};
    bool is_last;
    if (session->step.now.ms >= session->hold_until.ms)
        step_let_go(&session->step, session->gateway);
    if (!take_page(session, &page, &is_last))
        return;
    session->has_offered = session->has_offered || session->is_unheard; /* it may be missing */
    session->is_unheard = page.asked > 0;
    if (page.asked == 0 && is_last) {
        end_round(session);
    } else if (page.asked == 0) {
        session->ask_due = session->step.now;
    } else {
        struct frame frame = {.kind = FRAME_ASK, .taken = {.ids = page.ids, .count = page.asked}};
        step_reply_frame(&session->step, &session->gateway->key, &frame);
    }
}

void session_offer_again(struct session *session, const struct store_message *message)
{
    static const struct room_need need = {{[ROOM_REPLIES] = 1}};
    struct store *store = session->options.store;
    struct entry entry;
    uint64_t seq = message->seq;
    struct transition line = {.event = "offered_again",
                              .from = session->options.self,
                              .to = session->gateway->key,
                              .type = message->type,
                              .id = message->id,
                              .reason = REASON_MESSAGE_FORGOTTEN};
    if ((message->gone & STORE_PART_DOCUMENT) != 0)
        return; /* purged since it was asked for */
    uint64_t place = hash_bytes(message->dossier_code) % SESSION_OFFERED_DOSSIERS;
    uint64_t *places = &session->offered_dossiers[place / 64];
    bool is_behind = (*places >> place % 64 & 1) != 0;
    session->has_offered = true;
    if (is_behind)
        return;
    *places |= UINT64_C(1) << place % 64;
    if (!step_fits(&session->step, &need))
        return; /* it is asked for again */
    enum reason reason = store->verbs->read_entry(store, seq, &session->gateway->key, &entry);
    step_reply_proven(&session->step, session->gateway,
                      reason == REASON_NONE ? entry.receipt_seq : 0, seq);
    step_note_of(&session->step, session->gateway, &line);
}
