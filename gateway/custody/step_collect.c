/* What a step collects until it is committed, and whether there is room for more. Room is asked for
 * first (step_fits), so that the checks here find only mistakes of our own (invariant 8). */
#include "gateway/custody/step_parts.h"

#include <string.h>

#include "proto/base/check.h"

/* ---- room ---- */

static void count_used(struct step *step)
{
    const struct store_plan *plan = &step->plan.store;
    step->room.used = (struct room_need){{[ROOM_MESSAGES] = plan->message_count,
                                          [ROOM_PARCELS] = plan->parcel_count,
                                          [ROOM_ENTRIES] = plan->entry_count,
                                          [ROOM_MOVES] = plan->move_count,
                                          [ROOM_NOTES] = plan->note_count,
                                          [ROOM_ROUTES] = plan->route_count,
                                          [ROOM_DEADLINES] = plan->deadline_count,
                                          [ROOM_RECORDS] = step->record_count,
                                          [ROOM_REPLIES] = step->reply_count,
                                          [ROOM_DELIVERIES] = step->delivery_count,
                                          [ROOM_BYTES] = step->arena.used}};
}

bool step_fits(struct step *step, const struct room_need *need)
{
    count_used(step);
    return room_fits(&step->room, need);
}

size_t step_fit_count(struct step *step, const struct room_need *need, size_t limit)
{
    count_used(step);
    return room_count(&step->room, need, limit);
}

/* ---- what is said on the line ---- */

static void add_reply(struct step *step, const struct reply *reply)
{
    check(step->reply_count < step->options.replies_max);
    step->replies[step->reply_count++] = *reply;
}

/* An older program hears nothing that it could not read; what younger versions have added is for
 * people, or is asked for again in another way. */
static bool is_understood(const struct step *step, const struct key *key, enum frame_kind kind)
{
    uint32_t index = outbox_find_destination(step->outbox, key);
    const struct peer *peer = index == OUTBOX_NO_DESTINATION ? NULL : &step->peers[index];
    return peer == NULL || !peer->is_connected || frame_since(kind) <= peer->link_version;
}

/* Built now and sent after the commit; the copy is the step's. A frame that cannot be built is one
 * that is larger than a frame may be, and what it says is said again by the next tick. */
void step_reply_frame(struct step *step, const struct key *peer, const struct frame *frame)
{
    if (!is_understood(step, peer, frame->kind))
        return;
    arena_reset(&step->build);
    buffer_clear(&step->frame);
    if (frame_build(frame, &step->build, &step->frame) != REASON_NONE)
        return;
    struct bytes copy = arena_copy(&step->arena, buffer_view(&step->frame));
    check(copy.data != NULL);
    add_reply(step, &(struct reply){.kind = REPLY_FRAME, .peer = *peer, .frame = copy});
}

/* Neighbours of one kind leave as one frame (step_send.c). */
void step_reply_taken(struct step *step, const struct peer *peer, const struct message_id *id)
{
    add_reply(step, &(struct reply){.kind = REPLY_TAKEN, .peer = peer->key, .id = *id});
}

void step_reply_not_now(struct step *step, const struct peer *peer, const struct message_id *id,
                        enum reason reason)
{
    add_reply(step, &(struct reply){
                        .kind = REPLY_NOT_TAKEN, .peer = peer->key, .id = *id, .reason = reason});
}

/* A receipt names many messages, and who repeats one of them mostly repeats its neighbours too: it
 * is told once in a step, not once for each. Neighbours come one after another, so that looking a
 * few replies back is enough. */
void step_reply_stored(struct step *step, const struct peer *peer, uint64_t message_seq)
{
    enum { LOOK_BACK = 16 };
    for (size_t i = step->reply_count; i > 0 && step->reply_count - i < LOOK_BACK; i--) {
        const struct reply *reply = &step->replies[i - 1];
        if (reply->kind == REPLY_STORED && reply->number == message_seq &&
            key_equal(&reply->peer, &peer->key))
            return;
    }
    add_reply(step,
              &(struct reply){.kind = REPLY_STORED, .peer = peer->key, .number = message_seq});
}

void step_reply_proven(struct step *step, const struct peer *peer, uint64_t receipt_seq,
                       uint64_t message_seq)
{
    add_reply(step, &(struct reply){.kind = REPLY_STORED,
                                    .peer = peer->key,
                                    .number = message_seq,
                                    .before = receipt_seq});
}

/* ---- what is kept, and owed ---- */

/* Texts stay views into the frame, which the step holds until its commit. recipient: where the
 * message was routed to, which its envelope need not name. */
struct store_message *step_plan_sealed(struct step *step, const struct sealed *sealed,
                                       const struct key *recipient)
{
    const struct envelope *envelope = &sealed->envelope;
    struct store_message *message = plan_message(&step->plan);
    message->sender = envelope->sender;
    message->recipient = *recipient;
    message->id = envelope->id;
    message->digest = sealed->digest;
    message->type = envelope->type;
    message->dossier_code = envelope->dossier_code;
    message->procedure_code = envelope->procedure_code;
    message->sequence = envelope->sequence;
    message->in_reply_to = envelope->in_reply_to;
    message->custody = step->wall;
    message->attachments = envelope->attachments;
    message->attachment_count = envelope->attachment_count;
    return message;
}

void step_deliver(struct step *step, uint32_t destination, const struct entry *entry,
                  const struct key *sender, const struct message_id *id,
                  const struct parcel *parcel, uint32_t document_index)
{
    check(step->delivery_count < step->options.deliveries_max);
    step->deliveries[step->delivery_count++] = (struct delivery){
        .message_seq = entry->message_seq,
        .parcel = parcel,
        .document_index = document_index,
        .attempt = entry->attempts,
        .destination = destination,
        .sender = *sender,
        .id = *id,
    };
}

/* A digest: no other name or code that anybody can find leads into a line that is not his. */
static uint64_t order_of(const struct step *step, const struct store_message *message,
                         enum step_line line)
{
    struct bytes of_sender[] = {key_bytes(&message->sender), bytes_of_text("/"),
                                message->dossier_code};
    struct digest digest;
    uint64_t order = 0;
    if (line == STEP_LINE_DOSSIER)
        return hash_bytes(message->dossier_code);
    if (line == STEP_LINE_NONE)
        return 0;
    step->options.crypto->hash(of_sender, sizeof of_sender / sizeof *of_sender, &digest);
    memcpy(&order, digest.bytes, sizeof order);
    return order;
}

/* Due at once: nothing has been tried yet. */
static struct entry new_entry(const struct step *step, const struct store_message *message,
                              const struct peer *peer, enum step_line line, wall_t expires)
{
    return (struct entry){
        .message_seq = message->seq,
        .destination = peer->key,
        .order = order_of(step, message, line),
        .state = ENTRY_QUEUED,
        .due = step->wall,
        .expires = expires,
    };
}

void step_owe(struct step *step, const struct store_message *message, struct peer *peer,
              const struct parcel *parcel, uint32_t document_index, enum step_line line,
              wall_t expires)
{
    struct entry entry = new_entry(step, message, peer, line, expires);
    entry.is_receipt = line == STEP_LINE_NONE;
    entry.size_bytes = parcel == NULL ? 0 : (uint32_t)parcel->documents[document_index].size;
    bool leaves = outbox_admit(step->outbox, peer->index, &entry, &message->sender, &message->id,
                               &message->digest, step->now, step->wall);
    plan_entry(&step->plan, &entry);
    if (leaves)
        step_deliver(step, peer->index, &entry, &message->sender, &message->id, parcel,
                     document_index);
}

/* Born and moved in one plan: the store writes the row once and the rules of moves hold all the
 * same. */
struct store_move *step_owe_as(struct step *step, const struct store_message *message,
                               struct peer *peer, enum step_line line, enum entry_state state,
                               enum reason reason, uint32_t size_bytes, wall_t expires)
{
    struct entry entry = new_entry(step, message, peer, line, expires);
    entry.size_bytes = size_bytes;
    plan_entry(&step->plan, &entry);
    entry_move(&entry, state);
    entry_explain(&entry, reason, step->wall);
    if (entry_state_is_live(state))
        outbox_backlog_changed(step->outbox, peer->index, 1);
    return plan_move(&step->plan, &entry);
}

/* The last one takes its place: of a dossier only one is under way, so order is not lost. */
void step_recall(struct step *step, uint64_t message_seq)
{
    for (size_t i = 0; i < step->delivery_count; i++) {
        struct delivery *delivery = &step->deliveries[i];
        if (delivery->message_seq == message_seq && step->peers[delivery->destination].is_local) {
            *delivery = step->deliveries[--step->delivery_count];
            return;
        }
    }
}

/* ---- facts become receipts ---- */

/* What is said of other people's messages is in no ledger entry: it has a receipt of its own. */
static bool is_like(const struct draft *draft, const struct receipt_item *item)
{
    return key_is_none(&draft->first->item.sender) == key_is_none(&item->sender);
}

static struct draft *find_draft(struct step *step, const struct key *to, uint32_t type,
                                bool is_queued, const struct receipt_item *item, size_t text_bytes)
{
    /* With the longest remarks fewer items fit into an envelope than a receipt may have. */
    enum { TEXTS_BYTES_MAX = ENVELOPE_BYTES_MAX / 4 };
    for (struct draft *draft = step->drafts; draft != NULL; draft = draft->next) {
        if (draft->type == type && draft->is_queued == is_queued && key_equal(&draft->to, to) &&
            is_like(draft, item) && draft->count < RECEIPT_ITEMS_MAX &&
            draft->text_bytes + text_bytes <= TEXTS_BYTES_MAX)
            return draft;
    }
    room_reserve(&step->room, &room_receipt);
    struct draft *draft = plan_take(&step->plan, sizeof *draft);
    *draft = (struct draft){.to = *to, .type = type, .is_queued = is_queued, .next = step->drafts};
    step->drafts = draft;
    return draft;
}

/* Facts for one receiver and of one kind share a receipt, up to its bounds. Room for the document,
 * its signature and its entry is kept from now on, so that the end of the step cannot fail for
 * want of it. */
struct told *step_tell(struct step *step, const struct key *to, uint32_t type, bool is_queued,
                       const struct receipt_item *item)
{
    struct room_need later = room_fact;
    size_t text_bytes = item->text.size + item->office_reference.size + item->acting_for.size;
    later.of[ROOM_BYTES] += text_bytes; /* in the document; the copies are made now */
    room_reserve(&step->room, &later);
    struct draft *draft = find_draft(step, to, type, is_queued, item, text_bytes);
    struct told *told = plan_take(&step->plan, sizeof *told);
    *told = (struct told){.item = *item};
    told->item.text = arena_copy(&step->arena, item->text);
    told->item.office_reference = arena_copy(&step->arena, item->office_reference);
    told->item.acting_for = arena_copy(&step->arena, item->acting_for);
    if (draft->last == NULL)
        draft->first = told;
    else
        draft->last->next = told;
    draft->last = told;
    draft->count++;
    draft->text_bytes += text_bytes;
    return told;
}

enum reason step_write(struct step *step, const struct draft *draft, struct peer *peer,
                       struct envelope *envelope)
{
    struct receipt_item *items = plan_take(&step->plan, draft->count * sizeof *items);
    size_t index;
    struct store_message *message;
    step->room.reserved = (struct room_need){{0}}; /* what was kept for this is used now */
    envelope->recipient = draft->to;
    envelope->type = draft->type;
    envelope->receipt.items = items;
    for (const struct told *told = draft->first; told != NULL; told = told->next)
        items[envelope->receipt.item_count++] = told->item;
    enum reason reason =
        sealer_add(&step->sealer, &step->plan, envelope, NULL, step->wall, &index, &message);
    if (reason != REASON_NONE)
        return reason;
    for (const struct told *told = draft->first; told != NULL; told = told->next) {
        if (told->receipt_seq != NULL)
            *told->receipt_seq = message->seq;
    }
    if (draft->is_queued)
        step_owe(step, message, peer, sealer_parcel(&step->sealer, index), 0, STEP_LINE_NONE,
                 (wall_t){0});
    else
        add_reply(step, &(struct reply){.kind = REPLY_SEALED, .peer = peer->key, .number = index});
    return REASON_NONE;
}

/* ---- lines of the log ---- */

/* Lines of the log are the first to be given up when a step has many: left out ones are counted,
 * and the count is a line itself. */
void step_note(struct step *step, const struct transition *transition)
{
    if (step->event_count < step->options.events_max)
        step->events[step->event_count++] = *transition;
    else
        step->events_left_out++;
}

/* Charged to the peer whose doing it is, so that nobody fills the log for the others. */
void step_note_of(struct step *step, struct peer *peer, const struct transition *transition)
{
    if (allowance_take(&peer->allowance, step->now, (struct allowance_cost){.lines = 1}))
        step_note(step, transition);
}

void step_note_message(struct step *step, struct peer *of, const char *event,
                       const struct envelope *envelope, const struct key *to, enum reason reason)
{
    const struct transition line = {.event = event,
                                    .from = envelope->sender,
                                    .to = *to,
                                    .type = envelope->type,
                                    .id = envelope->id,
                                    .dossier_code = envelope->dossier_code,
                                    .reason = reason};
    if (of == NULL)
        step_note(step, &line);
    else
        step_note_of(step, of, &line);
}

void step_note_entry(struct step *step, const char *event, const struct store_message *message,
                     const struct entry *entry)
{
    step_note(step, &(struct transition){
                        .event = event,
                        .from = message->sender,
                        .to = entry->destination,
                        .type = message->type,
                        .id = message->id,
                        .dossier_code = arena_copy(&step->arena, message->dossier_code),
                        .state = entry->state,
                        .reason = entry->reason,
                        .attempt = entry->attempts,
                    });
}

void step_note_peer(struct step *step, struct peer *peer, const char *event, enum reason reason)
{
    step_note_of(step, peer,
                 &(struct transition){.event = event, .from = peer->key, .reason = reason});
}
