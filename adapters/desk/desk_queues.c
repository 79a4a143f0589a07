/* Connections and queues, as operators see them: for each agency what the index has (what waits by
 * age, the last receipt, whose turn it is), what the gateway says of its connection and its queue,
 * and how long its certificate is good; beside it what our own adapter has still to send.
 *
 *   apply ─▶ connections ─▶ the gateway's queues ─▶ the adapter's queues ─▶ answer
 *
 * Who does not answer is named in the answer, and the rest of it stands. */
#include "adapters/desk/desk.h"

#include <stdio.h>
#include <string.h>

#include "adapters/desk/message_row.h"
#include "gateway/workers/program.h"
#include "proto/seal/trust.h"
#include "routing/registry/registry.h"

enum { DAY_MS = 24 * 60 * 60 * 1000 };
/* Of a request's parts. */
enum { CONNECTIONS, GATEWAY_QUEUES, ADAPTER_QUEUES };

static const struct {
    enum upstream_end end;
    const char *path;
} questions[DESK_PARTS] = {
    [CONNECTIONS] = {UPSTREAM_GATEWAY, "/v1/connections?limit=1000"},
    [GATEWAY_QUEUES] = {UPSTREAM_GATEWAY, "/v1/queues?limit=0"},
    [ADAPTER_QUEUES] = {UPSTREAM_ADAPTER, "/v1/queues?limit=0"},
};

/* ---- the questions ---- */

static void part_answered(void *context, enum reason reason, long status, json_t *json)
{
    struct desk_call *call = context;
    enum upstream_end end = questions[call->part].end;
    bool is_good = reason == REASON_NONE && status == HTTP_OK && json_is_object(json);
    call->parts[call->part].reason = is_good ? REASON_NONE : upstream_away(end);
    call->parts[call->part].json = is_good ? json_incref(json) : NULL;
    call->is_answered = true;
}

/* The next one that can be asked; who was away a moment ago is not asked again. False: all parts
 * are there, or are known not to be. */
static bool ask_next(struct api_request *request)
{
    struct desk_call *call = desk_call(request);
    struct upstream *upstream = desk_of(request)->upstream;
    for (; call->part < DESK_PARTS; call->part++) {
        enum upstream_end end = questions[call->part].end;
        const struct upstream_question question = {
            .end = end, .method = "GET", .path = questions[call->part].path};
        enum reason reason = upstream_away(end);
        bool was_away = call->part > 0 && questions[call->part - 1].end == end &&
                        call->parts[call->part - 1].reason != REASON_NONE;
        call->is_answered = false;
        if (upstream_has(upstream, end) && !was_away)
            reason = upstream_ask(upstream, &question, part_answered, call);
        if (reason == REASON_NONE)
            return true;
        call->parts[call->part].reason = reason;
    }
    return false;
}

/* ---- the answer ---- */

/* "ok", "none" (this desk is not to ask it), or why not. */
static json_t *end_json(enum reason reason, bool is_known)
{
    json_t *object = json_object();
    bool ok = put_word(object, "code",
                       !is_known ? "none" : (reason == REASON_NONE ? "ok" : reason_code(reason)));
    if (is_known && reason != REASON_NONE)
        ok = ok && put_word(object, "text_vi", reason_vietnamese(reason)) &&
             put_word(object, "text_en", reason_english(reason)) &&
             put_word(object, "hint", reason_hint(reason)) &&
             put_word(object, "hint_vi", reason_hint_vietnamese(reason));
    return json_whole(object, ok);
}

/* The row of a list whose member has that key; NULL: there is none. */
static json_t *row_of(const json_t *list, const char *member, const char *key)
{
    json_t *row;
    size_t i;
    json_array_foreach(list, i, row)
    {
        const char *name = json_string_value(json_object_get(row, member));
        if (name != NULL && strcmp(name, key) == 0)
            return row;
    }
    return NULL;
}

static bool take_over(json_t *object, const json_t *from, const char *const *names)
{
    bool ok = true;
    for (; ok && *names != NULL; names++) {
        json_t *value = json_object_get(from, *names);
        ok = value == NULL || json_object_set(object, *names, value) == 0;
    }
    return ok;
}

/* The last of its certificates that ends. Days are counted down: of less than one none is left. */
static bool put_certificate(const struct desk *desk, json_t *agency, const char *key, wall_t now)
{
    int64_t end_ms = 0;
    size_t count = desk->trust == NULL ? 0 : trust_signer_count(desk->trust);
    for (size_t i = 0; i < count; i++) {
        const struct trust_signer *signer = trust_signer_at(desk->trust, i);
        int64_t each_ms = trust_signer_not_after(signer).ms;
        if (strcmp(trust_signer_participant(signer)->text, key) == 0 && each_ms > end_ms)
            end_ms = each_ms;
    }
    return end_ms == 0 ||
           (put_ms(agency, "certificate_ends", end_ms) &&
            json_put(agency, "certificate_days",
                     json_integer(end_ms < now.ms ? 0 : (end_ms - now.ms) / DAY_MS)));
}

/* Why the gateway cannot reach it is nearer to the cause than what our own index says of the
 * oldest message. */
static bool put_gateway(const struct desk_call *call, json_t *agency, const char *key)
{
    static const char *const facts[] = {
        "connected", "last_heard", "breaker_open", "carrier",          "reason",
        "reason_vi", "reason_en",  "hint",         "hint_vi",          "turn",
        "turn_vi",   "turn_en",    "since",        "registry_version", "registry_since",
        NULL};
    const json_t *connections = json_object_get(call->parts[CONNECTIONS].json, "connections");
    const json_t *queues = json_object_get(call->parts[GATEWAY_QUEUES].json, "destinations");
    json_t *queue = row_of(queues, "destination", key);
    return take_over(agency, row_of(connections, "participant", key), facts) &&
           (queue == NULL || json_object_set(agency, "queue", queue) == 0);
}

static void answer(struct api_request *request)
{
    struct desk *desk = desk_of(request);
    const struct desk_call *call = desk_call(request);
    wall_t now = program_wall();
    json_t *object = json_object(), *agencies = desk_agencies_json(desk, now), *agency;
    json_t *own = json_object_get(call->parts[ADAPTER_QUEUES].json, "destinations");
    bool has_gateway = upstream_has(desk->upstream, UPSTREAM_GATEWAY), ok = agencies != NULL;
    size_t i;
    json_array_foreach(agencies, i, agency)
    {
        const char *key = json_string_value(json_object_get(agency, "key"));
        ok = ok && put_certificate(desk, agency, key, now) && put_gateway(call, agency, key);
    }
    json_array_foreach(own, i, agency)
    {
        ok = ok && desk_put_names(agency, desk);
    }
    static const char *const of_gateway[] = {"registry_version", NULL};
    ok = json_put(object, "agencies", agencies) && ok &&
         take_over(object, call->parts[CONNECTIONS].json, of_gateway) &&
         json_put(object, "own", own == NULL ? json_array() : json_incref(own)) &&
         json_put(object, "gateway", end_json(call->parts[CONNECTIONS].reason, has_gateway)) &&
         json_put(object, "adapter", end_json(call->parts[ADAPTER_QUEUES].reason, true));
    api_answer_json(request, HTTP_OK, json_whole(object, ok));
}

void queues_apply(struct api_request *request)
{
    struct desk_call *call = desk_call(request);
    if (call->is_begun && !call->is_answered)
        return;
    if (call->is_begun)
        call->part++;
    call->is_begun = true;
    if (!ask_next(request))
        answer(request);
}
