#include "tests/sim/dice.h"

uint64_t dice_next(struct dice *dice)
{
    uint64_t z = dice->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

uint64_t dice_below(struct dice *dice, uint64_t bound)
{
    return bound == 0 ? 0 : dice_next(dice) % bound;
}

int64_t dice_between(struct dice *dice, int64_t low, int64_t high)
{
    return low + (int64_t)dice_below(dice, (uint64_t)(high - low) + 1);
}

bool dice_happens(struct dice *dice, uint32_t per_million)
{
    return dice_below(dice, DICE_MILLION) < per_million;
}

void dice_fill(struct dice *dice, uint8_t *ret_data, size_t size_bytes)
{
    uint64_t word = 0;
    for (size_t i = 0; i < size_bytes; i++) {
        if (i % sizeof word == 0)
            word = dice_next(dice);
        ret_data[i] = (uint8_t)(word >> (8 * (i % sizeof word)));
    }
}
