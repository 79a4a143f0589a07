/* honest_parts - what the files of the honest load share. Nobody else includes this.
 *
 *   honest.c          the loop: timetables, sessions, what is sent again
 *   honest_receive.c  what comes in: messages, receipts, wants; what is signed for it
 */
#pragma once

#include "proto/seal/trust.h"
#include "tests/hostile/honest.h"
#include "tests/support/peer.h"

enum {
    DOSSIERS = 50, /* of one sender under way at once: order is judged in each */
    OWED_MAX = 512,
    OPEN_MAX = 16 * 1024, /* messages of one sender without custody: ten minutes of it */
    FILE_EVERY = 40,      /* one message of an agency every two seconds */
    FILE_BYTES = HONEST_FILE_BYTES,
    RESEND_US = 10 * 1000 * 1000, /* no custody after so long: again */
};

/* Sealed once; the same bytes until it is in custody: from then on it is the gateway's to keep. */
struct open_message {
    uint32_t index; /* in shared->messages */
    uint32_t dossier;
    struct bytes frame; /* owned */
    uint8_t *file;      /* owned; NULL: none */
    struct digest file_digest;
    int64_t next_us; /* when it is sent (again), while it has no custody */
};

struct owed { /* receipts that are not signed yet */
    struct key sender;
    struct receipt_item items[OWED_MAX];
    size_t count;
};

struct participant_load {
    struct peer peer;
    uint16_t number;
    bool is_connected, is_greeted;
    int64_t greet_us; /* when to say hello again; 0: no need */
    int64_t timetable_us, period_us;
    uint64_t sent;
    struct open_message *open; /* in the order of their making; [open_first, open_first + count) */
    size_t open_first, open_count;
    struct owed owed[4];
    uint64_t last_sequence[AGENCIES + 1][DOSSIERS]; /* arrived here, by sender and dossier */
    int64_t blink_us;
};

struct honest {
    const struct world *world;
    struct shared *shared;
    struct trust *trust;
    struct participant_load *members;
    size_t member_count;
    int64_t now_us, heartbeat_us;
};

/* The last part of an id of ours: number of the message in shared->messages. SIZE_MAX: not ours. */
size_t honest_index(const struct shared *shared, const struct message_id *id);
void honest_send(struct participant_load *member, const struct frame *frame);
/* Everything without custody is due now. */
void honest_resend_all(struct honest *honest, struct participant_load *member);

/* One frame of the gateway for this member, in member->peer.frame. */
void honest_take(struct honest *honest, struct participant_load *member);
/* Signs what is owed. */
void honest_settle(struct honest *honest, struct participant_load *member);
