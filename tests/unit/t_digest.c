/* SHA-256 values as text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "proto/base/digest.h"

static void test_text_goes_there_and_back(void **state)
{
    (void)state;
    struct digest digest;
    struct digest back = {{0}};
    char text[DIGEST_TEXT_BYTES];
    for (size_t i = 0; i < DIGEST_BYTES; i++)
        digest.bytes[i] = (uint8_t)(255 - i);
    digest_format(&digest, text);
    assert_int_equal(strlen(text), DIGEST_TEXT_BYTES - 1);
    assert_memory_equal(text, "fffefdfc", 8);
    assert_true(digest_parse(bytes_of_text(text), &back));
    assert_true(digest_equal(&digest, &back));
    back.bytes[DIGEST_BYTES - 1] ^= 1;
    assert_false(digest_equal(&digest, &back));
}

static void test_what_is_not_a_digest_is_refused(void **state)
{
    (void)state;
    char text[DIGEST_TEXT_BYTES + 1];
    struct digest digest = {{3}};
    memset(text, 'a', sizeof text);
    assert_false(digest_parse((struct bytes){(uint8_t *)text, 63}, &digest));
    assert_false(digest_parse((struct bytes){(uint8_t *)text, 65}, &digest));
    text[40] = 'g';
    assert_false(digest_parse((struct bytes){(uint8_t *)text, 64}, &digest));
    assert_int_equal(digest.bytes[0], 3);
}

static void test_zero_is_seen(void **state)
{
    (void)state;
    struct digest digest = {{0}};
    assert_true(digest_is_zero(&digest));
    digest.bytes[DIGEST_BYTES - 1] = 1;
    assert_false(digest_is_zero(&digest));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_goes_there_and_back),
        cmocka_unit_test(test_what_is_not_a_digest_is_refused),
        cmocka_unit_test(test_zero_is_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
