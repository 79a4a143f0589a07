/* How much a peer may make us write of refusals and alarms: so many a second of each kind, counted
 * in whole seconds of the monotonic clock. A peer that comes over a carrier shares the carrier's
 * allowance too, so that names cost nothing to make and gain nothing. What is beyond it is counted
 * and told in one line, so that a flood is seen and does not fill a disk (invariants 8 and 13). */
#include "gateway/custody/allowance.h"

#include <stddef.h>

static void renew(struct allowance *allowance, mono_t now)
{
    if (now.ms - allowance->since.ms < ALLOWANCE_SECOND_MS)
        return;
    allowance->since = now;
    allowance->records = allowance->rows = allowance->lines = 0;
}

static void renew_both(struct allowance *allowance, mono_t now)
{
    renew(allowance, now);
    if (allowance->line != NULL)
        renew(allowance->line, now);
}

/* The line's use counts in full beside the peer's own: behind a carrier a hundred names together
 * have no more than one allowance, and a name that is alone there has half of it. */
static bool kind_fits(uint32_t used, uint32_t used_of_line, uint32_t more)
{
    return more == 0 || used + used_of_line + more <= ALLOWANCE_PER_SECOND_MAX;
}

static bool fits(const struct allowance *own, struct allowance_cost cost)
{
    static const struct allowance nothing;
    const struct allowance *line = own->line != NULL ? own->line : &nothing;
    return kind_fits(own->records, line->records, cost.records) &&
           kind_fits(own->rows, line->rows, cost.rows) &&
           kind_fits(own->lines, line->lines, cost.lines);
}

static void add(struct allowance *allowance, struct allowance_cost cost)
{
    allowance->records += cost.records;
    allowance->rows += cost.rows;
    allowance->lines += cost.lines;
}

void allowance_leave_out(struct allowance *allowance)
{
    /* Told in one line for all of a carrier's. */
    (allowance->line != NULL ? allowance->line : allowance)->left_out++;
}

bool allowance_take(struct allowance *allowance, mono_t now, struct allowance_cost cost)
{
    renew_both(allowance, now);
    if (!fits(allowance, cost)) {
        allowance_leave_out(allowance);
        return false;
    }
    add(allowance, cost);
    if (allowance->line != NULL)
        add(allowance->line, cost);
    return true;
}

/* Asked before work whose only outcome would be a refusal or an alarm that may not be written any
 * more. */
bool allowance_is_spent(struct allowance *allowance, mono_t now)
{
    renew_both(allowance, now);
    return !fits(allowance, (struct allowance_cost){1, 1, 1});
}

uint64_t allowance_tell(struct allowance *allowance, mono_t now)
{
    uint64_t left_out = allowance->left_out;
    if (left_out == 0 || now.ms - allowance->told.ms < ALLOWANCE_SECOND_MS)
        return 0;
    allowance->told = now;
    allowance->left_out = 0;
    return left_out;
}

struct allowance *allowance_of_line(struct allowance_lines *lines, const struct key *carrier)
{
    if (key_is_none(carrier))
        return NULL;
    uint32_t at = 0;
    while (at < lines->count && !key_equal(&lines->lines[at].carrier, carrier))
        at++;
    if (at == CARRIERS_MAX)
        at--; /* carriers that came and went with registries: the newest share one */
    else if (at == lines->count)
        lines->lines[lines->count++].carrier = *carrier;
    return &lines->lines[at].allowance;
}
