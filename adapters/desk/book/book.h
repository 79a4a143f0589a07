/* book - what a desk keeps of its own: people, sessions, drafts, uploads, an index of dossiers and
 * messages, an audit. One file, STATE/desk.sqlite (mode 0600, WAL), one connection, statements
 * prepared once.
 *
 *   book_open · book_close
 *   book_begin … book_finish                     what belongs together
 *   book_run(BOOK_X, "ti", text, number)         a statement that answers nothing
 *   book_ask(BOOK_X, …); while (book_next(…))    one that answers rows; book_end before the next
 *
 * Formats: t text (NULL: none), i int64_t, b struct bytes (blob), one letter an argument.
 *
 * The index is the adapter's, told again: it is made anew when the book is lost. People are not.
 *
 * What the disk does wrong is a value: REASON_STORE_FULL, _BUSY (the command line writes too),
 * _CORRUPT, _NEWER, _FAILED. The last one stays as .trouble until a write succeeds,
 * and is shown on every page.
 */
#pragma once

#include <sqlite3.h>

#include "proto/base/bytes.h"
#include "proto/base/reason.h"
#include "proto/base/time.h"

enum book_statement {
#define STATEMENT(name, text) BOOK_##name,
#include "adapters/desk/book/book_statements.def"
#undef STATEMENT
    BOOK_STATEMENTS,
};

enum { BOOK_SCHEMA = 6, BOOK_BUSY_MS = 2000 };

struct book {
    sqlite3 *database;
    sqlite3_stmt *statements[BOOK_STATEMENTS];
    enum reason trouble; /* of the last write */
};

/* The folder is there. */
enum reason book_open(const char *path, struct book *ret_book);
void book_close(struct book *book);

enum reason book_begin(struct book *book);
/* Commits when reason is NONE, else rolls back; the reason of all. */
enum reason book_finish(struct book *book, enum reason reason);

enum reason book_run(struct book *book, enum book_statement which, const char *format, ...);
/* The statement, bound; its texts live until book_end. */
sqlite3_stmt *book_ask(struct book *book, enum book_statement which, const char *format, ...);
bool book_next(struct book *book, sqlite3_stmt *row);
void book_end(sqlite3_stmt *row);
/* Rows that the last book_run changed. */
int64_t book_changes(const struct book *book);
int64_t book_last_row(const struct book *book);
/* Never NULL. */
const char *book_text(sqlite3_stmt *row, int column);
