/* frame_fixture - what tests of frames share: memory, and contents that are the same in each run.
 */
#pragma once

#include <stdlib.h>

#include "proto/codec/frame.h"
#include "schema/link.pb-c.h"

struct fixture {
    struct arena arena;
    struct buffer built;
    struct buffer packed;
    uint8_t content[4096];
    uint64_t seed;
};

static inline int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    assert_true(arena_init(&fixture->arena, FRAME_ARENA_BYTES));
    buffer_init(&fixture->built, 2 * FRAME_BYTES_MAX);
    buffer_init(&fixture->packed, 2 * FRAME_BYTES_MAX);
    fixture->seed = 1;
    for (size_t i = 0; i < sizeof fixture->content; i++)
        fixture->content[i] = (uint8_t)(i * 7 + i / 256);
    *state = fixture;
    return 0;
}

static inline int teardown(void **state)
{
    struct fixture *fixture = *state;
    arena_release(&fixture->arena);
    buffer_release(&fixture->built);
    buffer_release(&fixture->packed);
    free(fixture);
    return 0;
}

/* xorshift64: the same frames in every run. */
static inline uint64_t next(struct fixture *fixture)
{
    fixture->seed ^= fixture->seed << 13;
    fixture->seed ^= fixture->seed >> 7;
    fixture->seed ^= fixture->seed << 17;
    return fixture->seed;
}

static inline uint64_t up_to(struct fixture *fixture, uint64_t most)
{
    uint64_t value = next(fixture);
    return next(fixture) % 4 == 0 ? 0 : value % (most + 1);
}

static inline struct bytes some_bytes(struct fixture *fixture, size_t least, size_t most)
{
    size_t size = least + next(fixture) % (most - least + 1);
    return (struct bytes){fixture->content + next(fixture) % (sizeof fixture->content - size),
                          size};
}

static inline struct bytes pack(struct fixture *fixture, const Lienthong__V1__Frame *frame)
{
    buffer_clear(&fixture->packed);
    uint8_t *room = buffer_extend(&fixture->packed, lienthong__v1__frame__get_packed_size(frame));
    assert_non_null(room);
    lienthong__v1__frame__pack(frame, room);
    return buffer_view(&fixture->packed);
}

static inline struct bytes build(struct fixture *fixture, const struct frame *frame)
{
    buffer_clear(&fixture->built);
    assert_int_equal(frame_build(frame, NULL, &fixture->built), REASON_NONE);
    return buffer_view(&fixture->built);
}

static inline enum reason parse(struct fixture *fixture, struct bytes bytes,
                                struct frame *ret_frame)
{
    arena_reset(&fixture->arena);
    return frame_parse(bytes, &fixture->arena, ret_frame);
}
