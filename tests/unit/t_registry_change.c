/* What another registry would change, and when it may not take the place of the one in use. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "routing/registry/registry_change.h"
#include "tests/unit/registry_small.h"

#define HEADER                                                                                     \
    "key,official_code,former_codes,name_vi,name_en,role,valid_from,valid_to,successor,system,"    \
    "sample,handover\n"
#define KEY_2 "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID"
static const char agencies_before[] = HEADER "centre,,,a,b,centre,,,,,yes,\n"
                                             "stp,,,a,b,agency,,,,,yes,\n"
                                             "snv,,,a,b,agency,,,,,yes,\n"
                                             "gateway,,,a,b,gateway,,,,,no,\n";
static const char participants_before[] =
    PARTICIPANTS_HEADER "stp,agency," CURVE_KEY ",a.pem,100\nsnv,agency," KEY_2 ",b.pem,100\n";
static const char procedures_before[] = PROCEDURES_HEADER "2.000635,a,b,,stp,full,0,,,no\n"
                                                          "1.011443,a,b,,stp,full,0,,,no\n"
                                                          "1.115650,a,b,,snv,full,0,,,no\n";

static struct registry_changes changes;

static struct registry *make(const char *version, const char *agencies, const char *participants,
                             const char *procedures)
{
    struct registry_files files = good_files();
    struct registry *registry = NULL;
    files.content[REGISTRY_FILE_VERSION] = bytes_of_text(version);
    files.content[REGISTRY_FILE_AGENCIES] =
        bytes_of_text(agencies == NULL ? agencies_before : agencies);
    files.content[REGISTRY_FILE_PARTICIPANTS] =
        bytes_of_text(participants == NULL ? participants_before : participants);
    files.content[REGISTRY_FILE_PROCEDURES] =
        bytes_of_text(procedures == NULL ? procedures_before : procedures);
    enum reason reason = registry_new(&files, fixture_hash, &faults, &registry);
    assert_int_equal(reason, REASON_NONE);
    return registry;
}

/* Against the registry of before, with so much waiting for stp. */
static void compare(struct registry *other, uint64_t waiting, const char *today)
{
    struct registry *old = make("2026-11-24.2", NULL, NULL, NULL);
    const struct registry_owed owed = {
        .destination = key_of("stp"), .waiting = waiting, .under_way = 7};
    registry_compare(old, other, &owed, waiting > 0 ? 1 : 0, day_of(fixture_day(today)), &changes);
    registry_destroy(&old);
    registry_destroy(&other);
}

static const struct registry_change *find(enum registry_change_kind kind)
{
    for (size_t i = 0; i < changes.count; i++) {
        if (changes.items[i].kind == kind)
            return &changes.items[i];
    }
    return NULL;
}

static void test_the_same_is_no_change(void **state)
{
    (void)state;
    compare(make("2026-11-24.2", NULL, NULL, NULL), 3, "2026-11-24");
    assert_int_equal(changes.count, 0);
    assert_int_equal(changes.reason, REASON_NONE);
}

static void test_back_in_time_is_refused(void **state)
{
    (void)state;
    static const char *const older[] = {"2026-11-24.1", "2026-11-23.9"};
    for (size_t i = 0; i < 2; i++) {
        compare(make(older[i], NULL, NULL, NULL), 0, "2026-11-24");
        assert_int_equal(changes.reason, REASON_REGISTRY_OLDER);
        assert_non_null(find(CHANGE_VERSION_OLDER));
    }
    compare(make("2026-11-24.10", NULL, NULL, NULL), 0, "2026-11-24");
    assert_int_equal(changes.reason, REASON_NONE);
}

static void test_who_is_owed_something_is_not_lost(void **state)
{
    (void)state;
    static const char without[] = HEADER "centre,,,a,b,centre,,,,,yes,\n"
                                         "snv,,,a,b,agency,,,,,yes,\n"
                                         "gateway,,,a,b,gateway,,,,,no,\n";
    static const char only_snv[] = PARTICIPANTS_HEADER "snv,agency," KEY_2 ",b.pem,100\n";
    static const char moved[] = PROCEDURES_HEADER "2.000635,a,b,,snv,full,0,,,no\n";
    compare(make("2026-11-25.1", without, only_snv, moved), 3, "2026-11-24");
    assert_int_equal(changes.reason, REASON_REGISTRY_STRANDS);
    assert_non_null(find(CHANGE_AGENCY_FORGOTTEN));
    assert_int_equal(find(CHANGE_AGENCY_FORGOTTEN)->count, 3);
    compare(make("2026-11-25.1", without, only_snv, moved), 0, "2026-11-24");
    assert_int_equal(changes.reason, REASON_NONE);
    assert_non_null(find(CHANGE_AGENCY_REMOVED));
    compare(make("2026-11-25.1", NULL, only_snv, NULL), 3, "2026-11-24");
    assert_int_equal(changes.reason, REASON_REGISTRY_STRANDS);
    assert_non_null(find(CHANGE_PARTICIPANT_MISSED));
    compare(make("2026-11-25.1", NULL, only_snv, NULL), 0, "2026-11-24");
    assert_int_equal(changes.reason, REASON_NONE);
}

static void test_a_merger_moves_or_strands(void **state)
{
    (void)state;
    static const char only_snv[] = PARTICIPANTS_HEADER "snv,agency," KEY_2 ",b.pem,100\n";
    static const char merged[] = HEADER "centre,,,a,b,centre,,,,,yes,\n"
                                        "stp,,,a,b,agency,,2026-11-30,snv,,yes,2026-12-01\n"
                                        "snv,,,a,b,agency,,,,,yes,\n"
                                        "gateway,,,a,b,gateway,,,,,no,\n";
    static const char ended[] = HEADER "centre,,,a,b,centre,,,,,yes,\n"
                                       "stp,,,a,b,agency,,2026-11-30,,,yes,\n"
                                       "snv,,,a,b,agency,,,,,yes,\n"
                                       "gateway,,,a,b,gateway,,,,,no,\n";
    compare(make("2026-12-01.1", merged, only_snv, NULL), 3, "2026-12-01");
    assert_int_equal(changes.reason, REASON_NONE);
    assert_string_equal(find(CHANGE_QUEUE_MOVES)->to.text, "snv");
    assert_int_equal(find(CHANGE_QUEUE_MOVES)->count, 3);
    assert_int_equal(find(CHANGE_AGENCY_ENDS)->under_way, 7);
    const struct registry_change *procedures = find(CHANGE_PROCEDURES_MOVED);
    assert_string_equal(procedures->from.text, "stp");
    assert_string_equal(procedures->to.text, "snv");
    assert_int_equal(procedures->count, 2);
    /* a day too early: nobody fetches it until then */
    compare(make("2026-12-01.1", merged, only_snv, NULL), 3, "2026-11-30");
    assert_int_equal(changes.reason, REASON_REGISTRY_STRANDS);
    compare(make("2026-12-01.1", ended, only_snv, NULL), 3, "2026-12-01");
    assert_int_equal(changes.reason, REASON_REGISTRY_STRANDS);
    assert_non_null(find(CHANGE_AGENCY_STRANDED));
}

static void test_procedures_are_summed_up(void **state)
{
    (void)state;
    static const char other[] = PROCEDURES_HEADER "2.000635,a,b,,stp,full,0,,2026-11-23,no\n"
                                                  "1.115650,a,b,,snv,full,0,,,no\n"
                                                  "1.115651,a,b,,snv,full,0,,,no\n"
                                                  "1.115652,a,b,,snv,full,0,,,no\n";
    compare(make("2026-11-25.1", NULL, NULL, other), 0, "2026-11-24");
    assert_int_equal(find(CHANGE_PROCEDURES_GONE)->count, 2);
    assert_int_equal(find(CHANGE_PROCEDURES_ADDED)->count, 2);
    assert_null(find(CHANGE_PROCEDURES_MOVED));
}

static void test_words(void **state)
{
    (void)state;
    struct registry_change change = {.kind = CHANGE_QUEUE_MOVES,
                                     .from = key_of("stp"),
                                     .to = key_of("snv"),
                                     .count = 12,
                                     .under_way = 7};
    struct buffer text;
    buffer_init(&text, 1024);
    assert_true(registry_change_print(&change, LANGUAGE_ENGLISH, &text));
    assert_string_equal(buffer_text(&text),
                        "messages that wait for stp go to snv: 12; dossiers under way: 7");
    for (int kind = 1; kind < CHANGE_KIND_COUNT; kind++) {
        change.kind = (enum registry_change_kind)kind;
        buffer_clear(&text);
        assert_true(registry_change_print(&change, LANGUAGE_VIETNAMESE, &text));
        assert_null(strchr(buffer_text(&text), '%'));
    }
    buffer_release(&text);
}

static void assert_next(const char *version, const char *today, const char *next)
{
    char text[REGISTRY_VERSION_TEXT_BYTES];
    struct registry *registry = make(version, NULL, NULL, NULL);
    registry_version_next(registry, day_of(fixture_day(today)), text);
    assert_string_equal(text, next);
    registry_destroy(&registry);
}

static void test_the_next_version_comes_after(void **state)
{
    (void)state;
    assert_next("2026-11-24.2", "2026-11-25", "2026-11-25.1");
    assert_next("2026-11-24.2", "2026-11-24", "2026-11-24.3");
    assert_next("2026-11-24.2", "2026-11-23", "2026-11-24.3");
    assert_next("2026-11-24.9999", "2026-11-24", "2026-11-25.1");
}

static void test_a_handover_day_is_a_change(void **state)
{
    (void)state;
    static const char handed[] = HEADER "centre,,,a,b,centre,,,,,yes,\n"
                                        "stp,,,a,b,agency,,2026-12-31,snv,,yes,2027-01-15\n"
                                        "snv,,,a,b,agency,,,,,yes,\n"
                                        "gateway,,,a,b,gateway,,,,,no,\n";
    compare(make("2026-11-25.1", handed, NULL, NULL), 0, "2026-11-24");
    assert_non_null(find(CHANGE_AGENCY_ENDS));
    assert_non_null(find(CHANGE_AGENCY_HANDOVER));
    assert_string_equal(find(CHANGE_AGENCY_HANDOVER)->to.text, "snv");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_same_is_no_change),
        cmocka_unit_test(test_the_next_version_comes_after),
        cmocka_unit_test(test_a_handover_day_is_a_change),
        cmocka_unit_test(test_back_in_time_is_refused),
        cmocka_unit_test(test_who_is_owed_something_is_not_lost),
        cmocka_unit_test(test_a_merger_moves_or_strands),
        cmocka_unit_test(test_procedures_are_summed_up),
        cmocka_unit_test(test_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
