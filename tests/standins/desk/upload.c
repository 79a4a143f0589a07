#include "tests/standins/desk/upload.h"

#include <stdio.h>
#include <string.h>

#include "proto/seal/sha256.h"
#include "tests/standins/desk/http_put.h"

bool sandbox_upload(struct http *http, struct bytes content, char ret_digest[DIGEST_TEXT_BYTES])
{
    struct digest digest;
    char path[HTTP_URL_BYTES_MAX];
    struct api_reply reply = {0};
    sha256_parts(&content, 1, &digest);
    digest_format(&digest, ret_digest);
    (void)snprintf(path, sizeof path, "/v1/attachments/%s", ret_digest);
    enum reason reason = http_put(http, path, content, &reply);
    bool uploaded = reason == REASON_NONE && (reply.status == 200 || reply.status == 201);
    api_reply_release(&reply);
    return uploaded;
}

enum sandbox_custody sandbox_ask_custody(struct http *http, const char *message_id)
{
    static const char *const waits[] = {"queued", "leased", "deferred", "held"};
    char path[HTTP_URL_BYTES_MAX];
    struct api_reply reply = {0};
    (void)snprintf(path, sizeof path, "/v1/messages/%s", message_id);
    struct api_call request = {.method = "GET", .path = path};
    enum sandbox_custody custody = SANDBOX_UNREACHABLE;
    if (http_call(http, &request, &reply) == REASON_NONE && reply.status == 404)
        custody = SANDBOX_GONE;
    else if (reply.status == 200)
        custody = SANDBOX_IN_CUSTODY;
    const char *state = json_string_value(json_object_get(reply.body, "state"));
    for (size_t i = 0; state != NULL && i < sizeof waits / sizeof *waits; i++) {
        if (strcmp(state, waits[i]) == 0)
            custody = SANDBOX_WAITS;
    }
    api_reply_release(&reply);
    return custody;
}
