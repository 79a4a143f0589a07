/* Files in a directory: crashes, damage, what is left of an older run, bounds on the disk. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tests/support/blobs_fixture.h"

static const struct key centre = {"centre"};
static const struct key stp = {"stp"};

static size_t count_files(const struct blobs_fixture *fixture, const char *folder)
{
    char command[256];
    char line[32] = "";
    snprintf(command, sizeof command, "find %s/blobs/%s -type f | wc -l", fixture->scratch.folder,
             folder);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    assert_non_null(fgets(line, sizeof line, pipe));
    assert_int_equal(pclose(pipe), 0);
    return strtoul(line, NULL, 10);
}

static void path_of(const struct blobs_fixture *fixture, const char *prefix,
                    const struct digest *digest, char ret_path[256])
{
    char hex[DIGEST_TEXT_BYTES];
    digest_format(digest, hex);
    if (prefix == NULL)
        snprintf(ret_path, 256, "%s/blobs/%.2s/%s", fixture->scratch.folder, hex, hex + 2);
    else
        snprintf(ret_path, 256, "%s/blobs/partial/%s%s", fixture->scratch.folder, prefix, hex);
}

/* One byte is another. */
static void damage(const char *path, off_t at)
{
    uint8_t byte;
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &byte, 1, at), 1);
    byte ^= 1;
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    assert_int_equal(close(fd), 0);
}

static void reopen(struct blobs_fixture *fixture)
{
    fixture->blobs->verbs->close(fixture->blobs);
    open_blobs(fixture);
}

static struct digest put_part(struct blobs *blobs, const struct key *source, struct bytes content,
                              size_t size)
{
    struct digest digest;
    uint64_t offset;
    sha256_parts(&content, 1, &digest);
    assert_int_equal(blobs_begin(blobs, source, &digest, content.size, &offset), REASON_NONE);
    blobs_write_all(blobs, source, &digest, offset, (struct bytes){content.data, size});
    return digest;
}

static struct digest put_whole(struct blobs *blobs, const struct key *source, struct bytes content)
{
    struct digest digest = put_part(blobs, source, content, content.size);
    assert_int_equal(blobs_finish(blobs, source, &digest), REASON_NONE);
    return digest;
}

/* A crash is a directory that is opened again while the first one is not closed. */
static void a_crash_keeps_what_can_go_on(void **state)
{
    struct blobs_fixture *fixture = *state;
    struct blobs *before = fixture->blobs;
    const struct key nobody = {0};
    struct bytes content = content_of(LONG_BYTES);
    struct digest stand_in;
    uint64_t offset;
    struct digest digest = put_part(before, &stp, content, LONG_BYTES - 1);
    assert_int_equal(before->verbs->begin_unnamed(before, &nobody, &stand_in), REASON_NONE);
    blobs_write_all(before, &nobody, &stand_in, 0, content);
    assert_int_equal(count_files(fixture, "partial"), 2);
    open_blobs(fixture);
    assert_int_equal(count_files(fixture, "partial"), 1);
    struct blobs *blobs = fixture->blobs;
    /* It is hashed aside, not in this call. */
    assert_int_equal(blobs->verbs->begin(blobs, &stp, &digest, content.size, &offset), REASON_BUSY);
    assert_int_equal(blobs_begin(blobs, &stp, &digest, content.size, &offset), REASON_NONE);
    assert_int_equal(offset, LONG_BYTES - 1);
    assert_int_equal(blobs_begin(blobs, &centre, &digest, content.size, &offset), REASON_NONE);
    assert_int_equal(offset, 0);
    blobs_write_all(blobs, &stp, &digest, LONG_BYTES - 1, content);
    assert_int_equal(blobs_finish(blobs, &stp, &digest), REASON_NONE);
    assert_reads(blobs, &digest, content);
    assert_int_equal(count_files(fixture, "partial"), 0);
    before->verbs->close(before);
}

/* A page that the crash left as zeros, a bit that turned: found at the end, and the part is gone,
 * so that the next try is whole. */
static void a_part_that_rotted_is_not_gone_on_with(void **state)
{
    struct blobs_fixture *fixture = *state;
    struct bytes content = content_of(5 * PIECE_BYTES);
    struct digest digest = put_part(fixture->blobs, &stp, content, 4 * PIECE_BYTES);
    char path[256];
    uint64_t offset;
    fixture->blobs->verbs->close(fixture->blobs);
    path_of(fixture, "stp_", &digest, path);
    damage(path, 2 * PIECE_BYTES);
    open_blobs(fixture);
    struct blobs *blobs = fixture->blobs;
    assert_int_equal(blobs_begin(blobs, &stp, &digest, content.size, &offset), REASON_NONE);
    assert_int_equal(offset, 4 * PIECE_BYTES);
    blobs_write_all(blobs, &stp, &digest, offset, content);
    assert_int_equal(blobs_finish(blobs, &stp, &digest), REASON_ATTACHMENT_DIGEST);
    assert_int_equal(blobs_begin(blobs, &stp, &digest, content.size, &offset), REASON_NONE);
    assert_int_equal(offset, 0);
    blobs_write_all(blobs, &stp, &digest, 0, content);
    assert_int_equal(blobs_finish(blobs, &stp, &digest), REASON_NONE);
    assert_reads(blobs, &digest, content);
}

/* Parts of an earlier version, whose sender nobody knows, uploads without a name, what is too old,
 * more than a share: all of it goes. */
static void a_start_keeps_only_shares(void **state)
{
    struct blobs_fixture *fixture = *state;
    char path[256];
    char name[128];
    char hex[DIGEST_TEXT_BYTES];
    for (int i = 0; i < 3 * BLOBS_SOURCE_PARTIALS_MAX; i++) {
        struct digest digest = {{[0] = (uint8_t)i, [31] = 1}};
        digest_format(&digest, hex);
        const char *prefixes[] = {"stp_", "", "unnamed-"};
        for (size_t j = 0; j < sizeof prefixes / sizeof *prefixes; j++) {
            snprintf(name, sizeof name, "blobs/partial/%s%s", prefixes[j], hex);
            assert_true(scratch_write(&fixture->scratch, name, bytes_of_text("part")));
        }
    }
    struct digest old = {{[31] = 2}};
    path_of(fixture, "centre_", &old, path);
    snprintf(name, sizeof name, "%s", strstr(path, "blobs/"));
    assert_true(scratch_write(&fixture->scratch, name, bytes_of_text("part")));
    struct timespec now;
    assert_int_equal(clock_gettime(CLOCK_REALTIME, &now), 0);
    struct timespec times[2] = {now, now};
    times[0].tv_sec = times[1].tv_sec = now.tv_sec - BLOBS_PARTIAL_AGE_S - 60;
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
    reopen(fixture);
    assert_int_equal(count_files(fixture, "partial"), BLOBS_SOURCE_PARTIALS_MAX);
    assert_int_not_equal(access(path, F_OK), 0);
}

/* Messages whose files never come leave nothing on the disk, and of those that stop after a byte
 * only a share. */
static void no_file_is_made_before_its_first_byte(void **state)
{
    struct blobs_fixture *fixture = *state;
    struct blobs *blobs = fixture->blobs;
    uint64_t offset;
    for (uint16_t i = 0; i < 1000; i++) {
        struct digest fresh = {{[0] = (uint8_t)i, [1] = (uint8_t)(i >> 8), [31] = 3}};
        assert_int_equal(blobs_begin(blobs, &stp, &fresh, PIECE_BYTES, &offset), REASON_NONE);
    }
    assert_int_equal(count_files(fixture, "partial"), 0);
    for (uint16_t i = 0; i < 200; i++) {
        struct digest fresh = {{[0] = (uint8_t)i, [31] = 4}};
        assert_int_equal(blobs_begin(blobs, &stp, &fresh, PIECE_BYTES, &offset), REASON_NONE);
        blobs_write_all(blobs, &stp, &fresh, 0, content_of(1));
    }
    assert_int_equal(count_files(fixture, "partial"), BLOBS_SOURCE_PARTIALS_MAX);
}

/* Sixty sources with four files each, a piece in turns: nobody loses its place, although not so
 * many files may be open at once. */
static void sixty_sources_send_side_by_side(void **state)
{
    struct blobs_fixture *fixture = *state;
    struct blobs *blobs = fixture->blobs;
    enum { SOURCES = 60, FILES = 4, PIECES = 3, SMALL_BYTES = 1000 };
    static struct digest digests[SOURCES][FILES];
    uint8_t content[PIECES * SMALL_BYTES] = {0};
    uint64_t offset;
    for (int piece = -1; piece <= PIECES; piece++) {
        for (int i = 0; i < SOURCES * FILES; i++) {
            struct key source = {0};
            struct digest *digest = &digests[i / FILES][i % FILES];
            snprintf(source.text, sizeof source.text, "agency-%d", i / FILES);
            memset(content, i, sizeof content);
            struct bytes whole = {content, sizeof content};
            size_t at = piece < 0 ? 0 : (size_t)piece * SMALL_BYTES;
            sha256_parts(&whole, 1, digest);
            if (piece < 0)
                assert_int_equal(blobs_begin(blobs, &source, digest, whole.size, &offset),
                                 REASON_NONE);
            else if (piece < PIECES)
                assert_int_equal(blobs->verbs->write(blobs, &source, digest, at,
                                                     (struct bytes){content + at, SMALL_BYTES}),
                                 REASON_NONE);
            else
                assert_int_equal(blobs_finish(blobs, &source, digest), REASON_NONE);
        }
    }
    assert_int_equal(count_files(fixture, "partial"), 0);
    memset(content, SOURCES, sizeof content);
    assert_reads(blobs, &digests[SOURCES / FILES][0], (struct bytes){content, sizeof content});
}

static void what_is_given_up_leaves_nothing(void **state)
{
    struct blobs_fixture *fixture = *state;
    const struct key nobody = {0};
    struct digest stand_in;
    for (int i = 0; i < 5; i++)
        assert_int_equal(fixture->blobs->verbs->begin_unnamed(fixture->blobs, &nobody, &stand_in),
                         REASON_NONE);
    assert_int_equal(count_files(fixture, "partial"), 5);
    fixture->blobs->verbs->abandon(fixture->blobs, &nobody, &stand_in);
    assert_int_equal(count_files(fixture, "partial"), 4);
    fixture->blobs->verbs->close(fixture->blobs);
    assert_int_equal(count_files(fixture, "partial"), 0);
    open_blobs(fixture);
}

/* A file that rotted is put aside, short or long: from then on it is not here, and comes again. */
static void bytes_that_rotted_are_not_served(void **state)
{
    struct blobs_fixture *fixture = *state;
    const size_t sizes[] = {1000, 3 * PIECE_BYTES};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct bytes content = content_of(sizes[i]);
        struct digest digest = put_whole(fixture->blobs, &stp, content);
        char path[256];
        uint64_t size_bytes;
        uint8_t byte;
        size_t got;
        assert_reads(fixture->blobs, &digest, content);
        path_of(fixture, NULL, &digest, path);
        damage(path, (off_t)sizes[i] / 2);
        fixture->blobs->verbs->doubt(fixture->blobs, &digest);
        struct blobs *blobs = fixture->blobs;
        assert_int_equal(blobs_read(blobs, &digest, 0, &byte, 1, &got), REASON_STORE_CORRUPT);
        assert_int_equal(blobs->verbs->find(blobs, &digest, &size_bytes), REASON_NOT_FOUND);
        assert_int_equal(count_files(fixture, "damaged"), i + 1);
        (void)put_whole(blobs, &centre, content);
        assert_reads(blobs, &digest, content);
        reopen(fixture);
        assert_reads(fixture->blobs, &digest, content);
    }
}

/* Whoever waits for the disk is woken, and the descriptor is quiet again afterwards. */
static void the_descriptor_tells_when_the_disk_is_done(void **state)
{
    struct blobs_fixture *fixture = *state;
    struct blobs *blobs = fixture->blobs;
    struct pollfd wait = {.fd = blobs->verbs->fd(blobs), .events = POLLIN};
    struct digest digest = put_part(blobs, &stp, content_of(1000), 1000);
    assert_int_equal(poll(&wait, 1, 0), 0);
    assert_int_equal(blobs->verbs->finish(blobs, &stp, &digest), REASON_BUSY);
    assert_int_equal(poll(&wait, 1, 30000), 1);
    blobs->verbs->settle(blobs);
    assert_int_equal(blobs->verbs->finish(blobs, &stp, &digest), REASON_NONE);
    assert_int_equal(poll(&wait, 1, 0), 0);
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, set_up_directory, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(a_crash_keeps_what_can_go_on),
        IN_DIRECTORY(a_part_that_rotted_is_not_gone_on_with),
        IN_DIRECTORY(a_start_keeps_only_shares),
        IN_DIRECTORY(no_file_is_made_before_its_first_byte),
        IN_DIRECTORY(sixty_sources_send_side_by_side),
        IN_DIRECTORY(what_is_given_up_leaves_nothing),
        IN_DIRECTORY(bytes_that_rotted_are_not_served),
        IN_DIRECTORY(the_descriptor_tells_when_the_disk_is_done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
