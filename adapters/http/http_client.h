/* http_client - HTTP requests under way at once, by curl's multi interface, behind one descriptor.
 *
 *   http_client_new
 *   http_client_start(request, done)          any number, up to HTTP_REQUESTS_MAX
 *   when http_client_fd is readable: http_client_run ─▶ done for each that ended
 *   http_client_drop                          ends one without a word
 *   http_client_destroy                       what is under way ends without a word
 *
 * HTTP/1.1 with keep-alive. Certificates are verified, always. Redirects are not followed, proxies
 * of the environment not used. "identity" is asked for; a server that compresses all the same is
 * decoded, within the same bound. Every wait has an end: connecting,
 * the whole transfer, a reply that trickles. A reply larger than HTTP_REPLY_BYTES_MAX ends as
 * office_reply_too_large, and costs no more memory than that.
 *
 * Files are not held: `give` is asked for the body piece by piece, `take` is given the reply's (of
 * status 200 alone; another one's is a refusal, and small). Who cannot take a piece now says so,
 * and nothing more is read until http_client_go_on. Such a transfer may take as long as it moves.
 */
#pragma once

#include "proto/base/bytes.h"
#include "proto/base/reason.h"

struct http_client;

enum {
    HTTP_REPLY_BYTES_MAX = 1024 * 1024,
    HTTP_REQUESTS_MAX = 64,
    HTTP_HEADERS_MAX = 32,  /* of a reply; those beyond are not looked at */
    HTTP_SLOW_SECONDS = 15, /* a transfer that moves less than HTTP_SLOW_BYTES a second so long */
    HTTP_SLOW_BYTES = 16,
};

struct http_client_options {
    const char *ca_file; /* NULL: the system's; copied */
    uint32_t connect_timeout_ms;
    uint32_t timeout_ms;
};

/* Writes the next bytes of the body, as many as fit; 0: they cannot be had, and it ends. */
typedef size_t http_give(void *context, uint8_t *ret_content, size_t capacity);
/* False: not now; the same piece comes again after http_client_go_on. */
typedef bool http_take(void *context, struct bytes piece);

struct http_request {
    const char *method; /* "GET", "POST", … */
    const char *url;
    const char *unix_socket;    /* path of where to connect; NULL: where the url says */
    const char *const *headers; /* "Name: value"; copied, as everything here */
    size_t header_count;
    struct bytes body;
    http_give *give; /* in place of .body, .give_bytes in all; NULL: none */
    uint64_t give_bytes;
    http_take *take; /* NULL: the reply's body is held */
};

struct http_header {
    const char *name; /* as it was sent; compared without regard to case */
    const char *value;
};

struct http_reply {
    enum reason reason; /* of the transfer; NONE: .status is what it answered */
    bool was_connected; /* the request may have got there */
    long status;
    struct http_header headers[HTTP_HEADERS_MAX]; /* the first of them */
    size_t header_count;
    struct bytes body; /* decoded */
    uint32_t retry_after_ms;
};

/* The reply's views are valid during the call; new requests may be started in it. */
typedef void http_done(void *context, const struct http_reply *reply);

enum reason http_client_new(const struct http_client_options *options,
                            struct http_client **ret_client);
void http_client_destroy(struct http_client **client);
/* REASON_BUSY at HTTP_REQUESTS_MAX, REASON_OUT_OF_MEMORY; done is then not called. */
enum reason http_client_start(struct http_client *client, const struct http_request *request,
                              http_done *done, void *context);
/* Of the transfer that was started with that context; none: nothing happens. Not to be called in
 * give, take or done. */
void http_client_drop(struct http_client *client, const void *context);
void http_client_go_on(struct http_client *client, const void *context);
int http_client_fd(const struct http_client *client);
void http_client_run(struct http_client *client);
