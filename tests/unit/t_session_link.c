/* A gateway that says goodbye without end, puts everything off for weeks, or shows no proof. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "routing/outbox/outbox.h"
#include "tests/unit/session_fixture.h"

enum { FLOOD = 50 };

static void bring_goodbye(struct fixture *fixture, enum reason reason)
{
    struct frame frame = {.kind = FRAME_GOODBYE, .goodbye = reason};
    bring_frame(fixture, &frame);
}

static void welcome_by(struct fixture *fixture, uint32_t version)
{
    struct frame frame = {.kind = FRAME_WELCOME,
                          .welcome = {.version = version,
                                      .gateway = key_of("gateway"),
                                      .window_messages = 64,
                                      .clock = {now_ms},
                                      .registry_version = bytes_of_text("1")}};
    bring_frame(fixture, &frame);
}

static void welcome(struct fixture *fixture)
{
    welcome_by(fixture, LINK_VERSION);
}

static bool is_linked(struct fixture *fixture)
{
    struct session_status status;
    session_status(fixture->session, &status);
    return status.is_linked;
}

static void goodbyes_without_end_are_one(void **state)
{
    struct fixture *fixture = *state;
    begin(fixture);
    session_link_up(fixture->session);
    welcome(fixture);
    for (int i = 0; i < FLOOD / 2; i++)
        bring_goodbye(fixture, i % 2 == 0 ? REASON_BUSY : REASON_CLOCK_SKEW);
    end(fixture);
    assert_int_equal(fixture->events, 2); /* link_up, link_down */
    assert_false(is_linked(fixture));
    begin(fixture);
    welcome(fixture); /* nobody asked */
    end(fixture);
    assert_false(is_linked(fixture));
    assert_int_equal(fixture->events, 0);
}

static void a_version_that_was_not_offered_is_no_welcome(void **state)
{
    struct fixture *fixture = *state;
    begin(fixture);
    session_link_up(fixture->session);
    welcome_by(fixture, LINK_VERSION + 1);
    end(fixture);
    assert_false(is_linked(fixture));
    begin(fixture);
    welcome_by(fixture, LINK_VERSION_OLDEST);
    end(fixture);
    assert_true(is_linked(fixture));
}

static void not_now_for_weeks_is_a_minute(void **state)
{
    struct fixture *fixture = *state;
    struct store_message message;
    struct entry entry;
    struct key gateway = key_of("gateway");
    begin(fixture);
    session_link_up(fixture->session);
    welcome(fixture);
    struct submitted submitted = submit(fixture);
    end(fixture);
    begin(fixture);
    struct frame frame = {.kind = FRAME_NOT_TAKEN,
                          .taken = {.reason = REASON_BUSY, .retry_after_ms = UINT32_MAX}};
    bring_frame(fixture, &frame);
    end(fixture);
    struct store *store = fixture->store;
    assert_int_equal(store->verbs->read_message(store, submitted.message_seq, &message),
                     REASON_NONE);
    assert_int_equal(store->verbs->read_entry(store, message.seq, &gateway, &entry), REASON_NONE);
    assert_true(entry.due.ms <= now_ms + OUTBOX_PUT_OFF_MAX_MS);
}

static void bring_head(struct fixture *fixture, uint64_t from, uint64_t size)
{
    static const uint8_t ledger[LEDGER_ID_BYTES] = {7};
    struct envelope envelope = {.sender = key_of("gateway"),
                                .type = MESSAGE_TYPE_LEDGER_HEAD,
                                .tree_head = {.ledger_id = {ledger, sizeof ledger},
                                              .tree_size = size,
                                              .root = {{1}},
                                              .at = {now_ms}}};
    struct bytes document = build(fixture, &envelope, NULL);
    struct frame frame = {.kind = FRAME_LEDGER_HEAD,
                          .ledger_head = {.parcel = {.documents = &document,
                                                     .document_count = 1,
                                                     .signature = bytes_of_text("seal"),
                                                     .certificate = bytes_of_text("c")},
                                          .from_tree_size = from}};
    bring_frame(fixture, &frame);
}

/* A head that starts elsewhere may be late; a gateway that never shows another one is told of. */
static void heads_that_prove_nothing_are_an_alarm(void **state)
{
    struct fixture *fixture = *state;
    struct session_status status;
    begin(fixture);
    bring_head(fixture, 0, 5);
    end(fixture);
    begin(fixture);
    bring_head(fixture, 3, 6);
    end(fixture);
    assert_int_equal(fixture->alarms, 0);
    begin(fixture);
    for (int i = 0; i < FLOOD / 2; i++)
        bring_head(fixture, 3, 7); /* all of one moment */
    end(fixture);
    assert_int_equal(fixture->alarms, 0);
    size_t alarms = 0;
    for (int64_t minute = 1; minute <= 10; minute++) {
        begin(fixture);
        end(fixture);
        session_begin(fixture->session, (mono_t){now_ms + minute * 60000},
                      (wall_t){now_ms + minute * 60000});
        bring_head(fixture, 3, 7);
        end(fixture);
        alarms += fixture->alarms;
    }
    assert_int_equal(alarms, 1);
    session_status(fixture->session, &status);
    assert_true(status.ledger_alarm);
    assert_int_equal(status.head.tree_size, 5);
}

/* Away for longer than the gateway keeps what proves its ledger: it is told so by name, once, and
 * when a person has said that it is so the ledger is witnessed from its next head on. */
static void a_proof_that_has_gone_is_a_break_that_a_person_closes(void **state)
{
    struct fixture *fixture = *state;
    struct session_status status;
    struct ledger_break breaks[LEDGER_BREAKS_MAX];
    size_t count = 0, alarms = 0;
    begin(fixture);
    bring_head(fixture, 0, 5);
    end(fixture);
    int64_t at_ms = now_ms;
    for (; at_ms < now_ms + 10 * 60000; at_ms += 60000) {
        begin(fixture);
        end(fixture);
        session_begin(fixture->session, (mono_t){at_ms}, (wall_t){at_ms});
        bring_head(fixture, 0, 9);
        end(fixture);
        alarms += fixture->alarms;
    }
    assert_int_equal(alarms, 1);
    assert_int_equal(fixture->alarm, REASON_LEDGER_PROOF_GONE);
    session_status(fixture->session, &status);
    assert_true(status.has_open_break);
    assert_false(status.is_contradicted);
    assert_int_equal(status.head.tree_size, 5);
    assert_int_equal(session_breaks(fixture->session, breaks, &count), REASON_NONE);
    assert_int_equal(count, 1);
    assert_int_equal(breaks[0].before.tree_size, 5);
    assert_int_equal(breaks[0].after.tree_size, 9);
    session_begin(fixture->session, (mono_t){at_ms}, (wall_t){at_ms});
    assert_int_equal(session_explain_break(fixture->session, bytes_of_text("closed for a year")),
                     REASON_NONE);
    bring_head(fixture, 0, 9);
    end(fixture);
    session_status(fixture->session, &status);
    assert_int_equal(status.head.tree_size, 9);
    assert_false(status.ledger_alarm);
}

/* A person ends the alarm with words that are kept. That is no leave to contradict: our head
 * stands, and a gateway that goes on without proof raises it again. */
static void an_explained_alarm_ends_and_may_come_again(void **state)
{
    struct fixture *fixture = *state;
    struct session_status status;
    struct ledger_break breaks[LEDGER_BREAKS_MAX];
    size_t count = 0;
    heads_that_prove_nothing_are_an_alarm(state);
    int64_t at_ms = now_ms + 11 * 60000;
    session_begin(fixture->session, (mono_t){at_ms}, (wall_t){at_ms});
    assert_int_equal(session_explain_break(fixture->session, bytes_of_text("an old disk")),
                     REASON_NONE);
    end(fixture);
    session_status(fixture->session, &status);
    assert_false(status.ledger_alarm);
    assert_int_equal(status.head.tree_size, 5);
    assert_int_equal(session_breaks(fixture->session, breaks, &count), REASON_NONE);
    assert_int_equal(count, 1);
    assert_string_equal(breaks[0].explanation, "an old disk");
    assert_int_equal(breaks[0].closed.ms, at_ms);
    session_begin(fixture->session, (mono_t){at_ms}, (wall_t){at_ms});
    assert_int_equal(session_explain_break(fixture->session, bytes_of_text("once more")),
                     REASON_NOT_FOUND);
    end(fixture);
    size_t alarms = 0;
    for (int64_t minute = 1; minute <= 10; minute++) {
        begin(fixture);
        end(fixture);
        session_begin(fixture->session, (mono_t){at_ms + minute * 60000},
                      (wall_t){at_ms + minute * 60000});
        bring_head(fixture, 3, 7);
        end(fixture);
        alarms += fixture->alarms;
    }
    assert_int_equal(alarms, 1);
}

/* Commit, then speak (invariant 1): told to the gateway and lost at the next start, it would look
 * like a store that was put back. */
static void a_head_that_is_not_kept_was_not_seen(void **state)
{
    struct fixture *fixture = *state;
    struct session_status status;
    begin(fixture);
    bring_head(fixture, 0, 5);
    abort_step(fixture);
    session_status(fixture->session, &status);
    assert_int_equal(status.head.tree_size, 0);
    begin(fixture);
    bring_head(fixture, 0, 5);
    end(fixture);
    session_status(fixture->session, &status);
    assert_int_equal(status.head.tree_size, 5);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(goodbyes_without_end_are_one),
        TEST(a_version_that_was_not_offered_is_no_welcome),
        TEST(not_now_for_weeks_is_a_minute),
        TEST(heads_that_prove_nothing_are_an_alarm),
        TEST(a_proof_that_has_gone_is_a_break_that_a_person_closes),
        TEST(an_explained_alarm_ends_and_may_come_again),
        TEST(a_head_that_is_not_kept_was_not_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
