/* failure - the one pure table that says what becomes of an entry after a failed attempt.
 *
 *   class of the reason   below its caps                     at a cap
 *   TRANSIENT             defer with back-off                (life time ends it)
 *   SESSION               log in again once, at once         then as TRANSIENT
 *   DUPLICATE             look it up; found = success        then as UNKNOWN
 *   PERMANENT             refuse: the sender is told         -
 *   UNKNOWN               defer, up to FAILURE_UNKNOWN_MAX   hold: a person decides
 *   OK                    success
 */
#ifndef ROUTING_OUTBOX_FAILURE_H
#define ROUTING_OUTBOX_FAILURE_H

#include "proto/base/reason.h"

enum failure_action {
    FAILURE_SUCCEED = 1,
    FAILURE_DEFER,
    FAILURE_LOGIN,  /* repeat at once with a new session */
    FAILURE_LOOKUP, /* ask whether it is there already */
    FAILURE_REFUSE,
    FAILURE_HOLD,
};

enum {
    FAILURE_UNKNOWN_MAX = 12, /* about half a day of back-off before a person is asked */
    FAILURE_SESSION_MAX = 1,  /* logging in again helps once or not at all */
};

enum failure_action failure_decide(enum reason reason, uint32_t attempts);

#endif
