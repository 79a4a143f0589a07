/* failure - the one pure table that says what becomes of an entry after a failed attempt, and whom
 * the failure speaks of.
 *
 *   class of the reason   below its caps                     at a cap
 *   TRANSIENT             defer with back-off                (life time ends it)
 *   SESSION               log in again once, at once         then as TRANSIENT
 *   DUPLICATE             look it up; found = success        then as UNKNOWN
 *   PERMANENT             refuse: the sender is told         -
 *   UNKNOWN               defer, up to FAILURE_UNKNOWN_MAX   hold: a person decides
 *   OK                    success
 *
 * Whom it speaks of (failure_blame) decides what else it touches, and comes before the class:
 *
 *   blame         examples                               the entry        the destination's window
 *   MESSAGE       a certificate, a field, the office's   as its class     nothing: who judges a
 *                 "no"                                                    message is there
 *   DESTINATION   no connection, TLS, "not so fast"      never held       one more failure
 *   EITHER        500, a time-out, a reply that cannot   as its class     counts once for each
 *                 be read                                                 message (window.h)
 *   US            our disk, memory, settings             never refused,   one more failure: nothing
 *                                                        never held       can succeed before that
 *                                                                         is mended
 *
 * What cannot be undone needs sure ground (invariant 14): only what the other side said itself, in
 * a word that is known to be its own, and what a rule says of the message, may end an entry or give
 * it to a person. On any other ground the answer is "later", whatever the reason is: our damage, a
 * connection, a page in front of the other side are no verdict about a message. They are tried for
 * the entry's life.
 */
#pragma once

#include <stdbool.h>

#include "proto/base/reason.h"

enum failure_action {
    FAILURE_SUCCEED = 1,
    FAILURE_DEFER,
    FAILURE_LOGIN,  /* repeat at once with a new session */
    FAILURE_LOOKUP, /* ask whether it is there already */
    FAILURE_REFUSE,
    FAILURE_HOLD,
};

enum failure_blame {
    FAILURE_BLAMES_NOBODY = 0, /* it is no failure */
    FAILURE_BLAMES_MESSAGE,
    FAILURE_BLAMES_DESTINATION,
    FAILURE_BLAMES_EITHER, /* one answer cannot tell: many of them can */
    FAILURE_BLAMES_US,
};

/* Whose word a reason is. */
enum failure_ground {
    FAILURE_OURS = 0,  /* store, memory, disk, a bound, a mapping that fails */
    FAILURE_TRANSPORT, /* no connection, TLS, time, a reply that is not known to be the other side's
                        */
    FAILURE_RULE,      /* what the message itself says, judged before it was sent */
    FAILURE_SPOKEN,    /* the other side said so, in its own word */
};

enum {
    FAILURE_UNKNOWN_MAX = 12, /* about half a day of back-off before a person is asked */
    FAILURE_SESSION_MAX = 1,  /* logging in again helps once or not at all */
};

/* True: a reason on this ground may end an entry. */
bool failure_ground_is_sure(enum failure_ground ground);
enum failure_action failure_decide(enum reason reason, enum failure_ground ground,
                                   uint32_t attempts);
enum failure_blame failure_blame(enum reason reason);
/* True: another registry, list or certificate may end it, so a reload wakes what waits for it. */
bool failure_waits_for_registry(enum reason reason);
