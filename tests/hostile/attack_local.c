/* Local users without a token: at the port of an adapter's API, and at the gateway's API
 * with the operator's own rights. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "ops/client/file.h"
#include "tests/hostile/attacks.h"

enum { LINES_MAX = 1100 };

static int fds[LINES_MAX];

static int dial_api(const struct assault *assault)
{
    char path[PATH_BYTES_MAX], line[32], endpoint[64];
    if (!path_make(path, "%s/%s/api.port", assault->world->province.directory,
                   province_agency(VICTIM_ADAPTER).text) ||
        !file_read_line(path, line, sizeof line))
        return -1;
    (void)snprintf(endpoint, sizeof endpoint, "tcp://127.0.0.1:%s", line);
    return raw_tcp_dial(endpoint);
}

static int dial_control(const struct assault *assault)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char path[PATH_BYTES_MAX];
    if (!path_make(path, "%s/gateway/api.socket", assault->world->province.directory) ||
        strlen(path) >= sizeof address.sun_path)
        return -1;
    memcpy(address.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        (void)close(fd);
        fd = -1;
    }
    return fd;
}

static bool put(int fd, const char *text)
{
    return send(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT) >= 0;
}

/* False: the other end has hung up. */
static bool drain(int fd)
{
    char ignored[4096];
    ssize_t size;
    do
        size = recv(fd, ignored, sizeof ignored, MSG_DONTWAIT);
    while (size > 0);
    return size < 0 && (errno == EAGAIN || errno == EINTR);
}

/* Keeps so many connections, each with the beginning of a request. */
static void hold(struct assault *assault, int (*dial)(const struct assault *), size_t count,
                 const char *beginning)
{
    for (size_t i = 0; i < count; i++)
        fds[i] = -1;
    while (assault_goes_on(assault)) {
        size_t held = 0;
        for (size_t i = 0; i < count && assault_goes_on(assault); i++) {
            if (fds[i] >= 0 && drain(fds[i])) {
                held++;
                continue;
            }
            if (fds[i] >= 0)
                (void)close(fds[i]);
            fds[i] = dial(assault);
            if (fds[i] >= 0 && put(fds[i], beginning))
                atomic_fetch_add(&assault->outcome->sent, 1);
        }
        if (held > assault->outcome->held)
            assault->outcome->held = held;
        (void)poll(NULL, 0, 10);
    }
}

void attack_api_silent(struct assault *assault)
{
    hold(assault, dial_api, 63, "");
}

void attack_api_many_silent(struct assault *assault)
{
    hold(assault, dial_api, LINES_MAX, "");
}

void attack_api_half_requests(struct assault *assault)
{
    hold(assault, dial_api, 300, "POST /v1/messages HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Le");
}

void attack_api_half_bodies(struct assault *assault)
{
    hold(assault, dial_api, 300,
         "POST /v1/messages HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer wrong\r\n"
         "Content-Type: application/json\r\nContent-Length: 500000\r\n\r\n{\"type\": [[[[[[");
}

/* Requests over a few connections at a time, each answered or hung up on, or a short while over. */
static void ask(struct assault *assault, int (*dial)(const struct assault *), const char *request)
{
    enum { AT_ONCE = 16, WAIT_MS = 20 };
    struct pollfd waits[AT_ONCE];
    while (assault_goes_on(assault)) {
        for (size_t i = 0; i < AT_ONCE; i++) {
            waits[i] = (struct pollfd){.fd = dial(assault), .events = POLLIN};
            if (waits[i].fd >= 0 && put(waits[i].fd, request))
                atomic_fetch_add(&assault->outcome->sent, 1);
        }
        (void)poll(waits, AT_ONCE, WAIT_MS);
        for (size_t i = 0; i < AT_ONCE; i++) {
            if (waits[i].fd < 0)
                continue;
            (void)drain(waits[i].fd);
            (void)close(waits[i].fd);
        }
    }
}

void attack_api_wrong_tokens(struct assault *assault)
{
    ask(assault, dial_api,
        "GET /v1/inbox HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer wrong\r\n\r\n");
}

void attack_api_other_hosts(struct assault *assault)
{
    ask(assault, dial_api, "GET /v1/health HTTP/1.1\r\nHost: evil.example\r\n\r\n");
}

void attack_api_garbage(struct assault *assault)
{
    ask(assault, dial_api, "\x16\x03\x01\x02 GET GET GET \x01\xff\r\n\r\n\r\n");
}

void attack_control_held(struct assault *assault)
{
    hold(assault, dial_control, 300, "{\"command\": ");
}

void attack_control_garbage(struct assault *assault)
{
    ask(assault, dial_control, "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\n\xff\xff\n{}\n");
}
