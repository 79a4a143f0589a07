/* Reads of the live entries, waiting and leased, for the outbox: due, expired, one, counts. Waiting
 * entries are in table waiting, leased ones in memory (store_sqlite_lease.c); lists for people are
 * store_sqlite_list.c. */
#include "gateway/store/store_sqlite_internal.h"

#include <stdlib.h>

/* Rows into ret_entries until the end; the statement limits their number. */
static enum reason collect(struct store_sqlite *store, sqlite3_stmt *statement,
                           struct entry *ret_entries, size_t *ret_count)
{
    size_t count = 0;
    enum reason reason = REASON_NONE;
    while (sql_next(store, statement, &reason))
        reason = entry_of_row(store, statement, &ret_entries[count++]);
    if (reason == REASON_NONE)
        *ret_count = count;
    return reason;
}

/* --- due: senders take turns -------------------------------------------------------------------
 */

#define BEFORE_ALL UINT64_MAX /* -1 as SQLite reads it */

/* A sender with due entries, and the last of them that was taken: (due, place). */
struct sender_turn {
    uint64_t sender, due, place;
    bool is_over;
};

struct look {
    struct store_sqlite *store;
    uint64_t destination, now;
    struct sender_turn senders[STORE_DUE_SENDERS_MAX];
    size_t sender_count;
    uint64_t next_due; /* 0: none is waiting for its time */
};

static void keep_earliest(struct look *look, uint64_t due)
{
    if (look->next_due == 0 || due < look->next_due)
        look->next_due = due;
}

/* Senders with numbers in (after, last], as far as there is room for them. */
static enum reason find_senders(struct look *look, uint64_t after, uint64_t last)
{
    for (uint64_t sender = after; look->sender_count < STORE_DUE_SENDERS_MAX;) {
        sqlite3_stmt *statement =
            BIND(look->store, SQL_DUE_SENDER, NUMBER(look->destination), NUMBER(sender));
        enum reason reason = sql_row(look->store, statement);
        if (reason != REASON_NONE)
            return reason == REASON_NOT_FOUND ? REASON_NONE : reason;
        sender = sql_number(statement, 0);
        uint64_t due = sql_number(statement, 1);
        (void)sqlite3_reset(statement);
        if (sender > last)
            return REASON_NONE;
        if (due <= look->now)
            look->senders[look->sender_count++] = (struct sender_turn){.sender = sender};
        else
            keep_earliest(look, due);
    }
    return REASON_NONE;
}

/* What of those that were found waits for its time. */
static enum reason find_next_due(struct look *look)
{
    for (size_t i = 0; i < look->sender_count; i++) {
        uint64_t due = 0;
        sqlite3_stmt *statement = BIND(look->store, SQL_NEXT_DUE, NUMBER(look->destination),
                                       NUMBER(look->senders[i].sender), NUMBER(look->now));
        enum reason reason = sql_one_number(look->store, statement, &due);
        if (reason == REASON_NONE)
            keep_earliest(look, due);
        else if (reason != REASON_NOT_FOUND)
            return reason;
    }
    return REASON_NONE;
}

/* Goes on behind the last one that was taken, by (due, place), so that no entry comes twice. */
static enum reason take_turn(struct look *look, struct sender_turn *turn, struct entry *ret_entries,
                             size_t limit, size_t *ret_count)
{
    sqlite3_stmt *statement =
        BIND(look->store, SQL_DUE, NUMBER(look->destination), NUMBER(turn->sender),
             NUMBER(look->now), NUMBER(turn->due), NUMBER(turn->place), NUMBER(limit));
    enum reason reason = collect(look->store, statement, ret_entries, ret_count);
    if (reason != REASON_NONE)
        return reason;
    turn->is_over = *ret_count < limit;
    if (*ret_count > 0) {
        const struct entry *last = &ret_entries[*ret_count - 1];
        turn->due = (uint64_t)last->due.ms;
        turn->place = entry_place(last->message_seq, look->destination);
    }
    return REASON_NONE;
}

/* Equal parts of what is left; what one does not use goes to the others. */
static enum reason deal(struct look *look, struct entry *ret_entries, size_t limit,
                        size_t *ret_count)
{
    size_t active = look->sender_count;
    size_t count = 0;
    while (active > 0 && count < limit) {
        size_t part = (limit - count) / active > 0 ? (limit - count) / active : 1;
        for (size_t i = 0; i < look->sender_count && count < limit; i++) {
            struct sender_turn *turn = &look->senders[i];
            size_t taken = 0;
            if (turn->is_over)
                continue;
            size_t most = part < limit - count ? part : limit - count;
            enum reason reason = take_turn(look, turn, ret_entries + count, most, &taken);
            if (reason != REASON_NONE)
                return reason;
            count += taken;
            active -= turn->is_over ? 1 : 0;
        }
    }
    *ret_count = count;
    return REASON_NONE;
}

/* After the sender who came last, then from the front again: a round, so that a page that is always
 * full does not always serve the same senders. */
static enum reason look_round(struct look *look, uint64_t after)
{
    if (look->store->participants.rows[look->destination].waiting == 0)
        return REASON_NONE;
    enum reason reason =
        find_senders(look, after == 0 ? BEFORE_ALL : after, PARTICIPANT_NUMBER_MAX);
    if (reason == REASON_NONE && after != 0)
        reason = find_senders(look, BEFORE_ALL, after);
    return reason == REASON_NONE ? find_next_due(look) : reason;
}

enum reason store_sqlite_due(struct store *store, const struct key *destination, wall_t now,
                             const struct key *after, struct entry *ret_entries, size_t limit,
                             size_t *ret_count, wall_t *ret_next_due)
{
    struct store_sqlite *self = self_of(store);
    enum reason reason = store_sqlite_ready(self);
    if (reason != REASON_NONE)
        return reason;
    struct look look = {.store = self,
                        .destination = participants_find(&self->participants, destination),
                        .now = (uint64_t)now.ms};
    size_t count = 0;
    reason = look_round(&look, participants_find(&self->participants, after));
    if (reason == REASON_NONE)
        reason = deal(&look, ret_entries, limit, &count);
    if (reason != REASON_NONE)
        return reason;
    *ret_count = count;
    ret_next_due->ms = (int64_t)look.next_due;
    return REASON_NONE;
}

/* --- expired --------------------------------------------------------------------------------- */

enum reason store_sqlite_expired(struct store *store, wall_t now, wall_t sent_now,
                                 struct entry *ret_entries, size_t limit, size_t *ret_count)
{
    struct store_sqlite *self = self_of(store);
    enum reason reason = store_sqlite_ready(self);
    if (reason != REASON_NONE)
        return reason;
    return collect(self,
                   BIND(self, SQL_EXPIRED, NUMBER(now.ms),
                        NUMBER(sent_now.ms > 0 ? sent_now.ms : 0), NUMBER(limit)),
                   ret_entries, ret_count);
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
        size_t found = 0;
        reason = collect(self,
                         BIND(self, tables[i], NUMBER(entry_place(message_seq, 0)),
                              NUMBER(entry_place(message_seq, PARTICIPANT_NUMBER_MAX)),
                              NUMBER(limit - count)),
                         ret_entries + count, &found);
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
    enum reason reason = REASON_NONE;
    while (sql_next(store, statement, &reason)) {
        uint64_t number = sql_number(statement, 0);
        uint64_t state = sql_number(statement, 1);
        if (number <= store->participants.count && state < ENTRY_STATES)
            tally_add(&tallies[number], (enum entry_state)state, sql_number(statement, 2),
                      sql_number(statement, 3) >> PARTICIPANT_BITS);
        else
            reason = REASON_STORE_CORRUPT;
    }
    return reason;
}

/* The oldest message may have gone from the store by then; its destination is counted all the same,
 * without a time. */
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

/* Leased entries are counted in memory, where they are, and only the rest by the database. */
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
