/* Uploads and downloads: streamed, so that a file of any size costs the same memory.
 *
 * Both write straight into the blobs store, each upload into a file of its own, which gets its name
 * when all of it is there: nobody can join, spoil or hold another's. PUT also says what that name
 * must be. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/api/local_api_parts.h"

static struct blobs *blobs_of(const struct api_request *request)
{
    const struct local_api *api = api_context(request);
    return api->options.blobs;
}

static uint64_t size_max(const struct api_request *request)
{
    const struct local_api *api = api_context(request);
    return api->options.attachment_bytes_max;
}

/* ---- answers ----------------------------------------------------------------------------------
 */

static void answer_stored(struct api_request *request, unsigned status)
{
    const struct local_upload *upload = api_memory(request);
    json_t *json = json_object();
    bool ok = json_put_digest(json, "sha256", &upload->digest) &&
              json_put(json, "size_bytes", json_integer((json_int_t)upload->size_bytes));
    api_answer_json(request, status, json_whole(json, ok));
}

/* Of all local systems together; a participant's name is none of theirs. */
static const struct key local_source;

/* BUSY: the disk is at it, and nobody else waits for that; we are called again. */
static void finish(struct api_request *request)
{
    struct local_upload *upload = api_memory(request);
    struct blobs *blobs = blobs_of(request);
    enum reason reason = blobs->verbs->finish(blobs, &local_source, &upload->stand_in);
    if (reason == REASON_BUSY)
        return;
    upload->is_begun = false;
    if (reason == REASON_NONE)
        answer_stored(request, HTTP_CREATED);
    else
        api_answer_reason(request, reason, NULL);
}

/* True: the blobs store has it already, and the request is answered or will be. */
static bool is_there(struct api_request *request)
{
    struct blobs *blobs = blobs_of(request);
    struct local_upload *upload = api_memory(request);
    uint64_t size_bytes;
    enum reason reason = blobs->verbs->find(blobs, &upload->digest, &size_bytes);
    if (reason == REASON_NOT_FOUND)
        return false;
    upload->size_bytes = size_bytes;
    if (reason == REASON_NONE)
        answer_stored(request, HTTP_OK);
    else
        api_answer_reason(request, reason, NULL);
    return true;
}

static void begin_blob(struct api_request *request)
{
    struct blobs *blobs = blobs_of(request);
    struct local_upload *upload = api_memory(request);
    enum reason reason = blobs->verbs->begin_unnamed(blobs, &local_source, &upload->stand_in);
    upload->is_begun = reason == REASON_NONE;
    if (!upload->is_begun)
        api_answer_reason(request, reason, NULL);
}

/* ---- PUT --------------------------------------------------------------------------------------
 */

/* A file that is too large is refused before a byte of it is read. */
void attachment_put_begin(struct api_request *request)
{
    struct local_upload *upload = api_memory(request);
    if (!digest_parse(bytes_of_text(api_argument(request)), &upload->digest))
        api_answer_reason(request, REASON_FIELD_INVALID, "sha256");
    else if (!api_content_length(request, &upload->size_bytes))
        api_answer_refusal(request, HTTP_LENGTH_REQUIRED, REASON_REQUEST_MALFORMED,
                           "Content-Length");
    else if (upload->size_bytes > size_max(request))
        api_answer_reason(request, REASON_ATTACHMENT_TOO_LARGE, NULL);
    else if (!is_there(request))
        begin_blob(request);
    upload->is_digest_known = true;
}

/* ---- POST -------------------------------------------------------------------------------------
 */

void attachment_post_begin(struct api_request *request)
{
    uint64_t size_bytes;
    if (api_content_length(request, &size_bytes) && size_bytes > size_max(request))
        api_answer_reason(request, REASON_ATTACHMENT_TOO_LARGE, NULL);
    else
        begin_blob(request);
}

/* ---- both -------------------------------------------------------------------------------------
 */

void attachment_receive(struct api_request *request, struct bytes content)
{
    struct blobs *blobs = blobs_of(request);
    struct local_upload *upload = api_memory(request);
    if (content.size > size_max(request) - upload->position) {
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
    struct blobs *blobs = blobs_of(request);
    struct local_upload *upload = api_memory(request);
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
    struct local_upload *upload = api_memory(request);
    upload->is_named = upload->is_named || (name_blob(request) && !is_there(request));
    if (upload->is_named)
        finish(request);
}

void attachment_release(struct api_request *request)
{
    struct local_upload *upload = api_memory(request);
    struct blobs *blobs = blobs_of(request);
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

/* Verified by attachment_get; one that came into doubt since is cut, and asked for anew. */
static ssize_t read_piece(void *context, uint64_t position, char *ret_content, size_t capacity)
{
    struct download *download = context;
    struct blobs *blobs = download->blobs;
    size_t size = 0;
    enum reason reason = blobs->verbs->read(blobs, &download->digest, download->first + position,
                                            (uint8_t *)ret_content, capacity, &size);
    if (reason != REASON_NONE || size == 0)
        return -1;
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

/* What a stranger uploaded is never shown as a page of ours. */
static void answer_file(struct api_request *request, const struct download *download,
                        uint64_t size_bytes)
{
    uint64_t last = size_bytes == 0 ? 0 : size_bytes - 1;
    struct download *kept = malloc(sizeof *kept);
    if (kept == NULL) {
        api_answer_reason(request, REASON_OUT_OF_MEMORY, NULL);
        return;
    }
    *kept = *download;
    bool is_part = parse_range(api_header(request, "Range"), size_bytes, &kept->first, &last);
    char range[96];
    (void)snprintf(range, sizeof range, "bytes %llu-%llu/%llu", (unsigned long long)kept->first,
                   (unsigned long long)last, (unsigned long long)size_bytes);
    api_answer_stream(request, is_part ? HTTP_PARTIAL_CONTENT : HTTP_OK,
                      size_bytes == 0 ? 0 : last - kept->first + 1, read_piece, kept, free);
    api_answer_header(request, "Content-Type", "application/octet-stream");
    api_answer_header(request, "Accept-Ranges", "bytes");
    api_answer_header(request, "Content-Disposition", "attachment");
    api_answer_header(request, "X-Content-Type-Options", "nosniff");
    if (is_part)
        api_answer_header(request, "Content-Range", range);
}

/* A long file is hashed aside before it is first given out: until then we are called again. */
void attachment_get(struct api_request *request)
{
    struct blobs *blobs = blobs_of(request);
    struct session *session = ((const struct local_api *)api_context(request))->options.session;
    struct download download = {.blobs = blobs};
    uint64_t size_bytes;
    uint8_t byte;
    size_t got;
    if (!digest_parse(bytes_of_text(api_argument(request)), &download.digest)) {
        api_answer_reason(request, REASON_FIELD_INVALID, "sha256");
        return;
    }
    enum reason reason = blobs->verbs->find(blobs, &download.digest, &size_bytes);
    if (reason == REASON_NONE)
        reason = blobs->verbs->read(blobs, &download.digest, 0, &byte, 1, &got);
    if (reason == REASON_BUSY)
        return;
    if (reason == REASON_STORE_CORRUPT)
        reason = REASON_ATTACHMENT_DAMAGED;
    /* Our copy is damaged or gone: the gateway has another one of what came in. */
    if (reason == REASON_NOT_FOUND || reason == REASON_ATTACHMENT_DAMAGED) {
        enum reason again = session_fetch_again(session, &download.digest);
        reason = again != REASON_NOT_FOUND ? again : reason;
    }
    if (reason == REASON_NONE)
        answer_file(request, &download, size_bytes);
    else
        api_answer_reason(request, reason, NULL);
}
