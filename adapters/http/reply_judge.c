/* Whose word an answer of an office is, and so what it may end.
 *
 *  the mapping said a reason, the status fits it   the office's word: it may end the message
 *  the mapping said nothing that is known          transport: the status decides how long to wait
 *  a proxy answered in the office's place          transport as well: it ends nothing
 *
 * A status alone never delivers and never refuses (invariants 9 and 14): a 200 may be a login
 * page, and a 404 a proxy that lost its server. */
#include "adapters/http/reply_judge.h"

#include <stddef.h>

#include "adapters/http/http_status.h"

/* A word about a message that an office can say; our own store and our operators are not its to
 * speak of. */
static bool is_word(enum reason reason)
{
    bool is_ours = (reason >= REASON_STORE_FULL && reason <= REASON_OUT_OF_MEMORY) ||
                   reason >= REASON_ATTEMPTS_EXHAUSTED;
    bool knows_not = reason == REASON_OFFICE_REPLY_MALFORMED || reason == REASON_OFFICE_UNKNOWN;
    return reason == REASON_NOT_FOUND || (!is_ours && !knows_not);
}

/* The request itself was judged; not a session, a moment or a place. */
static bool is_about_request(long status)
{
    switch (status) {
    case 401:
    case 403:
    case 407:
    case 408:
    case 425:
    case 429:
        return false;
    default:
        return (status >= 200 && status <= 299) || (status >= 400 && status <= 499);
    }
}

struct reply_judgement reply_judge(long status, const enum reason *word)
{
    enum reason alone = http_status_reason(status);
    if (alone == REASON_NONE || reason_class(alone) == REASON_CLASS_PERMANENT)
        alone = REASON_OFFICE_REPLY_MALFORMED;
    struct reply_judgement unsure = {alone, FAILURE_TRANSPORT};
    if (word != NULL && alone == REASON_OFFICE_REPLY_MALFORMED && *word == REASON_OFFICE_UNKNOWN)
        unsure.reason =
            *word; /* a body of its office, with a code that the dialect does not know */
    if (word == NULL || !is_word(*word))
        return unsure;
    bool is_success = *word == REASON_NONE;
    bool is_2xx = status >= 200 && status <= 299;
    if (is_success ? is_2xx : is_about_request(status))
        return (struct reply_judgement){*word, FAILURE_SPOKEN};
    if (!is_success && reason_class(*word) != REASON_CLASS_PERMANENT)
        unsure.reason = *word; /* "log in" or "later", in better words than the status's */
    return unsure;
}
