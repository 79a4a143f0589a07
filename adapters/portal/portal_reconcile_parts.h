/* portal_reconcile_parts - what the two files of a reconciliation share. Nobody else includes this.
 *
 *   portal_reconcile.c      comparing, what to repair, what only the portal has
 *   portal_reconcile_ask.c  one question, repeated after failures */
#pragma once

#include "adapters/portal/portal_reconcile.h"
#include "adapters/portal/portal_wait.h"

enum { RECONCILE_NOTE_BYTES = 128 };

struct compared {
    char code[PORTAL_CODE_BYTES];
    enum portal_presence presence;
    int state;
    int64_t received_ms, due_ms, finished_ms, handed_ms;
};

struct reconcile {
    const struct portal_reconcile_options *options;
    struct portal_reconcile_figures figures;
    struct compared page[PORTAL_RECONCILE_BATCH_MAX];
    size_t count;
    wall_t read;                  /* when the page was read from the ledger */
    char last[PORTAL_CODE_BYTES]; /* of the last page */
    char note[RECONCILE_NOTE_BYTES];
    struct portal_wait wait;
};

/* Not in a window. Repeated for as long as its failure may pass; ret_answer is to be released. */
enum reason reconcile_ask(struct reconcile *reconcile, const struct portal_question *question,
                          struct portal_answer *ret_answer);
