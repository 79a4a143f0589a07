/* After the commit: what was decided leaves, and nothing before (invariant 1). After a commit that
 * failed: the senders hear "not now". */
#include "gateway/core/broker_parts.h"

#include "proto/base/check.h"

#define NO_DELIVERY UINT32_MAX

static void send_frame(struct broker *broker, const struct key *peer, const struct frame *frame)
{
    arena_reset(&broker->build);
    buffer_clear(&broker->frame);
    if (frame_build(frame, &broker->build, &broker->frame) == REASON_NONE)
        (void)broker->effects->send(broker->effects->context, peer, buffer_view(&broker->frame));
}

static void send_stored(struct broker *broker, const struct reply *reply)
{
    struct store *store = broker->options.store;
    struct store_document found;
    if (store->verbs->read_document(store, reply->message_seq, &found) != REASON_NONE)
        return;
    struct parcel parcel = {&found.document, 1, found.manifest, found.signature, found.certificate};
    struct frame frame = {.kind = FRAME_PARCELS, .parcels = {&parcel, 1}};
    send_frame(broker, &reply->peer, &frame);
}

/* Acknowledgements of one kind for one peer that stand next to each other leave as one frame. */
static size_t send_taken(struct broker *broker, size_t from)
{
    static _Thread_local struct message_id ids[MESSAGE_WINDOW_MAX];
    const struct reply *first = &broker->replies[from];
    size_t count = 0;
    while (from + count < broker->reply_count && count < MESSAGE_WINDOW_MAX) {
        const struct reply *reply = &broker->replies[from + count];
        if (reply->kind != first->kind || reply->reason != first->reason ||
            !key_equal(&reply->peer, &first->peer))
            break;
        ids[count++] = reply->id;
    }
    struct frame frame = {
        .kind = first->kind == REPLY_TAKEN ? FRAME_TAKEN : FRAME_NOT_TAKEN,
        .taken = {ids, count, first->reason,
                  first->kind == REPLY_TAKEN ? 0 : BROKER_RETRY_AFTER_MS},
    };
    send_frame(broker, &first->peer, &frame);
    return count;
}

static void send_replies(struct broker *broker)
{
    for (size_t i = 0; i < broker->reply_count;) {
        const struct reply *reply = &broker->replies[i];
        if (reply->kind == REPLY_TAKEN || reply->kind == REPLY_NOT_TAKEN) {
            i += send_taken(broker, i);
            continue;
        }
        if (reply->kind == REPLY_FRAME) {
            (void)broker->effects->send(broker->effects->context, &reply->peer, reply->frame);
        } else if (reply->kind == REPLY_STORED) {
            send_stored(broker, reply);
        } else {
            struct frame frame = {
                .kind = FRAME_PARCELS,
                .parcels = {sealer_parcel(&broker->sealer, reply->sealed_index), 1},
            };
            send_frame(broker, &reply->peer, &frame);
        }
        i++;
    }
}

struct dispatching {
    struct broker *broker;
    const struct key *peer;
    const struct delivery **deliveries; /* same order as the items */
};

static enum reason dispatch_to_peer(void *context, struct bytes frame)
{
    struct dispatching *dispatching = context;
    const struct broker_effects *effects = dispatching->broker->effects;
    return effects->send(effects->context, dispatching->peer, frame);
}

static void dispatch_unsent(void *context, size_t index, enum reason reason)
{
    struct dispatching *dispatching = context;
    struct broker *broker = dispatching->broker;
    const struct delivery *delivery = dispatching->deliveries[index];
    struct flight *flight =
        outbox_find(broker->outbox, delivery->destination, &delivery->sender, &delivery->id);
    if (flight != NULL)
        outbox_unsent(broker->outbox, flight, broker->now);
    (void)reason;
}

/* Groups the deliveries by destination, keeping their order, and sends each group. */
static void send_deliveries(struct broker *broker)
{
    uint32_t destinations = outbox_destination_count(broker->outbox);
    size_t count = broker->delivery_count;
    if (count == 0)
        return;
    uint32_t *first = plan_take(&broker->plan, destinations * sizeof *first);
    struct dispatch_item *items = plan_take(&broker->plan, count * sizeof *items);
    const struct delivery **of_items =
        plan_take(&broker->plan, count * sizeof(const struct delivery *));
    for (uint32_t i = 0; i < destinations; i++)
        first[i] = NO_DELIVERY;
    for (size_t i = count; i-- > 0;) {
        struct delivery *delivery = &broker->deliveries[i];
        delivery->next = first[delivery->destination];
        first[delivery->destination] = (uint32_t)i;
    }
    for (uint32_t i = 0; i < destinations; i++) {
        size_t in_group = 0;
        for (uint32_t at = first[i]; at != NO_DELIVERY; at = broker->deliveries[at].next) {
            items[in_group] = broker->deliveries[at].item;
            of_items[in_group++] = &broker->deliveries[at];
        }
        if (in_group == 0)
            continue;
        struct dispatching dispatching = {broker, outbox_key(broker->outbox, i), of_items};
        dispatch_items(broker->options.store, items, in_group, &broker->scratch, &broker->frame,
                       dispatch_to_peer, dispatch_unsent, &dispatching);
    }
}

static void finish_step(struct broker *broker)
{
    for (size_t i = 0; i < broker->event_count; i++)
        broker->effects->transition(broker->effects->context, &broker->events[i]);
    for (size_t i = 0; i < broker->intake_count; i++) {
        struct intake *intake = broker->intakes[i];
        check(intake->references > 0);
        if (--intake->references == 0)
            broker->effects->intake_done(broker->effects->context, intake);
    }
    if (broker->events_left_out > 0)
        broker->effects->transition(broker->effects->context,
                                    &(struct broker_transition){.event = "left_out",
                                                                .reason = REASON_BUSY,
                                                                .count = broker->events_left_out});
    broker->intake_count = 0;
    broker->effects = NULL;
}

void broker_committed(struct broker *broker, const struct broker_effects *effects)
{
    broker->effects = effects;
    if (broker_has_plan(broker)) {
        broker->has_failed = false;
        plan_adopt(&broker->plan);
        ledger_adopt(&broker->ledger);
        broker->ledger_id_is_new = false;
    }
    send_replies(broker);
    send_deliveries(broker);
    if (fetch_serve(broker->fetch, broker->chunk))
        broker->more_to_do = true;
    finish_step(broker);
}

static void tell_sender(struct broker *broker, const struct intake *intake, enum reason reason)
{
    struct frame frame = {
        .kind = FRAME_NOT_TAKEN,
        .taken = {NULL, 0, reason, BROKER_RETRY_AFTER_MS},
    };
    if (intake->reason == REASON_NONE && intake->frame.kind == FRAME_PARCELS)
        send_frame(broker, &intake->peer, &frame);
}

/* Everything that this step took from a peer is still the peer's, also of a frame that is not taken
 * to its end. */
static void tell_not_taken(struct broker *broker, enum reason reason)
{
    for (size_t i = 0; i < broker->intake_count; i++)
        tell_sender(broker, broker->intakes[i], reason);
    for (uint32_t i = 0; i < broker->peer_count; i++) {
        const struct intake *intake = broker->peers[i].first_intake;
        if (intake != NULL && intake->done > 0)
            tell_sender(broker, intake, reason);
    }
}

void broker_aborted(struct broker *broker, enum reason reason, const struct broker_effects *effects)
{
    broker->effects = effects;
    broker->store_state = reason;
    /* The next step tries to load; but a store that reads and cannot commit, a full disk, is tried
     * again only after a while. */
    broker->retry_at = (mono_t){broker->now.ms + (broker->has_failed ? BROKER_RETRY_AFTER_MS : 0)};
    if (!broker->has_failed)
        broker->failed_since = broker->wall;
    broker->has_failed = true;
    broker->event_count = 0;
    broker_event(broker, &(struct broker_transition){.event = "aborted", .reason = reason});
    tell_not_taken(broker, reason);
    finish_step(broker);
}
