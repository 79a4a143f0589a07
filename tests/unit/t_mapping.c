/* The mapping's process: what it answers, and that no program can hold the adapter up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "adapters/rest/mapping.h"

static struct mapping *mapping_of(const char *program)
{
    struct mapping *mapping = NULL;
    char fault[MAPPING_FAULT_BYTES];
    assert_int_equal(mapping_new(bytes_of_text(program), &mapping, fault), REASON_NONE);
    assert_string_equal(fault, "");
    return mapping;
}

static void assert_runs(struct mapping *mapping, const char *input, const char *expected)
{
    json_t *output = NULL;
    json_t *given = json_loads(input, JSON_DECODE_ANY, NULL);
    json_t *wanted = json_loads(expected, JSON_DECODE_ANY, NULL);
    assert_int_equal(mapping_run(mapping, given, &output), REASON_NONE);
    assert_true(json_equal(output, wanted));
    json_decref(output);
    json_decref(given);
    json_decref(wanted);
}

static enum reason run(struct mapping *mapping, const char *input)
{
    json_t *output = NULL;
    json_t *given = json_loads(input, JSON_DECODE_ANY, NULL);
    enum reason reason = mapping_run(mapping, given, &output);
    assert_true((reason == REASON_NONE) == (output != NULL));
    json_decref(output);
    json_decref(given);
    return reason;
}

static void it_maps(void **state)
{
    (void)state;
    struct mapping *mapping = mapping_of("{b: .a, n: (.a | length)}, \"the first counts\"");
    assert_runs(mapping, "{\"a\":\"Lào Cai\"}", "{\"b\":\"Lào Cai\",\"n\":7}");
    assert_runs(mapping, "{\"a\":[1,2]}", "{\"b\":[1,2],\"n\":2}");
    mapping_destroy(&mapping);
    mapping = mapping_of("null");
    assert_runs(mapping, "{}", "null");
    mapping_destroy(&mapping);
    mapping_destroy(&mapping);
}

static void a_program_that_does_not_compile_is_reported(void **state)
{
    (void)state;
    struct mapping *mapping = NULL;
    char fault[MAPPING_FAULT_BYTES];
    assert_int_equal(mapping_new(bytes_of_text("{a: "), &mapping, fault), REASON_SETTINGS_INVALID);
    assert_non_null(strstr(fault, "syntax error"));
    assert_int_equal(mapping_new(bytes_of_text("nonsense_function(1)"), &mapping, fault),
                     REASON_SETTINGS_INVALID);
    assert_non_null(strstr(fault, "nonsense_function"));
    assert_int_equal(mapping_new((struct bytes){NULL, 0}, &mapping, fault),
                     REASON_SETTINGS_INVALID);
    assert_null(mapping);
}

static void a_failure_is_an_answer(void **state)
{
    (void)state;
    struct mapping *mapping = mapping_of("if .x then error(\"no\") elif .y then empty else 1 end");
    assert_int_equal(run(mapping, "{\"x\":true}"), REASON_OFFICE_UNKNOWN);
    assert_int_equal(run(mapping, "{\"y\":true}"), REASON_OFFICE_UNKNOWN);
    assert_runs(mapping, "{}", "1");
    mapping_destroy(&mapping);
}

static void no_run_lasts_for_ever(void **state)
{
    (void)state;
    struct mapping *mapping = mapping_of("if .loop then last(range(1e18)) else 1 end");
    assert_int_equal(run(mapping, "{\"loop\":true}"), REASON_OFFICE_UNKNOWN);
    assert_runs(mapping, "{}", "1"); /* in a new process */
    mapping_destroy(&mapping);
}

static void no_run_takes_all_memory(void **state)
{
    (void)state;
    struct mapping *mapping =
        mapping_of("if .grow then \"x\" * 1048577 elif .fill then [range(1e9)] else 1 end");
    assert_int_equal(run(mapping, "{\"grow\":true}"), REASON_OFFICE_UNKNOWN);
    assert_runs(mapping, "{}", "1");
    assert_int_equal(run(mapping, "{\"fill\":true}"), REASON_OFFICE_UNKNOWN);
    assert_runs(mapping, "{}", "1");
    mapping_destroy(&mapping);
}

static void it_inherits_nothing(void **state)
{
    (void)state;
    struct mapping *mapping = mapping_of("[env, ($ENV | length)]");
    assert_runs(mapping, "{}", "[{},0]");
    mapping_destroy(&mapping);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_maps),
        cmocka_unit_test(a_program_that_does_not_compile_is_reported),
        cmocka_unit_test(a_failure_is_an_answer),
        cmocka_unit_test(no_run_lasts_for_ever),
        cmocka_unit_test(no_run_takes_all_memory),
        cmocka_unit_test(it_inherits_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
