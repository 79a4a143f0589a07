/* Messages of which the portal has a copy, and which came to nothing at their recipients: refused,
 * expired, withdrawn. The gateway's receipt lists them (gateway/core/broker_copies.c); each is a
 * step of its dossier, whose state stays as it is: what was received is received, and whether it is
 * sent again is for people to decide.
 *
 *   receipt ─▶ NEW with its first item ─▶ as any message ─┬─▶ accepted, or on the work list ──┐
 *                  ▲                                      └─▶ no answer: all again, later     │
 *                  └────────────────── the next item ◀────────────────────────────────────────┘
 *                                      none is left ─▶ answered
 *
 * A later attempt passes over what the ledger has already. What the portal was not told of, since
 * it or a rule refused it, stands on the work list with its message: who sends that one again sends
 * both, in their order. */
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>

#include "adapters/portal/portal_parts.h"
#include "proto/codec/message_type.h"
#include "routing/registry/registry.h"

/* The name, or the key of one that the registry does not have. */
static const char *name_of(const struct portal_office *office, const char *key)
{
    struct key parsed;
    const struct registry *registry = office->office.registry;
    const struct agency *agency = registry != NULL && key_parse(bytes_of_text(key), &parsed)
                                      ? registry_agency(registry, &parsed)
                                      : NULL;
    return agency == NULL ? key : agency->name_vi;
}

/* "Chuyển hồ sơ đến Sở Xây dựng không thành: …", as a message of portal_event.h. */
static json_t *message_of(const struct portal_call *call, const json_t *item,
                          const struct portal_known *known)
{
    enum message_type about = MESSAGE_TYPE_TRANSFER;
    enum reason reason = REASON_NONE;
    (void)message_type_parse(bytes_of_text(known->type), &about);
    (void)reason_parse(bytes_of_text(portal_fact_text(item, "reason")), &reason);
    json_t *content = json_sprintf(
        "%s đến %s không thành: %s", message_type_label(about, LANGUAGE_VIETNAMESE),
        name_of(call->office, portal_fact_text(item, "destination")), reason_vietnamese(reason));
    const json_t *receipt = json_object_get(call->receipt, "envelope");
    return json_pack("{s:{s:s, s:s, s:s}, s:{s:o, s:O}}", "envelope", "type",
                     portal_fact_text(receipt, "type"), "message_id", call->id, "dossier_code",
                     known->code, "body", "content", content, "happened_ms",
                     json_object_get(item, "at_ms"));
}

/* NOT_FOUND: the portal is not to hear of it. A person has closed what the portal was told, or the
 * ledger does not keep it any more. */
static enum reason choose(struct portal_call *call, const json_t *item)
{
    struct portal_known known;
    enum reason reason =
        portal_ledger_find(call->office->ledger, portal_fact_text(item, "message_id"), &known);
    if (reason != REASON_NONE)
        return reason;
    if (known.outcome == PORTAL_CLOSED)
        return REASON_NOT_FOUND;
    const json_t *envelope = json_object_get(call->receipt, "envelope");
    (void)snprintf(call->id, sizeof call->id, "%.36s#%u", portal_fact_text(envelope, "message_id"),
                   (unsigned)(call->item % RECEIPT_ITEMS_MAX));
    (void)snprintf(call->code, sizeof call->code, "%s", known.code);
    call->is_untold = known.outcome != PORTAL_ACCEPTED;
    call->message = message_of(call, item, &known);
    return call->message == NULL ? REASON_OUT_OF_MEMORY : REASON_NONE;
}

enum reason portal_end_choose(struct portal_call *call)
{
    const json_t *items = json_object_get(json_object_get(call->receipt, "body"), "items");
    while (call->message == NULL) {
        const json_t *item = json_array_get(items, call->item);
        enum reason reason = item == NULL ? REASON_NOT_FOUND : choose(call, item);
        if (item == NULL || (reason != REASON_NONE && reason != REASON_NOT_FOUND))
            return reason;
        call->item += reason == REASON_NOT_FOUND;
    }
    return REASON_NONE;
}

bool portal_end_go_on(struct portal_call *call, struct reply_judgement end)
{
    if (call->receipt == NULL || call->message == NULL ||
        (end.reason != REASON_NONE && !portal_is_refusal(end)))
        return false;
    json_decref(call->message);
    json_decref(call->before);
    portal_event_release(&call->what);
    struct portal_call next = {.office = call->office,
                               .message_seq = call->message_seq,
                               .advances = call->advances,
                               .receipt = call->receipt,
                               .item = call->item + 1,
                               .must_look = call->must_look,
                               .next = call->next};
    *call = next;
    (void)eventfd_write(call->office->wake, 1);
    return true;
}
