/* dossier_query - what GET /v1/dossiers asks, as SQL: filter, sort and page in the store.
 *
 *   dossier_query_init
 *   dossier_query_view, _words, _add …        each adds a condition
 *   dossier_query_sort(query, sort, after)    false: the cursor is none of that order's
 *   dossier_query_print ─▶ prepare ─▶ dossier_query_bind      one of the questions below
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
    /* Rows that are looked at for words, in a hundredth of a second: the newest lie together in the
     * file, those of a filter do not. */
    DOSSIER_WALK_MAX = 16000,
    DOSSIER_WALK_FILTERED_MAX = 4000,
};

/* With words there are two ways. Those that few dossiers have are looked up in the full-text index
 * (PAGE, COUNT); of those that many have the list alone would take longer than anybody waits, and
 * the first rows of the order are looked at one by one instead (WALK_…). dossier_search.h
 * chooses. */
enum dossier_question {
    QUESTION_PAGE,
    QUESTION_COUNT,      /* one number, DOSSIER_COUNT_MAX + 1 at most */
    QUESTION_WALK_PAGE,  /* of the first rows behind the cursor */
    QUESTION_WALK_COUNT, /* two: how many rows were looked at, how many of them have the words */
};

struct dossier_value {
    bool is_text;
    int64_t number;
    char text[DOSSIER_VALUE_BYTES];
};

struct dossier_query {
    char conditions[DOSSIER_QUERY_BYTES / 4]; /* " AND …" each */
    char cursor[DOSSIER_VALUE_BYTES];         /* " AND …", or "" */
    char words[DOSSIER_VALUE_BYTES];          /* folded, a blank between two; "": none */
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
/* How many rows a walk looks at. */
int64_t dossier_query_walk_max(const struct dossier_query *query);
/* limit: of a page's rows. */
void dossier_query_print(const struct dossier_query *query, enum dossier_question question,
                         int64_t limit, char ret_text[DOSSIER_QUERY_BYTES]);
void dossier_query_bind(const struct dossier_query *query, enum dossier_question question,
                        sqlite3_stmt *row);

extern const char *const dossier_views[];
enum { DOSSIER_VIEWS = 9 };
