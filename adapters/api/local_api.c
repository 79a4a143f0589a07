/* The adapter's own door for the participant's systems: the HTTP library of gateway/api with the
 * routes of local_routes.c over one session.
 *
 * What changes something is done inside a step of the session and answered after its commit
 * (invariant 1), so nothing here writes to the store; what only reads asks the store at once. The
 * arena belongs to one request's moment: whoever fills it must be done before the next call that
 * resets it. */
#include "adapters/api/local_api.h"

#include <stdio.h>
#include <stdlib.h>

#include "adapters/api/local_api_parts.h"

/* A request that finds the step full waits for the next one; it is not refused (invariant 8: room
 * is asked for before anything is taken). */
static bool has_room(void *context)
{
    const struct local_api *api = context;
    return session_has_room(api->options.session);
}

/* Where a back office fetches the files of a message. Two forms of one address: who asks us over
 * the API has shown his token already, while an office is given links that carry theirs, which
 * opens attachments and nothing else. */
static void set_links(struct local_api *api)
{
    (void)snprintf(api->own_links.base, sizeof api->own_links.base, "http://127.0.0.1:%u",
                   api_port(api->server));
    api->own_links.token = "";
    api->office_links = api->own_links;
    api->office_links.token = api_link_token(api->server)->text;
}

enum reason local_api_new(const struct local_api_options *options, struct local_api **ret_api,
                          char ret_what[API_WHAT_BYTES])
{
    struct local_api *api = calloc(1, sizeof *api);
    if (api == NULL)
        return REASON_OUT_OF_MEMORY;
    api->options = *options;
    const struct api_options server = {.routes = local_routes,
                                       .route_count = LOCAL_ROUTES,
                                       .context = api,
                                       .doors = options->doors,
                                       .state_directory = options->state_directory,
                                       .link_token = "office.token",
                                       .crypto = options->crypto,
                                       .descriptors = options->descriptors,
                                       .body_bytes_max = LOCAL_API_BODY_BYTES_MAX,
                                       .memory_bytes = sizeof(struct local_upload),
                                       .release = attachment_release,
                                       .has_room = has_room,
                                       .jobs = session_jobs(options->session),
                                       .store = options->store};
    enum reason reason =
        arena_init(&api->arena, MESSAGE_JSON_ARENA_BYTES) ? REASON_NONE : REASON_OUT_OF_MEMORY;
    if (reason == REASON_NONE)
        reason = api_new(&server, &api->server, ret_what);
    if (reason != REASON_NONE) {
        local_api_destroy(&api);
        return reason;
    }
    set_links(api);
    *ret_api = api;
    return REASON_NONE;
}

void local_api_destroy(struct local_api **api_pointer)
{
    struct local_api *api = *api_pointer;
    *api_pointer = NULL;
    if (api == NULL)
        return;
    api_destroy(&api->server);
    arena_release(&api->arena);
    free(api);
}

struct api *local_api_server(const struct local_api *api)
{
    return api->server;
}

void local_api_set_registry(struct local_api *api, const struct registry *registry)
{
    api->options.registry = registry;
}

void local_api_set_office_trouble(struct local_api *api, enum reason reason)
{
    api->office_trouble = reason;
}

const struct message_links *local_api_links(const struct local_api *api)
{
    return &api->office_links;
}
