/* What changes something that is here: accepted, refused, held, released, withdrawn. Every handler
 * runs inside a step of the session, and its answer leaves when the step is committed (invariant
 * 1). The same word twice gets the same answer, since a caller that lost the first one asks again.
 * Submitting is in local_submit.c. */
#include <stdio.h>

#include "adapters/api/local_api_parts.h"
#include "proto/base/person_name.h"

static struct store *store_of(const struct api_request *request)
{
    const struct local_api *api = api_context(request);
    return api->options.store;
}

static struct session *session_of(const struct api_request *request)
{
    const struct local_api *api = api_context(request);
    return api->options.session;
}

/* ---- accept and refuse */

static void answer_state(struct api_request *request, const struct store_message *message,
                         enum entry_state state)
{
    json_t *json = json_object();
    bool ok = json_put_id(json, "message_id", &message->id) && json_put_entry_state(json, state);
    api_answer_json(request, HTTP_OK, json_whole(json, ok));
}

/* False (and answered): it was accepted under another number, which its sender has been told. */
static bool is_same_number(struct api_request *request, const struct store_message *message,
                           const struct entry *entry)
{
    struct receipt_item item;
    struct bytes number;
    char detail[API_DETAIL_BYTES];
    if (!json_take_text(api_json(request), "office_reference", &number) || number.size == 0 ||
        !local_find_receipt(api_context(request), entry->receipt_seq, &message->id, &item) ||
        bytes_equal(number, item.office_reference))
        return true;
    (void)snprintf(detail, sizeof detail, "office_reference: %.*s", (int)item.office_reference.size,
                   (const char *)item.office_reference.data);
    api_answer_refusal(request, HTTP_CONFLICT, REASON_DUPLICATE, detail);
    return false;
}

/* True: the message has not ended here. Otherwise answered: the same word again is fine, another is
 * too late. */
static bool is_open(struct api_request *request, const struct store_message *message,
                    enum entry_state wanted)
{
    struct store *store = store_of(request);
    struct key office = key_of(SESSION_OFFICE);
    struct entry entry;
    enum reason reason = store->verbs->read_entry(store, message->seq, &office, &entry);
    if (reason != REASON_NONE) {
        api_answer_reason(request, reason, NULL);
        return false;
    }
    if (!entry_state_is_terminal(entry.state))
        return true;
    if (entry.state != wanted)
        api_answer_refusal(request, HTTP_CONFLICT,
                           entry.reason == REASON_NONE ? REASON_DUPLICATE : entry.reason,
                           entry_state_name(entry.state));
    else if (is_same_number(request, message, &entry))
        answer_state(request, message, entry.state);
    return false;
}

static void answer_message(struct api_request *request, const struct office_answer *answer,
                           enum entry_state wanted)
{
    struct store_message message;
    struct office_answer whole = *answer;
    if (!local_find_message(request, &message) || !is_open(request, &message, wanted))
        return;
    whole.message_seq = message.seq;
    enum reason reason = session_office_answer(session_of(request), &whole);
    if (reason == REASON_NONE)
        answer_state(request, &message, wanted);
    else
        api_answer_reason(request, reason, NULL);
}

/* Who took or refused it. False: answered. */
static bool take_person(struct api_request *request, struct office_answer *answer)
{
    struct bytes *name = &answer->acting_for;
    bool is_good = json_take_text(api_json(request), "acting_for", name) &&
                   (name->size == 0 || acting_for_is_valid(*name));
    if (!is_good)
        api_answer_reason(request, REASON_FIELD_INVALID, "acting_for");
    return is_good;
}

void accept_apply(struct api_request *request)
{
    struct office_answer answer = {.reason = REASON_NONE, .ground = FAILURE_SPOKEN};
    if (!json_take_text(api_json(request), "office_reference", &answer.office_reference) ||
        !json_take_text(api_json(request), "text", &answer.text))
        api_answer_reason(request, REASON_FIELD_INVALID, "office_reference");
    else if (take_person(request, &answer))
        answer_message(request, &answer, ENTRY_DELIVERED);
}

/* Only a reason that ends the message: a refusal that is tried again would be none. */
void refuse_apply(struct api_request *request)
{
    struct office_answer answer = {.reason = REASON_OFFICE_REFUSED, .ground = FAILURE_SPOKEN};
    struct bytes code;
    if (!json_take_text(api_json(request), "reason", &code) ||
        !json_take_text(api_json(request), "text", &answer.text)) {
        api_answer_reason(request, REASON_FIELD_INVALID, "text");
        return;
    }
    if (code.size > 0 && (!reason_parse(code, &answer.reason) ||
                          reason_class(answer.reason) != REASON_CLASS_PERMANENT)) {
        api_answer_reason(request, REASON_FIELD_INVALID, "reason");
        return;
    }
    if (take_person(request, &answer))
        answer_message(request, &answer, ENTRY_REFUSED);
}

/* ---- an operator's hand */

/* Without ?destination= it is the one place where the message waits. */
static bool choose_destination(struct api_request *request, const struct store_message *message,
                               struct key *ret_destination)
{
    struct store *store = store_of(request);
    struct entry entries[LOCAL_ENTRIES_MAX];
    size_t count = 0;
    if (!api_query_key(request, "destination", ret_destination))
        return false;
    if (!key_is_none(ret_destination))
        return true;
    enum reason reason =
        store->verbs->entries_of(store, message->seq, entries, LOCAL_ENTRIES_MAX, &count);
    for (size_t i = 0; reason == REASON_NONE && i < count; i++) {
        if (entry_state_is_live(entries[i].state))
            *ret_destination = entries[i].destination;
    }
    if (reason == REASON_NONE && key_is_none(ret_destination))
        reason = count > 0 ? REASON_HAS_ENDED : REASON_NOT_FOUND;
    if (reason != REASON_NONE)
        api_answer_reason(request, reason, NULL);
    return reason == REASON_NONE;
}

/* For the answer: the state that does not allow it. */
static const char *state_at(const struct api_request *request, uint64_t message_seq,
                            const struct key *destination)
{
    struct store *store = store_of(request);
    struct entry entry;
    return store->verbs->read_entry(store, message_seq, destination, &entry) == REASON_NONE
               ? entry_state_name(entry.state)
               : NULL;
}

void operate_apply(struct api_request *request)
{
    static const enum entry_state wanted[] = {[SESSION_HOLD] = ENTRY_HELD,
                                              [SESSION_RELEASE] = ENTRY_QUEUED,
                                              [SESSION_WITHDRAW] = ENTRY_WITHDRAWN};
    enum session_operation operation = (enum session_operation)api_which(request);
    struct store_message message;
    struct key destination = {{0}};
    if (!local_find_message(request, &message) ||
        !choose_destination(request, &message, &destination))
        return;
    enum reason reason = session_operate(session_of(request), message.seq, &destination, operation);
    if (reason == REASON_NONE)
        answer_state(request, &message, wanted[operation]);
    else
        api_answer_reason(request, reason, state_at(request, message.seq, &destination));
}

/* ---- a dossier that nothing is purged of ---- */

void hold_dossier_apply(struct api_request *request)
{
    char text[HOLDS_TEXT_BYTES];
    struct hold hold;
    if (holds_take(request, text, &hold))
        holds_answer(request, session_hold_dossier(session_of(request), &hold), &hold);
}
