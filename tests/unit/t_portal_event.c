/* What each message means to the portal: states, dates and lists, from the message alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "adapters/portal/portal_event.h"
#include "adapters/portal/portal_index.h"
#include "adapters/portal/portal_window.h"

#define AT       "2026-11-25T08:00:00.000+07:00"
#define AT_MS    INT64_C(1795568400000)
#define LATER_MS (AT_MS + INT64_C(86400000))

/* ---- a dossier told message by message ------------------------------------------------------- */

struct teller {
    json_t *facts;
    struct portal_event event; /* the last one */
};

static enum reason tell(struct teller *teller, const char *type, json_t *body)
{
    json_t *message = json_pack(
        "{s:{s:s, s:s, s:s, s:s, s:s}, s:o, s:[{s:s, s:s}], s:{s:{s:s, s:s, s:s}, s:{s:s, s:s}}}",
        "envelope", "type", type, "message_id", "m", "dossier_code", "H38.09-261125-0001",
        "procedure_code", "1.011443", "source_time", AT, "body", body, "attachments", "sha256",
        "ab", "name", "a.pdf", "registry", "procedure", "code", "1.011443", "name", "Thủ tục",
        "field_code", "F", "agency", "key", "stnmt", "name", "Sở");
    assert_non_null(message);
    portal_event_release(&teller->event);
    enum reason reason = portal_event_read(message, teller->facts, &teller->event);
    json_decref(message);
    if (reason == REASON_NONE) {
        json_decref(teller->facts);
        teller->facts = json_incref(teller->event.facts);
    }
    return reason;
}

static void stop(struct teller *teller)
{
    portal_event_release(&teller->event);
    json_decref(teller->facts);
}

static json_t *transfer(void)
{
    return json_pack("{s:{s:s}, s:i, s:I}", "owner", "name", "Mẫu", "channel", 2, "due_ms",
                     (json_int_t)LATER_MS);
}

static json_t *state_body(int state)
{
    return json_pack("{s:i, s:s}", "national_state", state, "content", "Bước");
}

static void expect(const struct teller *teller, enum portal_service service, int from, int to)
{
    assert_int_equal(teller->event.service, service);
    assert_int_equal(teller->event.from, from);
    assert_int_equal(teller->event.to, to);
    assert_int_equal(portal_fact_number(teller->facts, "state"), to);
}

/* ---- cases ----------------------------------------------------------------------------------- */

static void test_the_whole_way_of_a_dossier(void **state)
{
    (void)state;
    struct teller teller = {.facts = NULL};
    assert_int_equal(tell(&teller, "transfer", transfer()), REASON_NONE);
    expect(&teller, PORTAL_RECORD, 0, 2);
    assert_int_equal(portal_fact_number(teller.facts, "received_ms"), AT_MS);
    assert_int_equal(tell(&teller, "progress", state_body(4)), REASON_NONE);
    expect(&teller, PORTAL_PROGRESS, 2, 4);
    assert_string_equal(portal_fact_text(teller.event.step, "content"), "Bước");
    assert_int_equal(
        tell(&teller, "supplement_request",
             json_pack("{s:s, s:I}", "reason", "Thiếu", "requested_ms", (json_int_t)AT_MS)),
        REASON_NONE);
    expect(&teller, PORTAL_RECORD, 4, 5);
    assert_int_equal(
        tell(&teller, "supplement", json_pack("{s:I}", "received_ms", (json_int_t)(AT_MS + 5000))),
        REASON_NONE);
    expect(&teller, PORTAL_RECORD, 5, 4);
    assert_int_equal(portal_fact_number(teller.facts, "pause_ms"), 5000);
    assert_int_equal(json_array_size(json_object_get(teller.facts, "supplements")), 1);
    assert_int_equal(
        tell(&teller, "financial_obligation", json_pack("{s:[{s:s}]}", "fees", "name", "Lệ phí")),
        REASON_NONE);
    expect(&teller, PORTAL_RECORD, 4, 6);
    assert_int_equal(tell(&teller, "result", state_body(9)), REASON_NONE);
    expect(&teller, PORTAL_RECORD, 6, 9);
    assert_int_equal(portal_fact_number(teller.facts, "finished_ms"), AT_MS);
    assert_int_equal(tell(&teller, "result_objection", json_pack("{s:s}", "content", "Sai tên")),
                     REASON_NONE);
    expect(&teller, PORTAL_RECORD, 9, 4);
    assert_int_equal(portal_fact_number(teller.facts, "finished_ms"), 0);
    assert_int_equal(tell(&teller, "result", state_body(9)), REASON_NONE);
    assert_int_equal(
        tell(&teller, "handed_over", json_pack("{s:I}", "handed_ms", (json_int_t)LATER_MS)),
        REASON_NONE);
    expect(&teller, PORTAL_RECORD, 9, 10);
    assert_int_equal(tell(&teller, "progress", state_body(4)), REASON_PORTAL_TRANSITION);
    stop(&teller);
}

static void test_what_does_not_move_a_dossier(void **state)
{
    (void)state;
    struct teller teller = {.facts = NULL};
    assert_int_equal(tell(&teller, "transfer", transfer()), REASON_NONE);
    assert_int_equal(tell(&teller, "progress", state_body(4)), REASON_NONE);
    assert_int_equal(tell(&teller, "suspend", json_pack("{s:s}", "reason", "Chờ")), REASON_NONE);
    expect(&teller, PORTAL_PROGRESS, 4, 4);
    assert_string_equal(portal_fact_text(teller.event.step, "content"), "Chờ");
    assert_int_equal(tell(&teller, "resume", json_object()), REASON_NONE);
    expect(&teller, PORTAL_PROGRESS, 4, 4);
    assert_int_equal(tell(&teller, "resume", json_pack("{s:I}", "due_ms", (json_int_t)LATER_MS)),
                     REASON_NONE);
    expect(&teller, PORTAL_RECORD, 4, 4);
    assert_int_equal(
        tell(&teller, "extension", json_pack("{s:I}", "due_ms", (json_int_t)(LATER_MS + 1000))),
        REASON_NONE);
    expect(&teller, PORTAL_RECORD, 4, 4);
    assert_int_equal(portal_fact_number(teller.facts, "due_ms"), LATER_MS + 1000);
    assert_int_equal(tell(&teller, "refusal", json_pack("{s:s}", "reason", "Tệp hỏng")),
                     REASON_NONE);
    expect(&teller, PORTAL_PROGRESS, 4, 4);
    stop(&teller);
}

static void test_ends(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        int to;
    } ends[] = {{"withdrawal", 7}, {"refusal", 8}};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        struct teller teller = {.facts = NULL};
        assert_int_equal(tell(&teller, "transfer", transfer()), REASON_NONE);
        assert_int_equal(tell(&teller, "progress", state_body(4)), REASON_NONE);
        assert_int_equal(tell(&teller, ends[i].type, json_pack("{s:b}", "legal", 1)), REASON_NONE);
        expect(&teller, PORTAL_RECORD, 4, ends[i].to);
        assert_int_equal(tell(&teller, "result", state_body(9)), REASON_PORTAL_TRANSITION);
        stop(&teller);
    }
}

/* The same messages give the same facts, however often they are told: what is told late is told as
 * it was. And what came before is not changed by what came after. */
static void test_the_fold_is_pure(void **state)
{
    (void)state;
    struct teller first = {.facts = NULL}, second = {.facts = NULL};
    assert_int_equal(tell(&first, "transfer", transfer()), REASON_NONE);
    json_t *early = json_deep_copy(first.facts);
    json_t *kept = json_incref(first.facts);
    assert_int_equal(tell(&first, "progress", state_body(4)), REASON_NONE);
    assert_int_equal(tell(&first, "supplement_request", json_object()), REASON_NONE);
    assert_int_equal(tell(&first, "supplement", json_object()), REASON_NONE);
    assert_true(json_equal(kept, early));
    assert_int_equal(tell(&second, "transfer", transfer()), REASON_NONE);
    assert_true(json_equal(second.facts, early));
    json_decref(kept);
    json_decref(early);
    stop(&first);
    stop(&second);
}

static void test_lists_are_bounded(void **state)
{
    (void)state;
    struct teller teller = {.facts = NULL};
    assert_int_equal(tell(&teller, "transfer", transfer()), REASON_NONE);
    for (int i = 1; i < PORTAL_LIST_MAX; i++)
        assert_int_equal(tell(&teller, "transfer", transfer()), REASON_NONE);
    assert_int_equal(tell(&teller, "transfer", transfer()), REASON_FIELD_TOO_LONG);
    stop(&teller);
}

static void test_what_is_no_event(void **state)
{
    (void)state;
    struct teller teller = {.facts = NULL};
    assert_int_equal(tell(&teller, "progress", state_body(4)), REASON_PORTAL_DOSSIER);
    assert_int_equal(tell(&teller, "receipt_custody", json_object()), REASON_MESSAGE_TYPE_UNKNOWN);
    assert_int_equal(tell(&teller, "nonsense", json_object()), REASON_MESSAGE_TYPE_UNKNOWN);
    stop(&teller);
}

static void test_maintenance_windows(void **state)
{
    (void)state;
    struct portal_windows windows;
    const int64_t minute = 60000;
    assert_true(portal_windows_parse("22:00-23:30 23:30-00:15", &windows));
    assert_int_equal(portal_windows_wait_ms(&windows, (wall_t){AT_MS}), 0); /* 08:00 */
    wall_t at = {AT_MS + 14 * 60 * minute};                                 /* 22:00 */
    assert_int_equal(portal_windows_wait_ms(&windows, at), 135 * minute);
    at.ms += 134 * minute;
    assert_int_equal(portal_windows_wait_ms(&windows, at), minute);
    at.ms += minute;
    assert_int_equal(portal_windows_wait_ms(&windows, at), 0);
    assert_true(portal_windows_parse("", &windows));
    assert_int_equal(windows.count, 0);
    static const char *const wrong[] = {"22:00", "25:00-26:00", "10:00-10:00", "10:00-11:00x", "x"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(portal_windows_parse(wrong[i], &windows));
}

static void test_the_index(void **state)
{
    (void)state;
    const struct portal_dossier_view good = {.presence = PORTAL_PRESENT,
                                             .state = 9,
                                             .channel = 2,
                                             .supplements = 1,
                                             .due_ms = 1000,
                                             .finished_ms = 1500,
                                             .pause_ms = 500,
                                             .has_result_file = true,
                                             .is_digitised = true};
    struct portal_dossier_view late = good, asked_twice = good, open = good, unsent = good;
    struct portal_index index = {.dossiers = 0};
    late.finished_ms = 1501;
    asked_twice.supplements = 2;
    asked_twice.has_result_file = asked_twice.is_digitised = false;
    open.state = 4;
    unsent.presence = PORTAL_ABSENT;
    assert_int_equal(portal_index_sync(&index), -1);
    portal_index_add(&index, &good);
    portal_index_add(&index, &late);
    portal_index_add(&index, &asked_twice);
    portal_index_add(&index, &open);
    portal_index_add(&index, &unsent);
    assert_int_equal(portal_index_sync(&index), 800);
    assert_int_equal(portal_index_on_time(&index), 500);
    assert_int_equal(portal_index_online(&index), 750);
    assert_int_equal(portal_index_digitised(&index), 750);
    index.shown = 8;
    assert_int_equal(portal_index_sync(&index), 500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_whole_way_of_a_dossier),
        cmocka_unit_test(test_what_does_not_move_a_dossier),
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_the_fold_is_pure),
        cmocka_unit_test(test_lists_are_bounded),
        cmocka_unit_test(test_what_is_no_event),
        cmocka_unit_test(test_maintenance_windows),
        cmocka_unit_test(test_the_index),
    };
    return cmocka_run_group_tests_name("portal_event", tests, NULL, NULL);
}
