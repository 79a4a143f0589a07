/* The gateway's figures for Prometheus: what /v1/status and /v1/connections say, and the queues.
 * One row for each participant and figure at most, so that the number of rows follows from the
 * registry and not from what peers send (invariant 8). Keys of participants are labels; ids, codes
 * and names of persons never are (invariant 11). */
#include "gateway/api/metrics.h"
#include "gateway/operators/operators_parts.h"

static struct metric_labels of_participant(const struct broker_peer_status *peer)
{
    return (struct metric_labels){.name = "participant", .value = peer->key.text};
}

/* In the order of put_peers' table of figures. */
static int64_t value_of(const struct broker_peer_status *peer, size_t figure)
{
    const int64_t values[] = {peer->is_connected,           peer->last_heard.ms / 1000,
                              (int64_t)peer->backlog,       peer->under_way,
                              peer->breaker_is_open,        peer->alarm != REASON_NONE,
                              (int64_t)peer->witnessed_size};
    return values[figure];
}

static void put_peers(struct buffer *text, const struct operators_api *api, size_t count)
{
    static const char *const figures[][2] = {
        {"lienthong_participant_connected", "1: its adapter is connected."},
        {"lienthong_participant_heard_timestamp_seconds", "When it was last heard."},
        {"lienthong_participant_backlog", "Messages that it is owed."},
        {"lienthong_participant_under_way", "Messages sent to it and not yet answered."},
        {"lienthong_participant_breaker_open", "1: sending to it is paused, or tried with one."},
        {"lienthong_participant_alarm", "1: something is wrong with its past; see the log."},
        {"lienthong_participant_witnessed_size", "Entries of the ledger that it has verified."},
    };
    for (size_t figure = 0; figure < sizeof figures / sizeof *figures; figure++) {
        metric_head(text, figures[figure][0], "gauge", figures[figure][1]);
        for (size_t i = 0; i < count; i++) {
            struct broker_peer_status peer;
            broker_peer_status(api->options.broker, i, &peer);
            metric_row(text, figures[figure][0], of_participant(&peer), value_of(&peer, figure));
        }
    }
}

/* Rows only of those that something is wrong with, so that there is one for each at most. */
static void put_reasons(struct buffer *text, const struct operators_api *api, size_t count)
{
    static const char *const names[] = {"lienthong_participant_trouble",
                                        "lienthong_participant_turn",
                                        "lienthong_participant_alarm_reason"};
    static const char *const helps[] = {"1: for that reason it takes or accepts nothing.",
                                        "1: that is whose turn it is in its trouble.",
                                        "1: that is what its alarm is about."};
    for (size_t figure = 0; figure < sizeof names / sizeof *names; figure++) {
        metric_head(text, names[figure], "gauge", helps[figure]);
        for (size_t i = 0; i < count; i++) {
            struct broker_peer_status peer;
            broker_peer_status(api->options.broker, i, &peer);
            enum reason reason = figure == 2 ? peer.alarm : peer.trouble.reason;
            enum party party = registry_party(api->options.registry, &peer.trouble.party);
            struct metric_labels labels = of_participant(&peer);
            labels.second = figure == 1 ? "turn" : "reason";
            labels.second_value =
                figure == 1 ? actor_code(reason_actor(reason, party)) : reason_code(reason);
            if (reason != REASON_NONE)
                metric_row(text, names[figure], labels, 1);
        }
    }
}

/* A carrier has no API of its own: what its participants feel of it is seen from here. */
static void put_carriers(struct buffer *text, const struct operators_api *api, size_t count)
{
    static const char name[] = "lienthong_carrier_connected";
    const struct registry *registry = api->options.registry;
    uint32_t carried[CARRIERS_MAX] = {0};
    size_t carriers = registry_carrier_count(registry);
    for (size_t i = 0; i < count && carriers > 0; i++) {
        struct broker_peer_status peer;
        struct key by;
        broker_peer_status(api->options.broker, i, &peer);
        if (!peer.is_connected || !link_server_way(api->options.link, &peer.key, &by))
            continue;
        for (size_t at = 0; at < carriers; at++)
            carried[at] += key_equal(&registry_carrier_at(registry, at)->key, &by);
    }
    metric_head(text, name, "gauge", "Participants that are connected over a carrier.");
    for (size_t at = 0; at < carriers; at++)
        metric_row(text, name,
                   (struct metric_labels){.name = "carrier",
                                          .value = registry_carrier_at(registry, at)->key.text},
                   carried[at]);
}

void operators_metrics_get(struct api_request *request)
{
    const struct operators_api *api = api_context(request);
    struct broker_status status;
    struct buffer text;
    broker_status(api->options.broker, &status);
    buffer_init(&text, METRICS_BYTES_MAX);
    const struct metrics_program program = {
        .version = api->options.version,
        .registry = registry_version(api->options.registry),
        .clock = status.clock.state,
        .store = status.store,
        .ledger_size = status.ledger_size,
        .refused_handshakes = link_server_refusals(api->options.link),
        .put_back = status.put_back,
    };
    metrics_put_program(&text, api->options.metrics, &program);
    metrics_put_certificates(&text, api->options.metrics);
    put_peers(&text, api, status.peer_count);
    put_reasons(&text, api, status.peer_count);
    put_carriers(&text, api, status.peer_count);
    metrics_put_kept(&text, api->options.metrics, api->options.store, metrics_put_queues);
    metrics_answer(request, &text);
}
