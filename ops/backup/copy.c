/* Files copied, hashed and flushed. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ops/backup/backup_parts.h"
#include "proto/seal/sha256.h"

enum { PIECE_BYTES = 1024 * 1024 };

static enum reason of_errno(void)
{
    return errno == ENOSPC || errno == EDQUOT ? REASON_STORE_FULL : REASON_STORE_FAILED;
}

/* to: -1: hash only. */
static enum reason pass(int from, int to, struct sha256 *hash, uint64_t *ret_bytes)
{
    uint8_t *piece = malloc(PIECE_BYTES);
    enum reason reason = piece == NULL ? REASON_OUT_OF_MEMORY : REASON_NONE;
    *ret_bytes = 0;
    while (reason == REASON_NONE) {
        ssize_t count = read(from, piece, PIECE_BYTES);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            reason = REASON_FILE_UNREADABLE;
        if (count <= 0)
            break;
        struct bytes part = {piece, (size_t)count};
        sha256_update(hash, part);
        if (to >= 0 && !file_write_all(to, part))
            reason = of_errno();
        *ret_bytes += part.size;
    }
    free(piece);
    return reason;
}

static enum reason run(int from, int to, struct digest *ret_digest, uint64_t *ret_bytes)
{
    struct sha256 hash = {NULL};
    enum reason reason =
        sha256_init(&hash) ? pass(from, to, &hash, ret_bytes) : REASON_OUT_OF_MEMORY;
    if (reason == REASON_NONE)
        sha256_final(&hash, ret_digest);
    sha256_release(&hash);
    return reason;
}

enum reason copy_hash(const char *path, struct digest *ret_digest, uint64_t *ret_bytes)
{
    int file = -1;
    enum reason reason = file_open_regular(path, UINT64_MAX, &file);
    if (reason != REASON_NONE)
        return reason;
    /* From the disk and not from memory, as far as the system can be asked to. */
    (void)posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
    reason = run(file, -1, ret_digest, ret_bytes);
    (void)close(file);
    return reason;
}

enum reason copy_file(const char *from, const char *to, struct digest *ret_digest,
                      uint64_t *ret_bytes)
{
    int source = -1;
    enum reason reason = file_open_regular(from, UINT64_MAX, &source);
    if (reason != REASON_NONE)
        return reason;
    int target = file_create(to, 0600);
    reason = target < 0 ? of_errno() : run(source, target, ret_digest, ret_bytes);
    if (reason == REASON_NONE && fsync(target) != 0)
        reason = of_errno();
    if (target >= 0 && close(target) != 0 && reason == REASON_NONE)
        reason = of_errno();
    (void)close(source);
    return reason;
}

enum reason copy_folders(const char *path)
{
    char folder[PATH_BYTES_MAX];
    if (!path_make(folder, "%s", path))
        return REASON_FIELD_TOO_LONG;
    char *slash = strrchr(folder, '/');
    if (slash == NULL || slash == folder)
        return REASON_NONE;
    *slash = 0;
    return folder_make(folder, 0700);
}
