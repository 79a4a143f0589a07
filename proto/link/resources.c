/* What libzmq would assert on for want of descriptors, threads or memory is tried out before it
 * starts, and given back at once: a program that refuses to start says why, and one that asserts
 * says nothing. It is a look at one moment and no reservation: another process may take the
 * rest. */
#include "proto/link/resources.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

/* The limit, as high as it may be. */
static size_t raise_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 0;
    rlim_t wanted =
        limit.rlim_max < RESOURCES_DESCRIPTORS_MAX ? limit.rlim_max : RESOURCES_DESCRIPTORS_MAX;
    if (limit.rlim_cur < wanted) {
        struct rlimit raised = {.rlim_cur = wanted, .rlim_max = limit.rlim_max};
        if (setrlimit(RLIMIT_NOFILE, &raised) == 0)
            limit = raised;
    }
    return limit.rlim_cur < RESOURCES_DESCRIPTORS_MAX ? (size_t)limit.rlim_cur
                                                      : (size_t)RESOURCES_DESCRIPTORS_MAX;
}

/* Half of the least number, opened for real: the limit of the process says nothing of the
 * system's. */
static bool has_descriptors(void)
{
    int opened[RESOURCES_DESCRIPTORS_MIN / 2];
    size_t count = 0;
    while (count < sizeof opened / sizeof *opened && (opened[count] = eventfd(0, EFD_CLOEXEC)) >= 0)
        count++;
    bool had = count == sizeof opened / sizeof *opened;
    while (count > 0)
        (void)close(opened[--count]);
    return had;
}

/* Behind a lock that is not given out before all are there: each has a stack by then. */
static void *wait_turn(void *lock)
{
    (void)pthread_mutex_lock(lock);
    (void)pthread_mutex_unlock(lock);
    return NULL;
}

static bool has_threads(void)
{
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_t threads[RESOURCES_THREADS];
    size_t count = 0;
    (void)pthread_mutex_lock(&lock);
    while (count < RESOURCES_THREADS &&
           pthread_create(&threads[count], NULL, wait_turn, &lock) == 0)
        count++;
    bool had = count == RESOURCES_THREADS;
    (void)pthread_mutex_unlock(&lock);
    while (count > 0)
        (void)pthread_join(threads[--count], NULL);
    return had;
}

/* volatile, or the compiler would leave out a malloc whose memory nobody uses. */
static bool has_memory(void)
{
    void *volatile memory = malloc(RESOURCES_MEMORY_BYTES);
    bool had = memory != NULL;
    free(memory);
    return had;
}

enum reason resources_check(size_t *ret_connections)
{
    size_t limit = raise_limit();
    if (limit < RESOURCES_DESCRIPTORS_MIN || !has_descriptors())
        return REASON_DESCRIPTORS_TOO_FEW;
    if (!has_memory() || !has_threads())
        return REASON_OUT_OF_MEMORY;
    size_t reserved = limit / 2 < RESOURCES_DESCRIPTORS_RESERVED
                          ? limit / 2
                          : (size_t)RESOURCES_DESCRIPTORS_RESERVED;
    *ret_connections = limit - reserved;
    return REASON_NONE;
}
