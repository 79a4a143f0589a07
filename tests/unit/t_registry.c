/* The registry: the shipped data, look-ups, bounds, references. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/registry_small.h"

static void test_shipped_data(void **state)
{
    (void)state;
    struct registry *registry = fixture_shipped(NULL);
    size_t agencies = 0;
    size_t samples = 0;
    for (size_t i = 0; i < registry_agency_count(registry); i++)
        agencies += registry_agency_at(registry, i)->role == ROLE_AGENCY;
    for (size_t i = 0; i < registry_procedure_count(registry); i++)
        samples += registry_procedure_at(registry, i)->sample;
    assert_int_equal(agencies, 23);
    assert_int_equal(registry_procedure_count(registry), 1569);
    assert_int_equal(samples, 1569 - 13);
    assert_string_equal(registry_centre(registry)->key.text, "centre");
    assert_int_equal(strncmp(registry_version(registry), "2026-11-25.1+", 13), 0);
    assert_true(calendar_known_to(registry_calendar(registry)).number > 0);
    registry_destroy(&registry);
    assert_null(registry);
}

static void test_every_agency_has_procedures(void **state)
{
    (void)state;
    struct registry *registry = fixture_shipped(NULL);
    for (size_t i = 0; i < registry_agency_count(registry); i++) {
        const struct agency *agency = registry_agency_at(registry, i);
        size_t count = 0;
        for (size_t k = 0; k < registry_procedure_count(registry); k++)
            count += registry_procedure_at(registry, k)->agency == agency;
        assert_int_equal(agency->role == ROLE_AGENCY, count > 60);
    }
    registry_destroy(&registry);
}

static void test_sample_procedures_are_what_the_script_makes(void **state)
{
    (void)state;
    assert_int_equal(system("routing/data/make-sample.sh | cmp -s - routing/data/procedures.csv"),
                     0);
}

static void test_mergers(void **state)
{
    (void)state;
    static const char *const merged[][2] = {
        {"skhdt", "stc"},     {"sldtbxh", "snv"},   {"stttt", "skhcn"},
        {"stnmt", "snnmt"},   {"snnptnt", "snnmt"}, {"sgtvtxd", "sxd"},
        {"svhtt", "svhttdl"}, {"sdl", "svhttdl"},   {"bdt", "sdttg"},
    };
    struct registry *registry = fixture_shipped("routing/data/after-merger/agencies.csv");
    civil_day_t before = day_of(fixture_day("2025-02-28"));
    civil_day_t after = day_of(fixture_day("2025-03-01"));
    for (size_t i = 0; i < sizeof merged / sizeof *merged; i++) {
        struct key key = key_of(merged[i][0]);
        const struct agency *agency = registry_agency(registry, &key);
        assert_non_null(agency);
        assert_string_equal(agency->successor->key.text, merged[i][1]);
        assert_true(agency_in_force(agency, before));
        assert_false(agency_in_force(agency, after));
        assert_true(agency_in_force(agency->successor, after));
    }
    registry_destroy(&registry);
}

static void test_procedure_codes_are_read_leniently(void **state)
{
    (void)state;
    struct registry *registry = fixture_shipped(NULL);
    static const char *const same[] = {"1.011443", "1.011443.000.00.00.H38", "1.011443.H38"};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        const struct procedure *procedure = registry_procedure(registry, bytes_of_text(same[i]));
        assert_non_null(procedure);
        assert_string_equal(procedure->code, "1.011443");
        assert_string_equal(procedure->agency->key.text, "stnmt");
    }
    assert_non_null(registry_procedure(registry, bytes_of_text("2.002621.H56")));
    static const char *const unknown[] = {"",          "1.01144",  "1.0114433", "1.011443x",
                                          "1,011443",  "1.999999", "1011443",   "1.01144A.H38",
                                          " 1.011443", "9.001557"};
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
        assert_null(registry_procedure(registry, bytes_of_text(unknown[i])));
    registry_destroy(&registry);
}

static void test_look_ups(void **state)
{
    (void)state;
    struct registry *registry = build(REGISTRY_FILE_VERSION, "2026-11-24.1");
    struct key stp = key_of("stp");
    struct key none = {0};
    struct key other = key_of("stpx");
    const struct agency *agency = registry_agency(registry, &stp);
    assert_non_null(agency);
    assert_ptr_equal(registry_agency_by_code(registry, bytes_of_text("H38.03")), agency);
    assert_ptr_equal(registry_agency_by_code(registry, bytes_of_text("H38.93")), agency);
    assert_ptr_equal(registry_agency_by_code(registry, bytes_of_text("000.00.03.H38")), agency);
    assert_null(registry_agency_by_code(registry, bytes_of_text("H38.99")));
    assert_null(registry_agency_by_code(registry, bytes_of_text("")));
    assert_null(registry_agency(registry, &none));
    assert_null(registry_agency(registry, &other));
    const struct participant *participant = registry_participant(registry, &stp);
    assert_non_null(participant);
    assert_ptr_equal(participant->agency, agency);
    assert_int_equal(participant->certificate_count, 2);
    assert_string_equal(participant->certificates[1], "certificates/stp-2.pem");
    assert_int_equal(participant->window_messages, 100);
    registry_destroy(&registry);
}

static void test_a_curve_key_is_what_zeromq_takes_for_one(void **state)
{
    (void)state;
    /* The public key of ZeroMQ RFC 26/CURVEZMQ's test in libzmq's zmq_curve_keypair manual. */
    struct registry *registry =
        build(REGISTRY_FILE_PARTICIPANTS,
              PARTICIPANTS_HEADER "stp,agency,Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID,a.pem,1");
    assert_non_null(registry);
    assert_string_equal(registry_participant_at(registry, 0)->curve_public_key,
                        "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID");
    registry_destroy(&registry);
}

static void test_optional_files_may_be_absent(void **state)
{
    (void)state;
    struct registry *registry = build(REGISTRY_FILE_PARTICIPANTS, NULL);
    assert_non_null(registry);
    assert_int_equal(registry_participant_count(registry), 0);
    assert_false(calendar_known_to(registry_calendar(registry)).number > 0);
    registry_destroy(&registry);
    for (size_t i = 0; i < REGISTRY_FILE_COUNT; i++) {
        enum registry_file file = (enum registry_file)i;
        if (registry_file_is_optional(file))
            continue;
        assert_null(build(file, NULL));
        assert_true(has_fault(FAULT_FILE_MISSING, registry_file_name(file), 0, NULL));
    }
}

static void test_as_many_participants_as_the_bound_allows(void **state)
{
    (void)state;
    struct buffer text;
    buffer_init(&text, 1024 * 1024);
    for (int extra = 0; extra <= 1; extra++) {
        buffer_clear(&text);
        assert_true(buffer_append_text(&text, AGENCIES_HEADER CENTRE "stp,,,a,b,agency,,,,,yes\n"));
        for (int i = 2; i < PARTICIPANTS_MAX + extra; i++)
            assert_true(buffer_append_format(&text, "a%d,X%d,,a,b,agency,,,,,yes\n", i, i));
        struct registry *registry = build(REGISTRY_FILE_AGENCIES, buffer_text(&text));
        assert_int_equal(registry != NULL, extra == 0);
        if (registry == NULL) {
            assert_true(has_fault(FAULT_ROWS_TOO_MANY, "agencies.csv", PARTICIPANTS_MAX + 2, NULL));
            continue;
        }
        assert_int_equal(registry_agency_count(registry), PARTICIPANTS_MAX);
        struct key last = key_of("a4095");
        assert_string_equal(registry_agency(registry, &last)->official_code, "X4095");
        registry_destroy(&registry);
    }
    buffer_release(&text);
}

static void test_version_changes_with_the_content(void **state)
{
    (void)state;
    struct registry *one = build(REGISTRY_FILE_VERSION, "2026-11-24.1\n");
    struct registry *two =
        build(REGISTRY_FILE_POLICY, POLICY_HEADER "centre,transfer,agency,,169\n");
    assert_string_not_equal(registry_version(one), registry_version(two));
    assert_string_not_equal(strchr(registry_version(one), '+'), strchr(registry_version(two), '+'));
    assert_true(strlen(registry_version(one)) < REGISTRY_VERSION_TEXT_BYTES);
    registry_destroy(&one);
    registry_destroy(&two);
}

static void test_references(void **state)
{
    (void)state;
    struct registry *registry = build(REGISTRY_FILE_VERSION, "2026-11-24.1");
    struct registry *held = registry_retain(registry);
    registry_destroy(&registry);
    assert_null(registry);
    assert_string_equal(registry_centre(held)->name_en, "Centre");
    registry_destroy(&held);
    registry_destroy(&held);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shipped_data),
        cmocka_unit_test(test_every_agency_has_procedures),
        cmocka_unit_test(test_sample_procedures_are_what_the_script_makes),
        cmocka_unit_test(test_mergers),
        cmocka_unit_test(test_procedure_codes_are_read_leniently),
        cmocka_unit_test(test_look_ups),
        cmocka_unit_test(test_a_curve_key_is_what_zeromq_takes_for_one),
        cmocka_unit_test(test_optional_files_may_be_absent),
        cmocka_unit_test(test_as_many_participants_as_the_bound_allows),
        cmocka_unit_test(test_version_changes_with_the_content),
        cmocka_unit_test(test_references),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
