/* A layer under SQLite that does three things to its files.
 *
 *    the database   a checksum at the end of each page, made on writing and checked on reading
 *    the log        what a commit writes piece by piece is gathered and handed down at once
 *    the log        its sync may be left to another thread, while SQLite goes on
 *
 * A page that changed on the disk is so found when it is read, whatever it holds (invariant 14:
 * nothing is concluded from a damaged page). Sums of zero are pages of a time before them.
 *
 * All other calls are those of the layer below: its open file lies first in memory and keeps its
 * methods but for those that are replaced here. */
#include "gateway/store/sqlite_vfs.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

enum {
    NAME_BYTES = 40,
    /* What a commit of some hundred messages writes; a larger one goes out in several pieces. */
    GATHER_BYTES = 1024 * 1024,
    WRITE_BYTES_MAX = 64 * 1024, /* SQLite's unix VFS takes less than 128 KiB in one call */
    PAGE_CONTENT_BYTES = PAGE_BYTES - PAGE_CHECKSUM_BYTES,
    /* SQLite asks for the header before it knows the page size. */
    HEADER_BYTES_MAX = 100,
};

struct sqlite_vfs {
    sqlite3_vfs vfs; /* first: SQLite hands it back to us; a copy of the one below */
    sqlite3_vfs *under;
    size_t file_bytes; /* of an open file of the layer below; what we keep of it follows */
    char name[NAME_BYTES];
    bool defers_log;
    sqlite3_file *log; /* while it is open */
    /* One sync of the log at a time: the system tells of a failure once, to whoever syncs next. */
    pthread_mutex_t sync_lock;
    atomic_bool is_lost;      /* pages that a sync stood for may be gone */
    atomic_bool *log_is_lost; /* the above, or that of the owner's layer */
    bool is_beside;           /* not the owner's: all that it syncs was committed before */
    bool has_beside;          /* the owner's, and there is one beside it */
    bool owes_sync;           /* the handle's thread deferred one since its own last one */
};

/* What is kept of an open file, behind what the layer below keeps of it. */
struct layered_file {
    sqlite3_io_methods methods;      /* the file's: those below, some of them replaced */
    const sqlite3_io_methods *under; /* as the layer below gave them */
    struct sqlite_vfs *vfs;
    bool is_database;
    bool is_log;
    bool begins_anew;  /* log only: its header was written and is not yet synced */
    uint8_t *gathered; /* log only: written by SQLite, not yet handed down */
    size_t gathered_size;
    sqlite3_int64 gathered_offset;
    uint8_t page[PAGE_BYTES]; /* a page with its checksum, while it is written */
};

/* The methods of an open file are the first of what is kept of it. */
static struct layered_file *layered(sqlite3_file *file)
{
    return (struct layered_file *)(uintptr_t)file->pMethods;
}

/* Four lanes of multiply and fold, each step of which can be undone: whatever changes inside one
 * word changes the result, and anything else goes unnoticed once in 2^64. */
static uint64_t checksum_of(const uint8_t *page)
{
    uint64_t lanes[4] = {UINT64_C(0x9e3779b97f4a7c15), UINT64_C(0xbf58476d1ce4e5b9),
                         UINT64_C(0x94d049bb133111eb), UINT64_C(0x2545f4914f6cdd1d)};
    for (size_t i = 0; i < PAGE_CONTENT_BYTES / sizeof(uint64_t); i++) {
        uint64_t word;
        memcpy(&word, page + i * sizeof word, sizeof word);
        uint64_t lane = (lanes[i % 4] ^ word) * UINT64_C(0xff51afd7ed558ccd);
        lanes[i % 4] = lane ^ (lane >> 32);
    }
    uint64_t sum = 0;
    for (size_t i = 0; i < 4; i++) {
        sum = (sum ^ lanes[i]) * UINT64_C(0xc4ceb9fe1a85ec53);
        sum ^= sum >> 29;
    }
    return sum == 0 ? 1 : sum;
}

static int flush_gathered(sqlite3_file *file)
{
    struct layered_file *log = layered(file);
    if (log->gathered_size == 0)
        return SQLITE_OK;
    size_t size = log->gathered_size;
    int result = SQLITE_OK;
    /* Dropped when it fails: SQLite takes the commit back and writes the same place again. */
    log->gathered_size = 0;
    for (size_t at = 0; at < size && result == SQLITE_OK; at += WRITE_BYTES_MAX) {
        size_t piece = size - at < WRITE_BYTES_MAX ? size - at : WRITE_BYTES_MAX;
        result = layered(file)->under->xWrite(file, log->gathered + at, (int)piece,
                                              log->gathered_offset + (sqlite3_int64)at);
    }
    return result;
}

static int write_log(sqlite3_file *file, const void *data, int size, sqlite3_int64 offset)
{
    struct layered_file *log = layered(file);
    log->begins_anew = log->begins_anew || offset == 0;
    if (offset != log->gathered_offset + (sqlite3_int64)log->gathered_size ||
        log->gathered_size + (size_t)size > GATHER_BYTES) {
        int result = flush_gathered(file);
        if (result != SQLITE_OK)
            return result;
        log->gathered_offset = offset;
    }
    memcpy(log->gathered + log->gathered_size, data, (size_t)size);
    log->gathered_size += (size_t)size;
    return SQLITE_OK;
}

static int layer_write(sqlite3_file *file, const void *data, int size, sqlite3_int64 offset)
{
    struct layered_file *self = layered(file);
    if (self->is_log && size <= GATHER_BYTES)
        return write_log(file, data, size, offset);
    if (self->is_database && size == PAGE_BYTES) {
        memcpy(self->page, data, PAGE_CONTENT_BYTES);
        uint64_t sum = checksum_of(self->page);
        memcpy(self->page + PAGE_CONTENT_BYTES, &sum, sizeof sum);
        data = self->page;
    }
    return layered(file)->under->xWrite(file, data, size, offset);
}

static int check_page(uint8_t *page)
{
    uint64_t sum;
    memcpy(&sum, page + PAGE_CONTENT_BYTES, sizeof sum);
    if (sum != 0 && sum != checksum_of(page))
        return SQLITE_IOERR_DATA;
    /* Left in place it would travel to the log, where the page changes and the sum does not. */
    memset(page + PAGE_CONTENT_BYTES, 0, PAGE_CHECKSUM_BYTES);
    return SQLITE_OK;
}

/* What SQLite wrote it must also read: what was gathered goes down first. */
static int layer_read(sqlite3_file *file, void *data, int size, sqlite3_int64 offset)
{
    int result = layered(file)->is_log ? flush_gathered(file) : SQLITE_OK;
    if (result == SQLITE_OK)
        result = layered(file)->under->xRead(file, data, size, offset);
    if (result != SQLITE_OK || !layered(file)->is_database || size <= HEADER_BYTES_MAX)
        return result;
    return size == PAGE_BYTES ? check_page(data) : SQLITE_IOERR_DATA;
}

static int layer_close(sqlite3_file *file)
{
    struct layered_file *self = layered(file);
    int result = flush_gathered(file);
    free(self->gathered);
    if (self->is_log)
        self->vfs->log = NULL;
    file->pMethods = self->under;
    int closed = self->under->xClose(file);
    return result != SQLITE_OK ? result : closed;
}

static int layer_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    int result = flush_gathered(file);
    return result != SQLITE_OK ? result : layered(file)->under->xTruncate(file, size);
}

/* stands_for_more: for what was committed before, too, so that its failure is a loss. */
static int sync_now(struct sqlite_vfs *vfs, int flags, bool stands_for_more)
{
    sqlite3_file *log = vfs->log;
    (void)pthread_mutex_lock(&vfs->sync_lock);
    int result =
        atomic_load(vfs->log_is_lost) ? SQLITE_IOERR_FSYNC : layered(log)->under->xSync(log, flags);
    if (result != SQLITE_OK && stands_for_more)
        atomic_store(vfs->log_is_lost, true);
    (void)pthread_mutex_unlock(&vfs->sync_lock);
    return result;
}

/* The header of a log that begins anew is never deferred: SQLite syncs it before the first page, or
 * the disk could write a page over the old log and not the header, and a part of the old log would
 * be taken for all there is (https://sqlite.org/src/info/ff5be73dee). */
static int sync_log(struct layered_file *self, int flags)
{
    struct sqlite_vfs *vfs = self->vfs;
    if (vfs->defers_log && !self->begins_anew) {
        vfs->owes_sync = true;
        return atomic_load(vfs->log_is_lost) ? SQLITE_IOERR_FSYNC : SQLITE_OK;
    }
    int result = sync_now(vfs, flags, vfs->owes_sync || vfs->is_beside);
    vfs->owes_sync = vfs->owes_sync && result != SQLITE_OK;
    self->begins_anew = self->begins_anew && result != SQLITE_OK;
    return result;
}

/* While two handles copy, pages count as copied before the file is synced: one sync stands for all
 * of them. When it fails they may be gone although SQLite will not copy them again, so nothing that
 * follows may make it forget the log: the next open copies all of it. */
static int sync_database(sqlite3_file *file, int flags)
{
    struct sqlite_vfs *vfs = layered(file)->vfs;
    int result = layered(file)->under->xSync(file, flags);
    if (!vfs->is_beside && !vfs->has_beside)
        return result;
    if (result != SQLITE_OK)
        atomic_store(vfs->log_is_lost, true);
    return atomic_load(vfs->log_is_lost) ? SQLITE_IOERR_FSYNC : SQLITE_OK;
}

static int layer_sync(sqlite3_file *file, int flags)
{
    int result = flush_gathered(file);
    if (result != SQLITE_OK)
        return result;
    if (layered(file)->is_log)
        return sync_log(layered(file), flags);
    return layered(file)->is_database ? sync_database(file, flags)
                                      : layered(file)->under->xSync(file, flags);
}

static int layer_file_size(sqlite3_file *file, sqlite3_int64 *ret_size)
{
    int result = flush_gathered(file);
    return result != SQLITE_OK ? result : layered(file)->under->xFileSize(file, ret_size);
}

/* Version 2 at most: shared memory for the log's index, no memory-mapped pages (they would pass by
 * the checksum). */
static void replace_methods(struct layered_file *self)
{
    self->methods = *self->under;
    self->methods.iVersion = self->under->iVersion < 2 ? self->under->iVersion : 2;
    self->methods.xClose = layer_close;
    self->methods.xRead = layer_read;
    self->methods.xWrite = layer_write;
    self->methods.xTruncate = layer_truncate;
    self->methods.xSync = layer_sync;
    self->methods.xFileSize = layer_file_size;
}

static int layer_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                      int *ret_flags)
{
    struct sqlite_vfs *owner = (struct sqlite_vfs *)vfs;
    struct layered_file *self = (struct layered_file *)((uint8_t *)file + owner->file_bytes);
    *self = (struct layered_file){
        .vfs = owner,
        .is_database = (flags & SQLITE_OPEN_MAIN_DB) != 0,
        .is_log = (flags & SQLITE_OPEN_WAL) != 0,
    };
    file->pMethods = NULL;
    if (self->is_log && (self->gathered = malloc(GATHER_BYTES)) == NULL)
        return SQLITE_NOMEM;
    int result = owner->under->xOpen(owner->under, name, file, flags, ret_flags);
    if (result != SQLITE_OK) {
        free(self->gathered);
        return result;
    }
    self->under = file->pMethods;
    replace_methods(self);
    file->pMethods = &self->methods;
    if (self->is_log)
        owner->log = file;
    return SQLITE_OK;
}

struct sqlite_vfs *sqlite_vfs_new(const char *under_name)
{
    sqlite3_vfs *under = sqlite3_vfs_find(under_name);
    struct sqlite_vfs *self = under == NULL ? NULL : calloc(1, sizeof *self);
    if (self == NULL)
        return NULL;
    self->under = under;
    self->log_is_lost = &self->is_lost;
    (void)pthread_mutex_init(&self->sync_lock, NULL);
    (void)snprintf(self->name, sizeof self->name, "checked-%p", (void *)self);
    const size_t unit = _Alignof(struct layered_file);
    self->file_bytes = ((size_t)under->szOsFile + unit - 1) / unit * unit;
    self->vfs = *under;
    self->vfs.szOsFile = (int)(self->file_bytes + sizeof(struct layered_file));
    self->vfs.zName = self->name;
    self->vfs.xOpen = layer_open;
    if (sqlite3_vfs_register(&self->vfs, 0) != SQLITE_OK) {
        (void)pthread_mutex_destroy(&self->sync_lock);
        free(self);
        return NULL;
    }
    return self;
}

struct sqlite_vfs *sqlite_vfs_new_beside(const char *under_name, struct sqlite_vfs *owner)
{
    struct sqlite_vfs *self = sqlite_vfs_new(under_name);
    if (self != NULL) {
        self->log_is_lost = owner->log_is_lost;
        self->is_beside = true;
        owner->has_beside = true;
    }
    return self;
}

void sqlite_vfs_destroy(struct sqlite_vfs **vfs)
{
    if (*vfs == NULL)
        return;
    (void)sqlite3_vfs_unregister(&(*vfs)->vfs);
    (void)pthread_mutex_destroy(&(*vfs)->sync_lock);
    free(*vfs);
    *vfs = NULL;
}

void sqlite_vfs_defer_log(struct sqlite_vfs *vfs, bool defer)
{
    vfs->defers_log = defer;
}

int sqlite_vfs_sync_log(struct sqlite_vfs *vfs)
{
    return vfs->log == NULL ? SQLITE_OK
                            : sync_now(vfs, SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY, true);
}

const char *sqlite_vfs_name(const struct sqlite_vfs *vfs)
{
    return vfs->name;
}
