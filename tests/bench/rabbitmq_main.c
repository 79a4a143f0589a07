/* Loads a RabbitMQ server and prints what it did as one line of JSON: durable queues, persistent
 * messages, publisher confirms, consumers that acknowledge.
 *
 *   rabbitmq -P PORT [-s BYTES] [-n MESSAGES] [-a QUEUES] [-w WINDOW] [-i ITEMS] [-R RATE]
 *            [-c CONNECTIONS]
 *
 * One connection publishes; CONNECTIONS consume, one for each queue (the default) or fewer, which
 * share the queues. A consumer acknowledges ITEMS messages at once. The time ends when the last
 * message is consumed, acknowledged and confirmed. */
#include <amqp.h>
#include <amqp_tcp_socket.h>
#include <getopt.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/base/check.h"
#include "tests/bench/histogram.h"
#include "tests/bench/process.h"

enum { FRAME_MAX = 131072, WAIT_SECONDS = 20, QUEUES_MAX = 4096 };

struct options {
    int port;
    size_t bytes, messages, queues, window, items, connections;
    double rate; /* 0: as fast as the window lets */
};

struct consumer {
    amqp_connection_state_t connection;
    size_t count, expected; /* messages */
};

struct load {
    struct options options;
    double *sent;       /* of each message */
    bool *is_confirmed; /* the same */
    double started;
    struct histogram confirmed, consumed;
    struct consumer *consumers; /* options.connections */
    atomic_bool failed;
};

static struct load load;

static bool fail(const char *what)
{
    (void)fprintf(stderr, "rabbitmq: %s\n", what);
    atomic_store(&load.failed, true);
    return false;
}

static bool is_normal(amqp_rpc_reply_t reply)
{
    return reply.reply_type == AMQP_RESPONSE_NORMAL;
}

static amqp_connection_state_t dial(void)
{
    amqp_connection_state_t connection = amqp_new_connection();
    amqp_socket_t *socket = amqp_tcp_socket_new(connection);
    if (socket == NULL || amqp_socket_open(socket, "127.0.0.1", load.options.port) != 0 ||
        !is_normal(
            amqp_login(connection, "/", 0, FRAME_MAX, 0, AMQP_SASL_METHOD_PLAIN, "guest", "guest")))
        return NULL;
    amqp_channel_open(connection, 1);
    return is_normal(amqp_get_rpc_reply(connection)) ? connection : NULL;
}

static void hang_up(amqp_connection_state_t connection)
{
    if (connection != NULL) {
        (void)amqp_connection_close(connection, AMQP_REPLY_SUCCESS);
        (void)amqp_destroy_connection(connection);
    }
}

static void queue_name(size_t index, char ret_name[32])
{
    (void)snprintf(ret_name, 32, "bench%04zu", index);
}

static bool make_queues(amqp_connection_state_t connection)
{
    for (size_t i = 0; i < load.options.queues; i++) {
        char name[32];
        queue_name(i, name);
        amqp_queue_declare(connection, 1, amqp_cstring_bytes(name), 0, 1, 0, 0, amqp_empty_table);
        if (!is_normal(amqp_get_rpc_reply(connection)))
            return fail("a queue cannot be declared");
        amqp_queue_purge(connection, 1, amqp_cstring_bytes(name));
        if (!is_normal(amqp_get_rpc_reply(connection)))
            return fail("a queue cannot be emptied");
    }
    return true;
}

/* ---- the consumers ---- */

/* The next message of a connection; false: none now. */
static bool consume_one(struct consumer *consumer)
{
    amqp_envelope_t envelope;
    struct timeval wait = {0};
    amqp_maybe_release_buffers(consumer->connection);
    amqp_rpc_reply_t reply = amqp_consume_message(consumer->connection, &envelope, &wait, 0);
    if (!is_normal(reply)) {
        if (reply.reply_type != AMQP_RESPONSE_LIBRARY_EXCEPTION ||
            reply.library_error != AMQP_STATUS_TIMEOUT)
            (void)fail("a message cannot be read");
        return false;
    }
    size_t index;
    check(envelope.message.body.len >= sizeof index);
    memcpy(&index, envelope.message.body.bytes, sizeof index);
    check(index < load.options.messages);
    histogram_record(&load.consumed, (uint64_t)((clock_seconds() - load.sent[index]) * 1e6));
    consumer->count++;
    if (consumer->count % load.options.items == 0 || consumer->count == consumer->expected)
        (void)amqp_basic_ack(consumer->connection, 1, envelope.delivery_tag, 1);
    amqp_destroy_envelope(&envelope);
    return true;
}

/* One thread for all of them. */
static void *consume(void *context)
{
    struct pollfd *waits = context;
    size_t all = 0;
    while (all < load.options.messages && !atomic_load(&load.failed)) {
        if (poll(waits, load.options.connections, WAIT_SECONDS * 1000) <= 0)
            (void)fail("nothing more arrives");
        for (size_t i = 0; i < load.options.connections; i++) {
            while (waits[i].revents != 0 && consume_one(&load.consumers[i]))
                all++;
        }
    }
    return NULL;
}

static bool start_consumer(size_t number)
{
    struct consumer *consumer = &load.consumers[number];
    const struct options *options = &load.options;
    consumer->connection = dial();
    if (consumer->connection == NULL)
        return false;
    /* One consumer's share; several times what is acknowledged at once. */
    amqp_basic_qos(consumer->connection, 1, 0, (uint16_t)(4 * options->items), 0);
    for (size_t i = number; i < options->queues; i += options->connections) {
        char name[32];
        queue_name(i, name);
        amqp_basic_consume(consumer->connection, 1, amqp_cstring_bytes(name), amqp_empty_bytes, 0,
                           0, 0, amqp_empty_table);
        if (!is_normal(amqp_get_rpc_reply(consumer->connection)))
            return false;
        consumer->expected +=
            options->messages / options->queues + (i < options->messages % options->queues ? 1 : 0);
    }
    return true;
}

static bool start_consumers(struct pollfd *waits)
{
    for (size_t i = 0; i < load.options.connections; i++) {
        if (!start_consumer(i))
            return fail("the queues cannot be consumed");
        waits[i] =
            (struct pollfd){.fd = amqp_get_sockfd(load.consumers[i].connection), .events = POLLIN};
    }
    return true;
}

/* ---- the publisher ---- */

struct publisher {
    amqp_connection_state_t connection;
    uint8_t *body;
    size_t sent, confirmed;
    size_t first_open; /* everything before is confirmed */
};

/* Confirms come in any order; one with `multiple` is for all before it as well. */
static void confirm(struct publisher *publisher, const amqp_basic_ack_t *ack)
{
    double now = clock_seconds();
    size_t end = (size_t)ack->delivery_tag;
    for (size_t i = ack->multiple ? publisher->first_open : end - 1; i < end; i++) {
        if (load.is_confirmed[i])
            continue;
        load.is_confirmed[i] = true;
        publisher->confirmed++;
        histogram_record(&load.confirmed, (uint64_t)((now - load.sent[i]) * 1e6));
    }
    while (publisher->first_open < publisher->sent && load.is_confirmed[publisher->first_open])
        publisher->first_open++;
}

static bool publish(struct publisher *publisher)
{
    char name[32];
    size_t index = publisher->sent;
    amqp_basic_properties_t persistent = {._flags = AMQP_BASIC_DELIVERY_MODE_FLAG,
                                          .delivery_mode = AMQP_DELIVERY_PERSISTENT};
    queue_name(index % load.options.queues, name);
    memcpy(publisher->body, &index, sizeof index);
    load.sent[index] =
        load.options.rate > 0 ? load.started + (double)index / load.options.rate : clock_seconds();
    publisher->sent++;
    return amqp_basic_publish(publisher->connection, 1, amqp_empty_bytes, amqp_cstring_bytes(name),
                              0, 0, &persistent,
                              (amqp_bytes_t){load.options.bytes, publisher->body}) == 0 ||
           fail("cannot publish");
}

static bool take_confirms(struct publisher *publisher, double wait_seconds)
{
    amqp_frame_t frame;
    struct timeval wait = {.tv_sec = (time_t)wait_seconds,
                           .tv_usec =
                               (suseconds_t)((wait_seconds - (double)(time_t)wait_seconds) * 1e6)};
    amqp_maybe_release_buffers(publisher->connection);
    int status = amqp_simple_wait_frame_noblock(publisher->connection, &frame, &wait);
    if (status == AMQP_STATUS_TIMEOUT)
        return wait_seconds < WAIT_SECONDS || fail("no confirm arrives");
    if (status != AMQP_STATUS_OK || frame.frame_type != AMQP_FRAME_METHOD ||
        frame.payload.method.id != AMQP_BASIC_ACK_METHOD)
        return fail("a confirm cannot be read");
    confirm(publisher, frame.payload.method.decoded);
    return true;
}

/* Not before its time, and not more than the window. */
static double wait_for_next(const struct publisher *publisher)
{
    if (publisher->sent == load.options.messages)
        return WAIT_SECONDS;
    if (load.options.rate > 0) {
        double due = load.started + (double)publisher->sent / load.options.rate;
        double now = clock_seconds();
        return due > now ? due - now : 0;
    }
    return publisher->sent - publisher->confirmed < load.options.window ? 0 : WAIT_SECONDS;
}

static bool publish_all(struct publisher *publisher)
{
    load.started = clock_seconds();
    while (publisher->confirmed < load.options.messages && !atomic_load(&load.failed)) {
        double wait = wait_for_next(publisher);
        if (wait <= 0 ? !publish(publisher) : !take_confirms(publisher, wait))
            return false;
    }
    return true;
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
        .bytes = 1024, .messages = 20000, .queues = 23, .window = 2048, .items = 64};
    while ((option = getopt(count, words, "P:s:n:a:w:i:R:c:")) != -1) {
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
            ret_options->queues = value;
            break;
        case 'w':
            ret_options->window = value;
            break;
        case 'i':
            ret_options->items = value;
            break;
        case 'c':
            ret_options->connections = value;
            break;
        case 'R':
            ret_options->rate = strtod(optarg, NULL);
            break;
        default:
            return false;
        }
    }
    if (ret_options->connections == 0 || ret_options->connections > ret_options->queues)
        ret_options->connections = ret_options->queues;
    return ret_options->port > 0 && ret_options->bytes >= sizeof(size_t) &&
           ret_options->queues <= QUEUES_MAX;
}

int main(int count, char **words)
{
    if (!parse(count, words, &load.options)) {
        (void)fprintf(stderr, "usage: see the top of tests/bench/rabbitmq_main.c\n");
        return 2;
    }
    struct publisher publisher = {.connection = dial(), .body = calloc(1, load.options.bytes)};
    pthread_t thread;
    load.sent = calloc(load.options.messages, sizeof *load.sent);
    load.is_confirmed = calloc(load.options.messages, sizeof *load.is_confirmed);
    load.consumers = calloc(load.options.connections, sizeof *load.consumers);
    struct pollfd *waits = calloc(load.options.connections, sizeof *waits);
    check(load.consumers != NULL && waits != NULL);
    check(publisher.body != NULL && load.sent != NULL && load.is_confirmed != NULL);
    if (publisher.connection == NULL || !make_queues(publisher.connection))
        return fail("the server cannot be used") ? 0 : 1;
    amqp_confirm_select(publisher.connection, 1);
    if (!is_normal(amqp_get_rpc_reply(publisher.connection)) || !start_consumers(waits) ||
        pthread_create(&thread, NULL, consume, waits) != 0)
        return 1;
    double used = own_seconds();
    bool done = publish_all(&publisher);
    pthread_join(thread, NULL);
    done = done && !atomic_load(&load.failed);
    double seconds = clock_seconds() - load.started;
    double messages = (double)load.options.messages;
    if (done) {
        (void)printf("{\"rate\":%.0f,\"seconds\":%.3f,\"messages\":%zu,\"driver_us\":%.1f",
                     messages / seconds, seconds, load.options.messages,
                     (own_seconds() - used) / messages * 1e6);
        print_quantiles("confirmed", &load.confirmed);
        print_quantiles("consumed", &load.consumed);
        (void)printf("}\n");
    }
    for (size_t i = 0; i < load.options.connections; i++)
        hang_up(load.consumers[i].connection);
    free(load.consumers);
    free(waits);
    hang_up(publisher.connection);
    free(publisher.body);
    free(load.sent);
    free(load.is_confirmed);
    return done ? 0 : 1;
}
