#include "tests/hostile/attacks.h"

/* Short names for the table. */
#define GATEWAY        VICTIM_GATEWAY
#define CARRIER_ITSELF VICTIM_CARRIER
#define ADAPTER        VICTIM_ADAPTER_LINK
#define LOCAL          VICTIM_LOCAL
#define INBOX          VICTIM_INBOX
#define ROWS           ATTACK_ROWS
#define LATE           ATTACK_LATENCY
#define SHORT          ATTACK_SHORT
#define BLINKS         ATTACK_BLINKS
#define SECOND         ATTACK_SECOND

const struct attack attacks[] = {
#define ATTACK(name, victim, seconds, flags, expected)                                             \
    {#name, victim, attack_##name, seconds, flags, expected},
#include "tests/hostile/attacks.def"
#undef ATTACK
};
const size_t attack_count = sizeof attacks / sizeof *attacks;
