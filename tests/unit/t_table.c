/* Tables of the command line in windows of every width: no line is wider, nothing is cut without
 * '…', what is empty goes, and ids stay apart. Widths are counted here by Unicode's own rule for
 * the letters that are used: a Vietnamese letter is one column, however it is written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "ops/cli/short_id.h"
#include "ops/cli/table.h"

enum { OUTPUT_BYTES = 64 * 1024, WIDTH_MIN = 40, WIDTH_MAX = 160, ROWS = 5 };

static const struct table_column columns[] = {
    {TEXT_COLUMN_FROM, TABLE_NAME},    {TEXT_COLUMN_TYPE, TABLE_NAME},
    {TEXT_COLUMN_DOSSIER, TABLE_TEXT}, {TEXT_COLUMN_HELD, TABLE_NUMBER},
    {TEXT_COLUMN_CARRIER, TABLE_TEXT}, /* always empty */
    {TEXT_COLUMN_MESSAGE, TABLE_ID},   {TEXT_COLUMN_REASON, TABLE_NOTE},
};
enum { COLUMNS = sizeof columns / sizeof columns[0] };

/* Every word stands once, so that one that was cut is none of them. The second row is the first,
 * with its letters taken apart (NFD). */
static const char *const rows[ROWS][COLUMNS] = {
    {"Sở Nông-nghiệp và Môi-trường", "Chuyển-hồ-sơ đi", "H38.09-261124-0020", "7", "",
     "019ad4f2-1c3e-7000-8000-000000000001",
     "Cơ-quan nhận chưa trả-lời trong thời-hạn, bộ-nối sẽ tự gửi-lại sau"},
    {"So\xcc\x9b\xcc\x89 No\xcc\x82ng-thôn", "Bo\xcc\x82\xcc\x89-sung", "H38.09-261124-0021", "",
     NULL, "019ad4f2-1c3e-7000-8000-000000000002", ""},
    {"Department-of Construction-and Housing", "Supplement-request made", "H38.11-261124-0022",
     "12345", "", "019ad4f2-1d00-7000-8000-000000000001", "one-word"},
    {"x", "y", "z", "1", "", "019ad4f3-0000-7000-8000-000000000001", ""},
    {"", "", "", "", "", "", ""},
};

static void fill(struct table *table, size_t width)
{
    table_init(table, columns, COLUMNS, width);
    assert_true(table_heading(table, "24/11/2026"));
    for (size_t i = 0; i < ROWS; i++)
        assert_true(table_row(table, rows[i]));
}

static void print(size_t width, enum language language, char ret_output[OUTPUT_BYTES])
{
    struct table table;
    memset(ret_output, 0, OUTPUT_BYTES);
    FILE *to = fmemopen(ret_output, OUTPUT_BYTES - 1, "w");
    assert_non_null(to);
    fill(&table, width);
    table_print(&table, language, to);
    table_release(&table);
    assert_int_equal(fclose(to), 0);
}

/* Columns of a text of Latin letters, their marks and '…'. */
static size_t columns_of(const char *line, size_t bytes)
{
    size_t count = 0;
    for (size_t i = 0; i < bytes; i++) {
        unsigned char byte = (unsigned char)line[i];
        bool is_mark = byte == 0xcc || (byte == 0xcd && (unsigned char)line[i + 1] <= 0xaf);
        count += (byte & 0xc0) != 0x80 && !is_mark;
    }
    return count;
}

static bool has_word(const char *text, const char *word, size_t bytes)
{
    for (const char *at = text; text != NULL && *at != 0;) {
        size_t size = strcspn(at, " \n");
        if (size == bytes && memcmp(at, word, bytes) == 0)
            return true;
        at += size + strspn(at + size, " \n");
    }
    return false;
}

/* A word of a cell or of a title, whole, or one that says that it was cut. */
static void look_at_word(const char *word, size_t bytes, enum language language)
{
    static const char cut[] = "…";
    bool is_found = has_word("24/11/2026", word, bytes) ||
                    (bytes >= sizeof cut - 1 &&
                     memcmp(word + bytes - (sizeof cut - 1), cut, sizeof cut - 1) == 0);
    for (size_t i = 0; i < COLUMNS && !is_found; i++) {
        is_found = has_word(text_of(columns[i].title, language), word, bytes);
        for (size_t row = 0; row < ROWS && !is_found; row++)
            is_found = has_word(rows[row][i], word, bytes);
    }
    if (!is_found)
        fail_msg("cut without a sign: %.*s", (int)bytes, word);
}

static void look(size_t width, enum language language)
{
    static char output[OUTPUT_BYTES];
    print(width, language, output);
    for (const char *line = output; *line != 0;) {
        size_t bytes = strcspn(line, "\n");
        if (bytes > 0 && line[bytes - 1] == ' ')
            fail_msg("ends in blanks: %.*s", (int)bytes, line);
        if (columns_of(line, bytes) > width)
            fail_msg("wider than %zu: %.*s", width, (int)bytes, line);
        for (size_t at = strspn(line, " "); at < bytes;) {
            size_t size = strcspn(line + at, " \n");
            look_at_word(line + at, size, language);
            at += size + strspn(line + at + size, " ");
        }
        line += bytes + 1;
    }
}

static void no_window_is_too_narrow(void **state)
{
    (void)state;
    for (size_t width = WIDTH_MIN; width <= WIDTH_MAX; width++) {
        look(width, LANGUAGE_ENGLISH);
        look(width, LANGUAGE_VIETNAMESE);
    }
}

static void what_is_empty_goes(void **state)
{
    (void)state;
    static char output[OUTPUT_BYTES];
    print(0, LANGUAGE_ENGLISH, output);
    assert_null(strstr(output, text_of(TEXT_COLUMN_CARRIER, LANGUAGE_ENGLISH)));
    assert_non_null(strstr(output, text_of(TEXT_COLUMN_HELD, LANGUAGE_ENGLISH)));
}

static void without_a_window_nothing_is_cut(void **state)
{
    (void)state;
    static char output[OUTPUT_BYTES];
    print(0, LANGUAGE_VIETNAMESE, output);
    assert_null(strstr(output, "…"));
    for (size_t row = 0; row < ROWS; row++)
        for (size_t i = 0; i < COLUMNS; i++)
            assert_non_null(strstr(output, rows[row][i] == NULL ? "" : rows[row][i]));
}

static void ids_are_shortened_until_they_would_meet(void **state)
{
    (void)state;
    static const struct table_column only[] = {{TEXT_COLUMN_MESSAGE, TABLE_ID},
                                               {TEXT_COLUMN_HELD, TABLE_NUMBER}};
    char output[256] = "";
    struct table table;
    FILE *to = fmemopen(output, sizeof output - 1, "w");
    assert_non_null(to);
    table_init(&table, only, 2, 80);
    assert_true(table_row(&table, (const char *[]){"019ad4f2-1c3e-7000-8000-000000000001", "1"}));
    assert_true(table_row(&table, (const char *[]){"019ad4f2-1c3e-7100-8000-000000000002", "2"}));
    table_print(&table, LANGUAGE_ENGLISH, to);
    table_release(&table);
    assert_int_equal(fclose(to), 0);
    assert_non_null(strstr(output, "019ad4f2-1c3e-70…  "));
    assert_non_null(strstr(output, "019ad4f2-1c3e-71…  "));
}

/* ---- ids as people type them ---- */

static void only_beginnings_of_ids_are_taken(void **state)
{
    (void)state;
    assert_true(short_id_is_good("019ad4f2-1c3e"));
    assert_true(short_id_is_good("019ad4f2-1c3e-70…"));
    assert_true(short_id_is_good("019ad4f2-1c3e-7000-8000-000000000001"));
    assert_false(short_id_is_good("019ad4f2-1c3"));
    assert_false(short_id_is_good("019ad4f2x1c3e"));
    assert_false(short_id_is_good("019ad4f2-1c3e-7000-8000-0000000000011"));
    assert_false(short_id_is_good("019ad4f2-1c3g"));
    assert_false(short_id_is_good("…"));
    assert_false(short_id_is_good(""));
}

static json_t *waiting(void)
{
    return json_pack("[{s:s},{s:s},{s:s},{}]", "message_id", "019ad4f2-1c3e-7000-8000-000000000001",
                     "message_id", "019ad4f2-1c3e-7100-8000-000000000002", "message_id",
                     "019ad4f2-1c3e-7100-8000-000000000002");
}

static int find(const char *text, struct short_id *ret_search)
{
    const struct invocation invocation = {LANGUAGE_ENGLISH};
    json_t *rows_there = waiting();
    short_id_init(ret_search, text);
    short_id_look(ret_search, rows_there);
    json_decref(rows_there);
    return short_id_judge(ret_search, &invocation);
}

static void a_beginning_is_enough_when_it_is_one_id_alone(void **state)
{
    (void)state;
    struct short_id search;
    assert_int_equal(find("019ad4f2-1c3e-71…", &search), EXIT_CODE_OK);
    assert_string_equal(search.found, "019ad4f2-1c3e-7100-8000-000000000002");
    assert_int_equal(find("019ad4f2-1c3e", &search), EXIT_CODE_USAGE);
    assert_int_equal(find("019ad4f2-1c3f", &search), EXIT_CODE_NEGATIVE);
    /* A whole one needs nobody's word. */
    assert_int_equal(find("019ad4f2-1c3f-7000-8000-000000000001", &search), EXIT_CODE_OK);
    assert_string_equal(search.found, "019ad4f2-1c3f-7000-8000-000000000001");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_window_is_too_narrow),
        cmocka_unit_test(what_is_empty_goes),
        cmocka_unit_test(without_a_window_nothing_is_cut),
        cmocka_unit_test(ids_are_shortened_until_they_would_meet),
        cmocka_unit_test(only_beginnings_of_ids_are_taken),
        cmocka_unit_test(a_beginning_is_enough_when_it_is_one_id_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
