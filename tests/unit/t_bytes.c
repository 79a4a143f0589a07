/* Views, the buffer with an end, hexadecimal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "proto/base/bytes.h"

static void test_views_compare_by_content_then_length(void **state)
{
    (void)state;
    assert_true(bytes_equal(bytes_of_text("abc"), bytes_of_text("abc")));
    assert_false(bytes_equal(bytes_of_text("abc"), bytes_of_text("abd")));
    assert_true(bytes_equal((struct bytes){0}, bytes_of_text("")));
    assert_true(bytes_compare(bytes_of_text("ab"), bytes_of_text("abc")) < 0);
    assert_true(bytes_compare(bytes_of_text("b"), bytes_of_text("abc")) > 0);
    assert_int_equal(bytes_compare(bytes_of_text("abc"), bytes_of_text("abc")), 0);
    assert_true(bytes_compare((struct bytes){0}, bytes_of_text("a")) < 0);
}

static void test_a_buffer_ends_at_its_limit_and_keeps_its_content(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 10);
    assert_true(buffer_append_text(&buffer, "123456"));
    assert_false(buffer_append_text(&buffer, "78901"));
    assert_false(buffer_append_format(&buffer, "%05d", 1));
    assert_null(buffer_extend(&buffer, 5));
    assert_true(bytes_equal(buffer_view(&buffer), bytes_of_text("123456")));
    assert_true(buffer_append_text(&buffer, "7890"));
    assert_null(buffer_text(&buffer));
    assert_true(buffer_append(&buffer, (struct bytes){0}));
    assert_int_equal(buffer.size, 10);
    buffer_release(&buffer);
}

static void test_a_buffer_grows_as_needed(void **state)
{
    (void)state;
    enum { LIMIT = 100000 };
    struct buffer buffer;
    buffer_init(&buffer, LIMIT);
    for (size_t i = 0; i < LIMIT / 10; i++)
        assert_true(buffer_append_format(&buffer, "%s", i + 1 < LIMIT / 10 ? "0123456789" : "end"));
    assert_int_equal(buffer.size, LIMIT - 10 + 3);
    assert_string_equal(buffer_text(&buffer) + LIMIT - 10, "end");
    buffer_clear(&buffer);
    assert_string_equal(buffer_text(&buffer), "");
    assert_true(buffer.capacity <= LIMIT);
    buffer_release(&buffer);
    assert_null(buffer.data);
}

static void test_an_extension_is_counted_and_writable(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 100);
    assert_true(buffer_append_text(&buffer, "ab"));
    memcpy(buffer_extend(&buffer, 3), "cde", 3);
    assert_string_equal(buffer_text(&buffer), "abcde");
    buffer_release(&buffer);
}

static void test_hexadecimal_goes_there_and_back(void **state)
{
    (void)state;
    uint8_t all[256];
    uint8_t back[256];
    char text[513];
    for (size_t i = 0; i < sizeof all; i++)
        all[i] = (uint8_t)i;
    hex_encode((struct bytes){all, sizeof all}, text);
    assert_int_equal(strlen(text), 512);
    assert_memory_equal(text, "000102030405060708090a0b", 24);
    assert_true(hex_decode(bytes_of_text(text), back, sizeof back));
    assert_memory_equal(all, back, sizeof all);
    assert_true(hex_decode(bytes_of_text("aBCd"), back, 2));
    assert_int_equal(back[1], 0xcd);
}

static void test_what_is_not_hexadecimal_changes_nothing(void **state)
{
    (void)state;
    static const char *const wrong[] = {"", "a", "abc", "abcde", "ab g", "0x12", "ab\n1", "zzzz"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        uint8_t value[2] = {1, 2};
        assert_false(hex_decode(bytes_of_text(wrong[i]), value, sizeof value));
        assert_int_equal(value[0], 1);
        assert_int_equal(value[1], 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_views_compare_by_content_then_length),
        cmocka_unit_test(test_a_buffer_ends_at_its_limit_and_keeps_its_content),
        cmocka_unit_test(test_a_buffer_grows_as_needed),
        cmocka_unit_test(test_an_extension_is_counted_and_writable),
        cmocka_unit_test(test_hexadecimal_goes_there_and_back),
        cmocka_unit_test(test_what_is_not_hexadecimal_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
