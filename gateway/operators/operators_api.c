/* The operators' routes over the library of gateway/api. What changes an entry goes through the
 * broker's step like a frame does, and is answered once it is on disk; the reload of the registry
 * changes no row and is done at once. Handlers run on the loop's thread. Messages:
 * operators_messages.c; figures: operators_status.c, operators_metrics.c; operations on sets are
 * the library's (gateway/api/jobs_json.c). */
#include "gateway/operators/operators_api.h"

#include <stdlib.h>

#include "gateway/operators/operators_parts.h"
#include "gateway/api/holds_json.h"

enum { BODY_BYTES_MAX = 64 * 1024 };

/* STEP: within a step, where the broker's own state and the store agree. */
#define STEP(method, path, handler, which)                                                         \
    {                                                                                              \
        method, path, API_KNOWN, API_BODY_NONE, NULL, NULL, NULL, NULL, handler, which             \
    }

static const char *const redirect_members[] = {"from", "to", "sent_too", NULL};

static void hold_dossier(struct api_request *request)
{
    const struct operators_api *api = api_context(request);
    char text[HOLDS_TEXT_BYTES];
    struct hold hold;
    if (holds_take(request, text, &hold))
        holds_answer(request, broker_hold_dossier(api->options.broker, &hold), &hold);
}

/* Adding a path: a row here, and gateway/openapi.yaml. */
static const struct api_route routes[] = {
    {"GET", "/healthz", API_OPEN, API_BODY_NONE, NULL, NULL, NULL, operators_health_get, NULL, 0},
    {"GET", "/metrics", API_KNOWN, API_BODY_NONE, NULL, NULL, NULL, operators_metrics_get, NULL, 0},
    {"GET", "/v1/events", API_KNOWN, API_BODY_NONE, NULL, NULL, NULL, api_events_get, NULL, 0},
    STEP("GET", "/v1/status", operators_status_get, 0),
    STEP("POST", "/v1/clock/trust", operators_trust_clock, 0),
    STEP("GET", "/v1/connections", operators_connections_get, 0),
    STEP("GET", "/v1/queues", operators_queues_get, 0),
    STEP("GET", "/v1/dossiers/{}", operators_dossier_get, 0),
    STEP("GET", "/v1/messages/{}", operators_message_get, 0),
    STEP("POST", "/v1/queues/{}/hold", operators_operate, BROKER_HOLD),
    STEP("POST", "/v1/queues/{}/release", operators_operate, BROKER_RELEASE),
    STEP("POST", "/v1/queues/{}/withdraw", operators_operate, BROKER_WITHDRAW),
    STEP("POST", "/v1/queues/{}/expire", operators_operate, BROKER_EXPIRE),
    STEP("GET", "/v1/jobs", jobs_list_answer, 0),
    STEP("GET", "/v1/jobs/{}", jobs_one_answer, 0),
    {"POST", "/v1/jobs", API_KNOWN, API_BODY_JSON, jobs_members, NULL, NULL, NULL, jobs_plan_answer,
     0},
    {"POST", "/v1/jobs/{}/start", API_KNOWN, API_BODY_JSON, jobs_start_members, NULL, NULL, NULL,
     jobs_start_answer, 0},
    STEP("POST", "/v1/jobs/{}/stop", jobs_stop_answer, 0),
    STEP("GET", "/v1/holds", holds_list_answer, 0),
    {"POST", "/v1/holds", API_KNOWN, API_BODY_JSON, holds_members, NULL, NULL, NULL, hold_dossier,
     0},
    STEP("GET", "/v1/redirects", operators_redirects_get, 0),
    {"POST", "/v1/redirects", API_KNOWN, API_BODY_JSON, redirect_members, NULL, NULL, NULL,
     operators_redirect, 0},
    STEP("GET", "/v1/registry", operators_registry_get, 0),
    STEP("GET", "/v1/route", operators_route_get, 0),
    {"POST", "/v1/registry/reload", API_KNOWN, API_BODY_NONE, NULL, NULL, NULL, operators_reload,
     NULL, 0},
};

enum reason operators_api_new(const struct operators_api_options *options,
                              struct operators_api **ret_api, char ret_what[API_WHAT_BYTES])
{
    struct operators_api *api = calloc(1, sizeof *api);
    if (api == NULL)
        return REASON_OUT_OF_MEMORY;
    api->options = *options;
    const struct api_options server = {.routes = routes,
                                       .route_count = sizeof routes / sizeof *routes,
                                       .context = api,
                                       .doors = options->doors,
                                       .state_directory = options->state_directory,
                                       .crypto = options->crypto,
                                       .descriptors = options->descriptors,
                                       .body_bytes_max = BODY_BYTES_MAX,
                                       .jobs = broker_jobs(options->broker),
                                       .store = options->store};
    enum reason reason = api_new(&server, &api->server, ret_what);
    if (reason != REASON_NONE)
        operators_api_destroy(&api);
    else
        *ret_api = api;
    return reason;
}

void operators_api_destroy(struct operators_api **api)
{
    if (*api == NULL)
        return;
    api_destroy(&(*api)->server);
    free(*api);
    *api = NULL;
}

struct api *operators_api_server(const struct operators_api *api)
{
    return api->server;
}

void operators_api_set_registry(struct operators_api *api, const struct registry *registry)
{
    api->options.registry = registry;
}
