#include "tests/sim/swarm.h"

#include <string.h>

static const struct {
    const char *text;
    uint32_t most;
    bool is_waiting;
} rows[MISHAPS] = {
#define MISHAP(name, text, most)  [MISHAP_##name] = {text, most, false},
#define WAITING(name, text, most) [MISHAP_##name] = {text, most, true},
#include "tests/sim/mishap.def"
#undef MISHAP
#undef WAITING
};

void swarm_draw(struct swarm *swarm, struct dice *dice, bool with_waiting)
{
    enum { RATES = 4 };
    *swarm = (struct swarm){.dice = dice};
    /* One seed in eight has no faults at all, others a third, a half or two thirds of them. */
    uint64_t share = dice_below(dice, 8);
    uint64_t on = share == 0 ? 0 : share < 4 ? 2 : share < 7 ? 3 : 4;
    for (int mishap = 0; mishap < MISHAPS; mishap++) {
        bool is_on = dice_below(dice, 6) < on && (with_waiting || !rows[mishap].is_waiting);
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

bool mishap_is_waiting(enum mishap mishap)
{
    return rows[mishap].is_waiting;
}

bool swarm_force(struct swarm *swarm, const char *text)
{
    for (int mishap = 0; mishap < MISHAPS; mishap++) {
        if (strcmp(rows[mishap].text, text) != 0)
            continue;
        swarm->per_million[mishap] = rows[mishap].most;
        return true;
    }
    return false;
}

void swarm_only_hostile(struct swarm *swarm)
{
    for (int mishap = 0; mishap < MISHAPS; mishap++) {
        if (strncmp(rows[mishap].text, "hostile", strlen("hostile")) != 0)
            swarm->per_million[mishap] = 0;
    }
}
