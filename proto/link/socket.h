/* socket - what both ends of a link share of ZeroMQ: options, monitor, one descriptor to wait on.
 */
#ifndef PROTO_LINK_SOCKET_H
#define PROTO_LINK_SOCKET_H

#include "proto/link/account.h"
#include "proto/link/link.h"

enum {
    LINK_BOX_BYTES = 33,       /* what CURVE puts around a part: name, nonce, MAC, flags (RFC 26) */
    LINK_LINGER_MS = 500,      /* last acknowledgements may leave at a clean stop */
    LINK_HANDSHAKE_MS = 10000, /* a peer that does not finish the handshake is dropped */
    LINK_TCP_HEARTBEAT_MS = 5000, /* a dead connection is noticed below our own heartbeat */
};

/* Options of both ends. receive_frames_max 0: LINK_SEND_QUEUE_MAX. False: ZeroMQ refused one. */
bool link_socket_configure(void *socket, int receive_frames_max);
/* A monitor socket that reports how connections fare; NULL without memory. name: unique inproc. */
void *link_monitor_new(void *context, void *socket, const char *name);
/* The next event number of the monitor, 0 when there is none. ret_value: what comes with it; of
 * ZMQ_EVENT_ACCEPTED and DISCONNECTED the connection's descriptor. */
int link_monitor_next(void *monitor, int *ret_value);
/* One epoll descriptor over the ZeroMQ descriptors of both sockets, and other (-1: none); -1: none
 * to be had. */
int link_wait_descriptor(void *socket, void *monitor, int other);
/* Receives one message without waiting. 1: a frame alone; 2: a carrier's, a name and a frame; 0:
 * none; -1: it had more parts and was thrown away. Both are initialised by the caller and replaced.
 */
int link_receive_parts(void *socket, void *name, void *frame);
/* False when the message could not be queued; errno says why. routing_id: a ROUTER's; empty: of a
 * DEALER. name none: a frame alone. account,
 * beside: the frame is on them (account.h); NULL: on none. */
bool link_send_parts(void *socket, struct bytes routing_id, const struct key *name,
                     struct bytes frame, struct account *account, struct account *beside);

#endif
