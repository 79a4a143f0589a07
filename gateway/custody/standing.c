/* Why an entry waits, as far as both sides of a link know it alike. The line is found in the store
 * and not remembered: people ask rarely, and the answer must be the one of now. */
#include "gateway/custody/standing.h"

#include <string.h>

/* state: 0 is any that is live. */
static bool find_first(struct store *store, const struct entry *entry, enum entry_state state,
                       struct entry *ret_first)
{
    struct store_message message;
    uint8_t code[DOSSIER_CODE_BYTES_MAX];
    size_t count = 0;
    struct entry first;
    if (store->verbs->read_message(store, entry->message_seq, &message) != REASON_NONE ||
        message.dossier_code.size == 0 || message.dossier_code.size > sizeof code)
        return false;
    /* The store's own until its next call. */
    memcpy(code, message.dossier_code.data, message.dossier_code.size);
    const struct store_filter filter = {.destination = entry->destination,
                                        .state = state,
                                        .dossier_code = {code, message.dossier_code.size}};
    if (store->verbs->list(store, &filter, &first, 1, &count) != REASON_NONE || count == 0)
        return false;
    *ret_first = first;
    return true;
}

/* An entry without an order stands in no line. */
bool standing_first(struct store *store, const struct entry *entry, struct entry *ret_first)
{
    if (entry->order != 0)
        return find_first(store, entry, (enum entry_state)0, ret_first);
    *ret_first = *entry;
    return true;
}

/* The line is the gateway's, and no order of our own outbox tells it. */
bool standing_first_awaited(struct store *store, const struct entry *entry, struct entry *ret_first)
{
    return find_first(store, entry, ENTRY_AWAITED, ret_first);
}

/* In the clock of now: a wall clock that was set since shifts all moments alike. */
wall_t standing_moment(mono_t then, mono_t now, wall_t wall)
{
    return (wall_t){wall.ms - (now.ms - then.ms)};
}

/* An entry that failed itself shows its own reason; one that only waits shows why its destination
 * does not take anything. */
void standing_of_queue(const struct outbox *outbox, uint32_t destination, const struct entry *entry,
                       mono_t now, wall_t wall, struct standing *standing)
{
    const struct window *window = outbox_window(outbox, destination);
    bool has_failed_itself = entry->reason != REASON_NONE;
    standing->reason = entry->reason;
    standing->since = entry->since;
    standing->next = entry->due.ms > wall.ms ? entry->due : (wall_t){0};
    if (window->reason == REASON_NONE)
        return;
    if (window->state == WINDOW_OPEN) {
        wall_t reopen = standing_moment(window->reopen_at, now, wall);
        standing->next = reopen.ms > standing->next.ms ? reopen : standing->next;
    }
    if (has_failed_itself)
        return;
    standing->reason = window->reason;
    standing->since = standing_moment(window->since, now, wall);
}
