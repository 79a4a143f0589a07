/* intake_lanes - whose turn it is in the pool of frames. Data only: the pool's lock is around it.
 *
 *   frames of a lane: first ─▶ … ─▶ last      in the order that they came, until they are taken
 *                     work  ─▶ …              those of them that a worker has to look at
 *
 * Two rings of lanes: those that have work, and those whose first frame is done. A lane that rests
 * is in neither.
 */
#pragma once

#include "gateway/workers/intake_pool.h"

struct lane;

/* An intake with what it owns. The intake comes first: the core's pointer is the pool's. */
struct pooled {
    struct intake intake;
    uint8_t *bytes;
    size_t capacity; /* of bytes; the arena fits a frame of that size and kind */
    bool is_for_chunks;
    struct lane *lane;
    bool is_begun, is_done;
    uint64_t cost_ns;               /* so far */
    struct pooled *next, *previous; /* of the spare ones, or of the alive ones */
    struct pooled *behind;          /* in its lane */
    struct pooled *next_work;
};

enum lane_ring { RING_WORK, RING_OUT, RINGS };

struct lane {
    struct key key;
    struct pooled *first, *last;
    struct pooled *work_first, *work_last;
    size_t frames, bytes; /* alive */
    int64_t credit_ns;    /* of processor time; below 0: its turn is skipped */
    int64_t debt_ns;      /* of what came to nothing, at debt_at */
    mono_t debt_at;
    struct lane *line; /* of its carrier, which has no frames but the debts of all; NULL: none */
    bool is_resting;
    bool is_in[RINGS];
    struct lane *next[RINGS];
    struct lane *next_same_hash;
    struct lane *next_resting;
};

enum { LANE_BUCKETS = 4096 };

struct lanes {
    struct lane *buckets[LANE_BUCKETS];
    size_t count;
    struct lane *first[RINGS], *last[RINGS];
    struct lane *resting;
};

/* The lane of a peer, made on first use; NULL: no memory. */
struct lane *lanes_get(struct lanes *lanes, const struct key *peer);
/* NULL: it has none yet. */
struct lane *lanes_find(const struct lanes *lanes, const struct key *peer);
void lanes_release(struct lanes *lanes);

/* A frame that came. True: something is done now that was not. */
bool lanes_add(struct lanes *lanes, struct pooled *pooled);
/* The frame that a worker looks at next, and for one slice; NULL: none. */
struct pooled *lanes_next_work(struct lanes *lanes);
/* What the slice cost; is_done: the frame needs no other. True: something is done now. */
bool lanes_worked(struct lanes *lanes, struct pooled *pooled, uint64_t cost_ns, bool is_done);
bool lanes_has_work(const struct lanes *lanes);
/* The next frame that is done; NULL: none. */
struct pooled *lanes_take(struct lanes *lanes);

/* Work that came to nothing: the lane may have to rest from now on. */
void lanes_charge(struct lanes *lanes, struct lane *lane, int64_t cost_ns, mono_t now);
/* Lanes whose rest is over go on. */
void lanes_wake(struct lanes *lanes, mono_t now);
/* When the first of them is; INT64_MAX: none rests. */
mono_t lanes_deadline(const struct lanes *lanes);
