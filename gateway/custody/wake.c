#include "gateway/custody/wake.h"

#include "routing/outbox/failure.h"

void wake_begin(struct wake *wake)
{
    *wake = (struct wake){.is_wanted = true};
}

static void bring_forward(struct outbox *outbox, struct plan *plan, uint32_t destination,
                          struct entry *entry, wall_t wall)
{
    plan_apply_moves(plan, entry);
    if (entry->state != ENTRY_DEFERRED || !failure_waits_for_registry(entry->reason))
        return;
    entry_move(entry, ENTRY_QUEUED);
    entry->due = wall;
    plan_move(plan, entry);
    outbox_look_again(outbox, destination);
}

bool wake_page(struct wake *wake, struct store *store, struct outbox *outbox, struct plan *plan,
               uint32_t destination, wall_t wall)
{
    if (!wake->is_wanted || outbox_backlog(outbox, destination) == 0) {
        wake->is_wanted = false;
        return false;
    }
    struct entry entries[WAKE_PAGE_MAX];
    size_t count = 0;
    const struct store_filter filter = {
        .destination = *outbox_key(outbox, destination),
        .state = ENTRY_DEFERRED,
        .after_seq = wake->after_seq,
        .after_destination = *outbox_key(outbox, destination),
    };
    if (store->verbs->list(store, &filter, entries, WAKE_PAGE_MAX, &count) != REASON_NONE)
        return true;
    for (size_t i = 0; i < count; i++) {
        if (key_equal(&entries[i].destination, &filter.destination))
            bring_forward(outbox, plan, destination, &entries[i], wall);
        wake->after_seq = entries[i].message_seq;
    }
    wake->is_wanted = count == WAKE_PAGE_MAX;
    return wake->is_wanted;
}
