/* portal_play - the portal kind against a portal that a script plays: cmocka before this.
 *
 *   new_play ─▶ says … ─▶ begin ─▶ deliver, or give and wait_for … asked ─▶ end
 */
#pragma once

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/portal/portal_office.h"
#include "gateway/workers/file_read.h"
#include "tests/support/scripted_server.h"
#include "tests/unit/scratch.h"

enum { WAIT_ROUNDS_MAX = 1000, REPLIES_MAX = 16, ANSWERS_MAX = 16, REPLY_BYTES = 2048 };

#define CODE "H38.09-261125-0001"

struct play {
    struct scripted_server *server;
    struct office *office;
    char replies[REPLIES_MAX][REPLY_BYTES];
    struct scripted_reply script[REPLIES_MAX];
    size_t reply_count, answer_count;
    enum reason answers[ANSWERS_MAX]; /* by message_seq */
    enum failure_ground grounds[ANSWERS_MAX];
    uint32_t retry_after_ms;
    uint32_t keep_days;               /* 0: for ever */
    struct portal_windows windows;    /* none */
    const struct portal_clock *clock; /* the machine's */
    struct scratch scratch;
};

static inline void says_with(struct play *play, const char *head, const char *body)
{
    char *reply = play->replies[play->reply_count];
    (void)snprintf(reply, REPLY_BYTES, "HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n%s", head,
                   strlen(body), body);
    play->script[play->reply_count++].raw = reply;
}

static inline void says(struct play *play, const char *body)
{
    says_with(play, "200 OK\r\nContent-Type: application/json", body);
}

#define LOGGED_IN  "{\"session\":\"S1\",\"error_code\":\"0\"}"
#define LOGGED_IN2 "{\"session\":\"S2\",\"error_code\":\"0\"}"
#define ONE(code)                                                                                  \
    "{\"error_code\":\"" code "\",\"message\":\"\",\"result\":[{\"MaHoSo\":\"" CODE                \
    "\",\"error_code\":\"" code "\",\"message\":\"\"}]}"
#define WHOLE(code) "{\"error_code\":\"" code "\",\"message\":\"\",\"result\":null}"

static inline void begin_with(struct play *play, const char *dialect)
{
    char url[64], ledger[300], fault[MAPPING_FAULT_BYTES];
    struct buffer mapping;
    play->server = scripted_server_open(play->script, play->reply_count);
    assert_non_null(play->server);
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%u", scripted_server_port(play->server));
    assert_true(scratch_open(&play->scratch));
    (void)snprintf(ledger, sizeof ledger, "%s/portal.sqlite", play->scratch.folder);
    buffer_init(&mapping, MAPPING_PROGRAM_BYTES_MAX);
    assert_int_equal(file_read(dialect, &mapping), REASON_NONE);
    json_t *settings = json_pack("{s:s, s:s, s:s, s:s}", "unit", "H38", "dstcode", "DST",
                                 "auth_path", "/auth/login", "integration_path", "/integration");
    struct portal_options options = {
        .dialect = {.base_url = url,
                    .mapping = buffer_view(&mapping),
                    .settings = settings,
                    .credentials = json_pack("{s:s, s:s}", "username", "u", "password", "p"),
                    .headers = "X-Road-Client: VN/GOV/H38 | X-Two: 2",
                    .files_base = "http://files",
                    .files_token = "t"},
        .ledger = ledger,
        .connect_timeout_ms = 20000,
        .timeout_ms = 20000,
        .calls_max = 16,
        .requests_max = 2,
        .batch_max = 50,
        .keep_days = play->keep_days,
        .windows = play->windows,
        .clock = play->clock,
    };
    enum reason reason = portal_office_new(&options, &play->office, fault);
    if (reason != REASON_NONE)
        print_error("the mapping: %s\n", fault);
    assert_int_equal(reason, REASON_NONE);
    assert_true(scripted_server_serve(play->server)); /* after the mapping's process was made */
    json_decref(options.dialect.credentials);
    json_decref(settings);
    buffer_release(&mapping);
}

static inline void begin(struct play *play)
{
    begin_with(play, "adapters/portal/provincial.jq");
}

static inline void end(struct play *play)
{
    play->office->verbs->close(play->office);
    scripted_server_stop(&play->server);
    scratch_close(&play->scratch);
    free(play);
}

static inline struct play *new_play(void)
{
    struct play *play = calloc(1, sizeof *play);
    assert_non_null(play);
    return play;
}

static inline void hear(void *context, const struct office_answer *answer)
{
    struct play *play = context;
    assert_in_range(answer->message_seq, 1, ANSWERS_MAX - 1);
    play->answers[answer->message_seq] = answer->reason;
    play->grounds[answer->message_seq] = answer->ground;
    play->retry_after_ms = answer->retry_after_ms;
    play->answer_count++;
}

static inline void give(struct play *play, uint64_t seq, uint32_t attempt, const char *type,
                        const char *code, json_t *body)
{
    char id[MESSAGE_ID_TEXT_BYTES];
    (void)snprintf(id, sizeof id, "01997b6e-0000-7000-8000-0000000000%02u", (unsigned)seq);
    json_t *message = json_pack(
        "{s:{s:s, s:s, s:s, s:s, s:s}, s:o, s:[], s:{s:{s:s, s:s, s:s}, s:{s:s, s:s, s:s}}}",
        "envelope", "type", type, "message_id", id, "dossier_code", code, "procedure_code",
        "1.011443", "source_time", "2026-11-25T08:00:00.000+07:00", "body", body, "attachments",
        "registry", "procedure", "code", "1.011443", "name", "Thủ tục", "field_code", "H38-A",
        "agency", "key", "stnmt", "code", "H38.09", "name", "Sở TNMT");
    assert_non_null(message);
    struct office_delivery delivery = {.message_seq = seq, .attempt = attempt, .message = message};
    assert_true(id_parse(bytes_of_text(id), &delivery.id));
    assert_int_equal(play->office->verbs->start(play->office, &delivery), REASON_NONE);
    json_decref(message);
}

static inline json_t *transfer_body(void)
{
    return json_pack("{s:{s:s, s:i, s:s, s:i}, s:i, s:I, s:I}", "owner", "name", "Mẫu",
                     "owner_kind", 1, "identity_number", "000000000000", "identity_kind", 1,
                     "channel", 2, "received_ms", (json_int_t)1764000000000, "due_ms",
                     (json_int_t)1764100000000);
}

static inline json_t *progress_body(int state)
{
    return json_pack("{s:s, s:i, s:{s:s}}", "content", "Đã phân công", "national_state", state,
                     "to", "name", "Cán bộ");
}

static inline void wait_for(struct play *play, size_t count)
{
    for (int i = 0; play->answer_count < count && i < WAIT_ROUNDS_MAX; i++) {
        struct pollfd wait = {.fd = play->office->verbs->fd(play->office), .events = POLLIN};
        (void)poll(&wait, 1, 100);
        play->office->verbs->run(play->office, hear, play);
    }
    assert_int_equal(play->answer_count, count);
}

static inline enum reason deliver(struct play *play, uint64_t seq, uint32_t attempt,
                                  const char *type, json_t *body)
{
    size_t before = play->answer_count;
    give(play, seq, attempt, type, CODE, body);
    wait_for(play, before + 1);
    return play->answers[seq];
}

static inline bool asked(struct play *play, size_t index, const char *text)
{
    return strstr(scripted_server_request(play->server, index), text) != NULL;
}
