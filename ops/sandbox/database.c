/* SQLite for the stand-ins' books, with as much as they need. A reader may come before the writer
 * has made the tables; it then reads nothing and says nothing. */
#include "ops/sandbox/database.h"

#include <stdarg.h>
#include <stdio.h>

enum { BUSY_MS = 10000 };

static bool fail(sqlite3 *database, const char *what)
{
    (void)fprintf(stderr, "database: %s: %s\n", what, sqlite3_errmsg(database));
    return false;
}

/* WAL lets the sandbox read figures while a stand-in writes; FULL, because a stand-in that forgets
 * after a crash would look like a message that was lost. */
bool database_open(const char *path, const char *schema, bool read_only, sqlite3 **ret_database)
{
    sqlite3 *database = NULL;
    int flags = read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    bool opened = sqlite3_open_v2(path, &database, flags, NULL) == SQLITE_OK &&
                  sqlite3_busy_timeout(database, BUSY_MS) == SQLITE_OK;
    if (opened && !read_only)
        opened = database_run(database, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;") &&
                 database_run(database, schema);
    if (!opened) {
        if (!read_only)
            (void)fail(database, path);
        (void)sqlite3_close(database);
        return false;
    }
    *ret_database = database;
    return true;
}

bool database_run(sqlite3 *database, const char *sql)
{
    return sqlite3_exec(database, sql, NULL, NULL, NULL) == SQLITE_OK || fail(database, sql);
}

/* Values behind a format of one letter each: 't' a text, which SQLite copies, 'i' an int64_t. */
static sqlite3_stmt *prepare(sqlite3 *database, const char *sql, const char *format, va_list values)
{
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(database, sql, -1, &statement, NULL) != SQLITE_OK) {
        if (sqlite3_db_readonly(database, "main") != 1) /* a reader may be early */
            (void)fail(database, sql);
        return NULL;
    }
    for (int i = 0; format[i] != 0; i++) {
        if (format[i] == 't')
            (void)sqlite3_bind_text(statement, i + 1, va_arg(values, const char *), -1,
                                    SQLITE_TRANSIENT);
        else
            (void)sqlite3_bind_int64(statement, i + 1, va_arg(values, int64_t));
    }
    return statement;
}

sqlite3_stmt *database_prepare(sqlite3 *database, const char *sql, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    sqlite3_stmt *statement = prepare(database, sql, format, values);
    va_end(values);
    return statement;
}

/* A row is an end like any other: some statements answer one that nobody wants. */
static bool finish(sqlite3_stmt *statement)
{
    if (statement == NULL)
        return false;
    sqlite3 *database = sqlite3_db_handle(statement);
    int result = sqlite3_step(statement);
    bool done = result == SQLITE_DONE || result == SQLITE_ROW;
    if (!done)
        (void)fail(database, sqlite3_sql(statement));
    (void)sqlite3_finalize(statement);
    return done;
}

bool database_do(sqlite3 *database, const char *sql, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    sqlite3_stmt *statement = prepare(database, sql, format, values);
    va_end(values);
    return finish(statement);
}

/* The fallback also stands for NULL, which MAX and SUM answer over no rows. */
int64_t database_number(sqlite3 *database, int64_t fallback, const char *sql, const char *format,
                        ...)
{
    va_list values;
    va_start(values, format);
    sqlite3_stmt *statement = prepare(database, sql, format, values);
    va_end(values);
    int64_t number = fallback;
    if (statement != NULL && sqlite3_step(statement) == SQLITE_ROW &&
        sqlite3_column_type(statement, 0) != SQLITE_NULL)
        number = sqlite3_column_int64(statement, 0);
    (void)sqlite3_finalize(statement);
    return number;
}
