/* portal_ledger_parts - what the files of the ledger share. Nobody else includes this.
 *
 *   portal_ledger_open.c   opening
 *   portal_ledger.c        transactions, writing
 *   portal_ledger_read.c   walking
 *   portal_ledger_prune.c  what goes after years */
#pragma once

#include <sqlite3.h>

#include "adapters/portal/portal_ledger.h"
#include "gateway/store/sqlite_reason.h"

enum ledger_statement {
#define STATEMENT(name, text) LEDGER_##name,
#include "adapters/portal/portal_ledger_statements.def"
#undef STATEMENT
    LEDGER_STATEMENTS,
};

enum { LEDGER_PATH_BYTES_MAX = 1200 };

struct portal_ledger {
    sqlite3 *database;
    sqlite3_stmt *statements[LEDGER_STATEMENTS];
    bool is_open; /* a transaction */
    enum reason failed;
    int64_t last_repair;
};

/* Prepared, reset, bound: format has t (const char *) or i (int64_t) for each parameter. NULL: the
 * statement cannot be made. */
sqlite3_stmt *ledger_bind(struct portal_ledger *ledger, enum ledger_statement which,
                          const char *format, ...);
/* Runs a statement without rows. */
enum reason ledger_do(struct portal_ledger *ledger, sqlite3_stmt *statement);
const char *ledger_text(sqlite3_stmt *row, int column);
