/* What came to nothing is sent again, one by one; as a set: gateway/api/jobs_json.h. The rules:
 * adapters/core/session_again.c. */
#include "adapters/api/local_api_parts.h"

/* The same again answers the same new message: who lost the answer asks again. */
void again_apply(struct api_request *request)
{
    const struct local_api *api = api_context(request);
    struct store_message message;
    struct submitted submitted;
    if (!local_find_message(request, &message))
        return;
    const struct message_id id = message.id;
    enum reason reason = session_send_again(api->options.session, message.seq, &submitted);
    if (reason != REASON_NONE) {
        api_answer_reason(request, reason, "message_id");
        return;
    }
    json_t *json = json_object();
    bool ok = json_put_id(json, "message_id", &submitted.id) &&
              json_put_digest(json, "sha256", &submitted.digest) &&
              json_put_id(json, "again_of", &id) &&
              json_put(json, "repeated", json_boolean(submitted.is_repeated));
    api_answer_json(request, HTTP_ACCEPTED, json_whole(json, ok));
}

/* Notes by id alone, as those of local_next_outcome: only what we sent is sent again. */
bool local_put_again(const struct local_api *api, json_t *object,
                     const struct store_message *message)
{
    const struct message_id *id = &message->id;
    struct message_id other;
    if (!key_equal(&message->sender, &api->options.self))
        return true;
    return (session_find_again(api->options.session, id, &other) != REASON_NONE ||
            json_put_id(object, "sent_again_as", &other)) &&
           (session_find_before(api->options.session, id, &other) != REASON_NONE ||
            json_put_id(object, "again_of", &other));
}
