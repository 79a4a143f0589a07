/* link_raw - ZeroMQ's own sockets at a link's server, for shapes and ids that no link makes.
 * Include after cmocka. */
#pragma once

#include <zmq.h>

#include "proto/link/link.h"
#include "proto/link/routing_id.h"

/* CURVE, no linger; not connected, no id. */
static inline void *raw_dealer(void *context, const struct curve_key *server,
                               const struct curve_pair *key)
{
    const size_t size = CURVE_KEY_TEXT_BYTES - 1;
    int none = 0;
    void *socket = zmq_socket(context, ZMQ_DEALER);
    assert_non_null(socket);
    assert_int_equal(zmq_setsockopt(socket, ZMQ_LINGER, &none, sizeof none), 0);
    assert_int_equal(zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, server->text, size), 0);
    assert_int_equal(zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, key->public_key.text, size), 0);
    assert_int_equal(zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, key->secret_key.text, size), 0);
    return socket;
}

/* The id that an honest client with that key would bring. */
static inline void raw_make_id(const struct curve_key *server, const struct curve_pair *key,
                               uint8_t ret_id[ROUTING_ID_BYTES])
{
    struct routing_secret secret;
    assert_true(routing_secret_derive(&key->secret_key, server, &secret));
    routing_id_make(&secret, ret_id);
}

static inline void raw_set_id(void *socket, const void *id, size_t size)
{
    assert_int_equal(zmq_setsockopt(socket, ZMQ_ROUTING_ID, id, size), 0);
}

static inline void raw_name(void *socket, const struct curve_key *server,
                            const struct curve_pair *key)
{
    uint8_t id[ROUTING_ID_BYTES];
    raw_make_id(server, key, id);
    raw_set_id(socket, id, sizeof id);
}
