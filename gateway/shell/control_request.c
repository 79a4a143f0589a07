#include "gateway/shell/control_request.h"

#include <string.h>

#include "gateway/shell/gateway.h"
#include "proto/codec/message_type.h"

enum { LIST_MAX = 1000, DESTINATIONS_MAX = 4096 };

json_t *control_error(enum reason reason)
{
    return json_pack("{s:b, s:{s:s, s:s, s:s, s:s}}", "ok", 0, "error", "code", reason_code(reason),
                     "message_vi", reason_vietnamese(reason), "message_en", reason_english(reason),
                     "hint", reason_hint(reason));
}

static const char *text_of(const json_t *request, const char *name)
{
    const char *text = json_string_value(json_object_get(request, name));
    return text == NULL ? "" : text;
}

static json_t *time_json(wall_t at)
{
    char text[TIME_TEXT_BYTES];
    if (at.ms == 0)
        return json_null();
    stamp_format((struct stamp){at, VIETNAM_OFFSET_MINUTES}, text);
    return json_string(text);
}

/* ---- status
 * ---------------------------------------------------------------------------------------- */

static json_t *peer_json(const struct broker *broker, size_t index)
{
    struct broker_peer_status peer;
    broker_peer_status(broker, index, &peer);
    return json_pack("{s:s, s:b, s:o, s:I, s:i, s:b}", "participant", peer.key.text, "connected",
                     peer.is_connected, "last_heard", time_json(peer.last_heard), "backlog",
                     (json_int_t)peer.backlog, "under_way", (int)peer.under_way, "breaker_open",
                     peer.breaker_is_open);
}

static json_t *status_json(struct gateway *gateway)
{
    struct broker_status status;
    char root[DIGEST_TEXT_BYTES];
    broker_status(gateway->broker, &status);
    digest_format(&status.ledger_root, root);
    json_t *peers = json_array();
    for (size_t i = 0; i < status.peer_count; i++)
        (void)json_array_append_new(peers, peer_json(gateway->broker, i));
    return json_pack("{s:b, s:s, s:{s:I, s:s}, s:s, s:I, s:o}", "ok", 1, "store",
                     reason_code(status.store), "ledger", "size", (json_int_t)status.ledger_size,
                     "root", root, "registry_version", registry_version(gateway->registry),
                     "refused_handshakes", (json_int_t)gateway->refused_handshakes, "peers", peers);
}

/* ---- queues
 * ------------------------------------------------------------------------------------------ */

static json_t *count_json(const struct store_count *count)
{
    return json_pack("{s:s, s:I, s:I, s:I, s:I, s:o}", "destination", count->destination.text,
                     "queued", (json_int_t)count->count[ENTRY_QUEUED], "leased",
                     (json_int_t)count->count[ENTRY_LEASED], "deferred",
                     (json_int_t)count->count[ENTRY_DEFERRED], "held",
                     (json_int_t)count->count[ENTRY_HELD], "oldest", time_json(count->oldest));
}

static json_t *entry_json(struct store *store, const struct entry *entry)
{
    struct store_message message;
    char id[MESSAGE_ID_TEXT_BYTES];
    if (store->verbs->read_message(store, entry->message_seq, &message) != REASON_NONE)
        return NULL;
    id_format(&message.id, id);
    return json_pack(
        "{s:s, s:s, s:s, s:s, s:s%, s:s, s:i, s:o, s:s, s:s, s:s, s:s, s:I}", "message_id", id,
        "sender", message.sender.text, "destination", entry->destination.text, "type",
        message_type_name((enum message_type)message.type), "dossier_code",
        message.dossier_code.size > 0 ? (const char *)message.dossier_code.data : "",
        message.dossier_code.size, "state", entry_state_name(entry->state), "attempts",
        (int)entry->attempts, "due", time_json(entry->due), "reason", reason_code(entry->reason),
        "reason_vi", reason_vietnamese(entry->reason), "reason_en", reason_english(entry->reason),
        "hint", reason_hint(entry->reason), "seq", (json_int_t)entry->message_seq);
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

static bool read_filter(const json_t *request, struct store_filter *ret_filter)
{
    const char *destination = text_of(request, "destination");
    const char *state = text_of(request, "state");
    *ret_filter = (struct store_filter){
        .dossier_code = bytes_of_text(text_of(request, "dossier_code")),
        .after_seq = (uint64_t)json_integer_value(json_object_get(request, "after")),
    };
    if (destination[0] != 0 && !key_parse(bytes_of_text(destination), &ret_filter->destination))
        return false;
    return state[0] == 0 || entry_state_parse(bytes_of_text(state), &ret_filter->state);
}

static json_t *queues_json(struct gateway *gateway, const json_t *request)
{
    static struct entry entries[LIST_MAX];
    struct store *store = gateway->store;
    struct store_filter filter;
    size_t count = 0;
    if (!read_filter(request, &filter))
        return control_error(REASON_REQUEST_MALFORMED);
    json_int_t limit = json_integer_value(json_object_get(request, "limit"));
    size_t wanted = limit > 0 && limit < LIST_MAX ? (size_t)limit : LIST_MAX;
    enum reason reason = store->verbs->list(store, &filter, entries, wanted, &count);
    if (reason != REASON_NONE)
        return control_error(reason);
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        (void)json_array_append_new(list, entry_json(store, &entries[i]));
    return json_pack("{s:b, s:o, s:o}", "ok", 1, "destinations", counts_json(store), "entries",
                     list);
}

/* ---- one dossier
 * --------------------------------------------------------------------------------------- */

static json_t *message_json(struct store *store, uint64_t seq)
{
    enum { DESTINATIONS_OF_ONE_MAX = 8 };
    struct store_message message;
    struct entry entries[DESTINATIONS_OF_ONE_MAX];
    size_t count = 0;
    char id[MESSAGE_ID_TEXT_BYTES];
    if (store->verbs->read_message(store, seq, &message) != REASON_NONE)
        return NULL;
    id_format(&message.id, id);
    json_t *event =
        json_pack("{s:o, s:s, s:s, s:s, s:s, s:s}", "time", time_json(message.custody), "type",
                  message_type_name((enum message_type)message.type), "type_vi",
                  message_type_label((enum message_type)message.type, LANGUAGE_VIETNAMESE), "from",
                  message.sender.text, "to", message.recipient.text, "message_id", id);
    json_t *states = json_array();
    if (store->verbs->entries_of(store, seq, entries, DESTINATIONS_OF_ONE_MAX, &count) !=
        REASON_NONE)
        count = 0;
    for (size_t i = 0; i < count; i++)
        (void)json_array_append_new(states, json_pack("{s:s, s:s, s:s, s:i}", "destination",
                                                      entries[i].destination.text, "state",
                                                      entry_state_name(entries[i].state), "reason",
                                                      reason_code(entries[i].reason), "attempts",
                                                      (int)entries[i].attempts));
    (void)json_object_set_new(event, "destinations", states);
    return event;
}

static json_t *dossier_json(struct gateway *gateway, const json_t *request)
{
    static uint64_t seqs[LIST_MAX];
    struct store *store = gateway->store;
    const char *code = text_of(request, "dossier_code");
    size_t count = 0;
    enum reason reason =
        store->verbs->history(store, bytes_of_text(code), 0, seqs, LIST_MAX, &count);
    if (reason != REASON_NONE)
        return control_error(reason);
    json_t *events = json_array();
    for (size_t i = 0; i < count; i++)
        (void)json_array_append_new(events, message_json(store, seqs[i]));
    return json_pack("{s:b, s:s, s:o}", "ok", 1, "dossier_code", code, "events", events);
}

/* ---- changes
 * ---------------------------------------------------------------------------------------------- */

static json_t *operate_json(struct gateway *gateway, const json_t *request,
                            enum broker_operation operation)
{
    struct store *store = gateway->store;
    struct message_id id;
    struct key sender;
    struct key destination;
    struct store_message message;
    if (!id_parse(bytes_of_text(text_of(request, "message_id")), &id) ||
        !key_parse(bytes_of_text(text_of(request, "sender")), &sender) ||
        !key_parse(bytes_of_text(text_of(request, "destination")), &destination))
        return control_error(REASON_REQUEST_MALFORMED);
    enum reason reason = store->verbs->find_message(store, &sender, &id, &message);
    if (reason == REASON_NONE)
        reason = broker_operate(gateway->broker, message.seq, &destination, operation);
    return reason == REASON_NONE ? json_pack("{s:b}", "ok", 1) : control_error(reason);
}

json_t *control_request(struct gateway *gateway, const json_t *request, bool *ret_is_change)
{
    static const struct {
        const char *name;
        enum broker_operation operation;
    } operations[] = {{"hold", BROKER_HOLD},
                      {"release", BROKER_RELEASE},
                      {"withdraw", BROKER_WITHDRAW},
                      {"expire", BROKER_EXPIRE}};
    const char *command = text_of(request, "command");
    *ret_is_change = false;
    if (strcmp(command, "status") == 0)
        return status_json(gateway);
    if (strcmp(command, "queues") == 0)
        return queues_json(gateway, request);
    if (strcmp(command, "dossier") == 0)
        return dossier_json(gateway, request);
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++) {
        if (strcmp(command, operations[i].name) != 0)
            continue;
        *ret_is_change = true;
        return operate_json(gateway, request, operations[i].operation);
    }
    return control_error(REASON_REQUEST_MALFORMED);
}
