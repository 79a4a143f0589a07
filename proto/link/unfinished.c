#include "proto/link/unfinished.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

static uint64_t cookie_of(int fd)
{
    uint64_t cookie = 0;
    socklen_t size = sizeof cookie;
    return getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &size) == 0 ? cookie : 0;
}

/* What libzmq has read from it; false: not to be told. */
static bool read_from(int fd, uint64_t *ret_bytes)
{
    struct tcp_info info = {0};
    socklen_t size = sizeof info;
    int unread = 0;
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0 ||
        size < offsetof(struct tcp_info, tcpi_bytes_received) + sizeof info.tcpi_bytes_received ||
        ioctl(fd, FIONREAD, &unread) != 0)
        return false;
    *ret_bytes = (uint64_t)info.tcpi_bytes_received - (uint64_t)unread;
    return true;
}

/* NULL: not known. */
static struct unfinished_connection *find(struct unfinished *unfinished, int fd)
{
    if (fd < 0 || (size_t)fd >= unfinished->slot_count)
        return NULL;
    struct unfinished_connection *connection = &unfinished->connections[fd];
    return connection->cookie != 0 ? connection : NULL;
}

static bool make_room(struct unfinished *unfinished, size_t slot_count)
{
    if (slot_count <= unfinished->slot_count)
        return true;
    size_t count = 2 * slot_count;
    struct unfinished_connection *more =
        realloc(unfinished->connections, count * sizeof *unfinished->connections);
    if (more == NULL)
        return false;
    for (size_t i = unfinished->slot_count; i < count; i++)
        more[i] = (struct unfinished_connection){0};
    unfinished->connections = more;
    unfinished->slot_count = count;
    return true;
}

void unfinished_accepted(struct unfinished *unfinished, int fd)
{
    unfinished_closed(unfinished, fd); /* of the one before, if its end was not told of */
    if (fd < 0 || !make_room(unfinished, (size_t)fd + 1))
        return;
    uint64_t cookie = cookie_of(fd);
    /* Counted from the first look: much may have come and been received before this is told. */
    unfinished->connections[fd] =
        (struct unfinished_connection){.cookie = cookie, .has_received = true};
    unfinished->open_count += cookie != 0;
}

void unfinished_closed(struct unfinished *unfinished, int fd)
{
    struct unfinished_connection *connection = find(unfinished, fd);
    if (connection == NULL)
        return;
    *connection = (struct unfinished_connection){0};
    unfinished->open_count--;
}

void unfinished_received(struct unfinished *unfinished, int fd)
{
    struct unfinished_connection *connection = find(unfinished, fd);
    unfinished->received++;
    if (connection != NULL)
        connection->has_received = true;
}

/* True when it is to be cut. What was complete at the last look has been received since, so the
 * second one in a row has nothing but parts before it. */
static bool has_too_much(struct unfinished_connection *connection, uint64_t bytes, int64_t since_ms)
{
    if (connection->has_received) {
        *connection = (struct unfinished_connection){.cookie = connection->cookie, .base = bytes};
        return false;
    }
    bool was_suspect = connection->is_suspect;
    uint64_t pings = (uint64_t)(since_ms * UNFINISHED_PING_BYTES_PER_S / 1000);
    connection->base = connection->base + pings < bytes ? connection->base + pings : bytes;
    /* Signed: what arrived between the kernel's two answers is in one of them only. */
    connection->is_suspect = (int64_t)(bytes - connection->base) > UNFINISHED_BYTES_MAX;
    return connection->is_suspect && was_suspect;
}

bool unfinished_is_round(const struct unfinished *unfinished)
{
    return unfinished->received >= UNFINISHED_ROUND_MIN + 2 * unfinished->open_count;
}

size_t unfinished_look(struct unfinished *unfinished, mono_t now)
{
    size_t cut = 0;
    int64_t since_ms = now.ms - unfinished->looked.ms;
    if (since_ms < UNFINISHED_LOOK_MS)
        return 0;
    unfinished->looked = now;
    unfinished->received = 0;
    for (int fd = 0; (size_t)fd < unfinished->slot_count; fd++) {
        struct unfinished_connection *connection = find(unfinished, fd);
        uint64_t bytes;
        if (connection == NULL)
            continue;
        if (cookie_of(fd) != connection->cookie || !read_from(fd, &bytes)) {
            unfinished_closed(unfinished, fd);
        } else if (has_too_much(connection, bytes, since_ms)) {
            (void)shutdown(fd, SHUT_RDWR);
            unfinished_closed(unfinished, fd);
            cut++;
        }
    }
    return cut;
}

void unfinished_release(struct unfinished *unfinished)
{
    free(unfinished->connections);
    *unfinished = (struct unfinished){0};
}
