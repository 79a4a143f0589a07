/* GET /v1/dossiers: search, saved views, pages. */
#include "adapters/desk/desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/desk/dossier_search.h"
#include "adapters/desk/fold.h"
#include "gateway/workers/program.h"

enum { CODE_BYTES = 72, DAY_MS = 24 * 60 * 60 * 1000, MOMENT_BYTES = 48 };

/* ---- what is asked ---- */

static bool refuse(struct api_request *request, const char *name)
{
    api_answer_reason(request, REASON_FIELD_INVALID, name);
    return false;
}

/* Fields beside the box say the same as its operators; both may be used at once and narrow one
 * another. */
static bool add_words(struct api_request *request, struct dossier_query *query)
{
    static const struct {
        const char *name, *condition;
    } texts[] = {{"procedure", " AND procedure = ?"}, {"agency", " AND agency = ?"}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const char *text = api_query(request, texts[i].name);
        if (text != NULL && text[0] != 0)
            dossier_query_text_is(query, texts[i].condition, text);
    }
    const char *words = api_query(request, "q");
    if (words != NULL)
        dossier_query_words(query, words);
    return query->is_whole || refuse(request, "q");
}

/* yyyy-MM-dd, a day of Vietnam. */
static bool add_days(struct api_request *request, struct dossier_query *query)
{
    static const struct {
        const char *name, *condition;
        int64_t later_ms;
    } days[] = {{"received_from", " AND received_ms >= ?", 0},
                {"received_to", " AND received_ms < ?", DAY_MS},
                {"due_from", " AND due_ms >= ?", 0},
                {"due_to", " AND due_ms > 0 AND due_ms < ?", DAY_MS}};
    for (size_t i = 0; i < sizeof days / sizeof *days; i++) {
        char text[MOMENT_BYTES];
        struct stamp stamp;
        const char *day = api_query(request, days[i].name);
        if (day == NULL || day[0] == 0)
            continue;
        (void)snprintf(text, sizeof text, "%.16sT00:00:00+07:00", day);
        if (!stamp_parse(bytes_of_text(text), &stamp))
            return refuse(request, days[i].name);
        dossier_query_number_is(query, days[i].condition, stamp.at.ms + days[i].later_ms);
    }
    return true;
}

/* A view is a condition as any other: it can be searched within, sorted and paged. */
static bool add_choices(struct api_request *request, struct dossier_query *query, wall_t now)
{
    enum { CHANNELS = 3 };
    uint64_t channel;
    enum desk_state state;
    const char *name = api_query(request, "state"), *view = api_query(request, "view");
    if (!api_query_number(request, "channel", 0, CHANNELS, &channel))
        return false;
    if (channel > 0)
        dossier_query_number_is(query, " AND channel = ?", (int64_t)channel);
    if (name != NULL && name[0] != 0) {
        if (!desk_state_parse(name, &state))
            return refuse(request, "state");
        dossier_query_number_is(query, " AND state = ?", (int64_t)state);
    }
    return view == NULL || view[0] == 0 || dossier_query_view(query, view, now) ||
           refuse(request, "view");
}

static bool read_query(struct api_request *request, struct dossier_query *query, wall_t now)
{
    const char *sort = api_query(request, "sort"), *after = api_query(request, "after");
    dossier_query_init(query);
    if (!add_words(request, query) || !add_days(request, query) ||
        !add_choices(request, query, now))
        return false;
    return dossier_query_sort(query, sort == NULL ? "last" : sort, after == NULL ? "" : after) ||
           refuse(request, after == NULL ? "sort" : "after");
}

/* ---- the answer ---- */

/* One more row than is shown says whether there is a next page. */
static json_t *page_json(struct api_request *request, const struct dossier_search *search,
                         int64_t limit, wall_t now, char ret_next[DOSSIER_CURSOR_BYTES])
{
    struct desk *desk = desk_of(request);
    json_t *list = json_array();
    sqlite3_stmt *row = dossier_search_page(&desk->book, search, limit + 1);
    bool ok = row != NULL;
    int64_t count = 0;
    char cursor[DOSSIER_CURSOR_BYTES] = "";
    ret_next[0] = 0;
    while (ok && book_next(&desk->book, row)) {
        if (count++ == limit) {
            memcpy(ret_next, cursor, sizeof cursor);
            break;
        }
        (void)snprintf(cursor, sizeof cursor, "%lld~%lld", (long long)sqlite3_column_int64(row, 15),
                       (long long)sqlite3_column_int64(row, 0));
        ok = json_array_append_new(list, dossier_row_json(row, desk->registry,
                                                          desk_call(request)->person.sees_content,
                                                          now)) == 0;
    }
    (void)sqlite3_finalize(row);
    return json_whole(list, ok);
}

/* q was a code, however it was written: that one. */
static bool put_exact(struct api_request *request, json_t *object)
{
    char canonical[CODE_BYTES];
    const char *words = api_query(request, "q");
    struct book *book = &desk_of(request)->book;
    if (words == NULL ||
        fold_code(bytes_of_text(words), canonical, sizeof canonical) + 1 >= sizeof canonical)
        return true;
    sqlite3_stmt *row = book_ask(book, BOOK_DOSSIER_OF_CANON, "t", canonical);
    bool ok = !book_next(book, row) || put_word(object, "exact", book_text(row, 1));
    book_end(row);
    return ok;
}

/* The page, then how many there are in all, and whether what was typed was one dossier's code. */
void dossiers_get(struct api_request *request)
{
    struct desk *desk = desk_of(request);
    struct dossier_query query;
    struct dossier_search search;
    char next[DOSSIER_CURSOR_BYTES];
    uint64_t limit;
    wall_t now = program_wall();
    if (!api_query_number(request, "limit", API_PAGE_DEFAULT, API_PAGE_MAX, &limit) ||
        !read_query(request, &query, now))
        return;
    dossier_search_begin(&desk->book, &query, (int64_t)limit, &search);
    json_t *page = page_json(request, &search, (int64_t)limit, now, next);
    if (dossier_search_goes_on(&search, next[0] != 0)) {
        json_decref(page);
        page = page_json(request, &search, (int64_t)limit, now, next);
    }
    json_t *object = json_object();
    bool ok = json_put(object, "dossiers", page) &&
              json_put(object, "count", json_integer(search.count)) &&
              json_put(object, "count_is_capped", json_boolean(search.is_capped)) &&
              put_word(object, "next", next) && put_exact(request, object);
    api_answer_json(request, HTTP_OK, json_whole(object, ok));
}
