/* release - what was decided, held until the disk has it (invariant 1: commit, then speak).
 *
 * The loop's thread applies a step's plan and goes on; a thread of the release syncs the store. The
 * step's frames wait here, as bytes, and leave in order when their sync is done: while the disk
 * writes, the next step is computed, and whatever arrives meanwhile shares the next sync.
 *
 *   release_hold (from the core's effects) … release_step     the step's frames are complete
 *   release_fd readable ─▶ release_run                         frames whose sync is done leave
 *
 * When nothing else is there to be computed, the loop syncs by itself: to wake the thread, and be
 * woken by it, may take as long as the disk.
 *
 * A step that applied nothing needs no sync of its own, but its frames may tell of what an earlier
 * one applied: it leaves after that. A step that says nothing has nothing to wait for, and what it
 * applied is on disk with the next one that does: the heartbeats at the latest.
 *
 * Ownership: store outlives the release. One thread uses a release. Bounds: RELEASE_STEPS_MAX steps
 * wait; release_has_room says whether another may begin. When a sync fails nothing that waited
 * leaves any more (REASON_STORE_FAILED): what is on disk is known only to who opens it anew.
 */
#pragma once

#include "gateway/port/store.h"

enum {
    /* One whose sync runs, one that is computed meanwhile. More would only be memory. */
    RELEASE_STEPS_MAX = 2,
};

struct release;

/* A frame leaves. */
typedef void release_send(void *context, const struct key *peer, struct bytes frame);

enum reason release_new(struct store *store, release_send *send, void *context,
                        struct release **ret_release);
/* Ends the thread after the sync that runs; what still waits is dropped. */
void release_destroy(struct release **release);
/* Readable when a sync is done. */
int release_fd(const struct release *release);
bool release_has_room(const struct release *release);
/* Nothing waits for the disk. */
bool release_is_idle(const struct release *release);

/* Copies a frame of the present step. REASON_OUT_OF_MEMORY: it could not be kept. */
enum reason release_hold(struct release *release, const struct key *peer, struct bytes frame);
/* The present step is complete. applied: it has a plan that the store applied. is_alone: nothing
 * waits for another one. Only with room. */
void release_step(struct release *release, bool applied, bool is_alone);
/* Sends what may leave. REASON_STORE_FAILED: a sync failed. */
enum reason release_run(struct release *release);
/* The same, and waits until the disk has everything that was applied. */
enum reason release_drain(struct release *release);
