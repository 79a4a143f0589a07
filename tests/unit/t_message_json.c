/* A message that was kept is described by today's registry when it is sent again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "adapters/json/message_json.h"
#include "tests/unit/registry_fixture.h"

static const char *text_at(const json_t *message, const char *what, const char *name)
{
    const json_t *known = json_object_get(json_object_get(message, "registry"), what);
    return json_string_value(json_object_get(known, name));
}

static void what_it_names_is_looked_up_again(void **state)
{
    (void)state;
    struct registry *registry = fixture_shipped(NULL);
    json_t *message =
        json_pack("{s:{s:s, s:s}, s:{s:{s:s}}}", "envelope", "sender", "centre", "procedure_code",
                  "1.011443", "registry", "procedure", "name", "Old name");
    assert_true(message_json_describe(message, NULL));
    assert_string_equal(text_at(message, "procedure", "name"), "Old name");
    assert_true(message_json_describe(message, registry));
    assert_string_equal(text_at(message, "procedure", "code"), "1.011443");
    assert_string_not_equal(text_at(message, "procedure", "name"), "Old name");
    assert_string_equal(text_at(message, "agency", "key"), "stnmt");
    json_decref(message);
    registry_destroy(&registry);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_it_names_is_looked_up_again)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
