/* Frames: every kind both ways, agreement with protobuf-c, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "proto/codec/frame.h"
#include "schema/link.pb-c.h"
#include "tests/unit/frame_fixture.h"

#define FRAME_OF(kind_name, member, ...)                                                           \
    ((Lienthong__V1__Frame){.base = PROTOBUF_C_MESSAGE_INIT(&lienthong__v1__frame__descriptor),    \
                            .kind_case = LIENTHONG__V1__FRAME__KIND_##kind_name,                   \
                            .member = (__VA_ARGS__)})

/* Packed by protobuf-c, parsed by us; built again by us it is the same bytes. */
static struct frame pass(struct fixture *fixture, const Lienthong__V1__Frame *from)
{
    struct frame frame;
    struct bytes packed = pack(fixture, from);
    assert_int_equal(parse(fixture, packed, &frame), REASON_NONE);
    struct bytes built = build(fixture, &frame);
    assert_int_equal(built.size, packed.size);
    assert_memory_equal(built.data, packed.data, built.size);
    return frame;
}

static enum reason refusal(struct fixture *fixture, const Lienthong__V1__Frame *from)
{
    struct frame frame = {.kind = FRAME_GOODBYE};
    enum reason reason = parse(fixture, pack(fixture, from), &frame);
    assert_int_equal(frame.kind, FRAME_GOODBYE);
    return reason;
}

static Lienthong__V1__Hello hello_of(struct fixture *fixture,
                                     Lienthong__V1__LedgerHeadSeen *storage)
{
    Lienthong__V1__Hello hello = LIENTHONG__V1__HELLO__INIT;
    lienthong__v1__ledger_head_seen__init(storage);
    storage->ledger_id = (ProtobufCBinaryData){16, fixture->content + 100};
    storage->tree_size = 77;
    storage->root_sha256 = (ProtobufCBinaryData){32, fixture->content + 200};
    hello.version_min = 1;
    hello.version_max = 3;
    hello.participant = (char *)"stnmt";
    hello.program = (char *)"lienthong-adapter 1.0.0";
    hello.window_messages = 500;
    hello.window_bytes = MESSAGE_WINDOW_BYTES_MIN;
    hello.clock_ms = 1791426600123;
    hello.incarnation = (ProtobufCBinaryData){16, fixture->content + 10};
    hello.head_seen = storage;
    hello.registry_version = (char *)"2026-11-24.1+0123456789ab";
    return hello;
}

static void test_hello_and_welcome(void **state)
{
    struct fixture *fixture = *state;
    Lienthong__V1__LedgerHeadSeen seen;
    Lienthong__V1__Hello hello = hello_of(fixture, &seen);
    struct frame frame = pass(fixture, &FRAME_OF(HELLO, hello, &hello));
    struct key participant = key_of("stnmt");
    assert_int_equal(frame.kind, FRAME_HELLO);
    assert_int_equal(frame.hello.version_min, 1);
    assert_int_equal(frame.hello.version_max, 3);
    assert_true(key_equal(&frame.hello.participant, &participant));
    assert_true(bytes_equal(frame.hello.program, bytes_of_text("lienthong-adapter 1.0.0")));
    assert_int_equal(frame.hello.window_messages, 500);
    assert_int_equal(frame.hello.window_bytes, MESSAGE_WINDOW_BYTES_MIN);
    assert_int_equal(frame.hello.clock.ms, 1791426600123);
    assert_memory_equal(frame.hello.incarnation, fixture->content + 10, 16);
    assert_int_equal(frame.hello.head_seen.tree_size, 77);
    assert_memory_equal(frame.hello.head_seen.ledger_id, fixture->content + 100, 16);
    assert_memory_equal(frame.hello.head_seen.root.bytes, fixture->content + 200, 32);
    assert_true(
        bytes_equal(frame.hello.registry_version, bytes_of_text("2026-11-24.1+0123456789ab")));
    hello.head_seen = NULL;
    frame = pass(fixture, &FRAME_OF(HELLO, hello, &hello));
    assert_int_equal(frame.hello.head_seen.tree_size, 0);

    Lienthong__V1__Welcome welcome = LIENTHONG__V1__WELCOME__INIT;
    welcome.version = 1;
    welcome.gateway = (char *)"centre";
    welcome.window_messages = 256;
    welcome.window_bytes = MESSAGE_WINDOW_BYTES_MAX;
    welcome.clock_ms = 5;
    welcome.registry_version = (char *)"2026-11-01";
    welcome.attachment_bytes_max = BLOB_BYTES_DEFAULT_MAX;
    frame = pass(fixture, &FRAME_OF(WELCOME, welcome, &welcome));
    struct key gateway = key_of("centre");
    assert_int_equal(frame.kind, FRAME_WELCOME);
    assert_int_equal(frame.welcome.version, 1);
    assert_true(key_equal(&frame.welcome.gateway, &gateway));
    assert_int_equal(frame.welcome.window_messages, 256);
    assert_int_equal(frame.welcome.window_bytes, MESSAGE_WINDOW_BYTES_MAX);
    assert_int_equal(frame.welcome.clock.ms, 5);
    assert_true(bytes_equal(frame.welcome.registry_version, bytes_of_text("2026-11-01")));
    assert_int_equal(frame.welcome.attachment_bytes_max, BLOB_BYTES_DEFAULT_MAX);
}

static void test_parcels(void **state)
{
    struct fixture *fixture = *state;
    ProtobufCBinaryData documents[] = {{300, fixture->content}, {1, fixture->content + 1}};
    Lienthong__V1__Parcel several = LIENTHONG__V1__PARCEL__INIT;
    several.n_documents = 2;
    several.documents = documents;
    several.manifest = (ProtobufCBinaryData){150, fixture->content + 2};
    several.signature = (ProtobufCBinaryData){1500, fixture->content + 3};
    several.certificate = (ProtobufCBinaryData){900, fixture->content + 4};
    Lienthong__V1__Parcel single = LIENTHONG__V1__PARCEL__INIT;
    single.n_documents = 1;
    single.documents = documents + 1;
    Lienthong__V1__Parcel *pointers[] = {&several, &single};
    Lienthong__V1__Parcels parcels = LIENTHONG__V1__PARCELS__INIT;
    parcels.n_parcels = 2;
    parcels.parcels = pointers;
    struct frame frame = pass(fixture, &FRAME_OF(PARCELS, parcels, &parcels));
    assert_int_equal(frame.kind, FRAME_PARCELS);
    assert_int_equal(frame.parcels.count, 2);
    const struct parcel *parcel = &frame.parcels.parcels[0];
    assert_int_equal(parcel->document_count, 2);
    assert_true(bytes_equal(parcel->documents[0], (struct bytes){fixture->content, 300}));
    assert_true(bytes_equal(parcel->documents[1], (struct bytes){fixture->content + 1, 1}));
    assert_true(bytes_equal(parcel->manifest, (struct bytes){fixture->content + 2, 150}));
    assert_true(bytes_equal(parcel->signature, (struct bytes){fixture->content + 3, 1500}));
    assert_true(bytes_equal(parcel->certificate, (struct bytes){fixture->content + 4, 900}));
    assert_int_equal(frame.parcels.parcels[1].document_count, 1);
    assert_int_equal(frame.parcels.parcels[1].signature.size, 0);

    Lienthong__V1__LedgerHead head = LIENTHONG__V1__LEDGER_HEAD__INIT;
    ProtobufCBinaryData path[] = {{32, fixture->content}, {32, fixture->content + 40}};
    head.parcel = &single;
    head.n_consistency = 2;
    head.consistency = path;
    head.from_tree_size = 5;
    frame = pass(fixture, &FRAME_OF(LEDGER_HEAD, ledger_head, &head));
    assert_int_equal(frame.kind, FRAME_LEDGER_HEAD);
    assert_int_equal(frame.ledger_head.consistency_count, 2);
    assert_int_equal(frame.ledger_head.from_tree_size, 5);
    assert_memory_equal(frame.ledger_head.consistency[1].bytes, fixture->content + 40, 32);
    assert_true(bytes_equal(frame.ledger_head.parcel.documents[0],
                            (struct bytes){fixture->content + 1, 1}));
    head.parcel = &several;
    assert_int_equal(refusal(fixture, &FRAME_OF(LEDGER_HEAD, ledger_head, &head)),
                     REASON_FRAME_MALFORMED);
}

static void test_taken_heartbeat_goodbye(void **state)
{
    struct fixture *fixture = *state;
    ProtobufCBinaryData ids[] = {{16, fixture->content}, {16, fixture->content + 40}};
    Lienthong__V1__Taken taken = LIENTHONG__V1__TAKEN__INIT;
    taken.n_message_ids = 2;
    taken.message_ids = ids;
    struct frame frame = pass(fixture, &FRAME_OF(TAKEN, taken, &taken));
    assert_int_equal(frame.kind, FRAME_TAKEN);
    assert_int_equal(frame.taken.count, 2);
    assert_memory_equal(frame.taken.ids[1].bytes, fixture->content + 40, 16);

    Lienthong__V1__NotTaken not_taken = LIENTHONG__V1__NOT_TAKEN__INIT;
    not_taken.reason = REASON_STORE_BUSY;
    not_taken.retry_after_ms = 1500;
    frame = pass(fixture, &FRAME_OF(NOT_TAKEN, not_taken, &not_taken));
    assert_int_equal(frame.kind, FRAME_NOT_TAKEN);
    assert_int_equal(frame.taken.count, 0);
    assert_int_equal(frame.taken.reason, REASON_STORE_BUSY);
    assert_int_equal(frame.taken.retry_after_ms, 1500);

    Lienthong__V1__Heartbeat heartbeat = LIENTHONG__V1__HEARTBEAT__INIT;
    frame = pass(fixture, &FRAME_OF(HEARTBEAT, heartbeat, &heartbeat));
    assert_int_equal(frame.kind, FRAME_HEARTBEAT);
    heartbeat.clock_ms = -3;
    assert_int_equal(frame.heartbeat.registry_version.size, 0);
    heartbeat.registry_version = (char *)"2026-11-24.2+ba9876543210";
    assert_int_equal(frame.heartbeat.window_bytes, 0);
    heartbeat.window_messages = MESSAGE_WINDOW_MAX;
    heartbeat.window_bytes = MESSAGE_WINDOW_BYTES_MIN + 1;
    Lienthong__V1__LedgerHeadSeen seen = LIENTHONG__V1__LEDGER_HEAD_SEEN__INIT;
    seen.ledger_id = (ProtobufCBinaryData){16, fixture->content};
    seen.tree_size = 77;
    seen.root_sha256 = (ProtobufCBinaryData){32, fixture->content + 40};
    heartbeat.head_seen = &seen;
    frame = pass(fixture, &FRAME_OF(HEARTBEAT, heartbeat, &heartbeat));
    assert_int_equal(frame.heartbeat.clock.ms, -3);
    assert_int_equal(frame.heartbeat.window_messages, MESSAGE_WINDOW_MAX);
    assert_int_equal(frame.heartbeat.window_bytes, MESSAGE_WINDOW_BYTES_MIN + 1);
    assert_int_equal(frame.heartbeat.head_seen.tree_size, 77);
    assert_memory_equal(frame.heartbeat.head_seen.root.bytes, fixture->content + 40, 32);
    assert_true(
        bytes_equal(frame.heartbeat.registry_version, bytes_of_text("2026-11-24.2+ba9876543210")));
    seen.ledger_id.len = 15;
    assert_int_equal(refusal(fixture, &FRAME_OF(HEARTBEAT, heartbeat, &heartbeat)),
                     REASON_FRAME_MALFORMED);

    Lienthong__V1__Goodbye goodbye = LIENTHONG__V1__GOODBYE__INIT;
    goodbye.reason = REASON_SHUTDOWN;
    frame = pass(fixture, &FRAME_OF(GOODBYE, goodbye, &goodbye));
    assert_int_equal(frame.kind, FRAME_GOODBYE);
    assert_int_equal(frame.goodbye, REASON_SHUTDOWN);
}

static void test_blobs(void **state)
{
    struct fixture *fixture = *state;
    ProtobufCBinaryData digest = {32, fixture->content + 9};
    Lienthong__V1__BlobOffer offer = LIENTHONG__V1__BLOB_OFFER__INIT;
    offer.sha256 = digest;
    offer.size_bytes = UINT64_MAX;
    struct frame frame = pass(fixture, &FRAME_OF(BLOB_OFFER, blob_offer, &offer));
    assert_int_equal(frame.kind, FRAME_BLOB_OFFER);
    assert_true(frame.blob.size_bytes == UINT64_MAX);
    assert_memory_equal(frame.blob.digest.bytes, fixture->content + 9, 32);

    Lienthong__V1__BlobWant want = LIENTHONG__V1__BLOB_WANT__INIT;
    want.sha256 = digest;
    want.offset = 10;
    want.credit_until = 20;
    want.sender = "centre";
    want.message_id = (ProtobufCBinaryData){16, fixture->content + 50};
    frame = pass(fixture, &FRAME_OF(BLOB_WANT, blob_want, &want));
    assert_int_equal(frame.kind, FRAME_BLOB_WANT);
    assert_int_equal(frame.blob.offset, 10);
    assert_int_equal(frame.blob.credit_until, 20);
    assert_string_equal(frame.blob.sender.text, "centre");
    assert_memory_equal(frame.blob.message_id.bytes, fixture->content + 50, 16);
    want.message_id.len = 0; /* a want that names no message, as of an older program */
    assert_int_equal(refusal(fixture, &FRAME_OF(BLOB_WANT, blob_want, &want)),
                     REASON_FRAME_MALFORMED);
    want.message_id.len = 16;
    want.sender = "Centre"; /* no key */
    assert_int_equal(refusal(fixture, &FRAME_OF(BLOB_WANT, blob_want, &want)),
                     REASON_FRAME_MALFORMED);

    Lienthong__V1__BlobChunk chunk = LIENTHONG__V1__BLOB_CHUNK__INIT;
    chunk.sha256 = digest;
    chunk.offset = 30;
    chunk.content = (ProtobufCBinaryData){1000, fixture->content};
    frame = pass(fixture, &FRAME_OF(BLOB_CHUNK, blob_chunk, &chunk));
    assert_int_equal(frame.kind, FRAME_BLOB_CHUNK);
    assert_int_equal(frame.blob.offset, 30);
    assert_true(bytes_equal(frame.blob.content, (struct bytes){fixture->content, 1000}));
    chunk.content.len = 0;
    assert_int_equal(refusal(fixture, &FRAME_OF(BLOB_CHUNK, blob_chunk, &chunk)),
                     REASON_FRAME_MALFORMED);

    Lienthong__V1__BlobRefused refused = LIENTHONG__V1__BLOB_REFUSED__INIT;
    refused.sha256 = digest;
    refused.reason = REASON_ATTACHMENT_TOO_LARGE;
    frame = pass(fixture, &FRAME_OF(BLOB_REFUSED, blob_refused, &refused));
    assert_int_equal(frame.kind, FRAME_BLOB_REFUSED);
    assert_int_equal(frame.blob.reason, REASON_ATTACHMENT_TOO_LARGE);
    refused.sha256.len = 31;
    assert_int_equal(refusal(fixture, &FRAME_OF(BLOB_REFUSED, blob_refused, &refused)),
                     REASON_FRAME_MALFORMED);
}

static void test_a_hello_out_of_bounds_is_refused(void **state)
{
    struct fixture *fixture = *state;
    Lienthong__V1__LedgerHeadSeen seen;
    const Lienthong__V1__Hello good = hello_of(fixture, &seen);
    Lienthong__V1__Hello bad[12];
    for (size_t i = 0; i < 12; i++)
        bad[i] = good;
    char program[66];
    memset(program, 'x', 65);
    program[65] = 0;
    bad[0].version_min = 0;
    bad[1].version_min = 4;
    bad[2].participant = (char *)"STNMT";
    bad[3].participant = (char *)"";
    bad[4].program = program;
    bad[5].program = (char *)"\xff";
    bad[6].window_messages = 0;
    bad[7].window_messages = MESSAGE_WINDOW_MAX + 1;
    bad[8].incarnation.len = 15;
    bad[9].clock_ms = INT64_MIN;
    bad[10].window_bytes = MESSAGE_WINDOW_BYTES_MIN - 1;
    bad[11].window_bytes = MESSAGE_WINDOW_BYTES_MAX + 1;
    for (size_t i = 0; i < 12; i++)
        assert_int_equal(refusal(fixture, &FRAME_OF(HELLO, hello, &bad[i])),
                         REASON_FRAME_MALFORMED);
    seen.root_sha256.len = 0;
    assert_int_equal(refusal(fixture, &FRAME_OF(HELLO, hello, &bad[9])), REASON_FRAME_MALFORMED);
}

static void test_counts_are_bounded(void **state)
{
    struct fixture *fixture = *state;
    static ProtobufCBinaryData items[MESSAGE_WINDOW_MAX + 1];
    for (size_t i = 0; i <= MESSAGE_WINDOW_MAX; i++)
        items[i] = (ProtobufCBinaryData){16, fixture->content};
    Lienthong__V1__Taken taken = LIENTHONG__V1__TAKEN__INIT;
    taken.message_ids = items;
    taken.n_message_ids = MESSAGE_WINDOW_MAX;
    assert_int_equal(pass(fixture, &FRAME_OF(TAKEN, taken, &taken)).taken.count,
                     MESSAGE_WINDOW_MAX);
    taken.n_message_ids++;
    assert_int_equal(refusal(fixture, &FRAME_OF(TAKEN, taken, &taken)), REASON_FRAME_MALFORMED);

    Lienthong__V1__Parcel parcel = LIENTHONG__V1__PARCEL__INIT;
    Lienthong__V1__Parcel *pointers[FRAME_PARCELS_MAX + 1];
    for (size_t i = 0; i <= FRAME_PARCELS_MAX; i++)
        pointers[i] = &parcel;
    Lienthong__V1__Parcels parcels = LIENTHONG__V1__PARCELS__INIT;
    parcels.parcels = pointers;
    parcel.documents = items;
    const size_t allowed[][2] = {{1, 1}, {FRAME_PARCELS_MAX, PARCEL_MESSAGES_MAX}};
    const size_t refused[][2] = {
        {0, 1}, {1, 0}, {FRAME_PARCELS_MAX + 1, 1}, {1, PARCEL_MESSAGES_MAX + 1}};
    for (size_t i = 0; i < 2; i++) {
        parcels.n_parcels = allowed[i][0];
        parcel.n_documents = allowed[i][1];
        assert_int_equal(pass(fixture, &FRAME_OF(PARCELS, parcels, &parcels)).parcels.count,
                         allowed[i][0]);
    }
    for (size_t i = 0; i < 4; i++) {
        parcels.n_parcels = refused[i][0];
        parcel.n_documents = refused[i][1];
        assert_int_equal(refusal(fixture, &FRAME_OF(PARCELS, parcels, &parcels)),
                         REASON_FRAME_MALFORMED);
    }
}

static void test_sizes_are_bounded(void **state)
{
    struct fixture *fixture = *state;
    static uint8_t zeros[FRAME_BYTES_MAX];
    struct frame frame = {.kind = FRAME_PARCELS};
    struct bytes documents[2] = {{zeros, ENVELOPE_BYTES_MAX}, {zeros, ENVELOPE_BYTES_MAX}};
    struct parcel parcel = {.documents = documents,
                            .document_count = 2,
                            .manifest = {zeros, MANIFEST_BYTES_MAX},
                            .signature = {zeros, SIGNATURE_BYTES_MAX},
                            .certificate = {zeros, CERTIFICATE_BYTES_MAX}};
    frame.parcels = (struct frame_parcels){&parcel, 1};
    struct frame parsed;
    struct bytes built = build(fixture, &frame);
    size_t cost = frame_parcel_cost(&parcel) + 2 * frame_document_cost(ENVELOPE_BYTES_MAX);
    assert_true(built.size <= cost && cost <= built.size + 16);
    assert_int_equal(parse(fixture, built, &parsed), REASON_NONE);
    parcel.signature.size++;
    assert_int_equal(parse(fixture, build(fixture, &frame), &parsed), REASON_FRAME_MALFORMED);
    documents[0].size = FRAME_BYTES_MAX;
    buffer_clear(&fixture->built);
    assert_int_equal(frame_build(&frame, NULL, &fixture->built), REASON_FRAME_TOO_LARGE);
    assert_int_equal(fixture->built.size, 0);
    struct bytes large = {zeros, FRAME_BYTES_MAX};
    assert_int_equal(parse(fixture, large, &parsed), REASON_FRAME_MALFORMED);
    large.size++; /* not looked at */
    assert_int_equal(parse(fixture, large, &parsed), REASON_FRAME_TOO_LARGE);

    struct buffer small;
    buffer_init(&small, 100);
    documents[0].size = 1;
    assert_int_equal(frame_build(&frame, NULL, &small), REASON_OUT_OF_MEMORY);
    assert_int_equal(small.size, 0);
    buffer_release(&small);
}

static void test_strange_wire_formats_are_refused(void **state)
{
    struct fixture *fixture = *state;
    struct frame frame;
    static const struct {
        const char *what;
        const char *bytes;
        size_t size;
        enum reason reason;
    } cases[] = {
        {"nothing", "", 0, REASON_FRAME_MALFORMED},
        {"an unknown kind", "\xfa\x01\x00", 3, REASON_FRAME_MALFORMED},
        {"a goodbye", "\x62\x00", 2, REASON_NONE},
        {"a goodbye with an unknown field beside it", "\x62\x00\xfa\x01\x00", 5, REASON_NONE},
        {"an unknown field inside", "\x62\x02\x78\x05", 4, REASON_NONE},
        {"two kinds", "\x62\x00\x1a\x00", 4, REASON_FRAME_MALFORMED},
        {"one kind twice", "\x62\x00\x62\x00", 4, REASON_FRAME_MALFORMED},
        {"a field twice", "\x62\x04\x08\x01\x08\x01", 6, REASON_FRAME_MALFORMED},
        {"a wrong wire type", "\x60\x00", 2, REASON_FRAME_MALFORMED},
        {"a group", "\x63\x64", 2, REASON_FRAME_MALFORMED},
        {"field number 0", "\x02\x00", 2, REASON_FRAME_MALFORMED},
        {"a padded length", "\x62\x80\x00", 3, REASON_FRAME_MALFORMED},
        {"a padded key", "\xe2\x00\x00", 3, REASON_FRAME_MALFORMED},
        {"a length past the end", "\x62\x05\x08", 3, REASON_FRAME_MALFORMED},
        {"a reason above 32 bits", "\x62\x07\x08\x80\x80\x80\x80\x80\x01", 9,
         REASON_FRAME_MALFORMED},
        {"a varint above 64 bits", "\x62\x0b\x78\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 13,
         REASON_FRAME_MALFORMED},
        {"fixed64 and fixed32 unknown",
         "\x62\x0e\x79"
         "12345678"
         "\x7d"
         "1234",
         16, REASON_NONE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bytes bytes = {(const uint8_t *)cases[i].bytes, cases[i].size};
        enum reason reason = parse(fixture, bytes, &frame);
        if (reason != cases[i].reason)
            fail_msg("%s: %s", cases[i].what, reason_code(reason));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_hello_and_welcome, setup, teardown),
        cmocka_unit_test_setup_teardown(test_parcels, setup, teardown),
        cmocka_unit_test_setup_teardown(test_taken_heartbeat_goodbye, setup, teardown),
        cmocka_unit_test_setup_teardown(test_blobs, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_hello_out_of_bounds_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_counts_are_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sizes_are_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(test_strange_wire_formats_are_refused, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
