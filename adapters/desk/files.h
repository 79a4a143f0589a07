/* files - what people bring to the desk and take from it; neither is ever held in memory.
 *
 *   browser ─piece─▶ PUT /v1/uploads/ID?offset=N ─▶ STATE/uploads/ID ─whole─▶ adapter ─▶ sha256
 *   browser ◀─ GET /v1/files/SHA256 ◀─ DOWNLOAD_BYTES at most ◀─ adapter
 *
 * How much of an upload is there is the size of its file, so that a cut at any byte, or an end of
 * the program, loses nothing. After the machine's own end it begins anew: what was not on disk then
 * may be there in size and not in content.
 *
 * A download is of a message that the caller named: a digest alone opens nothing.
 */
#pragma once

#include <jansson.h>

#include "proto/base/bytes.h"
#include "proto/base/reason.h"
#include "proto/base/time.h"

struct api_request;
struct desk;
struct download;

enum {
    UPLOADS_OF_ONE_MAX = 2000,            /* a day's, of one person: also of those that are whole */
    UPLOADS_UNDER_WAY_MAX = 128,          /* of one person: twice what a message may have */
    UPLOAD_LIFE_MS = 24 * 60 * 60 * 1000, /* a session is over before */
    UPLOADS_PRUNED_AT_ONCE = 200,         /* the loop waits for it */
    DOWNLOAD_BYTES = 256 * 1024,          /* between the adapter and a slow browser */
    DOWNLOADS_MAX = 24,                   /* the client has room for others beside them */
    DOWNLOADS_OF_ONE_MAX = 4,
};
#define UPLOAD_BYTES_OF_ONE_MAX (INT64_C(1) << 30)  /* under way; so a file is no larger either */
#define UPLOAD_BYTES_MAX        (INT64_C(16) << 30) /* of all */

/* At the start: the folder is there, and nothing in it that nobody knows. */
enum reason uploads_open(struct desk *desk);
/* Those whose life is over go. */
void uploads_prune(struct desk *desk, wall_t now);

/* "/v1/files/…" of an attachment of a message. */
json_t *file_url_json(const json_t *message, const json_t *file);
void download_release(void *download);

void upload_post(struct api_request *request);
void upload_get(struct api_request *request);
void upload_delete(struct api_request *request);
void upload_put_begin(struct api_request *request);
void upload_receive(struct api_request *request, struct bytes content);
void upload_put_apply(struct api_request *request);
void file_apply(struct api_request *request);
