/* Questions for dossiers: a filter finds what it says and nothing else, alone and with others; a
 * page neither skips nor repeats a row that stays, while others move; words are the same found by
 * the full-text index and by looking. */
#include "tests/unit/desk_index.h"

#include <stdlib.h>

#include "adapters/desk/dossier_search.h"

enum { MANY = 300, PAGE = 7, ROUNDS = 400, NOTHING = -1 };

static struct desk_index desk;
static const wall_t now = {1796000000000 + MANY * 500};

/* What the test wrote, told apart from what the store has. */
static struct dossier_made {
    int agency, procedure, channel, owner;
    int64_t received_ms, due_ms, finished_ms, last_ms;
    enum desk_state state;
} made[MANY];

static const char *const agencies[] = {"stnmt", "sxd", "syt"};
static const char *const procedures[] = {"1.011441", "1.011442"};
static const char *const owners[] = {"Nguyễn Văn An", "Trần Thị Đào", "Lê Văn Đức"};
static const char *const owner_words[] = {"an", "đào", "van"};

static uint32_t next_random(uint32_t bound)
{
    static uint32_t seed = 7;
    seed = seed * 1103515245u + 12345u;
    return (seed >> 16) % bound;
}

static void set_row(int i)
{
    struct dossier_made *it = &made[i];
    char question[512];
    snprintf(question, sizeof question,
             "UPDATE dossiers SET agency = '%s', procedure = '%s', channel = %d, state = %d, "
             "waits_for = %d, received_ms = %lld, due_ms = %lld, finished_ms = %lld, last_ms = "
             "%lld WHERE number = %d",
             agencies[it->agency], procedures[it->procedure], it->channel, (int)it->state,
             (int)desk_state_waits(it->state, true), (long long)it->received_ms,
             (long long)it->due_ms, (long long)it->finished_ms, (long long)it->last_ms, i + 1);
    assert_int_equal(sqlite3_exec(desk.book.database, question, NULL, NULL, NULL), SQLITE_OK);
}

/* Many share a moment: ties are what a page is likely to break at. */
static void make_row(int i)
{
    struct dossier_made *it = &made[i];
    char code[40];
    *it = (struct dossier_made){
        .agency = (int)next_random(3),
        .procedure = (int)next_random(2),
        .channel = (int)next_random(3) + 1,
        .owner = (int)next_random(3),
        .state = (enum desk_state)next_random(DESK_STATES),
        .received_ms = 1796000000000 + (int64_t)next_random(40) * 1000,
        .due_ms = next_random(10) == 0 ? 0 : now.ms + ((int64_t)next_random(400) - 200) * 3600000,
        .last_ms = 1796000000000 + (int64_t)next_random(40) * 1000};
    if (desk_state_is_over(it->state))
        it->finished_ms = it->received_ms + 1;
    snprintf(code, sizeof code, "H38.01-261201-%04d", i);
    json_t *item = desk_item(&desk, "transfer", code, transfer_body(owners[it->owner], "việc"));
    assert_int_equal(index_message(&desk.index, item), REASON_NONE);
    json_decref(item);
    set_row(i);
}

static int setup(void **state)
{
    (void)state;
    desk_index_open(&desk, true);
    assert_int_equal(book_begin(&desk.book), REASON_NONE);
    for (int i = 0; i < MANY; i++)
        make_row(i);
    assert_int_equal(book_finish(&desk.book, REASON_NONE), REASON_NONE);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    desk_index_close(&desk);
    return 0;
}

/* ---- asking ---- */

/* The numbers of a page, with the cursor of its end. */
static int read_page(const struct dossier_query *query, enum dossier_question question, int limit,
                     int *ret_numbers, char ret_cursor[DOSSIER_CURSOR_BYTES])
{
    char text[DOSSIER_QUERY_BYTES];
    sqlite3_stmt *row = NULL;
    int count = 0;
    dossier_query_print(query, question, limit, text);
    if (sqlite3_prepare_v2(desk.book.database, text, -1, &row, NULL) != SQLITE_OK)
        fail_msg("%s: %s", text, sqlite3_errmsg(desk.book.database));
    dossier_query_bind(query, question, row);
    for (; sqlite3_step(row) == SQLITE_ROW; count++) {
        ret_numbers[count] = sqlite3_column_int(row, 0);
        snprintf(ret_cursor, DOSSIER_CURSOR_BYTES, "%lld~%d",
                 (long long)sqlite3_column_int64(row, 15), ret_numbers[count]);
    }
    sqlite3_finalize(row);
    return count;
}

/* ---- filters ---- */

struct asked {
    int view, agency, procedure, channel, state, owner, from, to; /* NOTHING each */
};

static bool is_paused(enum desk_state state)
{
    return state == DESK_STATE_SUPPLEMENT || state == DESK_STATE_SUSPENDED;
}

/* The day in Vietnam that a moment is in. */
static int64_t day_number(int64_t ms)
{
    return (ms + INT64_C(7) * 3600000) / (INT64_C(24) * 3600000);
}

static bool is_in_view(const struct dossier_made *it, const char *view)
{
    bool is_open = it->finished_ms == 0 && it->due_ms > 0 && !is_paused(it->state);
    enum waits_for waits = desk_state_waits(it->state, true);
    if (strcmp(view, "waiting_me") == 0)
        return waits == WAITS_US;
    if (strcmp(view, "waiting_agency") == 0)
        return waits == WAITS_AGENCY;
    if (strcmp(view, "waiting_handover") == 0)
        return it->state == DESK_STATE_FORWARDED;
    if (strcmp(view, "due_today") == 0)
        return is_open && it->due_ms >= now.ms && day_number(it->due_ms) == day_number(now.ms);
    if (strcmp(view, "overdue") == 0)
        return is_open && it->due_ms < now.ms;
    if (strcmp(view, "supplement") == 0)
        return it->state == DESK_STATE_SUPPLEMENT;
    if (strcmp(view, "refused") == 0)
        return it->state == DESK_STATE_REFUSED;
    if (strcmp(view, "results") == 0)
        return it->state == DESK_STATE_RESULT;
    return true;
}

static bool has_word(const struct dossier_made *it, int word)
{
    static const bool has[3][3] = {/* word of owner_words: in the name of owner 0, 1, 2 */
                                   {true, false, false},
                                   {false, true, false},
                                   {true, false, true}};
    return has[word][it->owner];
}

static bool is_asked(const struct dossier_made *it, const struct asked *asked)
{
    return (asked->view == NOTHING || is_in_view(it, dossier_views[asked->view])) &&
           (asked->agency == NOTHING || it->agency == asked->agency) &&
           (asked->procedure == NOTHING || it->procedure == asked->procedure) &&
           (asked->channel == NOTHING || it->channel == asked->channel) &&
           (asked->state == NOTHING || (int)it->state == asked->state) &&
           (asked->owner == NOTHING || has_word(it, asked->owner)) &&
           (asked->from == NOTHING || it->received_ms >= 1796000000000 + asked->from * 1000) &&
           (asked->to == NOTHING || (it->due_ms > 0 && it->due_ms < now.ms + asked->to * 3600000));
}

static int choose(uint32_t count)
{
    return next_random(3) == 0 ? (int)next_random(count) : NOTHING;
}

static struct asked choose_all(void)
{
    return (struct asked){choose(DOSSIER_VIEWS), choose(3), choose(2),  choose(4),
                          choose(DESK_STATES),   choose(3), choose(40), choose(100)};
}

static void make_query(const struct asked *asked, struct dossier_query *query)
{
    dossier_query_init(query);
    if (asked->agency != NOTHING)
        dossier_query_text_is(query, " AND agency = ?", agencies[asked->agency]);
    if (asked->procedure != NOTHING)
        dossier_query_text_is(query, " AND procedure = ?", procedures[asked->procedure]);
    if (asked->owner != NOTHING)
        dossier_query_words(query, owner_words[asked->owner]);
    if (asked->from != NOTHING)
        dossier_query_number_is(query, " AND received_ms >= ?", 1796000000000 + asked->from * 1000);
    if (asked->to != NOTHING)
        dossier_query_number_is(query, " AND due_ms > 0 AND due_ms < ?",
                                now.ms + asked->to * 3600000);
    if (asked->channel != NOTHING)
        dossier_query_number_is(query, " AND channel = ?", asked->channel);
    if (asked->state != NOTHING)
        dossier_query_number_is(query, " AND state = ?", asked->state);
    if (asked->view != NOTHING)
        assert_true(dossier_query_view(query, dossier_views[asked->view], now));
}

static void filters_together_find_what_all_of_them_say(void **state)
{
    int numbers[MANY + 1], others[MANY + 1], found_any = 0;
    char cursor[DOSSIER_CURSOR_BYTES];
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        struct asked asked = choose_all();
        struct dossier_query query;
        bool is_found[MANY] = {false};
        make_query(&asked, &query);
        assert_true(dossier_query_sort(&query, "last", ""));
        int count = read_page(&query, QUESTION_PAGE, MANY + 1, numbers, cursor);
        if (asked.owner != NOTHING) { /* looked at one by one, they are the same */
            assert_int_equal(read_page(&query, QUESTION_WALK_PAGE, MANY + 1, others, cursor),
                             count);
            assert_memory_equal(numbers, others, (size_t)count * sizeof *numbers);
        }
        for (int i = 0; i < count; i++)
            is_found[numbers[i] - 1] = true;
        for (int i = 0; i < MANY; i++)
            if (is_found[i] != is_asked(&made[i], &asked))
                fail_msg("round %d, row %d: view %d, word %d", round, i, asked.view, asked.owner);
        struct dossier_search search;
        dossier_search_begin(&desk.book, &query, 50, &search);
        assert_int_equal(search.count, count);
        assert_false(search.is_capped);
        assert_int_equal(dossier_search_count(&desk.book, &query), count);
        found_any += count > 0;
    }
    assert_true(found_any > ROUNDS / 4);
}

static void views_have_names_that_addresses_keep(void **state)
{
    struct dossier_query query;
    (void)state;
    dossier_query_init(&query);
    assert_false(dossier_query_view(&query, "everything", now));
    assert_false(dossier_query_view(&query, "", now));
}

/* ---- pages ---- */

static int64_t sort_key(int i, const char *sort)
{
    if (strcmp(sort, "last") == 0)
        return -made[i].last_ms;
    if (strcmp(sort, "due") == 0)
        return made[i].due_ms;
    return strcmp(sort, "received") == 0 ? -made[i].received_ms : -(i + 1);
}

/* Rows that were shown move to the head or to the end between two pages, as others work; each of
 * those that stay is shown once. */
static void walk(const char *sort, bool moves)
{
    int numbers[PAGE], seen[MANY] = {0}, pages = 0;
    bool has_moved[MANY] = {false};
    int64_t last_key = INT64_MIN;
    char cursor[DOSSIER_CURSOR_BYTES] = "";
    for (int count = PAGE; count == PAGE; pages++) {
        struct dossier_query query;
        dossier_query_init(&query);
        assert_true(dossier_query_sort(&query, sort, cursor));
        assert_int_equal(dossier_search_count(&desk.book, &query), MANY);
        count = read_page(&query, QUESTION_PAGE, PAGE, numbers, cursor);
        for (int i = 0; i < count; i++) {
            seen[numbers[i] - 1]++;
            assert_true(has_moved[numbers[i] - 1] || sort_key(numbers[i] - 1, sort) >= last_key);
            last_key = sort_key(numbers[i] - 1, sort);
        }
        int moved = (int)next_random(MANY);
        if (moves && strcmp(sort, "code") != 0) {
            has_moved[moved] = true;
            made[moved].last_ms = made[moved].received_ms = now.ms + 1000 * pages;
            made[moved].due_ms = next_random(2) == 0 ? 1 : now.ms * 2;
            set_row(moved);
        }
    }
    for (int i = 0; i < MANY; i++)
        if (!has_moved[i])
            assert_int_equal(seen[i], 1);
    assert_true(pages >= MANY / PAGE / 2);
}

static const char *const sorts[] = {"last", "due", "received", "code"};

static void a_page_neither_skips_nor_repeats(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof sorts / sizeof *sorts; i++)
        walk(sorts[i], false);
}

static void nor_while_rows_move(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof sorts / sizeof *sorts; i++)
        walk(sorts[i], true);
}

static void a_cursor_or_an_order_that_is_none_is_refused(void **state)
{
    static const char *const cursors[] = {"x",    "1",     "1~",  "~1",   "1~x",
                                          "1~2x", "1~2~3", "1;2", "1~-2", "' OR 1"};
    struct dossier_query query;
    (void)state;
    for (size_t i = 0; i < sizeof cursors / sizeof *cursors; i++) {
        dossier_query_init(&query);
        if (dossier_query_sort(&query, "last", cursors[i]))
            fail_msg("taken: %s", cursors[i]);
    }
    dossier_query_init(&query);
    assert_false(dossier_query_sort(&query, "owner", ""));
    assert_false(dossier_query_sort(&query, "last; DROP TABLE dossiers", ""));
}

static void too_much_is_refused_and_not_cut(void **state)
{
    struct dossier_query query;
    char words[4096];
    (void)state;
    for (size_t i = 0; i < 200; i++)
        memcpy(words + i * 6, "đào ", 7);
    dossier_query_init(&query);
    dossier_query_words(&query, words);
    assert_false(query.is_whole);
    memset(words, 'x', 300);
    words[300] = 0;
    dossier_query_init(&query);
    dossier_query_text_is(&query, " AND agency = ?", words);
    assert_false(query.is_whole);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(filters_together_find_what_all_of_them_say),
        TEST(views_have_names_that_addresses_keep),
        TEST(a_page_neither_skips_nor_repeats),
        TEST(nor_while_rows_move),
        TEST(a_cursor_or_an_order_that_is_none_is_refused),
        TEST(too_much_is_refused_and_not_cut),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
