/* client_parts - what the files of a link's client share: link_client.c has its start, its end, its
 * events and what is sent; client_dial.c its connection and what arrives; client_group.c the
 * clients of one context, and the watch that looks after them. */
#pragma once

#include <pthread.h>
#include <zmq.h>

#include "proto/link/account.h"
#include "proto/link/connections.h"
#include "proto/link/inbox.h"
#include "proto/link/redial.h"
#include "proto/link/routing_id.h"
#include "proto/link/watch.h"

enum {
    CLIENT_DRAIN_MAX = 64, /* messages taken from ZeroMQ before the lock is free again */
    CLIENT_OWN_ROUND = 32, /* events that the owner gets between two drains */
};

enum client_state { CLIENT_DIALLING = 1, CLIENT_UP, CLIENT_LOST, CLIENT_REFUSED };

struct link_client {
    struct client_group *group;
    bool owns_group;          /* of those that share a context, the one that is destroyed last */
    struct link_client *next; /* in the group */
    char *endpoint;
    bool is_carrier;
    size_t send_bytes_max, receive_bytes_max;
    struct account *account; /* of what waits for the line, where that is counted */
    struct routing_secret secret;
    int wait;
    int event; /* eventfd: the watch has put something into the inbox */

    pthread_mutex_t lock; /* of all below */
    void *socket;
    void *monitor;
    zmq_msg_t name; /* of the frame, on a carrier's connection */
    zmq_msg_t frame;
    enum client_state state; /* changed by move in client_dial.c alone */
    struct redial lost, refused;
    mono_t due;         /* CLIENT_LOST: to dial; CLIENT_DIALLING: to give up, if not under way */
    mono_t refused_due; /* by the owner's clock; 0: the next tick sets it */
    bool is_under_way;  /* the kernel is connecting, or has */
    int fd;             /* of the connection; -1: none */
    struct connection connection;
    mono_t looked;
    struct inboxes inboxes;
    struct inbox *inbox;
    struct inbox_entry *current; /* what the owner was given last */
    bool has_event;              /* .event was written to */
    bool is_awaiting;            /* room on the account */
    int until_service;
};

/* ---- client_dial.c: with the lock held */
/* False: the endpoint is none. */
bool client_dial(struct link_client *client, mono_t now);
/* Takes what monitor and socket have into the inbox, at most CLIENT_DRAIN_MAX messages. False:
 * nothing is left. */
bool client_service(struct link_client *client, mono_t now);
/* What time brings. After client_service has answered false. */
void client_look(struct link_client *client, mono_t now);
void client_wake_owner(struct link_client *client);

/* ---- client_group.c */
struct client_group {
    void *context;
    struct watch *watch;
    pthread_mutex_t lock; /* of the list; a client's own is taken after it */
    struct link_client *first;
    size_t count;
};

enum reason client_group_new(struct client_group **ret_group);
void client_group_destroy(struct client_group **group);
enum reason client_group_add(struct client_group *group, struct link_client *client);
void client_group_remove(struct client_group *group, struct link_client *client);
