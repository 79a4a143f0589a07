/* api - one HTTP API under every daemon: a table of routes, JSON in and out (libmicrohttpd).
 *
 * Runs in the thread of the owner's core, driven by his loop:
 *
 *   api_new
 *   when api_fd is readable or api_timeout_ms has passed: api_run
 *       reads requests; what the owner answers at once leaves at once
 *   in a step of the core: api_step
 *       calls `apply` of the requests that need one; their connections are suspended
 *   after the commit or its failure: api_settle
 *       their answers leave (commit, then speak: invariant 1)
 *   api_destroy
 *
 * A request:
 *
 *   RECEIVING ──end of body──▶ ANSWERED             [complete], refusals        [api_request.c]
 *       └──────────────────▶ CHANGING ──step──▶ ANSWERED    suspended between   [apply]
 *
 * Who may call, by the door that he comes through (gateway/api/api_listen.h):
 *   Unix socket   whoever the file's mode lets connect
 *   loopback      whoever shows the token of STATE/api.token; Host must be 127.0.0.1 or localhost
 *                 (a page in a browser can make it call us under a name of its own)
 *   TLS           whoever shows the token, or a certificate of `client_ca_file`
 * Where people call with a browser, `people` of the options says who they are, in place of tokens.
 *
 * Refusals are problems of RFC 9457 with the code and the texts of the reason table:
 * {type, title, title_vi, status, code, hint, hint_vi, detail}.
 *
 * Bounds: connections, bytes of a JSON body, time of an idle connection, subscribers and events
 * that are kept for them; uploads are given on in pieces, so memory does not grow with their size.
 * The places are for those who may call. Whoever has not sent a whole head that says so within
 * API_STRANGER_MS loses his connection, and strangers share a few places, of which the oldest goes
 * first (api_places.c). What is refused while its body is still on the way hears so at once, and
 * the rest of the body is read for a while, so that the refusal is not lost (api_request.c).
 *
 * Ownership: options are copied; what they point to outlives the server. A request lives until its
 * answer has left; its owner never releases it.
 */
#pragma once

#include <jansson.h>
#include <sys/types.h>

#include "gateway/api/api_listen.h"
#include "gateway/api/token.h"
#include "proto/base/bytes.h"
#include "proto/base/id.h"
#include "proto/base/key.h"
#include "proto/base/time.h"

enum {
    API_CONNECTIONS_MAX = 64, /* a few programs; each has one or two */
    API_IDLE_SECONDS = 60,
    API_STRANGERS_MAX = 64, /* a token that is on its way must not be overtaken by as many */
    API_STRANGER_MS = 2000,
    API_ARGUMENT_BYTES = 80, /* a digest is 64, a dossier code at most 64 */
    API_DETAIL_BYTES = 192,
    API_PAGE_DEFAULT = 50,
    API_PAGE_MAX = 200,
    API_PAGE_BYTES = 4 * 1024 * 1024, /* documents on one page; the rest is on the next */
    API_RETRY_SECONDS = 1,
    API_SUBSCRIBERS_MAX = 16,
    API_EVENTS_MAX = 1024,      /* that a subscriber who was away for a moment can still hear */
    API_EVENT_BYTES_MAX = 1024, /* a dozen short members, in both languages */
};

/* The statuses that handlers name; a reason has its own. */
enum {
    HTTP_OK = 200,
    HTTP_CREATED = 201,
    HTTP_ACCEPTED = 202,
    HTTP_PARTIAL_CONTENT = 206,
    HTTP_CONFLICT = 409,
    HTTP_LENGTH_REQUIRED = 411,
    HTTP_UNAVAILABLE = 503,
};

struct api;
struct api_request;
struct api_route;
struct jobs;  /* gateway/custody/job.h */
struct store; /* gateway/port/store.h */

enum api_access {
    API_OPEN,  /* anybody; api_is_known says whether he is one of ours */
    API_KNOWN, /* who may call */
    API_LINK,  /* or who shows the link token, also as ?token= */
};

enum api_body {
    API_BODY_NONE,     /* what comes is dropped */
    API_BODY_OPTIONAL, /* one JSON object; none stands for {} */
    API_BODY_JSON,     /* one JSON object */
    API_BODY_STREAM,   /* to `receive`, piece by piece */
};

struct api_route {
    const char *method;
    /* "/v1/inbox/{}/accept": {} is one segment, the argument; "/static/{*}": all that follows. */
    const char *path;
    enum api_access access;
    enum api_body body;
    const char *const *members; /* that the object may have, NULL at the end; NULL: any */
    /* Before the body is read; may answer already. May be NULL. */
    void (*begin)(struct api_request *request);
    /* API_BODY_STREAM: may answer. */
    void (*receive)(struct api_request *request, struct bytes content);
    /* The request is whole: answers. NULL: it waits for a step. */
    void (*complete)(struct api_request *request);
    /* In a step: answers, or is called again in the next one. Nothing leaves before api_settle. */
    void (*apply)(struct api_request *request);
    int which; /* of the things that its handler does: api_which */
};

struct api_header {
    const char *name, *value;
};

/* For a program whose callers are people: a session says who calls, and no token is made or read.
 * All of them may be NULL or 0. */
struct api_people {
    /* On every door: this request is of somebody whom we know. Asked once for each. */
    bool (*knows)(void *context, struct api_request *request);
    /* After that, and before the route sees it: whether he may. Another reason than NONE is the
     * answer; also of routes that are open. */
    enum reason (*admits)(void *context, struct api_request *request);
    enum reason stranger;             /* what a stranger is told; 0: REASON_TOKEN_WRONG */
    const char *public_host;          /* "desk.example.gov.vn:8443", beside 127.0.0.1 on loopback */
    const struct api_header *headers; /* of every answer; ends with a name that is NULL */
    uint32_t connections_max;         /* 0: API_CONNECTIONS_MAX */
    uint32_t subscribers_max;         /* 0: API_SUBSCRIBERS_MAX */
    uint32_t stranger_ms;             /* 0: API_STRANGER_MS */
};

struct api_options {
    const struct api_route *routes;
    size_t route_count;
    void *context; /* the owner's: api_context */
    struct api_doors doors;
    const char *state_directory; /* of api.token, api.port */
    const char *link_token;      /* file's name in it; NULL: none */
    const struct crypto_port *crypto;
    uint32_t descriptors;  /* that the program may have; 0: plenty */
    size_t body_bytes_max; /* of JSON */
    size_t memory_bytes;   /* of a request, for its handlers; zeroed */
    /* What the handlers left in it is given back; may be NULL. */
    void (*release)(struct api_request *request);
    /* In a step: the core takes one more; NULL: always. */
    bool (*has_room)(void *context);
    /* For the handlers that both daemons have: gateway/api/jobs_json.h. */
    struct jobs *jobs;
    struct store *store;
    struct api_people people;
};

/* REASON_FILE_UNREADABLE, REASON_KEY_UNREADABLE: tokens, certificates. REASON_ADDRESS_TAKEN,
 * REASON_SOCKET_TAKEN, REASON_LISTEN_FAILED, REASON_ACCESS_DENIED: a door; ret_what says which, as
 * api_door_describe does. REASON_OUT_OF_MEMORY. */
enum reason api_new(const struct api_options *options, struct api **ret_api,
                    char ret_what[API_WHAT_BYTES]);
/* Those who wait are told "shutting down". */
void api_destroy(struct api **api);
/* Of loopback; 0: not open. */
uint16_t api_port(const struct api *api);
const struct token *api_link_token(const struct api *api);

int api_fd(const struct api *api);
/* -1: nothing to do before the fd is readable. */
int api_timeout_ms(const struct api *api);
void api_run(struct api *api, mono_t now);
/* Something waits for a step. */
bool api_has_changes(const struct api *api);
void api_step(struct api *api);
/* REASON_NONE: the step is committed. */
void api_settle(struct api *api, enum reason reason);

/* How many connections there may be. */
struct api_bounds {
    uint32_t known, strangers;
    uint32_t connections; /* both, and a few that are being closed */
};
/* With that many descriptors for the whole program: what is left when everything else has its. */
struct api_bounds api_bounds_of(uint32_t descriptors, uint32_t connections_max);

/* ---- events ----------------------------------------------------------------------------------
 *
 * GET /v1/events of a daemon whose routes have api_events_get as `complete`. Each event has an id;
 * who comes back with it in Last-Event-ID hears what he missed, or "reset": then he has missed some
 * and reads the lists anew. The first that a new listener hears is "begin".
 */
void api_events_get(struct api_request *request);
/* Somebody listens, or did a moment ago. */
bool api_wants_events(const struct api *api);
/* data: JSON on one line; of what is on disk (invariant 1). One that could not be written,
 * {NULL, 0}, or is larger than API_EVENT_BYTES_MAX, is a reset for those who listen. */
void api_publish(struct api *api, struct bytes data);
/* Ends the streams of those of whom is_over (with the options' context) says that they may listen
 * no longer. */
void api_events_part(struct api *api, bool (*is_over)(void *context, struct api_request *request));

/* ---- a request ------------------------------------------------------------------------------ */

void *api_context(const struct api_request *request);
const char *api_method(const struct api_request *request);
/* It came over TLS. */
bool api_is_secure(const struct api_request *request);
/* It came over the Unix socket. */
bool api_is_by_socket(const struct api_request *request);
/* Where the connection comes from, without its port: "127.0.0.1"; "" on a Unix socket. */
enum { API_PEER_BYTES = 48 };
void api_peer(const struct api_request *request, char ret_text[API_PEER_BYTES]);
struct jobs *api_jobs(const struct api_request *request);
struct store *api_store(const struct api_request *request);
/* memory_bytes of the options. */
void *api_memory(struct api_request *request);
const char *api_argument(const struct api_request *request);
int api_which(const struct api_request *request);
/* The object that was sent; NULL for a route without. */
json_t *api_json(const struct api_request *request);
bool api_is_answered(const struct api_request *request);
/* The caller has shown that he may. */
bool api_is_known(const struct api_request *request);

/* NULL: not there. */
const char *api_header(const struct api_request *request, const char *name);
/* Of several headers of that name the last one. */
const char *api_header_last(const struct api_request *request, const char *name);
const char *api_query(const struct api_request *request, const char *name);
/* False (and answered) when it is there and is not a number of that range. */
bool api_query_number(struct api_request *request, const char *name, uint64_t fallback,
                      uint64_t max, uint64_t *ret_number);
/* False (and answered) when it is there and is not a participant's key. */
bool api_query_key(struct api_request *request, const char *name, struct key *ret_key);
/* The message that the argument names, and ?sender=; *ret_sender is left alone without. False:
 * answered. */
bool api_message_named(struct api_request *request, struct message_id *ret_id,
                       struct key *ret_sender);
/* The cursor of a list of entries, as "next" gave it: "SEQ-DESTINATION". Left alone when there is
 * none; false (and answered) when it is something else. */
enum { API_CURSOR_BYTES = 64 };
bool api_query_cursor(struct api_request *request, uint64_t *ret_seq, struct key *ret_destination);
void api_cursor_print(uint64_t seq, const struct key *destination, char ret_text[API_CURSOR_BYTES]);
/* The length that was declared; false: none was. */
bool api_content_length(const struct api_request *request, uint64_t *ret_bytes);
/* Only these members, a list that ends with NULL. False: answered. */
bool api_has_only(struct api_request *request, json_t *object, const char *const *names);

/* A member that is true or false and nothing that looks like it: "false" or 0 read as false would
 * end a hold that was to be made. Left alone when it is not there and need not be. False: answered.
 */
bool api_take_flag(struct api_request *request, const char *name, bool is_needed, bool *ret_flag);

/* ---- its answer: the last one counts ----------------------------------------------------------
 */

/* json is taken over; NULL stands for lack of memory. */
void api_answer_json(struct api_request *request, unsigned status, json_t *json);
/* Of what was read: json when it could be, or why not; it is taken over in both cases. */
void api_answer_read(struct api_request *request, enum reason reason, json_t *json);
/* 204 */
void api_answer_nothing(struct api_request *request);
/* Copied. */
void api_answer_bytes(struct api_request *request, const char *media_type, struct bytes bytes);
/* read: at least one byte from position on, or -1: the connection is cut. release(context) when
 * nobody reads any more. */
typedef ssize_t api_read(void *context, uint64_t position, char *ret_content, size_t capacity);
void api_answer_stream(struct api_request *request, unsigned status, uint64_t size_bytes,
                       api_read *read, void *context, void (*release)(void *context));
/* Of what comes from elsewhere: read may answer 0 while there is nothing, and is asked again after
 * api_stream_wake, which is called until release was. NULL: answered, and released. */
struct api_stream;
struct api_stream *api_answer_slowly(struct api_request *request, unsigned status,
                                     uint64_t size_bytes, api_read *read, void *context,
                                     void (*release)(void *context));
void api_stream_wake(struct api_stream *stream);
/* Lives as long as the program; not copied. */
void api_answer_lasting(struct api_request *request, const char *media_type, struct bytes bytes);
/* After one of the above; takes the place of a header of that name. */
void api_answer_header(struct api_request *request, const char *name, const char *value);
/* detail: the field at fault or the like, never content; may be NULL. */
void api_answer_reason(struct api_request *request, enum reason reason, const char *detail);
/* The same under another status than the reason's own. */
void api_answer_refusal(struct api_request *request, unsigned status, enum reason reason,
                        const char *detail);
