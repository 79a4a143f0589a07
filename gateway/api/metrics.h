/* metrics - figures as Prometheus reads them (text format 0.0.4).
 *
 *   struct buffer text; buffer_init(&text, METRICS_BYTES_MAX);
 *   metric(&text, "lienthong_ledger_size", "gauge", "Entries of the ledger.");
 *   metric_value(&text, "lienthong_ledger_size", NULL, NULL, size);
 *   metrics_answer(request, &text);
 *
 * Values are numbers that we count and keys of participants: nothing in a label needs escaping.
 * What does not fit any more is left out and the answer is a refusal: a scrape is whole or none.
 */
#pragma once

#include "gateway/api/api.h"
#include "gateway/port/store.h"

enum { METRICS_BYTES_MAX = 4 * 1024 * 1024 /* a dozen figures of each of 4,096 participants */ };

/* The head of a figure. type: "gauge", "counter". */
void metric(struct buffer *text, const char *name, const char *type, const char *help);
/* One value; label NULL: the figure has none. */
void metric_value(struct buffer *text, const char *name, const char *label, const char *label_value,
                  int64_t value);
/* lienthong_queue_entries{destination,state} and lienthong_queue_oldest_timestamp_seconds. */
enum reason metrics_put_queues(struct buffer *text, struct store *store);
/* Answers, and releases the buffer. reason: what kept the figures from being read. */
void metrics_answer(struct api_request *request, struct buffer *text, enum reason reason);
