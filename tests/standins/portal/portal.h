/* portal - a stand-in for the national public service portal, as a program of the sandbox province.
 *
 *     adapter ──HTTP──▶ portal_http.c ─┬─▶ portal_province.c ─┬─▶ portal_batch.c ─▶ portal_store.c
 *                            │         ├─▶ portal_ministry.c ─┘         │             portal.sqlite
 *                            │         └─▶ portal_catalogue.c           └─▶ portal_fields.c: strict
 *                            └─ /control ─▶ portal_trouble.c: how it is to misbehave
 *
 * It knows nothing of the gateway. It takes what the documented interfaces allow, in both dialects,
 * refuses everything else by code, and writes down each call and each entry in the order of their
 * coming (portal_store.h), so that a test can compare both sides record by record. It is not
 * idempotent: what it is sent twice it takes twice, and counts.
 *
 * Paths of the province: POST /auth/login, POST /integration (also /share). Of the ministries:
 * /ministry/token, GetNextValue, UploadFile, NoiHoSo, CapNhatTienTrinh, CapNhatTrangThai,
 * TraCuuHoSo. For tests: GET, POST, DELETE /control (plans of portal_trouble.h; gone when the
 * process ends), GET /figures.
 *
 * One thread for each connection; the store has its lock, sessions and troubles have the one here.
 * Addresses of the loopback interface only.
 */
#pragma once

#include <jansson.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "tests/standins/portal/portal_store.h"
#include "tests/standins/portal/portal_trouble.h"
#include "proto/base/bytes.h"
#include "proto/seal/sha256.h"
#include "routing/registry/registry.h"

enum {
    PORTAL_SESSIONS_MAX = 32, /* of adapters, commands and tests at one time; the oldest goes */
    PORTAL_SESSION_BYTES = 33,
    PORTAL_FILE_BYTES_MAX = 100 * 1000 * 1000,
    PORTAL_REQUEST_BYTES_MAX = 8 * 1024 * 1024, /* 100 dossiers with their lists */
};

struct portal_options {
    const char *directory; /* portal.sqlite and portal.port are made in it */
    uint16_t port;         /* 0: a free one */
    const char *user, *password;
    const char *destination; /* what the header dstcode must say */
    const char *unit;        /* what madonvi must say; NULL: anything */
    uint32_t session_seconds;
    const char *catalogue; /* a registry's directory; NULL: three made-up rows of each */
};

struct portal_session {
    char text[PORTAL_SESSION_BYTES]; /* "": free */
    int64_t until_ms;
};

struct portal {
    struct portal_options options;
    struct portal_store *store;
    struct registry *registry; /* NULL without a catalogue */
    struct MHD_Daemon *daemon;
    pthread_mutex_t lock; /* sessions, troubles, is_stopping */
    pthread_cond_t stop;
    bool is_stopping;
    struct portal_session sessions[PORTAL_SESSIONS_MAX];
    size_t next_session;
    struct troubles troubles;
};

/* One request, whole. */
struct portal_request {
    struct MHD_Connection *connection;
    const char *method, *url;
    struct buffer body;
    bool is_file; /* an upload: hashed, not kept */
    struct sha256 hash;
    uint64_t file_size_bytes;
};

enum portal_manner { REPLY_JSON, REPLY_PAGE, REPLY_CUT /* the connection is closed without one */ };
struct portal_reply {
    unsigned int status;
    json_t *document; /* owned; NULL: no body */
    enum portal_manner manner;
};

/* portal_http.c */
bool portal_http_start(struct portal *portal);
void portal_http_stop(struct portal *portal);
/* A header or a query value; "" when it is not there. */
const char *portal_header(const struct portal_request *request, const char *name);
const char *portal_query(const struct portal_request *request, const char *name);
/* {"error_code","message","result"}; takes the result. */
struct portal_reply portal_say(unsigned int status, const char *error_code, const char *message,
                               json_t *result);
int64_t portal_wall_ms(void);
/* False when the program is to stop. */
bool portal_wait(struct portal *portal, uint32_t milliseconds);

/* portal_session.c: sessions of the province and tokens of the ministries are one thing. */
bool portal_session_open(struct portal *portal, char ret_session[PORTAL_SESSION_BYTES]);
bool portal_session_is_open(struct portal *portal, const char *session);
void portal_session_close(struct portal *portal, const char *session);

/* portal_province.c */
struct portal_reply portal_province_login(struct portal *portal, struct portal_request *request);
struct portal_reply portal_province_call(struct portal *portal, struct portal_request *request);

/* portal_ministry.c; path: behind /ministry/ */
struct portal_reply portal_ministry_call(struct portal *portal, struct portal_request *request,
                                         const char *path);

/* portal_catalogue.c: the answer's result; NULL: no such service. */
json_t *portal_catalogue(const struct portal *portal, const char *service, const char *procedure,
                         bool is_changed);

/* portal_batch.c: many entries, one transaction, one answer for each. */
struct portal_batch {
    enum portal_dialect dialect;
    const char *service;
    enum portal_action action;
    const json_t *entries; /* an array */
    bool (*is_faulty)(const json_t *entry, struct portal_fault *ret_fault);
    const char *state_field;
    const char *number_field; /* must hold the dossier's number; NULL: it has none */
    struct trouble_hit hit;
};
/* Draws a trouble for this call, and waits where it is one of time. */
struct trouble_hit portal_draw(struct portal *portal, enum portal_call call, size_t entries);
/* Applies; *ret_result is the list of results, *ret_code the code of the whole. */
void portal_batch_apply(struct portal *portal, const struct portal_batch *batch,
                        json_t **ret_result, const char **ret_code);
/* Writes down a call of which nothing is applied. */
void portal_note_call(struct portal *portal, enum portal_dialect dialect, const char *service,
                      size_t entries, const char *error_code, struct trouble_hit hit);
/* What a trouble makes of a good reply to a call that was applied. */
struct portal_reply portal_spoil(struct portal *portal, struct trouble_hit hit,
                                 struct portal_reply reply);
/* True when the trouble answers instead of the call: *ret_code; "" for HTTP 500 and a page. */
bool portal_is_turned_away(struct trouble_hit hit, const char **ret_code);
