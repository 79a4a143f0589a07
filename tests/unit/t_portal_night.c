/* Commands in a night with a maintenance window from 22:00 to 23:30: nothing is asked in it, and
 * they go on after it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/played_clock.h"
#include "tests/unit/portal_command_play.h"

#define WINDOW "22:00-23:30"
enum { WINDOW_MINUTES = 90, PATIENCE_SECONDS = 60 };

struct night {
    struct play play;
    struct played_clock clock;
    struct portal_windows windows;
    uint64_t closes_after; /* so many dossiers sent, it is ten o'clock; 0: not by this */
    size_t requests;       /* when the window was last seen closed */
    size_t pauses;         /* calls of watch with a pause shown */
    bool asked_in_window;
};

static void look(struct night *night, int64_t paused_until_ms)
{
    wall_t now = {night->clock.now_ms};
    size_t requests = scripted_server_requests(night->play.server);
    if (portal_windows_wait_ms(&night->windows, now) == 0) {
        night->requests = requests;
        return;
    }
    night->asked_in_window = night->asked_in_window || requests != night->requests;
    night->pauses +=
        paused_until_ms == TEN_IN_THE_EVENING_MS + (int64_t)WINDOW_MINUTES * PLAYED_MINUTE_MS;
}

static bool watch_night(void *context, const struct portal_load_figures *figures)
{
    struct night *night = context;
    look(night, figures->paused_until_ms);
    if (night->closes_after != 0 && figures->sent == night->closes_after) {
        night->closes_after = 0;
        night->clock.now_ms = TEN_IN_THE_EVENING_MS;
    }
    return true;
}

static bool watch_comparison(void *context, const struct portal_reconcile_figures *figures)
{
    look(context, figures->paused_until_ms);
    return true;
}

static void begin_night(struct night *night, int64_t minutes)
{
    assert_true(portal_windows_parse(WINDOW, &night->windows));
    played_clock_init(&night->clock, minutes);
    begin(&night->play, "adapters/portal/provincial.jq");
}

/* It waited to the end of the window, asked nothing in it, and said so. */
static void end_night(struct night *night)
{
    assert_false(night->asked_in_window);
    assert_true(night->pauses > 0);
    assert_in_range(night->clock.now_ms,
                    TEN_IN_THE_EVENING_MS + (int64_t)WINDOW_MINUTES * PLAYED_MINUTE_MS,
                    TEN_IN_THE_EVENING_MS + (int64_t)(WINDOW_MINUTES + 1) * PLAYED_MINUTE_MS);
    end(&night->play);
}

#define DOSSIER(number) "{\"code\":\"A-261125-000" number "\",\"state\":4}\n"
#define SESSION         "{\"session\":\"S1\",\"error_code\":\"0\"}"
#define TAKEN           "{\"error_code\":\"0\",\"result\":[{\"error_code\":\"0\"}]}"
#define NONE            "{\"error_code\":\"0\",\"result\":[]}"

static enum reason load(struct night *night, const char *lines, struct portal_load_figures *figures)
{
    char path[300];
    write_lines(&night->play, lines, path);
    struct portal_load_options options = load_options(&night->play, path);
    options.batch = 1;
    options.patience_seconds = PATIENCE_SECONDS;
    options.windows = night->windows;
    options.clock = &night->clock.clock;
    options.watch = watch_night;
    options.context = night;
    return portal_load(&options, figures);
}

static void a_load_that_begins_in_a_window_goes_on_after_it(void **state)
{
    struct night night = {.closes_after = 0};
    struct portal_load_figures figures;
    (void)state;
    says(&night.play, SESSION);
    says(&night.play, TAKEN);
    begin_night(&night, 10);
    assert_int_equal(load(&night, DOSSIER("1"), &figures), REASON_NONE);
    assert_int_equal(figures.sent, 1);
    assert_int_equal(figures.paused_until_ms, 0);
    assert_int_equal(scripted_server_requests(night.play.server), 2);
    end_night(&night);
}

/* Between two batches; neither is sent twice. */
static void a_load_that_is_interrupted_by_a_window_goes_on_after_it(void **state)
{
    struct night night = {.closes_after = 1};
    struct portal_load_figures figures;
    (void)state;
    says(&night.play, SESSION);
    says(&night.play, TAKEN);
    says(&night.play, TAKEN);
    begin_night(&night, -10);
    assert_int_equal(load(&night, DOSSIER("1") DOSSIER("2"), &figures), REASON_NONE);
    assert_int_equal(figures.sent, 2);
    assert_int_equal(scripted_server_requests(night.play.server), 3);
    assert_true(asked(&night.play, 2, "A-261125-0002"));
    end_night(&night);
}

/* The portal fails a moment before ten: the next attempt is at half past eleven, and the window has
 * not used up any patience. */
static void an_attempt_after_a_failure_keeps_to_the_window(void **state)
{
    struct night night = {.closes_after = 0};
    struct portal_load_figures figures;
    (void)state;
    says(&night.play, SESSION);
    says(&night.play, "{\"error_code\":\"99\"}");
    says(&night.play, "{\"error_code\":\"99\"}");
    says(&night.play, NONE);
    says(&night.play, TAKEN);
    begin_night(&night, 0);
    night.clock.now_ms -= 1;
    assert_int_equal(load(&night, DOSSIER("1"), &figures), REASON_NONE);
    assert_int_equal(figures.sent, 1);
    end_night(&night);
}

static void a_comparison_goes_on_after_a_window(void **state)
{
    struct night night = {.closes_after = 0};
    struct portal_reconcile_figures figures;
    json_t *facts = json_pack("{s:s, s:i}", "code", CODE, "state", 4);
    (void)state;
    says(&night.play, SESSION);
    says(&night.play,
         "{\"error_code\":\"0\",\"result\":[{\"MaHoSo\":\"" CODE "\",\"TrangThaiHoSo\":\"4\"}]}");
    says(&night.play, NONE);
    begin_night(&night, 10);
    assert_int_equal(portal_ledger_put_dossier(night.play.ledger, CODE, PORTAL_PRESENT, facts,
                                               (wall_t){night.clock.now_ms}),
                     REASON_NONE);
    json_decref(facts);
    struct portal_reconcile_options options = {.ledger = night.play.ledger,
                                               .client = night.play.client,
                                               .windows = night.windows,
                                               .to = {INT64_C(1) << 42},
                                               .batch = 50,
                                               .watch = watch_comparison,
                                               .context = &night,
                                               .clock = &night.clock.clock};
    assert_int_equal(portal_reconcile(&options, &figures), REASON_NONE);
    assert_int_equal(figures.equal, 1);
    assert_int_equal(scripted_server_requests(night.play.server), 3);
    end_night(&night);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_load_that_begins_in_a_window_goes_on_after_it),
        cmocka_unit_test(a_load_that_is_interrupted_by_a_window_goes_on_after_it),
        cmocka_unit_test(an_attempt_after_a_failure_keeps_to_the_window),
        cmocka_unit_test(a_comparison_goes_on_after_a_window),
    };
    return cmocka_run_group_tests_name("portal_night", tests, NULL, NULL);
}
