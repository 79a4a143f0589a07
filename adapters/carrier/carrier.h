/* carrier - the program lienthong-carrier: one connection to the gateway for many participants.
 *
 *     adapters ──dial──▶ link_server ─▶ carry ─▶ link_client ──dial──▶ gateway
 *                        a connection           one connection,
 *                        each, CURVE            every frame with a name
 *
 * Each participant keeps its own adapter, signing key, link key and session; the carrier admits
 * exactly those whom carriers.csv gives it and moves their frames, unread. carry.h says which goes
 * where and why nothing is lost or doubled when one is dropped.
 *
 * What it sees: frames in the clear, for both connections end here. What it cannot do: forge or
 * change a message or a receipt, which are signed inside. What it can: delay and drop, which
 * leases repair and the senders see.
 *
 * One key pair serves both of its ends. The registry then has one key to publish, and adapters'
 * operators find there what they put into their settings; a second secret would lie in the same
 * folder of the same host. CurveZMQ keeps the roles apart: what a key boxes as client and as server
 * has different nonces (RFC 26).
 *
 * Nothing is kept on disk. What is in memory: the registry, one frame that waits for the gateway,
 * and queues, which the enum below bounds; sessions keep them far below that, for an adapter has
 * window_messages and BLOB_WINDOW_BYTES under way. At a bound it is as when a line has no room: an
 * adapter is cut off (its sender has all that was in the queue), the gateway's line holds everybody
 * up. What comes from the gateway is not held up, and so does not wait here. A limit of the
 * operating system may end the program at any moment, as kill -9 does: nothing is lost.
 *
 * Calling sequence: carrier_start; carrier_run until it returns (SIGTERM, SIGINT); carrier_stop.
 * What cannot be started is said on standard error, and carrier_start answers false; carrier_stop
 * stops what was started in any case.
 *
 *   carrier_start.c    registry, keys, both links, the end
 *   carrier_loop.c     wait, take from both ends, log
 *   main.c             options and settings
 */
#pragma once

#include "adapters/carrier/carrier_settings.h"
#include "adapters/carrier/carry.h"
#include "proto/base/language.h"
#include "proto/log/log_stream.h"

#define CARRIER_PROGRAM "lienthong-carrier"

enum {
    /* For one adapter that does not read: a window of 256 messages with forms of 64 KB and the
     * files under way, twice over. */
    CARRIER_ADAPTER_BYTES_MAX = 8 * BLOB_WINDOW_BYTES,
    /* For all of them together: eight that stand still at one time, while each of the others has
     * its LINK_SHARE_BYTES besides. */
    CARRIER_ADAPTERS_BYTES_MAX = 8 * CARRIER_ADAPTER_BYTES_MAX,
    /* For the gateway; then adapters wait, where they have turns: what is queued for the line goes
     * first come, first served. Enough to fill the kernel's buffer again while we are woken. */
    CARRIER_LINE_BYTES_MAX = 256 * 1024,
    /* From all adapters, while the gateway's line has no room: what CARRIED_MAX of them may have
     * under way (message_window_bytes), and as much again of files. One alone is bounded by
     * LINK_RECEIVE_BYTES; beyond, the one with most is cut, and has to send it again. */
    CARRIER_RECEIVE_BYTES_MAX = 2 * MESSAGE_WINDOWS_BYTES,
};

/* `struct carrier` is the registry's: a row of carriers.csv. */
struct carrier_program {
    struct carrier_settings settings;
    enum language language;
    struct log log;
    struct log_stream log_stream;
    struct curve_key public_key; /* our own */
    struct carry carry;
    struct link_server *server; /* the adapters' side */
    struct link_client *client; /* the gateway's side */
    int signals;                /* signalfd; -1 */
    bool is_held;               /* held waits for room to the gateway; its bytes are the server's */
    struct link_event held;
    bool has_reached; /* the gateway, or it was said that it cannot be reached */
    mono_t unreached_due;
    bool is_stopping;
};

bool carrier_start(struct carrier_program *program, const struct carrier_settings *settings,
                   enum language language);
void carrier_run(struct carrier_program *program);
void carrier_stop(struct carrier_program *program);
/* What --check looks at beyond the settings: the registry, the key, and that they fit. */
bool carrier_check(struct carrier_program *program, const struct carrier_settings *settings,
                   enum language language);
/* Reads the registry again: all or nothing. */
bool carrier_reload(struct carrier_program *program);

void carrier_log(struct carrier_program *program, const struct log_line *line);

/* ---- carrier_loop.c: the ports of carry, and its transitions in the log */
extern const struct carry_ports carrier_ports;
/* link_server_options.wants: while the line is full nobody has his turn, and whose share of it is
 * used up waits longer. */
bool carrier_wants(void *program, const struct key *participant, size_t frame_bytes);
