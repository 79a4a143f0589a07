/* The folder that is replaced whole, by two persons (registry_versions.h has the layout). Every
 * step is a rename or an exchange of whole folders, each fsynced, so that a kill leaves the old
 * registry or the new one in use; what its line in the log lacks is made up for by the next command
 * (finish). One command at a time: the lock of versions_open. */
#include "ops/cli/registry_versions.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "gateway/workers/registry_directory.h"
#include "proto/seal/sha256.h"

enum { PERSON_BYTES = 96 };

/* A read-only file system is a matter of permission too: nothing a clerk does mends it. */
static enum reason reason_of_errno(void)
{
    return errno == EACCES || errno == EPERM || errno == EROFS ? REASON_ACCESS_DENIED
           : errno == ENOSPC                                   ? REASON_STORE_FULL
                                                               : REASON_FILE_UNREADABLE;
}

/* ---- persons ---- */

/* The kernel's word. SUDO_UID counts for root alone, who could pretend to be anybody anyway. */
static uid_t person(void)
{
    const char *behind = getenv("SUDO_UID");
    char *end = NULL;
    unsigned long number = behind == NULL ? 0 : strtoul(behind, &end, 10);
    bool is_named = behind != NULL && end != behind && *end == 0;
    return getuid() == 0 && is_named ? (uid_t)number : getuid();
}

/* "name (uid)" */
static void versions_person(char *ret_name, size_t size)
{
    const struct passwd *known = getpwuid(person());
    (void)snprintf(ret_name, size, "%s (%lu)", known == NULL ? "?" : known->pw_name,
                   (unsigned long)person());
}

/* ---- folders ---- */

/* The bound keeps a device or a core dump in the folder from filling the disk. */
static enum reason copy_file(const char *from, const char *to)
{
    struct buffer content;
    int file;
    buffer_init(&content, VERSIONS_FILE_BYTES_MAX);
    enum reason reason = file_open_regular(from, VERSIONS_FILE_BYTES_MAX, &file);
    if (reason == REASON_NONE) {
        reason = file_load_from(file, &content);
        (void)close(file);
    }
    if (reason == REASON_NONE)
        reason = file_write(to, buffer_view(&content), 0644);
    buffer_release(&content);
    return reason;
}

/* A whole folder with what is below it; names that begin with a dot are left. */
static enum reason copy_folder(const char *from, const char *to, int depth, size_t *files)
{
    const struct dirent *entry;
    enum reason reason = depth > VERSIONS_DEPTH_MAX ? REASON_FILE_UNREADABLE : REASON_NONE;
    DIR *folder = reason == REASON_NONE ? opendir(from) : NULL;
    if (folder == NULL || (mkdir(to, 0755) != 0 && errno != EEXIST))
        reason = reason == REASON_NONE ? reason_of_errno() : reason;
    while (reason == REASON_NONE && (entry = readdir(folder)) != NULL) {
        char source[PATH_BYTES_MAX], target[PATH_BYTES_MAX];
        struct stat status;
        if (entry->d_name[0] == '.')
            continue;
        if (!path_make(source, "%s/%s", from, entry->d_name) ||
            !path_make(target, "%s/%s", to, entry->d_name) || ++*files > VERSIONS_FILES_MAX ||
            stat(source, &status) != 0)
            reason = REASON_FILE_UNREADABLE;
        else
            reason = S_ISDIR(status.st_mode) ? copy_folder(source, target, depth + 1, files)
                                             : copy_file(source, target);
    }
    if (folder != NULL)
        (void)closedir(folder);
    return reason == REASON_NONE ? folder_sync(to) : reason;
}

enum reason versions_copy(const char *from, const char *to)
{
    size_t files = 0;
    return copy_folder(from, to, 0, &files);
}

/* Of our own making, and never deeper than what we copy. */
static void remove_folder(const char *path, int depth)
{
    DIR *folder = depth > VERSIONS_DEPTH_MAX + 1 ? NULL : opendir(path);
    const struct dirent *entry;
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        char below[PATH_BYTES_MAX];
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
            !path_make(below, "%s/%s", path, entry->d_name))
            continue;
        if (unlink(below) != 0)
            remove_folder(below, depth + 1);
    }
    if (folder != NULL)
        (void)closedir(folder);
    (void)rmdir(path);
}

/* ---- the log ---- */

/* One write and a flush for each line: two commands cannot mix, the lock keeps them apart. */
static enum reason append_line(const struct versions *versions, json_t *line)
{
    char path[PATH_BYTES_MAX];
    char *text = line == NULL ? NULL : json_dumps(line, JSON_COMPACT | JSON_SORT_KEYS);
    int file = text != NULL && path_make(path, "%s/log", versions->history)
                   ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644)
                   : -1;
    enum reason reason = text == NULL ? REASON_OUT_OF_MEMORY : REASON_NONE;
    if (reason == REASON_NONE && (file < 0 || dprintf(file, "%s\n", text) < 0 || fsync(file) != 0))
        reason = reason_of_errno();
    if (file >= 0)
        (void)close(file);
    free(text);
    json_decref(line);
    return reason;
}

/* The name and the number: names change hands, the number is what the kernel vouches for. */
static json_t *new_line(const char *what)
{
    char name[PERSON_BYTES], moment[TIME_TEXT_BYTES];
    stamp_format((struct stamp){{(int64_t)time(NULL) * 1000}, VIETNAM_OFFSET_MINUTES}, moment);
    versions_person(name, sizeof name);
    return json_pack("{s:s, s:s, s:s, s:I}", "what", what, "at", moment, "by", name, "uid",
                     (json_int_t)person());
}

/* A line that cannot be read is left out and not the log: what stands before and after it is still
 * true. */
json_t *versions_log(const struct versions *versions)
{
    char path[PATH_BYTES_MAX], line[8 * 1024];
    FILE *file = path_make(path, "%s/log", versions->history) ? fopen(path, "re") : NULL;
    json_t *list = json_array();
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        json_t *row = json_loads(line, 0, NULL);
        if (row != NULL)
            (void)json_array_append_new(list, row);
    }
    if (file != NULL)
        (void)fclose(file);
    return list;
}

/* ---- proposals ---- */

void versions_proposed(const struct versions *versions, char ret_folder[PATH_BYTES_MAX])
{
    if (!path_make(ret_folder, "%s/proposed", versions->history))
        ret_folder[0] = 0;
}

json_t *versions_proposal(const struct versions *versions)
{
    char path[PATH_BYTES_MAX];
    return path_make(path, "%s/proposal", versions->history) ? json_load_file(path, 0, NULL) : NULL;
}

/* What stands in a folder, by its own word; "" when it cannot be read. */
static void read_version(const char *folder, char ret_version[REGISTRY_VERSION_TEXT_BYTES])
{
    static struct faults faults;
    struct registry *registry = NULL;
    ret_version[0] = 0;
    if (registry_directory_load(folder, sha256_parts, &faults, &registry) != REASON_NONE)
        return;
    (void)snprintf(ret_version, REGISTRY_VERSION_TEXT_BYTES, "%s", registry_version(registry));
    registry_destroy(&registry);
}

/* The copy is made beside and renamed when it is whole; the file `proposal` comes last, and without
 * it nothing waits. An earlier proposal gives way. */
enum reason versions_propose(const struct versions *versions, const char *folder,
                             const char *version, const char *why)
{
    char proposed[PATH_BYTES_MAX], part[PATH_BYTES_MAX], path[PATH_BYTES_MAX];
    char found[REGISTRY_VERSION_TEXT_BYTES];
    versions_proposed(versions, proposed);
    if (!path_make(part, "%s/part", versions->history) ||
        !path_make(path, "%s/proposal", versions->history))
        return REASON_FILE_UNREADABLE;
    remove_folder(part, 0);
    enum reason reason = versions_copy(folder, part);
    char file[PATH_BYTES_MAX];
    if (reason == REASON_NONE && version != NULL)
        reason = path_make(file, "%s/version", part)
                     ? file_write(file, bytes_of_text(version), 0644)
                     : REASON_FILE_UNREADABLE;
    if (reason != REASON_NONE)
        return reason;
    read_version(part, found);
    (void)unlink(path); /* without it a folder that waits is nobody's */
    remove_folder(proposed, 0);
    if (rename(part, proposed) != 0)
        return reason_of_errno();
    json_t *line = new_line("proposed");
    json_object_set_new(line, "version", json_string(found));
    json_object_set_new(line, "why", json_string(why));
    char *text = json_dumps(line, JSON_INDENT(1));
    reason = text == NULL ? REASON_OUT_OF_MEMORY : file_write(path, bytes_of_text(text), 0644);
    free(text);
    if (reason == REASON_NONE)
        return append_line(versions, line);
    json_decref(line);
    return reason;
}

void versions_withdraw(const struct versions *versions)
{
    char path[PATH_BYTES_MAX];
    if (path_make(path, "%s/proposal", versions->history))
        (void)unlink(path);
    versions_proposed(versions, path);
    remove_folder(path, 0);
}

/* ---- the swap ---- */

/* The old one lies where the new one waited: it gets its own place. */
static enum reason keep_old(const struct versions *versions, const char *old_version,
                            const char *new_version, const char *what)
{
    char proposed[PATH_BYTES_MAX], kept[PATH_BYTES_MAX], path[PATH_BYTES_MAX];
    json_t *proposal = versions_proposal(versions);
    json_t *line = new_line(what);
    versions_proposed(versions, proposed);
    if (!path_make(kept, "%s/%s", versions->history, old_version) ||
        !path_make(path, "%s/proposal", versions->history))
        return REASON_FILE_UNREADABLE;
    remove_folder(kept, 0); /* the same content was in use before */
    enum reason reason = rename(proposed, kept) == 0 ? REASON_NONE : reason_of_errno();
    json_object_set_new(line, "version", json_string(new_version));
    json_object_set_new(line, "instead_of", json_string(old_version));
    if (proposal != NULL) {
        json_object_set(line, "proposed_by", json_object_get(proposal, "by"));
        json_object_set(line, "why", json_object_get(proposal, "why"));
    }
    json_decref(proposal);
    if (reason == REASON_NONE)
        return unlink(path) == 0 || errno == ENOENT ? append_line(versions, line)
                                                    : reason_of_errno();
    json_decref(line);
    return reason;
}

/* One system call swaps both folders: at no moment is there none, or half of one. */
static enum reason exchange(const struct versions *versions)
{
    char proposed[PATH_BYTES_MAX], above[PATH_BYTES_MAX];
    versions_proposed(versions, proposed);
    if (renameat2(AT_FDCWD, proposed, AT_FDCWD, versions->place, RENAME_EXCHANGE) != 0)
        return reason_of_errno();
    (void)snprintf(above, sizeof above, "%s", versions->place);
    char *slash = strrchr(above, '/');
    if (slash != NULL && slash != above)
        *slash = 0;
    return folder_sync(above);
}

/* The second person is another one by the kernel's number: names can be had twice. */
enum reason versions_apply(const struct versions *versions, const char *old_version,
                           const char *new_version)
{
    json_t *proposal = versions_proposal(versions);
    bool is_same = proposal != NULL &&
                   json_integer_value(json_object_get(proposal, "uid")) == (json_int_t)person();
    bool is_there = proposal != NULL;
    json_decref(proposal);
    if (!is_there)
        return REASON_NOT_FOUND;
    if (is_same)
        return REASON_SECOND_PERSON_NEEDED;
    enum reason reason = exchange(versions);
    return reason == REASON_NONE ? keep_old(versions, old_version, new_version, "applied") : reason;
}

/* For a gateway that would not read what was just put in use. */
enum reason versions_undo(const struct versions *versions, const char *old_version,
                          const char *new_version)
{
    char kept[PATH_BYTES_MAX], proposed[PATH_BYTES_MAX];
    versions_proposed(versions, proposed);
    if (!path_make(kept, "%s/%s", versions->history, old_version))
        return REASON_FILE_UNREADABLE;
    if (rename(kept, proposed) != 0)
        return reason_of_errno();
    enum reason reason = exchange(versions);
    return reason == REASON_NONE ? keep_old(versions, new_version, old_version, "undone") : reason;
}

/* A kill between the exchange and its line in the log: the new one is in use already. */
static enum reason finish(const struct versions *versions)
{
    char proposed[PATH_BYTES_MAX];
    char in_use[REGISTRY_VERSION_TEXT_BYTES], waits[REGISTRY_VERSION_TEXT_BYTES];
    json_t *proposal = versions_proposal(versions);
    const char *wanted = json_string_value(json_object_get(proposal, "version"));
    versions_proposed(versions, proposed);
    read_version(versions->place, in_use);
    read_version(proposed, waits);
    bool is_done = wanted != NULL && wanted[0] != 0 && strcmp(wanted, in_use) == 0 &&
                   strcmp(wanted, waits) != 0 && waits[0] != 0;
    enum reason reason = is_done ? keep_old(versions, waits, in_use, "applied") : REASON_NONE;
    json_decref(proposal);
    return reason;
}

/* ---- the history ---- */

/* With or without the digest behind the plus; false also when two folders fit. */
bool versions_find(const struct versions *versions, const char *version,
                   char ret_folder[PATH_BYTES_MAX])
{
    DIR *folder = opendir(versions->history);
    const struct dirent *entry;
    size_t found = 0, size = strlen(version);
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        const char *plus = strchr(entry->d_name, '+');
        bool is_it = plus != NULL && (strcmp(entry->d_name, version) == 0 ||
                                      ((size_t)(plus - entry->d_name) == size &&
                                       strncmp(entry->d_name, version, size) == 0));
        if (is_it && path_make(ret_folder, "%s/%s", versions->history, entry->d_name))
            found++;
    }
    if (folder != NULL)
        (void)closedir(folder);
    return found == 1;
}

enum reason versions_open(const char *place, struct versions *ret_versions)
{
    char path[PATH_BYTES_MAX];
    struct versions *versions = ret_versions;
    char *whole = realpath(place, NULL);
    versions->lock = -1;
    bool fits = whole != NULL && path_make(versions->place, "%s", whole) &&
                path_make(versions->history, "%s.history", whole);
    free(whole);
    if (!fits)
        return REASON_FILE_UNREADABLE;
    if ((mkdir(versions->history, 0755) != 0 && errno != EEXIST) ||
        !path_make(path, "%s/lock", versions->history))
        return reason_of_errno();
    versions->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (versions->lock < 0)
        return reason_of_errno();
    if (flock(versions->lock, LOCK_EX | LOCK_NB) != 0) {
        versions_close(versions);
        return REASON_BUSY;
    }
    return finish(versions);
}

void versions_close(struct versions *versions)
{
    if (versions->lock >= 0)
        (void)close(versions->lock);
    versions->lock = -1;
}
