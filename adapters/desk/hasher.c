/* One thread, one queue, one eventfd. The thread sees nothing but jobs; whose they are and what
 * becomes of them is the loop's. */
#include "adapters/desk/hasher.h"

#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

_Static_assert(PASSWORD_HASH_BYTES == crypto_pwhash_STRBYTES, "a hash has its room");

struct hasher {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t given;
    struct hash_job *waiting, *done; /* under the lock; waiting: oldest first */
    struct hash_job *current;
    uint32_t waiting_count;
    bool is_ending;
    int event;
    char dummy[PASSWORD_HASH_BYTES];
};

bool hasher_make(const char *password, char ret_hash[PASSWORD_HASH_BYTES])
{
    return sodium_init() >= 0 && crypto_pwhash_str(ret_hash, password, strlen(password),
                                                   crypto_pwhash_OPSLIMIT_INTERACTIVE,
                                                   crypto_pwhash_MEMLIMIT_INTERACTIVE) == 0;
}

/* Outside of the lock: it takes as long as a hash takes. The password is wiped in any case. */
static void work(struct hash_job *job)
{
    if (job->makes)
        job->is_right = hasher_make(job->password, job->hash);
    else
        job->is_right =
            crypto_pwhash_str_verify(job->hash, job->password, strlen(job->password)) == 0;
    sodium_memzero(job->password, sizeof job->password);
}

/* Oldest first. At the end the job that is being worked at is finished, and the others stay in
 * the list of their givers. */
static void *run(void *context)
{
    struct hasher *hasher = context;
    (void)pthread_mutex_lock(&hasher->lock);
    while (!hasher->is_ending) {
        struct hash_job *job = hasher->waiting;
        if (job == NULL) {
            (void)pthread_cond_wait(&hasher->given, &hasher->lock);
            continue;
        }
        hasher->waiting = job->next;
        hasher->waiting_count--;
        hasher->current = job;
        (void)pthread_mutex_unlock(&hasher->lock);
        work(job);
        (void)pthread_mutex_lock(&hasher->lock);
        hasher->current = NULL;
        job->next = hasher->done;
        hasher->done = job;
        (void)eventfd_write(hasher->event, 1);
    }
    (void)pthread_mutex_unlock(&hasher->lock);
    return NULL;
}

struct hasher *hasher_new(void)
{
    struct hasher *hasher = calloc(1, sizeof *hasher);
    if (hasher == NULL)
        return NULL;
    hasher->event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    (void)pthread_mutex_init(&hasher->lock, NULL);
    (void)pthread_cond_init(&hasher->given, NULL);
    if (hasher->event < 0 || !hasher_make("nobody's", hasher->dummy) ||
        pthread_create(&hasher->thread, NULL, run, hasher) != 0) {
        if (hasher->event >= 0)
            (void)close(hasher->event);
        free(hasher);
        return NULL;
    }
    return hasher;
}

void hasher_destroy(struct hasher **hasher_pointer)
{
    struct hasher *hasher = *hasher_pointer;
    *hasher_pointer = NULL;
    if (hasher == NULL)
        return;
    (void)pthread_mutex_lock(&hasher->lock);
    hasher->is_ending = true;
    (void)pthread_cond_signal(&hasher->given);
    (void)pthread_mutex_unlock(&hasher->lock);
    (void)pthread_join(hasher->thread, NULL);
    (void)pthread_cond_destroy(&hasher->given);
    (void)pthread_mutex_destroy(&hasher->lock);
    (void)close(hasher->event);
    free(hasher);
}

/* What waits of one address; the job that is being worked at does not count any more. */
static uint32_t share_of(const struct hasher *hasher, const char *address)
{
    uint32_t count = 0;
    for (const struct hash_job *job = hasher->waiting; job != NULL; job = job->next)
        count += strcmp(job->address, address) == 0;
    return count;
}

/* Both bounds are looked at under the lock, so that many at once cannot pass them together. */
bool hasher_give(struct hasher *hasher, struct hash_job *job)
{
    (void)pthread_mutex_lock(&hasher->lock);
    bool has_room = hasher->waiting_count < HASHER_QUEUE_MAX &&
                    share_of(hasher, job->address) < HASHER_SHARE_MAX;
    if (has_room) {
        struct hash_job **last = &hasher->waiting;
        while (*last != NULL)
            last = &(*last)->next;
        job->is_given = true;
        job->is_done = job->is_right = false;
        job->next = NULL;
        *last = job;
        hasher->waiting_count++;
        (void)pthread_cond_signal(&hasher->given);
    }
    (void)pthread_mutex_unlock(&hasher->lock);
    return has_room;
}

int hasher_fd(const struct hasher *hasher)
{
    return hasher->event;
}

/* The event is read first: a job that is done between the two calls makes it readable again. */
uint32_t hasher_take(struct hasher *hasher)
{
    uint32_t count = 0;
    eventfd_t ignored;
    (void)eventfd_read(hasher->event, &ignored);
    (void)pthread_mutex_lock(&hasher->lock);
    for (struct hash_job *job = hasher->done; job != NULL; job = job->next) {
        job->is_given = false;
        job->is_done = true;
        count++;
    }
    hasher->done = NULL;
    (void)pthread_mutex_unlock(&hasher->lock);
    return count;
}

const char *hasher_dummy(const struct hasher *hasher)
{
    return hasher->dummy;
}
