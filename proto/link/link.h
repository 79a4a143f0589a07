/* link - frames over ZeroMQ with CURVE: the gateway's end (ROUTER) and the adapter's end (DEALER).
 *
 * The gateway binds one ROUTER socket. Its ZAP handler (RFC 27) admits exactly the CURVE keys last
 * given to link_server_set_peers and names the peer; a key that is not there is refused in the
 * handshake and reported, the same one once a minute (refusals.h). A participant has one
 * connection: a newer one takes over. The adapter only dials out, and dials again by itself; after
 * a refusal link_client_tick does it.
 *
 * A carrier is a peer whose one connection carries the frames of many participants, those whose
 * link_peer names it. On its connection each ZeroMQ message has two parts, the participant's key
 * as text and the frame; on a participant's own connection one part, the frame. A participant may
 * come either way: frames to it leave over the connection that its last frame came from. What has
 * another shape, or names somebody whom the carrier does not carry, is passed over.
 *
 * Identity: each connection brings a name that only the two ends can make (routing_id.h). Nothing
 * else that a peer may choose decides whose a connection is, or what leaves over it.
 *
 * Memory: what ZeroMQ has received is taken from it at once, by the owner or, while he is busy, by
 * a thread of the link's own (watch.h), for libzmq 4.3.4 asserts when a connection is reset whose
 * receive pipe is full. It waits in an inbox for each participant (inbox.h), bounded in bytes: each
 * by receive_bytes_max, those behind one carrier together by LINK_CARRIER_PARTS as much, all by
 * receive_bytes_all. Whoever goes beyond has more under way than an
 * honest peer may: its connection is cut (behind a carrier, its way ends: the connection is others'
 * too), what waited is dropped, which its sender has to send again, and it is reported like a
 * refusal, once a minute. Beyond the bounds of several, the one with most is cut. So at a server
 *
 *     received, not taken <= receive_bytes_all + what arrives within WATCH_TICK_MS
 *     queued to send      <= send_bytes_all + LINK_SHARE_BYTES for each connection's peer
 *     not received whole  <= connections.h: for each connection, and strangers
 *
 * One key has LINK_CONNECTIONS_MAX connections, the oldest gives way; how often it connects is
 * bounded (zap.h). Connections in all leave the process RESOURCES_DESCRIPTORS_RESERVED descriptors.
 *
 * Turns: the owner gets what the participants sent in turn, by bytes, over however many connections
 * it came.
 *
 * Both ends: one thread uses a link. Received bytes live in the link's own memory until the next
 * receive on it. Send never blocks: at the high-water mark it answers REASON_BUSY and the caller
 * keeps the message; REASON_LINK_LOST when the peer is not connected. Handshake failures are events
 * with a reason.
 *
 * At the start REASON_DESCRIPTORS_TOO_FEW and REASON_OUT_OF_MEMORY say what libzmq would assert on
 * (resources.h).
 *
 * Source: libzmq 4.3.4; CurveZMQ RFC 26; ZAP RFC 27.
 */
#pragma once

#include "proto/base/bytes.h"
#include "proto/base/key.h"
#include "proto/base/limits.h"
#include "proto/base/reason.h"
#include "proto/base/time.h"

enum {
    /* Frames that wait in ZeroMQ per connection; more is the outbox's job. Those of a carrier's
     * participants share one queue: eight for each of a full one, so that while the line stands
     * still its heartbeats (PEER_SILENT_MS / HEARTBEAT_INTERVAL_MS) do not fill more than half
     * before the session gives the line up anyway. */
    LINK_SEND_QUEUE_MAX = 8 * CARRIED_MAX,
    LINK_ENDPOINT_BYTES_MAX = 255,
    /* Whoever starts a program and enrols it the next moment does not wait; whoever left it running
     * for days gets in while he looks on, and sends a log 60 lines an hour until then. */
    LINK_REFUSED_MIN_MS = 250,
    LINK_REFUSED_MAX_MS = 60 * 1000,
    /* A participant's own, where bytes are bounded: the largest frame always finds room. */
    LINK_SHARE_BYTES = FRAME_BYTES_MAX,

    /* Connections made with one key: an honest peer has one, and for a moment those that it lost
     * and we have not noticed. */
    LINK_CONNECTIONS_MAX = 4,

    /* What an honest participant sends without hearing anything of us: a window of messages, and as
     * many acknowledgements of those that we sent before. A carrier passes no more than so many on
     * for one that is not answered, and then one a second (adapters/carrier/carry.h). */
    LINK_UNANSWERED_MAX = 2 * MESSAGE_WINDOW_MAX,
    /* Messages of one key that are nobody's: of names that it does not carry, greetings, shapes
     * that no link makes. An honest carrier passes them on while its registry is older than ours:
     * those of four that we have dropped and that do not stop, and later one a second for each.
     * Beyond, the line is cut and its key rests (zap.h), for nothing else slows such a flood. */
    LINK_STRAYS_MAX = 4 * LINK_UNANSWERED_MAX,
    LINK_STRAYS_PER_S = 2 * CARRIED_MAX,

    /* What an honest peer may have under way to us: its messages, its files (for a moment twice
     * their window, limits.h), acknowledgements and heartbeats; and what INBOX_ENTRY_BYTES adds to
     * MESSAGE_WINDOW_MAX small frames. Beyond, it is cut. */
    LINK_RECEIVE_BYTES = MESSAGE_WINDOW_BYTES_MAX + 2 * BLOB_WINDOW_BYTES + 2 * 1024 * 1024,
    /* Of all: the messages that all may have under way, and as much again of files. */
    LINK_RECEIVE_BYTES_ALL = 2 * MESSAGE_WINDOWS_BYTES,
    /* A carrier's participants together have as much as so many of those with a connection of their
     * own, in either direction: a hundred names of one key are no hundred shares. An honest host
     * comes near it only while its line or we stand still; then its fullest begins anew. */
    LINK_CARRIER_PARTS = 3,
    /* To one that does not read, and to all of them. */
    LINK_SEND_BYTES = LINK_RECEIVE_BYTES,
    LINK_SEND_BYTES_ALL = 2 * MESSAGE_WINDOWS_BYTES,
};

struct curve_key {
    char text[CURVE_KEY_TEXT_BYTES];
};

struct curve_pair {
    struct curve_key public_key;
    struct curve_key secret_key;
};

/* A new key pair from the kernel's randomness. */
enum reason curve_pair_make(struct curve_pair *ret_pair);
/* The pair that a secret key (Z85, 40 characters) belongs to; false when it is not one. */
bool curve_pair_of_secret(struct bytes secret, struct curve_pair *ret_pair);
bool curve_key_parse(struct bytes text, struct curve_key *ret_key);

enum link_event_kind {
    LINK_FRAME = 1,      /* a frame from a peer */
    LINK_PEER_CONNECTED, /* client: CURVE handshake done. server: first frame of a new connection
                            follows */
    LINK_PEER_GONE,      /* client: connection lost. server: .connection of the participant has
                            ended, after its frames; a newer one may stand */
    LINK_PEER_REFUSED,   /* client: handshake failed, or cut; .reason. server: handshakes that
                            failed, or connections that were cut, of one key; .reason, .bytes,
                            .count, and .peer where it is an admitted one's */
};

struct link_event {
    enum link_event_kind kind;
    struct key peer;     /* server: participant that the frame is of; none: not known.
                          * client of a carrier: participant that the frame is for */
    uint64_t connection; /* server: changes when the participant connects again, or another way */
    struct key carrier;  /* server: whose connection a frame came over; none: the peer's own */
    struct bytes bytes;  /* LINK_FRAME. LINK_PEER_REFUSED at the server: the key, Z85; empty: not
                          * known: the client has another key of ours, or speaks no CURVE */
    enum reason reason;  /* LINK_PEER_REFUSED. LINK_REFUSED: the key is not admitted. LINK_LIMIT: it
                          * is, and went beyond a bound: bytes, connections, connects a minute, an
                          * id that is not its own; two programs with one key are told by that.
                          * LINK_LOST, at the client: the other end hung up instead of an answer,
                          * because it has another key than server_public_key, is no link's server,
                          * or lets nobody in so often */
    uint64_t count;      /* LINK_PEER_REFUSED at the server: since the key was last reported */
};

enum { LINK_REFUSAL_TEXT_BYTES = 96 };

/* "key=… times=…" of a server's LINK_PEER_REFUSED, for a log. ret_text: LINK_REFUSAL_TEXT_BYTES. */
void link_refusal_print(const struct link_event *event, char *ret_text);

struct link_peer {
    struct key key; /* a participant's or a carrier's; no two peers have the same */
    struct curve_key public_key;
    bool is_carrier;
    struct key carrier; /* of a participant: the peer that may carry its frames; none: nobody */
};

/* ---- the gateway's end ---------------------------------------------------------------------- */
struct link_server;

struct link_server_options {
    const char *endpoint; /* "tcp://127.0.0.1:7600"; port 0 or * picks a free one */
    struct curve_pair key;
    int io_threads; /* 1 or 2 */
    /* A monotonic clock, asked by any thread. NULL: time stands still: what is told once a minute
     * is told once, and messages without end and strangers are not cut. */
    mono_t (*clock)(void);
    /* Bytes that wait for the line: of one participant's frames, and of all of them together; over
     * a carrier's line LINK_CARRIER_PARTS times as much as for one. Within LINK_SHARE_BYTES each
     * peer with a connection has room whatever others have queued, so that in all there are at most
     * send_bytes_all + LINK_SHARE_BYTES for each of those. 0: frames alone are counted. */
    size_t send_bytes_max, send_bytes_all;
    /* Bytes that wait to be received, with INBOX_ENTRY_BYTES for each frame: of one participant,
     * and of all of them. 0: LINK_RECEIVE_BYTES, LINK_RECEIVE_BYTES_ALL. */
    size_t receive_bytes_max, receive_bytes_all;
    /* Asked before a participant's turn, in link_server_receive, with the size of its next frame:
     * false holds it back, and nobody else. When it may go on, the owner asks for events again.
     * NULL: everybody may always. */
    bool (*wants)(void *context, const struct key *peer, size_t frame_bytes);
    void *context;
};

enum reason link_server_new(const struct link_server_options *options,
                            struct link_server **ret_server);
void link_server_destroy(struct link_server **server);
/* The endpoint with the real port. */
const char *link_server_endpoint(const struct link_server *server);
/* Replaces the admitted keys, and who is carried by whom. No further frame gets through, in either
 * direction, over a connection whose key is gone or, of one participant, over a carrier that
 * carries it no more. REASON_KEY_UNREADABLE: a key is not Z85, and all is as before. */
enum reason link_server_set_peers(struct link_server *server, const struct link_peer *peers,
                                  size_t count);
/* A descriptor that becomes readable when there may be events (edge: drain until false). */
int link_server_fd(const struct link_server *server);
/* The next event without waiting; false when there is none. */
bool link_server_receive(struct link_server *server, struct link_event *ret_event);
/* Which way the participant's last frame came: over its carrier's connection, whose key is then in
 * ret_carrier, or over its own (none). False: none has come. The way
 * stays after the connection has ended; whether there is a session is for others to say. */
bool link_server_way(struct link_server *server, const struct key *participant,
                     struct key *ret_carrier);
/* Handshakes that failed so far. */
uint64_t link_server_refusals(struct link_server *server);
/* peer: a participant, whichever way it came. */
enum reason link_server_send(struct link_server *server, const struct key *peer,
                             struct bytes frame);

/* ---- the adapter's end ---------------------------------------------------------------------- */
struct link_client;

struct link_client_options {
    const char *endpoint;
    struct curve_pair key;
    struct curve_key server_public_key;
    uint32_t reconnect_min_ms; /* 0: 100 */
    uint32_t reconnect_max_ms; /* 0: 5000 */
    uint32_t refused_min_ms;   /* 0: LINK_REFUSED_MIN_MS; see link_client_tick */
    uint32_t refused_max_ms;   /* 0: LINK_REFUSED_MAX_MS */
    /* A program with many participants: a client whose I/O thread this one shares, and which is
     * destroyed after it. NULL: a thread of its own. */
    struct link_client *beside;
    bool is_carrier; /* frames of many participants, each with its name */
    /* Bytes that wait for the line: once there are so many, send answers REASON_BUSY, and the
     * descriptor becomes readable when half of it is free. So a frame more at most waits. 0: frames
     * alone are counted. */
    size_t send_bytes_max;
    /* Bytes that wait to be received; beyond, the connection is cut: LINK_PEER_GONE, then
     * LINK_PEER_REFUSED with REASON_LINK_LIMIT, and it is dialled again. 0: LINK_RECEIVE_BYTES. */
    size_t receive_bytes_max;
};

enum reason link_client_new(const struct link_client_options *options,
                            struct link_client **ret_client);
void link_client_destroy(struct link_client **client);
int link_client_fd(const struct link_client *client);
bool link_client_receive(struct link_client *client, struct link_event *ret_event);
/* Called now and then. The link dials again by itself when nobody listens or a line is lost; after
 * a handshake that failed this does it, for the key may be enrolled meanwhile. The wait is
 * refused_min_ms and doubles with each refusal up to refused_max_ms; a jitter of up to half of it
 * is taken off, drawn from our public key, so that many who are refused together do not come back
 * together. A handshake that succeeds begins anew.
 * So a key that is enrolled T after the first refusal is let in within 2 T + refused_min_ms, and
 * within refused_max_ms however late it is (and what a handshake takes). */
void link_client_tick(struct link_client *client, mono_t now);
enum reason link_client_send(struct link_client *client, struct bytes frame);
/* Whether there is room in bytes; false: as when send answers REASON_BUSY. For who has to choose
 * whose frame goes next, when it can go. */
bool link_client_has_room(struct link_client *client);
/* A carrier's: a frame of one of its participants. Frames come with event.peer: whom they are for.
 */
enum reason link_client_send_for(struct link_client *client, const struct key *participant,
                                 struct bytes frame);
