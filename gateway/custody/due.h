/* due - brings from the store what is due to one destination, and leases it. Used on both sides.
 *
 * Early in a step, before anything is planned: later the store and the plan would disagree. What
 * was leased leaves after the commit (dispatch.h), never before (invariant 1). A message that the
 * store cannot read now stays due.
 */
#ifndef GATEWAY_CUSTODY_DUE_H
#define GATEWAY_CUSTODY_DUE_H

#include "gateway/custody/plan.h"
#include "routing/outbox/outbox.h"

/* The entry is leased and its move is planned. Both are views for the call's time. */
typedef void due_leased(void *context, uint32_t destination, const struct entry *entry,
                        const struct store_message *message);

/* At most OUTBOX_FETCH_MAX entries. */
void due_lease(struct store *store, struct outbox *outbox, struct plan *plan, uint32_t destination,
               mono_t now, wall_t wall, due_leased *leased, void *context);

#endif
