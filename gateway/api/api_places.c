/* Whose the connections are.
 *
 *   accepted ──▶ STRANGER ──a whole head with a token──▶ KNOWN ──▶ gone
 *                   └─ API_STRANGER_MS, or too many: the oldest ──▶ ended ──▶ gone
 *
 * Anybody on this machine may connect, and over TLS anybody at all. Whoever has not shown that he
 * may call is a stranger, and strangers share a few places for a short time, so that they cannot
 * use up those of our own programs, however many they are and however slowly they talk.
 */
#include <stdlib.h>
#include <sys/socket.h>

#include "gateway/api/api_parts.h"

struct api_place {
    struct api *api;
    int fd; /* MHD's */
    mono_t since;
    bool is_known;
    bool is_ended; /* MHD is about to find out */
    struct api_place *next;
};

struct api_bounds api_bounds_of(uint32_t descriptors)
{
    enum {
        RESERVED = 128,
        ENDED = 16
    }; /* of the program: office, link, store, mapping, registry */
    uint32_t left = descriptors > RESERVED ? descriptors - RESERVED : 0;
    struct api_bounds bounds = {.strangers = left / 4, .known = 0};
    if (bounds.strangers > API_STRANGERS_MAX)
        bounds.strangers = API_STRANGERS_MAX;
    if (left > bounds.strangers + ENDED)
        bounds.known =
            (left - bounds.strangers - ENDED) / 2; /* its socket, and the file it sends */
    if (bounds.known > API_CONNECTIONS_MAX)
        bounds.known = API_CONNECTIONS_MAX;
    bounds.connections = bounds.strangers + bounds.known + ENDED;
    return bounds;
}

static void place_add(struct api *api, struct MHD_Connection *connection, void **place_memory)
{
    struct api_place **last = &api->places;
    struct api_place *place = calloc(1, sizeof *place);
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    *place_memory = place;
    if (place == NULL || info == NULL)
        return; /* MHD closes it after the time of a stranger */
    *place = (struct api_place){.api = api, .fd = info->connect_fd, .since = api->now};
    while (*last != NULL)
        last = &(*last)->next;
    *last = place;
    api->stranger_count++;
}

static void place_remove(struct api *api, struct api_place *place)
{
    struct api_place **at = &api->places;
    while (*at != NULL && *at != place)
        at = &(*at)->next;
    if (*at != NULL) {
        *at = place->next;
        if (place->is_known)
            api->known_count--;
        else if (!place->is_ended)
            api->stranger_count--;
    }
    free(place);
}

void api_place_changed(void *context, struct MHD_Connection *connection, void **place_memory,
                       enum MHD_ConnectionNotificationCode what)
{
    const struct api_door *door = context;
    if (what == MHD_CONNECTION_NOTIFY_STARTED)
        place_add(door->api, connection, place_memory);
    else if (*place_memory != NULL)
        place_remove(door->api, *place_memory);
}

enum MHD_Result api_place_ask(void *context, const struct sockaddr *address, socklen_t size)
{
    struct api *api = ((const struct api_door *)context)->api;
    (void)size;
    return api_callers_admit(&api->callers, address, api->now) ? MHD_YES : MHD_NO;
}

static void know_address(struct api_request *request)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    if (request->door->kind == API_DOOR_TLS && info != NULL)
        api_callers_know(&request->api->callers, info->client_addr);
}

bool api_place_know(struct api_request *request)
{
    struct api *api = request->api;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct api_place *place = info == NULL ? NULL : info->socket_context;
    if (place == NULL)
        return false; /* memory is short */
    if (place->is_known)
        return true;
    if (place->is_ended || api->known_count >= api->bounds.known)
        return false;
    place->is_known = true;
    know_address(request);
    api->stranger_count--;
    api->known_count++;
    (void)MHD_set_connection_option(request->connection, MHD_CONNECTION_OPTION_TIMEOUT,
                                    (unsigned)API_IDLE_SECONDS);
    return true;
}

/* MHD reads the end of the connection in its next run and closes it. */
static void place_end(struct api_place *place)
{
    place->is_ended = true;
    place->api->stranger_count--;
    (void)shutdown(place->fd, SHUT_RDWR);
}

void api_places_end(struct api *api)
{
    for (struct api_place *place = api->places; place != NULL; place = place->next) {
        bool is_late = api->now.ms - place->since.ms >= API_STRANGER_MS;
        bool is_one_too_many = api->stranger_count > api->bounds.strangers;
        if (!place->is_known && !place->is_ended && (is_late || is_one_too_many))
            place_end(place);
    }
}

int api_places_timeout_ms(const struct api *api)
{
    for (const struct api_place *place = api->places; place != NULL; place = place->next) {
        int64_t left = place->since.ms + API_STRANGER_MS - api->now.ms;
        if (!place->is_known && !place->is_ended)
            return left > 0 ? (int)left : 0;
    }
    return -1;
}
