/* upload - puts a file into an adapter's store of attachments through its local API. */
#pragma once

#include "ops/client/http.h"

/* True when the adapter has it; ret_digest is its SHA-256 in hexadecimal. */
bool sandbox_upload(struct http *http, struct bytes content, char ret_digest[DIGEST_TEXT_BYTES]);
