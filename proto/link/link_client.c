/* A client: one connection that is dialled again and again.
 *
 *             handshake done               lost
 *   DIALLING ────────────────▶ UP ─────────────────▶ LOST ──▶ DIALLING: after a wait, by the watch
 *      │ │                                             ▲
 *      │ └──────── nobody there, or no word of it ─────┘
 *      └───────────────────────▶ REFUSED ──▶ DIALLING: by link_client_tick
 *        refused, or another end than ours
 *
 * ZeroMQ does not dial again by itself: every connection brings a new routing id, so that the
 * server lets it in at once whatever it still holds for the one before (routing_id.h). The first
 * message is empty: it says whose the connection is, and the server waits for that alone.
 *
 * The watch of the context drains each socket while its owner is busy (link.h, "Memory"). */
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "proto/base/check.h"
#include "proto/link/client_parts.h"
#include "proto/link/socket.h"

enum {
    RECONNECT_MIN_MS = 100,
    RECONNECT_MAX_MS = 5000,
};

/* The seed of the waits is the client's own key, so that no two clients have the same waits after
 * an outage that they all saw at one moment. */
static void init_redials(struct link_client *client, const struct link_client_options *options)
{
    int64_t min = options->refused_min_ms != 0 ? options->refused_min_ms : LINK_REFUSED_MIN_MS;
    int64_t max = options->refused_max_ms != 0 ? options->refused_max_ms : LINK_REFUSED_MAX_MS;
    uint64_t seed = hash_bytes(bytes_of_text(options->key.public_key.text));
    redial_init(&client->refused, min < max ? min : max, max, seed);
    min = options->reconnect_min_ms != 0 ? options->reconnect_min_ms : RECONNECT_MIN_MS;
    max = options->reconnect_max_ms != 0 ? options->reconnect_max_ms : RECONNECT_MAX_MS;
    redial_init(&client->lost, min < max ? min : max, max, seed);
}

static bool set_text(void *socket, int option, const char *text)
{
    return zmq_setsockopt(socket, option, text, strlen(text)) == 0;
}

static bool configure(struct link_client *client, const struct link_client_options *options)
{
    int immediate = 1; /* nothing is queued for a connection that does not stand */
    /* Never: the connection is given up long before. With -1 ZeroMQ would give the endpoint up by
     * itself, a moment after it had told how the connection ended, and then with it the next
     * connection to the same endpoint (session_base.cpp, reconnect). */
    int redial_ms = LINK_NEVER_MS;
    int connect_ms = LINK_CONNECT_MS;
    void *socket = client->socket;
    return link_socket_configure(socket) &&
           set_text(socket, ZMQ_CURVE_PUBLICKEY, options->key.public_key.text) &&
           set_text(socket, ZMQ_CURVE_SECRETKEY, options->key.secret_key.text) &&
           set_text(socket, ZMQ_CURVE_SERVERKEY, options->server_public_key.text) &&
           zmq_setsockopt(socket, ZMQ_RECONNECT_IVL, &redial_ms, sizeof redial_ms) == 0 &&
           zmq_setsockopt(socket, ZMQ_CONNECT_TIMEOUT, &connect_ms, sizeof connect_ms) == 0 &&
           zmq_setsockopt(socket, ZMQ_IMMEDIATE, &immediate, sizeof immediate) == 0 &&
           routing_secret_derive(&options->key.secret_key, &options->server_public_key,
                                 &client->secret);
}

/* What a failure leaves half made is link_client_destroy's, which takes a client at any point. */
static enum reason open_socket(struct link_client *client,
                               const struct link_client_options *options)
{
    client->group = options->beside != NULL ? options->beside->group : NULL;
    client->owns_group = client->group == NULL;
    if (client->owns_group) {
        enum reason reason = client_group_new(&client->group);
        if (reason != REASON_NONE)
            return reason;
    }
    client->socket = zmq_socket(client->group->context, ZMQ_DEALER);
    client->event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    client->account = options->send_bytes_max > 0 ? account_new(true) : NULL;
    client->inbox = inbox_new(&(struct key){0});
    if (client->socket == NULL || client->event < 0 || client->inbox == NULL ||
        client->endpoint == NULL || (client->account == NULL && options->send_bytes_max > 0))
        return REASON_OUT_OF_MEMORY;
    if (!configure(client, options))
        return REASON_KEY_UNREADABLE;
    client->monitor = link_monitor_new(client->group->context, client->socket);
    client->wait =
        client->monitor == NULL
            ? -1
            : link_wait_descriptor(client->socket, client->monitor, client->event,
                                   client->account != NULL ? account_fd(client->account) : -1);
    return client->wait < 0 ? REASON_OUT_OF_MEMORY : REASON_NONE;
}

enum reason link_client_new(const struct link_client_options *options,
                            struct link_client **ret_client)
{
    struct link_client *client = calloc(1, sizeof *client);
    if (client == NULL)
        return REASON_OUT_OF_MEMORY;
    if (pthread_mutex_init(&client->lock, NULL) != 0) {
        free(client);
        return REASON_OUT_OF_MEMORY;
    }
    client->wait = client->event = client->fd = -1;
    (void)zmq_msg_init(&client->name);
    (void)zmq_msg_init(&client->frame);
    client->is_carrier = options->is_carrier;
    client->send_bytes_max = options->send_bytes_max;
    client->receive_bytes_max =
        options->receive_bytes_max != 0 ? options->receive_bytes_max : LINK_RECEIVE_BYTES;
    init_redials(client, options);
    client->endpoint = strdup(options->endpoint);
    enum reason reason = open_socket(client, options);
    if (reason == REASON_NONE && !client_dial(client, link_mono()))
        reason = REASON_SETTINGS_INVALID;
    if (reason == REASON_NONE)
        reason = client_group_add(client->group, client);
    if (reason != REASON_NONE) {
        link_client_destroy(&client);
        return reason;
    }
    *ret_client = client;
    return REASON_NONE;
}

/* Out of the group first: after that no other thread looks at the client, and nothing below needs
 * the lock. The context ends last, with the group, since it waits for its sockets. */
void link_client_destroy(struct link_client **client)
{
    struct link_client *gone = *client;
    *client = NULL;
    if (gone == NULL)
        return;
    if (gone->group != NULL)
        client_group_remove(gone->group, gone);
    if (gone->wait >= 0)
        (void)close(gone->wait);
    if (gone->event >= 0)
        (void)close(gone->event);
    (void)zmq_msg_close(&gone->name);
    (void)zmq_msg_close(&gone->frame);
    inbox_give_back(&gone->inboxes, gone->current);
    inbox_drop(&gone->inboxes, &gone->inbox);
    inboxes_release(&gone->inboxes);
    if (gone->socket != NULL) {
        (void)zmq_socket_monitor(gone->socket, NULL, 0);
        (void)zmq_close(gone->socket);
    }
    if (gone->monitor != NULL)
        (void)zmq_close(gone->monitor);
    if (gone->owns_group)
        client_group_destroy(&gone->group);
    account_drop(gone->account);
    explicit_bzero(&gone->secret, sizeof gone->secret);
    (void)pthread_mutex_destroy(&gone->lock);
    free(gone->endpoint);
    free(gone);
}

int link_client_fd(const struct link_client *client)
{
    return client->wait;
}

/* ---- events ---------------------------------------------------------------------------------- */

/* The event's descriptor is cleared before the socket is read: what the watch tells after that is
 * news, and a wake-up too many costs a look. */
static bool take_next(struct link_client *client, struct link_event *ret_event)
{
    static const struct inbox_gate open_gate;
    eventfd_t ignored;
    if (client->is_awaiting && account_awaited(client->account))
        client->is_awaiting = false;
    inbox_give_back(&client->inboxes, client->current);
    client->current = NULL;
    if (client->until_service <= 0 || client->inboxes.turn == NULL) {
        client->until_service = CLIENT_OWN_ROUND;
        if (client->has_event)
            (void)eventfd_read(client->event, &ignored);
        client->has_event = false;
        (void)client_service(client, link_mono());
    }
    client->until_service--;
    struct inbox_entry *entry = client->current = inboxes_take(&client->inboxes, &open_gate);
    if (entry == NULL)
        return false;
    *ret_event =
        (struct link_event){.kind = entry->kind, .peer = entry->peer, .reason = entry->reason};
    if (entry->kind == LINK_FRAME)
        ret_event->bytes = (struct bytes){zmq_msg_data(&entry->frame), zmq_msg_size(&entry->frame)};
    return true;
}

bool link_client_receive(struct link_client *client, struct link_event *ret_event)
{
    pthread_mutex_lock(&client->lock);
    bool any = take_next(client, ret_event);
    pthread_mutex_unlock(&client->lock);
    return any;
}

/* The owner's clock decides when a refused client comes again, so that a simulated day has the
 * waits of a day. Lost connections are dialled by the watch, on the real clock. */
void link_client_tick(struct link_client *client, mono_t now)
{
    pthread_mutex_lock(&client->lock);
    if (client->state == CLIENT_REFUSED && client->refused_due.ms == 0)
        client->refused_due = (mono_t){now.ms + redial_next_ms(&client->refused)};
    if (client->state == CLIENT_REFUSED && now.ms >= client->refused_due.ms)
        (void)client_dial(client, link_mono());
    pthread_mutex_unlock(&client->lock);
}

/* ---- what is sent ---------------------------------------------------------------------------- */

/* Once full, the owner is woken when half of the limit is free (account.c), and not for each
 * message. */
static bool has_room(struct link_client *client)
{
    bool is_full =
        client->account != NULL && account_bytes(client->account) >= client->send_bytes_max;
    if (is_full) {
        client->is_awaiting = true; /* until its descriptor was read, whatever is sent before */
        account_await(client->account, client->send_bytes_max);
    }
    return !is_full;
}

/* BUSY keeps the message at the caller and passes; LINK_LOST says that a new connection has to be
 * made first, and that what was under way is to be sent again. */
static enum reason send_parts(struct link_client *client, const struct key *name,
                              struct bytes frame)
{
    const struct bytes no_routing_id = {0};
    struct account *const accounts[ACCOUNTS_MAX] = {client->account};
    pthread_mutex_lock(&client->lock);
    enum reason reason = client->state == CLIENT_UP ? REASON_BUSY : REASON_LINK_LOST;
    if (reason == REASON_BUSY && has_room(client) &&
        link_send_parts(client->socket, no_routing_id, name, frame, accounts))
        reason = REASON_NONE;
    pthread_mutex_unlock(&client->lock);
    return reason;
}

bool link_client_has_room(struct link_client *client)
{
    pthread_mutex_lock(&client->lock);
    bool has = has_room(client);
    pthread_mutex_unlock(&client->lock);
    return has;
}

enum reason link_client_send(struct link_client *client, struct bytes frame)
{
    static const struct key nobody;
    check(!client->is_carrier);
    return send_parts(client, &nobody, frame);
}

enum reason link_client_send_for(struct link_client *client, const struct key *participant,
                                 struct bytes frame)
{
    check(client->is_carrier && !key_is_none(participant));
    return send_parts(client, participant, frame);
}
