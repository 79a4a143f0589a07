/* Who calls, and whether he may: every request comes through here before its route sees it.
 *
 * A cookie says who; it is sent by the browser whoever made it ask, so that a page of somebody
 * else's could act in a clerk's name. Three things stand against that: SameSite=Lax, what the
 * browser says about where the request comes from (Sec-Fetch-Site, else Origin), and that bodies
 * are JSON. */
#include "adapters/desk/desk.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "gateway/workers/program.h"

enum { ORIGIN_BYTES = DESK_URL_BYTES + 16, COOKIE_BYTES = 256 };

const struct api_header desk_headers[] = {
    {"Content-Security-Policy",
     "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
     "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
     "frame-ancestors 'none'; require-trusted-types-for 'script'"},
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Permissions-Policy", "camera=(), geolocation=(), microphone=()"},
    {"X-Frame-Options", "DENY"},
    {NULL, NULL},
};

struct desk *desk_of(const struct api_request *request)
{
    return api_context(request);
}

struct desk_call *desk_call(struct api_request *request)
{
    return api_memory(request);
}

static bool is_secure(const struct api_request *request)
{
    return api_is_secure(request) ||
           strncmp(desk_of(request)->settings.public_url, "https://", 8) == 0;
}

static const char *cookie_name(const struct api_request *request)
{
    return is_secure(request) ? "__Host-desk" : "desk";
}

/* The first of that name; a path of a browser's that had two would have been refused by "__Host-".
 */
static struct bytes cookie(const struct api_request *request)
{
    const char *at = api_header(request, "Cookie"), *name = cookie_name(request);
    size_t size = strlen(name);
    while (at != NULL && *at != 0) {
        at += strspn(at, "; ");
        size_t length = strcspn(at, ";");
        if (length > size && strncmp(at, name, size) == 0 && at[size] == '=')
            return (struct bytes){(const uint8_t *)at + size + 1, length - size - 1};
        at += length;
    }
    return (struct bytes){NULL, 0};
}

void desk_set_cookie(struct api_request *request, const char *secret)
{
    char text[COOKIE_BYTES];
    (void)snprintf(text, sizeof text, "%s=%s; Path=/; HttpOnly; SameSite=Lax%s%s",
                   cookie_name(request), secret, is_secure(request) ? "; Secure" : "",
                   secret[0] == 0 ? "; Max-Age=0" : "");
    api_answer_header(request, "Set-Cookie", text);
}

/* Behind a proxy of the office everybody comes from the same place; the proxy says who it is for.
 * It is believed on its own socket alone, which nobody else can open: on another door a caller
 * would be somebody else at each attempt. */
static void find_address(struct api_request *request, char ret_address[HASH_ADDRESS_BYTES])
{
    char peer[API_PEER_BYTES];
    api_peer(request, peer);
    if (api_is_by_socket(request))
        address_forwarded(api_header_last(request, "X-Forwarded-For"), ret_address);
    else
        address_group(peer, ret_address);
}

bool desk_knows(void *context, struct api_request *request)
{
    struct desk *desk = context;
    struct desk_call *call = desk_call(request);
    struct bytes secret = cookie(request);
    find_address(request, call->address);
    return secret.size > 0 &&
           sessions_find(&desk->book, secret, program_wall(), &call->person, call->session) &&
           !ended_has(&desk->ended, call->session);
}

bool desk_session_is_on(struct api_request *request)
{
    struct desk *desk = desk_of(request);
    const uint8_t *session = desk_call(request)->session;
    return sessions_is_on(&desk->book, session, program_wall()) &&
           !ended_has(&desk->ended, session);
}

/* ---- from our own pages? ---- */

static bool origin_is_ours(const struct api_request *request, const char *origin)
{
    char ours[ORIGIN_BYTES];
    const char *url = desk_of(request)->settings.public_url;
    const char *host = api_header(request, "Host");
    (void)snprintf(ours, sizeof ours, "%s://%s", api_is_secure(request) ? "https" : "http",
                   host == NULL ? "" : host);
    return strcasecmp(origin, ours) == 0 || (url[0] != 0 && strcasecmp(origin, url) == 0);
}

static bool is_from_our_page(const struct api_request *request)
{
    const char *site = api_header(request, "Sec-Fetch-Site");
    const char *origin = api_header(request, "Origin");
    const char *mark = api_header(request, "X-Desk");
    if (site != NULL)
        return strcmp(site, "same-origin") == 0;
    if (origin != NULL)
        return origin_is_ours(request, origin);
    return mark != NULL && strcmp(mark, "1") == 0; /* no page of another site can send it */
}

enum reason desk_admits(void *context, struct api_request *request)
{
    (void)context;
    bool is_read = strcmp(api_method(request), "GET") == 0;
    enum desk_right right = (enum desk_right)api_which(request);
    if (!is_read && !is_from_our_page(request))
        return REASON_ORIGIN_FOREIGN;
    if (right != DESK_RIGHT_ANYBODY && desk_call(request)->person.must_change)
        return REASON_PASSWORD_FIRST; /* who gave it to him could act in his name until then */
    if (right != DESK_RIGHT_ANYBODY && !desk_role_may(desk_call(request)->person.role, right))
        return REASON_NOT_ALLOWED;
    return REASON_NONE;
}

/* ---- who listens ---- */

/* A stream of events is one long answer: without this it would go on after its session's end. */
static bool session_is_over(void *context, struct api_request *request)
{
    (void)context;
    return !desk_session_is_on(request);
}

void desk_part(struct desk *desk)
{
    if (desk->now.ms < desk->part_due.ms)
        return;
    desk->part_due = (mono_t){desk->now.ms + DESK_PART_MS};
    api_events_part(desk->api, session_is_over);
}
