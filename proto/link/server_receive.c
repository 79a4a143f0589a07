/* What arrives at a server: each message is taken from ZeroMQ as soon as it is there, judged, and
 * put into the inbox of its participant.
 *
 * Who is behind a connection is told by ZAP: the User-Id of each message is the name that the CURVE
 * key is registered for. The routing id, which the peer brings, has to verify for that key
 * (routing_id.h), and is then one of the key's lines, LINK_CONNECTIONS_MAX at most: the oldest
 * gives way, for an honest peer that comes again has lost it. Nothing that a peer chooses decides
 * who it is; a carrier may choose among those that it carries. */
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "proto/link/server_parts.h"
#include "proto/link/socket.h"

void server_wake_owner(struct link_server *server)
{
    if (!server->has_event)
        (void)eventfd_write(server->event, 1);
    server->has_event = true;
}

/* Reported once a minute, with its count. */
static void count_cut(struct link_server *server, const struct admitted_peer *peer)
{
    uint8_t key[CURVE_KEY_BYTES];
    if (zmq_z85_decode(key, peer->is.public_key.text) != NULL)
        refusals_add(&server->cuts, key);
    server_wake_owner(server);
}

static struct bytes bytes_of_message(zmq_msg_t *message)
{
    return (struct bytes){zmq_msg_data(message), zmq_msg_size(message)};
}

/* ---- ways and lines that end ----------------------------------------------------------------- */

static void end_way(struct link_server *server, struct admitted_peer *peer)
{
    if (!peer->has_way)
        return;
    peer->has_way = false;
    /* Without memory it is not told: silence tells it later. */
    if (peer->inbox != NULL && inbox_put(&server->inboxes, peer->inbox, LINK_PEER_GONE,
                                         peer->connection, false, NULL) != NULL)
        server_wake_owner(server);
}

static void end_ways_over(struct link_server *server, const struct admitted_peer *owner,
                          const struct line *line)
{
    for (size_t i = 0; i < server->peers.slot_count; i++) {
        struct admitted_peer *peer = &server->peers.slots[i];
        if (peer->has_way && (peer == owner || peer->is_carried) &&
            memcmp(peer->way, line->id, ROUTING_ID_BYTES) == 0)
            end_way(server, peer);
    }
}

/* Of what no honest peer sends: beyond the connects that it may make, its key rests. */
static void charge_flood(struct link_server *server, const struct admitted_peer *peer)
{
    count_cut(server, peer);
    zap_charge(server->zap, &peer->is.key);
}

void server_line_closed(struct link_server *server, const struct connection *was)
{
    struct admitted_peer *peer = peers_find(&server->peers, &was->owner);
    if (peer != NULL && was->is_flood)
        charge_flood(server, peer);
    for (size_t i = 0; peer != NULL && i < LINK_CONNECTIONS_MAX; i++) {
        struct line *line = &peer->lines[i];
        if (line->is_used && line->number == was->number) {
            end_ways_over(server, peer, line);
            *line = (struct line){0};
            return;
        }
    }
}

/* ---- lines ----------------------------------------------------------------------------------- */

/* The line stays in the table until its end is told, so that what libzmq hands over until then is
 * passed over and not taken for a new line. */
static void cut_line(struct link_server *server, struct line *line)
{
    connections_cut(&server->connections, line->fd, line->number);
    line->is_cut = true;
}

static struct line *oldest_line(struct admitted_peer *peer)
{
    struct line *oldest = &peer->lines[0];
    for (size_t i = 0; i < LINK_CONNECTIONS_MAX; i++) {
        struct line *line = &peer->lines[i];
        if (!line->is_used)
            return line;
        if (line->number < oldest->number)
            oldest = line;
    }
    return oldest;
}

/* The line of that id, a new one if it verifies; NULL: it does not, or its connection has ended,
 * and what comes is passed over: its sender keeps it. */
static struct line *line_of(struct link_server *server, struct admitted_peer *peer, int fd,
                            uint64_t number)
{
    struct connection before;
    struct bytes id = bytes_of_message(&server->id);
    struct line *line = id.size == ROUTING_ID_BYTES ? peer_line(peer, id.data) : NULL;
    if (line != NULL)
        return line;
    if (!peer->has_secret)
        peer->has_secret =
            routing_secret_derive(&server->secret_key, &peer->is.public_key, &peer->secret);
    if (!peer->has_secret || !routing_id_verify(&peer->secret, id)) {
        connections_refused(&server->connections, fd, number);
        count_cut(server, peer);
        return NULL;
    }
    if (!connections_known(&server->connections, fd, &peer->is.key, number, &before))
        return NULL;
    server_line_closed(server, &before);
    line = oldest_line(peer);
    if (line->is_used && !line->is_cut) {
        cut_line(server, line);
        count_cut(server, peer);
    }
    *line = (struct line){.is_used = true, .fd = fd, .number = number};
    memcpy(line->id, id.data, ROUTING_ID_BYTES);
    return line;
}

/* ---- one who has too much -------------------------------------------------------------------- */

/* What was waiting is dropped and its way ends, so that its sender keeps all of it. A line of its
 * own is cut; a carrier's is others' too, and stays. */
static void cut_peer(struct link_server *server, struct admitted_peer *peer)
{
    struct line *line = peer->has_way && !peer->is_carried ? peer_line(peer, peer->way) : NULL;
    inbox_clear(&server->inboxes, peer->inbox);
    if (line != NULL)
        cut_line(server, line);
    end_way(server, peer);
    count_cut(server, peer);
}

/* ---- a message ------------------------------------------------------------------------------- */

/* Who made the connection, if its CURVE key is still that peer's, and the connection's number.
 * "NAME KEY NUMBER": zap.h. */
static struct admitted_peer *peer_of_user(const struct link_server *server, const char *user,
                                          uint64_t *ret_number)
{
    struct key key;
    const char *blank = user == NULL ? NULL : strchr(user, ' ');
    const char *last = user == NULL ? NULL : strrchr(user, ' ');
    *ret_number = last == NULL ? 0 : strtoull(last + 1, NULL, 10);
    if (blank == NULL || last - blank != CURVE_KEY_TEXT_BYTES ||
        !key_parse((struct bytes){(const uint8_t *)user, (size_t)(blank - user)}, &key))
        return NULL;
    struct admitted_peer *peer = peers_find(&server->peers, &key);
    return peer != NULL &&
                   memcmp(peer->is.public_key.text, blank + 1, CURVE_KEY_TEXT_BYTES - 1) == 0
               ? peer
               : NULL;
}

/* Whose frame it is; NULL: nobody's who may send one over that connection. */
static struct admitted_peer *sender_of(struct link_server *server, struct admitted_peer *peer,
                                       bool is_named)
{
    if (peer->is.is_carrier != is_named)
        return NULL;
    return is_named ? peers_find_carried(&server->peers, peer, bytes_of_message(&server->name))
                    : peer;
}

/* True when this is a new connection of the participant, or another way. */
static bool bind_way(struct link_server *server, struct admitted_peer *peer, bool is_carried,
                     const struct line *line)
{
    if (peer->has_way && memcmp(peer->way, line->id, ROUTING_ID_BYTES) == 0)
        return false;
    memcpy(peer->way, line->id, ROUTING_ID_BYTES);
    peer->has_way = peer->has_come = true;
    peer->is_carried = is_carried;
    peer->connection = ++server->connection_count;
    return true;
}

static void cut_fullest(struct link_server *server, uint16_t line)
{
    const struct inbox *fullest = inboxes_fullest(&server->inboxes, line);
    if (fullest != NULL)
        cut_peer(server, peers_find(&server->peers, inbox_peer(fullest)));
}

/* carrier: whose line it is; NULL: the sender's own. */
static void keep_frame(struct link_server *server, struct admitted_peer *sender,
                       const struct admitted_peer *carrier, const struct line *line)
{
    bool is_first = bind_way(server, sender, carrier != NULL, line);
    if (sender->inbox == NULL)
        sender->inbox = inbox_new(&sender->is.key);
    if (sender->inbox == NULL) {
        sender->has_way = false; /* no memory: as if the frame had never come */
        return;
    }
    struct inbox_entry *entry = inbox_put(&server->inboxes, sender->inbox, LINK_FRAME,
                                          sender->connection, is_first, &server->frame);
    if (entry != NULL && carrier != NULL) {
        entry->carrier = carrier->is.key;
        inbox_count_carried(&server->inboxes, sender->inbox, entry, carrier->line);
    }
    if (entry == NULL || inbox_bytes(sender->inbox) > server->receive_bytes_max)
        cut_peer(server, sender);
    if (carrier != NULL &&
        server->inboxes.carried[carrier->line] > LINK_CARRIER_PARTS * server->receive_bytes_max)
        cut_fullest(server, carrier->line);
    if (server->inboxes.bytes > server->receive_bytes_all)
        cut_fullest(server, 0);
}

/* What is too long for a name by so much is no mistake: reading it costs what a frame does, and it
 * has no sender whose share that is. */
static bool is_waste(struct link_server *server, int parts)
{
    enum { NAME_BYTES_WASTED = 16 * PARTICIPANT_KEY_BYTES_MAX };
    return parts == 2 && zmq_msg_size(&server->name) > NAME_BYTES_WASTED;
}

/* One more message of that key that is nobody's; true: too many for its share. */
static bool is_too_stray(const struct link_server *server, struct admitted_peer *peer)
{
    mono_t now = server_now(server);
    int64_t forgotten = (now.ms - peer->strays_at.ms) * LINK_STRAYS_PER_S / 1000;
    if (forgotten > 0) {
        peer->strays -= forgotten < peer->strays ? (uint32_t)forgotten : peer->strays;
        peer->strays_at = now;
    }
    peer->strays += peer->strays <= LINK_STRAYS_MAX;
    return peer->strays > LINK_STRAYS_MAX;
}

/* parts: of link_receive_parts. */
static void take_message(struct link_server *server, int parts)
{
    int fd = zmq_msg_get(&server->frame, ZMQ_SRCFD);
    bool is_named = parts == 2;
    uint64_t number;
    struct admitted_peer *peer =
        peer_of_user(server, zmq_msg_gets(&server->frame, "User-Id"), &number);
    if (peer == NULL) {
        connections_refused(&server->connections, fd, number); /* its key is admitted no more */
        return;
    }
    struct line *line = line_of(server, peer, fd, number);
    if (line == NULL)
        return;
    connections_received(&server->connections, fd);
    if (line->is_cut)
        return;
    bool is_greeting = parts == 1 && zmq_msg_size(&server->frame) == 0;
    struct admitted_peer *sender =
        parts < 0 || is_greeting ? NULL : sender_of(server, peer, is_named);
    if (sender != NULL) {
        keep_frame(server, sender, is_named ? peer : NULL, line);
    } else if (is_waste(server, parts) || is_too_stray(server, peer)) {
        cut_line(server, line);
        charge_flood(server, peer);
    }
}

bool server_drain(struct link_server *server)
{
    for (int i = 0; i < SERVER_DRAIN_MAX; i++) {
        if (zmq_msg_recv(&server->id, server->socket, ZMQ_DONTWAIT) < 0)
            return false;
        int parts = link_receive_parts(server->socket, &server->name, &server->frame);
        if (parts != 0)
            take_message(server, parts);
    }
    return true;
}
