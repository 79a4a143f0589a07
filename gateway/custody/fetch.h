/* fetch - attachments: a message waits until every file that it names is here, verified and
 * fsynced.
 *
 * The envelope's attachments are the offer: their digests and sizes were signed. What is missing is
 * asked for (BlobWant) from the peer that the message came from, and only after the message was
 * verified and admitted, so nobody can fill our disk with files that no message names. Sending is
 * the other half: a peer's BlobWant names the message that it wants the file for, and is served
 * from the blobs port when the entitle function given at fetch_new says that the peer may have it.
 * Whoever may not hears what it would hear of a file that is not here.
 *
 * What a peer sent belongs to it (port/blobs.h): two peers that send one file send it twice, and
 * who is whole first publishes it for all. A message is refused for a file only when all bytes came
 * from its author in one go; one that was resumed and does not match is asked for again whole. What
 * our own disk did to a file, or the disk of a gateway in between, is nobody's fault: the message
 * waits with ATTACHMENT_DAMAGED, and the file is fetched again from its author.
 *
 * With a draw function the peers are the authors of what they send, and a file that is here is not
 * sent again, but the peer that names it shows that it has it (fetch_proof.c). Without one the peer
 * is a gateway, whose word about a file never ends a message.
 *
 * Calling sequence, in a step: fetch_tick now and then; fetch_settle; fetch_ready until it has
 * nothing; fetch_message per admitted message with attachments; fetch_frame for every blob frame.
 * After the step's frames: fetch_serve. Frames go to the emit function given at fetch_new. What the
 * blobs port has done aside is taken up by fetch_settle: step when its fd is readable.
 *
 * A file that came whole stays, although the message that named it may never be taken: another one
 * of its files may be missing for good. What a peer has brought and no admitted message names is
 * counted for FETCH_UNCLAIMED_MS, and who has more of it than FETCH_PEER_UNCLAIMED_MAX files, or
 * the bytes of FETCH_UNCLAIMED_LARGEST files of the largest size, sends no new ones; a message that
 * names them is always welcome. So one participant fills the disk by that, its last messages, and
 * nothing else, in a day.
 *
 * Bounds: FETCH_WAITING_MAX messages and FETCH_WANTED_MAX files wait, FETCH_PEER_… of one peer, and
 * no peer has more of them than it leaves free for the others, so that one slow line does not stop
 * the files of all; at the bound REASON_BUSY and the sender keeps the message. A peer that sends
 * nothing for FETCH_SILENT_MS loses its places. A frame that nobody asked for costs a look at that
 * peer's own list; a BlobWant that begins a transfer costs a look into the store, of which a peer
 * has FETCH_LOOKS_PER_S.
 */
#pragma once

#include "gateway/custody/examine.h"
#include "gateway/port/blobs.h"
#include "proto/blob/exchange.h"

enum {
    FETCH_WAITING_MAX = 256,
    FETCH_PEER_WAITING_MAX = FETCH_WAITING_MAX / 4,
    FETCH_WANTED_MAX = 1024,
    /* One message with the most files, and another one behind it. */
    FETCH_PEER_WANTED_MAX = 2 * ATTACHMENTS_MAX,
    FETCH_UNCLAIMED_MAX = FETCH_WANTED_MAX,
    FETCH_PEER_UNCLAIMED_MAX = FETCH_PEER_WANTED_MAX, /* what one cut line can leave behind */
    FETCH_UNCLAIMED_LARGEST = 8,
    FETCH_UNCLAIMED_MS = 24 * 3600 * 1000,
    /* Frames of waiting messages. With what is parsed of it a frame takes up to 14 times its size
     * in the pool of frames (intake_pool.c): half of that pool, so that the chunks they wait for
     * always find room. One frame of the largest size fits. */
    FETCH_WAITING_BYTES_MAX = 1024 * 1024,
    FETCH_SILENT_MS = 30 * 1000,
    /* One file, while its peer sends others: those take turns on a slow line. */
    FETCH_STALLED_MS = BLOB_TRANSFERS_MAX * FETCH_SILENT_MS,
    /* Chunks that one call of fetch_serve sends to one peer, and to all: other traffic gets its
     * turn. */
    FETCH_SERVE_CHUNKS_MAX = 16,
    FETCH_SERVE_ALL_CHUNKS_MAX = 4 * FETCH_SERVE_CHUNKS_MAX,
    /* A look is two rows and a document, about 30 µs: 1.5 % of the core's time at most. More small
     * files a second than a disk can fsync. */
    FETCH_LOOKS_PER_S = 512,
    /* One that finds that the file is not the peer's to have counts so many times: also a line in
     * the log. */
    FETCH_LOOK_FORBIDDEN = 8,
    /* A peer's word that a file of ours is damaged costs reading it. */
    FETCH_DOUBT_MS = 60 * 1000,
    /* How often fetch_frame says that a peer's transfers progress. */
    FETCH_PROGRESS_MS = 1000,
};

struct fetch;

/* Queues a frame for a peer; NOT REASON_NONE: it could not leave now. */
typedef enum reason fetch_emit(void *context, const struct key *peer, const struct frame *frame);

/* May this peer have the file? want: its BlobWant. Asked before anything is said of the file, when
 * a transfer begins. NOT REASON_NONE: no (custody/entitle.h). */
typedef enum reason fetch_entitle(void *context, const struct key *peer,
                                  const struct frame_blob *want, uint64_t *ret_size_bytes);

/* 64 random bits. */
typedef uint64_t fetch_draw(void *context);

struct fetch_options {
    struct blobs *blobs;
    uint64_t size_max_bytes;
    uint32_t peers_max;
    fetch_emit *emit;
    fetch_entitle *entitle;
    fetch_draw *draw; /* NULL: the peer is a gateway */
    hash_function *hash;
    void *context;
};

size_t fetch_memory_bytes(const struct fetch_options *options);
struct fetch *fetch_new(const struct fetch_options *options, struct arena *memory);

enum fetch_answer { FETCH_READY = 1, FETCH_WAITS, FETCH_REFUSED };
/* READY: everything is here. WAITS: the fetch holds a reference to the intake until fetch_ready
 * gives it back. REFUSED: ret_reason (ATTACHMENT_TOO_LARGE, _SHORT, _LONG,
 * ATTACHMENTS_UNCLAIMED, BUSY, STORE_…). */
enum fetch_answer fetch_message(struct fetch *fetch, struct intake *intake, struct sealed *sealed,
                                mono_t now, enum reason *ret_reason);
/* Whether a message of that dossier waits for its files. */
bool fetch_has_dossier(const struct fetch *fetch, struct bytes dossier_code);
/* A file that was here, and is damaged or gone. */
struct fetch_file {
    struct digest digest;
    uint64_t size_bytes;
    struct key sender; /* of a message that names it */
    struct message_id message_id;
};
/* Asks that peer for it again, at the next fetch_settle. False: there is no place for it. */
bool fetch_again(struct fetch *fetch, const struct key *from, const struct fetch_file *file);
/* A BLOB_CHUNK, BLOB_WANT or BLOB_REFUSED of a peer. True: what is under way with this peer goes
 * on, its leases too; once in FETCH_PROGRESS_MS at most. */
bool fetch_frame(struct fetch *fetch, const struct key *peer, const struct frame *frame,
                 mono_t now);
void fetch_tick(struct fetch *fetch, mono_t now);
/* Takes up what the blobs port has done aside. Says one frame at most about each file that is
 * wanted; every other call says ROOM_FILE_FRAMES_MAX at most (custody/room.h). */
void fetch_settle(struct fetch *fetch, mono_t now);
/* A message whose wait is over, with the outcome; the reference goes to the caller. */
bool fetch_ready(struct fetch *fetch, struct intake **ret_intake, struct sealed **ret_sealed,
                 enum reason *ret_reason);
/* The peer's connection is gone or new: its messages are given up (it sends them again), partial
 * files stay. The intakes come back through fetch_ready with REASON_LINK_LOST. */
void fetch_peer_lost(struct fetch *fetch, const struct key *peer);
/* Sends chunks that have credit. scratch holds one chunk. True: more could be sent. */
bool fetch_serve(struct fetch *fetch, uint8_t *scratch);
