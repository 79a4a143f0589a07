/* office - an agency's own back-office system, as a program of the sandbox province.
 *
 * It knows nothing of the gateway: it serves the operations of a land registry's interface over
 * HTTP, keeps its own database, and hands progress, requests and results to its adapter's local
 * API. It is not idempotent by itself beyond answering 409 to a message number that it has: what it
 * accepted twice would stand twice in its table `accepted`, and be counted.
 * Its table `manners` says how it treats what is about some dossiers: 'breaks' (500), 'refuses'
 * (Result 0, with a reason in words), 'waits' (no answer before the row has gone). Whoever wants to
 * see that fills and empties it.
 *
 *   office_http.c    serves the operations; one thread of libmicrohttpd
 *   office_work.c    the clerks: progress, supplement, result, in their time; one thread
 *   office_main.c    options, start, stop
 *
 * The two threads share the database under the lock.
 */
#pragma once

#include <jansson.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "ops/client/adapter_address.h"

struct office_options {
    const char *agency;
    const char *directory; /* office.sqlite is made in it */
    const char *adapter;   /* state directory of its adapter */
    uint16_t port;
    uint32_t step_delay_ms;    /* between one step of the work and the next */
    uint32_t supplement_every; /* one dossier in so many lacks a paper; 0: none */
};

struct office {
    struct office_options options;
    sqlite3 *database;
    pthread_mutex_t lock;
    pthread_cond_t work; /* something became due, or it is time to stop */
    bool is_stopping;
    struct MHD_Daemon *daemon;
    pthread_t worker;
};

/* office_http.c */
bool office_http_start(struct office *office);
void office_http_stop(struct office *office);

/* office_work.c */
bool office_work_start(struct office *office);
void office_work_stop(struct office *office);
/* Plans the work of a dossier that was accepted. Within the caller's transaction and lock. */
bool office_plan_work(struct office *office, const char *dossier_code);
/* The paper that was asked for has come: the result follows. */
bool office_plan_result(struct office *office, const char *dossier_code);

/* A connection to the adapter's local API; false while it cannot be found. */
bool office_connect(struct office *office, struct http **ret_http);
/* Gives up the lock until there is work, or for so long. */
void office_wait(struct office *office, int64_t wait_ms);
int64_t office_wall_ms(void);
