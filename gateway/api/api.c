/* The server: up to three doors (a Unix socket, a loopback port, TLS), each a daemon of
 * libmicrohttpd without threads of its own, and one epoll set over them that the program's loop
 * waits for.
 *
 * A request that changes something waits in `changing` until a step of the core has applied it and
 * its commit is on disk (invariant 1): api_step applies, api_settle lets go with the commit's
 * outcome. What only reads is answered inside of MHD's own call. */
#include "gateway/api/api.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "gateway/api/api_parts.h"
#include "gateway/workers/file_read.h"

enum {
    /* Of MHD, for one connection: headers and a piece of body. Pages that a connection does not
     * touch cost nothing; if all connections sent files at once they would take 16 MiB. */
    CONNECTION_MEMORY_BYTES = 256 * 1024,
};

/* ---- life cycle -------------------------------------------------------------------------------
 */

static enum reason load_token(const struct api *api, const char *name, struct token *ret_token)
{
    char path[FILE_PATH_BYTES_MAX];
    if (!file_path_join(api->options.state_directory, name, path))
        return REASON_FILE_UNREADABLE;
    return token_load(path, api->options.crypto, ret_token);
}

/* Whoever only has a Unix socket needs none, nor who knows people by their sessions. */
static enum reason load_tokens(struct api *api)
{
    const struct api_doors *doors = &api->options.doors;
    if ((doors->port == API_PORT_NONE && doors->listen[0] == 0) ||
        api->options.people.knows != NULL)
        return REASON_NONE;
    enum reason reason = load_token(api, "api.token", &api->token);
    if (reason == REASON_NONE && api->options.link_token != NULL)
        reason = load_token(api, api->options.link_token, &api->link_token);
    return reason;
}

/* Under a new name first, so that a reader never sees half of it. */
static enum reason write_port(const struct api *api)
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

/* The daemon owns the socket from here on, also when it cannot be started. */
static enum reason start_door(struct api_door *door, int socket, const struct api_tls *tls)
{
    struct api *api = door->api;
    struct MHD_OptionItem secure[4] = {{MHD_OPTION_END, 0, NULL}};
    unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME;
    if (tls != NULL) {
        size_t count = 0;
        flags |= MHD_USE_TLS;
        secure[count++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_CERT, 0, tls->certificate};
        secure[count++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_KEY, 0, tls->key};
        if (tls->client_ca != NULL)
            secure[count++] =
                (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_TRUST, 0, tls->client_ca};
        secure[count] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
    }
    door->daemon = MHD_start_daemon(
        flags, 0, tls == NULL ? NULL : api_place_ask, door, api_handle, door,
        MHD_OPTION_LISTEN_SOCKET, socket, MHD_OPTION_ARRAY, secure, MHD_OPTION_NOTIFY_COMPLETED,
        api_request_completed, door, MHD_OPTION_NOTIFY_CONNECTION, api_place_changed, door,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)api->bounds.connections,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY_BYTES,
        MHD_OPTION_CONNECTION_TIMEOUT, 1 + api->stranger_ms / 1000, MHD_OPTION_END);
    if (door->daemon == NULL)
        return tls != NULL ? REASON_KEY_UNREADABLE : REASON_OUT_OF_MEMORY;
    const union MHD_DaemonInfo *fd = MHD_get_daemon_info(door->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    struct epoll_event event = {.events = EPOLLIN};
    return fd != NULL && epoll_ctl(api->epoll, EPOLL_CTL_ADD, fd->epoll_fd, &event) == 0
               ? REASON_NONE
               : REASON_OUT_OF_MEMORY;
}

static enum reason open_unix(struct api *api)
{
    const char *path = api->options.doors.socket;
    if (path[0] == 0)
        return REASON_NONE;
    enum reason reason = unix_socket_listen(path, 0660, API_BACKLOG, &api->unix_socket);
    if (reason != REASON_NONE)
        return reason;
    int socket = dup(api->unix_socket.fd); /* the daemon closes its own */
    return socket < 0 ? REASON_OUT_OF_MEMORY : start_door(&api->doors[API_DOOR_UNIX], socket, NULL);
}

static enum reason open_loopback(struct api *api)
{
    int socket;
    if (api->options.doors.port == API_PORT_NONE)
        return REASON_NONE;
    enum reason reason = api_listen_loopback((uint16_t)api->options.doors.port, &socket);
    if (reason != REASON_NONE)
        return reason;
    api->port = api_listen_port(socket);
    reason = start_door(&api->doors[API_DOOR_LOOPBACK], socket, NULL);
    return reason == REASON_NONE ? write_port(api) : reason;
}

/* The key's text is wiped as soon as the daemon has parsed its own copy. */
static enum reason open_tls(struct api *api)
{
    struct api_tls tls;
    int socket;
    if (api->options.doors.listen[0] == 0)
        return REASON_NONE;
    enum reason reason = api_tls_load(&api->options.doors, &tls);
    if (reason != REASON_NONE)
        return reason;
    reason = api_listen_tcp(api->options.doors.listen, &socket);
    if (reason == REASON_NONE)
        reason = start_door(&api->doors[API_DOOR_TLS], socket, &tls);
    api_tls_release(&tls);
    return reason;
}

static enum reason open_doors(struct api *api, const char **what)
{
    static const struct {
        const char *name;
        enum reason (*open)(struct api *api);
    } doors[] = {{"api.socket", open_unix}, {"api.port", open_loopback}, {"api.listen", open_tls}};
    enum reason reason = REASON_NONE;
    for (size_t i = 0; reason == REASON_NONE && i < sizeof doors / sizeof *doors; i++) {
        *what = doors[i].name;
        reason = doors[i].open(api);
    }
    return reason;
}

enum reason api_new(const struct api_options *options, struct api **ret_api,
                    char ret_what[API_WHAT_BYTES])
{
    const char *what = "api.token";
    struct api *api = calloc(1, sizeof *api);
    if (api == NULL)
        return REASON_OUT_OF_MEMORY;
    api->options = *options;
    api->unix_socket.fd = -1;
    api_events_init(&api->events);
    api->bounds = api_bounds_of(options->descriptors == 0 ? UINT16_MAX : options->descriptors,
                                options->people.connections_max);
    api->stranger_ms =
        options->people.stranger_ms == 0 ? API_STRANGER_MS : options->people.stranger_ms;
    for (int i = 0; i < API_DOORS; i++)
        api->doors[i] = (struct api_door){.api = api, .kind = (enum api_door_kind)i};
    api->epoll = epoll_create1(EPOLL_CLOEXEC);
    enum reason reason = api->epoll < 0 ? REASON_OUT_OF_MEMORY : load_tokens(api);
    if (reason == REASON_NONE)
        reason = open_doors(api, &what);
    api_door_describe(&options->doors, what, ret_what);
    if (reason != REASON_NONE)
        api_destroy(&api);
    else
        *ret_api = api;
    return reason;
}

static void run_doors(struct api *api)
{
    for (int i = 0; i < API_DOORS; i++) {
        if (api->doors[i].daemon != NULL)
            (void)MHD_run(api->doors[i].daemon);
    }
}

/* Whoever still waits at the end hears that we stop. Nothing was said of a commit that may have
 * happened: the caller asks again, with the same id. */
static void answer_all(struct api_request *list, enum reason reason)
{
    while (list != NULL) {
        struct api_request *request = list;
        list = request->next;
        api_answer_reason(request, reason, NULL);
        api_request_resume(request);
    }
}

void api_destroy(struct api **api_pointer)
{
    struct api *api = *api_pointer;
    *api_pointer = NULL;
    if (api == NULL)
        return;
    struct api_request *waiting = api->changing;
    api->changing = NULL;
    api->is_ending = true;
    answer_all(waiting, REASON_SHUTDOWN);
    api_events_end(api);
    api_streams_end(api);
    run_doors(api);
    run_doors(api); /* what the first one read, the second one answers */
    for (int i = 0; i < API_DOORS; i++) {
        if (api->doors[i].daemon != NULL)
            MHD_stop_daemon(api->doors[i].daemon);
    }
    api_events_release(api);
    unix_socket_close(&api->unix_socket);
    if (api->epoll >= 0)
        (void)close(api->epoll);
    free(api);
}

uint16_t api_port(const struct api *api)
{
    return api->port;
}

const struct token *api_link_token(const struct api *api)
{
    return &api->link_token;
}

/* ---- driven by the loop ------------------------------------------------------------------------
 */

int api_fd(const struct api *api)
{
    return api->epoll;
}

static int sooner(int left_ms, int right_ms)
{
    if (left_ms < 0 || right_ms < 0)
        return left_ms < 0 ? right_ms : left_ms;
    return left_ms < right_ms ? left_ms : right_ms;
}

int api_timeout_ms(const struct api *api)
{
    int wait_ms = sooner(api_places_timeout_ms(api), api_events_timeout_ms(api));
    for (int i = 0; i < API_DOORS; i++) {
        MHD_UNSIGNED_LONG_LONG timeout_ms;
        if (api->doors[i].daemon == NULL ||
            MHD_get_timeout(api->doors[i].daemon, &timeout_ms) != MHD_YES)
            continue;
        wait_ms = sooner(wait_ms, timeout_ms > API_IDLE_SECONDS * 1000 ? API_IDLE_SECONDS * 1000
                                                                       : (int)timeout_ms);
    }
    return wait_ms;
}

/* Twice: what the first run accepts, the second one reads, so that whoever has sent his token is
 * known before strangers are counted. */
void api_run(struct api *api, mono_t now)
{
    api->now = now;
    api_events_run(api);
    run_doors(api);
    if (api->stranger_count > 0) {
        run_doors(api);
        api_places_end(api);
    }
}

bool api_has_changes(const struct api *api)
{
    return api->changing != NULL;
}

/* In the order of arrival. A request that finds no room stays where it is, with all behind it, for
 * the next step (invariant 8). */
void api_step(struct api *api)
{
    for (struct api_request *request = api->changing; request != NULL; request = request->next) {
        if (api->options.has_room != NULL && !api->options.has_room(api->options.context))
            return;
        request->route->apply(request);
        request->is_applied = request->stage == API_ANSWERED;
    }
}

void api_settle(struct api *api, enum reason reason)
{
    bool is_due = false;
    for (struct api_request **at = &api->changing; *at != NULL;) {
        struct api_request *request = *at;
        if (!request->is_applied) {
            at = &request->next;
            continue;
        }
        *at = request->next;
        is_due = true;
        if (reason != REASON_NONE)
            api_answer_reason(request, reason, NULL);
        api_request_resume(request);
    }
    if (is_due)
        run_doors(api); /* nothing else may wake the loop for a while */
}
