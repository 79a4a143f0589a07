/* What becomes of a failure: tables of classes and of blame, so that a new reason is a row and its
 * behaviour is not spread over the code.
 *
 * Blame decides whose window shrinks: the destination's, when it is that which does not work;
 * nobody's, when one message is at fault, since the others shall not wait for it (invariants 6 and
 * 13). */
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

/* What the class of a reason says of blame, unless the reason says better itself. */
static const enum failure_blame blame_of_class[] = {
    [REASON_CLASS_OK] = FAILURE_BLAMES_NOBODY,
    [REASON_CLASS_TRANSIENT] = FAILURE_BLAMES_DESTINATION,
    [REASON_CLASS_SESSION] = FAILURE_BLAMES_DESTINATION,
    [REASON_CLASS_DUPLICATE] = FAILURE_BLAMES_MESSAGE,
    [REASON_CLASS_PERMANENT] = FAILURE_BLAMES_MESSAGE,
    [REASON_CLASS_UNKNOWN] = FAILURE_BLAMES_EITHER,
};

static const struct {
    enum reason reason;
    enum failure_blame blame;
} blame_rows[] = {
    /* One message can make an office stumble, and an office that is broken stumbles over all. */
    {REASON_OFFICE_ERROR, FAILURE_BLAMES_EITHER},
    {REASON_OFFICE_TIMEOUT, FAILURE_BLAMES_EITHER},
    {REASON_LEASE_EXPIRED, FAILURE_BLAMES_EITHER},
    /* No room for this one, with its files, need not be no room for the next. */
    {REASON_BUSY, FAILURE_BLAMES_EITHER},
    /* What hangs on the files of one message is no word about the others. */
    {REASON_ATTACHMENT_DAMAGED, FAILURE_BLAMES_MESSAGE},
    {REASON_ATTACHMENTS_UNCLAIMED, FAILURE_BLAMES_MESSAGE},
    {REASON_OFFICE_TLS, FAILURE_BLAMES_DESTINATION},
    {REASON_HELLO_MISSING, FAILURE_BLAMES_DESTINATION},
    {REASON_VERSION_UNSUPPORTED, FAILURE_BLAMES_DESTINATION},
    {REASON_STORE_CORRUPT, FAILURE_BLAMES_US},
    {REASON_STORE_NEWER, FAILURE_BLAMES_US},
    {REASON_STORE_ROLLED_BACK, FAILURE_BLAMES_US},
    {REASON_NOT_FOUND, FAILURE_BLAMES_US},
    {REASON_SETTINGS_INVALID, FAILURE_BLAMES_US},
    {REASON_FILE_UNREADABLE, FAILURE_BLAMES_US},
    {REASON_KEY_UNREADABLE, FAILURE_BLAMES_US},
    {REASON_REGISTRY_INVALID, FAILURE_BLAMES_US},
    {REASON_CERTIFICATE_MISMATCH, FAILURE_BLAMES_US},
    /* Only what is judged by a date waits for the clock; the rest goes on. */
    {REASON_CLOCK_IN_DOUBT, FAILURE_BLAMES_MESSAGE},
};

enum failure_blame failure_blame(enum reason reason)
{
    for (size_t i = 0; i < sizeof blame_rows / sizeof *blame_rows; i++) {
        if (blame_rows[i].reason == reason)
            return blame_rows[i].blame;
    }
    return blame_of_class[reason_class(reason)];
}

/* What is the message's own fault may be right under another registry: a reload wakes it. */
bool failure_waits_for_registry(enum reason reason)
{
    return failure_blame(reason) == FAILURE_BLAMES_MESSAGE;
}

bool failure_ground_is_sure(enum failure_ground ground)
{
    return ground == FAILURE_RULE || ground == FAILURE_SPOKEN;
}

static bool is_final(enum failure_action action)
{
    return action == FAILURE_SUCCEED || action == FAILURE_REFUSE || action == FAILURE_HOLD;
}

/* An end needs a cause in the message itself, and ground that nobody could have planted; all else
 * waits (invariant 14). */
enum failure_action failure_decide(enum reason reason, enum failure_ground ground,
                                   uint32_t attempts)
{
    const struct policy_row *row = &policy[reason_class(reason)];
    bool capped = row->attempts_max != 0 && attempts > row->attempts_max;
    enum failure_action action = capped ? row->at_cap : row->below_cap;
    enum failure_blame blame = failure_blame(reason);
    bool is_not_its_own = blame == FAILURE_BLAMES_DESTINATION || blame == FAILURE_BLAMES_US;
    bool is_end = action == FAILURE_REFUSE || action == FAILURE_HOLD;
    bool is_sure = failure_ground_is_sure(ground);
    return (is_end && is_not_its_own) || (is_final(action) && !is_sure) ? FAILURE_DEFER : action;
}
