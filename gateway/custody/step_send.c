/* After the commit: what was decided leaves, and nothing before (invariant 1). After a commit that
 * failed: the senders hear "not now". */
#include "gateway/custody/step_parts.h"

#include "proto/base/check.h"

/* A stored document as its bytes were signed then (invariant 5), into the scratch arena: the store
 * is asked another thing before it leaves. False: the store cannot give it now. */
static bool read_parcel(struct step *step, uint64_t seq, struct bytes *ret_document,
                        struct parcel *ret_parcel)
{
    struct store_document found;
    if (seq == 0 || step->store->verbs->read_document(step->store, seq, &found) != REASON_NONE)
        return false;
    *ret_document = arena_copy(&step->scratch, found.document);
    *ret_parcel = (struct parcel){ret_document, 1, arena_copy(&step->scratch, found.manifest),
                                  arena_copy(&step->scratch, found.signature),
                                  arena_copy(&step->scratch, found.certificate)};
    return ret_document->data != NULL;
}

/* An original receipt; or a message, and what stands before it. If the store cannot give it now,
 * whoever asked asks again. */
static void send_stored(struct step *step, const struct reply *reply)
{
    struct bytes documents[2];
    struct parcel parcels[2];
    arena_reset(&step->scratch);
    size_t count = read_parcel(step, reply->before, &documents[0], &parcels[0]);
    if (!read_parcel(step, reply->number, &documents[count], &parcels[count]))
        return;
    struct frame frame = {.kind = FRAME_PARCELS, .parcels = {parcels, count + 1}};
    (void)step_send_frame(step, &reply->peer, &frame);
}

/* Acknowledgements of one kind for one peer that stand next to each other leave as one frame. */
static size_t send_taken(struct step *step, size_t from)
{
    static _Thread_local struct message_id ids[MESSAGE_WINDOW_MAX];
    const struct reply *first = &step->replies[from];
    bool is_taken = first->kind == REPLY_TAKEN;
    size_t count = 0;
    while (from + count < step->reply_count && count < MESSAGE_WINDOW_MAX) {
        const struct reply *reply = &step->replies[from + count];
        if (reply->kind != first->kind || reply->reason != first->reason ||
            !key_equal(&reply->peer, &first->peer))
            break;
        ids[count++] = reply->id;
    }
    struct frame frame = {
        .kind = is_taken ? FRAME_TAKEN : FRAME_NOT_TAKEN,
        .taken = {.ids = ids,
                  .count = count,
                  .reason = first->reason,
                  .retry_after_ms = is_taken ? 0 : STEP_RETRY_MS},
    };
    (void)step_send_frame(step, &first->peer, &frame);
    return count;
}

static void send_replies(struct step *step)
{
    for (size_t i = 0; i < step->reply_count;) {
        const struct reply *reply = &step->replies[i];
        if (reply->kind == REPLY_TAKEN || reply->kind == REPLY_NOT_TAKEN) {
            i += send_taken(step, i);
            continue;
        }
        if (reply->kind == REPLY_FRAME) {
            (void)step->effects->send(step->effects->context, &reply->peer, reply->frame);
        } else if (reply->kind == REPLY_STORED) {
            send_stored(step, reply);
        } else {
            struct frame frame = {
                .kind = FRAME_PARCELS,
                .parcels = {sealer_parcel(&step->sealer, reply->number), 1},
            };
            (void)step_send_frame(step, &reply->peer, &frame);
        }
        i++;
    }
}

/* Intakes are given back last: views of their bytes stand in replies, deliveries and log lines. */
static void finish_step(struct step *step)
{
    const struct step_effects *effects = step->effects;
    for (size_t i = 0; i < step->event_count; i++)
        effects->transition(effects->context, &step->events[i]);
    for (size_t i = 0; i < step->intake_count; i++) {
        struct intake *intake = step->intakes[i];
        check(intake->references > 0);
        if (--intake->references == 0)
            effects->intake_done(effects->context, intake);
    }
    if (step->events_left_out > 0)
        effects->transition(effects->context, &(struct transition){.event = "left_out",
                                                                   .reason = REASON_BUSY,
                                                                   .count = step->events_left_out});
    step->intake_count = 0;
    step->effects = NULL;
}

/* Acknowledgements before deliveries: senders wait for them with their windows. */
void step_committed(struct step *step, const struct step_effects *effects)
{
    step->effects = effects;
    if (step_has_plan(step)) {
        step->has_failed = false;
        plan_adopt(&step->plan);
    }
    send_replies(step);
    step_send_deliveries(step);
    if (fetch_serve(step->fetch, step->chunk))
        step->more_to_do = true;
    finish_step(step);
}

/* Everything that this step took from a peer is still the peer's, also of a frame that is not taken
 * to its end. */
static void tell_not_taken(struct step *step, enum reason reason)
{
    struct frame frame = {.kind = FRAME_NOT_TAKEN,
                          .taken = {.reason = reason, .retry_after_ms = STEP_RETRY_MS}};
    for (uint32_t i = 0; i < step->peer_count; i++) {
        if (step->peers[i].gave_in == step->number)
            (void)step_send_frame(step, &step->peers[i].key, &frame);
    }
}

void step_aborted(struct step *step, enum reason reason, const struct step_effects *effects)
{
    step->effects = effects;
    step->store_state = reason;
    /* The next step tries to load; but a store that reads and cannot commit, a full disk, is tried
     * again only after a while. */
    step->retry_at = (mono_t){step->now.ms + (step->has_failed ? STEP_RETRY_MS : 0)};
    if (!step->has_failed)
        step->failed_since = step->wall;
    step->has_failed = true;
    step->event_count = 0;
    step_note(step, &(struct transition){.event = "aborted", .reason = reason});
    tell_not_taken(step, reason);
    finish_step(step);
}
