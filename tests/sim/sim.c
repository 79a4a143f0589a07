#include "tests/sim/sim.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/check.h"
#include "tests/sim/check.h"
#include "tests/sim/decade.h"
#include "tests/sim/past.h"

enum {
    STORM_MIN_MS = 40 * 1000,
    STORM_MAX_MS = 150 * 1000,
    DONE_LOOK_MS = 500,
    CLOCK_FAR_STORM_MS = 60 * 60 * 1000, /* a clock may be months off that long */
    NOTICE_MS = 5 * 60 * 1000,           /* a store that was put back is noticed in that time */
    STEPS_MAX = 2000000,                 /* a run that does not end is stuck */
    FAIRNESS_EVERY = 4,                  /* one seed in so many, if it has a hostile participant */
};
_Static_assert(MISHAPS <= (int)SIM_KINDS_MAX, "every kind of fault has its counter");

/* ---- names ---- */

static const char *const names[NODES] = {"gateway", "centre", "stp",    "sxd",
                                         "stnmt",   "syt",    "portal", "xa"};

const char *sim_node_name(int node)
{
    return node >= 0 && node < NODES ? names[node] : "nobody";
}

int sim_node_of(const struct key *key)
{
    for (int i = 0; i < NODES; i++) {
        if (bytes_equal(key_bytes(key), bytes_of_text(names[i])))
            return i;
    }
    return NOWHERE;
}

const char *sim_fault_kind(unsigned int kind)
{
    return kind < MISHAPS ? mishap_text((enum mishap)kind) : NULL;
}

bool sim_fault_is_known(const char *text)
{
    struct swarm ignored;
    return swarm_force(&ignored, text);
}

bool sim_fault_is_waiting(unsigned int kind)
{
    return kind < MISHAPS && mishap_is_waiting((enum mishap)kind);
}

/* ---- what is said ---- */

void sim_note(struct sim *sim, int node, const char *what, const struct message_id *id,
              int64_t number)
{
    trace_add(&sim->trace, sim->now_ms, sim_node_name(node), what, id, number);
}

void sim_violated(struct sim *sim, int invariant, const struct message_id *id, const char *format,
                  ...)
{
    struct violation *violation = &sim->violation;
    va_list arguments;
    if (violation->is_set || sim->is_lost)
        return;
    *violation = (struct violation){.is_set = true, .invariant = invariant, .has_id = id != NULL};
    if (id != NULL)
        violation->id = *id;
    va_start(arguments, format);
    (void)vsnprintf(violation->text, sizeof violation->text, format, arguments);
    va_end(arguments);
}

static void report(const struct sim *sim)
{
    const struct violation *violation = &sim->violation;
    FILE *out = sim->options.out;
    char id[MESSAGE_ID_TEXT_BYTES] = "-";
    if (violation->has_id)
        id_format(&violation->id, id);
    (void)fprintf(out,
                  "violation: seed=%llu commit=%s invariant=%d step=%llu message=%s\n"
                  "    %s\n    the last events of %s:\n",
                  (unsigned long long)sim->seed, sim->options.commit, violation->invariant,
                  (unsigned long long)sim->steps, id, violation->text,
                  violation->has_id ? "the message" : "all");
    trace_print(&sim->trace, violation->has_id ? &violation->id : NULL, out);
    (void)fflush(out);
}

void sim_report_crash(struct sim *sim, const char *why)
{
    sim->is_lost = false; /* so that it is seen */
    sim_violated(sim, 0, NULL, "%s", why);
    report(sim);
}

/* ---- life cycle ---- */

struct sim *sim_new(const struct sim_options *options)
{
    struct sim *sim = calloc(1, sizeof *sim);
    check(sim != NULL);
    sim->options = *options;
    sim->trace.echo = options->is_verbose ? options->out : NULL;
    checkers_open(sim);
    return sim;
}

void sim_destroy(struct sim **sim_pointer)
{
    struct sim *sim = *sim_pointer;
    *sim_pointer = NULL;
    network_release(sim);
    checkers_close(sim);
    for (int i = 0; i < NODES; i++)
        arena_release(&sim->nodes[i].memory);
    catalogue_release();
    free(sim);
}

/* True: what is forced needs a hostile participant. */
static bool force(struct sim *sim)
{
    bool is_hostile = false;
    for (size_t i = 0; i < sim->options.forced_count; i++) {
        const char *text = sim->options.forced[i];
        (void)swarm_force(&sim->swarm, text);
        is_hostile = is_hostile || strncmp(text, "hostile", strlen("hostile")) == 0;
    }
    return is_hostile;
}

static void begin(struct sim *sim, uint64_t seed)
{
    sim->seed = seed;
    sim->dice = (struct dice){seed};
    model_authority_init(&sim->authority);
    sim->answer_count = 0;
    sim->now_ms = 0;
    sim->steps = sim->frames = 0;
    sim->registry_newest = 0;
    sim->calendar_newest = sim->is_decade ? 1 : 0;
    sim->was_registry_second = false;
    sim->violation.is_set = sim->is_lost = false;
    memset(sim->alarms_about, 0, sizeof sim->alarms_about);
    memset(sim->incarnations, 0, sizeof sim->incarnations);
    sim->usurper_at_ms = 0;
    sim->dossiers_before = sim->intents_before = 0;
    sim->day_ms = sim->outage_at_ms = sim->outage_until_ms = 0;
    sim->seen = (struct seen){.moved = 0};
    sim->hostile = (struct hostile){.made_ids = 0};
    sim->purge = (struct purge){.job = 0};
    sim->renewal = (struct renewal){.next = RENEWAL_STEPS};
    trace_clear(&sim->trace);
    records_clear(&sim->records, 0);
    checkers_clear(sim);
    swarm_draw(&sim->swarm, &sim->dice, sim->options.with_waiting);
    bool is_hostile_forced = force(sim);
    if (sim->is_decade)
        decade_quiet(&sim->swarm);
    sim->is_restored = sim->swarm.per_million[MISHAP_CLOCK_JUMP] == 0 &&
                       sim->swarm.per_million[MISHAP_CLOCK_FAR] == 0 &&
                       sim->swarm.per_million[MISHAP_KEY_REVOKED] == 0;
    sim->storm_ms = dice_between(&sim->dice, STORM_MIN_MS, STORM_MAX_MS);
    bool is_long = sim->swarm.per_million[MISHAP_CLOCK_FAR] > 0 && dice_below(&sim->dice, 8) == 0;
    if (is_long)
        sim->storm_ms += dice_between(&sim->dice, 0, CLOCK_FAR_STORM_MS);
    sim->has_hostile =
        !sim->is_decade && !is_long && (dice_below(&sim->dice, 2) == 0 || is_hostile_forced);
    sim->is_fairness = sim->has_hostile && seed % FAIRNESS_EVERY == 1;
    if (sim->is_fairness) {
        swarm_only_hostile(&sim->swarm);
        sim->swarm.per_million[MISHAP_HOSTILE_TWIN] = 0; /* whose key it has is harmed */
    }
    bounds_draw(sim);
    workload_draw(sim);
    for (int i = 0; i < NODES; i++) {
        if (i != NODE_HOSTILE || sim->has_hostile)
            node_open(sim, i);
    }
    if (sim->has_hostile)
        hostile_open(sim);
}

static void end(struct sim *sim)
{
    network_clear(sim);
    hostile_close(sim);
    for (int i = 0; i < NODES; i++)
        node_close(&sim->nodes[i]);
}

/* ---- the loop ---- */

/* As in the shells, which read no line while their core has no room. */
static int64_t next_frame_ms(const struct sim *sim, int index)
{
    const struct node *node = &sim->nodes[index];
    bool has_room =
        node->broker != NULL ? broker_has_room(node->broker) : session_wants_frame(node->session);
    return has_room ? network_next_ms(sim, index) : INT64_MAX;
}

static int64_t next_of(const struct sim *sim, int index)
{
    const struct node *node = &sim->nodes[index];
    if (!node->is_used || index == NODE_HOSTILE)
        return INT64_MAX;
    if (!node->is_up)
        return node->restart_at_ms;
    int64_t moments[] = {node->next_ms, next_frame_ms(sim, index), INT64_MAX, INT64_MAX};
    if (index != NODE_GATEWAY) {
        moments[2] = office_next_ms(sim, index);
        moments[3] = workload_next_ms(sim, index);
    }
    int64_t next = INT64_MAX;
    for (size_t i = 0; i < sizeof moments / sizeof *moments; i++)
        next = moments[i] < next ? moments[i] : next;
    return next;
}

static void step_node(struct sim *sim, int index)
{
    struct node *node = &sim->nodes[index];
    if (!node->is_up) {
        node_start(node);
        return;
    }
    if (index == NODE_GATEWAY)
        gateway_step(node);
    else
        adapter_step(node);
    sim->steps++;
    checkers_stepped(node);
}

/* Every node whose time has come, beginning anywhere. */
static void step_all(struct sim *sim)
{
    bool is_due[NODES];
    for (int i = 0; i < NODES; i++)
        is_due[i] = next_of(sim, i) <= sim->now_ms;
    int first = (int)dice_below(&sim->dice, NODES);
    for (int i = 0; i < NODES && !sim->violation.is_set; i++) {
        int index = (first + i) % NODES;
        if (is_due[index])
            step_node(sim, index);
    }
}

static void advance(struct sim *sim)
{
    enum { ROUND_MAX_MS = 500, ROUND_IN_OUTAGE_MS = 60 * 60 * 1000 };
    bool is_outage = sim->now_ms + ROUND_IN_OUTAGE_MS < sim->outage_until_ms;
    int64_t next = sim->now_ms + (is_outage ? ROUND_IN_OUTAGE_MS : ROUND_MAX_MS);
    for (int i = 0; i < NODES; i++) {
        int64_t of_node = next_of(sim, i);
        next = of_node < next ? of_node : next;
    }
    if (sim->has_hostile && !sim->is_hostile_silent && !sim->swarm.is_calm &&
        sim->hostile.at_ms < next)
        next = sim->hostile.at_ms;
    sim->now_ms = next > sim->now_ms ? next : sim->now_ms + 1;
}

/* The faults stop: what they broke is mended, by nobody's hand but an operator's. */
static void calm(struct sim *sim)
{
    sim->swarm.is_calm = true;
    network_calm(sim);
    for (int i = 0; i < NODES; i++) {
        struct node *node = &sim->nodes[i];
        node->clock_offset_ms = node->far_until_ms = 0;
        node->drift_ppm = 0;
        node->full_until_ms = 0;
        node->port_faults.fail_at = 0;
        node->reload_at_ms = sim->now_ms + 1;
        node->release_at_ms = sim->now_ms;
    }
    struct store *disk = sim->nodes[NODE_GATEWAY].disk;
    struct store_positions positions;
    check(disk->verbs->positions(disk, &positions) == REASON_NONE);
    sim->calm_ledger_size = positions.ledger_size;
    sim_note(sim, NODE_GATEWAY, "calm", NULL, (int64_t)positions.ledger_size);
}

static uint64_t live_count(struct node *node)
{
    struct store_count counts[NODES + 2];
    size_t count = 0;
    uint64_t live = 0;
    check(node->disk->verbs->counts(node->disk, counts, NODES + 2, &count) == REASON_NONE);
    for (size_t i = 0; i < count; i++) {
        for (size_t state = 0; state < ENTRY_STATES; state++) {
            if (sim_node_of(&counts[i].destination) != NODE_HOSTILE)
                live += counts[i].count[state];
        }
    }
    return live;
}

/* Every witness has seen the ledger as it was when the faults stopped, or later. */
static bool is_witnessed(struct sim *sim)
{
    for (int i = NODE_CENTRE; i < NODE_HOSTILE; i++) {
        struct session_status status;
        if (sim->nodes[i].session == NULL)
            return false;
        session_status(sim->nodes[i].session, &status);
        if (status.head.tree_size < sim->calm_ledger_size)
            return false;
    }
    return true;
}

/* A single run tries at least so much; a day of a decade ends when all of it has come to its
 * end. */
static uint64_t steps_min(const struct sim *sim)
{
    return sim->is_decade ? 0 : SIM_STEPS_MIN;
}

static bool is_done(struct sim *sim)
{
    if (!sim->swarm.is_calm || sim->steps < steps_min(sim) || !workload_is_done(sim) ||
        !purge_is_over(sim) || !renewal_is_over(sim))
        return false;
    for (int i = 0; i < NODE_HOSTILE; i++) {
        if (!sim->nodes[i].is_up || live_count(&sim->nodes[i]) > 0)
            return false;
    }
    return is_witnessed(sim) && (!sim->is_lost || restored_is_settled(sim));
}

static void say_stuck(struct sim *sim)
{
    sim->is_lost = false; /* so that it is seen */
    int where = NOWHERE;
    for (int i = 0; i < NODE_HOSTILE && where == NOWHERE; i++)
        where = live_count(&sim->nodes[i]) > 0 ? i : NOWHERE;
    struct entry entry;
    struct store_message message = {0};
    struct store_filter filter = {.state = 0};
    size_t count = 0;
    struct store *disk = where == NOWHERE ? NULL : sim->nodes[where].disk;
    if (disk != NULL && disk->verbs->list(disk, &filter, &entry, 1, &count) == REASON_NONE &&
        count == 1)
        (void)disk->verbs->read_message(disk, entry.message_seq, &message);
    sim_violated(sim, 1, count == 1 ? &message.id : NULL,
                 "not at its end %lld s after the faults stopped: at %s, state %s, attempts %u, "
                 "reason %s, type %u",
                 (long long)((sim->now_ms - sim->storm_ms) / 1000), sim_node_name(where),
                 count == 1 ? entry_state_name(entry.state) : "-", count == 1 ? entry.attempts : 0,
                 count == 1 ? reason_code(entry.reason) : "-", message.type);
    sim->violation.is_liveness = true;
}

static bool is_noticed(struct sim *sim)
{
    return sim->steps >= SIM_STEPS_MIN && rollback_is_over(sim);
}

static void say_unnoticed(struct sim *sim)
{
    sim->is_lost = false;
    sim_violated(sim, 7, NULL, "nobody notices that the store of %s is an older copy",
                 sim_node_name(sim->lost_node));
}

static void run(struct sim *sim)
{
    int64_t look_at = 0;
    while (!sim->violation.is_set) {
        rollback_turn(sim);
        if (!sim->swarm.is_calm && (sim->is_lost || sim->now_ms >= sim->storm_ms))
            calm(sim);
        network_step(sim);
        operator_world(sim);
        decade_turn(sim);
        if (sim->now_ms >= sim->usurper_at_ms)
            usurper_turn(sim);
        if (sim->has_hostile && !sim->is_hostile_silent && sim->now_ms >= sim->hostile.at_ms)
            hostile_turn(sim);
        step_all(sim);
        if (sim->now_ms >= look_at) {
            if (sim->is_lost && !sim->is_restored ? is_noticed(sim) : is_done(sim))
                break;
            look_at = sim->now_ms + DONE_LOOK_MS;
        }
        if (sim->is_lost && !sim->is_restored && sim->now_ms > sim->lost_ms + NOTICE_MS &&
            !rollback_is_noticed(sim))
            say_unnoticed(sim);
        if (sim->now_ms > sim->storm_ms + SIM_CALM_MS || sim->steps > STEPS_MAX)
            say_stuck(sim);
        advance(sim);
    }
    if (!sim->violation.is_set && !sim->is_lost)
        checkers_ended(sim);
    else if (!sim->violation.is_set && sim->is_restored)
        restored_check(sim);
}

enum sim_end sim_run(struct sim *sim, uint64_t seed, struct sim_result *ret_result)
{
    sim->is_hostile_silent = false;
    begin(sim, seed);
    if (sim->is_fairness) {
        sim->is_hostile_silent = true;
        run(sim);
        sim->is_hostile_silent = false;
        if (!sim->violation.is_set) {
            end(sim);
            begin(sim, seed);
        }
    }
    run(sim);
    *ret_result = (struct sim_result){
        .end = !sim->violation.is_set       ? SIM_WELL
               : sim->violation.is_liveness ? SIM_STUCK
                                            : SIM_WRONG,
        .steps = sim->steps,
        .messages = sim->records.count,
        .faults = swarm_total(&sim->swarm),
        .lasted_ms = sim->now_ms,
        .hash = sim->trace.hash,
    };
    for (int kind = 0; kind < MISHAPS; kind++)
        ret_result->faults_by_kind[kind] = sim->swarm.count[kind];
    if (sim->violation.is_set)
        report(sim);
    end(sim);
    return ret_result->end;
}

enum sim_end sim_decade(struct sim *sim, uint64_t seed, const struct decade_plan *plan,
                        struct decade *ret_decade)
{
    check(plan->days_a_year <= DECADE_DAYS_MAX && plan->dossiers_a_day <= DECADE_DOSSIERS_MAX);
    *ret_decade = (struct decade){.days = 0};
    sim->is_hostile_silent = false;
    sim->is_decade = true;
    sim->dossiers_a_day = plan->dossiers_a_day;
    sim->past = past_new();
    begin(sim, seed);
    decade_play(sim, run, plan->days_a_year, ret_decade);
    sim->is_decade = false;
    sim->dossiers_a_day = 0;
    enum sim_end how = !sim->violation.is_set       ? SIM_WELL
                       : sim->violation.is_liveness ? SIM_STUCK
                                                    : SIM_WRONG;
    if (sim->violation.is_set)
        report(sim);
    end(sim);
    past_destroy(&sim->past);
    return how;
}
