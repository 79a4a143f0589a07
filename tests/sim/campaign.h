/* campaign - seed after seed for a while, on several processors. */
#pragma once

#include "tests/sim/sim.h"

enum { CAMPAIGN_JOBS_MAX = 64 };

struct campaign_options {
    unsigned int seconds;
    uint64_t seeds;    /* at most so many; 0: any number */
    unsigned int jobs; /* processes; job j runs the seeds from + j, from + j + jobs, … */
    uint64_t from;
};

/* The worst end of all seeds. running: told which simulation a job runs, for the report of a crash.
 */
int campaign_run(const struct sim_options *options, const struct campaign_options *campaign,
                 struct sim **running);
/* One line a kind of fault that happened. */
void sim_print_faults(const struct sim_result *result, FILE *out);
/* One line of one seed. */
void sim_print(const struct sim_result *result, uint64_t seed, FILE *out);
