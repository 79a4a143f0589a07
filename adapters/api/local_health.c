/* Whether the adapter is well, and its figures for Prometheus. */
#include "adapters/api/local_api_parts.h"
#include "gateway/api/metrics.h"

static bool put_counts(json_t *json, const struct session_status *status)
{
    json_t *ledger = json_object();
    bool ok = json_put(ledger, "size", json_integer((json_int_t)status->head.tree_size)) &&
              json_put_digest(ledger, "root", &status->head.root) &&
              json_put(ledger, "alarm", json_boolean(status->ledger_alarm));
    return json_put(json, "ledger", ledger) && ok &&
           json_put_moment(json, "last_heard", status->last_heard) &&
           json_put(json, "to_gateway", json_integer((json_int_t)status->to_gateway)) &&
           json_put(json, "to_office", json_integer((json_int_t)status->to_office));
}

void health_get(struct api_request *request)
{
    const struct local_api *api = api_context(request);
    const struct local_api_options *options = &api->options;
    struct session_status status;
    session_status(options->session, &status);
    json_t *json = json_object();
    bool ok = json_put(json, "linked", json_boolean(status.is_linked)) &&
              json_put(json, "store", json_string(reason_code(status.store))) &&
              json_put_clock(json, &status.clock) &&
              json_put(json, "office", json_string(reason_code(api->office_trouble))) &&
              json_put(json, "version", json_string(options->version));
    if (ok && api_is_known(request))
        ok = json_put_text(json, "participant", key_bytes(&options->self)) &&
             put_counts(json, &status);
    api_answer_json(request, HTTP_OK, json_whole(json, ok));
}

/* A person has looked at the wall clock: the answer shows what was believed. */
void trust_clock_apply(struct api_request *request)
{
    const struct local_api *api = api_context(request);
    struct session_status status;
    session_trust_clock(api->options.session);
    session_status(api->options.session, &status);
    json_t *json = json_object();
    api_answer_json(request, HTTP_OK, json_whole(json, json_put_clock(json, &status.clock)));
}

/* 503 when nothing can be committed: whoever watches this is told to look. */
void healthz_get(struct api_request *request)
{
    const struct local_api *api = api_context(request);
    struct session_status status;
    session_status(api->options.session, &status);
    if (status.store == REASON_NONE)
        health_get(request);
    else
        api_answer_refusal(request, HTTP_UNAVAILABLE, status.store, "store");
}

void metrics_get(struct api_request *request)
{
    const struct local_api *api = api_context(request);
    struct session_status status;
    struct buffer text;
    session_status(api->options.session, &status);
    const struct {
        const char *name;
        const char *help;
        int64_t value;
    } figures[] = {
        {"lienthong_linked", "1: welcomed by the gateway.", status.is_linked},
        {"lienthong_store_ok", "1: the store can commit.", status.store == REASON_NONE},
        {"lienthong_office_ok", "1: nothing of our own keeps the office from being served.",
         api->office_trouble == REASON_NONE},
        {"lienthong_gateway_heard_timestamp_seconds", "When the gateway was last heard.",
         status.last_heard.ms / 1000},
        {"lienthong_to_gateway", "Messages that the gateway is owed.", (int64_t)status.to_gateway},
        {"lienthong_to_office", "Messages that the office is owed.", (int64_t)status.to_office},
        {"lienthong_ledger_size", "Entries of the gateway's ledger that were verified.",
         (int64_t)status.head.tree_size},
        {"lienthong_ledger_alarm", "1: the ledger contradicts an earlier head.",
         status.ledger_alarm},
    };
    buffer_init(&text, METRICS_BYTES_MAX);
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
        metric(&text, figures[i].name, "gauge", figures[i].help);
        metric_value(&text, figures[i].name, NULL, NULL, figures[i].value);
    }
    metric(&text, "lienthong_clock", "gauge", "1 for the state that the wall clock is in.");
    metric_value(&text, "lienthong_clock", "state", clock_state_name(status.clock.state), 1);
    enum reason reason = metrics_put_queues(&text, api->options.store);
    metrics_answer(request, &text, reason);
}
