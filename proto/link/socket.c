/* ZeroMQ's sockets as this program wants them, and messages in their parts. Options are set before
 * a socket is bound or connected, since ZeroMQ ignores most of them later. */
#include "proto/link/socket.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

static bool set_int(void *socket, int option, int value)
{
    return zmq_setsockopt(socket, option, &value, sizeof value) == 0;
}

mono_t link_mono(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (mono_t){(int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000};
}

/* No bound of ZeroMQ's on what waits to be received: a full pipe stops the input of a connection,
 * and one that is reset then makes libzmq assert when a ping of its peer is next in its buffer
 * (stream_engine_base.cpp: restart_input, out_event). Inboxes are bounded instead. */
bool link_socket_configure(void *socket)
{
    int64_t size_max = FRAME_BYTES_MAX + LINK_BOX_BYTES;
    return zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &size_max, sizeof size_max) == 0 &&
           set_int(socket, ZMQ_SNDHWM, LINK_SEND_QUEUE_MAX) && set_int(socket, ZMQ_RCVHWM, 0) &&
           set_int(socket, ZMQ_LINGER, LINK_LINGER_MS) &&
           set_int(socket, ZMQ_HANDSHAKE_IVL, LINK_HANDSHAKE_MS) &&
           set_int(socket, ZMQ_TCP_MAXRT, LINK_UNACKNOWLEDGED_MS) &&
           set_int(socket, ZMQ_TCP_KEEPALIVE, 1) &&
           set_int(socket, ZMQ_TCP_KEEPALIVE_IDLE, LINK_PROBE_AFTER_S) &&
           set_int(socket, ZMQ_TCP_KEEPALIVE_INTVL, LINK_PROBE_EVERY_S) &&
           set_int(socket, ZMQ_TCP_KEEPALIVE_CNT, LINK_PROBES);
}

/* The monitor tells of connections over a socket pair within the process. Without a bound on its
 * end, for libzmq's thread that writes there serves the connections of everybody. */
void *link_monitor_new(void *context, void *socket)
{
    enum { NAME_BYTES = 64 };
    char name[NAME_BYTES]; /* one for each socket of a context */
    int unbounded = 0;     /* or libzmq's own thread would wait for us */
    int events = ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH |
                 ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
                 ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_CONNECTED |
                 ZMQ_EVENT_CONNECT_DELAYED | ZMQ_EVENT_CLOSED;
    (void)snprintf(name, sizeof name, "inproc://link.monitor.%p", socket);
    if (zmq_socket_monitor(socket, name, events) != 0)
        return NULL;
    void *monitor = zmq_socket(context, ZMQ_PAIR);
    if (monitor != NULL &&
        (zmq_setsockopt(monitor, ZMQ_RCVHWM, &unbounded, sizeof unbounded) != 0 ||
         zmq_connect(monitor, name) != 0)) {
        (void)zmq_close(monitor);
        monitor = NULL;
    }
    return monitor;
}

/* zmq_socket_monitor(3): 16 bits of event and 32 of value, not aligned, then the address in a part
 * of its own, which is not used: connections are known by descriptor. */
int link_monitor_next(void *monitor, int *ret_value)
{
    enum { EVENT_BYTES = 6, ADDRESS_BYTES_MAX = 256 };
    uint8_t event[EVENT_BYTES];
    uint8_t address[ADDRESS_BYTES_MAX];
    if (zmq_recv(monitor, event, sizeof event, ZMQ_DONTWAIT) != EVENT_BYTES)
        return 0;
    (void)zmq_recv(monitor, address, sizeof address, 0);
    uint16_t number;
    memcpy(&number, event, sizeof number);
    memcpy(ret_value, event + sizeof number, sizeof *ret_value);
    return number;
}

static bool watch(int epoll, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

int link_descriptor(void *socket)
{
    int fd = -1;
    size_t size = sizeof fd;
    return zmq_getsockopt(socket, ZMQ_FD, &fd, &size) == 0 ? fd : -1;
}

/* One descriptor for the owner's poll. ZeroMQ's descriptors are edge-triggered: who is woken by one
 * has to receive until nothing is left (ZMQ_FD in zmq_getsockopt(3)). */
int link_wait_descriptor(void *socket, void *monitor, int event, int other)
{
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll >= 0 && watch(epoll, link_descriptor(socket)) &&
        (monitor == NULL || watch(epoll, link_descriptor(monitor))) &&
        (event < 0 || watch(epoll, event)) && (other < 0 || watch(epoll, other)))
        return epoll;
    if (epoll >= 0)
        (void)close(epoll);
    return -1;
}

static bool has_more(void *message)
{
    zmq_msg_t *part = message;
    return zmq_msg_more(part) != 0;
}

/* Two parts are a name and a frame, one part is a frame; with more it is none of ours, and all of
 * it is read and dropped. */
int link_receive_parts(void *socket, void *name, void *frame)
{
    if (zmq_msg_recv(frame, socket, ZMQ_DONTWAIT) < 0)
        return 0;
    if (!has_more(frame))
        return 1;
    (void)zmq_msg_move(name, frame);
    bool more = zmq_msg_recv(frame, socket, 0) >= 0 && has_more(frame);
    if (!more)
        return 2;
    while (zmq_msg_recv(frame, socket, 0) >= 0 && has_more(frame))
        continue;
    return -1;
}

/* False without memory. */
static bool build_message(struct bytes frame, struct account *const accounts[ACCOUNTS_MAX],
                          zmq_msg_t *message)
{
    if (accounts[0] != NULL)
        return account_message(accounts, frame, message);
    if (zmq_msg_init_size(message, frame.size) != 0)
        return false;
    if (frame.size > 0)
        memcpy(zmq_msg_data(message), frame.data, frame.size);
    return true;
}

static bool send_part(void *socket, struct bytes part)
{
    return part.size == 0 ||
           zmq_send(socket, part.data, part.size, ZMQ_DONTWAIT | ZMQ_SNDMORE) >= 0;
}

bool link_send_parts(void *socket, struct bytes routing_id, const struct key *name,
                     struct bytes frame, struct account *const accounts[ACCOUNTS_MAX])
{
    /* First, for a message that was begun has to be ended. */
    zmq_msg_t message;
    if (!build_message(frame, accounts, &message))
        return false;
    if (send_part(socket, routing_id) && send_part(socket, key_bytes(name)) &&
        zmq_msg_send(&message, socket, ZMQ_DONTWAIT) >= 0)
        return true;
    int why = errno;
    (void)zmq_msg_close(&message);
    errno = why;
    return false;
}
