/* The registry that holds, where a message would go by it, and its reading again. The question
 * "where would it go" changes nothing and is answered by the same function that routes messages
 * (routing/registry/route.c), so that the two cannot differ. */
#include <string.h>

#include "gateway/operators/operators_parts.h"
#include "gateway/api/route_json.h"

static json_t *registry_json(const struct registry *registry)
{
    json_t *json = json_object();
    bool ok =
        json_put(json, "version", json_string(registry_version(registry))) &&
        json_put(json, "agencies", json_integer((json_int_t)registry_agency_count(registry))) &&
        json_put(json, "participants",
                 json_integer((json_int_t)registry_participant_count(registry))) &&
        json_put(json, "carriers", json_integer((json_int_t)registry_carrier_count(registry))) &&
        json_put(json, "procedures", json_integer((json_int_t)registry_procedure_count(registry)));
    return json_whole(json, ok);
}

void operators_registry_get(struct api_request *request)
{
    const struct operators_api *api = api_context(request);
    api_answer_json(request, HTTP_OK, registry_json(api->options.registry));
}

/* All or nothing; what is wrong with it stands in the log, line by line. */
void operators_reload(struct api_request *request)
{
    const struct operators_api *api = api_context(request);
    if (api->options.reload(api->options.context))
        api_answer_json(request, HTTP_OK, registry_json(api->options.registry));
    else
        api_answer_refusal(request, HTTP_CONFLICT, REASON_REGISTRY_INVALID, NULL);
}

/* ---- where a message would go */

/* False: answered. */
static bool read_day(struct api_request *request, wall_t *at)
{
    const char *text = api_query(request, "day");
    civil_day_t day;
    if (text == NULL)
        return true;
    if (day_parse(bytes_of_text(text), &day)) {
        *at = day_start(day);
        return true;
    }
    api_answer_reason(request, REASON_FIELD_INVALID, "day");
    return false;
}

static struct bytes text_of(const struct api_request *request, const char *name)
{
    const char *text = api_query(request, name);
    return text == NULL ? (struct bytes){NULL, 0} : bytes_of_text(text);
}

/* Without a sender the centre asks, since most transfers are the centre's. */
void operators_route_get(struct api_request *request)
{
    const struct operators_api *api = api_context(request);
    const char *type = api_query(request, "type");
    struct route_decision decision;
    struct route_question question = {.type = MESSAGE_TYPE_TRANSFER,
                                      .sender = registry_centre(api->options.registry)->key,
                                      .procedure_code = text_of(request, "procedure"),
                                      .dossier_code = text_of(request, "dossier"),
                                      .at = api->options.now()};
    if (type != NULL && !message_type_parse(bytes_of_text(type), &question.type)) {
        api_answer_reason(request, REASON_FIELD_INVALID, "type");
        return;
    }
    if (!api_query_key(request, "sender", &question.sender) ||
        !api_query_key(request, "recipient", &question.recipient) ||
        !api_query_key(request, "agency", &question.agency_of_dossier) ||
        !read_day(request, &question.at))
        return;
    (void)route_resolve(api->options.registry, &question, &decision);
    api_answer_json(request, HTTP_OK, route_json(&decision));
}
