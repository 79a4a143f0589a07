/* Whose turn it is in the pool of frames: by what each costs, counted and not timed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "gateway/workers/intake_lanes.h"

enum { LOUD = 64, QUIET = 3, SLICE = INTAKE_POOL_SLICE_NS };

struct fixture {
    struct lanes lanes;
    struct lane *loud, *quiet;
    struct pooled of_loud[LOUD], of_quiet[QUIET];
};

static int set_up(void **state)
{
    static struct fixture fixture;
    struct key loud = key_of("stnmt");
    struct key quiet = key_of("stp");
    memset(&fixture, 0, sizeof fixture);
    fixture.loud = lanes_get(&fixture.lanes, &loud);
    fixture.quiet = lanes_get(&fixture.lanes, &quiet);
    assert_ptr_equal(lanes_get(&fixture.lanes, &loud), fixture.loud);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    lanes_release(&((struct fixture *)*state)->lanes);
    return 0;
}

static void add(struct fixture *fixture, struct lane *lane, struct pooled *pooled)
{
    *pooled = (struct pooled){.lane = lane};
    (void)lanes_add(&fixture->lanes, pooled);
}

static void add_loud(struct fixture *fixture)
{
    for (size_t i = 0; i < LOUD; i++)
        add(fixture, fixture->loud, &fixture->of_loud[i]);
}

/* How many slices of the loud one are worked, each at that cost, before the next of the quiet one
 * is done, which costs one slice. */
static size_t slices_before_quiet(struct fixture *fixture, uint64_t cost_ns)
{
    for (size_t slices = 0; slices < LOUD; slices++) {
        struct pooled *pooled = lanes_next_work(&fixture->lanes);
        assert_non_null(pooled);
        (void)lanes_worked(&fixture->lanes, pooled,
                           pooled->lane == fixture->quiet ? SLICE : cost_ns, true);
        if (pooled->lane == fixture->quiet)
            return slices;
    }
    return LOUD;
}

/* Sixty-four frames wait before the quiet one says anything: it waits for one slice of them. */
static void nobody_waits_behind_another(void **state)
{
    struct fixture *fixture = *state;
    add_loud(fixture);
    for (size_t i = 0; i < QUIET; i++) {
        add(fixture, fixture->quiet, &fixture->of_quiet[i]);
        assert_true(slices_before_quiet(fixture, SLICE) <= 1);
    }
}

/* A signature that costs ten slices is paid with ten turns. */
static void what_is_dear_is_paid(void **state)
{
    struct fixture *fixture = *state;
    size_t slices = 0;
    add_loud(fixture);
    for (size_t i = 0; i < QUIET; i++)
        add(fixture, fixture->quiet, &fixture->of_quiet[i]);
    for (size_t i = 0; i < QUIET; i++)
        slices += slices_before_quiet(fixture, 10 * SLICE);
    assert_true(slices <= 1);
}

/* A frame in slices: it goes on where it was, before the next of its lane. */
static void a_frame_goes_on_in_its_next_turn(void **state)
{
    struct fixture *fixture = *state;
    add_loud(fixture);
    add(fixture, fixture->quiet, &fixture->of_quiet[0]);
    assert_ptr_equal(lanes_next_work(&fixture->lanes), &fixture->of_loud[0]);
    assert_false(lanes_worked(&fixture->lanes, &fixture->of_loud[0], SLICE, false));
    assert_ptr_equal(lanes_next_work(&fixture->lanes), &fixture->of_quiet[0]);
    assert_true(lanes_worked(&fixture->lanes, &fixture->of_quiet[0], SLICE, true));
    assert_ptr_equal(lanes_take(&fixture->lanes), &fixture->of_quiet[0]);
    assert_ptr_equal(lanes_next_work(&fixture->lanes), &fixture->of_loud[0]);
    assert_true(lanes_worked(&fixture->lanes, &fixture->of_loud[0], SLICE, true));
    assert_ptr_equal(lanes_take(&fixture->lanes), &fixture->of_loud[0]);
    assert_null(lanes_take(&fixture->lanes));
}

/* The order of one peer is kept whichever of its frames is done first. */
static void a_lane_keeps_its_order(void **state)
{
    struct fixture *fixture = *state;
    add_loud(fixture);
    struct pooled *first = lanes_next_work(&fixture->lanes);
    struct pooled *second = lanes_next_work(&fixture->lanes);
    assert_false(lanes_worked(&fixture->lanes, second, SLICE, true));
    assert_null(lanes_take(&fixture->lanes));
    assert_true(lanes_worked(&fixture->lanes, first, SLICE, true));
    assert_ptr_equal(lanes_take(&fixture->lanes), first);
    assert_ptr_equal(lanes_take(&fixture->lanes), second);
}

/* Who sends what comes to nothing rests until enough of it is forgiven; others do not. */
static void what_comes_to_nothing_is_paid_with_rest(void **state)
{
    struct fixture *fixture = *state;
    const int64_t over_ms = 50;
    const int64_t rest_ms = over_ms + INTAKE_POOL_REST_NS / INTAKE_POOL_FORGIVEN_NS_PER_MS;
    add_loud(fixture);
    lanes_charge(&fixture->lanes, fixture->loud, INTAKE_POOL_WASTE_NS, (mono_t){1000});
    assert_int_equal(lanes_deadline(&fixture->lanes).ms, INT64_MAX);
    lanes_charge(&fixture->lanes, fixture->loud, over_ms * INTAKE_POOL_FORGIVEN_NS_PER_MS,
                 (mono_t){1000});
    assert_null(lanes_next_work(&fixture->lanes));
    add(fixture, fixture->quiet, &fixture->of_quiet[0]);
    assert_ptr_equal(lanes_next_work(&fixture->lanes), &fixture->of_quiet[0]);
    assert_true(lanes_worked(&fixture->lanes, &fixture->of_quiet[0], SLICE, true));
    assert_ptr_equal(lanes_take(&fixture->lanes), &fixture->of_quiet[0]);
    lanes_wake(&fixture->lanes, (mono_t){1000 + rest_ms - 1});
    assert_null(lanes_next_work(&fixture->lanes));
    assert_true(lanes_deadline(&fixture->lanes).ms <= 1000 + rest_ms + 1);
    lanes_wake(&fixture->lanes, (mono_t){1000 + rest_ms});
    assert_ptr_equal(lanes_next_work(&fixture->lanes), &fixture->of_loud[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nobody_waits_behind_another, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_dear_is_paid, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_frame_goes_on_in_its_next_turn, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_lane_keeps_its_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_comes_to_nothing_is_paid_with_rest, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
