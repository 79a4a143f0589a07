/* One message on its way to the portal. The only file that changes .want, and .stage but for the
 * move of a batch to UNDER_WAY. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/portal/portal_parts.h"

/* ---- wanting --------------------------------------------------------------------------------- */

/* A step can be told only of a dossier that is there; of one that is not the whole is created
 * first. */
static enum portal_want want_of(const struct portal_call *call, enum portal_presence presence)
{
    if (presence != PORTAL_PRESENT)
        return WANT_CREATE;
    return call->what.service == PORTAL_PROGRESS ? WANT_STEP : WANT_UPDATE;
}

static void become_ready(struct portal_call *call, enum portal_want want)
{
    call->want = want;
    call->stage = PORTAL_READY;
}

void portal_call_give_back(struct portal_call *call)
{
    call->stage = PORTAL_READY;
}

/* A create that stands for a step brings the dossier as it was before that step. */
static bool creates_before_step(const struct portal_call *call)
{
    return call->want == WANT_CREATE && call->what.service == PORTAL_PROGRESS;
}

/* What the dialect gets to see of this call, as one of the items of a batch. */
json_t *portal_call_item(const struct portal_call *call)
{
    if (call->want == WANT_LOOK && call->what.step != NULL)
        return json_pack("{s:s, s:O, s:O}", "code", call->code, "facts", call->what.facts, "step",
                         call->what.step);
    if (call->want == WANT_LOOK)
        return json_pack("{s:s, s:O}", "code", call->code, "facts", call->what.facts);
    if (call->want == WANT_STEP)
        return json_pack("{s:O, s:O}", "facts", call->what.facts, "step", call->what.step);
    return json_incref(creates_before_step(call) ? call->before : call->what.facts);
}

/* ---- beginning ------------------------------------------------------------------------------- */

static struct reply_judgement ours(enum reason reason)
{
    return (struct reply_judgement){reason, FAILURE_OURS};
}

/* Answered from the ledger: what it says of this message. A ledger that cannot be read says
 * nothing, and without it nothing is sent. */
static bool is_settled(const struct portal_call *call, struct reply_judgement *ret_end)
{
    enum portal_outcome outcome;
    enum reason said;
    if (call->repair != 0)
        return false;
    enum reason reason = portal_ledger_outcome(call->office->ledger, call->id, &outcome, &said);
    if (reason == REASON_NOT_FOUND)
        return false;
    if (reason != REASON_NONE) {
        *ret_end = ours(reason);
        return true;
    }
    *ret_end =
        (struct reply_judgement){outcome == PORTAL_ACCEPTED ? REASON_NONE : said, FAILURE_SPOKEN};
    return outcome == PORTAL_ACCEPTED || outcome == PORTAL_REFUSED || outcome == PORTAL_CLOSED;
}

/* What the message says is judged by the table of states: a rule's word. What the ledger says of
 * itself is ours. */
static struct reply_judgement understand(struct portal_call *call,
                                         enum portal_presence *ret_presence)
{
    struct portal_dossier dossier = {.presence = PORTAL_ABSENT};
    enum reason reason = portal_ledger_dossier(call->office->ledger, call->code, &dossier);
    if (reason != REASON_NONE && reason != REASON_NOT_FOUND)
        return ours(reason);
    if (dossier.presence == PORTAL_LOADING) {
        json_decref(dossier.facts);
        return ours(REASON_BUSY); /* a first load is at it */
    }
    *ret_presence = dossier.presence;
    if (call->is_replay)
        json_decref(dossier.facts);
    else
        call->before = dossier.facts;
    reason = call->before == NULL ? REASON_PORTAL_DOSSIER : REASON_NONE;
    if (call->is_untold)
        reason = REASON_PORTAL_DOSSIER;
    else if (call->message != NULL)
        reason = portal_event_read(call->message, call->before, &call->what);
    else if (call->before != NULL)
        call->what = (struct portal_event){
            .service = PORTAL_RECORD,
            .to = (enum dossier_state)portal_fact_number(call->before, "state"),
            .facts = json_incref(call->before)};
    return (struct reply_judgement){reason, FAILURE_RULE};
}

/* False: an earlier message of the dossier is under way, and this one waits for its end (invariant
 * 6). True: it is ready or has ended. */
bool portal_call_prepare(struct portal_call *call)
{
    struct portal_office *office = call->office;
    enum portal_presence presence = PORTAL_ABSENT;
    struct reply_judgement end;
    enum reason chosen = call->receipt == NULL ? REASON_NONE : portal_end_choose(call);
    if (chosen != REASON_NONE) {
        bool is_over = chosen == REASON_NOT_FOUND;
        end = is_over ? (struct reply_judgement){REASON_NONE, FAILURE_RULE} : ours(chosen);
        portal_call_end(call, end, 0);
        return true;
    }
    if (portal_dossier_is_busy(office, call))
        return false;
    if (is_settled(call, &end)) {
        portal_call_end(call, end, 0);
        return true;
    }
    end = understand(call, &presence);
    if (end.reason == REASON_NONE) {
        become_ready(call, call->must_look ? WANT_LOOK : want_of(call, presence));
        return true;
    }
    if (portal_is_refusal(end) && call->was_accepted) {
        end.reason = REASON_NONE; /* what it stood on is not in the ledger: the portal has it */
    } else if (portal_is_refusal(end)) {
        enum reason begun = portal_ledger_begin(office->ledger);
        portal_call_note_end(call, end);
        begun = begun == REASON_NONE ? portal_ledger_commit(office->ledger) : begun;
        end = begun == REASON_NONE ? end : ours(begun); /* not on the work list: not yet said */
    }
    portal_call_end(call, end, 0);
    return true;
}

/* ---- answers --------------------------------------------------------------------------------- */

/* The portal's own words, for the receipt and the work list, cut at a whole character. */
static void keep_text(struct portal_call *call, const json_t *item)
{
    const char *text = portal_fact_text(item, "text");
    if (text[0] == 0)
        return;
    size_t size = strnlen(text, sizeof call->text - 1);
    while (size > 0 && ((unsigned char)text[size] & 0xc0) == 0x80)
        size--; /* before a character that does not fit whole */
    memcpy(call->text, text, size);
    call->text[size] = 0;
}

/* Some portals give a dossier a number of their own, and want it in every later call. */
static void keep_number(struct portal_call *call, const json_t *item)
{
    json_t *number = json_object_get(item, "portal_id");
    if (json_string_length(number) == 0)
        return;
    (void)json_object_set(call->what.facts, "portal_id", number);
    if (call->before != NULL)
        (void)json_object_set(call->before, "portal_id", number);
}

/* "It is there" and "it is not" are the dialect's words, so they are sure (reply_judge). */
static bool take_look(struct portal_call *call, struct reply_judgement said, const json_t *item,
                      struct reply_judgement *ret_end)
{
    bool is_there = said.reason == REASON_NONE;
    call->has_looked = true;
    if (!is_there && said.reason != REASON_NOT_FOUND) {
        /* A question that failed decides nothing. */
        *ret_end = said;
        if (reason_class(said.reason) == REASON_CLASS_PERMANENT)
            *ret_end = (struct reply_judgement){REASON_OFFICE_UNKNOWN, FAILURE_TRANSPORT};
        return true;
    }
    if (is_there && (call->was_accepted || json_is_true(json_object_get(item, "matches")))) {
        *ret_end = said;
        return true;
    }
    bool said_exists = call->refused == REASON_OFFICE_DUPLICATE;
    if (call->refused != REASON_NONE && !(said_exists && is_there)) {
        /* as it was said; "exists" and not there: later */
        *ret_end = (struct reply_judgement){call->refused, FAILURE_SPOKEN};
        return true;
    }
    call->refused = REASON_NONE;
    become_ready(call, want_of(call, is_there ? PORTAL_PRESENT : PORTAL_ABSENT));
    return false;
}

/* True: by code the portal contradicts what the ledger says; once, the other one is believed. */
static bool switches(struct portal_call *call, enum reason reason)
{
    bool says_absent = reason == REASON_NOT_FOUND && call->want != WANT_CREATE;
    bool says_present = reason == REASON_OFFICE_DUPLICATE && call->want == WANT_CREATE;
    if (call->has_switched || (!says_absent && !says_present))
        return false;
    call->has_switched = true;
    if (says_present) {
        call->refused = reason;
        become_ready(call, WANT_LOOK);
        return true;
    }
    become_ready(call, WANT_CREATE); /* a step always has facts before it */
    return true;
}

/* True: *ret_end is its end. A refusal is believed only after a look: it may answer a message that
 * an earlier request, cut in the middle, had already brought. */
bool portal_call_take(struct portal_call *call, struct reply_judgement said, const json_t *item,
                      struct reply_judgement *ret_end)
{
    enum reason reason = said.reason;
    keep_text(call, item);
    keep_number(call, item);
    if (call->want == WANT_LOOK)
        return take_look(call, said, item, ret_end);
    if (reason == REASON_NONE && creates_before_step(call)) {
        become_ready(call, WANT_STEP);
        return false;
    }
    if (reason == REASON_NONE && call->want == WANT_CREATE &&
        json_is_true(json_object_get(item, "incomplete"))) {
        become_ready(call, WANT_UPDATE); /* it is there, but not yet in its state */
        return false;
    }
    if (switches(call, reason))
        return false;
    if (reason == REASON_OFFICE_REFUSED && !call->has_looked) {
        call->refused = reason; /* it may be the second time that it hears this */
        become_ready(call, WANT_LOOK);
        return false;
    }
    *ret_end = said;
    if (reason == REASON_NOT_FOUND)
        ret_end->reason = REASON_OFFICE_UNKNOWN;
    return true;
}

/* ---- the end --------------------------------------------------------------------------------- */

/* What passes by itself does not: the message stays in the adapter's queue, which shows it with its
 * reason. */
static bool belongs_in_ledger(enum reason reason)
{
    enum reason_class class = reason_class(reason);
    return class == REASON_CLASS_OK || class == REASON_CLASS_PERMANENT ||
           class == REASON_CLASS_UNKNOWN || class == REASON_CLASS_DUPLICATE;
}

/* Both what was said and who said it have to be sure (invariant 14). */
bool portal_is_refusal(struct reply_judgement end)
{
    return reason_class(end.reason) == REASON_CLASS_PERMANENT && failure_ground_is_sure(end.ground);
}

/* To be called inside a transaction of the ledger, which its caller commits before the answer goes
 * to the session. */
void portal_call_note_end(struct portal_call *call, struct reply_judgement end)
{
    struct portal_ledger *ledger = call->office->ledger;
    enum reason reason = end.reason;
    if (!belongs_in_ledger(reason))
        return; /* an outage is in the queue, not on the work list */
    if (call->message != NULL) {
        const json_t *envelope = json_object_get(call->message, "envelope");
        struct portal_row row = {
            .message_id = call->id,
            .code = call->code,
            .type = portal_fact_text(envelope, "type"),
            .service = call->what.service,
            .state = call->what.to,
            .at_ms = call->what.at_ms,
            .outcome = reason == REASON_NONE    ? PORTAL_ACCEPTED
                       : portal_is_refusal(end) ? PORTAL_REFUSED
                                                : PORTAL_WAITING,
            .reason = reason,
            .text = call->text[0] == 0 ? NULL : call->text,
            .message = call->message,
        };
        (void)portal_ledger_put_event(ledger, &row, call->office->now);
    }
    if (reason == REASON_NONE && call->message == NULL) {
        char id[PORTAL_CODE_BYTES + 16];
        (void)snprintf(id, sizeof id, PORTAL_LOAD_PREFIX "%s", call->code);
        (void)portal_ledger_settle_load(ledger, id, call->office->now);
    }
    if (reason == REASON_NONE && call->advances)
        (void)portal_ledger_put_dossier(ledger, call->code, PORTAL_PRESENT, call->what.facts,
                                        call->office->now);
}

void portal_call_free(struct portal_call *call)
{
    json_decref(call->receipt);
    json_decref(call->message);
    json_decref(call->before);
    portal_event_release(&call->what);
    free(call);
}

/* The call is gone afterwards. Of a repair nobody in the session waits; its next event follows. */
void portal_call_end(struct portal_call *call, struct reply_judgement end, uint32_t retry_after_ms)
{
    struct portal_office *office = call->office;
    portal_ledger_suspect(office, end);
    if (portal_end_go_on(call, end))
        return;
    for (struct portal_call **at = &office->calls; *at != NULL; at = &(*at)->next) {
        if (*at == call) {
            *at = call->next;
            office->call_count--;
            break;
        }
    }
    if (call->repair != 0) {
        portal_repair_go_on(office, call->repair, call->event, end);
    } else {
        struct office_answer answer = {.message_seq = call->message_seq,
                                       .reason = end.reason,
                                       .ground = end.ground,
                                       .retry_after_ms = retry_after_ms};
        if (end.reason == REASON_NONE)
            answer.office_reference = bytes_of_text(call->code);
        else
            answer.text = bytes_of_text(call->text);
        office->answered(office->context, &answer);
    }
    portal_call_free(call);
}
