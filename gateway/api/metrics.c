/* Prometheus' text format, and the figures that both daemons have. A label is a key of a
 * participant, a state or a reason: things of which there is a bounded number, and nothing of a
 * dossier (invariant 11). */
#include "gateway/api/metrics.h"

#include <inttypes.h>
#include <stdlib.h>

#include "proto/base/limits.h"

void metric(struct buffer *text, const char *name, const char *type, const char *help)
{
    (void)buffer_append_format(text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* At the buffer's bound the text stays as it is; metrics_answer sees that by its end. */
void metric_value(struct buffer *text, const char *name, const char *label, const char *label_value,
                  int64_t value)
{
    if (label == NULL)
        (void)buffer_append_format(text, "%s %" PRId64 "\n", name, value);
    else
        (void)buffer_append_format(text, "%s{%s=\"%s\"} %" PRId64 "\n", name, label, label_value,
                                   value);
}

static void put_counts(struct buffer *text, const struct store_count *counts, size_t count)
{
    static const char entries[] = "lienthong_queue_entries";
    metric(text, entries, "gauge", "What waits for a destination, by its state.");
    for (size_t i = 0; i < count; i++) {
        for (int state = ENTRY_QUEUED; state < ENTRY_STATES; state++) {
            if (!entry_state_is_live((enum entry_state)state))
                continue;
            (void)buffer_append_format(text, "%s{destination=\"%s\",state=\"%s\"} %" PRIu64 "\n",
                                       entries, counts[i].destination.text,
                                       entry_state_name((enum entry_state)state),
                                       (uint64_t)counts[i].count[state]);
        }
    }
}

enum reason metrics_put_queues(struct buffer *text, struct store *store)
{
    static const char oldest[] = "lienthong_queue_oldest_timestamp_seconds";
    struct store_count *counts = calloc(PARTICIPANTS_MAX, sizeof *counts);
    size_t count = 0;
    if (counts == NULL)
        return REASON_OUT_OF_MEMORY;
    enum reason reason = store->verbs->counts(store, counts, PARTICIPANTS_MAX, &count);
    put_counts(text, counts, count);
    metric(text, oldest, "gauge",
           "Since when the oldest waits for a destination; 0: nothing does.");
    for (size_t i = 0; i < count; i++)
        metric_value(text, oldest, "destination", counts[i].destination.text,
                     counts[i].oldest.ms / 1000);
    free(counts);
    return reason;
}

void metrics_answer(struct api_request *request, struct buffer *text, enum reason reason)
{
    static const char end[] = "# EOF\n";
    if (reason == REASON_NONE && !buffer_append_text(text, end))
        reason = REASON_OUT_OF_MEMORY;
    if (reason == REASON_NONE)
        api_answer_bytes(request, "text/plain; version=0.0.4; charset=utf-8", buffer_view(text));
    else
        api_answer_reason(request, reason, NULL);
    buffer_release(text);
}
