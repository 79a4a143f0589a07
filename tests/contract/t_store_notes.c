/* The store's contract of routes and notes, for every implementation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/contract/store_fixture.h"

static void the_first_route_stays(void **state)
{
    struct fixture *fixture = *state;
    struct store_route routes[] = {
        {bytes_of_text("D1"), key_of("a"), bytes_of_text("v1")},
        {bytes_of_text("D1"), key_of("b"), bytes_of_text("v2")},
    };
    struct store_plan plan = {.routes = routes, .route_count = 2};
    assert_int_equal(fixture->store->verbs->commit(fixture->store, &plan), REASON_NONE);
    assert_int_equal(fixture->store->verbs->commit(fixture->store, &plan), REASON_NONE);
    struct store_route found;
    assert_int_equal(fixture->store->verbs->find_route(fixture->store, bytes_of_text("D1"), &found),
                     REASON_NONE);
    assert_string_equal(found.agency.text, "a");
    assert_true(bytes_equal(found.registry_version, bytes_of_text("v1")));
    assert_int_equal(fixture->store->verbs->find_route(fixture->store, bytes_of_text("D2"), &found),
                     REASON_NOT_FOUND);
}

static void set_note(struct fixture *fixture, const char *name, const char *value)
{
    struct store_note note = {bytes_of_text(name), bytes_of_text(value)};
    struct store_plan plan = {.notes = &note, .note_count = 1};
    assert_int_equal(fixture->store->verbs->commit(fixture->store, &plan), REASON_NONE);
}

static void notes_are_set_replaced_removed(void **state)
{
    struct fixture *fixture = *state;
    struct bytes value;
    set_note(fixture, "one", "1");
    set_note(fixture, "two", "2");
    set_note(fixture, "one", "11");
    reopen(fixture);
    const struct store_verbs *verbs = fixture->store->verbs;
    assert_int_equal(verbs->read_note(fixture->store, bytes_of_text("one"), &value), REASON_NONE);
    assert_true(bytes_equal(value, bytes_of_text("11")));
    set_note(fixture, "one", "");
    assert_int_equal(verbs->read_note(fixture->store, bytes_of_text("one"), &value),
                     REASON_NOT_FOUND);
    assert_int_equal(verbs->read_note(fixture->store, bytes_of_text("two"), &value), REASON_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(the_first_route_stays),
        CASE(notes_are_set_replaced_removed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
