#include "gateway/custody/dispatch.h"

#include "proto/base/check.h"

/* A frame under construction. Parcels grow at their end only, so that documents stay in order. */
struct load {
    struct parcel parcels[FRAME_PARCELS_MAX];
    struct bytes documents[FRAME_PARCELS_MAX][PARCEL_MESSAGES_MAX];
    uint64_t parcel_key[FRAME_PARCELS_MAX]; /* what tells parcels apart: address or seq */
    size_t parcel_count;
    size_t cost_bytes;
    size_t first_item, item_count;
};

struct source {
    struct bytes document;
    struct parcel parcel; /* without documents */
    uint64_t parcel_key;
};

/* The bytes of one item; for old ones a copy in scratch. */
static enum reason find_source(struct store *store, const struct dispatch_item *item,
                               struct arena *scratch, struct source *ret_source)
{
    if (item->parcel != NULL) {
        *ret_source = (struct source){
            .document = item->parcel->documents[item->document_index],
            .parcel = *item->parcel,
            .parcel_key = (uint64_t)(uintptr_t)item->parcel->manifest.data,
        };
        return REASON_NONE;
    }
    struct store_document found;
    enum reason reason = store->verbs->read_document(store, item->message_seq, &found);
    if (reason != REASON_NONE)
        return reason;
    struct source source = {
        .document = arena_copy(scratch, found.document),
        .parcel.manifest = arena_copy(scratch, found.manifest),
        .parcel.signature = arena_copy(scratch, found.signature),
        .parcel.certificate = arena_copy(scratch, found.certificate),
        .parcel_key = found.message.parcel_seq,
    };
    if (source.document.data == NULL || source.parcel.manifest.data == NULL ||
        source.parcel.signature.data == NULL || source.parcel.certificate.data == NULL)
        return REASON_OUT_OF_MEMORY;
    *ret_source = source;
    return REASON_NONE;
}

static bool joins_last_parcel(const struct load *load, const struct source *source)
{
    if (load->parcel_count == 0 || source->parcel.manifest.size == 0)
        return false;
    size_t last = load->parcel_count - 1;
    return load->parcel_key[last] == source->parcel_key &&
           load->parcels[last].document_count < PARCEL_MESSAGES_MAX;
}

/* False when the load is full: send it first. */
static bool load_add(struct load *load, const struct source *source)
{
    bool joins = joins_last_parcel(load, source);
    size_t cost = frame_document_cost(source->document.size) +
                  (joins ? 0 : frame_parcel_cost(&source->parcel));
    if (load->item_count > 0 && (load->cost_bytes + cost > DISPATCH_FRAME_BYTES ||
                                 (!joins && load->parcel_count == FRAME_PARCELS_MAX)))
        return false;
    if (!joins) {
        size_t new = load->parcel_count++;
        load->parcels[new] = source->parcel;
        load->parcels[new].documents = load->documents[new];
        load->parcels[new].document_count = 0;
        load->parcel_key[new] = source->parcel_key;
    }
    struct parcel *parcel = &load->parcels[load->parcel_count - 1];
    load->documents[load->parcel_count - 1][parcel->document_count++] = source->document;
    load->cost_bytes += cost;
    load->item_count++;
    return true;
}

static void load_send(struct load *load, struct arena *scratch, struct buffer *bytes,
                      dispatch_send *send, dispatch_failed *failed, void *context)
{
    if (load->item_count > 0) {
        struct frame frame = {
            .kind = FRAME_PARCELS,
            .parcels = {load->parcels, load->parcel_count},
        };
        buffer_clear(bytes);
        enum reason reason = frame_build(&frame, scratch, bytes);
        if (reason == REASON_NONE)
            reason = send(context, buffer_view(bytes));
        for (size_t i = 0; reason != REASON_NONE && i < load->item_count; i++)
            failed(context, load->first_item + i, reason);
    }
    load->first_item += load->item_count;
    load->item_count = load->parcel_count = load->cost_bytes = 0;
    arena_reset(scratch);
}

void dispatch_items(struct store *store, const struct dispatch_item *items, size_t count,
                    struct arena *scratch, struct buffer *frame, dispatch_send *send,
                    dispatch_failed *failed, void *context)
{
    static _Thread_local struct load load; /* 70 KB: too much for a worker's stack */
    load.first_item = load.item_count = load.parcel_count = load.cost_bytes = 0;
    arena_reset(scratch);
    for (size_t i = 0; i < count; i++) {
        struct source source;
        enum reason reason = find_source(store, &items[i], scratch, &source);
        if (reason == REASON_OUT_OF_MEMORY && load.item_count > 0) {
            load_send(&load, scratch, frame, send, failed, context);
            reason = find_source(store, &items[i], scratch, &source);
        }
        if (reason != REASON_NONE) {
            load_send(&load, scratch, frame, send, failed, context);
            failed(context, i, reason);
            load.first_item = i + 1;
            continue;
        }
        if (!load_add(&load, &source)) {
            /* What was copied for this item dies with the load: fetch it again. */
            load_send(&load, scratch, frame, send, failed, context);
            reason = find_source(store, &items[i], scratch, &source);
            bool added = reason == REASON_NONE && load_add(&load, &source);
            if (!added) {
                failed(context, i, reason);
                load.first_item = i + 1;
            }
        }
    }
    load_send(&load, scratch, frame, send, failed, context);
}
