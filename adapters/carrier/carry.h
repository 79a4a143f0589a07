/* carry - which frame goes where, between the adapters of many participants and one line to the
 * gateway. Pure: both ends are ports.
 *
 *     adapters ──carry_from_adapter──▶ to_gateway      each frame with its participant's name
 *     adapters ◀──to_adapter── carry_from_gateway ◀──  by that name
 *
 * Frames are not read. Nothing is kept of them: one that finds its way lost, or the queue of its
 * adapter full, is dropped and counted. That loses and doubles no message. Whoever sent it keeps
 * the message until a signed receipt of the other end says what became of it, and sends the same
 * bytes again (invariants 1, 2, 5); an acknowledgement that is dropped is given again to the
 * repetition.
 *
 * A session has two halves, one at the participant's adapter, one at the gateway, and a line
 * between them of two pieces. When one piece is renewed, the half at the far end of the other one
 * has noticed nothing, and would go on in a session that has lost frames. So carry says goodbye to
 * it, as its peer would at its own end: then the adapter greets the gateway anew, and a hello ends
 * the session before it. These two goodbyes are the only frames that come from here.
 *
 *     what is renewed                    who notices             what carry does
 *     the line to the gateway            the gateway, by hello   goodbye to each adapter
 *     an adapter's connection            the adapter             goodbye to the gateway
 *     this program                       both                    nothing: both lines are new
 *
 * A goodbye may be lost too (a full queue). Then the gateway's rule holds that a session lives on
 * the connection of its hello (gateway/core/broker.c), or eight seconds of silence end it.
 *
 * A full queue to the gateway is everybody's and means that the gateway is behind: it holds the
 * adapters up (carry_from_adapter is false) and drops nothing. A full queue to one adapter is its
 * own fault and may not hold up the others: the adapter is taken for cut off.
 *
 * The line is shared: what one sends makes the others wait for as long as it takes. So each has
 * CARRY_BYTES_PER_MS of it, and what it had less than that, CARRY_BURST_BYTES at most, at once;
 * beyond, it waits (carry_may), and its own sender alone feels it.
 *
 * Who is not answered is held: the gateway does not know him any more, whose registry is newer than
 * ours, and what he goes on to send would be taken for a flood of ours, and cut off all. After
 * LINK_UNANSWERED_MAX frames, which no honest session sends without hearing anything, one frame is
 * passed on in CARRY_HELD_MS, until the gateway says something to him.
 *
 * Bounds: CARRIED_MAX participants, a fixed struct, no memory of its own.
 */
#pragma once

#include "proto/base/bytes.h"
#include "proto/base/key.h"
#include "proto/base/limits.h"
#include "proto/base/reason.h"
#include "proto/base/time.h"

enum {
    CARRY_GATHER_MS = 1000, /* dropped frames are told of this long after the first of them … */
    CARRY_TELL_MS = 5000,   /* … and not more often than this */
    CARRY_GOODBYE_BYTES_MAX = 64,
    CARRY_BYTES_PER_MS = 8 * 1024, /* 64 Mbit/s; a quarter of what a small host moves */
    CARRY_BURST_BYTES = 256 * 1024,
    CARRY_HELD_MS = 1000,
    CARRY_FRAME_BYTES = 4 * 1024, /* what the smallest frame costs all on its way */
    /* Lines about one participant that a second may bring: a restart has two. */
    CARRY_LINES_PER_S = 8,
};

enum carry_event {
    CARRY_LINE_UP = 1,
    CARRY_LINE_DOWN,
    CARRY_ADAPTER_UP,     /* the first frame of a connection */
    CARRY_ADAPTER_DOWN,   /* .reason: LINK_LOST, BUSY (its queue is full), LINK_REFUSED (no more in
                             the registry) */
    CARRY_FRAMES_DROPPED, /* since this was said last: .to_gateway, .to_adapters */
};

struct carry_transition {
    enum carry_event event;
    struct key participant;
    enum reason reason;
    uint64_t to_gateway, to_adapters;
};

struct carry_ports {
    void *context;
    /* REASON_NONE; REASON_BUSY: the queue is full; anything else: no such connection. */
    enum reason (*to_gateway)(void *context, const struct key *participant, struct bytes frame);
    enum reason (*to_adapter)(void *context, const struct key *participant, struct bytes frame);
    void (*transition)(void *context, const struct carry_transition *transition);
};

struct carried {
    struct key key;
    uint64_t connection;
    bool is_connected;
    uint32_t unanswered; /* frames passed on since the gateway said anything to it */
    mono_t passed_at;    /* the last of them */
    int64_t ahead_bytes; /* of its share of the line, at ahead_at */
    mono_t ahead_at;
    mono_t said_since; /* .said lines about it */
    uint32_t said;
};

struct carry {
    struct carry_ports ports;
    struct carried carried[CARRIED_MAX]; /* by key */
    size_t count;
    bool is_line_up;
    uint8_t goodbye[CARRY_GOODBYE_BYTES_MAX];
    size_t goodbye_size;
    uint64_t moved;                   /* frames, both ways */
    uint64_t to_gateway, to_adapters; /* dropped, not yet told */
    mono_t tell_due;                  /* when something is dropped and not yet told */
    mono_t told;
    mono_t now; /* of the last look at the clock */
};

/* The line is down and nobody is carried. now: see carry_tick. */
void carry_init(struct carry *carry, const struct carry_ports *ports, mono_t now);
/* Replaces whom it carries: at most CARRIED_MAX, no key twice. Who stays keeps its connection. */
void carry_set_participants(struct carry *carry, const struct key *keys, size_t count);

/* The line to the gateway stands; is lost. Repeated: nothing happens. */
void carry_line_up(struct carry *carry);
void carry_line_down(struct carry *carry);

/* A frame of a participant's adapter; connection: changes when the adapter connects anew. False:
 * the line's queue is full, and this frame is to be offered again before any other one. */
bool carry_from_adapter(struct carry *carry, const struct key *participant, uint64_t connection,
                        struct bytes frame);
/* Whether the participant may send now: before carry_from_adapter. */
bool carry_may(struct carry *carry, const struct key *participant, mono_t now);
/* Milliseconds until somebody who waits may; at most limit_ms. */
int carry_wait_ms(struct carry *carry, mono_t now, int limit_ms);
void carry_from_gateway(struct carry *carry, const struct key *participant, struct bytes frame);

/* Tells of dropped frames when it is time; to be called now and then. now: a monotonic clock. */
void carry_tick(struct carry *carry, mono_t now);
