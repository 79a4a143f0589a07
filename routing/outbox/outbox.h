/* outbox - what is under way to every destination, and what may leave next. Used on both sides.
 *
 * The store holds all entries; the outbox holds those that are leased (struct flight), a window and
 * a backlog count per destination, and decides. It performs no I/O: every change of an entry is
 * handed to the caller as a struct entry that the caller writes into its plan.
 *
 * Calling sequence: outbox_new; outbox_destination per known destination with its backlog from the
 * store; then per step: outbox_admit for new entries; outbox_wanted, store due, outbox_lease for
 * old ones; outbox_taken, outbox_fail, outbox_end for answers; outbox_tick once. When a commit
 * failed the caller throws the outbox away: outbox_clear, and begins again from the store.
 *
 * A flight lives from its lease to the verdict. It has two deadlines: until it is taken (the other
 * side committed it) lease_ms; after that OUTBOX_TAKEN_MS until its receipt. When one
 * passes, the entry goes back to QUEUED and is sent again; the other side knows duplicates
 * (invariant 5).
 *
 * Bounds: a window in messages and in bytes for each; flights_max over all destinations, and of
 * those that are free no destination may have more than it leaves to the others; at the bound
 * entries simply stay in the store.
 */
#pragma once

#include "proto/base/arena.h"
#include "proto/base/digest.h"
#include "proto/base/id.h"
#include "routing/outbox/entry.h"
#include "routing/outbox/failure.h"
#include "routing/outbox/window.h"

enum {
    OUTBOX_LEASE_DEFAULT_MS =
        30 * 1000, /* a live peer commits in milliseconds; a cut is noticed in 8 s */
    OUTBOX_TAKEN_MS =
        60 * 60 * 1000,     /* asks again hourly after a message the agency is slow with */
    OUTBOX_FETCH_MAX = 256, /* entries that one look into the store brings */
    OUTBOX_TICK_MAX = 2 * OUTBOX_FETCH_MAX, /* leases that end in one tick: not taken, and taken */
    /* "Not now" needs no signature, so it costs no more than this, whoever says it; it can be said
     * again. */
    OUTBOX_PUT_OFF_MAX_MS = 60 * 1000,
};

struct outbox;

/* One entry under way. Read-only for callers. */
struct flight {
    struct entry entry; /* LEASED */
    struct key sender;
    struct message_id id;
    struct digest digest;
    bool is_taken;
    bool is_unsent; /* no frame could take it: its lease does not move */
    mono_t deadline;
    uint32_t destination; /* index */
    uint32_t next_same_bucket, next_same_order;
    uint32_t before, after;         /* list by deadline */
    uint32_t own_before, own_after; /* of its destination, while not taken */
};

struct outbox_options {
    uint32_t destinations_max;
    uint32_t flights_max;
    uint32_t lease_ms; /* of every destination; 0: OUTBOX_LEASE_DEFAULT_MS */
    uint64_t seed;     /* of its tables: a number that nobody knows (hash_bytes_from) */
};

/* Taken from memory, which must hold outbox_memory_bytes(options). */
size_t outbox_memory_bytes(const struct outbox_options *options);
struct outbox *outbox_new(const struct outbox_options *options, struct arena *memory);
/* Forgets all flights, windows and backlogs; destinations keep their index and are closed. */
void outbox_clear(struct outbox *outbox);

/* The index of a destination, made on first use; OUTBOX_NO_DESTINATION at the bound. */
#define OUTBOX_NO_DESTINATION UINT32_MAX
uint32_t outbox_destination(struct outbox *outbox, const struct key *key);
/* The same of one that exists; OUTBOX_NO_DESTINATION: it does not. */
uint32_t outbox_find_destination(const struct outbox *outbox, const struct key *key);
/* How long an answer of this destination may take, from now on. */
void outbox_set_lease(struct outbox *outbox, uint32_t destination, uint32_t lease_ms);
const struct window *outbox_window(const struct outbox *outbox, uint32_t destination);
uint64_t outbox_backlog(const struct outbox *outbox, uint32_t destination);
/* Entries that are live but not leased, as the store counts them. */
void outbox_set_backlog(struct outbox *outbox, uint32_t destination, uint64_t count);

/* What a changed entry is handed to; it goes into the caller's plan. */
typedef void outbox_change(void *context, const struct entry *entry);

/* The destination is connected and grants so many messages under way. Not while it is closing. */
void outbox_open(struct outbox *outbox, uint32_t destination, uint32_t window_messages);
/* And so many bytes of them; 0: no bound, as at first. One message may always be under way, however
 * large. What is under way already stays so. */
void outbox_set_window_bytes(struct outbox *outbox, uint32_t destination, uint32_t window_bytes);
/* It is gone: nothing leaves for it, and what was not taken goes back to QUEUED for that reason,
 * due then. That may be more than one step can write: outbox_return does it piece by piece, and the
 * destination is closing until nothing is left. */
void outbox_close(struct outbox *outbox, uint32_t destination, enum reason reason, wall_t wall,
                  wall_t due);
bool outbox_is_open(const struct outbox *outbox, uint32_t destination);
bool outbox_is_closing(const struct outbox *outbox, uint32_t destination);
/* Gives back at most limit entries of destinations that are closing. True: there are more. */
bool outbox_return(struct outbox *outbox, size_t limit, outbox_change *change, void *context);

/* A new entry (QUEUED, attempts 0). When it may leave at once it becomes LEASED and is a flight,
 * and the answer is true; otherwise it stays QUEUED and counts as backlog. */
bool outbox_admit(struct outbox *outbox, uint32_t destination, struct entry *entry,
                  const struct key *sender, const struct message_id *id,
                  const struct digest *digest, mono_t now, wall_t wall);
/* How many due entries of the destination the caller may bring from the store now; 0: none.
 * ret_until: those due by then. It is wall, but when the earliest lies further ahead than any wait
 * is long, the clock was set back since it was written: then it is that moment, because nothing may
 * wait for a day that somebody's wrong clock had named.
 * After failures it is more than may leave: outbox_sort chooses of them. */
size_t outbox_wanted(struct outbox *outbox, uint32_t destination, mono_t now, wall_t wall,
                     wall_t *ret_until);
/* Whether one more may leave now. */
bool outbox_has_room(struct outbox *outbox, uint32_t destination, mono_t now);
/* While the destination is tried out after failures: what has not failed yet comes first, then what
 * failed least often; otherwise the order stays. The order within a dossier is the store's, which
 * gives one entry of each. At most OUTBOX_FETCH_MAX. */
void outbox_sort(const struct outbox *outbox, uint32_t destination, struct entry *entries,
                 size_t count);
/* Leases an entry that store due returned. False: it cannot leave now, stays as it is. */
bool outbox_lease(struct outbox *outbox, uint32_t destination, struct entry *entry,
                  const struct key *sender, const struct message_id *id,
                  const struct digest *digest, mono_t now, wall_t wall);
/* What store due said: earliest due of the rest (0: none is waiting for its time). */
void outbox_next_due(struct outbox *outbox, uint32_t destination, wall_t next_due);
/* Something for this destination may have become due in the store: look again. */
void outbox_look_again(struct outbox *outbox, uint32_t destination);

/* sender NULL: by id alone, as acknowledgements name messages. */
struct flight *outbox_find(struct outbox *outbox, uint32_t destination, const struct key *sender,
                           const struct message_id *id);
/* The frame could not be sent: its lease ends at the next tick. */
void outbox_unsent(struct outbox *outbox, struct flight *flight, mono_t now);
/* The other side committed it. */
void outbox_taken(struct outbox *outbox, struct flight *flight, mono_t now);
/* What it says of a message that it took: why it has not ended yet. In memory only, for people. */
void outbox_explain(struct flight *flight, enum reason reason, wall_t since);
/* The other side is alive and working on what it was sent: the leases of now begin anew. */
void outbox_progress(struct outbox *outbox, uint32_t destination, mono_t now);
/* The attempt failed with reason, on this ground. Decides by routing/outbox/failure.h; ret_entry is
 * the entry as it is now: DEFERRED, HELD or REFUSED. The flight is gone. */
void outbox_fail(struct outbox *outbox, struct flight *flight, enum reason reason,
                 enum failure_ground ground, uint32_t random, uint32_t at_least_ms, mono_t now,
                 wall_t wall, struct entry *ret_entry);
/* The other side says "not now", without a signature: DEFERRED whatever the reason is, which the
 * entry keeps, so that people see why. at_least_ms: honoured up to OUTBOX_PUT_OFF_MAX_MS. */
void outbox_put_off(struct outbox *outbox, struct flight *flight, enum reason reason,
                    uint32_t random, uint32_t at_least_ms, mono_t now, wall_t wall,
                    struct entry *ret_entry);
/* It ended in a terminal state. The flight is gone. */
void outbox_end(struct outbox *outbox, struct flight *flight, enum entry_state state,
                enum reason reason, uint64_t receipt_seq, struct entry *ret_entry);
/* An entry that was not in flight ended or was released: keeps the backlog right. */
void outbox_backlog_changed(struct outbox *outbox, uint32_t destination, int change);

/* Ends leases whose deadline passed (at most OUTBOX_TICK_MAX a call). */
void outbox_tick(struct outbox *outbox, mono_t now, wall_t wall, outbox_change *change,
                 void *context);
/* When outbox_wanted may have something new to say; INT64_MAX: not by itself. Leases are not in it:
 * they end at the caller's ticks, and a lease that is past its end must not wake it before one. */
mono_t outbox_deadline(const struct outbox *outbox, mono_t now, wall_t wall);
