/* One reply of an office, whatever it is, and the verdict that follows from it. */
#include "tests/unit/rest_play.h"

/* {"Result":1,"x":"…"}, as zlib writes it. */
#define DEFLATED                                                                                   \
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: deflate\r\n"           \
    "Content-Length: 82\r\n\r\n"                                                                   \
    "\x78\xda\x05\xc1\xcb\x11\x80\x20\x0c\x05\xc0\x5e\x72\xf6\xe2\x95"                             \
    "\x32\xec\xc0\x0c\xa0\x3c\xf9\x08\x02\x46\x1c\x7b\x77\xf7\xa5\xc5"                             \
    "\x5c\xcd\x57\x52\xf3\x44\x42\x8a\x6c\xaa\x12\xc6\xd8\x51\x83\x5b"                             \
    "\x61\xb4\x44\x48\xc7\x1d\x0b\x77\xe9\x46\x3f\x36\x9f\x51\xb3\x6f"                             \
    "\x07\x18\x23\xb1\x47\x69\x9b\x13\x67\x91\x8f\x42\xdf\x0f\xaa\xd4"                             \
    "\x1f\x3a"

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
    /* a refusal is the dialect's word: not a status, not a page, not a body that says something
     * else
     */
    {{JSON_REPLY("400 Bad Request", "", "32", "{\"Result\":0,\"Message\":\"Sai mã\"}"), 0, false},
     REASON_OFFICE_REFUSED,
     0,
     "Sai mã"},
    {{JSON_REPLY("400 Bad Request", "", "32", "{\"Result\":1,\"Message\":\"Sai mã\"}"), 0, false},
     REASON_OFFICE_REPLY_MALFORMED,
     0,
     NULL},
    {{"HTTP/1.1 400 Bad Request\r\nServer: proxy\r\nContent-Type: text/html\r\n"
      "Content-Length: 73\r\n\r\n<html>The plain HTTP request was sent to HTTPS port. "
      "Refused: 0</html>\r\n\r\n",
      0, false},
     REASON_OFFICE_REPLY_MALFORMED,
     0,
     ""},
    {{JSON_REPLY("400 Bad Request", "", "20", "{\"error\":\"bad host\"}"), 0, false},
     REASON_OFFICE_REPLY_MALFORMED,
     0,
     ""},
    {{EMPTY("422 Unprocessable", ""), 0, false}, REASON_OFFICE_REPLY_MALFORMED, 0, ""},
    {{EMPTY("413 Too Large", ""), 0, false}, REASON_OFFICE_REPLY_MALFORMED, 0, ""},
    {{JSON_REPLY("500 Oops", "", "12", "{\"Result\":0}"), 0, false}, REASON_OFFICE_ERROR, 0, ""},
    {{JSON_REPLY("302 Found", "", "12", "{\"Result\":0}"), 0, false},
     REASON_OFFICE_NOT_FOUND,
     0,
     ""},
    /* a mark before the JSON, and a body that was compressed without being asked */
    {{JSON_REPLY("200 OK", "", "40", "\xef\xbb\xbf" NUMBERED_JSON), 0, false}, REASON_NONE, 0, ""},
    {{DEFLATED, 0, false}, REASON_NONE, 0, ""},
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
        struct play play = {.dialect = NULL};
        begin(&play, &misbehaviours[i].reply, 1, NULL);
        enum reason reason = deliver(&play, 1);
        if (reason != misbehaviours[i].reason)
            print_error("case %zu: %s, expected %s\n", i, reason_code(reason),
                        reason_code(misbehaviours[i].reason));
        assert_int_equal(reason, misbehaviours[i].reason);
        assert_int_equal(failure_ground_is_sure(play.heard.answer.ground),
                         reason == REASON_NONE || reason == REASON_OFFICE_REFUSED);
        assert_int_equal(play.heard.answer.retry_after_ms, misbehaviours[i].retry_after_ms);
        if (misbehaviours[i].text != NULL)
            assert_string_equal(play.heard.text, misbehaviours[i].text);
        assert_int_equal(scripted_server_requests(play.server), 1);
        assert_true(request_begins(&play, 0, "POST /api/TiepNhanHoSo HTTP/1.1\r\n"));
        end(&play);
    }
}

/* Offices that answer without a body, with an address, or in prose: only their dialect knows. */
static const char terse[] =
    "def read: .status == 204 or (.status == 201 and .headers.location != null and .text == \"\")\n"
    "  or (.status == 200 and .text == \"OK\");\n"
    "if .stage == \"request\" then {method: \"POST\", path: \"/x\"}\n"
    "elif read then {reason: \"ok\", office_reference: (.headers.location // \"\")}\n"
    "elif .status == 422 and .text == \"no\" then {reason: \"office_refused\"}\n"
    "elif .status == 200 and .text == \"disk\" then {reason: \"store_corrupt\"}\n"
    "elif .status == 200 and .text == \"held\" then {reason: \"held_by_operator\"}\n"
    "else {reason: \"office_reply_malformed\"} end";

static void the_mapping_judges_every_reply(void **state)
{
    (void)state;
    static const struct {
        struct scripted_reply reply;
        enum reason reason;
        const char *reference;
    } cases[] = {
        {{"HTTP/1.1 204 No Content\r\n\r\n", 0, false}, REASON_NONE, ""},
        {{EMPTY("201 Created", "Location: /ho-so/17\r\n"), 0, false}, REASON_NONE, "/ho-so/17"},
        {{EMPTY("201 Created", ""), 0, false}, REASON_OFFICE_REPLY_MALFORMED, ""},
        {{JSON_REPLY("200 OK", "", "2", "OK"), 0, false}, REASON_NONE, ""},
        {{JSON_REPLY("200 OK", "", "2", "no"), 0, false}, REASON_OFFICE_REPLY_MALFORMED, ""},
        {{JSON_REPLY("422 No", "", "2", "no"), 0, false}, REASON_OFFICE_REFUSED, ""},
        /* not its to say */
        {{JSON_REPLY("200 OK", "", "4", "disk"), 0, false}, REASON_OFFICE_REPLY_MALFORMED, ""},
        {{JSON_REPLY("200 OK", "", "4", "held"), 0, false}, REASON_OFFICE_REPLY_MALFORMED, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct play play = {.dialect = terse};
        begin(&play, &cases[i].reply, 1, NULL);
        assert_int_equal(deliver(&play, 1), cases[i].reason);
        assert_string_equal(play.heard.reference, cases[i].reference);
        end(&play);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_misbehaviour_has_its_reason),
        cmocka_unit_test(the_mapping_judges_every_reply),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
