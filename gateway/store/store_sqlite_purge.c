/* What goes of messages whose time is over. Their rows go last (gateway/port/store.h, store_part):
 * a duplicate is found by them, and evidence names their digests. */
#include "gateway/store/store_sqlite_internal.h"

#include <string.h>

#include "proto/base/arena.h"
#include "proto/base/check.h"
#include "proto/codec/message_type.h"

enum { ENTRIES_MAX = 64 };

/* That nobody is owed it any more is asked here too, where it is done: who decides may be wrong. */
static enum reason check_ended(struct store_sqlite *store, uint64_t seq)
{
    struct entry entries[ENTRIES_MAX];
    size_t count = 0;
    enum reason reason = store_sqlite_entries_of(&store->store, seq, entries, ENTRIES_MAX, &count);
    for (size_t i = 0; i < count && reason == REASON_NONE; i++)
        check(entry_state_is_terminal(entries[i].state));
    return reason;
}

/* Where it was found by; and with the last message of a dossier its clock, ended or not: that its
 * days have passed since it was due is the judge's word, and nobody would ever end it any more. */
static enum reason forget_names(struct store_sqlite *store, const struct store_message *message)
{
    static const enum statement of_dossier[] = {SQL_PURGE_HISTORY, SQL_PURGE_ROUTE};
    uint64_t seq = message->seq;
    enum reason reason = sql_run(store, BIND(store, SQL_PURGE_ENDED, NUMBER(entry_place(seq, 0)),
                                             NUMBER(entry_place(seq, PARTICIPANT_NUMBER_MAX))));
    for (size_t i = 0; i < sizeof of_dossier / sizeof *of_dossier && reason == REASON_NONE; i++)
        reason =
            sql_run(store, BIND(store, of_dossier[i], TEXT(message->dossier_code), NUMBER(seq)));
    if (reason == REASON_NONE)
        reason = sql_run(store, BIND(store, SQL_PURGE_DEADLINE, TEXT(message->dossier_code)));
    return reason == REASON_NONE ? sql_run(store, BIND(store, SQL_PURGE_NAMES, NUMBER(seq)))
                                 : reason;
}

/* --- files ---------------------------------------------------------------------------------- */

static enum reason add_file(struct store_sqlite *store, const struct digest *digest, uint64_t seq)
{
    enum reason reason =
        sql_run(store, BIND(store, SQL_ADD_FILE, BLOB(digest->bytes, DIGEST_BYTES), NUMBER(seq)));
    return reason == REASON_NONE
               ? sql_run(store, BIND(store, SQL_FORGET_FILE, BLOB(digest->bytes, DIGEST_BYTES)))
               : reason;
}

enum reason files_add(struct store_sqlite *store, const struct store_message *message)
{
    enum reason reason = REASON_NONE;
    for (size_t i = 0; i < message->attachment_count && reason == REASON_NONE; i++)
        reason = add_file(store, &message->attachments[i].digest, message->seq);
    return reason;
}

/* The last that names one leaves it to who removes it. */
static enum reason unname_files(struct store_sqlite *store, uint64_t seq)
{
    enum reason reason = sql_run(store, BIND(store, SQL_UNNAME_FILES, NUMBER(seq)));
    return reason == REASON_NONE ? sql_run(store, BIND(store, SQL_PURGE_FILES, NUMBER(seq)))
                                 : reason;
}

enum reason store_sqlite_unnamed_files(struct store *store, struct digest *ret_digests,
                                       size_t limit, size_t *ret_count)
{
    struct store_sqlite *self = self_of(store);
    enum reason reason = store_sqlite_ready(self);
    if (reason != REASON_NONE)
        return reason;
    sqlite3_stmt *statement = BIND(self, SQL_UNNAMED_FILES, NUMBER(limit));
    size_t count = 0;
    while (sql_next(self, statement, &reason)) {
        struct bytes digest = sql_blob(statement, 0);
        if (digest.size != DIGEST_BYTES)
            reason = REASON_STORE_CORRUPT;
        else
            memcpy(ret_digests[count++].bytes, digest.data, DIGEST_BYTES);
    }
    if (reason == REASON_NONE)
        *ret_count = count;
    return reason;
}

/* What cannot be read as a message names nothing that anybody could fetch. */
static enum reason add_files_of(struct store_sqlite *store, uint64_t seq, struct arena *scratch)
{
    struct store_document found;
    struct envelope envelope;
    enum reason reason = store_sqlite_read_document(&store->store, seq, &found);
    arena_reset(scratch);
    if (reason == REASON_NONE && envelope_parse(found.document, scratch, &envelope) == REASON_NONE)
        for (size_t i = 0; i < envelope.attachment_count && reason == REASON_NONE; i++)
            reason = add_file(store, &envelope.attachments[i].digest, seq);
    return reason == REASON_NOT_FOUND || reason == REASON_CONTENT_PURGED ? REASON_NONE : reason;
}

#define NOTE_FILES "files/known"

/* All in one transaction: a kill leaves it to the next start. */
enum reason files_complete(struct store_sqlite *store)
{
    struct arena scratch;
    struct store_positions positions = {0};
    struct bytes known;
    enum reason reason = store_sqlite_read_note(&store->store, bytes_of_text(NOTE_FILES), &known);
    if (reason != REASON_NOT_FOUND)
        return reason;
    const struct store_note note = {bytes_of_text(NOTE_FILES), bytes_of_text("all")};
    const struct store_plan plan = {.notes = &note, .note_count = 1};
    reason = store_sqlite_positions(&store->store, &positions);
    if (reason != REASON_NONE)
        return reason;
    if (!arena_init(&scratch, ENVELOPE_ARENA_BYTES))
        return REASON_OUT_OF_MEMORY;
    if (positions.next_message_seq > 1) {
        reason = sql_execute(store->database, "COMMIT; BEGIN IMMEDIATE");
        for (uint64_t seq = 1; seq < positions.next_message_seq && reason == REASON_NONE; seq++)
            reason = add_files_of(store, seq, &scratch);
        if (reason == REASON_NONE)
            reason = sql_execute(store->database, "COMMIT");
    }
    arena_release(&scratch);
    return reason == REASON_NONE ? store_sqlite_commit(&store->store, &plan) : reason;
}

/* --- a page of a purge ------------------------------------------------------------------------
 */

/* A block whose last content went is there no more; where that is so nothing of it may be owed to
 * a row. */
static enum reason cut(struct store_sqlite *store, const struct store_message *message,
                       uint32_t parts)
{
    enum reason reason = parcels_cut(store, message->parcel_seq, message->document_index, parts);
    if (reason != REASON_NOT_FOUND)
        return reason;
    return (message->gone & STORE_PART_DOCUMENT) != 0 ? REASON_NONE : REASON_STORE_CORRUPT;
}

/* That it was here: from now on its sender's ids up to this one are no new ones, and a head takes
 * what only proofs from before it needed with it. */
static enum reason forget(struct store_sqlite *store, const struct store_message *message)
{
    uint64_t later;
    uint64_t sender = participants_find(&store->participants, &message->sender);
    enum reason reason =
        sql_one_number(store, BIND(store, SQL_NEXT_MESSAGE, NUMBER(message->seq)), &later);
    check(reason != REASON_NOT_FOUND); /* the next seq would be given once more */
    if (reason == REASON_NONE && message->type == MESSAGE_TYPE_LEDGER_HEAD)
        reason = ledger_drop_hashes(store, message->seq);
    if (reason == REASON_NONE)
        reason = ids_remove(store, sender, &message->id);
    return reason == REASON_NONE
               ? sql_run(store, BIND(store, SQL_DROP_MESSAGE, NUMBER(message->seq)))
               : reason;
}

/* The row is marked last: what is marked has gone, whatever is read in the same transaction. */
static enum reason purge(struct store_sqlite *store, const struct store_purge *purge)
{
    struct store_message message;
    enum reason reason = check_ended(store, purge->message_seq);
    if (reason == REASON_NONE)
        reason = store_sqlite_read_message(&store->store, purge->message_seq, &message);
    check(reason != REASON_NOT_FOUND);
    if (reason == REASON_NONE && (purge->parts & (STORE_PART_DOCUMENT | STORE_PART_SEAL)) != 0)
        reason = cut(store, &message, purge->parts);
    if (reason == REASON_NONE && (purge->parts & STORE_PART_DOCUMENT) != 0)
        reason = unname_files(store, message.seq);
    if (reason == REASON_NONE && (purge->parts & STORE_PART_NAMES) != 0)
        reason = forget_names(store, &message);
    if (reason == REASON_NONE && (purge->parts & STORE_PART_ENTRIES) != 0)
        reason = ledger_drop_entries(store, message.seq);
    if (reason != REASON_NONE)
        return reason;
    if ((purge->parts & STORE_PART_ROW) != 0) {
        check(((message.gone | purge->parts) & STORE_PARTS_OF_CONTENT) == STORE_PARTS_OF_CONTENT);
        return forget(store, &message);
    }
    return sql_run(
        store, BIND(store, SQL_PURGE_MESSAGE, NUMBER(purge->message_seq), NUMBER(purge->parts)));
}

/* Neighbours lie in one block, which is written once for all of them. */
enum reason purges_apply(struct store_sqlite *store, const struct store_plan *plan)
{
    enum reason reason = REASON_NONE;
    for (size_t i = 0; i < plan->purge_count && reason == REASON_NONE; i++)
        reason = purge(store, &plan->purges[i]);
    for (size_t i = 0; i < plan->forgotten_file_count && reason == REASON_NONE; i++)
        reason = sql_run(store, BIND(store, SQL_FORGET_FILE,
                                     BLOB(plan->forgotten_files[i].bytes, DIGEST_BYTES)));
    return reason == REASON_NONE ? parcels_keep(store) : reason;
}
