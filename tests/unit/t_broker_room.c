/* What comes in any amount, and whose turn it is: a step takes what it has room for, goes on in the
 * next one, forgets nothing, and nobody waits for what another has sent (invariants 8 and 13). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "gateway/custody/allowance.h"
#include "gateway/custody/room.h"
#include "proto/codec/message_type.h"
#include "tests/support/lone_gateway.h"

#define COPY   "2.000635" /* of stp */
#define PERMIT "1.000001" /* of sxd */

enum { MESSAGES = 600, FLIGHTS = 8192, STEPS_MAX = 40, AT_ONCE = 300 };

/* Fewer changes in a step than may be under way. */
static const struct room_need small = {{[ROOM_MESSAGES] = PLAN_MESSAGES_MAX,
                                        [ROOM_PARCELS] = PLAN_PARCELS_MAX,
                                        [ROOM_ENTRIES] = PLAN_ENTRIES_MAX,
                                        [ROOM_MOVES] = 700,
                                        [ROOM_NOTES] = PLAN_NOTES_MAX,
                                        [ROOM_ROUTES] = PLAN_ROUTES_MAX,
                                        [ROOM_DEADLINES] = PLAN_DEADLINES_MAX,
                                        [ROOM_RECORDS] = 1200,
                                        [ROOM_REPLIES] = 4096,
                                        [ROOM_DELIVERIES] = 4096,
                                        [ROOM_BYTES] = 6 * 1024 * 1024}};

static struct lone_message to_stp[MESSAGES], to_sxd[MESSAGES];

static void step(struct lone_gateway *gateway)
{
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
}

static void greet(struct lone_gateway *gateway)
{
    lone_gateway_hello(gateway, "centre", MESSAGE_WINDOW_MAX);
    lone_gateway_hello(gateway, "stp", MESSAGE_WINDOW_MAX);
    lone_gateway_hello(gateway, "sxd", MESSAGE_WINDOW_MAX);
}

static struct lone_message put(struct lone_gateway *gateway, const char *procedure, size_t number)
{
    char dossier[24];
    (void)snprintf(dossier, sizeof dossier, "H38.09-261124-%04zu", number);
    return lone_gateway_put_transfer(gateway, procedure, dossier);
}

/* MESSAGES are under way to stp and as many to sxd: more than one step can give back. */
static struct lone_gateway *open_under_way(void)
{
    struct lone_gateway *gateway = lone_gateway_open_with(FLIGHTS, &small);
    greet(gateway);
    step(gateway);
    for (size_t i = 0; i < MESSAGES; i++) {
        to_stp[i] = put(gateway, COPY, i);
        to_sxd[i] = put(gateway, PERMIT, MESSAGES + i);
        if (i % 100 == 99)
            step(gateway);
    }
    step(gateway);
    assert_int_equal(lone_gateway_state(gateway, &to_stp[MESSAGES - 1], "stp"), ENTRY_LEASED);
    assert_int_equal(lone_gateway_state(gateway, &to_sxd[MESSAGES - 1], "sxd"), ENTRY_LEASED);
    return gateway;
}

static size_t count_in(struct lone_gateway *gateway, const struct lone_message *messages,
                       const char *destination, enum entry_state state)
{
    size_t count = 0;
    for (size_t i = 0; i < MESSAGES; i++)
        count += lone_gateway_state(gateway, &messages[i], destination) == state;
    return count;
}

/* Steps until all of them are in that state. */
static void await(struct lone_gateway *gateway, const struct lone_message *messages,
                  const char *destination, enum entry_state state)
{
    for (size_t i = 0; count_in(gateway, messages, destination, state) < MESSAGES; i++) {
        assert_true(i < STEPS_MAX);
        step(gateway);
    }
}

/* A carrier is cut with all that it carries: every one of its participants goes in one step. */
static void all_connections_go_at_once(void **state)
{
    (void)state;
    struct lone_gateway *gateway = open_under_way();
    const struct key stp = key_of("stp");
    const struct key sxd = key_of("sxd");
    lone_gateway_begin(gateway);
    broker_peer_gone(gateway->broker, &stp);
    broker_peer_gone(gateway->broker, &sxd);
    assert_int_equal(lone_gateway_end(gateway), REASON_NONE);
    assert_true(count_in(gateway, to_sxd, "sxd", ENTRY_LEASED) > 0); /* it is not over yet */
    await(gateway, to_stp, "stp", ENTRY_QUEUED);
    await(gateway, to_sxd, "sxd", ENTRY_QUEUED);
    lone_gateway_close(&gateway);
}

/* They greet again before everything has come back, again and again; the centre is served in each
 * of these steps. */
static void a_hello_waits_for_what_comes_back(void **state)
{
    (void)state;
    struct lone_gateway *gateway = open_under_way();
    for (size_t i = 0; i < 5; i++) {
        gateway->connection++;
        greet(gateway);
        step(gateway);
        (void)put(gateway, COPY, 2 * MESSAGES + i);
        step(gateway);
        assert_int_equal(gateway->not_taken, 0);
    }
    await(gateway, to_stp, "stp", ENTRY_LEASED);
    await(gateway, to_sxd, "sxd", ENTRY_LEASED);
    lone_gateway_close(&gateway);
}

/* An adapter whose commit failed, twice in one step: everything comes back once, and leaves again
 * when it asked for it. */
static void nothing_of_a_window_was_taken(void **state)
{
    (void)state;
    struct lone_gateway *gateway = open_under_way();
    lone_gateway_put_nothing_taken(gateway, "stp", 5000);
    lone_gateway_put_nothing_taken(gateway, "stp", 5000);
    await(gateway, to_stp, "stp", ENTRY_QUEUED);
    lone_gateway_wait(gateway, 5000);
    await(gateway, to_stp, "stp", ENTRY_LEASED);
    assert_int_equal(count_in(gateway, to_sxd, "sxd", ENTRY_LEASED), MESSAGES);
    lone_gateway_close(&gateway);
}

/* One frame puts off a whole window: no id of it is forgotten. */
static void a_window_is_put_off_in_one_frame(void **state)
{
    (void)state;
    static struct message_id ids[2 * MESSAGES];
    struct lone_gateway *gateway = open_under_way();
    for (size_t i = 0; i < MESSAGES; i++) {
        ids[i] = to_stp[i].id;
        ids[MESSAGES + i] = to_stp[MESSAGES - 1 - i].id; /* and again */
    }
    lone_gateway_put_not_taken(gateway, "stp", ids, 2 * MESSAGES);
    lone_gateway_put_not_taken(gateway, "stp", ids, MESSAGES);
    await(gateway, to_stp, "stp", ENTRY_DEFERRED);
    lone_gateway_close(&gateway);
}

/* Everything was taken and nothing answered; then all answers, and "nothing was taken", at once. */
static void everything_is_answered_at_once(void **state)
{
    (void)state;
    static struct message_id ids[MESSAGES];
    static struct receipt_item items[MESSAGES];
    struct lone_gateway *gateway = open_under_way();
    size_t taken = 0;
    for (size_t i = 0; i < MESSAGES; i++) {
        ids[i] = to_stp[i].id;
        items[i] = (struct receipt_item){.message_id = to_stp[i].id,
                                         .digest = to_stp[i].digest,
                                         .destination = key_of("stp"),
                                         .at = {gateway->now_ms}};
    }
    lone_gateway_put_taken(gateway, "stp", ids, MESSAGES);
    step(gateway);
    for (size_t from = 0; from < MESSAGES; from += AT_ONCE)
        (void)lone_gateway_put_receipt(gateway, "stp", "centre", MESSAGE_TYPE_RECEIPT_DELIVERED,
                                       items + from, AT_ONCE);
    lone_gateway_put_nothing_taken(gateway, "sxd", 0);
    lone_gateway_put_taken(gateway, "stp", ids, MESSAGES);
    for (size_t i = 0; i < 4; i++) {
        step(gateway);
        taken += gateway->taken;
        assert_int_equal(gateway->not_taken, 0);
    }
    assert_int_equal(taken, MESSAGES / AT_ONCE);
    assert_int_equal(count_in(gateway, to_stp, "stp", ENTRY_DELIVERED), MESSAGES);
    await(gateway, to_sxd, "sxd", ENTRY_LEASED);
    lone_gateway_close(&gateway);
}

/* stp has sent more than many steps can take before the centre says one thing. */
static void nobody_waits_behind_another(void **state)
{
    (void)state;
    struct lone_gateway *gateway = lone_gateway_open_with(FLIGHTS, &small);
    greet(gateway);
    step(gateway);
    for (size_t i = 0; i < 16; i++)
        lone_gateway_put_strange_receipts(gateway, "stp", 24);
    struct lone_message message = put(gateway, PERMIT, 1);
    step(gateway);
    assert_int_equal(lone_gateway_state(gateway, &message, "sxd"), ENTRY_LEASED);
    assert_true(gateway->alive_intakes > 0); /* stp's wait */
    lone_gateway_close(&gateway);
}

/* Whoever sends little waits for the end of steps: while he is there, who sends much has a turn and
 * then a pause. When he has gone steps are long again. */
static void a_step_is_quick_for_who_sends_little(void **state)
{
    (void)state;
    enum { RECEIPTS = 24, WORK = BROKER_WORK_ITEM * RECEIPT_ITEMS_MAX, A_TURN = 2, PAUSE_MS = 10 };
    struct lone_gateway *gateway = lone_gateway_open_with(FLIGHTS, NULL);
    greet(gateway);
    step(gateway);
    for (size_t turn = 0; turn < 3; turn++) {
        lone_gateway_put_strange_receipts(gateway, "stp", RECEIPTS);
        struct lone_message message = put(gateway, PERMIT, turn);
        step(gateway);
        size_t answered = gateway->taken + gateway->not_taken;
        assert_int_equal(lone_gateway_state(gateway, &message, "sxd"), ENTRY_LEASED);
        assert_in_range(answered, 0, turn == 0 ? RECEIPTS : A_TURN);
        for (size_t i = 0; gateway->alive_intakes > 0; i++) {
            assert_true(i < 2 * RECEIPTS);
            step(gateway); /* no time has passed: the pause goes on */
            answered += gateway->taken + gateway->not_taken;
            lone_gateway_wait(gateway, PAUSE_MS);
            step(gateway);
            assert_in_range(gateway->taken + gateway->not_taken, 0, A_TURN);
            answered += gateway->taken + gateway->not_taken;
        }
        assert_int_equal(answered, RECEIPTS);
    }
    lone_gateway_wait(gateway, 1000);
    greet(gateway);
    step(gateway);
    lone_gateway_put_strange_receipts(gateway, "stp", RECEIPTS);
    step(gateway);
    assert_in_range(gateway->taken + gateway->not_taken, BROKER_SHARED_WORK / WORK / 2, RECEIPTS);
    lone_gateway_close(&gateway);
}

/* As long as there is time for all, those who send more than others do not wait for anything. */
static void nobody_waits_while_there_is_time(void **state)
{
    (void)state;
    enum { ROUNDS = 20, EVERY_MS = 3, AT_ONCE_HERE = 4, LIGHT_AT = 4, FORGOTTEN_MS = 3000 };
    struct lone_gateway *gateway = lone_gateway_open_with(FLIGHTS, NULL);
    greet(gateway);
    step(gateway);
    lone_gateway_wait(gateway, FORGOTTEN_MS); /* what the hellos cost */
    for (size_t round = 0; round < ROUNDS; round++) {
        struct lone_message messages[AT_ONCE_HERE];
        for (size_t i = 0; i < AT_ONCE_HERE; i++)
            messages[i] = put(gateway, PERMIT, round * AT_ONCE_HERE + i);
        if (round == LIGHT_AT)
            (void)lone_gateway_put_result(gateway, "sxd", "stp", "H38.09-261124-9999");
        step(gateway);
        for (size_t i = 0; i < AT_ONCE_HERE; i++)
            assert_int_equal(lone_gateway_state(gateway, &messages[i], "sxd"), ENTRY_LEASED);
        lone_gateway_wait(gateway, EVERY_MS);
    }
    lone_gateway_close(&gateway);
}

/* What one peer may make us write in a second, and that the rest is counted and told. */
static void alarms_have_a_share(void **state)
{
    (void)state;
    struct lone_gateway *gateway = lone_gateway_open_with(FLIGHTS, NULL);
    struct broker_status before, after;
    size_t alarms = 0, answered = 0;
    greet(gateway);
    step(gateway);
    broker_status(gateway->broker, &before);
    for (size_t i = 0; i < 8; i++)
        lone_gateway_put_strange_receipts(gateway, "stp", 12);
    for (size_t i = 0; i < STEPS_MAX; i++) {
        step(gateway);
        alarms += gateway->alarms;
        answered += gateway->taken + gateway->not_taken;
    }
    broker_status(gateway->broker, &after);
    /* Its hello had a line of them. */
    assert_int_equal(alarms, ALLOWANCE_PER_SECOND_MAX - 1);
    assert_int_equal(after.ledger_size - before.ledger_size, alarms);
    assert_int_equal(answered, 8 * 12);
    lone_gateway_wait(gateway, ALLOWANCE_SECOND_MS);
    step(gateway);
    assert_true(gateway->left_out > 0);
    /* Another one has its own share. */
    lone_gateway_put_strange_receipts(gateway, "sxd", 1);
    step(gateway);
    assert_int_equal(gateway->alarms, ALLOWANCE_PER_SECOND_MAX);
    lone_gateway_close(&gateway);
}

/* Hellos and repeats without end: each is answered, the log has a line for so many. */
static void repeats_have_a_share_of_the_log(void **state)
{
    (void)state;
    struct lone_gateway *gateway = lone_gateway_open();
    size_t lines = 0;
    greet(gateway);
    step(gateway);
    uint64_t first_id = gateway->ids;
    for (size_t i = 0; i < 500; i++) {
        gateway->ids = first_id;
        (void)put(gateway, COPY, 1);
        lone_gateway_hello(gateway, "stp", 64);
        step(gateway);
        lines += gateway->lines;
        assert_int_equal(gateway->parcels >= 1, 1);
    }
    assert_true(lines <= 2 * ALLOWANCE_PER_SECOND_MAX + 2);
    lone_gateway_close(&gateway);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_connections_go_at_once),
        cmocka_unit_test(a_hello_waits_for_what_comes_back),
        cmocka_unit_test(nothing_of_a_window_was_taken),
        cmocka_unit_test(a_window_is_put_off_in_one_frame),
        cmocka_unit_test(everything_is_answered_at_once),
        cmocka_unit_test(nobody_waits_behind_another),
        cmocka_unit_test(a_step_is_quick_for_who_sends_little),
        cmocka_unit_test(nobody_waits_while_there_is_time),
        cmocka_unit_test(alarms_have_a_share),
        cmocka_unit_test(repeats_have_a_share_of_the_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
