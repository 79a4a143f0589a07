/* Rows of the audit. What people do is a row each; what strangers try is counted, so that whoever
 * guesses passwords fills neither the book nor the eyes of who reads it. */
#include "adapters/desk/desk.h"
#include "gateway/workers/program.h"

enum { FAILURES_MAX = 500, EAST_MS = 7 * 3600 * 1000, DAY_MS = 24 * 3600 * 1000 };

enum reason desk_audit(struct api_request *request, const struct person *person,
                       const struct desk_action *action)
{
    return book_run(&desk_of(request)->book, BOOK_AUDIT_ADD, "itttttttt", program_wall().ms,
                    person->name, person->full_name, desk_call(request)->address, action->action,
                    action->object == NULL ? "" : action->object, action->before, action->after,
                    action->outcome == NULL ? "ok" : action->outcome);
}

/* One row for a person and an address in a day; beyond FAILURES_MAX rows one for all others. False:
 * there is none yet. */
static bool count_one(struct book *book, const char *name, const char *address, int64_t midnight)
{
    return book_run(book, BOOK_AUDIT_FAILED_MORE, "tti", address, name, midnight) == REASON_NONE &&
           book_changes(book) > 0;
}

static bool has_room(struct book *book, int64_t midnight)
{
    sqlite3_stmt *row =
        book_ask(book, BOOK_AUDIT_FAILED_COUNT, "ii", midnight, (int64_t)FAILURES_MAX);
    bool has = book_next(book, row) && sqlite3_column_int64(row, 0) < FAILURES_MAX;
    book_end(row);
    return has;
}

/* A name that nobody has is not written down: it may be a password that was typed into the wrong
 * field. It costs what a name costs that somebody has. */
void desk_audit_failure(struct api_request *request, const struct person *person)
{
    static const struct person nobody;
    struct book *book = &desk_of(request)->book;
    struct desk_call *call = desk_call(request);
    const struct desk_action action = {
        .action = "sign_in", .after = "1", .outcome = reason_code(REASON_SIGN_IN_WRONG)};
    int64_t now = program_wall().ms;
    int64_t midnight = now - (now + EAST_MS) % DAY_MS;
    person = person == NULL ? &nobody : person;
    if (count_one(book, person->name, call->address, midnight))
        return;
    if (has_room(book, midnight)) {
        (void)desk_audit(request, person, &action);
    } else if (!count_one(book, "", "", midnight)) {
        (void)book_run(book, BOOK_AUDIT_ADD, "itttttttt", now, "", "", "", action.action, "", NULL,
                       action.after, action.outcome);
    }
}
