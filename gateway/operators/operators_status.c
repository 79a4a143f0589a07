/* The gateway's figures, its connections, whether it is well. What is shown of a place or a peer is
 * the reason and whose turn it is, as the broker knows them at this moment (invariant 15). */
#include "gateway/operators/operators_parts.h"

static bool put_ledger(json_t *json, const struct broker_status *status)
{
    json_t *ledger = json_object();
    bool ok = json_put(ledger, "size", json_integer((json_int_t)status->ledger_size)) &&
              json_put_digest(ledger, "root", &status->ledger_root);
    return json_put(json, "ledger", ledger) && ok;
}

/* 503 when nothing can be committed: whoever watches this is told to look. */
void operators_health_get(struct api_request *request)
{
    const struct operators_api *api = api_context(request);
    struct broker_status status;
    broker_status(api->options.broker, &status);
    json_t *json = json_object();
    bool ok = json_put(json, "store", json_string(reason_code(status.store))) &&
              json_put_clock(json, &status.clock) &&
              json_put(json, "version", json_string(api->options.version));
    if (status.store == REASON_NONE)
        api_answer_json(request, HTTP_OK, json_whole(json, ok));
    else
        json_decref(json), api_answer_refusal(request, HTTP_UNAVAILABLE, status.store, "store");
}

/* Figures of one moment: the broker is asked once. */
void operators_status_get(struct api_request *request)
{
    const struct operators_api *api = api_context(request);
    struct broker_status status;
    broker_status(api->options.broker, &status);
    json_t *json = json_object();
    bool ok =
        json_put(json, "store", json_string(reason_code(status.store))) &&
        json_put_clock(json, &status.clock) && put_ledger(json, &status) &&
        json_put(json, "registry_version", json_string(registry_version(api->options.registry))) &&
        json_put(json, "refused_handshakes",
                 json_integer((json_int_t)link_server_refusals(api->options.link))) &&
        json_put(json, "participants", json_integer((json_int_t)status.peer_count)) &&
        json_put(json, "version", json_string(api->options.version));
    api_answer_json(request, HTTP_OK, json_whole(json, ok));
}

/* The answer shows what was believed. */
void operators_trust_clock(struct api_request *request)
{
    const struct operators_api *api = api_context(request);
    struct broker_status status;
    enum reason reason = broker_trust_clock(api->options.broker);
    broker_status(api->options.broker, &status);
    json_t *json = json_object();
    api_answer_read(request, reason, json_whole(json, json_put_clock(json, &status.clock)));
}

bool operators_put_standing(const struct operators_api *api, json_t *object,
                            const struct entry *entry, wall_t taken)
{
    const struct registry *registry = api->options.registry;
    struct standing standing;
    if (!entry_state_is_live(entry->state))
        return standing_json_put_ended(object, api->options.store, entry,
                                       registry_party(registry, &entry->destination));
    broker_standing(api->options.broker, entry, &standing);
    return standing_json_put(object, &standing, registry_party(registry, &standing.party), taken);
}

/* ---- connections */

/* Null: it is not connected, or over a connection of its own. */
static json_t *carrier_json(const struct operators_api *api, const struct broker_peer_status *peer)
{
    struct key carrier = {0};
    bool is_carried = peer->is_connected &&
                      link_server_way(api->options.link, &peer->key, &carrier) &&
                      !key_is_none(&carrier);
    return is_carried ? json_string(carrier.text) : json_null();
}

/* "carrier" is asked of the link, since only there it is known over which connection somebody came.
 */
static json_t *peer_json(const struct operators_api *api, size_t index)
{
    struct broker_peer_status peer;
    broker_peer_status(api->options.broker, index, &peer);
    json_t *json = json_object();
    bool ok = json_put_text(json, "participant", key_bytes(&peer.key)) &&
              json_put(json, "connected", json_boolean(peer.is_connected)) &&
              json_put(json, "carrier", carrier_json(api, &peer)) &&
              json_put(json, "link_version", json_integer(peer.link_version)) &&
              json_put_moment(json, "last_heard", peer.last_heard) &&
              (peer.registry_version[0] == 0 ||
               json_put(json, "registry_version", json_string(peer.registry_version))) &&
              json_put_moment(json, "registry_since", peer.registry_since) &&
              json_put(json, "backlog", json_integer((json_int_t)peer.backlog)) &&
              json_put(json, "under_way", json_integer(peer.under_way)) &&
              json_put(json, "breaker_open", json_boolean(peer.breaker_is_open)) &&
              standing_json_put(json, &peer.trouble,
                                registry_party(api->options.registry, &peer.trouble.party),
                                (wall_t){0}) &&
              json_put(json, "alarm", json_string(reason_code(peer.alarm))) &&
              json_put(json, "witnessed_size", json_integer((json_int_t)peer.witnessed_size));
    return json_whole(json, ok);
}

/* The cursor is a place in the broker's table, which only grows. */
void operators_connections_get(struct api_request *request)
{
    enum { PAGE_MAX = 1000 };
    const struct operators_api *api = api_context(request);
    struct broker_status status;
    uint64_t after, limit;
    if (!api_query_number(request, "after", 0, UINT32_MAX, &after) ||
        !api_query_number(request, "limit", API_PAGE_MAX, PAGE_MAX, &limit))
        return;
    broker_status(api->options.broker, &status);
    json_t *list = json_array();
    uint64_t next = after;
    bool ok = true;
    for (; ok && next < status.peer_count && next - after < limit; next++)
        ok = json_array_append_new(list, peer_json(api, (size_t)next)) == 0;
    json_t *json = json_object();
    ok = json_put(json, "connections", list) && ok &&
         json_put(json, "registry_version", json_string(registry_version(api->options.registry))) &&
         json_put(json, "next", json_integer((json_int_t)next));
    api_answer_json(request, HTTP_OK, json_whole(json, ok));
}
