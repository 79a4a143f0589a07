/* What many clients of one program share: ZeroMQ's context and one thread that looks after the
 * connections. A carrier's line and the simulators have thousands of clients, and a thread for
 * each would be thousands of stacks. */
#include <stdlib.h>

#include "proto/link/client_parts.h"
#include "proto/link/resources.h"
#include "proto/link/socket.h"

enum {
    CONTEXT_SOCKETS_MAX = 4 * PARTICIPANTS_MAX, /* two sockets and a monitor's end for each */
    DRAIN_ROUNDS = 64,
    CLIENTS_PER_MS = 20, /* looked at, so that thousands in one program cost little */
};

/* The lock is taken anew for each round, so that an owner who wants to send waits for
 * CLIENT_DRAIN_MAX messages at most. Connections are judged only when the socket is empty: bytes
 * that wait to be received would count against their sender. */
static void look_after(struct link_client *client)
{
    bool is_more = true;
    for (int i = 0; i < DRAIN_ROUNDS && is_more; i++) {
        pthread_mutex_lock(&client->lock);
        is_more = client_service(client, link_mono());
        if (!is_more)
            client_look(client, link_mono());
        if (client->inboxes.turn != NULL)
            client_wake_owner(client);
        pthread_mutex_unlock(&client->lock);
    }
}

/* On the watch's thread. The group's lock is held for the whole look, so that client_group_remove
 * returns only when no look at that client is under way. */
static int look(void *context)
{
    struct client_group *group = context;
    pthread_mutex_lock(&group->lock);
    for (struct link_client *client = group->first; client != NULL; client = client->next)
        look_after(client);
    int wait_ms = WATCH_TICK_MS + (int)(group->count / CLIENTS_PER_MS);
    pthread_mutex_unlock(&group->lock);
    return wait_ms;
}

/* *ret_group is set before all is there: the caller destroys what a failure leaves. */
enum reason client_group_new(struct client_group **ret_group)
{
    size_t connections;
    enum reason reason = resources_check(&connections);
    if (reason != REASON_NONE)
        return reason;
    struct client_group *group = calloc(1, sizeof *group);
    if (group == NULL || pthread_mutex_init(&group->lock, NULL) != 0) {
        free(group);
        return REASON_OUT_OF_MEMORY;
    }
    *ret_group = group; /* what follows is undone by client_group_destroy */
    group->context = routing_id_seed() ? zmq_ctx_new() : NULL;
    if (group->context == NULL)
        return REASON_OUT_OF_MEMORY;
    (void)zmq_ctx_set(group->context, ZMQ_MAX_SOCKETS, CONTEXT_SOCKETS_MAX);
    return watch_new(look, group, -1, &group->watch);
}

void client_group_destroy(struct client_group **group)
{
    struct client_group *gone = *group;
    *group = NULL;
    if (gone == NULL)
        return;
    watch_destroy(&gone->watch);
    if (gone->context != NULL)
        (void)zmq_ctx_term(gone->context);
    (void)pthread_mutex_destroy(&gone->lock);
    free(gone);
}

enum reason client_group_add(struct client_group *group, struct link_client *client)
{
    pthread_mutex_lock(&group->lock);
    client->next = group->first;
    group->first = client;
    group->count++;
    pthread_mutex_unlock(&group->lock);
    return REASON_NONE;
}

void client_group_remove(struct client_group *group, struct link_client *client)
{
    pthread_mutex_lock(&group->lock);
    struct link_client **at = &group->first;
    while (*at != NULL && *at != client)
        at = &(*at)->next;
    if (*at != NULL) {
        *at = client->next;
        group->count--;
    }
    pthread_mutex_unlock(&group->lock);
}
