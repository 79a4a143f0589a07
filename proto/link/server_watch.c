/* What a server's watch does: drains the socket while the owner is busy, hears what the monitor
 * tells of connections, and looks at what the kernel tells of them. */
#include "proto/link/server_parts.h"
#include "proto/link/socket.h"

/* False: something is left. Bounded, because senders may be faster than we are, and the monitor has
 * to be heard meanwhile. The lock is free between two rounds, for the owner. */
static bool drain_all(struct link_server *server)
{
    for (int i = 0; i < SERVER_DRAIN_ROUNDS; i++) {
        pthread_mutex_lock(&server->lock);
        bool is_more = server_drain(server);
        if (server->inboxes.turn != NULL)
            server_wake_owner(server);
        pthread_mutex_unlock(&server->lock);
        if (!is_more)
            return true;
    }
    return false;
}

/* Without a key, for none of them has proved one; they share one line of the log. */
static void count_strangers(struct link_server *server, size_t cut)
{
    for (size_t i = 0; i < cut; i++)
        refusals_add(&server->refusals, NULL);
    if (cut > 0)
        server_wake_owner(server);
}

/* Looks at connections, and at those whose end was told of before it came. */
static void look(struct link_server *server)
{
    struct connection was;
    count_strangers(server, connections_look(&server->connections, server_now(server)));
    while (connections_next_ended(&server->connections, &was))
        server_line_closed(server, &was);
}

static void take_event(struct link_server *server, int number, int fd)
{
    struct connection was;
    switch (number) {
    case ZMQ_EVENT_ACCEPTED:
        count_strangers(server,
                        connections_accepted(&server->connections, fd, server_now(server), &was));
        server_line_closed(server, &was);
        break;
    case ZMQ_EVENT_DISCONNECTED:
        was = connections_closed(&server->connections, fd);
        server_line_closed(server, &was);
        break;
    case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
    case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
        refusals_add(&server->refusals, NULL);
        server_wake_owner(server);
        break;
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH: /* counted by ZAP */
        server_wake_owner(server);
        break;
    default:
        break;
    }
}

static void take_events(struct link_server *server)
{
    for (;;) {
        int fd;
        int number = link_monitor_next(server->monitor, &fd);
        if (number == 0)
            return;
        /* Frames before the end of their connection, and before its descriptor is another's. */
        if (number == ZMQ_EVENT_DISCONNECTED)
            (void)drain_all(server);
        pthread_mutex_lock(&server->lock);
        take_event(server, number, fd);
        pthread_mutex_unlock(&server->lock);
    }
}

int server_watch(void *context)
{
    struct link_server *server = context;
    take_events(server);
    bool is_empty = drain_all(server);
    pthread_mutex_lock(&server->lock);
    if (is_empty || connections_is_round(&server->connections))
        look(server);
    bool has_strangers = server->connections.stranger_count > 0;
    bool is_idle = server->connections.open_count == 0;
    pthread_mutex_unlock(&server->lock);
    /* Without a connection nothing comes but what the monitor tells. */
    return is_idle ? -1 : has_strangers ? CONNECTIONS_STRANGER_LOOK_MS : WATCH_TICK_MS;
}
