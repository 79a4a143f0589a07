/* dossier_search - asking the book what a dossier_query says: which way, how many there are, the
 * rows.
 *
 *   dossier_search_begin ─▶ dossier_search_page ─▶ rows until sqlite3_finalize
 *
 * With words the first rows of the order are looked at (dossier_query_walk_max). When enough of
 * them have the words, or there are no more rows, that is the answer; else the words are rare, and
 * the full-text index has them soon.
 */
#pragma once

#include "adapters/desk/dossier_query.h"

struct dossier_search {
    const struct dossier_query *query;
    enum dossier_question question; /* of its page */
    int64_t count;                  /* at most DOSSIER_COUNT_MAX */
    bool is_capped;                 /* there are more */
    bool is_cut;                    /* not all rows were looked at */
};

/* limit: the rows that a page is to have. */
void dossier_search_begin(struct book *book, const struct dossier_query *query, int64_t limit,
                          struct dossier_search *ret_search);
/* The rows of a page, limit at most; NULL: they could not be asked for. */
sqlite3_stmt *dossier_search_page(struct book *book, const struct dossier_search *search,
                                  int64_t limit);
/* A page that looking did not fill, though there are more rows: true once, and the next
 * dossier_search_page asks the full-text index. */
bool dossier_search_goes_on(struct dossier_search *search, bool is_full);
/* DOSSIER_COUNT_MAX + 1 at most; by an index, without words. */
int64_t dossier_search_count(struct book *book, const struct dossier_query *query);
