/* ended - sessions that somebody ended while the book could not be written: a full disk keeps
 * nobody signed in.
 *
 *   ended_add ─▶ it is over at once ─▶ ended_settle, again and again ─▶ it stands in the book
 *
 * Kept in memory: one would be on again if the desk stopped before there was room; whoever signed
 * out has no cookie any more. With a full book nobody signs in, and so there are not many.
 */
#pragma once

#include "adapters/desk/book/people.h"

enum { ENDED_MAX = 256 }; /* forty people have three or four sessions each */

struct ended {
    size_t count;
    struct ended_session {
        uint8_t digest[SESSION_DIGEST_BYTES];
        char name[PERSON_NAME_BYTES];
        char address[HASH_ADDRESS_BYTES];
        wall_t at;
    } sessions[ENDED_MAX];
};

/* False: no room; the session goes on. */
bool ended_add(struct ended *ended, const uint8_t digest[SESSION_DIGEST_BYTES], const char *name,
               const char *address, wall_t at);
bool ended_has(const struct ended *ended, const uint8_t digest[SESSION_DIGEST_BYTES]);
/* Into the book, with its row of the audit; those stay that the book does not take. */
void ended_settle(struct ended *ended, struct book *book);
