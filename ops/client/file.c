/* Files of the commands. Writing goes beside and is then renamed: a reader finds the old file or
 * the new one, also when the disk is full. */
#include "ops/client/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_BYTES = 4096 };

bool path_make(char ret_path[PATH_BYTES_MAX], const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(ret_path, PATH_BYTES_MAX, format, arguments);
    va_end(arguments);
    return size >= 0 && size < PATH_BYTES_MAX;
}

/* The size is looked at before anything is read: a file that is too large costs nothing. */
enum reason file_open_regular(const char *path, uint64_t size_max, int *ret_file)
{
    struct stat status;
    /* O_NONBLOCK: opening a pipe that nobody writes to would wait for ever. */
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (file < 0)
        return REASON_FILE_UNREADABLE;
    bool is_regular = fstat(file, &status) == 0 && S_ISREG(status.st_mode);
    if (is_regular && (uint64_t)status.st_size <= size_max) {
        *ret_file = file;
        return REASON_NONE;
    }
    close(file);
    return is_regular ? REASON_ATTACHMENT_TOO_LARGE : REASON_FILE_UNREADABLE;
}

/* Read to its end and not to its size: what is read may be a pipe, as of a shell's <(...). */
enum reason file_load_from(int file, struct buffer *content)
{
    uint8_t part[READ_BYTES];
    for (;;) {
        ssize_t size = read(file, part, sizeof part);
        if (size == 0)
            return REASON_NONE;
        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0)
            return REASON_FILE_UNREADABLE;
        if (!buffer_append(content, (struct bytes){part, (size_t)size}))
            return REASON_OUT_OF_MEMORY;
    }
}

enum reason file_load(const char *path, struct buffer *content)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return REASON_FILE_UNREADABLE;
    enum reason reason = file_load_from(file, content);
    close(file);
    return reason;
}

bool file_write_all(int file, struct bytes content)
{
    while (content.size > 0) {
        ssize_t size = write(file, content.data, content.size);
        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0)
            return false;
        content.data += size;
        content.size -= (size_t)size;
    }
    return true;
}

int file_create(const char *path, mode_t mode)
{
    if (unlink(path) != 0 && errno != ENOENT)
        return -1;
    return open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
}

/* The name beside carries the process id, so that two commands at once write two files and the
 * later rename wins whole. fsync before the rename: a crash in between must not leave an empty file
 * under the name. */
enum reason file_write(const char *path, struct bytes content, mode_t mode)
{
    char beside[PATH_BYTES_MAX];
    if (!path_make(beside, "%s.%d.new", path, getpid()))
        return REASON_FILE_UNREADABLE;
    int file = file_create(beside, mode);
    if (file < 0)
        return errno == ENOSPC ? REASON_STORE_FULL : REASON_FILE_UNREADABLE;
    bool good = file_write_all(file, content) && fsync(file) == 0;
    int error = errno;
    close(file);
    if (good && rename(beside, path) == 0)
        return REASON_NONE;
    unlink(beside);
    return error == ENOSPC ? REASON_STORE_FULL : REASON_FILE_UNREADABLE;
}

/* A line that fills the buffer is refused, because it may go on behind it: half of a token is no
 * token. */
bool file_read_line(const char *path, char *ret_line, size_t size)
{
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return false;
    char *line = fgets(ret_line, (int)size, file);
    fclose(file);
    if (line == NULL)
        return false;
    size_t length = strcspn(line, "\r\n");
    if (length + 1 == size)
        return false;
    line[length] = 0;
    return length > 0;
}

enum reason folder_sync(const char *path)
{
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool is_synced = folder >= 0 && fsync(folder) == 0;
    int error = errno;
    if (folder >= 0)
        (void)close(folder);
    return is_synced ? REASON_NONE : error == ENOSPC ? REASON_STORE_FULL : REASON_STORE_FAILED;
}

/* Folders above get the usual rights; only the last one may be meant for its owner alone. */
enum reason folder_make(const char *path, mode_t mode)
{
    char part[PATH_BYTES_MAX];
    if (!path_make(part, "%s", path))
        return REASON_FILE_UNREADABLE;
    for (char *at = part + 1; *at != 0; at++) {
        if (*at != '/')
            continue;
        *at = 0;
        if (mkdir(part, 0755) != 0 && errno != EEXIST)
            return REASON_FILE_UNREADABLE;
        *at = '/';
    }
    if (mkdir(part, mode) != 0 && errno != EEXIST)
        return REASON_FILE_UNREADABLE;
    return REASON_NONE;
}
