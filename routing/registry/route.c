/* Where a message goes and whether it may: a pure function of the registry, the question and the
 * day, so that a decision can be made again years later with the registry of then. Each step notes
 * the file and line that it follows from, also those of a refusal.
 *
 *    sender ─▶ recipient: named, else by role: ─▶ policy: a rule for (role, type, role) ─▶ copies
 *                 to the centre, to the dossier's agency, or by the procedure */
#include "routing/registry/route.h"

#include <string.h>

#include "proto/base/check.h"
#include "proto/base/dossier_code.h"
#include "proto/base/printable.h"

static const int64_t ms_per_hour = INT64_C(60) * 60 * 1000;

/* One resolution on its way. */
struct resolution {
    const struct registry *registry;
    const struct route_question *question;
    struct route_decision *decision;
    civil_day_t today, judged;
    const struct agency *sender;
    const struct agency *dossier_agency; /* NULL: a new dossier */
    const struct procedure *procedure;   /* NULL: not asked for yet */
};

/* The number of steps is bounded by the bounds of what they go through: successors and copies. */
static void note(struct resolution *resolution, enum route_step_kind kind, enum registry_file file,
                 unsigned line, struct bytes subject)
{
    struct route_decision *decision = resolution->decision;
    check(decision->step_count < ROUTE_STEPS_MAX);
    struct route_step *step = &decision->steps[decision->step_count++];
    step->kind = kind;
    step->file = file;
    step->line = line;
    (void)printable_copy(subject, step->subject, sizeof step->subject);
}

static void note_agency(struct resolution *resolution, enum route_step_kind kind,
                        const struct agency *agency)
{
    note(resolution, kind, REGISTRY_FILE_AGENCIES, agency->line, key_bytes(&agency->key));
}

/* On one of the two days: what was begun under yesterday's registry may be ended under today's. */
static bool is_in_force(const struct resolution *resolution, const struct agency *agency)
{
    return agency_in_force(agency, resolution->today) ||
           agency_in_force(agency, resolution->judged);
}

/* In force, or the agency that has the dossier. */
static bool may_act(const struct resolution *resolution, const struct agency *agency)
{
    return agency == resolution->dossier_agency || is_in_force(resolution, agency);
}

/* Who has by now what was this agency's. */
static const struct agency *find_heir(struct resolution *resolution, const struct agency *agency)
{
    const struct agency *heir = agency_heir(agency, resolution->today);
    if (heir != agency) {
        note_agency(resolution, STEP_HEIR, heir);
        resolution->decision->heir_of = agency->key;
    }
    return heir;
}

/* How far back a message of this sender and type may be judged: what its rules allow at most. */
static uint32_t reception_days(const struct resolution *resolution)
{
    uint32_t days = 0;
    for (int role = 0; role < ROLE_COUNT; role++) {
        const struct policy_rule *rule =
            registry_policy(resolution->registry, resolution->sender->role,
                            resolution->question->type, (enum participant_role)role);
        if (rule != NULL && rule->reception_days > days)
            days = rule->reception_days;
    }
    return days;
}

/* The day that the message gives, within the bounds of policy. */
static void find_day(struct resolution *resolution)
{
    civil_day_t given = day_of(resolution->question->received);
    int64_t back = (int64_t)resolution->today.number - given.number;
    char text[DAY_TEXT_BYTES];
    if (resolution->question->received.ms == 0 || back == 0)
        return;
    bool counts = back > 0 && back <= (int64_t)reception_days(resolution);
    day_format(given, text);
    note(resolution, counts ? STEP_JUDGED : STEP_JUDGED_TODAY, REGISTRY_FILE_COUNT, 0,
         bytes_of_text(text));
    if (counts)
        resolution->judged = resolution->decision->judged = given;
}

/* The dossier's agency first: who has the dossier may act even when it is not in force any more,
 * and the sender may be that one. */
static enum reason find_parties(struct resolution *resolution)
{
    const struct route_question *question = resolution->question;
    const struct key *dossier_key = &question->agency_of_dossier;
    if (question->dossier_code.size > 0 && !dossier_code_is_valid(question->dossier_code)) {
        note(resolution, STEP_DOSSIER_CODE_INVALID, REGISTRY_FILE_COUNT, 0, question->dossier_code);
        return REASON_DOSSIER_CODE_INVALID;
    }
    if (!key_is_none(dossier_key)) {
        resolution->dossier_agency = registry_agency(resolution->registry, dossier_key);
        if (resolution->dossier_agency == NULL) {
            note(resolution, STEP_DOSSIER_AGENCY_UNKNOWN, REGISTRY_FILE_AGENCIES, 0,
                 key_bytes(dossier_key));
            return REASON_AGENCY_UNKNOWN;
        }
    }
    resolution->sender = registry_agency(resolution->registry, &question->sender);
    if (resolution->sender == NULL) {
        note(resolution, STEP_SENDER_UNKNOWN, REGISTRY_FILE_AGENCIES, 0,
             key_bytes(&question->sender));
        return REASON_AGENCY_UNKNOWN;
    }
    find_day(resolution);
    if (!may_act(resolution, resolution->sender)) {
        note_agency(resolution, STEP_SENDER_NOT_IN_FORCE, resolution->sender);
        return REASON_AGENCY_NOT_IN_FORCE;
    }
    return REASON_NONE;
}

/* The procedure of the question; a new dossier's must be in force on the day it is judged by. */
static enum reason find_procedure(struct resolution *resolution)
{
    struct bytes code = resolution->question->procedure_code;
    const struct procedure *procedure = registry_procedure(resolution->registry, code);
    if (procedure == NULL) {
        note(resolution, code.size == 0 ? STEP_PROCEDURE_MISSING : STEP_PROCEDURE_UNKNOWN,
             REGISTRY_FILE_PROCEDURES, 0, code);
        return REASON_PROCEDURE_UNKNOWN;
    }
    bool pinned = resolution->dossier_agency != NULL;
    bool in_force = pinned || procedure_in_force(procedure, resolution->judged);
    note(resolution, in_force ? STEP_PROCEDURE : STEP_PROCEDURE_NOT_IN_FORCE,
         REGISTRY_FILE_PROCEDURES, procedure->line, bytes_of_text(procedure->code));
    if (!in_force)
        return REASON_PROCEDURE_UNKNOWN;
    resolution->procedure = procedure;
    return REASON_NONE;
}

/* The unit that is competent for the procedure in the dossier's area on a day; NULL: none. */
static const struct competence *find_unit(const struct resolution *resolution, civil_day_t day)
{
    struct bytes code = resolution->question->area_code;
    const struct area *area = registry_area(resolution->registry, code);
    const struct competence *row =
        registry_competence(resolution->registry, resolution->procedure,
                            area == NULL ? code : bytes_of_text(area_on(area, day)->code), day);
    /* A form may still give the code of before, and the table only that of the day; or a district's
     * code, and the table rows for it. */
    return row != NULL
               ? row
               : registry_competence(resolution->registry, resolution->procedure, code, day);
}

/* On the day it is judged by; when that unit is no more and has no successor, as it is today. */
static enum reason find_by_area(struct resolution *resolution, const struct agency **ret_agency)
{
    struct bytes code = resolution->question->area_code;
    const struct registry *registry = resolution->registry;
    if (code.size == 0) {
        note(resolution, STEP_AREA_MISSING, REGISTRY_FILE_COMPETENCE, 0, code);
        return REASON_ROUTE_MISSING;
    }
    const struct area *area = registry_area(registry, code);
    if (area == NULL && registry_area_count(registry) > 0) {
        note(resolution, STEP_AREA_UNKNOWN, REGISTRY_FILE_AREAS, 0, code);
        return REASON_AREA_UNKNOWN;
    }
    if (area != NULL) {
        area = area_on(area, resolution->today);
        note(resolution, STEP_AREA, REGISTRY_FILE_AREAS, area->line, bytes_of_text(area->code));
    }
    const struct competence *row = find_unit(resolution, resolution->judged);
    bool is_gone = row != NULL && row->agency->successor == NULL &&
                   row->agency->valid_to.number < resolution->today.number;
    if (row == NULL || is_gone)
        row = find_unit(resolution, resolution->today);
    if (row == NULL) {
        note(resolution, STEP_AREA_NOT_SERVED, REGISTRY_FILE_COMPETENCE, 0, code);
        return REASON_ROUTE_MISSING;
    }
    note(resolution, STEP_AREA_UNIT, REGISTRY_FILE_COMPETENCE, row->line,
         key_bytes(&row->agency->key));
    *ret_agency = row->agency;
    return REASON_NONE;
}

/* Whoever has taken an agency's work over by today. The registry refuses chains longer than
 * SUCCESSOR_HOPS_MAX. */
static enum reason find_successor(struct resolution *resolution, const struct agency **agency)
{
    while ((*agency)->valid_to.number < resolution->today.number && (*agency)->successor != NULL) {
        *agency = (*agency)->successor;
        note_agency(resolution, STEP_SUCCESSOR, *agency);
    }
    if (agency_in_force(*agency, resolution->today))
        return REASON_NONE;
    note_agency(resolution, STEP_AGENCY_NOT_IN_FORCE, *agency);
    return REASON_AGENCY_NOT_IN_FORCE;
}

/* The procedure's agency, or by its area, or whoever has taken its work over by today. */
static enum reason find_competent(struct resolution *resolution, const struct agency **ret_agency)
{
    const struct agency *agency = resolution->procedure->agency;
    const struct competence *row =
        registry_competence(resolution->registry, resolution->procedure,
                            resolution->question->area_code, resolution->judged);
    enum reason reason = REASON_NONE;
    if (agency == NULL || (row != NULL && row->procedure != NULL))
        reason = find_by_area(resolution, &agency);
    else
        note_agency(resolution, STEP_PROCEDURE_AGENCY, agency);
    if (reason == REASON_NONE)
        reason = find_successor(resolution, &agency);
    if (reason == REASON_NONE)
        *ret_agency = agency;
    return reason;
}

/* Whether that agency may be named for the procedure without its area. */
static bool is_one_of_several(const struct resolution *resolution, const struct agency *agency)
{
    return registry_competence_of(resolution->registry, resolution->procedure, agency,
                                  resolution->judged) != NULL ||
           registry_competence_of(resolution->registry, resolution->procedure, agency,
                                  resolution->today) != NULL;
}

/* The heir comes last: competence is judged by the day of reception, and whoever has taken over by
 * now takes the dossier as well. */
static enum reason find_by_procedure(struct resolution *resolution,
                                     const struct agency **ret_agency)
{
    enum reason reason = find_procedure(resolution);
    if (reason == REASON_NONE)
        reason = find_competent(resolution, ret_agency);
    if (reason == REASON_NONE)
        *ret_agency = find_heir(resolution, *ret_agency);
    return reason;
}

/* Named, but not yet competent: of a transfer check_transfer looks at that. */
static enum reason find_named(struct resolution *resolution, const struct agency **ret_agency)
{
    const struct key *key = &resolution->question->recipient;
    const struct agency *agency = registry_agency(resolution->registry, key);
    if (agency == NULL) {
        note(resolution, STEP_RECIPIENT_UNKNOWN, REGISTRY_FILE_AGENCIES, 0, key_bytes(key));
        return REASON_AGENCY_UNKNOWN;
    }
    note_agency(resolution, STEP_RECIPIENT_NAMED, agency);
    if (!may_act(resolution, agency)) {
        note_agency(resolution, STEP_RECIPIENT_NOT_IN_FORCE, agency);
        return REASON_AGENCY_NOT_IN_FORCE;
    }
    *ret_agency = find_heir(resolution, agency);
    return REASON_NONE;
}

/* Goes the same way as find_successor, without noting it. */
static bool is_succeeded_by(const struct agency *agency, const struct agency *by, civil_day_t today)
{
    while (agency != by && agency->valid_to.number < today.number && agency->successor != NULL)
        agency = agency->successor;
    return agency == by;
}

/* A transfer names its procedure, and an agency that is named for it is competent. One that was
 * when the dossier was received, and is no more, has its successor in its place. */
static enum reason check_transfer(struct resolution *resolution, const struct agency **recipient)
{
    const struct agency *competent;
    enum reason reason = find_procedure(resolution);
    if (reason != REASON_NONE || (*recipient)->role != ROLE_AGENCY ||
        *recipient == resolution->dossier_agency)
        return reason;
    if (resolution->question->area_code.size == 0 && is_one_of_several(resolution, *recipient))
        return find_successor(resolution, recipient);
    reason = find_competent(resolution, &competent);
    if (reason != REASON_NONE)
        return reason;
    competent = find_heir(resolution, competent);
    if (is_succeeded_by(*recipient, competent, resolution->today)) {
        *recipient = competent;
        return REASON_NONE;
    }
    note_agency(resolution, STEP_RECIPIENT_NOT_COMPETENT, competent);
    return REASON_POLICY_FORBIDDEN;
}

/* Agencies and the portal report to the centre; the centre answers whom the dossier has, and only
 * a new dossier goes by its procedure. */
static enum reason find_unnamed(struct resolution *resolution, const struct agency **ret_agency)
{
    enum participant_role role = resolution->sender->role;
    if (role == ROLE_AGENCY || role == ROLE_PORTAL) {
        *ret_agency = registry_centre(resolution->registry);
        note_agency(resolution, STEP_TO_CENTRE, *ret_agency);
        return REASON_NONE;
    }
    if (resolution->dossier_agency != NULL) {
        note_agency(resolution, STEP_DOSSIER_AGENCY, resolution->dossier_agency);
        *ret_agency = find_heir(resolution, resolution->dossier_agency);
        return REASON_NONE;
    }
    if (resolution->question->procedure_code.size > 0 ||
        resolution->question->type == MESSAGE_TYPE_TRANSFER)
        return find_by_procedure(resolution, ret_agency);
    note(resolution, STEP_NOTHING_TO_GO_BY, REGISTRY_FILE_COUNT, 0, (struct bytes){NULL, 0});
    return REASON_ROUTE_MISSING;
}

/* A transfer that found its way by its procedure has it already; one whose recipient was named is
 * held against it. */
static enum reason find_recipient(struct resolution *resolution, const struct agency **ret_agency)
{
    bool transfer = resolution->question->type == MESSAGE_TYPE_TRANSFER;
    bool named = !key_is_none(&resolution->question->recipient);
    enum reason reason =
        named ? find_named(resolution, ret_agency) : find_unnamed(resolution, ret_agency);
    if (reason == REASON_NONE && transfer && resolution->procedure == NULL)
        reason = check_transfer(resolution, ret_agency);
    return reason;
}

static const struct policy_rule *find_rule(const struct resolution *resolution,
                                           const struct agency *recipient)
{
    return registry_policy(resolution->registry, resolution->sender->role,
                           resolution->question->type, recipient->role);
}

/* The first one is the recipient and all others are copies, however they came in. */
static void add_destination(struct resolution *resolution, const struct agency *agency,
                            const struct policy_rule *rule, enum route_step_kind kind)
{
    struct route_decision *decision = resolution->decision;
    check(decision->destination_count < ROUTE_DESTINATIONS_MAX);
    decision->destinations[decision->destination_count] = (struct route_destination){
        .key = agency->key,
        .role = agency->role,
        .copy = decision->destination_count > 0,
        .life_ms = rule->life_hours * ms_per_hour,
        .policy_line = rule->line,
    };
    decision->destination_count++;
    note(resolution, kind, REGISTRY_FILE_POLICY, rule->line, key_bytes(&agency->key));
}

/* Nobody gets the same message twice: the recipient may stand in the list of copies. */
static bool is_destination(const struct route_decision *decision, const struct key *key)
{
    for (size_t i = 0; i < decision->destination_count; i++) {
        if (key_equal(&decision->destinations[i].key, key))
            return true;
    }
    return false;
}

/* A copy that cannot be is noted and left out: the message itself must not fail for it. */
static void add_copies(struct resolution *resolution, const struct policy_rule *primary)
{
    for (size_t i = 0; i < primary->copy_count; i++) {
        const struct agency *copy = primary->copies[i];
        const struct policy_rule *rule = find_rule(resolution, copy);
        if (rule == NULL || copy == resolution->sender ||
            !agency_in_force(copy, resolution->today) ||
            is_destination(resolution->decision, &copy->key))
            note(resolution, STEP_COPY_LEFT_OUT, REGISTRY_FILE_POLICY, primary->line,
                 key_bytes(&copy->key));
        else
            add_destination(resolution, copy, rule, STEP_COPY);
    }
}

static enum reason resolve(struct resolution *resolution)
{
    const struct agency *recipient = NULL;
    enum reason reason = find_parties(resolution);
    if (reason == REASON_NONE)
        reason = find_recipient(resolution, &recipient);
    if (reason != REASON_NONE)
        return reason;
    const struct policy_rule *rule = find_rule(resolution, recipient);
    if (rule == NULL) {
        note(resolution, STEP_FORBIDDEN, REGISTRY_FILE_POLICY, 0, key_bytes(&recipient->key));
        return REASON_POLICY_FORBIDDEN;
    }
    add_destination(resolution, recipient, rule, STEP_ALLOWED);
    resolution->decision->life_ms = resolution->decision->destinations[0].life_ms;
    add_copies(resolution, rule);
    return REASON_NONE;
}

/* Also of a refusal the whole decision is given out: its steps are what "route explain" shows and
 * what the sender may complain with. */
enum reason route_resolve(const struct registry *registry, const struct route_question *question,
                          struct route_decision *ret_decision)
{
    struct resolution resolution = {
        .registry = registry,
        .question = question,
        .decision = ret_decision,
        .today = day_of(question->at),
        .judged = day_of(question->at),
    };
    ret_decision->today = ret_decision->judged = resolution.today;
    ret_decision->destination_count = 0;
    ret_decision->step_count = 0;
    ret_decision->life_ms = 0;
    ret_decision->heir_of = (struct key){0};
    memcpy(ret_decision->registry_version, registry_version(registry),
           strlen(registry_version(registry)) + 1);
    ret_decision->reason = resolve(&resolution);
    return ret_decision->reason;
}
