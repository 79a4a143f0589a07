/* Finished files. One is hashed before this process first gives it out: bytes that rotted on the
 * disk are put aside, not served. The last BLOB_VERIFIED_MAX digests that passed are remembered. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/store/blobs_directory_parts.h"

/* A file that is larger than the file system or a quota allows is "full" too: the same person has
 * to make room. */
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
void blobs_directory_pass_by(int fd, uint64_t offset, size_t size)
{
    uint64_t stride = offset / BLOB_STRIDE_BYTES * BLOB_STRIDE_BYTES;
    if (stride >= BLOB_CACHED_BYTES && offset + size >= stride + BLOB_STRIDE_BYTES)
        (void)posix_fadvise(fd, (off_t)stride, BLOB_STRIDE_BYTES, POSIX_FADV_DONTNEED);
}

/* By name and size alone: whether the bytes are still right is looked at when they are read. */
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

/* In this process: a disk that is changed while it is switched off is looked at again. */
static bool is_verified(const struct blobs_directory *self, const struct digest *digest)
{
    for (size_t i = 0; i < BLOB_VERIFIED_MAX; i++) {
        if (digest_equal(&self->verified[i], digest))
            return true;
    }
    return false;
}

/* A ring: the one that passed longest ago is hashed again when it is asked for, which costs time
 * and nothing else. */
void blobs_directory_verified(struct blobs_directory *self, const struct digest *digest)
{
    self->verified[self->verified_next] = *digest;
    self->verified_next = (self->verified_next + 1) % BLOB_VERIFIED_MAX;
}

static void forget_verified(struct blobs_directory *self, const struct digest *digest)
{
    for (size_t i = 0; i < BLOB_VERIFIED_MAX; i++) {
        if (digest_equal(&self->verified[i], digest))
            self->verified[i] = (struct digest){0};
    }
}

void blobs_directory_doubt(struct blobs *blobs, const struct digest *digest)
{
    struct blobs_directory *self = blobs_directory_of(blobs);
    forget_verified(self, digest);
    for (size_t i = 0; i < BLOB_READERS_MAX; i++) {
        struct reader *reader = &self->readers[i];
        if (reader->fd < 0 || !digest_equal(&reader->digest, digest))
            continue;
        /* What the disk has counts, not what was read of it before. */
        (void)posix_fadvise(reader->fd, 0, 0, POSIX_FADV_DONTNEED);
        (void)close(reader->fd);
        reader->fd = -1;
    }
}

/* A kill before its folder is on the disk may bring it back: whoever wanted it gone asks again. */
void blobs_directory_remove(struct blobs *blobs, const struct digest *digest)
{
    char name[BLOB_NAME_BYTES];
    blobs_directory_doubt(blobs, digest);
    blobs_directory_final_name(digest, name);
    (void)unlinkat(blobs_directory_of(blobs)->directory, name, 0);
}

/* It is none of the messages' that name it; who restores a backup may want to look at it. */
static void put_aside(struct blobs_directory *self, const struct digest *digest)
{
    char from[BLOB_NAME_BYTES];
    char to[BLOB_NAME_BYTES];
    char hex[DIGEST_TEXT_BYTES];
    blobs_directory_final_name(digest, from);
    digest_format(digest, hex);
    (void)snprintf(to, sizeof to, "damaged/%s", hex);
    (void)renameat(self->directory, from, self->directory, to);
}

/* A short one is hashed at once. */
static enum reason hash_short(struct blobs_directory *self, int fd, size_t size,
                              struct digest *ret_digest)
{
    ssize_t count;
    do {
        count = pread(fd, self->piece, size, 0);
    } while (count < 0 && errno == EINTR);
    if (count < 0 || (size_t)count != size)
        return REASON_STORE_FAILED;
    struct bytes content = {self->piece, size};
    sha256_parts(&content, 1, ret_digest);
    return REASON_NONE;
}

static struct verifying *find_verifying(struct blobs_directory *self, const struct digest *digest)
{
    for (size_t i = 0; i < BLOB_VERIFYING_MAX; i++) {
        struct verifying *verifying = &self->verifying[i];
        if (verifying->is_used && digest_equal(&verifying->digest, digest))
            return verifying;
    }
    return NULL;
}

/* A free one, or one whose outcome nobody came for. */
static struct verifying *take_verifying(struct blobs_directory *self)
{
    for (size_t i = 0; i < BLOB_VERIFYING_MAX; i++) {
        struct verifying *verifying = &self->verifying[i];
        if (!verifying->is_used || work_is_done(&self->work, &verifying->job))
            return verifying;
    }
    return NULL;
}

/* BUSY until the worker has read it. The place stays taken until somebody asks for the outcome, or
 * another file needs it. */
static enum reason hash_long(struct blobs_directory *self, const struct digest *digest,
                             uint64_t size_bytes, struct digest *ret_digest)
{
    struct verifying *verifying = find_verifying(self, digest);
    if (verifying == NULL) {
        verifying = take_verifying(self);
        if (verifying == NULL)
            return REASON_BUSY;
        sha256_release(&verifying->job.hash);
        *verifying = (struct verifying){.is_used = true, .digest = *digest};
        verifying->job = (struct job){.kind = JOB_HASH, .until = size_bytes};
        blobs_directory_final_name(digest, verifying->job.from);
        work_submit(&self->work, &verifying->job);
    }
    if (!work_is_done(&self->work, &verifying->job))
        return REASON_BUSY;
    enum reason reason = verifying->job.outcome;
    if (reason == REASON_NONE)
        sha256_final(&verifying->job.hash, ret_digest);
    sha256_release(&verifying->job.hash);
    verifying->is_used = false;
    return reason == REASON_STORE_CORRUPT ? REASON_BUSY : reason; /* another one took its name */
}

static enum reason verify(struct blobs_directory *self, int fd, const struct digest *digest)
{
    struct digest actual;
    struct stat status;
    if (is_verified(self, digest))
        return REASON_NONE;
    if (fstat(fd, &status) != 0)
        return REASON_STORE_FAILED;
    uint64_t size_bytes = (uint64_t)status.st_size;
    enum reason reason = size_bytes <= BLOB_PIECE_BYTES
                             ? hash_short(self, fd, (size_t)size_bytes, &actual)
                             : hash_long(self, digest, size_bytes, &actual);
    if (reason != REASON_NONE)
        return reason;
    if (!digest_equal(&actual, digest)) {
        put_aside(self, digest);
        return REASON_STORE_CORRUPT;
    }
    blobs_directory_verified(self, digest);
    return REASON_NONE;
}

/* A descriptor is kept for the pieces that follow; the one that was not asked for longest goes. */
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
    blobs_directory_pass_by(reader->fd, offset, (size_t)count);
    *ret_size = (size_t)count;
    return REASON_NONE;
}
