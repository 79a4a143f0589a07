/* One plan, one transaction (invariants 1 and 7): applied and rolled back as a whole, then synced
 * by another thread. What memory knows beside the file (participants, leases, the ledger's size) is
 * read anew after a transaction that failed, since it may be ahead of the file. */
#include "gateway/store/store_sqlite_internal.h"
#include "gateway/store/packed.h"

#include <sys/stat.h>

#include "proto/base/check.h"

/* Reads anew what a failed transaction left stale. */
static enum reason refresh(struct store_sqlite *store)
{
    struct store_positions positions;
    store->block_count = 0;
    store->block_is_cut = false;
    enum reason reason = participants_load(store);
    if (reason == REASON_NONE)
        reason = leases_load(store);
    if (reason == REASON_NONE)
        reason = store_sqlite_positions(&store->store, &positions);
    if (reason == REASON_NONE) {
        store->ledger_size = positions.ledger_size;
        store->ledger_hashes = positions.ledger_hashes;
    }
    store->is_stale = reason != REASON_NONE;
    return reason;
}

static enum reason be_current(struct store_sqlite *store)
{
    if (store->is_rolled_back)
        return REASON_STORE_ROLLED_BACK;
    return store->is_stale ? refresh(store) : REASON_NONE;
}

static bool is_in_transaction(const struct store_sqlite *store)
{
    return sqlite3_get_autocommit(store->database) == 0;
}

/* The reads between two plans share a transaction, which the next plan ends: each by itself would
 * take the log's locks from the kernel and give them back. Nobody else writes, so that it sees the
 * newest there is, and a copy of the log passes it by. */
enum reason store_sqlite_ready(struct store_sqlite *store)
{
    enum reason reason = be_current(store);
    if (reason != REASON_NONE || is_in_transaction(store))
        return reason;
    return sql_run(store, store->statements[SQL_BEGIN_READS]);
}

static enum reason begin_transaction(struct store_sqlite *store)
{
    enum reason reason = be_current(store);
    if (reason == REASON_NONE && is_in_transaction(store))
        reason = sql_run(store, store->statements[SQL_COMMIT]); /* of reads */
    return reason == REASON_NONE ? sql_run(store, store->statements[SQL_BEGIN]) : reason;
}

static enum reason add_message_row(struct store_sqlite *store, const struct store_message *message,
                                   uint64_t sender, uint64_t recipient)
{
    size_t reply_size = id_is_zero(&message->in_reply_to) ? 0 : MESSAGE_ID_BYTES;
    return sql_run(store,
                   BIND(store, SQL_ADD_MESSAGE, NUMBER(message->seq), NUMBER(message->parcel_seq),
                        NUMBER(message->document_index), NUMBER(sender), NUMBER(recipient),
                        BLOB(message->id.bytes, MESSAGE_ID_BYTES),
                        BLOB(message->digest.bytes, DIGEST_BYTES), NUMBER(message->type),
                        TEXT(message->dossier_code), TEXT(message->procedure_code),
                        NUMBER(message->sequence), BLOB(message->in_reply_to.bytes, reply_size),
                        NUMBER(message->custody.ms), NUMBER(message->receipt_seq)));
}

/* A dossier's history: its messages, and with the first one that has it the route. */
static enum reason add_to_history(struct store_sqlite *store, struct bytes dossier_code,
                                  uint64_t seq, const struct store_route *route)
{
    uint64_t agency = 0;
    enum reason reason =
        route == NULL ? REASON_NONE : participants_intern(store, &route->agency, &agency);
    if (reason != REASON_NONE)
        return reason;
    struct sql_value to = NUMBER(agency);
    struct sql_value by = {.kind = SQL_IS_NULL};
    if (route == NULL)
        to = by;
    else
        by = (struct sql_value)TEXT(route->registry_version);
    return sql_run(store, BIND(store, SQL_ADD_DOSSIER, TEXT(dossier_code), NUMBER(seq), to, by));
}

static enum reason add_message(struct store_sqlite *store, const struct store_message *message,
                               const struct store_route *route)
{
    check(message->seq > 0 && message->seq <= SEQ_MAX);
    check(message->dossier_code.size <= DOSSIER_CODE_BYTES_MAX);
    check(message->procedure_code.size <= PROCEDURE_CODE_BYTES_MAX);
    uint64_t sender = 0;
    uint64_t recipient = 0;
    enum reason reason = participants_intern(store, &message->sender, &sender);
    if (reason == REASON_NONE)
        reason = participants_intern(store, &message->recipient, &recipient);
    if (reason == REASON_NONE)
        reason = add_message_row(store, message, sender, recipient);
    if (reason == REASON_NONE)
        reason = ids_add(store, sender, &message->id, message->seq);
    if (reason == REASON_NONE)
        reason = files_add(store, message);
    if (reason == REASON_NONE && message->dossier_code.size > 0)
        reason = add_to_history(store, message->dossier_code, message->seq, route);
    return reason;
}

static enum reason set_seal(struct store_sqlite *store, const struct store_seal *seal)
{
    return sql_run(store, BIND(store, SQL_SEAL_MESSAGE, NUMBER(seal->message_seq),
                               NUMBER(seal->parcel_seq), NUMBER(seal->document_index)));
}

/* A route beside that of the first transfer, or in its place. */
static enum reason set_route(struct store_sqlite *store, const struct store_route *route)
{
    uint64_t agency = 0;
    bool is_gone = key_is_none(&route->agency);
    enum reason reason =
        is_gone ? REASON_NONE : participants_intern(store, &route->agency, &agency);
    if (reason != REASON_NONE)
        return reason;
    struct sql_value to = NUMBER(agency);
    if (is_gone)
        to.kind = SQL_IS_NULL;
    return sql_run(store, BIND(store, SQL_SET_ROUTE, TEXT(route->dossier_code),
                               NUMBER(route->message_seq), to, TEXT(route->registry_version)));
}

static enum reason add_hashes(struct store_sqlite *store, const struct store_segment *segment)
{
    if (segment->hash_count == 0)
        return REASON_NONE;
    _Static_assert(sizeof(struct digest) == DIGEST_BYTES, "hashes are stored as they lie");
    return sql_run(store, BIND(store, SQL_ADD_HASHES, NUMBER(segment->first_hash),
                               BLOB(segment->hashes->bytes, segment->hash_count * DIGEST_BYTES)));
}

static enum reason add_segment(struct store_sqlite *store, const struct store_segment *segment)
{
    check(segment->first_index == store->ledger_size && segment->entry_count > 0);
    check(segment->first_hash == store->ledger_hashes);
    buffer_clear(&store->row);
    if (!packed_append(&store->row, segment->entries, segment->entry_count, NULL, 0))
        return REASON_OUT_OF_MEMORY;
    enum reason reason =
        sql_run(store, BIND(store, SQL_ADD_SEGMENT, NUMBER(segment->first_index),
                            NUMBER(segment->head_seq), BLOB_OF(buffer_view(&store->row))));
    if (reason == REASON_NONE)
        reason = add_hashes(store, segment);
    store->ledger_size += segment->entry_count;
    store->ledger_hashes += segment->hash_count;
    return reason;
}

static enum reason set_note(struct store_sqlite *store, const struct store_note *note)
{
    check(note->name.size > 0 && note->name.size <= STORE_NOTE_NAME_BYTES_MAX);
    check(note->value.size <= STORE_NOTE_BYTES_MAX);
    return sql_run(store, note->value.size == 0 ? BIND(store, SQL_REMOVE_NOTE, BLOB_OF(note->name))
                                                : BIND(store, SQL_SET_NOTE, BLOB_OF(note->name),
                                                       BLOB_OF(note->value)));
}

/* Parcels before the messages that lie in them; ids behind these, a sender's together in one
 * row. */
static enum reason apply_content(struct store_sqlite *store, const struct store_plan *plan)
{
    enum reason reason = parcels_write(store, plan->parcels, plan->parcel_count);
    ids_forget(store);
    /* Routes come in the order of their messages. */
    const struct store_route *route = plan->routes;
    const struct store_route *routes_end = plan->routes + plan->route_count;
    size_t first_routes = 0;
    for (size_t i = 0; i < plan->message_count && reason == REASON_NONE; i++) {
        const struct store_message *message = &plan->messages[i];
        while (route != routes_end && route->message_seq < message->seq)
            route++;
        bool is_first = route != routes_end && route->message_seq == message->seq &&
                        !route->is_later && !key_is_none(&route->agency);
        reason = add_message(store, message, is_first ? route : NULL);
        first_routes += is_first;
    }
    if (reason == REASON_NONE)
        reason = ids_write(store);
    for (size_t i = 0; i < plan->seal_count && reason == REASON_NONE; i++)
        reason = set_seal(store, &plan->seals[i]);
    if (first_routes == plan->route_count)
        return reason;
    uint64_t first_seq = plan->message_count > 0 ? plan->messages[0].seq : UINT64_MAX;
    for (route = plan->routes; route != routes_end && reason == REASON_NONE; route++) {
        bool is_written =
            route->message_seq >= first_seq && !route->is_later && !key_is_none(&route->agency);
        if (!is_written)
            reason = set_route(store, route);
    }
    return reason;
}

/* Which file is ours, and what we last made of it; false: the layer below has no files. */
static bool look_at_file(const struct store_sqlite *store, struct file_stamp *ret_stamp)
{
    struct stat status;
    if (!store->has_stamp)
        return false;
    *ret_stamp = (struct file_stamp){.device = 0};
    if (stat(sqlite3_db_filename(store->database, "main"), &status) == 0)
        *ret_stamp = (struct file_stamp){status.st_dev, status.st_ino, status.st_size,
                                         status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
    return true;
}

void store_sqlite_stamp(struct store_sqlite *store)
{
    struct file_stamp stamp;
    if (look_at_file(store, &stamp))
        store->stamp = stamp;
}

/* A file that was put in the place of ours would be found at the next start, without what is
 * written into the old one from now on; and one whose content somebody else has changed, a copy
 * written over it, is not what memory and the log continue: nothing is promised any more. The file
 * changes by our hand only when the log is copied into it. While the checkpointer does that only
 * its place is looked at. */
static enum reason check_place(struct store_sqlite *store)
{
    struct file_stamp now;
    const struct file_stamp *ours = &store->stamp;
    if (!look_at_file(store, &now))
        return REASON_NONE;
    bool is_there = now.device == ours->device && now.inode == ours->inode;
    bool is_same = now.size_bytes == ours->size_bytes && now.modified_s == ours->modified_s &&
                   now.modified_ns == ours->modified_ns;
    if (is_there && (is_same || store->is_copying))
        return REASON_NONE;
    store->is_rolled_back = true;
    /* The log is not of that file: nobody copies it there. */
    (void)sqlite3_db_config(store->database, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    return REASON_STORE_ROLLED_BACK;
}

static enum reason apply_plan(struct store_sqlite *store, const struct store_plan *plan)
{
    enum reason reason = check_place(store);
    if (reason == REASON_NONE)
        reason = apply_content(store, plan);
    for (size_t i = 0; i < plan->entry_count && reason == REASON_NONE; i++)
        reason = entry_insert(store, &plan->entries[i]);
    for (size_t i = 0; i < plan->move_count && reason == REASON_NONE; i++)
        reason = entry_apply(store, &plan->moves[i]);
    if (reason == REASON_NONE)
        reason = leases_write(store);
    if (reason == REASON_NONE)
        reason = purges_apply(store, plan);
    for (size_t i = 0; i < plan->deadline_count && reason == REASON_NONE; i++)
        reason = deadline_write(store, &plan->deadlines[i]);
    if (reason == REASON_NONE && plan->segment != NULL)
        reason = add_segment(store, plan->segment);
    for (size_t i = 0; i < plan->note_count && reason == REASON_NONE; i++)
        reason = set_note(store, &plan->notes[i]);
    return reason;
}

/* Ends the transaction: committed when reason is NONE and the commit succeeds, otherwise rolled
 * back, and what memory knew of it forgotten. */
static enum reason end_transaction(struct store_sqlite *store, enum reason reason)
{
    if (reason == REASON_NONE)
        reason = sql_run(store, store->statements[SQL_COMMIT]);
    if (reason == REASON_NONE)
        return REASON_NONE;
    store->is_stale = true;
    if (is_in_transaction(store))
        (void)sql_run(store, store->statements[SQL_ROLLBACK]);
    return reason;
}

static enum reason run_plan(struct store_sqlite *store, const struct store_plan *plan)
{
    enum reason reason = begin_transaction(store);
    if (reason != REASON_NONE)
        return reason;
    reason = end_transaction(store, apply_plan(store, plan));
    if (store->row.capacity > ROW_BYTES_KEPT)
        buffer_release(&store->row);
    return reason;
}

/* True: the log is not long, or a checkpointer is at it. A copy that took all there was lets the
 * next commit begin the log anew by itself: then its end says nothing about the log of now. */
static bool leaves_log(struct store_sqlite *store)
{
    bool has_copied = store->checkpointer != NULL && checkpointer_has_copied(store->checkpointer);
    if (has_copied) {
        store->is_copying = false;
        store_sqlite_stamp(store);
    }
    if (store->log_pages < LOG_PAGES_MAX)
        return true;
    if (store->checkpointer == NULL || has_copied)
        return false;
    checkpointer_copy(store->checkpointer);
    store->is_copying = true;
    return store->log_pages < LOG_PAGES_LATE;
}

/* Copies a long log into the file, or what a checkpointer has left of it. When it cannot (a full
 * disk) the log grows on, and the next commit tries again: nothing is lost by it. */
static void shorten_log(struct store_sqlite *store)
{
    if (store->is_rolled_back || leaves_log(store))
        return;
    int in_log = 0;
    int copied = 0;
    if (sqlite3_wal_checkpoint_v2(store->database, NULL, SQLITE_CHECKPOINT_PASSIVE, &in_log,
                                  &copied) == SQLITE_OK &&
        in_log == copied)
        store->log_pages = 0;
    store_sqlite_stamp(store);
}

enum reason store_sqlite_commit(struct store *store, const struct store_plan *plan)
{
    enum reason reason = run_plan(self_of(store), plan);
    shorten_log(self_of(store));
    return reason;
}

/* As a commit, but the log is not synced: nothing of it may be said to anybody before a later sync
 * has returned (gateway/shell/release.c). */
enum reason store_sqlite_apply(struct store *store, const struct store_plan *plan)
{
    struct store_sqlite *self = self_of(store);
    sqlite_vfs_defer_log(self->vfs, true);
    enum reason reason = run_plan(self, plan);
    sqlite_vfs_defer_log(self->vfs, false);
    shorten_log(self);
    return reason;
}

/* The first sync of a new log also writes its folder, which SQLite does not do from two threads:
 * opening a store commits once, so that has been done. */
enum reason store_sqlite_sync(struct store *store)
{
    struct store_sqlite *self = self_of(store);
    /* Not by reason_of_sqlite: the handle's last error belongs to the owner's thread. */
    return sqlite_vfs_sync_log(self->vfs) == SQLITE_OK ? REASON_NONE : REASON_STORE_FAILED;
}

enum reason store_sqlite_recover(struct store *store, uint64_t *ret_count)
{
    struct store_sqlite *self = self_of(store);
    uint64_t count = 0;
    enum reason reason = begin_transaction(self);
    if (reason != REASON_NONE)
        return reason;
    reason = end_transaction(self, entry_recover_all(self, &count));
    if (reason == REASON_NONE)
        *ret_count = count;
    return reason;
}
