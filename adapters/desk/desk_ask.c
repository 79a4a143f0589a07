/* A question to the adapter or the gateway while a request waits, what its refusal is to the
 * person, and the audit of what it changes: "begun" before it is asked, and how it ended after. */
#include "adapters/desk/desk.h"

#include "gateway/workers/program.h"

/* The call lives: its request is suspended until apply has answered it. */
static void answered(void *context, enum reason reason, long status, json_t *json)
{
    struct desk_call *call = context;
    call->reason = reason;
    call->status = (unsigned)status;
    call->answer = json_incref(json);
    call->is_answered = true;
}

bool desk_ask(struct api_request *request, const struct upstream_question *question)
{
    struct desk_call *call = desk_call(request);
    call->is_answered = false;
    call->end = question->end;
    enum reason reason = upstream_ask(desk_of(request)->upstream, question, answered, call);
    call->is_begun = reason == REASON_NONE;
    if (reason != REASON_NONE)
        api_answer_reason(request, reason, NULL);
    return call->is_begun;
}

/* The same reason, hint and field as the adapter said them. */
bool desk_pass_refusal(struct api_request *request)
{
    struct desk_call *call = desk_call(request);
    enum reason reason;
    if (call->reason == REASON_NONE && call->status < 300 && call->answer != NULL)
        return false;
    const char *code = json_string_value(json_object_get(call->answer, "code"));
    const char *detail = json_string_value(json_object_get(call->answer, "detail"));
    bool is_ours = code == NULL || !reason_parse(bytes_of_text(code), &reason);
    if (is_ours || reason == REASON_TOKEN_WRONG) /* our token, which no person has to do with */
        api_answer_reason(request, upstream_away(call->end), NULL);
    else
        api_answer_refusal(request, call->status, reason, detail);
    return true;
}

/* ---- changes ---- */

bool desk_audit_begun(struct api_request *request, const char *action, const char *object,
                      const char *after)
{
    struct desk_call *call = desk_call(request);
    const struct desk_action row = {action, object, NULL, after, "begun"};
    enum reason reason = desk_audit(request, &call->person, &row);
    call->audit_entry = book_last_row(&desk_of(request)->book);
    if (reason != REASON_NONE)
        api_answer_reason(request, reason, NULL);
    return reason == REASON_NONE;
}

/* The answer does not wait for it: what happened, happened. */
void desk_audit_end(struct api_request *request)
{
    struct desk_call *call = desk_call(request);
    const char *code = json_string_value(json_object_get(call->answer, "code"));
    const char *id = json_string_value(json_object_get(call->answer, "message_id"));
    bool is_done = call->reason == REASON_NONE && call->status < 300;
    if (call->reason != REASON_NONE)
        return; /* it may have happened */
    (void)book_run(&desk_of(request)->book, BOOK_AUDIT_END, "itt", call->audit_entry,
                   is_done ? "ok" : (code == NULL ? "unknown" : code), id);
    follow_hasten(&desk_of(request)->follow);
}
