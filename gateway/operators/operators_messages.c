/* Messages and dossiers at the gateway, and an operator's hand on what waits. Content is never
 * shown: an operator sees who sends what kind of message to whom, when and why it waits (invariant
 * 11). The rules of what may be done: gateway/core/broker_operate.c. */
#include "gateway/api/queues_json.h"
#include "gateway/operators/operators_parts.h"

enum { HISTORY_PAGE = STORE_PAGE_MAX, DESTINATIONS_OF_ONE_MAX = 8, QUEUES_PAGE_MAX = 1000 };

/* ---- found by what a request names it with */

/* By id alone, whoever sent it: an operator has the id from a list or a receipt. Ids are unique by
 * how they are made; should two senders have used the same one, the sender must be named. */
static enum reason find_anybodys(const struct operators_api *api, const struct message_id *id,
                                 struct store_message *ret_message)
{
    struct store *store = api->options.store;
    size_t count = registry_agency_count(api->options.registry);
    const struct key *found = NULL;
    for (size_t i = 0; i < count; i++) {
        const struct key *sender = &registry_agency_at(api->options.registry, i)->key;
        enum reason reason = store->verbs->find_message(store, sender, id, ret_message);
        if (reason == REASON_NOT_FOUND)
            continue;
        if (reason != REASON_NONE || found != NULL)
            return reason != REASON_NONE ? reason : REASON_ID_REUSED;
        found = sender;
    }
    /* Once more: its texts are the store's, until it is asked something else. */
    return found == NULL ? REASON_NOT_FOUND
                         : store->verbs->find_message(store, found, id, ret_message);
}

/* False: answered. */
static bool find_message(struct api_request *request, struct store_message *ret_message)
{
    const struct operators_api *api = api_context(request);
    struct store *store = api->options.store;
    struct message_id id;
    struct key sender = {{0}};
    if (!api_message_named(request, &id, &sender))
        return false;
    enum reason reason = key_is_none(&sender)
                             ? find_anybodys(api, &id, ret_message)
                             : store->verbs->find_message(store, &sender, &id, ret_message);
    if (reason != REASON_NONE)
        api_answer_reason(request, reason, reason == REASON_ID_REUSED ? "sender" : "message_id");
    return reason == REASON_NONE;
}

/* The entry that is meant: at the destination named, otherwise the recipient's, never a
 * copy's; where the recipient has none, or it went over to another, the only one that has not
 * ended. */
static enum reason find_entry(const struct operators_api *api, const struct key *destination,
                              const struct store_message *message, struct entry *ret_entry)
{
    struct entry entries[DESTINATIONS_OF_ONE_MAX];
    struct store *store = api->options.store;
    size_t count = 0;
    size_t live = 0;
    if (!key_is_none(destination))
        return store->verbs->read_entry(store, message->seq, destination, ret_entry);
    enum reason reason =
        store->verbs->entries_of(store, message->seq, entries, DESTINATIONS_OF_ONE_MAX, &count);
    if (reason != REASON_NONE || count == 0)
        return reason != REASON_NONE ? reason : REASON_NOT_FOUND;
    *ret_entry = entries[0];
    for (size_t i = 0; i < count; i++) {
        bool is_recipient = key_equal(&entries[i].destination, &message->recipient);
        if (!is_recipient && !entry_state_is_live(entries[i].state))
            continue;
        bool is_moved = is_recipient && entries[i].reason == REASON_REDIRECTED;
        if (is_recipient && !is_moved) {
            *ret_entry = entries[i];
            return REASON_NONE;
        }
        if (!is_moved || live == 0)
            *ret_entry = entries[i];
        live += !is_moved;
    }
    return live > 1 ? REASON_ROUTE_MISSING : REASON_NONE;
}

/* ---- one message, one dossier */

static json_t *place_json(const struct operators_api *api, const struct entry *entry, wall_t taken)
{
    json_t *json = json_object();
    return json_whole(json, json_put_text(json, "destination", key_bytes(&entry->destination)) &&
                                json_put_entry_state(json, entry->state) &&
                                operators_put_standing(api, json, entry, taken) &&
                                json_put(json, "attempts", json_integer(entry->attempts)));
}

/* Every destination has a state of its own: the recipient may have it while the portal's copy
 * waits. */
static json_t *places_json(const struct operators_api *api, uint64_t seq, wall_t taken)
{
    struct store *store = api->options.store;
    struct entry entries[DESTINATIONS_OF_ONE_MAX];
    size_t count = 0;
    json_t *list = json_array();
    bool ok = store->verbs->entries_of(store, seq, entries, DESTINATIONS_OF_ONE_MAX, &count) ==
              REASON_NONE;
    for (size_t i = 0; ok && i < count; i++)
        ok = json_array_append_new(list, place_json(api, &entries[i], taken)) == 0;
    return json_whole(list, ok);
}

static json_t *event_json(const struct operators_api *api, const struct store_message *message)
{
    json_t *json = json_object();
    return json_whole(
        json, json_put_moment(json, "time", message->custody) &&
                  json_put_type(json, message->type) &&
                  json_put_text(json, "from", key_bytes(&message->sender)) &&
                  json_put_text(json, "to", key_bytes(&message->recipient)) &&
                  json_put_id(json, "message_id", &message->id) &&
                  json_put_digest(json, "sha256", &message->digest) &&
                  json_put_text(json, "dossier_code", message->dossier_code) &&
                  json_put(json, "destinations", places_json(api, message->seq, message->custody)));
}

void operators_message_get(struct api_request *request)
{
    struct store_message message;
    if (find_message(request, &message))
        api_answer_json(request, HTTP_OK, event_json(api_context(request), &message));
}

static enum reason read_events(const struct operators_api *api, const uint64_t *seqs, size_t count,
                               json_t *list)
{
    struct store *store = api->options.store;
    enum reason reason = REASON_NONE;
    for (size_t i = 0; reason == REASON_NONE && i < count; i++) {
        struct store_message message;
        reason = store->verbs->read_message(store, seqs[i], &message);
        if (reason == REASON_NONE && json_array_append_new(list, event_json(api, &message)) != 0)
            reason = REASON_OUT_OF_MEMORY;
    }
    return reason;
}

/* From the oldest on, by pages: an operator reads a dossier as it came about. */
void operators_dossier_get(struct api_request *request)
{
    const struct operators_api *api = api_context(request);
    struct store *store = api->options.store;
    uint64_t seqs[HISTORY_PAGE];
    uint64_t after;
    size_t count = 0;
    if (!api_query_number(request, "after", 0, INT64_MAX, &after))
        return;
    json_t *events = json_array();
    enum reason reason = store->verbs->history(store, bytes_of_text(api_argument(request)), after,
                                               false, seqs, HISTORY_PAGE, &count);
    if (reason == REASON_NONE)
        reason = read_events(api, seqs, count, events);
    json_t *json = json_pack("{s:s, s:o, s:I}", "dossier_code", api_argument(request), "events",
                             events, "next", (json_int_t)(count > 0 ? seqs[count - 1] : after));
    api_answer_read(request, reason, json);
}

/* ---- what waits, for whom, and why it has not left yet */

static bool put_standing(void *context, json_t *object, const struct entry *entry, wall_t taken)
{
    return operators_put_standing(context, object, entry, taken);
}

/* Pages and filters are the library's (gateway/api/queues_json.c); why an entry waits is asked of
 * the broker, which alone knows connections and windows. */
void operators_queues_get(struct api_request *request)
{
    const struct operators_api *api = api_context(request);
    queues_answer(request, &(struct queues_source){.store = api->options.store,
                                                   .page_max = QUEUES_PAGE_MAX,
                                                   .put_standing = put_standing,
                                                   .context = api_context(request)});
}

/* ---- changes */

/* The broker decides whether it may be done now; the state that it was in is answered in both
 * cases, because the operator chose by what he saw a moment ago. */
void operators_operate(struct api_request *request)
{
    const struct operators_api *api = api_context(request);
    struct store_message message;
    struct key destination = {{0}};
    struct entry entry;
    if (!api_query_key(request, "destination", &destination) || !find_message(request, &message))
        return;
    enum reason reason = find_entry(api, &destination, &message, &entry);
    if (reason != REASON_NONE) {
        api_answer_reason(request, reason, "destination");
        return;
    }
    reason = broker_operate(api->options.broker, message.seq, &entry.destination,
                            (enum broker_operation)api_which(request));
    if (reason == REASON_NONE) {
        json_t *json = json_object();
        api_answer_json(
            request, HTTP_OK,
            json_whole(json,
                       json_put_id(json, "message_id", &message.id) &&
                           json_put_text(json, "destination", key_bytes(&entry.destination)) &&
                           json_put(json, "was", json_string(entry_state_name(entry.state)))));
    } else {
        api_answer_reason(request, reason, entry_state_name(entry.state));
    }
}
