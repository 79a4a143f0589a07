#include "gateway/api/standing_json.h"

#include "gateway/api/json_member.h"

static bool put_text(json_t *object, const char *name, const char *text)
{
    return json_put_text(object, name, bytes_of_text(text));
}

bool standing_json_put(json_t *object, const struct standing *standing, enum party party,
                       wall_t taken)
{
    enum actor actor = reason_actor(standing->reason, party);
    if (standing->reason == REASON_NONE)
        return json_put_moment(object, "next", standing->next);
    return json_put_reason(object, standing->reason) &&
           json_put_moment(object, "since", standing->since.ms > 0 ? standing->since : taken) &&
           json_put_moment(object, "next", standing->next) &&
           put_text(object, "turn", actor_code(actor)) &&
           put_text(object, "turn_vi", actor_vietnamese(actor)) &&
           put_text(object, "turn_en", actor_english(actor)) &&
           put_text(object, "party", standing->party.text) &&
           json_put_id(object, "behind", &standing->behind);
}
