/* reply_judge - what an HTTP status and the dialect's word say together. Pure.
 *
 * A status alone ends nothing (invariant 14): proxies, login pages and TLS ports answer as well,
 * and in the office's place. "It has it", "refused" and "not there" need the dialect's word, which
 * is a reason that the mapping gives for a body that it knows. A mapping that does not know a body
 * says office_reply_malformed or office_unknown, or nothing at all: then the status says why it is
 * tried again later.
 */
#pragma once

#include "routing/outbox/failure.h"

/* On unsure ground the reason is never "ok" and never of the class PERMANENT. */
struct reply_judgement {
    enum reason reason;
    enum failure_ground ground; /* SPOKEN: the office said so */
};

/* What a reply means. word: what the mapping says of it; NULL: it says nothing. A success needs 2xx
 * and the word. Another word counts beside 2xx and beside those 4xx that are about the request;
 * with 3xx, 5xx, and a 4xx that is about a session or a time, no word ends anything. */
struct reply_judgement reply_judge(long status, const enum reason *word);
