/* What only reads: the inbox, one message with its states and receipts, its raw bytes. Nothing is
 * marked as read: a message leaves the inbox when it is accepted or refused and not before, so that
 * a program which ends in the middle sees it again (invariant 9). */
#include "adapters/api/local_api_parts.h"
#include "gateway/api/queues_json.h"
#include "proto/codec/message_type.h"

static bool put_entry(struct local_api *api, json_t *object, const struct entry *entry,
                      wall_t taken)
{
    return json_put_entry_state(object, entry->state) &&
           json_put(object, "attempts", json_integer(entry->attempts)) &&
           json_put_due(object, entry) && local_put_standing(api, object, entry, taken);
}

enum reason local_why_unread(struct local_api *api, const struct store_document *document)
{
    struct envelope envelope;
    arena_reset(&api->arena);
    enum reason reason = envelope_parse(document->document, &api->arena, &envelope);
    return reason == REASON_NONE || reason == REASON_OUT_OF_MEMORY ? REASON_OUT_OF_MEMORY
                                                                   : REASON_STORE_CORRUPT;
}

/* ---- inbox */

/* One message that waits for the office. *ret_bytes grows by its document. */
static enum reason inbox_item(struct local_api *api, const struct entry *entry, size_t *ret_bytes,
                              json_t **ret_item)
{
    struct store *store = api->options.store;
    struct store_document document;
    enum reason reason = store->verbs->read_document(store, entry->message_seq, &document);
    if (reason != REASON_NONE)
        return reason;
    *ret_bytes += document.document.size;
    wall_t taken = document.message.custody;
    json_t *item = message_json(&document, &api->own_links, MESSAGE_JSON_COPIES, &api->arena);
    if (!json_put(item, "cursor", json_integer((json_int_t)entry->message_seq)) ||
        !put_entry(api, item, entry, taken)) {
        json_decref(item);
        return local_why_unread(api, &document);
    }
    *ret_item = item;
    return REASON_NONE;
}

/* A page has two bounds, of messages and of bytes, because one dossier may be as large as a hundred
 * others; at least one message is always in it, so that a large one does not stop the inbox. */
void inbox_get(struct api_request *request)
{
    struct local_api *api = api_context(request);
    struct store *store = api->options.store;
    struct entry entries[API_PAGE_MAX];
    struct store_filter filter = {.destination = key_of(SESSION_OFFICE)};
    uint64_t limit;
    size_t count = 0;
    size_t bytes = 0;
    if (!api_query_number(request, "after", 0, INT64_MAX, &filter.after_seq) ||
        !api_query_number(request, "limit", API_PAGE_DEFAULT, API_PAGE_MAX, &limit))
        return;
    filter.after_destination = filter.after_seq > 0 ? filter.destination : (struct key){{0}};
    json_t *list = json_array();
    uint64_t next = filter.after_seq;
    enum reason reason = store->verbs->list(store, &filter, entries, limit, &count);
    for (size_t i = 0; reason == REASON_NONE && i < count && bytes < API_PAGE_BYTES; i++) {
        json_t *item = NULL;
        reason = inbox_item(api, &entries[i], &bytes, &item);
        if (reason == REASON_NONE && json_array_append_new(list, item) != 0)
            reason = REASON_OUT_OF_MEMORY;
        next = entries[i].message_seq;
    }
    api_answer_read(request, reason,
                    json_pack("{s:o,s:I}", "messages", list, "next", (json_int_t)next));
}

/* ---- queues */

static bool put_standing(void *context, json_t *object, const struct entry *entry, wall_t taken)
{
    return local_put_standing(context, object, entry, taken);
}

void queues_get(struct api_request *request)
{
    struct local_api *api = api_context(request);
    queues_answer(request, &(struct queues_source){.store = api->options.store,
                                                   .page_max = API_PAGE_MAX,
                                                   .put_standing = put_standing,
                                                   .context = api});
}

/* ---- one message */

static json_t *entry_json(struct local_api *api, const struct entry *entry, wall_t taken)
{
    json_t *json = json_object();
    return json_whole(json, json_put_text(json, "destination", key_bytes(&entry->destination)) &&
                                put_entry(api, json, entry, taken));
}

static json_t *entries_json(struct local_api *api, const struct entry *entries, size_t count,
                            wall_t taken)
{
    json_t *list = json_array();
    bool ok = true;
    for (size_t i = 0; ok && i < count; i++)
        ok = json_array_append_new(list, entry_json(api, &entries[i], taken)) == 0;
    return json_whole(list, ok);
}

static json_t *outcome_json(const struct local_api *api, const struct store_message *message,
                            const struct key *about, const struct outcome *outcome)
{
    json_t *json = json_object();
    return json_whole(json, json_put_type(json, outcome->receipt_type) &&
                                json_put_text(json, "destination", key_bytes(about)) &&
                                json_put_moment(json, "time", outcome->at) &&
                                local_put_receipt(api, json, &message->id, about, outcome));
}

static json_t *outcomes_json(struct local_api *api, const struct store_message *message)
{
    struct outcome outcome;
    struct key about;
    struct local_outcomes outcomes = {0};
    json_t *list = json_array();
    bool ok = true;
    while (ok && local_next_outcome(api, message, &outcomes, &about, &outcome))
        ok = json_array_append_new(list, outcome_json(api, message, &about, &outcome)) == 0;
    return json_whole(list, ok);
}

/* Its certificate had ended, or was revoked, when it came: its seal was judged as of when the
 * gateway had it. */
static bool put_judged(const struct local_api *api, json_t *json, const struct digest *digest)
{
    struct session_proof proof;
    if (session_proof(api->options.session, digest, &proof) != REASON_NONE ||
        proof.verdict == REASON_NONE)
        return true;
    json_t *judged = json_object();
    bool ok = json_put_moment(judged, "time", proof.at) && json_put_reason(judged, proof.verdict);
    return json_put(json, "judged_at_custody", judged) && ok;
}

/* Where it goes and where it is; a receipt that came in is owed to nobody and has no state. The
 * codes are cleared because they were the store's until local_recipient asked it something else. */
bool local_put_places(struct local_api *api, json_t *json, struct store_message *message)
{
    struct store *store = api->options.store;
    struct entry entries[LOCAL_ENTRIES_MAX];
    size_t count = 0;
    bool is_expected;
    struct key recipient = local_recipient(api, message, &is_expected);
    message->dossier_code = message->procedure_code = (struct bytes){NULL, 0};
    if (store->verbs->entries_of(store, message->seq, entries, LOCAL_ENTRIES_MAX, &count) !=
        REASON_NONE)
        count = 0;
    const struct entry *place = &entries[0]; /* of several, the one at its recipient */
    for (size_t i = 0; i < count; i++)
        place = key_equal(&entries[i].destination, &recipient) ? &entries[i] : place;
    return json_put_text(json, "to", key_bytes(&recipient)) &&
           json_put(json, "to_is_expected", json_boolean(is_expected)) &&
           (count == 0 || local_put_state(api, json, message, &recipient, place)) &&
           json_put(json, "entries", entries_json(api, entries, count, message->custody)) &&
           json_put(json, "receipts", outcomes_json(api, message)) &&
           put_judged(api, json, &message->digest) && local_put_again(api, json, message);
}

/* The document of the message that the path names. False: answered. */
static bool read_document(struct api_request *request, struct store_document *ret_document)
{
    const struct local_api *api = api_context(request);
    struct store *store = api->options.store;
    struct store_message message;
    if (!local_find_message(request, &message))
        return false;
    enum reason reason = store->verbs->read_document(store, message.seq, ret_document);
    if (reason != REASON_NONE)
        api_answer_reason(request, reason, NULL);
    return reason == REASON_NONE;
}

void message_get(struct api_request *request)
{
    struct local_api *api = api_context(request);
    struct store_document document;
    if (!read_document(request, &document))
        return;
    struct store_message message = document.message;
    json_t *json = message_json(&document, &api->own_links, MESSAGE_JSON_ITEMS, &api->arena);
    api_answer_json(request, HTTP_OK, json_whole(json, local_put_places(api, json, &message)));
}

/* The bytes as they were signed, so that openssl can verify the three of them without this program.
 */
void part_get(struct api_request *request)
{
    struct store_document document;
    if (read_document(request, &document))
        api_answer_bytes(request, "application/octet-stream",
                         *(const struct bytes *)((const uint8_t *)&document + api_which(request)));
}
