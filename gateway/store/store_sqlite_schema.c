/* The file's settings and its schema, as a list of versions: version n is made from n - 1 by
 * running versions[n - 1]. A version that has been released never changes; a new one is added. */
#include "gateway/store/store_sqlite.h"
#include "gateway/store/store_sqlite_internal.h"

#include <stdio.h>

enum {
    APPLICATION_ID = 0x4c54434b, /* "LTCK": what `file` and sqlite3 show this file to be */
    SETTING_BYTES_MAX = 128,
};

/* Little-endian numbers in SQL, for what is packed: WORD_OF needs EVERY_BYTE in its FROM. */
#define HEX_ROW(high)                                                                              \
    high "0" high "1" high "2" high "3" high "4" high "5" high "6" high "7" high "8" high "9" high \
         "a" high "b" high "c" high "d" high "e" high "f"
#define EVERY_BYTE                                                                                 \
    "(SELECT x'" HEX_ROW("0") HEX_ROW("1") HEX_ROW("2") HEX_ROW("3") HEX_ROW("4") HEX_ROW("5")     \
        HEX_ROW("6") HEX_ROW("7") HEX_ROW("8") HEX_ROW("9") HEX_ROW("a") HEX_ROW("b") HEX_ROW("c") \
            HEX_ROW("d") HEX_ROW("e") HEX_ROW("f") "' AS every)"
#define BYTE_OF(number, shift) "substr(every, 1 + ((" number " >> " shift ") & 255), 1)"
#define WORD_OF(number)                                                                            \
    BYTE_OF(number, "0")                                                                           \
    " || " BYTE_OF(number, "8") " || " BYTE_OF(number, "16") " || " BYTE_OF(number, "24")

/* Reasons for this shape: README.md. */
static const char *const versions[] = {
    "CREATE TABLE participant(number INTEGER PRIMARY KEY, key TEXT NOT NULL);"

    "CREATE TABLE parcel(seq INTEGER PRIMARY KEY, content BLOB NOT NULL);"

    "CREATE TABLE message(seq INTEGER PRIMARY KEY, parcel INTEGER NOT NULL,"
    " document INTEGER NOT NULL, sender INTEGER NOT NULL, recipient INTEGER NOT NULL,"
    " id BLOB NOT NULL, digest BLOB NOT NULL, type INTEGER NOT NULL, dossier TEXT NOT NULL,"
    " procedure TEXT NOT NULL, sequence INTEGER NOT NULL, in_reply_to BLOB NOT NULL,"
    " custody INTEGER NOT NULL, receipt INTEGER NOT NULL);"
    "CREATE TABLE message_id(sender INTEGER NOT NULL, id BLOB NOT NULL, seq INTEGER NOT NULL,"
    " PRIMARY KEY(sender, id)) WITHOUT ROWID;"
    "CREATE TABLE message_dossier(dossier TEXT NOT NULL, seq INTEGER NOT NULL,"
    " agency INTEGER, registry_version TEXT, PRIMARY KEY(dossier, seq)) WITHOUT ROWID;"

    "CREATE TABLE waiting(place INTEGER PRIMARY KEY, class INTEGER NOT NULL,"
    " state INTEGER NOT NULL, due INTEGER NOT NULL, expires INTEGER NOT NULL,"
    " attempts INTEGER NOT NULL, reason INTEGER NOT NULL, receipt INTEGER NOT NULL,"
    " size INTEGER NOT NULL, is_receipt INTEGER NOT NULL, destination INTEGER NOT NULL,"
    " behind INTEGER NOT NULL);"
    "CREATE INDEX waiting_due ON waiting(destination, due, place) WHERE behind = 0 AND state <> 4;"
    "CREATE INDEX waiting_class ON waiting(destination, class, place) WHERE class <> 0;"
    "CREATE INDEX waiting_list ON waiting(destination, state, place);"
    "CREATE INDEX waiting_expires ON waiting(expires, place) WHERE expires <> 0;"
    "CREATE TABLE lease(number INTEGER PRIMARY KEY, entries BLOB NOT NULL);"
    "CREATE TABLE ended(place INTEGER PRIMARY KEY, class INTEGER NOT NULL,"
    " state INTEGER NOT NULL, due INTEGER NOT NULL, expires INTEGER NOT NULL,"
    " attempts INTEGER NOT NULL, reason INTEGER NOT NULL, receipt INTEGER NOT NULL,"
    " size INTEGER NOT NULL, is_receipt INTEGER NOT NULL);"
    "CREATE INDEX ended_failed ON ended(state, place) WHERE state <> 5;"

    "CREATE TABLE ledger_segment(first INTEGER PRIMARY KEY, head INTEGER NOT NULL,"
    " entries BLOB NOT NULL);"
    "CREATE TABLE ledger_hashes(first INTEGER PRIMARY KEY, hashes BLOB NOT NULL);"

    "CREATE TABLE note(name BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;",

    /* Parcels in blocks: those of before become blocks of one. */
    "CREATE TABLE parcel_block(first INTEGER PRIMARY KEY, content BLOB NOT NULL);"
    "INSERT INTO parcel_block SELECT seq, CAST(x'01000000'"
    " || " WORD_OF(
        "length(content)") " || content AS BLOB) FROM parcel, " EVERY_BYTE ";"
                           "DROP TABLE parcel;"

                           /* Ids in ranges: the largest of each sender becomes one of its own, the
                              others came late. */
                           "CREATE TABLE id_range(sender INTEGER NOT NULL, last BLOB NOT NULL, "
                           "number INTEGER NOT NULL,"
                           " PRIMARY KEY(sender, last)) WITHOUT ROWID;"
                           "CREATE TABLE id_record(number INTEGER PRIMARY KEY, records BLOB NOT "
                           "NULL);"
                           "ALTER TABLE message_id RENAME TO late_id;"
                           "INSERT INTO id_range SELECT sender, max(id), seq FROM late_id GROUP BY "
                           "sender;"
                           "INSERT INTO id_record SELECT seq, CAST(id || " WORD_OF(
                               "seq") " || " WORD_OF("(seq >> 32)") " AS BLOB) FROM "
                                                                    "late_id, " EVERY_BYTE
                                                                    " WHERE seq IN (SELECT number "
                                                                    "FROM id_range);"
                                                                    "DELETE FROM late_id WHERE seq "
                                                                    "IN (SELECT number FROM "
                                                                    "id_range);",

    /* Who waits, by sender: they take turns. */
    "ALTER TABLE waiting ADD COLUMN sender INTEGER NOT NULL DEFAULT 0;"
    "UPDATE waiting SET sender ="
    " coalesce((SELECT sender FROM message WHERE seq = place >> 16), 0);"
    "DROP INDEX waiting_due;"
    "CREATE INDEX waiting_turn ON waiting(destination, sender, due, place)"
    " WHERE behind = 0 AND state <> 4;",

    /* Routes of later transfers, and of those that came to nothing; the clocks of dossiers. */
    "CREATE TABLE route(dossier TEXT NOT NULL, seq INTEGER NOT NULL, agency INTEGER,"
    " registry_version TEXT, PRIMARY KEY(dossier, seq)) WITHOUT ROWID;"
    "CREATE TABLE deadline(dossier TEXT PRIMARY KEY, is_open INTEGER NOT NULL,"
    " due INTEGER NOT NULL, agency INTEGER NOT NULL, procedure TEXT NOT NULL,"
    " clock BLOB NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX deadline_open ON deadline(due, dossier) WHERE is_open = 1;",

    /* What was purged of a message. */
    "ALTER TABLE message ADD COLUMN gone INTEGER NOT NULL DEFAULT 0;",

    /* Which message names which file; by 0: none does any more. */
    "CREATE TABLE file(digest BLOB NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY(digest, seq))"
    " WITHOUT ROWID;"
    "CREATE INDEX file_seq ON file(seq, digest);",

    /* Up to which id of a sender rows have gone; which entries of the ledger a head covers. */
    ("ALTER TABLE participant ADD COLUMN forgotten BLOB;"
     "CREATE INDEX ledger_segment_head ON ledger_segment(head);"),
};
enum { SCHEMA_VERSION = sizeof versions / sizeof *versions };

int64_t store_sqlite_schema(void)
{
    return SCHEMA_VERSION;
}

static enum reason execute_with_number(sqlite3 *database, const char *format, long long number)
{
    char text[SETTING_BYTES_MAX];
    (void)snprintf(text, sizeof text, format, number);
    return sql_execute(database, text);
}

static enum reason read_pragma(sqlite3 *database, const char *text, int64_t *ret_value)
{
    sqlite3_stmt *statement = NULL;
    int result = sqlite3_prepare_v2(database, text, -1, &statement, NULL);
    if (result == SQLITE_OK)
        result = sqlite3_step(statement);
    if (result == SQLITE_ROW)
        *ret_value = sqlite3_column_int64(statement, 0);
    enum reason reason = reason_of_sqlite(database, result);
    (void)sqlite3_finalize(statement);
    return reason;
}

/* Room for checksums and page size count only for a file that has no page yet, and stand before
 * anything makes one. FULL syncs the log at each commit; no mmap, because a damaged disk is then an
 * error of a read and no signal. */
static enum reason apply_settings(sqlite3 *database, uint32_t cache_bytes)
{
    int reserved = PAGE_CHECKSUM_BYTES;
    (void)sqlite3_file_control(database, "main", SQLITE_FCNTL_RESERVE_BYTES, &reserved);
    enum reason reason = execute_with_number(database, "PRAGMA page_size = %lld", PAGE_BYTES);
    if (reason == REASON_NONE)
        reason = sql_execute(database, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                                       "PRAGMA foreign_keys = OFF; PRAGMA temp_store = MEMORY;"
                                       "PRAGMA secure_delete = OFF; PRAGMA trusted_schema = OFF;"
                                       "PRAGMA mmap_size = 0;");
    if (reason == REASON_NONE)
        reason = execute_with_number(database, "PRAGMA journal_size_limit = %lld",
                                     2LL * LOG_PAGES_MAX * PAGE_BYTES);
    if (reason == REASON_NONE)
        reason = execute_with_number(database, "PRAGMA cache_size = -%lld", cache_bytes / 1024);
    return reason;
}

/* All versions in one transaction: a kill leaves the file as it was, for the program of before
 * too. */
static enum reason migrate(sqlite3 *database, int64_t from)
{
    enum reason reason = sql_execute(database, "BEGIN IMMEDIATE");
    for (int64_t version = from; version < SCHEMA_VERSION && reason == REASON_NONE; version++)
        reason = sql_execute(database, versions[version]);
    if (reason == REASON_NONE)
        reason = execute_with_number(database, "PRAGMA user_version = %lld", SCHEMA_VERSION);
    if (reason == REASON_NONE)
        reason = execute_with_number(database, "PRAGMA application_id = %lld", APPLICATION_ID);
    if (reason == REASON_NONE)
        reason = sql_execute(database, "COMMIT");
    if (reason != REASON_NONE)
        (void)sql_execute(database, "ROLLBACK");
    return reason;
}

/* A file of another program, or of a newer one of ours, is left untouched. */
enum reason schema_prepare(sqlite3 *database, uint32_t cache_bytes)
{
    int64_t version = 0;
    int64_t application = 0;
    int64_t tables = 0;
    enum reason reason = apply_settings(database, cache_bytes);
    if (reason == REASON_NONE)
        reason = read_pragma(database, "PRAGMA user_version", &version);
    if (reason == REASON_NONE)
        reason = read_pragma(database, "PRAGMA application_id", &application);
    if (reason == REASON_NONE)
        reason = read_pragma(database, "SELECT count(*) FROM sqlite_schema", &tables);
    if (reason != REASON_NONE)
        return reason;
    bool is_empty = version == 0 && application == 0 && tables == 0;
    if (!is_empty && (application != APPLICATION_ID || version < 1))
        return REASON_STORE_CORRUPT;
    if (version > SCHEMA_VERSION)
        return REASON_STORE_NEWER;
    return version == SCHEMA_VERSION ? REASON_NONE : migrate(database, version);
}
