/* A blob under construction is DIR/partial/<digest>; a finished one is DIR/<2 hex>/<62 hex>.
 * Finishing is fdatasync, rename, fsync of the folder: after a crash a name under its digest is
 * whole.
 *
 * The digest is computed while a file is written, so that finishing reads nothing again; a partial
 * file found after a restart is hashed once when its transfer resumes. A blob without a digest yet
 * is DIR/partial/unnamed-<number>; nobody can resume it, so it goes when the directory is opened.
 */
#include "gateway/store/blobs_directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/store/blobs_directory_parts.h"

#define UNNAMED "unnamed-"

static void partial_name(const struct digest *digest, bool is_unnamed,
                         char ret_name[BLOB_NAME_BYTES])
{
    char hex[DIGEST_TEXT_BYTES];
    digest_format(digest, hex);
    (void)snprintf(ret_name, BLOB_NAME_BYTES, "partial/%s%s", is_unnamed ? UNNAMED : "", hex);
}

static void close_partial(struct partial *partial)
{
    if (partial->fd >= 0)
        (void)close(partial->fd);
    sha256_release(&partial->hash);
    *partial = (struct partial){.fd = -1};
}

static void remove_partial(struct blobs_directory *self, struct partial *partial)
{
    char name[BLOB_NAME_BYTES];
    partial_name(&partial->digest, partial->is_unnamed, name);
    close_partial(partial);
    (void)unlinkat(self->directory, name, 0);
}

static struct partial *find_partial(struct blobs_directory *self, const struct digest *digest)
{
    for (size_t i = 0; i < BLOB_PARTIALS_MAX; i++) {
        struct partial *partial = &self->partials[i];
        if (partial->fd >= 0 && digest_equal(&partial->digest, digest))
            return partial;
    }
    return NULL;
}

/* A free place; the one that was not written to for longest gives way. Its file stays, unless
 * nobody can find it again. */
static struct partial *free_partial(struct blobs_directory *self)
{
    struct partial *oldest = &self->partials[0];
    for (size_t i = 0; i < BLOB_PARTIALS_MAX; i++) {
        if (self->partials[i].fd < 0)
            return &self->partials[i];
        if (self->partials[i].used < oldest->used)
            oldest = &self->partials[i];
    }
    if (oldest->is_unnamed)
        remove_partial(self, oldest);
    else
        close_partial(oldest);
    return oldest;
}

static enum reason open_partial(struct blobs_directory *self, const struct digest *digest,
                                uint64_t size_bytes, struct partial **ret_partial)
{
    char name[BLOB_NAME_BYTES];
    partial_name(digest, false, name);
    int fd = openat(self->directory, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return blobs_directory_reason(errno);
    struct sha256 hash = {0};
    uint64_t written = 0;
    bool hashed = sha256_init(&hash) && blobs_directory_hash(self, fd, &hash, &written);
    if (hashed && written > size_bytes) { /* left by a message that declared another size */
        hashed = ftruncate(fd, 0) == 0 && sha256_init(&hash);
        written = 0;
    }
    if (!hashed) {
        sha256_release(&hash);
        (void)close(fd);
        return REASON_STORE_FAILED;
    }
    struct partial *partial = free_partial(self);
    *partial = (struct partial){.fd = fd,
                                .digest = *digest,
                                .size_bytes = size_bytes,
                                .written = written,
                                .written_back = written,
                                .hash = hash,
                                .used = ++self->clock};
    *ret_partial = partial;
    return REASON_NONE;
}

static enum reason begin(struct blobs *blobs, const struct digest *digest, uint64_t size_bytes,
                         uint64_t *ret_offset)
{
    struct blobs_directory *self = blobs_directory_of(blobs);
    if (size_bytes > self->size_max_bytes)
        return REASON_ATTACHMENT_TOO_LARGE;
    if (blobs_is_stand_in(digest))
        return REASON_ATTACHMENT_DIGEST;
    struct partial *partial = find_partial(self, digest);
    if (partial != NULL && partial->size_bytes != size_bytes) {
        close_partial(partial);
        partial = NULL;
    }
    if (partial == NULL) {
        enum reason reason = open_partial(self, digest, size_bytes, &partial);
        if (reason != REASON_NONE)
            return reason;
    }
    *ret_offset = partial->written;
    return REASON_NONE;
}

static void abandon(struct blobs *blobs, const struct digest *digest)
{
    struct blobs_directory *self = blobs_directory_of(blobs);
    char name[BLOB_NAME_BYTES];
    struct partial *partial = find_partial(self, digest);
    if (partial != NULL) {
        remove_partial(self, partial);
        return;
    }
    partial_name(digest, false, name);
    (void)unlinkat(self->directory, name, 0);
}

static enum reason begin_unnamed(struct blobs *blobs, struct digest *ret_stand_in)
{
    struct blobs_directory *self = blobs_directory_of(blobs);
    char name[BLOB_NAME_BYTES];
    struct digest stand_in = blobs_stand_in(++self->unnamed);
    partial_name(&stand_in, true, name);
    struct sha256 hash = {0};
    if (!sha256_init(&hash))
        return REASON_OUT_OF_MEMORY;
    int fd =
        openat(self->directory, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        enum reason reason = blobs_directory_reason(errno);
        sha256_release(&hash);
        return reason;
    }
    struct partial *partial = free_partial(self);
    *partial = (struct partial){.fd = fd,
                                .digest = stand_in,
                                .size_bytes = self->size_max_bytes,
                                .hash = hash,
                                .is_unnamed = true,
                                .used = ++self->clock};
    *ret_stand_in = stand_in;
    return REASON_NONE;
}

/* Another partial form of the same file gives way: this one is whole. */
static enum reason name_blob(struct blobs *blobs, const struct digest *stand_in,
                             struct digest *ret_digest, uint64_t *ret_size_bytes)
{
    struct blobs_directory *self = blobs_directory_of(blobs);
    struct partial *partial = find_partial(self, stand_in);
    char from[BLOB_NAME_BYTES];
    char to[BLOB_NAME_BYTES];
    if (partial == NULL || !partial->is_unnamed)
        return REASON_NOT_FOUND;
    struct digest digest;
    sha256_final(&partial->hash, &digest);
    struct partial *other = find_partial(self, &digest);
    if (other != NULL)
        close_partial(other);
    partial_name(stand_in, true, from);
    partial_name(&digest, false, to);
    if (renameat(self->directory, from, self->directory, to) != 0) {
        enum reason reason = blobs_directory_reason(errno);
        remove_partial(self, partial);
        return reason;
    }
    partial->digest = digest;
    partial->size_bytes = partial->written;
    partial->is_unnamed = false;
    partial->is_hashed = true;
    *ret_digest = digest;
    *ret_size_bytes = partial->size_bytes;
    return REASON_NONE;
}

/* Whole strides are written back while more arrives, so that the fsync at the end finds little to
 * do; the stride before is waited for, so that a disk that is slower than the sender slows the
 * sender, and not everybody at the end. False: bytes were lost; the kernel says so only once. */
static bool write_back(struct partial *partial)
{
    const unsigned wait =
        SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
    uint64_t from = partial->written_back;
    if (partial->written - from < BLOB_STRIDE_BYTES)
        return true;
    bool is_kept = sync_file_range(partial->fd, (off_t)from, (off_t)(partial->written - from),
                                   SYNC_FILE_RANGE_WRITE) == 0;
    partial->written_back = partial->written;
    if (from >= BLOB_STRIDE_BYTES) {
        off_t before = (off_t)(from - BLOB_STRIDE_BYTES);
        is_kept = sync_file_range(partial->fd, before, BLOB_STRIDE_BYTES, wait) == 0 && is_kept;
        if (from > BLOB_CACHED_BYTES)
            (void)posix_fadvise(partial->fd, before, BLOB_STRIDE_BYTES, POSIX_FADV_DONTNEED);
    }
    return is_kept || errno == ENOSYS;
}

static enum reason write_content(struct blobs *blobs, const struct digest *digest, uint64_t offset,
                                 struct bytes content)
{
    struct blobs_directory *self = blobs_directory_of(blobs);
    struct partial *partial = find_partial(self, digest);
    if (partial == NULL)
        return REASON_NOT_FOUND;
    if (offset != partial->written || partial->is_hashed)
        return REASON_FIELD_INVALID;
    if (content.size > partial->size_bytes - partial->written)
        return REASON_ATTACHMENT_LONG;
    for (size_t done = 0; done < content.size;) {
        ssize_t count =
            pwrite(partial->fd, content.data + done, content.size - done, (off_t)(offset + done));
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0) {
            /* What was there before stays; the piece that did not fit is cut off again. */
            enum reason reason = blobs_directory_reason(count == 0 ? ENOSPC : errno);
            (void)ftruncate(partial->fd, (off_t)partial->written);
            return reason;
        }
        done += (size_t)count;
    }
    sha256_update(&partial->hash, content);
    partial->written += content.size;
    partial->used = ++self->clock;
    if (write_back(partial))
        return REASON_NONE;
    enum reason reason = blobs_directory_reason(errno);
    remove_partial(self, partial);
    return reason;
}

static enum reason publish(struct blobs_directory *self, const struct digest *digest, int fd)
{
    char from[BLOB_NAME_BYTES];
    char to[BLOB_NAME_BYTES];
    char folder[3];
    partial_name(digest, false, from);
    blobs_directory_final_name(digest, to);
    memcpy(folder, to, 2);
    folder[2] = 0;
    if (fdatasync(fd) != 0)
        return blobs_directory_reason(errno);
    bool is_new = mkdirat(self->directory, folder, 0700) == 0;
    if (!is_new && errno != EEXIST)
        return blobs_directory_reason(errno);
    if (renameat(self->directory, from, self->directory, to) != 0)
        return blobs_directory_reason(errno);
    int in = openat(self->directory, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool synced = in >= 0 && fsync(in) == 0 && (!is_new || fsync(self->directory) == 0);
    enum reason reason = synced ? REASON_NONE : blobs_directory_reason(errno);
    if (in >= 0)
        (void)close(in);
    return reason;
}

static enum reason finish(struct blobs *blobs, const struct digest *digest)
{
    struct blobs_directory *self = blobs_directory_of(blobs);
    struct partial *partial = find_partial(self, digest);
    struct digest actual = *digest;
    if (partial == NULL || partial->is_unnamed)
        return REASON_NOT_FOUND;
    if (partial->written < partial->size_bytes)
        return REASON_ATTACHMENT_SHORT;
    if (!partial->is_hashed)
        sha256_final(&partial->hash, &actual);
    if (!digest_equal(&actual, digest)) {
        abandon(blobs, digest);
        return REASON_ATTACHMENT_DIGEST;
    }
    enum reason reason = publish(self, digest, partial->fd);
    close_partial(partial); /* a later begin hashes the file again */
    if (reason == REASON_NONE)
        blobs_directory_verified(self, digest);
    return reason;
}

/* ---- life cycle
 * -------------------------------------------------------------------------------------- */

static void close_directory(struct blobs *blobs)
{
    struct blobs_directory *self = blobs_directory_of(blobs);
    for (size_t i = 0; i < BLOB_PARTIALS_MAX; i++) {
        if (self->partials[i].is_unnamed)
            remove_partial(self, &self->partials[i]);
        close_partial(&self->partials[i]);
    }
    for (size_t i = 0; i < BLOB_READERS_MAX; i++) {
        if (self->readers[i].fd >= 0)
            (void)close(self->readers[i].fd);
    }
    if (self->directory >= 0)
        (void)close(self->directory);
    free(self->piece);
    free(self);
}

static const struct blobs_verbs verbs = {
    .close = close_directory,
    .find = blobs_directory_find,
    .begin = begin,
    .begin_unnamed = begin_unnamed,
    .name = name_blob,
    .write = write_content,
    .finish = finish,
    .abandon = abandon,
    .read = blobs_directory_read,
};

static bool make_folder(int directory, const char *name)
{
    return mkdirat(directory, name, 0700) == 0 || errno == EEXIST;
}

/* What was begun without a digest by a process that is no more. */
static bool clear_unnamed(int directory)
{
    int fd = openat(directory, "partial", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *partial = fd < 0 ? NULL : fdopendir(fd);
    if (partial == NULL) {
        if (fd >= 0)
            (void)close(fd);
        return false;
    }
    for (const struct dirent *file; (file = readdir(partial)) != NULL;) {
        if (strncmp(file->d_name, UNNAMED, strlen(UNNAMED)) == 0)
            (void)unlinkat(fd, file->d_name, 0);
    }
    return closedir(partial) == 0;
}

enum reason blobs_directory_open(const char *path, uint64_t size_max_bytes,
                                 struct blobs **ret_blobs)
{
    struct blobs_directory *self = calloc(1, sizeof *self);
    if (self == NULL)
        return REASON_OUT_OF_MEMORY;
    self->port.verbs = &verbs;
    self->size_max_bytes = size_max_bytes;
    for (size_t i = 0; i < BLOB_PARTIALS_MAX; i++)
        self->partials[i].fd = -1;
    for (size_t i = 0; i < BLOB_READERS_MAX; i++)
        self->readers[i].fd = -1;
    self->piece = malloc(BLOB_PIECE_BYTES);
    self->directory = -1;
    if (make_folder(AT_FDCWD, path))
        self->directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (self->piece == NULL || self->directory < 0 || !make_folder(self->directory, "partial") ||
        !clear_unnamed(self->directory)) {
        enum reason reason = self->piece == NULL ? REASON_OUT_OF_MEMORY : REASON_STORE_FAILED;
        close_directory(&self->port);
        return reason;
    }
    *ret_blobs = &self->port;
    return REASON_NONE;
}
