/* ZeroMQ gives no way to end one connection or to see how much it has read, so both are done at the
 * descriptor, which is also the table's index; the socket's cookie tells whether it is still the
 * same connection. What is cut here is shut down and not closed: the descriptor stays libzmq's,
 * which closes it when it sees the end. The rules of cutting: connections.h. */
#include "proto/link/connections.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

/* ---- what the kernel says -------------------------------------------------------------------- */

static uint64_t cookie_of(int fd)
{
    uint64_t cookie = 0;
    socklen_t size = sizeof cookie;
    return getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &size) == 0 ? cookie : 0;
}

/* What has come over it; false: not to be told. */
static bool received_over(int fd, uint64_t *ret_bytes)
{
    struct tcp_info info = {0};
    socklen_t size = sizeof info;
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0 ||
        size < offsetof(struct tcp_info, tcpi_bytes_received) + sizeof info.tcpi_bytes_received)
        return false;
    *ret_bytes = (uint64_t)info.tcpi_bytes_received;
    return true;
}

/* What libzmq has read of that. */
static bool read_from(int fd, uint64_t *ret_bytes)
{
    uint64_t bytes;
    int unread = 0;
    if (!received_over(fd, &bytes) || ioctl(fd, FIONREAD, &unread) != 0)
        return false;
    *ret_bytes = bytes - (uint64_t)unread;
    return true;
}

/* False: it has ended or is ending, or the descriptor is another's. ESTABLISHED is a name of
 * netinet/tcp.h, which knows less of tcp_info than linux/tcp.h and excludes it. */
static bool is_standing(const struct connection *connection, int fd)
{
    enum { ESTABLISHED = 1 };
    struct tcp_info info = {0};
    socklen_t size = sizeof info;
    return cookie_of(fd) == connection->cookie &&
           getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 &&
           info.tcpi_state == ESTABLISHED;
}

union address {
    struct sockaddr any;
    struct sockaddr_in four;
    struct sockaddr_in6 six;
};

/* At our own end. */
static uint16_t port_of(int fd)
{
    union address own = {0};
    socklen_t size = sizeof own;
    if (getsockname(fd, &own.any, &size) != 0)
        return 0;
    return ntohs(own.any.sa_family == AF_INET ? own.four.sin_port : own.six.sin6_port);
}

/* Of IPv6 the first 64 bits: one household or server has all addresses of such a network, and could
 * be as many strangers as it likes. */
static uint64_t address_of(int fd)
{
    union address peer = {0};
    socklen_t size = sizeof peer;
    uint64_t network = 0;
    if (getpeername(fd, &peer.any, &size) != 0)
        return 0;
    if (peer.any.sa_family == AF_INET)
        return peer.four.sin_addr.s_addr;
    if (IN6_IS_ADDR_V4MAPPED(&peer.six.sin6_addr))
        memcpy(&network, peer.six.sin6_addr.s6_addr + 12, sizeof(uint32_t));
    else
        memcpy(&network, peer.six.sin6_addr.s6_addr, sizeof network);
    return network;
}

/* ---- the table ------------------------------------------------------------------------------- */

/* NULL: not known. */
static struct connection *find(const struct connections *connections, int fd)
{
    if (fd < 0 || (size_t)fd >= connections->slot_count)
        return NULL;
    struct connection *connection = &connections->slots[fd];
    return connection->cookie != 0 ? connection : NULL;
}

/* By descriptor, so that the table is never larger than twice the process's limit of
 * descriptors. */
static bool make_room(struct connections *connections, size_t slot_count)
{
    if (slot_count <= connections->slot_count)
        return true;
    size_t count = 2 * slot_count;
    struct connection *more = realloc(connections->slots, count * sizeof *connections->slots);
    if (more == NULL)
        return false;
    memset(more + connections->slot_count, 0,
           (count - connections->slot_count) * sizeof *connections->slots);
    connections->slots = more;
    connections->slot_count = count;
    return true;
}

static void list_stranger(struct connections *connections, struct connection *connection, int fd)
{
    connections->strangers[connections->stranger_count++] = fd;
    connection->place = connections->stranger_count;
}

/* The last one of the list takes its place. */
static void unlist_stranger(struct connections *connections, struct connection *connection)
{
    if (connection->place == 0)
        return;
    int last = connections->strangers[--connections->stranger_count];
    connections->strangers[connection->place - 1] = last;
    connections->slots[last].place = connection->place;
    connection->place = 0;
}

/* Answers what it was. */
static struct connection forget(struct connections *connections, int fd)
{
    struct connection *connection = find(connections, fd);
    struct connection was = {0};
    if (connection == NULL)
        return was;
    was = *connection;
    unlist_stranger(connections, connection);
    connections->doubtful_count -= was.is_doubtful;
    connections->open_count--;
    *connection = (struct connection){.newest = was.newest};
    return was;
}

struct connection connections_closed(struct connections *connections, int fd)
{
    struct connection *connection = find(connections, fd);
    if (connection == NULL || !is_standing(connection, fd))
        return forget(connections, fd);
    connections->doubtful_count += !connection->is_doubtful;
    connection->is_doubtful = true;
    return (struct connection){0};
}

bool connections_next_ended(struct connections *connections, struct connection *ret_was)
{
    size_t doubtful = connections->doubtful_count;
    for (int fd = 0; doubtful > 0 && (size_t)fd < connections->slot_count; fd++) {
        const struct connection *connection = find(connections, fd);
        if (connection == NULL || !connection->is_doubtful)
            continue;
        doubtful--;
        if (is_standing(connection, fd))
            continue;
        *ret_was = forget(connections, fd);
        return true;
    }
    return false;
}

/* libzmq's thread may have closed the descriptor and the kernel given it to another participant, or
 * to a file of ours, between decision and call. What is left of that race is the moment between
 * getsockopt and shutdown. */
void connection_cut(const struct connection *connection, int fd)
{
    if (connection->cookie != 0 && cookie_of(fd) == connection->cookie)
        (void)shutdown(fd, SHUT_RDWR);
}

void connections_cut(struct connections *connections, int fd, uint64_t number)
{
    struct connection *connection = find(connections, fd);
    if (connection != NULL && connection->number == number)
        connection_cut(connection, fd);
}

void connections_refused(struct connections *connections, int fd, uint64_t number)
{
    struct connection *connection = find(connections, fd);
    if (connection == NULL || number <= connection->newest || cookie_of(fd) != connection->cookie)
        return; /* its next message is refused too, and it may have been told of by then */
    connection->newest = number;
    connection_cut(connection, fd);
}

/* Its end is told by the monitor as any other's, but it is no stranger any more that counts. */
static void cut_stranger(struct connections *connections, int fd)
{
    connections_cut(connections, fd, 0);
    (void)forget(connections, fd);
}

/* ---- crowds ---------------------------------------------------------------------------------- */

static uint64_t address_at(const struct connections *connections, size_t i)
{
    return connections->slots[connections->strangers[i]].address;
}

static size_t count_of(const struct connections *connections, uint64_t address)
{
    size_t count = 0;
    for (size_t i = 0; i < connections->stranger_count; i++)
        count += address_at(connections, i) == address;
    return count;
}

/* Of the strangers of that address, one by lot. */
static int draw_of(const struct connections *connections, uint64_t address, size_t count)
{
    size_t drawn = randombytes_uniform((uint32_t)count);
    for (size_t i = 0; i < connections->stranger_count; i++) {
        if (address_at(connections, i) == address && drawn-- == 0)
            return connections->strangers[i];
    }
    return -1;
}

/* The address of one drawn by lot is the most crowded one's most often, and looking for it costs
 * nothing that a flood could make us pay: a few draws, and the worst of them. */
static uint64_t most_crowded(const struct connections *connections, size_t *ret_count)
{
    enum { DRAWS = 4 };
    uint64_t worst = 0;
    *ret_count = 0;
    for (int i = 0; i < DRAWS; i++) {
        uint64_t address =
            address_at(connections, randombytes_uniform((uint32_t)connections->stranger_count));
        size_t count = count_of(connections, address);
        if (count > *ret_count) {
            worst = address;
            *ret_count = count;
        }
    }
    return worst;
}

/* The second bound counts the known ones too: when participants fill what the process may open,
 * strangers give way. */
static bool is_crowded(const struct connections *connections)
{
    return connections->stranger_count > connections->strangers_max ||
           (connections->open_max > 0 && connections->open_count > connections->open_max);
}

/* One that is there already, if it is the same; NULL: it is no connection of ours, or no memory.
 * ret_before: the one whose descriptor it was, if the end of that has not been told of. */
static struct connection *add(struct connections *connections, int fd,
                              struct connection *ret_before)
{
    *ret_before = (struct connection){0};
    uint64_t cookie = fd < 0 || port_of(fd) != connections->port ? 0 : cookie_of(fd);
    struct connection *connection = find(connections, fd);
    if (connection != NULL && connection->cookie == cookie)
        return connection;
    *ret_before = forget(connections, fd);
    if (cookie == 0 || !make_room(connections, (size_t)fd + 1))
        return NULL;
    /* Counted from the first look: much may have come and been received before this is told. */
    uint64_t newest = connections->slots[fd].newest;
    connections->slots[fd] =
        (struct connection){.cookie = cookie, .has_received = true, .newest = newest};
    connections->open_count++;
    return &connections->slots[fd];
}

/* First the address's own half, then the bound of all. The new one takes part in the lot, so that
 * the list has one place more than strangers_max and no more. */
size_t connections_accepted(struct connections *connections, int fd, mono_t now,
                            struct connection *ret_before)
{
    size_t cut = 0, count;
    struct connection *connection = add(connections, fd, ret_before);
    if (connection == NULL || connection->place != 0 || !key_is_none(&connection->owner))
        return 0;
    uint64_t address = connection->address = address_of(fd);
    connection->accepted = now;
    list_stranger(connections, connection, fd);
    count = count_of(connections, address);
    if (count > (connections->strangers_max + 1) / 2) {
        cut_stranger(connections, draw_of(connections, address, count));
        cut++;
    }
    while (is_crowded(connections) && connections->stranger_count > 0) {
        address = most_crowded(connections, &count);
        cut_stranger(connections, draw_of(connections, address, count));
        cut++;
    }
    return cut;
}

bool connections_known(struct connections *connections, int fd, const struct key *owner,
                       uint64_t number, struct connection *ret_before)
{
    *ret_before = (struct connection){0};
    if (fd >= 0 && (size_t)fd < connections->slot_count && number <= connections->slots[fd].newest)
        return false;
    struct connection *connection = add(connections, fd, ret_before);
    if (connection == NULL)
        return false;
    if (!key_is_none(&connection->owner))
        *ret_before = *connection;
    unlist_stranger(connections, connection);
    connection->owner = *owner;
    connection->number = connection->newest = number;
    return true;
}

void connections_received(struct connections *connections, int fd)
{
    struct connection *connection = find(connections, fd);
    connections->received++;
    if (connection != NULL)
        connection->has_received = true;
}

/* ---- looks ----------------------------------------------------------------------------------- */

/* True when it is to be cut. What was complete at the last look has been received since, so the
 * second one in a row has nothing but parts before it. */
static bool has_too_much(struct connection *connection, uint64_t bytes, int64_t since_ms)
{
    if (connection->has_received) {
        connection->has_received = connection->is_suspect = false;
        connection->base = bytes;
        return false;
    }
    bool was_suspect = connection->is_suspect;
    uint64_t pings = (uint64_t)(since_ms * CONNECTIONS_PING_BYTES_PER_S / 1000);
    connection->base = connection->base + pings < bytes ? connection->base + pings : bytes;
    /* Signed: what arrived between the kernel's two answers is in one of them only. */
    connection->is_suspect = (int64_t)(bytes - connection->base) > CONNECTIONS_UNFINISHED_BYTES;
    return connection->is_suspect && was_suspect;
}

/* Twice in a row here too: the message that makes it known may have come since the last drain. */
static bool is_too_strange(struct connection *connection, int fd, mono_t now)
{
    uint64_t bytes;
    bool was_suspect = connection->is_suspect;
    bool is_loud = received_over(fd, &bytes) && (int64_t)bytes > CONNECTIONS_STRANGER_BYTES &&
                   read_from(fd, &bytes) && (int64_t)bytes > CONNECTIONS_STRANGER_BYTES;
    connection->is_suspect = is_loud || now.ms - connection->accepted.ms > CONNECTIONS_STRANGER_MS;
    return connection->is_suspect && was_suspect;
}

static size_t look_at_strangers(struct connections *connections, mono_t now)
{
    size_t cut = 0;
    if (now.ms - connections->looked_at_strangers.ms <
        CONNECTIONS_STRANGER_LOOK_MS +
            (int64_t)(connections->stranger_count / CONNECTIONS_STRANGERS_PER_MS))
        return 0;
    connections->looked_at_strangers = now;
    for (size_t i = connections->stranger_count; i-- > 0;) {
        int fd = connections->strangers[i];
        if (is_too_strange(&connections->slots[fd], fd, now)) {
            cut_stranger(connections, fd);
            cut++;
        }
    }
    return cut;
}

/* Rarer the more there are, for each costs two system calls: the time of a look stays a small part
 * of the time between two. */
static void look_at_known(struct connections *connections, mono_t now)
{
    int64_t since_ms = now.ms - connections->looked.ms;
    if (since_ms <
        CONNECTIONS_LOOK_MS + (int64_t)(connections->open_count / CONNECTIONS_LOOKS_PER_MS))
        return;
    connections->looked = now;
    connections->received = 0;
    for (int fd = 0; (size_t)fd < connections->slot_count; fd++) {
        struct connection *connection = find(connections, fd);
        uint64_t bytes;
        if (connection == NULL || key_is_none(&connection->owner) || !read_from(fd, &bytes))
            continue;
        if (has_too_much(connection, bytes, since_ms)) {
            connections_cut(connections, fd, connection->number);
            connection->has_received = true; /* until its end is told of */
            connection->is_flood = true;
        }
    }
}

void connection_begin(struct connection *connection, int fd, mono_t now)
{
    *connection =
        (struct connection){.cookie = cookie_of(fd), .accepted = now, .has_received = true};
}

bool connection_look(struct connection *connection, int fd, int64_t since_ms)
{
    uint64_t bytes;
    if (connection->cookie == 0 || cookie_of(fd) != connection->cookie || !read_from(fd, &bytes) ||
        !has_too_much(connection, bytes, since_ms))
        return false;
    connection_cut(connection, fd);
    return true;
}

bool connections_is_round(const struct connections *connections)
{
    return connections->received >= CONNECTIONS_ROUND_MIN + 2 * connections->open_count;
}

size_t connections_look(struct connections *connections, mono_t now)
{
    size_t cut = look_at_strangers(connections, now);
    look_at_known(connections, now);
    return cut;
}

void connections_release(struct connections *connections)
{
    free(connections->slots);
    connections->slots = NULL;
    connections->slot_count = connections->open_count = connections->stranger_count = 0;
}
