/* api_parts - what the files of the API share. Nobody else includes this.
 *
 *   api.c           life cycle, driven by the loop
 *   api_listen.c    the doors' sockets
 *   api_tls.c       the door over TLS: its certificates, and whose the client's is
 *   api_callers.c   how often who may connect over TLS
 *   api_places.c    whose the connections are
 *   api_route.c     which path is whose
 *   api_request.c   a request from its head to its answer
 *   api_answer.c    answers and refusals
 *   api_argument.c  what a request says: headers, query, JSON
 *   api_events.c    what happens, to whoever listens
 *   api_stream.c    answers whose bytes come from elsewhere
 */
#pragma once

#include <microhttpd.h>

#include "gateway/api/api.h"
#include "gateway/api/api_callers.h"
#include "gateway/workers/unix_socket.h"

/* MHD is asked to start a daemon for each. */
enum api_door_kind { API_DOOR_UNIX, API_DOOR_LOOPBACK, API_DOOR_TLS, API_DOORS };

struct api_door {
    struct api *api;
    enum api_door_kind kind;
    struct MHD_Daemon *daemon; /* NULL: not open */
};

enum api_stage { API_RECEIVING = 0, API_CHANGING, API_ANSWERED };

struct api_request {
    struct api *api;
    const struct api_door *door;
    struct MHD_Connection *connection;
    const struct api_route *route;
    enum api_stage stage;
    bool is_suspended, is_applied;
    bool is_known;
    bool is_expecting;  /* the client waits for a word before it sends its body */
    bool is_early;      /* the answer has left while the body was still on the way */
    mono_t early_until; /* the rest of the body is read so long */
    char argument[API_ARGUMENT_BYTES];
    struct buffer body;
    uint64_t received;
    json_t *json;
    unsigned status;
    struct MHD_Response *response;
    char *text;               /* that the response is made of; NULL: it has its own */
    struct api_request *next; /* of the list that its stage belongs to */
    _Alignas(max_align_t) uint8_t memory[];
};

struct api_subscriber;

/* The last ones, by number; with an epoch of its own for each run of the program they have ids. */
struct api_events {
    char epoch[17];
    char *texts[API_EVENTS_MAX]; /* number n at n % API_EVENTS_MAX */
    uint64_t first, next;        /* kept are first … next - 1 */
    struct api_subscriber *subscribers;
    uint32_t subscriber_count;
    mono_t kept_until; /* without a subscriber */
    bool is_deaf;      /* nothing is kept: nobody listens */
    bool are_over;
};

struct api {
    struct api_options options;
    struct unix_socket unix_socket;
    struct api_door doors[API_DOORS];
    int epoll;
    uint16_t port;
    struct token token, link_token;
    mono_t now;
    bool is_ending;               /* no step will come any more */
    struct api_request *changing; /* oldest first */
    struct api_bounds bounds;
    uint32_t stranger_ms;
    struct api_place *places; /* oldest first */
    uint32_t known_count, stranger_count;
    struct api_events events;
    struct api_stream *streams;
    struct api_callers callers;
};

/* ---- api_places.c */
/* For MHD_OPTION_NOTIFY_CONNECTION; context: a struct api_door. */
void api_place_changed(void *context, struct MHD_Connection *connection, void **place_memory,
                       enum MHD_ConnectionNotificationCode what);
/* For the accept policy of the door over TLS; context: a struct api_door. */
enum MHD_Result api_place_ask(void *context, const struct sockaddr *address, socklen_t size);
/* This request may call: its connection is one of ours. False: there are as many as may be. */
bool api_place_know(struct api_request *request);
/* This request waits for us (true), or was answered: meanwhile its connection is nobody's to end,
 * whosever it is, and afterwards there is time for the answer to leave. */
void api_place_wait(const struct api_request *request, bool is_waiting);
/* Ends strangers whose time is over, and the oldest when they are too many. */
void api_places_end(struct api *api);
/* Until the next one's time is over; -1: nobody's. */
int api_places_timeout_ms(const struct api *api);

/* ---- api_events.c */
void api_events_init(struct api_events *events);
void api_events_run(struct api *api);
/* Until somebody must hear that we are here; -1: nobody listens. */
int api_events_timeout_ms(const struct api *api);
/* Their streams end with the next run of the doors; after that: api_events_release. */
void api_events_end(struct api *api);
void api_events_release(struct api *api);

/* ---- api_stream.c */
/* They are cut with the next run of the doors. */
void api_streams_end(struct api *api);

/* ---- api_route.c */
/* The route, and the segment of the path that is its argument. NULL: no such path (ret_allowed "")
 * or not by this method: then ret_allowed lists those that are. */
enum { API_METHODS_BYTES = 64 };
const struct api_route *api_route_find(const struct api *api, const char *method, const char *path,
                                       char ret_argument[API_ARGUMENT_BYTES],
                                       char ret_allowed[API_METHODS_BYTES]);

/* ---- api_request.c */
/* MHD's callbacks. */
enum MHD_Result api_handle(void *door, struct MHD_Connection *connection, const char *path,
                           const char *method, const char *version, const char *content,
                           size_t *content_size, void **memory);
void api_request_completed(void *door, struct MHD_Connection *connection, void **memory,
                           enum MHD_RequestTerminationCode code);
void api_request_resume(struct api_request *request);

/* ---- api_argument.c */
/* The body as its route wants it. False: answered. */
bool api_read_json(struct api_request *request);
/* Bearer of the head; {NULL, 0}: none. */
struct bytes api_bearer(const struct api_request *request);

/* ---- api_tls.c */
struct api_tls {
    char *certificate, *key, *client_ca; /* PEM; client_ca NULL: none */
};
/* REASON_FILE_UNREADABLE, REASON_KEY_UNREADABLE. */
enum reason api_tls_load(const struct api_doors *doors, struct api_tls *ret_tls);
void api_tls_release(struct api_tls *tls);
/* The client has shown a certificate of client_ca_file that is good now. */
bool api_tls_is_known(struct MHD_Connection *connection);
/* Writes past MHD, on whatever door, and ends our half of the connection. */
void api_send_last(const struct api_request *request, struct bytes bytes);
