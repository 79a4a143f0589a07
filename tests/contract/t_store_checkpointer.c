/* A store whose log a thread of its own copies into the file, while the owner goes on: whenever the
 * process dies, what was synced is there and what is there is whole (invariants 1, 7). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gateway/store/store_sqlite.h"
#include "tests/support/forgetful_vfs.h"
#include "tests/unit/scratch.h"

enum {
    SLOTS = 64,
    VALUE_BYTES = 60 * 1024,
    DEATHS = 6,
    /* So much is copied into the file before each death: several lengths of the log. */
    COPIED_BYTES = 24 * 1024 * 1024,
    WAIT_MAX_MS = 30 * 1000,
};

struct fixture {
    struct scratch scratch;
    char path[96];
    _Atomic uint64_t *synced; /* shared with the child: plans that the disk has */
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    assert_true(scratch_open(&fixture->scratch));
    (void)snprintf(fixture->path, sizeof fixture->path, "%s/store.sqlite", fixture->scratch.folder);
    fixture->synced = mmap(NULL, sizeof *fixture->synced, PROT_READ | PROT_WRITE,
                           MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(fixture->synced != MAP_FAILED);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    (void)munmap(fixture->synced, sizeof *fixture->synced);
    scratch_close(&fixture->scratch);
    free(fixture);
    return 0;
}

static void fill(uint64_t number, uint8_t value[VALUE_BYTES])
{
    for (size_t i = 0; i < VALUE_BYTES; i++)
        value[i] = (uint8_t)(number * 31 + i * 7 + 1);
}

/* Plan number: its number, and a value that takes the place of the one of SLOTS plans before. */
static enum reason apply(struct store *store, uint64_t number)
{
    static uint8_t value[VALUE_BYTES];
    uint8_t slot = (uint8_t)(number % SLOTS);
    fill(number, value);
    struct store_note notes[] = {
        {bytes_of_text("number"), {(const uint8_t *)&number, sizeof number}},
        {{&slot, 1}, {value, sizeof value}},
    };
    struct store_plan plan = {.notes = notes, .note_count = 2};
    return store->verbs->apply(store, &plan);
}

static void commit_until_killed(const struct fixture *fixture, uint64_t number)
{
    const struct store_sqlite_options options = {.has_checkpointer = true};
    struct store *store = NULL;
    if (store_sqlite_open(fixture->path, &options, &store) != REASON_NONE)
        return;
    while (apply(store, number) == REASON_NONE && store->verbs->sync(store) == REASON_NONE)
        atomic_store(fixture->synced, number++);
}

/* Everything that lies in the file, as of one plan; returns its number. */
static uint64_t read_all(const struct fixture *fixture)
{
    static uint8_t expected[VALUE_BYTES];
    struct store *store = NULL;
    struct bytes value;
    uint64_t last = 0;
    assert_int_equal(store_sqlite_open(fixture->path, NULL, &store), REASON_NONE);
    assert_int_equal(store->verbs->read_note(store, bytes_of_text("number"), &value), REASON_NONE);
    assert_int_equal(value.size, sizeof last);
    memcpy(&last, value.data, sizeof last);
    for (uint64_t number = last; number > 0 && number + SLOTS > last; number--) {
        uint8_t slot = (uint8_t)(number % SLOTS);
        fill(number, expected);
        assert_int_equal(store->verbs->read_note(store, (struct bytes){&slot, 1}, &value),
                         REASON_NONE);
        assert_true(bytes_equal(value, (struct bytes){expected, sizeof expected}));
    }
    store->verbs->close(store);
    return last;
}

/* Until the child has synced so many bytes more, or has ended. */
static void wait_for_copies(const struct fixture *fixture, uint64_t from)
{
    for (int waited_ms = 0; waited_ms < WAIT_MAX_MS; waited_ms++) {
        if ((atomic_load(fixture->synced) - from) * VALUE_BYTES > COPIED_BYTES)
            return;
        (void)poll(NULL, 0, 1);
    }
    fail_msg("the store stands still after plan %llu",
             (unsigned long long)atomic_load(fixture->synced));
}

static void a_death_during_a_copy_loses_nothing(void **state)
{
    struct fixture *fixture = *state;
    uint64_t last = 0;
    for (unsigned death = 0; death < DEATHS; death++) {
        atomic_store(fixture->synced, last);
        pid_t child = fork();
        if (child == 0) {
            commit_until_killed(fixture, last + 1);
            _exit(1);
        }
        wait_for_copies(fixture, last);
        (void)poll(NULL, 0, (int)(death * 3)); /* at another point of the copy each time */
        int status = 0;
        (void)kill(child, SIGKILL);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        uint64_t synced = atomic_load(fixture->synced);
        last = read_all(fixture);
        assert_true(last >= synced);
    }
}

/* The log begins anew although the owner never rests: it stays within its bound. */
static void the_log_does_not_grow_for_ever(void **state)
{
    enum { PLANS = 4000, SYNC_EVERY = 8, LOG_BYTES_MAX = 128 * 1024 * 1024 };
    struct fixture *fixture = *state;
    const struct store_sqlite_options options = {.has_checkpointer = true};
    struct store *store = NULL;
    char path[128];
    struct stat status;
    (void)snprintf(path, sizeof path, "%s-wal", fixture->path);
    assert_int_equal(store_sqlite_open(fixture->path, &options, &store), REASON_NONE);
    for (uint64_t number = 1; number <= PLANS; number++) {
        assert_int_equal(apply(store, number), REASON_NONE);
        if (number % SYNC_EVERY == 0)
            assert_int_equal(store->verbs->sync(store), REASON_NONE);
    }
    assert_int_equal(stat(path, &status), 0);
    assert_true(status.st_size < LOG_BYTES_MAX);
    assert_true((uint64_t)PLANS * VALUE_BYTES > (uint64_t)LOG_BYTES_MAX);
    store->verbs->close(store);
    assert_int_equal(read_all(fixture), PLANS);
}

/* The system gives up pages that it could not write and says so once. The copy that they were part
 * of is not the last: what follows must not take them for copied. */
static void a_failed_sync_of_the_file_loses_nothing(void **state)
{
    enum { PLANS = 1000, LATE_PLANS = 300 };
    struct fixture *fixture = *state;
    forgetful_vfs_begin();
    const struct store_sqlite_options options = {.vfs_name = FORGETFUL_VFS,
                                                 .has_checkpointer = true};
    struct store *store = NULL;
    uint64_t synced = 0;
    assert_int_equal(store_sqlite_open(fixture->path, &options, &store), REASON_NONE);
    assert_int_equal(apply(store, 1), REASON_NONE);
    forgetful_vfs_lose_next_copy();
    for (uint64_t number = 2; number <= PLANS; number++) {
        if (apply(store, number) != REASON_NONE || store->verbs->sync(store) != REASON_NONE)
            break;
        synced = number;
        if (number == LATE_PLANS) /* the copy is under way, and the log has grown since */
            forgetful_vfs_go_on();
    }
    assert_true(synced >= LATE_PLANS);
    store->verbs->close(store);
    assert_true(forgetful_vfs_end());
    assert_true(read_all(fixture) >= synced);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_death_during_a_copy_loses_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_log_does_not_grow_for_ever, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_failed_sync_of_the_file_loses_nothing, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
