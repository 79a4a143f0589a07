/* Leased entries: in memory to be found, on disk to be known after a crash.
 *
 * A transaction that leases entries writes one row per destination into table lease, with all of
 * them; nothing is written when one of them ends but its row in table ended (or waiting). A row of
 * lease goes when the last of its entries is no longer leased by it. So after a crash a row may
 * still name entries that have moved on: what stands in waiting or ended is newer and counts, and
 * of two rows that name the same entry the later one.
 *
 * One row per destination, because the leases of one destination end together: a stuck agency pins
 * rows of its own and not those of the others.
 */
#include "gateway/store/store_sqlite_internal.h"

#include "proto/base/check.h"

#include <stdlib.h>
#include <string.h>

enum {
    RECORD_WORDS = 7, /* place, class, due, expires, since, attempts|reason, size|is_receipt */
    RECORD_BYTES = RECORD_WORDS * 8,
    IS_RECEIPT_SHIFT = 32,
};

static void encode(const struct leased *leased, uint8_t *data)
{
    const struct entry *entry = &leased->entry;
    const uint64_t words[RECORD_WORDS] = {
        leased->place,
        entry->order,
        (uint64_t)entry->due.ms,
        (uint64_t)entry->expires.ms,
        (uint64_t)entry->since.ms,
        (uint64_t)entry->attempts << 32 | (uint32_t)entry->reason,
        (uint64_t)entry->is_receipt << IS_RECEIPT_SHIFT | entry->size_bytes,
    };
    memcpy(data, words, sizeof words);
}

static uint64_t decode(const uint8_t *data, struct entry *ret_entry)
{
    uint64_t words[RECORD_WORDS];
    memcpy(words, data, sizeof words);
    *ret_entry = (struct entry){
        .message_seq = words[0] >> PARTICIPANT_BITS,
        .order = words[1],
        .state = ENTRY_LEASED,
        .due = {(int64_t)words[2]},
        .expires = {(int64_t)words[3]},
        .since = {(int64_t)words[4]},
        .attempts = (uint32_t)(words[5] >> 32),
        .reason = (enum reason)(uint32_t)words[5],
        .size_bytes = (uint32_t)words[6],
        .is_receipt = (words[6] >> IS_RECEIPT_SHIFT) != 0,
    };
    return words[0];
}

/* --- batches -------------------------------------------------------------------------------- */

/* A batch that an entry names is there until its last entry has gone: a miss is our own mistake. */
static struct lease_batch *find_batch(struct lease_batches *batches, uint64_t number)
{
    size_t low = 0;
    size_t high = batches->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (batches->rows[middle].number < number)
            low = middle + 1;
        else
            high = middle;
    }
    check(low < batches->count && batches->rows[low].number == number);
    return &batches->rows[low];
}

static void drop_ended_batches(struct lease_batches *batches)
{
    size_t kept = 0;
    for (size_t i = 0; i < batches->count; i++) {
        if (batches->rows[i].remaining != 0)
            batches->rows[kept++] = batches->rows[i];
    }
    batches->count = kept;
    batches->ended = 0;
}

/* Numbers come in ascending order. */
static bool add_batch(struct lease_batches *batches, uint64_t number, uint64_t remaining)
{
    if (batches->ended > batches->count / 2)
        drop_ended_batches(batches);
    struct lease_batch *rows =
        rows_grow(batches->rows, batches->count, &batches->capacity, sizeof *rows);
    if (rows == NULL)
        return false;
    batches->rows = rows;
    batches->rows[batches->count++] = (struct lease_batch){number, remaining};
    batches->next_number = number + 1;
    return true;
}

static enum reason release_from_batch(struct store_sqlite *store, uint64_t number)
{
    struct lease_batch *batch = find_batch(&store->lease_batches, number);
    if (--batch->remaining != 0)
        return REASON_NONE;
    store->lease_batches.ended++;
    return sql_run(store, BIND(store, SQL_REMOVE_LEASE, NUMBER(number)));
}

/* --- inside a transaction --------------------------------------------------------------------- */

/* Into memory now, onto the disk at the end of the transaction, all of a destination in one row. */
enum reason leases_add(struct store_sqlite *store, uint64_t place, uint64_t destination,
                       const struct entry *entry)
{
    struct lease_pending *pending = &store->lease_pending;
    uint64_t *places =
        rows_grow(pending->places, pending->count, &pending->capacity, sizeof *places);
    if (places == NULL)
        return REASON_OUT_OF_MEMORY;
    pending->places = places;
    check(lease_table_find(&store->leases, place) == NULL);
    if (lease_table_add(&store->leases, place, destination, entry) == NULL)
        return REASON_OUT_OF_MEMORY;
    pending->places[pending->count++] = place;
    return REASON_NONE;
}

enum reason leases_remove(struct store_sqlite *store, struct leased *leased)
{
    uint64_t batch = leased->batch;
    lease_table_remove(&store->leases, leased);
    return batch == 0 ? REASON_NONE : release_from_batch(store, batch);
}

static int compare_by_destination(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;
    uint64_t left_destination = left & PARTICIPANT_NUMBER_MAX;
    uint64_t right_destination = right & PARTICIPANT_NUMBER_MAX;
    if (left_destination != right_destination)
        return left_destination < right_destination ? -1 : 1;
    return left < right ? -1 : left > right;
}

/* Writes those of places that are still leased and unwritten as one row. */
static enum reason write_batch(struct store_sqlite *store, const uint64_t *places, size_t count)
{
    uint64_t number = store->lease_batches.next_number;
    uint64_t written = 0;
    buffer_clear(&store->row);
    for (size_t i = 0; i < count; i++) {
        struct leased *leased = lease_table_find(&store->leases, places[i]);
        if (leased == NULL || leased->batch != 0)
            continue;
        uint8_t *record = buffer_extend(&store->row, RECORD_BYTES);
        if (record == NULL)
            return REASON_OUT_OF_MEMORY;
        encode(leased, record);
        leased->batch = number;
        written++;
    }
    if (written == 0)
        return REASON_NONE;
    if (!add_batch(&store->lease_batches, number, written))
        return REASON_OUT_OF_MEMORY;
    return sql_run(store,
                   BIND(store, SQL_ADD_LEASE, NUMBER(number), BLOB_OF(buffer_view(&store->row))));
}

enum reason leases_write(struct store_sqlite *store)
{
    struct lease_pending *pending = &store->lease_pending;
    if (pending->count == 0)
        return REASON_NONE;
    qsort(pending->places, pending->count, sizeof *pending->places, compare_by_destination);
    enum reason reason = REASON_NONE;
    size_t end = 0;
    for (size_t start = 0; start < pending->count && reason == REASON_NONE; start = end) {
        uint64_t destination = pending->places[start] & PARTICIPANT_NUMBER_MAX;
        while (end < pending->count &&
               (pending->places[end] & PARTICIPANT_NUMBER_MAX) == destination)
            end++;
        reason = write_batch(store, pending->places + start, end - start);
    }
    pending->count = 0;
    return reason;
}

/* --- from disk ----------------------------------------------------------------------------------
 */

/* The row of a later batch replaces what an earlier one said. */
static enum reason load_record(struct store_sqlite *store, uint64_t number, const uint8_t *data)
{
    struct entry entry;
    uint64_t place = decode(data, &entry);
    uint64_t destination = place & PARTICIPANT_NUMBER_MAX;
    struct leased *leased = lease_table_find(&store->leases, place);
    if (leased != NULL)
        lease_table_remove(&store->leases, leased);
    if (place == 0 || destination == 0 ||
        participants_key(&store->participants, destination, &entry.destination) != REASON_NONE)
        return REASON_STORE_CORRUPT;
    leased = lease_table_add(&store->leases, place, destination, &entry);
    if (leased == NULL)
        return REASON_OUT_OF_MEMORY;
    leased->batch = number;
    return REASON_NONE;
}

static enum reason load_rows(struct store_sqlite *store)
{
    sqlite3_stmt *statement = store->statements[SQL_LEASES];
    enum reason reason = REASON_NONE;
    while (sql_next(store, statement, &reason)) {
        uint64_t number = sql_number(statement, 0);
        struct bytes entries = sql_blob(statement, 1);
        if (entries.size % RECORD_BYTES != 0)
            reason = REASON_STORE_CORRUPT;
        if (reason == REASON_NONE && !add_batch(&store->lease_batches, number, 0))
            reason = REASON_OUT_OF_MEMORY;
        for (size_t at = 0; at < entries.size && reason == REASON_NONE; at += RECORD_BYTES)
            reason = load_record(store, number, entries.data + at);
    }
    return reason;
}

/* Only when a store is opened, or read again after a failure: two look-ups for each leased
 * entry. */
static enum reason has_moved_on(struct store_sqlite *store, uint64_t place, bool *ret_moved)
{
    static const enum statement tables[] = {SQL_READ_WAITING, SQL_READ_ENDED};
    *ret_moved = false;
    for (size_t i = 0; i < sizeof tables / sizeof *tables && !*ret_moved; i++) {
        sqlite3_stmt *statement = BIND(store, tables[i], NUMBER(place));
        enum reason reason = sql_row(store, statement);
        *ret_moved = reason == REASON_NONE;
        if (reason != REASON_NONE && reason != REASON_NOT_FOUND)
            return reason;
        (void)sqlite3_reset(statement);
    }
    return REASON_NONE;
}

/* Forgets the entries that have moved on and counts the rest for their batches. */
static enum reason settle_loaded(struct store_sqlite *store)
{
    struct leased *leased = lease_table_next(&store->leases, NULL);
    while (leased != NULL) {
        struct leased *next = lease_table_next(&store->leases, leased);
        bool moved = false;
        enum reason reason = has_moved_on(store, leased->place, &moved);
        if (reason != REASON_NONE)
            return reason;
        if (moved)
            lease_table_remove(&store->leases, leased);
        else
            find_batch(&store->lease_batches, leased->batch)->remaining++;
        leased = next;
    }
    return REASON_NONE;
}

enum reason leases_load(struct store_sqlite *store)
{
    lease_table_clear(&store->leases);
    store->lease_pending.count = 0;
    store->lease_batches.count = 0;
    store->lease_batches.ended = 0;
    store->lease_batches.next_number = 1;
    enum reason reason = load_rows(store);
    return reason == REASON_NONE ? settle_loaded(store) : reason;
}

void leases_release(struct store_sqlite *store)
{
    lease_table_release(&store->leases);
    free(store->lease_pending.places);
    free(store->lease_batches.rows);
}

static int compare_places(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;
    return left < right ? -1 : left > right;
}

enum reason leases_places(const struct store_sqlite *store, uint64_t **ret_places,
                          size_t *ret_count)
{
    uint64_t *places = malloc((store->leases.count + 1) * sizeof *places);
    if (places == NULL)
        return REASON_OUT_OF_MEMORY;
    size_t count = 0;
    const struct leased *leased = NULL;
    while ((leased = lease_table_next(&store->leases, leased)) != NULL)
        places[count++] = leased->place;
    qsort(places, count, sizeof *places, compare_places);
    *ret_places = places;
    *ret_count = count;
    return REASON_NONE;
}
