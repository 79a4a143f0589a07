/* Uploads and downloads: streamed, so that a file of any size costs the same memory.
 *
 * Both write straight into the blobs store, each upload into a file of its own, which gets its name
 * when all of it is there: nobody can join, spoil or hold another's. PUT also says what that name
 * must be. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/shell/json_text.h"
#include "adapters/shell/local_api_parts.h"

enum { READ_BYTES = 64 * 1024 };

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

/* Of all local systems together; a participant's name is none of theirs. */
static const struct key local_source;

static void finish(struct api_request *request)
{
    struct blobs *blobs = request->api->options.blobs;
    enum reason reason = blobs_finish(blobs, &local_source, &request->upload.stand_in);
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

static void begin_blob(struct api_request *request)
{
    struct blobs *blobs = request->api->options.blobs;
    struct api_upload *upload = &request->upload;
    enum reason reason = blobs->verbs->begin_unnamed(blobs, &local_source, &upload->stand_in);
    upload->is_begun = reason == REASON_NONE;
    if (!upload->is_begun)
        api_answer_reason(request, reason, NULL);
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
    /* A file that is too large is refused before a byte of it is read. */
    if (length == NULL || strspn(length, "0123456789") != strlen(length) || strlen(length) > 18) {
        api_answer_reason(request, REASON_REQUEST_MALFORMED, "Content-Length");
        return;
    }
    upload->is_digest_known = true;
    upload->size_bytes = strtoull(length, NULL, 10);
    if (upload->size_bytes > request->api->options.attachment_bytes_max)
        api_answer_reason(request, REASON_ATTACHMENT_TOO_LARGE, NULL);
    else if (!is_there(request))
        begin_blob(request);
}

/* ---- POST -------------------------------------------------------------------------------------
 */

void attachment_post_begin(struct api_request *request)
{
    begin_blob(request);
}

/* ---- both -------------------------------------------------------------------------------------
 */

void attachment_receive(struct api_request *request, struct bytes content)
{
    struct blobs *blobs = request->api->options.blobs;
    struct api_upload *upload = &request->upload;
    if (content.size > request->api->options.attachment_bytes_max - upload->position) {
        api_answer_reason(request, REASON_ATTACHMENT_TOO_LARGE, NULL);
        return;
    }
    while (blobs->verbs->is_behind(blobs, &local_source, &upload->stand_in))
        blobs->verbs->wait(blobs);
    enum reason reason =
        blobs->verbs->write(blobs, &local_source, &upload->stand_in, upload->position, content);
    upload->position += content.size;
    if (reason != REASON_NONE)
        api_answer_reason(request, reason, NULL);
}

/* The digest of what came; PUT knows which it must be. */
static bool name_blob(struct api_request *request)
{
    struct blobs *blobs = request->api->options.blobs;
    struct api_upload *upload = &request->upload;
    struct digest digest;
    enum reason reason =
        blobs->verbs->name(blobs, &local_source, &upload->stand_in, &digest, &upload->size_bytes);
    if (reason == REASON_NONE && upload->is_digest_known && !digest_equal(&digest, &upload->digest))
        reason = REASON_ATTACHMENT_DIGEST;
    upload->digest = digest;
    if (reason != REASON_NONE)
        api_answer_reason(request, reason, NULL);
    return reason == REASON_NONE;
}

void attachment_complete(struct api_request *request)
{
    if (name_blob(request) && !is_there(request))
        finish(request);
}

void attachment_release(struct api_request *request)
{
    struct api_upload *upload = &request->upload;
    struct blobs *blobs = request->api->options.blobs;
    if (upload->is_begun)
        blobs->verbs->abandon(blobs, &local_source, &upload->stand_in);
}

/* ---- GET --------------------------------------------------------------------------------------
 */

struct download {
    struct blobs *blobs;
    struct digest digest;
    uint64_t first;
};

/* A long file is hashed before it is first given out; only this adapter's own systems wait. */
static enum reason read_verified(struct download *download, uint64_t offset, uint8_t *ret_content,
                                 size_t capacity, size_t *ret_size)
{
    struct blobs *blobs = download->blobs;
    enum reason reason;
    while ((reason = blobs->verbs->read(blobs, &download->digest, offset, ret_content, capacity,
                                        ret_size)) == REASON_BUSY)
        blobs->verbs->wait(blobs);
    return reason == REASON_STORE_CORRUPT ? REASON_ATTACHMENT_DAMAGED : reason;
}

static ssize_t read_piece(void *context, uint64_t position, char *ret_content, size_t capacity)
{
    struct download *download = context;
    size_t size = 0;
    enum reason reason = read_verified(download, download->first + position, (uint8_t *)ret_content,
                                       capacity, &size);
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
    uint8_t byte;
    size_t got;
    if (reason == REASON_NONE)
        reason = read_verified(&download, 0, &byte, 1, &got);
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
