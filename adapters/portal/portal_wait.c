/* Waiting that a person can end within a slice. */
#include "adapters/portal/portal_wait.h"

enum { SLICE_MS = 200 };

wall_t portal_wait_wall(const struct portal_wait *wait)
{
    return portal_clock_wall(wait->clock);
}

int64_t portal_wait_mono_ms(const struct portal_wait *wait)
{
    return portal_clock_mono_ms(wait->clock);
}

/* Once it has said no it is not asked again: what is under way ends, and nothing begins. */
bool portal_wait_watch(struct portal_wait *wait)
{
    wait->is_ended = wait->is_ended || !wait->watch(wait->context);
    return !wait->is_ended;
}

bool portal_wait_ms(struct portal_wait *wait, int64_t ms)
{
    int64_t until = portal_wait_mono_ms(wait) + ms;
    for (int64_t left = ms; left > 0 && portal_wait_watch(wait);
         left = until - portal_wait_mono_ms(wait))
        portal_clock_sleep(wait->clock, left < SLICE_MS ? left : SLICE_MS);
    return !wait->is_ended;
}

/* Looked at again after the wait: the clock of the day may have been set meanwhile. */
bool portal_wait_for_window(struct portal_wait *wait)
{
    while (!wait->is_ended) {
        wall_t now = portal_wait_wall(wait);
        int64_t closed = portal_windows_wait_ms(wait->windows, now);
        if (closed <= 0)
            break;
        *wait->paused_until_ms = now.ms + closed;
        (void)portal_wait_ms(wait, closed);
        wait->began_ms += closed;
        wait->last_success_ms += closed;
    }
    *wait->paused_until_ms = 0;
    return !wait->is_ended;
}

bool portal_wait_pace(struct portal_wait *wait, uint64_t count, uint32_t rate)
{
    if (rate == 0)
        return !wait->is_ended;
    int64_t due = wait->began_ms + (int64_t)(count * 1000 / rate);
    return portal_wait_ms(wait, due - portal_wait_mono_ms(wait));
}
