/* carriers.csv: who is carried by whom, and what staff can get wrong there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "tests/unit/registry_small.h"

#define CARRIERS_HEADER "key,curve_public_key,participants\n"
#define HOST_KEY        "0000000000000000000000000000000000000000"
#define OTHER_KEY       "0000000000000000000000000000000000000001"

enum { TEXT_BYTES = 256 * 1024 };

static void test_a_carrier_and_its_participants(void **state)
{
    (void)state;
    struct registry *registry =
        build(REGISTRY_FILE_CARRIERS, "# one host\n" CARRIERS_HEADER "host," HOST_KEY ",stp\n");
    assert_non_null(registry);
    const struct key host = key_of("host");
    const struct key stp = key_of("stp");
    assert_int_equal(registry_carrier_count(registry), 1);
    const struct carrier *carrier = registry_carrier(registry, &host);
    assert_ptr_equal(carrier, registry_carrier_at(registry, 0));
    assert_null(registry_carrier_at(registry, 1));
    assert_null(registry_carrier(registry, &stp));
    assert_string_equal(carrier->key.text, "host");
    assert_string_equal(carrier->curve_public_key, HOST_KEY);
    assert_int_equal(carrier->line, 3);
    assert_int_equal(carrier->participant_count, 1);
    const struct participant *participant = registry_participant(registry, &stp);
    assert_ptr_equal(carrier->participants[0], participant);
    assert_ptr_equal(participant->carrier, carrier);
    /* It is nobody else. */
    assert_null(registry_participant(registry, &host));
    assert_null(registry_agency(registry, &host));
    registry_destroy(&registry);
}

static void test_the_file_may_be_absent_or_without_rows(void **state)
{
    (void)state;
    const struct key stp = key_of("stp");
    const char *const texts[] = {NULL, CARRIERS_HEADER};
    for (size_t i = 0; i < 2; i++) {
        struct registry *registry = build(REGISTRY_FILE_CARRIERS, texts[i]);
        assert_non_null(registry);
        assert_int_equal(registry_carrier_count(registry), 0);
        assert_null(registry_carrier_at(registry, 0));
        assert_null(registry_carrier(registry, &stp));
        assert_null(registry_participant(registry, &stp)->carrier);
        registry_destroy(&registry);
    }
    assert_true(registry_file_is_optional(REGISTRY_FILE_CARRIERS));
}

static void test_each_fault(void **state)
{
    (void)state;
    enum registry_file file = REGISTRY_FILE_CARRIERS;
    static const struct {
        const char *rows;
        enum fault_kind kind;
        unsigned line;
        const char *column;
    } cases[] = {
        {"Host," HOST_KEY ",stp\n", FAULT_KEY_INVALID, 2, "key"},
        {"," HOST_KEY ",stp\n", FAULT_VALUE_MISSING, 2, "key"},
        {"centre," HOST_KEY ",stp\n", FAULT_CARRIER_IS_AGENCY, 2, "key"},
        {"stp," HOST_KEY ",stp\n", FAULT_CARRIER_IS_AGENCY, 2, "key"},
        {"host,,stp\n", FAULT_VALUE_MISSING, 2, "curve_public_key"},
        {"host,short,stp\n", FAULT_CURVE_KEY_INVALID, 2, "curve_public_key"},
        {"host," CURVE_KEY ",stp\n", FAULT_CURVE_KEY_TAKEN, 2, "curve_public_key"},
        {"host," HOST_KEY ",\n", FAULT_VALUE_MISSING, 2, "participants"},
        {"host," HOST_KEY ",stp;centre\n", FAULT_PARTICIPANT_UNKNOWN, 2, "participants"},
        {"host," HOST_KEY ",stp;nobody\n", FAULT_PARTICIPANT_UNKNOWN, 2, "participants"},
        {"host," HOST_KEY ",stp;No Key\n", FAULT_PARTICIPANT_UNKNOWN, 2, "participants"},
        {"host," HOST_KEY ",stp;host\n", FAULT_PARTICIPANT_UNKNOWN, 2, "participants"},
        {"host," HOST_KEY ",stp;;\n", FAULT_PARTICIPANT_UNKNOWN, 2, "participants"},
        {"host," HOST_KEY ",stp;stp\n", FAULT_CARRIED_TWICE, 2, "participants"},
        {"host," HOST_KEY ",stp\nother," OTHER_KEY ",stp\n", FAULT_CARRIED_TWICE, 3,
         "participants"},
        {"host," HOST_KEY ",stp,\n", FAULT_FIELDS_TOO_MANY, 2, NULL},
        {"host," HOST_KEY "\n", FAULT_FIELDS_TOO_FEW, 2, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[1024];
        (void)snprintf(text, sizeof text, "%s%s", CARRIERS_HEADER, cases[i].rows);
        assert_only_fault(file, text, cases[i].kind, cases[i].line, cases[i].column);
    }
}

/* Agencies and participants a0001 …, each with a CURVE key of its own. */
static char *make_rows(const char *header, const char *format, size_t count)
{
    char *text = malloc(TEXT_BYTES);
    assert_non_null(text);
    size_t size = (size_t)snprintf(text, TEXT_BYTES, "%s", header);
    for (size_t i = 1; i <= count; i++) {
        size_t room = TEXT_BYTES - size;
        size += (size_t)snprintf(text + size, room, format, i, i);
        assert_true(size < TEXT_BYTES);
    }
    return text;
}

/* Carriers of so many participants each, with those of a0001 … that there are. */
static char *make_carriers(size_t carriers, size_t carried)
{
    char *text = malloc(TEXT_BYTES);
    assert_non_null(text);
    size_t size = (size_t)snprintf(text, TEXT_BYTES, "%s", CARRIERS_HEADER);
    size_t next = 1;
    for (size_t i = 1; i <= carriers; i++) {
        size += (size_t)snprintf(text + size, TEXT_BYTES - size, "host%zu,%s%04zu,", i,
                                 "100000000000000000000000000000000000", i);
        for (size_t k = 0; k < carried; k++, next++)
            size += (size_t)snprintf(text + size, TEXT_BYTES - size, "%sa%04zu", k > 0 ? ";" : "",
                                     next);
        size += (size_t)snprintf(text + size, TEXT_BYTES - size, "\n");
        assert_true(size < TEXT_BYTES);
    }
    return text;
}

static struct registry *build_many(size_t participants, size_t carriers, size_t carried)
{
    char *texts[] = {
        make_rows(AGENCIES_HEADER CENTRE, "a%04zu,,,a,b,agency,,,,,yes\n", participants),
        make_rows(PARTICIPANTS_HEADER,
                  "a%04zu,agency,000000000000000000000000000000000000%04zu,a.pem,1\n",
                  participants),
        make_carriers(carriers, carried),
    };
    struct registry *registry = NULL;
    struct registry_files files = good_files();
    files.content[REGISTRY_FILE_AGENCIES] = bytes_of_text(texts[0]);
    files.content[REGISTRY_FILE_PARTICIPANTS] = bytes_of_text(texts[1]);
    files.content[REGISTRY_FILE_CARRIERS] = bytes_of_text(texts[2]);
    files.content[REGISTRY_FILE_PROCEDURES] =
        bytes_of_text(PROCEDURES_HEADER "2.000635,a,b,,a0001,full,0,,,no\n");
    enum reason reason = registry_new(&files, fixture_hash, &faults, &registry);
    assert_int_equal(reason == REASON_NONE, faults_total(&faults) == 0);
    for (size_t i = 0; i < 3; i++)
        free(texts[i]);
    return registry;
}

static void test_a_full_carrier_and_one_too_many(void **state)
{
    (void)state;
    struct registry *registry = build_many(2 * CARRIED_MAX, 2, CARRIED_MAX);
    assert_non_null(registry);
    for (size_t i = 0; i < 2; i++) {
        const struct carrier *carrier = registry_carrier_at(registry, i);
        assert_int_equal(carrier->participant_count, CARRIED_MAX);
        for (size_t k = 0; k < CARRIED_MAX; k++) {
            const struct participant *participant =
                registry_participant_at(registry, i * CARRIED_MAX + k);
            assert_ptr_equal(carrier->participants[k], participant);
            assert_ptr_equal(participant->carrier, carrier);
        }
    }
    registry_destroy(&registry);
    assert_null(build_many(CARRIED_MAX + 1, 1, CARRIED_MAX + 1));
    assert_true(has_fault(FAULT_LIST_TOO_LONG, "carriers.csv", 2, "participants"));
    assert_int_equal(faults_total(&faults), 1);
}

static void test_as_many_carriers_as_allowed_and_one_more(void **state)
{
    (void)state;
    struct registry *registry = build_many(CARRIERS_MAX, CARRIERS_MAX, 1);
    assert_non_null(registry);
    assert_int_equal(registry_carrier_count(registry), CARRIERS_MAX);
    registry_destroy(&registry);
    assert_null(build_many(CARRIERS_MAX + 1, CARRIERS_MAX + 1, 1));
    assert_true(has_fault(FAULT_ROWS_TOO_MANY, "carriers.csv", CARRIERS_MAX + 2, NULL));
    assert_int_equal(faults_total(&faults), 1);
}

static void test_keys_that_stand_twice(void **state)
{
    (void)state;
    assert_null(build(REGISTRY_FILE_CARRIERS,
                      CARRIERS_HEADER "host," HOST_KEY ",stp\nhost," HOST_KEY ",nobody\n"));
    assert_true(has_fault(FAULT_KEY_REPEATED, "carriers.csv", 3, "key"));
    assert_true(has_fault(FAULT_CURVE_KEY_REPEATED, "carriers.csv", 3, "curve_public_key"));
    assert_true(has_fault(FAULT_PARTICIPANT_UNKNOWN, "carriers.csv", 3, "participants"));
    assert_int_equal(faults_total(&faults), 3);
}

static void test_carriers_without_participants_file(void **state)
{
    (void)state;
    struct registry_files files = good_files();
    struct registry *registry = NULL;
    files.content[REGISTRY_FILE_PARTICIPANTS] = (struct bytes){0};
    files.content[REGISTRY_FILE_CARRIERS] =
        bytes_of_text(CARRIERS_HEADER "host," HOST_KEY ",stp\n");
    assert_int_equal(registry_new(&files, fixture_hash, &faults, &registry),
                     REASON_REGISTRY_INVALID);
    assert_true(has_fault(FAULT_PARTICIPANT_UNKNOWN, "carriers.csv", 2, "participants"));
    assert_int_equal(faults_total(&faults), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_carrier_and_its_participants),
        cmocka_unit_test(test_the_file_may_be_absent_or_without_rows),
        cmocka_unit_test(test_each_fault),
        cmocka_unit_test(test_a_full_carrier_and_one_too_many),
        cmocka_unit_test(test_as_many_carriers_as_allowed_and_one_more),
        cmocka_unit_test(test_keys_that_stand_twice),
        cmocka_unit_test(test_carriers_without_participants_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
