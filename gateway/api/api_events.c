/* What happens, as it happens, to whoever listens: server-sent events (HTML standard, §9.2).
 *
 *   api_publish ─▶ the last API_EVENTS_MAX events ─▶ each subscriber from his own place on
 *
 * A subscriber's connection is suspended while there is nothing to tell him. Nobody waits for him:
 * who reads too slowly, or comes back too late, hears "reset" and reads the lists anew.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "gateway/api/api_parts.h"
#include "proto/base/check.h"

enum {
    HEAD_BYTES = 96,       /* id and name */
    SPOKEN_MS = 15 * 1000, /* a silent stream is told apart from a dead one; and we notice */
    KEPT_MS = 60 * 1000,   /* for who was away, when nobody else listens */
    EPOCH_BYTES = 8,
};

struct api_subscriber {
    struct api *api;
    struct MHD_Connection *connection;
    uint64_t next; /* the number of the event that he hears next */
    mono_t spoken;
    struct api_request *request; /* lives as long as its answer */
    bool is_suspended, is_over;
    size_t size, sent; /* of text, and how much of it has left */
    char text[HEAD_BYTES + API_EVENT_BYTES_MAX];
    struct api_subscriber *other;
};

/* ---- the events that are kept ---- */

static char **event_at(struct api_events *events, uint64_t number)
{
    return &events->texts[number % API_EVENTS_MAX];
}

static void drop_first(struct api_events *events)
{
    char **first = event_at(events, events->first);
    free(*first);
    *first = NULL;
    events->first++;
}

static void drop_all(struct api_events *events)
{
    while (events->first < events->next)
        drop_first(events);
}

void api_events_init(struct api_events *events)
{
    uint8_t random[EPOCH_BYTES] = {0};
    (void)!getrandom(random, sizeof random, 0); /* another than before is all that it must be */
    for (size_t i = 0; i < sizeof random; i++)
        (void)snprintf(events->epoch + 2 * i, 3, "%02x", random[i]);
    events->first = events->next = 1;
    events->is_deaf = true;
}

/* What is not kept is missed: no place of before is one to go on from. */
static void miss_some(struct api_events *events)
{
    drop_all(events);
    events->first = ++events->next;
}

bool api_wants_events(const struct api *api)
{
    return api->events.subscribers != NULL || api->now.ms < api->events.kept_until.ms;
}

static void resume(struct api_subscriber *subscriber)
{
    if (!subscriber->is_suspended)
        return;
    subscriber->is_suspended = false;
    MHD_resume_connection(subscriber->connection);
}

static void resume_all(struct api *api)
{
    for (struct api_subscriber *at = api->events.subscribers; at != NULL; at = at->other)
        resume(at);
}

/* Called by the loop for every transition, so that it does nothing when nobody listens. */
void api_publish(struct api *api, struct bytes data)
{
    struct api_events *events = &api->events;
    if (!api_wants_events(api))
        return;
    if (events->next - events->first == API_EVENTS_MAX)
        drop_first(events);
    bool is_whole = data.size > 0 && data.size <= API_EVENT_BYTES_MAX;
    char *text = is_whole ? malloc(data.size + 1) : NULL;
    if (text == NULL) { /* whoever listens has missed one, and hears so */
        miss_some(events);
    } else {
        memcpy(text, data.data, data.size);
        text[data.size] = 0;
        *event_at(events, events->next++) = text;
    }
    resume_all(api);
}

/* Whoever listens asks nothing any more, so that nobody would notice that he may not. */
void api_events_part(struct api *api, bool (*is_over)(void *context, struct api_request *request))
{
    for (struct api_subscriber *at = api->events.subscribers; at != NULL; at = at->other) {
        at->is_over = at->is_over || is_over(api->options.context, at->request);
        if (at->is_over)
            resume(at);
    }
}

/* ---- one subscriber ---- */

/* The id names the run as well as the number: after a restart numbers begin anew, and a place of
 * before must not be taken for one of now. */
static void say(struct api_subscriber *subscriber, uint64_t number, const char *name,
                const char *data)
{
    int size =
        snprintf(subscriber->text, sizeof subscriber->text, "id: %s-%llu\n%s%s%sdata: %s\n\n",
                 subscriber->api->events.epoch, (unsigned long long)number,
                 name[0] != 0 ? "event: " : "", name, name[0] != 0 ? "\n" : "", data);
    check(size > 0 && (size_t)size < sizeof subscriber->text);
    subscriber->size = (size_t)size;
    subscriber->sent = 0;
}

/* False: there is nothing to tell him now. */
static bool say_next(struct api_subscriber *subscriber)
{
    const struct api_events *events = &subscriber->api->events;
    if (subscriber->next < events->first) {
        subscriber->next = events->next;
        say(subscriber, events->next - 1, "reset", "{}");
    } else if (subscriber->next < events->next) {
        say(subscriber, subscriber->next, "", events->texts[subscriber->next % API_EVENTS_MAX]);
        subscriber->next++;
    } else if (subscriber->api->now.ms - subscriber->spoken.ms >= SPOKEN_MS) {
        subscriber->size = (size_t)snprintf(subscriber->text, sizeof subscriber->text, ":\n\n");
        subscriber->sent = 0;
    } else {
        return false;
    }
    subscriber->spoken = subscriber->api->now;
    return true;
}

/* Called by libmicrohttpd as often as the connection takes more. Suspended it is not asked again
 * until somebody resumes it, or the loop would turn for nothing. */
static ssize_t read_events(void *context, uint64_t position, char *ret_content, size_t capacity)
{
    struct api_subscriber *subscriber = context;
    (void)position;
    bool is_over = subscriber->api->events.are_over || subscriber->is_over;
    if (subscriber->sent == subscriber->size && is_over)
        return MHD_CONTENT_READER_END_OF_STREAM;
    if (subscriber->sent == subscriber->size && !say_next(subscriber)) {
        subscriber->is_suspended = true;
        MHD_suspend_connection(subscriber->connection);
        return 0;
    }
    size_t size = subscriber->size - subscriber->sent;
    size = size < capacity ? size : capacity;
    memcpy(ret_content, subscriber->text + subscriber->sent, size);
    subscriber->sent += size;
    return (ssize_t)size;
}

/* Events are kept on for KEPT_MS, so that one who lost his connection can go on from where he was.
 */
static void unsubscribe(void *context)
{
    struct api_subscriber *subscriber = context;
    struct api *api = subscriber->api;
    struct api_subscriber **at = &api->events.subscribers;
    while (*at != subscriber)
        at = &(*at)->other;
    *at = subscriber->other;
    api->events.subscriber_count--;
    api->events.kept_until = (mono_t){api->now.ms + KEPT_MS};
    free(subscriber);
}

/* The place behind the event that he heard last. False: we cannot go on from there. */
static bool find_place(const struct api_events *events, const char *last, uint64_t *ret_next)
{
    size_t size = strlen(events->epoch);
    char *end;
    if (strncmp(last, events->epoch, size) != 0 || last[size] != '-' || last[size + 1] < '0' ||
        last[size + 1] > '9')
        return false;
    unsigned long long number = strtoull(last + size + 1, &end, 10);
    *ret_next = number + 1;
    return *end == 0 && number < events->next && *ret_next >= events->first;
}

/* Who does not go on from a place that is still kept first hears an event of ours: it tells him the
 * place from which he listens, before anything happens. */
void api_events_get(struct api_request *request)
{
    struct api *api = request->api;
    struct api_events *events = &api->events;
    const char *last = api_header(request, "Last-Event-ID");
    uint32_t most = api->options.people.subscribers_max;
    bool is_full = events->subscriber_count >= (most == 0 ? API_SUBSCRIBERS_MAX : most);
    struct api_subscriber *subscriber = is_full ? NULL : calloc(1, sizeof *subscriber);
    if (subscriber == NULL) {
        api_answer_reason(request, REASON_BUSY, "subscribers");
        return;
    }
    *subscriber = (struct api_subscriber){.api = api,
                                          .connection = request->connection,
                                          .request = request,
                                          .next = events->next,
                                          .spoken = api->now,
                                          .other = events->subscribers};
    if (last == NULL || !find_place(events, last, &subscriber->next)) {
        subscriber->next = events->next;
        say(subscriber, events->next - 1, last == NULL ? "begin" : "reset", "{}");
    }
    events->subscribers = subscriber;
    events->subscriber_count++;
    events->is_deaf = false;
    api_answer_stream(request, HTTP_OK, MHD_SIZE_UNKNOWN, read_events, subscriber, unsubscribe);
    api_answer_header(request, "Content-Type", "text/event-stream");
    api_answer_header(request, "Cache-Control", "no-store");
}

/* ---- driven by the loop ---- */

int api_events_timeout_ms(const struct api *api)
{
    int64_t soonest = -1;
    for (const struct api_subscriber *at = api->events.subscribers; at != NULL; at = at->other) {
        int64_t left = at->spoken.ms + SPOKEN_MS - api->now.ms;
        left = left > 0 ? left : 0;
        soonest = soonest < 0 || left < soonest ? left : soonest;
    }
    return (int)soonest;
}

/* When nobody listens any more and the time is over, what is kept is dropped; whoever comes later
 * hears that he has missed something. */
void api_events_run(struct api *api)
{
    if (!api->events.is_deaf && !api_wants_events(api)) {
        api->events.is_deaf = true;
        miss_some(&api->events);
    }
    for (struct api_subscriber *at = api->events.subscribers; at != NULL; at = at->other) {
        if (api->now.ms - at->spoken.ms >= SPOKEN_MS)
            resume(at);
    }
}

/* Streams have no length: the reader has to hear that the program ends, and not that the connection
 * broke. */
void api_events_end(struct api *api)
{
    api->events.are_over = true;
    resume_all(api);
}

void api_events_release(struct api *api)
{
    check(api->events.subscribers == NULL);
    drop_all(&api->events);
}
