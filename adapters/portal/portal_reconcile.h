/* portal_reconcile - both sides, dossier by dossier: what our ledger says the portal has, and what
 * the portal shows.
 *
 *   ledger, by code ──looked up in batches──▶ compared ─┬─ equal
 *                                                       └─ missing, state, time: repair, or a
 *                                                          person's
 *   portal, listed by day of reception ──▶ extra: a person's
 *
 * Repairs that were asked for are done by the adapter; they are looked at once more at the end.
 *
 * What policy allows to be repaired:
 *   missing   every event of the dossier again, in order; after a first load its present facts
 *   state     the events that the portal is behind by; its present facts when the portal's state
 *             may move to ours; otherwise a person's: the portal was changed by somebody else
 *   time      the present facts
 *   extra     never: nobody here knows the dossier; gone from the portal it is dropped
 *
 * It keeps its place and what it found in the ledger: ended at any moment, the next run over the
 * same days goes on. Rate and memory are bounded. Nothing is asked while a maintenance window of
 * the settings is open (portal_window.h): it waits, as the adapter does.
 */
#pragma once

#include "adapters/portal/portal_client.h"
#include "adapters/portal/portal_clock.h"
#include "adapters/portal/portal_ledger.h"
#include "adapters/portal/portal_window.h"

enum { PORTAL_RECONCILE_BATCH_MAX = 100 };

struct portal_reconcile_figures {
    uint64_t compared, equal, missing, extra, state, time, not_sent;
    uint64_t repaired; /* of those, at the end */
    uint64_t remaining;
    int64_t paused_until_ms; /* a maintenance window; 0: none */
    enum reason trouble;     /* why it waits before it tries again; NONE: it does not */
};

struct portal_reconcile_options {
    struct portal_ledger *ledger;
    struct portal_client *client;
    struct portal_windows windows;
    wall_t from, to; /* of reception; to is not included */
    uint32_t batch;
    uint32_t rate; /* dossiers looked up in a second; 0: no bound */
    bool repairs_missing, repairs_state, repairs_time;
    uint32_t wait_seconds; /* for the adapter to do the repairs */
    bool (*watch)(void *context, const struct portal_reconcile_figures *figures);
    void *context;
    const struct portal_clock *clock; /* NULL: the machine's */
};

/* REASON_NONE: all days were compared; figures.remaining says whether both sides are equal, and the
 * ledger's differences are those that remain. REASON_SHUTDOWN: watch said so. Otherwise why it
 * could not go on. */
enum reason portal_reconcile(const struct portal_reconcile_options *options,
                             struct portal_reconcile_figures *ret_figures);
