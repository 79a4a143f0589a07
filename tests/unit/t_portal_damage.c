/* A first load goes on from what an earlier run left in the ledger, which may be damaged: it ends
 * and says so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sqlite3.h>

#include "tests/unit/portal_command_play.h"

enum { WATCHES_MAX = 50 };

/* A load that would not end is ended here, with another reason. */
static bool watch_damaged(void *context, const struct portal_load_figures *figures)
{
    (void)figures;
    return ++((struct play *)context)->watched < WATCHES_MAX;
}

static void damage(const struct play *play, const char *sql)
{
    sqlite3 *database;
    char path[300];
    (void)snprintf(path, sizeof path, "%s/portal.sqlite", play->scratch.folder);
    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    assert_int_equal(sqlite3_exec(database, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
}

static void leave_one(struct play *play)
{
    json_t *facts = json_pack("{s:s, s:i}", "code", CODE, "state", 4);
    assert_int_equal(
        portal_ledger_put_dossier(play->ledger, CODE, PORTAL_LOADING, facts, (wall_t){1}),
        REASON_NONE);
    json_decref(facts);
}

static enum reason load_again(struct play *play)
{
    struct portal_load_figures figures;
    char path[300];
    write_lines(play, "", path);
    struct portal_load_options options = load_options(play, path);
    options.watch = watch_damaged;
    options.context = play;
    options.patience_seconds = 0;
    return portal_load(&options, &figures);
}

static void what_is_no_dossier_is_not_sent(void **state)
{
    static const char *const damages[] = {
        "UPDATE dossier SET facts = '{\"code\":\"" CODE "\",'",
        "UPDATE dossier SET facts = '[]'",
        "UPDATE dossier SET facts = '{\"code\":\"" CODE "\"}'",
        "UPDATE dossier SET facts = '{\"code\":\"" CODE "\",\"state\":44}'",
        "UPDATE dossier SET code = code || hex(zeroblob(64))",
        "UPDATE dossier SET code = 'H38.09-261125-0002'",
    };
    (void)state;
    for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
        struct play play = {.watched = 0};
        says(&play, "{\"session\":\"S1\",\"error_code\":\"0\"}");
        begin(&play, "adapters/portal/provincial.jq");
        leave_one(&play);
        damage(&play, damages[i]);
        assert_int_equal(load_again(&play), REASON_STORE_CORRUPT);
        assert_int_equal(scripted_server_requests(play.server), 0);
        end(&play);
    }
}

/* It says that it wrote, and does not. */
static void a_ledger_that_keeps_nothing_is_not_asked_for_ever(void **state)
{
    struct play play = {.watched = 0};
    (void)state;
    says(&play, "{\"session\":\"S1\",\"error_code\":\"0\"}");
    says(&play,
         "{\"error_code\":\"0\",\"result\":[{\"MaHoSo\":\"" CODE "\",\"TrangThaiHoSo\":\"4\"}]}");
    begin(&play, "adapters/portal/provincial.jq");
    leave_one(&play);
    damage(&play, "CREATE TRIGGER keep BEFORE UPDATE ON dossier BEGIN SELECT RAISE(IGNORE); END");
    assert_int_equal(load_again(&play), REASON_STORE_CORRUPT);
    assert_int_equal(scripted_server_requests(play.server), 2);
    end(&play);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_dossier_is_not_sent),
        cmocka_unit_test(a_ledger_that_keeps_nothing_is_not_asked_for_ever),
    };
    return cmocka_run_group_tests_name("portal_damage", tests, NULL, NULL);
}
