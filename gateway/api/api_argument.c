/* What a request says: headers, query, JSON. Everything here comes from a caller; a value that is
 * not of its kind is answered as a fault with its name, and never brought to the nearest that would
 * do. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "gateway/api/api_parts.h"
#include "gateway/api/json_text.h"

enum { LENGTH_DIGITS_MAX = 18 };

void *api_context(const struct api_request *request)
{
    return request->api->options.context;
}

const char *api_method(const struct api_request *request)
{
    return request->route->method;
}

bool api_is_secure(const struct api_request *request)
{
    return request->door->kind == API_DOOR_TLS;
}

bool api_is_by_socket(const struct api_request *request)
{
    return request->door->kind == API_DOOR_UNIX;
}

void api_peer(const struct api_request *request, char ret_text[API_PEER_BYTES])
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    ret_text[0] = 0;
    if (info == NULL || info->client_addr == NULL)
        return;
    bool is_6 = info->client_addr->sa_family == AF_INET6;
    const void *address =
        is_6 ? (const void *)&((const struct sockaddr_in6 *)info->client_addr)->sin6_addr
             : (const void *)&((const struct sockaddr_in *)info->client_addr)->sin_addr;
    if (info->client_addr->sa_family == AF_INET || is_6)
        (void)inet_ntop(info->client_addr->sa_family, address, ret_text, API_PEER_BYTES);
}

struct jobs *api_jobs(const struct api_request *request)
{
    return request->api->options.jobs;
}

struct store *api_store(const struct api_request *request)
{
    return request->api->options.store;
}

void *api_memory(struct api_request *request)
{
    return request->memory;
}

const char *api_argument(const struct api_request *request)
{
    return request->argument;
}

int api_which(const struct api_request *request)
{
    return request->route->which;
}

json_t *api_json(const struct api_request *request)
{
    return request->json;
}

bool api_is_answered(const struct api_request *request)
{
    return request->stage == API_ANSWERED;
}

bool api_is_known(const struct api_request *request)
{
    return request->is_known;
}

const char *api_header(const struct api_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

struct wanted {
    const char *name, *value;
};

static enum MHD_Result look_at(void *context, enum MHD_ValueKind kind, const char *name,
                               const char *value)
{
    struct wanted *wanted = context;
    (void)kind;
    if (strcasecmp(name, wanted->name) == 0)
        wanted->value = value;
    return MHD_YES;
}

/* A proxy that adds a header of its own adds it behind those that the caller sent. */
const char *api_header_last(const struct api_request *request, const char *name)
{
    struct wanted wanted = {name, NULL};
    (void)MHD_get_connection_values(request->connection, MHD_HEADER_KIND, look_at, &wanted);
    return wanted.value;
}

const char *api_query(const struct api_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, name);
}

/* The scheme's name is not case-sensitive (RFC 9110, section 11.1). */
struct bytes api_bearer(const struct api_request *request)
{
    const char *text = api_header(request, "Authorization");
    if (text == NULL || strncasecmp(text, "Bearer ", 7) != 0)
        return (struct bytes){NULL, 0};
    return bytes_of_text(text + 7);
}

/* Digits alone: strtoull would take a sign, blanks and what follows the number. */
static bool read_number(const char *text, uint64_t max, uint64_t *ret_number)
{
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > LENGTH_DIGITS_MAX || text[digits] != 0)
        return false;
    *ret_number = strtoull(text, NULL, 10);
    return *ret_number <= max;
}

/* False: answered, as with the two that follow. Beyond max is a fault and not max: who asks for a
 * thousand rows and gets two hundred would not notice. */
bool api_query_number(struct api_request *request, const char *name, uint64_t fallback,
                      uint64_t max, uint64_t *ret_number)
{
    const char *text = api_query(request, name);
    *ret_number = fallback;
    if (text == NULL || read_number(text, max, ret_number))
        return true;
    api_answer_reason(request, REASON_FIELD_INVALID, name);
    return false;
}

bool api_query_key(struct api_request *request, const char *name, struct key *ret_key)
{
    const char *text = api_query(request, name);
    if (text == NULL || key_parse(bytes_of_text(text), ret_key))
        return true;
    api_answer_reason(request, REASON_FIELD_INVALID, name);
    return false;
}

bool api_message_named(struct api_request *request, struct message_id *ret_id,
                       struct key *ret_sender)
{
    if (id_parse(bytes_of_text(api_argument(request)), ret_id))
        return api_query_key(request, "sender", ret_sender);
    api_answer_reason(request, REASON_FIELD_INVALID, "message_id");
    return false;
}

/* A place in the list and not a count of rows: pages stay whole while entries come and go. */
bool api_query_cursor(struct api_request *request, uint64_t *ret_seq, struct key *ret_destination)
{
    const char *text = api_query(request, "after");
    char *end = NULL;
    if (text == NULL || text[0] == 0)
        return true;
    *ret_seq = strtoull(text, &end, 10);
    if (end != text && *end == '-' && key_parse(bytes_of_text(end + 1), ret_destination))
        return true;
    api_answer_reason(request, REASON_FIELD_INVALID, "after");
    return false;
}

void api_cursor_print(uint64_t seq, const struct key *destination, char ret_text[API_CURSOR_BYTES])
{
    (void)snprintf(ret_text, API_CURSOR_BYTES, "%llu-%s", (unsigned long long)seq,
                   destination->text);
}

/* 18 digits fit into 64 bits, so that the number itself cannot wrap. */
bool api_content_length(const struct api_request *request, uint64_t *ret_bytes)
{
    const char *text = api_header(request, "Content-Length");
    return text != NULL && read_number(text, UINT64_MAX, ret_bytes);
}

/* A member that nobody reads is mostly one that was misspelt, and the caller would wait for its
 * effect. */
bool api_has_only(struct api_request *request, json_t *object, const char *const *names)
{
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value)
    {
        size_t i = 0;
        while (names[i] != NULL && strcmp(names[i], name) != 0)
            i++;
        if (names[i] == NULL) {
            char detail[API_DETAIL_BYTES];
            (void)snprintf(detail, sizeof detail, "%s", name);
            api_answer_reason(request, REASON_FIELD_UNKNOWN, detail);
            return false;
        }
    }
    return true;
}

bool api_take_flag(struct api_request *request, const char *name, bool is_needed, bool *ret_flag)
{
    const json_t *value = json_object_get(request->json, name);
    if (json_is_boolean(value))
        *ret_flag = json_is_true(value);
    else if (value != NULL || is_needed)
        api_answer_reason(request, value == NULL ? REASON_FIELD_MISSING : REASON_FIELD_INVALID,
                          name);
    return request->stage != API_ANSWERED;
}

/* Without a Content-Type the body is read as JSON: many programs leave it out, and nothing else is
 * ever meant. Any other type is refused, because a form that somebody posts would be half
 * understood. */
static bool read_object(struct api_request *request)
{
    const char *type = api_header(request, "Content-Type");
    if (request->body.size == 0 && request->route->body == API_BODY_OPTIONAL) {
        request->json = json_object();
        return true;
    }
    if (type != NULL && strncasecmp(type, "application/json", 16) != 0) {
        api_answer_refusal(request, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE, REASON_REQUEST_MALFORMED,
                           "Content-Type");
        return false;
    }
    struct json_fault fault;
    char place[API_DETAIL_BYTES] = "body";
    enum reason reason =
        json_text_read_within(buffer_view(&request->body), JSON_VALUES_MAX, &request->json, &fault);
    if (reason != REASON_NONE)
        (void)snprintf(place, sizeof place, "body, %u:%u", fault.line, fault.column);
    else if (!json_is_object(request->json))
        reason = REASON_JSON_NOT_OBJECT;
    /* What jansson made of it is all that is still needed. */
    buffer_release(&request->body);
    buffer_init(&request->body, request->api->options.body_bytes_max);
    if (reason != REASON_NONE)
        api_answer_reason(request, reason, place);
    return reason == REASON_NONE;
}

bool api_read_json(struct api_request *request)
{
    const struct api_route *route = request->route;
    if (route->body != API_BODY_OPTIONAL && route->body != API_BODY_JSON)
        return true;
    return read_object(request) &&
           (route->members == NULL || api_has_only(request, request->json, route->members));
}
