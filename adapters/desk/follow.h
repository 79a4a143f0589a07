/* follow - the desk follows the adapter: all its messages, in order, into the index.
 *
 *            ┌────────────── more ──────────────┐
 *   WAITING ─┴─▶ ASKING /v1/messages ──▶ indexed ─┬─▶ at the end ─▶ ASKING /v1/queues ─▶ WAITING
 *      ▲                                          │                 now and then
 *      └──────────── FOLLOW_MS ◀──────────────────┘
 *
 * Position and epoch stand in the book, in the same transaction as what they are the position of.
 * Another epoch, or a position beyond the end: the adapter's store is another one, and the index is
 * made anew. What the index takes in is told to who listens (kind, id).
 */
#pragma once

#include "adapters/desk/index.h"
#include "adapters/desk/upstream.h"
#include "gateway/api/api.h"

enum {
    FOLLOW_MS = 400,       /* what is committed is on a screen within a second */
    FOLLOW_AWAY_MS = 3000, /* while the adapter does not answer */
    FOLLOW_QUEUES_MS = 5000,
    FOLLOW_PAGE = 100,
    FOLLOW_QUEUE_PAGES_MAX = 20, /* 4,000 entries; of more the oldest are those that matter */
    FOLLOW_EPOCH_BYTES = 80,
};

struct follow {
    struct index index;
    struct upstream *upstream;
    struct api *api;
    int64_t position;
    char epoch[FOLLOW_EPOCH_BYTES];
    char queues_after[160]; /* cursor */
    uint32_t page;          /* messages asked for at once; less where they are large */
    uint32_t queue_pages;
    bool is_asking, has_caught_up;
    enum reason trouble; /* NONE: the adapter answers */
    wall_t trouble_since;
    wall_t indexed_to; /* it was asked then, and had no more */
    mono_t due, queues_due;
};

void follow_init(struct follow *follow, const struct index *index, struct upstream *upstream);
/* Asks when it is time. Answers how long there is nothing to do. */
int follow_run(struct follow *follow, mono_t now);
/* Ask at once: something was sent. */
void follow_hasten(struct follow *follow);
