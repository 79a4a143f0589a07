#include "adapters/shell/local_api.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "adapters/shell/json_text.h"
#include "adapters/shell/local_api_parts.h"
#include "gateway/workers/file_read.h"
#include "proto/base/check.h"

enum {
    /* Of MHD, for one connection: headers and a piece of body. Pages that a connection does not
     * touch cost nothing; if all connections sent files at once they would take 16 MiB. */
    CONNECTION_MEMORY_BYTES = 256 * 1024,
    DRAIN_BYTES_MAX = 1024 * 1024, /* of a refused body that is read so that the refusal arrives */
};

/* ---- who may --------------------------------------------------------------------------------- */

static const char *header(const struct api_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

/* A page in a browser can make it call us under a name of its own; then Host is that name. */
static bool host_is_ours(const struct api_request *request)
{
    const char *host = header(request, "Host");
    if (host == NULL)
        return false;
    size_t size = strcspn(host, ":");
    bool is_name = (size == 9 &&
                    (strncmp(host, "127.0.0.1", 9) == 0 || strncasecmp(host, "localhost", 9) == 0));
    const char *port = host + size;
    return is_name && (*port == 0 || strspn(port + 1, "0123456789") == strlen(port + 1));
}

static struct bytes bearer(const struct api_request *request)
{
    const char *text = header(request, "Authorization");
    if (text == NULL || strncasecmp(text, "Bearer ", 7) != 0)
        return (struct bytes){NULL, 0};
    return bytes_of_text(text + 7);
}

bool api_has_token(const struct api_request *request)
{
    return token_matches(&request->api->token, bearer(request));
}

static bool has_right(const struct api_request *request)
{
    const struct local_api *api = request->api;
    if (api_has_token(request))
        return true;
    if (request->route->access != API_LINK)
        return false;
    const char *link = api_query(request, "token");
    return token_matches(&api->office_token, bearer(request)) ||
           (link != NULL && token_matches(&api->office_token, bytes_of_text(link)));
}

/* ---- a request --------------------------------------------------------------------------------
 */

static void request_check(struct api_request *request, const char *method, const char *path)
{
    if (!host_is_ours(request)) {
        api_answer_reason(request, REASON_REQUEST_MALFORMED, "Host");
        return;
    }
    request->route = api_route_find(method, path, request->argument);
    if (request->route == NULL)
        api_answer_reason(request, REASON_NOT_FOUND, "path");
    else if (has_right(request) && !api_place_know(request))
        api_answer_reason(request, REASON_BUSY, NULL);
    else if (!has_right(request) && request->route->access != API_OPEN)
        api_answer_reason(request, REASON_TOKEN_WRONG, NULL);
    else if (request->route->begin != NULL)
        request->route->begin(request);
}

static struct api_request *request_begin(struct local_api *api, struct MHD_Connection *connection,
                                         const char *method, const char *path)
{
    struct api_request *request = calloc(1, sizeof *request);
    if (request == NULL)
        return NULL;
    request->api = api;
    request->connection = connection;
    buffer_init(&request->body, LOCAL_API_BODY_BYTES_MAX);
    const char *expect = header(request, "Expect");
    const char *length = header(request, "Content-Length");
    bool is_long = length != NULL && strtoull(length, NULL, 10) > DRAIN_BYTES_MAX;
    request->may_answer_early = expect != NULL || is_long;
    request_check(request, method, path);
    return request;
}

static void list_remove(struct api_request **list, struct api_request *request)
{
    while (*list != NULL && *list != request)
        list = &(*list)->next;
    if (*list != NULL)
        *list = request->next;
}

static void list_append(struct api_request **list, struct api_request *request)
{
    while (*list != NULL)
        list = &(*list)->next;
    request->next = NULL;
    *list = request;
}

static void request_completed(void *context, struct MHD_Connection *connection, void **memory,
                              enum MHD_RequestTerminationCode code)
{
    struct local_api *api = context;
    struct api_request *request = *memory;
    (void)connection;
    (void)code;
    *memory = NULL;
    if (request == NULL)
        return;
    list_remove(&api->changing, request);
    attachment_release(request);
    buffer_release(&request->body);
    json_decref(request->json);
    if (request->response != NULL)
        MHD_destroy_response(request->response);
    free(request);
}

/* False: more than anybody may send; the connection is closed. */
static bool request_receive(struct api_request *request, struct bytes content)
{
    request->received += content.size;
    if (request->stage != API_RECEIVING)
        return request->received <= DRAIN_BYTES_MAX + request->api->options.attachment_bytes_max;
    if (request->route->takes_upload)
        attachment_receive(request, content);
    else if (!buffer_append(&request->body, content))
        api_answer_reason(request,
                          request->body.size + content.size > request->body.limit_bytes
                              ? REASON_ENVELOPE_TOO_LARGE
                              : REASON_OUT_OF_MEMORY,
                          NULL);
    return true;
}

static enum MHD_Result request_suspend(struct api_request *request)
{
    struct local_api *api = request->api;
    list_append(&api->changing, request);
    request->is_suspended = true;
    MHD_suspend_connection(request->connection);
    return MHD_YES;
}

static void request_resume(struct api_request *request)
{
    request->is_suspended = false;
    MHD_resume_connection(request->connection);
}

static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *path,
                              const char *method, const char *version, const char *content,
                              size_t *content_size, void **memory)
{
    struct api_request *request = *memory;
    (void)version;
    if (request == NULL) {
        request = request_begin(context, connection, method, path);
        *memory = request;
        if (request == NULL)
            return MHD_NO;
        if (request->stage != API_ANSWERED || !request->may_answer_early)
            return MHD_YES;
    }
    if (*content_size > 0) {
        struct bytes bytes = {(const uint8_t *)content, *content_size};
        *content_size = 0;
        return request_receive(request, bytes) ? MHD_YES : MHD_NO;
    }
    if (request->stage == API_RECEIVING)
        request->route->complete(request);
    if (request->stage == API_CHANGING)
        return request_suspend(request);
    check(request->stage == API_ANSWERED);
    if (request->response == NULL)
        return MHD_NO;
    return MHD_queue_response(connection, request->status, request->response);
}

/* ---- life cycle -------------------------------------------------------------------------------
 */

static enum reason load_tokens(struct local_api *api)
{
    char path[FILE_PATH_BYTES_MAX];
    const char *folder = api->options.state_directory;
    if (!file_path_join(folder, "api.token", path))
        return REASON_FILE_UNREADABLE;
    enum reason reason = token_load(path, api->options.crypto, &api->token);
    if (reason == REASON_NONE && !file_path_join(folder, "office.token", path))
        reason = REASON_FILE_UNREADABLE;
    if (reason == REASON_NONE)
        reason = token_load(path, api->options.crypto, &api->office_token);
    return reason;
}

/* Under a new name first, so that a reader never sees half of it. */
static enum reason write_port(const struct local_api *api)
{
    char path[FILE_PATH_BYTES_MAX];
    char temporary[FILE_PATH_BYTES_MAX];
    const char *folder = api->options.state_directory;
    if (!file_path_join(folder, "api.port", path) ||
        !file_path_join(folder, "api.port.new", temporary))
        return REASON_FILE_UNREADABLE;
    FILE *file = fopen(temporary, "we");
    if (file == NULL)
        return REASON_FILE_UNREADABLE;
    bool is_whole = fprintf(file, "%u\n", api->port) > 0;
    is_whole = fclose(file) == 0 && is_whole;
    return is_whole && rename(temporary, path) == 0 ? REASON_NONE : REASON_FILE_UNREADABLE;
}

static enum reason start_daemon(struct local_api *api)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(api->options.port),
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};
    api->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, handle, api, MHD_OPTION_SOCK_ADDR,
        &address, MHD_OPTION_NOTIFY_COMPLETED, request_completed, api, MHD_OPTION_NOTIFY_CONNECTION,
        api_place_changed, api, MHD_OPTION_CONNECTION_LIMIT, (unsigned)api->bounds.connections,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY_BYTES,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)(1 + LOCAL_API_STRANGER_MS / 1000),
        MHD_OPTION_END);
    if (api->daemon == NULL)
        return REASON_BUSY;
    const union MHD_DaemonInfo *port = MHD_get_daemon_info(api->daemon, MHD_DAEMON_INFO_BIND_PORT);
    const union MHD_DaemonInfo *fd = MHD_get_daemon_info(api->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    if (port == NULL || fd == NULL)
        return REASON_OUT_OF_MEMORY;
    api->port = port->port;
    api->fd = fd->epoll_fd;
    (void)snprintf(api->own_links.base, sizeof api->own_links.base, "http://127.0.0.1:%u",
                   api->port);
    api->own_links.token = "";
    api->office_links = api->own_links;
    api->office_links.token = api->office_token.text;
    return write_port(api);
}

enum reason local_api_new(const struct local_api_options *options, struct local_api **ret_api)
{
    struct local_api *api = calloc(1, sizeof *api);
    if (api == NULL)
        return REASON_OUT_OF_MEMORY;
    api->options = *options;
    api->bounds =
        local_api_bounds_of(options->descriptors == 0 ? UINT16_MAX : options->descriptors);
    enum reason reason = load_tokens(api);
    if (reason == REASON_NONE && !arena_init(&api->arena, MESSAGE_JSON_ARENA_BYTES))
        reason = REASON_OUT_OF_MEMORY;
    if (reason == REASON_NONE)
        reason = start_daemon(api);
    if (reason != REASON_NONE) {
        local_api_destroy(&api);
        return reason;
    }
    *ret_api = api;
    return REASON_NONE;
}

static void answer_all(struct api_request *list, enum reason reason)
{
    while (list != NULL) {
        struct api_request *request = list;
        list = request->next;
        api_answer_reason(request, reason, NULL);
        request_resume(request);
    }
}

void local_api_destroy(struct local_api **api_pointer)
{
    struct local_api *api = *api_pointer;
    *api_pointer = NULL;
    if (api == NULL)
        return;
    answer_all(api->changing, REASON_SHUTDOWN);
    api->changing = NULL;
    if (api->daemon != NULL) {
        (void)MHD_run(api->daemon);
        MHD_stop_daemon(api->daemon);
    }
    arena_release(&api->arena);
    free(api);
}

void local_api_set_registry(struct local_api *api, const struct registry *registry)
{
    api->options.registry = registry;
}

void local_api_set_office_trouble(struct local_api *api, enum reason reason)
{
    api->office_trouble = reason;
}

uint16_t local_api_port(const struct local_api *api)
{
    return api->port;
}

const struct message_links *local_api_links(const struct local_api *api)
{
    return &api->office_links;
}

/* ---- driven by the loop -----------------------------------------------------------------------
 */

int local_api_fd(const struct local_api *api)
{
    return api->fd;
}

int local_api_timeout_ms(const struct local_api *api)
{
    MHD_UNSIGNED_LONG_LONG timeout_ms;
    int stranger_ms = api_places_timeout_ms(api);
    if (MHD_get_timeout(api->daemon, &timeout_ms) != MHD_YES)
        return stranger_ms;
    int wait_ms = timeout_ms > LOCAL_API_IDLE_SECONDS * 1000 ? LOCAL_API_IDLE_SECONDS * 1000
                                                             : (int)timeout_ms;
    return stranger_ms >= 0 && stranger_ms < wait_ms ? stranger_ms : wait_ms;
}

/* Twice: what the first run accepts, the second one reads, so that whoever has sent his token is
 * known before strangers are counted. */
void local_api_run(struct local_api *api, wall_t now, mono_t mono)
{
    api->now = now;
    api->mono = mono;
    (void)MHD_run(api->daemon);
    if (api->stranger_count > 0) {
        (void)MHD_run(api->daemon);
        api_places_end(api);
    }
}

bool local_api_has_changes(const struct local_api *api)
{
    return api->changing != NULL;
}

void local_api_step(struct local_api *api)
{
    for (struct api_request *request = api->changing; request != NULL; request = request->next) {
        if (!session_has_room(api->options.session))
            return;
        request->is_applied = true;
        request->route->apply(request);
        check(request->stage == API_ANSWERED);
    }
}

void local_api_settle(struct local_api *api, enum reason reason)
{
    while (api->changing != NULL && api->changing->is_applied) {
        struct api_request *request = api->changing;
        api->changing = request->next;
        if (reason != REASON_NONE)
            api_answer_reason(request, reason, NULL);
        request_resume(request);
    }
}
