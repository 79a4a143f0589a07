/* The rest kind in a play with a scripted office: begin, deliver, look, end. */
#pragma once

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
    const char *dialect; /* NULL: vbdlis.jq */
};

/* ---- the play -------------------------------------------------------------------------------- */

static inline void open_office(struct play *play, uint16_t port, uint32_t timeout_ms,
                               const char *credentials)
{
    char url[64];
    char fault[MAPPING_FAULT_BYTES];
    struct buffer mapping;
    memset(&play->heard, 0, sizeof play->heard);
    snprintf(url, sizeof url, "http://127.0.0.1:%u/api", port);
    buffer_init(&mapping, MAPPING_PROGRAM_BYTES_MAX);
    if (play->dialect != NULL)
        assert_true(buffer_append_text(&mapping, play->dialect));
    else
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

static inline void begin(struct play *play, const struct scripted_reply *script, size_t count,
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

static inline void end(struct play *play)
{
    play->office->verbs->close(play->office);
    scripted_server_stop(&play->server);
}

static inline void hear(void *context, const struct office_answer *answer)
{
    struct heard *heard = context;
    heard->count++;
    heard->answer = *answer;
    snprintf(heard->reference, sizeof heard->reference, "%.*s", (int)answer->office_reference.size,
             (const char *)answer->office_reference.data);
    snprintf(heard->text, sizeof heard->text, "%.*s", (int)answer->text.size,
             (const char *)answer->text.data);
}

static inline enum reason start(struct play *play, uint64_t seq, uint32_t attempt)
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

static inline void wait_for_answers(struct play *play, size_t count)
{
    for (int i = 0; play->heard.count < count && i < WAIT_ROUNDS_MAX; i++) {
        struct pollfd wait = {.fd = play->office->verbs->fd(play->office), .events = POLLIN};
        (void)poll(&wait, 1, 100);
        play->office->verbs->run(play->office, hear, &play->heard);
    }
    assert_int_equal(play->heard.count, count);
}

static inline enum reason deliver(struct play *play, uint32_t attempt)
{
    size_t before = play->heard.count;
    assert_int_equal(start(play, 7, attempt), REASON_NONE);
    wait_for_answers(play, before + 1);
    assert_int_equal(play->heard.answer.message_seq, 7);
    return play->heard.answer.reason;
}

static inline bool request_begins(struct play *play, size_t index, const char *line)
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
