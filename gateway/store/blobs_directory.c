/* A blob under construction is DIR/partial/<digest>; a finished one is DIR/<2 hex>/<62 hex>.
 * Finishing is fdatasync, rename, fsync of the folder: after a crash a name under its digest is
 * whole.
 *
 * The digest is computed while a file is written, so that finishing reads nothing again; a partial
 * file found after a restart is hashed once when its transfer resumes. A finished file is hashed
 * again before this process first gives it out: bytes that rotted on the disk are refused, not
 * served. The last VERIFIED_MAX digests that passed are remembered. */
#include "gateway/store/blobs_directory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/seal/sha256.h"

enum {
    PARTIALS_MAX = 64, /* files under construction at once */
    READERS_MAX = 16,  /* finished files kept open for reading */
    VERIFIED_MAX = 4096,
    NAME_BYTES = DIGEST_TEXT_BYTES + 16,
    HASH_PIECE_BYTES = 256 * 1024,
};

struct partial {
    int fd; /* -1: free */
    struct digest digest;
    uint64_t size_bytes; /* declared */
    uint64_t written;
    struct sha256 hash;
    uint64_t used; /* for giving up the least recently used */
};

struct reader {
    int fd; /* -1: free */
    struct digest digest;
    uint64_t used;
};

struct blobs_directory {
    struct blobs port;
    int directory;
    uint64_t size_max_bytes;
    struct partial partials[PARTIALS_MAX];
    struct reader readers[READERS_MAX];
    struct digest verified[VERIFIED_MAX];
    size_t verified_next;
    uint64_t clock; /* counts uses */
    uint8_t *piece;
};

static struct blobs_directory *self_of(struct blobs *blobs)
{
    return (struct blobs_directory *)blobs;
}

static enum reason reason_of(int error)
{
    if (error == ENOSPC || error == EDQUOT || error == EFBIG)
        return REASON_STORE_FULL;
    if (error == ENOENT)
        return REASON_NOT_FOUND;
    return error == ENOMEM ? REASON_OUT_OF_MEMORY : REASON_STORE_FAILED;
}

static void partial_name(const struct digest *digest, char ret_name[NAME_BYTES])
{
    char hex[DIGEST_TEXT_BYTES];
    digest_format(digest, hex);
    (void)snprintf(ret_name, NAME_BYTES, "partial/%s", hex);
}

static void final_name(const struct digest *digest, char ret_name[NAME_BYTES])
{
    char hex[DIGEST_TEXT_BYTES];
    digest_format(digest, hex);
    (void)snprintf(ret_name, NAME_BYTES, "%.2s/%s", hex, hex + 2);
}

/* ---- finished files
 * -------------------------------------------------------------------------------- */

static enum reason find(struct blobs *blobs, const struct digest *digest, uint64_t *ret_size_bytes)
{
    struct blobs_directory *self = self_of(blobs);
    char name[NAME_BYTES];
    struct stat status;
    final_name(digest, name);
    if (fstatat(self->directory, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return reason_of(errno);
    *ret_size_bytes = (uint64_t)status.st_size;
    return REASON_NONE;
}

/* Hashes the file from its start; false when it cannot be read. */
static bool hash_file(struct blobs_directory *self, int fd, struct sha256 *hash,
                      uint64_t *ret_size_bytes)
{
    uint64_t offset = 0;
    for (;;) {
        ssize_t count = pread(fd, self->piece, HASH_PIECE_BYTES, (off_t)offset);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return false;
        if (count == 0)
            break;
        sha256_update(hash, (struct bytes){self->piece, (size_t)count});
        offset += (uint64_t)count;
    }
    *ret_size_bytes = offset;
    return true;
}

static bool is_verified(const struct blobs_directory *self, const struct digest *digest)
{
    for (size_t i = 0; i < VERIFIED_MAX; i++) {
        if (digest_equal(&self->verified[i], digest))
            return true;
    }
    return false;
}

static void remember_verified(struct blobs_directory *self, const struct digest *digest)
{
    self->verified[self->verified_next] = *digest;
    self->verified_next = (self->verified_next + 1) % VERIFIED_MAX;
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
    bool hashed = hash_file(self, fd, &hash, &size_bytes);
    if (hashed)
        sha256_final(&hash, &actual);
    sha256_release(&hash);
    if (!hashed)
        return REASON_STORE_FAILED;
    if (!digest_equal(&actual, digest))
        return REASON_STORE_CORRUPT;
    remember_verified(self, digest);
    return REASON_NONE;
}

static enum reason open_reader(struct blobs_directory *self, const struct digest *digest,
                               struct reader **ret_reader)
{
    struct reader *oldest = &self->readers[0];
    for (size_t i = 0; i < READERS_MAX; i++) {
        struct reader *reader = &self->readers[i];
        if (reader->fd >= 0 && digest_equal(&reader->digest, digest)) {
            reader->used = ++self->clock;
            *ret_reader = reader;
            return REASON_NONE;
        }
        if (reader->fd < 0 || (oldest->fd >= 0 && reader->used < oldest->used))
            oldest = reader;
    }
    char name[NAME_BYTES];
    final_name(digest, name);
    int fd = openat(self->directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return reason_of(errno);
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

static enum reason read_content(struct blobs *blobs, const struct digest *digest, uint64_t offset,
                                uint8_t *ret_content, size_t capacity, size_t *ret_size)
{
    struct reader *reader;
    enum reason reason = open_reader(self_of(blobs), digest, &reader);
    if (reason != REASON_NONE)
        return reason;
    ssize_t count;
    do {
        count = pread(reader->fd, ret_content, capacity, (off_t)offset);
    } while (count < 0 && errno == EINTR);
    if (count < 0)
        return reason_of(errno);
    *ret_size = (size_t)count;
    return REASON_NONE;
}

/* ---- files under construction
 * ------------------------------------------------------------------------ */

static void close_partial(struct partial *partial)
{
    if (partial->fd >= 0)
        (void)close(partial->fd);
    sha256_release(&partial->hash);
    *partial = (struct partial){.fd = -1};
}

static struct partial *find_partial(struct blobs_directory *self, const struct digest *digest)
{
    for (size_t i = 0; i < PARTIALS_MAX; i++) {
        struct partial *partial = &self->partials[i];
        if (partial->fd >= 0 && digest_equal(&partial->digest, digest))
            return partial;
    }
    return NULL;
}

/* A free place; the one that was not written to for longest gives way: its file stays. */
static struct partial *free_partial(struct blobs_directory *self)
{
    struct partial *oldest = &self->partials[0];
    for (size_t i = 0; i < PARTIALS_MAX; i++) {
        if (self->partials[i].fd < 0)
            return &self->partials[i];
        if (self->partials[i].used < oldest->used)
            oldest = &self->partials[i];
    }
    close_partial(oldest);
    return oldest;
}

static enum reason open_partial(struct blobs_directory *self, const struct digest *digest,
                                uint64_t size_bytes, struct partial **ret_partial)
{
    char name[NAME_BYTES];
    partial_name(digest, name);
    int fd = openat(self->directory, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return reason_of(errno);
    struct sha256 hash = {0};
    uint64_t written = 0;
    bool hashed = sha256_init(&hash) && hash_file(self, fd, &hash, &written);
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
    *partial = (struct partial){fd, *digest, size_bytes, written, hash, ++self->clock};
    *ret_partial = partial;
    return REASON_NONE;
}

static enum reason begin(struct blobs *blobs, const struct digest *digest, uint64_t size_bytes,
                         uint64_t *ret_offset)
{
    struct blobs_directory *self = self_of(blobs);
    if (size_bytes > self->size_max_bytes)
        return REASON_ATTACHMENT_TOO_LARGE;
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
    struct blobs_directory *self = self_of(blobs);
    char name[NAME_BYTES];
    struct partial *partial = find_partial(self, digest);
    if (partial != NULL)
        close_partial(partial);
    partial_name(digest, name);
    (void)unlinkat(self->directory, name, 0);
}

static enum reason write_content(struct blobs *blobs, const struct digest *digest, uint64_t offset,
                                 struct bytes content)
{
    struct blobs_directory *self = self_of(blobs);
    struct partial *partial = find_partial(self, digest);
    if (partial == NULL)
        return REASON_NOT_FOUND;
    if (offset != partial->written)
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
            enum reason reason = reason_of(count == 0 ? ENOSPC : errno);
            (void)ftruncate(partial->fd, (off_t)partial->written);
            return reason;
        }
        done += (size_t)count;
    }
    sha256_update(&partial->hash, content);
    partial->written += content.size;
    partial->used = ++self->clock;
    /* Written back while more arrives, so that the fsync at the end finds little to do. */
    (void)sync_file_range(partial->fd, (off_t)offset, (off_t)content.size, SYNC_FILE_RANGE_WRITE);
    return REASON_NONE;
}

static enum reason publish(struct blobs_directory *self, const struct digest *digest, int fd)
{
    char from[NAME_BYTES];
    char to[NAME_BYTES];
    char folder[3];
    partial_name(digest, from);
    final_name(digest, to);
    memcpy(folder, to, 2);
    folder[2] = 0;
    if (fdatasync(fd) != 0)
        return reason_of(errno);
    bool is_new = mkdirat(self->directory, folder, 0700) == 0;
    if (!is_new && errno != EEXIST)
        return reason_of(errno);
    if (renameat(self->directory, from, self->directory, to) != 0)
        return reason_of(errno);
    int in = openat(self->directory, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool synced = in >= 0 && fsync(in) == 0 && (!is_new || fsync(self->directory) == 0);
    enum reason reason = synced ? REASON_NONE : reason_of(errno);
    if (in >= 0)
        (void)close(in);
    return reason;
}

static enum reason finish(struct blobs *blobs, const struct digest *digest)
{
    struct blobs_directory *self = self_of(blobs);
    struct partial *partial = find_partial(self, digest);
    struct digest actual;
    if (partial == NULL)
        return REASON_NOT_FOUND;
    if (partial->written < partial->size_bytes)
        return REASON_ATTACHMENT_SHORT;
    sha256_final(&partial->hash, &actual);
    if (!digest_equal(&actual, digest)) {
        abandon(blobs, digest);
        return REASON_ATTACHMENT_DIGEST;
    }
    enum reason reason = publish(self, digest, partial->fd);
    close_partial(partial); /* a later begin hashes the file again */
    if (reason == REASON_NONE)
        remember_verified(self, digest);
    return reason;
}

/* ---- life cycle
 * -------------------------------------------------------------------------------------- */

static void close_directory(struct blobs *blobs)
{
    struct blobs_directory *self = self_of(blobs);
    for (size_t i = 0; i < PARTIALS_MAX; i++)
        close_partial(&self->partials[i]);
    for (size_t i = 0; i < READERS_MAX; i++) {
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
    .find = find,
    .begin = begin,
    .write = write_content,
    .finish = finish,
    .abandon = abandon,
    .read = read_content,
};

static bool make_folder(int directory, const char *name)
{
    return mkdirat(directory, name, 0700) == 0 || errno == EEXIST;
}

enum reason blobs_directory_open(const char *path, uint64_t size_max_bytes,
                                 struct blobs **ret_blobs)
{
    struct blobs_directory *self = calloc(1, sizeof *self);
    if (self == NULL)
        return REASON_OUT_OF_MEMORY;
    self->port.verbs = &verbs;
    self->size_max_bytes = size_max_bytes;
    for (size_t i = 0; i < PARTIALS_MAX; i++)
        self->partials[i].fd = -1;
    for (size_t i = 0; i < READERS_MAX; i++)
        self->readers[i].fd = -1;
    self->piece = malloc(HASH_PIECE_BYTES);
    self->directory = -1;
    if (make_folder(AT_FDCWD, path))
        self->directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (self->piece == NULL || self->directory < 0 || !make_folder(self->directory, "partial")) {
        enum reason reason = self->piece == NULL ? REASON_OUT_OF_MEMORY : REASON_STORE_FAILED;
        close_directory(&self->port);
        return reason;
    }
    *ret_blobs = &self->port;
    return REASON_NONE;
}
