/* What comes from the gateway: messages for our back office. Each has one of three answers: it is
 * taken into our store; it is refused for good by a signed receipt; or "not now", and the gateway
 * keeps it and sends it again. No failure of our own may become a refusal. Receipts:
 * session_receipts.c; seals that outlived their certificate: session_proof.c. */
#include "adapters/core/session_parts.h"

/* ---- what is refused ---- */

/* "Not now" is for what the gateway keeps and sends again. */
static void put_off(struct session *session, const struct sealed *sealed, enum reason reason)
{
    step_reply_not_now(&session->step, session->gateway, &sealed->envelope.id, reason);
    session->page_is_short = session->page_is_short || reason == REASON_STORE_PUT_BACK ||
                             reason == REASON_STORE_BUSY || reason == REASON_BUSY;
}

/* The gateway says it again only with the message that it speaks of: that one comes in its turn,
 * and what stands behind it in a narrow window does not wait for its lease. */
static void put_off_unproven(struct session *session, const struct sealed *sealed)
{
    struct step *step = &session->step;
    const struct envelope *envelope = &sealed->envelope;
    put_off(session, sealed, sealed->verdict);
    if (!message_type_is_receipt((enum message_type)envelope->type))
        return;
    for (size_t i = 0; i < envelope->receipt.item_count; i++) {
        const struct receipt_item *item = &envelope->receipt.items[i];
        if (key_is_none(&item->sender))
            (void)step_put_off(step, session->gateway, &session->options.self, &item->message_id,
                               sealed->verdict, STEP_RETRY_MS);
    }
}

/* A line about a message: one that is refused or alarming counts against the gateway's share. */
static void note(struct session *session, const char *event, const struct sealed *sealed,
                 enum reason reason)
{
    step_note_message(&session->step, reason == REASON_NONE ? NULL : session->gateway, event,
                      &sealed->envelope, &session->options.self, reason);
}

/* The gateway that sends it again does not know where it stands. */
static void stand_again(struct session *session, const struct envelope *envelope)
{
    struct store *store = session->options.store;
    struct store_message message;
    struct entry entry;
    if (store->verbs->find_message(store, &envelope->sender, &envelope->id, &message) ==
            REASON_NONE &&
        store->verbs->read_entry(store, message.seq, &session->office->key, &entry) ==
            REASON_NONE &&
        entry_state_is_live(entry.state) && entry.reason != REASON_NONE)
        session_tell_standing(session, &envelope->id, &entry);
}

static void answer_duplicate(struct session *session, const struct sealed *sealed)
{
    session_tell_again(session, &sealed->envelope.sender, &sealed->envelope.id);
    step_reply_taken(&session->step, session->gateway, &sealed->envelope.id);
    stand_again(session, &sealed->envelope);
    note(session, "duplicate", sealed, REASON_DUPLICATE);
}

static void refuse(struct session *session, const struct sealed *sealed, enum reason reason)
{
    struct step *step = &session->step;
    const struct envelope *envelope = &sealed->envelope;
    uint64_t ignored;
    enum reason seen = step_check_seen(step, sealed, &ignored);
    if (seen == REASON_DUPLICATE) {
        answer_duplicate(session, sealed); /* it has had its answer */
        return;
    }
    if (seen != REASON_NONE && seen != REASON_ID_REUSED && seen != REASON_ID_TOO_OLD) {
        put_off(session, sealed, REASON_STORE_BUSY);
        return;
    }
    struct receipt_item item = {
        .message_id = envelope->id,
        .digest = sealed->digest,
        .destination = session->options.self,
        .reason = reason,
        .text = bytes_of_text(sealed->field != NULL ? sealed->field : ""),
        .at = step->wall,
    };
    struct told *told =
        step_tell(step, &envelope->sender, MESSAGE_TYPE_RECEIPT_REFUSED, true, &item);
    /* A refusal is kept like what was taken, as an entry that has ended: the same message again
     * gets the same answer, also when a clock or a registry was mended in between, and has one
     * outcome (4). */
    if (seen == REASON_NONE && envelope->type <= MESSAGE_TYPE_BUSINESS_COUNT)
        told->receipt_seq =
            &step_owe_as(step, session_plan_sealed(session, sealed), session->office,
                         STEP_LINE_DOSSIER, ENTRY_REFUSED, reason, 0, (wall_t){0})
                 ->receipt_seq;
    step_reply_taken(step, session->gateway, &envelope->id);
    note(session, "refused", sealed, reason);
}

/* For good, or "not now": what a date decides is not decided while the clock is in doubt. */
static void turn_away(struct session *session, const struct intake *intake,
                      const struct sealed *sealed, enum reason reason)
{
    struct step *step = &session->step;
    enum reason why = clock_temper(&step->clock, reason, intake->arrived, step->wall);
    if (reason_class(why) == REASON_CLASS_TRANSIENT)
        put_off(session, sealed, why);
    else
        refuse(session, sealed, why);
}

/* ---- what is taken ---- */

/* Taken means: in our store, with the debt to our own office, in one commit. "Taken" is said after
 * it, and the receipt of delivery only when the office has it (invariant 9). */
static void take_message(struct session *session, const struct sealed *sealed)
{
    enum step_line line = session_line(session, &sealed->envelope);
    session_note_deadline(session, &sealed->envelope, sealed->envelope.body);
    struct store_message *message = session_plan_sealed(session, sealed);
    enum entry_state state = (enum entry_state)0;
    enum reason why;
    uint64_t receipt_seq;
    enum reason told = session_find_told(session, &sealed->digest, &state, &why, &receipt_seq);
    bool is_noted = state == ENTRY_DELIVERED && session->options.office_has_book;
    if (told == REASON_NONE && !is_noted)
        step_owe_as(&session->step, message, session->office, line, state, why, 0, (wall_t){0})
            ->receipt_seq = receipt_seq;
    else if (told == REASON_NONE || told == REASON_NOT_FOUND)
        step_owe(&session->step, message, session->office, NULL, 0, line,
                 sealed->envelope.expires.at);
    else
        step_fail(&session->step, told);
    step_reply_taken(&session->step, session->gateway, &sealed->envelope.id);
    note(session, "taken", sealed, REASON_NONE);
}

static void take_business(struct session *session, struct intake *intake, struct sealed *sealed)
{
    struct step *step = &session->step;
    const struct envelope *envelope = &sealed->envelope;
    enum reason reason = REASON_NONE;
    if (envelope->expires.at.ms != 0 && envelope->expires.at.ms <= step->wall.ms)
        reason = REASON_EXPIRED;
    else if (session_is_recovering(session) &&
             fetch_has_dossier(step->fetch, envelope->dossier_code))
        reason = REASON_STORE_PUT_BACK; /* a page brings a dossier's messages at once */
    else if (envelope->attachment_count > 0 &&
             fetch_message(step->fetch, intake, sealed, step->now, &reason) == FETCH_WAITS) {
        session->page_is_short = true;
        return;
    }
    if (reason != REASON_NONE)
        turn_away(session, intake, sealed, reason);
    else
        take_message(session, sealed);
}

/* True: our copy of the registry is a step behind the gateway's, which knew the certificate when it
 * took the message in; the next reload ends that. A refusal would be for good. */
static bool is_not_enrolled_yet(const struct sealed *sealed)
{
    return sealed->verdict == REASON_CERTIFICATE_UNKNOWN ||
           sealed->verdict == REASON_CERTIFICATE_UNTRUSTED ||
           sealed->verdict == REASON_CERTIFICATE_NOT_YET_VALID;
}

/* The gateway has verified it too. Where our trust differs from its trust, ours decides for us,
 * and time may end the difference; only what cannot get better is refused. */
static void take_unverified(struct session *session, struct intake *intake, struct sealed *sealed)
{
    bool is_early = is_not_enrolled_yet(sealed);
    if (is_early || reason_class(sealed->verdict) == REASON_CLASS_TRANSIENT) {
        if (is_early)
            note(session, "put_off", sealed, sealed->verdict);
        put_off_unproven(session, sealed);
    } else if (message_type_is_receipt((enum message_type)sealed->envelope.type)) {
        /* It may be good under another registry or revocation list than ours: the gateway keeps it
         * and asks again, later each time. */
        note(session, "alarm", sealed, sealed->verdict);
        put_off_unproven(session, sealed);
    } else {
        turn_away(session, intake, sealed, sealed->verdict);
    }
}

/* A seal that is good but for its date. The gateway's word since when it has had a message needs no
 * such word itself: the message comes again, is put off again, and the word is given anew with the
 * certificate of that day. */
static bool is_judged_later(struct session *session, struct sealed *sealed)
{
    enum reason today = sealed->verdict;
    if (session_is_statements(session, &sealed->envelope)) {
        step_reply_taken(&session->step, session->gateway, &sealed->envelope.id);
        note(session, "statement_ended", sealed, today);
        return true;
    }
    enum reason reason = session_judge_at_custody(session, sealed);
    if (reason == REASON_NONE)
        return false;
    note(session, "put_off", sealed, reason);
    if (reason == today)
        put_off_unproven(session, sealed);
    else
        put_off(session, sealed, reason);
    return true;
}

/* Of a time whose rows have gone by the days of ids: it may have been here, and our office may have
 * it. It is refused by name, and not brought again for ever; a receipt of then ended what it spoke
 * of. */
static void take_forgotten(struct session *session, const struct sealed *sealed)
{
    if (message_type_is_receipt((enum message_type)sealed->envelope.type))
        step_reply_taken(&session->step, session->gateway, &sealed->envelope.id);
    else
        refuse(session, sealed, REASON_ID_TOO_OLD);
}

/* A duplicate is asked about before the type: also a receipt that comes twice is answered and
 * counts once (invariant 5). A head in a parcel is none that we asked for; take_head has those. */
static void take_sealed(struct session *session, struct intake *intake, struct sealed *sealed)
{
    uint64_t ignored;
    if (!sealed->is_parsed) {
        step_note_peer(&session->step, session->gateway, "refused", sealed->verdict);
        return;
    }
    if (session_is_recovering(session)) {
        bool is_own = key_equal(&sealed->envelope.sender, &session->options.self);
        if (is_own)
            session_take_own(session, sealed);
        if (!is_own && !session->has_own) /* receipts too: they may speak of what is not back yet */
            put_off(session, sealed, REASON_STORE_PUT_BACK);
        if (is_own || !session->has_own)
            return;
    }
    if (examine_is_of_time(sealed->verdict) && is_judged_later(session, sealed))
        return;
    if (sealed->verdict != REASON_NONE) {
        take_unverified(session, intake, sealed);
        return;
    }
    enum reason seen = step_check_seen(&session->step, sealed, &ignored);
    if (seen == REASON_DUPLICATE) {
        answer_duplicate(session, sealed);
    } else if (seen == REASON_ID_REUSED) {
        refuse(session, sealed, seen);
        note(session, "alarm", sealed, seen);
    } else if (seen == REASON_ID_TOO_OLD) {
        take_forgotten(session, sealed);
    } else if (seen != REASON_NONE) {
        put_off(session, sealed, REASON_STORE_BUSY);
    } else if (message_type_is_receipt((enum message_type)sealed->envelope.type)) {
        session_take_receipt(session, sealed);
    } else if (sealed->envelope.type != MESSAGE_TYPE_LEDGER_HEAD) {
        take_business(session, intake, sealed);
    }
}

enum turn session_take_parcels(struct session *session, struct intake *intake)
{
    struct step *step = &session->step;
    for (; intake->done < intake->message_count; intake->done++) {
        struct sealed *sealed = &intake->messages[intake->done];
        struct room_need need =
            room_message(sealed->is_parsed ? sealed->envelope.receipt.item_count : 0);
        if (!step_fits(step, &need))
            return TURN_FULL;
        if (step->store_state == REASON_NONE)
            take_sealed(session, intake, sealed);
        else if (sealed->is_parsed)
            put_off(session, sealed, step->store_state);
    }
    return TURN_DONE;
}

/* Messages whose files have come since: judged anew, for the registry may have changed meanwhile.
 */
void session_take_waiting(struct session *session)
{
    const struct room_need need = room_message(0);
    struct peer *gateway;
    struct intake *intake;
    struct sealed *sealed;
    enum reason reason;
    while (step_next_waiting(&session->step, &need, &gateway, &intake, &sealed, &reason)) {
        if (reason == REASON_NONE)
            take_sealed(session, intake, sealed);
        else
            turn_away(session, intake, sealed, reason);
    }
}

/* Whether that message names the file, and as what. */
static bool names_file(struct session *session, uint64_t message_seq, struct fetch_file *file)
{
    struct store *store = session->options.store;
    struct store_document found;
    struct envelope envelope;
    arena_reset(&session->step.scratch);
    if (store->verbs->read_document(store, message_seq, &found) != REASON_NONE ||
        envelope_parse(found.document, &session->step.scratch, &envelope) != REASON_NONE)
        return false;
    for (size_t i = 0; i < envelope.attachment_count; i++) {
        if (!digest_equal(&envelope.attachments[i].digest, &file->digest))
            continue;
        file->size_bytes = envelope.attachments[i].size_bytes;
        file->sender = envelope.sender;
        file->message_id = envelope.id;
        return true;
    }
    return false;
}

/* A damaged file is fetched from the gateway when a live message still names it; which one is
 * looked for in the store, page by page, as this is rare. */
enum reason session_fetch_again(struct session *session, const struct digest *digest)
{
    enum { PAGE = 64, PAGES_MAX = STORE_PAGE_MAX / PAGE };
    struct store *store = session->options.store;
    struct entry entries[PAGE];
    struct fetch_file file = {.digest = *digest};
    struct store_filter filter = {.destination = session->office->key,
                                  .after_destination = session->office->key};
    size_t count = PAGE;
    for (int page = 0; page < PAGES_MAX && count == PAGE; page++) {
        enum reason reason = store->verbs->list(store, &filter, entries, PAGE, &count);
        if (reason != REASON_NONE)
            return reason;
        for (size_t i = 0; i < count; i++) {
            filter.after_seq = entries[i].message_seq;
            if (!names_file(session, entries[i].message_seq, &file))
                continue;
            session->step.more_to_do = true;
            return fetch_again(session->step.fetch, &session->options.gateway, &file)
                       ? REASON_ATTACHMENT_DAMAGED
                       : REASON_BUSY;
        }
    }
    return REASON_NOT_FOUND;
}
