#include "gateway/workers/unix_socket.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static enum reason reason_of(int error)
{
    switch (error) {
    case EACCES:
    case EPERM:
    case EROFS:
        return REASON_ACCESS_DENIED;
    case EADDRINUSE:
        return REASON_SOCKET_TAKEN;
    case ENOMEM:
    case ENOBUFS:
    case EMFILE:
    case ENFILE:
        return REASON_OUT_OF_MEMORY;
    default:
        return REASON_LISTEN_FAILED;
    }
}

/* Refused is what a socket says whose program is gone. */
static bool is_left_over(const struct sockaddr_un *address)
{
    int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (probe < 0)
        return false;
    bool is_refused = connect(probe, (const struct sockaddr *)address, sizeof *address) != 0 &&
                      errno == ECONNREFUSED;
    (void)close(probe);
    return is_refused;
}

static enum reason clear_path(const struct sockaddr_un *address)
{
    struct stat status;
    if (lstat(address->sun_path, &status) != 0)
        return errno == ENOENT ? REASON_NONE : reason_of(errno);
    if (!S_ISSOCK(status.st_mode) || !is_left_over(address))
        return REASON_SOCKET_TAKEN;
    return unlink(address->sun_path) == 0 ? REASON_NONE : reason_of(errno);
}

static enum reason bind_and_listen(int socket, const struct sockaddr_un *address, int backlog)
{
    mode_t before = umask(0177);
    bool is_bound = bind(socket, (const struct sockaddr *)address, sizeof *address) == 0;
    enum reason reason = is_bound ? REASON_NONE : reason_of(errno);
    (void)umask(before);
    if (is_bound && listen(socket, backlog) != 0)
        reason = reason_of(errno);
    return reason;
}

enum reason unix_socket_listen(const char *path, int backlog, int *ret_socket)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path)
        return REASON_LISTEN_FAILED;
    memcpy(address.sun_path, path, strlen(path));
    enum reason reason = clear_path(&address);
    if (reason != REASON_NONE)
        return reason;
    int listening = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listening < 0)
        return reason_of(errno);
    reason = bind_and_listen(listening, &address, backlog);
    if (reason != REASON_NONE)
        (void)close(listening);
    else
        *ret_socket = listening;
    return reason;
}
