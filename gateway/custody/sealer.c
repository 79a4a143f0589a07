/* What we say ourselves, frozen once (invariant 2): documents are built during the step, and at its
 * end all of them are sealed with one signature over a manifest, which makes evidence as cheap for
 * a thousand messages as for one (invariant 7). Only the loop's thread comes here, since the signer
 * is its own (proto/seal/signer.c). What could not be sealed fails the step, and nothing of it was
 * said yet. */
#include "gateway/custody/sealer.h"

#include "proto/base/check.h"
#include "proto/seal/manifest.h"

size_t sealer_memory_bytes(void)
{
    enum { ALIGNMENT_SLACK = 128 };
    return SEALER_DOCUMENTS_MAX * (sizeof(struct store_message *) + sizeof(struct store_seal *) +
                                   sizeof(struct bytes) + sizeof(struct parcel)) +
           ALIGNMENT_SLACK;
}

void sealer_init(struct sealer *sealer, const struct key *self, int32_t offset_minutes,
                 const struct crypto_port *crypto, struct arena *memory, struct arena *scratch)
{
    *sealer = (struct sealer){
        .self = *self,
        .offset_minutes = offset_minutes,
        .crypto = crypto,
        .scratch = scratch,
        .messages = arena_take(memory, SEALER_DOCUMENTS_MAX * sizeof(struct store_message *)),
        .seals = arena_take(memory, SEALER_DOCUMENTS_MAX * sizeof(struct store_seal *)),
        .documents = arena_take(memory, SEALER_DOCUMENTS_MAX * sizeof(struct bytes)),
        .parcels = arena_take(memory, SEALER_DOCUMENTS_MAX * sizeof(struct parcel)),
    };
    check(sealer->messages != NULL && sealer->documents != NULL && sealer->parcels != NULL);
    check(sealer->seals != NULL);
    buffer_init(&sealer->draft, ENVELOPE_BYTES_MAX + MANIFEST_BYTES_MAX + SIGNATURE_BYTES_MAX);
}

void sealer_release(struct sealer *sealer)
{
    buffer_release(&sealer->draft);
}

void sealer_begin(struct sealer *sealer)
{
    sealer->count = 0;
}

/* An adapter's local system brings times of its own; for all others our clock is the source. */
static void complete(struct sealer *sealer, struct envelope *draft, wall_t now)
{
    draft->sender = sealer->self;
    if (id_is_zero(&draft->id)) {
        uint8_t random[ID_RANDOM_BYTES];
        sealer->crypto->random(sealer->crypto->context, random, sizeof random);
        id_make(&sealer->maker, now, random, &draft->id);
    }
    struct stamp stamp = {now, sealer->offset_minutes};
    if (draft->created.at.ms == 0)
        draft->created = stamp;
    if (draft->source_time.at.ms == 0)
        draft->source_time = stamp;
}

static size_t add_document(struct sealer *sealer, struct store_message *message,
                           struct store_seal *seal, struct bytes document)
{
    sealer->messages[sealer->count] = message;
    sealer->seals[sealer->count] = seal;
    sealer->documents[sealer->count] = document;
    /* Whole only once it is sealed; but its size is asked for before that. */
    sealer->parcels[sealer->count] =
        (struct parcel){.documents = &sealer->documents[sealer->count], .document_count = 1};
    return sealer->count++;
}

enum reason sealer_add(struct sealer *sealer, struct plan *plan, struct envelope *draft,
                       const struct Lienthong__V1__Body *body, wall_t now, size_t *ret_index,
                       struct store_message **ret_message)
{
    check(sealer->count < SEALER_DOCUMENTS_MAX);
    complete(sealer, draft, now);
    arena_reset(sealer->scratch);
    buffer_clear(&sealer->draft);
    enum reason reason = envelope_build(draft, body, sealer->scratch, &sealer->draft);
    if (reason != REASON_NONE)
        return reason;
    struct bytes document = arena_copy(plan->step, buffer_view(&sealer->draft));
    if (document.data == NULL)
        return REASON_OUT_OF_MEMORY;
    draft->document = document;

    size_t size = draft->attachment_count * sizeof *draft->attachments;
    struct bytes files =
        arena_copy(plan->step, (struct bytes){(const uint8_t *)draft->attachments, size});
    if (size > 0 && files.data == NULL)
        return REASON_OUT_OF_MEMORY;

    struct store_message *message = plan_message(plan);
    message->attachments = (const struct attachment *)(const void *)files.data;
    message->attachment_count = draft->attachment_count;
    message->sender = sealer->self;
    message->recipient = draft->recipient;
    message->id = draft->id;
    sealer->crypto->hash(&document, 1, &message->digest);
    message->type = draft->type;
    message->dossier_code = arena_copy(plan->step, draft->dossier_code);
    message->procedure_code = arena_copy(plan->step, draft->procedure_code);
    message->sequence = draft->sequence;
    message->in_reply_to = draft->in_reply_to;
    message->custody = now;
    *ret_index = add_document(sealer, message, NULL, document);
    *ret_message = message;
    return REASON_NONE;
}

/* The same bytes and the same id under a new signature, for a message that was sealed with an
 * earlier certificate and may not be accepted with it any more (session_proof.c; invariant 2). */
enum reason sealer_add_again(struct sealer *sealer, struct plan *plan,
                             const struct store_message *message, struct bytes document)
{
    check(sealer->count < SEALER_DOCUMENTS_MAX);
    struct bytes copy = arena_copy(plan->step, document);
    struct store_message *again = arena_take(plan->step, sizeof *again);
    if (copy.data == NULL || again == NULL)
        return REASON_OUT_OF_MEMORY;
    *again = *message;
    (void)add_document(sealer, again, plan_seal(plan, message->seq), copy);
    return REASON_NONE;
}

static enum reason write_manifest(struct sealer *sealer, size_t from, size_t count)
{
    struct manifest_entry entries[PARCEL_MESSAGES_MAX];
    for (size_t i = 0; i < count; i++) {
        const struct store_message *message = sealer->messages[from + i];
        entries[i] = (struct manifest_entry){message->digest, message->id};
    }
    buffer_clear(&sealer->draft);
    return manifest_write(entries, count, &sealer->draft);
}

/* Seals documents [from, from + count) as one parcel. */
static enum reason seal_group(struct sealer *sealer, struct plan *plan, size_t from, size_t count,
                              wall_t now)
{
    struct bytes manifest = {0};
    struct bytes content = sealer->documents[from];
    if (count > 1) {
        enum reason reason = write_manifest(sealer, from, count);
        if (reason != REASON_NONE)
            return reason;
        manifest = arena_copy(plan->step, buffer_view(&sealer->draft));
        if (manifest.data == NULL)
            return REASON_OUT_OF_MEMORY;
        content = manifest;
    }
    buffer_clear(&sealer->draft);
    enum reason reason =
        sealer->crypto->sign(sealer->crypto->context, content, now, &sealer->draft);
    if (reason != REASON_NONE)
        return reason;
    struct bytes signature = arena_copy(plan->step, buffer_view(&sealer->draft));
    if (signature.data == NULL)
        return REASON_OUT_OF_MEMORY;
    uint64_t seq =
        plan_parcel(plan, &sealer->documents[from], count, manifest, signature, (struct bytes){0});
    for (size_t i = 0; i < count; i++) {
        sealer->messages[from + i]->parcel_seq = seq;
        sealer->messages[from + i]->document_index = (uint32_t)i;
        if (sealer->seals[from + i] != NULL) {
            sealer->seals[from + i]->parcel_seq = seq;
            sealer->seals[from + i]->document_index = (uint32_t)i;
        }
        sealer->parcels[from + i] = (struct parcel){
            .documents = &sealer->documents[from + i],
            .document_count = 1,
            .manifest = manifest,
            .signature = signature,
        };
    }
    return REASON_NONE;
}

/* One signature for each PARCEL_MESSAGES_MAX documents: a parcel's manifest is read whole by
 * everybody who verifies one of them. */
enum reason sealer_seal(struct sealer *sealer, struct plan *plan, wall_t now)
{
    for (size_t from = 0; from < sealer->count;) {
        size_t left = sealer->count - from;
        size_t count = left < PARCEL_MESSAGES_MAX ? left : PARCEL_MESSAGES_MAX;
        enum reason reason = seal_group(sealer, plan, from, count, now);
        if (reason != REASON_NONE)
            return reason;
        from += count;
    }
    return REASON_NONE;
}

/* Whole after sealer_seal; before that it has its document alone, whose size may be asked for. */
const struct parcel *sealer_parcel(const struct sealer *sealer, size_t index)
{
    check(index < sealer->count);
    return &sealer->parcels[index];
}
