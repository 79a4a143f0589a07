/* The reading half of the ledger; portal_ledger.c writes. Texts of a row are SQLite's own until the
 * next one, and every statement is reset before a function returns, since an open one would hold
 * back the WAL's checkpoint for both processes. */
#include "adapters/portal/portal_ledger_parts.h"

#include <stdio.h>

/* The facts are the caller's: a row that cannot be parsed is damage, not a dossier without facts.
 */
enum reason portal_ledger_dossier(struct portal_ledger *ledger, const char *code,
                                  struct portal_dossier *ret_dossier)
{
    sqlite3_stmt *row = ledger_bind(ledger, LEDGER_DOSSIER, "t", code);
    if (row == NULL)
        return REASON_OUT_OF_MEMORY;
    int step = sqlite3_step(row);
    enum reason reason =
        step == SQLITE_DONE ? REASON_NOT_FOUND : sqlite_reason(ledger->database, step);
    if (step == SQLITE_ROW) {
        struct portal_dossier dossier = {.presence =
                                             (enum portal_presence)sqlite3_column_int(row, 0),
                                         .state = (enum dossier_state)sqlite3_column_int(row, 1),
                                         .facts = json_loads(ledger_text(row, 2), 0, NULL)};
        if (dossier.facts == NULL)
            reason = REASON_STORE_CORRUPT;
        else
            *ret_dossier = dossier;
    }
    (void)sqlite3_reset(row);
    return reason;
}

enum reason portal_ledger_find(struct portal_ledger *ledger, const char *message_id,
                               struct portal_known *ret_known)
{
    sqlite3_stmt *row = ledger_bind(ledger, LEDGER_OUTCOME, "t", message_id);
    if (row == NULL)
        return REASON_OUT_OF_MEMORY;
    int step = sqlite3_step(row);
    if (step == SQLITE_ROW) {
        ret_known->outcome = (enum portal_outcome)sqlite3_column_int(row, 0);
        ret_known->reason = (enum reason)sqlite3_column_int(row, 1);
        (void)snprintf(ret_known->code, sizeof ret_known->code, "%s", ledger_text(row, 2));
        (void)snprintf(ret_known->type, sizeof ret_known->type, "%s", ledger_text(row, 3));
    }
    (void)sqlite3_reset(row);
    return step == SQLITE_DONE ? REASON_NOT_FOUND : sqlite_reason(ledger->database, step);
}

enum reason portal_ledger_outcome(struct portal_ledger *ledger, const char *message_id,
                                  enum portal_outcome *ret_outcome, enum reason *ret_reason)
{
    struct portal_known known;
    enum reason reason = portal_ledger_find(ledger, message_id, &known);
    if (reason == REASON_NONE) {
        *ret_outcome = known.outcome;
        *ret_reason = known.reason;
    }
    return reason;
}

/* The view's texts are SQLite's own until the next row; `each` copies what it keeps. False from it
 * ends the walk, and is no fault. */
static enum reason walk_events(sqlite3_stmt *row,
                               bool (*each)(void *context, const struct portal_event_view *view),
                               void *context)
{
    int step = SQLITE_NOMEM;
    bool more = row != NULL;
    while (more && (step = sqlite3_step(row)) == SQLITE_ROW) {
        struct portal_event_view view = {
            .number = sqlite3_column_int64(row, 0),
            .message_id = ledger_text(row, 1),
            .code = ledger_text(row, 2),
            .type = ledger_text(row, 3),
            .service = sqlite3_column_int(row, 4),
            .state = sqlite3_column_int(row, 5),
            .at_ms = sqlite3_column_int64(row, 6),
            .outcome = (enum portal_outcome)sqlite3_column_int(row, 7),
            .reason = (enum reason)sqlite3_column_int(row, 8),
            .text = ledger_text(row, 9),
            .message = ledger_text(row, 10),
            .changed_ms = sqlite3_column_int64(row, 11),
        };
        more = each(context, &view);
    }
    (void)sqlite3_reset(row);
    return sqlite_reason(row == NULL ? NULL : sqlite3_db_handle(row), step);
}

enum reason portal_ledger_events(struct portal_ledger *ledger, const char *code, int64_t after,
                                 bool (*each)(void *context, const struct portal_event_view *view),
                                 void *context)
{
    return walk_events(ledger_bind(ledger, LEDGER_EVENTS, "ti", code, after), each, context);
}

enum reason portal_ledger_worklist(struct portal_ledger *ledger,
                                   bool (*each)(void *context,
                                                const struct portal_event_view *view),
                                   void *context)
{
    return walk_events(ledger_bind(ledger, LEDGER_WORKLIST, ""), each, context);
}

int64_t portal_ledger_open_items(struct portal_ledger *ledger)
{
    sqlite3_stmt *row = ledger_bind(ledger, LEDGER_OPEN_ITEMS, "");
    int64_t count =
        row != NULL && sqlite3_step(row) == SQLITE_ROW ? sqlite3_column_int64(row, 0) : -1;
    (void)sqlite3_reset(row);
    return count;
}

/* What a first load has marked and not settled (presence 2) is left out: nobody knows yet whether
 * the portal has it. */
enum reason portal_ledger_dossiers(
    struct portal_ledger *ledger, wall_t from, wall_t to, const char *after, int limit,
    bool (*each)(void *context, const struct portal_dossier_view *view), void *context)
{
    sqlite3_stmt *row =
        ledger_bind(ledger, LEDGER_DOSSIERS, "tiii", after, from.ms, to.ms, (int64_t)limit);
    int step = SQLITE_NOMEM;
    bool more = row != NULL;
    while (more && (step = sqlite3_step(row)) == SQLITE_ROW) {
        struct portal_dossier_view view = {
            .code = ledger_text(row, 0),
            .agency = ledger_text(row, 1),
            .presence = (enum portal_presence)sqlite3_column_int(row, 2),
            .state = sqlite3_column_int(row, 3),
            .channel = sqlite3_column_int(row, 4),
            .supplements = sqlite3_column_int(row, 5),
            .received_ms = sqlite3_column_int64(row, 6),
            .due_ms = sqlite3_column_int64(row, 7),
            .finished_ms = sqlite3_column_int64(row, 8),
            .handed_ms = sqlite3_column_int64(row, 9),
            .pause_ms = sqlite3_column_int64(row, 10),
            .has_result_file = sqlite3_column_int(row, 11) != 0,
            .is_digitised = sqlite3_column_int(row, 12) != 0,
        };
        more = each(context, &view);
    }
    (void)sqlite3_reset(row);
    return sqlite_reason(ledger->database, step);
}

enum reason portal_ledger_loading(struct portal_ledger *ledger,
                                  bool (*each)(void *context, const char *code, const char *facts),
                                  void *context)
{
    sqlite3_stmt *row = ledger_bind(ledger, LEDGER_LOADING, "");
    int step = SQLITE_NOMEM;
    bool more = row != NULL;
    while (more && (step = sqlite3_step(row)) == SQLITE_ROW)
        more = each(context, ledger_text(row, 0), ledger_text(row, 1));
    (void)sqlite3_reset(row);
    return sqlite_reason(ledger->database, step);
}

/* The oldest one that is not done, behind the one given. */
enum reason portal_ledger_repair(struct portal_ledger *ledger, int64_t after,
                                 struct portal_repair *ret_repair)
{
    sqlite3_stmt *row = ledger_bind(ledger, LEDGER_REPAIR, "i", after);
    if (row == NULL)
        return REASON_OUT_OF_MEMORY;
    int step = sqlite3_step(row);
    if (step == SQLITE_ROW) {
        ret_repair->number = sqlite3_column_int64(row, 0);
        (void)snprintf(ret_repair->code, sizeof ret_repair->code, "%s", ledger_text(row, 1));
        ret_repair->first = sqlite3_column_int64(row, 2);
        ret_repair->last = sqlite3_column_int64(row, 3);
    }
    (void)sqlite3_reset(row);
    return step == SQLITE_DONE ? REASON_NOT_FOUND : sqlite_reason(ledger->database, step);
}

enum reason portal_ledger_repair_state(struct portal_ledger *ledger, int64_t number,
                                       bool *ret_is_done, enum reason *ret_reason)
{
    sqlite3_stmt *row = ledger_bind(ledger, LEDGER_REPAIR_STATE, "i", number);
    if (row == NULL)
        return REASON_OUT_OF_MEMORY;
    int step = sqlite3_step(row);
    if (step == SQLITE_ROW) {
        *ret_is_done = sqlite3_column_int(row, 0) != 0;
        *ret_reason = (enum reason)sqlite3_column_int(row, 1);
    }
    (void)sqlite3_reset(row);
    return step == SQLITE_DONE ? REASON_NOT_FOUND : sqlite_reason(ledger->database, step);
}

enum reason portal_ledger_differences(struct portal_ledger *ledger, const char *after,
                                      bool (*each)(void *context,
                                                   const struct portal_difference_view *view),
                                      void *context)
{
    sqlite3_stmt *row = ledger_bind(ledger, LEDGER_DIFFERENCES, "t", after);
    int step = SQLITE_NOMEM;
    bool more = row != NULL;
    while (more && (step = sqlite3_step(row)) == SQLITE_ROW) {
        struct portal_difference_view view = {
            .code = ledger_text(row, 0),
            .kind = (enum portal_difference)sqlite3_column_int(row, 1),
            .ours = sqlite3_column_int(row, 2),
            .theirs = sqlite3_column_int(row, 3),
            .repair = sqlite3_column_int64(row, 4),
        };
        more = each(context, &view);
    }
    (void)sqlite3_reset(row);
    return sqlite_reason(ledger->database, step);
}

/* One that cannot be read is no empty one: of the ledger's id that would be taken for a ledger of
 * somebody else's, or for a new one. */
enum reason portal_ledger_note(struct portal_ledger *ledger, const char *name,
                               char ret_value[PORTAL_NOTE_BYTES])
{
    sqlite3_stmt *row = ledger_bind(ledger, LEDGER_NOTE, "t", name);
    int step = row == NULL ? SQLITE_NOMEM : sqlite3_step(row);
    const char *value = step == SQLITE_ROW ? (const char *)sqlite3_column_text(row, 0) : "";
    enum reason reason =
        value == NULL ? REASON_OUT_OF_MEMORY : sqlite_reason(ledger->database, step);
    if (reason == REASON_NONE)
        (void)snprintf(ret_value, PORTAL_NOTE_BYTES, "%s", value);
    (void)sqlite3_reset(row);
    return reason;
}
