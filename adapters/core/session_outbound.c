/* What local systems submit: frozen, sealed and owed to the gateway in one commit; and the notes of
 * the store about it, found by name:
 *
 *  "own/" a hash of the     id, digest and seq of the message that the reference stands for; the
 *         reference         hash is in the message's id. "ref/" and the reference, of before
 *  "seq/" dossier code      the number of the dossier's last message from here
 *  "again/" id              the same as of a reference: the message was sent again as that one
 *  "out/" id, participant   what was last said of the message (struct outcome)
 *
 * Notes of other files: session_link.c, session_proof.c. */
#include "adapters/core/session_parts.h"

#include <string.h>

enum {
    NOTE_NAME_BYTES = 100, /* the longest: prefix, 64 bytes of reference or dossier code */
    REFERENCE_NOTE_BYTES = MESSAGE_ID_BYTES + DIGEST_BYTES + 8,
    OUTCOME_NOTE_BYTES = 4 + 4 + 8 + 8,
};

struct bytes session_note_name(struct plan *plan, const char *prefix, struct bytes rest)
{
    struct bytes head = bytes_of_text(prefix);
    uint8_t *name = plan_take(plan, head.size + rest.size);
    memcpy(name, head.data, head.size);
    if (rest.size > 0)
        memcpy(name + head.size, rest.data, rest.size);
    return (struct bytes){name, head.size + rest.size};
}

/* The newest of this step goes before the store's: two submissions of one step see each other. */
enum reason session_read_note(struct session *session, struct bytes name, struct bytes *ret_value)
{
    for (size_t i = session->step.plan.store.note_count; i-- > 0;) {
        if (bytes_equal(session->step.plan.notes[i].name, name)) {
            *ret_value = session->step.plan.notes[i].value;
            return REASON_NONE;
        }
    }
    struct store *store = session->options.store;
    return store->verbs->read_note(store, name, ret_value);
}

/* ---- submitting ---- */

/* Files come before the message that names them, so a message that is taken can be sent whole. */
static enum reason check_attachments(struct session *session, struct envelope *draft)
{
    struct blobs *blobs = session->options.blobs;
    for (size_t i = 0; i < draft->attachment_count; i++) {
        const struct attachment *attachment = &draft->attachments[i];
        uint64_t size_bytes;
        enum reason reason = blobs->verbs->find(blobs, &attachment->digest, &size_bytes);
        if (reason == REASON_NOT_FOUND)
            return REASON_ATTACHMENT_MISSING;
        if (reason != REASON_NONE)
            return reason;
        if (size_bytes != attachment->size_bytes)
            return size_bytes < attachment->size_bytes ? REASON_ATTACHMENT_SHORT
                                                       : REASON_ATTACHMENT_LONG;
    }
    return REASON_NONE;
}

/* A note that cannot be read must not count as none: the message would be sent a second time. */
static enum reason find_reference(struct session *session, struct bytes name,
                                  struct submitted *ret_submitted)
{
    struct bytes note;
    enum reason reason = session_read_note(session, name, &note);
    if (reason != REASON_NONE)
        return reason;
    if (note.size != REFERENCE_NOTE_BYTES)
        return REASON_STORE_CORRUPT;
    struct submitted submitted = {.is_repeated = true};
    memcpy(submitted.id.bytes, note.data, MESSAGE_ID_BYTES);
    memcpy(submitted.digest.bytes, note.data + MESSAGE_ID_BYTES, DIGEST_BYTES);
    memcpy(&submitted.message_seq, note.data + MESSAGE_ID_BYTES + DIGEST_BYTES, 8);
    *ret_submitted = submitted;
    return REASON_NONE;
}

/* The bytes of a message of ours: of this step, else the store's. */
static enum reason find_document(struct session *session, uint64_t message_seq,
                                 struct bytes *ret_document)
{
    const struct sealer *sealer = &session->step.sealer;
    for (size_t i = 0; i < sealer->count; i++) {
        if (sealer->messages[i]->seq == message_seq) {
            *ret_document = sealer->documents[i];
            return REASON_NONE;
        }
    }
    struct store *store = session->options.store;
    struct store_document found;
    enum reason reason = store->verbs->read_document(store, message_seq, &found);
    if (reason == REASON_NONE)
        *ret_document = found.document;
    return reason;
}

/* One reference stands for one message: of the same kind, for the same recipient, about the same
 * dossier, in answer to the same message and with the same files. A body does not count: a system
 * that repeats what it had no answer to writes it anew, with the time of the repetition. Nor does
 * who presses the button again: the first one's name was signed. */
static enum reason check_repeated(struct session *session, const struct submission *submission,
                                  uint64_t message_seq)
{
    struct envelope first;
    struct envelope again = submission->draft;
    struct bytes document;
    enum reason reason = find_document(session, message_seq, &document);
    arena_reset(&session->step.scratch);
    if (reason == REASON_NONE)
        reason = envelope_parse(document, &session->step.scratch, &first);
    if (reason == REASON_CONTENT_PURGED)
        return REASON_NONE; /* it was sent, and is over: nothing is left to compare it with */
    if (reason != REASON_NONE)
        return reason;
    if (again.type != first.type)
        return REASON_REFERENCE_REUSED;
    again.id = first.id;
    again.sender = first.sender;
    again.sequence = first.sequence;
    again.created = first.created;
    again.source_time = first.source_time;
    again.expires = first.expires;
    again.acting_for = first.acting_for;
    arena_reset(&session->step.build);
    buffer_clear(&session->step.frame);
    reason = envelope_build(&again, first.body, &session->step.build, &session->step.frame);
    if (reason != REASON_NONE)
        return reason;
    return bytes_equal(buffer_view(&session->step.frame), document) ? REASON_NONE
                                                                    : REASON_REFERENCE_REUSED;
}

static void note_reference(struct session *session, struct bytes name,
                           const struct store_message *message)
{
    uint8_t *value = plan_take(&session->step.plan, REFERENCE_NOTE_BYTES);
    memcpy(value, message->id.bytes, MESSAGE_ID_BYTES);
    memcpy(value + MESSAGE_ID_BYTES, message->digest.bytes, DIGEST_BYTES);
    memcpy(value + MESSAGE_ID_BYTES + DIGEST_BYTES, &message->seq, 8);
    plan_note(&session->step.plan, name, (struct bytes){value, REFERENCE_NOTE_BYTES});
}

/* A reference is also in the id of its message: who was put back from a backup knows it by the
 * messages that come back (session_restore.c). */
static void seed_of(const struct session *session, struct bytes reference,
                    uint8_t ret_seed[ID_RANDOM_BYTES])
{
    struct bytes parts[] = {bytes_of_text("reference/"), key_bytes(&session->options.self),
                            bytes_of_text("/"), reference};
    struct digest digest;
    session->options.crypto->hash(parts, sizeof parts / sizeof *parts, &digest);
    memcpy(ret_seed, digest.bytes, ID_RANDOM_BYTES);
}

static struct bytes own_name(struct session *session, const uint8_t *name)
{
    return session_note_name(&session->step.plan, NOTE_OWN, (struct bytes){name, ID_RANDOM_BYTES});
}

/* What was submitted under that reference. *ret_name: what a new one is noted under, which is found
 * from its id alone, so that it goes with its message. Earlier versions noted the reference. */
static enum reason find_submitted(struct session *session, struct bytes reference,
                                  struct bytes *ret_name, struct submitted *ret_submitted)
{
    uint8_t seed[ID_RANDOM_BYTES];
    uint8_t name[ID_RANDOM_BYTES];
    seed_of(session, reference, seed);
    id_name(seed, name);
    *ret_name = own_name(session, name);
    enum reason reason = find_reference(
        session, session_note_name(&session->step.plan, "ref/", reference), ret_submitted);
    return reason == REASON_NOT_FOUND ? find_reference(session, *ret_name, ret_submitted) : reason;
}

/* The next number of the dossier; written with the message. */
static enum reason next_sequence(struct session *session, struct bytes name, uint64_t *ret_sequence)
{
    struct bytes note;
    uint64_t last = 0;
    enum reason reason = session_read_note(session, name, &note);
    if (reason == REASON_NONE && note.size == sizeof last)
        memcpy(&last, note.data, sizeof last);
    else if (reason != REASON_NOT_FOUND)
        return reason == REASON_NONE ? REASON_STORE_CORRUPT : reason;
    *ret_sequence = last + 1;
    return REASON_NONE;
}

static void note_sequence(struct session *session, struct bytes name, uint64_t sequence)
{
    uint8_t *value = plan_take(&session->step.plan, sizeof sequence);
    memcpy(value, &sequence, sizeof sequence);
    plan_note(&session->step.plan, name, (struct bytes){value, sizeof sequence});
}

enum reason session_note_own(struct session *session, const struct envelope *envelope,
                             const struct store_message *message)
{
    struct bytes name =
        session_note_name(&session->step.plan, NOTE_SEQUENCE, envelope->dossier_code);
    uint64_t next;
    enum reason reason = next_sequence(session, name, &next);
    if (reason == REASON_NONE && envelope->sequence >= next)
        note_sequence(session, name, envelope->sequence);
    if (reason == REASON_NONE)
        note_reference(session, own_name(session, id_name_of(&message->id)), message);
    return reason;
}

/* A clock that is in doubt ends no message (invariant 14): what looks expired is queued all the
 * same. */
static enum reason submit_new(struct session *session, const struct submission *submission,
                              struct bytes reference_name, struct submitted *ret_submitted)
{
    struct step *step = &session->step;
    struct envelope draft = submission->draft;
    struct bytes sequence_name =
        session_note_name(&session->step.plan, NOTE_SEQUENCE, draft.dossier_code);
    size_t index;
    struct store_message *message;
    bool is_late = draft.expires.at.ms > 0 && draft.expires.at.ms <= step->wall.ms &&
                   !clock_in_doubt(&step->clock);
    enum reason reason = is_late ? REASON_EXPIRED : submission->fault;
    if (reason == REASON_NONE)
        reason = check_attachments(session, &draft);
    if (reason == REASON_NONE)
        reason = next_sequence(session, sequence_name, &draft.sequence);
    if (submission->reference.size > 0) {
        uint8_t seed[ID_RANDOM_BYTES];
        seed_of(session, submission->reference, seed);
        id_make_named(&step->sealer.maker, step->wall, seed, &draft.id);
    }
    if (reason == REASON_NONE)
        reason = sealer_add(&step->sealer, &step->plan, &draft, submission->body, step->wall,
                            &index, &message);
    if (reason != REASON_NONE)
        return reason;
    note_sequence(session, sequence_name, draft.sequence);
    draft.sender = session->options.self;
    session_note_deadline(session, &draft, submission->body);
    if (reference_name.size > 0)
        note_reference(session, reference_name, message);
    step_owe(step, message, session->gateway, sealer_parcel(&step->sealer, index), 0,
             STEP_LINE_DOSSIER, draft.expires.at);
    step_note(step, &(struct transition){.event = "submitted",
                                         .from = session->options.self,
                                         .to = draft.recipient,
                                         .type = draft.type,
                                         .id = message->id,
                                         .dossier_code = message->dossier_code});
    *ret_submitted = (struct submitted){message->id, message->digest, message->seq, false};
    return REASON_NONE;
}

bool session_has_room(struct session *session)
{
    /* One change of a local system or answer of the office, beside room for one frame: neither
     * keeps the other out. */
    struct room_need need = room_least;
    need.of[ROOM_MESSAGES] += 2;
    need.of[ROOM_PARCELS] += 2;
    need.of[ROOM_ENTRIES] += 2;
    need.of[ROOM_MOVES] += 1;
    need.of[ROOM_NOTES] += 3;
    need.of[ROOM_DEADLINES] += 1;
    need.of[ROOM_DELIVERIES] += 2;
    need.of[ROOM_BYTES] += ENVELOPE_BYTES_MAX + ROOM_SEAL_BYTES + SESSION_TOLD_BYTES;
    return step_fits(&session->step, &need);
}

enum reason session_submit_once(struct session *session, const struct submission *submission,
                                struct bytes name, struct submitted *ret_submitted)
{
    enum reason reason = find_reference(session, name, ret_submitted);
    return reason == REASON_NOT_FOUND ? submit_new(session, submission, name, ret_submitted)
                                      : reason;
}

/* The reference is the local system's own name for what it hands over: who had no answer submits
 * again with the same one, and gets the first message's id (invariant 5). */
enum reason session_submit(struct session *session, const struct submission *submission,
                           struct submitted *ret_submitted)
{
    struct bytes name = {0};
    if (session->step.store_state != REASON_NONE)
        return session->step.store_state;
    if (session_is_recovering(session))
        return REASON_STORE_PUT_BACK;
    if (!session_has_room(session))
        return REASON_BUSY;
    if (submission->reference.size > REFERENCE_BYTES_MAX ||
        submission->draft.dossier_code.size > DOSSIER_CODE_BYTES_MAX)
        return REASON_FIELD_TOO_LONG;
    if (message_type_is_receipt((enum message_type)submission->draft.type) ||
        submission->draft.type == MESSAGE_TYPE_LEDGER_HEAD)
        return REASON_POLICY_FORBIDDEN;
    if (submission->reference.size > 0) {
        struct submitted earlier;
        enum reason reason = find_submitted(session, submission->reference, &name, &earlier);
        if (reason == REASON_NONE)
            reason = check_repeated(session, submission, earlier.message_seq);
        if (reason == REASON_NONE)
            *ret_submitted = earlier;
        if (reason != REASON_NOT_FOUND)
            return reason;
    }
    return submit_new(session, submission, name, ret_submitted);
}

/* ---- outcomes ---- */

static struct bytes outcome_name(struct plan *plan, const struct message_id *id,
                                 const struct key *destination)
{
    struct bytes key = key_bytes(destination);
    uint8_t *rest = plan_take(plan, MESSAGE_ID_BYTES + key.size);
    memcpy(rest, id->bytes, MESSAGE_ID_BYTES);
    memcpy(rest + MESSAGE_ID_BYTES, key.data, key.size);
    return session_note_name(plan, NOTE_OUTCOME, (struct bytes){rest, MESSAGE_ID_BYTES + key.size});
}

/* Kept as a note under message and participant; bytes in the machine's own order, since a store
 * never leaves its machine. The recipients that custody names stand behind the fixed part. */
void session_note_outcome(struct session *session, const struct message_id *id,
                          const struct key *destination, uint32_t receipt_type, enum reason reason,
                          uint64_t receipt_seq, wall_t at, struct bytes recipients)
{
    uint8_t *value = plan_take(&session->step.plan, OUTCOME_NOTE_BYTES + recipients.size);
    uint32_t number = (uint32_t)reason;
    memcpy(value, &receipt_type, 4);
    memcpy(value + 4, &number, 4);
    memcpy(value + 8, &receipt_seq, 8);
    memcpy(value + 16, &at.ms, 8);
    if (recipients.size > 0)
        memcpy(value + OUTCOME_NOTE_BYTES, recipients.data, recipients.size);
    plan_note(&session->step.plan, outcome_name(&session->step.plan, id, destination),
              (struct bytes){value, OUTCOME_NOTE_BYTES + recipients.size});
}

/* When the store cannot say, the step fails: taken for a no, a recipient that has answered would be
 * awaited for ever. */
bool session_has_outcome(struct session *session, const struct message_id *id,
                         const struct key *destination)
{
    struct bytes note;
    enum reason reason =
        session_read_note(session, outcome_name(&session->step.plan, id, destination), &note);
    if (reason != REASON_NONE && reason != REASON_NOT_FOUND)
        step_fail(&session->step, reason);
    return reason == REASON_NONE;
}

void session_note_recipients(struct session *session, const struct message_id *id,
                             struct bytes recipients)
{
    struct plan *plan = &session->step.plan;
    struct bytes name = outcome_name(plan, id, &session->gateway->key);
    struct bytes note;
    enum reason reason = session_read_note(session, name, &note);
    if (reason != REASON_NONE || note.size < OUTCOME_NOTE_BYTES) {
        if (reason != REASON_NONE && reason != REASON_NOT_FOUND)
            step_fail(&session->step, reason);
        return;
    }
    uint8_t *value = plan_take(plan, OUTCOME_NOTE_BYTES + recipients.size);
    memcpy(value, note.data, OUTCOME_NOTE_BYTES);
    memcpy(value + OUTCOME_NOTE_BYTES, recipients.data, recipients.size);
    plan_note(plan, name, (struct bytes){value, OUTCOME_NOTE_BYTES + recipients.size});
}

/* A word of a text whose words stand between blanks. */
static bool has_word(struct bytes text, struct bytes word)
{
    for (size_t from = 0; from < text.size;) {
        size_t to = from;
        while (to < text.size && text.data[to] != ' ')
            to++;
        if (bytes_equal((struct bytes){text.data + from, to - from}, word))
            return true;
        from = to + 1;
    }
    return false;
}

/* Only whom the gateway's custody named may speak of delivery: another participant's receipt with a
 * good signature would still be forged in its content (invariant 4). */
enum reason session_check_recipient(struct session *session, const struct message_id *id,
                                    const struct key *who)
{
    struct bytes note;
    enum reason reason = session_read_note(
        session, outcome_name(&session->step.plan, id, &session->gateway->key), &note);
    if (reason != REASON_NONE)
        return reason;
    if (note.size <= OUTCOME_NOTE_BYTES)
        return REASON_NOT_FOUND;
    struct bytes recipients = {note.data + OUTCOME_NOTE_BYTES, note.size - OUTCOME_NOTE_BYTES};
    return has_word(recipients, key_bytes(who)) ? REASON_NONE : REASON_RECEIPT_FORBIDDEN;
}

enum reason session_outcome(struct session *session, const struct message_id *id,
                            const struct key *destination, struct outcome *ret_outcome)
{
    struct store *store = session->options.store;
    uint8_t name[NOTE_NAME_BYTES];
    struct bytes key = key_bytes(destination);
    struct bytes note;
    memcpy(name, NOTE_OUTCOME, 4);
    memcpy(name + 4, id->bytes, MESSAGE_ID_BYTES);
    memcpy(name + 4 + MESSAGE_ID_BYTES, key.data, key.size);
    enum reason reason = store->verbs->read_note(
        store, (struct bytes){name, 4 + MESSAGE_ID_BYTES + key.size}, &note);
    if (reason != REASON_NONE)
        return reason;
    if (note.size < OUTCOME_NOTE_BYTES)
        return REASON_STORE_CORRUPT;
    struct outcome outcome;
    uint32_t number;
    memcpy(&outcome.receipt_type, note.data, 4);
    memcpy(&number, note.data + 4, 4);
    memcpy(&outcome.receipt_seq, note.data + 8, 8);
    memcpy(&outcome.at.ms, note.data + 16, 8);
    outcome.reason = (enum reason)number;
    *ret_outcome = outcome;
    return REASON_NONE;
}
