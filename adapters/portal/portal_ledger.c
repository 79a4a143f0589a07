/* The writing half of the ledger: statements, transactions, rows. One SQLite file of the adapter's
 * own, because what the portal has accepted is neither a message nor a receipt and must survive
 * both.
 *
 * A failure inside a transaction is remembered and makes the commit fail, so that callers may
 * write row after row and look once at the end. Statements are prepared when they are first needed
 * and kept until the ledger is closed. */
#include "adapters/portal/portal_ledger_parts.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/api/json_text.h"
#include "proto/base/check.h"

/* Ended, equal at both sides since its last change, which is older than ?1, and nobody has anything
 * to do with it any more. 3, 7, 8, 10: no state follows (routing/dossier/dossier_state.c). */
#define OVER                                                                                       \
    "SELECT d.code FROM dossier d WHERE d.equal_ms > 0 AND d.changed_ms < ?1 AND d.presence = 1"   \
    " AND d.state IN (3, 7, 8, 10)"                                                                \
    " AND NOT EXISTS (SELECT 1 FROM event e WHERE e.code = d.code"                                 \
    "  AND (e.outcome IN (2, 3) OR e.changed_ms >= ?1))"                                           \
    " AND NOT EXISTS (SELECT 1 FROM repair r WHERE r.done_ms IS NULL AND r.code = d.code)"         \
    " AND NOT EXISTS (SELECT 1 FROM difference f WHERE f.code = d.code)"                           \
    " ORDER BY d.changed_ms, d.code LIMIT ?2"

static const char *const statements[LEDGER_STATEMENTS] = {
#define STATEMENT(name, text) [LEDGER_##name] = text,
#include "adapters/portal/portal_ledger_statements.def"
#undef STATEMENT
};

/* ---- SQLite ---------------------------------------------------------------------------------- */

/* Values behind a format of one letter each: 't' a text that SQLite copies, 'i' an int64_t. NULL:
 * the statement could not be prepared or a value not be copied, which ledger_do takes for a lack of
 * memory: without its value a statement would find nothing, and succeed. */
sqlite3_stmt *ledger_bind(struct portal_ledger *ledger, enum ledger_statement which,
                          const char *format, ...)
{
    sqlite3_stmt **statement = &ledger->statements[which];
    if (*statement == NULL &&
        sqlite3_prepare_v3(ledger->database, statements[which], -1, SQLITE_PREPARE_PERSISTENT,
                           statement, NULL) != SQLITE_OK)
        return NULL;
    va_list values;
    va_start(values, format);
    (void)sqlite3_reset(*statement);
    int code = SQLITE_OK;
    for (int i = 0; format[i] != 0 && code == SQLITE_OK; i++) {
        if (format[i] == 't')
            code = sqlite3_bind_text(*statement, i + 1, va_arg(values, const char *), -1,
                                     SQLITE_TRANSIENT);
        else
            code = sqlite3_bind_int64(*statement, i + 1, va_arg(values, int64_t));
    }
    va_end(values);
    return code == SQLITE_OK ? *statement : NULL;
}

enum reason ledger_do(struct portal_ledger *ledger, sqlite3_stmt *statement)
{
    enum reason reason = REASON_OUT_OF_MEMORY;
    if (statement != NULL) {
        reason = sqlite_reason(ledger->database, sqlite3_step(statement));
        (void)sqlite3_reset(statement);
    }
    if (reason != REASON_NONE && ledger->failed == REASON_NONE)
        ledger->failed = reason;
    return reason;
}

const char *ledger_text(sqlite3_stmt *row, int column)
{
    const unsigned char *text = sqlite3_column_text(row, column);
    return text == NULL ? "" : (const char *)text;
}

void portal_ledger_close(struct portal_ledger **ledger_pointer)
{
    struct portal_ledger *ledger = *ledger_pointer;
    *ledger_pointer = NULL;
    if (ledger == NULL)
        return;
    for (int i = 0; i < LEDGER_STATEMENTS; i++)
        (void)sqlite3_finalize(ledger->statements[i]);
    (void)sqlite3_close(ledger->database);
    free(ledger);
}

/* ---- transactions ---------------------------------------------------------------------------- */

enum reason portal_ledger_begin(struct portal_ledger *ledger)
{
    check(!ledger->is_open);
    ledger->failed = REASON_NONE;
    enum reason reason = ledger_do(ledger, ledger_bind(ledger, LEDGER_BEGIN, ""));
    ledger->is_open = reason == REASON_NONE;
    return reason;
}

void portal_ledger_rollback(struct portal_ledger *ledger)
{
    if (ledger->is_open)
        (void)ledger_do(ledger, ledger_bind(ledger, LEDGER_ROLLBACK, ""));
    ledger->is_open = false;
}

enum reason portal_ledger_commit(struct portal_ledger *ledger)
{
    if (!ledger->is_open)
        return ledger->failed != REASON_NONE ? ledger->failed : REASON_STORE_FAILED;
    enum reason reason = ledger->failed;
    if (reason == REASON_NONE)
        reason = ledger_do(ledger, ledger_bind(ledger, LEDGER_COMMIT, ""));
    if (reason != REASON_NONE) {
        portal_ledger_rollback(ledger);
        return reason;
    }
    ledger->is_open = false;
    return REASON_NONE;
}

/* ---- writing --------------------------------------------------------------------------------- */

/* A result counts as electronic when it has a file (decision 766/QĐ-TTg: also a code; the dialect
 * sends what there is). */
static bool has_result_file(const json_t *facts)
{
    size_t index;
    const json_t *result;
    json_array_foreach(json_object_get(facts, "results"), index, result)
    {
        if (json_array_size(json_object_get(result, "files")) > 0)
            return true;
    }
    return false;
}

enum reason portal_ledger_put_dossier(struct portal_ledger *ledger, const char *code,
                                      enum portal_presence presence, const json_t *facts,
                                      wall_t now)
{
    char *text = json_dumps(facts, JSON_COMPACT);
    if (text == NULL)
        return ledger_do(ledger, NULL);
    bool has_result = has_result_file(facts);
    bool has_files = json_array_size(json_object_get(facts, "files")) > 0;
    sqlite3_stmt *statement =
        ledger_bind(ledger, LEDGER_PUT_DOSSIER, "ttiiiiiiiiiiiti", code,
                    portal_fact_text(json_object_get(facts, "agency"), "key"), (int64_t)presence,
                    portal_fact_number(facts, "state"), portal_fact_number(facts, "channel"),
                    portal_fact_number(facts, "received_ms"), portal_fact_number(facts, "due_ms"),
                    portal_fact_number(facts, "finished_ms"),
                    portal_fact_number(facts, "handed_ms"), portal_fact_number(facts, "pause_ms"),
                    (int64_t)json_array_size(json_object_get(facts, "supplements")),
                    (int64_t)has_result, (int64_t)(has_result && has_files), text, now.ms);
    free(text);
    return ledger_do(ledger, statement);
}

enum reason portal_ledger_mark(struct portal_ledger *ledger, const char *code,
                               enum portal_presence presence, wall_t now)
{
    return ledger_do(ledger,
                     ledger_bind(ledger, LEDGER_MARK, "tii", code, (int64_t)presence, now.ms));
}

enum reason portal_ledger_forget(struct portal_ledger *ledger, const char *code)
{
    return ledger_do(ledger, ledger_bind(ledger, LEDGER_FORGET, "t", code));
}

enum reason portal_ledger_put_event(struct portal_ledger *ledger, const struct portal_row *row,
                                    wall_t now)
{
    char *message = json_dumps(row->message, JSON_COMPACT);
    if (message == NULL)
        return ledger_do(ledger, NULL);
    sqlite3_stmt *statement =
        ledger_bind(ledger, LEDGER_PUT_EVENT, "tttiiiiitti", row->message_id, row->code, row->type,
                    (int64_t)row->service, (int64_t)row->state, row->at_ms, (int64_t)row->outcome,
                    (int64_t)row->reason, row->text, message, now.ms);
    free(message);
    return ledger_do(ledger, statement);
}

enum reason portal_ledger_ask_repair(struct portal_ledger *ledger, const char *code, int64_t first,
                                     int64_t last, wall_t now)
{
    enum reason reason = ledger_do(
        ledger, ledger_bind(ledger, LEDGER_ASK_REPAIR, "tiii", code, first, last, now.ms));
    if (reason == REASON_NONE)
        ledger->last_repair = sqlite3_last_insert_rowid(ledger->database);
    return reason;
}

enum reason portal_ledger_end_repair(struct portal_ledger *ledger, int64_t number,
                                     enum reason reason, wall_t now)
{
    return ledger_do(
        ledger, ledger_bind(ledger, LEDGER_END_REPAIR, "iii", number, (int64_t)reason, now.ms));
}

enum reason portal_ledger_close_event(struct portal_ledger *ledger, const char *message_id,
                                      wall_t now)
{
    enum reason reason =
        ledger_do(ledger, ledger_bind(ledger, LEDGER_CLOSE_EVENT, "ti", message_id, now.ms));
    if (reason == REASON_NONE && sqlite3_changes(ledger->database) == 0)
        return REASON_NOT_FOUND;
    return reason;
}

int64_t portal_ledger_last_repair(const struct portal_ledger *ledger)
{
    return ledger->last_repair;
}

enum reason portal_ledger_put_difference(struct portal_ledger *ledger,
                                         const struct portal_difference_view *difference,
                                         wall_t now)
{
    return ledger_do(ledger, ledger_bind(ledger, LEDGER_PUT_DIFFERENCE, "tiiiii", difference->code,
                                         (int64_t)difference->kind, (int64_t)difference->ours,
                                         (int64_t)difference->theirs, difference->repair, now.ms));
}

enum reason portal_ledger_drop_difference(struct portal_ledger *ledger, const char *code)
{
    return ledger_do(ledger, ledger_bind(ledger, LEDGER_DROP_DIFFERENCE, "t", code));
}

enum reason portal_ledger_settle_load(struct portal_ledger *ledger, const char *id, wall_t now)
{
    return ledger_do(ledger, ledger_bind(ledger, LEDGER_SETTLE_LOAD, "ti", id, now.ms));
}

enum reason portal_ledger_put_note(struct portal_ledger *ledger, const char *name,
                                   const char *value)
{
    return ledger_do(ledger, ledger_bind(ledger, LEDGER_PUT_NOTE, "tt", name, value));
}
