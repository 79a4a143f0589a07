/* Which frame a carrier moves where, what it says when there is no way, and what it counts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "adapters/carrier/carry.h"
#include "proto/codec/frame.h"
#include "proto/link/link.h"

enum { FRAMES_MAX = 2 * CARRIED_MAX };

struct way { /* one of the two ports: what it answers, and what went through it */
    enum reason answer;
    struct key to[FRAMES_MAX];
    char frames[FRAMES_MAX][16];
    size_t count;
    size_t goodbyes;
};

static struct fixture {
    struct carry carry;
    struct way up, down;
    struct carry_transition said[FRAMES_MAX];
    size_t said_count;
} fixture;

static bool is_goodbye(struct bytes frame)
{
    struct arena arena;
    struct frame parsed;
    assert_true(arena_init(&arena, FRAME_ARENA_BYTES));
    bool is = frame_parse(frame, &arena, &parsed) == REASON_NONE && parsed.kind == FRAME_GOODBYE;
    if (is)
        assert_int_equal(parsed.goodbye, REASON_LINK_LOST);
    arena_release(&arena);
    return is;
}

static enum reason pass(struct way *way, const struct key *participant, struct bytes frame)
{
    if (way->answer != REASON_NONE)
        return way->answer;
    assert_true(way->count < FRAMES_MAX);
    way->to[way->count] = *participant;
    if (is_goodbye(frame))
        way->goodbyes++;
    else
        (void)snprintf(way->frames[way->count], sizeof way->frames[0], "%.*s", (int)frame.size,
                       (const char *)frame.data);
    way->count++;
    return REASON_NONE;
}

static enum reason to_gateway(void *context, const struct key *participant, struct bytes frame)
{
    struct fixture *it = context;
    return pass(&it->up, participant, frame);
}

static enum reason to_adapter(void *context, const struct key *participant, struct bytes frame)
{
    struct fixture *it = context;
    return pass(&it->down, participant, frame);
}

static void transition(void *context, const struct carry_transition *transition)
{
    struct fixture *it = context;
    assert_true(it->said_count < FRAMES_MAX);
    it->said[it->said_count++] = *transition;
}

static bool was_said(size_t index, enum carry_event event, const char *participant,
                     enum reason reason)
{
    const struct carry_transition *said = &fixture.said[index];
    return index < fixture.said_count && said->event == event &&
           strcmp(said->participant.text, participant) == 0 && said->reason == reason;
}

/* Two are carried, the line stands. */
static struct carry *open_carry(void)
{
    static const struct carry_ports ports = {&fixture, to_gateway, to_adapter, transition};
    const struct key keys[] = {key_of("xb"), key_of("xa")};
    fixture = (struct fixture){.said_count = 0};
    carry_init(&fixture.carry, &ports, (mono_t){100000});
    carry_set_participants(&fixture.carry, keys, 2);
    carry_line_up(&fixture.carry);
    assert_true(was_said(0, CARRY_LINE_UP, "", REASON_NONE));
    fixture.said_count = 0;
    return &fixture.carry;
}

static size_t connected(const struct carry *carry)
{
    size_t connected = 0;
    for (size_t i = 0; i < carry->count; i++)
        connected += carry->carried[i].is_connected;
    return connected;
}

static bool from_adapter(const char *participant, uint64_t connection, const char *frame)
{
    struct key key = key_of(participant);
    return carry_from_adapter(&fixture.carry, &key, connection, bytes_of_text(frame));
}

static void from_gateway(const char *participant, const char *frame)
{
    struct key key = key_of(participant);
    carry_from_gateway(&fixture.carry, &key, bytes_of_text(frame));
}

static void frames_pass_both_ways_with_their_names(void **state)
{
    (void)state;
    struct carry *carry = open_carry();
    assert_true(from_adapter("xa", 1, "hello of a"));
    assert_true(from_adapter("xb", 2, "hello of b"));
    assert_true(from_adapter("xa", 1, "more of a"));
    from_gateway("xb", "welcome b");
    assert_int_equal(fixture.up.count, 3);
    assert_string_equal(fixture.up.to[1].text, "xb");
    assert_string_equal(fixture.up.frames[1], "hello of b");
    assert_int_equal(fixture.down.count, 1);
    assert_string_equal(fixture.down.to[0].text, "xb");
    assert_string_equal(fixture.down.frames[0], "welcome b");
    assert_int_equal(fixture.said_count, 2); /* a line for a connection, none for a frame */
    assert_true(was_said(0, CARRY_ADAPTER_UP, "xa", REASON_NONE));
    assert_int_equal(carry->moved, 4);
    assert_true(from_adapter("xa", 3, "hello again"));
    assert_true(was_said(2, CARRY_ADAPTER_UP, "xa", REASON_NONE));
    assert_int_equal(fixture.up.goodbyes + fixture.down.goodbyes, 0);
}

static void a_lost_line_is_told_to_every_adapter_once(void **state)
{
    (void)state;
    struct carry *carry = open_carry();
    assert_true(from_adapter("xa", 1, "hello"));
    carry_line_down(carry);
    carry_line_down(carry);
    assert_int_equal(fixture.down.goodbyes, 1); /* xb is not there */
    assert_string_equal(fixture.down.to[0].text, "xa");
    assert_true(was_said(1, CARRY_LINE_DOWN, "", REASON_LINK_LOST));
    size_t before = fixture.up.count;
    assert_true(from_adapter("xa", 1, "hello")); /* dropped: kept where it comes from */
    assert_int_equal(fixture.up.count, before);
    assert_int_equal(carry->to_gateway, 1);
    carry_line_up(carry);
    assert_true(from_adapter("xa", 1, "hello"));
    assert_int_equal(fixture.up.count, before + 1);
}

static void a_lost_adapter_is_told_to_the_gateway_once(void **state)
{
    (void)state;
    struct carry *carry = open_carry();
    assert_true(from_adapter("xa", 1, "hello"));
    fixture.down.answer = REASON_LINK_LOST;
    from_gateway("xa", "one");
    from_gateway("xa", "two");
    assert_int_equal(fixture.up.goodbyes, 1);
    assert_string_equal(fixture.up.to[1].text, "xa");
    assert_true(was_said(1, CARRY_ADAPTER_DOWN, "xa", REASON_LINK_LOST));
    assert_int_equal(fixture.said_count, 2);
    assert_int_equal(carry->to_adapters, 2);
    assert_int_equal(connected(carry), 0);
    fixture.down.answer = REASON_NONE;
    from_gateway("xa", "three"); /* it has not come back: nothing is tried */
    assert_int_equal(fixture.down.count, 0);
    assert_true(from_adapter("xa", 2, "hello"));
    from_gateway("xa", "welcome");
    assert_int_equal(fixture.down.count, 1);
}

/* One that does not read may not hold up the others, and both ends of its session learn of it. */
static void an_adapter_with_a_full_queue_is_cut_off(void **state)
{
    (void)state;
    struct carry *carry = open_carry();
    assert_true(from_adapter("xa", 1, "hello"));
    assert_true(from_adapter("xb", 2, "hello"));
    fixture.down.answer = REASON_BUSY;
    from_gateway("xa", "one");
    fixture.down.answer = REASON_NONE;
    from_gateway("xb", "one");
    assert_int_equal(fixture.up.goodbyes, 1);
    assert_true(was_said(2, CARRY_ADAPTER_DOWN, "xa", REASON_BUSY));
    assert_int_equal(fixture.down.count, 1);
    assert_int_equal(connected(carry), 1);
    assert_true(from_adapter("xa", 1, "heartbeat")); /* the same connection goes on */
    assert_true(was_said(3, CARRY_ADAPTER_UP, "xa", REASON_NONE));
    assert_int_equal(carry->to_adapters, 1);
}

static void a_full_line_holds_frames_up_and_drops_none(void **state)
{
    (void)state;
    struct carry *carry = open_carry();
    fixture.up.answer = REASON_BUSY;
    assert_false(from_adapter("xa", 1, "one"));
    assert_false(from_adapter("xa", 1, "one"));
    fixture.up.answer = REASON_NONE;
    assert_true(from_adapter("xa", 1, "one"));
    assert_int_equal(fixture.up.count, 1);
    assert_int_equal(fixture.said_count, 1);
    assert_int_equal(carry->to_gateway, 0);
    fixture.up.answer = REASON_BUSY; /* held, and then the line is lost: not for ever */
    assert_false(from_adapter("xa", 1, "two"));
    carry_line_down(carry);
    assert_true(from_adapter("xa", 1, "two"));
    assert_int_equal(carry->to_gateway, 1);
}

static void nobody_passes_whom_the_registry_does_not_name(void **state)
{
    (void)state;
    struct carry *carry = open_carry();
    const struct key left = key_of("xb");
    assert_true(from_adapter("xa", 1, "hello"));
    assert_true(from_adapter("xb", 2, "hello"));
    carry_set_participants(carry, &left, 1);
    assert_true(was_said(2, CARRY_ADAPTER_DOWN, "xa", REASON_LINK_REFUSED));
    assert_int_equal(fixture.said_count, 3);
    assert_true(from_adapter("xa", 1, "more"));
    from_gateway("xa", "more");
    from_gateway("stranger", "more");
    assert_int_equal(fixture.up.count, 2);
    assert_int_equal(fixture.down.count, 0);
    from_gateway("xb", "more"); /* who stays keeps its connection */
    assert_int_equal(fixture.down.count, 1);
    assert_int_equal(carry->to_gateway, 1);
    assert_int_equal(carry->to_adapters, 2);
}

static void dropped_frames_are_told_of_together(void **state)
{
    (void)state;
    struct carry *carry = open_carry();
    carry_tick(carry, (mono_t){100000});
    for (int i = 0; i < 100; i++)
        from_gateway("xa", "nobody there");
    int64_t now_ms = 100000;
    for (; fixture.said_count == 0; now_ms += 100)
        carry_tick(carry, (mono_t){now_ms});
    assert_in_range(now_ms - 100000, CARRY_GATHER_MS, CARRY_GATHER_MS + 200);
    assert_true(was_said(0, CARRY_FRAMES_DROPPED, "", REASON_NONE));
    assert_int_equal(fixture.said[0].to_adapters, 100);
    for (int64_t end_ms = now_ms + CARRY_TELL_MS / 2; now_ms < end_ms; now_ms += 100) {
        from_gateway("xa", "still nobody");
        carry_tick(carry, (mono_t){now_ms});
    }
    assert_int_equal(fixture.said_count, 1);
    for (int64_t end_ms = now_ms + CARRY_TELL_MS; now_ms < end_ms; now_ms += 100)
        carry_tick(carry, (mono_t){now_ms});
    assert_int_equal(fixture.said_count, 2);
    assert_int_equal(fixture.said[1].to_adapters, CARRY_TELL_MS / 2 / 100);
}

/* Whoever has had more than its share of the line waits; nobody waits with it. */
static void the_line_is_shared(void **state)
{
    (void)state;
    struct carry *carry = open_carry();
    static uint8_t large[FRAME_BYTES_MAX];
    const struct key loud = key_of("xa"), quiet = key_of("xb");
    mono_t now = {100000};
    assert_true(carry_may(carry, &loud, now));
    fixture.up.answer = REASON_LINK_LOST; /* dropped, and counted all the same */
    assert_true(carry_from_adapter(carry, &loud, 1, (struct bytes){large, sizeof large}));
    assert_false(carry_may(carry, &loud, now));
    assert_true(carry_may(carry, &quiet, now));
    int wait_ms = carry_wait_ms(carry, now, 500);
    assert_in_range(wait_ms, 1, FRAME_BYTES_MAX / CARRY_BYTES_PER_MS);
    assert_false(carry_may(carry, &loud, (mono_t){now.ms + wait_ms / 2}));
    assert_true(carry_may(carry, &loud, (mono_t){now.ms + wait_ms}));
    assert_int_equal(carry_wait_ms(carry, (mono_t){now.ms + wait_ms}, 500), 500);
}

/* Frames of one that the gateway does not answer: how many of so many are passed on. */
static size_t passed(const char *participant, size_t count)
{
    size_t before = fixture.carry.moved;
    for (size_t i = 0; i < count; i++) {
        assert_true(from_adapter(participant, 1, "more"));
        fixture.up.count = 0;
    }
    return fixture.carry.moved - before;
}

/* A gateway with a newer registry says nothing to whom it has dropped: that one is held, so that
 * the line of all is not cut for its flood. A word of the gateway ends it. */
static void who_is_not_answered_is_held(void **state)
{
    (void)state;
    struct carry *carry = open_carry();
    const struct key dropped = key_of("xa");
    mono_t now = {200000};
    (void)carry_may(carry, &dropped, now);
    assert_int_equal(passed("xa", LINK_UNANSWERED_MAX), LINK_UNANSWERED_MAX);
    assert_int_equal(passed("xa", 3), 0);
    assert_int_equal(passed("xb", 3), 3);
    (void)carry_may(carry, &dropped, (mono_t){now.ms + CARRY_HELD_MS});
    assert_int_equal(passed("xa", 3), 1);
    assert_int_equal(carry->to_gateway, 5); /* and it is told that they were dropped */
    from_gateway("xa", "welcome");
    assert_int_equal(passed("xa", 3), 3);
}

/* Connections that come and go without end: a few lines a second. */
static void renewals_without_end_are_few_lines(void **state)
{
    (void)state;
    struct carry *carry = open_carry();
    carry_tick(carry, (mono_t){100000});
    for (uint64_t connection = 1; connection <= FRAMES_MAX / 2; connection++)
        assert_true(from_adapter("xa", connection, "hello"));
    assert_int_equal(fixture.said_count, CARRY_LINES_PER_S);
    carry_tick(carry, (mono_t){101000});
    assert_true(from_adapter("xa", FRAMES_MAX, "hello"));
    assert_int_equal(fixture.said_count, CARRY_LINES_PER_S + 1);
}

static void as_many_are_carried_as_the_bound_says(void **state)
{
    (void)state;
    struct carry *carry = open_carry();
    struct key keys[CARRIED_MAX];
    for (int i = 0; i < CARRIED_MAX; i++)
        (void)snprintf(memset(&keys[i], 0, sizeof keys[i]), sizeof keys[i], "p%03d",
                       (i * 37) % CARRIED_MAX);
    carry_set_participants(carry, keys, CARRIED_MAX);
    for (int i = 0; i < CARRIED_MAX; i++)
        assert_true(from_adapter(keys[i].text, (uint64_t)i + 1, "hello"));
    assert_int_equal(connected(carry), CARRIED_MAX);
    carry_line_down(carry);
    assert_int_equal(fixture.down.goodbyes, CARRIED_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_pass_both_ways_with_their_names),
        cmocka_unit_test(a_lost_line_is_told_to_every_adapter_once),
        cmocka_unit_test(a_lost_adapter_is_told_to_the_gateway_once),
        cmocka_unit_test(an_adapter_with_a_full_queue_is_cut_off),
        cmocka_unit_test(a_full_line_holds_frames_up_and_drops_none),
        cmocka_unit_test(nobody_passes_whom_the_registry_does_not_name),
        cmocka_unit_test(dropped_frames_are_told_of_together),
        cmocka_unit_test(the_line_is_shared),
        cmocka_unit_test(who_is_not_answered_is_held),
        cmocka_unit_test(renewals_without_end_are_few_lines),
        cmocka_unit_test(as_many_are_carried_as_the_bound_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
