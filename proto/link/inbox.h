/* inbox - what has come from each participant and waits for its turn.
 *
 *     socket ──drain▶ inbox of each participant ──take, in turn▶ the link's owner
 *
 * The socket is always read empty (link_server.c says why); what may wait is bounded here instead,
 * for each participant and for all of them, in bytes. Every entry costs its bytes and
 * INBOX_ENTRY_BYTES more, so that many small frames are bounded too. The caller asks for the
 * figures, and decides what becomes of one who has too much. What came over one carrier's line is
 * counted together besides.
 *
 * libzmq reads into buffers of 8 KB, and a message that lies in one keeps all of it: what waits and
 * is no larger is copied, or a frame of ten bytes would take a thousand times as much.
 *
 * Turns: deficit round robin (M. Shreedhar, G. Varghese, 1995). At its turn a participant may take
 * INBOX_TURN_BYTES more than it had left; each frame counts as so many at least, for what a small
 * frame makes the core do is not small. So whoever sends as much as it can gets its share and no
 * more, over however many connections; and since that is one small frame, who has one waits for one
 * of each other, also when a carrier brings a hundred.
 *
 * One thread at a time. Calling sequence: inboxes zeroed; inbox_new for each participant; put and
 * take; inbox_drop each; inboxes_release.
 */
#pragma once

#include <zmq.h>

#include "proto/link/link.h"

enum {
    INBOX_ENTRY_BYTES = 256,      /* the entry, ZeroMQ's content, malloc's own */
    INBOX_TURN_BYTES = 16 * 1024, /* copied and hashed, about what a small frame costs */
    INBOX_SPARES_MAX = 1024,      /* entries kept for re-use, without frames */
    INBOX_COPIED_BYTES = 8 * 1024,
};

struct inbox_entry {
    struct inbox_entry *next;
    enum link_event_kind kind;
    enum reason reason; /* of a client's event */
    struct key peer;    /* the inbox's, unless whoever puts it says another */
    uint64_t connection;
    struct key carrier; /* whose connection that is; none: the peer's own */
    bool is_first;      /* of its connection */
    uint16_t line;      /* that it is counted with; 0: none */
    zmq_msg_t frame;
};

struct inbox;

struct inboxes {
    struct inbox *turn; /* whose turn it is, in the ring of those that have something; NULL: none */
    size_t ready_count;
    size_t bytes;
    size_t carried[CARRIERS_MAX + 1]; /* of them, over each line; [0] unused */
    struct inbox_entry *spares;
    size_t spare_count;
};

struct inbox *inbox_new(const struct key *peer); /* NULL: no memory */
/* With all that is in it. */
void inbox_drop(struct inboxes *inboxes, struct inbox **inbox);
void inbox_clear(struct inboxes *inboxes, struct inbox *inbox);
size_t inbox_bytes(const struct inbox *inbox);
const struct key *inbox_peer(const struct inbox *inbox);
/* frame: moved from; NULL: none. NULL: no memory, and nothing has happened. */
struct inbox_entry *inbox_put(struct inboxes *inboxes, struct inbox *inbox,
                              enum link_event_kind kind, uint64_t connection, bool is_first,
                              zmq_msg_t *frame);
/* The entry, put into that inbox, counts with that line's, 1 to CARRIERS_MAX. Once, before anything
 * is taken. */
void inbox_count_carried(struct inboxes *inboxes, struct inbox *inbox, struct inbox_entry *entry,
                         uint16_t line);
/* The one with most bytes; line: with most of those that came over it; 0: of all. NULL: none. */
struct inbox *inboxes_fullest(const struct inboxes *inboxes, uint16_t line);

/* Whether a participant may have its turn now; see link_server_options. Of one that may not, and
 * whose connection has ended, all that came before that is dropped: its sender keeps it. */
struct inbox_gate {
    /* frame_bytes: of the frame whose turn it would be. NULL: everybody may. */
    bool (*wants)(void *context, const struct key *peer, size_t frame_bytes);
    void *context;
};

/* The next entry, which is the caller's until inbox_give_back; NULL: nobody has one, or none of
 * them may have his turn. */
struct inbox_entry *inboxes_take(struct inboxes *inboxes, const struct inbox_gate *gate);
void inbox_give_back(struct inboxes *inboxes, struct inbox_entry *entry);
void inboxes_release(struct inboxes *inboxes);
