/* The rest kind against an office that misbehaves in every way that a script can say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "adapters/rest/rest_office.h"
#include "gateway/workers/file_read.h"
#include "tests/support/scripted_server.h"

/* Long enough for a busy machine; short only where the script never answers. */
enum { WAIT_ROUNDS_MAX = 1000, TIMEOUT_MS = 20000, SHORT_TIMEOUT_MS = 400 };

#define ID "01997b6e-0000-7000-8000-000000000001"

struct heard {
    size_t count;
    struct office_answer answer;
    char reference[65];
    char text[501];
};

struct play {
    struct scripted_server *server;
    struct office *office;
    struct heard heard;
};

/* ---- the play -------------------------------------------------------------------------------- */

static void open_office(struct play *play, uint16_t port, uint32_t timeout_ms,
                        const char *credentials)
{
    char url[64];
    char fault[MAPPING_FAULT_BYTES];
    struct buffer mapping;
    memset(&play->heard, 0, sizeof play->heard);
    snprintf(url, sizeof url, "http://127.0.0.1:%u/api", port);
    buffer_init(&mapping, MAPPING_PROGRAM_BYTES_MAX);
    assert_int_equal(file_read("adapters/rest/vbdlis.jq", &mapping), REASON_NONE);
    struct rest_options options = {
        .base_url = url,
        .mapping = buffer_view(&mapping),
        .credentials = credentials == NULL ? NULL : json_loads(credentials, 0, NULL),
        .connect_timeout_ms = timeout_ms,
        .timeout_ms = timeout_ms,
        .calls_max = 4,
    };
    assert_int_equal(rest_office_new(&options, &play->office, fault), REASON_NONE);
    json_decref(options.credentials);
    buffer_release(&mapping);
}

static void begin(struct play *play, const struct scripted_reply *script, size_t count,
                  const char *credentials)
{
    play->server = scripted_server_open(script, count);
    assert_non_null(play->server);
    uint32_t timeout_ms = TIMEOUT_MS;
    for (size_t i = 0; i < count; i++)
        timeout_ms = script[i].raw == NULL ? SHORT_TIMEOUT_MS : timeout_ms;
    open_office(play, scripted_server_port(play->server), timeout_ms, credentials);
    assert_true(scripted_server_serve(play->server));
}

static void end(struct play *play)
{
    play->office->verbs->close(play->office);
    scripted_server_stop(&play->server);
}

static void hear(void *context, const struct office_answer *answer)
{
    struct heard *heard = context;
    heard->count++;
    heard->answer = *answer;
    snprintf(heard->reference, sizeof heard->reference, "%.*s", (int)answer->office_reference.size,
             (const char *)answer->office_reference.data);
    snprintf(heard->text, sizeof heard->text, "%.*s", (int)answer->text.size,
             (const char *)answer->text.data);
}

static enum reason start(struct play *play, uint64_t seq, uint32_t attempt)
{
    json_t *message = json_pack(
        "{s:{s:s,s:s,s:s},s:{s:{s:s}},s:[]}", "envelope", "type", "transfer", "message_id", ID,
        "dossier_code", "H15.50.05.13-261008-0975", "body", "owner", "name", "A", "attachments");
    struct office_delivery delivery = {.message_seq = seq, .attempt = attempt, .message = message};
    assert_true(id_parse(bytes_of_text(ID), &delivery.id));
    enum reason reason = play->office->verbs->start(play->office, &delivery);
    json_decref(message);
    return reason;
}

static void wait_for_answers(struct play *play, size_t count)
{
    for (int i = 0; play->heard.count < count && i < WAIT_ROUNDS_MAX; i++) {
        struct pollfd wait = {.fd = play->office->verbs->fd(play->office), .events = POLLIN};
        (void)poll(&wait, 1, 100);
        play->office->verbs->run(play->office, hear, &play->heard);
    }
    assert_int_equal(play->heard.count, count);
}

static enum reason deliver(struct play *play, uint32_t attempt)
{
    size_t before = play->heard.count;
    assert_int_equal(start(play, 7, attempt), REASON_NONE);
    wait_for_answers(play, before + 1);
    assert_int_equal(play->heard.answer.message_seq, 7);
    return play->heard.answer.reason;
}

static bool request_begins(struct play *play, size_t index, const char *line)
{
    return strncmp(scripted_server_request(play->server, index), line, strlen(line)) == 0;
}

#define JSON_REPLY(status, extra, length, body)                                                    \
    "HTTP/1.1 " status "\r\nContent-Type: application/json\r\nContent-Length: " length             \
    "\r\n" extra "\r\n" body
#define NUMBERED_JSON        "{\"Result\":1,\"SoBienNhan\":\"BN-000017\"}"
#define ACCEPTED             JSON_REPLY("200 OK", "", "37", NUMBERED_JSON)
#define ABSENT               JSON_REPLY("200 OK", "", "12", "{\"Result\":0}")
#define EMPTY(status, extra) "HTTP/1.1 " status "\r\nContent-Length: 0\r\n" extra "\r\n"

/* ---- one reply, one verdict ------------------------------------------------------------------ */

static const struct {
    struct scripted_reply reply;
    enum reason reason;
    uint32_t retry_after_ms;
    const char *text;
} misbehaviours[] = {
    {{ACCEPTED, 0, false}, REASON_NONE, 0, ""},
    {{JSON_REPLY("200 OK", "", "39",
                 "{\"Result\":0,\"Message\":\"Thi\xe1\xba\xbfu gi\xe1\xba\xa5y\"}"),
      0, false},
     REASON_OFFICE_REFUSED,
     0,
     "Thiếu giấy"},
    /* no success by prose */
    {{JSON_REPLY("200 OK", "", "25", "{\"Message\":\"Successful!\"}"), 0, false},
     REASON_OFFICE_REPLY_MALFORMED,
     0,
     NULL},
    {{JSON_REPLY("200 OK", "", "7", "success"), 0, false}, REASON_OFFICE_REPLY_MALFORMED, 0, ""},
    {{JSON_REPLY("200 OK", "", "13", "<html></html>"), 0, false},
     REASON_OFFICE_REPLY_MALFORMED,
     0,
     ""},
    {{EMPTY("204 No Content", ""), 0, false}, REASON_OFFICE_REPLY_MALFORMED, 0, ""},
    {{JSON_REPLY("400 Bad Request", "", "32", "{\"Result\":1,\"Message\":\"Sai mã\"}"), 0, false},
     REASON_OFFICE_REFUSED,
     0,
     NULL},
    {{EMPTY("422 Unprocessable", ""), 0, false}, REASON_OFFICE_REFUSED, 0, ""},
    {{EMPTY("401 Unauthorized", ""), 0, false}, REASON_OFFICE_LOGIN, 0, ""},
    {{EMPTY("403 Forbidden", ""), 0, false}, REASON_OFFICE_LOGIN, 0, ""},
    {{EMPTY("404 Not Found", ""), 0, false}, REASON_OFFICE_NOT_FOUND, 0, ""},
    {{EMPTY("429 Too Many", "Retry-After: 17\r\n"), 0, false}, REASON_OFFICE_THROTTLED, 17000, ""},
    {{EMPTY("429 Too Many", "Retry-After: 99999999\r\n"), 0, false},
     REASON_OFFICE_THROTTLED,
     60 * 60 * 1000,
     ""},
    {{JSON_REPLY("500 Oops", "", "12", "{\"Result\":1}"), 0, false}, REASON_OFFICE_ERROR, 0, ""},
    {{EMPTY("503 Unavailable", "Retry-After: 3\r\n"), 0, false}, REASON_OFFICE_ERROR, 3000, ""},
    {{EMPTY("302 Found", "Location: http://127.0.0.1:1/\r\n"), 0, false},
     REASON_OFFICE_NOT_FOUND,
     0,
     ""},
    {{EMPTY("418 Teapot", ""), 0, false}, REASON_OFFICE_UNKNOWN, 0, ""},
    {{JSON_REPLY("200 OK", "", "34", "{\"Result\":1,"), 0, true},
     REASON_OFFICE_UNREACHABLE,
     0,
     ""}, /* closes mid-reply */
    {{"", 0, true}, REASON_OFFICE_UNREACHABLE, 0, ""},
    {{NULL, 0, false}, REASON_OFFICE_TIMEOUT, 0, ""},
    {{"HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n", 0, false},
     REASON_OFFICE_REPLY_TOO_LARGE,
     0,
     ""},
    {{"HTTP/1.1 200 OK\r\n\r\n", 100 * 1024 * 1024, true},
     REASON_OFFICE_REPLY_TOO_LARGE,
     0,
     ""}, /* does not say how long */
    {{"not http at all\r\n\r\n", 0, true}, REASON_OFFICE_REPLY_MALFORMED, 0, ""},
};

static void every_misbehaviour_has_its_reason(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof misbehaviours / sizeof *misbehaviours; i++) {
        struct play play;
        begin(&play, &misbehaviours[i].reply, 1, NULL);
        enum reason reason = deliver(&play, 1);
        if (reason != misbehaviours[i].reason)
            print_error("case %zu: %s, expected %s\n", i, reason_code(reason),
                        reason_code(misbehaviours[i].reason));
        assert_int_equal(reason, misbehaviours[i].reason);
        assert_int_equal(play.heard.answer.retry_after_ms, misbehaviours[i].retry_after_ms);
        if (misbehaviours[i].text != NULL)
            assert_string_equal(play.heard.text, misbehaviours[i].text);
        assert_int_equal(scripted_server_requests(play.server), 1);
        assert_true(request_begins(&play, 0, "POST /api/TiepNhanHoSo HTTP/1.1\r\n"));
        end(&play);
    }
}

static void nobody_listens(void **state)
{
    (void)state;
    struct play play;
    begin(&play, NULL, 0, NULL);
    scripted_server_stop(&play.server);
    assert_int_equal(deliver(&play, 1), REASON_OFFICE_UNREACHABLE);
    play.office->verbs->close(play.office);
}

static void a_date_says_when_to_come_back(void **state)
{
    (void)state;
    struct play play;
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
    struct play play;
    static const struct scripted_reply script[] = {{ACCEPTED, 0, false}};
    begin(&play, script, 1, "{\"SecurityCode\":\"s3cret\"}");
    assert_int_equal(deliver(&play, 1), REASON_NONE);
    assert_string_equal(play.heard.reference, "BN-000017");
    const char *request = scripted_server_request(play.server, 0);
    assert_non_null(strstr(request, "\r\nIdempotency-Key: " ID "\r\n"));
    assert_non_null(strstr(request, "\"MaThongDiep\":\"" ID "\""));
    assert_non_null(strstr(request, "\"SecurityCode\":\"s3cret\""));
    end(&play);
}

static void accepted_and_cut_is_not_sent_again(void **state)
{
    (void)state;
    struct play play;
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
    struct play play;
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
        {{EMPTY("404 Not Found", ""), 0, false}, {ACCEPTED, 0, false}},
    };
    for (size_t i = 0; i < 2; i++) {
        struct play play;
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
        {{EMPTY("400 Bad", ""), 0, false}, REASON_OFFICE_UNKNOWN},
        {{JSON_REPLY("200 OK", "", "2", "{}"), 0, false}, REASON_OFFICE_REPLY_MALFORMED},
        {{NULL, 0, false}, REASON_OFFICE_TIMEOUT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct play play;
        begin(&play, &cases[i].reply, 1, NULL);
        assert_int_equal(deliver(&play, 2), cases[i].reason);
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
    struct play play;
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
    struct play play;
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
    struct play play;
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
    struct play play;
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
    struct play play;
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
    struct play play;
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_misbehaviour_has_its_reason),
        cmocka_unit_test(nobody_listens),
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
        cmocka_unit_test(a_session_is_opened_and_renewed_once),
        cmocka_unit_test(a_login_that_does_not_help_is_not_repeated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
