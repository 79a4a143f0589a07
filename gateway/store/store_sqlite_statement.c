/* SQL statements, prepared once, and SQLite's results as reasons. Full, busy and corrupt are told
 * apart because different people act on them; what can only be our own mistake (a constraint, a
 * misuse) ends the program, before it writes more by the same mistake. */
#include "gateway/store/store_sqlite_internal.h"

#include "gateway/store/sqlite_reason.h"
#include "proto/base/check.h"

static const char *const texts[SQL_COUNT] = {
#define STATEMENT(name, text) [SQL_##name] = text,
#include "gateway/store/store_sqlite_statements.def"
#undef STATEMENT
};

enum reason reason_of_sqlite(sqlite3 *database, int result)
{
    check((result & 0xff) != SQLITE_CONSTRAINT && (result & 0xff) != SQLITE_MISUSE);
    return sqlite_reason(database, result);
}

/* For texts that run once, as settings of the connection and its schema; everything of a step is
 * prepared. */
enum reason sql_execute(sqlite3 *database, const char *text)
{
    return reason_of_sqlite(database, sqlite3_exec(database, text, NULL, NULL, NULL));
}

/* All at the start, so that a text that does not fit the schema stops the program before it takes
 * anything into custody. */
enum reason statements_prepare(struct store_sqlite *store)
{
    for (size_t i = 0; i < SQL_COUNT; i++) {
        int result = sqlite3_prepare_v3(store->database, texts[i], -1, SQLITE_PREPARE_PERSISTENT,
                                        &store->statements[i], NULL);
        if (result != SQLITE_OK)
            return reason_of_sqlite(store->database, result);
    }
    return REASON_NONE;
}

void statements_release(struct store_sqlite *store)
{
    for (size_t i = 0; i < SQL_COUNT; i++) {
        (void)sqlite3_finalize(store->statements[i]);
        store->statements[i] = NULL;
    }
}

/* Binding fails only for a wrong parameter number (our mistake) or a value past SQLite's limit of a
 * billion bytes, which the bounds of the plan exclude. */
void sql_bind_number(sqlite3_stmt *statement, int place, uint64_t number)
{
    int result = sqlite3_bind_int64(statement, place, (sqlite3_int64)number);
    check(result == SQLITE_OK);
}

void sql_bind_blob(sqlite3_stmt *statement, int place, struct bytes bytes)
{
    const void *data = bytes.size == 0 ? "" : (const void *)bytes.data;
    int result = sqlite3_bind_blob64(statement, place, data, bytes.size, SQLITE_STATIC);
    check(result == SQLITE_OK);
}

static void sql_bind_text(sqlite3_stmt *statement, int place, struct bytes text)
{
    const char *data = text.size == 0 ? "" : (const char *)text.data;
    int result = sqlite3_bind_text64(statement, place, data, text.size, SQLITE_STATIC, SQLITE_UTF8);
    check(result == SQLITE_OK);
}

sqlite3_stmt *sql_bind(struct store_sqlite *store, enum statement which,
                       const struct sql_value *values, size_t count)
{
    sqlite3_stmt *statement = store->statements[which];
    for (size_t i = 0; i < count; i++) {
        int place = (int)i + 1;
        if (values[i].kind == SQL_IS_NUMBER)
            sql_bind_number(statement, place, values[i].number);
        else if (values[i].kind == SQL_IS_BLOB)
            sql_bind_blob(statement, place, values[i].bytes);
        else if (values[i].kind == SQL_IS_TEXT)
            sql_bind_text(statement, place, values[i].bytes);
        else
            (void)sqlite3_bind_null(statement, place);
    }
    return statement;
}

uint64_t sql_number(sqlite3_stmt *statement, int column)
{
    return (uint64_t)sqlite3_column_int64(statement, column);
}

/* SQLite answers NULL for an empty blob, which is no failure. */
struct bytes sql_blob(sqlite3_stmt *statement, int column)
{
    const uint8_t *data = sqlite3_column_blob(statement, column);
    return (struct bytes){data, data == NULL ? 0 : (size_t)sqlite3_column_bytes(statement, column)};
}

enum reason sql_step(struct store_sqlite *store, sqlite3_stmt *statement, bool *ret_row)
{
    enum reason reason = sql_row(store, statement);
    *ret_row = reason == REASON_NONE;
    return reason == REASON_NOT_FOUND ? REASON_NONE : reason;
}

/* With a row the statement stays open for the caller to read and reset; without one it is reset
 * here. */
enum reason sql_row(struct store_sqlite *store, sqlite3_stmt *statement)
{
    int result = sqlite3_step(statement);
    if (result == SQLITE_ROW)
        return REASON_NONE;
    enum reason reason = reason_of_sqlite(store->database, result);
    (void)sqlite3_reset(statement);
    return reason == REASON_NONE ? REASON_NOT_FOUND : reason;
}

bool sql_next(struct store_sqlite *store, sqlite3_stmt *statement, enum reason *reason)
{
    if (*reason != REASON_NONE) {
        (void)sqlite3_reset(statement);
        return false;
    }
    enum reason step = sql_row(store, statement);
    *reason = step == REASON_NOT_FOUND ? REASON_NONE : step;
    return step == REASON_NONE;
}

enum reason sql_run(struct store_sqlite *store, sqlite3_stmt *statement)
{
    int result = sqlite3_step(statement);
    check(result != SQLITE_ROW);
    enum reason reason = reason_of_sqlite(store->database, result);
    (void)sqlite3_reset(statement);
    return reason;
}

enum reason sql_one_number(struct store_sqlite *store, sqlite3_stmt *statement,
                           uint64_t *ret_number)
{
    enum reason reason = sql_row(store, statement);
    if (reason != REASON_NONE)
        return reason;
    *ret_number = sql_number(statement, 0);
    (void)sqlite3_reset(statement);
    return REASON_NONE;
}
