/* Whose failure it is: the table of blame, the breaker's two kinds of failure, and who is tried
 * first after them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "routing/outbox/failure.h"
#include "routing/outbox/outbox.h"

enum { WINDOW = 8 };

static const mono_t at_start = {1000};

static void doubt(struct window *window, bool is_news, mono_t now)
{
    window_left(window);
    window_doubted(window, REASON_OFFICE_ERROR, is_news, now);
}

static void every_reason_has_somebody_to_blame(void **state)
{
    (void)state;
    static const enum reason all[] = {
#define REASON(name, number, code, class, turn, vi, en, hint) REASON_##name,
#include "proto/base/reason.def"
#undef REASON
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        enum failure_blame blame = failure_blame(all[i]);
        bool is_failure = reason_class(all[i]) != REASON_CLASS_OK;
        assert_int_equal(blame != FAILURE_BLAMES_NOBODY, is_failure);
        if (blame != FAILURE_BLAMES_US && blame != FAILURE_BLAMES_DESTINATION)
            continue;
        /* What is not the message's own fault ends no message and holds none, however often. */
        for (uint32_t attempts = 1; attempts < 100; attempts++) {
            enum failure_action action = failure_decide(all[i], FAILURE_SPOKEN, attempts);
            assert_true(action != FAILURE_REFUSE && action != FAILURE_HOLD);
        }
    }
}

static void what_a_message_causes_blames_the_message(void **state)
{
    (void)state;
    static const enum reason messages[] = {REASON_CERTIFICATE_UNKNOWN, REASON_FIELD_INVALID,
                                           REASON_SIGNER_NOT_SENDER, REASON_OFFICE_REFUSED,
                                           REASON_CLOCK_IN_DOUBT};
    static const enum reason destinations[] = {REASON_OFFICE_UNREACHABLE, REASON_OFFICE_TLS,
                                               REASON_OFFICE_THROTTLED, REASON_STORE_FULL};
    static const enum reason either[] = {REASON_OFFICE_ERROR, REASON_OFFICE_TIMEOUT,
                                         REASON_OFFICE_REPLY_MALFORMED, REASON_LEASE_EXPIRED};
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++)
        assert_int_equal(failure_blame(messages[i]), FAILURE_BLAMES_MESSAGE);
    for (size_t i = 0; i < sizeof destinations / sizeof *destinations; i++)
        assert_int_equal(failure_blame(destinations[i]), FAILURE_BLAMES_DESTINATION);
    for (size_t i = 0; i < sizeof either / sizeof *either; i++)
        assert_int_equal(failure_blame(either[i]), FAILURE_BLAMES_EITHER);
    assert_int_equal(failure_decide(REASON_STORE_CORRUPT, FAILURE_SPOKEN, 1),
                     FAILURE_DEFER); /* ours, no verdict */
    assert_int_equal(failure_decide(REASON_OFFICE_TLS, FAILURE_SPOKEN, FAILURE_UNKNOWN_MAX + 1),
                     FAILURE_DEFER);
}

static void a_message_that_fails_again_opens_nothing(void **state)
{
    (void)state;
    struct window window;
    window_init(&window, WINDOW);
    for (int i = 0; i < 3 * WINDOW_FAILURES_MAX; i++)
        doubt(&window, i < WINDOW_FAILURES_MAX - 1, at_start);
    assert_int_equal(window.state, WINDOW_CLOSED);
    assert_int_equal(window_room(&window, at_start), WINDOW); /* nor is anybody slowed */
}

/* So many different messages in a row open it, for a moment; the next probe is another message, and
 * the first success closes it. */
static void different_messages_open_it_for_moments(void **state)
{
    (void)state;
    struct window window;
    mono_t now = at_start;
    window_init(&window, WINDOW);
    for (int i = 0; i < WINDOW_FAILURES_MAX; i++)
        doubt(&window, true, now);
    assert_int_equal(window.state, WINDOW_OPEN);
    assert_int_equal(window.reason, REASON_OFFICE_ERROR);
    int64_t waited = 0;
    for (int bad = WINDOW_FAILURES_MAX; bad < 40; bad++) { /* 40 bad dossiers at an office */
        assert_int_equal(window_room(&window, now), 0);
        now.ms += WINDOW_DOUBT_MS;
        waited += WINDOW_DOUBT_MS;
        assert_int_equal(window_room(&window, now), 1);
        doubt(&window, true, now);
    }
    assert_true(waited < 10 * 1000);
    now.ms += WINDOW_DOUBT_MS;
    assert_int_equal(window_room(&window, now), 1);
    window_left(&window);
    window_succeeded(&window);
    assert_int_equal(window.state, WINDOW_CLOSED);
    assert_int_equal(window.reason, REASON_NONE);
}

static void past_many_doubts_it_is_rather_the_destination(void **state)
{
    (void)state;
    struct window window;
    mono_t now = at_start;
    window_init(&window, WINDOW);
    for (int i = 0; i <= WINDOW_DOUBTS_QUICK_MAX; i++) {
        doubt(&window, true, now);
        now.ms += WINDOW_DOUBT_MS;
        (void)window_room(&window, now);
    }
    assert_int_equal(window.state, WINDOW_OPEN);
    now.ms += WINDOW_DOUBT_SLOW_MS;
    assert_int_equal(window_room(&window, now), 1);
}

/* ---- the outbox: who goes first ---- */

struct fixture {
    struct arena memory;
    struct outbox *outbox;
    uint32_t to;
};

static int set_up(void **state)
{
    static struct fixture fixture;
    const struct outbox_options options = {
        .destinations_max = 2, .flights_max = 64, .lease_ms = 1000};
    fixture = (struct fixture){0};
    assert_true(arena_init(&fixture.memory, outbox_memory_bytes(&options)));
    fixture.outbox = outbox_new(&options, &fixture.memory);
    struct key key = key_of("a");
    fixture.to = outbox_destination(fixture.outbox, &key);
    outbox_open(fixture.outbox, fixture.to, WINDOW);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    arena_release(&fixture->memory);
    return 0;
}

static struct flight *fly(struct fixture *fixture, uint64_t seq)
{
    static const struct digest digest = {.bytes = {1}};
    struct key sender = key_of("centre");
    struct message_id id = {.bytes = {[0] = (uint8_t)seq, [6] = 0x70, [8] = 0x80}};
    struct entry entry = {
        .message_seq = seq, .destination = key_of("a"), .order = seq, .state = ENTRY_QUEUED};
    outbox_set_backlog(fixture->outbox, fixture->to, 0);
    assert_true(outbox_admit(fixture->outbox, fixture->to, &entry, &sender, &id, &digest, at_start,
                             (wall_t){at_start.ms}));
    struct flight *flight = outbox_find(fixture->outbox, fixture->to, &sender, &id);
    assert_non_null(flight);
    return flight;
}

static struct entry put_off(struct fixture *fixture, uint64_t seq, enum reason reason,
                            uint32_t retry_after_ms)
{
    struct entry entry;
    outbox_put_off(fixture->outbox, fly(fixture, seq), reason, 0, retry_after_ms, at_start,
                   (wall_t){at_start.ms}, &entry);
    return entry;
}

static void not_now_keeps_its_reason_and_ends_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct entry entry = put_off(fixture, 1, REASON_CERTIFICATE_UNKNOWN, 0);
    assert_int_equal(entry.state, ENTRY_DEFERRED);
    assert_int_equal(entry.reason, REASON_CERTIFICATE_UNKNOWN);
    entry = put_off(fixture, 2, REASON_NONE, 0); /* a number that says nothing */
    assert_int_equal(entry.reason, REASON_BUSY);
    entry = put_off(fixture, 3, (enum reason)999999, 0);
    assert_int_equal(entry.reason, REASON_BUSY);
}

static void not_now_is_bounded(void **state)
{
    struct fixture *fixture = *state;
    struct entry entry = put_off(fixture, 1, REASON_BUSY, UINT32_MAX); /* 49 days */
    assert_true(entry.due.ms <= at_start.ms + OUTBOX_PUT_OFF_MAX_MS);
}

static void four_hundred_unknown_senders_pause_nobody(void **state)
{
    struct fixture *fixture = *state;
    for (uint64_t seq = 1; seq <= 400; seq++)
        (void)put_off(fixture, seq, REASON_CERTIFICATE_UNKNOWN, 1000);
    const struct window *window = outbox_window(fixture->outbox, fixture->to);
    assert_int_equal(window->state, WINDOW_CLOSED);
    assert_int_equal(window->size, WINDOW);
}

static void after_failures_the_untried_go_first(void **state)
{
    struct fixture *fixture = *state;
    struct entry entries[] = {
        {.message_seq = 1, .attempts = 7, .reason = REASON_OFFICE_ERROR},
        {.message_seq = 2, .attempts = 2, .reason = REASON_OFFICE_TIMEOUT},
        {.message_seq = 3, .attempts = 9, .reason = REASON_LINK_LOST}, /* never its own fault */
        {.message_seq = 4},
    };
    outbox_sort(fixture->outbox, fixture->to, entries, 4);
    assert_int_equal(entries[0].message_seq, 1); /* nothing is wrong: the order stays */
    struct entry entry;
    outbox_fail(fixture->outbox, fly(fixture, 9), REASON_OFFICE_ERROR, FAILURE_SPOKEN, 0, 0,
                at_start, (wall_t){at_start.ms}, &entry);
    outbox_sort(fixture->outbox, fixture->to, entries, 4);
    assert_int_equal(entries[0].message_seq, 3);
    assert_int_equal(entries[1].message_seq, 4);
    assert_int_equal(entries[2].message_seq, 2);
    assert_int_equal(entries[3].message_seq, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_reason_has_somebody_to_blame),
        cmocka_unit_test(what_a_message_causes_blames_the_message),
        cmocka_unit_test(a_message_that_fails_again_opens_nothing),
        cmocka_unit_test(different_messages_open_it_for_moments),
        cmocka_unit_test(past_many_doubts_it_is_rather_the_destination),
        cmocka_unit_test_setup_teardown(not_now_keeps_its_reason_and_ends_nothing, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(not_now_is_bounded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(four_hundred_unknown_senders_pause_nobody, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(after_failures_the_untried_go_first, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
