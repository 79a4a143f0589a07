/* One thread beside the caller's: it waits for the disk, and hashes what is too long to be hashed
 * in a step. Jobs take turns, a piece each, so that a small file is not kept by a large one. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/store/blobs_directory_parts.h"
#include "proto/base/check.h"

static enum reason sync_folder(struct work *work, const char *folder)
{
    int fd = openat(work->directory, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum reason reason = fd >= 0 && fsync(fd) == 0 ? REASON_NONE : blobs_directory_reason(errno);
    if (fd >= 0)
        (void)close(fd);
    return reason;
}

/* Content, name, folder: in this order on the disk, so that a name that is there after a crash has
 * all of its content behind it. */
static enum reason publish(struct work *work, const struct job *job)
{
    char folder[3] = {job->to[0], job->to[1], 0};
    if (fdatasync(job->fd) != 0)
        return blobs_directory_reason(errno);
    bool is_new = mkdirat(work->directory, folder, 0700) == 0;
    if (!is_new && errno != EEXIST)
        return blobs_directory_reason(errno);
    if (renameat(work->directory, job->from, work->directory, job->to) != 0)
        return blobs_directory_reason(errno);
    if (is_new && fsync(work->directory) != 0)
        return blobs_directory_reason(errno);
    return sync_folder(work, folder);
}

/* Whole strides are written back while more arrives, so that the fsync at the end finds little to
 * do, and a disk that is slower than the sender slows the sender, and not everybody at the end. */
static enum reason flush(const struct job *job)
{
    const unsigned how =
        SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
    off_t size = (off_t)(job->until - job->offset);
    if (sync_file_range(job->fd, (off_t)job->offset, size, how) != 0 && errno != ENOSYS)
        return blobs_directory_reason(errno);
    if (job->offset >= BLOB_CACHED_BYTES)
        (void)posix_fadvise(job->fd, (off_t)job->offset, size, POSIX_FADV_DONTNEED);
    return REASON_NONE;
}

/* One turn of a hash. False: it has had its last. */
static bool hash_more(struct work *work, struct job *job)
{
    for (size_t done = 0; done < BLOB_STRIDE_BYTES && job->offset < job->until;) {
        uint64_t left = job->until - job->offset;
        size_t size = left < BLOB_PIECE_BYTES ? (size_t)left : BLOB_PIECE_BYTES;
        ssize_t count = pread(job->fd, work->piece, size, (off_t)job->offset);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0) { /* it became shorter, or cannot be read */
            job->outcome = count == 0 ? REASON_STORE_CORRUPT : REASON_STORE_FAILED;
            return false;
        }
        sha256_update(&job->hash, (struct bytes){work->piece, (size_t)count});
        blobs_directory_pass_by(job->fd, job->offset, (size_t)count);
        job->offset += (uint64_t)count;
        done += (size_t)count;
    }
    return job->offset < job->until;
}

static void start(struct work *work, struct job *job)
{
    int how = job->kind == JOB_HASH ? O_RDONLY : O_RDWR;
    job->fd = openat(work->directory, job->from, how | O_CLOEXEC | O_NOFOLLOW);
    if (job->fd < 0)
        job->outcome = blobs_directory_reason(errno);
    else if (job->kind == JOB_HASH && !sha256_init(&job->hash))
        job->outcome = REASON_OUT_OF_MEMORY;
}

/* One turn. True: it wants another one. */
static bool turn(struct work *work, struct job *job)
{
    if (job->fd < 0)
        start(work, job);
    bool more = false;
    if (job->outcome == REASON_NONE && job->kind == JOB_HASH)
        more = hash_more(work, job);
    else if (job->outcome == REASON_NONE && job->kind == JOB_FLUSH)
        job->outcome = flush(job);
    else if (job->outcome == REASON_NONE)
        job->outcome = publish(work, job);
    if (!more && job->fd >= 0) {
        (void)close(job->fd);
        job->fd = -1;
    }
    return more;
}

static void append(struct work *work, struct job *job)
{
    job->next = NULL;
    if (work->last != NULL)
        work->last->next = job;
    else
        work->first = job;
    work->last = job;
}

static void *run(void *context)
{
    struct work *work = context;
    pthread_mutex_lock(&work->lock);
    while (!work->is_stopping) {
        struct job *job = work->first;
        if (job == NULL) {
            pthread_cond_wait(&work->changed, &work->lock);
            continue;
        }
        work->first = job->next;
        if (work->first == NULL)
            work->last = NULL;
        pthread_mutex_unlock(&work->lock);
        bool more = turn(work, job);
        pthread_mutex_lock(&work->lock);
        if (more) {
            append(work, job);
            continue;
        }
        job->is_running = false;
        work->running--;
        work->done++;
        (void)eventfd_write(work->done_fd, 1);
        pthread_cond_broadcast(&work->changed);
    }
    pthread_mutex_unlock(&work->lock);
    return NULL;
}

bool work_init(struct work *work, int directory)
{
    *work = (struct work){.directory = directory};
    pthread_mutex_init(&work->lock, NULL);
    pthread_cond_init(&work->changed, NULL);
    work->done_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    work->piece = malloc(BLOB_PIECE_BYTES);
    work->has_thread = work->done_fd >= 0 && work->piece != NULL &&
                       pthread_create(&work->thread, NULL, run, work) == 0;
    return work->has_thread;
}

void work_release(struct work *work)
{
    if (work->has_thread) {
        pthread_mutex_lock(&work->lock);
        work->is_stopping = true;
        pthread_cond_broadcast(&work->changed);
        pthread_mutex_unlock(&work->lock);
        pthread_join(work->thread, NULL);
    }
    for (struct job *job = work->first; job != NULL; job = job->next) {
        if (job->fd >= 0)
            (void)close(job->fd);
    }
    if (work->done_fd >= 0)
        (void)close(work->done_fd);
    free(work->piece);
    pthread_cond_destroy(&work->changed);
    pthread_mutex_destroy(&work->lock);
}

/* The job is the caller's and stays where it is until work_is_done; the thread never touches it
 * after. */
void work_submit(struct work *work, struct job *job)
{
    job->fd = -1;
    job->outcome = REASON_NONE;
    pthread_mutex_lock(&work->lock);
    check(!job->is_running);
    job->is_running = true;
    work->running++;
    append(work, job);
    pthread_cond_broadcast(&work->changed);
    pthread_mutex_unlock(&work->lock);
}

bool work_is_done(struct work *work, const struct job *job)
{
    pthread_mutex_lock(&work->lock);
    bool is_done = !job->is_running;
    pthread_mutex_unlock(&work->lock);
    return is_done;
}

void work_wait(struct work *work)
{
    pthread_mutex_lock(&work->lock);
    while (work->running > 0 && work->done == work->waited)
        pthread_cond_wait(&work->changed, &work->lock);
    work->waited = work->done;
    pthread_mutex_unlock(&work->lock);
}
