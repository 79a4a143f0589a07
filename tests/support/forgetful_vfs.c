/* States; forgetful_move is the only one that changes them:
 *
 *   REMEMBERS ── forgetful_vfs_lose_next_copy ──▶ WAITS ── forgetful_vfs_go_on ──▶ FORGETS
 *                                                               ── database_sync ──▶ FORGOT
 */
#include "tests/support/forgetful_vfs.h"

#include <poll.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>

#include "proto/base/check.h"

enum { WAIT_MAX_MS = 10 * 1000, PIECE_BYTES = 64 * 1024 };

enum forgetting { REMEMBERS = 0, WAITS, FORGETS, FORGOT };

static struct {
    sqlite3_vfs vfs;
    sqlite3_vfs *under;         /* SQLite's own */
    sqlite3_io_methods methods; /* of the database file; other files have those of below */
    const sqlite3_io_methods *below;
    uint8_t *synced; /* the file as of its last sync; only the one who copies comes here */
    sqlite3_int64 synced_size;
    _Atomic(enum forgetting) state;
} forgetful;

static bool forgetful_move(enum forgetting from, enum forgetting to)
{
    return atomic_compare_exchange_strong(&forgetful.state, &from, to);
}

static int piece_at(sqlite3_int64 offset)
{
    sqlite3_int64 left = forgetful.synced_size - offset;
    return left < PIECE_BYTES ? (int)left : PIECE_BYTES;
}

static void remember(sqlite3_file *file)
{
    check(forgetful.below->xFileSize(file, &forgetful.synced_size) == SQLITE_OK);
    forgetful.synced = realloc(forgetful.synced, (size_t)forgetful.synced_size + 1);
    check(forgetful.synced != NULL);
    for (sqlite3_int64 at = 0; at < forgetful.synced_size; at += PIECE_BYTES)
        check(forgetful.below->xRead(file, forgetful.synced + at, piece_at(at), at) == SQLITE_OK);
}

static void forget(sqlite3_file *file)
{
    for (sqlite3_int64 at = 0; at < forgetful.synced_size; at += PIECE_BYTES)
        check(forgetful.below->xWrite(file, forgetful.synced + at, piece_at(at), at) == SQLITE_OK);
    check(forgetful.below->xTruncate(file, forgetful.synced_size) == SQLITE_OK);
}

static int database_write(sqlite3_file *file, const void *data, int size, sqlite3_int64 offset)
{
    for (int waited_ms = 0; atomic_load(&forgetful.state) == WAITS; waited_ms++) {
        check(waited_ms < WAIT_MAX_MS);
        (void)poll(NULL, 0, 1);
    }
    return forgetful.below->xWrite(file, data, size, offset);
}

static int database_sync(sqlite3_file *file, int flags)
{
    if (forgetful_move(FORGETS, FORGOT)) {
        forget(file);
        return SQLITE_IOERR_FSYNC;
    }
    int result = forgetful.below->xSync(file, flags);
    if (result == SQLITE_OK && atomic_load(&forgetful.state) < FORGETS)
        remember(file);
    return result;
}

static int forgetful_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                          int *ret_flags)
{
    int result = forgetful.under->xOpen(forgetful.under, name, file, flags, ret_flags);
    (void)vfs;
    if (result != SQLITE_OK || (flags & SQLITE_OPEN_MAIN_DB) == 0)
        return result;
    if (forgetful.below == NULL) {
        forgetful.below = file->pMethods;
        forgetful.methods = *file->pMethods;
        forgetful.methods.xWrite = database_write;
        forgetful.methods.xSync = database_sync;
    }
    check(file->pMethods == forgetful.below);
    file->pMethods = &forgetful.methods;
    return SQLITE_OK;
}

void forgetful_vfs_begin(void)
{
    forgetful.under = sqlite3_vfs_find(NULL);
    check(forgetful.under != NULL);
    forgetful.vfs = *forgetful.under;
    forgetful.vfs.zName = FORGETFUL_VFS;
    forgetful.vfs.pNext = NULL;
    forgetful.vfs.xOpen = forgetful_open;
    atomic_store(&forgetful.state, REMEMBERS);
    check(sqlite3_vfs_register(&forgetful.vfs, 0) == SQLITE_OK);
}

void forgetful_vfs_lose_next_copy(void)
{
    check(forgetful.synced != NULL && forgetful_move(REMEMBERS, WAITS));
}

void forgetful_vfs_go_on(void)
{
    check(forgetful_move(WAITS, FORGETS));
}

bool forgetful_vfs_end(void)
{
    (void)sqlite3_vfs_unregister(&forgetful.vfs);
    free(forgetful.synced);
    forgetful.synced = NULL;
    return atomic_load(&forgetful.state) == FORGOT;
}
