/* Which message of a batch the mapping fails on.
 *
 * A batch is one request, so that one message whose facts have wrong types would keep the states of
 * all others from being told. The mapping itself tells which one it is, asked for one at a time;
 * nothing is sent for it. What is asked is what the message tells in the end, also of a call that
 * is only looked up: an answer is compared with it.
 */
#include <stdio.h>
#include <sys/eventfd.h>

#include "adapters/portal/portal_fact_fault.h"
#include "adapters/portal/portal_parts.h"

static const char *const record_services[] = {"create", "update"};
enum { RECORD_SERVICES = sizeof record_services / sizeof *record_services };

/* item is taken over; NULL: memory is short, and nobody is blamed. */
static bool can_say(const struct portal_call *call, const char *service, json_t *item)
{
    struct portal_question question = {.service = service, .items = json_pack("[o]", item)};
    bool can = question.items == NULL || portal_dialect_can_say(call->office->dialect, &question);
    json_decref(question.items);
    return can;
}

static json_t *bare_facts(const struct portal_call *call)
{
    return json_pack("{s:O, s:O}", "code", json_object_get(call->what.facts, "code"), "state",
                     json_object_get(call->what.facts, "state"));
}

/* Of a dossier's code and state, and of the moment of a step, it can always speak; if it cannot, no
 * message is at fault. */
static bool mapping_is_whole(const struct portal_call *call)
{
    bool is_whole = true;
    for (size_t i = 0; i < RECORD_SERVICES && is_whole; i++)
        is_whole = can_say(call, record_services[i], bare_facts(call));
    return is_whole && can_say(call, "progress",
                               json_pack("{s:o, s:{s:O, s:I}}", "facts", bare_facts(call), "step",
                                         "state", json_object_get(call->what.facts, "state"),
                                         "at_ms", (json_int_t)call->what.at_ms));
}

static bool is_unsayable(struct portal_call *call)
{
    char field[PORTAL_FIELD_BYTES];
    const struct portal_event *what = &call->what;
    bool can = true;
    if (what->step != NULL)
        can = can_say(call, "progress",
                      json_pack("{s:O, s:O}", "facts", what->facts, "step", what->step));
    for (size_t i = 0; i < RECORD_SERVICES && what->step == NULL && can; i++)
        can = can_say(call, record_services[i], json_incref(what->facts));
    if (can)
        return false;
    portal_fact_fault(what->step != NULL ? what->step : what->facts, field);
    (void)snprintf(call->text, sizeof call->text, "%s", field);
    return true;
}

bool portal_batch_pass_over(struct portal_batch *batch)
{
    struct portal_office *office = batch->office;
    bool is_bad[PORTAL_RECORDS_MAX], any = false;
    bool is_whole = mapping_is_whole(batch->calls[0]);
    for (size_t i = 0; i < batch->count; i++) {
        is_bad[i] = is_whole && is_unsayable(batch->calls[i]);
        any = any || is_bad[i];
        /* A mapping that takes too long would hold up everybody if it were asked on. */
        is_whole = is_whole && portal_dialect_has_answered(office->dialect);
    }
    if (!any)
        return false;
    struct reply_judgement end = {REASON_FIELD_INVALID, FAILURE_RULE};
    enum reason reason = portal_ledger_begin(office->ledger);
    for (size_t i = 0; i < batch->count && reason == REASON_NONE; i++) {
        if (is_bad[i])
            portal_call_note_end(batch->calls[i], end);
    }
    reason = reason == REASON_NONE ? portal_ledger_commit(office->ledger) : reason;
    if (reason != REASON_NONE)
        end = (struct reply_judgement){reason, FAILURE_OURS};
    for (size_t i = 0; i < batch->count; i++) {
        if (is_bad[i])
            portal_call_end(batch->calls[i], end, 0);
        else
            portal_call_give_back(batch->calls[i]);
    }
    portal_batch_free(batch);
    (void)eventfd_write(office->wake, 1); /* the next message of a dossier may begin */
    return true;
}

/* Each of them can be said, so that together they pass a bound of the mapping: they go one by one
 * from now on. */
static void take_apart(struct portal_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++)
        batch->calls[i]->goes_alone = true;
    portal_batch_give_back(batch);
    portal_batch_free(batch);
}

void portal_batch_not_sent(struct portal_batch *batch, enum reason reason)
{
    if (reason == REASON_OFFICE_UNKNOWN && portal_batch_pass_over(batch))
        return;
    if (reason == REASON_OFFICE_UNKNOWN && batch->count > 1 && mapping_is_whole(batch->calls[0]))
        take_apart(batch);
    else
        portal_batch_fail(batch, reason);
}
