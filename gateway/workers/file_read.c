/* Files of the settings, whole. Neither a named pipe nor a device that somebody put in a file's
 * place may hold the program up (O_NONBLOCK, only regular files), and a secret that others may
 * read is refused, as ssh does with its keys: its owner has to know. */
#include "gateway/workers/file_read.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* Exactly as many bytes as the file had when it was opened: one that is written meanwhile is cut or
 * refused, and the next reading finds it whole. */
static enum reason read_all(int file, size_t size_bytes, struct buffer *ret_content)
{
    size_t before = ret_content->size;
    if (size_bytes == 0)
        return REASON_NONE; /* a buffer without memory has no place to show */
    uint8_t *at = buffer_extend(ret_content, size_bytes);
    if (at == NULL)
        return REASON_FILE_UNREADABLE;
    size_t done = 0;
    while (done < size_bytes) {
        ssize_t count = read(file, at + done, size_bytes - done);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0) {
            ret_content->size = before;
            return REASON_FILE_UNREADABLE;
        }
        done += (size_t)count;
    }
    return REASON_NONE;
}

static enum reason read_file(const char *path, bool is_secret, struct buffer *ret_content)
{
    struct stat status;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (file < 0)
        return errno == ENOENT ? REASON_NOT_FOUND : REASON_FILE_UNREADABLE;
    enum reason reason = REASON_FILE_UNREADABLE;
    if (fstat(file, &status) == 0 && S_ISREG(status.st_mode)) {
        if (is_secret && (status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
            reason = REASON_KEY_UNREADABLE;
        else
            reason = read_all(file, (size_t)status.st_size, ret_content);
    }
    (void)close(file);
    return reason;
}

enum reason file_read(const char *path, struct buffer *ret_content)
{
    return read_file(path, false, ret_content);
}

enum reason file_read_secret(const char *path, struct buffer *ret_content)
{
    return read_file(path, true, ret_content);
}

bool file_path_join(const char *folder, const char *name, char ret_path[FILE_PATH_BYTES_MAX])
{
    int size = snprintf(ret_path, FILE_PATH_BYTES_MAX, "%s/%s", folder, name);
    return size > 0 && size < FILE_PATH_BYTES_MAX;
}
