/* A decision of the route as it was made, step by step, each with the registry's file and line
 * that it follows from: "why did this go there" is answered by what the code did and not by a
 * second reading of the rules. */
#include "gateway/api/route_json.h"

#include "gateway/api/json_member.h"

enum { STEP_BYTES_MAX = 1024 };

static json_t *destination_json(const struct route_destination *destination)
{
    static const int64_t ms_per_hour = INT64_C(60) * 60 * 1000;
    return json_pack("{s:s, s:s, s:b, s:I, s:i}", "key", destination->key.text, "role",
                     role_name(destination->role), "copy", destination->copy, "life_hours",
                     (json_int_t)(destination->life_ms / ms_per_hour), "policy_line",
                     (int)destination->policy_line);
}

static bool put_text(json_t *json, const char *name, const struct route_step *step,
                     enum language language)
{
    struct buffer text;
    buffer_init(&text, STEP_BYTES_MAX);
    bool ok =
        route_step_print(step, language, &text) && json_put_text(json, name, buffer_view(&text));
    buffer_release(&text);
    return ok;
}

static json_t *step_json(const struct route_step *step)
{
    bool has_file = step->file < REGISTRY_FILE_COUNT;
    json_t *json =
        json_pack("{s:s?, s:i, s:s}", "file", has_file ? registry_file_name(step->file) : NULL,
                  "line", (int)step->line, "subject", step->subject);
    return json_whole(json, put_text(json, "text", step, LANGUAGE_ENGLISH) &&
                                put_text(json, "text_vi", step, LANGUAGE_VIETNAMESE));
}

json_t *route_json(const struct route_decision *decision)
{
    json_t *destinations = json_array(), *steps = json_array();
    bool ok = true;
    for (size_t i = 0; ok && i < decision->destination_count; i++)
        ok = json_array_append_new(destinations, destination_json(&decision->destinations[i])) == 0;
    for (size_t i = 0; ok && i < decision->step_count; i++)
        ok = json_array_append_new(steps, step_json(&decision->steps[i])) == 0;
    json_t *json =
        json_pack("{s:b, s:s, s:o, s:o, s:s}", "allowed", decision->reason == REASON_NONE, "reason",
                  reason_code(decision->reason), "destinations", destinations, "steps", steps,
                  "registry_version", decision->registry_version);
    return json_whole(json, ok);
}
