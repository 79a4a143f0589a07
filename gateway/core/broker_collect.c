/* What a step collects until it is committed, and whether there is room for more. */
#include "gateway/core/broker_parts.h"

#include "proto/base/check.h"

static void count_used(struct broker *broker)
{
    const struct store_plan *plan = &broker->plan.store;
    broker->room.used = (struct room_need){{[ROOM_MESSAGES] = plan->message_count,
                                            [ROOM_PARCELS] = plan->parcel_count,
                                            [ROOM_ENTRIES] = plan->entry_count,
                                            [ROOM_MOVES] = plan->move_count,
                                            [ROOM_NOTES] = plan->note_count,
                                            [ROOM_ROUTES] = plan->route_count,
                                            [ROOM_RECORDS] = broker->record_count,
                                            [ROOM_REPLIES] = broker->reply_count,
                                            [ROOM_DELIVERIES] = broker->delivery_count,
                                            [ROOM_BYTES] = broker->step.used}};
}

bool broker_fits(struct broker *broker, const struct room_need *need)
{
    count_used(broker);
    return room_fits(&broker->room, need);
}

size_t broker_fit_count(struct broker *broker, const struct room_need *need, size_t limit)
{
    count_used(broker);
    return room_count(&broker->room, need, limit);
}

void broker_reply(struct broker *broker, const struct reply *reply)
{
    check(broker->reply_count < STEP_REPLIES_MAX);
    broker->replies[broker->reply_count++] = *reply;
}

/* A receipt names many messages, and who repeats one of them mostly repeats its neighbours too: it
 * is told once in a step, not once for each. Neighbours come one after another, so that looking a
 * few replies back is enough. */
void broker_reply_stored(struct broker *broker, const struct key *peer, uint64_t message_seq)
{
    enum { LOOK_BACK = 16 };
    for (size_t i = broker->reply_count; i > 0 && broker->reply_count - i < LOOK_BACK; i--) {
        const struct reply *reply = &broker->replies[i - 1];
        if (reply->kind == REPLY_STORED && reply->message_seq == message_seq &&
            key_equal(&reply->peer, peer))
            return;
    }
    broker_reply(broker,
                 &(struct reply){.kind = REPLY_STORED, .peer = *peer, .message_seq = message_seq});
}

void broker_reply_frame(struct broker *broker, const struct key *peer, const struct frame *frame)
{
    arena_reset(&broker->build);
    buffer_clear(&broker->frame);
    if (frame_build(frame, &broker->build, &broker->frame) != REASON_NONE)
        return;
    struct bytes copy = arena_copy(&broker->step, buffer_view(&broker->frame));
    check(copy.data != NULL);
    broker_reply(broker, &(struct reply){.kind = REPLY_FRAME, .peer = *peer, .frame = copy});
}

/* Blob frames are not evidence and promise nothing that is not already fsynced. While frames may
 * leave they are sent at once, so that only one chunk is in memory. */
enum reason broker_emit_file(void *context, const struct key *peer, const struct frame *frame)
{
    struct broker *broker = context;
    if (broker->effects == NULL) {
        broker_reply_frame(broker, peer, frame);
        return REASON_NONE;
    }
    arena_reset(&broker->build);
    buffer_clear(&broker->frame);
    enum reason reason = frame_build(frame, &broker->build, &broker->frame);
    if (reason != REASON_NONE)
        return reason;
    const struct broker_effects *effects = broker->effects;
    return (effects->send_file != NULL ? effects->send_file : effects->send)(
        effects->context, peer, buffer_view(&broker->frame));
}

void broker_fail_step(struct broker *broker, enum reason reason)
{
    broker->step_reason = reason;
}

void broker_event(struct broker *broker, const struct broker_transition *transition)
{
    if (broker->event_count < STEP_EVENTS_MAX)
        broker->events[broker->event_count++] = *transition;
    else
        broker->events_left_out++;
}

void broker_event_of(struct broker *broker, struct peer *peer,
                     const struct broker_transition *transition)
{
    if (allowance_take(&peer->allowance, broker->now, (struct allowance_cost){.lines = 1}))
        broker_event(broker, transition);
}

void broker_deliver(struct broker *broker, uint32_t destination, const struct entry *entry,
                    const struct key *sender, const struct message_id *id,
                    const struct parcel *parcel, uint32_t document_index)
{
    check(broker->delivery_count < ROOM_DELIVERIES_MAX);
    broker->deliveries[broker->delivery_count++] = (struct delivery){
        .item = {entry->message_seq, parcel, document_index},
        .destination = destination,
        .sender = *sender,
        .id = *id,
    };
}

void broker_owe(struct broker *broker, const struct store_message *message,
                const struct key *destination, const struct parcel *parcel, uint32_t document_index,
                bool is_receipt, wall_t expires)
{
    struct entry entry = {
        .message_seq = message->seq,
        .destination = *destination,
        .order = is_receipt ? 0 : hash_bytes(message->dossier_code),
        .state = ENTRY_QUEUED,
        .due = broker->wall,
        .expires = expires,
        .size_bytes = parcel == NULL ? 0 : (uint32_t)parcel->documents[document_index].size,
        .is_receipt = is_receipt,
    };
    struct peer *peer = broker_get_peer(broker, destination);
    check(peer != NULL);
    bool leaves = outbox_admit(broker->outbox, peer->destination, &entry, &message->sender,
                               &message->id, &message->digest, broker->now, broker->wall);
    plan_entry(&broker->plan, &entry);
    if (leaves)
        broker_deliver(broker, peer->destination, &entry, &message->sender, &message->id, parcel,
                       document_index);
}
