/* What waits at the gateway, for whom, and why it has not left yet. */
#include <stdlib.h>
#include <string.h>

#include "gateway/shell/control_parts.h"
#include "proto/codec/message_type.h"

enum { LIST_MAX = 1000, DESTINATIONS_MAX = 4096 };

/* ---- why ------------------------------------------------------------------------------------- */

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
    struct gateway *gateway;
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
    if (registry_participant(view->gateway->registry, &entry->destination) == NULL)
        return CAUSE_NOT_ENROLLED;
    if (peer == NULL || !peer->is_connected)
        return peer == NULL || peer->last_heard.ms == 0 ? CAUSE_NEVER_CONNECTED
                                                        : CAUSE_NOT_CONNECTED;
    if (entry->state == ENTRY_LEASED)
        return CAUSE_AWAITS_RECEIPT;
    if (first_of_dossier(view->gateway->store, entry, dossier_code) < entry->message_seq)
        return CAUSE_BEHIND_EARLIER;
    if (peer->breaker_is_open)
        return CAUSE_BREAKER_OPEN;
    return entry->due.ms > view->now.ms ? CAUSE_DUE_LATER : CAUSE_NEXT;
}

/* {code, vi, en, since}: since is when the adapter was last heard, or when it is tried again. */
static json_t *cause_json(const struct view *view, const struct entry *entry,
                          struct bytes dossier_code)
{
    enum cause cause = cause_of(view, entry, dossier_code);
    const struct broker_peer_status *peer = find_peer(view, &entry->destination);
    wall_t at = {cause == CAUSE_NOT_CONNECTED ? peer->last_heard.ms
                 : cause == CAUSE_DUE_LATER   ? entry->due.ms
                                              : 0};
    return json_pack("{s:s, s:s, s:s, s:o}", "code", causes[cause].code, "vi",
                     causes[cause].vietnamese, "en", causes[cause].english, "at", control_time(at));
}

/* ---- the lists ------------------------------------------------------------------------------- */

static json_t *count_json(const struct store_count *count)
{
    return json_pack("{s:s, s:I, s:I, s:I, s:I, s:o}", "destination", count->destination.text,
                     "queued", (json_int_t)count->count[ENTRY_QUEUED], "leased",
                     (json_int_t)count->count[ENTRY_LEASED], "deferred",
                     (json_int_t)count->count[ENTRY_DEFERRED], "held",
                     (json_int_t)count->count[ENTRY_HELD], "oldest", control_time(count->oldest));
}

static bool put_reason(json_t *object, enum reason reason)
{
    return reason == REASON_NONE ||
           (json_object_set_new(object, "reason", json_string(reason_code(reason))) == 0 &&
            json_object_set_new(object, "reason_vi", json_string(reason_vietnamese(reason))) == 0 &&
            json_object_set_new(object, "reason_en", json_string(reason_english(reason))) == 0 &&
            json_object_set_new(object, "hint", json_string(reason_hint(reason))) == 0 &&
            json_object_set_new(object, "hint_vi", json_string(reason_hint_vietnamese(reason))) ==
                0);
}

static json_t *entry_json(const struct view *view, const struct entry *entry)
{
    struct store *store = view->gateway->store;
    struct store_message message;
    uint8_t code[DOSSIER_CODE_BYTES_MAX];
    char id[MESSAGE_ID_TEXT_BYTES];
    if (store->verbs->read_message(store, entry->message_seq, &message) != REASON_NONE ||
        message.dossier_code.size > sizeof code)
        return NULL;
    /* The store's own until its next call, and why the entry waits is asked of it. */
    if (message.dossier_code.size > 0)
        memcpy(code, message.dossier_code.data, message.dossier_code.size);
    struct bytes dossier_code = {code, message.dossier_code.size};
    enum message_type type = (enum message_type)message.type;
    id_format(&message.id, id);
    json_t *object =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s%, s:s, s:s, s:i, s:o, s:I, s:o}", "message_id", id,
                  "sender", message.sender.text, "destination", entry->destination.text, "type",
                  message_type_name(type), "type_vi", message_type_label(type, LANGUAGE_VIETNAMESE),
                  "dossier_code", (const char *)code, dossier_code.size, "state",
                  entry_state_name(entry->state), "state_vi", entry_state_vietnamese(entry->state),
                  "attempts", (int)entry->attempts, "due", control_time(entry->due), "seq",
                  (json_int_t)entry->message_seq, "cause", cause_json(view, entry, dossier_code));
    if (object != NULL && put_reason(object, entry->reason))
        return object;
    json_decref(object);
    return NULL;
}

static json_t *counts_json(struct store *store)
{
    struct store_count *counts = calloc(DESTINATIONS_MAX, sizeof *counts);
    size_t count = 0;
    json_t *list = json_array();
    if (counts != NULL)
        (void)store->verbs->counts(store, counts, DESTINATIONS_MAX, &count);
    for (size_t i = 0; i < count; i++)
        (void)json_array_append_new(list, count_json(&counts[i]));
    free(counts);
    return list;
}

/* NULL: good. Otherwise the name of the member that is not. */
static const char *read_filter(const json_t *request, struct store_filter *ret_filter)
{
    const char *destination = control_text(request, "destination");
    const char *state = control_text(request, "state");
    *ret_filter = (struct store_filter){
        .dossier_code = bytes_of_text(control_text(request, "dossier_code")),
        .after_seq = (uint64_t)json_integer_value(json_object_get(request, "after")),
    };
    if (destination[0] != 0 && !key_parse(bytes_of_text(destination), &ret_filter->destination))
        return "destination";
    if (state[0] != 0 && (!entry_state_parse(bytes_of_text(state), &ret_filter->state) ||
                          !entry_state_is_live(ret_filter->state)))
        return "state";
    return NULL;
}

static bool view_init(struct view *view, struct gateway *gateway)
{
    struct broker_status status;
    broker_status(gateway->broker, &status);
    *view = (struct view){.gateway = gateway, .now = gateway_wall()};
    view->peers = calloc(status.peer_count + 1, sizeof *view->peers);
    if (view->peers == NULL)
        return false;
    view->peer_count = status.peer_count;
    for (size_t i = 0; i < view->peer_count; i++)
        broker_peer_status(gateway->broker, i, &view->peers[i]);
    return true;
}

json_t *control_queues(struct gateway *gateway, const json_t *request)
{
    static struct entry entries[LIST_MAX];
    struct store *store = gateway->store;
    struct store_filter filter;
    struct view view;
    size_t count = 0;
    const char *wrong = read_filter(request, &filter);
    if (wrong != NULL)
        return control_refusal(REASON_FIELD_INVALID, wrong);
    json_int_t limit = json_integer_value(json_object_get(request, "limit"));
    size_t wanted = limit > 0 && limit < LIST_MAX ? (size_t)limit : LIST_MAX;
    enum reason reason = store->verbs->list(store, &filter, entries, wanted, &count);
    if (reason == REASON_NONE && !view_init(&view, gateway))
        reason = REASON_OUT_OF_MEMORY;
    if (reason != REASON_NONE)
        return control_error(reason);
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        (void)json_array_append_new(list, entry_json(&view, &entries[i]));
    free(view.peers);
    return json_pack("{s:b, s:o, s:o}", "ok", 1, "destinations", counts_json(store), "entries",
                     list);
}
