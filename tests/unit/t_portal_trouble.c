/* The portal's stand-in misbehaves as it is told, as often as it is told, the same way each time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "tests/standins/portal/portal_trouble.h"

enum { CALLS = 1000, NOW = 5000 };

static struct trouble_hit draw(struct troubles *troubles, enum portal_call call)
{
    return trouble_draw(troubles, call, 2, NOW);
}

static void test_count_every_and_skip(void **state)
{
    (void)state;
    struct troubles troubles = {0};
    struct trouble_plan plan = {.kind = TROUBLE_BUSY, .count = 2, .every = 3, .skip = 4};
    char hits[16] = "";
    assert_true(trouble_add(&troubles, &plan));
    for (int i = 0; i < 15; i++)
        hits[i] = draw(&troubles, PORTAL_CALL_UPDATE).kind == TROUBLE_BUSY ? 'x' : '.';
    assert_string_equal(hits, "......x..x.....");
}

/* The same seed gives the same calls; another seed others; the rate is about what was asked. */
static void test_seeds(void **state)
{
    (void)state;
    unsigned hits[3] = {0};
    bool differs = false;
    struct troubles troubles[3] = {0};
    for (unsigned i = 0; i < 3; i++) {
        struct trouble_plan plan = {
            .kind = TROUBLE_SLOW, .every = 10, .seed = i < 2 ? 7 : 8, .milliseconds = 1};
        assert_true(trouble_add(&troubles[i], &plan));
    }
    for (int call = 0; call < CALLS; call++) {
        bool hit[3];
        for (unsigned i = 0; i < 3; i++) {
            hit[i] = draw(&troubles[i], PORTAL_CALL_LOOK_UP).kind == TROUBLE_SLOW;
            hits[i] += hit[i];
        }
        assert_int_equal(hit[0], hit[1]);
        differs = differs || hit[0] != hit[2];
    }
    assert_true(differs);
    assert_in_range(hits[0], CALLS / 20, CALLS / 5);
}

/* A plan that does not fit a call neither hits it nor counts it. */
static void test_plans_that_do_not_fit(void **state)
{
    (void)state;
    struct troubles troubles = {0};
    struct trouble_plan exists = {.kind = TROUBLE_EXISTS, .count = 1, .every = 1};
    struct trouble_plan half = {.kind = TROUBLE_HALF_REFUSED, .count = 1, .every = 1};
    struct trouble_plan after = {.kind = TROUBLE_ACCEPT_THEN_CLOSE, .count = 1, .every = 1};
    assert_true(trouble_add(&troubles, &exists));
    assert_true(trouble_add(&troubles, &half));
    assert_true(trouble_add(&troubles, &after));
    assert_int_equal(draw(&troubles, PORTAL_CALL_LOOK_UP).kind, TROUBLE_NONE);
    assert_int_equal(draw(&troubles, PORTAL_CALL_CATALOGUE).kind, TROUBLE_NONE);
    assert_int_equal(trouble_draw(&troubles, PORTAL_CALL_UPDATE, 1, NOW).kind,
                     TROUBLE_ACCEPT_THEN_CLOSE);
    assert_int_equal(draw(&troubles, PORTAL_CALL_UPDATE).kind, TROUBLE_HALF_REFUSED);
    assert_int_equal(draw(&troubles, PORTAL_CALL_UPDATE).kind, TROUBLE_NONE);
    assert_int_equal(draw(&troubles, PORTAL_CALL_CREATE).kind, TROUBLE_EXISTS);
}

static void test_maintenance_lasts(void **state)
{
    (void)state;
    struct troubles troubles = {0};
    struct trouble_plan plan = {.kind = TROUBLE_MAINTENANCE, .count = 1, .milliseconds = 100};
    assert_true(trouble_add(&troubles, &plan));
    for (int64_t now = NOW; now < NOW + 100; now += 10) {
        struct trouble_hit hit = trouble_draw(&troubles, PORTAL_CALL_UPDATE, 1, now);
        assert_int_equal(hit.kind, TROUBLE_MAINTENANCE);
        assert_int_equal(hit.until_ms, NOW + 100);
    }
    assert_int_equal(trouble_draw(&troubles, PORTAL_CALL_UPDATE, 1, NOW + 100).kind, TROUBLE_NONE);
}

static void test_control_requests(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "{}",
        "{\"kind\":\"\"}",
        "{\"kind\":\"else\"}",
        "{\"kind\":\"slow\",\"count\":-1}",
        "{\"kind\":\"slow\",\"every\":\"2\"}",
        "{\"kind\":\"slow\",\"milliseconds\":99999999}",
        "[]",
    };
    struct trouble_plan plan;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        json_t *request = json_loads(bad[i], 0, NULL);
        assert_false(trouble_parse(request, &plan));
        json_decref(request);
    }
    for (int kind = TROUBLE_NONE + 1; kind < TROUBLE_KIND_COUNT; kind++) {
        json_t *request = json_pack("{s:s, s:i, s:i}", "kind",
                                    trouble_name((enum trouble_kind)kind), "count", 3, "skip", 2);
        assert_true(trouble_parse(request, &plan));
        assert_int_equal(plan.kind, kind);
        assert_int_equal(plan.count, 3);
        assert_int_equal(plan.skip, 2);
        json_decref(request);
    }
    assert_false(trouble_parse(NULL, &plan));
}

static void test_plans_are_bounded(void **state)
{
    (void)state;
    struct troubles troubles = {0};
    struct trouble_plan plan = {.kind = TROUBLE_SLOW};
    for (int i = 0; i < TROUBLE_PLANS_MAX; i++)
        assert_true(trouble_add(&troubles, &plan));
    assert_false(trouble_add(&troubles, &plan));
    json_t *list = trouble_list(&troubles);
    assert_int_equal(json_array_size(list), TROUBLE_PLANS_MAX);
    json_decref(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_count_every_and_skip),  cmocka_unit_test(test_seeds),
        cmocka_unit_test(test_plans_that_do_not_fit), cmocka_unit_test(test_maintenance_lasts),
        cmocka_unit_test(test_control_requests),      cmocka_unit_test(test_plans_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
