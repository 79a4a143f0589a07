#include "routing/outbox/window.h"

#include "proto/base/check.h"

static void window_move(struct window *window, enum window_state to)
{
    window->state = to;
}

void window_init(struct window *window, uint32_t size_max)
{
    *window = (struct window){
        .size = size_max,
        .size_max = size_max,
        .reopen_ms = WINDOW_REOPEN_FIRST_MS,
    };
}

static uint32_t size_of(const struct window *window)
{
    return window->size < window->size_max ? window->size : window->size_max;
}

bool window_is_full(const struct window *window)
{
    return size_of(window) <= window->under_way;
}

uint32_t window_room(struct window *window, mono_t now)
{
    if (window->state == WINDOW_OPEN && now.ms >= window->reopen_at.ms) {
        window_move(window, WINDOW_PROBING);
        window->size = 1;
    }
    if (window->state == WINDOW_OPEN || window_is_full(window))
        return 0;
    return size_of(window) - window->under_way;
}

void window_left(struct window *window)
{
    window->under_way++;
}

void window_returned(struct window *window)
{
    check(window->under_way > 0);
    window->under_way--;
}

void window_succeeded(struct window *window)
{
    window_returned(window);
    window->failures = 0;
    window->reopen_ms = WINDOW_REOPEN_FIRST_MS;
    window_move(window, WINDOW_CLOSED);
    if (window->size < window->size_max)
        window->size++;
}

void window_failed(struct window *window, mono_t now)
{
    window_returned(window);
    window->failures++;
    window->size = window->size > 1 ? window->size / 2 : 1;
    if (window->state == WINDOW_OPEN)
        return; /* it left before the breaker opened: nothing new is known, the wait stands */
    if (window->state == WINDOW_PROBING || window->failures >= WINDOW_FAILURES_MAX) {
        window_move(window, WINDOW_OPEN);
        window->reopen_at = (mono_t){now.ms + window->reopen_ms};
        window->reopen_ms = window->reopen_ms >= WINDOW_REOPEN_MAX_MS / 2
                                ? (uint32_t)WINDOW_REOPEN_MAX_MS
                                : window->reopen_ms * 2;
    }
}
