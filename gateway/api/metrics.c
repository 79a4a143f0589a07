/* Prometheus' text format, and the figures that both daemons have. Labels are keys of the registry,
 * reasons and states: their number is bounded by tables and not by what peers send (invariant 8),
 * and none names a message, a dossier or a person (invariant 11). What only one daemon has:
 * operators_metrics.c, and local_health.c of the adapter. */
#include "gateway/api/metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "gateway/workers/crypto_openssl.h"
#include "gateway/workers/program.h"
#include "proto/base/check.h"
#include "proto/seal/trust.h"

static const char *const told_events[METRICS_EVENTS] = {"refused", "put_off", "alarm", "settled",
                                                        "left_out"};

void metrics_init(struct metrics *metrics, const char *state_directory,
                  const struct crypto_openssl *crypto)
{
    *metrics = (struct metrics){.state_directory = state_directory, .crypto = crypto};
    buffer_init(&metrics->kept, METRICS_BYTES_MAX);
}

void metrics_release(struct metrics *metrics)
{
    buffer_release(&metrics->kept);
}

/* Counted from the lines of the log, by whoever writes them, so that figure and log cannot
 * differ. */
void metrics_count(struct metrics *metrics, const struct transition *transition)
{
    if (transition->reason == REASON_NONE || (size_t)transition->reason >= METRICS_REASONS)
        return;
    for (size_t i = 0; i < METRICS_EVENTS; i++) {
        if (strcmp(transition->event, told_events[i]) == 0)
            metrics->told[i][transition->reason] += transition->count > 0 ? transition->count : 1;
    }
}

/* ---- the format ------------------------------------------------------------------------------ */

/* What does not fit is left out here and noticed at the end (metrics_answer). */
void metric_head(struct buffer *text, const char *name, const char *type, const char *help)
{
    (void)buffer_append_format(text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static size_t put_text(char *line, size_t at, const char *text)
{
    size_t size = strlen(text);
    check(at + size < METRICS_ROW_BYTES);
    memcpy(line + at, text, size);
    return at + size;
}

static size_t put_label(char *line, size_t at, const char *name, const char *value)
{
    at = put_text(line, at, name);
    at = put_text(line, at, "=\"");
    at = put_text(line, at, value);
    return put_text(line, at, "\"");
}

static size_t put_number(char *line, size_t at, int64_t value)
{
    char digits[24];
    size_t first = sizeof digits;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    digits[--first] = 0;
    do
        digits[--first] = (char)('0' + rest % 10);
    while ((rest /= 10) > 0);
    if (value < 0)
        digits[--first] = '-';
    return put_text(line, at, digits + first);
}

/* Tens of thousands of rows in a large province: printf would take ten times as long. At the
 * buffer's bound the text stays as it is; metrics_answer sees that by its end. */
void metric_row(struct buffer *text, const char *name, struct metric_labels labels, int64_t value)
{
    char line[METRICS_ROW_BYTES];
    size_t at = put_text(line, 0, name);
    if (labels.name != NULL) {
        at = put_label(line, put_text(line, at, "{"), labels.name, labels.value);
        if (labels.second != NULL)
            at = put_label(line, put_text(line, at, ","), labels.second, labels.second_value);
        at = put_text(line, at, "}");
    }
    at = put_number(line, put_text(line, at, " "), value);
    at = put_text(line, at, "\n");
    (void)buffer_append(text, (struct bytes){(const uint8_t *)line, at});
}

void metric_gauge(struct buffer *text, const char *name, const char *help, int64_t value)
{
    metric_head(text, name, "gauge", help);
    metric_row(text, name, (struct metric_labels){.name = NULL}, value);
}

/* A text that was cut would read as figures that fell to nothing: it is refused as a whole. */
void metrics_answer(struct api_request *request, struct buffer *text)
{
    if (buffer_append_text(text, "# EOF\n"))
        api_answer_bytes(request, "text/plain; version=0.0.4; charset=utf-8", buffer_view(text));
    else
        api_answer_reason(request, REASON_OUT_OF_MEMORY, NULL);
    buffer_release(text);
}

/* ---- the program ----------------------------------------------------------------------------- */

static void put_told(struct buffer *text, const struct metrics *metrics)
{
    static const char name[] = "lienthong_refusals_total";
    metric_head(text, name, "counter",
                "Messages and frames that were refused, put off or alarmed, by reason.");
    for (size_t i = 0; i < METRICS_EVENTS; i++) {
        for (size_t reason = 0; reason < METRICS_REASONS; reason++) {
            if (metrics->told[i][reason] > 0)
                metric_row(text, name,
                           (struct metric_labels){"event", told_events[i], "reason",
                                                  reason_code((enum reason)reason)},
                           (int64_t)metrics->told[i][reason]);
        }
    }
}

static int64_t file_bytes(const char *folder, const char *name)
{
    char path[FILE_PATH_BYTES_MAX];
    struct stat status;
    return file_path_join(folder, name, path) && stat(path, &status) == 0 ? status.st_size : 0;
}

/* Free is what this user may still use: the part that is kept for root does not help us. */
static void put_disk(struct buffer *text, const char *folder)
{
    struct statvfs disk;
    metric_gauge(text, "lienthong_store_bytes", "The store's file and its write-ahead log.",
                 file_bytes(folder, "store.sqlite") + file_bytes(folder, "store.sqlite-wal"));
    if (statvfs(folder, &disk) != 0)
        return;
    metric_gauge(text, "lienthong_disk_bytes", "Of the disk that the state stands on.",
                 (int64_t)(disk.f_blocks * disk.f_frsize));
    metric_gauge(text, "lienthong_disk_free_bytes", "Of it, what is free for the program.",
                 (int64_t)(disk.f_bavail * disk.f_frsize));
}

static void put_own_certificate(struct buffer *text, const struct metrics *metrics)
{
    const struct crypto_port *port = crypto_openssl_port(metrics->crypto);
    const struct trust *trust = crypto_openssl_trust(metrics->crypto);
    struct digest fingerprint;
    wall_t end;
    port->signer(port->context, &fingerprint);
    const struct trust_signer *own = trust_find(trust, &fingerprint);
    if (own != NULL)
        metric_gauge(text, "lienthong_own_certificate_end_timestamp_seconds",
                     "When the certificate ends that this program signs with.",
                     trust_signer_not_after(own).ms / 1000);
    if (trust_oldest_list(trust, &end))
        metric_gauge(text, "lienthong_revocation_list_end_timestamp_seconds",
                     "When the first of the revocation lists is out of date.", end.ms / 1000);
}

/* All of one participant stand together, as they were registered. */
void metrics_put_certificates(struct buffer *text, const struct metrics *metrics)
{
    static const char name[] = "lienthong_certificate_end_timestamp_seconds";
    const struct trust *trust =
        metrics->crypto == NULL ? NULL : crypto_openssl_trust(metrics->crypto);
    size_t count = trust == NULL ? 0 : trust_signer_count(trust);
    metric_head(text, name, "gauge", "When the last of a participant's certificates ends.");
    for (size_t i = 0; i < count;) {
        const struct key *of = trust_signer_participant(trust_signer_at(trust, i));
        int64_t end_ms = 0;
        for (; i < count && key_equal(trust_signer_participant(trust_signer_at(trust, i)), of);
             i++) {
            int64_t each_ms = trust_signer_not_after(trust_signer_at(trust, i)).ms;
            end_ms = each_ms > end_ms ? each_ms : end_ms;
        }
        metric_row(text, name, (struct metric_labels){.name = "participant", .value = of->text},
                   end_ms / 1000);
    }
}

static void put_text_row(struct buffer *text, const char *name, const char *help, const char *label,
                         const char *value)
{
    metric_head(text, name, "gauge", help);
    metric_row(text, name, (struct metric_labels){.name = label, .value = value}, 1);
}

void metrics_put_program(struct buffer *text, const struct metrics *metrics,
                         const struct metrics_program *program)
{
    put_text_row(text, "lienthong_program", "1 for the program's version.", "version",
                 program->version);
    if (program->registry != NULL)
        put_text_row(text, "lienthong_registry", "1 for the version of the registry that holds.",
                     "version", program->registry);
    put_text_row(text, "lienthong_clock", "1 for the state that the wall clock is in.", "state",
                 clock_state_name(program->clock));
    metric_gauge(text, "lienthong_store_ok", "1: the store can commit.",
                 program->store == REASON_NONE);
    metric_gauge(text, "lienthong_ledger_size", "Entries of the ledger: own, or verified.",
                 (int64_t)program->ledger_size);
    metric_head(text, "lienthong_refused_handshakes_total", "counter",
                "Connections that were refused: to us, or of ours.");
    metric_row(text, "lienthong_refused_handshakes_total", (struct metric_labels){.name = NULL},
               (int64_t)program->refused_handshakes);
    metric_gauge(text, "lienthong_put_back_timestamp_seconds",
                 "When the store was last put back from a backup; 0: never.",
                 program->put_back.ms / 1000);
    put_told(text, metrics);
    put_disk(text, metrics->state_directory);
    if (metrics->crypto != NULL)
        put_own_certificate(text, metrics);
}

/* ---- the store ------------------------------------------------------------------------------- */

static void put_counts(struct buffer *text, const struct store_count *counts, size_t count)
{
    static const char name[] = "lienthong_queue_entries";
    metric_head(text, name, "gauge", "What waits for a destination, by its state.");
    for (size_t i = 0; i < count; i++) {
        for (int state = ENTRY_QUEUED; state < ENTRY_STATES; state++) {
            if (entry_state_is_live((enum entry_state)state))
                metric_row(text, name,
                           (struct metric_labels){"destination", counts[i].destination.text,
                                                  "state",
                                                  entry_state_name((enum entry_state)state)},
                           (int64_t)counts[i].count[state]);
        }
    }
}

/* Too large for the loop's stack: a count for each participant that there may be. */
enum reason metrics_put_queues(struct buffer *text, struct store *store)
{
    static const char name[] = "lienthong_queue_oldest_timestamp_seconds";
    struct store_count *counts = calloc(PARTICIPANTS_MAX, sizeof *counts);
    size_t count = 0;
    if (counts == NULL)
        return REASON_OUT_OF_MEMORY;
    enum reason reason = store->verbs->counts(store, counts, PARTICIPANTS_MAX, &count);
    if (reason == REASON_NONE)
        put_counts(text, counts, count);
    metric_head(text, name, "gauge",
                "Since when the oldest waits for a destination; 0: nothing does.");
    for (size_t i = 0; i < count; i++)
        metric_row(
            text, name,
            (struct metric_labels){.name = "destination", .value = counts[i].destination.text},
            counts[i].oldest.ms / 1000);
    free(counts);
    return reason;
}

/* Counting a large backlog takes a while and runs on the loop's thread. The text is kept
 * METRICS_SHARE times as long as it took, so that whoever asks without a pause costs a fixed part
 * of the loop's time and no more. */
void metrics_put_kept(struct buffer *text, struct metrics *metrics, struct store *store,
                      enum reason (*put)(struct buffer *text, struct store *store))
{
    mono_t begun = program_mono();
    if (begun.ms >= metrics->kept_until.ms) {
        buffer_clear(&metrics->kept);
        if (put(&metrics->kept, store) != REASON_NONE)
            buffer_clear(&metrics->kept);
        mono_t ended = program_mono();
        metrics->kept_until.ms = ended.ms + METRICS_SHARE * (ended.ms - begun.ms);
    }
    (void)buffer_append(text, buffer_view(&metrics->kept));
}
