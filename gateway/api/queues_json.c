/* GET /v1/queues of both daemons: how much waits for whom, and a page of what waits. The two
 * differ in how a standing is explained (put_standing of the source); each may ask for the entries
 * of one dossier.
 *
 * A page goes on after the last entry that was shown, by its place in the store and not by a
 * count: what is delivered meanwhile shifts nothing. */
#include "gateway/api/queues_json.h"

#include <stdlib.h>

#include "gateway/api/json_member.h"

/* States that end an entry are not queues; they are left out by what they are and not by a list
 * here. */
static json_t *count_json(const struct store_count *count)
{
    json_t *json = json_object();
    bool ok = json_put_text(json, "destination", key_bytes(&count->destination)) &&
              json_put_moment(json, "oldest", count->oldest);
    for (int state = ENTRY_QUEUED; ok && state < ENTRY_STATES; state++)
        ok = !entry_state_is_live((enum entry_state)state) ||
             json_put(json, entry_state_name((enum entry_state)state),
                      json_integer((json_int_t)count->count[state]));
    return json_whole(json, ok);
}

static enum reason read_counts(struct store *store, json_t *list)
{
    struct store_count *counts = calloc(PARTICIPANTS_MAX, sizeof *counts);
    size_t count = 0;
    enum reason reason = counts == NULL
                             ? REASON_OUT_OF_MEMORY
                             : store->verbs->counts(store, counts, PARTICIPANTS_MAX, &count);
    for (size_t i = 0; reason == REASON_NONE && i < count; i++) {
        if (json_array_append_new(list, count_json(&counts[i])) != 0)
            reason = REASON_OUT_OF_MEMORY;
    }
    free(counts);
    return reason;
}

static enum reason add_entry(const struct queues_source *source, const struct entry *entry,
                             json_t *list)
{
    struct store_message message;
    enum reason reason =
        source->store->verbs->read_message(source->store, entry->message_seq, &message);
    if (reason != REASON_NONE)
        return reason;
    json_t *json = json_object();
    bool ok = json_put_id(json, "message_id", &message.id) &&
              json_put_text(json, "sender", key_bytes(&message.sender)) &&
              json_put_text(json, "destination", key_bytes(&entry->destination)) &&
              json_put_type(json, message.type) &&
              json_put_text(json, "dossier_code", message.dossier_code) &&
              json_put_entry_state(json, entry->state) &&
              json_put(json, "attempts", json_integer(entry->attempts)) &&
              json_put_due(json, entry) &&
              source->put_standing(source->context, json, entry, message.custody);
    return json_array_append_new(list, json_whole(json, ok)) == 0 ? REASON_NONE
                                                                  : REASON_OUT_OF_MEMORY;
}

static enum reason read_entries(const struct queues_source *source,
                                const struct store_filter *filter, size_t limit, json_t *list,
                                char ret_next[API_CURSOR_BYTES])
{
    struct store *store = source->store;
    struct entry *entries = calloc(limit + 1, sizeof *entries);
    size_t count = 0;
    enum reason reason = entries == NULL
                             ? REASON_OUT_OF_MEMORY
                             : store->verbs->list(store, filter, entries, limit, &count);
    for (size_t i = 0; reason == REASON_NONE && i < count; i++) {
        reason = add_entry(source, &entries[i], list);
        api_cursor_print(entries[i].message_seq, &entries[i].destination, ret_next);
    }
    free(entries);
    return reason;
}

/* False: answered. */
static bool read_filter(struct api_request *request, struct store_filter *ret_filter)
{
    const char *state = api_query(request, "state");
    const char *dossier = api_query(request, "dossier_code");
    *ret_filter = (struct store_filter){.dossier_code = dossier == NULL ? (struct bytes){NULL, 0}
                                                                        : bytes_of_text(dossier)};
    if (!api_query_key(request, "destination", &ret_filter->destination) ||
        !api_query_cursor(request, &ret_filter->after_seq, &ret_filter->after_destination))
        return false;
    if (state == NULL || entry_state_parse(bytes_of_text(state), &ret_filter->state))
        return true;
    api_answer_reason(request, REASON_FIELD_INVALID, "state");
    return false;
}

/* Counts and page are of one moment: nothing is committed between the two. */
void queues_answer(struct api_request *request, const struct queues_source *source)
{
    struct store_filter filter;
    char next[API_CURSOR_BYTES] = "";
    uint64_t limit;
    if (!read_filter(request, &filter) ||
        !api_query_number(request, "limit", API_PAGE_DEFAULT, source->page_max, &limit))
        return;
    json_t *destinations = json_array(), *entries = json_array();
    enum reason reason = read_counts(source->store, destinations);
    if (reason == REASON_NONE)
        reason = read_entries(source, &filter, (size_t)limit, entries, next);
    api_answer_read(request, reason,
                    json_pack("{s:o, s:o, s:s}", "destinations", destinations, "entries", entries,
                              "next", next));
}
