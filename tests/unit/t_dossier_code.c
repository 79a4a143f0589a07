/* Dossier codes: every shape found in real systems parses, everything else does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "proto/base/dossier_code.h"
#include "proto/base/limits.h"

static void test_real_codes(void **state)
{
    (void)state;
    static const char *const examples[] = {
        "H15.50.05.13-261008-0975",  "H56.14-240823-0001",        "000.00.06.H56-231027-0361",
        "000.17.22.H56-210531-0001", "000.00.53.H48-220921-0099", "G09.20-20260609-0092637",
        "H38-250301-12345678",
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++)
        assert_true(dossier_code_is_valid(bytes_of_text(examples[i])));
}

static void test_other_texts_are_refused(void **state)
{
    (void)state;
    static const char *const refused[] = {
        "",
        "-",
        "--",
        "H56.14",
        "H56.14-240823",
        "H56.14-240823-",
        "-240823-0001",
        "H56.14-24082-0001",
        "H56.14-240823000-0001",
        "H56.14-240823-001",
        "H56.14-240823-000000001",
        "H56.14-24O823-0001",
        "H56.14-240823-0001-1",
        "H56.14-240823-0001 ",
        " H56.14-240823-0001",
        "h56.14-240823-0001",
        "H56..14-240823-0001",
        ".H56-240823-0001",
        "H56.-240823-0001",
        "H56/14-240823-0001",
        "H56.14-240823-0001\n",
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        assert_false(dossier_code_is_valid(bytes_of_text(refused[i])));
}

static void test_bound(void **state)
{
    (void)state;
    char text[DOSSIER_CODE_BYTES_MAX + 2];
    static const char tail[] = "-240823-0001";
    memset(text, 'H', sizeof text);
    memcpy(text + DOSSIER_CODE_BYTES_MAX - strlen(tail), tail, sizeof tail);
    assert_true(dossier_code_is_valid(bytes_of_text(text)));
    memset(text, 'H', sizeof text);
    memcpy(text + DOSSIER_CODE_BYTES_MAX + 1 - strlen(tail), tail, sizeof tail);
    assert_false(dossier_code_is_valid(bytes_of_text(text)));
}

static void test_embedded_zero_byte_is_refused(void **state)
{
    (void)state;
    static const char text[] = "H56.14-240823-0001\0";
    assert_false(dossier_code_is_valid((struct bytes){(const uint8_t *)text, sizeof text - 1}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_real_codes),
        cmocka_unit_test(test_other_texts_are_refused),
        cmocka_unit_test(test_bound),
        cmocka_unit_test(test_embedded_zero_byte_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
