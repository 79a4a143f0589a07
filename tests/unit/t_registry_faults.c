/* What staff can get wrong in the registry: every fault is reported, with file, line and column. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "proto/base/printable.h"
#include "tests/unit/registry_small.h"

static void test_forms_of_csv_that_spreadsheets_write(void **state)
{
    (void)state;
    struct registry *registry = build(
        REGISTRY_FILE_POLICY,
        "\xef\xbb\xbflife_hours,type,sender,recipient,copies\r\n\r\n# remark, with \"marks\"\r\n"
        " 24 , transfer ,\"centre\", agency ,\r\n\"720\" ,\"result\",agency,centre,\"\"");
    assert_non_null(registry);
    assert_int_equal(registry_policy_count(registry), 2);
    const struct policy_rule *rule =
        registry_policy(registry, ROLE_CENTRE, MESSAGE_TYPE_TRANSFER, ROLE_AGENCY);
    assert_int_equal(rule->life_hours, 24);
    assert_int_equal(rule->line, 4);
    registry_destroy(&registry);
    registry = build(REGISTRY_FILE_PROCEDURES,
                     PROCEDURES_HEADER "2.000635,\"Tên \"\"mới\"\", dài\",Copy,,stp,full,0,,,no\n");
    assert_string_equal(registry_procedure_at(registry, 0)->name_vi, "Tên \"mới\", dài");
    registry_destroy(&registry);
}

/* Faults of the form, each alone in its file. */
static void test_each_fault_of_form(void **state)
{
    (void)state;
    enum registry_file policy = REGISTRY_FILE_POLICY;
    static char longest[CSV_LINE_BYTES_MAX + 200];
    assert_null(build(policy, ""));
    assert_true(has_fault(FAULT_HEADER_MISSING, "policy.csv", 0, NULL));
    assert_null(build(policy, POLICY_HEADER));
    assert_true(has_fault(FAULT_ROWS_MISSING, "policy.csv", 0, NULL));
    assert_null(build(policy, "sender,type,recipient,copies,hours,type\n"));
    assert_true(has_fault(FAULT_COLUMN_UNKNOWN, "policy.csv", 1, NULL));
    assert_true(has_fault(FAULT_COLUMN_REPEATED, "policy.csv", 1, NULL));
    assert_true(has_fault(FAULT_COLUMN_MISSING, "policy.csv", 1, "life_hours"));
    assert_null(build(policy, "a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a\n"));
    assert_true(has_fault(FAULT_FIELDS_TOO_MANY, "policy.csv", 1, NULL));
    assert_only_fault(policy, POLICY_HEADER RULE "agency,result,centre\n", FAULT_FIELDS_TOO_FEW, 3,
                      NULL);
    assert_only_fault(policy, POLICY_HEADER RULE "agency,result,centre,,1,1\n",
                      FAULT_FIELDS_TOO_MANY, 3, NULL);
    assert_only_fault(policy, POLICY_HEADER RULE "agency,\"result,centre,,1\n",
                      FAULT_QUOTE_UNCLOSED, 3, NULL);
    assert_only_fault(policy, POLICY_HEADER RULE "agency,\"result\"x,centre,,1\n",
                      FAULT_QUOTE_MISPLACED, 3, NULL);
    assert_only_fault(policy, POLICY_HEADER RULE "agency,re\"sult,centre,,1\n",
                      FAULT_QUOTE_MISPLACED, 3, NULL);
    assert_only_fault(policy, POLICY_HEADER RULE "agency,res\xc3,centre,,1\n", FAULT_TEXT_NOT_UTF8,
                      3, NULL);
    assert_only_fault(policy, POLICY_HEADER RULE "agency,\xed\xa0\x80,centre,,1\n",
                      FAULT_TEXT_NOT_UTF8, 3, NULL);
    memset(longest, 'x', sizeof longest - 1);
    memcpy(longest, POLICY_HEADER RULE, sizeof(POLICY_HEADER RULE) - 1);
    assert_only_fault(policy, longest, FAULT_LINE_TOO_LONG, 3, NULL);
}

static void test_zero_bytes_are_refused(void **state)
{
    (void)state;
    static const char text[] = POLICY_HEADER RULE "agency,res\0ult,centre,,1\n";
    struct registry_files files = good_files();
    struct registry *registry = NULL;
    files.content[REGISTRY_FILE_POLICY] = (struct bytes){(const uint8_t *)text, sizeof text - 1};
    assert_int_equal(registry_new(&files, fixture_hash, &faults, &registry),
                     REASON_REGISTRY_INVALID);
    assert_true(has_fault(FAULT_TEXT_NOT_UTF8, "policy.csv", 3, NULL));
    assert_null(registry);
}

static void test_each_fault_of_meaning(void **state)
{
    (void)state;
    enum registry_file version = REGISTRY_FILE_VERSION;
    enum registry_file people = REGISTRY_FILE_PARTICIPANTS;
    enum registry_file holidays = REGISTRY_FILE_HOLIDAYS;
    static const char *const versions[] = {"",
                                           "1",
                                           "2026-11-24",
                                           "2026-11-24.",
                                           "2026-13-24.1",
                                           "2026-11-24.12345",
                                           "2026-11-24.1\n2026-11-24.2"};
    for (size_t i = 0; i < sizeof versions / sizeof *versions; i++)
        assert_only_fault(version, versions[i], FAULT_VERSION_INVALID, 1, NULL);
    /* An adapter's own queue has this name. */
    assert_only_fault(REGISTRY_FILE_AGENCIES,
                      AGENCIES_HEADER CENTRE "stp,,,a,b,agency,,,,,yes\n"
                                             "office,,,a,b,agency,,,,,yes\n",
                      FAULT_KEY_RESERVED, 4, "key");
    assert_only_fault(people, STP CURVE_KEY ",/etc/passwd,1", FAULT_PATH_INVALID, 2,
                      "certificates");
    assert_only_fault(people, STP CURVE_KEY ",a/../../b,1", FAULT_PATH_INVALID, 2, "certificates");
    assert_only_fault(people, STP "short,a.pem,1", FAULT_CURVE_KEY_INVALID, 2, "curve_public_key");
    assert_only_fault(people, STP "####################~###################,a.pem,1",
                      FAULT_CURVE_KEY_INVALID, 2, "curve_public_key");
    assert_only_fault(people, STP "########################################,a.pem,1",
                      FAULT_CURVE_KEY_INVALID, 2, "curve_public_key");
    assert_only_fault(people, STP CURVE_KEY ",a.pem,1\ncentre,centre," CURVE_KEY ",b.pem,1",
                      FAULT_CURVE_KEY_REPEATED, 3, "curve_public_key");
    assert_only_fault(people, STP CURVE_KEY ",a.pem,0", FAULT_NUMBER_INVALID, 2, "window_messages");
    assert_only_fault(people, STP CURVE_KEY ",a;b;c;d;e;f;g;h;i,1", FAULT_LIST_TOO_LONG, 2,
                      "certificates");
    assert_only_fault(people, PARTICIPANTS_HEADER "stp,centre," CURVE_KEY ",a.pem,1",
                      FAULT_ROLE_DIFFERS, 2, "role");
    assert_only_fault(people, PARTICIPANTS_HEADER "snv,agency," CURVE_KEY ",a.pem,1",
                      FAULT_AGENCY_UNKNOWN, 2, "key");
    assert_only_fault(holidays,
                      "date,kind,name_vi,name_en\n2025-01-01,holiday,a,b\n"
                      "2025-01-01,working,a,b\n",
                      FAULT_DATE_REPEATED, 3, "date");
}

static void test_faults_of_successors(void **state)
{
    (void)state;
    enum registry_file file = REGISTRY_FILE_AGENCIES;
    assert_null(build(file, AGENCIES_HEADER CENTRE "stp" ENDED "snv,,yes\nsnv" ENDED "stp,,yes\n"));
    assert_true(has_fault(FAULT_SUCCESSOR_ENDLESS, "agencies.csv", 3, "successor"));
    assert_true(has_fault(FAULT_SUCCESSOR_ENDLESS, "agencies.csv", 4, "successor"));
    assert_only_fault(file, AGENCIES_HEADER CENTRE "stp" ENDED "stp,,yes\n",
                      FAULT_SUCCESSOR_ENDLESS, 3, "successor");
    assert_only_fault(file, AGENCIES_HEADER CENTRE "stp" ENDED "nobody,,yes\n",
                      FAULT_AGENCY_UNKNOWN, 3, "successor");
    assert_only_fault(file, AGENCIES_HEADER CENTRE "stp" ENDED "centre,,yes\n",
                      FAULT_SUCCESSOR_ROLE_DIFFERS, 3, "successor");
    /* stp, then s1 .. sN: N hops. The longest chain allowed, and one more. */
    for (int hops = SUCCESSOR_HOPS_MAX; hops <= SUCCESSOR_HOPS_MAX + 1; hops++) {
        char text[2048] = AGENCIES_HEADER CENTRE "stp" ENDED "s1,,yes\n";
        for (int i = 1; i < hops; i++) {
            size_t size = strlen(text);
            (void)snprintf(text + size, sizeof text - size, "s%d" ENDED "s%d,,yes\n", i, i + 1);
        }
        size_t size = strlen(text);
        (void)snprintf(text + size, sizeof text - size, "s%d,,,a,b,agency,,,,,yes\n", hops);
        struct registry *registry = build(file, text);
        assert_int_equal(registry != NULL, hops == SUCCESSOR_HOPS_MAX);
        assert_int_equal(registry == NULL,
                         has_fault(FAULT_SUCCESSOR_ENDLESS, "agencies.csv", 3, "successor"));
        registry_destroy(&registry);
    }
}

static const char faulty_agencies[] =
    AGENCIES_HEADER "centre,,,a,b,centre,,,,,yes\n"
                    "stp,H38.03,,a,b,agency,,,,,yes\n"
                    "STP,,,a,b,agency,,,,,yes\n"                     /* 4 */
                    "stp,,,a,b,agency,,,,,yes\n"                     /* 5 */
                    "snv,H38.03,,a,b,agency,,,,,yes\n"               /* 6 */
                    "syt,h38,,a,b,agency,,,,,yes\n"                  /* 7 */
                    "sct,,,,b,agency,,,,,yes\n"                      /* 8 */
                    "sdl,,,a,b,ministry,,,,,yes\n"                   /* 9 */
                    "ttt,,,a,b,agency,28/2/2025,,,,yes\n"            /* 10 */
                    "cat,,,a,b,agency,2025-03-01,2025-02-28,,,yes\n" /* 11 */
                    "bdt,,,a,b,agency,,2025-02-28,nobody,,yes\n"     /* 12 */
                    "stc,,,a,b,agency,,,stp,,yes\n"                  /* 13 */
                    "skhcn,,,a,b,agency,,,,,maybe\n"                 /* 14 */
                    "desk,,,a,b,centre,,,,,yes\n";                   /* 15 */
static const char faulty_procedures[] =
    PROCEDURES_HEADER "2.000635,a,b,,stp,full,0,,,no\n"
                      "2.000635.H56,a,b,,stp,full,0,,,no\n" /* 3 */
                      "1.000001,a,b,,xyz,full,0,,,no\n"     /* 4 */
                      "1.000002,a,b,,stp,total,0,,,no\n"    /* 5 */
                      "1.000003,a,b,,stp,full,1001,,,no\n"; /* 6 */
static const char faulty_policy[] = POLICY_HEADER "centre,transfer,agency,,168\n"
                                                  "centre,transfer,agency,,24\n"          /* 3 */
                                                  "agency,letter,centre,,24\n"            /* 4 */
                                                  "agency,receipt_delivered,centre,,24\n" /* 5 */
                                                  "agency,result,centre,stp,24\n";        /* 6 */
static const struct {
    enum fault_kind kind;
    const char *file;
    unsigned line;
    const char *column;
} expected_faults[] = {
    {FAULT_KEY_INVALID, "agencies.csv", 4, "key"},
    {FAULT_KEY_REPEATED, "agencies.csv", 5, "key"},
    {FAULT_CODE_REPEATED, "agencies.csv", 6, "official_code"},
    {FAULT_CODE_INVALID, "agencies.csv", 7, "official_code"},
    {FAULT_VALUE_MISSING, "agencies.csv", 8, "name_vi"},
    {FAULT_CHOICE_INVALID, "agencies.csv", 9, "role"},
    {FAULT_DATE_REWRITTEN, "agencies.csv", 10, "valid_from"},
    {FAULT_DATES_REVERSED, "agencies.csv", 11, "valid_to"},
    {FAULT_AGENCY_UNKNOWN, "agencies.csv", 12, "successor"},
    {FAULT_SUCCESSOR_WITHOUT_END, "agencies.csv", 13, "successor"},
    {FAULT_CHOICE_INVALID, "agencies.csv", 14, "sample"},
    {FAULT_CENTRE_REPEATED, "agencies.csv", 15, "role"},
    {FAULT_CODE_REPEATED, "procedures.csv", 3, "code"},
    {FAULT_AGENCY_UNKNOWN, "procedures.csv", 4, "agency"},
    {FAULT_CHOICE_INVALID, "procedures.csv", 5, "service_level"},
    {FAULT_NUMBER_INVALID, "procedures.csv", 6, "processing_days"},
    {FAULT_RULE_REPEATED, "policy.csv", 3, "type"},
    {FAULT_TYPE_UNKNOWN, "policy.csv", 4, "type"},
    {FAULT_TYPE_IS_RECEIPT, "policy.csv", 5, "type"},
    {FAULT_COPY_WITHOUT_RULE, "policy.csv", 6, "copies"},
    {FAULT_VERSION_INVALID, "version", 1, NULL},
};

static void test_twenty_different_faults_are_all_reported(void **state)
{
    (void)state;
    enum { EXPECTED = sizeof expected_faults / sizeof *expected_faults };
    struct registry_files files = good_files();
    struct registry *registry = NULL;
    files.content[REGISTRY_FILE_VERSION] = bytes_of_text("one");
    files.content[REGISTRY_FILE_AGENCIES] = bytes_of_text(faulty_agencies);
    files.content[REGISTRY_FILE_PROCEDURES] = bytes_of_text(faulty_procedures);
    files.content[REGISTRY_FILE_POLICY] = bytes_of_text(faulty_policy);
    assert_int_equal(registry_new(&files, fixture_hash, &faults, &registry),
                     REASON_REGISTRY_INVALID);
    for (size_t i = 0; i < EXPECTED; i++) {
        if (!has_fault(expected_faults[i].kind, expected_faults[i].file, expected_faults[i].line,
                       expected_faults[i].column))
            fail_msg("%s:%u %s not reported", expected_faults[i].file, expected_faults[i].line,
                     fault_name(expected_faults[i].kind));
    }
    assert_int_equal(faults_total(&faults), EXPECTED);
    for (size_t i = 1; i < faults.count; i++) {
        int order = strcmp(faults.items[i - 1].file, faults.items[i].file);
        assert_true(order < 0 || (order == 0 && faults.items[i - 1].line <= faults.items[i].line));
    }
}

static void test_faults_print_in_both_languages(void **state)
{
    (void)state;
    struct buffer buffer;
    assert_null(build(REGISTRY_FILE_PROCEDURES,
                      PROCEDURES_HEADER "1.000001,a,b,,xyz,full,0,,,no\n"
                                        "1.000002,a,b,,stp,full,0,,,no\n"));
    buffer_init(&buffer, 4096);
    assert_true(faults_print(&faults, LANGUAGE_ENGLISH, &buffer));
    assert_string_equal(buffer_text(&buffer),
                        "procedures.csv:2: agency: no such key in agencies.csv: xyz\n");
    buffer_clear(&buffer);
    assert_true(faults_print(&faults, LANGUAGE_VIETNAMESE, &buffer));
    assert_string_equal(buffer_text(&buffer),
                        "procedures.csv:2: agency: không có cơ quan này trong agencies.csv: xyz\n");
    buffer_release(&buffer);
    for (int kind = 0; kind <= FAULT_VERSION_INVALID; kind++)
        assert_string_not_equal(fault_text((enum fault_kind)kind, LANGUAGE_ENGLISH),
                                fault_text((enum fault_kind)kind, LANGUAGE_VIETNAMESE));
}

static void test_the_list_of_faults_is_bounded(void **state)
{
    (void)state;
    enum { ROWS = FAULTS_MAX + 7 };
    static char text[64 * (ROWS + 2)];
    size_t size = (size_t)snprintf(text, sizeof text, "%s", PROCEDURES_HEADER);
    for (int i = 0; i < ROWS; i++)
        size += (size_t)snprintf(text + size, sizeof text - size, "1,a,b,,stp,full,0,,,no\n");
    assert_null(build(REGISTRY_FILE_PROCEDURES, text));
    assert_int_equal(faults.count, FAULTS_MAX);
    assert_int_equal(faults_total(&faults), ROWS);
    struct buffer buffer;
    buffer_init(&buffer, 64 * 1024);
    assert_true(faults_print(&faults, LANGUAGE_ENGLISH, &buffer));
    assert_non_null(strstr(buffer_text(&buffer), "and 7 more\n"));
    buffer_release(&buffer);
}

static void test_long_values_are_quoted_in_part_and_clean(void **state)
{
    (void)state;
    struct buffer text;
    buffer_init(&text, 4096);
    assert_true(buffer_append_text(&text, POLICY_HEADER RULE "agency,"));
    for (int i = 0; i < 100; i++)
        assert_true(buffer_append_text(&text, "\xc6\xb0\x07"));
    assert_true(buffer_append_text(&text, ",centre,,24\n"));
    assert_null(build(REGISTRY_FILE_POLICY, buffer_text(&text)));
    const char *detail = faults.items[0].detail;
    size_t end = strlen(detail);
    assert_true(end < FAULT_DETAIL_BYTES);
    assert_null(strchr(detail, '\x07'));
    assert_true(printable_is_text((struct bytes){(const uint8_t *)detail, end}));
    buffer_release(&text);
}

static void test_what_is_not_seen_is_shown(void **state)
{
    (void)state;
    static const char hidden[] = POLICY_HEADER RULE "agency,\xe2\x80\xae\xe2\x80\x8b,centre,,24\n";
    assert_null(build(REGISTRY_FILE_POLICY, hidden));
    const char *detail = faults.items[0].detail;
    assert_true(detail[0] != 0);
    assert_true(printable_is_text(bytes_of_text(detail)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms_of_csv_that_spreadsheets_write),
        cmocka_unit_test(test_each_fault_of_form),
        cmocka_unit_test(test_zero_bytes_are_refused),
        cmocka_unit_test(test_each_fault_of_meaning),
        cmocka_unit_test(test_faults_of_successors),
        cmocka_unit_test(test_twenty_different_faults_are_all_reported),
        cmocka_unit_test(test_faults_print_in_both_languages),
        cmocka_unit_test(test_the_list_of_faults_is_bounded),
        cmocka_unit_test(test_long_values_are_quoted_in_part_and_clean),
        cmocka_unit_test(test_what_is_not_seen_is_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
