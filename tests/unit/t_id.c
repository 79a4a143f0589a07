/* Message ids: UUID version 7, strictly increasing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "proto/base/id.h"

static const uint8_t zeros[ID_RANDOM_BYTES];
static const uint8_t ones[ID_RANDOM_BYTES] = {0xff, 0xff, 0xff, 0xff, 0xff,
                                              0xff, 0xff, 0xff, 0xff, 0xff};

/* The example of RFC 9562, appendix A.6. */
static void test_the_example_of_the_rfc(void **state)
{
    (void)state;
    static const uint8_t random[ID_RANDOM_BYTES] = {0x0c, 0xc3, 0x18, 0xc4, 0xdc,
                                                    0x0c, 0x0c, 0x07, 0x39, 0x8f};
    struct id_maker maker = {0};
    struct message_id id;
    char text[MESSAGE_ID_TEXT_BYTES];
    id_make(&maker, (wall_t){0x017f22e279b0}, random, &id);
    id_format(&id, text);
    assert_string_equal(text, "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
    assert_int_equal(id_time(&id).ms, 0x017f22e279b0);
    assert_true(id_is_valid(&id));
}

static void test_ids_increase_within_a_millisecond_and_when_the_clock_steps_back(void **state)
{
    (void)state;
    static const int64_t clock[] = {1000, 1000, 1000, 999, 5, 1000, 1001, 1001, 0};
    struct id_maker maker = {0};
    struct message_id last = {{0}};
    for (size_t i = 0; i < 1000; i++) {
        struct message_id id;
        id_make(&maker, (wall_t){clock[i % 9]}, i % 2 == 0 ? ones : zeros, &id);
        assert_true(id_compare(&id, &last) > 0);
        assert_true(id_is_valid(&id));
        last = id;
    }
}

static void test_a_full_counter_carries_into_the_time(void **state)
{
    (void)state;
    struct id_maker maker = {0};
    struct message_id first;
    struct message_id second;
    id_make(&maker, (wall_t){1000}, ones, &first);
    id_make(&maker, (wall_t){1000}, ones, &second);
    assert_int_equal(id_time(&first).ms, 1000);
    assert_int_equal(id_time(&second).ms, 1001);
    assert_true(id_is_valid(&second));
}

static void test_text_goes_there_and_back(void **state)
{
    (void)state;
    struct message_id id;
    struct message_id back;
    char text[MESSAGE_ID_TEXT_BYTES];
    for (size_t i = 0; i < MESSAGE_ID_BYTES; i++)
        id.bytes[i] = (uint8_t)(i * 17);
    id_format(&id, text);
    assert_string_equal(text, "00112233-4455-6677-8899-aabbccddeeff");
    assert_true(id_parse(bytes_of_text(text), &back));
    assert_true(id_equal(&id, &back));
    assert_false(id_is_valid(&id));
}

static void test_what_is_not_an_id_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        "00112233-4455-6677-8899-aabbccddeef",
        "00112233-4455-6677-8899-aabbccddeeff0",
        "00112233x4455-6677-8899-aabbccddeeff",
        "0011223-34455-6677-8899-aabbccddeeff",
        "00112233-4455-6677-8899-aabbccddeefg",
        "{0112233-4455-6677-8899-aabbccddeef}",
        "------------------------------------",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct message_id id = {{9}};
        assert_false(id_parse(bytes_of_text(wrong[i]), &id));
        assert_int_equal(id.bytes[0], 9);
    }
}

static void test_zero_is_no_id(void **state)
{
    (void)state;
    struct message_id id = {{0}};
    assert_true(id_is_zero(&id));
    assert_false(id_is_valid(&id));
    id.bytes[15] = 1;
    assert_false(id_is_zero(&id));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_example_of_the_rfc),
        cmocka_unit_test(test_ids_increase_within_a_millisecond_and_when_the_clock_steps_back),
        cmocka_unit_test(test_a_full_counter_carries_into_the_time),
        cmocka_unit_test(test_text_goes_there_and_back),
        cmocka_unit_test(test_what_is_not_an_id_is_refused),
        cmocka_unit_test(test_zero_is_no_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
