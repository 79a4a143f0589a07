/* The simulator's program.
 *
 *   sim [-v] SEED                  one seed
 *   sim -n COUNT [FROM]            so many seeds, until the first that does not end well
 *   sim -c SECONDS [-j JOBS] [FROM]  a campaign: as many seeds as fit
 *   sim -y DAYS [-d DOSSIERS] SEED   ten years with so many days of traffic a year, and about so
 *                                  many dossiers a day (decade.h)
 *   -s                             real SQLite under every node, on a disk that loses power
 *   -w                             also the faults that wait for their mend (mishap.def)
 *   -f TEXT                        that fault of mishap.def in every seed; up to SIM_FORCED_MAX
 *
 * Exit codes: 0 well, 127 a core ended the process, 128 something did not come to its end, 129 a
 * promise was broken, 2 usage; of a decade 1: either of these, or too little came to pass. */
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/base/check.h"
#include "tests/sim/campaign.h"
#include "tests/sim/decade.h"

static struct sim *running;

static void hook(const char *file, int line, const char *expression)
{
    char why[256];
    (void)snprintf(why, sizeof why, "check failed at %s:%d: %s", file, line, expression);
    if (running != NULL)
        sim_report_crash(running, why);
    _exit(SIM_CRASHED);
}

/* The process is lost already: what it can still say is worth the risk. */
static void on_signal(int signal)
{
    (void)signal;
    if (running != NULL)
        /* NOLINTNEXTLINE(bugprone-signal-handler,cert-sig30-c) */
        sim_report_crash(running, "the process was ended by a signal");
    _exit(SIM_CRASHED);
}

static int run_one(const struct sim_options *options, uint64_t seed)
{
    struct sim_result result;
    running = sim_new(options);
    enum sim_end end = sim_run(running, seed, &result);
    sim_print_faults(&result, options->out);
    sim_print(&result, seed, options->out);
    sim_destroy(&running);
    return (int)end;
}

static int run_some(const struct sim_options *options, uint64_t from, uint64_t count)
{
    struct sim_result result = {.end = SIM_WELL};
    running = sim_new(options);
    uint64_t seed = from;
    for (; seed < from + count && result.end == SIM_WELL; seed++) {
        (void)sim_run(running, seed, &result);
        sim_print(&result, seed, options->out);
    }
    sim_destroy(&running);
    return (int)result.end;
}

/* A decade in which nothing came to pass has proved nothing. */
static bool has_happened(const struct decade *decade, unsigned int days,
                         const struct sim_options *options)
{
    bool are_due_dates_tried =
        decade->due_known > 0 && decade->due_beyond > 0 && decade->due_later > 0;
    bool are_keys_tried = decade->renewals > 0 && decade->ended_late > 0 &&
                          decade->revocations > 0 && decade->rollovers > 0 &&
                          decade->sealed_again > 0 && decade->judged_at_custody > 0;
    /* Where there are days enough on which no store is put back. */
    bool are_days_tried =
        days < DECADE_DAYS_ALL || (decade->codes_kept > 0 && decade->codes_refused > 0 &&
                                   decade->moved > 0 && decade->lives_ended > 0);
    return are_keys_tried && are_days_tried && are_due_dates_tried &&
           decade->years == DECADE_YEARS && decade->messages > 0 && decade->mergers > 0 &&
           decade->splits > 0 && decade->outages > 0 && decade->purged > 0 &&
           decade->purged_at_adapters > 0 && (decade->restores > 0 || options->uses_sqlite);
}

static void print_decade(const struct decade *decade, enum sim_end end, FILE *out)
{
#define OF(count) (unsigned long long)decade->count
    (void)fprintf(
        out, "played: days=%llu restarts=%llu outages=%llu splits=%llu purged_at_adapters=%llu\n",
        OF(days), OF(restarts), OF(outages), OF(splits), OF(purged_at_adapters));
    (void)fprintf(out,
                  "seals: late=%llu revoked=%llu issuers=%llu sealed_again=%llu "
                  "judged_at_custody=%llu\n",
                  OF(ended_late), OF(revocations), OF(rollovers), OF(sealed_again),
                  OF(judged_at_custody));
    (void)fprintf(out, "days: codes_kept=%llu codes_refused=%llu moved=%llu lives_ended=%llu\n",
                  OF(codes_kept), OF(codes_refused), OF(moved), OF(lives_ended));
    (void)fprintf(out, "due: known=%llu beyond_calendar=%llu later_than_law=%llu\n", OF(due_known),
                  OF(due_beyond), OF(due_later));
    (void)fprintf(out,
                  "decade: years=%u messages=%llu renewals=%llu mergers=%llu restores=%llu "
                  "purged=%llu violations=%d\n",
                  decade->years, OF(messages), OF(renewals), OF(mergers), OF(restores), OF(purged),
                  end != SIM_WELL);
#undef OF
}

static int run_decade(const struct sim_options *options, uint64_t seed,
                      const struct decade_plan *plan)
{
    struct decade decade;
    running = sim_new(options);
    enum sim_end end = sim_decade(running, seed, plan, &decade);
    print_decade(&decade, end, options->out);
    sim_destroy(&running);
    return end == SIM_WELL && has_happened(&decade, plan->days_a_year, options) ? 0 : 1;
}

static int usage(void)
{
    (void)fprintf(stderr, "usage: sim [-sw] [-f FAULT]... [-v] SEED | sim ... -n COUNT [FROM] |"
                          " sim ... -c SECONDS [-n COUNT] [-j JOBS] [FROM]\n");
    return 2;
}

int main(int count, char **arguments)
{
    struct sim_options options = {.out = stdout, .commit = getenv("COMMIT")};
    uint64_t seeds = 0;
    struct decade_plan decade = {.days_a_year = 0};
    struct campaign_options campaign = {.jobs = 1, .from = 1};
    int option;
    if (options.commit == NULL)
        options.commit = "unknown";
    while ((option = getopt(count, arguments, "svwf:n:c:j:y:d:")) != -1) {
        uint64_t number = optarg == NULL ? 0 : strtoull(optarg, NULL, 10);
        if (option == 'f' && options.forced_count < SIM_FORCED_MAX && sim_fault_is_known(optarg))
            options.forced[options.forced_count++] = optarg;
        else if (option == 'v')
            options.is_verbose = true;
        else if (option == 's')
            options.uses_sqlite = true;
        else if (option == 'w')
            options.with_waiting = true;
        else if (option == 'n')
            seeds = number;
        else if (option == 'c')
            campaign.seconds = (unsigned int)number;
        else if (option == 'y' && number > 0 && number <= DECADE_DAYS_MAX)
            decade.days_a_year = (unsigned int)number;
        else if (option == 'd' && number > 1 && number <= DECADE_DOSSIERS_MAX)
            decade.dossiers_a_day = (unsigned int)number;
        else if (option == 'j')
            campaign.jobs = (unsigned int)number;
        else
            return usage();
    }
    if (optind < count)
        campaign.from = strtoull(arguments[optind], NULL, 10);
    /* Frames come and go: memory that was given back is wanted again at once. */
    (void)mallopt(M_MMAP_THRESHOLD, 32 * 1024 * 1024);
    (void)mallopt(M_TRIM_THRESHOLD, 512 * 1024 * 1024);
    check_set_hook(hook);
    (void)signal(SIGSEGV, on_signal);
    campaign.seeds = seeds;
    if (decade.days_a_year > 0 && optind < count)
        return run_decade(&options, campaign.from, &decade);
    if (campaign.seconds > 0)
        return campaign_run(&options, &campaign, &running);
    if (seeds > 0)
        return run_some(&options, campaign.from, seeds);
    return optind < count ? run_one(&options, campaign.from) : usage();
}
