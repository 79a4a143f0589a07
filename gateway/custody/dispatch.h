/* dispatch - turns messages that may leave into frames: after the commit, never before (invariant
 * 1).
 *
 * Messages that arrived in this step are sent from memory; older ones are read from the store.
 * Neighbours that were sealed together travel as one parcel. A frame is closed at
 * DISPATCH_FRAME_BYTES, so that a slow link stays responsive.
 */
#ifndef GATEWAY_CUSTODY_DISPATCH_H
#define GATEWAY_CUSTODY_DISPATCH_H

#include "gateway/port/store.h"
#include "proto/base/arena.h"
#include "proto/codec/frame.h"

enum { DISPATCH_FRAME_BYTES = 256 * 1024 };

struct dispatch_item {
    uint64_t message_seq;
    const struct parcel *parcel; /* NULL: read from the store */
    uint32_t document_index;
};

/* Sends one frame; what it answers is given back for the items in it. */
typedef enum reason dispatch_send(void *context, struct bytes frame);
/* Item index was not sent, because of reason. */
typedef void dispatch_failed(void *context, size_t index, enum reason reason);

/* scratch is reset; frame is the buffer that frames are built in. */
void dispatch_items(struct store *store, const struct dispatch_item *items, size_t count,
                    struct arena *scratch, struct buffer *frame, dispatch_send *send,
                    dispatch_failed *failed, void *context);

#endif
