#include "tests/standins/desk/desk_inbox.h"

#include <stdio.h>
#include <string.h>

#include "gateway/workers/program.h"
#include "ops/client/http.h"
#include "ops/sandbox/database.h"
#include "tests/standins/desk/pdf.h"
#include "tests/standins/desk/upload.h"
#include "proto/base/key.h"

enum { SUPPLEMENT_BYTES = 30 * 1024, FILE_BYTES_MAX = 128 * 1024, PATH_TEXT_BYTES = 160 };

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text == NULL ? "" : text;
}

static void note_fault(sqlite3 *database, const char *kind, const char *code)
{
    (void)database_do(database, "INSERT INTO fault(kind, dossier_code) VALUES(?1, ?2)", "tt", kind,
                      code);
}

/* ---- checks ---------------------------------------------------------------------------------- */

/* Every paper of a result is downloaded and must be what the message says. */
static bool check_papers(sqlite3 *database, struct http *http, const json_t *message)
{
    size_t index;
    const json_t *paper;
    json_array_foreach(json_object_get(message, "attachments"), index, paper)
    {
        char path[PATH_TEXT_BYTES];
        long status = 0;
        struct digest expected;
        struct digest actual;
        uint64_t size_bytes = 0;
        (void)snprintf(path, sizeof path, "/v1/attachments/%s", text_of(paper, "sha256"));
        if (http_get_file(http, path, -1, &status, &actual, &size_bytes) != REASON_NONE)
            return false;
        json_int_t declared = json_integer_value(json_object_get(paper, "size_bytes"));
        if (status != 200 || !digest_parse(bytes_of_text(text_of(paper, "sha256")), &expected) ||
            !digest_equal(&expected, &actual) || (uint64_t)declared != size_bytes)
            note_fault(database, "attachment", text_of(message, "dossier_code"));
    }
    return true;
}

/* An agency numbers its messages of a dossier: they must come in that order. */
static void check_order(sqlite3 *database, const json_t *message)
{
    const char *code = text_of(message, "dossier_code");
    int64_t sequence = json_integer_value(json_object_get(message, "sequence"));
    int64_t last = database_number(database, 0, "SELECT last_sequence FROM dossier WHERE code = ?1",
                                   "t", code);
    if (sequence <= last)
        note_fault(database, "order", code);
    (void)database_do(database, "UPDATE dossier SET last_sequence = ?1 WHERE code = ?2", "it",
                      sequence, code);
}

/* ---- answers --------------------------------------------------------------------------------- */

static bool send_supplement(sqlite3 *database, struct http *http, const json_t *message)
{
    const char *code = text_of(message, "dossier_code");
    const char *id = text_of(message, "message_id");
    char digest[DIGEST_TEXT_BYTES];
    char key[64];
    struct buffer file;
    struct api_reply reply = {0};
    buffer_init(&file, FILE_BYTES_MAX);
    uint64_t seed = hash_bytes(bytes_of_text(id));
    bool sent = pdf_make(&file, code, SUPPLEMENT_BYTES, seed) &&
                sandbox_upload(http, buffer_view(&file), digest);
    buffer_release(&file);
    if (!sent)
        return false;
    json_t *supplement = json_pack(
        "{s:s, s:s, s:s, s:s, s:{s:s, s:I}, s:[{s:s, s:s, s:s}]}", "type", "supplement",
        "recipient", text_of(message, "sender"), "dossier_code", code, "in_reply_to", id, "body",
        "note", "Đã bổ sung", "received_ms", (json_int_t)program_wall().ms, "attachments", "sha256",
        digest, "name", "bo-sung.pdf", "media_type", "application/pdf");
    (void)snprintf(key, sizeof key, "supplement-%s", id);
    struct api_call request = {
        .method = "POST", .path = "/v1/messages", .body = supplement, .idempotency_key = key};
    sent = supplement != NULL && http_call(http, &request, &reply) == REASON_NONE &&
           reply.status == 202 &&
           database_do(database,
                       "UPDATE event SET answer_id = ?1, answered_ms = ?2 WHERE message_id = ?3",
                       "tit", text_of(reply.body, "message_id"), program_wall().ms, id);
    api_reply_release(&reply);
    json_decref(supplement);
    return sent;
}

bool desk_follow_up(sqlite3 *database, struct http *http, int64_t before_ms)
{
    json_t *message = NULL;
    char id[PATH_TEXT_BYTES];
    sqlite3_stmt *row = database_prepare(
        database,
        "SELECT answer_id, message_id, dossier_code, sender FROM event WHERE in_custody = 0 AND "
        "answered_ms < ?1 ORDER BY answered_ms LIMIT 1",
        "i", before_ms);
    if (row != NULL && sqlite3_step(row) == SQLITE_ROW) {
        (void)snprintf(id, sizeof id, "%s", (const char *)sqlite3_column_text(row, 0));
        message =
            json_pack("{s:s, s:s, s:s}", "message_id", sqlite3_column_text(row, 1), "dossier_code",
                      sqlite3_column_text(row, 2), "sender", sqlite3_column_text(row, 3));
    }
    (void)sqlite3_finalize(row);
    if (message == NULL)
        return true;
    enum sandbox_custody custody = sandbox_ask_custody(http, id);
    bool is_done = custody == SANDBOX_GONE
                       ? send_supplement(database, http, message)
                       : custody != SANDBOX_UNREACHABLE &&
                             database_do(database,
                                         "UPDATE event SET in_custody = ?1, answered_ms = ?2 "
                                         "WHERE message_id = ?3",
                                         "iit", (int64_t)(custody == SANDBOX_IN_CUSTODY),
                                         program_wall().ms, text_of(message, "message_id"));
    json_decref(message);
    return is_done;
}

/* Under the number that the message has in the desk's book. */
static bool accept_message(sqlite3 *database, struct http *http, const char *id)
{
    char path[PATH_TEXT_BYTES], number[32];
    struct api_reply reply = {0};
    (void)snprintf(number, sizeof number, "MC-%06lld",
                   (long long)database_number(
                       database, 0, "SELECT rowid FROM event WHERE message_id = ?1", "t", id));
    json_t *body = json_pack("{s:s}", "office_reference", number);
    (void)snprintf(path, sizeof path, "/v1/inbox/%s/accept", id);
    struct api_call request = {.method = "POST", .path = path, .body = body};
    bool accepted = http_call(http, &request, &reply) == REASON_NONE && reply.status == 200;
    api_reply_release(&reply);
    json_decref(body);
    return accepted;
}

/* ---- the book -------------------------------------------------------------------------------- */

static bool write_down(sqlite3 *database, const json_t *message)
{
    const char *type = text_of(message, "type");
    const char *code = text_of(message, "dossier_code");
    const char *column = strcmp(type, "result") == 0               ? "results"
                         : strcmp(type, "progress") == 0           ? "progress"
                         : strcmp(type, "supplement_request") == 0 ? "supplements"
                                                                   : NULL;
    char sql[256];
    bool written =
        database_run(database, "BEGIN IMMEDIATE") &&
        database_do(
            database,
            "INSERT INTO event(message_id, type, dossier_code, sender, sequence, seen_ms) "
            "VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
            "ttttii", text_of(message, "message_id"), type, code, text_of(message, "sender"),
            (int64_t)json_integer_value(json_object_get(message, "sequence")), program_wall().ms);
    if (written && column != NULL) {
        (void)snprintf(sql, sizeof sql,
                       "UPDATE dossier SET %s = %s + 1, result_ms = CASE WHEN ?1 = 'result' "
                       "THEN ?2 ELSE result_ms END WHERE code = ?3",
                       column, column);
        written = database_do(database, sql, "tit", type, program_wall().ms, code);
    }
    check_order(database, message);
    if (written && database_run(database, "COMMIT"))
        return true;
    (void)database_run(database, "ROLLBACK");
    return false;
}

static bool take(sqlite3 *database, struct http *http, const json_t *message)
{
    const char *id = text_of(message, "message_id");
    /* 0: new; 1: seen, not yet accepted (we were interrupted); 2: accepted before. */
    int64_t known = database_number(
        database, 0,
        "SELECT CASE WHEN accepted_ms IS NULL THEN 1 ELSE 2 END FROM event WHERE message_id = ?1",
        "t", id);
    if (known == 2)
        note_fault(database, "duplicate", text_of(message, "dossier_code"));
    if (known == 0 && (!check_papers(database, http, message) || !write_down(database, message)))
        return false;
    if (strcmp(text_of(message, "type"), "supplement_request") == 0 &&
        !send_supplement(database, http, message))
        return false;
    return accept_message(database, http, id) &&
           database_do(database, "UPDATE event SET accepted_ms = ?1 WHERE message_id = ?2", "it",
                       program_wall().ms, id);
}

bool desk_read_inbox(sqlite3 *database, struct http *http, bool *ret_found)
{
    struct api_reply reply = {0};
    struct api_call request = {.method = "GET", .path = "/v1/inbox?limit=50"};
    size_t index;
    const json_t *message;
    bool read = http_call(http, &request, &reply) == REASON_NONE && reply.status == 200;
    json_array_foreach(json_object_get(reply.body, "messages"), index, message)
    {
        *ret_found = true;
        read = read && take(database, http, message);
    }
    api_reply_release(&reply);
    return read;
}
