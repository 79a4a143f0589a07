/* entry - one message owed to one destination, and the only function that may change its state.
 *
 *   QUEUED ──lease──▶ LEASED ──settle──▶ DELIVERED | REFUSED | EXPIRED | WITHDRAWN
 *     ▲  ▲              │ │ │
 *     │  └─due─ DEFERRED◀┘ │ └──hold──▶ HELD ──release──▶ QUEUED
 *     └────────────────────┘ lease ended without an answer, or a crash
 *
 *   QUEUED, DEFERRED -> LEASED    due, and the window was open           [outbox_lease]
 *   LEASED -> QUEUED              lease ended, or the owner crashed      [outbox_tick]
 *   LEASED -> DEFERRED            the attempt failed, may be repeated    [outbox_fail, _put_off]
 *   any live -> HELD              an operator or the failure policy      [outbox_end, outbox_fail]
 *   HELD -> QUEUED                an operator                            [entry_move]
 *   any live -> a terminal state  receipt, life time, operator           [outbox_end, entry_move]
 *
 * AWAITED is of the sender's side: the gateway has taken custody, and the receipt of one recipient
 * is awaited. Nothing leaves for it; it begins so and ends in a terminal state.
 *
 * Exactly one terminal state is reached, once (invariant 4).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/key.h"
#include "proto/base/reason.h"
#include "proto/base/time.h"

/* Values are stored: add, never renumber. */
enum entry_state {
    ENTRY_QUEUED = 1,
    ENTRY_LEASED = 2,
    ENTRY_DEFERRED = 3,
    ENTRY_HELD = 4,
    ENTRY_DELIVERED = 5,
    ENTRY_REFUSED = 6,
    ENTRY_EXPIRED = 7,
    ENTRY_WITHDRAWN = 8,
    ENTRY_AWAITED = 9,
};
enum { ENTRY_STATES = 10 }; /* array size for counters indexed by state */

struct entry {
    uint64_t message_seq; /* number of the message in this store */
    struct key destination;
    uint64_t order; /* class delivered in order: hash_bytes of the dossier code; 0: none */
    enum entry_state state;
    wall_t due;           /* QUEUED, DEFERRED: not before; LEASED: until; ended: when */
    wall_t expires;       /* end of its life; 0 never */
    uint32_t attempts;    /* leases so far; AWAITED: 1 when the reason is about the gateway */
    enum reason reason;   /* why it is where it is; REASON_NONE while nothing went wrong */
    wall_t since;         /* live: since when for that reason; 0 not known */
    uint64_t receipt_seq; /* ended: message_seq of the receipt that did; 0 none */
    uint32_t size_bytes;  /* of the document, for flow control */
    bool is_receipt;      /* ends when it is taken: no receipt for a receipt */
};

bool entry_state_is_terminal(enum entry_state state);
bool entry_state_is_live(enum entry_state state);
/* True when the diagram has this arrow. */
bool entry_may_move(enum entry_state from, enum entry_state to);
/* The only assignment to .state. The arrow must exist: another one is our own mistake. */
void entry_move(struct entry *entry, enum entry_state to);
/* Why it is where it is, from now on; the same reason again began when it first did. */
void entry_explain(struct entry *entry, enum reason reason, wall_t now);
/* "queued", "leased", …; Vietnamese: "chờ gửi", "đang gửi", … */
const char *entry_state_name(enum entry_state state);
const char *entry_state_vietnamese(enum entry_state state);
bool entry_state_parse(struct bytes name, enum entry_state *ret_state);
