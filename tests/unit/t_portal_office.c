/* The portal kind against a portal that a script plays: what is sent, and what counts as done. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/played_clock.h"
#include "tests/unit/portal_play.h"

static void test_a_dossier_is_created_and_then_moved(void **state)
{
    (void)state;
    struct play *play = new_play();
    says(play, LOGGED_IN);
    says(play, ONE("0"));
    says(play, ONE("00"));
    says(play, ONE("0"));
    begin(play);
    assert_int_equal(deliver(play, 1, 1, "transfer", transfer_body()), REASON_NONE);
    assert_int_equal(deliver(play, 2, 1, "progress", progress_body(4)), REASON_NONE);
    assert_int_equal(deliver(play, 3, 1, "result", json_pack("{s:i}", "national_state", 9)),
                     REASON_NONE);
    assert_true(asked(play, 0, "POST /auth/login"));
    assert_true(asked(play, 0, "X-Road-Client: VN/GOV/H38\r\n"));
    assert_true(asked(play, 1, "\"isUpdating\":\"False\""));
    assert_true(asked(play, 1, "dstcode: DST"));
    assert_true(asked(play, 1, "\"NgayTiepNhan\":\"20251124230000\""));
    assert_true(asked(play, 2, "\"service\":\"CapNhatTienDoHoSoMC\""));
    assert_true(asked(play, 2, "\"TrangThai\":\"4\""));
    assert_true(asked(play, 3, "\"isUpdating\":\"True\""));
    assert_true(asked(play, 3, "\"TrangThaiHoSo\":\"9\""));
    assert_true(asked(play, 3, "\"NgayKetThucXuLy\":\"20261125080000\""));
    end(play);
}

static void test_a_message_that_was_accepted_is_answered_from_the_ledger(void **state)
{
    (void)state;
    struct play *play = new_play();
    says(play, LOGGED_IN);
    says(play, ONE("0"));
    begin(play);
    assert_int_equal(deliver(play, 1, 1, "transfer", transfer_body()), REASON_NONE);
    assert_int_equal(deliver(play, 1, 2, "transfer", transfer_body()), REASON_NONE);
    assert_int_equal(scripted_server_requests(play->server), 2);
    end(play);
}

static void test_a_transition_that_is_forbidden_is_not_sent(void **state)
{
    (void)state;
    struct play *play = new_play();
    says(play, LOGGED_IN);
    says(play, ONE("0"));
    begin(play);
    assert_int_equal(deliver(play, 1, 1, "transfer", transfer_body()), REASON_NONE);
    assert_int_equal(deliver(play, 2, 1, "result", json_pack("{s:i}", "national_state", 9)),
                     REASON_PORTAL_TRANSITION);
    assert_int_equal(deliver(play, 3, 1, "progress", progress_body(0)), REASON_OFFICE_ERROR);
    assert_int_equal(scripted_server_requests(play->server), 3);
    end(play);
}

static void test_nothing_is_sent_of_a_dossier_that_is_not_known(void **state)
{
    (void)state;
    struct play *play = new_play();
    begin(play);
    assert_int_equal(deliver(play, 1, 1, "progress", progress_body(4)), REASON_PORTAL_DOSSIER);
    assert_int_equal(scripted_server_requests(play->server), 0);
    end(play);
}

static void test_a_session_that_ended_is_opened_once(void **state)
{
    (void)state;
    struct play *play = new_play();
    says(play, LOGGED_IN);
    says(play, WHOLE("-3"));
    says(play, LOGGED_IN2);
    says(play, ONE("0"));
    says(play, WHOLE("-3"));
    says(play, LOGGED_IN);
    says(play, WHOLE("-3"));
    begin(play);
    assert_int_equal(deliver(play, 1, 1, "transfer", transfer_body()), REASON_NONE);
    assert_true(asked(play, 3, "\"session\":\"S2\""));
    assert_int_equal(deliver(play, 2, 1, "progress", progress_body(4)), REASON_OFFICE_LOGIN);
    assert_int_equal(scripted_server_requests(play->server), 7);
    end(play);
}

#define THERE(state, steps)                                                                        \
    "{\"error_code\":\"0\",\"result\":[{\"MaHoSo\":\"" CODE "\",\"TrangThaiHoSo\":\"" state        \
    "\",\"DanhSachTienDo\":[" steps "]}]}"

static void test_exists_switches_to_update_by_code(void **state)
{
    (void)state;
    struct play *play = new_play();
    says(play, LOGGED_IN);
    says(play, ONE("11"));
    says(play, THERE("1", ""));
    says(play, ONE("0"));
    begin(play);
    assert_int_equal(deliver(play, 1, 1, "transfer", transfer_body()), REASON_NONE);
    assert_true(asked(play, 2, "TraCuuHoSo"));
    assert_true(asked(play, 3, "\"isUpdating\":\"True\""));
    end(play);
}

static void test_exists_and_not_there_is_no_success(void **state)
{
    (void)state;
    struct play *play = new_play();
    says(play, LOGGED_IN);
    says(play, ONE("11"));
    says(play, "{\"error_code\":\"12\",\"message\":\"\",\"result\":[]}");
    begin(play);
    assert_int_equal(deliver(play, 1, 1, "transfer", transfer_body()), REASON_OFFICE_DUPLICATE);
    end(play);
}

#define TAKEN_STEP                                                                                 \
    "{\"ThoiDiemXuLy\":\"20261125080000\",\"TrangThai\":\"4\",\"NoiDungXuLy\":\"Đã phân công\"}"

static void test_a_later_attempt_looks_first(void **state)
{
    (void)state;
    struct play *play = new_play();
    says(play, LOGGED_IN);
    says(play, ONE("0"));
    says_with(play, "200 OK\r\nContent-Type: text/html", "<html>thành công</html>");
    says(play, THERE("4", TAKEN_STEP));
    begin(play);
    assert_int_equal(deliver(play, 1, 1, "transfer", transfer_body()), REASON_NONE);
    assert_int_equal(deliver(play, 2, 1, "progress", progress_body(4)),
                     REASON_OFFICE_REPLY_MALFORMED);
    assert_int_equal(deliver(play, 2, 2, "progress", progress_body(4)), REASON_NONE);
    assert_int_equal(scripted_server_requests(play->server), 4); /* it was not sent again */
    end(play);
}

static const struct {
    const char *head, *body;
    enum reason reason;
} misbehaviours[] = {
    {"500 Oops", "", REASON_OFFICE_ERROR},
    {"503 Closed\r\nRetry-After: 7", "{}", REASON_OFFICE_ERROR},
    {"200 OK", "{\"message\":\"Thành công\"}", REASON_OFFICE_UNKNOWN},
    {"200 OK", "{\"error_code\":\"77\",\"result\":null}", REASON_OFFICE_UNKNOWN},
    {"200 OK", "{\"error_code\":\"20\"}", REASON_OFFICE_THROTTLED},
    {"200 OK", "{\"error_code\":\"21\"}", REASON_PORTAL_CLOSED},
    {"200 OK", "{\"error_code\":\"99\"}", REASON_OFFICE_ERROR},
    {"404 Not Found", "{\"error_code\":\"0\"}", REASON_OFFICE_NOT_FOUND},
    {"302 Found\r\nLocation: /", "{\"error_code\":\"0\"}", REASON_OFFICE_NOT_FOUND},
    {"500 Oops", ONE("0"), REASON_OFFICE_ERROR},
};

static void test_what_is_no_success_is_told_as_such(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof misbehaviours / sizeof *misbehaviours; i++) {
        struct play *play = new_play();
        says(play, LOGGED_IN);
        says_with(play, misbehaviours[i].head, misbehaviours[i].body);
        begin(play);
        assert_int_equal(deliver(play, 1, 1, "transfer", transfer_body()), misbehaviours[i].reason);
        end(play);
    }
}

static void test_a_maintenance_holds_everything_back(void **state)
{
    (void)state;
    struct play *play = new_play();
    says(play, LOGGED_IN);
    says(play, "{\"error_code\":\"21\",\"result\":{\"BaoTriDen\":\"29991231235959\"}}");
    begin(play);
    assert_int_equal(deliver(play, 1, 1, "transfer", transfer_body()), REASON_PORTAL_CLOSED);
    assert_int_equal(play->retry_after_ms, 3600 * 1000);
    assert_int_equal(deliver(play, 1, 2, "transfer", transfer_body()), REASON_PORTAL_CLOSED);
    assert_int_equal(scripted_server_requests(play->server), 2);
    end(play);
}

static void test_it_goes_on_after_a_window_of_the_settings(void **state)
{
    (void)state;
    struct play *play = new_play();
    struct played_clock clock;
    played_clock_init(&clock, 45);
    play->clock = &clock.clock;
    assert_true(portal_windows_parse("22:00-23:30", &play->windows));
    says(play, LOGGED_IN);
    says(play, "{\"error_code\":\"12\",\"message\":\"\",\"result\":[]}");
    says(play, ONE("0"));
    begin(play);
    assert_int_equal(deliver(play, 1, 1, "transfer", transfer_body()), REASON_PORTAL_CLOSED);
    assert_int_equal(play->retry_after_ms, 45 * PLAYED_MINUTE_MS);
    clock.now_ms += play->retry_after_ms - 1;
    assert_int_equal(deliver(play, 1, 2, "transfer", transfer_body()), REASON_PORTAL_CLOSED);
    assert_int_equal(play->retry_after_ms, 1);
    assert_int_equal(scripted_server_requests(play->server), 0);
    clock.now_ms += 1;
    assert_int_equal(deliver(play, 1, 3, "transfer", transfer_body()), REASON_NONE);
    end(play);
}

static void test_it_goes_on_after_a_maintenance_that_the_portal_told(void **state)
{
    (void)state;
    struct play *play = new_play();
    struct played_clock clock;
    played_clock_init(&clock, 0);
    play->clock = &clock.clock;
    says(play, LOGGED_IN);
    says(play, "{\"error_code\":\"21\",\"result\":{\"BaoTriDen\":\"20261125221000\"}}");
    says(play, "{\"error_code\":\"12\",\"message\":\"\",\"result\":[]}");
    says(play, ONE("0"));
    begin(play);
    assert_int_equal(deliver(play, 1, 1, "transfer", transfer_body()), REASON_PORTAL_CLOSED);
    assert_int_equal(play->retry_after_ms, 10 * PLAYED_MINUTE_MS);
    clock.now_ms += play->retry_after_ms - 1;
    assert_int_equal(deliver(play, 1, 2, "transfer", transfer_body()), REASON_PORTAL_CLOSED);
    assert_int_equal(scripted_server_requests(play->server), 2);
    clock.now_ms += 1;
    assert_int_equal(deliver(play, 1, 3, "transfer", transfer_body()), REASON_NONE);
    end(play);
}

/* A year that is far away, and a number that has no distance from any moment of ours. */
static void test_no_answer_closes_it_for_good(void **state)
{
    static const int64_t moments[] = {INT64_MIN, -1, 0, 1, INT64_MAX};
    (void)state;
    struct play *play = new_play();
    struct played_clock clock;
    played_clock_init(&clock, 0);
    play->clock = &clock.clock;
    for (size_t i = 0; i < sizeof moments / sizeof *moments; i++)
        assert_in_range(portal_closed_wait_ms(moments[i], (wall_t){clock.now_ms}), 0,
                        PORTAL_CLOSED_MAX_MS);
    says(play, LOGGED_IN);
    says(play, "{\"error_code\":\"21\",\"result\":{\"BaoTriDen\":\"29991231235959\"}}");
    says(play, "{\"error_code\":\"12\",\"message\":\"\",\"result\":[]}");
    says(play, ONE("0"));
    begin(play);
    assert_int_equal(deliver(play, 1, 1, "transfer", transfer_body()), REASON_PORTAL_CLOSED);
    clock.now_ms += PORTAL_CLOSED_MAX_MS - 1;
    assert_int_equal(deliver(play, 1, 2, "transfer", transfer_body()), REASON_PORTAL_CLOSED);
    clock.now_ms += 1;
    assert_int_equal(deliver(play, 1, 3, "transfer", transfer_body()), REASON_NONE);
    end(play);
}

/* The adapter does it by itself: a message that was refused by the portal's rules, and closed. */
static void test_what_is_over_goes_after_its_days(void **state)
{
    (void)state;
    struct play *play = new_play();
    struct portal_ledger *ledger;
    struct played_clock clock;
    char path[300];
    played_clock_init(&clock, 0);
    play->clock = &clock.clock;
    play->keep_days = 2;
    begin(play);
    assert_int_equal(deliver(play, 1, 1, "progress", progress_body(4)), REASON_PORTAL_DOSSIER);
    (void)snprintf(path, sizeof path, "%s/portal.sqlite", play->scratch.folder);
    assert_int_equal(portal_ledger_open(path, &ledger), REASON_NONE);
    const char *id = "01997b6e-0000-7000-8000-000000000001";
    enum portal_outcome outcome;
    enum reason reason;
    assert_int_equal(portal_ledger_close_event(ledger, id, (wall_t){clock.now_ms}), REASON_NONE);
    clock.now_ms += 2 * 24 * 60 * (int64_t)PLAYED_MINUTE_MS;
    play->office->verbs->run(play->office, hear, play);
    assert_int_equal(portal_ledger_outcome(ledger, id, &outcome, &reason), REASON_NONE);
    clock.now_ms += PORTAL_PRUNE_POLL_MS;
    play->office->verbs->run(play->office, hear, play);
    assert_int_equal(portal_ledger_outcome(ledger, id, &outcome, &reason), REASON_NOT_FOUND);
    portal_ledger_close(&ledger);
    end(play);
}

static void test_each_item_of_a_batch_has_its_own_end(void **state)
{
    (void)state;
    struct play *play = new_play();
    says(play, LOGGED_IN);
    says(play, "{\"error_code\":\"16\",\"result\":[{\"MaHoSo\":\"A-261125-0001\","
               "\"error_code\":\"0\"},{\"MaHoSo\":\"A-261125-0002\",\"error_code\":\"99\"},"
               "{\"MaHoSo\":\"A-261125-0003\",\"error_code\":\"00\"}]}");
    begin(play);
    give(play, 1, 1, "transfer", "A-261125-0001", transfer_body());
    give(play, 2, 1, "transfer", "A-261125-0002", transfer_body());
    give(play, 3, 1, "transfer", "A-261125-0003", transfer_body());
    wait_for(play, 3);
    assert_int_equal(play->answers[1], REASON_NONE);
    assert_int_equal(play->answers[2], REASON_OFFICE_ERROR);
    assert_int_equal(play->answers[3], REASON_NONE);
    end(play);
}

/* The results name their dossiers: their order is the portal's affair. */
static void test_results_belong_to_the_dossiers_that_they_name(void **state)
{
    (void)state;
    struct play *play = new_play();
    says(play, LOGGED_IN);
    says(play, "{\"error_code\":\"16\",\"result\":[{\"MaHoSo\":\"A-261125-0002\","
               "\"error_code\":\"99\"},{\"MaHoSo\":\"A-261125-0003\",\"error_code\":\"0\"},"
               "{\"MaHoSo\":\"A-261125-0009\",\"error_code\":\"0\"}]}");
    begin(play);
    give(play, 1, 1, "transfer", "A-261125-0001", transfer_body());
    give(play, 2, 1, "transfer", "A-261125-0002", transfer_body());
    give(play, 3, 1, "transfer", "A-261125-0003", transfer_body());
    wait_for(play, 3);
    assert_int_equal(play->answers[1], REASON_OFFICE_UNKNOWN);
    assert_int_equal(play->answers[2], REASON_OFFICE_ERROR);
    assert_int_equal(play->answers[3], REASON_NONE);
    end(play);
}

/* Invariant 6: what the portal shows of one dossier is nothing to the others of its batch. */
static void test_a_row_that_cannot_be_read_harms_nobody_else(void **state)
{
    (void)state;
    struct play *play = new_play();
    says(play, LOGGED_IN);
    says(play, "{\"error_code\":\"0\",\"result\":[{\"MaHoSo\":\"A-261125-0001\","
               "\"NgayKetThucXuLy\":\"2026-11-25\"},{\"MaHoSo\":\"A-261125-0002\","
               "\"NgayTra\":20261125},{\"MaHoSo\":\"A-261125-0003\"}]}");
    begin(play);
    give(play, 1, 2, "transfer", "A-261125-0001", transfer_body());
    give(play, 2, 2, "transfer", "A-261125-0002", transfer_body());
    give(play, 3, 2, "transfer", "A-261125-0003", transfer_body());
    wait_for(play, 3);
    for (size_t seq = 1; seq <= 3; seq++)
        assert_int_equal(play->answers[seq], REASON_NONE);
    end(play);
}

/* The ministries' interface: a lookup that does not show the number does not take it away. */
static void test_the_portal_s_own_number_is_kept(void **state)
{
    (void)state;
    struct play *play = new_play();
    says(play, "{\"access_token\":\"T\"}");
    says(play, "{\"error_code\":\"0\",\"result\":{\"IdHoSo\":\"77\"}}");
    says(play, THERE("2", ""));
    says(play, "{\"error_code\":\"0\",\"result\":[{\"error_code\":\"0\"}]}");
    begin_with(play, "adapters/portal/ministry.jq");
    assert_int_equal(deliver(play, 1, 1, "transfer", transfer_body()), REASON_NONE);
    assert_int_equal(deliver(play, 2, 2, "progress", progress_body(4)), REASON_NONE);
    assert_true(asked(play, 3, "CapNhatTienTrinh"));
    assert_true(asked(play, 3, "\"IDHoSo\":\"77\""));
    end(play);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_dossier_is_created_and_then_moved),
        cmocka_unit_test(test_a_message_that_was_accepted_is_answered_from_the_ledger),
        cmocka_unit_test(test_a_transition_that_is_forbidden_is_not_sent),
        cmocka_unit_test(test_nothing_is_sent_of_a_dossier_that_is_not_known),
        cmocka_unit_test(test_a_session_that_ended_is_opened_once),
        cmocka_unit_test(test_exists_switches_to_update_by_code),
        cmocka_unit_test(test_exists_and_not_there_is_no_success),
        cmocka_unit_test(test_a_later_attempt_looks_first),
        cmocka_unit_test(test_what_is_no_success_is_told_as_such),
        cmocka_unit_test(test_a_maintenance_holds_everything_back),
        cmocka_unit_test(test_it_goes_on_after_a_window_of_the_settings),
        cmocka_unit_test(test_it_goes_on_after_a_maintenance_that_the_portal_told),
        cmocka_unit_test(test_no_answer_closes_it_for_good),
        cmocka_unit_test(test_what_is_over_goes_after_its_days),
        cmocka_unit_test(test_each_item_of_a_batch_has_its_own_end),
        cmocka_unit_test(test_results_belong_to_the_dossiers_that_they_name),
        cmocka_unit_test(test_the_portal_s_own_number_is_kept),
        cmocka_unit_test(test_a_row_that_cannot_be_read_harms_nobody_else),
    };
    return cmocka_run_group_tests_name("portal_office", tests, NULL, NULL);
}
