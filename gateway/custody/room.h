/* room - what a step may hold, and what a piece of work needs of it. Asked for before anything is
 * taken (invariant 8): what does not fit waits for the next step, so no bound is met in the middle.
 *
 *   struct room need = …            the most that this piece of work can need
 *   room_fits(&room, &need)         no: stop here, and go on with the same piece in the next step
 *   do it                           uses plan, replies, …: at most that much
 *   room_reserve(&room, &later)     what the end of the step will need because of it: a receipt
 *
 * Whoever owns the step fills in .used before it asks; .reserved is zeroed when the step begins.
 *
 * All bounds of a step stand here. Each piece of work that arrives from outside can be cut down to
 * one whose need room_least covers; a step that begins has room for room_least after all that it
 * does by itself (STEP_…), so that every step goes on with what waits. Nothing here depends
 * on flights_max, participants_max or a window: what may be more than a step holds (the flights of
 * a connection that closed, acknowledgements, heads for all witnesses) is done piece by piece.
 */
#pragma once

#include "gateway/custody/plan.h"
#include "routing/outbox/outbox.h"
#include "routing/registry/route.h"

enum room_kind {
    ROOM_MESSAGES,
    ROOM_PARCELS,
    ROOM_ENTRIES,
    ROOM_MOVES,
    ROOM_NOTES,
    ROOM_ROUTES,
    ROOM_DEADLINES,
    ROOM_RECORDS,    /* ledger entries */
    ROOM_REPLIES,    /* frames, acknowledgements, receipts on the line */
    ROOM_DELIVERIES, /* messages that leave after the commit */
    ROOM_BYTES,      /* of the step's arena */
    ROOM_KINDS,
};

struct room_need {
    size_t of[ROOM_KINDS];
};

struct room {
    struct room_need max, used, reserved;
};

static inline bool room_fits(const struct room *room, const struct room_need *need)
{
    for (int kind = 0; kind < ROOM_KINDS; kind++) {
        if (room->used.of[kind] + room->reserved.of[kind] + need->of[kind] > room->max.of[kind])
            return false;
    }
    return true;
}

static inline void room_reserve(struct room *room, const struct room_need *later)
{
    for (int kind = 0; kind < ROOM_KINDS; kind++)
        room->reserved.of[kind] += later->of[kind];
}

/* How many pieces of that need fit, up to limit. */
static inline size_t room_count(const struct room *room, const struct room_need *need, size_t limit)
{
    for (int kind = 0; kind < ROOM_KINDS; kind++) {
        size_t taken = room->used.of[kind] + room->reserved.of[kind];
        size_t left = taken < room->max.of[kind] ? room->max.of[kind] - taken : 0;
        if (need->of[kind] > 0 && left / need->of[kind] < limit)
            limit = left / need->of[kind];
    }
    return limit;
}

/* What became of a frame whose turn it was. */
enum turn {
    TURN_DONE = 1,
    TURN_MORE,  /* the turn is over, the frame is not */
    TURN_FULL,  /* the step has no room for the next piece */
    TURN_WAITS, /* what is under way must come back first */
};

/* ---- the bounds ---- */

enum {
    ROOM_RECORDS_MAX = PLAN_MOVES_MAX,
    ROOM_DELIVERIES_MAX = PLAN_ENTRIES_MAX + PLAN_MOVES_MAX,

    /* What a step does by itself before it looks at what arrived. */
    STEP_RETURNS_MAX = PLAN_MOVES_MAX / 4, /* entries of closing connections */
    STEP_LEASES_MAX =
        1024, /* brought from the store: each is two reads, and a frame's bytes later */
    STEP_EXPIRIES_MAX = 256,
    STEP_WAKES_MAX = 4,     /* pages of what waited for another registry */
    WAKE_PAGE_MAX = 256,    /* entries that one step looks at for one peer */
    STEP_WAITING_MAX = 256, /* messages whose files have come; what fetch holds at most */

    /* Bytes of the step's arena. */
    ROOM_PIECE_BYTES = 16, /* what rounding up adds to each piece */
    ROOM_NOTE_BYTES = 448, /* name and value of a note, and the names that it is looked up by */
    ROOM_LEDGER_ENTRY_BYTES = 256, /* packed: two keys, an id, two digests, numbers, a version */
    ROOM_ITEM_BYTES = 288,         /* one item of a receipt, in its document */
    ROOM_FACT_BYTES = 640,         /* the fact, its place in the list of items, as memory */
    ROOM_DOCUMENT_BYTES = 1024,    /* a receipt or a head without its items */
    ROOM_SMALL_FRAME_BYTES = 512,  /* any frame that carries neither parcels nor a head */
    ROOM_HEAD_FRAME_BYTES = 48 * 1024, /* head, manifest, signature, certificate, proof */
    ROOM_SEAL_BYTES = MANIFEST_BYTES_MAX + SIGNATURE_BYTES_MAX + 2 * ROOM_PIECE_BYTES,
    ROOM_MESSAGE_BYTES = 640,  /* rows and names of one message that came */
    ROOM_DELIVERY_BYTES = 128, /* its place among what leaves */
    ROOM_FACT_ALL_BYTES = ROOM_LEDGER_ENTRY_BYTES + ROOM_ITEM_BYTES + ROOM_FACT_BYTES,
    ROOM_RECEIPT_BYTES = ROOM_DOCUMENT_BYTES + ROOM_DELIVERY_BYTES +
                         ROOM_SEAL_BYTES / PARCEL_MESSAGES_MAX + 4 * ROOM_PIECE_BYTES,
    /* What one frame about files makes us say: its answer, and the next transfers of that peer. */
    ROOM_FILE_FRAMES_MAX = 2 * BLOB_TRANSFERS_MAX,
    ROOM_MESSAGE_ALL_BYTES = ROOM_FILE_FRAMES_MAX * ROOM_SMALL_FRAME_BYTES + ROOM_MESSAGE_BYTES +
                             ROOM_FACT_ALL_BYTES + ROOM_LEDGER_ENTRY_BYTES + ROOM_RECEIPT_BYTES +
                             ROUTE_DESTINATIONS_MAX * ROOM_DELIVERY_BYTES,
    /* What a receipt's items make the portal hear: of each kind of end one, and one that begins
     * because another is full. */
    ROOM_COPY_RECEIPTS_MAX = 4,
    ROOM_OWN_ENTRIES_MAX = 2 + ROOM_COPY_RECEIPTS_MAX, /* of receipts that we write */
    ROOM_LEAST_BYTES = ROOM_MESSAGE_ALL_BYTES + 2 * RECEIPT_ITEMS_MAX * ROOM_FACT_ALL_BYTES +
                       (1 + ROOM_COPY_RECEIPTS_MAX) * ROOM_RECEIPT_BYTES,
};

/* One more fact in a receipt of ours that the step writes at its end. */
static const struct room_need room_fact = {
    {[ROOM_RECORDS] = 1, [ROOM_BYTES] = ROOM_FACT_ALL_BYTES}};
/* That receipt: a message of our own, owed to somebody or said on the line. The parcels that seal
 * many of them are fewer. */
static const struct room_need room_receipt = {{[ROOM_MESSAGES] = 1,
                                               [ROOM_PARCELS] = 1,
                                               [ROOM_ENTRIES] = 1,
                                               [ROOM_REPLIES] = 1,
                                               [ROOM_DELIVERIES] = 1,
                                               [ROOM_BYTES] = ROOM_RECEIPT_BYTES}};
/* An entry ends: it moves, is recorded, noted and told, to its sender and to who has a copy. */
static const struct room_need room_end = {
    {[ROOM_MESSAGES] = 2,
     [ROOM_PARCELS] = 2,
     [ROOM_ENTRIES] = 2,
     [ROOM_MOVES] = 1,
     [ROOM_NOTES] = 1,
     [ROOM_ROUTES] = 1,
     [ROOM_RECORDS] = 3,
     [ROOM_REPLIES] = 2,
     [ROOM_DELIVERIES] = 2,
     [ROOM_BYTES] = 2 * (ROOM_FACT_ALL_BYTES + ROOM_RECEIPT_BYTES) + ROOM_LEDGER_ENTRY_BYTES +
                    ROOM_NOTE_BYTES}};
/* A frame without messages: two frames of ours and a head follow from it, or what the files of one
 * peer make us say, and an alarm or a note. */
static const struct room_need room_frame = {
    {[ROOM_NOTES] = 2, /* the end of a restore writes two */
     [ROOM_RECORDS] = 1,
     [ROOM_REPLIES] = 2 + ROOM_FILE_FRAMES_MAX,
     [ROOM_BYTES] = (2 + ROOM_FILE_FRAMES_MAX) * ROOM_SMALL_FRAME_BYTES + ROOM_HEAD_FRAME_BYTES +
                    ROOM_LEDGER_ENTRY_BYTES + 2 * ROOM_NOTE_BYTES}};

/* The most that may follow from a message: a receipt moves, records and notes each of its items,
 * and tells who has a copy, in ROOM_COPY_RECEIPTS_MAX receipts; a message is owed to every
 * destination of its route, or alarms and is refused. Two notes: how its seal was judged; of one of
 * our own that came back, what it is known by. Of an item too: its outcome; whom its message goes
 * to from now on. */
#define ROOM_MESSAGE(items)                                                                        \
    {                                                                                              \
        {                                                                                          \
            [ROOM_MESSAGES] = 3 + ROOM_COPY_RECEIPTS_MAX,                                          \
            [ROOM_PARCELS] = 3 + ROOM_COPY_RECEIPTS_MAX,                                           \
            [ROOM_ENTRIES] =                                                                       \
                ((items) > 0 ? (items) : 1) * ROUTE_DESTINATIONS_MAX + ROOM_OWN_ENTRIES_MAX,       \
            [ROOM_MOVES] = (items) + ROUTE_DESTINATIONS_MAX, [ROOM_NOTES] = 2 * (items) + 2,       \
            [ROOM_ROUTES] = (items) + 1, [ROOM_DEADLINES] = 1, [ROOM_RECORDS] = 2 * (items) + 3,   \
            [ROOM_REPLIES] = 2 + ROOM_COPY_RECEIPTS_MAX + ROOM_FILE_FRAMES_MAX,                    \
            [ROOM_DELIVERIES] = ROUTE_DESTINATIONS_MAX + ROOM_OWN_ENTRIES_MAX,                     \
            [ROOM_BYTES] = ROOM_MESSAGE_ALL_BYTES +                                                \
                           (1 + ROOM_COPY_RECEIPTS_MAX) * ROOM_RECEIPT_BYTES +                     \
                           2 * (items)*ROOM_FACT_ALL_BYTES                                         \
        }                                                                                          \
    }
static inline struct room_need room_message(size_t items)
{
    return (struct room_need)ROOM_MESSAGE(items);
}

/* What the end of any step may need: the head, its seal, notes of the clock, the ledger and its
 * signer, the lists of what leaves. */
static const struct room_need room_closing = {
    {[ROOM_MESSAGES] = 1,
     [ROOM_PARCELS] = 1,
     [ROOM_NOTES] = 3,
     [ROOM_BYTES] = ROOM_DOCUMENT_BYTES + ROOM_SEAL_BYTES +
                    (PARTICIPANTS_MAX + 1) * sizeof(uint32_t) + 8 * ROOM_PIECE_BYTES}};
/* The largest piece of work that arrives and is taken whole: a receipt of a participant with all
 * its items, each of which ends an entry, and may be told by us, or is an alarm, or is custody and
 * begins an entry for each recipient; a message to all destinations that a rule can name is less.
 */
static const struct room_need room_least = ROOM_MESSAGE(RECEIPT_ITEMS_MAX);

/* Entries that come back, are leased, end with their lease or expire: a move each; the last are
 * told as well. */
_Static_assert(STEP_RETURNS_MAX + STEP_LEASES_MAX + STEP_WAKES_MAX * WAKE_PAGE_MAX +
                       OUTBOX_TICK_MAX + STEP_EXPIRIES_MAX + RECEIPT_ITEMS_MAX <=
                   PLAN_MOVES_MAX / 2,
               "a step has room for what arrives beside all that it does by itself");
_Static_assert(2 * (STEP_EXPIRIES_MAX + STEP_WAITING_MAX) + 3 + ROOM_COPY_RECEIPTS_MAX <=
                   PLAN_MESSAGES_MAX / 2,
               "and for its messages");
_Static_assert(STEP_EXPIRIES_MAX + STEP_WAITING_MAX * (ROUTE_DESTINATIONS_MAX + 1) +
                       ROUTE_DESTINATIONS_MAX + 1 <=
                   PLAN_ENTRIES_MAX / 2,
               "and for their entries");
_Static_assert(RECEIPT_ITEMS_MAX *ROUTE_DESTINATIONS_MAX + ROOM_OWN_ENTRIES_MAX <=
                   PLAN_ENTRIES_MAX / 2,
               "also for those of custody");
_Static_assert(2 * (STEP_EXPIRIES_MAX + STEP_WAITING_MAX + RECEIPT_ITEMS_MAX) + 2 <=
                   ROOM_RECORDS_MAX / 2,
               "and for their evidence");
_Static_assert(2 * RECEIPT_ITEMS_MAX + 2 <= PLAN_NOTES_MAX / 2 &&
                   STEP_EXPIRIES_MAX + STEP_WAITING_MAX + RECEIPT_ITEMS_MAX + 1 <=
                       PLAN_ROUTES_MAX / 2 &&
                   STEP_WAITING_MAX <= PLAN_DEADLINES_MAX / 2,
               "and for notes, routes and clocks");
