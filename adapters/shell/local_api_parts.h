/* local_api_parts - what the files of the local API share. Nobody else includes this.
 *
 *   local_api.c              the HTTP server, requests from begin to answer
 *   local_api_places.c       whose the connections are
 *   local_api_route.c        which path is whose
 *   local_api_answer.c       answers and refusals
 *   local_api_attachments.c  uploads and downloads
 *   local_api_change.c       submit, accept, refuse, hold, release, withdraw
 *   local_api_read.c         inbox, one message, health
 *   local_api_queues.c       queues
 *   local_api_dossier.c      a dossier's history
 *   local_api_receipt.c      where a message went and where it is, what its receipts say
 *
 * A request:
 *
 *   RECEIVING ──end of body──▶ ANSWERED             reads, refusals        [route->complete]
 *       └──────────────────▶ CHANGING ──step──▶ ANSWERED    suspended between [local_api_settle]
 */
#ifndef ADAPTERS_SHELL_LOCAL_API_PARTS_H
#define ADAPTERS_SHELL_LOCAL_API_PARTS_H

#include <jansson.h>
#include <microhttpd.h>

#include "adapters/shell/local_api.h"

enum {
    API_ARGUMENT_BYTES = 80, /* a digest is 64, a dossier code at most 64 */
    API_DETAIL_BYTES = 192,
    API_PAGE_DEFAULT = 50,
    API_PAGE_MAX = 200,
    API_PAGE_BYTES = 4 * 1024 * 1024, /* documents on one page; the rest is on the next */
    API_RETRY_SECONDS = 1,
};

struct api_request;

enum api_access { API_OPEN, API_TOKEN, API_LINK /* or the office's token */ };

struct api_route {
    const char *method;
    const char *prefix; /* "/v1/inbox/"; what follows is the argument, when takes_argument */
    const char *suffix; /* "/accept"; "" */
    bool takes_argument;
    enum api_access access;
    bool takes_upload; /* body goes to disk */
    /* Before the body is read; may answer already. May be NULL. */
    void (*begin)(struct api_request *request);
    /* The request is whole. */
    void (*complete)(struct api_request *request);
    /* In a step; only for requests that complete left CHANGING. */
    void (*apply)(struct api_request *request);
};

enum api_stage { API_RECEIVING = 0, API_CHANGING, API_ANSWERED };

struct api_upload {
    struct digest digest;   /* POST: known when the whole is there */
    struct digest stand_in; /* at the blobs store */
    bool is_digest_known;   /* PUT */
    bool is_begun;          /* at the blobs store */
    uint64_t size_bytes;    /* PUT: declared; POST: when it is whole */
    uint64_t position;
};

struct api_request {
    struct local_api *api;
    struct MHD_Connection *connection;
    const struct api_route *route;
    enum api_stage stage;
    bool is_suspended;
    bool may_answer_early; /* the client waits for a word before it sends its body */
    bool is_applied;
    char argument[API_ARGUMENT_BYTES];
    struct buffer body;
    uint64_t received;
    json_t *json;
    struct api_upload upload;
    unsigned status;
    struct MHD_Response *response;
    struct api_request *next; /* of the list that its stage belongs to */
};

struct local_api {
    struct local_api_options options;
    struct MHD_Daemon *daemon;
    int fd;
    uint16_t port;
    wall_t now;
    struct token token;
    struct token office_token;
    struct message_links own_links;    /* without a token: whoever asks has one */
    struct message_links office_links; /* with the office's */
    struct arena arena;                /* of one request's moment */
    struct api_request *changing;      /* oldest first */
    enum reason office_trouble;
    mono_t mono;
    struct local_api_bounds bounds;
    struct api_place *places; /* oldest first */
    uint32_t known_count, stranger_count;
};

/* ---- local_api_places.c */
/* For MHD_OPTION_NOTIFY_CONNECTION. */
void api_place_changed(void *context, struct MHD_Connection *connection, void **place_memory,
                       enum MHD_ConnectionNotificationCode what);
/* This request has shown a token: its connection is one of the participant's. False: there are as
 * many as may be. */
bool api_place_know(struct api_request *request);
/* Ends strangers whose time is over, and the oldest when they are too many. */
void api_places_end(struct local_api *api);
/* Until the next one's time is over; -1: nobody's. */
int api_places_timeout_ms(const struct local_api *api);

/* ---- local_api_route.c */
/* The route, and the part of the path that is its argument. NULL: no such path. */
const struct api_route *api_route_find(const char *method, const char *path,
                                       char ret_argument[API_ARGUMENT_BYTES]);

/* ---- local_api_answer.c */
/* json is taken over; NULL stands for lack of memory. */
void api_answer_json(struct api_request *request, unsigned status, json_t *json);
void api_answer_bytes(struct api_request *request, struct bytes bytes);
void api_answer_response(struct api_request *request, unsigned status,
                         struct MHD_Response *response);
/* detail: a path in the request or the like, never content; may be NULL. */
void api_answer_reason(struct api_request *request, enum reason reason, const char *detail);
/* The same under another status than the reason's own. */
void api_answer_refusal(struct api_request *request, unsigned status, enum reason reason,
                        const char *detail);

/* ---- arguments of the query, and of the path */
const char *api_query(const struct api_request *request, const char *name);
/* False (and answered) when it is there and is not a number of that range. */
bool api_query_number(struct api_request *request, const char *name, uint64_t fallback,
                      uint64_t max, uint64_t *ret_number);
/* False (and answered) when it is there and is not a participant's key. */
bool api_query_key(struct api_request *request, const char *name, struct key *ret_key);
/* The message that the path names, from ?sender= or from anybody. False (and answered). */
bool api_find_message(struct api_request *request, struct store_message *ret_message);
/* By id alone, whoever sent it: ourselves, the gateway, anybody registered. */
enum reason api_find_anybodys(const struct local_api *api, const struct message_id *id,
                              struct store_message *ret_message);

/* Everybody who said something about a message of ours: the gateway, and whoever it may have gone
 * to. *place starts at 0 and is the walk's own. False at the end. */
bool api_next_outcome(const struct local_api *api, const struct store_message *message,
                      size_t *place, struct key *ret_about, struct outcome *ret_outcome);

/* "text": a person's remark in the receipt about this message, if there is one. Resets the arena.
 * False when memory is short. */
bool api_put_receipt_text(const struct local_api *api, json_t *object,
                          const struct message_id *message_id, const struct outcome *outcome);
/* "state" and "state_vi": what a receipt of this type says of its message. */
bool api_put_told(json_t *object, uint32_t receipt_type);
/* Where a message is, in one word for people: "state", "state_vi", since when ("state_time") and
 * why ("reason…", "text"). Of ours it follows the receipt that ended it; until then it is "custody"
 * once the gateway has it, which is not delivery (invariant 9), and before that what the entry
 * says. Resets the arena and may read the store. False when memory is short. */
bool api_put_state(const struct local_api *api, json_t *object, const struct store_message *message,
                   const struct key *recipient, const struct entry *entry);
/* Who gets, or got, a message of ours: as we named it, or as a receipt says, or (ret_is_expected)
 * as our copy of the registry would have it. None when nothing is known. */
struct key api_recipient(const struct local_api *api, const struct store_message *message,
                         bool *ret_is_expected);

/* ---- handlers */
void attachment_put_begin(struct api_request *request);
void attachment_post_begin(struct api_request *request);
void attachment_receive(struct api_request *request, struct bytes content);
void attachment_complete(struct api_request *request);
void attachment_get(struct api_request *request);
void attachment_release(struct api_request *request);

void submit_complete(struct api_request *request);
void submit_apply(struct api_request *request);
void accept_complete(struct api_request *request);
void accept_apply(struct api_request *request);
void refuse_apply(struct api_request *request);
void operate_complete(struct api_request *request);
void hold_apply(struct api_request *request);
void release_apply(struct api_request *request);
void withdraw_apply(struct api_request *request);

void inbox_get(struct api_request *request);
void message_get(struct api_request *request);
void document_get(struct api_request *request);
void signature_get(struct api_request *request);
void manifest_get(struct api_request *request);
void health_get(struct api_request *request);
void queues_get(struct api_request *request);
void dossier_get(struct api_request *request);

/* True when the request carries the full token. */
bool api_has_token(const struct api_request *request);

#endif
