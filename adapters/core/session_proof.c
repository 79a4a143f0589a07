/* Seals whose certificate ended, or was revoked, while their message was on its way.
 *
 * A seal is judged at a proven time:
 *
 *   after custody    at the gateway's custody. We put the message off for that; the gateway
 *                    says since when it has had it, under its own signature and with today's
 *                    certificate ("statement"); the message comes again and is judged as of then.
 *                    What was ended or revoked well before then is refused: it had a moment to be
 *                    verified, stored and fsynced there, and clocks differ (CLOCK_SKEW_MAX_MS).
 *   before custody   at the gateway's clock. It puts the message off, and its sender seals it again
 *                    with the certificate that it has now: the same bytes, the same id, and both
 *                    seals are kept.
 *
 * Notes: "held/" and the digest of a message: when, by which receipt, and what today's verdict was;
 * "sealed/" and the number of a message: the newest seal's certificate, and the parcels before it.
 */
#include "adapters/core/session_parts.h"

#include <string.h>

enum {
    HELD_NOTE_BYTES = 8 + 8 + 4,
    SEALS_KEPT_MAX = 8,
    SEAL_BEFORE_BYTES = 8 + 4,
    SEALED_NOTE_BYTES_MAX = DIGEST_BYTES + SEALS_KEPT_MAX * SEAL_BEFORE_BYTES,
};

/* ---- after custody ---- */

static struct bytes held_name(struct session *session, const struct digest *digest)
{
    return session_note_name(&session->step.plan, NOTE_HELD,
                             (struct bytes){digest->bytes, DIGEST_BYTES});
}

bool session_is_statement(const struct session *session, const struct envelope *envelope,
                          const struct receipt_item *item)
{
    return envelope->type == MESSAGE_TYPE_RECEIPT_CUSTODY &&
           key_equal(&envelope->sender, &session->gateway->key) &&
           key_equal(&item->destination, &session->options.self);
}

bool session_is_statements(const struct session *session, const struct envelope *envelope)
{
    size_t count = envelope->receipt.item_count;
    size_t statements = 0;
    for (size_t i = 0; i < count; i++)
        statements += session_is_statement(session, envelope, &envelope->receipt.items[i]);
    return statements == count && count > 0;
}

static void note_held(struct session *session, const struct digest *digest, wall_t at,
                      uint64_t receipt_seq, enum reason verdict)
{
    uint8_t *value = plan_take(&session->step.plan, HELD_NOTE_BYTES);
    uint32_t number = (uint32_t)verdict;
    memcpy(value, &at.ms, 8);
    memcpy(value + 8, &receipt_seq, 8);
    memcpy(value + 16, &number, 4);
    plan_note(&session->step.plan, held_name(session, digest),
              (struct bytes){value, HELD_NOTE_BYTES});
}

void session_take_statement(struct session *session, const struct receipt_item *item,
                            uint64_t receipt_seq)
{
    /* It was there before it came here: a gateway's clock that ran ahead makes nothing later. */
    wall_t now = session->step.wall;
    note_held(session, &item->digest, item->at.ms < now.ms ? item->at : now, receipt_seq,
              REASON_NONE);
    step_note(&session->step, &(struct transition){.event = "held_since",
                                                   .from = session->gateway->key,
                                                   .to = session->options.self,
                                                   .type = MESSAGE_TYPE_RECEIPT_CUSTODY,
                                                   .id = item->message_id});
}

static enum reason parse_proof(struct bytes note, struct session_proof *ret_proof)
{
    struct session_proof proof;
    uint32_t number;
    if (note.size != HELD_NOTE_BYTES)
        return REASON_STORE_CORRUPT;
    memcpy(&proof.at.ms, note.data, 8);
    memcpy(&proof.receipt_seq, note.data + 8, 8);
    memcpy(&number, note.data + 16, 4);
    proof.verdict = (enum reason)number;
    *ret_proof = proof;
    return REASON_NONE;
}

static void judge(struct session *session, struct sealed *sealed, wall_t at)
{
    arena_reset(&session->step.scratch);
    examine_at(sealed, session->options.crypto, &session->step.scratch, at);
}

enum reason session_judge_at_custody(struct session *session, struct sealed *sealed)
{
    struct bytes note;
    struct session_proof proof;
    enum reason today = sealed->verdict;
    enum reason reason = session_read_note(session, held_name(session, &sealed->digest), &note);
    if (reason == REASON_NONE)
        reason = parse_proof(note, &proof);
    if (reason != REASON_NONE)
        return reason == REASON_NOT_FOUND ? today : reason;
    judge(session, sealed, proof.at);
    if (examine_is_of_time(sealed->verdict))
        judge(session, sealed, (wall_t){proof.at.ms - CLOCK_SKEW_MAX_MS});
    if (sealed->verdict != REASON_NONE)
        return REASON_NONE;
    note_held(session, &sealed->digest, proof.at, proof.receipt_seq, today);
    step_note_message(&session->step, NULL, "judged_at_custody", &sealed->envelope,
                      &session->options.self, today);
    return REASON_NONE;
}

enum reason session_proof(struct session *session, const struct digest *digest,
                          struct session_proof *ret_proof)
{
    struct store *store = session->options.store;
    uint8_t name[sizeof NOTE_HELD - 1 + DIGEST_BYTES];
    struct bytes note;
    memcpy(name, NOTE_HELD, sizeof NOTE_HELD - 1);
    memcpy(name + sizeof NOTE_HELD - 1, digest->bytes, DIGEST_BYTES);
    enum reason reason = store->verbs->read_note(store, (struct bytes){name, sizeof name}, &note);
    return reason == REASON_NONE ? parse_proof(note, ret_proof) : reason;
}

/* ---- before custody ---- */

/* True: it was sealed again with the certificate that we have now: another time helps nobody. */
static bool is_newest(const struct bytes *note, const struct digest *signer)
{
    return note->size >= DIGEST_BYTES && memcmp(note->data, signer->bytes, DIGEST_BYTES) == 0;
}

static void note_sealed(struct session *session, struct bytes name, struct bytes before,
                        const struct digest *signer, const struct store_message *message)
{
    uint8_t *value = plan_take(&session->step.plan, SEALED_NOTE_BYTES_MAX);
    size_t kept = before.size > DIGEST_BYTES ? before.size - DIGEST_BYTES : 0;
    size_t most = (SEALS_KEPT_MAX - 1) * SEAL_BEFORE_BYTES;
    size_t size = DIGEST_BYTES;
    memcpy(value, signer->bytes, DIGEST_BYTES);
    memcpy(value + size, &message->parcel_seq, 8);
    memcpy(value + size + 8, &message->document_index, 4);
    size += SEAL_BEFORE_BYTES;
    kept = kept < most ? kept : most;
    if (kept > 0)
        memcpy(value + size, before.data + DIGEST_BYTES, kept);
    plan_note(&session->step.plan, name, (struct bytes){value, size + kept});
}

static enum reason seal_again(struct session *session, const struct flight *flight)
{
    struct step *step = &session->step;
    struct store *store = session->options.store;
    const struct crypto_port *crypto = session->options.crypto;
    uint64_t seq = flight->entry.message_seq;
    struct digest signer;
    struct bytes note = {0};
    struct store_document found;
    struct bytes name = session_note_name(&step->plan, NOTE_SEALED,
                                          (struct bytes){(const uint8_t *)&seq, sizeof seq});
    crypto->signer(crypto->context, &signer);
    enum reason reason = session_read_note(session, name, &note);
    if (reason == REASON_NONE && is_newest(&note, &signer))
        return REASON_NONE;
    struct bytes before =
        reason == REASON_NONE ? arena_copy(&step->arena, note) : (struct bytes){0};
    if (reason == REASON_NONE || reason == REASON_NOT_FOUND)
        reason = store->verbs->read_document(store, seq, &found);
    if (reason == REASON_NONE)
        reason = sealer_add_again(&step->sealer, &step->plan, &found.message, found.document);
    if (reason != REASON_NONE)
        return reason;
    note_sealed(session, name, before, &signer, &found.message);
    step_note(step, &(struct transition){.event = "sealed_again",
                                         .from = session->options.self,
                                         .to = found.message.recipient,
                                         .type = found.message.type,
                                         .id = flight->id,
                                         .reason = flight->entry.reason});
    return REASON_NONE;
}

void session_seal_again(struct session *session, const struct frame_taken *frame)
{
    static const struct room_need need = {
        {[ROOM_MESSAGES] = 1,
         [ROOM_PARCELS] = 1,
         [ROOM_NOTES] = 1,
         [ROOM_BYTES] = ENVELOPE_BYTES_MAX + ROOM_SEAL_BYTES + 2 * SEALED_NOTE_BYTES_MAX}};
    struct step *step = &session->step;
    if (!examine_is_of_time(frame->reason))
        return;
    for (size_t i = 0; i < frame->count && plan_has_seal_room(&step->plan); i++) {
        const struct flight *flight =
            outbox_find(step->outbox, session->gateway->index, NULL, &frame->ids[i]);
        if (flight == NULL || flight->is_taken ||
            !key_equal(&flight->sender, &session->options.self))
            continue;
        if (!step_fits(step, &need))
            return; /* it is put off again, and its turn comes */
        enum reason reason = seal_again(session, flight);
        if (reason != REASON_NONE) {
            step_fail(step, reason);
            return;
        }
    }
}
