/* Invariant 13, fairness: a seed whose only faults are the hostile participant's runs twice, first
 * with that one silent; what the others wait for their messages may then not be much longer. Time
 * is the world's: what a core makes wait, not what a processor takes. */
#include <stdlib.h>

#include "tests/sim/check.h"

enum {
    /* Of the half that waits least, and of the one that waits longest. Chance draws both runs'
     * lines and offices anew, and the hostile one's own messages take their turns. */
    MEDIAN_FACTOR = 2,
    MEDIAN_MORE_MS = 200,
    LONGEST_FACTOR = 2,
    LONGEST_MORE_MS = 5000,
};

static int compare(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left;
    int64_t b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

static size_t waits_of(const struct sim *sim, int64_t ret_waits[RECORDS_MAX * PLACES_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < sim->records.count; i++) {
        const struct record *record = &sim->records.rows[i];
        for (size_t j = 0; j < record->place_count; j++) {
            if (record->places[j].is_at_office)
                ret_waits[count++] = record->places[j].at_office_ms - record->sent_ms;
        }
    }
    qsort(ret_waits, count, sizeof *ret_waits, compare);
    return count;
}

static void ended(void *state, struct sim *sim)
{
    static int64_t waits[RECORDS_MAX * PLACES_MAX];
    (void)state;
    if (!sim->is_fairness || sim->violation.is_set)
        return;
    size_t count = waits_of(sim, waits);
    if (count == 0)
        return;
    int64_t median_ms = waits[count / 2];
    int64_t longest_ms = waits[count - 1];
    sim_note(sim, NODE_GATEWAY, "half of all wait less", NULL, median_ms);
    sim_note(sim, NODE_GATEWAY, "all wait less", NULL, longest_ms);
    if (sim->is_hostile_silent) {
        sim->quiet_median_ms = median_ms;
        sim->quiet_longest_ms = longest_ms;
        return;
    }
    if (median_ms > MEDIAN_FACTOR * sim->quiet_median_ms + MEDIAN_MORE_MS)
        sim_violated(sim, 13, NULL, "half of all messages wait more than %lld ms, instead of %lld",
                     (long long)median_ms, (long long)sim->quiet_median_ms);
    if (longest_ms > LONGEST_FACTOR * sim->quiet_longest_ms + LONGEST_MORE_MS)
        sim_violated(sim, 13, NULL, "one message waits %lld ms, instead of %lld",
                     (long long)longest_ms, (long long)sim->quiet_longest_ms);
}

const struct checker check_fair = {.name = "fair", .ended = ended};
