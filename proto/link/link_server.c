/* A server's start and end, its peers, and what is sent. What arrives: server_receive.c; what the
 * watch does: server_watch.c. One lock guards all that both threads touch; libzmq's sockets belong
 * to whoever holds it, which libzmq allows when a lock orders the threads (zmq_socket(3)). */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "proto/link/resources.h"
#include "proto/link/server_parts.h"
#include "proto/link/socket.h"

mono_t server_now(const struct link_server *server)
{
    return server->clock == NULL ? (mono_t){0} : server->clock();
}

/* ---- start and end --------------------------------------------------------------------------- */

/* ROUTER_MANDATORY: a frame for a connection that is gone is refused, where ZeroMQ would drop it
 * without a word. */
static bool configure(struct link_server *server, const struct link_server_options *options)
{
    int on = 1;
    void *socket = server->socket;
    return link_socket_configure(socket) &&
           zmq_setsockopt(socket, ZMQ_CURVE_SERVER, &on, sizeof on) == 0 &&
           zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, options->key.secret_key.text,
                          CURVE_KEY_TEXT_BYTES - 1) == 0 &&
           zmq_setsockopt(socket, ZMQ_ZAP_DOMAIN, "lienthong", 9) == 0 &&
           zmq_setsockopt(socket, ZMQ_ROUTER_MANDATORY, &on, sizeof on) == 0;
}

/* ZeroMQ takes "*" for a free port. */
static bool bind_to(struct link_server *server, const char *endpoint)
{
    char asked[SERVER_ENDPOINT_BYTES];
    size_t length = strlen(endpoint);
    size_t size = sizeof server->endpoint;
    if (length >= sizeof asked)
        return false;
    memcpy(asked, endpoint, length + 1);
    if (length > 2 && strcmp(asked + length - 2, ":0") == 0)
        asked[length - 1] = '*';
    if (zmq_bind(server->socket, asked) != 0 ||
        zmq_getsockopt(server->socket, ZMQ_LAST_ENDPOINT, server->endpoint, &size) != 0)
        return false;
    const char *port = strrchr(server->endpoint, ':');
    server->connections.port = (uint16_t)(port == NULL ? 0 : strtoul(port + 1, NULL, 10));
    return true;
}

/* Of what the process may have open, at most half goes to connections that have not proved a key
 * yet, so that strangers cannot take the places of participants. */
static void set_bounds(struct link_server *server, const struct link_server_options *options,
                       size_t connections)
{
    server->clock = options->clock;
    server->gate = (struct inbox_gate){.wants = options->wants, .context = options->context};
    server->send_bytes_max = options->send_bytes_max;
    server->send_bytes_all = options->send_bytes_all;
    server->receive_bytes_max =
        options->receive_bytes_max != 0 ? options->receive_bytes_max : LINK_RECEIVE_BYTES;
    server->receive_bytes_all =
        options->receive_bytes_all != 0 ? options->receive_bytes_all : LINK_RECEIVE_BYTES_ALL;
    server->connections.open_max = connections;
    server->connections.strangers_max =
        connections / 2 < CONNECTIONS_STRANGERS_MAX ? connections / 2 : CONNECTIONS_STRANGERS_MAX;
}

/* Bounds and authentication before the socket is bound: the first connection may come at once. */
static enum reason start(struct link_server *server, const struct link_server_options *options)
{
    size_t connections;
    enum reason reason = resources_check(&connections);
    if (reason != REASON_NONE)
        return reason;
    set_bounds(server, options, connections);
    server->secret_key = options->key.secret_key;
    server->context = routing_id_seed() ? zmq_ctx_new() : NULL;
    if (server->context == NULL ||
        zmq_ctx_set(server->context, ZMQ_IO_THREADS, options->io_threads) != 0)
        return REASON_OUT_OF_MEMORY;
    server->all = options->send_bytes_max > 0 ? account_new(false) : NULL;
    server->event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if ((options->send_bytes_max > 0 && server->all == NULL) || server->event < 0)
        return REASON_OUT_OF_MEMORY;
    reason =
        zap_new(server->context, &server->refusals, &server->cuts, options->clock, &server->zap);
    if (reason != REASON_NONE)
        return reason;
    server->socket = zmq_socket(server->context, ZMQ_ROUTER);
    if (server->socket == NULL)
        return REASON_OUT_OF_MEMORY;
    if (!configure(server, options))
        return REASON_KEY_UNREADABLE;
    server->monitor = link_monitor_new(server->context, server->socket);
    server->wait = server->monitor == NULL
                       ? -1
                       : link_wait_descriptor(server->socket, NULL, server->event, -1);
    if (server->wait < 0)
        return REASON_OUT_OF_MEMORY;
    if (!bind_to(server, options->endpoint))
        return errno == EADDRINUSE ? REASON_ADDRESS_TAKEN : REASON_LISTEN_FAILED;
    return watch_new(server_watch, server, link_descriptor(server->monitor), &server->watch);
}

/* What link_server_destroy undoes for any server: valid from here on. */
static struct link_server *allocate(void)
{
    struct link_server *server = calloc(1, sizeof *server);
    if (server == NULL)
        return NULL;
    server->wait = server->event = -1;
    (void)zmq_msg_init(&server->id);
    (void)zmq_msg_init(&server->name);
    (void)zmq_msg_init(&server->frame);
    if (refusals_init(&server->refusals)) {
        if (refusals_init(&server->cuts)) {
            if (pthread_mutex_init(&server->lock, NULL) == 0)
                return server;
            refusals_release(&server->cuts);
        }
        refusals_release(&server->refusals);
    }
    free(server);
    return NULL;
}

enum reason link_server_new(const struct link_server_options *options,
                            struct link_server **ret_server)
{
    struct link_server *server = allocate();
    if (server == NULL)
        return REASON_OUT_OF_MEMORY;
    enum reason reason = start(server, options);
    if (reason != REASON_NONE) {
        link_server_destroy(&server);
        return reason;
    }
    *ret_server = server;
    return REASON_NONE;
}

/* The context ends last, and waits until all sockets of it are closed, ZAP's too. */
static void close_sockets(struct link_server *server)
{
    if (server->socket != NULL) {
        (void)zmq_socket_monitor(server->socket, NULL, 0);
        (void)zmq_close(server->socket);
    }
    if (server->monitor != NULL)
        (void)zmq_close(server->monitor);
    zap_destroy(&server->zap);
    if (server->context != NULL)
        (void)zmq_ctx_term(server->context);
}

void link_server_destroy(struct link_server **server)
{
    struct link_server *gone = *server;
    *server = NULL;
    if (gone == NULL)
        return;
    watch_destroy(&gone->watch);
    (void)zmq_msg_close(&gone->id);
    (void)zmq_msg_close(&gone->name);
    (void)zmq_msg_close(&gone->frame);
    inbox_give_back(&gone->inboxes, gone->current);
    close_sockets(gone);
    if (gone->wait >= 0)
        (void)close(gone->wait);
    if (gone->event >= 0)
        (void)close(gone->event);
    peers_release(&gone->peers, &gone->inboxes);
    inboxes_release(&gone->inboxes);
    connections_release(&gone->connections);
    refusals_release(&gone->refusals);
    refusals_release(&gone->cuts);
    account_drop(gone->all);
    (void)pthread_mutex_destroy(&gone->lock);
    explicit_bzero(&gone->secret_key, sizeof gone->secret_key);
    free(gone);
}

/* With the port that the system gave, where ":0" was asked for. */
const char *link_server_endpoint(const struct link_server *server)
{
    return server->endpoint;
}

int link_server_fd(const struct link_server *server)
{
    return server->wait;
}

/* ---- peers ----------------------------------------------------------------------------------- */

/* By number as well as by descriptor: a descriptor is given out again as soon as its connection has
 * ended. */
static void cut_lines(struct link_server *server, const struct admitted_peer *old)
{
    for (size_t i = 0; i < LINK_CONNECTIONS_MAX; i++) {
        if (old->lines[i].is_used)
            connections_cut(&server->connections, old->lines[i].fd, old->lines[i].number);
    }
}

/* Who is no longer admitted, or with another key, is cut now and not at the next message: a key is
 * taken away because somebody else may have it. */
static bool replace_peers(struct link_server *server, const struct link_peer *peers, size_t count)
{
    struct peers before;
    if (!peers_replace(&server->peers, peers, count, &server->inboxes, &before))
        return false;
    for (size_t i = 0; i < before.slot_count; i++) {
        struct admitted_peer *old = &before.slots[i];
        if (!key_is_none(&old->is.key) &&
            !peer_has_same_key(old, peers_find(&server->peers, &old->is.key)))
            cut_lines(server, old);
    }
    peers_release(&before, &server->inboxes);
    const struct admitted_peer *waiting =
        server->has_pending ? peers_find(&server->peers, &server->current->peer) : NULL;
    server->has_pending = waiting != NULL && waiting->has_way;
    return true;
}

enum reason link_server_set_peers(struct link_server *server, const struct link_peer *peers,
                                  size_t count)
{
    /* Admission first: if the table cannot follow, a new key gets in and none of its frames. */
    enum reason reason = zap_set_peers(server->zap, peers, count);
    if (reason != REASON_NONE)
        return reason;
    pthread_mutex_lock(&server->lock);
    bool replaced = replace_peers(server, peers, count);
    pthread_mutex_unlock(&server->lock);
    return replaced ? REASON_NONE : REASON_OUT_OF_MEMORY;
}

/* False: it has not come since the start, or is not admitted. */
bool link_server_way(struct link_server *server, const struct key *participant,
                     struct key *ret_carrier)
{
    pthread_mutex_lock(&server->lock);
    const struct admitted_peer *peer = peers_find(&server->peers, participant);
    bool has_come = peer != NULL && peer->has_come;
    if (has_come)
        *ret_carrier = peer->is_carried ? peer->is.carrier : (struct key){0};
    pthread_mutex_unlock(&server->lock);
    return has_come;
}

/* ---- events ---------------------------------------------------------------------------------- */

/* The peer of a key that was cut: one that is in the table, by its key's text. */
static struct key peer_of_key(const struct link_server *server, const struct curve_key *public_key)
{
    for (size_t i = 0; i < server->peers.slot_count; i++) {
        if (strcmp(server->peers.slots[i].is.public_key.text, public_key->text) == 0)
            return server->peers.slots[i].is.key;
    }
    return (struct key){0};
}

/* Counted and reported once in a while, not one by one: whoever knocks with a wrong key must not
 * fill the log. */
static bool take_refusal(struct link_server *server, struct link_event *ret_event)
{
    mono_t now = server_now(server);
    uint64_t count;
    bool is_cut = refusals_next(&server->cuts, now, &server->reported, &count);
    if (!is_cut && !refusals_next(&server->refusals, now, &server->reported, &count))
        return false;
    *ret_event = (struct link_event){.kind = LINK_PEER_REFUSED,
                                     .reason = is_cut ? REASON_LINK_LIMIT : REASON_LINK_REFUSED,
                                     .bytes = bytes_of_text(server->reported.text),
                                     .count = count};
    if (is_cut)
        ret_event->peer = peer_of_key(server, &server->reported);
    return true;
}

/* Without the server's lock: refusals.c has its own, since ZAP's thread counts there. */
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

static struct link_event event_of(struct inbox_entry *entry, enum link_event_kind kind)
{
    struct link_event event = {.kind = kind,
                               .peer = entry->peer,
                               .connection = entry->connection,
                               .carrier = entry->carrier};
    if (kind == LINK_FRAME)
        event.bytes = (struct bytes){zmq_msg_data(&entry->frame), zmq_msg_size(&entry->frame)};
    return event;
}

/* What the watch has written to the event is not news any more. */
static void hear_watch(struct link_server *server)
{
    eventfd_t ignored;
    if (server->has_event)
        (void)eventfd_read(server->event, &ignored);
    server->has_event = false;
}

/* Frames that are at hand are given out in turns before the socket is read again, but for
 * SERVER_OWN_ROUND of them at most: what the socket holds is not known yet, and may be for somebody
 * who has waited. */
static bool take_next(struct link_server *server, struct link_event *ret_event)
{
    if (server->has_pending) {
        server->has_pending = false;
        *ret_event = event_of(server->current, LINK_FRAME);
        return true;
    }
    inbox_give_back(&server->inboxes, server->current);
    server->current = NULL;
    if (server->until_drain <= 0 || server->inboxes.turn == NULL) {
        server->until_drain = SERVER_OWN_ROUND;
        hear_watch(server);
        (void)server_drain(server);
        if (take_refusal(server, ret_event))
            return true;
    }
    server->until_drain--;
    struct inbox_entry *entry = server->current = inboxes_take(&server->inboxes, &server->gate);
    if (entry == NULL) {
        hear_watch(server); /* what is held for its turn is no news either */
        return false;
    }
    server->has_pending = entry->is_first;
    *ret_event = event_of(entry, entry->is_first ? LINK_PEER_CONNECTED : entry->kind);
    return true;
}

/* The event's bytes are ours until the next call: the frame is kept as `current`. */
bool link_server_receive(struct link_server *server, struct link_event *ret_event)
{
    pthread_mutex_lock(&server->lock);
    bool any = take_next(server, ret_event);
    pthread_mutex_unlock(&server->lock);
    return any;
}

/* ---- what is sent ---------------------------------------------------------------------------- */

/* Made when something is first sent: most of a registry may never come. */
static bool has_account(struct admitted_peer *peer)
{
    if (peer->account == NULL)
        peer->account = account_new(false);
    return peer->account != NULL;
}

/* In bytes; in frames ZeroMQ says. Within its share a peer has room whatever the others do.
 * carrier: over whose line; NULL: its own. */
static bool has_room(const struct link_server *server, struct admitted_peer *to,
                     struct admitted_peer *carrier, size_t size)
{
    if (server->all == NULL)
        return true;
    if (!has_account(to) || (carrier != NULL && !has_account(carrier)))
        return false;
    size_t own = account_bytes(to->account) + size;
    size_t line = carrier != NULL ? account_bytes(carrier->account) + size : own;
    size_t parts = carrier != NULL ? LINK_CARRIER_PARTS : 1;
    return line <= LINK_SHARE_BYTES ||
           (own <= server->send_bytes_max && line <= parts * server->send_bytes_max &&
            account_bytes(server->all) + size <= server->send_bytes_all);
}

/* LINK_LOST and BUSY are told apart because the one ends what is under way and the other is tried
 * again in the next step. */
static enum reason send_to(struct link_server *server, struct admitted_peer *to, struct bytes frame)
{
    static const struct key nobody;
    if (to == NULL || !to->has_way)
        return REASON_LINK_LOST;
    if (frame.size > FRAME_BYTES_MAX)
        return REASON_FRAME_TOO_LARGE;
    struct admitted_peer *carrier =
        to->is_carried ? peers_find(&server->peers, &to->is.carrier) : NULL;
    if (!has_room(server, to, carrier, frame.size))
        return REASON_BUSY;
    const struct bytes way = {to->way, sizeof to->way};
    const struct key *name = to->is_carried ? &to->is.key : &nobody;
    struct account *const accounts[ACCOUNTS_MAX] = {to->account, server->all,
                                                    carrier != NULL ? carrier->account : NULL};
    if (link_send_parts(server->socket, way, name, frame, accounts))
        return REASON_NONE;
    return errno == EHOSTUNREACH ? REASON_LINK_LOST : REASON_BUSY;
}

enum reason link_server_send(struct link_server *server, const struct key *peer, struct bytes frame)
{
    pthread_mutex_lock(&server->lock);
    enum reason reason = send_to(server, peers_find(&server->peers, peer), frame);
    pthread_mutex_unlock(&server->lock);
    return reason;
}
