/* Reads of the live entries, waiting and leased, for the outbox: due, expired, one, counts. */
#include "gateway/store/store_sqlite_internal.h"

#include <stdlib.h>

static struct store_sqlite *self_of(struct store *store)
{
    return (struct store_sqlite *)store;
}

/* Rows into ret_entries until the end; the statement limits their number. */
static enum reason collect(struct store_sqlite *store, sqlite3_stmt *statement,
                           struct entry *ret_entries, size_t *ret_count)
{
    size_t count = 0;
    for (;;) {
        bool has_row = false;
        enum reason reason = sql_step(store, statement, &has_row);
        if (reason != REASON_NONE)
            return reason;
        if (!has_row)
            break;
        reason = entry_of_row(store, statement, &ret_entries[count++]);
        if (reason != REASON_NONE) {
            (void)sqlite3_reset(statement);
            return reason;
        }
    }
    *ret_count = count;
    return REASON_NONE;
}

static enum reason next_due(struct store_sqlite *store, uint64_t destination, wall_t now,
                            wall_t *ret_next_due)
{
    sqlite3_stmt *statement = store->statements[SQL_NEXT_DUE];
    uint64_t due = 0;
    sql_bind_number(statement, 1, destination);
    sql_bind_number(statement, 2, (uint64_t)now.ms);
    enum reason reason = sql_one_number(store, statement, &due);
    if (reason != REASON_NONE && reason != REASON_NOT_FOUND)
        return reason;
    ret_next_due->ms = (int64_t)due;
    return REASON_NONE;
}

enum reason store_sqlite_due(struct store *store, const struct key *destination, wall_t now,
                             struct entry *ret_entries, size_t limit, size_t *ret_count,
                             wall_t *ret_next_due)
{
    struct store_sqlite *self = self_of(store);
    enum reason reason = store_sqlite_ready(self);
    if (reason != REASON_NONE)
        return reason;
    uint64_t number = participants_find(&self->participants, destination);
    if (self->participants.rows[number].waiting == 0) {
        *ret_count = 0;
        *ret_next_due = (wall_t){0};
        return REASON_NONE;
    }
    sqlite3_stmt *statement = self->statements[SQL_DUE];
    size_t count = 0;
    sql_bind_number(statement, 1, number);
    sql_bind_number(statement, 2, (uint64_t)now.ms);
    sql_bind_number(statement, 3, limit);
    reason = collect(self, statement, ret_entries, &count);
    if (reason == REASON_NONE)
        reason = next_due(self, number, now, ret_next_due);
    if (reason == REASON_NONE)
        *ret_count = count;
    return reason;
}

/* --- expired --------------------------------------------------------------------------------- */

enum reason store_sqlite_expired(struct store *store, wall_t now, wall_t sent_now,
                                 struct entry *ret_entries, size_t limit, size_t *ret_count)
{
    struct store_sqlite *self = self_of(store);
    enum reason reason = store_sqlite_ready(self);
    if (reason != REASON_NONE)
        return reason;
    sqlite3_stmt *statement = self->statements[SQL_EXPIRED];
    size_t count = 0;
    sql_bind_number(statement, 1, (uint64_t)now.ms);
    sql_bind_number(statement, 2, sent_now.ms > 0 ? (uint64_t)sent_now.ms : 0);
    sql_bind_number(statement, 3, limit);
    reason = collect(self, statement, ret_entries, &count);
    if (reason == REASON_NONE)
        *ret_count = count;
    return reason;
}

/* --- one entry, and those of one message -------------------------------------------------------
 */

enum reason store_sqlite_read_entry(struct store *store, uint64_t message_seq,
                                    const struct key *destination, struct entry *ret_entry)
{
    struct store_sqlite *self = self_of(store);
    enum reason reason = store_sqlite_ready(self);
    if (reason != REASON_NONE)
        return reason;
    uint64_t number = participants_find(&self->participants, destination);
    if (number == 0 || message_seq > SEQ_MAX)
        return REASON_NOT_FOUND;
    return entry_read(self, entry_place(message_seq, number), ret_entry);
}

enum reason store_sqlite_entries_of(struct store *store, uint64_t message_seq,
                                    struct entry *ret_entries, size_t limit, size_t *ret_count)
{
    static const enum statement tables[] = {SQL_WAITING_OF, SQL_ENDED_OF};
    struct store_sqlite *self = self_of(store);
    enum reason reason = store_sqlite_ready(self);
    size_t count = 0;
    for (size_t i = 0; i < sizeof tables / sizeof *tables && reason == REASON_NONE; i++) {
        sqlite3_stmt *statement = self->statements[tables[i]];
        size_t found = 0;
        sql_bind_number(statement, 1, entry_place(message_seq, 0));
        sql_bind_number(statement, 2, entry_place(message_seq, PARTICIPANT_NUMBER_MAX));
        sql_bind_number(statement, 3, limit - count);
        reason = collect(self, statement, ret_entries + count, &found);
        count += found;
    }
    if (reason != REASON_NONE)
        return reason;
    for (uint64_t number = 1; number <= self->participants.count && count < limit; number++) {
        struct leased *leased = lease_table_find(&self->leases, entry_place(message_seq, number));
        if (leased != NULL)
            ret_entries[count++] = leased->entry;
    }
    *ret_count = count;
    return REASON_NONE;
}

/* --- counts ------------------------------------------------------------------------------------
 */

struct tally {
    uint64_t count[ENTRY_STATES];
    uint64_t oldest_seq; /* 0: no live entry */
};

static void tally_add(struct tally *tally, enum entry_state state, uint64_t count, uint64_t seq)
{
    tally->count[state] += count;
    if (tally->oldest_seq == 0 || seq < tally->oldest_seq)
        tally->oldest_seq = seq;
}

static enum reason tally_waiting(struct store_sqlite *store, struct tally *tallies)
{
    sqlite3_stmt *statement = store->statements[SQL_COUNT_WAITING];
    for (;;) {
        bool has_row = false;
        enum reason reason = sql_step(store, statement, &has_row);
        if (reason != REASON_NONE || !has_row)
            return reason;
        uint64_t number = sql_number(statement, 0);
        uint64_t state = sql_number(statement, 1);
        if (number > store->participants.count || state >= ENTRY_STATES) {
            (void)sqlite3_reset(statement);
            return REASON_STORE_CORRUPT;
        }
        tally_add(&tallies[number], (enum entry_state)state, sql_number(statement, 2),
                  sql_number(statement, 3) >> PARTICIPANT_BITS);
    }
}

static enum reason report(struct store *store, const struct tally *tallies,
                          struct store_count *ret_counts, size_t limit, size_t *ret_count)
{
    const struct participants *participants = &self_of(store)->participants;
    size_t count = 0;
    for (uint64_t number = 1; number <= participants->count && count < limit; number++) {
        if (tallies[number].oldest_seq == 0)
            continue;
        struct store_message oldest;
        enum reason reason = store_sqlite_read_message(store, tallies[number].oldest_seq, &oldest);
        if (reason != REASON_NONE && reason != REASON_NOT_FOUND)
            return reason;
        struct store_count *line = &ret_counts[count++];
        *line = (struct store_count){.destination = participants->rows[number].key};
        if (reason == REASON_NONE)
            line->oldest = oldest.custody;
        for (size_t state = 0; state < ENTRY_STATES; state++)
            line->count[state] = tallies[number].count[state];
    }
    *ret_count = count;
    return REASON_NONE;
}

enum reason store_sqlite_counts(struct store *store, struct store_count *ret_counts, size_t limit,
                                size_t *ret_count)
{
    struct store_sqlite *self = self_of(store);
    enum reason reason = store_sqlite_ready(self);
    if (reason != REASON_NONE)
        return reason;
    struct tally *tallies = calloc(self->participants.count + 1, sizeof *tallies);
    if (tallies == NULL)
        return REASON_OUT_OF_MEMORY;
    const struct leased *leased = NULL;
    while ((leased = lease_table_next(&self->leases, leased)) != NULL)
        tally_add(&tallies[leased->destination], ENTRY_LEASED, 1, leased->entry.message_seq);
    reason = tally_waiting(self, tallies);
    if (reason == REASON_NONE)
        reason = report(store, tallies, ret_counts, limit, ret_count);
    free(tallies);
    return reason;
}
