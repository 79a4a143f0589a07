/* One question of a reconciliation: when it may be asked, and how often. The portal serves people
 * at the same time, so there is a rate, the windows in which it is not asked, and a wait that
 * doubles after each failure. Every wait is cut into slices, so that Ctrl-C is heard. */
#include "adapters/portal/portal_reconcile_parts.h"

enum { ATTEMPTS_MAX = 8, FIRST_WAIT_MS = 250 };

/* Each wait is twice the last, or as long as the portal asks for: 250 ms to 16 s, half a minute in
 * all. A refusal for good is not asked again. */
enum reason reconcile_ask(struct reconcile *reconcile, const struct portal_question *question,
                          struct portal_answer *ret_answer)
{
    int64_t wait = FIRST_WAIT_MS;
    for (int attempt = 1;; attempt++, wait *= 2) {
        *ret_answer = (struct portal_answer){.reason = REASON_SHUTDOWN};
        if (!portal_wait_for_window(&reconcile->wait))
            return REASON_SHUTDOWN;
        enum reason reason = portal_client_ask(reconcile->options->client, question, ret_answer);
        enum reason_class class = reason_class(reason);
        if (reason == REASON_NONE || class == REASON_CLASS_PERMANENT || attempt == ATTEMPTS_MAX)
            return reason;
        int64_t asked =
            portal_closed_wait_ms(ret_answer->until_ms, portal_wait_wall(&reconcile->wait));
        if (asked < ret_answer->retry_after_ms)
            asked = ret_answer->retry_after_ms;
        portal_answer_release(ret_answer);
        reconcile->figures.trouble = reason;
        bool goes_on = portal_wait_ms(&reconcile->wait, asked > wait ? asked : wait);
        reconcile->figures.trouble = REASON_NONE;
        if (!goes_on)
            return REASON_SHUTDOWN;
    }
}
