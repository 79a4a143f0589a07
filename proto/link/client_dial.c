/* A client's connection, and what arrives over it. The states and their diagram: link_client.c;
 * they change in move() alone. All of it runs with the client's lock held, on the owner's thread or
 * on that of the group's watch (client_group.c). */
#include <sys/eventfd.h>

#include "proto/link/client_parts.h"
#include "proto/link/socket.h"

/* One write for many events: the flag is cleared when the owner has read the descriptor. */
void client_wake_owner(struct link_client *client)
{
    if (!client->has_event)
        (void)eventfd_write(client->event, 1);
    client->has_event = true;
}

/* Without memory it is not told; what follows is told all the same, and silence tells the rest. */
static void tell(struct link_client *client, enum link_event_kind kind, enum reason reason)
{
    struct inbox_entry *entry = inbox_put(&client->inboxes, client->inbox, kind, 0, false, NULL);
    if (entry != NULL)
        entry->reason = reason;
}

/* ---- states ---------------------------------------------------------------------------------- */

static void move(struct link_client *client, enum client_state to)
{
    client->state = to;
}

/* A new routing id for each connection: ZeroMQ ignores a connection that brings a name which it
 * still holds (routing_id.h). */
bool client_dial(struct link_client *client, mono_t now)
{
    uint8_t id[ROUTING_ID_BYTES];
    routing_id_make(&client->secret, id);
    client->is_under_way = false;
    client->due = (mono_t){now.ms + LINK_RESOLVE_MS};
    move(client, CLIENT_DIALLING);
    return zmq_setsockopt(client->socket, ZMQ_ROUTING_ID, id, sizeof id) == 0 &&
           zmq_connect(client->socket, client->endpoint) == 0;
}

/* What is left of the connection goes. */
static void hang_up(struct link_client *client)
{
    if (client->state == CLIENT_UP)
        tell(client, LINK_PEER_GONE, REASON_LINK_LOST);
    (void)zmq_disconnect(client->socket, client->endpoint);
    client->fd = -1;
}

static void lose(struct link_client *client, mono_t now)
{
    hang_up(client);
    client->due = (mono_t){now.ms + redial_next_ms(&client->lost)};
    move(client, CLIENT_LOST);
}

/* A server with another key hangs up; whoever dialled again at once would do so for ever. */
static void refuse(struct link_client *client, enum reason reason)
{
    hang_up(client);
    client->refused_due = (mono_t){0};
    move(client, CLIENT_REFUSED);
    tell(client, LINK_PEER_REFUSED, reason);
}

/* The waits of both kinds begin anew only here, after a handshake: an end that accepts connections
 * and drops them at once is dialled ever more rarely. The empty message says whose the connection
 * is, before the server counts it as a stranger's for too long (connections.h). */
static void come_up(struct link_client *client, mono_t now)
{
    move(client, CLIENT_UP);
    redial_reset(&client->lost);
    redial_reset(&client->refused);
    connection_begin(&client->connection, client->fd, now);
    client->looked = now;
    (void)zmq_send(client->socket, "", 0, ZMQ_DONTWAIT);
    tell(client, LINK_PEER_CONNECTED, REASON_NONE);
}

/* In the states where it waits, what the monitor tells is of a connection that was given up. */
static void take_event(struct link_client *client, int number, int value, mono_t now)
{
    bool is_dialling = client->state == CLIENT_DIALLING;
    switch (number) {
    case ZMQ_EVENT_CONNECT_DELAYED:
        client->is_under_way = true;
        break;
    case ZMQ_EVENT_CONNECTED:
        client->is_under_way = true;
        client->fd = value;
        break;
    case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
        if (is_dialling)
            come_up(client, now);
        break;
    case ZMQ_EVENT_CLOSED: /* nobody there */
        if (is_dialling)
            lose(client, now);
        break;
    case ZMQ_EVENT_DISCONNECTED: /* of an earlier connection: another descriptor */
        if (client->state == CLIENT_UP)
            lose(client, now);
        else if (is_dialling && value == client->fd)
            refuse(client, REASON_LINK_LOST);
        break;
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
    case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
    case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
        if (is_dialling)
            refuse(client, number == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH ? REASON_LINK_REFUSED
                                                                     : REASON_LINK_LOST);
        break;
    default:
        break;
    }
}

/* ---- what arrives ---------------------------------------------------------------------------- */

/* More waits than a server of ours has under way: it is not ours, or mad. */
static void cut(struct link_client *client, mono_t now)
{
    connection_cut(&client->connection, client->fd);
    inbox_clear(&client->inboxes, client->inbox);
    lose(client, now);
    tell(client, LINK_PEER_REFUSED, REASON_LINK_LIMIT);
}

/* A frame is kept only in state UP and in the shape that this kind of client gets; anything else is
 * of a connection that was given up, or of no server of ours. */
static void take_message(struct link_client *client, int parts, mono_t now)
{
    struct key name = {0};
    struct bytes text = {zmq_msg_data(&client->name), zmq_msg_size(&client->name)};
    client->connection.has_received = true;
    if (client->state != CLIENT_UP || client->is_carrier != (parts == 2) ||
        (client->is_carrier && !key_parse(text, &name)))
        return;
    struct inbox_entry *entry =
        inbox_put(&client->inboxes, client->inbox, LINK_FRAME, 0, false, &client->frame);
    if (entry != NULL)
        entry->peer = name;
    if (entry == NULL || inbox_bytes(client->inbox) > client->receive_bytes_max)
        cut(client, now);
}

/* True when the bound of the round was met and more may wait: the caller gives the lock away in
 * between, or the owner would wait as long as a server sends. */
bool client_service(struct link_client *client, mono_t now)
{
    int value, number;
    /* Connections before frames: a frame belongs to the connection that was reported. */
    while ((number = link_monitor_next(client->monitor, &value)) != 0)
        take_event(client, number, value, now);
    for (int i = 0; i < CLIENT_DRAIN_MAX; i++) {
        int parts = link_receive_parts(client->socket, &client->name, &client->frame);
        if (parts == 0)
            return false;
        if (parts > 0)
            take_message(client, parts, now);
    }
    return true;
}

void client_look(struct link_client *client, mono_t now)
{
    if (client->state == CLIENT_LOST && now.ms >= client->due.ms && !client_dial(client, now))
        lose(client, now);
    /* Its name does not resolve, or nothing was told of how the connection ended: no state may
     * wait for an event alone. */
    if (client->state == CLIENT_DIALLING &&
        now.ms >= client->due.ms + (client->is_under_way ? LINK_DIAL_MS : 0))
        lose(client, now);
    if (client->state != CLIENT_UP || now.ms - client->looked.ms < CONNECTIONS_LOOK_MS)
        return;
    if (connection_look(&client->connection, client->fd, now.ms - client->looked.ms))
        cut(client, now);
    client->looked = now;
}
