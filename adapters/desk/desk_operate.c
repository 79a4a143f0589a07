/* An operator's hand: on one message, and on a set (gateway/custody/job.h). Both are done by the
 * program whose queue it is, ?place=gateway or adapter; without it the gateway, where this desk may
 * ask it. What is done there is evidence there as well; who did it, by his sign-in name, stands in
 * the words why. */
#include "adapters/desk/desk.h"

#include <stdio.h>
#include <string.h>

#include "adapters/desk/message_row.h"
#include "gateway/custody/job.h"
#include "proto/base/key.h"

enum { WHY_BYTES = 1024, NUMBER_DIGITS_MAX = 19, CURSOR_CHARACTERS_MAX = API_CURSOR_BYTES - 1 };

/* False: answered. */
static bool take_end(struct api_request *request, enum upstream_end *ret_end)
{
    const struct upstream *upstream = desk_of(request)->upstream;
    const char *place = api_query(request, "place");
    bool has_gateway = upstream_has(upstream, UPSTREAM_GATEWAY);
    bool is_gateway = place == NULL ? has_gateway : strcmp(place, "gateway") == 0;
    *ret_end = is_gateway ? UPSTREAM_GATEWAY : UPSTREAM_ADAPTER;
    if (place != NULL && !is_gateway && strcmp(place, "adapter") != 0)
        api_answer_reason(request, REASON_FIELD_INVALID, "place");
    else if (is_gateway && !has_gateway)
        api_answer_reason(request, REASON_NOT_ALLOWED, "place");
    else
        return true;
    return false;
}

/* "sign-in name: why", which has to fit where it is kept. False: answered. */
static bool take_why(struct api_request *request, char ret_why[WHY_BYTES])
{
    struct bytes why = {NULL, 0};
    if (!json_take_text(api_json(request), "why", &why)) {
        api_answer_reason(request, REASON_FIELD_INVALID, "why");
        return false;
    }
    int size = snprintf(ret_why, WHY_BYTES, "%s: %.*s", desk_call(request)->person.name,
                        (int)(why.size < WHY_BYTES ? why.size : WHY_BYTES),
                        why.data == NULL ? "" : (const char *)why.data);
    if (why.size > 0 && size <= JOB_WHY_BYTES_MAX)
        return true;
    api_answer_reason(request, why.size == 0 ? REASON_FIELD_MISSING : REASON_FIELD_TOO_LONG, "why");
    return false;
}

/* Before they become a part of a path. False: answered. */
static bool take_words(struct api_request *request, const char *name, size_t size_max,
                       const char **ret_words)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const char *words = api_query(request, name);
    *ret_words = words == NULL ? "" : words;
    if (strlen(*ret_words) <= size_max && strspn(*ret_words, letters) == strlen(*ret_words))
        return true;
    api_answer_reason(request, REASON_FIELD_INVALID, name);
    return false;
}

/* ---- the entries of one queue ---- */

static bool make_queue_path(struct api_request *request, char ret_path[UPSTREAM_PATH_BYTES])
{
    const char *state, *after;
    struct key key;
    if (!take_words(request, "state", CURSOR_CHARACTERS_MAX, &state) ||
        !take_words(request, "after", CURSOR_CHARACTERS_MAX, &after))
        return false;
    if (!key_parse(bytes_of_text(api_argument(request)), &key)) {
        api_answer_reason(request, REASON_NOT_FOUND, "destination");
        return false;
    }
    (void)snprintf(ret_path, UPSTREAM_PATH_BYTES, "/v1/queues?destination=%s&limit=50%s%s%s%s",
                   key.text, state[0] == 0 ? "" : "&state=", state,
                   after[0] == 0 ? "" : "&after=", after);
    return true;
}

/* Only codes, states and names of offices: an operator sees no content. */
static void answer_queue(struct api_request *request)
{
    const struct desk *desk = desk_of(request);
    struct desk_call *call = desk_call(request);
    json_t *entry;
    size_t i;
    bool ok = true;
    json_array_foreach(json_object_get(call->answer, "entries"), i, entry)
    {
        const char *state = json_string_value(json_object_get(entry, "state"));
        ok = ok && desk_put_names(entry, desk) && desk_put_type(entry) &&
             put_message_state(entry, state == NULL ? "" : state);
    }
    (void)json_object_del(call->answer, "destinations");
    ok = ok &&
         put_word(call->answer, "place", call->end == UPSTREAM_GATEWAY ? "gateway" : "adapter");
    api_answer_json(request, HTTP_OK, ok ? json_incref(call->answer) : NULL);
}

void queue_apply(struct api_request *request)
{
    const struct desk_call *call = desk_call(request);
    struct upstream_question question = {.method = "GET"};
    char path[UPSTREAM_PATH_BYTES];
    if (!call->is_begun && take_end(request, &question.end) && make_queue_path(request, path)) {
        question.path = path;
        (void)desk_ask(request, &question);
    } else if (call->is_begun && call->is_answered && !desk_pass_refusal(request)) {
        answer_queue(request);
    }
}

/* ---- a change ---- */

static void finish(struct api_request *request)
{
    struct desk_call *call = desk_call(request);
    if (!call->is_answered)
        return;
    desk_audit_end(request);
    if (!desk_pass_refusal(request))
        api_answer_json(request, HTTP_OK, json_incref(call->answer));
}

static void operate(struct api_request *request, const char *operation)
{
    struct upstream_question question = {.method = "POST"};
    char path[UPSTREAM_PATH_BYTES], why[WHY_BYTES];
    struct message_id id;
    struct key sender = {0}, destination = {0};
    if (desk_call(request)->is_begun) {
        finish(request);
        return;
    }
    if (!id_parse(bytes_of_text(api_argument(request)), &id)) {
        api_answer_reason(request, REASON_FIELD_INVALID, "message_id");
        return;
    }
    if (!take_end(request, &question.end) || !api_query_key(request, "sender", &sender) ||
        !api_query_key(request, "destination", &destination) || !take_why(request, why))
        return;
    if (strcmp(operation, "again") == 0) /* what was made here is made again here */
        question.end = UPSTREAM_ADAPTER;
    (void)snprintf(path, sizeof path, "/v1/queues/%s/%s?%s%s%s%s", api_argument(request), operation,
                   key_is_none(&sender) ? "" : "sender=", sender.text,
                   key_is_none(&destination) ? "" : "&destination=", destination.text);
    question.path = path;
    if (desk_audit_begun(request, operation, api_argument(request), why))
        (void)desk_ask(request, &question);
}

void entry_hold_apply(struct api_request *request)
{
    operate(request, "hold");
}

void entry_release_apply(struct api_request *request)
{
    operate(request, "release");
}

void entry_withdraw_apply(struct api_request *request)
{
    operate(request, "withdraw");
}

void entry_again_apply(struct api_request *request)
{
    operate(request, "again");
}

/* ---- sets ---- */

/* As it was said, with the name of where it is. */
static void pass_on(struct api_request *request)
{
    struct desk_call *call = desk_call(request);
    json_t *entry;
    size_t i;
    if (!call->is_answered || desk_pass_refusal(request))
        return;
    bool ok = desk_put_names(call->answer, desk_of(request));
    json_array_foreach(json_object_get(call->answer, "entries"), i, entry)
    {
        ok = ok && desk_put_names(entry, desk_of(request)) && desk_put_type(entry);
    }
    json_array_foreach(json_object_get(call->answer, "jobs"), i, entry)
    {
        ok = ok && desk_put_names(entry, desk_of(request));
    }
    api_answer_json(request, HTTP_OK, ok ? json_incref(call->answer) : NULL);
}

void jobs_apply(struct api_request *request)
{
    struct upstream_question question = {.method = "GET", .path = "/v1/jobs"};
    if (desk_call(request)->is_begun)
        pass_on(request);
    else if (take_end(request, &question.end))
        (void)desk_ask(request, &question);
}

/* "" or "/start" behind its number. False: answered. */
static bool make_job_path(struct api_request *request, const char *end,
                          char ret_path[UPSTREAM_PATH_BYTES])
{
    const char *number = api_argument(request), *after;
    if (!take_words(request, "after", NUMBER_DIGITS_MAX, &after))
        return false;
    if (strspn(number, "0123456789") != strlen(number) || strlen(number) > NUMBER_DIGITS_MAX) {
        api_answer_reason(request, REASON_NOT_FOUND, "job");
        return false;
    }
    (void)snprintf(ret_path, UPSTREAM_PATH_BYTES, "/v1/jobs/%s%s%s%s", number, end,
                   after[0] == 0 ? "" : "?after=", after);
    return true;
}

void job_apply(struct api_request *request)
{
    struct upstream_question question = {.method = "GET"};
    char path[UPSTREAM_PATH_BYTES];
    if (desk_call(request)->is_begun) {
        pass_on(request);
    } else if (take_end(request, &question.end) && make_job_path(request, "", path)) {
        question.path = path;
        (void)desk_ask(request, &question);
    }
}

static void finish_set(struct api_request *request)
{
    if (desk_call(request)->is_answered)
        desk_audit_end(request);
    pass_on(request);
}

/* What a desk may ask for of a set: all of it can be undone but a withdrawal. */
static bool take_operation(struct api_request *request, const char **ret_operation)
{
    static const char *const known[] = {"hold", "release", "withdraw"};
    const char *operation = json_string_value(json_object_get(api_json(request), "operation"));
    for (size_t i = 0; operation != NULL && i < sizeof known / sizeof *known; i++) {
        if (strcmp(known[i], operation) == 0) {
            *ret_operation = known[i];
            return true;
        }
    }
    api_answer_reason(request, REASON_FIELD_INVALID, "operation");
    return false;
}

void job_plan_apply(struct api_request *request)
{
    struct upstream_question question = {.method = "POST", .path = "/v1/jobs"};
    char why[WHY_BYTES], said[WHY_BYTES + 16];
    const char *operation;
    const char *object = json_string_value(json_object_get(api_json(request), "destination"));
    if (desk_call(request)->is_begun) {
        finish_set(request);
        return;
    }
    if (!take_end(request, &question.end) || !take_operation(request, &operation) ||
        !take_why(request, why))
        return;
    (void)snprintf(said, sizeof said, "%s %s", operation, why);
    question.body = json_copy(api_json(request));
    if (!put_word(question.body, "why", why))
        api_answer_reason(request, REASON_OUT_OF_MEMORY, NULL);
    else if (desk_audit_begun(request, "job_plan", object, said))
        (void)desk_ask(request, &question);
    json_decref(question.body);
}

static void change_job(struct api_request *request, const char *action, const char *end)
{
    struct upstream_question question = {.method = "POST", .body = api_json(request)};
    char path[UPSTREAM_PATH_BYTES], count[NUMBER_DIGITS_MAX + 2];
    if (desk_call(request)->is_begun) {
        finish_set(request);
        return;
    }
    if (!take_end(request, &question.end) || !make_job_path(request, end, path))
        return;
    (void)snprintf(count, sizeof count, "%lld",
                   (long long)json_integer_value(json_object_get(api_json(request), "count")));
    question.path = path;
    if (desk_audit_begun(request, action, api_argument(request), count))
        (void)desk_ask(request, &question);
}

void job_start_apply(struct api_request *request)
{
    change_job(request, "job_start", "/start");
}

void job_stop_apply(struct api_request *request)
{
    change_job(request, "job_stop", "/stop");
}
