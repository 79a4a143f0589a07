/* Parcels: what was sealed together, as it came.
 *
 * The parcels of a commit lie in blocks, rows of table parcel_block of about BLOCK_BYTES: one row,
 * and one chain of whole pages, for a dozen signed messages. A block is named by its first parcel's
 * seq and holds the seqs that follow without a gap.
 *
 *     block    packed: its parcels
 *     parcel   packed: manifest, signature, certificate, documents
 */
#include "gateway/store/packed.h"
#include "gateway/store/store_sqlite_internal.h"

#include "proto/base/check.h"

enum {
    /* Long enough that its row and its last page, half empty, weigh little; short enough to be read
     * for one document. */
    BLOCK_BYTES = 16 * 1024,
    BLOCK_PARCELS_MAX = 64,
};

static size_t size_of(const struct store_parcel *parcel)
{
    const struct bytes seal[] = {parcel->manifest, parcel->signature, parcel->certificate};
    return packed_size(seal, PARCEL_SEAL_PARTS, parcel->documents, parcel->document_count);
}

/* --- writing ------------------------------------------------------------------------------------
 */

static enum reason write_block(struct store_sqlite *store, const struct store_parcel *parcels,
                               const size_t *sizes, size_t count)
{
    buffer_clear(&store->row);
    bool fits = packed_begin(&store->row, sizes, count);
    for (size_t i = 0; i < count && fits; i++) {
        const struct store_parcel *parcel = &parcels[i];
        const struct bytes seal[] = {parcel->manifest, parcel->signature, parcel->certificate};
        fits = packed_append(&store->row, seal, PARCEL_SEAL_PARTS, parcel->documents,
                             parcel->document_count);
    }
    if (!fits)
        return REASON_OUT_OF_MEMORY;
    return sql_run(store, BIND(store, SQL_ADD_PARCELS, NUMBER(parcels->seq),
                               BLOB_OF(buffer_view(&store->row))));
}

enum reason parcels_write(struct store_sqlite *store, const struct store_parcel *parcels,
                          size_t count)
{
    enum reason reason = REASON_NONE;
    size_t begun = 0; /* of the block that is being filled */
    while (begun < count && reason == REASON_NONE) {
        size_t sizes[BLOCK_PARCELS_MAX];
        size_t filled = 0;
        size_t bytes = 0;
        do {
            const struct store_parcel *parcel = &parcels[begun + filled];
            check(parcel->document_count > 0 &&
                  parcel->document_count <= STORE_PARCEL_DOCUMENTS_MAX);
            sizes[filled] = size_of(parcel);
            bytes += sizes[filled++];
        } while (begun + filled < count && filled < BLOCK_PARCELS_MAX &&
                 bytes + size_of(&parcels[begun + filled]) <= BLOCK_BYTES &&
                 parcels[begun + filled].seq == parcels[begun].seq + filled);
        reason = write_block(store, parcels + begun, sizes, filled);
        begun += filled;
    }
    return reason;
}

/* --- reading ------------------------------------------------------------------------------------
 */

static bool block_has(const struct store_sqlite *store, uint64_t seq)
{
    return store->block_count != 0 && seq >= store->block_first &&
           seq - store->block_first < store->block_count;
}

/* The block that the statement's row is, into store->block. */
static enum reason keep_block(struct store_sqlite *store, sqlite3_stmt *statement)
{
    struct bytes content = sql_blob(statement, 1);
    size_t count = 0;
    store->block_count = 0;
    if (store->block.capacity > ROW_BYTES_KEPT)
        buffer_release(&store->block);
    buffer_clear(&store->block);
    if (!packed_count(content, &count) || count == 0)
        return REASON_STORE_CORRUPT;
    if (!buffer_append(&store->block, content))
        return REASON_OUT_OF_MEMORY;
    store->block_first = sql_number(statement, 0);
    store->block_count = count;
    return REASON_NONE;
}

/* NOT_FOUND: there is no such block; it was empty and is gone, or the file is damaged. */
static enum reason find_parcel(struct store_sqlite *store, uint64_t seq, struct bytes *ret_parcel)
{
    if (!block_has(store, seq)) {
        enum reason reason = parcels_keep(store);
        if (reason != REASON_NONE)
            return reason;
        sqlite3_stmt *statement = BIND(store, SQL_FIND_PARCELS, NUMBER(seq));
        reason = sql_row(store, statement);
        if (reason != REASON_NONE)
            return reason;
        reason = keep_block(store, statement);
        (void)sqlite3_reset(statement);
        if (reason != REASON_NONE)
            return reason;
    }
    if (!block_has(store, seq))
        return REASON_NOT_FOUND;
    return packed_get(buffer_view(&store->block), seq - store->block_first, ret_parcel)
               ? REASON_NONE
               : REASON_STORE_CORRUPT;
}

enum reason parcels_read(struct store_sqlite *store, uint64_t seq, struct bytes *ret_parcel)
{
    enum reason reason = find_parcel(store, seq, ret_parcel);
    return reason == REASON_NOT_FOUND ? REASON_STORE_CORRUPT : reason;
}

/* --- purging ------------------------------------------------------------------------------------
 */

/* Nothing is left of its parcels but their sizes, which are 0. */
static bool block_is_empty(const struct store_sqlite *store)
{
    struct bytes parcel;
    size_t strings = 0;
    bool is_empty = true;
    for (size_t i = 0; i < store->block_count && is_empty; i++)
        is_empty = packed_get(buffer_view(&store->block), i, &parcel) &&
                   packed_count(parcel, &strings) && parcel.size == packed_size_empty(strings);
    return is_empty;
}

/* Taken out and put in again: a row that is updated in its place leaves a page to itself however
 * small it becomes, while a page that a deletion leaves nearly empty is merged with its neighbours
 * and is free for what comes next. An empty one stays out, but for the last: the number of the next
 * parcel is told by it (parcels_next). */
enum reason parcels_keep(struct store_sqlite *store)
{
    uint64_t later = 0;
    if (!store->block_is_cut)
        return REASON_NONE;
    store->block_is_cut = false;
    enum reason reason = sql_run(store, BIND(store, SQL_DROP_PARCELS, NUMBER(store->block_first)));
    if (reason == REASON_NONE && block_is_empty(store)) {
        reason = sql_one_number(store, BIND(store, SQL_PARCELS_BEHIND, NUMBER(store->block_first)),
                                &later);
        store->block_count = reason == REASON_NONE ? 0 : store->block_count;
        if (reason != REASON_NOT_FOUND)
            return reason;
        reason = REASON_NONE;
    }
    return reason == REASON_NONE
               ? sql_run(store, BIND(store, SQL_ADD_PARCELS, NUMBER(store->block_first),
                                     BLOB_OF(buffer_view(&store->block))))
               : reason;
}

/* A string of a parcel of the block in memory becomes empty. */
static bool empty_string(struct store_sqlite *store, size_t parcel, size_t index)
{
    struct buffer *block = &store->block;
    struct bytes outer, string;
    if (!packed_get(buffer_view(block), parcel, &outer) || !packed_get(outer, index, &string))
        return false;
    size_t size = outer.size;
    return string.size == 0 ||
           (packed_shrink(block->data + (outer.data - block->data), &size, index, string.size) &&
            packed_shrink(block->data, &block->size, parcel, string.size));
}

static bool has_documents(struct bytes parcel)
{
    struct bytes document = {NULL, 0};
    for (size_t i = PARCEL_SEAL_PARTS; document.size == 0 && packed_get(parcel, i, &document);)
        i++;
    return document.size != 0;
}

/* What sealed several goes with the last of them. The block keeps its place and its parcels theirs
 * until nothing is left in them; pages that it no longer needs are SQLite's to use again. */
enum reason parcels_cut(struct store_sqlite *store, uint64_t seq, uint32_t document, uint32_t parts)
{
    struct bytes parcel;
    enum reason reason = find_parcel(store, seq, &parcel);
    if (reason != REASON_NONE)
        return reason;
    size_t at = (size_t)(seq - store->block_first);
    bool is_whole = true;
    store->block_is_cut = true;
    if ((parts & STORE_PART_DOCUMENT) != 0)
        is_whole = empty_string(store, at, PARCEL_SEAL_PARTS + (size_t)document) &&
                   packed_get(buffer_view(&store->block), at, &parcel);
    for (size_t i = 0; i < PARCEL_SEAL_PARTS && is_whole && (parts & STORE_PART_SEAL) != 0 &&
                       !has_documents(parcel);
         i++)
        is_whole =
            empty_string(store, at, i) && packed_get(buffer_view(&store->block), at, &parcel);
    return is_whole ? REASON_NONE : REASON_STORE_CORRUPT;
}

enum reason parcels_next(struct store_sqlite *store, uint64_t *ret_next)
{
    sqlite3_stmt *statement = store->statements[SQL_LAST_PARCELS];
    size_t count = 0;
    enum reason reason = sql_row(store, statement);
    if (reason == REASON_NOT_FOUND)
        *ret_next = 1;
    if (reason != REASON_NONE)
        return reason == REASON_NOT_FOUND ? REASON_NONE : reason;
    bool is_whole = packed_count(sql_blob(statement, 1), &count) && count != 0;
    uint64_t first = sql_number(statement, 0);
    (void)sqlite3_reset(statement);
    if (!is_whole)
        return REASON_STORE_CORRUPT;
    *ret_next = first + count;
    return REASON_NONE;
}
