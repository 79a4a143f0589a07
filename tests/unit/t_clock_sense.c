/* When the wall clock is believed, and what time it is when it is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "gateway/custody/clock_sense.h"
#include "proto/base/limits.h"

#define DAY_MS    (INT64_C(24) * 60 * 60 * 1000)
#define HOUR_MS   (INT64_C(60) * 60 * 1000)
#define JUMP_MS   (400 * DAY_MS)
#define BASE_WALL INT64_C(1795500000000)

enum { QUORUM = 2, LOOK_MS = 500 };

struct clocks {
    struct clock_sense sense;
    int64_t mono_ms;
    int64_t step_ms; /* how far the wall clock was set off */
};

static wall_t true_time(const struct clocks *clocks)
{
    return (wall_t){BASE_WALL + clocks->mono_ms};
}

static wall_t shown(const struct clocks *clocks)
{
    return (wall_t){true_time(clocks).ms + clocks->step_ms};
}

static bool look(struct clocks *clocks)
{
    return clock_look(&clocks->sense, (mono_t){clocks->mono_ms}, shown(clocks));
}

static int64_t time_of(const struct clocks *clocks)
{
    return clock_time(&clocks->sense, (mono_t){clocks->mono_ms}, shown(clocks)).ms;
}

static struct clocks started(int64_t last_known_ms, int64_t step_ms)
{
    struct clocks clocks = {.mono_ms = 1000, .step_ms = step_ms};
    clock_start(&clocks.sense, (wall_t){last_known_ms}, QUORUM);
    (void)look(&clocks);
    return clocks;
}

static void pass(struct clocks *clocks, int64_t ms)
{
    for (int64_t passed = 0; passed < ms; passed += LOOK_MS) {
        clocks->mono_ms += LOOK_MS;
        (void)look(clocks);
    }
}

static void a_jump_of_an_hour_changes_no_time(void **state)
{
    (void)state;
    static const int64_t jumps[] = {JUMP_MS, -JUMP_MS, 10 * 60 * 1000, -10 * 60 * 1000};
    for (size_t i = 0; i < sizeof jumps / sizeof *jumps; i++) {
        struct clocks clocks = started(0, 0);
        pass(&clocks, 10 * LOOK_MS);
        clocks.step_ms = jumps[i];
        assert_int_equal(time_of(&clocks), true_time(&clocks).ms); /* also before the next look */
        clocks.mono_ms += LOOK_MS;
        assert_true(look(&clocks));
        assert_int_equal(clocks.sense.state, CLOCK_STEPPED);
        for (int minute = 0; minute < 60; minute++) {
            pass(&clocks, 60 * 1000);
            assert_true(clock_in_doubt(&clocks.sense));
            assert_int_equal(time_of(&clocks), true_time(&clocks).ms);
        }
        clocks.step_ms = 0;
        assert_true(look(&clocks));
        assert_int_equal(clocks.sense.state, CLOCK_TRUSTED);
        assert_int_equal(time_of(&clocks), true_time(&clocks).ms);
    }
}

static void small_corrections_are_followed(void **state)
{
    (void)state;
    struct clocks clocks = started(0, 0);
    for (int i = 0; i < 100; i++) {
        clocks.step_ms += i % 2 == 0 ? 900 : -400;
        pass(&clocks, LOOK_MS);
        assert_int_equal(clocks.sense.state, CLOCK_TRUSTED);
        assert_int_equal(time_of(&clocks), shown(&clocks).ms);
    }
}

static void one_peer_ends_no_doubt_and_two_do(void **state)
{
    (void)state;
    struct clocks clocks = started(0, 0);
    clocks.step_ms = JUMP_MS;
    pass(&clocks, LOOK_MS);
    assert_false(clock_hear(&clocks.sense, (mono_t){clocks.mono_ms}, 5, 0)); /* not heard out yet */
    pass(&clocks, CLOCK_HEARING_MS);
    assert_false(clock_hear(&clocks.sense, (mono_t){clocks.mono_ms}, 1, 0));
    assert_false(clock_hear(&clocks.sense, (mono_t){clocks.mono_ms}, 3, 3));
    assert_true(clock_hear(&clocks.sense, (mono_t){clocks.mono_ms}, 3, 2));
    assert_int_equal(clocks.sense.state, CLOCK_TRUSTED);
    assert_int_equal(time_of(&clocks), shown(&clocks).ms); /* what it shows now is right */
    pass(&clocks, LOOK_MS);
    assert_int_equal(clocks.sense.state, CLOCK_TRUSTED);
}

static void it_settles_in_a_day_unless_most_differ(void **state)
{
    (void)state;
    struct clocks clocks = started(0, 0);
    clocks.step_ms = HOUR_MS;
    pass(&clocks, LOOK_MS);
    clocks.mono_ms += CLOCK_SETTLED_MS - LOOK_MS;
    (void)look(&clocks);
    assert_false(clock_hear(&clocks.sense, (mono_t){clocks.mono_ms}, 0, 0));
    clocks.mono_ms += LOOK_MS;
    (void)look(&clocks);
    assert_false(clock_hear(&clocks.sense, (mono_t){clocks.mono_ms}, 0, 1));
    assert_true(clock_hear(&clocks.sense, (mono_t){clocks.mono_ms}, 0, 0));
}

static void a_restart_in_the_jump_is_noticed(void **state)
{
    (void)state;
    struct clocks back = started(BASE_WALL, -JUMP_MS);
    assert_int_equal(back.sense.state, CLOCK_BEHIND);
    assert_true(time_of(&back) >= BASE_WALL); /* time does not run backwards */
    back.step_ms = 0;
    pass(&back, LOOK_MS);
    assert_int_equal(back.sense.state, CLOCK_TRUSTED);
    struct clocks ahead = started(BASE_WALL, JUMP_MS);
    assert_int_equal(ahead.sense.state, CLOCK_AHEAD);
    ahead.step_ms = 0;
    pass(&ahead, LOOK_MS);
    assert_int_equal(ahead.sense.state, CLOCK_TRUSTED);
    struct clocks same = started(BASE_WALL, 0);
    assert_int_equal(same.sense.state, CLOCK_TRUSTED);
}

static void most_peers_outvote_a_clock(void **state)
{
    (void)state;
    struct clocks clocks = started(0, JUMP_MS); /* wrong from the first start on */
    assert_int_equal(clocks.sense.state, CLOCK_TRUSTED);
    assert_false(clock_hear(&clocks.sense, (mono_t){clocks.mono_ms}, 0, 1)); /* one cannot */
    assert_true(clock_hear(&clocks.sense, (mono_t){clocks.mono_ms}, 0, 3));
    assert_int_equal(clocks.sense.state, CLOCK_OUTVOTED);
    pass(&clocks, HOUR_MS);
    assert_int_equal(clocks.sense.state, CLOCK_OUTVOTED);
    clocks.step_ms = 0;
    pass(&clocks, CLOCK_HEARING_MS + LOOK_MS);
    assert_true(clock_hear(&clocks.sense, (mono_t){clocks.mono_ms}, 3, 0));
}

static void voices_age_and_are_compared(void **state)
{
    (void)state;
    struct clocks clocks = started(0, 0);
    struct clock_voice voice = {0};
    uint32_t agreeing = 0;
    uint32_t differing = 0;
    mono_t now = {clocks.mono_ms};
    clock_voice_count(&voice, &clocks.sense, now, &agreeing, &differing);
    assert_int_equal(agreeing + differing, 0);
    clock_voice_say(&voice, now, (wall_t){shown(&clocks).ms + CLOCK_SKEW_MAX_MS});
    clock_voice_count(&voice, &clocks.sense, now, &agreeing, &differing);
    assert_int_equal(agreeing, 1);
    clock_voice_say(&voice, now, (wall_t){shown(&clocks).ms - CLOCK_SKEW_MAX_MS - 1});
    clock_voice_count(&voice, &clocks.sense, now, &agreeing, &differing);
    assert_int_equal(differing, 1);
    now.ms += CLOCK_VOICE_MS + 1;
    clock_voice_count(&voice, &clocks.sense, now, &agreeing, &differing);
    assert_int_equal(agreeing + differing, 2);
}

static void an_operator_ends_it(void **state)
{
    (void)state;
    struct clocks clocks = started(0, 0);
    clocks.step_ms = HOUR_MS;
    pass(&clocks, LOOK_MS);
    assert_true(clock_accept(&clocks.sense, (mono_t){clocks.mono_ms}));
    assert_false(clock_accept(&clocks.sense, (mono_t){clocks.mono_ms}));
    assert_int_equal(clocks.sense.state, CLOCK_TRUSTED);
    assert_int_equal(time_of(&clocks), shown(&clocks).ms);
    assert_false(look(&clocks));
}

/* Against a majority as well, until the clock steps again. */
static void an_operator_is_not_outvoted(void **state)
{
    (void)state;
    struct clocks clocks = started(0, 0);
    mono_t now = {clocks.mono_ms};
    assert_true(clock_hear(&clocks.sense, now, 0, QUORUM + 1));
    assert_int_equal(clocks.sense.state, CLOCK_OUTVOTED);
    assert_true(clock_accept(&clocks.sense, now));
    pass(&clocks, HOUR_MS);
    now.ms = clocks.mono_ms;
    assert_false(clock_hear(&clocks.sense, now, 0, QUORUM + 1));
    assert_int_equal(clocks.sense.state, CLOCK_TRUSTED);
    clocks.step_ms = JUMP_MS;
    pass(&clocks, LOOK_MS);
    assert_int_equal(clocks.sense.state, CLOCK_STEPPED);
    clocks.step_ms = 0;
    pass(&clocks, LOOK_MS);
    now.ms = clocks.mono_ms;
    assert_int_equal(clocks.sense.state, CLOCK_TRUSTED);
    assert_true(clock_hear(&clocks.sense, now, 0, QUORUM + 1));
}

static void only_what_a_date_decides_waits(void **state)
{
    (void)state;
    struct clocks clocks = started(0, 0);
    wall_t now = shown(&clocks);
    wall_t other = {now.ms + JUMP_MS};
    assert_int_equal(clock_temper(&clocks.sense, REASON_CERTIFICATE_EXPIRED, now, now),
                     REASON_CERTIFICATE_EXPIRED);
    /* Judged by a worker at another time than ours, a moment before we noticed. */
    assert_int_equal(clock_temper(&clocks.sense, REASON_CERTIFICATE_EXPIRED, other, now),
                     REASON_CLOCK_IN_DOUBT);
    clocks.step_ms = -JUMP_MS;
    pass(&clocks, LOOK_MS);
    assert_int_equal(clock_temper(&clocks.sense, REASON_CERTIFICATE_NOT_YET_VALID, now, now),
                     REASON_CLOCK_IN_DOUBT);
    assert_int_equal(clock_temper(&clocks.sense, REASON_SIGNATURE_WRONG, now, now),
                     REASON_SIGNATURE_WRONG);
    assert_int_equal(clock_temper(&clocks.sense, REASON_NONE, now, now), REASON_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_jump_of_an_hour_changes_no_time),
        cmocka_unit_test(small_corrections_are_followed),
        cmocka_unit_test(one_peer_ends_no_doubt_and_two_do),
        cmocka_unit_test(it_settles_in_a_day_unless_most_differ),
        cmocka_unit_test(a_restart_in_the_jump_is_noticed),
        cmocka_unit_test(most_peers_outvote_a_clock),
        cmocka_unit_test(voices_age_and_are_compared),
        cmocka_unit_test(an_operator_ends_it),
        cmocka_unit_test(an_operator_is_not_outvoted),
        cmocka_unit_test(only_what_a_date_decides_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
