/* The outbox: windows, failures, leases, and what may be under way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "routing/outbox/backoff.h"
#include "routing/outbox/failure.h"
#include "routing/outbox/outbox.h"

enum { FLIGHTS = 12, WINDOW = 4 };

struct fixture {
    struct arena memory;
    struct outbox *outbox;
    struct entry changed[32];
    size_t changed_count;
};

static int set_up(void **state)
{
    static struct fixture fixture;
    const struct outbox_options options = {
        .destinations_max = 4, .flights_max = FLIGHTS, .lease_ms = 1000};
    fixture = (struct fixture){0};
    assert_true(arena_init(&fixture.memory, outbox_memory_bytes(&options)));
    fixture.outbox = outbox_new(&options, &fixture.memory);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    arena_release(&fixture->memory);
    return 0;
}

static void note_change(void *context, const struct entry *entry)
{
    struct fixture *fixture = context;
    fixture->changed[fixture->changed_count++] = *entry;
}

static const struct digest a_digest = {.bytes = {1}};

static struct message_id id_of(uint64_t seq)
{
    return (struct message_id){.bytes = {[0] = (uint8_t)seq, [6] = 0x70, [8] = 0x80}};
}

static bool admit(struct fixture *fixture, uint64_t seq, const char *to, uint64_t order,
                  int64_t now_ms)
{
    struct key sender = key_of("centre");
    struct message_id id = id_of(seq);
    struct entry entry = {
        .message_seq = seq, .destination = key_of(to), .order = order, .state = ENTRY_QUEUED};
    uint32_t destination = outbox_destination(fixture->outbox, &entry.destination);
    bool leaves = outbox_admit(fixture->outbox, destination, &entry, &sender, &id, &a_digest,
                               (mono_t){now_ms}, (wall_t){now_ms});
    assert_int_equal(entry.state, leaves ? ENTRY_LEASED : ENTRY_QUEUED);
    return leaves;
}

static bool admit_bytes(struct fixture *fixture, uint64_t seq, uint32_t size_bytes)
{
    struct key sender = key_of("centre");
    struct message_id id = id_of(seq);
    struct entry entry = {.message_seq = seq,
                          .destination = key_of("a"),
                          .order = seq,
                          .state = ENTRY_QUEUED,
                          .size_bytes = size_bytes};
    uint32_t destination = outbox_destination(fixture->outbox, &entry.destination);
    return outbox_admit(fixture->outbox, destination, &entry, &sender, &id, &a_digest, (mono_t){0},
                        (wall_t){0});
}

static struct flight *find(struct fixture *fixture, uint64_t seq, const char *to)
{
    struct key key = key_of(to);
    struct message_id id = id_of(seq);
    return outbox_find(fixture->outbox, outbox_destination(fixture->outbox, &key), NULL, &id);
}

static uint32_t open_to(struct fixture *fixture, const char *to)
{
    struct key key = key_of(to);
    uint32_t destination = outbox_destination(fixture->outbox, &key);
    outbox_open(fixture->outbox, destination, WINDOW);
    return destination;
}

static size_t wanted(struct fixture *fixture, uint32_t destination, int64_t now_ms)
{
    wall_t until;
    return outbox_wanted(fixture->outbox, destination, (mono_t){now_ms}, (wall_t){now_ms}, &until);
}

static void nothing_leaves_for_who_is_not_there(void **state)
{
    struct fixture *fixture = *state;
    assert_false(admit(fixture, 1, "a", 7, 0));
    uint32_t a = open_to(fixture, "a");
    assert_int_equal(outbox_backlog(fixture->outbox, a), 1);
    assert_int_equal(wanted(fixture, a, 0), WINDOW);
    /* Behind a backlog even a free dossier waits: the store knows the order. */
    assert_false(admit(fixture, 2, "a", 8, 0));
}

static void one_dossier_has_one_under_way(void **state)
{
    struct fixture *fixture = *state;
    (void)open_to(fixture, "a");
    (void)open_to(fixture, "b");
    assert_true(admit(fixture, 1, "a", 7, 0));
    assert_false(admit(fixture, 2, "a", 7, 0));
    assert_true(admit(fixture, 3, "b", 7, 0)); /* another destination is another order */
}

static void a_window_bounds_what_is_under_way(void **state)
{
    struct fixture *fixture = *state;
    uint32_t a = open_to(fixture, "a");
    for (uint64_t seq = 1; seq <= WINDOW; seq++)
        assert_true(admit(fixture, seq, "a", seq, 0));
    assert_false(admit(fixture, 9, "a", 9, 0));
    outbox_taken(fixture->outbox, find(fixture, 1, "a"), (mono_t){0});
    assert_int_equal(wanted(fixture, a, 0), 1);
}

/* a takes everything and answers nothing: b and c are served all the same, and nobody spins. */
static void a_slow_destination_leaves_flights_to_the_others(void **state)
{
    struct fixture *fixture = *state;
    uint32_t a = open_to(fixture, "a");
    (void)open_to(fixture, "b");
    (void)open_to(fixture, "c");
    uint64_t taken = 0;
    while (admit(fixture, taken + 1, "a", taken + 1, 0))
        outbox_taken(fixture->outbox, find(fixture, ++taken, "a"), (mono_t){0});
    assert_int_equal(taken, FLIGHTS / 2);
    assert_int_equal(wanted(fixture, a, 0), 0);
    /* Nothing to wake for: an answer makes room, or the end of a lease, which the tick looks for.
     */
    assert_true(outbox_deadline(fixture->outbox, (mono_t){0}, (wall_t){0}).ms == INT64_MAX);
    uint64_t others = 0;
    while (admit(fixture, 20 + others, "b", others + 1, 0))
        others++;
    assert_true(others > 0);
    assert_true(admit(fixture, 40, "c", 1, 0));
    struct entry entry;
    outbox_end(fixture->outbox, find(fixture, 1, "a"), ENTRY_DELIVERED, REASON_NONE, 0, &entry);
    outbox_end(fixture->outbox, find(fixture, 2, "a"), ENTRY_DELIVERED, REASON_NONE, 0, &entry);
    assert_int_equal(wanted(fixture, a, 0), 0);
    outbox_end(fixture->outbox, find(fixture, 3, "a"), ENTRY_DELIVERED, REASON_NONE, 0, &entry);
    assert_true(wanted(fixture, a, 0) > 0);
}

static void flights_are_bounded_over_all(void **state)
{
    struct fixture *fixture = *state;
    static const char *const names[] = {"a", "b", "c"};
    size_t leave = 0;
    for (size_t i = 0; i < 3; i++)
        (void)open_to(fixture, names[i]);
    for (uint64_t seq = 1; seq <= FLIGHTS; seq++) {
        for (size_t i = 0; i < 3; i++)
            leave += admit(fixture, seq + 20 * i, names[i], seq, 0);
    }
    assert_true(leave >= FLIGHTS / 2 && leave < FLIGHTS);
}

static void a_clock_that_was_set_back_strands_nothing(void **state)
{
    struct fixture *fixture = *state;
    const int64_t now_ms = INT64_C(1000000000);
    const wall_t wall = {now_ms};
    wall_t until = {0};
    uint32_t a = open_to(fixture, "a");
    for (uint64_t seq = 1; seq <= WINDOW; seq++)
        assert_true(admit(fixture, seq, "a", seq, now_ms));
    assert_false(admit(fixture, 9, "a", 9, now_ms));
    outbox_taken(fixture->outbox, find(fixture, 1, "a"), (mono_t){now_ms});
    /* As long as a wait may be. */
    outbox_next_due(fixture->outbox, a, (wall_t){now_ms + BACKOFF_CAP_MS});
    assert_int_equal(wanted(fixture, a, now_ms), 0);
    assert_true(outbox_deadline(fixture->outbox, (mono_t){now_ms}, wall).ms > now_ms);
    /* Longer: written by a clock that was ahead. */
    const wall_t ahead = {now_ms + BACKOFF_CAP_MS + 1};
    outbox_next_due(fixture->outbox, a, ahead);
    assert_int_equal(outbox_wanted(fixture->outbox, a, (mono_t){now_ms}, wall, &until), 1);
    assert_int_equal(until.ms, ahead.ms);
    assert_int_equal(outbox_deadline(fixture->outbox, (mono_t){now_ms}, wall).ms, now_ms);
    outbox_look_again(fixture->outbox, a);
    outbox_next_due(fixture->outbox, a, (wall_t){now_ms});
    assert_int_equal(outbox_wanted(fixture->outbox, a, (mono_t){now_ms}, wall, &until), 1);
    assert_int_equal(until.ms, now_ms);
}

static void a_lease_ends(void **state)
{
    struct fixture *fixture = *state;
    uint32_t a = open_to(fixture, "a");
    assert_true(admit(fixture, 1, "a", 7, 0));
    outbox_tick(fixture->outbox, (mono_t){999}, (wall_t){999}, note_change, fixture);
    assert_int_equal(fixture->changed_count, 0);
    outbox_tick(fixture->outbox, (mono_t){1000}, (wall_t){1000}, note_change, fixture);
    assert_int_equal(fixture->changed_count, 1);
    assert_int_equal(fixture->changed[0].state, ENTRY_QUEUED);
    assert_int_equal(fixture->changed[0].reason, REASON_LEASE_EXPIRED);
    assert_null(find(fixture, 1, "a"));
    assert_int_equal(outbox_backlog(fixture->outbox, a), 1);
}

static void a_destination_may_have_a_lease_of_its_own(void **state)
{
    struct fixture *fixture = *state;
    uint32_t slow = open_to(fixture, "slow");
    (void)open_to(fixture, "a");
    outbox_set_lease(fixture->outbox, slow, 5000);
    assert_true(admit(fixture, 1, "slow", 1, 0));
    assert_true(admit(fixture, 2, "a", 2, 100));
    assert_true(admit(fixture, 3, "slow", 3, 200));
    assert_true(admit(fixture, 4, "a", 4, 300));
    outbox_tick(fixture->outbox, (mono_t){1300}, (wall_t){1300}, note_change, fixture);
    assert_int_equal(fixture->changed_count, 2);
    assert_int_equal(fixture->changed[0].message_seq, 2);
    assert_int_equal(fixture->changed[1].message_seq, 4);
    outbox_tick(fixture->outbox, (mono_t){5200}, (wall_t){5200}, note_change, fixture);
    assert_int_equal(fixture->changed_count, 4);
    assert_int_equal(fixture->changed[2].message_seq, 1);
    assert_int_equal(fixture->changed[3].message_seq, 3);
}

static void progress_moves_the_leases_of_one_destination(void **state)
{
    struct fixture *fixture = *state;
    uint32_t slow = open_to(fixture, "slow");
    uint32_t a = open_to(fixture, "a");
    outbox_set_lease(fixture->outbox, slow, 5000);
    assert_true(admit(fixture, 1, "a", 1, 0));
    assert_true(admit(fixture, 2, "a", 2, 0));
    assert_true(admit(fixture, 3, "slow", 3, 0));
    outbox_progress(fixture->outbox, a, (mono_t){900});
    outbox_progress(fixture->outbox, a, (mono_t){900});
    outbox_tick(fixture->outbox, (mono_t){1899}, (wall_t){1899}, note_change, fixture);
    assert_int_equal(fixture->changed_count, 0);
    outbox_tick(fixture->outbox, (mono_t){1900}, (wall_t){1900}, note_change, fixture);
    assert_int_equal(fixture->changed_count, 2);
    outbox_tick(fixture->outbox, (mono_t){5000}, (wall_t){5000}, note_change, fixture);
    assert_int_equal(fixture->changed_count, 3);
    assert_int_equal(fixture->changed[2].message_seq, 3);
}

static void what_was_taken_has_a_longer_lease(void **state)
{
    struct fixture *fixture = *state;
    (void)open_to(fixture, "a");
    assert_true(admit(fixture, 1, "a", 7, 0));
    outbox_taken(fixture->outbox, find(fixture, 1, "a"), (mono_t){500});
    outbox_tick(fixture->outbox, (mono_t){500 + OUTBOX_TAKEN_MS - 1}, (wall_t){0}, note_change,
                fixture);
    assert_int_equal(fixture->changed_count, 0);
    outbox_tick(fixture->outbox, (mono_t){500 + OUTBOX_TAKEN_MS}, (wall_t){0}, note_change,
                fixture);
    assert_int_equal(fixture->changed_count, 1);
}

static void a_lost_connection_gives_back_what_was_not_taken(void **state)
{
    struct fixture *fixture = *state;
    uint32_t a = open_to(fixture, "a");
    assert_true(admit(fixture, 1, "a", 1, 0));
    assert_true(admit(fixture, 2, "a", 2, 0));
    outbox_taken(fixture->outbox, find(fixture, 1, "a"), (mono_t){0});
    outbox_close(fixture->outbox, a, REASON_LINK_LOST, (wall_t){4}, (wall_t){5});
    assert_true(outbox_is_closing(fixture->outbox, a));
    assert_false(admit(fixture, 3, "a", 3, 0));
    assert_false(outbox_return(fixture->outbox, 8, note_change, fixture));
    assert_int_equal(fixture->changed_count, 1);
    assert_int_equal(fixture->changed[0].message_seq, 2);
    assert_int_equal(fixture->changed[0].due.ms, 5);
    assert_non_null(find(fixture, 1, "a"));
    assert_false(outbox_is_closing(fixture->outbox, a));
    assert_false(outbox_is_open(fixture->outbox, a));
}

static void a_window_bounds_bytes_too(void **state)
{
    struct fixture *fixture = *state;
    uint32_t a = open_to(fixture, "a");
    wall_t until;
    outbox_set_window_bytes(fixture->outbox, a, 1000);
    assert_true(admit_bytes(fixture, 1, 5000)); /* one may always be under way */
    assert_false(admit_bytes(fixture, 2, 400));
    assert_int_equal(outbox_wanted(fixture->outbox, a, (mono_t){0}, (wall_t){0}, &until), 0);
    assert_int_equal(outbox_deadline(fixture->outbox, (mono_t){0}, (wall_t){0}).ms, INT64_MAX);
    outbox_taken(fixture->outbox, find(fixture, 1, "a"), (mono_t){0});
    assert_true(outbox_wanted(fixture->outbox, a, (mono_t){0}, (wall_t){0}, &until) > 0);
    assert_int_equal(outbox_deadline(fixture->outbox, (mono_t){0}, (wall_t){0}).ms, 0);
    outbox_set_backlog(fixture->outbox, a, 0);
    assert_true(admit_bytes(fixture, 3, 400));
    assert_true(admit_bytes(fixture, 4, 600));
    assert_false(admit_bytes(fixture, 5, 1));
    outbox_set_window_bytes(fixture->outbox, a, 2000);
    assert_true(outbox_wanted(fixture->outbox, a, (mono_t){0}, (wall_t){0}, &until) > 0);
}

/* However much is under way: each step gives back what it can write, also of several at once. */
static void a_closing_goes_on_over_steps(void **state)
{
    struct fixture *fixture = *state;
    uint32_t a = open_to(fixture, "a");
    uint32_t b = open_to(fixture, "b");
    for (uint64_t i = 1; i <= 3; i++) {
        assert_true(admit(fixture, i, "a", i, 0));
        assert_true(admit(fixture, 10 + i, "b", i, 0));
    }
    outbox_close(fixture->outbox, a, REASON_LINK_LOST, (wall_t){4}, (wall_t){5});
    outbox_close(fixture->outbox, b, REASON_LINK_LOST, (wall_t){4}, (wall_t){6});
    for (size_t given_back = 2; given_back < 6; given_back += 2) {
        assert_true(outbox_return(fixture->outbox, 2, note_change, fixture));
        assert_int_equal(fixture->changed_count, given_back);
        assert_true(outbox_is_closing(fixture->outbox, b));
    }
    assert_false(outbox_is_closing(fixture->outbox, a));
    outbox_open(fixture->outbox, a, WINDOW); /* does not wait for the other one */
    assert_false(outbox_return(fixture->outbox, 2, note_change, fixture));
    assert_int_equal(fixture->changed_count, 6);
    assert_false(outbox_is_closing(fixture->outbox, b));
    assert_int_equal(outbox_window(fixture->outbox, b)->under_way, 0);
    assert_int_equal(outbox_backlog(fixture->outbox, b), 3);
}

/* What no frame could take is not kept up by a peer that shows signs of life. */
static void progress_does_not_keep_what_was_not_sent(void **state)
{
    struct fixture *fixture = *state;
    uint32_t a = open_to(fixture, "a");
    assert_true(admit(fixture, 1, "a", 1, 0));
    outbox_unsent(fixture->outbox, find(fixture, 1, "a"), (mono_t){100});
    outbox_progress(fixture->outbox, a, (mono_t){100});
    outbox_tick(fixture->outbox, (mono_t){100}, (wall_t){100}, note_change, fixture);
    assert_int_equal(fixture->changed_count, 1);
}

static void an_end_is_an_end(void **state)
{
    struct fixture *fixture = *state;
    struct entry entry;
    (void)open_to(fixture, "a");
    assert_true(admit(fixture, 1, "a", 7, 0));
    outbox_end(fixture->outbox, find(fixture, 1, "a"), ENTRY_DELIVERED, REASON_NONE, 42, &entry);
    assert_int_equal(entry.state, ENTRY_DELIVERED);
    assert_int_equal(entry.receipt_seq, 42);
    assert_null(find(fixture, 1, "a"));
    assert_true(admit(fixture, 2, "a", 7, 0)); /* the next of the dossier */
}

static void failures_follow_the_table(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        enum reason reason;
        enum entry_state becomes;
    } cases[] = {
        {REASON_OFFICE_TIMEOUT, ENTRY_DEFERRED}, {REASON_OFFICE_REFUSED, ENTRY_REFUSED},
        {REASON_OFFICE_LOGIN, ENTRY_DEFERRED},   {REASON_OFFICE_DUPLICATE, ENTRY_DEFERRED},
        {REASON_OFFICE_UNKNOWN, ENTRY_DEFERRED},
    };
    (void)open_to(fixture, "a");
    for (uint64_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct entry entry;
        outbox_set_backlog(fixture->outbox, 0, 0);
        assert_true(admit(fixture, i + 1, "a", i + 1, 0));
        outbox_fail(fixture->outbox, find(fixture, i + 1, "a"), cases[i].reason, FAILURE_SPOKEN, 0,
                    0, (mono_t){0}, (wall_t){0}, &entry);
        assert_int_equal(entry.state, cases[i].becomes);
        assert_int_equal(entry.reason, cases[i].reason);
        outbox_open(fixture->outbox, 0, WINDOW);
    }
    assert_int_equal(failure_decide(REASON_OFFICE_UNKNOWN, FAILURE_SPOKEN, FAILURE_UNKNOWN_MAX),
                     FAILURE_DEFER);
    assert_int_equal(failure_decide(REASON_OFFICE_UNKNOWN, FAILURE_SPOKEN, FAILURE_UNKNOWN_MAX + 1),
                     FAILURE_HOLD);
    assert_int_equal(failure_decide(REASON_OFFICE_LOGIN, FAILURE_SPOKEN, 1), FAILURE_LOGIN);
    assert_int_equal(failure_decide(REASON_OFFICE_LOGIN, FAILURE_SPOKEN, 2), FAILURE_DEFER);
    assert_int_equal(failure_decide(REASON_NONE, FAILURE_SPOKEN, 1), FAILURE_SUCCEED);
}

/* The office failed, and at the next attempt we had no turn for it: what is shown is the office. */
static void being_busy_hides_no_cause(void **state)
{
    struct fixture *fixture = *state;
    const struct key centre = key_of("centre");
    const struct message_id id = id_of(1);
    struct entry entry;
    uint32_t a = open_to(fixture, "a");
    assert_true(admit(fixture, 1, "a", 1, 0));
    outbox_fail(fixture->outbox, find(fixture, 1, "a"), REASON_OFFICE_ERROR, FAILURE_SPOKEN, 0, 0,
                (mono_t){0}, (wall_t){7}, &entry);
    assert_true(outbox_lease(fixture->outbox, a, &entry, &centre, &id, &a_digest, (mono_t){0},
                             (wall_t){1000000}));
    outbox_fail(fixture->outbox, find(fixture, 1, "a"), REASON_BUSY, FAILURE_OURS, 0, 0,
                (mono_t){0}, (wall_t){1000009}, &entry);
    assert_int_equal(entry.state, ENTRY_DEFERRED);
    assert_int_equal(entry.reason, REASON_OFFICE_ERROR);
    assert_int_equal(entry.since.ms, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(being_busy_hides_no_cause, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nothing_leaves_for_who_is_not_there, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_dossier_has_one_under_way, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_window_bounds_what_is_under_way, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_slow_destination_leaves_flights_to_the_others, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(flights_are_bounded_over_all, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_clock_that_was_set_back_strands_nothing, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_lease_ends, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_destination_may_have_a_lease_of_its_own, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(progress_moves_the_leases_of_one_destination, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_was_taken_has_a_longer_lease, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_lost_connection_gives_back_what_was_not_taken, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_window_bounds_bytes_too, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_closing_goes_on_over_steps, set_up, tear_down),
        cmocka_unit_test_setup_teardown(progress_does_not_keep_what_was_not_sent, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(an_end_is_an_end, set_up, tear_down),
        cmocka_unit_test_setup_teardown(failures_follow_the_table, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
