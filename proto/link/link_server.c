/* A ROUTER names every connection by a routing id that it draws itself, unless the client brings
 * one along: such a connection is passed over, for it could take the name of another's that is
 * gone, and be sent what is for that one. Who is behind a connection is told by ZAP: the User-Id of
 * each message is the name that the CURVE key is registered for. The table of peers binds the two;
 * nothing that a client may choose decides who it is, and a carrier may choose among those that it
 * carries. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

#include "proto/link/peers.h"
#include "proto/link/refusals.h"
#include "proto/link/socket.h"
#include "proto/link/unfinished.h"
#include "proto/link/zap.h"

enum {
    ENDPOINT_BYTES = LINK_ENDPOINT_BYTES_MAX + 1,
    /* Looking at the monitor costs two system calls: not before every frame, but soon enough that
     * ZeroMQ's thread never waits for room in it. */
    MONITOR_FRAMES = 64,
};

struct link_server {
    void *context;
    void *socket;
    void *monitor;
    struct zap *zap;
    struct refusals refusals;
    struct curve_key refused;              /* of the event reported last */
    mono_t (*clock)(void);                 /* NULL: time stands still */
    size_t send_bytes_max, send_bytes_all; /* 0: not counted */
    struct account *all;                   /* under way to all participants, where it is counted */
    int wait;
    char endpoint[ENDPOINT_BYTES];
    zmq_msg_t name; /* of the frame's participant, on a carrier's connection */
    zmq_msg_t frame;
    struct peers peers;
    struct unfinished unfinished;
    uint64_t connections;
    int until_monitor; /* frames before the monitor is looked at */
    bool has_pending;  /* a frame that waits behind the event of its connection */
    struct link_event pending;
};

static bool configure(struct link_server *server, const struct link_server_options *options)
{
    int on = 1;
    void *socket = server->socket;
    return link_socket_configure(socket, options->receive_frames_max) &&
           zmq_setsockopt(socket, ZMQ_CURVE_SERVER, &on, sizeof on) == 0 &&
           zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, options->key.secret_key.text,
                          CURVE_KEY_TEXT_BYTES - 1) == 0 &&
           zmq_setsockopt(socket, ZMQ_ZAP_DOMAIN, "lienthong", 9) == 0 &&
           zmq_setsockopt(socket, ZMQ_ROUTER_MANDATORY, &on, sizeof on) == 0;
}

/* ZeroMQ takes "*" for a free port. */
static bool bind_to(struct link_server *server, const char *endpoint)
{
    char asked[ENDPOINT_BYTES];
    size_t length = strlen(endpoint);
    size_t size = sizeof server->endpoint;
    if (length >= sizeof asked)
        return false;
    memcpy(asked, endpoint, length + 1);
    if (length > 2 && strcmp(asked + length - 2, ":0") == 0)
        asked[length - 1] = '*';
    return zmq_bind(server->socket, asked) == 0 &&
           zmq_getsockopt(server->socket, ZMQ_LAST_ENDPOINT, server->endpoint, &size) == 0;
}

static enum reason start(struct link_server *server, const struct link_server_options *options)
{
    server->context = zmq_ctx_new();
    if (server->context == NULL ||
        zmq_ctx_set(server->context, ZMQ_IO_THREADS, options->io_threads) != 0)
        return REASON_OUT_OF_MEMORY;
    server->all = options->send_bytes_max > 0 ? account_new(false) : NULL;
    if (options->send_bytes_max > 0 && server->all == NULL)
        return REASON_OUT_OF_MEMORY;
    enum reason reason = zap_new(server->context, &server->refusals, &server->zap);
    if (reason != REASON_NONE)
        return reason;
    server->socket = zmq_socket(server->context, ZMQ_ROUTER);
    if (server->socket == NULL)
        return REASON_OUT_OF_MEMORY;
    if (!configure(server, options))
        return REASON_KEY_UNREADABLE;
    server->monitor = link_monitor_new(server->context, server->socket, "inproc://link.monitor");
    server->wait =
        server->monitor == NULL ? -1 : link_wait_descriptor(server->socket, server->monitor, -1);
    if (server->wait < 0)
        return REASON_OUT_OF_MEMORY;
    return bind_to(server, options->endpoint) ? REASON_NONE : REASON_LISTEN_FAILED;
}

enum reason link_server_new(const struct link_server_options *options,
                            struct link_server **ret_server)
{
    struct link_server *server = calloc(1, sizeof *server);
    if (server == NULL)
        return REASON_OUT_OF_MEMORY;
    if (!refusals_init(&server->refusals)) {
        free(server);
        return REASON_OUT_OF_MEMORY;
    }
    server->clock = options->clock;
    server->send_bytes_max = options->send_bytes_max;
    server->send_bytes_all = options->send_bytes_all;
    server->wait = -1;
    (void)zmq_msg_init(&server->name);
    (void)zmq_msg_init(&server->frame);
    enum reason reason = start(server, options);
    if (reason != REASON_NONE) {
        link_server_destroy(&server);
        return reason;
    }
    *ret_server = server;
    return REASON_NONE;
}

void link_server_destroy(struct link_server **server)
{
    struct link_server *gone = *server;
    *server = NULL;
    if (gone == NULL)
        return;
    if (gone->wait >= 0)
        (void)close(gone->wait);
    (void)zmq_msg_close(&gone->name);
    (void)zmq_msg_close(&gone->frame);
    if (gone->socket != NULL) {
        (void)zmq_socket_monitor(gone->socket, NULL, 0);
        (void)zmq_close(gone->socket);
    }
    if (gone->monitor != NULL)
        (void)zmq_close(gone->monitor);
    zap_destroy(&gone->zap);
    if (gone->context != NULL)
        (void)zmq_ctx_term(gone->context);
    refusals_release(&gone->refusals);
    account_drop(gone->all);
    unfinished_release(&gone->unfinished);
    peers_release(&gone->peers);
    free(gone);
}

const char *link_server_endpoint(const struct link_server *server)
{
    return server->endpoint;
}

enum reason link_server_set_peers(struct link_server *server, const struct link_peer *peers,
                                  size_t count)
{
    /* Admission first: if the table cannot follow, a new key gets in and none of its frames. */
    enum reason reason = zap_set_peers(server->zap, peers, count);
    if (reason != REASON_NONE)
        return reason;
    if (!peers_replace(&server->peers, peers, count))
        return REASON_OUT_OF_MEMORY;
    const struct peer *waiting = peers_find(&server->peers, &server->pending.peer);
    if (waiting == NULL || waiting->routing_id_size == 0)
        server->has_pending = false;
    return REASON_NONE;
}

int link_server_fd(const struct link_server *server)
{
    return server->wait;
}

/* True when there was any. */
static bool take_monitor_events(struct link_server *server)
{
    bool any = false;
    for (;;) {
        int fd;
        int number = link_monitor_next(server->monitor, &fd);
        if (number == 0)
            return any;
        any = true;
        if (number == ZMQ_EVENT_ACCEPTED)
            unfinished_accepted(&server->unfinished, fd);
        else if (number == ZMQ_EVENT_DISCONNECTED)
            unfinished_closed(&server->unfinished, fd);
        /* A key that is not admitted has been counted by ZAP. */
        if (number == ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL ||
            number == ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL)
            refusals_add(&server->refusals, NULL);
    }
}

static mono_t now_of(const struct link_server *server)
{
    return server->clock == NULL ? (mono_t){0} : server->clock();
}

static void cut_unfinished(struct link_server *server, bool is_idle)
{
    if (!is_idle && !unfinished_is_round(&server->unfinished))
        return;
    (void)take_monitor_events(server); /* what has begun and ended */
    size_t cut = unfinished_look(&server->unfinished, now_of(server));
    for (size_t i = 0; i < cut; i++)
        refusals_add(&server->refusals, NULL);
}

static bool take_refusal(struct link_server *server, struct link_event *ret_event)
{
    mono_t now = now_of(server);
    uint64_t count;
    if (!refusals_next(&server->refusals, now, &server->refused, &count))
        return false;
    *ret_event = (struct link_event){.kind = LINK_PEER_REFUSED,
                                     .reason = REASON_LINK_REFUSED,
                                     .bytes = bytes_of_text(server->refused.text),
                                     .count = count};
    return true;
}

uint64_t link_server_refusals(struct link_server *server)
{
    return refusals_total(&server->refusals);
}

void link_refusal_print(const struct link_event *event, char *ret_text)
{
    bool has_key = event->bytes.size > 0;
    (void)snprintf(ret_text, LINK_REFUSAL_TEXT_BYTES, "%s%.*s%stimes=%" PRIu64,
                   has_key ? "key=" : "", (int)event->bytes.size, (const char *)event->bytes.data,
                   has_key ? " " : "", event->count);
}

/* Binds the routing id to the participant; true when this is a new connection of it. */
static bool bind_peer(struct link_server *server, struct peer *peer, bool is_carried,
                      const uint8_t *routing_id, size_t size)
{
    if (peer->routing_id_size == size && memcmp(peer->routing_id, routing_id, size) == 0)
        return false;
    memcpy(peer->routing_id, routing_id, size);
    peer->routing_id_size = size;
    peer->is_carried = is_carried;
    peer->connection = ++server->connections;
    return true;
}

/* Who made the connection, if its CURVE key is still that peer's. "NAME KEY": zap.h. */
static struct peer *peer_of_user(const struct link_server *server, const char *user)
{
    struct key key;
    const char *blank = user == NULL ? NULL : strchr(user, ' ');
    if (blank == NULL ||
        !key_parse((struct bytes){(const uint8_t *)user, (size_t)(blank - user)}, &key))
        return NULL;
    struct peer *peer = peers_find(&server->peers, &key);
    return peer != NULL && strcmp(peer->is.public_key.text, blank + 1) == 0 ? peer : NULL;
}

/* Whose frame the message is that has just been received; NULL: nobody's who may send one. */
static struct peer *sender_of(struct link_server *server, bool is_named)
{
    struct peer *peer = peer_of_user(server, zmq_msg_gets(&server->frame, "User-Id"));
    if (peer == NULL || peer->is.is_carrier != is_named)
        return NULL;
    struct bytes name = {zmq_msg_data(&server->name), zmq_msg_size(&server->name)};
    return is_named ? peers_find_carried(&server->peers, peer, name) : peer;
}

/* The others begin with another byte, as ZeroMQ asks of those who choose. One who does not keep to
 * that has to guess a 32-bit number that began at random. */
static bool is_drawn(const uint8_t *routing_id, int size)
{
    return size == LINK_ROUTING_ID_BYTES && routing_id[0] == 0;
}

/* 1: a frame is in *ret_event; 0: none; -1: something that is passed over. */
static int receive_frame(struct link_server *server, struct link_event *ret_event, bool *ret_is_new)
{
    uint8_t routing_id[LINK_ROUTING_ID_BYTES];
    int size = zmq_recv(server->socket, routing_id, sizeof routing_id, ZMQ_DONTWAIT);
    if (size < 0)
        return 0;
    int parts = link_receive_parts(server->socket, &server->name, &server->frame);
    if (parts != 0)
        unfinished_received(&server->unfinished, zmq_msg_get(&server->frame, ZMQ_SRCFD));
    if (parts <= 0 || !is_drawn(routing_id, size))
        return -1;
    struct peer *peer = sender_of(server, parts == 2);
    if (peer == NULL)
        return -1;
    *ret_is_new = bind_peer(server, peer, parts == 2, routing_id, (size_t)size);
    *ret_event = (struct link_event){
        .kind = LINK_FRAME,
        .peer = peer->is.key,
        .connection = peer->connection,
        .bytes = {zmq_msg_data(&server->frame), zmq_msg_size(&server->frame)},
    };
    return 1;
}

bool link_server_receive(struct link_server *server, struct link_event *ret_event)
{
    if (server->has_pending) {
        server->has_pending = false;
        *ret_event = server->pending;
        return true;
    }
    bool is_time = server->until_monitor == 0;
    server->until_monitor = is_time ? MONITOR_FRAMES : server->until_monitor - 1;
    if (is_time && take_monitor_events(server) && take_refusal(server, ret_event))
        return true;
    struct link_event event;
    bool is_new = false;
    int got;
    do {
        got = receive_frame(server, &event, &is_new);
    } while (got < 0);
    cut_unfinished(server, got == 0);
    if (got == 0)
        return take_refusal(server, ret_event); /* also one whose minute is over */
    if (!is_new) {
        *ret_event = event;
        return true;
    }
    server->pending = event;
    server->has_pending = true;
    *ret_event = (struct link_event){
        .kind = LINK_PEER_CONNECTED, .peer = event.peer, .connection = event.connection};
    return true;
}

/* In bytes; in frames ZeroMQ says. Within its share a participant has room whatever the others do.
 */
static bool has_room(const struct link_server *server, struct peer *to, size_t size)
{
    if (server->all == NULL)
        return true;
    if (to->account == NULL)
        to->account = account_new(false);
    if (to->account == NULL)
        return false;
    size_t own = account_bytes(to->account) + size;
    return own <= LINK_SHARE_BYTES || (own <= server->send_bytes_max &&
                                       account_bytes(server->all) + size <= server->send_bytes_all);
}

bool link_server_way(const struct link_server *server, const struct key *participant,
                     struct key *ret_carrier)
{
    const struct peer *peer = peers_find(&server->peers, participant);
    if (peer == NULL || peer->routing_id_size == 0)
        return false;
    *ret_carrier = peer->is_carried ? peer->is.carrier : (struct key){0};
    return true;
}

enum reason link_server_send(struct link_server *server, const struct key *peer, struct bytes frame)
{
    static const struct key nobody;
    struct peer *to = peers_find(&server->peers, peer);
    if (to == NULL || to->routing_id_size == 0)
        return REASON_LINK_LOST;
    if (frame.size > FRAME_BYTES_MAX)
        return REASON_FRAME_TOO_LARGE;
    if (!has_room(server, to, frame.size))
        return REASON_BUSY;
    const struct bytes routing_id = {to->routing_id, to->routing_id_size};
    const struct key *name = to->is_carried ? &to->is.key : &nobody;
    if (link_send_parts(server->socket, routing_id, name, frame, to->account, server->all))
        return REASON_NONE;
    return errno == EHOSTUNREACH ? REASON_LINK_LOST : REASON_BUSY;
}
