/* The gateway's store was put back from a backup: what it took in between it may not have.
 *
 * Its Welcome says between which moments. We go through what we made then and it had taken, ask
 * where it stands a page at a time (frame ASK), and offer the same bytes again of whatever it does
 * not know, also when it has ended here: routes, answers and what others ask it for hang on it. The
 * recipients know duplicates, and say once more how they ended. Of a dossier a round offers the
 * first that is missing, so that all come in their order. A round that offered something is
 * followed by another one; one that did not ends it, and note "offered" keeps the moment.
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
    session->has_offered = false;
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

/* The messages of a page that are to be asked for. False: the store cannot say. */
static bool take_page(struct session *session, struct message_id *ret_ids, size_t *ret_asked,
                      bool *ret_is_last)
{
    struct store *store = session->options.store;
    uint64_t seqs[STANDING_ASK_MAX];
    size_t count = 0;
    *ret_asked = 0;
    if (store->verbs->after_id(store, &session->options.self, &session->offered_after, seqs,
                               STANDING_ASK_MAX, &count) != REASON_NONE)
        return false;
    *ret_is_last = count < STANDING_ASK_MAX;
    for (size_t i = 0; i < count; i++) {
        struct store_message message;
        if (store->verbs->read_message(store, seqs[i], &message) != REASON_NONE)
            return false;
        if (id_time(&message.id).ms > session->forgot_until.ms + CLOCK_SKEW_MAX_MS) {
            *ret_is_last = true;
            break;
        }
        session->offered_after = message.id;
        ret_ids[*ret_asked] = message.id;
        *ret_asked += was_taken(session, &message);
    }
    return true;
}

void session_ask_forgotten(struct session *session)
{
    struct message_id ids[STANDING_ASK_MAX];
    size_t asked;
    bool is_last;
    if (session->step.now.ms >= session->hold_until.ms)
        step_let_go(&session->step, session->gateway);
    if (!take_page(session, ids, &asked, &is_last))
        return;
    if (asked == 0 && is_last) {
        end_round(session);
    } else if (asked == 0) {
        session->ask_due = session->step.now;
    } else {
        struct frame frame = {.kind = FRAME_ASK, .taken = {.ids = ids, .count = asked}};
        step_reply_frame(&session->step, &session->gateway->key, &frame);
    }
}

void session_offer_again(struct session *session, const struct store_message *message)
{
    static const struct room_need need = {{[ROOM_REPLIES] = 1}};
    struct transition line = {.event = "offered_again",
                              .from = session->options.self,
                              .to = session->gateway->key,
                              .type = message->type,
                              .id = message->id,
                              .reason = REASON_MESSAGE_FORGOTTEN};
    uint64_t place = hash_bytes(message->dossier_code) % SESSION_OFFERED_DOSSIERS;
    uint64_t *places = &session->offered_dossiers[place / 64];
    bool is_behind = (*places >> place % 64 & 1) != 0;
    session->has_offered = true;
    if (is_behind)
        return;
    *places |= UINT64_C(1) << place % 64;
    if (!step_fits(&session->step, &need))
        return; /* it is asked for again */
    step_reply_stored(&session->step, session->gateway, message->seq);
    step_note_of(&session->step, session->gateway, &line);
}
