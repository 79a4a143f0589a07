/* connections - what the kernel says of a link's connections, and which of them are to be cut.
 *
 *     accepted ─▶ STRANGER ─known▶ KNOWN ─▶ closed
 *                    └──────────────┴─ cut: shut down; libzmq closes it and drops what it holds
 *
 * A stranger has brought no message with an id that verifies for an admitted key (routing_id.h):
 * nothing of ours is in it yet, and it may hold next to nothing. One is cut
 *   - that libzmq has read more than CONNECTIONS_STRANGER_BYTES from: a CURVE HELLO is 200 bytes,
 *     an INITIATE under 1 KB, but libzmq lets a command have ZMQ_MAXMSGSIZE;
 *   - after CONNECTIONS_STRANGER_MS;
 *   - when there are too many, drawn by lot among those of the address that has most: half of the
 *     places are never one address's, and one that floods drives out its own. By lot, because the
 *     oldest are the next to be known when many honest ones come at once, and the newest are those
 *     who would be kept out by others that stand silent.
 *
 * A known one is cut that sends parts of one message without end. ZeroMQ bounds each part
 * (ZMQ_MAXMSGSIZE), but counts a message only when its last part is there, and hands nothing over
 * before (pipe.cpp, pipe_t::write), so that nothing of it is seen by receiving. It is seen in the
 * kernel's count: what libzmq has read from the connection since a message of it was received last.
 * Where that is more than any message of ours can be, at two looks in a row, each at a moment when
 * all that is complete had been received, the connection is shut down.
 *
 *     held for one connection <= CONNECTIONS_UNFINISHED_BYTES + what arrives within two looks
 *                                + CONNECTIONS_PING_BYTES_PER_S
 *
 * Small parts take some four times as much memory as they are on the line. Only TCP.
 *
 * One thread at a time. Calling sequence: zeroed, bounds set; accepted, known, received and closed
 * as monitor and socket tell; look; connections_release.
 *
 * Source: libzmq 4.3.4, src/pipe.cpp; tcp(7), Linux 4.12 (tcpi_bytes_received, SO_COOKIE).
 */
#pragma once

#include "proto/base/key.h"
#include "proto/base/limits.h"
#include "proto/base/time.h"

enum {
    CONNECTIONS_STRANGERS_MAX = 512, /* some 20 KB each in libzmq */
    CONNECTIONS_STRANGER_BYTES = 8 * 1024,
    CONNECTIONS_STRANGER_MS = 5000, /* four round trips over a satellite */
    /* A name, a frame, their boxes; and what libzmq has read of the next or the kernel has told of
     * in one of its two answers only, some 64 KB. */
    CONNECTIONS_UNFINISHED_BYTES = FRAME_BYTES_MAX + FRAME_BYTES_MAX / 8,
    /* ZeroMQ's pings are read, and no messages: a carrier may have nothing else to send for days.
     */
    CONNECTIONS_PING_BYTES_PER_S = 32,
    CONNECTIONS_LOOK_MS = 50,          /* at the known ones, and a millisecond more for each … */
    CONNECTIONS_LOOKS_PER_MS = 20,     /* … of these: the kernel is asked twice for each */
    CONNECTIONS_STRANGER_LOOK_MS = 10, /* at strangers, and a millisecond more for each … */
    CONNECTIONS_STRANGERS_PER_MS = 40, /* … of these: the kernel is asked once for each */
    CONNECTIONS_ROUND_MIN = 256,       /* messages; the clock is not asked for each */
};

struct connection {
    uint64_t cookie;  /* of the socket, for the descriptor may be another one's by now; 0: none */
    uint64_t base;    /* read from it when a message had just been received */
    uint64_t address; /* of a stranger: its IPv4 address, or IPv6 network of 64 bits */
    mono_t accepted;
    size_t place;      /* of a stranger: 1 and where it is in the list; 0: it is not in it */
    struct key owner;  /* of a known one; none: a stranger */
    uint64_t number;   /* of a known one: what its owner calls it */
    uint64_t newest;   /* known or refused with this descriptor, also before this connection */
    bool has_received; /* since the last look */
    bool is_suspect;   /* the last look found too much */
    bool is_flood;     /* of a known one: cut for parts without end */
    bool is_doubtful;  /* an end was told of; its own, or that of the one before */
};

struct connections {
    size_t open_max;      /* 0: not bounded; the one that is too many goes, or another stranger */
    size_t strangers_max; /* 1 to CONNECTIONS_STRANGERS_MAX */
    uint16_t port;        /* that the server listens at; only its sockets are ever cut */
    struct connection *slots; /* by descriptor, so never more than those */
    size_t slot_count;
    size_t open_count, doubtful_count;
    int strangers[CONNECTIONS_STRANGERS_MAX + 1]; /* their descriptors, each once, in no order */
    size_t stranger_count;
    size_t received; /* since the last look at the known ones */
    mono_t looked, looked_at_strangers;
};

/* One connection by itself, a client's. begin: it stands, with that descriptor. look: true when it
 * has been cut, as a known one is; every CONNECTIONS_LOOK_MS. */
void connection_begin(struct connection *connection, int fd, mono_t now);
bool connection_look(struct connection *connection, int fd, int64_t since_ms);
/* Shuts it down, if the descriptor is still its own. */
void connection_cut(const struct connection *connection, int fd);

/* Answers how many were cut for it, itself perhaps. Told again of one that is there already, as it
 * may be when another had the descriptor before it: nothing. ret_before: whose the descriptor was,
 * and whose end is told with this alone; zeroed: nobody's. */
size_t connections_accepted(struct connections *connections, int fd, mono_t now,
                            struct connection *ret_before);
/* The end of a connection with that descriptor was told of. Answers what it was; zeroed: a
 * stranger's, or not known. What is told of may be over since long, and the descriptor be in other
 * hands: the kernel is asked, and one that stands is only doubtful. */
struct connection connections_closed(struct connections *connections, int fd);
/* One of the doubtful that does not stand any more; false: none. To be asked at each look. */
bool connections_next_ended(struct connections *connections, struct connection *ret_was);
/* Whose the connection is, by its first message, and its number: higher than that of any whose
 * handshake was before. A message may come before its connection is told of as accepted, and long
 * after it has ended and the descriptor is another's: of those who claim a descriptor the highest
 * number has it. ret_before: as in connections_accepted. False: it has ended, or is nobody's. */
bool connections_known(struct connections *connections, int fd, const struct key *owner,
                       uint64_t number, struct connection *ret_before);
/* A message of that number came that it may not have sent: shut down, once. */
void connections_refused(struct connections *connections, int fd, uint64_t number);
/* A whole message of that connection. */
void connections_received(struct connections *connections, int fd);
/* Shuts it down, if the descriptor is still that connection's. number 0: a stranger. */
void connections_cut(struct connections *connections, int fd, uint64_t number);
/* Every connection has had its turn since the last look, for ZeroMQ takes from each in turn. */
bool connections_is_round(const struct connections *connections);
/* To be called when nothing is left to receive or, where that never comes, after a round. Answers
 * how many strangers were cut; a known one is told of by its end, with .is_flood. */
size_t connections_look(struct connections *connections, mono_t now);
void connections_release(struct connections *connections);
