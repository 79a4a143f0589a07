#include "gateway/custody/due.h"

void due_lease(struct store *store, struct outbox *outbox, struct plan *plan, uint32_t destination,
               mono_t now, wall_t wall, due_leased *leased, void *context)
{
    struct entry entries[OUTBOX_FETCH_MAX];
    size_t count = 0;
    wall_t next_due = {0};
    wall_t until;
    size_t wanted = outbox_wanted(outbox, destination, now, wall, &until);
    if (wanted == 0)
        return;
    const struct key *key = outbox_key(outbox, destination);
    if (store->verbs->due(store, key, until, entries, wanted, &count, &next_due) != REASON_NONE)
        return;
    outbox_next_due(outbox, destination, next_due);
    if (count == wanted)
        outbox_look_again(outbox, destination);
    outbox_sort(outbox, destination, entries, count);
    for (size_t i = 0; i < count; i++) {
        if (!outbox_has_room(outbox, destination, now)) {
            outbox_look_again(outbox, destination); /* the rest stays due */
            break;
        }
        struct store_message message;
        if (store->verbs->read_message(store, entries[i].message_seq, &message) != REASON_NONE) {
            outbox_look_again(outbox, destination); /* not now: it stays due */
            continue;
        }
        if (!outbox_lease(outbox, destination, &entries[i], &message.sender, &message.id,
                          &message.digest, now, wall))
            continue;
        plan_move(plan, &entries[i]);
        leased(context, destination, &entries[i], &message);
    }
}
