/* What commands do with a portal that a script plays: the first load, the comparison. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <time.h>

#include "tests/unit/portal_command_play.h"

/* ---- the first load -------------------------------------------------------------------------- */

#define LINE                                                                                       \
    "{\"code\":\"" CODE "\",\"state\":4,\"received_ms\":1764000000000,\"procedure\":{\"code\":"    \
    "\"1.011443\"},\"owner\":{\"name\":\"Mẫu\"},\"agency\":{\"key\":\"stnmt\"}}\n"

/* A portal that takes a new dossier only in its first state, under a number of its own. */
static void a_load_tells_the_state_and_keeps_the_number(void **state)
{
    struct play play = {.watched = 0};
    struct portal_load_figures figures;
    struct portal_dossier dossier;
    char path[300];
    (void)state;
    says(&play, "{\"access_token\":\"T\"}");
    says(&play, "{\"error_code\":\"0\",\"result\":{\"IdHoSo\":\"77\"}}");
    says(&play, "{\"error_code\":\"0\",\"result\":[{\"MaHoSo\":\"" CODE
                "\",\"IdHoSo\":\"77\",\"TrangThaiHoSo\":\"2\"}]}");
    says(&play, "{\"error_code\":\"0\",\"result\":[{\"error_code\":\"0\"}]}");
    begin(&play, "adapters/portal/ministry.jq");
    write_lines(&play, LINE, path);
    struct portal_load_options options = load_options(&play, path);
    options.batch = 1;
    assert_int_equal(portal_load(&options, &figures), REASON_NONE);
    assert_int_equal(figures.sent, 1);
    assert_int_equal(scripted_server_requests(play.server), 4);
    assert_true(asked(&play, 3, "CapNhatTrangThai"));
    assert_true(asked(&play, 3, "\"IdHoSo\":\"77\""));
    assert_true(asked(&play, 3, "\"TrangThai\":4"));
    assert_int_equal(portal_ledger_dossier(play.ledger, CODE, &dossier), REASON_NONE);
    assert_int_equal(dossier.presence, PORTAL_PRESENT);
    assert_string_equal(portal_fact_text(dossier.facts, "portal_id"), "77");
    json_decref(dossier.facts);
    end(&play);
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

#define THERE(code)                                                                                \
    "{\"error_code\":\"0\",\"result\":[{\"MaHoSo\":\"" code "\",\"TrangThaiHoSo\":\"4\"}]}"

/* Nothing of it is new to the portal, which is asked all the same. */
static void the_rate_bounds_what_is_only_looked_up(void **state)
{
    struct play play = {.watched = 0};
    struct portal_load_figures figures;
    char path[300];
    (void)state;
    says(&play, "{\"session\":\"S1\",\"error_code\":\"0\"}");
    for (int i = 0; i < 2; i++) {
        says(&play, "{\"error_code\":\"11\",\"result\":null}");
        says(&play, i == 0 ? THERE("A-261125-0001") : THERE("A-261125-0002"));
    }
    begin(&play, "adapters/portal/provincial.jq");
    write_lines(&play,
                "{\"code\":\"A-261125-0001\",\"state\":4}\n"
                "{\"code\":\"A-261125-0002\",\"state\":4}\n",
                path);
    struct portal_load_options options = load_options(&play, path);
    options.rate = options.batch = 1;
    int64_t began = now_ms();
    assert_int_equal(portal_load(&options, &figures), REASON_NONE);
    assert_int_equal(figures.present, 2);
    assert_true(now_ms() - began >= 1000);
    end(&play);
}

static bool stop_load(void *context, const struct portal_load_figures *figures)
{
    (void)context;
    (void)figures;
    return false;
}

/* Lines with nothing to send do not keep the ledger, which the adapter writes too. */
static void a_long_file_is_read_in_pieces(void **state)
{
    enum { LINES = 5000 };
    static char lines[2 * LINES + 1];
    struct play play = {.watched = 0};
    struct portal_load_figures figures;
    char path[300];
    (void)state;
    for (size_t i = 0; i < LINES; i++)
        memcpy(lines + 2 * i, "x\n", 2);
    says(&play, "{}");
    begin(&play, "adapters/portal/provincial.jq");
    write_lines(&play, lines, path);
    struct portal_load_options options = load_options(&play, path);
    options.watch = stop_load;
    assert_int_equal(portal_load(&options, &figures), REASON_SHUTDOWN);
    assert_in_range(figures.lines, 1, LINES / 2);
    assert_int_equal(figures.faulty, figures.lines);
    assert_int_equal(figures.faults[1].line, 2);
    uint64_t before = figures.lines;
    options.watch = watch_load;
    assert_int_equal(portal_load(&options, &figures), REASON_NONE);
    assert_in_range(figures.lines, LINES / 2, LINES - 1); /* from where it was stopped */
    assert_int_equal(figures.faults[0].line, before + 1); /* of the file, not of the run */
    end(&play);
}

/* Longer than a line may be, and still one: the next fault has the number that an editor shows. */
static void a_line_that_is_too_long_counts_once(void **state)
{
    static char lines[2 * PORTAL_LOAD_LINE_BYTES_MAX];
    struct play play = {.watched = 0};
    struct portal_load_figures figures;
    char path[300];
    (void)state;
    memset(lines, ' ', sizeof lines - 1);
    memcpy(lines + sizeof lines - 4, "\nx\n", 4);
    says(&play, "{}");
    begin(&play, "adapters/portal/provincial.jq");
    write_lines(&play, lines, path);
    struct portal_load_options options = load_options(&play, path);
    assert_int_equal(portal_load(&options, &figures), REASON_NONE);
    assert_int_equal(figures.lines, 2);
    assert_int_equal(figures.faulty, 2);
    assert_int_equal(figures.faults[1].line, 2);
    end(&play);
}

#define TYPED(number, owner)                                                                       \
    "{\"code\":\"A-261125-000" number "\",\"state\":4,\"owner\":" owner "}\n"
#define GOOD           "{\"name\":\"Mẫu\"}"
#define ANSWERS(items) "{\"error_code\":\"0\",\"result\":[" items "]}"
#define YES            "{\"error_code\":\"0\"}"

/* Among others in one request, which cannot be made because of it; then mended. */
static void a_line_of_wrong_types_is_passed_over_and_named(void **state)
{
    struct play play = {.watched = 0};
    struct portal_load_figures figures;
    struct portal_dossier dossier;
    enum portal_outcome outcome;
    enum reason reason;
    char path[300];
    (void)state;
    says(&play, "{\"session\":\"S1\",\"error_code\":\"0\"}");
    says(&play, ANSWERS("")); /* none is there */
    says(&play, ANSWERS(YES "," YES));
    says(&play, ANSWERS(YES));
    begin(&play, "adapters/portal/provincial.jq");
    write_lines(&play, TYPED("1", GOOD) TYPED("2", "\"Mẫu\"") TYPED("3", GOOD), path);
    struct portal_load_options options = load_options(&play, path);
    assert_int_equal(portal_load(&options, &figures), REASON_NONE);
    assert_int_equal(figures.sent, 2);
    assert_int_equal(figures.faulty, 1);
    assert_int_equal(figures.faults[0].line, 2);
    assert_int_equal(figures.faults[0].reason, REASON_FIELD_INVALID);
    assert_string_equal(figures.faults[0].field, "owner");
    assert_string_equal(figures.faults[0].code, "A-261125-0002");
    assert_int_equal(portal_ledger_dossier(play.ledger, "A-261125-0002", &dossier),
                     REASON_NOT_FOUND);
    assert_int_equal(portal_ledger_outcome(play.ledger, "load:A-261125-0002", &outcome, &reason),
                     REASON_NONE);
    assert_int_equal(outcome, PORTAL_REFUSED);
    write_lines(&play, TYPED("1", GOOD) TYPED("2", GOOD) TYPED("3", GOOD), path);
    assert_int_equal(portal_load(&options, &figures), REASON_NONE);
    assert_int_equal(figures.sent, 1);
    assert_int_equal(figures.present, 2);
    assert_int_equal(figures.faulty, 0);
    assert_int_equal(portal_ledger_outcome(play.ledger, "load:A-261125-0002", &outcome, &reason),
                     REASON_NONE);
    assert_int_equal(outcome, PORTAL_ACCEPTED);
    end(&play);
}

/* Within lists too, and by what an update alone says; a value is never named. */
static void the_field_is_named_wherever_it_is(void **state)
{
    static const struct {
        const char *more, *field;
    } cases[] = {
        {"\"due_ms\":\"soon\"", "due_ms"},
        {"\"owner\":{\"name\":\"Mẫu\"},\"fees\":7", "fees"},
        {"\"supplements\":[{},{\"received_ms\":\"Mẫu\"}]", "supplements[2].received_ms"},
        {"\"results\":[{\"files\":[\"Mẫu\"]}]", "results[1].files[1]"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct play play = {.watched = 0};
        struct portal_load_figures figures;
        char path[300], line[256];
        says(&play, "{}");
        begin(&play, "adapters/portal/provincial.jq");
        (void)snprintf(line, sizeof line, "{\"code\":\"A-261125-0001\",\"state\":4,%s}\n",
                       cases[i].more);
        write_lines(&play, line, path);
        struct portal_load_options options = load_options(&play, path);
        assert_int_equal(portal_load(&options, &figures), REASON_NONE);
        assert_int_equal(figures.faulty, 1);
        assert_string_equal(figures.faults[0].field, cases[i].field);
        end(&play);
    }
    (void)state;
}

/* Then no line is at fault: it stops, and the next run goes on. */
static void a_mapping_that_fails_on_everything_blames_no_line(void **state)
{
    struct play play = {.watched = 0};
    struct portal_load_figures figures;
    struct portal_dossier dossier;
    char path[300];
    (void)state;
    says(&play, "{}");
    begin_with(&play, bytes_of_text("if .service == \"create\" then error(\"no\") else null end"));
    write_lines(&play, TYPED("1", GOOD), path);
    struct portal_load_options options = load_options(&play, path);
    options.patience_seconds = 0;
    assert_int_equal(portal_load(&options, &figures), REASON_OFFICE_UNKNOWN);
    assert_int_equal(figures.faulty, 0);
    assert_int_equal(portal_ledger_dossier(play.ledger, "A-261125-0001", &dossier), REASON_NONE);
    assert_int_equal(dossier.presence, PORTAL_LOADING);
    json_decref(dossier.facts);
    end(&play);
}

/* ---- the comparison -------------------------------------------------------------------------- */

enum { LISTED = 500, LISTED_BYTES = 64 * 1024, WATCHES_MAX = 50 };

static bool watch_comparison(void *context, const struct portal_reconcile_figures *figures)
{
    struct play *play = context;
    (void)figures;
    return ++play->watched < WATCHES_MAX;
}

/* A whole page of dossiers that are not ours. */
static char *listing(void)
{
    char *body = calloc(1, LISTED_BYTES);
    assert_non_null(body);
    size_t size = (size_t)snprintf(body, LISTED_BYTES, "{\"error_code\":\"0\",\"result\":[");
    for (int i = 0; i < LISTED; i++)
        size += (size_t)snprintf(body + size, LISTED_BYTES - size,
                                 "%s{\"MaHoSo\":\"A-261125-%04d\",\"TrangThaiHoSo\":\"4\"}",
                                 i == 0 ? "" : ",", i);
    (void)snprintf(body + size, LISTED_BYTES - size, "]}");
    return body;
}

/* It does not look at where we are in its list: the same page comes for ever. */
static void a_list_that_does_not_go_on_is_at_its_end(void **state)
{
    struct play play = {.watched = 0};
    struct portal_reconcile_figures figures;
    char *body = listing();
    (void)state;
    says(&play, "{\"session\":\"S1\",\"error_code\":\"0\"}");
    while (play.reply_count < REPLIES_MAX)
        says(&play, body);
    begin(&play, "adapters/portal/provincial.jq");
    struct portal_reconcile_options options = {.ledger = play.ledger,
                                               .client = play.client,
                                               .to = {INT64_C(1) << 42},
                                               .batch = 50,
                                               .watch = watch_comparison,
                                               .context = &play};
    assert_int_equal(portal_reconcile(&options, &figures), REASON_NONE);
    assert_int_equal(figures.extra, LISTED);
    assert_int_equal(scripted_server_requests(play.server), 3);
    free(body);
    end(&play);
}

static bool watch_pause(void *context, const struct portal_reconcile_figures *figures)
{
    struct play *play = context;
    play->paused_until_ms = figures->paused_until_ms;
    return ++play->watched < 2;
}

/* Every minute of the day is in a window: nothing is asked, and told to end it ends. */
static void nothing_is_compared_while_the_portal_is_closed(void **state)
{
    struct play play = {.watched = 0};
    struct portal_reconcile_figures figures;
    (void)state;
    says(&play, "{\"session\":\"S1\",\"error_code\":\"0\"}");
    says(&play, ANSWERS(""));
    begin(&play, "adapters/portal/provincial.jq");
    struct portal_reconcile_options options = {.ledger = play.ledger,
                                               .client = play.client,
                                               .to = {INT64_C(1) << 42},
                                               .batch = 50,
                                               .watch = watch_pause,
                                               .context = &play};
    play.watched = 1 - LISTED; /* it may look often: it is not told to end by us */
    assert_int_equal(portal_reconcile(&options, &figures), REASON_NONE);
    assert_int_equal(scripted_server_requests(play.server), 2);
    assert_true(portal_windows_parse("00:00-12:00 12:00-24:00", &options.windows));
    play.watched = 0;
    assert_int_equal(portal_reconcile(&options, &figures), REASON_SHUTDOWN);
    assert_int_equal(scripted_server_requests(play.server), 2);
    assert_int_not_equal(play.paused_until_ms, 0);
    end(&play);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_load_tells_the_state_and_keeps_the_number),
        cmocka_unit_test(the_rate_bounds_what_is_only_looked_up),
        cmocka_unit_test(a_long_file_is_read_in_pieces),
        cmocka_unit_test(a_line_that_is_too_long_counts_once),
        cmocka_unit_test(a_line_of_wrong_types_is_passed_over_and_named),
        cmocka_unit_test(the_field_is_named_wherever_it_is),
        cmocka_unit_test(a_mapping_that_fails_on_everything_blames_no_line),
        cmocka_unit_test(a_list_that_does_not_go_on_is_at_its_end),
        cmocka_unit_test(nothing_is_compared_while_the_portal_is_closed),
    };
    return cmocka_run_group_tests_name("portal_commands", tests, NULL, NULL);
}
