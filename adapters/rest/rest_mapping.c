/* What is asked of an office's mapping and what its answers mean: a plan for each step, a verdict
 * for each reply. Texts of a verdict are bounded here, since they go on into a receipt that is
 * signed and shown to people.
 *
 * Nothing is known of the office but the mapping's word: whatever its status and body, the reply
 * is given to the mapping whole, and reply_judge.h decides what that word may end. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "adapters/rest/rest_parts.h"
#include "adapters/http/reply_judge.h"
#include "gateway/api/json_text.h"
#include "proto/base/limits.h"

enum {
    OFFICE_REFERENCE_BYTES_MAX = 64,  /* of body.proto */
    TEXT_REPLY_BYTES_MAX = 64 * 1024, /* an answer for people; a longer one is a file */
    HEADER_NAME_BYTES_MAX = 64,
};

/* The adapter's loop waits for its mapping, and its link to the gateway for the loop. A program
 * that is slow over somebody's text must not keep both from one another: when it has had its time
 * of this turn, what is left waits for the next one, or is tried again as after any fault of ours.
 */
static enum reason run(struct rest_office *office, const json_t *input, json_t **ret_said)
{
    struct timespec before, after;
    if (office->mapping_ms >= REST_TURN_MS)
        return REASON_BUSY;
    (void)clock_gettime(CLOCK_MONOTONIC, &before);
    enum reason reason = mapping_run(office->mapping, input, ret_said);
    (void)clock_gettime(CLOCK_MONOTONIC, &after);
    office->mapping_ms +=
        (after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000;
    return reason;
}

/* ---- verdicts -------------------------------------------------------------------------------- */

/* Cut before a character that does not fit whole. */
static struct bytes cut(struct bytes text, size_t size_max)
{
    if (text.size <= size_max)
        return text;
    text.size = size_max;
    while (text.size > 0 && (text.data[text.size] & 0xc0) == 0x80)
        text.size--;
    return text;
}

/* Takes json over. False: no known reason, so no word. */
static bool read_verdict(json_t *json, struct rest_verdict *ret_verdict)
{
    struct rest_verdict verdict = {.reason = REASON_OFFICE_REPLY_MALFORMED, .json = json};
    struct bytes code = {NULL, 0};
    bool is_word = json_is_object(json) && json_take_text(json, "reason", &code) &&
                   reason_parse(code, &verdict.reason);
    if (json_take_text(json, "office_reference", &verdict.office_reference) &&
        verdict.office_reference.size > OFFICE_REFERENCE_BYTES_MAX)
        verdict.office_reference.size = 0; /* half a number is none */
    if (json_take_text(json, "text", &verdict.text))
        verdict.text = cut(verdict.text, REASON_TEXT_BYTES_MAX);
    *ret_verdict = verdict;
    return is_word;
}

static json_t *or_null(json_t *value)
{
    return value == NULL ? json_null() : value;
}

/* {name: value}, names in small letters. */
static json_t *headers_json(const struct http_reply *reply)
{
    json_t *headers = json_object();
    for (size_t i = 0; i < reply->header_count; i++) {
        char name[HEADER_NAME_BYTES_MAX];
        size_t size = 0;
        for (const char *at = reply->headers[i].name; *at != 0 && size + 1 < sizeof name; at++)
            name[size++] = (char)tolower((unsigned char)*at);
        name[size] = 0;
        /* A value that is no UTF-8 is left out. */
        (void)json_object_set_new(headers, name, json_string(reply->headers[i].value));
    }
    return headers;
}

/* Every reply, whatever its status and its body: only the dialect knows what its office means. */
static json_t *answer_input(const struct rest_call *call, const char *purpose,
                            const struct http_reply *reply, json_t *body)
{
    json_t *text = NULL;
    if (body == NULL && reply->body.size <= TEXT_REPLY_BYTES_MAX)
        text = json_stringn(reply->body.size == 0 ? "" : (const char *)reply->body.data,
                            reply->body.size);
    return json_pack("{s:s,s:s,s:i,s:o,s:O,s:o,s:O}", "stage", "answer", "purpose", purpose,
                     "status", (int)reply->status, "headers", headers_json(reply), "json",
                     or_null(body), "text", or_null(text), "message", call->message);
}

void rest_verdict_make(struct rest_call *call, const char *purpose, const struct http_reply *reply,
                       struct rest_verdict *ret_verdict)
{
    json_t *body = NULL;
    json_t *said = NULL;
    enum reason reason = json_text_read(reply->body, &body);
    if (reason != REASON_OUT_OF_MEMORY) {
        json_t *input = answer_input(call, purpose, reply, body);
        reason = input == NULL ? REASON_OUT_OF_MEMORY : run(call->office, input, &said);
        json_decref(input);
    }
    json_decref(body);
    bool is_word = read_verdict(said, ret_verdict);
    if (reason != REASON_NONE) { /* ours: nothing is known of what the office said */
        ret_verdict->reason = reason;
        ret_verdict->ground = FAILURE_OURS;
        return;
    }
    struct reply_judgement judgement =
        reply_judge(reply->status, is_word ? &ret_verdict->reason : NULL);
    ret_verdict->reason = judgement.reason;
    ret_verdict->ground = judgement.ground;
}

/* ---- requests -------------------------------------------------------------------------------- */

/* The office knows a repeated call by the message's id, whatever the dialect does with it. */
static bool read_request(const struct rest_call *call, struct said_request *request,
                         const json_t *said)
{
    char key[sizeof "Idempotency-Key: " + MESSAGE_ID_TEXT_BYTES];
    (void)snprintf(key, sizeof key, "Idempotency-Key: %s", call->id);
    return said_request_add_header(request, key) &&
           said_request_read(said, call->office->base_url, request);
}

static bool read_plan(const struct rest_call *call, struct rest_plan *plan)
{
    json_t *answer = json_object_get(plan->json, "answer");
    if (json_is_null(plan->json)) {
        plan->kind = REST_PLAN_NONE;
    } else if (json_is_true(json_object_get(plan->json, "login"))) {
        plan->kind = REST_PLAN_LOGIN;
    } else if (answer != NULL) {
        plan->kind = REST_PLAN_VERDICT;
        if (read_verdict(json_incref(answer), &plan->verdict))
            plan->verdict.ground = FAILURE_RULE;
    } else {
        plan->kind = REST_PLAN_REQUEST;
        return read_request(call, &plan->request, plan->json);
    }
    return true;
}

enum reason rest_plan_make(struct rest_call *call, const char *purpose, struct rest_plan *ret_plan)
{
    struct rest_office *office = call->office;
    json_t *said = NULL;
    json_t *input =
        json_pack("{s:s,s:s,s:i,s:O,s:O,s:O}", "stage", "request", "purpose", purpose, "attempt",
                  (int)call->attempt, "message", call->message, "credentials",
                  or_null(office->credentials), "session", or_null(office->session));
    if (input == NULL)
        return REASON_OUT_OF_MEMORY;
    enum reason reason = run(office, input, &said);
    json_decref(input);
    if (reason != REASON_NONE)
        return reason;
    *ret_plan = (struct rest_plan){.json = said};
    said_request_init(&ret_plan->request);
    if (read_plan(call, ret_plan))
        return REASON_NONE;
    rest_plan_release(ret_plan);
    return REASON_OFFICE_UNKNOWN; /* the mapping is wrong: a person must see it */
}

void rest_plan_release(struct rest_plan *plan)
{
    said_request_release(&plan->request);
    json_decref(plan->verdict.json);
    json_decref(plan->json);
}
