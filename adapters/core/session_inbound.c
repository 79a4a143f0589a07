/* What comes from the gateway: messages for our back office. Receipts: session_receipts.c. */
#include "adapters/core/session_parts.h"

#include <string.h>

/* ---- messages
 * -------------------------------------------------------------------------------------- */

struct store_message *session_plan_sealed(struct session *session, const struct sealed *sealed)
{
    const struct envelope *envelope = &sealed->envelope;
    struct store_message *message = plan_message(&session->plan);
    message->sender = envelope->sender;
    message->recipient = session->options.self;
    message->id = envelope->id;
    message->digest = sealed->digest;
    message->type = envelope->type;
    message->dossier_code = envelope->dossier_code;
    message->procedure_code = envelope->procedure_code;
    message->sequence = envelope->sequence;
    message->in_reply_to = envelope->in_reply_to;
    message->custody = session->wall;
    struct bytes *document = plan_take(&session->plan, sizeof *document);
    *document = envelope->document;
    message->parcel_seq = plan_parcel(&session->plan, document, 1, sealed->parcel->manifest,
                                      sealed->parcel->signature, sealed->parcel->certificate);
    return message;
}

void session_log_message(struct session *session, const char *event, const struct sealed *sealed,
                         enum reason reason)
{
    const struct envelope *envelope = &sealed->envelope;
    const struct transition line = {.event = event,
                                    .from = envelope->sender,
                                    .to = session->options.self,
                                    .type = envelope->type,
                                    .id = envelope->id,
                                    .dossier_code = envelope->dossier_code,
                                    .reason = reason};
    if (reason == REASON_NONE)
        session_event(session, &line);
    else
        session_event_of(session, &line);
}

/* NONE: never seen. DUPLICATE, ID_REUSED, or why the store cannot say. */
static enum reason check_seen(struct session *session, const struct sealed *sealed)
{
    const struct envelope *envelope = &sealed->envelope;
    struct store *store = session->options.store;
    struct store_message stored;
    const struct store_message *earlier =
        plan_find_message(&session->plan, &envelope->sender, &envelope->id);
    if (earlier == NULL) {
        enum reason reason =
            store->verbs->find_message(store, &envelope->sender, &envelope->id, &stored);
        if (reason != REASON_NONE)
            return reason == REASON_NOT_FOUND ? REASON_NONE : reason;
        earlier = &stored;
    }
    return digest_equal(&earlier->digest, &sealed->digest) ? REASON_DUPLICATE : REASON_ID_REUSED;
}

static void answer_duplicate(struct session *session, const struct sealed *sealed)
{
    session_tell_again(session, &sealed->envelope.sender, &sealed->envelope.id);
    session_reply_taken(session, &sealed->envelope.id);
    session_log_message(session, "duplicate", sealed, REASON_DUPLICATE);
}

/* A refusal is kept like what was taken, as an entry that has ended: the same message again gets
 * the same answer, also when a clock or a registry was mended in between, and has one outcome (4).
 * The place of its end in the plan. */
static size_t plan_refusal(struct session *session, const struct sealed *sealed, enum reason reason)
{
    struct entry entry = {
        .message_seq = session_plan_sealed(session, sealed)->seq,
        .destination = session->office,
        .state = ENTRY_QUEUED,
        .due = session->wall,
    };
    plan_entry(&session->plan, &entry);
    entry_move(&entry, ENTRY_REFUSED);
    entry.reason = reason;
    plan_move(&session->plan, &entry);
    return session->plan.store.move_count - 1;
}

static void refuse(struct session *session, const struct sealed *sealed, enum reason reason)
{
    const struct envelope *envelope = &sealed->envelope;
    enum reason seen = check_seen(session, sealed);
    if (seen == REASON_DUPLICATE) {
        answer_duplicate(session, sealed); /* it has had its answer */
        return;
    }
    if (seen != REASON_NONE && seen != REASON_ID_REUSED) {
        session_reply_not_now(session, &envelope->id, REASON_STORE_BUSY);
        return;
    }
    struct receipt_item item = {
        .message_id = envelope->id,
        .digest = sealed->digest,
        .destination = session->options.self,
        .reason = reason,
        .at = session->wall,
    };
    bool is_kept = seen == REASON_NONE && envelope->type <= MESSAGE_TYPE_BUSINESS_COUNT;
    size_t move = is_kept ? plan_refusal(session, sealed, reason) : TOLD_NO_MOVE;
    session_tell(session, &envelope->sender, MESSAGE_TYPE_RECEIPT_REFUSED, &item, move);
    session_reply_taken(session, &envelope->id);
    session_log_message(session, "refused", sealed, reason);
}

/* For good, or "not now": what a date decides is not decided while the clock is in doubt. */
static void turn_away(struct session *session, const struct intake *intake,
                      const struct sealed *sealed, enum reason reason)
{
    enum reason why = clock_temper(&session->clock, reason, intake->arrived, session->wall);
    if (reason_class(why) == REASON_CLASS_TRANSIENT)
        session_reply_not_now(session, &sealed->envelope.id, why);
    else
        refuse(session, sealed, why);
}

static void take_message(struct session *session, const struct sealed *sealed)
{
    struct store_message *message = session_plan_sealed(session, sealed);
    session_owe(session, message, &session->office, NULL, 0, false, sealed->envelope.expires.at);
    session_reply_taken(session, &sealed->envelope.id);
    session_log_message(session, "taken", sealed, REASON_NONE);
}

static void take_business(struct session *session, struct intake *intake, struct sealed *sealed)
{
    enum reason reason = REASON_NONE;
    bool is_expired =
        sealed->envelope.expires.at.ms != 0 && sealed->envelope.expires.at.ms <= session->wall.ms;
    if (is_expired) {
        turn_away(session, intake, sealed, REASON_EXPIRED);
        return;
    }
    if (sealed->envelope.attachment_count > 0) {
        enum fetch_answer answer =
            fetch_message(session->fetch, intake, sealed, session->now, &reason);
        if (answer == FETCH_WAITS)
            return;
        if (answer == FETCH_REFUSED) {
            turn_away(session, intake, sealed, reason);
            return;
        }
    }
    take_message(session, sealed);
}

/* ---- both
 * --------------------------------------------------------------------------------------------- */

/* The most that may follow from it: a receipt moves and notes each of its items; a message is owed
 * to the office, or refused and told. */
static bool has_room(struct session *session, size_t items)
{
    const struct room_need need = {
        {[ROOM_MESSAGES] = 2,
         [ROOM_PARCELS] = 2,
         [ROOM_ENTRIES] = 2,
         [ROOM_MOVES] = items + 1,
         [ROOM_NOTES] = items,
         [ROOM_REPLIES] = 1 + ROOM_FILE_FRAMES_MAX,
         [ROOM_DELIVERIES] = 2,
         [ROOM_BYTES] = ROOM_MESSAGE_ALL_BYTES + SESSION_TOLD_BYTES + items * SESSION_NOTE_BYTES}};
    return session_fits(session, &need);
}

static void take(struct session *session, struct intake *intake, struct sealed *sealed)
{
    if (!sealed->is_parsed) {
        session_event_of(session, &(struct transition){.event = "refused",
                                                       .from = session->options.gateway,
                                                       .reason = sealed->verdict});
        return;
    }
    /* The gateway knew the certificate when it took the message in: our copy of the registry is a
     * step behind, and the next reload ends that. A refusal would be for good. */
    bool is_not_enrolled_yet = sealed->verdict == REASON_CERTIFICATE_UNKNOWN ||
                               sealed->verdict == REASON_CERTIFICATE_UNTRUSTED ||
                               sealed->verdict == REASON_CERTIFICATE_NOT_YET_VALID;
    if (is_not_enrolled_yet || reason_class(sealed->verdict) == REASON_CLASS_TRANSIENT) {
        if (is_not_enrolled_yet)
            session_log_message(session, "put_off", sealed, sealed->verdict);
        session_reply_not_now(session, &sealed->envelope.id, sealed->verdict);
        return;
    }
    if (sealed->verdict != REASON_NONE &&
        message_type_is_receipt((enum message_type)sealed->envelope.type)) {
        /* It may be good under another registry or revocation list than ours: the gateway keeps it
         * and asks again, later each time. */
        session_log_message(session, "alarm", sealed, sealed->verdict);
        session_reply_not_now(session, &sealed->envelope.id, sealed->verdict);
        return;
    }
    if (sealed->verdict != REASON_NONE) {
        turn_away(session, intake, sealed, sealed->verdict);
        return;
    }
    enum reason seen = check_seen(session, sealed);
    if (seen == REASON_DUPLICATE) {
        answer_duplicate(session, sealed);
    } else if (seen == REASON_ID_REUSED) {
        refuse(session, sealed, seen);
        session_log_message(session, "alarm", sealed, seen);
    } else if (seen != REASON_NONE) {
        session_reply_not_now(session, &sealed->envelope.id, REASON_STORE_BUSY);
    } else if (message_type_is_receipt((enum message_type)sealed->envelope.type)) {
        session_take_receipt(session, sealed);
    } else if (sealed->envelope.type != MESSAGE_TYPE_LEDGER_HEAD) {
        take_business(session, intake, sealed);
    }
}

enum turn session_take_parcels(struct session *session, struct intake *intake)
{
    for (; intake->done < intake->message_count; intake->done++) {
        struct sealed *sealed = &intake->messages[intake->done];
        if (!has_room(session, sealed->is_parsed ? sealed->envelope.receipt.item_count : 0))
            return TURN_FULL;
        if (session->store_state == REASON_NONE)
            take(session, intake, sealed);
        else if (sealed->is_parsed)
            session_reply_not_now(session, &sealed->envelope.id, session->store_state);
    }
    return TURN_DONE;
}

void session_take_waiting(struct session *session)
{
    struct intake *intake;
    struct sealed *sealed;
    enum reason reason;
    for (size_t done = 0; done < FETCH_WAITING_MAX; done++) {
        if (!has_room(session, 0)) {
            session->more_to_do = true;
            return;
        }
        if (!fetch_ready(session->fetch, &intake, &sealed, &reason))
            return;
        if (reason == REASON_NONE)
            take(session, intake, sealed);
        else
            turn_away(session, intake, sealed, reason);
        /* The reference of the wait is given back when the step ends. */
        session->intakes[session->intake_count++] = intake;
    }
}

/* Each file that is wanted may be asked for, or be told as ended. */
void session_settle_files(struct session *session)
{
    static const struct room_need need = {
        {[ROOM_REPLIES] = FETCH_WANTED_MAX,
         [ROOM_BYTES] = FETCH_WANTED_MAX * ROOM_SMALL_FRAME_BYTES}};
    if (session_fits(session, &need))
        fetch_settle(session->fetch, session->now);
    else
        session->more_to_do = true;
}

struct fetch_options session_fetch_options(const struct session_options *options)
{
    return (struct fetch_options){
        .blobs = options->blobs,
        .size_max_bytes = options->attachment_bytes_max,
        .peers_max = 1,
        .hash = options->crypto->hash,
    };
}
