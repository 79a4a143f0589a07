/* portal_index - the figures of the service-quality index (decision 766/QĐ-TTg) that follow from
 * what the portal is told, counted over a period of reception. Pure.
 *
 *   sync rate   dossiers that the portal accepted / the larger of those we have and those it shows
 *   on time     ended ones whose end is not after the appointment; the time in which papers were
 *               asked for does not count; more than one such request makes it late
 *   online      ended ones with channel 2 and an electronic result
 *   digitised   ended ones whose papers and result are files
 *
 * The end is the first that there is of: finished, handed over, stopped or not accepted.
 */
#pragma once

#include "adapters/portal/portal_ledger.h"

struct portal_index {
    uint64_t dossiers; /* that we have */
    uint64_t accepted; /* by the portal */
    uint64_t shown;    /* by the portal itself; 0: it was not asked */
    uint64_t ended, on_time, online, digitised;
};

void portal_index_add(struct portal_index *index, const struct portal_dossier_view *dossier);

/* In tenths of a percent, rounded down: never better than it is. -1: nothing to divide by. */
int portal_index_sync(const struct portal_index *index);
int portal_index_on_time(const struct portal_index *index);
int portal_index_online(const struct portal_index *index);
int portal_index_digitised(const struct portal_index *index);
