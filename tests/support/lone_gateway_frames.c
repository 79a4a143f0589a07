/* What adapters say to the gateway. */
#include <stdlib.h>
#include <string.h>

#include "proto/base/check.h"
#include "proto/codec/message_type.h"
#include "proto/link/link.h"
#include "proto/seal/sha256.h"
#include "schema/body.pb-c.h"
#include "tests/support/blobs_memory.h"
#include "tests/support/lone_gateway.h"
#include "tests/support/open_crypto.h"

void lone_gateway_put(struct lone_gateway *gateway, const char *peer, const struct frame *frame)
{
    struct buffer bytes;
    struct intake *intake = calloc(1, sizeof *intake);
    check(intake != NULL && gateway->frame_count < LONE_FRAMES_MAX);
    buffer_init(&bytes, FRAME_BYTES_MAX);
    check(frame_build(frame, &gateway->build, &bytes) == REASON_NONE);
    intake->bytes = buffer_view(&bytes); /* its memory is the intake's from now on */
    intake->peer = key_of(peer);
    intake->connection = gateway->connection;
    intake->arrived = (wall_t){gateway->now_ms};
    check(arena_init(&intake->arena, examine_memory_bytes(intake->bytes.size)));
    examine_frame(intake, &open_crypto, intake->arrived);
    check(intake->reason == REASON_NONE);
    check(gateway->alive_intakes < LONE_ALIVE_MAX);
    gateway->frames[gateway->frame_count++] = intake;
    gateway->alive[gateway->alive_intakes++] = intake;
    arena_reset(&gateway->build);
}

void lone_gateway_hello(struct lone_gateway *gateway, const char *peer, uint32_t window_messages)
{
    struct frame frame = {.kind = FRAME_HELLO,
                          .hello = {.version_min = LINK_VERSION,
                                    .version_max = LINK_VERSION,
                                    .participant = key_of(peer),
                                    .program = bytes_of_text("test"),
                                    .window_messages = window_messages,
                                    .clock = {gateway->now_ms}}};
    lone_gateway_put(gateway, peer, &frame);
}

/* The document's memory is the gateway's build arena: it lives until the frame is put. */
static struct bytes build(struct lone_gateway *gateway, struct envelope *envelope,
                          const Lienthong__V1__Body *body, struct lone_message *ret_message)
{
    static struct arena scratch;
    struct buffer document;
    if (scratch.block == NULL)
        check(arena_init(&scratch, ENVELOPE_ARENA_BYTES));
    arena_reset(&scratch);
    uint64_t number = ++gateway->ids;
    /* Version 7: milliseconds, then what makes it grow. */
    for (size_t i = 0; i < 6; i++)
        envelope->id.bytes[i] = (uint8_t)(gateway->now_ms >> (40 - 8 * i));
    envelope->id.bytes[6] = (uint8_t)(0x70 | (number >> 16 & 0x0f));
    envelope->id.bytes[7] = (uint8_t)(number >> 8);
    envelope->id.bytes[8] = 0x80;
    envelope->id.bytes[9] = (uint8_t)number;
    envelope->created = (struct stamp){{gateway->now_ms}, VIETNAM_OFFSET_MINUTES};
    envelope->source_time = envelope->created;
    buffer_init(&document, ENVELOPE_BYTES_MAX);
    check(envelope_build(envelope, body, &scratch, &document) == REASON_NONE);
    struct bytes copy = arena_copy(&gateway->build, buffer_view(&document));
    check(copy.data != NULL);
    buffer_release(&document);
    *ret_message = (struct lone_message){.sender = envelope->sender, .id = envelope->id};
    sha256_parts(&copy, 1, &ret_message->digest);
    return copy;
}

static void put_document(struct lone_gateway *gateway, const char *peer,
                         const struct bytes *document)
{
    struct parcel parcel = {.documents = document,
                            .document_count = 1,
                            .signature = bytes_of_text("seal"),
                            .certificate = bytes_of_text("c")};
    struct frame frame = {.kind = FRAME_PARCELS, .parcels = {&parcel, 1}};
    lone_gateway_put(gateway, peer, &frame);
}

static struct lone_message put_message(struct lone_gateway *gateway, struct envelope *envelope)
{
    Lienthong__V1__Body body = LIENTHONG__V1__BODY__INIT;
    Lienthong__V1__Person owner = LIENTHONG__V1__PERSON__INIT;
    Lienthong__V1__Transfer transfer = LIENTHONG__V1__TRANSFER__INIT;
    Lienthong__V1__Result result = LIENTHONG__V1__RESULT__INIT;
    Lienthong__V1__Progress progress = LIENTHONG__V1__PROGRESS__INIT;
    owner.name = (char *)(uintptr_t) "Nguyễn Văn Mẫu";
    transfer.owner = &owner;
    struct lone_message message;
    if (envelope->type == MESSAGE_TYPE_TRANSFER) {
        body.kind_case = LIENTHONG__V1__BODY__KIND_TRANSFER;
        body.transfer = &transfer;
    } else if (envelope->type == MESSAGE_TYPE_PROGRESS) {
        body.kind_case = LIENTHONG__V1__BODY__KIND_PROGRESS;
        body.progress = &progress;
        progress.content = (char *)(uintptr_t) "Đã phân công";
        progress.national_state = 4;
    } else {
        body.kind_case = LIENTHONG__V1__BODY__KIND_RESULT;
        body.result = &result;
        result.national_state = 9;
    }
    envelope->sequence = 1;
    envelope->in_reply_to = gateway->answers.id;
    envelope->in_reply_to_digest = gateway->answers.digest;
    struct bytes document = build(gateway, envelope, &body, &message);
    put_document(gateway, envelope->sender.text, &document);
    return message;
}

struct lone_message lone_gateway_put_transfer(struct lone_gateway *gateway, const char *procedure,
                                              const char *dossier)
{
    struct envelope envelope = {.sender = key_of("centre"),
                                .type = MESSAGE_TYPE_TRANSFER,
                                .dossier_code = bytes_of_text(dossier),
                                .procedure_code = bytes_of_text(procedure)};
    return put_message(gateway, &envelope);
}

static struct lone_message put_with_files(struct lone_gateway *gateway, const char *sender,
                                          const char *recipient, const char *dossier,
                                          const struct digest *files, size_t count)
{
    struct attachment attachments[2];
    for (size_t i = 0; i < count; i++)
        attachments[i] = (struct attachment){
            .digest = files[i], .size_bytes = LONE_FILE_BYTES, .name = bytes_of_text("a.pdf")};
    struct envelope envelope = {.sender = key_of(sender),
                                .type = MESSAGE_TYPE_RESULT,
                                .dossier_code = bytes_of_text(dossier),
                                .attachments = attachments,
                                .attachment_count = count};
    (void)key_parse(bytes_of_text(recipient), &envelope.recipient);
    if (key_equal(&envelope.sender, &(struct key){"centre"})) {
        envelope.type = MESSAGE_TYPE_TRANSFER;
        envelope.procedure_code = bytes_of_text("2.000635");
    }
    return put_message(gateway, &envelope);
}

struct lone_message lone_gateway_put_result(struct lone_gateway *gateway, const char *sender,
                                            const char *recipient, const char *dossier)
{
    return put_with_files(gateway, sender, recipient, dossier, NULL, 0);
}

struct lone_message lone_gateway_put_progress(struct lone_gateway *gateway, const char *sender,
                                              const char *dossier)
{
    struct envelope envelope = {.sender = key_of(sender),
                                .type = MESSAGE_TYPE_PROGRESS,
                                .dossier_code = bytes_of_text(dossier)};
    return put_message(gateway, &envelope);
}

struct lone_message lone_gateway_put_with_file(struct lone_gateway *gateway, const char *sender,
                                               const char *dossier, uint8_t file)
{
    struct digest digest;
    memset(digest.bytes, file, DIGEST_BYTES);
    digest.bytes[DIGEST_BYTES - 1] = 1; /* zeros name an upload without a digest */
    return put_with_files(gateway, sender, "", dossier, &digest, 1);
}

static const uint8_t kept_content[LONE_FILE_BYTES];
static const uint8_t other_content[LONE_FILE_BYTES] = {[LONE_FILE_BYTES - 1] = 1};

struct lone_message lone_gateway_put_with_real_file(struct lone_gateway *gateway,
                                                    const char *sender, const char *recipient,
                                                    const char *dossier, bool is_kept,
                                                    struct digest *ret_file)
{
    struct bytes file = {kept_content, LONE_FILE_BYTES};
    sha256_parts(&file, 1, ret_file);
    if (is_kept)
        blobs_memory_put(gateway->blobs, file, ret_file);
    return put_with_files(gateway, sender, recipient, dossier, ret_file, 1);
}

struct lone_message lone_gateway_put_with_two_files(struct lone_gateway *gateway,
                                                    const char *sender, const char *recipient,
                                                    const char *dossier, struct digest ret_files[2])
{
    struct bytes kept = {kept_content, LONE_FILE_BYTES};
    struct bytes other = {other_content, LONE_FILE_BYTES};
    blobs_memory_put(gateway->blobs, kept, &ret_files[0]);
    blobs_memory_put(gateway->blobs, other, &ret_files[1]);
    return put_with_files(gateway, sender, recipient, dossier, ret_files, 2);
}

void lone_gateway_put_piece(struct lone_gateway *gateway, const char *peer,
                            const struct digest *file, bool is_true)
{
    struct frame frame = {
        .kind = FRAME_BLOB_CHUNK,
        .blob = {.digest = *file,
                 .content = {is_true ? kept_content : other_content, LONE_FILE_BYTES}}};
    lone_gateway_put(gateway, peer, &frame);
}

void lone_gateway_put_want(struct lone_gateway *gateway, const char *peer,
                           const struct lone_message *message, const struct digest *file)
{
    struct frame frame = {.kind = FRAME_BLOB_WANT,
                          .blob = {.digest = *file,
                                   .credit_until = LONE_FILE_BYTES,
                                   .sender = message->sender,
                                   .message_id = message->id}};
    lone_gateway_put(gateway, peer, &frame);
}

void lone_gateway_put_nothing_taken(struct lone_gateway *gateway, const char *peer,
                                    uint32_t retry_after_ms)
{
    struct frame frame = {.kind = FRAME_NOT_TAKEN,
                          .taken = {.reason = REASON_STORE_FULL, .retry_after_ms = retry_after_ms}};
    lone_gateway_put(gateway, peer, &frame);
}

void lone_gateway_put_not_taken(struct lone_gateway *gateway, const char *peer,
                                const struct message_id *ids, size_t count)
{
    struct frame frame = {
        .kind = FRAME_NOT_TAKEN,
        .taken = {.ids = ids, .count = count, .reason = REASON_BUSY, .retry_after_ms = 1000}};
    lone_gateway_put(gateway, peer, &frame);
}

void lone_gateway_put_taken(struct lone_gateway *gateway, const char *peer,
                            const struct message_id *ids, size_t count)
{
    struct frame frame = {.kind = FRAME_TAKEN, .taken = {.ids = ids, .count = count}};
    lone_gateway_put(gateway, peer, &frame);
}

static struct bytes build_receipt(struct lone_gateway *gateway, const char *peer,
                                  const char *recipient, uint32_t type,
                                  const struct receipt_item *items, size_t count,
                                  struct lone_message *ret_message)
{
    struct envelope envelope = {.sender = key_of(peer),
                                .recipient = key_of(recipient),
                                .type = type,
                                .receipt = {.items = items, .item_count = count}};
    return build(gateway, &envelope, NULL, ret_message);
}

struct lone_message lone_gateway_put_receipt(struct lone_gateway *gateway, const char *peer,
                                             const char *recipient, uint32_t type,
                                             const struct receipt_item *items, size_t count)
{
    struct lone_message message;
    struct bytes document = build_receipt(gateway, peer, recipient, type, items, count, &message);
    put_document(gateway, peer, &document);
    return message;
}

void lone_gateway_put_strange_receipts(struct lone_gateway *gateway, const char *peer, size_t count)
{
    static struct receipt_item items[RECEIPT_ITEMS_MAX];
    struct parcel parcels[FRAME_PARCELS_MAX];
    struct bytes documents[FRAME_PARCELS_MAX];
    struct lone_message message;
    check(count <= FRAME_PARCELS_MAX);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < RECEIPT_ITEMS_MAX; j++) {
            memset(items[j].message_id.bytes, (int)i + 1, MESSAGE_ID_BYTES);
            items[j].message_id.bytes[6] = 0x70;
            items[j].message_id.bytes[8] = 0x80;
            memcpy(items[j].message_id.bytes + 10, &j, 2);
            items[j].at.ms = gateway->now_ms;
            items[j].destination = key_of(peer);
        }
        documents[i] = build_receipt(gateway, peer, "centre", MESSAGE_TYPE_RECEIPT_DELIVERED, items,
                                     RECEIPT_ITEMS_MAX, &message);
        parcels[i] = (struct parcel){.documents = &documents[i],
                                     .document_count = 1,
                                     .signature = bytes_of_text("seal"),
                                     .certificate = bytes_of_text("c")};
    }
    struct frame frame = {.kind = FRAME_PARCELS, .parcels = {parcels, count}};
    lone_gateway_put(gateway, peer, &frame);
}
