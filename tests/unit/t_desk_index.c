/* The desk's index: what each message makes of a dossier, what receipts end, and what can be found
 * by which words. */
#include "tests/unit/desk_index.h"

#include "adapters/desk/dossier_search.h"
#include "adapters/desk/fold.h"

static struct desk_index desk;

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

static enum desk_state state_now(void)
{
    return (enum desk_state)ask_number(&desk,
                                       "SELECT state FROM dossiers WHERE code = '" DOSSIER "'");
}

static int64_t of_dossier(const char *column)
{
    char question[128];
    snprintf(question, sizeof question, "SELECT %s FROM dossiers WHERE code = '" DOSSIER "'",
             column);
    return ask_number(&desk, question);
}

static int64_t put(const char *type, json_t *body)
{
    put_item(&desk, desk_item(&desk, type, DOSSIER, body));
    return desk.seq;
}

static int64_t put_transfer(void)
{
    return put("transfer", transfer_body("Nguyễn Văn Đào", "Cấp giấy chứng nhận"));
}

/* ---- states ---- */

static void each_type_makes_its_state(void **state)
{
    static const struct {
        const char *type;
        int national_state; /* 0: none */
        enum desk_state after;
    } steps[] = {
        {"progress", 4, DESK_STATE_PROCESSING},
        {"supplement_request", 0, DESK_STATE_SUPPLEMENT},
        {"consultation_request", 0, DESK_STATE_SUPPLEMENT},
        {"supplement", 0, DESK_STATE_PROCESSING},
        {"suspend", 0, DESK_STATE_SUSPENDED},
        {"progress", 4, DESK_STATE_SUSPENDED},
        {"resume", 0, DESK_STATE_PROCESSING},
        {"progress", 5, DESK_STATE_SUPPLEMENT},
        {"progress", 6, DESK_STATE_PAYMENT},
        {"supplement", 0, DESK_STATE_PROCESSING},
        {"financial_obligation", 0, DESK_STATE_PAYMENT},
        {"result", 9, DESK_STATE_RESULT},
        {"result_objection", 0, DESK_STATE_PROCESSING},
        {"extension", 0, DESK_STATE_PROCESSING},
        {"progress", 8, DESK_STATE_STOPPED},
        {"result", 8, DESK_STATE_STOPPED},
        {"result", 9, DESK_STATE_RESULT},
        {"handed_over", 0, DESK_STATE_HANDED_OVER},
        {"withdrawal", 0, DESK_STATE_WITHDRAWN},
        {"refusal", 0, DESK_STATE_REFUSED},
        {"transfer", 0, DESK_STATE_FORWARDED},
    };
    (void)state;
    put_transfer();
    assert_int_equal(state_now(), DESK_STATE_FORWARDED);
    assert_int_equal(of_dossier("waits_for"), WAITS_AGENCY);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        put(steps[i].type, json_pack("{s:i}", "national_state", steps[i].national_state));
        if (state_now() != steps[i].after)
            fail_msg("step %zu, %s: %d", i, steps[i].type, state_now());
        assert_int_equal(of_dossier("waits_for"), desk_state_waits(steps[i].after, true));
    }
}

static void facts_are_those_of_the_last_transfer(void **state)
{
    (void)state;
    put_transfer();
    assert_int_equal(of_dossier("received_ms"), 1796000000000);
    assert_int_equal(of_dossier("due_ms"), 1796900000000);
    assert_int_equal(of_dossier("channel"), 2);
    assert_int_equal(of_dossier("agency = 'stnmt' AND procedure = '1.011441'"), 1);
    json_t *again = desk_item(&desk, "transfer", DOSSIER, transfer_body("Lê Thị Ơn", ""));
    json_object_set_new(again, "to", json_string("sxd"));
    json_object_set_new(json_object_get(again, "body"), "procedure_name", json_string("Đổi tên"));
    put_item(&desk, again);
    assert_int_equal(of_dossier("agency = 'sxd' AND owner = 'Lê Thị Ơn'"), 1);
    assert_int_equal(of_dossier("summary = 'Đổi tên'"), 1);
    assert_int_equal(ask_number(&desk, "SELECT count(*) FROM dossiers"), 1);
}

/* An agency hears of a dossier half-way: its row is there with what is known. */
static void a_dossier_may_begin_in_its_middle(void **state)
{
    (void)state;
    put("supplement_request", NULL);
    assert_int_equal(state_now(), DESK_STATE_SUPPLEMENT);
    assert_int_equal(of_dossier("owner = '' AND due_ms = 0"), 1);
}

static void the_end_is_the_first_one(void **state)
{
    (void)state;
    put_transfer();
    put("result",
        json_pack("{s:i, s:I}", "national_state", 9, "finished_ms", (json_int_t)1796100000000));
    assert_int_equal(of_dossier("finished_ms"), 1796100000000);
    put("handed_over", NULL);
    assert_int_equal(of_dossier("finished_ms"), 1796100000000);
    put("result_objection", NULL);
    assert_int_equal(of_dossier("finished_ms"), 0);
    put("result", json_pack("{s:i}", "national_state", 9));
    assert_int_equal(of_dossier("finished_ms"), desk.clock_ms);
}

static void what_moves_the_deadline_moves_it(void **state)
{
    static const char *const types[] = {"extension", "supplement", "resume"};
    json_int_t due_ms = 1797000000000;
    (void)state;
    put_transfer();
    for (size_t i = 0; i < sizeof types / sizeof *types; i++, due_ms++) {
        put(types[i], json_pack("{s:I}", "due_ms", due_ms));
        assert_int_equal(of_dossier("due_ms"), due_ms);
        put(types[i], NULL);
        assert_int_equal(of_dossier("due_ms"), due_ms);
    }
    put("progress", json_pack("{s:I}", "due_ms", (json_int_t)1));
    assert_int_equal(of_dossier("due_ms"), due_ms - 1);
}

static void the_same_again_changes_nothing(void **state)
{
    (void)state;
    put_transfer();
    json_t *item = desk_item(&desk, "supplement_request", DOSSIER, NULL);
    put_item(&desk, json_incref(item));
    put("supplement", NULL);
    int64_t version = of_dossier("version");
    put_item(&desk, item);
    assert_int_equal(of_dossier("version"), version);
    assert_int_equal(state_now(), DESK_STATE_PROCESSING);
    assert_int_equal(ask_number(&desk, "SELECT count(*) FROM messages"), 3);
}

/* ---- receipts ---- */

static int64_t of_message(int64_t seq, const char *condition)
{
    char question[256];
    snprintf(question, sizeof question, "SELECT %s FROM messages WHERE seq = %lld", condition,
             (long long)seq);
    return ask_number(&desk, question);
}

static void a_transfer_that_was_taken_is_being_processed(void **state)
{
    (void)state;
    int64_t transfer = put_transfer();
    put_item(&desk, receipt_item_of(&desk, "receipt_custody", transfer, "ok", ""));
    assert_int_equal(state_now(), DESK_STATE_FORWARDED);
    assert_true(of_message(transfer, "state = 'custody' AND ended_ms = 0"));
    put_item(&desk, receipt_item_of(&desk, "receipt_delivered", transfer, "ok", "stnmt"));
    assert_int_equal(state_now(), DESK_STATE_PROCESSING);
    assert_true(of_message(transfer, "state = 'delivered' AND reason = ''"));
    assert_int_equal(of_message(transfer, "ended_ms"), desk.clock_ms);
    put_item(&desk, receipt_item_of(&desk, "receipt_custody", transfer, "ok", ""));
    assert_true(of_message(transfer, "state = 'delivered'"));
    assert_int_equal(ask_number(&desk, "SELECT count(*) FROM receipts"), 3);
}

static void one_that_came_to_nothing_is_ours_again(void **state)
{
    static const char *const types[] = {"receipt_refused", "receipt_expired", "receipt_withdrawn"};
    (void)state;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        int64_t transfer = put_transfer();
        put_item(&desk, receipt_item_of(&desk, types[i], transfer, "office_refused", "stnmt"));
        assert_int_equal(state_now(), DESK_STATE_REFUSED);
        assert_int_equal(of_dossier("waits_for"), WAITS_US);
        assert_true(of_message(transfer, "reason = 'office_refused' AND text <> ''"));
    }
}

/* Its receiver's word is about a copy, and the dossier waits for the agency that it was sent to. */
static void what_a_copys_receiver_says_ends_nothing(void **state)
{
    (void)state;
    int64_t transfer = put_transfer();
    put_item(&desk, receipt_item_of(&desk, "receipt_refused", transfer, "office_refused", "sxd"));
    assert_int_equal(state_now(), DESK_STATE_FORWARDED);
    assert_int_equal(of_message(transfer, "ended_ms"), 0);
}

static void a_late_receipt_of_a_transfer_moves_nothing_back(void **state)
{
    (void)state;
    int64_t transfer = put_transfer();
    put("supplement_request", NULL);
    put_item(&desk, receipt_item_of(&desk, "receipt_delivered", transfer, "ok", "stnmt"));
    assert_int_equal(state_now(), DESK_STATE_SUPPLEMENT);
    assert_true(of_message(transfer, "ended_ms > 0"));
}

/* ---- what waits ---- */

static void why_it_waits_is_written_where_it_differs(void **state)
{
    (void)state;
    int64_t transfer = put_transfer();
    json_t *entry =
        json_pack("{s:s, s:s, s:s, s:s}", "message_id", "01997b6e-0000-7000-8000-000000000001",
                  "state", "deferred", "reason", "peer_unreachable", "turn", "receiver");
    assert_int_equal(index_entry(&desk.index, entry), REASON_NONE);
    assert_int_equal(book_changes(&desk.book), 1);
    assert_true(of_message(transfer, "state = 'deferred' AND reason = 'peer_unreachable'"));
    assert_int_equal(index_entry(&desk.index, entry), REASON_NONE);
    assert_int_equal(book_changes(&desk.book), 0);
    put_item(&desk, receipt_item_of(&desk, "receipt_delivered", transfer, "ok", "stnmt"));
    assert_int_equal(index_entry(&desk.index, entry), REASON_NONE);
    assert_true(of_message(transfer, "state = 'delivered' AND turn = ''"));
    json_decref(entry);
}

/* ---- words ---- */

/* By the full-text index, and by looking: they must agree. */
static int64_t found(const char *words)
{
    struct dossier_query query;
    struct dossier_search search;
    dossier_query_init(&query);
    dossier_query_words(&query, words);
    assert_true(dossier_query_sort(&query, "last", ""));
    dossier_search_begin(&desk.book, &query, 50, &search);
    if (desk.book.trouble != REASON_NONE)
        fail_msg("%s: %s", words, sqlite3_errmsg(desk.book.database));
    if (query.is_whole)
        assert_int_equal(dossier_search_count(&desk.book, &query), search.count);
    return search.count;
}

static void words_are_found_without_diacritics_in_any_order(void **state)
{
    static const char *const good[] = {"nguyễn",        "NGUYEN",          "đào",
                                       "dao",           "Đào nguyễn",      "nguy",
                                       "cấp giấy",      "chủ:đào",         "Chủ:\"văn đào\"",
                                       "owner:nguyen",  "tep:ban-ve",      "bản vẽ",
                                       "h38.01-261201", "h38 01 0001",     "tt:1.011441",
                                       "cq:stnmt đào",  "state:forwarded", "  dao  "};
    static const char *const bad[] = {"trần",       "oao",           "chủ:trần", "tt:1.011442",
                                      "cq:sxd đào", "state:refused", "12:30",    "nguyễnvăn",
                                      "đào trần",   "nguy đào",      "guyen"};
    (void)state;
    json_t *item = desk_item(&desk, "transfer", DOSSIER,
                             transfer_body("Nguyễn Văn Đào", "Cấp giấy chứng nhận"));
    json_object_set_new(item, "attachments", json_pack("[{s:s}]", "name", "Bản vẽ (1).pdf"));
    put_item(&desk, item);
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        if (found(good[i]) != 1)
            fail_msg("not found: %s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (found(bad[i]) != 0)
            fail_msg("found: %s", bad[i]);
}

/* What is typed is data: nothing in it is a language of the search's. */
static void words_that_look_like_a_language_are_words(void **state)
{
    static const char *const words[] = {
        "\"",
        "\"\"",
        "a\"b",
        "dao\" OR \"x",
        "NEAR(dao)",
        "-dao",
        "text:dao",
        "*",
        "^dao",
        "(dao",
        "dao)",
        "'; DROP TABLE dossiers; --",
        "\xff\xfe",
        "chủ:",
        "chủ:\"",
        ":",
        "::",
        "a:b:c",
        "\xe2\x80\xae đào",
    };
    (void)state;
    put_transfer();
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        (void)found(words[i]);
    assert_int_equal(found("'; DROP TABLE dossiers; --"), 0);
    assert_int_equal(found("đào"), 1);
}

static void words_of_before_are_found_no_more(void **state)
{
    (void)state;
    put_transfer();
    put("transfer", transfer_body("Lê Thị Ơn", "Khác"));
    assert_int_equal(found("đào"), 0);
    assert_int_equal(found("ơn"), 1);
}

static void a_code_is_one_in_any_spelling(void **state)
{
    static const char *const spellings[] = {DOSSIER, "h38.01-261201-0001", "H38 01 261201 0001",
                                            "h38012612010001", " H38.01–261201–0001 "};
    char canonical[72];
    (void)state;
    put_transfer();
    for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++) {
        (void)fold_code(bytes_of_text(spellings[i]), canonical, sizeof canonical);
        sqlite3_stmt *row = book_ask(&desk.book, BOOK_DOSSIER_OF_CANON, "t", canonical);
        if (!book_next(&desk.book, row))
            fail_msg("not found: %s", spellings[i]);
        book_end(row);
    }
}

/* ---- what others may say ---- */

static void items_of_a_newer_or_a_broken_adapter_break_nothing(void **state)
{
    static const char *const items[] = {
        "{}",
        "{\"type\":5}",
        "{\"type\":\"fax\",\"seq\":1}",
        "{\"type\":\"transfer\",\"seq\":7,\"dossier_code\":[1],\"body\":\"x\"}",
        "{\"type\":\"transfer\",\"seq\":8,\"dossier_code\":\"A\",\"body\":{\"owner\":1}}",
        "{\"type\":\"result\",\"seq\":9,\"dossier_code\":\"A\",\"attachments\":{\"a\":1}}",
        "{\"type\":\"receipt_refused\",\"seq\":12,\"body\":{\"items\":[1,{},[],{\"sha256\":5}]}}",
        "{\"type\":\"receipt_delivered\",\"seq\":10}",
        "{\"type\":\"ledger_head\",\"seq\":11}",
    };
    (void)state;
    for (size_t i = 0; i < sizeof items / sizeof *items; i++) {
        json_t *item = json_loads(items[i], 0, NULL);
        assert_non_null(item);
        put_item(&desk, item);
    }
    assert_int_equal(ask_number(&desk, "SELECT count(*) FROM dossiers"), 1);
    put_transfer();
    assert_int_equal(state_now(), DESK_STATE_FORWARDED);
}

static void what_is_cleared_is_gone_and_people_stay(void **state)
{
    (void)state;
    int64_t transfer = put_transfer();
    put_item(&desk, receipt_item_of(&desk, "receipt_delivered", transfer, "ok", "stnmt"));
    assert_int_equal(book_run(&desk.book, BOOK_NOTE_PUT, "tt", "other", "stays"), REASON_NONE);
    assert_int_equal(book_begin(&desk.book), REASON_NONE);
    assert_int_equal(book_finish(&desk.book, index_clear(&desk.index)), REASON_NONE);
    assert_int_equal(ask_number(&desk, "SELECT (SELECT count(*) FROM dossiers) +"
                                       " (SELECT count(*) FROM messages) +"
                                       " (SELECT count(*) FROM receipts)"),
                     0);
    assert_int_equal(found("đào"), 0);
    assert_int_equal(ask_number(&desk, "SELECT count(*) FROM note"), 1);
    put_transfer();
    assert_int_equal(found("đào"), 1);
}

/* At an agency the same dossier waits for those who sit there. */
static void at_an_agency_it_waits_for_us(void **state)
{
    (void)state;
    desk_index_close(&desk);
    desk_index_open(&desk, false);
    put_transfer();
    assert_int_equal(of_dossier("waits_for"), WAITS_US);
    assert_int_equal(of_message(1, "is_out"), 0);
    put("result", json_pack("{s:i}", "national_state", 9));
    assert_int_equal(of_dossier("waits_for"), WAITS_NOBODY);
    assert_int_equal(of_message(2, "is_out"), 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(each_type_makes_its_state),
        TEST(facts_are_those_of_the_last_transfer),
        TEST(a_dossier_may_begin_in_its_middle),
        TEST(the_end_is_the_first_one),
        TEST(what_moves_the_deadline_moves_it),
        TEST(the_same_again_changes_nothing),
        TEST(a_transfer_that_was_taken_is_being_processed),
        TEST(one_that_came_to_nothing_is_ours_again),
        TEST(what_a_copys_receiver_says_ends_nothing),
        TEST(a_late_receipt_of_a_transfer_moves_nothing_back),
        TEST(why_it_waits_is_written_where_it_differs),
        TEST(words_are_found_without_diacritics_in_any_order),
        TEST(words_that_look_like_a_language_are_words),
        TEST(words_of_before_are_found_no_more),
        TEST(a_code_is_one_in_any_spelling),
        TEST(items_of_a_newer_or_a_broken_adapter_break_nothing),
        TEST(what_is_cleared_is_gone_and_people_stay),
        TEST(at_an_agency_it_waits_for_us),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
