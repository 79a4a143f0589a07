/* Which path is whose. Adding a path: a row here, and adapters/openapi.yaml. */
#include "adapters/api/local_api_parts.h"

static const char *const submission[] = {"type",           "recipient",   "dossier_code",
                                         "procedure_code", "in_reply_to", "in_reply_to_sha256",
                                         "source_time",    "expires",     "body",
                                         "attachments",    "acting_for",  NULL};
static const char *const explanation[] = {"text", NULL};
static const char *const verdict[] = {"office_reference", "reason", "text", "acting_for", NULL};

#define READ(path, handler, which)                                                                 \
    {                                                                                              \
        "GET", path, API_KNOWN, API_BODY_NONE, NULL, NULL, NULL, handler, NULL, which              \
    }
#define CHANGE(path, body, members, handler, which)                                                \
    {                                                                                              \
        "POST", path, API_KNOWN, body, members, NULL, NULL, NULL, handler, which                   \
    }
#define UPLOAD(method, path, begin)                                                                \
    {                                                                                              \
        method, path, API_KNOWN, API_BODY_STREAM, NULL, begin, attachment_receive, NULL,           \
            attachment_complete, 0                                                                 \
    }

const struct api_route local_routes[LOCAL_ROUTES] = {
    {"GET", "/v1/health", API_OPEN, API_BODY_NONE, NULL, NULL, NULL, health_get, NULL, 0},
    {"GET", "/healthz", API_OPEN, API_BODY_NONE, NULL, NULL, NULL, healthz_get, NULL, 0},
    CHANGE("/v1/clock/trust", API_BODY_NONE, NULL, trust_clock_apply, 0),
    READ("/metrics", metrics_get, 0),
    READ("/v1/events", api_events_get, 0),
    UPLOAD("PUT", "/v1/attachments/{}", attachment_put_begin),
    UPLOAD("POST", "/v1/attachments", attachment_post_begin),
    {"GET", "/v1/attachments/{}", API_LINK, API_BODY_NONE, NULL, NULL, NULL, NULL, attachment_get,
     0},
    CHANGE("/v1/messages", API_BODY_JSON, submission, submit_apply, 0),
    READ("/v1/messages", feed_get, 0),
    READ("/v1/messages/{}/document", part_get, offsetof(struct store_document, document)),
    READ("/v1/messages/{}/signature", part_get, offsetof(struct store_document, signature)),
    READ("/v1/messages/{}/manifest", part_get, offsetof(struct store_document, manifest)),
    READ("/v1/messages/{}", message_get, 0),
    READ("/v1/inbox", inbox_get, 0),
    CHANGE("/v1/inbox/{}/accept", API_BODY_OPTIONAL, verdict, accept_apply, 0),
    CHANGE("/v1/inbox/{}/refuse", API_BODY_OPTIONAL, verdict, refuse_apply, 0),
    READ("/v1/dossiers/{}", dossier_get, 0),
    READ("/v1/ledger", ledger_get, 0),
    CHANGE("/v1/ledger/explain", API_BODY_JSON, explanation, ledger_explain_apply, 0),
    READ("/v1/queues", queues_get, 0),
    READ("/v1/deadlines", deadlines_get, 0),
    CHANGE("/v1/queues/{}/hold", API_BODY_NONE, NULL, operate_apply, SESSION_HOLD),
    CHANGE("/v1/queues/{}/release", API_BODY_NONE, NULL, operate_apply, SESSION_RELEASE),
    CHANGE("/v1/queues/{}/withdraw", API_BODY_NONE, NULL, operate_apply, SESSION_WITHDRAW),
    CHANGE("/v1/queues/{}/again", API_BODY_NONE, NULL, again_apply, 0),
    {"GET", "/v1/holds", API_KNOWN, API_BODY_NONE, NULL, NULL, NULL, NULL, holds_list_answer, 0},
    CHANGE("/v1/holds", API_BODY_JSON, holds_members, hold_dossier_apply, 0),
    {"GET", "/v1/jobs", API_KNOWN, API_BODY_NONE, NULL, NULL, NULL, NULL, jobs_list_answer, 0},
    {"GET", "/v1/jobs/{}", API_KNOWN, API_BODY_NONE, NULL, NULL, NULL, NULL, jobs_one_answer, 0},
    CHANGE("/v1/jobs", API_BODY_JSON, jobs_members, jobs_plan_answer, 0),
    CHANGE("/v1/jobs/{}/start", API_BODY_JSON, jobs_start_members, jobs_start_answer, 0),
    CHANGE("/v1/jobs/{}/stop", API_BODY_NONE, NULL, jobs_stop_answer, 0),
};
