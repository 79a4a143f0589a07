/* children - the processes of a sandbox province: start, restart when they die, stop all.
 *
 * Each child has a name, a log (DIR/logs/NAME.log) and a pid file (DIR/run/NAME.pid). It dies with
 * its parent. A child that ends by itself is started again after CHILD_RESTART_MS and counted, so
 * that a test may kill any of them at any time; one that was stopped on purpose stays down.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "ops/client/file.h"

enum {
    CHILDREN_MAX = 64, /* gateway, centre, 23 agencies with their offices, portal */
    CHILD_NAME_BYTES = 48,
    CHILD_WORDS_MAX = 16, /* of a command line */
    CHILD_WORD_BYTES = 512,
    CHILD_RESTART_MS = 200, /* no busy loop when a program cannot start */
    CHILD_STOP_MS = 10000,  /* then it is killed */
};

struct child {
    char name[CHILD_NAME_BYTES];
    char words[CHILD_WORDS_MAX][CHILD_WORD_BYTES];
    size_t word_count;
    pid_t pid; /* 0: not running */
    bool is_wanted;
    uint32_t restarts;
    int64_t start_at_ms; /* not before */
};

struct children {
    char directory[PATH_BYTES_MAX];
    struct child list[CHILDREN_MAX];
    size_t count;
};

/* Makes DIR/logs and DIR/run. False: said on standard error. */
bool children_init(struct children *children, const char *directory);
/* Not started yet. The words end with NULL; NULL when there is no room. */
struct child *children_add(struct children *children, const char *name, const char *word, ...)
    __attribute__((sentinel));
struct child *children_find(struct children *children, const char *name);
void child_start(struct children *children, struct child *child);
/* SIGTERM, then waits up to CHILD_STOP_MS, then SIGKILL. It is not started again. */
void child_stop(struct children *children, struct child *child);
/* Collects those that ended, starts those that are wanted. Call often. */
void children_tend(struct children *children);
void children_stop_all(struct children *children);
/* Peak resident memory of a running child in KiB; 0 when not running. */
uint64_t child_peak_memory_kib(const struct child *child);
