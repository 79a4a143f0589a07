#include "tests/hostile/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "proto/base/check.h"

/* Why a row misses its bars. */
struct misses {
    char text[512];
    size_t count;
};

static void miss(struct misses *misses, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void miss(struct misses *misses, const char *format, ...)
{
    size_t used = strlen(misses->text);
    va_list words;
    va_start(words, format);
    if (used + 2 < sizeof misses->text) {
        if (misses->count > 0)
            used += (size_t)snprintf(misses->text + used, sizeof misses->text - used, ", ");
        (void)vsnprintf(misses->text + used, sizeof misses->text - used, format, words);
    }
    va_end(words);
    misses->count++;
}

void report_begin(const struct report *report)
{
    (void)report;
    (void)printf("%-26s %-8s %7s %7s %7s %7s %7s %7s %6s %6s %5s %7s %7s %8s %5s %5s  %s\n",
                 "attack", "victim", "idle50", "idle99", "p50", "p99", "file", "office", "gw MB",
                 "victim", "fds", "rows/s", "ledg/s", "log KB/s", "part", "conns",
                 "(p50, p99, file, office: ms)");
    (void)fflush(stdout);
}

/* What came beside the honest traffic, a second: of that, as much as in the idle time, by message
 * and not by second, for on a machine without time it stands still and catches up. */
static double rate(const struct row *row, int64_t attacked, int64_t idle)
{
    const struct figures *before = &row->idle, *during = &row->attacked;
    double share = before->taken > 0 ? (double)during->taken / (double)before->taken
                                     : during->seconds / before->seconds;
    double more = ((double)attacked - (double)idle * share) / during->seconds;
    return more > 0 ? more : 0;
}

/* Of one key: what four connections may hold. Strangers and local users are judged by what they
 * cost. */
static void judge_connections(const struct row *row, struct misses *misses)
{
    bool is_one_key = strstr(row->attack->name, "connections") != NULL &&
                      strstr(row->attack->name, "ed_") == NULL &&
                      strstr(row->attack->name, "silent") == NULL;
    if (is_one_key && row->second == NULL && row->outcomes[0].held > BAR_CONNECTIONS)
        miss(misses, "%llu connections of one key", (unsigned long long)row->outcomes[0].held);
}

static void judge_truth(const struct row *row, struct misses *misses)
{
    uint64_t stolen = row->outcomes[0].stolen_bytes + row->outcomes[1].stolen_bytes;
    uint64_t deaths = row->attacked.deaths + row->deaths_after;
    if (row->broken > 0)
        miss(misses, "the attacker broke");
    if (deaths > 0)
        miss(misses, "%llu deaths", (unsigned long long)deaths);
    if (stolen > 0)
        miss(misses, "%llu bytes stolen", (unsigned long long)stolen);
    if (row->false_states > 0)
        miss(misses, "%llu false states", (unsigned long long)row->false_states);
    if (row->spoilt > 0)
        miss(misses, "%llu spoilt", (unsigned long long)row->spoilt);
    if (row->twice > 0)
        miss(misses, "%llu twice at the office", (unsigned long long)row->twice);
    if (row->disorder > 0)
        miss(misses, "%llu out of order", (unsigned long long)row->disorder);
    if (row->undelivered > 0)
        miss(misses, "%zu honest messages held up", row->undelivered);
}

static void judge_latency(const struct report *report, const struct row *row, struct misses *misses)
{
    const struct figures *attacked = &row->attacked;
    if (report->is_short || row->second != NULL || (row->attack->flags & ATTACK_LATENCY) == 0)
        return;
    if (attacked->p50_us > BAR_P50_US)
        miss(misses, "p50");
    if (attacked->p99_us > BAR_P99_US)
        miss(misses, "p99");
    if (row->attack->victim != VICTIM_INBOX && strncmp(row->attack->name, "api_", 4) != 0)
        return;
    if (attacked->office_failed > 0)
        miss(misses, "%zu of %zu calls of the office failed", attacked->office_failed,
             attacked->office_calls);
    if (attacked->office_p99_us > BAR_OFFICE_US)
        miss(misses, "the office waits");
}

static void judge_growth(const struct row *row, struct misses *misses)
{
    const struct figures *idle = &row->idle, *attacked = &row->attacked;
    /* A second's worth may be said at once at the beginning: an allowance that was saved up. */
    double bar = BAR_PER_SECOND * (row->second == NULL ? 1 : 2) * (attacked->seconds + 1) /
                 attacked->seconds;
    if (attacked->partial_files > BAR_PARTIAL_FILES)
        miss(misses, "partial files");
    if ((row->attack->flags & ATTACK_ROWS) == 0 ||
        (row->second != NULL && (row->second->flags & ATTACK_ROWS) == 0))
        return;
    if (rate(row, attacked->rows, idle->rows) > bar)
        miss(misses, "rows");
    if (rate(row, attacked->ledger, idle->ledger) > bar)
        miss(misses, "ledger entries");
    if (rate(row, attacked->log_lines, idle->log_lines) > bar)
        miss(misses, "log lines");
}

static void print_row(const struct row *row)
{
    static const char *const victims[] = {
        [VICTIM_GATEWAY] = "gateway",      [VICTIM_CARRIER] = "carrier",
        [VICTIM_ADAPTER_LINK] = "adapter", [VICTIM_LOCAL] = "local",
        [VICTIM_INBOX] = "inbox",
    };
    const struct figures *idle = &row->idle, *attacked = &row->attacked;
    char name[64];
    (void)snprintf(name, sizeof name, "%s%s%s", row->attack->name, row->second == NULL ? "" : "+",
                   row->second == NULL ? "" : row->second->name);
    (void)printf(
        "%-26s %-8s %7.1f %7.1f %7.1f %7.1f %7.1f %7.1f %6.0f %6.0f %5llu %7.0f %7.0f %8.1f "
        "%5llu %5llu  ",
        name, victims[row->attack->victim], (double)idle->p50_us / 1e3, (double)idle->p99_us / 1e3,
        (double)attacked->p50_us / 1e3, (double)attacked->p99_us / 1e3,
        (double)attacked->file_worst_us / 1e3, (double)attacked->office_p99_us / 1e3,
        attacked->gateway_mb, attacked->victim_mb, (unsigned long long)attacked->descriptors,
        rate(row, attacked->rows, idle->rows), rate(row, attacked->ledger, idle->ledger),
        rate(row, attacked->log_bytes, idle->log_bytes) / 1024,
        (unsigned long long)attacked->partial_files, (unsigned long long)row->outcomes[0].held);
}

void report_row(struct report *report, const struct row *row, const struct shared *shared)
{
    struct misses misses = {0};
    const struct figures *attacked = &row->attacked;
    judge_truth(row, &misses);
    judge_latency(report, row, &misses);
    judge_growth(row, &misses);
    judge_connections(row, &misses);
    if (attacked->gateway_mb > BAR_GATEWAY_MB && attacked->gateway_mb > row->idle.gateway_mb + 1)
        miss(&misses, "memory of the gateway");
    if (attacked->victim_mb > BAR_GATEWAY_MB)
        miss(&misses, "memory of the victim");
    print_row(row);
    if (misses.count == 0)
        (void)printf("ok");
    else
        (void)printf("MISSED: %s", misses.text);
    if (row->false_states > 0)
        (void)printf(" [first false state: %s]", shared->first_false);
    (void)printf(" (%llu sent%s%s)\n", (unsigned long long)row->outcomes[0].sent,
                 row->outcomes[0].note[0] != 0 ? "; " : "", row->outcomes[0].note);
    (void)fflush(stdout);
    report->attacks++;
    report->missed += misses.count > 0;
    report->aborts += attacked->deaths + row->deaths_after;
    report->stolen += row->outcomes[0].stolen_bytes + row->outcomes[1].stolen_bytes;
    if (row->second == NULL && (row->attack->flags & ATTACK_LATENCY) != 0 &&
        attacked->p99_us > report->p99_worst_us)
        report->p99_worst_us = attacked->p99_us;
    if (attacked->gateway_mb > report->rss_worst_mb)
        report->rss_worst_mb = attacked->gateway_mb;
}

bool report_end(const struct report *report, const struct shared *shared)
{
    uint64_t wrong = shared->false_states + report->lost;
    if (report->missed > 0)
        (void)printf("%zu of %zu rows miss a bar\n", report->missed, report->attacks);
    if (report->lost > 0)
        (void)printf("%zu messages were in custody and never arrived\n", report->lost);
    if (report->is_short)
        (void)printf("hostile: attacks=%zu aborts=%llu stolen=%llu false=%llu\n", report->attacks,
                     (unsigned long long)report->aborts, (unsigned long long)report->stolen,
                     (unsigned long long)wrong);
    else
        (void)printf("hostile: attacks=%zu aborts=%llu stolen=%llu false=%llu p99_worst=%.0f ms "
                     "rss_worst=%.0f MB\n",
                     report->attacks, (unsigned long long)report->aborts,
                     (unsigned long long)report->stolen, (unsigned long long)wrong,
                     (double)report->p99_worst_us / 1e3, report->rss_worst_mb);
    return report->missed == 0 && wrong == 0 && report->rss_worst_mb <= BAR_GATEWAY_MB &&
           report->attacks > 0;
}
