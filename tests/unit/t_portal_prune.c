/* What the ledger lets go after years, and what it keeps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sqlite3.h>

#include "tests/unit/portal_command_play.h"

#define AT_MS     INT64_C(1764000000000)
#define YEAR_MS   (INT64_C(365) * 24 * 3600 * 1000)
#define BEFORE_MS (AT_MS + 2 * YEAR_MS)

struct fixture {
    struct scratch scratch;
    char path[300];
    struct portal_ledger *ledger;
};

static void open_ledger(struct fixture *fixture)
{
    assert_int_equal(portal_ledger_open(fixture->path, &fixture->ledger), REASON_NONE);
}

static void set_up(struct fixture *fixture)
{
    assert_true(scratch_open(&fixture->scratch));
    (void)snprintf(fixture->path, sizeof fixture->path, "%s/portal.sqlite",
                   fixture->scratch.folder);
    open_ledger(fixture);
}

static void tear_down(struct fixture *fixture)
{
    portal_ledger_close(&fixture->ledger);
    scratch_close(&fixture->scratch);
}

static void change(const char *path, const char *sql)
{
    sqlite3 *database;
    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    assert_int_equal(sqlite3_exec(database, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
}

static void put_event(struct portal_ledger *ledger, const char *code, const char *id,
                      enum portal_outcome outcome, int64_t at_ms)
{
    json_t *message = json_object();
    struct portal_row row = {.message_id = id,
                             .code = code,
                             .type = "transfer",
                             .service = PORTAL_RECORD,
                             .outcome = outcome,
                             .message = message};
    assert_int_equal(portal_ledger_put_event(ledger, &row, (wall_t){at_ms}), REASON_NONE);
    json_decref(message);
}

/* A dossier with one message that was accepted, equal at both sides. */
static void put(struct portal_ledger *ledger, const char *code, enum dossier_state state,
                int64_t at_ms)
{
    json_t *facts = json_pack("{s:s, s:i}", "code", code, "state", (int)state);
    assert_int_equal(
        portal_ledger_put_dossier(ledger, code, PORTAL_PRESENT, facts, (wall_t){at_ms}),
        REASON_NONE);
    json_decref(facts);
    put_event(ledger, code, code, PORTAL_ACCEPTED, at_ms);
    assert_int_equal(portal_ledger_mark_equal(ledger, code, (wall_t){at_ms}, (wall_t){at_ms + 1}),
                     REASON_NONE);
}

static bool has_message(struct portal_ledger *ledger, const char *id)
{
    enum portal_outcome outcome;
    enum reason reason;
    return portal_ledger_outcome(ledger, id, &outcome, &reason) == REASON_NONE;
}

static void prune(struct portal_ledger *ledger)
{
    bool is_more = true;
    for (int i = 0; i < 10 && is_more; i++)
        assert_int_equal(portal_ledger_prune(ledger, (wall_t){BEFORE_MS}, &is_more), REASON_NONE);
    assert_false(is_more);
}

static void what_is_over_loses_its_messages_and_keeps_its_row(void **state)
{
    struct fixture fixture;
    struct portal_dossier dossier;
    (void)state;
    set_up(&fixture);
    put(fixture.ledger, "A-251125-0001", DOSSIER_HANDED_OVER, AT_MS);
    put(fixture.ledger, "A-251125-0002", DOSSIER_NOT_ACCEPTED, AT_MS);
    prune(fixture.ledger);
    assert_false(has_message(fixture.ledger, "A-251125-0001"));
    assert_false(has_message(fixture.ledger, "A-251125-0002"));
    assert_int_equal(portal_ledger_dossier(fixture.ledger, "A-251125-0001", &dossier), REASON_NONE);
    assert_int_equal(dossier.presence, PORTAL_PRESENT);
    assert_int_equal(portal_fact_number(dossier.facts, "state"), DOSSIER_HANDED_OVER);
    json_decref(dossier.facts);
    tear_down(&fixture);
}

/* Each for one reason of its own. */
static void what_somebody_may_need_stays(void **state)
{
    struct fixture fixture;
    struct portal_difference_view differs = {.code = "B-251125-0005", .kind = PORTAL_TIME};
    (void)state;
    set_up(&fixture);
    struct portal_ledger *ledger = fixture.ledger;
    put(ledger, "B-251125-0001", DOSSIER_FINISHED, AT_MS);
    put(ledger, "B-251125-0002", DOSSIER_HANDED_OVER, AT_MS);
    put(ledger, "B-251125-0002", DOSSIER_HANDED_OVER, BEFORE_MS); /* its facts, and no message */
    put(ledger, "B-251125-0003", DOSSIER_HANDED_OVER, AT_MS);
    put_event(ledger, "B-251125-0003", "refused", PORTAL_REFUSED, AT_MS);
    put(ledger, "B-251125-0004", DOSSIER_HANDED_OVER, AT_MS);
    assert_int_equal(portal_ledger_ask_repair(ledger, "B-251125-0004", 0, 0, (wall_t){AT_MS}),
                     REASON_NONE);
    put(ledger, "B-251125-0005", DOSSIER_HANDED_OVER, AT_MS);
    assert_int_equal(portal_ledger_put_difference(ledger, &differs, (wall_t){AT_MS}), REASON_NONE);
    put(ledger, "B-251125-0006", DOSSIER_HANDED_OVER, AT_MS);
    assert_int_equal(portal_ledger_mark(ledger, "B-251125-0006", PORTAL_PRESENT, (wall_t){AT_MS}),
                     REASON_NONE); /* it changed after it was found equal */
    put(ledger, "B-251125-0007", DOSSIER_HANDED_OVER, AT_MS);
    put_event(ledger, "B-251125-0007", "closed late", PORTAL_CLOSED, BEFORE_MS);
    prune(ledger);
    for (int i = 1; i <= 7; i++) {
        char code[PORTAL_CODE_BYTES];
        (void)snprintf(code, sizeof code, "B-251125-000%d", i);
        if (!has_message(ledger, code))
            fail_msg("%s lost its message", code);
    }
    assert_true(has_message(ledger, "refused"));
    assert_true(has_message(ledger, "closed late"));
    tear_down(&fixture);
}

static void closed_items_and_done_repairs_go_too(void **state)
{
    struct fixture fixture;
    bool is_done;
    enum reason reason;
    (void)state;
    set_up(&fixture);
    struct portal_ledger *ledger = fixture.ledger;
    put_event(ledger, "C-251125-0001", "closed", PORTAL_CLOSED, AT_MS);
    for (int64_t number = 1; number <= 2; number++) {
        assert_int_equal(portal_ledger_ask_repair(ledger, "C-251125-0001", 0, 0, (wall_t){AT_MS}),
                         REASON_NONE);
        assert_int_equal(portal_ledger_end_repair(ledger, number, REASON_NONE,
                                                  (wall_t){number == 1 ? AT_MS : BEFORE_MS}),
                         REASON_NONE);
    }
    prune(ledger);
    assert_false(has_message(ledger, "closed"));
    assert_int_equal(portal_ledger_repair_state(ledger, 1, &is_done, &reason), REASON_NOT_FOUND);
    assert_int_equal(portal_ledger_repair_state(ledger, 2, &is_done, &reason), REASON_NONE);
    tear_down(&fixture);
}

static void many_go_in_rounds(void **state)
{
    enum { MANY = 2 * PORTAL_PRUNE_DOSSIERS_MAX + 1 };
    struct fixture fixture;
    char code[PORTAL_CODE_BYTES];
    bool is_more = false;
    size_t left = 0;
    (void)state;
    set_up(&fixture);
    for (int i = 0; i < MANY; i++) {
        (void)snprintf(code, sizeof code, "D-251125-%04d", i);
        put(fixture.ledger, code, DOSSIER_WITHDRAWN, AT_MS);
    }
    assert_int_equal(portal_ledger_prune(fixture.ledger, (wall_t){BEFORE_MS}, &is_more),
                     REASON_NONE);
    assert_true(is_more);
    for (int i = 0; i < MANY; i++) {
        (void)snprintf(code, sizeof code, "D-251125-%04d", i);
        left += has_message(fixture.ledger, code);
    }
    assert_int_equal(left, MANY - PORTAL_PRUNE_DOSSIERS_MAX);
    prune(fixture.ledger);
    assert_false(has_message(fixture.ledger, code));
    tear_down(&fixture);
}

/* As the version before this one left it. */
static void an_older_ledger_is_taken_over(void **state)
{
    struct fixture fixture;
    (void)state;
    set_up(&fixture);
    put(fixture.ledger, "E-251125-0001", DOSSIER_STOPPED, AT_MS);
    portal_ledger_close(&fixture.ledger);
    change(fixture.path, "DROP INDEX dossier_equal; DROP INDEX event_closed;"
                         "ALTER TABLE dossier DROP COLUMN equal_ms; PRAGMA user_version = 1;");
    open_ledger(&fixture);
    prune(fixture.ledger);
    assert_true(has_message(fixture.ledger, "E-251125-0001"));
    assert_int_equal(
        portal_ledger_mark_equal(fixture.ledger, "E-251125-0001", (wall_t){AT_MS}, (wall_t){AT_MS}),
        REASON_NONE);
    prune(fixture.ledger);
    assert_false(has_message(fixture.ledger, "E-251125-0001"));
    portal_ledger_close(&fixture.ledger);
    change(fixture.path, "PRAGMA user_version = 3");
    assert_int_equal(portal_ledger_open(fixture.path, &fixture.ledger), REASON_STORE_NEWER);
    scratch_close(&fixture.scratch);
}

/* ---- a comparison says what is equal --------------------------------------------------------- */

static bool watch_comparison(void *context, const struct portal_reconcile_figures *figures)
{
    (void)context;
    (void)figures;
    return true;
}

/* The second one is put again while it is compared. */
static void only_what_was_compared_is_equal(void **state)
{
    struct play play = {.watched = 0};
    struct portal_reconcile_figures figures;
    (void)state;
    says(&play, "{\"session\":\"S1\",\"error_code\":\"0\"}");
    says(&play, "{\"error_code\":\"0\",\"result\":["
                "{\"MaHoSo\":\"F-251125-0001\",\"TrangThaiHoSo\":\"10\"},"
                "{\"MaHoSo\":\"F-251125-0002\",\"TrangThaiHoSo\":\"10\"}]}");
    says(&play, "{\"error_code\":\"0\",\"result\":[]}");
    begin(&play, "adapters/portal/provincial.jq");
    put(play.ledger, "F-251125-0001", DOSSIER_HANDED_OVER, AT_MS);
    put(play.ledger, "F-251125-0002", DOSSIER_HANDED_OVER, AT_MS);
    for (int i = 1; i <= 2; i++) /* not known to be equal; the second changes after all reading */
        assert_int_equal(portal_ledger_mark(play.ledger, i == 1 ? "F-251125-0001" : "F-251125-0002",
                                            PORTAL_PRESENT,
                                            (wall_t){i == 1 ? AT_MS : INT64_C(1) << 45}),
                         REASON_NONE);
    struct portal_reconcile_options options = {.ledger = play.ledger,
                                               .client = play.client,
                                               .to = {INT64_C(1) << 42},
                                               .batch = 50,
                                               .watch = watch_comparison};
    assert_int_equal(portal_reconcile(&options, &figures), REASON_NONE);
    assert_int_equal(figures.equal, 2);
    bool is_more;
    assert_int_equal(portal_ledger_prune(play.ledger, (wall_t){INT64_C(1) << 46}, &is_more),
                     REASON_NONE);
    assert_false(has_message(play.ledger, "F-251125-0001"));
    assert_true(has_message(play.ledger, "F-251125-0002"));
    end(&play);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_over_loses_its_messages_and_keeps_its_row),
        cmocka_unit_test(what_somebody_may_need_stays),
        cmocka_unit_test(closed_items_and_done_repairs_go_too),
        cmocka_unit_test(many_go_in_rounds),
        cmocka_unit_test(an_older_ledger_is_taken_over),
        cmocka_unit_test(only_what_was_compared_is_equal),
    };
    return cmocka_run_group_tests_name("portal_prune", tests, NULL, NULL);
}
