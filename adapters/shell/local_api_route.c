/* Which path is whose. Adding a path: a row here, and adapters/openapi.yaml. */
#include <string.h>

#include "adapters/shell/local_api_parts.h"

static const struct api_route routes[] = {
    {"GET", "/v1/health", "", false, API_OPEN, false, NULL, health_get, NULL},
    {"PUT", "/v1/attachments/", "", true, API_TOKEN, true, attachment_put_begin,
     attachment_complete, NULL},
    {"POST", "/v1/attachments", "", false, API_TOKEN, true, attachment_post_begin,
     attachment_complete, NULL},
    {"GET", "/v1/attachments/", "", true, API_LINK, false, NULL, attachment_get, NULL},
    {"POST", "/v1/messages", "", false, API_TOKEN, false, NULL, submit_complete, submit_apply},
    {"GET", "/v1/messages/", "/document", true, API_TOKEN, false, NULL, document_get, NULL},
    {"GET", "/v1/messages/", "/signature", true, API_TOKEN, false, NULL, signature_get, NULL},
    {"GET", "/v1/messages/", "/manifest", true, API_TOKEN, false, NULL, manifest_get, NULL},
    {"GET", "/v1/messages/", "", true, API_TOKEN, false, NULL, message_get, NULL},
    {"GET", "/v1/inbox", "", false, API_TOKEN, false, NULL, inbox_get, NULL},
    {"POST", "/v1/inbox/", "/accept", true, API_TOKEN, false, NULL, accept_complete, accept_apply},
    {"POST", "/v1/inbox/", "/refuse", true, API_TOKEN, false, NULL, accept_complete, refuse_apply},
    {"GET", "/v1/dossiers/", "", true, API_TOKEN, false, NULL, dossier_get, NULL},
    {"GET", "/v1/queues", "", false, API_TOKEN, false, NULL, queues_get, NULL},
    {"POST", "/v1/queues/", "/hold", true, API_TOKEN, false, NULL, operate_complete, hold_apply},
    {"POST", "/v1/queues/", "/release", true, API_TOKEN, false, NULL, operate_complete,
     release_apply},
    {"POST", "/v1/queues/", "/withdraw", true, API_TOKEN, false, NULL, operate_complete,
     withdraw_apply},
};

static bool path_fits(const struct api_route *route, const char *path,
                      char ret_argument[API_ARGUMENT_BYTES])
{
    size_t size = strlen(path);
    size_t prefix = strlen(route->prefix);
    size_t suffix = strlen(route->suffix);
    if (!route->takes_argument) {
        ret_argument[0] = 0;
        return strcmp(path, route->prefix) == 0;
    }
    if (size <= prefix + suffix || memcmp(path, route->prefix, prefix) != 0 ||
        strcmp(path + size - suffix, route->suffix) != 0)
        return false;
    size_t argument = size - prefix - suffix;
    if (argument >= API_ARGUMENT_BYTES || memchr(path + prefix, '/', argument) != NULL)
        return false;
    memcpy(ret_argument, path + prefix, argument);
    ret_argument[argument] = 0;
    return true;
}

const struct api_route *api_route_find(const char *method, const char *path,
                                       char ret_argument[API_ARGUMENT_BYTES])
{
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        if (strcmp(routes[i].method, method) == 0 && path_fits(&routes[i], path, ret_argument))
            return &routes[i];
    }
    return NULL;
}
