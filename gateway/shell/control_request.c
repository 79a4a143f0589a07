#include "gateway/shell/control_parts.h"

#include <string.h>

#include "gateway/shell/gateway.h"
#include "proto/codec/message_type.h"

enum { HISTORY_MAX = 1000 };

json_t *control_refusal(enum reason reason, const char *detail)
{
    return json_pack("{s:b, s:{s:s, s:s, s:s, s:s, s:s, s:s}}", "ok", 0, "error", "code",
                     reason_code(reason), "title_vi", reason_vietnamese(reason), "title",
                     reason_english(reason), "hint", reason_hint(reason), "hint_vi",
                     reason_hint_vietnamese(reason), "detail", detail);
}

json_t *control_error(enum reason reason)
{
    return control_refusal(reason, "");
}

const char *control_text(const json_t *request, const char *name)
{
    const char *text = json_string_value(json_object_get(request, name));
    return text == NULL ? "" : text;
}

json_t *control_time(wall_t at)
{
    char text[TIME_TEXT_BYTES];
    if (at.ms == 0)
        return json_null();
    stamp_format((struct stamp){at, VIETNAM_OFFSET_MINUTES}, text);
    return json_string(text);
}

/* ---- status ---------------------------------------------------------------------------------- */

/* Null: it is not connected, or over a connection of its own. */
static json_t *carrier_json(const struct gateway *gateway, const struct broker_peer_status *peer)
{
    struct key carrier = {0};
    bool is_carried = peer->is_connected && link_server_way(gateway->link, &peer->key, &carrier) &&
                      !key_is_none(&carrier);
    return is_carried ? json_string(carrier.text) : json_null();
}

static json_t *peer_json(const struct gateway *gateway, size_t index)
{
    struct broker_peer_status peer;
    broker_peer_status(gateway->broker, index, &peer);
    return json_pack("{s:s, s:b, s:o, s:o, s:I, s:i, s:b, s:s, s:s}", "participant", peer.key.text,
                     "connected", peer.is_connected, "carrier", carrier_json(gateway, &peer),
                     "last_heard", control_time(peer.last_heard), "backlog",
                     (json_int_t)peer.backlog, "under_way", (int)peer.under_way, "breaker_open",
                     peer.breaker_is_open, "paused_for", reason_code(peer.paused_for), "alarm",
                     reason_code(peer.alarm));
}

static json_t *status_json(struct gateway *gateway)
{
    struct broker_status status;
    char root[DIGEST_TEXT_BYTES];
    broker_status(gateway->broker, &status);
    digest_format(&status.ledger_root, root);
    json_t *peers = json_array();
    for (size_t i = 0; i < status.peer_count; i++)
        (void)json_array_append_new(peers, peer_json(gateway, i));
    return json_pack("{s:b, s:s, s:s, s:{s:I, s:s}, s:s, s:I, s:o}", "ok", 1, "store",
                     reason_code(status.store), "clock", clock_state_name(status.clock), "ledger",
                     "size", (json_int_t)status.ledger_size, "root", root, "registry_version",
                     registry_version(gateway->registry), "refused_handshakes",
                     (json_int_t)link_server_refusals(gateway->link), "peers", peers);
}

/* ---- one dossier ----------------------------------------------------------------------------- */

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
        json_pack("{s:o, s:s, s:s, s:s, s:s, s:s}", "time", control_time(message.custody), "type",
                  message_type_name((enum message_type)message.type), "type_vi",
                  message_type_label((enum message_type)message.type, LANGUAGE_VIETNAMESE), "from",
                  message.sender.text, "to", message.recipient.text, "message_id", id);
    json_t *states = json_array();
    if (store->verbs->entries_of(store, seq, entries, DESTINATIONS_OF_ONE_MAX, &count) !=
        REASON_NONE)
        count = 0;
    for (size_t i = 0; i < count; i++)
        (void)json_array_append_new(
            states,
            json_pack("{s:s, s:s, s:s, s:s, s:i}", "destination", entries[i].destination.text,
                      "state", entry_state_name(entries[i].state), "state_vi",
                      entry_state_vietnamese(entries[i].state), "reason",
                      reason_code(entries[i].reason), "attempts", (int)entries[i].attempts));
    (void)json_object_set_new(event, "destinations", states);
    return event;
}

static json_t *dossier_json(struct gateway *gateway, const json_t *request)
{
    static uint64_t seqs[HISTORY_MAX];
    struct store *store = gateway->store;
    const char *code = control_text(request, "dossier_code");
    size_t count = 0;
    enum reason reason =
        store->verbs->history(store, bytes_of_text(code), 0, seqs, HISTORY_MAX, &count);
    if (reason != REASON_NONE)
        return control_error(reason);
    json_t *events = json_array();
    for (size_t i = 0; i < count; i++)
        (void)json_array_append_new(events, message_json(store, seqs[i]));
    return json_pack("{s:b, s:s, s:o}", "ok", 1, "dossier_code", code, "events", events);
}

/* ---- changes --------------------------------------------------------------------------------- */

/* By id alone, whoever sent it: an operator has the id from a list or a receipt. Ids are unique by
 * how they are made; should two senders have used the same one, the sender must be named. */
static enum reason find_anybodys(struct gateway *gateway, const struct message_id *id,
                                 struct store_message *ret_message)
{
    struct store *store = gateway->store;
    size_t count = registry_agency_count(gateway->registry);
    enum reason found = REASON_NOT_FOUND;
    for (size_t i = 0; i < count; i++) {
        struct store_message message;
        const struct key *sender = &registry_agency_at(gateway->registry, i)->key;
        enum reason reason = store->verbs->find_message(store, sender, id, &message);
        if (reason == REASON_NOT_FOUND)
            continue;
        if (reason != REASON_NONE || found == REASON_NONE)
            return reason != REASON_NONE ? reason : REASON_ID_REUSED;
        found = REASON_NONE;
        *ret_message = message;
    }
    return found;
}

static enum reason find_message(struct gateway *gateway, const json_t *request,
                                struct store_message *ret_message)
{
    struct message_id id;
    struct key sender;
    const char *name = control_text(request, "sender");
    if (!id_parse(bytes_of_text(control_text(request, "message_id")), &id) ||
        (name[0] != 0 && !key_parse(bytes_of_text(name), &sender)))
        return REASON_REQUEST_MALFORMED;
    return name[0] == 0
               ? find_anybodys(gateway, &id, ret_message)
               : gateway->store->verbs->find_message(gateway->store, &sender, &id, ret_message);
}

/* The entry that is meant: at the destination named, otherwise the recipient's, never a
 * copy's; where the recipient has none, the only one that has not ended. */
static enum reason find_entry(struct gateway *gateway, const json_t *request,
                              const struct store_message *message, struct entry *ret_entry)
{
    enum { DESTINATIONS_OF_ONE_MAX = 8 };
    struct entry entries[DESTINATIONS_OF_ONE_MAX];
    struct store *store = gateway->store;
    struct key destination;
    size_t count = 0;
    size_t live = 0;
    const char *name = control_text(request, "destination");
    if (name[0] != 0)
        return key_parse(bytes_of_text(name), &destination)
                   ? store->verbs->read_entry(store, message->seq, &destination, ret_entry)
                   : REASON_REQUEST_MALFORMED;
    enum reason reason =
        store->verbs->entries_of(store, message->seq, entries, DESTINATIONS_OF_ONE_MAX, &count);
    if (reason != REASON_NONE || count == 0)
        return reason != REASON_NONE ? reason : REASON_NOT_FOUND;
    *ret_entry = entries[0];
    for (size_t i = 0; i < count; i++) {
        bool is_recipient = key_equal(&entries[i].destination, &message->recipient);
        if (!is_recipient && !entry_state_is_live(entries[i].state))
            continue;
        *ret_entry = entries[i];
        if (is_recipient)
            return REASON_NONE;
        live++;
    }
    return live > 1 ? REASON_ROUTE_MISSING : REASON_NONE;
}

static json_t *operate_json(struct gateway *gateway, const json_t *request,
                            enum broker_operation operation)
{
    struct store_message message;
    struct entry entry;
    enum reason reason = find_message(gateway, request, &message);
    if (reason != REASON_NONE)
        return control_refusal(reason, reason == REASON_ID_REUSED ? "sender" : "message_id");
    reason = find_entry(gateway, request, &message, &entry);
    if (reason != REASON_NONE)
        return control_refusal(reason, "destination");
    reason = broker_operate(gateway->broker, message.seq, &entry.destination, operation);
    if (reason == REASON_FIELD_INVALID)
        return control_refusal(REASON_STATE_FORBIDS, entry_state_name(entry.state));
    return reason == REASON_NONE
               ? json_pack("{s:b, s:s}", "ok", 1, "destination", entry.destination.text)
               : control_error(reason);
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
    const char *command = control_text(request, "command");
    *ret_is_change = false;
    if (strcmp(command, "status") == 0)
        return status_json(gateway);
    if (strcmp(command, "queues") == 0)
        return control_queues(gateway, request);
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
