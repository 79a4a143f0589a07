/* Texts of the command line: both languages are there and take the same arguments. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "ops/cli/text.h"

enum { ARGUMENTS_BYTES_MAX = 64 };

/* The conversions of a format, in order: "%s %5lld" gives "s;lld;". */
static void arguments_of(const char *format, char ret_arguments[ARGUMENTS_BYTES_MAX])
{
    size_t used = 0;
    for (const char *at = strchr(format, '%'); at != NULL; at = strchr(at, '%')) {
        at++;
        if (*at == '%') {
            at++;
            continue;
        }
        at += strspn(at, "0123456789.-+ #*");
        size_t size = strspn(at, "hlzj") + 1;
        assert_true(used + size + 2 <= ARGUMENTS_BYTES_MAX);
        memcpy(ret_arguments + used, at, size);
        used += size;
        ret_arguments[used++] = ';';
    }
    ret_arguments[used] = 0;
}

static void both_languages_take_the_same_arguments(void **state)
{
    (void)state;
    for (int text = 0; text < TEXT_COUNT; text++) {
        char english[ARGUMENTS_BYTES_MAX], vietnamese[ARGUMENTS_BYTES_MAX];
        arguments_of(text_of((enum text)text, LANGUAGE_ENGLISH), english);
        arguments_of(text_of((enum text)text, LANGUAGE_VIETNAMESE), vietnamese);
        assert_string_equal(english, vietnamese);
        assert_true(text_of((enum text)text, LANGUAGE_ENGLISH)[0] != 0);
        assert_true(text_of((enum text)text, LANGUAGE_VIETNAMESE)[0] != 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(both_languages_take_the_same_arguments)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
