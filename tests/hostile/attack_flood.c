/* Registered agencies that say too much: whatever a frame can say, at full rate, over many
 * connections of one key. */
#include <stdio.h>
#include <string.h>

#include "proto/base/check.h"
#include "proto/codec/message_type.h"
#include "tests/hostile/attacks.h"

enum { LINES = 16, FEW_LINES = 4 };

/* Kept between the calls of one flood; one attack a process. */
static struct buffer kept;
static size_t id_at;

static void keep_frame(struct assault *assault, const struct frame *frame)
{
    buffer_init(&kept, FRAME_BYTES_MAX);
    check(assault_frame(assault, frame, &kept));
}

static bool again(struct assault *assault, uint64_t number, struct bytes *ret_frame)
{
    (void)assault;
    (void)number;
    *ret_frame = buffer_view(&kept);
    return true;
}

/* The kept frame with another id in it: its last eight octets. */
static bool renumbered(struct assault *assault, uint64_t number, struct bytes *ret_frame)
{
    (void)assault;
    for (int i = 0; i < 7; i++)
        kept.data[id_at + 9 + (size_t)i] = (uint8_t)(number >> (8 * i));
    *ret_frame = buffer_view(&kept);
    return true;
}

static void keep_message(struct assault *assault)
{
    struct envelope draft;
    buffer_init(&kept, FRAME_BYTES_MAX);
    assault_draft(assault, &draft);
    assault_message(assault, &draft, &kept, &id_at);
}

/* ---- connections ---- */

static bool heartbeat(struct assault *assault, uint64_t number, struct bytes *ret_frame)
{
    enum { EVERY = 64 };
    if (number % EVERY == 0)
        assault_wait(assault, 0);
    return again(assault, number, ret_frame);
}

static struct frame heartbeat_frame(void)
{
    return (struct frame){.kind = FRAME_HEARTBEAT,
                          .heartbeat = {.clock = peer_now(), .window_messages = 1}};
}

void attack_connections(struct assault *assault)
{
    struct frame frame = heartbeat_frame();
    keep_frame(assault, &frame);
    assault_flood(assault, 64, true, heartbeat);
}

void attack_heartbeats(struct assault *assault)
{
    struct frame frame = heartbeat_frame();
    keep_frame(assault, &frame);
    assault_flood(assault, LINES, true, again);
}

void attack_hellos(struct assault *assault)
{
    struct frame frame = {.kind = FRAME_HELLO,
                          .hello = {.version_min = LINK_VERSION,
                                    .version_max = LINK_VERSION,
                                    .participant = assault->self.key,
                                    .program = bytes_of_text("again"),
                                    .window_messages = 1,
                                    .clock = peer_now()}};
    keep_frame(assault, &frame);
    assault_flood(assault, LINES, true, again);
}

void attack_wrong_hellos(struct assault *assault)
{
    struct frame frame = {.kind = FRAME_HELLO,
                          .hello = {.version_min = 900,
                                    .version_max = 901,
                                    .participant = key_of("centre"),
                                    .program = bytes_of_text("wrong"),
                                    .window_messages = 1,
                                    .clock = {1}}};
    keep_frame(assault, &frame);
    assault_flood(assault, LINES, true, again);
}

void attack_goodbyes(struct assault *assault)
{
    struct frame frame = {.kind = FRAME_GOODBYE, .goodbye = REASON_SHUTDOWN};
    keep_frame(assault, &frame);
    assault_flood(assault, LINES, true, again);
}

/* ---- what cannot be read ---- */

void attack_garbage(struct assault *assault)
{
    buffer_init(&kept, 64);
    check(buffer_append_text(&kept, "\xff\xff\xff\xff\x13 no frame"));
    assault_flood(assault, LINES, true, again);
}

void attack_gateways_words(struct assault *assault)
{
    struct frame frame = {.kind = FRAME_WELCOME,
                          .welcome = {.version = 1,
                                      .gateway = assault->self.key,
                                      .window_messages = 1,
                                      .clock = peer_now(),
                                      .registry_version = bytes_of_text("x")}};
    keep_frame(assault, &frame);
    assault_flood(assault, LINES, true, again);
}

/* A megabyte in each frame that is no message. */
void attack_large_frames(struct assault *assault)
{
    buffer_init(&kept, FRAME_BYTES_MAX);
    uint8_t *room = buffer_extend(&kept, FRAME_BYTES_MAX);
    check(room != NULL);
    memset(room, 0x5a, FRAME_BYTES_MAX);
    assault_flood(assault, FEW_LINES, true, again);
}

/* ---- signatures ---- */

void attack_wrong_signatures(struct assault *assault)
{
    keep_message(assault);
    assault_flood(assault, LINES, true, renumbered);
}

void attack_valid_repeats(struct assault *assault)
{
    keep_message(assault);
    assault_flood(assault, LINES, true, again);
}

/* One id, another content each time, properly signed: an alarm each. */
static bool reuse_id(struct assault *assault, uint64_t number, struct bytes *ret_frame)
{
    static struct message_id id;
    struct envelope draft;
    size_t ignored;
    assault_draft(assault, &draft);
    if (number == 0)
        id = draft.id;
    draft.id = id;
    struct buffer frame;
    buffer_init(&frame, FRAME_BYTES_MAX);
    assault_message(assault, &draft, &frame, &ignored);
    buffer_clear(&kept);
    check(buffer_append(&kept, buffer_view(&frame)));
    buffer_release(&frame);
    *ret_frame = buffer_view(&kept);
    return true;
}

void attack_reused_id(struct assault *assault)
{
    buffer_init(&kept, FRAME_BYTES_MAX);
    assault_flood(assault, LINES, true, reuse_id);
}

/* New messages, all with the first number of one dossier: each is for a person to look at. */
static bool repeat_number(struct assault *assault, uint64_t number, struct bytes *ret_frame)
{
    struct envelope draft;
    size_t ignored;
    (void)number;
    assault_draft(assault, &draft);
    draft.dossier_code = bytes_of_text(NO_CANARY "00000000");
    assault_message(assault, &draft, &kept, &ignored);
    *ret_frame = buffer_view(&kept);
    return true;
}

void attack_repeated_numbers(struct assault *assault)
{
    buffer_init(&kept, FRAME_BYTES_MAX);
    assault_flood(assault, FEW_LINES, true, repeat_number);
}

/* Sixty-four parcels in a frame, each with a signature of its own that is wrong. */
void attack_full_frames(struct assault *assault)
{
    static struct parcel parcels[FRAME_PARCELS_MAX];
    struct buffer document, signature;
    struct envelope draft;
    buffer_init(&document, 4096);
    buffer_init(&signature, SIGNATURE_BYTES_MAX);
    assault_draft(assault, &draft);
    check(peer_build(&assault->self, &draft, &document) &&
          peer_sign(&assault->self, bytes_of_text("another content"), &signature));
    struct bytes view = buffer_view(&document);
    for (size_t i = 0; i < FRAME_PARCELS_MAX; i++)
        parcels[i] = (struct parcel){
            .documents = &view, .document_count = 1, .signature = buffer_view(&signature)};
    struct frame frame = {.kind = FRAME_PARCELS, .parcels = {parcels, FRAME_PARCELS_MAX}};
    keep_frame(assault, &frame);
    assault_flood(assault, LINES, true, again);
}

/* A certificate of eight kilobytes that says it has a huge key, beside each wrong signature. */
void attack_costly_certificates(struct assault *assault)
{
    static uint8_t certificate[CERTIFICATE_BYTES_MAX];
    struct buffer document, signature;
    struct envelope draft;
    memset(certificate, 0x30, sizeof certificate);
    certificate[1] = 0x82;
    certificate[2] = (sizeof certificate - 4) >> 8;
    certificate[3] = (sizeof certificate - 4) & 0xff;
    buffer_init(&document, 4096);
    buffer_init(&signature, SIGNATURE_BYTES_MAX);
    assault_draft(assault, &draft);
    check(peer_build(&assault->self, &draft, &document) &&
          peer_sign(&assault->self, buffer_view(&document), &signature));
    struct bytes view = buffer_view(&document);
    struct parcel parcel = {.documents = &view,
                            .document_count = 1,
                            .signature = buffer_view(&signature),
                            .certificate = {certificate, sizeof certificate}};
    struct frame frame = {.kind = FRAME_PARCELS, .parcels = {&parcel, 1}};
    keep_frame(assault, &frame);
    assault_flood(assault, LINES, true, again);
}

/* Properly signed with somebody else's name in it. */
void attack_others_name(struct assault *assault)
{
    struct envelope draft;
    buffer_init(&kept, FRAME_BYTES_MAX);
    assault_draft(assault, &draft);
    draft.sender = province_agency(1);
    assault_message(assault, &draft, &kept, &id_at);
    assault_flood(assault, LINES, true, again);
}

/* The longest list that a frame may have: 64 parcels of 64 documents that are no envelopes. */
void attack_many_documents(struct assault *assault)
{
    static struct parcel parcels[FRAME_PARCELS_MAX];
    static struct bytes documents[PARCEL_MESSAGES_MAX];
    for (size_t i = 0; i < PARCEL_MESSAGES_MAX; i++)
        documents[i] = bytes_of_text("\x0a\x10no envelope, but with an id of its own");
    for (size_t i = 0; i < FRAME_PARCELS_MAX; i++)
        parcels[i] = (struct parcel){.documents = documents,
                                     .document_count = PARCEL_MESSAGES_MAX,
                                     .manifest = bytes_of_text("no manifest"),
                                     .signature = bytes_of_text("0")};
    struct frame frame = {.kind = FRAME_PARCELS, .parcels = {parcels, FRAME_PARCELS_MAX}};
    keep_frame(assault, &frame);
    assault_flood(assault, LINES, true, again);
}

/* ---- acknowledgements ---- */

static void flood_taken(struct assault *assault, enum frame_kind kind, size_t count,
                        uint32_t retry_after_ms)
{
    static struct message_id ids[MESSAGE_WINDOW_MAX];
    for (size_t i = 0; i < count; i++)
        memset(ids[i].bytes, (int)(i & 0xff), MESSAGE_ID_BYTES);
    struct frame frame = {.kind = kind,
                          .taken = {.ids = ids,
                                    .count = count,
                                    .reason = kind == FRAME_NOT_TAKEN ? REASON_BUSY : REASON_NONE,
                                    .retry_after_ms = retry_after_ms}};
    keep_frame(assault, &frame);
    assault_flood(assault, FEW_LINES, true, again);
}

void attack_unknown_taken(struct assault *assault)
{
    flood_taken(assault, FRAME_TAKEN, MESSAGE_WINDOW_MAX, 0);
}

void attack_unknown_put_off(struct assault *assault)
{
    flood_taken(assault, FRAME_NOT_TAKEN, MESSAGE_WINDOW_MAX, UINT32_MAX);
}

void attack_put_off_all(struct assault *assault)
{
    flood_taken(assault, FRAME_NOT_TAKEN, 0, UINT32_MAX);
}

/* ---- receipts ---- */

/* A receipt about 512 messages that nobody knows, sealed; a new one each time. */
static bool unknown_receipt(struct assault *assault, uint64_t number, struct bytes *ret_frame)
{
    static struct receipt_item items[RECEIPT_ITEMS_MAX];
    struct envelope draft;
    size_t ignored;
    assault_draft(assault, &draft);
    for (size_t i = 0; i < RECEIPT_ITEMS_MAX; i++) {
        items[i] = (struct receipt_item){
            .message_id = draft.id, .destination = assault->self.key, .at = peer_now()};
        memcpy(items[i].message_id.bytes + 8, &number, sizeof number);
        items[i].message_id.bytes[8] = 0x80;
        items[i].message_id.bytes[14] = (uint8_t)(i >> 8);
        items[i].message_id.bytes[15] = (uint8_t)i;
        items[i].digest.bytes[0] = 1;
    }
    draft.type = MESSAGE_TYPE_RECEIPT_DELIVERED;
    draft.recipient = key_of("centre");
    draft.sequence = 0;
    draft.dossier_code = (struct bytes){0};
    draft.receipt.items = items;
    draft.receipt.item_count = RECEIPT_ITEMS_MAX;
    assault_message(assault, &draft, &kept, &ignored);
    *ret_frame = buffer_view(&kept);
    return true;
}

void attack_unknown_receipts(struct assault *assault)
{
    buffer_init(&kept, FRAME_BYTES_MAX);
    assault_flood(assault, FEW_LINES, true, unknown_receipt);
}

/* ---- the ledger ---- */

/* A head of the gateway's own ledger at a size that changes: each heartbeat asks for a proof. */
static bool lying_head(struct assault *assault, uint64_t number, struct bytes *ret_frame)
{
    struct frame frame = heartbeat_frame();
    memset(frame.heartbeat.head_seen.ledger_id, (int)(number & 0xff), LEDGER_ID_BYTES);
    frame.heartbeat.head_seen.tree_size = number;
    frame.heartbeat.head_seen.root.bytes[0] = (uint8_t)number;
    buffer_clear(&kept);
    check(assault_frame(assault, &frame, &kept));
    *ret_frame = buffer_view(&kept);
    return true;
}

void attack_lying_heads(struct assault *assault)
{
    buffer_init(&kept, FRAME_BYTES_MAX);
    assault_flood(assault, LINES, true, lying_head);
}

/* ---- heavy contents ---- */

/* The largest envelope with the most fields that fit: attachments with names of 255 bytes. */
void attack_heavy_envelopes(struct assault *assault)
{
    static struct attachment attachments[ATTACHMENTS_MAX];
    static char names[ATTACHMENTS_MAX][ATTACHMENT_NAME_CHARACTERS_MAX + 1];
    struct envelope draft;
    buffer_init(&kept, FRAME_BYTES_MAX);
    assault_draft(assault, &draft);
    for (size_t i = 0; i < ATTACHMENTS_MAX; i++) {
        memset(names[i], 'a' + (int)(i % 26), ATTACHMENT_NAME_CHARACTERS_MAX);
        attachments[i] = (struct attachment){.size_bytes = 1 + i,
                                             .name = bytes_of_text(names[i]),
                                             .media_type = bytes_of_text("application/pdf")};
        attachments[i].digest.bytes[0] = (uint8_t)(i + 1);
        attachments[i].digest.bytes[1] = 0x77;
    }
    draft.attachments = attachments;
    draft.attachment_count = ATTACHMENTS_MAX;
    assault_message(assault, &draft, &kept, &id_at);
    assault_flood(assault, LINES, true, renumbered);
}

/* Nothing is wrong with these, but for their number. */
static bool valid_parcel(struct assault *assault, uint64_t number, struct bytes *ret_frame)
{
    (void)number;
    check(assault_parcel(assault, NULL, PARCEL_MESSAGES_MAX, &kept));
    *ret_frame = buffer_view(&kept);
    return true;
}

void attack_valid_flood(struct assault *assault)
{
    buffer_init(&kept, FRAME_BYTES_MAX);
    assault_flood(assault, FEW_LINES, true, valid_parcel);
}

/* ---- the same at a carrier, by an agency behind it ---- */

void attack_carrier_connections(struct assault *assault)
{
    attack_connections(assault);
}

void attack_carrier_garbage(struct assault *assault)
{
    attack_garbage(assault);
}

void attack_carrier_wrong_signatures(struct assault *assault)
{
    attack_wrong_signatures(assault);
}

void attack_carrier_large_frames(struct assault *assault)
{
    attack_large_frames(assault);
}
