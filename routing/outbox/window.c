/* How many messages may be under way to a destination, and its circuit breaker.
 *
 *    CLOSED ─failures─▶ OPEN ─wait is over─▶ PROBING ─success─▶ CLOSED
 *                         ▲                     └──failure──┐
 *                         └────── a longer wait ◀───────────┘
 *
 * Additive increase, multiplicative decrease, as TCP does it: a slow office finds its own rate. A
 * failure that may as well be the message's is a doubt: it opens the breaker for a short time, so
 * that one message cannot stop its office for long (invariant 13). */
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

/* No verdict: the way was lost, and that says nothing about who is at its end. */
void window_returned(struct window *window)
{
    check(window->under_way > 0);
    window->under_way--;
}

void window_succeeded(struct window *window)
{
    window_returned(window);
    window->failures = window->doubts = 0;
    window->reason = REASON_NONE;
    window->reopen_ms = WINDOW_REOPEN_FIRST_MS;
    window_move(window, WINDOW_CLOSED);
    if (window->size < window->size_max)
        window->size++;
}

/* The destination gave reason for doubt and has not yet worked its way back to a full window. */
bool window_is_careful(const struct window *window)
{
    return window->state != WINDOW_CLOSED || window->failures > 0 ||
           window->size < window->size_max;
}

static void explain(struct window *window, enum reason reason, mono_t now)
{
    if (window->reason != reason)
        window->since = now;
    window->reason = reason;
}

static void open_for(struct window *window, uint32_t wait_ms, mono_t now)
{
    window_move(window, WINDOW_OPEN);
    window->reopen_at = (mono_t){now.ms + wait_ms};
}

void window_failed(struct window *window, enum reason reason, mono_t now)
{
    window_returned(window);
    window->failures++;
    explain(window, reason, now);
    window->size = window->size > 1 ? window->size / 2 : 1;
    if (window->state == WINDOW_OPEN)
        return; /* it left before the breaker opened: nothing new is known, the wait stands */
    if (window->state == WINDOW_PROBING || window->failures >= WINDOW_FAILURES_MAX) {
        open_for(window, window->reopen_ms, now);
        window->reopen_ms = window->reopen_ms >= WINDOW_REOPEN_MAX_MS / 2
                                ? (uint32_t)WINDOW_REOPEN_MAX_MS
                                : window->reopen_ms * 2;
    }
}

void window_doubted(struct window *window, enum reason reason, bool is_news, mono_t now)
{
    window_returned(window);
    if (is_news) {
        window->failures++;
        window->doubts++;
        explain(window, reason, now);
    }
    bool is_probe = window->state == WINDOW_PROBING;
    if (is_probe ||
        (is_news && window->state == WINDOW_CLOSED && window->failures >= WINDOW_FAILURES_MAX))
        open_for(window,
                 window->doubts <= WINDOW_DOUBTS_QUICK_MAX ? WINDOW_DOUBT_MS : WINDOW_DOUBT_SLOW_MS,
                 now);
}
