/* server_parts - what the files of a link's server share: link_server.c has its start, its end and
 * what is sent; server_receive.c what arrives, from whom, and who is cut; server_watch.c what is
 * done about connections. All functions here: with the lock held. */
#pragma once

#include <pthread.h>
#include <zmq.h>

#include "proto/link/connections.h"
#include "proto/link/inbox.h"
#include "proto/link/peers.h"
#include "proto/link/refusals.h"
#include "proto/link/watch.h"
#include "proto/link/zap.h"

enum {
    SERVER_ENDPOINT_BYTES = LINK_ENDPOINT_BYTES_MAX + 1,
    SERVER_DRAIN_MAX = 64,    /* messages taken from ZeroMQ before the lock is free again */
    SERVER_DRAIN_ROUNDS = 64, /* of them in a row before the watch looks at anything else */
    SERVER_OWN_ROUND = 32,    /* frames that the owner gets between two drains */
};

struct link_server {
    void *context;
    void *monitor; /* the watch's alone */
    struct zap *zap;
    struct watch *watch;
    struct refusals refusals;              /* keys that are not admitted */
    struct refusals cuts;                  /* admitted ones that went beyond a bound */
    mono_t (*clock)(void);                 /* NULL: time stands still */
    size_t send_bytes_max, send_bytes_all; /* 0: not counted */
    size_t receive_bytes_max, receive_bytes_all;
    struct account *all; /* under way to all participants, where it is counted */
    int wait;            /* epoll: what ZeroMQ says, and .event */
    int event; /* eventfd: the watch has put something into an inbox, or counted one cut */
    char endpoint[SERVER_ENDPOINT_BYTES];
    struct curve_key secret_key;
    struct inbox_gate gate;

    pthread_mutex_t lock; /* of all below */
    void *socket;
    zmq_msg_t id, name, frame; /* of the message that is being received */
    struct peers peers;
    struct connections connections;
    struct inboxes inboxes;
    struct inbox_entry *current; /* what the owner was given last */
    bool has_pending;            /* .current's frame waits behind the event of its connection */
    bool has_event;              /* .event was written to */
    struct curve_key reported;   /* of the event reported last */
    uint64_t connection_count;
    int until_drain;
};

mono_t server_now(const struct link_server *server);

/* ---- server_receive.c */
/* Takes at most SERVER_DRAIN_MAX messages into inboxes. False: nothing is left in the socket. */
bool server_drain(struct link_server *server);
/* A connection has ended: its line is gone, and the ways over it. */
void server_line_closed(struct link_server *server, const struct connection *was);
/* The owner is to ask for events. */
void server_wake_owner(struct link_server *server);

/* ---- server_watch.c: the watch's look. Without the lock. */
int server_watch(void *server);
