/* A wall clock that jumps ends no message and refuses none for good; what it delays goes on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/support/lone_gateway.h"

#define COPY    "2.000635" /* of stp */
#define OTHER   "1.000001" /* of sxd */
#define DAY_MS  (INT64_C(24) * 60 * 60 * 1000)
#define JUMP_MS (400 * DAY_MS)

static enum clock_state clock_of(const struct lone_gateway *gateway)
{
    struct broker_status status;
    broker_status(gateway->broker, &status);
    return status.clock.state;
}

static void pass(struct lone_gateway *gateway, int64_t ms)
{
    for (int64_t passed = 0; passed < ms; passed += STEP_TICK_MS) {
        lone_gateway_wait(gateway, STEP_TICK_MS);
        assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    }
}

static void a_jump_expires_nothing(void **state)
{
    (void)state;
    static const int64_t jumps[] = {JUMP_MS, -JUMP_MS, 8 * DAY_MS};
    for (size_t i = 0; i < sizeof jumps / sizeof *jumps; i++) {
        struct lone_gateway *gateway = lone_gateway_open();
        lone_gateway_hello(gateway, "centre", 64);
        assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
        struct lone_message waiting =
            lone_gateway_put_transfer(gateway, COPY, "H38.09-261124-0001");
        assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
        gateway->wall_step_ms = jumps[i];
        pass(gateway, 4000);
        assert_int_equal(clock_of(gateway), CLOCK_STEPPED);
        assert_int_equal(lone_gateway_state(gateway, &waiting, "stp"), ENTRY_QUEUED);
        /* It is taken in and delivered in the jump as at any other time. */
        lone_gateway_hello(gateway, "stp", 64);
        struct lone_message new = lone_gateway_put_transfer(gateway, COPY, "H38.09-261124-0002");
        pass(gateway, 1000);
        assert_int_equal(lone_gateway_state(gateway, &waiting, "stp"), ENTRY_LEASED);
        assert_int_equal(lone_gateway_state(gateway, &new, "stp"), ENTRY_LEASED);
        gateway->wall_step_ms = 0;
        pass(gateway, 1000);
        assert_int_equal(clock_of(gateway), CLOCK_TRUSTED);
        lone_gateway_close(&gateway);
    }
}

/* A life does end by a clock that nothing speaks against. */
static void a_life_ends_when_its_time_has_come(void **state)
{
    (void)state;
    struct lone_gateway *gateway = lone_gateway_open();
    lone_gateway_hello(gateway, "centre", 64);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    struct lone_message waiting = lone_gateway_put_transfer(gateway, COPY, "H38.09-261124-0001");
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    lone_gateway_wait(gateway, JUMP_MS);
    pass(gateway, 2 * STEP_TICK_MS);
    assert_int_equal(lone_gateway_state(gateway, &waiting, "stp"), ENTRY_EXPIRED);
    lone_gateway_close(&gateway);
}

/* The gateway was away for longer than the life of what it had sent: the recipient may have
 * answered long ago, and is heard first. */
static void what_was_sent_ends_when_its_answer_could_be_heard(void **state)
{
    (void)state;
    struct lone_gateway *gateway = lone_gateway_open();
    lone_gateway_hello(gateway, "centre", 64);
    lone_gateway_hello(gateway, "stp", 64);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    struct lone_message sent = lone_gateway_put_transfer(gateway, COPY, "H38.09-261124-0001");
    struct lone_message never = lone_gateway_put_transfer(gateway, OTHER, "H38.09-261124-0002");
    pass(gateway, STEP_TICK_MS);
    assert_int_equal(lone_gateway_state(gateway, &sent, "stp"), ENTRY_LEASED);
    lone_gateway_wait(gateway, JUMP_MS);
    lone_gateway_restart(gateway);
    lone_gateway_begin(gateway);
    assert_int_equal(broker_trust_clock(gateway->broker), REASON_NONE);
    assert_int_equal(lone_gateway_end(gateway), REASON_NONE);
    pass(gateway, 2 * STEP_TICK_MS);
    assert_int_equal(lone_gateway_state(gateway, &sent, "stp"), ENTRY_QUEUED);
    assert_int_equal(lone_gateway_state(gateway, &never, "sxd"), ENTRY_EXPIRED);
    lone_gateway_wait(gateway, BROKER_EXPIRY_HEAR_MS);
    pass(gateway, 2 * STEP_TICK_MS);
    assert_int_equal(lone_gateway_state(gateway, &sent, "stp"), ENTRY_EXPIRED);
    lone_gateway_close(&gateway);
}

static struct lone_message put_early(struct lone_gateway *gateway)
{
    lone_gateway_wait(gateway, JUMP_MS);
    struct lone_message early = lone_gateway_put_transfer(gateway, COPY, "H38.09-261124-0001");
    lone_gateway_wait(gateway, -JUMP_MS);
    gateway->frames[gateway->frame_count - 1]->arrived = (wall_t){gateway->now_ms};
    return early;
}

/* The sender's clock is a year ahead: its message waits, and nobody refuses it for good. Its clock
 * is mended: what it sealed before is taken. */
static void a_message_of_the_future_waits(void **state)
{
    (void)state;
    struct lone_gateway *gateway = lone_gateway_open();
    lone_gateway_hello(gateway, "centre", 64);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    struct frame heartbeat = {.kind = FRAME_HEARTBEAT,
                              .heartbeat = {.clock = {gateway->now_ms + JUMP_MS}}};
    lone_gateway_put(gateway, "centre", &heartbeat);
    struct lone_message early = put_early(gateway);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(gateway->not_taken, 1);
    assert_int_equal(gateway->not_taken_reason, REASON_CLOCK_SKEW);
    assert_int_equal(gateway->parcels, 0); /* no receipt */
    assert_int_equal(lone_gateway_state(gateway, &early, "stp"), 0);
    heartbeat.heartbeat.clock = (wall_t){gateway->now_ms};
    lone_gateway_put(gateway, "centre", &heartbeat);
    early = put_early(gateway);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(lone_gateway_state(gateway, &early, "stp"), ENTRY_QUEUED);
    lone_gateway_close(&gateway);
}

/* Started again in the middle of the jump, by the time that the store remembers. */
static void a_restart_in_the_jump_expires_nothing(void **state)
{
    (void)state;
    static const int64_t jumps[] = {JUMP_MS, -JUMP_MS};
    static const enum clock_state found[] = {CLOCK_AHEAD, CLOCK_BEHIND};
    for (size_t i = 0; i < 2; i++) {
        struct lone_gateway *gateway = lone_gateway_open();
        lone_gateway_hello(gateway, "centre", 64);
        assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
        struct lone_message waiting =
            lone_gateway_put_transfer(gateway, COPY, "H38.09-261124-0001");
        assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
        gateway->wall_step_ms = jumps[i];
        lone_gateway_restart(gateway);
        pass(gateway, 4000);
        assert_int_equal(clock_of(gateway), found[i]);
        assert_int_equal(lone_gateway_state(gateway, &waiting, "stp"), ENTRY_QUEUED);
        /* Two peers show the time that the clock shows: so it is right. */
        gateway->wall_step_ms = jumps[i];
        for (int second = 0; second < CLOCK_HEARING_MS / 1000 + 2; second++) {
            struct frame frame = {
                .kind = FRAME_HEARTBEAT,
                .heartbeat = {.clock = {gateway->now_ms + gateway->wall_step_ms}}};
            if (second == 0) {
                lone_gateway_hello(gateway, "centre", 64);
                lone_gateway_hello(gateway, "sxd", 64);
            }
            lone_gateway_put(gateway, "centre", &frame);
            lone_gateway_put(gateway, "sxd", &frame);
            pass(gateway, 1000);
        }
        assert_int_equal(clock_of(gateway), CLOCK_TRUSTED);
        lone_gateway_close(&gateway);
    }
}

/* An operator's word is evidence, and ends the doubt at once. */
static void an_operators_word_ends_a_doubt(void **state)
{
    (void)state;
    struct lone_gateway *gateway = lone_gateway_open();
    struct broker_status before, after;
    pass(gateway, 1000);
    gateway->wall_step_ms = JUMP_MS;
    pass(gateway, 1000);
    broker_status(gateway->broker, &before);
    assert_int_equal(before.clock.state, CLOCK_STEPPED);
    assert_int_equal(before.clock.shows.ms - before.clock.goes_by.ms, JUMP_MS);
    lone_gateway_begin(gateway);
    assert_int_equal(broker_trust_clock(gateway->broker), REASON_NONE);
    assert_int_equal(lone_gateway_end(gateway), REASON_NONE);
    broker_status(gateway->broker, &after);
    assert_int_equal(after.clock.state, CLOCK_TRUSTED);
    assert_int_equal(after.clock.shows.ms, after.clock.goes_by.ms);
    assert_int_equal(after.ledger_size, before.ledger_size + 1);
    lone_gateway_close(&gateway);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_operators_word_ends_a_doubt),
        cmocka_unit_test(a_jump_expires_nothing),
        cmocka_unit_test(a_life_ends_when_its_time_has_come),
        cmocka_unit_test(a_message_of_the_future_waits),
        cmocka_unit_test(what_was_sent_ends_when_its_answer_could_be_heard),
        cmocka_unit_test(a_restart_in_the_jump_expires_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
