/* A stored message as JSON, in two shapes: flat for whoever asks the API, and split into envelope,
 * body and attachments for a mapping, which must not confuse what the sender wrote with what the
 * gateway added ("registry").
 *
 * The envelope is parsed anew from the kept bytes each time: they are the only truth (invariant
 * 2), and what the store's columns say is derived from them. */
#include "adapters/json/message_json.h"

#include <stdio.h>

#include "adapters/json/body_json.h"
#include "gateway/api/json_member.h"
#include "proto/codec/message_type.h"
#include "routing/registry/registry.h"

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
    bool ok = json_put(object, "sha256", json_string(digest)) &&
              json_put(object, "size_bytes", json_integer((json_int_t)attachment->size_bytes)) &&
              json_put_text(object, "name", attachment->name) &&
              json_put_text(object, "media_type", attachment->media_type) &&
              json_put_text(object, "component_code", attachment->component_code) &&
              json_put(object, "url", json_string(url));
    return json_whole(object, ok);
}

static json_t *attachments_json(const struct envelope *envelope, const struct message_links *links)
{
    json_t *list = json_array();
    bool ok = true;
    for (size_t i = 0; ok && i < envelope->attachment_count; i++)
        ok = json_array_append_new(list, attachment_json(&envelope->attachments[i], links)) == 0;
    return json_whole(list, ok);
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
    return ok && json_put_moment(object, "source_time", envelope->source_time.at) &&
           json_put_moment(object, "created", envelope->created.at) &&
           json_put_moment(object, "expires", envelope->expires.at) &&
           json_put_text(object, "acting_for", envelope->acting_for) &&
           json_put_moment(object, "custody_time", message->custody);
}

static json_t *item_json(const struct receipt_item *item, enum message_json_items items)
{
    json_t *said = json_object();
    bool ok = json_put_id(said, "message_id", &item->message_id) &&
              json_put_text(said, "sender", key_bytes(&item->sender)) &&
              json_put_text(said, "destination", key_bytes(&item->destination)) &&
              json_put(said, "reason", json_string(reason_code(item->reason))) &&
              json_put(said, "at_ms", json_integer((json_int_t)item->at.ms));
    if (ok && items == MESSAGE_JSON_ITEMS)
        ok = json_put_digest(said, "sha256", &item->digest) &&
             json_put_text(said, "text", item->text) &&
             json_put_text(said, "office_reference", item->office_reference) &&
             json_put_text(said, "acting_for", item->acting_for) &&
             json_put_text(said, "recipients", item->recipients);
    return json_whole(said, ok);
}

/* What an office hears of copies that came to nothing; what is said to ourselves is none of its. */
static json_t *receipt_json(const struct receipt *receipt, enum message_json_items items)
{
    json_t *object = json_object();
    json_t *list = json_array();
    bool ok = json_put(object, "items", list);
    for (size_t i = 0; ok && i < receipt->item_count; i++) {
        const struct receipt_item *item = &receipt->items[i];
        if (items == MESSAGE_JSON_ITEMS || !key_is_none(&item->sender))
            ok = json_array_append_new(list, item_json(item, items)) == 0;
    }
    return json_whole(object, ok);
}

static bool put_content(json_t *object, const struct envelope *envelope,
                        enum message_json_items items, const struct message_links *links)
{
    json_t *body = message_type_is_receipt((enum message_type)envelope->type)
                       ? receipt_json(&envelope->receipt, items)
                   : envelope->body == NULL ? json_object()
                                            : body_json_write(envelope->body);
    return json_put(object, "body", body) &&
           json_put(object, "attachments", attachments_json(envelope, links));
}

json_t *message_json(const struct store_document *document, const struct message_links *links,
                     enum message_json_items items, struct arena *arena)
{
    struct envelope envelope;
    arena_reset(arena);
    if (envelope_parse(document->document, arena, &envelope) != REASON_NONE)
        return NULL;
    json_t *object = json_object();
    return json_whole(object, put_envelope(object, &envelope, &document->message) &&
                                  put_content(object, &envelope, items, links));
}

json_t *message_json_of_row(const struct store_message *message)
{
    json_t *object = json_object();
    bool ok = json_put_id(object, "message_id", &message->id) &&
              json_put_digest(object, "sha256", &message->digest) &&
              json_put_type(object, message->type) &&
              json_put_text(object, "sender", key_bytes(&message->sender)) &&
              json_put_text(object, "recipient", key_bytes(&message->recipient)) &&
              json_put_text(object, "dossier_code", message->dossier_code) &&
              json_put_text(object, "procedure_code", message->procedure_code) &&
              json_put(object, "sequence", json_integer((json_int_t)message->sequence)) &&
              json_put_id(object, "in_reply_to", &message->in_reply_to) &&
              json_put_moment(object, "custody_time", message->custody);
    return json_whole(object, ok);
}

/* The agency that the dossier is with: the sender, if it is one; otherwise who was named, or who is
 * competent for the procedure. */
static const struct agency *agency_of(const struct registry *registry, const json_t *envelope,
                                      const struct procedure *procedure)
{
    static const char *const names[] = {"sender", "recipient"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *text = json_string_value(json_object_get(envelope, names[i]));
        struct key key;
        if (text == NULL || !key_parse(bytes_of_text(text), &key))
            continue;
        const struct agency *agency = registry_agency(registry, &key);
        if (agency != NULL && agency->role == ROLE_AGENCY)
            return agency;
    }
    return procedure == NULL ? NULL : procedure->agency;
}

bool message_json_describe(json_t *message, const struct registry *registry)
{
    if (registry == NULL)
        return true;
    const json_t *envelope = json_object_get(message, "envelope");
    const char *code = json_string_value(json_object_get(envelope, "procedure_code"));
    const struct procedure *procedure =
        code == NULL ? NULL : registry_procedure(registry, bytes_of_text(code));
    const struct agency *agency = agency_of(registry, envelope, procedure);
    json_t *known = json_object();
    bool described = json_put(message, "registry", known);
    if (described && procedure != NULL)
        described = json_put(known, "procedure",
                             json_pack("{s:s, s:s, s:s}", "code", procedure->code, "name",
                                       procedure->name_vi, "field_code", procedure->field_code));
    if (described && agency != NULL)
        described = json_put(known, "agency",
                             json_pack("{s:s, s:s, s:s}", "key", agency->key.text, "code",
                                       agency->official_code, "name", agency->name_vi));
    return described;
}

json_t *message_json_for_office(const struct store_document *document,
                                const struct message_links *links, const struct registry *registry,
                                struct arena *arena)
{
    struct envelope envelope;
    arena_reset(arena);
    if (envelope_parse(document->document, arena, &envelope) != REASON_NONE)
        return NULL;
    json_t *object = json_object();
    json_t *head = json_object();
    bool ok = put_envelope(head, &envelope, &document->message);
    ok = json_put(object, "envelope", head) && ok;
    return json_whole(object, ok && put_content(object, &envelope, MESSAGE_JSON_COPIES, links) &&
                                  message_json_describe(object, registry));
}
