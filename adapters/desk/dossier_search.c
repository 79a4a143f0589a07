/* Each question is prepared when it is asked, since its text depends on what is asked; SQLite does
 * that in microseconds. */
#include "adapters/desk/dossier_search.h"

/* NULL: it could not be, and the book says why. */
static sqlite3_stmt *prepare(struct book *book, const struct dossier_query *query,
                             enum dossier_question question, int64_t limit)
{
    char text[DOSSIER_QUERY_BYTES];
    sqlite3_stmt *row = NULL;
    dossier_query_print(query, question, limit, text);
    if (sqlite3_prepare_v2(book->database, text, -1, &row, NULL) == SQLITE_OK)
        dossier_query_bind(query, question, row);
    return row;
}

/* Bounded: beyond a thousand nobody wants the number, and counting a million rows would keep
 * everybody waiting. */
int64_t dossier_search_count(struct book *book, const struct dossier_query *query)
{
    sqlite3_stmt *row = prepare(book, query, QUESTION_COUNT, 0);
    int64_t count = row != NULL && book_next(book, row) ? sqlite3_column_int64(row, 0) : 0;
    (void)sqlite3_finalize(row);
    return count;
}

/* What looking alone knows. */
static void look(struct book *book, struct dossier_search *search)
{
    sqlite3_stmt *row = prepare(book, search->query, QUESTION_WALK_COUNT, 0);
    if (row != NULL && book_next(book, row)) {
        search->is_cut = sqlite3_column_int64(row, 0) == dossier_query_walk_max(search->query);
        search->count = sqlite3_column_int64(row, 1);
    }
    (void)sqlite3_finalize(row);
}

/* Of what was not looked at to its end as many are told as were seen, and that there are more. */
void dossier_search_begin(struct book *book, const struct dossier_query *query, int64_t limit,
                          struct dossier_search *ret_search)
{
    struct dossier_search search = {.query = query, .question = QUESTION_WALK_PAGE};
    if (query->words[0] != 0)
        look(book, &search);
    if (query->words[0] == 0 || (search.is_cut && search.count <= limit)) {
        search.question = QUESTION_PAGE;
        search.count = dossier_search_count(book, query);
        search.is_cut = false;
    }
    search.is_capped = search.is_cut || search.count > DOSSIER_COUNT_MAX;
    if (search.count > DOSSIER_COUNT_MAX)
        search.count = DOSSIER_COUNT_MAX;
    *ret_search = search;
}

sqlite3_stmt *dossier_search_page(struct book *book, const struct dossier_search *search,
                                  int64_t limit)
{
    return prepare(book, search->query, search->question, limit);
}

bool dossier_search_goes_on(struct dossier_search *search, bool is_full)
{
    bool goes_on = search->question == QUESTION_WALK_PAGE && search->is_cut && !is_full;
    if (goes_on)
        search->question = QUESTION_PAGE;
    return goes_on;
}
