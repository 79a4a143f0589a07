/* api_fixture - a local API over a real session, store and blobs, and a client that speaks raw
 * HTTP, all in one thread: the test is the adapter's loop. Include after cmocka. */
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <jansson.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "adapters/core/session.h"
#include "adapters/api/local_api.h"
#include "gateway/store/blobs_directory.h"
#include "gateway/store/store_sqlite.h"
#include "gateway/workers/file_read.h"
#include "proto/seal/sha256.h"
#include "tests/support/open_crypto.h"
#include "tests/unit/scratch.h"

enum { API_REPLY_BYTES_MAX = 8 * 1024 * 1024, API_ROUNDS_MAX = 20000 };

struct api_fixture {
    struct scratch scratch;
    struct store *store;
    struct blobs *blobs;
    struct arena memory;
    struct session *session;
    struct local_api *api;
    struct api *server;
    struct metrics metrics;
    enum reason fail_commit; /* the next commits answer this instead of being done */
    int64_t now_ms;
    char token[TOKEN_TEXT_BYTES];
    char office_token[TOKEN_TEXT_BYTES];
};

struct api_reply {
    int status;
    struct bytes head;
    struct bytes body;
    json_t *json; /* when the body is some */
    struct buffer raw;
};

#ifndef FIXTURE_HASH
#define FIXTURE_HASH sha256_parts
#endif

static const struct crypto_port fixture_crypto = {.hash = FIXTURE_HASH,
                                                  .sign = open_crypto_sign,
                                                  .verify = open_crypto_verify,
                                                  .random = open_crypto_random};

static inline void fixture_read_token(const struct api_fixture *fixture, const char *name,
                                      char *ret_token)
{
    char path[FILE_PATH_BYTES_MAX];
    struct buffer text;
    buffer_init(&text, 256);
    assert_true(file_path_join(fixture->scratch.folder, name, path));
    assert_int_equal(file_read_secret(path, &text), REASON_NONE);
    assert_int_equal(text.size, TOKEN_TEXT_BYTES);
    memcpy(ret_token, text.data, TOKEN_TEXT_BYTES - 1);
    ret_token[TOKEN_TEXT_BYTES - 1] = 0;
    buffer_release(&text);
}

static inline void fixture_open(struct api_fixture *fixture, uint64_t attachment_bytes_max)
{
    char path[FILE_PATH_BYTES_MAX];
    memset(fixture, 0, sizeof *fixture);
    fixture->now_ms = 1791426600000;
    assert_true(scratch_open(&fixture->scratch));
    assert_true(file_path_join(fixture->scratch.folder, "store.sqlite", path));
    assert_int_equal(store_sqlite_open(path, NULL, &fixture->store), REASON_NONE);
    assert_true(file_path_join(fixture->scratch.folder, "blobs", path));
    assert_int_equal(blobs_directory_open(path, attachment_bytes_max, &fixture->blobs),
                     REASON_NONE);
    struct session_options session = {.self = key_of("stnmt"),
                                      .gateway = key_of("gateway"),
                                      .offset_minutes = 420,
                                      .window_messages = 64,
                                      .attachment_bytes_max = attachment_bytes_max,
                                      .flights_max = 256,
                                      .program = "test",
                                      .store = fixture->store,
                                      .blobs = fixture->blobs,
                                      .crypto = &fixture_crypto};
    assert_true(arena_init(&fixture->memory, session_memory_bytes(&session)));
    fixture->session = session_new(&session, &fixture->memory);
    assert_int_equal(session_load(fixture->session, (wall_t){fixture->now_ms}), REASON_NONE);
    metrics_init(&fixture->metrics, fixture->scratch.folder, NULL);
    struct local_api_options api = {.doors = {.port = 0},
                                    .state_directory = fixture->scratch.folder,
                                    .version = "1.2.3",
                                    .self = session.self,
                                    .gateway = session.gateway,
                                    .attachment_bytes_max = attachment_bytes_max,
                                    .session = fixture->session,
                                    .metrics = &fixture->metrics,
                                    .store = fixture->store,
                                    .blobs = fixture->blobs,
                                    .crypto = &fixture_crypto};
    char what[API_WHAT_BYTES];
    assert_int_equal(local_api_new(&api, &fixture->api, what), REASON_NONE);
    fixture->server = local_api_server(fixture->api);
    fixture_read_token(fixture, "api.token", fixture->token);
    fixture_read_token(fixture, "office.token", fixture->office_token);
}

static inline void fixture_close(struct api_fixture *fixture)
{
    local_api_destroy(&fixture->api);
    metrics_release(&fixture->metrics);
    session_release(fixture->session);
    arena_release(&fixture->memory);
    fixture->blobs->verbs->close(fixture->blobs);
    fixture->store->verbs->close(fixture->store);
    scratch_close(&fixture->scratch);
}

/* ---- the loop -------------------------------------------------------------------------------- */

static enum reason fixture_send(void *context, const struct key *peer, struct bytes frame)
{
    (void)peer;
    (void)context;
    (void)frame;
    return REASON_LINK_LOST;
}

static void fixture_call_office(void *context, uint64_t message_seq, uint32_t attempt)
{
    (void)context;
    (void)message_seq;
    (void)attempt;
    fail(); /* kind inbox: nobody calls */
}

static void fixture_transition(void *context, const struct transition *transition)
{
    (void)context;
    (void)transition;
}

static void fixture_intake_done(void *context, struct intake *intake)
{
    (void)context;
    arena_release(&intake->arena);
    free((void *)(uintptr_t)intake->bytes.data);
    free(intake);
}

/* One step; intake may be NULL. */
static inline void fixture_step(struct api_fixture *fixture, struct intake *intake)
{
    const struct step_effects effects = {
        fixture, fixture_send, fixture_call_office, fixture_transition, fixture_intake_done, NULL};
    const struct store_plan *plan = NULL;
    fixture->now_ms++;
    session_begin(fixture->session, (mono_t){fixture->now_ms}, (wall_t){fixture->now_ms});
    if (intake != NULL)
        session_intake(fixture->session, intake);
    api_step(fixture->server);
    enum reason reason = session_end(fixture->session, &plan);
    if (reason == REASON_NONE && plan != NULL)
        reason = fixture->fail_commit != REASON_NONE
                     ? fixture->fail_commit
                     : fixture->store->verbs->commit(fixture->store, plan);
    if (reason == REASON_NONE)
        session_committed(fixture->session, &effects);
    else
        session_aborted(fixture->session, reason, &effects);
    api_settle(fixture->server, reason);
}

/* A frame as the gateway would send it, examined. */
static inline struct intake *fixture_intake(const struct api_fixture *fixture, struct bytes frame)
{
    struct intake *intake = calloc(1, sizeof *intake);
    uint8_t *copy = malloc(frame.size);
    assert_non_null(intake);
    assert_non_null(copy);
    memcpy(copy, frame.data, frame.size);
    intake->peer = key_of("gateway");
    intake->bytes = (struct bytes){copy, frame.size};
    intake->arrived = (wall_t){fixture->now_ms};
    assert_true(arena_init(&intake->arena, examine_memory_bytes(frame.size)));
    examine_frame(intake, &fixture_crypto, intake->arrived);
    return intake;
}

/* ---- the client ------------------------------------------------------------------------------ */

static inline int client_connect(const struct api_fixture *fixture)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(api_port(fixture->server)),
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int client = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(client >= 0);
    assert_int_equal(connect(client, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(fcntl(client, F_SETFL, O_NONBLOCK), 0);
    return client;
}

/* One turn of the loop: what has arrived, then a step when something waits for one. */
static inline void fixture_turn(struct api_fixture *fixture)
{
    struct pollfd wait = {.fd = api_fd(fixture->server), .events = POLLIN};
    int timeout_ms = api_timeout_ms(fixture->server);
    (void)poll(&wait, 1, timeout_ms >= 0 && timeout_ms < 5 ? timeout_ms : 5);
    api_run(fixture->server, (mono_t){fixture->now_ms});
    if (api_has_changes(fixture->server))
        fixture_step(fixture, NULL);
}

/* For tests/support/openapi_answers.py, which holds the answers against the API's description. */
static inline void record_answer(struct bytes request, const struct api_reply *reply)
{
    char method[16], path[512], type[64] = "";
    const char *file_name = getenv("ANSWERS");
    const char *head = (const char *)reply->raw.data;
    const char *at = strstr(head, "Content-Type: ");
    FILE *file = file_name == NULL ? NULL : fopen(file_name, "ae");
    if (file == NULL)
        return;
    if (at != NULL && at < head + reply->head.size)
        (void)sscanf(at, "Content-Type: %63[^\r]", type);
    if (sscanf((const char *)request.data, "%15s %511s", method, path) == 2) {
        json_t *body = json_stringn((const char *)reply->body.data, reply->body.size);
        json_t *line = json_pack("{s:s, s:s, s:i, s:s, s:o}", "method", method, "path", path,
                                 "status", reply->status, "type", type, "body",
                                 body != NULL ? body : json_string("")); /* bytes of a file */
        (void)json_dumpf(line, file, JSON_COMPACT);
        (void)fputc('\n', file);
        json_decref(line);
    }
    (void)fclose(file);
}

/* Writes request, then body_size bytes of 'x' when content is empty, and reads to the end. */
static inline void exchange(struct api_fixture *fixture, struct bytes request, uint64_t body_size,
                            struct api_reply *ret_reply)
{
    static char filler[64 * 1024];
    struct bytes asked = request;
    int client = client_connect(fixture);
    memset(filler, 'x', sizeof filler);
    memset(ret_reply, 0, sizeof *ret_reply);
    buffer_init(&ret_reply->raw, API_REPLY_BYTES_MAX);
    bool is_over = false;
    /* More turns than any transfer of these tests takes: a gigabyte in pieces of 64 KB. */
    for (int turn = 0; !is_over && turn < API_ROUNDS_MAX * 10; turn++) {
        char piece[64 * 1024];
        while (request.size > 0 || body_size > 0) {
            size_t size = body_size < sizeof filler ? (size_t)body_size : sizeof filler;
            ssize_t sent = request.size > 0 ? send(client, request.data, request.size, MSG_NOSIGNAL)
                                            : send(client, filler, size, MSG_NOSIGNAL);
            if (sent <= 0)
                break;
            if (request.size > 0)
                request = (struct bytes){request.data + sent, request.size - (size_t)sent};
            else
                body_size -= (uint64_t)sent;
        }
        fixture_turn(fixture);
        ssize_t got;
        while ((got = recv(client, piece, sizeof piece, 0)) > 0)
            assert_true(
                buffer_append(&ret_reply->raw, (struct bytes){(uint8_t *)piece, (size_t)got}));
        is_over = got == 0;
    }
    assert_true(is_over);
    close(client);
    const char *text = buffer_text(&ret_reply->raw);
    const char *end = strstr(text, "\r\n\r\n");
    assert_non_null(end);
    assert_int_equal(sscanf(text, "HTTP/1.1 %d", &ret_reply->status), 1);
    size_t head = (size_t)(end - text) + 4;
    ret_reply->head = (struct bytes){ret_reply->raw.data, head};
    ret_reply->body = (struct bytes){ret_reply->raw.data + head, ret_reply->raw.size - head};
    ret_reply->json = json_loadb((const char *)ret_reply->body.data, ret_reply->body.size, 0, NULL);
    record_answer(asked, ret_reply);
}

static inline void reply_release(struct api_reply *reply)
{
    json_decref(reply->json);
    buffer_release(&reply->raw);
}

/* A request with the token; extra: more header lines, each with its CRLF, may be "". */
static inline void call(struct api_fixture *fixture, const char *method, const char *path,
                        const char *extra, const char *body, struct api_reply *ret_reply)
{
    struct buffer request;
    buffer_init(&request, API_REPLY_BYTES_MAX);
    assert_true(buffer_append_format(
        &request,
        "%s %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nAuthorization: Bearer %s\r\nConnection: close\r\n"
        "Content-Length: %zu\r\n%s\r\n%s",
        method, path, api_port(fixture->server), fixture->token, strlen(body), extra, body));
    exchange(fixture, buffer_view(&request), 0, ret_reply);
    buffer_release(&request);
}

/* The status, and the code of the refusal when it is one. */
static inline void assert_call(struct api_fixture *fixture, const char *method, const char *path,
                               const char *extra, const char *body, int status, const char *code)
{
    struct api_reply reply;
    call(fixture, method, path, extra, body, &reply);
    assert_int_equal(reply.status, status);
    if (code != NULL) {
        assert_string_equal(json_string_value(json_object_get(reply.json, "code")), code);
        assert_true(json_string_length(json_object_get(reply.json, "title_vi")) > 0);
        assert_true(json_string_length(json_object_get(reply.json, "title")) > 0);
    }
    reply_release(&reply);
}

static inline const char *text_at(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text == NULL ? "" : text;
}
