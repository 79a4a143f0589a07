/* Which path is whose, and which right it needs. Adding one: a row here, and openapi.yaml. */
#include "adapters/desk/desk.h"

static const char *const sign_in_members[] = {"name", "password", "code", NULL};
static const char *const password_members[] = {"old", "new", NULL};
static const char *const verdict_members[] = {"office_reference", "reason", "text", NULL};
static const char *const why_members[] = {"why", NULL};
static const char *const job_members[] = {"operation", "destination", "state",
                                          "reason",    "why",         NULL};
static const char *const start_members[] = {"count", NULL};
static const char *const message_members[] = {
    "type",        "recipient", "dossier_code", "procedure_code", "in_reply_to",
    "source_time", "body",      "attachments",  "draft",          NULL};
static const char *const person_members[] = {"name", "full_name", "role", "sees_content", NULL};
static const char *const change_members[] = {
    "full_name", "role", "sees_content", "locked", "reset_password", "reset_totp", NULL};
static const char *const totp_members[] = {"password", NULL};
static const char *const code_members[] = {"code", NULL};
static const char *const upload_members[] = {"name", "size_bytes", NULL};
static const char *const draft_members[] = {"dossier_code", "title", "content", "version", NULL};

#define OPEN(path, handler)                                                                        \
    {                                                                                              \
        "GET", path, API_OPEN, API_BODY_NONE, NULL, NULL, NULL, handler, NULL, DESK_RIGHT_ANYBODY  \
    }
#define READ(path, handler, right)                                                                 \
    {                                                                                              \
        "GET", path, API_KNOWN, API_BODY_NONE, NULL, NULL, NULL, handler, NULL, DESK_RIGHT_##right \
    }
/* What another program must tell. */
#define ASK(path, handler, right)                                                                  \
    {                                                                                              \
        "GET", path, API_KNOWN, API_BODY_NONE, NULL, NULL, NULL, NULL, handler, DESK_RIGHT_##right \
    }
#define CHANGE(path, body, members, handler, right)                                                \
    {                                                                                              \
        "POST", path, API_KNOWN, body, members, NULL, NULL, NULL, handler, DESK_RIGHT_##right      \
    }
#define DRAFT(method, path, body, handler)                                                         \
    {                                                                                              \
        method, path, API_KNOWN, body, draft_members, NULL, NULL, handler, NULL, DESK_RIGHT_SEND   \
    }

const struct api_route desk_routes[DESK_ROUTES] = {
    OPEN("/", page_get),
    OPEN("/static/{*}", static_get),
    OPEN("/healthz", desk_healthz_get),
    {"POST", "/v1/sign-in", API_OPEN, API_BODY_JSON, sign_in_members, NULL, NULL, NULL,
     sign_in_apply, DESK_RIGHT_ANYBODY},
    {"POST", "/v1/sign-out", API_KNOWN, API_BODY_OPTIONAL, NULL, NULL, NULL, sign_out, NULL,
     DESK_RIGHT_ANYBODY},
    {"POST", "/v1/password", API_KNOWN, API_BODY_JSON, password_members, NULL, NULL, NULL,
     password_apply, DESK_RIGHT_ANYBODY},
    READ("/v1/me", me_get, ANYBODY),
    READ("/v1/events", api_events_get, ANYBODY),
    READ("/v1/landing", landing_get, LANDING),
    READ("/v1/dossiers", dossiers_get, DOSSIERS),
    READ("/v1/dossiers/{}", desk_dossier_get, DOSSIERS),
    {"GET", "/v1/messages/{}", API_KNOWN, API_BODY_NONE, NULL, NULL, NULL, NULL, message_apply,
     DESK_RIGHT_DOSSIERS},
    READ("/v1/inbox", inbox_list_get, INBOX),
    CHANGE("/v1/inbox/{}/accept", API_BODY_OPTIONAL, verdict_members, inbox_accept_apply, INBOX),
    CHANGE("/v1/inbox/{}/refuse", API_BODY_OPTIONAL, verdict_members, inbox_refuse_apply, INBOX),
    CHANGE("/v1/messages", API_BODY_JSON, message_members, send_apply, SEND),
    ASK("/v1/queues", queues_apply, QUEUES),
    ASK("/v1/queues/{}", queue_apply, QUEUES),
    CHANGE("/v1/queues/{}/hold", API_BODY_JSON, why_members, entry_hold_apply, QUEUES),
    CHANGE("/v1/queues/{}/release", API_BODY_JSON, why_members, entry_release_apply, QUEUES),
    CHANGE("/v1/queues/{}/withdraw", API_BODY_JSON, why_members, entry_withdraw_apply, QUEUES),
    CHANGE("/v1/queues/{}/again", API_BODY_JSON, why_members, entry_again_apply, QUEUES),
    ASK("/v1/jobs", jobs_apply, QUEUES),
    ASK("/v1/jobs/{}", job_apply, QUEUES),
    CHANGE("/v1/jobs", API_BODY_JSON, job_members, job_plan_apply, QUEUES),
    CHANGE("/v1/jobs/{}/start", API_BODY_JSON, start_members, job_start_apply, QUEUES),
    CHANGE("/v1/jobs/{}/stop", API_BODY_OPTIONAL, NULL, job_stop_apply, QUEUES),
    READ("/v1/procedures", procedures_get, SEND),
    READ("/v1/procedures/{}", procedure_get, SEND),
    READ("/v1/types", types_get, DOSSIERS),
    READ("/v1/drafts", drafts_get, SEND),
    READ("/v1/drafts/{}", draft_get, SEND),
    DRAFT("POST", "/v1/drafts", API_BODY_JSON, draft_post),
    DRAFT("PUT", "/v1/drafts/{}", API_BODY_JSON, draft_put),
    DRAFT("DELETE", "/v1/drafts/{}", API_BODY_NONE, draft_delete),
    {"POST", "/v1/uploads", API_KNOWN, API_BODY_JSON, upload_members, NULL, NULL, upload_post, NULL,
     DESK_RIGHT_SEND},
    READ("/v1/uploads/{}", upload_get, SEND),
    {"PUT", "/v1/uploads/{}", API_KNOWN, API_BODY_STREAM, NULL, upload_put_begin, upload_receive,
     NULL, upload_put_apply, DESK_RIGHT_SEND},
    {"DELETE", "/v1/uploads/{}", API_KNOWN, API_BODY_NONE, NULL, NULL, NULL, upload_delete, NULL,
     DESK_RIGHT_SEND},
    {"GET", "/v1/files/{}", API_KNOWN, API_BODY_NONE, NULL, NULL, NULL, NULL, file_apply,
     DESK_RIGHT_DOSSIERS},
    READ("/v1/people", people_get, PEOPLE),
    CHANGE("/v1/people", API_BODY_JSON, person_members, person_post_apply, PEOPLE),
    {"PUT", "/v1/people/{}", API_KNOWN, API_BODY_JSON, change_members, NULL, NULL, NULL,
     person_put_apply, DESK_RIGHT_PEOPLE},
    READ("/v1/audit", audit_get, AUDIT),
    CHANGE("/v1/totp", API_BODY_JSON, totp_members, totp_begin_apply, ACCOUNT),
    {"DELETE", "/v1/totp", API_KNOWN, API_BODY_JSON, totp_members, NULL, NULL, NULL, totp_end_apply,
     DESK_RIGHT_ACCOUNT},
    {"POST", "/v1/totp/confirm", API_KNOWN, API_BODY_JSON, code_members, NULL, NULL, totp_confirm,
     NULL, DESK_RIGHT_ACCOUNT},
    OPEN("/favicon.ico", static_get),
};
