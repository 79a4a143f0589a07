/* A blob under construction is DIR/partial/<source>_<digest>; a finished one is DIR/<2 hex>/<62
 * hex>. Finishing is fdatasync, rename, fsync of the folder: after a crash a name under its digest
 * is whole.
 *
 * The digest is computed while a file is written, so that finishing reads nothing again; a partial
 * file found after a restart is hashed once when its transfer resumes. A blob without a digest yet
 * is DIR/partial/unnamed-<number>; nobody can resume it, so it goes when the directory is opened.
 */
#include "gateway/store/blobs_directory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/store/blobs_directory_parts.h"

/* ---- begin ---- */

/* Room is asked for with the whole announced size, before the first byte: a transfer that could not
 * end is not begun. */
static enum reason begin_new(struct blobs_directory *self, const struct key *source,
                             const struct digest *digest, uint64_t size_bytes)
{
    struct partial *partial;
    enum reason reason = partial_check_disk(self, source, size_bytes);
    if (reason == REASON_NONE)
        reason = partial_take(self, source, false, &partial);
    if (reason != REASON_NONE)
        return reason;
    if (!sha256_init(&partial->hash))
        return REASON_OUT_OF_MEMORY; /* the place is still free */
    partial->state = PARTIAL_OPEN;
    partial->digest = partial->target = *digest;
    partial->size_bytes = size_bytes;
    return REASON_NONE;
}

/* The bytes of an earlier run are read by the worker: a gibibyte of them would hold up the loop for
 * seconds. */
static void begin_hashing(struct blobs_directory *self, struct partial *partial)
{
    partial->job = (struct job){.kind = JOB_HASH, .until = partial->written};
    partial_name(partial, partial->job.from);
    partial->state = PARTIAL_HASHING;
    work_submit(&self->work, &partial->job);
}

/* NONE: it is open. NOT_FOUND: it went, for a reason of ours, and begins anew. */
static enum reason end_hashing(struct blobs_directory *self, struct partial *partial)
{
    if (!work_is_done(&self->work, &partial->job))
        return REASON_BUSY;
    if (partial->job.outcome != REASON_NONE) {
        partial_remove(self, partial);
        return REASON_NOT_FOUND;
    }
    partial->hash = partial->job.hash;
    partial->job.hash = (struct sha256){0};
    partial->target = partial->digest;
    partial->state = PARTIAL_OPEN;
    return REASON_NONE;
}

/* Where the bytes that are there can be gone on with; BUSY: the worker is at them, ask again. */
static enum reason begin_again(struct blobs_directory *self, struct partial *partial,
                               uint64_t size_bytes)
{
    if (partial->state == PARTIAL_PUBLISHING)
        return REASON_BUSY;
    if (partial->written > size_bytes || partial->fault != REASON_NONE) {
        partial_remove(self, partial); /* left by a message that declared another size */
        return REASON_NOT_FOUND;
    }
    if (partial->state == PARTIAL_FOUND)
        begin_hashing(self, partial);
    if (partial->state == PARTIAL_HASHING)
        return end_hashing(self, partial);
    return REASON_NONE;
}

static enum reason begin(struct blobs *blobs, const struct key *source, const struct digest *digest,
                         uint64_t size_bytes, uint64_t *ret_offset)
{
    struct blobs_directory *self = blobs_directory_of(blobs);
    if (size_bytes > self->size_max_bytes)
        return REASON_ATTACHMENT_TOO_LARGE;
    if (blobs_is_stand_in(digest))
        return REASON_ATTACHMENT_DIGEST;
    struct partial *partial = partial_find(self, source, digest);
    enum reason reason =
        partial == NULL ? REASON_NOT_FOUND : begin_again(self, partial, size_bytes);
    if (reason == REASON_NOT_FOUND)
        reason = begin_new(self, source, digest, size_bytes);
    if (reason != REASON_NONE)
        return reason;
    partial = partial_find(self, source, digest);
    partial->size_bytes = size_bytes;
    partial->used = ++self->clock;
    *ret_offset = partial->written;
    return REASON_NONE;
}

static enum reason begin_unnamed(struct blobs *blobs, const struct key *source,
                                 struct digest *ret_stand_in)
{
    struct blobs_directory *self = blobs_directory_of(blobs);
    struct partial *partial;
    enum reason reason = partial_check_disk(self, source, 0);
    if (reason == REASON_NONE)
        reason = partial_take(self, source, true, &partial);
    if (reason != REASON_NONE)
        return reason;
    if (!sha256_init(&partial->hash))
        return REASON_OUT_OF_MEMORY;
    partial->state = PARTIAL_OPEN;
    partial->digest = blobs_stand_in(++self->unnamed);
    partial->size_bytes = self->size_max_bytes;
    /* One of no bytes is a file as well. */
    reason = partial_open(self, partial);
    if (reason != REASON_NONE)
        partial_remove(self, partial);
    else
        *ret_stand_in = partial->digest;
    return reason;
}

/* The digest of a file that nobody could name before it was there, as an upload by a browser. Asked
 * again it says the same, and nothing more can be written. */
static enum reason name_blob(struct blobs *blobs, const struct key *source,
                             const struct digest *stand_in, struct digest *ret_digest,
                             uint64_t *ret_size_bytes)
{
    struct partial *partial = partial_find(blobs_directory_of(blobs), source, stand_in);
    if (partial == NULL || !partial->is_unnamed)
        return REASON_NOT_FOUND;
    if (!partial->is_named) {
        sha256_final(&partial->hash, &partial->target);
        partial->size_bytes = partial->written;
        partial->is_named = true;
    }
    *ret_digest = partial->target;
    *ret_size_bytes = partial->size_bytes;
    return REASON_NONE;
}

static void abandon(struct blobs *blobs, const struct key *source, const struct digest *digest)
{
    struct blobs_directory *self = blobs_directory_of(blobs);
    struct partial *partial = partial_find(self, source, digest);
    /* What is being published under its own name would take a new one of that name with it. */
    if (partial != NULL && (partial->state != PARTIAL_PUBLISHING || partial->is_unnamed))
        partial_remove(self, partial);
}

/* ---- write ---- */

/* Takes in what the disk said of the last stride, and hands it the next one. */
static void flush_more(struct blobs_directory *self, struct partial *partial)
{
    struct job *job = &partial->job;
    if (partial->state != PARTIAL_OPEN || !work_is_done(&self->work, job))
        return;
    if (job->kind == JOB_FLUSH && job->until > partial->flushed) {
        partial->flushed = job->until;
        partial->fault = job->outcome;
    }
    if (partial->fault != REASON_NONE || partial->written - partial->flushed < BLOB_STRIDE_BYTES)
        return;
    *job = (struct job){.kind = JOB_FLUSH, .offset = partial->flushed, .until = partial->written};
    partial_name(partial, job->from);
    work_submit(&self->work, job);
}

/* True: the sender has to wait, or what the disk has not taken would fill the page cache and be
 * written all at once when the file ends. */
static bool is_behind(struct blobs *blobs, const struct key *source, const struct digest *digest)
{
    struct blobs_directory *self = blobs_directory_of(blobs);
    struct partial *partial = partial_find(self, source, digest);
    if (partial == NULL || partial->state != PARTIAL_OPEN)
        return false;
    flush_more(self, partial);
    return partial->fault == REASON_NONE && partial->written - partial->flushed > BLOB_BEHIND_BYTES;
}

static enum reason write_all(struct partial *partial, struct bytes content)
{
    for (size_t done = 0; done < content.size;) {
        ssize_t count = pwrite(partial->fd, content.data + done, content.size - done,
                               (off_t)(partial->written + done));
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
    return REASON_NONE;
}

/* Now and then only: it asks the disk. */
static bool is_new_stride(const struct partial *partial, size_t more)
{
    return partial->written / BLOB_STRIDE_BYTES != (partial->written + more) / BLOB_STRIDE_BYTES;
}

/* Only at the end of what is there: the digest is computed as bytes come, and what lies out of
 * order would have to be read again. */
static enum reason write_content(struct blobs *blobs, const struct key *source,
                                 const struct digest *digest, uint64_t offset, struct bytes content)
{
    struct blobs_directory *self = blobs_directory_of(blobs);
    struct partial *partial = partial_find(self, source, digest);
    if (partial == NULL || partial->state != PARTIAL_OPEN)
        return REASON_NOT_FOUND;
    if (offset != partial->written || partial->is_named)
        return REASON_FIELD_INVALID;
    if (content.size > partial->size_bytes - partial->written)
        return REASON_ATTACHMENT_LONG;
    if (content.size == 0)
        return REASON_NONE;
    enum reason reason = partial->fault;
    if (reason == REASON_NONE && is_new_stride(partial, content.size))
        reason = partial_check_disk(self, source, 0);
    if (reason == REASON_NONE)
        reason = partial_open(self, partial);
    if (reason == REASON_NONE)
        reason = write_all(partial, content);
    if (reason != REASON_NONE) {
        if (partial->written == 0 || partial->fault != REASON_NONE)
            partial_remove(self, partial);
        return reason;
    }
    sha256_update(&partial->hash, content);
    partial->written += content.size;
    partial->progress_s = blobs_directory_now_s();
    flush_more(self, partial);
    return REASON_NONE;
}

/* ---- finish ---- */

/* The digest is judged before the name is given: under a digest's name nothing else may ever lie.
 */
static enum reason begin_publishing(struct blobs_directory *self, struct partial *partial)
{
    struct digest actual = partial->target;
    flush_more(self, partial);
    if (!work_is_done(&self->work, &partial->job))
        return REASON_BUSY;
    if (partial->fault != REASON_NONE) {
        enum reason reason = partial->fault;
        partial_remove(self, partial);
        return reason;
    }
    if (!partial->is_unnamed)
        sha256_final(&partial->hash, &actual);
    if (!digest_equal(&actual, &partial->target)) {
        partial_remove(self, partial);
        return REASON_ATTACHMENT_DIGEST;
    }
    enum reason reason = partial_open(self, partial); /* makes it when it has no bytes */
    partial_close(self, partial);
    if (reason != REASON_NONE) {
        partial_remove(self, partial);
        return reason;
    }
    partial->job = (struct job){.kind = JOB_PUBLISH};
    partial_name(partial, partial->job.from);
    blobs_directory_final_name(&partial->target, partial->job.to);
    partial->state = PARTIAL_PUBLISHING;
    partial->progress_s = blobs_directory_now_s();
    work_submit(&self->work, &partial->job);
    return REASON_BUSY;
}

/* BUSY until the worker has it on the disk. A caller that goes away meanwhile loses nothing: the
 * file has its name, and the place is swept after OUTCOME_AGE_S. */
static enum reason finish(struct blobs *blobs, const struct key *source,
                          const struct digest *digest)
{
    struct blobs_directory *self = blobs_directory_of(blobs);
    struct partial *partial = partial_find(self, source, digest);
    bool is_open = partial != NULL && partial->state == PARTIAL_OPEN;
    if (partial == NULL || (!is_open && partial->state != PARTIAL_PUBLISHING) ||
        (partial->is_unnamed && !partial->is_named))
        return REASON_NOT_FOUND;
    if (is_open && partial->written < partial->size_bytes)
        return REASON_ATTACHMENT_SHORT;
    if (is_open)
        return begin_publishing(self, partial);
    if (!work_is_done(&self->work, &partial->job))
        return REASON_BUSY;
    enum reason reason = partial->job.outcome;
    if (reason == REASON_NONE) {
        /* An open one of the same name is another file, or one that rotted. */
        blobs_directory_doubt(blobs, &partial->target);
        blobs_directory_verified(self, &partial->target);
    }
    partial_remove(self, partial);
    return reason;
}

/* ---- life cycle ---- */

/* The worker goes first: its jobs point into the places. */
static void close_directory(struct blobs *blobs)
{
    struct blobs_directory *self = blobs_directory_of(blobs);
    work_release(&self->work);
    for (size_t i = 0; i < BLOBS_PARTIALS_MAX; i++) {
        struct partial *partial = &self->partials[i];
        char name[BLOB_NAME_BYTES];
        partial_name(partial, name);
        if (partial->state != PARTIAL_NONE && partial->is_unnamed)
            (void)unlinkat(self->directory, name, 0);
        partial_close(self, partial);
        sha256_release(&partial->hash);
        sha256_release(&partial->job.hash);
    }
    for (size_t i = 0; i < BLOB_VERIFYING_MAX; i++)
        sha256_release(&self->verifying[i].job.hash);
    for (size_t i = 0; i < BLOB_READERS_MAX; i++) {
        if (self->readers[i].fd >= 0)
            (void)close(self->readers[i].fd);
    }
    if (self->directory >= 0)
        (void)close(self->directory);
    free(self->piece);
    free(self);
}

static int ready_fd(struct blobs *blobs)
{
    return blobs_directory_of(blobs)->work.done_fd;
}

/* The count in the descriptor says only that something is done; each caller asks for its own. */
static void settle(struct blobs *blobs)
{
    struct blobs_directory *self = blobs_directory_of(blobs);
    uint64_t ignored;
    (void)!read(self->work.done_fd, &ignored, sizeof ignored);
    partial_sweep(self);
}

static void wait_for_work(struct blobs *blobs)
{
    work_wait(&blobs_directory_of(blobs)->work);
}

static const struct blobs_verbs verbs = {
    .close = close_directory,
    .find = blobs_directory_find,
    .begin = begin,
    .begin_unnamed = begin_unnamed,
    .name = name_blob,
    .write = write_content,
    .is_behind = is_behind,
    .finish = finish,
    .abandon = abandon,
    .read = blobs_directory_read,
    .doubt = blobs_directory_doubt,
    .remove = blobs_directory_remove,
    .fd = ready_fd,
    .settle = settle,
    .wait = wait_for_work,
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
    for (size_t i = 0; i < BLOBS_PARTIALS_MAX; i++)
        self->partials[i].fd = -1;
    for (size_t i = 0; i < BLOB_READERS_MAX; i++)
        self->readers[i].fd = -1;
    self->piece = malloc(BLOB_PIECE_BYTES);
    self->directory = -1;
    if (make_folder(AT_FDCWD, path))
        self->directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    /* The three folders are made here and not when they are needed, so that a folder that cannot be
     * written to stops the start and not the first dossier. */
    bool has_memory = work_init(&self->work, self->directory) && self->piece != NULL;
    if (!has_memory || self->directory < 0 || !make_folder(self->directory, "partial") ||
        !make_folder(self->directory, "damaged") || !partial_adopt_all(self)) {
        close_directory(&self->port);
        return has_memory ? REASON_STORE_FAILED : REASON_OUT_OF_MEMORY;
    }
    *ret_blobs = &self->port;
    return REASON_NONE;
}
