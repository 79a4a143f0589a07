/* Whose the connections are.
 *
 *   accepted ──▶ STRANGER ──a whole head with a token──▶ KNOWN ──▶ gone
 *                   └─ API_STRANGER_MS, or too many: the oldest ──▶ ended ──▶ gone
 *
 * Anybody on this machine may connect, and over TLS anybody at all. Whoever has not shown that he
 * may call is a stranger, and strangers share a few places for a short time, so that they cannot
 * use up those of our own programs, however many they are and however slowly they talk. Whose
 * request waits for our answer (a sign-in, while the password is hashed) is not ended meanwhile:
 * the delay is ours.
 */
#include <stdlib.h>
#include <sys/socket.h>

#include "gateway/api/api_parts.h"

struct api_place {
    struct api *api;
    int fd; /* MHD's */
    mono_t since;
    bool is_known;
    bool is_waiting; /* for our answer */
    bool is_ended;   /* MHD is about to find out */
    struct api_place *next;
};

struct api_bounds api_bounds_of(uint32_t descriptors, uint32_t connections_max)
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
    uint32_t most = connections_max == 0 ? API_CONNECTIONS_MAX : connections_max;
    if (bounds.known > most)
        bounds.known = most;
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

static struct api_place *place_of(const struct api_request *request)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info == NULL ? NULL : info->socket_context;
}

void api_place_wait(const struct api_request *request, bool is_waiting)
{
    struct api_place *place = place_of(request);
    if (place == NULL)
        return;
    place->is_waiting = is_waiting;
    place->since = request->api->now;
}

bool api_place_know(struct api_request *request)
{
    struct api *api = request->api;
    struct api_place *place = place_of(request);
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

static bool may_end(const struct api_place *place)
{
    return !place->is_known && !place->is_ended && !place->is_waiting;
}

void api_places_end(struct api *api)
{
    for (struct api_place *place = api->places; place != NULL; place = place->next) {
        bool is_late = api->now.ms - place->since.ms >= api->stranger_ms;
        bool is_one_too_many = api->stranger_count > api->bounds.strangers;
        if (may_end(place) && (is_late || is_one_too_many))
            place_end(place);
    }
}

/* The oldest is not always the first: who waited has had his time anew. */
int api_places_timeout_ms(const struct api *api)
{
    int soonest = -1;
    for (const struct api_place *place = api->places; place != NULL; place = place->next) {
        int64_t left = place->since.ms + api->stranger_ms - api->now.ms;
        left = left > 0 ? left : 0;
        if (may_end(place) && (soonest < 0 || left < soonest))
            soonest = (int)left;
    }
    return soonest;
}
