#include "tests/support/scripted_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

struct scripted_server {
    const struct scripted_reply *script;
    size_t script_count;
    int listener;
    int stop; /* eventfd */
    uint16_t port;
    pthread_t thread;
    pthread_mutex_t lock; /* of what follows */
    size_t connections;
    size_t requests;
    char *texts[SCRIPTED_REQUESTS_MAX];
};

/* False: stop, or the peer is gone. */
static bool wait_readable(struct scripted_server *server, int fd)
{
    struct pollfd waits[] = {{.fd = server->stop, .events = POLLIN}, {.fd = fd, .events = POLLIN}};
    return poll(waits, 2, -1) > 0 && waits[0].revents == 0;
}

/* The size of the whole request when its head is there; 0 otherwise. */
static size_t request_size(const char *text)
{
    const char *end = strstr(text, "\r\n\r\n");
    const char *length = strcasestr(text, "\r\nContent-Length:");
    if (end == NULL)
        return 0;
    size_t head = (size_t)(end - text) + 4;
    return length != NULL && length < end ? head + strtoul(length + 17, NULL, 10) : head;
}

static char *read_request(struct scripted_server *server, int peer)
{
    char *text = calloc(1, SCRIPTED_REQUEST_BYTES);
    size_t size = 0;
    while (text != NULL && (request_size(text) == 0 || size < request_size(text))) {
        ssize_t got = -1;
        if (wait_readable(server, peer) && size < SCRIPTED_REQUEST_BYTES - 1)
            got = recv(peer, text + size, SCRIPTED_REQUEST_BYTES - 1 - size, 0);
        if (got <= 0) {
            free(text);
            return NULL;
        }
        size += (size_t)got;
    }
    return text;
}

static bool send_all(int peer, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t sent = send(peer, data, size, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        data += sent;
        size -= (size_t)sent;
    }
    return true;
}

static bool send_reply(int peer, const struct scripted_reply *reply)
{
    static char filler[64 * 1024];
    memset(filler, ' ', sizeof filler);
    if (!send_all(peer, reply->raw, strlen(reply->raw)))
        return false;
    for (uint64_t left = reply->filler_bytes; left > 0;) {
        size_t size = left < sizeof filler ? (size_t)left : sizeof filler;
        if (!send_all(peer, filler, size))
            return false;
        left -= size;
    }
    return !reply->closes;
}

/* The number of the request that was kept. */
static size_t keep_request(struct scripted_server *server, char *text)
{
    pthread_mutex_lock(&server->lock);
    size_t number = server->requests++;
    if (number < SCRIPTED_REQUESTS_MAX)
        server->texts[number] = text;
    else
        free(text);
    pthread_mutex_unlock(&server->lock);
    return number;
}

static void serve(struct scripted_server *server, int peer)
{
    static const struct scripted_reply after = {"HTTP/1.1 500 Over\r\nContent-Length: 0\r\n\r\n", 0,
                                                false};
    char *text;
    while ((text = read_request(server, peer)) != NULL) {
        size_t number = keep_request(server, text);
        const struct scripted_reply *reply =
            number < server->script_count ? &server->script[number] : &after;
        if (reply->raw == NULL) {
            (void)wait_readable(server, peer); /* until the peer gives up */
            return;
        }
        if (!send_reply(peer, reply))
            return;
    }
}

static void *run(void *context)
{
    struct scripted_server *server = context;
    while (wait_readable(server, server->listener)) {
        int peer = accept(server->listener, NULL, NULL);
        if (peer < 0)
            continue;
        pthread_mutex_lock(&server->lock);
        server->connections++;
        pthread_mutex_unlock(&server->lock);
        serve(server, peer);
        close(peer);
    }
    return NULL;
}

static bool listen_somewhere(struct scripted_server *server)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof address;
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    server->stop = eventfd(0, EFD_CLOEXEC);
    if (server->listener < 0 || server->stop < 0 ||
        bind(server->listener, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(server->listener, 8) != 0 ||
        getsockname(server->listener, (struct sockaddr *)&address, &size) != 0)
        return false;
    server->port = ntohs(address.sin_port);
    return true;
}

struct scripted_server *scripted_server_open(const struct scripted_reply *script, size_t count)
{
    struct scripted_server *server = calloc(1, sizeof *server);
    if (server == NULL)
        return NULL;
    server->script = script;
    server->script_count = count;
    pthread_mutex_init(&server->lock, NULL);
    if (!listen_somewhere(server)) {
        free(server);
        return NULL;
    }
    return server;
}

bool scripted_server_serve(struct scripted_server *server)
{
    return pthread_create(&server->thread, NULL, run, server) == 0;
}

struct scripted_server *scripted_server_start(const struct scripted_reply *script, size_t count)
{
    struct scripted_server *server = scripted_server_open(script, count);
    if (server == NULL || scripted_server_serve(server))
        return server;
    free(server);
    return NULL;
}

void scripted_server_stop(struct scripted_server **server_pointer)
{
    struct scripted_server *server = *server_pointer;
    *server_pointer = NULL;
    (void)eventfd_write(server->stop, 1);
    pthread_join(server->thread, NULL);
    close(server->listener);
    close(server->stop);
    for (size_t i = 0; i < SCRIPTED_REQUESTS_MAX; i++)
        free(server->texts[i]);
    pthread_mutex_destroy(&server->lock);
    free(server);
}

uint16_t scripted_server_port(const struct scripted_server *server)
{
    return server->port;
}

size_t scripted_server_requests(struct scripted_server *server)
{
    pthread_mutex_lock(&server->lock);
    size_t count = server->requests;
    pthread_mutex_unlock(&server->lock);
    return count;
}

size_t scripted_server_connections(struct scripted_server *server)
{
    pthread_mutex_lock(&server->lock);
    size_t count = server->connections;
    pthread_mutex_unlock(&server->lock);
    return count;
}

const char *scripted_server_request(struct scripted_server *server, size_t index)
{
    pthread_mutex_lock(&server->lock);
    const char *text =
        index < SCRIPTED_REQUESTS_MAX && index < server->requests ? server->texts[index] : "";
    pthread_mutex_unlock(&server->lock);
    return text;
}
