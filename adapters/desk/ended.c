/* A short list; what is at its end is taken first. */
#include "adapters/desk/ended.h"

#include <stdio.h>
#include <string.h>

bool ended_add(struct ended *ended, const uint8_t digest[SESSION_DIGEST_BYTES], const char *name,
               const char *address, wall_t at)
{
    if (ended->count == ENDED_MAX)
        return false;
    struct ended_session *session = &ended->sessions[ended->count++];
    *session = (struct ended_session){.at = at};
    memcpy(session->digest, digest, SESSION_DIGEST_BYTES);
    (void)snprintf(session->name, sizeof session->name, "%s", name);
    (void)snprintf(session->address, sizeof session->address, "%s", address);
    return true;
}

bool ended_has(const struct ended *ended, const uint8_t digest[SESSION_DIGEST_BYTES])
{
    for (size_t i = 0; i < ended->count; i++) {
        if (memcmp(ended->sessions[i].digest, digest, SESSION_DIGEST_BYTES) == 0)
            return true;
    }
    return false;
}

static enum reason settle(struct book *book, const struct ended_session *session)
{
    struct person person = {0};
    enum reason reason = book_begin(book);
    if (reason == REASON_NONE)
        reason = sessions_end(book, session->digest);
    if (reason == REASON_NONE) {
        (void)people_find(book, session->name, &person, NULL);
        reason = book_run(book, BOOK_AUDIT_ADD, "itttttttt", session->at.ms, session->name,
                          person.full_name, session->address, "sign_out", "", NULL, NULL, "ok");
    }
    return book_finish(book, reason);
}

void ended_settle(struct ended *ended, struct book *book)
{
    while (ended->count > 0 && settle(book, &ended->sessions[ended->count - 1]) == REASON_NONE)
        ended->count--;
}
