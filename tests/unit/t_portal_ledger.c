/* A portal ledger that is damaged, empty, gone or somebody else's: nothing is refused, nothing
 * begun anew, and it goes on when it is mended. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <sqlite3.h>
#include <unistd.h>

#include "tests/unit/played_clock.h"
#include "tests/unit/portal_play.h"

enum { PAGE_BYTES = 4096 };

static void path_in(const struct scratch *scratch, const char *name, char ret_path[300])
{
    (void)snprintf(ret_path, 300, "%s/%s", scratch->folder, name);
}

/* The page where a table begins, as it lies in the file. */
static long page_of(const char *path, const char *table)
{
    sqlite3 *database;
    sqlite3_stmt *row;
    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(database,
                                        "SELECT rootpage FROM sqlite_schema WHERE name = ?1", -1,
                                        &row, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_bind_text(row, 1, table, -1, SQLITE_STATIC), SQLITE_OK);
    assert_int_equal(sqlite3_step(row), SQLITE_ROW);
    long page = sqlite3_column_int(row, 0);
    assert_int_equal(sqlite3_finalize(row), SQLITE_OK);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
    return page;
}

/* Puts content there and answers what was there before. */
static void exchange_page(const char *path, long page, uint8_t content[PAGE_BYTES])
{
    uint8_t before[PAGE_BYTES];
    FILE *file = fopen(path, "r+e");
    assert_non_null(file);
    assert_int_equal(fseek(file, (page - 1) * PAGE_BYTES, SEEK_SET), 0);
    assert_int_equal(fread(before, PAGE_BYTES, 1, file), 1);
    assert_int_equal(fseek(file, (page - 1) * PAGE_BYTES, SEEK_SET), 0);
    assert_int_equal(fwrite(content, PAGE_BYTES, 1, file), 1);
    assert_int_equal(fclose(file), 0);
    memcpy(content, before, PAGE_BYTES);
}

static enum reason trouble_of(struct play *play)
{
    const char *what = NULL;
    enum reason reason = play->office->verbs->trouble(play->office, &what);
    assert_non_null(strstr(what, "portal.sqlite"));
    return reason;
}

static void run_once(struct play *play)
{
    play->office->verbs->run(play->office, hear, play);
}

static void a_zeroed_page_refuses_nothing(void **state)
{
    (void)state;
    static const char *const tables[] = {"event", "dossier", "event_dossier"};
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        struct play *play = new_play();
        struct played_clock clock;
        struct portal_ledger *ledger;
        uint8_t page[PAGE_BYTES] = {0};
        char path[300];
        played_clock_init(&clock, 0);
        play->clock = &clock.clock;
        says(play, LOGGED_IN);
        says(play, ONE("0"));
        begin(play);
        path_in(&play->scratch, "portal.sqlite", path);
        assert_int_equal(portal_ledger_open(path, &ledger), REASON_NONE);
        portal_ledger_close(&ledger);
        long number = page_of(path, tables[i]);
        exchange_page(path, number, page);
        for (uint64_t seq = 1; seq <= 4; seq++) {
            assert_int_equal(deliver(play, seq, 1, "transfer", transfer_body()),
                             REASON_STORE_CORRUPT);
            assert_false(failure_ground_is_sure(play->grounds[seq]));
        }
        assert_int_equal(trouble_of(play), REASON_STORE_CORRUPT);
        assert_int_equal(scripted_server_requests(play->server), 0);
        exchange_page(path, number, page); /* the backup is put back */
        clock.now_ms += PORTAL_LEDGER_POLL_MS;
        assert_int_equal(deliver(play, 5, 1, "transfer", transfer_body()), REASON_NONE);
        assert_int_equal(trouble_of(play), REASON_NONE);
        end(play);
    }
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void make_foreign(const char *path)
{
    sqlite3 *database;
    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    assert_int_equal(sqlite3_exec(database, "CREATE TABLE mine(a)", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
}

/* What stands in the ledger's place after it was begun. */
enum replacement { EMPTY_FILE, NO_FILE, PROSE, FOREIGN, OTHER_LEDGER, REPLACEMENTS };

static void replace(const struct scratch *scratch, const char *path, enum replacement what)
{
    char other[300], mark[300];
    struct portal_ledger *ledger;
    (void)remove(path);
    switch (what) {
    case EMPTY_FILE:
        write_file(path, "");
        break;
    case PROSE:
        write_file(path, "this is no database, and long enough to be looked at as one");
        break;
    case FOREIGN:
        make_foreign(path);
        break;
    case OTHER_LEDGER:
        path_in(scratch, "other.sqlite", other);
        path_in(scratch, "other.sqlite" PORTAL_LEDGER_MARK, mark);
        (void)remove(mark);
        assert_int_equal(portal_ledger_open(other, &ledger), REASON_NONE);
        portal_ledger_close(&ledger);
        assert_int_equal(rename(other, path), 0);
        break;
    default:
        break;
    }
}

static void a_ledger_is_not_begun_twice(void **state)
{
    (void)state;
    for (int what = 0; what < REPLACEMENTS; what++) {
        struct play *play = new_play();
        struct portal_ledger *ledger = NULL;
        char path[300];
        begin(play);
        path_in(&play->scratch, "portal.sqlite", path);
        assert_int_equal(portal_ledger_open(path, &ledger), REASON_NONE);
        portal_ledger_close(&ledger);
        replace(&play->scratch, path, (enum replacement)what);
        enum reason wanted = what == PROSE ? REASON_STORE_CORRUPT : REASON_PORTAL_LEDGER_LOST;
        assert_int_equal(portal_ledger_open(path, &ledger), wanted); /* nor by a command */
        assert_int_equal(deliver(play, 1, 1, "transfer", transfer_body()), wanted);
        assert_false(failure_ground_is_sure(play->grounds[1]));
        assert_int_equal(trouble_of(play), wanted);
        assert_int_equal(scripted_server_requests(play->server), 0);
        assert_null(ledger);
        end(play);
    }
}

static void without_a_mark_the_history_tells(void **state)
{
    (void)state;
    struct scratch scratch;
    struct portal_ledger *ledger = NULL;
    char path[300], mark[300];
    assert_true(scratch_open(&scratch));
    path_in(&scratch, "portal.sqlite", path);
    path_in(&scratch, "portal.sqlite" PORTAL_LEDGER_MARK, mark);
    assert_int_equal(portal_ledger_open_kept(path, true, &ledger), REASON_PORTAL_LEDGER_LOST);
    write_file(path, "");
    assert_int_equal(portal_ledger_open_kept(path, true, &ledger), REASON_PORTAL_LEDGER_LOST);
    assert_int_equal(remove(path), 0);
    /* A person begins it, by a command; from then on the adapter has it. */
    assert_int_equal(portal_ledger_open(path, &ledger), REASON_NONE);
    portal_ledger_close(&ledger);
    assert_int_equal(portal_ledger_open_kept(path, true, &ledger), REASON_NONE);
    portal_ledger_close(&ledger);
    /* One from before there were marks is taken as it is, and marked. */
    assert_int_equal(remove(mark), 0);
    assert_int_equal(portal_ledger_open_kept(path, true, &ledger), REASON_NONE);
    portal_ledger_close(&ledger);
    assert_int_equal(access(mark, R_OK), 0);
    scratch_close(&scratch);
}

/* A row that cannot be read is its dossier's matter: it waits, and the others go on. */
static void one_bad_row_holds_one_dossier(void **state)
{
    (void)state;
    struct play *play = new_play();
    struct played_clock clock;
    char path[300];
    played_clock_init(&clock, 0);
    play->clock = &clock.clock;
    says(play, LOGGED_IN);
    says(play, ONE("0"));
    begin(play);
    path_in(&play->scratch, "portal.sqlite", path);
    run_once(play);
    assert_int_equal(trouble_of(play), REASON_NONE);
    sqlite3 *database;
    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    assert_int_equal(sqlite3_exec(database,
                                  "INSERT INTO dossier VALUES('" CODE
                                  "','k',1,4,1,1,1,1,1,0,0,0,0,'{',1,0)",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(deliver(play, 1, 1, "progress", progress_body(4)), REASON_STORE_CORRUPT);
    assert_false(failure_ground_is_sure(play->grounds[1]));
    run_once(play);
    assert_int_equal(trouble_of(play), REASON_NONE);
    assert_int_equal(deliver(play, 2, 1, "transfer", transfer_body()), REASON_STORE_CORRUPT);
    assert_int_equal(sqlite3_exec(database, "DELETE FROM dossier", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
    assert_int_equal(deliver(play, 3, 1, "transfer", transfer_body()), REASON_NONE);
    assert_int_equal(trouble_of(play), REASON_NONE);
    end(play);
}

enum { AT_ONCE = 4, BEGINNINGS = 32 };

struct beginner {
    const char *path;
    pthread_barrier_t *line;
    enum reason reason;
};

static void *begin_ledger(void *argument)
{
    struct beginner *beginner = argument;
    struct portal_ledger *ledger = NULL;
    (void)pthread_barrier_wait(beginner->line);
    beginner->reason = portal_ledger_open(beginner->path, &ledger);
    portal_ledger_close(&ledger);
    return NULL;
}

/* The adapter at its first start and a command beside it, say: one ledger, one id, one mark. */
static void all_who_begin_it_at_once_have_the_same(void **state)
{
    (void)state;
    struct scratch scratch;
    assert_true(scratch_open(&scratch));
    for (int i = 0; i < BEGINNINGS; i++) {
        char name[64], path[300];
        pthread_t threads[AT_ONCE];
        pthread_barrier_t line;
        struct beginner beginners[AT_ONCE];
        struct portal_ledger *ledger = NULL;
        (void)snprintf(name, sizeof name, "portal-%d.sqlite", i);
        path_in(&scratch, name, path);
        assert_int_equal(pthread_barrier_init(&line, NULL, AT_ONCE), 0);
        for (int at = 0; at < AT_ONCE; at++) {
            beginners[at] = (struct beginner){.path = path, .line = &line};
            assert_int_equal(pthread_create(&threads[at], NULL, begin_ledger, &beginners[at]), 0);
        }
        for (int at = 0; at < AT_ONCE; at++)
            assert_int_equal(pthread_join(threads[at], NULL), 0);
        for (int at = 0; at < AT_ONCE; at++)
            assert_int_equal(beginners[at].reason, REASON_NONE);
        assert_int_equal(pthread_barrier_destroy(&line), 0);
        assert_int_equal(portal_ledger_open(path, &ledger), REASON_NONE);
        portal_ledger_close(&ledger);
    }
    scratch_close(&scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_zeroed_page_refuses_nothing),
        cmocka_unit_test(a_ledger_is_not_begun_twice),
        cmocka_unit_test(without_a_mark_the_history_tells),
        cmocka_unit_test(one_bad_row_holds_one_dossier),
        cmocka_unit_test(all_who_begin_it_at_once_have_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
