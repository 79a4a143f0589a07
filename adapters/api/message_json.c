#include "adapters/api/message_json.h"

#include <stdio.h>

#include "adapters/api/body_json.h"
#include "gateway/api/json_member.h"
#include "proto/codec/message_type.h"

/* ---- members -------------------------------------------------------------------------------- */

static bool put_stamp(json_t *object, const char *name, struct stamp stamp)
{
    char text[TIME_TEXT_BYTES];
    if (stamp.at.ms == 0)
        return true;
    stamp_format(stamp, text);
    return json_put(object, name, json_string(text));
}

/* ---- attachments ---------------------------------------------------------------------------- */

static json_t *attachment_json(const struct attachment *attachment,
                               const struct message_links *links)
{
    char digest[DIGEST_TEXT_BYTES];
    char url[MESSAGE_JSON_URL_BYTES + DIGEST_TEXT_BYTES + 128];
    digest_format(&attachment->digest, digest);
    (void)snprintf(url, sizeof url, "%s/v1/attachments/%s%s%s", links->base, digest,
                   links->token[0] != 0 ? "?token=" : "", links->token);
    json_t *object = json_object();
    if (object != NULL && json_put(object, "sha256", json_string(digest)) &&
        json_put(object, "size_bytes", json_integer((json_int_t)attachment->size_bytes)) &&
        json_put_text(object, "name", attachment->name) &&
        json_put_text(object, "media_type", attachment->media_type) &&
        json_put_text(object, "component_code", attachment->component_code) &&
        json_put(object, "url", json_string(url)))
        return object;
    json_decref(object);
    return NULL;
}

static json_t *attachments_json(const struct envelope *envelope, const struct message_links *links)
{
    json_t *list = json_array();
    for (size_t i = 0; list != NULL && i < envelope->attachment_count; i++) {
        if (json_array_append_new(list, attachment_json(&envelope->attachments[i], links)) != 0) {
            json_decref(list);
            list = NULL;
        }
    }
    return list;
}

/* ---- the message ---------------------------------------------------------------------------- */

static bool put_envelope(json_t *object, const struct envelope *envelope,
                         const struct store_message *message)
{
    bool ok = json_put_id(object, "message_id", &envelope->id) &&
              json_put_digest(object, "sha256", &message->digest) &&
              json_put_type(object, envelope->type) &&
              json_put_text(object, "sender", key_bytes(&envelope->sender)) &&
              json_put_text(object, "recipient", key_bytes(&envelope->recipient)) &&
              json_put_text(object, "dossier_code", envelope->dossier_code) &&
              json_put_text(object, "procedure_code", envelope->procedure_code) &&
              json_put(object, "sequence", json_integer((json_int_t)envelope->sequence)) &&
              json_put_id(object, "in_reply_to", &envelope->in_reply_to);
    if (ok && !id_is_zero(&envelope->in_reply_to))
        ok = json_put_digest(object, "in_reply_to_sha256", &envelope->in_reply_to_digest);
    return ok && put_stamp(object, "source_time", envelope->source_time) &&
           put_stamp(object, "created", envelope->created) &&
           put_stamp(object, "expires", envelope->expires) &&
           json_put_moment(object, "custody_time", message->custody);
}

static bool put_content(json_t *object, const struct envelope *envelope,
                        const struct message_links *links)
{
    json_t *body = envelope->body == NULL ? json_object() : body_json_write(envelope->body);
    return json_put(object, "body", body) &&
           json_put(object, "attachments", attachments_json(envelope, links));
}

json_t *message_json(const struct store_document *document, const struct message_links *links,
                     struct arena *arena)
{
    struct envelope envelope;
    arena_reset(arena);
    if (envelope_parse(document->document, arena, &envelope) != REASON_NONE)
        return NULL;
    json_t *object = json_object();
    if (object != NULL && put_envelope(object, &envelope, &document->message) &&
        put_content(object, &envelope, links))
        return object;
    json_decref(object);
    return NULL;
}

json_t *message_json_for_office(const struct store_document *document,
                                const struct message_links *links, struct arena *arena)
{
    struct envelope envelope;
    arena_reset(arena);
    if (envelope_parse(document->document, arena, &envelope) != REASON_NONE)
        return NULL;
    json_t *object = json_object();
    json_t *head = json_object();
    bool ok = head != NULL && put_envelope(head, &envelope, &document->message);
    ok = json_put(object, "envelope", head) && ok;
    if (ok && put_content(object, &envelope, links))
        return object;
    json_decref(object);
    return NULL;
}
