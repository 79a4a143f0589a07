#include "tests/hostile/clerk.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "ops/client/adapter_address.h"
#include "proto/base/check.h"
#include "proto/seal/sha256.h"
#include "tests/standins/desk/http_put.h"

enum {
    ACCEPTED_MAX = 1024, /* the last ones */
    SENT_MAX = 4096, /* messages of one adapter whose state is asked for; then the oldest is not */
    ASKED = 4,       /* of them in one round */
    ROUND_US = 100 * 1000,
    ACCEPT_US = 1000 * 1000, /* then the other desk has its turn */
    SEND_ROUNDS = 3,
    CALL_TIMEOUT_MS = 2000,
};

struct desk { /* at one adapter */
    const struct world *world;
    uint16_t number;
    struct http *http;
    struct message_id sent[SENT_MAX];
    bool told[SENT_MAX]; /* a false state, once for each message */
    size_t sent_count, asked;
    struct message_id accepted[ACCEPTED_MAX];
    size_t accepted_count;
    int round;
};

/* ---- calls ---- */

static bool connect_desk(struct desk *desk)
{
    struct adapter_address address;
    char state[PATH_BYTES_MAX];
    if (desk->http != NULL)
        return true;
    if (!path_make(state, "%s/%s", desk->world->province.directory,
                   province_agency(desk->number).text) ||
        adapter_locate(state, NULL, &address) != REASON_NONE)
        return false;
    struct http_options options = {
        .base_url = address.base_url, .token = address.token, .timeout_ms = CALL_TIMEOUT_MS};
    return http_new(&options, &desk->http) == REASON_NONE;
}

/* True: it was served; the reply is then the caller's. */
static bool call(struct desk *desk, const char *method, const char *path, const json_t *body,
                 struct api_reply *ret_reply)
{
    struct shared *shared = desk->world->shared;
    int64_t at_us = world_now_us();
    struct api_call request = {.method = method, .path = path, .body = body};
    enum reason reason =
        connect_desk(desk) ? http_call(desk->http, &request, ret_reply) : REASON_OFFICE_UNREACHABLE;
    bool served = reason == REASON_NONE && ret_reply->status < 500 && ret_reply->status != 429;
    size_t place = shared->call_count;
    if (place < OFFICE_CALLS_MAX) {
        shared->calls[place] = (struct office_call){.at_us = at_us,
                                                    .took_us = world_now_us() - at_us,
                                                    .adapter = desk->number,
                                                    .failed = !served};
        atomic_store(&shared->call_count, place + 1);
    }
    if (reason != REASON_NONE)
        http_destroy(&desk->http); /* the adapter may be another process by now */
    else if (!served)
        api_reply_release(ret_reply);
    return served;
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text == NULL ? "" : text;
}

/* ---- what a clerk does ---- */

/* What the office has accepted may not be in the inbox again. */
static void note_accepted(struct desk *desk, const struct message_id *id)
{
    desk->accepted[desk->accepted_count++ % ACCEPTED_MAX] = *id;
}

static bool was_accepted(const struct desk *desk, const struct message_id *id)
{
    size_t known = desk->accepted_count < ACCEPTED_MAX ? desk->accepted_count : ACCEPTED_MAX;
    for (size_t i = 0; i < known; i++)
        if (id_equal(&desk->accepted[i], id))
            return true;
    return false;
}

static void note_arrival(struct desk *desk, const struct message_id *id)
{
    struct shared *shared = desk->world->shared;
    for (size_t i = shared->message_count; i > 0; i--) {
        struct honest_message *message = &shared->messages[i - 1];
        if (message->recipient != desk->number || !id_equal(&message->id, id))
            continue;
        if (message->arrived_us == 0)
            message->arrived_us = world_now_us();
        return;
    }
}

/* One page of the inbox; false: there is nothing more in it. */
static bool accept_page(struct desk *desk)
{
    struct api_reply reply, accepted;
    size_t index;
    const json_t *message;
    if (!call(desk, "GET", "/v1/inbox?limit=50", NULL, &reply))
        return false;
    json_array_foreach(json_object_get(reply.body, "messages"), index, message)
    {
        char path[256];
        struct message_id id;
        const char *text = text_of(message, "message_id");
        if (!id_parse(bytes_of_text(text), &id))
            continue;
        note_arrival(desk, &id);
        if (was_accepted(desk, &id))
            atomic_fetch_add(&desk->world->shared->twice, 1);
        (void)snprintf(path, sizeof path, "/v1/inbox/%s/accept?sender=%s", text,
                       text_of(message, "sender"));
        json_t *body = json_object();
        if (call(desk, "POST", path, body, &accepted)) {
            if (accepted.status == 200)
                note_accepted(desk, &id);
            api_reply_release(&accepted);
        }
        json_decref(body);
    }
    size_t count = json_array_size(json_object_get(reply.body, "messages"));
    api_reply_release(&reply);
    return count > 0;
}

static void accept_all(struct desk *desk)
{
    int64_t until_us = world_now_us() + ACCEPT_US;
    while (accept_page(desk) && world_now_us() < until_us)
        ;
}

static void send_one(struct desk *desk)
{
    char code[64];
    struct api_reply reply;
    (void)snprintf(code, sizeof code, CANARY "%03u000%02zu", desk->number, desk->sent_count % 50);
    json_t *message = json_pack("{s:s, s:s, s:{s:i}}", "type", "result", "dossier_code", code,
                                "body", "national_state", 9);
    if (call(desk, "POST", "/v1/messages", message, &reply)) {
        struct message_id id;
        if (id_parse(bytes_of_text(text_of(reply.body, "message_id")), &id)) {
            desk->told[desk->sent_count % SENT_MAX] = false;
            desk->sent[desk->sent_count++ % SENT_MAX] = id;
        }
        api_reply_release(&reply);
    }
    json_decref(message);
}

/* True: it says what is not so. */
static bool is_false(struct desk *desk, const struct message_id *id, const json_t *detail)
{
    struct shared *shared = desk->world->shared;
    const char *state = text_of(detail, "state");
    const char *reason = text_of(detail, "reason");
    char text[MESSAGE_ID_TEXT_BYTES];
    id_format(id, text);
    bool is_delivered = strcmp(state, "delivered") == 0 && !world_has_foreign(shared, id);
    bool is_refused = strcmp(state, "refused") == 0 && strncmp(reason, "office_", 7) == 0;
    if (is_delivered || is_refused)
        world_tell_false(shared, "adapter %u says %s %s of %s", desk->number, state, reason, text);
    return is_delivered || is_refused;
}

/* Where its last messages stand, a few in each round. */
static void ask_states(struct desk *desk)
{
    size_t known = desk->sent_count < SENT_MAX ? desk->sent_count : SENT_MAX;
    for (int i = 0; i < ASKED && known > 0; i++) {
        size_t place = desk->asked++ % known;
        const struct message_id *id = &desk->sent[place];
        char path[128], text[MESSAGE_ID_TEXT_BYTES];
        struct api_reply reply;
        id_format(id, text);
        (void)snprintf(path, sizeof path, "/v1/messages/%s", text);
        if (!call(desk, "GET", path, NULL, &reply))
            return;
        desk->told[place] = desk->told[place] || is_false(desk, id, reply.body);
        api_reply_release(&reply);
    }
}

/* Once: a file that is of no message yet. */
static void put_secret(struct desk *desk)
{
    struct api_reply reply;
    struct digest digest;
    struct bytes content = bytes_of_text(CLERK_SECRET);
    char hex[DIGEST_TEXT_BYTES], path[128];
    sha256_parts(&content, 1, &digest);
    digest_format(&digest, hex);
    (void)snprintf(path, sizeof path, "/v1/attachments/%s", hex);
    if (connect_desk(desk) && http_put(desk->http, path, content, &reply) == REASON_NONE)
        api_reply_release(&reply);
}

_Noreturn void clerk_run(const struct world *world)
{
    static struct desk desks[2];
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    desks[0] = (struct desk){.world = world, .number = VICTIM_ADAPTER};
    desks[1] = (struct desk){.world = world, .number = CAPTIVE_ADAPTER};
    put_secret(&desks[1]);
    while (!world->shared->stops) {
        int64_t until_us = world_now_us() + ROUND_US;
        for (size_t i = 0; i < 2; i++) {
            struct desk *desk = &desks[i];
            accept_all(desk);
            if (desk->round++ % SEND_ROUNDS == 0)
                send_one(desk);
            ask_states(desk);
            http_destroy(&desk->http); /* a call of its own each time, as short-lived programs do */
        }
        int64_t left_us = until_us - world_now_us();
        if (left_us > 0)
            (void)usleep((useconds_t)left_us);
    }
    _exit(0);
}
