/* Which message has which id.
 *
 * A sender's ids ascend (UUIDv7), nearly always. So those that one commit brings from one sender
 * are a range, or several of up to RANGE_IDS_MAX, each named by its last id: the ranges of a sender
 * do not overlap, and one begins where the one before it ends. An id that is not above all of its
 * sender's ids so far (its message waited for a file, or was put off) is a row of table late_id.
 *
 *     id_range   sender, last -> number     one small row of the index for a whole range
 *     id_record  number -> id, seq; ...     ascending; the number is the seq of the first
 *     late_id    sender, id -> seq
 */
#include "gateway/store/store_sqlite_internal.h"

#include "proto/base/check.h"

#include <stdlib.h>
#include <string.h>

enum {
    RECORD_BYTES = MESSAGE_ID_BYTES + 8, /* the seq little-endian */
    RANGE_IDS_MAX = 128,                 /* 3 KB: what is read to find one id */
};

static void put_record(uint8_t *record, const struct pending_id *pending)
{
    memcpy(record, pending->id.bytes, MESSAGE_ID_BYTES);
    memcpy(record + MESSAGE_ID_BYTES, &pending->seq, sizeof pending->seq);
}

/* --- reading ------------------------------------------------------------------------------------
 */

static enum reason find_in_records(struct bytes records, const struct message_id *id,
                                   uint64_t *ret_seq)
{
    if (records.size == 0 || records.size % RECORD_BYTES != 0)
        return REASON_STORE_CORRUPT;
    size_t low = 0;
    size_t high = records.size / RECORD_BYTES;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const uint8_t *record = records.data + middle * RECORD_BYTES;
        int order = memcmp(record, id->bytes, MESSAGE_ID_BYTES);
        if (order == 0) {
            memcpy(ret_seq, record + MESSAGE_ID_BYTES, sizeof *ret_seq);
            return REASON_NONE;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return REASON_NOT_FOUND;
}

static void bind_id(sqlite3_stmt *statement, uint64_t sender, const struct message_id *id)
{
    sql_bind_number(statement, 1, sender);
    sql_bind_blob(statement, 2, (struct bytes){id->bytes, MESSAGE_ID_BYTES});
}

static enum reason find_in_ranges(struct store_sqlite *store, uint64_t sender,
                                  const struct message_id *id, uint64_t *ret_seq)
{
    sqlite3_stmt *statement = store->statements[SQL_FIND_ID_RECORDS];
    bool has_row = false;
    bind_id(statement, sender, id);
    enum reason reason = sql_step(store, statement, &has_row);
    if (reason != REASON_NONE || !has_row)
        return reason != REASON_NONE ? reason : REASON_NOT_FOUND;
    reason = find_in_records(sql_blob(statement, 0), id, ret_seq);
    (void)sqlite3_reset(statement);
    return reason;
}

enum reason ids_find(struct store_sqlite *store, uint64_t sender, const struct message_id *id,
                     uint64_t *ret_seq)
{
    enum reason reason = find_in_ranges(store, sender, id, ret_seq);
    if (reason != REASON_NOT_FOUND)
        return reason;
    sqlite3_stmt *statement = store->statements[SQL_FIND_LATE_ID];
    bind_id(statement, sender, id);
    return sql_one_number(store, statement, ret_seq);
}

enum reason ids_last(struct store_sqlite *store, uint64_t sender, struct message_id *ret_id)
{
    struct known_participant *participant = &store->participants.rows[sender];
    if (participant->has_last_id) {
        *ret_id = participant->last_id;
        return REASON_NONE;
    }
    sqlite3_stmt *statement = store->statements[SQL_LAST_ID];
    bool has_row = false;
    struct message_id id = {0};
    sql_bind_number(statement, 1, sender);
    enum reason reason = sql_step(store, statement, &has_row);
    if (reason != REASON_NONE)
        return reason;
    struct bytes last = has_row ? sql_blob(statement, 0) : (struct bytes){0};
    if (last.size == MESSAGE_ID_BYTES)
        memcpy(id.bytes, last.data, MESSAGE_ID_BYTES);
    (void)sqlite3_reset(statement);
    if (has_row && last.size != MESSAGE_ID_BYTES)
        return REASON_STORE_CORRUPT;
    if (id_compare(&participant->forgotten, &id) > 0)
        id = participant->forgotten; /* its range went with the last of its rows */
    participant->last_id = id;
    participant->has_last_id = true;
    *ret_id = id;
    return REASON_NONE;
}

static int compare_ids(const void *a, const void *b)
{
    const struct pending_id *left = a;
    const struct pending_id *right = b;
    if (left->sender != right->sender)
        return left->sender < right->sender ? -1 : 1;
    return memcmp(left->id.bytes, right->id.bytes, MESSAGE_ID_BYTES);
}

/* Those of one range, ascending, as long as there is room. False: the range cannot be read. */
static bool take_after(struct bytes records, const struct message_id *id, struct pending_id *rows,
                       size_t limit, size_t *count)
{
    if (records.size == 0 || records.size % RECORD_BYTES != 0)
        return false;
    for (size_t at = 0; at < records.size && *count < limit; at += RECORD_BYTES) {
        const uint8_t *record = records.data + at;
        if (memcmp(record, id->bytes, MESSAGE_ID_BYTES) <= 0)
            continue;
        memcpy(rows[*count].id.bytes, record, MESSAGE_ID_BYTES);
        memcpy(&rows[(*count)++].seq, record + MESSAGE_ID_BYTES, sizeof rows->seq);
    }
    return true;
}

static void bind_after(sqlite3_stmt *statement, uint64_t sender, const struct message_id *id,
                       size_t limit)
{
    bind_id(statement, sender, id);
    sql_bind_number(statement, 3, limit);
}

static enum reason ranges_after(struct store_sqlite *store, uint64_t sender,
                                const struct message_id *id, struct pending_id *rows, size_t limit,
                                size_t *count)
{
    sqlite3_stmt *statement = store->statements[SQL_RECORDS_AFTER];
    bool has_row = false;
    bind_after(statement, sender, id, limit);
    enum reason reason = sql_step(store, statement, &has_row);
    while (reason == REASON_NONE && has_row && *count < limit) {
        if (!take_after(sql_blob(statement, 0), id, rows, limit, count))
            reason = REASON_STORE_CORRUPT;
        else
            reason = sql_step(store, statement, &has_row);
    }
    (void)sqlite3_reset(statement);
    return reason;
}

static enum reason late_after(struct store_sqlite *store, uint64_t sender,
                              const struct message_id *id, struct pending_id *rows, size_t limit,
                              size_t *count)
{
    sqlite3_stmt *statement = store->statements[SQL_LATE_AFTER];
    bool has_row = false;
    size_t first = *count;
    bind_after(statement, sender, id, limit);
    enum reason reason = sql_step(store, statement, &has_row);
    while (reason == REASON_NONE && has_row && *count - first < limit) {
        struct bytes late = sql_blob(statement, 0);
        if (late.size != MESSAGE_ID_BYTES) {
            reason = REASON_STORE_CORRUPT;
            break;
        }
        memcpy(rows[*count].id.bytes, late.data, MESSAGE_ID_BYTES);
        rows[(*count)++].seq = sql_number(statement, 1);
        reason = sql_step(store, statement, &has_row);
    }
    (void)sqlite3_reset(statement);
    return reason;
}

enum reason ids_after(struct store_sqlite *store, uint64_t sender, const struct message_id *id,
                      uint64_t *ret_seqs, size_t limit, size_t *ret_count)
{
    struct pending_id rows[2 * STORE_IDS_MAX] = {{.sender = 0}};
    size_t count = 0;
    size_t most = limit < STORE_IDS_MAX ? limit : (size_t)STORE_IDS_MAX;
    enum reason reason = ranges_after(store, sender, id, rows, most, &count);
    if (reason == REASON_NONE)
        reason = late_after(store, sender, id, rows, most, &count);
    if (reason != REASON_NONE)
        return reason;
    qsort(rows, count, sizeof *rows, compare_ids);
    *ret_count = count < most ? count : most;
    for (size_t i = 0; i < *ret_count; i++)
        ret_seqs[i] = rows[i].seq;
    return REASON_NONE;
}

enum reason store_sqlite_forgotten_id(struct store *store, const struct key *sender,
                                      struct message_id *ret_id)
{
    struct store_sqlite *self = self_of(store);
    enum reason reason = store_sqlite_ready(self);
    if (reason == REASON_NONE)
        *ret_id = self->participants.rows[participants_find(&self->participants, sender)].forgotten;
    return reason;
}

/* --- inside a transaction -----------------------------------------------------------------------
 */

enum reason ids_add(struct store_sqlite *store, uint64_t sender, const struct message_id *id,
                    uint64_t seq)
{
    struct ids_pending *pending = &store->ids_pending;
    struct pending_id *rows =
        rows_grow(pending->rows, pending->count, &pending->capacity, sizeof *rows);
    if (rows == NULL)
        return REASON_OUT_OF_MEMORY;
    pending->rows = rows;
    pending->rows[pending->count++] = (struct pending_id){sender, *id, seq};
    return REASON_NONE;
}

/* No index says it for a range: the same id twice is the caller's mistake, as it is in late_id. */
static enum reason write_late(struct store_sqlite *store, const struct pending_id *late)
{
    uint64_t known = 0;
    enum reason reason = find_in_ranges(store, late->sender, &late->id, &known);
    check(reason != REASON_NONE);
    if (reason != REASON_NOT_FOUND)
        return reason;
    sqlite3_stmt *statement = store->statements[SQL_ADD_LATE_ID];
    bind_id(statement, late->sender, &late->id);
    sql_bind_number(statement, 3, late->seq);
    return sql_run(store, statement);
}

static enum reason write_range(struct store_sqlite *store, const struct pending_id *rows,
                               size_t count)
{
    uint8_t records[RANGE_IDS_MAX * RECORD_BYTES];
    const struct pending_id *last = &rows[count - 1];
    for (size_t i = 0; i < count; i++) {
        check(i == 0 || compare_ids(&rows[i - 1], &rows[i]) < 0);
        put_record(records + i * RECORD_BYTES, &rows[i]);
    }
    sqlite3_stmt *statement = store->statements[SQL_ADD_ID_RECORDS];
    sql_bind_number(statement, 1, rows->seq);
    sql_bind_blob(statement, 2, (struct bytes){records, count * RECORD_BYTES});
    enum reason reason = sql_run(store, statement);
    if (reason != REASON_NONE)
        return reason;
    statement = store->statements[SQL_ADD_ID_RANGE];
    bind_id(statement, last->sender, &last->id);
    sql_bind_number(statement, 3, rows->seq);
    store->participants.rows[last->sender].last_id = last->id;
    return sql_run(store, statement);
}

/* The ids of one sender, ascending. */
static enum reason write_sender(struct store_sqlite *store, const struct pending_id *rows,
                                size_t count)
{
    struct message_id last;
    size_t at = 0;
    enum reason reason = ids_last(store, rows->sender, &last);
    for (; at < count && reason == REASON_NONE &&
           memcmp(rows[at].id.bytes, last.bytes, MESSAGE_ID_BYTES) <= 0;
         at++)
        reason = write_late(store, &rows[at]);
    while (at < count && reason == REASON_NONE) {
        size_t size = count - at < RANGE_IDS_MAX ? count - at : RANGE_IDS_MAX;
        reason = write_range(store, rows + at, size);
        at += size;
    }
    return reason;
}

/* --- what is forgotten --------------------------------------------------------------------------
 */

/* The range's records without that one. False: it has none such. */
static bool take_out(struct bytes records, const struct message_id *id, struct buffer *ret_rest,
                     bool *ret_fits)
{
    buffer_clear(ret_rest);
    *ret_fits = true;
    for (size_t at = 0; at + RECORD_BYTES <= records.size; at += RECORD_BYTES) {
        const struct bytes record = {records.data + at, RECORD_BYTES};
        if (memcmp(record.data, id->bytes, MESSAGE_ID_BYTES) != 0)
            *ret_fits = *ret_fits && buffer_append(ret_rest, record);
    }
    return ret_rest->size != records.size;
}

/* A range that is empty goes with its name; one that is not keeps it, which only bounds it. */
static enum reason write_rest(struct store_sqlite *store, uint64_t sender, uint64_t number,
                              const struct message_id *last)
{
    if (store->row.size > 0)
        return sql_run(store, BIND(store, SQL_SET_ID_RECORDS, NUMBER(number),
                                   BLOB_OF(buffer_view(&store->row))));
    enum reason reason = sql_run(store, BIND(store, SQL_DROP_ID_RECORDS, NUMBER(number)));
    return reason == REASON_NONE ? sql_run(store, BIND(store, SQL_DROP_ID_RANGE, NUMBER(sender),
                                                       BLOB(last->bytes, MESSAGE_ID_BYTES)))
                                 : reason;
}

/* NOT_FOUND: it is in none. */
static enum reason remove_from_range(struct store_sqlite *store, uint64_t sender,
                                     const struct message_id *id)
{
    sqlite3_stmt *statement = store->statements[SQL_FIND_ID_RANGE];
    struct message_id last;
    bool fits;
    bind_id(statement, sender, id);
    enum reason reason = sql_row(store, statement);
    if (reason != REASON_NONE)
        return reason;
    uint64_t number = sql_number(statement, 0);
    struct bytes name = sql_blob(statement, 2);
    if (name.size == MESSAGE_ID_BYTES)
        memcpy(last.bytes, name.data, MESSAGE_ID_BYTES);
    else
        reason = REASON_STORE_CORRUPT;
    bool is_found = take_out(sql_blob(statement, 1), id, &store->row, &fits);
    (void)sqlite3_reset(statement);
    if (reason != REASON_NONE || !is_found)
        return reason != REASON_NONE ? reason : REASON_NOT_FOUND;
    return fits ? write_rest(store, sender, number, &last) : REASON_OUT_OF_MEMORY;
}

enum reason ids_remove(struct store_sqlite *store, uint64_t sender, const struct message_id *id)
{
    struct known_participant *participant = &store->participants.rows[sender];
    enum reason reason = remove_from_range(store, sender, id);
    if (reason == REASON_NOT_FOUND)
        reason = sql_run(store, BIND(store, SQL_DROP_LATE_ID, NUMBER(sender),
                                     BLOB(id->bytes, MESSAGE_ID_BYTES)));
    if (reason != REASON_NONE || id_compare(id, &participant->forgotten) <= 0)
        return reason;
    participant->forgotten = *id;
    return sql_run(
        store, BIND(store, SQL_SET_FORGOTTEN, NUMBER(sender), BLOB(id->bytes, MESSAGE_ID_BYTES)));
}

enum reason ids_write(struct store_sqlite *store)
{
    struct ids_pending *pending = &store->ids_pending;
    enum reason reason = REASON_NONE;
    size_t end = 0;
    if (pending->count == 0)
        return REASON_NONE;
    qsort(pending->rows, pending->count, sizeof *pending->rows, compare_ids);
    for (size_t start = 0; start < pending->count && reason == REASON_NONE; start = end) {
        while (end < pending->count && pending->rows[end].sender == pending->rows[start].sender)
            end++;
        reason = write_sender(store, pending->rows + start, end - start);
    }
    pending->count = 0;
    return reason;
}

void ids_forget(struct store_sqlite *store)
{
    store->ids_pending.count = 0;
}

void ids_release(struct store_sqlite *store)
{
    free(store->ids_pending.rows);
}
