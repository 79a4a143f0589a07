#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

#include "proto/base/check.h"
#include "proto/link/redial.h"
#include "proto/link/socket.h"

enum {
    RECONNECT_MIN_MS = 100,
    RECONNECT_MAX_MS = 5000,
    MONITOR_NAME_BYTES = 64,
    CONTEXT_SOCKETS_MAX = 4 * PARTICIPANTS_MAX, /* two sockets and a monitor's end for each */
};

struct link_client {
    void *context;
    bool is_context_shared; /* somebody else's */
    void *socket;
    void *monitor;
    int wait;
    zmq_msg_t name; /* of the frame, on a carrier's connection */
    zmq_msg_t frame;
    char *endpoint;
    size_t send_bytes_max;
    struct account *account; /* of what waits for the line, where that is counted */
    struct redial redial;
    mono_t redial_due; /* 0: the next tick sets it */
    bool is_carrier;
    bool is_connected;
    bool is_awaiting; /* room on the account */
    bool is_refused;  /* not dialled, until link_client_tick does */
};

static bool set_text(void *socket, int option, const char *text)
{
    return zmq_setsockopt(socket, option, text, strlen(text)) == 0;
}

static bool configure(struct link_client *client, const struct link_client_options *options)
{
    int minimum =
        options->reconnect_min_ms != 0 ? (int)options->reconnect_min_ms : (int)RECONNECT_MIN_MS;
    int maximum =
        options->reconnect_max_ms != 0 ? (int)options->reconnect_max_ms : (int)RECONNECT_MAX_MS;
    int immediate = 1; /* nothing is queued for a connection that does not stand */
    void *socket = client->socket;
    return link_socket_configure(socket, 0) &&
           set_text(socket, ZMQ_CURVE_PUBLICKEY, options->key.public_key.text) &&
           set_text(socket, ZMQ_CURVE_SECRETKEY, options->key.secret_key.text) &&
           set_text(socket, ZMQ_CURVE_SERVERKEY, options->server_public_key.text) &&
           zmq_setsockopt(socket, ZMQ_RECONNECT_IVL, &minimum, sizeof minimum) == 0 &&
           zmq_setsockopt(socket, ZMQ_RECONNECT_IVL_MAX, &maximum, sizeof maximum) == 0 &&
           zmq_setsockopt(socket, ZMQ_IMMEDIATE, &immediate, sizeof immediate) == 0;
}

static void init_redial(struct redial *redial, const struct link_client_options *options)
{
    int64_t min = options->refused_min_ms != 0 ? options->refused_min_ms : LINK_REFUSED_MIN_MS;
    int64_t max = options->refused_max_ms != 0 ? options->refused_max_ms : LINK_REFUSED_MAX_MS;
    uint64_t seed = hash_bytes(bytes_of_text(options->key.public_key.text));
    redial_init(redial, min < max ? min : max, max, seed);
}

static void *open_context(const struct link_client *beside)
{
    if (beside != NULL)
        return beside->context;
    void *context = zmq_ctx_new();
    if (context != NULL)
        (void)zmq_ctx_set(context, ZMQ_MAX_SOCKETS, CONTEXT_SOCKETS_MAX);
    return context;
}

enum reason link_client_new(const struct link_client_options *options,
                            struct link_client **ret_client)
{
    struct link_client *client = calloc(1, sizeof *client);
    if (client == NULL)
        return REASON_OUT_OF_MEMORY;
    client->wait = -1;
    (void)zmq_msg_init(&client->name);
    (void)zmq_msg_init(&client->frame);
    client->is_carrier = options->is_carrier;
    init_redial(&client->redial, options);
    client->endpoint = strdup(options->endpoint);
    client->is_context_shared = options->beside != NULL;
    client->context = open_context(options->beside);
    client->socket = client->context == NULL ? NULL : zmq_socket(client->context, ZMQ_DEALER);
    enum reason reason = REASON_OUT_OF_MEMORY;
    client->send_bytes_max = options->send_bytes_max;
    client->account = options->send_bytes_max > 0 ? account_new(true) : NULL;
    if (client->socket != NULL && client->endpoint != NULL &&
        (client->account != NULL || options->send_bytes_max == 0))
        reason = configure(client, options) ? REASON_NONE : REASON_KEY_UNREADABLE;
    if (reason == REASON_NONE) {
        char name[MONITOR_NAME_BYTES]; /* one for each socket of a context */
        (void)snprintf(name, sizeof name, "inproc://link.monitor.%p", client->socket);
        client->monitor = link_monitor_new(client->context, client->socket, name);
        client->wait =
            client->monitor == NULL
                ? -1
                : link_wait_descriptor(client->socket, client->monitor,
                                       client->account != NULL ? account_fd(client->account) : -1);
        if (client->wait < 0)
            reason = REASON_OUT_OF_MEMORY;
    }
    if (reason == REASON_NONE && zmq_connect(client->socket, options->endpoint) != 0)
        reason = REASON_SETTINGS_INVALID;
    if (reason != REASON_NONE) {
        link_client_destroy(&client);
        return reason;
    }
    *ret_client = client;
    return REASON_NONE;
}

void link_client_destroy(struct link_client **client)
{
    struct link_client *gone = *client;
    *client = NULL;
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
    if (gone->context != NULL && !gone->is_context_shared)
        (void)zmq_ctx_term(gone->context);
    account_drop(gone->account);
    free(gone->endpoint);
    free(gone);
}

int link_client_fd(const struct link_client *client)
{
    return client->wait;
}

/* A server with another key hangs up, and ZeroMQ would dial again at once and for ever; after an
 * answer that refuses the key it would never. In both cases what is left of the connection goes,
 * and link_client_tick dials. */
static void set_refused(struct link_client *client)
{
    client->is_refused = true;
    client->is_connected = false;
    client->redial_due = (mono_t){0};
    (void)zmq_disconnect(client->socket, client->endpoint);
}

/* What the monitor saw, as an event of ours; false: nothing to tell. */
static bool take_monitor_event(struct link_client *client, struct link_event *ret_event)
{
    for (;;) {
        int value;
        int number = link_monitor_next(client->monitor, &value);
        switch (number) {
        case 0:
            return false;
        case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
            if (client->is_refused) /* ZeroMQ was quicker, and it is disconnected by now */
                continue;
            client->is_connected = true;
            redial_reset(&client->redial);
            *ret_event = (struct link_event){.kind = LINK_PEER_CONNECTED};
            return true;
        case ZMQ_EVENT_DISCONNECTED:
            if (!client->is_connected)
                continue;
            client->is_connected = false;
            *ret_event = (struct link_event){.kind = LINK_PEER_GONE, .reason = REASON_LINK_LOST};
            return true;
        case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
        case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
        case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
            if (client->is_refused)
                continue;
            set_refused(client);
            *ret_event = (struct link_event){.kind = LINK_PEER_REFUSED,
                                             .reason = number == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH
                                                           ? REASON_LINK_REFUSED
                                                           : REASON_LINK_LOST};
            return true;
        default:
            continue;
        }
    }
}

/* 1: a frame is in *ret_event; 0: none; -1: something that is passed over. */
static int receive_frame(struct link_client *client, struct link_event *ret_event)
{
    struct key name = {0};
    int parts = link_receive_parts(client->socket, &client->name, &client->frame);
    if (parts <= 0)
        return parts;
    if (client->is_carrier != (parts == 2))
        return -1;
    struct bytes text = {zmq_msg_data(&client->name), zmq_msg_size(&client->name)};
    if (client->is_carrier && !key_parse(text, &name))
        return -1;
    *ret_event = (struct link_event){
        .kind = LINK_FRAME,
        .peer = name,
        .bytes = {zmq_msg_data(&client->frame), zmq_msg_size(&client->frame)},
    };
    return 1;
}

bool link_client_receive(struct link_client *client, struct link_event *ret_event)
{
    if (client->is_awaiting && account_awaited(client->account))
        client->is_awaiting = false;
    /* Connections before frames: a frame belongs to the connection that was reported. */
    if (take_monitor_event(client, ret_event))
        return true;
    int got;
    do {
        got = receive_frame(client, ret_event);
    } while (got < 0);
    return got > 0;
}

void link_client_tick(struct link_client *client, mono_t now)
{
    if (!client->is_refused)
        return;
    if (client->redial_due.ms == 0)
        client->redial_due = (mono_t){now.ms + redial_next_ms(&client->redial)};
    if (now.ms < client->redial_due.ms)
        return;
    client->redial_due = (mono_t){0};
    client->is_refused = zmq_connect(client->socket, client->endpoint) != 0;
}

static bool has_room(struct link_client *client, size_t size)
{
    bool is_full =
        client->account != NULL && account_bytes(client->account) + size > client->send_bytes_max;
    if (is_full) {
        client->is_awaiting = true; /* until its descriptor was read, whatever is sent before */
        account_await(client->account, client->send_bytes_max);
    }
    return !is_full;
}

static enum reason send_parts(struct link_client *client, const struct key *name,
                              struct bytes frame)
{
    const struct bytes no_routing_id = {0};
    if (has_room(client, frame.size) &&
        link_send_parts(client->socket, no_routing_id, name, frame, client->account, NULL))
        return REASON_NONE;
    return client->is_connected ? REASON_BUSY : REASON_LINK_LOST;
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
