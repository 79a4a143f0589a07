/* fetch_parts - what the files of fetch share. Nobody else includes this.
 *
 *   fetch.c          messages that wait, and the shares of peers
 *   fetch_receive.c  files that are wanted and received
 *   fetch_claim.c    files that came and that no admitted message names yet
 *   fetch_proof.c    files that are here already, and that the author shows to have
 *   fetch_serve.c    files that others want
 */
#pragma once

#include "gateway/custody/fetch.h"

struct waiting {           /* a message */
    struct intake *intake; /* NULL: free slot */
    struct sealed *sealed;
    uint64_t missing;   /* a bit for each place in its list: still to come, or to be shown */
    enum reason reason; /* not NONE: the wait is over, badly */
};

/*                 other bytes than its digest says, after it was resumed: whole, once
 *                  ┌──────────────────────────────┐
 *   QUEUED ─begin▶ RECEIVING ─last byte▶ FINISHING ─published, or not▶ over
 *     ▲ └─ it is here meanwhile ──▶ KEPT ─asked▶ SHOWING ─piece▶ over
 *     └─ our own copy cannot be read, or differs ──┘
 */
enum wanted_state {
    WANTED_NONE = 0,
    WANTED_QUEUED,
    WANTED_RECEIVING,
    WANTED_FINISHING,
    WANTED_KEPT,
    WANTED_SHOWING,
};

struct wanted { /* a file, from one peer */
    enum wanted_state state;
    struct wanted *next; /* of its peer */
    struct key peer;
    struct digest digest;
    uint64_t size_bytes;
    struct key sender; /* of the first message that waits for it */
    struct message_id message_id;
    bool is_resumed;   /* some of it came earlier than in this go */
    bool must_come;    /* whole, although a file of this digest is here */
    bool has_place;    /* at the peer's receiver */
    bool is_claimed;   /* a message that was taken names it */
    bool owes_credit;  /* the disk is behind */
    uint64_t piece_at; /* SHOWING: the piece's offset */
    mono_t progress;
};

struct unclaimed {     /* a file that is here whole */
    struct key source; /* whose bytes they are; none: free slot */
    struct digest digest;
    uint64_t size_bytes;
    mono_t since;
};

struct fetch_peer {
    struct key key;
    struct blob_sender sender;
    struct blob_receiver receiver;
    struct wanted *first; /* oldest first */
    uint32_t wanted_count, waiting_count;
    mono_t progress;
    mono_t told; /* fetch_frame said so */
    mono_t looked, doubted;
    uint32_t looks; /* that it may still cause */
};

struct fetch {
    struct fetch_options options;
    struct waiting waiting[FETCH_WAITING_MAX];
    size_t waiting_count; /* slots in use are below this */
    struct wanted *wanted;
    size_t wanted_max, wanted_limit; /* slots in use are below the limit */
    size_t wanted_count;
    struct unclaimed unclaimed[FETCH_UNCLAIMED_MAX];
    size_t unclaimed_limit; /* slots in use are below this */
    struct fetch_peer *peers;
    uint32_t peer_count;
    uint32_t serve_next; /* who is served first */
    mono_t now;
    uint8_t *piece; /* of a file of ours: BLOB_CHUNK_BYTES_MAX */
};

/* fetch.c */
struct fetch_peer *fetch_get_peer(struct fetch *fetch, const struct key *key); /* NULL: too many */
void fetch_emit_frame(struct fetch *fetch, const struct key *peer, const struct frame *frame);
/* The file is here, or will not come: the peer's messages that wait for it are told, and the wanted
 * is gone. */
void fetch_over(struct fetch *fetch, struct fetch_peer *peer, struct wanted *wanted,
                enum reason outcome);

/* fetch_receive.c */
/* The only assignment to .state. */
void fetch_move(struct wanted *wanted, enum wanted_state to);
struct wanted *fetch_find_wanted(const struct fetch_peer *peer, const struct digest *digest);
/* False: no slot. */
bool fetch_add_wanted(struct fetch *fetch, struct fetch_peer *peer, const struct wanted *wanted);
void fetch_forget_wanted(struct fetch *fetch, struct fetch_peer *peer, struct wanted *wanted);
/* A want names its message: the transfer may have to begin again at the other end. */
void fetch_emit_answer(struct fetch *fetch, const struct wanted *wanted, struct frame *answer);
/* Begins what has room, and goes on with what waited for the disk. */
void fetch_go_on(struct fetch *fetch, struct fetch_peer *peer);
/* True: it was asked for. */
bool fetch_receive_chunk(struct fetch *fetch, struct fetch_peer *peer,
                         const struct frame_blob *chunk);
/* The peer will not send it. False: it was not asked for. */
bool fetch_receive_refusal(struct fetch *fetch, struct fetch_peer *peer,
                           const struct frame_blob *refusal);
/* Ends the transfer here; the other end hears the reason when it is one of this file. */
void fetch_end_transfer(struct fetch *fetch, struct fetch_peer *peer, struct wanted *wanted,
                        enum reason outcome);
/* Everything of it is to come again, from the first byte. */
void fetch_from_start(struct fetch *fetch, struct fetch_peer *peer, struct wanted *wanted);

/* fetch_claim.c */
/* It has come whole from its peer. */
void fetch_unclaimed_add(struct fetch *fetch, const struct wanted *wanted);
/* A message that names its files is admitted: they are nobody's quota any more. */
void fetch_claim(struct fetch *fetch, const struct sealed *sealed);
/* Whether the peer may bring so many more files, for that message. */
bool fetch_may_bring(struct fetch *fetch, const struct fetch_peer *peer,
                     const struct sealed *sealed, size_t missing);

/* fetch_proof.c */
/* False: not yet; the copy is being read. */
bool fetch_ask_proof(struct fetch *fetch, struct fetch_peer *peer, struct wanted *wanted);
bool fetch_receive_proof(struct fetch *fetch, struct fetch_peer *peer, struct wanted *wanted,
                         const struct frame_blob *chunk);

/* fetch_serve.c */
/* True: it moved a transfer on. */
bool fetch_receive_want(struct fetch *fetch, struct fetch_peer *peer, const struct frame *want);
/* The peer wants no more of it. */
void fetch_refused(struct fetch *fetch, struct fetch_peer *peer, const struct frame *refusal);
