/* The rest kind against an office that misbehaves in every way that a script can say. */
#include "tests/unit/rest_play.h"

static void nobody_listens(void **state)
{
    (void)state;
    struct play play = {.dialect = NULL};
    begin(&play, NULL, 0, NULL);
    scripted_server_stop(&play.server);
    assert_int_equal(deliver(&play, 1), REASON_OFFICE_UNREACHABLE);
    play.office->verbs->close(play.office);
}

static void a_date_says_when_to_come_back(void **state)
{
    (void)state;
    struct play play = {.dialect = NULL};
    char raw[256];
    time_t later = time(NULL) + 120;
    struct tm utc;
    char date[64];
    gmtime_r(&later, &utc);
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", &utc);
    snprintf(raw, sizeof raw, "HTTP/1.1 503 Later\r\nContent-Length: 0\r\nRetry-After: %s\r\n\r\n",
             date);
    struct scripted_reply reply = {raw, 0, false};
    begin(&play, &reply, 1, NULL);
    assert_int_equal(deliver(&play, 1), REASON_OFFICE_ERROR);
    assert_in_range(play.heard.answer.retry_after_ms, 90 * 1000, 121 * 1000);
    end(&play);
}

/* ---- once, whatever happens ------------------------------------------------------------------ */

static void the_message_id_goes_with_every_call(void **state)
{
    (void)state;
    struct play play = {.dialect = NULL};
    static const struct scripted_reply script[] = {{ACCEPTED, 0, false}};
    begin(&play, script, 1, "{\"SecurityCode\":\"s3cret\"}");
    assert_int_equal(deliver(&play, 1), REASON_NONE);
    assert_string_equal(play.heard.reference, "BN-000017");
    const char *request = scripted_server_request(play.server, 0);
    assert_non_null(strstr(request, "\r\nIdempotency-Key: " ID "\r\n"));
    assert_non_null(strstr(request, "\r\nAccept-Encoding: identity\r\n"));
    assert_non_null(strstr(request, "\"MaThongDiep\":\"" ID "\""));
    assert_non_null(strstr(request, "\"SecurityCode\":\"s3cret\""));
    end(&play);
}

static void accepted_and_cut_is_not_sent_again(void **state)
{
    (void)state;
    struct play play = {.dialect = NULL};
    static const struct scripted_reply script[] = {{"", 0, true}, {ACCEPTED, 0, false}};
    begin(&play, script, 2, NULL);
    assert_int_equal(deliver(&play, 1), REASON_OFFICE_UNREACHABLE);
    assert_int_equal(deliver(&play, 2), REASON_NONE);
    assert_string_equal(play.heard.reference, "BN-000017");
    assert_true(request_begins(&play, 1, "GET /api/TraCuuHoSo?MaThongDiep=" ID " "));
    assert_int_equal(scripted_server_requests(play.server), 2);
    end(&play);
}

static void a_kept_connection_that_dies_is_not_repeated(void **state)
{
    (void)state;
    struct play play = {.dialect = NULL};
    static const struct scripted_reply script[] = {
        {ACCEPTED, 0, false}, {"", 0, true}, {ACCEPTED, 0, false}};
    begin(&play, script, 3, NULL);
    assert_int_equal(deliver(&play, 1), REASON_NONE);
    assert_int_equal(deliver(&play, 1), REASON_OFFICE_UNREACHABLE);
    assert_int_equal(scripted_server_requests(play.server), 2);
    end(&play);
}

static void not_there_is_sent_again(void **state)
{
    (void)state;
    static const struct scripted_reply scripts[][2] = {
        {{ABSENT, 0, false}, {ACCEPTED, 0, false}},
        {{JSON_REPLY("404 Not Found", "", "12", "{\"Result\":0}"), 0, false}, {ACCEPTED, 0, false}},
    };
    for (size_t i = 0; i < 2; i++) {
        struct play play = {.dialect = NULL};
        begin(&play, scripts[i], 2, NULL);
        assert_int_equal(deliver(&play, 3), REASON_NONE);
        assert_true(request_begins(&play, 0, "GET /api/TraCuuHoSo"));
        assert_true(request_begins(&play, 1, "POST /api/TiepNhanHoSo"));
        end(&play);
    }
}

static void a_lookup_that_fails_decides_nothing(void **state)
{
    (void)state;
    static const struct {
        struct scripted_reply reply;
        enum reason reason;
    } cases[] = {
        {{EMPTY("500 Oops", ""), 0, false}, REASON_OFFICE_ERROR},
        {{EMPTY("400 Bad", ""), 0, false}, REASON_OFFICE_REPLY_MALFORMED},
        /* "not there" is not a status's word, nor a proxy's, nor a login form's */
        {{EMPTY("404 Not Found", ""), 0, false}, REASON_OFFICE_NOT_FOUND},
        {{JSON_REPLY("404 Not Found", "", "22", "<html>Not Found</html>"), 0, false},
         REASON_OFFICE_NOT_FOUND},
        {{JSON_REPLY("404 Not Found", "", "24", "{\"error\":\"no such path\"}"), 0, false},
         REASON_OFFICE_NOT_FOUND},
        {{EMPTY("410 Gone", ""), 0, false}, REASON_OFFICE_NOT_FOUND},
        {{EMPTY("302 Found", "Location: /login\r\n"), 0, false}, REASON_OFFICE_NOT_FOUND},
        {{JSON_REPLY("302 Found", "", "12", "{\"Result\":0}"), 0, false}, REASON_OFFICE_NOT_FOUND},
        {{JSON_REPLY("503 Busy", "", "12", "{\"Result\":0}"), 0, false}, REASON_OFFICE_ERROR},
        {{JSON_REPLY("200 OK", "", "2", "{}"), 0, false}, REASON_OFFICE_REPLY_MALFORMED},
        {{NULL, 0, false}, REASON_OFFICE_TIMEOUT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct play play = {.dialect = NULL};
        begin(&play, &cases[i].reply, 1, NULL);
        assert_int_equal(deliver(&play, 2), cases[i].reason);
        assert_false(failure_ground_is_sure(play.heard.answer.ground));
        assert_int_equal(scripted_server_requests(play.server), 1);
        end(&play);
    }
}

static void a_conflict_is_looked_up(void **state)
{
    (void)state;
    static const struct scripted_reply there[] = {{EMPTY("409 Conflict", ""), 0, false},
                                                  {ACCEPTED, 0, false}};
    static const struct scripted_reply absent[] = {{EMPTY("409 Conflict", ""), 0, false},
                                                   {ABSENT, 0, false}};
    struct play play = {.dialect = NULL};
    begin(&play, there, 2, NULL);
    assert_int_equal(deliver(&play, 1), REASON_NONE);
    assert_string_equal(play.heard.reference, "BN-000017");
    assert_true(request_begins(&play, 1, "GET /api/TraCuuHoSo"));
    end(&play);
    begin(&play, absent, 2, NULL);
    assert_int_equal(deliver(&play, 1), REASON_OFFICE_DUPLICATE);
    assert_int_equal(scripted_server_requests(play.server), 2);
    end(&play);
}

static void the_same_message_twice_is_one_call(void **state)
{
    (void)state;
    struct play play = {.dialect = NULL};
    static const struct scripted_reply script[] = {{ACCEPTED, 0, false}};
    begin(&play, script, 1, NULL);
    assert_int_equal(start(&play, 9, 1), REASON_NONE);
    assert_int_equal(start(&play, 9, 2), REASON_NONE);
    wait_for_answers(&play, 1);
    assert_int_equal(scripted_server_requests(play.server), 1);
    end(&play);
}

static void calls_at_once_are_bounded(void **state)
{
    (void)state;
    struct play play = {.dialect = NULL};
    static const struct scripted_reply script[] = {
        {ACCEPTED, 0, false}, {ACCEPTED, 0, false}, {ACCEPTED, 0, false}, {ACCEPTED, 0, false}};
    begin(&play, script, 4, NULL);
    for (uint64_t seq = 1; seq <= 4; seq++)
        assert_int_equal(start(&play, seq, 1), REASON_NONE);
    assert_int_equal(start(&play, 5, 1), REASON_BUSY);
    play.office->verbs->close(play.office); /* what is under way ends without a word */
    scripted_server_stop(&play.server);
}

static void a_connection_is_used_again(void **state)
{
    (void)state;
    struct play play = {.dialect = NULL};
    static const struct scripted_reply script[] = {
        {ACCEPTED, 0, false}, {ACCEPTED, 0, false}, {ACCEPTED, 0, false}};
    begin(&play, script, 3, NULL);
    for (int i = 0; i < 3; i++)
        assert_int_equal(deliver(&play, 1), REASON_NONE);
    assert_int_equal(scripted_server_connections(play.server), 1);
    end(&play);
}

/* ---- sessions -------------------------------------------------------------------------------- */

#define LOGIN       JSON_REPLY("200 OK", "", "29", "{\"Result\":1,\"Token\":\"abc123\"}")
#define CREDENTIALS "{\"TenDangNhap\":\"u\",\"MatKhau\":\"p\"}"

static void a_session_is_opened_and_renewed_once(void **state)
{
    (void)state;
    struct play play = {.dialect = NULL};
    static const struct scripted_reply script[] = {
        {LOGIN, 0, false},
        {ACCEPTED, 0, false},
        {EMPTY("401 Over", ""), 0, false},
        {JSON_REPLY("200 OK", "", "29", "{\"Result\":1,\"Token\":\"def456\"}"), 0, false},
        {ACCEPTED, 0, false}};
    begin(&play, script, 5, CREDENTIALS);
    assert_int_equal(deliver(&play, 1), REASON_NONE);
    assert_true(request_begins(&play, 0, "POST /api/DangNhap"));
    assert_non_null(
        strstr(scripted_server_request(play.server, 1), "\r\nAuthorization: Bearer abc123\r\n"));
    assert_int_equal(deliver(&play, 1), REASON_NONE);
    assert_true(request_begins(&play, 3, "POST /api/DangNhap"));
    assert_non_null(
        strstr(scripted_server_request(play.server, 4), "\r\nAuthorization: Bearer def456\r\n"));
    end(&play);
}

static void a_login_that_does_not_help_is_not_repeated(void **state)
{
    (void)state;
    struct play play = {.dialect = NULL};
    static const struct scripted_reply useless[] = {{LOGIN, 0, false},
                                                    {EMPTY("401 No", ""), 0, false}};
    static const struct scripted_reply wrong[] = {{ABSENT, 0, false}};
    begin(&play, useless, 2, CREDENTIALS);
    assert_int_equal(deliver(&play, 1), REASON_OFFICE_LOGIN);
    assert_int_equal(scripted_server_requests(play.server), 2);
    end(&play);
    begin(&play, wrong, 1, CREDENTIALS);
    assert_int_equal(deliver(&play, 1), REASON_OFFICE_LOGIN);
    assert_int_equal(scripted_server_requests(play.server), 1);
    end(&play);
}

/* It took no time to connect, for it was connected: not to answer is all that it does wrong. */
static void a_kept_connection_that_is_silent_timed_out(void **state)
{
    (void)state;
    static const struct scripted_reply silent[] = {{ACCEPTED, 0, false}, {.raw = NULL}};
    struct play play = {.dialect = NULL};
    begin(&play, silent, 2, NULL);
    assert_int_equal(deliver(&play, 1), REASON_NONE);
    assert_int_equal(deliver(&play, 1), REASON_OFFICE_TIMEOUT);
    assert_int_equal(scripted_server_connections(play.server), 1);
    end(&play);
}

/* A mapping that does not come to its end over a message takes its time from that message alone:
 * the loop, and with it the link, has its turn before the next one is looked at. */
static void a_slow_mapping_has_a_share_of_each_turn(void **state)
{
    enum { CALLS = 2 };
    (void)state;
    static const struct scripted_reply none[] = {{.raw = NULL}};
    struct play play = {.dialect = "def f: f; f"};
    begin(&play, none, 1, NULL);
    for (uint64_t seq = 1; seq <= CALLS; seq++)
        assert_int_equal(start(&play, seq, 1), REASON_NONE);
    for (size_t turn = 1; turn <= CALLS; turn++) {
        play.office->verbs->run(play.office, hear, &play.heard);
        assert_int_equal(play.heard.count, turn);
        assert_int_equal(play.heard.answer.ground, FAILURE_OURS);
    }
    end(&play);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_listens),
        cmocka_unit_test(a_slow_mapping_has_a_share_of_each_turn),
        cmocka_unit_test(a_date_says_when_to_come_back),
        cmocka_unit_test(the_message_id_goes_with_every_call),
        cmocka_unit_test(accepted_and_cut_is_not_sent_again),
        cmocka_unit_test(a_kept_connection_that_dies_is_not_repeated),
        cmocka_unit_test(not_there_is_sent_again),
        cmocka_unit_test(a_lookup_that_fails_decides_nothing),
        cmocka_unit_test(a_conflict_is_looked_up),
        cmocka_unit_test(the_same_message_twice_is_one_call),
        cmocka_unit_test(calls_at_once_are_bounded),
        cmocka_unit_test(a_connection_is_used_again),
        cmocka_unit_test(a_kept_connection_that_is_silent_timed_out),
        cmocka_unit_test(a_session_is_opened_and_renewed_once),
        cmocka_unit_test(a_login_that_does_not_help_is_not_repeated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
