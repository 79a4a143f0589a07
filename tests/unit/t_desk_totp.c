/* One-time codes against the vectors of RFC 6238 (appendix B, SHA-1) and RFC 4226 (appendix D), and
 * codes that are good once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "adapters/desk/totp.h"

static const uint8_t secret[TOTP_SECRET_BYTES] = "12345678901234567890";

static void codes_are_those_of_the_standards(void **state)
{
    static const struct {
        int64_t time_s;
        uint32_t code;
    } times[] = {{59, 94287082},         {1111111109, 7081804},  {1111111111, 14050471},
                 {1234567890, 89005924}, {2000000000, 69279037}, {20000000000, 65353130}};
    static const uint32_t counts[] = {755224, 287082, 359152, 969429, 338314,
                                      254676, 287922, 162583, 399871, 520489};
    (void)state;
    for (size_t i = 0; i < sizeof times / sizeof *times; i++)
        assert_int_equal(totp_code(secret, sizeof secret, times[i].time_s / 30, 8), times[i].code);
    for (int i = 0; i < 10; i++)
        assert_int_equal(totp_code(secret, sizeof secret, i, 6), counts[i]);
}

static bool is_good(int64_t of_step, int64_t now_step, int64_t last)
{
    char code[16];
    int64_t step = 0;
    (void)snprintf(code, sizeof code, "%06u", totp_code(secret, sizeof secret, of_step, 6));
    bool is = totp_matches(secret, code, now_step * TOTP_STEP_MS + 7, last, &step);
    assert_true(!is || step == of_step);
    return is;
}

static void a_code_is_good_around_its_step_and_once(void **state)
{
    int64_t step = 0;
    (void)state;
    for (int64_t away = -3; away <= 3; away++)
        assert_int_equal(is_good(1000 + away, 1000, 0), away >= -1 && away <= 1);
    assert_false(is_good(1000, 1000, 1000));
    assert_false(is_good(999, 1000, 1000));
    assert_true(is_good(1001, 1000, 1000));
    assert_false(totp_matches(secret, "", 0, -5, &step));
    assert_false(totp_matches(secret, "7552240", 0, -5, &step));
    assert_false(totp_matches(secret, "75522", 0, -5, &step));
    assert_true(totp_matches(secret, "755224", 0, -5, &step));
}

static void a_secret_is_written_as_authenticators_read_it(void **state)
{
    char text[TOTP_BASE32_BYTES];
    (void)state;
    totp_base32(secret, text);
    assert_string_equal(text, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
}

static void a_recovery_code_is_good_once_however_it_is_typed(void **state)
{
    char codes[RECOVERY_CODES][RECOVERY_CODE_BYTES], digests[RECOVERY_TEXT_BYTES];
    char left[RECOVERY_TEXT_BYTES], before[RECOVERY_TEXT_BYTES];
    (void)state;
    recovery_make(codes, digests);
    assert_int_equal(strlen(digests), RECOVERY_TEXT_BYTES - 1);
    assert_null(strstr(digests, codes[0]));
    assert_false(recovery_use(digests, "", left));
    assert_false(recovery_use(digests, "abcd-efgh-jkmn-pqrs", left));
    assert_string_equal(left, digests);
    for (int i = RECOVERY_CODES - 1; i >= 0; i--) {
        for (char *at = codes[i]; *at != 0; at++)
            *at = *at == '-' ? ' ' : (char)toupper((unsigned char)*at);
        (void)snprintf(before, sizeof before, "%s", digests);
        assert_true(recovery_use(before, codes[i], digests));
        assert_false(recovery_use(digests, codes[i], left));
    }
    assert_string_equal(digests, "");
    assert_false(recovery_use("", codes[0], left));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_are_those_of_the_standards),
        cmocka_unit_test(a_code_is_good_around_its_step_and_once),
        cmocka_unit_test(a_secret_is_written_as_authenticators_read_it),
        cmocka_unit_test(a_recovery_code_is_good_once_however_it_is_typed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
