/* portal_clock - the port through which the portal's adapter and commands see time, so that a test
 * can play a night of maintenance. Options that have one take NULL for the machine's. */
#pragma once

#include "proto/base/time.h"

struct portal_clock {
    wall_t (*wall)(void *context);
    mono_t (*mono)(void *context);
    void (*sleep)(void *context, int64_t ms); /* about so long; a signal may end it before */
    void *context;
};

/* of NULL: the machine's. */
wall_t portal_clock_wall(const struct portal_clock *clock);
int64_t portal_clock_mono_ms(const struct portal_clock *clock);
void portal_clock_sleep(const struct portal_clock *clock, int64_t ms);
