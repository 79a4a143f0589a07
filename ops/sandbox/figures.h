/* figures - what a sandbox run did, counted from the offices' and the desk's own databases. */
#pragma once

#include "routing/registry/registry.h"

enum { FIGURES_ROWS_MAX = 128 };

struct figures_row {
    const struct agency *agency;
    uint64_t forwarded;                      /* by the desk */
    uint64_t accepted;                       /* dossiers at the office */
    uint64_t progress, supplements, results; /* at the desk */
    uint64_t at_portal;       /* dossiers that the portal shows as the desk's book has them */
    uint64_t twice;           /* messages that the office accepted more than once */
    uint64_t mean_ms, max_ms; /* from forwarding to the office's acceptance */
};

struct figures {
    struct figures_row rows[FIGURES_ROWS_MAX];
    size_t row_count;
    struct figures_row total;
    uint64_t lost;       /* forwarded and not accepted, or accepted and without a result */
    uint64_t duplicated; /* twice at an office, or at the desk */
    uint64_t out_of_order;
    uint64_t bad_papers;
    uint64_t portal_twice; /* entries that the portal accepted more than once, and dossiers that
                              nobody forwarded */
};

/* False when a database cannot be read yet. */
bool figures_read(const char *directory, const struct registry *registry,
                  struct figures *ret_figures);
