/* Who may take a place at the local API, what names are let through it, and what its end says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "tests/unit/api_fixture.h"

#define RESULT                                                                                     \
    "{\"type\":\"result\",\"dossier_code\":\"H15.50.05.13-261008-0975\","                          \
    "\"body\":{\"national_state\":9,\"result_code\":\"KQ1\"}}"
#define DIGEST "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"

enum { SILENT = 300, HALF_ROUNDS_MAX = 2000 };

static struct api_fixture fixture;

static int setup(void **state)
{
    (void)state;
    fixture_open(&fixture, 1024 * 1024);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fixture_close(&fixture);
    return 0;
}

/* One that has begun its head and does not end it. */
static int half_sent(const char *text)
{
    int client = client_connect(&fixture);
    assert_int_equal(send(client, text, strlen(text), MSG_NOSIGNAL), strlen(text));
    return client;
}

static bool is_ended(int client)
{
    char piece[256];
    ssize_t got;
    while ((got = recv(client, piece, sizeof piece, 0)) > 0)
        ;
    return got == 0 || (errno != EAGAIN && errno != EINTR);
}

static size_t ended_of(const int *clients, size_t count)
{
    size_t ended = 0;
    for (size_t i = 0; i < count; i++)
        ended += is_ended(clients[i]);
    return ended;
}

/* Bytes that are no text in a path, and a name that is cut inside a character: each has its answer.
 */
static void what_is_no_text_is_answered(void **state)
{
    enum { LETTERS = 100, LETTER_BYTES = 3 };
    (void)state;
    assert_call(&fixture, "GET", "/v1/dossiers/%ff", "", "", 404, NULL);
    assert_call(&fixture, "GET", "/v1/messages/%c3%28", "", "", 404, NULL);
    for (int shift = 0; shift < LETTER_BYTES; shift++) {
        struct buffer body;
        buffer_init(&body, 1024);
        assert_true(buffer_append_format(&body, "{\"%.*s", shift, "abc"));
        for (int i = 0; i < LETTERS; i++)
            assert_true(buffer_append_text(&body, "ạ"));
        assert_true(buffer_append_text(&body, "\":1}"));
        assert_call(&fixture, "POST", "/v1/messages", "", buffer_text(&body), 400, NULL);
        buffer_release(&body);
    }
}

static void half_sent_heads_stop_nobody(void **state)
{
    (void)state;
    static const char *const heads[] = {
        "", "G", "GET /v1/queues HTTP/1.1\r\nHost: localhost\r\n",
        "GET /v1/queues HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ",
        "POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer 00\r\n"};
    int clients[SILENT];
    for (size_t i = 0; i < SILENT; i++) {
        clients[i] = half_sent(heads[i % (sizeof heads / sizeof *heads)]);
        if (i % 50 == 0)
            assert_call(&fixture, "GET", "/v1/queues", "", "", 200, NULL);
    }
    assert_call(&fixture, "POST", "/v1/attachments", "", "a file", 201, NULL);
    assert_call(&fixture, "GET", "/v1/queues", "", "", 200, NULL);
    /* More than their share are gone, the oldest first. */
    for (int i = 0; i < HALF_ROUNDS_MAX && ended_of(clients, SILENT) < SILENT - API_STRANGERS_MAX;
         i++)
        fixture_turn(&fixture);
    assert_int_equal(ended_of(clients, SILENT), SILENT - API_STRANGERS_MAX);
    assert_int_equal(ended_of(clients, SILENT - API_STRANGERS_MAX), SILENT - API_STRANGERS_MAX);
    /* And the rest when their time is over. */
    fixture.now_ms += API_STRANGER_MS;
    for (int i = 0; i < HALF_ROUNDS_MAX && ended_of(clients, SILENT) < SILENT; i++)
        fixture_turn(&fixture);
    assert_int_equal(ended_of(clients, SILENT), SILENT);
    for (size_t i = 0; i < SILENT; i++)
        close(clients[i]);
}

static void who_has_shown_a_token_stays(void **state)
{
    (void)state;
    char head[512], answer[4096];
    snprintf(head, sizeof head,
             "GET /v1/queues HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n\r\n",
             fixture.token);
    int known = half_sent(head), wrong = half_sent(""), strangers[API_STRANGERS_MAX + 1];
    ssize_t got = -1;
    for (int i = 0; i < HALF_ROUNDS_MAX && got <= 0; i++) {
        fixture_turn(&fixture);
        got = recv(known, answer, sizeof answer, 0);
    }
    assert_true(got > 0 && strncmp(answer, "HTTP/1.1 200", 12) == 0);
    for (size_t i = 0; i <= API_STRANGERS_MAX; i++)
        strangers[i] = half_sent("GET ");
    fixture.now_ms += 5 * API_STRANGER_MS;
    for (int i = 0; i < HALF_ROUNDS_MAX && !is_ended(wrong); i++)
        fixture_turn(&fixture);
    assert_true(is_ended(wrong));
    assert_false(is_ended(known));
    for (size_t i = 0; i <= API_STRANGERS_MAX; i++)
        close(strangers[i]);
    close(known);
    close(wrong);
}

static void places_come_from_the_descriptors_there_are(void **state)
{
    (void)state;
    struct api_bounds plenty = api_bounds_of(1024, 0);
    assert_int_equal(plenty.known, API_CONNECTIONS_MAX);
    assert_int_equal(plenty.strangers, API_STRANGERS_MAX);
    for (uint32_t descriptors = 256; descriptors < 2000; descriptors++) {
        struct api_bounds bounds = api_bounds_of(descriptors, 0);
        assert_true(bounds.known >= 16 && bounds.strangers >= 16);
        /* each place, and a file for each known one, leave the program's own */
        assert_true(bounds.connections + bounds.known + 128 <= descriptors);
    }
}

static void an_unsafe_name_is_refused_by_its_field(void **state)
{
    (void)state;
    static const struct {
        const char *name, *media_type, *field; /* NULL: taken */
    } cases[] = {
        {"don.pdf", "application/pdf", NULL},
        {"..\\\\..\\\\x.aspx", "text/plain", "attachments.name"},
        {"C:\\\\x", "text/plain", "attachments.name"},
        {"a.pdf:Zone", "text/plain", "attachments.name"},
        {"CON", "text/plain", "attachments.name"},
        {"\xe2\x80\xae"
         "fdp.exe",
         "text/plain", "attachments.name"},
        {"a\xc2\x85.pdf", "text/plain", "attachments.name"},
        {"   ", "text/plain", "attachments.name"},
        {"a.pdf", "text/plain\\nX-Header: 1", "attachments.media_type"},
    };
    struct api_reply file;
    call(&fixture, "POST", "/v1/attachments", "", "a file", &file);
    assert_int_equal(file.status, 201);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char body[1024];
        struct api_reply reply;
        snprintf(body, sizeof body,
                 "{\"type\":\"result\",\"dossier_code\":\"H15.50.05.13-261008-%04zu\","
                 "\"recipient\":\"centre\",\"body\":{\"national_state\":9},"
                 "\"attachments\":[{\"sha256\":\"%s\",\"name\":\"%s\",\"media_type\":\"%s\"}]}",
                 i + 1, text_at(file.json, "sha256"), cases[i].name, cases[i].media_type);
        call(&fixture, "POST", "/v1/messages", "", body, &reply);
        assert_int_equal(reply.status, cases[i].field == NULL ? 202 : 400);
        assert_string_equal(text_at(reply.json, "detail"),
                            cases[i].field == NULL ? "" : cases[i].field);
        reply_release(&reply);
    }
    reply_release(&file);
}

/* What is refused while its body is still on the way hears so, and the connection ends as one
 * should: a reset would take the answer with it. */
static void an_upload_over_the_limit_hears_so(void **state)
{
    (void)state;
    enum { PIECE = 64 * 1024, PIECES = 48 /* three times what may be */ };
    static const char *const heads[] = {"POST /v1/attachments", ("PUT /v1/attachments/" DIGEST),
                                        "POST /v1/messages"};
    static char piece[PIECE];
    memset(piece, 'x', sizeof piece);
    for (size_t i = 0; i < 2 * sizeof heads / sizeof *heads; i++) {
        bool is_chunked = i % 2 == 1;
        char length[64] = "Transfer-Encoding: chunked";
        struct buffer request;
        struct api_reply reply;
        buffer_init(&request, 2 * PIECE * PIECES);
        if (!is_chunked)
            snprintf(length, sizeof length, "Content-Length: %d", PIECE * PIECES);
        assert_true(buffer_append_format(
            &request, "%s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n%s\r\n\r\n",
            heads[i / 2], fixture.token, length));
        for (int n = 0; n < PIECES; n++)
            assert_true((!is_chunked || buffer_append_format(&request, "%x\r\n", PIECE)) &&
                        buffer_append(&request, (struct bytes){(uint8_t *)piece, PIECE}) &&
                        (!is_chunked || buffer_append_text(&request, "\r\n")));
        assert_true(!is_chunked || buffer_append_text(&request, "0\r\n\r\n"));
        exchange(&fixture, buffer_view(&request), 0, &reply);
        bool is_without_length = is_chunked && strncmp(heads[i / 2], "PUT", 3) == 0;
        assert_int_equal(reply.status, is_without_length ? 411 : 413);
        assert_string_not_equal(text_at(reply.json, "title_vi"), "");
        reply_release(&reply);
        buffer_release(&request);
    }
    assert_call(&fixture, "GET", "/v1/queues", "", "", 200, NULL);
}

static void those_who_wait_at_the_end_are_told(void **state)
{
    (void)state;
    char request[1024];
    char answer[4096] = "";
    int client = client_connect(&fixture);
    snprintf(request, sizeof request,
             "POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n"
             "Content-Length: %zu\r\n\r\n%s",
             fixture.token, strlen(RESULT), RESULT);
    assert_int_equal(send(client, request, strlen(request), MSG_NOSIGNAL), strlen(request));
    for (int i = 0; i < API_ROUNDS_MAX && !api_has_changes(fixture.server); i++) {
        struct pollfd wait = {.fd = api_fd(fixture.server), .events = POLLIN};
        (void)poll(&wait, 1, 5);
        api_run(fixture.server, (mono_t){fixture.now_ms});
    }
    assert_true(api_has_changes(fixture.server));
    local_api_destroy(&fixture.api);
    assert_true(recv(client, answer, sizeof answer - 1, 0) > 0);
    assert_non_null(strstr(answer, "503"));
    assert_non_null(strstr(answer, "shutdown"));
    close(client);
}

/* What arrives in the last run of all: no step comes for it any more. */
static void who_comes_at_the_end_is_told(void **state)
{
    (void)state;
    char request[1024], answer[4096] = "";
    int client = client_connect(&fixture);
    snprintf(request, sizeof request,
             "POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n"
             "Content-Length: %zu\r\n\r\n",
             fixture.token, strlen(RESULT));
    assert_int_equal(send(client, request, strlen(request), MSG_NOSIGNAL), strlen(request));
    for (int i = 0; i < HALF_ROUNDS_MAX && api_timeout_ms(fixture.server) >= 0; i++)
        fixture_turn(&fixture); /* until he is no stranger any more */
    assert_int_equal(send(client, RESULT, strlen(RESULT), MSG_NOSIGNAL), strlen(RESULT));
    assert_false(api_has_changes(fixture.server));
    local_api_destroy(&fixture.api);
    assert_true(recv(client, answer, sizeof answer - 1, 0) > 0);
    assert_non_null(strstr(answer, "shutdown"));
    close(client);
}

/* The totals alone are a page of none, with no row that a cursor could be of. */
static void a_page_of_none_has_no_cursor(void **state)
{
    static const char *const lists[] = {
        "/v1/deadlines?limit=0", "/v1/deadlines?limit=0&after=1%20x",
        "/v1/deadlines?limit=0&standing=due_today", "/v1/queues?limit=0"};
    (void)state;
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        struct api_reply reply;
        call(&fixture, "GET", lists[i], "", "", &reply);
        assert_int_equal(reply.status, 200);
        assert_string_equal(text_at(reply.json, "next"), "");
        reply_release(&reply);
    }
    assert_call(&fixture, "GET", "/v1/inbox?limit=0", "", "", 200, NULL);
}

static void must_not_wait(struct blobs *blobs)
{
    (void)blobs;
    fail();
}

/* A long file is hashed before it is given out, and an upload is on the disk before it is answered:
 * meanwhile the loop goes on, and with it the link to the gateway. */
static void nobody_waits_for_a_disk(void **state)
{
    enum { FILE_BYTES = 1024 * 1024 };
    char request[512];
    struct api_reply reply;
    struct digest digest;
    (void)state;
    snprintf(request, sizeof request,
             "POST /v1/attachments HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n"
             "Connection: close\r\nContent-Length: %d\r\n\r\n",
             fixture.token, FILE_BYTES);
    exchange(&fixture, bytes_of_text(request), FILE_BYTES, &reply);
    assert_int_equal(reply.status, 201);
    snprintf(request, sizeof request, "/v1/attachments/%s", text_at(reply.json, "sha256"));
    assert_true(digest_parse(bytes_of_text(text_at(reply.json, "sha256")), &digest));
    reply_release(&reply);
    const struct blobs_verbs *verbs = fixture.blobs->verbs;
    struct blobs_verbs patient = *verbs;
    patient.wait = must_not_wait;
    fixture.blobs->verbs = &patient;
    fixture.blobs->verbs->doubt(fixture.blobs, &digest);
    call(&fixture, "GET", request, "Range: bytes=0-99\r\n", "", &reply);
    assert_int_equal(reply.status, 206);
    assert_int_equal(reply.body.size, 100);
    reply_release(&reply);
    assert_call(&fixture, "POST", "/v1/attachments", "", "a short one", 201, NULL);
    fixture.blobs->verbs = verbs;
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(what_is_no_text_is_answered),
        T(half_sent_heads_stop_nobody),
        T(who_has_shown_a_token_stays),
        cmocka_unit_test(places_come_from_the_descriptors_there_are),
        T(an_unsafe_name_is_refused_by_its_field),
        T(an_upload_over_the_limit_hears_so),
        T(nobody_waits_for_a_disk),
        T(those_who_wait_at_the_end_are_told),
        T(who_comes_at_the_end_is_told),
        T(a_page_of_none_has_no_cursor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
