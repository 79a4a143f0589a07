/* What spreadsheets do to a registry, and the sentence that a clerk reads about it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "tests/unit/registry_small.h"

static void assert_only(enum registry_file file, const char *text, enum fault_kind kind,
                        unsigned line, const char *column)
{
    assert_null(build(file, text));
    if (!has_fault(kind, registry_file_name(file), line, column))
        fail_msg("%s is not among %zu faults of %s", fault_name(kind), faults.count, text);
    assert_int_equal(faults_total(&faults), 1);
}

static const char *lines_of(enum language language)
{
    static struct buffer text;
    buffer_release(&text);
    buffer_init(&text, 64 * 1024);
    assert_true(faults_print(&faults, language, &text));
    return buffer_text(&text);
}

/* Opened and saved by a spreadsheet, the codes of the shipped catalogue are decimal fractions. */
static void the_zeros_of_a_whole_catalogue_are_one_line(void **state)
{
    (void)state;
    struct registry_files files = good_files();
    struct registry *registry = NULL;
    char *agencies = fixture_read("routing/data/agencies.csv");
    char *procedures = fixture_read("routing/data/procedures.csv");
    struct bytes catalogue = bytes_of_text(procedures);
    char *text = malloc(catalogue.size + 1);
    size_t size = 0;
    size_t cut = 0;
    assert_non_null(text);
    for (size_t at = 0; at < catalogue.size;) {
        const uint8_t *line = catalogue.data + at;
        const uint8_t *end = memchr(line, '\n', catalogue.size - at);
        size_t line_size = end == NULL ? catalogue.size - at : (size_t)(end - line) + 1;
        size_t code = line[0] >= '0' && line[0] <= '9' ? 8 : 0;
        size_t kept = code;
        while (kept > 0 && line[kept - 1] == '0')
            kept--;
        cut += kept < code;
        memcpy(text + size, line, kept);
        memcpy(text + size + kept, line + code, line_size - code);
        size += kept + line_size - code;
        at += line_size;
    }
    assert_int_equal(cut, 156);
    files.content[REGISTRY_FILE_AGENCIES] = bytes_of_text(agencies);
    files.content[REGISTRY_FILE_PROCEDURES] = (struct bytes){(uint8_t *)text, size};
    assert_int_equal(registry_new(&files, fixture_hash, &faults, &registry),
                     REASON_REGISTRY_INVALID);
    assert_int_equal(faults_total(&faults), 156);
    for (size_t i = 0; i < faults.count; i++)
        assert_int_equal(faults.items[i].kind, FAULT_CODE_ZEROS_CUT);
    const char *line = lines_of(LANGUAGE_VIETNAMESE);
    assert_non_null(strstr(line, "procedures.csv: code: Excel đã bỏ các số 0 ở cuối mã"));
    assert_non_null(strstr(line, "(156 dòng: "));
    assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
    assert_non_null(strstr(lines_of(LANGUAGE_ENGLISH), "(156 lines: "));
    free(text);
    free(agencies);
    free(procedures);
}

static void each_thing_that_a_spreadsheet_does_has_its_sentence(void **state)
{
    (void)state;
    enum registry_file procedures = REGISTRY_FILE_PROCEDURES;
    enum registry_file agencies = REGISTRY_FILE_AGENCIES;
    static const char *const days[] = {"28/2/2025", "2/28/25", "28-Feb-25", "45716"};
    assert_only(procedures, "sep=;\ncode;name_vi\n", FAULT_SEPARATOR_LINE, 1, NULL);
    assert_only(procedures,
                "code;name_vi;name_en;field_code;agency;service_level;processing_days;valid_from;"
                "valid_to;sample\n1.011443;a;b;;stp;full;0;;;no\n",
                FAULT_SEPARATOR_WRONG, 1, NULL);
    assert_only(procedures, "code\tname_vi\n", FAULT_SEPARATOR_WRONG, 1, NULL);
    assert_only(agencies, AGENCIES_HEADER CENTRE "stp,,0.30.H38,a,b,agency,,,,,yes\n",
                FAULT_CODE_ZEROS_LOST, 3, "former_codes");
    assert_only(agencies, AGENCIES_HEADER CENTRE "stp,30,,a,b,agency,,,,,yes\n",
                FAULT_CODE_ZEROS_LOST, 3, "official_code");
    for (size_t i = 0; i < sizeof days / sizeof *days; i++) {
        char text[512];
        (void)snprintf(text, sizeof text, AGENCIES_HEADER CENTRE "stp,,,a,b,agency,%s,,,,yes\n",
                       days[i]);
        assert_only(agencies, text, FAULT_DATE_REWRITTEN, 3, "valid_from");
    }
    assert_only(agencies, AGENCIES_HEADER CENTRE "stp,,,a,b,agency,2025-02-30,,,,yes\n",
                FAULT_DATE_INVALID, 3, "valid_from");
}

static void a_file_of_utf16_is_named(void **state)
{
    (void)state;
    static const uint8_t wide[] = {0xff, 0xfe, 'c', 0, 'o', 0};
    struct registry_files files = good_files();
    struct registry *registry = NULL;
    files.content[REGISTRY_FILE_PROCEDURES] = (struct bytes){wide, sizeof wide};
    assert_int_equal(registry_new(&files, fixture_hash, &faults, &registry),
                     REASON_REGISTRY_INVALID);
    assert_true(has_fault(FAULT_TEXT_UTF16, "procedures.csv", 0, NULL));
}

static void the_shape_of_a_national_code_is_exact(void **state)
{
    (void)state;
    static const struct {
        const char *code;
        int fault; /* -1: none */
    } cases[] = {
        {"1.011443", -1},
        {"1.011443.H38", -1},
        {"1.011443.000.00.00.H38", -1},
        {"1.01144", FAULT_CODE_ZEROS_CUT},
        {"1.0", FAULT_CODE_ZEROS_CUT},
        {"1", FAULT_CODE_ZEROS_CUT},
        {"1.", FAULT_CODE_NOT_NATIONAL},
        {"1011443", FAULT_CODE_NOT_NATIONAL},
        {"1.0114430", FAULT_CODE_NOT_NATIONAL},
        {"1.011443.", FAULT_CODE_NOT_NATIONAL},
        {"1.011443.000.00.H38", FAULT_CODE_NOT_NATIONAL},
        {"1.011443.h38", FAULT_CODE_NOT_NATIONAL},
        {"T-LCI-011443", FAULT_CODE_NOT_NATIONAL},
        {"1.01E+5", FAULT_CODE_NOT_NATIONAL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[512];
        (void)snprintf(text, sizeof text,
                       PROCEDURES_HEADER "2.000635,a,b,,stp,full,0,,,no\n"
                                         "%s,a,b,,stp,full,0,,,no\n",
                       cases[i].code);
        if (cases[i].fault >= 0) {
            assert_only(REGISTRY_FILE_PROCEDURES, text, (enum fault_kind)cases[i].fault, 3, "code");
            continue;
        }
        struct registry *registry = build(REGISTRY_FILE_PROCEDURES, text);
        assert_non_null(registry);
        registry_destroy(&registry);
    }
}

/* Remarks come back with marks and commas, rows that were emptied as commas alone; editors put a
 * mark before the version. */
static void what_does_no_harm_is_read(void **state)
{
    (void)state;
    struct registry *registry =
        build(REGISTRY_FILE_PROCEDURES,
              "\xef\xbb\xbf\"# Written by a clerk, in two words\",,,,,,,,,\r\n" PROCEDURES_HEADER
              "# not this,,,,,,,,,\n,,,,,,,,,\n2.000635,a,b,,stp,full,0,,,no\r\n");
    assert_non_null(registry);
    assert_int_equal(registry_procedure_count(registry), 1);
    registry_destroy(&registry);
    registry = build(REGISTRY_FILE_VERSION, "\xef\xbb\xbf"
                                            "2026-11-24.1\r\n");
    assert_non_null(registry);
    assert_int_equal(strncmp(registry_version(registry), "2026-11-24.1+", 13), 0);
    registry_destroy(&registry);
}

static void three_alike_are_told_one_by_one(void **state)
{
    (void)state;
    assert_null(build(REGISTRY_FILE_PROCEDURES, PROCEDURES_HEADER "1.1,a,b,,stp,full,0,,,no\n"
                                                                  "1.2,a,b,,stp,full,0,,,no\n"
                                                                  "1.3,a,b,,xyz,full,0,,,no\n"));
    const char *lines = lines_of(LANGUAGE_ENGLISH);
    assert_non_null(strstr(lines, "procedures.csv:2: code: Excel cut"));
    assert_non_null(strstr(lines, "procedures.csv:4: code: Excel cut"));
    assert_non_null(strstr(lines, "procedures.csv:4: agency: no such key"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_zeros_of_a_whole_catalogue_are_one_line),
        cmocka_unit_test(each_thing_that_a_spreadsheet_does_has_its_sentence),
        cmocka_unit_test(a_file_of_utf16_is_named),
        cmocka_unit_test(the_shape_of_a_national_code_is_exact),
        cmocka_unit_test(what_does_no_harm_is_read),
        cmocka_unit_test(three_alike_are_told_one_by_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
