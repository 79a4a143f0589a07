/* Other people's words on a terminal, and names of files on any system. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "proto/base/file_name.h"
#include "proto/base/printable.h"
#include "proto/base/utf8.h"

#define GONE "\xef\xbf\xbd"

static void what_a_terminal_obeys_is_replaced(void **state)
{
    (void)state;
    static const struct {
        const char *text, *shown;
    } cases[] = {
        {"Hồ sơ đã nộp: 50.000 đ €", "Hồ sơ đã nộp: 50.000 đ €"},
        {"Ti\xe1\xba\xbfng Vi\xe1\xbb\x87t, e\xcc\x82\xcc\xa3",
         "Ti\xe1\xba\xbfng Vi\xe1\xbb\x87t, e\xcc\x82\xcc\xa3"},
        {"\x1b[2J\x1b[HPAID", GONE "[2J" GONE "[HPAID"},
        {"\x1b]0;title\x07", GONE "]0;title" GONE},
        {"\xc2\x9b"
         "2J",
         GONE "2J"}, /* CSI as one character of C1 */
        {"a\rb\nc\td\x0b"
         "e\x0c"
         "f",
         "a b c d e f"},
        {"a\xc2\x85"
         "b\xe2\x80\xa8"
         "c\xe2\x80\xa9"
         "d",
         "a b c d"},
        {"a\bb\x7f", "a" GONE "b" GONE},
        {"\xe2\x80\xae"
         "fdp.exe",
         GONE "fdp.exe"},                                     /* U+202E */
        {"\xe2\x81\xa6x\xe2\x81\xa9", GONE "x" GONE},         /* U+2066, U+2069 */
        {"\xe2\x80\x8e\xe2\x80\x8f\xd8\x9c", GONE GONE GONE}, /* U+200E, U+200F, U+061C */
        {"a\xe2\x80\x8b"
         "b\xef\xbb\xbf\xc2\xad",
         "a" GONE "b" GONE GONE},   /* unseen */
        {"\xf3\xa0\x80\xa0", GONE}, /* U+E0020, a tag */
        {"\xff\xc3", GONE GONE},
        {"\xed\xa0\x80", GONE GONE GONE}, /* a surrogate */
        {"\xc0\xaf", GONE GONE},          /* overlong */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *copy = printable_new(bytes_of_text(cases[i].text));
        assert_non_null(copy);
        assert_string_equal(copy, cases[i].shown);
        assert_true(utf8_is_valid(bytes_of_text(copy), NULL));
        assert_true(printable_is_text(bytes_of_text(copy)));
        assert_int_equal(printable_is_text(bytes_of_text(cases[i].text)),
                         strcmp(cases[i].text, cases[i].shown) == 0);
        free(copy);
    }
    struct bytes with_nul = {(const uint8_t *)"a\0b", 3};
    char room[16];
    assert_string_equal(printable_copy(with_nul, room, sizeof room), "a" GONE "b");
}

static void whole_characters_fit_or_are_left_out(void **state)
{
    (void)state;
    char room[4];
    assert_string_equal(printable_copy(bytes_of_text("ab\xc4\x91"), room, 4), "ab");
    assert_string_equal(printable_copy(bytes_of_text("a\xc4\x91"), room, 4), "a\xc4\x91");
    assert_string_equal(printable_copy(bytes_of_text("\x1b"), room, 4), GONE);
    assert_string_equal(printable_copy(bytes_of_text("\x1b"), room, 3), "");
    assert_string_equal(printable_copy(bytes_of_text("x"), room, 1), "");
}

/* Every code point, once through each function: no character of a control category is let by. */
static void nothing_hidden_in_all_of_unicode(void **state)
{
    (void)state;
    for (uint32_t code = 1; code <= 0x10ffff; code++) {
        uint8_t text[4];
        size_t size = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
        static const uint8_t firsts[] = {0, 0, 0xc0, 0xe0, 0xf0};
        uint32_t rest = code, back = 0;
        for (size_t i = size; i-- > 1; rest >>= 6)
            text[i] = (uint8_t)(0x80 | (rest & 0x3f));
        text[0] = (uint8_t)(firsts[size] | rest);
        bool is_surrogate = code >= 0xd800 && code <= 0xdfff;
        assert_int_equal(utf8_next((struct bytes){text, size}, &back), is_surrogate ? 0 : size);
        assert_true(is_surrogate || back == code);
        bool is_control = code < 0x20 || (code >= 0x7f && code < 0xa0) ||
                          (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
        assert_false(is_control && printable_is_character(code));
    }
}

static void names_are_safe_on_any_system(void **state)
{
    (void)state;
    static const char *const good[] = {
        "don.pdf",      "Đơn đề nghị (bản 2).pdf",
        "a b.c",        "con-trai.pdf",
        "CONG VAN.pdf", "COM.pdf",
        ".profile",     "COM10.txt",
        "x.CON",        "1.000.000đ + phí.xlsx",
        "lpt",          "nul-1",
    };
    static const char *const bad[] = {
        "",
        " ",
        "\xc2\xa0",
        ".",
        "..",
        "...",
        "a.",
        "a ",
        " a",
        "a/b",
        "..\\..\\x.aspx",
        "C:\\x",
        "a.pdf:Zone",
        "C:x",
        "a*b",
        "a?b",
        "a\"b",
        "a<b",
        "a>b",
        "a|b",
        "CON",
        "con.pdf",
        "Con .txt",
        "PRN",
        "aux.tar.gz",
        "NUL",
        "COM1",
        "lpt9.pdf",
        "COM\xc2\xb9",
        "CONIN$",
        "conout$.x",
        "CLOCK$",
        "\xe2\x80\xae"
        "fdp.exe",
        "a\xc2\x85"
        "b",
        "a\nb",
        "a\tb",
        "\x1b[2J.pdf",
        "a\x7f",
        "a\xe2\x80\x8b.pdf",
        "\xef\xbb\xbf"
        "a.pdf",
        "\xff.pdf",
        "a\xe3\x80\x80",
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(file_name_is_safe(bytes_of_text(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (file_name_is_safe(bytes_of_text(bad[i])))
            print_error("let by: %s\n", bad[i]);
        assert_false(file_name_is_safe(bytes_of_text(bad[i])));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_terminal_obeys_is_replaced),
        cmocka_unit_test(whole_characters_fit_or_are_left_out),
        cmocka_unit_test(nothing_hidden_in_all_of_unicode),
        cmocka_unit_test(names_are_safe_on_any_system),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
