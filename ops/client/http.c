/* A synchronous client of the daemons' APIs, on curl's easy interface. One transfer at a time,
 * JSON in and out, with bounds on time and size; the daemons themselves use adapters/http, which
 * never waits. */
#include "ops/client/http.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "gateway/workers/unix_socket.h"
#include "proto/seal/sha256.h"

/* One handle for all calls of a command, so that curl keeps the connection: paging through an inbox
 * connects once. */
struct http {
    CURL *curl;
    char socket[UNIX_PATH_BYTES]; /* "": over TCP */
    int folder;                   /* that its short name goes through; -1 */
    char *base_url;
    char *authorization; /* the whole header; NULL: none */
    long timeout_ms;
};

/* Nothing is connected yet: an address where nobody listens shows at the first call. */
enum reason http_new(const struct http_options *options, struct http **ret_http)
{
    struct http *http = calloc(1, sizeof *http);
    if (http == NULL)
        return REASON_OUT_OF_MEMORY;
    http->curl = curl_easy_init();
    http->base_url = strdup(options->base_url);
    http->folder = -1;
    /* A socket address holds 108 bytes, a path may be longer: then the socket is reached by a short
     * name through its folder, whose descriptor has to stay open as long as calls are made. */
    bool is_near = options->socket == NULL || options->socket[0] == 0 ||
                   unix_socket_short_path(options->socket, http->socket, &http->folder);
    http->timeout_ms = options->timeout_ms > 0 ? options->timeout_ms : HTTP_CALL_TIMEOUT_MS;
    if (options->token != NULL &&
        asprintf(&http->authorization, "Authorization: Bearer %s", options->token) < 0)
        http->authorization = NULL;
    if (http->curl == NULL || http->base_url == NULL ||
        (options->token != NULL && http->authorization == NULL)) {
        http_destroy(&http);
        return REASON_OUT_OF_MEMORY;
    }
    if (!is_near) {
        http_destroy(&http);
        return REASON_OFFICE_UNREACHABLE;
    }
    *ret_http = http;
    return REASON_NONE;
}

void http_destroy(struct http **http)
{
    if (*http == NULL)
        return;
    if ((*http)->folder >= 0)
        (void)close((*http)->folder);
    if ((*http)->curl != NULL)
        curl_easy_cleanup((*http)->curl);
    free((*http)->base_url);
    free((*http)->authorization);
    free(*http);
    *http = NULL;
}

/* The short name means nothing to a person, so the address is told when there is one. */
const char *http_where(const struct http *http)
{
    return http->socket[0] != 0 && http->folder < 0 ? http->socket : http->base_url;
}

void api_reply_release(struct api_reply *reply)
{
    json_decref(reply->body);
    *reply = (struct api_reply){0};
}

bool url_encode(const char *text, char *ret_text, size_t size)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    size_t used = 0;
    for (; *text != 0; text++) {
        if (used + 4 > size)
            return false;
        if (strchr(plain, *text) != NULL)
            ret_text[used++] = *text;
        else
            used += (size_t)snprintf(ret_text + used, 4, "%%%02X", (unsigned char)*text);
    }
    if (used >= size)
        return false;
    ret_text[used] = 0;
    return true;
}

/* --- one transfer ----------------------------------------------------------------------------- */

/* Taking less than was offered ends the transfer with CURLE_WRITE_ERROR, which reason_of reads as a
 * reply beyond the bound. */
static size_t take_text(char *data, size_t size, size_t count, void *context)
{
    struct bytes more = {(const uint8_t *)data, size * count};
    return buffer_append(context, more) ? more.size : 0;
}

/* A socket that may not be opened is told apart from one where nobody listens: a group of the
 * operating system mends the one, starting the program the other. */
static enum reason reason_of(const struct http *http, CURLcode code)
{
    long error = 0;
    (void)curl_easy_getinfo(http->curl, CURLINFO_OS_ERRNO, &error);
    if (code == CURLE_COULDNT_CONNECT && (error == EACCES || error == EPERM))
        return REASON_ACCESS_DENIED;
    switch (code) {
    case CURLE_OK:
        return REASON_NONE;
    case CURLE_OPERATION_TIMEDOUT:
        return REASON_OFFICE_TIMEOUT;
    case CURLE_WRITE_ERROR:
        return REASON_OFFICE_REPLY_TOO_LARGE;
    case CURLE_OUT_OF_MEMORY:
        return REASON_OUT_OF_MEMORY;
    default:
        return REASON_OFFICE_UNREACHABLE;
    }
}

/* The list of before stays valid when memory is short; the caller frees it in any case. */
static bool add_header(struct curl_slist **headers, const char *line)
{
    struct curl_slist *longer = curl_slist_append(*headers, line);
    if (longer == NULL)
        return false;
    *headers = longer;
    return true;
}

/* Resets the handle for a new transfer and sets what all have. */
static bool prepare(struct http *http, const char *method, const char *path, long timeout_ms,
                    struct curl_slist **headers)
{
    char url[HTTP_URL_BYTES_MAX];
    bool whole = strncasecmp(path, "http://", 7) == 0;
    int size = snprintf(url, sizeof url, "%s%s", whole ? "" : http->base_url, path);
    if (size < 0 || size >= (int)sizeof url)
        return false;
    curl_easy_reset(http->curl);
    curl_easy_setopt(http->curl, CURLOPT_URL, url);
    if (http->socket[0] != 0)
        curl_easy_setopt(http->curl, CURLOPT_UNIX_SOCKET_PATH, http->socket);
    /* The reset took away all options of the call before, but not the connection. */
    curl_easy_setopt(http->curl, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(http->curl, CURLOPT_TIMEOUT_MS, timeout_ms);
    curl_easy_setopt(http->curl, CURLOPT_NOSIGNAL, 1L);
    /* A proxy of the environment would see the token, and need not find the way back to this
     * machine. */
    curl_easy_setopt(http->curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(http->curl, CURLOPT_PROTOCOLS_STR, "http");
    return (http->authorization == NULL || add_header(headers, http->authorization)) &&
           add_header(headers, "Expect:");
}

static enum reason perform(struct http *http, struct curl_slist *headers,
                           struct api_reply *ret_reply)
{
    struct buffer text;
    buffer_init(&text, CALL_REPLY_BYTES_MAX);
    curl_easy_setopt(http->curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(http->curl, CURLOPT_WRITEFUNCTION, take_text);
    curl_easy_setopt(http->curl, CURLOPT_WRITEDATA, &text);
    struct api_reply reply = {0};
    enum reason reason = reason_of(http, curl_easy_perform(http->curl));
    if (reason == REASON_NONE) {
        curl_easy_getinfo(http->curl, CURLINFO_RESPONSE_CODE, &reply.status);
        /* Of a refusal the status says enough; only where an answer was promised does one that
         * cannot be read count as a failure. */
        reply.body = json_loadb((const char *)text.data, text.size, 0, NULL);
        if (reply.body == NULL && text.size > 0 && reply.status >= 200 && reply.status < 300)
            reason = REASON_OFFICE_REPLY_MALFORMED;
    }
    buffer_release(&text);
    if (reason == REASON_NONE)
        *ret_reply = reply;
    return reason;
}

enum reason http_call(struct http *http, const struct api_call *request,
                      struct api_reply *ret_reply)
{
    struct curl_slist *headers = NULL;
    char *body = NULL, key_line[128];
    enum reason reason = REASON_OUT_OF_MEMORY;
    if (!prepare(http, request->method, request->path, http->timeout_ms, &headers))
        goto done;
    if (request->idempotency_key != NULL) {
        snprintf(key_line, sizeof key_line, "Idempotency-Key: %s", request->idempotency_key);
        if (!add_header(&headers, key_line))
            goto done;
    }
    if (request->body != NULL) {
        body = json_dumps(request->body, JSON_COMPACT);
        if (body == NULL || !add_header(&headers, "Content-Type: application/json"))
            goto done;
        curl_easy_setopt(http->curl, CURLOPT_POSTFIELDS, body);
    } else if (strcmp(request->method, "POST") == 0) {
        /* Says Content-Length: 0; a POST without a length may be answered with 411. */
        curl_easy_setopt(http->curl, CURLOPT_POSTFIELDS, "");
    }
    reason = perform(http, headers, ret_reply);
done:
    free(body);
    curl_slist_free_all(headers);
    return reason;
}

/* --- files ------------------------------------------------------------------------------------ */

/* An error in the middle of a file must not look like its end: the receiver would keep half of it.
 */
static size_t give_file(char *into, size_t size, size_t count, void *context)
{
    ssize_t got = read(*(int *)context, into, size * count);
    return got < 0 ? CURL_READFUNC_ABORT : (size_t)got;
}

/* The length goes ahead in the header, by which alone the adapter can refuse an upload beyond its
 * limit. */
enum reason http_put_file(struct http *http, const char *path, int file, uint64_t size_bytes,
                          struct api_reply *ret_reply)
{
    struct curl_slist *headers = NULL;
    enum reason reason = REASON_OUT_OF_MEMORY;
    if (prepare(http, "PUT", path, HTTP_FILE_TIMEOUT_MS, &headers) &&
        add_header(&headers, "Content-Type: application/octet-stream")) {
        curl_easy_setopt(http->curl, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(http->curl, CURLOPT_READFUNCTION, give_file);
        curl_easy_setopt(http->curl, CURLOPT_READDATA, &file);
        curl_easy_setopt(http->curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)size_bytes);
        reason = perform(http, headers, ret_reply);
    }
    curl_slist_free_all(headers);
    return reason;
}

struct download {
    struct sha256 hash;
    uint64_t size_bytes;
    int file;
};

/* Hashed as it comes, because what was written may never fit into memory. */
static size_t take_file(char *data, size_t size, size_t count, void *context)
{
    struct download *download = context;
    size_t total = size * count;
    sha256_update(&download->hash, (struct bytes){(const uint8_t *)data, total});
    download->size_bytes += total;
    for (size_t done = 0; download->file >= 0 && done < total;) {
        ssize_t written = write(download->file, data + done, total - done);
        if (written < 0 && errno != EINTR)
            return 0;
        if (written > 0)
            done += (size_t)written;
    }
    return total;
}

enum reason http_get_file(struct http *http, const char *path, int file, long *ret_status,
                          struct digest *ret_digest, uint64_t *ret_size_bytes)
{
    struct curl_slist *headers = NULL;
    struct download download = {.file = file};
    if (!sha256_init(&download.hash))
        return REASON_OUT_OF_MEMORY;
    enum reason reason = REASON_OUT_OF_MEMORY;
    if (prepare(http, "GET", path, HTTP_FILE_TIMEOUT_MS, &headers)) {
        curl_easy_setopt(http->curl, CURLOPT_HTTPHEADER, headers);
        curl_easy_setopt(http->curl, CURLOPT_WRITEFUNCTION, take_file);
        curl_easy_setopt(http->curl, CURLOPT_WRITEDATA, &download);
        reason = reason_of(http, curl_easy_perform(http->curl));
        /* Here the write callback fails when the disk does. */
        if (reason == REASON_OFFICE_REPLY_TOO_LARGE)
            reason = REASON_STORE_FULL;
    }
    if (reason == REASON_NONE) {
        curl_easy_getinfo(http->curl, CURLINFO_RESPONSE_CODE, ret_status);
        sha256_final(&download.hash, ret_digest);
        *ret_size_bytes = download.size_bytes;
    }
    sha256_release(&download.hash);
    curl_slist_free_all(headers);
    return reason;
}
