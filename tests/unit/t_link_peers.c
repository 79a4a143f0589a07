/* The registry changes while they are connected: who is taken out, or gets another carrier or key,
 * goes, and nobody else feels it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "tests/unit/link_fixture.h"

static void test_a_participant_is_taken_away_from_its_carrier(void **state)
{
    struct fixture *fixture = *state;
    struct link_client *host = dial(fixture, HOST, true);
    send_for(host, "a", "begin");
    (void)expect_first(fixture, "a", "begin");
    send_for(host, "b", "begin");
    uint64_t of_b = expect_first(fixture, "b", "begin");
    fixture->peers[A].carrier = key_of("other");
    assert_int_equal(link_server_set_peers(fixture->server, fixture->peers, PEERS), REASON_NONE);
    assert_int_equal(answer(fixture, "a", "no more"), REASON_LINK_LOST);
    assert_int_equal(answer(fixture, "b", "still"), REASON_NONE);
    expect_answer(host, "b", "still");
    send_for(host, "a", "no more");
    send_for(host, "b", "still");
    expect_next(fixture, "b", "still", of_b);
    struct link_client *other = dial(fixture, OTHER, true);
    send_for(other, "a", "by the other");
    (void)expect_first(fixture, "a", "by the other");
    link_client_destroy(&other);
    /* Not carried by anybody, it still comes by itself. */
    fixture->peers[A].carrier = (struct key){0};
    assert_int_equal(link_server_set_peers(fixture->server, fixture->peers, PEERS), REASON_NONE);
    assert_int_equal(answer(fixture, "a", "no more"), REASON_LINK_LOST);
    struct link_client *a = dial(fixture, A, false);
    send_text(a, "by itself");
    (void)expect_first(fixture, "a", "by itself");
    link_client_destroy(&a);
    link_client_destroy(&host);
}

static void test_a_carrier_is_taken_out(void **state)
{
    struct fixture *fixture = *state;
    struct link_client *host = dial(fixture, HOST, true);
    send_for(host, "a", "begin");
    (void)expect_first(fixture, "a", "begin");
    struct link_client *c = dial(fixture, C, false);
    send_text(c, "begin");
    uint64_t of_c = expect_first(fixture, "c", "begin");
    const struct link_peer left[] = {fixture->peers[A], fixture->peers[C]};
    assert_int_equal(link_server_set_peers(fixture->server, left, 2), REASON_NONE);
    assert_int_equal(answer(fixture, "a", "no more"), REASON_LINK_LOST);
    assert_int_equal(answer(fixture, "c", "still"), REASON_NONE);
    expect_answer(c, "", "still");
    assert_int_equal(next_at_client(host).kind, LINK_PEER_GONE);
    send_text(c, "still");
    expect_next(fixture, "c", "still", of_c);
    link_client_destroy(&c);
    link_client_destroy(&host);
}

/* The names stay, the keys do not: what was connected with the old ones is out. */
static void test_a_replaced_key_ends_its_connection(void **state)
{
    struct fixture *fixture = *state;
    struct link_client *host = dial(fixture, HOST, true);
    struct link_client *c = dial(fixture, C, false);
    send_for(host, "a", "begin");
    (void)expect_first(fixture, "a", "begin");
    send_text(c, "begin");
    (void)expect_first(fixture, "c", "begin");
    static const size_t replaced[] = {HOST, C};
    for (size_t i = 0; i < 2; i++) {
        struct curve_pair *key = &fixture->keys[replaced[i]];
        assert_int_equal(curve_pair_make(key), REASON_NONE);
        fixture->peers[replaced[i]].public_key = key->public_key;
    }
    assert_int_equal(link_server_set_peers(fixture->server, fixture->peers, PEERS), REASON_NONE);
    assert_int_equal(answer(fixture, "a", "no more"), REASON_LINK_LOST);
    assert_int_equal(answer(fixture, "c", "no more"), REASON_LINK_LOST);
    assert_int_equal(next_at_client(host).kind, LINK_PEER_GONE);
    assert_int_equal(next_at_client(c).kind, LINK_PEER_GONE);
    struct link_client *host_again = dial(fixture, HOST, true);
    struct link_client *c_again = dial(fixture, C, false);
    send_for(host_again, "a", "with the new one");
    (void)expect_first(fixture, "a", "with the new one");
    send_text(c_again, "with the new one");
    (void)expect_first(fixture, "c", "with the new one");
    link_client_destroy(&c_again);
    link_client_destroy(&host_again);
    link_client_destroy(&c);
    link_client_destroy(&host);
}

/* A connection is reported before its first frame: that one waits, and does not outlive the peer.
 */
static void test_a_frame_that_waits_goes_with_its_participant(void **state)
{
    struct fixture *fixture = *state;
    struct link_client *host = dial(fixture, HOST, true);
    send_for(host, "a", "waits");
    assert_int_equal(next_at_server(fixture).kind, LINK_PEER_CONNECTED);
    fixture->peers[A].carrier = (struct key){0};
    assert_int_equal(link_server_set_peers(fixture->server, fixture->peers, PEERS), REASON_NONE);
    send_for(host, "b", "next");
    (void)expect_first(fixture, "b", "next");
    link_client_destroy(&host);
}

static void test_a_key_that_is_none_changes_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct link_client *host = dial(fixture, HOST, true);
    send_for(host, "a", "begin");
    uint64_t connection = expect_first(fixture, "a", "begin");
    struct link_peer bad = fixture->peers[B];
    memcpy(bad.public_key.text, "short", sizeof "short");
    assert_int_equal(link_server_set_peers(fixture->server, &bad, 1), REASON_KEY_UNREADABLE);
    assert_int_equal(answer(fixture, "a", "still"), REASON_NONE);
    expect_answer(host, "a", "still");
    send_for(host, "a", "still");
    expect_next(fixture, "a", "still", connection);
    link_client_destroy(&host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_participant_is_taken_away_from_its_carrier, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_carrier_is_taken_out, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_replaced_key_ends_its_connection, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_frame_that_waits_goes_with_its_participant, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_key_that_is_none_changes_nothing, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
