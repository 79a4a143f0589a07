/* zap - who may connect: the ZAP handler (RFC 27) of one ZeroMQ context, on a thread of its own.
 *
 * It admits exactly the CURVE keys given last. Its answer's User-Id, which ZeroMQ then puts on each
 * message of the connection, is "NAME KEY NUMBER": the peer's name, the CURVE key that the
 * connection was made with, in Z85, and which of all handshakes it was, from 1. A descriptor is
 * given out again; of two connections that had it, the later one has the higher number.
 * Calling sequence: zap_new before the server socket binds; zap_set_peers any number of times, from
 * any thread; zap_destroy before the context ends.
 */
#pragma once

#include "proto/link/link.h"
#include "proto/link/refusals.h"

struct zap;

enum {
    /* Handshakes of one key: as many at once as when a line breaks again and again for a moment,
     * and so many a minute for ever. One that is too many is refused with RFC 27's 300: come again.
     * routing_id.h says what else rests on it. */
    ZAP_CONNECTS_BURST = 16,
    ZAP_CONNECTS_PER_MIN = 30,
    /* What a line costs besides that had to be cut for a flood; down to as many connects owed as
     * may be saved up: then the key rests for half a minute. Loading the registry forgives it. */
    ZAP_CUT_CONNECTS = ZAP_CONNECTS_BURST / 2,
};

/* context: a ZeroMQ context. refusals, cuts: outlive it; the first hears of each key that is not
 * admitted, the second of one that connects too often. clock NULL: how often is not looked at. */
enum reason zap_new(void *context, struct refusals *refusals, struct refusals *cuts,
                    mono_t (*clock)(void), struct zap **ret_zap);
void zap_destroy(struct zap **zap);
/* A line of that peer's was cut for what no honest one sends. Any thread. */
void zap_charge(struct zap *zap, const struct key *peer);
enum reason zap_set_peers(struct zap *zap, const struct link_peer *peers, size_t count);
