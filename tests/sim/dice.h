/* dice - the simulation's only source of chance: one seed, one sequence (SplitMix64: G. Steele,
 * D. Lea, C. Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dice {
    uint64_t state;
};

enum { DICE_MILLION = 1000000 };

uint64_t dice_next(struct dice *dice);
/* Below bound; 0 when bound is 0. */
uint64_t dice_below(struct dice *dice, uint64_t bound);
/* From low to high, both included. */
int64_t dice_between(struct dice *dice, int64_t low, int64_t high);
/* True so many times in a million. */
bool dice_happens(struct dice *dice, uint32_t per_million);
void dice_fill(struct dice *dice, uint8_t *ret_data, size_t size_bytes);
