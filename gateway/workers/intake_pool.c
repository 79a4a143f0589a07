#include "gateway/workers/intake_pool.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "proto/base/check.h"
#include "proto/base/limits.h"

/* An intake with what it owns. The intake comes first: the core's pointer is ours. */
struct pooled {
    struct intake intake;
    uint8_t *bytes;
    size_t capacity; /* of bytes; the arena fits a frame of that size and kind */
    bool is_for_chunks;
    bool is_done;        /* under the lock */
    struct pooled *next; /* of the spare ones, or of the alive ones */
    struct pooled *previous;
};

struct intake_pool {
    struct intake_pool_options options;
    int done_fd;
    /* the loop's own */
    size_t alive;
    size_t alive_bytes;
    struct pooled *all; /* the alive ones */
    struct pooled *spare;
    size_t spare_bytes;
    /* under the lock: ring[first..claimed) is with workers or done, ring[claimed..end) waits */
    pthread_mutex_t lock;
    pthread_cond_t work;
    struct pooled **ring;
    uint64_t first, claimed, end;
    bool is_stopping;
    pthread_t threads[INTAKE_POOL_THREADS_MAX];
    size_t thread_count;
};

/* Sizes are rounded up, so that a released intake fits the next frame of about that size. */
static size_t capacity_for(size_t frame_bytes)
{
    enum { SMALLEST = 2048 };
    size_t capacity = SMALLEST;
    while (capacity < frame_bytes)
        capacity *= 2;
    return capacity;
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

static void unlink_alive(struct intake_pool *pool, struct pooled *pooled)
{
    if (pooled->previous != NULL)
        pooled->previous->next = pooled->next;
    else
        pool->all = pooled->next;
    if (pooled->next != NULL)
        pooled->next->previous = pooled->previous;
}

static struct pooled *in_ring(const struct intake_pool *pool, uint64_t number)
{
    return pool->ring[number % pool->options.frames_max];
}

/* Under the lock. True: ring[claimed] wants a worker. */
static bool find_work(struct intake_pool *pool)
{
    while (pool->claimed < pool->end && in_ring(pool, pool->claimed)->is_done)
        pool->claimed++;
    return pool->claimed < pool->end;
}

static void *work(void *context)
{
    struct intake_pool *pool = context;
    pthread_mutex_lock(&pool->lock);
    for (;;) {
        while (!pool->is_stopping && !find_work(pool))
            pthread_cond_wait(&pool->work, &pool->lock);
        if (pool->is_stopping)
            break;
        uint64_t mine = pool->claimed++;
        struct pooled *pooled = in_ring(pool, mine);
        pthread_mutex_unlock(&pool->lock);
        examine_frame(&pooled->intake, pool->options.crypto, pooled->intake.arrived);
        pthread_mutex_lock(&pool->lock);
        pooled->is_done = true;
        if (mine != pool->first)
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
    pool->ring = calloc(options->frames_max, sizeof(struct pooled *));
    bool ok = pool->done_fd >= 0 && pool->ring != NULL;
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
    free(pool->ring);
    free(pool);
}

int intake_pool_fd(const struct intake_pool *pool)
{
    return pool->done_fd;
}

/* To the workers, or past them. Who is woken wants the lock, so that is given up first. */
static void push(struct intake_pool *pool, struct pooled *pooled, bool is_light)
{
    if (is_light)
        examine_frame(&pooled->intake, pool->options.crypto, pooled->intake.arrived);
    pthread_mutex_lock(&pool->lock);
    pooled->is_done = is_light;
    bool is_oldest = pool->end == pool->first;
    pool->ring[pool->end++ % pool->options.frames_max] = pooled;
    pthread_mutex_unlock(&pool->lock);
    if (!is_light)
        pthread_cond_signal(&pool->work);
    else if (is_oldest)
        (void)eventfd_write(pool->done_fd, 1);
}

enum reason intake_pool_submit(struct intake_pool *pool, const struct key *peer,
                               uint64_t connection, struct bytes bytes, wall_t now)
{
    if (bytes.size > FRAME_BYTES_MAX)
        return REASON_FRAME_TOO_LARGE;
    size_t capacity = capacity_for(bytes.size);
    bool is_chunk = examine_is_chunk(bytes);
    size_t cost = cost_of(capacity, is_chunk);
    if (pool->alive == pool->options.frames_max ||
        cost > pool->options.bytes_max - pool->alive_bytes)
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
    pooled->intake = (struct intake){.peer = *peer,
                                     .connection = connection,
                                     .bytes = {pooled->bytes, bytes.size},
                                     .arena = arena,
                                     .arrived = now};
    pool->alive++;
    pool->alive_bytes += cost;
    link_alive(pool, pooled);
    push(pool, pooled, is_chunk || examine_is_light(bytes));
    return REASON_NONE;
}

struct intake *intake_pool_take(struct intake_pool *pool)
{
    struct pooled *pooled = NULL;
    pthread_mutex_lock(&pool->lock);
    if (pool->first != pool->end)
        pooled = in_ring(pool, pool->first);
    if (pooled != NULL && pooled->is_done) {
        pool->first++;
        if (pool->claimed < pool->first) /* no worker saw it: it was done when it came */
            pool->claimed = pool->first;
    } else {
        /* Whoever finishes the oldest one writes again. */
        eventfd_t ignored;
        (void)eventfd_read(pool->done_fd, &ignored);
        pooled = NULL;
    }
    pthread_mutex_unlock(&pool->lock);
    return pooled == NULL ? NULL : &pooled->intake;
}

void intake_pool_release(struct intake_pool *pool, struct intake *intake)
{
    struct pooled *pooled = (struct pooled *)intake;
    check(intake->references == 0);
    check(pool->alive > 0);
    size_t cost = cost_of(pooled->capacity, pooled->is_for_chunks);
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
