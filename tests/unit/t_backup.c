/* Backups and restores with bad input: each is refused by its name before anything is touched, and
 * one that was cut short is finished by the next. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/store/store_sqlite.h"
#include "gateway/workers/program.h"
#include "ops/backup/backup.h"
#include "ops/backup/backup_parts.h"
#include "proto/base/check.h"

static const wall_t now = {INT64_C(1796100000000)};

struct fixture {
    char folder[64], state[96], copy[96];
    struct backup_place place;
    struct backup_report report;
};

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *at)
{
    (void)status;
    (void)kind;
    (void)at;
    return remove(path);
}

static void write_note(const char *state, const char *name, const char *value)
{
    char path[PATH_BYTES_MAX];
    struct store *store;
    struct store_note note = {bytes_of_text(name), bytes_of_text(value)};
    const struct store_plan plan = {.notes = &note, .note_count = 1};
    check(path_make(path, "%s/" BACKUP_STORE, state));
    assert_int_equal(store_sqlite_open(path, NULL, &store), REASON_NONE);
    assert_int_equal(store->verbs->commit(store, &plan), REASON_NONE);
    store->verbs->close(store);
}

static enum reason read_note(const char *state, const char *name)
{
    char path[PATH_BYTES_MAX];
    struct store *store;
    struct bytes value;
    check(path_make(path, "%s/" BACKUP_STORE, state));
    enum reason reason = store_sqlite_open(path, NULL, &store);
    if (reason != REASON_NONE)
        return reason;
    reason = store->verbs->read_note(store, bytes_of_text(name), &value);
    store->verbs->close(store);
    return reason;
}

static void put_file(const char *folder, const char *name, const char *text)
{
    char path[PATH_BYTES_MAX];
    check(path_make(path, "%s/%s", folder, name));
    check(copy_folders(path) == REASON_NONE);
    assert_int_equal(file_write(path, bytes_of_text(text), 0600), REASON_NONE);
}

static bool is_there(const char *folder, const char *name)
{
    char path[PATH_BYTES_MAX];
    check(path_make(path, "%s/%s", folder, name));
    return access(path, F_OK) == 0;
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    check(fixture != NULL);
    (void)snprintf(fixture->folder, sizeof fixture->folder, "/tmp/t_backup.XXXXXX");
    check(mkdtemp(fixture->folder) != NULL);
    (void)snprintf(fixture->state, sizeof fixture->state, "%s/state", fixture->folder);
    (void)snprintf(fixture->copy, sizeof fixture->copy, "%s/copy", fixture->folder);
    check(mkdir(fixture->state, 0700) == 0);
    fixture->place = (struct backup_place){.program = "adapter", .province = "H38"};
    check(key_parse(bytes_of_text("stnmt"), &fixture->place.participant));
    check(path_make(fixture->place.state_directory, "%s", fixture->state));
    write_note(fixture->state, "before", "yes");
    put_file(fixture->state, "blobs/ab/abcdef", "a file");
    assert_int_equal(backup_make(&fixture->place, fixture->copy, now, &fixture->report),
                     REASON_NONE);
    assert_int_equal(fixture->report.files, 2);
    write_note(fixture->state, "after", "yes");
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    (void)nftw(fixture->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(fixture);
    return 0;
}

static enum reason restore(struct fixture *fixture, bool is_over)
{
    return backup_restore(&fixture->place, fixture->copy, is_over, now, &fixture->report);
}

/* The store is what it was before the attempt. */
static void is_untouched(struct fixture *fixture)
{
    assert_int_equal(read_note(fixture->state, "after"), REASON_NONE);
    assert_int_equal(read_note(fixture->state, "restored"), REASON_NOT_FOUND);
    assert_false(is_there(fixture->state, RESTORE_UNDER_WAY));
}

static void refuses(struct fixture *fixture, enum reason reason)
{
    assert_string_equal(reason_code(restore(fixture, true)), reason_code(reason));
    is_untouched(fixture);
}

/* A list with other lines, and backup.json made to fit it, as by one who means harm. */
static void forge(struct fixture *fixture, const char *lines, uint64_t files)
{
    struct backup_about about;
    char path[PATH_BYTES_MAX];
    uint64_t bytes;
    assert_int_equal(backup_about_read(fixture->copy, &about), REASON_NONE);
    check(path_make(path, "%s/" BACKUP_SUMS, fixture->copy));
    assert_int_equal(file_write(path, bytes_of_text(lines), 0600), REASON_NONE);
    assert_int_equal(copy_hash(path, &about.sums, &bytes), REASON_NONE);
    about.files = files;
    assert_int_equal(backup_about_write(fixture->copy, &about), REASON_NONE);
}

static void a_backup_comes_back(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(restore(fixture, false), REASON_STATE_IN_PLACE);
    is_untouched(fixture);
    assert_int_equal(restore(fixture, true), REASON_NONE);
    assert_int_equal(read_note(fixture->state, "before"), REASON_NONE);
    assert_int_equal(read_note(fixture->state, "after"), REASON_NOT_FOUND);
    assert_int_equal(read_note(fixture->state, "restored"), REASON_NONE);
    assert_true(is_there(fixture->report.moved, BACKUP_STORE));
}

static void what_is_cut_or_damaged_is_refused(void **state)
{
    struct fixture *fixture = *state;
    char path[PATH_BYTES_MAX];
    put_file(fixture->copy, "blobs/ab/abcdef", "a fil");
    refuses(fixture, REASON_BACKUP_DAMAGED);
    check(path_make(path, "%s/blobs/ab/abcdef", fixture->copy) && unlink(path) == 0);
    refuses(fixture, REASON_BACKUP_INCOMPLETE);
    put_file(fixture->copy, "blobs/ab/abcdef", "a file");
    check(path_make(path, "%s/" BACKUP_STORE, fixture->copy) && truncate(path, 4096) == 0);
    refuses(fixture, REASON_BACKUP_DAMAGED);
    put_file(fixture->copy, BACKUP_SUMS, "");
    refuses(fixture, REASON_BACKUP_DAMAGED);
    put_file(fixture->copy, BACKUP_ABOUT, "{\"format\": 1");
    refuses(fixture, REASON_BACKUP_DAMAGED);
    check(path_make(path, "%s/" BACKUP_ABOUT, fixture->copy) && unlink(path) == 0);
    refuses(fixture, REASON_BACKUP_INCOMPLETE);
}

static void another_ones_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct backup_place ours = fixture->place;
    fixture->place.program = "gateway";
    refuses(fixture, REASON_BACKUP_OF_ANOTHER);
    fixture->place = ours;
    (void)snprintf(fixture->place.province, sizeof fixture->place.province, "H15");
    refuses(fixture, REASON_BACKUP_OF_ANOTHER);
    fixture->place = ours;
    check(key_parse(bytes_of_text("stp"), &fixture->place.participant));
    refuses(fixture, REASON_BACKUP_OF_ANOTHER);
}

static void a_newer_schema_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct backup_about about;
    assert_int_equal(backup_about_read(fixture->copy, &about), REASON_NONE);
    assert_int_equal(about.schema, store_sqlite_schema());
    about.schema++;
    assert_int_equal(backup_about_write(fixture->copy, &about), REASON_NONE);
    refuses(fixture, REASON_STORE_NEWER);
}

static void names_stay_in_the_folder(void **state)
{
    static const char *const names[] = {"../escaped",     "/tmp/escaped", "blobs/../../escaped",
                                        "adapter.yaml",   "api.token",    "blobs\\..\\escaped",
                                        "blobs/a/../../b"};
    struct fixture *fixture = *state;
    char lines[512];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        (void)snprintf(lines, sizeof lines, "%064d  %s\n", 0, names[i]);
        forge(fixture, lines, 1);
        refuses(fixture, REASON_BACKUP_DAMAGED);
    }
    forge(fixture, "", 0); /* without a store there is nothing to put back */
    refuses(fixture, REASON_BACKUP_INCOMPLETE);
}

static void nothing_is_put_under_a_running_program(void **state)
{
    struct fixture *fixture = *state;
    int lock = -1;
    assert_int_equal(program_state_lock(fixture->state, &lock), REASON_NONE);
    refuses(fixture, REASON_PROGRAM_RUNS);
    (void)close(lock);
    assert_int_equal(restore(fixture, true), REASON_NONE);
}

static void one_that_was_cut_short_is_finished(void **state)
{
    struct fixture *fixture = *state;
    int lock = -1;
    char path[PATH_BYTES_MAX];
    put_file(fixture->state, RESTORE_UNDER_WAY, fixture->copy);
    put_file(fixture->state, BACKUP_STORE ".new", "half of a store");
    assert_int_equal(restore(fixture, false), REASON_NONE);
    assert_int_equal(read_note(fixture->state, "restored"), REASON_NONE);
    assert_false(is_there(fixture->state, RESTORE_UNDER_WAY));
    check(path_make(path, "%s", fixture->state));
    assert_int_equal(program_state_lock(path, &lock), REASON_NONE);
    (void)close(lock);
}

/* root puts back what a program's own user may have prepared for him. */
static void a_link_is_not_written_through(void **state)
{
    static const char *const names[] = {BACKUP_STORE ".new", "blobs/ab/abcdef.new"};
    struct fixture *fixture = *state;
    char secret[PATH_BYTES_MAX], link[PATH_BYTES_MAX], text[64];
    check(path_make(secret, "%s/secret", fixture->folder));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        put_file(fixture->folder, "secret", "another one's words");
        check(path_make(link, "%s/%s", fixture->state, names[i]));
        (void)unlink(link);
        assert_int_equal(symlink(secret, link), 0);
        check(path_make(link, "%s/blobs/ab/abcdef", fixture->state));
        assert_int_equal(unlink(link), 0);
        assert_int_equal(restore(fixture, true), REASON_NONE);
        assert_true(file_read_line(secret, text, sizeof text));
        assert_string_equal(text, "another one's words");
    }
}

static void a_backup_needs_an_empty_folder_and_a_store(void **state)
{
    struct fixture *fixture = *state;
    char other[PATH_BYTES_MAX];
    assert_int_equal(backup_make(&fixture->place, fixture->copy, now, &fixture->report),
                     REASON_FIELD_INVALID);
    check(path_make(other, "%s/none", fixture->folder));
    check(path_make(fixture->place.state_directory, "%s", other));
    check(path_make(other, "%s/copy2", fixture->folder));
    assert_int_equal(backup_make(&fixture->place, other, now, &fixture->report),
                     REASON_FILE_UNREADABLE);
    assert_false(is_there(other, BACKUP_ABOUT));
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(a_backup_comes_back),
        CASE(what_is_cut_or_damaged_is_refused),
        CASE(another_ones_is_refused),
        CASE(a_newer_schema_is_refused),
        CASE(names_stay_in_the_folder),
        CASE(nothing_is_put_under_a_running_program),
        CASE(one_that_was_cut_short_is_finished),
        CASE(a_link_is_not_written_through),
        CASE(a_backup_needs_an_empty_folder_and_a_store),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
