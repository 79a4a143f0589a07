/* Files copied, hashed and flushed. */
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ops/backup/backup_parts.h"

enum { PIECE_BYTES = 1024 * 1024 };

static enum reason of_errno(void)
{
    return errno == ENOSPC || errno == EDQUOT ? REASON_STORE_FULL : REASON_STORE_FAILED;
}

static bool write_all(int file, const uint8_t *data, size_t size)
{
    while (size > 0) {
        ssize_t count = write(file, data, size);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return false;
        data += count;
        size -= (size_t)count;
    }
    return true;
}

/* to: -1: hash only. */
static enum reason pass(int from, int to, EVP_MD_CTX *hash, struct digest *ret_digest,
                        uint64_t *ret_bytes)
{
    uint8_t *piece = malloc(PIECE_BYTES);
    enum reason reason = piece == NULL || EVP_DigestInit_ex2(hash, EVP_sha256(), NULL) != 1
                             ? REASON_OUT_OF_MEMORY
                             : REASON_NONE;
    *ret_bytes = 0;
    while (reason == REASON_NONE) {
        ssize_t count = read(from, piece, PIECE_BYTES);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            reason = REASON_FILE_UNREADABLE;
        if (count <= 0)
            break;
        if (EVP_DigestUpdate(hash, piece, (size_t)count) != 1)
            reason = REASON_OUT_OF_MEMORY;
        else if (to >= 0 && !write_all(to, piece, (size_t)count))
            reason = of_errno();
        *ret_bytes += (uint64_t)count;
    }
    free(piece);
    if (reason == REASON_NONE && EVP_DigestFinal_ex(hash, ret_digest->bytes, NULL) != 1)
        return REASON_OUT_OF_MEMORY;
    return reason;
}

static enum reason run(int from, int to, struct digest *ret_digest, uint64_t *ret_bytes)
{
    EVP_MD_CTX *hash = EVP_MD_CTX_new();
    enum reason reason =
        hash == NULL ? REASON_OUT_OF_MEMORY : pass(from, to, hash, ret_digest, ret_bytes);
    EVP_MD_CTX_free(hash);
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
    int target = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
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

enum reason copy_sync_folder(const char *path)
{
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool is_synced = folder >= 0 && fsync(folder) == 0;
    if (folder >= 0)
        (void)close(folder);
    return is_synced ? REASON_NONE : REASON_STORE_FAILED;
}
