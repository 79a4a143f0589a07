/* The day once above its rows and only the clock beside them: most rows are of today. For other
 * programs, whose output has no width, each row keeps the whole time. */
#include "ops/cli/day_heads.h"

#include <string.h>

#include "ops/cli/adapter_call.h"
#include "proto/base/time.h"

const char *day_heads_time(struct day_heads *heads, struct table *table, const char *time,
                           char scratch[32])
{
    enum { DAY_BYTES = 10, OFFSET_BYTES = 6 /* "+07:00" */ };
    struct stamp stamp;
    char heading[sizeof heads->last];
    if (table->width_columns == 0 || !stamp_parse(bytes_of_text(time), &stamp))
        return time_label(time, scratch);
    size_t size = strlen(time);
    (void)snprintf(heading, sizeof heading, "%.2s/%.2s/%.4s (%s)", time + 8, time + 5, time,
                   time[size - 1] == 'Z' ? "UTC" : time + size - OFFSET_BYTES);
    if (strcmp(heads->last, heading) != 0) {
        memcpy(heads->last, heading, sizeof heading);
        (void)table_heading(table, heading);
    }
    (void)snprintf(scratch, 32, "%.8s", time + DAY_BYTES + 1);
    return scratch;
}
