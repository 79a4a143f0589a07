/* Worker threads between link and core: a frame is copied in by the loop, examined by whoever is
 * free and given out again by its lane's order (intake_lanes.h has the order and the shares).
 *
 *    loop ─submit▶ lane ─▶ worker: a slice ─▶ done ─eventfd▶ loop ─take▶ core ─release▶ spare
 *
 * A frame is examined in slices of some milliseconds, and between them another lane may come
 * first: one with hundreds of signatures does not hold up one with a single message. Buffers that
 * come back are kept for the next frame of their size, up to spare_bytes. `alive`, `all` and the
 * spare ones belong to the loop; only the lanes are shared with the workers. */
#include "gateway/workers/intake_lanes.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "proto/base/check.h"
#include "proto/base/limits.h"

struct intake_pool {
    struct intake_pool_options options;
    int done_fd;
    /* the loop's own */
    size_t alive;
    size_t alive_bytes;
    struct pooled *all; /* the alive ones */
    struct pooled *spare;
    size_t spare_bytes;
    /* under the lock */
    pthread_mutex_t lock;
    pthread_cond_t work;
    struct lanes lanes;
    bool is_stopping;
    pthread_t threads[INTAKE_POOL_THREADS_MAX];
    size_t thread_count;
};

/* Sizes are rounded up, so that a released intake fits the next frame of about that size. Large
 * ones by little: a piece of a file is just above a power of two, and as much again would be held.
 */
static size_t capacity_for(size_t frame_bytes)
{
    enum { SMALLEST = 2048, STEP = 16 * 1024 };
    size_t capacity = SMALLEST;
    while (capacity < frame_bytes && capacity < 4 * (size_t)STEP)
        capacity *= 2;
    return capacity >= frame_bytes ? capacity : (frame_bytes + STEP - 1) / STEP * STEP;
}

static size_t arena_for(size_t capacity, bool is_for_chunks)
{
    return examine_memory_bytes(is_for_chunks ? 0 : capacity);
}

static size_t cost_of(size_t capacity, bool is_for_chunks)
{
    return sizeof(struct pooled) + capacity + arena_for(capacity, is_for_chunks);
}

static void pooled_free(struct pooled *pooled)
{
    arena_release(&pooled->intake.arena);
    free(pooled->bytes);
    free(pooled);
}

static struct pooled *pooled_new(size_t capacity, bool is_for_chunks)
{
    struct pooled *pooled = calloc(1, sizeof *pooled);
    if (pooled == NULL)
        return NULL;
    pooled->capacity = capacity;
    pooled->is_for_chunks = is_for_chunks;
    pooled->bytes = malloc(capacity);
    if (pooled->bytes == NULL ||
        !arena_init(&pooled->intake.arena, arena_for(capacity, is_for_chunks))) {
        free(pooled->bytes);
        free(pooled);
        return NULL;
    }
    return pooled;
}

/* Of exactly that size: they are rounded, so that one of the few sizes mostly fits. */
static struct pooled *spare_take(struct intake_pool *pool, size_t capacity, bool is_for_chunks)
{
    for (struct pooled **at = &pool->spare; *at != NULL; at = &(*at)->next) {
        struct pooled *pooled = *at;
        if (pooled->capacity != capacity || pooled->is_for_chunks != is_for_chunks)
            continue;
        *at = pooled->next;
        pool->spare_bytes -= cost_of(capacity, is_for_chunks);
        return pooled;
    }
    return NULL;
}

static void free_all(struct pooled *list)
{
    while (list != NULL) {
        struct pooled *next = list->next;
        pooled_free(list);
        list = next;
    }
}

static void link_alive(struct intake_pool *pool, struct pooled *pooled)
{
    pooled->previous = NULL;
    pooled->next = pool->all;
    if (pool->all != NULL)
        pool->all->previous = pooled;
    pool->all = pooled;
}

/* The list of the alive ones has one reader: the end of the program, which frees what a core still
 * had. */
static void unlink_alive(struct intake_pool *pool, struct pooled *pooled)
{
    if (pooled->previous != NULL)
        pooled->previous->next = pooled->next;
    else
        pool->all = pooled->next;
    if (pooled->next != NULL)
        pooled->next->previous = pooled->previous;
}

/* One slice, outside the lock. True: it is done. */
static bool examine_slice(const struct intake_pool *pool, struct pooled *pooled,
                          uint64_t *ret_cost_ns)
{
    enum { LOOK_AFTER = 4 }; /* signatures: the clock is a call of the kernel */
    uint64_t (*thread_ns)(void) = pool->options.thread_ns;
    uint64_t begun = thread_ns != NULL ? thread_ns() : 0;
    struct intake *intake = &pooled->intake;
    bool more = true;
    *ret_cost_ns = INTAKE_POOL_SLICE_NS;
    if (!pooled->is_begun)
        more = examine_begin(intake, pool->options.crypto);
    pooled->is_begun = true;
    do {
        for (int i = 0; more && i < LOOK_AFTER; i++)
            more = examine_next(intake, pool->options.crypto, intake->arrived);
        if (thread_ns != NULL)
            *ret_cost_ns = thread_ns() - begun;
    } while (more && *ret_cost_ns < INTAKE_POOL_SLICE_NS);
    return !more;
}

static void *work(void *context)
{
    struct intake_pool *pool = context;
    pthread_mutex_lock(&pool->lock);
    for (;;) {
        struct pooled *pooled = NULL;
        uint64_t cost_ns;
        while (!pool->is_stopping && (pooled = lanes_next_work(&pool->lanes)) == NULL)
            pthread_cond_wait(&pool->work, &pool->lock);
        if (pool->is_stopping)
            break;
        pthread_mutex_unlock(&pool->lock);
        bool is_done = examine_slice(pool, pooled, &cost_ns);
        pthread_mutex_lock(&pool->lock);
        if (!lanes_worked(&pool->lanes, pooled, cost_ns, is_done))
            continue;
        /* Outside: the loop that this wakes wants the lock. */
        pthread_mutex_unlock(&pool->lock);
        (void)eventfd_write(pool->done_fd, 1);
        pthread_mutex_lock(&pool->lock);
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

enum reason intake_pool_new(const struct intake_pool_options *options,
                            struct intake_pool **ret_pool)
{
    check(options->threads >= 1 && options->threads <= INTAKE_POOL_THREADS_MAX);
    check(options->frames_max >= 1 && options->frames_max <= INTAKE_POOL_FRAMES_MAX);
    check(options->bytes_max >= cost_of(FRAME_BYTES_MAX, false));
    struct intake_pool *pool = calloc(1, sizeof *pool);
    if (pool == NULL)
        return REASON_OUT_OF_MEMORY;
    pool->options = *options;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->work, NULL);
    pool->done_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    bool ok = pool->done_fd >= 0;
    while (ok && pool->thread_count < options->threads) {
        ok = pthread_create(&pool->threads[pool->thread_count], NULL, work, pool) == 0;
        pool->thread_count += ok ? 1 : 0;
    }
    if (!ok) {
        intake_pool_destroy(&pool);
        return REASON_OUT_OF_MEMORY;
    }
    *ret_pool = pool;
    return REASON_NONE;
}

/* A slice that is being worked on is waited for; frames that a core still has are freed with the
 * rest. */
void intake_pool_destroy(struct intake_pool **pool_pointer)
{
    struct intake_pool *pool = *pool_pointer;
    *pool_pointer = NULL;
    if (pool == NULL)
        return;
    pthread_mutex_lock(&pool->lock);
    pool->is_stopping = true;
    pthread_cond_broadcast(&pool->work);
    pthread_mutex_unlock(&pool->lock);
    for (size_t i = 0; i < pool->thread_count; i++)
        pthread_join(pool->threads[i], NULL);
    free_all(pool->all);
    free_all(pool->spare);
    if (pool->done_fd >= 0)
        (void)close(pool->done_fd);
    pthread_cond_destroy(&pool->work);
    pthread_mutex_destroy(&pool->lock);
    lanes_release(&pool->lanes);
    free(pool);
}

int intake_pool_fd(const struct intake_pool *pool)
{
    return pool->done_fd;
}

/* To the workers, or past them. Who is woken wants the lock, so that is given up first. */
static void push(struct intake_pool *pool, struct pooled *pooled, bool is_light)
{
    uint64_t cost_ns = 0;
    bool is_alone = pool->alive == 1 && pooled->intake.bytes.size <= pool->options.alone_bytes;
    if (is_light)
        examine_frame(&pooled->intake, pool->options.crypto, pooled->intake.arrived);
    pooled->is_done = is_light || (is_alone && examine_slice(pool, pooled, &cost_ns));
    pooled->cost_ns = cost_ns;
    pthread_mutex_lock(&pool->lock);
    bool is_news = lanes_add(&pool->lanes, pooled);
    pthread_mutex_unlock(&pool->lock);
    if (!pooled->is_done)
        pthread_cond_signal(&pool->work);
    else if (is_news)
        (void)eventfd_write(pool->done_fd, 1);
}

/* Of what is free a lane may have as much as it leaves to the others (dynamic thresholds: Choudhury
 * and Hahne, 1998). */
static bool has_room(const struct intake_pool *pool, const struct lane *lane, size_t cost)
{
    size_t frames_left = pool->options.frames_max - pool->alive;
    size_t bytes_left = pool->options.bytes_max - pool->alive_bytes;
    if (frames_left == 0 || cost > bytes_left)
        return false;
    return !pool->options.is_shared || lane == NULL || lane->frames == 0 ||
           (lane->frames < frames_left && lane->bytes + cost <= bytes_left);
}

/* Asked before the frame is taken from the link, where it may wait without costing anything here.
 */
bool intake_pool_has_room(struct intake_pool *pool, const struct key *peer, size_t frame_bytes)
{
    pthread_mutex_lock(&pool->lock);
    const struct lane *lane = lanes_find(&pool->lanes, peer);
    bool is_resting = lane != NULL && lane->is_resting;
    pthread_mutex_unlock(&pool->lock);
    return !is_resting && frame_bytes <= FRAME_BYTES_MAX &&
           has_room(pool, lane, cost_of(capacity_for(frame_bytes), false));
}

bool intake_pool_is_resting(struct intake_pool *pool, const struct key *peer)
{
    pthread_mutex_lock(&pool->lock);
    const struct lane *lane = lanes_find(&pool->lanes, peer);
    bool is_resting = lane != NULL && lane->is_resting;
    pthread_mutex_unlock(&pool->lock);
    return is_resting;
}

mono_t intake_pool_deadline(struct intake_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    mono_t deadline = lanes_deadline(&pool->lanes);
    pthread_mutex_unlock(&pool->lock);
    return deadline;
}

/* The way may change with a reconnection: the lane is charged to the carrier that it comes through
 * now. */
static struct lane *lane_of(struct intake_pool *pool, const struct intake_way *way)
{
    pthread_mutex_lock(&pool->lock);
    struct lane *lane = lanes_get(&pool->lanes, &way->peer);
    if (lane != NULL)
        lane->line = key_is_none(&way->carrier) ? NULL : lanes_get(&pool->lanes, &way->carrier);
    pthread_mutex_unlock(&pool->lock);
    return lane;
}

/* BUSY leaves the frame with the caller, who receives nothing more until there is room: the
 * sender's TCP feels it, and nothing is dropped (invariant 8). */
enum reason intake_pool_submit(struct intake_pool *pool, const struct intake_way *way,
                               struct bytes bytes, wall_t now)
{
    if (bytes.size > FRAME_BYTES_MAX)
        return REASON_FRAME_TOO_LARGE;
    size_t capacity = capacity_for(bytes.size);
    bool is_chunk = examine_is_chunk(bytes);
    size_t cost = cost_of(capacity, is_chunk);
    struct lane *lane = lane_of(pool, way);
    if (lane == NULL)
        return REASON_OUT_OF_MEMORY;
    if (!has_room(pool, lane, cost))
        return REASON_BUSY;
    struct pooled *pooled = spare_take(pool, capacity, is_chunk);
    if (pooled == NULL)
        pooled = pooled_new(capacity, is_chunk);
    if (pooled == NULL)
        return REASON_OUT_OF_MEMORY;
    if (bytes.size > 0)
        memcpy(pooled->bytes, bytes.data, bytes.size);
    struct arena arena = pooled->intake.arena;
    arena_reset(&arena);
    pooled->intake = (struct intake){.peer = way->peer,
                                     .connection = way->connection,
                                     .carrier = way->carrier,
                                     .bytes = {pooled->bytes, bytes.size},
                                     .arena = arena,
                                     .arrived = now};
    pooled->lane = lane;
    pooled->is_begun = pooled->is_done = false;
    pooled->cost_ns = 0;
    lane->frames++;
    lane->bytes += cost;
    pool->alive++;
    pool->alive_bytes += cost;
    link_alive(pool, pooled);
    push(pool, pooled, is_chunk || examine_is_light(bytes));
    return REASON_NONE;
}

struct intake *intake_pool_take(struct intake_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    if (pool->lanes.resting != NULL)
        lanes_wake(&pool->lanes, pool->options.clock());
    struct pooled *pooled = lanes_take(&pool->lanes);
    if (pooled == NULL) {
        /* Whoever finishes the next one writes again. */
        eventfd_t ignored;
        (void)eventfd_read(pool->done_fd, &ignored);
    }
    bool has_work = lanes_has_work(&pool->lanes);
    pthread_mutex_unlock(&pool->lock);
    if (pooled == NULL && has_work)
        pthread_cond_signal(&pool->work); /* of a lane that rested */
    return pooled == NULL ? NULL : &pooled->intake;
}

/* What of it came to nothing costs its sender what it cost us. */
static void charge(struct intake_pool *pool, const struct pooled *pooled)
{
    const struct intake *intake = &pooled->intake;
    if (intake->wasted == 0 || pool->options.clock == NULL)
        return;
    uint64_t pieces = intake->message_count > 0 ? intake->message_count : 1;
    uint64_t wasted = intake->wasted < pieces ? intake->wasted : pieces;
    int64_t cost_ns = (int64_t)(pooled->cost_ns * wasted / pieces) +
                      (int64_t)intake->wasted * INTAKE_POOL_WASTED_NS;
    pthread_mutex_lock(&pool->lock);
    lanes_charge(&pool->lanes, pooled->lane, cost_ns, pool->options.clock());
    pthread_mutex_unlock(&pool->lock);
}

void intake_pool_release(struct intake_pool *pool, struct intake *intake)
{
    struct pooled *pooled = (struct pooled *)intake;
    check(intake->references == 0);
    check(pool->alive > 0);
    size_t cost = cost_of(pooled->capacity, pooled->is_for_chunks);
    charge(pool, pooled);
    pooled->lane->frames--;
    pooled->lane->bytes -= cost;
    pool->alive--;
    pool->alive_bytes -= cost;
    unlink_alive(pool, pooled);
    if (cost > pool->options.spare_bytes - pool->spare_bytes) {
        pooled_free(pooled);
        return;
    }
    pooled->next = pool->spare;
    pool->spare = pooled;
    pool->spare_bytes += cost;
}

size_t intake_pool_count(const struct intake_pool *pool)
{
    return pool->alive;
}
