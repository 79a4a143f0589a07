/* sim - the real cores of a gateway and its adapters in a world that a seed has made hostile.
 *
 *   struct sim *sim = sim_new(&options);
 *   enum sim_end end = sim_run(sim, seed);      any number of seeds, one after another
 *   sim_destroy(&sim);
 *
 * One thread, no waiting, no clock: the same seed does exactly the same, which the hash of the
 * result proves. A run is a storm, in which faults happen, and a calm, in which everything that
 * was taken on must come to its end within SIM_CALM_MS of the world's own time.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum {
    SIM_CHECKERS_MAX = 24,
    SIM_STEPS_MIN = 2000,
    /* An unanswered message is asked for after an hour; back-off may be as long. */
    SIM_CALM_MS = 3 * 60 * 60 * 1000,
    SIM_KINDS_MAX = 128,
    SIM_FORCED_MAX = 4,
};

/* Also the program's exit codes. */
enum sim_end { SIM_WELL = 0, SIM_CRASHED = 127, SIM_STUCK = 128, SIM_WRONG = 129 };

struct sim_options {
    FILE *out;
    bool is_verbose;    /* every event as it happens */
    const char *commit; /* for the report */
    /* Real SQLite under every node, on a disk that loses power when its node crashes. Every eighth
     * seed has it in any case. */
    bool uses_sqlite;
    bool with_waiting; /* also the faults whose mend is not there yet (mishap.def) */
    /* Texts of mishap.def that every seed has, at their highest rates; all else is drawn. */
    const char *forced[SIM_FORCED_MAX];
    size_t forced_count;
};

struct sim_result {
    enum sim_end end;
    uint64_t steps, messages, faults;
    int64_t lasted_ms; /* of the world's time */
    uint64_t hash;
    uint64_t faults_by_kind[SIM_KINDS_MAX];
};

struct sim;

struct sim *sim_new(const struct sim_options *options);
void sim_destroy(struct sim **sim);
/* A violation is reported to options->out. */
enum sim_end sim_run(struct sim *sim, uint64_t seed, struct sim_result *ret_result);
/* For a core that ends the process: what seed ran, and its last events. */
void sim_report_crash(struct sim *sim, const char *why);
/* "crash before the commit"; NULL past the last kind. */
const char *sim_fault_kind(unsigned int kind);
/* Whether mishap.def has that text. */
bool sim_fault_is_known(const char *text);
/* Nothing draws it before its mend is there. */
bool sim_fault_is_waiting(unsigned int kind);
