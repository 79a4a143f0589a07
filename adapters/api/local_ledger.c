/* The gateway's ledger as this witness knows it, its breaks, and what people say of them. */
#include "adapters/api/local_api_parts.h"

#include <string.h>

static json_t *head_json(const struct head_seen *head)
{
    enum { ID_TEXT_BYTES = 2 * LEDGER_ID_BYTES + 1 };
    char id[ID_TEXT_BYTES] = "";
    json_t *json = json_object();
    hex_encode((struct bytes){head->ledger_id, LEDGER_ID_BYTES}, id);
    bool ok = json_put(json, "ledger_id", json_string(id)) &&
              json_put(json, "size", json_integer((json_int_t)head->tree_size)) &&
              json_put_digest(json, "root", &head->root);
    return json_whole(json, ok);
}

static json_t *break_json(const struct ledger_break *made)
{
    json_t *json = json_object();
    bool ok = json_put(json, "before", head_json(&made->before)) &&
              json_put(json, "after", head_json(&made->after)) &&
              json_put_moment(json, "time", made->at) &&
              json_put(json, "open", json_boolean(made->closed.ms == 0));
    if (made->closed.ms != 0)
        ok = ok && json_put_moment(json, "closed", made->closed) &&
             json_put(json, "explanation", json_string(made->explanation));
    return json_whole(json, ok);
}

void ledger_get(struct api_request *request)
{
    const struct local_api *api = api_context(request);
    struct ledger_break breaks[LEDGER_BREAKS_MAX];
    struct session_status status;
    size_t count;
    enum reason reason = session_breaks(api->options.session, breaks, &count);
    if (reason != REASON_NONE) {
        api_answer_reason(request, reason, NULL);
        return;
    }
    session_status(api->options.session, &status);
    json_t *list = json_array();
    bool ok = list != NULL;
    for (size_t i = 0; ok && i < count; i++)
        ok = json_array_append_new(list, break_json(&breaks[i])) == 0;
    json_t *json = json_object();
    ok = json_put(json, "head", head_json(&status.head)) && ok;
    ok = json_put(json, "alarm", json_boolean(status.ledger_alarm)) && ok;
    ok = json_put(json, "breaks", list) && ok;
    api_answer_json(request, HTTP_OK, json_whole(json, ok));
}

void ledger_explain_apply(struct api_request *request)
{
    struct local_api *api = api_context(request);
    struct bytes text = {NULL, 0};
    if (!json_take_text(api_json(request), "text", &text)) {
        api_answer_reason(request, REASON_FIELD_INVALID, "text");
        return;
    }
    enum reason reason = session_explain_break(api->options.session, text);
    if (reason == REASON_NONE)
        ledger_get(request);
    else
        api_answer_reason(request, reason, "text");
}
