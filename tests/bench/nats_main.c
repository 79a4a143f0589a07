/* Loads a NATS server with JetStream and prints what it did as one line of JSON: one stream in
 * files, a durable consumer for each destination, publish acknowledgements, consumers that
 * acknowledge.
 *
 *   nats -P PORT [-s BYTES] [-n MESSAGES] [-a DESTINATIONS] [-w WINDOW] [-i ITEMS]
 *        [-c CONNECTIONS]
 *
 * One connection publishes; CONNECTIONS consume, one for each destination (the default) or fewer,
 * which share them. A consumer acknowledges ITEMS messages at once
 * (AckAll). The time ends when the last message is consumed and all publishes are acknowledged.
 * NATS 2.9 answers before it syncs: this is the rate without fsync. */
#include <getopt.h>
#include <nats/nats.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/check.h"
#include "tests/bench/histogram.h"
#include "tests/bench/process.h"

enum {
    DESTINATIONS_MAX = 4096,
    WAIT_MS = 20000,
    POLL_MS = 1,
    ACK_PENDING_FACTOR = 16,
    NAME_BYTES = 32,
};

struct options {
    int port;
    size_t bytes, messages, destinations, window, items, connections;
};

struct destination {
    natsSubscription *subscription;
    size_t count;
    size_t expected;
};

struct load {
    struct options options;
    double *sent; /* of each message */
    struct destination *destinations;
    natsConnection *publisher, **consumers; /* options.connections */
    jsCtx *publishing, **consuming;         /* the same */
    atomic_size_t consumed, confirmed;
    atomic_bool failed;
    struct histogram confirm_times, consume_times; /* each of one library thread */
};

static struct load load;

static bool fail(const char *what, natsStatus status)
{
    (void)fprintf(stderr, "nats: %s: %s\n", what, natsStatus_GetText(status));
    atomic_store(&load.failed, true);
    return false;
}

static size_t index_of(const natsMsg *message)
{
    size_t index;
    check(natsMsg_GetDataLength(message) >= (int)sizeof index);
    memcpy(&index, natsMsg_GetData(message), sizeof index);
    check(index < load.options.messages);
    return index;
}

static void on_message(natsConnection *connection, natsSubscription *subscription, natsMsg *message,
                       void *closure)
{
    struct destination *destination = closure;
    (void)connection;
    (void)subscription;
    size_t index = index_of(message);
    histogram_record(&load.consume_times, (uint64_t)((clock_seconds() - load.sent[index]) * 1e6));
    destination->count++;
    if (destination->count % load.options.items == 0 || destination->count == destination->expected)
        (void)natsMsg_Ack(message, NULL);
    natsMsg_Destroy(message);
    atomic_fetch_add(&load.consumed, 1);
}

static void on_confirm(jsCtx *context, natsMsg *message, jsPubAck *ack, jsPubAckErr *error,
                       void *closure)
{
    (void)context;
    (void)ack;
    (void)closure;
    if (error != NULL)
        (void)fail("a message was not stored", error->Err);
    histogram_record(&load.confirm_times,
                     (uint64_t)((clock_seconds() - load.sent[index_of(message)]) * 1e6));
    natsMsg_Destroy(message);
    atomic_fetch_add(&load.confirmed, 1);
}

static natsStatus dial(natsConnection **ret_connection)
{
    char url[64];
    natsOptions *options = NULL;
    (void)snprintf(url, sizeof url, "nats://127.0.0.1:%d", load.options.port);
    natsStatus status = natsOptions_Create(&options);
    if (status == NATS_OK)
        status = natsOptions_SetURL(options, url);
    if (status == NATS_OK)
        status = natsOptions_UseGlobalMessageDelivery(options, true);
    if (status == NATS_OK)
        status = natsConnection_Connect(ret_connection, options);
    natsOptions_Destroy(options);
    return status;
}

static bool make_stream(void)
{
    jsStreamConfig config;
    jsErrCode code = 0;
    const char *subjects[] = {"bench.*"};
    (void)js_DeleteStream(load.publishing, "bench", NULL, &code);
    jsStreamConfig_Init(&config);
    config.Name = "bench";
    config.Subjects = subjects;
    config.SubjectsLen = 1;
    config.Storage = js_FileStorage;
    natsStatus status = js_AddStream(NULL, load.publishing, &config, NULL, &code);
    return status == NATS_OK || fail("the stream cannot be made", status);
}

static bool subscribe(size_t index)
{
    struct destination *destination = &load.destinations[index];
    char subject[NAME_BYTES];
    char durable[NAME_BYTES];
    jsSubOptions options;
    jsErrCode code = 0;
    (void)snprintf(subject, sizeof subject, "bench.%zu", index);
    (void)snprintf(durable, sizeof durable, "consumer%zu", index);
    jsSubOptions_Init(&options);
    options.Stream = "bench";
    options.ManualAck = true;
    options.Config.Durable = durable;
    options.Config.AckPolicy = js_AckAll;
    options.Config.MaxAckPending = (int64_t)(load.options.items * ACK_PENDING_FACTOR);
    destination->expected = load.options.messages / load.options.destinations +
                            (index < load.options.messages % load.options.destinations ? 1 : 0);
    natsStatus status =
        js_Subscribe(&destination->subscription, load.consuming[index % load.options.connections],
                     subject, on_message, destination, NULL, &options, &code);
    return status == NATS_OK || fail("a consumer cannot be made", status);
}

static bool open_all(void)
{
    jsOptions options;
    jsOptions_Init(&options);
    options.PublishAsync.MaxPending = (int64_t)load.options.window;
    options.PublishAsync.StallWait = WAIT_MS;
    options.PublishAsync.AckHandler = on_confirm;
    natsStatus status = nats_Open(-1);
    if (status == NATS_OK)
        status = nats_SetMessageDeliveryPoolSize(1);
    if (status == NATS_OK)
        status = dial(&load.publisher);
    if (status == NATS_OK)
        status = natsConnection_JetStream(&load.publishing, load.publisher, &options);
    for (size_t i = 0; status == NATS_OK && i < load.options.connections; i++) {
        status = dial(&load.consumers[i]);
        if (status == NATS_OK)
            status = natsConnection_JetStream(&load.consuming[i], load.consumers[i], NULL);
    }
    if (status != NATS_OK)
        return fail("the server cannot be used", status);
    bool opened = make_stream();
    for (size_t i = 0; opened && i < load.options.destinations; i++)
        opened = subscribe(i);
    return opened;
}

static bool publish_all(void)
{
    uint8_t *body = calloc(1, load.options.bytes);
    check(body != NULL);
    natsStatus status = NATS_OK;
    for (size_t i = 0; status == NATS_OK && i < load.options.messages; i++) {
        char subject[NAME_BYTES];
        (void)snprintf(subject, sizeof subject, "bench.%zu", i % load.options.destinations);
        memcpy(body, &i, sizeof i);
        load.sent[i] = clock_seconds();
        status = js_PublishAsync(load.publishing, subject, body, (int)load.options.bytes, NULL);
    }
    free(body);
    return status == NATS_OK || fail("cannot publish", status);
}

static bool wait_for_all(void)
{
    for (int i = 0; i < WAIT_MS / POLL_MS && !atomic_load(&load.failed); i++) {
        if (atomic_load(&load.consumed) >= load.options.messages &&
            atomic_load(&load.confirmed) >= load.options.messages)
            return true;
        nats_Sleep(POLL_MS);
    }
    return fail("nothing more arrives", NATS_TIMEOUT);
}

static void print_quantiles(const char *name, const struct histogram *histogram)
{
    (void)printf(",\"%s_us\":{\"p50\":%lu,\"p99\":%lu,\"p999\":%lu,\"max\":%lu}", name,
                 histogram_quantile(histogram, 0.5), histogram_quantile(histogram, 0.99),
                 histogram_quantile(histogram, 0.999), histogram->max_us);
}

static bool parse(int count, char **words, struct options *ret_options)
{
    int option;
    *ret_options = (struct options){
        .bytes = 1024, .messages = 20000, .destinations = 23, .window = 2048, .items = 64};
    while ((option = getopt(count, words, "P:s:n:a:w:i:c:")) != -1) {
        size_t value = optarg == NULL ? 0 : (size_t)strtoull(optarg, NULL, 10);
        switch (option) {
        case 'P':
            ret_options->port = (int)value;
            break;
        case 's':
            ret_options->bytes = value;
            break;
        case 'n':
            ret_options->messages = value;
            break;
        case 'a':
            ret_options->destinations = value;
            break;
        case 'w':
            ret_options->window = value;
            break;
        case 'c':
            ret_options->connections = value;
            break;
        case 'i':
            ret_options->items = value;
            break;
        default:
            return false;
        }
    }
    if (ret_options->connections == 0 || ret_options->connections > ret_options->destinations)
        ret_options->connections = ret_options->destinations;
    return ret_options->port > 0 && ret_options->bytes >= sizeof(size_t) &&
           ret_options->destinations >= 1 && ret_options->destinations <= DESTINATIONS_MAX &&
           ret_options->items >= 1;
}

static void close_all(void)
{
    jsErrCode code = 0;
    for (size_t i = 0; i < load.options.destinations; i++)
        natsSubscription_Destroy(load.destinations[i].subscription);
    (void)js_DeleteStream(load.publishing, "bench", NULL, &code);
    jsCtx_Destroy(load.publishing);
    natsConnection_Destroy(load.publisher);
    for (size_t i = 0; i < load.options.connections; i++) {
        jsCtx_Destroy(load.consuming[i]);
        natsConnection_Destroy(load.consumers[i]);
    }
    free(load.consuming);
    free(load.consumers);
    nats_Close();
    free(load.destinations);
    free(load.sent);
}

int main(int count, char **words)
{
    if (!parse(count, words, &load.options)) {
        (void)fprintf(stderr, "usage: see the top of tests/bench/nats_main.c\n");
        return 2;
    }
    load.sent = calloc(load.options.messages, sizeof *load.sent);
    load.destinations = calloc(load.options.destinations, sizeof *load.destinations);
    load.consumers = calloc(load.options.connections, sizeof(natsConnection *));
    load.consuming = calloc(load.options.connections, sizeof(jsCtx *));
    check(load.sent != NULL && load.destinations != NULL);
    check(load.consumers != NULL && load.consuming != NULL);
    if (!open_all())
        return 1;
    double used = own_seconds();
    double started = clock_seconds();
    bool done = publish_all() && wait_for_all();
    double seconds = clock_seconds() - started;
    double messages = (double)load.options.messages;
    if (done) {
        (void)printf("{\"rate\":%.0f,\"seconds\":%.3f,\"messages\":%zu,\"driver_us\":%.1f",
                     messages / seconds, seconds, load.options.messages,
                     (own_seconds() - used) / messages * 1e6);
        print_quantiles("confirmed", &load.confirm_times);
        print_quantiles("consumed", &load.consume_times);
        (void)printf("}\n");
    }
    close_all();
    return done ? 0 : 1;
}
