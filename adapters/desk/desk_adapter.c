/* What the adapter must do or tell: a question upstream, while the request waits.
 *
 *   first apply ─▶ audit "begun" (of a change) ─▶ question ─▶ … ─▶ apply again ─▶ audit ─▶ answer
 *
 * What the adapter refuses is passed on as it said it: the same reason, the same hint, the same
 * field. A change whose answer is lost stays "begun" in the audit: it may have happened, and the
 * index will tell. */
#include "adapters/desk/desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/desk/message_row.h"
#include "gateway/workers/program.h"
#include "proto/codec/message_type.h"

enum { KEY_CHARACTERS_MIN = 8, KEY_CHARACTERS_MAX = 40, KEY_BYTES = 96 };

json_t *desk_adapter_json(const struct desk *desk)
{
    json_t *object = json_object();
    enum reason reason = desk->follow.trouble;
    bool ok = put_word(object, "code", reason == REASON_NONE ? "ok" : reason_code(reason));
    if (reason != REASON_NONE)
        ok = ok && put_word(object, "text_vi", reason_vietnamese(reason)) &&
             put_word(object, "text_en", reason_english(reason)) &&
             put_word(object, "hint", reason_hint(reason)) &&
             put_word(object, "hint_vi", reason_hint_vietnamese(reason)) &&
             put_ms(object, "since", desk->follow.trouble_since.ms);
    return json_whole(object, ok && put_ms(object, "indexed_to", desk->follow.indexed_to.ms));
}

/* ---- asking ---- */

/* body is taken over. */
static bool ask(struct api_request *request, const char *method, const char *path, json_t *body,
                const char *key)
{
    const struct upstream_question question = {
        .method = method, .path = path, .body = body, .key = key};
    bool is_asked = desk_ask(request, &question);
    json_decref(body);
    return is_asked;
}

/* ---- one message ---- */

bool desk_put_names(json_t *message, const struct desk *desk)
{
    static const char *const names[] = {"sender", "recipient", "to", "destination"};
    bool ok = true;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *key = json_string_value(json_object_get(message, names[i]));
        ok = ok && (key == NULL || put_agency_name(message, names[i], desk->registry, key));
    }
    return ok;
}

bool desk_put_type(json_t *message)
{
    enum message_type type;
    const char *name = json_string_value(json_object_get(message, "type"));
    return name == NULL || !message_type_parse(bytes_of_text(name), &type) ||
           put_type_name(message, "type", (int64_t)type);
}

/* The adapter's addresses are not for browsers, and what people wrote is for who may see it. */
static void hide(json_t *message, bool sees_content)
{
    static const char *const contents[] = {"body", "attachments", "text"};
    json_t *file;
    size_t i;
    json_array_foreach(json_object_get(message, "attachments"), i, file)
    {
        (void)json_object_set_new(file, "url", file_url_json(message, file));
    }
    for (i = 0; !sees_content && i < sizeof contents / sizeof *contents; i++)
        (void)json_object_del(message, contents[i]);
    json_array_foreach(json_object_get(message, "receipts"), i, file)
    {
        if (!sees_content)
            (void)json_object_del(file, "text");
    }
}

/* Before it becomes a part of a path: nothing but an id can stand in one. */
static bool id_is_well(struct api_request *request)
{
    struct message_id id;
    if (id_parse(bytes_of_text(api_argument(request)), &id))
        return true;
    api_answer_reason(request, REASON_FIELD_INVALID, "message_id");
    return false;
}

/* ?sender= of the question, when it is a key. */
static bool make_path(struct api_request *request, const char *format,
                      char ret_path[UPSTREAM_PATH_BYTES])
{
    struct key sender = {0};
    if (!id_is_well(request) || !api_query_key(request, "sender", &sender))
        return false;
    int size = snprintf(ret_path, UPSTREAM_PATH_BYTES, format, api_argument(request));
    if (!key_is_none(&sender) && size > 0 && size < UPSTREAM_PATH_BYTES)
        (void)snprintf(ret_path + size, UPSTREAM_PATH_BYTES - (size_t)size, "?sender=%s",
                       sender.text);
    return true;
}

void message_apply(struct api_request *request)
{
    struct desk_call *call = desk_call(request);
    char path[UPSTREAM_PATH_BYTES];
    if (!call->is_begun) {
        if (make_path(request, "/v1/messages/%s", path))
            (void)ask(request, "GET", path, NULL, NULL);
        return;
    }
    if (!call->is_answered || desk_pass_refusal(request))
        return;
    bool sees_content = call->person.sees_content;
    hide(call->answer, sees_content);
    bool ok = desk_put_names(call->answer, desk_of(request)) && desk_put_type(call->answer) &&
              json_put(call->answer, "content_hidden", json_boolean(!sees_content));
    api_answer_json(request, HTTP_OK, ok ? json_incref(call->answer) : NULL);
}

/* ---- changes ---- */

/* What was sent is no draft any more. */
static void drop_draft(struct api_request *request)
{
    const struct desk_call *call = desk_call(request);
    int64_t draft = json_integer_value(json_object_get(api_json(request), "draft"));
    if (draft > 0 && call->reason == REASON_NONE && call->status < 300)
        (void)book_run(&desk_of(request)->book, BOOK_DRAFT_DROP, "ti", call->person.name, draft);
}

static void finish_change(struct api_request *request, unsigned status)
{
    struct desk_call *call = desk_call(request);
    if (!call->is_answered)
        return;
    desk_audit_end(request);
    drop_draft(request);
    if (!desk_pass_refusal(request))
        api_answer_json(request, status, json_incref(call->answer));
}

/* What a person sent, with his full name: it is signed with the message or the receipt, so that the
 * other end sees who it was. The page cannot say another (desk_routes.c has no such member). NULL:
 * no memory. `draft` is ours, and not the adapter's. */
static json_t *in_the_name(struct api_request *request)
{
    const struct person *person = &desk_call(request)->person;
    json_t *json = api_json(request) == NULL ? json_object() : json_copy(api_json(request));
    (void)json_object_del(json, "draft");
    return json_whole(json, put_word(json, "acting_for", person->full_name));
}

/* Answers when there is no memory. */
static void ask_in_the_name(struct api_request *request, const char *path, const char *key)
{
    json_t *json = in_the_name(request);
    if (json == NULL)
        api_answer_reason(request, REASON_OUT_OF_MEMORY, NULL);
    else
        (void)ask(request, "POST", path, json, key);
}

static void judge(struct api_request *request, const char *action, const char *format)
{
    char path[UPSTREAM_PATH_BYTES];
    if (desk_call(request)->is_begun) {
        finish_change(request, HTTP_OK);
        return;
    }
    if (make_path(request, format, path) &&
        desk_audit_begun(request, action, api_argument(request), NULL))
        ask_in_the_name(request, path, NULL);
}

void inbox_accept_apply(struct api_request *request)
{
    judge(request, "accept", "/v1/inbox/%s/accept");
}

void inbox_refuse_apply(struct api_request *request)
{
    judge(request, "refuse", "/v1/inbox/%s/refuse");
}

/* The page's key of this try, with the person's name before it: nobody can guess that of another,
 * and hear what he sent. */
static bool make_key(struct api_request *request, char ret_key[KEY_BYTES])
{
    const char *key = api_header(request, "Idempotency-Key");
    size_t size = key == NULL ? 0 : strlen(key);
    bool is_well =
        size >= KEY_CHARACTERS_MIN && size <= KEY_CHARACTERS_MAX &&
        strspn(key, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") == size;
    if (!is_well) {
        api_answer_reason(request, key == NULL ? REASON_FIELD_MISSING : REASON_FIELD_INVALID,
                          "Idempotency-Key");
        return false;
    }
    (void)snprintf(ret_key, KEY_BYTES, "%.20s:%s", desk_call(request)->person.name, key);
    return true;
}

void send_apply(struct api_request *request)
{
    char key[KEY_BYTES];
    json_t *json = api_json(request);
    const char *type = json_string_value(json_object_get(json, "type"));
    const char *code = json_string_value(json_object_get(json, "dossier_code"));
    if (desk_call(request)->is_begun) {
        finish_change(request, HTTP_ACCEPTED);
        return;
    }
    if (make_key(request, key) && desk_audit_begun(request, "send", code, type))
        ask_in_the_name(request, "/v1/messages", key);
}

/* ---- the inbox, from the index ---- */

/* Oldest first, as it should be worked off. */
void inbox_list_get(struct api_request *request)
{
    struct desk *desk = desk_of(request);
    uint64_t after, limit;
    int64_t last = 0, count = 0;
    char next[KEY_BYTES] = "";
    if (!api_query_number(request, "after", 0, INT64_MAX, &after) ||
        !api_query_number(request, "limit", API_PAGE_DEFAULT, API_PAGE_MAX, &limit))
        return;
    json_t *messages = json_array();
    bool ok = messages != NULL;
    sqlite3_stmt *row = book_ask(&desk->book, BOOK_INBOX, "ii", (int64_t)after, (int64_t)limit + 1);
    while (ok && book_next(&desk->book, row)) {
        if (count++ == (int64_t)limit) {
            (void)snprintf(next, sizeof next, "%lld", (long long)last);
            break;
        }
        last = sqlite3_column_int64(row, 0);
        ok = json_array_append_new(messages,
                                   message_row_json(row, desk->registry,
                                                    desk_call(request)->person.sees_content)) == 0;
    }
    book_end(row);
    json_t *object = json_object();
    ok = json_put(object, "messages", messages) && ok && put_word(object, "next", next);
    api_answer_json(request, HTTP_OK, json_whole(object, ok));
}
