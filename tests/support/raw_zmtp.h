/* raw_zmtp - ZMTP 3.1 with CURVE on a plain TCP socket, without ZeroMQ: both ends, for tests that
 * do to a link what ZeroMQ's own sockets never would.
 *
 * It can bring any routing id, stop anywhere in the handshake, announce a command of any size, send
 * parts without an end, commands such as PING, bytes that are no ZMTP at all, read nothing, and
 * reset a connection whose pipes are full. What it sends is otherwise correct.
 *
 *     struct raw_zmtp raw;
 *     raw_zmtp_open(&options, RAW_READY, &raw)     dial; the handshake up to that stage
 *     raw_zmtp_send(&raw, frame, 0)                one part; RAW_MORE: another one follows
 *     raw_zmtp_receive(&raw, timeout_ms, &part)    one part; a PING is answered on the way
 *     raw_zmtp_close(&raw) or raw_zmtp_reset(&raw)
 *
 * Stages, each reached by one raw_zmtp_advance of the client's end:
 *
 *     RAW_DIALLED   TCP stands                     ▶ greeting out, 64 bytes
 *     RAW_GREETED   the server's greeting is read  ▶ HELLO out, WELCOME in
 *     RAW_WELCOMED  the server has proved its key  ▶ INITIATE out, READY or ERROR in
 *     RAW_READY     messages flow; the server has admitted the key (ZAP)
 *     RAW_CLOSED    refused, hung up, timed out, or closed by the caller
 *
 * A server's end: raw_zmtp_listen, then raw_zmtp_accept, which goes through the whole handshake and
 * tells whose key dialled and the routing id that it brought.
 *
 * Sending. raw_zmtp_send waits up to timeout_ms for room. For floods over many connections:
 * raw_zmtp_push seals and hands the kernel what fits without waiting; while something is left from
 * before it answers false and has taken nothing. raw_zmtp_write sends bytes as they are, without a
 * box or a header: raw_zmtp_header makes a header that says whatever size.
 *
 * One thread uses a connection; no state is shared between connections. Received parts live until
 * the next receive. The struct's fields may be read. No SIGPIPE.
 *
 * Source: ZMTP 3.1 (RFC 37), CurveZMQ (RFC 26); libsodium's crypto_box is CurveZMQ's box. In one
 * point as libzmq does it: a MESSAGE travels with the flags of a message, not of a command.
 */
#pragma once

#include "proto/base/bytes.h"
#include "proto/link/link.h"

enum {
    RAW_GREETING_BYTES = 64,
    RAW_KEY_BYTES = 32,
    RAW_NONCE_BYTES = 8,
    RAW_COOKIE_BYTES = 96,
    RAW_BOX_BYTES = 16,     /* what a box adds */
    RAW_IDENTITY_MAX = 255, /* RFC 37: a routing id */
    RAW_HEADER_BYTES = 9,   /* of a long frame */
    RAW_TIMEOUT_MS = 5000,  /* when the options say 0 */
    RAW_PART_BYTES_MAX =
        4 * 1024 * 1024, /* a longer one from the other end closes the connection */
};

/* Of a part: RFC 37's flags of a frame. RAW_PLAIN is not on the wire: without a box. */
enum { RAW_MORE = 1, RAW_LONG = 2, RAW_COMMAND = 4, RAW_PLAIN = 0x100 };

enum raw_stage { RAW_CLOSED = 0, RAW_DIALLED, RAW_GREETED, RAW_WELCOMED, RAW_READY };

struct raw_zmtp_options {
    const char *endpoint;        /* "tcp://127.0.0.1:7600" */
    struct curve_pair key;       /* the client's; zero: one is drawn, as a stranger has */
    struct curve_key server_key; /* the server's public key */
    struct bytes identity;       /* routing id to bring, RAW_IDENTITY_MAX at most; empty: none */
    const char *socket_type;     /* NULL: "DEALER" */
    int timeout_ms;              /* of each wait; 0: RAW_TIMEOUT_MS */
    int receive_buffer_bytes;    /* SO_RCVBUF; 0: the kernel's choice */
    bool ignores_pings;          /* PINGs are not answered */
};

struct raw_zmtp {
    struct raw_zmtp_options options;
    enum raw_stage stage;
    int fd;
    bool is_server;
    uint8_t own_secret[RAW_KEY_BYTES], own_public[RAW_KEY_BYTES]; /* long-term */
    uint8_t peer_public[RAW_KEY_BYTES];                           /* long-term, the other end's */
    uint8_t identity[RAW_IDENTITY_MAX]; /* at the server's end: what the client brought */
    size_t identity_size;
    uint8_t short_secret[RAW_KEY_BYTES], short_public[RAW_KEY_BYTES];
    uint8_t peer_short[RAW_KEY_BYTES];
    uint8_t cookie[RAW_COOKIE_BYTES];
    uint8_t shared[RAW_KEY_BYTES]; /* of the two short-term keys */
    uint64_t nonce;                /* the next one to send with */
    struct buffer in;              /* received, not yet read */
    size_t in_read;
    struct buffer part; /* received last, opened */
    struct buffer out;  /* sealed, not yet taken by the kernel */
    size_t out_written;
    uint64_t bytes_sent, bytes_received; /* on the wire */
};

struct raw_part {
    int flags; /* RAW_MORE, RAW_COMMAND */
    struct bytes bytes;
};

/* Dials and goes to the stage. False: it did not get there, and is closed; ret_raw->stage stays
 * RAW_CLOSED and needs no close. */
bool raw_zmtp_open(const struct raw_zmtp_options *options, enum raw_stage stage,
                   struct raw_zmtp *ret_raw);
/* The next stage of a client's end. False: as raw_zmtp_open. */
bool raw_zmtp_advance(struct raw_zmtp *raw);
/* An orderly end (FIN). A closed one stays closed. */
void raw_zmtp_close(struct raw_zmtp *raw);
/* RST, with whatever is in the pipes (SO_LINGER of 0 s). */
void raw_zmtp_reset(struct raw_zmtp *raw);

/* One part, waiting for room. False: timed out or closed by the other end; the connection is then
 * closed here too, for a box half sent cannot be mended. */
bool raw_zmtp_send(struct raw_zmtp *raw, struct bytes part, int flags);
/* The same without waiting. False: what was pushed before has not left yet (or the connection has
 * ended, see stage), and nothing was taken. */
bool raw_zmtp_push(struct raw_zmtp *raw, struct bytes part, int flags);
/* Hands on what is left. True: nothing is left. */
bool raw_zmtp_flush(struct raw_zmtp *raw);
/* A command: "PING" with its 2 octets of time-to-live and a context, and the like. */
bool raw_zmtp_send_command(struct raw_zmtp *raw, const char *name, struct bytes body);
/* Bytes as they are, waiting for room. Works in every stage after RAW_DIALLED. */
bool raw_zmtp_write(struct raw_zmtp *raw, struct bytes bytes);
/* The header of a frame of so many octets. ret_header: RAW_HEADER_BYTES. The header's size. */
size_t raw_zmtp_header(int flags, uint64_t size_bytes, uint8_t *ret_header);

/* The next part within timeout_ms (0: what is here). False: none, or the end: see stage. Commands
 * other than PING come as parts with RAW_COMMAND. */
bool raw_zmtp_receive(struct raw_zmtp *raw, int timeout_ms, struct raw_part *ret_part);
/* Reads and throws away what is here, without opening it; false: the connection has ended. */
bool raw_zmtp_discard(struct raw_zmtp *raw);

/* Binds a free port of loopback, or the given one. -1: none. ret_endpoint: "tcp://127.0.0.1:PORT",
 * LINK_ENDPOINT_BYTES_MAX + 1. */
int raw_zmtp_listen(uint16_t port, char *ret_endpoint);
/* The server's end of the next connection within timeout_ms, with key as the server's long-term
 * pair. False: nobody dialled, or its handshake failed. */
bool raw_zmtp_accept(int listener, const struct curve_pair *key, int timeout_ms,
                     struct raw_zmtp *ret_raw);

/* Dials TCP and no more; -1: refused. Non-blocking from then on. */
int raw_tcp_dial(const char *endpoint);
