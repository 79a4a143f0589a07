/* Whether the adapter is well, and its figures for Prometheus. What health says comes from memory,
 * so that it is answered while the store is away (invariant 10); the counts among the figures are
 * the store's. Figures that both daemons have: gateway/api/metrics.c. */
#include <stdlib.h>

#include "adapters/api/local_api_parts.h"
#include "gateway/workers/program.h"
#include "routing/registry/registry.h"

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

/* An open path: a watchdog needs no token. Who we are and how much waits is told only to callers
 * that showed one. */
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
              (status.put_back.ms == 0 || json_put_moment(json, "put_back", status.put_back)) &&
              json_put(json, "offers_again", json_boolean(status.is_offering)) &&
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

/* ---- figures */

static void put_due(struct buffer *text, const char *name, const char *help,
                    const struct deadline_count *counts, size_t count, size_t member)
{
    metric_head(text, name, "gauge", help);
    for (size_t i = 0; i < count; i++) {
        const uint64_t values[] = {counts[i].open, counts[i].due_today, counts[i].overdue};
        metric_row(text, name,
                   (struct metric_labels){.name = "agency", .value = counts[i].agency.text},
                   (int64_t)values[member]);
    }
}

/* On the heap, since a row for each participant that there may be is too large for the loop's
 * stack. */
static enum reason put_rows(struct buffer *text, struct store *store)
{
    struct deadline_count *counts = calloc(PARTICIPANTS_MAX, sizeof *counts);
    size_t count = 0;
    enum reason reason = counts == NULL ? REASON_OUT_OF_MEMORY : metrics_put_queues(text, store);
    if (reason == REASON_NONE)
        reason =
            store->verbs->count_deadlines(store, program_wall(), counts, PARTICIPANTS_MAX, &count);
    put_due(text, "lienthong_deadlines_open", "Dossiers that are not finished.", counts, count, 0);
    put_due(text, "lienthong_deadlines_today", "Of them, due today.", counts, count, 1);
    put_due(text, "lienthong_deadlines_overdue", "Of them, overdue.", counts, count, 2);
    free(counts);
    return reason;
}

static void put_office(struct buffer *text, const struct local_api *api)
{
    const struct local_api_options *options = &api->options;
    int64_t questions = options->questions == NULL ? -1 : options->questions(options->context);
    metric_gauge(text, "lienthong_office_ok",
                 "1: nothing of our own keeps the office from being served.",
                 api->office_trouble == REASON_NONE);
    if (questions >= 0)
        metric_gauge(text, "lienthong_portal_questions",
                     "Items of the portal's work list that wait for a person.", questions);
}

/* Read at once: a figure promises nothing. */
void metrics_get(struct api_request *request)
{
    const struct local_api *api = api_context(request);
    struct metrics *metrics = api->options.metrics;
    const struct registry *registry = api->options.registry;
    struct session_status status;
    struct buffer text;
    session_status(api->options.session, &status);
    buffer_init(&text, METRICS_BYTES_MAX);
    const struct metrics_program program = {
        .version = api->options.version,
        .registry = registry == NULL ? NULL : registry_version(registry),
        .clock = status.clock.state,
        .store = status.store,
        .ledger_size = status.head.tree_size,
        .refused_handshakes = metrics->refused_handshakes,
        .put_back = status.last_put_back,
    };
    metrics_put_program(&text, metrics, &program);
    metric_gauge(&text, "lienthong_linked", "1: welcomed by the gateway.", status.is_linked);
    metric_gauge(&text, "lienthong_gateway_heard_timestamp_seconds",
                 "When the gateway was last heard.", status.last_heard.ms / 1000);
    metric_gauge(&text, "lienthong_to_gateway", "Messages that the gateway is owed.",
                 (int64_t)status.to_gateway);
    metric_gauge(&text, "lienthong_to_office", "Messages that the office is owed.",
                 (int64_t)status.to_office);
    metric_gauge(&text, "lienthong_ledger_alarm", "1: the ledger contradicts an earlier head.",
                 status.is_contradicted);
    metric_gauge(&text, "lienthong_ledger_break_open",
                 "1: the ledger went on anew, and nobody has explained it.", status.has_open_break);
    metric_gauge(&text, "lienthong_put_back",
                 "1: put back from a backup, and asking for what came since.",
                 status.put_back.ms != 0);
    put_office(&text, api);
    metrics_put_kept(&text, metrics, api->options.store, put_rows);
    metrics_answer(request, &text);
}
