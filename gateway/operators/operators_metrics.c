/* The gateway's figures for Prometheus: what /v1/status and /v1/connections say, and the queues. */
#include "gateway/api/metrics.h"
#include "gateway/operators/operators_parts.h"

static void put_status(struct buffer *text, const struct operators_api *api,
                       const struct broker_status *status)
{
    metric(text, "lienthong_store_ok", "gauge", "1: the store can commit.");
    metric_value(text, "lienthong_store_ok", NULL, NULL, status->store == REASON_NONE);
    metric(text, "lienthong_clock", "gauge", "1 for the state that the wall clock is in.");
    metric_value(text, "lienthong_clock", "state", clock_state_name(status->clock.state), 1);
    metric(text, "lienthong_ledger_size", "gauge", "Entries of the ledger.");
    metric_value(text, "lienthong_ledger_size", NULL, NULL, (int64_t)status->ledger_size);
    metric(text, "lienthong_refused_handshakes_total", "counter", "Connections that were refused.");
    metric_value(text, "lienthong_refused_handshakes_total", NULL, NULL,
                 (int64_t)link_server_refusals(api->options.link));
    metric(text, "lienthong_registry", "gauge", "1 for the version of the registry that holds.");
    metric_value(text, "lienthong_registry", "version", registry_version(api->options.registry), 1);
}

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
        {"lienthong_participant_breaker_open", "1: sending to it is paused."},
        {"lienthong_participant_alarm", "1: something is wrong with its past; see the log."},
        {"lienthong_participant_witnessed_size", "Entries of the ledger that it has verified."},
    };
    for (size_t figure = 0; figure < sizeof figures / sizeof *figures; figure++) {
        metric(text, figures[figure][0], "gauge", figures[figure][1]);
        for (size_t i = 0; i < count; i++) {
            struct broker_peer_status peer;
            broker_peer_status(api->options.broker, i, &peer);
            metric_value(text, figures[figure][0], "participant", peer.key.text,
                         value_of(&peer, figure));
        }
    }
}

void operators_metrics_get(struct api_request *request)
{
    const struct operators_api *api = api_context(request);
    struct broker_status status;
    struct buffer text;
    broker_status(api->options.broker, &status);
    buffer_init(&text, METRICS_BYTES_MAX);
    put_status(&text, api, &status);
    put_peers(&text, api, status.peer_count);
    enum reason reason = metrics_put_queues(&text, api->options.store);
    metrics_answer(request, &text, reason);
}
