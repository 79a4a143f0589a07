/* The dossiers that pass through this participant: their statutory clocks, kept with the messages
 * that move them, in the same commit (routing/deadline/deadline.h has the rules); one that has a
 * clock was transferred here or from here. */
#include "adapters/core/session_parts.h"

#include "proto/codec/body_moments.h"
#include "routing/registry/registry.h"
#include "routing/registry/route.h"

/* The clock as this step leaves it so far. NOT_FOUND: none is kept. */
static enum reason read_clock(struct session *session, struct bytes dossier_code,
                              struct store_deadline *ret_row)
{
    struct store *store = session->options.store;
    const struct store_deadline *planned = plan_find_deadline(&session->step.plan, dossier_code);
    if (planned == NULL)
        return store->verbs->read_deadline(store, dossier_code, ret_row);
    *ret_row = *planned;
    return REASON_NONE;
}

/* An agency may speak of a dossier whose transfer did not pass here, when it asks for an opinion or
 * when the dossier is of a time before; and a code is easily guessed. It has a line of its own, so
 * that what an office does not accept of it holds up nobody else's (invariants 6 and 13). */
enum step_line session_line(struct session *session, const struct envelope *envelope)
{
    struct store_deadline ignored;
    const struct agency *agency =
        session->registry == NULL ? NULL : registry_agency(session->registry, &envelope->sender);
    if (agency == NULL || agency->role != ROLE_AGENCY || envelope->type == MESSAGE_TYPE_TRANSFER)
        return STEP_LINE_DOSSIER;
    enum reason reason = read_clock(session, envelope->dossier_code, &ignored);
    if (reason != REASON_NONE && reason != REASON_NOT_FOUND)
        step_fail(&session->step, reason);
    return reason == REASON_NONE ? STEP_LINE_DOSSIER : STEP_LINE_SENDER;
}

/* Who has the dossier: an agency that speaks of it, one that is named, or who is competent. */
static struct key find_agency(const struct session *session, const struct envelope *envelope,
                              const struct body_moments *moments)
{
    const struct registry *registry = session->registry;
    const struct key *keys[] = {&envelope->sender, &envelope->recipient};
    struct route_decision decision;
    struct route_question question = {.sender = envelope->sender,
                                      .type = (enum message_type)envelope->type,
                                      .procedure_code = envelope->procedure_code,
                                      .area_code = moments->area_code,
                                      .received = moments->happened,
                                      .at = session->step.wall};
    for (size_t i = 0; registry != NULL && i < sizeof keys / sizeof *keys; i++) {
        const struct agency *agency = registry_agency(registry, keys[i]);
        if (agency != NULL && agency->role == ROLE_AGENCY)
            return *keys[i];
    }
    if (registry != NULL && envelope->type == MESSAGE_TYPE_TRANSFER &&
        route_resolve(registry, &question, &decision) == REASON_NONE)
        return decision.destinations[0].key;
    return (struct key){{0}};
}

void session_note_deadline(struct session *session, const struct envelope *envelope,
                           const struct Lienthong__V1__Body *body)
{
    struct arena *arena = &session->step.arena;
    struct store_deadline row = {0};
    const struct registry *registry = session->registry;
    struct deadline_event event = {.type = (enum message_type)envelope->type};
    event.at = envelope->source_time.at.ms != 0 ? envelope->source_time.at
               : envelope->created.at.ms != 0   ? envelope->created.at
                                                : session->step.wall;
    if (envelope->type > MESSAGE_TYPE_BUSINESS_COUNT || envelope->dossier_code.size == 0 ||
        envelope->type == MESSAGE_TYPE_PROGRESS)
        return;
    body_moments(envelope->type, body, &event.moments);
    enum reason reason = read_clock(session, envelope->dossier_code, &row);
    if (reason != REASON_NONE && reason != REASON_NOT_FOUND)
        step_fail(&session->step, reason);
    bool is_new = reason != REASON_NONE;
    if (is_new && envelope->type != MESSAGE_TYPE_TRANSFER)
        return;
    struct bytes code = is_new ? envelope->procedure_code : row.procedure_code;
    const struct procedure *procedure =
        registry == NULL ? NULL : registry_procedure(registry, code);
    struct key agency = find_agency(session, envelope, &event.moments);
    bool is_moved = !key_is_none(&agency) && !key_equal(&agency, &row.agency);
    if (!deadline_apply(&row.deadline, registry == NULL ? NULL : registry_calendar(registry),
                        procedure == NULL ? NULL : &procedure->processing_days, &event) &&
        !is_moved)
        return;
    if (is_moved)
        row.agency = agency;
    row.dossier_code = arena_copy(arena, envelope->dossier_code);
    row.procedure_code = arena_copy(arena, code);
    plan_deadline(&session->step.plan, &row);
}

void session_set_registry(struct session *session, const struct registry *registry)
{
    session->registry = registry;
}
