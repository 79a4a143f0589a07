/* blobs_fixture - a blobs port to test, in memory or in a directory of its own, and files to put
 * in.
 */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/store/blobs_directory.h"
#include "proto/seal/sha256.h"
#include "tests/support/blobs_memory.h"
#include "tests/unit/scratch.h"

enum {
    PIECE_BYTES = 128 * 1024,
    /* Longer than what a directory keeps in the page cache, and not of whole pieces. */
    LONG_BYTES = 56 * 1024 * 1024 + 12345,
    SIZE_MAX_BYTES = 64 * 1024 * 1024,
};

struct blobs_fixture {
    bool is_directory;
    struct scratch scratch;
    struct blobs *blobs;
};

static inline void open_blobs(struct blobs_fixture *fixture)
{
    char path[128];
    if (!fixture->is_directory) {
        fixture->blobs = blobs_memory_new(SIZE_MAX_BYTES);
        assert_non_null(fixture->blobs);
        return;
    }
    snprintf(path, sizeof path, "%s/blobs", fixture->scratch.folder);
    assert_int_equal(blobs_directory_open(path, SIZE_MAX_BYTES, &fixture->blobs), REASON_NONE);
}

static inline int set_up(void **state, bool is_directory)
{
    struct blobs_fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    fixture->is_directory = is_directory;
    assert_true(scratch_open(&fixture->scratch));
    open_blobs(fixture);
    *state = fixture;
    return 0;
}

static inline int set_up_memory(void **state)
{
    return set_up(state, false);
}

static inline int set_up_directory(void **state)
{
    return set_up(state, true);
}

static inline int tear_down(void **state)
{
    struct blobs_fixture *fixture = *state;
    fixture->blobs->verbs->close(fixture->blobs);
    scratch_close(&fixture->scratch);
    free(fixture);
    return 0;
}

/* Content that is another at every place. */
static inline struct bytes content_of(size_t size)
{
    static uint8_t content[LONG_BYTES];
    for (size_t i = 0; i < size; i++)
        content[i] = (uint8_t)(i ^ i >> 8 ^ i >> 16);
    return (struct bytes){content, size};
}

static inline void blobs_write_all(struct blobs *blobs, const struct key *source,
                                   const struct digest *digest, uint64_t from, struct bytes content)
{
    while (from < content.size) {
        size_t size = content.size - from < PIECE_BYTES ? content.size - from : PIECE_BYTES;
        struct bytes piece = {content.data + from, size};
        assert_int_equal(blobs->verbs->write(blobs, source, digest, from, piece), REASON_NONE);
        from += size;
    }
}

/* As the verbs, without BUSY. */
static inline enum reason blobs_begin(struct blobs *blobs, const struct key *source,
                                      const struct digest *digest, uint64_t size_bytes,
                                      uint64_t *ret_offset)
{
    enum reason reason;
    while ((reason = blobs->verbs->begin(blobs, source, digest, size_bytes, ret_offset)) ==
           REASON_BUSY)
        blobs->verbs->wait(blobs);
    return reason;
}

static inline enum reason blobs_read(struct blobs *blobs, const struct digest *digest,
                                     uint64_t offset, uint8_t *ret_content, size_t capacity,
                                     size_t *ret_size)
{
    enum reason reason;
    while ((reason = blobs->verbs->read(blobs, digest, offset, ret_content, capacity, ret_size)) ==
           REASON_BUSY)
        blobs->verbs->wait(blobs);
    return reason;
}

static inline void assert_reads(struct blobs *blobs, const struct digest *digest,
                                struct bytes content)
{
    static uint8_t piece[PIECE_BYTES];
    uint64_t size_bytes;
    assert_int_equal(blobs->verbs->find(blobs, digest, &size_bytes), REASON_NONE);
    assert_int_equal(size_bytes, content.size);
    for (size_t from = 0; from < content.size;) {
        size_t got = 0;
        assert_int_equal(blobs_read(blobs, digest, from, piece, sizeof piece, &got), REASON_NONE);
        assert_true(got > 0 && got <= content.size - from);
        assert_memory_equal(piece, content.data + from, got);
        from += got;
    }
}
