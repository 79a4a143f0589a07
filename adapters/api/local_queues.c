/* What is on its way: per destination, and entry by entry. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/api/local_api_parts.h"

static json_t *destination_json(const struct store_count *count)
{
    json_t *json = json_object();
    bool ok = json_put_text(json, "destination", key_bytes(&count->destination));
    for (int state = ENTRY_QUEUED; ok && state < ENTRY_STATES; state++)
        ok = !entry_state_is_live((enum entry_state)state) ||
             json_put(json, entry_state_name((enum entry_state)state),
                      json_integer((json_int_t)count->count[state]));
    if (ok && json_put_moment(json, "oldest", count->oldest))
        return json;
    json_decref(json);
    return NULL;
}

static enum reason read_destinations(struct local_api *api, json_t *list)
{
    struct store *store = api->options.store;
    struct store_count *counts = calloc(PARTICIPANTS_MAX, sizeof *counts);
    size_t count = 0;
    enum reason reason = counts == NULL
                             ? REASON_OUT_OF_MEMORY
                             : store->verbs->counts(store, counts, PARTICIPANTS_MAX, &count);
    for (size_t i = 0; reason == REASON_NONE && i < count; i++) {
        if (json_array_append_new(list, destination_json(&counts[i])) != 0)
            reason = REASON_OUT_OF_MEMORY;
    }
    free(counts);
    return reason;
}

static json_t *entry_json(struct local_api *api, const struct store_message *message,
                          const struct entry *entry)
{
    json_t *json = json_object();
    if (json_put_id(json, "message_id", &message->id) &&
        json_put_text(json, "sender", key_bytes(&message->sender)) &&
        json_put_text(json, "destination", key_bytes(&entry->destination)) &&
        json_put_type(json, message->type) &&
        json_put_text(json, "dossier_code", message->dossier_code) &&
        json_put(json, "state", json_string(entry_state_name(entry->state))) &&
        json_put(json, "state_vi", json_string(entry_state_vietnamese(entry->state))) &&
        json_put(json, "attempts", json_integer(entry->attempts)) &&
        json_put_moment(json, "due", entry->due) &&
        local_put_standing(api, json, entry, message->custody))
        return json;
    json_decref(json);
    return NULL;
}

static enum reason read_entries(struct local_api *api, const struct store_filter *filter,
                                size_t limit, json_t *list, char ret_next[API_CURSOR_BYTES])
{
    struct store *store = api->options.store;
    struct entry entries[API_PAGE_MAX];
    size_t count = 0;
    enum reason reason = store->verbs->list(store, filter, entries, limit, &count);
    for (size_t i = 0; reason == REASON_NONE && i < count; i++) {
        struct store_message message;
        reason = store->verbs->read_message(store, entries[i].message_seq, &message);
        if (reason == REASON_NONE &&
            json_array_append_new(list, entry_json(api, &message, &entries[i])) != 0)
            reason = REASON_OUT_OF_MEMORY;
        api_cursor_print(entries[i].message_seq, &entries[i].destination, ret_next);
    }
    return reason;
}

static bool read_state(struct api_request *request, struct store_filter *filter)
{
    const char *text = api_query(request, "state");
    if (text == NULL || (entry_state_parse(bytes_of_text(text), &filter->state) &&
                         entry_state_is_live(filter->state)))
        return true;
    api_answer_reason(request, REASON_FIELD_INVALID, "state");
    return false;
}

void queues_get(struct api_request *request)
{
    struct local_api *api = api_context(request);
    struct store_filter filter = {0};
    char next[API_CURSOR_BYTES] = "";
    uint64_t limit;
    if (!api_query_key(request, "destination", &filter.destination) ||
        !read_state(request, &filter) ||
        !api_query_cursor(request, &filter.after_seq, &filter.after_destination) ||
        !api_query_number(request, "limit", API_PAGE_DEFAULT, API_PAGE_MAX, &limit))
        return;
    json_t *destinations = json_array();
    json_t *entries = json_array();
    enum reason reason = read_destinations(api, destinations);
    if (reason == REASON_NONE)
        reason = read_entries(api, &filter, limit, entries, next);
    if (reason == REASON_NONE) {
        api_answer_json(request, HTTP_OK,
                        json_pack("{s:o,s:o,s:s}", "destinations", destinations, "entries", entries,
                                  "next", next));
        return;
    }
    json_decref(destinations);
    json_decref(entries);
    api_answer_reason(request, reason, NULL);
}
