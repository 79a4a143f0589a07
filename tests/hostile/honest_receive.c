/* What comes in: messages, receipts, wants; what is signed for it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/check.h"
#include "proto/codec/message_type.h"
#include "proto/seal/sha256.h"
#include "tests/hostile/honest_parts.h"

/* ---- whose word it is ---- */

/* As an adapter: only what the one who says it has sealed counts, and a signature is verified once
 * for all documents of its parcel. A manifest names each document. */
static bool is_sealed(const struct honest *honest, const struct parcel *parcel,
                      const struct key *sender)
{
    struct seal_verdict verdict;
    struct bytes content = parcel->manifest.size > 0 ? parcel->manifest : parcel->documents[0];
    return seal_verify(honest->trust, content, parcel->signature, parcel->certificate, sender,
                       peer_now(), &verdict) == REASON_NONE;
}

static bool is_named(const struct parcel *parcel, const struct digest *digest)
{
    char hex[DIGEST_TEXT_BYTES];
    digest_format(digest, hex);
    return parcel->manifest.size == 0 ||
           memmem(parcel->manifest.data, parcel->manifest.size, hex, strlen(hex)) != NULL;
}

/* ---- receipts ---- */

static const struct key gateway = {"gateway"};

static struct open_message *find_open(struct participant_load *member, uint32_t index)
{
    for (size_t i = 0; i < member->open_count; i++) {
        struct open_message *open = &member->open[(member->open_first + i) % OPEN_MAX];
        if (open->index == index && open->frame.size > 0)
            return open;
    }
    return NULL;
}

static void close_open(struct participant_load *member, uint32_t index)
{
    struct open_message *open = find_open(member, index);
    if (open == NULL)
        return;
    free((void *)(uintptr_t)open->frame.data);
    free(open->file);
    open->frame = (struct bytes){0};
    open->file = NULL;
    while (member->open_count > 0 && member->open[member->open_first % OPEN_MAX].frame.size == 0) {
        member->open_first++;
        member->open_count--;
    }
}

static void tell(struct honest *honest, const struct envelope *envelope,
                 const struct receipt_item *item, const char *what)
{
    char id[MESSAGE_ID_TEXT_BYTES];
    id_format(&item->message_id, id);
    world_tell_false(honest->shared, "%s says %s of %s: %s (%s)", envelope->sender.text,
                     message_type_name((enum message_type)envelope->type), id, what,
                     reason_code(item->reason));
}

static void judge_delivered(struct honest *honest, const struct envelope *envelope,
                            const struct receipt_item *item, struct honest_message *message)
{
    if (key_equal(&envelope->sender, &gateway)) {
        tell(honest, envelope, item, "it is not the recipient");
        return;
    }
    if (message->arrived_us == 0)
        tell(honest, envelope, item, "the recipient does not have it");
    if (message->delivered_us == 0)
        message->delivered_us = honest->now_us;
}

/* A signed receipt cannot be divided: beside what its signer may say there may be items about what
 * is another's, and whoever reads it passes these over (adapters/core/session_receipts.c). */
static bool may_be_believed(const struct honest_message *message, const struct envelope *envelope)
{
    struct key recipient =
        message->recipient == 0 ? key_of("centre") : province_agency(message->recipient);
    return key_equal(&envelope->sender, &recipient) || key_equal(&envelope->sender, &gateway);
}

static void judge_item(struct honest *honest, struct participant_load *member,
                       const struct envelope *envelope, const struct receipt_item *item)
{
    size_t index = honest_index(honest->shared, &item->message_id);
    struct honest_message *message = &honest->shared->messages[index == SIZE_MAX ? 0 : index];
    if (index == SIZE_MAX || message->sender != member->number) {
        if (!id_is_zero(&item->message_id))
            tell(honest, envelope, item, "not a message of the one who is told");
        return;
    }
    if (!digest_equal(&item->digest, &message->digest)) {
        tell(honest, envelope, item, "another digest");
        return;
    }
    if (!may_be_believed(message, envelope))
        return;
    if (envelope->type == MESSAGE_TYPE_RECEIPT_CUSTODY) {
        if (message->custody_us == 0)
            message->custody_us = honest->now_us;
        close_open(member, (uint32_t)index);
    } else if (message->recipient == HOSTILE_FIRST) {
        return; /* a hostile one may say of its own what it likes */
    } else if (envelope->type == MESSAGE_TYPE_RECEIPT_DELIVERED) {
        judge_delivered(honest, envelope, item, message);
    } else {
        tell(honest, envelope, item, "nothing is wrong with it");
        message->is_refused = true;
        close_open(member, (uint32_t)index);
    }
}

/* ---- messages ---- */

static void owe(struct honest *honest, struct participant_load *member,
                const struct envelope *envelope, const struct digest *digest)
{
    enum { OWED = sizeof member->owed / sizeof *member->owed };
    struct owed *owed = NULL;
    for (size_t i = 0; i < OWED && owed == NULL; i++)
        if (member->owed[i].count > 0 && key_equal(&member->owed[i].sender, &envelope->sender))
            owed = &member->owed[i];
    for (size_t i = 0; i < OWED && owed == NULL; i++)
        if (member->owed[i].count == 0)
            owed = &member->owed[i];
    if (owed == NULL || owed->count == OWED_MAX) {
        honest_settle(honest, member);
        owed = &member->owed[0];
    }
    owed->sender = envelope->sender;
    owed->items[owed->count++] = (struct receipt_item){.message_id = envelope->id,
                                                       .digest = *digest,
                                                       .destination = member->peer.key,
                                                       .at = peer_now()};
}

/* Its last two digits. */
static size_t dossier_of(struct bytes code)
{
    const uint8_t *end = code.data + code.size;
    return code.size < 2 ? 0 : ((size_t)(end[-2] - '0') * 10 + (size_t)(end[-1] - '0')) % DOSSIERS;
}

static void arrive(struct honest *honest, struct participant_load *member,
                   const struct envelope *envelope, const struct digest *digest, size_t index)
{
    struct honest_message *message = &honest->shared->messages[index];
    if (!digest_equal(digest, &message->digest) || message->recipient != member->number) {
        atomic_fetch_add(&honest->shared->spoilt, 1);
        return;
    }
    if (message->arrived_us != 0)
        return; /* once more: its receipt has not got through yet */
    size_t dossier = dossier_of(envelope->dossier_code);
    uint64_t *last = &member->last_sequence[message->sender][dossier];
    if (envelope->sequence <= *last)
        atomic_fetch_add(&honest->shared->disorder, 1);
    *last = envelope->sequence;
    message->arrived_us = honest->now_us;
}

/* The clerk's messages come from the real adapters. */
static bool is_clerks(const struct key *sender)
{
    struct key victim = province_agency(VICTIM_ADAPTER), captive = province_agency(CAPTIVE_ADAPTER);
    return key_equal(sender, &victim) || key_equal(sender, &captive);
}

/* A document that is sealed. */
static void take_document(struct honest *honest, struct participant_load *member,
                          const struct envelope *envelope, const struct digest *digest)
{
    if (message_type_is_receipt((enum message_type)envelope->type)) {
        for (size_t i = 0; i < envelope->receipt.item_count; i++)
            judge_item(honest, member, envelope, &envelope->receipt.items[i]);
        return;
    }
    size_t index = honest_index(honest->shared, &envelope->id);
    if (index != SIZE_MAX)
        arrive(honest, member, envelope, digest, index);
    else if (is_clerks(&envelope->sender) && !world_has_foreign(honest->shared, &envelope->id))
        world_note_foreign(honest->shared, &envelope->id);
    owe(honest, member, envelope, digest);
}

/* Documents that count are acknowledged. */
static size_t take_parcel(struct honest *honest, struct participant_load *member,
                          const struct parcel *parcel, struct message_id *ret_ids)
{
    struct key sealer = {""};
    size_t count = 0;
    for (size_t i = 0; i < parcel->document_count; i++) {
        struct envelope envelope;
        struct digest digest;
        if (envelope_parse(parcel->documents[i], &member->peer.arena, &envelope) != REASON_NONE)
            continue;
        if (key_is_none(&sealer) && is_sealed(honest, parcel, &envelope.sender))
            sealer = envelope.sender;
        sha256_parts(&parcel->documents[i], 1, &digest);
        if (!key_equal(&sealer, &envelope.sender) || !is_named(parcel, &digest))
            continue;
        take_document(honest, member, &envelope, &digest);
        ret_ids[count++] = envelope.id;
    }
    return count;
}

static void take_parcels(struct honest *honest, struct participant_load *member)
{
    static struct message_id ids[FRAME_PARCELS_MAX * PARCEL_MESSAGES_MAX];
    size_t count = 0;
    const struct frame frame = member->peer.frame;
    for (size_t i = 0; i < frame.parcels.count; i++) {
        if (frame.parcels.parcels[i].document_count > 0)
            count += take_parcel(honest, member, &frame.parcels.parcels[i], ids + count);
    }
    if (count > 0)
        honest_send(member,
                    &(struct frame){.kind = FRAME_TAKEN, .taken = {.ids = ids, .count = count}});
}

/* ---- files ---- */

static void serve_want(struct participant_load *member)
{
    const struct frame_blob want = member->peer.frame.blob;
    for (size_t i = 0; i < member->open_count; i++) {
        const struct open_message *open = &member->open[(member->open_first + i) % OPEN_MAX];
        if (open->file == NULL || !digest_equal(&open->file_digest, &want.digest))
            continue;
        uint64_t end = want.credit_until < FILE_BYTES ? want.credit_until : FILE_BYTES;
        if (want.offset >= end)
            return;
        struct frame chunk = {.kind = FRAME_BLOB_CHUNK,
                              .blob = {.digest = want.digest,
                                       .offset = want.offset,
                                       .content = {open->file + want.offset, end - want.offset}}};
        honest_send(member, &chunk);
        return;
    }
}

/* ---- frames ---- */

static void put_off(struct honest *honest, struct participant_load *member)
{
    const struct frame_taken *taken = &member->peer.frame.taken;
    int64_t later_us = honest->now_us + (int64_t)taken->retry_after_ms * 1000;
    for (size_t i = 0; i < taken->count; i++) {
        size_t index = honest_index(honest->shared, &taken->ids[i]);
        struct open_message *open = index == SIZE_MAX ? NULL : find_open(member, (uint32_t)index);
        if (open != NULL)
            open->next_us = later_us;
    }
}

void honest_take(struct honest *honest, struct participant_load *member)
{
    enum { AGAIN_US = 500 * 1000 };
    switch (member->peer.frame.kind) {
    case FRAME_WELCOME:
        member->is_greeted = true;
        member->greet_us = 0;
        honest_resend_all(honest, member);
        break;
    case FRAME_PARCELS:
        take_parcels(honest, member);
        break;
    case FRAME_NOT_TAKEN:
        put_off(honest, member);
        break;
    case FRAME_BLOB_WANT:
        serve_want(member);
        break;
    case FRAME_GOODBYE:
        member->is_greeted = false;
        member->greet_us = honest->now_us + AGAIN_US;
        break;
    default:
        break;
    }
}

static void sign_receipt(struct participant_load *member, struct owed *owed)
{
    struct peer *peer = &member->peer;
    struct envelope draft;
    struct buffer document, signature;
    buffer_init(&document, ENVELOPE_BYTES_MAX);
    buffer_init(&signature, SIGNATURE_BYTES_MAX);
    peer_draft(peer, &draft, "", "");
    draft.type = MESSAGE_TYPE_RECEIPT_DELIVERED;
    draft.recipient = owed->sender;
    draft.sequence = 0;
    draft.receipt.items = owed->items;
    draft.receipt.item_count = owed->count;
    check(peer_build(peer, &draft, &document) &&
          peer_sign(peer, buffer_view(&document), &signature));
    struct bytes bytes = buffer_view(&document);
    struct parcel parcel = {
        .documents = &bytes, .document_count = 1, .signature = buffer_view(&signature)};
    honest_send(member, &(struct frame){.kind = FRAME_PARCELS, .parcels = {&parcel, 1}});
    buffer_release(&document);
    buffer_release(&signature);
    owed->count = 0;
}

void honest_settle(struct honest *honest, struct participant_load *member)
{
    (void)honest;
    for (size_t i = 0; i < sizeof member->owed / sizeof *member->owed; i++)
        if (member->owed[i].count > 0)
            sign_receipt(member, &member->owed[i]);
}
