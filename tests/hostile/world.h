/* world - the province that is attacked: real processes, and what everybody in it knows.
 *
 *     gateway            lienthong-gateway, the victim of most attacks
 *     carrier h0001      lienthong-carrier, between the agencies a0011 … a0016 and the gateway
 *     adapter a0008      lienthong-adapter with an inbox, at the real gateway
 *     adapter a0009      the same, whose gateway is the attacker: a hostile gateway has all keys
 *     carrier h0003      the same for a carrier; it carries a0018
 *     honest load        one process that plays the centre and the honest agencies (honest.h)
 *     clerk              one process that works at the APIs of both adapters (clerk.h)
 *     attackers          one process each, while their attack lasts (assault.h)
 *
 * Whoever dies is started again and counted. What the processes tell each other is in one block of
 * shared memory (struct shared): figures, and the ids of messages, which an attacker may know, for
 * whoever is on the way sees them.
 *
 *     world_make, world_start, then world_tend often; world_stop
 */
#pragma once

#include <stdatomic.h>

#include "ops/sandbox/children.h"
#include "proto/base/digest.h"
#include "proto/base/id.h"
#include "tests/support/province.h"

enum {
    HONEST = 5,          /* a0001 … : exchange HONEST_PER_SECOND with the centre each */
    HOSTILE_FIRST = 6,   /* a0006 and a0007: keys that attackers hold; the second in pairs */
    VICTIM_ADAPTER = 8,  /* a0008 */
    CAPTIVE_ADAPTER = 9, /* a0009: its gateway is hostile */
    ABSENT = 10,         /* a0010: never connects; messages for it wait */
    CARRIED_FIRST = 11,  /* a0011 … a0015: the honest ones behind the carrier */
    CARRIED_HOSTILE = 16,
    BLINKER = 17, /* a0017: honest, loses its connection again and again */
    CAPTIVE_CARRIED = 18,
    CROWD_FIRST = 21, /* a0021 …: behind the hostile carrier h0002 */
    CROWD = 122,
    GANG_FIRST = 143, /* a0143 …: eight hostile agencies */
    GANG = 8,
    AGENCIES = GANG_FIRST + GANG - 1,
    CARRIER = 1, /* h0001, h0002, h0003 */
    HOSTILE_CARRIER = 2,
    CAPTIVE_CARRIER = 3,

    HONEST_PER_SECOND = 20,
    HONEST_PER_SECOND_SHORT = 8, /* --short judges no times: less work shows the same */
    MESSAGES_MAX = 400 * 1000,   /* an hour of honest load */
    OFFICE_CALLS_MAX = 100 * 1000,
    FOREIGN_MAX = 16 * 1024, /* messages of the clerk that reached the centre */
    SLOTS = 2,               /* attackers at once */
    NOTE_BYTES = 128,
    HONEST_FILE_BYTES = 20 * 1000,
};

/* Dossiers of honest agencies have this in their code and their files: nobody else may ever read
 * it. */
#define CANARY    "H99-261130-"
#define NO_CANARY "H99-261129-" /* what honest ones write to a hostile one */

/* A file that the clerk puts at the captive adapter and that belongs to no message. */
#define CLERK_SECRET CANARY "secret of the office"

/* What became of one honest message. Times: microseconds of the monotonic clock; 0: not yet. */
struct honest_message {
    struct message_id id;
    struct digest digest;
    uint16_t sender, recipient; /* number of the agency; 0: the centre */
    uint32_t file;              /* number of its file among the sender's; 0: none */
    _Atomic int64_t due_us, custody_us, arrived_us, delivered_us;
    _Atomic bool is_refused; /* for good, by whomever: a false state, and nothing more will come */
};

struct office_call { /* of a clerk at an adapter's API */
    int64_t at_us, took_us;
    uint16_t adapter; /* VICTIM_ADAPTER, CAPTIVE_ADAPTER */
    bool failed;
};

/* What an attacker says of itself. */
struct outcome {
    _Atomic uint64_t sent, received; /* frames, connections or calls: what the attack consists of */
    _Atomic uint64_t stolen_bytes;   /* of honest messages, read by the attacker */
    _Atomic uint64_t held;           /* most connections that one key or stranger had at once */
    char note[NOTE_BYTES]; /* why it could not be mounted, or what it saw; for the table */
};

struct shared {
    /* What the honest load is to do. */
    int honest_per_second; /* of each agency; set before the load begins */
    _Atomic bool stops;
    _Atomic bool uses_carrier; /* a0011 … exchange instead of a0001 … */
    _Atomic bool blinks;       /* a0017 loses its connection ten times a second */
    /* What it saw. */
    _Atomic uint64_t false_states, twice, disorder, spoilt;
    _Atomic size_t message_count;
    char first_false[NOTE_BYTES];              /* since the row began; empty: none */
    _Atomic uint32_t file_count[AGENCIES + 1]; /* files that each sender has sent */
    _Atomic size_t call_count;
    struct outcome outcomes[SLOTS];
    _Atomic size_t foreign_count;
    struct message_id foreign[FOREIGN_MAX];
    struct honest_message messages[MESSAGES_MAX];
    struct office_call calls[OFFICE_CALLS_MAX];
};

struct world {
    struct province province;
    char programs[PATH_BYTES_MAX]; /* folder of the programs under test */
    char gateway_endpoint[LINK_ENDPOINT_BYTES_MAX + 1];
    char carrier_endpoint[LINK_ENDPOINT_BYTES_MAX + 1];
    char captive_endpoint[LINK_ENDPOINT_BYTES_MAX + 1]; /* where a0009 dials: the attacker's */
    char captive_carrier_endpoint[LINK_ENDPOINT_BYTES_MAX + 1]; /* where h0003 dials */
    char captive_carried_endpoint[LINK_ENDPOINT_BYTES_MAX + 1]; /* where h0003 listens */
    struct children children;
    struct child *gateway, *carrier, *captive_carrier, *adapter, *captive;
    struct shared *shared;
    uint64_t deaths; /* of the processes above that were not meant */
};

/* directory: empty, absolute. elsewhere: an empty folder on another disk, or NULL: adapters keep
 * their state there, since an agency's adapter does not write on the gateway's disk. False: it was
 * said on standard error. */
bool world_make(struct world *world, const char *directory, const char *elsewhere,
                const char *programs);
bool world_start(struct world *world);
/* Starts who died; counts them. */
void world_tend(struct world *world);
/* The number of deaths since the last question. */
uint64_t world_take_deaths(struct world *world);
void world_stop(struct world *world);

/* Keys of a participant from DIR/keys; both check that they are there. */
struct curve_pair world_curve_pair(const struct world *world, const char *name);
/* The first of a false state is kept for the report. */
void world_tell_false(struct shared *shared, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* A message of the clerk has reached the centre; and whether it did. */
void world_note_foreign(struct shared *shared, const struct message_id *id);
bool world_has_foreign(const struct shared *shared, const struct message_id *id);
/* The content of a sender's file of that number, HONEST_FILE_BYTES, and its digest. Attackers know
 * both: a digest stands in the envelope, and the worst is somebody who has the file itself. */
void world_file(uint16_t sender, uint32_t number, uint8_t *ret_content, struct digest *ret_digest);
int64_t world_now_us(void);
