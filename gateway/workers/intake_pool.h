/* intake_pool - frames go in, examined intakes come out in each peer's order: worker threads
 * between.
 *
 *            ┌ lane of peer a ┐ in turn                         ┌ lane of peer a ┐ in turn
 *   submit ─▶│ lane of peer b │────▶ worker: one slice of a ───▶│ lane of peer b │───▶ take ─▶ core
 *            └ …              ┘      frame, then the next lane  └ …              ┘  ◀─ release
 *
 * Nobody waits behind another (invariant 13). Each peer has a lane of its own, whatever the number
 * of its connections. The lanes take turns at the workers by the processor time that they cost
 * (deficit round robin: Shreedhar and Varghese, 1995), measured, not guessed: a key of 4096 bits, a
 * curve that is slow or 64 signatures in a frame cost their sender and nobody else. A frame is
 * examined in slices of INTAKE_POOL_SLICE_NS, a signature at least; a peer alone has all threads.
 * The lanes take turns again at take.
 *
 * Work that came to nothing costs its sender more: what the core refused, knew already or could not
 * make sense of (intake.wasted) is charged at release, and a lane that is INTAKE_POOL_WASTE_NS in
 * debt rests until it is INTAKE_POOL_REST_NS below that; a tenth of the time that passes is
 * forgiven. So what it sends then comes in runs, which share a commit. An honest peer that
 * repeats a whole window after a restart stays below that. Those who come over one carrier have a
 * debt in common besides: each may owe as much as the others leave of INTAKE_POOL_LINE_WASTE_NS, so
 * that a hundred names of one key waste no more than two, and who is honest among them goes on.
 *
 * What has nothing to verify is examined in submit: a piece of a file, an acknowledgement. So is
 * the first slice of a short frame that finds the pool empty: to wake a thread, and be woken by it,
 * takes longer than a signature, and nobody else waits meanwhile.
 *
 * Calling sequence: intake_pool_new; per frame that arrived intake_pool_submit; when intake_pool_fd
 * is readable, or intake_pool_deadline passed, intake_pool_take until NULL; intake_pool_release for
 * each intake once nothing looks at it any more (its .references are 0 and the step is over);
 * intake_pool_destroy at last, which also frees what was not released. Everything is called by the
 * loop's thread; the threads are the pool's own.
 *
 * Bounds: frames_max frames and bytes_max of memory that are in the pool or out with the caller; of
 * what is free no lane may have more than it leaves to the others, when they share
 * (intake_pool_has_room). At a bound submit answers REASON_BUSY (invariant 8).
 */
#pragma once

#include "gateway/custody/examine.h"
#include "proto/base/limits.h"

struct intake_pool;

enum {
    INTAKE_POOL_THREADS_MAX = 16,
    INTAKE_POOL_FRAMES_MAX = 4096,
    INTAKE_POOL_LANES_MAX = PARTICIPANTS_MAX + CARRIERS_MAX + 1, /* one for who is too many */
    /* What a lane has at the workers before the next one: ten cheap signatures, one dear. */
    INTAKE_POOL_SLICE_NS = 200 * 1000,
    /* A piece that came to nothing costs the loop about so much besides. */
    INTAKE_POOL_WASTED_NS = 50 * 1000,
    /* A window of repeats (MESSAGE_WINDOW_MAX) costs less. */
    INTAKE_POOL_WASTE_NS = 400 * 1000 * 1000,
    /* Of all that come over one carrier. */
    INTAKE_POOL_LINE_WASTE_NS = 2 * INTAKE_POOL_WASTE_NS,
    INTAKE_POOL_REST_NS = INTAKE_POOL_WASTE_NS / 8,
    INTAKE_POOL_FORGIVEN_NS_PER_MS = 100 * 1000,
};

/* Where a frame came from. */
struct intake_way {
    struct key peer;
    uint64_t connection;
    struct key carrier; /* whose connection that is; none: the peer's own */
};

struct intake_pool_options {
    uint32_t threads;    /* 1 to INTAKE_POOL_THREADS_MAX */
    uint32_t frames_max; /* 1 to INTAKE_POOL_FRAMES_MAX */
    size_t bytes_max;    /* of intakes alive; at least what one frame of FRAME_BYTES_MAX needs */
    size_t spare_bytes;  /* kept for re-use when released; 0: none */
    bool is_shared;      /* by several peers: each leaves room to the others */
    size_t alone_bytes;  /* what is short, for a frame that is alone in the pool; 0: nothing */
    uint64_t (*thread_ns)(void); /* processor time of the calling thread; NULL: bytes are counted */
    mono_t (*clock)(void);       /* for debts; NULL: nobody rests */
    const struct crypto_port *crypto; /* hash and verify are called by any thread; outlives it */
};

/* REASON_OUT_OF_MEMORY also when threads cannot be had. */
enum reason intake_pool_new(const struct intake_pool_options *options,
                            struct intake_pool **ret_pool);
void intake_pool_destroy(struct intake_pool **pool);
/* Whether a frame of that size of that peer would be taken now: ask before it is read from the
 * connection. */
bool intake_pool_has_room(struct intake_pool *pool, const struct key *peer, size_t frame_bytes);
/* When a lane that rests may go on; INT64_MAX: none does. */
mono_t intake_pool_deadline(struct intake_pool *pool);
/* It sent too much that came to nothing, and what it sends is not looked at for a while. */
bool intake_pool_is_resting(struct intake_pool *pool, const struct key *peer);
/* An eventfd: readable while intakes may be taken. take clears it. */
int intake_pool_fd(const struct intake_pool *pool);
/* Copies bytes. now: when the frame arrived, and the time that certificates are judged at.
 * REASON_BUSY, REASON_OUT_OF_MEMORY, REASON_FRAME_TOO_LARGE. */
enum reason intake_pool_submit(struct intake_pool *pool, const struct intake_way *way,
                               struct bytes bytes, wall_t now);
/* Of a peer whose turn it is the oldest frame that was not taken, if it is examined; NULL: none. */
struct intake *intake_pool_take(struct intake_pool *pool);
void intake_pool_release(struct intake_pool *pool, struct intake *intake);
/* Submitted and not yet released. */
size_t intake_pool_count(const struct intake_pool *pool);
