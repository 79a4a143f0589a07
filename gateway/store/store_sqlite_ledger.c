/* What goes of the ledger when its days are over. Entries are evidence and go with the head that
 * covered them first; of hashes goes what lies before a head whose own row goes.
 *
 * Which hashes stay: every proof between trees of P leaves and more reads, of what lies before P,
 * the roots of the complete subtrees that a tree of P leaves consists of, and nothing below them.
 * So these few stay, as rows of one hash at the place that they had in the stream, and all proofs
 * from P on are what they were. A witness that has seen less than P is proved nothing any more. */
#include "gateway/store/packed.h"
#include "gateway/store/store_sqlite.h"
#include "gateway/store/store_sqlite_internal.h"

#include "proto/ledger/merkle.h"

enum reason store_sqlite_entries_of_head(struct store *store, uint64_t head_seq,
                                         uint64_t *ret_first, struct bytes *ret_entries)
{
    struct store_sqlite *self = self_of(store);
    size_t count = 0;
    enum reason reason = store_sqlite_ready(self);
    sqlite3_stmt *statement = BIND(self, SQL_SEGMENT_OF_HEAD, NUMBER(head_seq));
    if (reason == REASON_NONE)
        reason = sql_row(self, statement);
    if (reason != REASON_NONE)
        return reason;
    *ret_first = sql_number(statement, 0);
    buffer_clear(&self->answer);
    bool is_copied = buffer_append(&self->answer, sql_blob(statement, 1));
    (void)sqlite3_reset(statement);
    *ret_entries = buffer_view(&self->answer);
    if (!is_copied)
        return REASON_OUT_OF_MEMORY;
    if (!packed_count(*ret_entries, &count))
        return REASON_STORE_CORRUPT;
    return count > 0 ? REASON_NONE : REASON_NOT_FOUND;
}

/* Taken out and put in again, as parcels are (store_sqlite_parcel.c). */
enum reason ledger_drop_entries(struct store_sqlite *store, uint64_t head_seq)
{
    sqlite3_stmt *statement = BIND(store, SQL_SEGMENT_OF_HEAD, NUMBER(head_seq));
    enum reason reason = sql_row(store, statement);
    if (reason != REASON_NONE)
        return reason == REASON_NOT_FOUND ? REASON_NONE : reason;
    uint64_t first = sql_number(statement, 0);
    (void)sqlite3_reset(statement);
    buffer_clear(&store->row);
    if (!packed_append(&store->row, NULL, 0, NULL, 0))
        return REASON_OUT_OF_MEMORY;
    reason = sql_run(store, BIND(store, SQL_DROP_SEGMENT, NUMBER(first)));
    return reason == REASON_NONE
               ? sql_run(store, BIND(store, SQL_ADD_SEGMENT, NUMBER(first), NUMBER(head_seq),
                                     BLOB_OF(buffer_view(&store->row))))
               : reason;
}

/* What a frontier was read from. */
struct kept {
    struct store_sqlite *store;
    uint64_t positions[MERKLE_LEVELS_MAX];
    struct digest hashes[MERKLE_LEVELS_MAX];
    size_t count;
};

static bool read_and_keep(void *context, uint64_t position, struct digest *ret_hash)
{
    struct kept *kept = context;
    if (kept->count == MERKLE_LEVELS_MAX ||
        store_sqlite_ledger_hash(&kept->store->store, position, ret_hash) != REASON_NONE)
        return false;
    kept->positions[kept->count] = position;
    kept->hashes[kept->count++] = *ret_hash;
    return true;
}

static enum reason drop_before(struct store_sqlite *store, uint64_t size)
{
    struct merkle_frontier frontier;
    struct kept kept = {.store = store};
    if (!merkle_frontier_read(&frontier, size, read_and_keep, &kept))
        return REASON_STORE_CORRUPT;
    enum reason reason = sql_run(store, BIND(store, SQL_DROP_SEGMENTS, NUMBER(size)));
    if (reason == REASON_NONE)
        reason = sql_run(store, BIND(store, SQL_DROP_HASHES, NUMBER(merkle_stream_length(size))));
    for (size_t i = 0; i < kept.count && reason == REASON_NONE; i++)
        reason = sql_run(store, BIND(store, SQL_ADD_HASHES, NUMBER(kept.positions[i]),
                                     BLOB(kept.hashes[i].bytes, DIGEST_BYTES)));
    return reason;
}

/* Not found: a later one has gone before, or none is behind, and then nothing goes. */
enum reason ledger_drop_hashes(struct store_sqlite *store, uint64_t head_seq)
{
    uint64_t first = 0;
    uint64_t size = 0;
    enum reason reason =
        sql_one_number(store, BIND(store, SQL_SEGMENT_OF_HEAD, NUMBER(head_seq)), &first);
    if (reason == REASON_NONE)
        reason = sql_one_number(store, BIND(store, SQL_NEXT_SEGMENT, NUMBER(first)), &size);
    if (reason != REASON_NONE)
        return reason == REASON_NOT_FOUND ? REASON_NONE : reason;
    return drop_before(store, size);
}
