/* What waits at the gateway, for whom, and why it has not left yet. */
#include <stdlib.h>
#include <string.h>

#include "gateway/operators/operators_parts.h"
#include "proto/codec/message_type.h"

enum { PAGE_MAX = 1000 };

/* ---- why
 * -----------------------------------------------------------------------------------------
 */

enum cause {
    CAUSE_HELD,
    CAUSE_AWAITS_RECEIPT,
    CAUSE_NOT_ENROLLED,
    CAUSE_NEVER_CONNECTED,
    CAUSE_NOT_CONNECTED,
    CAUSE_BREAKER_OPEN,
    CAUSE_DUE_LATER,
    CAUSE_BEHIND_EARLIER,
    CAUSE_NEXT,
};

static const struct {
    const char *code;
    const char *vietnamese;
    const char *english;
} causes[] = {
    [CAUSE_HELD] = {"held", "Đang tạm giữ", "Held"},
    [CAUSE_AWAITS_RECEIPT] = {"awaits_receipt", "Đã gửi cho bộ nối, chờ biên nhận của bên nhận",
                              "Sent to the adapter; the recipient's receipt is awaited"},
    [CAUSE_NOT_ENROLLED] = {"not_enrolled", "Bên nhận không có trong participants.csv",
                            "The destination is not in participants.csv"},
    [CAUSE_NEVER_CONNECTED] = {"never_connected",
                               "Bộ nối của bên nhận chưa kết nối từ khi cổng khởi động",
                               "Its adapter has not connected since the gateway started"},
    [CAUSE_NOT_CONNECTED] = {"not_connected", "Bộ nối của bên nhận mất kết nối từ",
                             "Its adapter is not connected since"},
    [CAUSE_BREAKER_OPEN] = {"breaker_open", "Tạm ngừng gửi vì nhiều lần lỗi liên tiếp",
                            "Paused after several failures in a row"},
    [CAUSE_DUE_LATER] = {"due_later", "Sẽ gửi lại sau", "Tried again later"},
    [CAUSE_BEHIND_EARLIER] = {"behind_earlier", "Chờ thông điệp trước của cùng hồ sơ",
                              "Behind an earlier message of the dossier"},
    [CAUSE_NEXT] = {"next", "Sắp gửi", "About to leave"},
};

/* One look at all connections, for all entries of an answer. */
struct view {
    const struct operators_api *api;
    struct broker_peer_status *peers;
    size_t peer_count;
    wall_t now;
};

static const struct broker_peer_status *find_peer(const struct view *view, const struct key *key)
{
    for (size_t i = 0; i < view->peer_count; i++)
        if (key_equal(&view->peers[i].key, key))
            return &view->peers[i];
    return NULL;
}

/* The seq of the first message that waits for this destination in the entry's dossier. */
static uint64_t first_of_dossier(struct store *store, const struct entry *entry,
                                 struct bytes dossier_code)
{
    struct store_filter filter = {.destination = entry->destination, .dossier_code = dossier_code};
    struct entry first;
    size_t count = 0;
    if (entry->order == 0 || dossier_code.size == 0 ||
        store->verbs->list(store, &filter, &first, 1, &count) != REASON_NONE || count == 0)
        return entry->message_seq;
    return first.message_seq;
}

static enum cause cause_of(const struct view *view, const struct entry *entry,
                           struct bytes dossier_code)
{
    const struct broker_peer_status *peer = find_peer(view, &entry->destination);
    if (entry->state == ENTRY_HELD)
        return CAUSE_HELD;
    if (registry_participant(view->api->options.registry, &entry->destination) == NULL)
        return CAUSE_NOT_ENROLLED;
    if (peer == NULL || !peer->is_connected)
        return peer == NULL || peer->last_heard.ms == 0 ? CAUSE_NEVER_CONNECTED
                                                        : CAUSE_NOT_CONNECTED;
    if (entry->state == ENTRY_LEASED)
        return CAUSE_AWAITS_RECEIPT;
    if (first_of_dossier(view->api->options.store, entry, dossier_code) < entry->message_seq)
        return CAUSE_BEHIND_EARLIER;
    if (peer->breaker_is_open)
        return CAUSE_BREAKER_OPEN;
    return entry->due.ms > view->now.ms ? CAUSE_DUE_LATER : CAUSE_NEXT;
}

/* {code, vi, en, at}: at is when the adapter was last heard, or when it is tried again. */
static json_t *cause_json(const struct view *view, const struct entry *entry,
                          struct bytes dossier_code)
{
    enum cause cause = cause_of(view, entry, dossier_code);
    const struct broker_peer_status *peer = find_peer(view, &entry->destination);
    wall_t at = {cause == CAUSE_NOT_CONNECTED ? peer->last_heard.ms
                 : cause == CAUSE_DUE_LATER   ? entry->due.ms
                                              : 0};
    json_t *json = json_object();
    return json_whole(json, json_put(json, "code", json_string(causes[cause].code)) &&
                                json_put(json, "vi", json_string(causes[cause].vietnamese)) &&
                                json_put(json, "en", json_string(causes[cause].english)) &&
                                json_put_moment(json, "at", at));
}

static bool view_init(struct view *view, const struct operators_api *api)
{
    struct broker_status status;
    broker_status(api->options.broker, &status);
    *view = (struct view){.api = api, .now = api->options.now()};
    view->peers = calloc(status.peer_count + 1, sizeof *view->peers);
    if (view->peers == NULL)
        return false;
    view->peer_count = status.peer_count;
    for (size_t i = 0; i < view->peer_count; i++)
        broker_peer_status(api->options.broker, i, &view->peers[i]);
    return true;
}

/* ---- the lists */

static json_t *count_json(const struct store_count *count)
{
    json_t *json = json_object();
    bool ok = json_put_text(json, "destination", key_bytes(&count->destination)) &&
              json_put_moment(json, "oldest", count->oldest);
    for (int state = ENTRY_QUEUED; ok && state <= ENTRY_HELD; state++)
        ok = json_put(json, entry_state_name((enum entry_state)state),
                      json_integer((json_int_t)count->count[state]));
    return json_whole(json, ok);
}

static enum reason read_counts(const struct operators_api *api, json_t *list)
{
    struct store *store = api->options.store;
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

/* The dossier code is the store's own until its next call, and why the entry waits is asked of it.
 */
static enum reason entry_json(const struct view *view, const struct entry *entry, json_t **ret_json)
{
    struct store *store = view->api->options.store;
    struct store_message message;
    uint8_t code[DOSSIER_CODE_BYTES_MAX];
    enum reason reason = store->verbs->read_message(store, entry->message_seq, &message);
    if (reason != REASON_NONE)
        return reason;
    struct bytes dossier_code = {code, message.dossier_code.size};
    if (dossier_code.size > sizeof code)
        return REASON_STORE_CORRUPT;
    if (dossier_code.size > 0)
        memcpy(code, message.dossier_code.data, dossier_code.size);
    json_t *json = json_object();
    bool ok = json_put_id(json, "message_id", &message.id) &&
              json_put_text(json, "sender", key_bytes(&message.sender)) &&
              json_put_text(json, "destination", key_bytes(&entry->destination)) &&
              json_put_type(json, message.type) &&
              json_put_text(json, "dossier_code", dossier_code) &&
              json_put_entry_state(json, entry->state) &&
              json_put(json, "attempts", json_integer(entry->attempts)) &&
              json_put_moment(json, "due", entry->due) &&
              json_put(json, "cause", cause_json(view, entry, dossier_code)) &&
              json_put_reason(json, entry->reason);
    *ret_json = json_whole(json, ok);
    return *ret_json == NULL ? REASON_OUT_OF_MEMORY : REASON_NONE;
}

static enum reason read_entries(const struct view *view, const struct store_filter *filter,
                                size_t limit, json_t *list, char ret_next[API_CURSOR_BYTES])
{
    struct store *store = view->api->options.store;
    struct entry *entries = calloc(limit + 1, sizeof *entries);
    size_t count = 0;
    enum reason reason = entries == NULL
                             ? REASON_OUT_OF_MEMORY
                             : store->verbs->list(store, filter, entries, limit, &count);
    for (size_t i = 0; reason == REASON_NONE && i < count; i++) {
        json_t *item = NULL;
        reason = entry_json(view, &entries[i], &item);
        if (reason == REASON_NONE && json_array_append_new(list, item) != 0)
            reason = REASON_OUT_OF_MEMORY;
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
    if (state == NULL || (entry_state_parse(bytes_of_text(state), &ret_filter->state) &&
                          entry_state_is_live(ret_filter->state)))
        return true;
    api_answer_reason(request, REASON_FIELD_INVALID, "state");
    return false;
}

void operators_queues_get(struct api_request *request)
{
    const struct operators_api *api = api_context(request);
    struct store_filter filter;
    char next[API_CURSOR_BYTES] = "";
    uint64_t limit;
    struct view view;
    if (!read_filter(request, &filter) ||
        !api_query_number(request, "limit", API_PAGE_DEFAULT, PAGE_MAX, &limit))
        return;
    if (!view_init(&view, api)) {
        api_answer_reason(request, REASON_OUT_OF_MEMORY, NULL);
        return;
    }
    json_t *destinations = json_array(), *entries = json_array();
    enum reason reason = read_counts(api, destinations);
    if (reason == REASON_NONE)
        reason = read_entries(&view, &filter, (size_t)limit, entries, next);
    free(view.peers);
    json_t *json = json_pack("{s:o, s:o, s:s}", "destinations", destinations, "entries", entries,
                             "next", next);
    if (reason == REASON_NONE) {
        api_answer_json(request, HTTP_OK, json);
    } else {
        json_decref(json);
        api_answer_reason(request, reason, NULL);
    }
}
