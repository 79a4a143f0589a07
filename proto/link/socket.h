/* socket - what both ends of a link share of ZeroMQ: options, monitor, one descriptor to wait on.
 */
#pragma once

#include "proto/link/account.h"
#include "proto/link/link.h"

enum {
    LINK_BOX_BYTES = 33,  /* what CURVE puts around a part: name, nonce, MAC, flags (RFC 26) */
    LINK_LINGER_MS = 500, /* last acknowledgements may leave at a clean stop */
    LINK_NEVER_MS = 24 * 60 * 60 * 1000,
    LINK_HANDSHAKE_MS = 10000,            /* a peer that does not finish the handshake is dropped */
    LINK_DIAL_MS = 2 * LINK_HANDSHAKE_MS, /* connecting, and the handshake: begun anew after that */
    LINK_CONNECT_MS = 5000,               /* the kernel's part of it */
    LINK_RESOLVE_MS = 2000,               /* and of a name; then it is asked again */
    /* A dead line is noticed by the kernel: what is not acknowledged for so long, or, while nothing
     * is sent, probes after so many seconds, so far apart, so many. ZeroMQ's heartbeats are not
     * used: its timer asserts on a connection that was reset while its input was stopped
     * (stream_engine_base.cpp: out_event, !_io_error). */
    LINK_UNACKNOWLEDGED_MS = 10000,
    LINK_PROBE_AFTER_S = 5,
    LINK_PROBE_EVERY_S = 2,
    LINK_PROBES = 3,
};

/* A monotonic clock. */
mono_t link_mono(void);
/* Options of both ends. False: ZeroMQ refused one. */
bool link_socket_configure(void *socket);
/* A monitor socket that reports how connections fare; NULL without memory. */
void *link_monitor_new(void *context, void *socket);
/* The next event number of the monitor, 0 when there is none. ret_value: what comes with it; of
 * ZMQ_EVENT_ACCEPTED, CONNECTED and DISCONNECTED the connection's descriptor. */
int link_monitor_next(void *monitor, int *ret_value);
/* What becomes readable when a ZeroMQ socket may have something; -1: it has none. */
int link_descriptor(void *socket);
/* One epoll descriptor over those of both sockets (monitor NULL: one), and two others (-1: none);
 * -1: none to be had. */
int link_wait_descriptor(void *socket, void *monitor, int event, int other);
/* Receives one message without waiting. 1: a frame alone; 2: a carrier's, a name and a frame; 0:
 * none; -1: it had more parts and was thrown away. Both are initialised by the caller and replaced.
 */
int link_receive_parts(void *socket, void *name, void *frame);
/* False when the message could not be queued; errno says why. routing_id: a ROUTER's; empty: of a
 * DEALER. name none: a frame alone. accounts: the frame is on them (account.h); the first NULL: it
 * is not counted. */
bool link_send_parts(void *socket, struct bytes routing_id, const struct key *name,
                     struct bytes frame, struct account *const accounts[ACCOUNTS_MAX]);
