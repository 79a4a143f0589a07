/* The port's side of the kind "portal": calls are gathered into batches, batches are requests,
 * replies end calls. What a single call wants next is portal_call.c's to decide; nothing here
 * changes .want.
 *
 * One thread, the adapter's loop: the lists need no lock, and `answered` is set only during
 * portal_run, because the session takes answers nowhere else. Batches live from their request to
 * its reply; a call is in at most one batch, and its dossier in at most one call that is past NEW,
 * so the portal hears a dossier's states in their order (invariant 6). */
#include "adapters/portal/portal_office.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "adapters/portal/portal_parts.h"
#include "adapters/http/http_status.h"
#include "proto/base/check.h"
#include "proto/codec/message_type.h"

static const char *const services[PORTAL_WANTS] = {"lookup", "create", "update", "progress"};

/* ---- calls ----------------------------------------------------------------------------------- */

/* A call that is NEW keeps nobody waiting: of several of one dossier the first in the list becomes
 * ready, and the others find it then. */
bool portal_dossier_is_busy(const struct portal_office *office, const struct portal_call *except)
{
    for (const struct portal_call *call = office->calls; call != NULL; call = call->next) {
        if (call != except && call->stage != PORTAL_NEW && strcmp(call->code, except->code) == 0)
            return true;
    }
    return false;
}

/* At the end of the list, whose order is that of the session's calls (invariant 6). */
struct portal_call *portal_call_add(struct portal_office *office)
{
    struct portal_call **last = &office->calls;
    struct portal_call *call = calloc(1, sizeof *call);
    if (call == NULL)
        return NULL;
    call->office = office;
    while (*last != NULL)
        last = &(*last)->next;
    *last = call;
    office->call_count++;
    return call;
}

/* ---- batches --------------------------------------------------------------------------------- */

/* The portal's own bounds, and the operator's: some portals take no lists at all. */
static size_t room_of(const struct portal_office *office, enum portal_want want)
{
    size_t most = want == WANT_STEP ? PORTAL_STEPS_MAX : PORTAL_RECORDS_MAX;
    return office->options.batch_max < most ? office->options.batch_max : most;
}

void portal_batch_give_back(struct portal_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++)
        portal_call_give_back(batch->calls[i]);
}

void portal_batch_free(struct portal_batch *batch)
{
    struct portal_office *office = batch->office;
    for (struct portal_batch **at = &office->batches; *at != NULL; at = &(*at)->next) {
        if (*at == batch) {
            *at = batch->next;
            break;
        }
    }
    json_decref(batch->question.items);
    free(batch);
}

/* One transaction for all that this answer ends, then the answers: the ledger before the session.
 */
static void batch_end(struct portal_batch *batch, const struct portal_answer *answer)
{
    struct portal_ledger *ledger = batch->office->ledger;
    struct reply_judgement ends[PORTAL_RECORDS_MAX];
    bool is_end[PORTAL_RECORDS_MAX];
    uint32_t retry_after_ms = answer->retry_after_ms;
    enum reason begun = portal_ledger_begin(ledger);
    for (size_t i = 0; i < batch->count; i++) {
        const json_t *item;
        struct reply_judgement said = portal_answer_item(answer, i, &item);
        is_end[i] = portal_call_take(batch->calls[i], said, item, &ends[i]);
        if (is_end[i] && begun == REASON_NONE)
            portal_call_note_end(batch->calls[i], ends[i]);
    }
    enum reason committed = begun == REASON_NONE ? portal_ledger_commit(ledger) : begun;
    struct reply_judgement unkept = {committed, FAILURE_OURS};
    for (size_t i = 0; i < batch->count; i++) {
        if (is_end[i])
            portal_call_end(batch->calls[i], committed == REASON_NONE ? ends[i] : unkept,
                            retry_after_ms);
    }
    portal_batch_free(batch);
}

void portal_batch_fail(struct portal_batch *batch, enum reason reason)
{
    struct portal_answer answer = {.reason = reason, .ground = FAILURE_OURS};
    batch_end(batch, &answer);
}

/* ---- requests -------------------------------------------------------------------------------- */

static void take_reply(void *context, const struct http_reply *reply);

/* REASON_OFFICE_LOGIN: it needs a session first. */
static enum reason batch_send(struct portal_batch *batch)
{
    struct portal_office *office = batch->office;
    struct said_request said;
    enum reason reason = portal_dialect_ask(office->dialect, &batch->question, &said);
    if (reason != REASON_NONE)
        return reason;
    struct http_request request = said_request_http(&said);
    reason = http_client_start(office->http, &request, take_reply, batch);
    said_request_release(&said);
    office->request_count += reason == REASON_NONE;
    return reason;
}

/* What is at one of these stages; a call under way has an answer to come. */
enum { STAGE_NEW = 1 << PORTAL_NEW, STAGE_READY = 1 << PORTAL_READY };

static void end_calls(struct portal_office *office, int stages, struct reply_judgement end,
                      uint32_t retry_after_ms)
{
    struct portal_call *call = office->calls;
    while (call != NULL) {
        struct portal_call *next = call->next;
        if ((stages & 1 << call->stage) != 0)
            portal_call_end(call, end, retry_after_ms);
        call = next;
    }
}

/* Everything that waits for a session, and cannot have one. */
static void fail_ready(struct portal_office *office, struct reply_judgement end,
                       uint32_t retry_after_ms)
{
    end_calls(office, STAGE_READY, end, retry_after_ms);
}

static struct portal_batch *batch_new(struct portal_office *office, const char *service)
{
    struct portal_batch *batch = calloc(1, sizeof *batch);
    if (batch == NULL)
        return NULL;
    batch->office = office;
    batch->question.service = service;
    batch->next = office->batches;
    office->batches = batch;
    return batch;
}

static void log_in(struct portal_office *office)
{
    struct portal_batch *batch = batch_new(office, "login");
    enum reason reason = REASON_OUT_OF_MEMORY;
    if (batch != NULL) {
        batch->is_login = true;
        reason = batch_send(batch);
    }
    office->is_logging_in = reason == REASON_NONE;
    if (reason == REASON_NONE)
        return;
    if (batch != NULL)
        portal_batch_free(batch);
    if (reason == REASON_OFFICE_NOT_FOUND)
        reason = REASON_OFFICE_LOGIN;
    fail_ready(office, (struct reply_judgement){reason, FAILURE_OURS}, 0);
}

/* A portal that says when it opens again is believed for a day, up to the bound of what may be
 * waited for at once; until then nothing is sent, and every call is answered "later" with that
 * moment. */
static void note_maintenance(struct portal_office *office, struct portal_answer *answer)
{
    int64_t wait = portal_closed_wait_ms(answer->until_ms, office->now);
    if (wait <= 0)
        return;
    office->closed_until_ms = office->now.ms + wait;
    answer->retry_after_ms =
        wait < HTTP_RETRY_AFTER_MAX_MS ? (uint32_t)wait : (uint32_t)HTTP_RETRY_AFTER_MAX_MS;
}

static void take_login(struct portal_batch *batch, const struct portal_answer *answer)
{
    struct portal_office *office = batch->office;
    office->is_logging_in = false;
    portal_batch_free(batch);
    struct reply_judgement end = {answer->reason, FAILURE_TRANSPORT}; /* of no message */
    if (reason_class(answer->reason) == REASON_CLASS_PERMANENT)
        end.reason = REASON_OFFICE_LOGIN;
    if (answer->reason != REASON_NONE)
        fail_ready(office, end, answer->retry_after_ms);
}

static void take_reply(void *context, const struct http_reply *reply)
{
    struct portal_batch *batch = context;
    struct portal_office *office = batch->office;
    struct portal_answer answer;
    office->request_count--;
    portal_dialect_answer(office->dialect, &batch->question, reply, &answer);
    note_maintenance(office, &answer);
    if (batch->is_login) {
        take_login(batch, &answer);
    } else if (reason_class(answer.reason) == REASON_CLASS_SESSION && !batch->has_logged_in) {
        /* Nothing of it was taken: the same calls go again, with the next session. */
        for (size_t i = 0; i < batch->count; i++)
            batch->calls[i]->has_logged_in = true;
        portal_batch_give_back(batch);
        portal_batch_free(batch);
    } else if (answer.reason != REASON_OFFICE_REPLY_MALFORMED || batch->want != WANT_LOOK ||
               !portal_batch_pass_over(batch)) {
        batch_end(batch, &answer);
    } /* else: a question may be asked again */
    portal_answer_release(&answer);
}

/* ---- one round ------------------------------------------------------------------------------- */

/* As many of one want as a request may hold, in the list's order; a call that goes alone is a batch
 * by itself. */
static struct portal_batch *gather(struct portal_office *office, enum portal_want want)
{
    struct portal_batch *batch = NULL;
    for (struct portal_call *call = office->calls; call != NULL; call = call->next) {
        if (call->stage != PORTAL_READY || call->want != want ||
            (batch != NULL && call->goes_alone))
            continue;
        if (batch == NULL)
            batch = batch_new(office, services[want]);
        if (batch == NULL)
            return NULL;
        if (batch->question.items == NULL)
            batch->question.items = json_array();
        if (json_array_append_new(batch->question.items, portal_call_item(call)) != 0)
            break;
        batch->want = want;
        batch->has_logged_in = batch->has_logged_in || call->has_logged_in;
        call->stage = PORTAL_UNDER_WAY;
        batch->calls[batch->count++] = call;
        if (batch->count == room_of(office, want) || call->goes_alone)
            break;
    }
    return batch;
}

/* By wants, looks first: what is known to be there already needs no further request. While a login
 * is under way nothing else is sent; its answer decides for all. */
static void send_ready(struct portal_office *office)
{
    for (int want = 0; want < PORTAL_WANTS; want++) {
        while (!office->is_logging_in && office->request_count < office->options.requests_max) {
            struct portal_batch *batch = gather(office, (enum portal_want)want);
            if (batch == NULL)
                break;
            enum reason reason = batch->count == 0 ? REASON_BUSY : batch_send(batch);
            if (reason == REASON_OFFICE_LOGIN || reason == REASON_BUSY) {
                portal_batch_give_back(batch);
                portal_batch_free(batch);
                if (reason == REASON_BUSY)
                    return;
                log_in(office);
            } else if (reason != REASON_NONE) {
                portal_batch_not_sent(batch, reason);
            }
        }
    }
}

static int64_t closed_for_ms(const struct portal_office *office)
{
    int64_t by_settings = portal_windows_wait_ms(&office->options.windows, office->now);
    int64_t by_portal = office->closed_until_ms - office->now.ms;
    return by_settings > by_portal ? by_settings : by_portal;
}

/* Answers all that wait: nothing is sent while the portal is closed. */
static bool is_closed(struct portal_office *office)
{
    int64_t wait = closed_for_ms(office);
    if (wait <= 0)
        return false;
    uint32_t retry_after_ms =
        wait < HTTP_RETRY_AFTER_MAX_MS ? (uint32_t)wait : (uint32_t)HTTP_RETRY_AFTER_MAX_MS;
    end_calls(office, STAGE_NEW | STAGE_READY,
              (struct reply_judgement){REASON_PORTAL_CLOSED, FAILURE_TRANSPORT}, retry_after_ms);
    return true;
}

static void prepare_new(struct portal_office *office)
{
    struct portal_call *call = office->calls;
    while (call != NULL) {
        struct portal_call *next = call->next;
        if (call->stage == PORTAL_NEW)
            (void)portal_call_prepare(call);
        call = next;
    }
}

static void portal_run(struct office *base, office_answered *answered, void *context)
{
    struct portal_office *office = (struct portal_office *)base;
    uint64_t ignored;
    office->answered = answered;
    office->context = context;
    office->now = portal_clock_wall(office->options.clock);
    (void)eventfd_read(office->wake, &ignored);
    (void)!read(office->timer, &ignored, sizeof ignored);
    bool is_usable = portal_ledger_is_usable(office);
    if (office->ledger != NULL)
        http_client_run(office->http);
    if (!is_usable) {
        end_calls(office, STAGE_NEW | STAGE_READY,
                  (struct reply_judgement){office->ledger_state, FAILURE_OURS}, 0);
    } else if (!is_closed(office)) {
        portal_repairs_begin(office);
        prepare_new(office);
        send_ready(office);
    }
    if (is_usable)
        portal_ledger_prune_some(office);
    office->answered = NULL;
}

static enum reason portal_trouble(const struct office *base, const char **ret_what)
{
    const struct portal_office *office = (const struct portal_office *)base;
    *ret_what = office->ledger_path;
    return office->ledger_state;
}

static int64_t portal_questions(const struct office *base)
{
    const struct portal_office *office = (const struct portal_office *)base;
    return office->ledger == NULL ? -1 : portal_ledger_open_items(office->ledger);
}

static void portal_ready(struct office *base, bool has_history, const struct message_links *links)
{
    struct portal_office *office = (struct portal_office *)base;
    office->has_history = has_history;
    portal_dialect_set_links(office->dialect, links->base, links->token);
}

/* ---- the port -------------------------------------------------------------------------------- */

static void portal_close(struct office *base)
{
    struct portal_office *office = (struct portal_office *)base;
    http_client_destroy(&office->http);
    while (office->batches != NULL)
        portal_batch_free(office->batches);
    while (office->calls != NULL) {
        struct portal_call *call = office->calls;
        office->calls = call->next;
        portal_call_free(call);
    }
    portal_dialect_destroy(&office->dialect);
    portal_ledger_close(&office->ledger);
    int fds[] = {office->timer, office->wake, office->epoll};
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++) {
        if (fds[i] >= 0)
            (void)close(fds[i]);
    }
    free(office->ledger_path);
    free(office->ca_file);
    free(office);
}

static enum reason portal_start(struct office *base, const struct office_delivery *delivery)
{
    struct portal_office *office = (struct portal_office *)base;
    const json_t *envelope = json_object_get(delivery->message, "envelope");
    for (const struct portal_call *call = office->calls; call != NULL; call = call->next) {
        if (call->repair == 0 && call->message_seq == delivery->message_seq)
            return REASON_NONE; /* under way; its answer will do for both */
    }
    if (office->call_count >= office->options.calls_max)
        return REASON_BUSY;
    struct portal_call *call = portal_call_add(office);
    if (call == NULL)
        return REASON_OUT_OF_MEMORY;
    call->message_seq = delivery->message_seq;
    enum message_type type;
    bool is_receipt =
        message_type_parse(bytes_of_text(portal_fact_text(envelope, "type")), &type) &&
        message_type_is_receipt(type);
    json_t **place = is_receipt ? &call->receipt : &call->message;
    *place = json_incref(delivery->message);
    call->was_accepted = delivery->was_accepted;
    call->must_look = delivery->attempt > 1 || delivery->was_accepted;
    call->advances = true;
    (void)snprintf(call->code, sizeof call->code, "%s", portal_fact_text(envelope, "dossier_code"));
    id_format(&delivery->id, call->id);
    (void)eventfd_write(office->wake, 1);
    return REASON_NONE;
}

static int portal_fd(const struct office *base)
{
    return ((const struct portal_office *)base)->epoll;
}

static const struct office_verbs portal_verbs = {.close = portal_close,
                                                 .start = portal_start,
                                                 .fd = portal_fd,
                                                 .run = portal_run,
                                                 .trouble = portal_trouble,
                                                 .questions = portal_questions,
                                                 .ready = portal_ready};

static bool watch(const struct portal_office *office, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    return fd >= 0 && epoll_ctl(office->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

/* One epoll set as the port's descriptor: the HTTP client's, a wake-up for new calls, and a timer
 * that looks for repairs of the commands, which come through the ledger and have no other way to
 * make themselves heard. */
static bool prepare(struct portal_office *office)
{
    const struct portal_options *options = &office->options;
    struct http_client_options http = {.ca_file = office->ca_file,
                                       .connect_timeout_ms = options->connect_timeout_ms,
                                       .timeout_ms = options->timeout_ms};
    const struct itimerspec poll = {.it_interval.tv_sec = PORTAL_REPAIR_POLL_MS / 1000,
                                    .it_value.tv_sec = PORTAL_REPAIR_POLL_MS / 1000};
    office->epoll = epoll_create1(EPOLL_CLOEXEC);
    office->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    office->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    return office->epoll >= 0 && http_client_new(&http, &office->http) == REASON_NONE &&
           watch(office, office->wake) && watch(office, office->timer) &&
           timerfd_settime(office->timer, 0, &poll, NULL) == 0 &&
           watch(office, http_client_fd(office->http));
}

enum reason portal_office_new(const struct portal_options *options, struct office **ret_office,
                              char ret_fault[MAPPING_FAULT_BYTES])
{
    check(options->calls_max <= PORTAL_CALLS_MAX && options->requests_max <= HTTP_REQUESTS_MAX);
    ret_fault[0] = 0;
    struct portal_office *office = calloc(1, sizeof *office);
    if (office == NULL)
        return REASON_OUT_OF_MEMORY;
    office->office.verbs = &portal_verbs;
    office->options = *options;
    office->epoll = office->wake = office->timer = -1;
    office->ledger_path = strdup(options->ledger);
    office->ca_file = options->ca_file == NULL ? NULL : strdup(options->ca_file);
    /* The dialect first: its process is then made before there is anything it could inherit. */
    enum reason reason = portal_dialect_new(&options->dialect, &office->dialect, ret_fault);
    bool is_kept = office->ledger_path != NULL && /* without its CAs it would trust the system's */
                   (options->ca_file == NULL || office->ca_file != NULL);
    if (reason == REASON_NONE && (!is_kept || !prepare(office)))
        reason = REASON_OUT_OF_MEMORY;
    if (reason != REASON_NONE) {
        portal_close(&office->office);
        return reason;
    }
    *ret_office = &office->office;
    return REASON_NONE;
}
