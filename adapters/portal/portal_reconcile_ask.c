/* One question of a reconciliation: when it may be asked, and how often. The portal serves people
 * at the same time, so there is a rate, the windows in which it is not asked, and a wait that
 * doubles after each failure. Every wait is cut into slices, so that Ctrl-C is heard. */
#include "adapters/portal/portal_reconcile_parts.h"

enum { ATTEMPTS_MAX = 8, FIRST_WAIT_MS = 250 };

int64_t reconcile_mono_ms(const struct reconcile *reconcile)
{
    return portal_clock_mono_ms(reconcile->options->clock);
}

wall_t reconcile_wall_now(const struct reconcile *reconcile)
{
    return portal_clock_wall(reconcile->options->clock);
}

bool reconcile_watch(const struct reconcile *reconcile)
{
    return reconcile->options->watch(reconcile->options->context, &reconcile->figures);
}

bool reconcile_wait_ms(const struct reconcile *reconcile, int64_t ms)
{
    int64_t until = reconcile_mono_ms(reconcile) + ms;
    for (int64_t left = ms; left > 0; left = until - reconcile_mono_ms(reconcile)) {
        int64_t slice = left < RECONCILE_POLL_MS ? left : RECONCILE_POLL_MS;
        if (!reconcile_watch(reconcile))
            return false;
        portal_clock_sleep(reconcile->options->clock, slice);
    }
    return reconcile_watch(reconcile);
}

/* Looked at again after the wait: the clock of the day may have been set meanwhile. */
bool reconcile_wait_for_window(struct reconcile *reconcile)
{
    bool goes_on = true;
    while (goes_on) {
        wall_t now = reconcile_wall_now(reconcile);
        int64_t closed = portal_windows_wait_ms(&reconcile->options->windows, now);
        if (closed <= 0)
            break;
        reconcile->figures.paused_until_ms = now.ms + closed;
        goes_on = reconcile_wait_ms(reconcile, closed);
        reconcile->began_ms += closed; /* no more a second afterwards than before */
    }
    reconcile->figures.paused_until_ms = 0;
    return goes_on;
}

void reconcile_pace(const struct reconcile *reconcile)
{
    uint32_t rate = reconcile->options->rate;
    if (rate == 0)
        return;
    int64_t due = reconcile->began_ms + (int64_t)(reconcile->figures.compared * 1000 / rate);
    (void)reconcile_wait_ms(reconcile, due - reconcile_mono_ms(reconcile));
}

/* Each wait is twice the last, or as long as the portal asks for: 250 ms to 16 s, half a minute in
 * all. A refusal for good is not asked again. */
enum reason reconcile_ask(struct reconcile *reconcile, const struct portal_question *question,
                          struct portal_answer *ret_answer)
{
    int64_t wait = FIRST_WAIT_MS;
    for (int attempt = 1;; attempt++, wait *= 2) {
        *ret_answer = (struct portal_answer){.reason = REASON_SHUTDOWN};
        if (!reconcile_wait_for_window(reconcile))
            return REASON_SHUTDOWN;
        enum reason reason = portal_client_ask(reconcile->options->client, question, ret_answer);
        enum reason_class class = reason_class(reason);
        if (reason == REASON_NONE || class == REASON_CLASS_PERMANENT || attempt == ATTEMPTS_MAX)
            return reason;
        int64_t asked = ret_answer->until_ms - reconcile_wall_now(reconcile).ms;
        if (asked < ret_answer->retry_after_ms)
            asked = ret_answer->retry_after_ms;
        portal_answer_release(ret_answer);
        if (!reconcile_wait_ms(reconcile, asked > wait ? asked : wait))
            return REASON_SHUTDOWN;
    }
}
