#include "tests/support/lone_gateway.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/check.h"
#include "proto/codec/message_type.h"
#include "proto/link/link.h"
#include "proto/seal/sha256.h"
#include "schema/body.pb-c.h"
#include "tests/support/blobs_memory.h"
#include "tests/support/open_crypto.h"

enum { FILES_MAX_BYTES = 1024 * 1024, BUILD_BYTES = 4 * 1024 * 1024 };

/* ---- ports ---- */

static struct lone_gateway *opened; /* the store's verbs have no context of their own */

static enum reason commit(struct store *store, const struct store_plan *plan)
{
    return opened->commit_reason != REASON_NONE ? opened->commit_reason
                                                : opened->real->commit(store, plan);
}

static enum reason recover(struct store *store, uint64_t *ret_count)
{
    return opened->load_reason != REASON_NONE ? opened->load_reason
                                              : opened->real->recover(store, ret_count);
}

static struct registry *make_registry(void)
{
    enum { PARTICIPANTS = 4 };
    static struct faults faults;
    char participants[512];
    struct curve_pair pairs[PARTICIPANTS];
    for (size_t i = 0; i < PARTICIPANTS; i++)
        check(curve_pair_make(&pairs[i]) == REASON_NONE);
    (void)snprintf(participants, sizeof participants,
                   "key,role,curve_public_key,certificates,adapter,window_messages\n"
                   "gateway,gateway,\"%s\",g.pem,gateway,100\n"
                   "centre,centre,\"%s\",c.pem,rest,100\nstp,agency,\"%s\",s.pem,rest,100\n"
                   "sxd,agency,\"%s\",x.pem,rest,100\n",
                   pairs[0].public_key.text, pairs[1].public_key.text, pairs[2].public_key.text,
                   pairs[3].public_key.text);
    struct registry_files files = {{
        [REGISTRY_FILE_VERSION] = bytes_of_text("2026-11-24.1\n"),
        [REGISTRY_FILE_AGENCIES] = bytes_of_text(
            "key,official_code,former_codes,name_vi,name_en,role,valid_from,valid_to,successor,"
            "system,sample\ncentre,H38.30,,Trung tâm,Centre,centre,,,,,yes\n"
            "stp,H38.03,,Sở Tư pháp,Justice,agency,,,,,yes\n"
            "sxd,H38.04,,Sở Xây dựng,Construction,agency,,,,,yes\n"
            "gateway,,,Cổng,Gateway,gateway,,,,,no\n"),
        [REGISTRY_FILE_PARTICIPANTS] = bytes_of_text(participants),
        [REGISTRY_FILE_PROCEDURES] = bytes_of_text(
            "code,name_vi,name_en,field_code,agency,service_level,processing_days,valid_from,"
            "valid_to,sample\n2.000635,Cấp bản sao,Copy,G15-TP01,stp,full,0,2020-01-01,,no\n"
            "1.000001,Cấp phép,Permit,G15-XD01,sxd,full,0,2020-01-01,,no\n"),
        [REGISTRY_FILE_POLICY] =
            bytes_of_text("sender,type,recipient,copies,life_hours\n"
                          "centre,transfer,agency,,168\nagency,result,centre,,168\n"
                          "agency,result,agency,,168\n"),
    }};
    struct registry *registry = NULL;
    check(registry_new(&files, sha256_parts, &faults, &registry) == REASON_NONE);
    return registry;
}

/* ---- opening ---- */

static void start_broker(struct lone_gateway *gateway)
{
    struct broker_options options = {.self = key_of("gateway"),
                                     .offset_minutes = VIETNAM_OFFSET_MINUTES,
                                     .window_messages = 64,
                                     .participants_max = 8,
                                     .flights_max = gateway->flights_max,
                                     .step_max = gateway->step_max,
                                     .attachment_bytes_max = FILES_MAX_BYTES,
                                     .store = gateway->store,
                                     .blobs = gateway->blobs,
                                     .crypto = &open_crypto};
    check(arena_init(&gateway->memory, broker_memory_bytes(&options)));
    gateway->broker = broker_new(&options, &gateway->memory);
    broker_set_registry(gateway->broker, gateway->registry);
    check(broker_load(gateway->broker, (wall_t){gateway->now_ms}) == REASON_NONE);
}

struct lone_gateway *lone_gateway_open(void)
{
    return lone_gateway_open_with(LONE_FLIGHTS_MAX, NULL);
}

struct lone_gateway *lone_gateway_open_with(uint32_t flights_max, const struct room_need *step_max)
{
    struct lone_gateway *gateway = calloc(1, sizeof *gateway);
    check(gateway != NULL);
    opened = gateway;
    gateway->now_ms = 1795500000000;
    gateway->flights_max = flights_max;
    gateway->step_max = step_max;
    gateway->connection = 1;
    gateway->image = store_memory_image_new();
    gateway->blobs = blobs_memory_new(FILES_MAX_BYTES);
    check(gateway->image != NULL && gateway->blobs != NULL);
    check(store_memory_open(gateway->image, &gateway->store) == REASON_NONE);
    gateway->real = gateway->store->verbs;
    gateway->verbs = *gateway->real;
    gateway->verbs.commit = commit;
    gateway->verbs.recover = recover;
    gateway->store->verbs = &gateway->verbs;
    check(arena_init(&gateway->build, BUILD_BYTES));
    gateway->registry = make_registry();
    start_broker(gateway);
    return gateway;
}

void lone_gateway_restart(struct lone_gateway *gateway)
{
    broker_release(gateway->broker);
    arena_release(&gateway->memory);
    start_broker(gateway);
}

static void free_intake(struct lone_gateway *gateway, struct intake *intake)
{
    size_t at = 0;
    while (gateway->alive[at] != intake)
        check(++at < gateway->alive_intakes);
    gateway->alive[at] = gateway->alive[--gateway->alive_intakes];
    arena_release(&intake->arena);
    free((void *)(uintptr_t)intake->bytes.data);
    free(intake);
}

void lone_gateway_close(struct lone_gateway **gateway_pointer)
{
    struct lone_gateway *gateway = *gateway_pointer;
    *gateway_pointer = NULL;
    broker_release(gateway->broker);
    while (gateway->alive_intakes > 0) /* also those that waited for their files */
        free_intake(gateway, gateway->alive[0]);
    registry_destroy(&gateway->registry);
    gateway->store->verbs->close(gateway->store);
    gateway->blobs->verbs->close(gateway->blobs);
    store_memory_image_destroy(&gateway->image);
    arena_release(&gateway->memory);
    arena_release(&gateway->build);
    free(gateway);
}

/* ---- what adapters say ---- */

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
    Lienthong__V1__Transfer transfer = LIENTHONG__V1__TRANSFER__INIT;
    Lienthong__V1__Result result = LIENTHONG__V1__RESULT__INIT;
    struct lone_message message;
    if (envelope->type == MESSAGE_TYPE_TRANSFER) {
        body.kind_case = LIENTHONG__V1__BODY__KIND_TRANSFER;
        body.transfer = &transfer;
    } else {
        body.kind_case = LIENTHONG__V1__BODY__KIND_RESULT;
        body.result = &result;
        result.national_state = 9;
    }
    envelope->sequence = 1;
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
                          .taken = {NULL, 0, REASON_STORE_FULL, retry_after_ms}};
    lone_gateway_put(gateway, peer, &frame);
}

void lone_gateway_put_not_taken(struct lone_gateway *gateway, const char *peer,
                                const struct message_id *ids, size_t count)
{
    struct frame frame = {.kind = FRAME_NOT_TAKEN, .taken = {ids, count, REASON_BUSY, 1000}};
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

/* ---- the step ---- */

static enum reason took(void *context, const struct key *peer, struct bytes bytes)
{
    static struct arena arena;
    struct lone_gateway *gateway = context;
    struct frame frame;
    if (arena.block == NULL)
        check(arena_init(&arena, FRAME_ARENA_BYTES));
    arena_reset(&arena);
    check(frame_parse(bytes, &arena, &frame) == REASON_NONE);
    if (frame.kind == FRAME_PARCELS) {
        gateway->parcels += frame.parcels.count;
        for (size_t i = 0; i < frame.parcels.count; i++) {
            size_t documents = frame.parcels.parcels[i].document_count;
            gateway->sent_to_stp += key_equal(peer, &(struct key){"stp"}) ? documents : 0;
            gateway->sent_to_sxd += key_equal(peer, &(struct key){"sxd"}) ? documents : 0;
        }
    } else if (frame.kind == FRAME_TAKEN) {
        gateway->taken += frame.taken.count;
    } else if (frame.kind == FRAME_NOT_TAKEN) {
        gateway->not_taken += frame.taken.count;
        gateway->not_taken_reason = frame.taken.reason;
    } else if (frame.kind == FRAME_GOODBYE) {
        gateway->goodbyes++;
    } else if (frame.kind == FRAME_BLOB_CHUNK) {
        gateway->chunks++;
    } else if (frame.kind == FRAME_BLOB_WANT) {
        gateway->wants += frame.blob.offset < LONE_FILE_BYTES;
        if (frame.blob.offset < LONE_FILE_BYTES)
            gateway->want_offset = frame.blob.offset;
    } else if (frame.kind == FRAME_BLOB_REFUSED) {
        gateway->files_refused++;
        gateway->file_reason = frame.blob.reason;
    }
    return REASON_NONE;
}

static void count_alarm(void *context, const struct broker_transition *transition)
{
    struct lone_gateway *gateway = context;
    gateway->alarms += strcmp(transition->event, "alarm") == 0;
    gateway->left_out += transition->count;
    gateway->lines++;
}

static void intake_done(void *context, struct intake *intake)
{
    free_intake(context, intake);
}

void lone_gateway_begin(struct lone_gateway *gateway)
{
    gateway->parcels = gateway->taken = gateway->not_taken = gateway->goodbyes = 0;
    gateway->sent_to_stp = gateway->sent_to_sxd = 0;
    gateway->alarms = gateway->chunks = gateway->files_refused = gateway->wants = 0;
    gateway->lines = gateway->left_out = 0;
    gateway->not_taken_reason = REASON_NONE;
    broker_begin(gateway->broker, (mono_t){gateway->now_ms},
                 (wall_t){gateway->now_ms + gateway->wall_step_ms});
}

enum reason lone_gateway_end(struct lone_gateway *gateway)
{
    const struct broker_effects effects = {
        .context = gateway, .send = took, .transition = count_alarm, .intake_done = intake_done};
    const struct store_plan *plan = NULL;
    size_t fed = 0;
    while (fed < gateway->frame_count && broker_has_room(gateway->broker))
        broker_intake(gateway->broker, gateway->frames[fed++]);
    gateway->frame_count -= fed;
    memmove(gateway->frames, gateway->frames + fed, gateway->frame_count * sizeof(struct intake *));
    enum reason reason = broker_end(gateway->broker, &plan);
    if (reason == REASON_NONE && plan != NULL)
        reason = gateway->store->verbs->commit(gateway->store, plan);
    if (reason == REASON_NONE)
        broker_committed(gateway->broker, &effects);
    else
        broker_aborted(gateway->broker, reason, &effects);
    return reason;
}

enum reason lone_gateway_step(struct lone_gateway *gateway)
{
    lone_gateway_begin(gateway);
    return lone_gateway_end(gateway);
}

void lone_gateway_wait(struct lone_gateway *gateway, int64_t ms)
{
    gateway->now_ms += ms;
}

enum entry_state lone_gateway_state(struct lone_gateway *gateway,
                                    const struct lone_message *message, const char *destination)
{
    struct store_message stored;
    struct entry entry;
    struct key key = key_of(destination);
    struct store *store = gateway->store;
    if (store->verbs->find_message(store, &message->sender, &message->id, &stored) != REASON_NONE ||
        store->verbs->read_entry(store, stored.seq, &key, &entry) != REASON_NONE)
        return (enum entry_state)0;
    return entry.state;
}
