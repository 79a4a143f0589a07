/* Operations on sets at the gateway: counted first, done page by page, once, also over a kill. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "gateway/custody/job.h"
#include "tests/support/lone_gateway.h"

#define TO_STP "2.000635"
#define TO_SXD "1.000001"

enum { MANY = 2 * JOB_PAGE_MAX + 22, STEPS_MAX = 200 };

static const struct key stp = {"stp"}, sxd = {"sxd"};
static struct lone_message messages[MANY];

static struct lone_gateway *open_with_transfers(size_t count)
{
    struct lone_gateway *gateway = lone_gateway_open();
    char dossier[32];
    lone_gateway_hello(gateway, "centre", 64);
    for (size_t i = 0; i < count; i++) {
        (void)snprintf(dossier, sizeof dossier, "H38.09-261124-%04zu", i + 1);
        messages[i] = lone_gateway_put_transfer(gateway, TO_STP, dossier);
        if (i % 32 == 31)
            assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    }
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    return gateway;
}

static struct jobs *jobs_of(struct lone_gateway *gateway)
{
    return broker_jobs(gateway->broker);
}

static struct job look(struct lone_gateway *gateway, uint64_t number)
{
    struct job job = {0};
    assert_int_equal(jobs_find(jobs_of(gateway), number, &job), REASON_NONE);
    return job;
}

static uint64_t plan(struct lone_gateway *gateway, const struct job_order *order)
{
    struct job job = {0};
    lone_gateway_begin(gateway);
    assert_int_equal(jobs_plan(jobs_of(gateway), order, &job), REASON_NONE);
    assert_int_equal(lone_gateway_end(gateway), REASON_NONE);
    return job.number;
}

static struct job step_while(struct lone_gateway *gateway, uint64_t number, enum job_state state)
{
    for (int i = 0; i < STEPS_MAX && look(gateway, number).state == state; i++)
        assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    return look(gateway, number);
}

static enum reason start(struct lone_gateway *gateway, uint64_t number, uint64_t count)
{
    struct job job;
    lone_gateway_begin(gateway);
    enum reason reason = jobs_start(jobs_of(gateway), number, count, &(struct digest){{0}}, &job);
    assert_int_equal(lone_gateway_end(gateway), REASON_NONE);
    return reason;
}

static struct job run(struct lone_gateway *gateway, const struct job_order *order)
{
    uint64_t number = plan(gateway, order);
    struct job job = step_while(gateway, number, JOB_COUNTING);
    assert_int_equal(job.state, JOB_COUNTED);
    assert_int_equal(start(gateway, number, job.count), REASON_NONE);
    return step_while(gateway, number, JOB_RUNNING);
}

static size_t count_in(struct lone_gateway *gateway, const char *destination,
                       enum entry_state state)
{
    size_t count = 0;
    for (size_t i = 0; i < MANY; i++)
        count += lone_gateway_state(gateway, &messages[i], destination) == state;
    return count;
}

static struct job_order order_of(enum job_operation operation)
{
    return (struct job_order){
        .operation = operation, .set = {.destination = stp}, .why = bytes_of_text("a test")};
}

static void nothing_is_done_before_the_count_is_repeated(void **state)
{
    (void)state;
    struct lone_gateway *gateway = open_with_transfers(MANY);
    const struct job_order order = order_of(JOB_HOLD);
    uint64_t number = plan(gateway, &order);
    assert_int_equal(start(gateway, number, MANY - 1), REASON_BUSY);
    struct job job = step_while(gateway, number, JOB_COUNTING);
    assert_int_equal(job.state, JOB_COUNTED);
    assert_int_equal(job.count, MANY);
    assert_int_equal(count_in(gateway, "stp", ENTRY_QUEUED), MANY);
    struct lone_message later = lone_gateway_put_transfer(gateway, TO_STP, "H38.09-261124-0999");
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(start(gateway, number, MANY + 1), REASON_SET_CHANGED);
    assert_int_equal(count_in(gateway, "stp", ENTRY_HELD), 0);
    assert_int_equal(start(gateway, number, MANY), REASON_NONE);
    job = step_while(gateway, number, JOB_RUNNING);
    assert_int_equal(job.state, JOB_DONE);
    assert_int_equal(job.done, MANY);
    assert_int_equal(job.left, 0);
    assert_int_equal(count_in(gateway, "stp", ENTRY_HELD), MANY);
    assert_int_equal(lone_gateway_state(gateway, &later, "stp"), ENTRY_QUEUED);
    assert_int_equal(start(gateway, number, MANY), REASON_NONE); /* said again: as it was */
    lone_gateway_close(&gateway);
}

/* Whatever step the process ends in, the next one goes on, and nothing is done twice. */
static void a_kill_in_the_middle_loses_nothing(void **state)
{
    (void)state;
    struct lone_gateway *gateway = open_with_transfers(MANY);
    const struct job_order order = order_of(JOB_WITHDRAW);
    uint64_t number = plan(gateway, &order);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE); /* a page is counted */
    lone_gateway_restart(gateway);
    lone_gateway_hello(gateway, "centre", 64);
    struct job job = step_while(gateway, number, JOB_COUNTING);
    assert_int_equal(job.count, MANY);
    assert_int_equal(start(gateway, number, MANY), REASON_NONE);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    job = look(gateway, number);
    assert_int_equal(job.state, JOB_RUNNING);
    assert_int_equal(job.done, count_in(gateway, "stp", ENTRY_WITHDRAWN));
    assert_true(job.done > 0 && job.done < MANY);
    lone_gateway_restart(gateway);
    lone_gateway_hello(gateway, "centre", 64);
    /* And a commit that fails is a page that is not done. */
    gateway->commit_reason = REASON_STORE_FULL;
    (void)lone_gateway_step(gateway);
    gateway->commit_reason = REASON_NONE;
    lone_gateway_wait(gateway, 2 * STEP_RETRY_MS);
    job = step_while(gateway, number, JOB_RUNNING);
    assert_int_equal(job.state, JOB_DONE);
    assert_int_equal(job.done, MANY);
    assert_int_equal(count_in(gateway, "stp", ENTRY_WITHDRAWN), MANY);
    lone_gateway_close(&gateway);
}

/* What it was about is of before the restore. */
static void a_restore_ends_what_was_under_way(void **state)
{
    (void)state;
    struct lone_gateway *gateway = open_with_transfers(MANY);
    const struct job_order order = order_of(JOB_WITHDRAW);
    uint64_t number = plan(gateway, &order);
    (void)step_while(gateway, number, JOB_COUNTING);
    assert_int_equal(start(gateway, number, MANY), REASON_NONE);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(look(gateway, number).state, JOB_RUNNING);
    const int64_t gap[] = {look(gateway, number).planned.ms, look(gateway, number).planned.ms + 1};
    const struct store_note note = {bytes_of_text("restored"), {(const uint8_t *)gap, sizeof gap}};
    assert_int_equal(gateway->store->verbs->commit(
                         gateway->store, &(struct store_plan){.notes = &note, .note_count = 1}),
                     REASON_NONE);
    lone_gateway_restart(gateway);
    lone_gateway_hello(gateway, "centre", 64);
    size_t before = count_in(gateway, "stp", ENTRY_WITHDRAWN);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(look(gateway, number).state, JOB_STOPPED);
    assert_int_equal(count_in(gateway, "stp", ENTRY_WITHDRAWN), before);
    assert_int_equal(start(gateway, number, MANY), REASON_HAS_ENDED);
    lone_gateway_close(&gateway);
}

/* The second finds what the first has made of it, and each of its set says so. */
static void two_operators_with_one_set(void **state)
{
    (void)state;
    struct lone_gateway *gateway = open_with_transfers(MANY);
    struct job_member members[JOB_PAGE_MAX];
    size_t count;
    const struct job_order withdraw = order_of(JOB_WITHDRAW), hold = order_of(JOB_HOLD);
    uint64_t first = plan(gateway, &hold);
    uint64_t second = plan(gateway, &withdraw);
    (void)step_while(gateway, second, JOB_COUNTING);
    assert_int_equal(start(gateway, second, MANY), REASON_NONE);
    assert_int_equal(start(gateway, first, MANY), REASON_NONE);
    assert_int_equal(step_while(gateway, second, JOB_RUNNING).done, MANY);
    struct job job = step_while(gateway, first, JOB_RUNNING);
    assert_int_equal(job.done, 0);
    assert_int_equal(job.left, MANY);
    assert_int_equal(jobs_read_page(jobs_of(gateway), first, 2, members, &count), REASON_NONE);
    assert_int_equal(count, MANY - 2 * JOB_PAGE_MAX);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(members[i].reason, REASON_HAS_ENDED);
    lone_gateway_close(&gateway);
}

/* By state and reason: what an operator holds, and nothing else. */
static void a_set_is_chosen_by_what_it_is(void **state)
{
    (void)state;
    struct lone_gateway *gateway = open_with_transfers(3);
    struct store_message stored;
    assert_int_equal(gateway->store->verbs->find_message(gateway->store, &messages[1].sender,
                                                         &messages[1].id, &stored),
                     REASON_NONE);
    lone_gateway_begin(gateway);
    assert_int_equal(broker_operate(gateway->broker, stored.seq, &stp, BROKER_HOLD), REASON_NONE);
    assert_int_equal(lone_gateway_end(gateway), REASON_NONE);
    struct job_order order = order_of(JOB_RELEASE);
    order.set.state = ENTRY_HELD;
    order.set.reason = REASON_LIFE_EXCEEDED;
    assert_int_equal(run(gateway, &order).count, 0);
    order.set.reason = REASON_HELD_BY_OPERATOR;
    order.set.taken_before = stored.custody;
    assert_int_equal(run(gateway, &order).count, 0);
    order.set.taken_before = (wall_t){stored.custody.ms + 1};
    order.set.taken_after = stored.custody;
    assert_int_equal(run(gateway, &order).done, 1);
    assert_int_equal(lone_gateway_state(gateway, &messages[1], "stp"), ENTRY_QUEUED);
    lone_gateway_close(&gateway);
}

/* A dossier's messages go over in their order. */
static void a_set_goes_over_to_another(void **state)
{
    (void)state;
    struct lone_gateway *gateway = open_with_transfers(2);
    struct lone_message second = lone_gateway_put_transfer(gateway, TO_STP, "H38.09-261124-0001");
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    /* It has the number of the first: an operator is asked, here and there. */
    assert_int_equal(lone_gateway_state(gateway, &second, "stp"), ENTRY_HELD);
    struct job_order order = order_of(JOB_REDIRECT);
    struct job job;
    lone_gateway_begin(gateway);
    assert_int_equal(jobs_plan(jobs_of(gateway), &order, &job), REASON_FIELD_INVALID);
    assert_int_equal(lone_gateway_end(gateway), REASON_NONE);
    order.to = sxd;
    job = run(gateway, &order);
    assert_int_equal(job.done, 3);
    assert_int_equal(lone_gateway_state(gateway, &messages[0], "stp"), ENTRY_WITHDRAWN);
    assert_int_equal(lone_gateway_state(gateway, &messages[0], "sxd"), ENTRY_QUEUED);
    assert_int_equal(lone_gateway_state(gateway, &second, "sxd"), ENTRY_HELD);
    lone_gateway_close(&gateway);
}

/* The newest are remembered; the pages of before are nobody's. */
static void old_jobs_make_room(void **state)
{
    (void)state;
    struct lone_gateway *gateway = open_with_transfers(2);
    struct job_member members[JOB_PAGE_MAX];
    struct job job;
    size_t count;
    const struct job_order order = order_of(JOB_HOLD);
    for (uint64_t i = 1; i <= JOBS_MAX + 1; i++)
        assert_int_equal(run(gateway, &order).number, i);
    assert_int_equal(jobs_find(jobs_of(gateway), 1, &job), REASON_NOT_FOUND);
    assert_int_equal(jobs_read_page(jobs_of(gateway), 1, 0, members, &count), REASON_NOT_FOUND);
    assert_true(jobs_at(jobs_of(gateway), 0, &job));
    assert_int_equal(job.number, JOBS_MAX + 1);
    /* Counts that nobody repeats keep their places for an hour. */
    for (uint64_t i = 0; i < JOBS_MAX; i++)
        assert_int_equal(step_while(gateway, plan(gateway, &order), JOB_COUNTING).state,
                         JOB_COUNTED);
    lone_gateway_begin(gateway);
    assert_int_equal(jobs_plan(jobs_of(gateway), &order, &job), REASON_BUSY);
    assert_int_equal(lone_gateway_end(gateway), REASON_NONE);
    lone_gateway_close(&gateway);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_done_before_the_count_is_repeated),
        cmocka_unit_test(a_kill_in_the_middle_loses_nothing),
        cmocka_unit_test(a_restore_ends_what_was_under_way),
        cmocka_unit_test(two_operators_with_one_set),
        cmocka_unit_test(a_set_is_chosen_by_what_it_is),
        cmocka_unit_test(a_set_goes_over_to_another),
        cmocka_unit_test(old_jobs_make_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
