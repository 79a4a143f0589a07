/* Queues that another participant takes over, and the routes of dossiers that follow their
 * transfers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "tests/support/lone_gateway.h"

#define TO_STP "2.000635"
#define TO_SXD "1.000001"

static const struct key stp = {"stp"}, sxd = {"sxd"}, syt = {"syt"}, none = {{0}};

static struct lone_gateway *open_with_centre(void)
{
    struct lone_gateway *gateway = lone_gateway_open();
    lone_gateway_hello(gateway, "centre", 64);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    return gateway;
}

static enum reason redirect(struct lone_gateway *gateway, const struct key *from,
                            const struct key *to, bool is_sent_too)
{
    lone_gateway_begin(gateway);
    enum reason reason = broker_redirect(gateway->broker, from, to, is_sent_too);
    assert_int_equal(lone_gateway_end(gateway), REASON_NONE);
    return reason;
}

/* Some ticks: pages, and what stood behind them. */
static void go_on(struct lone_gateway *gateway)
{
    for (int i = 0; i < 8; i++) {
        lone_gateway_wait(gateway, STEP_TICK_MS);
        assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    }
}

static struct entry entry_of(struct lone_gateway *gateway, const struct lone_message *message,
                             const struct key *destination)
{
    struct store *store = gateway->store;
    struct store_message stored;
    struct entry entry = {0};
    assert_int_equal(store->verbs->find_message(store, &message->sender, &message->id, &stored),
                     REASON_NONE);
    (void)store->verbs->read_entry(store, stored.seq, destination, &entry);
    return entry;
}

static void assert_route(struct lone_gateway *gateway, const char *dossier,
                         const struct key *agency)
{
    struct store_route route;
    enum reason reason =
        gateway->store->verbs->find_route(gateway->store, bytes_of_text(dossier), &route);
    assert_int_equal(reason, agency == NULL ? REASON_NOT_FOUND : REASON_NONE);
    if (agency != NULL)
        assert_string_equal(route.agency.text, agency->text);
}

static void what_waits_and_what_comes_goes_to_the_successor(void **state)
{
    (void)state;
    enum { MESSAGES = 150 }; /* more than a page */
    static struct lone_message messages[MESSAGES];
    struct lone_gateway *gateway = open_with_centre();
    char dossier[32];
    for (int i = 0; i < MESSAGES; i++) {
        (void)snprintf(dossier, sizeof dossier, "H38.09-261124-%04d", i + 1);
        messages[i] = lone_gateway_put_transfer(gateway, TO_STP, dossier);
        if (i % 32 == 31)
            assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    }
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_route(gateway, "H38.09-261124-0001", &stp);
    assert_int_equal(redirect(gateway, &stp, &sxd, false), REASON_NONE);
    go_on(gateway);
    for (int i = 0; i < MESSAGES; i++) {
        struct entry old = entry_of(gateway, &messages[i], &stp);
        assert_int_equal(old.state, ENTRY_WITHDRAWN);
        assert_int_equal(old.reason, REASON_REDIRECTED);
        assert_int_equal(entry_of(gateway, &messages[i], &sxd).state, ENTRY_QUEUED);
    }
    assert_route(gateway, "H38.09-261124-0001", &sxd);
    struct lone_message later = lone_gateway_put_transfer(gateway, TO_STP, "H38.09-261124-0999");
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    go_on(gateway);
    assert_int_equal(entry_of(gateway, &later, &sxd).state, ENTRY_QUEUED);
    assert_route(gateway, "H38.09-261124-0999", &sxd);
    size_t sent = 0;
    lone_gateway_hello(gateway, "sxd", 64);
    for (int i = 0; i < 8 && sent == 0; i++) {
        lone_gateway_wait(gateway, STEP_TICK_MS);
        assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
        sent += gateway->sent_to_sxd;
    }
    assert_true(sent > 0);
    lone_gateway_close(&gateway);
}

/* It may be at the old office: only who knows that it is not may say so. */
static void what_was_sent_stays_until_an_operator_knows_better(void **state)
{
    (void)state;
    struct lone_gateway *gateway = open_with_centre();
    lone_gateway_hello(gateway, "stp", 64);
    struct lone_message sent = lone_gateway_put_transfer(gateway, TO_STP, "H38.09-261124-0001");
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(entry_of(gateway, &sent, &stp).state, ENTRY_LEASED);
    lone_gateway_begin(gateway);
    broker_peer_gone(gateway->broker, &stp);
    assert_int_equal(lone_gateway_end(gateway), REASON_NONE);
    assert_int_equal(redirect(gateway, &stp, &sxd, false), REASON_NONE);
    go_on(gateway);
    assert_true(entry_state_is_live(entry_of(gateway, &sent, &stp).state));
    assert_int_equal(entry_of(gateway, &sent, &sxd).state, 0);
    assert_int_equal(redirect(gateway, &stp, &sxd, true), REASON_NONE);
    go_on(gateway);
    assert_int_equal(entry_of(gateway, &sent, &stp).state, ENTRY_WITHDRAWN);
    assert_int_equal(entry_of(gateway, &sent, &sxd).state, ENTRY_QUEUED);
    lone_gateway_close(&gateway);
}

static void a_decision_outlives_the_process_and_can_be_ended(void **state)
{
    (void)state;
    struct lone_gateway *gateway = open_with_centre();
    assert_int_equal(redirect(gateway, &stp, &sxd, true), REASON_NONE);
    lone_gateway_restart(gateway);
    assert_int_equal(broker_redirect_count(gateway->broker), 1);
    struct redirect kept = broker_redirect_at(gateway->broker, 0);
    assert_string_equal(kept.from.text, "stp");
    assert_string_equal(kept.to.text, "sxd");
    assert_true(kept.is_sent_too);
    lone_gateway_hello(gateway, "centre", 64);
    struct lone_message message = lone_gateway_put_transfer(gateway, TO_STP, "H38.09-261124-0001");
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(entry_of(gateway, &message, &sxd).state, ENTRY_QUEUED);
    assert_int_equal(redirect(gateway, &stp, &none, false), REASON_NONE);
    assert_int_equal(broker_redirect_count(gateway->broker), 0);
    message = lone_gateway_put_transfer(gateway, TO_STP, "H38.09-261124-0002");
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(entry_of(gateway, &message, &stp).state, ENTRY_QUEUED);
    assert_int_equal(redirect(gateway, &stp, &none, false), REASON_NOT_FOUND);
    lone_gateway_close(&gateway);
}

static void what_leads_nowhere_is_refused(void **state)
{
    (void)state;
    struct lone_gateway *gateway = open_with_centre();
    const struct key centre = {"centre"}, nobody = {"nobody"};
    assert_int_equal(redirect(gateway, &stp, &stp, false), REASON_REDIRECT_NOWHERE);
    assert_int_equal(redirect(gateway, &stp, &centre, false), REASON_REDIRECT_NOWHERE);
    assert_int_equal(redirect(gateway, &centre, &stp, false), REASON_REDIRECT_NOWHERE);
    assert_int_equal(redirect(gateway, &stp, &nobody, false), REASON_AGENCY_UNKNOWN);
    assert_int_equal(redirect(gateway, &nobody, &stp, false), REASON_AGENCY_UNKNOWN);
    assert_int_equal(redirect(gateway, &stp, &sxd, false), REASON_NONE);
    assert_int_equal(redirect(gateway, &sxd, &stp, false), REASON_REDIRECT_NOWHERE);
    assert_int_equal(broker_redirect_count(gateway->broker), 1);
    lone_gateway_close(&gateway);
}

static void a_held_message_stays_held_at_the_successor(void **state)
{
    (void)state;
    struct lone_gateway *gateway = open_with_centre();
    struct store_message stored;
    struct lone_message message = lone_gateway_put_transfer(gateway, TO_STP, "H38.09-261124-0001");
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(
        gateway->store->verbs->find_message(gateway->store, &message.sender, &message.id, &stored),
        REASON_NONE);
    lone_gateway_begin(gateway);
    assert_int_equal(broker_operate(gateway->broker, stored.seq, &stp, BROKER_HOLD), REASON_NONE);
    assert_int_equal(lone_gateway_end(gateway), REASON_NONE);
    assert_int_equal(redirect(gateway, &stp, &sxd, false), REASON_NONE);
    go_on(gateway);
    struct entry entry = entry_of(gateway, &message, &sxd);
    assert_int_equal(entry.state, ENTRY_HELD);
    assert_int_equal(entry.reason, REASON_HELD_BY_OPERATOR);
    lone_gateway_close(&gateway);
}

/* A transfer to stp that sxd has taken over. */
static struct lone_gateway *open_with_redirected(struct lone_message *ret_message)
{
    struct lone_gateway *gateway = open_with_centre();
    *ret_message = lone_gateway_put_transfer(gateway, TO_STP, "H38.09-261124-0001");
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(redirect(gateway, &stp, &sxd, false), REASON_NONE);
    go_on(gateway);
    return gateway;
}

static void a_dossier_follows_its_transfer_a_second_time(void **state)
{
    (void)state;
    struct lone_message message;
    struct lone_gateway *gateway = open_with_redirected(&message);
    assert_int_equal(redirect(gateway, &sxd, &syt, false), REASON_NONE);
    go_on(gateway);
    assert_int_equal(entry_of(gateway, &message, &sxd).state, ENTRY_WITHDRAWN);
    assert_int_equal(entry_of(gateway, &message, &syt).state, ENTRY_QUEUED);
    assert_route(gateway, "H38.09-261124-0001", &syt);
    lone_gateway_close(&gateway);
}

/* Its entry there has ended: moved back it would be nowhere. */
static void nothing_goes_back_to_where_it_was_taken_from(void **state)
{
    (void)state;
    struct lone_message message;
    struct lone_gateway *gateway = open_with_redirected(&message);
    assert_int_equal(redirect(gateway, &stp, &none, false), REASON_NONE);
    assert_int_equal(redirect(gateway, &sxd, &stp, false), REASON_NONE);
    go_on(gateway);
    assert_int_equal(entry_of(gateway, &message, &sxd).state, ENTRY_QUEUED);
    assert_route(gateway, "H38.09-261124-0001", &sxd);
    lone_gateway_close(&gateway);
}

/* What is answered came from the one who had the work before. */
static void an_answer_reaches_the_successor(void **state)
{
    (void)state;
    struct lone_gateway *gateway = open_with_centre();
    lone_gateway_hello(gateway, "stp", 64);
    lone_gateway_hello(gateway, "syt", 64);
    gateway->answers = lone_gateway_put_result(gateway, "stp", "syt", "H38.09-261124-0001");
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(redirect(gateway, &stp, &sxd, false), REASON_NONE);
    struct lone_message answer =
        lone_gateway_put_result(gateway, "syt", "stp", "H38.09-261124-0001");
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(entry_of(gateway, &answer, &sxd).state, ENTRY_QUEUED);
    lone_gateway_close(&gateway);
}

/* A transfer that was refused takes its dossier nowhere. */
static void a_refused_transfer_leaves_no_route(void **state)
{
    (void)state;
    struct lone_gateway *gateway = open_with_centre();
    lone_gateway_hello(gateway, "stp", 64);
    struct lone_message message = lone_gateway_put_transfer(gateway, TO_STP, "H38.09-261124-0001");
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_route(gateway, "H38.09-261124-0001", &stp);
    const struct receipt_item item = {.message_id = message.id,
                                      .digest = message.digest,
                                      .destination = stp,
                                      .reason = REASON_OFFICE_REFUSED,
                                      .at = {gateway->now_ms}};
    (void)lone_gateway_put_receipt(gateway, "stp", "centre", MESSAGE_TYPE_RECEIPT_REFUSED, &item,
                                   1);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(entry_of(gateway, &message, &stp).state, ENTRY_REFUSED);
    assert_route(gateway, "H38.09-261124-0001", NULL);
    lone_gateway_close(&gateway);
}

static void a_withdrawn_transfer_leaves_no_route(void **state)
{
    (void)state;
    struct lone_gateway *gateway = open_with_centre();
    struct store_message stored;
    struct lone_message message = lone_gateway_put_transfer(gateway, TO_SXD, "H38.09-261124-0001");
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_route(gateway, "H38.09-261124-0001", &sxd);
    assert_int_equal(
        gateway->store->verbs->find_message(gateway->store, &message.sender, &message.id, &stored),
        REASON_NONE);
    lone_gateway_begin(gateway);
    assert_int_equal(broker_operate(gateway->broker, stored.seq, &sxd, BROKER_WITHDRAW),
                     REASON_NONE);
    assert_int_equal(lone_gateway_end(gateway), REASON_NONE);
    assert_route(gateway, "H38.09-261124-0001", NULL);
    lone_gateway_close(&gateway);
}

/* A queue is half moved when its decision is ended: the next one is looked at from its start. */
static void a_decision_that_ends_leaves_no_place_behind(void **state)
{
    (void)state;
    enum { MESSAGES = 100 }; /* more than a page */
    static struct lone_message messages[MESSAGES];
    struct lone_gateway *gateway = open_with_centre();
    char dossier[32];
    struct lone_message other = {0};
    for (int i = 0; i < MESSAGES; i++) {
        (void)snprintf(dossier, sizeof dossier, "H38.09-261124-%04d", i + 1);
        messages[i] = lone_gateway_put_transfer(gateway, TO_STP, dossier);
        if (i == 0)
            other = lone_gateway_put_transfer(gateway, TO_SXD, "H38.09-261124-0900");
        if (i % 32 == 31)
            assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    }
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(redirect(gateway, &stp, &syt, false), REASON_NONE);
    lone_gateway_wait(gateway, STEP_TICK_MS);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(entry_of(gateway, &messages[0], &stp).state, ENTRY_WITHDRAWN);
    assert_int_equal(entry_of(gateway, &messages[MESSAGES - 1], &stp).state, ENTRY_QUEUED);
    assert_int_equal(redirect(gateway, &stp, &none, false), REASON_NONE);
    assert_int_equal(redirect(gateway, &sxd, &syt, false), REASON_NONE);
    assert_int_equal(entry_of(gateway, &other, &sxd).state, ENTRY_QUEUED);
    lone_gateway_wait(gateway, STEP_TICK_MS);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(entry_of(gateway, &other, &sxd).state, ENTRY_WITHDRAWN);
    assert_int_equal(entry_of(gateway, &other, &syt).state, ENTRY_QUEUED);
    lone_gateway_close(&gateway);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_waits_and_what_comes_goes_to_the_successor),
        cmocka_unit_test(what_was_sent_stays_until_an_operator_knows_better),
        cmocka_unit_test(a_decision_outlives_the_process_and_can_be_ended),
        cmocka_unit_test(what_leads_nowhere_is_refused),
        cmocka_unit_test(a_held_message_stays_held_at_the_successor),
        cmocka_unit_test(a_dossier_follows_its_transfer_a_second_time),
        cmocka_unit_test(nothing_goes_back_to_where_it_was_taken_from),
        cmocka_unit_test(an_answer_reaches_the_successor),
        cmocka_unit_test(a_refused_transfer_leaves_no_route),
        cmocka_unit_test(a_withdrawn_transfer_leaves_no_route),
        cmocka_unit_test(a_decision_that_ends_leaves_no_place_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
