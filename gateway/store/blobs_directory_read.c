/* Finished files. One is hashed before this process first gives it out: bytes that rotted on the
 * disk are refused, not served. The last BLOB_VERIFIED_MAX digests that passed are remembered. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/store/blobs_directory_parts.h"

enum reason blobs_directory_reason(int error)
{
    if (error == ENOSPC || error == EDQUOT || error == EFBIG)
        return REASON_STORE_FULL;
    if (error == ENOENT)
        return REASON_NOT_FOUND;
    return error == ENOMEM ? REASON_OUT_OF_MEMORY : REASON_STORE_FAILED;
}

void blobs_directory_final_name(const struct digest *digest, char ret_name[BLOB_NAME_BYTES])
{
    char hex[DIGEST_TEXT_BYTES];
    digest_format(digest, hex);
    (void)snprintf(ret_name, BLOB_NAME_BYTES, "%.2s/%s", hex, hex + 2);
}

/* Read from offset on: when a stride is behind us and is not of the file's beginning, it need not
 * stay in the page cache. */
static void pass_by(int fd, uint64_t offset, size_t size)
{
    uint64_t stride = offset / BLOB_STRIDE_BYTES * BLOB_STRIDE_BYTES;
    if (stride >= BLOB_CACHED_BYTES && offset + size >= stride + BLOB_STRIDE_BYTES)
        (void)posix_fadvise(fd, (off_t)stride, BLOB_STRIDE_BYTES, POSIX_FADV_DONTNEED);
}

enum reason blobs_directory_find(struct blobs *blobs, const struct digest *digest,
                                 uint64_t *ret_size_bytes)
{
    struct blobs_directory *self = blobs_directory_of(blobs);
    char name[BLOB_NAME_BYTES];
    struct stat status;
    blobs_directory_final_name(digest, name);
    if (fstatat(self->directory, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return blobs_directory_reason(errno);
    *ret_size_bytes = (uint64_t)status.st_size;
    return REASON_NONE;
}

bool blobs_directory_hash(struct blobs_directory *self, int fd, struct sha256 *hash,
                          uint64_t *ret_size_bytes)
{
    uint64_t offset = 0;
    for (;;) {
        ssize_t count = pread(fd, self->piece, BLOB_PIECE_BYTES, (off_t)offset);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return false;
        if (count == 0)
            break;
        sha256_update(hash, (struct bytes){self->piece, (size_t)count});
        pass_by(fd, offset, (size_t)count);
        offset += (uint64_t)count;
    }
    *ret_size_bytes = offset;
    return true;
}

static bool is_verified(const struct blobs_directory *self, const struct digest *digest)
{
    for (size_t i = 0; i < BLOB_VERIFIED_MAX; i++) {
        if (digest_equal(&self->verified[i], digest))
            return true;
    }
    return false;
}

void blobs_directory_verified(struct blobs_directory *self, const struct digest *digest)
{
    self->verified[self->verified_next] = *digest;
    self->verified_next = (self->verified_next + 1) % BLOB_VERIFIED_MAX;
}

static enum reason verify(struct blobs_directory *self, int fd, const struct digest *digest)
{
    struct sha256 hash = {0};
    struct digest actual;
    uint64_t size_bytes;
    if (is_verified(self, digest))
        return REASON_NONE;
    if (!sha256_init(&hash))
        return REASON_OUT_OF_MEMORY;
    bool hashed = blobs_directory_hash(self, fd, &hash, &size_bytes);
    if (hashed)
        sha256_final(&hash, &actual);
    sha256_release(&hash);
    if (!hashed)
        return REASON_STORE_FAILED;
    if (!digest_equal(&actual, digest))
        return REASON_STORE_CORRUPT;
    blobs_directory_verified(self, digest);
    return REASON_NONE;
}

static enum reason open_reader(struct blobs_directory *self, const struct digest *digest,
                               struct reader **ret_reader)
{
    struct reader *oldest = &self->readers[0];
    for (size_t i = 0; i < BLOB_READERS_MAX; i++) {
        struct reader *reader = &self->readers[i];
        if (reader->fd >= 0 && digest_equal(&reader->digest, digest)) {
            reader->used = ++self->clock;
            *ret_reader = reader;
            return REASON_NONE;
        }
        if (reader->fd < 0 || (oldest->fd >= 0 && reader->used < oldest->used))
            oldest = reader;
    }
    char name[BLOB_NAME_BYTES];
    blobs_directory_final_name(digest, name);
    int fd = openat(self->directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return blobs_directory_reason(errno);
    enum reason reason = verify(self, fd, digest);
    if (reason != REASON_NONE) {
        (void)close(fd);
        return reason;
    }
    if (oldest->fd >= 0)
        (void)close(oldest->fd);
    *oldest = (struct reader){fd, *digest, ++self->clock};
    *ret_reader = oldest;
    return REASON_NONE;
}

enum reason blobs_directory_read(struct blobs *blobs, const struct digest *digest, uint64_t offset,
                                 uint8_t *ret_content, size_t capacity, size_t *ret_size)
{
    struct reader *reader;
    enum reason reason = open_reader(blobs_directory_of(blobs), digest, &reader);
    if (reason != REASON_NONE)
        return reason;
    ssize_t count;
    do {
        count = pread(reader->fd, ret_content, capacity, (off_t)offset);
    } while (count < 0 && errno == EINTR);
    if (count < 0)
        return blobs_directory_reason(errno);
    pass_by(reader->fd, offset, (size_t)count);
    *ret_size = (size_t)count;
    return REASON_NONE;
}
