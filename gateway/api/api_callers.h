/* api_callers - how often who may connect over TLS.
 *
 * A handshake costs us a signature, one to ten milliseconds of the core's own thread, and costs
 * whoever begins it nothing. So each address may begin some in a second, and all that are not known
 * together some more; an address from which somebody has shown that he may call has plenty,
 * whatever the others do. Beyond that a connection is closed before its first byte. An IPv6 network
 * of 64 bits counts as one address.
 *
 * Bounds: API_CALLERS_MAX addresses are remembered; the oldest that is not known goes first.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "proto/base/time.h"

enum {
    API_CALLERS_MAX = 64,
    /* With the slowest key in use (RSA-4096) 16 a second are an eighth of a processor, and the 8
     * that may come at once keep the core's thread for 80 ms; with a P-256 key for 2 ms. */
    API_STRANGER_HANDSHAKES = 4,   /* a second, of one address */
    API_STRANGERS_HANDSHAKES = 16, /* of all */
    API_STRANGERS_AT_ONCE = 8,
    API_KNOWN_HANDSHAKES = 64, /* a program that connects anew for each call */
};

struct api_rate {
    int64_t credit_ms;
    mono_t since;
};

struct api_caller {
    uint8_t network[8];
    struct api_rate rate;
    bool is_known;
};

struct api_callers {
    struct api_caller callers[API_CALLERS_MAX];
    size_t count;
    struct api_rate strangers;
};

/* False: not now. */
bool api_callers_admit(struct api_callers *callers, const struct sockaddr *address, mono_t now);
/* Somebody there may call. */
void api_callers_know(struct api_callers *callers, const struct sockaddr *address);
