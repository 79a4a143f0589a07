/* What came to nothing is sent again as a new message, and what a job does with an entry here.
 *
 * Only its sender can: the new one is sealed anew, with a number of its own in the dossier. The
 * signed bytes of the first stay as they are (invariant 2); that the two belong together stands in
 * our notes, and both are found from each other. What the office itself refused is never sent again
 * as it was: it would be refused again, or registered although somebody has looked and said no. */
#include "adapters/core/session_parts.h"

#include "routing/registry/registry.h"

#include <string.h>

/* ---- whether it may be ---- */

/* What our programs judge by themselves, of a seal: no office says that. */
static bool is_of_seal(enum reason reason)
{
    return (reason >= REASON_SIGNATURE_MISSING && reason <= REASON_ALGORITHM_MISMATCH) ||
           (reason >= REASON_SIGNATURE_TOO_LARGE && reason <= REASON_LIST_OUT_OF_DATE);
}

/* The copy of a message that went to somebody else: nothing depends on it. */
static bool is_copy(const struct session *session, const struct store_message *message,
                    const struct key *destination)
{
    const struct agency *agency =
        session->registry == NULL ? NULL : registry_agency(session->registry, destination);
    return agency != NULL && agency->role == ROLE_PORTAL &&
           !key_equal(&message->recipient, destination);
}

/* Its recipient signed the refusal, and not for the seal. */
static enum reason check_refusal(struct session *session, const struct entry *entry)
{
    struct store *store = session->options.store;
    struct store_message receipt;
    if (entry->state != ENTRY_REFUSED || is_of_seal(entry->reason))
        return REASON_NONE;
    enum reason reason = entry->receipt_seq == 0
                             ? REASON_NOT_FOUND
                             : store->verbs->read_message(store, entry->receipt_seq, &receipt);
    if (reason == REASON_NONE && key_equal(&receipt.sender, &session->options.gateway))
        return REASON_NONE;
    return reason == REASON_NONE || reason == REASON_NOT_FOUND ? REASON_OFFICE_HAS_REFUSED : reason;
}

static enum reason check_place(struct session *session, const struct store_message *message,
                               struct entry *entry, bool *has_failed)
{
    bool is_way = key_equal(&entry->destination, &session->gateway->key);
    plan_apply_moves(&session->step.plan, entry);
    if (is_copy(session, message, &entry->destination))
        return REASON_NONE;
    if (entry_state_is_live(entry->state))
        return REASON_NOT_ENDED;
    if (entry->reason == REASON_REDIRECTED)
        return REASON_NONE;
    if (entry->state == ENTRY_DELIVERED)
        return is_way ? REASON_NONE : REASON_HAS_ENDED;
    *has_failed = true;
    /* On the way it is the gateway that refuses. */
    return is_way ? REASON_NONE : check_refusal(session, entry);
}

static enum reason check_ended(struct session *session, const struct store_message *message)
{
    enum { ENTRIES_MAX = ROUTE_DESTINATIONS_MAX + SUCCESSOR_HOPS_MAX + 1 };
    struct store *store = session->options.store;
    struct entry entries[ENTRIES_MAX];
    size_t count = 0;
    bool has_failed = false;
    bool is_ours = key_equal(&message->sender, &session->options.self);
    if (!is_ours || message_type_is_receipt((enum message_type)message->type))
        return REASON_NOT_FOUND;
    enum reason reason =
        store->verbs->entries_of(store, message->seq, entries, ENTRIES_MAX, &count);
    for (size_t i = 0; i < count && reason == REASON_NONE; i++)
        reason = check_place(session, message, &entries[i], &has_failed);
    if (reason == REASON_NONE && !has_failed)
        reason = REASON_HAS_ENDED;
    return reason;
}

/* ---- the new one ---- */

/* As long a life as the first had. */
static struct stamp expires_anew(const struct session *session, const struct envelope *first)
{
    struct stamp expires = first->expires;
    if (expires.at.ms != 0)
        expires.at.ms += session->step.wall.ms - first->created.at.ms;
    return expires;
}

static enum reason read_first(struct session *session, uint64_t message_seq,
                              struct envelope *ret_first)
{
    struct step *step = &session->step;
    struct store *store = session->options.store;
    struct store_document found;
    enum reason reason = store->verbs->read_document(store, message_seq, &found);
    if (reason != REASON_NONE)
        return reason;
    /* The store is asked other things before this is used. */
    struct bytes document = arena_copy(&step->arena, found.document);
    if (document.data == NULL)
        return REASON_OUT_OF_MEMORY;
    arena_reset(&step->scratch);
    return envelope_parse(document, &step->scratch, ret_first);
}

static struct bytes note_name(struct session *session, const char *prefix,
                              const struct message_id *id)
{
    return session_note_name(&session->step.plan, prefix,
                             (struct bytes){id->bytes, MESSAGE_ID_BYTES});
}

static enum reason send_as_new(struct session *session, const struct message_id *id,
                               const struct envelope *first, struct submitted *ret_submitted)
{
    struct plan *plan = &session->step.plan;
    const struct submission submission = {
        .draft = {.type = first->type,
                  .recipient = first->recipient,
                  .dossier_code = first->dossier_code,
                  .procedure_code = first->procedure_code,
                  .source_time = first->source_time,
                  .expires = expires_anew(session, first),
                  .in_reply_to = first->in_reply_to,
                  .in_reply_to_digest = first->in_reply_to_digest,
                  .attachments = first->attachments,
                  .attachment_count = first->attachment_count,
                  .acting_for = first->acting_for},
        .body = first->body,
    };
    struct submitted submitted;
    enum reason reason =
        session_submit_once(session, &submission, note_name(session, NOTE_AGAIN, id), &submitted);
    if (reason != REASON_NONE)
        return reason;
    if (!submitted.is_repeated) {
        uint8_t *before = plan_take(plan, MESSAGE_ID_BYTES);
        memcpy(before, id->bytes, MESSAGE_ID_BYTES);
        plan_note(plan, note_name(session, NOTE_BEFORE, &submitted.id),
                  (struct bytes){before, MESSAGE_ID_BYTES});
    }
    *ret_submitted = submitted;
    return REASON_NONE;
}

enum reason session_send_again(struct session *session, uint64_t message_seq,
                               struct submitted *ret_submitted)
{
    static const struct room_need copy = {
        {[ROOM_NOTES] = 1, [ROOM_BYTES] = ENVELOPE_BYTES_MAX + ROOM_NOTE_BYTES}};
    struct store *store = session->options.store;
    struct store_message message;
    struct envelope first;
    if (session->step.store_state != REASON_NONE)
        return session->step.store_state;
    if (session_is_recovering(session) || !session_has_room(session) ||
        !step_fits(&session->step, &copy))
        return REASON_BUSY;
    enum reason reason = store->verbs->read_message(store, message_seq, &message);
    if (reason != REASON_NONE)
        return reason;
    const struct message_id id = message.id;
    reason = check_ended(session, &message);
    if (reason == REASON_NONE)
        reason = read_first(session, message_seq, &first);
    if (reason == REASON_NONE)
        reason = send_as_new(session, &id, &first, ret_submitted);
    return reason;
}

/* ---- the two ---- */

static enum reason find_id(struct session *session, const char *prefix, const struct message_id *id,
                           struct message_id *ret_id)
{
    struct store *store = session->options.store;
    uint8_t name[16 + MESSAGE_ID_BYTES];
    struct bytes note;
    size_t size = bytes_of_text(prefix).size;
    memcpy(name, prefix, size);
    memcpy(name + size, id->bytes, MESSAGE_ID_BYTES);
    enum reason reason =
        store->verbs->read_note(store, (struct bytes){name, size + MESSAGE_ID_BYTES}, &note);
    if (reason == REASON_NONE && note.size < MESSAGE_ID_BYTES)
        return REASON_STORE_CORRUPT;
    if (reason == REASON_NONE)
        memcpy(ret_id->bytes, note.data, MESSAGE_ID_BYTES);
    return reason;
}

enum reason session_find_again(struct session *session, const struct message_id *id,
                               struct message_id *ret_again)
{
    return find_id(session, NOTE_AGAIN, id, ret_again);
}

enum reason session_find_before(struct session *session, const struct message_id *id,
                                struct message_id *ret_before)
{
    return find_id(session, NOTE_BEFORE, id, ret_before);
}

/* ---- jobs ---- */

static enum reason operate(void *core, const struct job *job, const struct entry *entry,
                           struct message_id *ret_created)
{
    static const enum session_operation operations[JOB_OPERATIONS] = {
        [JOB_HOLD] = SESSION_HOLD,
        [JOB_RELEASE] = SESSION_RELEASE,
        [JOB_WITHDRAW] = SESSION_WITHDRAW,
        [JOB_EXPIRE] = SESSION_EXPIRE,
    };
    struct submitted submitted;
    if (job->operation != JOB_SEND_AGAIN)
        return session_operate(core, entry->message_seq, &entry->destination,
                               operations[job->operation]);
    enum reason reason = session_send_again(core, entry->message_seq, &submitted);
    if (reason == REASON_NONE)
        *ret_created = submitted.id;
    return reason;
}

/* The log has it; the note of the job has why. */
static void record(void *core, const struct job *job)
{
    struct session *session = core;
    step_note(&session->step, &(struct transition){.event = "job",
                                                   .from = session->options.self,
                                                   .to = job->set.destination,
                                                   .count = job->count});
}

struct job_hand session_job_hand(struct session *session)
{
    return (struct job_hand){
        .core = session,
        .operations = (1U << JOB_HOLD) | (1U << JOB_RELEASE) | (1U << JOB_WITHDRAW) |
                      (1U << JOB_EXPIRE) | (1U << JOB_SEND_AGAIN) | (1U << JOB_PURGE),
        .hash = session->options.crypto->hash,
        .inbound = session->office->key,
        .operate = operate,
        .judge = session_judge,
        .forget = session_forget,
        .record = record,
    };
}
