/* past - what a decade knows of messages whose day is over: that each of them is still there, and
 * what of it may go by now. Kept apart from the records (record.h), which are of one day. */
#pragma once

#include "proto/base/digest.h"
#include "proto/base/id.h"

/* Every day of ten years, with as many dossiers as a day may have (decade.c). */
enum { PAST_DOSSIERS_MAX = 1 << 20 };

struct past_message {
    struct message_id id;
    struct digest digest;
    int sender;
    unsigned int dossier; /* its number, over all years */
    uint32_t gone;        /* parts of it that the gateway has purged: enum store_part */
};

/* Of the world's time. */
struct past_dossier {
    int64_t said_ms; /* something was said in it: it is not over before */
    int64_t over_ms; /* not before said_ms; later when nobody knows what a store that was put back
                      * takes for the end */
    bool is_held;
};

struct past {
    struct past_message *messages; /* owned; in the order in which their days ended */
    size_t count, room;
    uint32_t *buckets; /* owned; index + 1, open addressing, twice the room */
    struct past_dossier dossiers[PAST_DOSSIERS_MAX];
};

struct past *past_new(void);
/* NULL is fine. */
void past_destroy(struct past **past);
void past_add(struct past *past, const struct past_message *message);
/* NULL: none of a day that is over. */
struct past_message *past_find(struct past *past, const struct message_id *id);
/* The dossier's number, from the end of its code; 0: none that is counted. */
unsigned int past_dossier_number(struct bytes code);
