#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "ops/client/file.h"
#include "tests/standins/portal/portal.h"

enum { IDLE_SECONDS = 300, CONNECTIONS_MAX = 64 };

static const char page[] = "<!DOCTYPE html><html><body><h1>Service</h1></body></html>\n";

int64_t portal_wall_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool portal_wait(struct portal *portal, uint32_t milliseconds)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += milliseconds / 1000;
    until.tv_nsec += (long)(milliseconds % 1000) * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&portal->lock);
    int result = 0;
    while (!portal->is_stopping && result == 0)
        result = pthread_cond_timedwait(&portal->stop, &portal->lock, &until);
    bool goes_on = !portal->is_stopping;
    pthread_mutex_unlock(&portal->lock);
    return goes_on;
}

const char *portal_header(const struct portal_request *request, const char *name)
{
    const char *value = MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
    return value == NULL ? "" : value;
}

const char *portal_query(const struct portal_request *request, const char *name)
{
    const char *value =
        MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, name);
    return value == NULL ? "" : value;
}

struct portal_reply portal_say(unsigned int status, const char *error_code, const char *message,
                               json_t *result)
{
    json_t *document = json_pack("{s:s, s:s, s:o?}", "error_code", error_code, "message", message,
                                 "result", result);
    return (struct portal_reply){status, document, REPLY_JSON};
}

/* ---- for tests ------------------------------------------------------------------------------ */

static struct portal_reply control(struct portal *portal, struct portal_request *request)
{
    struct trouble_plan plan;
    struct portal_reply reply = {MHD_HTTP_OK, NULL, REPLY_JSON};
    struct bytes body = buffer_view(&request->body);
    json_t *document = json_loadb((const char *)body.data, body.size, 0, NULL);
    pthread_mutex_lock(&portal->lock);
    if (strcmp(request->method, "DELETE") == 0)
        portal->troubles.count = 0;
    else if (strcmp(request->method, "POST") == 0 &&
             (!trouble_parse(document, &plan) || !trouble_add(&portal->troubles, &plan)))
        reply.status = MHD_HTTP_BAD_REQUEST;
    reply.document = trouble_list(&portal->troubles);
    pthread_mutex_unlock(&portal->lock);
    json_decref(document);
    return reply;
}

static struct portal_reply tell_figures(struct portal *portal)
{
    struct portal_figures figures;
    portal_store_figures(portal->store, &figures);
    return (struct portal_reply){
        MHD_HTTP_OK,
        json_pack("{s:I, s:I, s:I, s:I, s:I}", "dossiers", (json_int_t)figures.dossiers,
                  "state_changes", (json_int_t)figures.state_changes, "progress",
                  (json_int_t)figures.progress, "calls", (json_int_t)figures.calls, "sent_twice",
                  (json_int_t)figures.sent_twice),
        REPLY_JSON};
}

/* ---- requests ------------------------------------------------------------------------------- */

static struct portal_reply serve(struct portal *portal, struct portal_request *request)
{
    static const char ministry[] = "/ministry/";
    const char *url = request->url;
    bool is_post = strcmp(request->method, "POST") == 0;
    if (strncmp(url, ministry, sizeof ministry - 1) == 0)
        return portal_ministry_call(portal, request, url + sizeof ministry - 1);
    if (strcmp(url, "/control") == 0)
        return control(portal, request);
    if (strcmp(url, "/figures") == 0)
        return tell_figures(portal);
    if (is_post && strcmp(url, "/auth/login") == 0)
        return portal_province_login(portal, request);
    if (is_post && (strcmp(url, "/integration") == 0 || strcmp(url, "/share") == 0))
        return portal_province_call(portal, request);
    return portal_say(MHD_HTTP_NOT_FOUND, PORTAL_ENVELOPE, "path", NULL);
}

static enum MHD_Result reply_with(struct MHD_Connection *connection, struct portal_reply *reply)
{
    const char *type = "application/json; charset=utf-8";
    struct MHD_Response *response;
    if (reply->manner == REPLY_CUT) {
        json_decref(reply->document);
        return MHD_NO;
    }
    if (reply->manner == REPLY_PAGE) {
        type = "text/html";
        response = MHD_create_response_from_buffer(sizeof page - 1, (void *)(uintptr_t)page,
                                                   MHD_RESPMEM_PERSISTENT);
    } else {
        char *text = json_dumps(reply->document, JSON_COMPACT);
        if (text == NULL) {
            json_decref(reply->document);
            return MHD_NO;
        }
        response = MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);
    }
    json_decref(reply->document);
    (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    enum MHD_Result queued = MHD_queue_response(connection, reply->status, response);
    MHD_destroy_response(response);
    return queued;
}

static struct portal_request *request_new(const char *url)
{
    struct portal_request *request = calloc(1, sizeof *request);
    if (request == NULL)
        return NULL;
    buffer_init(&request->body, PORTAL_REQUEST_BYTES_MAX);
    request->is_file = strcmp(url, "/ministry/UploadFile") == 0;
    if (request->is_file && !sha256_init(&request->hash)) {
        free(request);
        return NULL;
    }
    return request;
}

static bool take_body(struct portal_request *request, struct bytes more)
{
    if (!request->is_file)
        return buffer_append(&request->body, more);
    request->file_size_bytes += more.size;
    sha256_update(&request->hash, more);
    return request->file_size_bytes <= PORTAL_FILE_BYTES_MAX;
}

static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_size, void **state)
{
    struct portal_request *request = *state;
    (void)version;
    if (request == NULL) {
        *state = request_new(url);
        return *state == NULL ? MHD_NO : MHD_YES;
    }
    if (*upload_size > 0) {
        bool fits = take_body(request, (struct bytes){(const uint8_t *)upload, *upload_size});
        *upload_size = 0;
        return fits ? MHD_YES : MHD_NO;
    }
    request->connection = connection;
    request->method = method;
    request->url = url;
    struct portal_reply reply = serve(context, request);
    return reply_with(connection, &reply);
}

static void completed(void *context, struct MHD_Connection *connection, void **state,
                      enum MHD_RequestTerminationCode code)
{
    (void)context;
    (void)connection;
    (void)code;
    struct portal_request *request = *state;
    if (request == NULL)
        return;
    buffer_release(&request->body);
    sha256_release(&request->hash);
    free(request);
    *state = NULL;
}

/* ---- start and stop ------------------------------------------------------------------------- */

static bool write_port(const struct portal *portal)
{
    char path[PATH_BYTES_MAX];
    char text[8];
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(portal->daemon, MHD_DAEMON_INFO_BIND_PORT);
    if (info == NULL || !path_make(path, "%s/portal.port", portal->options.directory))
        return false;
    (void)snprintf(text, sizeof text, "%u\n", (unsigned)info->port);
    return file_write(path, bytes_of_text(text), 0644) == REASON_NONE;
}

bool portal_http_start(struct portal *portal)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(portal->options.port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    portal->daemon = MHD_start_daemon(
        MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL,
        portal->options.port, NULL, NULL, handle, portal, MHD_OPTION_SOCK_ADDR,
        (struct sockaddr *)&address, MHD_OPTION_CONNECTION_LIMIT, (unsigned int)CONNECTIONS_MAX,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned int)IDLE_SECONDS, MHD_OPTION_NOTIFY_COMPLETED,
        completed, NULL, MHD_OPTION_LISTENING_ADDRESS_REUSE, 1U, MHD_OPTION_END);
    return portal->daemon != NULL && write_port(portal);
}

void portal_http_stop(struct portal *portal)
{
    pthread_mutex_lock(&portal->lock);
    portal->is_stopping = true;
    pthread_cond_broadcast(&portal->stop);
    pthread_mutex_unlock(&portal->lock);
    if (portal->daemon != NULL)
        MHD_stop_daemon(portal->daemon);
    portal->daemon = NULL;
}
