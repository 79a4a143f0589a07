/* The mapping's process: what it answers, and that no program can hold the adapter up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "adapters/http/mapping.h"
#include "tests/unit/scratch.h"

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

/* Keys, tokens and other agencies' registries lie beside the mapping, for the same user. */
static void no_file_is_read(void **state)
{
    (void)state;
    static const char *const programs[] = {
        "import \"secret\" as $s {search: \"%s\"}; $s",
        "import \"secret\" as $s {search: \"%s/\"}; {a: $s}",
        "include \"secret\" {search: \"%s\"}; .",
        "import \"secret\" as s {search: [\"%s\"]}; s::f",
    };
    struct scratch scratch;
    assert_true(scratch_open(&scratch));
    for (size_t i = 0; i < 2; i++) {
        char path[300];
        (void)snprintf(path, sizeof path, "%s/secret.%s", scratch.folder, i == 0 ? "json" : "jq");
        FILE *file = fopen(path, "we");
        assert_non_null(file);
        assert_true(fputs(i == 0 ? "{\"key\":\"sesame\"}" : "def f: 1;", file) >= 0);
        assert_int_equal(fclose(file), 0);
    }
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
        struct mapping *mapping = NULL;
        char program[400], fault[MAPPING_FAULT_BYTES];
        (void)snprintf(program, sizeof program, programs[i], scratch.folder);
        enum reason reason = mapping_new(bytes_of_text(program), &mapping, fault);
        mapping_destroy(&mapping);
        assert_int_equal(reason, REASON_SETTINGS_INVALID);
        assert_non_null(strstr(fault, "secret"));
        assert_null(strstr(fault, "sesame"));
    }
    scratch_close(&scratch);
}

static void nothing_of_its_surroundings_is_seen(void **state)
{
    (void)state;
    assert_int_equal(setenv("LIENTHONG_TEST_SECRET", "sesame", 1), 0);
    struct mapping *mapping = mapping_of("[($ENV | length), (env | length), input_filename]");
    assert_runs(mapping, "{}", "[0, 0, null]");
    mapping_destroy(&mapping);
    assert_int_equal(unsetenv("LIENTHONG_TEST_SECRET"), 0);
}

#ifndef __SANITIZE_ADDRESS__ /* whose reports go to the same place */
static void what_it_prints_by_itself_is_not_in_the_log(void **state)
{
    (void)state;
    struct scratch scratch;
    struct stat status;
    char path[300];
    assert_true(scratch_open(&scratch));
    (void)snprintf(path, sizeof path, "%s/log", scratch.folder);
    int before = dup(STDERR_FILENO);
    int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(before >= 0 && file >= 0 && dup2(file, STDERR_FILENO) >= 0);
    struct mapping *mapping = mapping_of(".name | stderr | debug");
    assert_runs(mapping, "{\"name\":\"a citizen's\"}", "\"a citizen's\"");
    mapping_destroy(&mapping);
    assert_true(dup2(before, STDERR_FILENO) >= 0);
    assert_int_equal(fstat(file, &status), 0);
    assert_int_equal(status.st_size, 0);
    (void)close(file);
    (void)close(before);
    scratch_close(&scratch);
}
#endif

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
        cmocka_unit_test(no_file_is_read),
        cmocka_unit_test(nothing_of_its_surroundings_is_seen),
#ifndef __SANITIZE_ADDRESS__
        cmocka_unit_test(what_it_prints_by_itself_is_not_in_the_log),
#endif
        cmocka_unit_test(a_failure_is_an_answer),
        cmocka_unit_test(no_run_lasts_for_ever),
        cmocka_unit_test(no_run_takes_all_memory),
        cmocka_unit_test(it_inherits_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
