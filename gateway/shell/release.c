/* Commit, then speak (invariant 1), without waiting for the disk: a step's frames are held here
 * until a sync of the store has returned, while the loop computes the next step.
 *
 *    step N    ─apply─▶ held: needs plan N ──────────────┐
 *    step N+1  ─apply─▶ held: needs plan N+1             ▼
 *    thread          [ sync of all that was applied ] ─▶ eventfd ─▶ the loop sends what is due
 *
 * Plans are counted as they are applied; `synced` says how many of them the disk has for sure.
 * Steps leave in their order, so one comparison tells what may go. A step without frames makes
 * nobody wait, and its sync comes with that of the next one that has some. After a failed sync
 * nothing leaves any more and the program ends: nobody knows what the disk has, and only reading
 * it again can tell. */
#include "gateway/shell/release.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "proto/base/check.h"

enum {
    /* More than the step memory of the core can produce, and an event for each of its log lines. */
    STEP_BYTES_MAX = 80 * 1024 * 1024,
    STEP_BYTES_KEPT = 2 * 1024 * 1024, /* a larger buffer goes back after its step */
};

struct held_frame {
    struct key peer;
    size_t offset, size; /* in bytes */
};

struct held_step {
    struct buffer bytes;
    struct held_frame *frames;
    size_t frame_count, frame_capacity;
    uint64_t needs; /* the plan that must be on disk before it leaves */
};

struct release {
    struct store *store;
    release_send *send;
    void *context;
    int done_fd;
    /* the loop's own: steps[first % MAX .. next % MAX) wait, steps[next % MAX] is being filled */
    struct held_step steps[RELEASE_STEPS_MAX + 1];
    uint64_t first, next;
    /* under the lock */
    pthread_mutex_t lock;
    pthread_cond_t work, progress;
    uint64_t applied, synced; /* plans, counted */
    bool has_reason;          /* to sync: somebody waits for it */
    bool is_syncing;          /* the thread is */
    bool has_failed, is_stopping;
    pthread_t thread;
    bool has_thread;
};

/* ---- the thread ---- */

/* Gives up the lock meanwhile. */
static void sync_to(struct release *release, uint64_t target)
{
    pthread_mutex_unlock(&release->lock);
    enum reason reason = release->store->verbs->sync(release->store);
    pthread_mutex_lock(&release->lock);
    if (reason == REASON_NONE)
        release->synced = target;
    else
        release->has_failed = true;
}

static void *sync_plans(void *context)
{
    struct release *release = context;
    pthread_mutex_lock(&release->lock);
    for (;;) {
        while (!release->is_stopping &&
               (!release->has_reason || release->applied == release->synced || release->has_failed))
            pthread_cond_wait(&release->work, &release->lock);
        if (release->is_stopping)
            break;
        uint64_t target = release->applied;
        release->has_reason = false;
        release->is_syncing = true;
        sync_to(release, target);
        release->is_syncing = false;
        pthread_cond_signal(&release->progress);
        /* Outside: the loop that this wakes wants the lock. */
        pthread_mutex_unlock(&release->lock);
        (void)eventfd_write(release->done_fd, 1);
        pthread_mutex_lock(&release->lock);
    }
    pthread_mutex_unlock(&release->lock);
    return NULL;
}

/* ---- life cycle ---- */

enum reason release_new(struct store *store, release_send *send, void *context,
                        struct release **ret_release)
{
    struct release *release = calloc(1, sizeof *release);
    if (release == NULL)
        return REASON_OUT_OF_MEMORY;
    release->store = store;
    release->send = send;
    release->context = context;
    pthread_mutex_init(&release->lock, NULL);
    pthread_cond_init(&release->work, NULL);
    pthread_cond_init(&release->progress, NULL);
    for (size_t i = 0; i <= RELEASE_STEPS_MAX; i++)
        buffer_init(&release->steps[i].bytes, STEP_BYTES_MAX);
    release->done_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    release->has_thread =
        release->done_fd >= 0 && pthread_create(&release->thread, NULL, sync_plans, release) == 0;
    if (!release->has_thread) {
        release_destroy(&release);
        return REASON_OUT_OF_MEMORY;
    }
    *ret_release = release;
    return REASON_NONE;
}

/* What was held and not sent goes unsent: its senders repeat it, and are answered from the
 * store. */
void release_destroy(struct release **release_pointer)
{
    struct release *release = *release_pointer;
    *release_pointer = NULL;
    if (release == NULL)
        return;
    pthread_mutex_lock(&release->lock);
    release->is_stopping = true;
    pthread_cond_signal(&release->work);
    pthread_mutex_unlock(&release->lock);
    if (release->has_thread)
        (void)pthread_join(release->thread, NULL);
    for (size_t i = 0; i <= RELEASE_STEPS_MAX; i++) {
        buffer_release(&release->steps[i].bytes);
        free(release->steps[i].frames);
    }
    if (release->done_fd >= 0)
        (void)close(release->done_fd);
    pthread_cond_destroy(&release->work);
    pthread_cond_destroy(&release->progress);
    pthread_mutex_destroy(&release->lock);
    free(release);
}

int release_fd(const struct release *release)
{
    return release->done_fd;
}

bool release_has_room(const struct release *release)
{
    return release->next - release->first < RELEASE_STEPS_MAX;
}

bool release_is_idle(const struct release *release)
{
    return release->next == release->first;
}

/* ---- holding ---- */

static struct held_step *step_at(struct release *release, uint64_t number)
{
    return &release->steps[number % (RELEASE_STEPS_MAX + 1)];
}

enum reason release_hold(struct release *release, const struct key *peer, struct bytes frame)
{
    struct held_step *step = step_at(release, release->next);
    size_t offset = step->bytes.size;
    struct held_frame *frames =
        rows_grow(step->frames, step->frame_count, &step->frame_capacity, sizeof *frames);
    if (frames == NULL)
        return REASON_OUT_OF_MEMORY;
    step->frames = frames;
    if (!buffer_append(&step->bytes, frame))
        return REASON_OUT_OF_MEMORY;
    step->frames[step->frame_count++] = (struct held_frame){*peer, offset, frame.size};
    return REASON_NONE;
}

/* Alone means that the loop has nothing to do until this very sync: then it is done here, which
 * spares two changes of threads, the larger part of the latency when there is little to do. */
void release_step(struct release *release, bool applied, bool is_alone)
{
    check(release_has_room(release));
    struct held_step *step = step_at(release, release->next);
    pthread_mutex_lock(&release->lock);
    release->applied += applied ? 1 : 0;
    step->needs = release->applied;
    bool has_reason = release->has_reason || step->frame_count > 0;
    bool wakes = has_reason && release->applied != release->synced && !release->has_failed;
    if (wakes && is_alone && !release->has_reason && !release->is_syncing) {
        sync_to(release, release->applied);
        wakes = has_reason = false;
    }
    release->has_reason = has_reason;
    pthread_mutex_unlock(&release->lock);
    if (wakes)
        pthread_cond_signal(&release->work);
    if (step->frame_count > 0)
        release->next++;
}

/* ---- leaving ---- */

/* A large buffer goes back at once; the usual one stays, or each step would ask for it again. */
static void send_step(struct release *release, struct held_step *step)
{
    for (size_t i = 0; i < step->frame_count; i++) {
        const struct held_frame *frame = &step->frames[i];
        release->send(release->context, &frame->peer,
                      (struct bytes){step->bytes.data + frame->offset, frame->size});
    }
    step->frame_count = 0;
    if (step->bytes.capacity > STEP_BYTES_KEPT)
        buffer_release(&step->bytes);
    buffer_clear(&step->bytes);
}

/* How far the disk is; waits until it has plan number wanted, if that is more. */
static bool read_synced(struct release *release, uint64_t wanted, uint64_t *ret_synced)
{
    pthread_mutex_lock(&release->lock);
    while (release->synced < wanted && !release->has_failed)
        pthread_cond_wait(&release->progress, &release->lock);
    bool has_failed = release->has_failed;
    *ret_synced = release->synced;
    pthread_mutex_unlock(&release->lock);
    return !has_failed;
}

enum reason release_run(struct release *release)
{
    eventfd_t ignored;
    uint64_t synced;
    (void)eventfd_read(release->done_fd, &ignored);
    if (!read_synced(release, 0, &synced))
        return REASON_STORE_FAILED;
    while (!release_is_idle(release) && step_at(release, release->first)->needs <= synced) {
        send_step(release, step_at(release, release->first));
        release->first++;
    }
    return REASON_NONE;
}

/* For the end of the program, and for an operator, who is answered by what is on disk. */
enum reason release_drain(struct release *release)
{
    uint64_t synced;
    pthread_mutex_lock(&release->lock);
    uint64_t applied = release->applied;
    release->has_reason = true;
    pthread_mutex_unlock(&release->lock);
    pthread_cond_signal(&release->work);
    if (!read_synced(release, applied, &synced))
        return REASON_STORE_FAILED;
    return release_run(release);
}
