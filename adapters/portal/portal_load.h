/* portal_load - the first load: dossiers that were there before the gateway, from a file.
 *
 * The file has one dossier a line, its facts as one JSON object (portal_event.h), in its present
 * state. It is read once from front to back; memory does not grow with it.
 *
 *   line ─▶ LOADING, and how far the file was read: one commit ─▶ create ─▶ PRESENT
 *                      │ crash, or no answer                      │ refused ─▶ ABSENT, work list
 *                      └─▶ looked up: there ─▶ PRESENT            └ exists ─▶ looked up, updated
 *                                    not there ─▶ create
 *
 * So none is sent twice and none is left out, whenever the process ends. A dossier that the ledger
 * has already is left alone, but one that the portal refused, and that no message has spoken of, is
 * tried again as its line is now: the file may be given again, whole, longer or mended. Changed
 * before the place where the last run stopped, it is read from its front.
 *
 * A line that is no dossier is passed over and named in the figures. So is one whose facts the
 * mapping cannot put into the portal's words, because they have wrong types; it stands on the work
 * list too. The ledger has no dossier of it then, so that its line is new once it is mended.
 */
#pragma once

#include "adapters/portal/portal_client.h"
#include "adapters/portal/portal_clock.h"
#include "adapters/portal/portal_fact_fault.h"
#include "adapters/portal/portal_ledger.h"
#include "adapters/portal/portal_window.h"

enum {
    PORTAL_LOAD_LINE_BYTES_MAX = 64 * 1024,
    PORTAL_LOAD_BATCH_MAX = 100,  /* the portal's own bound for one DongBoHoSoMC */
    PORTAL_LOAD_FAULTS_MAX = 100, /* named; more are counted only, and are on the work list */
};

/* A line that was passed over. */
struct portal_load_fault {
    uint64_t line;                  /* of the file, from 1; 0: read by an earlier run */
    char code[PORTAL_CODE_BYTES];   /* of the dossier; "": it cannot be read */
    enum reason reason;             /* REQUEST_MALFORMED: not one JSON object; FIELD_MISSING;
                                       DOSSIER_CODE_INVALID; FIELD_INVALID */
    char field[PORTAL_FIELD_BYTES]; /* "owner.name": its name, never its value; "": unknown */
};

struct portal_load_figures {
    uint64_t lines, sent, present, refused, faulty;
    struct portal_load_fault faults[PORTAL_LOAD_FAULTS_MAX]; /* the first ones */
    uint64_t bytes, bytes_total;                             /* of the file */
    int64_t paused_until_ms;                                 /* a maintenance window; 0: none */
    enum reason trouble; /* why it waits before it tries again; NONE: it does not */
};

struct portal_load_options {
    struct portal_ledger *ledger;
    struct portal_client *client;
    const char *path;
    struct portal_windows windows;
    uint32_t batch;            /* dossiers in one request */
    uint32_t rate;             /* dossiers a second; 0: as fast as it goes */
    uint64_t limit;            /* lines in this run; 0: all */
    uint32_t patience_seconds; /* without any success before it gives up */
    /* Called at least once a second and after each batch; false: end now. */
    bool (*watch)(void *context, const struct portal_load_figures *figures);
    void *context;
    const struct portal_clock *clock; /* NULL: the machine's */
};

/* REASON_NONE: the file is loaded but for what is on the work list. REASON_SHUTDOWN: watch said so.
 * REASON_FILE_UNREADABLE, errors of the ledger (REASON_STORE_CORRUPT: also when what an earlier run
 * left in it is no dossier, or stays as it is), or why the portal could not be reached. In all
 * cases the next run goes on where this one stopped. */
enum reason portal_load(const struct portal_load_options *options,
                        struct portal_load_figures *ret_figures);
