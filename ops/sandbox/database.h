/* database - a few lines around SQLite for the programs of the sandbox, each with a file of its
 * own.
 *
 * One connection, one thread at a time. WAL and full sync: what an office said "accepted" to
 * survives a kill -9 of the office. Errors end in false; the message is on standard error.
 */
#pragma once

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

/* Opens or creates; schema: CREATE … IF NOT EXISTS statements. read_only: schema is not run. */
bool database_open(const char *path, const char *schema, bool read_only, sqlite3 **ret_database);
bool database_run(sqlite3 *database, const char *sql);
/* Prepares and binds: format has one letter per parameter: t text (const char *), i int64_t. */
sqlite3_stmt *database_prepare(sqlite3 *database, const char *sql, const char *format, ...);
/* Runs one statement to its first row or its end. */
bool database_do(sqlite3 *database, const char *sql, const char *format, ...);
/* The first column of the first row; fallback when there is none. */
int64_t database_number(sqlite3 *database, int64_t fallback, const char *sql, const char *format,
                        ...);
