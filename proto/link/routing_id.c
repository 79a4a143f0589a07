/* Names of connections within ZeroMQ's ROUTER socket, which takes them from the peer as they come:
 * a stranger could take the name of another's connection and so get his frames. A name is
 * therefore a nonce and its MAC under the secret that both ends derive from their CURVE keys
 * (decisions/keyed-routing-ids.md). */
#include "proto/link/routing_id.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#define LABEL "lienthong routing id"

enum { VERSION = 1, NAMED_BYTES = 16, MAC_BYTES = 16 };

_Static_assert(NAMED_BYTES + MAC_BYTES == ROUTING_ID_BYTES, "an id is a nonce and its MAC");
_Static_assert(ROUTING_SECRET_BYTES == crypto_box_BEFORENMBYTES, "what X25519 gives");
_Static_assert(MAC_BYTES >= crypto_generichash_BYTES_MIN, "what BLAKE2b makes");

/* libzmq draws the names of connections that bring none with rand(), which begins with the same
 * number in every process (decisions/keyed-routing-ids.md). */
bool routing_id_seed(void)
{
    unsigned int seed;
    if (sodium_init() < 0)
        return false;
    randombytes_buf(&seed, sizeof seed);
    srand(seed);
    return true;
}

bool routing_secret_derive(const struct curve_key *own_secret, const struct curve_key *other_public,
                           struct routing_secret *ret_secret)
{
    uint8_t secret[CURVE_KEY_BYTES];
    uint8_t public[CURVE_KEY_BYTES];
    bool derived = sodium_init() >= 0 && zmq_z85_decode(secret, own_secret->text) != NULL &&
                   zmq_z85_decode(public, other_public->text) != NULL &&
                   crypto_box_beforenm(ret_secret->bytes, public, secret) == 0;
    sodium_memzero(secret, sizeof secret);
    return derived;
}

/* The label keeps this use of the secret apart from any other that the two keys may get. */
static void authenticate(const struct routing_secret *secret, const uint8_t *named,
                         uint8_t ret_mac[MAC_BYTES])
{
    uint8_t text[sizeof LABEL - 1 + NAMED_BYTES];
    memcpy(text, LABEL, sizeof LABEL - 1);
    memcpy(text + sizeof LABEL - 1, named, NAMED_BYTES);
    (void)crypto_generichash(ret_mac, MAC_BYTES, text, sizeof text, secret->bytes,
                             sizeof secret->bytes);
}

void routing_id_make(const struct routing_secret *secret, uint8_t ret_id[ROUTING_ID_BYTES])
{
    randombytes_buf(ret_id, NAMED_BYTES);
    ret_id[0] = VERSION;
    authenticate(secret, ret_id, ret_id + NAMED_BYTES);
}

/* Compared in constant time: each attempt of a stranger would otherwise tell how far it was
 * right. */
bool routing_id_verify(const struct routing_secret *secret, struct bytes id)
{
    uint8_t mac[MAC_BYTES];
    if (id.size != ROUTING_ID_BYTES || id.data[0] != VERSION)
        return false;
    authenticate(secret, id.data, mac);
    return sodium_memcmp(mac, id.data + NAMED_BYTES, MAC_BYTES) == 0;
}
