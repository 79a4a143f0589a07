/* One contract, every implementation of gateway/port/blobs.h: memory and a directory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/support/blobs_fixture.h"

static const struct key centre = {"centre"};
static const struct key stp = {"stp"};

static void a_long_file_is_read_as_it_was_written(void **state)
{
    struct blobs *blobs = ((struct blobs_fixture *)*state)->blobs;
    struct bytes content = content_of(LONG_BYTES);
    struct digest digest;
    uint64_t offset;
    sha256_parts(&content, 1, &digest);
    assert_int_equal(blobs_begin(blobs, &stp, &digest, content.size, &offset), REASON_NONE);
    assert_int_equal(offset, 0);
    blobs_write_all(blobs, &stp, &digest, 0, content);
    assert_int_equal(blobs_finish(blobs, &stp, &digest), REASON_NONE);
    assert_false(blobs->verbs->is_behind(blobs, &stp, &digest));
    assert_reads(blobs, &digest, content);
    blobs->verbs->doubt(blobs, &digest);
    assert_reads(blobs, &digest, content);
}

static void other_bytes_are_refused(void **state)
{
    struct blobs *blobs = ((struct blobs_fixture *)*state)->blobs;
    struct bytes content = content_of(PIECE_BYTES);
    struct digest digest = {.bytes = {[DIGEST_BYTES - 1] = 7}};
    uint64_t offset;
    assert_int_equal(blobs_begin(blobs, &stp, &digest, content.size, &offset), REASON_NONE);
    assert_int_equal(blobs->verbs->write(blobs, &stp, &digest, 1, content), REASON_FIELD_INVALID);
    assert_int_equal(blobs_finish(blobs, &stp, &digest), REASON_ATTACHMENT_SHORT);
    blobs_write_all(blobs, &stp, &digest, 0, content);
    assert_int_equal(blobs->verbs->write(blobs, &stp, &digest, content.size, content),
                     REASON_ATTACHMENT_LONG);
    assert_int_equal(blobs_finish(blobs, &stp, &digest), REASON_ATTACHMENT_DIGEST);
    assert_int_equal(blobs->verbs->find(blobs, &digest, &offset), REASON_NOT_FOUND);
    /* Nothing is left of them: the next try is whole. */
    assert_int_equal(blobs_begin(blobs, &stp, &digest, content.size, &offset), REASON_NONE);
    assert_int_equal(offset, 0);
}

static void a_file_of_no_bytes_is_a_file(void **state)
{
    struct blobs *blobs = ((struct blobs_fixture *)*state)->blobs;
    struct bytes content = content_of(0);
    struct digest digest;
    uint64_t offset;
    sha256_parts(&content, 1, &digest);
    assert_int_equal(blobs_begin(blobs, &stp, &digest, 0, &offset), REASON_NONE);
    assert_int_equal(blobs_finish(blobs, &stp, &digest), REASON_NONE);
    assert_int_equal(blobs->verbs->find(blobs, &digest, &offset), REASON_NONE);
    assert_int_equal(offset, 0);
}

/* Whoever sends other bytes for a digest, or stops in the middle, spoils and holds only its own. */
static void what_was_received_belongs_to_whom_it_came_from(void **state)
{
    struct blobs *blobs = ((struct blobs_fixture *)*state)->blobs;
    struct bytes content = content_of(3 * PIECE_BYTES);
    uint8_t poison[100] = {0};
    struct digest digest;
    uint64_t offset;
    sha256_parts(&content, 1, &digest);
    assert_int_equal(blobs_begin(blobs, &stp, &digest, content.size, &offset), REASON_NONE);
    blobs_write_all(blobs, &stp, &digest, 0, (struct bytes){poison, sizeof poison});
    assert_int_equal(blobs_begin(blobs, &centre, &digest, content.size, &offset), REASON_NONE);
    assert_int_equal(offset, 0);
    blobs_write_all(blobs, &centre, &digest, 0, content);
    assert_int_equal(blobs_finish(blobs, &centre, &digest), REASON_NONE);
    assert_reads(blobs, &digest, content);
    /* The other one goes on where it was, and ends as it deserves; what is published stays. */
    assert_int_equal(blobs_begin(blobs, &stp, &digest, content.size, &offset), REASON_NONE);
    assert_int_equal(offset, sizeof poison);
    blobs_write_all(blobs, &stp, &digest, offset, content_of(content.size));
    assert_int_equal(blobs_finish(blobs, &stp, &digest), REASON_ATTACHMENT_DIGEST);
    assert_reads(blobs, &digest, content);
}

/* Fresh digests without end: the source's own oldest gives way, and nobody else's. */
static void a_source_pushes_out_only_its_own(void **state)
{
    struct blobs *blobs = ((struct blobs_fixture *)*state)->blobs;
    struct bytes content = content_of(PIECE_BYTES);
    struct bytes half = {content.data, PIECE_BYTES / 2};
    struct digest digest;
    uint64_t offset;
    sha256_parts(&content, 1, &digest);
    assert_int_equal(blobs_begin(blobs, &centre, &digest, content.size, &offset), REASON_NONE);
    blobs_write_all(blobs, &centre, &digest, 0, half);
    for (int i = 0; i < 3 * BLOBS_SOURCE_PARTIALS_MAX; i++) {
        struct digest fresh = {.bytes = {[0] = (uint8_t)i, [DIGEST_BYTES - 1] = 9}};
        assert_int_equal(blobs_begin(blobs, &stp, &fresh, PIECE_BYTES, &offset), REASON_NONE);
        assert_int_equal(offset, 0);
        blobs_write_all(blobs, &stp, &fresh, 0, (struct bytes){content.data, 1});
    }
    for (int i = 0; i < 3 * BLOBS_SOURCE_PARTIALS_MAX; i++) {
        struct digest fresh = {.bytes = {[0] = (uint8_t)i, [DIGEST_BYTES - 1] = 9}};
        enum reason reason =
            blobs->verbs->write(blobs, &stp, &fresh, 1, (struct bytes){content.data, 1});
        bool is_kept = i >= 2 * BLOBS_SOURCE_PARTIALS_MAX;
        assert_int_equal(reason, is_kept ? REASON_NONE : REASON_NOT_FOUND);
    }
    assert_int_equal(blobs_begin(blobs, &centre, &digest, content.size, &offset), REASON_NONE);
    assert_int_equal(offset, half.size);
    blobs_write_all(blobs, &centre, &digest, offset, content);
    assert_int_equal(blobs_finish(blobs, &centre, &digest), REASON_NONE);
}

static void what_has_no_digest_yet_gets_its_own(void **state)
{
    struct blobs *blobs = ((struct blobs_fixture *)*state)->blobs;
    const struct key nobody = {0};
    const size_t sizes[] = {0, 5, 3 * PIECE_BYTES + 1};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct bytes content = content_of(sizes[i]);
        struct digest expected;
        struct digest stand_in;
        struct digest digest;
        uint64_t size_bytes = 99;
        sha256_parts(&content, 1, &expected);
        assert_int_equal(blobs->verbs->begin_unnamed(blobs, &nobody, &stand_in), REASON_NONE);
        blobs_write_all(blobs, &nobody, &stand_in, 0, content);
        assert_int_equal(blobs_finish(blobs, &nobody, &stand_in), REASON_NOT_FOUND);
        assert_int_equal(blobs->verbs->name(blobs, &nobody, &stand_in, &digest, &size_bytes),
                         REASON_NONE);
        assert_true(digest_equal(&digest, &expected));
        assert_int_equal(size_bytes, content.size);
        assert_int_equal(blobs->verbs->find(blobs, &digest, &size_bytes), REASON_NOT_FOUND);
        assert_int_equal(blobs_finish(blobs, &nobody, &stand_in), REASON_NONE);
        assert_int_equal(blobs->verbs->name(blobs, &nobody, &stand_in, &digest, &size_bytes),
                         REASON_NOT_FOUND);
        assert_reads(blobs, &expected, content);
    }
}

/* Whoever names the stand-in of another's upload neither joins nor ends it, before or after it has
 * begun. */
static void a_stand_in_is_nobody_elses(void **state)
{
    struct blobs *blobs = ((struct blobs_fixture *)*state)->blobs;
    const struct key nobody = {0};
    struct bytes content = content_of(PIECE_BYTES);
    struct digest stand_in;
    struct digest digest;
    uint64_t number;
    assert_int_equal(blobs->verbs->begin_unnamed(blobs, &nobody, &stand_in), REASON_NONE);
    blobs_write_all(blobs, &nobody, &stand_in, 0, (struct bytes){content.data, 100});
    assert_int_equal(blobs_begin(blobs, &stp, &stand_in, 1, &number), REASON_ATTACHMENT_DIGEST);
    assert_int_equal(blobs_begin(blobs, &nobody, &stand_in, SIZE_MAX_BYTES, &number),
                     REASON_ATTACHMENT_DIGEST);
    blobs->verbs->abandon(blobs, &stp, &stand_in);
    blobs_write_all(blobs, &nobody, &stand_in, 100, content);
    assert_int_equal(blobs->verbs->name(blobs, &nobody, &stand_in, &digest, &number), REASON_NONE);
    assert_int_equal(blobs_finish(blobs, &nobody, &stand_in), REASON_NONE);
    assert_reads(blobs, &digest, content);
    stand_in.bytes[0]++; /* the next one's */
    assert_int_equal(blobs_begin(blobs, &stp, &stand_in, 1, &number), REASON_ATTACHMENT_DIGEST);
}

/* Somebody writes each of them: the next one waits, and none gives way. */
static void unnamed_ones_are_bounded(void **state)
{
    struct blobs *blobs = ((struct blobs_fixture *)*state)->blobs;
    const struct key nobody = {0};
    struct digest stand_ins[BLOBS_SOURCE_PARTIALS_MAX];
    struct digest one_more;
    for (size_t i = 0; i < BLOBS_SOURCE_PARTIALS_MAX; i++)
        assert_int_equal(blobs->verbs->begin_unnamed(blobs, &nobody, &stand_ins[i]), REASON_NONE);
    assert_int_equal(blobs->verbs->begin_unnamed(blobs, &nobody, &one_more), REASON_BUSY);
    blobs_write_all(blobs, &nobody, &stand_ins[0], 0, content_of(1));
    blobs->verbs->abandon(blobs, &nobody, &stand_ins[1]);
    assert_int_equal(blobs->verbs->begin_unnamed(blobs, &nobody, &one_more), REASON_NONE);
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
        ON_BOTH(a_file_of_no_bytes_is_a_file),
        ON_BOTH(what_was_received_belongs_to_whom_it_came_from),
        ON_BOTH(a_source_pushes_out_only_its_own),
        ON_BOTH(what_has_no_digest_yet_gets_its_own),
        ON_BOTH(a_stand_in_is_nobody_elses),
        ON_BOTH(unnamed_ones_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
