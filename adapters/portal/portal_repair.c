/* What commands asked to be told again: a dossier's events from one number to another, in order, or
 * its present facts. Each is a call like a message's, one after the other, and always looks first:
 * what the portal has already is not sent.
 *
 *   asked (a row of the ledger) ──▶ a call for its first event ──accepted──▶ the next … ──▶ done
 *                                        │ refused ──▶ done, with the reason
 *                                        └ no answer ──▶ begun again at the next poll
 */
#include <stdio.h>
#include <string.h>

#include "adapters/portal/portal_parts.h"

enum { REPAIRS_AT_ONCE = 8 };

/* ---- finding the event ----------------------------------------------------------------------- */

struct search {
    const struct portal_repair *repair;
    int64_t after; /* the last event that was told again */
    json_t *facts; /* folded from all accepted events before the one found */
    json_t *message;
    int64_t number; /* of the one found; 0: none */
    char id[PORTAL_ID_BYTES];
    bool failed;
};

static void fold(struct search *search, const json_t *message)
{
    struct portal_event event;
    if (portal_event_read(message, search->facts, &event) != REASON_NONE)
        return; /* it was refused as well when it came first */
    json_decref(search->facts);
    search->facts = json_incref(event.facts);
    portal_event_release(&event);
}

static bool look_at(void *context, const struct portal_event_view *view)
{
    struct search *search = context;
    bool is_single = search->repair->first == search->repair->last;
    bool is_meant = view->number >= search->repair->first && view->number <= search->repair->last &&
                    view->number > search->after && (view->outcome == PORTAL_ACCEPTED || is_single);
    if (!is_meant && (is_single || view->outcome != PORTAL_ACCEPTED))
        return true;
    json_t *message = json_loads(view->message, 0, NULL);
    search->failed = search->failed || message == NULL;
    if (!is_meant) {
        fold(search, message);
        json_decref(message);
        return true;
    }
    search->message = message;
    search->number = view->number;
    (void)snprintf(search->id, sizeof search->id, "%s", view->message_id);
    return false;
}

/* ---- one repair ------------------------------------------------------------------------------ */

static void end(struct portal_office *office, int64_t number, enum reason reason)
{
    (void)portal_ledger_end_repair(office->ledger, number, reason, office->now);
}

static void add_call(struct portal_office *office, const struct portal_repair *repair,
                     struct search *search)
{
    struct portal_call *call = portal_call_add(office);
    if (call == NULL)
        return; /* the next poll finds the row again */
    call->repair = repair->number;
    call->event = search->number;
    call->must_look = true;
    /* A single event was not accepted when it came: the dossier goes on from here. */
    call->is_replay = repair->first != repair->last;
    call->advances = !call->is_replay;
    /* Whom and what it names is looked up again: it may have been refused for an old registry. */
    if (!call->is_replay)
        (void)message_json_describe(search->message, office->office.registry);
    call->message = json_incref(search->message);
    call->before = json_incref(search->facts);
    (void)snprintf(call->code, sizeof call->code, "%s", repair->code);
    (void)snprintf(call->id, sizeof call->id, "%s", search->id);
}

/* after: the event that was told again last; 0: none. */
static void begin(struct portal_office *office, const struct portal_repair *repair, int64_t after)
{
    struct search search = {.repair = repair, .after = after};
    enum reason reason = REASON_NONE;
    if (repair->first != 0)
        reason = portal_ledger_events(office->ledger, repair->code, 0, look_at, &search);
    if (reason_class(reason) == REASON_CLASS_TRANSIENT)
        ; /* of the store: the next poll finds the row again */
    else if (reason != REASON_NONE || search.failed)
        end(office, repair->number, reason != REASON_NONE ? reason : REASON_STORE_CORRUPT);
    else if (repair->first != 0 && search.number == 0)
        end(office, repair->number, REASON_NONE); /* all are told */
    else
        add_call(office, repair, &search);
    json_decref(search.facts);
    json_decref(search.message);
}

static bool is_under_way(const struct portal_office *office, int64_t repair)
{
    for (const struct portal_call *call = office->calls; call != NULL; call = call->next) {
        if (call->repair == repair)
            return true;
    }
    return false;
}

void portal_repairs_begin(struct portal_office *office)
{
    struct portal_repair repair = {.number = 0};
    for (int i = 0; i < REPAIRS_AT_ONCE && office->call_count < PORTAL_CALLS_MAX; i++) {
        if (portal_ledger_repair(office->ledger, repair.number, &repair) != REASON_NONE)
            return;
        if (!is_under_way(office, repair.number))
            begin(office, &repair, 0);
    }
}

void portal_repair_go_on(struct portal_office *office, int64_t number, int64_t event,
                         struct reply_judgement said)
{
    struct portal_repair repair;
    enum reason_class class = reason_class(said.reason);
    if (portal_ledger_repair(office->ledger, number - 1, &repair) != REASON_NONE ||
        repair.number != number)
        return;
    if (class == REASON_CLASS_OK && event != 0)
        begin(office, &repair, event);
    else if (class == REASON_CLASS_OK || portal_is_refusal(said) || class == REASON_CLASS_UNKNOWN ||
             class == REASON_CLASS_DUPLICATE)
        end(office, number, said.reason);
    /* else: begun again by the next poll, and what was told by then is found by looking */
}
