/* Which agency may speak of a dossier, and that nobody is held up by who may not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/support/lone_gateway.h"

#define COPY    "2.000635" /* of stp */
#define PERMIT  "1.000001" /* of sxd */
#define DOSSIER "H38.09-261124-0001"

static struct lone_gateway *open_with_all(void)
{
    struct lone_gateway *gateway = lone_gateway_open();
    lone_gateway_hello(gateway, "centre", 64);
    lone_gateway_hello(gateway, "stp", 64);
    lone_gateway_hello(gateway, "sxd", 64);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    return gateway;
}

static struct lone_message transfer(struct lone_gateway *gateway, const char *procedure)
{
    struct lone_message message = lone_gateway_put_transfer(gateway, procedure, DOSSIER);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    return message;
}

static struct lone_message put_result(struct lone_gateway *gateway, const char *sender,
                                      const char *recipient, uint64_t sequence)
{
    struct lone_message message = lone_gateway_put_result(gateway, sender, recipient, DOSSIER);
    gateway->frames[gateway->frame_count - 1]->messages[0].envelope.sequence = sequence;
    return message;
}

static enum entry_state result(struct lone_gateway *gateway, const char *sender, uint64_t sequence)
{
    struct lone_message message = put_result(gateway, sender, "", sequence);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    return lone_gateway_state(gateway, &message, "centre");
}

static size_t history_count(struct lone_gateway *gateway)
{
    uint64_t seqs[64];
    size_t count = 0;
    assert_int_equal(gateway->store->verbs->history(gateway->store, bytes_of_text(DOSSIER), 0,
                                                    false, seqs, sizeof seqs / sizeof *seqs,
                                                    &count),
                     REASON_NONE);
    return count;
}

static void another_agency_is_not_heard(void **state)
{
    (void)state;
    struct lone_gateway *gateway = open_with_all();
    (void)transfer(gateway, COPY);
    assert_int_equal(result(gateway, "sxd", 1), 0); /* nowhere */
    assert_int_equal(gateway->parcels, 1);          /* it has its refusal */
    assert_int_equal(history_count(gateway), 1);
    assert_int_equal(result(gateway, "stp", 1), ENTRY_LEASED);
    lone_gateway_close(&gateway);
}

/* Before the dossier is transferred nobody knows whose it is. What was put there stays alone. */
static void who_came_before_the_transfer_holds_up_nobody(void **state)
{
    (void)state;
    struct lone_gateway *gateway = open_with_all();
    assert_int_equal(result(gateway, "sxd", 1), ENTRY_LEASED);
    assert_int_equal(result(gateway, "sxd", 1), ENTRY_HELD); /* for a person, as long as it takes */
    (void)transfer(gateway, COPY);
    struct lone_message message = put_result(gateway, "stp", "", 1);
    for (int steps = 0; steps < 2;
         steps++) /* what is held counts as a backlog: the store is asked */
        assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(lone_gateway_state(gateway, &message, "centre"), ENTRY_LEASED);
    assert_int_equal(result(gateway, "sxd", 2), 0);
    lone_gateway_close(&gateway);
}

/* Who comes behind its own is behind it still. */
static void a_sender_keeps_its_order(void **state)
{
    (void)state;
    struct lone_gateway *gateway = open_with_all();
    assert_int_equal(result(gateway, "sxd", 1), ENTRY_LEASED);
    assert_int_equal(result(gateway, "sxd", 2), ENTRY_QUEUED);
    lone_gateway_close(&gateway);
}

static void whom_the_centre_gave_it_too_is_heard(void **state)
{
    (void)state;
    struct lone_gateway *gateway = open_with_all();
    (void)transfer(gateway, COPY);
    assert_int_equal(result(gateway, "sxd", 1), 0);
    (void)lone_gateway_put_transfer(gateway, PERMIT, DOSSIER);
    gateway->frames[0]->messages[0].envelope.sequence = 2;
    gateway->frames[0]->messages[0].envelope.recipient = key_of("sxd");
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(result(gateway, "sxd", 2), ENTRY_LEASED);
    lone_gateway_close(&gateway);
}

static void whom_its_agency_asked_is_heard(void **state)
{
    (void)state;
    struct lone_gateway *gateway = open_with_all();
    (void)transfer(gateway, COPY);
    (void)put_result(gateway, "stp", "sxd", 1);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(result(gateway, "sxd", 1), ENTRY_LEASED);
    lone_gateway_close(&gateway);
}

/* Nor does he crowd out what the centre asked: also not by more than anybody looks through. */
static void who_came_before_the_transfer_crowds_nothing_out(void **state)
{
    enum { STEPS = 20, IN_A_STEP = 60 };
    (void)state;
    struct lone_gateway *gateway = open_with_all();
    for (uint64_t sequence = 1; sequence <= STEPS * IN_A_STEP; sequence++) {
        (void)put_result(gateway, "sxd", "", sequence);
        if (sequence % IN_A_STEP == 0)
            assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    }
    (void)transfer(gateway, PERMIT); /* it is sxd's */
    (void)put_result(gateway, "sxd", "stp", STEPS * IN_A_STEP + 1);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_not_equal(result(gateway, "stp", 1), 0);
    lone_gateway_close(&gateway);
}

/* An accomplice makes nobody a party. */
static void whom_a_stranger_wrote_to_is_not_heard(void **state)
{
    (void)state;
    struct lone_gateway *gateway = open_with_all();
    (void)put_result(gateway, "stp", "sxd", 1);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    (void)lone_gateway_put_transfer(gateway, PERMIT, DOSSIER); /* it is sxd's */
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    (void)put_result(gateway, "sxd", "", 1);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(result(gateway, "stp", 2), 0);
    lone_gateway_close(&gateway);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_agency_is_not_heard),
        cmocka_unit_test(who_came_before_the_transfer_holds_up_nobody),
        cmocka_unit_test(a_sender_keeps_its_order),
        cmocka_unit_test(whom_the_centre_gave_it_too_is_heard),
        cmocka_unit_test(whom_its_agency_asked_is_heard),
        cmocka_unit_test(who_came_before_the_transfer_crowds_nothing_out),
        cmocka_unit_test(whom_a_stranger_wrote_to_is_not_heard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
