/* verdict - whether a sandbox run is good, and if not: what is wrong, at whom, what to do.
 *
 * Judged is what was lost, doubled, late or wrong. How much memory the programs took is printed
 * beside it and judged by `make bench-memory` alone, for it depends on the machine. Of a run that
 * somebody ended before its time only what is doubled or wrong is a fault: the rest is under way.
 */
#pragma once

#include <stdio.h>

#include "ops/sandbox/figures.h"
#include "proto/base/language.h"

struct verdict {
    const struct figures *figures;
    uint64_t dossiers;     /* that were to be forwarded */
    uint64_t elapsed_s;    /* since the start */
    bool is_interrupted;   /* before it was done, and before its time was up */
    const char *directory; /* of the province */
};

/* Every dossier was forwarded, is back and stands at the portal as it should. */
bool verdict_is_done(const struct verdict *verdict);
/* And nothing is doubled, out of order or otherwise than it was sent. */
bool verdict_is_good(const struct verdict *verdict);
/* A line "PASSED in N s", or a line "FAILED: …" for each thing that is wrong. */
void verdict_print(const struct verdict *verdict, enum language language, FILE *to);
