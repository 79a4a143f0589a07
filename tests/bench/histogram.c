#include "tests/bench/histogram.h"

/* Values below HISTOGRAM_STEPS stand alone in octave 0; octave n holds [STEPS << (n-1), STEPS <<
 * n). */
static unsigned octave_of(uint64_t value)
{
    unsigned octave = 0;
    while (octave + 1 < HISTOGRAM_OCTAVES && (value >> octave) >= HISTOGRAM_STEPS)
        octave++;
    return octave;
}

void histogram_record(struct histogram *histogram, uint64_t value_us)
{
    unsigned octave = octave_of(value_us);
    uint64_t step = value_us >> octave;
    histogram->counts[octave][step < HISTOGRAM_STEPS ? step : HISTOGRAM_STEPS - 1]++;
    histogram->count++;
    if (value_us > histogram->max_us)
        histogram->max_us = value_us;
}

uint64_t histogram_quantile(const struct histogram *histogram, double share)
{
    uint64_t rank = (uint64_t)(share * (double)histogram->count + 0.5);
    uint64_t seen = 0;
    for (unsigned octave = 0; octave < HISTOGRAM_OCTAVES; octave++) {
        for (unsigned step = 0; step < HISTOGRAM_STEPS; step++) {
            seen += histogram->counts[octave][step];
            if (seen < rank || seen == 0)
                continue;
            uint64_t edge = ((uint64_t)(step + 1) << octave) - 1;
            return edge < histogram->max_us ? edge : histogram->max_us;
        }
    }
    return histogram->max_us;
}
