/* Messages become frames: after the commit, never before (invariant 1).
 *
 * Messages that arrived in this step are sent from memory; older ones are read from the store.
 * Neighbours that were sealed together travel as one parcel. A frame is closed at
 * DISPATCH_FRAME_BYTES, so that a slow link stays responsive. */
#include "gateway/custody/step_parts.h"

enum { DISPATCH_FRAME_BYTES = 256 * 1024 };
#define NO_DELIVERY UINT32_MAX

/* A frame under construction. Parcels grow at their end only, so that documents stay in order. */
struct load {
    struct parcel parcels[FRAME_PARCELS_MAX];
    struct bytes documents[FRAME_PARCELS_MAX][PARCEL_MESSAGES_MAX];
    uint64_t parcel_key[FRAME_PARCELS_MAX]; /* what tells parcels apart: address or seq */
    size_t parcel_count;
    size_t cost_bytes;
    uint32_t first; /* of its deliveries, which are linked by .next */
    size_t count;
};

struct source {
    struct bytes document;
    struct parcel parcel; /* without documents */
    uint64_t parcel_key;
};

enum reason step_send_frame(struct step *step, const struct key *peer, const struct frame *frame)
{
    const struct step_effects *effects = step->effects;
    bool is_file = frame->kind == FRAME_BLOB_CHUNK || frame->kind == FRAME_BLOB_WANT ||
                   frame->kind == FRAME_BLOB_REFUSED;
    arena_reset(&step->build);
    buffer_clear(&step->frame);
    enum reason reason = frame_build(frame, &step->build, &step->frame);
    if (reason != REASON_NONE)
        return reason;
    return (is_file && effects->send_file != NULL ? effects->send_file : effects->send)(
        effects->context, peer, buffer_view(&step->frame));
}

/* The bytes of one delivery; for old ones a copy in scratch. */
static enum reason find_source(struct step *step, const struct delivery *delivery,
                               struct source *ret_source)
{
    struct arena *scratch = &step->scratch;
    struct store_document found;
    if (delivery->parcel != NULL) {
        *ret_source = (struct source){
            .document = delivery->parcel->documents[delivery->document_index],
            .parcel = *delivery->parcel,
            .parcel_key = (uint64_t)(uintptr_t)delivery->parcel->manifest.data,
        };
        return REASON_NONE;
    }
    enum reason reason =
        step->store->verbs->read_document(step->store, delivery->message_seq, &found);
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
static bool load_add(struct load *load, const struct source *source, uint32_t delivery)
{
    bool joins = joins_last_parcel(load, source);
    size_t cost = frame_document_cost(source->document.size) +
                  (joins ? 0 : frame_parcel_cost(&source->parcel));
    if (load->count > 0 && (load->cost_bytes + cost > DISPATCH_FRAME_BYTES ||
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
    if (load->count++ == 0)
        load->first = delivery;
    return true;
}

/* It stays leased in the store for a moment; the flight ends at the next tick. */
static void unsent(struct step *step, const struct delivery *delivery)
{
    struct flight *flight =
        outbox_find(step->outbox, delivery->destination, &delivery->sender, &delivery->id);
    if (flight != NULL)
        outbox_unsent(step->outbox, flight, step->now);
}

static void load_send(struct step *step, struct load *load, const struct key *peer)
{
    if (load->count > 0) {
        struct frame frame = {
            .kind = FRAME_PARCELS,
            .parcels = {load->parcels, load->parcel_count},
        };
        enum reason reason = step_send_frame(step, peer, &frame);
        uint32_t at = load->first;
        for (size_t i = 0; reason != REASON_NONE && i < load->count; i++) {
            unsent(step, &step->deliveries[at]);
            at = step->deliveries[at].next;
        }
    }
    load->count = load->parcel_count = load->cost_bytes = 0;
    arena_reset(&step->scratch);
}

/* Into the load, which is sent first when it is full, or when what was copied for it leaves no
 * memory: what was copied for this delivery dies with it, and is fetched again. */
static void load_delivery(struct step *step, struct load *load, const struct key *peer, uint32_t at)
{
    const struct delivery *delivery = &step->deliveries[at];
    for (int tries = 0; tries < 2; tries++) {
        struct source source;
        enum reason reason = find_source(step, delivery, &source);
        if (reason == REASON_NONE && load_add(load, &source, at))
            return;
        load_send(step, load, peer);
        if (reason != REASON_NONE && reason != REASON_OUT_OF_MEMORY)
            break;
    }
    unsent(step, delivery);
}

static uint32_t attempt_of(const struct step *step, const struct delivery *delivery)
{
    enum { LATER = 2 };
    bool is_of_before = id_time(&delivery->id).ms < step->look_until.ms;
    return is_of_before && delivery->attempt < LATER ? LATER : delivery->attempt;
}

static void send_to(struct step *step, const struct peer *peer, uint32_t first)
{
    static _Thread_local struct load load; /* 70 KB: too much for a worker's stack */
    load.count = load.parcel_count = load.cost_bytes = 0;
    arena_reset(&step->scratch);
    for (uint32_t at = first; at != NO_DELIVERY; at = step->deliveries[at].next) {
        const struct delivery *delivery = &step->deliveries[at];
        if (peer->is_local)
            step->effects->call_office(step->effects->context, delivery->message_seq,
                                       attempt_of(step, delivery));
        else
            load_delivery(step, &load, &peer->key, at);
    }
    load_send(step, &load, &peer->key);
}

/* Groups the deliveries by destination, keeping their order, and sends each group. */
void step_send_deliveries(struct step *step)
{
    if (step->delivery_count == 0)
        return;
    uint32_t *first = plan_take(&step->plan, step->peer_count * sizeof *first);
    for (uint32_t i = 0; i < step->peer_count; i++)
        first[i] = NO_DELIVERY;
    for (size_t i = step->delivery_count; i-- > 0;) {
        struct delivery *delivery = &step->deliveries[i];
        delivery->next = first[delivery->destination];
        first[delivery->destination] = (uint32_t)i;
    }
    for (uint32_t i = 0; i < step->peer_count; i++) {
        if (first[i] != NO_DELIVERY)
            send_to(step, &step->peers[i], first[i]);
    }
}
