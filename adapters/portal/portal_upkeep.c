/* The ledger of the running adapter.
 *
 *   none ──opened, whole, ours──▶ USABLE ──a damaged page──▶ LEFT ──no request under way──▶ none
 *     └── lost or damaged: looked for again every PORTAL_LEDGER_POLL_MS; messages wait ──┘
 *
 * One row that cannot be read is its dossier's matter alone: only a file that SQLite finds damaged
 * is left.
 *
 * Nothing is sent and nothing is refused without a ledger: what it does not say is no verdict of
 * the portal's (invariant 14).
 */
#include "adapters/portal/portal_parts.h"

static int64_t mono_ms(const struct portal_office *office)
{
    return portal_clock_mono_ms(office->options.clock);
}

static bool is_slow_to_mend(enum reason reason)
{
    return reason == REASON_STORE_CORRUPT || reason == REASON_PORTAL_LEDGER_LOST ||
           reason == REASON_STORE_NEWER;
}

void portal_ledger_suspect(struct portal_office *office, struct reply_judgement end)
{
    if (end.ground == FAILURE_OURS && end.reason == REASON_STORE_CORRUPT)
        office->is_ledger_suspected = true;
}

static void look_closer(struct portal_office *office)
{
    if (!office->is_ledger_suspected || office->ledger == NULL ||
        office->ledger_state != REASON_NONE || mono_ms(office) < office->ledger_next_ms)
        return;
    office->is_ledger_suspected = false;
    office->ledger_next_ms = mono_ms(office) + PORTAL_LEDGER_POLL_MS;
    if (portal_ledger_check(office->ledger) == REASON_STORE_CORRUPT)
        office->ledger_state = REASON_STORE_CORRUPT;
}

bool portal_ledger_is_usable(struct portal_office *office)
{
    look_closer(office);
    if (office->ledger != NULL && office->ledger_state != REASON_NONE && office->batches == NULL) {
        portal_ledger_close(&office->ledger); /* another file may be put in its place */
        office->ledger_next_ms = mono_ms(office) + PORTAL_LEDGER_POLL_MS;
    }
    if (office->ledger == NULL && mono_ms(office) >= office->ledger_next_ms) {
        office->ledger_state =
            portal_ledger_open_kept(office->ledger_path, office->has_history, &office->ledger);
        if (is_slow_to_mend(office->ledger_state))
            office->ledger_next_ms = mono_ms(office) + PORTAL_LEDGER_POLL_MS;
    }
    return office->ledger != NULL && office->ledger_state == REASON_NONE;
}

/* A little at a time, so that nobody waits for it. A failure is tried again like anything else. */
void portal_ledger_prune_some(struct portal_office *office)
{
    const int64_t day_ms = (int64_t)24 * 60 * 60 * 1000;
    wall_t before = {office->now.ms - office->options.keep_days * day_ms};
    bool is_more = false;
    if (office->options.keep_days == 0 || office->now.ms < office->prune_next_ms)
        return;
    enum reason reason = portal_ledger_prune(office->ledger, before, &is_more);
    portal_ledger_suspect(office, (struct reply_judgement){reason, FAILURE_OURS});
    office->prune_next_ms =
        office->now.ms +
        (reason == REASON_NONE && is_more ? PORTAL_REPAIR_POLL_MS : PORTAL_PRUNE_POLL_MS);
}
