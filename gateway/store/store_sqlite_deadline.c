/* The clocks of dossiers: a row for each, found by code, and the open ones by when they are due.
 * Reckoning is not done here (routing/deadline); a clock is kept as the adapter's core computed
 * it. */
#include "gateway/store/store_sqlite_internal.h"

#include <string.h>

/* The clock as it is kept: numbers of 8 bytes, little-endian on every machine that we run on. */
enum { CLOCK_NUMBERS = 9 };

/* One column for the whole clock: it is read and written as one, and only what is asked for (open,
 * due, agency) has a column that an index can use. */
static void put_clock(const struct deadline *deadline, int64_t numbers[CLOCK_NUMBERS])
{
    const int64_t all[CLOCK_NUMBERS] = {
        deadline->state,      deadline->marks,       deadline->supplements,
        deadline->extensions, deadline->received.ms, deadline->appointed.ms,
        deadline->due.ms,     deadline->paused.ms,   deadline->finished.ms,
    };
    memcpy(numbers, all, sizeof all);
}

static bool get_clock(struct bytes clock, struct deadline *ret_deadline)
{
    int64_t numbers[CLOCK_NUMBERS];
    if (clock.size != sizeof numbers)
        return false;
    memcpy(numbers, clock.data, sizeof numbers);
    *ret_deadline = (struct deadline){
        .state = (enum deadline_state)numbers[0],
        .marks = (uint32_t)numbers[1],
        .supplements = (uint32_t)numbers[2],
        .extensions = (uint32_t)numbers[3],
        .received = {numbers[4]},
        .appointed = {numbers[5]},
        .due = {numbers[6]},
        .paused = {numbers[7]},
        .finished = {numbers[8]},
    };
    return numbers[0] >= DEADLINE_RUNNING && numbers[0] <= DEADLINE_FINISHED;
}

/* A finished clock stays as a row, because its dossier may be opened again; "open" takes it out of
 * the index of what is due. */
enum reason deadline_write(struct store_sqlite *store, const struct store_deadline *row)
{
    int64_t numbers[CLOCK_NUMBERS];
    uint64_t agency = 0;
    enum reason reason =
        key_is_none(&row->agency) ? REASON_NONE : participants_intern(store, &row->agency, &agency);
    if (reason != REASON_NONE)
        return reason;
    put_clock(&row->deadline, numbers);
    return sql_run(store,
                   BIND(store, SQL_SET_DEADLINE, TEXT(row->dossier_code),
                        NUMBER(row->deadline.state != DEADLINE_FINISHED),
                        NUMBER(row->deadline.due.ms), NUMBER(agency), TEXT(row->procedure_code),
                        BLOB((const uint8_t *)numbers, sizeof numbers)));
}

/* Texts go to the answer, which may move while it grows: ret_row holds where they stand in it. */
struct row_place {
    size_t at, dossier_size, procedure_size;
};

static enum reason take_row(struct store_sqlite *store, sqlite3_stmt *statement,
                            struct store_deadline *ret_row, struct row_place *ret_place)
{
    struct bytes dossier = sql_blob(statement, 0);
    struct bytes procedure = sql_blob(statement, 1);
    uint64_t agency = sql_number(statement, 2);
    struct store_deadline row = {0};
    if (!get_clock(sql_blob(statement, 3), &row.deadline))
        return REASON_STORE_CORRUPT;
    if (agency != 0) {
        enum reason reason = participants_key(&store->participants, agency, &row.agency);
        if (reason != REASON_NONE)
            return reason;
    }
    *ret_place = (struct row_place){store->answer.size, dossier.size, procedure.size};
    if (!buffer_append(&store->answer, dossier) || !buffer_append(&store->answer, procedure))
        return REASON_OUT_OF_MEMORY;
    *ret_row = row;
    return REASON_NONE;
}

/* To be called when the answer grows no more. */
static void point_into_answer(const struct store_sqlite *store, struct store_deadline *row,
                              const struct row_place *place)
{
    const uint8_t *text = buffer_view(&store->answer).data + place->at;
    row->dossier_code = (struct bytes){text, place->dossier_size};
    row->procedure_code = (struct bytes){text + place->dossier_size, place->procedure_size};
}

enum reason store_sqlite_read_deadline(struct store *store, struct bytes dossier_code,
                                       struct store_deadline *ret_deadline)
{
    struct store_sqlite *self = self_of(store);
    struct row_place place;
    enum reason reason = store_sqlite_ready(self);
    if (reason != REASON_NONE)
        return reason;
    sqlite3_stmt *statement = BIND(self, SQL_READ_DEADLINE, TEXT(dossier_code));
    reason = sql_row(self, statement);
    if (reason != REASON_NONE)
        return reason;
    buffer_clear(&self->answer);
    reason = take_row(self, statement, ret_deadline, &place);
    (void)sqlite3_reset(statement);
    if (reason == REASON_NONE)
        point_into_answer(self, ret_deadline, &place);
    return reason;
}

enum reason store_sqlite_list_deadlines(struct store *store,
                                        const struct store_deadline_filter *filter,
                                        struct store_deadline *ret_deadlines, size_t limit,
                                        size_t *ret_count)
{
    struct store_sqlite *self = self_of(store);
    struct row_place places[STORE_PAGE_MAX];
    size_t count = 0;
    enum reason reason = store_sqlite_ready(self);
    uint64_t agency = participants_find(&self->participants, &filter->agency);
    if (reason != REASON_NONE || (agency == 0 && !key_is_none(&filter->agency))) {
        *ret_count = 0;
        return reason;
    }
    sqlite3_stmt *statement =
        BIND(self, SQL_LIST_DEADLINES, NUMBER(filter->after_due.ms), TEXT(filter->after_dossier),
             NUMBER(filter->due_before.ms == 0 ? INT64_MAX : filter->due_before.ms), NUMBER(agency),
             NUMBER(limit < STORE_PAGE_MAX ? limit : STORE_PAGE_MAX));
    buffer_clear(&self->answer);
    while (sql_next(self, statement, &reason)) {
        reason = take_row(self, statement, &ret_deadlines[count], &places[count]);
        count += reason == REASON_NONE;
    }
    for (size_t i = 0; i < count; i++)
        point_into_answer(self, &ret_deadlines[i], &places[i]);
    if (reason == REASON_NONE)
        *ret_count = count;
    return reason;
}

/* Goes through all open clocks, a few thousand at most in a province, since what is overdue changes
 * with the time and not with a write. */
enum reason store_sqlite_count_deadlines(struct store *store, wall_t now,
                                         struct deadline_count *ret_counts, size_t limit,
                                         size_t *ret_count)
{
    struct store_sqlite *self = self_of(store);
    sqlite3_stmt *statement = self->statements[SQL_EACH_DEADLINE];
    size_t count = 0;
    enum reason reason = store_sqlite_ready(self);
    while (sql_next(self, statement, &reason)) {
        struct store_deadline row;
        struct row_place place;
        buffer_clear(&self->answer);
        reason = take_row(self, statement, &row, &place);
        if (reason == REASON_NONE)
            count = deadline_count_add(&row.deadline, &row.agency, now, ret_counts, count, limit);
    }
    if (reason == REASON_NONE)
        *ret_count = count;
    return reason;
}
