/* How the desk's book is asked, as SQLite would do it: no view and no statement walks over all
 * dossiers, messages, receipts or rows of the audit, whatever it is sorted by. */
#include "tests/unit/desk_index.h"

#include "adapters/desk/book/word_match.h"
#include "adapters/desk/dossier_query.h"

enum { PLAN_BYTES = 2048 };

static struct desk_index desk;
static const wall_t now = {1796000000000};
static const char *const sorts[] = {"last", "due", "received", "code"};

static int setup(void **state)
{
    (void)state;
    desk_index_open(&desk, true);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    desk_index_close(&desk);
    return 0;
}

/* Its steps, a line each. */
static void plan_of(const char *question, char ret_plan[PLAN_BYTES])
{
    char text[DOSSIER_QUERY_BYTES + 64];
    sqlite3_stmt *row = NULL;
    size_t used = 0;
    ret_plan[0] = 0;
    snprintf(text, sizeof text, "EXPLAIN QUERY PLAN %s", question);
    if (sqlite3_prepare_v2(desk.book.database, text, -1, &row, NULL) != SQLITE_OK)
        fail_msg("%s: %s", question, sqlite3_errmsg(desk.book.database));
    while (sqlite3_step(row) == SQLITE_ROW && used < PLAN_BYTES)
        used += (size_t)snprintf(ret_plan + used, PLAN_BYTES - used, "%s\n", book_text(row, 3));
    sqlite3_finalize(row);
}

static void plan_of_query(const struct dossier_query *query, enum dossier_question question,
                          char ret_plan[PLAN_BYTES])
{
    char text[DOSSIER_QUERY_BYTES];
    dossier_query_print(query, question, 50, text);
    plan_of(text, ret_plan);
}

/* A walk that an order needs and a limit ends is by an index; one with a filter might go to the
 * end. */
static void assert_no_walk(const struct dossier_query *query, const char *what)
{
    char plan[PLAN_BYTES];
    for (int question = QUESTION_PAGE; question <= QUESTION_COUNT; question++) {
        plan_of_query(query, (enum dossier_question)question, plan);
        if (strstr(plan, "SCAN dossiers") != NULL)
            fail_msg("%s: %s", what, plan);
    }
}

static void views_are_by_index(void **state)
{
    (void)state;
    for (int view = 0; view < DOSSIER_VIEWS; view++) {
        for (size_t i = 0; i < sizeof sorts / sizeof *sorts; i++) {
            struct dossier_query query;
            dossier_query_init(&query);
            assert_true(dossier_query_view(&query, dossier_views[view], now));
            assert_true(dossier_query_sort(&query, sorts[i], "5~5"));
            if (strcmp(dossier_views[view], "all") != 0)
                assert_no_walk(&query, dossier_views[view]);
        }
    }
}

/* In the order that most ask for the first page is the first rows of an index: nothing is
 * sorted. */
static void the_usual_order_is_an_indexs(void **state)
{
    static const char *const by_state[] = {"waiting_me", "waiting_agency", "waiting_handover",
                                           "supplement", "refused",        "results",
                                           "all"};
    char plan[PLAN_BYTES];
    (void)state;
    for (size_t i = 0; i < sizeof by_state / sizeof *by_state; i++) {
        struct dossier_query query;
        dossier_query_init(&query);
        assert_true(dossier_query_view(&query, by_state[i], now));
        assert_true(dossier_query_sort(&query, "last", ""));
        plan_of_query(&query, QUESTION_PAGE, plan);
        if (strstr(plan, "TEMP B-TREE") != NULL)
            fail_msg("%s: %s", by_state[i], plan);
    }
}

static void all_in_any_order_is_an_indexs(void **state)
{
    char plan[PLAN_BYTES];
    (void)state;
    for (size_t i = 0; i < sizeof sorts / sizeof *sorts; i++) {
        struct dossier_query query;
        dossier_query_init(&query);
        assert_true(dossier_query_sort(&query, sorts[i], ""));
        plan_of_query(&query, QUESTION_PAGE, plan);
        bool is_by_number = strcmp(sorts[i], "code") == 0;
        if (strstr(plan, "TEMP B-TREE") != NULL ||
            (!is_by_number && strstr(plan, "USING INDEX") == NULL))
            fail_msg("%s: %s", sorts[i], plan);
    }
}

static void filters_and_words_are_by_index(void **state)
{
    static const char *const filters[] = {" AND agency = ?", " AND procedure = ?",
                                          " AND state = ?"};
    struct dossier_query query;
    char plan[PLAN_BYTES];
    (void)state;
    for (size_t i = 0; i < sizeof filters / sizeof *filters; i++) {
        dossier_query_init(&query);
        dossier_query_text_is(&query, filters[i], "1");
        assert_true(dossier_query_sort(&query, "last", ""));
        assert_no_walk(&query, filters[i]);
    }
    dossier_query_init(&query);
    dossier_query_words(&query, "nguyễn an");
    assert_true(dossier_query_sort(&query, "last", ""));
    assert_no_walk(&query, "words");
    plan_of_query(&query, QUESTION_WALK_PAGE, plan);
    assert_non_null(strstr(plan, "SCAN dossiers USING INDEX dossiers_last"));
    dossier_query_init(&query);
    dossier_query_text_is(&query, " AND agency = ?", "stnmt");
    assert_true(dossier_query_view(&query, "overdue", now));
    assert_true(dossier_query_sort(&query, "due", ""));
    plan_of_query(&query, QUESTION_PAGE, plan);
    assert_non_null(strstr(plan, "dossiers_open (agency=? AND due_ms"));
}

static void no_statement_walks_over_what_grows(void **state)
{
    static const char *const texts[] = {
#define STATEMENT(name, text) text,
#include "adapters/desk/book/book_statements.def"
#undef STATEMENT
    };
    static const char *const growing[] = {"SCAN dossiers", "SCAN messages", "SCAN receipts",
                                          "SCAN audit"};
    char plan[PLAN_BYTES];
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        bool is_clearing = strncmp(texts[i], "DELETE FROM ", 12) == 0 && !strchr(texts[i], '?');
        plan_of(texts[i], plan);
        for (size_t j = 0; j < sizeof growing / sizeof *growing; j++)
            if (strstr(plan, growing[j]) != NULL && !is_clearing)
                fail_msg("%s: %s", texts[i], plan);
    }
    plan_of(texts[BOOK_WAITING], plan);
    assert_non_null(strstr(plan, "COVERING INDEX messages_waiting"));
    plan_of(texts[BOOK_FAILED_SINCE], plan);
    assert_non_null(strstr(plan, "COVERING INDEX messages_failed"));
}

static void words_begin_words(void **state)
{
    (void)state;
    assert_true(word_match("nguyen van an h38 01", "van"));
    assert_true(word_match("nguyen van an h38 01", "an nguy"));
    assert_true(word_match("nguyen van an h38 01", "01 h38 nguyen v"));
    assert_false(word_match("nguyen van an h38 01", "nguy an"));
    assert_true(word_match("nguyen van an h38 01", ""));
    assert_true(word_match("banana an", "an"));
    assert_false(word_match("nguyen van an h38 01", "guyen"));
    assert_false(word_match("nguyen van an h38 01", "nguyen vann"));
    assert_false(word_match("", "a"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(views_are_by_index),
        TEST(the_usual_order_is_an_indexs),
        TEST(all_in_any_order_is_an_indexs),
        TEST(filters_and_words_are_by_index),
        TEST(no_statement_walks_over_what_grows),
        TEST(words_begin_words),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
