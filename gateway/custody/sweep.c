/* The order is all there is to it: synced, removed, forgotten. */
#include "gateway/custody/sweep.h"

enum reason sweep_files(struct store *store, struct blobs *blobs, size_t *ret_count)
{
    struct digest files[SWEEP_FILES_MAX];
    size_t count = 0;
    enum reason reason = store->verbs->unnamed_files(store, files, SWEEP_FILES_MAX, &count);
    *ret_count = 0;
    if (reason != REASON_NONE || count == 0)
        return reason;
    reason = store->verbs->sync(store);
    for (size_t i = 0; i < count && reason == REASON_NONE; i++)
        blobs->verbs->remove(blobs, &files[i]);
    if (reason != REASON_NONE)
        return reason;
    const struct store_plan plan = {.forgotten_files = files, .forgotten_file_count = count};
    *ret_count = count;
    return store->verbs->apply(store, &plan);
}
