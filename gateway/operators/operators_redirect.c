/* Queues that another participant takes over, by an operator's decision. Whether it may be, and
 * what moves, is decided in gateway/core/broker_redirect.c; here are the routes alone. */
#include "gateway/operators/operators_parts.h"

static json_t *redirect_json(const struct redirect *redirect)
{
    return json_pack("{s:s, s:s, s:b}", "from", redirect->from.text, "to", redirect->to.text,
                     "sent_too", redirect->is_sent_too);
}

void operators_redirects_get(struct api_request *request)
{
    const struct operators_api *api = api_context(request);
    json_t *list = json_array();
    bool ok = list != NULL;
    for (size_t i = 0; ok && i < broker_redirect_count(api->options.broker); i++) {
        struct redirect redirect = broker_redirect_at(api->options.broker, i);
        ok = json_array_append_new(list, redirect_json(&redirect)) == 0;
    }
    api_answer_json(request, HTTP_OK, json_whole(json_pack("{s:o}", "redirects", list), ok));
}

static bool read_key(struct api_request *request, const char *name, bool is_needed,
                     struct key *ret_key)
{
    struct bytes text = {NULL, 0};
    bool is_text = json_take_text(api_json(request), name, &text);
    if (is_text && ((text.size == 0 && !is_needed) || key_parse(text, ret_key)))
        return true;
    api_answer_reason(
        request, is_text && text.size == 0 ? REASON_FIELD_MISSING : REASON_FIELD_INVALID, name);
    return false;
}

/* An empty "to" ends it. The queue moves by itself afterwards, step by step. */
void operators_redirect(struct api_request *request)
{
    const struct operators_api *api = api_context(request);
    struct redirect redirect = {.is_sent_too = false};
    if (!read_key(request, "from", true, &redirect.from) ||
        !read_key(request, "to", false, &redirect.to) ||
        !api_take_flag(request, "sent_too", false, &redirect.is_sent_too))
        return;
    enum reason reason =
        broker_redirect(api->options.broker, &redirect.from, &redirect.to, redirect.is_sent_too);
    if (reason == REASON_NONE)
        api_answer_json(request, HTTP_OK, redirect_json(&redirect));
    else
        api_answer_reason(request, reason, key_is_none(&redirect.to) ? "from" : "to");
}
