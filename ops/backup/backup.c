/* Making a backup: the store first, then the files; every file that the copied store names was on
 * the disk before the store named it. */
#include <dirent.h>
#include <fts.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/store/sqlite_vfs.h"
#include "ops/backup/backup_parts.h"

struct making {
    const char *directory;
    FILE *sums;
    struct backup_about about;
    struct backup_report *report;
};

static enum reason of_sqlite(int result)
{
    switch (result & 0xff) {
    case SQLITE_OK:
    case SQLITE_DONE:
        return REASON_NONE;
    case SQLITE_FULL:
        return REASON_STORE_FULL;
    case SQLITE_NOMEM:
        return REASON_OUT_OF_MEMORY;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return REASON_STORE_CORRUPT;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return REASON_STORE_BUSY;
    default:
        return result == SQLITE_IOERR_DATA ? REASON_STORE_CORRUPT : REASON_STORE_FAILED;
    }
}

/* One step: a reader of the write-ahead log sees one moment, and keeps nobody from writing. */
static int copy_pages(sqlite3 *from, sqlite3 *to)
{
    enum { WAIT_MS = 5000 };
    (void)sqlite3_busy_timeout(from, WAIT_MS);
    (void)sqlite3_db_config(from, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");
    if (backup == NULL)
        return sqlite3_errcode(to);
    (void)sqlite3_backup_step(backup, -1);
    return sqlite3_backup_finish(backup);
}

static const char *name_of(const struct sqlite_vfs *vfs)
{
    return vfs == NULL ? NULL : sqlite_vfs_name(vfs);
}

/* The store's checksums are looked at where it is read, and made anew where it is written: the
 * first page of a copy counts for itself. */
static enum reason copy_database(const char *from, const char *to, bool has_checksums)
{
    sqlite3 *source = NULL;
    sqlite3 *target = NULL;
    struct sqlite_vfs *reads = has_checksums ? sqlite_vfs_new(NULL) : NULL;
    struct sqlite_vfs *writes = has_checksums ? sqlite_vfs_new(NULL) : NULL;
    int result = has_checksums && (reads == NULL || writes == NULL) ? SQLITE_NOMEM : SQLITE_OK;
    if (result == SQLITE_OK)
        result = sqlite3_open_v2(from, &source, SQLITE_OPEN_READWRITE, name_of(reads));
    if (result == SQLITE_OK)
        result = sqlite3_open_v2(to, &target, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
                                 name_of(writes));
    if (result == SQLITE_OK)
        result = copy_pages(source, target);
    (void)sqlite3_close(source);
    (void)sqlite3_close(target);
    sqlite_vfs_destroy(&reads);
    sqlite_vfs_destroy(&writes);
    return of_sqlite(result);
}

static enum reason ask_number(sqlite3 *database, const char *question, int64_t *ret_number)
{
    sqlite3_stmt *statement = NULL;
    int result = sqlite3_prepare_v2(database, question, -1, &statement, NULL);
    if (result == SQLITE_OK)
        result = sqlite3_step(statement);
    if (result == SQLITE_ROW)
        *ret_number = sqlite3_column_int64(statement, 0);
    (void)sqlite3_finalize(statement);
    return result == SQLITE_ROW ? REASON_NONE : of_sqlite(result);
}

/* Every page of the copy, with the store's own checksums, and what holds between them. */
static enum reason look_through(const char *path, bool has_checksums, int64_t *ret_schema)
{
    char uri[PATH_BYTES_MAX + 32];
    sqlite3 *database = NULL;
    int64_t is_sound = 0;
    struct sqlite_vfs *vfs = has_checksums ? sqlite_vfs_new(NULL) : NULL;
    (void)snprintf(uri, sizeof uri, "file:%s?immutable=1", path);
    int result =
        sqlite3_open_v2(uri, &database, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, name_of(vfs));
    enum reason reason = of_sqlite(result);
    if (reason == REASON_NONE)
        reason = ask_number(database, "PRAGMA user_version", ret_schema);
    if (reason == REASON_NONE)
        reason =
            ask_number(database, "SELECT quick_check = 'ok' FROM pragma_quick_check(1)", &is_sound);
    (void)sqlite3_close(database);
    sqlite_vfs_destroy(&vfs);
    return reason == REASON_NONE && is_sound != 1 ? REASON_STORE_CORRUPT : reason;
}

static enum reason note_file(struct making *making, const char *name, const struct digest *digest,
                             uint64_t bytes)
{
    char text[DIGEST_TEXT_BYTES];
    digest_format(digest, text);
    making->about.files++;
    making->about.bytes += bytes;
    return fprintf(making->sums, "%s  %s\n", text, name) > 0 ? REASON_NONE : REASON_STORE_FULL;
}

static enum reason add_database(struct making *making, const char *state_directory,
                                const char *name, bool has_checksums, int64_t *ret_schema)
{
    char from[PATH_BYTES_MAX];
    char to[PATH_BYTES_MAX];
    struct digest digest;
    uint64_t bytes;
    if (!path_make(from, "%s/%s", state_directory, name) ||
        !path_make(to, "%s/%s", making->directory, name))
        return REASON_FIELD_TOO_LONG;
    (void)path_make(making->report->what, "%s", from);
    if (access(from, R_OK) != 0)
        return REASON_FILE_UNREADABLE;
    enum reason reason = copy_database(from, to, has_checksums);
    if (reason == REASON_NONE)
        reason = copy_hash(to, &digest, &bytes);
    if (reason == REASON_NONE)
        reason = look_through(to, has_checksums, ret_schema);
    return reason == REASON_NONE ? note_file(making, name, &digest, bytes) : reason;
}

/* ---- files ---- */

/* Whole ones: what is partial comes again. */
static bool is_whole(const FTSENT *entry)
{
    return entry->fts_info != FTS_D ||
           (strcmp(entry->fts_name, "partial") != 0 && strcmp(entry->fts_name, "damaged") != 0);
}

static enum reason add_blob(struct making *making, const char *path, size_t root_size)
{
    char name[PATH_BYTES_MAX];
    char to[PATH_BYTES_MAX];
    struct digest digest;
    struct digest again;
    uint64_t bytes;
    if (!path_make(name, BACKUP_BLOBS "%s", path + root_size) ||
        !path_make(to, "%s/%s", making->directory, name))
        return REASON_FIELD_TOO_LONG;
    (void)path_make(making->report->what, "%s", path);
    enum reason reason = copy_folders(to);
    if (reason == REASON_NONE)
        reason = copy_file(path, to, &digest, &bytes);
    if (reason == REASON_NONE)
        reason = copy_hash(to, &again, &bytes);
    if (reason == REASON_NONE && !digest_equal(&digest, &again))
        reason = REASON_BACKUP_DAMAGED;
    return reason == REASON_NONE ? note_file(making, name, &digest, bytes) : reason;
}

static enum reason add_blobs(struct making *making, const char *state_directory)
{
    char root[PATH_BYTES_MAX];
    char *roots[] = {root, NULL};
    if (!path_make(root, "%s/" BACKUP_BLOBS, state_directory))
        return REASON_FIELD_TOO_LONG;
    if (access(root, R_OK) != 0)
        return REASON_NONE;
    FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    if (walk == NULL)
        return REASON_FILE_UNREADABLE;
    enum reason reason = REASON_NONE;
    FTSENT *entry;
    while (reason == REASON_NONE && (entry = fts_read(walk)) != NULL) {
        if (!is_whole(entry))
            (void)fts_set(walk, entry, FTS_SKIP);
        else if (entry->fts_info == FTS_F)
            reason = add_blob(making, entry->fts_path, strlen(root));
    }
    (void)fts_close(walk);
    return reason;
}

/* ---- all of it ---- */

static bool is_empty(const char *directory)
{
    DIR *folder = opendir(directory);
    struct dirent *entry;
    bool is_free = true;
    while (folder != NULL && (entry = readdir(folder)) != NULL)
        is_free = is_free && entry->d_name[0] == '.';
    if (folder != NULL)
        (void)closedir(folder);
    return is_free;
}

static enum reason add_all(struct making *making, const struct backup_place *place)
{
    char path[PATH_BYTES_MAX];
    int64_t ignored;
    enum reason reason =
        add_database(making, place->state_directory, BACKUP_STORE, true, &making->about.schema);
    if (reason == REASON_NONE && path_make(path, "%s/" BACKUP_PORTAL, place->state_directory) &&
        access(path, F_OK) == 0)
        reason = add_database(making, place->state_directory, BACKUP_PORTAL, false, &ignored);
    return reason == REASON_NONE ? add_blobs(making, place->state_directory) : reason;
}

enum reason backup_make(const struct backup_place *place, const char *directory, wall_t now,
                        struct backup_report *ret_report)
{
    char path[PATH_BYTES_MAX];
    uint64_t bytes;
    struct making making = {.directory = directory, .report = ret_report, .about = {.made = now}};
    *ret_report = (struct backup_report){.made = now};
    (void)path_make(ret_report->what, "%s", directory);
    enum reason reason = folder_make(directory, 0700);
    if (reason != REASON_NONE || !path_make(path, "%s/" BACKUP_SUMS, directory))
        return reason != REASON_NONE ? reason : REASON_FIELD_TOO_LONG;
    if (!is_empty(directory))
        return REASON_FIELD_INVALID;
    making.sums = fopen(path, "wxe");
    if (making.sums == NULL)
        return REASON_STORE_FAILED;
    reason = add_all(&making, place);
    bool is_written = fflush(making.sums) == 0 && fsync(fileno(making.sums)) == 0;
    if ((fclose(making.sums) != 0 || !is_written) && reason == REASON_NONE)
        reason = REASON_STORE_FULL;
    if (reason == REASON_NONE)
        reason = copy_hash(path, &making.about.sums, &bytes);
    (void)snprintf(making.about.program, sizeof making.about.program, "%s", place->program);
    (void)snprintf(making.about.participant, sizeof making.about.participant, "%s",
                   place->participant.text);
    (void)snprintf(making.about.province, sizeof making.about.province, "%s", place->province);
    if (reason == REASON_NONE)
        reason = backup_about_write(directory, &making.about);
    if (reason == REASON_NONE)
        reason = folder_sync(directory);
    ret_report->files = making.about.files;
    ret_report->bytes = making.about.bytes;
    return reason;
}
