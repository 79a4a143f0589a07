/* Opening the book, and its statements. Everything is small and by an index: there is no thread for
 * it, and the loop waits for each. */
#include "adapters/desk/book/book.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "adapters/desk/book/word_match.h"
#include "gateway/store/sqlite_reason.h"

/* Each brings a book from the version before; a new one goes through all. */
static const char drafts_schema[] =
    "CREATE TABLE drafts(draft INTEGER PRIMARY KEY AUTOINCREMENT, person TEXT NOT NULL,"
    " version INTEGER NOT NULL, code TEXT NOT NULL, title TEXT NOT NULL, content TEXT NOT NULL,"
    " changed_ms INTEGER NOT NULL);"
    "CREATE INDEX drafts_person ON drafts(person, draft);";

static const char uploads_schema[] =
    "CREATE TABLE uploads(id TEXT PRIMARY KEY, person TEXT NOT NULL, name TEXT NOT NULL,"
    " size INTEGER NOT NULL, made_ms INTEGER NOT NULL, sha256 TEXT NOT NULL DEFAULT '',"
    " media_type TEXT NOT NULL DEFAULT '') WITHOUT ROWID;"
    "CREATE INDEX uploads_person ON uploads(person);"
    "CREATE INDEX uploads_made ON uploads(made_ms);"
    "CREATE INDEX uploads_waiting ON uploads(size) WHERE sha256 = '';";

/* Wrong passwords are counted, and found by where they come from. */
static const char failures_schema[] =
    "CREATE INDEX audit_failed ON audit(address, person, at_ms) WHERE outcome = 'sign_in_wrong';"
    "CREATE INDEX audit_failures ON audit(at_ms) WHERE outcome = 'sign_in_wrong';";

/* A secret that was begun and not confirmed. */
static const char totp_schema[] =
    "ALTER TABLE people ADD COLUMN totp_new TEXT NOT NULL DEFAULT '';";

static const char first_schema[] =
    "CREATE TABLE people(name TEXT PRIMARY KEY, full_name TEXT NOT NULL, role INTEGER NOT NULL,"
    " sees_content INTEGER NOT NULL, password TEXT NOT NULL, locked INTEGER NOT NULL DEFAULT 0,"
    " must_change INTEGER NOT NULL DEFAULT 0, totp TEXT NOT NULL DEFAULT '',"
    " totp_step INTEGER NOT NULL DEFAULT 0, recovery TEXT NOT NULL DEFAULT '',"
    " last_sign_in_ms INTEGER NOT NULL DEFAULT 0, created_ms INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE sessions(digest BLOB PRIMARY KEY, name TEXT NOT NULL, created_ms INTEGER NOT "
    "NULL,"
    " seen_ms INTEGER NOT NULL, address TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX sessions_name ON sessions(name, created_ms);"
    "CREATE TABLE audit(entry INTEGER PRIMARY KEY AUTOINCREMENT, at_ms INTEGER NOT NULL,"
    " person TEXT NOT NULL, full_name TEXT NOT NULL, address TEXT NOT NULL, action TEXT NOT NULL,"
    " object TEXT NOT NULL, before TEXT, after TEXT, outcome TEXT NOT NULL);"
    "CREATE INDEX audit_person ON audit(person, entry);"
    "CREATE INDEX audit_object ON audit(object, entry);"
    "CREATE TABLE note(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE dossiers(number INTEGER PRIMARY KEY, code TEXT NOT NULL UNIQUE,"
    " canon TEXT NOT NULL, procedure TEXT NOT NULL DEFAULT '', agency TEXT NOT NULL DEFAULT '',"
    " channel INTEGER NOT NULL DEFAULT 0, state INTEGER NOT NULL DEFAULT 0,"
    " waits_for INTEGER NOT NULL DEFAULT 0, received_ms INTEGER NOT NULL DEFAULT 0,"
    " due_ms INTEGER NOT NULL DEFAULT 0, finished_ms INTEGER NOT NULL DEFAULT 0,"
    " owner TEXT NOT NULL DEFAULT '', summary TEXT NOT NULL DEFAULT '',"
    " last_ms INTEGER NOT NULL DEFAULT 0, last_type INTEGER NOT NULL DEFAULT 0,"
    " version INTEGER NOT NULL DEFAULT 0);"
    "CREATE INDEX dossiers_canon ON dossiers(canon);"
    "CREATE INDEX dossiers_last ON dossiers(last_ms, number);"
    "CREATE INDEX dossiers_received ON dossiers(received_ms, number);"
    "CREATE INDEX dossiers_state ON dossiers(state, last_ms, number);"
    "CREATE INDEX dossiers_waits ON dossiers(waits_for, last_ms, number);"
    "CREATE INDEX dossiers_agency ON dossiers(agency, last_ms, number);"
    "CREATE INDEX dossiers_procedure ON dossiers(procedure, last_ms, number);"
    "CREATE INDEX dossiers_due ON dossiers(due_ms, number) WHERE finished_ms = 0;"
    "CREATE VIRTUAL TABLE words USING fts5(text, detail = column);"
    "CREATE TABLE messages(seq INTEGER PRIMARY KEY, id TEXT NOT NULL, sha256 TEXT NOT NULL,"
    " sender TEXT NOT NULL, type INTEGER NOT NULL, recipient TEXT NOT NULL, code TEXT NOT NULL,"
    " procedure TEXT NOT NULL, state TEXT NOT NULL, is_out INTEGER NOT NULL, reason TEXT NOT NULL,"
    " turn TEXT NOT NULL DEFAULT '', text TEXT NOT NULL, office_reference TEXT NOT NULL,"
    " acting_for TEXT NOT NULL, time_ms INTEGER NOT NULL, source_ms INTEGER NOT NULL,"
    " custody_ms INTEGER NOT NULL, ended_ms INTEGER NOT NULL, files INTEGER NOT NULL);"
    "CREATE INDEX messages_id ON messages(id);"
    "CREATE INDEX messages_sha256 ON messages(sha256);"
    "CREATE INDEX messages_code ON messages(code, seq);"
    "CREATE INDEX messages_waiting ON messages(is_out, recipient, time_ms) WHERE ended_ms = 0;"
    "CREATE INDEX messages_inbox ON messages(is_out, seq) WHERE ended_ms = 0;"
    "CREATE INDEX messages_ended ON messages(ended_ms) WHERE ended_ms > 0;"
    "CREATE TABLE receipts(seq INTEGER NOT NULL, place INTEGER NOT NULL, id TEXT NOT NULL,"
    " about TEXT NOT NULL, type INTEGER NOT NULL, signer TEXT NOT NULL, at_ms INTEGER NOT NULL,"
    " reason TEXT NOT NULL, text TEXT NOT NULL, office_reference TEXT NOT NULL,"
    " acting_for TEXT NOT NULL, PRIMARY KEY(seq, place)) WITHOUT ROWID;"
    "CREATE INDEX receipts_about ON receipts(about, seq);"
    "CREATE INDEX receipts_signer ON receipts(signer, at_ms);";

/* What a million dossiers need. The words stand in the row itself, so that a row can be looked at
 * without the full-text index; what waits is counted from an index alone (what a partial index asks
 * for stands in it too, or SQLite looks into the rows); open dossiers have indexes that do not grow
 * with history. The index of before is read again from the feed. */
static const char size_schema[] =
    "DROP TABLE words; DELETE FROM dossiers; DELETE FROM messages; DELETE FROM receipts;"
    "DELETE FROM note WHERE name IN ('feed_position', 'feed_epoch');"
    "ALTER TABLE dossiers ADD COLUMN folded TEXT NOT NULL DEFAULT '';"
    "CREATE VIRTUAL TABLE words USING fts5(folded, content = 'dossiers',"
    " content_rowid = 'number', detail = none, prefix = '1 2');"
    "DROP INDEX messages_waiting;"
    "CREATE INDEX messages_waiting ON messages(is_out, recipient, time_ms, state, ended_ms)"
    " WHERE ended_ms = 0;"
    "DROP INDEX messages_ended;"
    "CREATE INDEX messages_failed ON messages(ended_ms, recipient, is_out, state)"
    " WHERE is_out = 1 AND state IN ('refused', 'expired');"
    "CREATE INDEX dossiers_due_all ON dossiers(due_ms, number);"
    "CREATE INDEX dossiers_open ON dossiers(agency, due_ms, state, finished_ms)"
    " WHERE finished_ms = 0;";

static const char *const schemas[BOOK_SCHEMA] = {first_schema,    drafts_schema, uploads_schema,
                                                 failures_schema, size_schema,   totp_schema};

static const char *const texts[BOOK_STATEMENTS] = {
#define STATEMENT(name, text) [BOOK_##name] = text,
#include "adapters/desk/book/book_statements.def"
#undef STATEMENT
};

/* ---- opening ---- */

/* For texts that run once: settings of the connection, the schema, and the ends of a
 * transaction. */
static int execute(struct book *book, const char *text)
{
    return sqlite3_exec(book->database, text, NULL, NULL, NULL);
}

static int version_of(struct book *book, int *ret_version)
{
    sqlite3_stmt *row = NULL;
    int code = sqlite3_prepare_v2(book->database, "PRAGMA user_version", -1, &row, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(row);
    *ret_version = code == SQLITE_ROW ? sqlite3_column_int(row, 0) : -1;
    (void)sqlite3_finalize(row);
    return code == SQLITE_ROW ? SQLITE_OK : code;
}

/* Looked at within the transaction: the desk and a command may open it at once. */
static enum reason make_schema(struct book *book)
{
    char pragma[64];
    int version = 0;
    int code = execute(book, "BEGIN IMMEDIATE");
    if (code == SQLITE_OK)
        code = version_of(book, &version);
    (void)snprintf(pragma, sizeof pragma, "PRAGMA user_version = %d", (int)BOOK_SCHEMA);
    for (int step = version; code == SQLITE_OK && step < BOOK_SCHEMA; step++)
        code = execute(book, schemas[step]);
    if (code == SQLITE_OK && version < BOOK_SCHEMA)
        code = execute(book, pragma);
    if (code == SQLITE_OK)
        code = execute(book, "COMMIT");
    enum reason reason = sqlite_reason(book->database, code);
    if (code != SQLITE_OK)
        (void)execute(book, "ROLLBACK");
    return reason == REASON_NONE && version > BOOK_SCHEMA ? REASON_STORE_NEWER : reason;
}

/* All at the start: a text that does not fit the schema stops the desk before anybody works in
 * it. */
static enum reason prepare(struct book *book)
{
    for (int i = 0; i < BOOK_STATEMENTS; i++) {
        int code = sqlite3_prepare_v3(book->database, texts[i], -1, SQLITE_PREPARE_PERSISTENT,
                                      &book->statements[i], NULL);
        if (code != SQLITE_OK)
            return sqlite_reason(book->database, code);
    }
    return REASON_NONE;
}

/* The umask of a program of ours lets nobody else in; a file that was copied back may. */
enum reason book_open(const char *path, struct book *ret_book)
{
    struct book book = {0};
    int code =
        sqlite3_open_v2(path, &book.database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_busy_timeout(book.database, BOOK_BUSY_MS);
    if (code == SQLITE_OK && chmod(path, 0600) != 0)
        code = SQLITE_CANTOPEN;
    if (code == SQLITE_OK)
        code = execute(&book, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                              "PRAGMA cache_size = -32768; PRAGMA temp_store = MEMORY");
    if (code == SQLITE_OK)
        code = word_match_register(book.database);
    enum reason reason =
        code == SQLITE_OK ? make_schema(&book) : sqlite_reason(book.database, code);
    if (reason == REASON_NONE)
        reason = prepare(&book);
    if (reason != REASON_NONE)
        book_close(&book);
    else
        *ret_book = book;
    return reason;
}

void book_close(struct book *book)
{
    for (int i = 0; i < BOOK_STATEMENTS; i++)
        (void)sqlite3_finalize(book->statements[i]);
    (void)sqlite3_close(book->database);
    *book = (struct book){0};
}

/* ---- statements ---- */

/* A key that is there already is an answer, not a trouble of the book. */
static enum reason note_trouble(struct book *book, int code)
{
    enum reason reason = sqlite_reason(book->database, code);
    if (reason != REASON_DUPLICATE)
        book->trouble = reason;
    return reason;
}

enum reason book_begin(struct book *book)
{
    return note_trouble(book, execute(book, "BEGIN IMMEDIATE"));
}

/* A commit that fails leaves the transaction open in SQLite, and all later ones would be part of
 * it. */
enum reason book_finish(struct book *book, enum reason reason)
{
    if (reason == REASON_NONE)
        reason = note_trouble(book, execute(book, "COMMIT"));
    if (reason != REASON_NONE)
        (void)execute(book, "ROLLBACK");
    return reason;
}

/* Texts are copied: they may be views of what the next statement overwrites. */
static void bind(sqlite3_stmt *row, const char *format, va_list arguments)
{
    for (int i = 0; format[i] != 0; i++) {
        struct bytes blob;
        switch (format[i]) {
        case 't':
            (void)sqlite3_bind_text(row, i + 1, va_arg(arguments, const char *), -1,
                                    SQLITE_TRANSIENT);
            break;
        case 'i':
            (void)sqlite3_bind_int64(row, i + 1, va_arg(arguments, int64_t));
            break;
        default:
            blob = va_arg(arguments, struct bytes);
            (void)sqlite3_bind_blob64(row, i + 1, blob.data, blob.size, SQLITE_TRANSIENT);
            break;
        }
    }
}

enum reason book_run(struct book *book, enum book_statement which, const char *format, ...)
{
    va_list arguments;
    sqlite3_stmt *row = book->statements[which];
    va_start(arguments, format);
    bind(row, format, arguments);
    va_end(arguments);
    int code = sqlite3_step(row);
    book_end(row);
    return note_trouble(book, code);
}

sqlite3_stmt *book_ask(struct book *book, enum book_statement which, const char *format, ...)
{
    va_list arguments;
    sqlite3_stmt *row = book->statements[which];
    va_start(arguments, format);
    bind(row, format, arguments);
    va_end(arguments);
    return row;
}

/* A read that fails ends the list; that it was not the end is shown by the book's trouble. */
bool book_next(struct book *book, sqlite3_stmt *row)
{
    int code = sqlite3_step(row);
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        (void)note_trouble(book, code);
    return code == SQLITE_ROW;
}

void book_end(sqlite3_stmt *row)
{
    (void)sqlite3_reset(row);
    (void)sqlite3_clear_bindings(row);
}

int64_t book_changes(const struct book *book)
{
    return sqlite3_changes64(book->database);
}

int64_t book_last_row(const struct book *book)
{
    return sqlite3_last_insert_rowid(book->database);
}

/* Valid until the row is left. */
const char *book_text(sqlite3_stmt *row, int column)
{
    const unsigned char *text = sqlite3_column_text(row, column);
    return text == NULL ? "" : (const char *)text;
}
