/* A question to the adapter while a request waits, and what its refusal is to the person. */
#include "adapters/desk/desk.h"

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
        api_answer_reason(request, REASON_ADAPTER_UNREACHABLE, NULL);
    else
        api_answer_refusal(request, call->status, reason, detail);
    return true;
}
