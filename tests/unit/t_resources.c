/* What is tried out before libzmq starts: a thread that the system refuses is told, and the others
 * are given back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <unistd.h>

#include "proto/link/resources.h"

enum { HANG_SECONDS = 60 /* far beyond what it takes; ends the test where it would hang */ };

static int threads_left = -1; /* -1: all */

typedef int create_function(pthread_t *thread, const pthread_attr_t *attributes,
                            void *(*routine)(void *), void *argument);

/* In the place of the library's. */
int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*routine)(void *),
                   void *argument)
{
    create_function *create = NULL;
    *(void **)&create = dlsym(RTLD_NEXT, "pthread_create");
    if (threads_left == 0)
        return EAGAIN;
    threads_left -= threads_left > 0;
    return create(thread, attributes, routine, argument);
}

static void a_refused_thread_is_told(void **state)
{
    size_t connections = 0;
    (void)state;
    for (int allowed = 0; allowed < RESOURCES_THREADS; allowed++) {
        threads_left = allowed;
        (void)alarm(HANG_SECONDS);
        assert_int_equal(resources_check(&connections), REASON_OUT_OF_MEMORY);
        assert_int_equal(connections, 0);
    }
    threads_left = -1;
    assert_int_equal(resources_check(&connections), REASON_NONE);
    (void)alarm(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_refused_thread_is_told)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
