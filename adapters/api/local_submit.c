/* A message of ours: read from JSON, and submitted in a step. All that is wrong with the form is
 * found here, with the name of the field; what the session has to say (a reference that was used
 * before, an expiry that has passed) comes from session_outbound.c. Texts of the draft are views
 * into the request's JSON. */
#include <string.h>

#include "adapters/json/body_json.h"
#include "adapters/api/local_api_parts.h"
#include "proto/codec/message_type.h"

/* ---- submit: the draft ------------------------------------------------------------------------
 */

/* What is wrong, and where; the handlers of single members set it. */
struct form_fault {
    enum reason reason;
    const char *name;
};

/* Does nothing after the first fault, so that the one that is told is the first in the order of the
 * fields. */
static void take_text(const json_t *object, const char *name, struct bytes *ret_text,
                      struct form_fault *fault)
{
    if (fault->reason == REASON_NONE && !json_take_text(object, name, ret_text))
        *fault = (struct form_fault){REASON_FIELD_INVALID, name};
}

static void take_stamp(const json_t *object, const char *name, struct stamp *ret_stamp,
                       struct form_fault *fault)
{
    struct bytes text = {NULL, 0};
    take_text(object, name, &text, fault);
    if (fault->reason == REASON_NONE && text.size > 0 && !stamp_parse(text, ret_stamp))
        *fault = (struct form_fault){REASON_FIELD_INVALID, name};
}

static void take_type(const json_t *object, uint32_t *ret_type, struct form_fault *fault)
{
    struct bytes text = {NULL, 0};
    enum message_type type = MESSAGE_TYPE_NONE;
    take_text(object, "type", &text, fault);
    if (fault->reason != REASON_NONE)
        return;
    if (text.size == 0)
        *fault = (struct form_fault){REASON_FIELD_MISSING, "type"};
    else if (!message_type_parse(text, &type))
        *fault = (struct form_fault){REASON_MESSAGE_TYPE_UNKNOWN, "type"};
    *ret_type = type;
}

static void take_recipient(const json_t *object, struct key *ret_key, struct form_fault *fault)
{
    struct bytes text = {NULL, 0};
    take_text(object, "recipient", &text, fault);
    if (fault->reason == REASON_NONE && text.size > 0 && !key_parse(text, ret_key))
        *fault = (struct form_fault){REASON_FIELD_INVALID, "recipient"};
}

/* The digest of the message answered: given, or that of the message that we have. */
static void take_reply(const struct local_api *api, const json_t *object, struct envelope *draft,
                       struct form_fault *fault)
{
    struct bytes id = {NULL, 0};
    struct bytes digest = {NULL, 0};
    struct store_message message;
    take_text(object, "in_reply_to", &id, fault);
    take_text(object, "in_reply_to_sha256", &digest, fault);
    if (fault->reason != REASON_NONE || (id.size == 0 && digest.size == 0))
        return;
    if (!id_parse(id, &draft->in_reply_to)) {
        *fault = (struct form_fault){REASON_FIELD_INVALID, "in_reply_to"};
    } else if (digest.size > 0) {
        if (!digest_parse(digest, &draft->in_reply_to_digest))
            *fault = (struct form_fault){REASON_FIELD_INVALID, "in_reply_to_sha256"};
    } else {
        enum reason reason = local_find_anybodys(api, &draft->in_reply_to, &message);
        if (reason == REASON_NONE)
            draft->in_reply_to_digest = message.digest;
        else
            *fault = (struct form_fault){reason == REASON_NOT_FOUND ? REASON_REPLY_UNKNOWN : reason,
                                         "in_reply_to"};
    }
}

/* A size that is given is signed as given and must be the file's; without one the file that was
 * uploaded says it. */
static void take_attachment(const struct local_api *api, const json_t *object,
                            struct attachment *ret_attachment, struct form_fault *fault)
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
        *fault = (struct form_fault){REASON_FIELD_INVALID, "attachments.sha256"};
        return;
    }
    const json_t *size = json_object_get(object, "size_bytes");
    if (size != NULL && (!json_is_integer(size) || json_integer_value(size) < 0)) {
        *fault = (struct form_fault){REASON_FIELD_INVALID, "attachments.size_bytes"};
    } else if (size != NULL) {
        ret_attachment->size_bytes = (uint64_t)json_integer_value(size);
    } else {
        enum reason reason =
            blobs->verbs->find(blobs, &ret_attachment->digest, &ret_attachment->size_bytes);
        if (reason != REASON_NONE)
            *fault = (struct form_fault){
                reason == REASON_NOT_FOUND ? REASON_ATTACHMENT_MISSING : reason, "attachments"};
    }
}

static void take_attachments(struct api_request *request, struct envelope *draft,
                             struct form_fault *fault)
{
    static const char *const names[] = {"sha256",     "size_bytes",     "name",
                                        "media_type", "component_code", NULL};
    struct local_api *api = api_context(request);
    json_t *list = json_object_get(api_json(request), "attachments");
    size_t count = json_array_size(list);
    if (fault->reason != REASON_NONE || list == NULL || json_is_null(list))
        return;
    if (!json_is_array(list) || count > ATTACHMENTS_MAX) {
        *fault = (struct form_fault){
            json_is_array(list) ? REASON_FIELD_TOO_LONG : REASON_FIELD_INVALID, "attachments"};
        return;
    }
    struct attachment *attachments = arena_take(&api->arena, (count + 1) * sizeof *attachments);
    if (attachments == NULL) {
        *fault = (struct form_fault){REASON_OUT_OF_MEMORY, NULL};
        return;
    }
    memset(attachments, 0, (count + 1) * sizeof *attachments);
    for (size_t i = 0; fault->reason == REASON_NONE && i < count; i++) {
        json_t *item = json_array_get(list, i);
        if (!json_is_object(item))
            *fault = (struct form_fault){REASON_FIELD_INVALID, "attachments"};
        else if (!api_has_only(request, item, names))
            return;
        else
            take_attachment(api, item, &attachments[i], fault);
    }
    draft->attachments = attachments;
    draft->attachment_count = count;
}

/* The whole request as a submission, in the api's arena. False: answered. */
static bool take_submission(struct api_request *request, struct submission *ret_submission)
{
    struct local_api *api = api_context(request);
    struct form_fault fault = {REASON_NONE, NULL};
    struct body_json_fault body_fault;
    struct envelope *draft = &ret_submission->draft;
    struct Lienthong__V1__Body *body = NULL;
    arena_reset(&api->arena);
    take_type(api_json(request), &draft->type, &fault);
    take_recipient(api_json(request), &draft->recipient, &fault);
    take_text(api_json(request), "dossier_code", &draft->dossier_code, &fault);
    take_text(api_json(request), "procedure_code", &draft->procedure_code, &fault);
    take_text(api_json(request), "acting_for", &draft->acting_for, &fault);
    take_stamp(api_json(request), "source_time", &draft->source_time, &fault);
    take_stamp(api_json(request), "expires", &draft->expires, &fault);
    take_reply(api, api_json(request), draft, &fault);
    take_attachments(request, draft, &fault);
    if (api_is_answered(request))
        return false;
    const json_t *content = json_object_get(api_json(request), "body");
    if (fault.reason == REASON_NONE && content == NULL)
        fault = (struct form_fault){REASON_FIELD_MISSING, "body"};
    if (fault.reason == REASON_NONE &&
        body_json_read((enum message_type)draft->type, content, &api->arena, &body, &body_fault) !=
            REASON_NONE)
        fault = (struct form_fault){body_fault.reason, body_fault.path};
    if (fault.reason == REASON_NONE)
        fault.reason = envelope_check_content(draft, body, &fault.name);
    if (fault.reason == REASON_NONE)
        fault.reason = local_fill_deadline(api, draft, body, &fault.name);
    if (fault.reason != REASON_NONE)
        api_answer_reason(request, fault.reason, fault.name);
    ret_submission->body = body;
    return fault.reason == REASON_NONE;
}

/* ---- submit -----------------------------------------------------------------------------------
 */

/* Of what was sent before under the same key: where it stands now. */
static bool put_standing(struct local_api *api, json_t *json, uint64_t message_seq)
{
    struct store *store = api->options.store;
    struct store_message message;
    struct entry entry;
    bool is_expected;
    if (store->verbs->read_message(store, message_seq, &message) != REASON_NONE)
        return json_put_entry_state(json, ENTRY_QUEUED); /* it is of this step */
    struct key recipient = local_recipient(api, &message, &is_expected);
    message.dossier_code = message.procedure_code = (struct bytes){NULL, 0};
    return store->verbs->read_entry(store, message_seq, &api->options.gateway, &entry) ==
                   REASON_NONE
               ? local_put_state(api, json, &message, &recipient, &entry)
               : json_put_entry_state(json, ENTRY_QUEUED);
}

/* 202 and not 201: that it is kept here says nothing about its delivery (invariant 9). */
static void answer_submitted(struct api_request *request, const struct submitted *submitted)
{
    json_t *json = json_object();
    const json_t *code = json_object_get(api_json(request), "dossier_code");
    bool ok =
        json_put_id(json, "message_id", &submitted->id) &&
        json_put_digest(json, "sha256", &submitted->digest) &&
        json_put(json, "dossier_code", json_deep_copy(code)) &&
        json_put(json, "repeated", json_boolean(submitted->is_repeated)) &&
        (submitted->is_repeated ? put_standing(api_context(request), json, submitted->message_seq)
                                : json_put_entry_state(json, ENTRY_QUEUED));
    api_answer_json(request, HTTP_ACCEPTED, json_whole(json, ok));
}

/* The field that a refusal is about; NULL: none of them alone. */
static const char *field_of(enum reason reason)
{
    switch (reason) {
    case REASON_REFERENCE_REUSED:
        return "Idempotency-Key";
    case REASON_AGENCY_UNKNOWN:
        return "recipient";
    case REASON_PROCEDURE_UNKNOWN:
        return "procedure_code";
    case REASON_EXPIRED:
        return "expires";
    default:
        return NULL;
    }
}

/* The registry's objection is handed on instead of answered, because a repetition of what was taken
 * before must get its first answer, also when its procedure has been taken out of the registry
 * since. */
void submit_apply(struct api_request *request)
{
    struct submission submission = {0};
    struct submitted submitted;
    const struct local_api *api = api_context(request);
    const char *reference = api_header(request, "Idempotency-Key");
    if (!take_submission(request, &submission))
        return;
    if (reference != NULL)
        submission.reference = bytes_of_text(reference);
    submission.fault = local_check_registry(api, &submission.draft);
    enum reason reason = session_submit(api->options.session, &submission, &submitted);
    if (reason == REASON_NONE)
        answer_submitted(request, &submitted);
    else
        api_answer_reason(request, reason, field_of(reason));
}
