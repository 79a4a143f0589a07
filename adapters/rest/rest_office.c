/* The kind "rest": one call of the office for each message, each a small walk of steps.
 *
 *    QUEUED ─first attempt─▶ CALLING ─▶ the office's word
 *       └─a later one─▶ LOOKING ─absent─▶ CALLING ─"exists"─▶ CONFIRMING
 *    any step ─no session─▶ LOGGING_IN ─▶ the step before, once
 *
 * An attempt after the first asks before it calls, because the attempt before may have reached the
 * office and lost its answer (invariant 5: once at the back office). The number of steps is
 * bounded, so that a mapping that sends a call in circles ends as a failure within the lease. */
#include "adapters/rest/rest_office.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "adapters/rest/rest_parts.h"
#include "adapters/http/http_status.h"
#include "proto/base/check.h"

/* ---- the end of a call ----------------------------------------------------------------------- */

static void call_remove(struct rest_call *call)
{
    struct rest_office *office = call->office;
    for (struct rest_call **at = &office->calls; *at != NULL; at = &(*at)->next) {
        if (*at == call) {
            *at = call->next;
            office->call_count--;
            break;
        }
    }
    json_decref(call->message);
    free(call);
}

static void call_end(struct rest_call *call, const struct office_answer *answer)
{
    struct rest_office *office = call->office;
    struct office_answer whole = *answer;
    whole.message_seq = call->message_seq;
    office->answered(office->context, &whole);
    call_remove(call);
}

static void call_fail(struct rest_call *call, enum reason reason, enum failure_ground ground,
                      uint32_t retry_after_ms)
{
    call_end(call, &(struct office_answer){
                       .reason = reason, .ground = ground, .retry_after_ms = retry_after_ms});
}

static void call_end_with(struct rest_call *call, const struct rest_verdict *verdict,
                          uint32_t retry_after_ms)
{
    struct office_answer answer = {.reason = verdict->reason,
                                   .ground = verdict->ground,
                                   .retry_after_ms = retry_after_ms,
                                   .office_reference = verdict->office_reference,
                                   .text = verdict->text};
    call_end(call, &answer);
}

/* ---- steps ----------------------------------------------------------------------------------- */

static void enter(struct rest_call *call, enum rest_step step);
static void take_reply(void *context, const struct http_reply *reply);
static void take_verdict(struct rest_call *call, const struct rest_verdict *verdict,
                         uint32_t retry_after_ms);

static const char *purpose_of(enum rest_step step)
{
    switch (step) {
    case REST_LOOKING:
    case REST_CONFIRMING:
        return "lookup";
    case REST_LOGGING_IN:
        return "login";
    default:
        return "call";
    }
}

/* The dialect has no such operation. */
static void without_operation(struct rest_call *call)
{
    switch (call->step) {
    case REST_LOOKING: /* the office must know duplicates itself: it has the id */
        enter(call, REST_CALLING);
        return;
    case REST_CONFIRMING:
        call_fail(call, REASON_OFFICE_DUPLICATE, FAILURE_TRANSPORT, 0);
        return;
    case REST_LOGGING_IN:
        call_fail(call, REASON_OFFICE_LOGIN, FAILURE_OURS, 0);
        return;
    default:
        call_fail(call, REASON_OFFICE_NOT_FOUND, FAILURE_RULE, 0); /* the dialect says so */
    }
}

/* Once in a call: an office that turns down the session which it has just opened would be asked
 * without end. */
static void log_in(struct rest_call *call)
{
    if (call->has_logged_in) {
        call_fail(call, REASON_OFFICE_LOGIN, FAILURE_TRANSPORT, 0);
        return;
    }
    call->has_logged_in = true;
    call->after_login = call->step;
    enter(call, REST_LOGGING_IN);
}

static void send_request(struct rest_call *call, const struct rest_plan *plan)
{
    struct http_request request = said_request_http(&plan->request);
    enum reason reason = http_client_start(call->office->http, &request, take_reply, call);
    if (reason != REASON_NONE)
        call_fail(call, reason, FAILURE_OURS, 0);
}

/* The only assignment to .step. */
static void enter(struct rest_call *call, enum rest_step step)
{
    struct rest_plan plan;
    call->step = step;
    if (++call->steps > OFFICE_STEPS_MAX) {
        call_fail(call, REASON_OFFICE_UNKNOWN, FAILURE_TRANSPORT, 0);
        return;
    }
    enum reason reason = rest_plan_make(call, purpose_of(step), &plan);
    if (reason != REASON_NONE) {
        call_fail(call, reason, FAILURE_OURS, 0);
        return;
    }
    if (plan.kind == REST_PLAN_REQUEST)
        send_request(call, &plan);
    else if (plan.kind == REST_PLAN_VERDICT)
        take_verdict(call, &plan.verdict, 0);
    else if (plan.kind == REST_PLAN_LOGIN && step != REST_LOGGING_IN)
        log_in(call);
    else
        without_operation(call);
    rest_plan_release(&plan);
}

/* ---- replies --------------------------------------------------------------------------------- */

static void take_call_reply(struct rest_call *call, const struct rest_verdict *verdict,
                            uint32_t retry_after_ms)
{
    if (reason_class(verdict->reason) == REASON_CLASS_DUPLICATE)
        enter(call, REST_CONFIRMING);
    else
        call_end_with(call, verdict, retry_after_ms);
}

/* Whether it is there. A lookup that failed decides nothing: the attempt failed with its reason.
 * Nor does one that somebody else answered: "not there" is the dialect's word about a body that it
 * knows, otherwise the message would be sent a second time on a proxy's word. */
static void take_lookup_reply(struct rest_call *call, const struct rest_verdict *verdict,
                              uint32_t retry_after_ms)
{
    bool is_absent = verdict->reason == REASON_NOT_FOUND && failure_ground_is_sure(verdict->ground);
    if (is_absent && call->step == REST_LOOKING)
        enter(call, REST_CALLING);
    else if (is_absent)
        call_fail(call, REASON_OFFICE_DUPLICATE, FAILURE_TRANSPORT, 0);
    else if (reason_class(verdict->reason) == REASON_CLASS_PERMANENT) /* a question is no message */
        call_fail(call, REASON_OFFICE_UNKNOWN, FAILURE_TRANSPORT, 0);
    else
        call_end_with(call, verdict, retry_after_ms);
}

static void take_login_reply(struct rest_call *call, const struct rest_verdict *verdict,
                             uint32_t retry_after_ms)
{
    struct rest_office *office = call->office;
    bool is_wrong = reason_class(verdict->reason) == REASON_CLASS_PERMANENT;
    if (verdict->reason != REASON_NONE) {
        call_fail(call, is_wrong ? REASON_OFFICE_LOGIN : verdict->reason, FAILURE_TRANSPORT,
                  retry_after_ms);
        return;
    }
    json_decref(office->session);
    office->session = json_incref(json_object_get(verdict->json, "session"));
    enter(call, call->after_login);
}

static void take_verdict(struct rest_call *call, const struct rest_verdict *verdict,
                         uint32_t retry_after_ms)
{
    if (call->step == REST_LOGGING_IN)
        take_login_reply(call, verdict, retry_after_ms);
    else if (reason_class(verdict->reason) == REASON_CLASS_SESSION)
        log_in(call);
    else if (call->step == REST_CALLING)
        take_call_reply(call, verdict, retry_after_ms);
    else
        take_lookup_reply(call, verdict, retry_after_ms);
}

static void take_reply(void *context, const struct http_reply *reply)
{
    struct rest_call *call = context;
    struct rest_verdict verdict;
    if (reply->reason != REASON_NONE) {
        call_fail(call, reply->reason, http_transfer_ground(reply->reason), reply->retry_after_ms);
        return;
    }
    rest_verdict_make(call, purpose_of(call->step), reply, &verdict);
    take_verdict(call, &verdict, reply->retry_after_ms);
    json_decref(verdict.json);
}

/* ---- the port -------------------------------------------------------------------------------- */

static void rest_close(struct office *base)
{
    struct rest_office *office = (struct rest_office *)base;
    http_client_destroy(&office->http);
    while (office->calls != NULL)
        call_remove(office->calls);
    mapping_destroy(&office->mapping);
    json_decref(office->credentials);
    json_decref(office->session);
    if (office->wake >= 0)
        (void)close(office->wake);
    if (office->epoll >= 0)
        (void)close(office->epoll);
    free(office->base_url);
    free(office);
}

static enum reason rest_start(struct office *base, const struct office_delivery *delivery)
{
    struct rest_office *office = (struct rest_office *)base;
    struct rest_call **last = &office->calls;
    for (; *last != NULL; last = &(*last)->next) {
        if ((*last)->message_seq == delivery->message_seq)
            return REASON_NONE; /* under way; its answer will do for both */
    }
    if (office->call_count >= office->calls_max)
        return REASON_BUSY;
    struct rest_call *call = calloc(1, sizeof *call);
    if (call == NULL)
        return REASON_OUT_OF_MEMORY;
    *call = (struct rest_call){.office = office,
                               .message_seq = delivery->message_seq,
                               .attempt = delivery->attempt,
                               .message = json_incref(delivery->message)};
    id_format(&delivery->id, call->id);
    *last = call;
    office->call_count++;
    (void)eventfd_write(office->wake, 1);
    return REASON_NONE;
}

static int rest_fd(const struct office *base)
{
    return ((const struct rest_office *)base)->epoll;
}

/* A mapping computes on the loop's thread. After REST_TURN_MS of it the calls that are left wait
 * for the next turn, so that link and API have theirs. */
static void rest_run(struct office *base, office_answered *answered, void *context)
{
    struct rest_office *office = (struct rest_office *)base;
    eventfd_t ignored;
    office->answered = answered;
    office->context = context;
    office->mapping_ms = 0;
    (void)eventfd_read(office->wake, &ignored);
    struct rest_call *call = office->calls;
    while (call != NULL) {
        struct rest_call *next = call->next;
        if (office->mapping_ms >= REST_TURN_MS)
            (void)eventfd_write(office->wake, 1); /* the others in the next turn */
        else if (call->step == REST_QUEUED)
            enter(call, call->attempt > 1 ? REST_LOOKING : REST_CALLING);
        call = next;
    }
    http_client_run(office->http);
    office->answered = NULL;
}

static const struct office_verbs rest_verbs = {
    .close = rest_close, .start = rest_start, .fd = rest_fd, .run = rest_run};

static bool watch(const struct rest_office *office, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    return fd >= 0 && epoll_ctl(office->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

static bool prepare(struct rest_office *office, const struct rest_options *options)
{
    struct http_client_options http = {.ca_file = options->ca_file,
                                       .connect_timeout_ms = options->connect_timeout_ms,
                                       .timeout_ms = options->timeout_ms};
    office->epoll = epoll_create1(EPOLL_CLOEXEC);
    office->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    office->base_url = strdup(options->base_url);
    return office->epoll >= 0 && office->base_url != NULL &&
           http_client_new(&http, &office->http) == REASON_NONE && watch(office, office->wake) &&
           watch(office, http_client_fd(office->http));
}

enum reason rest_office_new(const struct rest_options *options, struct office **ret_office,
                            char ret_fault[MAPPING_FAULT_BYTES])
{
    check(options->timeout_ms <= OFFICE_TIMEOUT_MAX_MS);
    ret_fault[0] = 0;
    struct rest_office *office = calloc(1, sizeof *office);
    if (office == NULL)
        return REASON_OUT_OF_MEMORY;
    office->office.verbs = &rest_verbs;
    office->calls_max = options->calls_max;
    office->credentials = json_incref(options->credentials);
    office->epoll = office->wake = -1;
    /* The mapping first: its process is then made before there is anything that it could inherit.
     */
    enum reason reason = mapping_new(options->mapping, &office->mapping, ret_fault);
    if (reason == REASON_NONE && !prepare(office, options))
        reason = REASON_OUT_OF_MEMORY;
    if (reason != REASON_NONE) {
        rest_close(&office->office);
        return reason;
    }
    *ret_office = &office->office;
    return REASON_NONE;
}
