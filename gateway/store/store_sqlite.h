/* store_sqlite - the embedded custody store: one SQLite file, WAL, synchronous=FULL.
 *
 * Opens or creates path; migrates an older schema forward; refuses a newer one
 * (REASON_STORE_NEWER). The port's contract is gateway/port/store.h. The file holds evidence: back
 * it up with `sqlite3 FILE ".backup …"`; its schema is documented in gateway/store/README.md.
 */
#pragma once

#include "gateway/port/store.h"

struct store_sqlite_options {
    const char *vfs_name;     /* NULL: SQLite's default; the simulator passes a faulty one */
    uint32_t cache_bytes;     /* page cache; 0: default (8 MiB) */
    uint32_t busy_timeout_ms; /* 0: default (5 s) */
    bool is_reader;           /* beside its owner: reads what stood when it was opened */
    bool has_checkpointer;    /* apply leaves copying the log to a thread (checkpointer.h) */
};

/* options may be NULL. */
enum reason store_sqlite_open(const char *path, const struct store_sqlite_options *options,
                              struct store **ret_store);

/* For an archive: the entries that went into the ledger with that head, packed (packed.h), and how
 * many stood before them. NOT_FOUND: they have gone; good until the next call. */
enum reason store_sqlite_entries_of_head(struct store *store, uint64_t head_seq,
                                         uint64_t *ret_first, struct bytes *ret_entries);

/* The version of the tables that this release writes; one that is larger is refused. */
int64_t store_sqlite_schema(void);
