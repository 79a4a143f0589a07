/* Frames by their peer: each has a lane, lanes take turns, and what comes out of one lane comes in
 * the order in which it came in (invariants 6 and 13). Everything here is under the pool's lock,
 * or is called with it.
 *
 * Two rings: RING_WORK has the lanes with frames that a worker may take, RING_OUT those whose
 * first frame is done. Turns are counted in time (deficit round robin: Shreedhar and Varghese,
 * 1995): a lane may spend a slice, what it took too much of it pays back in later rounds, and
 * nothing is saved up.
 *
 * A lane whose frames come to nothing owes what they cost. Beyond a bound it rests: its frames
 * stay, nothing of it is worked on, and debts are forgiven with time. The lane of a carrier is the
 * `line` of the lanes that come over it and has a debt of its own, so that a carrier with a
 * thousand names has no thousandfold allowance. */
#include "gateway/workers/intake_lanes.h"

#include <stdlib.h>

/* ---- lanes ---- */

static size_t bucket_of(const struct key *peer)
{
    return (size_t)(hash_bytes(key_bytes(peer)) >> 32) % LANE_BUCKETS;
}

struct lane *lanes_find(const struct lanes *lanes, const struct key *peer)
{
    struct lane *lane = lanes->buckets[bucket_of(peer)];
    while (lane != NULL && !key_equal(&lane->key, peer))
        lane = lane->next_same_hash;
    return lane;
}

/* Names are bounded, since a peer of the link may be anybody that the registry names; the last
 * lane is shared by those that find none. A lane is never freed before the end: frames point to
 * it. */
struct lane *lanes_get(struct lanes *lanes, const struct key *peer)
{
    static const struct key the_rest; /* of those that are too many */
    const struct key *key = peer;
    struct lane *lane = lanes_find(lanes, key);
    if (lane == NULL && lanes->count >= INTAKE_POOL_LANES_MAX - 1) {
        key = &the_rest;
        lane = lanes_find(lanes, key);
    }
    if (lane != NULL)
        return lane;
    lane = calloc(1, sizeof *lane);
    if (lane == NULL)
        return NULL;
    struct lane **bucket = &lanes->buckets[bucket_of(key)];
    lane->key = *key;
    lane->next_same_hash = *bucket;
    *bucket = lane;
    lanes->count++;
    return lane;
}

void lanes_release(struct lanes *lanes)
{
    for (size_t i = 0; i < LANE_BUCKETS; i++) {
        while (lanes->buckets[i] != NULL) {
            struct lane *lane = lanes->buckets[i];
            lanes->buckets[i] = lane->next_same_hash;
            free(lane);
        }
    }
}

/* ---- rings ---- */

/* Once in a ring at most, whatever number of reasons there are to be in it. */
static void ring_push(struct lanes *lanes, enum lane_ring ring, struct lane *lane)
{
    if (lane->is_in[ring] || lane->is_resting)
        return;
    lane->is_in[ring] = true;
    lane->next[ring] = NULL;
    if (lanes->last[ring] == NULL)
        lanes->first[ring] = lane;
    else
        lanes->last[ring]->next[ring] = lane;
    lanes->last[ring] = lane;
}

static struct lane *ring_pop(struct lanes *lanes, enum lane_ring ring)
{
    struct lane *lane = lanes->first[ring];
    if (lane == NULL)
        return NULL;
    lanes->first[ring] = lane->next[ring];
    if (lanes->first[ring] == NULL)
        lanes->last[ring] = NULL;
    lane->is_in[ring] = false;
    return lane;
}

/* True: the ring had nothing before. */
static bool offer(struct lanes *lanes, struct lane *lane)
{
    bool was_empty = lanes->first[RING_OUT] == NULL;
    if (lane->first == NULL || !lane->first->is_done)
        return false;
    ring_push(lanes, RING_OUT, lane);
    return was_empty && lanes->first[RING_OUT] != NULL;
}

/* ---- frames ---- */

static void work_append(struct lane *lane, struct pooled *pooled)
{
    pooled->next_work = NULL;
    if (lane->work_last == NULL)
        lane->work_first = pooled;
    else
        lane->work_last->next_work = pooled;
    lane->work_last = pooled;
}

static void work_put_back(struct lane *lane, struct pooled *pooled)
{
    pooled->next_work = lane->work_first;
    lane->work_first = pooled;
    if (lane->work_last == NULL)
        lane->work_last = pooled;
}

bool lanes_add(struct lanes *lanes, struct pooled *pooled)
{
    struct lane *lane = pooled->lane;
    pooled->behind = NULL;
    if (lane->last == NULL)
        lane->first = pooled;
    else
        lane->last->behind = pooled;
    lane->last = pooled;
    if (pooled->is_done)
        return offer(lanes, lane);
    work_append(lane, pooled);
    ring_push(lanes, RING_WORK, lane);
    return false;
}

bool lanes_has_work(const struct lanes *lanes)
{
    return lanes->first[RING_WORK] != NULL;
}

struct pooled *lanes_next_work(struct lanes *lanes)
{
    for (;;) {
        struct lane *lane = ring_pop(lanes, RING_WORK);
        if (lane == NULL)
            return NULL;
        if (lane->is_resting || lane->work_first == NULL)
            continue;
        bool is_alone = lanes->first[RING_WORK] == NULL;
        if (lane->credit_ns <= 0)
            lane->credit_ns =
                is_alone ? INTAKE_POOL_SLICE_NS : lane->credit_ns + INTAKE_POOL_SLICE_NS;
        if (lane->credit_ns <= 0) { /* what it had too much of is not paid back yet */
            ring_push(lanes, RING_WORK, lane);
            continue;
        }
        struct pooled *pooled = lane->work_first;
        lane->work_first = pooled->next_work;
        if (lane->work_first == NULL)
            lane->work_last = NULL;
        else
            ring_push(lanes, RING_WORK, lane);
        return pooled;
    }
}

bool lanes_worked(struct lanes *lanes, struct pooled *pooled, uint64_t cost_ns, bool is_done)
{
    struct lane *lane = pooled->lane;
    pooled->cost_ns += cost_ns;
    lane->credit_ns -= (int64_t)cost_ns;
    if (is_done) {
        pooled->is_done = true;
        if (lane->work_first == NULL && lane->credit_ns > 0)
            lane->credit_ns = 0; /* nothing is saved up */
        return pooled == lane->first && offer(lanes, lane);
    }
    work_put_back(lane, pooled);
    ring_push(lanes, RING_WORK, lane);
    return false;
}

struct pooled *lanes_take(struct lanes *lanes)
{
    struct lane *lane;
    do
        lane = ring_pop(lanes, RING_OUT);
    while (lane != NULL && lane->is_resting);
    if (lane == NULL)
        return NULL;
    struct pooled *pooled = lane->first;
    lane->first = pooled->behind;
    if (lane->first == NULL)
        lane->last = NULL;
    (void)offer(lanes, lane);
    return pooled;
}

/* ---- rest ---- */

static void forgive(struct lane *lane, mono_t now)
{
    int64_t forgiven = (now.ms - lane->debt_at.ms) * INTAKE_POOL_FORGIVEN_NS_PER_MS;
    lane->debt_ns = lane->debt_ns > forgiven ? lane->debt_ns - forgiven : 0;
    lane->debt_at = now;
}

/* How far it is beyond what it may owe, as its debt was told last. */
static int64_t beyond(const struct lane *lane)
{
    int64_t own = lane->debt_ns - INTAKE_POOL_WASTE_NS;
    if (lane->line == NULL)
        return own;
    int64_t of_line = lane->debt_ns + lane->line->debt_ns - INTAKE_POOL_LINE_WASTE_NS;
    return own > of_line ? own : of_line;
}

static void forgive_both(struct lane *lane, mono_t now)
{
    forgive(lane, now);
    if (lane->line != NULL)
        forgive(lane->line, now);
}

void lanes_charge(struct lanes *lanes, struct lane *lane, int64_t cost_ns, mono_t now)
{
    forgive_both(lane, now);
    lane->debt_ns += cost_ns;
    if (lane->line != NULL)
        lane->line->debt_ns += cost_ns;
    if (lane->is_resting || beyond(lane) <= 0)
        return;
    lane->is_resting = true;
    lane->next_resting = lanes->resting;
    lanes->resting = lane;
}

void lanes_wake(struct lanes *lanes, mono_t now)
{
    for (struct lane **at = &lanes->resting; *at != NULL;) {
        struct lane *lane = *at;
        forgive_both(lane, now);
        if (beyond(lane) > -INTAKE_POOL_REST_NS) {
            at = &lane->next_resting;
            continue;
        }
        *at = lane->next_resting;
        lane->is_resting = false;
        if (lane->work_first != NULL)
            ring_push(lanes, RING_WORK, lane);
        (void)offer(lanes, lane);
    }
}

mono_t lanes_deadline(const struct lanes *lanes)
{
    int64_t earliest = INT64_MAX;
    for (const struct lane *lane = lanes->resting; lane != NULL; lane = lane->next_resting) {
        /* Both debts shrink where both count: looked at too early, it goes on resting. */
        int64_t rate = (lane->line == NULL ? 1 : 2) * INTAKE_POOL_FORGIVEN_NS_PER_MS;
        int64_t over_ms = (beyond(lane) + INTAKE_POOL_REST_NS) / rate + 1;
        if (lane->debt_at.ms + over_ms < earliest)
            earliest = lane->debt_at.ms + over_ms;
    }
    return (mono_t){earliest};
}
