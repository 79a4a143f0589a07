#include "tests/sim/swarm.h"

static const struct {
    const char *text;
    uint32_t most;
} rows[MISHAPS] = {
#define MISHAP(name, text, most) [MISHAP_##name] = {text, most},
#include "tests/sim/mishap.def"
#undef MISHAP
};

void swarm_draw(struct swarm *swarm, struct dice *dice)
{
    enum { RATES = 4 };
    *swarm = (struct swarm){.dice = dice};
    /* One seed in eight has no faults at all, others a third, a half or two thirds of them. */
    uint64_t share = dice_below(dice, 8);
    uint64_t on = share == 0 ? 0 : share < 4 ? 2 : share < 7 ? 3 : 4;
    for (int mishap = 0; mishap < MISHAPS; mishap++) {
        bool is_on = dice_below(dice, 6) < on;
        uint32_t most = rows[mishap].most;
        uint32_t halvings = (uint32_t)dice_below(dice, RATES);
        swarm->per_million[mishap] = is_on ? (most >> halvings) + 1 : 0;
    }
}

bool swarm_happens(struct swarm *swarm, enum mishap mishap)
{
    if (swarm->is_calm || swarm->per_million[mishap] == 0 ||
        !dice_happens(swarm->dice, swarm->per_million[mishap]))
        return false;
    swarm->count[mishap]++;
    return true;
}

uint64_t swarm_total(const struct swarm *swarm)
{
    uint64_t total = 0;
    for (int mishap = 0; mishap < MISHAPS; mishap++)
        total += swarm->count[mishap];
    return total;
}

const char *mishap_text(enum mishap mishap)
{
    return rows[mishap].text;
}
