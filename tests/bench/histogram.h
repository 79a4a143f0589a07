/* histogram - latencies in microseconds, in buckets whose width grows with the value (the shape of
 * HdrHistogram: every power of two is cut into HISTOGRAM_STEPS), so that any percentile is within
 * 1 / HISTOGRAM_STEPS of the true one and recording costs a few instructions.
 *
 * Calling sequence: zero-initialise; histogram_record; histogram_quantile. */
#pragma once

#include <stdint.h>

enum { HISTOGRAM_STEPS = 128, HISTOGRAM_OCTAVES = 33 };

struct histogram {
    uint64_t counts[HISTOGRAM_OCTAVES][HISTOGRAM_STEPS];
    uint64_t count;
    uint64_t max_us;
};

void histogram_record(struct histogram *histogram, uint64_t value_us);
/* The upper edge of the bucket that the share (0 to 1) of all values falls in; 0 when empty. */
uint64_t histogram_quantile(const struct histogram *histogram, double share);
