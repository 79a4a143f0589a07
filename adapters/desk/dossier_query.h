/* dossier_query - what GET /v1/dossiers asks, as SQL: filter, sort and page in the store.
 *
 *   dossier_query_init
 *   dossier_query_view, _words, _add …        each adds a condition
 *   dossier_query_sort(query, sort, after)    false: the cursor is none of that order's
 *   dossier_query_print ─▶ prepare ─▶ dossier_query_bind
 *
 * The text is made of pieces of this program's own; what a person wrote is bound, never written
 * into it. The cursor is "VALUE~NUMBER" of the last row: keyset paging, so that a page costs the
 * same wherever it is.
 */
#pragma once

#include <sqlite3.h>

#include "adapters/desk/dossier_row.h"

enum {
    DOSSIER_QUERY_BYTES = 4096,
    DOSSIER_VALUES_MAX = 24,
    DOSSIER_VALUE_BYTES = 256,
    DOSSIER_CURSOR_BYTES = 128,
    DOSSIER_COUNT_MAX = 1000, /* more are not counted: that would take as long as there are many */
};

struct dossier_value {
    bool is_text;
    int64_t number;
    char text[DOSSIER_VALUE_BYTES];
};

struct dossier_query {
    char conditions[DOSSIER_QUERY_BYTES / 2]; /* " AND …" each */
    char order[DOSSIER_VALUE_BYTES];
    const char *column; /* that is sorted by */
    struct dossier_value values[DOSSIER_VALUES_MAX];
    size_t value_count, filter_count; /* filter_count: without the cursor's */
    bool is_whole;                    /* false: too much was asked */
};

void dossier_query_init(struct dossier_query *query);
/* condition: " AND agency = ?", with one `?`. */
void dossier_query_text_is(struct dossier_query *query, const char *condition, const char *text);
void dossier_query_number_is(struct dossier_query *query, const char *condition, int64_t number);
/* False: there is no such view. */
bool dossier_query_view(struct dossier_query *query, const char *view, wall_t now);
/* Free words and operators ("chủ:", "owner:", …). */
void dossier_query_words(struct dossier_query *query, const char *words);
bool dossier_query_sort(struct dossier_query *query, const char *sort, const char *after);
/* is_count: how many there are, DOSSIER_COUNT_MAX + 1 at most, without order and cursor. */
void dossier_query_print(const struct dossier_query *query, bool is_count, int64_t limit,
                         char ret_text[DOSSIER_QUERY_BYTES]);
void dossier_query_bind(const struct dossier_query *query, bool is_count, sqlite3_stmt *row);

extern const char *const dossier_views[];
enum { DOSSIER_VIEWS = 9 };
