/* Uploads and downloads: streamed, so that a file of any size costs the same memory.
 *
 * PUT names the digest, so its bytes go straight into the blobs store. POST does not: its bytes go
 * to a nameless file of the state directory while they are hashed, and are copied into the blobs
 * store afterwards, COPY_BYTES at a time, between other work of the loop. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "adapters/shell/json_text.h"
#include "adapters/shell/local_api_parts.h"

enum {
    READ_BYTES = 64 * 1024,
    COPY_BYTES = 128 * 1024, /* one piece */
    COPY_PIECES = 8,         /* per turn of the loop */
};

/* ---- answers ----------------------------------------------------------------------------------
 */

static void answer_stored(struct api_request *request, unsigned status)
{
    const struct api_upload *upload = &request->upload;
    json_t *json = json_object();
    bool ok = json_put_digest(json, "sha256", &upload->digest) &&
              json_put(json, "size_bytes", json_integer((json_int_t)upload->size_bytes));
    if (!ok) {
        json_decref(json);
        json = NULL;
    }
    api_answer_json(request, status, json);
}

static void finish(struct api_request *request)
{
    struct blobs *blobs = request->api->options.blobs;
    enum reason reason = blobs->verbs->finish(blobs, &request->upload.digest);
    request->upload.is_begun = false;
    if (reason == REASON_NONE)
        answer_stored(request, MHD_HTTP_CREATED);
    else
        api_answer_reason(request, reason, NULL);
}

/* True: the blobs store has it already, and the request is answered or will be. */
static bool is_there(struct api_request *request)
{
    struct blobs *blobs = request->api->options.blobs;
    uint64_t size_bytes;
    enum reason reason = blobs->verbs->find(blobs, &request->upload.digest, &size_bytes);
    if (reason == REASON_NOT_FOUND)
        return false;
    request->upload.size_bytes = size_bytes;
    if (reason == REASON_NONE)
        answer_stored(request, MHD_HTTP_OK);
    else
        api_answer_reason(request, reason, NULL);
    return true;
}

static bool begin_blob(struct api_request *request)
{
    struct blobs *blobs = request->api->options.blobs;
    struct api_upload *upload = &request->upload;
    enum reason reason =
        blobs->verbs->begin(blobs, &upload->digest, upload->size_bytes, &upload->kept);
    upload->is_begun = reason == REASON_NONE;
    if (!upload->is_begun)
        api_answer_reason(request, reason, NULL);
    return upload->is_begun;
}

/* The part that the blobs store does not have yet. Another writer of the same digest may be ahead.
 */
static bool write_blob(struct api_request *request, struct bytes content)
{
    struct blobs *blobs = request->api->options.blobs;
    struct api_upload *upload = &request->upload;
    uint64_t end = upload->position + content.size;
    enum reason reason = REASON_NONE;
    if (end > upload->kept) {
        size_t skip =
            upload->kept > upload->position ? (size_t)(upload->kept - upload->position) : 0;
        struct bytes rest = {content.data + skip, content.size - skip};
        reason = blobs->verbs->write(blobs, &upload->digest, upload->position + skip, rest);
    }
    upload->position = end;
    if (reason == REASON_FIELD_INVALID) {
        upload->is_begun = false; /* the other one goes on */
        reason = REASON_BUSY;
    }
    if (reason != REASON_NONE)
        api_answer_reason(request, reason, NULL);
    return reason == REASON_NONE;
}

/* ---- PUT --------------------------------------------------------------------------------------
 */

void attachment_put_begin(struct api_request *request)
{
    struct api_upload *upload = &request->upload;
    const char *length =
        MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, "Content-Length");
    if (!digest_parse(bytes_of_text(request->argument), &upload->digest)) {
        api_answer_reason(request, REASON_FIELD_INVALID, "sha256");
        return;
    }
    /* The blobs store wants to know how much comes before it begins. */
    if (length == NULL || strspn(length, "0123456789") != strlen(length) || strlen(length) > 18) {
        api_answer_reason(request, REASON_REQUEST_MALFORMED, "Content-Length");
        return;
    }
    upload->is_digest_known = true;
    upload->size_bytes = strtoull(length, NULL, 10);
    if (upload->size_bytes > request->api->options.attachment_bytes_max)
        api_answer_reason(request, REASON_ATTACHMENT_TOO_LARGE, NULL);
    else if (!is_there(request))
        (void)begin_blob(request);
}

/* ---- POST -------------------------------------------------------------------------------------
 */

void attachment_post_begin(struct api_request *request)
{
    struct api_upload *upload = &request->upload;
    upload->spool = open(request->api->options.state_directory, O_TMPFILE | O_RDWR | O_CLOEXEC,
                         S_IRUSR | S_IWUSR);
    if (upload->spool < 0)
        api_answer_reason(request, errno == ENOSPC ? REASON_STORE_FULL : REASON_STORE_FAILED, NULL);
    else if (!sha256_init(&upload->hash))
        api_answer_reason(request, REASON_OUT_OF_MEMORY, NULL);
}

static bool spool_write(struct api_request *request, struct bytes content)
{
    while (content.size > 0) {
        ssize_t count = write(request->upload.spool, content.data, content.size);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0) {
            api_answer_reason(
                request,
                errno == ENOSPC || errno == EDQUOT ? REASON_STORE_FULL : REASON_STORE_FAILED, NULL);
            return false;
        }
        content.data += count;
        content.size -= (size_t)count;
    }
    return true;
}

static void spool_receive(struct api_request *request, struct bytes content)
{
    struct api_upload *upload = &request->upload;
    if (content.size > request->api->options.attachment_bytes_max - upload->size_bytes) {
        api_answer_reason(request, REASON_ATTACHMENT_TOO_LARGE, NULL);
        return;
    }
    if (!spool_write(request, content))
        return;
    sha256_update(&upload->hash, content);
    upload->size_bytes += content.size;
}

void attachment_copy(struct api_request *request)
{
    struct api_upload *upload = &request->upload;
    static uint8_t piece[COPY_BYTES];
    for (int i = 0; i < COPY_PIECES && upload->position < upload->size_bytes; i++) {
        ssize_t count = pread(upload->spool, piece, sizeof piece, (off_t)upload->position);
        if (count <= 0) {
            api_answer_reason(request, REASON_STORE_FAILED, NULL);
            return;
        }
        if (!write_blob(request, (struct bytes){piece, (size_t)count}))
            return;
    }
    if (upload->position == upload->size_bytes)
        finish(request);
}

/* ---- both -------------------------------------------------------------------------------------
 */

void attachment_receive(struct api_request *request, struct bytes content)
{
    if (request->upload.is_digest_known)
        (void)write_blob(request, content);
    else
        spool_receive(request, content);
}

void attachment_complete(struct api_request *request)
{
    struct api_upload *upload = &request->upload;
    if (upload->is_digest_known) {
        finish(request);
        return;
    }
    sha256_final(&upload->hash, &upload->digest);
    if (!is_there(request) && begin_blob(request))
        request->stage = API_COPYING;
}

void attachment_release(struct api_request *request)
{
    struct api_upload *upload = &request->upload;
    struct blobs *blobs = request->api->options.blobs;
    if (upload->is_begun)
        blobs->verbs->abandon(blobs, &upload->digest);
    if (upload->spool >= 0)
        (void)close(upload->spool);
    sha256_release(&upload->hash);
}

/* ---- GET --------------------------------------------------------------------------------------
 */

struct download {
    struct blobs *blobs;
    struct digest digest;
    uint64_t first;
};

static ssize_t read_piece(void *context, uint64_t position, char *ret_content, size_t capacity)
{
    struct download *download = context;
    size_t size = 0;
    enum reason reason =
        download->blobs->verbs->read(download->blobs, &download->digest, download->first + position,
                                     (uint8_t *)ret_content, capacity, &size);
    if (reason != REASON_NONE || size == 0)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    return (ssize_t)size;
}

/* "bytes=FIRST-" or "bytes=FIRST-LAST"; anything else is not for us, and the whole is sent. */
static bool parse_range(const char *text, uint64_t size_bytes, uint64_t *ret_first,
                        uint64_t *ret_last)
{
    char *end = NULL;
    if (text == NULL || strncmp(text, "bytes=", 6) != 0 || strspn(text + 6, "0123456789-") == 0 ||
        text[6] == '-' || strlen(text) > 50)
        return false;
    uint64_t first = strtoull(text + 6, &end, 10);
    if (*end != '-')
        return false;
    uint64_t last = size_bytes - 1;
    if (end[1] != 0) {
        char *after = NULL;
        last = strtoull(end + 1, &after, 10);
        if (*after != 0)
            return false;
    }
    if (last >= size_bytes)
        last = size_bytes - 1;
    if (size_bytes == 0 || first > last)
        return false;
    *ret_first = first;
    *ret_last = last;
    return true;
}

void attachment_get(struct api_request *request)
{
    struct blobs *blobs = request->api->options.blobs;
    struct download download = {.blobs = blobs};
    uint64_t size_bytes;
    if (!digest_parse(bytes_of_text(request->argument), &download.digest)) {
        api_answer_reason(request, REASON_FIELD_INVALID, "sha256");
        return;
    }
    enum reason reason = blobs->verbs->find(blobs, &download.digest, &size_bytes);
    if (reason != REASON_NONE) {
        api_answer_reason(request, reason, NULL);
        return;
    }
    const char *range = MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, "Range");
    uint64_t last = size_bytes == 0 ? 0 : size_bytes - 1;
    bool is_part = parse_range(range, size_bytes, &download.first, &last);
    uint64_t length = size_bytes == 0 ? 0 : last - download.first + 1;
    struct download *kept = malloc(sizeof *kept);
    struct MHD_Response *response =
        kept == NULL
            ? NULL
            : MHD_create_response_from_callback(length, READ_BYTES, read_piece, kept, free);
    if (response == NULL) {
        free(kept);
        api_answer_reason(request, REASON_OUT_OF_MEMORY, NULL);
        return;
    }
    *kept = download;
    (void)MHD_add_response_header(response, "Content-Type", "application/octet-stream");
    (void)MHD_add_response_header(response, "Accept-Ranges", "bytes");
    /* What a stranger uploaded is never shown as a page of ours. */
    (void)MHD_add_response_header(response, "Content-Disposition", "attachment");
    (void)MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    if (is_part) {
        char text[96];
        (void)snprintf(text, sizeof text, "bytes %llu-%llu/%llu",
                       (unsigned long long)download.first, (unsigned long long)last,
                       (unsigned long long)size_bytes);
        (void)MHD_add_response_header(response, "Content-Range", text);
    }
    api_answer_response(request, is_part ? MHD_HTTP_PARTIAL_CONTENT : MHD_HTTP_OK, response);
}
