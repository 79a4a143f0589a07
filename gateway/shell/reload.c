/* Whether a registry that was read again may take the place of the one in use: nobody who is owed
 * something is lost by it, and it does not go back in time (routing/registry/registry_change.h). */
#include "gateway/shell/gateway.h"

#include <stdlib.h>

#include "gateway/workers/program.h"
#include "routing/registry/registry_change.h"

/* *ret_owed is the caller's to free, also after a failure. */
static enum reason read_owed(struct gateway *gateway, struct registry_owed **ret_owed,
                             size_t *ret_count)
{
    struct store_count *counts = calloc(PARTICIPANTS_MAX, sizeof *counts);
    struct registry_owed *owed = calloc(PARTICIPANTS_MAX, sizeof *owed);
    size_t count = 0;
    enum reason reason =
        counts == NULL || owed == NULL
            ? REASON_OUT_OF_MEMORY
            : gateway->store->verbs->counts(gateway->store, counts, PARTICIPANTS_MAX, &count);
    for (size_t i = 0; reason == REASON_NONE && i < count; i++) {
        owed[i].destination = counts[i].destination;
        for (size_t state = 0; state < ENTRY_STATES; state++)
            owed[i].waiting += counts[i].count[state];
    }
    free(counts);
    *ret_owed = owed;
    *ret_count = count;
    return reason;
}

/* All of them, also those of a registry that is taken: who reads the log sees what a reload did. */
static void log_changes(struct gateway *gateway, const struct registry_changes *changes)
{
    for (size_t i = 0; i < changes->count; i++) {
        struct buffer text;
        bool refuses = registry_change_refuses(changes->items[i].kind);
        buffer_init(&text, LOG_VALUE_BYTES_MAX * 4);
        if (registry_change_print(&changes->items[i], gateway->language, &text))
            gateway_log(gateway, refuses ? LOG_ERROR : LOG_INFO, "registry_change",
                        refuses ? changes->reason : REASON_NONE, buffer_text(&text));
        buffer_release(&text);
    }
}

enum reason gateway_compare_registry(struct gateway *gateway, const struct registry *registry)
{
    struct registry_changes *changes = calloc(1, sizeof *changes);
    struct registry_owed *owed = NULL;
    size_t count = 0;
    enum reason reason = changes == NULL ? REASON_OUT_OF_MEMORY : read_owed(gateway, &owed, &count);
    if (reason == REASON_NONE) {
        registry_compare(gateway->registry, registry, owed, count, day_of(program_wall()), changes);
        log_changes(gateway, changes);
        reason = changes->reason;
    }
    free(owed);
    free(changes);
    return reason;
}
