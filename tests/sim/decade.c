/* Ten years, day of traffic by day of traffic. The stores, the ledger, the certificates and the
 * witnesses' heads stay from day to day; what the checkers keep of single messages is put away when
 * a day has come to its end, at which each of them has said that all of it is well. Between two
 * days every program is stopped, the clock goes on by months, and each starts from its store.
 *
 * Once a year everybody's certificate is renewed (renewal.c); once a year the gateway is gone for
 * hours or weeks with messages under way, or another one is. Twice a year a program loses its disk,
 * the gateway and the adapters in turn, and goes on from a backup of an earlier day (rollback.c,
 * restored.c). By the registry's versions one agency is merged into another, and parted from it
 * again. */
#include "tests/sim/decade.h"

#include <string.h>

#include "proto/base/check.h"
#include "tests/sim/check.h"
#include "tests/sim/past.h"

enum {
    DAY_STORM_MS = 60 * 1000,
    NIGHT_MS = 30 * 60 * 1000, /* in which no program runs, at the least */
    STARTS_MAX_MS = 500,
    OUTAGE_KINDS = 3,
    OUTAGE_HOURS = 6,
    OUTAGE_DAYS =
        16, /* and more by half of somebody else: longer than policy lets a message wait */
    OUTAGE_AT_MS = 20 * 1000,
    YEAR_DAYS = 365,
    LEAP_YEARS = 4,
    LEAP_YEAR_FIRST = 1, /* of the world's, which begin on 24 November 2026 */
    LEAP_EVE_DAYS = 96,  /* from there to 28 February */
    LEAP_EVE_MS = (10 * 60 + 59) * 60 * 1000 + 30 * 1000, /* half a minute before its midnight */
    DRILLS_A_YEAR = 2,
    COPY_DAYS_MAX = 3, /* of traffic that a backup does not know */
    PUT_BACK_FIRST_MS = 10 * 1000,
    PUT_BACK_LAST_MS = 40 * 1000,
};

/* Of which program a backup is put back next: made at the end of one day, put back on a later one,
 * while messages are under way. */
struct drill {
    uint64_t turn;
    int node;
    uint64_t copied_day, day; /* numbers of days of traffic, from 0 */
};

/* What can go wrong on any day; all else of mishap.def has runs of its own (sim.c). */
static const enum mishap every_day[] = {
    MISHAP_CRASH_BEFORE_COMMIT,
    MISHAP_CRASH_AFTER_COMMIT,
    MISHAP_CRASH_WHILE_SENDING,
    MISHAP_STORE_BUSY,
    MISHAP_FRAME_LOST,
    MISHAP_FRAME_DOUBLED,
    MISHAP_LINE_CUT,
    MISHAP_OFFICE_SLOW,
    MISHAP_SUBMITTED_TWICE,
};

void decade_quiet(struct swarm *swarm)
{
    uint32_t kept[MISHAPS] = {0};
    for (size_t i = 0; i < sizeof every_day / sizeof *every_day; i++)
        kept[every_day[i]] = swarm->per_million[every_day[i]];
    memcpy(swarm->per_million, kept, sizeof kept);
}

/* The last honest agency goes into the first one with the second version (catalogue.c). */
static void turn_registry(struct sim *sim, unsigned int year, struct decade *decade)
{
    static const int versions[DECADE_YEARS] = {0, 0, 1, 1, 0, 1, 1, 0, 1, 1};
    if (versions[year] == sim->registry_newest)
        return;
    sim->registry_newest = versions[year];
    sim->swarm.count[MISHAP_REGISTRY_RELOADED]++;
    if (sim->registry_newest == 1)
        decade->mergers++;
    else
        decade->splits++;
}

/* The days off of the next year are announced before it begins, and in two years too late. */
static void turn_calendar(struct sim *sim, unsigned int year)
{
    static const int editions[DECADE_YEARS] = {1, 2, 3, 3, 5, 6, 7, 7, 9, 10};
    sim->calendar_newest = editions[year];
}

/* Every program stops, and starts again in the morning of another day. */
static void pass_time(struct sim *sim, int64_t until_ms, struct decade *decade)
{
    int64_t gap_ms = until_ms > sim->now_ms + NIGHT_MS ? until_ms - sim->now_ms : NIGHT_MS;
    for (int i = 0; i < NODE_HOSTILE; i++) {
        if (!sim->nodes[i].is_up)
            continue;
        node_crash(&sim->nodes[i], gap_ms + dice_between(&sim->dice, 0, STARTS_MAX_MS));
        decade->restarts++;
    }
    sim->now_ms += gap_ms;
}

static uint64_t next_gateway_seq(const struct sim *sim)
{
    struct store *disk = sim->nodes[NODE_GATEWAY].disk;
    struct store_positions positions;
    check(disk->verbs->positions(disk, &positions) == REASON_NONE);
    return positions.next_message_seq;
}

/* All of the day before has come to its end: its tables are put away. */
static void begin_day(struct sim *sim)
{
    sim->dossiers_before += (unsigned int)sim->dossier_count;
    sim->intents_before += (unsigned int)sim->intent_count;
    sim->answer_count = 0;
    records_clear(&sim->records, next_gateway_seq(sim));
    bool was_lost = sim->is_lost;
    sim->is_lost = false;
    memset(sim->alarms_about, 0, sizeof sim->alarms_about);
    sim->steps = 0;
    sim->was_registry_second = false;
    sim->swarm.is_calm = false;
    sim->day_ms = sim->now_ms;
    sim->storm_ms = DAY_STORM_MS;
    workload_draw(sim);
    sim->storm_ms += sim->now_ms;
    checkers_forget(sim, was_lost);
    sim->purge.is_done = false;
}

/* The gateway is away for hours or for weeks, or one of the others for weeks: what waits for that
 * one comes to the end of its life. Not the agency to which a second transfer moves dossiers:
 * without it they would be where they were before (gateway/core/broker_operate.c). */
static void plan_outage(struct sim *sim, unsigned int year, struct decade *decade)
{
    static const int others[] = {NODE_AGENCY, NODE_CENTRE, NODE_PORTAL};
    unsigned int kind = year % OUTAGE_KINDS;
    sim->outage_node =
        kind == 2 ? others[year / OUTAGE_KINDS % (sizeof others / sizeof *others)] : NODE_GATEWAY;
    sim->outage_at_ms = sim->now_ms + OUTAGE_AT_MS;
    sim->outage_ms = kind == 0   ? OUTAGE_HOURS * (DAY_MS / 24)
                     : kind == 1 ? OUTAGE_DAYS * DAY_MS
                                 : OUTAGE_DAYS * DAY_MS * 3 / 2;
    sim->storm_ms += sim->outage_ms;
    decade->outages++;
}

/* ---- disks that are lost ---- */

/* The gateway, and the adapters in turn. */
static void plan_drill(struct sim *sim, struct drill *drill, uint64_t day, unsigned int days_a_year)
{
    unsigned int every = days_a_year > DRILLS_A_YEAR ? days_a_year / DRILLS_A_YEAR : 1;
    uint64_t oldest = every < COPY_DAYS_MAX ? every : COPY_DAYS_MAX;
    uint64_t adapter = drill->turn / 2 % (NODE_HOSTILE - NODE_CENTRE);
    drill->node = drill->turn % 2 == 0 ? NODE_GATEWAY : NODE_CENTRE + (int)adapter;
    drill->day = day + every;
    drill->copied_day = drill->day - (uint64_t)dice_between(&sim->dice, 1, (int64_t)oldest);
    drill->turn++;
}

static void begin_drill(struct sim *sim, const struct drill *drill, uint64_t day)
{
    if (day == drill->day)
        sim->nodes[drill->node].put_back_at_ms =
            sim->now_ms + dice_between(&sim->dice, PUT_BACK_FIRST_MS, PUT_BACK_LAST_MS);
}

/* At the end of a day. One that could not be put back today is on the next. */
static void end_drill(struct sim *sim, struct drill *drill, struct decade *decade,
                      unsigned int days_a_year)
{
    if (sim->is_lost) {
        decade->restores++;
        plan_drill(sim, drill, decade->days, days_a_year);
    }
    if (decade->days == drill->copied_day)
        rollback_copy(&sim->nodes[drill->node]);
}

/* ---- the years ---- */

/* What the gateway has in custody at the end of a day is there for ever, or until it is purged. */
static void put_away(struct sim *sim)
{
    for (size_t i = 0; i < sim->records.count; i++) {
        const struct record *record = &sim->records.rows[i];
        unsigned int number = sim->dossiers_before + (unsigned int)record->dossier + 1;
        if (record->sent != ENTRY_DELIVERED || record->gateway_seq == 0)
            continue;
        struct past_dossier *dossier = &sim->past->dossiers[number];
        check(record->dossier != NOWHERE && number < PAST_DOSSIERS_MAX);
        if (dossier->said_ms < record->sent_ms)
            dossier->said_ms = record->sent_ms;
        dossier->over_ms = sim->now_ms;
        past_add(sim->past, &(struct past_message){.id = record->id,
                                                   .digest = record->digest,
                                                   .sender = record->sender,
                                                   .dossier = number});
    }
}

void decade_turn(struct sim *sim)
{
    renewal_turn(sim);
    if (sim->outage_at_ms == 0 || sim->now_ms < sim->outage_at_ms)
        return;
    struct node *node = &sim->nodes[sim->outage_node];
    if (!node->is_up)
        return;
    sim->outage_at_ms = 0;
    sim->outage_until_ms = sim->now_ms + sim->outage_ms;
    node_crash(node, sim->outage_ms);
}

static void count(const struct sim *sim, struct decade *decade)
{
    const struct renewal *renewal = &sim->renewal;
    decade->purged = sim->purge.messages;
    decade->purged_at_adapters = sim->purge.at_adapters;
    decade->renewals = renewal->renewals;
    decade->ended_late = renewal->ended_late;
    decade->revocations = renewal->revocations;
    decade->rollovers = renewal->rollovers;
    decade->sealed_again = renewal->sealed_again;
    decade->judged_at_custody = renewal->judged_at_custody;
    decade->codes_kept = sim->seen.codes_kept;
    decade->codes_refused = sim->seen.codes_refused;
    decade->moved = sim->seen.moved;
    decade->lives_ended = sim->seen.lives_ended;
    decade->due_known = sim->seen.due_known;
    decade->due_beyond = sim->seen.due_beyond;
    decade->due_later = sim->seen.due_later;
}

/* Since the world began. One day of each leap year begins before the midnight of its leap day, on
 * which a code ends, too (catalogue.c). */
static int64_t day_begins_ms(unsigned int year, unsigned int day, unsigned int days_a_year)
{
    int64_t year_ms = (int64_t)(YEAR_DAYS * year + (year + LEAP_YEARS / 2) / LEAP_YEARS) * DAY_MS;
    int64_t gap = YEAR_DAYS / days_a_year;
    bool is_eve = year % LEAP_YEARS == LEAP_YEAR_FIRST && day * gap <= LEAP_EVE_DAYS &&
                  LEAP_EVE_DAYS < (day + 1) * gap;
    return year_ms + (is_eve ? LEAP_EVE_DAYS * DAY_MS + LEAP_EVE_MS : day * gap * DAY_MS);
}

/* On a day on which nothing is put back and all is seen, where there are enough of them; and, as
 * the days that follow one of weeks begin late, not before that of a leap day. */
static unsigned int day_of_outage(unsigned int days_a_year)
{
    return days_a_year / 3 + (days_a_year > 4);
}

void decade_play(struct sim *sim, void (*run)(struct sim *), unsigned int days_a_year,
                 struct decade *decade)
{
    struct drill drill = {.turn = 0};
    const unsigned int outage_day = day_of_outage(days_a_year);
    plan_drill(sim, &drill, 0, days_a_year);
    for (unsigned int year = 0; year < DECADE_YEARS; year++) {
        for (unsigned int day = 0; day < days_a_year; day++) {
            if (decade->days > 0) {
                pass_time(sim, day_begins_ms(year, day, days_a_year), decade);
                turn_registry(sim, year, decade);
                turn_calendar(sim, year);
                begin_day(sim);
            }
            if (day == days_a_year * 10 / 12)
                renewal_begin(sim, year);
            if (day == outage_day)
                plan_outage(sim, year, decade);
            if (day == days_a_year * 2 / 3)
                purge_begin(sim, year);
            begin_drill(sim, &drill, decade->days);
            run(sim);
            if (sim->violation.is_set)
                return;
            put_away(sim);
            count(sim, decade);
            end_drill(sim, &drill, decade, days_a_year);
            decade->days++;
            decade->messages += sim->records.count;
        }
        decade->years++;
    }
}
