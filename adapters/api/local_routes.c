/* Which path is whose. Adding a path: a row here, and adapters/openapi.yaml. */
#include "adapters/api/local_api_parts.h"

static const char *const submission[] = {"type",           "recipient",   "dossier_code",
                                         "procedure_code", "in_reply_to", "in_reply_to_sha256",
                                         "source_time",    "expires",     "body",
                                         "attachments",    NULL};
static const char *const verdict[] = {"office_reference", "reason", "text", NULL};

#define READ(path, handler)                                                                        \
    {                                                                                              \
        "GET", path, API_KNOWN, API_BODY_NONE, NULL, NULL, NULL, handler, NULL                     \
    }
#define CHANGE(path, body, members, handler)                                                       \
    {                                                                                              \
        "POST", path, API_KNOWN, body, members, NULL, NULL, NULL, handler                          \
    }
#define UPLOAD(method, path, begin)                                                                \
    {                                                                                              \
        method, path, API_KNOWN, API_BODY_STREAM, NULL, begin, attachment_receive, NULL,           \
            attachment_complete                                                                    \
    }

const struct api_route local_routes[LOCAL_ROUTES] = {
    {"GET", "/v1/health", API_OPEN, API_BODY_NONE, NULL, NULL, NULL, health_get, NULL},
    {"GET", "/healthz", API_OPEN, API_BODY_NONE, NULL, NULL, NULL, healthz_get, NULL},
    CHANGE("/v1/clock/trust", API_BODY_NONE, NULL, trust_clock_apply),
    READ("/metrics", metrics_get),
    READ("/v1/events", api_events_get),
    UPLOAD("PUT", "/v1/attachments/{}", attachment_put_begin),
    UPLOAD("POST", "/v1/attachments", attachment_post_begin),
    {"GET", "/v1/attachments/{}", API_LINK, API_BODY_NONE, NULL, NULL, NULL, NULL, attachment_get},
    CHANGE("/v1/messages", API_BODY_JSON, submission, submit_apply),
    READ("/v1/messages/{}/document", document_get),
    READ("/v1/messages/{}/signature", signature_get),
    READ("/v1/messages/{}/manifest", manifest_get),
    READ("/v1/messages/{}", message_get),
    READ("/v1/inbox", inbox_get),
    CHANGE("/v1/inbox/{}/accept", API_BODY_OPTIONAL, verdict, accept_apply),
    CHANGE("/v1/inbox/{}/refuse", API_BODY_OPTIONAL, verdict, refuse_apply),
    READ("/v1/dossiers/{}", dossier_get),
    READ("/v1/queues", queues_get),
    READ("/v1/deadlines", deadlines_get),
    CHANGE("/v1/queues/{}/hold", API_BODY_NONE, NULL, hold_apply),
    CHANGE("/v1/queues/{}/release", API_BODY_NONE, NULL, release_apply),
    CHANGE("/v1/queues/{}/withdraw", API_BODY_NONE, NULL, withdraw_apply),
};
