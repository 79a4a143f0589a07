/* Unix sockets whose path may be longer than the kernel's 108 bytes, and whose file may be left
 * over from a program that was killed.
 *
 * A socket is removed only when nobody answers behind it, and at the end only when it is still the
 * file that we made: another program may have taken the path meanwhile. */
#include "gateway/workers/unix_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

_Static_assert(sizeof((struct sockaddr_un *)0)->sun_path == UNIX_PATH_BYTES, "the kernel's bound");

/* By what a person has to mend: another program in the way, a right that is missing, a limit of the
 * machine. */
enum reason unix_socket_reason(int error)
{
    switch (error) {
    case EACCES:
    case EPERM:
    case EROFS: /* where the socket would be made */
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

/* A long path goes by way of its folder's descriptor under /proc, which is always short. The
 * folder must stay open until the path was used. */
bool unix_socket_short_path(const char *path, char ret_path[UNIX_PATH_BYTES], int *ret_folder)
{
    char folder[FILE_PATH_BYTES_MAX];
    const char *slash = strrchr(path, '/');
    size_t size = strlen(path);
    *ret_folder = -1;
    if (size < UNIX_PATH_BYTES) {
        memcpy(ret_path, path, size + 1);
        return true;
    }
    if (slash == NULL || size >= sizeof folder)
        return false;
    memcpy(folder, path, (size_t)(slash - path) + 1);
    folder[slash - path + 1] = 0;
    *ret_folder = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (*ret_folder < 0)
        return false;
    int written =
        snprintf(ret_path, UNIX_PATH_BYTES, "/proc/self/fd/%d/%s", *ret_folder, slash + 1);
    if (written < UNIX_PATH_BYTES)
        return true;
    (void)close(*ret_folder);
    *ret_folder = -1;
    return false;
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
        return errno == ENOENT ? REASON_NONE : unix_socket_reason(errno);
    if (!S_ISSOCK(status.st_mode) || !is_left_over(address))
        return REASON_SOCKET_TAKEN;
    return unlink(address->sun_path) == 0 ? REASON_NONE : unix_socket_reason(errno);
}

/* The rights come with bind() by way of the umask: a chmod afterwards would leave a moment in which
 * anybody may connect. */
static enum reason bind_and_listen(int fd, const struct sockaddr_un *address, mode_t mode,
                                   int backlog)
{
    mode_t before = umask(~mode & 0777);
    bool is_bound = bind(fd, (const struct sockaddr *)address, sizeof *address) == 0;
    enum reason reason = is_bound ? REASON_NONE : unix_socket_reason(errno);
    (void)umask(before);
    if (is_bound && listen(fd, backlog) != 0)
        reason = unix_socket_reason(errno);
    return reason;
}

static enum reason listen_at(const struct sockaddr_un *address, mode_t mode, int backlog,
                             struct unix_socket *ret_socket)
{
    enum reason reason = clear_path(address);
    if (reason != REASON_NONE)
        return reason;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return unix_socket_reason(errno);
    reason = bind_and_listen(fd, address, mode, backlog);
    if (reason == REASON_NONE && lstat(address->sun_path, &ret_socket->made) != 0)
        reason = unix_socket_reason(errno);
    if (reason != REASON_NONE)
        (void)close(fd);
    else
        ret_socket->fd = fd;
    return reason;
}

enum reason unix_socket_listen(const char *path, mode_t mode, int backlog,
                               struct unix_socket *ret_socket)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int folder;
    if (strlen(path) >= sizeof ret_socket->path ||
        !unix_socket_short_path(path, address.sun_path, &folder))
        return REASON_LISTEN_FAILED;
    enum reason reason = listen_at(&address, mode, backlog, ret_socket);
    if (reason == REASON_NONE)
        memcpy(ret_socket->path, path, strlen(path) + 1);
    if (folder >= 0)
        (void)close(folder);
    return reason;
}

void unix_socket_close(struct unix_socket *gone)
{
    struct stat now;
    if (gone->fd < 0)
        return;
    (void)close(gone->fd);
    gone->fd = -1;
    if (lstat(gone->path, &now) == 0 && now.st_ino == gone->made.st_ino &&
        now.st_dev == gone->made.st_dev)
        (void)unlink(gone->path);
}
