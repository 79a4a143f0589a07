/* portal_feed STATE FIRST COUNT [THREADS [LIMIT-SECONDS]] - the desk of a test: submits COUNT
 * dossiers of a plan from number FIRST on, each with the same eight states, for the national portal
 * through the local API of the adapter whose state directory is STATE.
 *
 * Dossier n of the plan is always the same, so that a test knows what the portal must have in the
 * end: its code is FEED_CODE of n, its states are those of `steps` below, one a minute. Every
 * submission has its Idempotency-Key, and is made again until it was answered 202: the adapter and
 * everything behind it may be killed meanwhile. Each thread goes through its dossiers in waves, all
 * of a wave taking one step before any takes the next.
 *
 * Prints "fed N messages, N answers did not come", exit code 0; 1 when the limit passed. */
#include <jansson.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ops/client/adapter_address.h"

enum {
    STEPS = 8,
    WAVE = 32,
    THREADS_MAX = 64,
    THREADS = 8,
    LIMIT_SECONDS = 3600,
    PAUSE_MS = 50, /* before an adapter that does not answer is asked again */
    CODE_BYTES = 32,
    KEY_BYTES = 48,
};
#define FEED_CODE "H38.09-261102-%06u"
/* 08:00 on 2 November 2026 in Vietnam, and how far apart things are. */
#define FIRST_MS INT64_C(1793581200000)
#define STEP_MS  INT64_C(60000)

static const struct {
    const char *type;
    int state;
} steps[STEPS] = {
    {"transfer", 2},
    {"progress", 4},
    {"supplement_request", 5},
    {"supplement", 4},
    {"financial_obligation", 6},
    {"progress", 4},
    {"result", 9},
    {"handed_over", 10},
};

struct feed {
    const char *adapter;
    unsigned end, threads;
    time_t deadline;
    atomic_uint next; /* dossier that a thread takes for its next wave */
    atomic_ulong sent, unanswered;
    atomic_bool has_failed;
};

static int64_t step_ms(unsigned dossier, int step)
{
    return FIRST_MS + (int64_t)(dossier % 86400) * 1000 + step * STEP_MS;
}

/* ---- messages ----------------------------------------------------------------------------- */

static json_t *official(void)
{
    return json_pack("{s:s, s:s, s:s}", "name", "Cán bộ thụ lý", "position", "Chuyên viên", "unit",
                     "Phòng mẫu");
}

static json_t *transfer_body(json_int_t at_ms)
{
    return json_pack("{s:s, s:{s:s, s:s, s:i, s:i, s:s}, s:s, s:i, s:I, s:o, s:i}",
                     "procedure_name", "Thủ tục mẫu", "owner", "name", "Nguyễn Văn Mẫu",
                     "identity_number", "000000000000", "identity_kind", 1, "owner_kind", 1,
                     "address", "Phường Mẫu, Lào Cai", "summary", "Hồ sơ mẫu", "channel", 2,
                     "received_ms", at_ms, "received_by", official(), "submitted_at", 2);
}

static json_t *body_of(unsigned dossier, int step)
{
    char content[KEY_BYTES];
    json_int_t at_ms = (json_int_t)step_ms(dossier, step);
    (void)snprintf(content, sizeof content, "Bước %d", step + 1);
    switch (step) {
    case 0:
        return transfer_body(at_ms);
    case 2:
        return json_pack("{s:s, s:I, s:o}", "reason", content, "requested_ms", at_ms, "official",
                         official());
    case 3:
        return json_pack("{s:s, s:I}", "note", content, "received_ms", at_ms);
    case 4:
        return json_pack("{s:[{s:s, s:s, s:i, s:i}], s:s}", "fees", "name", "Lệ phí mẫu", "code",
                         "LP-01", "amount_dong", 50000, "kind", 1, "note", content);
    case 6:
        return json_pack("{s:i, s:s, s:I, s:o}", "national_state", steps[step].state, "note",
                         content, "finished_ms", at_ms, "signer", official());
    case 7:
        return json_pack("{s:I, s:i, s:s}", "handed_ms", at_ms, "return_kind", 0, "recipient_note",
                         content);
    default:
        return json_pack("{s:s, s:i, s:I, s:o}", "content", content, "national_state",
                         steps[step].state, "happened_ms", at_ms, "to", official());
    }
}

static json_t *message_of(unsigned dossier, int step)
{
    char code[CODE_BYTES];
    (void)snprintf(code, sizeof code, FEED_CODE, dossier);
    json_t *message = json_pack("{s:s, s:s, s:s, s:o}", "type", steps[step].type, "recipient",
                                "portal", "dossier_code", code, "body", body_of(dossier, step));
    if (step == 0)
        (void)json_object_set_new(message, "procedure_code", json_string("1.011443"));
    return message;
}

/* ---- submitting ---------------------------------------------------------------------------- */

static bool connect_adapter(const struct feed *feed, struct http **http)
{
    struct adapter_address address;
    if (*http != NULL)
        return true;
    if (adapter_locate(feed->adapter, NULL, &address) != REASON_NONE)
        return false;
    struct http_options options = {
        .base_url = address.base_url, .socket = address.socket, .token = address.token};
    return http_new(&options, http) == REASON_NONE;
}

/* One try. False: not taken, or nobody knows. */
static bool submit_once(struct feed *feed, struct http **http, const struct api_call *request)
{
    struct api_reply reply = {0};
    if (!connect_adapter(feed, http))
        return false;
    enum reason reason = http_call(*http, request, &reply);
    bool taken = reason == REASON_NONE && reply.status == 202;
    if (reason == REASON_NONE && reply.status >= 400 && reply.status < 500 && reply.status != 429) {
        char *text = json_dumps(reply.body, JSON_COMPACT);
        (void)fprintf(stderr, "portal_feed: HTTP %ld %s\n", reply.status, text == NULL ? "" : text);
        free(text);
        atomic_store(&feed->has_failed, true);
    }
    api_reply_release(&reply);
    if (reason != REASON_NONE)
        http_destroy(http); /* it may come back at another port */
    return taken;
}

static bool submit(struct feed *feed, struct http **http, unsigned dossier, int step)
{
    char key[KEY_BYTES];
    json_t *message = message_of(dossier, step);
    (void)snprintf(key, sizeof key, "feed-%u-%d", dossier, step);
    struct api_call request = {
        .method = "POST", .path = "/v1/messages", .body = message, .idempotency_key = key};
    bool taken = false;
    while (!atomic_load(&feed->has_failed) && !(taken = submit_once(feed, http, &request))) {
        atomic_fetch_add(&feed->unanswered, 1);
        if (time(NULL) >= feed->deadline)
            atomic_store(&feed->has_failed, true);
        (void)poll(NULL, 0, PAUSE_MS);
    }
    json_decref(message);
    if (taken)
        atomic_fetch_add(&feed->sent, 1);
    return taken;
}

static void *run(void *context)
{
    struct feed *feed = context;
    struct http *http = NULL;
    bool goes_on = true;
    while (goes_on) {
        unsigned first = atomic_fetch_add(&feed->next, WAVE);
        if (first >= feed->end)
            break;
        unsigned end = first + WAVE < feed->end ? first + WAVE : feed->end;
        for (int step = 0; goes_on && step < STEPS; step++)
            for (unsigned dossier = first; goes_on && dossier < end; dossier++)
                goes_on = submit(feed, &http, dossier, step);
    }
    http_destroy(&http);
    return NULL;
}

int main(int argc, char **argv)
{
    static struct feed feed;
    pthread_t threads[THREADS_MAX];
    if (argc < 4) {
        (void)fputs("portal_feed STATE FIRST COUNT [THREADS [LIMIT-SECONDS]]\n", stderr);
        return 2;
    }
    feed.adapter = argv[1];
    atomic_store(&feed.next, (unsigned)strtoul(argv[2], NULL, 10));
    feed.end = atomic_load(&feed.next) + (unsigned)strtoul(argv[3], NULL, 10);
    feed.threads = argc > 4 ? (unsigned)strtoul(argv[4], NULL, 10) : (unsigned)THREADS;
    feed.deadline = time(NULL) + (argc > 5 ? strtol(argv[5], NULL, 10) : (long)LIMIT_SECONDS);
    if (feed.threads == 0 || feed.threads > THREADS_MAX)
        return 2;
    for (unsigned i = 0; i < feed.threads; i++)
        if (pthread_create(&threads[i], NULL, run, &feed) != 0)
            return EXIT_FAILURE;
    for (unsigned i = 0; i < feed.threads; i++)
        (void)pthread_join(threads[i], NULL);
    (void)printf("fed %lu messages, %lu answers did not come\n", atomic_load(&feed.sent),
                 atomic_load(&feed.unanswered));
    return atomic_load(&feed.has_failed) ? EXIT_FAILURE : EXIT_SUCCESS;
}
