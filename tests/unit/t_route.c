/* Routes: by name, by procedure, by dossier, through mergers, with copies; and every refusal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "routing/registry/route.h"
#include "tests/unit/registry_small.h"

static const char today[] = "2026-11-24";
static const char merged_agencies[] = "routing/data/after-merger/agencies.csv";

static struct route_question from(const char *sender, enum message_type type, const char *day)
{
    return (struct route_question){.sender = key_of(sender), .type = type, .at = fixture_day(day)};
}

static struct route_question transfer(const char *procedure, const char *day)
{
    struct route_question question = from("centre", MESSAGE_TYPE_TRANSFER, day);
    question.procedure_code = bytes_of_text(procedure);
    return question;
}

static struct route_decision decision;

static void assert_goes_to(const struct registry *registry, const struct route_question *question,
                           const char *key)
{
    assert_int_equal(route_resolve(registry, question, &decision), REASON_NONE);
    assert_int_equal(decision.reason, REASON_NONE);
    assert_true(decision.destination_count >= 1);
    assert_string_equal(decision.destinations[0].key.text, key);
    assert_false(decision.destinations[0].copy);
    assert_int_equal(decision.life_ms, decision.destinations[0].life_ms);
    assert_true(decision.life_ms > 0);
    assert_string_equal(decision.registry_version, registry_version(registry));
}

static void assert_refused(const struct registry *registry, const struct route_question *question,
                           enum reason reason, enum route_step_kind last)
{
    assert_int_equal(route_resolve(registry, question, &decision), reason);
    assert_int_equal(decision.reason, reason);
    assert_int_equal(decision.destination_count, 0);
    assert_int_equal(decision.life_ms, 0);
    assert_true(decision.step_count > 0);
    assert_int_equal(decision.steps[decision.step_count - 1].kind, last);
    assert_string_equal(decision.registry_version, registry_version(registry));
}

static bool has_step(enum route_step_kind kind, const char *subject)
{
    for (size_t i = 0; i < decision.step_count; i++) {
        if (decision.steps[i].kind == kind && strcmp(decision.steps[i].subject, subject) == 0)
            return true;
    }
    return false;
}

static void test_a_new_transfer_goes_to_the_agency_of_its_procedure(void **state)
{
    (void)state;
    struct registry *registry = fixture_shipped(NULL);
    for (size_t i = 0; i < registry_procedure_count(registry); i++) {
        const struct procedure *procedure = registry_procedure_at(registry, i);
        struct route_question question = transfer(procedure->code, today);
        assert_goes_to(registry, &question, procedure->agency->key.text);
        assert_int_equal(decision.life_ms, INT64_C(168) * 3600 * 1000);
        assert_int_equal(decision.steps[0].line, procedure->line);
    }
    registry_destroy(&registry);
}

static void test_mergers_move_new_dossiers_only(void **state)
{
    (void)state;
    struct registry *registry = fixture_shipped(merged_agencies);
    struct route_question question = transfer("1.011443.000.00.00.H38", "2025-02-28");
    assert_goes_to(registry, &question, "stnmt");
    question = transfer("1.011443.H38", "2025-03-01");
    assert_goes_to(registry, &question, "snnmt");
    assert_true(has_step(STEP_PROCEDURE_AGENCY, "stnmt"));
    assert_true(has_step(STEP_SUCCESSOR, "snnmt"));

    struct route_question supplement = from("centre", MESSAGE_TYPE_SUPPLEMENT, today);
    supplement.agency_of_dossier = key_of("stnmt");
    assert_goes_to(registry, &supplement, "stnmt");
    supplement.recipient = key_of("stnmt");
    assert_goes_to(registry, &supplement, "stnmt");
    supplement.recipient = key_of("snnptnt");
    assert_refused(registry, &supplement, REASON_AGENCY_NOT_IN_FORCE, STEP_RECIPIENT_NOT_IN_FORCE);

    question.agency_of_dossier = key_of("stnmt");
    assert_goes_to(registry, &question, "stnmt");
    registry_destroy(&registry);
}

static void test_an_ended_agency_still_answers_for_its_dossiers(void **state)
{
    (void)state;
    struct registry *registry = fixture_shipped(merged_agencies);
    struct route_question result = from("stnmt", MESSAGE_TYPE_RESULT, today);
    result.agency_of_dossier = key_of("stnmt");
    assert_goes_to(registry, &result, "centre");
    result.agency_of_dossier = key_of("snnptnt");
    assert_refused(registry, &result, REASON_AGENCY_NOT_IN_FORCE, STEP_SENDER_NOT_IN_FORCE);
    result.agency_of_dossier = (struct key){0};
    assert_refused(registry, &result, REASON_AGENCY_NOT_IN_FORCE, STEP_SENDER_NOT_IN_FORCE);
    result.at = fixture_day("2025-02-28");
    assert_goes_to(registry, &result, "centre");
    struct route_question early = from("snnmt", MESSAGE_TYPE_PROGRESS, "2025-02-28");
    assert_refused(registry, &early, REASON_AGENCY_NOT_IN_FORCE, STEP_SENDER_NOT_IN_FORCE);
    registry_destroy(&registry);
}

static void test_agencies_and_portal_write_to_the_centre(void **state)
{
    (void)state;
    struct registry *registry = fixture_shipped(NULL);
    struct route_question question = from("syt", MESSAGE_TYPE_RESULT, today);
    assert_goes_to(registry, &question, "centre");
    assert_true(has_step(STEP_TO_CENTRE, "centre"));
    question = from("portal", MESSAGE_TYPE_TRANSFER, today);
    question.procedure_code = bytes_of_text("2.000635");
    assert_goes_to(registry, &question, "centre");
    question.procedure_code = bytes_of_text("2.999999");
    assert_refused(registry, &question, REASON_PROCEDURE_UNKNOWN, STEP_PROCEDURE_UNKNOWN);
    question = from("snv", MESSAGE_TYPE_CONSULTATION_REQUEST, today);
    question.recipient = key_of("stp");
    assert_goes_to(registry, &question, "stp");
    registry_destroy(&registry);
}

static void test_follow_ups_without_a_known_dossier(void **state)
{
    (void)state;
    struct registry *registry = fixture_shipped(NULL);
    struct route_question question = from("centre", MESSAGE_TYPE_WITHDRAWAL, today);
    assert_refused(registry, &question, REASON_ROUTE_MISSING, STEP_NOTHING_TO_GO_BY);
    question.procedure_code = bytes_of_text("3.000181");
    assert_goes_to(registry, &question, "sgddt");
    question.procedure_code = bytes_of_text("nonsense");
    assert_refused(registry, &question, REASON_PROCEDURE_UNKNOWN, STEP_PROCEDURE_UNKNOWN);
    question.agency_of_dossier = key_of("nobody");
    assert_refused(registry, &question, REASON_AGENCY_UNKNOWN, STEP_DOSSIER_AGENCY_UNKNOWN);
    registry_destroy(&registry);
}

static void test_refusals(void **state)
{
    (void)state;
    struct registry *registry = fixture_shipped(NULL);
    struct route_question question = transfer("", today);
    assert_refused(registry, &question, REASON_PROCEDURE_UNKNOWN, STEP_PROCEDURE_MISSING);
    question = transfer("1.999999", today);
    assert_refused(registry, &question, REASON_PROCEDURE_UNKNOWN, STEP_PROCEDURE_UNKNOWN);
    question = transfer("2.000635", today);
    question.recipient = key_of("ministry");
    assert_refused(registry, &question, REASON_AGENCY_UNKNOWN, STEP_RECIPIENT_UNKNOWN);
    question.recipient = key_of("syt");
    assert_refused(registry, &question, REASON_POLICY_FORBIDDEN, STEP_RECIPIENT_NOT_COMPETENT);
    assert_true(has_step(STEP_RECIPIENT_NOT_COMPETENT, "stp"));
    question.agency_of_dossier = key_of("syt");
    assert_goes_to(registry, &question, "syt");
    question = transfer("2.000635", today);
    question.sender = key_of("nobody");
    assert_refused(registry, &question, REASON_AGENCY_UNKNOWN, STEP_SENDER_UNKNOWN);
    question.sender = (struct key){0};
    assert_refused(registry, &question, REASON_AGENCY_UNKNOWN, STEP_SENDER_UNKNOWN);
    question.sender = key_of("gateway");
    assert_refused(registry, &question, REASON_POLICY_FORBIDDEN, STEP_FORBIDDEN);
    question = transfer("2.000635", today);
    question.dossier_code = bytes_of_text("H38-1");
    assert_refused(registry, &question, REASON_DOSSIER_CODE_INVALID, STEP_DOSSIER_CODE_INVALID);
    question.dossier_code = bytes_of_text("H38.30-261124-0001");
    assert_goes_to(registry, &question, "stp");
    question = from("syt", MESSAGE_TYPE_RECEIPT_DELIVERED, today);
    assert_refused(registry, &question, REASON_POLICY_FORBIDDEN, STEP_FORBIDDEN);
    registry_destroy(&registry);
}

static void test_times_of_validity(void **state)
{
    (void)state;
    struct registry *registry = build(REGISTRY_FILE_PROCEDURES, PROCEDURES_HEADER
                                      "2.000635,a,b,,stp,full,0,2020-01-01,2024-12-31,no\n");
    struct route_question question = transfer("2.000635", "2020-01-01");
    assert_goes_to(registry, &question, "stp");
    question = transfer("2.000635", "2024-12-31");
    assert_goes_to(registry, &question, "stp");
    static const char *const outside[] = {"2019-12-31", "2025-01-01"};
    for (size_t i = 0; i < 2; i++) {
        question = transfer("2.000635", outside[i]);
        assert_refused(registry, &question, REASON_PROCEDURE_UNKNOWN, STEP_PROCEDURE_NOT_IN_FORCE);
        question.agency_of_dossier = key_of("stp");
        assert_goes_to(registry, &question, "stp");
    }
    registry_destroy(&registry);
}

static void test_an_agency_without_successor_ends_the_route(void **state)
{
    (void)state;
    struct registry *registry = build(REGISTRY_FILE_AGENCIES, AGENCIES_HEADER CENTRE
                                      "stp,,,a,b,agency,2020-01-01,2025-02-28,,,yes\n");
    struct route_question question = transfer("2.000635", "2025-03-01");
    assert_refused(registry, &question, REASON_AGENCY_NOT_IN_FORCE, STEP_AGENCY_NOT_IN_FORCE);
    registry_destroy(&registry);
    registry = build(REGISTRY_FILE_AGENCIES,
                     AGENCIES_HEADER CENTRE "stp,,,a,b,agency,2025-01-01,2025-02-28,snv,,yes\n"
                                            "snv,,,a,b,agency,2025-03-10,,,,yes\n");
    static const char *const gaps[] = {"2024-12-31", "2025-03-01", "2025-03-09"};
    for (size_t i = 0; i < 3; i++) {
        question = transfer("2.000635", gaps[i]);
        assert_refused(registry, &question, REASON_AGENCY_NOT_IN_FORCE, STEP_AGENCY_NOT_IN_FORCE);
    }
    question = transfer("2.000635", "2025-03-10");
    assert_goes_to(registry, &question, "snv");
    registry_destroy(&registry);
}

static void test_the_longest_chain_of_successors(void **state)
{
    (void)state;
    struct buffer text;
    buffer_init(&text, 4096);
    assert_true(buffer_append_text(&text, AGENCIES_HEADER CENTRE "stp" ENDED "s1,,yes\n"));
    for (int i = 1; i < SUCCESSOR_HOPS_MAX; i++)
        assert_true(buffer_append_format(&text, "s%d" ENDED "s%d,,yes\n", i, i + 1));
    assert_true(buffer_append_format(&text, "s%d,,,a,b,agency,,,,,yes\n", SUCCESSOR_HOPS_MAX));
    struct registry *registry = build(REGISTRY_FILE_AGENCIES, buffer_text(&text));
    struct route_question question = transfer("2.000635", today);
    assert_goes_to(registry, &question, "s8");
    question.recipient = key_of("s8");
    assert_goes_to(registry, &question, "s8");
    assert_true(decision.step_count <= ROUTE_STEPS_MAX);
    registry_destroy(&registry);
    buffer_release(&text);
}

#define COPY_AGENCIES                                                                              \
    AGENCIES_HEADER CENTRE "stp,,,a,b,agency,,,,,yes\nsnv,,,a,b,agency,,2024-12-31,,,yes\n"        \
                           "portal,,,a,b,portal,,,,,no\n"

static void test_copies(void **state)
{
    (void)state;
    struct registry_files files = good_files();
    struct registry *registry = NULL;
    files.content[REGISTRY_FILE_AGENCIES] = bytes_of_text(COPY_AGENCIES);
    files.content[REGISTRY_FILE_POLICY] =
        bytes_of_text(POLICY_HEADER "centre,transfer,agency,portal;snv;stp,168\n"
                                    "centre,transfer,portal,,24\n"
                                    "agency,result,centre,centre,720\n");
    assert_int_equal(registry_new(&files, fixture_hash, &faults, &registry), REASON_NONE);
    struct route_question question = transfer("2.000635", today);
    assert_goes_to(registry, &question, "stp");
    assert_int_equal(decision.destination_count, 2);
    assert_string_equal(decision.destinations[1].key.text, "portal");
    assert_true(decision.destinations[1].copy);
    assert_int_equal(decision.destinations[1].role, ROLE_PORTAL);
    assert_int_equal(decision.destinations[1].life_ms, INT64_C(24) * 3600 * 1000);
    assert_int_equal(decision.destinations[1].policy_line, 3);
    assert_int_equal(decision.destinations[0].policy_line, 2);
    assert_true(has_step(STEP_COPY, "portal"));
    assert_true(has_step(STEP_COPY_LEFT_OUT, "snv"));
    assert_true(has_step(STEP_COPY_LEFT_OUT, "stp"));
    question.at = fixture_day("2024-12-31");
    assert_goes_to(registry, &question, "stp");
    assert_int_equal(decision.destination_count, 3);
    question = from("stp", MESSAGE_TYPE_RESULT, today);
    assert_goes_to(registry, &question, "centre");
    assert_int_equal(decision.destination_count, 1);
    registry_destroy(&registry);
}

static void assert_explains(const struct registry *registry, const struct route_question *question,
                            enum language language, const char *expected)
{
    struct buffer buffer;
    buffer_init(&buffer, 8192);
    (void)route_resolve(registry, question, &decision);
    assert_true(route_explain(registry, question, &decision, language, &buffer));
    assert_string_equal(buffer_text(&buffer), expected);
    buffer_release(&buffer);
    for (size_t limit = 0; limit < strlen(expected); limit++) {
        buffer_init(&buffer, limit);
        assert_false(route_explain(registry, question, &decision, language, &buffer));
        buffer_release(&buffer);
    }
}

static void test_explanations(void **state)
{
    (void)state;
    struct registry *registry = build(REGISTRY_FILE_PARTICIPANTS, NULL);
    char text[1024];
    struct route_question question = transfer("2.000635", today);
    (void)snprintf(text, sizeof text,
                   "Chuyển hồ sơ từ centre, ngày 2026-11-24\n"
                   "Thủ tục 2.000635: Cấp bản sao\n"
                   "Được gửi\n"
                   "  nơi nhận: stp (Sở Tư pháp), hạn giao 168 giờ\n"
                   "Hạn: chuyển trước 2026-11-24 17:00, trả kết quả trước 2026-11-24 17:00 "
                   "(+07:00; 0 ngày làm việc); tạm tính: holidays.csv chưa có ngày này\n"
                   "Căn cứ:\n"
                   "  procedures.csv:2: thủ tục: 2.000635\n"
                   "  agencies.csv:3: cơ quan giải quyết thủ tục: stp\n"
                   "  policy.csv:2: được phép gửi tới: stp\n"
                   "Phiên bản danh bạ: %s\n",
                   registry_version(registry));
    assert_explains(registry, &question, LANGUAGE_VIETNAMESE, text);
    question = from("centre", MESSAGE_TYPE_SUPPLEMENT, today);
    question.agency_of_dossier = key_of("stp");
    (void)snprintf(text, sizeof text,
                   "Supplement from centre on 2026-11-24\n"
                   "Refused (policy_forbidden): Policy forbids this sender, type and recipient\n"
                   "Because:\n"
                   "  agencies.csv:3: the dossier is with this agency: stp\n"
                   "  policy.csv: no rule allows it to: stp\n"
                   "Registry version: %s\n",
                   registry_version(registry));
    assert_explains(registry, &question, LANGUAGE_ENGLISH, text);
    registry_destroy(&registry);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_new_transfer_goes_to_the_agency_of_its_procedure),
        cmocka_unit_test(test_mergers_move_new_dossiers_only),
        cmocka_unit_test(test_an_ended_agency_still_answers_for_its_dossiers),
        cmocka_unit_test(test_agencies_and_portal_write_to_the_centre),
        cmocka_unit_test(test_follow_ups_without_a_known_dossier),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_times_of_validity),
        cmocka_unit_test(test_an_agency_without_successor_ends_the_route),
        cmocka_unit_test(test_the_longest_chain_of_successors),
        cmocka_unit_test(test_copies),
        cmocka_unit_test(test_explanations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
