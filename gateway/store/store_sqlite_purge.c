/* What goes of messages whose time is over. Their rows stay (gateway/port/store.h, store_part): a
 * duplicate is found by them, and evidence names their digests. */
#include "gateway/store/store_sqlite_internal.h"

#include "proto/base/check.h"

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

/* Where it was found by; and with the last message of a dossier the clock that is over. */
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

/* The row is marked last: what is marked has gone, whatever is read in the same transaction. */
static enum reason purge(struct store_sqlite *store, const struct store_purge *purge)
{
    struct store_message message;
    enum reason reason = check_ended(store, purge->message_seq);
    if (reason == REASON_NONE)
        reason = store_sqlite_read_message(&store->store, purge->message_seq, &message);
    check(reason != REASON_NOT_FOUND);
    if (reason == REASON_NONE && (purge->parts & (STORE_PART_DOCUMENT | STORE_PART_SEAL)) != 0)
        reason = parcels_cut(store, message.parcel_seq, message.document_index, purge->parts);
    if (reason == REASON_NONE && (purge->parts & STORE_PART_NAMES) != 0)
        reason = forget_names(store, &message);
    if (reason != REASON_NONE)
        return reason;
    return sql_run(
        store, BIND(store, SQL_PURGE_MESSAGE, NUMBER(purge->message_seq), NUMBER(purge->parts)));
}

/* Neighbours lie in one block, which is written once for all of them. */
enum reason purges_apply(struct store_sqlite *store, const struct store_purge *purges, size_t count)
{
    enum reason reason = REASON_NONE;
    for (size_t i = 0; i < count && reason == REASON_NONE; i++)
        reason = purge(store, &purges[i]);
    return reason == REASON_NONE ? parcels_keep(store) : reason;
}
