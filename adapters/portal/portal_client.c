/* The synchronous use of the HTTP client for commands: one exchange under way, waited for here.
 * The daemon's kind (portal_office.c) shares the dialect and not this, because it must never wait.
 */
#include "adapters/portal/portal_client.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/http/http_client.h"
#include "adapters/portal/portal_event.h"
#include "adapters/portal/portal_ledger.h"

struct portal_client {
    struct portal_dialect *dialect;
    struct http_client *http;
};

/* One exchange under way. */
struct exchange {
    struct portal_client *client;
    const struct portal_question *question;
    struct portal_answer answer;
    bool is_over;
};

enum reason portal_client_new(const struct portal_client_options *options,
                              struct portal_client **ret_client,
                              char ret_fault[MAPPING_FAULT_BYTES])
{
    struct http_client_options http = {.ca_file = options->ca_file,
                                       .connect_timeout_ms = options->connect_timeout_ms,
                                       .timeout_ms = options->timeout_ms};
    struct portal_client *client = calloc(1, sizeof *client);
    if (client == NULL)
        return REASON_OUT_OF_MEMORY;
    enum reason reason = portal_dialect_new(&options->dialect, &client->dialect, ret_fault);
    if (reason == REASON_NONE)
        reason = http_client_new(&http, &client->http);
    if (reason != REASON_NONE) {
        portal_client_destroy(&client);
        return reason;
    }
    *ret_client = client;
    return REASON_NONE;
}

void portal_client_destroy(struct portal_client **client_pointer)
{
    struct portal_client *client = *client_pointer;
    *client_pointer = NULL;
    if (client == NULL)
        return;
    http_client_destroy(&client->http);
    portal_dialect_destroy(&client->dialect);
    free(client);
}

static void take_reply(void *context, const struct http_reply *reply)
{
    struct exchange *exchange = context;
    portal_dialect_answer(exchange->client->dialect, exchange->question, reply, &exchange->answer);
    exchange->is_over = true;
}

/* Every transfer has an end of its own (http_client.h), so this has one. */
static enum reason exchange_once(struct portal_client *client,
                                 const struct portal_question *question,
                                 struct portal_answer *ret_answer)
{
    struct exchange exchange = {.client = client, .question = question};
    struct said_request said;
    *ret_answer = (struct portal_answer){.reason = REASON_NONE};
    enum reason reason = portal_dialect_ask(client->dialect, question, &said);
    if (reason == REASON_NONE) {
        struct http_request request = said_request_http(&said);
        reason = http_client_start(client->http, &request, take_reply, &exchange);
        said_request_release(&said);
    }
    if (reason != REASON_NONE) {
        ret_answer->reason = reason;
        return reason;
    }
    while (!exchange.is_over) {
        struct pollfd wait = {.fd = http_client_fd(client->http), .events = POLLIN};
        (void)poll(&wait, 1, 1000);
        http_client_run(client->http);
    }
    *ret_answer = exchange.answer;
    return exchange.answer.reason;
}

/* A session that has ended is opened again once: a portal that refuses its own fresh session will
 * not be helped by a third attempt. */
enum reason portal_client_ask(struct portal_client *client, const struct portal_question *question,
                              struct portal_answer *ret_answer)
{
    const struct portal_question login = {.service = "login"};
    enum reason reason = exchange_once(client, question, ret_answer);
    if (reason_class(reason) != REASON_CLASS_SESSION)
        return reason;
    portal_answer_release(ret_answer);
    reason = exchange_once(client, &login, ret_answer);
    if (reason != REASON_NONE)
        return reason;
    portal_answer_release(ret_answer);
    return exchange_once(client, question, ret_answer);
}

bool portal_client_can_say(struct portal_client *client, const struct portal_question *question)
{
    return portal_dialect_can_say(client->dialect, question);
}

enum reason portal_listing(wall_t from, wall_t to,
                           enum reason (*ask)(void *context, const struct portal_question *question,
                                              struct portal_answer *ret_answer),
                           enum reason (*each)(void *context, const json_t *row), void *context)
{
    enum { PAGE = 500 };
    char after[PORTAL_CODE_BYTES] = "";
    size_t count = PAGE;
    enum reason reason = REASON_NONE;
    while (reason == REASON_NONE && count >= PAGE) {
        struct portal_answer answer;
        json_t *filter = json_pack("{s:I, s:I, s:s}", "from_ms", (json_int_t)from.ms, "to_ms",
                                   (json_int_t)to.ms, "after", after);
        struct portal_question question = {.service = "listing", .filter = filter};
        reason = ask(context, &question, &answer);
        const json_t *rows = json_object_get(answer.json, "rows");
        count = reason == REASON_NONE ? json_array_size(rows) : 0;
        const char *last = portal_fact_text(json_array_get(rows, count - 1), "code");
        if (after[0] != 0 && strcmp(last, after) == 0)
            count = 0; /* the same page again: a portal that does not page has shown all */
        for (size_t i = 0; i < count && reason == REASON_NONE; i++)
            reason = each(context, json_array_get(rows, i));
        if (last[0] == 0 || strlen(last) >= sizeof after)
            count = 0; /* no place to go on from */
        (void)snprintf(after, sizeof after, "%s", last);
        portal_answer_release(&answer);
        json_decref(filter);
    }
    return reason == REASON_OFFICE_NOT_FOUND ? REASON_NONE : reason;
}
