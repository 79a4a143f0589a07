/* unfinished - finds and cuts the connections that send parts of one message without end.
 *
 * ZeroMQ bounds each part of a message (ZMQ_MAXMSGSIZE) and how many messages wait (ZMQ_RCVHWM),
 * but counts a message only when its last part is there, and hands nothing over before (pipe.cpp,
 * pipe_t::write, 4.3.4). Whoever is admitted could fill the memory with parts of a message that
 * never ends, and nothing of it could be seen by receiving.
 *
 * It is seen in the kernel's count: what libzmq has read from the connection since a message of it
 * was received last. Where that is more than any message of ours can be, at two looks in a row,
 * each at a moment when all that is complete had been received, the connection is shut down, and
 * libzmq drops what it had gathered.
 *
 *     held for one connection <= UNFINISHED_BYTES_MAX + what arrives within two looks
 *                                + UNFINISHED_PING_BYTES_PER_S
 *
 * Looks are as far apart as the owner asks for events, at least UNFINISHED_LOOK_MS: an owner that
 * stops receiving does not look. Small parts take some four times as much memory as they are on the
 * line. Only TCP.
 *
 * One thread. Calling sequence: zeroed; accepted, closed and received as the monitor and the socket
 * tell; look; unfinished_release.
 *
 * Source: libzmq 4.3.4, src/pipe.cpp; tcp(7), Linux 4.12 (tcpi_bytes_received, SO_COOKIE).
 */
#ifndef PROTO_LINK_UNFINISHED_H
#define PROTO_LINK_UNFINISHED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/limits.h"
#include "proto/base/time.h"

enum {
    UNFINISHED_BYTES_MAX = 2 * FRAME_BYTES_MAX, /* a name, a frame, their boxes */
    /* ZeroMQ's pings are read, and no messages: a carrier may have nothing else to send for days.
     */
    UNFINISHED_PING_BYTES_PER_S = 32,
    UNFINISHED_LOOK_MS = 200,
    UNFINISHED_ROUND_MIN = 256, /* messages; the clock is not asked for each */
};

struct unfinished_connection {
    uint64_t cookie;   /* of the socket, for the descriptor may be another one's by now; 0: none */
    uint64_t base;     /* read from it when a message had just been received */
    bool has_received; /* since the last look */
    bool is_suspect;   /* the last look found too much */
};

struct unfinished {
    struct unfinished_connection *connections; /* by descriptor, so never more than those */
    size_t slot_count;
    size_t open_count;
    size_t received; /* since the last look */
    mono_t looked;
};

void unfinished_accepted(struct unfinished *unfinished, int fd);
void unfinished_closed(struct unfinished *unfinished, int fd);
/* A whole message of that connection. */
void unfinished_received(struct unfinished *unfinished, int fd);
/* Every connection has had its turn since the last look, for ZeroMQ takes from each in turn. */
bool unfinished_is_round(const struct unfinished *unfinished);
/* To be called when nothing is left to receive or, where that never comes, after a round. Answers
 * how many were cut. */
size_t unfinished_look(struct unfinished *unfinished, mono_t now);
void unfinished_release(struct unfinished *unfinished);

#endif
