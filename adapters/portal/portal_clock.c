/* The machine's clocks behind the port that tests replace: a night of maintenance is played in
 * milliseconds. */
#include "adapters/portal/portal_clock.h"

#include <stddef.h>
#include <time.h>

static int64_t clock_ms(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static wall_t machine_wall(void *context)
{
    (void)context;
    return (wall_t){clock_ms(CLOCK_REALTIME)};
}

static mono_t machine_mono(void *context)
{
    (void)context;
    return (mono_t){clock_ms(CLOCK_MONOTONIC)};
}

static void machine_sleep(void *context, int64_t ms)
{
    const struct timespec pause = {ms / 1000, ms % 1000 * 1000000};
    (void)context;
    (void)nanosleep(&pause, NULL);
}

static const struct portal_clock portal_clock_machine = {machine_wall, machine_mono, machine_sleep,
                                                         NULL};

static const struct portal_clock *which(const struct portal_clock *clock)
{
    return clock == NULL ? &portal_clock_machine : clock;
}

wall_t portal_clock_wall(const struct portal_clock *clock)
{
    clock = which(clock);
    return clock->wall(clock->context);
}

int64_t portal_clock_mono_ms(const struct portal_clock *clock)
{
    clock = which(clock);
    return clock->mono(clock->context).ms;
}

void portal_clock_sleep(const struct portal_clock *clock, int64_t ms)
{
    clock = which(clock);
    clock->sleep(clock->context, ms);
}
