/* route - where a message goes, decided from the registry alone.
 *
 *   struct route_question question = {.sender = ..., .type = ..., .procedure_code = ...,
 *                                     .at = now, .received = as the message says};
 *   struct route_decision decision;
 *   if (route_resolve(registry, &question, &decision) == REASON_NONE)
 *       ... decision.destinations ...
 *
 * Two days count. What was valid when the dossier was received stays valid for it: codes, units and
 * their competence are judged on the day that the message gives (.judged of the decision), unless
 * that lies further back than policy.csv allows (reception_days), or is still to come: then today's
 * counts. Who can take it is a matter of today (.today): an office that was dissolved meanwhile
 * cannot, its successor does. Decision and both days are recorded.
 *
 * The rules, first that applies:
 *   1. the sender stands in the registry and is in force, or is the dossier's agency
 *   2. recipient named: that one, in force or the dossier's agency. A transfer to an agency must
 *      name one that is competent for its procedure, or the dossier's agency
 *   3. an agency or the portal names nobody: the centre
 *   4. the dossier has an agency already: that agency, also after it was merged into another
 *   5. the procedure's agency, or the unit that is competent for it in the dossier's area; when it
 *      has ended by today, its successor
 * From an agency's handover day on its heir takes its place in 2, 4 and 5.
 * In force: today, or on the day that is judged by. A new transfer needs a procedure of the
 * catalogue that was in force on that day. So a dossier is moved to another agency only by naming
 * it. Then policy.csv must allow (sender's role, type, recipient's role); the rule found names the
 * message's life and who gets a copy. A copy needs a rule of its own; one whose receiver is the
 * sender, the recipient, or not in force on the day is left out, and the decision says so.
 *
 * Receipts are not routed here: they go to the sender of what they report on; asking for one is
 * refused with policy_forbidden.
 *
 * Pure, constant time, allocates nothing. A decision is a value: it outlives the registry.
 */
#pragma once

#include "proto/base/language.h"
#include "routing/registry/registry.h"

enum {
    ROUTE_DESTINATIONS_MAX = 1 + POLICY_COPIES_MAX,
    /* sender, dossier code, days, recipient, procedure, area, successors, heirs, policy, copies */
    ROUTE_STEPS_MAX = 12 + 2 * SUCCESSOR_HOPS_MAX + 2 * POLICY_COPIES_MAX,
    ROUTE_SUBJECT_BYTES = 65, /* a dossier code and its terminator */
};

struct route_question {
    struct key sender;
    enum message_type type;       /* any number: unknown ones are refused */
    struct key recipient;         /* none: to be resolved */
    struct bytes procedure_code;  /* may be empty, except in a transfer */
    struct bytes dossier_code;    /* may be empty */
    struct bytes area_code;       /* may be empty */
    wall_t at;                    /* now */
    wall_t received;              /* as the message says; 0: not said, now counts */
    struct key agency_of_dossier; /* by its last transfer that was not refused; none: a new one */
};

struct route_destination {
    struct key key;
    enum participant_role role;
    bool copy;            /* false for the first, true for the others */
    int64_t life_ms;      /* not delivered by then: expired */
    unsigned policy_line; /* of policy.csv: the rule that allowed it */
};

/* What was found on the way, in order: the explanation. */
enum route_step_kind {
#define STEP(name, vietnamese, english) STEP_##name,
#include "routing/registry/route_step.def"
#undef STEP
    STEP_KIND_COUNT,
};

struct route_step {
    enum route_step_kind kind;
    enum registry_file file;
    unsigned line;                     /* 0: no line of the file says it, or no file does */
    char subject[ROUTE_SUBJECT_BYTES]; /* the key or code concerned */
};

struct route_decision {
    enum reason reason; /* REASON_NONE: go */
    size_t destination_count;
    struct route_destination destinations[ROUTE_DESTINATIONS_MAX];
    int64_t life_ms; /* of the first destination */
    civil_day_t judged, today;
    struct key
        heir_of; /* whom the first destination stands for by its handover day; none: itself */
    char registry_version[REGISTRY_VERSION_TEXT_BYTES];
    size_t step_count;
    struct route_step steps[ROUTE_STEPS_MAX];
};

/* Answers decision->reason: NONE, POLICY_FORBIDDEN, PROCEDURE_UNKNOWN, AGENCY_UNKNOWN,
 * AGENCY_NOT_IN_FORCE, AREA_UNKNOWN, ROUTE_MISSING or DOSSIER_CODE_INVALID. A refusal has no
 * destinations, and
 * its last step says why. ret_decision is always filled. */
enum reason route_resolve(const struct registry *registry, const struct route_question *question,
                          struct route_decision *ret_decision);

/* "policy.csv:12: agency may send result to centre; life 720 hours", one step. False at the
 * buffer's limit. */
bool route_step_print(const struct route_step *step, enum language language, struct buffer *buffer);
/* The decision and every step behind it, for a person. The registry is the one that decided; it
 * gives the names. False at the buffer's limit. */
bool route_explain(const struct registry *registry, const struct route_question *question,
                   const struct route_decision *decision, enum language language,
                   struct buffer *buffer);
