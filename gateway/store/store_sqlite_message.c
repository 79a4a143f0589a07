/* Reads of what never changes: messages, their bytes, dossiers, the ledger; and notes. Texts that
 * are answered are copies in the store's own room, good until its next call. */
#include "gateway/store/packed.h"
#include "gateway/store/store_sqlite_internal.h"

#include <string.h>

/* --- positions ----------------------------------------------------------------------------------
 */

/* Without a row the numbers begin at 1: 0 means none everywhere. */
static enum reason next_after(struct store_sqlite *store, enum statement last, uint64_t *ret_next)
{
    uint64_t number = 0;
    enum reason reason = sql_one_number(store, store->statements[last], &number);
    if (reason == REASON_NONE || reason == REASON_NOT_FOUND)
        *ret_next = number + 1;
    return reason == REASON_NOT_FOUND ? REASON_NONE : reason;
}

/* The last segment says how many entries there are, the last row of hashes how many hashes: neither
 * is counted, since both tables only grow. */
static enum reason ledger_positions(struct store_sqlite *store,
                                    struct store_positions *ret_positions)
{
    sqlite3_stmt *statement = store->statements[SQL_LAST_SEGMENT];
    enum reason reason = sql_row(store, statement);
    if (reason != REASON_NONE)
        return reason == REASON_NOT_FOUND ? REASON_NONE : reason;
    size_t count = 0;
    bool is_whole = packed_count(sql_blob(statement, 2), &count);
    ret_positions->ledger_size = sql_number(statement, 0) + count;
    ret_positions->ledger_head_seq = sql_number(statement, 1);
    (void)sqlite3_reset(statement);
    if (!is_whole)
        return REASON_STORE_CORRUPT;
    statement = store->statements[SQL_LAST_HASHES];
    reason = sql_row(store, statement);
    if (reason != REASON_NONE)
        return reason == REASON_NOT_FOUND ? REASON_NONE : reason;
    ret_positions->ledger_hashes =
        sql_number(statement, 0) + sql_number(statement, 1) / DIGEST_BYTES;
    (void)sqlite3_reset(statement);
    return REASON_NONE;
}

enum reason store_sqlite_positions(struct store *store, struct store_positions *ret_positions)
{
    struct store_sqlite *self = self_of(store);
    struct store_positions positions = {0};
    enum reason reason = parcels_next(self, &positions.next_parcel_seq);
    if (reason == REASON_NONE)
        reason = next_after(self, SQL_LAST_MESSAGE, &positions.next_message_seq);
    if (reason == REASON_NONE)
        reason = ledger_positions(self, &positions);
    if (reason == REASON_NONE)
        *ret_positions = positions;
    return reason;
}

/* --- messages ------------------------------------------------------------------------------------
 */

static bool copy_fixed(struct bytes from, uint8_t *ret_data, size_t size)
{
    if (from.size != size)
        return false;
    memcpy(ret_data, from.data, size);
    return true;
}

/* A copy in the answer's room, which moves on. */
static struct bytes copy_text(uint8_t **room, struct bytes from)
{
    struct bytes copy = {*room, from.size};
    if (from.size != 0)
        memcpy(*room, from.data, from.size);
    *room += from.size;
    return copy;
}

/* Texts are copied out of the row, as its page may be changed by the next statement. */
static enum reason message_of_row(struct store_sqlite *store, sqlite3_stmt *row,
                                  struct store_message *ret_message)
{
    struct bytes dossier = sql_blob(row, 8);
    struct bytes procedure = sql_blob(row, 9);
    struct bytes reply = sql_blob(row, 11);
    buffer_clear(&store->answer);
    uint8_t *room = buffer_extend(&store->answer, dossier.size + procedure.size + 1);
    if (room == NULL)
        return REASON_OUT_OF_MEMORY;
    struct store_message message = {
        .seq = sql_number(row, 0),
        .parcel_seq = sql_number(row, 1),
        .document_index = (uint32_t)sql_number(row, 2),
        .type = (uint32_t)sql_number(row, 7),
        .dossier_code = copy_text(&room, dossier),
        .procedure_code = copy_text(&room, procedure),
        .sequence = sql_number(row, 10),
        .custody = {(int64_t)sql_number(row, 12)},
        .receipt_seq = sql_number(row, 13),
        .gone = (uint32_t)sql_number(row, 14),
    };
    const struct participants *participants = &store->participants;
    if (participants_key(participants, sql_number(row, 3), &message.sender) != REASON_NONE ||
        participants_key(participants, sql_number(row, 4), &message.recipient) != REASON_NONE ||
        !copy_fixed(sql_blob(row, 5), message.id.bytes, MESSAGE_ID_BYTES) ||
        !copy_fixed(sql_blob(row, 6), message.digest.bytes, DIGEST_BYTES) ||
        (reply.size != 0 && !copy_fixed(reply, message.in_reply_to.bytes, MESSAGE_ID_BYTES)))
        return REASON_STORE_CORRUPT;
    *ret_message = message;
    return REASON_NONE;
}

static enum reason read_message(struct store_sqlite *store, uint64_t seq,
                                struct store_message *ret_message)
{
    sqlite3_stmt *statement = BIND(store, SQL_READ_MESSAGE, NUMBER(seq));
    enum reason reason = sql_row(store, statement);
    if (reason != REASON_NONE)
        return reason;
    reason = message_of_row(store, statement, ret_message);
    (void)sqlite3_reset(statement);
    return reason;
}

enum reason store_sqlite_read_message(struct store *store, uint64_t seq,
                                      struct store_message *ret_message)
{
    enum reason reason = store_sqlite_ready(self_of(store));
    return reason == REASON_NONE ? read_message(self_of(store), seq, ret_message) : reason;
}

enum reason store_sqlite_next_message(struct store *store, uint64_t after_seq, uint64_t *ret_seq)
{
    struct store_sqlite *self = self_of(store);
    enum reason reason = store_sqlite_ready(self);
    return reason == REASON_NONE
               ? sql_one_number(self, BIND(self, SQL_NEXT_MESSAGE, NUMBER(after_seq)), ret_seq)
               : reason;
}

enum reason store_sqlite_find_message(struct store *store, const struct key *sender,
                                      const struct message_id *id,
                                      struct store_message *ret_message)
{
    struct store_sqlite *self = self_of(store);
    enum reason reason = store_sqlite_ready(self);
    if (reason != REASON_NONE)
        return reason;
    uint64_t seq = 0;
    reason = ids_find(self, participants_find(&self->participants, sender), id, &seq);
    if (reason != REASON_NONE)
        return reason;
    reason = read_message(self, seq, ret_message);
    return reason == REASON_NOT_FOUND ? REASON_STORE_CORRUPT : reason;
}

enum reason store_sqlite_last_id(struct store *store, const struct key *sender,
                                 struct message_id *ret_id)
{
    struct store_sqlite *self = self_of(store);
    enum reason reason = store_sqlite_ready(self);
    if (reason != REASON_NONE)
        return reason;
    return ids_last(self, participants_find(&self->participants, sender), ret_id);
}

enum reason store_sqlite_after_id(struct store *store, const struct key *sender,
                                  const struct message_id *id, uint64_t *ret_seqs, size_t limit,
                                  size_t *ret_count)
{
    struct store_sqlite *self = self_of(store);
    enum reason reason = store_sqlite_ready(self);
    if (reason != REASON_NONE)
        return reason;
    return ids_after(self, participants_find(&self->participants, sender), id, ret_seqs, limit,
                     ret_count);
}

/* A message whose parcel is not there, or has no such document, was not written by us as it stands:
 * the file is damaged. */
enum reason store_sqlite_read_document(struct store *store, uint64_t seq,
                                       struct store_document *ret_document)
{
    struct store_sqlite *self = self_of(store);
    struct store_document document;
    enum reason reason = store_sqlite_read_message(store, seq, &document.message);
    struct bytes parcel;
    if (reason == REASON_NONE && (document.message.gone & STORE_PART_DOCUMENT) != 0)
        return REASON_CONTENT_PURGED;
    if (reason == REASON_NONE)
        reason = parcels_read(self, document.message.parcel_seq, &parcel);
    if (reason != REASON_NONE)
        return reason;
    size_t index = PARCEL_SEAL_PARTS + (size_t)document.message.document_index;
    if (!packed_get(parcel, 0, &document.manifest) || !packed_get(parcel, 1, &document.signature) ||
        !packed_get(parcel, 2, &document.certificate) ||
        !packed_get(parcel, index, &document.document))
        return REASON_STORE_CORRUPT;
    *ret_document = document;
    return REASON_NONE;
}

/* --- dossiers and inboxes --------------------------------------------------------------------- */

/* Collects first columns. */
static enum reason collect(struct store_sqlite *store, sqlite3_stmt *statement,
                           uint64_t *ret_numbers, size_t *ret_count)
{
    size_t count = 0;
    enum reason reason = REASON_NONE;
    while (sql_next(store, statement, &reason))
        ret_numbers[count++] = sql_number(statement, 0);
    if (reason == REASON_NONE)
        *ret_count = count;
    return reason;
}

enum reason store_sqlite_history(struct store *store, struct bytes dossier_code, uint64_t from_seq,
                                 bool is_backwards, uint64_t *ret_seqs, size_t limit,
                                 size_t *ret_count)
{
    struct store_sqlite *self = self_of(store);
    enum reason reason = store_sqlite_ready(self);
    if (reason != REASON_NONE)
        return reason;
    sqlite3_stmt *statement =
        BIND(self, is_backwards ? SQL_HISTORY_BACKWARDS : SQL_HISTORY, TEXT(dossier_code),
             NUMBER(is_backwards && from_seq == 0 ? INT64_MAX : from_seq), NUMBER(limit));
    return collect(self, statement, ret_seqs, ret_count);
}

enum reason store_sqlite_find_route(struct store *store, struct bytes dossier_code,
                                    struct store_route *ret_route)
{
    struct store_sqlite *self = self_of(store);
    enum reason reason = store_sqlite_ready(self);
    if (reason != REASON_NONE)
        return reason;
    /* A route that was set later stands before the one that the first transfer took. */
    static const enum statement tables[] = {SQL_FIND_LATER_ROUTE, SQL_FIND_ROUTE};
    sqlite3_stmt *statement = NULL;
    reason = REASON_NOT_FOUND;
    for (size_t i = 0; i < sizeof tables / sizeof *tables && reason == REASON_NOT_FOUND; i++) {
        statement = BIND(self, tables[i], TEXT(dossier_code));
        reason = sql_row(self, statement);
    }
    if (reason != REASON_NONE)
        return reason;
    struct store_route route = {.message_seq = sql_number(statement, 2)};
    struct bytes version = sql_blob(statement, 1);
    reason = participants_key(&self->participants, sql_number(statement, 0), &route.agency);
    buffer_clear(&self->answer);
    uint8_t *room = buffer_extend(&self->answer, dossier_code.size + version.size + 1);
    if (reason == REASON_NONE && room == NULL)
        reason = REASON_OUT_OF_MEMORY;
    if (reason == REASON_NONE) {
        route.dossier_code = copy_text(&room, dossier_code);
        route.registry_version = copy_text(&room, version);
        *ret_route = route;
    }
    (void)sqlite3_reset(statement);
    return reason;
}

/* --- ledger and notes ----------------------------------------------------------------------------
 */

static enum reason read_row(struct store_sqlite *store, sqlite3_stmt *statement)
{
    enum reason reason = store_sqlite_ready(store);
    return reason == REASON_NONE ? sql_row(store, statement) : reason;
}

enum reason store_sqlite_ledger_hash(struct store *store, uint64_t position,
                                     struct digest *ret_hash)
{
    struct store_sqlite *self = self_of(store);
    sqlite3_stmt *statement = BIND(self, SQL_FIND_HASHES, NUMBER(position));
    enum reason reason = read_row(self, statement);
    if (reason != REASON_NONE)
        return reason;
    struct bytes hashes = sql_blob(statement, 1);
    uint64_t at = position - sql_number(statement, 0);
    if (at < hashes.size / DIGEST_BYTES)
        memcpy(ret_hash->bytes, hashes.data + at * DIGEST_BYTES, DIGEST_BYTES);
    else
        reason = REASON_NOT_FOUND;
    (void)sqlite3_reset(statement);
    return reason;
}

/* The statement's bytes as the answer; the statement is reset. */
static enum reason answer_copy(struct store_sqlite *store, sqlite3_stmt *statement,
                               struct bytes from, struct bytes *ret_bytes)
{
    buffer_clear(&store->answer);
    bool copied = buffer_append(&store->answer, from);
    (void)sqlite3_reset(statement);
    if (!copied)
        return REASON_OUT_OF_MEMORY;
    *ret_bytes = buffer_view(&store->answer);
    return REASON_NONE;
}

enum reason store_sqlite_ledger_entry(struct store *store, uint64_t index, struct bytes *ret_entry)
{
    struct store_sqlite *self = self_of(store);
    sqlite3_stmt *statement = BIND(self, SQL_FIND_SEGMENT, NUMBER(index));
    enum reason reason = read_row(self, statement);
    if (reason != REASON_NONE)
        return reason;
    struct bytes entry;
    if (packed_get(sql_blob(statement, 1), index - sql_number(statement, 0), &entry))
        return answer_copy(self, statement, entry, ret_entry);
    (void)sqlite3_reset(statement);
    return REASON_NOT_FOUND;
}

enum reason store_sqlite_read_note(struct store *store, struct bytes name, struct bytes *ret_value)
{
    struct store_sqlite *self = self_of(store);
    sqlite3_stmt *statement = BIND(self, SQL_READ_NOTE, BLOB_OF(name));
    enum reason reason = read_row(self, statement);
    return reason == REASON_NONE ? answer_copy(self, statement, sql_blob(statement, 0), ret_value)
                                 : reason;
}
