/* What the gateway sent waits for its turn, and the step is asked for room before anything of it is
 * taken (gateway/custody/room.h): what does not fit stays at the head of the queue for the next
 * step, and intake.done says how far it is. */
#include "adapters/core/session_parts.h"

#include "proto/base/check.h"

/* ---- room ---- */

void session_begin_room(struct session *session)
{
    session->room.max = (struct room_need){{[ROOM_MESSAGES] = PLAN_MESSAGES_MAX,
                                            [ROOM_PARCELS] = PLAN_PARCELS_MAX,
                                            [ROOM_ENTRIES] = PLAN_ENTRIES_MAX,
                                            [ROOM_MOVES] = PLAN_MOVES_MAX,
                                            [ROOM_NOTES] = PLAN_NOTES_MAX,
                                            [ROOM_ROUTES] = PLAN_ROUTES_MAX,
                                            [ROOM_RECORDS] = ROOM_RECORDS_MAX,
                                            [ROOM_REPLIES] = SESSION_REPLIES_MAX,
                                            [ROOM_DELIVERIES] = SESSION_DELIVERIES_MAX,
                                            [ROOM_BYTES] = SESSION_STEP_BYTES}};
    const struct room_need *own = session->options.step_max;
    for (int kind = 0; own != NULL && kind < ROOM_KINDS; kind++) {
        check(own->of[kind] >= room_least.of[kind]);
        check(own->of[kind] <= session->room.max.of[kind]);
        session->room.max.of[kind] = own->of[kind];
    }
    session->room.reserved = room_closing;
}

static void count_used(struct session *session)
{
    const struct store_plan *plan = &session->plan.store;
    session->room.used =
        (struct room_need){{[ROOM_MESSAGES] = plan->message_count,
                            [ROOM_PARCELS] = plan->parcel_count,
                            [ROOM_ENTRIES] = plan->entry_count,
                            [ROOM_MOVES] = plan->move_count,
                            [ROOM_NOTES] = plan->note_count,
                            [ROOM_ROUTES] = plan->route_count,
                            [ROOM_REPLIES] = session->reply_count,
                            [ROOM_DELIVERIES] = session->delivery_count + session->call_count,
                            [ROOM_BYTES] = session->step.used}};
}

bool session_fits(struct session *session, const struct room_need *need)
{
    count_used(session);
    return room_fits(&session->room, need);
}

size_t session_fit_count(struct session *session, const struct room_need *need, size_t limit)
{
    count_used(session);
    return room_count(&session->room, need, limit);
}

bool session_has_room(struct session *session)
{
    /* One change of a local system or answer of the office, beside room for one frame: neither
     * keeps the other out. */
    struct room_need need = room_least;
    need.of[ROOM_MESSAGES] += 2;
    need.of[ROOM_PARCELS] += 2;
    need.of[ROOM_ENTRIES] += 2;
    need.of[ROOM_MOVES] += 1;
    need.of[ROOM_NOTES] += 3;
    need.of[ROOM_DELIVERIES] += 2;
    need.of[ROOM_BYTES] += ENVELOPE_BYTES_MAX + ROOM_SEAL_BYTES + SESSION_TOLD_BYTES;
    return session_fits(session, &need);
}

/* ---- turns ---- */

bool session_wants_frame(const struct session *session)
{
    return session->queued_count < SESSION_QUEUE_MAX;
}

void session_intake(struct session *session, struct intake *intake)
{
    check(session_wants_frame(session));
    intake->references++;
    intake->next = NULL;
    intake->done = 0;
    session->queued_count++;
    session->heard = session->now;
    session->heard_wall = session->wall;
    if (session->last_intake == NULL)
        session->first_intake = intake;
    else
        session->last_intake->next = intake;
    session->last_intake = intake;
}

static enum turn take_intake(struct session *session, struct intake *intake)
{
    if (session->store_state == REASON_NONE &&
        outbox_is_closing(session->outbox, session->to_gateway))
        return TURN_WAITS;
    if (intake->reason != REASON_NONE) {
        session_event_of(session, &(struct transition){.event = "frame_refused",
                                                       .from = session->options.gateway,
                                                       .reason = intake->reason});
        return TURN_DONE;
    }
    if (intake->frame.kind == FRAME_PARCELS)
        return session_take_parcels(session, intake);
    return session_link_frame(session, intake);
}

void session_take_turns(struct session *session)
{
    size_t taken = 0;
    while (session->first_intake != NULL) {
        struct intake *intake = session->first_intake;
        if (taken++ == SESSION_INTAKES_MAX || take_intake(session, intake) != TURN_DONE) {
            session->more_to_do = true;
            return;
        }
        session->first_intake = intake->next;
        if (intake->next == NULL)
            session->last_intake = NULL;
        session->queued_count--;
        session->intakes[session->intake_count++] = intake;
    }
}

/* What is under way to the gateway comes back, as far as there is room in this step. */
void session_return(struct session *session)
{
    static const struct room_need move = {{[ROOM_MOVES] = 1}};
    size_t before = session->plan.store.move_count;
    if (session->store_state != REASON_NONE)
        return;
    size_t limit = session_fit_count(session, &move, STEP_RETURNS_MAX - session->returned_count);
    if (outbox_return(session->outbox, limit, plan_change, &session->plan))
        session->more_to_do = true;
    session->returned_count += session->plan.store.move_count - before;
}

/* ---- what is refused, repeated or alarming ---- */

void session_event_of(struct session *session, const struct transition *transition)
{
    if (allowance_take(&session->allowance, session->now, (struct allowance_cost){.lines = 1}))
        session_event(session, transition);
}

void session_say_left_out(struct session *session)
{
    uint64_t count = allowance_tell(&session->allowance, session->now);
    if (count > 0)
        session_event(session, &(struct transition){.event = "left_out",
                                                    .from = session->options.gateway,
                                                    .reason = REASON_BUSY,
                                                    .count = count});
}
