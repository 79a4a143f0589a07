/* What the clerks of the office do with a dossier, in its time:
 *
 *   received ─▶ progress ─▶ result
 *                   └─▶ supplement request ┄ the paper comes ┄▶ result
 *
 * Every step is a row of `work`, written with what caused it and done when the adapter answered
 * 202: so it survives a kill -9 of the office, of the adapter and of the gateway, and the adapter's
 * Idempotency-Key makes a repeated step one message. */
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

static bool submit(struct office *office, struct http *http, const struct work *work)
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
    api_reply_release(&reply);
    json_decref(message);
    return sent;
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
    bool found = row != NULL && sqlite3_step(row) == SQLITE_ROW;
    *ret_wait_ms = 1000;
    if (found) {
        int64_t wait = sqlite3_column_int64(row, 4) - office_wall_ms();
        *ret_wait_ms = wait > 0 ? wait : 0;
        ret_work->number = sqlite3_column_int64(row, 0);
        (void)snprintf(ret_work->kind, sizeof ret_work->kind, "%s",
                       (const char *)sqlite3_column_text(row, 1));
        (void)snprintf(ret_work->dossier_code, sizeof ret_work->dossier_code, "%s",
                       (const char *)sqlite3_column_text(row, 2));
        (void)snprintf(ret_work->transfer_id, sizeof ret_work->transfer_id, "%s",
                       (const char *)sqlite3_column_text(row, 3));
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

static void *run(void *argument)
{
    struct office *office = argument;
    struct http *http = NULL;
    struct work work;
    pthread_mutex_lock(&office->lock);
    while (!office->is_stopping) {
        int64_t wait_ms;
        if (!next_work(office, &work, &wait_ms)) {
            office_wait(office, wait_ms);
            continue;
        }
        pthread_mutex_unlock(&office->lock);
        bool sent = (http != NULL || office_connect(office, &http)) && submit(office, http, &work);
        if (!sent)
            http_destroy(&http); /* the adapter may come back at another port */
        pthread_mutex_lock(&office->lock);
        if (sent)
            (void)database_do(office->database, "UPDATE work SET done_ms = ?1 WHERE number = ?2",
                              "ii", office_wall_ms(), work.number);
        else if (!office->is_stopping)
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
