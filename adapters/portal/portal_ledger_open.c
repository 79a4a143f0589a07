/* Opening the ledger: is it there, is it whole, and is it ours?
 *
 * A ledger that is lost or damaged must not be taken for one in which nothing has happened yet: its
 * dossiers would be refused because nothing seems to be known of them. So each ledger has an id,
 * which stands in it and in a file beside it (PATH.begun) that says that there was one. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "adapters/portal/portal_ledger_parts.h"

enum {
    BUSY_MS = 10000,     /* the other writer's transactions are a few rows */
    SCHEMA_VERSION = 2,  /* 2: dossier.equal_ms */
    CHECK_MS = 5000,     /* of looking through it at the start; a page beyond is found when read */
    CHECK_STEPS = 10000, /* of SQLite's machine between two looks at the clock */
    ID_BYTES = 16,
    ID_TEXT_BYTES = 2 * ID_BYTES + 1,
};

#define ID_NOTE "ledger_id"

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS dossier(code TEXT PRIMARY KEY, agency TEXT NOT NULL,"
    " presence INTEGER NOT NULL, state INTEGER NOT NULL, channel INTEGER NOT NULL,"
    " received_ms INTEGER NOT NULL, due_ms INTEGER NOT NULL, finished_ms INTEGER NOT NULL,"
    " handed_ms INTEGER NOT NULL, pause_ms INTEGER NOT NULL, supplements INTEGER NOT NULL,"
    " has_result_file INTEGER NOT NULL, is_digitised INTEGER NOT NULL, facts TEXT NOT NULL,"
    " changed_ms INTEGER NOT NULL, equal_ms INTEGER NOT NULL DEFAULT 0);"
    "CREATE INDEX IF NOT EXISTS dossier_received ON dossier(received_ms);"
    "CREATE INDEX IF NOT EXISTS dossier_loading ON dossier(code) WHERE presence = 2;"
    "CREATE TABLE IF NOT EXISTS event(number INTEGER PRIMARY KEY, message_id TEXT NOT NULL UNIQUE,"
    " code TEXT NOT NULL, type TEXT NOT NULL, service INTEGER NOT NULL, state INTEGER NOT NULL,"
    " at_ms INTEGER NOT NULL, outcome INTEGER NOT NULL, reason INTEGER NOT NULL, text TEXT,"
    " message TEXT NOT NULL, changed_ms INTEGER NOT NULL);"
    "CREATE INDEX IF NOT EXISTS event_dossier ON event(code, number);"
    "CREATE INDEX IF NOT EXISTS event_open ON event(number) WHERE outcome IN (2, 3);"
    "CREATE TABLE IF NOT EXISTS repair(number INTEGER PRIMARY KEY AUTOINCREMENT,"
    " code TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, asked_ms INTEGER NOT NULL,"
    " done_ms INTEGER, reason INTEGER NOT NULL DEFAULT 0);"
    "CREATE INDEX IF NOT EXISTS repair_open ON repair(number) WHERE done_ms IS NULL;"
    "CREATE TABLE IF NOT EXISTS difference(code TEXT PRIMARY KEY, kind INTEGER NOT NULL,"
    " ours INTEGER NOT NULL, theirs INTEGER NOT NULL, repair INTEGER NOT NULL,"
    " seen_ms INTEGER NOT NULL);"
    "CREATE TABLE IF NOT EXISTS note(name TEXT PRIMARY KEY, value TEXT NOT NULL);"
    "CREATE INDEX IF NOT EXISTS dossier_equal ON dossier(changed_ms, code) WHERE equal_ms > 0;"
    "CREATE INDEX IF NOT EXISTS event_closed ON event(changed_ms) WHERE outcome = 4;";

static const char upgrade_from_1[] =
    "ALTER TABLE dossier ADD COLUMN equal_ms INTEGER NOT NULL DEFAULT 0;";

/* -1: it cannot be read. 0: a new file. */
static int version_of(sqlite3 *database)
{
    sqlite3_stmt *row = NULL;
    int version = -1;
    if (sqlite3_prepare_v2(database, "PRAGMA user_version", -1, &row, NULL) == SQLITE_OK &&
        sqlite3_step(row) == SQLITE_ROW)
        version = sqlite3_column_int(row, 0);
    (void)sqlite3_finalize(row);
    return version;
}

/* Looked at again within the transaction: the adapter and a command may open it at once. */
static enum reason upgrade(sqlite3 *database)
{
    char pragma[64];
    (void)snprintf(pragma, sizeof pragma, "PRAGMA user_version = %d", (int)SCHEMA_VERSION);
    int code = sqlite3_exec(database, "BEGIN IMMEDIATE", NULL, NULL, NULL);
    if (code != SQLITE_OK)
        return sqlite_reason(database, code);
    if (version_of(database) == 1)
        code = sqlite3_exec(database, upgrade_from_1, NULL, NULL, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_exec(database, schema, NULL, NULL, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_exec(database, pragma, NULL, NULL, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_exec(database, "COMMIT", NULL, NULL, NULL);
    enum reason reason = sqlite_reason(database, code);
    if (code != SQLITE_OK)
        (void)sqlite3_exec(database, "ROLLBACK", NULL, NULL, NULL);
    return reason;
}

/* Two that begin a ledger may stand in each other's way here, and SQLite then answers at once,
 * without its patience of BUSY_MS, because waiting would help neither of them. */
static int set_modes(sqlite3 *database)
{
    enum { AGAIN_MS = 5 };
    int code = SQLITE_BUSY;
    for (int waited_ms = 0; code == SQLITE_BUSY && waited_ms < BUSY_MS; waited_ms += AGAIN_MS) {
        if (waited_ms > 0)
            (void)sqlite3_sleep(AGAIN_MS);
        code = sqlite3_exec(database,
                            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                            "PRAGMA cache_size = -512; PRAGMA mmap_size = 0;",
                            NULL, NULL, NULL);
    }
    return code;
}

/* FULL: a row whose commit was answered must survive a loss of power, or its message would be told
 * to the portal again. */
static enum reason prepare(sqlite3 *database)
{
    int code = set_modes(database);
    if (code != SQLITE_OK)
        return sqlite_reason(database, code);
    int version = version_of(database);
    if (version < 0)
        return REASON_STORE_FAILED;
    if (version > SCHEMA_VERSION)
        return REASON_STORE_NEWER;
    return version == SCHEMA_VERSION ? REASON_NONE : upgrade(database);
}

/* ---- is it whole ----------------------------------------------------------------------------- */

static int64_t mono_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int is_late(void *until_ms)
{
    return mono_ms() >= *(const int64_t *)until_ms;
}

/* Every page as far as the time allows. */
static enum reason look_through(sqlite3 *database)
{
    int64_t until_ms = mono_ms() + CHECK_MS;
    sqlite3_stmt *row = NULL;
    sqlite3_progress_handler(database, CHECK_STEPS, is_late, &until_ms);
    int code = sqlite3_prepare_v2(database, "PRAGMA quick_check(1)", -1, &row, NULL);
    enum reason reason = sqlite_reason(database, code);
    if (reason == REASON_NONE) {
        code = sqlite3_step(row);
        reason = code == SQLITE_INTERRUPT ? REASON_NONE : sqlite_reason(database, code);
    }
    if (code == SQLITE_ROW && strcmp(ledger_text(row, 0), "ok") != 0)
        reason = REASON_STORE_CORRUPT;
    (void)sqlite3_finalize(row);
    sqlite3_progress_handler(database, 0, NULL, NULL);
    return reason;
}

enum reason portal_ledger_check(struct portal_ledger *ledger)
{
    return look_through(ledger->database);
}

/* ---- is it ours ------------------------------------------------------------------------------ */

static bool marker_path(const char *path, char ret_path[LEDGER_PATH_BYTES_MAX])
{
    int size = snprintf(ret_path, LEDGER_PATH_BYTES_MAX, "%s" PORTAL_LEDGER_MARK, path);
    return size > 0 && size < LEDGER_PATH_BYTES_MAX;
}

/* "": there is none. One that cannot be read is not "none", or a ledger would be begun anew. */
static enum reason read_marker(const char *path, char ret_id[ID_TEXT_BYTES])
{
    char marker[LEDGER_PATH_BYTES_MAX];
    ret_id[0] = 0;
    if (!marker_path(path, marker))
        return REASON_STORE_FAILED;
    FILE *file = fopen(marker, "re");
    if (file == NULL)
        return errno == ENOENT ? REASON_NONE : REASON_STORE_FAILED;
    if (fgets(ret_id, ID_TEXT_BYTES, file) == NULL)
        (void)snprintf(ret_id, ID_TEXT_BYTES, "?"); /* there was one, whichever */
    bool is_read = ferror(file) == 0;
    (void)fclose(file);
    return is_read ? REASON_NONE : REASON_STORE_FAILED;
}

/* A fresh file, renamed when it is whole: half an id would make the ledger look like another
 * one. */
static enum reason write_marker(const char *path, const char *id)
{
    char marker[LEDGER_PATH_BYTES_MAX], fresh[LEDGER_PATH_BYTES_MAX];
    if (!marker_path(path, marker) ||
        snprintf(fresh, sizeof fresh, "%s.new", marker) >= (int)sizeof fresh)
        return REASON_STORE_FAILED;
    FILE *file = fopen(fresh, "we");
    if (file == NULL)
        return REASON_STORE_FAILED;
    bool is_whole = fprintf(file, "%s\n", id) > 0 && fflush(file) == 0 && fsync(fileno(file)) == 0;
    is_whole = fclose(file) == 0 && is_whole;
    return is_whole && rename(fresh, marker) == 0 ? REASON_NONE : REASON_STORE_FAILED;
}

/* Nothing there, although there was a ledger, or somebody relies on one: lost. */
static enum reason check_loss(const char *path, bool has_history)
{
    struct stat status;
    char id[ID_TEXT_BYTES];
    bool is_there = stat(path, &status) == 0 ? status.st_size > 0 : errno != ENOENT;
    enum reason reason = read_marker(path, id);
    if (reason != REASON_NONE)
        return reason;
    return !is_there && (has_history || id[0] != 0) ? REASON_PORTAL_LEDGER_LOST : REASON_NONE;
}

/* A database of somebody else's: ours is made in one transaction with its version. Both are looked
 * at in one statement, for another program may just be making it. */
static enum reason check_owner(sqlite3 *database)
{
    sqlite3_stmt *row = NULL;
    int code = sqlite3_prepare_v2(database,
                                  "SELECT 1 FROM pragma_user_version WHERE user_version = 0"
                                  " AND EXISTS(SELECT 1 FROM sqlite_schema)",
                                  -1, &row, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(row);
    (void)sqlite3_finalize(row);
    if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB)
        return REASON_NONE; /* one that cannot be read, as is found next */
    return code == SQLITE_ROW ? REASON_PORTAL_LEDGER_LOST : sqlite_reason(database, code);
}

static enum reason make_id(struct portal_ledger *ledger, char ret_id[ID_TEXT_BYTES])
{
    uint8_t random[ID_BYTES];
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
        return REASON_STORE_FAILED;
    hex_encode((struct bytes){random, sizeof random}, ret_id);
    return portal_ledger_put_note(ledger, ID_NOTE, ret_id);
}

/* Under the ledger's lock. ret_is_marked: there is a mark, and it is this ledger's. */
static enum reason read_id(struct portal_ledger *ledger, const char *path,
                           char ret_id[PORTAL_NOTE_BYTES], bool *ret_is_marked)
{
    char marked[ID_TEXT_BYTES];
    enum reason reason = read_marker(path, marked);
    if (reason == REASON_NONE)
        reason = portal_ledger_note(ledger, ID_NOTE, ret_id);
    *ret_is_marked = marked[0] != 0;
    if (reason != REASON_NONE || marked[0] == 0)
        return reason;
    return strcmp(marked, ret_id) == 0 ? REASON_NONE : REASON_PORTAL_LEDGER_LOST;
}

/* A ledger without a mark gets one now; from here on its loss is noticed. In two transactions, for
 * the id is on disk before the mark is, and programs that begin a ledger at once write one mark. */
static enum reason check_id(struct portal_ledger *ledger, const char *path)
{
    char id[PORTAL_NOTE_BYTES] = "";
    bool is_marked = false;
    for (int half = 0; half < 2 && !is_marked; half++) {
        enum reason reason = portal_ledger_begin(ledger);
        if (reason == REASON_NONE)
            reason = read_id(ledger, path, id, &is_marked);
        if (reason == REASON_NONE && half == 0 && !is_marked && id[0] == 0)
            reason = make_id(ledger, id);
        if (reason == REASON_NONE && half == 1 && !is_marked)
            reason = write_marker(path, id);
        if (reason == REASON_NONE)
            reason = portal_ledger_commit(ledger);
        else
            portal_ledger_rollback(ledger);
        if (reason != REASON_NONE)
            return reason;
    }
    return REASON_NONE;
}

/* ---- all of it ------------------------------------------------------------------------------- */

/* Whose file it is comes before `prepare`, which writes into it. */
static enum reason open_file(const char *path, struct portal_ledger *ledger)
{
    enum reason reason =
        sqlite_reason(NULL, sqlite3_open_v2(path, &ledger->database,
                                            SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL));
    if (reason == REASON_NONE)
        reason = sqlite_reason(ledger->database, sqlite3_busy_timeout(ledger->database, BUSY_MS));
    if (reason == REASON_NONE)
        reason = check_owner(ledger->database);
    if (reason == REASON_NONE)
        reason = prepare(ledger->database);
    if (reason == REASON_NONE)
        reason = look_through(ledger->database);
    return reason == REASON_NONE ? check_id(ledger, path) : reason;
}

enum reason portal_ledger_open_kept(const char *path, bool has_history,
                                    struct portal_ledger **ret_ledger)
{
    enum reason reason = check_loss(path, has_history);
    if (reason != REASON_NONE)
        return reason;
    struct portal_ledger *ledger = calloc(1, sizeof *ledger);
    if (ledger == NULL)
        return REASON_OUT_OF_MEMORY;
    reason = open_file(path, ledger);
    if (reason != REASON_NONE) {
        portal_ledger_close(&ledger);
        return reason;
    }
    *ret_ledger = ledger;
    return REASON_NONE;
}

enum reason portal_ledger_open(const char *path, struct portal_ledger **ret_ledger)
{
    return portal_ledger_open_kept(path, false, ret_ledger);
}
