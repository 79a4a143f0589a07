/* store_fixture - a store under the contract test: in memory, SQLite on a real disk, and SQLite on
 * a disk that loses power whenever the test opens the store again. Include after cmocka. */
#pragma once

#include <stdio.h>
#include <stdlib.h>

#include "tests/support/store_memory.h"
#include "gateway/store/store_sqlite.h"
#include "tests/support/crash_vfs.h"
#include "tests/unit/scratch.h"

/* STORE_SYNCED: as CRASHING, with plans that are applied and synced instead of committed. */
enum store_kind { STORE_MEMORY, STORE_SQLITE, STORE_CRASHING, STORE_SYNCED };

struct fixture {
    enum store_kind kind;
    struct scratch scratch;
    char path[96];
    struct store_memory_image *image;
    struct crash_vfs *disk;
    struct store *store;
    struct store_verbs verbs; /* of a STORE_SYNCED */
};

static enum reason apply_and_sync(struct store *store, const struct store_plan *plan)
{
    enum reason reason = store->verbs->apply(store, plan);
    return reason == REASON_NONE ? store->verbs->sync(store) : reason;
}

static void open_store(struct fixture *fixture)
{
    struct store_sqlite_options options = {0};
    if (fixture->disk != NULL)
        options.vfs_name = crash_vfs_name(fixture->disk);
    enum reason reason = fixture->kind == STORE_MEMORY
                             ? store_memory_open(fixture->image, &fixture->store)
                             : store_sqlite_open(fixture->path, &options, &fixture->store);
    assert_int_equal(reason, REASON_NONE);
    if (fixture->kind != STORE_SYNCED)
        return;
    fixture->verbs = *fixture->store->verbs;
    fixture->verbs.commit = apply_and_sync;
    fixture->store->verbs = &fixture->verbs;
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
    assert_non_null(fixture);
    assert_true(scratch_open(&fixture->scratch));
    (void)snprintf(fixture->path, sizeof fixture->path, "%s/store.sqlite", fixture->scratch.folder);
    fixture->image = store_memory_image_new();
    if (kind == STORE_CRASHING || kind == STORE_SYNCED)
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

static int set_up_synced(void **state)
{
    return set_up(state, STORE_SYNCED);
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    fixture->store->verbs->close(fixture->store);
    crash_vfs_destroy(&fixture->disk);
    store_memory_image_destroy(&fixture->image);
    scratch_close(&fixture->scratch);
    free(fixture);
    return 0;
}

/* A case on each of them. */
#define CASE(test)                                                                                 \
    {"memory: " #test, test, set_up_memory, tear_down, NULL},                                      \
        {"SQLite: " #test, test, set_up_sqlite, tear_down, NULL},                                  \
        {"SQLite, synced: " #test, test, set_up_synced, tear_down, NULL},                          \
    {                                                                                              \
        "SQLite, power cut: " #test, test, set_up_crashing, tear_down, NULL                        \
    }
