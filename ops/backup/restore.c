/* Putting a backup back. Everything is looked at before anything is touched; then
 *
 *   restore-under-way          from here on no program starts over this directory
 *   before-restore-TIME/       what was there
 *   blobs/…, portal.sqlite     copied; a file that is there already stays
 *   store.sqlite.new           copied, marked as put back, then renamed: from here on it is there
 *   restore-under-way removed
 *
 * A restore that is killed leaves one of these moments, and the next one goes on from it.
 */
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/store/store_sqlite.h"
#include "gateway/port/store.h"
#include "gateway/workers/program.h"
#include "ops/backup/backup_parts.h"

struct restoring {
    const char *directory;
    const char *state;
    struct backup_report *report;
    bool has_store;
};

static struct stat owner; /* of the state directory: nftw carries no context */

static enum reason check_file(void *context, const char *name, const struct digest *expected)
{
    struct restoring *restoring = context;
    char path[PATH_BYTES_MAX];
    struct digest digest;
    uint64_t bytes;
    if (!path_make(path, "%s/%s", restoring->directory, name))
        return REASON_FIELD_TOO_LONG;
    (void)path_make(restoring->report->what, "%s", path);
    if (access(path, F_OK) != 0)
        return REASON_BACKUP_INCOMPLETE;
    enum reason reason = copy_hash(path, &digest, &bytes);
    if (reason == REASON_NONE && !digest_equal(&digest, expected))
        reason = REASON_BACKUP_DAMAGED;
    restoring->has_store = restoring->has_store || strcmp(name, BACKUP_STORE) == 0;
    restoring->report->files++;
    restoring->report->bytes += bytes;
    return reason;
}

static enum reason check_backup(struct restoring *restoring, const struct backup_place *place,
                                struct backup_about *ret_about)
{
    enum reason reason = backup_about_read(restoring->directory, ret_about);
    if (reason != REASON_NONE)
        return reason;
    bool is_other = strcmp(ret_about->program, place->program) != 0 ||
                    strcmp(ret_about->participant, place->participant.text) != 0 ||
                    strcmp(ret_about->province, place->province) != 0;
    if (is_other) {
        (void)path_make(restoring->report->what, "%s %s %s", ret_about->program,
                        ret_about->participant, ret_about->province);
        return REASON_BACKUP_OF_ANOTHER;
    }
    restoring->report->made = ret_about->made;
    if (ret_about->schema > store_sqlite_schema())
        return REASON_STORE_NEWER;
    reason = backup_sums_visit(restoring->directory, ret_about, check_file, restoring);
    return reason == REASON_NONE && !restoring->has_store ? REASON_BACKUP_INCOMPLETE : reason;
}

/* ---- what was there ---- */

static enum reason move_aside(struct restoring *restoring, wall_t now)
{
    static const char *const names[] = {BACKUP_STORE,  BACKUP_STORE "-wal",  BACKUP_STORE "-shm",
                                        BACKUP_PORTAL, BACKUP_PORTAL "-wal", BACKUP_PORTAL "-shm"};
    char folder[PATH_BYTES_MAX];
    char from[PATH_BYTES_MAX];
    char to[PATH_BYTES_MAX];
    if (!path_make(folder, "%s/before-restore-%lld", restoring->state, (long long)now.ms))
        return REASON_FIELD_TOO_LONG;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (!path_make(from, "%s/%s", restoring->state, names[i]) ||
            !path_make(to, "%s/%s", folder, names[i]))
            return REASON_FIELD_TOO_LONG;
        if (access(from, F_OK) != 0)
            continue;
        enum reason reason = folder_make(folder, 0700);
        if (reason != REASON_NONE || rename(from, to) != 0)
            return reason != REASON_NONE ? reason : REASON_STORE_FAILED;
        (void)path_make(restoring->report->moved, "%s", folder);
    }
    return folder_sync(restoring->state);
}

/* ---- what comes back ---- */

static enum reason put_file(void *context, const char *name, const struct digest *expected)
{
    struct restoring *restoring = context;
    char from[PATH_BYTES_MAX];
    char to[PATH_BYTES_MAX];
    char made[PATH_BYTES_MAX];
    struct digest digest;
    uint64_t bytes;
    bool is_store = strcmp(name, BACKUP_STORE) == 0;
    if (!path_make(from, "%s/%s", restoring->directory, name) ||
        !path_make(to, "%s/%s", restoring->state, name) || !path_make(made, "%s.new", to))
        return REASON_FIELD_TOO_LONG;
    (void)path_make(restoring->report->what, "%s", to);
    bool is_there = access(to, F_OK) == 0 && copy_hash(to, &digest, &bytes) == REASON_NONE &&
                    digest_equal(&digest, expected);
    if (is_there && !is_store)
        return REASON_NONE;
    enum reason reason = copy_folders(to);
    if (reason == REASON_NONE)
        reason = copy_file(from, made, &digest, &bytes);
    if (reason == REASON_NONE && !digest_equal(&digest, expected))
        reason = REASON_BACKUP_DAMAGED;
    if (reason == REASON_NONE)
        reason = copy_hash(made, &digest, &bytes);
    if (reason == REASON_NONE && !digest_equal(&digest, expected))
        reason = REASON_STORE_FAILED; /* this disk keeps other bytes than it was given */
    if (reason == REASON_NONE && !is_store && rename(made, to) != 0)
        reason = REASON_STORE_FAILED;
    return reason;
}

/* The program that opens it finds out by this that it was put back. */
static enum reason mark(const char *path, wall_t made, wall_t now)
{
    uint8_t moments[16];
    struct store *store = NULL;
    struct store_note note = {bytes_of_text("restored"), {moments, sizeof moments}};
    struct store_plan plan = {.notes = &note, .note_count = 1};
    memcpy(moments, &made.ms, 8);
    memcpy(moments + 8, &now.ms, 8);
    enum reason reason = store_sqlite_open(path, NULL, &store);
    if (reason != REASON_NONE)
        return reason;
    reason = store->verbs->commit(store, &plan);
    store->verbs->close(store);
    return reason;
}

static enum reason put_store(struct restoring *restoring, wall_t made, wall_t now)
{
    static const char *const tails[] = {"-owner", "-wal", "-shm"};
    char from[PATH_BYTES_MAX];
    char to[PATH_BYTES_MAX];
    char beside[PATH_BYTES_MAX];
    if (!path_make(from, "%s/" BACKUP_STORE ".new", restoring->state) ||
        !path_make(to, "%s/" BACKUP_STORE, restoring->state))
        return REASON_FIELD_TOO_LONG;
    (void)path_make(restoring->report->what, "%s", to);
    enum reason reason = mark(from, made, now);
    if (reason != REASON_NONE)
        return reason;
    for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
        if (path_make(beside, "%s%s", from, tails[i]))
            (void)unlink(beside);
    }
    return rename(from, to) == 0 ? folder_sync(restoring->state) : REASON_STORE_FAILED;
}

static enum reason put_all(struct restoring *restoring, const struct backup_about *about,
                           wall_t now)
{
    enum reason reason = backup_sums_visit(restoring->directory, about, put_file, restoring);
    return reason == REASON_NONE ? put_store(restoring, about->made, now) : reason;
}

/* Put back by root at night, and read by its program's own user: all of it is the folder's owner's,
 * the lock too. */
static int give_one(const char *path, const struct stat *status, int type, struct FTW *place)
{
    (void)status;
    (void)type;
    (void)place;
    return lchown(path, owner.st_uid, owner.st_gid);
}

static enum reason give_to_owner(const char *state)
{
    enum { FOLDERS_OPEN_MAX = 16 };
    bool is_ours = geteuid() != 0 || (stat(state, &owner) == 0 && owner.st_uid == 0);
    return is_ours || nftw(state, give_one, FOLDERS_OPEN_MAX, FTW_PHYS) == 0 ? REASON_NONE
                                                                             : REASON_STORE_FAILED;
}

static enum reason replace(struct restoring *restoring, const struct backup_about *about,
                           bool is_over, wall_t now)
{
    char under_way[PATH_BYTES_MAX];
    char store[PATH_BYTES_MAX];
    if (!path_make(under_way, "%s/" RESTORE_UNDER_WAY, restoring->state) ||
        !path_make(store, "%s/" BACKUP_STORE, restoring->state))
        return REASON_FIELD_TOO_LONG;
    bool is_begun = access(under_way, F_OK) == 0;
    (void)path_make(restoring->report->what, "%s", store);
    if (access(store, F_OK) == 0 && !is_over && !is_begun)
        return REASON_STATE_IN_PLACE;
    enum reason reason = file_write(under_way, bytes_of_text(restoring->directory), 0600);
    if (reason == REASON_NONE)
        reason = folder_sync(restoring->state);
    if (reason == REASON_NONE)
        reason = move_aside(restoring, now);
    if (reason == REASON_NONE)
        reason = put_all(restoring, about, now);
    if (reason == REASON_NONE)
        reason = give_to_owner(restoring->state);
    if (reason != REASON_NONE)
        return reason;
    return unlink(under_way) == 0 ? folder_sync(restoring->state) : REASON_STORE_FAILED;
}

enum reason backup_restore(const struct backup_place *place, const char *directory, bool is_over,
                           wall_t now, struct backup_report *ret_report)
{
    struct backup_about about;
    struct restoring restoring = {directory, place->state_directory, ret_report, false};
    int lock = -1;
    *ret_report = (struct backup_report){.files = 0};
    (void)path_make(ret_report->what, "%s", place->state_directory);
    enum reason reason = folder_make(place->state_directory, 0700);
    if (reason == REASON_NONE)
        reason = program_state_lock(place->state_directory, &lock);
    if (reason != REASON_NONE)
        return reason == REASON_STORE_BUSY ? REASON_PROGRAM_RUNS : reason;
    (void)path_make(ret_report->what, "%s", directory);
    reason = check_backup(&restoring, place, &about);
    if (reason == REASON_NONE)
        reason = replace(&restoring, &about, is_over, now);
    (void)close(lock);
    return reason;
}
