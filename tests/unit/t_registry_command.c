/* lienthong registry check and route explain: answers, exit codes, both languages, JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>
#include <cmocka.h>
#include <jansson.h>

#include "ops/cli/commands.h"
#include "tests/unit/registry_fixture.h"

enum { WORDS_MAX = 16, OUTPUT_BYTES_MAX = 64 * 1024 };

static char output[OUTPUT_BYTES_MAX];

/* Runs a command with both streams into a file of its own, and keeps what it printed. */
static int run(enum language language, command_function *command, const char *const *words)
{
    const struct invocation invocation = {.language = language};
    char *arguments[WORDS_MAX] = {NULL};
    int count = 0;
    for (; words[count] != NULL; count++)
        arguments[count] = strdup(words[count]);
    FILE *file = tmpfile();
    assert_non_null(file);
    (void)fflush(stdout);
    int saved[2] = {dup(STDOUT_FILENO), dup(STDERR_FILENO)};
    assert_true(dup2(fileno(file), STDOUT_FILENO) >= 0);
    assert_true(dup2(fileno(file), STDERR_FILENO) >= 0);
    char *given[WORDS_MAX];
    memcpy(given, arguments, sizeof given);
    int code = command(&invocation, count, given);
    (void)fflush(stdout);
    assert_true(dup2(saved[0], STDOUT_FILENO) >= 0);
    assert_true(dup2(saved[1], STDERR_FILENO) >= 0);
    (void)close(saved[0]);
    (void)close(saved[1]);
    rewind(file);
    size_t size = fread(output, 1, sizeof output - 1, file);
    output[size] = 0;
    (void)fclose(file);
    for (int i = 0; i < count; i++)
        free(arguments[i]);
    return code;
}

#define RUN(language, command, ...)                                                                \
    run(LANGUAGE_##language, command, (const char *const[]){__VA_ARGS__, NULL})

static void test_check(void **state)
{
    (void)state;
    assert_int_equal(RUN(ENGLISH, command_registry, "registry", "check", "routing/data"),
                     EXIT_CODE_OK);
    assert_non_null(strstr(output, "No faults: organisations 26, participants 0, procedures 1569"));
    assert_int_equal(
        RUN(VIETNAMESE, command_registry, "registry", "check", "routing/data/after-merger"),
        EXIT_CODE_NEGATIVE);
    assert_string_equal(output, "policy.csv: không có tệp\nprocedures.csv: không có tệp\n"
                                "version: không có tệp\n3 lỗi\n");
    assert_int_equal(RUN(ENGLISH, command_registry, "registry", "check", "/nonexistent"),
                     EXIT_CODE_UNREACHABLE);
    assert_int_equal(RUN(ENGLISH, command_registry, "registry", "mend", "routing/data"),
                     EXIT_CODE_USAGE);
    assert_int_equal(RUN(ENGLISH, command_registry, "registry"), EXIT_CODE_USAGE);
}

static void test_check_as_json(void **state)
{
    (void)state;
    assert_int_equal(
        RUN(ENGLISH, command_registry, "registry", "check", "--json", "routing/data/after-merger"),
        EXIT_CODE_NEGATIVE);
    json_t *document = json_loads(output, 0, NULL);
    const json_t *list = json_object_get(document, "faults");
    assert_true(json_is_false(json_object_get(document, "good")));
    assert_int_equal(json_array_size(list), 3);
    const json_t *fault = json_array_get(list, 0);
    assert_string_equal(json_string_value(json_object_get(fault, "kind")), "file_missing");
    assert_string_equal(json_string_value(json_object_get(fault, "file")), "policy.csv");
    json_decref(document);
    assert_int_equal(RUN(ENGLISH, command_registry, "registry", "check", "-j", "routing/data"),
                     EXIT_CODE_OK);
    document = json_loads(output, 0, NULL);
    assert_int_equal(json_integer_value(json_object_get(document, "procedures")), 1569);
    assert_string_equal(json_string_value(json_object_get(document, "calendar_known_to")),
                        "2026-12-31");
    json_decref(document);
}

static void test_explain(void **state)
{
    (void)state;
    assert_int_equal(RUN(VIETNAMESE, command_route, "route", "explain", "--procedure",
                         "1.011443.000.00.00.H38", "--type", "transfer", "--day", "2026-11-24",
                         "--registry", "routing/data"),
                     EXIT_CODE_OK);
    assert_non_null(strstr(output, "nơi nhận: stnmt (Sở Tài nguyên và Môi trường)"));
    assert_non_null(strstr(output, "policy.csv:"));
    assert_int_equal(RUN(ENGLISH, command_route, "route", "explain", "--type", "result",
                         "--registry", "routing/data"),
                     EXIT_CODE_NEGATIVE);
    assert_non_null(strstr(output, "Refused (route_missing)"));
    assert_int_equal(RUN(ENGLISH, command_route, "route", "explain", "--type", "supplement",
                         "--agency", "syt", "--dossier", "H38.30-261124-0001", "--registry",
                         "routing/data"),
                     EXIT_CODE_OK);
    assert_non_null(strstr(output, "recipient: syt"));
}

static void test_explain_as_json(void **state)
{
    (void)state;
    assert_int_equal(RUN(ENGLISH, command_route, "route", "explain", "--json", "--sender", "syt",
                         "--type", "result", "--registry", "routing/data"),
                     EXIT_CODE_OK);
    json_t *document = json_loads(output, 0, NULL);
    const json_t *first = json_array_get(json_object_get(document, "destinations"), 0);
    assert_true(json_is_true(json_object_get(document, "allowed")));
    assert_string_equal(json_string_value(json_object_get(document, "reason")), "ok");
    assert_string_equal(json_string_value(json_object_get(first, "key")), "centre");
    assert_int_equal(json_integer_value(json_object_get(first, "life_hours")), 720);
    assert_int_equal(json_array_size(json_object_get(document, "steps")), 3);
    json_decref(document);
}

static void test_wrong_words(void **state)
{
    (void)state;
    static const char *const wrong[][2] = {
        {"--type", "letter"}, {"--type", ""},
        {"--sender", "Sở"},   {"--recipient", "seventeen_letters"},
        {"--agency", "A"},    {"--day", "24/11/2026"},
        {"--colour", "red"}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(RUN(ENGLISH, command_route, "route", "explain", wrong[i][0], wrong[i][1],
                             "--registry", "routing/data"),
                         EXIT_CODE_USAGE);
    assert_int_equal(RUN(ENGLISH, command_route, "route", "find"), EXIT_CODE_USAGE);
    assert_int_equal(
        RUN(ENGLISH, command_route, "route", "explain", "--registry", "routing/data/after-merger"),
        EXIT_CODE_USAGE);
    assert_non_null(strstr(output, "--procedure is missing"));
    assert_int_equal(RUN(ENGLISH, command_route, "route", "explain", "-p", "1.011443", "--registry",
                         "routing/data/after-merger"),
                     EXIT_CODE_UNREACHABLE);
    assert_non_null(strstr(output, "procedures.csv: the file is missing"));
    assert_int_equal(RUN(ENGLISH, command_route, "route", "--help"), EXIT_CODE_OK);
    assert_non_null(strstr(output, "--procedure"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_check),       cmocka_unit_test(test_check_as_json),
        cmocka_unit_test(test_explain),     cmocka_unit_test(test_explain_as_json),
        cmocka_unit_test(test_wrong_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
