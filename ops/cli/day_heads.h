/* day_heads - the day once, as a heading above its rows, where a table has a window to fit. */
#pragma once

#include "ops/cli/table.h"

struct day_heads {
    char last[32]; /* of the row before; "": none */
};

/* The time for a row's cell; says the day, and its offset from UTC, first when it is another one
 * than before. In a table without a window: day and time. Other texts as they are. */
const char *day_heads_time(struct day_heads *heads, struct table *table, const char *time,
                           char scratch[32]);
