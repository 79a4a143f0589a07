/* Answers and refusals. Every refusal is a reason of the one table, in both languages. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/shell/json_text.h"
#include "adapters/shell/local_api_parts.h"
#include "routing/registry/registry.h"

static unsigned status_of(enum reason reason)
{
    switch (reason) {
    case REASON_NONE:
        return MHD_HTTP_OK;
    case REASON_TOKEN_WRONG:
        return MHD_HTTP_UNAUTHORIZED;
    case REASON_NOT_FOUND:
        return MHD_HTTP_NOT_FOUND;
    case REASON_ID_REUSED:
    case REASON_REFERENCE_REUSED:
    case REASON_STATE_FORBIDS:
    case REASON_DUPLICATE:
        return MHD_HTTP_CONFLICT;
    case REASON_ATTACHMENT_TOO_LARGE:
    case REASON_ENVELOPE_TOO_LARGE:
    case REASON_FRAME_TOO_LARGE:
        return MHD_HTTP_CONTENT_TOO_LARGE;
    case REASON_BUSY:
        return MHD_HTTP_TOO_MANY_REQUESTS;
    case REASON_STORE_CORRUPT:
    case REASON_STORE_NEWER:
        return MHD_HTTP_SERVICE_UNAVAILABLE;
    default:
        return reason_class(reason) == REASON_CLASS_TRANSIENT ? MHD_HTTP_SERVICE_UNAVAILABLE
                                                              : MHD_HTTP_BAD_REQUEST;
    }
}

void api_answer_response(struct api_request *request, unsigned status,
                         struct MHD_Response *response)
{
    if (request->response != NULL)
        MHD_destroy_response(request->response);
    request->response = response; /* NULL: the connection is closed */
    request->status = status;
    request->stage = API_ANSWERED;
}

void api_answer_json(struct api_request *request, unsigned status, json_t *json)
{
    char *text = json == NULL ? NULL : json_dumps(json, JSON_COMPACT);
    json_decref(json);
    struct MHD_Response *response = NULL;
    if (text != NULL)
        response = MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);
    if (response == NULL)
        free(text);
    else
        (void)MHD_add_response_header(response, "Content-Type", "application/json");
    api_answer_response(request, status, response);
}

void api_answer_bytes(struct api_request *request, struct bytes bytes)
{
    /* MHD copies and does not write, whatever its type says. */
    struct MHD_Response *response = MHD_create_response_from_buffer(
        bytes.size, (void *)(uintptr_t)bytes.data, MHD_RESPMEM_MUST_COPY);
    if (response != NULL)
        (void)MHD_add_response_header(response, "Content-Type", "application/octet-stream");
    api_answer_response(request, MHD_HTTP_OK, response);
}

void api_answer_refusal(struct api_request *request, unsigned status, enum reason reason,
                        const char *detail)
{
    json_t *error = json_object();
    if (error == NULL || !json_put(error, "code", json_string(reason_code(reason))) ||
        !json_put(error, "message_vi", json_string(reason_vietnamese(reason))) ||
        !json_put(error, "message_en", json_string(reason_english(reason))) ||
        !json_put_text(error, "hint", bytes_of_text(reason_hint(reason))) ||
        !json_put_text(error, "hint_vi", bytes_of_text(reason_hint_vietnamese(reason))) ||
        !json_put_text(error, "detail", bytes_of_text(detail == NULL ? "" : detail))) {
        json_decref(error);
        error = NULL;
    }
    api_answer_json(request, status, error == NULL ? NULL : json_pack("{s:o}", "error", error));
    if (request->response == NULL)
        return;
    if (status == MHD_HTTP_TOO_MANY_REQUESTS || status == MHD_HTTP_SERVICE_UNAVAILABLE) {
        char seconds[16];
        (void)snprintf(seconds, sizeof seconds, "%d", API_RETRY_SECONDS);
        (void)MHD_add_response_header(request->response, "Retry-After", seconds);
    }
    if (status == MHD_HTTP_UNAUTHORIZED)
        (void)MHD_add_response_header(request->response, "WWW-Authenticate", "Bearer");
}

void api_answer_reason(struct api_request *request, enum reason reason, const char *detail)
{
    api_answer_refusal(request, status_of(reason), reason, detail);
}

/* ---- arguments ------------------------------------------------------------------------------ */

const char *api_query(const struct api_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, name);
}

bool api_query_number(struct api_request *request, const char *name, uint64_t fallback,
                      uint64_t max, uint64_t *ret_number)
{
    const char *text = api_query(request, name);
    *ret_number = fallback;
    if (text == NULL)
        return true;
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 18 || text[digits] != 0 || strtoull(text, NULL, 10) > max) {
        api_answer_reason(request, REASON_FIELD_INVALID, name);
        return false;
    }
    *ret_number = strtoull(text, NULL, 10);
    return true;
}

bool api_query_key(struct api_request *request, const char *name, struct key *ret_key)
{
    const char *text = api_query(request, name);
    if (text == NULL || key_parse(bytes_of_text(text), ret_key))
        return true;
    api_answer_reason(request, REASON_FIELD_INVALID, name);
    return false;
}

static enum reason find_from(const struct local_api *api, const struct key *sender,
                             const struct message_id *id, struct store_message *ret_message)
{
    struct store *store = api->options.store;
    return store->verbs->find_message(store, sender, id, ret_message);
}

enum reason api_find_anybodys(const struct local_api *api, const struct message_id *id,
                              struct store_message *ret_message)
{
    enum reason reason = find_from(api, &api->options.self, id, ret_message);
    if (reason == REASON_NOT_FOUND)
        reason = find_from(api, &api->options.gateway, id, ret_message);
    const struct registry *registry = api->options.registry;
    size_t count = registry == NULL ? 0 : registry_agency_count(registry);
    for (size_t i = 0; reason == REASON_NOT_FOUND && i < count; i++)
        reason = find_from(api, &registry_agency_at(registry, i)->key, id, ret_message);
    return reason;
}

bool api_find_message(struct api_request *request, struct store_message *ret_message)
{
    struct message_id id;
    struct key sender = {{0}};
    if (!id_parse(bytes_of_text(request->argument), &id)) {
        api_answer_reason(request, REASON_FIELD_INVALID, "message_id");
        return false;
    }
    if (!api_query_key(request, "sender", &sender))
        return false;
    enum reason reason = key_is_none(&sender) ? api_find_anybodys(request->api, &id, ret_message)
                                              : find_from(request->api, &sender, &id, ret_message);
    if (reason != REASON_NONE)
        api_answer_reason(request, reason, NULL);
    return reason == REASON_NONE;
}

bool api_next_outcome(const struct local_api *api, const struct store_message *message,
                      size_t *place, struct key *ret_about, struct outcome *ret_outcome)
{
    const struct registry *registry = api->options.registry;
    size_t agencies = registry == NULL ? 0 : registry_agency_count(registry);
    /* First the gateway; with no registry to ask, the recipient that we named ourselves. */
    for (; *place < 1 + (agencies > 0 ? agencies : 1); (*place)++) {
        struct key about = *place == 0     ? api->options.gateway
                           : agencies == 0 ? message->recipient
                                           : registry_agency_at(registry, *place - 1)->key;
        bool is_again = *place > 0 && key_equal(&about, &api->options.gateway);
        if (key_is_none(&about) || is_again ||
            session_outcome(api->options.session, &message->id, &about, ret_outcome) != REASON_NONE)
            continue;
        *ret_about = about;
        (*place)++;
        return true;
    }
    return false;
}
