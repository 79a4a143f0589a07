#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "tests/standins/portal/portal.h"

bool portal_session_open(struct portal *portal, char ret_session[PORTAL_SESSION_BYTES])
{
    uint8_t random[(PORTAL_SESSION_BYTES - 1) / 2];
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
        return false;
    hex_encode((struct bytes){random, sizeof random}, ret_session);
    pthread_mutex_lock(&portal->lock);
    struct portal_session *session =
        &portal->sessions[portal->next_session++ % PORTAL_SESSIONS_MAX];
    (void)snprintf(session->text, sizeof session->text, "%s", ret_session);
    session->until_ms = portal_wall_ms() + (int64_t)portal->options.session_seconds * 1000;
    pthread_mutex_unlock(&portal->lock);
    return true;
}

/* Under the lock. */
static struct portal_session *find(struct portal *portal, const char *text)
{
    for (size_t i = 0; text[0] != 0 && i < PORTAL_SESSIONS_MAX; i++)
        if (strcmp(portal->sessions[i].text, text) == 0)
            return &portal->sessions[i];
    return NULL;
}

bool portal_session_is_open(struct portal *portal, const char *session)
{
    pthread_mutex_lock(&portal->lock);
    const struct portal_session *found = find(portal, session);
    bool is_open = found != NULL && portal_wall_ms() < found->until_ms;
    pthread_mutex_unlock(&portal->lock);
    return is_open;
}

void portal_session_close(struct portal *portal, const char *session)
{
    pthread_mutex_lock(&portal->lock);
    struct portal_session *found = find(portal, session);
    if (found != NULL)
        found->text[0] = 0;
    pthread_mutex_unlock(&portal->lock);
}
