/* curl's multi interface driven by sockets, so that a loop waits for one descriptor however many
 * requests are under way. curl names its sockets and its timer through watch_socket and set_timer;
 * both stand in one epoll set, which is what http_client_fd gives out.
 *
 * A transfer owns everything it was started with: the caller's texts and body are copied, because
 * the request outlives the mapping's answer that they point into. It is removed from the client
 * before its `done` is called, so that `done` may start the next request, and freed afterwards,
 * because the reply's views are curl's own. */
#include "adapters/http/http_client.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "adapters/http/http_status.h"

enum { HTTP_STATUS_OK = 200 };

struct transfer {
    struct http_client *client;
    CURL *easy;
    struct curl_slist *headers;
    struct buffer body;
    size_t body_sent;
    struct buffer reply;
    http_give *give;
    uint64_t give_left;
    http_take *take;
    http_done *done;
    void *context;
    struct transfer *next;
};

struct http_client {
    struct http_client_options options;
    char *ca_file;
    CURLM *multi;
    int epoll; /* curl's sockets and its timer, as one descriptor */
    int timer;
    struct transfer *transfers;
    size_t count;
};

/* ---- curl's sockets and timer ---------------------------------------------------------------- */

/* `known` is what was assigned to the socket here: NULL, it is not yet in the set. */
static int watch_socket(CURL *easy, curl_socket_t socket, int what, void *context, void *known)
{
    struct http_client *client = context;
    struct epoll_event event = {.data.fd = socket};
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        (void)epoll_ctl(client->epoll, EPOLL_CTL_DEL, socket, NULL);
        return 0;
    }
    event.events = ((what & CURL_POLL_IN) != 0 ? (uint32_t)EPOLLIN : 0) |
                   ((what & CURL_POLL_OUT) != 0 ? (uint32_t)EPOLLOUT : 0);
    int operation = known == NULL ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
    if (epoll_ctl(client->epoll, operation, socket, &event) != 0)
        return -1;
    (void)curl_multi_assign(client->multi, socket, client);
    return 0;
}

static int set_timer(CURLM *multi, long timeout_ms, void *context)
{
    struct http_client *client = context;
    struct itimerspec when = {{0, 0}, {0, 0}};
    (void)multi;
    if (timeout_ms == 0)
        when.it_value.tv_nsec = 1; /* at once; all zero would stop it */
    if (timeout_ms > 0)
        when.it_value = (struct timespec){timeout_ms / 1000, timeout_ms % 1000 * 1000000};
    return timerfd_settime(client->timer, 0, &when, NULL);
}

/* ---- life cycle ------------------------------------------------------------------------------ */

static bool prepare(struct http_client *client)
{
    client->epoll = epoll_create1(EPOLL_CLOEXEC);
    client->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    client->multi = curl_multi_init();
    if (client->epoll < 0 || client->timer < 0 || client->multi == NULL)
        return false;
    struct epoll_event event = {.events = EPOLLIN, .data.fd = client->timer};
    return epoll_ctl(client->epoll, EPOLL_CTL_ADD, client->timer, &event) == 0 &&
           curl_multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, watch_socket) == CURLM_OK &&
           curl_multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client) == CURLM_OK &&
           curl_multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, set_timer) == CURLM_OK &&
           curl_multi_setopt(client->multi, CURLMOPT_TIMERDATA, client) == CURLM_OK &&
           curl_multi_setopt(client->multi, CURLMOPT_MAXCONNECTS, (long)HTTP_REQUESTS_MAX) ==
               CURLM_OK;
}

enum reason http_client_new(const struct http_client_options *options,
                            struct http_client **ret_client)
{
    struct http_client *client = calloc(1, sizeof *client);
    if (client == NULL)
        return REASON_OUT_OF_MEMORY;
    client->options = *options;
    client->epoll = client->timer = -1;
    client->ca_file = options->ca_file == NULL ? NULL : strdup(options->ca_file);
    bool is_kept = options->ca_file == NULL || client->ca_file != NULL;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || !is_kept || !prepare(client)) {
        http_client_destroy(&client);
        return REASON_OUT_OF_MEMORY;
    }
    *ret_client = client;
    return REASON_NONE;
}

static void transfer_free(struct transfer *transfer)
{
    if (transfer->easy != NULL)
        curl_easy_cleanup(transfer->easy);
    curl_slist_free_all(transfer->headers);
    buffer_release(&transfer->body);
    buffer_release(&transfer->reply);
    free(transfer);
}

static void transfer_remove(struct transfer *transfer)
{
    struct http_client *client = transfer->client;
    for (struct transfer **at = &client->transfers; *at != NULL; at = &(*at)->next) {
        if (*at == transfer) {
            *at = transfer->next;
            client->count--;
            break;
        }
    }
    (void)curl_multi_remove_handle(client->multi, transfer->easy);
}

void http_client_destroy(struct http_client **client_pointer)
{
    struct http_client *client = *client_pointer;
    *client_pointer = NULL;
    if (client == NULL)
        return;
    while (client->transfers != NULL) {
        struct transfer *transfer = client->transfers;
        transfer_remove(transfer);
        transfer_free(transfer);
    }
    if (client->multi != NULL)
        (void)curl_multi_cleanup(client->multi);
    if (client->timer >= 0)
        (void)close(client->timer);
    if (client->epoll >= 0)
        (void)close(client->epoll);
    free(client->ca_file);
    free(client);
}

/* ---- one request ----------------------------------------------------------------------------- */

/* The bound of a reply is the buffer's: curl ends the transfer when not all was taken, and
 * CURLOPT_MAXFILESIZE only spares the wait where a length was declared. "one" is 1 by curl's
 * contract. */
static size_t take_reply(char *content, size_t one, size_t size, void *context)
{
    struct transfer *transfer = context;
    (void)one;
    long status = 0;
    struct bytes piece = {(const uint8_t *)content, size};
    (void)curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    if (transfer->take != NULL && status == HTTP_STATUS_OK)
        return transfer->take(transfer->context, piece) ? size : CURL_WRITEFUNC_PAUSE;
    return buffer_append(&transfer->reply, piece) ? size : 0;
}

/* Never more than was declared: the server would take the rest for another request. */
static size_t give_piece(char *ret_content, size_t one, size_t capacity, void *context)
{
    struct transfer *transfer = context;
    size_t most =
        one * capacity < transfer->give_left ? one * capacity : (size_t)transfer->give_left;
    if (most == 0)
        return 0;
    size_t size = transfer->give(transfer->context, (uint8_t *)ret_content, most);
    transfer->give_left -= size;
    return size == 0 ? CURL_READFUNC_ABORT : size;
}

static size_t give_body(char *ret_content, size_t one, size_t capacity, void *context)
{
    struct transfer *transfer = context;
    size_t left = transfer->body.size - transfer->body_sent;
    size_t size = one * capacity < left ? one * capacity : left;
    if (size > 0)
        memcpy(ret_content, transfer->body.data + transfer->body_sent, size);
    transfer->body_sent += size;
    return size;
}

/* curl repeats a request by itself when a kept connection dies before it answers. The office may
 * have taken it: whether it is sent again is decided above, after a look. */
static int refuse_rewind(void *context, curl_off_t offset, int origin)
{
    (void)context;
    (void)offset;
    (void)origin;
    return CURL_SEEKFUNC_FAIL;
}

static bool add_headers(struct transfer *transfer, const struct http_request *request)
{
    for (size_t i = 0; i < request->header_count; i++) {
        struct curl_slist *more = curl_slist_append(transfer->headers, request->headers[i]);
        if (more == NULL)
            return false;
        transfer->headers = more;
    }
    /* No "Expect: 100-continue": old servers stumble over it. */
    struct curl_slist *more = curl_slist_append(transfer->headers, "Expect:");
    transfer->headers = more == NULL ? transfer->headers : more;
    return more != NULL;
}

#define SET(option, value) (curl_easy_setopt(easy, option, value) == CURLE_OK)

/* Every wait has an end and every way is the configured one: no redirect (the office's answer must
 * be the office's), no proxy of the environment, no other protocol, certificates checked against
 * the host. "identity" asks for no compression: a small reply must not unfold into a large one,
 * and what is decoded all the same counts against the same bound. */
static bool set_bounds(CURL *easy, const struct http_client *client, bool is_stream)
{
    return SET(CURLOPT_NOSIGNAL, 1L) && SET(CURLOPT_FOLLOWLOCATION, 0L) &&
           SET(CURLOPT_PROTOCOLS_STR, "http,https") && SET(CURLOPT_PROXY, "") &&
           SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) &&
           SET(CURLOPT_CONNECTTIMEOUT_MS, (long)client->options.connect_timeout_ms) &&
           SET(CURLOPT_TIMEOUT_MS, is_stream ? 0L : (long)client->options.timeout_ms) &&
           SET(CURLOPT_LOW_SPEED_LIMIT, (long)HTTP_SLOW_BYTES) &&
           SET(CURLOPT_LOW_SPEED_TIME, (long)HTTP_SLOW_SECONDS) &&
           SET(CURLOPT_MAXFILESIZE, is_stream ? 0L : (long)HTTP_REPLY_BYTES_MAX) &&
           SET(CURLOPT_SSL_VERIFYPEER, 1L) && SET(CURLOPT_SSL_VERIFYHOST, 2L) &&
           SET(CURLOPT_USERAGENT, "lienthong-adapter") &&
           SET(CURLOPT_ACCEPT_ENCODING, "identity") &&
           (client->ca_file == NULL || SET(CURLOPT_CAINFO, client->ca_file));
}

static bool set_request(CURL *easy, struct transfer *transfer, const struct http_request *request)
{
    bool ok = SET(CURLOPT_URL, request->url) && SET(CURLOPT_HTTPHEADER, transfer->headers) &&
              SET(CURLOPT_UNIX_SOCKET_PATH, request->unix_socket) &&
              SET(CURLOPT_WRITEFUNCTION, take_reply) && SET(CURLOPT_WRITEDATA, transfer) &&
              SET(CURLOPT_PRIVATE, transfer);
    if (ok && request->give != NULL)
        ok = SET(CURLOPT_POST, 1L) &&
             SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->give_bytes) &&
             SET(CURLOPT_READFUNCTION, give_piece) && SET(CURLOPT_READDATA, transfer) &&
             SET(CURLOPT_SEEKFUNCTION, refuse_rewind);
    else if (ok && (request->body.size > 0 || strcmp(request->method, "GET") != 0))
        ok = buffer_append(&transfer->body, request->body) && SET(CURLOPT_POST, 1L) &&
             SET(CURLOPT_POSTFIELDSIZE, (long)request->body.size) &&
             SET(CURLOPT_READFUNCTION, give_body) && SET(CURLOPT_READDATA, transfer) &&
             SET(CURLOPT_SEEKFUNCTION, refuse_rewind);
    return ok && SET(CURLOPT_CUSTOMREQUEST, request->method);
}

#undef SET

enum reason http_client_start(struct http_client *client, const struct http_request *request,
                              http_done *done, void *context)
{
    if (client->count == HTTP_REQUESTS_MAX)
        return REASON_BUSY;
    struct transfer *transfer = calloc(1, sizeof *transfer);
    if (transfer == NULL)
        return REASON_OUT_OF_MEMORY;
    transfer->client = client;
    transfer->done = done;
    transfer->context = context;
    transfer->give = request->give;
    transfer->give_left = request->give_bytes;
    transfer->take = request->take;
    bool is_stream = request->give != NULL || request->take != NULL;
    buffer_init(&transfer->reply, HTTP_REPLY_BYTES_MAX);
    buffer_init(&transfer->body, request->body.size + 1);
    transfer->easy = curl_easy_init();
    if (transfer->easy == NULL || !add_headers(transfer, request) ||
        !set_bounds(transfer->easy, client, is_stream) ||
        !set_request(transfer->easy, transfer, request) ||
        curl_multi_add_handle(client->multi, transfer->easy) != CURLM_OK) {
        transfer_free(transfer);
        return REASON_OUT_OF_MEMORY;
    }
    transfer->next = client->transfers;
    client->transfers = transfer;
    client->count++;
    return REASON_NONE;
}

/* By what it was started with, so that nobody keeps a pointer to what may have ended. */
static struct transfer *find(struct http_client *client, const void *context)
{
    struct transfer *transfer = client->transfers;
    while (transfer != NULL && transfer->context != context)
        transfer = transfer->next;
    return transfer;
}

/* Its connection is closed: what is still to come on it would be taken for the next answer. */
void http_client_drop(struct http_client *client, const void *context)
{
    struct transfer *transfer = find(client, context);
    if (transfer == NULL)
        return;
    transfer_remove(transfer);
    transfer_free(transfer);
}

/* curl gives the piece that was not taken within this call, and looks at the socket in the next
 * turn. */
void http_client_go_on(struct http_client *client, const void *context)
{
    struct transfer *transfer = find(client, context);
    if (transfer != NULL)
        (void)curl_easy_pause(transfer->easy, CURLPAUSE_CONT);
}

/* ---- what ended ------------------------------------------------------------------------------ */

/* Views of curl's own copies: valid as long as the handle is not used again. */
static void read_headers(CURL *easy, struct http_reply *reply)
{
    struct curl_header *at = NULL;
    while (reply->header_count < HTTP_HEADERS_MAX &&
           (at = curl_easy_nextheader(easy, CURLH_HEADER, -1, at)) != NULL)
        reply->headers[reply->header_count++] = (struct http_header){at->name, at->value};
}

/* One that was there before took no time to connect (CONNECT_TIME_T is 0 then), but there was a
 * moment from which it could be written to. */
static bool was_connected(CURL *easy)
{
    curl_off_t connect_us = 0, ready_us = 0;
    (void)curl_easy_getinfo(easy, CURLINFO_CONNECT_TIME_T, &connect_us);
    (void)curl_easy_getinfo(easy, CURLINFO_PRETRANSFER_TIME_T, &ready_us);
    return connect_us > 0 || ready_us > 0;
}

/* Whether there was a connection tells an office that is not there from one that does not answer.
 * That changes the reason alone, and not what is done: an attempt after the first looks before it
 * sends in either case (invariant 5). */
static void finish(struct transfer *transfer, CURLcode code)
{
    struct http_reply reply = {.reason = REASON_NONE, .body = buffer_view(&transfer->reply)};
    curl_off_t retry_after = 0;
    (void)curl_easy_getinfo(transfer->easy, CURLINFO_RETRY_AFTER, &retry_after);
    (void)curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &reply.status);
    reply.was_connected = was_connected(transfer->easy);
    reply.retry_after_ms = http_retry_after_ms(retry_after);
    read_headers(transfer->easy, &reply);
    if (code != CURLE_OK)
        reply.reason = http_transfer_reason(code, reply.was_connected);
    transfer_remove(transfer);
    transfer->done(transfer->context, &reply);
    transfer_free(transfer);
}

static void collect(struct http_client *client)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(client->multi, &left)) != NULL) {
        struct transfer *transfer = NULL;
        if (message->msg != CURLMSG_DONE)
            continue;
        CURLcode code = message->data.result;
        (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&transfer);
        finish(transfer, code);
    }
}

int http_client_fd(const struct http_client *client)
{
    return client->epoll;
}

void http_client_run(struct http_client *client)
{
    enum { EVENTS_MAX = 32 };
    struct epoll_event events[EVENTS_MAX];
    int running;
    int count = epoll_wait(client->epoll, events, EVENTS_MAX, 0);
    for (int i = 0; i < count; i++) {
        int fd = events[i].data.fd;
        if (fd == client->timer) {
            uint64_t ignored;
            (void)!read(client->timer, &ignored, sizeof ignored);
            (void)curl_multi_socket_action(client->multi, CURL_SOCKET_TIMEOUT, 0, &running);
            continue;
        }
        int what = ((events[i].events & EPOLLIN) != 0 ? CURL_CSELECT_IN : 0) |
                   ((events[i].events & EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0) |
                   ((events[i].events & (EPOLLERR | EPOLLHUP)) != 0 ? CURL_CSELECT_ERR : 0);
        (void)curl_multi_socket_action(client->multi, fd, what, &running);
    }
    collect(client);
}
