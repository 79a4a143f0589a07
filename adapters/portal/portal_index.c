/* The figures of decision 766/QĐ-TTg, counted one dossier at a time. Shares are whole tenths of a
 * percent and rounded down, so that a figure of ours is never better than what the ministry
 * counts. */
#include "adapters/portal/portal_index.h"

enum { ONLINE_CHANNEL = 2, THOUSAND = 1000 };

static bool has_ended(const struct portal_dossier_view *dossier)
{
    switch (dossier->state) {
    case DOSSIER_NOT_ACCEPTED:
    case DOSSIER_STOPPED:
    case DOSSIER_FINISHED:
    case DOSSIER_HANDED_OVER:
        return true;
    default:
        return false;
    }
}

/* The law stops the clock while papers are asked for, once: a second request makes the dossier
 * late whatever the calendar says. */
static bool is_on_time(const struct portal_dossier_view *dossier)
{
    int64_t end = dossier->finished_ms != 0 ? dossier->finished_ms : dossier->handed_ms;
    return dossier->supplements <= 1 && end - dossier->pause_ms <= dossier->due_ms;
}

void portal_index_add(struct portal_index *index, const struct portal_dossier_view *dossier)
{
    index->dossiers++;
    index->accepted += dossier->presence == PORTAL_PRESENT;
    if (!has_ended(dossier))
        return;
    index->ended++;
    index->on_time += is_on_time(dossier);
    index->online += dossier->channel == ONLINE_CHANNEL && dossier->has_result_file;
    index->digitised += dossier->is_digitised;
}

static int share(uint64_t part, uint64_t whole)
{
    return whole == 0 ? -1 : (int)(part * THOUSAND / whole);
}

int portal_index_sync(const struct portal_index *index)
{
    return share(index->accepted, index->shown > index->dossiers ? index->shown : index->dossiers);
}

int portal_index_on_time(const struct portal_index *index)
{
    return share(index->on_time, index->ended);
}

int portal_index_online(const struct portal_index *index)
{
    return share(index->online, index->ended);
}

int portal_index_digitised(const struct portal_index *index)
{
    return share(index->digitised, index->ended);
}
