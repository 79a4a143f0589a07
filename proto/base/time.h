/* time - two clocks that cannot be mixed up, because they are two types.
 *
 * mono_t only goes forward and means nothing outside this process: deadlines, leases in memory.
 * wall_t is milliseconds since 1970-01-01T00:00:00Z: everything that is stored or sent.
 * Both are always arguments; nothing in this project asks a clock but a shell's main loop.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/bytes.h"

typedef struct {
    int64_t ms;
} mono_t;

typedef struct {
    int64_t ms;
} wall_t;

enum {
    TIME_TEXT_BYTES = 32,         /* "2026-10-08T09:30:00.123+07:00" and its terminator */
    VIETNAM_OFFSET_MINUTES = 420, /* UTC+7, no summer time since 1975 */
    OFFSET_MINUTES_MAX = 14 * 60, /* the largest offset in use (Kiribati) */
};

/* A moment as somebody's clock showed it: the instant and that clock's offset from UTC. */
struct stamp {
    wall_t at;
    int32_t offset_minutes;
};

/* RFC 3339 text with milliseconds and the offset; a moment outside of the years 0 to 9999 is shown
 * as their first or last day but one. ret_text holds TIME_TEXT_BYTES. */
void stamp_format(struct stamp stamp, char *ret_text);
/* RFC 3339; false when it is not one. Fractions beyond milliseconds are cut. */
bool stamp_parse(struct bytes text, struct stamp *ret_stamp);
