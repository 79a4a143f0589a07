/* store_fixture - a store under the contract test: in memory, SQLite on a real disk, and SQLite on
 * a disk that loses power whenever the test opens the store again. Include after cmocka. */
#ifndef TESTS_CONTRACT_STORE_FIXTURE_H
#define TESTS_CONTRACT_STORE_FIXTURE_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

#include "gateway/store/store_memory.h"
#include "gateway/store/store_sqlite.h"
#include "tests/support/crash_vfs.h"

enum store_kind { STORE_MEMORY, STORE_SQLITE, STORE_CRASHING };

struct fixture {
    enum store_kind kind;
    char directory[64];
    char path[96];
    struct store_memory_image *image;
    struct crash_vfs *disk;
    struct store *store;
};

static void open_store(struct fixture *fixture)
{
    struct store_sqlite_options options = {0};
    if (fixture->disk != NULL)
        options.vfs_name = crash_vfs_name(fixture->disk);
    enum reason reason = fixture->kind == STORE_MEMORY
                             ? store_memory_open(fixture->image, &fixture->store)
                             : store_sqlite_open(fixture->path, &options, &fixture->store);
    assert_int_equal(reason, REASON_NONE);
}

static void reopen(struct fixture *fixture)
{
    if (fixture->disk != NULL)
        crash_vfs_cut_power(fixture->disk);
    fixture->store->verbs->close(fixture->store);
    if (fixture->disk != NULL)
        crash_vfs_restart(fixture->disk);
    open_store(fixture);
}

static int set_up(void **state, enum store_kind kind)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    fixture->kind = kind;
    (void)snprintf(fixture->directory, sizeof fixture->directory, "%s", "/tmp/store.XXXXXX");
    assert_non_null(mkdtemp(fixture->directory));
    (void)snprintf(fixture->path, sizeof fixture->path, "%s/store.sqlite", fixture->directory);
    fixture->image = store_memory_image_new();
    if (kind == STORE_CRASHING)
        fixture->disk = crash_vfs_new(1);
    open_store(fixture);
    *state = fixture;
    return 0;
}

static int set_up_memory(void **state)
{
    return set_up(state, STORE_MEMORY);
}

static int set_up_sqlite(void **state)
{
    return set_up(state, STORE_SQLITE);
}

static int set_up_crashing(void **state)
{
    return set_up(state, STORE_CRASHING);
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *where)
{
    (void)status;
    (void)type;
    (void)where;
    return remove(path);
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    fixture->store->verbs->close(fixture->store);
    crash_vfs_destroy(&fixture->disk);
    store_memory_image_destroy(&fixture->image);
    (void)nftw(fixture->directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    free(fixture);
    return 0;
}

#endif
