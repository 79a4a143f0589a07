/* The portal's stand-in keeps what it took in order, refuses by code, and counts what comes twice.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "tests/standins/portal/portal_store.h"
#include "tests/unit/scratch.h"

struct fixture {
    struct scratch scratch;
    char path[256];
    struct portal_store *store;
};

static int set_up(void **state)
{
    static struct fixture fixture;
    fixture = (struct fixture){.store = NULL};
    *state = &fixture;
    if (!scratch_open(&fixture.scratch))
        return -1;
    snprintf(fixture.path, sizeof fixture.path, "%s/portal.sqlite", fixture.scratch.folder);
    return portal_store_open(fixture.path, &fixture.store) ? 0 : -1;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    portal_store_close(&fixture->store);
    scratch_close(&fixture->scratch);
    return 0;
}

/* One call with one entry. */
static const char *tell(struct fixture *fixture, enum portal_action action, const char *dossier,
                        int state, const char *note)
{
    json_t *entry = json_pack("{s:s, s:s, s:s}", "MaHoSo", dossier, "GhiChu", note, "NgayTiepNhan",
                              "20261124080000");
    assert_true(portal_store_begin(fixture->store, DIALECT_PROVINCE, "test", 1));
    const char *code = portal_store_apply(fixture->store, action, entry, state);
    assert_true(portal_store_end(fixture->store, code, ""));
    json_decref(entry);
    return code;
}

static struct portal_figures figures_of(struct fixture *fixture)
{
    struct portal_figures figures;
    portal_store_figures(fixture->store, &figures);
    return figures;
}

static void test_codes(void **state)
{
    struct fixture *fixture = *state;
    assert_string_equal(tell(fixture, ACTION_UPDATE, "A", 2, ""), PORTAL_NOT_FOUND);
    assert_string_equal(tell(fixture, ACTION_PROGRESS, "A", 4, ""), PORTAL_NOT_FOUND);
    assert_string_equal(tell(fixture, ACTION_CREATE, "A", 2, ""), PORTAL_OK);
    assert_string_equal(tell(fixture, ACTION_CREATE, "A", 2, "again"), PORTAL_EXISTS);
    assert_string_equal(tell(fixture, ACTION_UPDATE, "A", 9, ""), PORTAL_TRANSITION);
    assert_string_equal(tell(fixture, ACTION_PROGRESS, "A", 4, ""), PORTAL_OK);
    assert_string_equal(tell(fixture, ACTION_STATE, "A", 9, ""), PORTAL_OK);
    assert_string_equal(tell(fixture, ACTION_UPDATE, "A", 10, ""), PORTAL_OK);
    assert_string_equal(tell(fixture, ACTION_UPDATE, "A", 4, ""), PORTAL_TRANSITION);
    struct portal_figures figures = figures_of(fixture);
    assert_int_equal(figures.dossiers, 1);
    assert_int_equal(figures.state_changes, 4);
    assert_int_equal(figures.progress, 1);
    assert_int_equal(figures.calls, 9);
}

/* The stand-in takes a repeated entry, as a naive portal would: and it shows. */
static void test_what_comes_twice_is_counted(void **state)
{
    struct fixture *fixture = *state;
    tell(fixture, ACTION_CREATE, "A", 2, "one");
    tell(fixture, ACTION_CREATE, "B", 2, "one");
    tell(fixture, ACTION_PROGRESS, "A", 4, "step");
    assert_int_equal(figures_of(fixture).sent_twice, 0);
    tell(fixture, ACTION_PROGRESS, "A", 4, "step");
    tell(fixture, ACTION_PROGRESS, "A", 4, "another step");
    assert_int_equal(figures_of(fixture).sent_twice, 1);
    assert_int_equal(figures_of(fixture).progress, 3);
    tell(fixture, ACTION_CREATE, "A", 2, "one"); /* refused: not taken, not counted */
    assert_int_equal(figures_of(fixture).sent_twice, 1);
}

static void test_look_up(void **state)
{
    struct fixture *fixture = *state;
    tell(fixture, ACTION_CREATE, "A", 2, "one");
    tell(fixture, ACTION_PROGRESS, "A", 4, "first");
    tell(fixture, ACTION_PROGRESS, "A", 5, "second");
    assert_true(portal_store_begin(fixture->store, DIALECT_PROVINCE, "look", 1));
    assert_null(portal_store_find(fixture->store, "B"));
    json_t *record = portal_store_find(fixture->store, "A");
    json_t *steps = json_object_get(record, "DanhSachTienDo");
    assert_string_equal(portal_text(record, "TrangThaiHoSo"), "5");
    assert_string_equal(portal_text(record, "GhiChu"), "one");
    assert_int_equal(json_array_size(steps), 2);
    assert_string_equal(portal_text(json_array_get(steps, 0), "GhiChu"), "first");
    assert_string_equal(portal_text(json_array_get(steps, 1), "GhiChu"), "second");
    json_decref(record);
    json_t *list = portal_store_list(fixture->store, "20261124000000", "20261124235959", "");
    assert_int_equal(json_array_size(list), 1);
    json_decref(list);
    list = portal_store_list(fixture->store, "20261125000000", "20261125235959", "");
    assert_int_equal(json_array_size(list), 0);
    json_decref(list);
    list = portal_store_list(fixture->store, "20261124000000", "20261124235959", "A");
    assert_int_equal(json_array_size(list), 0);
    json_decref(list);
    assert_true(portal_store_end(fixture->store, PORTAL_OK, ""));
}

/* What was answered is there after the program has ended without a word. */
static void test_it_is_there_again(void **state)
{
    struct fixture *fixture = *state;
    tell(fixture, ACTION_CREATE, "A", 2, "one");
    portal_store_close(&fixture->store);
    assert_true(portal_store_open(fixture->path, &fixture->store));
    assert_string_equal(tell(fixture, ACTION_CREATE, "A", 2, "one"), PORTAL_EXISTS);
    assert_true(portal_store_begin(fixture->store, DIALECT_MINISTRY, "next", 0));
    assert_int_equal(portal_store_next_value(fixture->store, "code"), 1);
    assert_int_equal(portal_store_next_value(fixture->store, "code"), 2);
    assert_int_equal(portal_store_next_value(fixture->store, "other"), 1);
    assert_true(portal_store_end(fixture->store, PORTAL_OK, ""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_codes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_comes_twice_is_counted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_look_up, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_it_is_there_again, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
