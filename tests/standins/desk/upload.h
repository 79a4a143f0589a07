/* upload - puts a file into an adapter's store of attachments through its local API. */
#pragma once

#include "ops/client/http.h"

/* True when the adapter has it; ret_digest is its SHA-256 in hexadecimal. */
bool sandbox_upload(struct http *http, struct bytes content, char ret_digest[DIGEST_TEXT_BYTES]);

/* Where a message stands that the adapter answered 202 for. Until the gateway has given custody it
 * is on the adapter's disk alone: who wants to be sure even of that asks, and repeats the same
 * submission with the same key when it is gone. */
enum sandbox_custody { SANDBOX_UNREACHABLE = 0, SANDBOX_WAITS, SANDBOX_IN_CUSTODY, SANDBOX_GONE };
enum sandbox_custody sandbox_ask_custody(struct http *http, const char *message_id);
