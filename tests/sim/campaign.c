#include "tests/sim/campaign.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "proto/base/check.h"

/* What the jobs add up; shared memory, one for each job. */
struct tally {
    uint64_t seeds, steps, messages, faults, violations, shortest_steps;
    uint64_t faults_by_kind[SIM_KINDS_MAX];
};

static int64_t seconds_now(void)
{
    struct timespec now;
    check(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return now.tv_sec;
}

void sim_print_faults(const struct sim_result *result, FILE *out)
{
    for (unsigned int kind = 0; sim_fault_kind(kind) != NULL; kind++) {
        if (result->faults_by_kind[kind] > 0)
            (void)fprintf(out, "  %8llu  %s\n", (unsigned long long)result->faults_by_kind[kind],
                          sim_fault_kind(kind));
    }
}

void sim_print(const struct sim_result *result, uint64_t seed, FILE *out)
{
    (void)fprintf(out,
                  "sim: seed=%llu steps=%llu messages=%llu faults=%llu lasted_s=%lld end=%d "
                  "hash=%016llx\n",
                  (unsigned long long)seed, (unsigned long long)result->steps,
                  (unsigned long long)result->messages, (unsigned long long)result->faults,
                  (long long)(result->lasted_ms / 1000), (int)result->end,
                  (unsigned long long)result->hash);
}

static void add(struct tally *tally, const struct sim_result *result)
{
    tally->seeds++;
    tally->steps += result->steps;
    tally->messages += result->messages;
    tally->faults += result->faults;
    tally->violations += result->end != SIM_WELL;
    if (tally->shortest_steps == 0 || result->steps < tally->shortest_steps)
        tally->shortest_steps = result->steps;
    for (size_t kind = 0; kind < SIM_KINDS_MAX; kind++)
        tally->faults_by_kind[kind] += result->faults_by_kind[kind];
}

/* A job goes on after a violation: the others may be of another kind. */
static int run_job(const struct sim_options *options, const struct campaign_options *campaign,
                   unsigned int job, int64_t until, struct tally *tally, struct sim **running)
{
    int worst = SIM_WELL;
    uint64_t end_seed = campaign->seeds == 0 ? UINT64_MAX : campaign->from + campaign->seeds;
    *running = sim_new(options);
    for (uint64_t seed = campaign->from + job; seed < end_seed && seconds_now() < until;
         seed += campaign->jobs) {
        struct sim_result result;
        int end = (int)sim_run(*running, seed, &result);
        worst = end > worst ? end : worst;
        add(tally, &result);
    }
    sim_destroy(running);
    return worst;
}

static int wait_for_job(pid_t process)
{
    int status = 0;
    while (waitpid(process, &status, 0) < 0)
        check(errno == EINTR);
    return WIFEXITED(status) ? WEXITSTATUS(status) : SIM_CRASHED;
}

static void print(const struct tally *tallies, unsigned int jobs, FILE *out)
{
    struct tally all = {0};
    for (unsigned int job = 0; job < jobs; job++) {
        const struct tally *tally = &tallies[job];
        all.seeds += tally->seeds;
        all.steps += tally->steps;
        all.messages += tally->messages;
        all.faults += tally->faults;
        all.violations += tally->violations;
        if (all.shortest_steps == 0 || tally->shortest_steps < all.shortest_steps)
            all.shortest_steps = tally->shortest_steps;
        for (size_t kind = 0; kind < SIM_KINDS_MAX; kind++)
            all.faults_by_kind[kind] += tally->faults_by_kind[kind];
    }
    for (unsigned int kind = 0; sim_fault_kind(kind) != NULL; kind++) {
        if (all.faults_by_kind[kind] == 0 && sim_fault_is_waiting(kind))
            (void)fprintf(out, "     waiting  %s\n", sim_fault_kind(kind));
        else
            (void)fprintf(out, "%12llu  %s\n", (unsigned long long)all.faults_by_kind[kind],
                          sim_fault_kind(kind));
    }
    (void)fprintf(out, "shortest run: %llu steps\n", (unsigned long long)all.shortest_steps);
    (void)fprintf(out,
                  "campaign: seeds=%llu steps=%llu messages=%llu faults=%llu violations=%llu\n",
                  (unsigned long long)all.seeds, (unsigned long long)all.steps,
                  (unsigned long long)all.messages, (unsigned long long)all.faults,
                  (unsigned long long)all.violations);
}

int campaign_run(const struct sim_options *options, const struct campaign_options *campaign,
                 struct sim **running)
{
    unsigned int jobs = campaign->jobs < 1                   ? 1
                        : campaign->jobs > CAMPAIGN_JOBS_MAX ? CAMPAIGN_JOBS_MAX
                                                             : campaign->jobs;
    struct campaign_options bounded = *campaign;
    bounded.jobs = jobs;
    pid_t processes[CAMPAIGN_JOBS_MAX];
    int worst = SIM_WELL;
    int64_t until = seconds_now() + campaign->seconds;
    struct tally *tallies = mmap(NULL, jobs * sizeof *tallies, PROT_READ | PROT_WRITE,
                                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    check(tallies != MAP_FAILED);
    (void)fflush(options->out);
    for (unsigned int job = 0; job < jobs; job++) {
        processes[job] = fork();
        check(processes[job] >= 0);
        if (processes[job] == 0) {
            int end = run_job(options, &bounded, job, until, &tallies[job], running);
            (void)fflush(options->out);
            _exit(end);
        }
    }
    for (unsigned int job = 0; job < jobs; job++) {
        int end = wait_for_job(processes[job]);
        if (end == SIM_CRASHED)
            tallies[job].violations++;
        worst = end > worst ? end : worst;
    }
    print(tallies, jobs, options->out);
    (void)munmap(tallies, jobs * sizeof *tallies);
    return worst;
}
