/* Lists of entries for an operator, in the order of places, page by page.
 *
 * Live entries come from several sources, each in order: an index range for each (destination,
 * waiting state), and the leased ones of memory. The next row is the smallest head of all sources,
 * so that a page costs what it shows, whatever the backlog is.
 */
#include "gateway/store/store_sqlite_internal.h"

#include <stdlib.h>

struct page {
    struct entry *entries;
    size_t limit;
    size_t count;
};

/* --- live entries -------------------------------------------------------------------------------
 */

struct source {
    uint64_t destination;
    enum entry_state state;
    uint64_t head; /* place; UINT64_MAX: at its end */
};

struct sources {
    struct source *rows;
    size_t count;
    uint64_t *leased; /* ascending places */
    size_t leased_count;
    size_t leased_at;
};

/* One row at a time: a source that shows one entry on this page reads two. */
static enum reason advance(struct store_sqlite *store, struct source *source, uint64_t after)
{
    sqlite3_stmt *statement = BIND(store, SQL_NEXT_LISTED, NUMBER(source->destination),
                                   NUMBER(source->state), NUMBER(after));
    enum reason reason = sql_one_number(store, statement, &source->head);
    if (reason == REASON_NOT_FOUND)
        source->head = UINT64_MAX;
    return reason == REASON_NOT_FOUND ? REASON_NONE : reason;
}

static enum reason open_sources(struct store_sqlite *store, const struct store_filter *filter,
                                uint64_t after, struct sources *sources)
{
    static const enum entry_state waiting[] = {ENTRY_QUEUED, ENTRY_DEFERRED, ENTRY_HELD,
                                               ENTRY_AWAITED};
    enum { WAITING_STATES = sizeof waiting / sizeof *waiting };
    const struct participants *participants = &store->participants;
    uint64_t only = participants_find(participants, &filter->destination);
    sources->rows = malloc((participants->count + 1) * WAITING_STATES * sizeof *sources->rows);
    if (sources->rows == NULL)
        return REASON_OUT_OF_MEMORY;
    enum reason reason = REASON_NONE;
    for (uint64_t number = 1; number <= participants->count; number++) {
        if ((only != 0 && only != number) || participants->rows[number].waiting == 0)
            continue;
        for (size_t i = 0; i < WAITING_STATES && reason == REASON_NONE; i++) {
            if (filter->state != 0 && filter->state != waiting[i])
                continue;
            struct source *source = &sources->rows[sources->count++];
            *source = (struct source){.destination = number, .state = waiting[i]};
            reason = advance(store, source, after);
        }
    }
    if (reason == REASON_NONE && (filter->state == 0 || filter->state == ENTRY_LEASED))
        reason = leases_places(store, &sources->leased, &sources->leased_count);
    return reason;
}

/* The next leased place that the filter shows, or UINT64_MAX. */
static uint64_t leased_head(struct sources *sources, uint64_t only, uint64_t after)
{
    while (sources->leased_at < sources->leased_count) {
        uint64_t place = sources->leased[sources->leased_at];
        if (place > after && (only == 0 || (place & PARTICIPANT_NUMBER_MAX) == only))
            return place;
        sources->leased_at++;
    }
    return UINT64_MAX;
}

/* A place that an index or memory names and no table has is damage, and not an end. */
static enum reason merge_sources(struct store_sqlite *store, struct sources *sources, uint64_t only,
                                 uint64_t after, struct page *page)
{
    while (page->count < page->limit) {
        uint64_t place = leased_head(sources, only, after);
        struct source *first = NULL;
        for (size_t i = 0; i < sources->count; i++) {
            if (sources->rows[i].head < place) {
                first = &sources->rows[i];
                place = first->head;
            }
        }
        if (place == UINT64_MAX)
            return REASON_NONE;
        enum reason reason = entry_read(store, place, &page->entries[page->count++]);
        if (reason == REASON_NONE && first != NULL)
            reason = advance(store, first, place);
        if (reason != REASON_NONE)
            return reason == REASON_NOT_FOUND ? REASON_STORE_CORRUPT : reason;
        if (first == NULL)
            sources->leased_at++;
    }
    return REASON_NONE;
}

static enum reason list_live(struct store_sqlite *store, const struct store_filter *filter,
                             uint64_t after, struct page *page)
{
    struct sources sources = {0};
    uint64_t only = participants_find(&store->participants, &filter->destination);
    enum reason reason = open_sources(store, filter, after, &sources);
    if (reason == REASON_NONE)
        reason = merge_sources(store, &sources, only, after, page);
    free(sources.rows);
    free(sources.leased);
    return reason;
}

/* --- ended entries ------------------------------------------------------------------------------
 */

static enum reason list_ended(struct store_sqlite *store, const struct store_filter *filter,
                              uint64_t after, struct page *page)
{
    bool delivered = filter->state == ENTRY_DELIVERED;
    sqlite3_stmt *statement =
        BIND(store, delivered ? SQL_LIST_DELIVERED : SQL_LIST_FAILED, NUMBER(filter->state),
             NUMBER(after), NUMBER(participants_find(&store->participants, &filter->destination)),
             NUMBER(page->limit));
    enum reason reason = REASON_NONE;
    while (sql_next(store, statement, &reason))
        reason = entry_of_row(store, statement, &page->entries[page->count++]);
    return reason;
}

/* --- one dossier's ---------------------------------------------------------------------------- */

static bool is_shown(const struct store_filter *filter, const struct entry *entry)
{
    if (filter->state == 0 ? !entry_state_is_live(entry->state) : entry->state != filter->state)
        return false;
    return key_is_none(&filter->destination) ||
           key_equal(&filter->destination, &entry->destination);
}

/* By every participant's number, since an entry's place is made of both; there are a few dozen. */
static enum reason list_message(struct store_sqlite *store, const struct store_filter *filter,
                                uint64_t seq, uint64_t after, struct page *page)
{
    for (uint64_t number = 1; number <= store->participants.count; number++) {
        struct entry entry;
        uint64_t place = entry_place(seq, number);
        if (place <= after || page->count == page->limit)
            continue;
        enum reason reason = entry_read(store, place, &entry);
        if (reason == REASON_NONE && is_shown(filter, &entry))
            page->entries[page->count++] = entry;
        if (reason != REASON_NONE && reason != REASON_NOT_FOUND)
            return reason;
    }
    return REASON_NONE;
}

static enum reason list_dossier(struct store_sqlite *store, const struct store_filter *filter,
                                uint64_t after, struct page *page)
{
    enum { SEQS_AT_ONCE = 64 };
    uint64_t seqs[SEQS_AT_ONCE];
    size_t count = SEQS_AT_ONCE;
    uint64_t last = after >> PARTICIPANT_BITS;
    last = last == 0 ? 0 : last - 1; /* that message may have entries left */
    while (count == SEQS_AT_ONCE && page->count < page->limit) {
        enum reason reason = store_sqlite_history(&store->store, filter->dossier_code, last, false,
                                                  seqs, SEQS_AT_ONCE, &count);
        for (size_t i = 0; i < count && reason == REASON_NONE; i++)
            reason = list_message(store, filter, seqs[i], after, page);
        if (reason != REASON_NONE)
            return reason;
        if (count > 0)
            last = seqs[count - 1];
    }
    return REASON_NONE;
}

enum reason store_sqlite_list(struct store *store, const struct store_filter *filter,
                              struct entry *ret_entries, size_t limit, size_t *ret_count)
{
    struct store_sqlite *self = self_of(store);
    enum reason reason = store_sqlite_ready(self);
    if (reason != REASON_NONE)
        return reason;
    struct page page = {.entries = ret_entries, .limit = limit};
    uint64_t after_number = participants_find(&self->participants, &filter->after_destination);
    uint64_t after =
        filter->after_seq > SEQ_MAX ? INT64_MAX : entry_place(filter->after_seq, after_number);
    bool is_unknown = !key_is_none(&filter->destination) &&
                      participants_find(&self->participants, &filter->destination) == 0;
    if (is_unknown || limit == 0)
        reason = REASON_NONE;
    else if (filter->dossier_code.size != 0)
        reason = list_dossier(self, filter, after, &page);
    else if (filter->state != 0 && entry_state_is_terminal(filter->state))
        reason = list_ended(self, filter, after, &page);
    else
        reason = list_live(self, filter, after, &page);
    if (reason == REASON_NONE)
        *ret_count = page.count;
    return reason;
}
