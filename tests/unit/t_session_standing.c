/* Where messages stand, for people (invariant 15): what a session awaits, asks and is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/session_fixture.h"

enum { LATER_MS = 6000 };

static const struct key stp = {"stp"};
static const struct key portal = {"portal"};

static void welcome_with(struct fixture *fixture, uint32_t version, wall_t forgot_until)
{
    begin(fixture);
    session_link_up(fixture->session);
    end(fixture);
    begin(fixture);
    struct frame frame = {.kind = FRAME_WELCOME,
                          .welcome = {.version = version,
                                      .gateway = key_of("gateway"),
                                      .window_messages = 64,
                                      .window_bytes = MESSAGE_WINDOW_BYTES_MAX,
                                      .forgot_since = {forgot_until.ms > 0 ? 1 : 0},
                                      .forgot_until = forgot_until,
                                      .clock = {now_ms}}};
    bring_frame(fixture, &frame);
    end(fixture);
}

static void welcome_by(struct fixture *fixture, uint32_t version)
{
    welcome_with(fixture, version, (wall_t){0});
}

static void welcome(struct fixture *fixture)
{
    welcome_by(fixture, LINK_VERSION);
}

/* Sent to stp with a copy to the portal, and in custody. */
static struct submitted sent(struct fixture *fixture)
{
    begin(fixture);
    struct submitted submitted = submit(fixture);
    end(fixture);
    begin(fixture);
    bring_custody(fixture, &submitted, "stp portal");
    end(fixture);
    return submitted;
}

static struct entry place(struct fixture *fixture, const struct submitted *submitted,
                          const struct key *recipient)
{
    struct entry entry;
    assert_int_equal(fixture->store->verbs->read_entry(fixture->store, submitted->message_seq,
                                                       recipient, &entry),
                     REASON_NONE);
    return entry;
}

static struct standing stands(struct fixture *fixture, const struct submitted *submitted,
                              const struct key *recipient)
{
    struct standing standing;
    struct entry entry = place(fixture, submitted, recipient);
    session_standing(fixture->session, &entry, &standing);
    return standing;
}

static void hear(struct fixture *fixture, const struct standing_item *items, size_t count)
{
    struct frame frame = {.kind = FRAME_STANDING, .standing = {.items = items, .count = count}};
    begin(fixture);
    bring_frame(fixture, &frame);
    end(fixture);
}

static void custody_begins_and_receipts_end_what_is_awaited(void **state)
{
    struct fixture *fixture = *state;
    struct submitted submitted = sent(fixture);
    assert_int_equal(place(fixture, &submitted, &stp).state, ENTRY_AWAITED);
    assert_int_equal(place(fixture, &submitted, &portal).state, ENTRY_AWAITED);
    begin(fixture); /* the same word again begins nothing */
    bring_custody(fixture, &submitted, "stp portal");
    end(fixture);
    struct receipt_item item = {
        .message_id = submitted.id, .digest = submitted.digest, .destination = stp};
    begin(fixture);
    struct bytes document = receipt(fixture, "stp", MESSAGE_TYPE_RECEIPT_DELIVERED, &item, 1);
    bring(fixture, &document, 1, "seal");
    end(fixture);
    assert_int_equal(place(fixture, &submitted, &stp).state, ENTRY_DELIVERED);
    assert_int_equal(place(fixture, &submitted, &portal).state, ENTRY_AWAITED);
    item.reason = REASON_WITHDRAWN_BY_OPERATOR;
    item.destination = portal;
    begin(fixture);
    document = receipt(fixture, "gateway", MESSAGE_TYPE_RECEIPT_WITHDRAWN, &item, 1);
    bring(fixture, &document, 1, "seal");
    end(fixture);
    assert_int_equal(place(fixture, &submitted, &portal).state, ENTRY_WITHDRAWN);
    assert_int_equal(place(fixture, &submitted, &portal).reason, REASON_WITHDRAWN_BY_OPERATOR);
}

static void what_the_gateway_says_is_shown_and_ends_nothing(void **state)
{
    struct fixture *fixture = *state;
    welcome(fixture);
    struct submitted submitted = sent(fixture);
    struct standing_item item = {.id = submitted.id,
                                 .destination = stp,
                                 .reason = REASON_OFFICE_UNREACHABLE,
                                 .since = {now_ms - 1000}};
    hear(fixture, &item, 1);
    struct standing standing = stands(fixture, &submitted, &stp);
    assert_int_equal(standing.reason, REASON_OFFICE_UNREACHABLE);
    assert_int_equal(standing.since.ms, now_ms - 1000);
    assert_true(key_equal(&standing.party, &stp));
    item.reason = REASON_HELD_BY_OPERATOR;
    item.is_of_gateway = true;
    hear(fixture, &item, 1);
    standing = stands(fixture, &submitted, &stp);
    assert_int_equal(standing.reason, REASON_HELD_BY_OPERATOR);
    assert_string_equal(standing.party.text, "gateway");
    item.reason = REASON_OFFICE_REFUSED; /* no receipt says so */
    hear(fixture, &item, 1);
    assert_int_equal(place(fixture, &submitted, &stp).state, ENTRY_AWAITED);
    struct standing_item own = {.reason = REASON_STORE_FULL, .since = {now_ms}};
    hear(fixture, &own, 1);
    standing = stands(fixture, &submitted, &stp);
    assert_int_equal(standing.reason, REASON_STORE_FULL);
    assert_string_equal(standing.party.text, "gateway");
    begin(fixture);
    session_link_down(fixture->session);
    end(fixture);
    assert_int_equal(stands(fixture, &submitted, &stp).reason, REASON_GATEWAY_UNREACHABLE);
}

/* The gateway sends the second of a dossier after the receipt for the first: the sender's view says
 * which message that is, unless somebody holds the second itself. */
static void what_waits_behind_an_earlier_message_names_it(void **state)
{
    struct fixture *fixture = *state;
    welcome(fixture);
    struct submitted first = sent(fixture);
    struct submitted second = sent(fixture);
    struct standing_item item = {.id = first.id,
                                 .destination = stp,
                                 .reason = REASON_OFFICE_UNREACHABLE,
                                 .since = {now_ms - 1000}};
    hear(fixture, &item, 1);
    struct standing standing = stands(fixture, &second, &stp);
    assert_int_equal(standing.reason, REASON_OFFICE_UNREACHABLE);
    assert_int_equal(standing.since.ms, now_ms - 1000);
    assert_memory_equal(&standing.behind, &first.id, sizeof first.id);
    standing = stands(fixture, &first, &stp);
    assert_true(id_is_zero(&standing.behind));
    item.reason = REASON_NONE; /* the office is at it */
    hear(fixture, &item, 1);
    standing = stands(fixture, &second, &stp);
    assert_int_equal(standing.reason, REASON_BEHIND_EARLIER);
    assert_memory_equal(&standing.behind, &first.id, sizeof first.id);
    item = (struct standing_item){.id = second.id,
                                  .destination = stp,
                                  .reason = REASON_HELD_BY_OPERATOR,
                                  .since = {now_ms},
                                  .is_of_gateway = true};
    hear(fixture, &item, 1);
    standing = stands(fixture, &second, &stp);
    assert_int_equal(standing.reason, REASON_HELD_BY_OPERATOR);
    assert_true(id_is_zero(&standing.behind));
}

static void what_has_no_receipt_after_a_while_is_asked_for(void **state)
{
    struct fixture *fixture = *state;
    welcome(fixture);
    struct submitted submitted = sent(fixture);
    assert_int_equal(fixture->asked, 0);
    session_begin(fixture->session, (mono_t){now_ms + LATER_MS}, (wall_t){now_ms + LATER_MS});
    end(fixture);
    assert_int_equal(fixture->asked, 1); /* once, although two receipts are awaited */
    (void)submitted;
}

static bool is_offering_after(struct fixture *fixture, int64_t round, const struct frame *frame)
{
    struct session_status status;
    session_begin(fixture->session, (mono_t){now_ms + round * LATER_MS},
                  (wall_t){now_ms + round * LATER_MS});
    bring_frame(fixture, frame);
    end(fixture);
    session_status(fixture->session, &status);
    return status.is_offering;
}

/* The gateway was put back from a backup, and is slow: what it may have lost is asked for until it
 * has said that nothing of it is missing. */
static void what_was_lost_is_asked_for_until_there_is_an_answer(void **state)
{
    enum { ROUNDS = 4 };
    static const struct standing_item none_missing = {.reason = REASON_NONE};
    const struct frame silence = {.kind = FRAME_HEARTBEAT, .heartbeat.clock = {now_ms}};
    const struct frame answer = {.kind = FRAME_STANDING,
                                 .standing = {.items = &none_missing, .count = 1}};
    struct fixture *fixture = *state;
    int64_t round = 1;
    (void)sent(fixture);
    welcome_with(fixture, LINK_VERSION, (wall_t){now_ms});
    for (; round <= ROUNDS; round++)
        assert_true(is_offering_after(fixture, round, &silence));
    assert_true(fixture->asked > 1);
    while (round <= 2 * ROUNDS && is_offering_after(fixture, round, &answer))
        round++;
    assert_true(round <= 2 * ROUNDS);
}

/* What was purged here is over, and cannot be offered: a gateway that has lost it is answered by a
 * round that ends, and not asked for it again and again. */
static void what_was_purged_is_not_offered(void **state)
{
    enum { ROUNDS = 8 };
    static const struct standing_item unknown = {.reason = REASON_NONE};
    struct fixture *fixture = *state;
    const struct submitted submitted = sent(fixture);
    const struct store_move ends[] = {
        {submitted.message_seq, stp, ENTRY_DELIVERED, {now_ms}, 1, REASON_NONE, {0}, 0},
        {submitted.message_seq, portal, ENTRY_DELIVERED, {now_ms}, 1, REASON_NONE, {0}, 0},
    };
    const struct store_purge purge = {submitted.message_seq, STORE_PART_DOCUMENT};
    const struct store_plan plan = {
        .moves = ends, .move_count = 2, .purges = &purge, .purge_count = 1};
    const struct standing_item items[] = {
        unknown, {.id = submitted.id, .reason = REASON_MESSAGE_FORGOTTEN, .is_of_gateway = true}};
    const struct frame answer = {.kind = FRAME_STANDING, .standing = {.items = items, .count = 2}};
    assert_int_equal(fixture->store->verbs->commit(fixture->store, &plan), REASON_NONE);
    welcome_with(fixture, LINK_VERSION, (wall_t){now_ms});
    int64_t round = 1;
    while (round <= ROUNDS && is_offering_after(fixture, round, &answer))
        round++;
    assert_true(round <= ROUNDS);
    assert_int_equal(fixture->asked, 0);
}

/* It could not read the question, and says so by a refusal. */
static void an_older_gateway_is_not_asked(void **state)
{
    struct fixture *fixture = *state;
    welcome_by(fixture, LINK_VERSION_OLDEST);
    assert_int_equal(fixture->events, 2); /* link_up, version_behind */
    (void)sent(fixture);
    session_begin(fixture->session, (mono_t){now_ms + LATER_MS}, (wall_t){now_ms + LATER_MS});
    end(fixture);
    assert_int_equal(fixture->asked, 0);
}

static void what_may_not_be_done_says_why(void **state)
{
    struct fixture *fixture = *state;
    struct submitted submitted = sent(fixture);
    struct key gateway = key_of("gateway");
    begin(fixture);
    struct submitted waiting = submit_about(fixture, 7);
    end(fixture);
    begin(fixture);
    assert_int_equal(
        session_operate(fixture->session, submitted.message_seq, &stp, SESSION_WITHDRAW),
        REASON_UNDER_WAY);
    assert_int_equal(
        session_operate(fixture->session, submitted.message_seq, &gateway, SESSION_HOLD),
        REASON_HAS_ENDED);
    assert_int_equal(
        session_operate(fixture->session, waiting.message_seq, &gateway, SESSION_RELEASE),
        REASON_NOT_HELD);
    assert_int_equal(session_operate(fixture->session, waiting.message_seq, &gateway, SESSION_HOLD),
                     REASON_NONE);
    end(fixture);
    begin(fixture);
    assert_int_equal(session_operate(fixture->session, waiting.message_seq, &gateway, SESSION_HOLD),
                     REASON_HELD_ALREADY);
    end(fixture);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(custody_begins_and_receipts_end_what_is_awaited),
        TEST(what_the_gateway_says_is_shown_and_ends_nothing),
        TEST(what_waits_behind_an_earlier_message_names_it),
        TEST(what_has_no_receipt_after_a_while_is_asked_for),
        TEST(what_was_lost_is_asked_for_until_there_is_an_answer),
        TEST(what_was_purged_is_not_offered),
        TEST(an_older_gateway_is_not_asked),
        TEST(what_may_not_be_done_says_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
