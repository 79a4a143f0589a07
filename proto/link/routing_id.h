/* routing_id - the name that a connection brings along: nobody can make it but the two ends.
 *
 * A ROUTER keeps its connections by a name that each peer may bring. It draws names itself for
 * those who bring none, from a counter that begins at rand(), and asserts when one that it draws is
 * there already; a name that has become free may be brought by anybody. So a name says nothing,
 * unless it proves whose it is:
 *
 *     secret = X25519 of the two CURVE keys (crypto_box_beforenm)
 *     id     = 1 | nonce (15 bytes) | BLAKE2b-128, keyed with secret, of (LABEL | 1 | nonce)
 *
 * The client draws a nonce for every connection. The server takes frames from, and sends to, only
 * ids that verify for the key which ZAP let in; ids that ZeroMQ drew, which begin with 0, are never
 * used for anything. Nobody else knows the secret, and the id itself travels inside CURVE, so that
 * the id of another's connection, future, present or past, cannot be brought. The same id twice is
 * one key's own doing; ZeroMQ ignores the later one, and the server cuts it (connections.h).
 *
 * What is left is the assertion: a drawn number that meets one which somebody admitted has brought
 * on purpose. Connections with an id that does not verify end with their first message, or after
 * CONNECTIONS_STRANGER_MS, and a key may connect ZAP_CONNECTS_PER_MIN times, after a burst of
 * ZAP_CONNECTS_BURST: of what it may do in a second, half for each, 1.25 such ids are held and 0.25
 * numbers drawn, where honest peers make ZeroMQ draw none. With a counter
 * that begins at a number nobody knows (routing_id_seed), one hostile key meets one in
 * 2^32 / (1.25 * 0.25) s, 435 years; twenty such keys together, which help each other, in one.
 *
 * Source: libzmq 4.3.4, router.cpp (identify_peer), random.cpp; libsodium 1.0.18.
 */
#pragma once

#include "proto/link/link.h"

enum { ROUTING_ID_BYTES = 32, ROUTING_SECRET_BYTES = 32 };

struct routing_secret {
    uint8_t bytes[ROUTING_SECRET_BYTES];
};

/* Before the first socket: seeds rand(), which ZeroMQ draws from and never seeds, from the kernel.
 * False: the kernel gave nothing. */
bool routing_id_seed(void);
/* Both ends come to the same one. False: a key is not one. */
bool routing_secret_derive(const struct curve_key *own_secret, const struct curve_key *other_public,
                           struct routing_secret *ret_secret);
/* Another one at every call. */
void routing_id_make(const struct routing_secret *secret, uint8_t ret_id[ROUTING_ID_BYTES]);
bool routing_id_verify(const struct routing_secret *secret, struct bytes id);
