/* Entries: new ones, moves, and who stands behind whom.
 *
 * The FIFO rule. The entries of one destination and one order class that are live stand in a line,
 * ordered by seq. For each waiting one (table waiting) this holds after every commit:
 *
 *     behind = 1  exactly when a live entry of its line has a smaller seq
 *
 * so that `due` needs no look at the line. Two places keep it so: `add_waiting` when an entry
 * joins (it asks whether somebody is ahead, and sets the one after it back), and `promote_next`
 * when an entry ends (the next in line steps forward). Each is at most three look-ups in an index;
 * none when the destination has nothing waiting.
 */
#include "gateway/store/store_sqlite_internal.h"

#include "proto/base/check.h"

#include <stdlib.h>

uint64_t entry_place(uint64_t message_seq, uint64_t destination)
{
    return message_seq << PARTICIPANT_BITS | destination;
}

enum reason entry_of_row(const struct store_sqlite *store, sqlite3_stmt *statement,
                         struct entry *ret_entry)
{
    uint64_t place = sql_number(statement, 0);
    struct entry entry = {
        .message_seq = place >> PARTICIPANT_BITS,
        .order = sql_number(statement, 1),
        .state = (enum entry_state)sql_number(statement, 2),
        .due = {(int64_t)sql_number(statement, 3)},
        .expires = {(int64_t)sql_number(statement, 4)},
        .attempts = (uint32_t)sql_number(statement, 5),
        .reason = (enum reason)sql_number(statement, 6),
        .size_bytes = (uint32_t)sql_number(statement, 8),
        .is_receipt = sql_number(statement, 9) != 0,
    };
    /* One column: a live entry has no receipt, an ended one waits for nothing. */
    if (entry_state_is_live(entry.state))
        entry.since = (wall_t){(int64_t)sql_number(statement, 7)};
    else
        entry.receipt_seq = sql_number(statement, 7);
    enum reason reason =
        participants_key(&store->participants, place & PARTICIPANT_NUMBER_MAX, &entry.destination);
    if (reason == REASON_NONE)
        *ret_entry = entry;
    return reason;
}

static uint64_t since_or_receipt(const struct entry *entry)
{
    return entry_state_is_live(entry->state) ? (uint64_t)entry->since.ms : entry->receipt_seq;
}

/* What tables waiting and ended have in common. */
#define ENTRY_VALUES(place, entry)                                                                 \
    NUMBER(place), NUMBER((entry)->order), NUMBER((entry)->state), NUMBER((entry)->due.ms),        \
        NUMBER((entry)->expires.ms), NUMBER((entry)->attempts), NUMBER((entry)->reason),           \
        NUMBER(since_or_receipt(entry)), NUMBER((entry)->size_bytes), NUMBER((entry)->is_receipt)

static enum reason read_from(struct store_sqlite *store, enum statement table, uint64_t place,
                             struct entry *ret_entry)
{
    sqlite3_stmt *statement = BIND(store, table, NUMBER(place));
    enum reason reason = sql_row(store, statement);
    if (reason != REASON_NONE)
        return reason;
    reason = entry_of_row(store, statement, ret_entry);
    (void)sqlite3_reset(statement);
    return reason;
}

enum reason entry_read(struct store_sqlite *store, uint64_t place, struct entry *ret_entry)
{
    const struct leased *leased = lease_table_find(&store->leases, place);
    if (leased != NULL) {
        *ret_entry = leased->entry;
        return REASON_NONE;
    }
    enum reason reason = read_from(store, SQL_READ_WAITING, place, ret_entry);
    return reason == REASON_NOT_FOUND ? read_from(store, SQL_READ_ENDED, place, ret_entry) : reason;
}

/* --- the line ----------------------------------------------------------------------------------
 */

static enum reason has_earlier(struct store_sqlite *store, uint64_t destination, uint64_t order,
                               uint64_t place, bool *ret_has)
{
    *ret_has = order != 0 && lease_table_has_earlier(&store->leases, destination, order,
                                                     place >> PARTICIPANT_BITS);
    if (order == 0 || *ret_has || store->participants.rows[destination].waiting == 0)
        return REASON_NONE;
    sqlite3_stmt *statement =
        BIND(store, SQL_EARLIER_WAITING, NUMBER(destination), NUMBER(order), NUMBER(place));
    enum reason reason = sql_row(store, statement);
    *ret_has = reason == REASON_NONE;
    (void)sqlite3_reset(statement);
    return reason == REASON_NOT_FOUND ? REASON_NONE : reason;
}

/* The waiting entry that follows place in its line; place 0 when there is none. */
static enum reason next_waiting(struct store_sqlite *store, uint64_t destination, uint64_t order,
                                uint64_t place, uint64_t *ret_place, bool *ret_behind)
{
    *ret_place = 0;
    if (order == 0 || store->participants.rows[destination].waiting == 0)
        return REASON_NONE;
    sqlite3_stmt *statement =
        BIND(store, SQL_NEXT_WAITING, NUMBER(destination), NUMBER(order), NUMBER(place));
    enum reason reason = sql_row(store, statement);
    if (reason != REASON_NONE)
        return reason == REASON_NOT_FOUND ? REASON_NONE : reason;
    *ret_place = sql_number(statement, 0);
    *ret_behind = sql_number(statement, 1) != 0;
    (void)sqlite3_reset(statement);
    return REASON_NONE;
}

static enum reason set_behind(struct store_sqlite *store, uint64_t place, bool behind)
{
    return sql_run(store, BIND(store, SQL_SET_BEHIND, NUMBER(place), NUMBER(behind)));
}

/* An entry comes to stand at place: the one after it is no longer the first. */
static enum reason set_next_back(struct store_sqlite *store, uint64_t destination, uint64_t order,
                                 uint64_t place)
{
    uint64_t next = 0;
    bool behind = true;
    enum reason reason = next_waiting(store, destination, order, place, &next, &behind);
    if (reason != REASON_NONE || next == 0 || behind)
        return reason;
    return set_behind(store, next, true);
}

/* The entry at place ended: the one after it steps forward when nobody else is ahead. */
static enum reason promote_next(struct store_sqlite *store, uint64_t destination, uint64_t order,
                                uint64_t place)
{
    uint64_t next = 0;
    bool behind = false;
    bool blocked = false;
    enum reason reason = next_waiting(store, destination, order, place, &next, &behind);
    if (reason != REASON_NONE || next == 0 || !behind)
        return reason;
    reason = has_earlier(store, destination, order, next, &blocked);
    if (reason != REASON_NONE || blocked)
        return reason;
    return set_behind(store, next, false);
}

/* --- phases -------------------------------------------------------------------------------------
 */

static enum reason add_waiting(struct store_sqlite *store, uint64_t place, uint64_t destination,
                               const struct entry *entry)
{
    bool behind = false;
    enum reason reason = has_earlier(store, destination, entry->order, place, &behind);
    if (reason != REASON_NONE)
        return reason;
    store->participants.rows[destination].waiting++;
    return sql_run(store, BIND(store, SQL_ADD_WAITING, ENTRY_VALUES(place, entry),
                               NUMBER(destination), NUMBER(behind)));
}

static enum reason remove_waiting(struct store_sqlite *store, uint64_t place, uint64_t destination)
{
    store->participants.rows[destination].waiting--;
    return sql_run(store, BIND(store, SQL_REMOVE_WAITING, NUMBER(place)));
}

static enum reason change_waiting(struct store_sqlite *store, uint64_t place,
                                  const struct entry *entry)
{
    return sql_run(store, BIND(store, SQL_MOVE_WAITING, NUMBER(place), NUMBER(entry->state),
                               NUMBER(entry->due.ms), NUMBER(entry->attempts),
                               NUMBER(entry->reason), NUMBER(since_or_receipt(entry))));
}

static enum reason add_ended(struct store_sqlite *store, uint64_t place, uint64_t destination,
                             const struct entry *entry)
{
    enum reason reason = sql_run(store, BIND(store, SQL_ADD_ENDED, ENTRY_VALUES(place, entry)));
    if (reason != REASON_NONE)
        return reason;
    return promote_next(store, destination, entry->order, place);
}

/* Into the phase of entry->state; it has just left the one it was in. */
static enum reason add_to_phase(struct store_sqlite *store, uint64_t place, uint64_t destination,
                                const struct entry *entry)
{
    if (entry_state_is_terminal(entry->state))
        return add_ended(store, place, destination, entry);
    if (entry->state == ENTRY_LEASED)
        return leases_add(store, place, destination, entry);
    return add_waiting(store, place, destination, entry);
}

enum reason entry_insert(struct store_sqlite *store, const struct entry *entry)
{
    check(entry_state_is_live(entry->state));
    check(entry->message_seq > 0 && entry->message_seq <= SEQ_MAX);
    check(!key_is_none(&entry->destination));
    uint64_t destination = 0;
    enum reason reason = participants_intern(store, &entry->destination, &destination);
    if (reason != REASON_NONE)
        return reason;
    uint64_t place = entry_place(entry->message_seq, destination);
    reason = add_to_phase(store, place, destination, entry);
    if (reason != REASON_NONE)
        return reason;
    return set_next_back(store, destination, entry->order, place);
}

enum reason entry_apply(struct store_sqlite *store, const struct store_move *move)
{
    struct entry entry;
    uint64_t destination = participants_find(&store->participants, &move->destination);
    uint64_t place = entry_place(move->message_seq, destination);
    enum reason reason = entry_read(store, place, &entry);
    check(reason != REASON_NOT_FOUND);
    if (reason != REASON_NONE)
        return reason;
    struct leased *leased = lease_table_find(&store->leases, place);
    check(entry_state_is_live(entry.state));
    if (entry.state != move->state)
        entry_move(&entry, move->state);
    entry.due = move->due;
    entry.attempts = move->attempts;
    entry.reason = move->reason;
    entry.since = move->since;
    entry.receipt_seq = move->receipt_seq;
    bool stays_waiting =
        leased == NULL && entry_state_is_live(entry.state) && entry.state != ENTRY_LEASED;
    if (stays_waiting)
        return change_waiting(store, place, &entry);
    reason =
        leased != NULL ? leases_remove(store, leased) : remove_waiting(store, place, destination);
    if (reason != REASON_NONE)
        return reason;
    return add_to_phase(store, place, destination, &entry);
}

enum reason entry_recover_all(struct store_sqlite *store, uint64_t *ret_count)
{
    uint64_t *places = NULL;
    size_t count = 0;
    enum reason reason = leases_places(store, &places, &count);
    for (size_t i = 0; i < count && reason == REASON_NONE; i++) {
        struct leased *leased = lease_table_find(&store->leases, places[i]);
        struct entry entry = leased->entry;
        uint64_t destination = leased->destination;
        entry_move(&entry, ENTRY_QUEUED);
        entry.due.ms = 0;
        reason = leases_remove(store, leased);
        if (reason == REASON_NONE)
            reason = add_waiting(store, places[i], destination, &entry);
    }
    free(places);
    if (reason == REASON_NONE)
        reason = sql_run(store, store->statements[SQL_REMOVE_LEASES]);
    if (reason == REASON_NONE)
        *ret_count = count;
    return reason;
}
