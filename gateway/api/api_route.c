/* Which path is whose. */
#include <stdio.h>
#include <string.h>

#include "gateway/api/api_parts.h"
#include "proto/base/utf8.h"

/* The argument is one segment of text, not empty; "{*}" at the end takes all segments that follow.
 */
static bool path_fits(const char *pattern, const char *path, char ret_argument[API_ARGUMENT_BYTES])
{
    const char *hole = strchr(pattern, '{');
    ret_argument[0] = 0;
    if (hole == NULL)
        return strcmp(path, pattern) == 0;
    const char *behind = strchr(hole, '}') + 1;
    size_t size = strlen(path), before = (size_t)(hole - pattern), after = strlen(behind);
    if (size <= before + after || memcmp(path, pattern, before) != 0 ||
        strcmp(path + size - after, behind) != 0)
        return false;
    size_t argument = size - before - after;
    bool is_rest = hole[1] == '*';
    if (argument >= API_ARGUMENT_BYTES ||
        (!is_rest && memchr(path + before, '/', argument) != NULL))
        return false;
    memcpy(ret_argument, path + before, argument);
    ret_argument[argument] = 0;
    /* Answers repeat it, and JSON has no other bytes. */
    return utf8_is_valid(bytes_of_text(ret_argument), NULL);
}

const struct api_route *api_route_find(const struct api *api, const char *method, const char *path,
                                       char ret_argument[API_ARGUMENT_BYTES],
                                       char ret_allowed[API_METHODS_BYTES])
{
    size_t used = 0;
    ret_allowed[0] = 0;
    for (size_t i = 0; i < api->options.route_count; i++) {
        const struct api_route *route = &api->options.routes[i];
        if (!path_fits(route->path, path, ret_argument))
            continue;
        if (strcmp(route->method, method) == 0)
            return route;
        int more = snprintf(ret_allowed + used, API_METHODS_BYTES - used, "%s%s",
                            used > 0 ? ", " : "", route->method);
        used += more > 0 && used + (size_t)more < API_METHODS_BYTES ? (size_t)more : 0;
    }
    return NULL;
}
