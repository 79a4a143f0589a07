/* Signing out of a book that cannot be written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "adapters/desk/ended.h"
#include "tests/unit/scratch.h"

static const wall_t noon = {1796000000000};

static int64_t number(struct book *book, const char *text)
{
    sqlite3_stmt *row = NULL;
    assert_int_equal(sqlite3_prepare_v2(book->database, text, -1, &row, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(row), SQLITE_ROW);
    int64_t value = sqlite3_column_int64(row, 0);
    sqlite3_finalize(row);
    return value;
}

static void what_ended_is_over_and_written_when_there_is_room(void **state)
{
    struct scratch scratch;
    struct book book;
    static struct ended ended;
    struct person person = {.name = "anna", .full_name = "Anna"};
    char path[256], secret[SESSION_TEXT_BYTES];
    uint8_t digest[SESSION_DIGEST_BYTES], other[SESSION_DIGEST_BYTES] = {1};
    (void)state;
    assert_true(scratch_open(&scratch));
    snprintf(path, sizeof path, "%s/desk.sqlite", scratch.folder);
    assert_int_equal(book_open(path, &book), REASON_NONE);
    assert_int_equal(people_add(&book, &person, "hash", noon), REASON_NONE);
    assert_int_equal(sessions_begin(&book, "anna", "127.0.0.1", noon, secret), REASON_NONE);
    assert_true(sessions_find(&book, bytes_of_text(secret), noon, &person, digest));
    assert_int_equal(sqlite3_exec(book.database, "PRAGMA query_only = 1", NULL, NULL, NULL), 0);
    assert_true(ended_add(&ended, digest, "anna", "127.0.0.1", noon));
    assert_true(ended_has(&ended, digest));
    assert_false(ended_has(&ended, other));
    ended_settle(&ended, &book);
    assert_true(ended_has(&ended, digest));
    assert_int_equal(number(&book, "SELECT count(*) FROM sessions"), 1);
    assert_int_equal(sqlite3_exec(book.database, "PRAGMA query_only = 0", NULL, NULL, NULL), 0);
    ended_settle(&ended, &book);
    assert_false(ended_has(&ended, digest));
    assert_int_equal(number(&book, "SELECT count(*) FROM sessions"), 0);
    assert_int_equal(number(&book, "SELECT count(*) FROM audit WHERE action = 'sign_out' AND"
                                   " person = 'anna' AND at_ms = 1796000000000"),
                     1);
    book_close(&book);
    scratch_close(&scratch);
}

static void there_are_not_more_than_there_is_room_for(void **state)
{
    static struct ended ended;
    uint8_t digest[SESSION_DIGEST_BYTES] = {0};
    (void)state;
    for (int i = 0; i < ENDED_MAX; i++) {
        memcpy(digest, &i, sizeof i);
        assert_true(ended_add(&ended, digest, "anna", "127.0.0.1", noon));
    }
    digest[31] = 1;
    assert_false(ended_add(&ended, digest, "anna", "127.0.0.1", noon));
    assert_false(ended_has(&ended, digest));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_ended_is_over_and_written_when_there_is_room),
        cmocka_unit_test(there_are_not_more_than_there_is_room_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
