/* From bytes to judged messages: parse, hash, verify. Run by the worker threads, so everything is
 * in the intake's own arena and nothing is read that another thread may change; certificates are
 * judged at the time that came with the frame.
 *
 * A verdict stands on each message and not on the frame: one that is broken leaves the others of
 * its parcel as they are. In pieces of one parcel, so that the pool can give another peer its turn
 * between them. */
#include "gateway/custody/examine.h"

#include "proto/seal/manifest.h"

size_t examine_memory_bytes(size_t frame_bytes)
{
    /* Parsed forms are a few times larger than what they are made of, plus what is fixed. */
    enum { FIXED_BYTES = 8 * 1024, PER_BYTE = 6 };
    return FIXED_BYTES + frame_bytes * PER_BYTE;
}

/* What a well-formed frame begins with, and all that it holds: its kind, as a sub-message. */
static bool begins_with(struct bytes frame, enum frame_kind kind)
{
    enum { SUB_MESSAGE = 2 };
    return frame.size > 0 && frame.data[0] == ((unsigned int)kind << 3 | SUB_MESSAGE);
}

bool examine_is_chunk(struct bytes frame)
{
    return begins_with(frame, FRAME_BLOB_CHUNK);
}

/* What carries no signature is examined by the loop at once, since waking a thread costs more. */
bool examine_is_light(struct bytes frame)
{
    enum { LIGHT_BYTES_MAX = 16 * 1024 };
    return frame.size <= LIGHT_BYTES_MAX && !begins_with(frame, FRAME_PARCELS) &&
           !begins_with(frame, FRAME_LEDGER_HEAD);
}

/* Hashed also when it cannot be parsed: the digest is then all that a refusal can name. */
static void parse_document(struct sealed *sealed, struct bytes document, struct arena *arena,
                           const struct crypto_port *crypto)
{
    crypto->hash(&document, 1, &sealed->digest);
    sealed->verdict = envelope_parse(document, arena, &sealed->envelope);
    sealed->is_parsed = sealed->verdict == REASON_NONE;
    sealed->envelope.document = document;
}

/* The expected signer is the sender that the envelope names: whoever else signed it, however well,
 * did not send it (invariant 3). */
static enum reason verify_single(const struct parcel *parcel, const struct sealed *sealed,
                                 const struct crypto_port *crypto, wall_t now)
{
    return crypto->verify(crypto->context, parcel->documents[0], parcel->signature,
                          parcel->certificate, &sealed->envelope.sender, now);
}

/* One signature over the manifest. */
static enum reason check_manifest(const struct parcel *parcel, const struct key *sender,
                                  const struct crypto_port *crypto, struct arena *arena, wall_t now,
                                  struct manifest **ret_manifest)
{
    *ret_manifest = arena_take(arena, sizeof **ret_manifest);
    if (*ret_manifest == NULL)
        return REASON_OUT_OF_MEMORY;
    enum reason reason = manifest_parse(parcel->manifest, *ret_manifest);
    return reason != REASON_NONE
               ? reason
               : crypto->verify(crypto->context, parcel->manifest, parcel->signature,
                                parcel->certificate, sender, now);
}

/* The document must stand in it under its own id. */
static enum reason check_listed(const struct manifest *manifest, const struct sealed *sealed)
{
    const struct manifest_entry *entry = manifest_find(manifest, &sealed->digest);
    return entry == NULL || !id_equal(&entry->id, &sealed->envelope.id) ? REASON_MANIFEST_MISMATCH
                                                                        : REASON_NONE;
}

/* One verification for the whole parcel. All messages have to be of one sender: the signature is
 * his over all of them, and a message of another within it would be forged. */
static void verify_manifest(const struct parcel *parcel, struct sealed *messages,
                            const struct crypto_port *crypto, struct arena *arena, wall_t now)
{
    const struct sealed *first = NULL;
    struct manifest *manifest;
    for (size_t i = 0; i < parcel->document_count && first == NULL; i++)
        first = messages[i].is_parsed ? &messages[i] : NULL;
    if (first == NULL)
        return;
    enum reason verdict =
        check_manifest(parcel, &first->envelope.sender, crypto, arena, now, &manifest);
    for (size_t i = 0; i < parcel->document_count; i++) {
        struct sealed *sealed = &messages[i];
        if (!sealed->is_parsed)
            continue;
        sealed->verdict = verdict != REASON_NONE ? verdict : check_listed(manifest, sealed);
        if (sealed->verdict == REASON_NONE &&
            !key_equal(&sealed->envelope.sender, &first->envelope.sender))
            sealed->verdict = REASON_SIGNER_NOT_SENDER;
    }
}

/* After the signature, so that the refusal is about a message of its sender's. */
static void examine_content(struct sealed *sealed)
{
    if (sealed->is_parsed && sealed->verdict == REASON_NONE)
        sealed->verdict =
            envelope_check_content(&sealed->envelope, sealed->envelope.body, &sealed->field);
}

static void examine_parcel(const struct parcel *parcel, struct sealed *messages,
                           const struct crypto_port *crypto, struct arena *arena, wall_t now)
{
    for (size_t i = 0; i < parcel->document_count; i++) {
        messages[i] = (struct sealed){.parcel = parcel, .document_index = (uint32_t)i};
        parse_document(&messages[i], parcel->documents[i], arena, crypto);
    }
    if (parcel->manifest.size > 0) {
        verify_manifest(parcel, messages, crypto, arena, now);
    } else if (parcel->document_count > 1) {
        for (size_t i = 0; i < parcel->document_count; i++)
            messages[i].verdict = REASON_SIGNATURE_MISSING;
    } else if (messages[0].is_parsed) {
        messages[0].verdict = verify_single(parcel, &messages[0], crypto, now);
    }
    for (size_t i = 0; i < parcel->document_count; i++)
        examine_content(&messages[i]);
}

bool examine_is_of_time(enum reason verdict)
{
    return verdict == REASON_CERTIFICATE_EXPIRED || verdict == REASON_CERTIFICATE_REVOKED ||
           verdict == REASON_CERTIFICATE_UNTRUSTED;
}

/* The verdict once more, at the moment of custody: what waited long for its files, or is shown by a
 * custodian later, is judged by the days of that moment. */
void examine_at(struct sealed *sealed, const struct crypto_port *crypto, struct arena *arena,
                wall_t at)
{
    const struct parcel *parcel = sealed->parcel;
    struct manifest *manifest;
    if (parcel->manifest.size == 0) {
        sealed->verdict = parcel->document_count == 1 ? verify_single(parcel, sealed, crypto, at)
                                                      : REASON_SIGNATURE_MISSING;
    } else {
        sealed->verdict =
            check_manifest(parcel, &sealed->envelope.sender, crypto, arena, at, &manifest);
        if (sealed->verdict == REASON_NONE)
            sealed->verdict = check_listed(manifest, sealed);
    }
    examine_content(sealed);
}

/* FRAME_PARCELS_MAX parcels of PARCEL_MESSAGES_MAX would fit into a frame; the sum has a bound of
 * its own, for each message costs a place and a hash. */
static enum reason begin_parcels(struct intake *intake, const struct parcel *parcels, size_t count)
{
    size_t messages = 0;
    for (size_t i = 0; i < count; i++)
        messages += parcels[i].document_count;
    if (messages > EXAMINE_MESSAGES_MAX)
        return REASON_FRAME_TOO_LARGE;
    intake->messages = arena_take(&intake->arena, messages * sizeof *intake->messages);
    if (intake->messages == NULL)
        return REASON_OUT_OF_MEMORY;
    intake->parcels = parcels;
    intake->parcel_count = count;
    return REASON_NONE;
}

/* A frame that cannot be read is hashed as a whole: its digest is all that its refusal can name. */
bool examine_begin(struct intake *intake, const struct crypto_port *crypto)
{
    intake->message_count = intake->parcel_count = intake->parcels_examined = 0;
    intake->reason = frame_parse(intake->bytes, &intake->arena, &intake->frame);
    if (intake->reason == REASON_NONE && intake->frame.kind == FRAME_PARCELS)
        intake->reason =
            begin_parcels(intake, intake->frame.parcels.parcels, intake->frame.parcels.count);
    else if (intake->reason == REASON_NONE && intake->frame.kind == FRAME_LEDGER_HEAD)
        intake->reason = begin_parcels(intake, &intake->frame.ledger_head.parcel, 1);
    if (intake->reason != REASON_NONE)
        crypto->hash(&intake->bytes, 1, &intake->digest);
    return intake->parcel_count > 0;
}

bool examine_next(struct intake *intake, const struct crypto_port *crypto, wall_t now)
{
    const struct parcel *parcel = &intake->parcels[intake->parcels_examined++];
    examine_parcel(parcel, intake->messages + intake->message_count, crypto, &intake->arena, now);
    intake->message_count += parcel->document_count;
    return intake->parcels_examined < intake->parcel_count;
}

void examine_frame(struct intake *intake, const struct crypto_port *crypto, wall_t now)
{
    bool more = examine_begin(intake, crypto);
    while (more)
        more = examine_next(intake, crypto, now);
}
