/* Opening and closing the store, and the table of its verbs. In the order in which they depend on
 * one another: the owner's lock, the file with its layer, the schema, the statements, memory, and
 * last the checkpointer. One thread uses a store, but for sync, which any may call
 * (store_sqlite_commit.c). Why the file has this shape: README.md. */
#include "gateway/store/store_sqlite.h"
#include "gateway/store/store_sqlite_internal.h"

#include "proto/base/check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

enum {
    CACHE_BYTES_DEFAULT = 8 * 1024 * 1024,
    BUSY_TIMEOUT_MS_DEFAULT = 5000,
    PATH_BYTES_MAX = 4096,
    OWNER_FILE_MODE = 0600,
};

static void close_store(struct store *store)
{
    struct store_sqlite *self = (struct store_sqlite *)store;
    checkpointer_destroy(&self->checkpointer);
    statements_release(self);
    if (self->database != NULL) {
        int result = sqlite3_close(self->database);
        check(result == SQLITE_OK);
    }
    sqlite_vfs_destroy(&self->vfs);
    if (self->owner_file >= 0)
        (void)close(self->owner_file);
    participants_release(&self->participants);
    leases_release(self);
    buffer_release(&self->row);
    buffer_release(&self->answer);
    buffer_release(&self->block);
    ids_release(self);
    free(self);
}

static const struct store_verbs verbs = {
    .close = close_store,
    .recover = store_sqlite_recover,
    .positions = store_sqlite_positions,
    .commit = store_sqlite_commit,
    .apply = store_sqlite_apply,
    .sync = store_sqlite_sync,
    .find_message = store_sqlite_find_message,
    .read_message = store_sqlite_read_message,
    .last_id = store_sqlite_last_id,
    .next_message = store_sqlite_next_message,
    .forgotten_id = store_sqlite_forgotten_id,
    .after_id = store_sqlite_after_id,
    .read_document = store_sqlite_read_document,
    .due = store_sqlite_due,
    .expired = store_sqlite_expired,
    .read_entry = store_sqlite_read_entry,
    .entries_of = store_sqlite_entries_of,
    .list = store_sqlite_list,
    .counts = store_sqlite_counts,
    .history = store_sqlite_history,
    .find_route = store_sqlite_find_route,
    .read_deadline = store_sqlite_read_deadline,
    .list_deadlines = store_sqlite_list_deadlines,
    .count_deadlines = store_sqlite_count_deadlines,
    .unnamed_files = store_sqlite_unnamed_files,
    .ledger_hash = store_sqlite_ledger_hash,
    .ledger_entry = store_sqlite_ledger_entry,
    .read_note = store_sqlite_read_note,
};

/* One owner at a time: memory holds what the file does not index (leases), so a second writer must
 * not come. Readers may: this is not SQLite's own lock, and `sqlite3 FILE .backup` works while the
 * store is open. The lock goes with the process; the empty file stays. */
static enum reason take_ownership(struct store_sqlite *self, const char *path)
{
    char name[PATH_BYTES_MAX];
    int length = snprintf(name, sizeof name, "%s-owner", path);
    if (length < 0 || (size_t)length >= sizeof name)
        return REASON_STORE_FAILED;
    self->owner_file = open(name, O_RDWR | O_CREAT | O_CLOEXEC, OWNER_FILE_MODE);
    if (self->owner_file < 0)
        return errno == ENOSPC || errno == EDQUOT ? REASON_STORE_FULL : REASON_STORE_FAILED;
    if (flock(self->owner_file, LOCK_EX | LOCK_NB) == 0)
        return REASON_NONE;
    return errno == EWOULDBLOCK ? REASON_STORE_BUSY : REASON_STORE_FAILED;
}

/* Called by SQLite after each commit; copying is decided in shorten_log, once the frames have
 * left. */
static int note_log(void *context, sqlite3 *database, const char *name, int pages)
{
    struct store_sqlite *self = context;
    (void)database;
    (void)name;
    self->log_pages = pages;
    return SQLITE_OK;
}

static enum reason open_database(struct store_sqlite *self, const char *path,
                                 const struct store_sqlite_options *options)
{
    uint32_t cache_bytes = options->cache_bytes != 0 ? options->cache_bytes : CACHE_BYTES_DEFAULT;
    uint32_t timeout_ms =
        options->busy_timeout_ms != 0 ? options->busy_timeout_ms : BUSY_TIMEOUT_MS_DEFAULT;
    self->vfs = sqlite_vfs_new(options->vfs_name);
    if (self->vfs == NULL)
        return REASON_OUT_OF_MEMORY;
    int flags =
        SQLITE_OPEN_NOMUTEX |
        (options->is_reader ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
    int result = sqlite3_open_v2(path, &self->database, flags, sqlite_vfs_name(self->vfs));
    if (self->database == NULL)
        return REASON_OUT_OF_MEMORY;
    if (result != SQLITE_OK)
        return reason_of_sqlite(self->database, result);
    (void)sqlite3_busy_timeout(self->database, (int)timeout_ms);
    enum reason reason = schema_prepare(self->database, cache_bytes);
    /* Takes the place of SQLite's own hook, which would copy the log in the middle of a commit. */
    (void)sqlite3_wal_hook(self->database, note_log, self);
    return reason == REASON_NONE ? statements_prepare(self) : reason;
}

enum reason store_sqlite_open(const char *path, const struct store_sqlite_options *options,
                              struct store **ret_store)
{
    static const struct store_sqlite_options defaults;
    if (options == NULL)
        options = &defaults;
    struct store_sqlite *self = calloc(1, sizeof *self);
    if (self == NULL)
        return REASON_OUT_OF_MEMORY;
    self->store.verbs = &verbs;
    self->owner_file = -1;
    self->is_stale = true;
    uint64_t seed;
    sqlite3_randomness(sizeof seed, &seed);
    lease_table_init(&self->leases, seed);
    buffer_init(&self->row, ROW_BYTES_MAX);
    buffer_init(&self->answer, ROW_BYTES_MAX);
    buffer_init(&self->block, ROW_BYTES_MAX);
    enum reason reason = REASON_NONE;
    if (options->vfs_name == NULL && !options->is_reader)
        reason = take_ownership(self, path);
    if (reason == REASON_NONE)
        reason = open_database(self, path, options);
    if (reason == REASON_NONE)
        reason = store_sqlite_ready(self);
    if (reason == REASON_NONE && !options->is_reader)
        reason = files_complete(self);
    if (reason == REASON_NONE && options->has_checkpointer)
        reason = checkpointer_new(path, options->vfs_name, self->vfs, &self->checkpointer);
    if (reason != REASON_NONE) {
        close_store(&self->store);
        return reason;
    }
    self->has_stamp = options->vfs_name == NULL && !options->is_reader;
    store_sqlite_stamp(self);
    *ret_store = &self->store;
    return REASON_NONE;
}
