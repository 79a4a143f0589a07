/* measure - what an attack costs: the processes' memory and descriptors, the gateway's store,
 * ledger, log and partial files, and how long honest messages and office calls take.
 *
 * measure_begin before, measure_sample often, measure_end after: the figures between. The gateway's
 * books are read from its files, never asked of it.
 */
#pragma once

#include "tests/hostile/world.h"

struct figures {
    double seconds;
    /* Honest messages that were due in the time, microseconds; those still waiting count with the
     * time that they have waited. */
    int64_t p50_us, p99_us;
    int64_t file_worst_us; /* of messages with a file */
    size_t messages, waiting;
    size_t taken; /* into custody meanwhile, whenever they were due */
    /* Calls of the office at the victim adapter. */
    int64_t office_p99_us;
    size_t office_calls, office_failed;
    /* Peaks. */
    double gateway_mb, victim_mb; /* victim: an adapter or a carrier; 0: none */
    uint64_t descriptors;
    uint64_t partial_files; /* of the sender that has most */
    /* Growth. */
    int64_t rows, ledger, log_bytes, log_lines;
    uint64_t deaths;
};

struct measure {
    struct world *world;
    const struct child *victim; /* beside the gateway; NULL */
    uint16_t office;            /* at which adapter calls are looked at */
    int64_t began_us;
    size_t first_message, first_call;
    int64_t rows, ledger, log_bytes, log_lines;
    struct figures figures;
};

void measure_begin(struct measure *measure, struct world *world, const struct child *victim,
                   uint16_t office);
void measure_sample(struct measure *measure);
void measure_end(struct measure *measure, struct figures *ret_figures);
/* Honest messages from number first on, due before until_us, that are neither delivered nor refused
 * yet; those to hostile or absent agencies left out. */
size_t measure_undelivered(const struct world *world, size_t first, int64_t until_us);
