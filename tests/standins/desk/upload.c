#include "tests/standins/desk/upload.h"

#include <stdio.h>

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
