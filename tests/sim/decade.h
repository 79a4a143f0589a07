/* decade - ten years of one province: days of traffic with the whole world's state kept, and months
 * between them in which every program stands still. */
#pragma once

#include "tests/sim/sim.h"

enum {
    DECADE_YEARS = 10,
    DECADE_DAYS_ALL = 4, /* so many, and all that a decade has comes to pass */
    DECADE_DAYS_MAX = 365,
    DECADE_DOSSIERS_MAX = 170, /* a day: the busiest has half as many more (DOSSIERS_MAX) */
};

/* Of traffic. */
struct decade_plan {
    unsigned int days_a_year;
    unsigned int dossiers_a_day; /* about so many; 0: as a run of one day has */
};

struct decade {
    uint64_t days, messages, mergers, splits, outages, restarts, restores, purged,
        purged_at_adapters;
    /* Certificates: new, ended before there was a new one, revoked; issuers that ended; seals made
     * again, seals judged at the gateway's custody. */
    uint64_t renewals, ended_late, revocations, rollovers, sealed_again, judged_at_custody;
    uint64_t codes_kept, codes_refused, moved, lives_ended; /* struct seen */
    uint64_t due_known, due_beyond, due_later;
    unsigned int years; /* that were played to their end */
};

/* A violation is reported to options->out. */
enum sim_end sim_decade(struct sim *sim, uint64_t seed, const struct decade_plan *plan,
                        struct decade *ret_decade);
