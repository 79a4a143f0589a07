/* standing - where a live message stands: why, since when, and about whom that reason is. What
 * every view of a message shows (invariant 15), worked out alike on both sides; whose turn it is
 * follows from it (reason_actor).
 *
 *   what keeps the message                         reason                         about
 *   our own store                                  why it cannot commit           ourselves
 *   a person, or a rule of ours, holds it          of the entry                   ourselves
 *   the other side is not there                    adapter_away, …                the other side
 *   an earlier message of its dossier              of that one                    as that one
 *   the last attempt failed, or it said "not now"  of the entry                   the other side
 *   the destination is paused after failures       of its window                  the other side
 */
#pragma once

#include "gateway/port/store.h"
#include "routing/outbox/outbox.h"

struct standing {
    enum reason reason;       /* NONE: it is about to leave, or nothing is known yet */
    wall_t since;             /* 0: since it was taken */
    wall_t next;              /* when it is tried again by itself; 0: when something else happens */
    struct key party;         /* whom the reason is about */
    struct message_id behind; /* the earlier message of its dossier; zero: none */
};

/* The first live entry of the line that the entry stands in, which is itself when none is ahead.
 * False: the store cannot say. */
bool standing_first(struct store *store, const struct entry *entry, struct entry *ret_first);
/* The sender's side of the same line: the first of the dossier whose receipt from the entry's
 * destination is still awaited. False: it is of no dossier, or the store cannot say. */
bool standing_first_awaited(struct store *store, const struct entry *entry,
                            struct entry *ret_first);
/* In the queue of a destination that is connected: what kept it from leaving, if anything did. */
void standing_of_queue(const struct outbox *outbox, uint32_t destination, const struct entry *entry,
                       mono_t now, wall_t wall, struct standing *standing);
/* A moment of the steady clock as people read it. */
wall_t standing_moment(mono_t then, mono_t now, wall_t wall);
