/* Who has which partial file: a share for each source, so that nobody pushes out another's. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "gateway/store/blobs_directory_parts.h"

/* DIR/partial/<source>_<digest>; no key ends a name as an unnamed one's does. */
#define FOLDER  "partial/"
#define UNNAMED "unnamed-"

enum { OUTCOME_AGE_S = 60 }; /* that nobody asked for */

/* CLOCK_BOOTTIME goes on while the machine sleeps and is not set by anybody: the age of a file must
 * not jump with the clock of the day. */
int64_t blobs_directory_now_s(void)
{
    struct timespec now;
    return clock_gettime(CLOCK_BOOTTIME, &now) == 0 ? (int64_t)now.tv_sec : 0;
}

void partial_name(const struct partial *partial, char ret_name[BLOB_NAME_BYTES])
{
    char hex[DIGEST_TEXT_BYTES];
    digest_format(&partial->digest, hex);
    if (partial->is_unnamed)
        (void)snprintf(ret_name, BLOB_NAME_BYTES, FOLDER UNNAMED "%s", hex);
    else
        (void)snprintf(ret_name, BLOB_NAME_BYTES, FOLDER "%s_%s", partial->source.text, hex);
}

struct partial *partial_find(struct blobs_directory *self, const struct key *source,
                             const struct digest *digest)
{
    for (size_t i = 0; i < self->partial_limit; i++) {
        struct partial *partial = &self->partials[i];
        if (partial->state != PARTIAL_NONE && partial->state != PARTIAL_ENDING &&
            digest_equal(&partial->digest, digest) && key_equal(&partial->source, source))
            return partial;
    }
    return NULL;
}

/* ---- its file ---- */

void partial_close(struct blobs_directory *self, struct partial *partial)
{
    if (partial->fd < 0)
        return;
    (void)close(partial->fd);
    partial->fd = -1;
    self->open_files--;
}

/* Of those that are open, the one that was not used for longest. */
static void close_oldest(struct blobs_directory *self)
{
    struct partial *oldest = NULL;
    for (size_t i = 0; i < self->partial_limit; i++) {
        struct partial *partial = &self->partials[i];
        if (partial->state != PARTIAL_NONE && partial->fd >= 0 &&
            (oldest == NULL || partial->used < oldest->used))
            oldest = partial;
    }
    if (oldest != NULL)
        partial_close(self, oldest);
}

enum reason partial_open(struct blobs_directory *self, struct partial *partial)
{
    char name[BLOB_NAME_BYTES];
    partial->used = ++self->clock;
    if (partial->fd >= 0)
        return REASON_NONE;
    if (self->open_files >= BLOB_FILES_MAX)
        close_oldest(self);
    partial_name(partial, name);
    int how = partial->written == 0 ? O_CREAT | O_TRUNC : 0;
    partial->fd = openat(self->directory, name, how | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (partial->fd < 0)
        return blobs_directory_reason(errno);
    self->open_files++;
    return REASON_NONE;
}

/* ---- places ---- */

static void free_place(struct blobs_directory *self, struct partial *partial)
{
    sha256_release(&partial->hash);
    sha256_release(&partial->job.hash);
    *partial = (struct partial){.fd = -1};
    while (self->partial_limit > 0 && self->partials[self->partial_limit - 1].state == PARTIAL_NONE)
        self->partial_limit--;
}

void partial_remove(struct blobs_directory *self, struct partial *partial)
{
    char name[BLOB_NAME_BYTES];
    partial_name(partial, name);
    partial_close(self, partial);
    (void)unlinkat(self->directory, name, 0);
    if (work_is_done(&self->work, &partial->job))
        free_place(self, partial);
    else
        partial->state = PARTIAL_ENDING;
}

void partial_sweep(struct blobs_directory *self)
{
    int64_t now_s = blobs_directory_now_s();
    for (size_t i = self->partial_limit; i-- > 0;) {
        struct partial *partial = &self->partials[i];
        bool is_idle = partial->state == PARTIAL_OPEN || partial->state == PARTIAL_FOUND;
        bool is_done = work_is_done(&self->work, &partial->job);
        if (partial->state == PARTIAL_ENDING && is_done)
            free_place(self, partial);
        else if (partial->state == PARTIAL_PUBLISHING && is_done &&
                 now_s - partial->progress_s > OUTCOME_AGE_S)
            free_place(self, partial);
        else if (is_idle && now_s - partial->progress_s > BLOBS_PARTIAL_AGE_S)
            partial_remove(self, partial);
    }
}

/* Of any state: also one that ends, since its file is still there. */
static size_t count_of(const struct blobs_directory *self, const struct key *source)
{
    size_t count = 0;
    for (size_t i = 0; i < self->partial_limit; i++)
        count +=
            self->partials[i].state != PARTIAL_NONE && key_equal(&self->partials[i].source, source);
    return count;
}

/* The source's that got its last byte first. None that somebody writes without being able to begin
 * again, or that a job works on. */
static struct partial *oldest_of(struct blobs_directory *self, const struct key *source)
{
    struct partial *oldest = NULL;
    for (size_t i = 0; i < self->partial_limit; i++) {
        struct partial *partial = &self->partials[i];
        bool is_idle = partial->state == PARTIAL_FOUND ||
                       (partial->state == PARTIAL_OPEN && !partial->is_unnamed &&
                        work_is_done(&self->work, &partial->job));
        if (is_idle && key_equal(&partial->source, source) &&
            (oldest == NULL || partial->used < oldest->used))
            oldest = partial;
    }
    return oldest;
}

/* All places are taken: of the source that has most of them. */
static struct partial *oldest_of_largest(struct blobs_directory *self)
{
    struct partial *largest = NULL;
    size_t most = 0;
    for (size_t i = 0; i < self->partial_limit; i++) {
        size_t count = count_of(self, &self->partials[i].source);
        if (count <= most)
            continue;
        struct partial *oldest = oldest_of(self, &self->partials[i].source);
        if (oldest == NULL)
            continue;
        largest = oldest;
        most = count;
    }
    return largest;
}

/* A source that has its full share gives up its own oldest one; only when all places are taken, and
 * it has fewer than its share, does another's go, of whoever has most. */
enum reason partial_take(struct blobs_directory *self, const struct key *source, bool is_unnamed,
                         struct partial **ret_partial)
{
    partial_sweep(self);
    size_t free_at = self->partial_limit;
    for (size_t i = 0; i < self->partial_limit; i++) {
        if (self->partials[i].state == PARTIAL_NONE)
            free_at = i;
    }
    struct partial *partial = NULL;
    if (count_of(self, source) >= BLOBS_SOURCE_PARTIALS_MAX)
        partial = is_unnamed ? NULL : oldest_of(self, source);
    else if (free_at < BLOBS_PARTIALS_MAX)
        partial = &self->partials[free_at];
    else
        partial = oldest_of_largest(self);
    if (partial == NULL)
        return REASON_BUSY;
    if (partial->state != PARTIAL_NONE)
        partial_remove(self, partial);
    size_t index = (size_t)(partial - self->partials);
    if (index >= self->partial_limit)
        self->partial_limit = index + 1;
    *partial = (struct partial){.source = *source,
                                .is_unnamed = is_unnamed,
                                .fd = -1,
                                .used = ++self->clock,
                                .progress_s = blobs_directory_now_s()};
    *ret_partial = partial;
    return REASON_NONE;
}

/* A source may have as much on the way as it leaves free: so a disk is never full for the others
 * because one announced more than there is. */
enum reason partial_check_disk(struct blobs_directory *self, const struct key *source,
                               uint64_t remaining_bytes)
{
    struct statvfs disk;
    if (fstatvfs(self->directory, &disk) != 0)
        return blobs_directory_reason(errno);
    uint64_t whole = (uint64_t)disk.f_blocks * disk.f_frsize;
    uint64_t free_bytes = (uint64_t)disk.f_bavail * disk.f_frsize;
    uint64_t reserve = whole / 16 < BLOBS_RESERVE_BYTES ? whole / 16 : BLOBS_RESERVE_BYTES;
    for (size_t i = 0; i < self->partial_limit; i++) {
        const struct partial *partial = &self->partials[i];
        if (partial->state == PARTIAL_OPEN && !partial->is_unnamed &&
            key_equal(&partial->source, source))
            remaining_bytes += partial->size_bytes - partial->written;
    }
    return free_bytes >= reserve && remaining_bytes <= (free_bytes - reserve) / 2
               ? REASON_NONE
               : REASON_STORE_FULL;
}

/* ---- at the start ---- */

/* From the end, because a key may have an underscore in it and a digest has none. */
static bool parse_name(const char *name, struct key *ret_source, struct digest *ret_digest)
{
    size_t size = strlen(name);
    size_t hex = DIGEST_TEXT_BYTES - 1;
    return size > hex + 1 && name[size - hex - 1] == '_' &&
           digest_parse(bytes_of_text(name + size - hex), ret_digest) &&
           key_parse((struct bytes){(const uint8_t *)name, size - hex - 1}, ret_source);
}

/* What was received before a crash is gone on with; what no transfer would look for is removed. */
static bool adopt(struct blobs_directory *self, int folder, const char *name)
{
    struct key source;
    struct digest digest;
    struct stat status;
    struct timespec now;
    struct partial *partial;
    if (!parse_name(name, &source, &digest) ||
        fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(status.st_mode) ||
        status.st_size == 0 || clock_gettime(CLOCK_REALTIME, &now) != 0)
        return false;
    int64_t age_s = (int64_t)(now.tv_sec - status.st_mtime);
    if (age_s > BLOBS_PARTIAL_AGE_S || count_of(self, &source) >= BLOBS_SOURCE_PARTIALS_MAX ||
        partial_take(self, &source, false, &partial) != REASON_NONE)
        return false;
    partial->state = PARTIAL_FOUND;
    partial->digest = digest;
    partial->written = partial->flushed = (uint64_t)status.st_size;
    partial->progress_s = blobs_directory_now_s() - (age_s > 0 ? age_s : 0);
    return true;
}

/* Everything else in the folder was left by a crash or put there by a hand, and would never be
 * looked at again. */
bool partial_adopt_all(struct blobs_directory *self)
{
    int fd = openat(self->directory, "partial", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    if (folder == NULL) {
        if (fd >= 0)
            (void)close(fd);
        return false;
    }
    for (const struct dirent *file; (file = readdir(folder)) != NULL;) {
        if (file->d_name[0] != '.' && !adopt(self, fd, file->d_name))
            (void)unlinkat(fd, file->d_name, 0);
    }
    return closedir(folder) == 0;
}
