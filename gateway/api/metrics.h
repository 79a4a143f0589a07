/* metrics - figures as Prometheus reads them (text format 0.0.4).
 *
 *   struct metrics metrics;                 the shell's, beside its API
 *   metrics_init(&metrics, state_directory, crypto);
 *   metrics_count(&metrics, transition);    each that a step tells of
 *   metrics_release(&metrics);
 *
 *   struct buffer text; buffer_init(&text, METRICS_BYTES_MAX);      a scrape
 *   metrics_put_program(&text, &metrics, &program);
 *   metric_head(&text, "lienthong_office_ok", "gauge", "1: the office can be served.");
 *   metric_row(&text, "lienthong_office_ok", (struct metric_labels){NULL}, 1);
 *   metrics_put_kept(&text, &metrics, store, metrics_put_queues);
 *   metrics_answer(request, &text);
 *
 * Labels are keys of participants, states, reasons, versions: of each there is a bounded number,
 * none needs escaping, and nothing of a dossier is among them (invariant 11). A scrape is whole or
 * refused, and never refused because the store cannot commit or be read: then it says just that,
 * and the store's own figures are left out. It promises nothing, and so waits for no step.
 *
 * What costs a look at each live row is kept for METRICS_SHARE times as long as the look took: a
 * scrape, however often it comes, costs the loop no more than that share of its time.
 */
#pragma once

#include "gateway/api/api.h"
#include "gateway/custody/clock_sense.h"
#include "gateway/custody/effects.h"
#include "gateway/port/store.h"

struct crypto_openssl;

enum {
    METRICS_ROW_BYTES = 128,       /* the longest name with two labels */
    METRICS_ROWS_OF_EACH_MAX = 16, /* of a participant: its own, and its queue by state */
    METRICS_BYTES_MAX = PARTICIPANTS_MAX * METRICS_ROWS_OF_EACH_MAX * METRICS_ROW_BYTES,
    METRICS_SHARE = 100,
    METRICS_EVENTS = 5,
    METRICS_REASONS = 512, /* above every number of proto/base/reason.def */
};

struct metrics {
    const char *state_directory;
    const struct crypto_openssl *crypto; /* NULL: nothing is known of certificates */
    uint64_t refused_handshakes;         /* ours, that the gateway refused */
    uint64_t told[METRICS_EVENTS][METRICS_REASONS];
    struct buffer kept; /* of the last look at each row */
    mono_t kept_until;
};

/* Both stay the caller's. */
void metrics_init(struct metrics *metrics, const char *state_directory,
                  const struct crypto_openssl *crypto);
void metrics_release(struct metrics *metrics);
/* Refusals, what was put off, alarms, ends that are no delivery, and lines that were left out. */
void metrics_count(struct metrics *metrics, const struct transition *transition);

/* The head of a figure. type: "gauge", "counter". */
void metric_head(struct buffer *text, const char *name, const char *type, const char *help);
/* None: name NULL; one: second NULL. */
struct metric_labels {
    const char *name, *value;
    const char *second, *second_value;
};
void metric_row(struct buffer *text, const char *name, struct metric_labels labels, int64_t value);
/* Head and row of a figure without labels. */
void metric_gauge(struct buffer *text, const char *name, const char *help, int64_t value);

/* What both daemons have. */
struct metrics_program {
    const char *version;
    const char *registry; /* its version; NULL: none */
    enum clock_state clock;
    enum reason store;
    uint64_t ledger_size;
    uint64_t refused_handshakes;
    wall_t put_back; /* when the store last was, from a backup; 0: never */
};
/* And the own certificate, the revocation lists, disk and store. */
void metrics_put_program(struct buffer *text, const struct metrics *metrics,
                         const struct metrics_program *program);
/* Each registered participant's: the last end among its certificates. */
void metrics_put_certificates(struct buffer *text, const struct metrics *metrics);
/* lienthong_queue_entries{destination,state} and lienthong_queue_oldest_timestamp_seconds. */
enum reason metrics_put_queues(struct buffer *text, struct store *store);
/* What `put` gives, now or of a moment ago. */
void metrics_put_kept(struct buffer *text, struct metrics *metrics, struct store *store,
                      enum reason (*put)(struct buffer *text, struct store *store));
/* Answers, and releases the buffer. */
void metrics_answer(struct api_request *request, struct buffer *text);
