/* store_sqlite_internal - what the files of the SQLite store share. Nobody else includes it.
 *
 * Participants are interned: a small number stands for the key in every row. A place is one number
 * for an entry: its message's seq in the high bits, its destination's number in the low
 * PARTICIPANT_BITS; so that rows lie in the order in which they came.
 *
 * Phases of an entry's life, each with rows of its own (picture: README.md):
 *   waiting  QUEUED, DEFERRED, HELD: table waiting and its indexes    store_sqlite_entry.c
 *   leased   LEASED: memory, and one row per commit on disk           store_sqlite_lease.c
 *   ended    the terminal states: table ended                         store_sqlite_entry.c
 *
 * What is kept in memory (participants, leased entries, counts of waiting ones) follows the
 * transaction while it runs. When a transaction fails, is_stale is set and the next verb reads all
 * of it anew from the file: there is no second way back.
 */
#pragma once

#include <sqlite3.h>
#include <sys/types.h>

#include "gateway/port/store.h"
#include "gateway/store/checkpointer.h"
#include "gateway/store/lease_table.h"
#include "gateway/store/sqlite_vfs.h"

enum {
    PARTICIPANT_BITS = 16, /* 65,535 participants over the life of one store */
    SEQ_BITS = 47,         /* a place is a positive 64-bit integer: 1.4e14 messages */
    /* A row put together or read: SQLite's own limit is 10^9 bytes. No frame comes near; only a
     * commit's own receipts to PARTICIPANTS_MAX participants could. */
    ROW_BYTES_MAX = 512 * 1024 * 1024,
    ROW_BYTES_KEPT = 1024 * 1024, /* a larger buffer is given back after use */
};
#define PARTICIPANT_NUMBER_MAX ((UINT64_C(1) << PARTICIPANT_BITS) - 1)
#define SEQ_MAX                ((UINT64_C(1) << SEQ_BITS) - 1)

enum statement {
#define STATEMENT(name, text) SQL_##name,
#include "gateway/store/store_sqlite_statements.def"
#undef STATEMENT
    SQL_COUNT,
};

struct known_participant {
    struct key key;
    uint64_t waiting;          /* rows of table waiting: 0 spares the FIFO rule's look-ups */
    struct message_id last_id; /* the largest in table id_range, when has_last_id */
    bool has_last_id;
    struct message_id forgotten; /* the largest whose row has gone; zero: none */
};

struct participants {
    struct known_participant *rows; /* by number; 0 is "none" */
    uint32_t *slots; /* hash of the key -> number; 0 free; twice as many as capacity */
    uint32_t capacity;
    uint32_t count; /* numbers 1 .. count are taken */
};

/* Leased entries of the running transaction, still to be written (store_sqlite_lease.c). */
struct lease_pending {
    uint64_t *places;
    size_t count;
    size_t capacity;
};

/* Ids of the running transaction, still to be written (store_sqlite_id.c). */
struct pending_id {
    uint64_t sender;
    struct message_id id;
    uint64_t seq;
};

struct ids_pending {
    struct pending_id *rows;
    size_t count;
    size_t capacity;
};

enum {
    /* Pages of log before it is copied into the file: 16 MiB. Long enough that pages which every
     * commit touches are copied once for many commits, short enough to be read back in an instant
     * after a crash. */
    LOG_PAGES_MAX = 2048,
    /* So much longer may it grow while a checkpointer copies it; then the owner tries itself. */
    LOG_PAGES_LATE = 4 * LOG_PAGES_MAX,
};

/* How many entries of a row of table lease are still leased by it; at 0 the row goes. */
struct lease_batch {
    uint64_t number;
    uint64_t remaining;
};

struct lease_batches {
    struct lease_batch *rows; /* ascending numbers */
    size_t count;
    size_t capacity;
    size_t ended; /* rows with remaining 0 */
    uint64_t next_number;
};

/* What stat says of the database file. */
struct file_stamp {
    dev_t device;
    ino_t inode;
    off_t size_bytes;
    time_t modified_s;
    long modified_ns;
};

struct store_sqlite {
    struct store store;
    sqlite3 *database;
    struct sqlite_vfs *vfs;
    int owner_file; /* locked while this store is open; -1: none */
    sqlite3_stmt *statements[SQL_COUNT];
    bool is_stale;
    bool has_stamp;                    /* the database is a file */
    struct file_stamp stamp;           /* of it, after our last change */
    bool is_rolled_back;               /* it is not what we left: nothing is read or written more */
    bool is_copying;                   /* the checkpointer was asked to, and has not ended */
    int log_pages;                     /* in the write-ahead log after the last commit */
    struct checkpointer *checkpointer; /* NULL: the owner copies the log itself */
    struct participants participants;
    struct lease_table leases;
    struct ids_pending ids_pending;
    struct lease_pending lease_pending;
    struct lease_batches lease_batches;
    uint64_t ledger_size; /* of what is committed, or of the running transaction */
    uint64_t ledger_hashes;
    struct buffer row;    /* a row being put together */
    struct buffer answer; /* bytes given out by the last read */
    struct buffer block;  /* of parcels, the last that was read: neighbours are read next */
    uint64_t block_first; /* seq of its first parcel */
    size_t block_count;   /* parcels in it; 0: none was read */
    bool block_is_cut;    /* and it is to be written: parcels_keep */
};

static inline struct store_sqlite *self_of(struct store *store)
{
    return (struct store_sqlite *)store;
}

/* --- store_sqlite_schema.c ---------------------------------------------------------------- */

/* Settings of the connection, then the schema: created, migrated, or refused as newer. */
enum reason schema_prepare(sqlite3 *database, uint32_t cache_bytes);

/* --- store_sqlite_statement.c: preparing, binding, stepping ---------------------------------- */

enum reason statements_prepare(struct store_sqlite *store);
void statements_release(struct store_sqlite *store);
/* SQLite's answer as a reason of ours. SQLITE_OK, _ROW and _DONE are REASON_NONE. A broken
 * constraint is our own mistake. */
enum reason reason_of_sqlite(sqlite3 *database, int result);
enum reason sql_execute(sqlite3 *database, const char *text);

/* What stands at a statement's places, from the first on. The bytes stay the caller's and unchanged
 * until the statement is reset. */
struct sql_value {
    enum sql_kind { SQL_IS_NUMBER, SQL_IS_BLOB, SQL_IS_TEXT, SQL_IS_NULL } kind;
    uint64_t number;
    struct bytes bytes;
};
#define NUMBER(value)                                                                              \
    {                                                                                              \
        .number = (uint64_t)(value)                                                                \
    }
#define BLOB(start, size_bytes)                                                                    \
    {                                                                                              \
        SQL_IS_BLOB, 0,                                                                            \
        {                                                                                          \
            (start), (size_bytes)                                                                  \
        }                                                                                          \
    }
#define BLOB_OF(value)                                                                             \
    {                                                                                              \
        SQL_IS_BLOB, 0, (value)                                                                    \
    }
#define TEXT(value)                                                                                \
    {                                                                                              \
        SQL_IS_TEXT, 0, (value)                                                                    \
    }
#define BIND(store, which, ...)                                                                    \
    sql_bind(store, which, (const struct sql_value[]){__VA_ARGS__},                                \
             sizeof((const struct sql_value[]){__VA_ARGS__}) / sizeof(struct sql_value))
/* The statement, bound. */
sqlite3_stmt *sql_bind(struct store_sqlite *store, enum statement which,
                       const struct sql_value *values, size_t count);
void sql_bind_number(sqlite3_stmt *statement, int place, uint64_t number);
void sql_bind_blob(sqlite3_stmt *statement, int place, struct bytes bytes);
uint64_t sql_number(sqlite3_stmt *statement, int column);
/* Good until the statement moves on. */
struct bytes sql_blob(sqlite3_stmt *statement, int column);
/* Runs to the end and resets: for statements that answer nothing. */
enum reason sql_run(struct store_sqlite *store, sqlite3_stmt *statement);
/* One step: true in ret_row when there is a row; resets at the end and after a failure. */
enum reason sql_step(struct store_sqlite *store, sqlite3_stmt *statement, bool *ret_row);
/* One step: NONE when there is a row, which the caller resets; NOT_FOUND at the end. */
enum reason sql_row(struct store_sqlite *store, sqlite3_stmt *statement);
/* For a loop over rows: true while there is one and reason is still NONE; resets before false. */
bool sql_next(struct store_sqlite *store, sqlite3_stmt *statement, enum reason *reason);
/* The first row's first column; resets. NOT_FOUND without a row. */
enum reason sql_one_number(struct store_sqlite *store, sqlite3_stmt *statement,
                           uint64_t *ret_number);

/* --- store_sqlite_participant.c ------------------------------------------------------------- */

enum reason participants_load(struct store_sqlite *store);
void participants_release(struct participants *participants);
/* 0 when the key was never seen, or is none. */
uint64_t participants_find(const struct participants *participants, const struct key *key);
/* Adds the key when it is new: only inside a transaction. None has number 0. */
enum reason participants_intern(struct store_sqlite *store, const struct key *key,
                                uint64_t *ret_number);
/* A number that the file should not hold is STORE_CORRUPT. */
enum reason participants_key(const struct participants *participants, uint64_t number,
                             struct key *ret_key);

/* --- store_sqlite_parcel.c ------------------------------------------------------------------ */

enum reason parcels_write(struct store_sqlite *store, const struct store_parcel *parcels,
                          size_t count);
/* Packed; good until the next call. STORE_CORRUPT when there is none: a message names it. */
enum reason parcels_read(struct store_sqlite *store, uint64_t seq, struct bytes *ret_parcel);
/* What of a message's parcel goes: DOCUMENT and SEAL of enum store_part. Is written when another
 * block is read, or by parcels_keep at the end. NOT_FOUND: it went with the last of its block. */
enum reason parcels_cut(struct store_sqlite *store, uint64_t seq, uint32_t document,
                        uint32_t parts);
enum reason parcels_keep(struct store_sqlite *store);
enum reason parcels_next(struct store_sqlite *store, uint64_t *ret_next);

/* --- store_sqlite_id.c ---------------------------------------------------------------------- */

enum reason ids_find(struct store_sqlite *store, uint64_t sender, const struct message_id *id,
                     uint64_t *ret_seq);
/* The largest of the sender; zero: none. */
/* The seqs of the ids after that one, at most limit and STORE_IDS_MAX. */
enum reason ids_after(struct store_sqlite *store, uint64_t sender, const struct message_id *id,
                      uint64_t *ret_seqs, size_t limit, size_t *ret_count);
enum reason ids_last(struct store_sqlite *store, uint64_t sender, struct message_id *ret_id);
/* Its row has gone: the id is known by that it is not above the largest of those alone. */
enum reason ids_remove(struct store_sqlite *store, uint64_t sender, const struct message_id *id);
/* Is written by ids_write at the end of the transaction's messages. */
enum reason ids_add(struct store_sqlite *store, uint64_t sender, const struct message_id *id,
                    uint64_t seq);
enum reason ids_write(struct store_sqlite *store);
/* What a transaction that failed has left. */
void ids_forget(struct store_sqlite *store);
void ids_release(struct store_sqlite *store);

/* --- store_sqlite_lease.c ------------------------------------------------------------------- */

enum reason leases_load(struct store_sqlite *store);
void leases_release(struct store_sqlite *store);
/* The entry is LEASED from now on; it is written by leases_write at the end of the transaction. */
enum reason leases_add(struct store_sqlite *store, uint64_t place, uint64_t destination,
                       const struct entry *entry);
/* The entry is no longer LEASED. */
enum reason leases_remove(struct store_sqlite *store, struct leased *leased);
enum reason leases_write(struct store_sqlite *store);
/* All places that are leased now, ascending; the caller frees them. */
enum reason leases_places(const struct store_sqlite *store, uint64_t **ret_places,
                          size_t *ret_count);

/* --- store_sqlite_entry.c -------------------------------------------------------------------- */

uint64_t entry_place(uint64_t message_seq, uint64_t destination);
enum reason entry_insert(struct store_sqlite *store, const struct entry *entry);
enum reason entry_apply(struct store_sqlite *store, const struct store_move *move);
enum reason entry_recover_all(struct store_sqlite *store, uint64_t *ret_count);
/* Reads the columns that the entry statements of the .def file agree on. */
enum reason entry_of_row(const struct store_sqlite *store, sqlite3_stmt *statement,
                         struct entry *ret_entry);
/* In whichever phase it is. NOT_FOUND. */
enum reason entry_read(struct store_sqlite *store, uint64_t place, struct entry *ret_entry);

/* --- store_sqlite_purge.c --------------------------------------------------------------------- */

enum reason purges_apply(struct store_sqlite *store, const struct store_plan *plan);
/* What a message names. */
enum reason files_add(struct store_sqlite *store, const struct store_message *message);
/* A store of before knows none of what its messages name: they are read once, at open. */
enum reason files_complete(struct store_sqlite *store);
enum reason store_sqlite_unnamed_files(struct store *store, struct digest *ret_digests,
                                       size_t limit, size_t *ret_count);

/* --- store_sqlite_ledger.c -------------------------------------------------------------------- */

/* The entries that this head was the first to cover; their hashes stay. */
enum reason ledger_drop_entries(struct store_sqlite *store, uint64_t head_seq);
/* What stands before the end of this head's tree, but for what proofs from there on need. */
enum reason ledger_drop_hashes(struct store_sqlite *store, uint64_t head_seq);

/* --- store_sqlite_deadline.c ------------------------------------------------------------------ */

enum reason deadline_write(struct store_sqlite *store, const struct store_deadline *row);
enum reason store_sqlite_read_deadline(struct store *store, struct bytes dossier_code,
                                       struct store_deadline *ret_deadline);
enum reason store_sqlite_list_deadlines(struct store *store,
                                        const struct store_deadline_filter *filter,
                                        struct store_deadline *ret_deadlines, size_t limit,
                                        size_t *ret_count);
enum reason store_sqlite_count_deadlines(struct store *store, wall_t now,
                                         struct deadline_count *ret_counts, size_t limit,
                                         size_t *ret_count);

/* --- store_sqlite_commit.c -------------------------------------------------------------------- */

enum reason store_sqlite_commit(struct store *store, const struct store_plan *plan);
enum reason store_sqlite_apply(struct store *store, const struct store_plan *plan);
enum reason store_sqlite_sync(struct store *store);
enum reason store_sqlite_recover(struct store *store, uint64_t *ret_count);
/* The file is as we left it. */
void store_sqlite_stamp(struct store_sqlite *store);
/* Before every verb that reads: what a failed transaction left stale is read anew. */
enum reason store_sqlite_ready(struct store_sqlite *store);

/* --- store_sqlite_message.c, store_sqlite_queue.c, store_sqlite_list.c: the reads ------------ */

enum reason store_sqlite_positions(struct store *store, struct store_positions *ret_positions);
enum reason store_sqlite_find_message(struct store *store, const struct key *sender,
                                      const struct message_id *id,
                                      struct store_message *ret_message);
enum reason store_sqlite_read_message(struct store *store, uint64_t seq,
                                      struct store_message *ret_message);
enum reason store_sqlite_next_message(struct store *store, uint64_t after_seq, uint64_t *ret_seq);
enum reason store_sqlite_forgotten_id(struct store *store, const struct key *sender,
                                      struct message_id *ret_id);
enum reason store_sqlite_after_id(struct store *store, const struct key *sender,
                                  const struct message_id *id, uint64_t *ret_seqs, size_t limit,
                                  size_t *ret_count);
enum reason store_sqlite_last_id(struct store *store, const struct key *sender,
                                 struct message_id *ret_id);
enum reason store_sqlite_read_document(struct store *store, uint64_t seq,
                                       struct store_document *ret_document);
enum reason store_sqlite_history(struct store *store, struct bytes dossier_code, uint64_t from_seq,
                                 bool is_backwards, uint64_t *ret_seqs, size_t limit,
                                 size_t *ret_count);
enum reason store_sqlite_find_route(struct store *store, struct bytes dossier_code,
                                    struct store_route *ret_route);
enum reason store_sqlite_ledger_hash(struct store *store, uint64_t position,
                                     struct digest *ret_hash);
enum reason store_sqlite_ledger_entry(struct store *store, uint64_t index, struct bytes *ret_entry);
enum reason store_sqlite_read_note(struct store *store, struct bytes name, struct bytes *ret_value);

enum reason store_sqlite_due(struct store *store, const struct key *destination, wall_t now,
                             const struct key *after, struct entry *ret_entries, size_t limit,
                             size_t *ret_count, wall_t *ret_next_due);
enum reason store_sqlite_expired(struct store *store, wall_t now, wall_t sent_now,
                                 struct entry *ret_entries, size_t limit, size_t *ret_count);
enum reason store_sqlite_read_entry(struct store *store, uint64_t message_seq,
                                    const struct key *destination, struct entry *ret_entry);
enum reason store_sqlite_entries_of(struct store *store, uint64_t message_seq,
                                    struct entry *ret_entries, size_t limit, size_t *ret_count);
enum reason store_sqlite_counts(struct store *store, struct store_count *ret_counts, size_t limit,
                                size_t *ret_count);
enum reason store_sqlite_list(struct store *store, const struct store_filter *filter,
                              struct entry *ret_entries, size_t limit, size_t *ret_count);
