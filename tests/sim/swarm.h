/* swarm - which faults a seed switches on, at which rates, and how often each happened.
 *
 * A seed with every fault at once hides what two of them do together; so each seed draws a subset
 * (A. Groce and others, "Swarm Testing", ISSTA 2012). */
#pragma once

#include "tests/sim/dice.h"

enum mishap {
#define MISHAP(name, text, most)  MISHAP_##name,
#define WAITING(name, text, most) MISHAP_##name,
#include "tests/sim/mishap.def"
#undef MISHAP
#undef WAITING
    MISHAPS,
};

struct swarm {
    struct dice *dice;
    uint32_t per_million[MISHAPS]; /* 0: switched off */
    uint64_t count[MISHAPS];
    bool is_calm; /* nothing happens any more */
};

/* with_waiting: also those that wait for a mend (mishap.def). */
void swarm_draw(struct swarm *swarm, struct dice *dice, bool with_waiting);
/* Switches the one of that text on, at its highest rate. False: there is none. */
bool swarm_force(struct swarm *swarm, const char *text);
/* Switches off all that is not what a hostile participant does. */
void swarm_only_hostile(struct swarm *swarm);
/* Rolls the dice at an opportunity; what happens is counted. */
bool swarm_happens(struct swarm *swarm, enum mishap mishap);
uint64_t swarm_total(const struct swarm *swarm);
const char *mishap_text(enum mishap mishap);
bool mishap_is_waiting(enum mishap mishap);
