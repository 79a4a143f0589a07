/* One line of the log as an event for those who listen (api_events.c): the same members under the
 * same names as in answers, and nothing else, for the log's bounds on content hold here as well
 * (invariant 11). */
#include "gateway/api/transition_json.h"

#include "gateway/api/json_member.h"

/* Without hints: they are for who asks about one message. */
static bool put_reason(json_t *object, enum reason reason)
{
    return reason == REASON_NONE ||
           (json_put(object, "reason", json_string(reason_code(reason))) &&
            json_put(object, "reason_vi", json_string(reason_vietnamese(reason))) &&
            json_put(object, "reason_en", json_string(reason_english(reason))));
}

static bool put_number(json_t *object, const char *name, uint64_t number)
{
    return number == 0 || json_put(object, name, json_integer((json_int_t)number));
}

bool transition_json_write(const struct transition *transition, wall_t at, struct buffer *into)
{
    json_t *json = json_object();
    bool ok =
        json_put(json, "event", json_string(transition->event)) &&
        json_put_moment(json, "time", at) && json_put_id(json, "message_id", &transition->id) &&
        json_put_text(json, "dossier_code", transition->dossier_code) &&
        json_put_text(json, "from", key_bytes(&transition->from)) &&
        json_put_text(json, "to", key_bytes(&transition->to)) &&
        (transition->type == 0 || json_put_type(json, transition->type)) &&
        ((int)transition->state == 0 || json_put_entry_state(json, transition->state)) &&
        put_reason(json, transition->reason) && put_number(json, "attempt", transition->attempt) &&
        put_number(json, "count", transition->count) && json_text_write(json, into);
    json_decref(json);
    return ok;
}
