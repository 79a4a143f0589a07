/* portal_window - when the portal is closed for maintenance, by the day's clock in Vietnam.
 *
 * A setting like "22:00-23:30 02:00-02:15": periods of every day; one may pass midnight. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "proto/base/time.h"

enum {
    PORTAL_WINDOWS_MAX = 8,
    /* Nights and weekends of work are believed day by day: a year that was mistyped, or seconds
     * that were meant as milliseconds, must not silence an adapter until somebody restarts it. */
    PORTAL_CLOSED_MAX_MS = 24 * 60 * 60 * 1000,
};

struct portal_windows {
    struct {
        int from_minute, to_minute; /* of the day; to is not included */
    } list[PORTAL_WINDOWS_MAX];
    size_t count;
};

/* False: not of this form. "" is no window. */
bool portal_windows_parse(const char *text, struct portal_windows *ret_windows);
/* The wait that the portal itself asks for, by the moment that its answer named, which may be any
 * number. 0: none; PORTAL_CLOSED_MAX_MS at most: then it is asked again. */
int64_t portal_closed_wait_ms(int64_t until_ms, wall_t now);
/* Milliseconds until no window is open; 0: none is. */
int64_t portal_windows_wait_ms(const struct portal_windows *windows, wall_t now);
