#include "tests/support/crash_vfs.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/check.h"
#include "tests/support/crash_inode.h"

enum { NAME_BYTES = 160, VFS_NAME_BYTES = 40, SHARED_REGIONS_MAX = 16 };

struct name {
    char text[NAME_BYTES];   /* empty: free */
    struct crash_inode *now; /* NULL: no such file */
    struct crash_inode *synced;
};

struct crash_vfs {
    sqlite3_vfs vfs; /* its pAppData leads here: a layer above may hand back a copy */
    char vfs_name[VFS_NAME_BYTES];
    struct name names[CRASH_NAMES_MAX];
    uint64_t seed;
    uint64_t operations_left; /* 0: for ever */
    uint64_t run_bytes;       /* what shares a fate in a crash */
    bool is_dead;
    bool loses_sync;
};

struct crash_file {
    sqlite3_file base;
    struct crash_vfs *disk;
    struct crash_inode *inode;
    void *shared[SHARED_REGIONS_MAX];
};

static struct crash_vfs *disk_of(sqlite3_vfs *vfs)
{
    return vfs->pAppData;
}

static struct crash_file *file_of(sqlite3_file *file)
{
    return (struct crash_file *)file;
}

uint64_t crash_vfs_draw(struct crash_vfs *disk, uint64_t below)
{
    return crash_draw(&disk->seed, below);
}

/* Counts an operation that changes something. True: it takes effect, as far as memory goes; the
 * caller answers SQLITE_IOERR all the same when the disk died at it. */
static bool takes_effect(struct crash_vfs *disk)
{
    if (disk->is_dead)
        return false;
    if (disk->operations_left > 0 && --disk->operations_left == 0)
        disk->is_dead = true;
    return true;
}

static int outcome(const struct crash_vfs *disk, int failure)
{
    return disk->is_dead ? failure : SQLITE_OK;
}

/* ---- names ---- */

static struct name *find_name(const struct crash_vfs *disk, const char *text)
{
    for (size_t i = 0; i < CRASH_NAMES_MAX; i++) {
        if (strcmp(disk->names[i].text, text) == 0)
            return (struct name *)(uintptr_t)&disk->names[i];
    }
    return NULL;
}

static struct name *get_name(struct crash_vfs *disk, const char *text)
{
    struct name *name = find_name(disk, text);
    if (name != NULL)
        return name;
    name = find_name(disk, "");
    check(name != NULL && strlen(text) < NAME_BYTES);
    (void)snprintf(name->text, NAME_BYTES, "%s", text);
    return name;
}

static void sync_folder(struct crash_vfs *disk)
{
    for (size_t i = 0; i < CRASH_NAMES_MAX; i++)
        crash_inode_set(&disk->names[i].synced, disk->names[i].now);
}

/* ---- a file, as SQLite calls it ---- */

static int file_close(sqlite3_file *base)
{
    struct crash_file *file = file_of(base);
    for (size_t i = 0; i < SHARED_REGIONS_MAX; i++)
        free(file->shared[i]);
    crash_inode_set(&file->inode, NULL);
    return SQLITE_OK;
}

static int file_read(sqlite3_file *base, void *data, int size, sqlite3_int64 offset)
{
    const struct crash_file *file = file_of(base);
    const struct content *content = &file->inode->now;
    uint64_t from = (uint64_t)offset;
    uint64_t there = from < content->size ? content->size - from : 0;
    if (there > (uint64_t)size)
        there = (uint64_t)size;
    if (file->disk->is_dead)
        return SQLITE_IOERR_READ;
    memset(data, 0, (size_t)size);
    if (there > 0)
        memcpy(data, content->bytes + from, there);
    return there == (uint64_t)size ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

static int file_write(sqlite3_file *base, const void *data, int size, sqlite3_int64 offset)
{
    struct crash_file *file = file_of(base);
    struct crash_inode *inode = file->inode;
    uint64_t end = (uint64_t)offset + (uint64_t)size;
    if (takes_effect(file->disk)) {
        if (end > inode->now.size)
            crash_resize(&inode->now, end);
        memcpy(inode->now.bytes + offset, data, (size_t)size);
        crash_inode_touch(inode, (uint64_t)offset, end);
    }
    return outcome(file->disk, SQLITE_IOERR_WRITE);
}

static int file_truncate(sqlite3_file *base, sqlite3_int64 size)
{
    struct crash_file *file = file_of(base);
    struct crash_inode *inode = file->inode;
    if (takes_effect(file->disk)) {
        uint64_t before = inode->now.size;
        crash_resize(&inode->now, (uint64_t)size);
        crash_inode_touch(inode, (uint64_t)size, before);
    }
    return outcome(file->disk, SQLITE_IOERR_TRUNCATE);
}

static int file_sync(sqlite3_file *base, int flags)
{
    struct crash_file *file = file_of(base);
    (void)flags;
    bool is_alive = takes_effect(file->disk) && !file->disk->is_dead;
    if (is_alive && file->disk->loses_sync) {
        file->disk->loses_sync = false;
        crash_inode_drop(file->inode);
        return SQLITE_IOERR_FSYNC;
    }
    if (is_alive) {
        crash_inode_sync(file->inode);
        if (file->inode->is_new_journal)
            sync_folder(file->disk);
        file->inode->is_new_journal = false;
    }
    return is_alive ? SQLITE_OK : SQLITE_IOERR_FSYNC;
}

static int file_size(sqlite3_file *base, sqlite3_int64 *ret_size)
{
    *ret_size = (sqlite3_int64)file_of(base)->inode->now.size;
    return outcome(file_of(base)->disk, SQLITE_IOERR_FSTAT);
}

/* One connection: it always gets the lock. */
static int file_lock(sqlite3_file *base, int level)
{
    (void)base;
    (void)level;
    return SQLITE_OK;
}

static int file_check_lock(sqlite3_file *base, int *ret_held)
{
    (void)base;
    *ret_held = 0;
    return SQLITE_OK;
}

static int file_control(sqlite3_file *base, int operation, void *argument)
{
    (void)base;
    (void)operation;
    (void)argument;
    return SQLITE_NOTFOUND;
}

static int file_sector_size(sqlite3_file *base)
{
    (void)base;
    return CRASH_SECTOR_BYTES;
}

static int file_characteristics(sqlite3_file *base)
{
    (void)base;
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

static int file_shared_map(sqlite3_file *base, int region, int size, int extend,
                           void volatile **ret_memory)
{
    struct crash_file *file = file_of(base);
    check(region >= 0 && region < SHARED_REGIONS_MAX);
    if (file->shared[region] == NULL && extend) {
        file->shared[region] = calloc(1, (size_t)size);
        check(file->shared[region] != NULL);
    }
    *ret_memory = file->shared[region];
    return SQLITE_OK;
}

static int file_shared_lock(sqlite3_file *base, int offset, int count, int flags)
{
    (void)base;
    (void)offset;
    (void)count;
    (void)flags;
    return SQLITE_OK;
}

static void file_shared_barrier(sqlite3_file *base)
{
    (void)base;
}

static int file_shared_unmap(sqlite3_file *base, int delete)
{
    (void)base;
    (void)delete;
    return SQLITE_OK;
}

static const sqlite3_io_methods file_methods = {
    .iVersion = 2,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_lock,
    .xCheckReservedLock = file_check_lock,
    .xFileControl = file_control,
    .xSectorSize = file_sector_size,
    .xDeviceCharacteristics = file_characteristics,
    .xShmMap = file_shared_map,
    .xShmLock = file_shared_lock,
    .xShmBarrier = file_shared_barrier,
    .xShmUnmap = file_shared_unmap,
};

/* ---- the disk, as SQLite calls it ---- */

static int disk_open(sqlite3_vfs *vfs, const char *text, sqlite3_file *base, int flags,
                     int *ret_flags)
{
    enum { JOURNALS = SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL };
    struct crash_vfs *disk = disk_of(vfs);
    struct crash_file *file = file_of(base);
    *file = (struct crash_file){.disk = disk};
    struct name *name = text == NULL ? NULL : get_name(disk, text);
    bool is_new = name != NULL && name->now == NULL;
    if (disk->is_dead || name == NULL || (is_new && (flags & SQLITE_OPEN_CREATE) == 0))
        return SQLITE_CANTOPEN;
    if (is_new) {
        if (takes_effect(disk))
            crash_inode_set(&name->now, crash_inode_new());
        if (disk->is_dead)
            return SQLITE_CANTOPEN;
        name->now->is_new_journal = (flags & JOURNALS) != 0;
    }
    crash_inode_set(&file->inode, name->now);
    file->base.pMethods = &file_methods;
    if (ret_flags != NULL)
        *ret_flags = flags;
    return SQLITE_OK;
}

static int disk_delete(sqlite3_vfs *vfs, const char *text, int sync)
{
    struct crash_vfs *disk = disk_of(vfs);
    struct name *name = find_name(disk, text);
    if (name == NULL || name->now == NULL)
        return SQLITE_IOERR_DELETE_NOENT;
    if (takes_effect(disk))
        crash_inode_set(&name->now, NULL);
    if (sync && !disk->is_dead)
        sync_folder(disk);
    return outcome(disk, SQLITE_IOERR_DELETE);
}

static int disk_access(sqlite3_vfs *vfs, const char *text, int flags, int *ret_answer)
{
    const struct name *name = find_name(disk_of(vfs), text);
    (void)flags;
    *ret_answer = name != NULL && name->now != NULL;
    return outcome(disk_of(vfs), SQLITE_IOERR_ACCESS);
}

static int disk_full_pathname(sqlite3_vfs *vfs, const char *text, int size, char *ret_text)
{
    (void)vfs;
    (void)sqlite3_snprintf(size, ret_text, "%s", text);
    return SQLITE_OK;
}

static int disk_randomness(sqlite3_vfs *vfs, int size, char *ret_data)
{
    for (int i = 0; i < size; i++)
        ret_data[i] = (char)crash_vfs_draw(disk_of(vfs), 256);
    return size;
}

static int disk_sleep(sqlite3_vfs *vfs, int microseconds)
{
    (void)vfs;
    return microseconds;
}

static int disk_current_time(sqlite3_vfs *vfs, double *ret_day)
{
    (void)vfs;
    *ret_day = 2461000.5;
    return SQLITE_OK;
}

static int disk_last_error(sqlite3_vfs *vfs, int size, char *ret_text)
{
    (void)vfs;
    (void)size;
    (void)ret_text;
    return 0;
}

/* ---- the test's side ---- */

struct crash_vfs *crash_vfs_new(uint64_t seed)
{
    struct crash_vfs *disk = calloc(1, sizeof *disk);
    check(disk != NULL);
    disk->seed = seed;
    disk->run_bytes = CRASH_SECTOR_BYTES;
    (void)snprintf(disk->vfs_name, sizeof disk->vfs_name, "crash-%p", (void *)disk);
    disk->vfs = (sqlite3_vfs){
        .iVersion = 1,
        .szOsFile = (int)sizeof(struct crash_file),
        .mxPathname = NAME_BYTES - 1,
        .zName = disk->vfs_name,
        .pAppData = disk,
        .xOpen = disk_open,
        .xDelete = disk_delete,
        .xAccess = disk_access,
        .xFullPathname = disk_full_pathname,
        .xRandomness = disk_randomness,
        .xSleep = disk_sleep,
        .xCurrentTime = disk_current_time,
        .xGetLastError = disk_last_error,
    };
    int result = sqlite3_vfs_register(&disk->vfs, 0);
    check(result == SQLITE_OK);
    return disk;
}

void crash_vfs_destroy(struct crash_vfs **disk)
{
    if (*disk == NULL)
        return;
    (void)sqlite3_vfs_unregister(&(*disk)->vfs);
    for (size_t i = 0; i < CRASH_NAMES_MAX; i++) {
        crash_inode_set(&(*disk)->names[i].now, NULL);
        crash_inode_set(&(*disk)->names[i].synced, NULL);
    }
    free(*disk);
    *disk = NULL;
}

const char *crash_vfs_name(const struct crash_vfs *disk)
{
    return disk->vfs_name;
}

void crash_vfs_die_at(struct crash_vfs *disk, uint64_t operation)
{
    disk->operations_left = operation;
}

void crash_vfs_cut_power(struct crash_vfs *disk)
{
    disk->is_dead = true;
}

void crash_vfs_tear_in_runs(struct crash_vfs *disk, uint64_t sectors)
{
    disk->run_bytes = sectors * CRASH_SECTOR_BYTES;
}

void crash_vfs_lose_sync(struct crash_vfs *disk)
{
    disk->loses_sync = true;
}

bool crash_vfs_is_dead(const struct crash_vfs *disk)
{
    return disk->is_dead;
}

void crash_vfs_restart(struct crash_vfs *disk)
{
    for (size_t i = 0; i < CRASH_NAMES_MAX; i++) {
        struct name *name = &disk->names[i];
        crash_inode_set(&name->now, crash_vfs_draw(disk, 2) == 0 ? name->now : name->synced);
        crash_inode_set(&name->synced, name->now);
        if (name->now != NULL)
            crash_inode_survive(&disk->seed, name->now, disk->run_bytes);
    }
    disk->is_dead = false;
    disk->operations_left = 0;
}

uint64_t crash_vfs_file_bytes(const struct crash_vfs *disk, const char *text)
{
    const struct name *name = find_name(disk, text);
    return name == NULL || name->now == NULL ? 0 : name->now->now.size;
}

bool crash_vfs_flip(struct crash_vfs *disk, const char *text, uint64_t offset, uint8_t mask)
{
    if (offset >= crash_vfs_file_bytes(disk, text))
        return false;
    struct crash_inode *inode = find_name(disk, text)->now;
    inode->now.bytes[offset] ^= mask;
    if (offset < inode->synced.size)
        inode->synced.bytes[offset] ^= mask;
    return true;
}
