/* Members that several answers have in common, so that a reason, a state or a moment has the same
 * members everywhere, in both languages. What is not known is left out: a member that is there
 * means something. */
#include "gateway/api/json_member.h"

#include "proto/codec/message_type.h"

/* Vietnam's offset is written out, so that no reader has to know where the machine stands
 * (invariant 12). */
bool json_put_moment(json_t *object, const char *name, wall_t at)
{
    char text[TIME_TEXT_BYTES];
    if (at.ms == 0)
        return true;
    stamp_format((struct stamp){at, VIETNAM_OFFSET_MINUTES}, text);
    return json_put(object, name, json_string(text));
}

bool json_put_clock(json_t *object, const struct clock_report *clock)
{
    return json_put(object, "clock", json_string(clock_state_name(clock->state))) &&
           json_put_moment(object, "clock_shows", clock->shows) &&
           json_put_moment(object, "clock_goes_by", clock->goes_by);
}

bool json_put_id(json_t *object, const char *name, const struct message_id *id)
{
    char text[MESSAGE_ID_TEXT_BYTES];
    if (id_is_zero(id))
        return true;
    id_format(id, text);
    return json_put(object, name, json_string(text));
}

bool json_put_digest(json_t *object, const char *name, const struct digest *digest)
{
    char text[DIGEST_TEXT_BYTES];
    digest_format(digest, text);
    return json_put(object, name, json_string(text));
}

bool json_put_reason(json_t *object, enum reason reason)
{
    if (reason == REASON_NONE)
        return true;
    return json_put(object, "reason", json_string(reason_code(reason))) &&
           json_put(object, "reason_vi", json_string(reason_vietnamese(reason))) &&
           json_put(object, "reason_en", json_string(reason_english(reason))) &&
           json_put_text(object, "hint", bytes_of_text(reason_hint(reason))) &&
           json_put_text(object, "hint_vi", bytes_of_text(reason_hint_vietnamese(reason)));
}

bool json_put_type(json_t *object, uint32_t type)
{
    enum message_type known =
        message_type_is_known(type) ? (enum message_type)type : MESSAGE_TYPE_NONE;
    return json_put(object, "type", json_string(message_type_name(known))) &&
           json_put(object, "type_vi", json_string(message_type_label(known, LANGUAGE_VIETNAMESE)));
}

bool json_put_entry_state(json_t *object, unsigned int state)
{
    enum entry_state known = (enum entry_state)state;
    return json_put(object, "state", json_string(entry_state_name(known))) &&
           json_put(object, "state_vi", json_string(entry_state_vietnamese(known)));
}

bool json_put_due(json_t *object, const struct entry *entry)
{
    return entry_state_is_terminal(entry->state) || json_put_moment(object, "due", entry->due);
}

/* An object that memory was too short for is not sent with members missing: it would read as an
 * answer that says "no". */
json_t *json_whole(json_t *object, bool is_whole)
{
    if (is_whole)
        return object;
    json_decref(object);
    return NULL;
}
