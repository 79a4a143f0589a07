/* The trust boundary between a mapping and the wire. The program is an agency's own, but what it
 * makes a request of are texts from citizens' dossiers, so everything is checked as if a stranger
 * had written it: path, header names and values. */
#include "adapters/http/said_request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/http/mapping.h"
#include "gateway/api/json_text.h"

void said_request_init(struct said_request *request)
{
    request->method = NULL;
    request->header_count = 0;
    buffer_init(&request->body, MAPPING_OUTPUT_BYTES_MAX);
}

void said_request_release(struct said_request *request)
{
    for (size_t i = 0; i < request->header_count; i++)
        free(request->headers[i]);
    request->header_count = 0;
    buffer_release(&request->body);
}

/* A control character would end the line, and what follows it would be a header of its own. */
static bool is_one_line(const char *text)
{
    for (; *text != 0; text++) {
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            return false;
    }
    return true;
}

bool said_request_add_header(struct said_request *request, const char *line)
{
    size_t name = strcspn(line, ": ");
    if (request->header_count == SAID_HEADERS_MAX || !is_one_line(line) || name == 0 ||
        line[name] != ':')
        return false;
    request->headers[request->header_count] = strdup(line);
    return request->headers[request->header_count++] != NULL;
}

static bool add_said_headers(const json_t *said, struct said_request *request)
{
    const char *name;
    json_t *value;
    json_object_foreach(json_object_get(said, "headers"), name, value)
    {
        char *line = NULL;
        if (!json_is_string(value) || strchr(name, ':') != NULL ||
            asprintf(&line, "%s: %s", name, json_string_value(value)) < 0)
            return false;
        bool added = said_request_add_header(request, line);
        free(line);
        if (!added)
            return false;
    }
    return true;
}

/* The host is the setting's: a path that begins with "/" behind it cannot name another one. */
static bool read_target(const json_t *said, const char *base_url, struct said_request *request)
{
    static const char *const methods[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};
    const char *method = json_string_value(json_object_get(said, "method"));
    const char *path = json_string_value(json_object_get(said, "path"));
    if (method == NULL || path == NULL || path[0] != '/' || !is_one_line(path) ||
        strchr(path, ' ') != NULL)
        return false;
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        if (strcmp(methods[i], method) == 0)
            request->method = methods[i];
    }
    int size = snprintf(request->url, sizeof request->url, "%s%s", base_url, path);
    return request->method != NULL && size > 0 && (size_t)size < sizeof request->url;
}

static bool read_body(const json_t *said, struct said_request *request)
{
    const json_t *json = json_object_get(said, "json");
    const char *form = json_string_value(json_object_get(said, "form"));
    if (form != NULL)
        return buffer_append_text(&request->body, form) &&
               said_request_add_header(request, "Content-Type: application/x-www-form-urlencoded");
    return json == NULL || json_is_null(json) ||
           (json_text_write(json, &request->body) &&
            said_request_add_header(request, "Content-Type: application/json; charset=utf-8"));
}

bool said_request_read(const json_t *said, const char *base_url, struct said_request *request)
{
    return read_target(said, base_url, request) && read_body(said, request) &&
           said_request_add_header(request, "Accept: application/json") &&
           add_said_headers(said, request);
}

struct http_request said_request_http(const struct said_request *request)
{
    return (struct http_request){.method = request->method,
                                 .url = request->url,
                                 .headers = (const char *const *)request->headers,
                                 .header_count = request->header_count,
                                 .body = buffer_view(&request->body)};
}
