/* Frames of any contents: agreement with protobuf-c, cuts, flipped bits, too little memory. */
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

static struct parcel random_parcel(struct fixture *fixture, struct bytes *documents, size_t most)
{
    struct parcel parcel = {.documents = documents, .document_count = 1 + next(fixture) % most};
    for (size_t i = 0; i < parcel.document_count; i++)
        documents[i] = some_bytes(fixture, 1, 300);
    parcel.manifest = some_bytes(fixture, 0, 500);
    parcel.signature = some_bytes(fixture, 0, 500);
    parcel.certificate = some_bytes(fixture, 0, 500);
    return parcel;
}

struct random_parts {
    struct bytes documents[4][8];
    struct parcel parcels[4];
    struct message_id ids[20];
    struct digest path[20];
};

static void random_frame(struct fixture *fixture, struct random_parts *parts, struct frame *frame)
{
    memset(frame, 0, sizeof *frame);
    frame->kind = (enum frame_kind)(FRAME_PARCELS + next(fixture) % 8);
    size_t count = next(fixture) % 20;
    memcpy(parts->ids, fixture->content + count, sizeof parts->ids);
    memcpy(parts->path, fixture->content + count, sizeof parts->path);
    for (size_t i = 0; i < 4; i++)
        parts->parcels[i] =
            random_parcel(fixture, parts->documents[i], frame->kind == FRAME_PARCELS ? 8 : 1);
    if (frame->kind == FRAME_PARCELS) {
        frame->parcels = (struct frame_parcels){parts->parcels, 1 + count % 4};
    } else if (frame->kind == FRAME_LEDGER_HEAD) {
        frame->ledger_head = (struct frame_ledger_head){parts->parcels[0], parts->path, count,
                                                        up_to(fixture, UINT64_MAX - 1)};
    } else if (frame->kind == FRAME_TAKEN || frame->kind == FRAME_NOT_TAKEN) {
        frame->taken = (struct frame_taken){.ids = parts->ids,
                                            .count = count,
                                            .reason = (enum reason)up_to(fixture, UINT32_MAX),
                                            .retry_after_ms = (uint32_t)up_to(fixture, UINT32_MAX)};
    } else {
        frame->blob = (struct frame_blob){.digest = parts->path[0],
                                          .size_bytes = up_to(fixture, UINT64_MAX - 1),
                                          .offset = up_to(fixture, UINT64_MAX - 1),
                                          .credit_until = up_to(fixture, UINT64_MAX - 1),
                                          .sender = key_of("centre"),
                                          .message_id = parts->ids[0],
                                          .content = some_bytes(fixture, 1, 3000),
                                          .reason = REASON_BUSY};
    }
}

/* The schema stays the truth: what we write is, byte for byte, what protobuf-c writes. */
static void test_random_frames_agree_with_protobuf_c(void **state)
{
    struct fixture *fixture = *state;
    struct random_parts parts;
    struct frame frame, parsed;
    for (int i = 0; i < 2000; i++) {
        random_frame(fixture, &parts, &frame);
        struct bytes built = build(fixture, &frame);
        Lienthong__V1__Frame *unpacked = lienthong__v1__frame__unpack(NULL, built.size, built.data);
        assert_non_null(unpacked);
        struct bytes packed = pack(fixture, unpacked);
        lienthong__v1__frame__free_unpacked(unpacked, NULL);
        assert_true(bytes_equal(built, packed));
        assert_int_equal(parse(fixture, packed, &parsed), REASON_NONE);
        assert_true(bytes_equal(build(fixture, &parsed), packed));
    }
}

/* Each copy is of its own size on the heap, so that a sanitizer sees a read past the end. */
static enum reason parse_copy(struct fixture *fixture, struct bytes bytes)
{
    struct frame frame;
    uint8_t *copy = malloc(bytes.size + 1);
    assert_non_null(copy);
    memcpy(copy + 1, bytes.data, bytes.size);
    enum reason reason = parse(fixture, (struct bytes){copy + 1, bytes.size}, &frame);
    free(copy);
    return reason;
}

static void test_cut_and_flipped_frames(void **state)
{
    struct fixture *fixture = *state;
    struct random_parts parts;
    struct frame frame;
    for (int i = 0; i < 16; i++) {
        random_frame(fixture, &parts, &frame);
        struct bytes built = build(fixture, &frame);
        for (size_t size = 0; size < built.size; size++)
            assert_int_equal(parse_copy(fixture, (struct bytes){built.data, size}),
                             REASON_FRAME_MALFORMED);
        for (size_t bit = 0; bit < built.size * 8; bit += 1 + bit / 512) {
            fixture->built.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
            enum reason reason = parse_copy(fixture, built);
            assert_true(reason == REASON_NONE || reason == REASON_FRAME_MALFORMED);
            fixture->built.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
    }
}

static void test_a_full_arena_is_said(void **state)
{
    struct fixture *fixture = *state;
    struct random_parts parts;
    struct frame frame, parsed;
    do
        random_frame(fixture, &parts, &frame);
    while (frame.kind != FRAME_PARCELS);
    struct bytes built = build(fixture, &frame);
    struct arena small;
    assert_true(arena_init(&small, 32));
    assert_int_equal(frame_parse(built, &small, &parsed), REASON_OUT_OF_MEMORY);
    arena_release(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_random_frames_agree_with_protobuf_c, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cut_and_flipped_frames, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_full_arena_is_said, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
