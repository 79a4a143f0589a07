/* The shipped policy, exhaustively: every sender x type x recipient is allowed or forbidden as
 * written here, by the table and by the route. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "routing/registry/route.h"
#include "tests/unit/registry_small.h"

enum { TYPE_END = MESSAGE_TYPE_NUMBER_END + 3 };

/* One bit for each type. */
#define T(name) (UINT64_C(1) << MESSAGE_TYPE_##name)

static const uint64_t allowed[ROLE_COUNT][ROLE_COUNT] = {
    [ROLE_CENTRE][ROLE_AGENCY] = T(TRANSFER) | T(SUPPLEMENT) | T(SUSPEND) | T(RESUME) |
                                 T(RESULT_OBJECTION) | T(WITHDRAWAL) | T(HANDED_OVER) |
                                 T(CONSULTATION_REQUEST) | T(CONSULTATION_REPLY),
    [ROLE_AGENCY][ROLE_CENTRE] = T(REFUSAL) | T(PROGRESS) | T(SUPPLEMENT_REQUEST) | T(SUSPEND) |
                                 T(RESUME) | T(FINANCIAL_OBLIGATION) | T(RESULT) | T(EXTENSION) |
                                 T(WITHDRAWAL) | T(CONSULTATION_REQUEST) | T(CONSULTATION_REPLY),
    [ROLE_AGENCY][ROLE_AGENCY] = T(CONSULTATION_REQUEST) | T(CONSULTATION_REPLY),
    [ROLE_CENTRE][ROLE_PORTAL] = T(TRANSFER) | T(REFUSAL) | T(PROGRESS) | T(SUPPLEMENT_REQUEST) |
                                 T(SUPPLEMENT) | T(SUSPEND) | T(RESUME) | T(FINANCIAL_OBLIGATION) |
                                 T(RESULT) | T(EXTENSION) | T(WITHDRAWAL) | T(HANDED_OVER) |
                                 T(RESULT_OBJECTION),
    [ROLE_AGENCY][ROLE_PORTAL] = T(REFUSAL) | T(PROGRESS) | T(SUPPLEMENT_REQUEST) | T(SUSPEND) |
                                 T(RESUME) | T(FINANCIAL_OBLIGATION) | T(RESULT) | T(EXTENSION) |
                                 T(WITHDRAWAL),
    [ROLE_PORTAL][ROLE_CENTRE] = T(TRANSFER) | T(SUPPLEMENT) | T(WITHDRAWAL) | T(RESULT_OBJECTION),
};

static bool is_allowed(enum participant_role sender, unsigned type, enum participant_role recipient)
{
    return type < 64 && (allowed[sender][recipient] >> type & 1) != 0;
}

/* The portal hears of what passes between the centre and an agency, where it may. */
static size_t copies_of(unsigned sender, unsigned type, unsigned recipient)
{
    bool is_between = (sender == ROLE_CENTRE && recipient == ROLE_AGENCY) ||
                      (sender == ROLE_AGENCY && recipient == ROLE_CENTRE);
    return is_between && is_allowed((enum participant_role)sender, type, ROLE_PORTAL) ? 1 : 0;
}

static void test_the_table(void **state)
{
    (void)state;
    struct registry *registry = fixture_shipped(NULL);
    size_t rules = 0;
    for (unsigned sender = 0; sender < ROLE_COUNT; sender++) {
        for (unsigned recipient = 0; recipient < ROLE_COUNT; recipient++) {
            for (unsigned type = 0; type < TYPE_END; type++) {
                const struct policy_rule *rule =
                    registry_policy(registry, (enum participant_role)sender,
                                    (enum message_type)type, (enum participant_role)recipient);
                assert_int_equal(rule != NULL, is_allowed(sender, type, recipient));
                rules += rule != NULL;
                if (rule != NULL)
                    assert_int_equal(rule->copy_count, copies_of(sender, type, recipient));
            }
        }
    }
    assert_int_equal(rules, registry_policy_count(registry));
    registry_destroy(&registry);
}

static void test_numbers_from_outside_are_forbidden(void **state)
{
    (void)state;
    struct registry *registry = fixture_shipped(NULL);
    assert_null(registry_policy(registry, ROLE_COUNT, MESSAGE_TYPE_TRANSFER, ROLE_AGENCY));
    assert_null(registry_policy(registry, ROLE_CENTRE, MESSAGE_TYPE_TRANSFER, ROLE_COUNT));
    assert_null(registry_policy(registry, ROLE_CENTRE, (enum message_type) - 1, ROLE_AGENCY));
    assert_null(registry_policy(registry, ROLE_CENTRE, (enum message_type)INT32_MAX, ROLE_AGENCY));
    registry_destroy(&registry);
}

/* Two of each kind, so that nobody writes to itself here. stp is competent for the procedure. */
static void ask(const struct registry *registry, unsigned sender, unsigned type, unsigned recipient)
{
    static const char *const from[ROLE_COUNT] = {"centre", "snv", "portal", "gateway"};
    static const char *const to[ROLE_COUNT] = {"centre", "stp", "portal", "gateway"};
    struct route_question question = {
        .sender = key_of(from[sender]),
        .recipient = key_of(to[recipient]),
        .type = (enum message_type)type,
        .procedure_code = bytes_of_text("2.000635"),
        .at = fixture_day("2026-11-24"),
    };
    struct route_decision decision;
    enum reason reason = route_resolve(registry, &question, &decision);
    if (is_allowed(sender, type, recipient)) {
        assert_int_equal(reason, REASON_NONE);
        assert_int_equal(decision.destination_count, 1 + copies_of(sender, type, recipient));
        assert_string_equal(decision.destinations[0].key.text, to[recipient]);
        if (decision.destination_count > 1)
            assert_string_equal(decision.destinations[1].key.text, "portal");
    } else {
        assert_int_equal(reason, REASON_POLICY_FORBIDDEN);
        assert_int_equal(decision.destination_count, 0);
        assert_int_equal(decision.steps[decision.step_count - 1].kind, STEP_FORBIDDEN);
    }
}

static void test_the_route_obeys_the_table(void **state)
{
    (void)state;
    struct registry *registry = fixture_shipped(NULL);
    for (unsigned sender = 0; sender < ROLE_COUNT; sender++)
        for (unsigned recipient = 0; recipient < ROLE_COUNT; recipient++)
            for (unsigned type = 0; type < TYPE_END; type++)
                ask(registry, sender, type, recipient);
    registry_destroy(&registry);
}

/* With one rule alone, that one combination passes and all others fail. */
static void test_nothing_is_allowed_but_by_a_rule(void **state)
{
    (void)state;
    static const enum participant_role roles[] = {ROLE_CENTRE, ROLE_AGENCY, ROLE_PORTAL};
    for (size_t s = 0; s < 3; s++) {
        for (size_t r = 0; r < 3; r++) {
            for (unsigned type = 1; type <= MESSAGE_TYPE_BUSINESS_COUNT; type++) {
                char text[256];
                size_t found = 0;
                (void)snprintf(text, sizeof text, POLICY_HEADER "%s,%s,%s,,24\n",
                               role_name(roles[s]), message_type_name((enum message_type)type),
                               role_name(roles[r]));
                struct registry *registry = build(REGISTRY_FILE_POLICY, text);
                for (unsigned i = 0; i < ROLE_COUNT * TYPE_END * ROLE_COUNT; i++)
                    found +=
                        registry_policy(registry, (enum participant_role)(i % ROLE_COUNT),
                                        (enum message_type)(i / ROLE_COUNT % TYPE_END),
                                        (enum participant_role)(i / ROLE_COUNT / TYPE_END)) != NULL;
                assert_int_equal(found, 1);
                assert_non_null(
                    registry_policy(registry, roles[s], (enum message_type)type, roles[r]));
                registry_destroy(&registry);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_table),
        cmocka_unit_test(test_numbers_from_outside_are_forbidden),
        cmocka_unit_test(test_the_route_obeys_the_table),
        cmocka_unit_test(test_nothing_is_allowed_but_by_a_rule),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
