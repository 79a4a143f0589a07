/* intake_pool - frames go in, examined intakes come out in the same order: worker threads between.
 *
 *   loop ──submit▶ ring ──▶ worker: examine_frame ──▶ ring ──take▶ loop ──▶ core ──release▶ pool
 *                            (several at once)        (oldest first, only when it is done)
 *
 * What has nothing to verify is examined in submit: a piece of a file, an acknowledgement.
 *
 * Calling sequence: intake_pool_new; per frame that arrived intake_pool_submit; when intake_pool_fd
 * is readable, intake_pool_take until NULL; intake_pool_release for each intake once nothing looks
 * at it any more (its .references are 0 and the step is over); intake_pool_destroy at last, which
 * also frees what was not released. Everything is called by the loop's thread; the threads are the
 * pool's own.
 *
 * Bounds: frames_max frames and bytes_max of memory that are in the pool or out with the caller. At
 * a bound submit answers REASON_BUSY and the caller tells the peer "not now" (invariant 8).
 */
#ifndef GATEWAY_WORKERS_INTAKE_POOL_H
#define GATEWAY_WORKERS_INTAKE_POOL_H

#include "gateway/custody/examine.h"

struct intake_pool;

enum {
    INTAKE_POOL_THREADS_MAX = 16,
    INTAKE_POOL_FRAMES_MAX = 4096,
};

struct intake_pool_options {
    uint32_t threads;    /* 1 to INTAKE_POOL_THREADS_MAX */
    uint32_t frames_max; /* 1 to INTAKE_POOL_FRAMES_MAX */
    size_t bytes_max;    /* of intakes alive; at least what one frame of FRAME_BYTES_MAX needs */
    size_t spare_bytes;  /* kept for re-use when released; 0: none */
    const struct crypto_port *crypto; /* hash and verify are called by any thread; outlives it */
};

/* REASON_OUT_OF_MEMORY also when threads cannot be had. */
enum reason intake_pool_new(const struct intake_pool_options *options,
                            struct intake_pool **ret_pool);
void intake_pool_destroy(struct intake_pool **pool);
/* An eventfd: readable while intakes may be taken. take clears it. */
int intake_pool_fd(const struct intake_pool *pool);
/* Copies bytes. now: when the frame arrived, and the time that certificates are judged at.
 * REASON_BUSY, REASON_OUT_OF_MEMORY, REASON_FRAME_TOO_LARGE. */
enum reason intake_pool_submit(struct intake_pool *pool, const struct key *peer,
                               uint64_t connection, struct bytes bytes, wall_t now);
/* The oldest frame that was submitted and not taken, if it is examined; otherwise NULL. */
struct intake *intake_pool_take(struct intake_pool *pool);
void intake_pool_release(struct intake_pool *pool, struct intake *intake);
/* Submitted and not yet released. */
size_t intake_pool_count(const struct intake_pool *pool);

#endif
