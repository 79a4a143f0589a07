/* played_clock - a clock that a test sets; who sleeps by it sets it forward. */
#pragma once

#include "adapters/portal/portal_clock.h"

#define TEN_IN_THE_EVENING_MS INT64_C(1795618800000) /* 2026-11-25T22:00:00+07:00 */
enum { PLAYED_MINUTE_MS = 60 * 1000 };

struct played_clock {
    struct portal_clock clock;
    int64_t now_ms;
};

static inline wall_t played_wall(void *context)
{
    return (wall_t){((struct played_clock *)context)->now_ms};
}

static inline mono_t played_mono(void *context)
{
    return (mono_t){((struct played_clock *)context)->now_ms};
}

static inline void played_sleep(void *context, int64_t ms)
{
    ((struct played_clock *)context)->now_ms += ms;
}

/* So many minutes after ten. */
static inline void played_clock_init(struct played_clock *clock, int64_t minutes)
{
    clock->now_ms = TEN_IN_THE_EVENING_MS + minutes * PLAYED_MINUTE_MS;
    clock->clock = (struct portal_clock){played_wall, played_mono, played_sleep, clock};
}
