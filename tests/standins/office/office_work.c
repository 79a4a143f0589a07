/* What the clerks of the office do with a dossier, in its time:
 *
 *   received ─▶ progress ─▶ result
 *                   └─▶ supplement request ┄ the paper comes ┄▶ result
 *
 * Every step is a row of `work`, written with what caused it and done when the adapter answered
 * 202: so it survives a kill -9 of the office, of the adapter and of the gateway, and the adapter's
 * Idempotency-Key makes a repeated step one message. It is sent again when the adapter has lost it
 * with its disk before the gateway had it. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ops/sandbox/database.h"
#include "tests/standins/office/office.h"
#include "tests/standins/desk/pdf.h"
#include "tests/standins/desk/upload.h"
#include "proto/base/key.h"

enum {
    RETRY_MS = 300, /* an adapter that is restarting is back by then */
    CUSTODY_MS = 1000,
    ID_TEXT_BYTES = 64,
    RESULT_BYTES = 40 * 1024,
    FILE_BYTES_MAX = 256 * 1024,
    TEXT_BYTES = 256,
};

struct work {
    int64_t number;
    char kind[32];
    char dossier_code[TEXT_BYTES];
    char transfer_id[64];
};

int64_t office_wall_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- planning -------------------------------------------------------------------------------- */

static bool plan(struct office *office, const char *dossier_code, const char *kind, int64_t steps)
{
    return database_do(
        office->database, "INSERT INTO work(dossier_code, kind, due_ms) VALUES(?1, ?2, ?3)", "tti",
        dossier_code, kind, office_wall_ms() + steps * (int64_t)office->options.step_delay_ms);
}

bool office_plan_work(struct office *office, const char *dossier_code)
{
    uint64_t seed = hash_bytes(bytes_of_text(dossier_code));
    uint32_t every = office->options.supplement_every;
    bool lacks_paper = every > 0 && sandbox_draw(&seed) % every == 0;
    return plan(office, dossier_code, "progress", 1) &&
           plan(office, dossier_code, lacks_paper ? "supplement_request" : "result", 2);
}

bool office_plan_result(struct office *office, const char *dossier_code)
{
    return plan(office, dossier_code, "result", 1);
}

/* ---- doing ---- */

bool office_connect(struct office *office, struct http **ret_http)
{
    struct adapter_address address;
    if (adapter_locate(office->options.adapter, NULL, &address) != REASON_NONE)
        return false;
    struct http_options options = {
        .base_url = address.base_url, .socket = address.socket, .token = address.token};
    return http_new(&options, ret_http) == REASON_NONE;
}

static json_t *body_of(const struct office *office, const struct work *work)
{
    json_t *official = json_pack("{s:s, s:s, s:s}", "name", "Cán bộ thụ lý", "position",
                                 "Chuyên viên", "unit", office->options.agency);
    json_int_t now = (json_int_t)office_wall_ms();
    if (strcmp(work->kind, "progress") == 0)
        return json_pack("{s:s, s:i, s:I, s:o}", "content", "Đã phân công thụ lý", "national_state",
                         4, "happened_ms", now, "to", official);
    if (strcmp(work->kind, "supplement_request") == 0)
        return json_pack("{s:s, s:I, s:o}", "reason", "Thiếu bản sao giấy tờ", "requested_ms", now,
                         "official", official);
    return json_pack("{s:i, s:s, s:I, s:o}", "national_state", 9, "note", "Đã giải quyết xong",
                     "finished_ms", now, "signer", official);
}

/* Uploads the paper of a result; the array of attachments, or NULL. */
static json_t *upload_result(struct http *http, const struct work *work)
{
    struct buffer file;
    char digest[DIGEST_TEXT_BYTES];
    json_t *attachments = NULL;
    buffer_init(&file, FILE_BYTES_MAX);
    uint64_t seed = hash_bytes(bytes_of_text(work->dossier_code));
    char name[TEXT_BYTES + 16];
    (void)snprintf(name, sizeof name, "%s-ket-qua.pdf", work->dossier_code);
    if (pdf_make(&file, work->dossier_code, RESULT_BYTES, seed) &&
        sandbox_upload(http, buffer_view(&file), digest))
        attachments = json_pack("[{s:s, s:s, s:s, s:s}]", "sha256", digest, "name", name,
                                "media_type", "application/pdf", "component_code", "");
    buffer_release(&file);
    return attachments;
}

static bool submit(struct office *office, struct http *http, const struct work *work,
                   char ret_id[ID_TEXT_BYTES])
{
    char key[64];
    struct api_reply reply = {0};
    bool is_result = strcmp(work->kind, "result") == 0;
    json_t *attachments = is_result ? upload_result(http, work) : json_array();
    if (attachments == NULL)
        return false;
    json_t *message =
        json_pack("{s:s, s:s, s:s, s:s, s:o, s:o}", "type", work->kind, "recipient", "centre",
                  "dossier_code", work->dossier_code, "in_reply_to", work->transfer_id, "body",
                  body_of(office, work), "attachments", attachments);
    (void)snprintf(key, sizeof key, "%s-%lld", office->options.agency, (long long)work->number);
    struct api_call request = {
        .method = "POST", .path = "/v1/messages", .body = message, .idempotency_key = key};
    bool sent = http_call(http, &request, &reply) == REASON_NONE && reply.status == 202;
    if (!sent)
        (void)fprintf(stderr, "office: %s not taken: HTTP %ld\n", work->kind, reply.status);
    const char *id = json_string_value(json_object_get(reply.body, "message_id"));
    (void)snprintf(ret_id, ID_TEXT_BYTES, "%s", id == NULL ? "" : id);
    api_reply_release(&reply);
    json_decref(message);
    return sent;
}

static bool read_work(sqlite3_stmt *row, struct work *ret_work)
{
    if (row == NULL || sqlite3_step(row) != SQLITE_ROW)
        return false;
    ret_work->number = sqlite3_column_int64(row, 0);
    (void)snprintf(ret_work->kind, sizeof ret_work->kind, "%s",
                   (const char *)sqlite3_column_text(row, 1));
    (void)snprintf(ret_work->dossier_code, sizeof ret_work->dossier_code, "%s",
                   (const char *)sqlite3_column_text(row, 2));
    (void)snprintf(ret_work->transfer_id, sizeof ret_work->transfer_id, "%s",
                   (const char *)sqlite3_column_text(row, 3));
    return true;
}

/* The oldest that was sent a while ago and is not known to be in custody. */
static bool next_sent(struct office *office, struct work *ret_work, char ret_id[ID_TEXT_BYTES])
{
    sqlite3_stmt *row = database_prepare(
        office->database,
        "SELECT w.number, w.kind, w.dossier_code, d.message_id, w.sent_id FROM work w "
        "JOIN dossier d USING(dossier_code) WHERE w.in_custody = 0 AND w.done_ms < ?1 "
        "ORDER BY w.done_ms LIMIT 1",
        "i", office_wall_ms() - CUSTODY_MS);
    bool found = read_work(row, ret_work);
    if (found)
        (void)snprintf(ret_id, ID_TEXT_BYTES, "%s", (const char *)sqlite3_column_text(row, 4));
    (void)sqlite3_finalize(row);
    return found;
}

/* The first undone step of each dossier, if it is due: steps of one dossier keep their order. */
static bool next_work(struct office *office, struct work *ret_work, int64_t *ret_wait_ms)
{
    sqlite3_stmt *row = database_prepare(
        office->database,
        "SELECT w.number, w.kind, w.dossier_code, d.message_id, w.due_ms FROM work w "
        "JOIN dossier d USING(dossier_code) WHERE w.done_ms IS NULL ORDER BY w.due_ms, w.number "
        "LIMIT 1",
        "");
    bool found = read_work(row, ret_work);
    *ret_wait_ms = 1000;
    if (found) {
        int64_t wait = sqlite3_column_int64(row, 4) - office_wall_ms();
        *ret_wait_ms = wait > 0 ? wait : 0;
    }
    (void)sqlite3_finalize(row);
    return found && *ret_wait_ms == 0;
}

void office_wait(struct office *office, int64_t wait_ms)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += (time_t)(wait_ms / 1000);
    until.tv_nsec += (long)(wait_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    (void)pthread_cond_timedwait(&office->work, &office->lock, &until);
}

/* Sends a step, or asks after one. False: the adapter is not there; connect again. */
static bool do_work(struct office *office, struct http *http, struct work *work, bool is_new,
                    char id[ID_TEXT_BYTES])
{
    enum sandbox_custody custody = is_new ? SANDBOX_GONE : sandbox_ask_custody(http, id);
    if (custody == SANDBOX_GONE && !submit(office, http, work, id))
        return false;
    pthread_mutex_lock(&office->lock);
    if (custody != SANDBOX_UNREACHABLE)
        (void)database_do(office->database,
                          "UPDATE work SET done_ms = ?1, sent_id = ?2, in_custody = ?3 "
                          "WHERE number = ?4",
                          "itii", office_wall_ms(), id, (int64_t)(custody == SANDBOX_IN_CUSTODY),
                          work->number);
    pthread_mutex_unlock(&office->lock);
    return custody != SANDBOX_UNREACHABLE;
}

static void *run(void *argument)
{
    struct office *office = argument;
    struct http *http = NULL;
    struct work work;
    char id[ID_TEXT_BYTES];
    pthread_mutex_lock(&office->lock);
    while (!office->is_stopping) {
        int64_t wait_ms;
        bool is_new = next_work(office, &work, &wait_ms);
        if (!is_new && !next_sent(office, &work, id)) {
            office_wait(office, wait_ms);
            continue;
        }
        pthread_mutex_unlock(&office->lock);
        bool is_done = (http != NULL || office_connect(office, &http)) &&
                       do_work(office, http, &work, is_new, id);
        if (!is_done)
            http_destroy(&http); /* the adapter may come back at another port */
        pthread_mutex_lock(&office->lock);
        if (!is_done && !office->is_stopping)
            office_wait(office, RETRY_MS);
    }
    pthread_mutex_unlock(&office->lock);
    http_destroy(&http);
    return NULL;
}

bool office_work_start(struct office *office)
{
    return pthread_create(&office->worker, NULL, run, office) == 0;
}

void office_work_stop(struct office *office)
{
    pthread_mutex_lock(&office->lock);
    office->is_stopping = true;
    pthread_cond_broadcast(&office->work);
    pthread_mutex_unlock(&office->lock);
    (void)pthread_join(office->worker, NULL);
}
