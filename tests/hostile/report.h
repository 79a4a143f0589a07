/* report - the table of a run, its bars, its last line. */
#pragma once

#include "tests/hostile/attacks.h"
#include "tests/hostile/measure.h"

/* The bars. Latencies and memory hold for one hostile participant or stranger; a pair is judged by
 * what does not depend on the machine's speed. */
enum {
    BAR_P50_US = 5 * 1000,
    BAR_P99_US = 50 * 1000,
    BAR_OFFICE_US = 1000 * 1000, /* a call of an office at the adapter that is attacked */
    BAR_GATEWAY_MB = 160,
    BAR_PER_SECOND = 200,   /* rows, ledger entries, log lines beyond those of the idle time */
    BAR_PARTIAL_FILES = 16, /* of one sender */
    BAR_CONNECTIONS = 4,
};

struct row {
    const struct attack *attack, *second; /* second: NULL, or the other one of a pair */
    struct figures idle, attacked;
    struct outcome outcomes[SLOTS];
    size_t broken;      /* attackers that did not work */
    size_t undelivered; /* honest messages, a while after the attack */
    uint64_t deaths_after;
    uint64_t false_states, spoilt, disorder, twice;
};

struct report {
    bool is_short;
    size_t attacks, missed;
    uint64_t aborts, stolen;
    size_t lost; /* in custody, and never delivered */
    int64_t p99_worst_us;
    double rss_worst_mb;
};

void report_begin(const struct report *report);
void report_row(struct report *report, const struct row *row, const struct shared *shared);
/* Prints the last line. True: all bars are kept. */
bool report_end(const struct report *report, const struct shared *shared);
