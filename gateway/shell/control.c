#include "gateway/shell/control.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "gateway/shell/control_request.h"
#include "gateway/shell/gateway.h"

struct connection {
    int fd; /* -1: free */
    struct buffer line;
    mono_t since;
    json_t *answer; /* waits for the step's commit */
    bool is_change;
};

struct control {
    struct gateway *gateway;
    char path[sizeof((struct sockaddr_un *)0)->sun_path];
    int listening;
    int epoll;
    struct connection connections[CONTROL_CONNECTIONS_MAX];
};

static int listen_at(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path)
        return -1;
    memcpy(address.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    (void)unlink(path);
    mode_t before = umask(0177);
    bool bound = bind(fd, (struct sockaddr *)&address, sizeof address) == 0;
    (void)umask(before);
    if (bound && listen(fd, CONTROL_CONNECTIONS_MAX) == 0)
        return fd;
    (void)close(fd);
    return -1;
}

static bool watch(struct control *control, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    return epoll_ctl(control->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

bool control_new(const char *path, struct gateway *gateway, struct control **ret_control)
{
    struct control *control = calloc(1, sizeof *control);
    if (control == NULL)
        return false;
    control->gateway = gateway;
    for (int i = 0; i < CONTROL_CONNECTIONS_MAX; i++) {
        control->connections[i].fd = -1;
        buffer_init(&control->connections[i].line, CONTROL_LINE_BYTES_MAX);
    }
    control->epoll = epoll_create1(EPOLL_CLOEXEC);
    control->listening = listen_at(path);
    if (control->listening >= 0)
        memcpy(control->path, path, strlen(path) + 1);
    if (control->epoll < 0 || control->listening < 0 || !watch(control, control->listening)) {
        control_destroy(&control);
        return false;
    }
    *ret_control = control;
    return true;
}

static void hang_up(struct connection *connection)
{
    if (connection->fd >= 0)
        (void)close(connection->fd);
    connection->fd = -1;
    json_decref(connection->answer);
    connection->answer = NULL;
    buffer_clear(&connection->line);
}

void control_destroy(struct control **control)
{
    struct control *gone = *control;
    *control = NULL;
    if (gone == NULL)
        return;
    for (int i = 0; i < CONTROL_CONNECTIONS_MAX; i++) {
        hang_up(&gone->connections[i]);
        buffer_release(&gone->connections[i].line);
    }
    if (gone->listening >= 0) {
        (void)close(gone->listening);
        (void)unlink(gone->path);
    }
    if (gone->epoll >= 0)
        (void)close(gone->epoll);
    free(gone);
}

int control_fd(const struct control *control)
{
    return control->epoll;
}

static void accept_all(struct control *control)
{
    /* Asked first: accept makes a socket before it looks whether somebody is there. */
    struct pollfd callers = {.fd = control->listening, .events = POLLIN};
    if (poll(&callers, 1, 0) <= 0)
        return;
    for (int i = 0; i < CONTROL_CONNECTIONS_MAX; i++) {
        struct connection *connection = &control->connections[i];
        if (connection->fd >= 0)
            continue;
        connection->fd = accept4(control->listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (connection->fd < 0)
            return;
        connection->since = gateway_mono();
        if (!watch(control, connection->fd))
            hang_up(connection);
    }
}

/* True when a whole line is there; the connection is gone when it cannot become one. */
static bool read_line(struct connection *connection)
{
    uint8_t piece[4096];
    for (;;) {
        ssize_t count = read(connection->fd, piece, sizeof piece);
        if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
            if (gateway_mono().ms - connection->since.ms > CONTROL_SILENT_MS)
                hang_up(connection);
            return false;
        }
        if (count <= 0 || !buffer_append(&connection->line, (struct bytes){piece, (size_t)count})) {
            hang_up(connection);
            return false;
        }
        if (memchr(piece, '\n', (size_t)count) != NULL)
            return true;
    }
}

void control_step(struct control *control)
{
    accept_all(control);
    for (int i = 0; i < CONTROL_CONNECTIONS_MAX; i++) {
        struct connection *connection = &control->connections[i];
        if (connection->fd < 0 || !read_line(connection))
            continue;
        json_t *request = json_loadb((const char *)connection->line.data, connection->line.size,
                                     JSON_DISABLE_EOF_CHECK, NULL);
        connection->answer = control_request(control->gateway, request, &connection->is_change);
        json_decref(request);
        if (connection->answer == NULL)
            hang_up(connection);
    }
}

/* The peer is a local program that waits for this one line. */
static void write_all(int fd, const char *text, size_t size)
{
    struct timeval patience = {.tv_sec = 1};
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    for (size_t done = 0; done < size;) {
        ssize_t count = send(fd, text + done, size - done, MSG_NOSIGNAL);
        if (count <= 0)
            return;
        done += (size_t)count;
    }
}

bool control_has_answers(const struct control *control)
{
    for (int i = 0; i < CONTROL_CONNECTIONS_MAX; i++) {
        if (control->connections[i].fd >= 0 && control->connections[i].answer != NULL)
            return true;
    }
    return false;
}

void control_answer(struct control *control, enum reason outcome)
{
    for (int i = 0; i < CONTROL_CONNECTIONS_MAX; i++) {
        struct connection *connection = &control->connections[i];
        if (connection->fd < 0 || connection->answer == NULL)
            continue;
        if (connection->is_change && outcome != REASON_NONE) {
            json_decref(connection->answer);
            connection->answer = control_error(outcome);
        }
        char *text = json_dumps(connection->answer, JSON_COMPACT);
        if (text != NULL) {
            write_all(connection->fd, text, strlen(text));
            write_all(connection->fd, "\n", 1);
        }
        free(text);
        hang_up(connection);
    }
}
