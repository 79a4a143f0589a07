#include "tests/bench/line.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "proto/base/check.h"
#include "proto/link/link.h"
#include "tests/bench/process.h"

enum { COST_FRAMES = 40000, STUCK_SECONDS = 20 };

struct line {
    struct link_server *server;
    struct link_client *client;
};

static bool fail(const char *what)
{
    (void)fprintf(stderr, "line: %s\n", what);
    return false;
}

static bool line_open(struct line *line)
{
    struct link_server_options server = {.endpoint = "tcp://127.0.0.1:0", .io_threads = 1};
    struct link_client_options client = {0};
    struct link_peer peer = {.key = key_of("centre")};
    if (curve_pair_make(&server.key) != REASON_NONE || curve_pair_make(&client.key) != REASON_NONE)
        return false;
    peer.public_key = client.key.public_key;
    client.server_public_key = server.key.public_key;
    if (link_server_new(&server, &line->server) != REASON_NONE ||
        link_server_set_peers(line->server, &peer, 1) != REASON_NONE)
        return false;
    client.endpoint = link_server_endpoint(line->server);
    return link_client_new(&client, &line->client) == REASON_NONE;
}

static void line_close(struct line *line)
{
    link_client_destroy(&line->client);
    link_server_destroy(&line->server);
}

/* ---- its cost ---- */

bool line_cost(struct bytes message, double *ret_us)
{
    struct line line = {0};
    struct link_event event;
    size_t sent = 0;
    size_t received = 0;
    double begun = own_seconds();
    double deadline = clock_seconds() + STUCK_SECONDS;
    bool opened = line_open(&line);
    while (opened && received < COST_FRAMES && clock_seconds() < deadline) {
        bool any = link_client_receive(line.client, &event);
        while (sent < COST_FRAMES && sent - received < LINK_SEND_QUEUE_MAX &&
               link_client_send(line.client, message) == REASON_NONE)
            sent++;
        while (link_server_receive(line.server, &event)) {
            received += event.kind == LINK_FRAME ? 1 : 0;
            any = true;
        }
        struct pollfd wait = {.fd = link_server_fd(line.server), .events = POLLIN};
        if (!any)
            (void)poll(&wait, 1, 1);
    }
    *ret_us = (own_seconds() - begun) / COST_FRAMES * 1e6;
    line_close(&line);
    return received == COST_FRAMES || fail("the link is stuck");
}

/* ---- its latency ---- */

struct answerer {
    struct link_server *server;
    struct bytes answer;
    atomic_bool is_stopping;
    pthread_t thread;
};

static void *answer(void *context)
{
    enum { WAIT_MS = 100 };
    struct answerer *answerer = context;
    while (!atomic_load(&answerer->is_stopping)) {
        struct link_event event;
        struct pollfd wait = {.fd = link_server_fd(answerer->server), .events = POLLIN};
        (void)poll(&wait, 1, WAIT_MS);
        while (link_server_receive(answerer->server, &event)) {
            if (event.kind == LINK_FRAME)
                (void)link_server_send(answerer->server, &event.peer, answerer->answer);
        }
    }
    return NULL;
}

/* Until a frame comes or the time has come, at most a millisecond. */
static void wait_until(struct link_client *client, double until)
{
    double left = until - clock_seconds();
    long wait_ns = left < 0 ? 0 : left > 0.001 ? 1000000 : (long)(left * 1e9);
    struct timespec timeout = {.tv_nsec = wait_ns};
    struct pollfd wait = {.fd = link_client_fd(client), .events = POLLIN};
    (void)ppoll(&wait, 1, &timeout, NULL);
}

static bool is_connected(struct link_client *client)
{
    struct link_event event;
    double deadline = clock_seconds() + STUCK_SECONDS;
    while (clock_seconds() < deadline) {
        if (link_client_receive(client, &event) && event.kind == LINK_PEER_CONNECTED)
            return true;
        wait_until(client, deadline);
    }
    return false;
}

/* Answers come in the order of the frames. */
static bool time_frames(struct link_client *client, const struct corpus *corpus, double rate,
                        struct histogram *times)
{
    struct link_event event;
    size_t sent = 0;
    size_t answered = 0;
    double started = clock_seconds();
    double deadline = started + (double)corpus->message_count / rate + STUCK_SECONDS;
    while (answered < corpus->frame_count && clock_seconds() < deadline) {
        double due = deadline;
        while (sent < corpus->frame_count) {
            due = started + corpus->frames[sent].first_message / rate;
            if (clock_seconds() < due ||
                link_client_send(client, corpus_frame_bytes(corpus, sent)) != REASON_NONE)
                break;
            sent++;
        }
        while (link_client_receive(client, &event)) {
            if (event.kind != LINK_FRAME || answered == sent)
                return fail("the connection broke");
            double was_due = started + corpus->frames[answered++].first_message / rate;
            histogram_record(times, (uint64_t)((clock_seconds() - was_due) * 1e6));
        }
        wait_until(client, due);
    }
    return answered == corpus->frame_count || fail("the link is stuck");
}

bool line_round_trips(const struct corpus *corpus, double rate, size_t answer_bytes,
                      struct histogram *ret_times)
{
    struct line line = {0};
    struct answerer answerer = {0};
    uint8_t *bytes = calloc(1, answer_bytes);
    check(bytes != NULL && rate > 0);
    bool done = line_open(&line) && is_connected(line.client);
    if (done) {
        answerer.server = line.server;
        answerer.answer = (struct bytes){bytes, answer_bytes};
        check(pthread_create(&answerer.thread, NULL, answer, &answerer) == 0);
        done = time_frames(line.client, corpus, rate, ret_times);
        atomic_store(&answerer.is_stopping, true);
        (void)pthread_join(answerer.thread, NULL);
    } else {
        (void)fail("no connection");
    }
    line_close(&line);
    free(bytes);
    return done;
}
