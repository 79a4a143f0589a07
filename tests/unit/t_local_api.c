/* The local API: who may call, what is refused and how, that a change is answered after its commit,
 * and that files of any size cost the same memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <malloc.h>
#include <stdio.h>

#include "tests/unit/api_fixture.h"

#define RESULT                                                                                     \
    "{\"type\":\"result\",\"dossier_code\":\"H15.50.05.13-261008-0975\","                          \
    "\"body\":{\"national_state\":9,\"result_code\":\"KQ1\"}}"
#define DIGEST_OF_HELLO "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"

enum { ATTACHMENT_BYTES_MAX = 64 * 1024 * 1024 };

static struct api_fixture fixture;

static int setup(void **state)
{
    (void)state;
    fixture_open(&fixture, ATTACHMENT_BYTES_MAX);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fixture_close(&fixture);
    return 0;
}

/* ---- who may --------------------------------------------------------------------------------- */

static int status_of(const char *request)
{
    struct api_reply reply;
    exchange(&fixture, bytes_of_text(request), 0, &reply);
    int status = reply.status;
    reply_release(&reply);
    return status;
}

static void only_the_token_opens(void **state)
{
    (void)state;
    char request[512];
    char wrong[TOKEN_TEXT_BYTES];
    assert_int_equal(status_of("GET /v1/inbox HTTP/1.1\r\nHost: localhost\r\n"
                               "Connection: close\r\n\r\n"),
                     401);
    memcpy(wrong, fixture.token, sizeof wrong);
    wrong[TOKEN_TEXT_BYTES - 2] = wrong[TOKEN_TEXT_BYTES - 2] == '0' ? '1' : '0';
    snprintf(request, sizeof request,
             "GET /v1/inbox HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n"
             "Connection: close\r\n\r\n",
             wrong);
    assert_int_equal(status_of(request), 401);
    snprintf(request, sizeof request,
             "GET /v1/inbox HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n"
             "Connection: close\r\n\r\n",
             fixture.office_token);
    assert_int_equal(status_of(request), 401);
    assert_call(&fixture, "GET", "/v1/inbox", "", "", 200, NULL);
}

static void a_foreign_host_name_is_refused(void **state)
{
    (void)state;
    char request[512];
    static const char *const hosts[] = {"evil.example", "127.0.0.1.evil.example", "localhost:x",
                                        "localhost.evil.example:7650"};
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        snprintf(request, sizeof request,
                 "GET /v1/health HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", hosts[i]);
        assert_int_equal(status_of(request), 400);
    }
}

static void health_tells_strangers_only_whether_it_lives(void **state)
{
    (void)state;
    struct api_reply reply;
    exchange(&fixture,
             bytes_of_text("GET /v1/health HTTP/1.1\r\nHost: localhost\r\n"
                           "Connection: close\r\n\r\n"),
             0, &reply);
    assert_int_equal(reply.status, 200);
    assert_true(json_is_false(json_object_get(reply.json, "linked")));
    assert_string_equal(text_at(reply.json, "store"), "ok");
    assert_string_equal(text_at(reply.json, "version"), "1.2.3");
    assert_null(json_object_get(reply.json, "to_gateway"));
    reply_release(&reply);
    call(&fixture, "GET", "/v1/health", "", "", &reply);
    assert_string_equal(text_at(reply.json, "participant"), "stnmt");
    assert_true(json_is_integer(json_object_get(reply.json, "to_gateway")));
    assert_non_null(json_object_get(json_object_get(reply.json, "ledger"), "root"));
    reply_release(&reply);
}

static void an_operator_says_that_the_clock_is_right(void **state)
{
    (void)state;
    struct api_reply reply;
    assert_int_equal(status_of("POST /v1/clock/trust HTTP/1.1\r\nHost: localhost\r\n"
                               "Connection: close\r\n\r\n"),
                     401);
    call(&fixture, "POST", "/v1/clock/trust", "", "", &reply);
    assert_string_equal(text_at(reply.json, "clock"), "trusted");
    assert_string_equal(text_at(reply.json, "clock_shows"), text_at(reply.json, "clock_goes_by"));
    reply_release(&reply);
}

static void a_token_that_others_read_is_refused(void **state)
{
    (void)state;
    struct token token;
    char path[FILE_PATH_BYTES_MAX];
    assert_true(file_path_join(fixture.scratch.folder, "api.token", path));
    assert_int_equal(token_load(path, &fixture_crypto, &token), REASON_NONE);
    assert_string_equal(token.text, fixture.token);
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(token_load(path, &fixture_crypto, &token), REASON_KEY_UNREADABLE);
    assert_int_equal(chmod(path, 0600), 0);
    assert_true(scratch_write(&fixture.scratch, "short.token", bytes_of_text("abc\n")));
    assert_true(file_path_join(fixture.scratch.folder, "short.token", path));
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(token_load(path, &fixture_crypto, &token), REASON_FILE_UNREADABLE);
}

/* ---- submit ---------------------------------------------------------------------------------- */

static void a_submission_is_answered_once_committed(void **state)
{
    (void)state;
    struct api_reply first, second, message;
    char path[128];
    call(&fixture, "POST", "/v1/messages", "Idempotency-Key: a-1\r\n", RESULT, &first);
    assert_int_equal(first.status, 202);
    assert_string_equal(text_at(first.json, "state"), "queued");
    assert_true(json_is_false(json_object_get(first.json, "repeated")));
    call(&fixture, "POST", "/v1/messages", "Idempotency-Key: a-1\r\n", RESULT, &second);
    assert_int_equal(second.status, 202);
    assert_true(json_is_true(json_object_get(second.json, "repeated")));
    assert_string_equal(text_at(first.json, "message_id"), text_at(second.json, "message_id"));
    assert_string_equal(text_at(first.json, "sha256"), text_at(second.json, "sha256"));

    snprintf(path, sizeof path, "/v1/messages/%s", text_at(first.json, "message_id"));
    call(&fixture, "GET", path, "", "", &message);
    assert_int_equal(message.status, 200);
    assert_string_equal(text_at(message.json, "type"), "result");
    assert_string_equal(text_at(message.json, "type_vi"), "Trả kết quả");
    const json_t *body = json_object_get(message.json, "body");
    assert_string_equal(text_at(body, "result_code"), "KQ1");
    const json_t *entry = json_array_get(json_object_get(message.json, "entries"), 0);
    assert_string_equal(text_at(entry, "destination"), "gateway");
    assert_string_equal(text_at(entry, "state"), "queued");
    reply_release(&message);
    reply_release(&first);
    reply_release(&second);
}

static void a_key_that_was_used_for_something_else_is_refused(void **state)
{
    (void)state;
    struct api_reply first, again;
    static const char other[] =
        "{\"type\":\"result\",\"dossier_code\":\"H15.50.05.13-261008-0976\","
        "\"body\":{\"national_state\":9,\"result_code\":\"KQ1\"}}";
    static const char with_time[] =
        "{\"type\":\"result\",\"dossier_code\":\"H15.50.05.13-261008-0976\","
        "\"source_time\":\"2026-10-08T09:00:00+07:00\",\"body\":{\"national_state\":9,\"result_"
        "code\":\"KQ1\"}}";
    static const char other_body[] =
        "{\"type\":\"result\",\"dossier_code\":\"H15.50.05.13-261008-0976\","
        "\"body\":{\"national_state\":9,\"result_code\":\"KQ2\"}}";
    static const char other_type[] =
        "{\"type\":\"progress\",\"dossier_code\":\"H15.50.05.13-261008-0976\","
        "\"body\":{\"content\":\"c\",\"national_state\":4}}";
    call(&fixture, "POST", "/v1/messages", "Idempotency-Key: k-1\r\n", other, &first);
    assert_int_equal(first.status, 202);
    assert_call(&fixture, "POST", "/v1/messages", "Idempotency-Key: k-1\r\n", RESULT, 409,
                "reference_reused");
    assert_call(&fixture, "POST", "/v1/messages", "Idempotency-Key: k-1\r\n", other_type, 409,
                "reference_reused");
    /* A system that repeats itself may state its time anew, and what it writes in the body. */
    call(&fixture, "POST", "/v1/messages", "Idempotency-Key: k-1\r\n", other_body, &again);
    assert_int_equal(again.status, 202);
    assert_string_equal(text_at(first.json, "message_id"), text_at(again.json, "message_id"));
    reply_release(&again);
    call(&fixture, "POST", "/v1/messages", "Idempotency-Key: k-1\r\n", with_time, &again);
    assert_int_equal(again.status, 202);
    assert_string_equal(text_at(first.json, "message_id"), text_at(again.json, "message_id"));
    reply_release(&again);
    reply_release(&first);
}

static void raw_bytes_are_those_that_were_hashed(void **state)
{
    (void)state;
    struct api_reply submitted, document;
    struct digest digest;
    char path[128];
    char text[DIGEST_TEXT_BYTES];
    call(&fixture, "POST", "/v1/messages", "", RESULT, &submitted);
    snprintf(path, sizeof path, "/v1/messages/%s/document", text_at(submitted.json, "message_id"));
    call(&fixture, "GET", path, "", "", &document);
    assert_int_equal(document.status, 200);
    sha256_parts(&document.body, 1, &digest);
    digest_format(&digest, text);
    assert_string_equal(text, text_at(submitted.json, "sha256"));
    reply_release(&document);
    snprintf(path, sizeof path, "/v1/messages/%s/signature", text_at(submitted.json, "message_id"));
    call(&fixture, "GET", path, "", "", &document);
    assert_true(bytes_equal(document.body, bytes_of_text("seal")));
    reply_release(&document);
    reply_release(&submitted);
}

static void nothing_is_promised_that_is_not_committed(void **state)
{
    (void)state;
    struct api_reply reply;
    fixture.fail_commit = REASON_STORE_FULL;
    call(&fixture, "POST", "/v1/messages", "Idempotency-Key: b\r\n", RESULT, &reply);
    assert_int_equal(reply.status, 503);
    assert_string_equal(text_at(reply.json, "code"), "store_full");
    assert_non_null(strstr((const char *)reply.raw.data, "Retry-After: "));
    reply_release(&reply);
    fixture.fail_commit = REASON_NONE;
    fixture.now_ms += 5000; /* the session looks at its store again */
    call(&fixture, "POST", "/v1/messages", "Idempotency-Key: b\r\n", RESULT, &reply);
    assert_int_equal(reply.status, 202);
    assert_true(json_is_false(json_object_get(reply.json, "repeated")));
    reply_release(&reply);
}

static void bad_requests_have_names(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        int status;
        const char *code;
    } cases[] = {
        {"", 400, "json_malformed"},
        {"[1]", 400, "json_not_object"},
        {"{\"type\":\"result\"", 400, "json_malformed"},
        {"{\"type\":\"result\",\"dossier_code\":\"H15-261008-0975\",\"body\":{}}", 400,
         "field_missing"},
        {"{\"type\":\"result\",\"dossier_code\":\"H15-261008-0975\","
         "\"body\":{\"national_state\":9,\"finished_ms\":1764000000}}",
         400, "time_not_ms"},
        {"{\"type\":\"nonsense\",\"body\":{}}", 400, "message_type_unknown"},
        {"{\"type\":\"receipt_delivered\",\"dossier_code\":\"H15-261008-0975\",\"body\":{}}", 400,
         "message_type_unknown"},
        {"{\"body\":{}}", 400, "field_missing"},
        {"{\"type\":\"result\"}", 400, "field_missing"},
        {"{\"type\":\"result\",\"colour\":1,\"body\":{}}", 400, "field_unknown"},
        {"{\"type\":\"result\",\"body\":{\"colour\":1}}", 400, "field_unknown"},
        {"{\"type\":\"result\",\"dossier_code\":\"nonsense\",\"body\":{}}", 400,
         "dossier_code_invalid"},
        {"{\"type\":\"result\",\"dossier_code\":\"H15-261008-0975\",\"body\":{},"
         "\"in_reply_to\":\"01997b6e-0000-7000-8000-000000000000\"}",
         400, "reply_unknown"},
        {"{\"type\":\"result\",\"dossier_code\":\"H15-261008-0975\",\"body\":{},"
         "\"source_time\":\"yesterday\"}",
         400, "field_invalid"},
        {"{\"type\":\"result\",\"dossier_code\":\"H15-261008-0975\",\"body\":{},"
         "\"attachments\":[{\"sha256\":\"" DIGEST_OF_HELLO "\",\"name\":\"a.pdf\"}]}",
         400, "attachment_missing"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_call(&fixture, "POST", "/v1/messages", "", cases[i].body, cases[i].status,
                    cases[i].code);
    assert_call(&fixture, "POST", "/v1/messages", "Content-Type: text/xml\r\n", RESULT, 415,
                "request_malformed");
    assert_call(&fixture, "GET", "/v1/nothing", "", "", 404, "not_found");
    assert_call(&fixture, "DELETE", "/v1/inbox", "", "", 405, "request_malformed");
    assert_call(&fixture, "GET", "/v1/messages/not-an-id", "", "", 400, "field_invalid");
    assert_call(&fixture, "GET", "/v1/messages/01997b6e-0000-7000-8000-000000000000", "", "", 404,
                "not_found");
    assert_call(&fixture, "GET", "/v1/inbox?limit=abc", "", "", 400, "field_invalid");
    assert_call(&fixture, "GET", "/v1/queues?state=delivered", "", "", 200, NULL);
    assert_call(&fixture, "GET", "/v1/queues?state=done", "", "", 400, "field_invalid");
    assert_call(&fixture, "GET", "/v1/queues?destination=NOT", "", "", 400, "field_invalid");
}

static void a_body_beyond_its_bound_is_refused(void **state)
{
    (void)state;
    char request[512];
    struct api_reply reply;
    snprintf(request, sizeof request,
             "POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n"
             "Connection: close\r\nContent-Length: %d\r\n\r\n",
             fixture.token, LOCAL_API_BODY_BYTES_MAX + 1);
    exchange(&fixture, bytes_of_text(request), LOCAL_API_BODY_BYTES_MAX + 1, &reply);
    assert_int_equal(reply.status, 413);
    reply_release(&reply);
}

/* ---- queues and dossiers --------------------------------------------------------------------- */

static void operators_hold_release_and_withdraw(void **state)
{
    (void)state;
    struct api_reply submitted, reply;
    char path[160];
    call(&fixture, "POST", "/v1/messages", "", RESULT, &submitted);
    const char *id = text_at(submitted.json, "message_id");
    snprintf(path, sizeof path, "/v1/queues/%s/hold?destination=gateway", id);
    assert_call(&fixture, "POST", path, "", "", 200, NULL);
    call(&fixture, "GET", "/v1/queues?state=held", "", "", &reply);
    const json_t *entry = json_array_get(json_object_get(reply.json, "entries"), 0);
    assert_string_equal(text_at(entry, "message_id"), id);
    assert_string_equal(text_at(entry, "reason"), "held_by_operator");
    const json_t *destination = json_array_get(json_object_get(reply.json, "destinations"), 0);
    assert_string_equal(text_at(destination, "destination"), "gateway");
    assert_int_equal(json_integer_value(json_object_get(destination, "held")), 1);
    reply_release(&reply);
    snprintf(path, sizeof path, "/v1/queues/%s/release", id);
    assert_call(&fixture, "POST", path, "", "", 200, NULL);
    assert_call(&fixture, "POST", path, "", "", 409, "not_held");
    snprintf(path, sizeof path, "/v1/queues/%s/withdraw", id);
    assert_call(&fixture, "POST", path, "", "", 200, NULL);
    assert_call(&fixture, "POST", path, "", "", 409, "has_ended");
    call(&fixture, "GET", "/v1/dossiers/H15.50.05.13-261008-0975", "", "", &reply);
    const json_t *event = json_array_get(json_object_get(reply.json, "events"), 0);
    assert_string_equal(text_at(event, "message_id"), id);
    assert_string_equal(text_at(event, "type"), "result");
    assert_string_equal(text_at(event, "from"), "stnmt");
    assert_string_equal(text_at(event, "state"), "withdrawn");
    reply_release(&reply);
    reply_release(&submitted);
}

static void a_list_is_read_page_by_page(void **state)
{
    (void)state;
    enum { MESSAGES = 7, PAGE = 3 };
    char path[256] = "/v1/queues?limit=3";
    size_t seen = 0;
    for (int i = 0; i < MESSAGES; i++)
        assert_call(&fixture, "POST", "/v1/messages", "", RESULT, 202, NULL);
    for (int page = 0; page < MESSAGES; page++) {
        struct api_reply reply;
        call(&fixture, "GET", path, "", "", &reply);
        assert_int_equal(reply.status, 200);
        size_t count = json_array_size(json_object_get(reply.json, "entries"));
        assert_true(count <= PAGE);
        seen += count;
        snprintf(path, sizeof path, "/v1/queues?limit=3&after=%s", text_at(reply.json, "next"));
        reply_release(&reply);
        if (count == 0)
            break;
    }
    assert_int_equal(seen, MESSAGES);
}

/* ---- attachments ----------------------------------------------------------------------------- */

static void a_file_comes_back_as_it_went(void **state)
{
    (void)state;
    struct api_reply reply;
    char path[256];
    assert_call(&fixture, "PUT", "/v1/attachments/" DIGEST_OF_HELLO, "", "hello", 201, NULL);
    assert_call(&fixture, "PUT", "/v1/attachments/" DIGEST_OF_HELLO, "", "hello", 200, NULL);
    call(&fixture, "POST", "/v1/attachments", "", "hello", &reply);
    assert_int_equal(reply.status, 200);
    assert_string_equal(text_at(reply.json, "sha256"), DIGEST_OF_HELLO);
    assert_int_equal(json_integer_value(json_object_get(reply.json, "size_bytes")), 5);
    reply_release(&reply);
    call(&fixture, "GET", "/v1/attachments/" DIGEST_OF_HELLO, "", "", &reply);
    assert_true(bytes_equal(reply.body, bytes_of_text("hello")));
    reply_release(&reply);
    call(&fixture, "GET", "/v1/attachments/" DIGEST_OF_HELLO, "Range: bytes=1-3\r\n", "", &reply);
    assert_int_equal(reply.status, 206);
    assert_true(bytes_equal(reply.body, bytes_of_text("ell")));
    assert_non_null(strstr((const char *)reply.raw.data, "bytes 1-3/5"));
    reply_release(&reply);
    snprintf(path, sizeof path,
             "GET /v1/attachments/" DIGEST_OF_HELLO "?token=%s HTTP/1.1\r\nHost: localhost\r\n"
             "Connection: close\r\n\r\n",
             fixture.office_token);
    assert_int_equal(status_of(path), 200);
}

static void wrong_files_are_refused(void **state)
{
    (void)state;
    char request[512];
    struct api_reply reply;
    assert_call(&fixture, "PUT", "/v1/attachments/" DIGEST_OF_HELLO, "", "hellO", 400,
                "attachment_digest");
    assert_call(&fixture, "GET", "/v1/attachments/" DIGEST_OF_HELLO, "", "", 404, "not_found");
    assert_call(&fixture, "PUT", "/v1/attachments/abc", "", "hello", 400, "field_invalid");
    /* Refused by its length, before a byte of it is read. */
    snprintf(request, sizeof request,
             "PUT /v1/attachments/" DIGEST_OF_HELLO " HTTP/1.1\r\nHost: localhost\r\n"
             "Authorization: Bearer %s\r\nConnection: close\r\nContent-Length: %d\r\n\r\n",
             fixture.token, ATTACHMENT_BYTES_MAX + 1);
    exchange(&fixture, bytes_of_text(request), 0, &reply);
    assert_int_equal(reply.status, 413);
    assert_string_equal(text_at(reply.json, "code"), "attachment_too_large");
    reply_release(&reply);
    /* The right one still goes in. */
    assert_call(&fixture, "PUT", "/v1/attachments/" DIGEST_OF_HELLO, "", "hello", 201, NULL);
}

/* The connection of a PUT of "hello" whose first two bytes were taken. */
static int put_half(void)
{
    char request[512];
    int client = client_connect(&fixture);
    snprintf(request, sizeof request,
             "PUT /v1/attachments/" DIGEST_OF_HELLO " HTTP/1.1\r\nHost: localhost\r\n"
             "Authorization: Bearer %s\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhe",
             fixture.token);
    assert_int_equal(send(client, request, strlen(request), MSG_NOSIGNAL), strlen(request));
    for (int i = 0; i < 20; i++)
        fixture_turn(&fixture);
    return client;
}

static void a_cut_upload_leaves_nothing_behind(void **state)
{
    (void)state;
    close(put_half());
    for (int i = 0; i < 20; i++)
        fixture_turn(&fixture);
    assert_call(&fixture, "GET", "/v1/attachments/" DIGEST_OF_HELLO, "", "", 404, "not_found");
    assert_call(&fixture, "PUT", "/v1/attachments/" DIGEST_OF_HELLO, "", "hello", 201, NULL);
}

/* Two systems bring one file; the slower one hears that it is there. */
static void a_file_that_another_one_brought_meanwhile_is_there(void **state)
{
    (void)state;
    char answer[2048] = "";
    int slow = put_half();
    assert_call(&fixture, "POST", "/v1/attachments", "", "hello", 201, NULL);
    assert_int_equal(send(slow, "llo", 3, MSG_NOSIGNAL), 3);
    for (int i = 0; i < API_ROUNDS_MAX && recv(slow, answer, sizeof answer - 1, 0) <= 0; i++)
        fixture_turn(&fixture);
    close(slow);
    assert_non_null(strstr(answer, "HTTP/1.1 200"));
    assert_non_null(strstr(answer, DIGEST_OF_HELLO));
    assert_call(&fixture, "GET", "/v1/attachments/" DIGEST_OF_HELLO, "", "", 200, NULL);
}

static void a_large_upload_costs_no_memory(void **state)
{
    (void)state;
    enum { UPLOAD_BYTES = 48 * 1024 * 1024, GROWTH_BYTES_MAX = 2 * 1024 * 1024 };
    char request[512];
    struct api_reply reply;
    assert_call(&fixture, "POST", "/v1/attachments", "", "warm", 201, NULL);
    size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
    snprintf(request, sizeof request,
             "POST /v1/attachments HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n"
             "Connection: close\r\nContent-Length: %d\r\n\r\n",
             fixture.token, UPLOAD_BYTES);
    exchange(&fixture, bytes_of_text(request), UPLOAD_BYTES, &reply);
    assert_int_equal(reply.status, 201);
    assert_int_equal(json_integer_value(json_object_get(reply.json, "size_bytes")), UPLOAD_BYTES);
    reply_release(&reply);
    assert_true(mallinfo2().uordblks + mallinfo2().hblkhd < before + GROWTH_BYTES_MAX);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(only_the_token_opens),
        T(a_foreign_host_name_is_refused),
        T(health_tells_strangers_only_whether_it_lives),
        T(an_operator_says_that_the_clock_is_right),
        T(a_token_that_others_read_is_refused),
        T(a_submission_is_answered_once_committed),
        T(a_key_that_was_used_for_something_else_is_refused),
        T(raw_bytes_are_those_that_were_hashed),
        T(nothing_is_promised_that_is_not_committed),
        T(bad_requests_have_names),
        T(a_body_beyond_its_bound_is_refused),
        T(operators_hold_release_and_withdraw),
        T(a_list_is_read_page_by_page),
        T(a_file_comes_back_as_it_went),
        T(wrong_files_are_refused),
        T(a_cut_upload_leaves_nothing_behind),
        T(a_file_that_another_one_brought_meanwhile_is_there),
        T(a_large_upload_costs_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
