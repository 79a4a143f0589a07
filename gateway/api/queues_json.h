/* queues_json - what waits in a store, as both daemons' APIs answer GET /v1/queues:
 *
 *   destinations   each with how many entries are in each live state, and since when the oldest
 *   entries        one by one, by pages; ?destination, ?state and ?dossier_code choose some
 *   next           the cursor of the next page; "": there was nothing
 */
#pragma once

#include "gateway/api/api.h"
#include "gateway/port/store.h"

struct queues_source {
    struct store *store;
    uint64_t page_max;
    /* Where an entry stands (standing_json.h). It may ask the store: the texts of the entry's
     * message are written before. False: memory is short. */
    bool (*put_standing)(void *context, json_t *object, const struct entry *entry, wall_t taken);
    void *context;
};

void queues_answer(struct api_request *request, const struct queues_source *source);
