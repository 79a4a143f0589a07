/* One contract, every implementation of gateway/port/blobs.h: memory and a directory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

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

struct fixture {
    bool is_directory;
    struct scratch scratch;
    struct blobs *blobs;
};

static void open_blobs(struct fixture *fixture)
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

static int set_up(void **state, bool is_directory)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    fixture->is_directory = is_directory;
    assert_true(scratch_open(&fixture->scratch));
    open_blobs(fixture);
    *state = fixture;
    return 0;
}

static int set_up_memory(void **state)
{
    return set_up(state, false);
}

static int set_up_directory(void **state)
{
    return set_up(state, true);
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    fixture->blobs->verbs->close(fixture->blobs);
    scratch_close(&fixture->scratch);
    free(fixture);
    return 0;
}

/* Content that is another at every place. */
static struct bytes content_of(size_t size)
{
    static uint8_t content[LONG_BYTES];
    for (size_t i = 0; i < size; i++)
        content[i] = (uint8_t)(i ^ i >> 8 ^ i >> 16);
    return (struct bytes){content, size};
}

static void write_all(struct blobs *blobs, const struct digest *digest, uint64_t from,
                      struct bytes content)
{
    while (from < content.size) {
        size_t size = content.size - from < PIECE_BYTES ? content.size - from : PIECE_BYTES;
        struct bytes piece = {content.data + from, size};
        assert_int_equal(blobs->verbs->write(blobs, digest, from, piece), REASON_NONE);
        from += size;
    }
}

static void assert_reads(struct blobs *blobs, const struct digest *digest, struct bytes content)
{
    static uint8_t piece[PIECE_BYTES];
    uint64_t size_bytes;
    assert_int_equal(blobs->verbs->find(blobs, digest, &size_bytes), REASON_NONE);
    assert_int_equal(size_bytes, content.size);
    for (size_t from = 0; from < content.size;) {
        size_t got = 0;
        assert_int_equal(blobs->verbs->read(blobs, digest, from, piece, sizeof piece, &got),
                         REASON_NONE);
        assert_true(got > 0 && got <= content.size - from);
        assert_memory_equal(piece, content.data + from, got);
        from += got;
    }
}

static void a_long_file_is_read_as_it_was_written(void **state)
{
    struct fixture *fixture = *state;
    struct blobs *blobs = fixture->blobs;
    struct bytes content = content_of(LONG_BYTES);
    struct digest digest;
    uint64_t offset;
    sha256_parts(&content, 1, &digest);
    assert_int_equal(blobs->verbs->begin(blobs, &digest, content.size, &offset), REASON_NONE);
    assert_int_equal(offset, 0);
    write_all(blobs, &digest, 0, content);
    assert_int_equal(blobs->verbs->finish(blobs, &digest), REASON_NONE);
    assert_reads(blobs, &digest, content);
    assert_reads(blobs, &digest, content);
}

static void other_bytes_are_refused(void **state)
{
    struct fixture *fixture = *state;
    struct blobs *blobs = fixture->blobs;
    struct bytes content = content_of(PIECE_BYTES);
    struct digest digest = {.bytes = {[DIGEST_BYTES - 1] = 7}};
    uint64_t offset;
    assert_int_equal(blobs->verbs->begin(blobs, &digest, content.size, &offset), REASON_NONE);
    assert_int_equal(blobs->verbs->write(blobs, &digest, 1, content), REASON_FIELD_INVALID);
    write_all(blobs, &digest, 0, content);
    assert_int_equal(blobs->verbs->finish(blobs, &digest), REASON_ATTACHMENT_DIGEST);
    assert_int_equal(blobs->verbs->find(blobs, &digest, &offset), REASON_NOT_FOUND);
}

static void what_has_no_digest_yet_gets_its_own(void **state)
{
    struct fixture *fixture = *state;
    struct blobs *blobs = fixture->blobs;
    const size_t sizes[] = {0, 5, 3 * PIECE_BYTES + 1};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct bytes content = content_of(sizes[i]);
        struct digest expected;
        struct digest stand_in;
        struct digest digest;
        uint64_t size_bytes = 99;
        sha256_parts(&content, 1, &expected);
        assert_int_equal(blobs->verbs->begin_unnamed(blobs, &stand_in), REASON_NONE);
        write_all(blobs, &stand_in, 0, content);
        assert_int_equal(blobs->verbs->finish(blobs, &stand_in), REASON_NOT_FOUND);
        assert_int_equal(blobs->verbs->name(blobs, &stand_in, &digest, &size_bytes), REASON_NONE);
        assert_true(digest_equal(&digest, &expected));
        assert_int_equal(size_bytes, content.size);
        assert_int_equal(blobs->verbs->find(blobs, &digest, &size_bytes), REASON_NOT_FOUND);
        assert_int_equal(blobs->verbs->finish(blobs, &digest), REASON_NONE);
        assert_int_equal(blobs->verbs->name(blobs, &stand_in, &digest, &size_bytes),
                         REASON_NOT_FOUND);
        assert_reads(blobs, &expected, content);
    }
}

/* One is being fetched when a local system has handed in the whole. */
static void a_whole_file_takes_the_place_of_a_part(void **state)
{
    struct fixture *fixture = *state;
    struct blobs *blobs = fixture->blobs;
    struct bytes content = content_of(3 * PIECE_BYTES);
    struct digest digest;
    struct digest stand_in;
    struct digest named;
    uint64_t number;
    sha256_parts(&content, 1, &digest);
    assert_int_equal(blobs->verbs->begin(blobs, &digest, content.size, &number), REASON_NONE);
    write_all(blobs, &digest, 0, (struct bytes){content.data, PIECE_BYTES});
    assert_int_equal(blobs->verbs->begin_unnamed(blobs, &stand_in), REASON_NONE);
    write_all(blobs, &stand_in, 0, content);
    assert_int_equal(blobs->verbs->name(blobs, &stand_in, &named, &number), REASON_NONE);
    struct bytes more = {content.data, 1};
    assert_int_not_equal(blobs->verbs->write(blobs, &digest, PIECE_BYTES, more), REASON_NONE);
    assert_int_equal(blobs->verbs->finish(blobs, &digest), REASON_NONE);
    assert_reads(blobs, &digest, content);
}

/* Whoever names the stand-in of another's upload neither joins nor ends it, before or after it has
 * begun. */
static void a_stand_in_is_nobody_elses(void **state)
{
    struct fixture *fixture = *state;
    struct blobs *blobs = fixture->blobs;
    struct bytes content = content_of(PIECE_BYTES);
    struct digest stand_in;
    struct digest digest;
    uint64_t number;
    assert_int_equal(blobs->verbs->begin_unnamed(blobs, &stand_in), REASON_NONE);
    write_all(blobs, &stand_in, 0, (struct bytes){content.data, 100});
    assert_int_equal(blobs->verbs->begin(blobs, &stand_in, 1, &number), REASON_ATTACHMENT_DIGEST);
    assert_int_equal(blobs->verbs->begin(blobs, &stand_in, SIZE_MAX_BYTES, &number),
                     REASON_ATTACHMENT_DIGEST);
    write_all(blobs, &stand_in, 100, content);
    assert_int_equal(blobs->verbs->name(blobs, &stand_in, &digest, &number), REASON_NONE);
    assert_int_equal(blobs->verbs->finish(blobs, &digest), REASON_NONE);
    assert_reads(blobs, &digest, content);
    stand_in.bytes[0]++; /* the next one's */
    assert_int_equal(blobs->verbs->begin(blobs, &stand_in, 1, &number), REASON_ATTACHMENT_DIGEST);
}

static size_t count_partials(const struct fixture *fixture)
{
    char command[256];
    char line[32] = "";
    snprintf(command, sizeof command, "find %s/blobs/partial -type f | wc -l",
             fixture->scratch.folder);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    assert_non_null(fgets(line, sizeof line, pipe));
    assert_int_equal(pclose(pipe), 0);
    return strtoul(line, NULL, 10);
}

/* A crash is a directory that is opened again while the first one is not closed. */
static void a_crash_keeps_what_can_go_on(void **state)
{
    struct fixture *fixture = *state;
    struct blobs *before = fixture->blobs;
    struct bytes content = content_of(LONG_BYTES);
    struct digest digest;
    struct digest stand_in;
    uint64_t offset;
    sha256_parts(&content, 1, &digest);
    assert_int_equal(before->verbs->begin(before, &digest, content.size, &offset), REASON_NONE);
    write_all(before, &digest, 0, (struct bytes){content.data, LONG_BYTES - 1});
    assert_int_equal(before->verbs->begin_unnamed(before, &stand_in), REASON_NONE);
    write_all(before, &stand_in, 0, content);
    assert_int_equal(count_partials(fixture), 2);
    open_blobs(fixture);
    assert_int_equal(count_partials(fixture), 1);
    struct blobs *blobs = fixture->blobs;
    assert_int_equal(blobs->verbs->begin(blobs, &digest, content.size, &offset), REASON_NONE);
    assert_int_equal(offset, LONG_BYTES - 1);
    write_all(blobs, &digest, offset, content);
    assert_int_equal(blobs->verbs->finish(blobs, &digest), REASON_NONE);
    assert_reads(blobs, &digest, content);
    assert_int_equal(count_partials(fixture), 0);
    before->verbs->close(before);
}

static void what_is_given_up_leaves_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct blobs *blobs = fixture->blobs;
    struct digest stand_in;
    for (int i = 0; i < 100; i++) /* more than may be under construction */
        assert_int_equal(blobs->verbs->begin_unnamed(blobs, &stand_in), REASON_NONE);
    assert_in_range(count_partials(fixture), 1, 64);
    blobs->verbs->abandon(blobs, &stand_in);
    assert_in_range(count_partials(fixture), 1, 63);
    blobs->verbs->close(blobs);
    assert_int_equal(count_partials(fixture), 0);
    open_blobs(fixture);
}

static void bytes_that_rotted_are_not_served(void **state)
{
    struct fixture *fixture = *state;
    struct blobs *blobs = fixture->blobs;
    struct bytes content = content_of(PIECE_BYTES);
    struct digest digest;
    struct digest stand_in;
    uint64_t size_bytes;
    char hex[DIGEST_TEXT_BYTES];
    char name[128];
    uint8_t byte;
    size_t got;
    assert_int_equal(blobs->verbs->begin_unnamed(blobs, &stand_in), REASON_NONE);
    write_all(blobs, &stand_in, 0, content);
    assert_int_equal(blobs->verbs->name(blobs, &stand_in, &digest, &size_bytes), REASON_NONE);
    assert_int_equal(blobs->verbs->finish(blobs, &digest), REASON_NONE);
    blobs->verbs->close(blobs);
    digest_format(&digest, hex);
    snprintf(name, sizeof name, "blobs/%.2s/%s", hex, hex + 2);
    assert_true(scratch_write(&fixture->scratch, name, bytes_of_text("rot")));
    open_blobs(fixture);
    blobs = fixture->blobs;
    assert_int_equal(blobs->verbs->read(blobs, &digest, 0, &byte, 1, &got), REASON_STORE_CORRUPT);
}

#define ON_BOTH(test)                                                                              \
    {#test " in memory", test, set_up_memory, tear_down, NULL},                                    \
    {                                                                                              \
#test " in a directory", test, set_up_directory, tear_down, NULL                           \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_BOTH(a_long_file_is_read_as_it_was_written),
        ON_BOTH(other_bytes_are_refused),
        ON_BOTH(what_has_no_digest_yet_gets_its_own),
        ON_BOTH(a_whole_file_takes_the_place_of_a_part),
        ON_BOTH(a_stand_in_is_nobody_elses),
        cmocka_unit_test_setup_teardown(a_crash_keeps_what_can_go_on, set_up_directory, tear_down),
        cmocka_unit_test_setup_teardown(what_is_given_up_leaves_nothing, set_up_directory,
                                        tear_down),
        cmocka_unit_test_setup_teardown(bytes_that_rotted_are_not_served, set_up_directory,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
