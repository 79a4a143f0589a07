#include "routing/outbox/failure.h"

#include <stddef.h>

struct policy_row {
    enum failure_action below_cap;
    uint32_t attempts_max; /* 0: no cap */
    enum failure_action at_cap;
};

static const struct policy_row policy[] = {
    [REASON_CLASS_OK] = {FAILURE_SUCCEED, 0, FAILURE_SUCCEED},
    [REASON_CLASS_TRANSIENT] = {FAILURE_DEFER, 0, FAILURE_DEFER},
    [REASON_CLASS_SESSION] = {FAILURE_LOGIN, FAILURE_SESSION_MAX, FAILURE_DEFER},
    [REASON_CLASS_DUPLICATE] = {FAILURE_LOOKUP, FAILURE_UNKNOWN_MAX, FAILURE_HOLD},
    [REASON_CLASS_PERMANENT] = {FAILURE_REFUSE, 0, FAILURE_REFUSE},
    [REASON_CLASS_UNKNOWN] = {FAILURE_DEFER, FAILURE_UNKNOWN_MAX, FAILURE_HOLD},
};

enum failure_action failure_decide(enum reason reason, uint32_t attempts)
{
    const struct policy_row *row = &policy[reason_class(reason)];
    bool capped = row->attempts_max != 0 && attempts > row->attempts_max;
    return capped ? row->at_cap : row->below_cap;
}
