/* The store's contract of routes, clocks and notes, for every implementation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "tests/contract/store_fixture.h"

static void set_route(struct fixture *fixture, uint64_t seq, const char *agency, bool is_later)
{
    struct store_route route = {.dossier_code = bytes_of_text("D1"),
                                .agency = agency == NULL ? (struct key){{0}} : key_of(agency),
                                .registry_version = bytes_of_text("v1"),
                                .message_seq = seq,
                                .is_later = is_later};
    struct store_plan plan = {.routes = &route, .route_count = 1};
    assert_int_equal(fixture->store->verbs->commit(fixture->store, &plan), REASON_NONE);
}

static void assert_route(struct fixture *fixture, const char *agency, uint64_t seq)
{
    struct store_route found;
    const struct store_verbs *verbs = fixture->store->verbs;
    assert_int_equal(verbs->find_route(fixture->store, bytes_of_text("D1"), &found),
                     agency == NULL ? REASON_NOT_FOUND : REASON_NONE);
    if (agency == NULL)
        return;
    assert_string_equal(found.agency.text, agency);
    assert_int_equal(found.message_seq, seq);
    assert_true(bytes_equal(found.registry_version, bytes_of_text("v1")));
}

static void the_latest_route_that_stands_counts(void **state)
{
    struct fixture *fixture = *state;
    assert_route(fixture, NULL, 0);
    set_route(fixture, 1, "a", false);
    assert_route(fixture, "a", 1);
    set_route(fixture, 5, "b", true);
    assert_route(fixture, "b", 5);
    reopen(fixture);
    assert_route(fixture, "b", 5);
    set_route(fixture, 7, "c", true);
    set_route(fixture, 7, NULL, true); /* refused: the dossier is where it was */
    assert_route(fixture, "b", 5);
    set_route(fixture, 5, "d", true); /* taken over */
    assert_route(fixture, "d", 5);
    set_route(fixture, 5, NULL, true);
    assert_route(fixture, "a", 1);
    set_route(fixture, 1, NULL, true);
    assert_route(fixture, NULL, 0);
    reopen(fixture);
    assert_route(fixture, NULL, 0);
    set_route(fixture, 9, "e", true);
    assert_route(fixture, "e", 9);
}

/* The route of a first transfer is written with its message, and can be taken back like others. */
static void the_route_of_a_first_transfer_is_taken_back(void **state)
{
    struct fixture *fixture = *state;
    struct bytes document = bytes_of_text("document");
    struct store_parcel parcel = {.seq = 1, .documents = &document, .document_count = 1};
    struct store_message message = {.seq = 1,
                                    .parcel_seq = 1,
                                    .sender = key_of("centre"),
                                    .recipient = key_of("a"),
                                    .id = {{1}},
                                    .type = 1,
                                    .dossier_code = bytes_of_text("D1")};
    struct store_route route = {.dossier_code = bytes_of_text("D1"),
                                .agency = key_of("a"),
                                .registry_version = bytes_of_text("v1"),
                                .message_seq = 1};
    struct store_plan plan = {.parcels = &parcel,
                              .parcel_count = 1,
                              .messages = &message,
                              .message_count = 1,
                              .routes = &route,
                              .route_count = 1};
    assert_int_equal(fixture->store->verbs->commit(fixture->store, &plan), REASON_NONE);
    assert_route(fixture, "a", 1);
    set_route(fixture, 1, "b", true);
    assert_route(fixture, "b", 1);
    set_route(fixture, 1, NULL, true);
    assert_route(fixture, NULL, 0);
}

static void set_clock(struct fixture *fixture, const char *dossier, const char *agency, int64_t due,
                      enum deadline_state clock_state)
{
    struct store_deadline row = {
        .dossier_code = bytes_of_text(dossier),
        .procedure_code = bytes_of_text("1.011443"),
        .agency = agency == NULL ? (struct key){{0}} : key_of(agency),
        .deadline = {.state = clock_state,
                     .marks = DEADLINE_EXTENSION_LATE,
                     .supplements = 2,
                     .extensions = 1,
                     .received = {10},
                     .appointed = {20},
                     .due = {due},
                     .paused = {clock_state == DEADLINE_PAUSED ? 15 : 0}},
    };
    struct store_plan plan = {.deadlines = &row, .deadline_count = 1};
    assert_int_equal(fixture->store->verbs->commit(fixture->store, &plan), REASON_NONE);
}

static void assert_listed(struct fixture *fixture, const struct store_deadline_filter *filter,
                          const char *dossiers)
{
    struct store_deadline rows[8];
    char text[128] = "";
    size_t count = 0;
    assert_int_equal(fixture->store->verbs->list_deadlines(fixture->store, filter, rows, 8, &count),
                     REASON_NONE);
    for (size_t i = 0; i < count; i++) {
        strncat(text, (const char *)rows[i].dossier_code.data, rows[i].dossier_code.size);
        assert_true(bytes_equal(rows[i].procedure_code, bytes_of_text("1.011443")));
    }
    assert_string_equal(text, dossiers);
}

static void open_clocks_are_listed_by_when_they_are_due(void **state)
{
    struct fixture *fixture = *state;
    const struct store_verbs *verbs = fixture->store->verbs;
    struct store_deadline row;
    struct deadline_count counts[4];
    size_t count = 0;
    set_clock(fixture, "A", "stp", 300, DEADLINE_RUNNING);
    set_clock(fixture, "B", "syt", 100, DEADLINE_RUNNING);
    set_clock(fixture, "C", NULL, 200, DEADLINE_PAUSED);
    set_clock(fixture, "D", "stp", 100, DEADLINE_RUNNING);
    set_clock(fixture, "E", "stp", 50, DEADLINE_FINISHED);
    reopen(fixture);
    assert_listed(fixture, &(struct store_deadline_filter){.due_before = {0}}, "BDCA");
    assert_listed(fixture, &(struct store_deadline_filter){.agency = key_of("stp")}, "DA");
    assert_listed(fixture, &(struct store_deadline_filter){.agency = key_of("nobody")}, "");
    assert_listed(fixture, &(struct store_deadline_filter){.due_before = {300}}, "BDC");
    assert_listed(
        fixture,
        &(struct store_deadline_filter){.after_due = {100}, .after_dossier = bytes_of_text("B")},
        "DCA");
    assert_int_equal(verbs->read_deadline(fixture->store, bytes_of_text("C"), &row), REASON_NONE);
    assert_int_equal(row.deadline.state, DEADLINE_PAUSED);
    assert_int_equal(row.deadline.paused.ms, 15);
    assert_int_equal(row.deadline.marks, DEADLINE_EXTENSION_LATE);
    assert_int_equal(row.deadline.supplements, 2);
    assert_int_equal(row.deadline.extensions, 1);
    assert_int_equal(row.deadline.appointed.ms, 20);
    assert_true(key_is_none(&row.agency));
    assert_int_equal(verbs->read_deadline(fixture->store, bytes_of_text("X"), &row),
                     REASON_NOT_FOUND);
    assert_int_equal(verbs->count_deadlines(fixture->store, (wall_t){250}, counts, 4, &count),
                     REASON_NONE);
    assert_int_equal(count, 3);
    for (size_t i = 0; i < count; i++) {
        bool is_stp = strcmp(counts[i].agency.text, "stp") == 0;
        assert_int_equal(counts[i].open, is_stp ? 2 : 1);
        assert_int_equal(counts[i].overdue, key_is_none(&counts[i].agency) ? 0 : 1);
        assert_int_equal(counts[i].paused, key_is_none(&counts[i].agency) ? 1 : 0);
    }
    set_clock(fixture, "B", "syt", 100, DEADLINE_FINISHED);
    assert_listed(fixture, &(struct store_deadline_filter){.due_before = {0}}, "DCA");
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
        CASE(the_latest_route_that_stands_counts),
        CASE(the_route_of_a_first_transfer_is_taken_back),
        CASE(open_clocks_are_listed_by_when_they_are_due),
        CASE(notes_are_set_replaced_removed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
