/* fetch_parts - what the two files of fetch share. Nobody else includes this.
 *
 *   fetch.c        messages that wait, files that are wanted and received
 *   fetch_serve.c  files that others want
 */
#ifndef GATEWAY_CUSTODY_FETCH_PARTS_H
#define GATEWAY_CUSTODY_FETCH_PARTS_H

#include "gateway/custody/fetch.h"

struct waiting {           /* a message */
    struct intake *intake; /* NULL: free slot */
    struct sealed *sealed;
    unsigned int missing;
    enum reason reason; /* not NONE: the wait is over, badly */
};

struct wanted {      /* a file */
    struct key peer; /* none: free slot */
    struct digest digest;
    uint64_t size_bytes;
    struct key sender; /* of the first message that waits for it */
    struct message_id message_id;
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
};

struct peer *fetch_find_peer(const struct fetch *fetch, const struct key *key);
void fetch_emit_frame(struct fetch *fetch, const struct key *peer, const struct frame *frame);
/* fetch_serve.c */
void fetch_receive_want(struct fetch *fetch, struct peer *peer, const struct frame *want);

#endif
