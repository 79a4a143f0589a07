/* The desk's book: people, sessions, and a file that is not what it should be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <sys/stat.h>

#include "adapters/desk/book/people.h"
#include "tests/unit/scratch.h"

static struct scratch scratch;
static struct book book;
static char path[256];
static const wall_t noon = {1796000000000};

static int setup(void **state)
{
    (void)state;
    assert_true(scratch_open(&scratch));
    snprintf(path, sizeof path, "%s/desk.sqlite", scratch.folder);
    assert_int_equal(book_open(path, &book), REASON_NONE);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    book_close(&book);
    scratch_close(&scratch);
    return 0;
}

static const struct person anna = {.name = "anna", .full_name = "Trần Thị Anh", .role = 0};

static void a_book_is_for_its_owner_alone(void **state)
{
    struct stat status;
    (void)state;
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    book_close(&book);
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(book_open(path, &book), REASON_NONE);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
}

static void what_is_no_book_of_ours_is_said(void **state)
{
    struct book other;
    (void)state;
    assert_int_equal(sqlite3_exec(book.database, "PRAGMA user_version = 999", NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(book_open(path, &other), REASON_STORE_NEWER);
    snprintf(path, sizeof path, "%s/noise.sqlite", scratch.folder);
    static uint8_t noise[8192];
    memset(noise, 'x', sizeof noise);
    assert_true(scratch_write(&scratch, "noise.sqlite", (struct bytes){noise, sizeof noise}));
    assert_int_equal(book_open(path, &other), REASON_STORE_CORRUPT);
    snprintf(path, sizeof path, "%s/none/desk.sqlite", scratch.folder);
    assert_int_equal(book_open(path, &other), REASON_STORE_FAILED);
}

static void a_name_is_one_persons(void **state)
{
    struct person found, other = anna;
    char hash[PASSWORD_HASH_BYTES];
    (void)state;
    assert_int_equal(people_add(&book, &anna, "hash", noon), REASON_NONE);
    assert_int_equal(people_add(&book, &other, "other", noon), REASON_NAME_TAKEN);
    assert_int_equal(people_find(&book, "anna", &found, hash), REASON_NONE);
    assert_string_equal(found.full_name, anna.full_name);
    assert_string_equal(hash, "hash");
    assert_int_equal(people_find(&book, "bình", &found, hash), REASON_NOT_FOUND);
}

static void names_that_lie_are_not_taken(void **state)
{
    static const char *const names[] = {"", "Anna", "an na", "an/na", "anh\xc3\xa2", "a'b"};
    static const char *const full_names[] = {"",   "a\nb", "\xe2\x80\xaetxe", "\xff", "a\x1b[31m",
                                             " a", "a "};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct person person = anna;
        snprintf(person.name, sizeof person.name, "%s", names[i]);
        assert_int_equal(people_add(&book, &person, "hash", noon), REASON_FIELD_INVALID);
    }
    for (size_t i = 0; i < sizeof full_names / sizeof *full_names; i++) {
        struct person person = anna;
        snprintf(person.full_name, sizeof person.full_name, "%s", full_names[i]);
        assert_int_equal(people_add(&book, &person, "hash", noon), REASON_FIELD_INVALID);
    }
}

/* ---- sessions ---- */

static bool is_in(const char *secret, int64_t later_ms)
{
    struct person person;
    uint8_t digest[SESSION_DIGEST_BYTES];
    return sessions_find(&book, bytes_of_text(secret), (wall_t){noon.ms + later_ms}, &person,
                         digest);
}

static void begin(const char *name, int64_t later_ms, char secret[SESSION_TEXT_BYTES])
{
    assert_int_equal(sessions_begin(&book, name, "127.0.0.1", (wall_t){noon.ms + later_ms}, secret),
                     REASON_NONE);
}

static void a_session_ends_when_it_is_not_used_and_in_any_case(void **state)
{
    char secret[SESSION_TEXT_BYTES], idle[SESSION_TEXT_BYTES];
    (void)state;
    assert_int_equal(people_add(&book, &anna, "hash", noon), REASON_NONE);
    begin("anna", 0, idle);
    begin("anna", 0, secret);
    assert_false(is_in("", 0));
    assert_false(is_in("00", 0));
    int64_t later_ms = 0;
    for (; later_ms < SESSION_LIFE_MS; later_ms += SESSION_IDLE_MS / 2)
        assert_true(is_in(secret, later_ms));
    assert_false(is_in(secret, later_ms));
    assert_false(is_in(idle, SESSION_IDLE_MS));
    sessions_prune(&book, (wall_t){noon.ms + SESSION_LIFE_MS});
    assert_false(is_in(secret, 0));
}

static void the_book_does_not_have_the_secret(void **state)
{
    char secret[SESSION_TEXT_BYTES];
    static char content[1 << 16];
    (void)state;
    assert_int_equal(people_add(&book, &anna, "hash", noon), REASON_NONE);
    begin("anna", 0, secret);
    sqlite3_stmt *row = NULL;
    assert_int_equal(
        sqlite3_prepare_v2(book.database, "SELECT hex(digest) FROM sessions", -1, &row, NULL),
        SQLITE_OK);
    assert_int_equal(sqlite3_step(row), SQLITE_ROW);
    assert_int_not_equal(strcasecmp(book_text(row, 0), secret), 0);
    sqlite3_finalize(row);
    assert_int_equal(
        sqlite3_exec(book.database, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL),
        SQLITE_OK);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t size = fread(content, 1, sizeof content, file);
    fclose(file);
    assert_null(memmem(content, size, secret, SESSION_TEXT_BYTES - 1));
}

static void who_is_locked_or_has_another_password_is_out(void **state)
{
    char first[SESSION_TEXT_BYTES], second[SESSION_TEXT_BYTES];
    uint8_t digest[SESSION_DIGEST_BYTES];
    struct person person;
    (void)state;
    assert_int_equal(people_add(&book, &anna, "hash", noon), REASON_NONE);
    begin("anna", 0, first);
    begin("anna", 1, second);
    assert_true(sessions_find(&book, bytes_of_text(second), noon, &person, digest));
    assert_int_equal(people_set_password(&book, "anna", "new", false, digest), REASON_NONE);
    assert_false(is_in(first, 2));
    assert_true(is_in(second, 2));
    person.is_locked = true;
    assert_int_equal(people_change(&book, &person), REASON_NONE);
    assert_false(is_in(second, 2));
}

static void sessions_of_one_person_are_bounded(void **state)
{
    char first[SESSION_TEXT_BYTES], secret[SESSION_TEXT_BYTES];
    (void)state;
    assert_int_equal(people_add(&book, &anna, "hash", noon), REASON_NONE);
    begin("anna", 0, first);
    for (int i = 1; i < SESSIONS_OF_ONE_MAX; i++)
        begin("anna", i, secret);
    assert_true(is_in(first, 100));
    begin("anna", 50, secret);
    assert_false(is_in(first, 100));
    assert_true(is_in(secret, 100));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_book_is_for_its_owner_alone),
        TEST(what_is_no_book_of_ours_is_said),
        TEST(a_name_is_one_persons),
        TEST(names_that_lie_are_not_taken),
        TEST(a_session_ends_when_it_is_not_used_and_in_any_case),
        TEST(the_book_does_not_have_the_secret),
        TEST(who_is_locked_or_has_another_password_is_out),
        TEST(sessions_of_one_person_are_bounded),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
