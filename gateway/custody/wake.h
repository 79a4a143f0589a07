/* wake - brings forward what waits for a registry that has changed meanwhile. Used on both sides.
 *
 * What was put off for a certificate or a name that was not known there (routing/outbox/failure.h)
 * has a back-off of its own, up to an hour. When either side has read its registry anew nothing is
 * gained by waiting: those entries become QUEUED and due, a page in each step, before anything else
 * is planned in it. What failed for another reason keeps its time.
 */
#ifndef GATEWAY_CUSTODY_WAKE_H
#define GATEWAY_CUSTODY_WAKE_H

#include "gateway/custody/plan.h"
#include "routing/outbox/outbox.h"

enum { WAKE_PAGE_MAX = 256 }; /* entries that one step looks at for one destination */

/* Of one destination. Zeroed: nothing to do. */
struct wake {
    bool is_wanted;
    uint64_t after_seq; /* looked at so far */
};

void wake_begin(struct wake *wake);
/* One page; there is room for WAKE_PAGE_MAX moves. True: there is more, for the next step. A store
 * that cannot say is asked again. */
bool wake_page(struct wake *wake, struct store *store, struct outbox *outbox, struct plan *plan,
               uint32_t destination, wall_t wall);

#endif
