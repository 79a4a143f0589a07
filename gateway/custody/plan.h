/* plan - collects what one step will write, so that it can be committed all or nothing.
 *
 * Owns the arrays behind a struct store_plan and an arena for everything that must live until the
 * step's frames have left. Calling sequence: plan_init once; per step plan_begin, then plan_…
 * verbs, then the store's commit with &plan->store; afterwards plan_adopt (committed) or plan_begin
 * again (failed: the numbers given out are taken back).
 *
 * Bounds: PLAN_…_MAX; room.h says how a step asks before it plans. Running out is our own mistake.
 */
#pragma once

#include "gateway/port/store.h"
#include "proto/base/arena.h"

enum {
    PLAN_MESSAGES_MAX = 4096,
    PLAN_PARCELS_MAX = 4096,
    PLAN_ENTRIES_MAX = 8192,
    PLAN_MOVES_MAX = 16384,
    PLAN_NOTES_MAX = 4096,
    PLAN_ROUTES_MAX = 4096,
    PLAN_SEALS_MAX =
        256, /* when a certificate ends under a queue: the others wait for a later step */
    PLAN_DEADLINES_MAX = 1024,
    PLAN_PURGES_MAX = 64, /* a page of a job: the only one that purges */
};

struct plan {
    struct store_plan store;
    struct arena *step; /* reset by plan_begin */
    struct store_parcel *parcels;
    struct store_message *messages;
    struct entry *entries;
    struct store_move *moves;
    struct store_note *notes;
    struct store_route *routes;
    struct store_seal *seals;
    struct store_deadline *deadlines;
    struct store_purge *purges;
    struct store_positions base; /* as the store has it */
    uint64_t next_parcel_seq;
    uint64_t next_message_seq;
};

size_t plan_memory_bytes(void);
/* step stays the caller's; its content is the plan's. */
void plan_init(struct plan *plan, struct arena *memory, struct arena *step);
void plan_set_positions(struct plan *plan, const struct store_positions *positions);
void plan_begin(struct plan *plan);
/* The commit succeeded: the numbers given out are used. */
void plan_adopt(struct plan *plan);
bool plan_is_empty(const struct plan *plan);

/* A parcel with the next seq. The bytes are not copied and must live until the commit. */
uint64_t plan_parcel(struct plan *plan, const struct bytes *documents, size_t document_count,
                     struct bytes manifest, struct bytes signature, struct bytes certificate);
/* A zeroed message with the next seq, to be filled in. */
struct store_message *plan_message(struct plan *plan);
/* The message of this sender and id that this step has planned; NULL: none. The store does not know
 * it yet. */
const struct store_message *plan_find_message(const struct plan *plan, const struct key *sender,
                                              const struct message_id *id);
void plan_entry(struct plan *plan, const struct entry *entry);
/* The new state of an entry that exists or is in this plan. */
struct store_move *plan_move(struct plan *plan, const struct entry *entry);
void plan_route(struct plan *plan, const struct store_route *route);
/* Of that message; the parcel is filled in later. Only while there is room: plan_has_seal_room. */
struct store_seal *plan_seal(struct plan *plan, uint64_t message_seq);
bool plan_has_seal_room(const struct plan *plan);
/* The route of a dossier that this step has planned last; NULL: none. */
const struct store_route *plan_find_route(const struct plan *plan, struct bytes dossier_code);
/* The clock as this step leaves it. */
void plan_deadline(struct plan *plan, const struct store_deadline *deadline);
/* NULL: this step has planned none for the dossier. */
struct store_deadline *plan_find_deadline(const struct plan *plan, struct bytes dossier_code);
void plan_purge(struct plan *plan, uint64_t message_seq, uint32_t parts);
void plan_note(struct plan *plan, struct bytes name, struct bytes value);
/* Makes of an entry that the store gave what this step has already planned for it: two events of
 * one step may concern the same entry, and the store knows only what was before both. */
void plan_apply_moves(const struct plan *plan, struct entry *entry);
/* An outbox_change whose context is a struct plan *. */
void plan_change(void *context, const struct entry *entry);
/* Memory of the step; never NULL: room for it was asked for. */
void *plan_take(struct plan *plan, size_t size_bytes);
