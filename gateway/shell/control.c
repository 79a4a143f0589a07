/* One connection: one request, one answer.
 *
 *   FREE ──accept──▶ READING ──its line──▶ ASKED ──commit──▶ WRITING ──all of it──▶ FREE
 *                       └─ too slow, too long, gone ─────────────┴──────────────▶ FREE
 */
#include "gateway/shell/control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

#include "gateway/shell/control_request.h"
#include "gateway/shell/gateway.h"
#include "gateway/workers/unix_socket.h"

enum connection_stage { FREE = 0, READING, ASKED, WRITING };

enum { TICK_SECONDS = 1 /* how late a silent connection may be closed */ };

struct connection {
    enum connection_stage stage;
    int fd;
    struct buffer line;
    mono_t until;   /* closed then, whatever it has done by then */
    json_t *answer; /* waits for the step's commit */
    bool is_change;
    char *text; /* the answer as it leaves; its end is a line end */
    size_t text_size, sent;
};

struct control {
    struct gateway *gateway;
    struct unix_socket socket;
    int listening, epoll, timer;
    bool is_accepting; /* listening is watched: there is room */
    struct connection connections[CONTROL_CONNECTIONS_MAX];
};

static bool watch(struct control *control, int operation, int fd, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.fd = fd};
    return epoll_ctl(control->epoll, operation, fd, &event) == 0;
}

/* The only place that decides whether callers are let in; one who waits must not wake us. */
static void set_accepting(struct control *control, bool accepts)
{
    if (control->is_accepting != accepts &&
        watch(control, accepts ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, control->listening, EPOLLIN))
        control->is_accepting = accepts;
}

enum reason control_new(const char *path, struct gateway *gateway, struct control **ret_control)
{
    const struct itimerspec tick = {{TICK_SECONDS, 0}, {TICK_SECONDS, 0}};
    struct control *control = calloc(1, sizeof *control);
    if (control == NULL)
        return REASON_OUT_OF_MEMORY;
    control->gateway = gateway;
    control->listening = -1;
    for (int i = 0; i < CONTROL_CONNECTIONS_MAX; i++)
        buffer_init(&control->connections[i].line, CONTROL_LINE_BYTES_MAX);
    control->epoll = epoll_create1(EPOLL_CLOEXEC);
    control->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    control->socket.fd = -1;
    enum reason reason = unix_socket_listen(path, 0600, CONTROL_CONNECTIONS_MAX, &control->socket);
    control->listening = control->socket.fd;
    if (reason == REASON_NONE) {
        set_accepting(control, true);
        if (!control->is_accepting || control->timer < 0 ||
            timerfd_settime(control->timer, 0, &tick, NULL) != 0 ||
            !watch(control, EPOLL_CTL_ADD, control->timer, EPOLLIN))
            reason = REASON_OUT_OF_MEMORY;
    }
    if (reason != REASON_NONE)
        control_destroy(&control);
    else
        *ret_control = control;
    return reason;
}

static void hang_up(struct control *control, struct connection *connection)
{
    (void)close(connection->fd);
    json_decref(connection->answer);
    connection->answer = NULL;
    free(connection->text);
    connection->text = NULL;
    buffer_clear(&connection->line);
    connection->stage = FREE;
    set_accepting(control, true);
}

void control_destroy(struct control **control)
{
    struct control *gone = *control;
    *control = NULL;
    if (gone == NULL)
        return;
    for (int i = 0; i < CONTROL_CONNECTIONS_MAX; i++) {
        if (gone->connections[i].stage != FREE)
            hang_up(gone, &gone->connections[i]);
        buffer_release(&gone->connections[i].line);
    }
    unix_socket_close(&gone->socket);
    const int fds[] = {gone->timer, gone->epoll};
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++) {
        if (fds[i] >= 0)
            (void)close(fds[i]);
    }
    free(gone);
}

int control_fd(const struct control *control)
{
    return control->epoll;
}

/* ---- in -------------------------------------------------------------------------------------- */

/* False: nobody waits any more, or there is no descriptor for him until the next tick. */
static bool accept_one(struct control *control, struct connection *connection)
{
    int fd = accept4(control->listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
            set_accepting(control, false);
        return false;
    }
    connection->fd = fd;
    connection->stage = READING;
    connection->until = (mono_t){gateway_mono().ms + CONTROL_SILENT_MS};
    if (!watch(control, EPOLL_CTL_ADD, fd, EPOLLIN))
        hang_up(control, connection);
    return true;
}

static void accept_all(struct control *control)
{
    for (int i = 0; i < CONTROL_CONNECTIONS_MAX; i++) {
        struct connection *connection = &control->connections[i];
        if (connection->stage == FREE && !accept_one(control, connection))
            return;
    }
    set_accepting(control, false); /* the kernel keeps the next ones */
}

/* True when a whole line is there; the connection is gone when it cannot become one. */
static bool read_line(struct control *control, struct connection *connection)
{
    uint8_t piece[4096];
    for (;;) {
        ssize_t count = read(connection->fd, piece, sizeof piece);
        if (count < 0 && (errno == EAGAIN || errno == EINTR))
            return false;
        if (count <= 0 || !buffer_append(&connection->line, (struct bytes){piece, (size_t)count})) {
            hang_up(control, connection);
            return false;
        }
        if (memchr(piece, '\n', (size_t)count) != NULL)
            return true;
    }
}

static void ask(struct control *control, struct connection *connection)
{
    json_t *request = json_loadb((const char *)connection->line.data, connection->line.size,
                                 JSON_DISABLE_EOF_CHECK, NULL);
    connection->answer = control_request(control->gateway, request, &connection->is_change);
    json_decref(request);
    connection->stage = ASKED;
    if (connection->answer == NULL || !watch(control, EPOLL_CTL_MOD, connection->fd, 0))
        hang_up(control, connection);
}

/* ---- out ------------------------------------------------------------------------------------- */

static void write_on(struct control *control, struct connection *connection)
{
    while (connection->sent < connection->text_size) {
        ssize_t count = send(connection->fd, connection->text + connection->sent,
                             connection->text_size - connection->sent, MSG_NOSIGNAL);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0 && errno == EAGAIN)
            return;
        if (count <= 0)
            break; /* it is gone */
        connection->sent += (size_t)count;
    }
    hang_up(control, connection);
}

/* Over the terminator: the line is not used as a text any more. */
static void begin_to_write(struct control *control, struct connection *connection)
{
    connection->text = json_dumps(connection->answer, JSON_COMPACT);
    json_decref(connection->answer);
    connection->answer = NULL;
    if (connection->text == NULL || !watch(control, EPOLL_CTL_MOD, connection->fd, EPOLLOUT)) {
        hang_up(control, connection);
        return;
    }
    connection->text_size = strlen(connection->text);
    connection->text[connection->text_size++] = '\n';
    connection->sent = 0;
    connection->stage = WRITING;
    connection->until = (mono_t){gateway_mono().ms + CONTROL_TAKE_MS};
    write_on(control, connection);
}

/* ---- a step ---------------------------------------------------------------------------------- */

static void tick(struct control *control)
{
    uint64_t ignored;
    mono_t now = gateway_mono();
    if (read(control->timer, &ignored, sizeof ignored) != (ssize_t)sizeof ignored)
        return;
    bool has_room = false;
    for (int i = 0; i < CONTROL_CONNECTIONS_MAX; i++) {
        struct connection *connection = &control->connections[i];
        if (connection->stage != FREE && connection->stage != ASKED &&
            now.ms >= connection->until.ms)
            hang_up(control, connection);
        has_room = has_room || connection->stage == FREE;
    }
    if (has_room)
        set_accepting(control, true); /* there may be descriptors again */
}

void control_step(struct control *control)
{
    tick(control);
    if (control->is_accepting)
        accept_all(control);
    for (int i = 0; i < CONTROL_CONNECTIONS_MAX; i++) {
        struct connection *connection = &control->connections[i];
        if (connection->stage == WRITING)
            write_on(control, connection);
        else if (connection->stage == READING && read_line(control, connection))
            ask(control, connection);
    }
}

bool control_has_answers(const struct control *control)
{
    for (int i = 0; i < CONTROL_CONNECTIONS_MAX; i++) {
        if (control->connections[i].stage == ASKED)
            return true;
    }
    return false;
}

void control_answer(struct control *control, enum reason outcome)
{
    for (int i = 0; i < CONTROL_CONNECTIONS_MAX; i++) {
        struct connection *connection = &control->connections[i];
        if (connection->stage != ASKED)
            continue;
        if (connection->is_change && outcome != REASON_NONE) {
            json_decref(connection->answer);
            connection->answer = control_error(outcome);
        }
        begin_to_write(control, connection);
    }
}
