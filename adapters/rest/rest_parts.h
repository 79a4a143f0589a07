/* rest_parts - what the two files of the rest kind share. Nobody else includes this.
 *
 *   rest_office.c   the calls: who is in which step, and what follows from a reply
 *   rest_mapping.c  what is asked of the mapping, and its answers made safe
 */
#pragma once

#include "adapters/http/said_request.h"
#include "adapters/rest/rest_office.h"

enum rest_step { REST_QUEUED = 0, REST_LOOKING, REST_CALLING, REST_CONFIRMING, REST_LOGGING_IN };

struct rest_office;

/* Of the loop's time, that the mapping has in one turn. With the run that passes it, and a new
 * process after it, far below what a silent link is given (PEER_SILENT_MS). */
enum { REST_TURN_MS = 500 };

struct rest_call {
    struct rest_office *office;
    uint64_t message_seq;
    uint32_t attempt;
    char id[MESSAGE_ID_TEXT_BYTES];
    json_t *message;
    enum rest_step step;
    enum rest_step after_login;
    bool has_logged_in;
    unsigned steps;
    struct rest_call *next;
};

struct rest_office {
    struct office office;
    char *base_url;
    json_t *credentials;
    json_t *session; /* what the last login gave; NULL: none */
    struct mapping *mapping;
    int64_t mapping_ms; /* that it took in this turn */
    struct http_client *http;
    uint32_t calls_max;
    int epoll; /* http's descriptor and wake */
    int wake;
    struct rest_call *calls;
    size_t call_count;
    /* during run */
    office_answered *answered;
    void *context;
};

/* A verdict of the mapping, bounded. The texts belong to json. */
struct rest_verdict {
    enum reason reason;
    enum failure_ground ground; /* whose word it is */
    struct bytes office_reference;
    struct bytes text;
    json_t *json; /* to be released with json_decref */
};

enum rest_plan_kind {
    REST_PLAN_REQUEST,
    REST_PLAN_VERDICT, /* no request is needed */
    REST_PLAN_LOGIN,
    REST_PLAN_NONE, /* the dialect has no such operation */
};

struct rest_plan {
    enum rest_plan_kind kind;
    struct rest_verdict verdict;
    struct said_request request;
    json_t *json; /* what the mapping said */
};

/* Asks the mapping for the request of this step. REASON_NONE: ret_plan is to be released. */
enum reason rest_plan_make(struct rest_call *call, const char *purpose, struct rest_plan *ret_plan);
void rest_plan_release(struct rest_plan *plan);

/* Asks the mapping what a reply says, and judges its word and the status together (reply_judge). */
void rest_verdict_make(struct rest_call *call, const char *purpose, const struct http_reply *reply,
                       struct rest_verdict *ret_verdict);
