/* Bodies and queries of the local API, over HTTP, in a real session: any bytes get an answer with a
 * reason of the table, and what is answered "accepted" is there. Input: a byte for the path, then
 * the body, or the query. */
#include <stdlib.h>
#include <string.h>

#include "proto/base/check.h"

/* The fixture of the unit tests states what it needs with cmocka's words. */
#define assert_true(x)            check(x)
#define assert_non_null(x)        check((x) != NULL)
#define assert_int_equal(a, b)    check((a) == (b))
#define assert_string_equal(a, b) check(strcmp(a, b) == 0)
#define fail()                    check(false)

#include "tests/unit/api_fixture.h"

enum { INPUTS_PER_FIXTURE = 500, QUERY_BYTES_MAX = 512, ATTACHMENT_BYTES = 64 * 1024 };

#define SOME_ID     "01020304-0506-7007-8008-090a0b0c0d0e"
#define SOME_DIGEST "0101010101010101010101010101010101010101010101010101010101010101"

static const struct {
    const char *method, *path, *extra;
} routes[] = {
    {"POST", "/v1/messages", ""},
    {"POST", "/v1/messages", "Idempotency-Key: one\r\n"},
    {"POST", "/v1/inbox/" SOME_ID "/accept", ""},
    {"POST", "/v1/inbox/" SOME_ID "/refuse", ""},
    {"POST", "/v1/attachments", ""},
    {"PUT", "/v1/attachments/" SOME_DIGEST, ""},
    {"GET", "/v1/inbox", ""},
    {"GET", "/v1/queues", ""},
    {"GET", "/v1/messages/" SOME_ID, ""},
    {"POST", "/v1/queues/" SOME_ID "/hold", ""},
};

static struct api_fixture fixture;
static unsigned inputs;

static void close_fixture(void)
{
    if (inputs > 0)
        fixture_close(&fixture);
}

static void open_fixture(void)
{
    if (inputs == 0)
        check(atexit(close_fixture) == 0);
    if (inputs % INPUTS_PER_FIXTURE == 0) {
        close_fixture();
        fixture_open(&fixture, ATTACHMENT_BYTES);
    }
    inputs++;
}

static void check_there(const char *id)
{
    char path[128];
    struct api_reply reply;
    (void)snprintf(path, sizeof path, "/v1/messages/%s", id);
    call(&fixture, "GET", path, "", "", &reply);
    check(reply.status == 200 && strcmp(text_at(reply.json, "message_id"), id) == 0);
    reply_release(&reply);
}

static void check_reply(const struct api_reply *reply)
{
    check(reply->status >= 200 && reply->status < 600 && reply->status != 500);
    if (reply->status >= 400) {
        enum reason reason;
        const char *code = text_at(reply->json, "code");
        check(reason_parse(bytes_of_text(code), &reason) && reason != REASON_NONE);
    } else if (reply->status == 202) {
        check_there(text_at(reply->json, "message_id"));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buffer request;
    struct api_reply reply;
    if (size == 0)
        return 0;
    open_fixture();
    size_t route = data[0] % (sizeof routes / sizeof *routes);
    bool is_query = strcmp(routes[route].method, "GET") == 0;
    struct bytes body = {data + 1, size - 1};
    buffer_init(&request, API_REPLY_BYTES_MAX);
    check(buffer_append_format(&request, "%s %s", routes[route].method, routes[route].path));
    for (size_t i = 0; is_query && i < body.size && i < QUERY_BYTES_MAX; i++) {
        bool plain = strchr("=&+%", data[i + 1]) != NULL && data[i + 1] != 0;
        plain = plain || (data[i + 1] >= '0' && data[i + 1] <= 'z' && data[i + 1] != '\\');
        check(buffer_append_format(&request, plain ? "%s%c" : "%s%%%02x", i == 0 ? "?" : "",
                                   data[i + 1]));
    }
    check(buffer_append_format(&request,
                               " HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nAuthorization: Bearer %s\r\n"
                               "Connection: close\r\nContent-Length: %zu\r\n%s\r\n",
                               api_port(fixture.server), fixture.token, is_query ? 0 : body.size,
                               routes[route].extra));
    check(is_query || buffer_append(&request, body));
    exchange(&fixture, buffer_view(&request), 0, &reply);
    check_reply(&reply);
    reply_release(&reply);
    buffer_release(&request);
    return 0;
}
