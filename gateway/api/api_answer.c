/* Answers and refusals of the API. Every refusal is a reason of the one table, as a problem
 * document of RFC 9457 in both languages, with its code, its hint and whoever is at fault named by
 * field, never by value (invariants 11 and 15). A request is answered once; a later answer takes
 * the place of one that has not left. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/api/api_parts.h"
#include "gateway/api/json_member.h"
#include "proto/base/utf8.h"

enum { READ_BYTES = 64 * 1024 };

/* By what the caller should do: mend the request, ask with another, or ask the same again later. A
 * conflict is a state of ours that he may not know of. */
static unsigned status_of(enum reason reason)
{
    switch (reason) {
    case REASON_NONE:
        return MHD_HTTP_OK;
    case REASON_TOKEN_WRONG:
    case REASON_SESSION_OVER:
    case REASON_SIGN_IN_WRONG:
    case REASON_CODE_NEEDED:
        return MHD_HTTP_UNAUTHORIZED;
    case REASON_NOT_ALLOWED:
    case REASON_ORIGIN_FOREIGN:
    case REASON_PASSWORD_FIRST:
        return MHD_HTTP_FORBIDDEN;
    case REASON_NOT_FOUND:
        return MHD_HTTP_NOT_FOUND;
    case REASON_ID_REUSED:
    case REASON_REFERENCE_REUSED:
    case REASON_UNDER_WAY:
    case REASON_SENT_BEFORE:
    case REASON_HAS_ENDED:
    case REASON_NOT_HELD:
    case REASON_HELD_ALREADY:
    case REASON_RECEIPT_STAYS:
    case REASON_SET_CHANGED:
    case REASON_OFFICE_HAS_REFUSED:
    case REASON_NOT_ENDED:
    case REASON_DUPLICATE:
    case REASON_STALE:
    case REASON_NAME_TAKEN:
    case REASON_OWN_ACCOUNT:
        return MHD_HTTP_CONFLICT;
    case REASON_ATTACHMENT_TOO_LARGE:
    case REASON_ENVELOPE_TOO_LARGE:
    case REASON_FRAME_TOO_LARGE:
        return MHD_HTTP_CONTENT_TOO_LARGE;
    case REASON_BUSY:
    case REASON_SIGN_IN_SLOW:
        return MHD_HTTP_TOO_MANY_REQUESTS;
    case REASON_STORE_CORRUPT:
    case REASON_STORE_NEWER:
        return MHD_HTTP_SERVICE_UNAVAILABLE;
    default:
        return reason_class(reason) == REASON_CLASS_TRANSIENT ? MHD_HTTP_SERVICE_UNAVAILABLE
                                                              : MHD_HTTP_BAD_REQUEST;
    }
}

/* response NULL: the connection is closed. text: what it is made of, or NULL. */
static void answer(struct api_request *request, unsigned status, struct MHD_Response *response,
                   char *text)
{
    if (request->response != NULL)
        MHD_destroy_response(request->response);
    free(request->text);
    request->response = response;
    const struct api_header *header = request->api->options.people.headers;
    for (; response != NULL && header != NULL && header->name != NULL; header++)
        (void)MHD_add_response_header(response, header->name, header->value);
    request->text = text;
    request->status = status;
    request->stage = API_ANSWERED;
}

/* Without memory for the answer the connection is closed: the caller asks again, and no half of an
 * answer is taken for a whole one (invariant 9). */
static void answer_text(struct api_request *request, unsigned status, const char *media_type,
                        json_t *json)
{
    char *text = json == NULL ? NULL : json_dumps(json, JSON_COMPACT);
    struct MHD_Response *response = NULL;
    json_decref(json);
    if (text != NULL)
        response = MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_PERSISTENT);
    if (response != NULL) { /* what a person reads stays in no proxy's or browser's cache */
        (void)MHD_add_response_header(response, "Content-Type", media_type);
        (void)MHD_add_response_header(response, "Cache-Control", "no-store");
    }
    answer(request, status, response, text);
}

void api_answer_json(struct api_request *request, unsigned status, json_t *json)
{
    answer_text(request, status, "application/json", json);
}

void api_answer_read(struct api_request *request, enum reason reason, json_t *json)
{
    if (reason == REASON_NONE) {
        api_answer_json(request, MHD_HTTP_OK, json);
    } else {
        json_decref(json);
        api_answer_reason(request, reason, NULL);
    }
}

/* MHD does not write to them, whatever its type says. */
static void answer_buffer(struct api_request *request, const char *media_type, struct bytes bytes,
                          enum MHD_ResponseMemoryMode mode)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(bytes.size, (void *)(uintptr_t)bytes.data, mode);
    if (response != NULL)
        (void)MHD_add_response_header(response, "Content-Type", media_type);
    answer(request, MHD_HTTP_OK, response, NULL);
}

void api_answer_bytes(struct api_request *request, const char *media_type, struct bytes bytes)
{
    answer_buffer(request, media_type, bytes, MHD_RESPMEM_MUST_COPY);
}

void api_answer_lasting(struct api_request *request, const char *media_type, struct bytes bytes)
{
    answer_buffer(request, media_type, bytes, MHD_RESPMEM_PERSISTENT);
}

void api_answer_nothing(struct api_request *request)
{
    answer(request, MHD_HTTP_NO_CONTENT,
           MHD_create_response_from_buffer(0, "", MHD_RESPMEM_PERSISTENT), NULL);
}

/* The context is released in any case, here or by MHD. */
void api_answer_stream(struct api_request *request, unsigned status, uint64_t size_bytes,
                       api_read *read, void *context, void (*release)(void *context))
{
    struct MHD_Response *response =
        MHD_create_response_from_callback(size_bytes, READ_BYTES, read, context, release);
    if (response == NULL) {
        release(context);
        api_answer_reason(request, REASON_OUT_OF_MEMORY, NULL);
    } else {
        answer(request, status, response, NULL);
    }
}

void api_answer_header(struct api_request *request, const char *name, const char *value)
{
    struct MHD_Response *response = request->response;
    const char *before = response == NULL ? NULL : MHD_get_response_header(response, name);
    if (before != NULL)
        (void)MHD_del_response_header(response, name, before);
    if (response != NULL)
        (void)MHD_add_response_header(response, name, value);
}

/* What was cut to its room may end in half a character, which JSON would not take. */
static struct bytes whole_characters(const char *text)
{
    struct bytes whole = bytes_of_text(text == NULL ? "" : text);
    while (!utf8_is_valid(whole, NULL))
        whole.size--;
    return whole;
}

static json_t *problem_json(unsigned status, enum reason reason, const char *detail)
{
    const char *code = reason_code(reason);
    json_t *problem = json_object();
    bool ok = json_put(problem, "type", json_sprintf("urn:lienthong:reason:%s", code)) &&
              json_put(problem, "title", json_string(reason_english(reason))) &&
              json_put(problem, "title_vi", json_string(reason_vietnamese(reason))) &&
              json_put(problem, "status", json_integer((json_int_t)status)) &&
              json_put(problem, "code", json_string(code)) &&
              json_put_text(problem, "hint", bytes_of_text(reason_hint(reason))) &&
              json_put_text(problem, "hint_vi", bytes_of_text(reason_hint_vietnamese(reason))) &&
              json_put_text(problem, "detail", whole_characters(detail));
    return json_whole(problem, ok);
}

/* Retry-After for the two statuses that pass by themselves (RFC 9110 §10.2.3). */
void api_answer_refusal(struct api_request *request, unsigned status, enum reason reason,
                        const char *detail)
{
    char seconds[16];
    answer_text(request, status, "application/problem+json", problem_json(status, reason, detail));
    (void)snprintf(seconds, sizeof seconds, "%d", API_RETRY_SECONDS);
    if (status == MHD_HTTP_TOO_MANY_REQUESTS || status == MHD_HTTP_SERVICE_UNAVAILABLE)
        api_answer_header(request, "Retry-After", seconds);
    if (status == MHD_HTTP_UNAUTHORIZED && request->api->options.people.knows == NULL)
        api_answer_header(request, "WWW-Authenticate", "Bearer");
}

void api_answer_reason(struct api_request *request, enum reason reason, const char *detail)
{
    api_answer_refusal(request, status_of(reason), reason, detail);
}
