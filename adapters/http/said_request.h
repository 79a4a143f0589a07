/* said_request - an HTTP request as a mapping says it, made safe to send:
 *
 *   {method, path, headers: {name: value}, json: … | form: "a=b"}
 *
 * The path is behind the base address and the headers are lines: nothing that the program says can
 * name another host, begin a second header or a second request.
 *
 *   said_request_init ─▶ said_request_read, _add_header … ─▶ said_request_http ─▶ _release
 */
#pragma once

#include <jansson.h>

#include "adapters/http/http_client.h"

enum { SAID_URL_BYTES_MAX = 2048, SAID_HEADERS_MAX = 16 };

struct said_request {
    char url[SAID_URL_BYTES_MAX];
    const char *method; /* lives for ever */
    char *headers[SAID_HEADERS_MAX];
    size_t header_count;
    struct buffer body;
};

/* To be released, whatever follows. */
void said_request_init(struct said_request *request);
void said_request_release(struct said_request *request);
/* False: no such request may be sent (the mapping is wrong), or memory is short. */
bool said_request_read(const json_t *said, const char *base_url, struct said_request *request);
/* "Name: value". False: it is none, or one too many. */
bool said_request_add_header(struct said_request *request, const char *line);
/* As http_client_start takes it; views into the request. */
struct http_request said_request_http(const struct said_request *request);
