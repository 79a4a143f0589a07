/* Requests that change something: read outside the step, applied inside it. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "adapters/shell/body_json.h"
#include "adapters/shell/json_text.h"
#include "adapters/shell/local_api_parts.h"
#include "proto/codec/message_type.h"

/* ---- reading ----------------------------------------------------------------------------------
 */

/* The body as one JSON object, or {} when there is none and there need not be one. */
static bool read_object(struct api_request *request, bool may_be_empty)
{
    const char *type =
        MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, "Content-Type");
    if (request->body.size == 0 && may_be_empty) {
        request->json = json_object();
        return true;
    }
    if (type != NULL && strncasecmp(type, "application/json", 16) != 0) {
        api_answer_refusal(request, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE, REASON_REQUEST_MALFORMED,
                           "Content-Type");
        return false;
    }
    enum reason reason = json_text_read(buffer_view(&request->body), &request->json);
    if (reason == REASON_NONE && !json_is_object(request->json))
        reason = REASON_REQUEST_MALFORMED;
    /* What jansson made of it is all that is still needed. */
    buffer_release(&request->body);
    buffer_init(&request->body, LOCAL_API_BODY_BYTES_MAX);
    if (reason != REASON_NONE)
        api_answer_reason(request, reason, "body");
    return reason == REASON_NONE;
}

/* Only these members, a list that ends with NULL. */
static bool has_only(struct api_request *request, json_t *object, const char *const *names)
{
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value)
    {
        size_t i = 0;
        while (names[i] != NULL && strcmp(names[i], name) != 0)
            i++;
        if (names[i] == NULL) {
            char detail[API_DETAIL_BYTES];
            (void)snprintf(detail, sizeof detail, "%s", name);
            api_answer_reason(request, REASON_FIELD_INVALID, detail);
            return false;
        }
    }
    return true;
}

/* ---- submit: the draft ------------------------------------------------------------------------
 */

/* What is wrong, and where; the handlers of single members set it. */
struct fault {
    enum reason reason;
    const char *name;
};

static void take_text(const json_t *object, const char *name, struct bytes *ret_text,
                      struct fault *fault)
{
    if (fault->reason == REASON_NONE && !json_take_text(object, name, ret_text))
        *fault = (struct fault){REASON_FIELD_INVALID, name};
}

static void take_stamp(const json_t *object, const char *name, struct stamp *ret_stamp,
                       struct fault *fault)
{
    struct bytes text = {NULL, 0};
    take_text(object, name, &text, fault);
    if (fault->reason == REASON_NONE && text.size > 0 && !stamp_parse(text, ret_stamp))
        *fault = (struct fault){REASON_FIELD_INVALID, name};
}

static void take_type(const json_t *object, uint32_t *ret_type, struct fault *fault)
{
    struct bytes text = {NULL, 0};
    enum message_type type = MESSAGE_TYPE_NONE;
    take_text(object, "type", &text, fault);
    if (fault->reason != REASON_NONE)
        return;
    if (text.size == 0)
        *fault = (struct fault){REASON_FIELD_MISSING, "type"};
    else if (!message_type_parse(text, &type))
        *fault = (struct fault){REASON_MESSAGE_TYPE_UNKNOWN, "type"};
    *ret_type = type;
}

static void take_recipient(const json_t *object, struct key *ret_key, struct fault *fault)
{
    struct bytes text = {NULL, 0};
    take_text(object, "recipient", &text, fault);
    if (fault->reason == REASON_NONE && text.size > 0 && !key_parse(text, ret_key))
        *fault = (struct fault){REASON_FIELD_INVALID, "recipient"};
}

/* The digest of the message answered: given, or that of the message that we have. */
static void take_reply(const struct local_api *api, const json_t *object, struct envelope *draft,
                       struct fault *fault)
{
    struct bytes id = {NULL, 0};
    struct bytes digest = {NULL, 0};
    struct store_message message;
    take_text(object, "in_reply_to", &id, fault);
    take_text(object, "in_reply_to_sha256", &digest, fault);
    if (fault->reason != REASON_NONE || (id.size == 0 && digest.size == 0))
        return;
    if (!id_parse(id, &draft->in_reply_to)) {
        *fault = (struct fault){REASON_FIELD_INVALID, "in_reply_to"};
    } else if (digest.size > 0) {
        if (!digest_parse(digest, &draft->in_reply_to_digest))
            *fault = (struct fault){REASON_FIELD_INVALID, "in_reply_to_sha256"};
    } else {
        enum reason reason = api_find_anybodys(api, &draft->in_reply_to, &message);
        if (reason == REASON_NONE)
            draft->in_reply_to_digest = message.digest;
        else
            *fault = (struct fault){reason == REASON_NOT_FOUND ? REASON_REPLY_UNKNOWN : reason,
                                    "in_reply_to"};
    }
}

static void take_attachment(const struct local_api *api, const json_t *object,
                            struct attachment *ret_attachment, struct fault *fault)
{
    struct blobs *blobs = api->options.blobs;
    struct bytes digest = {NULL, 0};
    take_text(object, "sha256", &digest, fault);
    take_text(object, "name", &ret_attachment->name, fault);
    take_text(object, "media_type", &ret_attachment->media_type, fault);
    take_text(object, "component_code", &ret_attachment->component_code, fault);
    if (fault->reason != REASON_NONE)
        return;
    if (!digest_parse(digest, &ret_attachment->digest)) {
        *fault = (struct fault){REASON_FIELD_INVALID, "attachments.sha256"};
        return;
    }
    const json_t *size = json_object_get(object, "size_bytes");
    if (size != NULL && (!json_is_integer(size) || json_integer_value(size) < 0)) {
        *fault = (struct fault){REASON_FIELD_INVALID, "attachments.size_bytes"};
    } else if (size != NULL) {
        ret_attachment->size_bytes = (uint64_t)json_integer_value(size);
    } else {
        enum reason reason =
            blobs->verbs->find(blobs, &ret_attachment->digest, &ret_attachment->size_bytes);
        if (reason != REASON_NONE)
            *fault = (struct fault){reason == REASON_NOT_FOUND ? REASON_ATTACHMENT_MISSING : reason,
                                    "attachments"};
    }
}

static void take_attachments(struct api_request *request, struct envelope *draft,
                             struct fault *fault)
{
    static const char *const names[] = {"sha256",     "size_bytes",     "name",
                                        "media_type", "component_code", NULL};
    json_t *list = json_object_get(request->json, "attachments");
    size_t count = json_array_size(list);
    if (fault->reason != REASON_NONE || list == NULL || json_is_null(list))
        return;
    if (!json_is_array(list) || count > ATTACHMENTS_MAX) {
        *fault = (struct fault){json_is_array(list) ? REASON_FIELD_TOO_LONG : REASON_FIELD_INVALID,
                                "attachments"};
        return;
    }
    struct attachment *attachments =
        arena_take(&request->api->arena, (count + 1) * sizeof *attachments);
    if (attachments == NULL) {
        *fault = (struct fault){REASON_OUT_OF_MEMORY, NULL};
        return;
    }
    memset(attachments, 0, (count + 1) * sizeof *attachments);
    for (size_t i = 0; fault->reason == REASON_NONE && i < count; i++) {
        json_t *item = json_array_get(list, i);
        if (!json_is_object(item))
            *fault = (struct fault){REASON_FIELD_INVALID, "attachments"};
        else if (!has_only(request, item, names))
            return;
        else
            take_attachment(request->api, item, &attachments[i], fault);
    }
    draft->attachments = attachments;
    draft->attachment_count = count;
    if (fault->reason == REASON_NONE)
        fault->reason = envelope_check_names(draft, &fault->name);
}

/* The whole request as a submission, in the api's arena. False: answered. */
static bool take_submission(struct api_request *request, struct submission *ret_submission)
{
    struct local_api *api = request->api;
    struct fault fault = {REASON_NONE, NULL};
    struct body_json_fault body_fault;
    struct envelope *draft = &ret_submission->draft;
    struct Lienthong__V1__Body *body = NULL;
    arena_reset(&api->arena);
    take_type(request->json, &draft->type, &fault);
    take_recipient(request->json, &draft->recipient, &fault);
    take_text(request->json, "dossier_code", &draft->dossier_code, &fault);
    take_text(request->json, "procedure_code", &draft->procedure_code, &fault);
    take_stamp(request->json, "source_time", &draft->source_time, &fault);
    take_stamp(request->json, "expires", &draft->expires, &fault);
    take_reply(api, request->json, draft, &fault);
    take_attachments(request, draft, &fault);
    if (request->stage == API_ANSWERED)
        return false;
    const json_t *content = json_object_get(request->json, "body");
    if (fault.reason == REASON_NONE && content == NULL)
        fault = (struct fault){REASON_FIELD_MISSING, "body"};
    if (fault.reason == REASON_NONE &&
        body_json_read((enum message_type)draft->type, content, &api->arena, &body, &body_fault) !=
            REASON_NONE)
        fault = (struct fault){body_fault.reason, body_fault.path};
    if (fault.reason != REASON_NONE)
        api_answer_reason(request, fault.reason, fault.name);
    ret_submission->body = body;
    return fault.reason == REASON_NONE;
}

/* ---- submit -----------------------------------------------------------------------------------
 */

void submit_complete(struct api_request *request)
{
    static const char *const names[] = {"type",           "recipient",   "dossier_code",
                                        "procedure_code", "in_reply_to", "in_reply_to_sha256",
                                        "source_time",    "expires",     "body",
                                        "attachments",    NULL};
    if (read_object(request, false) && has_only(request, request->json, names))
        request->stage = API_CHANGING;
}

static void answer_submitted(struct api_request *request, const struct submitted *submitted)
{
    json_t *json = json_object();
    const json_t *code = json_object_get(request->json, "dossier_code");
    bool ok = json_put_id(json, "message_id", &submitted->id) &&
              json_put_digest(json, "sha256", &submitted->digest) &&
              json_put(json, "dossier_code", json_deep_copy(code)) &&
              json_put(json, "state", json_string("queued")) &&
              json_put(json, "repeated", json_boolean(submitted->is_repeated));
    if (!ok) {
        json_decref(json);
        json = NULL;
    }
    api_answer_json(request, MHD_HTTP_ACCEPTED, json);
}

void submit_apply(struct api_request *request)
{
    struct submission submission = {0};
    struct submitted submitted;
    const char *reference =
        MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, "Idempotency-Key");
    if (!take_submission(request, &submission))
        return;
    if (reference != NULL)
        submission.reference = bytes_of_text(reference);
    enum reason reason = session_submit(request->api->options.session, &submission, &submitted);
    if (reason == REASON_NONE)
        answer_submitted(request, &submitted);
    else
        api_answer_reason(request, reason,
                          reason == REASON_REFERENCE_REUSED ? "Idempotency-Key" : NULL);
}

/* ---- accept and refuse ------------------------------------------------------------------------
 */

void accept_complete(struct api_request *request)
{
    static const char *const names[] = {"office_reference", "reason", "text", NULL};
    if (read_object(request, true) && has_only(request, request->json, names))
        request->stage = API_CHANGING;
}

static void answer_state(struct api_request *request, const struct store_message *message,
                         enum entry_state state)
{
    json_t *json = json_object();
    bool ok = json_put_id(json, "message_id", &message->id) &&
              json_put(json, "state", json_string(entry_state_name(state))) &&
              json_put(json, "state_vi", json_string(entry_state_vietnamese(state)));
    if (!ok) {
        json_decref(json);
        json = NULL;
    }
    api_answer_json(request, MHD_HTTP_OK, json);
}

/* True: the message has not ended here. Otherwise answered: the same word again is fine, another is
 * too late. */
static bool is_open(struct api_request *request, const struct store_message *message,
                    enum entry_state wanted)
{
    struct store *store = request->api->options.store;
    struct key office = key_of(SESSION_OFFICE);
    struct entry entry;
    enum reason reason = store->verbs->read_entry(store, message->seq, &office, &entry);
    if (reason != REASON_NONE) {
        api_answer_reason(request, reason, NULL);
        return false;
    }
    if (!entry_state_is_terminal(entry.state))
        return true;
    if (entry.state == wanted)
        answer_state(request, message, entry.state);
    else
        api_answer_refusal(request, MHD_HTTP_CONFLICT,
                           entry.reason == REASON_NONE ? REASON_DUPLICATE : entry.reason,
                           entry_state_name(entry.state));
    return false;
}

static void answer_message(struct api_request *request, const struct office_answer *answer,
                           enum entry_state wanted)
{
    struct store_message message;
    struct office_answer whole = *answer;
    if (!api_find_message(request, &message) || !is_open(request, &message, wanted))
        return;
    whole.message_seq = message.seq;
    enum reason reason = session_office_answer(request->api->options.session, &whole);
    if (reason == REASON_NONE)
        answer_state(request, &message, wanted);
    else
        api_answer_reason(request, reason, NULL);
}

void accept_apply(struct api_request *request)
{
    struct office_answer answer = {.reason = REASON_NONE, .ground = FAILURE_SPOKEN};
    if (!json_take_text(request->json, "office_reference", &answer.office_reference) ||
        !json_take_text(request->json, "text", &answer.text))
        api_answer_reason(request, REASON_FIELD_INVALID, "office_reference");
    else
        answer_message(request, &answer, ENTRY_DELIVERED);
}

/* Only a reason that ends the message: a refusal that is tried again would be none. */
void refuse_apply(struct api_request *request)
{
    struct office_answer answer = {.reason = REASON_OFFICE_REFUSED, .ground = FAILURE_SPOKEN};
    struct bytes code;
    if (!json_take_text(request->json, "reason", &code) ||
        !json_take_text(request->json, "text", &answer.text)) {
        api_answer_reason(request, REASON_FIELD_INVALID, "text");
        return;
    }
    if (code.size > 0 && (!reason_parse(code, &answer.reason) ||
                          reason_class(answer.reason) != REASON_CLASS_PERMANENT)) {
        api_answer_reason(request, REASON_FIELD_INVALID, "reason");
        return;
    }
    answer_message(request, &answer, ENTRY_REFUSED);
}

/* ---- an operator's hand -----------------------------------------------------------------------
 */

void operate_complete(struct api_request *request)
{
    request->stage = API_CHANGING;
}

/* Without ?destination= it is the one place where the message waits. */
static bool choose_destination(struct api_request *request, const struct store_message *message,
                               struct key *ret_destination)
{
    enum { ENTRIES_MAX = 8 };
    struct store *store = request->api->options.store;
    struct entry entries[ENTRIES_MAX];
    size_t count = 0;
    if (!api_query_key(request, "destination", ret_destination))
        return false;
    if (!key_is_none(ret_destination))
        return true;
    enum reason reason =
        store->verbs->entries_of(store, message->seq, entries, ENTRIES_MAX, &count);
    for (size_t i = 0; reason == REASON_NONE && i < count; i++) {
        if (entry_state_is_live(entries[i].state))
            *ret_destination = entries[i].destination;
    }
    if (reason == REASON_NONE && key_is_none(ret_destination))
        reason = REASON_NOT_FOUND;
    if (reason != REASON_NONE)
        api_answer_reason(request, reason, NULL);
    return reason == REASON_NONE;
}

/* For the answer: the state that does not allow it. */
static const char *state_at(const struct api_request *request, uint64_t message_seq,
                            const struct key *destination)
{
    struct store *store = request->api->options.store;
    struct entry entry;
    return store->verbs->read_entry(store, message_seq, destination, &entry) == REASON_NONE
               ? entry_state_name(entry.state)
               : NULL;
}

static void operate(struct api_request *request, enum session_operation operation,
                    enum entry_state wanted)
{
    struct store_message message;
    struct key destination = {{0}};
    if (!api_find_message(request, &message) ||
        !choose_destination(request, &message, &destination))
        return;
    enum reason reason =
        session_operate(request->api->options.session, message.seq, &destination, operation);
    if (reason == REASON_NONE)
        answer_state(request, &message, wanted);
    else if (reason == REASON_FIELD_INVALID)
        api_answer_reason(request, REASON_STATE_FORBIDS,
                          state_at(request, message.seq, &destination));
    else
        api_answer_reason(request, reason, NULL);
}

void hold_apply(struct api_request *request)
{
    operate(request, SESSION_HOLD, ENTRY_HELD);
}

void release_apply(struct api_request *request)
{
    operate(request, SESSION_RELEASE, ENTRY_QUEUED);
}

void withdraw_apply(struct api_request *request)
{
    operate(request, SESSION_WITHDRAW, ENTRY_WITHDRAWN);
}
