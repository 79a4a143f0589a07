/* fetch_parts - what the files of fetch share. Nobody else includes this.
 *
 *   fetch.c        messages that wait, files that are wanted and received
 *   fetch_proof.c  files that are here already, and that the sender shows to have
 *   fetch_serve.c  files that others want
 */
#ifndef GATEWAY_CUSTODY_FETCH_PARTS_H
#define GATEWAY_CUSTODY_FETCH_PARTS_H

#include "gateway/custody/fetch.h"

struct waiting {           /* a message */
    struct intake *intake; /* NULL: free slot */
    struct sealed *sealed;
    uint64_t missing;   /* a bit for each place in its list: still to come, or to be shown */
    enum reason reason; /* not NONE: the wait is over, badly */
};

struct wanted {      /* a file */
    struct key peer; /* none: free slot */
    struct digest digest;
    uint64_t size_bytes;
    struct key sender; /* of the first message that waits for it */
    struct message_id message_id;
    bool is_kept;      /* it is here: only a piece is wanted, as a proof */
    uint64_t piece_at; /* that piece's offset */
    bool is_begun;
    mono_t progress;
};

struct peer {
    struct key key; /* none: free slot */
    struct blob_sender sender;
    struct blob_receiver receiver;
};

struct fetch {
    struct fetch_options options;
    struct waiting waiting[FETCH_WAITING_MAX];
    struct wanted wanted[FETCH_WANTED_MAX];
    size_t wanted_count;  /* slots in use are below this */
    size_t waiting_count; /* likewise */
    struct peer *peers;
    uint32_t peer_count;
    uint8_t *piece; /* of a file of ours: BLOB_CHUNK_BYTES_MAX */
};

struct peer *fetch_find_peer(const struct fetch *fetch, const struct key *key);
void fetch_emit_frame(struct fetch *fetch, const struct key *peer, const struct frame *frame);
/* A want names its message: the transfer may have to begin again at the other end. */
void fetch_emit_answer(struct fetch *fetch, const struct wanted *wanted, struct frame *answer);
/* fetch_proof.c */
void fetch_ask_proof(struct fetch *fetch, struct wanted *wanted);
/* False: not what was asked for, to be dropped. */
bool fetch_check_proof(struct fetch *fetch, const struct wanted *wanted,
                       const struct frame_blob *chunk, enum reason *ret_outcome);
/* Tells the peer, whose transfer ends with it. */
void fetch_end_proof(struct fetch *fetch, const struct wanted *wanted, enum reason outcome);
/* fetch_serve.c */
void fetch_receive_want(struct fetch *fetch, struct peer *peer, const struct frame *want);

#endif
