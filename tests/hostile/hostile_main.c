/* hostile [--short] [--seed N] [--pairs N] [--attack PATTERNS] DIRECTORY PROGRAMS
 *
 * Every attack of attacks.def, one after another, and then pairs of them, against real processes
 * and beside five honest agencies at work. Prints a row for each, and ends with
 *
 *     hostile: attacks=N aborts=N stolen=N false=N p99_worst=N ms rss_worst=N MB
 *
 * Exit code 0: every bar is kept; 1: one is missed (the row says which); 3: the world did not come
 * up. --short: the attacks that are marked so, judged by what does not depend on the machine's
 * speed. DIRECTORY: empty; logs and stores stay in it. */
#include <fnmatch.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto/base/check.h"
#include "tests/hostile/attacks.h"
#include "tests/hostile/clerk.h"
#include "tests/hostile/honest.h"
#include "tests/hostile/report.h"

enum {
    ROUND_MS = 25,
    IDLE_MS = 1500,
    DIAL_MS = 10000, /* an adapter dials again after five seconds at most */
    WARM_UP_MS = 4000,
    SETTLE_MS = 20000,   /* for what an attack has held up; --short: END_MS, by no clock */
    END_MS = 120 * 1000, /* longer than anybody is paused or shut out for */
    PAIRS = 12,
    PAIR_MS = 4000,
    FORGIVE_MS = 300, /* of reading a registry, which stands still meanwhile: not of the next row */
    SHORT_MS = 2500,
    SHORT_IDLE_MS = 500,    /* no time is judged beside it */
    ATTACKER_NICENESS = 10, /* more than the others': it stands for another machine */
};

struct run {
    struct world world;
    struct report report;
    pid_t honest, clerk;
    const char *only, *elsewhere;
    unsigned seed;
    size_t pairs;
};

static pid_t start(const struct world *world, void (*run)(const struct world *))
{
    pid_t child = fork();
    if (child == 0) {
        run(world);
        _exit(0);
    }
    check(child > 0);
    return child;
}

static void run_honest(const struct world *world)
{
    honest_run(world);
}

static void run_clerk(const struct world *world)
{
    clerk_run(world);
}

/* The attacker's process. Never returns. */
static _Noreturn void attack_in_child(const struct world *world, const struct attack *attack,
                                      size_t slot, int64_t until_us)
{
    static struct assault assault;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)nice(ATTACKER_NICENESS);
    assault_init(&assault, world, attack->victim, slot, until_us);
    attack->function(&assault);
    _exit(0);
}

/* Tends the world for so long, and measures. */
static void pass(struct run *run, struct measure *measure, int ms)
{
    int64_t until_us = world_now_us() + (int64_t)ms * 1000;
    while (world_now_us() < until_us) {
        world_tend(&run->world);
        if (measure != NULL)
            measure_sample(measure);
        (void)usleep(ROUND_MS * 1000);
    }
    if (waitpid(run->honest, NULL, WNOHANG) != 0 || waitpid(run->clerk, NULL, WNOHANG) != 0) {
        (void)fprintf(stderr, "hostile: the honest load broke\n");
        exit(3);
    }
}

/* Until what was sent from that message on is delivered. The number that is not by then. */
static size_t settle(struct run *run, size_t first, int64_t sent_until_us, int ms)
{
    int64_t until_us = world_now_us() + (int64_t)ms * 1000;
    size_t left = measure_undelivered(&run->world, first, sent_until_us);
    while (left > 0 && world_now_us() < until_us) {
        pass(run, NULL, ROUND_MS);
        left = measure_undelivered(&run->world, first, sent_until_us);
    }
    return left;
}

static const struct child *victim_of(const struct world *world, const struct attack *attack,
                                     uint16_t *ret_office)
{
    *ret_office = VICTIM_ADAPTER;
    if (attack->victim == VICTIM_CARRIER)
        return world->carrier;
    if (attack->victim == VICTIM_LOCAL)
        return strncmp(attack->name, "api_", 4) == 0 ? world->adapter : NULL;
    if (attack->victim == VICTIM_INBOX)
        return world->adapter;
    if (attack->victim != VICTIM_ADAPTER_LINK)
        return NULL;
    *ret_office = CAPTIVE_ADAPTER;
    return strncmp(attack->name, "captive_carrier_", 16) == 0 ? world->captive_carrier
                                                              : world->captive;
}

/* A hostile gateway has to wait until its victim dials again: then the attack begins. */
static void start_attackers(struct run *run, const struct attack *first,
                            const struct attack *second, int ms, pid_t *ret_attackers)
{
    const struct attack *mounted[SLOTS] = {first, second};
    bool waits = first->victim == VICTIM_ADAPTER_LINK;
    int64_t dials_until_us = world_now_us() + (waits ? (int64_t)DIAL_MS * 1000 : 0);
    for (size_t i = 0; i < SLOTS && mounted[i] != NULL; i++) {
        ret_attackers[i] = fork();
        if (ret_attackers[i] == 0)
            attack_in_child(&run->world, mounted[i], i, dials_until_us + (int64_t)ms * 1000);
    }
    while (waits && world_now_us() < dials_until_us && run->world.shared->outcomes[0].received == 0)
        pass(run, NULL, ROUND_MS);
}

/* True: it had broken by itself, so that nothing was tried. */
static bool end_attacker(pid_t attacker)
{
    int status = 0;
    if (waitpid(attacker, &status, WNOHANG) == attacker)
        return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
    (void)kill(attacker, SIGKILL);
    (void)waitpid(attacker, NULL, 0);
    return false;
}

/* Both ends load their registry anew, and with it whoever was made to rest for a flood may connect
 * as if this row had been a day ago. */
static void forgive(struct run *run)
{
    (void)kill(run->world.gateway->pid, SIGHUP);
    (void)kill(run->world.carrier->pid, SIGHUP);
    pass(run, NULL, FORGIVE_MS);
}

/* One attack, or two at once. */
static void mount(struct run *run, const struct attack *first, const struct attack *second, int ms)
{
    struct world *world = &run->world;
    struct shared *shared = world->shared;
    struct measure measure;
    struct row row = {.attack = first, .second = second};
    uint16_t office;
    const struct child *victim = victim_of(world, first, &office);
    memset(shared->outcomes, 0, sizeof shared->outcomes);
    shared->uses_carrier = first->victim == VICTIM_CARRIER;
    shared->blinks = (first->flags & ATTACK_BLINKS) != 0;
    uint64_t false_before = shared->false_states, spoilt_before = shared->spoilt;
    uint64_t disorder_before = shared->disorder, twice_before = shared->twice;
    memset(shared->first_false, 0, sizeof shared->first_false);
    /* What waits from before would be counted where it is delivered: as growth by the attack. */
    (void)settle(run, 0, world_now_us(), END_MS);
    measure_begin(&measure, world, victim, office);
    pass(run, &measure, run->report.is_short ? SHORT_IDLE_MS : IDLE_MS);
    measure_end(&measure, &row.idle);
    (void)settle(run, 0, world_now_us(), END_MS);
    size_t first_message = shared->message_count;
    pid_t attackers[SLOTS] = {0};
    start_attackers(run, first, second, ms, attackers);
    measure_begin(&measure, world, victim, office);
    pass(run, &measure, ms);
    int64_t until_us = world_now_us();
    measure_end(&measure, &row.attacked);
    for (size_t i = 0; i < SLOTS && attackers[i] > 0; i++) {
        row.broken += end_attacker(attackers[i]);
        row.outcomes[i] = shared->outcomes[i];
    }
    shared->blinks = false;
    row.undelivered =
        settle(run, first_message, until_us, run->report.is_short ? END_MS : SETTLE_MS);
    row.deaths_after = world_take_deaths(world);
    row.false_states = shared->false_states - false_before;
    row.spoilt = shared->spoilt - spoilt_before;
    row.disorder = shared->disorder - disorder_before;
    row.twice = shared->twice - twice_before;
    report_row(&run->report, &row, shared);
    forgive(run);
}

static void mount_pairs(struct run *run)
{
    unsigned draw = run->seed;
    for (size_t made = 0; made < run->pairs;) {
        const struct attack *first = &attacks[(size_t)rand_r(&draw) % attack_count];
        const struct attack *second = &attacks[(size_t)rand_r(&draw) % attack_count];
        if ((first->flags & second->flags & ATTACK_SECOND) == 0 || first == second)
            continue;
        mount(run, first, second, PAIR_MS);
        made++;
    }
}

/* patterns: shell patterns with blanks between. */
static bool is_wanted(const char *patterns, const char *name)
{
    char copy[1024];
    char *rest = copy;
    (void)snprintf(copy, sizeof copy, "%s", patterns);
    for (char *word = strsep(&rest, " "); word != NULL; word = strsep(&rest, " "))
        if (fnmatch(word, name, 0) == 0)
            return true;
    return false;
}

static void mount_all(struct run *run)
{
    bool is_short = run->report.is_short;
    for (size_t i = 0; i < attack_count; i++) {
        const struct attack *attack = &attacks[i];
        if (run->only != NULL ? !is_wanted(run->only, attack->name)
                              : is_short && (attack->flags & ATTACK_SHORT) == 0)
            continue;
        mount(run, attack, NULL, is_short ? SHORT_MS : (int)attack->seconds * 1000);
    }
    if (run->only == NULL)
        mount_pairs(run);
}

/* Nothing of what anybody was given a receipt for may be missing at the end. */
static void end(struct run *run)
{
    struct shared *shared = run->world.shared;
    shared->uses_carrier = false;
    size_t left = settle(run, 0, world_now_us(), END_MS);
    size_t lost = 0;
    for (size_t i = 0; left > 0 && i < shared->message_count; i++) {
        const struct honest_message *message = &shared->messages[i];
        lost += message->custody_us != 0 && message->arrived_us == 0 && !message->is_refused &&
                message->recipient != HOSTILE_FIRST && message->recipient != ABSENT;
    }
    run->report.lost = lost;
    shared->stops = true;
    (void)waitpid(run->honest, NULL, 0);
    (void)waitpid(run->clerk, NULL, 0);
}

static bool parse(struct run *run, int argc, char **argv, const char **ret_directory,
                  const char **ret_programs)
{
    int at = 1;
    run->seed = 1;
    run->pairs = PAIRS;
    for (; at < argc && argv[at][0] == '-'; at++) {
        bool has_value = at + 1 < argc;
        if (strcmp(argv[at], "--short") == 0) {
            run->report.is_short = true;
            run->pairs = 0;
        } else if (strcmp(argv[at], "--seed") == 0 && has_value) {
            run->seed = (unsigned)strtoul(argv[++at], NULL, 10);
        } else if (strcmp(argv[at], "--pairs") == 0 && has_value) {
            run->pairs = (size_t)strtoul(argv[++at], NULL, 10);
        } else if (strcmp(argv[at], "--attack") == 0 && has_value) {
            run->only = argv[++at];
        } else if (strcmp(argv[at], "--elsewhere") == 0 && has_value) {
            run->elsewhere = argv[++at];
        } else {
            return false;
        }
    }
    if (argc - at != 2)
        return false;
    *ret_directory = argv[at];
    *ret_programs = argv[at + 1];
    return true;
}

int main(int argc, char **argv)
{
    static struct run run;
    const char *directory, *programs;
    struct rlimit files;
    if (!parse(&run, argc, argv, &directory, &programs)) {
        (void)fprintf(stderr, "usage: hostile [--short] [--seed N] [--pairs N] [--attack PATTERNS] "
                              "[--elsewhere DIRECTORY] DIRECTORY PROGRAMS\n");
        return 2;
    }
    /* Attackers need thousands of descriptors; the victims keep what they are started with. */
    if (!world_make(&run.world, directory, run.elsewhere, programs) || !world_start(&run.world))
        return 3;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
    run.world.shared->honest_per_second =
        run.report.is_short ? HONEST_PER_SECOND_SHORT : HONEST_PER_SECOND;
    run.honest = start(&run.world, run_honest);
    run.clerk = start(&run.world, run_clerk);
    report_begin(&run.report);
    pass(&run, NULL, WARM_UP_MS);
    mount_all(&run);
    end(&run);
    bool kept = report_end(&run.report, run.world.shared);
    world_stop(&run.world);
    return kept ? EXIT_SUCCESS : EXIT_FAILURE;
}
