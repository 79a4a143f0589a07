/* What a gateway forwards in the wrong number or twice: the adapter answers and goes on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/core/session.h"
#include "gateway/custody/room.h"
#include "gateway/store/store_memory.h"
#include "proto/base/check.h"
#include "proto/codec/message_type.h"
#include "proto/seal/sha256.h"
#include "schema/body.pb-c.h"
#include "tests/support/blobs_memory.h"
#include "tests/support/open_crypto.h"

enum { FILES_MAX_BYTES = 1024 * 1024 };
static const int64_t now_ms = 1795500000000;

struct fixture {
    struct store_memory_image *image;
    struct store *store;
    struct blobs *blobs;
    struct arena memory, build, scratch;
    struct session *session;
    struct message_id ids;
    size_t taken, not_taken;
    size_t chunks, alarms;
    struct frame_blob file; /* the last want or refusal */
    char dossier[24];       /* of the next submission */
};

static int open_with(void **state, uint32_t flights_max, const struct room_need *step_max)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    check(fixture != NULL);
    fixture->image = store_memory_image_new();
    fixture->blobs = blobs_memory_new(FILES_MAX_BYTES);
    check(store_memory_open(fixture->image, &fixture->store) == REASON_NONE);
    struct session_options options = {.self = key_of("centre"),
                                      .gateway = key_of("gateway"),
                                      .window_messages = 64,
                                      .attachment_bytes_max = FILES_MAX_BYTES,
                                      .flights_max = flights_max,
                                      .step_max = step_max,
                                      .program = "test",
                                      .store = fixture->store,
                                      .blobs = fixture->blobs,
                                      .crypto = &open_crypto};
    check(arena_init(&fixture->memory, session_memory_bytes(&options)));
    check(arena_init(&fixture->build, 8 * 1024 * 1024));
    check(arena_init(&fixture->scratch, ENVELOPE_ARENA_BYTES));
    fixture->session = session_new(&options, &fixture->memory);
    check(session_load(fixture->session, (wall_t){now_ms}) == REASON_NONE);
    (void)snprintf(fixture->dossier, sizeof fixture->dossier, "H38.09-261124-0001");
    *state = fixture;
    return 0;
}

static int set_up(void **state)
{
    return open_with(state, 64, NULL);
}

/* Fewer changes in a step than may be under way. */
static int set_small(void **state)
{
    static const struct room_need small = {{[ROOM_MESSAGES] = PLAN_MESSAGES_MAX,
                                            [ROOM_PARCELS] = PLAN_PARCELS_MAX,
                                            [ROOM_ENTRIES] = PLAN_ENTRIES_MAX,
                                            [ROOM_MOVES] = 1024,
                                            [ROOM_NOTES] = PLAN_NOTES_MAX,
                                            [ROOM_ROUTES] = PLAN_ROUTES_MAX,
                                            [ROOM_RECORDS] = ROOM_RECORDS_MAX,
                                            [ROOM_REPLIES] = 4096,
                                            [ROOM_DELIVERIES] = 4096,
                                            [ROOM_BYTES] = 6 * 1024 * 1024}};
    return open_with(state, 4096, &small);
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    session_release(fixture->session);
    fixture->store->verbs->close(fixture->store);
    fixture->blobs->verbs->close(fixture->blobs);
    store_memory_image_destroy(&fixture->image);
    arena_release(&fixture->memory);
    arena_release(&fixture->build);
    arena_release(&fixture->scratch);
    free(fixture);
    return 0;
}

/* ---- effects ---- */

static enum reason took(void *context, struct bytes bytes)
{
    static struct arena arena;
    struct fixture *fixture = context;
    struct frame frame;
    if (arena.block == NULL)
        check(arena_init(&arena, FRAME_ARENA_BYTES));
    arena_reset(&arena);
    check(frame_parse(bytes, &arena, &frame) == REASON_NONE);
    fixture->taken += frame.kind == FRAME_TAKEN ? frame.taken.count : 0;
    fixture->not_taken += frame.kind == FRAME_NOT_TAKEN ? frame.taken.count : 0;
    fixture->chunks += frame.kind == FRAME_BLOB_CHUNK;
    if (frame.kind == FRAME_BLOB_WANT || frame.kind == FRAME_BLOB_REFUSED)
        fixture->file = frame.blob;
    return REASON_NONE;
}

static void call_office(void *context, uint64_t message_seq, uint32_t attempt)
{
    (void)context;
    (void)message_seq;
    (void)attempt;
}

static void count_alarm(void *context, const struct transition *transition)
{
    struct fixture *fixture = context;
    fixture->alarms += strcmp(transition->event, "alarm") == 0;
}

static void intake_done(void *context, struct intake *intake)
{
    (void)context;
    arena_release(&intake->arena);
    free((void *)(uintptr_t)intake->bytes.data);
    free(intake);
}

static void begin(struct fixture *fixture)
{
    fixture->taken = fixture->not_taken = fixture->chunks = fixture->alarms = 0;
    fixture->file = (struct frame_blob){0};
    session_begin(fixture->session, (mono_t){now_ms}, (wall_t){now_ms});
}

static void end(struct fixture *fixture)
{
    const struct session_effects effects = {fixture, took, call_office, count_alarm, intake_done};
    const struct store_plan *plan = NULL;
    assert_int_equal(session_end(fixture->session, &plan), REASON_NONE);
    if (plan != NULL)
        assert_int_equal(fixture->store->verbs->commit(fixture->store, plan), REASON_NONE);
    session_committed(fixture->session, &effects);
}

/* ---- what the gateway brings ---- */

static void bring_frame(struct fixture *fixture, const struct frame *frame)
{
    struct intake *intake = calloc(1, sizeof *intake);
    struct buffer bytes;
    check(intake != NULL);
    buffer_init(&bytes, FRAME_BYTES_MAX);
    check(frame_build(frame, &fixture->build, &bytes) == REASON_NONE);
    intake->bytes = buffer_view(&bytes);
    intake->peer = key_of("gateway");
    intake->arrived = (wall_t){now_ms};
    check(arena_init(&intake->arena, examine_memory_bytes(intake->bytes.size)));
    examine_frame(intake, &open_crypto, (wall_t){now_ms});
    session_intake(fixture->session, intake);
    arena_reset(&fixture->build);
}

static void bring(struct fixture *fixture, const struct bytes *documents, size_t count,
                  const char *seal)
{
    struct parcel parcels[FRAME_PARCELS_MAX];
    check(count <= FRAME_PARCELS_MAX);
    for (size_t i = 0; i < count; i++)
        parcels[i] = (struct parcel){.documents = &documents[i],
                                     .document_count = 1,
                                     .signature = bytes_of_text(seal),
                                     .certificate = bytes_of_text("c")};
    struct frame frame = {.kind = FRAME_PARCELS, .parcels = {parcels, count}};
    bring_frame(fixture, &frame);
}

static struct bytes build(struct fixture *fixture, struct envelope *envelope,
                          const Lienthong__V1__Body *body)
{
    struct buffer document;
    buffer_init(&document, ENVELOPE_BYTES_MAX);
    struct message_id *id = &fixture->ids;
    id->bytes[6] = 0x70;
    id->bytes[8] = 0x80;
    if (++id->bytes[15] == 0)
        id->bytes[14]++;
    envelope->id = *id;
    envelope->created = (struct stamp){{now_ms}, VIETNAM_OFFSET_MINUTES};
    envelope->source_time = envelope->created;
    check(envelope_build(envelope, body, &fixture->scratch, &document) == REASON_NONE);
    struct bytes copy = arena_copy(&fixture->build, buffer_view(&document));
    check(copy.data != NULL);
    buffer_release(&document);
    return copy;
}

static struct submitted submit_with(struct fixture *fixture, const struct attachment *attachment)
{
    Lienthong__V1__Body body = LIENTHONG__V1__BODY__INIT;
    Lienthong__V1__Transfer transfer = LIENTHONG__V1__TRANSFER__INIT;
    struct submitted submitted = {0};
    body.kind_case = LIENTHONG__V1__BODY__KIND_TRANSFER;
    body.transfer = &transfer;
    struct submission submission = {.draft = {.type = MESSAGE_TYPE_TRANSFER,
                                              .dossier_code = bytes_of_text(fixture->dossier),
                                              .procedure_code = bytes_of_text("2.000635"),
                                              .attachments = attachment,
                                              .attachment_count = attachment != NULL},
                                    .body = &body};
    assert_int_equal(session_submit(fixture->session, &submission, &submitted), REASON_NONE);
    return submitted;
}

static struct submitted submit(struct fixture *fixture)
{
    return submit_with(fixture, NULL);
}

static struct submitted submit_about(struct fixture *fixture, size_t number)
{
    (void)snprintf(fixture->dossier, sizeof fixture->dossier, "H38.09-261124-%04zu", number);
    return submit_with(fixture, NULL);
}

static enum entry_state state_of(struct fixture *fixture, const struct message_id *id)
{
    struct key centre = key_of("centre");
    struct key gateway = key_of("gateway");
    struct store *store = fixture->store;
    struct store_message message;
    struct entry entry;
    assert_int_equal(store->verbs->find_message(store, &centre, id, &message), REASON_NONE);
    assert_int_equal(store->verbs->read_entry(store, message.seq, &gateway, &entry), REASON_NONE);
    return entry.state;
}

static struct bytes receipt(struct fixture *fixture, const char *sender, uint32_t type,
                            const struct receipt_item *items, size_t count)
{
    struct envelope envelope = {.sender = key_of(sender),
                                .recipient = key_of("centre"),
                                .type = type,
                                .receipt = {.items = items, .item_count = count}};
    return build(fixture, &envelope, NULL);
}

/* The gateway refused a message twice, and both receipts came together. */
static void a_message_is_refused_twice(void **state)
{
    struct fixture *fixture = *state;
    begin(fixture);
    struct submitted submitted = submit(fixture);
    end(fixture);
    struct receipt_item item = {.message_id = submitted.id,
                                .digest = submitted.digest,
                                .reason = REASON_ROUTE_MISSING,
                                .at = {now_ms}};
    begin(fixture);
    struct bytes documents[2];
    for (size_t i = 0; i < 2; i++)
        documents[i] = receipt(fixture, "gateway", MESSAGE_TYPE_RECEIPT_REFUSED, &item, 1);
    bring(fixture, documents, 2, "seal");
    end(fixture);
    assert_int_equal(fixture->taken, 2);
}

/* An agency's receipts name one message 512 times each, eleven receipts in a frame. */
static void receipts_name_more_than_a_step_holds(void **state)
{
    enum { RECEIPTS = 11 };
    static struct receipt_item items[RECEIPT_ITEMS_MAX];
    struct fixture *fixture = *state;
    struct bytes documents[RECEIPTS];
    begin(fixture);
    struct submitted submitted = submit(fixture);
    end(fixture);
    begin(fixture);
    for (size_t i = 0; i < RECEIPT_ITEMS_MAX; i++)
        items[i] = (struct receipt_item){.message_id = submitted.id,
                                         .digest = submitted.digest,
                                         .destination = key_of("stp"),
                                         .at = {now_ms}};
    for (size_t i = 0; i < RECEIPTS; i++)
        documents[i] =
            receipt(fixture, "stp", MESSAGE_TYPE_RECEIPT_DELIVERED, items, RECEIPT_ITEMS_MAX);
    bring(fixture, documents, RECEIPTS, "seal");
    end(fixture);
    size_t taken = fixture->taken;
    assert_true(taken > 0 && taken < RECEIPTS);
    assert_int_equal(fixture->not_taken, 0);
    begin(fixture); /* the rest has waited */
    end(fixture);
    assert_int_equal(taken + fixture->taken, RECEIPTS);
}

/* One frame puts off more than one step can write: nothing of it is forgotten. */
static void more_is_put_off_than_a_step_holds(void **state)
{
    enum { MESSAGES = 1200 };
    static struct message_id ids[MESSAGES];
    struct fixture *fixture = *state;
    struct session_status status;
    struct frame frame = {.kind = FRAME_WELCOME,
                          .welcome = {.version = LINK_VERSION,
                                      .gateway = key_of("gateway"),
                                      .window_messages = MESSAGE_WINDOW_MAX,
                                      .clock = {now_ms}}};
    begin(fixture);
    session_link_up(fixture->session);
    bring_frame(fixture, &frame);
    end(fixture);
    for (size_t i = 0; i < MESSAGES; i++) {
        begin(fixture);
        ids[i] = submit_about(fixture, i).id;
        end(fixture);
    }
    frame =
        (struct frame){.kind = FRAME_NOT_TAKEN, .taken = {ids, MESSAGES, REASON_BUSY, 3600 * 1000}};
    begin(fixture);
    bring_frame(fixture, &frame);
    end(fixture);
    for (size_t i = 0; i < 3; i++) {
        begin(fixture);
        end(fixture);
    }
    session_status(fixture->session, &status);
    assert_int_equal(status.to_gateway, MESSAGES);
    for (size_t i = 0; i < MESSAGES; i++)
        assert_int_equal(state_of(fixture, &ids[i]), ENTRY_DEFERRED);
}

/* A receipt that cannot be verified is not taken, and the gateway hears so. */
static void a_receipt_cannot_be_verified(void **state)
{
    struct fixture *fixture = *state;
    begin(fixture);
    struct submitted submitted = submit(fixture);
    struct receipt_item item = {.message_id = submitted.id,
                                .digest = submitted.digest,
                                .destination = key_of("stp"),
                                .at = {now_ms}};
    end(fixture);
    begin(fixture);
    struct bytes document = receipt(fixture, "stp", MESSAGE_TYPE_RECEIPT_DELIVERED, &item, 1);
    bring(fixture, &document, 1, "revoked");
    end(fixture);
    assert_int_equal(fixture->taken, 0);
    assert_int_equal(fixture->not_taken, 1);
}

/* Messages of 200 senders are refused in one step: 200 receipts. */
static void many_senders_are_answered_in_one_step(void **state)
{
    enum { FRAMES = 4, SENDERS = 50 };
    struct fixture *fixture = *state;
    Lienthong__V1__Body body = LIENTHONG__V1__BODY__INIT;
    Lienthong__V1__Result result = LIENTHONG__V1__RESULT__INIT;
    body.kind_case = LIENTHONG__V1__BODY__KIND_RESULT;
    body.result = &result;
    result.national_state = 9;
    begin(fixture);
    for (size_t frame = 0; frame < FRAMES; frame++) {
        struct bytes documents[SENDERS];
        for (size_t i = 0; i < SENDERS; i++) {
            char name[8];
            (void)snprintf(name, sizeof name, "a%03zu", frame * SENDERS + i);
            struct envelope envelope = {.sender = key_of(name),
                                        .type = MESSAGE_TYPE_RESULT,
                                        .sequence = 1,
                                        .expires = {{now_ms - 1}, VIETNAM_OFFSET_MINUTES},
                                        .dossier_code = bytes_of_text("H38.09-261124-0001")};
            documents[i] = build(fixture, &envelope, &body);
        }
        bring(fixture, documents, SENDERS, "seal");
    }
    end(fixture);
    assert_int_equal(fixture->taken, FRAMES * SENDERS);
}

/* Our clock was ahead: a message was refused as expired. Mended, it hears the same message again.
 */
static void what_was_refused_stays_refused(void **state)
{
    enum { LATER_MS = 5000 };
    struct fixture *fixture = *state;
    const struct store_verbs *verbs = fixture->store->verbs;
    Lienthong__V1__Body body = LIENTHONG__V1__BODY__INIT;
    Lienthong__V1__Result result = LIENTHONG__V1__RESULT__INIT;
    body.kind_case = LIENTHONG__V1__BODY__KIND_RESULT;
    body.result = &result;
    result.national_state = 9;
    struct envelope envelope = {.sender = key_of("stp"),
                                .type = MESSAGE_TYPE_RESULT,
                                .sequence = 1,
                                .expires = {{now_ms + LATER_MS}, VIETNAM_OFFSET_MINUTES},
                                .dossier_code = bytes_of_text("H38.09-261124-0001")};
    uint8_t kept[1024];
    struct bytes built = build(fixture, &envelope, &body);
    check(built.size <= sizeof kept);
    memcpy(kept, built.data, built.size);
    struct bytes document = {kept, built.size};
    struct store_message message;
    struct entry entry;
    struct key office = key_of(SESSION_OFFICE);
    for (int64_t ahead_ms = 2 * LATER_MS; ahead_ms >= 0; ahead_ms -= 2 * LATER_MS) {
        fixture->taken = 0;
        session_begin(fixture->session, (mono_t){now_ms}, (wall_t){now_ms + ahead_ms});
        bring(fixture, &document, 1, "seal");
        bring(fixture, &document, 1, "seal"); /* twice in one step */
        end(fixture);
        assert_int_equal(fixture->taken, 2);
        assert_int_equal(
            verbs->find_message(fixture->store, &envelope.sender, &fixture->ids, &message),
            REASON_NONE);
        assert_int_equal(verbs->read_entry(fixture->store, message.seq, &office, &entry),
                         REASON_NONE);
        assert_int_equal(entry.state, ENTRY_REFUSED);
        assert_int_equal(entry.reason, REASON_EXPIRED);
    }
}

/* ---- files ---- */

static struct attachment keep_file(struct fixture *fixture, const char *text)
{
    const struct blobs_verbs *verbs = fixture->blobs->verbs;
    struct key uploader = {0};
    struct bytes content = bytes_of_text(text);
    struct attachment file = {.size_bytes = content.size, .name = bytes_of_text("a.pdf")};
    uint64_t at;
    sha256_parts(&content, 1, &file.digest);
    check(verbs->begin(fixture->blobs, &uploader, &file.digest, content.size, &at) == REASON_NONE);
    check(verbs->write(fixture->blobs, &uploader, &file.digest, 0, content) == REASON_NONE);
    check(blobs_finish(fixture->blobs, &uploader, &file.digest) == REASON_NONE);
    return file;
}

static bool is_served(struct fixture *fixture, const struct digest *file, const char *sender,
                      const struct message_id *id)
{
    struct frame want = {.kind = FRAME_BLOB_WANT,
                         .blob = {.digest = *file,
                                  .credit_until = BLOB_CHUNK_BYTES_MAX,
                                  .sender = key_of(sender),
                                  .message_id = *id}};
    begin(fixture);
    bring_frame(fixture, &want);
    end(fixture);
    if (fixture->chunks == 0) {
        assert_int_equal(fixture->file.reason, REASON_ATTACHMENT_MISSING);
        assert_int_equal(fixture->alarms, 1);
    }
    return fixture->chunks > 0;
}

/* The gateway gets the files of what we send it; not a draft's, nor what others sent us. */
static void the_gateway_gets_the_files_that_are_sent(void **state)
{
    struct fixture *fixture = *state;
    Lienthong__V1__Body body = LIENTHONG__V1__BODY__INIT;
    Lienthong__V1__Result result = LIENTHONG__V1__RESULT__INIT;
    body.kind_case = LIENTHONG__V1__BODY__KIND_RESULT;
    body.result = &result;
    result.national_state = 9;
    struct attachment sent = keep_file(fixture, "sent");
    struct attachment draft = keep_file(fixture, "not sent");
    begin(fixture);
    struct submitted submitted = submit_with(fixture, &sent);
    end(fixture);
    struct envelope envelope = {.sender = key_of("stp"),
                                .type = MESSAGE_TYPE_RESULT,
                                .sequence = 1,
                                .dossier_code = bytes_of_text("H38.09-261124-0001"),
                                .attachments = &draft,
                                .attachment_count = 1};
    begin(fixture);
    struct bytes document = build(fixture, &envelope, &body);
    struct message_id received = envelope.id;
    bring(fixture, &document, 1, "seal");
    end(fixture);
    assert_int_equal(fixture->taken, 1);
    assert_false(is_served(fixture, &draft.digest, "centre", &submitted.id));
    assert_false(is_served(fixture, &draft.digest, "stp", &received));
    assert_true(is_served(fixture, &sent.digest, "centre", &submitted.id));
}

/* What is missing is asked for in the name of the message that came. */
static void a_file_is_wanted_for_its_message(void **state)
{
    struct fixture *fixture = *state;
    Lienthong__V1__Body body = LIENTHONG__V1__BODY__INIT;
    Lienthong__V1__Result result = LIENTHONG__V1__RESULT__INIT;
    body.kind_case = LIENTHONG__V1__BODY__KIND_RESULT;
    body.result = &result;
    result.national_state = 9;
    struct attachment file = {.size_bytes = 1000, .name = bytes_of_text("a.pdf")};
    memset(file.digest.bytes, 0x5a, DIGEST_BYTES);
    struct envelope envelope = {.sender = key_of("stp"),
                                .type = MESSAGE_TYPE_RESULT,
                                .sequence = 1,
                                .dossier_code = bytes_of_text("H38.09-261124-0001"),
                                .attachments = &file,
                                .attachment_count = 1};
    begin(fixture);
    struct bytes document = build(fixture, &envelope, &body);
    bring(fixture, &document, 1, "seal");
    end(fixture);
    assert_true(digest_equal(&fixture->file.digest, &file.digest));
    assert_string_equal(fixture->file.sender.text, "stp");
    assert_true(id_equal(&fixture->file.message_id, &envelope.id));
    /* What the gateway says of the file, or sends for it, is not the message's fault. */
    static const uint8_t other[1000];
    const struct frame answers[] = {
        {.kind = FRAME_BLOB_REFUSED, .blob = {.digest = file.digest, .reason = REASON_BUSY}},
        {.kind = FRAME_BLOB_REFUSED,
         .blob = {.digest = file.digest, .reason = REASON_ATTACHMENT_MISSING}},
        {.kind = FRAME_BLOB_REFUSED,
         .blob = {.digest = file.digest, .reason = REASON_ATTACHMENT_DIGEST}},
        {.kind = FRAME_BLOB_CHUNK,
         .blob = {.digest = file.digest, .content = {other, sizeof other}}},
    };
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        begin(fixture);
        bring_frame(fixture, &answers[i]);
        end(fixture);
        assert_int_equal(fixture->taken + fixture->not_taken, 1);
        assert_int_equal(fixture->not_taken, 1);
        begin(fixture);
        document = build(fixture, &envelope, &body);
        bring(fixture, &document, 1, "seal");
        end(fixture);
        assert_int_equal(fixture->taken + fixture->not_taken, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_message_is_refused_twice, set_up, tear_down),
        cmocka_unit_test_setup_teardown(receipts_name_more_than_a_step_holds, set_up, tear_down),
        cmocka_unit_test_setup_teardown(more_is_put_off_than_a_step_holds, set_small, tear_down),
        cmocka_unit_test_setup_teardown(a_receipt_cannot_be_verified, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_was_refused_stays_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(many_senders_are_answered_in_one_step, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_gateway_gets_the_files_that_are_sent, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_file_is_wanted_for_its_message, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
