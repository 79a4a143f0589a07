/* A request from its head to its answer.
 *
 * A refusal must not be lost with the connection: who still sends his body is answered at once,
 * past libmicrohttpd, which answers only between the parts of a request, and the rest is read and
 * dropped for a while, because a socket that is closed with bytes unread takes the answer with it.
 * Who waits for a word before he sends ("Expect: 100-continue") is answered before he begins, and a
 * short body is read first, so that its connection goes on. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "gateway/api/api_parts.h"
#include "proto/base/check.h"

enum {
    SHORT_BODY_BYTES = 64 * 1024,
    /* How long, and how much, is read of a body that is refused: as other servers linger. */
    EARLY_MS = 30 * 1000,
    EARLY_IDLE_SECONDS = 5,
    EARLY_STRANGER_BYTES = 1024 * 1024,
};
static const uint64_t early_bytes_max = UINT64_C(2) * 1024 * 1024 * 1024; /* the largest file */

/* ---- who may ----------------------------------------------------------------------------------
 */

/* Against DNS rebinding: a page of a browser may lead a name of its own to 127.0.0.1, but it cannot
 * change the Host that the browser sends. */
static bool host_is_ours(const struct api_request *request)
{
    const char *host = api_header(request, "Host");
    const char *public_host = request->api->options.people.public_host;
    if (request->door->kind != API_DOOR_LOOPBACK)
        return true;
    if (host == NULL)
        return false;
    if (public_host != NULL && strcasecmp(host, public_host) == 0)
        return true; /* a proxy of ours stands before us */
    size_t size = strcspn(host, ":");
    bool is_name = (size == 9 &&
                    (strncmp(host, "127.0.0.1", 9) == 0 || strncasecmp(host, "localhost", 9) == 0));
    const char *port = host + size;
    return is_name && (*port == 0 || strspn(port + 1, "0123456789") == strlen(port + 1));
}

/* Whoever can open the Unix socket has passed its permissions; on the other doors a token says it,
 * or a certificate. Of a person his session says it on every door: a proxy passes everybody on. */
static bool is_known(struct api_request *request)
{
    const struct api_options *options = &request->api->options;
    if (options->people.knows != NULL)
        return options->people.knows(options->context, request);
    return request->door->kind == API_DOOR_UNIX ||
           token_matches(&request->api->token, api_bearer(request)) ||
           (request->door->kind == API_DOOR_TLS && api_tls_is_known(request->connection));
}

/* The token may stand in the address here alone, because who fetches a file by a link can seldom
 * set a header. */
static bool has_link(const struct api_request *request)
{
    const struct token *token = &request->api->link_token;
    const char *link = api_query(request, "token");
    return request->api->options.link_token != NULL &&
           (token_matches(token, api_bearer(request)) ||
            (link != NULL && token_matches(token, bytes_of_text(link))));
}

/* 405 with the methods that there are is told apart from 404: the path was right. */
static void find_route(struct api_request *request, const char *method, const char *path)
{
    char allowed[API_METHODS_BYTES];
    request->route = api_route_find(request->api, method, path, request->argument, allowed);
    if (request->route != NULL)
        return;
    if (allowed[0] == 0) {
        api_answer_reason(request, REASON_NOT_FOUND, "path");
    } else {
        api_answer_refusal(request, MHD_HTTP_METHOD_NOT_ALLOWED, REASON_REQUEST_MALFORMED,
                           "method");
        api_answer_header(request, "Allow", allowed);
    }
}

static enum reason ask_owner(struct api_request *request)
{
    const struct api_options *options = &request->api->options;
    return options->people.admits == NULL ? REASON_NONE
                                          : options->people.admits(options->context, request);
}

static void begin_route(struct api_request *request)
{
    enum reason reason = ask_owner(request);
    if (reason != REASON_NONE)
        api_answer_reason(request, reason, NULL);
    else if (request->route->begin != NULL)
        request->route->begin(request);
}

/* In this order, so that a stranger does not learn which paths exist behind a Host that is not
 * ours, and a known caller gets his place before anything is done for him. */
static void check_head(struct api_request *request, const char *method, const char *path)
{
    if (!host_is_ours(request)) {
        api_answer_reason(request, REASON_REQUEST_MALFORMED, "Host");
        return;
    }
    enum reason stranger = request->api->options.people.stranger;
    request->is_known = is_known(request);
    find_route(request, method, path);
    if (request->route == NULL)
        return;
    bool has_right = request->is_known || (request->route->access == API_LINK && has_link(request));
    if (has_right && !api_place_know(request))
        api_answer_reason(request, REASON_BUSY, NULL);
    else if (!has_right && request->route->access != API_OPEN)
        api_answer_reason(request, stranger == REASON_NONE ? REASON_TOKEN_WRONG : stranger, NULL);
    else
        begin_route(request);
}

/* ---- its life ---------------------------------------------------------------------------------
 */

/* The route's own memory lies behind the request and is zero; the options' release gives back what
 * it holds. */
static struct api_request *request_begin(const struct api_door *door,
                                         struct MHD_Connection *connection, const char *method,
                                         const char *path)
{
    struct api *api = door->api;
    struct api_request *request = calloc(1, sizeof *request + api->options.memory_bytes);
    if (request == NULL)
        return NULL;
    request->api = api;
    request->door = door;
    request->connection = connection;
    buffer_init(&request->body, api->options.body_bytes_max);
    request->is_expecting = api_header(request, "Expect") != NULL;
    check_head(request, method, path);
    return request;
}

static void list_remove(struct api_request **list, struct api_request *request)
{
    while (*list != NULL && *list != request)
        list = &(*list)->next;
    if (*list != NULL)
        *list = request->next;
}

/* At the end: changes are made in the order in which they came. */
static void list_append(struct api_request **list, struct api_request *request)
{
    while (*list != NULL)
        list = &(*list)->next;
    request->next = NULL;
    *list = request;
}

void api_request_completed(void *door, struct MHD_Connection *connection, void **memory,
                           enum MHD_RequestTerminationCode code)
{
    struct api_request *request = *memory;
    (void)door;
    (void)connection;
    (void)code;
    *memory = NULL;
    if (request == NULL)
        return;
    list_remove(&request->api->changing, request);
    if (request->api->options.release != NULL)
        request->api->options.release(request);
    buffer_release(&request->body);
    json_decref(request->json);
    if (request->response != NULL)
        MHD_destroy_response(request->response);
    free(request->text);
    free(request);
}

/* A change waits for a step of the loop, and nothing is read from the connection meanwhile. */
static enum MHD_Result request_suspend(struct api_request *request)
{
    list_append(&request->api->changing, request);
    request->is_suspended = true;
    api_place_wait(request, true);
    MHD_suspend_connection(request->connection);
    return MHD_YES;
}

void api_request_resume(struct api_request *request)
{
    request->is_suspended = false;
    api_place_wait(request, false);
    MHD_resume_connection(request->connection);
}

/* ---- a refusal while the body is on the way ---------------------------------------------------
 */

/* Refused, and what is still to come is more than one would read for the sake of the connection. */
static bool must_hear_now(const struct api_request *request)
{
    uint64_t length;
    return request->stage == API_ANSWERED && request->status >= MHD_HTTP_BAD_REQUEST &&
           (api_header(request, "Transfer-Encoding") != NULL ||
            (api_content_length(request, &length) && length > SHORT_BODY_BYTES));
}

/* Past libmicrohttpd, so that the bytes are on the line before the rest of the body has come; the
 * answer is a whole one and closes the connection. */
static void answer_early(struct api_request *request)
{
    enum { HEAD_BYTES_MAX = 4096 };
    struct buffer head;
    const char *text = request->text == NULL ? "" : request->text;
    buffer_init(&head, HEAD_BYTES_MAX);
    if (buffer_append_format(&head,
                             "HTTP/1.1 %u %s\r\nConnection: close\r\n"
                             "Content-Type: application/problem+json\r\nContent-Length: %zu\r\n"
                             "\r\n%s",
                             request->status, MHD_get_reason_phrase_for(request->status),
                             strlen(text), text))
        api_send_last(request, buffer_view(&head));
    buffer_release(&head);
    request->is_early = true;
    request->early_until = (mono_t){request->api->now.ms + EARLY_MS};
    (void)MHD_set_connection_option(request->connection, MHD_CONNECTION_OPTION_TIMEOUT,
                                    (unsigned)EARLY_IDLE_SECONDS);
}

/* False: enough was read of what nobody wants. */
static bool drop_rest(const struct api_request *request)
{
    uint64_t most = request->is_known ? early_bytes_max : EARLY_STRANGER_BYTES;
    return request->received <= most && request->api->now.ms <= request->early_until.ms;
}

/* ---- from MHD ---------------------------------------------------------------------------------
 */

/* A stream is handed on piece by piece and never held; a JSON body is bounded by its buffer. */
static void take(struct api_request *request, struct bytes content)
{
    const struct api_route *route = request->route;
    if (route->body == API_BODY_STREAM)
        route->receive(request, content);
    else if (route->body != API_BODY_NONE && !buffer_append(&request->body, content))
        api_answer_reason(request,
                          request->body.size + content.size > request->body.limit_bytes
                              ? REASON_ENVELOPE_TOO_LARGE
                              : REASON_OUT_OF_MEMORY,
                          NULL);
}

/* False: the connection is closed. */
static bool request_receive(struct api_request *request, struct bytes content)
{
    request->received += content.size;
    if (request->stage == API_RECEIVING)
        take(request, content);
    if (request->is_early)
        return drop_rest(request);
    if (must_hear_now(request))
        answer_early(request);
    return true;
}

/* MHD_NO without a response: memory for it was not to be had, and a closed connection is all that
 * can still be said. */
static enum MHD_Result request_end(struct api_request *request)
{
    if (request->is_early)
        return MHD_NO; /* it has its answer; all that was sent is read, so the end is a clean one */
    if (request->stage == API_RECEIVING && api_read_json(request)) {
        if (request->route->complete != NULL)
            request->route->complete(request);
        else
            request->stage = API_CHANGING;
    }
    /* What is read in the last run of all would wait for ever, and libmicrohttpd ends the process
     * when a daemon is stopped with a connection suspended. */
    if (request->stage == API_CHANGING && request->api->is_ending)
        api_answer_reason(request, REASON_SHUTDOWN, NULL);
    if (request->stage == API_CHANGING)
        return request_suspend(request);
    check(request->stage == API_ANSWERED);
    if (request->response == NULL)
        return MHD_NO;
    return MHD_queue_response(request->connection, request->status, request->response);
}

/* Called by libmicrohttpd for the head, for each piece of the body, and once more at its end. */
enum MHD_Result api_handle(void *door, struct MHD_Connection *connection, const char *path,
                           const char *method, const char *version, const char *content,
                           size_t *content_size, void **memory)
{
    struct api_request *request = *memory;
    (void)version;
    if (request == NULL) {
        request = request_begin(door, connection, method, path);
        *memory = request;
        if (request == NULL)
            return MHD_NO;
        if (request->stage == API_ANSWERED && request->is_expecting)
            return request_end(request);
        if (must_hear_now(request))
            answer_early(request);
        return MHD_YES;
    }
    if (*content_size > 0) {
        struct bytes bytes = {(const uint8_t *)content, *content_size};
        *content_size = 0;
        return request_receive(request, bytes) ? MHD_YES : MHD_NO;
    }
    return request_end(request);
}
