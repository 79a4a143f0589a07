/* Routes by area and by date: several competent units, codes that ended, areas of before, and who
 * takes over on which day. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "routing/registry/route.h"
#include "tests/unit/registry_small.h"

static const char agencies[] =
    "key,official_code,former_codes,name_vi,name_en,role,valid_from,valid_to,successor,system,"
    "sample,handover\n"
    "centre,H38.30,,Trung tâm,Centre,centre,,,,,yes,\n"
    "gateway,,,Cổng,Gateway,gateway,,,,,no,\n"
    "stnmt,H38.09,,a,b,agency,,2025-02-28,snnmt,,yes,2025-04-01\n"
    "snnmt,H38.19,,a,b,agency,2025-03-01,,,,yes,\n"
    "h-batxat,H38.51,,Huyện,District,agency,,2025-06-30,,,yes,\n"
    "x-batxat,H38.61,,Xã,Commune,agency,2025-07-01,,,,yes,\n"
    "x-muonghum,H38.62,,Xã,Commune,agency,2025-07-01,,,,yes,\n";
static const char areas[] = "code,name_vi,name_en,valid_from,valid_to,successor\n"
                            "082,Huyện Bát Xát,,,2025-06-30,\n" /* divided among communes */
                            "02683,Thị trấn Bát Xát,,,2025-06-30,02683X\n"
                            "02683X,Xã Bát Xát,,2025-07-01,,\n"
                            "02701,Xã Mường Hum,,,,\n"
                            "02999,Xã khác,,,,\n";
static const char competence[] = "procedure,area,agency,valid_from,valid_to\n"
                                 ",082,h-batxat,,2025-06-30\n"
                                 ",02683,h-batxat,,2025-06-30\n"
                                 ",02683X,x-batxat,2025-07-01,\n"
                                 ",02701,x-muonghum,2025-07-01,\n"
                                 "1.011443,02701,snnmt,2025-07-01,\n";
static const char procedures[] = PROCEDURES_HEADER "1.011443,a,b,,stnmt,full,3,,,no\n"
                                                   "2.000635,a,b,,,full,0,,,no\n"
                                                   "1.115650,a,b,,snnmt,full,3,,2026-11-30,no\n";
static const char policy[] = "sender,type,recipient,copies,life_hours,reception_days\n"
                             "centre,transfer,agency,,168,40\n"
                             "centre,supplement,agency,,168,\n"
                             "agency,result,centre,,720,7\n";

static struct registry *registry;
static struct route_decision decision;

static struct registry_files files_of(void)
{
    struct registry_files files = good_files();
    files.content[REGISTRY_FILE_AGENCIES] = bytes_of_text(agencies);
    files.content[REGISTRY_FILE_PARTICIPANTS] = (struct bytes){NULL, 0};
    files.content[REGISTRY_FILE_PROCEDURES] = bytes_of_text(procedures);
    files.content[REGISTRY_FILE_POLICY] = bytes_of_text(policy);
    files.content[REGISTRY_FILE_AREAS] = bytes_of_text(areas);
    files.content[REGISTRY_FILE_COMPETENCE] = bytes_of_text(competence);
    return files;
}

static int set_up(void **state)
{
    (void)state;
    struct registry_files files = files_of();
    return registry_new(&files, fixture_hash, &faults, &registry) == REASON_NONE ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    registry_destroy(&registry);
    return 0;
}

static wall_t day_or_none(const char *day)
{
    return day == NULL ? (wall_t){0} : (wall_t){fixture_day(day).ms + 16 * 3600 * 1000 + 1800000};
}

/* A transfer that was received on one day and sent on another. */
static struct route_question transfer(const char *procedure, const char *area, const char *received,
                                      const char *today)
{
    return (struct route_question){.sender = key_of("centre"),
                                   .type = MESSAGE_TYPE_TRANSFER,
                                   .procedure_code = bytes_of_text(procedure),
                                   .area_code = bytes_of_text(area),
                                   .received = day_or_none(received),
                                   .at = fixture_day(today)};
}

static void assert_goes(const struct route_question *question, const char *key)
{
    assert_int_equal(route_resolve(registry, question, &decision), REASON_NONE);
    assert_string_equal(decision.destinations[0].key.text, key);
}

static void assert_stays(const struct route_question *question, enum reason reason,
                         enum route_step_kind last)
{
    assert_int_equal(route_resolve(registry, question, &decision), reason);
    assert_int_equal(decision.steps[decision.step_count - 1].kind, last);
}

static void assert_days(const char *judged, const char *today)
{
    char text[DAY_TEXT_BYTES];
    day_format(decision.judged, text);
    assert_string_equal(text, judged);
    day_format(decision.today, text);
    assert_string_equal(text, today);
}

static void test_a_code_that_ended_at_midnight_takes_yesterdays_dossier(void **state)
{
    (void)state;
    struct route_question question = transfer("1.115650", "", "2026-11-30", "2026-12-01");
    assert_goes(&question, "snnmt");
    assert_days("2026-11-30", "2026-12-01");
    question = transfer("1.115650", "", "2026-12-01", "2026-12-01");
    assert_stays(&question, REASON_PROCEDURE_UNKNOWN, STEP_PROCEDURE_NOT_IN_FORCE);
    question = transfer("1.115650", "", NULL, "2026-12-01");
    assert_stays(&question, REASON_PROCEDURE_UNKNOWN, STEP_PROCEDURE_NOT_IN_FORCE);
}

static void test_policy_bounds_how_far_back_it_is_judged(void **state)
{
    (void)state;
    struct route_question question = transfer("1.115650", "", "2026-11-30", "2027-01-09");
    assert_goes(&question, "snnmt"); /* 40 days */
    question = transfer("1.115650", "", "2026-11-30", "2027-01-10");
    assert_stays(&question, REASON_PROCEDURE_UNKNOWN, STEP_PROCEDURE_NOT_IN_FORCE);
    assert_int_equal(decision.steps[0].kind, STEP_JUDGED_TODAY);
    assert_days("2027-01-10", "2027-01-10");
    question = transfer("1.115650", "", "2026-12-02", "2026-11-30"); /* still to come */
    assert_goes(&question, "snnmt");
    assert_days("2026-11-30", "2026-11-30");
}

static void test_the_area_decides_among_several(void **state)
{
    (void)state;
    struct route_question question = transfer("2.000635", "02701", NULL, "2026-11-24");
    assert_goes(&question, "x-muonghum");
    question = transfer("2.000635", "02683X", NULL, "2026-11-24");
    assert_goes(&question, "x-batxat");
    question = transfer("2.000635", "", NULL, "2026-11-24");
    assert_stays(&question, REASON_ROUTE_MISSING, STEP_AREA_MISSING);
    question = transfer("2.000635", "99999", NULL, "2026-11-24");
    assert_stays(&question, REASON_AREA_UNKNOWN, STEP_AREA_UNKNOWN);
    question = transfer("2.000635", "02999", NULL, "2026-11-24");
    assert_stays(&question, REASON_ROUTE_MISSING, STEP_AREA_NOT_SERVED);
}

static void test_the_transfer_may_name_the_unit(void **state)
{
    (void)state;
    struct route_question question = transfer("2.000635", "", NULL, "2026-11-24");
    question.recipient = key_of("x-batxat");
    assert_goes(&question, "x-batxat");
    question.area_code = bytes_of_text("02701"); /* another one's */
    assert_stays(&question, REASON_POLICY_FORBIDDEN, STEP_RECIPIENT_NOT_COMPETENT);
    question.area_code = bytes_of_text("");
    question.recipient = key_of("snnmt");
    assert_stays(&question, REASON_ROUTE_MISSING, STEP_AREA_MISSING);
}

static void test_a_row_for_the_procedure_goes_before_its_agency(void **state)
{
    (void)state;
    struct route_question question = transfer("1.011443", "02701", NULL, "2026-11-24");
    assert_goes(&question, "snnmt");
    question = transfer("1.011443", "02683X", NULL, "2026-11-24"); /* its agency's successor */
    assert_goes(&question, "snnmt");
}

static void test_codes_of_areas_that_are_no_more_are_mapped_by_date(void **state)
{
    (void)state;
    struct route_question question = transfer("2.000635", "02683", NULL, "2025-06-30");
    assert_goes(&question, "h-batxat");
    question = transfer("2.000635", "02683", NULL, "2026-11-24"); /* as a form still has it */
    assert_goes(&question, "x-batxat");
    /* received by the district's office, which is no more and has no one successor */
    question = transfer("2.000635", "02683", "2025-06-30", "2025-07-01");
    assert_goes(&question, "x-batxat");
    assert_days("2025-06-30", "2025-07-01");
    question = transfer("2.000635", "082", NULL, "2025-06-30");
    assert_goes(&question, "h-batxat");
    question = transfer("2.000635", "082", NULL, "2025-07-01"); /* divided: nobody can say */
    assert_stays(&question, REASON_ROUTE_MISSING, STEP_AREA_NOT_SERVED);
}

static void test_a_successor_has_the_rest_from_its_handover_day(void **state)
{
    (void)state;
    struct route_question question = {.sender = key_of("centre"),
                                      .type = MESSAGE_TYPE_SUPPLEMENT,
                                      .agency_of_dossier = key_of("stnmt"),
                                      .at = fixture_day("2025-03-31")};
    assert_goes(&question, "stnmt"); /* it still has its own */
    assert_true(key_is_none(&decision.heir_of));
    question.at = fixture_day("2025-04-01");
    assert_goes(&question, "snnmt");
    assert_string_equal(decision.heir_of.text, "stnmt");
    question.recipient = key_of("stnmt");
    assert_goes(&question, "snnmt");
}

/* Named as it was when the dossier was received: the successor takes it. */
static void test_a_recipient_that_ended_meanwhile_is_succeeded(void **state)
{
    (void)state;
    struct route_question question = transfer("1.011443", "", "2025-02-28", "2025-03-01");
    question.recipient = key_of("stnmt");
    assert_goes(&question, "snnmt");
    question.received = day_or_none("2025-03-01");
    assert_stays(&question, REASON_AGENCY_NOT_IN_FORCE, STEP_RECIPIENT_NOT_IN_FORCE);
}

/* What an agency sent before it ended, and that was on its way over midnight. */
static void test_a_sender_is_judged_by_the_day_of_its_message(void **state)
{
    (void)state;
    struct route_question question = {.sender = key_of("stnmt"),
                                      .type = MESSAGE_TYPE_RESULT,
                                      .received = day_or_none("2025-02-28"),
                                      .at = fixture_day("2025-03-03")};
    assert_goes(&question, "centre");
    question.at = fixture_day("2025-03-08"); /* eight days: its rule allows seven */
    assert_stays(&question, REASON_AGENCY_NOT_IN_FORCE, STEP_SENDER_NOT_IN_FORCE);
}

static void assert_fault(enum registry_file file, const char *text, enum fault_kind kind,
                         unsigned line)
{
    struct registry_files files = files_of();
    struct registry *made = NULL;
    files.content[file] = text == NULL ? (struct bytes){NULL, 0} : bytes_of_text(text);
    assert_int_equal(registry_new(&files, fixture_hash, &faults, &made), REASON_REGISTRY_INVALID);
    assert_null(made);
    for (size_t i = 0; i < faults.count; i++) {
        if (faults.items[i].kind == kind && faults.items[i].line == line)
            return;
    }
    fail_msg("fault %s on line %u not reported", fault_name(kind), line);
}

#define COMPETENCE_HEADER "procedure,area,agency,valid_from,valid_to\n"

static void test_faults(void **state)
{
    (void)state;
    assert_fault(REGISTRY_FILE_COMPETENCE, COMPETENCE_HEADER ",02701,nobody,,\n",
                 FAULT_AGENCY_UNKNOWN, 2);
    assert_fault(REGISTRY_FILE_COMPETENCE, COMPETENCE_HEADER ",99999,snnmt,,\n", FAULT_AREA_UNKNOWN,
                 2);
    assert_fault(REGISTRY_FILE_COMPETENCE, COMPETENCE_HEADER "9.999999,02701,snnmt,,\n",
                 FAULT_PROCEDURE_UNKNOWN, 2);
    assert_fault(REGISTRY_FILE_COMPETENCE,
                 COMPETENCE_HEADER ",02701,snnmt,,2025-07-01\n,02701,x-batxat,2025-07-01,\n",
                 FAULT_COMPETENCE_OVERLAPS, 3);
    assert_fault(REGISTRY_FILE_COMPETENCE, COMPETENCE_HEADER "1.011443,02701,snnmt,,\n",
                 FAULT_COMPETENCE_MISSING, 3); /* nobody is left for 2.000635 */
    assert_fault(REGISTRY_FILE_COMPETENCE, NULL, FAULT_VALUE_MISSING, 3);
    assert_fault(REGISTRY_FILE_AREAS,
                 "code,name_vi,name_en,valid_from,valid_to,successor\n1,a,,,,2\n",
                 FAULT_AREA_UNKNOWN, 2);
    assert_fault(REGISTRY_FILE_AREAS,
                 "code,name_vi,name_en,valid_from,valid_to,successor\n"
                 "1,a,,,2025-06-30,2\n2,a,,,2025-06-30,1\n",
                 FAULT_SUCCESSOR_ENDLESS, 2);
    assert_fault(REGISTRY_FILE_AGENCIES,
                 "key,official_code,former_codes,name_vi,name_en,role,valid_from,valid_to,"
                 "successor,system,sample,handover\n"
                 "centre,,,a,b,centre,,,,,yes,\n"
                 "snnmt,,,a,b,agency,,2025-02-28,centre,,yes,2025-02-28\n",
                 FAULT_HANDOVER_EARLY, 3);
    assert_fault(REGISTRY_FILE_AGENCIES,
                 "key,official_code,former_codes,name_vi,name_en,role,valid_from,valid_to,"
                 "successor,system,sample,handover\n"
                 "centre,,,a,b,centre,,,,,yes,\n"
                 "snnmt,,,a,b,agency,,2025-02-28,,,yes,2025-03-28\n",
                 FAULT_HANDOVER_WITHOUT_SUCCESSOR, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_code_that_ended_at_midnight_takes_yesterdays_dossier),
        cmocka_unit_test(test_policy_bounds_how_far_back_it_is_judged),
        cmocka_unit_test(test_the_area_decides_among_several),
        cmocka_unit_test(test_the_transfer_may_name_the_unit),
        cmocka_unit_test(test_a_row_for_the_procedure_goes_before_its_agency),
        cmocka_unit_test(test_codes_of_areas_that_are_no_more_are_mapped_by_date),
        cmocka_unit_test(test_a_successor_has_the_rest_from_its_handover_day),
        cmocka_unit_test(test_a_recipient_that_ended_meanwhile_is_succeeded),
        cmocka_unit_test(test_a_sender_is_judged_by_the_day_of_its_message),
        cmocka_unit_test(test_faults),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
