/* CURVE keys as text (Z85). The secret's public half is derived and never configured: two settings
 * could contradict one another. */
#include "proto/link/link.h"

#include <string.h>
#include <zmq.h>

/* Decoded to be sure and kept as text, which is what ZeroMQ's options take. */
bool curve_key_parse(struct bytes text, struct curve_key *ret_key)
{
    enum { TEXT_SIZE = CURVE_KEY_TEXT_BYTES - 1 };
    struct curve_key key = {0};
    uint8_t decoded[CURVE_KEY_BYTES];
    if (text.size != TEXT_SIZE)
        return false;
    memcpy(key.text, text.data, TEXT_SIZE);
    if (zmq_z85_decode(decoded, key.text) == NULL)
        return false;
    *ret_key = key;
    return true;
}

enum reason curve_pair_make(struct curve_pair *ret_pair)
{
    struct curve_pair pair;
    if (zmq_curve_keypair(pair.public_key.text, pair.secret_key.text) != 0)
        return REASON_KEY_UNREADABLE;
    *ret_pair = pair;
    return REASON_NONE;
}

bool curve_pair_of_secret(struct bytes secret, struct curve_pair *ret_pair)
{
    struct curve_pair pair;
    if (!curve_key_parse(secret, &pair.secret_key) ||
        zmq_curve_public(pair.public_key.text, pair.secret_key.text) != 0)
        return false;
    *ret_pair = pair;
    return true;
}
