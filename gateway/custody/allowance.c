#include "gateway/custody/allowance.h"

static void renew(struct allowance *allowance, mono_t now)
{
    if (now.ms - allowance->since.ms < ALLOWANCE_SECOND_MS)
        return;
    allowance->since = now;
    allowance->records = allowance->rows = allowance->lines = 0;
}

static bool fits(uint32_t used, uint32_t more)
{
    return used + more <= ALLOWANCE_PER_SECOND_MAX;
}

bool allowance_take(struct allowance *allowance, mono_t now, struct allowance_cost cost)
{
    renew(allowance, now);
    if (!fits(allowance->records, cost.records) || !fits(allowance->rows, cost.rows) ||
        !fits(allowance->lines, cost.lines)) {
        allowance->left_out++;
        return false;
    }
    allowance->records += cost.records;
    allowance->rows += cost.rows;
    allowance->lines += cost.lines;
    return true;
}

bool allowance_is_spent(struct allowance *allowance, mono_t now)
{
    renew(allowance, now);
    return !fits(allowance->records, 1) || !fits(allowance->rows, 1) || !fits(allowance->lines, 1);
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
