/* http - one conversation with a JSON service: the API of one of our programs, or a back office.
 *
 *   struct http *http;
 *   http_new(&(struct http_options){.base_url = "http://127.0.0.1:7700", .token = token}, &http);
 *   struct api_reply reply;
 *   reason = http_call(http, &(struct api_call){.method = "GET", .path = "/v1/queues"},
 * &reply);
 *   ... reply.status, reply.body ...
 *   api_reply_release(&reply);
 *   http_destroy(&http);
 *
 * Connections are kept alive. One thread uses an http. REASON_NONE means that an answer came,
 * whatever its status; otherwise REASON_OFFICE_UNREACHABLE, REASON_ACCESS_DENIED (of the socket),
 * _TIMEOUT, _REPLY_TOO_LARGE, _REPLY_MALFORMED (not JSON where JSON was wanted) or
 * REASON_OUT_OF_MEMORY.
 */
#pragma once

#include <jansson.h>

#include "proto/base/digest.h"
#include "proto/base/reason.h"

enum {
    CALL_REPLY_BYTES_MAX = 16 * 1024 * 1024, /* a page of an inbox at its bound is far smaller */
    HTTP_URL_BYTES_MAX = 1024,
    HTTP_CALL_TIMEOUT_MS = 15 * 1000,
    HTTP_FILE_TIMEOUT_MS = 10 * 60 * 1000, /* 2 GiB at 4 MB/s */
};

struct http;

struct http_options {
    const char *base_url; /* copied */
    const char *socket;   /* Unix socket that it is reached by; NULL, "": over TCP. Copied */
    const char *token;    /* Authorization: Bearer; NULL: none. Copied */
    long timeout_ms;      /* of one call; 0: HTTP_CALL_TIMEOUT_MS */
};

struct api_call {
    const char *method;
    const char *path;            /* from the slash on, or a whole http:// address */
    const json_t *body;          /* NULL: none */
    const char *idempotency_key; /* NULL: none */
};

struct api_reply {
    long status;
    json_t *body; /* NULL when the answer has none */
};

enum reason http_new(const struct http_options *options, struct http **ret_http);
void http_destroy(struct http **http);
/* For people: its socket or address. */
const char *http_where(const struct http *http);
enum reason http_call(struct http *http, const struct api_call *request,
                      struct api_reply *ret_reply);
void api_reply_release(struct api_reply *reply);

/* Sends an open file (PUT) from its present position, size_bytes long; it is never in memory as a
 * whole. */
enum reason http_put_file(struct http *http, const char *path, int file, uint64_t size_bytes,
                          struct api_reply *ret_reply);
/* Gets a file. file: where to write it, or -1: it is only hashed. With a status other than 200
 * digest and size mean nothing. */
enum reason http_get_file(struct http *http, const char *path, int file, long *ret_status,
                          struct digest *ret_digest, uint64_t *ret_size_bytes);

/* Percent-encodes a path segment or a query value (RFC 3986). False when it does not fit. */
bool url_encode(const char *text, char *ret_text, size_t size);
