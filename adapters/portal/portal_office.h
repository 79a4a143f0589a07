/* portal_office - the kind "portal": the national portal as a participant's back office.
 *
 * The contract is port/office.h: a message comes, its answer goes back once. Between the two:
 *
 *              ledger: accepted before ──▶ answered ok, nothing is sent
 *   NEW ──┤    portal_event: may not be sent ──▶ answered with its reason, on the work list
 *         └─▶ READY ──a batch has room──▶ UNDER_WAY ──▶ answered
 *               ▲                            │
 *               └── look first · it is there: update · it is not: create · session ended ──┘
 *
 * A call is READY with what it wants next (enum portal_want); calls that want the same go in one
 * request: at most PORTAL_RECORDS_MAX records or PORTAL_STEPS_MAX steps, one of each dossier. One
 * dossier has one call at a time, so its states arrive in their order.
 *
 * A message that the mapping fails on, which would fail all of its batch, is found and ends with
 * REASON_FIELD_INVALID; the others go again without it (portal_blame.c).
 *
 * Create or update is chosen from the ledger. "exists" and "not there" switch by code, once. An
 * attempt after the first, and anything the portal refused, is looked up before it counts as new or
 * as refused, so that what was taken before a connection was cut is not sent again. What the portal
 * accepted is committed in the ledger before the session is answered. A session that has ended is
 * opened again once in a request. In a maintenance (the portal said so, or the settings do) nothing
 * is sent; calls are answered "later".
 *
 * Repairs that commands asked for in the ledger are done here too, so that they keep the order with
 * everything else (portal_repair.c).
 */
#pragma once

#include "adapters/portal/portal_clock.h"
#include "adapters/portal/portal_dialect.h"
#include "adapters/portal/portal_ledger.h"
#include "adapters/portal/portal_window.h"
#include "adapters/port/office.h"

enum {
    PORTAL_STEPS_MAX = 10,   /* entries of one CapNhatTienDoHoSoMC: what systems in use send */
    PORTAL_RECORDS_MAX = 50, /* dossiers of one DongBoHoSoMC or TraCuuHoSo: 100 KB each way */
    PORTAL_CALLS_MAX = 256,
    PORTAL_REPAIR_POLL_MS = 1000,
    PORTAL_PRUNE_POLL_MS = 3600 * 1000,
    PORTAL_LEDGER_POLL_MS = 5000, /* a person mends it; looking through it takes as long */
};

struct portal_options {
    struct portal_dialect_options dialect;
    const char *ledger; /* path of the file */
    const char *ca_file;
    uint32_t connect_timeout_ms;
    uint32_t timeout_ms;
    uint32_t calls_max;    /* messages at once, at most PORTAL_CALLS_MAX */
    uint32_t requests_max; /* HTTP requests at once */
    uint32_t batch_max;    /* dossiers in one request; 1: the portal takes no lists */
    uint32_t keep_days;    /* messages of dossiers that are over (portal_ledger.h); 0: for ever */
    struct portal_windows windows;
    const struct portal_clock *clock; /* for the wall's time; NULL: the machine's */
};

/* REASON_SETTINGS_INVALID: see ret_fault. Errors of the ledger, REASON_OUT_OF_MEMORY. The ledger is
 * opened at the first run, not here: the state directory may not be there yet. */
enum reason portal_office_new(const struct portal_options *options, struct office **ret_office,
                              char ret_fault[MAPPING_FAULT_BYTES]);
