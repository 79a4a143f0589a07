/* A thread that looks again and again, and at once when it is woken or its descriptor is readable.
 * The look itself takes the locks that it needs; none is held here. */
#include "proto/link/watch.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct watch {
    int (*look)(void *context);
    void *context;
    int fd;
    int wake; /* eventfd */
    atomic_bool is_stopping;
    pthread_t thread;
};

static void *run(void *argument)
{
    struct watch *watch = argument;
    while (!atomic_load(&watch->is_stopping)) {
        int wait_ms = watch->look(watch->context);
        struct pollfd waits[] = {{.fd = watch->wake, .events = POLLIN},
                                 {.fd = watch->fd, .events = POLLIN}};
        eventfd_t ignored;
        if (poll(waits, 2, wait_ms) > 0 && waits[0].revents != 0)
            (void)eventfd_read(watch->wake, &ignored);
    }
    return NULL;
}

/* Signals are the owner's. */
static bool start_thread(struct watch *watch)
{
    sigset_t all, before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    bool started = pthread_create(&watch->thread, NULL, run, watch) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

enum reason watch_new(int (*look)(void *context), void *context, int fd, struct watch **ret_watch)
{
    struct watch *watch = calloc(1, sizeof *watch);
    if (watch == NULL)
        return REASON_OUT_OF_MEMORY;
    watch->look = look;
    watch->context = context;
    watch->fd = fd;
    watch->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (watch->wake >= 0 && start_thread(watch)) {
        *ret_watch = watch;
        return REASON_NONE;
    }
    if (watch->wake >= 0)
        (void)close(watch->wake);
    free(watch);
    return REASON_OUT_OF_MEMORY;
}

/* The flag before the wake: a thread that is woken must find it set, or it would sleep on. */
void watch_destroy(struct watch **watch)
{
    struct watch *gone = *watch;
    *watch = NULL;
    if (gone == NULL)
        return;
    atomic_store(&gone->is_stopping, true);
    (void)eventfd_write(gone->wake, 1);
    (void)pthread_join(gone->thread, NULL);
    (void)close(gone->wake);
    free(gone);
}
