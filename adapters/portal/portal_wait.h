/* portal_wait - how a command waits for the portal: in slices, between which its user may end it;
 * not while a maintenance window is open; and not faster than a rate.
 *
 * What answers bool answers false when it was told to end, from then on always.
 */
#pragma once

#include "adapters/portal/portal_clock.h"
#include "adapters/portal/portal_window.h"

struct portal_wait {
    const struct portal_clock *clock; /* NULL: the machine's */
    const struct portal_windows *windows;
    /* Called between slices; false: end now. */
    bool (*watch)(void *context);
    void *context;
    int64_t *paused_until_ms; /* where the end of an open window is shown; 0: none is */
    /* Mono, for the rate and for patience: later by what was waited in windows, so that there is no
     * more a second after one, and it is no failure of the portal. */
    int64_t began_ms, last_success_ms;
    bool is_ended;
};

wall_t portal_wait_wall(const struct portal_wait *wait);
int64_t portal_wait_mono_ms(const struct portal_wait *wait);
bool portal_wait_watch(struct portal_wait *wait);
bool portal_wait_ms(struct portal_wait *wait, int64_t ms);
/* Until no maintenance window is open. */
bool portal_wait_for_window(struct portal_wait *wait);
/* Until it is time for one more after so many. rate: a second; 0: none. */
bool portal_wait_pace(struct portal_wait *wait, uint64_t count, uint32_t rate);
