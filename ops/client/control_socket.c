#include "ops/client/control_socket.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "proto/base/bytes.h"

enum {
    READ_BYTES = 4096,
    SERVE_LINE_BYTES_MAX = 64 * 1024, /* requests are small */
    SERVE_TIMEOUT_MS = 500,           /* a peer that says nothing may not hold the server */
};

static bool address_of(const char *path, struct sockaddr_un *ret_address)
{
    *ret_address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof ret_address->sun_path)
        return false;
    memcpy(ret_address->sun_path, path, strlen(path));
    return true;
}

static void set_timeout(int socket_file, int timeout_ms)
{
    const struct timeval timeout = {timeout_ms / 1000, timeout_ms % 1000 * 1000};
    setsockopt(socket_file, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    setsockopt(socket_file, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
}

static bool send_line(int socket_file, const json_t *document)
{
    char *line = json_dumps(document, JSON_COMPACT);
    if (line == NULL)
        return false;
    size_t size = strlen(line), sent = 0;
    line[size++] = '\n'; /* over the terminator: the line is not used as text any more */
    while (sent < size) {
        ssize_t part = send(socket_file, line + sent, size - sent, MSG_NOSIGNAL);
        if (part < 0 && errno == EINTR)
            continue;
        if (part <= 0)
            break;
        sent += (size_t)part;
    }
    free(line);
    return sent == size;
}

static enum reason receive_line(int socket_file, size_t limit_bytes, json_t **ret_document)
{
    struct buffer line;
    buffer_init(&line, limit_bytes);
    enum reason reason = REASON_NONE;
    while (reason == REASON_NONE && (line.size == 0 || line.data[line.size - 1] != '\n')) {
        uint8_t part[READ_BYTES];
        ssize_t size = recv(socket_file, part, sizeof part, 0);
        if (size < 0 && errno == EINTR)
            continue;
        if (size <= 0)
            reason = size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) ? REASON_OFFICE_TIMEOUT
                     : line.size > 0 ? REASON_OFFICE_REPLY_MALFORMED /* cut */
                                     : REASON_OFFICE_UNREACHABLE;
        else if (!buffer_append(&line, (struct bytes){part, (size_t)size}))
            reason = REASON_OFFICE_REPLY_TOO_LARGE;
    }
    if (reason == REASON_NONE) {
        json_t *document = json_loadb((const char *)line.data, line.size, 0, NULL);
        if (json_is_object(document)) {
            *ret_document = document;
        } else {
            json_decref(document);
            reason = REASON_OFFICE_REPLY_MALFORMED;
        }
    }
    buffer_release(&line);
    return reason;
}

static enum reason connect_reason(int error)
{
    if (error == EACCES || error == EPERM)
        return REASON_ACCESS_DENIED;
    return error == EAGAIN ? REASON_OFFICE_TIMEOUT
                           : REASON_OFFICE_UNREACHABLE; /* all places taken */
}

enum reason control_ask(const char *socket_path, const json_t *request, int timeout_ms,
                        json_t **ret_answer)
{
    struct sockaddr_un address;
    if (!address_of(socket_path, &address))
        return REASON_OFFICE_UNREACHABLE;
    int socket_file = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (socket_file < 0)
        return REASON_OUT_OF_MEMORY;
    set_timeout(socket_file, timeout_ms);
    enum reason reason = REASON_OFFICE_UNREACHABLE;
    if (connect(socket_file, (struct sockaddr *)&address, sizeof address) != 0)
        reason = connect_reason(errno);
    else if (send_line(socket_file, request))
        reason = receive_line(socket_file, CONTROL_LINE_BYTES_MAX, ret_answer);
    close(socket_file);
    return reason;
}

void control_serve(int listening, control_answer *answer, void *context)
{
    int connection = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
    if (connection < 0)
        return;
    set_timeout(connection, SERVE_TIMEOUT_MS);
    json_t *request = NULL, *reply = NULL;
    if (receive_line(connection, SERVE_LINE_BYTES_MAX, &request) == REASON_NONE)
        reply = answer(context, request);
    if (reply == NULL)
        reply = json_pack("{s:b,s:{s:s}}", "ok", 0, "error", "code", "request_malformed");
    if (reply != NULL)
        send_line(connection, reply);
    json_decref(request);
    json_decref(reply);
    close(connection);
}
