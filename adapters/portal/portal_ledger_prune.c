/* What the ledger lets go. The dossiers that are over are the same for both statements that name
 * them: in one order, and the first changes nothing of what they are chosen by. */
#include "adapters/portal/portal_ledger_parts.h"

enum reason portal_ledger_mark_equal(struct portal_ledger *ledger, const char *code, wall_t read,
                                     wall_t now)
{
    return ledger_do(ledger, ledger_bind(ledger, LEDGER_MARK_EQUAL, "tii", code, now.ms, read.ms));
}

enum reason portal_ledger_prune(struct portal_ledger *ledger, wall_t before, bool *ret_is_more)
{
    static const enum ledger_statement statements[] = {LEDGER_PRUNE_EVENTS, LEDGER_PRUNE_DONE,
                                                       LEDGER_PRUNE_CLOSED, LEDGER_PRUNE_REPAIRS};
    bool is_more = false;
    enum reason reason = portal_ledger_begin(ledger);
    if (reason != REASON_NONE)
        return reason;
    for (size_t i = 0; i < sizeof statements / sizeof *statements; i++) {
        (void)ledger_do(ledger, ledger_bind(ledger, statements[i], "ii", before.ms,
                                            (int64_t)PORTAL_PRUNE_DOSSIERS_MAX));
        is_more = is_more || sqlite3_changes(ledger->database) >= PORTAL_PRUNE_DOSSIERS_MAX;
    }
    reason = portal_ledger_commit(ledger);
    if (reason == REASON_NONE)
        *ret_is_more = is_more;
    return reason;
}
