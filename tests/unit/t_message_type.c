/* The table of message types: names, labels, numbers, and its agreement with envelope.proto. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "proto/codec/message_type.h"
#include "schema/envelope.pb-c.h"

static void test_every_type_of_the_schema_is_in_the_table(void **state)
{
    (void)state;
    const ProtobufCEnumDescriptor *schema = &lienthong__v1__message_type__descriptor;
    size_t named = 0;
    for (unsigned i = 0; i < schema->n_values; i++) {
        int number = schema->values[i].value;
        if (number == 0)
            continue;
        named++;
        assert_true(message_type_is_known((uint32_t)number));
        assert_true(number < MESSAGE_TYPE_NUMBER_END);
        char lower[64] = "";
        for (size_t k = 0; schema->values[i].name[k] != 0; k++) {
            char c = schema->values[i].name[k];
            lower[k] = (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
        }
        assert_string_equal(message_type_name((enum message_type)number), lower);
    }
    for (uint32_t number = 0; number < MESSAGE_TYPE_NUMBER_END; number++)
        named -= message_type_is_known(number);
    assert_int_equal(named, 0);
}

static void test_names_parse_back(void **state)
{
    (void)state;
    for (uint32_t number = 0; number < MESSAGE_TYPE_NUMBER_END; number++) {
        enum message_type parsed = MESSAGE_TYPE_NONE;
        enum message_type type = (enum message_type)number;
        if (!message_type_is_known(number))
            continue;
        assert_true(message_type_parse(bytes_of_text(message_type_name(type)), &parsed));
        assert_int_equal(parsed, type);
        assert_string_not_equal(message_type_label(type, LANGUAGE_VIETNAMESE),
                                message_type_label(type, LANGUAGE_ENGLISH));
    }
}

static void test_strangers_are_not_known(void **state)
{
    (void)state;
    enum message_type type = MESSAGE_TYPE_RESULT;
    assert_false(message_type_parse(bytes_of_text("Transfer"), &type));
    assert_false(message_type_parse(bytes_of_text(""), &type));
    assert_int_equal(type, MESSAGE_TYPE_RESULT);
    static const uint32_t strangers[] = {0, 16, 31, 38, 4000000000U};
    for (size_t i = 0; i < sizeof strangers / sizeof *strangers; i++)
        assert_false(message_type_is_known(strangers[i]));
    assert_string_equal(message_type_name((enum message_type)99), "unknown");
}

static void test_receipts_are_the_types_after_the_business_types(void **state)
{
    (void)state;
    size_t business = 0;
    for (uint32_t number = 0; number < MESSAGE_TYPE_NUMBER_END; number++) {
        enum message_type type = (enum message_type)number;
        if (!message_type_is_known(number))
            continue;
        bool is_business = (int)type <= MESSAGE_TYPE_BUSINESS_COUNT;
        bool is_head = type == MESSAGE_TYPE_LEDGER_HEAD;
        assert_int_equal(message_type_is_receipt(type), !is_business && !is_head);
        business += is_business;
    }
    assert_int_equal(business, MESSAGE_TYPE_BUSINESS_COUNT);
}

static void test_language_comes_from_the_locale(void **state)
{
    (void)state;
    assert_int_equal(language_of("vi_VN.UTF-8"), LANGUAGE_VIETNAMESE);
    assert_int_equal(language_of("vi"), LANGUAGE_VIETNAMESE);
    assert_int_equal(language_of("vie"), LANGUAGE_ENGLISH);
    assert_int_equal(language_of("C.UTF-8"), LANGUAGE_ENGLISH);
    assert_int_equal(language_of(""), LANGUAGE_ENGLISH);
    assert_int_equal(language_of(NULL), LANGUAGE_ENGLISH);
    assert_string_equal(message_type_label(MESSAGE_TYPE_TRANSFER, LANGUAGE_VIETNAMESE),
                        "Chuyển hồ sơ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_type_of_the_schema_is_in_the_table),
        cmocka_unit_test(test_names_parse_back),
        cmocka_unit_test(test_strangers_are_not_known),
        cmocka_unit_test(test_receipts_are_the_types_after_the_business_types),
        cmocka_unit_test(test_language_comes_from_the_locale),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
